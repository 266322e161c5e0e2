//! Putting commands into the log, from whichever node.
//!
//! A proposal goes to the leader, and again to the next one, until it is answered or nobody leads for
//! [`LEADERLESS_MAX`]. Whether it was applied by a leader that fell silent is not known, so it is repeated only where a
//! repetition does no harm: every command of a node itself is made so, and a client's carries session and number
//! (CON-3).

use std::{sync::Arc, time::Duration};

use openraft::error::{ClientWriteError, RaftError};
use serde::{Deserialize, Serialize};
use tokio::{runtime::Handle, sync::Semaphore, time::Instant};
use vs_core::{codec, id::NodeId};
use vs_wire::v1;
use vsd_core::meta::{ClientId, Command, Entry, Response};

use super::{
    MetaError,
    peers::{PeerError, Peers},
    roll_call,
    standing::{Leads, Standing},
    types::Raft,
};
use crate::run::wall_ms;

/// How long a proposal may take before the caller is told that nobody knows.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// How long nobody may lead before the caller is told so: an election and its noise, and less than the two seconds that
/// AVL-1 promises.
pub(super) const LEADERLESS_MAX: Duration = Duration::from_millis(1_500);
/// Proposals under way at once.
const PROPOSALS_MAX: u32 = 1_024;
/// Longest entry, in bytes. A part is the longest that is common; a commit with many init segments the longest there
/// is.
pub(super) const ENTRY_BYTES_MAX: usize = 8 << 20;
/// Wait before a proposal is repeated.
const PAUSE: Duration = Duration::from_millis(20);

/// On whose behalf a command is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Proposer {
    /// This node, which proposes nothing that may not be applied twice.
    Node,
    /// A client in its session.
    Client(ClientId, u64),
    /// A client without one: when the outcome is not known it has to find out itself.
    Stranger,
}

/// A proposal on its way to the leader.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Forwarded {
    pub(super) client: Option<(ClientId, u64)>,
    pub(super) command: Command,
}

/// What the leader answers to it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Applied(Box<Response>),
    NotLeader,
    Busy,
    TooLong(usize),
    Unknown,
    Stopped(String),
}

impl From<Result<Response, MetaError>> for Answer {
    fn from(answer: Result<Response, MetaError>) -> Self {
        match answer {
            Ok(response) => Self::Applied(Box::new(response)),
            Err(MetaError::NotLeader { .. } | MetaError::NoHeir { .. }) => Self::NotLeader,
            Err(MetaError::Busy) => Self::Busy,
            Err(MetaError::TooLong(bytes)) => Self::TooLong(bytes),
            Err(MetaError::Unknown(_) | MetaError::NoQuorum(_)) => Self::Unknown,
            Err(error @ (MetaError::Stopped(_) | MetaError::Tables(_))) => Self::Stopped(error.to_string()),
        }
    }
}

impl Answer {
    pub(super) fn into_result(self) -> Result<Response, MetaError> {
        match self {
            Self::Applied(response) => Ok(*response),
            Self::NotLeader => Err(MetaError::NotLeader { leader: None }),
            Self::Busy => Err(MetaError::Busy),
            Self::TooLong(bytes) => Err(MetaError::TooLong(bytes)),
            Self::Unknown => Err(MetaError::Unknown(TIMEOUT)),
            Self::Stopped(why) => Err(MetaError::Stopped(why)),
        }
    }
}

/// Puts commands into the log; clones share what is under way.
#[derive(Clone)]
pub(super) struct Proposals {
    raft: Raft,
    standing: Standing,
    peers: Peers,
    under_way: Arc<Semaphore>,
    threads: Handle,
}

impl Proposals {
    pub(super) fn new(raft: Raft, standing: Standing, peers: Peers, threads: Handle) -> Self {
        Self { raft, standing, peers, under_way: Arc::new(Semaphore::new(PROPOSALS_MAX as usize)), threads }
    }

