//! Which of its own copies a node drops (DESIGN §10, the sweep).
//!
//! A pass goes through all chunks of the node in slices: their assets are watched ([`guard`](super::guard)), metadata
//! is asked what it wants of each, and what it does not want waits. After the delay it is asked again, and what it does
//! not want then either is dropped, by the index of that second answer.
//!
//! Invariants:
//! - An asset is watched from before metadata is first asked about it until the last drop of it was made.
//! - A question that is not answered ends the pass: nothing is dropped by what was known before.
//! - Nothing is kept: a process that begins anew decides anew. Chunks of an asset that the log never gave out are left
//!   alone until this process has known them for a day.
//! - At most two slices of names are held at a time.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use vs_core::{hash::ChunkHash, id::AssetId};

use super::wanted::Wants;
use crate::superblock::Key;

/// Names that are listed, and asked about, at a time.
pub const SLICE_KEYS_MAX: usize = 100_000;
/// From so many unwanted copies on, they are dropped before more are looked for.
const UNWANTED_MAX: usize = 100_000;
/// Copies that are handed to the writers together.
const GROUP_KEYS: usize = 64;
/// How long chunks of an asset that was never allocated are left alone.
const NEVER_ALLOCATED_KEEP: Duration = Duration::from_secs(24 * 3_600);
/// Such assets that are remembered; chunks of others stay.
const NEVER_ALLOCATED_MAX: usize = 10_000;
/// Least time between two passes, when the delay is not shorter yet.
const REST_MIN: Duration = Duration::from_secs(60);
/// The rest after a pass, in times of what the pass took.
const REST_SHARE: u32 = 20;
/// Longest rest: a pass that stood still for hours, with its process or for want of a quorum, says nothing about the
/// next one.
const REST_MAX: Duration = Duration::from_secs(6 * 3_600);

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing, for so long.
    Wait(Duration),
    /// List the chunks behind `after`, [`SLICE_KEYS_MAX`] of them, and tell them by [`Sweep::listed`].
    List { after: Option<Key> },
    /// Watch these assets, then ask metadata, then tell by [`Sweep::answered`].
    Ask { assets: BTreeSet<AssetId> },
    /// Drop these, unless more was heard than the state at this index.
    Drop { keys: Vec<Key>, decided_at: u64 },
}

type Chunks = BTreeMap<AssetId, Vec<ChunkHash>>;

#[derive(Debug)]
enum Phase {
    Rest,
    List,
    Ask { slice: Chunks },
    Delay,
    AskAgain,
    Drop { decided_at: u64 },
}

/// The sweep of one node. Losing it loses nothing.
#[derive(Debug)]
pub struct Sweep {
    phase: Phase,
    /// When the phase began that waits.
    since: Duration,
    /// How far the pass is, and whether there is more behind.
    after: Option<Key>,
    more: bool,
    /// Not wanted by the first answer; once the second has come, by that.
    unwanted: Chunks,
    /// Assets that the log has not given out, and when that was first seen.
    never_allocated: BTreeMap<AssetId, Duration>,
    /// Those of them that were seen in this pass.
    seen: BTreeSet<AssetId>,
    /// Time that the pass worked, and when it went on.
    worked: Duration,
    awake_at: Duration,
    passes: u64,
}

impl Sweep {
    #[must_use]
    pub fn new(now: Duration) -> Self {
        Self {
            phase: Phase::Rest,
            since: now,
            after: None,
            more: false,
            unwanted: Chunks::new(),
            never_allocated: BTreeMap::new(),
            seen: BTreeSet::new(),
            worked: Duration::ZERO,
            awake_at: now,
            passes: 0,
        }
    }

    /// The next step. A step that has an answer is repeated until that is told.
    pub fn next(&mut self, now: Duration, delay: Duration) -> Step {
        let passed = now.saturating_sub(self.since);
        match &self.phase {
            Phase::Rest => {
                let rest = REST_MIN.min(delay).max(self.worked * REST_SHARE).min(REST_MAX);
                if passed < rest {
                    return Step::Wait(rest - passed);
                }
                (self.after, self.worked, self.awake_at) = (None, Duration::ZERO, now);
                self.phase = Phase::List;
            }
            Phase::Delay if passed < delay => return Step::Wait(delay - passed),
            Phase::Delay => {
                self.awake_at = now;
                self.phase = Phase::AskAgain;
            }
            _ => {}
        }
        match &self.phase {
            Phase::Ask { slice } => Step::Ask { assets: slice.keys().copied().collect() },
            Phase::AskAgain => Step::Ask { assets: self.watched() },
            Phase::Drop { decided_at } => {
                let decided_at = *decided_at;
                let keys = self.take_group();
                if !keys.is_empty() {
                    return Step::Drop { keys, decided_at };
                }
                self.go_on(now);
                self.next(now, delay)
            }
            Phase::Rest | Phase::List | Phase::Delay => Step::List { after: self.after },
        }
    }

