//! `vsd inspect`: superblocks and chunks as they lie on the disk. Reads only, takes no lock, believes nothing but
//! checksums.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ffi::OsStr,
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use vs_core::{
    error::{Code, Failure},
    hash::Hash,
    id::AssetId,
    unit::human_bytes,
};
use vsd_core::superblock::{
    Contents, FORMAT_VERSION, FooterState, Key, NotSuperblock, OpenSuperblock, Payload, Record, RecordKind, newest_of,
    open_superblock, records_of,
};

use crate::{
    cli::{WhereArgs, print},
    offline::{ChunkDir, ChunkDirs, chunk_dirs, not_superblock, sequence, table},
    storage::ReadOnlyDisk,
};

/// Fewest hexadecimal digits that name a chunk.
const PREFIX_DIGITS_MIN: usize = 8;
/// Most candidates named when a prefix is ambiguous.
const CANDIDATES_MAX: usize = 10;
/// A superblock may be removed, and its chunks be moved elsewhere, while we look for them.
const ATTEMPTS: usize = 3;

#[derive(Debug, Subcommand)]
pub(crate) enum InspectCommand {
    /// Show what is in a superblock file.
    #[command(after_help = "Examples:\n  vsd inspect superblock 7 --data-dir /srv/v\n  \
                            vsd inspect superblock ./00000007.vsb --json | jq .records[0]")]
    Superblock(SuperblockArgs),
    /// Show every record of a chunk, and which of them counts.
    #[command(after_help = "Examples:\n  vsd inspect chunk 3f2a9c01 --data-dir /srv/v\n  \
                            vsd inspect chunk 3f2a9c01 --asset 12 --json")]
    Chunk(ChunkArgs),
}

#[derive(Debug, Args)]
pub(crate) struct SuperblockArgs {
    /// A file, or the number of one in the node's directories
    #[arg(value_name = "PATH|NUMBER")]
    superblock: String,
    #[command(flatten)]
    place: WhereArgs,
    /// Write one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ChunkArgs {
    /// SHA-256 of the chunk, or its first 8 digits or more
    #[arg(value_name = "HASH")]
    hash: Prefix,
    /// Only the chunk of this asset
    #[arg(long, value_name = "N")]
    asset: Option<AssetId>,
    #[command(flatten)]
    place: WhereArgs,
    /// Write one JSON document
    #[arg(long)]
    json: bool,
}

/// The first digits of a hash.
#[derive(Clone, Debug)]
struct Prefix(String);

impl FromStr for Prefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_hash = text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash && text.len() >= PREFIX_DIGITS_MIN {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(format!("give {PREFIX_DIGITS_MIN} to 64 hexadecimal digits"))
        }
    }
}

impl Prefix {
    fn fits(&self, hash: &Hash) -> bool {
        let digits = hash.0.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        let wanted = self.0.chars().filter_map(|digit| digit.to_digit(16));
        wanted.zip(digits).all(|(wanted, digit)| wanted == u32::from(digit))
    }
}

pub(crate) fn main(command: &InspectCommand) -> Result<(), Failure> {
    match command {
        InspectCommand::Superblock(args) => superblock(args),
        InspectCommand::Chunk(args) => chunk(args),
    }
}

fn superblock(args: &SuperblockArgs) -> Result<(), Failure> {
    let path = match args.superblock.parse() {
        Ok(number) => numbered(&chunk_dirs(&args.place.config()?)?.dirs, number)?,
        Err(_) => PathBuf::from(&args.superblock),
    };
    let unnamed = || Failure::new(Code::Invalid, format!("{} is no file", path.display()));
    let name = path.file_name().and_then(OsStr::to_str).ok_or_else(unnamed)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let disk = ReadOnlyDisk::new(folder);
    let file = open_superblock(&disk, name).map_err(|why| not_superblock(&path, &why))?;
    let contents = file.contents(&disk);
    let keys: HashSet<Key> = contents.records.iter().map(|record| record.key).collect();
    let unread = |error| Failure::new(Code::LocalFile, format!("cannot read {}", folder.display())).because(error);
    let newest = newest_of(&disk, file.dir, |key| keys.contains(key)).map_err(unread)?;
    let newest: HashMap<_, _> = newest.into_iter().collect();
    let states: Vec<_> = contents
        .records
        .iter()
        .map(|record| state(record, newest.get(&record.key).is_some_and(|newest| *newest > record.rank())))
        .collect();
    print(&if args.json {
        superblock_json(&path, &file, &contents, &states)
    } else {
        superblock_text(&path, &file, &contents, &states)
    })
}

