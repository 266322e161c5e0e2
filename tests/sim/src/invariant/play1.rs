//! PLAY-1: a film plays to its end, once the faults are over; whatever it plays is in order and verified, which the player
//! asserts itself.

use vs_core::id::VideoId;
use vsplay_core::event::Ending;

use crate::world::World;

pub(crate) fn ended(world: &World, video: VideoId, ending: &Ending) {
    if *ending != Ending::Played {
        world.violated("PLAY-1", format!("video {} did not play to its end: {ending:?}", video.short()));
    }
}
