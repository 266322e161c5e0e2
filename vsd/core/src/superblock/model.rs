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

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    ops::Range,
    panic,
    sync::{LazyLock, Once},
};

use bytes::Bytes;
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestError, TestRng, TestRunner},
};
use vs_core::id::DirId;

use super::{
    Compaction, Config, Engine, GetError, Key, Op, Outcome, Put, Refusal, RetireError, WriteError,
    format::{
        BLOCK_BYTES, FILE_HEADER_BYTES, FileHeader, Kind, RECORD_HEADER_BYTES, RECORDS_START, ReadHeader, RecordHeader,
        file_name,
    },
    sim::{Dice, Faults, SimDisk},
};

/// Different chunks in the model: few enough to meet again, too many to be all there soon.
const NAMES: u8 = 56;
/// Names from here on have the bytes of the first ones, for another asset.
const CONTENTS: u8 = 42;
/// Small, so that files roll over all the time.
const SUPERBLOCK_BYTES: u64 = 96 << 10;
/// Percent of a superblock that is garbage once it is worth compacting: more than its headers and footer.
const GARBAGE_PERCENT: u8 = 40;
/// Most cases tried on the way to a smaller one that fails.
const SHRINK_STEPS: u32 = 5_000;

/// One change asked of the writer, by the name of a chunk.
#[derive(Clone, Copy, Debug)]
enum Change {
    Put(u8),
    Delete(u8),
}

impl Change {
    fn name(self) -> u8 {
        match self {
            Self::Put(name) | Self::Delete(name) => name,
        }
    }

    fn op(self) -> Op {
        match self {
            Self::Put(name) => put(name).clone().into(),
            Self::Delete(name) => Op::Delete(key(name)),
        }
    }
}

/// A part of a compaction.
#[derive(Clone, Debug)]
struct Carry {
    bytes: u64,
    /// What the writer does between the reading and the writing of a batch.
    between: Vec<Change>,
    /// Wants the superblock gone whether or not all was moved.
    hasty: bool,
}

#[derive(Clone, Debug)]
enum Step {
    Write(Vec<Change>),
    /// Plans a compaction if none is under way, and takes it one batch further.
    Compact(Carry),
    CompactAll,
    AbandonCompaction,
    Scrub,
    /// The process stops and starts again; what it wrote stays in the page cache.
    Restart {
        clean: bool,
    },
    /// The power goes.
    Reboot(u64),
    /// The process is killed; then the power goes as well, or it starts again.
    Kill {
        amid: Amid,
        after: usize,
        power: Option<u64>,
    },
    /// A bit flips: in the newest record of a chunk if one is named, else anywhere.
    Flip {
        name: Option<u8>,
        platter_only: bool,
        seed: u64,
    },
    /// Some blocks cannot be read any more.
    Unreadable(u64),
    Enospc(usize),
    FailSync(u32),
    FailRead(u32),
    FailWrite(u32),
    FailPunch(u32),
    /// Something else fills the disk but for so many bytes.
    FillUp(u64),
    ReadOnly,
    /// All faults are over.
    Heal,
}

#[derive(Clone, Debug)]
enum Amid {
    Write(Vec<Change>),
    Compact(Carry),
    /// A clean stop, and the start after it.
    Restart,
}

/// A disk, and what happens on it. Repeated by its seed.
#[derive(Clone, Debug)]
struct Case {
    /// Size of the disk; there is no end of it if there is none.
    total_bytes: Option<u64>,
    full_percent: u8,
    reserve_blocks: u64,
    can_allocate: bool,
    steps: Vec<Step>,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![3 => (0..NAMES).prop_map(Change::Put), 2 => (0..NAMES).prop_map(Change::Delete)]
}

/// Mostly puts, or mostly deletes, or both.
fn changes() -> impl Strategy<Value = Vec<Change>> {
    let names = || prop::collection::vec(0..NAMES, 1..7);
    prop_oneof![
        3 => names().prop_map(|names| names.into_iter().map(Change::Put).collect()),
        2 => names().prop_map(|names| names.into_iter().map(Change::Delete).collect()),
        2 => prop::collection::vec(change(), 1..7),
    ]
}

fn carry() -> impl Strategy<Value = Carry> {
    let bytes = prop_oneof![1u64..30_000, Just(1 << 20)];
    let between = prop_oneof![2 => Just(vec![]), 1 => prop::collection::vec(change(), 1..4)];
    (bytes, between, prop::bool::weighted(0.1)).prop_map(|(bytes, between, hasty)| Carry { bytes, between, hasty })
}

fn amid() -> impl Strategy<Value = Amid> {
    prop_oneof![3 => changes().prop_map(Amid::Write), 2 => carry().prop_map(Amid::Compact), 1 => Just(Amid::Restart)]
}

