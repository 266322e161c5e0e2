//! When a pass over every chunk begins, where it stands, and how fast it has to be.
//!
//! Between two checks of a chunk lie at most [`CHECKED_WITHIN_MS`] while the node is up. A pass begins an interval after
//! the one before began; earlier, when at the configured rate it would end too late otherwise; and it is done faster
//! than configured, when even back to back passes would be too slow.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use vs_core::{
    hash::Hash,
    id::{AssetId, InvalidId},
};

use super::job::{Order, State, passed_ms};
use crate::superblock::Key;

const DAY_MS: u64 = 86_400_000;
/// Promised: every chunk is checked at least this often.
pub const CHECKED_WITHIN_MS: u64 = 30 * DAY_MS;
/// Aimed for, so that what comes in between (a restart, a busy disk) breaks no promise.
const GOAL_MS: u64 = 28 * DAY_MS;
/// A pass that is late already is given this long: a disk that was off for weeks must still serve.
const CATCH_UP_MS: u64 = 3 * DAY_MS;
/// Least time by which a rate is reckoned.
const HASTE_MS: u64 = 3_600_000;
/// What a check costs beside the chunk's bytes, in bytes: a seek. Without it, small chunks would be read as fast as the disk can.
const SEEK_BYTES: u64 = 16 << 10;

/// What checking so many chunks of so many bytes costs, in bytes at the rate.
#[must_use]
pub fn check_cost(chunks: u64, bytes: u64) -> u64 {
    chunks.saturating_mul(SEEK_BYTES).saturating_add(bytes)
}

/// How scrubbing is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScrubTerms {
    /// From one pass's beginning to the next one's.
    pub interval_ms: u64,
    pub bytes_per_s: u64,
}

/// A key as text: `HASH.ASSET`. Says where a pass, or a list, goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position(pub Key);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0.hash, self.0.asset.0)
    }
}

impl FromStr for Position {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let (hash, asset) = text.split_once('.').ok_or(InvalidId)?;
        Ok(Self(Key { hash: hash.parse::<Hash>()?, asset: asset.parse::<AssetId>()? }))
    }
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// What a pass did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scrubbed {
    pub began_at_ms: u64,
    /// 0 while it is under way.
    pub ended_at_ms: u64,
    pub chunks: u64,
    pub bytes: u64,
    /// Chunks that it found damaged.
    pub damaged: u64,
    /// Whether it came to every chunk.
    pub whole: bool,
}

/// A pass under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pass {
    /// The last chunk that was looked at; none at the beginning.
    #[serde(default)]
    position: Option<Position>,
    /// From its beginning; it must not take longer.
    budget_ms: u64,
    done: Scrubbed,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    paused: bool,
    /// The last pass was ended by its operator.
    stopped: bool,
    /// Since a pass last began.
    since_began_ms: Option<u64>,
    /// Since the last whole pass began: whatever was here then was checked later than that.
    since_whole_ms: Option<u64>,
    pass: Option<Pass>,
    last: Option<Scrubbed>,
}

/// The scrubbing of one data directory.
#[derive(Clone, Debug)]
pub struct Scrub {
    terms: ScrubTerms,
    kept: Kept,
    ticked: Duration,
}

impl Scrub {
    /// `away_ms` has passed by the wall clock since it was kept. More than an interval is not believed, and not needed:
    /// a pass is due then anyhow.
    pub(super) fn new(terms: ScrubTerms, kept: Kept, away_ms: u64) -> Self {
        let mut scrub = Self { terms, kept, ticked: Duration::ZERO };
        scrub.age(away_ms.min(terms.interval_ms));
        scrub.allow_catching_up();
        scrub
    }

    pub(super) fn kept(&self) -> &Kept {
        &self.kept
    }

    #[must_use]
    pub fn state(&self) -> State {
        match &self.kept {
            kept if kept.paused => State::Paused,
            kept if kept.pass.is_some() => State::Running,
            kept if kept.stopped => State::Stopped,
            _ => State::Idle,
        }
    }

    #[must_use]
    pub fn terms(&self) -> ScrubTerms {
        self.terms
    }

