//! What the disk can do.

use std::{fs::File, os::unix::fs::FileExt, path::Path};

use crate::{
    CHUNK_BYTES, Effort, Outcome,
    common::disk::{noise, write_plainly},
    table::{Rounds, Row, Table, timed},
};

/// Syncs of a small write that are timed.
const SMALL_SYNCS: usize = 20;
const SMALL_BYTES: usize = 4096;

pub(crate) fn measure(table: &mut Table, root: &Path, effort: Effort) -> Outcome<()> {
    let pieces = vec![noise(1, CHUNK_BYTES); effort.chunks];
    let (mut streamed, mut small) = (Rounds::default(), Rounds::default());
    for _ in 0..effort.rounds {
        streamed.push(write_plainly(&root.join("plain"), &pieces, usize::MAX)?);
        small.push(small_sync_ms(root)?);
    }
    let row = |what, unit, ours| Row { what, unit, ours, peer: None, target: None };
    table.row(&row("disk: sequential write, synced at the end", "MB/s", &streamed));
    table.row(&row("disk: 4 KiB append + fdatasync", "ms", &small));
    Ok(())
}

/// The median of some small appends, each synced.
fn small_sync_ms(root: &Path) -> Outcome<f64> {
    let path = root.join("small");
    let file = File::create(&path)?;
    let bytes = noise(2, SMALL_BYTES);
    let mut times = Vec::new();
    for nth in 0..SMALL_SYNCS {
        let (done, took) = timed(|| {
            file.write_all_at(&bytes, (nth * SMALL_BYTES) as u64)?;
            file.sync_data()
        });
        done?;
        times.push(took.as_secs_f64() * 1e3);
    }
    std::fs::remove_file(&path)?;
    Ok(times.into_iter().collect::<Rounds>().median())
}
