//! The node's chunks: its data directories as one.
//!
//! A chunk lies in one directory. Should a directory fail while it has the chunk, another may get it too: whoever reads
//! takes the copy that can be had, and whoever deletes deletes all.
//!
//! Invariants:
//! - A directory that is full, refuses, fails or stalls takes nothing from the others but its share of the space.
//! - A put that is answered is durable in some directory; one that is refused was refused by all of them.

use std::{
    collections::BTreeSet,
    fs, io,
    ops::RangeInclusive,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use bytes::Bytes;
use futures::future::join_all;
use tokio::time::timeout;
use vs_core::{
    hash::ChunkHash,
    id::{AssetId, DirId},
};
use vsd_core::superblock::{Disk, GetError, Key, Op, Outcome, Put, Refusal, Stats, VerifiedChunk, WriteError};

use super::{
    directory::{Directory, ReadSlot},
    disk::RealDisk,
    pick::{Candidate, Standing, order},
};

/// How often stalls are looked for, and after how many looks the disks are asked how full they are.
const WATCH_INTERVAL: Duration = Duration::from_millis(250);
const REFRESH_EVERY: u32 = 4;
/// How long a read waits for its turn on a busy disk before it is sent elsewhere.
const READ_WAIT: Duration = Duration::from_secs(5);

/// A directory of this node that is not in use.
#[derive(Clone, Debug)]
pub(crate) struct Lost {
    pub(crate) path: PathBuf,
    pub(crate) why: String,
}

/// The node's data directories, at least one.
#[derive(Debug)]
pub(crate) struct Store<D: Disk = RealDisk> {
    dirs: Arc<[Directory<D>]>,
    lost: Vec<Lost>,
    pub(super) gets_absent: AtomicU64,
    /// Ends when its sender goes.
    watch: Mutex<Option<(mpsc::Sender<()>, JoinHandle<()>)>>,
}

/// A chunk that is about to be read, and leave to do so.
#[derive(Debug)]
pub(super) struct Reading<'a, D: Disk> {
    key: Key,
    bytes: u32,
    dir: &'a Directory<D>,
    slot: ReadSlot,
    /// Others that have it, should this one fail.
    others: Vec<&'a Directory<D>>,
}

