//! The layout: its nodes and slots, how evenly they are filled, and where chunks belong by it.

use serde_json::{Value, json};
use vs_core::{
    hash::Hash,
    id::{Epoch, NodeId},
    layout::{Layout, LayoutNode},
    limit::WEIGHT_MILLI,
};
use vs_wire::v1;

use super::chunk::{SHORT_HASH_CHARS, show_hash};
use crate::out::{
    Column, Kind, Style,
    human::{self, number, text},
};

/// A layout whole, with the nodes of every slot.
pub(crate) fn layout(answer: &v1::GetLayoutResponse, layout: &Layout) -> Value {
    let id = |at: &u16| layout.nodes[usize::from(*at)].id.to_string();
    let slots: Vec<Vec<_>> = layout.slots().iter().map(|slot| slot.iter().map(id).collect()).collect();
    let used = |used: &v1::EpochUse| json!({ "epoch": used.epoch, "assets": used.assets });
    json!({
        "epoch": layout.epoch.0,
        "current": answer.current,
        "nodes": layout_nodes(layout),
        "epochs": answer.epochs.iter().map(used).collect::<Vec<_>>(),
        "age_ms": answer.age_ms,
        "slots": slots,
    })
}

pub(crate) static LAYOUT: Kind =
    Kind { id: "epoch", keys: &["epoch", "current", "nodes", "epochs", "age_ms", "slots"], columns: &[] };

/// The nodes of a layout, each with how many slots list it and which share of all places that is.
pub(crate) fn layout_nodes(layout: &Layout) -> Vec<Value> {
    let mut listed = vec![0_u64; layout.nodes.len()];
    for &at in layout.slots().iter().flatten() {
        listed[usize::from(at)] += 1;
    }
    let places = listed.iter().sum::<u64>();
    let row = |(node, slots): (&LayoutNode, u64)| {
        json!({
            "id": node.id.to_string(),
            "zone": node.zone,
            "weight": f64::from(node.weight_milli) / f64::from(WEIGHT_MILLI),
            "slots": slots,
            "share": share(slots, places),
        })
    };
    layout.nodes.iter().zip(listed).map(row).collect()
}

#[allow(clippy::cast_precision_loss, reason = "a share is shown to a tenth of a percent")]
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

pub(crate) fn show_percent(item: &Value, key: &str) -> String {
    item[key].as_f64().map_or_else(|| human::NOTHING.to_owned(), |share| format!("{:.1} %", share * 100.0))
}

const NODE: Column = Column { key: "id", heading: "NODE", wide: false, right: false, show: |n, _| text(n, "id") };
const ZONE: Column = Column { key: "zone", heading: "ZONE", wide: false, right: false, show: |n, _| text(n, "zone") };
const WEIGHT: Column =
    Column { key: "weight", heading: "WEIGHT", wide: false, right: true, show: |n, _| text(n, "weight") };
const SLOTS: Column =
    Column { key: "slots", heading: "SLOTS", wide: false, right: true, show: |n, _| text(n, "slots") };

pub(crate) static LAYOUT_NODES: Kind = Kind {
    id: "id",
    keys: &["id", "zone", "weight", "slots", "share"],
    columns: &[
        NODE,
        ZONE,
        WEIGHT,
        SLOTS,
        Column { key: "share", heading: "SHARE", wide: false, right: true, show: |n, _| show_percent(n, "share") },
    ],
};

/// How evenly the nodes of a layout hold what is stored; `nodes` as [`balanced`] makes them.
pub(crate) fn balance(epoch: Epoch, nodes: &[Value], std_over_mean: Option<f64>) -> Value {
    json!({ "epoch": epoch.0, "std_over_mean_percent": std_over_mean.map(|ratio| ratio * 100.0), "nodes": nodes })
}

pub(crate) static BALANCE: Kind =
    Kind { id: "epoch", keys: &["epoch", "std_over_mean_percent", "nodes"], columns: &[] };

/// A node of [`layout_nodes`], with what it holds of the `stored` bytes and what its weight would have it hold.
pub(crate) fn balanced(node: &Value, ideal_share: f64, info: Option<&v1::NodeInfo>, stored: u64) -> Value {
    let share = info.map(|info| share(info.chunk_bytes, stored)).filter(|_| stored > 0);
    let deviation = share.filter(|_| ideal_share > 0.0).map(|share| share / ideal_share - 1.0);
    json!({
        "id": node["id"],
        "zone": node["zone"],
        "weight": node["weight"],
        "slots": node["slots"],
        "ideal_share": ideal_share,
        "share": share,
        "deviation": deviation,
        "chunks": info.map(|info| info.chunks),
        "chunk_bytes": info.map(|info| info.chunk_bytes),
        "disk_used_bytes": info.map(|info| info.disk_used_bytes),
        "disk_total_bytes": info.map(|info| info.disk_total_bytes),
    })
}

