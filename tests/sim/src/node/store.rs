//! The node's chunks: the real engine on simulated disks, one writer for each, and the real guard between those who drop
//! copies and those who ask for them.
//!
//! A call on a disk takes time, some of it before it has any effect and the rest after: so a process that is killed or
//! frozen meanwhile has made it or has not, and nobody was answered. Of a change most of the time is before: a process
//! that is killed then has made any part of it ([`Dir::tear`]).

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures::{channel::oneshot, future::join_all};
use vs_core::{
    hash::{ChunkHash, Hash},
    id::{AssetId, DirId, NodeId},
};
use vsd_core::{
    plan::guard::{Decision, Guard},
    plan::repair::Held,
    storage::{
        Condition, Verified,
        pick::{Candidate, Standing, order},
    },
    superblock::{
        Compaction, Disk, Engine, GetError, Key, Op, Outcome, Put, Reader, Refusal, RetireError, VerifiedChunk,
        WriteError, sim::SimDisk,
    },
};

use super::care::Care;
use crate::{
    invariant::{int1, mig2, sweep2},
    kernel::{Watched, lock},
    machine::Machine,
    message::Refused,
    random::Stream,
    world::World,
};

/// How long a call on a disk takes that has nothing else to do.
pub(super) const READ_MAX: Duration = Duration::from_millis(4);
const WRITE_MAX: Duration = Duration::from_millis(12);
/// Of a disk, when it takes no more chunks: as the engine has it, unless told otherwise.
const FULL_PERCENT: u8 = 95;
/// Of a disk, when new chunks go elsewhere: a call on it takes longer.
const SLOW_AFTER: Duration = Duration::from_secs(2);
/// How often a machine is busy with something else, and for how long at most.
const BUSY_PERMILLE: u64 = 100;
const BUSY_MAX: Duration = Duration::from_secs(5);
/// How long whoever asks for a copy waits for drops that are in hand.
const SETTLE_MAX: Duration = Duration::from_secs(5);

type Answer<T> = oneshot::Sender<Result<T, WriteError>>;

/// What became of a copy that was not wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Swept {
    Dropped,
    Void,
    Absent,
}

enum Ask {
    Write(Op, Answer<Outcome>),
    Drop { key: Key, decided_at: u64, answer: Answer<Swept> },
    Retire(Compaction<SimDisk>, oneshot::Sender<Result<u64, RetireError>>),
}

/// A data directory in use.
pub struct Dir {
    pub id: DirId,
    pub(super) drive: usize,
    pub reader: Reader<SimDisk>,
    engine: Mutex<Engine<SimDisk>>,
    asked: Mutex<VecDeque<Ask>>,
    arrived: Watched<u64>,
    /// What the writer has begun and not done.
    under_way: Mutex<Vec<Op>>,
    /// What its care was told to do.
    pub(super) orders: Mutex<Vec<Care>>,
}