impl<D: Disk + 'static> Store<D> {
    /// Serves from these directories. `lost` are told of in [`Self::notes`].
    pub(crate) fn new(dirs: Vec<Directory<D>>, lost: Vec<Lost>) -> io::Result<Self> {
        let dirs: Arc<[_]> = dirs.into();
        let watched = Arc::clone(&dirs);
        let (stop, stopped) = mpsc::channel();
        let watch = thread::Builder::new().name("chunks-watch".to_owned()).spawn(move || watch(&watched, &stopped))?;
        Ok(Self { dirs, lost, gets_absent: AtomicU64::new(0), watch: Mutex::new(Some((stop, watch))) })
    }

    pub(crate) fn dirs(&self) -> &[Directory<D>] {
        &self.dirs
    }

    /// For those who outlive a call.
    pub(crate) fn dirs_shared(&self) -> &Arc<[Directory<D>]> {
        &self.dirs
    }

    pub(super) fn lost(&self) -> &[Lost] {
        &self.lost
    }

    /// Stores a chunk; durable when this returns.
    pub(crate) async fn put(&self, asset: AssetId, chunk: VerifiedChunk) -> Result<Outcome, WriteError> {
        let put = Put { asset, chunk };
        let order = self.order(&put.key());
        let mut failure = None;
        let mut stalled = Vec::new();
        for (nth, dir) in order.iter().enumerate() {
            let mut writing = Box::pin(dir.write(Op::from(put.clone())));
            let elsewhere = order[nth + 1..].iter().any(|other| !other.is_slow());
            tokio::select! {
                outcome = &mut writing => match outcome {
                    Ok(outcome) => return Ok(outcome),
                    Err(error) => failure = Some(more_useful(failure, error)),
                },
                () = dir.stalls(), if elsewhere => {
                    dir.counters.puts_given_up.fetch_add(1, Relaxed);
                    stalled.push(writing);
                }
            }
        }
        // no other would have it: what waits for a stalled disk may still be stored
        for writing in stalled {
            match writing.await {
                Ok(outcome) => return Ok(outcome),
                Err(error) => failure = Some(more_useful(failure, error)),
            }
        }
        Err(failure.unwrap_or(WriteError::NoWrites(Refusal::Stopped)))
    }

    /// The directories in the order in which they are asked to store a chunk.
    fn order(&self, key: &Key) -> Vec<&Directory<D>> {
        let candidate = |dir: &Directory<D>| {
            let (standing, capacity_bytes) = dir.standing();
            let holds = standing != Standing::Slow && dir.reader().chunk_bytes(key).is_some();
            Candidate { dir: dir.id(), standing: if holds { Standing::Holds } else { standing }, capacity_bytes }
        };
        let candidates: Vec<_> = self.dirs.iter().map(candidate).collect();
        order(key, &candidates).into_iter().map(|at| &self.dirs[at]).collect()
    }

    #[cfg_attr(not(test), expect(dead_code, reason = "only the sweep deletes chunks (DESIGN §10)"))]
    /// Forgets a chunk and gives its blocks back, wherever it lies; durable when this returns.
    pub(crate) async fn delete(&self, asset: AssetId, hash: ChunkHash) -> Result<Outcome, WriteError> {
        let key = Key { hash, asset };
        let mut outcome = Ok(Outcome::Absent);
        // also where it is not yet: a PUT of it may be on its way
        let answers = join_all(self.dirs.iter().map(|dir| dir.write(Op::Delete(key)))).await;
        for answer in answers {
            match answer {
                Ok(Outcome::Deleted) if outcome.is_ok() => outcome = Ok(Outcome::Deleted),
                Ok(_) => {}
                Err(error) => outcome = Err(error),
            }
        }
        outcome
    }

    /// The directories that have a chunk: first those with a good copy that answer.
    pub(crate) fn holders(&self, key: &Key) -> Vec<&Directory<D>> {
        let mut holders: Vec<_> = self.dirs.iter().filter(|dir| dir.reader().chunk_bytes(key).is_some()).collect();
        if holders.len() > 1 {
            holders.sort_by_key(|dir| (dir.reader().is_listed_damaged(key), dir.is_slow()));
        }
        holders
    }

    /// Gets leave to read a chunk. [`GetError::Io`] when its disk is too busy or stalls.
    pub(super) async fn begin_read(&self, asset: AssetId, hash: ChunkHash) -> Result<Reading<'_, D>, GetError> {
        let key = Key { hash, asset };
        let mut holders = self.holders(&key).into_iter();
        let mut found = false;
        while let Some(dir) = holders.next() {
            let Some(bytes) = dir.reader().chunk_bytes(&key) else { continue };
            found = true;
            if let Ok(Some(slot)) = timeout(READ_WAIT, dir.read_slot()).await {
                return Ok(Reading { key, bytes, dir, slot, others: holders.collect() });
            }
        }
        if found {
            return Err(GetError::Io(io::Error::new(io::ErrorKind::TimedOut, "too many reads of it are under way")));
        }
        self.gets_absent.fetch_add(1, Relaxed);
        Err(GetError::NotFound)
    }

    /// The bytes of a chunk, as they were written. Whoever uses them checks their hash (INT-1).
    #[cfg(test)]
    pub(crate) async fn get(&self, asset: AssetId, hash: ChunkHash) -> Result<Bytes, GetError> {
        self.begin_read(asset, hash).await?.read().await
    }

    /// Reads a chunk from the device wherever it lies and checks everything; its length in bytes.
    pub(crate) async fn check(&self, asset: AssetId, hash: ChunkHash) -> Result<u32, GetError> {
        let key = Key { hash, asset };
        let mut outcome = Err(GetError::NotFound);
        for dir in self.holders(&key) {
            let busy = || GetError::Io(io::ErrorKind::TimedOut.into());
            let slot = timeout(READ_WAIT, dir.read_slot()).await.ok().flatten();
            outcome = match slot {
                Some(slot) => Ok(dir.check(slot, key).await?),
                None => return Err(busy()),
            };
        }
        outcome
    }

    /// Length of a chunk in bytes, if it is here.
    pub(crate) fn chunk_bytes(&self, asset: AssetId, hash: ChunkHash) -> Option<u32> {
        let key = Key { hash, asset };
        self.dirs.iter().find_map(|dir| dir.reader().chunk_bytes(&key))
    }

    /// Up to `max` keys after `after` whose hash begins with a number in `leading`, in order, each once.
    pub(crate) fn list(&self, leading: &RangeInclusive<u64>, after: Option<Key>, max: usize) -> Vec<Key> {
        let all: BTreeSet<_> = self.dirs.iter().flat_map(|dir| dir.reader().list(leading, after, max)).collect();
        all.into_iter().take(max).collect()
    }

    /// Up to `max` keys after `after` of chunks that were found damaged and not repaired since, in order, each once.
    pub(crate) fn damaged(&self, after: Option<Key>, max: usize) -> Vec<Key> {
        let all: BTreeSet<_> = self.dirs.iter().flat_map(|dir| dir.reader().damaged(after, max)).collect();
        all.into_iter().take(max).collect()
    }

    /// Figures of every directory.
    pub(crate) fn stats(&self) -> Vec<(DirId, Stats)> {
        self.dirs.iter().map(|dir| (dir.id(), dir.stats())).collect()
    }

    /// Bytes of all disks and how many of them are free. Directories on the same disk share it.
    pub(crate) fn space(&self) -> (u64, u64) {
        let mut disks = BTreeSet::new();
        let own = self.dirs.iter().filter(|dir| dir.device().is_none_or(|device| disks.insert(device)));
        own.filter_map(|dir| dir.stats().space)
            .fold((0, 0), |(total, free), space| (total + space.total, free + space.free))
    }

    /// Whether any directory is on the file system of `path`, as it is when that cannot be told.
    pub(crate) fn shares_disk(&self, path: &Path) -> bool {
        let device = fs::metadata(path).ok().map(|metadata| metadata.dev());
        self.dirs.iter().any(|dir| device.is_none() || dir.device().is_none() || dir.device() == device)
    }

    /// Directories of which an fsync failed, and why. That outlives the process.
    pub(crate) fn failed_fsyncs(&self) -> Vec<(DirId, String)> {
        let failed = |(dir, stats): (DirId, Stats)| match stats.refusal {
            Some(Refusal::FailedFsync(why)) => Some((dir, why)),
            _ => None,
        };
        self.stats().into_iter().filter_map(failed).collect()
    }

    /// Whether chunks can be stored, and what an operator should know in any case.
    pub(crate) fn ready(&self) -> Result<Vec<String>, Vec<String>> {
        let notes = self.notes();
        if self.stats().iter().any(|(_, stats)| stats.refusal.is_none()) { Ok(notes) } else { Err(notes) }
    }

    /// What an operator should know, a line each.
    pub(crate) fn notes(&self) -> Vec<String> {
        let lost = self.lost.iter().map(|lost| format!("{} is not in use: {}", lost.path.display(), lost.why));
        lost.chain(self.dirs.iter().flat_map(Directory::notes)).collect()
    }
}

