//! Commands straight into the log of a running cluster, as one node forwards them to another, for `benches/cluster`:
//! one commit each, and films without their bytes.

use std::time::Duration;

use tokio::runtime::Handle;
use vs_core::{
    codec,
    error::{Code, Failure},
    id::{ClusterId, NodeId},
};
use vs_wire::v1::ProposeRequest;
use vsd_core::meta::{Command, Response};

use super::{
    peers::{Me, Peers},
    propose::{Answer, Forwarded},
};

/// As long as a node waits for the leader.
const TIMEOUT: Duration = super::propose::TIMEOUT;

/// Speaks to the members of a cluster as if it were one of them, over a connection of its own to each.
#[derive(Debug)]
pub struct Direct(Peers);

impl Direct {
    /// Of a cluster that was never recovered. The connections live on `threads`.
    pub fn new<'a>(cluster: ClusterId, members: impl IntoIterator<Item = (NodeId, &'a str)>, threads: Handle) -> Self {
        let peers = Peers::new(Me { cluster, incarnation: 0, node: NodeId(0) }, None, threads);
        members.into_iter().for_each(|(node, addr)| peers.learn(node, addr));
        Self(peers)
    }

    /// Has the leader put a command into the log; answered once it is durable on a quorum and applied.
    ///
    /// # Errors
    /// When there is no answer, or the command is refused.
    pub async fn propose(&self, leader: NodeId, command: Command) -> Result<Response, Failure> {
        let request = ProposeRequest { kept: codec::encode(&Forwarded { client: None, command }) };
        let asked = self.0.ask(leader, TIMEOUT, request, |mut to, request| async move { to.propose(request).await });
        let answer = asked.await.map_err(|error| Failure::new(Code::Unreachable, error.to_string()))?;
        let answer: Answer =
            codec::decode(&answer.kept).map_err(|why| Failure::new(Code::Internal, why.to_string()))?;
        Ok(answer.into_result()?.accepted()?)
    }
}
