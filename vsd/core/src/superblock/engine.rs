//! The one writer of a data directory.
//!
//! A group of puts is appended, synced once, and only then published and answered. Each step leaves the directory as
//! sound as it was: a write that fails has published nothing and its blocks are given back; an fsync that fails ends
//! all writing and withdraws the group; a footer that cannot be written is made up for when the directory is next
//! opened.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use vs_core::{
    hash::Hash,
    id::{AssetId, DirId},
};

use super::{
    chunk::{Key, VerifiedChunk},
    disk::Disk,
    format::{
        FILE_HEADER_COPIES, FileHeader, FooterEntry, Kind, NUMBER_MAX, RECORDS_START, RecordHeader,
        SUPERBLOCK_BYTES_MAX, Salt, encode_footer, file_name, footer_bytes, record_bytes,
    },
    index::Entry,
    reader::{GetError, Reader, Shared, Superblock},
    recovery::{self, OpenError, Recovery},
};

/// Most payload bytes that should share one fsync: enough to hide its cost, little enough to answer in a tenth of a
/// second.
pub const GROUP_BYTES_MAX: usize = 16 << 20;
/// How full the file system may be before chunks are refused, in percent.
const FULL_PERCENT: u8 = 95;
/// Footers for which every file keeps room: one to be sealed with and one for when that is found damaged.
const FOOTERS_MAX: u64 = 2;

/// How a directory is opened.
#[derive(Clone, Debug)]
pub struct Config {
    /// The directory's own id. Files of another directory are refused.
    pub dir: DirId,
    /// Fresh randomness, from which the salts of new superblocks are made.
    pub seed: [u8; 32],
    /// An fsync on this directory failed before and nobody has checked it since: it takes no writes, and serves only
    /// what is known to be on the disk and not just in its cache.
    pub failed_fsync: bool,
    /// From how many percent on chunks are refused.
    pub full_percent: u8,
    pub superblock_bytes_max: u64,
}

impl Config {
    #[must_use]
    pub fn new(dir: DirId, seed: [u8; 32]) -> Self {
        Self { dir, seed, failed_fsync: false, full_percent: FULL_PERCENT, superblock_bytes_max: SUPERBLOCK_BYTES_MAX }
    }

    /// The salt of a superblock: nobody can know it who has not seen the seed or the file.
    fn salt(&self, number: u32) -> Salt {
        let mut input = self.seed.to_vec();
        input.extend(number.to_le_bytes());
        let mut salt = [0; 16];
        salt.copy_from_slice(&Hash::of(&input).0[..16]);
        Salt(salt)
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

/// Either way the chunk is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutOutcome {
    Created,
    /// It was here already, and the stored bytes are good.
    AlreadyDurable,
}

/// Why a chunk is not stored.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PutError {
    /// Store it elsewhere until space is made here.
    #[error("the disk is full")]
    Full,
    /// Store it elsewhere; the directory needs its operator.
    #[error("the directory takes no more writes: {0}")]
    NoWrites(String),
    /// This write failed; another may not.
    #[error("the disk failed to write: {0}")]
    Io(#[source] Arc<io::Error>),
}

impl From<io::Error> for PutError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io(Arc::new(error)),
        }
    }
}

/// The superblock being written.
#[derive(Debug)]
struct Tail<F> {
    superblock: Arc<Superblock<F>>,
    /// Where the next record goes; everything before is synced.
    end: u64,
    /// Sequences given out in this file.
    sequences: u32,
    entries: Vec<FooterEntry>,
}

impl<F> Tail<F> {
    /// Whether a record of so many bytes can still be added at `end` after `entries` others, and the file sealed.
    fn has_room(&self, end: u64, entries: usize, bytes: u64, limit: u64) -> bool {
        end + bytes + FOOTERS_MAX * footer_bytes(self.entries.len() + entries + 1) <= limit
    }
}

/// The writer. Dropping it is like a crash; [`close`](Self::close) makes the next open faster.
#[derive(Debug)]
pub struct Engine<D: Disk> {
    shared: Arc<Shared<D>>,
    config: Config,
    next_number: u32,
    tail: Option<Tail<D::File>>,
    /// The record being written; kept to save allocations.
    record: Vec<u8>,
}

impl<D: Disk> Engine<D> {
    /// Opens a directory, empty or not, and recovers what it holds.
    ///
    /// # Errors
    /// When the directory is not one this release may write to, or cannot be read at all. Damage within files is no
    /// error: it is reported, and the rest is served.
    pub fn open(disk: D, config: Config) -> Result<(Self, Recovery), OpenError> {
        let shared = Arc::new(Shared::new(disk));
        let (next_number, recovery) = recovery::recover(&shared, &config)?;
        Ok((Self { shared, config, next_number, tail: None, record: Vec::new() }, recovery))
    }

