//! What happens in a case, and the chunks it happens to.

use std::{collections::BTreeMap, sync::LazyLock};

use bytes::Bytes;
use proptest::prelude::*;

use crate::superblock::{
    Key, Op, Put,
    format::{BLOCK_BYTES, RECORD_HEADER_BYTES},
    sim,
};

/// Different chunks in the model: few enough to meet again, too many to be all there soon.
pub(super) const NAMES: u8 = 56;
/// Names from here on have the bytes of the first ones, for another asset.
pub(super) const CONTENTS: u8 = 42;
/// One change asked of the writer, by the name of a chunk.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    Put(u8),
    Delete(u8),
}

impl Change {
    pub(super) fn name(self) -> u8 {
        match self {
            Self::Put(name) | Self::Delete(name) => name,
        }
    }

    pub(super) fn op(self) -> Op {
        match self {
            Self::Put(name) => put(name).clone().into(),
            Self::Delete(name) => Op::Delete(key(name)),
        }
    }
}

/// A part of a compaction.
#[derive(Clone, Debug)]
pub(super) struct Carry {
    pub(super) bytes: u64,
    /// What the writer does between the reading and the writing of a batch.
    pub(super) between: Vec<Change>,
    /// Wants the superblock gone whether or not all was moved.
    pub(super) hasty: bool,
}

impl Carry {
    /// What is done between, half of it to records of the batch.
    pub(super) fn aimed_at(&self, batch: &[Op]) -> Vec<Change> {
        let aim = |name: u8| match batch.get(usize::from(name) / 2 % batch.len().max(1)) {
            Some(op) if name.is_multiple_of(2) => name_of(&op.key()),
            _ => name,
        };
        let aimed = self.between.iter().map(|change| match *change {
            Change::Put(name) => Change::Put(aim(name)),
            Change::Delete(name) => Change::Delete(aim(name)),
        });
        aimed.collect()
    }
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Write(Vec<Change>),
    /// Puts every chunk again of which a change failed.
    PutAgain,
    /// Plans a compaction if none is under way, and takes it one batch further.
    Compact(Carry),
    /// Compacts whatever is worth it; then the power may go.
    CompactAll(Option<u64>),
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
        /// When it starts again the disk is full.
        full: bool,
    },
    /// A bit flips.
    Flip {
        target: Target,
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

#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// The record that is served of a chunk.
    Chunk(u8),
    /// The footer of some superblock.
    Footer,
    Anywhere,
}

#[derive(Clone, Debug)]
pub(super) enum Amid {
    Write(Vec<Change>),
    Compact(Carry),
    /// A clean stop, and the start after it.
    Restart,
}

/// A disk, and what happens on it. Repeated by its seed.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// Size of the disk; there is no end of it if there is none.
    pub(super) total_bytes: Option<u64>,
    pub(super) full_percent: u8,
    pub(super) reserve_blocks: u64,
    pub(super) can_allocate: bool,
    pub(super) steps: Vec<Step>,
}

pub(super) fn change() -> impl Strategy<Value = Change> {
    prop_oneof![3 => (0..NAMES).prop_map(Change::Put), 2 => (0..NAMES).prop_map(Change::Delete)]
}

/// Puts, or deletes, or both, or the end of many.
pub(super) fn changes() -> impl Strategy<Value = Vec<Change>> {
    let names = || prop::collection::vec(0..NAMES, 1..7);
    let many = |(first, count): (u8, u8)| (first..NAMES.min(first + count)).map(Change::Delete).collect();
    prop_oneof![
        1 => (0..NAMES, 8u8..40).prop_map(many),
        3 => names().prop_map(|names| names.into_iter().map(Change::Put).collect()),
        2 => names().prop_map(|names| names.into_iter().map(Change::Delete).collect()),
        2 => prop::collection::vec(change(), 1..7),
    ]
}

pub(super) fn carry() -> impl Strategy<Value = Carry> {
    let bytes = prop_oneof![1u64..30_000, Just(1 << 20)];
    let between = prop_oneof![2 => Just(vec![]), 1 => prop::collection::vec(change(), 1..4)];
    (bytes, between, prop::bool::weighted(0.2)).prop_map(|(bytes, between, hasty)| Carry { bytes, between, hasty })
}

pub(super) fn amid() -> impl Strategy<Value = Amid> {
    prop_oneof![3 => changes().prop_map(Amid::Write), 2 => carry().prop_map(Amid::Compact), 1 => Just(Amid::Restart)]
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let seed = any::<u64>;
    let target =
        prop_oneof![2 => (0..NAMES).prop_map(Target::Chunk), 1 => Just(Target::Footer), 2 => Just(Target::Anywhere)];
    let calls = prop_oneof![2 => 0usize..10, 1 => 0usize..60];
    let kill = (amid(), calls, prop::option::of(seed()), prop::bool::weighted(0.4));
    let flip = (target, any::<bool>(), seed());
    prop_oneof![
        20 => changes().prop_map(Step::Write),
        9 => carry().prop_map(Step::Compact),
        4 => prop::option::of(seed()).prop_map(Step::CompactAll),
        3 => Just(Step::PutAgain),
        1 => Just(Step::AbandonCompaction),
        1 => Just(Step::Scrub),
        4 => any::<bool>().prop_map(|clean| Step::Restart { clean }),
        4 => seed().prop_map(Step::Reboot),
        5 => kill.prop_map(|(amid, after, power, full)| Step::Kill { amid, after, power, full }),
        2 => flip.prop_map(|(target, platter_only, seed)| Step::Flip { target, platter_only, seed }),
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

pub(super) fn case() -> impl Strategy<Value = Case> {
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
pub(super) fn chunk(content: u8) -> Bytes {
    let length = [1, 100, 3_967, 3_968, 3_969, 9_000, 20_000][usize::from(content) % 7];
    let byte = |i: usize| if i % 512 < 4 && length > 1 { b"VSRC"[i % 512] } else { content };
    (0..length).map(byte).collect()
}

pub(super) fn puts() -> &'static [Put] {
    static PUTS: LazyLock<Vec<Put>> = LazyLock::new(|| {
        let put = |name: u8| sim::put(u64::from(name / CONTENTS) + 1, chunk(name % CONTENTS));
        (0..NAMES).map(put).collect()
    });
    &PUTS
}

pub(super) fn put(name: u8) -> &'static Put {
    &puts()[usize::from(name)]
}

pub(super) fn key(name: u8) -> Key {
    put(name).key()
}

pub(super) fn name_of(of: &Key) -> u8 {
    static NAMES_OF: LazyLock<BTreeMap<Key, u8>> = LazyLock::new(|| (0..NAMES).map(|name| (key(name), name)).collect());
    NAMES_OF[of]
}

pub(super) fn blocks(name: u8) -> u64 {
    (RECORD_HEADER_BYTES as u64 + put(name).chunk.bytes().len() as u64).div_ceil(BLOCK_BYTES)
}
