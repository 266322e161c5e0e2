//! Whether a cluster has room for an upload at all, told before a byte of it is sent (DESIGN §7, DSK-1).
//!
//! Invariants:
//! - Refused is only what could not be stored: where not even the original fits, on no more nodes than a quorum takes.
//!   What will become of it, and whether all its copies fit, is left to whoever writes.
//! - A node that has not told how large its disks are has room.

use std::collections::BTreeMap;

use vs_core::{
    error::{Code, Failure},
    id::NodeId,
    layout::{Layout, NodeWish, Scheme},
    unit::human_bytes,
};

use super::write::shortened;
use crate::plan::weights::Usage;

/// What a node may take beyond that: chunks that came together are all written or none, and go to blocks first that
/// were allocated beforehand.
const SLACK_BYTES: u64 = 32 << 20;

/// Nodes that cannot hold an original together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    original_bytes: u64,
    nodes: Vec<(NodeId, Usage)>,
}

/// Whether so many bytes may find room by this scheme on the nodes of the layout.
///
/// # Errors
/// When they cannot.
pub fn check(
    original_bytes: u64,
    scheme: Scheme,
    layout: &Layout,
    usage: &BTreeMap<NodeId, Usage>,
) -> Result<(), Shortage> {
    let (mut room_bytes, mut nodes) = (0, Vec::new());
    for node in layout.nodes.iter().filter(|node| node.wish == NodeWish::In) {
        let usage = usage.get(&node.id).copied();
        let left = usage.map_or(u64::MAX, |usage| usage.left_bytes().saturating_add(SLACK_BYTES));
        // no node holds anything twice
        room_bytes += u128::from(left.min(original_bytes));
        nodes.extend(usage.map(|usage| (node.id, usage)));
    }
    let fits = room_bytes >= quorum_bytes(original_bytes, scheme, layout.room());
    if fits { Ok(()) } else { Err(Shortage { original_bytes, nodes }) }
}

/// What disks hold at least when every group of so many bytes has the quorum that [`vs_core::group::Group`] wants.
fn quorum_bytes(bytes: u64, scheme: Scheme, layout_nodes: usize) -> u128 {
    let (members, of) = match scheme {
        Scheme::Replicate(copies) => (usize::from(copies).min(layout_nodes) / 2 + 1, 1),
        Scheme::Erasure { data, .. } => (usize::from(data) + 1, data.max(1)),
    };
    u128::from(bytes) * members as u128 / u128::from(of)
}

impl From<Shortage> for Failure {
    fn from(Shortage { original_bytes, nodes }: Shortage) -> Self {
        let what = format!("the cluster has no room for {}", human_bytes(original_bytes));
        let mut failure = Self::new(Code::NoSpace, what).hint("vsctl node add HOST:PORT");
        failure.why = shortened(&nodes, |(node, usage)| {
            let (left, total) = (human_bytes(usage.left_bytes()), human_bytes(usage.total_bytes));
            format!("{node} takes {left} until {} % of its {total} are full", usage.limit_percent())
        });
        failure
    }
}

#[cfg(test)]
mod tests;
