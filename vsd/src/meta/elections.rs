//! Elections, driven from here instead of by openraft.
//!
//! openraft draws its election timeout once in a process' life, so two nodes that drew alike split the votes again and
//! again; and it has neither a poll before an election nor a way to hand over. Here every wait is drawn anew
//! ([`vsd_core::election`]), a candidate stands only after a majority said that it would win (Raft dissertation, 9.6),
//! so that a node which was cut off deposes nobody when it comes back, and a leader that is to stop lets another begin.

use std::{collections::BTreeSet, time::Duration};

use futures::future::join_all;
use openraft::ServerState;
use vs_core::id::NodeId;
use vs_wire::v1;
use vsd_core::meta::LeaderTerm;

use super::{
    MetaError,
    log::RaftLog,
    peers::Peers,
    propose::Proposals,
    standing::{Leads, Standing},
    types::{Raft, RaftId, leader_term},
};

/// How often a leader tells that it is there.
const HEARTBEAT: Duration = Duration::from_millis(100);
/// How long a voter may take to answer a poll.
const POLL_TIMEOUT: Duration = Duration::from_millis(200);
/// How often a cluster of one tries to elect itself.
const SOLE: Duration = Duration::from_millis(50);
/// How often a node that was asked to take over tries, and how long each try may take: longer than anybody's refusal to
/// vote because it heard the old leader.
const TAKE_OVER_TRIES: u32 = 5;
const TAKE_OVER_TRY: Duration = Duration::from_millis(400);
/// How long handing over may take.
const HAND_OVER_TIMEOUT: Duration = Duration::from_secs(3);
/// How often its end is looked for.
const LOOK: Duration = Duration::from_millis(5);

/// Clones share it.
#[derive(Clone)]
pub(super) struct Elections {
    pub(super) raft: Raft,
    pub(super) standing: Standing,
    pub(super) peers: Peers,
    pub(super) log: RaftLog,
}

impl Elections {
    /// Leads, follows and stands for election, for ever.
    pub(super) async fn run(self) {
        tokio::join!(self.beat(), self.stand(), self.tell());
    }

