//! What clients were promised, and what hardware took away from whom: the memory of the world, which no node shares.
//!
//! Only what a client was told is a promise. An answer that did not come is "unknown": the thing may be done, or be done
//! later, or never; it is neither promised nor forbidden.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use uuid::Uuid;
use vs_core::id::{AssetId, NodeId, Version, VideoId};
use vsd_core::{meta::LeaderTerm, superblock::Key};

use crate::{
    film::Film,
    harm::Weakened,
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
    /// Copies that hardware took with the disk they were on, and when.
    taken: BTreeMap<(NodeId, Key), Duration>,
    /// Nodes that hardware took something from while it was being written to.
    weakened: BTreeMap<(AssetId, Version), NodeId>,
    /// What nodes said of copies.
    said: BTreeMap<(NodeId, Key), Said>,
    /// Machines by the ids that they were given first.
    names: BTreeMap<NodeId, Uuid>,
    /// The highest term in which anything was accepted.
    term: LeaderTerm,
    /// When hardware last took something.
    harmed: Option<Duration>,
    counts: Counts,
}

/// When a node last found that it has a copy, which is not later than it said so.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said {
    /// By its index.
    pub listed: Duration,
    /// By writing it, or by reading it from the disk.
    pub verified: Duration,
    /// The highest index that was known to whoever asked.
    index: u64,
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
    /// How often hardware took or spoiled copies.
    pub harms: u64,
    /// How often a process ended while a writer was in the middle of a change, which came to the disk in part.
    pub torn: u64,
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

    /// Hardware takes something of a node, of which this was being written.
    pub(crate) fn harms(&self, node: NodeId, weakened: Weakened) {
        let now = self.kernel.now();
        let mut books = self.books();
        books.counts.harms += 1;
        books.harmed = Some(now);
        books.weakened.extend(weakened.into_iter().map(|of| (of, node)));
    }

    /// Whether hardware may take something of a node that this is being written to: it took nothing of any other one.
    #[must_use]
    pub fn may_weaken(&self, of: (AssetId, Version), node: NodeId) -> bool {
        self.books().weakened.get(&of).is_none_or(|weakened| *weakened == node)
    }

    /// Hardware took copies.
    pub(crate) fn took(&self, node: NodeId, keys: impl IntoIterator<Item = Key>) {
        let now = self.kernel.now();
        self.books().taken.extend(keys.into_iter().map(|key| ((node, key), now)));
    }

    /// When hardware last took a copy from a node.
    #[must_use]
    pub fn taken(&self, node: NodeId, key: Key) -> Option<Duration> {
        self.books().taken.get(&(node, key)).copied()
    }

    /// A node finds now that it has a copy.
    pub(crate) fn found(&self, node: NodeId, key: Key, is_verified: bool) {
        let now = self.kernel.now();
        let mut books = self.books();
        let said = books.said.entry((node, key)).or_default();
        said.listed = now;
        if is_verified {
            said.verified = now;
        }
    }

    /// What a node last said of a copy.
    #[must_use]
    pub fn said(&self, node: NodeId, key: Key) -> Said {
        self.books().said.get(&(node, key)).copied().unwrap_or_default()
    }

    /// A node said that it has a copy, to somebody who knows the log up to this index.
    pub(crate) fn counted_on(&self, node: NodeId, key: Key, index: u64) {
        let mut books = self.books();
        let said = books.said.entry((node, key)).or_default();
        said.index = index.max(said.index);
    }

    /// A node has dropped a copy; the highest index of those who count on it.
    pub(crate) fn dropped(&self, node: NodeId, key: Key) -> u64 {
        let mut books = self.books();
        books.counts.drops += 1;
        books.said.get(&(node, key)).map_or(0, |said| said.index)
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
