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

pub use crate::promise::{Level, Promise};
use crate::{
    case::Fault,
    film::Film,
    invariant::con3::Counted,
    kernel::{Kernel, lock},
    promise::{Change, OrderId, Promises},
};

#[derive(Debug, Default)]
struct Books {
    promises: Promises,
    /// Sessions that were ever opened, and what was counted in them.
    sessions: u64,
    views: BTreeMap<VideoId, Counted>,
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
    faults: Vec<(Duration, Fault)>,
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

    /// A client begins to upload a film.
    pub(crate) fn uploading(&self, film: Film) -> OrderId {
        self.books().promises.upload(film, self.kernel.now())
    }

    /// A client was told that its upload is over.
    pub(crate) fn uploaded(&self, film: Film, upload: OrderId) {
        self.books().promises.upload_ended(film, upload, self.kernel.now());
    }

    /// A client was told that so much of a video is safe.
    pub(crate) fn promised(&self, video: VideoId, upload: (Film, OrderId), keeps_original: bool, level: Level) {
        let mut books = self.books();
        let is_new = books.promises.promise(video, upload, keeps_original, level, self.kernel.now());
        books.counts.uploads_promised += u64::from(is_new);
    }

    /// A client orders something of a video.
    pub(crate) fn ordered(&self, video: VideoId, change: Change) -> Option<OrderId> {
        self.books().promises.order(video, change, self.kernel.now())
    }

    /// It was told what came of it.
    pub(crate) fn answered(&self, video: VideoId, order: OrderId, is_done: bool) {
        self.books().promises.answered(video, order, is_done, self.kernel.now());
    }

    #[must_use]
    pub fn is_shown(&self, video: VideoId, began: Duration) -> bool {
        self.books().promises.is_shown(video, began)
    }

    #[must_use]
    pub fn is_gone(&self, video: VideoId, began: Duration) -> bool {
        self.books().promises.is_gone(video, began)
    }

    #[must_use]
    pub fn promises(&self) -> BTreeMap<VideoId, Promise> {
        self.books().promises.all(self.kernel.now())
    }

    #[must_use]
    pub fn promise(&self, video: VideoId) -> Option<Promise> {
        self.books().promises.get(video, self.kernel.now())
    }

    /// The number of a session that is opened: none has it again.
    pub(crate) fn next_session(&self) -> u64 {
        let mut books = self.books();
        books.sessions += 1;
        books.sessions
    }

    pub(crate) fn count_views(&self, video: VideoId, count: impl FnOnce(&mut Counted)) {
        count(self.books().views.entry(video).or_default());
    }

    #[must_use]
    pub fn views(&self) -> BTreeMap<VideoId, Counted> {
        self.books().views.clone()
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

    /// A fault strikes.
    pub(crate) fn struck(&self, fault: Fault) {
        let now = self.kernel.now();
        let mut books = self.books();
        books.faults.push((now, fault));
        books.counts.faults += 1;
    }

    /// All that ever struck, and when.
    #[must_use]
    pub fn faults(&self) -> Vec<(Duration, Fault)> {
        self.books().faults.clone()
    }

    #[must_use]
    pub fn harmed(&self) -> Option<Duration> {
        self.books().harmed
    }
}