fn step() -> impl Strategy<Value = Step> {
    let seed = any::<u64>;
    let flip = (prop::option::of(0..NAMES), any::<bool>(), seed());
    prop_oneof![
        20 => changes().prop_map(Step::Write),
        9 => carry().prop_map(Step::Compact),
        1 => Just(Step::CompactAll),
        1 => Just(Step::AbandonCompaction),
        1 => Just(Step::Scrub),
        4 => any::<bool>().prop_map(|clean| Step::Restart { clean }),
        4 => seed().prop_map(Step::Reboot),
        5 => (amid(), 0usize..40, prop::option::of(seed())).prop_map(|(amid, after, power)| Step::Kill { amid, after, power }),
        2 => flip.prop_map(|(name, platter_only, seed)| Step::Flip { name, platter_only, seed }),
        1 => seed().prop_map(Step::Unreadable),
        2 => (0usize..60_000).prop_map(Step::Enospc),
        1 => (0u32..5).prop_map(Step::FailSync),
        1 => (0u32..20).prop_map(Step::FailRead),
        1 => (0u32..5).prop_map(Step::FailWrite),
        1 => (0u32..3).prop_map(Step::FailPunch),
        2 => prop_oneof![Just(0u64), 0u64..60_000].prop_map(Step::FillUp),
        1 => Just(Step::ReadOnly),
        3 => Just(Step::Heal),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let total_bytes = prop_oneof![2 => Just(None), 1 => (250u64..800).prop_map(|kib| Some(kib << 10))];
    let full_percent = prop_oneof![Just(95), Just(100)];
    (total_bytes, full_percent, 3u64..14, prop::bool::weighted(0.9), prop::collection::vec(step(), 1..50)).prop_map(
        |(total_bytes, full_percent, reserve_blocks, can_allocate, steps)| Case {
            total_bytes,
            full_percent,
            reserve_blocks,
            can_allocate,
            steps,
        },
    )
}

/// The chunk of a name: always the same, of a length from one byte to several blocks. Some contain what looks like a
/// record.
fn chunk(content: u8) -> Bytes {
    let length = [1, 100, 3_967, 3_968, 3_969, 9_000, 20_000][usize::from(content) % 7];
    let byte = |i: usize| if i % 512 < 4 && length > 1 { b"VSRC"[i % 512] } else { content };
    (0..length).map(byte).collect()
}

fn puts() -> &'static [Put] {
    static PUTS: LazyLock<Vec<Put>> = LazyLock::new(|| {
        let put = |name: u8| super::sim::put(u64::from(name / CONTENTS) + 1, chunk(name % CONTENTS));
        (0..NAMES).map(put).collect()
    });
    &PUTS
}

fn put(name: u8) -> &'static Put {
    &puts()[usize::from(name)]
}

fn key(name: u8) -> Key {
    put(name).key()
}

fn name_of(of: &Key) -> u8 {
    static NAMES_OF: LazyLock<BTreeMap<Key, u8>> = LazyLock::new(|| (0..NAMES).map(|name| (key(name), name)).collect());
    NAMES_OF[of]
}

