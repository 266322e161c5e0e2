//! CON-1: reads are linearizable: one that begins after a client was told of a video shows it.

use std::time::Duration;

use vs_core::id::VideoId;

use crate::world::World;

/// A linearizable read that began then did not show the video.
pub(crate) fn not_shown(world: &World, video: VideoId, began: Duration) {
    if world.oracle.promise(video).is_some_and(|promise| !promise.is_doubtful && promise.at < began) {
        world.violated("CON-1", format!("video {} is not there, and was promised before", video.short()));
    }
}
