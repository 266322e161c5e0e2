//! The state that the log leads to, in `state/`: one database for each generation, and the snapshots.
//!
//! Invariants:
//! - What an entry changes, the id of that entry and the membership are one batch: the state is always that after some
//!   entry.
//! - Batches are not synced one by one. What a crash of the machine takes is applied again from the log, and the log is
//!   purged only behind a flush.
//! - An installed snapshot becomes a new generation, durable as a whole before the pointer names it. Exactly one
//!   generation is current, whatever is interrupted.
//! - Whoever reads holds a snapshot of one generation: later entries and later generations do not show in it.
//!
//! | name in `state/` | content |
//! |---|---|
//! | `CURRENT` | [`Pointer`], replaced as a whole |
//! | `g1`, `g2` … | a database: the state machine's keys, and below |
//! | `snapshots/*.snapshot` | snapshots ([`super::archive`]) |
//!
//! | key | value |
//! |---|---|
//! | `00 01` | id of the last entry applied |
//! | `00 02` | last membership |
//! | `00 04` | wall time that the last entry names, u64 big-endian |
//! | `00 03` | the chain: SHA-256 over the chain before an entry, the entry's index and what it changed |

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use openraft::{EntryPayload, ErrorSubject, ErrorVerb, OptionalSend, RaftSnapshotBuilder, storage::RaftStateMachine};
use rocksdb::{DB, Direction, IteratorMode, ReadOptions, WriteBatch, WriteOptions};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::sync::watch;
use vs_core::{codec, hash::Hasher};
use vsd_core::meta::{Command, Pair, Response, TableError, Tables, Txn, View, apply};

use super::{
    database::{self, OpenError, sync_dir},
    snapshots::{SnapshotError, Snapshots},
    types::{LogEntry, LogId, Membership, Snapshot, SnapshotMeta, StorageError, TypeConfig, broken},
};

const APPLIED: &[u8] = &[0x00, 0x01];
const MEMBERSHIP: &[u8] = &[0x00, 0x02];
const CHAIN: &[u8] = &[0x00, 0x03];
const WALL: &[u8] = &[0x00, 0x04];
/// States kept as they were right after a marked entry.
const MARKS_MAX: usize = 4;
const POINTER: &str = "CURRENT";
/// Where the state is copied to before it is packed.
pub(super) const CHECKPOINT: &str = "checkpoint";

/// Entries applied in one batch: what a restart has to apply at once must not all be in memory at once.
pub(super) const BATCH_ENTRIES: usize = 256;

/// Names the current generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pointer {
    pub(super) generation: u64,
    /// What it was installed from; none for the first one.
    pub(super) snapshot: Option<LogId>,
}

/// One database of the state.
pub(super) struct Generation {
    // closed before its folder is removed
    db: DB,
    folder: Folder,
}