    async fn beat(&self) {
        let mut beats = tokio::time::interval(HEARTBEAT);
        beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            beats.tick().await;
            self.standing.look();
            let leads = self.standing.metrics().state == ServerState::Leader;
            if leads && !self.standing.is_resigning() && self.raft.trigger().heartbeat().await.is_err() {
                return;
            }
        }
    }

    async fn stand(&self) {
        loop {
            if self.is_sole_voter() {
                tokio::time::sleep(SOLE).await;
            } else {
                self.standing.due().await;
            }
            if self.may_stand() && self.would_win().await && self.raft.trigger().elect().await.is_err() {
                return;
            }
            self.standing.tried();
        }
    }

    /// Records who led when, for whoever watches.
    async fn tell(&self) {
        let mut metrics = self.standing.watch();
        let mut led = LeaderTerm::default();
        loop {
            let now = metrics.borrow_and_update().clone();
            let reign = LeaderTerm::new(now.current_term, self.standing.node());
            if now.state == ServerState::Leader && led != reign {
                led = reign;
                tracing::trace!(target: "vsd::raft_trace", term = reign.term, leader = reign.node.0, "lead");
                tracing::info!(term = now.current_term, "this node leads");
            }
            self.standing.count_election(now.current_leader.map(NodeId), now.current_term);
            if metrics.changed().await.is_err() {
                return;
            }
        }
    }

    fn voters(&self) -> Vec<BTreeSet<RaftId>> {
        self.standing.metrics().membership_config.membership().get_joint_config().clone()
    }

    fn is_sole_voter(&self) -> bool {
        let me = BTreeSet::from([self.standing.node().0]);
        self.voters().iter().all(|voters| *voters == me) && !self.voters().is_empty()
    }

    fn may_stand(&self) -> bool {
        let metrics = self.standing.metrics();
        let votes = metrics.membership_config.membership().voter_ids().any(|voter| voter == self.standing.node().0);
        votes && metrics.state != ServerState::Leader && !self.standing.is_resigning()
    }

    /// Whether a majority would vote for this node now.
    async fn would_win(&self) -> bool {
        let Ok((last, last_index)) = self.last() else { return false };
        let configs = self.voters();
        let everybody: BTreeSet<_> = configs.iter().flatten().copied().collect();
        let polls = everybody.into_iter().filter(|voter| *voter != self.standing.node().0).map(async |voter| {
            let poll = v1::PollRequest { last_term: last.term, last_leader: last.node.0, last_index };
            let asked = self
                .peers
                .ask(NodeId(voter), POLL_TIMEOUT, poll, |mut to, request| async move { to.poll(request).await });
            asked.await.is_ok_and(|answer| answer.granted).then_some(voter)
        });
        let mut granted: BTreeSet<_> = join_all(polls).await.into_iter().flatten().collect();
        granted.insert(self.standing.node().0);
        configs.iter().all(|voters| voters.intersection(&granted).count() > voters.len() / 2)
    }

    /// Leader and index of the last entry of the log.
    pub(super) fn last(&self) -> Result<(LeaderTerm, u64), MetaError> {
        let last = self.log.last().map_err(MetaError::stopped)?;
        Ok(last.map_or((LeaderTerm::default(), 0), |id| (leader_term(&id), id.index)))
    }

    /// Whether this node would vote for a candidate whose log ends so.
    pub(super) fn would_vote(&self, theirs: (LeaderTerm, u64)) -> bool {
        match self.last() {
            Ok(mine) => self.standing.would_vote(mine, theirs),
            Err(_) => false,
        }
    }

    /// Becomes the leader because the leader asked for it. Answers whether it did.
    pub(super) async fn take_over(&self) -> Result<bool, MetaError> {
        let before = self.standing.metrics().current_leader;
        for _ in 0..TAKE_OVER_TRIES {
            if self.standing.is_resigning() {
                return Ok(false);
            }
            self.standing.tried();
            self.raft.trigger().elect().await.map_err(MetaError::stopped)?;
            let until = tokio::time::Instant::now() + TAKE_OVER_TRY;
            while tokio::time::Instant::now() < until {
                match self.standing.metrics().current_leader {
                    Some(leader) if leader == self.standing.node().0 => return Ok(true),
                    Some(leader) if Some(leader) != before => return Ok(false),
                    _ => tokio::time::sleep(LOOK).await,
                }
            }
        }
        Ok(false)
    }

    /// Lets another voter lead: `to`, or the one whose log is furthest. Proposals wait meanwhile. Goes on when whoever
    /// asked for it stops waiting.
    pub(super) async fn hand_over(&self, to: Option<NodeId>, proposals: &Proposals) -> Result<NodeId, MetaError> {
        match self.standing.leads() {
            Leads::Me => {}
            Leads::Other(leader) => return Err(MetaError::NotLeader { leader: Some(leader) }),
            Leads::Nobody => return Err(MetaError::NotLeader { leader: None }),
        }
        let heir = self.heir(to).ok_or(MetaError::NoHeir { wanted: to })?;
        let resigned = self.standing.resign().ok_or(MetaError::Busy)?;
        let (elections, proposals) = (self.clone(), proposals.clone());
        let handed = tokio::spawn(async move {
            let handing = async {
                proposals.drained().await;
                elections.hand_over_to(heir).await
            };
            let handed = tokio::time::timeout(HAND_OVER_TIMEOUT, handing).await;
            drop(resigned);
            handed.unwrap_or(Err(MetaError::Unknown(HAND_OVER_TIMEOUT)))
        });
        handed.await.map_err(MetaError::stopped)?.map(|()| heir)
    }

    async fn hand_over_to(&self, heir: NodeId) -> Result<(), MetaError> {
        let matched = || self.standing.metrics().replication.and_then(|all| all.get(&heir.0).copied().flatten());
        let (_, last) = self.last()?;
        while matched().is_none_or(|id| id.index < last) {
            tokio::time::sleep(LOOK).await;
        }
        // it tries until it leads; what counts is what this node sees
        let peers = self.peers.clone();
        let asked = tokio::spawn(async move {
            let elect = v1::ElectRequest {};
            let asked =
                peers.ask(heir, HAND_OVER_TIMEOUT, elect, |mut to, request| async move { to.elect(request).await });
            asked.await
        });
        while self.standing.metrics().current_leader != Some(heir.0) {
            if asked.is_finished() && self.standing.metrics().state == ServerState::Leader {
                return Err(MetaError::NoHeir { wanted: Some(heir) });
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Who is to lead next: a voter that answers and has most of the log.
    fn heir(&self, to: Option<NodeId>) -> Option<NodeId> {
        let metrics = self.standing.metrics();
        let matched = metrics.replication.clone().unwrap_or_default();
        let voters = metrics.membership_config.membership().voter_ids().map(NodeId);
        voters
            .filter(|voter| *voter != self.standing.node() && to.is_none_or(|to| to == *voter))
            .filter(|voter| self.standing.silence(*voter) < super::standing::SILENCE_MAX)
            .max_by_key(|voter| matched.get(&voter.0).copied().flatten().map(|id| id.index))
    }
}
