//! ID-1: the id of a node is given once. What is recorded of a node that was removed never becomes another one's.

use uuid::Uuid;
use vs_core::id::NodeId;

use crate::world::World;

/// A machine was told who it is.
pub(crate) fn joined(world: &World, key: Uuid, node: NodeId) {
    let first = world.oracle.named(node, key);
    if first != key {
        world.violated("ID-1", format!("{node} was the name of {first}, and is that of {key} now"));
    }
}
