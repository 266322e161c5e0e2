//! How evenly equal nodes fill, by the places that are computed: nothing is stored.

use std::collections::BTreeMap;

use vs_core::{
    group::Group,
    hash::Hash,
    id::{AssetId, Epoch, NodeId},
    layout::{Layout, LayoutNode, NodeWish, Scheme},
    limit::{STRIPE_DATA, STRIPE_PARITY, WEIGHT_MILLI},
    manifest::ChunkRef,
    placement,
};

use crate::{
    CHUNK_BYTES, Lab,
    common::{
        Outcome,
        table::{Rounds, Row, Target},
    },
};

pub(crate) const CHUNKS: u64 = 3_000;
const NODES: [u64; 2] = [5, 10];
const SCHEMES: [Scheme; 2] = [Scheme::REPLICATED, Scheme::CODED];
const TARGET: Target = Target::OursAtMost(10.0);

pub(crate) fn measure(lab: &mut Lab<'_>) -> Outcome<()> {
    for nodes in NODES {
        let layout = placement::propose(Epoch(1), None, (1..=nodes).map(equal).collect());
        for scheme in SCHEMES {
            let round = |round| deviation_percent(&node_bytes(&layout, &groups(round, scheme)));
            let ours: Rounds = (1..=lab.effort.rounds as u64).map(round).collect();
            let what = format!("{CHUNKS} chunks on {nodes} nodes, {scheme}");
            let unit = "% deviation of mean";
            lab.table.row(&Row { what: &what, unit, ours: &ours, peer: None, target: Some(TARGET) });
        }
    }
    Ok(())
}

/// Standard deviation over mean.
pub(crate) fn deviation_percent(figures: &[f64]) -> f64 {
    let count = figures.len() as f64;
    let mean = figures.iter().sum::<f64>() / count;
    let variance = figures.iter().map(|figure| (figure - mean).powi(2)).sum::<f64>() / count;
    variance.sqrt() / mean * 100.0
}

pub(crate) fn equal(id: u64) -> LayoutNode {
    LayoutNode { id: NodeId(id), zone: "default".to_owned(), weight_milli: WEIGHT_MILLI, wish: NodeWish::In }
}

/// The groups of a film; another round's film has other names.
pub(crate) fn groups(round: u64, scheme: Scheme) -> Vec<Group> {
    let chunk = |nth: u64| {
        // as the last chunk of each segment is, every third one is shorter
        let bytes = if nth % 3 == 2 { CHUNK_BYTES / 2 } else { CHUNK_BYTES };
        let hash = Hash::of(&[round.to_be_bytes(), nth.to_be_bytes()].concat());
        ChunkRef { hash, bytes: u32::try_from(bytes).unwrap_or(u32::MAX) }
    };
    let stripe = |stripe: u64| {
        let data = STRIPE_DATA as u64;
        let first = stripe * data;
        let parity = (0..STRIPE_PARITY as u64).map(|nth| ChunkRef {
            bytes: u32::try_from(CHUNK_BYTES).unwrap_or(u32::MAX),
            ..chunk(CHUNKS + stripe * STRIPE_PARITY as u64 + nth)
        });
        let members = (first..first + data).map(chunk).chain(parity).collect();
        Group::stripe(AssetId(round), "v0", stripe, members, STRIPE_DATA)
    };
    match scheme {
        Scheme::Replicate(copies) => (0..CHUNKS).map(|nth| Group::replicated(chunk(nth), copies)).collect(),
        Scheme::Erasure { .. } => (0..CHUNKS / STRIPE_DATA as u64).map(stripe).collect(),
    }
}

pub(crate) fn node_bytes(layout: &Layout, groups: &[Group]) -> Vec<f64> {
    let mut held: BTreeMap<NodeId, f64> = layout.nodes.iter().map(|node| (node.id, 0.0)).collect();
    for (node, chunk) in groups.iter().flat_map(|group| group.placed(layout)) {
        *held.entry(node).or_default() += f64::from(chunk.bytes);
    }
    held.into_values().collect()
}
