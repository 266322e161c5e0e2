//! `vsd fsck`: everything a stopped node has on its disks, checked, and mended where that needs no guessing.
//!
//! Invariants:
//! - Without `--fix` no byte changes, nor any time stamp but that of the last read.
//! - With it no record is removed: damaged chunks are repaired from other copies, not here.
//! - Nobody else uses the node's directories meanwhile.

mod report;

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    time::{Duration, Instant},
};

use clap::Args;
use nix::fcntl::Flock;
use vs_core::{
    error::{Code, Exit, Failure},
    id::{AssetId, NodeId},
    manifest::ChunkRef,
    text::shown,
    unit::human_bytes,
};
use vsd_core::{
    meta::{DirState, TableError, VideoRecord},
    superblock::{self, Check, Checked, Disk, Flaw, Key, check, mend, open_number, superblocks},
};

use self::report::{DirReport, Finding, MetaReport, Report, Severity};
use crate::{
    cli::{WhereArgs, print},
    meta::Offline,
    node,
    offline::{ChunkDir, chunk_dirs, leave_checked, lock_dir},
    storage::{ReadOnlyDisk, RealDisk},
};

/// How often progress is told.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);
/// Titles of videos named for a damaged chunk.
const VIDEOS_NAMED: u32 = 2;

#[derive(Debug, Args)]
pub(crate) struct FsckArgs {
    #[command(flatten)]
    place: WhereArgs,
    /// Read every chunk from the disk and check its CRC-32C and SHA-256
    #[arg(long)]
    deep: bool,
    /// Mend what can be mended without guessing
    #[arg(long)]
    fix: bool,
    /// Write one JSON document
    #[arg(long)]
    json: bool,
}

#[allow(clippy::print_stderr, reason = "what to do next")]
pub(crate) fn main(args: &FsckArgs) -> Result<Exit, Failure> {
    let report = examine(args)?;
    print(&if args.json { report.json() } else { report.text() })?;
    if !args.json {
        report.hints().iter().for_each(|hint| eprintln!("hint: {hint}"));
    }
    Ok(if report.needs_attention() { Exit::Failed } else { Exit::Ok })
}

fn examine(args: &FsckArgs) -> Result<Report, Failure> {
    let config = args.place.config()?;
    let root = &config.node.data_dir;
    let identity = node::identity(root)?;
    let _lock = lock(root, args.fix)?;
    let found = chunk_dirs(&config)?;
    let _locks = found.dirs.iter().map(lock_dir).collect::<Result<Vec<_>, _>>()?;

    let mut report = Report::new(root, args.deep, args.fix);
    for (path, why) in &found.unusable {
        report.findings.push(Finding::new("unusable", path.display(), Severity::Attention, why));
    }
    let meta = Offline::open(&root.join("meta")).map_err(|error| report.metadata_flaw(error)).ok();
    let doubts = meta.as_ref().map(|meta| doubts(meta, identity.node, &found.dirs, &mut report)).transpose();
    let doubts = doubts.unwrap_or_else(|error| {
        report.metadata_flaw(error);
        None
    });
    let knows_doubts = doubts.is_some();
    let doubts = doubts.unwrap_or_default();
    let mut fsck = Fsck { args, report, checked: Vec::new(), knows_doubts };
    for dir in &found.dirs {
        fsck.directory(dir, doubts.get(&dir.key).map(String::as_str));
    }
    if let Some(meta) = &meta {
        fsck.metadata(meta);
    }
    Ok(fsck.report)
}

/// Keeps a daemon off the node's directory.
fn lock(root: &Path, fix: bool) -> Result<Option<Flock<std::fs::File>>, Failure> {
    let lock = match fix {
        true => node::lock(root, &format!("vsd fsck, process {}", std::process::id())).map(Some),
        false => node::lock_unchanged(root),
    };
    lock.map_err(|failure| match failure.code {
        Code::Conflict => {
            // as who holds it has said
            let process = failure.why.iter().find_map(|why| why.split("process ").nth(1)?.split(',').next());
            let stop = process.map_or("systemctl stop vsd".to_owned(), |process| format!("kill {process}"));
            failure.hint(format!("stop it first with `{stop}`; `vsd inspect` works while it runs"))
        }
        _ => failure,
    })
}