/// The file with this number, when only one directory has one.
fn numbered(dirs: &[ChunkDir], number: u32) -> Result<PathBuf, Failure> {
    let paths = dirs.iter().map(|dir| dir.path.join(format!("{number:08}.vsb")));
    let mut found: Vec<_> = paths.filter(|path| path.symlink_metadata().is_ok()).collect();
    match (found.pop(), &found[..]) {
        (Some(path), []) => Ok(path),
        (None, _) => Err(Failure::new(Code::NotFound, format!("no superblock {number}"))
            .because(dirs.iter().map(|dir| format!("{} has none", dir.path.display())).collect::<Vec<_>>().join("\n"))),
        (Some(path), _) => {
            let failure = Failure::new(Code::Ambiguous, format!("several directories have a superblock {number}"));
            let failure = found.iter().fold(failure, |failure, other| failure.because(other.display()));
            Err(failure.because(path.display()).hint(format!("vsd inspect superblock {}", path.display())))
        }
    }
}

fn state(record: &Record, is_superseded: bool) -> &'static str {
    match record.payload {
        Payload::Punched if is_superseded => "punched",
        _ if is_superseded => "dead",
        Payload::Good => "ok",
        Payload::Unreadable => "unreadable",
        Payload::BadCrc | Payload::BadHash | Payload::Punched => "bad payload",
    }
}

fn kind(record: &Record) -> &'static str {
    match record.kind {
        RecordKind::Chunk => "chunk",
        RecordKind::Tombstone => "tombstone",
    }
}

fn payload(record: &Record) -> &'static str {
    match record.payload {
        Payload::Good => "good",
        Payload::BadCrc => "bad_crc",
        Payload::BadHash => "bad_hash",
        Payload::Punched => "punched",
        Payload::Unreadable => "unreadable",
    }
}

/// How many records are in each state, in the order of their first.
fn counts(states: &[&'static str]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for state in states {
        *counts.entry(*state).or_default() += 1;
    }
    counts
}

