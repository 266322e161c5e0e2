//! The storage role: the node's data directories of chunks behind plain HTTP/1.1 (DESIGN §4, §9).
//!
//! Invariants:
//! - One thread writes in a directory, and an answer to a PUT leaves only after the fsync that covers it (DUR-1).
//! - A directory that fails, stalls or is gone takes the others not with it (DSK-1).
//! - Chunks in memory are bounded: a request waits for its share before its first byte is buffered.
//! - No request deletes anything (SEC-1). Only the node's own sweep does, and only copies that no sender who knows more
//!   than the sweep may count on.

pub(crate) mod bench;
mod breakable;
mod care_metrics;
mod caretaker;
mod directory;
mod disk;
mod guard;
mod http;
mod identity;
mod metrics;
mod probe;
mod queue;
mod range;
mod reach;
mod read_only;
mod store;
#[cfg(test)]
mod tests;
mod under_way;

use std::sync::Arc;

use vs_core::id::NodeId;
use vsd_core::superblock::{Config, OpenError};

pub(crate) use breakable::{DiskFaults, DiskTrouble};
pub(crate) use care_metrics::care_metrics;
pub(crate) use caretaker::{Caretaker, Terms};
pub(crate) use directory::{Directory, Limits};
pub(crate) use disk::{RealDisk, STAT_BLOCK_BYTES};
pub(crate) use guard::Watch;
pub(crate) use identity::{Checked, Held, Identity, Owner, Unusable, lock, make_dir, replace};
pub(crate) use probe::Probes;
pub(crate) use read_only::ReadOnlyDisk;
pub(crate) use store::{Lost, Store, Sweeping};
pub(crate) use vsd_core::storage::Verified;

/// Everything the node's port answers over HTTP/1.1: chunks and probes.
pub(crate) fn router(store: Arc<Store>, node: NodeId, probes: Probes) -> axum::Router {
    http::router(store, node).merge(probe::router(probes))
}

/// Opens a directory that this process holds, for as long as it is in use. A lab can break its disk where there are `faults`.
pub(crate) fn open(
    held: Held,
    config: Config,
    limits: Limits,
    faults: Option<Arc<dyn DiskFaults>>,
) -> Result<Directory, OpenError> {
    let disk = match faults {
        None => RealDisk::new(&held.path, Some(held.lock)),
        Some(faults) => RealDisk::breakable(&held.path, Some(held.lock), faults),
    };
    Directory::open(disk, &held.path, config, limits)
}
