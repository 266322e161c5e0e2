use proptest::prelude::*;
use vs_core::id::Epoch;

use super::*;

const GIB: u64 = 1 << 30;
/// Soon enough to be at rest.
const EPOCHS_MAX: usize = 8;
/// By how much a node may stay too full: a step of the weights, and what is not worth an epoch.
const SLACK: u64 = FULL / 32 + RELIEF_MIN;

fn node(id: u64, weight_milli: u32) -> LayoutNode {
    LayoutNode { id: NodeId(id), zone: String::new(), weight_milli, wish: NodeWish::In }
}

fn layout(nodes: &[LayoutNode]) -> Layout {
    let list = (0..nodes.len().min(5)).map(|at| u16::try_from(at).expect("few")).collect();
    Layout::new(Epoch(2), nodes.to_vec(), vec![list]).expect("valid")
}

/// A cluster whose nodes' disks are as large as this and as full, in GiB.
fn usage(disks: &[(u64, u64)]) -> BTreeMap<NodeId, Usage> {
    let usage =
        |(used, total): &(u64, u64)| Usage { used_bytes: used * GIB, total_bytes: total * GIB, room_bytes: None };
    (1..).map(NodeId).zip(disks.iter().map(usage)).collect()
}

/// A library that is kept by schemes of this width.
fn only(width: usize) -> BTreeMap<usize, u64> {
    BTreeMap::from([(width, GIB)])
}

fn weigh(now: &[LayoutNode], wanted: &[LayoutNode], disks: &[(u64, u64)], settled: bool) -> Vec<u32> {
    let usage = usage(disks);
    let next = by_fullness(&layout(now), wanted, &Disks { usage: &usage, settled, widths: &only(1) });
    assert_eq!(
        next.iter().map(|node| node.id).collect::<Vec<_>>(),
        wanted.iter().map(|node| node.id).collect::<Vec<_>>()
    );
    next.into_iter().map(|node| node.weight_milli).collect()
}

fn equal(count: u64) -> Vec<LayoutNode> {
    (1..=count).map(|id| node(id, 1_000)).collect()
}

#[test]
fn whoever_takes_no_more_is_full_however_much_of_its_disks_is_free() {
    let refuses = Usage { used_bytes: 67, total_bytes: 100, room_bytes: Some(0) };
    assert_eq!(refuses.of_full(0).fill(), Some(FULL_PERCENT * 10_000));
    assert_eq!(refuses.of_full(120).fill(), Some(1_200_000), "more is placed on it than it has");
}

#[test]
fn only_a_node_that_is_full_and_fuller_than_the_others_is_lowered_and_not_while_bytes_move() {
    let five = equal(5);
    let of = |first| [(first, 100), (70, 100), (70, 100), (70, 100), (70, 100)];
    assert_eq!(weigh(&five, &five, &of(85), true), [1_000; 5], "not full enough");
    assert_eq!(weigh(&five, &five, &of(95), false), [1_000; 5], "what it holds may be on its way");
    let lowered = weigh(&five, &five, &of(95), true);
    assert!((750..850).contains(&lowered[0]) && lowered[1..] == [1_000; 4], "{lowered:?}");
    assert_eq!(weigh(&five, &five, &[(97, 100); 5], true), [1_000; 5], "all are equally full");
    let refusing = [(95, 100), (90, 100), (90, 100), (90, 100), (90, 100)];
    assert!(weigh(&five, &five, &refusing, true)[0] < 1_000, "it takes nothing, and the others could");
    assert_eq!(weigh(&five, &five, &[(94, 100), (93, 100), (92, 100), (93, 100), (90, 100)], true), [1_000; 5]);
    let six = equal(6);
    assert_eq!(weigh(&five, &six, &of(95), true), [1_000; 6], "the newcomer makes room first");
    let mut draining = five.clone();
    draining[0].wish = NodeWish::Draining;
    assert_eq!(weigh(&draining, &draining, &of(99), true), [1_000; 5], "it is emptied anyway");
}

