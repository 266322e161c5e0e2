//! What it costs to commit the manifest of a large upload: 10,000 chunks of its original, which is 20 GB of film.
//!
//! The chunks are not there, so this is the metadata's share alone: the parts that an upload commits, one after the other as
//! the upload's node does it, beside puts of the same bytes.

use std::time::Instant;

use crate::{
    Lab,
    common::{
        Outcome,
        server::written_bytes,
        table::{Rounds, Row, say},
    },
    etcd::{self, Etcd},
    film::{Upload, chunk_bytes_max, original},
    vsd::Vsd,
};

const CHUNKS: u64 = 10_000;

/// What one upload's parts, or as many puts, came to.
#[derive(Default)]
struct Figures {
    took_ms: Rounds,
    /// By all servers together.
    written_mb: Rounds,
}

pub(crate) fn measure(lab: &mut Lab<'_>, vsd: &Vsd, etcd: Option<&Etcd>) -> Outcome<()> {
    let (mut ours, mut peer) = (Figures::default(), Figures::default());
    let leaders = (vsd.leader(lab)?, etcd.map(|etcd| etcd.leader(lab)).transpose()?);
    for round in 0..lab.effort.rounds {
        let parts = lab.runtime.block_on(upload(vsd, leaders.0, &mut ours))?;
        if round == 0 {
            let bytes: usize = parts.iter().map(Vec::len).sum();
            let (count, each) = (parts.len(), bytes as f64 / CHUNKS as f64);
            say(&format!("{CHUNKS} chunks: {count} commits of {bytes} bytes in all, {each:.1} a chunk"));
        }
        if let (Some(etcd), Some(leader)) = (etcd, leaders.1) {
            lab.runtime.block_on(puts(etcd, leader, parts, &mut peer))?;
        }
    }
    let row = |what, unit, ours, peer| Row { what, unit, ours, peer, target: None };
    let beside = |figures| etcd.map(|_| ("etcd put", figures));
    let what = "parts of an upload of 10,000 chunks";
    lab.table.row(&row(what, "ms", &ours.took_ms, beside(&peer.took_ms)));
    let what = "  … given to the disk meanwhile, 3 nodes";
    lab.table.row(&row(what, "MB", &ours.written_mb, beside(&peer.written_mb)));
    Ok(())
}

/// A whole upload, of which the parts of the original are timed.
async fn upload(vsd: &Vsd, leader: usize, figures: &mut Figures) -> Outcome<Vec<Vec<u8>>> {
    let library = vsd.library(leader).await?;
    let upload = Upload::begin(&library, 0).await?;
    let (original, parts) = upload.gather(original(), CHUNKS, 1, chunk_bytes_max());
    let bytes = parts.iter().map(|part| part.bytes.clone()).collect();
    let (before, began) = (all_written_mb(&vsd.pids())?, Instant::now());
    for part in parts {
        upload.put(part).await?;
    }
    figures.took_ms.push(began.elapsed().as_secs_f64() * 1e3);
    figures.written_mb.push(all_written_mb(&vsd.pids())? - before);
    upload.finish(original).await?;
    Ok(bytes)
}

async fn puts(etcd: &Etcd, leader: usize, parts: Vec<Vec<u8>>, figures: &mut Figures) -> Outcome<()> {
    let mut putter = etcd.putters(leader, 1).await?.pop().ok_or("no client")?;
    let (before, began) = (all_written_mb(&etcd.pids())?, Instant::now());
    for (no, part) in parts.into_iter().enumerate() {
        etcd::put(&mut putter.to, format!("part-{no}").into_bytes(), part).await?;
    }
    figures.took_ms.push(began.elapsed().as_secs_f64() * 1e3);
    figures.written_mb.push(all_written_mb(&etcd.pids())? - before);
    Ok(())
}

fn all_written_mb(servers: &[u32]) -> Outcome<f64> {
    servers.iter().map(|server| Ok(written_bytes(*server)? / 1e6)).sum()
}
