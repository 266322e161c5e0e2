//! What this node knows of who leads, and how sure it may be.
//!
//! openraft goes on naming a leader that has fallen silent, and a leader that nobody hears goes on leading. Whoever is to
//! be told within two seconds that there is no quorum (AVL-1) needs better: here a leader counts as long as it is heard,
//! and this node as a leader as long as a quorum answers it.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use openraft::{RaftMetrics, ServerState};
use tokio::sync::{Notify, watch};
use vs_core::id::NodeId;
use vsd_core::{
    election::{Election, Timing},
    meta::LeaderTerm,
};

use super::{
    peers::Peers,
    types::{LogId, RaftId},
};

/// A leader that was not heard for so long, or that no quorum answered for so long, counts for nothing.
pub(super) const SILENCE_MAX: Duration = Duration::from_millis(1_300);
/// More than any silence that is told apart from a longer one.
const DAY_MS: u64 = 86_400_000;
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
    /// Since when nobody has led.
    leaderless: Option<Instant>,
}

impl Standing {
    pub(super) fn new(node: NodeId, peers: Peers, metrics: watch::Receiver<Metrics>) -> Self {
        let election = Election::new(TIMING, 0, rand::random());
        let heard = Mutex::new(Heard { election, leader: None, said: None, fresh: None, leaderless: None });
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
                let leads = !self.is_resigning() && self.0.peers.quorum_silence(&voters) <= SILENCE_MAX;
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

    /// The term in which this node leads, if it does. Both are of one moment: with its successor's term and its own name,
    /// a leader that is deposed meanwhile would fence its successor off.
    pub(super) fn reign(&self) -> Option<LeaderTerm> {
        let reign = {
            let metrics = self.0.metrics.borrow();
            let leads = metrics.state == ServerState::Leader;
            leads.then(|| LeaderTerm::new(metrics.current_term, self.0.node))
        };
        reign.filter(|_| self.leads() == Leads::Me)
    }

    /// For how long a node has not answered this one as its follower.
    pub(super) fn silence(&self, node: NodeId) -> Duration {
        self.0.peers.silence(node)
    }

    /// Who leads, waiting until `patience` is over for somebody to. Where nobody has led for so long, nobody waits.
    pub(super) async fn await_leader(&self, patience: Duration) -> Leads {
        let leaderless = self.heard().leaderless.map_or(Duration::ZERO, |since| since.elapsed());
        let until = tokio::time::Instant::now() + patience.saturating_sub(leaderless);
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

    /// A leader was heard that a quorum had answered `quorum_ms` ago, and that had committed up to `committed` if it
    /// knew; this node had applied up to `applied`.
    pub(super) fn heard_leader(&self, quorum_ms: u64, committed: Option<LogId>, applied: u64) {
        let now = Instant::now();
        let mut heard = self.heard();
        heard.election.heard(self.now_ms(), rand::random());
        let confirmed = now.checked_sub(Duration::from_millis(quorum_ms.min(DAY_MS)));
        // one that nobody else hears leads nobody
        if let Some(confirmed) = confirmed.filter(|at| at.elapsed() <= SILENCE_MAX) {
            heard.leader = heard.leader.max(Some(confirmed));
            if let Some(committed) = committed {
                if let Some((at, index)) = heard.said
                    && applied >= index
                {
                    heard.fresh = heard.fresh.max(Some(at));
                }
                heard.said = Some((confirmed, committed.index));
            }
        }
        drop(heard);
        self.0.again.notify_one();
    }

    /// Looks who leads: to be called a few times a second.
    pub(super) fn look(&self) {
        let metrics = self.metrics();
        let leads = metrics.state == ServerState::Leader;
        let settled = metrics.last_applied.is_some_and(|id| id.leader_id == *metrics.vote.leader_id());
        let voters = metrics.membership_config.membership().get_joint_config().clone();
        self.0.peers.lead(if leads { voters } else { Vec::new() }, settled);
        let nobody = self.leads() == Leads::Nobody;
        let mut heard = self.heard();
        heard.leaderless = if nobody { heard.leaderless.or(Some(Instant::now())) } else { None };
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
    pub(super) fn would_vote(&self, mine: (LeaderTerm, u64), theirs: (LeaderTerm, u64)) -> bool {
        self.leads() != Leads::Me && self.heard().election.would_vote(self.now_ms(), mine, theirs)
    }

    /// As long as the answer is kept this node neither leads nor stands for election. None when it resigns already.
    pub(super) fn resign(&self) -> Option<Resigned> {
        let first = !self.0.resigning.swap(true, Ordering::SeqCst);
        first.then(|| Resigned(self.clone()))
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

    /// How old the state of this node may be; none when that was not learned since it started.
    pub(super) fn age(&self, applied: u64) -> Option<Duration> {
        let metrics = self.0.metrics.borrow();
        if metrics.state == ServerState::Leader {
            drop(metrics);
            let (quorum_ms, settled) = self.0.peers.claim();
            return Some(Duration::from_millis(quorum_ms)).filter(|age| settled && *age < self.0.began.elapsed());
        }
        drop(metrics);
        let heard = self.heard();
        let fresh = match heard.said {
            Some((at, index)) if applied >= index => Some(at),
            _ => heard.fresh,
        };
        fresh.map(|at| at.elapsed())
    }
}

/// A leader that is handing over, whatever becomes of that.
pub(super) struct Resigned(Standing);

impl Drop for Resigned {
    fn drop(&mut self) {
        self.0.0.resigning.store(false, Ordering::SeqCst);
    }
}
