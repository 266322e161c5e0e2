//! What would move where if some nodes were otherwise: counted over every chunk, from where assets are placed now.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use tokio::sync::Semaphore;
use vs_core::{
    error::{Code, Failure},
    id::{Epoch, NodeId},
    layout::{Layout, LayoutNode, NodeWish, Scheme},
    limit::{PAGE_ITEMS_MAX, WEIGHT_MILLI, WEIGHT_MILLI_MAX},
};
use vs_wire::v1;
use vsd_core::{
    meta::{AssetState, NodeRecord, Role, SettingName, TableError, View},
    plan::{
        repair::{self, Presence},
        shift::{NodeShift, Room, Shift},
    },
};

use super::{Services, internal};
use crate::meta::{StateRead, usage};

/// Plans of this node that are made at a time: each reads the whole manifest of the library.
static PLANS: Semaphore = Semaphore::const_new(2);

/// What a layout would change.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) layout: Arc<Layout>,
    changed: bool,
    newcomers: Vec<NodeId>,
    shift: Shift,
    /// Assets that the layout has too few nodes for, by how they are kept.
    crowded: BTreeMap<String, u64>,
}

impl Services {
    pub(super) async fn planned(&self, request: v1::PlanLayoutRequest) -> Result<v1::PlanLayoutResponse, Failure> {
        let state = self.meta.read().await?;
        let nodes = self.nodes(&state.view())?;
        let rate = state.view().setting(SettingName::RepairRate).map_err(internal)?;
        let plan = self.plan_of(state, &request.changes).await?;
        let why = plan.why_not(&nodes);
        let total = plan.shift.total();
        Ok(v1::PlanLayoutResponse {
            epoch: plan.layout.epoch.0,
            changed: plan.changed,
            nodes: plan.nodes(&nodes),
            chunks: total.chunks,
            bytes: total.bytes,
            eta_ms: total.bytes.saturating_mul(1_000).checked_div(rate),
            fits: why.is_empty(),
            why,
        })
    }

    /// Refuses a wish for a node that the others have no room for.
    pub(super) async fn check_fits(&self, node: NodeId, wish: v1::NodeWish) -> Result<(), Failure> {
        let state = self.meta.read().await?;
        let nodes = self.nodes(&state.view())?;
        let change = v1::NodeChange { node: node.0, wish: wish.into(), ..v1::NodeChange::default() };
        let why = self.plan_of(state, &[change]).await?.why_not(&nodes);
        if why.is_empty() {
            return Ok(());
        }
        let mut failure = Failure::new(Code::NoSpace, format!("the other nodes cannot take what {node} holds"));
        failure.why = why;
        Err(failure.hint("vsctl node add HOST:PORT"))
    }

    async fn plan_of(&self, state: StateRead, changes: &[v1::NodeChange]) -> Result<Plan, Failure> {
        let _turn = PLANS.try_acquire().map_err(|_| Failure::new(Code::Busy, "other plans are being made"))?;
        let current = self.meta.layouts().current(&state.view()).map_err(internal)?;
        let current = current.ok_or_else(|| Failure::new(Code::NotFound, "there is no layout yet"))?;
        let (wanted, newcomers) = self.wanted(&state.view(), &current, changes)?;
        if !wanted.iter().any(|node| node.wish == NodeWish::In) {
            return Err(Failure::new(Code::Conflict, "no node would be left that takes data"));
        }
        let changed = wanted != current.nodes;
        let layout = if changed { Arc::new(self.meta.layout_with(&current, wanted).await?) } else { current };
        let (layouts, target) = (self.meta.layouts().clone(), layout.clone());
        let walk = move || {
            let (shift, crowded, rooms) = Default::default();
            let mut walk = Walk { target: &target, shift, crowded, rooms };
            walk.all(&state.view(), |since| layouts.of(&state.view(), since)).map(|()| (walk.shift, walk.crowded))
        };
        let walked = tokio::task::spawn_blocking(walk).await;
        let walked = walked.map_err(|ended| Failure::new(Code::Internal, ended.to_string()))?;
        let (shift, crowded) = walked.map_err(internal)?;
        Ok(Plan { layout, changed, newcomers, shift, crowded })
    }

