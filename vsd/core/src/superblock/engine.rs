//! The one writer of a data directory.
//!
//! A group of changes is appended, synced once, and only then published and answered. Each step leaves the directory
//! as sound as it was: a write that fails has published nothing and its blocks are given back; an fsync that fails ends
//! all writing and withdraws the group; a footer that cannot be written is made up for later.
//!
//! Blocks are given back (punched) only after the sync of what makes them worthless: the tombstone, or the copy that
//! compaction made. The header of a punched record stays, so that a scan can tell it from damage.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    io,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use vs_core::{hash::Hash, id::DirId};

use super::{
    bug::{Bug, planted},
    chunk::Key,
    compact::Compaction,
    disk::Disk,
    files::Tally,
    format::{BLOCK_BYTES, FooterEntry, RECORDS_START, SUPERBLOCK_BYTES_MAX, Salt, file_name, record_bytes},
    index::{Entry, Place},
    op::{Move, Op, Outcome, Put, Refusal, WriteError, is_full},
    reader::{Reader, Shared},
    recovery::{self, OpenError, Recovered, Recovery},
    tail::{Record, Spare, Tail, make_spare},
};

/// Most payload bytes that should share one fsync: enough to hide its cost, little enough to answer in a tenth of a
/// second.
pub const GROUP_BYTES_MAX: usize = 16 << 20;
/// How full the file system may be before chunks are refused, in percent.
const FULL_PERCENT: u8 = 95;
/// Blocks kept for deletes: a thousand tombstones, which give back up to 2 GiB.
const RESERVE_BYTES: u64 = 4 << 20;

/// How a directory is opened.
#[derive(Clone, Debug)]
pub struct Config {
    /// The directory's own id. Files of another directory are refused.
    pub dir: DirId,
    /// Fresh randomness, from which the salts of new superblocks are made.
    pub seed: [u8; 32],
    /// An fsync on this directory failed before and nobody has checked it since: it takes no writes, and serves only
    /// what is known to be on the disk and not just in its cache.
    pub failed_fsync: bool,
    /// From how many percent on chunks are refused. Deletes and compaction never are.
    pub full_percent: u8,
    pub superblock_bytes_max: u64,
    /// Blocks kept for deletes on a full disk; chunks are only taken while they are all there.
    pub reserve_bytes: u64,
}

impl Config {
    #[must_use]
    pub fn new(dir: DirId, seed: [u8; 32]) -> Self {
        Self {
            dir,
            seed,
            failed_fsync: false,
            full_percent: FULL_PERCENT,
            superblock_bytes_max: SUPERBLOCK_BYTES_MAX,
            reserve_bytes: RESERVE_BYTES,
        }
    }

    /// The salt of a superblock: nobody can know it who has not seen the seed or the file.
    pub(super) fn salt(&self, number: u32) -> Salt {
        let mut input = self.seed.to_vec();
        input.extend(number.to_le_bytes());
        let mut salt = [0; 16];
        salt.copy_from_slice(&Hash::of(&input).0[..16]);
        Salt(salt)
    }
}

