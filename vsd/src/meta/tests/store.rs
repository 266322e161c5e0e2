//! openraft's own conformance suite on our stores, and damage that they must notice.

use std::fs;

use openraft::{
    CommittedLeaderId, Entry, EntryPayload, LogId, RaftSnapshotBuilder,
    storage::RaftStateMachine,
    testing::{StoreBuilder, Suite},
};

use super::{super::types::StorageError, *};

struct Builder;

impl StoreBuilder<types::TypeConfig, RaftLog, StateStore, tempfile::TempDir> for Builder {
    async fn build(&self) -> Result<(tempfile::TempDir, RaftLog, StateStore), StorageError> {
        let dir = tempfile::tempdir().expect("a folder");
        let state = StateStore::open(&dir.path().join("state")).expect("opened");
        let log = RaftLog::open(&dir.path().join("raft"), state.clone()).expect("opened");
        Ok((dir, log, state))
    }
}

#[test]
fn the_stores_keep_what_openraft_asks_of_them() {
    Suite::test_all(Builder).expect("conforms");
}

/// Fills a log that was never purged, and lets go of it.
async fn filled(dir: &Path) {
    let meta = reopen(MetaOptions { snapshot_entries: 10_000, ..options(dir) }).await.expect("sound");
    for n in 0..50 {
        done(&meta, begin(n)).await;
    }
    close(meta).await;
}

/// The longest file with this ending in a folder.
fn longest(dir: &Path, ending: &str) -> PathBuf {
    let files = fs::read_dir(dir).expect("there").map(|entry| entry.expect("readable").path());
    let with_ending = files.filter(|path| path.extension().is_some_and(|e| e == ending));
    with_ending.max_by_key(|path| path.metadata().map_or(0, |meta| meta.len())).expect("there is one")
}

#[tokio::test]
async fn a_log_with_a_flipped_bit_before_its_end_is_refused() {
    for at in [0.2, 0.5, 0.8] {
        let dir = tempfile::tempdir().expect("a folder");
        filled(dir.path()).await;
        close(open(dir.path()).await).await;
        let path = longest(&dir.path().join("raft"), "sst");
        let mut bytes = fs::read(&path).expect("readable");
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let byte = (bytes.len() as f64 * at) as usize;
        bytes[byte] ^= 0x10;
        fs::write(&path, bytes).expect("written");
        let refused = reopen(options(dir.path())).await;
        assert!(matches!(refused, Err(OpenError::Damaged { .. })), "{at}: {refused:?}");
    }
}

#[tokio::test]
async fn a_write_ahead_log_with_a_flipped_bit_before_its_end_is_refused_and_a_torn_end_is_not() {
    let dir = tempfile::tempdir().expect("a folder");
    filled(dir.path()).await;
    let path = longest(&dir.path().join("raft"), "log");
    let good = fs::read(&path).expect("readable");
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 0x10;
    fs::write(&path, flipped).expect("written");
    let refused = reopen(options(dir.path())).await;
    assert!(matches!(refused, Err(OpenError::Damaged { .. })), "{refused:?}");

    // a record that was being written when the machine stopped: half of what follows the last whole one
    let mut torn = good.clone();
    torn.extend_from_slice(&good[..5]);
    fs::write(&path, torn).expect("written");
    let meta = reopen(options(dir.path())).await.expect("a torn end is no damage");
    let state = meta.read().await.expect("leads");
    assert!((0..50).all(|n| state.view().upload(upload_id(n)).expect("readable").is_some()));
}

