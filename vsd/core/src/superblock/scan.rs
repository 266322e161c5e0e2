//! What one superblock file holds: from its footer when it has a sound one, else by looking at every block.
//!
//! The scan trusts nothing but checksums. A record whose header and payload check out counts wherever it lies; after
//! anything else it goes on at the next block. Whether a bad block was once acknowledged is told by `durable_to`:
//! every record says how far the file was synced before it, so what is bad below the highest of them is corruption,
//! and what is bad above is a group that a power cut tore.

use std::{io, ops::Range};

use super::{
    bug::{Bug, planted},
    disk::Disk,
    format::{
        BLOCK_BYTES, ENTRY_BYTES, FILE_HEADER_BYTES, FILE_HEADER_COPIES, FileHeader, FooterEntry, RECORD_HEADER_BYTES,
        RECORDS_START, ReadHeader, RecordHeader, Salt, TRAILER_BYTES, Trailer, decode_entries, record_bytes,
        whole_blocks,
    },
};

/// The file header: from the first copy that is sound. A copy that cannot be read is as good as damaged.
pub(super) fn file_header<D: Disk>(disk: &D, file: &D::File) -> ReadHeader {
    for copy in 0..FILE_HEADER_COPIES {
        let mut bytes = [0; FILE_HEADER_BYTES];
        if disk.read_at(file, &mut bytes, (copy * FILE_HEADER_BYTES) as u64).is_ok() {
            match FileHeader::decode(&bytes) {
                ReadHeader::Damaged => {}
                read => return read,
            }
        }
    }
    ReadHeader::Damaged
}

/// Whether both copies of the file header are sound.
pub(super) fn is_header_whole<D: Disk>(disk: &D, file: &D::File) -> bool {
    // a sync of it that failed before a crash is not reported again
    let _ = disk.forget(file, 0, RECORDS_START);
    let is_sound = |copy: usize| {
        let mut bytes = [0; FILE_HEADER_BYTES];
        let read = disk.read_at(file, &mut bytes, (copy * FILE_HEADER_BYTES) as u64);
        read.is_ok() && matches!(FileHeader::decode(&bytes), ReadHeader::Valid(_))
    };
    (0..FILE_HEADER_COPIES).all(is_sound)
}

/// What the end of a file says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Footer {
    Sound {
        entries: Vec<FooterEntry>,
        quarantined_bytes: u64,
    },
    /// Sealed, but the entries are bad: all records below `durable_to` were durable.
    Damaged {
        records_end: u64,
        durable_to: u64,
    },
    Missing,
    /// The disk did not answer; it may next time.
    Unreadable,
}

pub(super) fn footer<D: Disk>(disk: &D, file: &D::File, salt: Salt, file_bytes: u64) -> Footer {
    let mut bytes = [0; TRAILER_BYTES];
    let Some(offset) = file_bytes.checked_sub(TRAILER_BYTES as u64) else { return Footer::Missing };
    if disk.read_at(file, &mut bytes, offset).is_err() {
        return Footer::Unreadable;
    }
    let Some(trailer) = Trailer::decode(&bytes, salt, file_bytes) else { return Footer::Missing };
    let mut entries = vec![0; trailer.entries as usize * ENTRY_BYTES];
    if disk.read_at(file, &mut entries, trailer.records_end).is_err() {
        return Footer::Unreadable;
    }
    match decode_entries(&entries, &trailer) {
        Some(entries) => Footer::Sound { entries, quarantined_bytes: trailer.quarantined_bytes },
        None => {
            let Trailer { records_end, durable_to, .. } = trailer;
            let durable_to = if durable_to == 0 { records_end } else { durable_to.min(records_end) };
            Footer::Damaged { records_end, durable_to }
        }
    }
}

/// A stretch of a file in which no record can be served from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadRange {
    pub(super) range: Range<u64>,
    /// The record that lies there, when its header is still sound.
    pub(super) record: Option<FooterEntry>,
}

/// What a scan found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) entries: Vec<FooterEntry>,
    /// In order; ranges without a record are merged.
    pub(super) bad: Vec<BadRange>,
    /// The highest `durable_to` of any record.
    pub(super) durable_to: u64,
    /// Somewhere the disk did not answer: there may be more records than were found.
    pub(super) incomplete: bool,
}

/// What lies at a place of a file.
#[derive(Debug)]
pub(super) enum Seen<'a> {
    /// A record whose payload has the CRC that its header says.
    Record(&'a RecordHeader, &'a [u8]),
    /// A sound header whose payload is bad; none when it could not be read.
    BadPayload(&'a RecordHeader, Option<&'a [u8]>),
    /// A block in which no record begins.
    NoRecord,
}

