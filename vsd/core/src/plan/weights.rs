//! How much each node takes once disks fill unevenly (DESIGN §6): a node that is fuller than the others takes less, by an
//! epoch like any other.
//!
//! Invariants:
//! - Nothing is remembered. What was lowered is seen in the weights of the current layout, so that every leader decides
//!   the same.
//! - A weight never exceeds its operator's. Nodes that are to be emptied, and those whose disks nobody knows, keep theirs.
//! - Nothing is lowered while bytes are still on their way to where the current layout places them, nor together with
//!   another change: what the disks hold says nothing then of what they will. Bytes that can go nowhere because a node has
//!   no room for them are not on their way ([`Calm`]): that node counts as full, or as fuller if more is placed on it than
//!   it could ever hold.
//! - Only what follows a weight is expected to move by it. Of what is kept on as many nodes as there are, each has a part
//!   whatever its weight: that part of a disk stays.
//! - It comes to rest. A node is lowered from above 85 % to 80 % or the mean, and raised only to what keeps it below 80 %;
//!   weights are coarse and rounded down; and nothing is lowered where that would move next to nothing.

mod calm;
mod widths;

use std::collections::BTreeMap;

use vs_core::{
    id::NodeId,
    layout::{Layout, LayoutNode, NodeWish},
};

pub use calm::{Calm, Standstill};
pub use widths::widths;

/// A node that is fuller than this, and by more than the margin than the cluster as a whole, is to take less. In
/// millionths.
const FULL: u64 = 850_000;
const MARGIN: u64 = 50_000;
/// Whoever is fuller takes nothing, and is too full however full the others are.
const REFUSES: u64 = FULL_PERCENT * 10_000 - 1;
/// What it is brought to, or the cluster's mean where that is higher; and up to where a lowered one is raised.
const AIM: u64 = 800_000;
/// A lowered node is raised by no less than a part of so many.
const RAISE_PARTS: u32 = 10;
/// Lowering is worth an epoch when so much less of the disks is above what they are to hold, in millionths of one node's.
const RELIEF_MIN: u64 = 10_000;
/// Weights keep so many leading bits: a step is about 3 %.
const WEIGHT_BITS: u32 = 6;
/// How often what follows from a change is looked at before it is made.
const ROUNDS_MAX: usize = 32;

/// A node that does not tell how many more bytes it takes is full when its disks are (DESIGN §9).
pub(crate) const FULL_PERCENT: u64 = 95;

/// What a node's disks hold, and could.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Usage {
    pub used_bytes: u64,
    pub total_bytes: u64,
    /// More that the node takes, as it told.
    pub room_bytes: Option<u64>,
}

impl Usage {
    /// Of a node that has no room for what waits for it, with so much placed on it in all: what it still has to drop does
    /// not tell, nor how full its disks are when it takes no more.
    #[must_use]
    pub fn of_full(self, placed_bytes: u64) -> Self {
        Self { used_bytes: placed_bytes.max(self.usual_limit_bytes()), room_bytes: Some(0), ..self }
    }

    /// What disks of that size usually hold until they are full.
    fn usual_limit_bytes(self) -> u64 {
        let limit = u128::from(self.total_bytes) * u128::from(FULL_PERCENT) / 100;
        u64::try_from(limit).unwrap_or(u64::MAX)
    }

    /// What they may hold until the node takes no more chunks.
    #[must_use]
    pub fn limit_bytes(self) -> u64 {
        let told = self.room_bytes.map(|room| self.used_bytes.saturating_add(room));
        told.unwrap_or_else(|| self.usual_limit_bytes())
    }

    /// Until then.
    #[must_use]
    pub fn left_bytes(self) -> u64 {
        self.limit_bytes().saturating_sub(self.used_bytes)
    }

    /// How full they are then.
    #[must_use]
    pub fn limit_percent(self) -> u64 {
        let total = u128::from(self.total_bytes);
        let percent = (u128::from(self.limit_bytes()) * 100 + total / 2).checked_div(total).unwrap_or(0);
        u64::try_from(percent).unwrap_or(u64::MAX)
    }

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
    /// They tell what the current layout comes to: see [`Calm`].
    pub settled: bool,
    /// How many bytes all disks hold by schemes of each [width](vs_core::layout::Scheme::width): how closely they follow
    /// weights.
    pub widths: &'a BTreeMap<usize, u64>,
}

