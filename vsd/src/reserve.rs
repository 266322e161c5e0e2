//! Disk that is kept for the metadata, and given to it when something else has filled the disk: without it the node
//! could not even be told to delete.
//!
//! The reserve is a preallocated file, `reserve` in the metadata folder, which holds nothing. It is removed when the disk
//! is full, and not before: what is freed while others still write is theirs as well.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use nix::{
    fcntl::{FallocateFlags, fallocate},
    sys::statvfs::statvfs,
};

use crate::storage::STAT_BLOCK_BYTES;

/// Disk kept: what thousands of commands and a snapshot of a small library take.
const RESERVE_BYTES: u64 = 64 << 20;
/// A file system that is not this many times as large has none: what is given back there would make room for chunks.
const FILE_SYSTEM_MIN: u64 = 25;
/// The disk counts as full below this.
const FULL_BYTES: u64 = 8 << 20;
/// The reserve is taken again when there is this much.
const PLENTY_BYTES: u64 = 4 * RESERVE_BYTES;
/// How often the disk is looked at.
const POLL: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
    held_bytes: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Give,
    Take,
    Nothing,
}

/// What to do on a file system of `total` bytes of which `free` are free.
fn step(total: u64, free: u64, is_held: bool) -> Step {
    match is_held {
        true if free < FULL_BYTES => Step::Give,
        false if free >= PLENTY_BYTES && total >= FILE_SYSTEM_MIN * RESERVE_BYTES => Step::Take,
        _ => Step::Nothing,
    }
}

impl Reserve {
    /// The reserve of a metadata folder; given back already when the disk is full, so that the metadata can be opened.
    pub(crate) fn open(meta: &Path) -> Self {
        let path = meta.join("reserve");
        let held_bytes = fs::metadata(&path).map_or(0, |file| file.blocks() * STAT_BLOCK_BYTES);
        let reserve = Self { path, held_bytes: AtomicU64::new(held_bytes) };
        reserve.look();
        reserve
    }

    /// Looks after the disk for ever.
    pub(crate) async fn keep(&self) {
        loop {
            tokio::time::sleep(POLL).await;
            self.look();
        }
    }

    /// The reserve's figure in Prometheus' text format.
    pub(crate) fn metrics(&self) -> String {
        let held_bytes = self.held_bytes.load(Relaxed);
        format!(
            "# HELP vsd_meta_reserve_bytes Disk kept for the metadata; 0 while it is in use or cannot be had.\n\
             # TYPE vsd_meta_reserve_bytes gauge\nvsd_meta_reserve_bytes {held_bytes}\n"
        )
    }

    fn look(&self) {
        let Some(folder) = self.path.parent() else { return };
        let Ok(stat) = statvfs(folder) else { return };
        let bytes = |blocks: u64| blocks * stat.fragment_size();
        match step(bytes(stat.blocks()), bytes(stat.blocks_available()), self.held_bytes.load(Relaxed) > 0) {
            Step::Nothing => {}
            Step::Give => match fs::remove_file(&self.path) {
                Ok(()) => {
                    let bytes = self.held_bytes.swap(0, Relaxed);
                    tracing::error!(bytes, "the disk is full; the metadata goes on in its reserve: make room");
                }
                Err(error) => tracing::error!(%error, "the disk is full and the reserve cannot be given back"),
            },
            Step::Take => match take(&self.path) {
                Ok(()) => {
                    self.held_bytes.store(RESERVE_BYTES, Relaxed);
                    tracing::info!(bytes = RESERVE_BYTES, "disk is kept for the metadata");
                }
                // tried again, and told by the metric
                Err(error) => tracing::debug!(%error, "no disk can be kept for the metadata"),
            },
        }
    }
}

fn take(path: &Path) -> io::Result<()> {
    let length = i64::try_from(RESERVE_BYTES).map_err(io::Error::other)?;
    let file = File::create(path)?;
    let taken =
        fallocate(&file, FallocateFlags::empty(), 0, length).map_err(io::Error::from).and_then(|()| file.sync_all());
    taken.inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_given_on_a_full_disk_and_taken_when_there_is_plenty() {
        let large = 100 * RESERVE_BYTES;
        assert_eq!(step(large, FULL_BYTES - 1, true), Step::Give);
        assert_eq!(step(large, FULL_BYTES, true), Step::Nothing);
        assert_eq!(step(large, 0, false), Step::Nothing, "given already");
        assert_eq!(step(large, FULL_BYTES + RESERVE_BYTES, false), Step::Nothing, "what it gave is not taken at once");
        assert_eq!(step(large, PLENTY_BYTES, false), Step::Take);
        assert_eq!(step(FILE_SYSTEM_MIN * RESERVE_BYTES - 1, PLENTY_BYTES, false), Step::Nothing);
    }
}
