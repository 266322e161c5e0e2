//! The storage role: one data directory of chunks behind plain HTTP/1.1 (DESIGN §4, §9).
//!
//! Invariants:
//! - One thread writes, and an answer to a PUT leaves only after the fsync that covers it (DUR-1).
//! - Chunks in memory are bounded: a request waits for its share before its first byte is buffered.
//! - No request deletes anything (SEC-1).

mod disk;
mod http;
mod metrics;
mod probe;
mod range;
mod read_only;
mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(crate) use disk::RealDisk;
pub(crate) use probe::Probes;
pub(crate) use read_only::ReadOnlyDisk;
pub(crate) use store::Store;

/// Everything the node's port answers over HTTP/1.1: chunks and probes.
pub(crate) fn router(store: Arc<Store>, probes: Probes) -> axum::Router {
    http::router(store).merge(probe::router(probes))
}
