//! Scrubbing and compaction, a row for each data directory.

use serde_json::{Value, json};
use vs_core::id::{DirId, NodeId};
use vs_wire::v1::{self, CareState};

use super::{
    chunk::{DIR, NODE, STATE},
    extended, rfc3339,
};
use crate::out::{
    Column, Kind, Style,
    human::{self, number, text},
};

fn care_state_name(state: CareState) -> &'static str {
    match state {
        CareState::Unspecified => "unknown",
        CareState::Idle => "idle",
        CareState::Running => "running",
        CareState::Paused => "paused",
        CareState::Stopped => "stopped",
    }
}

/// What scrub and compaction say alike of one data directory.
fn care(status: &v1::CareStatus, node: NodeId) -> Value {
    json!({
        "node": node.to_string(),
        "dir": DirId(status.dir).to_string(),
        "path": status.path,
        "state": care_state_name(status.state()),
        "began_at": rfc3339(status.run.as_ref().map_or(0, |run| run.began_at_ms)),
        "done_bytes": status.run.is_some().then_some(status.bytes_done),
        "total_bytes": status.bytes_total,
        "rate_bytes_per_s": status.bytes_per_s,
        "rate_max_bytes_per_s": status.bytes_per_s_max,
        "eta_ms": status.eta_ms,
        "next_at": rfc3339(status.next_at_ms.unwrap_or(0)),
        "notes": status.notes,
    })
}

pub(crate) fn scrub(status: &v1::CareStatus, node: NodeId) -> Value {
    let run = status.run.as_ref();
    let last = status.last.as_ref().map(|last| {
        json!({
            "began_at": rfc3339(last.began_at_ms),
            "ended_at": rfc3339(last.ended_at_ms.unwrap_or(0)),
            "chunks": last.chunks,
            "bytes": last.bytes,
            "damaged": last.damaged,
            "whole": last.whole,
        })
    });
    let more = json!({
        "done_chunks": run.map(|_| status.chunks_done),
        "total_chunks": status.chunks_total,
        "damaged_found": run.map(|run| run.damaged),
        "damaged": status.damaged,
        "last": last,
    });
    extended(care(status, node), more)
}

pub(crate) fn compact(status: &v1::CareStatus, node: NodeId) -> Value {
    let run = |run: &v1::CareRun| {
        json!({
            "began_at": rfc3339(run.began_at_ms),
            "ended_at": rfc3339(run.ended_at_ms.unwrap_or(0)),
            "superblocks": run.superblocks,
            "moved_bytes": run.bytes,
            "reclaimed_bytes": run.freed_bytes,
            "whole": run.whole,
        })
    };
    let more = json!({
        "superblock": status.superblock,
        "run": status.run.as_ref().map(run),
        "last": status.last.as_ref().map(run),
    });
    extended(care(status, node), more)
}

fn show_progress(item: &Value, style: &Style) -> String {
    let (done, total) = (number(item, "done_bytes"), number(item, "total_bytes"));
    if item["done_bytes"].is_null() || (total == 0 && item["state"] != "running") {
        return human::NOTHING.to_owned();
    }
    let percent = (done * 100).checked_div(total).unwrap_or(0);
    format!("{percent}% of {}", human::bytes(style, total))
}

pub(crate) fn show_rate(item: &Value, style: &Style) -> String {
    let rate = item["rate_bytes_per_s"].as_u64();
    rate.map_or_else(|| human::NOTHING.to_owned(), |rate| format!("{}/s", human::bytes(style, rate)))
}

fn show_eta(item: &Value, _: &Style) -> String {
    human::length(number(item, "eta_ms"))
}

fn show_last(item: &Value, style: &Style) -> String {
    let last = &item["last"];
    let cut_short = if last["whole"] == false { " (stopped)" } else { "" };
    human::when_of(last, "ended_at", style) + cut_short
}

const PATH: Column = Column { key: "path", heading: "PATH", wide: true, right: false, show: |c, _| text(c, "path") };
const PROGRESS: Column =
    Column { key: "done_bytes", heading: "PROGRESS", wide: false, right: true, show: show_progress };
const RATE: Column = Column { key: "rate_bytes_per_s", heading: "RATE", wide: false, right: true, show: show_rate };
const ETA: Column = Column { key: "eta_ms", heading: "ETA", wide: false, right: true, show: show_eta };
const LAST: Column = Column { key: "last", heading: "LAST", wide: false, right: false, show: show_last };
const NEXT: Column = Column {
    key: "next_at",
    heading: "NEXT",
    wide: false,
    right: false,
    show: |c, style| human::when_of(c, "next_at", style),
};

