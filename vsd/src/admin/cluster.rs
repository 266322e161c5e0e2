//! The `Admin` and `Cluster` services: nodes, consensus, and one screen of truth.

use std::{pin::Pin, time::Duration};

use futures::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use vs_core::{
    error::{Code, Failure},
    id::{NodeId, UploadId},
    limit::PAGE_ITEMS_MAX,
    unit::human_duration,
};
use vs_wire::v1::{self, VideoStatus, admin_server::Admin, cluster_server::Cluster};
use vsd_core::meta::{Command, DirState, SettingName, SettingUnit, SettingValue, UploadRecord, View};

use super::{Services, internal, proposer, redundancy::Kept, status};
use crate::meta::{Proposer, node_info};

/// A watcher hears at least this often.
const WATCH_HEARTBEAT: Duration = Duration::from_secs(1);
/// Copies of a hot film.
const COPIES: usize = 3;
/// How long the leader may take to say what lacks.
const REPAIR_TIMEOUT: Duration = Duration::from_secs(1);

impl Services {
    /// Every node, as the cluster knows it and as it was when the leader last heard of it.
    pub(super) fn nodes(&self, view: &View<'_>) -> Result<Vec<v1::NodeInfo>, Failure> {
        let picture = self.meta.cluster();
        let node = |record: vsd_core::meta::NodeRecord| {
            let live = picture.nodes.iter().find(|node| node.id == record.id.0).cloned().unwrap_or_default();
            node_info(&record, live)
        };
        Ok(view.nodes(None, PAGE_ITEMS_MAX).map_err(internal)?.into_iter().map(node).collect())
    }

    async fn report(&self, consistency: v1::Consistency) -> Result<v1::StatusResponse, Failure> {
        let (state, age_ms) = self.state(consistency).await?;
        let view = state.view();
        let cluster = self.meta.cluster();
        let mut answer = v1::StatusResponse {
            cluster_id: view.cluster().map_err(internal)?.map(|cluster| cluster.id.to_string()).unwrap_or_default(),
            nodes: self.nodes(&view)?,
            cluster: Some(cluster),
            open_sessions: open_sessions(&view)?,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at_ms: self.started_ms,
            age_ms,
            ..v1::StatusResponse::default()
        };
        self.count_videos(&view, &mut answer)?;
        self.note(&view, &mut answer)?;
        self.note_repair(&mut answer).await;
        Ok(answer)
    }

    /// What the leader found to lack. Of a cluster without one it is not known.
    async fn note_repair(&self, answer: &mut v1::StatusResponse) {
        let asked = self.repair_stands(v1::RepairStatusRequest { forwarded: false });
        let Ok(Ok(stands)) = tokio::time::timeout(REPAIR_TIMEOUT, asked).await else { return };
        let lacking = [(stands.chunks_missing, "cannot be read now"), (stands.chunks_degraded, "lack a copy")];
        for (chunks, what) in lacking.into_iter().filter(|(chunks, _)| *chunks > 0) {
            answer.notes.push(format!("{chunks} chunks {what}: see `vsctl repair status`"));
        }
    }

    fn count_videos(&self, view: &View<'_>, answer: &mut v1::StatusResponse) -> Result<(), Failure> {
        let mut after = None;
        let mut seen = std::collections::HashSet::new();
        let (terms, mut kept) = (self.terms(view)?, Kept::default());
        loop {
            let page = view.videos(after, PAGE_ITEMS_MAX).map_err(internal)?;
            let Some(last) = page.last() else {
                kept.note(&terms, &mut answer.notes);
                return Ok(());
            };
            after = Some(last.id);
            for record in &page {
                let (video, asset) = self.describe(view, record, &terms)?;
                *answer.videos_by_status.entry(status_name(video.status()).to_owned()).or_default() += 1;
                // Videos that share an asset share its bytes.
                if seen.insert(video.asset) {
                    answer.logical_bytes += video.logical_bytes;
                    answer.physical_bytes += video.physical_bytes;
                    kept.add(&asset, !video.note.is_empty() && video.status() == VideoStatus::Ready);
                }
            }
        }
    }

