//! The slot table while it is brought to its quotas.
//!
//! Places change hands one at a time, and the *error* is how far all counts are from their quotas, together. Filling and settling
//! lower it with every step; spreading leaves it.

use super::{Taker, quota};

/// How many pairs of places are looked at to part nodes of one zone: what bounds the time when zones cannot be kept apart better.
const SPREAD_PAIRS_MAX: usize = 2_000_000;

/// Who holds an empty place.
pub(super) fn nobody(takers: &[Taker]) -> u16 {
    u16::try_from(takers.len()).unwrap_or(u16::MAX)
}

#[derive(Debug)]
pub(super) struct Table {
    nobody: u16,
    /// Of each taker; nobody is of a zone of its own, that counts for nothing.
    zones: Vec<usize>,
    /// For each prefix length, how many nodes of a zone are allowed in it.
    zone_max: Vec<usize>,
    lists: Vec<Vec<u16>>,
    /// For each index and taker: slots held there beyond the quota, or missing.
    excess: Vec<Vec<i64>>,
}

impl Table {
    pub(super) fn new(takers: &[Taker], lists: Vec<Vec<u16>>) -> Self {
        let (nobody, width) = (nobody(takers), lists.first().map_or(0, Vec::len));
        let mut held = vec![vec![0u64; takers.len() + 1]; width];
        for (index, &taker) in lists.iter().flat_map(|list| list.iter().enumerate()) {
            held[index][usize::from(taker)] += 1;
        }
        let prefix = |length: usize, at: usize| held[..length].iter().map(|held| held[at]).sum();
        let prefixes = |length| (0..takers.len()).map(|at| prefix(length, at)).collect();
        let quotas = quota::quotas(takers, lists.len() as u64, &(1..=width).map(prefixes).collect::<Vec<_>>());
        let quota = |index: usize, at: usize| {
            let shorter = index.checked_sub(1).map_or(0, |shorter| quotas[shorter][at]);
            quotas[index][at] - shorter
        };
        let excess_of = |index: usize, at: usize| {
            let quota = if at < takers.len() { quota(index, at) } else { 0 };
            held[index][at].cast_signed() - quota.cast_signed()
        };
        let excess = (0..width).map(|index| (0..=takers.len()).map(|at| excess_of(index, at)).collect()).collect();

        let mut zones: Vec<_> = takers.iter().map(|taker| taker.zone).collect();
        zones.sort_unstable();
        zones.dedup();
        let zone_max = (1..=width).map(|length| length.div_ceil(zones.len().max(1))).collect();
        let zones = takers.iter().map(|taker| taker.zone).chain([usize::MAX]).collect();
        Self { nobody, zones, zone_max, lists, excess }
    }

    /// The lists once every step of the algorithm is done.
    pub(super) fn balanced(mut self, walks: &[Vec<u16>]) -> Vec<Vec<u16>> {
        self.fill(walks, true);
        self.fill(walks, false);
        while self.settle_one() {}
        self.spread();
        self.lists
    }

    fn excess(&self, index: usize, taker: u16) -> i64 {
        self.excess[index][usize::from(taker)]
    }

    fn put(&mut self, slot: usize, index: usize, taker: u16) {
        let before = std::mem::replace(&mut self.lists[slot][index], taker);
        self.excess[index][usize::from(before)] -= 1;
        self.excess[index][usize::from(taker)] += 1;
    }

    fn swap(&mut self, slot: usize, index: usize, other: usize) {
        let (a, b) = (self.lists[slot][index], self.lists[slot][other]);
        self.put(slot, index, b);
        self.put(slot, other, a);
    }

