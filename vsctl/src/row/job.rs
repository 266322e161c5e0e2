//! Repair, moves and the jobs of the cluster: how far they are, how fast, and until when.

use std::time::Duration;

use serde_json::{Value, json};
use vs_core::{
    id::{JobId, NodeId},
    unit::human_duration,
};
use vs_wire::v1;

use super::{care::show_rate, rfc3339};
use crate::out::{
    Column, Kind, Style,
    human::{self, number, text},
};

pub(crate) fn job(job: &v1::Job) -> Value {
    let mut item = json!({
        "id": JobId(job.id).to_string(),
        "kind": job.kind,
        "state": job.state,
        "what": job.what,
        "began_at": rfc3339(job.began_at_ms),
        "updated_at": rfc3339(job.updated_at_ms),
        "ended_at": rfc3339(job.ended_at_ms.unwrap_or(0)),
        "chunks_total": job.chunks_total,
        "chunks_done": job.chunks_done,
        "bytes_total": job.bytes_total,
        "bytes_done": job.bytes_done,
        "rate_bytes_per_s": job.bytes_per_s,
        "eta_ms": job.eta_ms,
        "node": job.node.map(|node| NodeId(node).to_string()),
        "after": job.after.map(|job| JobId(job).to_string()),
    });
    if let Some(failed) = job.reads_failed {
        item["reads_failed"] = failed.into();
    }
    item
}

pub(crate) static JOBS: Kind = Kind {
    id: "id",
    keys: &[
        "id",
        "kind",
        "state",
        "what",
        "began_at",
        "updated_at",
        "ended_at",
        "chunks_total",
        "chunks_done",
        "bytes_total",
        "bytes_done",
        "rate_bytes_per_s",
        "eta_ms",
        "node",
        "after",
        "reads_failed",
    ],
    columns: &[
        Column { key: "id", heading: "JOB", wide: false, right: false, show: |j, _| text(j, "id") },
        Column { key: "kind", heading: "KIND", wide: false, right: false, show: |j, _| text(j, "kind") },
        Column { key: "state", heading: "STATE", wide: false, right: false, show: |j, _| text(j, "state") },
        Column { key: "bytes_done", heading: "PROGRESS", wide: false, right: true, show: show_progress },
        Column { key: "chunks_done", heading: "CHUNKS", wide: true, right: true, show: show_chunks },
        Column { key: "after", heading: "AFTER", wide: true, right: false, show: |j, _| text(j, "after") },
        Column { key: "rate_bytes_per_s", heading: "RATE", wide: false, right: true, show: show_rate },
        Column {
            key: "eta_ms",
            heading: "ETA",
            wide: false,
            right: true,
            show: |j, _| human::length(number(j, "eta_ms")),
        },
        Column {
            key: "began_at",
            heading: "BEGAN",
            wide: false,
            right: false,
            show: |j, style| human::when_of(j, "began_at", style),
        },
        Column {
            key: "ended_at",
            heading: "ENDED",
            wide: true,
            right: false,
            show: |j, style| human::when_of(j, "ended_at", style),
        },
        Column { key: "what", heading: "WHAT", wide: false, right: false, show: |j, _| text(j, "what") },
    ],
};

/// `45% of 2.0 GiB`.
pub(crate) fn show_progress(item: &Value, style: &Style) -> String {
    let (done, total) = (number(item, "bytes_done"), number(item, "bytes_total"));
    match (done * 100).checked_div(total) {
        None => human::NOTHING.to_owned(),
        Some(percent) => format!("{percent}% of {}", human::bytes(style, total)),
    }
}

fn show_chunks(item: &Value, _: &Style) -> String {
    format!("{}/{}", number(item, "chunks_done"), number(item, "chunks_total"))
}

/// The job that repair or a move is at and what waits, a line each, of which the first word takes this width.
pub(crate) fn running_lines(item: &Value, first_width: usize, style: &Style) -> impl Iterator<Item = String> {
    let line = move |first: &str, rest: &str| format!("{first:<first_width$} {rest}");
    let job = item["job"].is_string().then(|| line(&text(item, "job"), &show_running(item, style)));
    let waiting = item["waiting"].as_array().into_iter().flatten();
    job.into_iter().chain(waiting.map(move |why| line("waiting", &human::plain(why))))
}

/// How far and how fast that job is.
fn show_running(item: &Value, style: &Style) -> String {
    let left = item["eta_ms"].as_u64().map(|ms| human_duration(Duration::from_millis(ms)));
    let left = left.map_or_else(String::new, |left| format!(" · {left} left"));
    format!(
        "{} · {} chunks · {} of at most {}/s{left}",
        show_progress(item, style),
        show_chunks(item, style),
        show_rate(item, style),
        human::bytes(style, number(item, "rate_max_bytes_per_s")),
    )
}

