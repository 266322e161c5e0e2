//! Which tasks of repair and moves are kept when there are more than a list holds, in which order they are done, and
//! when one that failed is tried again (DESIGN §10).
//!
//! Invariants:
//! - Nothing moves while something could be repaired: a list with a move in it has every repair that did not fail lately
//!   before it, and what failed during the list is due again before the moves are over.
//! - What failed holds up nothing and is not left out for good: it has a share of every list, and is as new after a while
//!   without it, which is the longer the more often it fails.
//! - What nobody within reach has enough of takes no more than its share from what can be done.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    time::Duration,
};

use vs_core::id::AssetId;

/// How long a repair that failed waits for moves, and how long a task counts as failed the first time.
const AGAIN_AFTER: Duration = Duration::from_secs(60);
/// The same when it fails again and again.
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(3_600);
/// Failures that are remembered; beyond that all tasks are as if they were new.
const FAILED_MAX: usize = 100_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Repair,
    /// A repair of what cannot be read from those who are known to have it.
    Lost,
    Move,
}

/// The turn of a task: the lowest comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    pub class: Class,
    /// It could not be done lately.
    pub has_failed: bool,
    /// Members that may still be lost, or how full the disks are that it goes to.
    pub weight: u64,
    /// Asset by asset, so that each soon is where it should be and gives up its old places.
    pub asset: AssetId,
}

/// What shares a list, in the order in which what is left of it is given away.
const KINDS: usize = 4;
const FRESH: usize = 0;
const AGAIN: usize = 1;
const MOVE: usize = 2;
const LOST: usize = 3;

impl Rank {
    fn kind(&self) -> usize {
        match (self.class, self.has_failed) {
            (Class::Repair, false) => FRESH,
            (Class::Repair, true) => AGAIN,
            (Class::Lost, _) => LOST,
            (Class::Move, _) => MOVE,
        }
    }
}

/// Puts the tasks in order and keeps so many. What is not kept is handed back. Whether this is done once or now and then
/// while tasks come in, the same are kept.
pub fn keep_most_urgent<T>(tasks: &mut Vec<T>, max: usize, rank: impl Fn(&T) -> Rank) -> Vec<T> {
    tasks.sort_by_cached_key(&rank);
    let mut have = [0; KINDS];
    tasks.iter().for_each(|task| have[rank(task).kind()] += 1);
    let mut keep = shares(have, max);
    let (kept, dropped) = tasks.drain(..).partition(|task| {
        let left = &mut keep[rank(task).kind()];
        let is_kept = *left > 0;
        *left = left.saturating_sub(1);
        is_kept
    });
    *tasks = kept;
    dropped
}

/// How many of each kind are kept.
fn shares(have: [usize; KINDS], max: usize) -> [usize; KINDS] {
    let mut keep = [0; KINDS];
    let mut left = max;
    // moves last: there is nothing left for them while a repair that could be done is left out
    let reserved = [(AGAIN, max / 4), (LOST, max / 8), (FRESH, max), (MOVE, max / 8)];
    let rest = (0..KINDS).map(|kind| (kind, max));
    for (kind, share) in reserved.into_iter().chain(rest) {
        let more = (have[kind] - keep[kind]).min(share).min(left);
        keep[kind] += more;
        left -= more;
    }
    keep
}

/// Tasks that could not be done when they were last tried. Time counts from wherever the caller likes.
#[derive(Clone, Debug)]
pub struct Failures<N> {
    failed: HashMap<N, Failed>,
    pass_began: Duration,
    /// Since when a repair waits that failed in this pass.
    repair_waits_since: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
struct Failed {
    at: Duration,
    /// For how long it counts as failed: twice as long each time.
    counts_for: Duration,
}

impl<N> Default for Failures<N> {
    fn default() -> Self {
        Self { failed: HashMap::new(), pass_began: Duration::ZERO, repair_waits_since: None }
    }
}

impl<N: Copy + Eq + Hash> Failures<N> {
    /// A pass begins; what failed lately: in the last pass, however long that took, or a moment ago.
    pub fn begin_pass(&mut self, now: Duration) -> HashSet<N> {
        let last_began = std::mem::replace(&mut self.pass_began, now);
        self.repair_waits_since = None;
        let ago = |failed: &Failed| now.saturating_sub(failed.at);
        self.failed.retain(|_, failed| failed.at >= last_began || ago(failed) < 2 * AGAIN_AFTER_MAX);
        let lately = |failed: &Failed| failed.at >= last_began || ago(failed) < failed.counts_for;
        self.failed.iter().filter(|(_, failed)| lately(failed)).map(|(name, _)| *name).collect()
    }

    pub fn failed(&mut self, name: N, class: Class, now: Duration) {
        if self.failed.len() >= FAILED_MAX {
            self.failed.clear();
        }
        let again_after = self.failed.get(&name).map_or(AGAIN_AFTER, |failed| failed.counts_for * 2);
        self.failed.insert(name, Failed { at: now, counts_for: again_after.min(AGAIN_AFTER_MAX) });
        if class == Class::Repair {
            self.repair_waits_since.get_or_insert(now);
        }
    }

    pub fn done(&mut self, name: &N) {
        self.failed.remove(name);
    }

    pub fn clear(&mut self) {
        self.failed.clear();
    }

    /// Whether moves are to stop for a repair that failed in this pass, and may be possible now. `looking` is how long it
    /// takes to find out: moves get no less time than that.
    #[must_use]
    pub fn is_repair_due(&self, now: Duration, looking: Duration) -> bool {
        let waits = self.repair_waits_since.map(|since| now.saturating_sub(since));
        waits.is_some_and(|waited| waited >= AGAIN_AFTER.max(looking))
    }
}

#[cfg(test)]
mod tests;