/// The nodes for the next layout, of those that are wanted with their operators' weights.
#[must_use]
pub fn by_fullness(current: &Layout, wanted: &[LayoutNode], disks: &Disks<'_>) -> Vec<LayoutNode> {
    let fill = |node: &LayoutNode| disks.usage.get(&node.id).and_then(|usage| usage.fill());
    let restored: Vec<_> = wanted.iter().map(|node| restored(current, node, fill(node))).collect();
    let is_as_now = restored.len() == current.nodes.len() && restored.iter().all(|node| current.nodes.contains(node));
    if !is_as_now || !disks.settled {
        return restored;
    }
    let Some(model) = Model::of(&restored, disks) else { return restored };
    let chosen: Vec<_> = wanted.iter().map(|node| node.weight_milli).collect();
    let weights = model.lowered(model.raised(&model.weights, &chosen));
    let weighed = restored.iter().zip(weights);
    weighed.map(|(node, weight)| if takes(node) { weighing(node, weight) } else { node.clone() }).collect()
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

/// What the disks will hold by other weights: bytes follow them as far as they can.
struct Model<'a> {
    /// As they are now, and 0 of nodes that take nothing.
    weights: Vec<u32>,
    parts: Vec<f64>,
    /// Of nodes that take chunks and told how full they are.
    fills: Vec<Option<u64>>,
    /// How full these are by any weights.
    floors: Vec<f64>,
    widths: &'a BTreeMap<usize, u64>,
    /// How full a node may be, and how full one is to be that was fuller.
    limit: u64,
    aim: u64,
}

impl<'a> Model<'a> {
    /// None where nobody knows how full the disks are, or nothing is kept.
    fn of(nodes: &[LayoutNode], disks: &Disks<'a>) -> Option<Self> {
        let usage: Vec<_> = nodes.iter().map(|node| disks.usage.get(&node.id).filter(|_| takes(node))).collect();
        let sum =
            |of: fn(&Usage) -> u64| usage.iter().flatten().fold(0, |sum: u64, usage| sum.saturating_add(of(usage)));
        let whole = Usage {
            used_bytes: sum(|usage| usage.used_bytes),
            total_bytes: sum(|usage| usage.total_bytes),
            room_bytes: None,
        };
        let mean = whole.fill()?;
        let aim = AIM.max(mean);
        let weights: Vec<_> = nodes.iter().map(|node| if takes(node) { node.weight_milli } else { 0 }).collect();
        let parts = held(&weights, disks.widths);
        if parts.iter().all(|part| *part <= 0.0) {
            return None;
        }
        let fills: Vec<_> = usage.into_iter().map(|usage| usage?.fill()).collect();
        let takers = weights.iter().filter(|weight| **weight > 0).count();
        let everywhere = held(&weights, disks.widths.range(takers..));
        let floor = |at: usize| fills[at].map_or(0.0, |fill| fill as f64 * everywhere[at] / parts[at]);
        Some(Self {
            floors: (0..weights.len()).map(floor).collect(),
            parts,
            weights,
            fills,
            widths: disks.widths,
            limit: FULL.max(mean.saturating_add(MARGIN)).min(REFUSES).max(aim),
            aim,
        })
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "cut off at what fits, and coarse anyway"
    )]
    fn fills_at(&self, weights: &[u32]) -> Vec<Option<u64>> {
        let then = held(weights, self.widths);
        let fill = |at: usize| self.fills[at].map(|fill| (fill as f64 * then[at] / self.parts[at]).max(1.0) as u64);
        (0..weights.len()).map(fill).collect()
    }

    /// By how much what follows a node's weight is to change so that it is as full as it is to be; none if nothing does.
    fn change(&self, at: usize, aim: u64, fill: u64) -> Option<f64> {
        let follows = fill as f64 - self.floors[at];
        (follows >= 1.0).then(|| (aim as f64 - self.floors[at]).max(0.0) / follows)
    }

    /// As much of the operators' weights as the disks bear, where that is worth a change.
    fn raised(&self, now: &[u32], chosen: &[u32]) -> Vec<u32> {
        let mut weights = now.to_vec();
        for _ in 0..ROUNDS_MAX {
            let fills = self.fills_at(&weights);
            let change = |at: usize| fills[at].and_then(|fill| self.change(at, AIM, fill));
            let borne = |at: usize, change: f64| coarse(f64::from(weights[at]) * change).min(chosen[at]);
            let raised = |at: usize| change(at).map_or(weights[at], |change| borne(at, change).max(weights[at]));
            weights = (0..weights.len()).map(raised).collect();
        }
        let is_worth = |now: u32, then: u32| (then - now) >= now.div_ceil(RAISE_PARTS);
        now.iter().zip(weights).map(|(now, then)| if is_worth(*now, then) { then } else { *now }).collect()
    }

    /// Less for nodes that are too full, and for those that would be in their place, where that helps.
    fn lowered(&self, now: Vec<u32>) -> Vec<u32> {
        let excess = |weights: &[u32]| {
            let over = self.fills_at(weights).into_iter().flatten().map(|fill| fill.saturating_sub(self.limit));
            over.fold(0, u64::saturating_add)
        };
        let mut best = (excess(&now), now.clone());
        let enough = best.0.saturating_sub(RELIEF_MIN);
        let mut weights = now.clone();
        for _ in 0..ROUNDS_MAX {
            weights = self.lowered_once(&weights);
            let excess = excess(&weights);
            if excess < best.0 {
                best = (excess, weights.clone());
            }
        }
        if best.0 <= enough { best.1 } else { now }
    }

    /// Weights by which those that are too full would be as full as they are to be: the others get what they give up.
    fn lowered_once(&self, weights: &[u32]) -> Vec<u32> {
        let fills = self.fills_at(weights);
        let all: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
        let over = |at: usize| fills[at].filter(|fill| *fill > self.limit);
        let change = |at: usize| over(at).and_then(|fill| self.change(at, self.aim, fill));
        let wanted = |at: usize| change(at).map(|change| f64::from(weights[at]) / all * change);
        let given: f64 = (0..weights.len()).filter_map(wanted).sum();
        let stays: f64 = (0..weights.len()).filter(|at| wanted(*at).is_none()).map(|at| f64::from(weights[at])).sum();
        let lowered =
            |at: usize| wanted(at).map_or(weights[at], |share| coarse(share * stays / (1.0 - given)).min(weights[at]));
        (0..weights.len()).map(lowered).collect()
    }
}

