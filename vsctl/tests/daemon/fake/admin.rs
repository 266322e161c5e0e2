//! Nodes, the metadata group, and what an operator asks of it.

use futures::StreamExt;
use tonic::{Request, Response, Status};
use vs_core::error::{Code, Failure};
use vs_wire::{
    status_from_failure,
    v1::{self, admin_server, cluster_server},
};

use super::{Answer, Fake, Flow, State, unused};

/// A cluster of three that is well.
pub(super) fn three_nodes() -> State {
    let node = |id: u64| v1::NodeInfo {
        id,
        // Nobody answers there.
        addr: format!("127.0.0.1:{id}"),
        roles: vec!["metadata".to_owned(), "storage".to_owned()],
        zone: format!("eu-{id}"),
        state: "up".to_owned(),
        leader: id == 1,
        voter: true,
        weight_milli: 1_000,
        joined_at_ms: 1_700_000_000_000,
        heard_ms: Some(12),
        ..v1::NodeInfo::default()
    };
    let member = |id: u64| v1::Member {
        id,
        addr: format!("127.0.0.1:{id}"),
        state: if id == 1 { "leader" } else { "follower" }.to_owned(),
        term: 2,
        last: 40,
        commit: 40,
        applied: 40,
        r#match: 40,
        lag: 0,
        heartbeat_ms: Some(12),
        voter: true,
    };
    let taken = |node| v1::TakenSnapshot { node, index: 40, bytes: 4_096, ..v1::TakenSnapshot::default() };
    let replica = |node| v1::Replica {
        node,
        state: vec![0xab; 32],
        chain: vec![0xcd; 32],
        records: 9,
        same: Some(true),
        why: String::new(),
    };
    let ids = [1, 2, 3];
    State {
        cluster: v1::ClusterState {
            leader: Some(1),
            term: 2,
            quorum: 2,
            voters: 3,
            members: ids.map(member).to_vec(),
            at_ms: 1_700_000_000_000,
            last_election_ms: Some(8_049_000),
            elections: 1,
            ..v1::ClusterState::default()
        },
        nodes: ids.map(node).to_vec(),
        snapshots: ids.map(taken).to_vec(),
        replicas: ids.map(replica).to_vec(),
        pictures: 2,
        ..State::default()
    }
}

impl Fake {
    fn node(&self, id: u64) -> Result<v1::NodeInfo, Status> {
        let found = self.state().nodes.iter().find(|node| node.id == id).cloned();
        found.ok_or_else(|| status_from_failure(&Failure::new(Code::NotFound, format!("no node n{id}"))))
    }

    fn put(&self, node: &v1::NodeInfo) {
        let mut state = self.state();
        let kept = state.nodes.iter_mut().find(|kept| kept.id == node.id).unwrap();
        kept.clone_from(node);
    }
}

#[tonic::async_trait]
impl admin_server::Admin for Fake {
    async fn status(&self, request: Request<v1::StatusRequest>) -> Answer<v1::StatusResponse> {
        let age_ms = self.admit_read(request.get_ref().consistency())?;
        let state = self.state();
        Ok(Response::new(v1::StatusResponse {
            cluster_id: "5b7d8f3c-0000-4000-8000-000000000000".to_owned(),
            version: "0.1.0".to_owned(),
            cluster: Some(state.cluster.clone()),
            nodes: state.nodes.clone(),
            age_ms,
            ..v1::StatusResponse::default()
        }))
    }

    async fn list_nodes(&self, request: Request<v1::ListNodesRequest>) -> Answer<v1::ListNodesResponse> {
        let age_ms = self.admit_read(request.get_ref().consistency())?;
        Ok(Response::new(v1::ListNodesResponse { items: self.state().nodes.clone(), age_ms }))
    }

    async fn set_node(&self, request: Request<v1::SetNodeRequest>) -> Answer<v1::SetNodeResponse> {
        self.admit(&request, request.get_ref().dry_run)?;
        let request = request.into_inner();
        let before = self.node(request.node)?;
        let mut node = before.clone();
        node.zone = request.zone.unwrap_or(node.zone);
        node.weight_milli = request.weight_milli.unwrap_or(node.weight_milli);
        let epoch = self.state().kept.layouts.last().map_or(0, |layout| layout.epoch.0);
        if !request.dry_run {
            self.put(&node);
            self.lay_out_again(&node);
        }
        Ok(Response::new(v1::SetNodeResponse { changed: node != before, node: Some(node), epoch }))
    }

