//! A caretaker with a real directory, its real writer and a real clock: what it comes to, never how long it takes.

use std::{
    fs::OpenOptions,
    os::unix::fs::FileExt,
    path::Path,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use bytes::Bytes;
use vs_core::{
    hash::Hash,
    id::{AssetId, DirId},
};
use vsd_core::superblock::{Config, Op, Outcome, Put, VerifiedChunk};

use super::*;
use crate::storage::{DiskFaults, DiskTrouble, Limits};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);
const FAST: u64 = 1 << 30;
/// A chunk of [`bytes`] takes a second.
const SLOW: u64 = 64 << 10;
const CHUNK_BYTES: usize = 48 << 10;

fn terms(scrub_bytes_per_s: u64) -> Terms {
    Terms {
        scrub: ScrubTerms { interval_ms: 14 * 86_400_000, bytes_per_s: scrub_bytes_per_s },
        compact: CompactTerms { garbage_percent: 25 },
        compact_bytes_per_s: FAST,
    }
}

fn open(path: &Path) -> Arc<[Directory<RealDisk>]> {
    open_on(RealDisk::new(path, None), path)
}

fn open_on(disk: RealDisk, path: &Path) -> Arc<[Directory<RealDisk>]> {
    let config = Config {
        superblock_bytes_max: 1 << 20,
        reserve_bytes: 64 << 10,
        full_percent: 100,
        ..Config::new(DirId(1), [1; 32])
    };
    [Directory::open(disk, path, config, Limits::new(99)).expect("opens")].into()
}

fn care(dirs: &Arc<[Directory<RealDisk>]>, terms: Terms) -> Caretaker {
    Caretaker::start(Arc::clone(dirs), 0, terms).expect("a thread")
}

fn bytes(nth: usize, length: usize) -> Bytes {
    nth.to_le_bytes().iter().copied().cycle().take(length).collect()
}

fn put(dir: &Directory<RealDisk>, bytes: Bytes) -> (Key, Outcome) {
    let chunk = VerifiedChunk::verify(bytes.clone(), Hash::of(&bytes)).expect("a chunk");
    let key = Key { hash: chunk.hash(), asset: AssetId(1) };
    let outcome = block_on(dir.write(Op::from(Put { asset: key.asset, chunk }))).expect("stored");
    (key, outcome)
}

/// Many at once, so that they share their fsyncs.
fn put_all(dir: &Directory<RealDisk>, which: std::ops::Range<usize>, length: usize) -> Vec<Key> {
    let chunks = which.map(|nth| {
        let bytes = bytes(nth, length);
        VerifiedChunk::verify(bytes.clone(), Hash::of(&bytes)).expect("a chunk")
    });
    let puts: Vec<_> = chunks.map(|chunk| Put { asset: AssetId(1), chunk }).collect();
    let keys = puts.iter().map(Put::key).collect();
    let outcomes = block_on(join_all(puts.into_iter().map(|put| dir.write(Op::from(put)))));
    assert!(outcomes.into_iter().all(|outcome| matches!(outcome, Ok(Outcome::Created))));
    keys
}

fn delete_all<'a>(dir: &Directory<RealDisk>, keys: impl IntoIterator<Item = &'a Key>) {
    let outcomes = block_on(join_all(keys.into_iter().map(|key| dir.write(Op::Delete(*key)))));
    assert!(outcomes.into_iter().all(|outcome| matches!(outcome, Ok(Outcome::Deleted))));
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn last_pass(caretaker: &Caretaker, began_after_ms: u64) -> Scrubbed {
    let ended = || caretaker.scrub_status().last.filter(|last| last.whole && last.began_at_ms >= began_after_ms);
    wait_until("a pass to end", || ended().is_some());
    ended().expect("just now")
}

/// A pass that was begun on purpose, to its end.
fn whole_pass(caretaker: &Caretaker) -> Scrubbed {
    let is_over = |status: ScrubStatus| status.last.is_some() && status.state != State::Running;
    wait_until("the pass before", || is_over(caretaker.scrub_status()));
    thread::sleep(Duration::from_millis(2));
    let now = wall_ms();
    assert!(caretaker.scrub(Order::Start));
    last_pass(caretaker, now)
}

fn flip(path: &Path, dir: &Directory<RealDisk>, key: &Key) {
    let place = dir.reader().locate(key).expect("stored");
    let file = path.join(format!("{:08}.vsb", place.superblock));
    let file = OpenOptions::new().read(true).write(true).open(file).expect("a superblock");
    let (mut byte, at) = ([0], place.offset + u64::from(place.payload_bytes));
    file.read_exact_at(&mut byte, at).expect("read");
    file.write_all_at(&[byte[0] ^ 1], at).expect("flipped");
}

#[test]
fn a_flipped_bit_is_found_stays_known_over_a_restart_and_is_healed_by_a_put() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let dirs = open(scratch.path());
    let keys = put_all(&dirs[0], 0..40, CHUNK_BYTES);
    let caretaker = care(&dirs, terms(FAST));
    let pass = whole_pass(&caretaker);
    assert_eq!((pass.chunks, pass.bytes, pass.damaged), (40, 40 * CHUNK_BYTES as u64, 0));
    flip(scratch.path(), &dirs[0], &keys[7]);
    assert_eq!(whole_pass(&caretaker).damaged, 1);
    assert_eq!(whole_pass(&caretaker).damaged, 1);
    assert_eq!(dirs[0].reader().damaged(None, 10), [keys[7]]);
    assert_eq!(
        (caretaker.counts().scrub_passes, caretaker.counts().scrub_damaged),
        (4, 2),
        "with the one that was due"
    );
    drop((caretaker, dirs));

    let dirs = open(scratch.path());
    let caretaker = care(&dirs, terms(FAST));
    wait_until("known damage to be known again", || dirs[0].reader().damaged(None, 10) == [keys[7]]);
    let status = caretaker.scrub_status();
    assert_eq!((status.state, status.damaged), (State::Idle, 1), "no pass is due");
    assert_eq!(put(&dirs[0], bytes(7, CHUNK_BYTES)).1, Outcome::Created);
    assert_eq!((whole_pass(&caretaker).damaged, caretaker.scrub_status().damaged), (0, 0));
}