    /// The pass under way.
    #[must_use]
    pub fn pass(&self) -> Option<&Scrubbed> {
        self.kept.pass.as_ref().map(|pass| &pass.done)
    }

    #[must_use]
    pub fn last(&self) -> Option<&Scrubbed> {
        self.kept.last.as_ref()
    }

    /// Lets time pass. `now` counts from when this was made.
    pub fn tick(&mut self, now: Duration) {
        let ms = passed_ms(&mut self.ticked, now);
        self.age(ms);
    }

    fn age(&mut self, ms: u64) {
        for since in [&mut self.kept.since_began_ms, &mut self.kept.since_whole_ms].into_iter().flatten() {
            *since = since.saturating_add(ms);
        }
    }

    /// How long until the next pass begins by itself, when all chunks together cost so much; none while one is under way
    /// or held back.
    #[must_use]
    pub fn due_in_ms(&self, cost: u64) -> Option<u64> {
        if self.kept.paused || self.kept.pass.is_some() {
            return None;
        }
        let Some(since_began) = self.kept.since_began_ms else { return Some(0) };
        let regular = self.terms.interval_ms.saturating_sub(since_began);
        if self.kept.stopped {
            return Some(regular);
        }
        let needed = ms_for(cost, self.terms.bytes_per_s);
        let since_whole = self.kept.since_whole_ms.unwrap_or(since_began);
        Some(regular.min(GOAL_MS.saturating_sub(since_whole).saturating_sub(needed.saturating_add(needed / 4))))
    }

    pub fn begin(&mut self, wall_ms: u64) {
        let left_ms = GOAL_MS.saturating_sub(self.kept.since_whole_ms.unwrap_or(0));
        self.kept.pass = Some(Pass {
            position: None,
            // half: what is checked first in this pass waits for the end of the next
            budget_ms: left_ms.clamp(CATCH_UP_MS, GOAL_MS / 2),
            done: Scrubbed { began_at_ms: wall_ms, ..Scrubbed::default() },
        });
        self.kept.since_began_ms = Some(0);
        self.kept.stopped = false;
    }

    /// The last chunk that the pass looked at.
    #[must_use]
    pub fn position(&self) -> Option<Key> {
        Some(self.kept.pass.as_ref()?.position?.0)
    }

    /// The pass has looked at a chunk; of one that was deleted meanwhile `bytes` is none.
    pub fn looked_at(&mut self, key: Key, bytes: Option<u32>, is_damaged: bool) {
        let Some(pass) = &mut self.kept.pass else { return };
        pass.position = Some(Position(key));
        if let Some(bytes) = bytes {
            pass.done.chunks += 1;
            pass.done.bytes += u64::from(bytes);
            pass.done.damaged += u64::from(is_damaged);
        }
    }

    /// The pass has looked at every chunk.
    pub fn end(&mut self, wall_ms: u64) {
        self.over(wall_ms, true);
        self.kept.since_whole_ms = self.kept.since_began_ms;
    }

    fn over(&mut self, wall_ms: u64, whole: bool) {
        if let Some(pass) = self.kept.pass.take() {
            self.kept.last = Some(Scrubbed { ended_at_ms: wall_ms, whole, ..pass.done });
        }
    }

    /// Bytes a second at which the pass has to go, when all chunks together cost so much: as configured, or more if that
    /// ends too late.
    #[must_use]
    pub fn bytes_per_s(&self, cost: u64) -> u64 {
        let Some(pass) = &self.kept.pass else { return self.terms.bytes_per_s };
        let left_ms = pass.budget_ms.saturating_sub(self.kept.since_began_ms.unwrap_or(0)).max(HASTE_MS);
        let needed = u128::from(left(pass, cost)) * 1000 / u128::from(left_ms);
        self.terms.bytes_per_s.max(u64::try_from(needed).unwrap_or(u64::MAX))
    }

