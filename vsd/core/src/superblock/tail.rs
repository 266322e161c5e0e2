//! The superblock being written, and the one made ready to follow it.

use std::{
    io,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use super::{
    bug::{Bug, planted},
    chunk::Key,
    disk::Disk,
    engine::Config,
    files::Superblock,
    format::{
        BLOCK_BYTES, FILE_HEADER_COPIES, FileHeader, FooterEntry, Kind, NUMBER_MAX, RECORD_HEADER_BYTES, RECORDS_START,
        RecordHeader, SUPERBLOCK_BYTES_MAX, encode_footer, file_name, footer_bytes, record_bytes,
    },
    op::{Move, Op, is_full},
    reader::Shared,
};

/// Footers for which every file keeps room: one to be sealed with and one for when that is found damaged.
const FOOTERS_MAX: u64 = 2;
/// What fills a record up to whole blocks.
const PADDING: [u8; 4096] = [0; 4096];
const _: () = assert!(PADDING.len() as u64 == BLOCK_BYTES);

/// A change as it is to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) op: &'a Op,
    kind: Kind,
    key: Key,
    payload: &'a [u8],
    payload_bytes: u32,
    payload_crc: u32,
    /// Given by the file it is first written to.
    sequence: Option<u64>,
}

impl<'a> Record<'a> {
    pub(super) fn of(op: &'a Op) -> Self {
        let (kind, payload, payload_bytes, payload_crc, sequence) = match op {
            Op::Put(put) => (Kind::Chunk, &put.chunk.bytes()[..], put.chunk.length(), put.chunk.crc(), None),
            Op::Delete(_) => (Kind::Tombstone, &[][..], 0, 0, None),
            Op::Move(Move { entry, payload, payload_crc }) => {
                let kind = if entry.is_tombstone() { Kind::Tombstone } else { Kind::Chunk };
                let resequenced = match kind {
                    Kind::Tombstone => planted(Bug::TombstoneResequenced),
                    Kind::Chunk => planted(Bug::ChunkResequenced),
                };
                let sequence = (!resequenced).then_some(entry.sequence);
                (kind, &payload[..], entry.place.payload_bytes(), *payload_crc, sequence)
            }
        };
        Self { op, kind, key: op.key(), payload, payload_bytes, payload_crc, sequence }
    }

    /// Bytes it takes in a file.
    pub(super) fn bytes(&self) -> u64 {
        record_bytes(self.payload_bytes)
    }

    /// Whether it is a delete, which makes room.
    pub(super) fn is_delete(&self) -> bool {
        matches!(self.op, Op::Delete(_))
    }
}

/// The superblock being written, or one that is only to be sealed.
#[derive(Debug)]
pub(super) struct Tail<F> {
    pub(super) superblock: Arc<Superblock<F>>,
    /// Where the next record goes; everything before is synced.
    pub(super) end: u64,
    pub(super) entries: Vec<FooterEntry>,
    pub(super) damage: Damage,
    /// Sequences given out in this file.
    sequences: u32,
    /// How far blocks were allocated beforehand.
    allocated_to: u64,
}

/// What recovery found in a file, for its footer. Nothing, in a file of this process.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Damage {
    pub(super) quarantined_bytes: u64,
    /// Everything below was durable before the crash; 0 where that is everything.
    pub(super) durable_to: u64,
}

impl<F> Tail<F> {
    pub(super) fn new(Spare { superblock, reserve_bytes, .. }: Spare<F>) -> Self {
        Self { allocated_to: reserve_bytes, ..Self::found(superblock, Vec::new(), RECORDS_START, Damage::default()) }
    }

    /// A file that recovery found, to be sealed at `end`.
    pub(super) fn found(superblock: Arc<Superblock<F>>, entries: Vec<FooterEntry>, end: u64, damage: Damage) -> Self {
        Self { superblock, end, entries, damage, sequences: 0, allocated_to: 0 }
    }

    /// Whether a record of so many bytes can still be added at `end` after `entries` others, and the file sealed.
    pub(super) fn has_room(&self, end: u64, entries: usize, bytes: u64, limit: u64) -> bool {
        end + bytes + FOOTERS_MAX * footer_bytes(self.entries.len() + entries + 1) <= limit
    }

    pub(super) fn reserve_left(&self) -> u64 {
        self.allocated_to.saturating_sub(self.end)
    }

    /// Writes a record at `end`, without syncing it.
    pub(super) fn write<D: Disk<File = F>>(
        &mut self,
        shared: &Shared<D>,
        record: &Record<'_>,
        end: u64,
    ) -> io::Result<FooterEntry> {
        let own = u64::from(self.superblock.number) << 32 | u64::from(self.sequences);
        let sequence = record.sequence.unwrap_or(own);
        let header = RecordHeader {
            kind: record.kind,
            key: record.key,
            payload_bytes: record.payload_bytes,
            payload_crc: record.payload_crc,
            sequence,
            durable_to: self.end,
        };
        let padding = record.bytes() - RECORD_HEADER_BYTES as u64 - u64::from(record.payload_bytes);
        let padding = &PADDING[..usize::try_from(padding).expect("less than a block")];
        let parts = [&header.encode(self.superblock.salt, end)[..], record.payload, padding];
        self.append(shared, &parts, record.bytes(), end)?;
        self.sequences += u32::from(record.sequence.is_none());
        Ok(FooterEntry {
            key: record.key,
            sequence,
            offset: end,
            payload_bytes: record.payload_bytes,
            kind: record.kind,
        })
    }