    /// The nodes of the layout that would be, and which of them have not joined.
    fn wanted(
        &self,
        view: &View<'_>,
        current: &Layout,
        changes: &[v1::NodeChange],
    ) -> Result<(Vec<LayoutNode>, Vec<NodeId>), Failure> {
        let records = view.nodes(None, PAGE_ITEMS_MAX).map_err(internal)?;
        let picture = self.meta.cluster();
        let is_up = |id: NodeId| picture.nodes.iter().any(|node| node.id == id.0 && node.state == "up");
        let comes = |record: &NodeRecord| record.wish == NodeWish::In && is_up(record.id);
        let stores = |record: &&NodeRecord| record.serves(Role::Storage);
        let of = |record: &NodeRecord| {
            let listed = current.nodes.iter().find(|listed| listed.id == record.id);
            let weight_milli = listed.map_or(record.weight_milli(), |listed| listed.weight_milli);
            LayoutNode { id: record.id, zone: record.zone().to_owned(), weight_milli, wish: record.wish }
        };
        let listed = records.iter().filter(stores).filter(|record| current.lists(record.id) || comes(record));
        let mut wanted: Vec<_> = listed.map(of).collect();
        let (mut newcomers, mut seen) = (Vec::new(), Vec::new());
        let mut next = records.last().map_or(1, |record| record.id.0 + 1);
        for change in changes {
            check(change)?;
            let id = if change.node == 0 { NodeId(next) } else { NodeId(change.node) };
            if seen.contains(&id) {
                return Err(Failure::new(Code::Invalid, format!("{id} is named twice")));
            }
            seen.push(id);
            if change.node == 0 {
                next += 1;
                newcomers.push(id);
                wanted.push(LayoutNode {
                    id,
                    zone: DEFAULT_ZONE.to_owned(),
                    weight_milli: WEIGHT_MILLI,
                    wish: NodeWish::In,
                });
            } else if wanted.iter().all(|node| node.id != id) {
                let record = records.iter().find(|record| record.id == id && record.serves(Role::Storage));
                let unknown = || Failure::new(Code::NotFound, format!("no node {id} that stores chunks"));
                wanted.push(of(record.ok_or_else(unknown)?));
            }
            let Some(node) = wanted.iter_mut().find(|node| node.id == id) else { continue };
            change.zone.iter().for_each(|zone| zone.clone_into(&mut node.zone));
            change.weight_milli.iter().for_each(|weight| node.weight_milli = *weight);
            match change.wish() {
                v1::NodeWish::Unspecified => {}
                v1::NodeWish::In => node.wish = NodeWish::In,
                v1::NodeWish::Draining => node.wish = NodeWish::Draining,
                v1::NodeWish::Out => node.wish = NodeWish::Out,
            }
        }
        wanted.sort_by_key(|node| node.id);
        Ok((wanted, newcomers))
    }
}

/// What a node says that is told nothing.
const DEFAULT_ZONE: &str = "default";

fn check(change: &v1::NodeChange) -> Result<(), Failure> {
    if change.zone.as_ref().is_some_and(String::is_empty) {
        return Err(Failure::new(Code::Invalid, "the zone is empty"));
    }
    if change.weight_milli.is_some_and(|weight| !(1..=WEIGHT_MILLI_MAX).contains(&weight)) {
        let what = format!("the weight must lie between 1 and {WEIGHT_MILLI_MAX} thousandths");
        return Err(Failure::new(Code::Invalid, what));
    }
    Ok(())
}

/// Counts over all assets.
struct Walk<'a> {
    target: &'a Layout,
    shift: Shift,
    crowded: BTreeMap<String, u64>,
    /// Whether assets of a scheme and an epoch go to the layout.
    rooms: HashMap<(Scheme, Epoch), bool>,
}

