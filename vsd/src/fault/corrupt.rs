//! Bit rot: a bit of a stored chunk is flipped in its file, and nobody is told.

use std::{fs::OpenOptions, io, os::unix::fs::FileExt};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use vs_wire::v1;
use vsd_core::superblock::Key;

use crate::storage::{Directory, Store};

/// Chunks among which those to be hit are chosen.
const CANDIDATES_MAX: usize = 100_000;

/// Flips a bit in each of up to `count` chunks, of those that this node has.
pub(super) fn corrupt(store: &Store, count: usize, seed: u64) -> io::Result<Vec<v1::CorruptedChunk>> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut keys = store.list(&(0..=u64::MAX), None, CANDIDATES_MAX);
    keys.shuffle(&mut random);
    let hits = keys.iter().take(count).flat_map(|key| store.holders(key).into_iter().map(move |dir| (key, dir)));
    let flipped = hits.map(|(key, dir)| flip(dir, key, random.random(), random.random_range(0..u8::BITS)));
    flipped.filter_map(Result::transpose).collect()
}

/// None when the chunk is gone meanwhile.
fn flip(dir: &Directory, key: &Key, byte: u32, bit: u32) -> io::Result<Option<v1::CorruptedChunk>> {
    let Some(place) = dir.reader().locate(key) else { return Ok(None) };
    let path = dir.path().join(format!("{:08}.vsb", place.superblock));
    let file = match OpenOptions::new().read(true).write(true).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    // the record is longer than its payload, so this is a byte of its header or its payload
    let offset = place.offset + u64::from(byte % place.payload_bytes.max(1));
    let mut value = [0];
    file.read_exact_at(&mut value, offset)?;
    file.write_all_at(&[value[0] ^ (1 << bit)], offset)?;
    let file = path.display().to_string();
    Ok(Some(v1::CorruptedChunk { asset: key.asset.0, hash: key.hash.0.to_vec(), file, offset, bit }))
}
