//! The position, and the account of how smoothly it moved.
//!
//! Invariants:
//! - The position never passes what is buffered on every track.
//! - It stands still while paused, starting or rebuffering, and over time in which the process itself did not run.
//! - Waiting after a seek is not a rebuffering: it was asked for.

use std::time::Duration;

use crate::settings::STEP_MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before the first picture, or after a seek.
    Starting,
    Playing,
    Rebuffering,
    Ended,
}

/// How far playback may go.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Everything before this is buffered on every track.
    pub buffered_to: Duration,
    /// Where the film ends.
    pub end: Duration,
}

#[derive(Clone, Debug)]
pub struct PlayClock {
    phase: Phase,
    paused: bool,
    position: Duration,
    last: Duration,
    started: bool,
    stalled: Duration,
    account: Account,
}

/// What playing was like so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Account {
    pub rebuffer_count: u64,
    pub rebuffer: Duration,
    pub played: Duration,
    /// Time spent playing, and the integral of the buffer over it in s².
    playing: Duration,
    buffer_s2: f64,
}

impl Account {
    /// Mean buffer while playing, by time.
    #[must_use]
    pub fn avg_buffer(&self) -> Duration {
        let mean = self.buffer_s2 / self.playing.as_secs_f64();
        Duration::try_from_secs_f64(mean).unwrap_or(Duration::ZERO)
    }
}

impl PlayClock {
    #[must_use]
    pub fn new(position: Duration) -> Self {
        Self {
            phase: Phase::Starting,
            paused: false,
            position,
            last: Duration::ZERO,
            started: false,
            stalled: Duration::ZERO,
            account: Account::default(),
        }
    }

    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    #[must_use]
    pub fn position(&self) -> Duration {
        self.position
    }

    /// Whether anything was played yet.
    #[must_use]
    pub fn has_started(&self) -> bool {
        self.started
    }

    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Time passes. True when the buffer ran empty.
    pub fn advance(&mut self, now: Duration, bounds: Bounds) -> bool {
        let elapsed = now.saturating_sub(self.last).min(STEP_MAX);
        self.last = self.last.max(now);
        match self.phase {
            Phase::Rebuffering if !self.paused => self.stall(elapsed),
            Phase::Playing if !self.paused => return self.play(elapsed, bounds),
            _ => {}
        }
        false
    }

    fn play(&mut self, elapsed: Duration, bounds: Bounds) -> bool {
        let limit = bounds.buffered_to.min(bounds.end).max(self.position);
        let played = elapsed.min(limit - self.position);
        let buffer_before = bounds.buffered_to.min(bounds.end).saturating_sub(self.position);
        let mean = buffer_before.saturating_sub(played / 2).as_secs_f64();
        self.account.buffer_s2 += mean * played.as_secs_f64();
        self.account.playing += played;
        self.account.played += played;
        self.position += played;
        let empty = played < elapsed && self.position < bounds.end;
        if empty {
            self.phase = Phase::Rebuffering;
            self.account.rebuffer_count += 1;
            self.stalled = Duration::ZERO;
            self.stall(elapsed - played);
        }
        empty
    }

    fn stall(&mut self, elapsed: Duration) {
        self.stalled += elapsed;
        self.account.rebuffer += elapsed;
    }

    /// Begins or goes on playing; gives the length of the stall that ended.
    pub fn go(&mut self) -> Duration {
        self.phase = Phase::Playing;
        self.started = true;
        std::mem::take(&mut self.stalled)
    }

    /// Without real time the position is wherever the outputs are.
    pub fn follow(&mut self, position: Duration) {
        if position > self.position {
            self.account.played += position - self.position;
            self.position = position;
        }
    }

    pub fn seek(&mut self, position: Duration) {
        self.position = position;
        self.phase = Phase::Starting;
        self.stalled = Duration::ZERO;
    }

    pub fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    pub fn end(&mut self) {
        self.phase = Phase::Ended;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    fn run(clock: &mut PlayClock, from_s: u64, to_s: u64, bounds: Bounds) -> bool {
        let step = |t: u64| clock.advance(Duration::from_millis(t * 100), bounds);
        (from_s * 10 + 1..=to_s * 10).map(step).filter(|empty| *empty).count() > 0
    }

    #[test]
    fn stalls_are_counted_to_the_millisecond_and_pauses_are_not() {
        let bounds = |buffered_to| Bounds { buffered_to: seconds(buffered_to), end: seconds(20) };
        let mut clock = PlayClock::new(Duration::ZERO);
        assert!(!run(&mut clock, 0, 2, bounds(5)));
        assert_eq!(clock.position(), seconds(0), "not started");
        clock.go();
        assert!(run(&mut clock, 2, 10, bounds(5)));
        assert_eq!((clock.phase(), clock.position()), (Phase::Rebuffering, seconds(5)));
        clock.pause(true);
        run(&mut clock, 10, 30, bounds(5));
        clock.pause(false);
        assert_eq!(clock.go(), seconds(3));
        assert!(!run(&mut clock, 30, 50, bounds(20)), "the film's end is not a stall");
        assert_eq!(clock.position(), seconds(20));
        let account = clock.account();
        assert_eq!((account.rebuffer_count, account.rebuffer, account.played), (1, seconds(3), seconds(20)));
        // 5 s falling to 0 over 5 s, then 15 s falling to 0 over 15 s.
        assert!((account.avg_buffer().as_secs_f64() - (12.5 + 112.5) / 20.0).abs() < 0.01);
    }

    #[test]
    fn a_stopped_process_plays_nothing() {
        let mut clock = PlayClock::new(Duration::ZERO);
        clock.go();
        clock.advance(seconds(3600), Bounds { buffered_to: seconds(9000), end: seconds(9000) });
        assert_eq!(clock.position(), STEP_MAX);
    }
}
