//! Looks after the chunks of one data directory while nobody asks: one thread of low priority that scrubs and compacts
//! (DESIGN §9, §10).
//!
//! Invariants:
//! - It changes nothing itself: moves go through the directory's writer in small groups, so that a PUT waits for little
//!   more than its own fsync (DUR-2 is the writer's).
//! - No lock is held while the disk works, so orders and questions are answered while a disk stalls.
//! - `scrub.toml` keeps where a pass stands, what was paused, and which chunks were found damaged. It is replaced whole,
//!   once a minute and at the end; without it care starts anew.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use futures::{executor::block_on, future::join_all};
use serde::{Deserialize, Serialize};
use vsd_core::{
    care::{
        self, Compact, CompactTerms, Compacted, Doubts, Meter, Order, Pace, Position, Scrub, ScrubTerms, Scrubbed,
        State,
    },
    superblock::{Batch, Compaction, Disk, GetError, Key, Reader},
};

use super::{directory::Directory, disk::RealDisk, identity::replace};
use crate::run::wall_ms;

/// Where care keeps what outlives the process.
const FILE: &str = "scrub.toml";
/// Of that file. Another release's is not read: care starts anew.
const FORMAT: u32 = 1;
/// How often it is written while something changes.
const SAVE_INTERVAL: Duration = Duration::from_secs(60);
/// Longest time between two looks at what is due.
const IDLE_MAX: Duration = Duration::from_secs(5);
/// What a pace allows at once after standing still.
const BURST_BYTES: u64 = 4 << 20;
/// Moves that are handed to the writer together; a chunk longer than that goes alone.
const MOVE_BYTES: u64 = 1 << 20;
/// Names that are read from the index at a time.
const KEYS: usize = 256;
/// Damaged chunks that are remembered over a restart.
const DAMAGED_MAX: usize = 1_000;
/// Superblocks that a plan names.
const PLAN_MAX: usize = 64;
/// Priority of the thread: as much as can be given away without starving beside a busy machine.
const NICE: i32 = 10;

/// How care is set up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) scrub: ScrubTerms,
    pub(crate) compact: CompactTerms,
    pub(crate) compact_bytes_per_s: u64,
}

/// What outlives the process.
#[derive(Serialize, Deserialize)]
struct Kept {
    format: u32,
    /// Chunks known to be damaged: they are looked at again after a restart, so that they stay known.
    #[serde(default)]
    damaged: Vec<Position>,
    care: care::Kept,
}

/// The care of one data directory. Ends with [`shutdown`](Self::shutdown) or when it is dropped.
#[derive(Debug)]
pub(crate) struct Caretaker<D: Disk = RealDisk> {
    shared: Arc<Shared<D>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared<D: Disk> {
    /// All of the node, and which of them this is.
    dirs: Arc<[Directory<D>]>,
    at: usize,
    began: Instant,
    books: Mutex<Books>,
    /// There is an order, or an end.
    news: Condvar,
}

/// What is under way, and what came of it.
#[derive(Debug)]
struct Books {
    scrub: Scrub,
    scrub_pace: Pace,
    scrub_meter: Meter,
    compact: Compact,
    compact_pace: Pace,
    compact_meter: Meter,
    /// Of the superblock that is being compacted.
    superblock: Option<Progress>,
    compact_bytes_per_s: u64,
    /// What keeps compaction from going on.
    held_by: Option<String>,
    /// Superblocks that stay until chunks in them are repaired.
    waiting: BTreeMap<u32, Vec<Key>>,
    doubts: Doubts,
    /// To be looked at again: known to be damaged before the restart, or listed so for a while.
    suspects: VecDeque<Key>,
    counts: Counts,
    /// Whose turn it is when both could go on.
    compact_next: bool,
    save_at: Duration,
    stopping: bool,
}

#[derive(Clone, Copy, Debug)]
struct Progress {
    superblock: u32,
    bytes_total: u64,
    bytes_left: u64,
}

/// Counted since the start, for metrics.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) scrubbed_chunks: u64,
    pub(crate) scrubbed_bytes: u64,
    pub(crate) scrub_damaged: u64,
    pub(crate) scrub_unreadable: u64,
    pub(crate) scrub_passes: u64,
}

