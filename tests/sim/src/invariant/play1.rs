//! PLAY-1: a film plays to its end, once the faults are over; and whatever is said to be played was given out, every byte
//! of it once and in order.

use vs_core::{hash::Hash, id::VideoId};
use vsplay_core::event::{ChunkAt, Ending};

use crate::{film::Film, world::World};

/// The player gives out a chunk whose bytes it does not hold.
pub(crate) fn feeds_nothing(world: &World, video: VideoId, at: ChunkAt) {
    world.violated("PLAY-1", format!("video {}: nothing is held of {at:?}, which is to be given out", video.short()));
}

/// A track of a film was played.
pub(crate) fn played(world: &World, video: VideoId, film: Film, track: &str, given: Hash) {
    if film.digest(track) != Some(given) {
        world.violated("PLAY-1", format!("{track} of video {} was not played as it is", video.short()));
    }
}

pub(crate) fn ended(world: &World, video: VideoId, ending: &Ending) {
    if *ending != Ending::Played {
        world.violated("PLAY-1", format!("video {} did not play to its end: {ending:?}", video.short()));
    }
}
