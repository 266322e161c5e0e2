//! The cluster's state for the dashboard: a stream that is reopened for ever. Playback never depends on it.

use std::time::{Duration, Instant};

use tokio::sync::watch;
use vs_client::Client;
use vs_wire::v1::{ClusterState, ClusterWatchRequest};

/// Wait before the stream is opened again.
const REOPEN_WAIT: Duration = Duration::from_secs(1);

/// The latest state heard, and when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    pub(crate) state: Option<ClusterState>,
    pub(crate) at: Option<Instant>,
}

/// Follows the cluster's state until nobody listens.
pub(crate) fn watch(client: Client) -> watch::Receiver<Heard> {
    let (tell, heard) = watch::channel(Heard::default());
    tokio::spawn(async move {
        while !tell.is_closed() {
            if let Ok(answer) = client.cluster().watch(ClusterWatchRequest {}).await {
                let mut stream = answer.into_inner();
                while let Ok(Some(state)) = stream.message().await {
                    if tell.send(Heard { state: Some(state), at: Some(Instant::now()) }).is_err() {
                        return;
                    }
                }
            }
            tokio::time::sleep(REOPEN_WAIT).await;
        }
    });
    heard
}