/// One thing to do without holding the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Doubt,
    Suspect(Key),
    Check,
    Compact,
    Save,
}

/// What the thread has in hand.
struct Hands<D: Disk> {
    /// The chunks behind `after`, in order.
    keys: VecDeque<Key>,
    after: Option<Key>,
    compaction: Option<Compaction<D>>,
    /// Chunks that could not be read, so that each is logged once.
    logged: BTreeSet<Key>,
}

impl<D: Disk + 'static> Caretaker<D> {
    /// Goes on where the process before ended.
    ///
    /// # Errors
    /// When there is no thread to be had.
    fn start(dirs: Arc<[Directory<D>]>, at: usize, terms: Terms) -> io::Result<Self> {
        let kept = read(&dirs[at]);
        let damaged = kept.iter().flat_map(|kept| &kept.damaged).map(|position| position.0).collect();
        let (scrub, compact) = care::Kept::restore(kept.map(|kept| kept.care), wall_ms(), terms.scrub, terms.compact);
        let books = Books {
            scrub,
            scrub_pace: Pace::new(terms.scrub.bytes_per_s, BURST_BYTES),
            scrub_meter: Meter::default(),
            compact,
            compact_pace: Pace::new(terms.compact_bytes_per_s, BURST_BYTES),
            compact_meter: Meter::default(),
            superblock: None,
            compact_bytes_per_s: terms.compact_bytes_per_s,
            held_by: None,
            waiting: BTreeMap::new(),
            doubts: Doubts::default(),
            suspects: damaged,
            counts: Counts::default(),
            compact_next: false,
            save_at: SAVE_INTERVAL,
            stopping: false,
        };
        let (name, began) = (format!("care-{}", dirs[at].id()), Instant::now());
        let shared = Arc::new(Shared { dirs, at, began, books: Mutex::new(books), news: Condvar::new() });
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new().name(name).spawn(move || of_thread.run())?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// The caretakers of all directories.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(crate) fn start_all(dirs: &Arc<[Directory<D>]>, terms: Terms) -> io::Result<Vec<Self>> {
        (0..dirs.len()).map(|at| Self::start(Arc::clone(dirs), at, terms)).collect()
    }

    /// Does as ordered; whether that changed anything.
    pub(crate) fn scrub(&self, order: Order) -> bool {
        let changed = {
            let mut books = self.shared.books();
            let changed = books.scrub.order(order, wall_ms());
            let now = self.shared.began.elapsed();
            if changed {
                books.scrub_meter.restart(now);
                books.save_at = now;
            }
            changed
        };
        self.shared.news.notify_all();
        changed
    }

    /// Does as ordered; whether that changed anything. `garbage_percent` is for a start.
    pub(crate) fn compact(&self, order: Order, garbage_percent: Option<u8>) -> bool {
        let changed = {
            let mut books = self.shared.books();
            let changed = books.compact.order(order, garbage_percent, wall_ms());
            let now = self.shared.began.elapsed();
            if changed {
                books.compact_meter.restart(now);
                books.held_by = None;
                books.save_at = now;
                if order == Order::Start {
                    // perhaps the disk can read them now
                    books.waiting.clear();
                }
            }
            changed
        };
        self.shared.news.notify_all();
        changed
    }

    pub(crate) fn scrub_status(&self) -> ScrubStatus {
        let stats = self.shared.dir().stats();
        let cost = care::check_cost(stats.chunks, stats.chunk_bytes);
        let mut books = self.shared.books();
        let now = self.shared.began.elapsed();
        books.scrub.tick(now);
        let (chunks, bytes) = books.scrub.pass().map_or((0, 0), |pass| (pass.chunks, pass.bytes));
        let bytes_total = stats.chunk_bytes.max(bytes);
        let running = books.scrub.state() == State::Running;
        let bytes_per_s_max = books.scrub.bytes_per_s(cost);
        let is_raised = running && bytes_per_s_max > books.scrub.terms().bytes_per_s;
        ScrubStatus {
            state: books.scrub.state(),
            pass: books.scrub.pass().cloned(),
            last: books.scrub.last().cloned(),
            chunks_total: stats.chunks.max(chunks),
            bytes_total,
            bytes_per_s: books.scrub_meter.bytes_per_s(now).filter(|_| running),
            bytes_per_s_max,
            is_raised,
            eta: books.scrub_meter.eta(now, bytes_total - bytes).filter(|_| running),
            next_in: books.scrub.due_in_ms(cost).map(Duration::from_millis),
            damaged: stats.damaged,
            unreadable: books.counts.scrub_unreadable,
        }
    }

    pub(crate) fn compact_status(&self) -> CompactStatus {
        let mut books = self.shared.books();
        let now = self.shared.began.elapsed();
        books.compact.tick(now);
        let running = books.compact.state() == State::Running;
        let rest_ms = books.compact.rest_ms();
        CompactStatus {
            state: books.compact.state(),
            run: books.compact.run().cloned(),
            last: books.compact.last().cloned(),
            superblock: books.superblock.map(|at| (at.superblock, at.bytes_total - at.bytes_left, at.bytes_total)),
            bytes_per_s: books.compact_meter.bytes_per_s(now).filter(|_| running),
            bytes_per_s_max: books.compact_bytes_per_s,
            eta: books.superblock.filter(|_| running).and_then(|at| books.compact_meter.eta(now, at.bytes_left)),
            next_in: (books.compact.state() == State::Stopped).then(|| Duration::from_millis(rest_ms)),
            held_by: books.held_by.clone(),
            waiting: books.waiting.iter().map(|(superblock, chunks)| (*superblock, chunks.len())).collect(),
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.shared.books().counts
    }

    pub(crate) fn dir(&self) -> &Directory<D> {
        self.shared.dir()
    }

    /// What a compaction that is started would do. Reads footers.
    ///
    /// # Errors
    /// When the disk does not say how much a file takes.
    pub(crate) fn plan(&self, garbage_percent: Option<u8>) -> io::Result<Vec<Planned>> {
        let percent = garbage_percent.unwrap_or_else(|| self.shared.books().compact.garbage_percent());
        let reader = self.shared.dir().reader();
        let taken: BTreeMap<_, _> =
            reader.superblocks().into_iter().map(|info| (info.number, info.allocated_bytes)).collect();
        let (mut planned, mut skip) = (Vec::new(), self.shared.still_waiting());
        while planned.len() < PLAN_MAX
            && let Some(found) = Compaction::plan(reader, percent, &skip)?
        {
            let (superblock, move_bytes) = (found.superblock(), found.bytes_total());
            let free_bytes = taken.get(&superblock).copied().unwrap_or(0).saturating_sub(move_bytes);
            planned.push(Planned { superblock, move_bytes, free_bytes });
            skip.insert(superblock);
        }
        Ok(planned)
    }
}

