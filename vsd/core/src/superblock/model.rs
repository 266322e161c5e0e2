//! The engine against a simple model, on a disk that fails in every way that [`SimDisk`] knows.
//!
//! The model knows of every chunk what was acknowledged and what may excuse its absence or its presence. Invariants:
//! - **DUR-1**: a chunk whose PUT was acknowledged, or that was served once, is readable from then on, after any
//!   restart, power cut, full disk or compaction, unless a bit of it flipped or the disk does not read it.
//! - **INT-1**: no read ever gives wrong bytes, and what flipped on the platter is found by a scrub.
//! - **DSK-1**: after a failed fsync, or on a read-only file system, nothing is acknowledged any more that would be a
//!   change; a full disk is said to be full; nothing but damage is reported as damage, and damage keeps no directory
//!   from opening.
//! - **ENG-DEL**: a chunk whose delete was acknowledged stays away until it is put again, save where a bit of its
//!   tombstone flipped, or the disk does not read that.
//! - **ENG-LIVE**: counts, live bytes and listing agree with one another, with the model, and with those of a fresh open.
//! - **ENG-SPACE**: after a chunk was taken, as many deletes succeed on a full disk as the reserve has blocks; a
//!   directory out of which everything is deleted and compacted comes down to two superblocks.
//! - **ENG-SEQ**: no two records of different content share a sequence, and copies of one record are the same.
//! - Synced bytes are never written over (held by the simulated disk).
//!
//! A case ends with a disk that works again: everything promised is there, and stays there through a compaction of all.

mod case;
mod run;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use vs_core::id::DirId;

use self::case::{Amid, Carry, Case, Change, NAMES, Step, Target, blocks, key, name_of, put};
pub use self::run::{Failure, run};
use super::{
    Compaction, Config, Engine, GetError, Key, Op, Outcome, Reader, Refusal, RetireError, WriteError,
    format::{
        BLOCK_BYTES, FILE_HEADER_BYTES, FileHeader, Kind, RECORD_HEADER_BYTES, RECORDS_START, ReadHeader, RecordHeader,
        file_name,
    },
    sim::{Dice, Faults, SimDisk},
};

/// Small, so that files roll over all the time.
const SUPERBLOCK_BYTES: u64 = 96 << 10;
/// Percent of a superblock that is garbage once it is worth compacting: more than its headers and footer.
const GARBAGE_PERCENT: u8 = 40;

/// What is known of a chunk.
#[derive(Clone, Debug, Default)]
struct Fate {
    /// Its PUT was acknowledged, or it was served.
    promised: bool,
    /// It may be there.
    possible: bool,
    /// A change failed that the next open may find to have been made.
    put_in_doubt: bool,
    delete_in_doubt: bool,
    /// Where a bit of its newest record flipped.
    damaged: Option<(u32, u64)>,
    /// A bit of a tombstone of it flipped, or the disk did not read it: it may be back.
    haunted: bool,
    /// Nothing can be said of it before the next open: something of it is withheld, or could not be read.
    lax: bool,
}

impl Fate {
    fn put(&mut self) {
        *self = Self { promised: true, possible: true, ..Self::default() };
    }

    fn is_settled(&self) -> bool {
        !(self.lax || self.haunted || self.damaged.is_some() || self.put_in_doubt || self.delete_in_doubt)
    }
}

/// A record as it lies in a file.
struct Found {
    header: RecordHeader,
    offset: usize,
    payload: Vec<u8>,
}

impl Found {
    /// Where its bytes are, without the padding.
    fn range(&self) -> Range<usize> {
        self.offset..self.offset + RECORD_HEADER_BYTES + self.header.payload_bytes as usize
    }
}

/// All records with a sound header in a file.
fn records(bytes: &[u8]) -> Vec<Found> {
    let salt = bytes.chunks_exact(FILE_HEADER_BYTES).take(2).find_map(|copy| {
        match FileHeader::decode(copy.try_into().expect("of this length")) {
            ReadHeader::Valid(header) => Some(header.salt),
            _ => None,
        }
    });
    let Some(salt) = salt else { return Vec::new() };
    let block = usize::try_from(BLOCK_BYTES).expect("small");
    let found = |offset: usize| {
        let bytes = &bytes[offset..];
        let (header, payload) = bytes.split_first_chunk()?;
        let header = RecordHeader::decode(header, salt, offset as u64)?;
        let payload = payload.get(..header.payload_bytes as usize).unwrap_or_default().to_vec();
        Some(Found { header, offset, payload })
    };
    (2 * block..bytes.len()).step_by(block).filter_map(found).collect()
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// A compaction under way.
struct Carrying {
    compaction: Compaction<SimDisk>,
    /// Something of it could not be moved.
    stuck: bool,
}

/// How often what happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(pub BTreeMap<&'static str, u64>);

impl Coverage {
    pub fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }
}