/// Looks at every block of the file from `from` on, shows `see` the offset of each and what is there, and steps over what sound
/// records take. Returns whether the disk answered everywhere; that the file ends is an answer too.
pub(super) fn walk<D: Disk>(
    disk: &D,
    file: &D::File,
    salt: Salt,
    from: u64,
    file_bytes: u64,
    mut see: impl FnMut(u64, Seen<'_>),
) -> bool {
    let mut complete = true;
    let mut answered = |read: io::Result<()>| {
        complete &=
            read.as_ref().is_ok() || read.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::UnexpectedEof);
        read.is_ok()
    };
    let mut payload = Vec::new();
    let mut offset = from;
    while offset < file_bytes {
        let mut bytes = [0; RECORD_HEADER_BYTES];
        let read = answered(disk.read_at(file, &mut bytes, offset));
        let Some(header) = read.then(|| RecordHeader::decode(&bytes, salt, offset)).flatten() else {
            see(offset, Seen::NoRecord);
            if planted(Bug::ScanStopsAtBad) {
                break;
            }
            offset += BLOCK_BYTES;
            continue;
        };
        payload.resize(header.payload_bytes as usize, 0);
        let read = answered(disk.read_at(file, &mut payload, offset + RECORD_HEADER_BYTES as u64));
        if read && crc32c::crc32c(&payload) == header.payload_crc {
            see(offset, Seen::Record(&header, &payload));
            offset += record_bytes(header.payload_bytes);
        } else {
            see(offset, Seen::BadPayload(&header, read.then_some(&payload)));
            offset += BLOCK_BYTES;
        }
    }
    complete
}

/// Looks at every block of the file from `from` on.
pub(super) fn scan<D: Disk>(disk: &D, file: &D::File, salt: Salt, from: u64, file_bytes: u64) -> Scan {
    let mut scan = Scan::default();
    scan.incomplete = !walk(disk, file, salt, from, file_bytes, |offset, seen| scan.add(offset, &seen));
    scan.durable_to = scan.durable_to.min(whole_blocks(file_bytes));
    scan
}

impl Scan {
    /// Notes what was seen.
    pub(super) fn add(&mut self, offset: u64, seen: &Seen<'_>) {
        match seen {
            Seen::Record(header, _) => {
                self.durable_to = self.durable_to.max(header.durable_to);
                self.entries.push(header.entry(offset));
            }
            Seen::BadPayload(header, _) => {
                self.durable_to = self.durable_to.max(header.durable_to);
                let end = offset + record_bytes(header.payload_bytes);
                self.add_bad(offset..end, Some(header.entry(offset)));
            }
            Seen::NoRecord => self.add_bad(offset..offset + BLOCK_BYTES, None),
        }
    }

    /// Notes a bad stretch; the blocks of a bad record count once.
    fn add_bad(&mut self, range: Range<u64>, record: Option<FooterEntry>) {
        match self.bad.last_mut() {
            Some(last) if record.is_none() && range.start <= last.range.end && last.record.is_none() => {
                last.range.end = last.range.end.max(range.end);
            }
            Some(last) if record.is_none() && range.end <= last.range.end => {}
            _ => self.bad.push(BadRange { range, record }),
        }
    }

    /// Replaces what was found from `offset` on, a record's end, by what `again` found there.
    pub(super) fn replace_from(&mut self, offset: u64, again: Self) {
        self.entries.retain(|entry| entry.offset < offset);
        self.bad = self.corrupt_below(offset).collect();
        self.entries.extend(again.entries);
        self.bad.extend(again.bad);
        self.incomplete |= again.incomplete;
    }

    /// The records that end at or below `limit`, which are those known to be on the disk and not just in its cache.
    pub(super) fn keep_below(&mut self, limit: u64) {
        self.entries.retain(|entry| entry.offset + record_bytes(entry.payload_bytes) <= limit);
    }

    /// Bad stretches below `limit`, cut off there: what was durable once and is not any more. Tombstones have no
    /// payload, so they are never among the bad records.
    pub(super) fn corrupt_below(&self, limit: u64) -> impl Iterator<Item = BadRange> {
        let cut =
            move |bad: &BadRange| BadRange { range: bad.range.start..bad.range.end.min(limit), record: bad.record };
        self.bad.iter().filter(move |bad| bad.range.start < limit).map(cut)
    }

    /// Bytes of bad stretches from `limit` on: a torn group.
    pub(super) fn torn_above(&self, limit: u64) -> u64 {
        self.bad.iter().map(|bad| bad.range.end.saturating_sub(bad.range.start.max(limit))).sum()
    }
}