/// Why directories take no writes, by key; what the cluster knows and is not here is reported.
fn doubts(
    meta: &Offline,
    node: NodeId,
    dirs: &[ChunkDir],
    report: &mut Report,
) -> Result<HashMap<uuid::Uuid, String>, TableError> {
    let mut doubts = HashMap::new();
    for known in meta.with(|view| view.dirs_of(node))? {
        if !dirs.iter().any(|dir| dir.key == known.key) {
            // what the cluster knows to be missing is not news
            let severity = if known.state == DirState::Missing { Severity::Note } else { Severity::Attention };
            let why = format!("last seen at {}, is not among the directories", known.path);
            report.findings.push(Finding::new("directory_missing", known.id, severity, why));
        }
        if let Some(reason) = known.unmended() {
            doubts.insert(known.key, reason.to_owned());
        }
    }
    Ok(doubts)
}

/// A check of a node under way.
struct Fsck<'a> {
    args: &'a FsckArgs,
    report: Report,
    checked: Vec<Checked>,
    /// Whether the metadata tells of failed syncs. Without, nothing is mended: what is cached may not be what is there.
    knows_doubts: bool,
}

impl Fsck<'_> {
    /// Checks one directory. `doubt` is why the cluster believes nothing that is only cached there.
    fn directory(&mut self, dir: &ChunkDir, doubt: Option<&str>) {
        let may_mend = self.args.fix && self.knows_doubts && (doubt.is_none() || self.args.deep);
        let looked = match may_mend {
            false => self.look(dir, self.args.deep, doubt.is_some()).map(|checked| (Vec::new(), checked)),
            true => self.look_and_mend(dir, doubt),
        };
        match looked {
            Ok((mut findings, checked)) => {
                if let Some(reason) = doubt
                    && !may_mend
                {
                    let why = format!("takes no writes since a sync failed: {reason}");
                    findings.push(Finding::new("failed_fsync", dir.id, Severity::Attention, why));
                }
                let flaws =
                    checked.flaws.iter().filter(|flaw| !findings.iter().any(|told| told.flaw.as_ref() == Some(flaw)));
                let rest: Vec<_> = flaws.map(|flaw| Finding::of(dir.id, flaw)).collect();
                findings.extend(rest);
                self.report.dirs.push(DirReport::new(dir, &checked, &findings));
                self.report.findings.extend(findings);
                self.checked.push(checked);
            }
            Err(error) => {
                let why = format!("{} cannot be read: {error}", dir.path.display());
                self.report.findings.push(Finding::new("unreadable", dir.id, Severity::Attention, why));
            }
        }
    }

    fn look(&self, dir: &ChunkDir, payloads: bool, failed_fsync: bool) -> std::io::Result<Checked> {
        let disk = ReadOnlyDisk::new(&dir.path);
        let mut progress = Progress::new(dir, total_bytes(&disk)?, self.args.json);
        let asked = Check { dir: dir.id, failed_fsync, payloads };
        check(&disk, asked, &mut |bytes| progress.advance(bytes))
    }

    /// Looks, mends what can be mended, and looks again, then as deep as was asked for. Returns what is to be told
    /// beside what the second look found.
    fn look_and_mend(&self, dir: &ChunkDir, doubt: Option<&str>) -> std::io::Result<(Vec<Finding>, Checked)> {
        let before = self.look(dir, false, doubt.is_some())?;
        let mut findings = Vec::new();
        let mut mended = true;
        if doubt.is_some() || before.flaws.iter().any(|flaw| flaw.remedy().is_some()) {
            let config =
                superblock::Config { failed_fsync: doubt.is_some(), ..superblock::Config::new(dir.id, rand::random()) };
            if let Err(why) = mend(RealDisk::new(&dir.path, None), &config) {
                findings.push(Finding::new("not_mended", dir.id, Severity::Attention, format!("not mended: {why}")));
                mended = false;
            }
        }
        let after = self.look(dir, self.args.deep, doubt.is_some() && !mended)?;
        for flaw in before.flaws.iter().filter(|flaw| !after.flaws.contains(flaw)) {
            findings.push(match flaw.remedy().filter(|_| mended) {
                Some(remedy) => Finding::of(dir.id, flaw).mended(remedy),
                None => Finding::of(dir.id, flaw),
            });
        }
        if let Some(reason) = doubt {
            findings.push(believed(dir, reason, mended, &after));
        }
        Ok((findings, after))
    }

    /// Reads the metadata, and holds what it says is here against what is.
    fn metadata(&mut self, meta: &Offline) {
        let alone = meta.with(|view| view.nodes(None, 2)).is_ok_and(|nodes| nodes.len() == 1);
        let damaged: HashSet<Key> = self.report.findings.iter().filter_map(|finding| finding.chunk).collect();
        let (mut flaws, mut named, mut missing) = (Vec::new(), 0u64, Vec::new());
        let mut seen = HashSet::new();
        let checked = &self.checked;
        let mut on_chunk = |asset: AssetId, chunk: &ChunkRef| {
            let key = Key { hash: chunk.hash, asset };
            if !alone || !seen.insert(key) {
                return;
            }
            named += 1;
            let stored = checked.iter().find_map(|checked| checked.chunk_bytes(&key));
            match stored {
                Some(bytes) if bytes == chunk.bytes => {}
                None if damaged.contains(&key) => {}
                stored => missing.push((key, stored, chunk.bytes)),
            }
        };
        let records = meta.check(&mut |flaw| flaws.push(flaw.to_string()), &mut on_chunk);
        let is_complete = records.is_ok() && flaws.is_empty();
        flaws.into_iter().for_each(|why| self.report.metadata_flaw(why));
        if let Err(error) = &records {
            self.report.metadata_flaw(error);
        }
        if alone && is_complete && missing.is_empty() {
            // bytes whose owner is not known were nobody's who is missed
            self.report.findings.iter_mut().for_each(Finding::is_not_missed);
        }
        let chunks_missing = alone.then_some(missing.len() as u64);
        for (key, stored, bytes) in missing {
            let what = match stored {
                None => "is missing".to_owned(),
                Some(stored) => format!("is {stored} bytes long and should be {bytes}"),
            };
            let why = format!("chunk {} of {} {what}", key.hash, key.asset);
            self.report.findings.push(Finding::new("chunk_missing", "metadata", Severity::Attention, why).about(key));
        }
        let mut titles = HashMap::new();
        for finding in &mut self.report.findings {
            if let Some(key) = finding.chunk {
                finding.needed_by = titles.entry(key.asset).or_insert_with(|| needed_by(meta, key.asset)).clone();
            }
        }
        let (last, applied) = meta.indexes();
        self.report.metadata = Some(MetaReport {
            log_entries: meta.entries(),
            last,
            applied,
            records: records.unwrap_or(0),
            chunks_named: alone.then_some(named),
            chunks_missing,
        });
    }
}

