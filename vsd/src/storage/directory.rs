//! One data directory at work: its engine behind a thread of its own, and reads on threads that may block.
//!
//! Invariants:
//! - One thread writes. An answer to a change leaves only after the fsync that covers it (DUR-1).
//! - Whatever its disk does, it holds up nobody who does not ask it: reads under way are bounded, and whether it
//!   stalls, how full it is and what it holds can be told without a call on the disk.
//! - When its writer ends, by a panic too, it takes no more writes; reads go on.
//! - A copy is only deleted by a decision that is not void when the writer takes it in hand, and until the writer is
//!   done with it everybody can know ([`Guard`](super::guard)). A PUT was heard before it was queued: when it waits
//!   before the drop, the drop is void if the sender knew more; when it waits behind, it writes the chunk anew.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use vs_core::id::DirId;
use vsd_core::{
    storage::{Condition, pick::Standing},
    superblock::{
        Compaction, Config, Disk, Engine, GetError, Key, Op, OpenError, Outcome, Reader, Refusal, RetireError, Space,
        Stats, WriteError,
    },
};

use super::{
    disk::RealDisk,
    queue::{Closed, Queue, Request, Swept, Unwanted, Work},
    reach::Reach,
    under_way::{Call, UnderWay},
};

/// A call on a disk that takes longer than this is a stall: new chunks go elsewhere.
const SLOW_AFTER: Duration = Duration::from_secs(2);
/// A call that takes longer than this is as good as a disk that is gone: what it holds is written again elsewhere.
const LOST_AFTER: Duration = Duration::from_secs(60);
/// Reads under way on one disk. Enough to keep any disk busy, and its share of the threads that may block.
const READS_MAX: usize = 32;
/// How often somebody who waits for a disk looks whether it stalls.
const STALL_POLL: Duration = Duration::from_millis(100);
/// How often, and for how long at most, a read that can wait looks whether others want the disk.
const QUIET_POLL: Duration = Duration::from_millis(20);
const QUIET_WAIT: Duration = Duration::from_secs(1);
/// How far a disk that was said to fill up has to empty before it is said again, in percent.
const WARN_HYSTERESIS: u64 = 2;

/// How a directory is used, whatever is in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) slow_after: Duration,
    pub(crate) lost_after: Duration,
    pub(crate) reads_max: usize,
    /// How full its disk is when it is said to fill up, in percent.
    pub(crate) warn_percent: u8,
}

impl Limits {
    pub(crate) fn new(warn_percent: u8) -> Self {
        Self { slow_after: SLOW_AFTER, lost_after: LOST_AFTER, reads_max: READS_MAX, warn_percent }
    }
}

/// What callers were answered, since the start.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) puts_created: AtomicU64,
    pub(super) puts_known: AtomicU64,
    pub(super) puts_failed: AtomicU64,
    /// Puts that did not wait for a disk that stalled.
    pub(super) puts_given_up: AtomicU64,
    pub(super) gets: AtomicU64,
    pub(super) gets_failed: AtomicU64,
    pub(super) get_bytes: AtomicU64,
    /// Groups of changes that shared an fsync, and changes in them.
    pub(super) groups: AtomicU64,
    pub(super) grouped: AtomicU64,
    pub(super) stalls: AtomicU64,
    pub(super) put_latency: Histogram,
}

/// Upper bounds of the histogram's buckets, in milliseconds.
pub(super) const LATENCY_BOUNDS_MS: [u64; 12] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

/// How long something took, by powers of about two.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    /// One more than there are bounds: the rest.
    pub(super) buckets: [AtomicU64; LATENCY_BOUNDS_MS.len() + 1],
    pub(super) total_us: AtomicU64,
}

impl Histogram {
    fn add(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = LATENCY_BOUNDS_MS.partition_point(|bound| bound * 1_000 < us);
        self.buckets[bucket].fetch_add(1, Relaxed);
        self.total_us.fetch_add(us, Relaxed);
    }
}

