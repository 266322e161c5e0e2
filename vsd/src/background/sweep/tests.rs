use bytes::Bytes;
use vs_core::{
    hash::Hash,
    id::{AssetId, DirId},
};
use vsd_core::{
    meta::{Command, SettingName},
    superblock::{Config, Key, VerifiedChunk},
};

use super::*;
use crate::{
    meta::tests::{begin, done, open, upload_id},
    storage::{Directory, Limits, RealDisk, Verified},
};

async fn put(store: &Store, asset: AssetId, bytes: &'static str) -> Key {
    let hash = Hash::of(bytes.as_bytes());
    let chunk = VerifiedChunk::verify(Bytes::from_static(bytes.as_bytes()), hash).expect("named by its hash");
    store.put(asset, chunk).await.expect("stored");
    Key { hash, asset }
}

async fn begun(meta: &Meta, nth: u64) -> AssetId {
    done(meta, begin(nth)).await;
    let upload = meta.stale().state.view().upload(upload_id(nth)).expect("readable").expect("it is there");
    upload.asset
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aborted_upload_gives_its_space_back_and_nothing_else_goes() {
    let (meta_dir, chunks_dir) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let meta = open(meta_dir.path()).await;
    let disk = RealDisk::new(chunks_dir.path(), None);
    let dir = Directory::open(disk, chunks_dir.path(), Config::new(DirId(1), [1; 32]), Limits::new(85)).expect("opens");
    let store = Arc::new(Store::new(vec![dir], vec![]).expect("a thread"));
    done(&meta, Command::SettingSet { name: SettingName::DropDelay, value: 1_000 }).await;
    let (aborted, open) = (begun(&meta, 1).await, begun(&meta, 2).await);
    let goes = [put(&store, aborted, "a").await, put(&store, aborted, "b").await];
    let stays = [put(&store, open, "a").await, put(&store, AssetId(1_000), "never allocated").await];
    let sweeper = Sweeper::start(meta.clone(), Arc::clone(&store), NodeId(1));
    done(&meta, Command::UploadAbort { upload: upload_id(1) }).await;
    while !sweeper.metrics().contains("vsd_sweep_dropped_total 2\n") {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(goes.map(|key| store.state(&key)), [Verified::Missing; 2]);
    assert_eq!(stays.map(|key| store.state(&key)), [Verified::Stored; 2]);
    sweeper.stop();
    meta.shutdown().await;
}
