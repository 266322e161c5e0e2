//! How fast the work is, and may be.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::shell::Shell;
use crate::care::Pace;

/// Over which span the rate is measured.
const SPAN: Duration = Duration::from_secs(10);

/// How often it is looked whether the rate has changed, while something waits for its turn.
const RATE_LOOK: Duration = Duration::from_secs(1);

/// Bytes written a second, over the last seconds of work.
#[derive(Clone, Debug, Default)]
pub(super) struct Rate {
    written: VecDeque<(Duration, u64)>,
}

impl Rate {
    pub(super) fn add(&mut self, now: Duration, bytes: u64) {
        self.written.push_back((now, bytes));
        self.forget(now);
    }

    fn forget(&mut self, now: Duration) {
        while self.written.front().is_some_and(|(at, _)| now.saturating_sub(*at) > SPAN) {
            self.written.pop_front();
        }
    }

    /// None when too little was written to tell.
    pub(super) fn bytes_per_s(&mut self, now: Duration) -> Option<u64> {
        self.forget(now);
        let (first, _) = self.written.front()?;
        let ms = u64::try_from(now.saturating_sub(*first).as_millis()).unwrap_or(u64::MAX);
        let bytes: u64 = self.written.iter().map(|(_, bytes)| bytes).sum();
        (ms >= 500).then(|| bytes.saturating_mul(1_000) / ms)
    }
}

/// Leave to write, at a rate that all work of this process shares.
#[derive(Debug)]
pub(super) struct Turns {
    pace: Mutex<Pace>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { pace: Mutex::new(Pace::new(1, 0)) }
    }
}

impl Turns {
    /// Waits until so much may be written at this rate, which may change meanwhile.
    pub(super) async fn take(&self, shell: &impl Shell, bytes: u64, bytes_per_s: impl Fn() -> u64 + Send + Sync) {
        loop {
            let bytes_per_s = bytes_per_s();
            let wait = {
                let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
                let now = shell.now();
                pace.set_rate(now, bytes_per_s);
                let wait = pace.wait(now);
                if wait.is_zero() {
                    return pace.spend(now, bytes);
                }
                wait
            };
            shell.sleep(wait.min(RATE_LOOK)).await;
        }
    }
}
