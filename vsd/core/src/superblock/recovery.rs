//! Opening a directory after whatever happened to it.
//!
//! Unsealed files are synced before anything in them is served: what a crash left in the page cache may be read now
//! and gone after the next power cut. What was found is then sealed where it ends, and writing goes on in a new
//! superblock, so nothing is overwritten, whatever it may turn out to have been. Opening twice gives the same chunks.

use std::{fmt, io, sync::Arc};

use vs_core::id::DirId;

use super::{
    bug::{Bug, planted},
    chunk::Key,
    disk::Disk,
    engine::Config,
    files::{Superblock, Tally},
    format::{
        FORMAT_VERSION, FooterEntry, RECORDS_START, ReadHeader, SUPERBLOCK_BYTES_MAX, file_name, record_bytes,
        whole_blocks,
    },
    index::{Entry, Index},
    inspect::superblocks,
    op::{Refusal, is_full},
    reader::Shared,
    scan::{BadRange, Footer, file_header, footer, is_header_whole, scan as scan_file},
    tail::{Damage, Tail},
};

/// Why a directory cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Start the release that wrote it, or a later one.
    #[error("{file} was written by a newer release (format {version}, this one reads {FORMAT_VERSION})")]
    Newer { file: String, version: u32 },
    /// The configuration points to the wrong disk.
    #[error("{file} belongs to data directory {found}, not to {expected}")]
    OtherDirectory { file: String, found: DirId, expected: DirId },
    #[error("{file}: {source}")]
    Io { file: String, source: io::Error },
}

/// What opening found out of the ordinary.
#[derive(Debug, Default)]
pub struct Recovery {
    pub findings: Vec<Finding>,
}

/// One thing out of the ordinary in a superblock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Durable bytes went bad; `chunk` is known when the record's header is still sound. Its other copies must repair
    /// it.
    Quarantined { superblock: u32, offset: u64, bytes: u64, chunk: Option<Key> },
    /// The file cannot be opened: what it holds is not served.
    Unreadable { superblock: u32, why: String },
    /// The file ends behind its header although it was written to once, as far as its number tells. It is removed.
    CutOff { superblock: u32 },
    /// Both copies of the file header are bad, so nothing in the file can be told from chance.
    HeaderLost { superblock: u32 },
    /// The footer was damaged; the records were found by scan.
    FooterDamaged { superblock: u32 },
    /// A power cut or a crash tore the last group, which nobody had been told was stored.
    TornTail { superblock: u32, bytes: u64 },
    /// An fsync failed earlier: these records may be in the cache only and are not served.
    Withheld { superblock: u32, records: usize },
    /// The file could not be sealed and is scanned again at the next open.
    NotSealed { superblock: u32, why: String },
}

impl Finding {
    /// Whether chunks that were once stored here are not served any more.
    #[must_use]
    pub fn is_loss(&self) -> bool {
        matches!(
            self,
            Self::Quarantined { .. } | Self::Unreadable { .. } | Self::HeaderLost { .. } | Self::Withheld { .. }
        )
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quarantined { superblock, offset, bytes, chunk: Some(key) } => {
                write!(
                    f,
                    "superblock {superblock}: chunk {} of {} at {offset}, {bytes} bytes, is damaged",
                    key.hash, key.asset
                )
            }
            Self::Quarantined { superblock, offset, bytes, chunk: None } => {
                write!(f, "superblock {superblock}: {bytes} bytes at {offset} are damaged")
            }
            Self::Unreadable { superblock, why } => write!(f, "superblock {superblock}: cannot be read: {why}"),
            Self::CutOff { superblock } => write!(f, "superblock {superblock}: nothing is left behind the file header"),
            Self::HeaderLost { superblock } => write!(f, "superblock {superblock}: the file header is lost"),
            Self::FooterDamaged { superblock } => {
                write!(f, "superblock {superblock}: the footer was damaged, rebuilt by scan")
            }
            Self::TornTail { superblock, bytes } => write!(f, "superblock {superblock}: a torn tail of {bytes} bytes"),
            Self::Withheld { superblock, records } => {
                write!(f, "superblock {superblock}: {records} records withheld after a failed fsync")
            }
            Self::NotSealed { superblock, why } => write!(f, "superblock {superblock}: not sealed: {why}"),
        }
    }
}

