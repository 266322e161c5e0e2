//! When superblocks are looked through for garbage, and what became of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::job::{Order, State, passed_ms};

/// How often superblocks are looked through.
const PLAN_INTERVAL: Duration = Duration::from_secs(60);
/// How long compaction leaves off by itself after it was stopped, in milliseconds.
pub const COMPACT_REST_MS: u64 = 3_600_000;

/// How compaction is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompactTerms {
    /// A superblock with at least this much to gain is compacted without being asked.
    pub garbage_percent: u8,
}

/// One run: from the first superblock found worth it to the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compacted {
    pub began_at_ms: u64,
    /// 0 while it runs.
    pub ended_at_ms: u64,
    pub garbage_percent: u8,
    /// Superblocks that were emptied and removed.
    pub superblocks: u64,
    pub moved_bytes: u64,
    pub freed_bytes: u64,
    /// Whether it came to its end by itself.
    pub whole: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    paused: bool,
    /// What is left of the rest after a stop.
    rest_ms: u64,
    run: Option<Compacted>,
    last: Option<Compacted>,
}

/// The compaction of one data directory.
#[derive(Clone, Debug)]
pub struct Compact {
    terms: CompactTerms,
    kept: Kept,
    ticked: Duration,
    /// Not before this.
    plan_at: Duration,
}

impl Compact {
    pub(super) fn new(terms: CompactTerms, mut kept: Kept, away_ms: u64) -> Self {
        kept.rest_ms = kept.rest_ms.min(COMPACT_REST_MS).saturating_sub(away_ms);
        Self { terms, kept, ticked: Duration::ZERO, plan_at: Duration::ZERO }
    }

    pub(super) fn kept(&self) -> &Kept {
        &self.kept
    }

    #[must_use]
    pub fn state(&self) -> State {
        match &self.kept {
            kept if kept.paused => State::Paused,
            kept if kept.run.is_some() => State::Running,
            kept if kept.rest_ms > 0 => State::Stopped,
            _ => State::Idle,
        }
    }

    #[must_use]
    pub fn run(&self) -> Option<&Compacted> {
        self.kept.run.as_ref()
    }

    #[must_use]
    pub fn last(&self) -> Option<&Compacted> {
        self.kept.last.as_ref()
    }

    pub fn tick(&mut self, now: Duration) {
        self.kept.rest_ms = self.kept.rest_ms.saturating_sub(passed_ms(&mut self.ticked, now));
    }

    /// How long until superblocks are looked through again; none while nothing may begin.
    #[must_use]
    pub fn plan_in(&self, now: Duration) -> Option<Duration> {
        let rest = Duration::from_millis(self.kept.rest_ms);
        (!self.kept.paused).then(|| self.plan_at.saturating_sub(now).max(rest))
    }

    /// With how much to gain a superblock is worth it now.
    #[must_use]
    pub fn garbage_percent(&self) -> u8 {
        self.kept.run.as_ref().map_or(self.terms.garbage_percent, |run| run.garbage_percent)
    }

    /// A superblock is being compacted.
    pub fn found(&mut self, wall_ms: u64) {
        let garbage_percent = self.terms.garbage_percent;
        self.kept.run.get_or_insert_with(|| Compacted::new(wall_ms, garbage_percent));
    }

    /// No superblock is worth it: the run is over.
    pub fn found_none(&mut self, now: Duration, wall_ms: u64) {
        self.plan_at = now + PLAN_INTERVAL;
        self.end(wall_ms, true);
    }

    /// It cannot go on now, because of the disk or its writer: the run goes on later.
    pub fn hold(&mut self, now: Duration) {
        self.plan_at = now + PLAN_INTERVAL;
    }

    pub fn moved(&mut self, bytes: u64) {
        if let Some(run) = &mut self.kept.run {
            run.moved_bytes += bytes;
        }
    }

    pub fn retired(&mut self, freed_bytes: u64) {
        if let Some(run) = &mut self.kept.run {
            run.superblocks += 1;
            run.freed_bytes += freed_bytes;
        }
    }

