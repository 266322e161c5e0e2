//! Reads through the engine out of the page cache, beside `pread` of the same bytes into one buffer and their CRC-32C.

use std::{fs::File, os::unix::fs::FileExt, path::Path};

use bytes::Bytes;
use tokio::runtime::Runtime;
use vs_core::{hash::Hash, id::AssetId};
use vsd::bench::{Chunks, config};
use vsd_core::superblock::{Key, Location, Put, VerifiedChunk};

use crate::{
    CHUNK_BYTES, Effort, Outcome,
    common::disk::noise,
    table::{Row, Table, Target, in_turns, mb_per_s, timed},
};

/// Passes over all chunks in a round: memory is fast.
const PASSES: usize = 8;
/// Bytes of a record before its payload.
const HEADER_BYTES: u64 = 128;

pub(crate) fn measure(table: &mut Table, root: &Path, effort: Effort) -> Outcome<()> {
    let dir = root.join("get");
    let chunks = Chunks::open(&dir, config())?;
    let (mut keys, runtime) = (Vec::new(), Runtime::new()?);
    for nth in 0..effort.chunks {
        let bytes = Bytes::from(noise(nth as u64, CHUNK_BYTES));
        let hash = Hash::of(&bytes);
        let put = Put { asset: AssetId(1), chunk: VerifiedChunk::verify(bytes, hash)? };
        runtime.block_on(chunks.write(put.into()))?;
        keys.push(Key { hash, asset: AssetId(1) });
    }
    let places: Vec<Location> = keys.iter().filter_map(|key| chunks.locate(key)).collect();
    let numbers = places.iter().map(|place| place.superblock);
    let files =
        numbers.map(|number| File::open(dir.join(format!("{number:08}.vsb")))).collect::<Result<Vec<_>, _>>()?;
    let total = PASSES * keys.len() * CHUNK_BYTES;
    let mut buffer = vec![0; CHUNK_BYTES];
    let (ours, peer) = in_turns(
        effort.rounds,
        |_| {
            let (read, took) = timed(|| (0..PASSES).flat_map(|_| &keys).try_for_each(|key| chunks.get(key).map(drop)));
            read?;
            Ok(mb_per_s(total, took))
        },
        |_| {
            let (read, took) = timed(|| {
                (0..PASSES).flat_map(|_| files.iter().zip(&places)).try_fold(0, |sum, (file, place)| {
                    file.read_exact_at(&mut buffer, place.offset + HEADER_BYTES)?;
                    std::io::Result::Ok(sum ^ crc32c::crc32c(&buffer))
                })
            });
            std::hint::black_box(read?);
            Ok(mb_per_s(total, took))
        },
    )?;
    drop(chunks);
    std::fs::remove_dir_all(&dir)?;
    table.row(&Row {
        what: "GET 2 MiB through the engine, page cache",
        unit: "MB/s",
        ours: &ours,
        peer: Some(("pread + CRC-32C", &peer)),
        target: Some(Target::AtLeast(0.9)),
    });
    Ok(())
}
