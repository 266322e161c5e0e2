//! The way between operators and the executor. Both ends are plain values, so that neither waits for the other: the status
//! is always there to be read, and an order is heard when the executor comes to it.
//!
//! Only the leader's executor does anything. That of another node stays idle, and whoever is asked there asks the
//! leader.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use vs_core::error::{Code, Failure};
use vsd_core::background::{Order, Repairer, Status};

use crate::shell::Daemon;

/// How long an order may wait until the executor has heard it.
const HEARD_WITHIN: Duration = Duration::from_secs(5);
/// Orders that wait to be heard.
const ORDERS_MAX: usize = 16;

/// An order on its way. Whoever took it in says so by `heard`, once the status shows it.
#[derive(Debug)]
struct Ordered {
    order: Order,
    heard: oneshot::Sender<Result<(), Failure>>,
}

/// The end of those who ask.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    executor: Arc<Repairer<Daemon>>,
    orders: mpsc::Sender<Ordered>,
}

/// Has the executor work until it is stopped.
pub(crate) fn start(daemon: Daemon, stop: CancellationToken) -> (Desk, JoinHandle<()>) {
    let executor = Arc::new(Repairer::new(daemon));
    let (order, orders) = mpsc::channel(ORDERS_MAX);
    let desk = Desk { executor: Arc::clone(&executor), orders: order };
    let work = async move {
        let work = async { tokio::join!(executor.run(), hear(&executor, orders)) };
        stop.run_until_cancelled(work).await;
    };
    (desk, tokio::spawn(work))
}

async fn hear(executor: &Repairer<Daemon>, mut orders: mpsc::Receiver<Ordered>) {
    while let Some(Ordered { order, heard }) = orders.recv().await {
        // whoever has gone does not want to know
        let _ = heard.send(executor.obey(order).await);
    }
}

impl Desk {
    pub(crate) fn status(&self) -> Status {
        self.executor.status()
    }

    /// Returns once the executor has heard it.
    pub(crate) async fn order(&self, order: Order) -> Result<(), Failure> {
        let (heard, was_heard) = oneshot::channel();
        let busy =
            || Failure::new(Code::Busy, "the executor does not listen now; the same request may succeed in a moment");
        self.orders.try_send(Ordered { order, heard }).map_err(|_| busy())?;
        match timeout(HEARD_WITHIN, was_heard).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }
}
