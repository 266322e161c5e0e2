//! Who answers, when there is no quorum: what a person is told then.

use std::{collections::BTreeMap, time::Duration};

use futures::future::join_all;
use openraft::ServerState;
use tokio::runtime::Handle;
use vs_core::id::NodeId;
use vs_wire::v1;

use super::{
    MetaError,
    peers::{Me, Newer, Peers},
    standing::Standing,
};

/// How long a voter may take to answer.
const ANSWER: Duration = Duration::from_millis(200);
/// The same for a person who has time.
const PATIENT_ANSWER: Duration = Duration::from_secs(3);

/// What each voter answered when none of them led.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RollCall {
    pub(crate) reachable: usize,
    pub(crate) voters: usize,
    /// One for each voter.
    pub(crate) lines: Vec<String>,
    /// Whether the command was applied is not known.
    pub(crate) lost: bool,
}

impl std::fmt::Display for RollCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let need = self.voters / 2 + 1;
        if self.reachable < need {
            write!(f, "no quorum: {} of {} voters reachable (need {need})", self.reachable, self.voters)
        } else {
            write!(f, "no quorum: {} of {} voters reachable, and none leads yet", self.reachable, self.voters)
        }
    }
}

/// Calls the voters. `lost`: a command was sent that may have been applied.
pub(super) async fn no_quorum(standing: &Standing, peers: &Peers, lost: bool) -> MetaError {
    let metrics = standing.metrics();
    if let Err(fatal) = metrics.running_state {
        return MetaError::stopped(fatal);
    }
    let voters: Vec<_> = metrics.membership_config.membership().voter_ids().map(NodeId).collect();
    let call = |voter: NodeId| async move {
        if voter == standing.node() {
            let line = format!("{voter} {}  ok (this node)", peers.addr(voter).unwrap_or_default());
            return Called { node: voter, answered: true, line };
        }
        ask(peers, voter, ANSWER).await
    };
    let called = join_all(voters.iter().map(|voter| call(*voter))).await;
    MetaError::NoQuorum(RollCall {
        reachable: called.iter().filter(|called| called.answered).count(),
        voters: voters.len(),
        lines: called.into_iter().map(|called| called.line).collect(),
        lost,
    })
}

/// What became of the call of one voter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Called {
    pub(crate) node: NodeId,
    pub(crate) answered: bool,
    pub(crate) line: String,
}

/// Calls every other node that a node which does not run knows. Answers what became of that, and who refused because
/// the cluster went on as a later incarnation.
pub(crate) async fn call(me: Me, addrs: &BTreeMap<NodeId, String>) -> (Vec<Called>, Option<Newer>) {
    let peers = Peers::new(me, None, None, Handle::current());
    addrs.iter().for_each(|(node, addr)| peers.learn(*node, addr));
    let others = addrs.keys().copied().filter(|node| *node != me.node);
    let called = join_all(others.map(|node| ask(&peers, node, PATIENT_ANSWER))).await;
    (called, peers.newer())
}

/// Asks a node how it is.
async fn ask(peers: &Peers, node: NodeId, within: Duration) -> Called {
    let addr = peers.addr(node).unwrap_or_default();
    // a log that ends before every other is voted for by nobody
    let poll = v1::PollRequest::default();
    let asked = peers.ask(node, within, poll, |mut to, request| async move { to.poll(request).await });
    match asked.await {
        Ok(answer) => {
            let line = format!("{node} {addr}  ok ({}, term {})", answer.state, answer.term);
            Called { node, answered: true, line }
        }
        Err(why) => Called { node, answered: false, line: format!("{node} {addr}  {why}") },
    }
}

/// The name of a state, as `cluster status` has it.
pub(super) fn state_name(state: ServerState) -> &'static str {
    match state {
        ServerState::Leader => "leader",
        ServerState::Follower => "follower",
        ServerState::Candidate => "candidate",
        ServerState::Learner => "learner",
        ServerState::Shutdown => "stopped",
    }
}