impl<D: Disk> Caretaker<D> {
    /// Ends what is in hand soon.
    pub(crate) fn ask_to_stop(&self) {
        self.shared.books().stopping = true;
        self.shared.news.notify_all();
    }

    /// Ends what is in hand, keeps where it stands, and blocks until then.
    pub(crate) fn shutdown(&self) {
        self.ask_to_stop();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the care of the chunks had panicked");
        }
    }
}

impl<D: Disk> Drop for Caretaker<D> {
    fn drop(&mut self) {
        self.shutdown();
    }
}

/// How scrubbing stands.
#[derive(Clone, Debug)]
pub(crate) struct ScrubStatus {
    pub(crate) state: State,
    pub(crate) pass: Option<Scrubbed>,
    pub(crate) last: Option<Scrubbed>,
    pub(crate) chunks_total: u64,
    pub(crate) bytes_total: u64,
    pub(crate) bytes_per_s: Option<u64>,
    pub(crate) bytes_per_s_max: u64,
    /// As configured it would end too late.
    pub(crate) is_raised: bool,
    pub(crate) eta: Option<Duration>,
    pub(crate) next_in: Option<Duration>,
    pub(crate) damaged: u64,
    /// Times that the disk did not answer, since the start.
    pub(crate) unreadable: u64,
}