    async fn remove_node(&self, request: Request<v1::RemoveNodeRequest>) -> Answer<v1::RemoveNodeResponse> {
        self.admit(&request, request.get_ref().dry_run)?;
        let request = request.into_inner();
        let mut node = self.node(request.node)?;
        if node.state == "down" && !request.lost {
            let failure = Failure::new(Code::Conflict, format!("n{} is down", node.id));
            return Err(status_from_failure(&failure));
        }
        let changed = node.state != "out";
        if node.chunks > 0 && !request.lost {
            let job = self.job_of("remove", node.id)?;
            let job = (!request.dry_run).then_some(job);
            return Ok(Response::new(v1::RemoveNodeResponse { node: Some(node), changed, job }));
        }
        if !request.dry_run {
            "out".clone_into(&mut node.state);
            self.put(&node);
        }
        Ok(Response::new(v1::RemoveNodeResponse { node: Some(node), changed, job: None }))
    }

    async fn drain_node(&self, request: Request<v1::DrainNodeRequest>) -> Answer<v1::DrainNodeResponse> {
        self.admit(&request, request.get_ref().dry_run)?;
        let request = request.into_inner();
        let mut node = self.node(request.node)?;
        let state = if request.undrain { "up" } else { "draining" };
        let changed = node.state != state;
        state.clone_into(&mut node.state);
        let job = if request.undrain || !changed { None } else { Some(self.job_of("drain", node.id)?) };
        if request.dry_run {
            return Ok(Response::new(v1::DrainNodeResponse { node: Some(node), changed, job: None }));
        }
        self.put(&node);
        Ok(Response::new(v1::DrainNodeResponse { node: Some(node), changed, job }))
    }

    async fn plan_layout(&self, request: Request<v1::PlanLayoutRequest>) -> Answer<v1::PlanLayoutResponse> {
        let mut state = self.state();
        state.kept.planned = request.into_inner().changes;
        Ok(Response::new(state.kept.plan.clone()))
    }

    /// How it stands; whoever looks again finds it done.
    async fn rebalance_status(&self, _: Request<v1::RebalanceStatusRequest>) -> Answer<v1::RebalanceStatusResponse> {
        let mut state = self.state();
        let before = state.kept.rebalance.clone();
        if before.state == "running" {
            "idle".clone_into(&mut state.kept.rebalance.state);
            state.kept.rebalance.oldest_epoch = before.epoch;
            let moving = state.kept.jobs.iter_mut().filter(|job| Some(job.id) == before.job);
            moving.for_each(|job| (job.chunks_done, job.bytes_done) = (job.chunks_total, job.bytes_total));
        }
        Ok(Response::new(before))
    }

    async fn order_rebalance(
        &self,
        request: Request<v1::OrderRebalanceRequest>,
    ) -> Answer<v1::RebalanceStatusResponse> {
        self.admit(&request, request.get_ref().dry_run)?;
        let state = match request.get_ref().action() {
            v1::RebalanceAction::Pause => "paused",
            v1::RebalanceAction::Stop => "stopped",
            _ => "running",
        };
        let rebalance = &mut self.state().kept.rebalance;
        if !request.get_ref().dry_run {
            state.clone_into(&mut rebalance.state);
        }
        Ok(Response::new(rebalance.clone()))
    }

    async fn transfer_leadership(
        &self,
        request: Request<v1::TransferLeadershipRequest>,
    ) -> Answer<v1::TransferLeadershipResponse> {
        self.admit(&request, request.get_ref().dry_run)?;
        let request = request.into_inner();
        let mut state = self.state();
        let (from, to) = (state.cluster.leader.unwrap_or_default(), request.to.unwrap_or(2));
        let term = state.cluster.term + u64::from(from != to);
        if !request.dry_run {
            state.cluster.leader = Some(to);
        }
        Ok(Response::new(v1::TransferLeadershipResponse { from, to, term, took_ms: 210 }))
    }

    async fn take_snapshot(&self, request: Request<v1::TakeSnapshotRequest>) -> Answer<v1::TakeSnapshotResponse> {
        let only = request.get_ref().node;
        let mut items = self.state().snapshots.clone();
        items.retain(|taken| only.is_none_or(|id| id == taken.node));
        Ok(Response::new(v1::TakeSnapshotResponse { items }))
    }

    async fn verify_replicas(&self, _: Request<v1::VerifyReplicasRequest>) -> Answer<v1::VerifyReplicasResponse> {
        Ok(Response::new(v1::VerifyReplicasResponse { index: 41, items: self.state().replicas.clone() }))
    }

