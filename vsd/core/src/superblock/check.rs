//! Checking all superblocks of a data directory, and mending what can be mended without guessing.
//!
//! Invariants:
//! - [`check`] writes nothing.
//! - What it calls damaged is what recovery would, and like recovery it says nothing of a record that a later one of
//!   the same chunk has made worthless.
//! - [`mend`] is recovery itself: nothing is written over but a damaged copy of a file header, and no record is lost.

use std::{collections::HashMap, fmt, io};

use vs_core::id::DirId;

use super::{
    chunk::Key,
    disk::Disk,
    engine::Config,
    format::{
        FILE_HEADER_BYTES, FORMAT_VERSION, FileHeader, FooterEntry, RECORDS_START, SUPERBLOCK_BYTES_MAX, file_name,
        record_bytes,
    },
    index::Entry,
    inspect::{NotSuperblock, OpenSuperblock, is_named, open_number, superblocks},
    reader::Shared,
    recovery::{self, Finding, OpenError, Recovery, is_superseded, may_be_empty, newest_of_each},
    scan::{Footer, Scan, Seen, walk},
};

/// What is to be checked.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// The directory's own id.
    pub dir: DirId,
    /// An fsync failed before: what is not known to be on the disk counts as withheld.
    pub failed_fsync: bool,
    /// Whether every payload is read, past the cache, or only the headers of sealed records.
    pub payloads: bool,
}

/// Something out of the ordinary in a superblock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// What recovery says, too.
    Found(Finding),
    /// The footer went bad; every record can be found without it.
    FooterDamaged {
        superblock: u32,
    },
    /// Sound records that the sound footer does not list: they are not served.
    NotListed {
        superblock: u32,
        records: usize,
    },
    /// It was being written when its writer ended.
    Unsealed {
        superblock: u32,
        records: usize,
    },
    /// A crash while it was created left it without a header, and before any record.
    NeverBegun {
        superblock: u32,
    },
    /// One of the two copies of the file header is bad.
    HeaderCopy {
        superblock: u32,
    },
    Newer {
        superblock: u32,
        version: u32,
    },
    OtherDirectory {
        superblock: u32,
        found: DirId,
        expected: DirId,
    },
    OtherNumber {
        superblock: u32,
        found: u32,
    },
    TooLong {
        superblock: u32,
        bytes: u64,
    },
    Unreadable {
        superblock: u32,
        why: String,
    },
}

impl Flaw {
    #[must_use]
    pub fn superblock(&self) -> u32 {
        match self {
            Self::Found(
                Finding::Quarantined { superblock, .. }
                | Finding::Unreadable { superblock, .. }
                | Finding::CutOff { superblock }
                | Finding::HeaderLost { superblock }
                | Finding::FooterDamaged { superblock }
                | Finding::TornTail { superblock, .. }
                | Finding::Withheld { superblock, .. }
                | Finding::NotSealed { superblock, .. },
            )
            | Self::FooterDamaged { superblock }
            | Self::NotListed { superblock, .. }
            | Self::Unsealed { superblock, .. }
            | Self::NeverBegun { superblock }
            | Self::HeaderCopy { superblock }
            | Self::Newer { superblock, .. }
            | Self::OtherDirectory { superblock, .. }
            | Self::OtherNumber { superblock, .. }
            | Self::TooLong { superblock, .. }
            | Self::Unreadable { superblock, .. } => *superblock,
        }
    }