/// Why a superblock that was compacted is still there.
#[derive(Debug, thiserror::Error)]
pub enum RetireError {
    /// Plan again: something of it could not be moved.
    #[error("{live_chunks} chunks and {tombstones} tombstones of it are still needed")]
    InUse { live_chunks: u64, tombstones: usize },
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// The writer. Dropping it is like a crash; [`close`](Self::close) makes the next open faster.
#[derive(Debug)]
pub struct Engine<D: Disk> {
    shared: Arc<Shared<D>>,
    config: Config,
    next_number: u32,
    tail: Option<Tail<D::File>>,
    /// The next tail, made beforehand with its reserve. Only deletes may take it without another being made.
    spare: Option<Spare<D::File>>,
    /// Former tails, of this process or an earlier one, whose footer found the disk full.
    unsealed: Vec<Tail<D::File>>,
    /// The first superblock that this process writes to.
    first_number: u32,
    /// Tombstones that were moved, with the superblock they were moved out of.
    carried: BTreeSet<(u32, Key, u64)>,
}

impl<D: Disk> Engine<D> {
    /// Opens a directory, empty or not, and recovers what it holds.
    ///
    /// # Errors
    /// When the directory is not one this release may write to, or cannot be read at all. Damage within files is no
    /// error: it is reported, and the rest is served.
    pub fn open(disk: D, config: Config) -> Result<(Self, Recovery), OpenError> {
        let config = Config { superblock_bytes_max: config.superblock_bytes_max.min(SUPERBLOCK_BYTES_MAX), ..config };
        let shared = Arc::new(Shared::new(disk));
        let Recovered { next_number, empty, unsealed, recovery } = recovery::recover(&shared, &config)?;
        let spare = empty.and_then(|superblock| Spare::new(&shared, superblock, &config).ok());
        let first_number = spare.as_ref().map_or(next_number, |spare| spare.superblock.number);
        let (tail, carried) = (None, BTreeSet::new());
        let mut engine = Self { shared, config, next_number, tail, spare, unsealed, carried, first_number };
        // a full disk has none, and takes no chunks until it has
        if engine.ensure_spare().is_ok() && engine.has_reserve() {
            engine.seal_former();
        }
        engine.count_reserve();
        Ok((engine, recovery))
    }

    #[must_use]
    pub fn reader(&self) -> Reader<D> {
        Reader(Arc::clone(&self.shared))
    }

    /// Makes changes under one fsync, or one for each file they are spread over; answers are in the order of `ops`.
    ///
    /// The same change twice is made once, and both are answered after its fsync. Different changes of one chunk are
    /// made in their order.
    pub fn write_group(&mut self, ops: &[Op]) -> Vec<Result<Outcome, WriteError>> {
        let mut answers = Vec::with_capacity(ops.len());
        let mut rest = ops;
        while !rest.is_empty() {
            let (some, others) = rest.split_at(unordered(rest));
            answers.extend(self.write_unordered(some));
            rest = others;
        }
        answers
    }

    /// Why the directory takes no more writes, when it does not.
    #[must_use]
    pub fn refuses_writes(&self) -> Option<&Refusal> {
        self.shared.refusal()
    }

    /// Seals the superblock being written, so that the next open need not scan it.
    pub fn close(mut self) {
        if self.shared.refusal().is_none() {
            self.seal_tail();
            self.seal_former();
        }
    }

