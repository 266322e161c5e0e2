//! INT-1: a reader never uses bytes that are not what was uploaded: what it ends up with is the film, or nothing.
//!
//! A node gives no bytes that rotted, and does not say of them that it has read them and they are good.

use vs_core::{
    hash::{ChunkHash, Hash},
    id::VideoId,
};
use vsd_core::superblock::Key;

use crate::{
    film::Film,
    machine::{Machine, Rot, RotKind},
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

pub(crate) fn read(world: &World, video: VideoId, film: Film, track: &str, digest: Hash) {
    if film.digest(track) != Some(digest) {
        world.violated("INT-1", format!("{track} of video {} is not what was uploaded", video.short()));
    }
}