/// A data directory. Dropping it waits for its writer, so that nobody opens it again while that is at work.
#[derive(Debug)]
pub(crate) struct Directory<D: Disk = RealDisk> {
    id: DirId,
    path: PathBuf,
    device: Option<u64>,
    reader: Reader<D>,
    queue: Arc<Queue<D>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    calls: Arc<UnderWay>,
    reach: Reach,
    read_slots: Arc<Semaphore>,
    reads_max: usize,
    full_percent: u8,
    warn_percent: u8,
    /// As of when the disk was last asked.
    stats: Mutex<Stats>,
    was_slow: AtomicBool,
    was_lost: AtomicBool,
    fills_up: AtomicBool,
    pub(super) counters: Arc<Counters>,
}

/// Leave to read from a disk, which bounds how many do.
#[derive(Debug)]
pub(super) struct ReadSlot {
    _permit: OwnedSemaphorePermit,
}

impl<D: Disk + 'static> Directory<D> {
    /// Recovers what the directory holds and starts its writer. What recovery found is logged.
    pub(crate) fn open(disk: D, path: &Path, config: Config, limits: Limits) -> Result<Self, OpenError> {
        let (id, full_percent) = (config.dir, config.full_percent);
        let (engine, recovery) = Engine::open(disk, config)?;
        for finding in recovery.findings {
            if finding.is_loss() {
                tracing::warn!(dir = %id, "{finding}");
            } else {
                tracing::info!(dir = %id, "{finding}");
            }
        }
        if let Some(why) = engine.refuses_writes() {
            tracing::warn!(dir = %id, path = %path.display(), %why, "the data directory takes no writes");
        }
        let reader = engine.reader();
        let (queue, counters) = (Queue::new(), Arc::new(Counters::default()));
        let calls = UnderWay::new(limits.slow_after);
        let writer =
            Writer { id, queue: Arc::clone(&queue), calls: Arc::clone(&calls), counters: Arc::clone(&counters) };
        let io = |source| OpenError::Io { file: path.display().to_string(), source };
        let writer = thread::Builder::new().name(format!("chunks-{id}")).spawn(|| writer.run(engine)).map_err(io)?;
        Ok(Self {
            id,
            path: path.to_owned(),
            device: fs::metadata(path).ok().map(|metadata| metadata.dev()),
            stats: Mutex::new(reader.stats()),
            reader,
            queue,
            writer: Mutex::new(Some(writer)),
            calls,
            reach: Reach::new(limits.lost_after),
            read_slots: Arc::new(Semaphore::new(limits.reads_max)),
            reads_max: limits.reads_max,
            full_percent,
            warn_percent: limits.warn_percent,
            was_slow: AtomicBool::new(false),
            was_lost: AtomicBool::new(false),
            fills_up: AtomicBool::new(false),
            counters,
        })
    }

    pub(crate) fn id(&self) -> DirId {
        self.id
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What tells its file system from others; unknown when its path is not one of this machine.
    pub(super) fn device(&self) -> Option<u64> {
        self.device
    }

    /// For whoever reads a lot and on threads of its own. Calls on the disk go through [`Self::call`].
    pub(crate) fn reader(&self) -> &Reader<D> {
        &self.reader
    }

    /// To be held during a call on the disk.
    pub(super) fn call(&self) -> Call {
        self.calls.begin()
    }

    /// Makes a change; durable when this returns.
    pub(crate) async fn write(&self, op: Op) -> Result<Outcome, WriteError> {
        let began = Instant::now();
        let is_put = matches!(op, Op::Put(_));
        let (answer, answered) = oneshot::channel();
        let outcome = match self.queue.push(Request::Write(op, answer)).await {
            Ok(()) => answered.await.unwrap_or(Err(WriteError::NoWrites(Refusal::Stopped))),
            Err(Closed) => Err(WriteError::NoWrites(Refusal::Stopped)),
        };
        if is_put {
            let counter = match outcome {
                Ok(Outcome::AlreadyDurable) => &self.counters.puts_known,
                Ok(_) => &self.counters.puts_created,
                Err(_) => &self.counters.puts_failed,
            };
            counter.fetch_add(1, Relaxed);
            self.counters.put_latency.add(began.elapsed());
        }
        outcome
    }

    /// Deletes a copy if the decision to do so is not void.
    pub(super) async fn sweep(&self, unwanted: Unwanted) -> Result<Swept, WriteError> {
        let stopped = || WriteError::NoWrites(Refusal::Stopped);
        let (answer, answered) = oneshot::channel();
        self.queue.push(Request::Drop(unwanted, answer)).await.map_err(|Closed| stopped())?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Removes a superblock that compaction has emptied. Returns the bytes freed.
    pub(crate) async fn retire(&self, emptied: Compaction<D>) -> Result<u64, RetireError> {
        let stopped = || RetireError::from(WriteError::NoWrites(Refusal::Stopped));
        let (answer, answered) = oneshot::channel();
        self.queue.push(Request::Retire(emptied, answer)).await.map_err(|Closed| stopped())?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Waits, though not for ever, until half of those that may read do not.
    pub(super) async fn until_quiet(&self) {
        let quiet = async {
            while self.read_slots.available_permits() < self.reads_max / 2 {
                tokio::time::sleep(QUIET_POLL).await;
            }
        };
        let _ = tokio::time::timeout(QUIET_WAIT, quiet).await;
    }

    /// Waits for leave to read; at once, or never, while the disk stalls.
    pub(super) async fn read_slot(&self) -> Option<ReadSlot> {
        let slots = Arc::clone(&self.read_slots);
        if let Ok(slot) = Arc::clone(&slots).try_acquire_owned() {
            return Some(ReadSlot { _permit: slot });
        }
        tokio::select! {
            slot = slots.acquire_owned() => slot.ok().map(|slot| ReadSlot { _permit: slot }),
            () = self.stalls() => None,
        }
    }

    /// The bytes of a chunk, as they were written. Whoever uses them checks their hash (INT-1).
    pub(super) async fn get(&self, slot: ReadSlot, key: Key) -> Result<Bytes, GetError> {
        let outcome = self.read(slot, move |reader| reader.get(&key)).await;
        match &outcome {
            Ok(bytes) => {
                self.counters.gets.fetch_add(1, Relaxed);
                self.counters.get_bytes.fetch_add(bytes.len() as u64, Relaxed);
            }
            Err(GetError::NotFound) => {}
            Err(_) => {
                self.counters.gets_failed.fetch_add(1, Relaxed);
            }
        }
        outcome
    }

    /// Reads a chunk from the device and checks everything; its length in bytes.
    pub(super) async fn check(&self, slot: ReadSlot, key: Key) -> Result<u32, GetError> {
        self.read(slot, move |reader| reader.check(&key)).await
    }

    /// The slot is taken until the disk has answered, even if the caller has gone.
    async fn read<T: Send + 'static>(
        &self,
        slot: ReadSlot,
        read: impl FnOnce(&Reader<D>) -> Result<T, GetError> + Send + 'static,
    ) -> Result<T, GetError> {
        let (reader, calls) = (self.reader.clone(), Arc::clone(&self.calls));
        let done = tokio::task::spawn_blocking(move || {
            let _call = calls.begin();
            let done = read(&reader);
            drop(slot);
            done
        });
        done.await.unwrap_or_else(|ended| Err(GetError::Io(io::Error::other(ended))))
    }

    /// Whether the disk does not answer in time.
    pub(crate) fn is_slow(&self) -> bool {
        self.calls.is_slow()
    }

    /// Whether nothing that is here is to be counted on, nor what would be stored.
    pub(crate) fn is_lost(&self) -> bool {
        self.reach.lost(&self.calls).is_some()
    }

    /// Returns once the disk stalls.
    pub(super) async fn stalls(&self) {
        while !self.is_slow() {
            tokio::time::sleep(STALL_POLL).await;
        }
    }

    pub(super) fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Figures as they are; of the disk's space, as it was when last looked at. Does not ask the disk.
    pub(crate) fn stats(&self) -> Stats {
        let space = self.last_stats().space;
        self.with_writer(self.reader.figures(space))
    }

    fn with_writer(&self, mut stats: Stats) -> Stats {
        if lock(&self.writer).as_ref().is_none_or(JoinHandle::is_finished) {
            stats.refusal.get_or_insert(Refusal::Stopped);
        }
        if let Some(why) = self.reach.lost(&self.calls) {
            stats.refusal.get_or_insert(Refusal::Lost(why));
        }
        stats
    }

    fn last_stats(&self) -> MutexGuard<'_, Stats> {
        lock(&self.stats)
    }

    /// How good a place this is for a chunk that is not here, and the size of the disk. Does not ask the disk.
    pub(super) fn standing(&self) -> (Standing, u64) {
        let condition = self.by(&self.last_stats());
        (condition.standing(self.full_percent), condition.space.map_or(0, |space| space.total))
    }

    /// How it is. Does not ask the disk.
    pub(super) fn condition(&self) -> Condition {
        self.by(&self.stats())
    }

    fn by(&self, stats: &Stats) -> Condition {
        Condition { is_slow: self.is_slow(), refuses: stats.refusal.is_some(), space: stats.space }
    }

    /// How many more bytes of chunks it takes; none when its disk does not say. Does not ask the disk.
    pub(super) fn room_bytes(&self) -> Option<u64> {
        self.condition().room_bytes(self.full_percent)
    }

    /// Logs when the directory stalls or is lost, and when it is well again.
    pub(super) fn watch_stalls(&self) {
        self.watch_loss();
        let is_slow = self.is_slow();
        if self.was_slow.swap(is_slow, Relaxed) == is_slow {
            return;
        }
        let path = self.path.display();
        if is_slow {
            self.counters.stalls.fetch_add(1, Relaxed);
            tracing::warn!(dir = %self.id, %path, "the disk does not answer in time; new chunks go elsewhere");
        } else {
            tracing::warn!(dir = %self.id, %path, "the disk answers again");
        }
    }

    fn watch_loss(&self) {
        let lost = self.reach.lost(&self.calls);
        if self.was_lost.swap(lost.is_some(), Relaxed) == lost.is_some() {
            return;
        }
        let path = self.path.display();
        match lost {
            Some(why) => tracing::error!(dir = %self.id, %path, why, "the data directory counts as lost"),
            None => tracing::warn!(dir = %self.id, %path, "the data directory is not lost after all"),
        }
    }

    /// Asks the disk for its figures, and logs when it begins to fill up. After a failure it is looked how far that goes.
    pub(super) fn refresh(&self) {
        let _call = self.call();
        let stats = self.reader.stats();
        self.reach.look(&self.reader, &stats);
        let stats = self.with_writer(stats);
        let percent = stats.space.map_or(0, used_percent);
        *self.last_stats() = stats;
        let warn_percent = u64::from(self.warn_percent);
        if percent >= warn_percent && !self.fills_up.swap(true, Relaxed) {
            tracing::warn!(dir = %self.id, path = %self.path.display(), percent, "the disk fills up");
        } else if percent + WARN_HYSTERESIS <= warn_percent && self.fills_up.swap(false, Relaxed) {
            tracing::info!(dir = %self.id, path = %self.path.display(), percent, "the disk has room again");
        }
    }

    /// What an operator should know, a line each.
    pub(super) fn notes(&self) -> Vec<String> {
        let (id, path, stats) = (self.id, self.path.display(), self.stats());
        let mut notes = Vec::new();
        if let Some(why) = &stats.refusal {
            notes.push(format!("{id} ({path}) takes no more writes: {why}"));
        }
        if self.is_slow() {
            notes.push(format!("{id} ({path}) does not answer in time"));
        }
        if self.fills_up.load(Relaxed) {
            notes.push(format!("the disk of {id} ({path}) is {} % full", stats.space.map_or(0, used_percent)));
        }
        if stats.damaged > 0 {
            notes.push(format!("{id} ({path}) holds {} damaged chunks", stats.damaged));
        }
        notes
    }
}

