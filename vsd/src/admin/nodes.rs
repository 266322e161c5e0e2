//! Nodes that are set and go, and what an operator asks of the consensus.

use std::time::Instant;

use futures::future::join_all;
use vs_core::{
    error::{Code, Failure},
    id::NodeId,
};
use vs_wire::v1;
use vsd_core::meta::{Command, Response, View};

use super::{Services, answered, internal};
use crate::meta::Proposer;

impl Services {
    /// One node, as [`Services::nodes`] shows it.
    async fn node_now(&self, id: u64) -> Result<v1::NodeInfo, Failure> {
        self.node_in(&self.meta.read().await?.view(), id)
    }

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

    pub(super) async fn node_rm(
        &self,
        proposer: Proposer,
        request: v1::RemoveNodeRequest,
    ) -> Result<v1::RemoveNodeResponse, Failure> {
        let node = NodeId(request.node);
        let before = self.node_now(request.node).await?;
        if before.state == "out" {
            let before_now = answered(&self.meta.read().await?.view(), proposer)?;
            let changed = before_now.map(Response::accepted).transpose()?.is_some();
            return Ok(v1::RemoveNodeResponse { node: Some(before), changed });
        }
        // what a dead node holds is lost with it: the log knows whether anything depends on that
        if before.chunks > 0 && before.state != "down" {
            return Err(Failure::new(Code::Conflict, format!("{node} holds {} chunks", before.chunks))
                .because("they have to be moved first, which this release cannot do"));
        }
        let layout = self.meta.layout_without(node).await?;
        let remove = Command::NodeRemove { node, layout, lost: false, job: None };
        if request.dry_run {
            self.meta.try_out(remove).await?.accepted()?;
            return Ok(v1::RemoveNodeResponse { node: Some(before), changed: true });
        }
        self.meta.propose_for(proposer, remove).await?.accepted()?;
        Ok(v1::RemoveNodeResponse { node: Some(self.node_now(request.node).await?), changed: true })
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
