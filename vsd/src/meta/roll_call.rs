//! Who answers, when there is no quorum: what a person is told then.

use std::time::Duration;

use futures::future::join_all;
use openraft::ServerState;
use vs_core::id::NodeId;
use vs_wire::v1;

use super::{MetaError, peers::Peers, standing::Standing};

/// How long a voter may take to answer.
const ANSWER: Duration = Duration::from_millis(300);

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
        let addr = peers.addr(voter).unwrap_or_default();
        if voter == standing.node() {
            return (true, format!("{voter} {addr}  ok (this node)"));
        }
        // a log that ends before every other is voted for by nobody
        let poll = v1::PollRequest::default();
        let asked = peers.ask(voter, ANSWER, poll, |mut to, request| async move { to.poll(request).await });
        match asked.await {
            Ok(answer) => (true, format!("{voter} {addr}  ok ({}, term {})", answer.state, answer.term)),
            Err(why) => (false, format!("{voter} {addr}  {why}")),
        }
    };
    let answers = join_all(voters.iter().map(|voter| call(*voter))).await;
    MetaError::NoQuorum(RollCall {
        reachable: answers.iter().filter(|(answered, _)| *answered).count(),
        voters: voters.len(),
        lines: answers.into_iter().map(|(_, line)| line).collect(),
        lost,
    })
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
