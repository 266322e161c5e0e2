//! Whether what a directory holds can be had at all.
//!
//! A copy that cannot be read says nothing of the others, and a dead disk of millions of them would be found out copy by
//! copy. So a failure makes its directory read a sample: when all of that is bad, or when the disk has not answered for
//! long, everything in the directory counts as lost until it is shown otherwise, and is written again elsewhere.
//!
//! A directory that gives nothing is looked at again after as long as it has given nothing: one that failed for moments takes
//! chunks again within moments, and a dead one is left alone.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use vsd_core::superblock::{Disk, Key, Reader, Stats};

use super::under_way::UnderWay;

/// Chunks of a sample. With fewer in all, each may as well count for itself.
pub(super) const SAMPLE_CHUNKS: usize = 16;

/// How soon at the earliest it is looked again whether an unreadable directory can be read.
const AGAIN_MIN: Duration = Duration::from_secs(1);

/// Why a directory is lost.
const UNREADABLE: &str = "its chunks cannot be read";
const SILENT: &str = "its disk has not answered for a long time";

#[derive(Debug)]
pub(super) struct Reach {
    /// How long a disk may be silent, and after how long at the latest it is looked whether an unreadable one can be read again.
    patience: Duration,
    is_unreadable: AtomicBool,
    books: Mutex<Books>,
}

#[derive(Debug)]
struct Books {
    /// Failures as of when the last sample was read: of reads, and of a write that ended all writing.
    failures: u64,
    /// When it was found as it is now, readable or not.
    since: Instant,
    sampled_at: Instant,
    /// Up to where.
    sampled: Option<Key>,
}

impl Reach {
    pub(super) fn new(patience: Duration) -> Self {
        let now = Instant::now();
        let books = Books { failures: 0, since: now, sampled_at: now, sampled: None };
        Self { patience, is_unreadable: AtomicBool::new(false), books: Mutex::new(books) }
    }

    /// Why nothing in the directory is to be counted on, if so. Does not ask the disk.
    pub(super) fn lost(&self, calls: &UnderWay) -> Option<&'static str> {
        match () {
            () if self.is_unreadable.load(Relaxed) => Some(UNREADABLE),
            () if calls.has_waited(self.patience) => Some(SILENT),
            () => None,
        }
    }

    /// Reads a sample if there is cause to. For one thread, which may block.
    pub(super) fn look<D: Disk>(&self, reader: &Reader<D>, stats: &Stats) {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        let is_unreadable = self.is_unreadable.load(Relaxed);
        let has_cause = match is_unreadable {
            true => books.sampled_at.elapsed() >= self.rest(&books),
            false => failures(stats) != books.failures,
        };
        if !has_cause {
            return;
        }
        let (differs, last) = reader.are_all(is_unreadable, books.sampled, SAMPLE_CHUNKS);
        let now = Instant::now();
        if differs {
            self.is_unreadable.store(!is_unreadable, Relaxed);
            books.since = now;
        }
        // the sample's own failures are no cause for another one
        let failures = failures(&reader.figures(stats.space));
        *books = Books { failures, since: books.since, sampled_at: now, sampled: last };
    }

    /// How long an unreadable directory is left alone after a sample.
    fn rest(&self, books: &Books) -> Duration {
        books.sampled_at.duration_since(books.since).max(AGAIN_MIN).min(self.patience)
    }
}

fn failures(stats: &Stats) -> u64 {
    stats.corrupt_reads + u64::from(stats.refusal.is_some())
}
