//! How fast bytes come, counting only the time in which some were awaited.

use std::{collections::VecDeque, time::Duration};

/// Length of one bucket of the recent past, and how many are remembered.
const BUCKET: Duration = Duration::from_millis(250);
const BUCKETS_MAX: usize = 20;
/// Bytes without which no rate is claimed.
const SAMPLE_BYTES_MIN: u64 = 32 << 10;

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    busy: Duration,
    bytes: u64,
}

/// Bytes over busy time: since the start, and over the last seconds.
#[derive(Clone, Debug, Default)]
pub struct Throughput {
    last: Duration,
    total: Bucket,
    recent: VecDeque<Bucket>,
}

impl Throughput {
    /// Time passes, with fetches in flight or without.
    pub fn advance(&mut self, now: Duration, busy: bool) {
        let elapsed = now.saturating_sub(self.last);
        self.last = now;
        if busy {
            self.total.busy += elapsed;
            self.bucket().busy += elapsed;
        }
    }

    pub fn received(&mut self, bytes: u64) {
        self.total.bytes += bytes;
        self.bucket().bytes += bytes;
    }

    fn bucket(&mut self) -> &mut Bucket {
        if self.recent.back().is_none_or(|bucket| bucket.busy >= BUCKET) {
            self.recent.push_back(Bucket::default());
            if self.recent.len() > BUCKETS_MAX {
                self.recent.pop_front();
            }
        }
        let last = self.recent.len() - 1;
        &mut self.recent[last]
    }

    /// Bit/s over the recent past; none before enough has come.
    #[must_use]
    pub fn recent_bps(&self) -> Option<f64> {
        let sum = self.recent.iter().fold(Bucket::default(), |sum, bucket| Bucket {
            busy: sum.busy + bucket.busy,
            bytes: sum.bytes + bucket.bytes,
        });
        (sum.bytes >= SAMPLE_BYTES_MIN).then(|| rate_bps(sum))
    }

    /// Mbit/s since the start; 0 when nothing came.
    #[must_use]
    pub fn mean_mbps(&self) -> f64 {
        if self.total.bytes == 0 { 0.0 } else { rate_bps(self.total) / 1e6 }
    }
}

#[allow(clippy::cast_precision_loss, reason = "a film is far below 2^52 bytes")]
fn rate_bps(bucket: Bucket) -> f64 {
    bucket.bytes as f64 * 8.0 / bucket.busy.as_secs_f64().max(1e-4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_does_not_count() {
        let mut throughput = Throughput::default();
        assert_eq!(throughput.recent_bps(), None);
        for second in 1..=20 {
            throughput.advance(Duration::from_secs(second), second % 2 == 0);
            if second % 2 == 0 {
                throughput.received(125_000);
            }
        }
        assert!((throughput.mean_mbps() - 1.0).abs() < 1e-6);
        assert!((throughput.recent_bps().expect("enough came") - 1e6).abs() < 1.0);
    }
}
