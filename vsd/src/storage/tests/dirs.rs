//! Several directories as one store, when one of their disks does what disks do.

use std::{path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use vs_core::{
    hash::{ChunkHash, Hash},
    id::{AssetId, DirId},
};
use vsd_core::superblock::{
    Config, GetError, Key, Outcome, Refusal, VerifiedChunk, WriteError,
    sim::{Call, SimDisk},
};

use super::super::{Directory, Limits, Store, Verified, reach::SAMPLE_CHUNKS};

pub(super) const ASSET: AssetId = AssetId(1);
/// Chunks in a test: enough that each directory gets some.
const MANY: u32 = 40;
/// No busy machine makes a simulated disk look like one that stalls.
pub(super) const NEVER_SLOW: Duration = Duration::from_secs(3_600);
/// For a disk that does stall: as long as the test waits for that to be noticed.
pub(super) const SLOW_AFTER: Duration = Duration::from_secs(1);
/// The same before it counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(5);
const READS_MAX: usize = 3;

pub(super) fn store(disks: &[SimDisk], slow_after: Duration) -> Arc<Store<SimDisk>> {
    patient_store(disks, slow_after, NEVER_SLOW)
}

fn patient_store(disks: &[SimDisk], slow_after: Duration, lost_after: Duration) -> Arc<Store<SimDisk>> {
    let limits = Limits { slow_after, lost_after, reads_max: READS_MAX, warn_percent: 85 };
    let open = |(nth, disk): (u64, &SimDisk)| {
        let config = Config { superblock_bytes_max: 1 << 20, ..Config::new(DirId(nth), [7; 32]) };
        Directory::open(disk.clone(), Path::new("/simulated"), config, limits).expect("opens")
    };
    Arc::new(Store::new((1..).zip(disks).map(open).collect(), vec![]).expect("a thread"))
}

pub(super) fn two_disks() -> [SimDisk; 2] {
    [SimDisk::new(), SimDisk::new()]
}

pub(super) fn bytes(nth: u32) -> Bytes {
    Bytes::from(vec![u8::try_from(nth % 251).expect("small"); 100 + nth as usize])
}

pub(super) fn name(nth: u32) -> ChunkHash {
    Hash::of(&bytes(nth))
}

pub(super) async fn put(store: &Store<SimDisk>, nth: u32) -> Result<Outcome, WriteError> {
    store.put(ASSET, VerifiedChunk::verify(bytes(nth), name(nth)).expect("named by its hash")).await
}

pub(super) async fn put_all(store: &Store<SimDisk>, numbers: std::ops::Range<u32>) {
    for nth in numbers {
        assert_eq!(put(store, nth).await.expect("stored"), Outcome::Created, "chunk {nth}");
    }
}

/// A copy in each directory.
pub(super) async fn put_in_both(store: &Store<SimDisk>, nth: u32) {
    for dir in store.dirs() {
        let chunk = VerifiedChunk::verify(bytes(nth), name(nth)).expect("named by its hash");
        let put = vsd_core::superblock::Put { asset: ASSET, chunk };
        assert_eq!(dir.write(put.into()).await.expect("stored"), Outcome::Created);
    }
}

async fn assert_all(store: &Store<SimDisk>, numbers: std::ops::Range<u32>) {
    for nth in numbers {
        assert_eq!(store.get(ASSET, name(nth)).await.expect("readable"), bytes(nth), "chunk {nth}");
    }
}

pub(super) fn chunks(store: &Store<SimDisk>) -> Vec<u64> {
    store.stats().into_iter().map(|(_, stats)| stats.chunks).collect()
}

/// The directory, by its place, that holds a chunk.
pub(super) fn home(store: &Store<SimDisk>, nth: u32) -> usize {
    store.dirs().iter().position(|dir| dir.reader().chunk_bytes(&key(nth)).is_some()).expect("it is somewhere")
}

pub(super) fn key(nth: u32) -> Key {
    Key { hash: name(nth), asset: ASSET }
}

#[tokio::test]
async fn chunks_spread_over_directories_and_are_found_and_listed_as_one() {
    let disks = two_disks();
    let before = store(&disks, NEVER_SLOW);
    put_all(&before, 0..MANY).await;
    before.shutdown();
    drop(before);

    let store = store(&disks, NEVER_SLOW);
    assert!(chunks(&store).iter().all(|chunks| *chunks > 5), "{:?}", chunks(&store));
    assert_all(&store, 0..MANY).await;
    for nth in 0..MANY {
        assert_eq!(put(&store, nth).await.expect("known"), Outcome::AlreadyDurable);
    }
    assert_eq!(chunks(&store).iter().sum::<u64>(), u64::from(MANY), "each in one directory");

    let mut expected: Vec<_> = (0..MANY).map(key).collect();
    expected.sort_unstable();
    let (mut listed, mut after) = (Vec::<Key>::new(), None);
    loop {
        let page = store.list(&(0..=u64::MAX), after, 7);
        listed.extend(&page);
        after = page.last().copied();
        if page.len() < 7 {
            break;
        }
    }
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn a_bad_copy_is_made_up_for_by_another() {
    let disks = two_disks();
    let store = store(&disks, NEVER_SLOW);
    put_in_both(&store, 1).await;
    for disk in &disks {
        disk.inject(|faults| faults.read_fails_after = Some(0));
        assert_eq!(store.get(ASSET, name(1)).await.expect("the other copy"), bytes(1));
        disk.heal();
    }
}

#[tokio::test]
async fn a_failed_fsync_ends_one_directory_and_the_other_takes_every_put() {
    let disks = two_disks();
    let store = store(&disks, NEVER_SLOW);
    put_all(&store, 0..MANY).await;
    disks[0].inject(|faults| faults.sync_fails_after = Some(0));
    put_all(&store, MANY..2 * MANY).await;

    let failed = store.failed_fsyncs();
    assert!(failed.len() == 1 && failed[0].0 == DirId(1), "{failed:?}");
    let notes = store.ready().expect("the other directory takes writes");
    assert!(notes.len() == 1 && notes[0].starts_with("d1 "), "{notes:?}");
    assert_all(&store, 0..2 * MANY).await;
    assert!((MANY..2 * MANY).all(|nth| home(&store, nth) == 1), "what was withdrawn is not here");

    disks[1].inject(|faults| faults.sync_fails_after = Some(0));
    let refused = put(&store, 3 * MANY).await.expect_err("nowhere to go");
    assert!(matches!(refused, WriteError::NoWrites(Refusal::FailedFsync(_))), "{refused}");
    assert!(store.ready().is_err());
    assert_all(&store, 0..2 * MANY).await;
}

#[tokio::test]
async fn a_full_or_read_only_disk_sends_chunks_elsewhere_and_full_is_what_the_last_caller_hears() {
    let disks = two_disks();
    let store = store(&disks, NEVER_SLOW);
    put_all(&store, 0..MANY).await;
    disks[0].fill_up_to(0);
    put_all(&store, MANY..2 * MANY).await;
    assert!((MANY..2 * MANY).all(|nth| home(&store, nth) == 1));
    store.dirs().iter().for_each(Directory::refresh);
    let left = store.room_bytes().expect("both disks say");
    assert!(left > 0 && Some(left) == store.dirs()[1].room_bytes());
    disks[1].set_read_only(true);
    assert!(matches!(put(&store, 3 * MANY).await, Err(WriteError::Full)));
    assert_all(&store, 0..2 * MANY).await;
    assert_eq!(store.room_bytes(), Some(0), "what the second has free is no room");
    disks[0].heal();
    put_all(&store, 3 * MANY..4 * MANY).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_disk_holds_up_nobody_but_who_needs_it() {
    let disks = two_disks();
    let store = store(&disks, SLOW_AFTER);
    put_all(&store, 0..MANY).await;

    disks[0].stall(Call::Sync);
    let puts = (MANY..2 * MANY).map(|nth| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { put(&store, nth).await })
    });
    for put in puts.collect::<Vec<_>>() {
        assert_eq!(put.await.expect("no panic").expect("stored elsewhere"), Outcome::Created);
    }
    assert!(store.dirs()[0].is_slow() && !store.dirs()[1].is_slow());
    assert!(store.metrics().contains("vsd_dir_slow{dir=\"1\"} 1\n"));
    put_all(&store, 2 * MANY..3 * MANY).await;
    assert!((2 * MANY..3 * MANY).all(|nth| home(&store, nth) == 1), "no new chunk goes to a disk that stalls");
    assert_all(&store, 0..3 * MANY).await;

    disks[0].stall(Call::Read);
    let only_in = |dir: usize| {
        let holders = |nth| store.dirs().iter().map(move |dir| dir.reader().chunk_bytes(&key(nth)).is_some());
        (0..MANY).filter(|nth| holders(*nth).eq([dir == 0, dir == 1])).collect::<Vec<_>>()
    };
    // one more than may read: all the others hang
    let reads = only_in(0).into_iter().take(READS_MAX + 1).map(|nth| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.get(ASSET, name(nth)).await })
    });
    let (first, _, hung) = futures::future::select_all(reads).await;
    assert!(matches!(first.expect("no panic"), Err(GetError::Io(_))), "sent elsewhere");
    for nth in only_in(1) {
        assert_eq!(store.get(ASSET, name(nth)).await.expect("readable"), bytes(nth));
    }

    disks[0].release();
    for read in hung {
        assert!(read.await.expect("no panic").is_ok());
    }
    assert_all(&store, 0..3 * MANY).await;
    while store.dirs()[0].is_slow() {
        tokio::time::sleep(SLOW_AFTER).await;
    }
    put_all(&store, 3 * MANY..4 * MANY).await;
    assert!((3 * MANY..4 * MANY).any(|nth| home(&store, nth) == 0), "it takes chunks again");
}

