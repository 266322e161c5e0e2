//! kill -9 at random moments: a child process proposes, says what was acknowledged, and is killed; everything it said
//! is there.

use std::{
    io::{BufRead, BufReader},
    process::{Command as Process, Stdio},
};

use super::*;

/// Names the folder to the child. In the test run itself it is not set.
const FOLDER: &str = "VSD_META_KILL_TEST";
const CHILD: &str = "meta::tests::kill::the_child_that_is_killed";
const KILLS: u64 = 8;

/// Proposes for ever, eight at a time, and prints each upload once it is acknowledged.
#[test]
fn the_child_that_is_killed() {
    let Ok(dir) = std::env::var(FOLDER) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    runtime.block_on(async {
        let meta = open(Path::new(&dir)).await;
        let first = meta.read().await.expect("leads").view().uploads(None, 1_000).expect("readable").len() as u64;
        let snapshots = meta.clone();
        tokio::spawn(async move {
            loop {
                snapshot(&snapshots).await;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        let workers = (0..8).map(|worker| {
            let meta = meta.clone();
            tokio::spawn(async move {
                for n in (0..).map(|at| first + worker + 8 * at) {
                    done(&meta, begin(n)).await;
                    #[allow(clippy::print_stdout, reason = "the parent reads it")]
                    {
                        println!("acknowledged {n}");
                    }
                }
            })
        });
        for worker in workers.collect::<Vec<_>>() {
            worker.await.expect("it never ends");
        }
    });
}

/// Lets the child run until it has acknowledged `upto` commands, kills it, and answers what it acknowledged.
fn run_and_kill(dir: &Path, upto: usize) -> Vec<u64> {
    let mut child = Process::new(std::env::current_exe().expect("this test"))
        .args([CHILD, "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let acknowledged = lines.map_while(Result::ok).filter_map(|line| line.split_once("acknowledged ")?.1.parse().ok());
    let mut said: Vec<u64> = Vec::new();
    let mut acknowledged = acknowledged.inspect(|n| said.push(*n));
    let reached = acknowledged.by_ref().take(upto).count();
    // SIGKILL; what is still in the pipe was acknowledged too
    child.kill().expect("killed");
    acknowledged.for_each(drop);
    child.wait().expect("reaped");
    assert_eq!(reached, upto, "the child works");
    said
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9_at_any_moment() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut all = Vec::new();
    for kill in 0..KILLS {
        let upto = usize::try_from(5 + kill * 37 % 90).expect("small");
        let (folder, earlier) = (dir.path().to_owned(), all.len());
        all.extend(tokio::task::spawn_blocking(move || run_and_kill(&folder, upto)).await.expect("no panic"));
        assert!(all.len() > earlier);
    }
    let meta = open(dir.path()).await;
    let state = meta.read().await.expect("leads");
    for n in &all {
        assert!(state.view().upload(upload_id(*n)).expect("readable").is_some(), "upload {n} was acknowledged");
    }
    let now = metrics(&meta);
    assert!(purged(&meta) > Some(0) && now.snapshot.is_some(), "snapshots and purges took part: {now:?}");
    drop(state);
    close(meta).await;
}

#[tokio::test]
async fn a_snapshot_a_purge_and_a_kill_lose_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut acknowledged = Vec::new();
    // a slow disk may be killed before it has come to the purge
    let meta = loop {
        let folder = dir.path().to_owned();
        acknowledged.extend(tokio::task::spawn_blocking(move || run_and_kill(&folder, 300)).await.expect("no panic"));
        let meta = open(dir.path()).await;
        if purged(&meta) > Some(100) {
            break meta;
        }
        assert!(acknowledged.len() < 3_000, "most of the log is purged: {:?}", metrics(&meta));
        close(meta).await;
    };
    let state = meta.read().await.expect("leads");
    assert!(acknowledged.iter().all(|n| state.view().upload(upload_id(*n)).expect("readable").is_some()));
    drop(state);
    close(meta).await;
}
