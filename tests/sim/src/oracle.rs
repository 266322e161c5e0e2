//! What clients were promised, and what hardware took away from whom: the memory of the world, which no node shares.
//!
//! Only what a client was told is a promise. An answer that did not come is "unknown": the thing may be done, or be done
//! later, or never; it is neither promised nor forbidden.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use uuid::Uuid;
use vs_core::id::{NodeId, VideoId};
use vsd_core::{meta::LeaderTerm, superblock::Key};

use crate::{
    film::Film,
    kernel::{Kernel, lock},
};

/// How much of a video is promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Its original is stored.
    Stored,
    /// It plays.
    Ready,
}

/// A video that somebody was told of.
#[derive(Clone, Copy, Debug)]
pub struct Promise {
    pub film: Film,
    pub level: Level,
    pub at: Duration,
    /// Somebody asked for it to be removed, whatever came of that.
    pub is_doubtful: bool,
}

#[derive(Debug, Default)]
struct Books {
    promises: BTreeMap<VideoId, Promise>,
    /// Copies whose bytes rotted, by machine.
    rotten: BTreeSet<(usize, Key)>,
    /// Copies that hardware took.
    taken: BTreeSet<(usize, Key)>,
    /// Copies that the sweep of a node set out to drop.
    dropping: BTreeSet<(usize, Key)>,
    /// Copies that nodes said they have, and the highest index that was known to whoever asked.
    counted_on: BTreeMap<(usize, Key), u64>,
    /// Machines by the ids that they were given first.
    names: BTreeMap<NodeId, Uuid>,
    /// The highest term in which anything was accepted.
    term: LeaderTerm,
    /// When hardware last took something.
    harmed: Option<Duration>,
    counts: Counts,
}

/// What happened in a case, to tell whether cases are worth running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub uploads_promised: u64,
    pub reads: u64,
    pub reads_failed: u64,
    pub plays: u64,
    pub drops: u64,
    pub faults: u64,
}

#[derive(Debug)]
pub struct Oracle {
    kernel: Kernel,
    books: Mutex<Books>,
}

impl Oracle {
    pub(crate) fn new(kernel: Kernel) -> Self {
        Self { kernel, books: Mutex::default() }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.books)
    }

    pub(crate) fn count(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.books().counts);
    }

    #[must_use]
    pub fn counts(&self) -> Counts {
        self.books().counts
    }

    /// A client was told that so much of a video is safe.
    pub(crate) fn promised(&self, video: VideoId, film: Film, level: Level) {
        let at = self.kernel.now();
        let mut books = self.books();
        let is_new = !books.promises.contains_key(&video);
        books.counts.uploads_promised += u64::from(is_new);
        let promise = books.promises.entry(video).or_insert(Promise { film, level, at, is_doubtful: false });
        promise.level = level.max(promise.level);
    }

    /// A client asks for a video to be removed: from now on nothing can be said of it.
    pub(crate) fn doubt(&self, video: VideoId) {
        if let Some(promise) = self.books().promises.get_mut(&video) {
            promise.is_doubtful = true;
        }
    }

    #[must_use]
    pub fn promises(&self) -> BTreeMap<VideoId, Promise> {
        self.books().promises.clone()
    }

    #[must_use]
    pub fn promise(&self, video: VideoId) -> Option<Promise> {
        self.books().promises.get(&video).copied()
    }

    /// A bit of a copy flipped.
    pub(crate) fn rotted(&self, machine: usize, key: Key) {
        let now = self.kernel.now();
        let mut books = self.books();
        books.rotten.insert((machine, key));
        books.harmed = Some(now);
    }

    /// A copy was written, or found to be good.
    pub(crate) fn written(&self, machine: usize, key: Key) {
        let mut books = self.books();
        books.rotten.remove(&(machine, key));
        books.taken.remove(&(machine, key));
        books.dropping.remove(&(machine, key));
    }

    /// Hardware took copies.
    pub(crate) fn took(&self, machine: usize, keys: impl IntoIterator<Item = Key>) {
        let now = self.kernel.now();
        let mut books = self.books();
        for key in keys {
            books.counted_on.remove(&(machine, key));
            books.taken.insert((machine, key));
        }
        books.harmed = Some(now);
    }

    pub(crate) fn dropping(&self, machine: usize, key: Key) {
        self.books().dropping.insert((machine, key));
    }

    /// A node said that it has a copy, to somebody who knows the log up to this index.
    pub(crate) fn counted_on(&self, machine: usize, key: Key, index: u64) {
        let mut books = self.books();
        let highest = books.counted_on.entry((machine, key)).or_default();
        *highest = index.max(*highest);
    }

    /// A node has dropped a copy; the highest index of those who count on it.
    pub(crate) fn dropped(&self, machine: usize, key: Key) -> Option<u64> {
        let mut books = self.books();
        books.counts.drops += 1;
        books.counted_on.remove(&(machine, key))
    }

    #[must_use]
    pub fn is_rotten(&self, machine: usize, key: Key) -> bool {
        self.books().rotten.contains(&(machine, key))
    }

    #[must_use]
    pub fn is_taken(&self, machine: usize, key: Key) -> bool {
        self.books().taken.contains(&(machine, key))
    }

    #[must_use]
    pub fn is_dropping(&self, machine: usize, key: Key) -> bool {
        self.books().dropping.contains(&(machine, key))
    }

    /// A machine was given an id; the machine that was given it first.
    pub(crate) fn named(&self, node: NodeId, key: Uuid) -> Uuid {
        *self.books().names.entry(node).or_insert(key)
    }

    /// Something was accepted that was proposed in this term; the highest one so far.
    pub(crate) fn worked_in(&self, term: LeaderTerm) -> LeaderTerm {
        let mut books = self.books();
        books.term = books.term.max(term);
        books.term
    }

    #[must_use]
    pub fn harmed(&self) -> Option<Duration> {
        self.books().harmed
    }
}
