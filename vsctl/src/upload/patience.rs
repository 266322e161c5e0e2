//! How long an upload waits for a daemon that went away: as long as it came back and something moved within the last minute.

use std::time::{Duration, Instant};

use tracing::info;
use vs_core::error::{Code, Failure};

/// Without progress for this long, nobody is coming back.
const GIVE_UP_AFTER: Duration = Duration::from_secs(60);
const BACKOFF_FIRST: Duration = Duration::from_millis(200);
const BACKOFF_MAX: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(super) struct Patience {
    moved: Instant,
    backoff: Duration,
    limit: Duration,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self { moved: Instant::now(), backoff: BACKOFF_FIRST, limit: GIVE_UP_AFTER }
    }

    /// Something moved.
    pub(super) fn renew(&mut self) {
        *self = Self { limit: self.limit, ..Self::new() };
    }

    /// Waits before another attempt, longer each time.
    ///
    /// # Errors
    /// The failure itself when another attempt cannot help, or `Unreachable` when the patience is over.
    pub(super) async fn wait(&mut self, failure: Failure) -> Result<(), Failure> {
        if !failure.code.retryable() {
            return Err(failure);
        }
        if self.moved.elapsed() >= self.limit {
            let waited = vs_core::unit::human_duration(self.limit);
            let code = if failure.code == Code::NoQuorum { Code::NoQuorum } else { Code::Unreachable };
            let mut given_up = Failure::new(code, format!("no progress for {waited}")).because(&failure.what);
            given_up.why.extend(failure.why);
            return Err(given_up);
        }
        info!(code = failure.code.name(), what = failure.what, "trying again");
        tokio::time::sleep(self.backoff).await;
        self.backoff = (self.backoff * 2).min(BACKOFF_MAX);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_may_pass_is_waited_for_and_not_for_ever() {
        let mut patience = Patience::new();
        let gone = || Failure::new(Code::Unreachable, "gone");
        assert!(patience.wait(gone()).await.is_ok());
        let refused = Failure::new(Code::MediaRejected, "no film");
        assert_eq!(patience.wait(refused.clone()).await, Err(refused));
        patience.limit = Duration::ZERO;
        let given_up = patience.wait(gone()).await.unwrap_err();
        assert_eq!((given_up.code, given_up.why.as_slice()), (Code::Unreachable, ["gone".to_owned()].as_slice()));
    }
}