pub(crate) static BALANCED: Kind = Kind {
    id: "id",
    keys: &[
        "id",
        "zone",
        "weight",
        "slots",
        "ideal_share",
        "share",
        "deviation",
        "chunks",
        "chunk_bytes",
        "disk_used_bytes",
        "disk_total_bytes",
    ],
    columns: &[
        NODE,
        Column { wide: true, ..ZONE },
        Column { wide: true, ..WEIGHT },
        SLOTS,
        Column {
            key: "ideal_share",
            heading: "IDEAL",
            wide: false,
            right: true,
            show: |n, _| show_percent(n, "ideal_share"),
        },
        Column { key: "share", heading: "ACTUAL", wide: false, right: true, show: |n, _| show_percent(n, "share") },
        Column { key: "deviation", heading: "DEVIATION", wide: false, right: true, show: show_deviation },
        Column { key: "chunks", heading: "CHUNKS", wide: true, right: true, show: |n, _| text(n, "chunks") },
        Column {
            key: "chunk_bytes",
            heading: "STORED",
            wide: false,
            right: true,
            show: |n, style| human::bytes(style, number(n, "chunk_bytes")),
        },
        Column { key: "disk_used_bytes", heading: "DISK", wide: false, right: true, show: super::node::show_disk },
    ],
};

fn show_deviation(node: &Value, _: &Style) -> String {
    let deviation = node["deviation"].as_f64();
    deviation.map_or_else(|| human::NOTHING.to_owned(), |deviation| format!("{:+.1} %", deviation * 100.0))
}

/// A chunk and where it belongs.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) track: String,
    /// Counted over the whole track; none for parity.
    pub(crate) segment: Option<u32>,
    /// The stripe's key, of a chunk in a stripe.
    pub(crate) stripe: Option<Hash>,
    pub(crate) hash: Hash,
    pub(crate) bytes: u32,
    pub(crate) since: Epoch,
    pub(crate) places: Vec<NodeId>,
    /// Places that it is not at, and who holds it instead; none when it is owed.
    pub(crate) displaced: Vec<(NodeId, Option<NodeId>)>,
    /// Where later epochs place it, as far as that is elsewhere.
    pub(crate) newer: Vec<(Epoch, Vec<NodeId>)>,
    /// Who was asked and has it, sound or not; none when nobody was asked.
    pub(crate) holders: Option<Vec<(NodeId, &'static str)>>,
}

pub(crate) fn located(chunk: &Located) -> Value {
    let names = |nodes: &[NodeId]| nodes.iter().map(NodeId::to_string).collect::<Vec<_>>();
    let displaced = |(place, stand_in): &(NodeId, Option<NodeId>)| {
        let stand_in = stand_in.map(|node| node.to_string());
        json!({ "place": place.to_string(), "stand_in": stand_in })
    };
    let newer = |(epoch, places): &(Epoch, Vec<NodeId>)| json!({ "epoch": epoch.0, "places": names(places) });
    let holder = |(node, state): &(NodeId, &str)| json!({ "node": node.to_string(), "state": state });
    json!({
        "track": chunk.track,
        "segment": chunk.segment,
        "member": if chunk.segment.is_some() { "data" } else { "parity" },
        "stripe": chunk.stripe.map(|key| key.to_string()),
        "hash": chunk.hash.to_string(),
        "bytes": chunk.bytes,
        "epoch": chunk.since.0,
        "places": names(&chunk.places),
        "displaced": chunk.displaced.iter().map(displaced).collect::<Vec<_>>(),
        "newer": chunk.newer.iter().map(newer).collect::<Vec<_>>(),
        "holders": chunk.holders.as_ref().map(|holders| holders.iter().map(holder).collect::<Vec<_>>()),
    })
}

