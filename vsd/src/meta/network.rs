//! Raft's messages over [`Peers`].

use std::time::Duration;

use openraft::{
    BasicNode, RaftNetwork, RaftNetworkFactory,
    error::{InstallSnapshotError, NetworkError, RPCError, RaftError, RemoteError, Timeout, Unreachable},
    network::{Backoff, RPCOption},
    raft::{
        AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse, VoteRequest,
        VoteResponse,
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use vs_core::{codec, id::NodeId};
use vs_wire::v1;

use super::{
    peers::{PeerError, Peers},
    types::{RaftId, SnapshotMeta, TypeConfig, Vote},
};

/// How long a node that cannot be reached is left alone.
const BACKOFF: Duration = Duration::from_millis(200);

/// A piece of a snapshot as it travels.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Piece {
    pub(super) vote: Vote,
    pub(super) meta: SnapshotMeta,
    pub(super) offset: u64,
    #[serde(with = "serde_bytes")]
    pub(super) data: Vec<u8>,
    pub(super) done: bool,
}

/// The way to one other node.
#[derive(Debug)]
pub(super) struct Network {
    peers: Peers,
    target: NodeId,
}

type Failed<E = RaftError<RaftId>> = RPCError<RaftId, BasicNode, E>;

impl RaftNetworkFactory<TypeConfig> for Peers {
    type Network = Network;

    async fn new_client(&mut self, target: RaftId, node: &BasicNode) -> Network {
        let target = NodeId(target);
        // the state knows better once it is there
        if self.addr(target).is_none() {
            self.learn(target, &node.addr);
        }
        Network { peers: self.clone(), target }
    }
}

impl Network {
    fn failed<E: std::error::Error>(&self, error: PeerError, option: &RPCOption) -> Failed<E> {
        match error {
            PeerError::Timeout(_) => RPCError::Timeout(Timeout {
                action: openraft::RPCTypes::AppendEntries,
                id: self.peers.me().node.0,
                target: self.target.0,
                timeout: option.hard_ttl(),
            }),
            error => RPCError::Unreachable(Unreachable::new(&error)),
        }
    }

    #[allow(clippy::result_large_err, reason = "openraft's type")]
    fn answer<T: DeserializeOwned, E: std::error::Error + DeserializeOwned>(
        &self,
        kept: &v1::Kept,
    ) -> Result<T, Failed<E>> {
        let decoded: Result<Result<T, E>, _> = codec::decode(&kept.kept);
        match decoded {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(RPCError::RemoteError(RemoteError::new(self.target.0, error))),
            Err(error) => Err(RPCError::Network(NetworkError::new(&error))),
        }
    }
}

fn kept(message: &impl Serialize) -> v1::Kept {
    v1::Kept { kept: codec::encode(message).into(), ..v1::Kept::default() }
}

impl RaftNetwork<TypeConfig> for Network {
    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<RaftId>, Failed> {
        let (quorum_ms, settled) = self.peers.claim();
        let message = v1::Kept { quorum_ms, settled, ..kept(&request) };
        let asked = self
            .peers
            .ask(self.target, option.hard_ttl(), message, |mut to, request| async move { to.append(request).await });
        let answer = asked.await.map_err(|error| self.failed(error, &option))?;
        let answer = self.answer(&answer)?;
        if !matches!(answer, AppendEntriesResponse::HigherVote(_)) {
            self.peers.note_answer(self.target);
        }
        Ok(answer)
    }

    async fn install_snapshot(
        &mut self,
        request: InstallSnapshotRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<InstallSnapshotResponse<RaftId>, Failed<RaftError<RaftId, InstallSnapshotError>>> {
        let InstallSnapshotRequest { vote, meta, offset, data, done } = request;
        let (quorum_ms, settled) = self.peers.claim();
        let piece = v1::Kept { quorum_ms, settled, ..kept(&Piece { vote, meta, offset, data, done }) };
        let asked = self.peers.ask_bulk(self.target, option.hard_ttl(), piece, |mut to, request| async move {
            to.install_snapshot(request).await
        });
        let answer = asked.await.map_err(|error| self.failed(error, &option))?;
        self.peers.note_answer(self.target);
        self.answer(&answer)
    }

    async fn vote(&mut self, request: VoteRequest<RaftId>, option: RPCOption) -> Result<VoteResponse<RaftId>, Failed> {
        let asked = self.peers.ask(self.target, option.hard_ttl(), kept(&request), |mut to, request| async move {
            to.vote(request).await
        });
        let answer = asked.await.map_err(|error| self.failed(error, &option))?;
        let answer: VoteResponse<RaftId> = self.answer(&answer)?;
        if answer.vote_granted {
            self.peers.note_answer(self.target);
        }
        Ok(answer)
    }

    fn backoff(&self) -> Backoff {
        Backoff::new(std::iter::repeat(BACKOFF))
    }
}
