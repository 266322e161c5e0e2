//! Nodes that are set and go, and what an operator asks of the consensus.

use std::time::Instant;

use futures::future::join_all;
use vs_core::{
    error::{Code, Failure},
    id::NodeId,
    layout::NodeWish,
    limit::PAGE_ITEMS_MAX,
};
use vs_wire::v1;
use vsd_core::{
    meta::{Command, JobKind, Response, View},
    plan::jobs,
};

use super::{Services, answered, internal};
use crate::meta::Proposer;

impl Services {
    /// One node, as [`Services::nodes`] shows it.
    fn node_in(&self, view: &View<'_>, id: u64) -> Result<v1::NodeInfo, Failure> {
        self.nodes(view)?.into_iter().find(|node| node.id == id).ok_or_else(|| unknown(id))
    }

    pub(super) async fn node_set(
        &self,
        proposer: Proposer,
        request: v1::SetNodeRequest,
    ) -> Result<v1::SetNodeResponse, Failure> {
        let node = NodeId(request.node);
        let state = self.meta.read().await?;
        let before = self.node_in(&state.view(), request.node)?;
        let before_now = answered(&state.view(), proposer)?.map(Response::accepted).transpose()?;
        let repeated = before_now.is_some();
        let record = state.view().node(node).map_err(internal)?.ok_or_else(|| unknown(request.node))?;
        let zone = request.zone.clone().filter(|zone| zone != record.zone());
        let weight_milli = request.weight_milli.filter(|weight| *weight != record.weight_milli());
        let changed = repeated || zone.is_some() || weight_milli.is_some();
        let epoch = state.view().epoch().map_err(internal)?.map_or(0, |epoch| epoch.0);
        if request.dry_run || repeated || !changed {
            let node = v1::NodeInfo {
                zone: zone.unwrap_or(before.zone.clone()),
                weight_milli: weight_milli.unwrap_or(before.weight_milli),
                ..before
            };
            return Ok(v1::SetNodeResponse { node: Some(node), changed, epoch });
        }
        let set = Command::NodeSet { node, zone, weight_milli };
        self.meta.propose_for(proposer, set).await?.accepted()?;
        let state = self.meta.read().await?;
        let record = state.view().node(node).map_err(internal)?.ok_or_else(|| unknown(request.node))?;
        let epoch = state.view().epoch().map_err(internal)?.map_or(0, |epoch| epoch.0);
        let node = v1::NodeInfo { weight_milli: record.weight_milli(), ..self.node_in(&state.view(), request.node)? };
        Ok(v1::SetNodeResponse { node: Some(node), changed, epoch })
    }

    /// Begins to empty a node, or lets it take data again.
    pub(super) async fn node_drain(
        &self,
        proposer: Proposer,
        request: v1::DrainNodeRequest,
    ) -> Result<v1::DrainNodeResponse, Failure> {
        let node = NodeId(request.node);
        let wish = if request.undrain { NodeWish::In } else { NodeWish::Draining };
        let state = self.meta.read().await?;
        let record = state.view().node(node).map_err(internal)?.ok_or_else(|| unknown(request.node))?;
        let before_now = answered(&state.view(), proposer)?.map(Response::accepted).transpose()?;
        let info = self.node_in(&state.view(), request.node)?;
        if record.wish == wish || before_now.is_some() {
            let job = Self::job_of(&state.view(), node, JobKind::Drain)?;
            return Ok(v1::DrainNodeResponse { node: Some(info), changed: before_now.is_some(), job });
        }
        drop(state);
        let command = Command::NodeWish { node, wish };
        if wish == NodeWish::Draining {
            self.meta.try_out(command.clone()).await?.accepted()?;
            self.check_fits(node, v1::NodeWish::Draining).await?;
        }
        if request.dry_run {
            self.meta.try_out(command).await?.accepted()?;
            let state = if request.undrain { info.state.replace("draining", "up") } else { "draining".to_owned() };
            return Ok(v1::DrainNodeResponse { node: Some(v1::NodeInfo { state, ..info }), changed: true, job: None });
        }
        self.meta.propose_for(proposer, command).await?.accepted()?;
        let state = self.meta.read().await?;
        let job = Self::job_of(&state.view(), node, JobKind::Drain)?;
        Ok(v1::DrainNodeResponse { node: Some(self.node_in(&state.view(), request.node)?), changed: true, job })
    }

    pub(super) async fn node_rm(
        &self,
        proposer: Proposer,
        request: v1::RemoveNodeRequest,
    ) -> Result<v1::RemoveNodeResponse, Failure> {
        let node = NodeId(request.node);
        let state = self.meta.read().await?;
        let record = state.view().node(node).map_err(internal)?.ok_or_else(|| unknown(request.node))?;
        let before = self.node_in(&state.view(), request.node)?;
        let repeated = answered(&state.view(), proposer)?.map(Response::accepted).transpose()?.is_some();
        let open = Self::job_of(&state.view(), node, JobKind::Remove)?;
        drop(state);
        if record.removed || repeated || (open.is_some() && !request.lost) {
            return Ok(v1::RemoveNodeResponse { node: Some(before), changed: repeated, job: open });
        }
        if request.lost && before.state != "down" {
            return Err(Failure::new(Code::Conflict, format!("{node} is {}, not down", before.state))
                .because("what it holds need not be given up: without --lost it is emptied first"));
        }
        let layout = self.meta.layout_without(node).await?;
        let remove = Command::NodeRemove { node, layout, lost: request.lost, job: None };
        let at_once = self.meta.try_out(remove.clone()).await?.accepted();
        let (holds, writes) = self.is_needed(node).await?;
        let command = match at_once {
            Ok(_) if request.lost || before.state == "down" || !writes => remove,
            Err(refused) if request.lost || !holds => return Err(refused.into()),
            Err(_) if before.state == "down" => {
                return Err(Failure::new(
                    Code::Conflict,
                    format!("{node} is down, and assets depend on what it holds"),
                )
                .because("once the others have rebuilt that, or it is back, it can be removed")
                .hint(format!("vsctl node rm {node} --lost")));
            }
            Ok(_) | Err(_) => {
                let wish = Command::NodeWish { node, wish: NodeWish::Out };
                self.meta.try_out(wish.clone()).await?.accepted()?;
                self.check_fits(node, v1::NodeWish::Out).await?;
                wish
            }
        };
        if !request.dry_run {
            self.meta.propose_for(proposer, command).await?.accepted()?;
        }
        let state = self.meta.read().await?;
        let job = Self::job_of(&state.view(), node, JobKind::Remove)?;
        Ok(v1::RemoveNodeResponse { node: Some(self.node_in(&state.view(), request.node)?), changed: true, job })
    }

