//! What `vsd fsck` tells: findings, a summary, and what to type next.

use std::{fmt, path::Path};

use serde_json::{Value, json};
use vs_core::{id::DirId, text::shown, unit::human_bytes};
use vsd_core::superblock::{self, Checked, Flaw, Key};

use crate::offline::{ChunkDir, table};

/// Findings shown to a person; JSON has all of them.
const SHOWN_MAX: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    Attention,
    /// What any crash leaves behind.
    Note,
    Mended,
}

impl Severity {
    fn as_str(self) -> &'static str {
        match self {
            Self::Attention => "attention",
            Self::Note => "note",
            Self::Mended => "mended",
        }
    }
}

/// One thing out of the ordinary.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// A stable name.
    pub(super) kind: &'static str,
    pub(super) place: String,
    pub(super) severity: Severity,
    pub(super) text: String,
    pub(super) flaw: Option<Flaw>,
    /// The chunk that it costs.
    pub(super) chunk: Option<Key>,
    /// Videos that need it.
    pub(super) needed_by: Vec<String>,
    /// What was done about it.
    remedy: Option<String>,
}

impl Finding {
    pub(super) fn new(
        kind: &'static str,
        place: impl fmt::Display,
        severity: Severity,
        text: impl fmt::Display,
    ) -> Self {
        let (place, text) = (place.to_string(), text.to_string());
        Self { kind, place, severity, text, flaw: None, chunk: None, needed_by: Vec::new(), remedy: None }
    }

    pub(super) fn of(dir: DirId, flaw: &Flaw) -> Self {
        let severity = if flaw.is_normal() { Severity::Note } else { Severity::Attention };
        let chunk = match flaw {
            Flaw::Found(superblock::Finding::Quarantined { chunk, .. }) => *chunk,
            _ => None,
        };
        Self { flaw: Some(flaw.clone()), chunk, ..Self::new(flaw.kind(), dir, severity, flaw) }
    }

    pub(super) fn about(self, chunk: Key) -> Self {
        Self { chunk: Some(chunk), ..self }
    }

    pub(super) fn mended(self, remedy: &str) -> Self {
        Self { severity: Severity::Mended, remedy: Some(remedy.to_owned()), ..self }
    }

    /// Every chunk that should be here is: damage that cannot be told whose it is was nobody's.
    pub(super) fn is_not_missed(&mut self) {
        if let Some(Flaw::Found(superblock::Finding::Quarantined { chunk: None, .. })) = self.flaw {
            self.severity = Severity::Note;
            self.text.push_str("; no chunk is missing");
        }
    }

    fn line(&self) -> String {
        let mut line = format!("{:<9}  {}: {}", self.severity.as_str(), shown(&self.place), shown(&self.text));
        if !self.needed_by.is_empty() {
            line.push_str(&format!("; needed by {}", self.needed_by.join(", ")));
        }
        if let Some(remedy) = &self.remedy {
            line.push_str(&format!(": {remedy}"));
        }
        line
    }

    fn json(&self) -> Value {
        let range = match &self.flaw {
            Some(Flaw::Found(superblock::Finding::Quarantined { offset, bytes, .. })) => Some((*offset, *bytes)),
            _ => None,
        };
        json!({
            "severity": self.severity.as_str(),
            "kind": self.kind,
            "place": self.place,
            "superblock": self.flaw.as_ref().map(Flaw::superblock),
            "offset": range.map(|(offset, _)| offset),
            "length_bytes": range.map(|(_, bytes)| bytes),
            "asset": self.chunk.map(|chunk| chunk.asset.0),
            "hash": self.chunk.map(|chunk| chunk.hash.to_string()),
            "needed_by": self.needed_by,
            "text": self.text,
            "remedy": self.remedy,
        })
    }
}

/// A directory in figures.
#[derive(Debug)]
pub(super) struct DirReport {
    id: DirId,
    path: String,
    superblocks: u64,
    sealed: u64,
    file_bytes: u64,
    chunks: u64,
    chunk_bytes: u64,
    tombstones: u64,
    findings: usize,
}

impl DirReport {
    pub(super) fn new(dir: &ChunkDir, checked: &Checked, findings: &[Finding]) -> Self {
        Self {
            id: dir.id,
            path: dir.path.to_string_lossy().into_owned(),
            superblocks: checked.superblocks,
            sealed: checked.sealed,
            file_bytes: checked.file_bytes,
            chunks: checked.chunks,
            chunk_bytes: checked.chunk_bytes,
            tombstones: checked.tombstones,
            findings: findings.iter().filter(|finding| finding.severity == Severity::Attention).count(),
        }
    }

    fn json(&self) -> Value {
        json!({
            "dir": self.id.0,
            "path": self.path,
            "superblocks": self.superblocks,
            "sealed": self.sealed,
            "file_bytes": self.file_bytes,
            "chunks": self.chunks,
            "chunk_bytes": self.chunk_bytes,
            "tombstones": self.tombstones,
            "findings": self.findings,
        })
    }
}

/// The metadata in figures.
#[derive(Debug)]
pub(super) struct MetaReport {
    pub(super) log_entries: u64,
    /// Index of the last entry of the log.
    pub(super) last: u64,
    /// Index of the last entry that the state has.
    pub(super) applied: u64,
    pub(super) records: u64,
    /// Chunks that live manifests place on this node; unknown on a node that is not alone.
    pub(super) chunks_named: Option<u64>,
    pub(super) chunks_missing: Option<u64>,
}

