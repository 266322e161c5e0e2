//! Drops against PUTs and checks of the same chunk. A disk whose syncs stall holds its writer where the test wants it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use futures::poll;
use vs_core::hash::Hash;
use vsd_core::superblock::{
    Key, Outcome,
    sim::{Call, SimDisk},
};

use super::{
    super::{Store, Sweeping, Verified, Watch},
    dirs::{
        ASSET, NEVER_SLOW, SLOW_AFTER, bytes, chunks, home, key, name, put, put_all, put_in_both, store, two_disks,
    },
};

/// What the sweep has decided by, and what somebody knows who knows more.
const DECIDED: u64 = 10;
const LATER: u64 = 11;

fn watch(store: &Store<SimDisk>) -> Watch {
    let mut watch = store.watch();
    watch.add(&BTreeSet::from([ASSET]));
    watch
}

async fn drop_one(store: &Store<SimDisk>, nth: u32) -> Sweeping {
    store.drop_unwanted(&[key(nth)], DECIDED).await
}

/// Begins a drop and returns once its writer waits for the sync of the tombstone.
fn drop_in_hand(store: &Arc<Store<SimDisk>>, disk: &SimDisk, nth: u32) -> tokio::task::JoinHandle<Sweeping> {
    disk.stall(Call::Sync);
    let of_task = Arc::clone(store);
    let dropping = tokio::spawn(async move { drop_one(&of_task, nth).await });
    disk.wait_for_stalled();
    dropping
}

fn counted(dropped: u64, void: u64, kept: u64) -> impl Fn(Sweeping) -> bool {
    move |of| (of.dropped, of.void, of.kept) == (dropped, void, kept)
}