fn superblock_json(
    path: &Path,
    file: &OpenSuperblock<std::fs::File>,
    contents: &Contents,
    states: &[&'static str],
) -> String {
    let footer = match contents.footer {
        FooterState::Sound { records, quarantined_bytes } => {
            json!({"state": "sound", "records": records, "quarantined_bytes": quarantined_bytes})
        }
        FooterState::Damaged => json!({"state": "damaged"}),
        FooterState::Missing => json!({"state": "missing"}),
        FooterState::Unreadable => json!({"state": "unreadable"}),
    };
    let record = |(record, state): (&Record, &&str)| {
        json!({
            "offset": record.offset,
            "kind": kind(record),
            "asset": record.key.asset.0,
            "hash": record.key.hash.to_string(),
            "sequence": record.sequence,
            "length_bytes": record.payload_bytes,
            "state": state.replace(' ', "_"),
            "payload": payload(record),
        })
    };
    let records: Vec<Value> = contents.records.iter().zip(states).map(record).collect();
    let bad = contents.bad.iter().map(|bad| json!({"offset": bad.start, "length_bytes": bad.end - bad.start}));
    let count = |(state, count): (&str, usize)| (state.replace(' ', "_"), count.into());
    let totals: serde_json::Map<_, _> = counts(states).into_iter().map(count).collect();
    let document = json!({
        "path": path.to_string_lossy(),
        "superblock": file.number,
        "dir": file.dir.0,
        "format": FORMAT_VERSION,
        "file_bytes": file.file_bytes,
        "header": if file.damaged_copy.is_some() { "one copy damaged" } else { "sound" },
        "footer": footer,
        "complete": contents.complete,
        "records": records,
        "bad_ranges": bad.collect::<Vec<_>>(),
        "totals": totals,
    });
    format!("{document:#}\n")
}

fn superblock_text(
    path: &Path,
    file: &OpenSuperblock<std::fs::File>,
    contents: &Contents,
    states: &[&'static str],
) -> String {
    let header = file.damaged_copy.map_or("sound".to_owned(), |copy| format!("copy {} of 2 is damaged", copy + 1));
    let footer = match contents.footer {
        FooterState::Sound { records, quarantined_bytes: 0 } => format!("sound, {records} records"),
        FooterState::Sound { records, quarantined_bytes } => {
            format!("sound, {records} records, {quarantined_bytes} bytes were damaged before it was sealed")
        }
        FooterState::Damaged => "damaged".to_owned(),
        FooterState::Missing => "none: it is being written, or was when its writer ended".to_owned(),
        FooterState::Unreadable => "the disk failed to read it".to_owned(),
    };
    let bytes = file.file_bytes;
    let mut text = format!(
        "superblock  {} of data directory {}, format {FORMAT_VERSION}\nfile        {}\nlength      {} ({bytes} bytes)\n\
         header      {header}\nfooter      {footer}\n",
        file.number,
        file.dir,
        vs_core::text::shown(&path.to_string_lossy()),
        human_bytes(bytes),
    );
    let headings = [
        ("OFFSET", true),
        ("KIND", false),
        ("ASSET", false),
        ("HASH", false),
        ("SEQUENCE", true),
        ("LENGTH", true),
        ("STATE", false),
    ];
    let row = |(record, state): (&Record, &&str)| {
        vec![
            record.offset.to_string(),
            kind(record).to_owned(),
            record.key.asset.to_string(),
            record.key.hash.to_string()[..16].to_owned(),
            sequence(record.sequence),
            record.payload_bytes.to_string(),
            (*state).to_owned(),
        ]
    };
    let rows: Vec<_> = contents.records.iter().zip(states).map(row).collect();
    if !rows.is_empty() {
        text.push('\n');
        text.push_str(&table(&headings, &rows));
    }
    let each: Vec<_> = counts(states).into_iter().map(|(state, count)| format!("{count} {state}")).collect();
    let each = if each.is_empty() { String::new() } else { format!(": {}", each.join(", ")) };
    text.push_str(&format!("\n{} records{each}\n", states.len()));
    for bad in &contents.bad {
        text.push_str(&format!("no record in {} bytes at {}\n", bad.end - bad.start, bad.start));
    }
    if !contents.complete {
        text.push_str("the disk failed to read some of it: there may be more records\n");
    }
    text
}

/// A record and where it was found.
struct Found<'a> {
    dir: &'a ChunkDir,
    record: Record,
    /// Whether it is what a read of the chunk gets.
    is_live: bool,
}

#[allow(clippy::print_stderr, reason = "a warning beside the data")]
fn chunk(args: &ChunkArgs) -> Result<(), Failure> {
    let ChunkDirs { dirs, unusable } = chunk_dirs(&args.place.config()?)?;
    unusable.iter().for_each(|(path, why)| eprintln!("warning: {}: {why}", path.display()));
    let wanted = |key: &Key| args.hash.fits(&key.hash) && args.asset.is_none_or(|asset| asset == key.asset);
    let mut found = Vec::new();
    for dir in &dirs {
        let (records, skipped) = look(dir, wanted)?;
        for (number, why) in skipped {
            eprintln!("warning: {}: {why}", dir.path.join(format!("{number:08}.vsb")).display());
        }
        for records in records.chunk_by(|a, b| a.key == b.key) {
            let (last, rest) = records.split_last().expect("a chunk has at least one record");
            let older = rest.iter().map(|record| Found { dir, record: record.clone(), is_live: false });
            let is_live = last.kind == RecordKind::Chunk;
            found.extend(older.chain([Found { dir, record: last.clone(), is_live }]));
        }
    }
    let mut hashes: Vec<_> = found.iter().map(|found| found.record.key.hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    match &hashes[..] {
        [] => Err(Failure::new(Code::NotFound, format!("no chunk {} in {} directories", args.hash.0, dirs.len()))
            .because("neither stored nor deleted lately")),
        [_] => print(&if args.json { chunk_json(&found) } else { chunk_text(&found) }),
        several => {
            let failure = Failure::new(Code::Ambiguous, format!("{} names {} chunks", args.hash.0, several.len()));
            let failure = several.iter().take(CANDIDATES_MAX).fold(failure, |failure, hash| failure.because(hash));
            Err(failure.hint(format!("vsd inspect chunk {}", several[0])))
        }
    }
}

type Skipped = Vec<(u32, NotSuperblock)>;

/// The records of a directory, by rank within a chunk; looks again when a superblock has gone meanwhile.
fn look(dir: &ChunkDir, wanted: impl Fn(&Key) -> bool) -> Result<(Vec<Record>, Skipped), Failure> {
    let has_gone =
        |why: &NotSuperblock| matches!(why, NotSuperblock::Io(error) if error.kind() == std::io::ErrorKind::NotFound);
    let mut left = ATTEMPTS;
    loop {
        left -= 1;
        let mut skipped = Vec::new();
        let records = records_of(&ReadOnlyDisk::new(&dir.path), &wanted, |number, why| skipped.push((number, why)));
        let records = records.map_err(|error| {
            Failure::new(Code::LocalFile, format!("cannot read {}", dir.path.display())).because(error)
        })?;
        if left == 0 || !skipped.iter().any(|(_, why)| has_gone(why)) {
            return Ok((records, skipped));
        }
    }
}

/// What CRC-32C and SHA-256 of a record's payload are.
fn verdicts(record: &Record) -> [&'static str; 2] {
    match (record.kind, record.payload) {
        (RecordKind::Tombstone, _) => ["–", "–"],
        (_, Payload::Good) => ["ok", "ok"],
        (_, Payload::BadCrc) => ["bad", "bad"],
        (_, Payload::BadHash) => ["ok", "bad"],
        (_, Payload::Punched) => ["punched", "punched"],
        (_, Payload::Unreadable) => ["unread", "unread"],
    }
}

fn standing(found: &Found<'_>, all: &[Found<'_>]) -> &'static str {
    let same = |other: &&Found<'_>| other.dir.id == found.dir.id && other.record.key == found.record.key;
    let is_last = all.iter().filter(same).all(|other| other.record.rank() <= found.record.rank());
    match (found.is_live, is_last) {
        (true, _) => "live",
        (false, true) => "deleted",
        (false, false) => "dead",
    }
}