    /// Returns once nothing that was proposed here is under way.
    pub(super) async fn drained(&self) {
        // it is never closed
        drop(self.under_way.acquire_many(PROPOSALS_MAX).await);
    }

    pub(super) async fn propose(&self, proposer: Proposer, command: Command) -> Result<Response, MetaError> {
        let client = match proposer {
            Proposer::Client(client, seq) => Some((client, seq)),
            Proposer::Node | Proposer::Stranger => None,
        };
        let forwarded = Forwarded { client, command };
        let until = Instant::now() + TIMEOUT;
        let leaderless_until = Instant::now() + LEADERLESS_MAX;
        let mut lost = false;
        loop {
            let now = Instant::now();
            let leads = self.standing.await_leader(leaderless_until.saturating_duration_since(now)).await;
            let attempt = match leads {
                Leads::Me => self.propose_here(&forwarded).await,
                Leads::Other(leader) => self.forward(leader, &forwarded, until).await,
                Leads::Nobody => return Err(roll_call::no_quorum(&self.standing, &self.peers, lost).await),
            };
            match attempt {
                Err(MetaError::NotLeader { .. }) if Instant::now() < until => {}
                Err(MetaError::Unknown(_)) if Instant::now() < until && proposer != Proposer::Stranger => lost = true,
                ended => return ended,
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Proposes as the leader, for this node or for another one.
    pub(super) async fn propose_here(&self, forwarded: &Forwarded) -> Result<Response, MetaError> {
        if self.standing.leads() != Leads::Me {
            return Err(MetaError::NotLeader { leader: None });
        }
        let permit = self.under_way.clone().try_acquire_owned().map_err(|_| MetaError::Busy)?;
        let entry = Entry { wall_ms: wall_ms(), client: forwarded.client, command: forwarded.command.clone() };
        let bytes = codec::encode(&entry).len();
        if bytes > ENTRY_BYTES_MAX {
            return Err(MetaError::TooLong(bytes));
        }
        let raft = self.raft.clone();
        // goes on when the caller stops waiting, so that what is under way is counted until it ends
        let written = self.threads.spawn(async move {
            let written = raft.client_write(entry).await;
            drop(permit);
            written
        });
        tokio::select! {
            written = written => match written.map_err(MetaError::stopped)? {
                Ok(written) => Ok(written.data),
                // it may have been in the log, and then another leader may commit it
                Err(RaftError::APIError(ClientWriteError::ForwardToLeader(_))) => Err(MetaError::Unknown(TIMEOUT)),
                Err(error) => Err(MetaError::stopped(error)),
            },
            () = self.standing.until_deposed(Leads::Me) => Err(MetaError::Unknown(super::standing::SILENCE_MAX)),
            () = tokio::time::sleep(TIMEOUT) => Err(MetaError::Unknown(TIMEOUT)),
        }
    }

    async fn forward(&self, leader: NodeId, forwarded: &Forwarded, until: Instant) -> Result<Response, MetaError> {
        let request = v1::ProposeRequest { kept: codec::encode(forwarded) };
        let within = until.saturating_duration_since(Instant::now());
        let asked = self.peers.ask(leader, within, request, |mut to, request| async move { to.propose(request).await });
        let answer = tokio::select! {
            answer = asked => answer,
            () = self.standing.until_deposed(Leads::Other(leader)) => return Err(MetaError::Unknown(LEADERLESS_MAX)),
        };
        match answer {
            Ok(answer) => codec::decode::<Answer>(&answer.kept).map_err(MetaError::stopped)?.into_result(),
            Err(PeerError::NoAddress | PeerError::Refused(_) | PeerError::NotSent(_)) => {
                Err(MetaError::NotLeader { leader: None })
            }
            Err(PeerError::Broken(_)) => Err(MetaError::Unknown(LEADERLESS_MAX)),
            Err(PeerError::Timeout(within)) => Err(MetaError::Unknown(within)),
        }
    }
}