    /// Takes over what was synced.
    pub(super) fn add(&mut self, batch: Vec<FooterEntry>) {
        self.end += batch.iter().map(|entry| record_bytes(entry.payload_bytes)).sum::<u64>();
        self.entries.extend(batch);
    }

    /// Writes the footer and syncs it; returns its length.
    pub(super) fn seal<D: Disk<File = F>>(&mut self, shared: &Shared<D>) -> io::Result<u64> {
        let bytes = footer_bytes(self.entries.len());
        if self.end + bytes > SUPERBLOCK_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let footer = encode_footer(&mut self.entries, self.end, self.damage, self.superblock.salt);
        self.append(shared, &[&footer], bytes, self.end)?;
        // should this fail, the blocks behind the end are lost until the file is compacted
        let _ = shared.disk.truncate(&self.superblock.file, self.end + bytes);
        shared.sync(&self.superblock.file)?;
        Ok(bytes)
    }

    /// Writes `parts`, `bytes` long in all, to the end of the file; when that fails, the file ends there again and takes
    /// no more blocks than before, so that a full disk does not stay full of nothing and a footer can still end the file.
    fn append<D: Disk<File = F>>(
        &mut self,
        shared: &Shared<D>,
        parts: &[&[u8]],
        bytes: u64,
        end: u64,
    ) -> io::Result<()> {
        let file = &self.superblock.file;
        shared.disk.write_at(file, parts, end).inspect_err(|_| {
            // what stays behind is never published, so these may fail too
            let _ = shared.disk.truncate(file, end);
            if self.allocated_to > end && shared.disk.allocate(file, end, self.allocated_to - end).is_err() {
                self.allocated_to = end;
            }
        })?;
        shared.counters.written_bytes.fetch_add(bytes, Relaxed);
        Ok(())
    }
}

/// An empty superblock with blocks allocated: deletes find room in it when the disk is full.
#[derive(Debug)]
pub(super) struct Spare<F> {
    pub(super) superblock: Arc<Superblock<F>>,
    /// Length of the file that is allocated, headers included.
    pub(super) reserve_bytes: u64,
    /// Whether that is as much as it should be, or the file system cannot allocate at all. Without, only deletes are
    /// taken.
    pub(super) is_whole: bool,
}

impl<F> Spare<F> {
    /// Allocates as much of the reserve as there is room for, and makes the file durable.
    pub(super) fn new<D: Disk<File = F>>(
        shared: &Shared<D>,
        superblock: Arc<Superblock<F>>,
        config: &Config,
    ) -> io::Result<Self> {
        let mut spare = Self { superblock, reserve_bytes: 0, is_whole: false };
        let mut wanted = config.reserve_bytes;
        while wanted > RECORDS_START && !spare.allocate(shared, wanted)? {
            wanted /= 2;
        }
        spare.is_whole &= wanted == config.reserve_bytes;
        shared.sync(&spare.superblock.file)?;
        if !planted(Bug::NameNotSynced) {
            shared.sync_dir()?;
        }
        Ok(spare)
    }

    /// Takes what was missing, if there is room by now.
    pub(super) fn top_up<D: Disk<File = F>>(&mut self, shared: &Shared<D>, config: &Config) -> io::Result<()> {
        self.allocate(shared, config.reserve_bytes).map(drop)
    }

    /// Whether so many bytes are allocated now, as far as the file system can.
    fn allocate<D: Disk<File = F>>(&mut self, shared: &Shared<D>, bytes: u64) -> io::Result<bool> {
        let allocated = if planted(Bug::ReserveIgnored) { 0 } else { bytes };
        match shared.disk.allocate(&self.superblock.file, 0, allocated) {
            Ok(()) => (self.reserve_bytes, self.is_whole) = (bytes, true),
            Err(error) if error.kind() == io::ErrorKind::Unsupported => self.is_whole = true,
            Err(error) if is_full(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(self.is_whole)
    }
}

/// Makes the superblock of the next number, with its reserve.
pub(super) fn make_spare<D: Disk>(
    shared: &Shared<D>,
    config: &Config,
    next_number: &mut u32,
) -> io::Result<Spare<D::File>> {
    let number = *next_number;
    if number > NUMBER_MAX {
        return Err(io::Error::other("all superblock numbers are used up"));
    }
    let (disk, name, salt) = (&shared.disk, file_name(number), config.salt(number));
    let file = disk.create(&name)?;
    let header = FileHeader { number, dir: config.dir, salt }.encode().repeat(FILE_HEADER_COPIES);
    let written = disk.write_at(&file, &[&header], 0);
    let spare = written.and_then(|()| Spare::new(shared, Arc::new(Superblock { number, file, salt }), config));
    // it holds nothing: if it cannot be removed now, the next open does
    if spare.is_ok() || disk.remove(&name).is_err() {
        *next_number += 1;
    }
    spare
}
