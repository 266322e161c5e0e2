//! `--bwlimit`: bytes a second over all uploads of one command together.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Mutex, time::Instant};
use vs_core::limit::APPEND_BYTES_MAX;

/// Hands out the right to send, evenly; cheap to clone, the limit is shared.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    bytes_per_s: Option<u64>,
    /// When the bytes granted so far will have been sent at the limit.
    busy_until: Arc<Mutex<Option<Instant>>>,
}

impl Pace {
    pub(crate) fn new(bytes_per_s: Option<u64>) -> Self {
        Self { bytes_per_s, busy_until: Arc::default() }
    }

    /// Largest piece worth sending: under a limit at most a quarter of a second's.
    pub(crate) fn piece_bytes(&self) -> usize {
        const SMALLEST: usize = 4 << 10;
        let quarter = self.bytes_per_s.and_then(|rate| usize::try_from(rate / 4).ok());
        quarter.map_or(APPEND_BYTES_MAX, |quarter| quarter.clamp(SMALLEST, APPEND_BYTES_MAX))
    }

    /// Waits until these bytes may be sent.
    pub(crate) async fn take(&self, bytes: usize) {
        let Some(rate) = self.bytes_per_s else { return };
        let begin = {
            let mut busy_until = self.busy_until.lock().await;
            let begin = busy_until.unwrap_or_else(Instant::now).max(Instant::now());
            let takes = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(1_000_000) / rate.max(1);
            *busy_until = Some(begin + Duration::from_micros(takes));
            begin
        };
        tokio::time::sleep_until(begin).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_limit_is_kept() {
        let pace = Pace::new(Some(1 << 20));
        assert_eq!(pace.piece_bytes(), 256 << 10);
        let started = Instant::now();
        for _ in 0..5 {
            pace.clone().take(64 << 10).await;
        }
        let took = started.elapsed();
        assert!(took >= Duration::from_millis(240), "{took:?}");
    }
}