impl MetaReport {
    fn text(&self) -> String {
        let mut text = format!(
            "metadata: {} log entries up to {}, state up to {}, {} records; ",
            self.log_entries, self.last, self.applied, self.records
        );
        text.push_str(&match (self.chunks_named, self.chunks_missing) {
            (Some(named), Some(0)) => format!("all {named} chunks of live manifests are here"),
            (Some(named), Some(missing)) => format!("{missing} of {named} chunks of live manifests are missing"),
            _ => "which chunks should be here is only known in a cluster of one".to_owned(),
        });
        text
    }

    fn json(&self) -> Value {
        json!({
            "log_entries": self.log_entries,
            "last": self.last,
            "applied": self.applied,
            "records": self.records,
            "chunks_named": self.chunks_named,
            "chunks_missing": self.chunks_missing,
        })
    }
}

#[derive(Debug)]
pub(super) struct Report {
    data_dir: String,
    deep: bool,
    fix: bool,
    pub(super) dirs: Vec<DirReport>,
    pub(super) metadata: Option<MetaReport>,
    pub(super) findings: Vec<Finding>,
}

impl Report {
    pub(super) fn new(data_dir: &Path, deep: bool, fix: bool) -> Self {
        let data_dir = data_dir.to_string_lossy().into_owned();
        Self { data_dir, deep, fix, dirs: Vec::new(), metadata: None, findings: Vec::new() }
    }

    pub(super) fn needs_attention(&self) -> bool {
        self.attention().next().is_some()
    }

    pub(super) fn metadata_flaw(&mut self, why: impl fmt::Display) {
        self.findings.push(Finding::new("metadata", "metadata", Severity::Attention, why));
    }

    fn attention(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Attention)
    }

    pub(super) fn json(&self) -> String {
        let document = json!({
            "data_dir": self.data_dir,
            "deep": self.deep,
            "fix": self.fix,
            "clean": !self.needs_attention(),
            "dirs": self.dirs.iter().map(DirReport::json).collect::<Vec<_>>(),
            "metadata": self.metadata.as_ref().map(MetaReport::json),
            "findings": self.findings.iter().map(Finding::json).collect::<Vec<_>>(),
        });
        format!("{document:#}\n")
    }

    pub(super) fn text(&self) -> String {
        let headings = [
            ("DIR", false),
            ("PATH", false),
            ("SUPERBLOCKS", true),
            ("CHUNKS", true),
            ("BYTES", true),
            ("FINDINGS", true),
        ];
        let row = |dir: &DirReport| {
            vec![
                dir.id.to_string(),
                shown(&dir.path),
                dir.superblocks.to_string(),
                dir.chunks.to_string(),
                human_bytes(dir.chunk_bytes),
                dir.findings.to_string(),
            ]
        };
        let mut text = table(&headings, &self.dirs.iter().map(row).collect::<Vec<_>>());
        if let Some(metadata) = &self.metadata {
            text.push_str(&format!("{}\n", metadata.text()));
        }
        if !self.findings.is_empty() {
            text.push('\n');
        }
        let (first, rest) = self.findings.split_at(self.findings.len().min(SHOWN_MAX));
        first.iter().for_each(|finding| text.push_str(&format!("{}\n", finding.line())));
        if !rest.is_empty() {
            text.push_str(&format!("… and {} more: --json shows all\n", rest.len()));
        }
        text.push_str(&match self.attention().count() {
            0 if self.deep => "\nclean: every chunk was read\n".to_owned(),
            0 => "\nclean, as far as can be told without reading every chunk (--deep)\n".to_owned(),
            1 => "\n1 finding needs attention\n".to_owned(),
            several => format!("\n{several} findings need attention\n"),
        });
        text
    }

    /// What to type next.
    pub(super) fn hints(&self) -> Vec<String> {
        let has = |kinds: &[&str]| self.attention().any(|finding| kinds.contains(&finding.kind));
        let again = |flags: &str| format!("`vsd fsck {flags} --data-dir {}`", self.data_dir);
        let mut hints = Vec::new();
        if has(&["withheld", "failed_fsync"]) && !(self.fix && self.deep) {
            hints.push(format!(
                "{} reads the disk itself, and takes the directory into use again",
                again("--deep --fix")
            ));
        } else if has(&["footer_damaged", "header_copy"]) && !self.fix {
            hints.push(format!("{} mends what needs no guessing", again("--fix")));
        }
        if has(&["quarantined", "chunk_missing", "header_lost"]) {
            let alone = self.metadata.as_ref().is_some_and(|metadata| metadata.chunks_named.is_some());
            hints.push(match alone {
                true => {
                    "this node has the only copy: `vsctl upload --on-duplicate new FILM` stores a film again, then \
                         `vsctl rm ID` the damaged one"
                        .to_owned()
                }
                false => {
                    "start the node: damaged chunks are repaired from their other copies, `vsctl status` shows how \
                          far that is"
                        .to_owned()
                }
            });
        }
        if has(&["metadata"]) {
            hints.push(
                "restore the metadata, or begin with an empty data directory: it comes back as a new node".to_owned(),
            );
        }
        if has(&["newer"]) {
            hints.push("run the newer release, `vsd --version` tells which this is".to_owned());
        }
        hints
    }
}
