use proptest::prelude::*;
use vs_core::{
    hash::Hash,
    id::{AssetId, Epoch},
    layout::{LayoutNode, NodeWish},
    manifest::ChunkRef,
    placement,
};

use super::*;

const SLOTS: usize = 8;

fn nodes(count: u64) -> Vec<LayoutNode> {
    let node = |id| LayoutNode { id: NodeId(id), zone: String::new(), weight_milli: 1_000, wish: NodeWish::In };
    (1..=count).map(node).collect()
}

fn chunk(n: u8) -> ChunkRef {
    ChunkRef { hash: Hash::of(&[n]), bytes: u32::from(n) + 1 }
}

/// A table of some of six nodes.
fn layout(epoch: u64) -> impl Strategy<Value = Layout> {
    let lists = |width| {
        prop::collection::vec(prop::sample::subsequence((0..6u16).collect::<Vec<_>>(), width).prop_shuffle(), SLOTS)
    };
    (1usize..=5).prop_flat_map(lists).prop_map(move |slots| Layout::new(Epoch(epoch), nodes(6), slots).expect("valid"))
}

/// Copies of a chunk, or a stripe; the same chunk may be in several.
fn group() -> impl Strategy<Value = Group> {
    prop_oneof![
        (0u8..6, 1u8..=5).prop_map(|(n, copies)| Group::replicated(chunk(n), copies)),
        (0u64..9, prop::collection::vec(0u8..12, 3..=5)).prop_map(|(stripe, members)| Group::stripe(
            AssetId(1),
            "v0",
            stripe,
            members.into_iter().map(chunk).collect(),
            3
        )),
    ]
}

/// Whether a layout has a node hold a chunk, by the definition of places.
fn holds(layout: &Layout, groups: &[Group], node: NodeId, hash: ChunkHash) -> bool {
    let at = |group: &Group, place: usize| layout.slots()[layout.slot(&group.key)].get(place).copied();
    let holds = |group: &Group, place: usize| {
        let here = at(group, place).is_some_and(|at| layout.nodes[usize::from(at)].id == node);
        here && group.members[if group.members.len() > 1 { place } else { 0 }].hash == hash
    };
    groups.iter().any(|group| (0..group.width).any(|place| holds(group, place)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn what_moves_is_what_a_node_holds_by_one_layout_and_not_by_the_other(
        (old, new) in (layout(1), layout(2)),
        assets in prop::collection::vec(prop::collection::vec(group(), 0..12), 1..3),
    ) {
        let mut shift = Shift::default();
        assets.iter().for_each(|groups| shift.add(&old, &new, groups));
        let mut expected = Shift::default();
        for (groups, n) in assets.iter().flat_map(|groups| (0..12).map(move |n| (groups, n))) {
            let chunk = chunk(n);
            for node in (1..=6).map(NodeId) {
                let (before, after) = (holds(&old, groups, node, chunk.hash), holds(&new, groups, node, chunk.hash));
                if before != after {
                    let of_node: &mut NodeShift = expected.nodes.entry(node).or_default();
                    let amount = if after { &mut of_node.incoming } else { &mut of_node.outgoing };
                    amount.add(chunk.bytes.into());
                }
            }
        }
        let total: u64 = expected.nodes.values().map(|node| node.incoming.bytes).sum();
        prop_assert_eq!(shift.total().bytes, total);
        prop_assert_eq!(shift, expected);
    }
}

#[test]
fn a_node_fits_now_later_or_never_and_a_line_says_which() {
    let told = |used: u64, room: Option<u64>, incoming: u64, outgoing: u64| {
        let amount = |bytes: u64| Amount { chunks: 1, bytes: bytes << 30 };
        let shift = NodeShift { incoming: amount(incoming), outgoing: amount(outgoing) };
        let room_bytes = room.map(|room| room << 30);
        Outlook {
            node: NodeId(3),
            shift,
            usage: Some(Usage { used_bytes: used << 30, total_bytes: 100 << 30, room_bytes }),
        }
    };
    let outlook = |used, incoming, outgoing| told(used, None, incoming, outgoing);
    for (used, incoming, outgoing, room) in [
        (90, 5, 0, Room::Now),
        (90, 6, 0, Room::Never),
        (90, 6, 1, Room::Later),
        (99, 0, 0, Room::Now),
        (99, 1, 4, Room::Never),
        (99, 1, 5, Room::Later),
    ] {
        assert_eq!(outlook(used, incoming, outgoing).room(), room, "{used} + {incoming} - {outgoing}");
    }
    for (used, left, incoming, outgoing, room) in [
        (85, 5, 5, 0, Room::Now),
        (85, 5, 6, 0, Room::Never),
        (85, 5, 6, 1, Room::Later),
        (67, 0, 1, 0, Room::Never),
        (67, 0, 0, 9, Room::Now),
        (96, 3, 3, 0, Room::Now),
    ] {
        let outlook = told(used, Some(left), incoming, outgoing);
        assert_eq!(outlook.room(), room, "{used} and at most {left} more + {incoming} - {outgoing}");
    }
    let says = |used, incoming, outgoing| outlook(used, incoming, outgoing).to_string();
    assert_eq!(says(90, 6, 0), "n3 would be 96 % full: 96.0 GiB of 100.0 GiB (limit 95 %)");
    assert_eq!(told(85, Some(5), 6, 0).to_string(), "n3 would be 91 % full: 91.0 GiB of 100.0 GiB (limit 90 %)");
    assert_eq!(says(90, 6, 1), "n3 has room for 6.0 GiB only as the 1.0 GiB that leave it are dropped there");
    assert_eq!(Outlook { usage: None, ..outlook(0, 1, 0) }.room(), Room::Unknown);
    let shift = Shift { nodes: [(NodeId(3), outlook(0, 1, 0).shift)].into() };
    assert_eq!(shift.outlook(&BTreeMap::new()), [Outlook { usage: None, ..outlook(0, 1, 0) }]);
}

/// The tables that are proposed move no more than a tenth above what must move, and a newcomer gets its share.
#[test]
fn equal_nodes_that_come_or_go_move_their_part_of_the_bytes() {
    for (before, after) in [(3, 4), (5, 6), (10, 11), (10, 9)] {
        let old = placement::propose(Epoch(1), None, nodes(before));
        let new = placement::propose(Epoch(2), Some(&old), nodes(after));
        let groups: Vec<_> = (0..4_000u16)
            .map(|n| Group::replicated(ChunkRef { hash: Hash::of(&n.to_le_bytes()), bytes: 10 }, 3))
            .collect();
        let mut shift = Shift::default();
        shift.add(&old, &new, &groups);
        let ideal = ideal_bytes(4_000 * 3 * 10, before, after);
        let moved = shift.total().bytes;
        assert!(moved * 100 <= ideal * 115 && moved * 100 >= ideal * 85, "{before} -> {after}: {moved} of {ideal}");
        let changed = shift.nodes[&NodeId(before.max(after))];
        let share = if after > before { changed.incoming } else { changed.outgoing }.bytes;
        assert!(share * 100 <= ideal * 115 && share * 100 >= ideal * 85, "{before} -> {after}: {share} of {ideal}");
    }
    assert_eq!([ideal_bytes(100, 3, 4), ideal_bytes(100, 10, 9), ideal_bytes(7, 0, 0)], [25, 10, 0]);
}
