use std::cmp::Reverse;

use proptest::{collection::vec, option, prelude::*};
use vs_core::{
    group::Group,
    hash::Hash,
    id::{AssetId, Epoch},
    layout::LayoutNode,
    manifest::ChunkRef,
};

use super::*;
use crate::plan::weights::FULL_PERCENT;

const MIB: u64 = 1 << 20;

/// A layout with these nodes, and one more that takes nothing any more.
fn layout(nodes: usize) -> Layout {
    let node = |id| LayoutNode { id: NodeId(id), zone: String::new(), weight_milli: 1_000, wish: NodeWish::In };
    let mut all: Vec<_> = (1..=nodes as u64).map(node).collect();
    all.push(LayoutNode { wish: NodeWish::Draining, ..node(99) });
    let slot = (0..u16::try_from(nodes.min(5)).expect("few")).collect();
    Layout::new(Epoch(1), all, vec![slot]).expect("sound")
}

/// Disks that take so many more mebibytes.
fn left(mib: u64) -> Usage {
    let total_bytes = 1_000 * MIB;
    Usage { used_bytes: total_bytes / 100 * FULL_PERCENT - mib * MIB, total_bytes, room_bytes: None }
}

/// The same as the node told it, whatever its disks as a whole are like.
fn told(mib: u64) -> Usage {
    Usage { used_bytes: 400 * MIB, total_bytes: 1_000 * MIB, room_bytes: Some(mib * MIB) }
}

fn group(scheme: Scheme) -> Group {
    let chunk = ChunkRef { hash: Hash([0; 32]), bytes: 1 << 20 };
    match scheme {
        Scheme::Replicate(copies) => Group::replicated(chunk, copies),
        Scheme::Erasure { data, .. } => Group::stripe(AssetId(1), "v0", 0, vec![chunk; scheme.width()], data.into()),
    }
}

/// Whether so many groups can be written, each to a quorum of distinct nodes that take so many chunks: to those with
/// the most room, since nothing does better.
fn can_be_written(mut rooms: Vec<u64>, groups: u64, quorum: usize) -> bool {
    (0..groups).all(|_| {
        rooms.sort_unstable_by_key(|room| Reverse(*room));
        let taken = rooms.iter_mut().take(quorum).filter(|room| **room > 0);
        taken.map(|room| *room -= 1).count() == quorum
    })
}

proptest! {
    /// Refused is what cannot be written, and of copies just that.
    #[test]
    fn what_can_be_written_is_not_refused(
        nodes in vec(option::weighted(0.9, 0..60_u64), 1..8),
        tell in any::<bool>(),
        groups in 1..120_u64,
        copies in option::of(1..=5_u8),
    ) {
        let layout = layout(nodes.len());
        let scheme = copies.map_or(Scheme::CODED, Scheme::Replicate);
        prop_assume!(!scheme.is_coded() || layout.room() >= scheme.width());
        let group = group(scheme);
        let says = if tell { told } else { left };
        let mut usage: BTreeMap<_, _> =
            (1..).map(NodeId).zip(&nodes).filter_map(|(id, mib)| Some((id, says((*mib)?)))).collect();
        usage.insert(NodeId(99), left(900));
        let slack = SLACK_BYTES / MIB;
        let rooms = nodes.iter().map(|mib| mib.map_or(u64::MAX, |mib| mib + slack)).collect();
        let written = can_be_written(rooms, groups, group.quorum(layout.room()));
        let checked = check(groups * group.data as u64 * MIB, scheme, &layout, &usage);
        prop_assert!(checked.is_ok() || !written, "{checked:?}");
        prop_assert!(scheme.is_coded() || checked.is_err() != written);
    }
}

#[test]
fn a_stripe_needs_a_third_more_than_its_data() {
    let usage: BTreeMap<_, _> = (1..=5).map(|id| (NodeId(id), left(8))).collect();
    let check = |mib: u64| check(mib * MIB, Scheme::CODED, &layout(5), &usage).is_ok();
    assert!(check(150) && !check(151), "five nodes take 40 MiB each");
}

#[test]
fn every_node_says_why() {
    let full = Usage { used_bytes: 48 * MIB, total_bytes: 48 * MIB, room_bytes: None };
    let usage = BTreeMap::from([(NodeId(1), left(3)), (NodeId(2), full), (NodeId(3), told(0))]);
    let shortage = check(70 * MIB, Scheme::REPLICATED, &layout(3), &usage).expect_err("no room");
    let failure = Failure::from(shortage);
    assert_eq!((failure.code, failure.what.as_str()), (Code::NoSpace, "the cluster has no room for 70.0 MiB"));
    let why = [
        "n1 takes 3.0 MiB until 95 % of its 1000.0 MiB are full",
        "n2 takes 0 B until 95 % of its 48.0 MiB are full",
        "n3 takes 0 B until 40 % of its 1000.0 MiB are full",
    ];
    assert_eq!(failure.why, why);
    assert_eq!(check(0, Scheme::REPLICATED, &layout(3), &usage), Ok(()), "nobody said how large it is");
    assert_eq!(check(u64::MAX, Scheme::REPLICATED, &layout(3), &BTreeMap::new()), Ok(()), "nothing is known");
}