/// How compaction stands.
#[derive(Clone, Debug)]
pub(crate) struct CompactStatus {
    pub(crate) state: State,
    pub(crate) run: Option<Compacted>,
    pub(crate) last: Option<Compacted>,
    /// The one under way: its number, and bytes moved of how many.
    pub(crate) superblock: Option<(u32, u64, u64)>,
    pub(crate) bytes_per_s: Option<u64>,
    pub(crate) bytes_per_s_max: u64,
    pub(crate) eta: Option<Duration>,
    pub(crate) next_in: Option<Duration>,
    /// What keeps it from going on.
    pub(crate) held_by: Option<String>,
    /// Superblocks that stay, and how many chunks in each must be repaired first.
    pub(crate) waiting: Vec<(u32, usize)>,
}

/// A superblock that a compaction would remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) superblock: u32,
    pub(crate) move_bytes: u64,
    pub(crate) free_bytes: u64,
}

impl<D: Disk> Shared<D> {
    /// Everything guarded is a figure or is replaced whole, so a panic elsewhere leaves it sound.
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<D: Disk + 'static> Shared<D> {
    fn dir(&self) -> &Directory<D> {
        &self.dirs[self.at]
    }

    fn reader(&self) -> &Reader<D> {
        self.dir().reader()
    }

    fn run(&self) {
        if let Err(error) = rustix::process::setpriority_process(None, NICE) {
            tracing::debug!(%error, "care runs at the priority of all");
        }
        let mut hands = Hands { keys: VecDeque::new(), after: None, compaction: None, logged: BTreeSet::new() };
        while let Some(work) = self.next() {
            match work {
                Work::Doubt => self.doubt(),
                Work::Suspect(key) => self.look_again(key),
                Work::Check => self.check(&mut hands),
                Work::Compact => self.compact(&mut hands),
                Work::Save => self.save(),
            }
        }
        self.save();
    }

    /// Waits for something to do; `None` when it is to end.
    fn next(&self) -> Option<Work> {
        loop {
            // asks the disk, so before the books are taken
            let stats = self.dir().stats();
            let cost = care::check_cost(stats.chunks, stats.chunk_bytes);
            // of a lost directory it is found out by samples when it can be read
            let listed = if self.dir().is_lost() { 0 } else { stats.damaged };
            let mut books = self.books();
            if books.stopping {
                return None;
            }
            match books.due(self.began.elapsed(), cost, listed) {
                Ok(work) => return Some(work),
                Err(wait) => drop(self.news.wait_timeout(books, wait.min(IDLE_MAX))),
            }
        }
    }

    /// Everything that is listed as damaged is to be looked at again.
    fn doubt(&self) {
        let listed = self.reader().damaged(None, usize::MAX);
        let mut books = self.books();
        books.doubts.begin(self.began.elapsed());
        books.suspects = listed.into();
    }

    /// Looks at a chunk that was damaged. By that a bad one comes into the reader's list again, and a good one out of it.
    fn look_again(&self, key: Key) {
        let _ = self.read(&key);
        let bytes = self.reader().chunk_bytes(&key).unwrap_or(0);
        let mut books = self.books();
        books.suspects.pop_front_if(|suspect| *suspect == key);
        books.scrub_pace.spend(self.began.elapsed(), care::check_cost(1, bytes.into()));
    }

