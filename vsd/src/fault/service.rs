//! The calls of a lab (`fault.proto`), which a node answers or refuses.

use std::{sync::Arc, time::Duration};

use tonic::{Request, Response, Status};
use vs_core::{
    error::{Code, Failure},
    id::NodeId,
};
use vs_wire::{
    status_from_failure,
    v1::{self, fault_server::Fault},
};

use super::{Afflicted, corrupt::corrupt};
use crate::storage::Store;

/// Chunks that rot by one call.
const CORRUPT_MAX: u32 = 1_000;

/// What a lab may do to this node: nothing, unless `vsd dev` started it.
#[derive(Clone, Debug)]
pub(crate) struct FaultService {
    node: NodeId,
    store: Arc<Store>,
    afflicted: Option<Arc<Afflicted>>,
}

impl FaultService {
    pub(crate) fn new(node: NodeId, store: Arc<Store>, afflicted: Option<Arc<Afflicted>>) -> Self {
        Self { node, store, afflicted }
    }

    fn afflicted(&self) -> Result<&Arc<Afflicted>, Status> {
        let refused = || {
            Failure::new(Code::Denied, format!("{} refuses faults", self.node))
                .because("it was not started by `vsd dev`")
                .hint("start a cluster for labs with `vsd dev --nodes 3`")
        };
        self.afflicted.as_ref().ok_or_else(|| status_from_failure(&refused()))
    }
}

#[tonic::async_trait]
impl Fault for FaultService {
    async fn describe_faults(
        &self,
        _: Request<v1::DescribeFaultsRequest>,
    ) -> Result<Response<v1::DescribeFaultsResponse>, Status> {
        let afflicted = self.afflicted()?;
        let (faults, left) = afflicted.describe();
        Ok(Response::new(v1::DescribeFaultsResponse {
            node: self.node.0,
            supervisor: afflicted.supervisor.to_string(),
            faults: Some(faults),
            left_ms: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
        }))
    }

    async fn set_faults(
        &self,
        request: Request<v1::SetFaultsRequest>,
    ) -> Result<Response<v1::SetFaultsResponse>, Status> {
        let afflicted = Arc::clone(self.afflicted()?);
        let v1::SetFaultsRequest { faults, for_ms } = request.into_inner();
        let faults = faults.unwrap_or_default();
        tracing::info!(?faults, for_ms, "a lab changes what is wrong with this node");
        afflicted.set(faults, Duration::from_millis(for_ms)).map_err(|failure| status_from_failure(&failure))?;
        Ok(Response::new(v1::SetFaultsResponse {}))
    }

    async fn corrupt_chunks(
        &self,
        request: Request<v1::CorruptChunksRequest>,
    ) -> Result<Response<v1::CorruptChunksResponse>, Status> {
        self.afflicted()?;
        let v1::CorruptChunksRequest { chunks, seed } = request.into_inner();
        if chunks > CORRUPT_MAX {
            let failure = Failure::new(Code::Invalid, format!("at most {CORRUPT_MAX} chunks rot at a time"));
            return Err(status_from_failure(&failure));
        }
        let (store, count) = (Arc::clone(&self.store), chunks as usize);
        let rotten = tokio::task::spawn_blocking(move || corrupt(&store, count, seed)).await;
        let items = rotten.map_err(std::io::Error::other).and_then(|rotten| rotten).map_err(|error| {
            status_from_failure(&Failure::new(Code::Internal, "a chunk cannot be corrupted").because(error))
        })?;
        Ok(Response::new(v1::CorruptChunksResponse { items }))
    }
}