/// A file without a sound footer.
struct Unsealed<F> {
    superblock: Arc<Superblock<F>>,
    entries: Vec<FooterEntry>,
    corrupt: Vec<BadRange>,
    durable_to: u64,
    /// Where the footer goes.
    end: u64,
    /// Why it stays unsealed.
    obstacle: Option<&'static str>,
}

/// Everything the files hold, while they are being read.
struct Found<F> {
    entries: Vec<Entry>,
    unsealed: Vec<Unsealed<F>>,
    findings: Vec<Finding>,
}

/// What the writer goes on from.
pub(super) struct Recovered<F> {
    pub(super) next_number: u32,
    /// The last superblock, if nothing was ever written to it.
    pub(super) empty: Option<Arc<Superblock<F>>>,
    /// Files that the disk had no room to seal.
    pub(super) unsealed: Vec<Tail<F>>,
    pub(super) recovery: Recovery,
}

/// Fills `shared` with what the directory holds.
pub(super) fn recover<D: Disk>(shared: &Shared<D>, config: &Config) -> Result<Recovered<D::File>, OpenError> {
    if config.failed_fsync {
        let why = "an fsync failed before the restart, and the directory was not checked since";
        shared.refuse(Refusal::FailedFsync(why.to_owned()));
    }
    let numbers = superblocks(&shared.disk).map_err(|source| OpenError::Io { file: ".".to_owned(), source })?;
    let mut found = Found { entries: Vec::new(), unsealed: Vec::new(), findings: Vec::new() };
    let mut empty = None;
    for &number in &numbers {
        let Some((superblock, file_bytes)) =
            identify(shared, config, number, may_be_empty(&numbers, number), &mut found.findings)?
        else {
            continue;
        };
        if file_bytes > RECORDS_START {
            found.read(shared, superblock, file_bytes);
        } else if Some(&number) == numbers.last() && is_header_whole(&shared.disk, &superblock.file) {
            empty = Some(superblock);
        } else {
            if !may_be_empty(&numbers, number) {
                found.findings.push(Finding::CutOff { superblock: number });
            }
            remove_empty(shared, number);
        }
    }
    if shared.refusal().is_none() && !numbers.is_empty() {
        // a file that was removed just before a crash may come back else, after what relied on that
        let _ = shared.sync_dir();
    }
    let Found { mut entries, unsealed, mut findings } = found;
    newest_of_each(&mut entries);
    let unsealed = unsealed.into_iter().filter_map(|file| finish(shared, file, &entries, &mut findings)).collect();
    // tombstones have done their work: they hid what is older
    entries.retain(|entry| !entry.is_tombstone());
    let mut state = shared.state_mut();
    for entry in &entries {
        state.files.tally(entry.place).add_live(entry.place);
    }
    state.index = Index::new(entries);
    drop(state);
    let empty = empty.filter(|_| shared.refusal().is_none());
    let next_number = numbers.last().map_or(1, |last| last + 1);
    Ok(Recovered { next_number, empty, unsealed, recovery: Recovery { findings } })
}

/// Whether a crash may have left the superblock without a record: the one to be written next, and the one before.
pub(super) fn may_be_empty(numbers: &[u32], number: u32) -> bool {
    numbers.iter().rev().take(2).any(|newest| *newest == number)
}

/// Removes a file that was never used, where that is allowed.
fn remove_empty<D: Disk>(shared: &Shared<D>, number: u32) {
    if shared.refusal().is_none() {
        let _ = shared.disk.remove(&file_name(number));
    }
}

/// A superblock, and the length of its file.
type Opened<F> = (Arc<Superblock<F>>, u64);

