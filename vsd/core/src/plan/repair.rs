//! What the copies of a group need: level-triggered, out of what is wanted and what the nodes say they have (DESIGN §10).
//!
//! Invariants:
//! - Members are written to computed places only, those of the epoch the asset is to be placed by. A place whose node is
//!   silent is waited for; that it is silent for good is told by an epoch without it. An asset that cannot be placed by
//!   that epoch yet (it has too little room, or the asset is being written) still gets members beside, where it would
//!   place them: as long as something is waited for, and until there are as many as there should be.
//! - A group that can be read is never called missing, and one of whose places any lacks its member is never called
//!   healthy.
//! - Nothing here is remembered: whoever loses a plan makes it again.

use std::collections::BTreeMap;

use vs_core::{
    group::Group,
    hash::ChunkHash,
    id::NodeId,
    layout::{Layout, NodeWish, Scheme},
    manifest::{ChunkRef, Displaced},
    mutant::{Mutant, planted},
};

/// Whether a node can be asked for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    Up,
    /// Suspect, down, or not known to be up: it may come back.
    Silent,
    /// Removed by its operator: it does not come back.
    Gone,
}

/// What a node says of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    Stored,
    Missing,
    /// It has a copy that does not match its checks, or cannot be read.
    Damaged,
    /// It did not say.
    Unknown,
}

/// How well a group is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// Too few members are within reach to read it.
    Missing,
    Degraded,
    Healthy,
}

/// Whether a group can be read from anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readable {
    Yes,
    /// Somebody did not say, and may have what lacks.
    Unknown,
    Lost,
}

/// What was found of one group, and what is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub health: Health,
    /// How many members may still be lost before it cannot be read: what lacks most is repaired first.
    pub spare: usize,
    /// Which members are to be written to which nodes.
    pub writes: Vec<(NodeId, usize)>,
    /// Nodes that are silent, or did not say what they have, and whose place matters.
    pub waits_for: Vec<NodeId>,
}

impl Finding {
    /// Whether every place of the target epoch holds its member.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.writes.is_empty() && self.waits_for.is_empty()
    }
}

/// The members of a scheme that a layout has room for, counting only nodes with slots that are to stay.
fn room(scheme: Scheme, layout: &Layout, stays: impl Fn(NodeId) -> bool) -> usize {
    let mut counted: Vec<u16> = Vec::new();
    for &at in layout.slots().iter().flatten() {
        // the first few slots list enough, unless nodes are leaving
        if counted.len() >= scheme.width() {
            break;
        }
        if !counted.contains(&at) && stays(layout.nodes[usize::from(at)].id) {
            counted.push(at);
        }
    }
    counted.len()
}

/// By which of its epochs, oldest (`since`) first, an asset is to be placed: the newest that has room for as many members
/// as the oldest. Nodes that were removed do not count, nor those that are to be: their operator named them. One that is
/// being drained does, so that what has nowhere else to go stays there. Whoever was named, it has room for as many as
/// reading takes: content that too few nodes are left for stays until it is kept by another scheme.
#[must_use]
pub fn target(scheme: Scheme, layouts: &[Layout], presence: impl Fn(NodeId) -> Presence) -> Option<&Layout> {
    let (since, newest) = (layouts.first()?, layouts.last()?);
    let is_to_go = |id| newest.nodes.iter().any(|node| node.id == id && node.wish == NodeWish::Out);
    let needed = room(scheme, since, |id| presence(id) != Presence::Gone && !is_to_go(id)).max(scheme.data());
    let has_room = |layout: &&Layout| room(scheme, layout, |id| presence(id) != Presence::Gone) >= needed;
    layouts.iter().rev().find(has_room).or(Some(since))
}

struct Reach {
    is_readable: bool,
    /// No place lacks its member.
    is_whole: bool,
    /// How many places have theirs.
    copies: usize,
}

/// A group between the epoch it is placed by and the one it is to be placed by.
#[derive(Clone, Copy, Debug)]
pub struct Placing<'a> {
    pub group: &'a Group,
    pub since: &'a Layout,
    pub target: &'a Layout,
    /// The newest epoch, when that is another.
    pub beside: Option<&'a Layout>,
    /// Stand-ins and owed members of the asset that concern this group.
    pub displaced: &'a [Displaced],
}

