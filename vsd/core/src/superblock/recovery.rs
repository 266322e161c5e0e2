//! Opening a directory after whatever happened to it.
//!
//! Unsealed files are synced before anything in them is served: what a crash left in the page cache may be read now
//! and gone after the next power cut. What was found is then sealed where it ends, and writing goes on in a new
//! superblock, so nothing is overwritten, whatever it may turn out to have been. Opening twice gives the same chunks.

use std::{fmt, io, sync::Arc};

use vs_core::id::DirId;

use super::{
    chunk::Key,
    disk::Disk,
    engine::Config,
    files::{Superblock, Tally},
    format::{
        FORMAT_VERSION, FooterEntry, RECORDS_START, ReadHeader, SUPERBLOCK_BYTES_MAX, file_name, file_number,
        whole_blocks,
    },
    index::{Entry, Index},
    op::Refusal,
    reader::Shared,
    scan::{BadRange, Footer, file_header, footer, scan},
    tail::write_footer,
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
        matches!(self, Self::Quarantined { .. } | Self::HeaderLost { .. } | Self::Withheld { .. })
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
    pub(super) recovery: Recovery,
}

/// Fills `shared` with what the directory holds.
pub(super) fn recover<D: Disk>(shared: &Shared<D>, config: &Config) -> Result<Recovered<D::File>, OpenError> {
    if config.failed_fsync {
        let why = "an fsync failed before the restart, and the directory was not checked since";
        shared.refuse(Refusal::FailedFsync(why.to_owned()));
    }
    let names = shared.disk.list().map_err(|source| OpenError::Io { file: ".".to_owned(), source })?;
    let mut numbers: Vec<u32> = names.iter().filter_map(|name| file_number(name)).collect();
    numbers.sort_unstable();
    let mut found = Found { entries: Vec::new(), unsealed: Vec::new(), findings: Vec::new() };
    let mut empty = None;
    for &number in &numbers {
        let io = |source| OpenError::Io { file: file_name(number), source };
        let file = shared.disk.open(&file_name(number)).map_err(io)?;
        let file_bytes = shared.disk.size(&file).map_err(io)?;
        let Some(superblock) = identify(shared, config, number, file, file_bytes, &mut found.findings)? else {
            continue;
        };
        if file_bytes > RECORDS_START {
            found.read(shared, superblock, file_bytes);
        } else if Some(&number) == numbers.last() && shared.refusal().is_none() {
            empty = Some(superblock);
        } else if shared.refusal().is_none() {
            // nobody was told that anything is in it
            let _ = shared.disk.remove(&file_name(number));
        }
    }
    let Found { mut entries, unsealed, mut findings } = found;
    newest_of_each(&mut entries);
    for file in unsealed {
        finish(shared, file, &entries, &mut findings);
    }
    // tombstones have done their work: they hid what is older
    entries.retain(|entry| !entry.is_tombstone());
    let mut state = shared.state_mut();
    for entry in &entries {
        state.files.tally(entry.place).add_live(entry.place);
    }
    state.index = Index::new(entries);
    drop(state);
    Ok(Recovered { next_number: numbers.last().map_or(1, |last| last + 1), empty, recovery: Recovery { findings } })
}

/// The superblock in a file; `None` when it has no sound header.
fn identify<D: Disk>(
    shared: &Shared<D>,
    config: &Config,
    number: u32,
    file: D::File,
    file_bytes: u64,
    findings: &mut Vec<Finding>,
) -> Result<Option<Arc<Superblock<D::File>>>, OpenError> {
    let name = file_name(number);
    match file_header(&shared.disk, &file) {
        ReadHeader::Newer(version) => Err(OpenError::Newer { file: name, version }),
        ReadHeader::Valid(header) if header.dir != config.dir => {
            Err(OpenError::OtherDirectory { file: name, found: header.dir, expected: config.dir })
        }
        ReadHeader::Valid(header) if header.number == number => {
            Ok(Some(Arc::new(Superblock { number, file, salt: header.salt })))
        }
        // a crash while it was created: the header is synced before the first record is written
        ReadHeader::Damaged if file_bytes <= RECORDS_START => {
            let _ = shared.disk.remove(&name);
            Ok(None)
        }
        ReadHeader::Damaged | ReadHeader::Valid(_) => {
            findings.push(Finding::HeaderLost { superblock: number });
            shared.state_mut().files.lost.insert(number);
            Ok(None)
        }
    }
}

