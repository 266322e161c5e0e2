//! What is written about a playback: the report at its end, the state once a second, and a line for a person.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::Serialize;
use vs_core::{
    error::Failure,
    unit::{clock, human_bytes},
};
use vsplay_core::{
    report::{Report, ms},
    snapshot::{Snapshot, State},
};

use crate::{args::is_stdout, outputs::write_failure};

/// Writes the report as JSON.
pub(crate) fn write_report(path: &Path, report: &Report) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(report).unwrap_or_default();
    text.push('\n');
    let written = match is_stdout(path) {
        true => io::stdout().lock().write_all(text.as_bytes()),
        false => std::fs::write(path, text),
    };
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| write_failure(path, &error)),
    }
}

/// The state of a playback as `--status-json` tells it.
#[derive(Serialize)]
struct Status {
    state: State,
    position_ms: u64,
    duration_ms: u64,
    buffer_ms: u64,
    held_bytes: u64,
    in_flight: usize,
    throughput_mbps: f64,
    rebuffer_count: u64,
    rebuffer_ms: u64,
    failovers: u64,
    bytes_fetched: u64,
    nodes: Vec<NodeStatus>,
}

#[derive(Serialize)]
struct NodeStatus {
    id: String,
    score: f64,
    in_flight: u32,
    chunks: u64,
}

impl From<Snapshot> for Status {
    fn from(snapshot: Snapshot) -> Self {
        let rounded = |value: f64| (value * 1e3).round() / 1e3;
        let node = |node: &vsplay_core::snapshot::NodeView| NodeStatus {
            id: node.id.to_string(),
            score: rounded(node.score),
            in_flight: node.in_flight,
            chunks: node.chunks,
        };
        Self {
            state: snapshot.state,
            position_ms: ms(snapshot.position),
            duration_ms: ms(snapshot.end),
            buffer_ms: ms(snapshot.ahead),
            held_bytes: snapshot.held_bytes,
            in_flight: snapshot.in_flight,
            throughput_mbps: rounded(snapshot.throughput_mbps),
            rebuffer_count: snapshot.rebuffer_count,
            rebuffer_ms: ms(snapshot.rebuffer),
            failovers: snapshot.failovers,
            bytes_fetched: snapshot.bytes_fetched,
            nodes: snapshot.nodes.iter().map(node).collect(),
        }
    }
}

/// Where `--status-json` goes.
#[derive(Debug)]
pub(crate) struct StatusFile {
    path: PathBuf,
    file: Option<File>,
}

impl StatusFile {
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let file = match is_stdout(path) {
            true => None,
            false => Some(File::create(path).map_err(|error| write_failure(path, &error))?),
        };
        Ok(Self { path: path.to_owned(), file })
    }

    /// Writes one line. False when nobody reads it any more.
    pub(crate) fn write(&mut self, snapshot: Snapshot) -> Result<bool, Failure> {
        let mut line = serde_json::to_vec(&Status::from(snapshot)).unwrap_or_default();
        line.push(b'\n');
        let written = match &mut self.file {
            Some(file) => file.write_all(&line),
            None => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(&line).and_then(|()| stdout.flush())
            }
        };
        match written {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(write_failure(&self.path, &error)),
        }
    }
}

/// One line about how it went, for a person.
pub(crate) fn summary(report: &Report) -> String {
    let played = clock(std::time::Duration::from_millis(report.played_ms));
    let startup = report.startup_ms.map_or_else(|| "never".to_owned(), |ms| format!("{ms} ms"));
    let stalls = match report.rebuffer_count {
        0 => "no stall".to_owned(),
        1 => format!("1 stall of {} ms", report.rebuffer_ms),
        n => format!("{n} stalls of {} ms", report.rebuffer_ms),
    };
    let tracks: Vec<_> = report.tracks.iter().map(|track| track.name.as_str()).collect();
    format!(
        "played {played} of {} · started in {startup} · {stalls} · {} chunks verified, {} at {:.1} Mbit/s",
        tracks.join(", "),
        report.chunks_verified,
        human_bytes(report.bytes_fetched),
        report.throughput_mbps
    )
}
