use std::collections::{BTreeMap, BTreeSet};

use proptest::{prelude::*, sample::Index};

use super::*;
use crate::{
    hash::{ChunkHash, Hash},
    id::{AssetId, Epoch},
    layout::{LayoutNode, NodeWish},
};

fn layout(epoch: u64, slot: &[u64]) -> Layout {
    let node = |id: &u64| LayoutNode { id: NodeId(*id), zone: String::new(), weight_milli: 1000, wish: NodeWish::In };
    let places = (0..u16::try_from(slot.len()).expect("few")).collect();
    Layout::new(Epoch(epoch), slot.iter().map(node).collect(), vec![places]).expect("valid")
}

fn chunk(name: u8) -> ChunkRef {
    ChunkRef { hash: Hash::of(&[name]), bytes: 1 }
}

#[test]
fn every_node_is_asked_once_in_the_order_of_the_design() {
    let layouts = [layout(1, &[2, 1]), layout(2, &[3, 2])];
    let nodes: Vec<_> = (1..=6).map(NodeId).collect();
    let stand_in = Displaced { chunk: chunk(0).hash, place: NodeId(1), stand_in: Some(NodeId(4)) };
    let others = Displaced { chunk: chunk(1).hash, stand_in: Some(NodeId(5)), ..stand_in };
    let known = Known { layouts: &layouts, nodes: &nodes, away: &[], displaced: &[stand_in, others] };
    let plan = ReadPlan::new(&Group::replicated(chunk(0), 2), 0, &known);
    assert_eq!((plan.nodes, plan.likely), ([2, 1, 4, 3, 5, 6].map(NodeId).to_vec(), 4));
    let plan = ReadPlan::new(&Group::replicated(chunk(0), 2), 0, &Known { away: &[NodeId(2), NodeId(5)], ..known });
    assert_eq!((plan.nodes, plan.likely), ([1, 4, 3, 6, 2, 5].map(NodeId).to_vec(), 3), "who is up is asked first");
    let stripe = Group::stripe(AssetId(1), "v0", 0, vec![chunk(0), chunk(1), chunk(0)], 1);
    let plan = ReadPlan::new(&stripe, 1, &known);
    assert_eq!(
        (plan.nodes, plan.likely),
        ([1, 5, 2, 3, 4, 6].map(NodeId).to_vec(), 3),
        "a member has one place an epoch"
    );
}

/// What a node does when it is asked for a chunk.
#[derive(Clone, Debug)]
struct Model {
    group: Group,
    want: Vec<usize>,
    layouts: Vec<Layout>,
    nodes: Vec<NodeId>,
    away: Vec<NodeId>,
    displaced: Vec<Displaced>,
    dead: BTreeSet<NodeId>,
    copies: BTreeMap<(NodeId, ChunkHash), Answer>,
}

const NODES: u64 = 7;

fn model() -> impl Strategy<Value = Model> {
    let names = prop::collection::vec(0u8..12, 1..=3);
    let slots = prop::collection::vec(Just((1..=NODES + 1).collect::<Vec<_>>()).prop_shuffle(), 1..=3);
    let group = (names, any::<bool>(), 1u8..=3);
    let node = || (1..=NODES).prop_map(NodeId);
    let copies = prop::collection::vec((node(), any::<Index>(), prop::bool::weighted(0.7)), 0..12);
    let placed = prop::collection::vec(prop::bool::weighted(0.7), 5);
    let displaced = prop::collection::vec((any::<Index>(), node()), 0..3);
    let want = prop::collection::vec(any::<Index>(), 1..=2);
    let few = || prop::collection::btree_set(node(), 0..3);
    (group, want, slots, few(), few(), displaced, copies, placed).prop_map(|input| {
        let ((names, is_stripe, width), want, slots, away, dead, displaced, extra, placed) = input;
        let group = match is_stripe {
            true => {
                let parity = (0u8..2).map(|i| if names.len() == 1 { names[0] } else { 100 + i });
                let members = names.iter().copied().chain(parity).map(chunk).collect();
                Group::stripe(AssetId(1), "v0", 0, members, names.len())
            }
            false => Group::replicated(chunk(names[0]), width),
        };
        let layouts: Vec<_> = (1..).zip(&slots).map(|(epoch, slot)| layout(epoch, &slot[..5])).collect();
        let hash = |member: &Index| group.members[member.index(group.members.len())].hash;
        let mut copies = BTreeMap::new();
        for ((node, member), _) in group.placed(&layouts[0]).zip(placed).filter(|(_, there)| *there) {
            copies.insert((node, member.hash), Answer::Got);
        }
        for (node, member, good) in &extra {
            copies.insert((*node, hash(member)), if *good { Answer::Got } else { Answer::Corrupt });
        }
        let stand_in = |(member, node): &(Index, NodeId)| Displaced {
            chunk: hash(member),
            place: NodeId(1),
            stand_in: Some(*node),
        };
        Model {
            want: want.iter().map(|member| member.index(group.members.len())).collect(),
            displaced: displaced.iter().map(stand_in).collect(),
            nodes: (1..=NODES).map(NodeId).collect(),
            away: away.into_iter().collect(),
            group,
            layouts,
            dead,
            copies,
        }
    })
}

