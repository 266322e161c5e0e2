//! What the writer is asked for, and what it answers.

use std::{fmt, io, sync::Arc};

use bytes::Bytes;
use vs_core::id::AssetId;

use super::{
    chunk::{Key, VerifiedChunk},
    index::Entry,
};

/// One change. Several share an fsync.
#[derive(Clone, Debug)]
pub enum Op {
    Put(Put),
    /// Forgets the chunk and gives its blocks back.
    Delete(Key),
    /// Writes a record again so that its superblock can go: made by [`Compaction`](super::Compaction) only.
    Move(Move),
}

impl From<Put> for Op {
    fn from(put: Put) -> Self {
        Self::Put(put)
    }
}

impl Op {
    /// Length of what it writes, without header and padding.
    #[must_use]
    pub fn payload_bytes(&self) -> usize {
        match self {
            Self::Put(put) => put.chunk.bytes().len(),
            Self::Delete(_) => 0,
            Self::Move(Move { payload, .. }) => payload.len(),
        }
    }

    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Self::Put(put) => put.key(),
            Self::Delete(key) => *key,
            Self::Move(Move { entry, .. }) => entry.key,
        }
    }
}

/// A chunk to be stored for an asset.
#[derive(Clone, Debug)]
pub struct Put {
    pub asset: AssetId,
    pub chunk: VerifiedChunk,
}

impl Put {
    #[must_use]
    pub fn key(&self) -> Key {
        Key { hash: self.chunk.hash(), asset: self.asset }
    }
}

/// A record that compaction carries away: a chunk as it was read and checked, or a tombstone (no payload).
#[derive(Clone, Debug)]
pub struct Move {
    /// The record as it was found. A chunk is only moved while it still is what the index points to.
    pub(super) entry: Entry,
    pub(super) payload: Bytes,
    pub(super) payload_crc: u32,
}

/// What a change came to. All that these say is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Created,
    /// It was here already, and the stored bytes are good.
    AlreadyDurable,
    Deleted,
    /// There was nothing to delete.
    Absent,
    Moved,
    /// The chunk was deleted or written anew since it was read: there is nothing to move.
    Outdated,
}

/// Why a change was not made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WriteError {
    /// Store it elsewhere until space is made here.
    #[error("the disk is full")]
    Full,
    /// Store it elsewhere; the directory needs its operator.
    #[error("the directory takes no more writes: {0}")]
    NoWrites(Refusal),
    /// This write failed; another may not.
    #[error("the disk failed to write: {0}")]
    Io(#[source] Arc<io::Error>),
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            _ if is_full(&error) => Self::Full,
            io::ErrorKind::ReadOnlyFilesystem => Self::NoWrites(Refusal::ReadOnly),
            _ => Self::Io(Arc::new(error)),
        }
    }
}

pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Why a directory takes no writes until its operator has looked at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The kernel may have dropped what it should have written. Has to be remembered beyond this process.
    FailedFsync(String),
    /// The file system is mounted, or was remounted, read-only.
    ReadOnly,
    /// What it holds cannot be had: it would not keep what it is given either. For as long as that lasts.
    Lost(&'static str),
    /// The writer ended, by a panic or because the daemon stops.
    Stopped,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FailedFsync(why) => f.write_str(why),
            Self::Lost(why) => f.write_str(why),
            Self::ReadOnly => f.write_str("the file system is read-only"),
            Self::Stopped => f.write_str("the writer has stopped"),
        }
    }
}