    /// Does as ordered; whether that changed anything. `garbage_percent` is for a start.
    pub fn order(&mut self, order: Order, garbage_percent: Option<u8>, wall_ms: u64) -> bool {
        let was = self.kept.clone();
        match order {
            Order::Start => {
                (self.kept.paused, self.kept.rest_ms, self.plan_at) = (false, 0, Duration::ZERO);
                let percent = garbage_percent.unwrap_or(self.terms.garbage_percent);
                self.kept.run.get_or_insert_with(|| Compacted::new(wall_ms, percent)).garbage_percent = percent;
            }
            Order::Pause => self.kept.paused = true,
            Order::Resume => self.kept.paused = false,
            Order::Stop if self.kept.run.is_some() || self.kept.paused => {
                (self.kept.paused, self.kept.rest_ms) = (false, COMPACT_REST_MS);
                self.end(wall_ms, false);
            }
            Order::Stop => {}
        }
        was != self.kept
    }

    /// How long it still leaves off after a stop.
    #[must_use]
    pub fn rest_ms(&self) -> u64 {
        self.kept.rest_ms
    }

    fn end(&mut self, wall_ms: u64, whole: bool) {
        if let Some(run) = self.kept.run.take() {
            self.kept.last = Some(Compacted { ended_at_ms: wall_ms, whole, ..run });
        }
    }
}

impl Compacted {
    fn new(began_at_ms: u64, garbage_percent: u8) -> Self {
        Self {
            began_at_ms,
            ended_at_ms: 0,
            garbage_percent,
            superblocks: 0,
            moved_bytes: 0,
            freed_bytes: 0,
            whole: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: CompactTerms = CompactTerms { garbage_percent: 25 };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn it_looks_once_a_minute_and_runs_until_there_is_nothing_to_gain() {
        let mut compact = Compact::new(TERMS, Kept::default(), 0);
        assert_eq!(compact.plan_in(at(0)), Some(Duration::ZERO));
        compact.found_none(at(0), 1);
        assert_eq!((compact.plan_in(at(1)), compact.state()), (Some(at(59)), State::Idle));
        compact.found(2);
        compact.moved(10);
        compact.retired(30);
        assert_eq!((compact.state(), compact.plan_in(at(60))), (State::Running, Some(Duration::ZERO)));
        compact.found_none(at(61), 3);
        let last = compact.last().expect("a run has ended");
        assert_eq!((last.superblocks, last.moved_bytes, last.freed_bytes, last.whole), (1, 10, 30, true));
    }

    #[test]
    fn a_pause_outlives_the_process_and_a_stop_rests_for_an_hour() {
        let mut compact = Compact::new(TERMS, Kept::default(), 0);
        assert!(compact.order(Order::Start, Some(5), 1));
        assert!(!compact.order(Order::Start, Some(5), 2), "it runs already");
        assert_eq!((compact.state(), compact.garbage_percent()), (State::Running, 5));
        assert!(compact.order(Order::Pause, None, 3));
        let mut compact = Compact::new(TERMS, compact.kept().clone(), u64::MAX);
        assert_eq!((compact.state(), compact.plan_in(at(0))), (State::Paused, None));
        assert!(compact.order(Order::Resume, None, 4));
        assert_eq!((compact.state(), compact.garbage_percent()), (State::Running, 5));
        assert!(compact.order(Order::Stop, None, 5) && !compact.order(Order::Stop, None, 6));
        assert_eq!((compact.state(), compact.plan_in(at(0))), (State::Stopped, Some(at(3600))));
        compact.tick(at(3599));
        let mut compact = Compact::new(TERMS, compact.kept().clone(), 0);
        assert_eq!(compact.plan_in(at(0)), Some(at(1)));
        compact.tick(at(1));
        assert_eq!((compact.state(), compact.plan_in(at(1))), (State::Idle, Some(Duration::ZERO)));
    }
}
