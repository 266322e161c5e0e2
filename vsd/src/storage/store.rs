//! The node's chunks: its data directories as one.
//!
//! A chunk lies in one directory. Should a directory fail while it has the chunk, another may get it too: whoever reads
//! takes the copy that can be had, and whoever deletes deletes all.
//!
//! Invariants:
//! - A directory that is full, refuses, fails or stalls takes nothing from the others but its share of the space.
//! - A put that is answered is durable in some directory; one that is refused was refused by all of them.

use std::{
    collections::{BTreeMap, BTreeSet},
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
use tokio::{sync::Semaphore, time::timeout};
use vs_core::{
    hash::{ChunkHash, Hash},
    id::{AssetId, DirId},
};
use vsd_core::{
    storage::{
        Verified,
        pick::{Candidate, Standing, order},
    },
    superblock::{Disk, GetError, Key, Op, Outcome, Put, Refusal, Stats, VerifiedChunk, WriteError},
};

use super::{
    directory::{Directory, ReadSlot},
    disk::RealDisk,
    guard::{Guard, Watch},
    queue::{Swept, Unwanted},
};

/// How often stalls are looked for, and after how many looks the disks are asked how full they are.
const WATCH_INTERVAL: Duration = Duration::from_millis(250);
const REFRESH_EVERY: u32 = 4;
/// How long a read waits for its turn on a busy disk before it is sent elsewhere.
const READ_WAIT: Duration = Duration::from_secs(5);
/// Chunks that are read at a time for those who verify many.
const CHECKS_MAX: usize = 4;

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
    guard: Arc<Guard>,
    /// Checks that may read at the same time.
    checks: Semaphore,
    pub(super) gets_absent: AtomicU64,
    /// Each ends when its sender goes.
    watches: Mutex<Vec<(mpsc::Sender<()>, JoinHandle<()>)>>,
}