    /// A stable name of its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Found(Finding::Quarantined { .. }) => "quarantined",
            Self::Found(Finding::CutOff { .. }) => "cut_off",
            Self::Found(Finding::HeaderLost { .. }) => "header_lost",
            Self::Found(Finding::TornTail { .. }) => "torn_tail",
            Self::Found(Finding::Withheld { .. }) => "withheld",
            Self::Found(Finding::NotSealed { .. }) => "not_sealed",
            Self::Found(Finding::FooterDamaged { .. }) | Self::FooterDamaged { .. } => "footer_damaged",
            Self::NotListed { .. } => "not_listed",
            Self::Unsealed { .. } => "unsealed",
            Self::NeverBegun { .. } => "never_begun",
            Self::HeaderCopy { .. } => "header_copy",
            Self::Newer { .. } => "newer",
            Self::OtherDirectory { .. } => "other_directory",
            Self::OtherNumber { .. } => "other_number",
            Self::TooLong { .. } => "too_long",
            Self::Found(Finding::Unreadable { .. }) | Self::Unreadable { .. } => "unreadable",
        }
    }

    /// Whether it is no more than what any crash leaves behind.
    #[must_use]
    pub fn is_normal(&self) -> bool {
        matches!(self, Self::Found(Finding::TornTail { .. }) | Self::Unsealed { .. } | Self::NeverBegun { .. })
    }

    /// What [`mend`] does about it, when it can do anything.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::FooterDamaged { .. } => Some("footer rebuilt"),
            Self::Unsealed { .. } => Some("sealed"),
            Self::NeverBegun { .. } => Some("removed, it held nothing"),
            Self::HeaderCopy { .. } => Some("copy of the file header written again from the other"),
            Self::Found(Finding::Withheld { .. }) => Some("records read from the disk, synced and sealed"),
            _ => None,
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Found(finding) = self {
            return finding.fmt(f);
        }
        write!(f, "superblock {}: ", self.superblock())?;
        match self {
            Self::Found(_) => Ok(()),
            Self::FooterDamaged { .. } => f.write_str("the footer is damaged"),
            Self::NotListed { records, .. } => write!(f, "{records} sound records are not in the footer"),
            Self::Unsealed { records, .. } => write!(f, "not sealed, {records} records"),
            Self::NeverBegun { .. } => f.write_str("no file header and no records"),
            Self::HeaderCopy { .. } => f.write_str("one of two copies of the file header is damaged"),
            Self::Newer { version, .. } => {
                write!(f, "written by a newer release (format {version}, this one reads {FORMAT_VERSION})")
            }
            Self::OtherDirectory { found, expected, .. } => {
                write!(f, "belongs to data directory {found}, not to {expected}")
            }
            Self::OtherNumber { found, .. } => write!(f, "the file header says that it is superblock {found}"),
            Self::TooLong { bytes, .. } => {
                write!(f, "{bytes} bytes long, where at most {SUPERBLOCK_BYTES_MAX} are a superblock's")
            }
            Self::Unreadable { why, .. } => write!(f, "cannot be read: {why}"),
        }
    }
}

/// What a check found.
#[derive(Debug, Default)]
pub struct Checked {
    pub superblocks: u64,
    pub sealed: u64,
    /// Length of all superblock files.
    pub file_bytes: u64,
    pub chunks: u64,
    /// Payload bytes of those chunks.
    pub chunk_bytes: u64,
    pub tombstones: u64,
    /// In the order of their superblocks.
    pub flaws: Vec<Flaw>,
    /// The newest sound record of each chunk, tombstones among them, by key.
    newest: Vec<Entry>,
}

impl Checked {
    /// Length of a chunk that is here and, as far as was checked, sound.
    #[must_use]
    pub fn chunk_bytes(&self, key: &Key) -> Option<u32> {
        let at = self.newest.binary_search_by_key(key, |entry| entry.key).ok()?;
        Some(self.newest[at].place.payload_bytes()).filter(|bytes| *bytes > 0)
    }
}

/// A stretch that should hold something sound.
struct Suspect {
    superblock: u32,
    offset: u64,
    bytes: u64,
    /// The record that lies there, with its sequence, when that is known.
    record: Option<FooterEntry>,
}

/// A check under way.
struct Checking<'a, D: Disk> {
    disk: &'a D,
    check: Check,
    progress: &'a mut dyn FnMut(u64),
    entries: Vec<Entry>,
    suspects: Vec<Suspect>,
    checked: Checked,
}

/// Reads what is in a directory and says what is wrong with it. `progress` is told the bytes of files done.
///
/// # Errors
/// When the directory cannot be read at all.
pub fn check<D: Disk>(disk: &D, check: Check, progress: &mut dyn FnMut(u64)) -> io::Result<Checked> {
    let (entries, suspects, checked) = (Vec::new(), Vec::new(), Checked::default());
    let mut checking = Checking { disk, check, progress, entries, suspects, checked };
    let numbers = superblocks(disk)?;
    for &number in &numbers {
        checking.file(number, may_be_empty(&numbers, number));
    }
    Ok(checking.end())
}