/// Removed when the last reader lets go of a generation that was replaced.
struct Folder {
    path: PathBuf,
    retired: AtomicBool,
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.retired.load(Ordering::SeqCst) {
            // what is left is removed at the next start
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// The state machine store. Clones share it.
#[derive(Clone)]
pub(super) struct StateStore(Arc<Shared>);

struct Shared {
    root: PathBuf,
    current: RwLock<Arc<Generation>>,
    pointer: Mutex<Pointer>,
    snapshots: Snapshots,
    applied: watch::Sender<u64>,
    /// A snapshot has begun to arrive, and was not installed yet.
    receives: AtomicBool,
    /// Up to which entry everything is durable.
    flushed: AtomicU64,
    /// An install or an entry has failed: the state stays as it is.
    broken: watch::Sender<bool>,
    /// At which step an install is to stop as if the process had died there.
    #[cfg(test)]
    dies_at: std::sync::atomic::AtomicU32,
    /// The state right after marked entries, the last few of them.
    marked: Mutex<VecDeque<(u64, StateRead)>>,
}

/// The state will not get there.
#[derive(Debug, thiserror::Error)]
#[error("the snapshot was not installed")]
pub(super) struct NotInstalled;

#[derive(Debug, thiserror::Error)]
pub(super) enum StateError {
    #[error(transparent)]
    Database(#[from] rocksdb::Error),
    #[error(transparent)]
    Tables(#[from] TableError),
    #[error("the mark at {0:02x?} is damaged: {1}")]
    Mark(&'static [u8], codec::DecodeError),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error("{0}")]
    Open(String),
    #[error("the snapshot holds the state after {held:?}, not after {named:?}")]
    OtherSnapshot { held: Option<LogId>, named: Option<LogId> },
}

impl StateStore {
    pub(super) fn open(root: &Path) -> Result<Self, OpenError> {
        fs::create_dir_all(root).map_err(OpenError::io(root))?;
        let pointer = match read_pointer(root)? {
            Some(pointer) => pointer,
            None => {
                let first = Pointer { generation: 1, snapshot: None };
                write_pointer(root, &first).map_err(OpenError::io(root))?;
                first
            }
        };
        remove_others(root, pointer.generation).map_err(OpenError::io(root))?;
        let generation = open_generation(root, pointer.generation)?;
        let applied = generation.applied().map_err(|why| OpenError::damaged(root, why))?;
        let snapshots = Snapshots::open(&root.join("snapshots"), pointer.snapshot, applied)?;
        sync_dir(root).map_err(OpenError::io(root))?;
        Ok(Self(Arc::new(Shared {
            root: root.to_owned(),
            current: RwLock::new(Arc::new(generation)),
            pointer: Mutex::new(pointer),
            snapshots,
            applied: watch::Sender::new(applied.map_or(0, |id| id.index)),
            receives: AtomicBool::new(false),
            flushed: AtomicU64::new(0),
            broken: watch::Sender::new(false),
            #[cfg(test)]
            dies_at: u32::MAX.into(),
            marked: Mutex::default(),
        })))
    }

    pub(super) fn generation(&self) -> Arc<Generation> {
        self.0.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The state as it is now.
    pub(super) fn read(&self) -> StateRead {
        StateRead(Frozen::new(self.generation(), |generation| SnapshotTables(generation.db.snapshot())))
    }

    pub(super) fn applied(&self) -> Result<Option<LogId>, StateError> {
        self.generation().applied()
    }

    /// The last entry of the snapshot that the current generation was installed from.
    pub(super) fn installed(&self) -> Option<LogId> {
        self.0.pointer.lock().unwrap_or_else(PoisonError::into_inner).snapshot
    }

    /// Returns once a snapshot that is being taken in holds what the log says up to `index`; at once when there is none.
    pub(super) async fn until_installed(&self, index: u64) -> Result<(), NotInstalled> {
        if !self.0.receives.load(Ordering::SeqCst) {
            return Ok(());
        }
        let mut applied = self.0.applied.subscribe();
        let mut broken = self.0.broken.subscribe();
        tokio::select! {
            _ = applied.wait_for(|applied| *applied >= index) => Ok(()),
            _ = broken.wait_for(|broken| *broken) => Err(NotInstalled),
        }
    }

    pub(super) fn watch_applied(&self) -> watch::Receiver<u64> {
        self.0.applied.subscribe()
    }

    /// How long ago the last entry was proposed, by this machine's clock: a leader proposes one every two seconds.
    pub(super) fn applied_ago(&self) -> Duration {
        let wall = self.generation().db.get(WALL).ok().flatten().and_then(|bytes| bytes.try_into().ok());
        let now_ms = crate::run::wall_ms();
        Duration::from_millis(wall.map_or(now_ms, |wall| now_ms.saturating_sub(u64::from_be_bytes(wall))))
    }

    /// The state as it was right after the marked entry at `index`.
    pub(super) fn marked(&self, index: u64) -> Option<StateRead> {
        let mut marked = self.0.marked.lock().unwrap_or_else(PoisonError::into_inner);
        let at = marked.iter().position(|(at, _)| *at == index)?;
        marked.remove(at).map(|(_, state)| state)
    }

    fn mark(&self, index: u64) {
        let state = self.read();
        let mut marked = self.0.marked.lock().unwrap_or_else(PoisonError::into_inner);
        marked.push_back((index, state));
        while marked.len() > MARKS_MAX {
            marked.pop_front();
        }
    }

    /// Bytes of the current snapshot; 0 when there is none.
    pub(super) fn snapshot_bytes(&self) -> u64 {
        let current = self.0.snapshots.current().ok().flatten();
        current.and_then(|(_, file)| file.metadata().ok()).map_or(0, |meta| meta.len())
    }

    /// Makes everything applied so far durable.
    pub(super) fn flush(&self) -> Result<(), rocksdb::Error> {
        self.generation().flush()
    }

    /// Makes everything up to `index` durable, which a snapshot has mostly done before.
    pub(super) fn flush_up_to(&self, index: u64) -> Result<(), rocksdb::Error> {
        if self.0.flushed.load(Ordering::SeqCst) >= index { Ok(()) } else { self.flush() }
    }

    /// Applies entries in order and answers each.
    fn apply_batch(&self, entries: &[LogEntry]) -> Result<Vec<Response>, StateError> {
        let answers = self.generation().apply(entries)?;
        if let Some(last) = entries.last() {
            if is_mark(last) {
                self.mark(last.log_id.index);
            }
            self.announce(last.log_id);
        }
        Ok(answers)
    }

    fn announce(&self, applied: LogId) {
        self.0.applied.send_replace(applied.index);
    }

    /// Makes the content of a snapshot the state. Stopped anywhere, it leaves the old state or the new one.
    fn install(&self, meta: &SnapshotMeta, received: &mut File) -> Result<(), StateError> {
        let (root, shared) = (&self.0.root, &self.0);
        let kept = shared.snapshots.keep(received)?;
        self.step(0)?;
        let next = shared.pointer.lock().unwrap_or_else(PoisonError::into_inner).generation + 1;
        let folder = generation_folder(root, next);
        remove_if_there(&folder)?;
        kept.unpack(&folder)?;
        self.step(1)?;
        let generation = open_generation(root, next).map_err(|error| StateError::Open(error.to_string()))?;
        let held = generation.applied()?;
        if held != meta.last_log_id {
            return Err(StateError::OtherSnapshot { held, named: meta.last_log_id });
        }
        generation.db.flush()?;
        sync_dir(root)?;
        self.step(2)?;
        shared.snapshots.adopt(kept, meta)?;
        self.step(3)?;

        let pointer = Pointer { generation: next, snapshot: held };
        write_pointer(root, &pointer)?;
        self.step(4)?;
        *shared.pointer.lock().unwrap_or_else(PoisonError::into_inner) = pointer;
        let mut current = shared.current.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *current, Arc::new(generation));
        drop(current);
        old.folder.retired.store(true, Ordering::SeqCst);
        if let Some(applied) = held {
            trace("install", applied, &self.generation().chain()?);
            self.announce(applied);
        }
        self.step(5)
    }

    /// In tests, the place to die at.
    #[cfg_attr(not(test), allow(unused, clippy::unused_self, clippy::unnecessary_wraps, reason = "tests die here"))]
    fn step(&self, no: u32) -> Result<(), StateError> {
        #[cfg(test)]
        if self.0.dies_at.load(Ordering::SeqCst) == no {
            return Err(StateError::Io(io::Error::other("the process died here")));
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn die_at(&self, step: u32) {
        self.0.dies_at.store(step, Ordering::SeqCst);
    }

    fn build(&self) -> Result<Snapshot, StateError> {
        let checkpoint = self.0.root.join(CHECKPOINT);
        let generation = self.generation();
        generation.copy_to(&checkpoint)?;
        let meta = meta_of(&checkpoint)?;
        let stored = self.0.snapshots.store(&meta, &checkpoint);
        fs::remove_dir_all(&checkpoint)?;
        stored?;
        // a checkpoint flushes what it is made of; that counts if it still is what is current
        if Arc::ptr_eq(&generation, &self.generation()) {
            self.0.flushed.fetch_max(meta.last_log_id.map_or(0, |id| id.index), Ordering::SeqCst);
        }
        let (meta, file) = self.0.snapshots.current()?.ok_or(SnapshotError::Gone)?;
        Ok(Snapshot { meta, snapshot: Box::new(tokio::fs::File::from_std(file)) })
    }
}

/// What the proposer's clock said.
fn wall_ms(entry: &LogEntry) -> Option<u64> {
    match &entry.payload {
        EntryPayload::Normal(command) => Some(command.wall_ms),
        EntryPayload::Membership(_) | EntryPayload::Blank => None,
    }
}

fn is_mark(entry: &LogEntry) -> bool {
    matches!(&entry.payload, EntryPayload::Normal(command) if command.command == Command::Mark)
}

/// The chain after an entry: equal on two replicas only if everything that any entry changed was equal.
fn link(chain: [u8; 32], index: u64, writes: &BTreeMap<Vec<u8>, Option<Vec<u8>>>) -> [u8; 32] {
    let mut hasher = Hasher::default();
    hasher.update(&chain);
    hasher.update(&index.to_le_bytes());
    for (key, value) in writes {
        hasher.update(&codec::encode(&(serde_bytes::Bytes::new(key), value.as_deref().map(serde_bytes::Bytes::new))));
    }
    hasher.finish().0
}

/// Tells whoever holds the promises of Raft against what happens.
fn trace(what: &'static str, id: LogId, chain: &[u8; 32]) {
    if tracing::enabled!(target: "vsd::raft_trace", tracing::Level::TRACE) {
        let chain: String = chain.iter().map(|byte| format!("{byte:02x}")).collect();
        let (term, leader) = (id.leader_id.term, id.leader_id.node_id);
        tracing::trace!(target: "vsd::raft_trace", term, leader, index = id.index, chain, "{what}");
    }
}

/// What a checkpoint holds the state after. Entries may have been applied while it was asked for.
pub(super) fn meta_of(checkpoint: &Path) -> Result<SnapshotMeta, StateError> {
    let db = DB::open_for_read_only(&database::options(), checkpoint, false)?;
    let last_log_id: Option<LogId> = mark(&db, APPLIED)?;
    let last_membership = mark(&db, MEMBERSHIP)?.unwrap_or_default();
    let index = last_log_id.map_or(0, |id| id.index);
    // two snapshots after the same entry can differ in bytes, so that a transfer begun with one must not go on with the
    // other
    let snapshot_id = format!("{index:020}-{:08x}", rand::random::<u32>());
    Ok(SnapshotMeta { last_log_id, last_membership, snapshot_id })
}

fn mark<T: DeserializeOwned>(db: &DB, key: &'static [u8]) -> Result<Option<T>, StateError> {
    let bytes = db.get(key)?;
    bytes.map(|bytes| codec::decode(&bytes)).transpose().map_err(|why| StateError::Mark(key, why))
}

impl Generation {
    /// Opens the database in this folder; it is made when it is not there.
    pub(super) fn open(path: PathBuf) -> Result<Self, OpenError> {
        let db = database::open(&path)?;
        Ok(Self { db, folder: Folder { path, retired: false.into() } })
    }

    /// Copies it, as it is now, to a folder on the same file system. A copy that was there is replaced.
    pub(super) fn copy_to(&self, folder: &Path) -> Result<(), StateError> {
        remove_if_there(folder)?;
        Ok(rocksdb::checkpoint::Checkpoint::new(&self.db)?.create_checkpoint(folder)?)
    }

    /// Applies entries in order, as one batch, and answers each.
    pub(super) fn apply(&self, entries: &[LogEntry]) -> Result<Vec<Response>, StateError> {
        let tables = DbTables(&self.db);
        let mut txn = Txn::over(&tables);
        let mut answers = Vec::with_capacity(entries.len());
        let mut membership = None;
        let mut chain = self.chain()?;
        for entry in entries {
            answers.push(match &entry.payload {
                EntryPayload::Normal(command) => {
                    let mut over = Txn::over(&txn);
                    let answer = apply(&mut over, entry.log_id.index, command)?;
                    let writes = over.into_writes();
                    chain = link(chain, entry.log_id.index, &writes);
                    txn.absorb(writes);
                    answer
                }
                EntryPayload::Membership(changed) => {
                    membership = Some(Membership::new(Some(entry.log_id), changed.clone()));
                    Response::Done
                }
                EntryPayload::Blank => Response::Done,
            });
            trace("apply", entry.log_id, &chain);
        }
        if let Some(last) = entries.last() {
            let mut writes = txn.into_writes();
            if let Some(wall_ms) = entries.iter().rev().find_map(wall_ms) {
                writes.insert(WALL.to_vec(), Some(wall_ms.to_be_bytes().to_vec()));
            }
            self.write(writes, membership.as_ref(), last.log_id, chain)?;
        }
        Ok(answers)
    }

    /// Makes the state that `change` leads to, with the members that it names, durable as that after an entry with the id
    /// that it names.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut Txn<'_>) -> Result<(LogId, Membership, T), TableError>,
    ) -> Result<T, StateError> {
        let tables = DbTables(&self.db);
        let mut txn = Txn::over(&tables);
        let (at, members, changed) = change(&mut txn)?;
        let writes = txn.into_writes();
        let chain = link(self.chain()?, at.index, &writes);
        self.write(writes, Some(&members), at, chain)?;
        self.flush()?;
        Ok(changed)
    }

    fn write(
        &self,
        writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
        members: Option<&Membership>,
        applied: LogId,
        chain: [u8; 32],
    ) -> Result<(), StateError> {
        let mut batch = WriteBatch::default();
        for (key, value) in writes {
            match value {
                Some(value) => batch.put(key, value),
                None => batch.delete(key),
            }
        }
        if let Some(members) = members {
            batch.put(MEMBERSHIP, codec::encode(members));
        }
        batch.put(APPLIED, codec::encode(&applied));
        batch.put(CHAIN, chain);
        Ok(self.db.write_opt(batch, &WriteOptions::default())?)
    }

    /// Makes everything applied so far durable.
    pub(super) fn flush(&self) -> Result<(), rocksdb::Error> {
        self.db.flush()
    }

    pub(super) fn tables(&self) -> impl Tables + '_ {
        DbTables(&self.db)
    }

    pub(super) fn applied(&self) -> Result<Option<LogId>, StateError> {
        mark(&self.db, APPLIED)
    }

    fn chain(&self) -> Result<[u8; 32], rocksdb::Error> {
        let bytes = self.db.get(CHAIN)?;
        // what an earlier release applied is not in it
        Ok(bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or_default())
    }

    fn membership(&self) -> Result<Membership, StateError> {
        Ok(mark(&self.db, MEMBERSHIP)?.unwrap_or_default())
    }
}

pub(super) fn generation_folder(root: &Path, generation: u64) -> PathBuf {
    root.join(format!("g{generation}"))
}

pub(super) fn open_generation(root: &Path, generation: u64) -> Result<Generation, OpenError> {
    Generation::open(generation_folder(root, generation))
}

/// The state of a node that does not run, as its daemon left it. Looking at it changes nothing.
pub(super) struct StillState {
    db: DB,
    pub(super) applied: Option<LogId>,
    pub(super) members: Membership,
    /// The last entry of the snapshot that it was installed from.
    pub(super) installed: Option<LogId>,
}

impl StillState {
    /// None when there never was any.
    pub(super) fn open(root: &Path) -> Result<Option<Self>, OpenError> {
        let Some(pointer) = read_pointer(root)? else { return Ok(None) };
        let path = generation_folder(root, pointer.generation);
        let damaged = |why: StateError| OpenError::damaged(&path, why);
        let db = database::open_read_only(&path)?;
        let applied = mark(&db, APPLIED).map_err(damaged)?;
        let members = mark(&db, MEMBERSHIP).map_err(damaged)?.unwrap_or_default();
        Ok(Some(Self { db, applied, members, installed: pointer.snapshot }))
    }

    pub(super) fn tables(&self) -> impl Tables + '_ {
        DbTables(&self.db)
    }
}

pub(super) fn read_pointer(root: &Path) -> Result<Option<Pointer>, OpenError> {
    let path = root.join(POINTER);
    match fs::read(&path) {
        Ok(bytes) => codec::decode(&bytes).map(Some).map_err(|why| OpenError::damaged(&path, why)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(OpenError::io(root)(error)),
    }
}

/// Removes what an interrupted install or snapshot left behind.
fn remove_others(root: &Path, generation: u64) -> io::Result<()> {
    let current = generation_folder(root, generation);
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_generation = name.strip_prefix('g').is_some_and(|number| number.parse::<u64>().is_ok());
        if (is_generation && path != current) || name == CHECKPOINT {
            fs::remove_dir_all(&path)?;
        }
    }
    Ok(())
}

pub(super) fn remove_if_there(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

pub(super) fn write_pointer(root: &Path, pointer: &Pointer) -> io::Result<()> {
    let new = root.join("CURRENT.new");
    let mut file = File::create(&new)?;
    file.write_all(&codec::encode(pointer))?;
    file.sync_all()?;
    fs::rename(&new, root.join(POINTER))?;
    sync_dir(root)
}

/// The database as the state machine writes to it.
struct DbTables<'a>(&'a DB);

impl Tables for DbTables<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, TableError> {
        self.0.get(key).map_err(unread)
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, TableError> {
        scan(|options| self.0.iterator_opt(IteratorMode::From(from, Direction::Forward), options), to, limit)
    }
}

/// The database as it was at one moment.
struct SnapshotTables<'a>(rocksdb::Snapshot<'a>);

impl Tables for SnapshotTables<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, TableError> {
        self.0.get(key).map_err(unread)
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, TableError> {
        scan(|options| self.0.iterator_opt(IteratorMode::From(from, Direction::Forward), options), to, limit)
    }
}

fn scan<I>(iterator: impl FnOnce(ReadOptions) -> I, to: &[u8], limit: usize) -> Result<Vec<Pair>, TableError>
where
    I: Iterator<Item = Result<(Box<[u8]>, Box<[u8]>), rocksdb::Error>>,
{
    let mut options = ReadOptions::default();
    options.set_iterate_upper_bound(to);
    let pairs = iterator(options).take(limit);
    pairs.map(|pair| pair.map(|(key, value)| (key.into(), value.into())).map_err(unread)).collect()
}

fn unread(error: rocksdb::Error) -> TableError {
    TableError::Read(error.to_string())
}

self_cell::self_cell!(
    struct Frozen {
        owner: Arc<Generation>,
        #[covariant]
        dependent: SnapshotTables,
    }
);

/// The state at one moment. It may be kept for a while; what it shows does not change.
pub(crate) struct StateRead(Frozen);

impl StateRead {
    pub(crate) fn view(&self) -> View<'_> {
        View::new(self.tables())
    }

    pub(super) fn tables(&self) -> &dyn Tables {
        self.0.borrow_dependent()
    }

    /// The index of the last entry that shows in it.
    pub(crate) fn applied(&self) -> Result<u64, TableError> {
        let kept = self.tables().get(APPLIED)?;
        let id = kept.map(|bytes| codec::decode::<Option<LogId>>(&bytes)).transpose();
        let id = id.map_err(|why| TableError::Damaged { key: "applied".to_owned(), why })?;
        Ok(id.flatten().map_or(0, |id| id.index))
    }

    /// The chain over what every entry changed.
    pub(super) fn chain(&self) -> Result<[u8; 32], TableError> {
        Ok(self.tables().get(CHAIN)?.and_then(|bytes| bytes.try_into().ok()).unwrap_or_default())
    }
}

impl std::fmt::Debug for StateRead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StateRead").finish_non_exhaustive()
    }
}

