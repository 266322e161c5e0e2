//! Looking into superblock files without ever writing: what `vsd inspect` shows and the check builds on.
//!
//! Nothing is trusted but checksums, so any file may be looked into, of whatever origin, and while a daemon writes to
//! it: then the end of the newest file may be seen torn, and files may vanish between two calls.

use std::{io, ops::Range};

use vs_core::{hash::Hash, id::DirId};

use super::{
    chunk::Key,
    disk::Disk,
    format::{
        BLOCK_BYTES, FILE_HEADER_BYTES, FILE_HEADER_COPIES, FORMAT_VERSION, FileHeader, FooterEntry, Kind,
        RECORD_HEADER_BYTES, RECORDS_START, ReadHeader, RecordHeader, SUPERBLOCK_BYTES_MAX, Salt, TRAILER_BYTES,
        Trailer, file_name, file_number, footer_bytes, record_bytes,
    },
    scan::{Footer, Scan, Seen, footer, walk},
};

/// Why a file cannot be looked into.
#[derive(Debug, thiserror::Error)]
pub enum NotSuperblock {
    #[error("it is empty")]
    Empty,
    #[error("both copies of its file header are damaged")]
    Damaged,
    #[error("it was written by a newer release (format {0}, this one reads {FORMAT_VERSION})")]
    Newer(u32),
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A file with a sound file header.
#[derive(Debug)]
pub struct OpenSuperblock<F> {
    /// What the header says, whatever the file is called.
    pub number: u32,
    pub dir: DirId,
    pub file_bytes: u64,
    /// Which of the two copies of the header is damaged, when one is.
    pub damaged_copy: Option<usize>,
    pub(super) file: F,
    pub(super) salt: Salt,
}

/// What the end of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FooterState {
    Sound {
        records: usize,
        /// Bytes that were found damaged before the file was sealed.
        quarantined_bytes: u64,
    },
    /// The file was sealed, and its footer went bad since.
    Damaged,
    /// Not sealed: it is being written, or was when its writer ended.
    Missing,
    Unreadable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    Chunk,
    /// Says that the chunk was deleted.
    Tombstone,
}

/// What the payload of a record is, read past nothing but its own checksums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// CRC-32C and SHA-256 are those the header says. So is nothing, of a tombstone.
    Good,
    /// The CRC-32C is wrong.
    BadCrc,
    /// The CRC-32C is right, and the bytes hash to another name.
    BadHash,
    /// Its blocks were given back: all behind the header's block are zeros.
    Punched,
    Unreadable,
}

/// A record whose header is sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub superblock: u32,
    pub offset: u64,
    pub kind: RecordKind,
    pub key: Key,
    pub sequence: u64,
    pub payload_bytes: u32,
    pub payload: Payload,
}

impl Record {
    /// Of the records of one chunk the highest counts; a record that compaction moved has the sequence it had.
    #[must_use]
    pub fn rank(&self) -> (u64, u32, u64) {
        (self.sequence, self.superblock, self.offset)
    }
}

/// Everything in one file.
#[derive(Debug)]
pub struct Contents {
    pub footer: FooterState,
    /// In the order of their offsets.
    pub records: Vec<Record>,
    /// Stretches in which no record begins, before the footer.
    pub bad: Vec<Range<u64>>,
    /// Whether the disk answered everywhere.
    pub complete: bool,
}

