use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;
use vs_core::hash::Hash;

use super::*;
use crate::plan::guard::{Batch, Decision, Guard};

const DELAY: Duration = Duration::from_secs(600);
const ASSETS: u64 = 2;
const KEYS: usize = 4;

fn key(nth: usize) -> Key {
    Key { hash: Hash::of(&[u8::try_from(nth).expect("small")]), asset: AssetId(nth as u64 % ASSETS) }
}

fn never(_: AssetId) -> Result<Wants, ()> {
    Ok(Wants::NeverAllocated)
}

/// What metadata may want of an asset; `bits` choose chunks.
fn wants(kind: u8, bits: u8) -> Wants {
    let named = || (0..KEYS).filter(|nth| bits & (1 << nth) != 0).map(|nth| key(nth).hash).collect();
    match kind % 4 {
        0 => Wants::Everything,
        1 => Wants::Nothing,
        _ => Wants::Named(named()),
    }
}

fn is_wanted(wants: &Wants, key: &Key) -> bool {
    match wants {
        Wants::Everything => true,
        Wants::Nothing | Wants::NeverAllocated => false,
        Wants::Named(named) => named.contains(&key.hash),
    }
}

#[derive(Clone, Debug)]
enum Op {
    /// Metadata changes its mind.
    Change {
        asset: u64,
        kind: u8,
        bits: u8,
    },
    /// Somebody who knows the state `behind` the newest sends a PUT, which takes as long as it likes.
    Send {
        nth: usize,
        behind: usize,
    },
    /// A PUT arrives and is queued.
    Arrive {
        nth: usize,
    },
    /// Somebody asks whether a copy is there.
    Check {
        nth: usize,
        behind: usize,
    },
    /// The writer does half of what is next: it takes it in hand, or ends it.
    Write,
    /// The sweep does its next step, or the second half of a question.
    Sweep {
        behind: usize,
    },
    Pass,
    Restart,
}

fn op() -> impl Strategy<Value = Op> {
    let (nth, behind) = (0..KEYS, 0..3_usize);
    prop_oneof![
        3 => (0..ASSETS, any::<u8>(), any::<u8>()).prop_map(|(asset, kind, bits)| Op::Change { asset, kind, bits }),
        4 => (nth.clone(), behind.clone()).prop_map(|(nth, behind)| Op::Send { nth, behind }),
        4 => (0..8_usize).prop_map(|nth| Op::Arrive { nth }),
        3 => (nth, behind.clone()).prop_map(|(nth, behind)| Op::Check { nth, behind }),
        8 => Just(Op::Write),
        12 => behind.prop_map(|behind| Op::Sweep { behind }),
        3 => Just(Op::Pass),
        1 => Just(Op::Restart),
    ]
}

enum Queued {
    Put { key: Key, index: u64 },
    Drop { keys: Vec<Key>, decided_at: u64 },
}

/// One node, the log, and those who send to the node.
struct World {
    /// What is wanted here after each entry.
    log: Vec<BTreeMap<AssetId, Wants>>,
    /// PUTs on their way.
    sent: Vec<(Key, u64)>,
    checks: Vec<(Key, u64, BTreeSet<Batch>)>,
    queue: VecDeque<Queued>,
    in_hand: Option<(Batch, Vec<Key>)>,
    held: BTreeSet<Key>,
    /// Copies that somebody was told of, who knew the state at the index.
    promised: Vec<(Key, u64)>,
    guard: Guard,
    watched: BTreeSet<AssetId>,
    sweep: Sweep,
    /// The question under way: the newest entry when it was asked.
    asked: Option<u64>,
    dropped: usize,
    now: Duration,
}

impl World {
    fn new() -> Self {
        Self {
            log: vec![(0..ASSETS).map(|asset| (AssetId(asset), Wants::Everything)).collect()],
            sent: Vec::new(),
            checks: Vec::new(),
            queue: VecDeque::new(),
            in_hand: None,
            held: BTreeSet::new(),
            promised: Vec::new(),
            guard: Guard::default(),
            watched: BTreeSet::new(),
            sweep: Sweep::new(Duration::ZERO),
            asked: None,
            dropped: 0,
            now: Duration::ZERO,
        }
    }

    fn newest(&self) -> u64 {
        self.log.len() as u64 - 1
    }

    fn at(&self, index: u64, key: &Key) -> bool {
        is_wanted(&self.log[usize::try_from(index).expect("small")][&key.asset], key)
    }

    fn behind(&self, behind: usize) -> u64 {
        self.newest().saturating_sub(behind as u64)
    }

