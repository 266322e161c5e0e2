//! Reading, by as many as like, while the one writer writes.

use std::{
    collections::{BTreeSet, HashSet},
    io,
    ops::{Bound, RangeInclusive},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use vs_core::hash::Hash;

use super::{
    bug::{Bug, planted},
    chunk::Key,
    disk::{Disk, Space},
    files::{Files, Superblock, SuperblockInfo},
    format::{RECORD_HEADER_BYTES, RecordHeader, Salt, record_bytes},
    index::{Entry, Index, Place},
    op::Refusal,
    pool::Pool,
};

/// Damaged chunks that are remembered; more are found again by the next scrub.
const DAMAGED_MAX: usize = 100_000;

#[derive(Debug, Default)]
pub(super) struct State<F> {
    pub(super) index: Index,
    pub(super) files: Files<F>,
}

impl<F> State<F> {
    /// Makes a record of the superblock being written what readers see; returns what they saw before.
    pub(super) fn publish(&mut self, entry: Entry) -> Option<Entry> {
        let replaced = self.index.insert(entry);
        if let Some(old) = replaced {
            self.files.tally(old.place).remove_live(old.place);
        }
        self.files.tally(entry.place).add(&entry);
        if !entry.is_tombstone() {
            self.files.tally(entry.place).add_live(entry.place);
        }
        replaced
    }

    fn place(&self, key: &Key) -> Option<(Place, Arc<Superblock<F>>)> {
        let place = self.index.get(key)?.place;
        Some((place, Arc::clone(self.files.get(place.number()).expect("what is indexed lies in an open file"))))
    }
}

/// Counted since the engine was opened.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) written_bytes: AtomicU64,
    pub(super) fsyncs: AtomicU64,
    pub(super) deletes: AtomicU64,
    pub(super) punched_bytes: AtomicU64,
    pub(super) moved_bytes: AtomicU64,
    pub(super) retired_superblocks: AtomicU64,
    corrupt_reads: AtomicU64,
}

/// What the writer and the readers share. The lock is held for lookups and publishing only, never during I/O.
#[derive(Debug)]
pub(super) struct Shared<D: Disk> {
    pub(super) disk: D,
    state: RwLock<State<D::File>>,
    /// Why there are no more writes.
    refusal: OnceLock<Refusal>,
    pub(super) counters: Counters,
    pub(super) reserve_bytes: AtomicU64,
    /// Chunks whose newest copy is bad.
    damaged: Mutex<BTreeSet<Key>>,
    /// Chunks of which a delete failed: its tombstone may have come to the disk nevertheless, so that they are only safe
    /// once they are written again.
    doubted: Mutex<HashSet<Key>>,
    pool: Arc<Pool>,
}

