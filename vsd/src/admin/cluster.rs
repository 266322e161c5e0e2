//! The `Admin` and `Cluster` services: nodes, consensus, and one screen of truth.

use std::{collections::HashMap, pin::Pin, time::Duration};

use futures::Stream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use vs_core::{
    error::{Code, Failure},
    id::{NodeId, UploadId},
    limit::PAGE_ITEMS_MAX,
};
use vs_wire::v1::{self, VideoStatus, admin_server::Admin, cluster_server::Cluster};
use vsd_core::meta::{Command, DirState, SettingName, SettingValue, UploadRecord, View};

use super::{Services, internal, status};
use crate::{meta::MetaState, run::wall_ms};

/// A watcher hears at least this often, and not more often than the shorter one.
const WATCH_HEARTBEAT: Duration = Duration::from_secs(1);
const WATCH_INTERVAL: Duration = Duration::from_millis(200);

impl Services {
    /// Every node, as the cluster knows it; this one with its own counts.
    pub(super) fn nodes(&self, view: &View<'_>, leader: Option<NodeId>) -> Result<Vec<v1::NodeInfo>, Failure> {
        let records = view.nodes(None, PAGE_ITEMS_MAX).map_err(internal)?;
        let node = |record: &vsd_core::meta::NodeRecord| {
            let mut info = v1::NodeInfo {
                id: record.id.0,
                addr: record.spec.addr.clone(),
                roles: record.spec.roles.iter().map(|role| role.as_str().to_owned()).collect(),
                zone: record.spec.zone.clone(),
                state: "up".to_owned(),
                leader: leader == Some(record.id),
                version: record.spec.version.clone(),
                ..v1::NodeInfo::default()
            };
            if record.id == self.node {
                let (total, free) = self.store.space();
                info.chunks = self.store.stats().iter().map(|(_, stats)| stats.chunks).sum();
                info.disk_total_bytes = total;
                info.disk_used_bytes = total.saturating_sub(free);
            }
            info
        };
        Ok(records.iter().map(node).collect())
    }

    /// What this node knows of the consensus. Of the members it tells about itself what only it can know.
    async fn cluster(&self) -> v1::ClusterState {
        let status = self.meta.status().await;
        let addrs = self.addrs();
        let voters = u32::try_from(status.voters.len()).unwrap_or(u32::MAX);
        let member = |id: &NodeId| {
            let mut member = v1::Member {
                id: id.0,
                addr: addrs.get(id).cloned().unwrap_or_default(),
                state: "follower".to_owned(),
                term: status.term,
                ..v1::Member::default()
            };
            if *id == status.node {
                state_name(status.state).clone_into(&mut member.state);
                member.last = status.last;
                member.commit = status.committed;
                member.applied = status.applied;
                member.r#match = status.last;
            }
            member
        };
        v1::ClusterState {
            leader: status.leader.map(|leader| leader.0),
            term: status.term,
            quorum: voters / 2 + 1,
            voters,
            members: status.voters.iter().chain(&status.learners).map(member).collect(),
            at_ms: wall_ms(),
        }
    }

    /// Addresses as this node last heard them; missing ones are left out.
    fn addrs(&self) -> HashMap<NodeId, String> {
        let state = self.meta.stale().state;
        let nodes = state.view().nodes(None, PAGE_ITEMS_MAX).unwrap_or_default();
        nodes.into_iter().map(|node| (node.id, node.spec.addr)).collect()
    }

    async fn report(&self, consistency: v1::Consistency) -> Result<v1::StatusResponse, Failure> {
        let (state, age_ms) = self.state(consistency).await?;
        let view = state.view();
        let cluster = self.cluster().await;
        let mut answer = v1::StatusResponse {
            cluster_id: view.cluster().map_err(internal)?.map(|cluster| cluster.id.to_string()).unwrap_or_default(),
            nodes: self.nodes(&view, cluster.leader.map(NodeId))?,
            cluster: Some(cluster),
            open_sessions: open_sessions(&view)?,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at_ms: self.started_ms,
            age_ms,
            ..v1::StatusResponse::default()
        };
        self.count_videos(&view, &mut answer)?;
        self.note(&view, &mut answer)?;
        Ok(answer)
    }

    fn count_videos(&self, view: &View<'_>, answer: &mut v1::StatusResponse) -> Result<(), Failure> {
        let mut after = None;
        let mut seen = std::collections::HashSet::new();
        loop {
            let page = view.videos(after, PAGE_ITEMS_MAX).map_err(internal)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            for record in &page {
                let (video, _) = super::videos::describe(view, record)?;
                *answer.videos_by_status.entry(status_name(video.status()).to_owned()).or_default() += 1;
                // Videos that share an asset share its bytes.
                if seen.insert(video.asset) {
                    answer.logical_bytes += video.logical_bytes;
                    answer.physical_bytes += video.physical_bytes;
                }
            }
        }
    }

    async fn set(&self, request: v1::SetSettingRequest) -> Result<v1::Setting, Failure> {
        let unknown =
            || Failure::new(Code::NotFound, format!("no setting `{}`", request.name)).hint("vsctl settings ls");
        let name: SettingName = request.name.parse().map_err(|()| unknown())?;
        let value = request.value_ms.unwrap_or(name.default_value());
        if !request.dry_run {
            let command = match request.value_ms {
                Some(value) => Command::SettingSet { name, value },
                None => Command::SettingReset { name },
            };
            self.meta.propose(command).await?.accepted()?;
        }
        Ok(setting(SettingValue { name, value, is_set: request.value_ms.is_some() }))
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
        if answer.nodes.len() < 3 {
            answer
                .notes
                .push(format!("{} of 3 copies are kept: more nodes are needed for the rest", answer.nodes.len()));
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

fn state_name(state: MetaState) -> &'static str {
    match state {
        MetaState::Leader => "leader",
        MetaState::Follower => "follower",
        MetaState::Candidate => "candidate",
        MetaState::Learner => "learner",
        MetaState::Stopped => "stopped",
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
            Ok(v1::ListNodesResponse { items: self.nodes(&state.view(), self.meta.status().await.leader)?, age_ms })
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
        self.set(request.into_inner()).await.map(Response::new).map_err(status)
    }
}

fn setting(setting: SettingValue) -> v1::Setting {
    let (min_ms, max_ms) = setting.name.range();
    v1::Setting {
        name: setting.name.as_str().to_owned(),
        value_ms: setting.value,
        default_ms: setting.name.default_value(),
        min_ms,
        max_ms,
        is_set: setting.is_set,
        about: setting.name.about().to_owned(),
    }
}

#[tonic::async_trait]
impl Cluster for Services {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<v1::ClusterState, Status>> + Send>>;

    async fn watch(&self, _: Request<v1::ClusterWatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let (to, states) = mpsc::channel(2);
        let services = self.clone();
        tokio::spawn(async move {
            let mut closed = services.closed.clone();
            let mut applied = services.meta.watch_applied();
            while to.send(Ok(services.cluster().await)).await.is_ok() {
                let change = async {
                    tokio::time::sleep(WATCH_INTERVAL).await;
                    let _ = applied.changed().await;
                };
                tokio::select! {
                    _ = tokio::time::timeout(WATCH_HEARTBEAT, change) => {}
                    _ = closed.wait_for(|closed| *closed) => return,
                    () = to.closed() => return,
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(states))))
    }
}
