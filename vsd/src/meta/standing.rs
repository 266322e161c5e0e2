//! What this node knows of who leads, and how sure it may be.
//!
//! openraft goes on naming a leader that has fallen silent, and a leader that nobody hears goes on leading. Whoever is to
//! be told within two seconds that there is no quorum (AVL-1) needs better: here a leader counts as long as it is heard,
//! and this node as a leader as long as a quorum answers it.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use openraft::{RaftMetrics, ServerState};
use tokio::sync::{Notify, watch};
use vs_core::id::NodeId;
use vsd_core::election::{Election, Timing};

use super::{
    peers::Peers,
    types::{LogId, RaftId},
};

/// A leader that was not heard for so long, or that no quorum answered for so long, counts for nothing.
pub(super) const SILENCE_MAX: Duration = Duration::from_millis(1_300);
/// How often somebody who waits for a leader looks.
const LOOK: Duration = Duration::from_millis(10);
/// Election timeouts: some heartbeats and a slow sync.
const TIMING: Timing = Timing { min_ms: 400, max_ms: 800 };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leads {
    Me,
    Other(NodeId),
    Nobody,
}

pub(super) type Metrics = RaftMetrics<RaftId, openraft::BasicNode>;

/// The elections that this node has seen since it started.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Elected {
    pub(super) count: u64,
    pub(super) last: Option<Instant>,
    of: Option<(NodeId, u64)>,
}

/// Clones share it.
#[derive(Clone)]
pub(super) struct Standing(Arc<Inner>);

struct Inner {
    node: NodeId,
    peers: Peers,
    metrics: watch::Receiver<Metrics>,
    began: Instant,
    heard: Mutex<Heard>,
    /// It leads no more, although it may not have been deposed yet.
    resigning: AtomicBool,
    elected: Mutex<Elected>,
    /// Told whenever the election timer was set anew.
    again: Notify,
}

struct Heard {
    election: Election,
    leader: Option<Instant>,
    /// When the leader said that it had committed up to this index, and when what it had said before was applied.
    said: Option<(Instant, u64)>,
    fresh: Option<Instant>,
}

impl Standing {
    pub(super) fn new(node: NodeId, peers: Peers, metrics: watch::Receiver<Metrics>) -> Self {
        let election = Election::new(TIMING, 0, rand::random());
        let heard = Mutex::new(Heard { election, leader: None, said: None, fresh: None });
        Self(Arc::new(Inner {
            node,
            peers,
            metrics,
            began: Instant::now(),
            heard,
            resigning: AtomicBool::new(false),
            elected: Mutex::default(),
            again: Notify::new(),
        }))
    }

    pub(super) fn node(&self) -> NodeId {
        self.0.node
    }

    pub(super) fn metrics(&self) -> Metrics {
        self.0.metrics.borrow().clone()
    }

