//! What waits for the one writer of a data directory, and what of it shares an fsync.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use vs_core::limit::CHUNK_BYTES_MAX;
use vsd_core::{
    plan::guard::Decision,
    superblock::{Compaction, Disk, GROUP_BYTES_MAX, Key, Op, Outcome, RetireError, WriteError},
};

use super::guard::Guard;

/// Requests waiting for the writer. Their bytes are bounded by who sends them, so this only bounds how many small ones
/// there are.
const QUEUE_MAX: usize = 1024;

/// Whom to tell what became of a change.
type Answer<T = Outcome> = oneshot::Sender<Result<T, WriteError>>;

/// A copy that is to go, unless more was heard of its asset than it was decided by.
#[derive(Debug)]
pub(super) struct Unwanted {
    pub(super) key: Key,
    pub(super) decided_at: u64,
    pub(super) guard: Arc<Guard>,
}

impl Unwanted {
    pub(super) fn decision(&self) -> Decision {
        Decision { asset: self.key.asset, index: self.decided_at }
    }
}

/// What became of a copy that was not wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Swept {
    /// It is gone, and durably so.
    Dropped,
    /// It stays: the decision was void.
    Void,
    /// It was not there.
    Absent,
}

/// What is asked of the writer, and whom to tell.
#[derive(Debug)]
pub(super) enum Request<D: Disk> {
    Write(Op, Answer),
    Drop(Unwanted, Answer<Swept>),
    /// What was compacted is to go.
    Retire(Compaction<D>, oneshot::Sender<Result<u64, RetireError>>),
}

impl<D: Disk> Request<D> {
    /// Nobody waits for the answer any more, so nobody was promised anything.
    fn is_given_up(&self) -> bool {
        match self {
            Self::Write(_, answer) => answer.is_closed(),
            Self::Drop(_, answer) => answer.is_closed(),
            Self::Retire(_, answer) => answer.is_closed(),
        }
    }
}

/// What the writer does next.
#[derive(Debug)]
pub(super) enum Work<D: Disk> {
    /// Changes that share an fsync, and whom to tell of each.
    Group(Vec<Op>, Vec<Answer>),
    /// Copies that are to go, under one fsync.
    Drops(Vec<Unwanted>, Vec<Answer<Swept>>),
    Retire(Compaction<D>, oneshot::Sender<Result<u64, RetireError>>),
}

#[derive(Debug)]
struct Waiting<D: Disk> {
    /// Each with its place in the queue, which is free again once the writer takes it.
    requests: VecDeque<(Request<D>, OwnedSemaphorePermit)>,
    closed: bool,
}

/// The queue has been closed: no writer will answer.
#[derive(Debug)]
pub(super) struct Closed;

#[derive(Debug)]
pub(super) struct Queue<D: Disk> {
    waiting: Mutex<Waiting<D>>,
    arrived: Condvar,
    places: Arc<Semaphore>,
}

impl<D: Disk> Queue<D> {
    pub(super) fn new() -> Arc<Self> {
        let waiting = Mutex::new(Waiting { requests: VecDeque::new(), closed: false });
        Arc::new(Self { waiting, arrived: Condvar::new(), places: Arc::new(Semaphore::new(QUEUE_MAX)) })
    }

    /// Queues a request, once there is a place for it.
    pub(super) async fn push(&self, request: Request<D>) -> Result<(), Closed> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| Closed)?;
        let mut waiting = self.waiting();
        if waiting.closed {
            return Err(Closed);
        }
        waiting.requests.push_back((request, place));
        drop(waiting);
        self.arrived.notify_one();
        Ok(())
    }

    /// Requests that wait.
    pub(super) fn len(&self) -> usize {
        self.waiting().requests.len()
    }

    /// Takes no more requests. Those that wait are still taken by the writer.
    pub(super) fn close(&self) {
        self.waiting().closed = true;
        self.places.close();
        self.arrived.notify_all();
    }

    /// Drops what waits: whoever asked learns that there is no writer.
    pub(super) fn abandon(&self) {
        self.close();
        drop(std::mem::take(&mut self.waiting().requests));
    }

    /// What to do next; waits for it. `None` once the queue is closed and empty.
    pub(super) fn take(&self) -> Option<Work<D>> {
        let mut waiting = self.waiting();
        loop {
            waiting.requests.retain(|(request, _)| !request.is_given_up());
            match waiting.requests.pop_front() {
                Some((Request::Retire(emptied, answer), _)) => return Some(Work::Retire(emptied, answer)),
                Some((Request::Write(op, answer), _)) => return Some(waiting.group(op, answer)),
                Some((Request::Drop(unwanted, answer), _)) => return Some(waiting.drops(unwanted, answer)),
                None if waiting.closed => return None,
                None => waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// What is guarded is changed by single calls, so a panic elsewhere leaves it sound.
    fn waiting(&self) -> MutexGuard<'_, Waiting<D>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<D: Disk> Waiting<D> {
    /// The first change and all that wait behind it, as far as they may share an fsync with it.
    fn group(&mut self, first: Op, answer: Answer) -> Work<D> {
        let mut bytes = first.payload_bytes();
        let (mut ops, mut answers) = (vec![first], vec![answer]);
        while bytes + CHUNK_BYTES_MAX <= GROUP_BYTES_MAX
            && let Some((Request::Write(..), _)) = self.requests.front()
        {
            let Some((Request::Write(op, answer), _)) = self.requests.pop_front() else { break };
            bytes += op.payload_bytes();
            ops.push(op);
            answers.push(answer);
        }
        Work::Group(ops, answers)
    }

    /// The first drop and all that wait right behind it.
    fn drops(&mut self, first: Unwanted, answer: Answer<Swept>) -> Work<D> {
        let (mut drops, mut answers) = (vec![first], vec![answer]);
        while let Some((Request::Drop(..), _)) = self.requests.front() {
            let Some((Request::Drop(unwanted, answer), _)) = self.requests.pop_front() else { break };
            drops.push(unwanted);
            answers.push(answer);
        }
        Work::Drops(drops, answers)
    }
}
