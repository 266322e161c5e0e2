//! INT-1: a reader never uses bytes that are not what was uploaded: what it ends up with is the film, or nothing.

//! A node gives no bytes that rotted, and does not say of them that it has read them and they are good.

use vs_core::{
    hash::{ChunkHash, Hash},
    id::{AssetId, VideoId},
};
use vsd_core::{plan::repair::Held, superblock::Key};

use crate::{film::Film, world::World};

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

pub(crate) fn read(world: &World, video: VideoId, film: Film, track: &str, digest: Hash) {
    if film.digest(track) != Some(digest) {
        world.violated("INT-1", format!("{track} of video {} is not what was uploaded", video.short()));
    }
}