impl<D: Disk> Directory<D> {
    /// Takes no more changes, answers those it has, and seals the superblock being written. Blocks until then.
    pub(crate) fn shutdown(&self) {
        self.queue.close();
        let writer = lock(&self.writer).take();
        if writer.is_some_and(|writer| writer.join().is_err()) {
            tracing::error!(dir = %self.id, "the writer of the chunks had panicked");
        }
    }
}

impl<D: Disk> Drop for Directory<D> {
    fn drop(&mut self) {
        self.shutdown();
    }
}

/// What is guarded is replaced whole, so a panic elsewhere leaves it sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn used_percent(space: Space) -> u64 {
    let used = u128::from(space.total.saturating_sub(space.free));
    u64::try_from(used * 100 / u128::from(space.total.max(1))).unwrap_or(100)
}

/// What the writer thread shares with the directory.
struct Writer<D: Disk> {
    id: DirId,
    queue: Arc<Queue<D>>,
    calls: Arc<UnderWay>,
    counters: Arc<Counters>,
}

/// However the writer ends, nobody waits for it.
impl<D: Disk> Drop for Writer<D> {
    fn drop(&mut self) {
        self.queue.abandon();
    }
}

impl<D: Disk> Writer<D> {
    /// Ends when nothing more can be queued.
    fn run(self, mut engine: Engine<D>) {
        while let Some(work) = self.queue.take() {
            let was_writing = engine.refuses_writes().is_none();
            match work {
                Work::Group(ops, answers) => {
                    self.counters.groups.fetch_add(1, Relaxed);
                    self.counters.grouped.fetch_add(ops.len() as u64, Relaxed);
                    let call = self.calls.begin();
                    let outcomes = engine.write_group(&ops);
                    drop(call);
                    for (answer, outcome) in answers.into_iter().zip(outcomes) {
                        // a caller who has gone does not want to know
                        let _ = answer.send(outcome);
                    }
                }
                Work::Drops(drops, answers) => {
                    for (answer, outcome) in answers.into_iter().zip(self.sweep(&mut engine, &drops)) {
                        let _ = answer.send(outcome);
                    }
                }
                Work::Retire(emptied, answer) => {
                    let call = self.calls.begin();
                    let freed = engine.retire(&emptied);
                    drop(call);
                    let _ = answer.send(freed);
                }
            }
            if was_writing && let Some(why) = engine.refuses_writes() {
                tracing::error!(dir = %self.id, %why, "the data directory takes no more writes");
            }
        }
        engine.close();
    }

    /// Deletes what is still not wanted; the others are answered without.
    fn sweep(&self, engine: &mut Engine<D>, drops: &[Unwanted]) -> Vec<Result<Swept, WriteError>> {
        let Some(first) = drops.first() else { return Vec::new() };
        let decisions: Vec<_> = drops.iter().map(Unwanted::decision).collect();
        let (in_hand, hold) = first.guard.begin(&decisions);
        let ops: Vec<_> =
            drops.iter().zip(&hold).filter(|(_, holds)| **holds).map(|(of, _)| Op::Delete(of.key)).collect();
        let call = self.calls.begin();
        let mut outcomes = engine.write_group(&ops).into_iter();
        drop(call);
        drop(in_hand);
        let swept = |outcome| if outcome == Outcome::Absent { Swept::Absent } else { Swept::Dropped };
        let answer = |holds| if holds { outcomes.next().map(|made| made.map(swept)) } else { Some(Ok(Swept::Void)) };
        hold.into_iter().filter_map(answer).collect()
    }
}
