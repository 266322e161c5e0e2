//! How much each node takes once disks fill unevenly (DESIGN §6): a node that is fuller than the others takes less, by an
//! epoch like any other.
//!
//! Invariants:
//! - Nothing is remembered. What was lowered is seen in the weights of the current layout, so that every leader decides
//!   the same.
//! - A weight never exceeds its operator's. Nodes that are to be emptied, and those whose disks nobody knows, keep theirs.
//! - Nothing is lowered while bytes are still on their way to where the current layout places them, nor together with
//!   another change: what the disks hold says nothing then of what they will.
//! - It comes to rest. A node is lowered from above 85 % to 80 % or the mean, and raised only to what keeps it below 80 %;
//!   weights are coarse and rounded down; and nothing is lowered where that would move next to nothing.

use std::collections::BTreeMap;

use vs_core::{
    id::NodeId,
    layout::{Layout, LayoutNode, NodeWish},
};

/// A node that is fuller, by more than the margin than the cluster as a whole, is to take less. In millionths.
const FULL: u64 = 850_000;
const MARGIN: u64 = 50_000;
/// What it is brought to, or the cluster's mean where that is higher; and up to where a lowered one is raised.
const AIM: u64 = 800_000;
/// A lowered node is raised by no less than a part of so many.
const RAISE_PARTS: u64 = 10;
/// Lowering is worth an epoch when it frees at least this much of a node.
const FREED_MIN: f64 = 0.01;
/// Weights keep so many leading bits: a step is about 3 %.
const WEIGHT_BITS: u32 = 6;

/// What a node's disks hold, and could.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Usage {
    pub used_bytes: u64,
    pub total_bytes: u64,
}

impl Usage {
    /// How full they are, in millionths; none without disks.
    fn fill(self) -> Option<u64> {
        let fill = u128::from(self.used_bytes) * 1_000_000;
        let fill = fill.checked_div(self.total_bytes.into())?;
        Some(u64::try_from(fill).unwrap_or(u64::MAX).max(1))
    }
}

/// What is known of the disks of the nodes.
#[derive(Clone, Copy, Debug)]
pub struct Disks<'a> {
    pub usage: &'a BTreeMap<NodeId, Usage>,
    /// Every asset is placed by the current epoch, and what had to move for that was dropped where it was.
    pub settled: bool,
    /// How many nodes the widest scheme takes that anything is kept by: where there are no more, each has a part of
    /// everything, whatever its weight.
    pub width: usize,
}

/// The nodes for the next layout, of those that are wanted with their operators' weights.
#[must_use]
pub fn by_fullness(current: &Layout, wanted: Vec<LayoutNode>, disks: &Disks<'_>) -> Vec<LayoutNode> {
    let fill = |node: &LayoutNode| disks.usage.get(&node.id).and_then(|usage| usage.fill());
    let restored: Vec<_> = wanted.iter().map(|node| restored(current, node, fill(node))).collect();
    let is_as_now = restored.len() == current.nodes.len() && restored.iter().all(|node| current.nodes.contains(node));
    if !is_as_now || !disks.settled {
        return restored;
    }
    let known: Vec<_> =
        restored.iter().filter(|node| takes(node)).filter_map(|node| disks.usage.get(&node.id)).collect();
    let sum = |of: fn(&Usage) -> u64| known.iter().fold(0, |sum: u64, usage| sum.saturating_add(of(usage)));
    let whole = Usage { used_bytes: sum(|usage| usage.used_bytes), total_bytes: sum(|usage| usage.total_bytes) };
    let Some(mean) = whole.fill() else { return restored };
    let raised = |(node, wanted): (&LayoutNode, &LayoutNode)| match fill(node) {
        Some(fill) if takes(node) => raised(node, wanted.weight_milli, fill),
        _ => node.clone(),
    };
    let raised: Vec<_> = restored.iter().zip(&wanted).map(raised).collect();
    let weights: u64 = raised.iter().filter(|node| takes(node)).map(|node| u64::from(node.weight_milli)).sum();
    let lowered = |node: &LayoutNode| match fill(node) {
        Some(fill) if takes(node) && fill > FULL && fill > mean + MARGIN => {
            weighing(node, lowered(node.weight_milli, weights, mean.max(AIM), fill))
        }
        _ => node.clone(),
    };
    let lowered: Vec<_> = raised.iter().map(lowered).collect();
    if frees(&raised, &lowered, disks) { lowered } else { raised }
}