    /// Does as ordered; whether that changed anything.
    pub fn order(&mut self, order: Order, wall_ms: u64) -> bool {
        let was = self.kept.clone();
        match order {
            Order::Start => {
                self.kept.paused = false;
                match self.kept.pass {
                    Some(_) if was.paused => self.allow_catching_up(),
                    Some(_) => {}
                    None => self.begin(wall_ms),
                }
            }
            Order::Pause => self.kept.paused = true,
            Order::Resume if was.paused => {
                self.kept.paused = false;
                self.allow_catching_up();
            }
            Order::Resume => {}
            Order::Stop => {
                self.kept.paused = false;
                self.kept.stopped |= self.kept.pass.is_some();
                self.over(wall_ms, false);
            }
        }
        was != self.kept
    }

    /// A pass that stood still is not to make up for it in an hour.
    fn allow_catching_up(&mut self) {
        if let (Some(pass), Some(since_began)) = (&mut self.kept.pass, self.kept.since_began_ms) {
            pass.budget_ms = pass.budget_ms.max(since_began.saturating_add(CATCH_UP_MS));
        }
    }
}

/// What is left of the cost: names are hashes, so keys lie evenly.
fn left(pass: &Pass, cost: u64) -> u64 {
    let done = pass.position.map_or(0, |position| position.0.hash.leading_u64());
    let left = (u128::from(cost) * u128::from(u64::MAX - done)) >> 64;
    u64::try_from(left).unwrap_or(cost)
}

