//! Getting a file to the cluster: which files, what is read, how it is sent and resumed, and what became of it.
//!
//! Invariants:
//! - The server's offset is the truth: after every interruption sending goes on from there (DESIGN §7).
//! - A file that changes while it is read is never finished.
//! - What the server may build tracks from is only what it was told to expect: the length always, the SHA-256 whenever it is known.

pub(crate) mod collect;
mod glob;
pub(crate) mod keep;
pub(crate) mod options;
mod pace;
mod patience;
pub(crate) mod run;
mod send;
mod source;

pub(crate) use pace::Pace;

/// Refuses what cannot be a film, and gives the length of what can.
pub(crate) fn check_file(path: &std::path::Path) -> Result<u64, vs_core::error::Failure> {
    source::FileSource::open(path).map(|source| source.stamp.size)
}