pub(crate) fn job_line(line: &v1::JobLine) -> Value {
    json!({ "at": rfc3339(line.at_ms), "text": line.text })
}

pub(crate) static JOB_LINES: Kind = Kind {
    id: "at",
    keys: &["at", "text"],
    columns: &[
        Column {
            key: "at",
            heading: "WHEN",
            wide: false,
            right: false,
            show: |l, style| human::when_of(l, "at", style),
        },
        Column { key: "text", heading: "WHAT", wide: false, right: false, show: |l, _| text(l, "text") },
    ],
};

pub(crate) fn repair(status: &v1::RepairStatusResponse) -> Value {
    json!({
        "state": status.state,
        "leader": NodeId(status.leader).to_string(),
        "chunks_healthy": status.chunks_healthy,
        "chunks_degraded": status.chunks_degraded,
        "chunks_missing": status.chunks_missing,
        "last_pass_at": rfc3339(status.last_pass_at_ms.unwrap_or(0)),
        "job": status.job.map(|job| JobId(job).to_string()),
        "chunks_total": status.chunks_total,
        "chunks_done": status.chunks_done,
        "bytes_total": status.bytes_total,
        "bytes_done": status.bytes_done,
        "rate_bytes_per_s": status.bytes_per_s,
        "rate_max_bytes_per_s": status.bytes_per_s_max,
        "eta_ms": status.eta_ms,
        "waiting": status.waiting,
    })
}

pub(crate) static REPAIR: Kind = Kind {
    id: "job",
    keys: &[
        "state",
        "leader",
        "chunks_healthy",
        "chunks_degraded",
        "chunks_missing",
        "last_pass_at",
        "job",
        "chunks_total",
        "chunks_done",
        "bytes_total",
        "bytes_done",
        "rate_bytes_per_s",
        "rate_max_bytes_per_s",
        "eta_ms",
        "waiting",
    ],
    columns: &[],
};

pub(crate) fn rebalance(status: &v1::RebalanceStatusResponse) -> Value {
    json!({
        "state": status.state,
        "leader": NodeId(status.leader).to_string(),
        "epoch": status.epoch,
        "oldest_epoch": status.oldest_epoch,
        "assets_behind": status.assets_behind,
        "job": status.job.map(|job| JobId(job).to_string()),
        "chunks_total": status.chunks_total,
        "chunks_done": status.chunks_done,
        "bytes_total": status.bytes_total,
        "bytes_done": status.bytes_done,
        "rate_bytes_per_s": status.bytes_per_s,
        "rate_max_bytes_per_s": status.bytes_per_s_max,
        "eta_ms": status.eta_ms,
        "waiting": status.waiting,
    })
}

pub(crate) static REBALANCE: Kind = Kind {
    id: "state",
    keys: &[
        "state",
        "leader",
        "epoch",
        "oldest_epoch",
        "assets_behind",
        "job",
        "chunks_total",
        "chunks_done",
        "bytes_total",
        "bytes_done",
        "rate_bytes_per_s",
        "rate_max_bytes_per_s",
        "eta_ms",
        "waiting",
    ],
    columns: &[],
};

#[cfg(test)]
mod tests {
    use vs_client::cli::OutputFormat;

    use super::*;
    use crate::out::{self, tests::style};

    #[test]
    fn jobs_tell_how_far_they_are() {
        let running = v1::Job {
            id: 7,
            kind: "repair".to_owned(),
            state: "running".to_owned(),
            began_at_ms: 1_700_000_000_000,
            bytes_total: 1 << 31,
            bytes_done: 1 << 29,
            bytes_per_s: Some(10 << 20),
            eta_ms: Some(154_000),
            what: "n3 is down".to_owned(),
            ..v1::Job::default()
        };
        let running = v1::Job { reads_failed: Some(0), ..running };
        let done = v1::Job { id: 8, state: "done".to_owned(), bytes_per_s: None, bytes_total: 0, ..running.clone() };
        let items = [job(&running), job(&v1::Job { eta_ms: None, reads_failed: None, ..done })];
        assert_eq!(items[0].as_object().unwrap().keys().collect::<Vec<_>>(), JOBS.keys);
        assert_eq!(items[1].get("reads_failed"), None, "nobody counted them");
        let expected = "\
JOB  KIND    STATE          PROGRESS        RATE    ETA  BEGAN   WHAT
j7   repair  running  25% of 2.0 GiB  10.0 MiB/s  2m34s  3m ago  n3 is down
j8   repair  done                  –           –      –  3m ago  n3 is down
";
        assert_eq!(out::render_list(&style(OutputFormat::Table), &JOBS, &items), expected);
        let keys: Vec<_> = repair(&v1::RepairStatusResponse::default()).as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, REPAIR.keys);
        let moves = rebalance(&v1::RebalanceStatusResponse::default());
        assert_eq!(moves.as_object().unwrap().keys().collect::<Vec<_>>(), REBALANCE.keys);
    }
}
