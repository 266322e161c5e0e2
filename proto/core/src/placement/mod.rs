//! How the leader proposes a slot table (DESIGN §6). Clients never run this: a committed table is data, and `place` reads it.
//!
//! Invariants:
//! - Deterministic: the same previous layout and nodes give the same table, on every machine and in every order of the nodes.
//! - For every prefix of the lists, equal nodes hold equal numbers of slots, give or take one.
//! - For every prefix of n nodes, at most ceil(n / zones) are of one zone, unless the zones' shares of the data force more.
//! - What need not change does not: a node that stays in a slot keeps its index unless the balance of a prefix needs it elsewhere,
//!   and a newcomer takes what others give up for it.
//!
//! # The algorithm
//!
//! Consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam, 2018), applied to each index of the lists in turn with
//! quotas in place of one bound, so that it holds for every prefix, and started from the previous table, so that it is stable:
//!
//! 1. *Quotas* ([`quota`]): how many slots each node holds among the first k, by weight, none more than there are slots. What
//!    rounding leaves open goes to whoever holds it already. The difference of two prefixes is the quota of an index.
//! 2. *Carry over*: the previous table without the nodes that are gone. Empty places count as held by nobody, whose quota is 0.
//! 3. *Fill* ([`table`]): for each index, nodes below their quota take places of those above it, in the order in which the walks of
//!    the [`ring`] from the slots' points meet them; first only where that keeps zones apart, then anywhere.
//! 4. *Settle*: the few places that the walk could not hand over directly change hands by way of a third node or an exchange
//!    within a slot. Every step brings the table nearer to its quotas, so this ends.
//! 5. *Spread*: pairs of slots exchange nodes at an index, which leaves all loads as they are, where that parts nodes of a zone.
//!
//! Loads come before zones: a zone that is too small for its part of the copies does not get more of them than its weight says, for
//! its disks would fill while others have room.

mod quota;
mod ring;
mod table;

use crate::{
    id::Epoch,
    layout::{Layout, LayoutNode, NodeWish},
    limit::{SLOT_NODES_MAX, SLOTS},
};
use table::{Table, nobody};

/// A node that takes part.
#[derive(Clone, Debug)]
struct Taker {
    /// Where it stands among the layout's nodes.
    at: u16,
    weight_milli: u32,
    /// Its zone, as a number.
    zone: usize,
}

/// The layout for these nodes that differs least from the previous one. Nodes that are draining, out or of weight 0 take no slots,
/// unless there are no others.
#[must_use]
pub fn propose(epoch: Epoch, previous: Option<&Layout>, mut nodes: Vec<LayoutNode>) -> Layout {
    nodes.sort_by_key(|node| node.id);
    nodes.truncate(usize::from(u16::MAX));
    let takers = takers(&nodes);
    let slots = previous.map_or(SLOTS, |layout| layout.slots.len());
    let width = takers.len().min(SLOT_NODES_MAX);
    let carried = carried(previous, &nodes, &takers, slots, width);
    let walks = ring::walks(&nodes, &takers, slots);
    let slots = Table::new(&takers, carried).balanced(&walks);
    let position = |taker: u16| takers[usize::from(taker)].at;
    let slots = slots.into_iter().map(|list| list.into_iter().map(position).collect()).collect();
    Layout { epoch, nodes, slots }
}

fn takers(nodes: &[LayoutNode]) -> Vec<Taker> {
    let takes = |node: &LayoutNode| node.wish == NodeWish::In && node.weight_milli > 0;
    let none_takes = !nodes.iter().any(takes);
    let mut zones: Vec<_> = nodes.iter().map(|node| node.zone.as_str()).collect();
    zones.sort_unstable();
    zones.dedup();
    let taking = (0..).zip(nodes).filter(|(_, node)| none_takes || takes(node));
    let taker = |(at, node): (u16, &LayoutNode)| Taker {
        at,
        weight_milli: node.weight_milli.max(1),
        zone: zones.binary_search(&node.zone.as_str()).unwrap_or_default(),
    };
    taking.map(taker).collect()
}

/// The previous table in terms of the takers; places of others, and places it did not have, are nobody's.
fn carried(
    previous: Option<&Layout>,
    nodes: &[LayoutNode],
    takers: &[Taker],
    slots: usize,
    width: usize,
) -> Vec<Vec<u16>> {
    let nobody = nobody(takers);
    let Some(previous) = previous else { return vec![vec![nobody; width]; slots] };
    let taker_of = |old: &LayoutNode| {
        let stands = |taker: &Taker| nodes[usize::from(taker.at)].id.cmp(&old.id);
        takers.binary_search_by(stands).ok().and_then(|at| u16::try_from(at).ok()).unwrap_or(nobody)
    };
    let now: Vec<u16> = previous.nodes.iter().map(taker_of).collect();
    let carry = |list: &Vec<u16>| {
        let kept = list.iter().map(|&at| now[usize::from(at)]);
        kept.chain(std::iter::repeat(nobody)).take(width).collect()
    };
    previous.slots.iter().map(carry).collect()
}

#[cfg(test)]
mod tests;