struct Model {
    case: Case,
    disk: SimDisk,
    engine: Option<Engine<SimDisk>>,
    fates: Vec<Fate>,
    carrying: Option<Carrying>,
    /// Superblocks that cannot be compacted for now.
    skip: BTreeSet<u32>,
    /// Any bit flipped, or any read failed: findings of damage are no surprise.
    harmed: bool,
    /// A bit of a tombstone flipped: the next open may count one less.
    buried_wrong: bool,
    flipped: BTreeSet<(String, usize)>,
    unreadable: Vec<(String, Range<usize>)>,
    /// The disk may be full by now.
    tight: bool,
    /// An fsync failed since the power was last cut.
    failed_fsync: bool,
    /// Opened knowing that, or read-only: what is not certainly durable is withheld.
    withholding: bool,
    /// The disk read everything when the directory was opened.
    read_all: bool,
    /// A move failed, and may be found to have been made.
    moves_in_doubt: bool,
    /// The process is being killed: any call may have failed.
    killing: bool,
    seen: Coverage,
}

impl Model {
    fn new(case: Case) -> Self {
        let disk = SimDisk::new();
        if let Some(bytes) = case.total_bytes {
            disk.set_total_bytes(bytes);
        }
        if !case.can_allocate {
            disk.set_cannot_allocate();
        }
        let mut model = Self {
            tight: case.total_bytes.is_some(),
            case,
            disk,
            engine: None,
            fates: vec![Fate::default(); NAMES.into()],
            carrying: None,
            skip: BTreeSet::new(),
            harmed: false,
            buried_wrong: false,
            flipped: BTreeSet::new(),
            unreadable: Vec::new(),
            failed_fsync: false,
            withholding: false,
            read_all: true,
            moves_in_doubt: false,
            killing: false,
            seen: Coverage::default(),
        };
        model.open();
        model
    }

    fn config(&self) -> Config {
        Config {
            superblock_bytes_max: SUPERBLOCK_BYTES,
            failed_fsync: self.failed_fsync,
            full_percent: self.case.full_percent,
            reserve_bytes: self.case.reserve_blocks * BLOCK_BYTES,
            ..Config::new(DirId(1), [3; 32])
        }
    }

    fn engine(&mut self) -> &mut Engine<SimDisk> {
        self.engine.as_mut().expect("open between steps")
    }

    fn fate(&mut self, name: u8) -> &mut Fate {
        &mut self.fates[usize::from(name)]
    }

    fn saw(&mut self, what: &'static str) {
        *self.seen.0.entry(what).or_default() += 1;
    }