    /// Whenever something of the consensus changes.
    pub(super) fn watch(&self) -> watch::Receiver<Metrics> {
        self.0.metrics.clone()
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now_ms(&self) -> u64 {
        u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn leads(&self) -> Leads {
        let metrics = self.0.metrics.borrow();
        match metrics.current_leader.map(NodeId) {
            Some(leader) if leader == self.0.node && metrics.state == ServerState::Leader => {
                let voters: Vec<_> = metrics.membership_config.membership().get_joint_config().clone();
                drop(metrics);
                let leads = !self.is_resigning() && self.quorum_silence(&voters) <= SILENCE_MAX;
                if leads { Leads::Me } else { Leads::Nobody }
            }
            Some(leader) if leader != self.0.node => {
                drop(metrics);
                let heard = self.heard().leader;
                match heard {
                    Some(at) if at.elapsed() <= SILENCE_MAX => Leads::Other(leader),
                    _ => Leads::Nobody,
                }
            }
            _ => Leads::Nobody,
        }
    }

    /// For how long this node, as a leader, has not been answered by a quorum.
    fn quorum_silence(&self, configs: &[BTreeSet<RaftId>]) -> Duration {
        let silence = |voters: &BTreeSet<RaftId>| {
            let mut silences: Vec<_> = voters.iter().map(|voter| self.silence(NodeId(*voter))).collect();
            silences.sort_unstable();
            silences.get(voters.len() / 2).copied().unwrap_or_default()
        };
        configs.iter().map(silence).max().unwrap_or_default()
    }

    /// For how long a node has not answered this one as its follower.
    pub(super) fn silence(&self, node: NodeId) -> Duration {
        if node == self.0.node {
            return Duration::ZERO;
        }
        self.0.peers.answered(node).map_or(Duration::MAX, |at| at.elapsed())
    }

    /// Who leads, waiting until `patience` is over for somebody to.
    pub(super) async fn await_leader(&self, patience: Duration) -> Leads {
        let until = tokio::time::Instant::now() + patience;
        loop {
            match self.leads() {
                Leads::Nobody if tokio::time::Instant::now() < until => tokio::time::sleep(LOOK).await,
                leads => return leads,
            }
        }
    }

    /// Resolves once `leader` does not lead any more, as far as this node knows.
    pub(super) async fn until_deposed(&self, leader: Leads) {
        while self.leads() == leader {
            tokio::time::sleep(LOOK * 5).await;
        }
    }

    /// A leader was heard that had committed up to `committed`; this node had applied up to `applied`.
    pub(super) fn heard_leader(&self, committed: Option<LogId>, applied: u64) {
        let now = Instant::now();
        let mut heard = self.heard();
        heard.election.heard(self.now_ms(), rand::random());
        heard.leader = Some(now);
        if let Some((at, index)) = heard.said
            && applied >= index
        {
            heard.fresh = Some(at);
        }
        heard.said = Some((now, committed.map_or(0, |id| id.index)));
        drop(heard);
        self.0.again.notify_one();
    }

    /// A vote was given to a candidate.
    pub(super) fn gave_vote(&self) {
        self.heard().election.heard(self.now_ms(), rand::random());
        self.0.again.notify_one();
    }

    /// A poll or an election came to nothing, or is under way.
    pub(super) fn tried(&self) {
        self.heard().election.tried(self.now_ms(), rand::random());
    }

    /// Returns when the election timer has run out.
    pub(super) async fn due(&self) {
        loop {
            let due_ms = self.heard().election.due_ms();
            let now_ms = self.now_ms();
            if due_ms <= now_ms {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(due_ms - now_ms)) => {}
                () = self.0.again.notified() => {}
            }
        }
    }

    /// Whether this node would vote for a candidate whose log ends with `theirs` (term, index).
    pub(super) fn would_vote(&self, mine: (u64, u64), theirs: (u64, u64)) -> bool {
        self.leads() != Leads::Me && self.heard().election.would_vote(self.now_ms(), mine, theirs)
    }

    /// From now on, until taken back, this node neither leads nor stands for election.
    pub(super) fn resign(&self, resigning: bool) {
        self.0.resigning.store(resigning, Ordering::SeqCst);
    }

    pub(super) fn is_resigning(&self) -> bool {
        self.0.resigning.load(Ordering::SeqCst)
    }

    /// Counts a leader that was not known yet.
    pub(super) fn count_election(&self, leader: Option<NodeId>, term: u64) {
        let Some(leader) = leader else { return };
        let mut elected = self.0.elected.lock().unwrap_or_else(PoisonError::into_inner);
        if elected.of != Some((leader, term)) {
            *elected = Elected { count: elected.count + 1, last: Some(Instant::now()), of: Some((leader, term)) };
        }
    }

    pub(super) fn elected(&self) -> Elected {
        *self.0.elected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Up to where this node knows the log to be committed.
    pub(super) fn committed(&self) -> u64 {
        let applied = self.0.metrics.borrow().last_applied.map_or(0, |id| id.index);
        self.heard().said.map_or(applied, |(_, said)| said.max(applied))
    }

    /// How old the state of this node may be.
    pub(super) fn age(&self, applied: u64) -> Duration {
        let metrics = self.0.metrics.borrow();
        if metrics.state == ServerState::Leader {
            let voters = metrics.membership_config.membership().get_joint_config().clone();
            drop(metrics);
            return self.quorum_silence(&voters).min(self.0.began.elapsed());
        }
        drop(metrics);
        let heard = self.heard();
        let fresh = match heard.said {
            Some((at, index)) if applied >= index => Some(at),
            _ => heard.fresh,
        };
        fresh.map_or_else(|| self.0.began.elapsed(), |at| at.elapsed())
    }
}
