//! What the executor tells of itself, and what operators tell it. Both ends are plain values, so that neither waits for
//! the other: the status is always there to be read, and an order is heard when the executor comes to it.
//!
//! Only the leader's executor does anything. That of another node stays idle, and whoever is asked there asks the
//! leader.

use std::{collections::BTreeMap, time::Duration};

use tokio::sync::{mpsc, oneshot, watch};
use vs_core::{
    error::{Code, Failure},
    id::{JobId, NodeId},
};
use vsd_core::plan::weights::Lack;

/// How long an order may wait until the executor has heard it.
const HEARD_WITHIN: Duration = Duration::from_secs(5);
/// Orders that wait to be heard.
const ORDERS_MAX: usize = 16;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum WorkState {
    #[default]
    Idle,
    Running,
    Paused,
    /// There is something to do that cannot be done now.
    Waiting,
}

impl WorkState {
    pub(crate) fn as_str(self) -> &'static str {
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
pub(crate) struct Progress {
    pub(crate) state: WorkState,
    /// The running job and how far it is.
    pub(crate) job: Option<JobId>,
    pub(crate) chunks_total: u64,
    pub(crate) chunks_done: u64,
    pub(crate) bytes_total: u64,
    pub(crate) bytes_done: u64,
    /// Measured over the last seconds.
    pub(crate) bytes_per_s: Option<u64>,
    pub(crate) eta: Option<Duration>,
    /// Why something waits, a line each: at most a screen of them.
    pub(crate) waiting: Vec<String>,
}

/// How the executor's work stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) repair: Progress,
    /// Of moves to the current layout, those that empty a node among them.
    pub(crate) moves: Progress,
    /// Data chunks, as the last full pass over all assets found them.
    pub(crate) chunks_healthy: u64,
    pub(crate) chunks_degraded: u64,
    pub(crate) chunks_missing: u64,
    /// What waits for room, by the node that is to have it.
    pub(crate) lacks: BTreeMap<NodeId, Lack>,
    /// Wall time of the end of that pass; none before the first one of this leader.
    pub(crate) last_pass_at_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Look through everything now. Lifts a pause; of moves a stop, too.
    Start(About),
    Pause(About),
    Resume(About),
    /// Nothing moves to the current layout until started.
    StopMoves,
}

/// What an order is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Repair,
    Moves,
}

/// An order on its way. Whoever took it in says so by `heard`, once the status shows it.
#[derive(Debug)]
pub(crate) struct Ordered {
    pub(crate) order: Order,
    pub(crate) heard: oneshot::Sender<Result<(), Failure>>,
}

/// The end of those who ask.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    status: watch::Receiver<Status>,
    orders: mpsc::Sender<Ordered>,
}

/// The executor's end.
#[derive(Debug)]
pub(crate) struct Reporter {
    pub(crate) status: watch::Sender<Status>,
    pub(crate) orders: mpsc::Receiver<Ordered>,
}

pub(crate) fn channel() -> (Reporter, Desk) {
    let (tell, status) = watch::channel(Status::default());
    let (order, orders) = mpsc::channel(ORDERS_MAX);
    (Reporter { status: tell, orders }, Desk { status, orders: order })
}

impl Desk {
    pub(crate) fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Returns once the executor has heard it.
    pub(crate) async fn order(&self, order: Order) -> Result<(), Failure> {
        let (heard, was_heard) = oneshot::channel();
        let busy =
            || Failure::new(Code::Busy, "the executor does not listen now; the same request may succeed in a moment");
        self.orders.try_send(Ordered { order, heard }).map_err(|_| busy())?;
        match tokio::time::timeout(HEARD_WITHIN, was_heard).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }
}
