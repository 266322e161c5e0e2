//! The node's chunks for asynchronous callers: a queue before the one writer thread, and reads on threads that may
//! block.

use std::{
    io,
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use vs_core::{hash::ChunkHash, id::AssetId, limit::CHUNK_BYTES_MAX};
use vsd_core::superblock::{
    Config, Engine, GROUP_BYTES_MAX, GetError, Key, Op, OpenError, Outcome, Put, Reader, Refusal, Stats, VerifiedChunk,
    WriteError,
};

use super::disk::RealDisk;

/// Puts waiting for the writer. Their bytes are bounded by who sends them, so this only bounds how many small ones
/// there are.
const QUEUE_MAX: usize = 1024;

/// A change and whom to tell.
struct Request {
    op: Op,
    answer: oneshot::Sender<Result<Outcome, WriteError>>,
}

/// What callers were answered, since the start.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) puts_created: AtomicU64,
    pub(super) puts_known: AtomicU64,
    pub(super) puts_failed: AtomicU64,
    pub(super) gets: AtomicU64,
    pub(super) gets_absent: AtomicU64,
    pub(super) gets_failed: AtomicU64,
    pub(super) get_bytes: AtomicU64,
}

/// One data directory. When its writer ends, by panic too, it takes no more writes; reads go on.
#[derive(Debug)]
pub(crate) struct Store {
    reader: Reader<RealDisk>,
    /// `None` once shut down.
    queue: Mutex<Option<mpsc::Sender<Request>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    pub(super) counters: Counters,
}

impl Store {
    /// Opens the directory, recovers what it holds and starts its writer. What recovery found is logged.
    pub(crate) fn open(path: &Path, config: Config) -> Result<Self, OpenError> {
        let io = |source| OpenError::Io { file: path.display().to_string(), source };
        let dir = config.dir;
        let (engine, recovery) = Engine::open(RealDisk::open(path).map_err(io)?, config)?;
        for finding in recovery.findings {
            if finding.is_loss() {
                tracing::warn!(%dir, "{finding}");
            } else {
                tracing::info!(%dir, "{finding}");
            }
        }
        let reader = engine.reader();
        let (queue, requests) = mpsc::channel(QUEUE_MAX);
        let writer =
            thread::Builder::new().name(format!("chunks-{dir}")).spawn(|| write(engine, requests)).map_err(io)?;
        let (queue, writer) = (Mutex::new(Some(queue)), Mutex::new(Some(writer)));
        Ok(Self { reader, queue, writer, counters: Counters::default() })
    }

    /// Stores a chunk; durable when this returns.
    pub(crate) async fn put(&self, asset: AssetId, chunk: VerifiedChunk) -> Result<Outcome, WriteError> {
        let outcome = self.queue_op(Op::Put(Put { asset, chunk })).await;
        let counter = match outcome {
            Ok(Outcome::Created) => &self.counters.puts_created,
            Ok(_) => &self.counters.puts_known,
            Err(_) => &self.counters.puts_failed,
        };
        counter.fetch_add(1, Relaxed);
        outcome
    }

    async fn queue_op(&self, op: Op) -> Result<Outcome, WriteError> {
        let stopped = || WriteError::NoWrites(Refusal::Stopped);
        let queue = lock(&self.queue).clone().ok_or_else(stopped)?;
        let (answer, answered) = oneshot::channel();
        queue.send(Request { op, answer }).await.map_err(|_| stopped())?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// The bytes of a chunk, as they were written. Whoever uses them checks their hash (INT-1).
    pub(crate) async fn get(&self, asset: AssetId, hash: ChunkHash) -> Result<Bytes, GetError> {
        let (reader, key) = (self.reader.clone(), Key { hash, asset });
        let read = tokio::task::spawn_blocking(move || reader.get(&key)).await;
        let outcome = read.unwrap_or_else(|ended| Err(GetError::Io(io::Error::other(ended))));
        let counter = match &outcome {
            Ok(bytes) => {
                self.counters.get_bytes.fetch_add(bytes.len() as u64, Relaxed);
                &self.counters.gets
            }
            Err(GetError::NotFound) => &self.counters.gets_absent,
            Err(_) => &self.counters.gets_failed,
        };
        counter.fetch_add(1, Relaxed);
        outcome
    }

    /// Length of a chunk in bytes, if it is here.
    pub(crate) fn chunk_bytes(&self, asset: AssetId, hash: ChunkHash) -> Option<u32> {
        self.reader.chunk_bytes(&Key { hash, asset })
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = self.reader.stats();
        if lock(&self.writer).as_ref().is_none_or(JoinHandle::is_finished) {
            stats.refusal.get_or_insert(Refusal::Stopped);
        }
        stats
    }

    /// Why the directory takes no more writes, when an fsync of it failed. That outlives the process.
    pub(crate) fn failed_fsync(&self) -> Option<String> {
        match self.reader.stats().refusal {
            Some(Refusal::FailedFsync(why)) => Some(why),
            _ => None,
        }
    }

    /// Takes no more puts, answers those it has, and seals the superblock being written. Blocks until then.
    pub(crate) fn shutdown(&self) {
        drop(lock(&self.queue).take());
        let writer = lock(&self.writer).take();
        if writer.is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the writer of the chunks had panicked");
        }
    }
}

/// Nobody may open the directory again while its writer is still at work.
impl Drop for Store {
    fn drop(&mut self) {
        self.shutdown();
    }
}

/// What is guarded is replaced whole, so a panic elsewhere leaves it sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The writer thread: whatever is queued together shares one fsync. Ends when nobody can queue any more.
fn write(mut engine: Engine<RealDisk>, mut requests: mpsc::Receiver<Request>) {
    while let Some(first) = requests.blocking_recv() {
        let (mut bytes, mut ops, mut answers) = (0, Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(Request { op, answer }) = next {
            bytes += op.payload_bytes();
            ops.push(op);
            answers.push(answer);
            next = if bytes + CHUNK_BYTES_MAX <= GROUP_BYTES_MAX { requests.try_recv().ok() } else { None };
        }
        let was_writing = engine.refuses_writes().is_none();
        let outcomes = engine.write_group(&ops);
        if was_writing && let Some(why) = engine.refuses_writes() {
            tracing::error!(%why, "the data directory takes no more writes");
        }
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // a caller who has gone does not want to know
            let _ = answer.send(outcome);
        }
    }
    engine.close();
}