fn chunk_json(all: &[Found<'_>]) -> String {
    let item = |found: &Found<'_>| {
        let Record { superblock, offset, key, sequence, payload_bytes, .. } = &found.record;
        json!({
            "dir": found.dir.id.0,
            "path": found.dir.path.join(format!("{superblock:08}.vsb")).to_string_lossy(),
            "superblock": superblock,
            "offset": offset,
            "kind": kind(&found.record),
            "asset": key.asset.0,
            "hash": key.hash.to_string(),
            "sequence": sequence,
            "length_bytes": payload_bytes,
            "payload": payload(&found.record),
            "crc32c": verdicts(&found.record)[0].replace('–', "none"),
            "sha256": verdicts(&found.record)[1].replace('–', "none"),
            "state": standing(found, all),
            "live": found.is_live,
        })
    };
    format!("{:#}\n", json!({"items": all.iter().map(item).collect::<Vec<_>>(), "next": null}))
}

fn chunk_text(all: &[Found<'_>]) -> String {
    let headings = [
        ("DIR", false),
        ("SUPERBLOCK", true),
        ("OFFSET", true),
        ("KIND", false),
        ("ASSET", false),
        ("SEQUENCE", true),
        ("LENGTH", true),
        ("CRC-32C", false),
        ("SHA-256", false),
        ("STATE", false),
    ];
    let row = |found: &Found<'_>| {
        let [crc, sha] = verdicts(&found.record);
        vec![
            found.dir.id.to_string(),
            found.record.superblock.to_string(),
            found.record.offset.to_string(),
            kind(&found.record).to_owned(),
            found.record.key.asset.to_string(),
            sequence(found.record.sequence),
            found.record.payload_bytes.to_string(),
            crc.to_owned(),
            sha.to_owned(),
            standing(found, all).to_owned(),
        ]
    };
    let hash = all.first().map(|found| found.record.key.hash.to_string()).unwrap_or_default();
    format!("chunk {hash}\n\n{}", table(&headings, &all.iter().map(row).collect::<Vec<_>>()))
}