impl Walk<'_> {
    /// Whether an asset would be moved to the layout. Stripes are never cut short, whoever names the node that goes.
    fn has_room(&mut self, scheme: Scheme, since: &Layout) -> bool {
        if let Some(known) = self.rooms.get(&(scheme, since.epoch)) {
            return *known;
        }
        let layouts = [since.clone(), self.target.clone()];
        let target = repair::target(scheme, &layouts, |_| Presence::Up);
        let is_cut = scheme.is_coded() && self.target.room() < scheme.width().min(since.room());
        let has_room = !is_cut && target.is_some_and(|target| target.epoch == self.target.epoch);
        self.rooms.insert((scheme, since.epoch), has_room);
        has_room
    }

    fn all(
        &mut self,
        view: &View<'_>,
        layout_of: impl Fn(Epoch) -> Result<Option<Arc<Layout>>, TableError>,
    ) -> Result<(), TableError> {
        let mut after = None;
        loop {
            let page = view.assets(after, PAGE_ITEMS_MAX)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            for asset in page.iter().filter(|asset| asset.state != AssetState::Dead) {
                let Some(since) = layout_of(asset.since)? else { continue };
                if !self.has_room(asset.scheme, &since) {
                    *self.crowded.entry(asset.scheme.to_string()).or_default() += 1;
                    continue;
                }
                for part in view.parts_of(asset) {
                    let groups: Vec<_> = part?.groups(asset.id, asset.scheme).collect();
                    self.shift.add(&since, self.target, &groups);
                }
            }
        }
    }
}

impl Plan {
    /// Why it would not do, a line each.
    fn why_not(&self, nodes: &[v1::NodeInfo]) -> Vec<String> {
        let outlook = self.shift.outlook(&usage(nodes));
        let too_full = outlook.iter().filter(|outlook| outlook.room() == Room::Never);
        let room = self.layout.room();
        let crowded = self.crowded.iter().map(|(scheme, assets)| {
            format!(
                "{assets} assets are kept by {scheme}, and {room} nodes would be too few for as many members as now"
            )
        });
        too_full.map(ToString::to_string).chain(crowded).collect()
    }

    fn nodes(&self, infos: &[v1::NodeInfo]) -> Vec<v1::PlannedNode> {
        let listed = self.layout.nodes.iter().map(|node| node.id);
        let ids: BTreeSet<_> = listed.chain(self.shift.nodes.keys().copied()).collect();
        let planned = |id: NodeId| {
            let listed = self.layout.nodes.iter().find(|node| node.id == id);
            let info = infos.iter().find(|info| info.id == id.0).cloned().unwrap_or_default();
            let NodeShift { incoming, outgoing } = self.shift.nodes.get(&id).copied().unwrap_or_default();
            let takes = listed.filter(|node| node.wish == NodeWish::In);
            let wish = match listed.map_or(NodeWish::Out, |node| node.wish) {
                NodeWish::In => v1::NodeWish::In,
                NodeWish::Draining => v1::NodeWish::Draining,
                NodeWish::Out => v1::NodeWish::Out,
            };
            v1::PlannedNode {
                node: id.0,
                newcomer: self.newcomers.contains(&id),
                zone: listed.map_or(info.zone, |node| node.zone.clone()),
                weight_milli: takes.map_or(0, |node| node.weight_milli),
                wish: wish.into(),
                chunks_in: incoming.chunks,
                bytes_in: incoming.bytes,
                chunks_out: outgoing.chunks,
                bytes_out: outgoing.bytes,
                disk_used_bytes: info.disk_used_bytes,
                disk_used_after_bytes: (info.disk_used_bytes + incoming.bytes).saturating_sub(outgoing.bytes),
                disk_total_bytes: info.disk_total_bytes,
            }
        };
        ids.into_iter().map(planned).collect()
    }
}
