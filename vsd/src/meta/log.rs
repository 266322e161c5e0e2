//! The Raft log, the vote and the purge mark, in `raft/`.
//!
//! Invariants:
//! - Votes and entries reach the database in the order in which they were given, and are durable in that order: there
//!   is one write-ahead log, and nothing is reported before a sync that began after it was written.
//! - Whatever waits when a sync begins shares it. Syncs run on a thread of their own, never on one that serves tasks.
//! - A sync that failed is not repeated: from then on this log takes nothing more (DSK-1).
//! - What is purged was applied, or replaced by a snapshot, and flushed in the state first.
//!
//! | key | value |
//! |---|---|
//! | `01` | vote |
//! | `02` | id of the last entry purged |
//! | `10`, index u64 big-endian | entry |

use std::{
    fmt::Debug,
    io,
    ops::{Bound, RangeBounds},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};

use openraft::{
    CommittedLeaderId, ErrorSubject, ErrorVerb, LogState, OptionalSend, RaftLogReader,
    storage::{LogFlushed, RaftLogStorage},
};
use rocksdb::{DB, Direction, IteratorMode, ReadOptions, WriteBatch};
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;
use vs_core::codec;

use super::{
    database::{self, OpenError},
    state::{NotInstalled, StateStore},
    types::{LogEntry, LogId, StorageError, TypeConfig, Vote, broken},
};

const VOTE: &[u8] = &[0x01];
const PURGED: &[u8] = &[0x02];
const ENTRY: u8 = 0x10;
const AFTER_ENTRIES: &[u8] = &[ENTRY + 1];

/// Most bytes of entries handed to a follower at once, unless one entry alone is longer: what is behind them, heartbeats
/// too, waits for them on a slow link.
const REPLICATION_BYTES_MAX: usize = 256 << 10;

/// The log store. Clones share one database.
#[derive(Clone)]
pub(super) struct RaftLog(Arc<Shared>);