    #[must_use]
    pub fn reader(&self) -> Reader<D> {
        Reader(Arc::clone(&self.shared))
    }

    /// Stores chunks under one fsync, or one for each file they are spread over; answers are in the order of `puts`.
    ///
    /// The same chunk twice is written once, and both are answered after its fsync.
    pub fn write_group(&mut self, puts: &[Put]) -> Vec<Result<PutOutcome, PutError>> {
        let mut first: HashMap<Key, usize> = HashMap::new();
        let mut fresh = Vec::new();
        let mut position = Vec::with_capacity(puts.len());
        for put in puts {
            let at = *first.entry(put.key()).or_insert_with(|| {
                fresh.push(put);
                fresh.len() - 1
            });
            position.push(at);
        }
        let absent: Vec<usize> = (0..fresh.len()).filter(|&at| !self.is_sound(&fresh[at].key())).collect();
        let absent_puts: Vec<_> = absent.iter().map(|&at| fresh[at]).collect();
        let (durable, error) = self.append(&absent_puts);

        let mut answers: Vec<Result<PutOutcome, PutError>> = vec![Ok(PutOutcome::AlreadyDurable); fresh.len()];
        for (nth, &at) in absent.iter().enumerate() {
            answers[at] = match &error {
                Some(error) if nth >= durable => Err(error.clone()),
                _ => Ok(PutOutcome::Created),
            };
        }
        position.into_iter().map(|at| answers[at].clone()).collect()
    }

    /// Why the directory takes no more writes, when it does not.
    #[must_use]
    pub fn refuses_writes(&self) -> Option<&str> {
        self.shared.poisoned()
    }

    /// Seals the superblock being written, so that the next open need not scan it.
    pub fn close(mut self) {
        if self.shared.poisoned().is_none() {
            self.seal_tail();
        }
    }

    /// Whether the chunk is here and its stored bytes are good. A copy that cannot be read is written again.
    fn is_sound(&self, key: &Key) -> bool {
        match self.shared.get(key) {
            Ok(_) => true,
            Err(GetError::NotFound | GetError::Corrupt { .. } | GetError::Io(_)) => false,
        }
    }

    /// Appends `puts` in order: the first so many are durable and published, the others failed for the reason given.
    fn append(&mut self, puts: &[&Put]) -> (usize, Option<PutError>) {
        let mut durable = 0;
        while durable < puts.len() {
            match self.append_some(&puts[durable..]) {
                Ok(more) => durable += more,
                Err(error) => return (durable, Some(error)),
            }
        }
        (durable, None)
    }

    /// Appends as many of `puts` as go into one file, at least one, and returns how many.
    fn append_some(&mut self, puts: &[&Put]) -> Result<usize, PutError> {
        self.admit()?;
        let first = record_bytes(puts[0].chunk.length());
        let limit = self.config.superblock_bytes_max;
        if !self.tail.as_ref().is_some_and(|tail| tail.has_room(tail.end, 0, first, limit)) {
            self.roll()?;
        }
        let batch = self.write(puts)?;
        let tail = self.tail.as_mut().expect("written to just now");
        if self.shared.sync(&tail.superblock.file).is_err() {
            // the group is withdrawn: never published, and nothing is appended after it
            self.tail = None;
            return Err(self.refusal());
        }
        let number = tail.superblock.number;
        let mut state = self.shared.state_mut();
        for entry in &batch {
            state.index.insert(Entry::new(number, entry));
            tail.end = entry.offset + record_bytes(entry.payload_bytes);
        }
        drop(state);
        let written = batch.len();
        tail.entries.extend(batch);
        Ok(written)
    }

    /// Writes records behind the tail's end, without syncing them: the first of `puts` and as many more as have room
    /// and do not fail.
    fn write(&mut self, puts: &[&Put]) -> Result<Vec<FooterEntry>, PutError> {
        let tail = self.tail.as_mut().expect("rolled before");
        let superblock = Arc::clone(&tail.superblock);
        let Superblock { number, file, salt } = &*superblock;
        let mut batch: Vec<FooterEntry> = Vec::new();
        let mut end = tail.end;
        for put in puts {
            let bytes = record_bytes(put.chunk.length());
            if !batch.is_empty() && !tail.has_room(end, batch.len(), bytes, self.config.superblock_bytes_max) {
                break;
            }
            let header = RecordHeader {
                kind: Kind::Chunk,
                key: put.key(),
                payload_bytes: put.chunk.length(),
                payload_crc: put.chunk.crc(),
                sequence: u64::from(*number) << 32 | u64::from(tail.sequences),
                durable_to: tail.end,
            };
            tail.sequences += 1;
            self.record.clear();
            self.record.extend(header.encode(*salt, end));
            self.record.extend_from_slice(put.chunk.bytes());
            self.record.resize(usize::try_from(bytes).expect("a record fits in memory"), 0);
            match write_or_give_back(&self.shared, file, &self.record, end) {
                Ok(()) => {}
                Err(error) if batch.is_empty() => return Err(error.into()),
                Err(_) => break,
            }
            batch.push(FooterEntry {
                key: header.key,
                sequence: header.sequence,
                offset: end,
                payload_bytes: header.payload_bytes,
                kind: header.kind,
            });
            end += bytes;
        }
        self.shared.file_bytes.fetch_add(end - tail.end, Relaxed);
        Ok(batch)
    }

