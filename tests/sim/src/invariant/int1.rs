//! INT-1: a reader never uses bytes that are not what was uploaded: what it ends up with is the film, or nothing.

//! A node gives no bytes that rotted, and does not say of them that it has read them and they are good.

use vs_core::{
    hash::{ChunkHash, Hash},
    id::{AssetId, VideoId},
    manifest::{ORIGINAL, Track},
};
use vsd_core::{plan::repair::Held, superblock::Key};

use crate::{film::Film, promise::Promise, world::World};

/// A node answers with these bytes.
pub(crate) fn served(world: &World, machine: usize, chunk: ChunkHash, bytes: &[u8]) {
    if Hash::of(bytes) != chunk {
        world.violated("INT-1", format!("m{machine} gives bytes that are not {}", chunk.short()));
    }
}

/// A node says what it found when it read its copies.
pub(crate) fn verified(world: &World, machine: usize, asset: AssetId, said: impl Iterator<Item = (ChunkHash, Held)>) {
    for (hash, held) in said {
        if held == Held::Stored && world.oracle.is_rotten(machine, Key { hash, asset }) {
            world.violated("INT-1", format!("m{machine} has read {} of {asset}, which is rotten", hash.short()));
        }
    }
}

/// A video that was ready has all its tracks, as soon as it has any but the original: until then it may be made anew.
pub(crate) fn tracks(world: &World, video: VideoId, promise: &Promise, tracks: &[Track]) {
    let kept = promise.keeps_original.then(|| ORIGINAL.to_owned());
    let made = promise.film.tracks().into_iter().map(|(track, _)| track.name);
    let (named, wanted): (Vec<_>, Vec<_>) =
        (tracks.iter().map(|track| track.name.clone()).collect(), kept.into_iter().chain(made).collect());
    if named != wanted && named != [ORIGINAL] {
        world.violated("INT-1", format!("video {} has {named:?} and not {wanted:?}", video.short()));
    }
}

pub(crate) fn read(world: &World, video: VideoId, film: Film, track: &str, digest: Hash) {
    if film.digest(track) != Some(digest) {
        world.violated("INT-1", format!("{track} of video {} is not what was uploaded", video.short()));
    }
}
