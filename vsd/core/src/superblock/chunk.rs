//! Chunks as the engine takes them: only bytes that were hashed and found to be what their name says.

use bytes::Bytes;
use vs_core::{
    hash::{ChunkHash, Hash},
    id::AssetId,
    limit::CHUNK_BYTES_MAX,
};

/// What a chunk is found by. Ordered by hash first, so that listings go by leading hash bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub hash: ChunkHash,
    pub asset: AssetId,
}

/// Bytes that hash to their name. Can only be built by hashing, so that the writer thread never has to.
#[derive(Clone, Debug)]
pub struct VerifiedChunk {
    hash: ChunkHash,
    crc: u32,
    bytes: Bytes,
}

/// Why bytes are not the chunk they are said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidChunk {
    #[error("a chunk has at least one byte")]
    Empty,
    #[error("a chunk has at most {CHUNK_BYTES_MAX} bytes")]
    TooLong,
    #[error("the bytes hash to {actual}")]
    Mismatch { actual: ChunkHash },
}

impl VerifiedChunk {
    /// Hashes `bytes` and compares with `name`; about 1.4 ms for the largest chunk.
    ///
    /// # Errors
    /// When the length is not a chunk's or the bytes are not what `name` says.
    pub fn verify(bytes: Bytes, name: ChunkHash) -> Result<Self, InvalidChunk> {
        if bytes.is_empty() {
            return Err(InvalidChunk::Empty);
        }
        if bytes.len() > CHUNK_BYTES_MAX {
            return Err(InvalidChunk::TooLong);
        }
        let actual = Hash::of(&bytes);
        if actual != name {
            return Err(InvalidChunk::Mismatch { actual });
        }
        Ok(Self { hash: name, crc: crc32c::crc32c(&bytes), bytes })
    }

    #[must_use]
    pub fn hash(&self) -> ChunkHash {
        self.hash
    }

    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// CRC-32C of the bytes.
    pub(super) fn crc(&self) -> u32 {
        self.crc
    }

    /// Length in bytes, as records keep it.
    pub(super) fn length(&self) -> u32 {
        u32::try_from(self.bytes.len()).expect("a verified chunk is at most 2 MiB")
    }
}