    /// The chunks asked for by [`Step::List`]; fewer than [`SLICE_KEYS_MAX`] are the last.
    pub fn listed(&mut self, keys: &[Key], now: Duration) {
        self.more = keys.len() >= SLICE_KEYS_MAX;
        self.after = keys.last().copied();
        let mut slice = Chunks::new();
        for key in keys {
            slice.entry(key.asset).or_default().push(key.hash);
        }
        self.phase = Phase::Ask { slice };
        if keys.is_empty() {
            self.look_on(now);
        }
    }

    /// What metadata wants of each asset asked for, by a state that is at least that at `index` and was read after the
    /// assets were watched.
    ///
    /// # Errors
    /// The first of `wants`, which ends the pass.
    pub fn answered<E>(
        &mut self,
        index: u64,
        mut wants: impl FnMut(AssetId) -> Result<Wants, E>,
        now: Duration,
    ) -> Result<(), E> {
        let again = matches!(self.phase, Phase::AskAgain);
        let asked = match std::mem::replace(&mut self.phase, Phase::Rest) {
            Phase::Ask { slice } => slice,
            Phase::AskAgain => std::mem::take(&mut self.unwanted),
            other => {
                self.phase = other;
                return Ok(());
            }
        };
        for (asset, mut hashes) in asked {
            let wants = wants(asset).inspect_err(|_| self.give_up(now))?;
            self.keep_unwanted(asset, &mut hashes, &wants, now);
            if !hashes.is_empty() {
                self.unwanted.entry(asset).or_default().append(&mut hashes);
            }
        }
        if again {
            self.phase = Phase::Drop { decided_at: index };
        } else {
            self.look_on(now);
        }
        Ok(())
    }

    /// There is no answer: what was decided by earlier ones is forgotten.
    pub fn give_up(&mut self, now: Duration) {
        self.unwanted.clear();
        self.seen.clear();
        (self.phase, self.since) = (Phase::Rest, now);
    }

    /// Assets that have to be watched still.
    #[must_use]
    pub fn watched(&self) -> BTreeSet<AssetId> {
        let asked = if let Phase::Ask { slice } = &self.phase { Some(slice) } else { None };
        asked.into_iter().chain([&self.unwanted]).flat_map(BTreeMap::keys).copied().collect()
    }

    /// Passes that came to their end.
    #[must_use]
    pub fn passes(&self) -> u64 {
        self.passes
    }

    /// How long the pass that ended last worked, without its waits.
    #[must_use]
    pub fn worked(&self) -> Duration {
        self.worked
    }

    /// Whether nothing is under way.
    #[must_use]
    pub fn rests(&self) -> bool {
        matches!(self.phase, Phase::Rest)
    }

    /// Leaves of `hashes` what is not wanted.
    fn keep_unwanted(&mut self, asset: AssetId, hashes: &mut Vec<ChunkHash>, wants: &Wants, now: Duration) {
        if *wants != Wants::NeverAllocated {
            self.never_allocated.remove(&asset);
        }
        match wants {
            Wants::Everything => hashes.clear(),
            Wants::Nothing => {}
            Wants::Named(wanted) => hashes.retain(|hash| !wanted.contains(hash)),
            Wants::NeverAllocated => {
                let is_full = self.never_allocated.len() >= NEVER_ALLOCATED_MAX;
                if is_full && !self.never_allocated.contains_key(&asset) {
                    return hashes.clear();
                }
                self.seen.insert(asset);
                let first_seen = *self.never_allocated.entry(asset).or_insert(now);
                if now.saturating_sub(first_seen) < NEVER_ALLOCATED_KEEP {
                    hashes.clear();
                }
            }
        }
    }

    /// After a slice: the next one, or what was found.
    fn look_on(&mut self, now: Duration) {
        let found: usize = self.unwanted.values().map(Vec::len).sum();
        match () {
            () if self.more && found < UNWANTED_MAX => self.phase = Phase::List,
            () if found == 0 => self.end_pass(now),
            () => {
                self.worked += now.saturating_sub(self.awake_at);
                (self.phase, self.since) = (Phase::Delay, now);
            }
        }
    }

    /// After what was found was dropped.
    fn go_on(&mut self, now: Duration) {
        if self.more {
            self.phase = Phase::List;
        } else {
            self.end_pass(now);
        }
    }

    fn end_pass(&mut self, now: Duration) {
        self.passes += 1;
        let seen = std::mem::take(&mut self.seen);
        self.never_allocated.retain(|asset, _| seen.contains(asset));
        self.worked += now.saturating_sub(self.awake_at);
        (self.phase, self.since) = (Phase::Rest, now);
    }

    fn take_group(&mut self) -> Vec<Key> {
        let mut keys = Vec::new();
        while let Some(mut next) = self.unwanted.first_entry() {
            let (asset, hashes) = (*next.key(), next.get_mut());
            let left = hashes.len().saturating_sub(GROUP_KEYS - keys.len());
            keys.extend(hashes.drain(left..).map(|hash| Key { hash, asset }));
            if left > 0 {
                break;
            }
            next.remove();
        }
        keys
    }
}

#[cfg(test)]
mod tests;
