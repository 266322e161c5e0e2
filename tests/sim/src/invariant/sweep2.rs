//! SWEEP-2: what a node said it has, it does not drop by what it knew before: whoever asked knew more, and counts on it.

use vs_core::id::NodeId;
use vsd_core::superblock::Key;

use crate::world::World;

/// A copy was dropped by a decision that was made at this index.
pub(crate) fn dropped(world: &World, node: NodeId, key: &Key, decided_at: u64) {
    let index = world.oracle.dropped(node, *key);
    if index > decided_at {
        let (hash, asset) = (key.hash.short(), key.asset);
        let what = format!("{node} drops {hash} of {asset} by {decided_at}, and {index} counts on it");
        world.violated("SWEEP-2", what);
    }
}