#[derive(Debug, Default)]
struct Unreadable(AtomicBool);

impl DiskFaults for Unreadable {
    fn trouble(&self) -> DiskTrouble {
        DiskTrouble { is_unreadable: self.0.load(Relaxed), ..DiskTrouble::default() }
    }
}

#[test]
fn what_a_disk_refused_is_believed_again_when_it_reads_and_what_rotted_is_not() {
    let (scratch, disk) = (tempfile::tempdir().expect("a scratch directory"), Arc::new(Unreadable::default()));
    let dirs = open_on(RealDisk::breakable(scratch.path(), None, disk.clone()), scratch.path());
    let keys = put_all(&dirs[0], 0..10, CHUNK_BYTES);
    let caretaker = care(&dirs, terms(FAST));
    assert!(whole_pass(&caretaker).whole, "none is due");
    let passes = caretaker.counts().scrub_passes;
    flip(scratch.path(), &dirs[0], &keys[3]);
    disk.0.store(true, Relaxed);
    assert!(keys.iter().all(|key| dirs[0].reader().get(key).is_err()));
    assert_eq!(caretaker.scrub_status().damaged, 10);
    disk.0.store(false, Relaxed);
    wait_until("all but one to be good again", || dirs[0].reader().damaged(None, 10) == [keys[3]]);
    assert_eq!(caretaker.counts().scrub_passes, passes, "without a scrub");
}

#[test]
fn a_pass_stands_where_it_was_paused_and_orders_outlive_the_process() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let dirs = open(scratch.path());
    put_all(&dirs[0], 0..400, CHUNK_BYTES);
    let caretaker = care(&dirs, terms(SLOW));
    let done = |caretaker: &Caretaker| caretaker.scrub_status().pass.map_or(0, |pass| pass.chunks);
    wait_until("some chunks", || done(&caretaker) >= 10);
    assert!(caretaker.scrub(Order::Pause) && !caretaker.scrub(Order::Pause));
    let (status, paused_at) = (caretaker.scrub_status(), done(&caretaker));
    assert!(status.state == State::Paused && status.eta.is_none() && status.next_in.is_none(), "{status:?}");
    assert!(paused_at < 400 && status.chunks_total == 400, "{status:?}");
    drop((caretaker, dirs));

    let dirs = open(scratch.path());
    let caretaker = care(&dirs, terms(SLOW));
    let status = caretaker.scrub_status();
    let stood = done(&caretaker);
    // the chunk in hand when it was paused may have been counted
    assert!(status.state == State::Paused && (paused_at..=paused_at + 1).contains(&stood), "{status:?}");
    let began = status.pass.map(|pass| pass.began_at_ms);
    assert!(caretaker.scrub(Order::Resume));
    wait_until("it to go on", || done(&caretaker) > stood);
    assert_eq!(caretaker.scrub_status().pass.map(|pass| pass.began_at_ms), began, "the same pass");
    assert!(caretaker.scrub(Order::Stop));
    let status = caretaker.scrub_status();
    assert!(status.state == State::Stopped && status.next_in.is_some(), "{status:?}");
    assert_eq!(status.last.map(|last| last.whole), Some(false));
    drop((caretaker, dirs));

    std::fs::write(scratch.path().join(FILE), "care = \"\u{0}").expect("written");
    let dirs = open(scratch.path());
    let caretaker = care(&dirs, terms(FAST));
    assert_eq!(last_pass(&caretaker, 0).chunks, 400, "anew");
}