    fn run(&mut self, op: &Op) {
        match *op {
            Op::Change { asset, kind, bits } => {
                let mut next = self.log.last().expect("never empty").clone();
                next.insert(AssetId(asset), wants(kind, bits));
                self.log.push(next);
            }
            Op::Send { nth, behind } => self.sent.push((key(nth), self.behind(behind))),
            Op::Arrive { nth } if nth < self.sent.len() => {
                let (key, index) = self.sent.swap_remove(nth);
                self.guard.hear(key.asset, index);
                self.queue.push_back(Queued::Put { key, index });
            }
            Op::Check { nth, behind } => {
                let (key, index) = (key(nth), self.behind(behind));
                self.guard.hear(key.asset, index);
                self.checks.push((key, index, self.guard.in_hand(key.asset)));
            }
            Op::Write => self.write(),
            Op::Sweep { behind } => self.sweep(behind),
            Op::Pass => self.now += DELAY,
            Op::Restart => {
                (self.guard, self.sweep) = (Guard::default(), Sweep::new(self.now));
                self.watched.clear();
                self.queue.clear();
                self.checks.clear();
                (self.asked, self.in_hand) = (None, None);
            }
            Op::Arrive { .. } => {}
        }
        let (ended, waiting) =
            std::mem::take(&mut self.checks).into_iter().partition(|(_, _, on)| self.guard.have_ended(on));
        self.checks = waiting;
        let ended: Vec<(Key, u64, BTreeSet<Batch>)> = ended;
        self.promised
            .extend(ended.into_iter().filter(|(key, ..)| self.held.contains(key)).map(|(key, at, _)| (key, at)));
    }

    fn write(&mut self) {
        if let Some((batch, keys)) = self.in_hand.take() {
            for key in keys {
                self.dropped += usize::from(self.held.remove(&key));
            }
            self.guard.end(batch);
            return;
        }
        match self.queue.pop_front() {
            Some(Queued::Put { key, index }) => {
                self.held.insert(key);
                self.promised.push((key, index));
            }
            Some(Queued::Drop { keys, decided_at }) => {
                let decision = |key: &Key| Decision { asset: key.asset, index: decided_at };
                let decisions: Vec<_> = keys.iter().map(decision).collect();
                let (batch, hold) = self.guard.begin(&decisions);
                let keys: Vec<_> = keys.into_iter().zip(hold).filter(|(_, holds)| *holds).map(|(key, _)| key).collect();
                for key in &keys {
                    let relied = self.promised.iter().find(|(other, index)| other == key && *index > decided_at);
                    assert_eq!(relied, None, "dropped by what was wanted at {decided_at}");
                }
                self.in_hand = Some((batch, keys));
            }
            None => {}
        }
    }

    /// As the shell does it. The state that is read is any that was the newest since it was asked for, and its index may
    /// be told too low, though not below what was the newest then.
    fn sweep(&mut self, behind: usize) {
        // the shell waits for its drops
        if self.in_hand.is_some() || self.queue.iter().any(|queued| matches!(queued, Queued::Drop { .. })) {
            return;
        }
        if let Some(asked) = self.asked.take() {
            let read = self.behind(behind).max(asked);
            let state = self.log[usize::try_from(read).expect("small")].clone();
            let index = asked + (read - asked) / 2;
            let answer = |asset| Ok::<_, ()>(state[&asset].clone());
            return self.sweep.answered(index, answer, self.now).expect("answered");
        }
        match self.sweep.next(self.now, DELAY) {
            Step::Wait(_) => self.keep(),
            Step::List { after } => {
                self.keep();
                assert_eq!(after, None);
                let keys: Vec<_> = self.held.iter().copied().collect();
                self.sweep.listed(&keys, self.now);
            }
            Step::Ask { assets } => {
                self.guard.watch(assets.iter().copied());
                self.watched.extend(assets);
                self.asked = Some(self.newest());
            }
            Step::Drop { keys, decided_at } => self.queue.push_back(Queued::Drop { keys, decided_at }),
        }
    }

    fn keep(&mut self) {
        let keep = self.sweep.watched();
        self.guard.unwatch(self.watched.difference(&keep).copied());
        self.watched = keep;
    }

