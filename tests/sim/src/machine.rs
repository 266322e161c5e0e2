//! A machine: disks, a place for a node to run, and what outlives the node's process.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use bytes::Bytes;
use uuid::Uuid;
use vs_core::id::{DirId, NodeId, UploadId};
use vsd_core::{
    care,
    superblock::{Key, Location, Reader, sim::SimDisk},
};

use crate::{
    kernel::{ProcessId, lock},
    node::Node,
    replica::Replica,
};

/// A data directory's disk.
#[derive(Debug)]
pub struct Drive {
    pub disk: SimDisk,
    /// What tells it from another disk at its place.
    pub key: Uuid,
    /// What the cluster calls it, once it does.
    pub dir: Option<DirId>,
    /// What was on it when it was last in use: all of that is durable.
    pub reader: Option<Reader<SimDisk>>,
    /// What is on it and could not be read when it was opened, or is not believed until it is checked, and since when.
    pub hidden: BTreeMap<Key, Duration>,
    /// Records in which a bit flipped. A copy is bad as long as it is one of them.
    rotten: BTreeMap<Record, Rot>,
    /// Copies that a sweep set out to drop and was not answered about.
    pub dropping: BTreeSet<Key>,
    /// Copies that were dropped and not written again: a failed fsync may show them once more, for a while.
    pub dropped: BTreeSet<Key>,
    /// Checked and sealed since its last fault.
    pub mended: bool,
    /// How long each call takes beside what it takes anyway.
    pub slow: Duration,
    /// Where its care stood when it last said so.
    pub care: Option<care::Kept>,
    /// How often it was opened: a new seed for each.
    pub opened: u64,
}

impl Drive {
    /// Whether it gives what it lists, at once.
    pub(crate) fn is_sound(&self) -> bool {
        let mut reads = true;
        self.disk.inject(|faults| reads = faults.read_errno.is_none() && faults.read_fails_after.is_none());
        reads && self.slow.is_zero() && self.hidden.is_empty()
    }

    #[must_use]
    pub fn new(key: Uuid, bytes: u64) -> Self {
        let disk = SimDisk::new();
        disk.set_total_bytes(bytes);
        Self {
            disk,
            key,
            dir: None,
            reader: None,
            hidden: BTreeMap::new(),
            rotten: BTreeMap::new(),
            dropping: BTreeSet::new(),
            dropped: BTreeSet::new(),
            mended: false,
            slow: Duration::ZERO,
            care: None,
            opened: 0,
        }
    }

    /// Whether a copy is on it, as far as its index says.
    #[must_use]
    pub fn lists(&self, key: &Key) -> bool {
        self.reader.as_ref().is_some_and(|reader| reader.chunk_bytes(key).is_some())
    }

    /// Whether it has a copy, and its bytes are what they were.
    #[must_use]
    pub fn has(&self, key: &Key) -> bool {
        self.lists(key) && self.rot(key).is_none()
    }

    /// Whether it has a good copy, and will after the next start.
    #[must_use]
    pub fn is_sure(&self, key: &Key) -> bool {
        let is_doubted = self.reader.as_ref().is_some_and(|reader| reader.is_doubted(key));
        self.has(key) && !is_doubted && !self.dropping.contains(key)
    }

    /// What is wrong with the copy that it lists.
    #[must_use]
    pub fn rot(&self, key: &Key) -> Option<Rot> {
        let location = self.reader.as_ref()?.locate(key)?;
        self.rotten.get(&record(&location)).copied()
    }

    /// When a copy on it last rotted, whether or not it is still there.
    #[must_use]
    pub fn rotted_at(&self, key: &Key) -> Option<Duration> {
        self.rotten.values().filter(|rot| rot.key == *key).map(|rot| rot.at).max()
    }

    /// Whether it does not read something.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        self.rotten.values().any(|rot| rot.kind == RotKind::Unreadable)
    }

    /// What it did not read it reads again.
    pub(crate) fn reads_again(&mut self) {
        self.rotten.retain(|_, rot| rot.kind != RotKind::Unreadable);
    }

    pub(crate) fn rots(&mut self, location: &Location, rot: Rot) {
        self.rotten.insert(record(location), rot);
    }
}

/// A record on a disk, for ever: its superblock, where it lies in it, and its sequence number.
type Record = (u32, u64, u64);

fn record(location: &Location) -> Record {
    (location.superblock, location.offset, location.sequence)
}