impl<D: Disk> Checking<'_, D> {
    fn flaw(&mut self, flaw: Flaw) {
        self.checked.flaws.push(flaw);
    }

    fn file(&mut self, superblock: u32, may_be_empty: bool) {
        self.checked.superblocks += 1;
        let file = match open_number(self.disk, superblock) {
            Ok(file) => file,
            Err(why) => return self.not_opened(superblock, &why, may_be_empty),
        };
        self.checked.file_bytes += file.file_bytes;
        if file.dir != self.check.dir {
            let (found, expected) = (file.dir, self.check.dir);
            return self.flaw(Flaw::OtherDirectory { superblock, found, expected });
        }
        if file.number != superblock {
            return self.flaw(Flaw::OtherNumber { superblock, found: file.number });
        }
        if file.damaged_copy.is_some() {
            self.flaw(Flaw::HeaderCopy { superblock });
        }
        if file.file_bytes > SUPERBLOCK_BYTES_MAX {
            self.flaw(Flaw::TooLong { superblock, bytes: file.file_bytes });
        }
        if self.check.payloads
            && let Err(error) = self.disk.forget(&file.file, 0, file.file_bytes)
        {
            self.flaw(Flaw::Unreadable { superblock, why: format!("what is cached of it stays: {error}") });
        }
        if file.file_bytes <= RECORDS_START {
            if !may_be_empty {
                self.flaw(Flaw::Found(Finding::CutOff { superblock }));
            }
            return;
        }
        match file.footer(self.disk) {
            (Footer::Sound { entries, quarantined_bytes }, end) => {
                self.checked.sealed += 1;
                if self.check.payloads || quarantined_bytes > 0 {
                    self.sealed(&file, entries, end, quarantined_bytes > 0);
                } else {
                    self.headers(&file, entries);
                }
            }
            (footer, _) => self.unsealed(&file, &footer),
        }
        (self.progress)(file.file_bytes);
    }

    fn not_opened(&mut self, superblock: u32, why: &NotSuperblock, may_be_empty: bool) {
        let begun = |disk: &D| disk.open(&file_name(superblock)).and_then(|file| disk.size(&file));
        let holds_nothing = || match may_be_empty {
            true => Flaw::NeverBegun { superblock },
            false => Flaw::Found(Finding::CutOff { superblock }),
        };
        let flaw = match why {
            NotSuperblock::Newer(version) => Flaw::Newer { superblock, version: *version },
            NotSuperblock::Io(error) => Flaw::Unreadable { superblock, why: error.to_string() },
            NotSuperblock::Empty => holds_nothing(),
            NotSuperblock::Damaged if begun(self.disk).is_ok_and(|bytes| bytes <= RECORDS_START) => holds_nothing(),
            NotSuperblock::Damaged => Flaw::Found(Finding::HeaderLost { superblock }),
        };
        self.flaw(flaw);
    }

    /// Holds the entries of a sound footer against the headers of their records.
    fn headers(&mut self, file: &OpenSuperblock<D::File>, entries: Vec<FooterEntry>) {
        for entry in entries {
            let is_there =
                file.header_at(self.disk, entry.offset).is_some_and(|header| header.entry(entry.offset) == entry);
            self.entry(file.number, &entry, is_there);
        }
    }

    /// Holds the entries of a sound footer against everything that lies before it.
    fn sealed(&mut self, file: &OpenSuperblock<D::File>, entries: Vec<FooterEntry>, end: u64, quarantined: bool) {
        let (scan, mut sound) = self.scan(file, end);
        for entry in entries {
            let is_there = sound.remove(&entry.offset).is_some_and(|found| found == entry);
            self.entry(file.number, &entry, is_there);
        }
        if !sound.is_empty() {
            self.flaw(Flaw::NotListed { superblock: file.number, records: sound.len() });
        }
        if quarantined {
            self.corrupt(file.number, &scan, scan.durable_to);
        }
        if scan.incomplete {
            self.unread(file.number);
        }
    }

    /// Takes an entry into the index, or its record among the suspects.
    fn entry(&mut self, superblock: u32, entry: &FooterEntry, is_sound: bool) {
        if is_sound {
            self.entries.push(Entry::new(superblock, entry));
        } else {
            let bytes = record_bytes(entry.payload_bytes);
            let record = Some(*entry);
            self.suspects.push(Suspect { superblock, offset: entry.offset, bytes, record });
        }
    }

    /// What recovery will find in a file without a sound footer.
    fn unsealed(&mut self, file: &OpenSuperblock<D::File>, footer: &Footer) {
        let superblock = file.number;
        let damaged_trailer = *footer == Footer::Missing && file.has_damaged_trailer(self.disk);
        let (mut scan, _) = self.scan(file, file.readable_bytes());
        let durable_to = match footer {
            Footer::Damaged { durable_to, .. } => *durable_to,
            _ => scan.durable_to,
        };
        let torn = scan.torn_above(durable_to);
        if matches!(footer, Footer::Damaged { .. }) || damaged_trailer {
            self.flaw(Flaw::FooterDamaged { superblock });
        } else {
            self.flaw(Flaw::Unsealed { superblock, records: scan.entries.len() });
            if torn > 0 {
                self.flaw(Flaw::Found(Finding::TornTail { superblock, bytes: torn }));
            }
        }
        if self.check.failed_fsync {
            let all = scan.entries.len();
            scan.keep_below(durable_to);
            if scan.entries.len() < all {
                let records = all - scan.entries.len();
                self.flaw(Flaw::Found(Finding::Withheld { superblock, records }));
            }
        }
        if scan.incomplete || *footer == Footer::Unreadable {
            self.unread(superblock);
        }
        self.entries.extend(scan.entries.iter().map(|entry| Entry::new(superblock, entry)));
        self.corrupt(superblock, &scan, durable_to);
    }

    /// Reads everything up to `end`, and gives the records by their offsets, too. Payloads are hashed where that is
    /// asked for.
    fn scan(&self, file: &OpenSuperblock<D::File>, end: u64) -> (Scan, HashMap<u64, FooterEntry>) {
        let (mut scan, mut sound) = (Scan::default(), HashMap::new());
        let hashed = self.check.payloads;
        let complete = walk(self.disk, &file.file, file.salt, RECORDS_START, end, |offset, seen| match seen {
            Seen::Record(header, payload) if hashed && !is_named(header, payload) => {
                scan.add(offset, &Seen::BadPayload(header, Some(payload)));
            }
            seen => {
                if let Seen::Record(header, _) = &seen {
                    sound.insert(offset, header.entry(offset));
                }
                scan.add(offset, &seen);
            }
        });
        scan.incomplete = !complete;
        scan.durable_to = scan.durable_to.min(end);
        (scan, sound)
    }

    fn unread(&mut self, superblock: u32) {
        self.flaw(Flaw::Unreadable { superblock, why: "the disk failed to read some of it".to_owned() });
    }

    fn corrupt(&mut self, superblock: u32, scan: &Scan, durable_to: u64) {
        self.suspects.extend(scan.corrupt_below(durable_to).map(|bad| Suspect {
            superblock,
            offset: bad.range.start,
            bytes: bad.range.end - bad.range.start,
            record: bad.record,
        }));
    }

    fn end(self) -> Checked {
        let Self { mut entries, mut suspects, mut checked, .. } = self;
        newest_of_each(&mut entries);
        for entry in &entries {
            match entry.place.payload_bytes() {
                0 => checked.tombstones += 1,
                bytes => {
                    checked.chunks += 1;
                    checked.chunk_bytes += u64::from(bytes);
                }
            }
        }
        checked.newest = entries;
        // listed in a footer and found by the scan as well
        suspects.sort_by_key(|suspect| (suspect.superblock, suspect.offset));
        suspects.dedup_by_key(|suspect| (suspect.superblock, suspect.offset));
        for Suspect { superblock, offset, bytes, record } in suspects {
            if record.is_some_and(|record| is_superseded(&checked.newest, &Entry::new(superblock, &record))) {
                continue;
            }
            let chunk = record.map(|record| record.key);
            checked.flaws.push(Flaw::Found(Finding::Quarantined { superblock, offset, bytes, chunk }));
        }
        checked.flaws.sort_by_key(Flaw::superblock);
        checked
    }
}

