//! Durable PUTs through the writer of a directory, beside a writer that does nothing but write the same bytes and sync as rarely.

use std::{
    cell::Cell,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

use bytes::Bytes;
use tokio::runtime::Runtime;
use vs_core::{hash::Hash, id::AssetId};
use vsd::bench::{Chunks, config};
use vsd_core::superblock::{Put, VerifiedChunk};

use crate::{
    CHUNK_BYTES, Effort, Outcome,
    common::disk::{noise, write_plainly},
    table::{Row, Table, Target, in_turns, mb_per_s},
};

const SMALL_BYTES: usize = 64 << 10;
/// How rarely the peer of small chunks syncs.
const SMALL_SYNC_BYTES: usize = 4 << 20;

/// One way to put chunks.
#[derive(Clone, Copy, Debug)]
struct Load {
    chunk_bytes: usize,
    chunks: usize,
    in_flight: usize,
    /// Whether the chunks are hashed on the way, as the daemon does with what it receives.
    hashed: bool,
}

pub(crate) fn measure(table: &mut Table, root: &Path, effort: Effort) -> Outcome<()> {
    let runtime = Runtime::new()?;
    for (in_flight, chunks) in [(1, effort.chunks / 2), (16, effort.chunks), (64, effort.chunks)] {
        for hashed in [false, true] {
            let what = format!("PUT 2 MiB, {in_flight} in flight{}", if hashed { ", hashed" } else { "" });
            let load = Load { chunk_bytes: CHUNK_BYTES, chunks, in_flight, hashed };
            compare(table, &runtime, root, effort, (&what, Target::AtLeast(0.9)), load, None)?;
        }
    }
    let chunks = effort.chunks * CHUNK_BYTES / SMALL_BYTES / 2;
    let load = Load { chunk_bytes: SMALL_BYTES, chunks, in_flight: 64, hashed: false };
    let what = ("PUT 64 KiB, 64 in flight", Target::AtLeast(0.7));
    compare(table, &runtime, root, effort, what, load, Some(SMALL_SYNC_BYTES))
}

/// `sync_bytes`: how rarely the peer syncs; as rarely as the store does unless that is said.
fn compare(
    table: &mut Table,
    runtime: &Runtime,
    root: &Path,
    effort: Effort,
    (what, target): (&str, Target),
    load: Load,
    sync_bytes: Option<usize>,
) -> Outcome<()> {
    let dir = root.join("put");
    let chunks = Arc::new(Chunks::open(&dir, config())?);
    let named: Vec<(Hash, Bytes)> = (0..load.chunks)
        .map(|nth| {
            let bytes = Bytes::from(noise(nth as u64, load.chunk_bytes));
            (Hash::of(&bytes), bytes)
        })
        .collect();
    let verify = |(hash, bytes): &(Hash, Bytes)| VerifiedChunk::verify(bytes.clone(), *hash);
    let ready: Arc<[VerifiedChunk]> = named.iter().map(verify).collect::<Result<_, _>>()?;
    let named: Arc<[(Hash, Bytes)]> = named.into();
    let plain: Vec<Bytes> = named.iter().map(|(_, bytes)| bytes.clone()).collect();
    let total = load.chunks * load.chunk_bytes;
    // as rarely as the store did last; the first time is not counted, but tells how rarely that is
    let rarely = Cell::new(0);
    let put = |asset| {
        let run = runtime.block_on(put_all(&chunks, &ready, &named, asset, load))?;
        rarely.set(sync_bytes.unwrap_or(total / run.syncs.max(1)));
        Ok(run.mb_per_s)
    };
    let _: f64 = put(0)?;
    let (ours, peer) = in_turns(
        effort.rounds,
        |round| put(1 + round as u64),
        |_| write_plainly(&root.join("plain"), &plain, rarely.get()),
    )?;
    drop(chunks);
    std::fs::remove_dir_all(&dir)?;
    let name = format!("plain writer, sync every {:.1} MiB", rarely.get() as f64 / 1_048_576.0);
    table.row(&Row { what, unit: "MB/s", ours: &ours, peer: Some((&name, &peer)), target: Some(target) });
    Ok(())
}

struct Run {
    mb_per_s: f64,
    syncs: usize,
}

/// Puts every chunk once, for an asset of its own, so that no round finds those of another.
async fn put_all(
    chunks: &Arc<Chunks>,
    ready: &Arc<[VerifiedChunk]>,
    named: &Arc<[(Hash, Bytes)]>,
    asset: u64,
    load: Load,
) -> Outcome<Run> {
    let syncs_before = chunks.stats().fsyncs;
    let next = Arc::new(AtomicUsize::new(0));
    let client = || {
        let (chunks, ready, named) = (Arc::clone(chunks), Arc::clone(ready), Arc::clone(named));
        let next = Arc::clone(&next);
        async move {
            loop {
                let nth = next.fetch_add(1, Relaxed);
                let Some(chunk) = ready.get(nth) else { return Outcome::Ok(()) };
                let chunk = if load.hashed {
                    let named = Arc::clone(&named);
                    let verify = move || VerifiedChunk::verify(named[nth].1.clone(), named[nth].0);
                    tokio::task::spawn_blocking(verify).await??
                } else {
                    chunk.clone()
                };
                chunks.write(Put { asset: AssetId(asset), chunk }.into()).await?;
            }
        }
    };
    let began = Instant::now();
    let clients: Vec<_> = (0..load.in_flight).map(|_| tokio::spawn(client())).collect();
    for client in clients {
        client.await??;
    }
    let mb_per_s = mb_per_s(ready.len() * load.chunk_bytes, began.elapsed());
    let syncs = usize::try_from(chunks.stats().fsyncs - syncs_before)?;
    Ok(Run { mb_per_s, syncs })
}