#[test]
fn a_weight_is_raised_as_far_as_the_disks_bear_it_and_lowered_by_operators_at_once() {
    let now = [node(1, 500), node(2, 1_000), node(3, 1_000)];
    let wanted = equal(3);
    let first = |fill, settled| weigh(&now, &wanted, &[(fill, 100), (60, 100), (60, 100)], settled)[0];
    assert_eq!(first(39, false), 1_000, "twice as much would still fit");
    assert_eq!(first(41, false), 500, "it would not, and bytes are moving");
    assert_eq!(first(41, true), 1_000, "the others' parts shrink by it, so that it fits");
    assert_eq!(first(60, true), 720, "as far as it fits");
    assert_eq!(first(75, true), 500, "not worth an epoch");
    assert_eq!(weigh(&now, &[node(1, 200), node(2, 1_000), node(3, 1_000)], &[(10, 100); 3], false)[0], 200);
    let usage = BTreeMap::new();
    let silent = by_fullness(&layout(&now), &equal(3), &Disks { usage: &usage, settled: true, widths: &only(1) });
    assert_eq!(silent, now, "nobody knows how full they are");
}

/// The layouts that follow one another while the library stays as it is.
fn epochs(now: &[LayoutNode], chosen: &[LayoutNode], totals: &[u64], widths: &BTreeMap<usize, u64>) -> Vec<Vec<u32>> {
    let (mut now, mut weights) = (now.to_vec(), Vec::new());
    loop {
        let usage = filled(&now, totals, widths);
        let next = by_fullness(&layout(&now), chosen, &Disks { usage: &usage, settled: true, widths });
        if next == now {
            return weights;
        }
        weights.push(next.iter().map(|node| node.weight_milli).collect());
        assert!(weights.len() <= EPOCHS_MAX, "no rest: {weights:?}");
        now = next;
    }
}

#[test]
fn nothing_is_lowered_where_every_node_has_a_part_of_everything() {
    let nodes = equal(4);
    let usage = usage(&[(95, 100), (60, 100), (60, 100), (60, 100)]);
    let weigh =
        |width| by_fullness(&layout(&nodes), &nodes, &Disks { usage: &usage, settled: true, widths: &only(width) });
    assert_eq!(weigh(5), nodes);
    assert_eq!(weigh(4), nodes);
    assert_ne!(weigh(3), nodes);
    let nothing =
        by_fullness(&layout(&nodes), &nodes, &Disks { usage: &usage, settled: true, widths: &BTreeMap::new() });
    assert_eq!(nothing, nodes, "other things fill the disk");
}

#[test]
fn where_half_is_copies_and_every_node_has_a_part_of_the_rest_the_copies_bring_a_node_down_and_back() {
    let (five, totals) = (equal(5), [100, 150, 150, 150, 150].map(|total| total * GIB));
    let library = |copies: u64, stripes: u64| BTreeMap::from([(3, copies * GIB), (5, stripes * GIB)]);
    let first = |first| [vec![node(1, first)], equal(5)[1..].to_vec()].concat();
    let fill =
        |nodes: &[LayoutNode], widths: &_| filled(nodes, &totals, widths)[&NodeId(1)].fill().expect("it has disks");

    // each holds 95 GiB, half of them as copies
    let full = library(240, 235);
    assert!((940_000..960_000).contains(&fill(&five, &full)));
    let lowered = epochs(&five, &five, &totals, &full);
    let [lowered] = &lowered[..] else { panic!("not once: {lowered:?}") };
    assert!((600..650).contains(&lowered[0]) && lowered[1..] == [1_000; 4], "{lowered:?}");
    assert!((780_000..=AIM).contains(&fill(&first(lowered[0]), &full)));

    // 47 GiB of its stripes stay, and with four times its copies it would hold 95 GiB again
    let raised = epochs(&first(150), &five, &totals, &full);
    let [raised] = &raised[..] else { panic!("not once: {raised:?}") };
    assert!(raised[0] <= lowered[0] && (770_000..=AIM).contains(&fill(&first(raised[0]), &full)), "{raised:?}");

    assert_eq!(epochs(&first(150), &five, &totals, &library(0, 350)), [[0; 5]; 0], "no byte would follow");
    assert_eq!(epochs(&first(150), &five, &totals, &library(20, 350)), [[1_000; 5]], "few follow, and they fit");
    let stripes = epochs(&five, &five, &totals, &library(100, 410));
    assert_eq!(stripes, [[1, 1_000, 1_000, 1_000, 1_000]], "stripes alone are too much: copies go elsewhere");
}

