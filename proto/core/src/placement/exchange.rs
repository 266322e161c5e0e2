//! Bringing the table to its quotas at the least cost.
//!
//! The graph's vertices are the takers. An edge from `a` to `b` is a slot in which `b` may get the place of `a`; its
//! cost is what that adds to crowding and moves. One more vertex has edges to whoever is above its quota and from
//! whoever is below it, which cost so little that they are always worth their while. A cycle of negative cost makes the
//! table better, and while there is none it is the best that this step can reach (Klein, 1967).

use std::{cmp::Reverse, collections::BinaryHeap};

use super::table::Table;

/// What one node too many of a zone costs, against what moving a place costs: in the prefix that is being decided, and
/// in a shorter one, where a later step can still part them.
const CROWDING_COST: i64 = 1 << 12;
const SHORTER_CROWDING_COST: i64 = 1 << 6;
/// What a place beyond a quota costs: more than any crowding of the slots on its way.
const QUOTA_COST: i64 = 1 << 32;
/// Most cycles of one step: what bounds the time if costs fall in many small ones.
const CYCLES_MAX: usize = 20_000;

/// What is being decided.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Who stands at this index, what is before it being decided: one that is not in the list, or behind.
    Next(usize),
    /// Which nodes a slot has: one that is not in the list gets the place of one that is.
    Members,
    /// Which of the nodes up to this index stands at it: it changes places with one before it.
    Last(usize),
}

/// Slots by cost, cheapest first, with the slot's version. One that has changed since is found out when it comes up.
type Offers = BinaryHeap<Reverse<(i64, usize, u32)>>;

struct Exchange<'a> {
    table: &'a mut Table,
    step: Step,
    /// How often each slot has changed.
    versions: Vec<u32>,
    /// For each holder and taker.
    offers: Vec<Vec<Offers>>,
    /// The cheapest offer of each edge, or what an edge of the additional vertex costs.
    best: Vec<Vec<Option<(i64, usize)>>>,
}

/// Makes cycles until there is none that improves the table.
pub(super) fn settle(table: &mut Table, step: Step) {
    let holders = usize::from(table.nobody) + 1;
    let (slots, vertices) = (table.lists.len(), holders + 1);
    let offers = vec![vec![Offers::new(); holders]; holders];
    let best = vec![vec![None; vertices]; vertices];
    let mut exchange = Exchange { table, step, versions: vec![0; slots], offers, best };
    if exchange.is_settled() {
        return;
    }
    (0..slots).for_each(|slot| exchange.offer(slot));
    (0..holders).for_each(|holder| exchange.refresh(holder));
    for _ in 0..CYCLES_MAX {
        let Some(cycle) = exchange.negative_cycle() else { return };
        exchange.run(&cycle);
    }
}