    async fn set(&self, proposer: Proposer, request: v1::SetSettingRequest) -> Result<v1::Setting, Failure> {
        let unknown =
            || Failure::new(Code::NotFound, format!("no setting `{}`", request.name)).hint("vsctl settings ls");
        let name: SettingName = request.name.parse().map_err(|()| unknown())?;
        let value = request.value.unwrap_or(name.default_value());
        let command = match request.value {
            Some(value) => Command::SettingSet { name, value },
            None => Command::SettingReset { name },
        };
        match request.dry_run {
            true => self.meta.try_out(command).await?.accepted()?,
            false => self.meta.propose_for(proposer, command).await?.accepted()?,
        };
        Ok(setting(SettingValue { name, value, is_set: request.value.is_some() }))
    }

    fn note(&self, view: &View<'_>, answer: &mut v1::StatusResponse) -> Result<(), Failure> {
        answer.notes.extend(self.store.notes().into_iter().map(|note| format!("{}: {note}", self.node)));
        let corrupt_reads: u64 = self.store.stats().iter().map(|(_, stats)| stats.corrupt_reads).sum();
        if corrupt_reads > 0 {
            answer.notes.push(format!("{} read {corrupt_reads} bad chunks since it started", self.node));
        }
        for dir in view.dirs(None, PAGE_ITEMS_MAX).map_err(internal)? {
            let what = match dir.state {
                DirState::Ok => continue,
                DirState::ReadOnly { reason } => {
                    format!("takes no writes until `vsd fsck --deep --fix` found it sound: {reason}")
                }
                DirState::Missing => "is missing".to_owned(),
            };
            answer.notes.push(format!("{}: {} ({}) {what}", dir.node, dir.id, dir.path));
        }
        self.note_nodes(view, answer)
    }
}

impl Services {
    /// What there is to say of the nodes and of the consensus.
    fn note_nodes(&self, view: &View<'_>, answer: &mut v1::StatusResponse) -> Result<(), Failure> {
        let placed = view.current_layout().map_err(internal)?.map_or(0, |layout| layout.nodes.len());
        if placed < COPIES {
            answer.notes.push(format!("{placed} of {COPIES} copies are kept: more nodes are needed for the rest"));
        }
        for node in answer.nodes.iter().filter(|node| matches!(node.state.as_str(), "down" | "suspect")) {
            let heard = node.heard_ms.map(|ms| human_duration(Duration::from_millis(ms)));
            let heard = heard.map_or("it has not been heard of".to_owned(), |ago| format!("last heard of {ago} ago"));
            answer.notes.push(format!("{} is {}: {heard}", NodeId(node.id), node.state));
        }
        let cluster = answer.cluster.get_or_insert_default();
        if cluster.leader.is_none() {
            answer.notes.insert(0, format!("nobody leads: {} of {} voters are needed", cluster.quorum, cluster.voters));
        } else if cluster.voters == 1 && cluster.members.len() == 2 {
            answer.notes.push("1 node decides alone: a third one is needed before any may fail".to_owned());
        }
        Ok(())
    }
}

fn open_sessions(view: &View<'_>) -> Result<u32, Failure> {
    let mut after: Option<UploadId> = None;
    let mut open = 0;
    loop {
        let page: Vec<UploadRecord> = view.uploads(after, PAGE_ITEMS_MAX).map_err(internal)?;
        let Some(last) = page.last() else { return Ok(open) };
        after = Some(last.id);
        open += u32::try_from(page.iter().filter(|record| !record.is_over()).count()).unwrap_or(0);
    }
}

fn status_name(status: VideoStatus) -> &'static str {
    match status {
        VideoStatus::Unspecified => "unknown",
        VideoStatus::Uploading => "uploading",
        VideoStatus::Processing => "processing",
        VideoStatus::Ready => "ready",
        VideoStatus::Failed => "failed",
        VideoStatus::Trashed => "trashed",
    }
}

