//! How repair stands and what operators want of it. It is done by the leader, so other nodes ask the leader; once,
//! since who leads may change while a question travels.

use std::time::Duration;

use vs_client::{Client, channel::call};
use vs_core::{
    error::{Code, Failure},
    id::NodeId,
};
use vs_wire::v1::{self, RepairAction};
use vsd_core::{
    background::{About, Order, Status},
    meta::SettingName,
};

use super::{Services, internal};

/// How long the leader may take to answer.
pub(super) const LEADER_ANSWERS: Duration = Duration::from_secs(6);

impl Services {
    pub(super) async fn repair_stands(
        &self,
        request: v1::RepairStatusRequest,
    ) -> Result<v1::RepairStatusResponse, Failure> {
        if self.leads() {
            return self.own_repair();
        }
        let leader = self.leader(request.forwarded).await?;
        let request = v1::RepairStatusRequest { forwarded: true };
        call(LEADER_ANSWERS, leader.admin().repair_status(request)).await
    }

    pub(super) async fn repair_ordered(
        &self,
        request: v1::OrderRepairRequest,
    ) -> Result<v1::RepairStatusResponse, Failure> {
        let order = match request.action() {
            RepairAction::Unspecified => return Err(Failure::new(Code::Invalid, "no action named")),
            RepairAction::Start => Order::Start(About::Repair),
            RepairAction::Pause => Order::Pause(About::Repair),
            RepairAction::Resume => Order::Resume(About::Repair),
        };
        if !self.leads() {
            let leader = self.leader(request.forwarded).await?;
            let request = v1::OrderRepairRequest { forwarded: true, ..request };
            return call(LEADER_ANSWERS, leader.admin().order_repair(request)).await;
        }
        if !request.dry_run {
            self.repair.order(order).await?;
        }
        self.own_repair()
    }

    pub(super) fn leads(&self) -> bool {
        self.meta.cluster().leader == Some(self.node.0)
    }

    /// The way to the leader, for who may be sent on.
    pub(super) async fn leader(&self, forwarded: bool) -> Result<Client, Failure> {
        let cluster = self.meta.cluster();
        let leader = cluster.leader.and_then(|leader| cluster.members.into_iter().find(|member| member.id == leader));
        match leader {
            Some(leader) if !forwarded => Client::connect(&[leader.addr], LEADER_ANSWERS).await,
            Some(leader) => {
                let led = format!("{} does not lead any more; {} does", self.node, NodeId(leader.id));
                Err(Failure::new(Code::NotLeader, led))
            }
            None => Err(Failure::new(Code::NotLeader, "nobody leads, so nothing is repaired now")),
        }
    }

    fn own_repair(&self) -> Result<v1::RepairStatusResponse, Failure> {
        let bytes_per_s_max = self.meta.stale().state.view().setting(SettingName::RepairRate).map_err(internal)?;
        Ok(repair_to_wire(self.repair.status(), self.node, bytes_per_s_max))
    }
}

fn repair_to_wire(status: Status, leader: NodeId, bytes_per_s_max: u64) -> v1::RepairStatusResponse {
    let repair = status.repair;
    v1::RepairStatusResponse {
        state: repair.state.as_str().to_owned(),
        leader: leader.0,
        chunks_healthy: status.chunks_healthy,
        chunks_degraded: status.chunks_degraded,
        chunks_missing: status.chunks_missing,
        last_pass_at_ms: status.last_pass_at_ms,
        chunks_total: repair.chunks_total,
        chunks_done: repair.chunks_done,
        bytes_total: repair.bytes_total,
        bytes_done: repair.bytes_done,
        bytes_per_s: repair.bytes_per_s,
        bytes_per_s_max,
        eta_ms: repair.eta.map(|eta| u64::try_from(eta.as_millis()).unwrap_or(u64::MAX)),
        waiting: repair.waiting,
        job: repair.job.map(|job| job.0),
    }
}
