//! The cluster's state as it changes, told by whichever node can be reached: a stream that is opened again for ever.

use std::{ops::ControlFlow, time::Duration};

use tokio::time::{sleep, timeout};
use vs_core::error::{Code, Failure};
use vs_wire::{
    failure_from_status,
    v1::{ClusterState, ClusterWatchRequest},
};

use crate::{Client, Reach, channel::call};

/// A node tells something once a second; one that says nothing for this long is given up.
const SILENCE_MAX: Duration = Duration::from_secs(3);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Between two streams.
const REOPEN_WAIT: Duration = Duration::from_millis(250);

/// Tells every state until `tell` breaks off. A failure is told when a stream ends; the next is of another node where there is one.
pub async fn follow(reach: &Reach, mut tell: impl FnMut(Result<ClusterState, Failure>) -> ControlFlow<()>) {
    let mut failed: Option<String> = None;
    loop {
        let ended = match Client::connect(&in_turn(reach.endpoints(), failed.as_deref()), CONNECT_TIMEOUT).await {
            Ok(client) => {
                failed = Some(client.addr().to_owned());
                stream(&client, &mut tell).await
            }
            Err(failure) => ControlFlow::Continue(failure),
        };
        match ended {
            ControlFlow::Break(()) => return,
            ControlFlow::Continue(failure) => {
                if tell(Err(failure)).is_break() {
                    return;
                }
            }
        }
        sleep(REOPEN_WAIT).await;
    }
}

/// Tells what one node says, until it says no more.
async fn stream(
    client: &Client,
    tell: &mut impl FnMut(Result<ClusterState, Failure>) -> ControlFlow<()>,
) -> ControlFlow<(), Failure> {
    let mut states = match call(SILENCE_MAX, client.cluster().watch(ClusterWatchRequest {})).await {
        Ok(states) => states,
        Err(failure) => return ControlFlow::Continue(failure),
    };
    loop {
        let ended =
            |why: &str| Failure::new(Code::Unreachable, format!("{} tells no more", client.addr())).because(why);
        match timeout(SILENCE_MAX, states.message()).await {
            Ok(Ok(Some(state))) => tell(Ok(state))?,
            Ok(Ok(None)) => return ControlFlow::Continue(ended("it ended the stream")),
            Ok(Err(status)) => return ControlFlow::Continue(failure_from_status(&status)),
            Err(_) => return ControlFlow::Continue(ended("it fell silent")),
        }
    }
}

/// The node that failed last comes last.
fn in_turn(mut endpoints: Vec<String>, failed: Option<&str>) -> Vec<String> {
    if let Some(at) = endpoints.iter().position(|addr| Some(addr.as_str()) == failed) {
        endpoints.rotate_left(at + 1);
    }
    endpoints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_take_turns() {
        let all = || ["a", "b", "c"].map(str::to_owned).to_vec();
        assert_eq!(in_turn(all(), None), ["a", "b", "c"]);
        assert_eq!(in_turn(all(), Some("b")), ["c", "a", "b"]);
        assert_eq!(in_turn(all(), Some("x")), ["a", "b", "c"]);
    }
}