    fn faults(&self) -> Faults {
        let mut pending = Faults::default();
        self.disk.inject(|faults| pending = faults.clone());
        pending
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::Write(changes) => self.write(changes),
            Step::Compact(carry) => self.compact(carry),
            Step::PutAgain => self.put_again(),
            Step::CompactAll(power) => {
                self.compact_all();
                power.iter().for_each(|seed| self.reboot(*seed));
            }
            Step::AbandonCompaction => self.carrying = None,
            Step::Scrub => self.scrub(),
            Step::Restart { clean } => self.restart(*clean),
            Step::Reboot(seed) => self.reboot(*seed),
            Step::Kill { amid, after, power, full } => self.kill(amid, *after, *power, *full),
            // a record that is withheld or not found could be hit without the model knowing which
            Step::Flip { .. } if self.fates.iter().any(|fate| fate.lax) => {}
            Step::Flip { target, platter_only, seed } => self.flip(*target, *platter_only, &mut Dice(*seed)),
            Step::Unreadable(seed) => self.make_unreadable(&mut Dice(*seed)),
            Step::Enospc(bytes) => {
                self.tight = true;
                self.disk.inject(|faults| faults.enospc_after = Some(*bytes));
            }
            Step::FailSync(after) => self.disk.inject(|faults| faults.sync_fails_after = Some(*after)),
            Step::FailRead(after) => self.disk.inject(|faults| faults.read_fails_after = Some(*after)),
            Step::FailWrite(after) => self.disk.inject(|faults| faults.write_fails_after = Some(*after)),
            Step::FailPunch(after) => self.disk.inject(|faults| faults.punch_fails_after = Some(*after)),
            Step::FillUp(free_bytes) => {
                self.tight = true;
                self.disk.fill_up_to(*free_bytes);
            }
            Step::ReadOnly => self.disk.set_read_only(true),
            Step::Heal => self.heal(),
        }
    }

    fn heal(&mut self) {
        self.disk.heal();
        self.unreadable.clear();
        self.tight = self.case.total_bytes.is_some();
    }

    fn restart(&mut self, clean: bool) {
        let counts = self.counts();
        self.stop(clean);
        self.saw("restarts");
        self.open();
        if let (Some(before), Some(after)) = (counts, self.counts()) {
            assert!(before == after, "ENG-LIVE: {before:?} before a restart, {after:?} after");
            self.saw("counts compared");
        }
    }

    fn reboot(&mut self, seed: u64) {
        self.stop(false);
        self.disk.reboot(&mut Dice(seed));
        // what the failed fsync lost is gone from the cache too, so a check would find all that is served
        self.failed_fsync = false;
        self.saw("power cuts");
        self.open();
    }

    fn kill(&mut self, amid: &Amid, after: usize, power: Option<u64>, full: bool) {
        self.failed_fsync |= matches!(self.engine().refuses_writes(), Some(Refusal::FailedFsync(_)));
        self.killing = true;
        // an fsync may fail of which nobody is told
        let sync_fails_after = self.faults().sync_fails_after;
        self.disk
            .inject(|faults| *faults = Faults { killed_after: Some(after), sync_fails_after, ..Faults::default() });
        // answers that were given before the end count, whoever heard them
        match amid {
            Amid::Write(changes) => self.write(changes),
            Amid::Compact(carry) => self.compact(carry),
            Amid::Restart => self.restart(true),
        }
        self.stop(false);
        self.disk.inject(|faults| *faults = Faults::default());
        self.killing = false;
        self.saw("kills");
        if full {
            self.apply(&Step::FillUp(0));
        }
        match power {
            Some(seed) => self.reboot(seed),
            None => self.open(),
        }
    }

    /// The process ends. That an fsync failed is remembered elsewhere.
    fn stop(&mut self, clean: bool) {
        self.carrying = None;
        let Some(engine) = self.engine.take() else { return };
        let reader = engine.reader();
        if clean {
            engine.close();
        }
        self.failed_fsync |= !self.killing && matches!(reader.stats().refusal, Some(Refusal::FailedFsync(_)));
    }

    fn open(&mut self) {
        let read_fault = self.faults().read_fails_after.is_some();
        let opened = Engine::open(self.disk.clone(), self.config());
        let (engine, recovery) = match opened {
            Ok(opened) => opened,
            Err(_) if self.killing => return,
            Err(error) => panic!("DSK-1: damage is no reason not to open: {error}"),
        };
        let hazy = self.killing || (read_fault && self.faults().read_fails_after.is_none());
        self.harmed |= hazy;
        self.read_all = !hazy && self.unreadable.is_empty();
        self.withholding = engine.refuses_writes().is_some();
        self.failed_fsync |= matches!(engine.refuses_writes(), Some(Refusal::FailedFsync(_)));
        self.engine = Some(engine);
        self.skip.clear();
        self.moves_in_doubt = false;
        let unreadable = self.names_in(&self.unreadable, |_| true);
        let everything: Vec<_> = self.disk.files().into_keys().map(|file| (file, 0..usize::MAX)).collect();
        let is_tombstone = |header: &RecordHeader| header.kind == Kind::Tombstone;
        let unburied = self.names_in(if hazy { &everything } else { &self.unreadable }, is_tombstone);
        for (fate, name) in self.fates.iter_mut().zip(0..) {
            fate.lax = self.withholding || hazy || unreadable.contains(&name);
            if unburied.contains(&name) && !fate.promised {
                (fate.haunted, fate.possible) = (true, true);
            }
            fate.possible |= fate.put_in_doubt;
            fate.promised &= !fate.delete_in_doubt;
            if !fate.lax {
                (fate.put_in_doubt, fate.delete_in_doubt) = (false, false);
            }
        }
        let loss = recovery.findings.iter().find(|finding| finding.is_loss());
        assert!(
            loss.is_none() || self.withholding || self.harmed,
            "DSK-1: reported as damage although none was done: {loss:?}"
        );
        self.check_all();
    }

    fn write(&mut self, changes: &[Change]) {
        let ops: Vec<_> = changes.iter().map(|change| change.op()).collect();
        let refused = self.engine().refuses_writes().is_some();
        let is_good = |(name, fate): (u8, &Fate)| fate.promised && fate.is_settled() && !self.is_unreadable(name);
        let good: Vec<bool> = (0..).zip(&self.fates).map(is_good).collect();
        let reads = self.faults().read_fails_after.is_none() && self.read_all && !self.killing;
        let writes_fail = self.faults().write_fails_after.is_some() || self.killing;
        let mut deletes_left = if writes_fail { 0 } else { self.reserve_blocks() };
        let answers = self.engine().write_group(&ops);
        assert_eq!(answers.len(), changes.len());
        let mut touched = BTreeSet::new();
        for (change, answer) in changes.iter().zip(&answers) {
            // the same change twice in a group is made once
            let first = touched.insert(change.name());
            let known_good = first && reads && good[usize::from(change.name())];
            assert!(
                !refused
                    || matches!(answer, Ok(Outcome::AlreadyDurable | Outcome::Absent) | Err(WriteError::NoWrites(_))),
                "DSK-1: {answer:?} for {change:?} after the directory stopped taking writes"
            );
            match answer {
                Err(WriteError::NoWrites(_)) => {
                    assert!(self.killing || self.engine().refuses_writes().is_some(), "DSK-1: refused once only");
                }
                Err(WriteError::Full) => assert!(self.tight || writes_fail, "DSK-1: an empty disk is said to be full"),
                Err(WriteError::Io(error)) => assert!(writes_fail, "DSK-1: {change:?} failed without cause: {error}"),
                Ok(_) => {}
            }
            match change {
                Change::Put(name) => self.judge_put(*name, answer, known_good),
                Change::Delete(name) => {
                    self.judge_delete(*name, answer, first);
                    let full = matches!(answer, Err(WriteError::Full));
                    assert!(!full || deletes_left == 0, "ENG-SPACE: no room for a delete, {deletes_left} blocks kept");
                    deletes_left = deletes_left.saturating_sub(u64::from(answer.is_ok()));
                }
            }
        }
        let created = answers.iter().any(|answer| matches!(answer, Ok(Outcome::Created)));
        if created && self.case.can_allocate && !self.killing && self.engine().refuses_writes().is_none() {
            let deletes = changes.iter().filter(|change| matches!(change, Change::Delete(_))).count() as u64;
            let (kept, wanted) = (self.reserve_blocks(), self.case.reserve_blocks - RECORDS_START / BLOCK_BYTES);
            assert!(
                kept + deletes >= wanted,
                "ENG-SPACE: a chunk was taken, and only {kept} of {wanted} blocks are kept"
            );
        }
        if !self.killing {
            self.check_all();
        }
    }

    fn put_again(&mut self) {
        let in_doubt = |fate: &Fate| fate.put_in_doubt || fate.delete_in_doubt || fate.haunted;
        let names = (0..).zip(&self.fates).filter(|(_, fate)| in_doubt(fate)).map(|(name, _)| Change::Put(name));
        let changes: Vec<_> = names.collect();
        self.write(&changes);
    }

    /// Blocks kept for tombstones.
    fn reserve_blocks(&mut self) -> u64 {
        self.engine().reader().stats().reserve_bytes / BLOCK_BYTES
    }

    fn judge_put(&mut self, name: u8, answer: &Result<Outcome, WriteError>, known_good: bool) {
        let fate = &mut self.fates[usize::from(name)];
        match answer {
            Ok(Outcome::Created) => {
                assert!(!known_good, "DUR-1: {name} is written although a good copy was there");
                fate.put();
                self.saw("created");
            }
            Ok(Outcome::AlreadyDurable) => {
                *fate =
                    Fate { promised: true, possible: true, damaged: fate.damaged, lax: fate.lax, ..Fate::default() };
                self.saw("already durable");
            }
            Ok(other) => panic!("{other:?} is no answer to a put"),
            Err(error) => {
                fate.put_in_doubt = true;
                self.saw_error(error);
            }
        }
    }

    fn judge_delete(&mut self, name: u8, answer: &Result<Outcome, WriteError>, first: bool) {
        // what was not read may hold it
        let read_all = self.read_all;
        let fate = &mut self.fates[usize::from(name)];
        match answer {
            Ok(Outcome::Deleted) => {
                assert!(fate.possible || fate.lax || !first || !read_all, "{name} was not there to be deleted");
                *fate = Fate::default();
                self.saw("deleted");
            }
            Ok(Outcome::Absent) => {
                let excused = !fate.promised || fate.damaged.is_some() || fate.lax;
                assert!(excused, "DUR-1: {name} is said to be absent");
                fate.promised = false;
                self.saw("absent");
            }
            Ok(other) => panic!("{other:?} is no answer to a delete"),
            Err(error) => {
                fate.delete_in_doubt = true;
                self.saw_error(error);
            }
        }
    }

    fn saw_error(&mut self, error: &WriteError) {
        self.saw(match error {
            WriteError::Full => "full",
            WriteError::NoWrites(Refusal::ReadOnly) => "refused, read-only",
            WriteError::NoWrites(_) => "refused",
            WriteError::Io(_) => "failed to write",
        });
    }

    fn compact(&mut self, carry: &Carry) {
        let reader = self.engine().reader();
        let mut carrying = match self.carrying.take() {
            Some(carrying) => carrying,
            None => match Compaction::plan(&reader, GARBAGE_PERCENT, &self.skip) {
                Ok(Some(compaction)) => Carrying { compaction, stuck: false },
                Ok(None) => return self.write(&carry.between),
                Err(error) => return assert!(self.killing, "no plan: {error}"),
            },
        };
        let batch = carrying.compaction.next(&reader, carry.bytes);
        carrying.stuck |= !batch.unreadable.is_empty();
        self.write(&carry.aimed_at(&batch.moves));
        let writes_fail = self.faults().write_fails_after.is_some() || self.killing;
        let sequences = |reader: &Reader<SimDisk>| {
            let of = |op: &Op| reader.locate(&op.key()).map(|place| place.sequence);
            batch.moves.iter().map(of).collect::<Vec<_>>()
        };
        let before = sequences(&reader);
        let answers = self.engine().write_group(&batch.moves);
        assert!(before == sequences(&reader), "ENG-SEQ: a move changes a sequence");
        let mut failed = false;
        for answer in &answers {
            match answer {
                Ok(Outcome::Moved) => self.saw("moved"),
                Ok(Outcome::Outdated) => self.saw("outdated"),
                Ok(other) => panic!("{other:?} is no answer to a move"),
                Err(WriteError::Io(error)) => assert!(writes_fail, "DSK-1: a move failed without cause: {error}"),
                Err(WriteError::Full) => assert!(self.tight || writes_fail, "DSK-1: an empty disk is said to be full"),
                Err(WriteError::NoWrites(_)) => assert!(self.killing || self.engine().refuses_writes().is_some()),
            }
            failed |= answer.is_err();
        }
        self.moves_in_doubt |= failed;
        let done = carrying.compaction.bytes_left() == 0 && !carrying.stuck;
        if (done || carry.hasty) && !failed {
            self.retire(&mut carrying, done);
        } else if !failed && carrying.compaction.bytes_left() > 0 {
            self.carrying = Some(carrying);
        } else if carrying.stuck {
            self.skip.insert(carrying.compaction.superblock());
        }
        if !self.killing {
            self.check_all();
        }
    }

    fn retire(&mut self, carrying: &mut Carrying, done: bool) {
        match self.engine().retire(&carrying.compaction) {
            Ok(_) => self.saw("retired"),
            Err(RetireError::InUse { live_chunks, tombstones }) => {
                assert!(!done, "{live_chunks} chunks and {tombstones} tombstones were not moved");
                self.saw("not yet retired");
            }
            Err(RetireError::Write(error)) => {
                let refused = self.killing || self.engine().refuses_writes().is_some();
                assert!(refused, "DSK-1: not retired without cause: {error}");
            }
        }
    }

    /// Until nothing is left that is worth it, or can be done.
    fn compact_all(&mut self) {
        let carry = Carry { bytes: 1 << 20, between: vec![], hasty: false };
        for _ in 0..100 {
            let reader = self.engine().reader();
            if self.carrying.is_none() && !matches!(Compaction::plan(&reader, GARBAGE_PERCENT, &self.skip), Ok(Some(_)))
            {
                return;
            }
            let before = self.engine().reader().stats();
            self.compact(&carry);
            let after = self.engine().reader().stats();
            if (before.retired_superblocks, before.moved_bytes) == (after.retired_superblocks, after.moved_bytes) {
                return;
            }
        }
        panic!("ENG-SPACE: compaction finds no end");
    }

    fn scrub(&mut self) {
        let reader = self.engine().reader();
        for key in reader.list(&(0..=u64::MAX), None, usize::MAX) {
            let name = name_of(&key);
            let place = reader.locate(&key).map(|place| (place.superblock, place.offset));
            let bad = place.is_some() && self.fate(name).damaged == place;
            let read_fault = self.faults().read_fails_after.is_some();
            match reader.check(&key) {
                Ok(bytes) => {
                    assert_eq!(bytes as usize, put(name).chunk.bytes().len());
                    assert!(!bad, "INT-1: scrubbing does not see that {name} is damaged");
                }
                Err(GetError::Corrupt { .. }) => {
                    let fate = self.fate(name);
                    let excused = fate.damaged.is_some() || fate.lax || fate.haunted;
                    assert!(excused, "INT-1: {name} is said to be damaged");
                    assert!(reader.damaged(None, usize::MAX).contains(&key), "damage of {name} is not remembered");
                    self.saw("found by scrub");
                }
                Err(GetError::Io(_)) => assert!(read_fault || self.is_unreadable(name)),
                Err(GetError::NotFound) => panic!("DUR-1: {name} is listed and not found"),
            }
        }
        self.check_all();
    }

    fn check_all(&mut self) {
        (0..NAMES).for_each(|name| self.check(name));
        let reader = self.engine().reader();
        let listed = reader.list(&(0..=u64::MAX), None, usize::MAX);
        let stats = reader.stats();
        let bytes: u64 = listed.iter().map(|key| put(name_of(key)).chunk.bytes().len() as u64).sum();
        let live: u64 = reader.superblocks().iter().map(|info| info.live_chunks).sum();
        let counted = (stats.chunks, stats.chunk_bytes, live);
        assert_eq!(
            counted,
            (listed.len() as u64, bytes, listed.len() as u64),
            "ENG-LIVE: counts differ from the listing"
        );
        for name in 0..NAMES {
            let has = listed.binary_search(&key(name)).is_ok();
            assert_eq!(has, reader.chunk_bytes(&key(name)).is_some(), "ENG-LIVE: {name} is listed, or is there");
        }
    }

    fn check(&mut self, name: u8) {
        let reader = self.engine().reader();
        let read = match reader.get(&key(name)) {
            Err(GetError::Io(_)) => reader.get(&key(name)),
            read => read,
        };
        let unreadable = read.is_err() && self.is_unreadable(name);
        let fate = self.fate(name);
        match read {
            Ok(bytes) => {
                assert!(bytes == put(name).chunk.bytes(), "INT-1: wrong bytes of {name} served");
                assert!(fate.possible || fate.lax, "ENG-DEL: {name} is back");
                fate.promised |= !(fate.lax || fate.haunted || fate.delete_in_doubt);
            }
            Err(error) => {
                let excused = !fate.promised || fate.damaged.is_some() || fate.lax || unreadable;
                assert!(excused, "DUR-1: {name} is lost: {error}");
                let absent = matches!(error, GetError::NotFound);
                assert!(absent || fate.possible || fate.lax, "ENG-DEL: something of {name} is left: {error}");
                fate.possible &= !absent || fate.lax || fate.haunted || fate.damaged.is_some();
            }
        }
    }

    /// What is counted for each superblock, when a restart must not change it.
    fn counts(&mut self) -> Option<BTreeMap<u32, (u64, u64, u64)>> {
        let engine = self.engine.as_ref()?;
        let settled = self.fates.iter().all(Fate::is_settled) && self.read_all && !self.moves_in_doubt && !self.killing;
        if !settled || engine.refuses_writes().is_some() {
            return None;
        }
        let infos = engine.reader().superblocks().into_iter();
        let tombstones = |found: u64| if self.buried_wrong { 0 } else { found };
        let counted = infos.map(|info| (info.number, (info.live_chunks, info.live_bytes, tombstones(info.tombstones))));
        Some(counted.filter(|(_, counts)| *counts != (0, 0, 0)).collect())
    }

    /// File and offset of a bit to flip.
    fn aim(&mut self, target: Target, dice: &mut Dice) -> Option<(String, usize)> {
        let reader = self.engine().reader();
        if let Target::Chunk(name) = target {
            let place = reader.locate(&key(name))?;
            let length = RECORD_HEADER_BYTES + place.payload_bytes as usize;
            let offset = usize::try_from(place.offset).expect("small files") + dice.below(length);
            return Some((file_name(place.superblock), offset));
        }
        let files: Vec<_> = self.disk.files().into_iter().collect();
        let (file, bytes) = files.get(dice.below(files.len().max(1)))?;
        let block = usize::try_from(BLOCK_BYTES).expect("small");
        let from = if matches!(target, Target::Footer) { bytes.len().saturating_sub(block) } else { 0 };
        // the entries, which begin the block, and the trailer, which ends it, are more interesting than what is between
        let length = (bytes.len() - from).max(1);
        let offset = match (target, dice.below(2)) {
            (Target::Footer, 0) => dice.below(length.min(512)),
            _ => dice.below(length),
        };
        Some((file.clone(), from + offset))
    }

    fn flip(&mut self, target: Target, platter_only: bool, dice: &mut Dice) {
        let reader = self.engine().reader();
        let Some((file, offset)) = self.aim(target, dice) else { return };
        if spared(&file).contains(&offset) || !self.flipped.insert((file.clone(), offset)) {
            return;
        }
        let hit = records(&self.disk.files()[&file]).into_iter().find(|found| found.range().contains(&offset));
        if let Some(Found { header, offset, .. }) = hit {
            let place = reader.locate(&header.key).map(|place| (file_name(place.superblock), place.offset));
            let fate = self.fate(name_of(&header.key));
            if header.kind == Kind::Tombstone {
                (fate.haunted, fate.possible) = (true, true);
                self.buried_wrong = true;
            } else if place == Some((file.clone(), offset as u64)) {
                fate.damaged = Some((reader.locate(&header.key).expect("just now").superblock, offset as u64));
            }
        }
        self.harmed = true;
        self.saw("flips");
        let bit = u8::try_from(dice.below(8)).expect("a bit");
        if platter_only {
            self.disk.flip_on_platter(&file, offset, bit);
        } else {
            self.disk.flip(&file, offset, bit);
        }
    }

    fn make_unreadable(&mut self, dice: &mut Dice) {
        let files: Vec<_> = self.disk.files().into_iter().filter(|(_, bytes)| !bytes.is_empty()).collect();
        let Some((file, bytes)) = files.get(dice.below(files.len().max(1))) else { return };
        let block = usize::try_from(BLOCK_BYTES).expect("small");
        let start = dice.below(bytes.len().div_ceil(block)) * block;
        let range = start..start + (1 + dice.below(3)) * block;
        if overlap(&range, &spared(file)) {
            return;
        }
        self.disk.set_unreadable(file, range.clone());
        for name in self.names_in(&[(file.clone(), range.clone())], |_| true) {
            self.fate(name).lax = true;
        }
        self.unreadable.push((file.clone(), range));
        self.harmed = true;
        self.saw("unreadable stretches");
    }

    /// Names of which such a record lies in one of these ranges.
    fn names_in(&self, ranges: &[(String, Range<usize>)], such: impl Fn(&RecordHeader) -> bool) -> BTreeSet<u8> {
        if ranges.is_empty() {
            return BTreeSet::new();
        }
        let files = self.disk.files();
        let hit = |(file, range): &(String, Range<usize>)| {
            let found = files.get(file).map(|bytes| records(bytes)).unwrap_or_default().into_iter();
            let inside = found.filter(|found| overlap(&found.range(), range) && such(&found.header));
            inside.map(|found| name_of(&found.header.key)).collect::<Vec<_>>()
        };
        ranges.iter().flat_map(hit).collect()
    }

    /// Whether the record that is served of a name lies where the disk does not read.
    fn is_unreadable(&self, name: u8) -> bool {
        if self.unreadable.is_empty() {
            return false;
        }
        let place = self.engine.as_ref().and_then(|engine| engine.reader().locate(&key(name)));
        place.is_some_and(|place| {
            let start = usize::try_from(place.offset).expect("small files");
            let record = start..start + RECORD_HEADER_BYTES + place.payload_bytes as usize;
            let file = file_name(place.superblock);
            self.unreadable.iter().any(|(bad, range)| *bad == file && overlap(range, &record))
        })
    }

    /// The disk works again: all that was promised is there, stays there, and can be deleted.
    fn finish(&mut self, at: &RefCell<String>) {
        let now = |what: &str| drop(at.replace(format!("at the end: {what}")));
        now("power cut");
        self.heal();
        self.reboot(1);
        now("compaction of all");
        self.compact_all();
        now("restart");
        self.restart(true);
        self.check_sequences();
        now("deletion of all");
        self.empty();
        now("compaction of all that was deleted");
        for _ in 0..2 {
            self.restart(true);
            self.compact_all();
        }
        if self.fates.iter().any(|fate| fate.possible && !fate.haunted && fate.damaged.is_none()) {
            return;
        }
        let left = self.engine().reader().superblocks();
        assert!(left.len() <= 2, "ENG-SPACE: everything was deleted, and {left:?} stay");
        self.saw("emptied");
    }

    /// Deletes everything, what takes most first.
    fn empty(&mut self) {
        let reserved = self.reserve_blocks() > 0 || self.case.total_bytes.is_none();
        let mut names: Vec<u8> = (0..NAMES).collect();
        names.sort_by_key(|&name| std::cmp::Reverse(blocks(name)));
        for name in names {
            if self.engine().reader().chunk_bytes(&key(name)).is_none() {
                continue;
            }
            self.write(&[Change::Delete(name)]);
            if self.engine().reader().chunk_bytes(&key(name)).is_some() {
                self.compact_all();
                self.write(&[Change::Delete(name)]);
                let stays = self.engine().reader().chunk_bytes(&key(name)).is_some();
                assert!(!stays || blocks(name) == 1 || !reserved, "ENG-SPACE: {name} cannot be deleted");
            }
        }
    }

    fn check_sequences(&mut self) {
        let mut known: BTreeMap<u64, (Key, Kind, Vec<u8>)> = BTreeMap::new();
        for (file, bytes) in self.disk.files() {
            for Found { header, payload, offset } in records(&bytes) {
                let punched = payload.iter().all(|byte| *byte == 0);
                let intact = crc32c::crc32c(&payload) == header.payload_crc;
                let (key, kind, bytes) =
                    known.entry(header.sequence).or_insert_with(|| (header.key, header.kind, payload.clone()));
                let same = *key == header.key
                    && *kind == header.kind
                    && (!intact || punched || !self.sound(bytes, key) || *bytes == payload);
                assert!(same, "ENG-SEQ: {file} at {offset} has the sequence of another record");
            }
        }
    }

    fn sound(&self, bytes: &[u8], key: &Key) -> bool {
        put(name_of(key)).chunk.bytes() == bytes
    }
}

/// Of the two copies of the file header one always stays: which, depends on the file.
fn spared(file: &str) -> Range<usize> {
    let start = FILE_HEADER_BYTES * (usize::from(file.as_bytes()[7]) % 2);
    start..start + FILE_HEADER_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cases in CI: a few seconds. `cargo model` runs for as long as asked.
    const CASES: u64 = 3_000;

    #[test]
    fn a_case_is_repeated_by_its_seed() {
        for seed in 0..20 {
            let [once, again] = [(); 2].map(|()| run(seed, false).map_err(|failure| failure.why));
            assert_eq!(once, again);
        }
    }

    #[test]
    fn nothing_acknowledged_is_lost_nothing_deleted_comes_back_and_nothing_wrong_is_served() {
        for seed in 0..CASES {
            if let Err(failure) = run(seed, true) {
                panic!("{}\n{}\nrepeat it with: cargo model -- --seed {seed}", failure.why, failure.steps);
            }
        }
    }
}