#[tokio::test]
async fn a_log_that_lost_what_the_state_has_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    filled(dir.path()).await;
    fs::remove_dir_all(dir.path().join("raft")).expect("removed");
    let refused = reopen(options(dir.path())).await;
    assert!(matches!(refused, Err(OpenError::Lost { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_state_that_lost_what_the_log_purged_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let meta = open(dir.path()).await;
    for n in 0..100 {
        done(&meta, begin(n)).await;
    }
    snapshot(&meta).await;
    while purged(&meta).is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    close(meta).await;
    fs::remove_dir_all(dir.path().join("state")).expect("removed");
    let refused = reopen(options(dir.path())).await;
    assert!(matches!(refused, Err(OpenError::Lost { .. })), "{refused:?}");
}

/// A state after `count` entries.
async fn state_after(dir: &Path, count: u64) -> StateStore {
    let mut state = StateStore::open(dir).expect("opened");
    let id = |index| LogId::new(CommittedLeaderId::new(1, 1), index);
    let entry = |(index, command)| Entry {
        log_id: id(index),
        payload: EntryPayload::Normal(vsd_core::meta::Entry { wall_ms: index, client: None, command }),
    };
    let Begin::Bootstrap(first) = options(dir).begin else { unreachable!() };
    let commands = std::iter::once(*first).chain((1..count).map(begin));
    state.apply((0..).zip(commands).map(entry).collect::<Vec<_>>()).await.expect("applied");
    state
}

fn generations(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).expect("there").map(|entry| entry.expect("readable").file_name());
    names.filter_map(|name| name.into_string().ok()).filter(|name| name.starts_with('g')).collect()
}

#[tokio::test]
async fn an_installed_snapshot_is_a_new_generation_and_readers_of_the_old_one_go_on() {
    let (ours, theirs) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let snapshot = state_after(theirs.path(), 300).await.build_snapshot().await.expect("built");
    let mut state = state_after(ours.path(), 3).await;
    let before = state.read();
    state.install_snapshot(&snapshot.meta, snapshot.snapshot).await.expect("installed");
    assert!(state.read().view().upload(upload_id(299)).expect("readable").is_some());
    assert!(before.view().upload(upload_id(299)).expect("readable").is_none());
    assert!(before.view().upload(upload_id(2)).expect("readable").is_some());
    assert_eq!(generations(ours.path()).len(), 2);
    drop(before);
    assert_eq!(generations(ours.path()), ["g2"], "the old one goes with its last reader");
    drop(state);

    // what an install and a snapshot that were interrupted leave behind
    fs::create_dir(ours.path().join("g3")).expect("made");
    fs::create_dir(ours.path().join("checkpoint")).expect("made");
    fs::write(ours.path().join("snapshots/new"), b"half").expect("written");
    let mut state = StateStore::open(ours.path()).expect("opened");
    assert_eq!(generations(ours.path()), ["g2"]);
    assert_eq!(state.installed(), snapshot.meta.last_log_id);
    assert_eq!(state.applied().expect("readable"), snapshot.meta.last_log_id);
    let kept = state.get_current_snapshot().await.expect("readable").expect("kept");
    assert_eq!(kept.meta, snapshot.meta);
}

#[tokio::test]
async fn a_damaged_snapshot_is_not_installed_and_changes_nothing() {
    let (ours, theirs) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let snapshot = state_after(theirs.path(), 50).await.build_snapshot().await.expect("built");
    let path = longest(&theirs.path().join("snapshots"), "snapshot");
    let mut bytes = fs::read(&path).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let mut state = state_after(ours.path(), 3).await;
    let mut receiving = state.begin_receiving_snapshot().await.expect("begun");
    tokio::io::AsyncWriteExt::write_all(&mut receiving, &bytes).await.expect("written");
    state.install_snapshot(&snapshot.meta, receiving).await.expect_err("damaged");
    drop(state);
    let state = StateStore::open(ours.path()).expect("opened");
    assert_eq!(generations(ours.path()), ["g1"]);
    assert_eq!(state.applied().expect("readable").map(|id| id.index), Some(2));
}

#[tokio::test]
async fn an_install_that_was_interrupted_before_the_log_was_purged_is_finished() {
    let (ours, theirs) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let meta = open(theirs.path()).await;
    for n in 0..30 {
        done(&meta, begin(n)).await;
    }
    snapshot_of(&meta, ours.path()).await;
    let meta = open(ours.path()).await;
    assert!(purged(&meta) > Some(30) && applied(&meta) > 30, "{:?}", metrics(&meta));
    assert!(meta.read().await.expect("leads").view().upload(upload_id(29)).expect("readable").is_some());
    close(meta).await;
}

/// Installs the state of one node in the folder of another, whose log is empty.
async fn snapshot_of(meta: &Meta, dir: &Path) {
    let snapshot = meta.inner.state.clone().build_snapshot().await.expect("built");
    let mut state = StateStore::open(&dir.join("state")).expect("opened");
    state.install_snapshot(&snapshot.meta, snapshot.snapshot).await.expect("installed");
}