impl Placing<'_> {
    /// Everywhere a member should or may be: what has to be asked before [`look`](Self::look).
    #[must_use]
    pub fn asked(&self) -> Vec<(NodeId, ChunkHash)> {
        let layouts = [self.since, self.target].into_iter().chain(self.beside);
        let placed = layouts.flat_map(|layout| self.group.placed(layout));
        let stand_ins = self.stand_ins();
        let mut asked: Vec<_> = placed.map(|(node, chunk)| (node, chunk.hash)).chain(stand_ins).collect();
        asked.sort_unstable();
        asked.dedup();
        asked
    }

    fn stand_ins(&self) -> impl Iterator<Item = (NodeId, ChunkHash)> + '_ {
        self.displaced.iter().filter_map(|displaced| Some((displaced.stand_in?, displaced.chunk)))
    }

    /// What the group needs.
    pub fn look(&self, presence: impl Fn(NodeId) -> Presence, held: impl Fn(NodeId, &ChunkHash) -> Held) -> Finding {
        let good =
            |node: NodeId, chunk: &ChunkHash| presence(node) == Presence::Up && held(node, chunk) == Held::Stored;
        let reach = self.reach(&good);
        let mut finding = Finding {
            health: match () {
                () if !reach.is_readable => Health::Missing,
                () if reach.is_whole => Health::Healthy,
                () => Health::Degraded,
            },
            spare: reach.copies.saturating_sub(self.group.data),
            writes: Vec::new(),
            waits_for: Vec::new(),
        };
        for (place, (node, chunk)) in self.group.placed(self.target).enumerate() {
            match (presence(node), held(node, &chunk.hash)) {
                (Presence::Up, Held::Stored) => {}
                (Presence::Up, Held::Missing | Held::Damaged) => {
                    finding.writes.push((node, self.group.member_at(place)));
                }
                (Presence::Up, Held::Unknown) | (Presence::Silent | Presence::Gone, _) => finding.waits_for.push(node),
            }
        }
        if let Some(beside) = self.beside.filter(|_| !finding.waits_for.is_empty() && !reach.is_whole) {
            let lacks = |node, chunk: &ChunkHash| {
                presence(node) == Presence::Up && matches!(held(node, chunk), Held::Missing | Held::Damaged)
            };
            for (place, (node, chunk)) in self.group.placed(beside).enumerate() {
                let write = (node, self.group.member_at(place));
                if lacks(node, &chunk.hash) && !finding.writes.contains(&write) {
                    finding.writes.push(write);
                }
            }
        }
        finding
    }

    /// What those have of the group who are up, wherever it should be. Who returns that is not waited for is no concern.
    pub fn of_all(&self, up: &[NodeId], held: impl Fn(NodeId, &ChunkHash) -> Held) -> Readable {
        let is_there = |member: &&ChunkRef| up.iter().any(|node| held(*node, &member.hash) == Held::Stored);
        let mut said = self.group.members.iter().flat_map(|member| up.iter().map(|node| held(*node, &member.hash)));
        match self.group.members.iter().filter(is_there).count() {
            members if members >= self.group.data => Readable::Yes,
            _ if said.any(|held| held == Held::Unknown) => Readable::Unknown,
            _ => Readable::Lost,
        }
    }

    /// What is within reach: where it should be, is to go, or stands in. Copies of one chunk count by the nodes that have
    /// them, since it may be the member of several places: replicas are, and so is a stripe of one chunk with its parity.
    fn reach(&self, good: &impl Fn(NodeId, &ChunkHash) -> bool) -> Reach {
        let within: Vec<_> = self.asked().into_iter().filter(|(node, chunk)| good(*node, chunk)).collect();
        let holders = |chunk: &ChunkHash| within.iter().filter(|(_, other)| other == chunk).count();
        let mut places: BTreeMap<ChunkHash, usize> = BTreeMap::new();
        self.group.placed(self.since).for_each(|(_, chunk)| *places.entry(chunk.hash).or_default() += 1);
        let members = self.group.members.iter().filter(|member| holders(&member.hash) > 0).count();
        Reach {
            is_readable: members >= self.group.data,
            is_whole: places.iter().all(|(chunk, places)| holders(chunk) >= *places),
            copies: places.iter().map(|(chunk, places)| holders(chunk).min(*places)).sum(),
        }
    }

    /// The places that have to be verified before the asset may be said to be placed by the target: those that differ
    /// from `since`, were owed or have a stand-in. Where there are fewer places than before, all of them: what goes is
    /// replaced by nothing but what is left.
    #[must_use]
    pub fn to_verify(&self) -> Vec<(NodeId, ChunkHash)> {
        let since: Vec<_> = self.group.placed(self.since).collect();
        let differs = |place: usize, node: NodeId, chunk: &ChunkHash| match since.get(place) {
            Some((before, _)) if *before == node => {
                self.displaced.iter().any(|displaced| (displaced.chunk, displaced.place) == (*chunk, node))
            }
            _ => true,
        };
        let placed: Vec<_> = self.group.placed(self.target).collect();
        let is_fewer = placed.len() < since.len() && !planted(Mutant::LeftPlacesUnread);
        let placed = placed.into_iter().enumerate();
        placed
            .filter(|(place, (node, chunk))| is_fewer || differs(*place, *node, &chunk.hash))
            .map(|(_, (node, chunk))| (node, chunk.hash))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use vs_core::{
        hash::Hash,
        id::{AssetId, Epoch},
        layout::LayoutNode,
        placement,
    };

    use super::*;

    fn layout(epoch: u64, ids: &[u64]) -> Layout {
        let node =
            |&id: &u64| LayoutNode { id: NodeId(id), zone: String::new(), weight_milli: 1000, wish: NodeWish::In };
        let list: Vec<u16> = (0..u16::try_from(ids.len().min(5)).expect("few")).collect();
        Layout::new(Epoch(epoch), ids.iter().map(node).collect(), vec![list]).expect("valid")
    }

    fn stripe() -> Group {
        let members = (0..5u8).map(|n| ChunkRef { hash: Hash::of(&[n]), bytes: 9 }).collect();
        Group::stripe(AssetId(1), "v0", 0, members, 3)
    }

    #[test]
    fn an_asset_stays_with_the_newest_epoch_that_has_room_for_it() {
        let layouts = [layout(1, &[1, 2, 3, 4, 5]), layout(2, &[1, 2, 3, 4, 6]), layout(3, &[1, 2, 3, 4])];
        let up = |_| Presence::Up;
        let chosen = |scheme| target(scheme, &layouts, up).map(|layout| layout.epoch);
        assert_eq!(chosen(Scheme::Erasure { data: 3, parity: 2 }), Some(Epoch(2)));
        assert_eq!(chosen(Scheme::Replicate(3)), Some(Epoch(3)));
        // removed by name: what is left is all there will be
        let gone = |node| if node == NodeId(5) { Presence::Gone } else { Presence::Up };
        assert_eq!(target(Scheme::Erasure { data: 3, parity: 2 }, &layouts, gone).map(|l| l.epoch), Some(Epoch(3)));
        let few = [layout(1, &[1, 2, 3]), layout(2, &[1, 2])];
        let gone = |node| if node == NodeId(3) { Presence::Gone } else { Presence::Up };
        assert_eq!(target(Scheme::CODED, &few, gone).map(|l| l.epoch), Some(Epoch(1)), "two members give nothing");
        assert_eq!(target(Scheme::Replicate(3), &few, gone).map(|l| l.epoch), Some(Epoch(2)));
    }

    #[test]
    fn where_fewer_places_are_left_every_one_of_them_is_read_first() {
        let group = Group::replicated(ChunkRef { hash: Hash::of(b"a"), bytes: 1 }, 3);
        let to_verify = |since: &[u64], target: &[u64]| {
            let (since, target) = (layout(1, since), layout(2, target));
            let placing = Placing { group: &group, since: &since, target: &target, beside: None, displaced: &[] };
            placing.to_verify().into_iter().map(|(node, _)| node.0).collect::<BTreeSet<_>>()
        };
        assert_eq!(to_verify(&[1, 2, 3], &[1, 2, 4]), [4].into(), "the third copy is on another node");
        assert_eq!(to_verify(&[1, 2], &[1]), [1].into(), "the only copy there will be");
        assert_eq!(to_verify(&[1, 2, 3], &[1, 2]), [1, 2].into());
        assert_eq!(to_verify(&[1], &[1, 2]), [2].into());
    }

    #[test]
    fn a_node_that_is_drained_is_read_and_never_written_and_what_has_nowhere_to_go_stays_on_it() {
        let wishing = |epoch, ids: &[u64], wish: NodeWish| {
            let mut nodes = layout(epoch, ids).nodes;
            nodes[0].wish = wish;
            placement::propose(Epoch(epoch), None, nodes)
        };
        let up = |_| Presence::Up;
        let placed = |scheme, ids: &[u64], wish| {
            let layouts = [wishing(1, ids, NodeWish::In), wishing(2, ids, wish)];
            target(scheme, &layouts, up).map(|layout| layout.epoch)
        };
        let (old, new) = (Some(Epoch(1)), Some(Epoch(2)));
        for (scheme, nodes) in [(Scheme::CODED, 6), (Scheme::REPLICATED, 4), (Scheme::Replicate(2), 3)] {
            let ids: Vec<u64> = (1..=nodes).collect();
            for wish in [NodeWish::Draining, NodeWish::Out] {
                assert_eq!(placed(scheme, &ids, wish), new, "{scheme} on {nodes}, one {wish:?}");
            }
            assert_eq!(placed(scheme, &ids[1..], NodeWish::Draining), old, "{scheme} on one fewer");
            assert_eq!(placed(scheme, &ids[1..], NodeWish::Out), new, "its operator named it");
        }
        let (since, target) =
            (wishing(1, &[1, 2, 3, 4, 5, 6], NodeWish::In), wishing(2, &[1, 2, 3, 4, 5, 6], NodeWish::Draining));
        let groups = (0..200).map(|stripe| Group { key: Hash::of(&[stripe]), ..self::stripe() });
        for group in groups {
            let placing = Placing { group: &group, since: &since, target: &target, beside: None, displaced: &[] };
            let before: BTreeSet<_> = group.placed(&since).map(|(node, chunk)| (node, chunk.hash)).collect();
            let held =
                |node, chunk: &ChunkHash| if before.contains(&(node, *chunk)) { Held::Stored } else { Held::Missing };
            let finding = placing.look(up, held);
            assert_eq!((finding.health, finding.waits_for.len()), (Health::Healthy, 0));
            assert!(finding.writes.iter().all(|(node, _)| *node != NodeId(1)));
            let leaves = before.iter().any(|(node, _)| *node == NodeId(1));
            assert!(!leaves || !finding.writes.is_empty(), "its member goes elsewhere");
        }
    }

    #[test]
    fn what_cannot_be_placed_yet_outlives_the_nodes_it_began_on_and_is_lost_only_with_its_last_copy() {
        let group = Group::replicated(stripe().members[0], 3);
        let (first, newest) = (layout(1, &[1, 2, 3]), layout(2, &[4, 5]));
        let mut holders: BTreeSet<_> = [1, 2, 3].into();
        for dead in 1..=3 {
            let presence = |node: NodeId| if node.0 <= dead { Presence::Silent } else { Presence::Up };
            let held = |node: NodeId, _: &ChunkHash| match presence(node) {
                Presence::Up if holders.contains(&node.0) => Held::Stored,
                Presence::Up => Held::Missing,
                _ => Held::Unknown,
            };
            // it is being written, so it stays with its epoch
            let placing =
                Placing { group: &group, since: &first, target: &first, beside: Some(&newest), displaced: &[] };
            let finding = placing.look(presence, held);
            assert!(finding.health != Health::Missing && !finding.waits_for.is_empty(), "{dead} dead: {finding:?}");
            holders.extend(finding.writes.iter().map(|(node, _)| node.0));
        }
        let placing = Placing { group: &group, since: &first, target: &first, beside: None, displaced: &[] };
        let held = |node: NodeId, _: &ChunkHash| if node == NodeId(5) { Held::Stored } else { Held::Missing };
        assert_eq!(placing.of_all(&[4, 5].map(NodeId), held), Readable::Yes, "a copy where nobody would look");
        assert_eq!(placing.of_all(&[NodeId(4)], held), Readable::Lost);
        let busy = |node: NodeId, chunk: &ChunkHash| if node == NodeId(5) { Held::Unknown } else { held(node, chunk) };
        assert_eq!(placing.of_all(&[4, 5].map(NodeId), busy), Readable::Unknown, "one that does not say may have it");
    }

    proptest! {
        /// Against the definition: whatever is asked to be written is missing at an up node, after the writes every up
        /// place holds its member, and health says what a reader would see.
        #[test]
        fn findings_are_what_the_nodes_hold(
            // copies, a stripe of three, one of a single chunk whose parity is that chunk again
            kind in 0..3,
            held in prop::collection::vec((1u64..9, 0usize..5), 0..30),
            silent in prop::collection::btree_set(1u64..9, 0..4),
            stands: Option<(usize, u64)>,
            has_beside: bool,
        ) {
            let group = match kind {
                0 => Group::replicated(stripe().members[0], 3),
                1 => stripe(),
                _ => Group::stripe(AssetId(1), "v0", 0, vec![stripe().members[0]; 3], 1),
            };
            let (since, target) = (layout(1, &[1, 2, 3, 4, 5]), layout(2, &[6, 1, 3, 4, 7]));
            let chunk = |member: usize| group.members[member % group.members.len()].hash;
            let has: BTreeSet<_> = held.iter().map(|(node, member)| (NodeId(*node), chunk(*member))).collect();
            let displaced: Vec<_> = stands.into_iter().map(|(place, stand_in)| {
                let places: Vec<_> = group.placed(&since).collect();
                let (node, chunk) = places[place % places.len()];
                Displaced { chunk: chunk.hash, place: node, stand_in: Some(NodeId(8 + stand_in % 2)) }
            }).collect();
            let presence = |node: NodeId| if silent.contains(&node.0) { Presence::Silent } else { Presence::Up };
            let says = |node: NodeId, chunk: &ChunkHash| {
                if has.contains(&(node, *chunk)) { Held::Stored } else { Held::Missing }
            };
            let newest = layout(3, &[8, 1, 6, 2, 5]);
            let beside = has_beside.then_some(&newest);
            let placing = Placing { group: &group, since: &since, target: &target, beside, displaced: &displaced };
            let finding = placing.look(presence, says);

            let mut after = has.clone();
            for (node, member) in &finding.writes {
                prop_assert!(presence(*node) == Presence::Up && !has.contains(&(*node, group.members[*member].hash)));
                after.insert((*node, group.members[*member].hash));
            }
            let up = |node: NodeId| presence(node) == Presence::Up;
            for (node, chunk) in group.placed(&target) {
                prop_assert!(finding.waits_for.contains(&node) != (up(node) && after.contains(&(node, chunk.hash))));
            }
            if let Some(beside) = beside.filter(|_| !finding.waits_for.is_empty() && finding.health != Health::Healthy) {
                let all_there = |(node, chunk): (NodeId, &ChunkRef)| !up(node) || after.contains(&(node, chunk.hash));
                prop_assert!(group.placed(beside).all(all_there));
            }
            let within: BTreeSet<_> = placing.asked().into_iter().filter(|pair| has.contains(pair) && up(pair.0)).collect();
            let distinct = if kind == 1 {
                within.iter().map(|(_, chunk)| chunk).collect::<BTreeSet<_>>().len()
            } else {
                within.len()
            };
            prop_assert_eq!(finding.health == Health::Missing, distinct < group.data);
            if finding.health == Health::Healthy {
                prop_assert!(distinct >= group.width);
            } else if finding.health == Health::Degraded {
                prop_assert_eq!(finding.spare, distinct - group.data);
            }
            for pair in placing.to_verify() {
                prop_assert!(group.placed(&target).any(|(node, chunk)| (node, chunk.hash) == pair));
            }
        }
    }
}