#[test]
fn compaction_runs_by_itself_and_takes_nothing_that_is_needed() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let dirs = open(scratch.path());
    let (small, count) = (3_000, 1_200);
    let keys = put_all(&dirs[0], 0..count, small);
    delete_all(&dirs[0], keys.iter().enumerate().filter(|(nth, _)| nth % 4 != 0).map(|(_, key)| key));
    let taken = || dirs[0].reader().superblocks().iter().map(|info| info.allocated_bytes).sum::<u64>();
    let before = taken();
    let caretaker = care(&dirs, terms(FAST));
    // PUTs go on meanwhile
    let more: Vec<_> = (count..count + 50).map(|nth| put(&dirs[0], bytes(nth, small)).0).collect();
    wait_until("a run to end", || caretaker.compact_status().last.is_some_and(|last| last.whole));
    let status = caretaker.compact_status();
    let last = status.last.expect("a run");
    assert!(last.superblocks > 0 && last.moved_bytes > 0 && last.freed_bytes > 0, "{last:?}");
    assert!((status.state, status.held_by, status.superblock) == (State::Idle, None, None));
    assert!(taken() < before, "{before} bytes before, {} now", taken());
    let kept = keys.iter().enumerate().filter(|(nth, _)| nth % 4 == 0).map(|(_, key)| key).chain(&more);
    for key in kept {
        dirs[0].reader().check(key).expect("it is there and intact");
    }
    assert_eq!(dirs[0].reader().stats().chunks, 300 + 50);
    drop((caretaker, dirs));
    assert_eq!(open(scratch.path())[0].reader().stats().chunks, 300 + 50, "and after a restart");
}

#[test]
fn a_superblock_with_a_damaged_chunk_stays_until_that_is_written_again() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let dirs = open(scratch.path());
    let keys = put_all(&dirs[0], 0..400, 3_000);
    let number = dirs[0].reader().locate(&keys[0]).expect("stored").superblock;
    let (in_it, kept): (Vec<_>, Vec<_>) = keys
        .iter()
        .enumerate()
        .partition(|(nth, key)| *nth != 5 && dirs[0].reader().locate(key).is_some_and(|at| at.superblock == number));
    assert!(!kept.is_empty());
    flip(scratch.path(), &dirs[0], &keys[5]);
    delete_all(&dirs[0], in_it.into_iter().map(|(_, key)| key));
    let caretaker = care(&dirs, terms(FAST));
    let is_there = || dirs[0].reader().superblocks().iter().any(|info| info.number == number);
    wait_until("it to be given up", || caretaker.compact_status().waiting == [(number, 1)]);
    assert!(is_there() && dirs[0].reader().damaged(None, 10) == [keys[5]]);
    assert!(caretaker.plan(None).expect("a plan").iter().all(|planned| planned.superblock != number));
    assert_eq!(put(&dirs[0], bytes(5, 3_000)).1, Outcome::Created);
    assert!(caretaker.plan(None).expect("a plan").iter().any(|planned| planned.superblock == number));
    assert!(caretaker.compact(Order::Start, None));
    wait_until("it to go", || !is_there());
    dirs[0].reader().check(&keys[5]).expect("intact");
}

#[test]
fn compaction_that_is_stopped_rests_and_one_that_is_paused_does_nothing() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let dirs = open(scratch.path());
    let caretaker = care(&dirs, terms(FAST));
    assert!(caretaker.compact(Order::Pause, None));
    let keys = put_all(&dirs[0], 0..800, 3_000);
    delete_all(&dirs[0], &keys[..600]);
    let planned = caretaker.plan(None).expect("a plan");
    assert!(!planned.is_empty() && planned.iter().all(|planned| planned.free_bytes > 0), "{planned:?}");
    assert_eq!(dirs[0].reader().stats().retired_superblocks, 0);
    drop(caretaker);
    let caretaker = care(&dirs, terms(FAST));
    assert_eq!(caretaker.compact_status().state, State::Paused);
    assert!(caretaker.compact(Order::Stop, None));
    let status = caretaker.compact_status();
    assert!(status.state == State::Stopped && status.next_in.is_some(), "{status:?}");
    assert_eq!(dirs[0].reader().stats().retired_superblocks, 0);
    assert!(caretaker.compact(Order::Start, Some(5)));
    wait_until("a run to end", || caretaker.compact_status().last.is_some_and(|last| last.whole));
    assert!(dirs[0].reader().stats().retired_superblocks > 0);
}