    fn read(&self, key: &Key) -> Result<u32, GetError> {
        let _call = self.dir().call();
        self.reader().check(key)
    }

    /// Checks the next chunk of the pass.
    fn check(&self, hands: &mut Hands<D>) {
        let position = self.books().scrub.position();
        if hands.after != position || hands.keys.is_empty() {
            hands.keys = self.reader().list(&(0..=u64::MAX), position, KEYS).into();
            hands.after = position;
        }
        let Some(key) = hands.keys.pop_front() else { return self.end_pass(position) };
        let bytes = self.reader().chunk_bytes(&key);
        let checked = self.read(&key);
        let bytes = bytes.filter(|_| !matches!(checked, Err(GetError::NotFound)));
        if let Err(error) = &checked
            && bytes.is_some()
            && hands.logged.len() < DAMAGED_MAX
            && hands.logged.insert(key)
        {
            tracing::warn!(dir = %self.dir().id(), chunk = %key.hash, asset = %key.asset, "scrubbing: {error}");
        }
        let mut books = self.books();
        // stopped and perhaps begun anew meanwhile
        if books.scrub.pass().is_none() || books.scrub.position() != position {
            hands.keys.clear();
            return;
        }
        let now = self.began.elapsed();
        let is_damaged = matches!(checked, Err(GetError::Corrupt { .. }));
        books.scrub.looked_at(key, bytes, is_damaged);
        hands.after = Some(key);
        let Some(bytes) = bytes.map(u64::from) else { return };
        books.scrub_pace.spend(now, care::check_cost(1, bytes));
        books.scrub_meter.add(now, bytes);
        books.counts.scrubbed_chunks += 1;
        books.counts.scrubbed_bytes += bytes;
        books.counts.scrub_damaged += u64::from(is_damaged);
        books.counts.scrub_unreadable += u64::from(matches!(checked, Err(GetError::Io(_))));
    }

    fn end_pass(&self, position: Option<Key>) {
        let mut books = self.books();
        if books.scrub.pass().is_none() || books.scrub.position() != position {
            return;
        }
        books.scrub.end(wall_ms());
        books.counts.scrub_passes += 1;
        books.save_at = self.began.elapsed();
        if let Some(last) = books.scrub.last() {
            let (dir, chunks, damaged) = (self.dir().id(), last.chunks, last.damaged);
            tracing::info!(%dir, chunks, damaged, "every chunk was checked");
        }
    }

    /// Superblocks whose unreadable chunks are still in them.
    fn still_waiting(&self) -> BTreeSet<u32> {
        let waiting = self.books().waiting.clone();
        let is_in = |key: &Key, number: u32| self.reader().locate(key).is_some_and(|at| at.superblock == number);
        let still = waiting.into_iter().filter(|(number, keys)| keys.iter().any(|key| is_in(key, *number)));
        still.map(|(number, _)| number).collect()
    }

    /// Finds a superblock that is worth it, or goes on with the one in hand.
    fn compact(&self, hands: &mut Hands<D>) {
        let in_hand = hands.compaction.take().filter(|_| self.books().superblock.is_some());
        match in_hand {
            None => hands.compaction = self.find(),
            Some(mut compaction) => {
                let batch = {
                    let _call = self.dir().call();
                    compaction.next(self.reader(), MOVE_BYTES)
                };
                if batch.moves.is_empty() && compaction.bytes_left() == 0 {
                    self.finish(compaction, batch);
                } else if self.carry(&compaction, batch) {
                    hands.compaction = Some(compaction);
                }
            }
        }
    }

