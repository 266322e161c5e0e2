//! Linearizable reads (CON-1), from whichever node: whoever asks while a round is under way shares the next one.
//!
//! A round learns from the leader an index of the log up to which everything is committed that was acknowledged before
//! the round began, and the leader learns from a quorum that it still leads (Raft dissertation, 6.4). A state that has
//! applied that index holds every write that was acknowledged before the question.

use std::time::Duration;

use openraft::error::{CheckIsLeaderError, RaftError};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use vs_core::id::NodeId;
use vs_wire::v1;

use super::{
    MetaError,
    peers::{PeerError, Peers},
    propose::LEADERLESS_MAX,
    roll_call,
    standing::{Leads, Standing},
    types::Raft,
};

/// Readers that may wait. More than that means that nobody answers.
const READERS_MAX: usize = 4_096;
/// How long a round may take.
const ROUND_TIMEOUT: Duration = Duration::from_secs(5);
/// Wait before a round is tried again.
const PAUSE: Duration = Duration::from_millis(20);

type Asked = oneshot::Sender<Result<u64, MetaError>>;

/// Where readers ask for a round.
#[derive(Clone)]
pub(super) struct Rounds(mpsc::Sender<Asked>);

impl Rounds {
    /// Starts serving readers.
    pub(super) fn start(reader: Reader, stop: CancellationToken) -> Self {
        let (readers, asked) = mpsc::channel(READERS_MAX);
        tokio::spawn(stop.run_until_cancelled_owned(reader.serve(asked)));
        Self(readers)
    }

    /// Returns once the state is at least as new as this call, with the index that it has applied at least.
    pub(super) async fn join(&self) -> Result<u64, MetaError> {
        let (tell, told) = oneshot::channel();
        self.0.try_send(tell).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => MetaError::Busy,
            mpsc::error::TrySendError::Closed(_) => MetaError::stopped("it was shut down"),
        })?;
        told.await.unwrap_or_else(|_| Err(MetaError::stopped("it was shut down")))
    }
}

/// Runs the rounds.
pub(super) struct Reader {
    pub(super) raft: Raft,
    pub(super) standing: Standing,
    pub(super) peers: Peers,
    pub(super) applied: watch::Receiver<u64>,
}

impl Reader {
    async fn serve(mut self, mut asked: mpsc::Receiver<Asked>) {
        let mut readers = Vec::new();
        while asked.recv_many(&mut readers, READERS_MAX).await > 0 {
            let result = self.round().await;
            for reader in readers.drain(..) {
                // whoever stopped waiting needs no answer
                drop(reader.send(result.clone()));
            }
        }
    }

    async fn round(&mut self) -> Result<u64, MetaError> {
        let (until, leaderless_until) = (Instant::now() + ROUND_TIMEOUT, Instant::now() + LEADERLESS_MAX);
        loop {
            let patience = leaderless_until.saturating_duration_since(Instant::now());
            let leads = self.standing.await_leader(patience).await;
            if leads == Leads::Nobody {
                return Err(roll_call::no_quorum(&self.standing, &self.peers, false).await);
            }
            let within = until.saturating_duration_since(Instant::now());
            let index = tokio::select! {
                index = self.index(leads, within) => index,
                () = self.standing.until_deposed(leads) => Err(MetaError::NotLeader { leader: None }),
            };
            match index {
                Ok(index) => return self.until_applied(index, until).await,
                Err(error @ MetaError::Stopped(_)) => return Err(error),
                Err(error) if Instant::now() >= until => return Err(error),
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn index(&self, leads: Leads, within: Duration) -> Result<u64, MetaError> {
        let Leads::Other(leader) = leads else { return self.own_index().await };
        let request = v1::ReadIndexRequest {};
        let asked =
            self.peers.ask(leader, within, request, |mut to, request| async move { to.read_index(request).await });
        match asked.await {
            Ok(answer) => Ok(answer.index),
            Err(PeerError::Timeout(within)) => Err(MetaError::Unknown(within)),
            Err(_) => Err(MetaError::NotLeader { leader: None }),
        }
    }

    async fn own_index(&self) -> Result<u64, MetaError> {
        match self.raft.get_read_log_id().await {
            Ok((read, _)) => Ok(read.map_or(0, |id| id.index)),
            Err(RaftError::APIError(CheckIsLeaderError::ForwardToLeader(to))) => {
                Err(MetaError::NotLeader { leader: to.leader_id.map(NodeId) })
            }
            Err(RaftError::APIError(CheckIsLeaderError::QuorumNotEnough(_))) => {
                Err(MetaError::NotLeader { leader: None })
            }
            Err(RaftError::Fatal(fatal)) => Err(MetaError::stopped(fatal)),
        }
    }

    async fn until_applied(&mut self, index: u64, until: Instant) -> Result<u64, MetaError> {
        let applied = tokio::time::timeout_at(until, self.applied.wait_for(|applied| *applied >= index)).await;
        match applied {
            Ok(Ok(applied)) => Ok(*applied),
            Ok(Err(_)) => Err(MetaError::stopped("it was shut down")),
            Err(_) => Err(MetaError::Unknown(ROUND_TIMEOUT)),
        }
    }
}
