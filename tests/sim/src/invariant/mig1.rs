//! MIG-1: when a version replaces another, every member of it is on its computed place, none owed, and what it plays is
//! what the one before played.

use std::sync::Arc;

use vs_core::id::AssetId;

use super::{Copies, copies::with_view, place1::misplaced};
use crate::{replica::Replica, world::World};

pub(crate) fn version_committed(world: &Arc<World>, after: &Replica, asset: AssetId) {
    let copies = Copies::of(world);
    for what in misplaced(after, &copies, Some(asset)) {
        world.violated("MIG-1", format!("a version is current: {what}"));
    }
    let owed =
        with_view(after, |view| view.asset(asset).ok().flatten().map_or(0, |asset| asset.owed + asset.stand_ins));
    if owed > 0 {
        world.violated("MIG-1", format!("a version of {asset} is current, and {owed} members are not in their places"));
    }
}