    fn find(&self) -> Option<Compaction<D>> {
        let skip = self.still_waiting();
        let percent = self.books().compact.garbage_percent();
        let found = Compaction::plan(self.reader(), percent, &skip);
        let mut books = self.books();
        let now = self.began.elapsed();
        books.waiting.retain(|number, _| skip.contains(number));
        // ordered otherwise meanwhile
        if books.compact.plan_in(now) != Some(Duration::ZERO) {
            return None;
        }
        match found {
            Ok(Some(compaction)) => {
                books.compact.found(wall_ms());
                books.held_by = None;
                let bytes = compaction.bytes_total();
                let superblock = compaction.superblock();
                books.superblock = Some(Progress { superblock, bytes_total: bytes, bytes_left: bytes });
                books.compact_meter.restart(now);
                tracing::debug!(dir = %self.dir().id(), superblock, bytes, "compacting");
                Some(compaction)
            }
            Ok(None) => {
                if let Some(run) = books.compact.run() {
                    let (dir, superblocks, bytes) = (self.dir().id(), run.superblocks, run.freed_bytes);
                    tracing::info!(%dir, superblocks, freed_bytes = bytes, "compacted");
                    books.save_at = now;
                }
                books.compact.found_none(now, wall_ms());
                None
            }
            Err(error) => {
                books.hold(now, &error.to_string());
                None
            }
        }
    }

    /// Hands moves to the writer; whether there is any point in going on with this superblock.
    fn carry(&self, compaction: &Compaction<D>, batch: Batch) -> bool {
        let moves = batch.moves.into_iter().map(|change| self.dir().write(change));
        let failed = block_on(join_all(moves)).into_iter().find_map(Result::err);
        let mut books = self.books();
        let now = self.began.elapsed();
        books.note_unreadable(compaction.superblock(), batch.unreadable);
        books.compact_pace.spend(now, batch.read_bytes);
        books.compact_meter.add(now, batch.read_bytes);
        if let Some(error) = failed {
            books.hold(now, &error.to_string());
            return false;
        }
        books.compact.moved(batch.read_bytes);
        match &mut books.superblock {
            // stopped meanwhile
            None => false,
            Some(progress) => {
                progress.bytes_left = compaction.bytes_left();
                true
            }
        }
    }

    /// All of it was handed out: the superblock can go, if all of it could be read.
    fn finish(&self, compaction: Compaction<D>, batch: Batch) {
        let superblock = compaction.superblock();
        {
            let mut books = self.books();
            books.note_unreadable(superblock, batch.unreadable);
            if let Some(chunks) = books.waiting.get(&superblock).map(Vec::len) {
                let dir = self.dir().id();
                tracing::warn!(%dir, superblock, chunks, "a superblock stays until chunks in it are repaired");
                books.superblock = None;
                return;
            }
        }
        let retired = block_on(self.dir().retire(compaction));
        let mut books = self.books();
        books.superblock = None;
        match retired {
            Ok(freed_bytes) => books.compact.retired(freed_bytes),
            Err(error) => books.hold(self.began.elapsed(), &error.to_string()),
        }
    }

    fn save(&self) {
        if self.reader().figures(None).refusal.is_some() {
            self.books().save_at = self.began.elapsed() + SAVE_INTERVAL;
            return;
        }
        let mut damaged: BTreeSet<_> = self.reader().damaged(None, DAMAGED_MAX).into_iter().collect();
        let text = {
            let mut books = self.books();
            let now = self.began.elapsed();
            books.scrub.tick(now);
            books.compact.tick(now);
            books.save_at = now + SAVE_INTERVAL;
            damaged.extend(&books.suspects);
            let damaged = damaged.into_iter().take(DAMAGED_MAX).map(Position).collect();
            toml::to_string(&Kept {
                format: FORMAT,
                damaged,
                care: care::Kept::of(&books.scrub, &books.compact, wall_ms()),
            })
        };
        let saved = text.map_err(io::Error::other).and_then(|text| replace(self.dir().path(), FILE, &text));
        if let Err(error) = saved {
            tracing::warn!(dir = %self.dir().id(), %error, "{FILE} could not be written; after a restart care starts anew");
        }
    }
}