impl<D: Disk> Shared<D> {
    pub(super) fn new(disk: D) -> Self {
        let state = State { index: Index::default(), files: Files::default() };
        Self {
            disk,
            state: RwLock::new(state),
            refusal: OnceLock::new(),
            counters: Counters::default(),
            reserve_bytes: AtomicU64::new(0),
            damaged: Mutex::default(),
            doubted: Mutex::default(),
            pool: Arc::default(),
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

    pub(super) fn damaged(&self) -> MutexGuard<'_, BTreeSet<Key>> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn doubted(&self) -> MutexGuard<'_, HashSet<Key>> {
        self.doubted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note_damaged(&self, key: Key) {
        let mut damaged = self.damaged();
        if damaged.len() < DAMAGED_MAX {
            damaged.insert(key);
        }
    }

    /// Counts a bad copy of a chunk that is stored here, unless it was deleted meanwhile.
    fn found_damaged(&self, key: Key) {
        self.counters.corrupt_reads.fetch_add(1, Relaxed);
        self.note_damaged(key);
        if self.state().index.get(&key).is_none() {
            self.damaged().remove(&key);
        }
    }

    /// Syncs a file and counts it. After a failure the directory takes no more writes.
    pub(super) fn sync(&self, file: &D::File) -> io::Result<()> {
        self.counters.fsyncs.fetch_add(1, Relaxed);
        let failed = |error: &io::Error| self.refuse(Refusal::FailedFsync(format!("fsync failed: {error}")));
        let synced = self.disk.sync(file);
        let synced = if planted(Bug::FsyncRetried) { synced.or_else(|_| self.disk.sync(file)) } else { synced };
        synced.inspect_err(failed)
    }

    /// Syncs the directory itself, under the same rule.
    pub(super) fn sync_dir(&self) -> io::Result<()> {
        self.counters.fsyncs.fetch_add(1, Relaxed);
        let why = |error: &io::Error| format!("fsync of the directory failed: {error}");
        self.disk.sync_dir().inspect_err(|error| self.refuse(Refusal::FailedFsync(why(error))))
    }

    /// Ends all writing; the first reason stays.
    pub(super) fn refuse(&self, why: Refusal) {
        self.refusal.get_or_init(|| why);
    }

    pub(super) fn refusal(&self) -> Option<&Refusal> {
        self.refusal.get()
    }

    /// The payload of `key`, checked. A chunk that moved while it was read is read where it lies now.
    pub(super) fn get(&self, key: &Key) -> Result<Bytes, GetError> {
        let (mut place, mut superblock) = self.state().place(key).ok_or(GetError::NotFound)?;
        loop {
            let read = self.read(key, place, &superblock);
            let error = match read {
                Ok((payload, _)) => return Ok(payload),
                Err(error) => error,
            };
            match self.state().place(key) {
                None => return Err(GetError::NotFound),
                Some((now, _)) if now == place => {
                    if error.is_of_the_copy() {
                        self.found_damaged(*key);
                    }
                    return Err(error);
                }
                Some(moved) => (place, superblock) = moved,
            }
        }
    }

    /// The payload of a record, checked, and its CRC. Records are contiguous, so header and payload come with one read.
    pub(super) fn read(
        &self,
        key: &Key,
        place: Place,
        superblock: &Superblock<D::File>,
    ) -> Result<(Bytes, u32), GetError> {
        let corrupt = || GetError::Corrupt { superblock: superblock.number, offset: place.offset() };
        let mut record = self.pool.take(RECORD_HEADER_BYTES + place.payload_bytes() as usize);
        match self.disk.read_at(&superblock.file, record.as_mut(), place.offset()) {
            Ok(()) => {
                let crc = crc_of_record(record.as_ref(), key, place, superblock.salt).ok_or_else(corrupt)?;
                Ok((record.freeze().slice(RECORD_HEADER_BYTES..), crc))
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(corrupt()),
            Err(error) => Err(GetError::Io(error)),
        }
    }
}

/// The CRC of the payload, if these bytes are the record of `key` at `place` as it was written.
fn crc_of_record(record: &[u8], key: &Key, place: Place, salt: Salt) -> Option<u32> {
    let (header, payload) = record.split_first_chunk()?;
    let header = RecordHeader::decode(header, salt, place.offset())?;
    let is_sound = header.key == *key
        && header.payload_bytes == place.payload_bytes()
        && (header.payload_crc == crc32c::crc32c(payload) || planted(Bug::ReadWithoutCrc));
    is_sound.then_some(header.payload_crc)
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

/// What a kernel says that was interrupted, or has no memory or no descriptors to spare: `EINTR`, `ENOMEM`, `ENFILE`,
/// `EMFILE`, and `ETIMEDOUT`. Whatever else it says of a read (`EIO`, `EUCLEAN`, `ESTALE` ...), saying it again will not
/// help.
const NOT_OF_THE_COPY: [i32; 5] = [4, 12, 23, 24, 110];

impl GetError {
    /// Whether the copy is at fault, so that it has to be written again, and not how busy the machine is.
    #[must_use]
    pub fn is_of_the_copy(&self) -> bool {
        match self {
            Self::NotFound => false,
            Self::Corrupt { .. } => true,
            Self::Io(error) => error.raw_os_error().is_some_and(|errno| !NOT_OF_THE_COPY.contains(&errno)),
        }
    }
}

/// Where a chunk lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    pub superblock: u32,
    /// Of the record's header, in bytes.
    pub offset: u64,
    pub payload_bytes: u32,
    pub sequence: u64,
}

/// Figures of one data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    pub chunks: u64,
    /// Payload bytes of those chunks.
    pub chunk_bytes: u64,
    pub superblocks: u64,
    /// Length of all superblock files, holes included.
    pub file_bytes: u64,
    /// Bytes that recovery found damaged, as far as the files remember.
    pub quarantined_bytes: u64,
    /// Chunks known to be damaged and not repaired since.
    pub damaged: u64,
    pub tombstones: u64,
    /// Blocks kept for deletes when the disk is full.
    pub reserve_bytes: u64,
    /// Counted since the engine was opened, like all below.
    pub written_bytes: u64,
    pub fsyncs: u64,
    /// Reads that found a copy damaged or unreadable.
    pub corrupt_reads: u64,
    pub deletes: u64,
    /// Given back to the file system after deletes and moves.
    pub punched_bytes: u64,
    /// Carried out of superblocks by compaction.
    pub moved_bytes: u64,
    pub retired_superblocks: u64,
    /// Why the directory takes no more writes, when it does not.
    pub refusal: Option<Refusal>,
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

    /// Reads a chunk from the device, past what is cached of it, and checks that its bytes hash to its name. Returns
    /// their number. This is what scrubbing does to every chunk.
    ///
    /// # Errors
    /// When the chunk is not here or is not what was written; it counts as damaged then.
    pub fn check(&self, key: &Key) -> Result<u32, GetError> {
        let (place, superblock) = self.0.state().place(key).ok_or(GetError::NotFound)?;
        // a disk that cannot forget is read through its cache
        let _ = self.0.disk.forget(&superblock.file, place.offset(), record_bytes(place.payload_bytes()));
        let bytes = self.get(key)?;
        if Hash::of(&bytes) != key.hash {
            self.0.found_damaged(*key);
            return Err(GetError::Corrupt { superblock: superblock.number, offset: place.offset() });
        }
        // a bad read before may have been the bus or the memory, or the copy was written again since
        self.0.damaged().remove(key);
        Ok(place.payload_bytes())
    }

    /// Whether the disk gives, or refuses, each of so many chunks behind `after`, and from the front again; false when there
    /// are fewer. Ends at the first that is otherwise. Names the last one read.
    ///
    /// Chunks that follow one another by their hashes lie anywhere. Those that have rotted are given: they can be written
    /// again where they are.
    #[must_use]
    pub fn are_all(&self, given: bool, after: Option<Key>, chunks: usize) -> (bool, Option<Key>) {
        let mut sample = self.list(&(0..=u64::MAX), after, chunks);
        let missing = chunks - sample.len();
        sample.extend(self.list(&(0..=u64::MAX), None, missing).into_iter().filter(|key| Some(*key) <= after));
        let mut last = after;
        let is_so = |key: &Key| {
            last = Some(*key);
            match self.check(key) {
                Ok(_) | Err(GetError::Corrupt { .. }) => given,
                Err(error) => !given && error.is_of_the_copy(),
            }
        };
        (sample.len() == chunks && sample.iter().all(is_so), last)
    }

    /// Length of a chunk in bytes, if it is stored here. Reads nothing from the disk.
    #[must_use]
    pub fn chunk_bytes(&self, key: &Key) -> Option<u32> {
        self.0.state().index.get(key).map(|entry| entry.place.payload_bytes())
    }

    #[must_use]
    pub fn locate(&self, key: &Key) -> Option<Location> {
        self.0.state().index.get(key).map(|Entry { sequence, place, .. }| Location {
            superblock: place.number(),
            offset: place.offset(),
            payload_bytes: place.payload_bytes(),
            sequence: *sequence,
        })
    }

    /// Up to `max` keys after `after` whose hash begins with a number in `leading`, in order.
    #[must_use]
    pub fn list(&self, leading: &RangeInclusive<u64>, after: Option<Key>, max: usize) -> Vec<Key> {
        self.0.state().index.list(leading, after, max)
    }

    /// Up to `max` chunks after `after` that were found bad by a read, a scrub or recovery and were neither written
    /// again nor deleted since, in order. At most 100,000 are remembered.
    #[must_use]
    pub fn damaged(&self, after: Option<Key>, max: usize) -> Vec<Key> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.0.damaged().range((start, Bound::Unbounded)).take(max).copied().collect()
    }

    /// Whether [`damaged`](Self::damaged) lists it.
    #[must_use]
    pub fn is_listed_damaged(&self, key: &Key) -> bool {
        self.0.damaged().contains(key)
    }

    /// Whether it may be gone after the next open, although it can be read: a delete of it failed, and it was not written
    /// again.
    #[must_use]
    pub fn is_doubted(&self, key: &Key) -> bool {
        self.0.doubted().contains(key)
    }

    /// All superblocks, in the order of their numbers.
    #[must_use]
    pub fn superblocks(&self) -> Vec<SuperblockInfo> {
        let held: Vec<_> = self.0.state().files.iter().cloned().collect();
        held.iter().map(|held| held.info(&self.0.disk)).collect()
    }

    /// All figures; asks the disk how full it is.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.figures(self.0.disk.space().ok())
    }

    /// All figures with what is known of the disk's space. Asks the disk nothing.
    #[must_use]
    pub fn figures(&self, space: Option<Space>) -> Stats {
        let damaged = self.0.damaged().len() as u64;
        let state = self.0.state();
        let count = |counter: &AtomicU64| counter.load(Relaxed);
        let counters = &self.0.counters;
        Stats {
            chunks: state.index.chunks(),
            chunk_bytes: state.index.payload_bytes(),
            superblocks: state.files.iter().count() as u64,
            file_bytes: state.files.sum(|tally| tally.file_bytes),
            quarantined_bytes: state.files.sum(|tally| tally.quarantined_bytes),
            damaged,
            tombstones: state.files.sum(|tally| tally.tombstones),
            reserve_bytes: count(&self.0.reserve_bytes),
            written_bytes: count(&counters.written_bytes),
            fsyncs: count(&counters.fsyncs),
            corrupt_reads: count(&counters.corrupt_reads),
            deletes: count(&counters.deletes),
            punched_bytes: count(&counters.punched_bytes),
            moved_bytes: count(&counters.moved_bytes),
            retired_superblocks: count(&counters.retired_superblocks),
            refusal: self.0.refusal().cloned(),
            space,
        }
    }
}
