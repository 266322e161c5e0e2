//! MIG-2: what is written of a pending version stays as long as it is pending: what its parts name was verified and is
//! counted on.

use vs_core::{
    id::NodeId,
    manifest::{Part, Track},
};
use vsd_core::{
    meta::{AssetRecord, Pending, View},
    superblock::Key,
};

use super::copies::with_view;
use crate::world::World;

/// A node has dropped a copy.
pub(crate) fn dropped(world: &World, node: NodeId, key: &Key) {
    let counts_on_it = with_view(&world.log.truth(), |view| {
        let asset = view.asset(key.asset).ok()??;
        let pending = asset.pending?;
        asset.tracks.iter().any(|track| names(&view, &asset, pending, track, node, key)).then_some(pending)
    });
    if let Some(Pending { version, .. }) = counts_on_it {
        world.violated(
            "MIG-2",
            format!("{node} drops {} of {}, which {version} counts on", key.hash.short(), key.asset),
        );
    }
}

/// Whether what is written so far of a track names this copy.
fn names(view: &View<'_>, asset: &AssetRecord, pending: Pending, track: &Track, node: NodeId, key: &Key) -> bool {
    let Ok(Some(layout)) = view.layout(pending.epoch) else { return false };
    let part = |no| view.part(asset.id, pending.version, asset.ballot, &track.name, no).ok().flatten();
    let parts = (0..).map_while(part).filter_map(|part| Part::decode(&part).ok());
    let groups = parts.flat_map(|part| part.groups(asset.id, pending.scheme).collect::<Vec<_>>());
    groups.into_iter().any(|group| group.placed(&layout).any(|(at, chunk)| (at, chunk.hash) == (node, key.hash)))
}
