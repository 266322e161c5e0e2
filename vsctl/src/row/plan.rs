//! What a layout would move, and what was moved.

use serde_json::{Value, json};
use vs_core::{id::NodeId, placement::virtual_nodes};
use vs_wire::v1::{self, NodeWish};

use super::node::weight;
use crate::out::{
    Column, Kind, Style,
    human::{self, count, number, text},
};

/// What was moved while somebody waited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) chunks: u64,
    pub(crate) bytes: u64,
    pub(crate) took_ms: u64,
    /// None when nobody counted them.
    pub(crate) reads_failed: Option<u64>,
}

pub(crate) fn plan(plan: &v1::PlanLayoutResponse) -> Value {
    json!({
        "epoch": plan.epoch,
        "changed": plan.changed,
        "chunks": plan.chunks,
        "bytes": plan.bytes,
        "eta_ms": plan.eta_ms,
        "fits": plan.fits,
        "why": plan.why,
        "nodes": plan.nodes.iter().map(planned).collect::<Vec<_>>(),
    })
}

pub(crate) static PLAN: Kind = Kind {
    id: "epoch",
    keys: &["epoch", "changed", "chunks", "bytes", "eta_ms", "fits", "why", "nodes"],
    columns: &[],
};

pub(crate) fn planned(node: &v1::PlannedNode) -> Value {
    json!({
        "id": NodeId(node.node).to_string(),
        "newcomer": node.newcomer,
        "zone": node.zone,
        "wish": wish_name(node.wish()),
        "weight": weight(node.weight_milli),
        "virtual_nodes": if node.weight_milli == 0 { 0 } else { virtual_nodes(node.weight_milli) },
        "chunks_in": node.chunks_in,
        "bytes_in": node.bytes_in,
        "chunks_out": node.chunks_out,
        "bytes_out": node.bytes_out,
        "disk_used_bytes": node.disk_used_bytes,
        "disk_used_after_bytes": node.disk_used_after_bytes,
        "disk_total_bytes": Some(node.disk_total_bytes).filter(|total| *total > 0),
    })
}

fn wish_name(wish: NodeWish) -> &'static str {
    match wish {
        NodeWish::Unspecified | NodeWish::In => "in",
        NodeWish::Draining => "draining",
        NodeWish::Out => "out",
    }
}

pub(crate) static PLANNED: Kind = Kind {
    id: "id",
    keys: &[
        "id",
        "newcomer",
        "zone",
        "wish",
        "weight",
        "virtual_nodes",
        "chunks_in",
        "bytes_in",
        "chunks_out",
        "bytes_out",
        "disk_used_bytes",
        "disk_used_after_bytes",
        "disk_total_bytes",
    ],
    columns: &[
        Column { key: "id", heading: "NODE", wide: false, right: false, show: |n, _| text(n, "id") },
        Column { key: "zone", heading: "ZONE", wide: false, right: false, show: |n, _| text(n, "zone") },
        Column { key: "wish", heading: "WISH", wide: true, right: false, show: |n, _| text(n, "wish") },
        Column { key: "weight", heading: "WEIGHT", wide: false, right: true, show: |n, _| text(n, "weight") },
        Column {
            key: "virtual_nodes",
            heading: "VIRTUAL",
            wide: true,
            right: true,
            show: |n, _| chunks(n, "virtual_nodes"),
        },
        Column { key: "chunks_in", heading: "IN", wide: false, right: true, show: |n, _| chunks(n, "chunks_in") },
        Column { key: "bytes_in", heading: "BYTES IN", wide: false, right: true, show: |n, s| size(n, "bytes_in", s) },
        Column { key: "chunks_out", heading: "OUT", wide: false, right: true, show: |n, _| chunks(n, "chunks_out") },
        Column {
            key: "bytes_out",
            heading: "BYTES OUT",
            wide: false,
            right: true,
            show: |n, s| size(n, "bytes_out", s),
        },
        Column { key: "disk_used_bytes", heading: "DISK", wide: true, right: true, show: super::node::show_disk },
        Column { key: "disk_used_after_bytes", heading: "DISK AFTER", wide: false, right: true, show: show_after },
    ],
};

fn chunks(node: &Value, key: &str) -> String {
    nothing_or(number(node, key), count)
}

fn size(node: &Value, key: &str, style: &Style) -> String {
    nothing_or(number(node, key), |bytes| human::bytes(style, bytes))
}

fn nothing_or(number: u64, show: impl FnOnce(u64) -> String) -> String {
    if number == 0 { human::NOTHING.to_owned() } else { show(number) }
}

/// `88 % of 20.0 GiB`; rounded up, as what is too full is.
fn show_after(node: &Value, style: &Style) -> String {
    let (used, total) = (number(node, "disk_used_after_bytes"), number(node, "disk_total_bytes"));
    match total {
        0 => human::NOTHING.to_owned(),
        total => {
            let percent = (u128::from(used) * 100).div_ceil(u128::from(total));
            format!("{percent} % of {}", human::bytes(style, total))
        }
    }
}

#[cfg(test)]
mod tests {
    use vs_client::cli::OutputFormat;

    use super::*;
    use crate::out::{self, tests::style};

    #[test]
    fn a_plan_tells_what_each_node_gives_and_takes() {
        let old = v1::PlannedNode {
            node: 1,
            zone: "eu".to_owned(),
            weight_milli: 1_000,
            chunks_out: 2_011,
            bytes_out: 4 << 30,
            disk_used_bytes: 18 << 30,
            disk_used_after_bytes: 14 << 30,
            disk_total_bytes: 20 << 30,
            ..v1::PlannedNode::default()
        };
        let new = v1::PlannedNode {
            node: 6,
            newcomer: true,
            zone: "eu".to_owned(),
            weight_milli: 500,
            chunks_in: 2_011,
            bytes_in: 4 << 30,
            disk_used_after_bytes: 4 << 30,
            ..v1::PlannedNode::default()
        };
        let gone = v1::PlannedNode { node: 2, wish: NodeWish::Out.into(), weight_milli: 0, ..old.clone() };
        let answer = v1::PlanLayoutResponse { nodes: vec![old, gone, new], ..v1::PlanLayoutResponse::default() };
        let item = plan(&answer);
        assert_eq!(item.as_object().unwrap().keys().collect::<Vec<_>>(), PLAN.keys);
        let rows = item["nodes"].as_array().unwrap();
        assert_eq!(rows[0].as_object().unwrap().keys().collect::<Vec<_>>(), PLANNED.keys);
        let virtual_nodes = |row: &Value| number(row, "virtual_nodes");
        assert_eq!(rows.iter().map(virtual_nodes).collect::<Vec<_>>(), [150, 0, 75], "as the ring has them");
        let expected = "\
NODE  ZONE  WEIGHT     IN  BYTES IN    OUT  BYTES OUT        DISK AFTER
n1    eu       1.0      –         –  2 011    4.0 GiB  70 % of 20.0 GiB
n2    eu         –      –         –  2 011    4.0 GiB  70 % of 20.0 GiB
n6    eu       0.5  2 011   4.0 GiB      –          –                 –
";
        assert_eq!(out::render_list(&style(OutputFormat::Table), &PLANNED, rows), expected);
    }
}