/// What the disks hold once all bytes lie by the weights.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "disks are smaller than that")]
fn filled(nodes: &[LayoutNode], total_bytes: &[u64], widths: &BTreeMap<usize, u64>) -> BTreeMap<NodeId, Usage> {
    let weights: Vec<_> = nodes.iter().map(|node| if takes(node) { node.weight_milli } else { 0 }).collect();
    let held = held(&weights, widths);
    let of = |(held, total): (&f64, &u64)| Usage { used_bytes: *held as u64, total_bytes: *total, room_bytes: None };
    let usage = held.iter().zip(total_bytes).map(of);
    nodes.iter().map(|node| node.id).zip(usage).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn in_a_cluster_whose_bytes_follow_the_weights_it_comes_to_rest(
        cluster in prop::collection::vec((100u64..400, prop_oneof![3 => Just(1_000u32), 1 => 1u32..5_000]), 2..9),
        percent in 10u64..90,
        kept in prop::collection::btree_map(prop_oneof![2 => Just(1), 1 => 2usize..6, 1 => Just(9)], 1u64..100, 1..4),
        draining in proptest::option::of(0usize..9),
        later in proptest::option::of((10u64..90, 1u32..5_000)),
    ) {
        let mut chosen: Vec<_> = (1..).zip(&cluster).map(|(id, (_, weight))| node(id, *weight)).collect();
        if let Some(node) = draining.and_then(|at| chosen.get_mut(at)) {
            node.wish = NodeWish::Draining;
        }
        let totals: Vec<_> = cluster.iter().map(|(total, _)| total * GIB).collect();
        let takers: u64 = chosen.iter().zip(&totals).filter(|(node, _)| takes(node)).map(|(_, total)| total).sum();
        let mut now = chosen.clone();
        // the same again after the operator has changed a weight and the library its size
        let again = later.map(|(percent, weight)| (percent, weight, true));
        for (percent, weight, changes) in [Some((percent, 0, false)), again].into_iter().flatten() {
            if changes {
                chosen[0].weight_milli = weight;
            }
            let all: u64 = kept.values().sum();
            let widths: BTreeMap<_, _> =
                kept.iter().map(|(width, part)| (*width, takers / 100 * percent / all * part)).collect();
            let mut epochs = 0;
            loop {
                let usage = filled(&now, &totals, &widths);
                let disks = Disks { usage: &usage, settled: true, widths: &widths };
                let next = by_fullness(&layout(&now), &chosen, &disks);
                prop_assert_eq!(&next, &by_fullness(&layout(&now), &chosen, &disks), "the same again");
                for (node, chosen) in next.iter().zip(&chosen) {
                    prop_assert!(node.weight_milli <= chosen.weight_milli && node.weight_milli > 0);
                    prop_assert_eq!((node.id, node.wish), (chosen.id, chosen.wish));
                    prop_assert!(takes(node) || node.weight_milli == 1_000 || changes || node == chosen);
                }
                if next == now {
                    break;
                }
                epochs += 1;
                prop_assert!(epochs <= EPOCHS_MAX, "no rest at {:?}", next);
                now = next;
            }
            // no node has less than its part of what all have a part of, and by weight only what one node keeps is exact
            let nodes = now.iter().filter(|node| takes(node)).count();
            if kept.keys().all(|width| *width == 1 || *width >= nodes) {
                let everywhere = widths.range(nodes..).map(|(width, bytes)| (*width, *bytes)).collect();
                let (usage, least) = (filled(&now, &totals, &widths), filled(&now, &totals, &everywhere));
                let limit = FULL.max(percent * 10_000 + MARGIN);
                for node in now.iter().filter(|node| takes(node) && node.weight_milli > 32) {
                    let [fill, least] = [&usage, &least].map(|of| of[&node.id].fill().expect("it has disks"));
                    prop_assert!(fill <= limit.max(least) + SLACK, "{} is full: {fill}", node.id);
                }
            }
        }
    }
}