fn ms_for(bytes: u64, bytes_per_s: u64) -> u64 {
    u64::try_from(u128::from(bytes) * 1000 / u128::from(bytes_per_s.max(1))).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CHUNKS: u64 = 64;

    /// A directory whose chunks all cost the same and lie evenly, and how long ago each was checked or written.
    struct World {
        scrub: Scrub,
        now: Duration,
        cost: u64,
        unspent: u64,
        unchecked_ms: Vec<u64>,
        passes: u64,
    }

    fn key(no: u64) -> Key {
        let mut hash = Hash([0; 32]);
        hash.0[..8].copy_from_slice(&(u64::MAX / CHUNKS * no).to_be_bytes());
        Key { hash, asset: AssetId(1) }
    }

    fn terms(interval_ms: u64, bytes_per_s: u64) -> ScrubTerms {
        ScrubTerms { interval_ms, bytes_per_s }
    }

    impl World {
        fn new(terms: ScrubTerms, cost: u64) -> Self {
            let scrub = Scrub::new(terms, Kept::default(), 0);
            let unchecked_ms = vec![0; usize::try_from(CHUNKS).expect("few")];
            Self { scrub, now: Duration::ZERO, cost, unspent: 0, unchecked_ms, passes: 0 }
        }

        /// The daemon for `ms`, at whatever rate the schedule asks for.
        fn run(&mut self, ms: u64) {
            self.now += Duration::from_millis(ms);
            self.scrub.tick(self.now);
            self.unchecked_ms.iter_mut().for_each(|since| *since += ms);
            if self.scrub.due_in_ms(self.cost) == Some(0) {
                self.scrub.begin(0);
                self.passes += 1;
            }
            self.unspent += self.scrub.bytes_per_s(self.cost).saturating_mul(ms) / 1000;
            while self.scrub.state() == State::Running {
                let next = self.scrub.position().map_or(0, |key| key.hash.leading_u64() / (u64::MAX / CHUNKS) + 1);
                if next == CHUNKS {
                    self.scrub.end(0);
                } else if let Some(unspent) = self.unspent.checked_sub(self.cost / CHUNKS) {
                    self.unspent = unspent;
                    self.scrub.looked_at(key(next), Some(1), false);
                    self.unchecked_ms[usize::try_from(next).expect("few")] = 0;
                } else {
                    return;
                }
            }
            self.unspent = 0;
        }

        /// The process ends and starts again; the wall clock says that it was away for so long.
        fn restart(&mut self, away_ms: u64) {
            self.scrub = Scrub::new(self.scrub.terms, self.scrub.kept.clone(), away_ms);
            self.now = Duration::ZERO;
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_chunk_is_checked_within_thirty_days(
            interval_hours in 1u64..=720,
            cost in (1u64 << 20)..(1 << 45),
            pass_hours in 1u64..5_000,
        ) {
            let bytes_per_s = (cost / (pass_hours * 3600)).max(1);
            let mut world = World::new(terms(interval_hours * 3_600_000, bytes_per_s), cost);
            for hour in 0..150 * 24 {
                world.run(3_600_000);
                let longest = world.unchecked_ms.iter().max().copied().unwrap_or(0);
                prop_assert!(longest <= CHECKED_WITHIN_MS, "{} h at hour {}", longest / 3_600_000, hour);
            }
            // those that begin early take twelve days themselves
            prop_assert!(world.passes <= 150 * 24 / interval_hours.min(12 * 24) + 2, "{} passes", world.passes);
        }

        #[test]
        fn restarts_and_wrong_clocks_lose_no_position_and_repeat_no_pass(
            lives in prop::collection::vec((1u64..200, prop_oneof![Just(0), 0u64..100_000_000, Just(u64::MAX)]), 1..40),
        ) {
            let interval_ms = 14 * DAY_MS;
            let mut world = World::new(terms(interval_ms, 1 << 20), 1 << 38);
            let (mut up_ms, mut away_ms) = (0, 0);
            for (hours, away) in &lives {
                for _ in 0..*hours {
                    world.run(3_600_000);
                    up_ms += 3_600_000;
                }
                let position = world.scrub.position();
                world.restart(*away);
                prop_assert_eq!(world.scrub.position(), position);
                away_ms += (*away).min(interval_ms);
            }
            prop_assert!(world.passes <= 1 + (up_ms + away_ms) / interval_ms);
            // and a clock that stood far in the future does not keep passes away either
            let before = world.passes;
            for _ in 0..15 * 24 {
                world.run(3_600_000);
            }
            prop_assert!(world.passes > before);
        }
    }

    #[test]
    fn a_rate_too_low_for_thirty_days_is_raised_and_a_good_one_kept() {
        let mut scrub = Scrub::new(terms(14 * DAY_MS, 1_000_000), Kept::default(), 0);
        scrub.begin(0);
        assert_eq!(scrub.bytes_per_s(1_000_000 * DAY_MS / 1000), 1_000_000);
        let raised = scrub.bytes_per_s(28 * 1_000_000 * DAY_MS / 1000);
        assert!((1_990_000..=2_000_000).contains(&raised), "{raised}");
    }

    #[test]
    fn orders_do_what_they_say() {
        let mut scrub = Scrub::new(terms(14 * DAY_MS, 1_000), Kept::default(), 0);
        assert_eq!((scrub.state(), scrub.due_in_ms(0)), (State::Idle, Some(0)));
        assert!(scrub.order(Order::Start, 5) && !scrub.order(Order::Start, 6));
        scrub.looked_at(key(0), Some(7), true);
        assert!(scrub.order(Order::Pause, 7) && !scrub.order(Order::Pause, 8));
        let mut scrub = Scrub::new(scrub.terms, scrub.kept.clone(), u64::MAX);
        assert_eq!((scrub.state(), scrub.due_in_ms(0), scrub.position()), (State::Paused, None, Some(key(0))));
        assert!(scrub.order(Order::Resume, 9) && !scrub.order(Order::Resume, 9));
        assert_eq!(scrub.pass().map(|pass| (pass.chunks, pass.bytes, pass.damaged)), Some((1, 7, 1)));
        assert!(scrub.order(Order::Stop, 10) && !scrub.order(Order::Stop, 11));
        assert_eq!((scrub.state(), scrub.last().map(|last| last.whole)), (State::Stopped, Some(false)));
        assert!(scrub.order(Order::Start, 12));
        scrub.end(13);
        let last = scrub.last().expect("a pass has ended");
        assert_eq!((scrub.state(), last.began_at_ms, last.ended_at_ms, last.whole), (State::Idle, 12, 13, true));
        assert_eq!(scrub.due_in_ms(0), Some(14 * DAY_MS));
    }

    #[test]
    fn positions_read_back() {
        let position = Position(key(9));
        assert_eq!(position.to_string().parse(), Ok(position));
        assert!("x.1".parse::<Position>().is_err() && format!("{}", key(9).hash).parse::<Position>().is_err());
    }
}
