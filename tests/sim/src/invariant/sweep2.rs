//! SWEEP-2: what a node said it has, it does not drop by what it knew before: whoever asked knew more, and counts on it. Nor
//! does it begin to drop anything of an asset that it was sent something for by somebody who knows more (DESIGN §10).

use vs_core::id::NodeId;
use vsd_core::superblock::Key;

use crate::world::World;

/// A node begins to drop a copy by a decision that was made at this index.
pub(crate) fn decided(world: &World, node: NodeId, key: &Key, decided_at: u64) {
    let sent = world.oracle.sent_to(node, key.asset);
    if sent > decided_at {
        let what = format!("{node} begins to drop copies of {} by {decided_at}, and was sent {sent}", key.asset);
        world.violated("SWEEP-2", what);
    }
}

/// A copy was dropped by a decision that was made at this index.
pub(crate) fn dropped(world: &World, node: NodeId, key: &Key, decided_at: u64) {
    let index = world.oracle.dropped(node, *key);
    if index > decided_at {
        let (hash, asset) = (key.hash.short(), key.asset);
        let what = format!("{node} drops {hash} of {asset} by {decided_at}, and {index} counts on it");
        world.violated("SWEEP-2", what);
    }
}
