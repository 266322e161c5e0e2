//! CON-2: same log, same state. Every replica that applied an entry has the digest that all have after it, whatever its
//! pace, its restarts and its clock were.

use vs_core::id::NodeId;

use crate::world::World;

pub(crate) fn applied(world: &World, node: NodeId, index: u64, digest: u64) {
    if world.log.digest(index) != Some(digest) {
        world.violated("CON-2", format!("the state of {node} after entry {index} is not that of others"));
    }
}
