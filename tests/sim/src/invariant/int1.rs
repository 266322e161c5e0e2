//! INT-1: a reader never uses bytes that are not what was uploaded: what it ends up with is the film, or nothing.
//!
//! A node gives no bytes that rotted, and does not say of them that it has read them and they are good.

use vs_core::{
    hash::{ChunkHash, Hash},
    id::VideoId,
    manifest::{ORIGINAL, Track},
};
use vsd_core::superblock::Key;

use crate::{
    film::Film,
    machine::{Machine, Rot, RotKind},
    promise::Promise,
    world::World,
};

/// A node answers with these bytes.
pub(crate) fn served(world: &World, machine: usize, chunk: ChunkHash, bytes: &[u8]) {
    if Hash::of(bytes) != chunk {
        world.violated("INT-1", format!("m{machine} gives bytes that are not {}", chunk.short()));
    }
}

/// A disk has read a copy past its cache and found it good.
pub(crate) fn verified(world: &World, machine: &Machine, rot: Option<Rot>) {
    if let Some(Rot { key: Key { hash, asset }, .. }) = rot {
        world.violated("INT-1", format!("m{} has read {} of {asset}, which is rotten", machine.at, hash.short()));
    }
}

/// A disk has taken a chunk, or has it already, as far as its cache tells.
pub(crate) fn taken(world: &World, machine: &Machine, rot: Option<Rot>) {
    if let Some(Rot { key: Key { hash, asset }, .. }) = rot.filter(|rot| rot.kind != RotKind::FlippedBelowCache) {
        world.violated("INT-1", format!("m{} has {} of {asset} already, which is rotten", machine.at, hash.short()));
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
