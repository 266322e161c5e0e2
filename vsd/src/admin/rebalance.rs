//! How far the move to the current layout is, and what operators want of it. It is done by the leader, as repair is.

use vs_client::channel::call;
use vs_core::error::{Code, Failure};
use vs_wire::v1::{self, RebalanceAction};
use vsd_core::{
    background::{About, Order, WorkState},
    meta::SettingName,
};

use super::{Services, internal, repair::LEADER_ANSWERS};

impl Services {
    pub(super) async fn rebalance_stands(
        &self,
        request: v1::RebalanceStatusRequest,
    ) -> Result<v1::RebalanceStatusResponse, Failure> {
        if self.leads() {
            return self.own_rebalance().await;
        }
        let leader = self.leader(request.forwarded).await?;
        let request = v1::RebalanceStatusRequest { forwarded: true };
        call(LEADER_ANSWERS, leader.admin().rebalance_status(request)).await
    }

    pub(super) async fn rebalance_ordered(
        &self,
        request: v1::OrderRebalanceRequest,
    ) -> Result<v1::RebalanceStatusResponse, Failure> {
        let order = match request.action() {
            RebalanceAction::Unspecified => return Err(Failure::new(Code::Invalid, "no action named")),
            RebalanceAction::Start => Order::Start(About::Moves),
            RebalanceAction::Pause => Order::Pause(About::Moves),
            RebalanceAction::Resume => Order::Resume(About::Moves),
            RebalanceAction::Stop => Order::StopMoves,
        };
        if !self.leads() {
            let leader = self.leader(request.forwarded).await?;
            let request = v1::OrderRebalanceRequest { forwarded: true, ..request };
            return call(LEADER_ANSWERS, leader.admin().order_rebalance(request)).await;
        }
        if !request.dry_run {
            self.repair.order(order).await?;
        }
        self.own_rebalance().await
    }

    async fn own_rebalance(&self) -> Result<v1::RebalanceStatusResponse, Failure> {
        let moves = self.repair.status().moves;
        let state = self.meta.read().await?;
        let view = state.view();
        let epoch = view.epoch().map_err(internal)?.unwrap_or_default();
        let stopped = view.cluster().map_err(internal)?.is_some_and(|cluster| !cluster.may_move_to(epoch));
        let used = view.epochs().map_err(internal)?;
        let assets_behind: u64 = used.iter().filter(|(used, _)| *used < epoch).map(|(_, assets)| assets).sum();
        let mut waiting = moves.waiting;
        let state = match moves.state {
            _ if stopped && assets_behind > 0 => "stopped",
            WorkState::Idle if assets_behind > 0 => {
                waiting.push(format!("{assets_behind} assets are still being written, or looked at"));
                WorkState::Waiting.as_str()
            }
            state => state.as_str(),
        };
        Ok(v1::RebalanceStatusResponse {
            state: state.to_owned(),
            leader: self.node.0,
            epoch: epoch.0,
            oldest_epoch: used.first().map_or(epoch, |(oldest, _)| *oldest).0,
            assets_behind,
            chunks_total: moves.chunks_total,
            chunks_done: moves.chunks_done,
            bytes_total: moves.bytes_total,
            bytes_done: moves.bytes_done,
            bytes_per_s: moves.bytes_per_s,
            bytes_per_s_max: view.setting(SettingName::RepairRate).map_err(internal)?,
            eta_ms: moves.eta.map(|eta| u64::try_from(eta.as_millis()).unwrap_or(u64::MAX)),
            waiting,
            job: moves.job.map(|job| job.0),
        })
    }
}
