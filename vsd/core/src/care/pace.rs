//! Bytes at a rate.

use std::time::Duration;

const NS: u128 = 1_000_000_000;

/// A bucket of bytes that fills at a rate. It may be overdrawn by one piece, which is then waited for, so that pieces
/// of any length pass.
///
/// Within any span of time no more is spent than the rate gives in it, one burst, and one piece.
#[derive(Clone, Debug)]
pub struct Pace {
    bytes_per_s: u64,
    burst_bytes: u64,
    /// When all that was spent is paid for, on the caller's clock.
    paid_at_ns: u128,
}

impl Pace {
    /// A rate of nothing is taken as one byte a second: waiting for ever is nobody's wish.
    #[must_use]
    pub fn new(bytes_per_s: u64, burst_bytes: u64) -> Self {
        Self { bytes_per_s: bytes_per_s.max(1), burst_bytes, paid_at_ns: 0 }
    }

    /// How long to wait before the next piece; nothing when it may go now.
    #[must_use]
    pub fn wait(&self, now: Duration) -> Duration {
        let ns = self.paid_at_ns.saturating_sub(now.as_nanos());
        Duration::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX))
    }

    pub fn spend(&mut self, now: Duration, bytes: u64) {
        let credit_from = now.as_nanos().saturating_sub(self.ns_of(self.burst_bytes));
        self.paid_at_ns = self.paid_at_ns.max(credit_from) + self.ns_of(bytes);
    }

    /// From now on another rate; what is owed is paid at that one.
    pub fn set_rate(&mut self, now: Duration, bytes_per_s: u64) {
        let bytes_per_s = bytes_per_s.max(1);
        if let Some(owed_ns) = self.paid_at_ns.checked_sub(now.as_nanos()) {
            self.paid_at_ns = now.as_nanos() + owed_ns * u128::from(self.bytes_per_s) / u128::from(bytes_per_s);
        }
        self.bytes_per_s = bytes_per_s;
    }

    fn ns_of(&self, bytes: u64) -> u128 {
        u128::from(bytes) * NS / u128::from(self.bytes_per_s)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_span_of_time_sees_more_than_its_rate_a_burst_and_a_piece(
            rate in 1_000u64..10_000_000,
            burst in 0u64..1_000_000,
            pieces in prop::collection::vec((1u64..2_000_000, 0u64..500), 1..60),
        ) {
            let mut pace = Pace::new(rate, burst);
            let mut now = Duration::from_secs(1_000);
            let mut spent = Vec::new();
            for (bytes, idle_ms) in pieces {
                now += pace.wait(now) + Duration::from_millis(idle_ms);
                prop_assert_eq!(pace.wait(now), Duration::ZERO);
                pace.spend(now, bytes);
                spent.push((now, bytes));
            }
            for (first, (from, _)) in spent.iter().enumerate() {
                let mut sum = 0;
                for (until, bytes) in &spent[first..] {
                    // the last piece is the one that may overdraw
                    let span_ns = (*until - *from).as_nanos();
                    prop_assert!(sum <= span_ns * u128::from(rate) / NS + u128::from(burst) + 60, "{} in {}", sum, span_ns);
                    sum += u128::from(*bytes);
                }
            }
        }

        #[test]
        fn a_busy_pace_gives_its_whole_rate(rate in 1_000u64..10_000_000, pieces in prop::collection::vec(1u64..2_000_000, 1..60)) {
            let (mut pace, began) = (Pace::new(rate, 0), Duration::from_secs(5));
            let mut now = began;
            for bytes in &pieces {
                pace.spend(now, *bytes);
                now += pace.wait(now);
            }
            let fair_ns = u128::from(pieces.iter().sum::<u64>()) * NS / u128::from(rate);
            prop_assert!((now - began).as_nanos() <= fair_ns);
        }
    }

    #[test]
    fn a_new_rate_holds_for_what_is_owed() {
        let mut pace = Pace::new(1_000, 0);
        pace.spend(Duration::ZERO, 60_000);
        pace.set_rate(Duration::from_secs(10), 10_000);
        assert_eq!(pace.wait(Duration::from_secs(10)), Duration::from_secs(5));
        pace.set_rate(Duration::from_secs(10), 0);
        assert_eq!(pace.wait(Duration::from_secs(10)), Duration::from_secs(50_000));
    }
}