    /// How many nodes a list has beyond what its zones are allowed, summed over its prefixes.
    fn crowding(&self, list: &[u16]) -> usize {
        let zone = |taker: u16| self.zones[usize::from(taker)];
        let mut crowding = 0;
        for (index, &taker) in list.iter().enumerate().filter(|(_, taker)| **taker != self.nobody) {
            let nth = 1 + list[..index].iter().filter(|&&other| zone(other) == zone(taker)).count();
            crowding += self.zone_max[index..].iter().filter(|max| nth > **max).count();
        }
        crowding
    }

    /// The same with another taker at an index.
    fn crowding_with(&self, slot: usize, changes: &[(usize, u16)]) -> usize {
        let mut list = [0; crate::limit::SLOT_NODES_MAX];
        let list = &mut list[..self.lists[slot].len()];
        list.copy_from_slice(&self.lists[slot]);
        for &(index, taker) in changes {
            list[index] = taker;
        }
        self.crowding(list)
    }

    /// Lets takers below their quota have the places of those above it, in the order of the walks.
    fn fill(&mut self, walks: &[Vec<u16>], zones_apart: bool) {
        let (width, takers) = (self.excess.len(), usize::from(self.nobody));
        for index in 0..width {
            for met in 0..takers {
                for (slot, walk) in walks.iter().enumerate() {
                    let (holder, taker) = (self.lists[slot][index], walk[met]);
                    let may = self.excess(index, taker) < 0 && self.excess(index, holder) > 0;
                    if !may || self.lists[slot].contains(&taker) {
                        continue;
                    }
                    let crowds = || self.crowding_with(slot, &[(index, taker)]) > self.crowding(&self.lists[slot]);
                    if !zones_apart || !crowds() {
                        self.put(slot, index, taker);
                    }
                }
            }
        }
    }

    /// One step towards the quotas, if there is one: first empty places, then whoever holds too many.
    fn settle_one(&mut self) -> bool {
        let over: Vec<(usize, u16)> = (0..=self.nobody)
            .rev()
            .flat_map(|taker| (0..self.excess.len()).map(move |index| (index, taker)))
            .filter(|&(index, taker)| self.excess(index, taker) > 0)
            .collect();
        over.into_iter().any(|(index, taker)| {
            self.hand_over(index, taker)
                || self.swap_within(index, taker)
                || self.hand_over_by_third(index, taker)
                || (taker == self.nobody && self.take_empty(index))
        })
    }

