//! What has to be written where when assets go from the layout they are placed by to another one, and what is not needed
//! there any more: for people, and for the question whether there is room.

use std::collections::{BTreeMap, BTreeSet};

use vs_core::{group::Group, hash::ChunkHash, id::NodeId, layout::Layout, manifest::Displaced};

/// Copies that come to a node, and that it need not keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    pub chunks_in: u64,
    pub bytes_in: u64,
    pub chunks_out: u64,
    pub bytes_out: u64,
}

/// A sum over groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shift {
    pub flows: BTreeMap<NodeId, Flow>,
}

impl Shift {
    /// Counts one group. What is owed is not there, and what stands in need not stay.
    pub fn add(&mut self, group: &Group, since: &Layout, target: &Layout, displaced: &[Displaced]) {
        let pairs = |layout| group.placed(layout).map(|(node, chunk)| (node, chunk.hash)).collect::<BTreeSet<_>>();
        let mut now = pairs(since);
        for row in displaced {
            now.remove(&(row.place, row.chunk));
            now.extend(row.stand_in.map(|node| (node, row.chunk)));
        }
        let then = pairs(target);
        let bytes = |chunk: &ChunkHash| {
            group.members.iter().find(|member| member.hash == *chunk).map_or(0, |member| u64::from(member.bytes))
        };
        for (node, chunk) in then.difference(&now) {
            let flow = self.flows.entry(*node).or_default();
            flow.chunks_in += 1;
            flow.bytes_in += bytes(chunk);
        }
        for (node, chunk) in now.difference(&then) {
            let flow = self.flows.entry(*node).or_default();
            flow.chunks_out += 1;
            flow.bytes_out += bytes(chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use vs_core::{
        hash::Hash,
        id::{AssetId, Epoch},
        layout::{LayoutNode, NodeWish},
        manifest::ChunkRef,
    };

    use super::*;

    fn layout(ids: &[u64]) -> Layout {
        let node =
            |&id: &u64| LayoutNode { id: NodeId(id), zone: String::new(), weight_milli: 1000, wish: NodeWish::In };
        let list: Vec<u16> = (0..u16::try_from(ids.len()).expect("few")).collect();
        Layout::new(Epoch(1), ids.iter().map(node).collect(), vec![list]).expect("valid")
    }

    fn flow(ins: (u64, u64), outs: (u64, u64)) -> Flow {
        Flow { chunks_in: ins.0, bytes_in: ins.1, chunks_out: outs.0, bytes_out: outs.1 }
    }

    #[test]
    fn what_differs_between_two_layouts_is_written_and_what_is_there_already_is_not() {
        let chunk = |n: u8| ChunkRef { hash: Hash::of(&[n]), bytes: n.into() };
        let stripe = Group::stripe(AssetId(1), "v0", 0, (1..=5).map(chunk).collect(), 3);
        let (since, target) = (layout(&[1, 2, 3, 4, 5]), layout(&[1, 3, 2, 6, 5]));
        let mut shift = Shift::default();
        shift.add(&stripe, &since, &target, &[]);
        let expected = [
            // members two and three change their places
            (NodeId(2), flow((1, 3), (1, 2))),
            (NodeId(3), flow((1, 2), (1, 3))),
            (NodeId(4), flow((0, 0), (1, 4))),
            (NodeId(6), flow((1, 4), (0, 0))),
        ];
        assert_eq!(shift.flows, expected.into());

        // copies do not mind which place they are for, n6 has stood in for n1, and n2 was never written
        let copies = Group::replicated(chunk(7), 3);
        let displaced = |place, stand_in: Option<u64>| Displaced {
            chunk: chunk(7).hash,
            place: NodeId(place),
            stand_in: stand_in.map(NodeId),
        };
        let mut shift = Shift::default();
        let astray = [displaced(1, Some(6)), displaced(2, None)];
        shift.add(&copies, &layout(&[1, 2, 3]), &layout(&[3, 6, 2]), &astray);
        assert_eq!(shift.flows, [(NodeId(2), flow((1, 7), (0, 0)))].into());
    }
}
