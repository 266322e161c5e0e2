//! INT-1: a reader never uses bytes that are not what was uploaded: what it ends up with is the film, or nothing.

use vs_core::{hash::Hash, id::VideoId};

use crate::{film::Film, world::World};

pub(crate) fn read(world: &World, video: VideoId, film: Film, track: &str, digest: Hash) {
    if film.digest(track) != Some(digest) {
        world.violated("INT-1", format!("{track} of video {} is not what was uploaded", video.short()));
    }
}
