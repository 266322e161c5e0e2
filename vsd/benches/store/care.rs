//! How long PUTs take while the directory is scrubbed and compacted at the default rates, beside when it is left alone.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::runtime::Runtime;
use vs_core::{hash::Hash, id::AssetId};
use vsd::bench::{Chunks, config};
use vsd_core::superblock::{Key, Op, Put, VerifiedChunk};

use crate::{
    CHUNK_BYTES, Effort, Outcome,
    common::disk::noise,
    table::{Rounds, Row, Table, Target, in_turns, say},
};

const IN_FLIGHT: usize = 4;
/// Small superblocks, so that there are many to compact.
const SUPERBLOCK_BYTES: u64 = 64 << 20;
/// For each chunk of a round, so many lie there before; every other one is garbage.
const FILL: usize = 6;
/// A round takes so many times as long as one of reads: the 99th percentile needs many PUTs.
const PATIENCE: f64 = 2.0;
const P99_RATIO_MAX: f64 = 1.5;

pub(crate) fn measure(table: &mut Table, root: &Path, effort: Effort) -> Outcome<()> {
    let dir = root.join("care");
    let mut config = config();
    config.superblock_bytes_max = SUPERBLOCK_BYTES;
    let chunks = Arc::new(Chunks::open(&dir, config)?);
    let runtime = Runtime::new()?;
    let ready = (0..effort.chunks).map(|nth| {
        let bytes = Bytes::from(noise(nth as u64, CHUNK_BYTES));
        let hash = Hash::of(&bytes);
        VerifiedChunk::verify(bytes, hash)
    });
    let ready: Arc<[VerifiedChunk]> = ready.collect::<Result<_, _>>()?;
    let care = chunks.care()?;
    care.pause();
    let mut garbage = Vec::new();
    for asset in 0..FILL {
        let asset = AssetId(u64::MAX - asset as u64);
        for (nth, chunk) in ready.iter().enumerate() {
            runtime.block_on(chunks.write(Put { asset, chunk: chunk.clone() }.into()))?;
            garbage.extend((nth % 2 == 0).then_some(Key { hash: chunk.hash(), asset }));
        }
    }
    delete(&runtime, &chunks, &garbage)?;
    let next = Arc::new(AtomicU64::new(0));
    let seconds = effort.seconds * PATIENCE;
    let round = || -> Outcome<f64> {
        let (p99_ms, written) = runtime.block_on(put_for(&chunks, &ready, &next, seconds))?;
        delete(&runtime, &chunks, &written)?;
        Ok(p99_ms)
    };
    let busy = |_| {
        care.start();
        let p99_ms = round();
        care.pause();
        p99_ms
    };
    let (busy, quiet) = in_turns(effort.rounds, busy, |_| round())?;
    let (moved, scrubbed) = (chunks.stats().moved_bytes >> 20, care.scrubbed_bytes() >> 20);
    drop(care);
    drop(chunks);
    std::fs::remove_dir_all(&dir)?;
    say(&format!("compacted {moved} MiB and scrubbed {scrubbed} MiB in {:.0} s", seconds * effort.rounds as f64));
    table.row(&Row {
        what: "PUT 2 MiB, 4 in flight, p99 under care",
        unit: "ms",
        ours: &busy,
        peer: Some(("left alone", &quiet)),
        target: Some(Target::AtMost(P99_RATIO_MAX)),
    });
    Ok(())
}

/// Puts for so long; the 99th percentile of how long one took, in milliseconds, and what was put.
async fn put_for(
    chunks: &Arc<Chunks>,
    ready: &Arc<[VerifiedChunk]>,
    next: &Arc<AtomicU64>,
    seconds: f64,
) -> Outcome<(f64, Vec<Key>)> {
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let client = || {
        let (chunks, ready, next) = (Arc::clone(chunks), Arc::clone(ready), Arc::clone(next));
        async move {
            let mut done = Vec::new();
            while Instant::now() < end {
                let nth = next.fetch_add(1, Relaxed);
                let chunk = ready[usize::try_from(nth)? % ready.len()].clone();
                let put = Put { asset: AssetId(nth), chunk };
                let (key, began) = (put.key(), Instant::now());
                chunks.write(put.into()).await?;
                done.push((began.elapsed().as_secs_f64() * 1e3, key));
            }
            Outcome::Ok(done)
        }
    };
    let clients: Vec<_> = (0..IN_FLIGHT).map(|_| tokio::spawn(client())).collect();
    let mut all = Vec::new();
    for client in clients {
        all.extend(client.await??);
    }
    let (times, keys): (Vec<f64>, Vec<Key>) = all.into_iter().unzip();
    Ok((times.into_iter().collect::<Rounds>().percentile(99), keys))
}

fn delete(runtime: &Runtime, chunks: &Arc<Chunks>, keys: &[Key]) -> Outcome<()> {
    runtime.block_on(async {
        let deletes: Vec<_> = keys
            .iter()
            .map(|key| {
                let (chunks, key) = (Arc::clone(chunks), *key);
                tokio::spawn(async move { chunks.write(Op::Delete(key)).await })
            })
            .collect();
        for delete in deletes {
            delete.await??;
        }
        Ok(())
    })
}
