//! TIME-1: cluster time goes no faster than time itself, whatever wall clocks say and leaders claim.

use crate::world::World;

pub(crate) fn ticked(world: &World, now_ms: u64) {
    let passed_ms = crate::node::millis(world.kernel.now());
    if now_ms > passed_ms {
        world.violated("TIME-1", format!("{now_ms} ms of cluster time have passed, and {passed_ms} in truth"));
    }
}