/// The superblock in a file, and the file's length; `None` when it has no sound header.
fn identify<D: Disk>(
    shared: &Shared<D>,
    config: &Config,
    number: u32,
    may_be_empty: bool,
    findings: &mut Vec<Finding>,
) -> Result<Option<Opened<D::File>>, OpenError> {
    let name = file_name(number);
    let opened = shared.disk.open(&name).and_then(|file| Ok((shared.disk.size(&file)?, file)));
    let (file_bytes, file) = match opened {
        Ok(opened) => opened,
        // this fails for the process as a whole, not for the file
        Err(source) if is_for_want_of_descriptors(&source) => return Err(OpenError::Io { file: name, source }),
        Err(error) => {
            findings.push(Finding::Unreadable { superblock: number, why: error.to_string() });
            shared.state_mut().files.lost.insert(number);
            return Ok(None);
        }
    };
    match file_header(&shared.disk, &file) {
        ReadHeader::Newer(version) => Err(OpenError::Newer { file: name, version }),
        ReadHeader::Valid(header) if header.dir != config.dir => {
            Err(OpenError::OtherDirectory { file: name, found: header.dir, expected: config.dir })
        }
        ReadHeader::Valid(header) if header.number == number => {
            Ok(Some((Arc::new(Superblock { number, file, salt: header.salt }), file_bytes)))
        }
        // a crash while it was created: the header is synced before the first record is written
        ReadHeader::Damaged if file_bytes <= RECORDS_START => {
            if !may_be_empty {
                findings.push(Finding::CutOff { superblock: number });
            }
            remove_empty(shared, number);
            Ok(None)
        }
        ReadHeader::Damaged | ReadHeader::Valid(_) => {
            findings.push(Finding::HeaderLost { superblock: number });
            shared.state_mut().files.lost.insert(number);
            Ok(None)
        }
    }
}

/// EMFILE and ENFILE, which have no kind of their own.
fn is_for_want_of_descriptors(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(23 | 24))
}

impl<F: Send + Sync> Found<F> {
    /// Adds the records of one file.
    fn read<D: Disk<File = F>>(&mut self, shared: &Shared<D>, superblock: Arc<Superblock<F>>, file_bytes: u64) {
        let number = superblock.number;
        let mut tally = Tally { file_bytes, is_left: true, ..Tally::default() };
        let readable = file_bytes.min(SUPERBLOCK_BYTES_MAX);
        let footer = footer(&shared.disk, &superblock.file, superblock.salt, readable);
        if let Footer::Sound { entries, quarantined_bytes } = footer {
            (tally.sealed, tally.quarantined_bytes) = (true, quarantined_bytes);
            self.add(&entries, number, &mut tally);
            shared.state_mut().files.add(superblock, tally);
            return;
        }
        let unsynced = planted(Bug::TailNotSynced);
        let synced = shared.refusal().is_none() && (unsynced || shared.sync(&superblock.file).is_ok());
        let Superblock { file, salt, .. } = &*superblock;
        let mut scan = scan_file(&shared.disk, file, *salt, RECORDS_START, readable);
        let durable_to = match footer {
            Footer::Damaged { durable_to, .. } => {
                self.findings.push(Finding::FooterDamaged { superblock: number });
                durable_to
            }
            _ => scan.durable_to,
        };
        let doubtful = durable_to.max(RECORDS_START);
        if synced && !unsynced && shared.disk.forget(file, doubtful, readable.saturating_sub(doubtful)).is_ok() {
            // a sync that failed before a crash is not reported again, but what it lost is only in the cache
            scan.replace_from(doubtful, scan_file(&shared.disk, file, *salt, doubtful, readable));
        }
        let torn = scan.torn_above(durable_to);
        if torn > 0 && footer == Footer::Missing {
            self.findings.push(Finding::TornTail { superblock: number, bytes: torn });
        }
        if !synced {
            let all = scan.entries.len();
            scan.keep_below(durable_to);
            if scan.entries.len() < all {
                self.findings.push(Finding::Withheld { superblock: number, records: all - scan.entries.len() });
            }
        }
        self.add(&scan.entries, number, &mut tally);
        shared.state_mut().files.add(Arc::clone(&superblock), tally);
        let corrupt = scan.corrupt_below(durable_to).collect();
        let obstacle = match () {
            () if !synced => Some("an fsync failed"),
            () if scan.incomplete || footer == Footer::Unreadable => Some("the disk failed to read some of it"),
            () => None,
        };
        let mut end = whole_blocks(file_bytes).max(RECORDS_START);
        if planted(Bug::TailWrittenOver) {
            let ends = scan.entries.iter().map(|entry| entry.offset + record_bytes(entry.payload_bytes));
            end = ends.max().unwrap_or(RECORDS_START);
        }
        self.unsealed.push(Unsealed { superblock, entries: scan.entries, corrupt, durable_to, end, obstacle });
    }