/// What came of copies that are not wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sweeping {
    pub(crate) dropped: u64,
    pub(crate) dropped_bytes: u64,
    /// Kept, because more was heard of their asset than they were decided by.
    pub(crate) void: u64,
    /// Kept, because their directory takes no writes or stalls.
    pub(crate) kept: u64,
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
        let watches = (0..dirs.len()).map(|at| {
            let (watched, (stop, stopped)) = (Arc::clone(&dirs), mpsc::channel());
            let watch = thread::Builder::new().name(format!("watch-{}", watched[at].id()));
            Ok((stop, watch.spawn(move || watch_over(&watched[at], &stopped))?))
        });
        let watches = Mutex::new(watches.collect::<io::Result<_>>()?);
        let (guard, checks) = (Arc::default(), Semaphore::new(CHECKS_MAX));
        Ok(Self { dirs, lost, guard, checks, gets_absent: AtomicU64::new(0), watches })
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
        let mut order = self.order(&put.key());
        order.retain(|dir| !dir.is_lost());
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
        let refusal = || self.stats().into_iter().find_map(|(_, stats)| stats.refusal).unwrap_or(Refusal::Stopped);
        Err(failure.unwrap_or_else(|| WriteError::NoWrites(refusal())))
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

    /// What is heard of assets that are added to it counts from then on.
    pub(crate) fn watch(&self) -> Watch {
        self.guard.watch()
    }

    /// Somebody who knows the state at this index stores or checks chunks of the asset. To be called before the PUT is
    /// made; before a check, [`Self::settle`] follows.
    pub(crate) fn hear(&self, asset: AssetId, index: u64) {
        self.guard.hear(asset, index);
    }

    /// Returns once no copy of the asset is being dropped by a decision that was taken in hand before this call; false
    /// when a disk takes too long.
    pub(crate) async fn settle(&self, asset: AssetId) -> bool {
        timeout(READ_WAIT, self.guard.settle(asset)).await.is_ok()
    }

    /// Deletes what is here of these, which were found unwanted by the state at an index, unless more was heard since:
    /// for good when this returns. What one directory does not let go stays there, and is counted.
    pub(crate) async fn drop_unwanted(&self, keys: &[Key], decided_at: u64) -> Sweeping {
        let copies = keys.iter().flat_map(|key| self.holders(key).into_iter().map(move |dir| (dir, *key)));
        let answers = join_all(copies.map(|(dir, key)| async move {
            let bytes = dir.reader().chunk_bytes(&key).unwrap_or(0);
            let unwanted = Unwanted { key, decided_at, guard: Arc::clone(&self.guard) };
            tokio::select! {
                swept = dir.sweep(unwanted) => (swept.ok(), bytes),
                // a drop that waits behind a stall is given up; one in hand goes on
                () = dir.stalls() => (None, bytes),
            }
        }));
        let mut sum = Sweeping::default();
        for (swept, bytes) in answers.await {
            match swept {
                Some(Swept::Dropped) => {
                    sum.dropped += 1;
                    sum.dropped_bytes += u64::from(bytes);
                }
                Some(Swept::Void) => sum.void += 1,
                Some(Swept::Absent) => {}
                None => sum.kept += 1,
            }
        }
        sum
    }

    /// The directories that have a chunk: first those with a good copy that answer.
    pub(crate) fn holders(&self, key: &Key) -> Vec<&Directory<D>> {
        let mut holders: Vec<_> = self.dirs.iter().filter(|dir| dir.reader().chunk_bytes(key).is_some()).collect();
        if holders.len() > 1 {
            holders.sort_by_key(|dir| (dir.is_lost(), dir.reader().is_listed_damaged(key), dir.is_slow()));
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

    /// How a chunk is, as far as that is known without reading it.
    pub(crate) fn state(&self, key: &Key) -> Verified {
        let holders = self.holders(key);
        let is_bad = |dir: &Directory<D>| dir.reader().is_listed_damaged(key) || dir.reader().is_doubted(key);
        let is_good = |dir: &&Directory<D>| !dir.is_lost() && !is_bad(dir);
        match holders.iter().any(is_good) {
            true => Verified::Stored,
            false if holders.is_empty() => Verified::Missing,
            false => Verified::Damaged,
        }
    }

    /// How a chunk is, by reading it from the device: one good copy is enough. Lets those who want to see it go first.
    pub(crate) async fn verify(&self, key: &Key) -> Verified {
        let mut found = Verified::default();
        for dir in self.holders(key) {
            if dir.is_lost() {
                found = found.and(Verified::Damaged);
                continue;
            }
            let Ok(_turn) = self.checks.acquire().await else { return Verified::Unreadable };
            dir.until_quiet().await;
            let slot = timeout(READ_WAIT, dir.read_slot()).await.ok().flatten();
            let Some(slot) = slot else {
                found = found.and(Verified::Unreadable);
                continue;
            };
            let checked = dir.check(slot, *key).await;
            found = found.and(Verified::of(&checked, dir.reader().is_doubted(key)));
            if found == Verified::Stored {
                break;
            }
        }
        found
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

    /// Another number whenever a directory comes, goes, is lost, takes no more writes, or was found damaged at its
    /// opening.
    pub(crate) fn dirs_mark(&self) -> u64 {
        let mut input = Vec::new();
        for (dir, stats) in self.stats() {
            input.extend(dir.0.to_be_bytes());
            input.extend(stats.quarantined_bytes.to_be_bytes());
            input.push(stats.refusal.is_some().into());
        }
        Hash::of(&input).leading_u64()
    }

    /// Bytes of all disks and how many of them can be had. Directories on the same disk share it; of one that takes no
    /// writes nothing can.
    pub(crate) fn space(&self) -> (u64, u64) {
        let mut disks = BTreeSet::new();
        let own = self.dirs.iter().filter(|dir| dir.device().is_none_or(|device| disks.insert(device)));
        let usable = own.filter_map(|dir| dir.condition().usable());
        usable.fold((0, 0), |(total, free), usable| (total + usable.total, free + usable.free))
    }

    /// How many more bytes of chunks are taken; none when a disk does not say. Directories on the same disk share it.
    pub(crate) fn room_bytes(&self) -> Option<u64> {
        let mut disks = BTreeMap::new();
        for dir in self.dirs.iter() {
            let disk = disks.entry(dir.device().ok_or(dir.id())).or_insert(0);
            *disk = dir.room_bytes()?.max(*disk);
        }
        Some(disks.values().sum())
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
        let watches = std::mem::take(&mut *self.watches.lock().unwrap_or_else(PoisonError::into_inner));
        let (stops, watches): (Vec<_>, Vec<_>) = watches.into_iter().unzip();
        drop(stops);
        watches.into_iter().for_each(|watch| drop(watch.join()));
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

/// Looks after a directory until it is told to stop. A disk that stalls is not asked anything.
fn watch_over<D: Disk + 'static>(dir: &Directory<D>, stopped: &mpsc::Receiver<()>) {
    let mut looks: u32 = 0;
    while stopped.recv_timeout(WATCH_INTERVAL) == Err(RecvTimeoutError::Timeout) {
        looks = looks.wrapping_add(1);
        dir.watch_stalls();
        if looks.is_multiple_of(REFRESH_EVERY) && !dir.is_slow() {
            dir.refresh();
        }
    }
}
