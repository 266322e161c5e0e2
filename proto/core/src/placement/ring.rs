//! The ring: virtual nodes at points that SHA-256 gives them, and walks along it.

use super::Taker;
use crate::{hash::Hash, layout::LayoutNode, limit::WEIGHT_MILLI};

/// Virtual nodes of an ordinary node.
const VIRTUAL_NODES: u32 = 150;
/// Most virtual nodes of one node. The ring only says who is asked first; how much a node takes is its quota.
const VIRTUAL_NODES_MAX: u32 = 10 * VIRTUAL_NODES;

/// For each slot all takers, in the order in which a walk from the slot's point meets them. A slot's point is where its
/// part of the key space begins.
pub(super) fn walks(nodes: &[LayoutNode], takers: &[Taker], slots: usize) -> Vec<Vec<u16>> {
    let rings: Vec<_> =
        takers.iter().map(|taker| points(nodes[usize::from(taker.at)].id.0, taker.weight_milli)).collect();
    let walk = |point: u64| {
        let mut met: Vec<(u64, u16)> = rings.iter().map(|ring| distance(ring, point)).zip(0..).collect();
        met.sort_unstable();
        met.into_iter().map(|(_, taker)| taker).collect()
    };
    let step = (1u128 << 64) / slots.max(1) as u128;
    (0..slots as u128).map(|slot| walk(u64::try_from(slot * step).unwrap_or(u64::MAX))).collect()
}

/// How many virtual nodes a node of this weight has.
#[must_use]
pub fn virtual_nodes(weight_milli: u32) -> u64 {
    let count = u64::from(VIRTUAL_NODES) * u64::from(weight_milli) / u64::from(WEIGHT_MILLI);
    count.clamp(1, VIRTUAL_NODES_MAX.into())
}

/// Where a node's virtual nodes are, in order.
fn points(node: u64, weight_milli: u32) -> Vec<u64> {
    let point = |virtual_node: u64| Hash::of(&[node.to_be_bytes(), virtual_node.to_be_bytes()].concat()).leading_u64();
    let mut points: Vec<_> = (0..virtual_nodes(weight_milli)).map(point).collect();
    points.sort_unstable();
    points
}

/// How far a walk from `point` goes until it meets one of `ring`.
fn distance(ring: &[u64], point: u64) -> u64 {
    let next = ring.partition_point(|&at| at < point);
    ring.get(next).or(ring.first()).map_or(u64::MAX, |at| at.wrapping_sub(point))
}
