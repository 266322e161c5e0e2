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

pub use crate::promise::{Level, Promise};
use crate::{
    case::Fault,
    film::Film,
    harm::Weakened,
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
    /// Copies that hardware took with the disk they were on, and when.
    taken: BTreeMap<(NodeId, Key), Duration>,
    /// Nodes that hardware took something from while it was being written to.
    weakened: BTreeMap<(AssetId, Version), NodeId>,
    /// The highest index that each node was sent for an asset.
    sent: BTreeMap<(NodeId, AssetId), u64>,
    /// What nodes said of copies.
    said: BTreeMap<(NodeId, Key), Said>,
    /// Machines by the ids that they were given first.
    names: BTreeMap<NodeId, Uuid>,
    /// The highest term in which anything was accepted.
    term: LeaderTerm,
    /// When hardware last took something.
    harmed: Option<Duration>,
    faults: Vec<(Duration, Fault)>,
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

    /// A node is sent a chunk of an asset, or a question about one, by somebody who knows the log up to this index.
    pub(crate) fn sent(&self, node: NodeId, asset: AssetId, index: u64) {
        let mut books = self.books();
        let highest = books.sent.entry((node, asset)).or_default();
        *highest = index.max(*highest);
    }

    #[must_use]
    pub fn sent_to(&self, node: NodeId, asset: AssetId) -> u64 {
        self.books().sent.get(&(node, asset)).copied().unwrap_or(0)
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
