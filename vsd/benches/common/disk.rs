//! A writer that does nothing but write and sync, and what it writes.

use std::{fs::File, os::unix::fs::FileExt, path::Path};

use super::{
    Outcome,
    table::{mb_per_s, timed},
};

/// Appends the pieces to a fresh file and syncs once in so many bytes, and at the end: MB/s.
pub(crate) fn write_plainly<P: AsRef<[u8]>>(path: &Path, pieces: &[P], sync_bytes: usize) -> Outcome<f64> {
    let file = File::create(path)?;
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
    std::fs::remove_file(path)?;
    Ok(mb_per_s(written?, took))
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
