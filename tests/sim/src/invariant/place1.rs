//! PLACE-1: locations are computed, exceptions are stored. Of every live asset each place of the epoch it is placed by has
//! its member, unless the log says that it is owed or on a stand-in, which then has it; or hardware took it.

use std::sync::Arc;

use vs_core::{
    id::{AssetId, Version},
    manifest::{Displaced, Part},
};
use vsd_core::meta::{AssetRecord, View};

use super::copies::{Copies, astray, groups, live, with_view};
use crate::{replica::Replica, world::World};

pub(crate) fn check(world: &Arc<World>, truth: &Replica, copies: &Copies<'_>) {
    with_view(truth, |view| {
        for what in live(&view).iter().filter_map(|asset| miscounted(&view, asset)) {
            world.violated("PLACE-1", what);
        }
    });
    for what in misplaced(truth, copies, None) {
        world.violated("PLACE-1", what);
    }
}

/// A part is in the log: no node has two members of one group. Chunks that the part has several times cannot be told apart.
pub(crate) fn part_named(world: &World, after: &Replica, asset: AssetId, version: Version, part: &[u8]) {
    with_view(after, |view| {
        let (Ok(Some(record)), Ok(part)) = (view.asset(asset), Part::decode(part)) else { return };
        let is_current = record.version == version;
        if let Some(what) = miscounted(&view, &record).filter(|_| is_current) {
            world.violated("PLACE-1", what);
        }
        let Some(layout) = view.layout(record.since).ok().flatten().filter(|_| is_current) else {
            return;
        };
        let groups: Vec<_> = part.groups(asset, record.scheme).collect();
        let all: Vec<_> = groups.iter().flat_map(|group| group.placed(&layout)).collect();
        let is_of_one =
            |row: &&Displaced| all.iter().filter(|at| at.0 == row.place && at.1.hash == row.chunk).count() == 1;
        for group in &groups {
            let placed: Vec<_> = group.placed(&layout).map(|(node, chunk)| (node, chunk.hash)).collect();
            let rows = part.displaced.iter().filter(|row| placed.contains(&(row.place, row.chunk))).filter(is_of_one);
            let stand_ins: Vec<_> = rows.filter_map(|row| row.stand_in).collect();
            for (at, node) in stand_ins.iter().enumerate() {
                let is_twice = stand_ins[..at].contains(node) || placed.iter().any(|(place, _)| place == node);
                if is_twice {
                    world.violated("PLACE-1", format!("{node} has two members of a group of {asset}"));
                }
            }
        }
    });
}

/// What the log counts of members that are not in their places is what it lists of them.
fn miscounted(view: &View<'_>, asset: &AssetRecord) -> Option<String> {
    let rows = astray(view, asset.id);
    let stand_ins = rows.iter().filter(|row| row.stand_in.is_some()).count() as u64;
    let (listed, counted) = ((stand_ins, rows.len() as u64 - stand_ins), (asset.stand_ins, asset.owed));
    // once all are in their places the list is cleared away step by step
    let is_right = counted == listed || asset.is_finished() && counted == (0, 0);
    (!is_right).then(|| format!("{} counts {counted:?} members astray, and lists {rows:?}", asset.id))
}

/// What of an asset, or of all, is not where it should be.
pub(super) fn misplaced(state: &Replica, copies: &Copies<'_>, of: Option<AssetId>) -> Vec<String> {
    let mut found = Vec::new();
    with_view(state, |view| {
        for asset in live(&view).into_iter().filter(|asset| of.is_none_or(|of| of == asset.id)) {
            let Ok(Some(layout)) = view.layout(asset.since) else {
                found.push(format!("{} is placed by {}, which is forgotten", asset.id, asset.since));
                continue;
            };
            let astray = astray(&view, asset.id);
            let is_missing =
                |node, chunk| !copies.has(node, asset.id, chunk) && !copies.is_excused(&view, node, asset.id, chunk);
            for group in groups(&view, &asset) {
                for (node, chunk) in group.placed(&layout) {
                    let is_owed = astray.iter().any(|row| row.place == node && row.chunk == chunk.hash);
                    if !is_owed && is_missing(node, chunk.hash) {
                        found.push(format!("{node} lacks {} of {} by {}", chunk.hash.short(), asset.id, asset.since));
                    }
                }
            }
            for row in astray {
                if let Some(node) = row.stand_in.filter(|node| is_missing(*node, row.chunk)) {
                    found.push(format!(
                        "{node} stands in for {} and lacks {} of {}",
                        row.place,
                        row.chunk.short(),
                        asset.id
                    ));
                }
            }
        }
    });
    found
}