fn failed(subject: ErrorSubject<u64>, verb: ErrorVerb) -> impl FnOnce(StateError) -> StorageError {
    move |error| broken(subject, verb, error)
}

/// Runs what may take long away from the threads that serve tasks.
async fn blocking<T: Send + 'static>(
    store: &StateStore,
    work: impl FnOnce(&StateStore) -> Result<T, StateError> + Send + 'static,
) -> Result<T, StateError> {
    let store = store.clone();
    let done = tokio::task::spawn_blocking(move || work(&store)).await;
    done.unwrap_or_else(|error| Err(StateError::Io(io::Error::other(error))))
}

impl RaftStateMachine<TypeConfig> for StateStore {
    type SnapshotBuilder = Self;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, Membership), StorageError> {
        let generation = self.generation();
        let state = generation.applied().and_then(|applied| Ok((applied, generation.membership()?)));
        state.map_err(failed(ErrorSubject::StateMachine, ErrorVerb::Read))
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<Response>, StorageError>
    where
        I: IntoIterator<Item = LogEntry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut answers = Vec::new();
        let mut entries = entries.into_iter();
        loop {
            let mut batch = Vec::new();
            // a mark ends a batch, so that the state right after it can be kept
            while batch.len() < BATCH_ENTRIES && !batch.last().is_some_and(is_mark) {
                let Some(entry) = entries.next() else { break };
                batch.push(entry);
            }
            if batch.is_empty() {
                return Ok(answers);
            }
            let answered = self.apply_batch(&batch);
            if answered.is_err() {
                self.0.broken.send_replace(true);
            }
            answers.extend(answered.map_err(failed(ErrorSubject::StateMachine, ErrorVerb::Write))?);
        }
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<tokio::fs::File>, StorageError> {
        self.0.receives.store(true, Ordering::SeqCst);
        let file = self.0.snapshots.receive().map_err(StateError::from);
        let file = file.map_err(failed(ErrorSubject::Snapshot(None), ErrorVerb::Write))?;
        Ok(Box::new(tokio::fs::File::from_std(file)))
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta,
        snapshot: Box<tokio::fs::File>,
    ) -> Result<(), StorageError> {
        let mut file = snapshot.into_std().await;
        let installed = meta.clone();
        let done = blocking(self, move |store| store.install(&installed, &mut file)).await;
        self.0.receives.store(false, Ordering::SeqCst);
        self.0.broken.send_if_modified(|broken| std::mem::replace(broken, done.is_err()) != done.is_err());
        done.map_err(failed(ErrorSubject::Snapshot(Some(meta.signature())), ErrorVerb::Write))
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot>, StorageError> {
        let current = self.0.snapshots.current().map_err(StateError::from);
        let current = current.map_err(failed(ErrorSubject::Snapshot(None), ErrorVerb::Read))?;
        let snapshot = |(meta, file)| Snapshot { meta, snapshot: Box::new(tokio::fs::File::from_std(file)) };
        Ok(current.map(snapshot))
    }
}

impl RaftSnapshotBuilder<TypeConfig> for StateStore {
    async fn build_snapshot(&mut self) -> Result<Snapshot, StorageError> {
        let built = blocking(self, Self::build).await;
        built.map_err(failed(ErrorSubject::Snapshot(None), ErrorVerb::Write))
    }
}