impl Exchange<'_> {
    /// The additional vertex.
    fn quotas(&self) -> usize {
        self.best.len() - 1
    }

    /// The prefix that is being decided.
    fn decided(&self) -> usize {
        match self.step {
            Step::Next(index) => index + 1,
            Step::Members => self.table.width(),
            Step::Last(index) => index,
        }
    }

    fn excess(&self, taker: usize) -> i64 {
        match self.step {
            Step::Members => (0..self.table.width()).map(|index| self.table.excess(index, number(taker))).sum(),
            Step::Next(index) | Step::Last(index) => self.table.excess(index, number(taker)),
        }
    }

    /// Whether all have what they are to have, and zones are no more crowded than that forces.
    fn is_settled(&self) -> bool {
        let even = (0..self.quotas()).all(|taker| self.excess(taker) == 0);
        even && self.table.crowding_beyond_need(self.decided()) == 0
    }

    /// What a slot costs with the taker at a place.
    fn cost(&self, slot: usize, place: usize, taker: u16) -> i64 {
        let (crowding, moved) = self.table.after(slot, place, taker);
        let (shorter, decided) = (&crowding[..self.decided() - 1], crowding[self.decided() - 1]);
        CROWDING_COST * decided + SHORTER_CROWDING_COST * shorter.iter().sum::<i64>() + moved
    }

    /// Offers the slot's places to whoever may get them.
    fn offer(&mut self, slot: usize) {
        let list = &self.table.lists[slot];
        let places = match self.step {
            Step::Members => 0..list.len(),
            Step::Next(index) | Step::Last(index) => index..index + 1,
        };
        for place in places {
            let holder = self.table.lists[slot][place];
            let now = self.cost(slot, place, holder);
            for taker in 0..self.table.nobody {
                if !self.may_take(slot, taker) {
                    continue;
                }
                let cost = self.cost(slot, place, taker) - now;
                let offer = Reverse((cost, slot, self.versions[slot]));
                self.offers[usize::from(holder)][usize::from(taker)].push(offer);
            }
        }
    }

    fn may_take(&self, slot: usize, taker: u16) -> bool {
        match self.step {
            Step::Next(index) => !self.table.lists[slot][..=index].contains(&taker),
            Step::Members => !self.table.lists[slot].contains(&taker),
            Step::Last(index) => self.table.lists[slot][..index].contains(&taker),
        }
    }

    /// Finds the cheapest offers of a holder anew, and what its quota says.
    fn refresh(&mut self, holder: usize) {
        for taker in 0..usize::from(self.table.nobody) {
            let offers = &mut self.offers[holder][taker];
            while offers.peek().is_some_and(|Reverse((_, slot, version))| self.versions[*slot] != *version) {
                offers.pop();
            }
            self.best[holder][taker] = offers.peek().map(|Reverse((cost, slot, _))| (*cost, *slot));
        }
        let (quotas, excess) = (self.quotas(), self.excess(holder));
        self.best[quotas][holder] = (excess > 0).then_some((-QUOTA_COST, 0));
        self.best[holder][quotas] = (excess < 0).then_some((-QUOTA_COST, 0));
    }

    /// A cycle of negative cost, as pairs of a holder and a taker, by Bellman and Ford's search from everywhere at
    /// once.
    fn negative_cycle(&self) -> Option<Vec<(usize, usize)>> {
        let vertices = self.best.len();
        let (mut distance, mut before) = (vec![0i64; vertices], vec![None; vertices]);
        let mut last = None;
        for _ in 0..vertices {
            last = None;
            for (from, edges) in self.best.iter().enumerate() {
                for (to, edge) in edges.iter().enumerate() {
                    let Some((cost, _)) = edge else { continue };
                    if distance[from] + cost < distance[to] {
                        (distance[to], before[to], last) = (distance[from] + cost, Some(from), Some(to));
                    }
                }
            }
            last?;
        }
        // what still came nearer in the last round is on a cycle or behind one
        let mut on_cycle = last?;
        for _ in 0..vertices {
            on_cycle = before[on_cycle]?;
        }
        let mut cycle = Vec::new();
        let mut at = on_cycle;
        loop {
            let from = before[at]?;
            cycle.push((from, at));
            at = from;
            if at == on_cycle {
                return Some(cycle);
            }
        }
    }

    /// Gives every place on the cycle to its taker.
    fn run(&mut self, cycle: &[(usize, usize)]) {
        let mut given = Vec::new();
        for &(holder, taker) in cycle {
            let Some((_, slot)) = self.best[holder][taker].filter(|_| ![holder, taker].contains(&self.quotas())) else {
                continue;
            };
            // another edge of the cycle may have changed the slot
            let place = self.table.lists[slot].iter().position(|&held| usize::from(held) == holder);
            if let Some(place) = place.filter(|_| self.may_take(slot, number(taker))) {
                self.table.give(slot, place, number(taker));
                self.versions[slot] += 1;
                given.push(slot);
            }
        }
        given.into_iter().for_each(|slot| self.offer(slot));
        (0..self.quotas()).for_each(|vertex| self.refresh(vertex));
    }
}

fn number(taker: usize) -> u16 {
    u16::try_from(taker).unwrap_or(u16::MAX)
}