impl Model {
    fn known(&self) -> Known<'_> {
        Known { layouts: &self.layouts, nodes: &self.nodes, away: &self.away, displaced: &self.displaced }
    }

    fn answer(&self, ask: Ask) -> Answer {
        let hash = self.group.members[ask.member].hash;
        // a node of a layout that the cluster does not know any more has no address
        if self.dead.contains(&ask.node) || !self.nodes.contains(&ask.node) {
            return Answer::Failed;
        }
        self.copies.get(&(ask.node, hash)).copied().unwrap_or(Answer::Absent)
    }

    fn is_anywhere(&self, member: usize) -> bool {
        self.nodes.iter().any(|node| self.answer(Ask { member, node: *node }) == Answer::Got)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// Answers come in any order; the read succeeds exactly when it can.
    #[test]
    fn a_read_succeeds_exactly_when_enough_is_anywhere(model in model(), order in any::<u64>()) {
        let mut read = GroupRead::new(&model.group, &model.want, &model.known());
        let mut asked = BTreeSet::new();
        let mut open: Vec<Ask> = Vec::new();
        let mut got = BTreeSet::new();
        let mut corrupt = Vec::new();
        let mut order = order;
        let end = loop {
            match read.step() {
                Step::Ask(more) => open.extend(more.into_iter().inspect(|ask| {
                    let name = model.group.members[ask.member].hash;
                    assert!(asked.insert((ask.node, name)), "{ask:?} twice");
                })),
                end => break end,
            }
            prop_assert!(open.len() + got.len() <= model.group.data, "{open:?} with {got:?} got");
            prop_assert!(!open.is_empty(), "waits for nothing");
            order = order.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let ask = open.swap_remove(usize::try_from(order >> 33).expect("31 bits") % open.len());
            let answer = model.answer(ask);
            got.extend((answer == Answer::Got).then_some(ask.member));
            corrupt.extend((answer == Answer::Corrupt).then_some(ask));
            read.answer(ask, answer);
        };
        let there = (0..model.group.members.len()).filter(|member| model.is_anywhere(*member)).count();
        let want_there = model.want.iter().all(|member| model.is_anywhere(*member));
        prop_assert_eq!(end != Step::Lost, want_there || there >= model.group.data);
        let held: BTreeSet<_> = got.iter().flat_map(|member| read.same(*member)).collect();
        match end {
            Step::Read => prop_assert!(model.want.iter().all(|member| held.contains(member))),
            Step::Rebuild => prop_assert!(held.len() >= model.group.data),
            _ => {}
        }
        prop_assert_eq!(read.blamed(), corrupt);
    }

    /// The common read: one fetch for each chunk wanted, at its place.
    #[test]
    fn where_all_is_well_nothing_else_is_asked(mut model in model()) {
        model.away.clear();
        let mut read = GroupRead::new(&model.group, &model.want, &model.known());
        let Step::Ask(asks) = read.step() else { return Err(TestCaseError::fail("asks nobody")) };
        for ask in asks {
            let place = model.group.places_of(ask.member).next().expect("placed");
            prop_assert_eq!(ask.node, model.layouts[0].place(&model.group.key, 5)[place]);
            read.answer(ask, Answer::Got);
        }
        // two members of one name are got with one fetch, and may be enough to compute the rest
        prop_assert!(matches!(read.step(), Step::Read | Step::Rebuild));
    }
}

#[test]
fn neighbours_at_hand_are_not_fetched_and_a_wrong_stripe_is_not_believed() {
    let members: Vec<_> = (0..5).map(chunk).collect();
    let group = Group::stripe(AssetId(1), "v0", 0, members, 3);
    let layouts = [layout(1, &[1, 2, 3, 4, 5])];
    let nodes: Vec<_> = (1..=5).map(NodeId).collect();
    let known = Known { layouts: &layouts, nodes: &nodes, away: &[], displaced: &[] };
    let mut read = GroupRead::new(&group, &[1], &known);
    read.hold(0);
    let ask = |member, node| Ask { member, node: NodeId(node) };
    assert_eq!(read.step(), Step::Ask(vec![ask(1, 2)]));
    read.answer(ask(1, 2), Answer::Failed);
    assert_eq!(read.step(), Step::Ask(vec![ask(2, 3), ask(3, 4)]), "the neighbour at hand is one of three");
    read.answer(ask(3, 4), Answer::Got);
    assert_eq!(read.step(), Step::Ask(vec![]));
    read.answer(ask(2, 3), Answer::Corrupt);
    assert_eq!(read.step(), Step::Ask(vec![ask(4, 5)]));
    read.answer(ask(4, 5), Answer::Got);
    assert_eq!(read.step(), Step::Rebuild);
    read.distrust();
    assert_eq!(read.step(), Step::Ask(vec![ask(1, 1)]), "it may lie elsewhere");
}
