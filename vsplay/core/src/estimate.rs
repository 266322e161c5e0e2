//! Whether playback, once started, would keep going.

use std::time::Duration;

/// Everything is assumed to take this much longer than measured: rates fluctuate.
const CAUTION: f64 = 1.3;

/// A chunk still to come.
#[derive(Clone, Copy, Debug)]
pub struct Upcoming {
    /// When it is needed, from the moment of starting.
    pub due: Duration,
    /// Bytes of it still to come.
    pub bytes: u64,
}

/// Whether all of `upcoming`, ordered by when they are due, would come in time at `rate_bps` with `concurrency` in
/// flight.
///
/// Fetches in flight share the rate, so a chunk may come as late as the last of those asked for beside it.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "a buffer is far below 2^52 bytes")]
pub fn keeps_going(upcoming: &[Upcoming], rate_bps: f64, concurrency: usize) -> bool {
    let mut sum = 0;
    let cumulative: Vec<u64> = upcoming
        .iter()
        .map(|chunk| {
            sum += chunk.bytes;
            sum
        })
        .collect();
    let beside = concurrency.saturating_sub(1);
    let in_time = |(at, chunk): (usize, &Upcoming)| {
        let bytes = cumulative[(at + beside).min(cumulative.len() - 1)];
        bytes as f64 * 8.0 / rate_bps.max(1.0) * CAUTION <= chunk.due.as_secs_f64()
    };
    upcoming.iter().enumerate().all(in_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(first_due_s: u64) -> Vec<Upcoming> {
        (0..10).map(|i| Upcoming { due: Duration::from_secs(first_due_s + 2 * i), bytes: 1_000_000 }).collect()
    }

    #[test]
    fn a_fast_source_starts_with_little_and_a_slow_one_does_not() {
        // The film needs 4 Mbit/s.
        assert!(keeps_going(&chunks(1), 100e6, 4));
        assert!(!keeps_going(&chunks(0), 100e6, 4), "what is due now must be there");
        assert!(!keeps_going(&chunks(1), 6e6, 4));
        assert!(keeps_going(&chunks(8), 6e6, 4));
        assert!(keeps_going(&chunks(2), 6e6, 1));
        assert!(!keeps_going(&chunks(8), 3e6, 4));
        assert!(keeps_going(&[], 0.0, 4));
    }
}