/// How a copy went bad.
#[derive(Clone, Copy, Debug)]
pub struct Rot {
    pub key: Key,
    pub at: Duration,
    pub kind: RotKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotKind {
    Flipped,
    /// Good in the cache still, as long as that lasts.
    FlippedBelowCache,
    /// Until the disk is healed.
    Unreadable,
}

/// What a node keeps beside its chunks.
#[derive(Debug)]
pub struct Kept {
    /// Drawn before it joined.
    pub key: Uuid,
    pub id: Option<NodeId>,
    pub replica: Replica,
    /// An older state of it, which is what a power cut may leave.
    pub flushed: Replica,
    pub spool: BTreeMap<UploadId, Vec<Bytes>>,
}

#[derive(Debug)]
pub struct Machine {
    pub at: usize,
    pub zone: String,
    drives: Mutex<Vec<Drive>>,
    kept: Mutex<Kept>,
    node: Mutex<Option<Arc<Node>>>,
    /// What runs on it, also before it is a member.
    process: Mutex<Option<ProcessId>>,
    power: Mutex<Power>,
}

#[derive(Debug, Clone, Copy)]
struct Power {
    on: bool,
    /// Nobody runs a node on it any more.
    retired: bool,
}

impl Machine {
    pub(crate) fn new(at: usize, zone: String, key: Uuid, drives: Vec<Drive>, replica: Replica) -> Self {
        let kept = Kept { key, id: None, flushed: replica.clone(), replica, spool: BTreeMap::new() };
        Self {
            at,
            zone,
            drives: Mutex::new(drives),
            kept: Mutex::new(kept),
            node: Mutex::new(None),
            process: Mutex::new(None),
            power: Mutex::new(Power { on: true, retired: false }),
        }
    }

    pub fn drives(&self) -> MutexGuard<'_, Vec<Drive>> {
        lock(&self.drives)
    }

    pub fn kept(&self) -> MutexGuard<'_, Kept> {
        lock(&self.kept)
    }

    /// The node that runs on it, if one does.
    #[must_use]
    pub fn node(&self) -> Option<Arc<Node>> {
        lock(&self.node).clone()
    }

    pub(crate) fn set_node(&self, node: Option<Arc<Node>>) {
        let before = std::mem::replace(&mut *lock(&self.node), node);
        drop(before);
    }

    /// What runs on it from now on; answers what ran before.
    pub(crate) fn set_process(&self, process: Option<ProcessId>) -> Option<ProcessId> {
        std::mem::replace(&mut *lock(&self.process), process)
    }

    #[must_use]
    pub fn is_powered(&self) -> bool {
        lock(&self.power).on
    }

    pub(crate) fn set_power(&self, on: bool) {
        lock(&self.power).on = on;
    }

    #[must_use]
    pub fn is_retired(&self) -> bool {
        lock(&self.power).retired
    }

    pub(crate) fn retire(&self) {
        lock(&self.power).retired = true;
    }

    /// Who it is, once it has joined.
    #[must_use]
    pub fn id(&self) -> Option<NodeId> {
        self.kept().id
    }

    /// Where others reach it, as it is told to the cluster.
    #[must_use]
    pub fn addr(&self) -> String {
        format!("m{}", self.at)
    }

    /// Whether a writer of its is in the middle of a change.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.node().is_some_and(|node| node.store().is_some_and(|store| store.writes()))
    }

    /// Whether any of its disks has a good copy.
    #[must_use]
    pub fn has(&self, key: &Key) -> bool {
        self.drives().iter().any(|drive| drive.has(key))
    }

    /// Whether a copy that has not rotted is on a disk of its that does not give it now.
    #[must_use]
    pub fn hides(&self, key: &Key) -> bool {
        self.drives().iter().any(|drive| drive.hidden.contains_key(key) && drive.rotted_at(key).is_none())
    }

    /// Since when a copy is on a disk of its that does not give it.
    #[must_use]
    pub fn hidden_at(&self, key: &Key) -> Option<Duration> {
        self.drives().iter().filter_map(|drive| drive.hidden.get(key).copied()).max()
    }

    /// When a copy of its last rotted.
    #[must_use]
    pub fn rotted_at(&self, key: &Key) -> Option<Duration> {
        self.drives().iter().filter_map(|drive| drive.rotted_at(key)).max()
    }

    /// Whether any of its disks lists a copy.
    #[must_use]
    pub fn lists(&self, key: &Key) -> bool {
        self.drives().iter().any(|drive| drive.lists(key))
    }
}

/// The machine behind an address.
#[must_use]
pub fn machine_at(addr: &str) -> Option<usize> {
    addr.strip_prefix('m')?.parse().ok()
}
