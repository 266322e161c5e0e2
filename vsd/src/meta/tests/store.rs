//! openraft's own conformance suite on our stores, and damage that they must notice.

use std::fs;

use openraft::testing::{StoreBuilder, Suite};

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
    let meta = Meta::open(MetaOptions { snapshot_entries: 10_000, ..options(dir) }).await.expect("sound");
    for n in 0..50 {
        done(&meta, begin(n)).await;
    }
    close(meta).await;
}

/// The longest file with this ending in a folder.
fn longest(dir: &Path, ending: &str) -> std::path::PathBuf {
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
        let refused = Meta::open(options(dir.path())).await;
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
    let refused = Meta::open(options(dir.path())).await;
    assert!(matches!(refused, Err(OpenError::Damaged { .. })), "{refused:?}");

    // a record that was being written when the machine stopped: half of what follows the last whole one
    let mut torn = good.clone();
    torn.extend_from_slice(&good[..5]);
    fs::write(&path, torn).expect("written");
    let meta = Meta::open(options(dir.path())).await.expect("a torn end is no damage");
    let state = meta.read().await.expect("leads");
    assert!((0..50).all(|n| state.view().upload(upload_id(n)).expect("readable").is_some()));
}

#[tokio::test]
async fn a_log_that_lost_what_the_state_has_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    filled(dir.path()).await;
    fs::remove_dir_all(dir.path().join("raft")).expect("removed");
    let refused = Meta::open(options(dir.path())).await;
    assert!(matches!(refused, Err(OpenError::Lost { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_state_that_lost_what_the_log_purged_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let meta = open(dir.path()).await;
    for n in 0..100 {
        done(&meta, begin(n)).await;
    }
    meta.snapshot().await.expect("made");
    while meta.status().await.purged.is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    close(meta).await;
    fs::remove_dir_all(dir.path().join("state")).expect("removed");
    let refused = Meta::open(options(dir.path())).await;
    assert!(matches!(refused, Err(OpenError::Lost { .. })), "{refused:?}");
}