    fn slots_of(&self, index: usize, taker: u16) -> impl Iterator<Item = usize> + '_ {
        let holds = move |(slot, list): (usize, &Vec<u16>)| (list[index] == taker).then_some(slot);
        self.lists.iter().enumerate().filter_map(holds)
    }

    fn below_quota(&self, index: usize) -> Vec<u16> {
        (0..self.nobody).filter(|&taker| self.excess(index, taker) < 0).collect()
    }

    /// A place goes to a taker that lacks one at this index.
    fn hand_over(&mut self, index: usize, holder: u16) -> bool {
        let takers = self.below_quota(index);
        let candidates = self.slots_of(index, holder).flat_map(|slot| takers.iter().map(move |&taker| (slot, taker)));
        let free = candidates.filter(|(slot, taker)| !self.lists[*slot].contains(taker));
        let best = free.min_by_key(|&(slot, taker)| self.crowding_with(slot, &[(index, taker)]));
        best.inspect(|&(slot, taker)| self.put(slot, index, taker)).is_some()
    }

    /// The holder changes places with a node of the same slot, when at least three of the four counts gain by it.
    fn swap_within(&mut self, index: usize, holder: u16) -> bool {
        let others = (0..self.excess.len()).filter(|&other| other != index);
        let pairs = others.flat_map(|other| self.slots_of(index, holder).map(move |slot| (slot, other)));
        let gains = |&(slot, other): &(usize, usize)| {
            let partner = self.lists[slot][other];
            let (here, there) = (self.excess(index, partner) < 0, self.excess(other, partner) > 0);
            partner != self.nobody && here && (there || self.excess(other, holder) < 0)
        };
        let best = pairs.filter(gains).min_by_key(|&(slot, other)| {
            self.crowding_with(slot, &[(index, self.lists[slot][other]), (other, holder)])
        });
        best.inspect(|&(slot, other)| self.swap(slot, index, other)).is_some()
    }

    /// A third node takes the place, and gives another one to a taker that lacks it.
    fn hand_over_by_third(&mut self, index: usize, holder: u16) -> bool {
        let takers = self.below_quota(index);
        // what each could give, if anything
        let mut gifts = vec![None; usize::from(self.nobody)];
        for (slot, list) in self.lists.iter().enumerate() {
            let Some(gift) = gifts.get_mut(usize::from(list[index])) else { continue };
            *gift = gift.or_else(|| takers.iter().find(|taker| !list.contains(taker)).map(|&taker| (slot, taker)));
        }
        let thirds =
            |slot: usize| (0..).zip(&gifts).filter_map(move |(third, gift)| gift.map(|gift| (slot, third, gift)));
        let free = |&(slot, third, _): &(usize, u16, _)| !self.lists[slot].contains(&third);
        let found = self.slots_of(index, holder).flat_map(thirds).find(free);
        let Some((slot, third, (other_slot, taker))) = found else { return false };
        self.put(slot, index, third);
        self.put(other_slot, index, taker);
        true
    }

    /// Whoever is not in the slot yet takes an empty place although it lacks none there; a later step makes up for it.
    fn take_empty(&mut self, index: usize) -> bool {
        let Some(slot) = self.slots_of(index, self.nobody).next() else { return false };
        let free = (0..self.nobody).filter(|taker| !self.lists[slot].contains(taker));
        let best = free.min_by_key(|&taker| (self.excess(index, taker), taker));
        best.inspect(|&taker| self.put(slot, index, taker)).is_some()
    }

    /// Parts nodes of a zone by exchanges that leave all counts as they are.
    fn spread(&mut self) {
        let mut pairs_left = SPREAD_PAIRS_MAX;
        for slot in 0..self.lists.len() {
            while self.crowding(&self.lists[slot]) > 0 && self.spread_slot(slot, &mut pairs_left) {}
        }
    }

    /// Exchanges one node of a crowded slot with one at the same index of another, or the order of two with the opposite order.
    fn spread_slot(&mut self, slot: usize, pairs_left: &mut usize) -> bool {
        let (slots, width) = (self.lists.len(), self.excess.len());
        for other in (1..slots).map(|step| (slot + step) % slots) {
            for index in 0..width {
                if *pairs_left == 0 {
                    return false;
                }
                *pairs_left -= 1;
                if self.exchange(slot, other, index) {
                    return true;
                }
            }
        }
        false
    }

    fn exchange(&mut self, slot: usize, other: usize, index: usize) -> bool {
        let (mine, theirs) = (self.lists[slot][index], self.lists[other][index]);
        if self.zones[usize::from(mine)] == self.zones[usize::from(theirs)] {
            return false;
        }
        let at = |list: &[u16], taker| list.iter().position(|&held| held == taker);
        let (here, there) = (at(&self.lists[slot], theirs), at(&self.lists[other], mine));
        let before = self.crowding(&self.lists[slot]) + self.crowding(&self.lists[other]);
        let after = |changes: &[(usize, u16)], other_changes: &[(usize, u16)]| {
            self.crowding_with(slot, changes) + self.crowding_with(other, other_changes)
        };
        match (here, there) {
            (None, None) if after(&[(index, theirs)], &[(index, mine)]) < before => {
                self.lists[slot][index] = theirs;
                self.lists[other][index] = mine;
                true
            }
            (Some(here), Some(there))
                if here == there
                    && after(&[(index, theirs), (here, mine)], &[(index, mine), (there, theirs)]) < before =>
            {
                self.lists[slot].swap(index, here);
                self.lists[other].swap(index, there);
                true
            }
            _ => false,
        }
    }
}
