//! Reading, by as many as like, while the one writer writes.

use std::{
    collections::BTreeMap,
    io,
    ops::RangeInclusive,
    sync::{
        Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use bytes::Bytes;

use super::{
    chunk::Key,
    disk::{Disk, Space},
    format::{RECORD_HEADER_BYTES, RecordHeader, Salt},
    index::{Index, Place},
};

/// An open superblock file.
#[derive(Debug)]
pub(super) struct Superblock<F> {
    pub(super) number: u32,
    pub(super) file: F,
    pub(super) salt: Salt,
}

#[derive(Debug)]
pub(super) struct State<F> {
    pub(super) index: Index,
    pub(super) files: BTreeMap<u32, Arc<Superblock<F>>>,
}

/// What the writer and the readers share. The lock is held for lookups and publishing only, never during I/O.
#[derive(Debug)]
pub(super) struct Shared<D: Disk> {
    pub(super) disk: D,
    state: RwLock<State<D::File>>,
    /// Why there are no more writes.
    poisoned: OnceLock<String>,
    pub(super) file_bytes: AtomicU64,
    pub(super) quarantined_bytes: AtomicU64,
    pub(super) written_bytes: AtomicU64,
    pub(super) fsyncs: AtomicU64,
    corrupt_reads: AtomicU64,
}

impl<D: Disk> Shared<D> {
    pub(super) fn new(disk: D) -> Self {
        let state = State { index: Index::default(), files: BTreeMap::new() };
        Self {
            disk,
            state: RwLock::new(state),
            poisoned: OnceLock::new(),
            file_bytes: AtomicU64::new(0),
            quarantined_bytes: AtomicU64::new(0),
            written_bytes: AtomicU64::new(0),
            fsyncs: AtomicU64::new(0),
            corrupt_reads: AtomicU64::new(0),
        }
    }

    /// A panic elsewhere while the lock was held leaves the state whole: each change under it is one insertion or one
    /// swap.
    pub(super) fn state(&self) -> RwLockReadGuard<'_, State<D::File>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn state_mut(&self) -> RwLockWriteGuard<'_, State<D::File>> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Syncs a file and counts it. After a failure the directory takes no more writes.
    pub(super) fn sync(&self, file: &D::File) -> io::Result<()> {
        self.fsyncs.fetch_add(1, Relaxed);
        self.disk.sync(file).inspect_err(|error| self.poison(&format!("fsync failed: {error}")))
    }

    /// Syncs the directory itself, under the same rule.
    pub(super) fn sync_dir(&self) -> io::Result<()> {
        self.fsyncs.fetch_add(1, Relaxed);
        self.disk.sync_dir().inspect_err(|error| self.poison(&format!("fsync of the directory failed: {error}")))
    }

    /// Ends all writing; the first reason stays.
    pub(super) fn poison(&self, why: &str) {
        self.poisoned.get_or_init(|| why.to_owned());
    }

    pub(super) fn poisoned(&self) -> Option<&str> {
        self.poisoned.get().map(String::as_str)
    }

    /// The payload of `key`, checked. Records are contiguous, so header and payload come with one read.
    pub(super) fn get(&self, key: &Key) -> Result<Bytes, GetError> {
        let (place, superblock) = {
            let state = self.state();
            let place = state.index.get(key).ok_or(GetError::NotFound)?.place;
            let superblock = state.files.get(&place.number()).expect("what is indexed lies in an open file");
            (place, Arc::clone(superblock))
        };
        let mut record = vec![0; RECORD_HEADER_BYTES + place.payload_bytes() as usize];
        match self.disk.read_at(&superblock.file, &mut record, place.offset()) {
            Ok(()) if is_record_of(&record, key, place, superblock.salt) => {
                Ok(Bytes::from(record).slice(RECORD_HEADER_BYTES..))
            }
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(GetError::Io(error)),
            _ => {
                self.corrupt_reads.fetch_add(1, Relaxed);
                Err(GetError::Corrupt { superblock: superblock.number, offset: place.offset() })
            }
        }
    }
}

fn is_record_of(record: &[u8], key: &Key, place: Place, salt: Salt) -> bool {
    let Some((header, payload)) = record.split_first_chunk() else { return false };
    RecordHeader::decode(header, salt, place.offset()).is_some_and(|header| {
        header.key == *key
            && header.payload_bytes == place.payload_bytes()
            && header.payload_crc == crc32c::crc32c(payload)
    })
}

/// Why a chunk cannot be had from here.
#[derive(Debug, thiserror::Error)]
pub enum GetError {
    #[error("not stored here")]
    NotFound,
    /// The copy is bad: read it elsewhere and have it repaired. Counted.
    #[error("the copy in superblock {superblock} at {offset} is damaged")]
    Corrupt { superblock: u32, offset: u64 },
    /// The disk did not answer; the copy may be good.
    #[error("the disk failed to read: {0}")]
    Io(#[source] io::Error),
}

/// Figures of one data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    pub chunks: u64,
    /// Payload bytes of those chunks.
    pub chunk_bytes: u64,
    pub superblocks: u64,
    /// Length of all superblock files.
    pub file_bytes: u64,
    /// Bytes that recovery found damaged, as far as the files remember.
    pub quarantined_bytes: u64,
    /// Counted since the engine was opened.
    pub written_bytes: u64,
    pub fsyncs: u64,
    pub corrupt_reads: u64,
    /// Why the directory takes no more writes, when it does not.
    pub poisoned: Option<String>,
    /// Unknown when the disk does not say.
    pub space: Option<Space>,
}

/// Read access to an engine's directory; clones share it.
#[derive(Debug)]
pub struct Reader<D: Disk>(pub(super) Arc<Shared<D>>);

impl<D: Disk> Clone for Reader<D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<D: Disk> Reader<D> {
    /// The bytes of a chunk. They match their CRC-32C; that they hash to their name is checked by whoever uses them
    /// (INT-1).
    ///
    /// # Errors
    /// When the chunk is not here or cannot be read as it was written.
    pub fn get(&self, key: &Key) -> Result<Bytes, GetError> {
        self.0.get(key)
    }

    /// Length of a chunk in bytes, if it is stored here. Reads nothing from the disk.
    #[must_use]
    pub fn chunk_bytes(&self, key: &Key) -> Option<u32> {
        self.0.state().index.get(key).map(|entry| entry.place.payload_bytes())
    }

    #[cfg(test)]
    pub(super) fn place(&self, key: &Key) -> Option<Place> {
        self.0.state().index.get(key).map(|entry| entry.place)
    }

    /// Up to `max` keys after `after` whose hash begins with a number in `leading`, in order.
    #[must_use]
    pub fn list(&self, leading: &RangeInclusive<u64>, after: Option<Key>, max: usize) -> Vec<Key> {
        self.0.state().index.list(leading, after, max)
    }

    #[must_use]
    pub fn stats(&self) -> Stats {
        let space = self.0.disk.space().ok();
        let state = self.0.state();
        Stats {
            chunks: state.index.chunks(),
            chunk_bytes: state.index.payload_bytes(),
            superblocks: state.files.len() as u64,
            file_bytes: self.0.file_bytes.load(Relaxed),
            quarantined_bytes: self.0.quarantined_bytes.load(Relaxed),
            written_bytes: self.0.written_bytes.load(Relaxed),
            fsyncs: self.0.fsyncs.load(Relaxed),
            corrupt_reads: self.0.corrupt_reads.load(Relaxed),
            poisoned: self.0.poisoned().map(str::to_owned),
            space,
        }
    }
}