    /// Removes a superblock out of which everything that is needed was moved; returns the bytes it gives back.
    ///
    /// # Errors
    /// When something in it is still needed, and when the directory does not take the change. It stays whole then.
    pub fn retire(&mut self, compaction: &Compaction<D>) -> Result<u64, RetireError> {
        let number = compaction.superblock();
        self.check_refusal()?;
        let Some(held) = self.shared.state().files.held(number).cloned() else { return Ok(0) };
        let carried = |(key, sequence): &(Key, u64)| self.carried.contains(&(number, *key, *sequence));
        let left = compaction.tombstones().filter(|tombstone| !carried(tombstone)).count();
        let in_use = held.tally.live_chunks > 0 && !planted(Bug::LiveNotCounted);
        if in_use || left > 0 || !held.tally.sealed {
            return Err(RetireError::InUse { live_chunks: held.tally.live_chunks, tombstones: left });
        }
        let freed = held.info(&self.shared.disk).allocated_bytes;
        match self.shared.disk.remove(&file_name(number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(self.failed(error).into()),
            _ => {}
        }
        // before the next compaction counts on its records being gone
        if !planted(Bug::RemovalNotSynced) {
            self.shared.sync_dir().map_err(|_| self.refusal())?;
        }
        let mut state = self.shared.state_mut();
        state.files.remove(number);
        state.files.changed();
        drop(state);
        self.carried.retain(|(from, _, _)| *from != number);
        self.shared.counters.retired_superblocks.fetch_add(1, Relaxed);
        Ok(freed)
    }

    /// Changes of which none depends on another.
    fn write_unordered(&mut self, ops: &[Op]) -> Vec<Result<Outcome, WriteError>> {
        let mut first: HashMap<Name, usize> = HashMap::new();
        let mut answers: Vec<Option<Result<Outcome, WriteError>>> = Vec::new();
        let mut position = Vec::with_capacity(ops.len());
        let (mut deletes, mut chunks) = (Vec::new(), Vec::new());
        for op in ops {
            position.push(*first.entry(name(op)).or_insert_with(|| {
                let at = answers.len();
                let resolved = self.resolve(op);
                answers.push(resolved.map(Ok));
                match op {
                    _ if resolved.is_some() => {}
                    Op::Delete(_) => deletes.push((at, op)),
                    Op::Put(_) | Op::Move(_) => chunks.push((at, op)),
                }
                at
            }));
        }
        let refused = self.refuse_chunks(&mut chunks);
        // deletes first: should the disk be full, they still find room
        let pending: Vec<_> = deletes.into_iter().chain(chunks).collect();
        let records: Vec<_> = pending.iter().map(|(_, op)| Record::of(op)).collect();
        let (durable, error) = self.append(&records);
        for (nth, (at, op)) in pending.iter().enumerate() {
            let failure = error.as_ref().filter(|_| nth >= durable);
            if let (Some(_), Op::Delete(key)) = (failure, op) {
                self.shared.doubted().insert(*key);
            }
            answers[*at] = Some(failure.map_or_else(|| Ok(done(op)), |error| Err(error.clone())));
        }
        for (at, error) in refused {
            answers[at] = Some(Err(error));
        }
        let answer = |(nth, at): (usize, &usize)| {
            if planted(Bug::DuplicateBeforeSync) && position[..nth].contains(at) && matches!(ops[nth], Op::Put(_)) {
                return Ok(Outcome::AlreadyDurable);
            }
            answers[*at].clone().expect("resolved, refused or appended")
        };
        position.iter().enumerate().map(answer).collect()
    }

    /// The answer to what needs no write.
    fn resolve(&self, op: &Op) -> Option<Outcome> {
        match op {
            Op::Put(put) => self.is_safe(put).then_some(Outcome::AlreadyDurable),
            Op::Delete(key) => {
                let state = self.shared.state();
                // what cannot be read now may hold it, and may be read next time
                let is_absent = state.index.get(key).is_none() && !state.files.hide_records();
                drop(state);
                if is_absent {
                    self.shared.damaged().remove(key);
                }
                is_absent.then_some(Outcome::Absent)
            }
            Op::Move(Move { entry, .. }) if entry.is_tombstone() => None,
            Op::Move(Move { entry, .. }) => {
                let is_current = self.shared.state().index.get(&entry.key) == Some(entry);
                (!is_current && !planted(Bug::OutdatedMoved)).then_some(Outcome::Outdated)
            }
        }
    }

    /// Whether a chunk is here for good and need not be written again. It is written when its copy is not what is put or
    /// was ever found bad, and when a tombstone of it may turn up at the next open.
    fn is_safe(&self, put: &Put) -> bool {
        let key = &put.key();
        let is_doubted = self.shared.doubted().contains(key) && !planted(Bug::DoubtForgotten);
        if is_doubted || self.shared.damaged().contains(key) {
            return false;
        }
        let state = self.shared.state();
        let is_older = |entry: &Entry| entry.sequence >> 32 < u64::from(self.first_number);
        if state.files.hide_records() && state.index.get(key).is_some_and(is_older) {
            return false;
        }
        drop(state);
        self.shared.get(key).is_ok_and(|stored| stored == put.chunk.bytes())
    }

    /// Takes out of `chunks` what the directory does not take now, with the reason.
    fn refuse_chunks(&mut self, chunks: &mut Vec<(usize, &Op)>) -> Vec<(usize, WriteError)> {
        let mut refused = Vec::new();
        let mut refuse = |chunks: &mut Vec<(usize, &Op)>, error: &WriteError, is_refused: fn(&Op) -> bool| {
            let out = chunks.extract_if(.., |(_, op)| is_refused(op));
            refused.extend(out.map(|(at, _)| (at, error.clone())));
        };
        if let Err(error) = self.check_refusal() {
            refuse(chunks, &error, |_| true);
        }
        // moves give back at once what they take
        let is_put = |op: &Op| matches!(op, Op::Put(_));
        if chunks.iter().any(|(_, op)| is_put(op)) && self.is_full() {
            refuse(chunks, &WriteError::Full, is_put);
        }
        if !chunks.is_empty()
            && let Err(error) = self.ensure_reserve()
        {
            refuse(chunks, &error, |_| true);
        }
        refused
    }

    /// Appends `records` in order: the first so many are durable and published, the others failed for the reason given.
    fn append(&mut self, records: &[Record<'_>]) -> (usize, Option<WriteError>) {
        let mut durable = 0;
        while durable < records.len() {
            match self.append_some(&records[durable..]) {
                Ok(more) => durable += more,
                Err(error) => return (durable, Some(error)),
            }
        }
        (durable, None)
    }

    /// Appends as many of `records` as go into one file, at least one, and returns how many.
    fn append_some(&mut self, records: &[Record<'_>]) -> Result<usize, WriteError> {
        self.check_refusal()?;
        let limit = self.config.superblock_bytes_max;
        if !self.tail.as_ref().is_some_and(|tail| tail.has_room(tail.end, 0, records[0].bytes(), limit)) {
            self.roll()?;
        }
        if !records[0].is_delete() {
            self.ensure_reserve()?;
        }
        let batch = match self.write(records) {
            // what the reserve is for
            Err(WriteError::Full) if records[0].is_delete() && self.spare.is_some() => {
                self.roll()?;
                self.write(records)?
            }
            written => written?,
        };
        let early = planted(Bug::PublishBeforeSync).then(|| self.publish(&records[..batch.len()], &batch));
        if planted(Bug::PunchBeforeSync) {
            let state = self.shared.state();
            let doomed = records[..batch.len()].iter().filter(|record| record.is_delete());
            let places = doomed.filter_map(|record| Some(state.index.get(&record.op.key())?.place)).collect();
            drop(state);
            self.punch(places);
        }
        let is_move = |record: &Record<'_>| matches!(record.op, Op::Move(_));
        let unsynced = planted(Bug::AckBeforeSync)
            || planted(Bug::OldRemovedBeforeSync) && records[..batch.len()].iter().all(is_move);
        let tail = self.tail.as_mut().expect("written to just now");
        if !unsynced && self.shared.sync(&tail.superblock.file).is_err() {
            // the group is withdrawn: never published, and nothing is appended after it
            self.tail = None;
            return Err(self.refusal());
        }
        let worthless = early.unwrap_or_else(|| self.publish(&records[..batch.len()], &batch));
        let written = batch.len();
        let tail = self.tail.as_mut().expect("synced just now");
        tail.add(batch);
        self.count_reserve();
        self.punch(worthless);
        Ok(written)
    }

    /// Writes records behind the tail's end, without syncing them: the first and as many more as have room and do not
    /// fail.
    fn write(&mut self, records: &[Record<'_>]) -> Result<Vec<FooterEntry>, WriteError> {
        // without another in reserve, the tail is the reserve
        let takes_chunks = self.has_reserve();
        let tail = self.tail.as_mut().expect("rolled before");
        let mut batch: Vec<FooterEntry> = Vec::new();
        let mut end = tail.end;
        for record in records {
            if !takes_chunks && !record.is_delete() {
                break;
            }
            if !batch.is_empty() && !tail.has_room(end, batch.len(), record.bytes(), self.config.superblock_bytes_max) {
                break;
            }
            match tail.write(&self.shared, record, end) {
                Ok(entry) => batch.push(entry),
                Err(error) if batch.is_empty() => {
                    if !is_full(&error) {
                        // whatever ails that place of the file, the next write goes elsewhere
                        self.seal_tail();
                    }
                    return Err(self.failed(error));
                }
                Err(_) => break,
            }
            end += record.bytes();
        }
        Ok(batch)
    }

    /// Lets readers see what is durable now; returns the places that are worth nothing any more.
    fn publish(&mut self, records: &[Record<'_>], batch: &[FooterEntry]) -> Vec<Place> {
        let number = self.tail.as_ref().expect("written to just now").superblock.number;
        let mut worthless = Vec::new();
        let mut state = self.shared.state_mut();
        let counters = &self.shared.counters;
        for (record, placed) in records.iter().zip(batch) {
            let entry = Entry::new(number, placed);
            state.files.tally_of(number).file_bytes += record.bytes();
            match record.op {
                Op::Put(_) => {
                    state.publish(entry);
                }
                Op::Delete(_) => {
                    worthless.extend(state.publish(entry).map(|old| old.place));
                    counters.deletes.fetch_add(1, Relaxed);
                }
                Op::Move(Move { entry: old, .. }) => {
                    counters.moved_bytes.fetch_add(record.bytes(), Relaxed);
                    if old.is_tombstone() {
                        state.files.tally_of(number).add(&entry);
                        self.carried.insert((old.place.number(), old.key, old.sequence));
                    } else {
                        worthless.extend(state.publish(entry).map(|old| old.place));
                    }
                }
            }
        }
        drop(state);
        let (mut damaged, mut doubted) = (self.shared.damaged(), self.shared.doubted());
        for record in records.iter().filter(|record| !matches!(record.op, Op::Move(_))) {
            damaged.remove(&record.op.key());
            doubted.remove(&record.op.key());
        }
        worthless
    }

    /// Gives the blocks of records back, except those with their headers.
    fn punch(&self, worthless: Vec<Place>) {
        for place in worthless {
            let bytes = record_bytes(place.payload_bytes()) - BLOCK_BYTES;
            let Some(superblock) = self.shared.state().files.get(place.number()).cloned() else { continue };
            // what cannot be punched is left to compaction
            if bytes > 0 && self.shared.disk.punch(&superblock.file, place.offset() + BLOCK_BYTES, bytes).is_ok() {
                self.shared.counters.punched_bytes.fetch_add(bytes, Relaxed);
            }
        }
    }

    fn check_refusal(&self) -> Result<(), WriteError> {
        self.shared.refusal().map_or(Ok(()), |refusal| Err(WriteError::NoWrites(refusal.clone())))
    }

    fn refusal(&self) -> WriteError {
        WriteError::NoWrites(self.shared.refusal().cloned().unwrap_or(Refusal::Stopped))
    }

    /// The error for a caller; a file system that turned read-only ends all writing.
    fn failed(&self, error: io::Error) -> WriteError {
        let error = WriteError::from(error);
        if let WriteError::NoWrites(refusal) = &error {
            self.shared.refuse(refusal.clone());
        }
        self.check_refusal().err().unwrap_or(error)
    }

    /// Whether the file system is too full for more chunks. A disk that does not say is asked by writing to it.
    fn is_full(&self) -> bool {
        self.shared.disk.space().is_ok_and(|space| space.room_bytes(self.config.full_percent) == 0)
    }

    /// Makes the spare if there is none, with as much of its reserve as the disk has room for.
    fn ensure_spare(&mut self) -> Result<(), WriteError> {
        self.check_refusal()?;
        let had_reserve = self.has_reserve();
        let made = match &mut self.spare {
            Some(spare) if spare.is_whole => return Ok(()),
            Some(spare) => spare.top_up(&self.shared, &self.config),
            None => make_spare(&self.shared, &self.config, &mut self.next_number).map(|made| self.spare = Some(made)),
        };
        self.count_reserve();
        made.map_err(|error| self.failed(error))?;
        if self.has_reserve() && !had_reserve {
            self.seal_former();
        }
        Ok(())
    }

    fn has_reserve(&self) -> bool {
        self.spare.as_ref().is_some_and(|spare| spare.is_whole)
    }

    /// What has to be there before a chunk is taken: all that deletes may need later.
    fn ensure_reserve(&mut self) -> Result<(), WriteError> {
        self.ensure_spare()?;
        if self.has_reserve() { Ok(()) } else { Err(WriteError::Full) }
    }

    /// Seals the tail and goes on in the spare, whose header and name are durable already.
    fn roll(&mut self) -> Result<(), WriteError> {
        self.seal_tail();
        self.ensure_spare()?;
        let spare = self.spare.take().expect("made just now");
        let tally = Tally { file_bytes: RECORDS_START, ..Tally::default() };
        self.shared.state_mut().files.add(Arc::clone(&spare.superblock), tally);
        self.tail = Some(Tail::new(spare));
        // without, only deletes go on
        let _ = self.ensure_spare();
        self.count_reserve();
        self.check_refusal()
    }

    fn count_reserve(&self) {
        let in_tail = self.tail.as_ref().map_or(0, Tail::reserve_left);
        let in_spare = self.spare.as_ref().map_or(0, |spare| spare.reserve_bytes.saturating_sub(RECORDS_START));
        self.shared.reserve_bytes.store(in_tail + in_spare, Relaxed);
    }

    /// Ends the superblock being written. Its records are durable and indexed already, so a footer that fails to be
    /// written costs no more than a scan when the directory is next opened.
    fn seal_tail(&mut self) {
        let Some(mut tail) = self.tail.take() else { return };
        if tail.entries.is_empty() {
            // nothing was ever published from it; should it stay, the next open removes it
            let _ = self.shared.disk.remove(&file_name(tail.superblock.number));
            self.shared.state_mut().files.remove(tail.superblock.number);
        } else if self.write_footer_of(&mut tail).is_err() {
            // no footer lists its records, and tombstones elsewhere may be all that hides some of them
            self.shared.state_mut().files.tally_of(tail.superblock.number).is_left = true;
            self.unsealed.push(tail);
        }
        let runs = self.shared.state().index.sealed_runs();
        let freed = self.shared.state_mut().index.seal(runs);
        drop(freed);
        self.count_reserve();
    }

    /// Seals former tails for which the disk had no room.
    fn seal_former(&mut self) {
        for mut tail in std::mem::take(&mut self.unsealed) {
            if self.shared.refusal().is_none() && self.write_footer_of(&mut tail).is_err() {
                self.unsealed.push(tail);
            }
        }
    }

    fn write_footer_of(&self, tail: &mut Tail<D::File>) -> io::Result<()> {
        let bytes = tail.seal(&self.shared)?;
        let mut state = self.shared.state_mut();
        let tally = state.files.tally_of(tail.superblock.number);
        (tally.sealed, tally.file_bytes) = (true, tail.end + bytes);
        state.files.changed();
        Ok(())
    }
}

/// What tells changes apart: the same change asked for twice is made once.
#[derive(PartialEq, Eq, Hash)]
enum Name {
    Put(Key),
    Delete(Key),
    Move { key: Key, sequence: u64 },
}

fn name(op: &Op) -> Name {
    match op {
        Op::Put(put) => Name::Put(put.key()),
        Op::Delete(key) => Name::Delete(*key),
        Op::Move(Move { entry, .. }) => Name::Move { key: entry.key, sequence: entry.sequence },
    }
}

/// How many of the first `ops` can be made in any order: none changes a chunk that another changes otherwise.
fn unordered(ops: &[Op]) -> usize {
    let mut names: HashSet<Name> = HashSet::new();
    let mut keys: HashSet<Key> = HashSet::new();
    let conflict = ops.iter().position(|op| names.insert(name(op)) && !keys.insert(op.key()));
    conflict.unwrap_or(ops.len())
}

fn done(op: &Op) -> Outcome {
    match op {
        Op::Put(_) => Outcome::Created,
        Op::Delete(_) => Outcome::Deleted,
        Op::Move(_) => Outcome::Moved,
    }
}
