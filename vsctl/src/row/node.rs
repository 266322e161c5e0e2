//! Nodes: as the cluster knows them, and as they answer from here.

use std::time::Duration;

use serde_json::{Value, json};
use vs_core::id::{JobId, NodeId};
use vs_wire::v1;

use super::{plan::Moved, rfc3339};
use crate::out::{
    Column, Kind, Style,
    human::{self, number, text},
};

/// A node; `latency_ms` is what the client measured, none when the node did not answer.
pub(crate) fn node(node: &v1::NodeInfo, latency_ms: Option<u64>) -> Value {
    json!({
        "id": NodeId(node.id).to_string(),
        "addr": node.addr,
        "roles": node.roles,
        "zone": node.zone,
        "state": node.state,
        "leader": node.leader,
        "disk_used_bytes": node.disk_used_bytes,
        "disk_total_bytes": node.disk_total_bytes,
        "chunks": node.chunks,
        "latency_ms": latency_ms,
        "version": node.version,
        "weight": weight(node.weight_milli),
        "voter": node.voter,
    })
}

/// A node and all that is known about it.
pub(crate) fn whole(info: &v1::NodeInfo, latency_ms: Option<u64>, member: Option<Value>) -> Value {
    let more = json!({
        "joined_at": rfc3339(info.joined_at_ms),
        "heard_ms": info.heard_ms,
        "member": member,
    });
    super::extended(node(info, latency_ms), more)
}

/// Share of the data, 1 for an ordinary node; none when the layout does not have the node.
pub(super) fn weight(milli: u32) -> Option<f64> {
    (milli > 0).then(|| f64::from(milli) / 1_000.0)
}

/// The keys of [`node`], and more after them.
macro_rules! keys {
    ($($more:literal),*) => {
        &[
            "id",
            "addr",
            "roles",
            "zone",
            "state",
            "leader",
            "disk_used_bytes",
            "disk_total_bytes",
            "chunks",
            "latency_ms",
            "version",
            "weight",
            "voter",
            $($more),*
        ]
    };
}

pub(crate) static NODES: Kind = Kind {
    id: "id",
    keys: keys!(),
    columns: &[
        Column { key: "id", heading: "NODE", wide: false, right: false, show: show_node_id },
        Column { key: "addr", heading: "ADDR", wide: false, right: false, show: |n, _| text(n, "addr") },
        Column { key: "roles", heading: "ROLES", wide: false, right: false, show: show_roles },
        Column { key: "zone", heading: "ZONE", wide: false, right: false, show: |n, _| text(n, "zone") },
        Column { key: "state", heading: "STATE", wide: false, right: false, show: |n, _| text(n, "state") },
        Column { key: "weight", heading: "WEIGHT", wide: true, right: true, show: |n, _| text(n, "weight") },
        Column { key: "disk_used_bytes", heading: "DISK", wide: false, right: true, show: show_disk },
        Column { key: "chunks", heading: "CHUNKS", wide: false, right: true, show: |n, _| text(n, "chunks") },
        Column { key: "latency_ms", heading: "LATENCY", wide: false, right: true, show: show_latency },
        Column { key: "version", heading: "VERSION", wide: false, right: false, show: |n, _| text(n, "version") },
    ],
};

/// One node on its own, with the keys of [`whole`].
pub(crate) static NODE: Kind =
    Kind { id: "id", keys: keys!("joined_at", "heard_ms", "member"), columns: NODES.columns };

/// A node with what was moved for it, in how long: for the verbs that wait for that.
pub(crate) fn moved_node(info: &v1::NodeInfo, job: Option<JobId>, moved: &Moved) -> Value {
    let mut item = super::extended(
        node(info, None),
        json!({
            "job": job.map(|job| job.to_string()),
            "chunks_moved": moved.chunks,
            "bytes_moved": moved.bytes,
            "took_ms": moved.took_ms,
        }),
    );
    if let Some(failed) = moved.reads_failed {
        item["reads_failed"] = failed.into();
    }
    item
}

pub(crate) static MOVED_NODE: Kind = Kind {
    id: "id",
    keys: keys!("job", "chunks_moved", "bytes_moved", "took_ms", "reads_failed"),
    columns: NODES.columns,
};

/// The id with the node's part in the metadata: the leader is a voter as well.
fn show_node_id(node: &Value, _: &Style) -> String {
    let part = match (&node["leader"], &node["voter"]) {
        (Value::Bool(true), _) => " (leader)",
        (_, Value::Bool(true)) => " (voter)",
        _ => "",
    };
    text(node, "id") + part
}

