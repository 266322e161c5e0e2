//! What is acknowledged is there after a restart, whatever was snapshotted and purged in between.

use super::*;

async fn has(meta: &Meta, n: u64) -> bool {
    meta.read().await.expect("leads").view().upload(upload_id(n)).expect("readable").is_some()
}

#[tokio::test]
async fn a_cluster_begins_once_and_goes_on_after_a_restart() {
    let dir = tempfile::tempdir().expect("a folder");
    let nothing = reopen(MetaOptions { begin: Begin::GoOn, ..options(dir.path()) }).await;
    assert!(matches!(nothing, Err(OpenError::NotBootstrapped { .. })), "{nothing:?}");

    let meta = open(dir.path()).await;
    let first = done(&meta, begin(1)).await;
    assert_eq!(done(&meta, begin(1)).await, first, "the same upload again");
    let now = metrics(&meta);
    assert_eq!((now.state, now.current_leader), (ServerState::Leader, Some(1)));
    assert!(applied(&meta) >= 3 && meta.fatal().is_none());
    close(meta).await;

    let meta = reopen(MetaOptions { begin: Begin::GoOn, ..options(dir.path()) }).await.expect("there is a cluster");
    assert!(has(&meta, 1).await);
    assert_eq!(done(&meta, begin(1)).await, first);
    assert!(meta.stale().state.view().cluster().expect("readable").is_some());
    close(meta).await;
}

#[tokio::test]
async fn nothing_is_lost_by_snapshots_and_purges() {
    let dir = tempfile::tempdir().expect("a folder");
    for round in 0..3 {
        let meta = open(dir.path()).await;
        for n in 0..round * 60 {
            assert!(has(&meta, n).await, "round {round}: {n}");
        }
        for n in round * 60..(round + 1) * 60 {
            done(&meta, begin(n)).await;
        }
        let before = applied(&meta);
        snapshot(&meta).await;
        tokio::time::timeout(Duration::from_secs(5), async {
            while purged(&meta) < Some(before - 20) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await
        .expect("the log is purged behind the snapshot");
        assert!(metrics(&meta).snapshot.map(|id| id.index) >= Some(before));
        close(meta).await;
    }
}

#[tokio::test]
async fn cluster_time_moves_and_goes_on_where_it_stopped() {
    let dir = tempfile::tempdir().expect("a folder");
    let meta = open(dir.path()).await;
    done(&meta, begin(1)).await;
    let now = |meta: &Meta| meta.stale().state.view().cluster_time().expect("readable").0;
    let started = std::time::Instant::now();
    let mut applied = meta.watch_applied();
    while now(&meta) < 1_500 {
        applied.changed().await.expect("open");
    }
    assert!(started.elapsed() >= Duration::from_millis(1_400), "it is not faster than time");
    let before = now(&meta);
    close(meta).await;
    let meta = open(dir.path()).await;
    assert!(now(&meta) >= before);
    let started = std::time::Instant::now();
    while now(&meta) <= before && started.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(started.elapsed() < Duration::from_secs(5), "it goes on at once, also in the same term");
    close(meta).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_proposals_share_syncs_and_many_reads_share_rounds() {
    let dir = tempfile::tempdir().expect("a folder");
    let meta = open(dir.path()).await;
    let started = std::time::Instant::now();
    let proposals = (0..500).map(|n| {
        let meta = meta.clone();
        tokio::spawn(async move {
            done(&meta, begin(n)).await;
            assert!(has(&meta, n).await, "a read after the answer shows the write");
        })
    });
    for proposal in proposals.collect::<Vec<_>>() {
        proposal.await.expect("no panic");
    }
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    let state = meta.read().await.expect("leads");
    done(&meta, received(1)).await;
    let shown = state.view().upload(upload_id(1)).expect("readable").expect("there").phase;
    assert_eq!(shown, vsd_core::meta::UploadPhase::Receiving, "a state that was read does not change");
    close_after(meta, state).await;
}

async fn close_after(meta: Meta, state: StateRead) {
    drop(state);
    close(meta).await;
}

#[tokio::test]
async fn a_command_that_is_too_long_and_one_after_the_end_are_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let meta = open(dir.path()).await;
    let long = Command::UploadFail {
        upload: upload_id(1),
        ballot: Ballot(1),
        code: String::new(),
        reason: "x".repeat(propose::ENTRY_BYTES_MAX),
    };
    assert!(matches!(meta.propose(long).await, Err(MetaError::TooLong(_))));
    meta.shutdown().await;
    assert!(matches!(meta.propose(begin(1)).await, Err(MetaError::Stopped(_))));
    assert!(matches!(meta.read().await, Err(MetaError::Stopped(_))));
    close(meta).await;
}

#[tokio::test]
async fn after_a_failed_sync_nothing_more_is_acknowledged() {
    let dir = tempfile::tempdir().expect("a folder");
    let meta = open(dir.path()).await;
    done(&meta, begin(1)).await;
    meta.inner.log.poison();
    assert!(matches!(meta.propose(begin(2)).await, Err(MetaError::Stopped(_))));
    assert!(meta.fatal().is_some());
    assert!(meta.stale().state.view().upload(upload_id(1)).expect("readable").is_some(), "it can still be read");
    close(meta).await;
    let meta = open(dir.path()).await;
    assert!(has(&meta, 1).await);
    close(meta).await;
}
