//! What the disk can do, and a writer that does nothing but write and sync.

use std::{fs::File, os::unix::fs::FileExt, path::Path};

use crate::{
    CHUNK_BYTES, Effort, Outcome,
    table::{Rounds, Row, Table, mb_per_s, timed},
};

/// Syncs of a small write that are timed.
const SMALL_SYNCS: usize = 20;
const SMALL_BYTES: usize = 4096;

pub(crate) fn measure(table: &mut Table, root: &Path, effort: Effort) -> Outcome<()> {
    let pieces = vec![noise(1, CHUNK_BYTES); effort.chunks];
    let (mut streamed, mut small) = (Rounds::default(), Rounds::default());
    for _ in 0..effort.rounds {
        streamed.push(write_plainly(root, &pieces, usize::MAX)?);
        small.push(small_sync_ms(root)?);
    }
    let row = |what, unit, ours| Row { what, unit, ours, peer: None, target: None };
    table.row(&row("disk: sequential write, synced at the end", "MB/s", &streamed));
    table.row(&row("disk: 4 KiB append + fdatasync", "ms", &small));
    Ok(())
}

/// Appends the pieces to a fresh file and syncs once in so many bytes, and at the end: MB/s.
pub(crate) fn write_plainly<P: AsRef<[u8]>>(root: &Path, pieces: &[P], sync_bytes: usize) -> Outcome<f64> {
    let path = root.join("plain");
    let file = File::create(&path)?;
    let (written, took) = timed(|| -> std::io::Result<usize> {
        let (mut end, mut unsynced) = (0, 0);
        for piece in pieces.iter().map(AsRef::as_ref) {
            file.write_all_at(piece, end as u64)?;
            end += piece.len();
            unsynced += piece.len();
            if unsynced >= sync_bytes {
                file.sync_data()?;
                unsynced = 0;
            }
        }
        file.sync_data()?;
        Ok(end)
    });
    std::fs::remove_file(&path)?;
    Ok(mb_per_s(written?, took))
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

/// Bytes that no disk can make smaller.
pub(crate) fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    // SplitMix64
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let words = std::iter::repeat_with(|| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).to_le_bytes()
    });
    words.flatten().take(bytes).collect()
}