    fn check(&self) {
        for (key, index) in &self.promised {
            let always = (*index..=self.newest()).all(|at| self.at(at, key));
            assert!(!always || self.held.contains(key), "{key:?} was promised at {index} and wanted ever since");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_copy_goes_that_is_wanted_or_that_somebody_counts_on(ops in prop::collection::vec(op(), 1..120)) {
        let mut world = World::new();
        for op in &ops {
            world.run(op);
            world.check();
        }
        // what is not wanted for good goes, unless somebody knew more than the sweep
        for _ in 0..200 {
            world.run(&Op::Write);
            world.run(&Op::Sweep { behind: 0 });
            world.run(&Op::Pass);
        }
        world.check();
        let left: Vec<_> = world.held.iter().filter(|key| !world.at(world.newest(), key)).collect();
        prop_assert!(left.is_empty(), "{left:?} stayed");
    }
}

#[test]
fn a_pass_that_stood_still_is_not_rested_from_for_days() {
    let (mut sweep, began) = (Sweep::new(Duration::ZERO), REST_MIN);
    assert_eq!(sweep.next(began, DELAY), Step::List { after: None });
    sweep.listed(&[key(0)], began);
    let woke = began + Duration::from_secs(100 * 3_600);
    sweep.answered(1, |_| Ok::<_, ()>(Wants::Everything), woke).expect("answered");
    assert_eq!(sweep.next(woke, DELAY), Step::Wait(REST_MAX));
}

#[test]
fn chunks_of_an_asset_that_was_never_allocated_stay_for_a_day() {
    let mut sweep = Sweep::new(Duration::ZERO);
    let (mut now, mut watched) = (Duration::ZERO, BTreeSet::new());
    let dropped_at = loop {
        match sweep.next(now, DELAY) {
            Step::Wait(wait) => {
                watched = sweep.watched();
                now += wait;
            }
            Step::List { .. } => sweep.listed(&[key(0), key(1)], now),
            Step::Ask { assets } => {
                watched.extend(assets);
                sweep.answered(1, never, now).expect("answered");
            }
            Step::Drop { mut keys, .. } => {
                keys.sort_unstable();
                let mut all = [key(0), key(1)];
                all.sort_unstable();
                assert_eq!(keys, all);
                assert!(keys.iter().all(|key| watched.contains(&key.asset)));
                break now;
            }
        }
    };
    let first_seen = REST_MIN;
    assert!((NEVER_ALLOCATED_KEEP + DELAY..NEVER_ALLOCATED_KEEP + 2 * DELAY).contains(&(dropped_at - first_seen)));
}

#[test]
fn a_pass_without_an_answer_drops_nothing_and_begins_anew_after_a_rest() {
    let (mut sweep, start) = (Sweep::new(Duration::ZERO), REST_MIN);
    assert_eq!(sweep.next(start, DELAY), Step::List { after: None });
    sweep.listed(&[key(0)], start);
    sweep.answered(1, |_| Ok::<_, ()>(Wants::Nothing), start).expect("answered");
    assert_eq!(sweep.next(start, DELAY), Step::Wait(DELAY));
    let later = start + DELAY;
    assert!(matches!(sweep.next(later, DELAY), Step::Ask { .. }));
    assert_eq!(sweep.answered(2, |_| Err("no quorum"), later), Err("no quorum"));
    assert!(sweep.rests() && sweep.watched().is_empty());
    assert_eq!(sweep.next(later, DELAY), Step::Wait(REST_MIN));
    assert_eq!(sweep.next(later + REST_MIN, DELAY), Step::List { after: None });
}

/// All that a node holds, wanted or not.
#[test]
fn many_chunks_are_asked_about_in_slices_and_dropped_in_groups() {
    let mut all: Vec<_> = (0..SLICE_KEYS_MAX + 1_000)
        .map(|nth| Key { hash: Hash::of(&nth.to_be_bytes()), asset: AssetId(nth as u64 % 7) })
        .collect();
    all.sort_unstable();
    let mut sweep = Sweep::new(Duration::ZERO);
    let (mut now, mut dropped, mut index) = (Duration::ZERO, BTreeSet::new(), 0);
    loop {
        match sweep.next(now, DELAY) {
            Step::Wait(_) if !dropped.is_empty() && sweep.rests() => break,
            Step::Wait(wait) => now += wait,
            Step::List { after } => {
                let from = all.partition_point(|key| Some(*key) <= after);
                sweep.listed(&all[from..all.len().min(from + SLICE_KEYS_MAX)], now);
            }
            Step::Ask { .. } => {
                index += 1;
                // of the last asset everything is wanted
                let wants = |asset| Ok::<_, ()>(if asset == AssetId(6) { Wants::Everything } else { Wants::Nothing });
                sweep.answered(index, wants, now).expect("answered");
            }
            Step::Drop { keys, decided_at } => {
                assert!(!keys.is_empty() && keys.len() <= GROUP_KEYS && decided_at == index);
                dropped.extend(keys);
            }
        }
    }
    let expected: BTreeSet<_> = all.into_iter().filter(|key| key.asset != AssetId(6)).collect();
    assert_eq!(dropped, expected);
}