/// A weight rounded down to what a change may be worth.
#[allow(clippy::cast_possible_truncation, reason = "it is cut off at what fits")]
fn coarse(exact: f64) -> u32 {
    let exact = exact as u32;
    let dropped = (u32::BITS - exact.leading_zeros()).saturating_sub(WEIGHT_BITS);
    (exact >> dropped << dropped).max(1)
}

/// What each node holds of bytes that are kept by schemes of these widths.
fn held<'a>(weights: &[u32], widths: impl IntoIterator<Item = (&'a usize, &'a u64)>) -> Vec<f64> {
    let mut parts = vec![0.0; weights.len()];
    for (width, bytes) in widths {
        let shares = shares(weights, *width);
        let whole = shares.iter().sum::<f64>().max(1.0);
        parts.iter_mut().zip(shares).for_each(|(part, share)| *part += *bytes as f64 * share / whole);
    }
    parts
}

/// Which part of the slots each node is in, when they list so many: by weight, but none is in more than all.
fn shares(weights: &[u32], width: usize) -> Vec<f64> {
    let mut shares: Vec<Option<f64>> = vec![None; weights.len()];
    loop {
        let open: Vec<_> = (0..weights.len()).filter(|at| shares[*at].is_none()).collect();
        let left = width.saturating_sub(weights.len() - open.len()) as f64;
        let sum: f64 = open.iter().map(|at| f64::from(weights[*at])).sum();
        let share = |at: usize| left * f64::from(weights[at]) / sum.max(1.0);
        let full: Vec<_> = open.iter().copied().filter(|at| share(*at) >= 1.0).collect();
        if full.is_empty() {
            return (0..weights.len()).map(|at| shares[at].unwrap_or_else(|| share(at))).collect();
        }
        full.into_iter().for_each(|at| shares[at] = Some(1.0));
    }
}

#[cfg(test)]
mod tests;
