//! The slot table while it is brought to its quotas, index by index.

use std::cmp::Reverse;

use super::{
    Taker,
    exchange::{self, Step},
    quota,
};
use crate::limit::SLOT_NODES_MAX;

/// Who holds an empty place.
pub(super) fn nobody(takers: &[Taker]) -> u16 {
    u16::try_from(takers.len()).unwrap_or(u16::MAX)
}

#[derive(Debug)]
pub(super) struct Table {
    pub(super) nobody: u16,
    /// Of each taker; nobody is of a zone of its own, that counts for nothing.
    zones: Vec<usize>,
    zone_count: usize,
    /// For each prefix length, how many nodes of a zone are allowed in it.
    zone_max: Vec<usize>,
    /// What the previous table had, and what there is now.
    carried: Vec<Vec<u16>>,
    pub(super) lists: Vec<Vec<u16>>,
    /// For each index and taker: slots held there beyond the quota, or missing.
    excess: Vec<Vec<i64>>,
}

impl Table {
    pub(super) fn new(takers: &[Taker], lists: Vec<Vec<u16>>) -> Self {
        let zone_count = takers.iter().map(|taker| taker.zone + 1).max().unwrap_or_default();
        let width = lists.first().map_or(0, Vec::len);
        let zone_max = (1..=width).map(|length| length.div_ceil(zone_count)).collect();
        let zones = takers.iter().map(|taker| taker.zone).chain([usize::MAX]).collect();
        let excess = excess(takers, &lists, width);
        Self { nobody: nobody(takers), zones, zone_count, zone_max, carried: lists.clone(), lists, excess }
    }

    /// The lists once every prefix has its quotas.
    pub(super) fn balanced(mut self, walks: &[Vec<u16>]) -> Vec<Vec<u16>> {
        if self.width() > 0 {
            for index in 0..self.width() {
                self.fill(index, walks);
                exchange::settle(&mut self, Step::Next(index));
            }
            exchange::settle(&mut self, Step::Members);
            (1..self.width()).rev().for_each(|index| exchange::settle(&mut self, Step::Last(index)));
            self.take_empty();
        }
        self.lists
    }

    pub(super) fn width(&self) -> usize {
        self.excess.len()
    }

    pub(super) fn excess(&self, index: usize, taker: u16) -> i64 {
        self.excess[index][usize::from(taker)]
    }

    fn put(&mut self, slot: usize, index: usize, taker: u16) {
        let before = std::mem::replace(&mut self.lists[slot][index], taker);
        self.excess[index][usize::from(before)] -= 1;
        self.excess[index][usize::from(taker)] += 1;
    }

    /// Gives a place to a taker; if it is in the slot already, whoever was there gets its place.
    pub(super) fn give(&mut self, slot: usize, index: usize, taker: u16) {
        let holder = self.lists[slot][index];
        if let Some(other) = self.lists[slot].iter().position(|&held| held == taker) {
            self.put(slot, other, holder);
        }
        self.put(slot, index, taker);
    }

    /// For each prefix, how many nodes it has beyond what their zones are allowed.
    fn crowding(&self, list: &[u16]) -> [i64; SLOT_NODES_MAX] {
        let zone = |taker: u16| self.zones[usize::from(taker)];
        let mut crowding = [0; SLOT_NODES_MAX];
        if self.zone_count == 1 {
            return crowding;
        }
        for (index, &taker) in list.iter().enumerate().filter(|(_, taker)| **taker != self.nobody) {
            let nth = 1 + list[..index].iter().filter(|&&other| zone(other) == zone(taker)).count();
            for (crowding, max) in crowding.iter_mut().zip(&self.zone_max).skip(index) {
                *crowding += i64::from(nth > *max);
            }
        }
        crowding
    }

    /// How many nodes prefixes of this length have beyond what their zones are allowed, other than because a zone's
    /// nodes hold more slots than could be kept apart.
    pub(super) fn crowding_beyond_need(&self, length: usize) -> i64 {
        let crowding: i64 = self.lists.iter().map(|list| self.crowding(list)[length - 1]).sum();
        let mut held = vec![0; self.zone_count];
        for taker in self.lists.iter().flat_map(|list| &list[..length]).filter(|taker| **taker != self.nobody) {
            held[self.zones[usize::from(*taker)]] += 1;
        }
        let room = self.lists.len() * self.zone_max[length - 1];
        let forced: usize = held.into_iter().map(|held: usize| held.saturating_sub(room)).sum();
        crowding - forced.cast_signed() as i64
    }

    /// How crowded the prefixes of a slot would be, and how many of its places would differ from the previous table,
    /// once a place is given.
    pub(super) fn after(&self, slot: usize, index: usize, taker: u16) -> ([i64; SLOT_NODES_MAX], i64) {
        let mut list = [self.nobody; SLOT_NODES_MAX];
        let list = &mut list[..self.lists[slot].len()];
        list.copy_from_slice(&self.lists[slot]);
        if let Some(other) = list.iter().position(|&held| held == taker) {
            list[other] = list[index];
        }
        list[index] = taker;
        let moved = list.iter().zip(&self.carried[slot]).map(|(now, before)| i64::from(now != before)).sum();
        (self.crowding(list), moved)
    }

    /// Lets takers below their quota have the places of those above it, in the order of the walks, where that crowds no
    /// zone.
    fn fill(&mut self, index: usize, walks: &[Vec<u16>]) {
        for met in 0..usize::from(self.nobody) {
            for (slot, walk) in walks.iter().enumerate() {
                let (holder, taker) = (self.lists[slot][index], walk[met]);
                let may = self.excess(index, taker) < 0 && self.excess(index, holder) > 0;
                if !may || self.lists[slot].contains(&taker) {
                    continue;
                }
                let crowding = |taker| self.after(slot, index, taker).0.iter().sum::<i64>();
                if crowding(taker) <= crowding(holder) {
                    self.put(slot, index, taker);
                }
            }
        }
    }

    /// Fills places that were left empty because the quotas could not be met, so that every slot is whole.
    fn take_empty(&mut self) {
        for slot in 0..self.lists.len() {
            for index in 0..self.width() {
                if self.lists[slot][index] == self.nobody {
                    let free = (0..self.nobody).filter(|taker| !self.lists[slot].contains(taker));
                    let neediest = free.max_by_key(|&taker| Reverse((self.excess(index, taker), taker)));
                    neediest.inspect(|&taker| self.put(slot, index, taker));
                }
            }
        }
    }
}

/// For each index, what each taker holds beyond its quota; nobody's quota is 0.
fn excess(takers: &[Taker], lists: &[Vec<u16>], width: usize) -> Vec<Vec<i64>> {
    let mut held = vec![vec![0u64; takers.len() + 1]; width];
    for (index, &taker) in lists.iter().flat_map(|list| list.iter().enumerate()) {
        held[index][usize::from(taker)] += 1;
    }
    let within = |length: usize, at: usize| held[..length].iter().map(|held| held[at]).sum();
    let prefixes = |length| (0..takers.len()).map(|at| within(length, at)).collect();
    let quotas = quota::quotas(takers, lists.len() as u64, &(1..=width).map(prefixes).collect::<Vec<_>>());
    let quota = |index: usize, at: usize| match index.checked_sub(1) {
        _ if at == takers.len() => 0,
        Some(shorter) => quotas[index][at] - quotas[shorter][at],
        None => quotas[index][at],
    };
    let excess = |index: usize, at: usize| held[index][at].cast_signed() - quota(index, at).cast_signed();
    (0..width).map(|index| (0..=takers.len()).map(|at| excess(index, at)).collect()).collect()
}