impl<F: Send + Sync> Found<F> {
    /// Adds the records of one file.
    fn read<D: Disk<File = F>>(&mut self, shared: &Shared<D>, superblock: Arc<Superblock<F>>, file_bytes: u64) {
        let number = superblock.number;
        let mut tally = Tally { file_bytes, ..Tally::default() };
        let readable = file_bytes.min(SUPERBLOCK_BYTES_MAX);
        let footer = footer(&shared.disk, &superblock.file, superblock.salt, readable);
        if let Footer::Sound { entries, quarantined_bytes } = footer {
            (tally.sealed, tally.quarantined_bytes) = (true, quarantined_bytes);
            self.add(&entries, number, &mut tally);
            shared.state_mut().files.add(superblock, tally);
            return;
        }
        let synced = shared.refusal().is_none() && shared.sync(&superblock.file).is_ok();
        let mut scan = scan(&shared.disk, &superblock.file, superblock.salt, readable);
        let durable_to = match footer {
            Footer::Damaged { records_end } => {
                self.findings.push(Finding::FooterDamaged { superblock: number });
                records_end
            }
            _ => scan.durable_to,
        };
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
        let end = whole_blocks(file_bytes).max(RECORDS_START);
        self.unsealed.push(Unsealed { superblock, entries: scan.entries, corrupt, end, obstacle });
    }

    fn add(&mut self, entries: &[FooterEntry], number: u32, tally: &mut Tally) {
        let entries = entries.iter().map(|entry| Entry::new(number, entry));
        self.entries.extend(entries.inspect(|entry| tally.add(entry)));
    }
}

/// Leaves, sorted by key, the record with the highest sequence of every key. Of a record that compaction moved that is
/// the later copy: the blocks of the other may have been given back.
fn newest_of_each(entries: &mut Vec<Entry>) {
    let rank = |entry: &Entry| (entry.sequence, entry.place.number());
    entries.sort_unstable_by(|a, b| a.key.cmp(&b.key).then_with(|| rank(b).cmp(&rank(a))));
    entries.dedup_by_key(|entry| entry.key);
}

/// Reports what is damaged in a file and seals it.
fn finish<D: Disk>(shared: &Shared<D>, file: Unsealed<D::File>, newest: &[Entry], findings: &mut Vec<Finding>) {
    let Unsealed { superblock, mut entries, corrupt, end, obstacle } = file;
    let number = superblock.number;
    let mut quarantined_bytes = 0;
    for bad in corrupt {
        if bad.record.is_some_and(|(key, sequence)| is_superseded(newest, &key, sequence)) {
            continue;
        }
        let bytes = bad.range.end - bad.range.start;
        quarantined_bytes += bytes;
        let chunk = bad.record.map(|(key, _)| key);
        if let Some(key) = chunk.filter(|key| newest.binary_search_by_key(key, |entry| entry.key).is_err()) {
            shared.is_damaged(key);
        }
        findings.push(Finding::Quarantined { superblock: number, offset: bad.range.start, bytes, chunk });
    }
    let sealed = match obstacle.or_else(|| shared.refusal().map(|_| "an fsync failed")) {
        Some(why) => Err(why.to_owned()),
        None => {
            write_footer(shared, &superblock, &mut entries, end, quarantined_bytes).map_err(|error| error.to_string())
        }
    };
    let mut state = shared.state_mut();
    let tally = state.files.tally_of(number);
    tally.quarantined_bytes = quarantined_bytes;
    if let Ok(footer_bytes) = sealed {
        (tally.sealed, tally.file_bytes) = (true, end + footer_bytes);
    }
    drop(state);
    if let Err(why) = sealed {
        findings.push(Finding::NotSealed { superblock: number, why });
    }
}

/// Whether another record says what became of the chunk: written again or moved, or deleted and its payload punched
/// out.
fn is_superseded(newest: &[Entry], key: &Key, sequence: u64) -> bool {
    let at = newest.binary_search_by_key(key, |entry| entry.key);
    at.is_ok_and(|at| newest[at].sequence >= sequence)
}
