//! What the leader sees to: that the right nodes vote, and that the layout has every node that stores and none that is
//! gone for longer than `repair.grace`.
//!
//! Both are decided by pure planners out of what is wanted and what is there, one change at a time; what is lost with a
//! leader is found again by the next one.

use std::{collections::BTreeSet, time::Duration};

use openraft::{BasicNode, ChangeMembers};
use tokio::{sync::watch, time::Instant};
use vs_core::{
    id::{Epoch, NodeId},
    layout::{Layout, LayoutNode},
    limit::PAGE_ITEMS_MAX,
    placement::{self, Relief},
};
use vsd_core::{
    health::NodeState,
    meta::{Command, LayoutCache, NodeRecord, Role, SettingName, TableError},
    plan::{
        steward::{self, Next, Seen},
        voters::{self, Change, Member},
        weights::Standstill,
    },
};

use super::{
    MetaError,
    fullness::usage,
    peers::Peers,
    picture::Picture,
    propose::{Proposals, Proposer},
    standing::{Leads, SILENCE_MAX, Standing},
    state::StateStore,
    types::Raft,
};

const LOOK: Duration = Duration::from_millis(250);
/// A failure that lasts is said again after so long.
const SAY_AGAIN: Duration = Duration::from_secs(60);
/// A learner that lacks no more than this many entries may vote.
const LAG_MAX: u64 = 200;

#[derive(Clone)]
pub(super) struct Steward {
    pub(super) raft: Raft,
    pub(super) standing: Standing,
    pub(super) peers: Peers,
    pub(super) state: StateStore,
    pub(super) picture: Picture,
    pub(super) proposals: Proposals,
    pub(super) layouts: LayoutCache,
    pub(super) standstill: watch::Receiver<Standstill>,
}

impl Steward {
    pub(super) async fn run(self) {
        let began = Instant::now();
        let mut steward = steward::Steward::default();
        let mut said = Said::default();
        loop {
            tokio::time::sleep(LOOK).await;
            if let Err(error) = self.peers.learn_listed(&self.state.read().view()) {
                tracing::error!(%error, "the nodes' addresses cannot be read");
            }
            if self.standing.leads() != Leads::Me {
                steward = steward::Steward::default();
                continue;
            }
            if let Err(error) = self.look_after_voters().await {
                said.warn(&error, "the voters stay as they are");
            }
            if let Err(error) = self.look_after_layout(&mut steward, began.elapsed()).await {
                said.warn(&error, "the layout stays as it is");
            }
        }
    }

    async fn look_after_voters(&self) -> Result<(), MetaError> {
        let grace_ms = self.state.read().view().setting(SettingName::RepairGrace)?;
        let members = self.members()?;
        let change = self.newcomer()?.map(Change::AddLearner).or_else(|| voters::next_change(&members, grace_ms));
        let Some(change) = change else { return Ok(()) };
        tracing::info!(?change, "the members of the consensus change");
        let changed = match change {
            Change::AddLearner(node) => {
                let addr = self.peers.addr(node).unwrap_or_default();
                self.raft.add_learner(node.0, BasicNode::new(addr), false).await.map(drop)
            }
            Change::SetVoters(voters) => {
                let voters: BTreeSet<_> = voters.into_iter().map(|node| node.0).collect();
                self.raft.change_membership(voters, true).await.map(drop)
            }
            Change::RemoveLearner(node) => {
                let gone = ChangeMembers::RemoveNodes(BTreeSet::from([node.0]));
                self.raft.change_membership(gone, true).await.map(drop)
            }
        };
        // one that is under way is looked at again
        changed.map_err(MetaError::stopped)
    }

    /// Whether a node has said, in this incarnation of the cluster, that it is there.
    fn may_learn(&self, node: &NodeRecord) -> bool {
        !node.removed && node.incarnation == self.peers.me().incarnation
    }

    /// A node that was admitted and has been sent nothing yet.
    fn newcomer(&self) -> Result<Option<NodeId>, TableError> {
        let metrics = self.standing.metrics();
        let membership = metrics.membership_config.membership();
        let nodes = self.state.read().view().nodes(None, PAGE_ITEMS_MAX)?;
        let new = nodes.into_iter().find(|node| self.may_learn(node) && membership.get_node(&node.id.0).is_none());
        Ok(new.map(|node| node.id))
    }

