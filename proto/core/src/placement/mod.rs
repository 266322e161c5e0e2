//! How the leader proposes a slot table (DESIGN §6). Clients never run this: a committed table is data, and `place`
//! reads it.
//!
//! Invariants:
//! - Deterministic: the same previous layout and nodes give the same table, on every machine and in every order of the
//!   nodes.
//! - For every prefix of the lists, each node holds its share of the slots by weight, rounded up or down: equal nodes
//!   hold equal numbers, give or take one. No node holds more slots than there are, whatever its weight.
//! - At most ceil(n / zones) nodes of a prefix of n are of one zone, unless a zone's nodes hold more slots than can be
//!   kept apart; where weights differ much, a few slots more.
//! - What need not change does not: a node that stays in a slot keeps its index unless the balance of a prefix needs it
//!   elsewhere, and a newcomer takes the places that others give up for it.
//!
//! # The algorithm
//!
//! Consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam, 2018) for each index of the lists in turn,
//! started from the previous table, so that it is stable; and minimum-cost flows for the rest that it cannot place, so
//! that it is exact:
//!
//! 1. *Quotas* ([`quota`]): how many slots each node is to hold within each prefix, and so at each index. What rounding
//!    leaves open goes to whoever holds it already.
//! 2. *Carry over*: the previous table without the nodes that are gone. Empty places are nobody's, whose quota is 0.
//! 3. *From the front*, index by index: nodes below their quota take places of those above it, in the order in which
//!    the walks of the [`ring`] from the slots' points meet them, where that crowds no zone ([`table`]); the rest
//!    changes hands at the least cost in crowding and moves ([`exchange`]).
//! 4. *From the back*, only where that left something to do: which nodes each slot has, by the quotas of the whole
//!    lists; which of them stands last; which last but one; and so on.
//!
//! The front moves least, for short prefixes above all. But a choice there can make a later one impossible: two nodes
//! that every slot must have in the end may both be missing with one place left. From the back that cannot happen: if a
//! set of nodes holds its share of the memberships, at most as many slots lie wholly within the set as it has last
//! places to fill.
//!
//! Loads come before zones: a zone that is too small for its part of the copies does not get more of them than its
//! weight says, for its disks would fill while others have room. Time grows with nodes times slots; for up to a dozen
//! nodes it is milliseconds.

mod exchange;
mod quota;
mod ring;
mod table;

use std::collections::BTreeSet;

use crate::{
    id::{Epoch, NodeId},
    layout::{Layout, LayoutNode, NodeWish},
    limit::{SLOT_NODES_MAX, SLOTS},
};
pub use ring::virtual_nodes;
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

/// The layout for these nodes that differs least from the previous one. Nodes that are draining, out or of weight 0
/// take no slots, unless there are no others.
#[must_use]
pub fn propose(epoch: Epoch, previous: Option<&Layout>, nodes: Vec<LayoutNode>) -> Layout {
    propose_relieved(epoch, previous, nodes, &Relief::default())
}

/// Nodes whose disks refuse what the previous layout places there.
#[derive(Clone, Debug, Default)]
pub struct Relief {
    pub lacking: BTreeSet<NodeId>,
    /// Every layout that something is placed by.
    pub used: Vec<Layout>,
}

impl Relief {
    /// Whether the node may lack the member of this place: something is placed by a layout that does not have it there.
    fn gives_up(&self, slot: usize, index: usize, node: NodeId) -> bool {
        let stands = |layout: &Layout| {
            let at = layout.slots.get(slot).and_then(|list| list.get(index));
            at.is_some_and(|at| layout.nodes[usize::from(*at)].id == node)
        };
        self.lacking.contains(&node) && !self.used.iter().all(stands)
    }
}

/// The same, when nodes have no room for what waits for them: if they are to have less, they give up first the places
/// that they may lack the members of. What is not to be written there any more holds up nothing.
#[must_use]
pub fn propose_relieved(
    epoch: Epoch,
    previous: Option<&Layout>,
    mut nodes: Vec<LayoutNode>,
    relief: &Relief,
) -> Layout {
    nodes.sort_by_key(|node| node.id);
    nodes.truncate(usize::from(u16::MAX));
    let takers = takers(&nodes);
    let slots = previous.map_or(SLOTS, |layout| layout.slots.len());
    let width = takers.len().min(SLOT_NODES_MAX);
    if let Some(previous) =
        previous.filter(|layout| layout.nodes == nodes && layout.slots.iter().all(|list| list.len() == width))
    {
        return Layout { epoch, ..previous.clone() };
    }
    let carried = carried(previous, &nodes, &takers, relief, slots, width);
    let walks = ring::walks(&nodes, &takers, slots);
    let slots = Table::new(&takers, carried).balanced(&walks);
    let position = |taker: u16| takers[usize::from(taker)].at;
    let slots = slots.into_iter().map(|list| list.into_iter().map(position).collect()).collect();
    Layout { epoch, nodes, slots }
}

fn takers(nodes: &[LayoutNode]) -> Vec<Taker> {
    let takes = |node: &LayoutNode| node.wish == NodeWish::In && node.weight_milli > 0;
    let none_takes = !nodes.iter().any(takes);
    let taking = || (0..).zip(nodes).filter(|(_, node)| none_takes || takes(node));
    let mut zones: Vec<_> = taking().map(|(_, node)| node.zone.as_str()).collect();
    zones.sort_unstable();
    zones.dedup();
    let taker = |(at, node): (u16, &LayoutNode)| Taker {
        at,
        weight_milli: node.weight_milli.max(1),
        zone: zones.binary_search(&node.zone.as_str()).unwrap_or_default(),
    };
    taking().map(taker).collect()
}

/// The previous table in terms of the takers; places of others, and places it did not have, are nobody's.
fn carried(
    previous: Option<&Layout>,
    nodes: &[LayoutNode],
    takers: &[Taker],
    relief: &Relief,
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
    let carry = |(slot, list): (usize, &Vec<u16>)| {
        let is_given_up = |index: usize, at: u16| relief.gives_up(slot, index, previous.nodes[usize::from(at)].id);
        let keep = |(index, &at): (usize, &u16)| if is_given_up(index, at) { nobody } else { now[usize::from(at)] };
        let kept = list.iter().enumerate().map(keep);
        kept.chain(std::iter::repeat(nobody)).take(width).collect()
    };
    previous.slots.iter().enumerate().map(carry).collect()
}

#[cfg(test)]
mod tests;
