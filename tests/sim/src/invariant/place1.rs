//! PLACE-1: locations are computed, exceptions are stored. Of every live asset each place of the epoch it is placed by has
//! its member, unless the log says that it is owed or on a stand-in, which then has it; or hardware took it.

use std::sync::Arc;

use vs_core::id::AssetId;

use super::copies::{Copies, astray, groups, live, with_view};
use crate::{replica::Replica, world::World};

pub(crate) fn check(world: &Arc<World>, truth: &Replica, copies: &Copies<'_>) {
    for what in misplaced(truth, copies, None) {
        world.violated("PLACE-1", what);
    }
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