    /// Whether the directory takes chunks now.
    fn admit(&self) -> Result<(), PutError> {
        if self.shared.poisoned().is_some() {
            return Err(self.refusal());
        }
        // a disk that does not say how full it is says so when it is
        let Ok(space) = self.shared.disk.space() else { return Ok(()) };
        let used = u128::from(space.total.saturating_sub(space.free));
        if used * 100 >= u128::from(space.total) * u128::from(self.config.full_percent) {
            return Err(PutError::Full);
        }
        Ok(())
    }

    fn refusal(&self) -> PutError {
        PutError::NoWrites(self.shared.poisoned().unwrap_or_default().to_owned())
    }

    /// Seals the tail and begins a new superblock. Its header and its name are durable before any record is.
    fn roll(&mut self) -> Result<(), PutError> {
        self.seal_tail();
        if self.shared.poisoned().is_some() {
            return Err(self.refusal());
        }
        let number = self.next_number;
        if number > NUMBER_MAX {
            return Err(io::Error::other("all superblock numbers are used up").into());
        }
        let (disk, name) = (&self.shared.disk, file_name(number));
        let salt = self.config.salt(number);
        let file = disk.create(&name)?;
        let header = FileHeader { number, dir: self.config.dir, salt }.encode().repeat(FILE_HEADER_COPIES);
        self.next_number += 1;
        if let Err(error) = disk.write_at(&file, &header, 0) {
            // it holds nothing: if it cannot be removed now, the next open does
            let _ = disk.remove(&name);
            return Err(error.into());
        }
        if self.shared.sync(&file).is_err() || self.shared.sync_dir().is_err() {
            return Err(self.refusal());
        }
        self.shared.file_bytes.fetch_add(RECORDS_START, Relaxed);
        let superblock = Arc::new(Superblock { number, file, salt });
        self.shared.state_mut().files.insert(number, Arc::clone(&superblock));
        self.tail = Some(Tail { superblock, end: RECORDS_START, sequences: 0, entries: Vec::new() });
        Ok(())
    }

    /// Ends the superblock being written. Its records are durable and indexed already, so a footer that fails to be
    /// written only costs the next open a scan.
    fn seal_tail(&mut self) {
        let Some(mut tail) = self.tail.take() else { return };
        let _ = write_footer(&self.shared, &tail.superblock.file, tail.superblock.salt, &mut tail.entries, tail.end, 0);
        let runs = self.shared.state().index.sealed_runs();
        let freed = self.shared.state_mut().index.seal(runs);
        drop(freed);
    }
}

/// Seals a file whose records end at `records_end` and are synced.
pub(super) fn write_footer<D: Disk>(
    shared: &Shared<D>,
    file: &D::File,
    salt: Salt,
    entries: &mut [FooterEntry],
    records_end: u64,
    quarantined_bytes: u64,
) -> io::Result<()> {
    if records_end + footer_bytes(entries.len()) > SUPERBLOCK_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let footer = encode_footer(entries, records_end, quarantined_bytes, salt);
    write_or_give_back(shared, file, &footer, records_end)?;
    shared.file_bytes.fetch_add(footer.len() as u64, Relaxed);
    shared.sync(file)
}

/// Writes `bytes`; when that fails, gives the blocks back that it may have taken, so that a full disk does not stay
/// full of nothing.
fn write_or_give_back<D: Disk>(shared: &Shared<D>, file: &D::File, bytes: &[u8], offset: u64) -> io::Result<()> {
    let length = bytes.len() as u64;
    shared.disk.write_at(file, bytes, offset).inspect_err(|_| {
        // what stays behind is no valid record, so this may fail too
        let _ = shared.disk.punch(file, offset, length);
    })?;
    shared.written_bytes.fetch_add(length, Relaxed);
    Ok(())
}
