//! In what order a chunk's holders are asked (DESIGN §6): places by `since`, stand-ins, newer epochs up to the current one, then
//! every other node once. One order for players, downloads and repair.

use crate::{hash::Hash, id::NodeId, layout::Layout};

/// The nodes to ask for a chunk, best first, each once.
///
/// `layouts` are the asset's epochs from `since` to current, oldest first; `key` is what the chunk is placed by and `width` how
/// many places it has; `known` are all nodes of the cluster.
#[must_use]
pub fn read_plan(layouts: &[Layout], key: &Hash, width: usize, stand_ins: &[NodeId], known: &[NodeId]) -> Vec<NodeId> {
    let placed = |layout: &Layout| layout.place(key, width);
    let mut plan = Vec::new();
    let since = layouts.first().map(placed).unwrap_or_default();
    let newer = layouts.iter().skip(1).flat_map(placed);
    for node in since.into_iter().chain(stand_ins.iter().copied()).chain(newer).chain(known.iter().copied()) {
        if !plan.contains(&node) {
            plan.push(node);
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::Epoch,
        layout::{LayoutNode, NodeWish},
    };

    #[test]
    fn every_node_is_asked_once_in_the_order_of_the_design() {
        let nodes = |ids: &[u64]| -> Vec<LayoutNode> {
            let node = |&id| LayoutNode { id: NodeId(id), zone: String::new(), weight_milli: 1000, wish: NodeWish::In };
            ids.iter().map(node).collect()
        };
        let old = Layout::new(Epoch(1), nodes(&[1, 2]), vec![vec![1, 0]]).expect("valid");
        let new = Layout::new(Epoch(2), nodes(&[1, 2, 3]), vec![vec![2, 1]]).expect("valid");
        let known: Vec<_> = (1..=5).map(NodeId).collect();
        let plan = read_plan(&[old, new], &Hash::of(b"x"), 2, &[NodeId(4)], &known);
        assert_eq!(plan, [2, 1, 4, 3, 5].map(NodeId));
    }
}
