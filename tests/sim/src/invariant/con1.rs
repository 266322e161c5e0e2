//! CON-1: reads are linearizable: one that begins after a client was told that a video is there shows it, and one that begins
//! after a client was told that it is gone does not.

use std::{sync::Arc, time::Duration};

use vs_core::id::VideoId;

use super::copies::with_view;
use crate::{replica::Replica, world::World};

/// A linearizable read that began then did not show the video.
pub(crate) fn not_shown(world: &World, video: VideoId, began: Duration) {
    if world.oracle.is_shown(video, began) {
        world.violated("CON-1", format!("video {} is not there, and was promised before", video.short()));
    }
}

/// One that began then showed it.
pub(crate) fn shown(world: &World, video: VideoId, began: Duration) {
    if world.oracle.is_gone(video, began) {
        world.violated("CON-1", format!("video {} is there, and was removed before", video.short()));
    }
}

/// What is true shows what it has to, and nothing else.
pub(crate) fn check(world: &Arc<World>, truth: &Replica) {
    let now = world.kernel.now();
    with_view(truth, |view| {
        for video in world.oracle.promises().into_keys() {
            let record = view.video(video).ok().flatten();
            match record.filter(|record| record.trashed.is_none()) {
                Some(_) => shown(world, video, now),
                None => not_shown(world, video, now),
            }
        }
    });
}