    /// Whether chunks that are needed may be on a node or come to it, and whether it writes an upload.
    async fn is_needed(&self, node: NodeId) -> Result<(bool, bool), Failure> {
        let state = self.meta.read().await?;
        let holds = state.view().held_by(node).map_err(internal)?.is_some();
        Ok((holds, jobs::writes_upload(state.view(), node).map_err(internal)?))
    }

    /// The open job of a kind for a node.
    fn job_of(view: &View<'_>, node: NodeId, kind: JobKind) -> Result<Option<u64>, Failure> {
        let jobs = view.jobs(None, PAGE_ITEMS_MAX).map_err(internal)?;
        let open = jobs.iter().find(|job| (job.kind, job.node) == (kind, Some(node)) && !job.state.is_over());
        Ok(open.map(|job| job.id.0))
    }

    pub(super) async fn transfer(
        &self,
        request: &v1::TransferLeadershipRequest,
    ) -> Result<v1::TransferLeadershipResponse, Failure> {
        let now = self.meta.cluster();
        if let Some(to) = request.to {
            let member = now.members.iter().find(|member| member.id == to).ok_or_else(|| unknown(to))?;
            if !member.voter {
                return Err(
                    Failure::new(Code::Conflict, format!("{} does not vote", NodeId(to))).hint("vsctl cluster members")
                );
            }
        }
        if request.dry_run {
            let heir = now.members.iter().filter(|member| member.voter && Some(member.id) != now.leader);
            let heir = request.to.or(heir.max_by_key(|member| member.r#match).map(|member| member.id));
            let to = heir.ok_or_else(|| Failure::new(Code::Conflict, "there is no other voter"))?;
            let from = now.leader.unwrap_or_default();
            return Ok(v1::TransferLeadershipResponse { from, to, term: now.term, took_ms: 0 });
        }
        let began = Instant::now();
        let (from, to) = self.meta.hand_over(request.to.map(NodeId)).await?;
        // the new leader has said so to a quorum once it answers a read
        self.meta.read().await?;
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(v1::TransferLeadershipResponse { from: from.0, to: to.0, term: self.meta.cluster().term, took_ms })
    }

    pub(super) async fn snapshots(
        &self,
        request: &v1::TakeSnapshotRequest,
    ) -> Result<v1::TakeSnapshotResponse, Failure> {
        let members = self.meta.cluster().members;
        let wanted: Vec<_> =
            members.iter().filter(|member| request.node.is_none_or(|node| node == member.id)).collect();
        if wanted.is_empty() {
            return Err(unknown(request.node.unwrap_or_default()));
        }
        let take = async |member: &v1::Member| {
            let (node, mut taken) = (member.id, v1::TakenSnapshot { node: member.id, ..Default::default() });
            if request.dry_run {
                return taken;
            }
            match self.meta.snapshot_on(NodeId(node)).await {
                Ok(made) => (taken.index, taken.bytes) = (made.index, made.bytes),
                Err(why) => taken.why = why.to_string(),
            }
            taken
        };
        Ok(v1::TakeSnapshotResponse { items: join_all(wanted.into_iter().map(take)).await })
    }

    pub(super) async fn verify_all(&self) -> Result<v1::VerifyReplicasResponse, Failure> {
        let index = self.meta.mark().await?;
        let members = self.meta.cluster();
        let ask = async |member: &v1::Member| (member.id, self.meta.digest_of(NodeId(member.id), index).await);
        let digests = join_all(members.members.iter().map(ask)).await;
        let leader = members.leader.unwrap_or_default();
        let right = digests
            .iter()
            .find(|(node, digest)| *node == leader && digest.is_ok())
            .or(digests.iter().find(|(_, digest)| digest.is_ok()));
        let right = right.and_then(|(_, digest)| digest.as_ref().ok().cloned());
        let replica = |(node, digest): (u64, Result<v1::DigestResponse, crate::meta::PeerError>)| match digest {
            Ok(digest) => {
                let same = right.as_ref().is_some_and(|right| *right == digest);
                let v1::DigestResponse { state, chain, records, .. } = digest;
                v1::Replica { node, state, chain, records, same: Some(same), why: String::new() }
            }
            Err(why) => v1::Replica { node, why: why.to_string(), ..v1::Replica::default() },
        };
        Ok(v1::VerifyReplicasResponse { index, items: digests.into_iter().map(replica).collect() })
    }
}

fn unknown(id: u64) -> Failure {
    Failure::new(Code::NotFound, format!("no node {}", NodeId(id))).hint("vsctl node ls")
}