    async fn list_settings(&self, request: Request<v1::ListSettingsRequest>) -> Answer<v1::ListSettingsResponse> {
        self.admit_read(request.get_ref().consistency())?;
        Ok(Response::new(v1::ListSettingsResponse { items: self.state().kept.settings.clone() }))
    }

    async fn set_setting(&self, request: Request<v1::SetSettingRequest>) -> Answer<v1::Setting> {
        self.admit(&request, request.get_ref().dry_run)?;
        let request = request.into_inner();
        let mut setting = self.state().kept.settings.iter().find(|one| one.name == request.name).cloned().unwrap();
        setting.value = request.value.unwrap_or(setting.default);
        Ok(Response::new(setting))
    }

    async fn list_chunks(&self, _: Request<v1::ListChunksRequest>) -> Answer<v1::ListChunksResponse> {
        unused()
    }

    async fn get_chunks(&self, _: Request<v1::GetChunksRequest>) -> Answer<v1::GetChunksResponse> {
        unused()
    }

    type VerifyChunksStream = Flow<v1::ChunkInfo>;

    async fn verify_chunks(&self, _: Request<v1::VerifyChunksRequest>) -> Answer<Self::VerifyChunksStream> {
        unused()
    }

    async fn check_chunks(&self, request: Request<v1::CheckChunksRequest>) -> Answer<v1::CheckChunksResponse> {
        self.checked(request.get_ref())
    }

    async fn get_care(&self, _: Request<v1::GetCareRequest>) -> Answer<v1::GetCareResponse> {
        unused()
    }

    async fn order_care(&self, _: Request<v1::OrderCareRequest>) -> Answer<v1::OrderCareResponse> {
        unused()
    }

    async fn get_layout(&self, request: Request<v1::GetLayoutRequest>) -> Answer<v1::GetLayoutResponse> {
        let age_ms = self.admit_read(request.get_ref().consistency())?;
        self.layout(request.get_ref(), age_ms)
    }

    async fn repair_status(&self, _: Request<v1::RepairStatusRequest>) -> Answer<v1::RepairStatusResponse> {
        Ok(Response::new(self.state().kept.repair.clone()))
    }

    async fn order_repair(&self, request: Request<v1::OrderRepairRequest>) -> Answer<v1::RepairStatusResponse> {
        self.admit(&request, request.get_ref().dry_run)?;
        let pauses = request.get_ref().action() == v1::RepairAction::Pause;
        let repair = &mut self.state().kept.repair;
        if !request.get_ref().dry_run {
            if pauses { "paused" } else { "running" }.clone_into(&mut repair.state);
        }
        Ok(Response::new(repair.clone()))
    }

    async fn list_jobs(&self, request: Request<v1::ListJobsRequest>) -> Answer<v1::ListJobsResponse> {
        let age_ms = self.admit_read(request.get_ref().consistency())?;
        let items = self.state().kept.jobs.clone();
        Ok(Response::new(v1::ListJobsResponse { items, age_ms, ..v1::ListJobsResponse::default() }))
    }

    async fn get_job(&self, request: Request<v1::GetJobRequest>) -> Answer<v1::Job> {
        self.job_now(request.get_ref().job)
    }

    async fn control_job(&self, request: Request<v1::ControlJobRequest>) -> Answer<v1::Job> {
        self.admit(&request, request.get_ref().dry_run)?;
        let request = request.into_inner();
        let state = match request.action() {
            v1::JobAction::Pause => "paused",
            v1::JobAction::Cancel => "cancelled",
            v1::JobAction::Retry if !request.dry_run => {
                let old = self.one_job(request.job, |_| ())?.into_inner();
                let id = self.job_of(&old.kind, old.node.unwrap_or(0))?;
                return self.one_job(id, |_| ());
            }
            _ => "running",
        };
        self.one_job(request.job, |job| {
            if !request.dry_run {
                state.clone_into(&mut job.state);
            }
        })
    }
}

#[tonic::async_trait]
impl cluster_server::Cluster for Fake {
    type WatchStream = Flow<v1::ClusterState>;

    /// A picture of this node's own: its address is that of the first member.
    async fn watch(&self, _: Request<v1::ClusterWatchRequest>) -> Answer<Self::WatchStream> {
        let state = self.state();
        let mut picture = state.cluster.clone();
        picture.members[0].addr.clone_from(&self.addr);
        let pictures = futures::stream::iter(vec![picture; state.pictures]).map(Ok);
        Ok(Response::new(Box::pin(pictures)))
    }
}
