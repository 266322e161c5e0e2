//! Talking to other voters. There are none yet, and whoever is asked for is honestly unreachable.

use openraft::{
    BasicNode, RaftNetwork, RaftNetworkFactory,
    error::{InstallSnapshotError, RPCError, RaftError, Unreachable},
    network::RPCOption,
    raft::{
        AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse, VoteRequest,
        VoteResponse,
    },
};

use super::types::{RaftId, TypeConfig};

/// A cluster of one.
#[derive(Debug)]
pub(super) struct Alone;

/// A voter that cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("n{0} cannot be reached: this node talks to no other")]
pub(super) struct Nobody(RaftId);

type Answer<T, E = RaftError<RaftId>> = Result<T, RPCError<RaftId, BasicNode, E>>;

impl Nobody {
    fn unreachable<E: std::error::Error>(&self) -> RPCError<RaftId, BasicNode, E> {
        RPCError::Unreachable(Unreachable::new(self))
    }
}

impl RaftNetworkFactory<TypeConfig> for Alone {
    type Network = Nobody;

    async fn new_client(&mut self, target: RaftId, _: &BasicNode) -> Nobody {
        Nobody(target)
    }
}

impl RaftNetwork<TypeConfig> for Nobody {
    async fn append_entries(
        &mut self,
        _: AppendEntriesRequest<TypeConfig>,
        _: RPCOption,
    ) -> Answer<AppendEntriesResponse<RaftId>> {
        Err(self.unreachable())
    }

    async fn install_snapshot(
        &mut self,
        _: InstallSnapshotRequest<TypeConfig>,
        _: RPCOption,
    ) -> Answer<InstallSnapshotResponse<RaftId>, RaftError<RaftId, InstallSnapshotError>> {
        Err(self.unreachable())
    }

    async fn vote(&mut self, _: VoteRequest<RaftId>, _: RPCOption) -> Answer<VoteResponse<RaftId>> {
        Err(self.unreachable())
    }
}