impl<D: Disk> Store<D> {
    /// Takes no more changes, answers those it has, and seals the superblocks being written. Blocks until then.
    pub(crate) fn shutdown(&self) {
        thread::scope(|scope| {
            for dir in self.dirs.iter() {
                scope.spawn(|| dir.shutdown());
            }
        });
        let watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stop, watch)) = watch {
            drop(stop);
            let _ = watch.join();
        }
    }
}

/// Nobody may open the directories again while their writers are still at work.
impl<D: Disk> Drop for Store<D> {
    fn drop(&mut self) {
        self.shutdown();
    }
}

impl<D: Disk + 'static> Reading<'_, D> {
    /// Length of the chunk.
    pub(super) fn bytes(&self) -> u32 {
        self.bytes
    }

    /// The bytes, from wherever they can be had.
    pub(super) async fn read(self) -> Result<Bytes, GetError> {
        let mut outcome = self.dir.get(self.slot, self.key).await;
        for dir in self.others {
            if outcome.is_ok() {
                break;
            }
            if let Ok(Some(slot)) = timeout(READ_WAIT, dir.read_slot()).await {
                outcome = dir.get(slot, self.key).await;
            }
        }
        outcome
    }
}

/// Of two failures to store a chunk the one that tells its sender more.
fn more_useful(former: Option<WriteError>, latter: WriteError) -> WriteError {
    let use_of = |error: &WriteError| match error {
        WriteError::Full => 2,
        WriteError::Io(_) => 1,
        WriteError::NoWrites(_) => 0,
    };
    match former {
        Some(former) if use_of(&former) >= use_of(&latter) => former,
        _ => latter,
    }
}

/// Looks after the directories until it is told to stop. A disk that stalls is not asked anything.
fn watch<D: Disk + 'static>(dirs: &[Directory<D>], stopped: &mpsc::Receiver<()>) {
    let mut looks: u32 = 0;
    while stopped.recv_timeout(WATCH_INTERVAL) == Err(RecvTimeoutError::Timeout) {
        looks = looks.wrapping_add(1);
        for dir in dirs {
            dir.watch_stalls();
            if looks.is_multiple_of(REFRESH_EVERY) && !dir.is_slow() {
                dir.refresh();
            }
        }
    }
}