pub(crate) static LOCATED: Kind = Kind {
    id: "hash",
    keys: &[
        "track",
        "segment",
        "member",
        "stripe",
        "hash",
        "bytes",
        "epoch",
        "places",
        "displaced",
        "newer",
        "holders",
    ],
    columns: &[
        Column { key: "track", heading: "TRACK", wide: false, right: false, show: |c, _| text(c, "track") },
        Column { key: "segment", heading: "SEGMENT", wide: false, right: true, show: show_segment },
        Column {
            key: "stripe",
            heading: "STRIPE",
            wide: true,
            right: false,
            show: |c, _| text(c, "stripe").chars().take(SHORT_HASH_CHARS).collect(),
        },
        Column { key: "hash", heading: "CHUNK", wide: false, right: false, show: show_hash },
        Column {
            key: "bytes",
            heading: "SIZE",
            wide: false,
            right: true,
            show: |c, style| human::bytes(style, number(c, "bytes")),
        },
        Column { key: "epoch", heading: "EPOCH", wide: true, right: true, show: |c, _| text(c, "epoch") },
        Column { key: "places", heading: "PLACES", wide: false, right: false, show: |c, _| words(&c["places"]) },
        Column { key: "displaced", heading: "STAND-INS", wide: false, right: false, show: show_displaced },
        Column { key: "newer", heading: "NEWER", wide: false, right: false, show: show_newer },
        Column { key: "holders", heading: "HELD BY", wide: false, right: false, show: show_holders },
    ],
};

fn show_segment(chunk: &Value, _: &Style) -> String {
    if chunk["segment"].is_null() { "parity".to_owned() } else { text(chunk, "segment") }
}

fn words(list: &Value) -> String {
    joined(list, human::plain)
}

fn joined(list: &Value, show: impl Fn(&Value) -> String) -> String {
    let words: Vec<_> = list.as_array().into_iter().flatten().map(show).collect();
    if words.is_empty() { human::NOTHING.to_owned() } else { words.join(" ") }
}

fn show_displaced(chunk: &Value, _: &Style) -> String {
    joined(&chunk["displaced"], |one| match one["stand_in"].as_str() {
        Some(stand_in) => format!("{stand_in} for {}", text(one, "place")),
        None => format!("{} owed", text(one, "place")),
    })
}

fn show_newer(chunk: &Value, _: &Style) -> String {
    joined(&chunk["newer"], |one| format!("e{}: {}", text(one, "epoch"), words(&one["places"])))
}

fn show_holders(chunk: &Value, _: &Style) -> String {
    joined(&chunk["holders"], |one| match one["state"].as_str() {
        Some("stored") => text(one, "node"),
        _ => format!("{} ({})", text(one, "node"), text(one, "state")),
    })
}

#[cfg(test)]
mod tests {
    use vs_client::cli::OutputFormat;
    use vs_core::layout::NodeWish;

    use super::*;
    use crate::out::{self, tests::style};

    fn two_nodes() -> Layout {
        let node = |id| LayoutNode { id: NodeId(id), zone: "eu".to_owned(), weight_milli: 500, wish: NodeWish::In };
        Layout::new(Epoch(3), vec![node(1), node(2)], vec![vec![0], vec![0], vec![1], vec![0]]).expect("valid")
    }

    fn keys(item: &Value) -> Vec<&str> {
        item.as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn a_layout_is_told_with_the_share_of_each_node() {
        let nodes = layout_nodes(&two_nodes());
        let expected = "\
NODE  ZONE  WEIGHT  SLOTS   SHARE
n1    eu       0.5      3  75.0 %
n2    eu       0.5      1  25.0 %
";
        assert_eq!(out::render_list(&style(OutputFormat::Table), &LAYOUT_NODES, &nodes), expected);
        let whole = layout(&v1::GetLayoutResponse::default(), &two_nodes());
        assert_eq!(keys(&whole), LAYOUT.keys);
        assert_eq!(whole["slots"], json!([["n1"], ["n1"], ["n2"], ["n1"]]));
        assert_eq!(keys(&balanced(&nodes[0], 0.5, None, 0)), BALANCED.keys);
    }

    #[test]
    fn a_chunk_is_told_with_everything_that_is_not_as_computed() {
        let chunk = Located {
            track: "v0".to_owned(),
            segment: None,
            stripe: Some(Hash([7; 32])),
            hash: Hash([0xab; 32]),
            bytes: 2 << 20,
            since: Epoch(3),
            places: vec![NodeId(1), NodeId(2)],
            displaced: vec![(NodeId(2), Some(NodeId(4))), (NodeId(1), None)],
            newer: vec![(Epoch(4), vec![NodeId(5), NodeId(2)])],
            holders: Some(vec![(NodeId(1), "stored"), (NodeId(4), "damaged")]),
        };
        let item = located(&chunk);
        assert_eq!(keys(&item), LOCATED.keys);
        let expected = "\
TRACK  SEGMENT  CHUNK            SIZE  PLACES  STAND-INS          NEWER      HELD BY
v0      parity  abababababab  2.0 MiB  n1 n2   n4 for n2 n1 owed  e4: n5 n2  n1 n4 (damaged)
";
        assert_eq!(out::render_list(&style(OutputFormat::Table), &LOCATED, &[item]), expected);
    }
}
