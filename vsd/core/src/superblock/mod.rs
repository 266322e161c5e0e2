//! The storage engine of one data directory: chunks in append-only superblocks (DESIGN §9; DUR-1, INT-1, DSK-1).
//!
//! Invariants:
//! - A chunk is published in the index, and its PUT answered, only after the fsync that covers it.
//! - Bytes that were synced are never written over: the writer appends, and recovery seals what it found and starts a
//!   new file.
//! - Whatever a reader is given matched the record's header CRC, its key and its payload CRC in the same read.
//! - A failed fsync ends all writing for good. It is never retried: the kernel may have dropped the pages and
//!   forgotten the error.
//! - Between two records of one chunk the higher sequence wins, and sequences are never used twice in a directory.
//! - A bad block costs what lies in it and nothing beside it.
//!
//! [`Engine`] is the one writer; [`Reader`] is cloned for everybody else and never waits for an fsync. Both speak to a
//! [`Disk`], so that the daemon and every test build the same engine.

mod bug;
mod check;
mod chunk;
mod compact;
mod disk;
mod engine;
mod files;
mod format;
mod index;
mod inspect;
mod op;
mod pool;
mod reader;
mod recovery;
mod scan;
#[doc(hidden)]
pub mod sparse;
mod tail;

#[cfg(any(test, feature = "sim"))]
pub mod fuzz;
#[cfg(any(test, feature = "sim"))]
pub mod model;
#[cfg(any(test, feature = "sim"))]
pub mod sim;
#[cfg(test)]
mod tests;

pub use check::{Check, Checked, Flaw, check, mend};
pub use chunk::{InvalidChunk, Key, VerifiedChunk};
pub use compact::{Batch, Compaction};
pub use disk::{Disk, Space};
pub use engine::{Config, Engine, GROUP_BYTES_MAX, RetireError};
pub use files::SuperblockInfo;
pub use format::{FORMAT_VERSION, SUPERBLOCK_BYTES_MAX};
pub use inspect::{
    Contents, FooterState, NotSuperblock, OpenSuperblock, Payload, Rank, Record, RecordKind, newest_of, open_number,
    open_superblock, records_of, superblocks,
};
pub use op::{Move, Op, Outcome, Put, Refusal, WriteError};
pub use reader::{GetError, Location, Reader, Stats};
pub use recovery::{Finding, OpenError, Recovery};
