//! The cluster's state for the dashboard, from whichever node tells it. Playback never depends on it.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use tokio::sync::watch;
use vs_client::{Reach, follow::follow};
use vs_wire::v1::ClusterState;

/// The latest state heard, and when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    pub(crate) state: Option<ClusterState>,
    pub(crate) at: Option<Instant>,
}

impl Heard {
    /// How old the picture is: on its way here, and before it on the node that told it.
    pub(crate) fn age(&self) -> Option<Duration> {
        let told_old = self.state.as_ref().and_then(|state| state.age_ms).unwrap_or(0);
        Some(self.at?.elapsed() + Duration::from_millis(told_old))
    }
}

/// Follows the cluster's state until nobody listens.
pub(crate) fn watch(reach: Reach) -> watch::Receiver<Heard> {
    let (tell, heard) = watch::channel(Heard::default());
    tokio::spawn(async move {
        follow(&reach, |told| {
            if let Ok(state) = told {
                tell.send_replace(Heard { state: Some(state), at: Some(Instant::now()) });
            }
            if tell.is_closed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .await;
    });
    heard
}