pub(crate) static SCRUBS: Kind = Kind {
    id: "dir",
    keys: &[
        "node",
        "dir",
        "path",
        "state",
        "began_at",
        "done_bytes",
        "total_bytes",
        "rate_bytes_per_s",
        "rate_max_bytes_per_s",
        "eta_ms",
        "next_at",
        "notes",
        "done_chunks",
        "total_chunks",
        "damaged_found",
        "damaged",
        "last",
    ],
    columns: &[
        NODE,
        DIR,
        PATH,
        STATE,
        PROGRESS,
        RATE,
        ETA,
        Column { key: "damaged", heading: "DAMAGED", wide: false, right: true, show: |c, _| text(c, "damaged") },
        LAST,
        NEXT,
    ],
};

pub(crate) static COMPACTIONS: Kind = Kind {
    id: "dir",
    keys: &[
        "node",
        "dir",
        "path",
        "state",
        "began_at",
        "done_bytes",
        "total_bytes",
        "rate_bytes_per_s",
        "rate_max_bytes_per_s",
        "eta_ms",
        "next_at",
        "notes",
        "superblock",
        "run",
        "last",
    ],
    columns: &[
        NODE,
        DIR,
        PATH,
        STATE,
        Column {
            key: "superblock",
            heading: "SUPERBLOCK",
            wide: false,
            right: true,
            show: |c, _| text(c, "superblock"),
        },
        PROGRESS,
        RATE,
        ETA,
        Column { key: "run", heading: "RECLAIMED", wide: false, right: true, show: show_reclaimed },
        LAST,
        NEXT,
    ],
};

/// By the run under way, or by the last one.
fn show_reclaimed(item: &Value, style: &Style) -> String {
    let run = ["run", "last"].map(|key| &item[key]).into_iter().find(|run| run.is_object());
    run.map_or_else(|| human::NOTHING.to_owned(), |run| human::bytes(style, number(run, "reclaimed_bytes")))
}

/// A superblock that a compaction would remove.
pub(crate) fn compact_plan(plan: &v1::CompactPlan, node: NodeId) -> Value {
    json!({
        "node": node.to_string(),
        "dir": DirId(plan.dir).to_string(),
        "superblock": plan.superblock,
        "move_bytes": plan.move_bytes,
        "free_bytes": plan.free_bytes,
    })
}

pub(crate) static COMPACT_PLANS: Kind =
    Kind { id: "superblock", keys: &["node", "dir", "superblock", "move_bytes", "free_bytes"], columns: &[] };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::out::{self, tests::style};
    use vs_client::cli::OutputFormat;

    fn running() -> v1::CareStatus {
        let run = |ended_at_ms| v1::CareRun {
            began_at_ms: 1_700_000_000_000,
            ended_at_ms,
            chunks: 428,
            freed_bytes: 3 << 20,
            whole: true,
            ..v1::CareRun::default()
        };
        let mut status = v1::CareStatus {
            dir: 1,
            path: "/srv/v".to_owned(),
            run: Some(run(None)),
            last: Some(run(Some(1_700_000_010_000))),
            bytes_done: 1 << 29,
            bytes_total: 1 << 31,
            bytes_per_s: Some(10 << 20),
            eta_ms: Some(154_000),
            damaged: 2,
            superblock: Some(7),
            ..v1::CareStatus::default()
        };
        status.set_state(CareState::Running);
        status
    }

    #[test]
    fn rows_have_the_keys_of_their_kind_and_tell_how_far_it_is() {
        for (item, kind) in [(scrub(&running(), NodeId(1)), &SCRUBS), (compact(&running(), NodeId(1)), &COMPACTIONS)] {
            let keys: Vec<_> = item.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(keys, kind.keys);
        }
        let shown = out::render_list(&style(OutputFormat::Table), &SCRUBS, &[scrub(&running(), NodeId(1))]);
        let expected = "\
NODE  DIR  STATE          PROGRESS        RATE    ETA  DAMAGED  LAST    NEXT
n1    d1   running  25% of 2.0 GiB  10.0 MiB/s  2m34s        2  3m ago  –
";
        assert_eq!(shown, expected);
        let idle = v1::CareStatus { run: None, bytes_per_s: None, eta_ms: None, ..running() };
        let shown = out::render_list(&style(OutputFormat::Table), &COMPACTIONS, &[compact(&idle, NodeId(1))]);
        assert!(shown.contains("3.0 MiB  3m ago"), "{shown}");
    }
}