/// All of them.
pub struct Store {
    pub(super) world: Arc<World>,
    pub(super) machine: Arc<Machine>,
    node: NodeId,
    pub dirs: Vec<Arc<Dir>>,
    guard: Mutex<Guard>,
    ended: Watched<u64>,
    dice: Mutex<Stream>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("dirs", &self.dirs.len()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Dir {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dir").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Dir {
    pub(super) fn new(id: DirId, drive: usize, engine: Engine<SimDisk>) -> Self {
        Self {
            id,
            drive,
            reader: engine.reader(),
            engine: Mutex::new(engine),
            asked: Mutex::default(),
            arrived: Watched::new(0),
            under_way: Mutex::default(),
            orders: Mutex::default(),
        }
    }

    fn ask(&self, ask: Ask) {
        lock(&self.asked).push_back(ask);
        self.arrived.change(|arrived| *arrived += 1);
    }

    /// What came of a change; an error too when the writer is gone.
    pub(super) async fn change(&self, op: Op) -> Result<Outcome, WriteError> {
        let (answer, answered) = oneshot::channel();
        self.ask(Ask::Write(op, answer));
        answered.await.unwrap_or(Err(WriteError::NoWrites(Refusal::Stopped)))
    }

    /// Removes a superblock that was emptied; the bytes that it gives back.
    pub(super) async fn retire(&self, emptied: Compaction<SimDisk>) -> Result<u64, RetireError> {
        let (answer, answered) = oneshot::channel();
        self.ask(Ask::Retire(emptied, answer));
        answered.await.unwrap_or_else(|_| Err(WriteError::NoWrites(Refusal::Stopped).into()))
    }

    /// Why it takes no writes, if it does not.
    pub fn refusal(&self) -> Option<Refusal> {
        lock(&self.engine).refuses_writes().cloned()
    }

    /// What its writer was doing when its process ended came to the disk as far as it had got in so many calls. Whether
    /// that was not all of it.
    pub(crate) fn tear(&self, disk: &SimDisk, calls: usize) -> bool {
        let ops = std::mem::take(&mut *lock(&self.under_way));
        if ops.is_empty() {
            return false;
        }
        disk.inject(|faults| faults.killed_after = Some(calls));
        lock(&self.engine).write_group(&ops).iter().any(Result::is_err)
    }
}

impl Store {
    pub(super) fn new(world: Arc<World>, machine: Arc<Machine>, node: NodeId, dirs: Vec<Dir>, dice: Stream) -> Self {
        let dirs = dirs.into_iter().map(Arc::new).collect();
        let (guard, ended) = (Mutex::default(), Watched::new(0));
        Self { world, machine, node, dirs, guard, ended, dice: Mutex::new(dice) }
    }

    pub(super) async fn take_half(&self, drive: usize, most: Duration) {
        self.take(drive, most, 2).await;
    }

    /// Takes so many quarters of the time that a call takes.
    async fn take(&self, drive: usize, most: Duration, quarters: u32) {
        let slow = self.machine.drives().get(drive).map_or(Duration::ZERO, |drive| drive.slow);
        let took = lock(&self.dice).duration(Duration::ZERO, most * quarters / 4);
        self.world.kernel.sleep(took + slow * quarters / 4).await;
    }

    /// Whether a writer is in the middle of a change.
    pub(crate) fn writes(&self) -> bool {
        self.dirs.iter().any(|dir| !lock(&dir.under_way).is_empty())
    }

    /// A machine that is busy with something else lets time pass anywhere, also between a decision and what comes of it.
    pub(super) async fn hesitate(&self) {
        let pause = {
            let mut dice = lock(&self.dice);
            if dice.permille(BUSY_PERMILLE) { dice.duration(Duration::ZERO, BUSY_MAX) } else { Duration::ZERO }
        };
        self.world.kernel.sleep(pause).await;
    }

    /// The writer of a directory: does what it is asked, in its order, for ever.
    pub(super) async fn write(self: Arc<Self>, dir: Arc<Dir>) {
        loop {
            let arrived = dir.arrived.get();
            let next = lock(&dir.asked).pop_front();
            match next {
                Some(Ask::Write(op, answer)) => self.write_group(&dir, op, answer).await,
                Some(Ask::Drop { key, decided_at, answer }) => self.drop_group(&dir, key, decided_at, answer).await,
                Some(Ask::Retire(emptied, answer)) => {
                    self.take_half(dir.drive, WRITE_MAX).await;
                    let retired = lock(&dir.engine).retire(&emptied);
                    self.take_half(dir.drive, WRITE_MAX).await;
                    // whoever asked may not want to know any more
                    drop(answer.send(retired));
                }
                None => {
                    dir.arrived.wait_for(|now| *now != arrived).await;
                }
            }
        }
    }

    /// The first change and all that wait right behind it share an fsync.
    async fn write_group(&self, dir: &Dir, op: Op, answer: Answer<Outcome>) {
        let (mut ops, mut answers) = (vec![op], vec![answer]);
        {
            let mut asked = lock(&dir.asked);
            while let Some(Ask::Write(..)) = asked.front() {
                let Some(Ask::Write(op, answer)) = asked.pop_front() else { break };
                ops.push(op);
                answers.push(answer);
            }
        }
        lock(&dir.under_way).clone_from(&ops);
        self.take(dir.drive, WRITE_MAX, 3).await;
        lock(&dir.under_way).clear();
        let outcomes = lock(&dir.engine).write_group(&ops);
        ops.iter().zip(&outcomes).for_each(|(op, outcome)| self.wrote(dir, op, outcome));
        self.take(dir.drive, WRITE_MAX, 1).await;
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // whoever asked may not want to know any more
            let _ = answer.send(outcome);
        }
    }

    async fn drop_group(&self, dir: &Dir, key: Key, decided_at: u64, answer: Answer<Swept>) {
        let (mut keys, mut answers) = (vec![(key, decided_at)], vec![answer]);
        {
            let mut asked = lock(&dir.asked);
            while let Some(Ask::Drop { .. }) = asked.front() {
                let Some(Ask::Drop { key, decided_at, answer }) = asked.pop_front() else { break };
                keys.push((key, decided_at));
                answers.push(answer);
            }
        }
        let decisions: Vec<_> = keys.iter().map(|(key, index)| Decision { asset: key.asset, index: *index }).collect();
        let (batch, hold) = lock(&self.guard).begin(&decisions);
        let held = keys.iter().zip(&hold).filter(|(_, holds)| **holds);
        held.clone().for_each(|((key, index), _)| sweep2::decided(&self.world, self.node, key, *index));
        let ops: Vec<_> = held.map(|((key, _), _)| Op::Delete(*key)).collect();
        lock(&dir.under_way).clone_from(&ops);
        self.take(dir.drive, WRITE_MAX, 3).await;
        lock(&dir.under_way).clear();
        let mut outcomes = lock(&dir.engine).write_group(&ops).into_iter();
        let swept = |outcome| if outcome == Outcome::Absent { Swept::Absent } else { Swept::Dropped };
        let made = |holds| if holds { outcomes.next().map(|made| made.map(swept)) } else { Some(Ok(Swept::Void)) };
        let made: Vec<_> = hold.into_iter().map(made).collect();
        for ((key, decided_at), made) in keys.iter().zip(&made) {
            let drive = &mut self.machine.drives()[dir.drive];
            drive.dropping.remove(key);
            if let Some(Ok(Swept::Dropped)) = made {
                // a delete is of every copy that there may be, also of one that is not seen now
                drive.hidden.remove(key);
                drive.dropped.insert(*key);
                sweep2::dropped(&self.world, self.node, key, *decided_at);
                mig2::dropped(&self.world, self.node, key);
            }
        }
        self.take(dir.drive, WRITE_MAX, 1).await;
        lock(&self.guard).end(batch);
        self.ended.change(|ended| *ended += 1);
        for (answer, made) in answers.into_iter().zip(made) {
            if let Some(made) = made {
                let _ = answer.send(made);
            }
        }
    }

    /// A change has been made, or not.
    fn wrote(&self, dir: &Dir, op: &Op, outcome: &Result<Outcome, WriteError>) {
        let (Op::Put(put), Ok(outcome)) = (op, outcome) else { return };
        let is_written = *outcome != Outcome::AlreadyDurable;
        self.world.oracle.found(self.node, put.key(), is_written);
        let drive = &mut self.machine.drives()[dir.drive];
        drive.dropped.remove(&put.key());
        let rot = drive.rot(&put.key());
        int1::taken(&self.world, &self.machine, rot);
    }

    pub(super) fn hear(&self, asset: AssetId, index: u64) {
        self.world.oracle.sent(self.node, asset, index);
        lock(&self.guard).hear(asset, index);
    }

    pub(super) fn guard<T>(&self, with: impl FnOnce(&mut Guard) -> T) -> T {
        with(&mut lock(&self.guard))
    }

    /// Waits until every drop of the asset has ended that is in hand now; false when that takes too long.
    async fn settle(&self, asset: AssetId) -> bool {
        let in_hand = lock(&self.guard).in_hand(asset);
        let settled = self.ended.wait_for(|_| lock(&self.guard).have_ended(&in_hand));
        self.world.kernel.timeout(SETTLE_MAX, settled).await.is_some()
    }

    /// Stores a chunk; durable when this returns. The directories are tried one after the other, those first that have it.
    pub(super) async fn put(&self, asset: AssetId, chunk: ChunkHash, bytes: Bytes) -> Result<Outcome, Refused> {
        let Ok(chunk) = VerifiedChunk::verify(bytes, chunk) else { return Err(Refused::Corrupt) };
        let put = Put { asset, chunk };
        let key = put.key();
        let mut refused = Refused::Failed;
        for dir in self.candidates(&key) {
            match dir.change(Op::from(put.clone())).await {
                Ok(outcome) => return Ok(outcome),
                Err(WriteError::Full) => refused = Refused::Full,
                Err(_) => {}
            }
        }
        Err(refused)
    }

    /// How a directory is.
    fn condition(&self, dir: &Dir) -> Condition {
        let drives = self.machine.drives();
        let drive = &drives[dir.drive];
        let (is_slow, refuses) = (drive.slow >= SLOW_AFTER, dir.refusal().is_some());
        Condition { is_slow, refuses, space: drive.disk.space().ok() }
    }

    /// The directories in the order in which they are asked to store a chunk.
    fn candidates(&self, key: &Key) -> Vec<&Arc<Dir>> {
        let candidate = |dir: &Arc<Dir>| {
            let condition = self.condition(dir);
            let standing = condition.standing(FULL_PERCENT);
            let holds = standing != Standing::Slow && dir.reader.chunk_bytes(key).is_some();
            let capacity_bytes = condition.space.map_or(0, |space| space.total);
            Candidate { dir: dir.id, standing: if holds { Standing::Holds } else { standing }, capacity_bytes }
        };
        let candidates: Vec<_> = self.dirs.iter().map(candidate).collect();
        order(key, &candidates).into_iter().map(|at| &self.dirs[at]).collect()
    }

    pub(super) async fn get(&self, asset: AssetId, chunk: ChunkHash) -> Result<Bytes, Refused> {
        let key = Key { hash: chunk, asset };
        let mut refused = Refused::Absent;
        for dir in self.holders(&key) {
            self.take_half(dir.drive, READ_MAX).await;
            let read = dir.reader.get(&key);
            self.take_half(dir.drive, READ_MAX).await;
            refused = match read {
                Ok(bytes) => return Ok(bytes),
                Err(GetError::NotFound) => continue,
                Err(GetError::Corrupt { .. }) => Refused::Corrupt,
                Err(GetError::Io(_)) => Refused::Failed,
            };
        }
        Err(refused)
    }

    fn holders(&self, key: &Key) -> Vec<Arc<Dir>> {
        let mut dirs: Vec<_> = self.dirs.iter().filter(|dir| dir.reader.chunk_bytes(key).is_some()).cloned().collect();
        dirs.sort_by_key(|dir| (dir.reader.is_listed_damaged(key), self.condition(dir).is_slow));
        dirs
    }

    /// What is here of these chunks, as an asker is told who knows the log up to `index`.
    pub(super) async fn check(&self, asset: AssetId, chunks: &[ChunkHash], index: u64, deep: bool) -> Vec<Held> {
        self.hear(asset, index);
        let is_settled = self.settle(asset).await;
        let mut held = Vec::with_capacity(chunks.len());
        for chunk in chunks {
            let key = Key { hash: *chunk, asset };
            let holders = self.holders(&key);
            let is_bad = |dir: &Arc<Dir>| dir.reader.is_listed_damaged(&key) || dir.reader.is_doubted(&key);
            held.push(match holders.iter().any(|dir| !is_bad(dir)) {
                _ if holders.is_empty() => Held::Missing,
                _ if !is_settled => Held::Unknown,
                _ if deep => self.verify(&key, &holders).await,
                true => {
                    self.world.oracle.found(self.node, key, false);
                    Held::Stored
                }
                false => Held::Damaged,
            });
        }
        held
    }

    async fn verify(&self, key: &Key, holders: &[Arc<Dir>]) -> Held {
        let mut found = Verified::default();
        for dir in holders {
            self.take_half(dir.drive, READ_MAX).await;
            let checked = dir.reader.check(key);
            if checked.is_ok() {
                let rot = self.machine.drives()[dir.drive].rot(key);
                int1::verified(&self.world, &self.machine, rot);
                self.world.oracle.found(self.node, *key, true);
            }
            self.take_half(dir.drive, READ_MAX).await;
            found = found.and(Verified::of(&checked, dir.reader.is_doubted(key)));
            if found == Verified::Stored {
                break;
            }
        }
        match found {
            Verified::Missing => Held::Missing,
            Verified::Stored => Held::Stored,
            Verified::Damaged => Held::Damaged,
            Verified::Unreadable => Held::Unknown,
        }
    }

    /// All names, in order.
    pub(super) fn list(&self) -> Vec<Key> {
        let all: BTreeSet<_> =
            self.dirs.iter().flat_map(|dir| dir.reader.list(&(0..=u64::MAX), None, usize::MAX)).collect();
        all.into_iter().collect()
    }

    /// Drops what is here of these, unless more was heard since it was decided: what became of each copy. The writers are
    /// given all of them at once.
    pub(super) async fn drop_unwanted(&self, keys: &[Key], decided_at: u64) -> Vec<(Key, Result<Swept, WriteError>)> {
        let copies = keys.iter().flat_map(|key| self.holders(key).into_iter().map(move |dir| (*key, dir)));
        let asked: Vec<_> = copies
            .map(|(key, dir)| {
                self.machine.drives()[dir.drive].dropping.insert(key);
                let (answer, answered) = oneshot::channel();
                dir.ask(Ask::Drop { key, decided_at, answer });
                async move { (key, answered.await.unwrap_or(Err(WriteError::NoWrites(Refusal::Stopped)))) }
            })
            .collect();
        join_all(asked).await
    }

    /// Bytes of all disks that are taken or cannot be had, and bytes there are.
    pub(super) fn space(&self) -> (u64, u64) {
        let usable = self.dirs.iter().filter_map(|dir| self.condition(dir).usable());
        usable.fold((0, 0), |(used, total), usable| (used + usable.total - usable.free, total + usable.total))
    }

    /// How many more bytes of chunks are taken; none when a disk does not say.
    pub(super) fn room_bytes(&self) -> Option<u64> {
        self.dirs.iter().map(|dir| self.condition(dir).room_bytes(FULL_PERCENT)).sum()
    }

    pub(super) fn damaged(&self) -> u64 {
        self.dirs.iter().map(|dir| dir.reader.damaged(None, usize::MAX).len() as u64).sum()
    }

    /// Another number whenever a directory takes no more writes.
    pub(super) fn mark(&self) -> u64 {
        let mut input = Vec::new();
        for dir in &self.dirs {
            input.extend(dir.id.0.to_be_bytes());
            input.extend(dir.reader.figures(None).quarantined_bytes.to_be_bytes());
            input.push(dir.refusal().is_some().into());
        }
        Hash::of(&input).leading_u64()
    }

    /// Whether any directory takes no writes.
    pub(crate) fn refuses(&self) -> bool {
        self.dirs.iter().any(|dir| dir.refusal().is_some())
    }

    /// Directories of which an fsync failed, and why.
    pub(super) fn failed_fsyncs(&self) -> Vec<(DirId, String)> {
        let failed = |dir: &Arc<Dir>| match dir.refusal() {
            Some(Refusal::FailedFsync(why)) => Some((dir.id, why)),
            _ => None,
        };
        self.dirs.iter().filter_map(failed).collect()
    }
}
