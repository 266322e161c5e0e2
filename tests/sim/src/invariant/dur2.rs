//! DUR-2, for moves and repair: when the log says that an asset is placed by an epoch, every place of that epoch has its
//! member, before anybody lets go of another copy.

use std::sync::Arc;

use vs_core::id::AssetId;

use super::{Copies, place1::misplaced};
use crate::{replica::Replica, world::World};

pub(crate) fn placed(world: &Arc<World>, after: &Replica, asset: AssetId) {
    let copies = Copies::of(world);
    for what in misplaced(after, &copies, Some(asset)) {
        world.violated("DUR-2", format!("said to be placed: {what}"));
    }
}
