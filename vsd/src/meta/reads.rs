//! Linearizable reads (CON-1): whoever asks while a round is under way shares the next one.
//!
//! A round asks a quorum whether this node still leads, and waits until everything committed before is applied. A state
//! read after a round that began after the question holds every write that was acknowledged before the question.

use std::time::Duration;

use openraft::error::{CheckIsLeaderError, RaftError};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use vs_core::id::NodeId;

use super::{MetaError, types::Raft};

/// Readers that may wait. More than that means that nobody answers.
const READERS_MAX: usize = 4_096;

type Asked = oneshot::Sender<Result<(), MetaError>>;

/// Where readers ask for a round.
#[derive(Clone)]
pub(super) struct Rounds(mpsc::Sender<Asked>);

impl Rounds {
    /// Starts serving readers.
    pub(super) fn start(raft: Raft, timeout: Duration, stop: CancellationToken) -> Self {
        let (readers, asked) = mpsc::channel(READERS_MAX);
        tokio::spawn(stop.run_until_cancelled_owned(serve(raft, timeout, asked)));
        Self(readers)
    }

    /// Returns once the state is at least as new as this call.
    pub(super) async fn join(&self) -> Result<(), MetaError> {
        let (tell, told) = oneshot::channel();
        self.0.try_send(tell).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => MetaError::Busy,
            mpsc::error::TrySendError::Closed(_) => MetaError::stopped("it was shut down"),
        })?;
        told.await.unwrap_or_else(|_| Err(MetaError::stopped("it was shut down")))
    }
}

async fn serve(raft: Raft, timeout: Duration, mut asked: mpsc::Receiver<Asked>) {
    let mut readers = Vec::new();
    while asked.recv_many(&mut readers, READERS_MAX).await > 0 {
        let round = tokio::time::timeout(timeout, raft.ensure_linearizable()).await;
        let result = match round {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(refusal(error)),
            Err(_) => Err(MetaError::NoQuorum),
        };
        for reader in readers.drain(..) {
            // whoever stopped waiting needs no answer
            drop(reader.send(result.clone()));
        }
    }
}

fn refusal(error: RaftError<u64, CheckIsLeaderError<u64, openraft::BasicNode>>) -> MetaError {
    match error {
        RaftError::APIError(CheckIsLeaderError::ForwardToLeader(to)) => {
            MetaError::NotLeader { leader: to.leader_id.map(NodeId) }
        }
        RaftError::APIError(CheckIsLeaderError::QuorumNotEnough(_)) => MetaError::NoQuorum,
        RaftError::Fatal(fatal) => MetaError::stopped(fatal),
    }
}
