//! AVL-2: one node that dies or freezes while a film plays costs it no stall.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use vs_core::id::{Epoch, NodeId, Version, VideoId};
use vsd_core::meta::{AssetRecord, View};

use super::{
    Copies,
    copies::{groups, with_view},
};
use crate::{case::Fault, machine::Machine, world::World};

/// How everything was when a film began to play.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    began: Duration,
    video: VideoId,
    /// By what the video was placed then, and how many nodes were away; none when anything else was wrong.
    well: Option<((Epoch, Version), usize)>,
}

impl Scene {
    pub(crate) fn new(world: &Arc<World>, video: VideoId) -> Self {
        Self { began: world.kernel.now(), video, well: well(world, video) }
    }

    /// The film stands still.
    pub(crate) fn stalls(&self, world: &Arc<World>) {
        let truth = world.log.truth();
        let as_before = with_view(&truth, |view| {
            let asset = view.video(self.video).ok()??;
            Some((view.epoch().ok()??, view.asset(asset.asset).ok()??.version))
        });
        let faults = world.oracle.faults();
        let (before, during): (Vec<_>, Vec<_>) = faults.iter().partition(|(at, _)| *at < self.began);
        let Some((_, away)) = self.well.filter(|(placed, _)| Some(*placed) == as_before) else { return };
        let is_alone = away + during.len() <= 1 && before.iter().chain(&during).all(|(_, fault)| takes_a_node(fault));
        if is_alone && world.net.is_calm() {
            let what = format!("video {} stalls, and {during:?} is all that is wrong", self.video.short());
            world.violated("AVL-2", what);
        }
    }
}

/// Whether nothing is left of a fault once the node is back.
fn takes_a_node(fault: &Fault) -> bool {
    matches!(fault, Fault::Crash { .. } | Fault::PowerCut { .. } | Fault::Freeze { .. })
}

/// Whether everybody is there but one at most, and the video outlives any of them.
fn well(world: &Arc<World>, video: VideoId) -> Option<((Epoch, Version), usize)> {
    let machines = world.machines();
    let serves = |machine: &Arc<Machine>| {
        let node = machine.node().filter(|node| node.store().is_some());
        node.is_some_and(|node| !world.kernel.is_frozen(node.process()))
    };
    let away = machines.iter().filter(|machine| !machine.is_retired() && !serves(machine)).count();
    if away > 1 || !world.net.is_calm() {
        return None;
    }
    let (truth, copies) = (world.log.truth(), Copies::of(world));
    with_view(&truth, |view| {
        let epoch = view.epoch().ok()??;
        let asset = view.asset(view.video(video).ok()??.asset).ok()??;
        let is_placed = asset.is_finished() && asset.pending.is_none() && asset.since == epoch && !asset.is_displaced();
        (is_placed && outlives_one(&view, &asset, &copies)).then_some(((epoch, asset.version), away))
    })
}

fn outlives_one(view: &View<'_>, asset: &AssetRecord, copies: &Copies<'_>) -> bool {
    let Ok(Some(layout)) = view.layout(asset.since) else { return false };
    groups(view, asset).iter().all(|group| {
        let placed: Vec<_> = group.placed(&layout).collect();
        let nodes: BTreeSet<NodeId> = placed.iter().map(|(node, _)| *node).collect();
        let all_there = placed.iter().all(|(node, chunk)| copies.has(*node, asset.id, chunk.hash));
        let left = |without: &NodeId| placed.iter().filter(|(node, _)| node != without).count();
        all_there && nodes.iter().all(|node| left(node) >= group.data)
    })
}