/// What became of a directory whose sync had failed, once it was read and sealed: when nothing stood in the way it is
/// left a note, by which the next start knows that it is well.
fn believed(dir: &ChunkDir, reason: &str, mended: bool, after: &Checked) -> Finding {
    let doubted = |why: &str| {
        let why = format!("takes no writes since a sync failed ({reason}): {why}");
        Finding::new("failed_fsync", dir.id, Severity::Attention, why)
    };
    if !mended {
        return doubted("it could not be mended");
    }
    if after.flaws.iter().any(|flaw| matches!(flaw, Flaw::Unreadable { .. })) {
        return doubted("its disk fails to read");
    }
    match leave_checked(dir) {
        Err(error) => doubted(&format!("fsck.toml could not be left in it: {error}")),
        Ok(()) => Finding::new("failed_fsync", dir.id, Severity::Attention, format!("a sync had failed: {reason}"))
            .mended("all of it read from the disk, synced and sealed; it takes writes again once vsd starts"),
    }
}

/// Videos that show an asset, as a person knows them.
fn needed_by(meta: &Offline, asset: AssetId) -> Vec<String> {
    let name = |video: VideoRecord| format!("{} ({})", shown(&video.title), &video.id.to_string()[..8]);
    let videos = meta.with(|view| view.videos_of(asset, VIDEOS_NAMED)).unwrap_or_default();
    videos.into_iter().map(name).collect()
}

/// Length of all superblocks.
fn total_bytes<D: Disk>(disk: &D) -> std::io::Result<u64> {
    let bytes = |number: u32| open_number(disk, number).map_or(0, |file| file.file_bytes);
    Ok(superblocks(disk)?.into_iter().map(bytes).sum())
}

/// Tells a person who waits how far the check is.
struct Progress {
    what: String,
    done_bytes: u64,
    total_bytes: u64,
    told: Instant,
    quiet: bool,
}

impl Progress {
    fn new(dir: &ChunkDir, total_bytes: u64, quiet: bool) -> Self {
        Self { what: dir.path.display().to_string(), done_bytes: 0, total_bytes, told: Instant::now(), quiet }
    }

    #[allow(clippy::print_stderr, reason = "progress")]
    fn advance(&mut self, bytes: u64) {
        self.done_bytes += bytes;
        if !self.quiet && self.told.elapsed() >= PROGRESS_EVERY {
            self.told = Instant::now();
            eprintln!("checking {}: {} of {}", self.what, human_bytes(self.done_bytes), human_bytes(self.total_bytes));
        }
    }
}

#[cfg(test)]
mod tests;
