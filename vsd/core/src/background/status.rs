//! How the executor's work stands, and what operators may want of it.

use std::{collections::BTreeMap, time::Duration};

use vs_core::id::{JobId, NodeId};

use crate::plan::weights::Lack;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WorkState {
    #[default]
    Idle,
    Running,
    Paused,
    /// There is something to do that cannot be done now.
    Waiting,
}

impl WorkState {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Waiting => "waiting",
        }
    }
}

/// How far some work is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub state: WorkState,
    /// The running job and how far it is.
    pub job: Option<JobId>,
    pub chunks_total: u64,
    pub chunks_done: u64,
    pub bytes_total: u64,
    pub bytes_done: u64,
    /// Measured over the last seconds.
    pub bytes_per_s: Option<u64>,
    pub eta: Option<Duration>,
    /// Why something waits, a line each: at most a screen of them.
    pub waiting: Vec<String>,
}

/// How the executor's work stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    pub repair: Progress,
    /// Of moves to the current layout, those that empty a node among them.
    pub moves: Progress,
    /// Data chunks, as the last full pass over all assets found them.
    pub chunks_healthy: u64,
    pub chunks_degraded: u64,
    pub chunks_missing: u64,
    /// What waits for room, by the node that is to have it.
    pub lacks: BTreeMap<NodeId, Lack>,
    /// Wall time of the end of that pass; none before the first one of this leader.
    pub last_pass_at_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Look through everything now. Lifts a pause; of moves a stop, too.
    Start(About),
    Pause(About),
    Resume(About),
    /// Nothing moves to the current layout until started.
    StopMoves,
}

/// What an order is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    Repair,
    Moves,
}
