//! What scrubbing and compacting have in common: orders, states, and how fast they go.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What an operator can ask of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Now rather than when it is due. Lifts a pause.
    Start,
    /// Do nothing until resumed or started, whatever is due.
    Pause,
    Resume,
    /// End what is under way; the next begins when it is due.
    Stop,
}

/// What a job is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing is due.
    Idle,
    Running,
    Paused,
    /// As idle, but the last run was ended by its operator.
    Stopped,
}

/// Whole milliseconds since `ticked`, which moves on by as many; none when the clock goes backwards.
pub(super) fn passed_ms(ticked: &mut Duration, now: Duration) -> u64 {
    let ms = u64::try_from(now.saturating_sub(*ticked).as_millis()).unwrap_or(u64::MAX);
    *ticked += Duration::from_millis(ms);
    ms
}

/// A window this long makes one measurement.
const WINDOW: Duration = Duration::from_secs(2);
/// When a window lasts this long, it alone counts: what was before tells nothing about a job that hangs.
const STALL: Duration = Duration::from_secs(10);
/// Weight of the newest measurement, in percent.
const ALPHA_PERCENT: u64 = 30;

/// How many bytes a second a job really does, over the last seconds.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    window: Option<Window>,
    bytes_per_s: Option<u64>,
}

#[derive(Clone, Debug)]
struct Window {
    since: Duration,
    bytes: u64,
}

impl Meter {
    /// Forgets what was measured: the job begins, or goes on after it stood still on purpose.
    pub fn restart(&mut self, now: Duration) {
        *self = Self { window: Some(Window { since: now, bytes: 0 }), bytes_per_s: None };
    }

    pub fn add(&mut self, now: Duration, bytes: u64) {
        let window = self.window.get_or_insert(Window { since: now, bytes: 0 });
        window.bytes += bytes;
        let elapsed = now.saturating_sub(window.since);
        if elapsed >= WINDOW {
            let fresh = per_second(window.bytes, elapsed);
            let blend = |known: u64| (known * (100 - ALPHA_PERCENT) + fresh * ALPHA_PERCENT) / 100;
            self.bytes_per_s = Some(self.bytes_per_s.map_or(fresh, blend));
            self.window = Some(Window { since: now, bytes: 0 });
        }
    }

    /// Bytes a second; none before the first measurement.
    #[must_use]
    pub fn bytes_per_s(&self, now: Duration) -> Option<u64> {
        match &self.window {
            Some(window) if now.saturating_sub(window.since) >= STALL => {
                Some(per_second(window.bytes, now.saturating_sub(window.since)))
            }
            _ => self.bytes_per_s,
        }
    }

    /// How long `bytes` will take at that speed; none when it is unknown or stands still.
    #[must_use]
    pub fn eta(&self, now: Duration, bytes: u64) -> Option<Duration> {
        let rate = self.bytes_per_s(now).filter(|rate| *rate > 0)?;
        Some(Duration::from_secs(bytes.div_ceil(rate)))
    }
}

fn per_second(bytes: u64, elapsed: Duration) -> u64 {
    let per_second = u128::from(bytes) * 1000 / elapsed.as_millis().max(1);
    u64::try_from(per_second).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meter_follows_what_is_done_and_notices_a_standstill() {
        let at = Duration::from_millis;
        let mut meter = Meter::default();
        meter.restart(at(0));
        assert_eq!((meter.bytes_per_s(at(500)), meter.eta(at(500), 1)), (None, None));
        for tenth in 1..=600 {
            meter.add(at(tenth * 100), 1_000);
        }
        assert_eq!(meter.bytes_per_s(at(60_000)), Some(10_000));
        assert_eq!(meter.eta(at(60_000), 25_000), Some(Duration::from_secs(3)));
        assert_eq!((meter.bytes_per_s(at(90_000)), meter.eta(at(90_000), 1)), (Some(0), None));
        meter.restart(at(90_000));
        assert_eq!(meter.bytes_per_s(at(90_000)), None);
    }
}
