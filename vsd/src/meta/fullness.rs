//! How full the disks are, as their nodes have told.

use std::collections::BTreeMap;

use vs_core::id::NodeId;
use vs_wire::v1;
use vsd_core::plan::weights::Usage;

/// What the disks of these nodes hold, of those that have told.
pub(crate) fn usage(nodes: &[v1::NodeInfo]) -> BTreeMap<NodeId, Usage> {
    let known = nodes.iter().filter(|node| node.disk_total_bytes > 0 || node.disk_room_bytes.is_some());
    let usage = |node: &v1::NodeInfo| Usage {
        used_bytes: node.disk_used_bytes,
        total_bytes: node.disk_total_bytes,
        room_bytes: node.disk_room_bytes,
    };
    known.map(|node| (NodeId(node.id), usage(node))).collect()
}