    fn add(&mut self, entries: &[FooterEntry], number: u32, tally: &mut Tally) {
        let entries = entries.iter().map(|entry| Entry::new(number, entry));
        self.entries.extend(entries.inspect(|entry| tally.add(entry)));
    }
}

/// Leaves, sorted by key, the record with the highest rank of every key.
pub(super) fn newest_of_each(entries: &mut Vec<Entry>) {
    entries.sort_unstable_by(|a, b| a.key.cmp(&b.key).then_with(|| b.rank().cmp(&a.rank())));
    entries.dedup_by_key(|entry| entry.key);
}

/// Reports what is damaged in a file and seals it; gives it back when the disk has no room for that.
fn finish<D: Disk>(
    shared: &Shared<D>,
    file: Unsealed<D::File>,
    newest: &[Entry],
    findings: &mut Vec<Finding>,
) -> Option<Tail<D::File>> {
    let Unsealed { superblock, mut entries, corrupt, durable_to, end, obstacle } = file;
    let number = superblock.number;
    let (mut quarantined_bytes, mut sequence_min) = (0, u64::MAX);
    for BadRange { range, record } in corrupt {
        if let Some(record) = record.filter(|record| is_superseded(newest, &Entry::new(number, record))) {
            // listed, so that the tombstone that hides it stays
            sequence_min = sequence_min.min(record.sequence);
            entries.push(record);
            continue;
        }
        let bytes = range.end - range.start;
        quarantined_bytes += bytes;
        let chunk = record.map(|record| record.key);
        if let Some(key) = chunk {
            shared.note_damaged(key);
        }
        findings.push(Finding::Quarantined { superblock: number, offset: range.start, bytes, chunk });
    }
    let mut tail = Tail::found(superblock, entries, end, Damage { quarantined_bytes, durable_to });
    let sealed = match obstacle.or_else(|| shared.refusal().map(|_| "an fsync failed")) {
        Some(why) => Err((why.to_owned(), false)),
        None => tail.seal(shared).map_err(|error| (error.to_string(), is_full(&error))),
    };
    let mut state = shared.state_mut();
    let tally = state.files.tally_of(number);
    tally.quarantined_bytes = quarantined_bytes;
    tally.sequence_min = tally.sequence_min.min(sequence_min);
    tally.unread = obstacle.is_some();
    match sealed {
        Ok(footer_bytes) => {
            (tally.sealed, tally.file_bytes) = (true, end + footer_bytes);
            None
        }
        Err((why, later)) => {
            findings.push(Finding::NotSealed { superblock: number, why });
            later.then_some(tail)
        }
    }
}

/// Whether another record says what became of the chunk: written again or moved, or deleted and its payload punched
/// out.
pub(super) fn is_superseded(newest: &[Entry], record: &Entry) -> bool {
    let at = newest.binary_search_by_key(&record.key, |entry| entry.key);
    at.is_ok_and(|at| newest[at].rank() > record.rank())
}