impl Books {
    /// What to do now, or how long there is nothing to do. `cost` is that of checking every chunk, `listed` how many are listed
    /// as damaged.
    fn due(&mut self, now: Duration, cost: u64, listed: u64) -> Result<Work, Duration> {
        self.scrub.tick(now);
        self.compact.tick(now);
        if now >= self.save_at {
            return Ok(Work::Save);
        }
        if self.scrub.due_in_ms(cost) == Some(0) {
            self.scrub.begin(wall_ms());
            self.scrub_meter.restart(now);
        }
        let scrub = self.scrub_wait(now, cost);
        let again = match (self.suspects.front(), self.doubts.wait(now, listed)) {
            (Some(suspect), _) if self.scrub_pace.wait(now).is_zero() => return Ok(Work::Suspect(*suspect)),
            (Some(_), _) => self.scrub_pace.wait(now),
            (None, Some(Duration::ZERO)) => return Ok(Work::Doubt),
            (None, wait) => wait.unwrap_or(IDLE_MAX),
        };
        let compact = self.compact_wait(now);
        match (scrub.is_zero(), compact.is_zero()) {
            (true, true) => {
                self.compact_next = !self.compact_next;
                Ok(if self.compact_next { Work::Compact } else { Work::Check })
            }
            (true, false) => Ok(Work::Check),
            (false, true) => Ok(Work::Compact),
            (false, false) => Err(scrub.min(compact).min(again).min(self.save_at.saturating_sub(now))),
        }
    }

    /// How long until the scrub goes on or begins.
    fn scrub_wait(&mut self, now: Duration, cost: u64) -> Duration {
        match self.scrub.state() {
            State::Running => {
                self.scrub_pace.set_rate(now, self.scrub.bytes_per_s(cost));
                self.scrub_pace.wait(now)
            }
            _ => self.scrub.due_in_ms(cost).map_or(IDLE_MAX, Duration::from_millis),
        }
    }

    /// How long until compaction goes on or looks again.
    fn compact_wait(&mut self, now: Duration) -> Duration {
        let Some(plan_in) = self.compact.plan_in(now) else { return IDLE_MAX };
        if self.compact.run().is_none() {
            // stopped: the superblock in hand is let go
            self.superblock = None;
        }
        if self.superblock.is_some() { self.compact_pace.wait(now) } else { plan_in }
    }

    /// Compaction cannot go on: later.
    fn hold(&mut self, now: Duration, why: &str) {
        tracing::warn!(why, "compaction is held up");
        self.superblock = None;
        self.held_by = Some(why.to_owned());
        self.compact.hold(now);
    }

    fn note_unreadable(&mut self, superblock: u32, chunks: Vec<Key>) {
        if !chunks.is_empty() {
            self.waiting.entry(superblock).or_default().extend(chunks);
        }
    }
}

fn of_this_format(kept: Kept) -> Result<Kept, String> {
    if kept.format == FORMAT { Ok(kept) } else { Err(format!("its format is {}", kept.format)) }
}

/// What the process before left; nothing when that cannot be made sense of.
fn read<D: Disk + 'static>(dir: &Directory<D>) -> Option<Kept> {
    let text = match std::fs::read_to_string(dir.path().join(FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            tracing::warn!(dir = %dir.id(), %error, "{FILE} cannot be read; care starts anew");
            return None;
        }
    };
    match toml::from_str::<Kept>(&text).map_err(|error| error.message().to_owned()).and_then(of_this_format) {
        Ok(kept) => Some(kept),
        Err(why) => {
            tracing::warn!(dir = %dir.id(), why, "{FILE} is not used; care starts anew");
            None
        }
    }
}

#[cfg(test)]
mod tests;