    /// Those that vote or may, and of the others those that are to go. A node without the role learns, too: what it
    /// serves, it serves out of a state of its own.
    fn members(&self) -> Result<Vec<Member>, TableError> {
        let metrics = self.standing.metrics();
        let membership = metrics.membership_config.membership();
        let voters: BTreeSet<_> = membership.voter_ids().map(NodeId).collect();
        let learners: BTreeSet<_> = membership.learner_ids().map(NodeId).collect();
        let matched = metrics.replication.clone().unwrap_or_default();
        let last = metrics.last_log_index.unwrap_or(0);
        let records = self.state.read().view().nodes(None, PAGE_ITEMS_MAX)?;
        let known: BTreeSet<_> =
            records.iter().map(|node| node.id).chain(voters.clone()).chain(learners.clone()).collect();
        let member = |node: NodeId| {
            let record = records.iter().find(|record| record.id == node);
            let (voter, learner) = (voters.contains(&node), learners.contains(&node));
            let here = voter || learner || record.is_some_and(|record| self.may_learn(record));
            let wanted = here && record.is_some_and(|record| record.serves(Role::Metadata));
            if learner && !wanted && record.is_some_and(|record| !record.removed) {
                return None;
            }
            let (liveness, down_ms) = self.picture.liveness(node);
            let matched = matched.get(&node.0).copied().flatten();
            let answers = liveness == NodeState::Up && self.standing.silence(node) <= SILENCE_MAX;
            Some(Member {
                node,
                voter,
                learner,
                wanted,
                // one that nobody has sent anything yet cannot have answered
                up: answers || !(voter || learner),
                down_ms,
                caught_up: node == self.standing.node() || matched.is_some_and(|id| id.index + LAG_MAX >= last),
            })
        };
        Ok(known.into_iter().filter_map(member).collect())
    }

    async fn look_after_layout(&self, steward: &mut steward::Steward, now: Duration) -> Result<(), MetaError> {
        let picture = self.picture.watch().borrow().clone();
        let usage = usage(&picture.nodes);
        let seen = |node: NodeId| {
            let (liveness, down_ms) = self.picture.liveness(node);
            Seen { liveness, down_ms, is_heard: self.picture.hears(node), usage: usage.get(&node).copied() }
        };
        let read = self.state.read();
        let next = steward.look(&read.view(), &self.layouts, seen, &self.standstill.borrow(), now)?;
        let current = self.layouts.current(&read.view())?;
        drop(read);
        let layout = match (next, current) {
            (Some(Next::Again(earlier)), _) => earlier,
            (Some(Next::Of(nodes, relief)), Some(current)) => {
                next_layout(Layout::clone(&current), nodes, relief).await?
            }
            _ => return Ok(()),
        };
        let (epoch, nodes) = (layout.epoch, layout.nodes.len());
        let set = self.proposals.propose(Proposer::Node, Command::LayoutSet { layout }).await?;
        set.accepted().map_err(MetaError::stopped)?;
        tracing::info!(%epoch, nodes, "a new layout");
        Ok(())
    }
}

/// When it was last said that something does not work: it is tried several times a second.
#[derive(Default)]
struct Said(Option<Instant>);

impl Said {
    fn warn(&mut self, error: &MetaError, what: &'static str) {
        if self.0.is_none_or(|at| at.elapsed() >= SAY_AGAIN) {
            self.0 = Some(Instant::now());
            tracing::warn!(%error, "{what}");
        }
    }
}

/// The layout after `current` with these nodes.
pub(super) async fn next_layout(current: Layout, nodes: Vec<LayoutNode>, relief: Relief) -> Result<Layout, MetaError> {
    let epoch = Epoch(current.epoch.0 + 1);
    let propose = move || placement::propose_relieved(epoch, Some(&current), nodes, &relief);
    let proposed = tokio::task::spawn_blocking(propose);
    proposed.await.map_err(MetaError::stopped)
}
