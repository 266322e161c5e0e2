//! The control services: what operators and players ask of the cluster, answered out of the metadata and this node's own counts.

mod check;
mod chunks;
mod cluster;
mod jobs;
mod layout;
mod measure;
mod nodes;
mod plan;
mod rebalance;
mod redundancy;
mod repair;
mod videos;
mod views;

use std::sync::Arc;

use tokio::sync::watch;
use tonic::{Request, Status, service::Routes};
use vs_core::{
    error::{Code, Failure},
    id::NodeId,
    limit::PAGE_ITEMS_MAX,
    manifest::TrackKind,
};
use vs_wire::{
    FILE_DESCRIPTOR_SET, MESSAGE_BYTES_MAX, Stamp, status_from_failure,
    v1::{
        self, admin_server::AdminServer, cluster_server::ClusterServer, fault_server::FaultServer,
        meta_server::MetaServer, upload_server::UploadServer,
    },
};
use vsd_core::meta::{AssetRecord, ClientId, Response, TableError, View};

pub(crate) use self::views::ViewCounter;
use crate::{
    background::Desk,
    fault::FaultService,
    meta::{Meta, Proposer, StateRead},
    storage::{Caretaker, Store},
    upload::{UploadService, Uploader},
};

/// Items on a page when the client does not say.
const PAGE_ITEMS_DEFAULT: u32 = 100;

/// What the services answer from; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Services {
    pub(crate) meta: Meta,
    pub(crate) store: Arc<Store>,
    /// Of each data directory.
    pub(crate) care: Arc<[Caretaker]>,
    /// Of the executor in this process.
    pub(crate) repair: Desk,
    pub(crate) views: ViewCounter,
    pub(crate) node: NodeId,
    pub(crate) started_ms: u64,
    /// True once the daemon stops: streams end, or they would keep their connections open.
    pub(crate) closed: watch::Receiver<bool>,
}

/// All gRPC services behind one router, with health and reflection.
pub(crate) fn router(services: Services, uploader: Uploader, faults: FaultService) -> Result<axum::Router, Failure> {
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .map_err(|error| Failure::new(Code::Internal, "reflection cannot be set up").because(error))?;
    let (health, health_service) = tonic_health::server::health_reporter();
    tokio::spawn(async move {
        health.set_serving::<MetaServer<Services>>().await;
        health.set_serving::<UploadServer<UploadService>>().await;
        health.set_serving::<AdminServer<Services>>().await;
        health.set_serving::<ClusterServer<Services>>().await;
    });
    let upload = UploadServer::new(UploadService::new(uploader)).max_decoding_message_size(MESSAGE_BYTES_MAX);
    let routes = Routes::new(health_service)
        .add_service(reflection)
        .add_service(MetaServer::new(services.clone()).max_encoding_message_size(MESSAGE_BYTES_MAX))
        .add_service(AdminServer::new(services.clone()))
        .add_service(ClusterServer::new(services))
        .add_service(upload)
        .add_service(FaultServer::new(faults));
    Ok(routes.prepare().into_axum_router())
}

impl Services {
    /// The state, as fresh as asked for; with its age where it may be stale.
    async fn state(&self, consistency: v1::Consistency) -> Result<(StateRead, Option<u64>), Failure> {
        match consistency {
            v1::Consistency::Linearizable => Ok((self.meta.read().await?, None)),
            v1::Consistency::Stale => {
                let stale = self.meta.stale();
                Ok((stale.state, Some(stale.age_ms)))
            }
        }
    }
}

/// On whose behalf a call changes something (CON-3).
pub(crate) fn proposer<T>(request: &Request<T>) -> Result<Proposer, Status> {
    let stamp = Stamp::read(request.metadata())
        .map_err(|why| status_from_failure(&Failure::new(Code::Invalid, why.to_string())))?;
    Ok(stamp.map_or(Proposer::Stranger, |stamp| Proposer::Client(ClientId(stamp.client), stamp.seq)))
}

/// What a repeated call was answered before: names in it may mean something else by now.
pub(crate) fn answered(view: &View<'_>, proposer: Proposer) -> Result<Option<Response>, Failure> {
    let Proposer::Client(client, seq) = proposer else { return Ok(None) };
    let session = view.client(client).map_err(internal)?;
    Ok(session.filter(|session| session.seq == seq).and_then(|session| session.response))
}

pub(crate) fn status(failure: Failure) -> Status {
    if failure.code == Code::Internal {
        tracing::error!(%failure, "a call failed");
    }
    status_from_failure(&failure)
}

pub(crate) fn internal(error: TableError) -> Failure {
    Failure::new(Code::Internal, error.to_string())
}

/// The number of items a page may have.
pub(crate) fn check_limit(limit: u32) -> Result<usize, Failure> {
    let limit = if limit == 0 { PAGE_ITEMS_DEFAULT } else { limit };
    if limit > PAGE_ITEMS_MAX {
        return Err(Failure::new(
            Code::Invalid,
            format!("a page of {limit} items; at most {PAGE_ITEMS_MAX} are given"),
        ));
    }
    usize::try_from(limit).map_err(|_| Failure::new(Code::Invalid, "an impossible limit"))
}

/// How long the film is: as long as its longest picture or sound, or as its source says while there are none.
pub(crate) fn duration_ms(asset: &AssetRecord) -> u64 {
    let played = asset.tracks.iter().filter(|track| matches!(track.kind, TrackKind::Video | TrackKind::Audio));
    let longest = played.map(|track| track.duration_us).max();
    longest.or(asset.source.as_ref().map(|source| source.duration_us)).unwrap_or(0) / 1000
}