/// Mends what needs no guessing: runs recovery, which seals files and rebuilds footers, and writes damaged copies of
/// file headers again.
///
/// With `config.failed_fsync` nothing that is only cached is believed: everything is synced first, which must succeed,
/// and then read from the disk. If that ends without an error the directory is as good as any other.
///
/// # Errors
/// When the directory is not one this release may write to, or a sync fails. Nothing is mended then, or only a part.
pub fn mend<D: Disk>(disk: D, config: &Config) -> Result<Recovery, OpenError> {
    let io = |file: &str| {
        let file = file.to_owned();
        move |source| OpenError::Io { file, source }
    };
    for number in superblocks(&disk).map_err(io("."))? {
        let name = file_name(number);
        let Ok(file) = open_number(&disk, number) else { continue };
        if file.dir != config.dir || file.number != number {
            continue;
        }
        if config.failed_fsync {
            disk.sync(&file.file).and_then(|()| disk.forget(&file.file, 0, file.file_bytes)).map_err(io(&name))?;
        }
        if let Some(copy) = file.damaged_copy {
            let header = FileHeader { number, dir: file.dir, salt: file.salt }.encode();
            let written = disk.write_at(&file.file, &[&header], (copy * FILE_HEADER_BYTES) as u64);
            written.and_then(|()| disk.sync(&file.file)).map_err(io(&name))?;
        }
    }
    let shared = Shared::new(disk);
    let recovered = recovery::recover(&shared, &Config { failed_fsync: false, ..config.clone() })?;
    shared.sync_dir().map_err(io("."))?;
    match shared.refusal() {
        Some(why) => Err(io(".")(io::Error::other(why.to_string()))),
        None => Ok(recovered.recovery),
    }
}

#[cfg(test)]
mod tests;