pub(crate) fn show_roles(node: &Value, _: &Style) -> String {
    let roles = node.get("roles").and_then(Value::as_array).into_iter().flatten();
    roles.map(human::plain).collect::<Vec<_>>().join(",")
}

pub(crate) fn show_disk(node: &Value, style: &Style) -> String {
    let (used, total) = (number(node, "disk_used_bytes"), number(node, "disk_total_bytes"));
    format!("{} / {}", human::bytes(style, used), human::bytes(style, total))
}

pub(crate) fn show_latency(node: &Value, _: &Style) -> String {
    match node.get("latency_ms").and_then(Value::as_u64) {
        None => human::NOTHING.to_owned(),
        Some(0) => "< 1 ms".to_owned(),
        Some(ms) => format!("{ms} ms"),
    }
}

/// Round trips to one node; `why` is what went wrong with the last that failed.
pub(crate) fn ping(node: &v1::NodeInfo, sent: usize, trips: &[Duration], why: Option<&str>) -> Value {
    let micros = |trip: Duration| u64::try_from(trip.as_micros()).unwrap_or(u64::MAX);
    let count = u32::try_from(trips.len()).unwrap_or(u32::MAX);
    let average = (count > 0).then(|| trips.iter().sum::<Duration>() / count.max(1));
    json!({
        "id": NodeId(node.id).to_string(),
        "addr": node.addr,
        "sent": sent,
        "answered": trips.len(),
        "min_us": trips.iter().min().copied().map(micros),
        "avg_us": average.map(micros),
        "max_us": trips.iter().max().copied().map(micros),
        "why": why,
    })
}

pub(crate) static PINGS: Kind = Kind {
    id: "id",
    keys: &["id", "addr", "sent", "answered", "min_us", "avg_us", "max_us", "why"],
    columns: &[
        Column { key: "id", heading: "NODE", wide: false, right: false, show: |p, _| text(p, "id") },
        Column { key: "addr", heading: "ADDR", wide: false, right: false, show: |p, _| text(p, "addr") },
        Column { key: "answered", heading: "ANSWERED", wide: false, right: true, show: show_answered },
        Column { key: "min_us", heading: "MIN", wide: false, right: true, show: |p, _| show_trip(p, "min_us") },
        Column { key: "avg_us", heading: "AVG", wide: false, right: true, show: |p, _| show_trip(p, "avg_us") },
        Column { key: "max_us", heading: "MAX", wide: false, right: true, show: |p, _| show_trip(p, "max_us") },
        Column { key: "why", heading: "WHY", wide: true, right: false, show: |p, _| text(p, "why") },
    ],
};

fn show_answered(ping: &Value, _: &Style) -> String {
    format!("{}/{}", number(ping, "answered"), number(ping, "sent"))
}

fn show_trip(ping: &Value, key: &str) -> String {
    let micros = ping[key].as_u64();
    micros.map_or_else(|| human::NOTHING.to_owned(), |us| format!("{}.{:02} ms", us / 1_000, us % 1_000 / 10))
}

#[cfg(test)]
mod tests {
    use vs_client::cli::OutputFormat;

    use super::*;
    use crate::out::{self, tests::style};

    #[test]
    fn rows_have_the_keys_of_their_kind() {
        let info = v1::NodeInfo { id: 2, voter: true, weight_milli: 500, ..v1::NodeInfo::default() };
        let keys = |item: &Value| item.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&node(&info, None)), NODES.keys);
        assert_eq!(keys(&whole(&info, None, None)), NODE.keys);
        assert_eq!(keys(&ping(&info, 5, &[], None)), PINGS.keys);
        let moved = Moved { reads_failed: Some(0), ..Moved::default() };
        assert_eq!(keys(&moved_node(&info, None, &moved)), MOVED_NODE.keys);
        assert_eq!(moved_node(&info, None, &Moved::default()).get("reads_failed"), None, "nobody counted them");
        assert_eq!(node(&info, None)["weight"], 0.5);
    }

    #[test]
    fn pings_are_told_with_their_spread() {
        let info = v1::NodeInfo { id: 2, addr: "h:1".to_owned(), ..v1::NodeInfo::default() };
        let trips = [310, 500, 1_290].map(Duration::from_micros);
        let items = [ping(&info, 5, &trips, Some("stalled")), ping(&info, 5, &[], Some("refused"))];
        let expected = "\
NODE  ADDR  ANSWERED      MIN      AVG      MAX
n2    h:1        3/5  0.31 ms  0.70 ms  1.29 ms
n2    h:1        0/5        –        –        –
";
        assert_eq!(out::render_list(&style(OutputFormat::Table), &PINGS, &items), expected);
    }
}