struct Shared {
    db: Arc<DB>,
    path: PathBuf,
    state: StateStore,
    syncer: Syncer,
    /// Bytes of entries written since the process started.
    written: AtomicU64,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum LogError {
    #[error(transparent)]
    Database(#[from] rocksdb::Error),
    #[error("entry {0} cannot be read: {1}")]
    Entry(u64, codec::DecodeError),
    #[error("{0}")]
    Mark(codec::DecodeError),
    #[error("a sync failed before; nothing more is written")]
    Poisoned,
    #[error("{0}")]
    Sync(io::Error),
    #[error("the state could not be flushed: {0}")]
    State(rocksdb::Error),
    #[error(transparent)]
    Install(NotInstalled),
}

impl RaftLog {
    /// Opens the log and reads all of it: damage is found now rather than when a follower asks.
    pub(super) fn open(path: &Path, state: StateStore) -> Result<Self, OpenError> {
        let db = Arc::new(database::open(path)?);
        let syncer = Syncer::start(db.clone()).map_err(OpenError::io(path))?;
        let written = AtomicU64::new(0);
        let log = Self(Arc::new(Shared { db, path: path.to_owned(), state, syncer, written }));
        check(&log.0.db).map_err(|why| OpenError::damaged(path, why))?;
        Ok(log)
    }

    #[cfg(test)]
    pub(super) fn poison(&self) {
        self.0.syncer.poison();
    }

    pub(super) fn path(&self) -> &Path {
        &self.0.path
    }

    /// Bytes of entries written since the process started.
    pub(super) fn written_bytes(&self) -> u64 {
        self.0.written.load(Ordering::Relaxed)
    }

    pub(super) fn purged(&self) -> Result<Option<LogId>, LogError> {
        get(&self.0.db, PURGED)
    }

    /// The last entry, or when there is none the last one purged.
    pub(super) fn last(&self) -> Result<Option<LogId>, LogError> {
        last(&self.0.db)
    }

    /// The entries of a range, as many as fit into `bytes_max` but at least one.
    fn entries(&self, range: impl RangeBounds<u64>, bytes_max: usize) -> Result<Vec<LogEntry>, LogError> {
        let from = match range.start_bound() {
            Bound::Included(&from) => from,
            Bound::Excluded(&before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let (mut entries, mut total) = (Vec::new(), 0);
        for item in self.0.db.iterator_opt(IteratorMode::From(&key(from), Direction::Forward), entries_only()) {
            let (key, bytes) = item?;
            let entry = decode_entry(&key, &bytes)?;
            total += bytes.len();
            if !range.contains(&entry.log_id.index) || (total > bytes_max && !entries.is_empty()) {
                break;
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    /// Writes, so that it can be read but is not durable before the next sync.
    fn write(&self, batch: WriteBatch) -> Result<(), LogError> {
        if self.0.syncer.is_poisoned() {
            return Err(LogError::Poisoned);
        }
        self.0.db.write(batch).inspect_err(|_| self.0.syncer.poison())?;
        Ok(())
    }

    async fn write_synced(&self, batch: WriteBatch) -> Result<(), LogError> {
        self.write(batch)?;
        let (done, synced) = oneshot::channel();
        self.0.syncer.enqueue(Waiter::Task(done));
        synced.await.map_err(|_| LogError::Poisoned)?.map_err(LogError::Sync)
    }
}

/// A log that nobody writes to.
#[derive(Debug)]
pub(super) struct StillLog {
    db: DB,
    pub(super) entries: u64,
    pub(super) purged: Option<LogId>,
    pub(super) last: Option<LogId>,
    pub(super) vote: Vote,
}

impl StillLog {
    /// Reads all of a log and changes nothing.
    pub(super) fn read(path: &Path) -> Result<Self, OpenError> {
        let damaged = |error: LogError| OpenError::damaged(path, error);
        let db = database::open_read_only(path)?;
        let entries = check(&db).map_err(|why| OpenError::damaged(path, why))?;
        let (purged, last) = (get(&db, PURGED).map_err(damaged)?, last(&db).map_err(damaged)?);
        let vote = get(&db, VOTE).map_err(damaged)?.unwrap_or_default();
        Ok(Self { db, entries, purged, last, vote })
    }

    /// The entries after this one, in order.
    pub(super) fn after(&self, id: Option<LogId>) -> impl Iterator<Item = Result<LogEntry, LogError>> + '_ {
        self.iterate(id.map_or(0, |id| id.index.saturating_add(1)), Direction::Forward)
    }

    /// The entries, the last one first.
    pub(super) fn backwards(&self) -> impl Iterator<Item = Result<LogEntry, LogError>> + '_ {
        self.iterate(u64::MAX, Direction::Reverse)
    }

    fn iterate(&self, from: u64, direction: Direction) -> impl Iterator<Item = Result<LogEntry, LogError>> + '_ {
        let items = self.db.iterator_opt(IteratorMode::From(&key(from), direction), entries_only());
        items.map(|item| {
            let (key, bytes) = item?;
            decode_entry(&key, &bytes)
        })
    }
}

/// Keeps a vote in a log that nobody else writes to; it is made when it is not there.
pub(super) fn raise_vote(path: &Path, vote: Vote) -> Result<(), OpenError> {
    let db = database::open(path)?;
    let written = db.put(VOTE, codec::encode(&vote)).and_then(|()| db.flush_wal(true));
    written.map_err(|error| OpenError::damaged(path, error))
}

/// Reads every entry and refuses a gap. Returns how many there are.
fn check(db: &DB) -> Result<u64, String> {
    get::<Vote>(db, VOTE).map_err(|error| error.to_string())?;
    let purged: Option<LogId> = get(db, PURGED).map_err(|error| error.to_string())?;
    let first = purged.map_or(0, |id| id.index + 1);
    let mut count = 0;
    for (expected, item) in
        (first..).zip(db.iterator_opt(IteratorMode::From(&key(0), Direction::Forward), entries_only()))
    {
        let (_, bytes) = item.map_err(|error| error.to_string())?;
        let entry: LogEntry = codec::decode(&bytes).map_err(|why| format!("entry {expected}: {why}"))?;
        if entry.log_id.index != expected {
            return Err(format!("entry {expected} is missing, {} follows", entry.log_id.index));
        }
        count += 1;
    }
    Ok(count)
}

/// The last entry, or when there is none the last one purged.
fn last(db: &DB) -> Result<Option<LogId>, LogError> {
    let last = db.iterator_opt(IteratorMode::From(AFTER_ENTRIES, Direction::Reverse), entries_only()).next();
    match last.transpose()? {
        Some((key, bytes)) => Ok(Some(decode_entry(&key, &bytes)?.log_id)),
        None => get(db, PURGED),
    }
}

fn get<T: DeserializeOwned>(db: &DB, key: &[u8]) -> Result<Option<T>, LogError> {
    let bytes = db.get(key)?;
    bytes.map(|bytes| codec::decode(&bytes)).transpose().map_err(LogError::Mark)
}

/// Syncs the log for everybody who waits.
struct Syncer {
    waiting: Option<mpsc::Sender<Waiter>>,
    poisoned: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Who is told that what was written before is durable.
enum Waiter {
    Raft(LogFlushed<TypeConfig>),
    Task(oneshot::Sender<io::Result<()>>),
}

impl Waiter {
    fn tell(self, result: io::Result<()>) {
        match self {
            Self::Raft(callback) => callback.log_io_completed(result),
            // whoever stopped waiting needs no answer
            Self::Task(done) => drop(done.send(result)),
        }
    }
}

impl Syncer {
    fn start(db: Arc<DB>) -> io::Result<Self> {
        let (waiting, waiters) = mpsc::channel();
        let poisoned = Arc::new(AtomicBool::new(false));
        let poison = poisoned.clone();
        let thread =
            std::thread::Builder::new().name("raft-sync".to_owned()).spawn(move || serve(&db, &waiters, &poison))?;
        Ok(Self { waiting: Some(waiting), poisoned, thread: Some(thread) })
    }

    /// The caller has written what it waits for.
    fn enqueue(&self, waiter: Waiter) {
        let unserved = match &self.waiting {
            Some(waiting) => waiting.send(waiter).err().map(|mpsc::SendError(waiter)| waiter),
            None => Some(waiter),
        };
        if let Some(waiter) = unserved {
            waiter.tell(Err(io::Error::other("the log is closed")));
        }
    }

    fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::SeqCst)
    }

    fn poison(&self) {
        self.poisoned.store(true, Ordering::SeqCst);
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.waiting.take();
        if let Some(thread) = self.thread.take() {
            // it ends when nobody can wait any more; that it panicked was reported where it happened
            let _ = thread.join();
        }
    }
}

fn serve(db: &DB, waiters: &mpsc::Receiver<Waiter>, poisoned: &AtomicBool) {
    while let Ok(first) = waiters.recv() {
        let sharing: Vec<_> = std::iter::once(first).chain(waiters.try_iter()).collect();
        let failure = match poisoned.load(Ordering::SeqCst) {
            true => Some("a sync failed before".to_owned()),
            false => db.flush_wal(true).err().map(|error| error.to_string()),
        };
        if let Some(why) = &failure {
            poisoned.store(true, Ordering::SeqCst);
            tracing::error!(%why, "the metadata log cannot be synced: this node takes no more commands");
        }
        for waiter in sharing {
            waiter.tell(failure.as_ref().map_or(Ok(()), |why| Err(io::Error::other(why.clone()))));
        }
    }
}

fn key(index: u64) -> Vec<u8> {
    let mut key = vec![ENTRY];
    key.extend_from_slice(&index.to_be_bytes());
    key
}

fn entries_only() -> ReadOptions {
    let mut options = ReadOptions::default();
    options.set_iterate_lower_bound(vec![ENTRY]);
    options.set_iterate_upper_bound(AFTER_ENTRIES);
    options
}

fn decode_entry(key: &[u8], bytes: &[u8]) -> Result<LogEntry, LogError> {
    let index = key[1..].try_into().map(u64::from_be_bytes).unwrap_or_default();
    codec::decode(bytes).map_err(|why| LogError::Entry(index, why))
}

fn unreadable(error: LogError) -> StorageError {
    broken(ErrorSubject::Logs, ErrorVerb::Read, error)
}

fn unwritable(error: LogError) -> StorageError {
    broken(ErrorSubject::Logs, ErrorVerb::Write, error)
}

impl RaftLogReader<TypeConfig> for RaftLog {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<LogEntry>, StorageError> {
        self.entries(range, usize::MAX).map_err(unreadable)
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> Result<Vec<LogEntry>, StorageError> {
        self.entries(start..end, REPLICATION_BYTES_MAX).map_err(unreadable)
    }
}

impl RaftLogStorage<TypeConfig> for RaftLog {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<TypeConfig>, StorageError> {
        let last_purged_log_id = self.purged().map_err(unreadable)?;
        let last_log_id = self.last().map_err(unreadable)?;
        Ok(LogState { last_purged_log_id, last_log_id })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), StorageError> {
        let mut batch = WriteBatch::default();
        batch.put(VOTE, codec::encode(vote));
        let saved = self.write_synced(batch).await;
        saved.map_err(|error| broken(ErrorSubject::Vote, ErrorVerb::Write, error))
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, StorageError> {
        get(&self.0.db, VOTE).map_err(|error| broken(ErrorSubject::Vote, ErrorVerb::Read, error))
    }

    async fn append<I>(&mut self, entries: I, callback: LogFlushed<TypeConfig>) -> Result<(), StorageError>
    where
        I: IntoIterator<Item = LogEntry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut batch = WriteBatch::default();
        for entry in entries {
            let bytes = codec::encode(&entry);
            let (CommittedLeaderId { term, node_id: leader }, index) = (entry.log_id.leader_id, entry.log_id.index);
            tracing::trace!(target: "vsd::raft_trace", term, leader, index, crc = crc32c::crc32c(&bytes), "append");
            batch.put(key(index), bytes);
        }
        self.0.written.fetch_add(u64::try_from(batch.size_in_bytes()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.write(batch).map_err(unwritable)?;
        self.0.syncer.enqueue(Waiter::Raft(callback));
        Ok(())
    }

    async fn truncate(&mut self, log_id: LogId) -> Result<(), StorageError> {
        tracing::trace!(target: "vsd::raft_trace", from = log_id.index, "truncate");
        let mut batch = WriteBatch::default();
        batch.delete_range(key(log_id.index).as_slice(), AFTER_ENTRIES);
        self.write_synced(batch).await.map_err(unwritable)
    }

    /// openraft asks for this as soon as an install has begun. Were the log purged before the install is durable, a
    /// crash between the two would leave a node with neither.
    async fn purge(&mut self, log_id: LogId) -> Result<(), StorageError> {
        let state = self.0.state.clone();
        state.until_installed(log_id.index).await.map_err(|error| unwritable(LogError::Install(error)))?;
        let flushed = tokio::task::spawn_blocking(move || state.flush_up_to(log_id.index)).await;
        flushed
            .map_err(|error| broken(ErrorSubject::StateMachine, ErrorVerb::Write, error))?
            .map_err(|error| unwritable(LogError::State(error)))?;
        let CommittedLeaderId { term, node_id: leader } = log_id.leader_id;
        tracing::trace!(target: "vsd::raft_trace", term, leader, index = log_id.index, "purge");
        let mut batch = WriteBatch::default();
        batch.put(PURGED, codec::encode(&log_id));
        batch.delete_range(key(0).as_slice(), key(log_id.index.saturating_add(1)).as_slice());
        // a purge that a crash undoes is done again
        self.write(batch).map_err(unwritable)
    }
}
