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
    superblock::{Key, Reader, sim::SimDisk},
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
    /// What is on it and could not be read when it was last opened, or is not believed until it is checked.
    pub hidden: BTreeSet<Key>,
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
            hidden: BTreeSet::new(),
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

    /// Whether a copy is on a disk of its that does not give it now.
    #[must_use]
    pub fn hides(&self, key: &Key) -> bool {
        self.drives().iter().any(|drive| drive.hidden.contains(key))
    }

    /// Whether any of its disks has a copy.
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