#[tonic::async_trait]
impl Admin for Services {
    async fn status(&self, request: Request<v1::StatusRequest>) -> Result<Response<v1::StatusResponse>, Status> {
        self.report(request.into_inner().consistency()).await.map(Response::new).map_err(status)
    }

    async fn list_nodes(
        &self,
        request: Request<v1::ListNodesRequest>,
    ) -> Result<Response<v1::ListNodesResponse>, Status> {
        let list = async {
            let (state, age_ms) = self.state(request.into_inner().consistency()).await?;
            Ok(v1::ListNodesResponse { items: self.nodes(&state.view())?, age_ms })
        };
        list.await.map(Response::new).map_err(status)
    }

    async fn list_settings(
        &self,
        request: Request<v1::ListSettingsRequest>,
    ) -> Result<Response<v1::ListSettingsResponse>, Status> {
        let list = async {
            let (state, _) = self.state(request.into_inner().consistency()).await?;
            let settings = state.view().settings().map_err(internal)?;
            Ok(v1::ListSettingsResponse { items: settings.into_iter().map(setting).collect() })
        };
        list.await.map(Response::new).map_err(status)
    }

    async fn set_setting(&self, request: Request<v1::SetSettingRequest>) -> Result<Response<v1::Setting>, Status> {
        let proposer = proposer(&request)?;
        self.set(proposer, request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn list_chunks(
        &self,
        request: Request<v1::ListChunksRequest>,
    ) -> Result<Response<v1::ListChunksResponse>, Status> {
        self.chunks(&request.into_inner()).map(Response::new).map_err(status)
    }

    async fn get_chunks(
        &self,
        request: Request<v1::GetChunksRequest>,
    ) -> Result<Response<v1::GetChunksResponse>, Status> {
        self.chunks_named(&request.into_inner()).map(Response::new).map_err(status)
    }

    async fn set_node(&self, request: Request<v1::SetNodeRequest>) -> Result<Response<v1::SetNodeResponse>, Status> {
        let proposer = proposer(&request)?;
        self.node_set(proposer, request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn remove_node(
        &self,
        request: Request<v1::RemoveNodeRequest>,
    ) -> Result<Response<v1::RemoveNodeResponse>, Status> {
        let proposer = proposer(&request)?;
        self.node_rm(proposer, request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn transfer_leadership(
        &self,
        request: Request<v1::TransferLeadershipRequest>,
    ) -> Result<Response<v1::TransferLeadershipResponse>, Status> {
        self.transfer(&request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn take_snapshot(
        &self,
        request: Request<v1::TakeSnapshotRequest>,
    ) -> Result<Response<v1::TakeSnapshotResponse>, Status> {
        self.snapshots(&request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn verify_replicas(
        &self,
        _: Request<v1::VerifyReplicasRequest>,
    ) -> Result<Response<v1::VerifyReplicasResponse>, Status> {
        self.verify_all().await.map(Response::new).map_err(status)
    }

    type VerifyChunksStream = Pin<Box<dyn Stream<Item = Result<v1::ChunkInfo, Status>> + Send>>;

    async fn verify_chunks(
        &self,
        request: Request<v1::VerifyChunksRequest>,
    ) -> Result<Response<Self::VerifyChunksStream>, Status> {
        let verified = self.verify(&request.into_inner()).map_err(status)?;
        Ok(Response::new(Box::pin(verified.map(Ok))))
    }

    async fn check_chunks(
        &self,
        request: Request<v1::CheckChunksRequest>,
    ) -> Result<Response<v1::CheckChunksResponse>, Status> {
        self.check(request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn get_care(&self, request: Request<v1::GetCareRequest>) -> Result<Response<v1::GetCareResponse>, Status> {
        self.care_status(request.into_inner().job()).map(Response::new).map_err(status)
    }

    async fn order_care(
        &self,
        request: Request<v1::OrderCareRequest>,
    ) -> Result<Response<v1::OrderCareResponse>, Status> {
        self.order(request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn get_layout(
        &self,
        request: Request<v1::GetLayoutRequest>,
    ) -> Result<Response<v1::GetLayoutResponse>, Status> {
        self.layout(request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn drain_node(
        &self,
        request: Request<v1::DrainNodeRequest>,
    ) -> Result<Response<v1::DrainNodeResponse>, Status> {
        let proposer = proposer(&request)?;
        self.node_drain(proposer, request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn plan_layout(
        &self,
        request: Request<v1::PlanLayoutRequest>,
    ) -> Result<Response<v1::PlanLayoutResponse>, Status> {
        self.planned(request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn rebalance_status(
        &self,
        request: Request<v1::RebalanceStatusRequest>,
    ) -> Result<Response<v1::RebalanceStatusResponse>, Status> {
        self.rebalance_stands(request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn order_rebalance(
        &self,
        request: Request<v1::OrderRebalanceRequest>,
    ) -> Result<Response<v1::RebalanceStatusResponse>, Status> {
        self.rebalance_ordered(request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn repair_status(
        &self,
        request: Request<v1::RepairStatusRequest>,
    ) -> Result<Response<v1::RepairStatusResponse>, Status> {
        self.repair_stands(request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn order_repair(
        &self,
        request: Request<v1::OrderRepairRequest>,
    ) -> Result<Response<v1::RepairStatusResponse>, Status> {
        self.repair_ordered(request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn list_jobs(&self, request: Request<v1::ListJobsRequest>) -> Result<Response<v1::ListJobsResponse>, Status> {
        self.jobs(request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn get_job(&self, request: Request<v1::GetJobRequest>) -> Result<Response<v1::Job>, Status> {
        self.job(request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn control_job(&self, request: Request<v1::ControlJobRequest>) -> Result<Response<v1::Job>, Status> {
        let proposer = proposer(&request)?;
        self.job_control(proposer, request.into_inner()).await.map(Response::new).map_err(status)
    }
}

fn unit_name(unit: SettingUnit) -> &'static str {
    match unit {
        SettingUnit::Milliseconds => "ms",
        SettingUnit::Count => "count",
        SettingUnit::BytesPerSecond => "bytes_per_s",
    }
}

fn setting(setting: SettingValue) -> v1::Setting {
    let (min, max) = setting.name.range();
    v1::Setting {
        name: setting.name.as_str().to_owned(),
        value: setting.value,
        default: setting.name.default_value(),
        min,
        max,
        unit: unit_name(setting.name.unit()).to_owned(),
        is_set: setting.is_set,
        about: setting.name.about().to_owned(),
    }
}

#[tonic::async_trait]
impl Cluster for Services {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<v1::ClusterState, Status>> + Send>>;

    async fn watch(&self, _: Request<v1::ClusterWatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let (to, states) = mpsc::channel(2);
        let (mut closed, mut pictures) = (self.closed.clone(), self.meta.watch_cluster());
        tokio::spawn(async move {
            loop {
                let told = pictures.borrow_and_update().clone();
                if to.send(Ok((*told).clone())).await.is_err() {
                    return;
                }
                // what changes all the time is told once a second
                let heartbeat = tokio::time::sleep(WATCH_HEARTBEAT);
                tokio::select! {
                    changed = pictures.wait_for(|now| essence(now) != essence(&told)) => if changed.is_err() { return },
                    () = heartbeat => {}
                    _ = closed.wait_for(|closed| *closed) => return,
                    () = to.closed() => return,
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(states))))
    }
}

/// What of a picture is news.
fn essence(state: &v1::ClusterState) -> impl PartialEq + use<> {
    let members: Vec<_> = state.members.iter().map(|m| (m.id, m.state.clone(), m.commit, m.voter)).collect();
    let nodes: Vec<_> = state.nodes.iter().map(|node| (node.id, node.state.clone(), node.chunks)).collect();
    (state.leader, state.term, state.epoch, members, nodes)
}