fn takes(node: &LayoutNode) -> bool {
    node.wish == NodeWish::In && node.weight_milli > 0
}

fn weighing(node: &LayoutNode, weight_milli: u32) -> LayoutNode {
    LayoutNode { weight_milli, ..node.clone() }
}

/// A node with the weight it has now, or its operator's: where that is lower, or its disks bear it.
fn restored(current: &Layout, wanted: &LayoutNode, fill: Option<u64>) -> LayoutNode {
    let Some(now) = current.nodes.iter().find(|node| node.id == wanted.id) else { return wanted.clone() };
    let (present, chosen) = (u64::from(now.weight_milli), u64::from(wanted.weight_milli));
    let bears = |fill: u64| fill.saturating_mul(chosen) < AIM * present;
    if chosen <= present || (takes(wanted) && fill.is_some_and(bears)) {
        return wanted.clone();
    }
    weighing(wanted, now.weight_milli)
}

/// A node with as much of its operator's weight as its disks bear, when that is worth a change.
fn raised(node: &LayoutNode, chosen: u32, fill: u64) -> LayoutNode {
    let borne = u128::from(node.weight_milli) * u128::from(AIM) / u128::from(fill);
    let weight = coarse(borne).min(chosen);
    let gain = u64::from(weight.saturating_sub(node.weight_milli));
    if gain * RAISE_PARTS >= u64::from(node.weight_milli) { weighing(node, weight) } else { node.clone() }
}

/// The weight, of so much in all, at which a node would be as full as `aim` that is as full as `fill` now. The others
/// get more as it gets less, so that what it weighs among them counts.
fn lowered(weight_milli: u32, weights: u64, aim: u64, fill: u64) -> u32 {
    let (weight, weights, aim, fill) =
        (u128::from(weight_milli), u128::from(weights), u128::from(aim), u128::from(fill));
    let share = (weights - weight) * weight * aim;
    coarse(share.checked_div(fill * weights - aim * weight).unwrap_or_default())
}

/// A weight rounded down to what a change may be worth.
fn coarse(exact: u128) -> u32 {
    let dropped = (u128::BITS - exact.leading_zeros()).saturating_sub(WEIGHT_BITS);
    u32::try_from(exact >> dropped << dropped).unwrap_or(u32::MAX).max(1)
}

/// Whether a node that is to take less would, by enough to be worth it: one that every slot needs would not.
fn frees(now: &[LayoutNode], then: &[LayoutNode], disks: &Disks<'_>) -> bool {
    let (shares_now, shares_then) = (shares(now, disks.width), shares(then, disks.width));
    let freed = |at: usize| {
        let usage = disks.usage.get(&now[at].id).copied().unwrap_or_default();
        let fill = usage.fill().unwrap_or_default() as f64 / 1e6;
        fill * (1.0 - shares_then[at] / shares_now[at])
    };
    (0..now.len()).any(|at| then[at].weight_milli < now[at].weight_milli && freed(at) >= FREED_MIN)
}

/// Which part of the slots each node is in, when they list so many: by weight, but none is in more than all.
fn shares(nodes: &[LayoutNode], width: usize) -> Vec<f64> {
    let weight = |node: &LayoutNode| if takes(node) { f64::from(node.weight_milli) } else { 0.0 };
    let mut shares: Vec<Option<f64>> = vec![None; nodes.len()];
    loop {
        let open: Vec<_> = (0..nodes.len()).filter(|at| shares[*at].is_none()).collect();
        let left = width.saturating_sub(nodes.len() - open.len()) as f64;
        let weights: f64 = open.iter().map(|at| weight(&nodes[*at])).sum();
        let share = |at: usize| left * weight(&nodes[at]) / weights.max(1.0);
        let full: Vec<_> = open.iter().copied().filter(|at| share(*at) >= 1.0).collect();
        if full.is_empty() {
            return (0..nodes.len()).map(|at| shares[at].unwrap_or_else(|| share(at))).collect();
        }
        full.into_iter().for_each(|at| shares[at] = Some(1.0));
    }
}

#[cfg(test)]
mod tests;
