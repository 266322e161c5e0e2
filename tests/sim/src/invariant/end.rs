//! What must come about once the faults are over: uploads are finished, everything is placed by the current epoch with all
//! its members, and nothing else is left.

use std::sync::Arc;

use vs_core::limit::PAGE_ITEMS_MAX;
use vsd_core::{
    meta::{AssetRecord, UploadPhase, View},
    plan::policy::{Policy, views_of, wanted_scheme},
};

use super::{
    Copies,
    copies::{groups, live, with_view},
    sweep1,
};
use crate::{replica::Replica, world::World};

/// What is left to do.
pub(crate) fn unfinished(world: &Arc<World>, truth: &Replica) -> Vec<String> {
    let copies = Copies::of(world);
    let mut left = Vec::new();
    let machines = world.machines().into_iter().filter(|machine| !machine.is_retired());
    let idle = machines.filter(|machine| machine.node().is_none_or(|node| node.store().is_none()));
    left.extend(idle.map(|machine| format!("m{} does not serve", machine.at)));
    let is_removed = |node| with_view(truth, |view| view.node(node).ok().flatten().is_some_and(|node| node.removed));
    let there = world.machines().into_iter().filter(|machine| !machine.is_retired());
    let removed = there.filter(|machine| machine.id().is_some_and(is_removed));
    left.extend(removed.map(|machine| format!("m{} is removed and still votes", machine.at)));
    if !world.log.leader().is_some_and(|(leader, term)| world.confirms(leader, term)) {
        left.push("nobody leads".to_owned());
    }
    with_view(truth, |view| {
        let uploads = view.uploads(None, PAGE_ITEMS_MAX).unwrap_or_default();
        let open = uploads
            .iter()
            .filter(|upload| matches!(upload.phase, UploadPhase::Received { .. } | UploadPhase::Stored { .. }));
        left.extend(open.map(|upload| format!("upload {} is not finished: {:?}", upload.id.short(), upload.phase)));
        let current = view.epoch().ok().flatten().unwrap_or_default();
        for asset in live(&view) {
            let id = asset.id;
            if asset.pending.is_some() {
                left.push(format!("{id} has a pending version"));
            }
            if asset.since != current || asset.is_displaced() {
                left.push(format!("{id} is placed by {} and not by {current}, or has members astray", asset.since));
            }
            if asset.damaged {
                left.push(format!("{id} is damaged"));
            }
            let Ok(Some(layout)) = view.layout(current) else { continue };
            left.extend(otherwise(&view, &asset, layout.room()));
            for group in groups(&view, &asset) {
                let lacking = group.placed(&layout).filter(|(node, chunk)| !copies.has(*node, id, chunk.hash));
                left.extend(lacking.map(|(node, chunk)| format!("{node} lacks {} of {id}", chunk.hash.short())));
            }
        }
    });
    left.extend(with_view(truth, |view| open_jobs(&view)));
    left.extend(sweep1::unwanted(world, truth));
    left
}

/// An asset that is not kept as it is to be.
fn otherwise(view: &View<'_>, asset: &AssetRecord, room: usize) -> Option<String> {
    let (policy, views, now) = (Policy::of(*view).ok()?, views_of(*view, asset.id).ok()?, view.cluster_time().ok()?);
    let wanted = wanted_scheme(asset, views, now, &policy, room).scheme;
    let is_otherwise = asset.is_finished() && wanted != asset.scheme;
    is_otherwise.then(|| format!("{} is kept by {} and is to be by {wanted}", asset.id, asset.scheme))
}

/// Jobs that nobody ends.
fn open_jobs(view: &View<'_>) -> Vec<String> {
    let jobs = view.jobs(None, PAGE_ITEMS_MAX).unwrap_or_default();
    let open = jobs.iter().filter(|job| !job.state.is_over());
    open.map(|job| format!("job {} is {:?}: {}", job.id, job.state, job.what)).collect()
}
