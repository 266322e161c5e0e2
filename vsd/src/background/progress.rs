//! How far the work is, for people and for the next leader.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use vs_core::id::{JobId, NodeId};

/// Over which span the rate is measured.
const SPAN: Duration = Duration::from_secs(10);

/// How redundancy stands, as the node that leads knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RepairStatus {
    /// `idle`, `running`, `paused` or `waiting`.
    pub(crate) state: &'static str,
    pub(crate) leader: NodeId,
    /// Data chunks, as of the last pass.
    pub(crate) chunks_healthy: u64,
    pub(crate) chunks_degraded: u64,
    pub(crate) chunks_missing: u64,
    pub(crate) last_pass_at_ms: Option<u64>,
    /// Of the job that runs or is paused.
    pub(crate) chunks_total: u64,
    pub(crate) chunks_done: u64,
    pub(crate) bytes_total: u64,
    pub(crate) bytes_done: u64,
    pub(crate) bytes_per_s: Option<u64>,
    pub(crate) bytes_per_s_max: u64,
    pub(crate) eta_ms: Option<u64>,
    pub(crate) waiting: Vec<String>,
    pub(crate) job: Option<JobId>,
}

/// What an operator asks of the executor of this process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Orders {
    /// Look now rather than when it is its turn.
    pub(crate) look: std::sync::Arc<tokio::sync::Notify>,
}

/// Bytes written a second, over the last seconds of work.
#[derive(Clone, Debug, Default)]
pub(super) struct Rate {
    written: VecDeque<(Instant, u64)>,
}

impl Rate {
    pub(super) fn add(&mut self, now: Instant, bytes: u64) {
        self.written.push_back((now, bytes));
        self.forget(now);
    }

    fn forget(&mut self, now: Instant) {
        while self.written.front().is_some_and(|(at, _)| now.duration_since(*at) > SPAN) {
            self.written.pop_front();
        }
    }

    /// None when too little was written to tell.
    pub(super) fn bytes_per_s(&mut self, now: Instant) -> Option<u64> {
        self.forget(now);
        let (first, _) = self.written.front()?;
        let ms = u64::try_from(now.duration_since(*first).as_millis()).unwrap_or(u64::MAX);
        let bytes: u64 = self.written.iter().map(|(_, bytes)| bytes).sum();
        (ms >= 500).then(|| bytes.saturating_mul(1_000) / ms)
    }
}