#[tokio::test]
async fn a_decision_is_void_once_somebody_who_knows_more_was_heard_of_a_watched_asset() {
    let store = store(&[SimDisk::new()], NEVER_SLOW);
    put_all(&store, 0..2).await;
    assert!(counted(0, 1, 0)(drop_one(&store, 0).await), "nobody watched");
    let watching = watch(&store);
    store.hear(ASSET, DECIDED);
    let gone = drop_one(&store, 0).await;
    assert!(counted(1, 0, 0)(gone) && gone.dropped_bytes == bytes(0).len() as u64, "{gone:?}");
    assert!(counted(0, 0, 0)(drop_one(&store, 0).await), "it is gone");
    store.hear(ASSET, LATER);
    store.hear(ASSET, 1);
    assert!(counted(0, 1, 0)(drop_one(&store, 1).await), "the highest counts");
    drop(watching);
    let _anew = watch(&store);
    assert!(counted(1, 0, 0)(drop_one(&store, 1).await), "another pass asks anew");
    assert_eq!(chunks(&store), [0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_that_waits_behind_a_drop_stores_the_chunk_again() {
    let disk = SimDisk::new();
    let store = store(std::slice::from_ref(&disk), NEVER_SLOW);
    put_all(&store, 0..1).await;
    let _watching = watch(&store);
    let dropping = drop_in_hand(&store, &disk, 0);
    // the delayed PUT: the chunk is in the index still
    store.hear(ASSET, LATER);
    assert_eq!(store.state(&key(0)), Verified::Stored);
    let of_task = Arc::clone(&store);
    let putting = tokio::spawn(async move { put(&of_task, 0).await });
    while store.dirs()[0].queued() == 0 {
        tokio::task::yield_now().await;
    }
    disk.release();
    assert!(counted(1, 0, 0)(dropping.await.expect("no panic")));
    assert_eq!(putting.await.expect("no panic").expect("stored"), Outcome::Created);
    assert_eq!(store.get(ASSET, name(0)).await.expect("readable"), bytes(0));
    assert!(counted(0, 1, 0)(drop_one(&store, 0).await), "what was decided before the PUT came");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_that_waits_before_a_drop_makes_it_void() {
    let disk = SimDisk::new();
    let store = store(std::slice::from_ref(&disk), NEVER_SLOW);
    put_all(&store, 0..1).await;
    let _watching = watch(&store);
    // another chunk keeps the writer busy, behind it waits the PUT, and behind that the drop
    disk.stall(Call::Sync);
    let task = |nth| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { put(&store, nth).await })
    };
    let busy = task(1);
    disk.wait_for_stalled();
    store.hear(ASSET, LATER);
    let putting = task(0);
    while store.dirs()[0].queued() == 0 {
        tokio::task::yield_now().await;
    }
    let mut dropping = std::pin::pin!(drop_one(&store, 0));
    assert!(poll!(dropping.as_mut()).is_pending());
    disk.release();
    assert!(counted(0, 1, 0)(dropping.await));
    assert_eq!(putting.await.expect("no panic").expect("known"), Outcome::AlreadyDurable);
    assert!(busy.await.expect("no panic").is_ok());
    assert_eq!(store.verify(&key(0)).await, Verified::Stored);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_looks_only_after_the_drops_that_did_not_hear_of_it() {
    let disk = SimDisk::new();
    let store = store(std::slice::from_ref(&disk), NEVER_SLOW);
    put_all(&store, 0..2).await;
    let _watching = watch(&store);
    let dropping = drop_in_hand(&store, &disk, 0);
    store.hear(ASSET, LATER);
    let mut settled = std::pin::pin!(store.settle(ASSET));
    assert!(poll!(settled.as_mut()).is_pending(), "the tombstone may or may not come to the disk");
    // behind it waits another drop, which is void by now
    let mut second = std::pin::pin!(drop_one(&store, 1));
    assert!(poll!(second.as_mut()).is_pending());
    disk.release();
    assert!(settled.await);
    assert_eq!(store.verify(&key(0)).await, Verified::Missing);
    assert!(counted(1, 0, 0)(dropping.await.expect("no panic")));
    assert!(counted(0, 1, 0)(second.await));
    assert_eq!(store.verify(&key(1)).await, Verified::Stored);
    assert!(store.settle(ASSET).await, "nothing is in hand");
}

#[tokio::test]
async fn every_copy_goes_but_that_of_a_directory_that_takes_no_writes() {
    let disks = two_disks();
    let store = store(&disks, NEVER_SLOW);
    let _watching = watch(&store);
    for nth in 0..4 {
        put_in_both(&store, nth).await;
    }
    assert!(counted(2, 0, 0)(drop_one(&store, 0).await));
    disks[0].fill_up_to(0);
    assert!(counted(2, 0, 0)(drop_one(&store, 1).await), "deleting needs no space");
    disks[0].heal();

    disks[0].inject(|faults| faults.sync_fails_after = Some(0));
    assert!(counted(1, 0, 1)(drop_one(&store, 2).await));
    assert!(counted(1, 0, 1)(drop_one(&store, 3).await), "the writer has ended");
    assert_eq!(chunks(&store), [2, 0]);
    assert_eq!(store.get(ASSET, name(2)).await.expect("as before"), bytes(2));
    // its tombstone may be on the disk: nobody is to count on it, until it is stored again
    assert_eq!((store.state(&key(2)), store.verify(&key(2)).await), (Verified::Damaged, Verified::Damaged));
    assert_eq!(put(&store, 2).await.expect("stored"), Outcome::Created);
    assert_eq!((store.state(&key(2)), store.verify(&key(2)).await), (Verified::Stored, Verified::Stored));
    assert_eq!(home(&store, 2), 0, "the doubted copy is there still");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_directory_keeps_its_copy_and_holds_up_no_other() {
    let disks = two_disks();
    let store = store(&disks, SLOW_AFTER);
    let _watching = watch(&store);
    put_in_both(&store, 0).await;
    disks[0].stall(Call::Sync);
    assert!(counted(1, 0, 1)(drop_one(&store, 0).await));
    assert_eq!(chunks(&store), [1, 0]);
    disks[0].release();
    assert!(tokio::time::timeout(Duration::from_secs(60), store.settle(ASSET)).await.expect("the disk answers"));
    assert_eq!(store.state(&key(0)), Verified::Missing, "what was in hand was done");
}

#[tokio::test]
async fn the_index_of_a_put_is_heard_and_one_without_counts_for_nothing() {
    let dir = tempfile::tempdir().expect("a scratch directory");
    let (store, router) = super::open(dir.path(), super::config());
    let put = async |bytes: &'static str, headers: &[(&str, &str)]| {
        super::send(&router, Method::PUT, &super::uri(bytes.as_bytes()), headers, Body::from(bytes)).await.status
    };
    let key = |bytes: &str| Key { hash: Hash::of(bytes.as_bytes()), asset: vs_core::id::AssetId(7) };
    let mut watch = store.watch();
    watch.add(&BTreeSet::from([key("x").asset]));
    assert_eq!(put("x", &[]).await, StatusCode::CREATED);
    assert!(counted(1, 0, 0)(store.drop_unwanted(&[key("x")], DECIDED).await));
    assert_eq!(put("x", &[("vs-index", "11")]).await, StatusCode::CREATED);
    assert!(counted(0, 1, 0)(store.drop_unwanted(&[key("x")], DECIDED).await));
    assert!(counted(1, 0, 0)(store.drop_unwanted(&[key("x")], LATER).await));
}