fn blocks(name: u8) -> u64 {
    (RECORD_HEADER_BYTES as u64 + put(name).chunk.bytes().len() as u64).div_ceil(BLOCK_BYTES)
}

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
#[derive(Clone, Debug, Default)]
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
    flipped: BTreeSet<(String, usize)>,
    unreadable: Vec<(String, Range<usize>)>,
    /// The disk may be full by now.
    tight: bool,
    /// An fsync failed since the power was last cut.
    failed_fsync: bool,
    /// Opened knowing that: what is not certainly durable is withheld.
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
            Step::CompactAll => self.compact_all(),
            Step::AbandonCompaction => self.carrying = None,
            Step::Scrub => self.scrub(),
            Step::Restart { clean } => self.restart(*clean),
            Step::Reboot(seed) => self.reboot(*seed),
            Step::Kill { amid, after, power } => self.kill(amid, *after, *power),
            // a record that is withheld or not found could be hit without the model knowing which
            Step::Flip { .. } if self.fates.iter().any(|fate| fate.lax) => {}
            Step::Flip { name, platter_only, seed } => self.flip(*name, *platter_only, &mut Dice(*seed)),
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
            assert_eq!(before, after, "ENG-LIVE: counts differ after a restart");
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

    fn kill(&mut self, amid: &Amid, after: usize, power: Option<u64>) {
        self.failed_fsync |= matches!(self.engine().refuses_writes(), Some(Refusal::FailedFsync(_)));
        self.killing = true;
        self.disk.inject(|faults| *faults = Faults { killed_after: Some(after), ..Faults::default() });
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
        self.withholding = matches!(engine.refuses_writes(), Some(Refusal::FailedFsync(_)));
        self.failed_fsync |= self.withholding;
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
        let mut deletes_left = self.reserve_blocks();
        let writes_fail = self.faults().write_fails_after.is_some() || self.killing;
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
        self.write(&carry.between);
        let writes_fail = self.faults().write_fails_after.is_some() || self.killing;
        let answers = self.engine().write_group(&batch.moves);
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
                    assert!(bad || self.fate(name).lax, "INT-1: {name} is said to be damaged");
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
                assert_eq!(bytes, put(name).chunk.bytes(), "INT-1: wrong bytes served");
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
        let settled = self.fates.iter().all(Fate::is_settled) && !self.moves_in_doubt && !self.killing;
        if !settled || engine.refuses_writes().is_some() {
            return None;
        }
        let infos = engine.reader().superblocks().into_iter();
        let counted = infos.map(|info| (info.number, (info.live_chunks, info.live_bytes, info.tombstones)));
        Some(counted.filter(|(_, counts)| *counts != (0, 0, 0)).collect())
    }

    fn flip(&mut self, name: Option<u8>, platter_only: bool, dice: &mut Dice) {
        let reader = self.engine().reader();
        let (file, offset) = match name {
            Some(name) => {
                let Some(place) = reader.locate(&key(name)) else { return };
                let length = RECORD_HEADER_BYTES + place.payload_bytes as usize;
                (file_name(place.superblock), usize::try_from(place.offset).expect("small files") + dice.below(length))
            }
            None => {
                let files: Vec<_> = self.disk.files().into_iter().collect();
                let Some((file, bytes)) = files.get(dice.below(files.len().max(1))) else { return };
                (file.clone(), dice.below(bytes.len().max(1)))
            }
        };
        if spared(&file).contains(&offset) || !self.flipped.insert((file.clone(), offset)) {
            return;
        }
        let hit = records(&self.disk.files()[&file]).into_iter().find(|found| found.range().contains(&offset));
        if let Some(Found { header, offset, .. }) = hit {
            let place = reader.locate(&header.key).map(|place| (file_name(place.superblock), place.offset));
            let fate = self.fate(name_of(&header.key));
            if header.kind == Kind::Tombstone {
                (fate.haunted, fate.possible) = (true, true);
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

/// A case that failed, shrunk.
#[derive(Debug)]
pub struct Failure {
    pub why: String,
    pub steps: String,
}

thread_local! {
    /// Panics of this thread are caught and told of elsewhere.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f`, of which the panics are expected.
fn quietly<T>(f: impl FnOnce() -> T) -> T {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    QUIET.set(true);
    let done = f();
    QUIET.set(false);
    done
}

/// Runs the case of a seed to its end.
///
/// # Errors
/// When an invariant does not hold.
pub fn run(seed: u64, shrink: bool) -> Result<Coverage, Box<Failure>> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: if shrink { SHRINK_STEPS } else { 0 },
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let tree = case().new_tree(&mut runner).expect("every case can be made");
    let seen = RefCell::new(Coverage::default());
    let at = RefCell::new(String::new());
    let ran = quietly(|| {
        runner.run_one(tree, |case| {
            let steps = case.steps.clone();
            let mut model = Model::new(case);
            for (nth, step) in steps.iter().enumerate() {
                at.replace(format!("in step {nth}"));
                model.apply(step);
            }
            model.finish(&at);
            *seen.borrow_mut() = model.seen;
            Ok(())
        })
    });
    match ran {
        Ok(_) => Ok(seen.into_inner()),
        Err(TestError::Fail(why, case)) => {
            Err(Box::new(Failure { why: format!("{why}, {}", at.borrow()), steps: describe(&case) }))
        }
        Err(TestError::Abort(why)) => Err(Box::new(Failure { why: why.to_string(), steps: String::new() })),
    }
}

fn describe(case: &Case) -> String {
    let Case { total_bytes, full_percent, reserve_blocks, can_allocate, steps } = case;
    let mut text = format!(
        "total_bytes: {total_bytes:?}, full_percent: {full_percent}, reserve_blocks: {reserve_blocks}, can_allocate: {can_allocate}\n"
    );
    for step in steps {
        writeln!(text, "  {step:?}").expect("writing to a string");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cases in CI: a few seconds. `cargo model` runs for as long as asked.
    const CASES: u64 = 2_000;

    #[test]
    fn nothing_acknowledged_is_lost_nothing_deleted_comes_back_and_nothing_wrong_is_served() {
        for seed in 0..CASES {
            if let Err(failure) = run(seed, true) {
                panic!("{}\n{}\nrepeat it with: cargo model -- --seed {seed}", failure.why, failure.steps);
            }
        }
    }
}
