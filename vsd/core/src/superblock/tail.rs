//! The superblock being written, and the one made ready to follow it.

use std::{
    io,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use super::{
    chunk::Key,
    disk::Disk,
    engine::Config,
    files::Superblock,
    format::{
        BLOCK_BYTES, FILE_HEADER_COPIES, FileHeader, FooterEntry, Kind, NUMBER_MAX, RECORD_HEADER_BYTES, RECORDS_START,
        RecordHeader, SUPERBLOCK_BYTES_MAX, encode_footer, file_name, footer_bytes, record_bytes,
    },
    op::{Move, Op},
    reader::Shared,
};

/// Footers for which every file keeps room: one to be sealed with and one for when that is found damaged.
const FOOTERS_MAX: u64 = 2;
/// What fills a record up to whole blocks.
const PADDING: [u8; BLOCK_BYTES as usize] = [0; BLOCK_BYTES as usize];

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
                (kind, &payload[..], entry.place.payload_bytes(), *payload_crc, Some(entry.sequence))
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

/// The superblock being written.
#[derive(Debug)]
pub(super) struct Tail<F> {
    pub(super) superblock: Arc<Superblock<F>>,
    /// Where the next record goes; everything before is synced.
    pub(super) end: u64,
    pub(super) entries: Vec<FooterEntry>,
    /// Sequences given out in this file.
    sequences: u32,
    /// How far blocks were allocated beforehand.
    allocated_to: u64,
}

impl<F> Tail<F> {
    pub(super) fn new(superblock: Arc<Superblock<F>>, reserve_bytes: u64) -> Self {
        Self { superblock, end: RECORDS_START, entries: Vec::new(), sequences: 0, allocated_to: reserve_bytes }
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
        let sequence = record.sequence.unwrap_or_else(|| {
            let next = u64::from(self.superblock.number) << 32 | u64::from(self.sequences);
            self.sequences += 1;
            next
        });
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
        write_or_give_back(shared, &self.superblock.file, &parts, record.bytes(), end)?;
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
}

/// An empty superblock with blocks allocated: deletes find room in it when the disk is full.
#[derive(Debug)]
pub(super) struct Spare<F> {
    pub(super) superblock: Arc<Superblock<F>>,
    /// 0 where the file system cannot allocate.
    pub(super) reserve_bytes: u64,
}

impl<F> Spare<F> {
    /// Makes use of an empty superblock that an earlier process left; `None` when the disk has no room for a reserve.
    pub(super) fn adopt<D: Disk<File = F>>(
        shared: &Shared<D>,
        superblock: Arc<Superblock<F>>,
        config: &Config,
    ) -> Option<Self> {
        let spare = Self::reserve(shared, superblock, config);
        spare.inspect_err(|(superblock, _)| drop(shared.disk.remove(&file_name(superblock.number)))).ok()
    }

    /// Allocates the reserve and makes the file durable.
    fn reserve<D: Disk<File = F>>(
        shared: &Shared<D>,
        superblock: Arc<Superblock<F>>,
        config: &Config,
    ) -> Result<Self, (Arc<Superblock<F>>, io::Error)> {
        let reserved = match shared.disk.allocate(&superblock.file, 0, config.reserve_bytes) {
            Ok(()) => Ok(config.reserve_bytes),
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(0),
            Err(error) => Err(error),
        };
        let durable = reserved.and_then(|reserve_bytes| {
            shared.sync(&superblock.file)?;
            shared.sync_dir()?;
            Ok(reserve_bytes)
        });
        match durable {
            Ok(reserve_bytes) => Ok(Self { superblock, reserve_bytes }),
            Err(error) => Err((superblock, error)),
        }
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
    *next_number += 1;
    let header = FileHeader { number, dir: config.dir, salt }.encode().repeat(FILE_HEADER_COPIES);
    // it holds nothing: if it cannot be removed now, the next open does
    let give_up = |error| {
        let _ = disk.remove(&name);
        error
    };
    disk.write_at(&file, &[&header], 0).map_err(give_up)?;
    let superblock = Arc::new(Superblock { number, file, salt });
    Spare::reserve(shared, superblock, config).map_err(|(_, error)| give_up(error))
}

/// Seals a file whose records end at `records_end` and are synced; returns the footer's length.
pub(super) fn write_footer<D: Disk>(
    shared: &Shared<D>,
    superblock: &Superblock<D::File>,
    entries: &mut [FooterEntry],
    records_end: u64,
    quarantined_bytes: u64,
) -> io::Result<u64> {
    let bytes = footer_bytes(entries.len());
    if records_end + bytes > SUPERBLOCK_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let footer = encode_footer(entries, records_end, quarantined_bytes, superblock.salt);
    write_or_give_back(shared, &superblock.file, &[&footer], bytes, records_end)?;
    // blocks that stay allocated are only lost until the file is compacted
    let _ = shared.disk.trim(&superblock.file);
    shared.sync(&superblock.file)?;
    Ok(bytes)
}

/// Writes `parts`, `bytes` long in all; when that fails, gives the blocks back that it may have taken, so that a full
/// disk does not stay full of nothing.
fn write_or_give_back<D: Disk>(
    shared: &Shared<D>,
    file: &D::File,
    parts: &[&[u8]],
    bytes: u64,
    offset: u64,
) -> io::Result<()> {
    shared.disk.write_at(file, parts, offset).inspect_err(|_| {
        // what stays behind is no valid record, so this may fail too
        let _ = shared.disk.punch(file, offset, bytes);
    })?;
    shared.counters.written_bytes.fetch_add(bytes, Relaxed);
    Ok(())
}