/// Numbers of the superblock files in a directory, in order.
///
/// # Errors
/// When the directory cannot be read.
pub fn superblocks<D: Disk>(disk: &D) -> io::Result<Vec<u32>> {
    let mut numbers: Vec<u32> = disk.list()?.iter().filter_map(|name| file_number(name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Opens the superblock of this number.
///
/// # Errors
/// When its header cannot be made sense of.
pub fn open_number<D: Disk>(disk: &D, number: u32) -> Result<OpenSuperblock<D::File>, NotSuperblock> {
    open_superblock(disk, &file_name(number))
}

/// Opens a file of any name.
///
/// # Errors
/// When its header cannot be made sense of.
pub fn open_superblock<D: Disk>(disk: &D, name: &str) -> Result<OpenSuperblock<D::File>, NotSuperblock> {
    let file = disk.open(name)?;
    let file_bytes = disk.size(&file)?;
    let mut sound = None;
    let mut damaged_copy = None;
    let mut unread = None;
    for copy in 0..FILE_HEADER_COPIES {
        let mut bytes = [0; FILE_HEADER_BYTES];
        let read = match disk.read_at(&file, &mut bytes, (copy * FILE_HEADER_BYTES) as u64) {
            Ok(()) => FileHeader::decode(&bytes),
            Err(error) => {
                unread = Some(error).filter(|error| error.kind() != io::ErrorKind::UnexpectedEof).or(unread);
                ReadHeader::Damaged
            }
        };
        match read {
            ReadHeader::Newer(version) => return Err(NotSuperblock::Newer(version)),
            ReadHeader::Valid(header) if sound.is_none_or(|first| first == header) => sound = Some(header),
            ReadHeader::Valid(_) | ReadHeader::Damaged => damaged_copy = Some(copy),
        }
    }
    match (sound, unread) {
        (Some(FileHeader { number, dir, salt }), _) => {
            Ok(OpenSuperblock { number, dir, file_bytes, damaged_copy, file, salt })
        }
        (None, Some(error)) => Err(error.into()),
        (None, None) if file_bytes == 0 => Err(NotSuperblock::Empty),
        (None, None) => Err(NotSuperblock::Damaged),
    }
}

impl<F: Send + Sync> OpenSuperblock<F> {
    /// Bytes of the file that can be a superblock's.
    pub(super) fn readable_bytes(&self) -> u64 {
        self.file_bytes.min(SUPERBLOCK_BYTES_MAX)
    }

    /// The footer with its entries, and where the records before it end.
    pub(super) fn footer<D: Disk<File = F>>(&self, disk: &D) -> (Footer, u64) {
        let footer = footer(disk, &self.file, self.salt, self.readable_bytes());
        let records_end = match &footer {
            Footer::Sound { entries, .. } => self.readable_bytes() - footer_bytes(entries.len()),
            Footer::Damaged { records_end, .. } => *records_end,
            Footer::Missing | Footer::Unreadable => self.readable_bytes(),
        };
        (footer, records_end)
    }

    /// Whether what should be the trailer is one that went bad, which [`footer`](Self::footer) takes for none.
    pub(super) fn has_damaged_trailer<D: Disk<File = F>>(&self, disk: &D) -> bool {
        let mut bytes = [0; TRAILER_BYTES];
        let end = self.readable_bytes();
        end.checked_sub(TRAILER_BYTES as u64).is_some_and(|offset| {
            disk.read_at(&self.file, &mut bytes, offset).is_ok() && Trailer::is_damaged(&bytes, self.salt, end)
        })
    }

    /// Reads all of the file: every record, and what lies between them.
    #[must_use]
    pub fn contents<D: Disk<File = F>>(&self, disk: &D) -> Contents {
        let (footer, end) = self.footer(disk);
        let footer = match footer {
            Footer::Sound { entries, quarantined_bytes } => {
                FooterState::Sound { records: entries.len(), quarantined_bytes }
            }
            Footer::Damaged { .. } => FooterState::Damaged,
            Footer::Missing if self.has_damaged_trailer(disk) => FooterState::Damaged,
            Footer::Missing => FooterState::Missing,
            Footer::Unreadable => FooterState::Unreadable,
        };
        let (mut records, mut scan) = (Vec::new(), Scan::default());
        let complete = walk(disk, &self.file, self.salt, RECORDS_START, end, |offset, seen| {
            scan.add(offset, &seen);
            records.extend(self.record(offset, &seen));
        });
        let bad = scan.bad.into_iter().filter(|bad| bad.record.is_none()).map(|bad| bad.range).collect();
        Contents { footer, records, bad, complete }
    }

    /// The records of `wanted` keys, by their headers; payloads are not read, but for those the footer may not list.
    pub(super) fn listed<D: Disk<File = F>>(&self, disk: &D, wanted: impl Fn(&Key) -> bool) -> Vec<FooterEntry> {
        if let (Footer::Sound { mut entries, quarantined_bytes: 0 }, _) = self.footer(disk) {
            entries.retain(|entry| wanted(&entry.key));
            return entries;
        }
        let mut entries = Vec::new();
        let mut offset = RECORDS_START;
        while offset < self.readable_bytes() {
            match self.header_at(disk, offset) {
                Some(header) => {
                    entries.extend(wanted(&header.key).then(|| header.entry(offset)));
                    offset += record_bytes(header.payload_bytes);
                }
                None => offset += BLOCK_BYTES,
            }
        }
        entries
    }

    /// The record header at `offset`, if a sound one is there.
    pub(super) fn header_at<D: Disk<File = F>>(&self, disk: &D, offset: u64) -> Option<RecordHeader> {
        let mut bytes = [0; RECORD_HEADER_BYTES];
        disk.read_at(&self.file, &mut bytes, offset).ok()?;
        RecordHeader::decode(&bytes, self.salt, offset)
    }

    /// The record at `offset` with its payload read and judged.
    fn read<D: Disk<File = F>>(&self, disk: &D, offset: u64) -> Option<Record> {
        let header = self.header_at(disk, offset)?;
        let mut payload = vec![0; header.payload_bytes as usize];
        let seen = match disk.read_at(&self.file, &mut payload, offset + RECORD_HEADER_BYTES as u64) {
            Ok(()) if crc32c::crc32c(&payload) == header.payload_crc => Seen::Record(&header, &payload),
            Ok(()) => Seen::BadPayload(&header, Some(&payload)),
            Err(_) => Seen::BadPayload(&header, None),
        };
        self.record(offset, &seen)
    }

    fn record(&self, offset: u64, seen: &Seen<'_>) -> Option<Record> {
        let (header, payload) = match seen {
            Seen::Record(header, payload) if is_named(header, payload) => (header, Payload::Good),
            Seen::Record(header, _) => (header, Payload::BadHash),
            Seen::BadPayload(header, Some(payload)) if is_punched(payload) => (header, Payload::Punched),
            Seen::BadPayload(header, Some(_)) => (header, Payload::BadCrc),
            Seen::BadPayload(header, None) => (header, Payload::Unreadable),
            Seen::NoRecord => return None,
        };
        let kind = match header.kind {
            Kind::Chunk => RecordKind::Chunk,
            Kind::Tombstone => RecordKind::Tombstone,
        };
        Some(Record {
            superblock: self.number,
            offset,
            kind,
            key: header.key,
            sequence: header.sequence,
            payload_bytes: header.payload_bytes,
            payload,
        })
    }
}

/// Whether the payload hashes to the chunk's name; a tombstone has none to hash.
pub(super) fn is_named(header: &RecordHeader, payload: &[u8]) -> bool {
    header.kind == Kind::Tombstone || Hash::of(payload) == header.key.hash
}

/// Whether nothing but zeros is left of the payload behind the block it shares with its header.
fn is_punched(payload: &[u8]) -> bool {
    let first = usize::try_from(BLOCK_BYTES).map_or(usize::MAX, |block| block - RECORD_HEADER_BYTES);
    payload.get(first..).is_some_and(|rest| !rest.is_empty() && rest.iter().all(|byte| *byte == 0))
}

/// Every record of the `wanted` chunks in a directory, payloads read and judged, by rank within a chunk. Files that
/// cannot be looked into are told to `skipped`.
///
/// # Errors
/// When the directory cannot be read.
pub fn records_of<D: Disk>(
    disk: &D,
    wanted: impl Fn(&Key) -> bool,
    mut skipped: impl FnMut(u32, NotSuperblock),
) -> io::Result<Vec<Record>> {
    let mut found = Vec::new();
    for number in superblocks(disk)? {
        match open_number(disk, number) {
            Ok(file) => {
                let listed = file.listed(disk, &wanted);
                found.extend(listed.iter().filter_map(|entry| file.read(disk, entry.offset)));
            }
            Err(why) => skipped(number, why),
        }
    }
    found.sort_by(|a, b| a.key.cmp(&b.key).then(a.rank().cmp(&b.rank())));
    Ok(found)
}

/// What tells which of two records is newer: sequence, superblock, offset.
pub type Rank = (u64, u32, u64);

/// The ranks of the newest records of the `wanted` chunks in the superblocks of data directory `dir`, by key; what
/// cannot be read is passed over.
///
/// # Errors
/// When the directory cannot be read.
pub fn newest_of<D: Disk>(disk: &D, dir: DirId, wanted: impl Fn(&Key) -> bool) -> io::Result<Vec<(Key, Rank)>> {
    let mut newest = Vec::new();
    for number in superblocks(disk)? {
        if let Ok(file) = open_number(disk, number)
            && file.dir == dir
        {
            let listed = file.listed(disk, &wanted);
            newest.extend(listed.iter().map(|entry| (entry.key, (entry.sequence, file.number, entry.offset))));
        }
    }
    newest.sort_unstable_by(|a, b| b.cmp(a));
    newest.dedup_by_key(|(key, _)| *key);
    newest.reverse();
    Ok(newest)
}