/// Those of the numbers whose chunks only the first directory has.
fn only_in_first(store: &Store<SimDisk>, numbers: std::ops::Range<u32>) -> Vec<u32> {
    numbers.filter(|nth| home(store, *nth) == 0).collect()
}

async fn wait_for_loss(store: &Store<SimDisk>, is_lost: bool) {
    while store.dirs()[0].is_lost() != is_lost {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Nothing in the first directory counts any more, and everything can be stored again in the other.
async fn assert_lost_and_replaced(store: &Store<SimDisk>, numbers: &[u32], mark: u64) {
    assert_ne!(store.dirs_mark(), mark, "the cluster is told to ask anew");
    for nth in numbers.iter().copied() {
        let states = (store.state(&key(nth)), store.verify(&key(nth)).await);
        assert_eq!(states, (Verified::Damaged, Verified::Damaged), "chunk {nth}");
        assert_eq!(put(store, nth).await.expect("stored elsewhere"), Outcome::Created);
        assert_eq!((store.state(&key(nth)), store.verify(&key(nth)).await), (Verified::Stored, Verified::Stored));
        assert_eq!(store.get(ASSET, name(nth)).await.expect("the new copy"), bytes(nth));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_read_that_fails_shows_that_a_whole_directory_is_lost_and_it_is_soon_seen_when_it_is_not() {
    let disks = two_disks();
    let store = store(&disks, NEVER_SLOW);
    put_all(&store, 0..2 * MANY).await;
    let first = only_in_first(&store, 0..2 * MANY);
    assert!(first.len() > SAMPLE_CHUNKS, "{}", first.len());
    let mark = store.dirs_mark();

    disks[0].inject(|faults| faults.read_errno = Some(117));
    assert!(store.get(ASSET, name(first[0])).await.is_err());
    wait_for_loss(&store, true).await;
    let notes = store.ready().expect("the other directory takes writes");
    assert!(notes.iter().any(|note| note.contains("cannot be read")), "{notes:?}");
    assert_lost_and_replaced(&store, &first, mark).await;
    disks[1].inject(|faults| faults.read_errno = Some(5));
    assert!(store.get(ASSET, name(first[0])).await.is_err());
    while !store.dirs()[1].is_lost() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let refused = put(&store, 3 * MANY).await.expect_err("it could not be read");
    assert!(matches!(refused, WriteError::NoWrites(Refusal::Lost(_))), "{refused}");

    disks.iter().for_each(SimDisk::heal);
    wait_for_loss(&store, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_hangs_for_long_is_lost_until_it_answers() {
    let disks = two_disks();
    let store = patient_store(&disks, SLOW_AFTER, LOST_AFTER);
    put_all(&store, 0..MANY).await;
    let first = only_in_first(&store, 0..MANY);
    let mark = store.dirs_mark();

    disks[0].stall(Call::Read);
    let hung = tokio::spawn({
        let (store, nth) = (Arc::clone(&store), first[0]);
        async move { store.get(ASSET, name(nth)).await }
    });
    wait_for_loss(&store, true).await;
    assert_lost_and_replaced(&store, &first, mark).await;

    disks[0].release();
    assert!(hung.await.expect("no panic").is_ok());
    wait_for_loss(&store, false).await;
    assert_eq!(store.dirs_mark(), mark);
}
