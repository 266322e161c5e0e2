//! A case: everything that a seed decides beforehand. Each seed picks its own mix of what goes wrong, and how large the
//! cluster and its disks are (swarm testing): a mix of everything hides what only some of it brings about.
//!
//! Faults and acts are lists. A smaller case is the same one without some of them.

use std::time::Duration;

use vs_core::mutant::Mutant;
use vsd_core::meta::SettingName;

use crate::{net::Weather, random::Stream};

/// How a cluster is made.
#[derive(Clone, Debug)]
pub struct Shape {
    pub machines: usize,
    pub zones: usize,
    pub drives: usize,
    pub disk_bytes: u64,
    pub superblock_bytes: u64,
    pub reserve_bytes: u64,
    pub weather: Weather,
    /// How long a node takes to apply what is committed, at most.
    pub apply_pace: Duration,
    /// Records of one step of housekeeping.
    pub step_records: u32,
    pub settings: Vec<(SettingName, u64)>,
    /// How long things go wrong.
    pub length: Duration,
}

/// What goes wrong. Numbers name a victim among those that there are then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Crash {
        node: u64,
        down: Duration,
    },
    PowerCut {
        node: u64,
        down: Duration,
    },
    Freeze {
        node: u64,
        frozen: Duration,
    },
    /// The machines are parted in two, by the bits of a number.
    Partition {
        sides: u64,
        lasts: Duration,
    },
    /// One machine does not hear another.
    Deaf {
        from: u64,
        to: u64,
        lasts: Duration,
    },
    SlowNode {
        node: u64,
        by_ms: u64,
        lasts: Duration,
    },
    SlowDisk {
        node: u64,
        by_ms: u64,
        lasts: Duration,
    },
    Weather {
        lost_permille: u64,
        doubled_permille: u64,
        late_permille: u64,
        lasts: Duration,
    },
    LogStall {
        lasts: Duration,
    },
    ApplyStall {
        node: u64,
        by_ms: u64,
        lasts: Duration,
    },
    LeaderFalls,
    SyncFails {
        node: u64,
        after: u64,
    },
    WriteFails {
        node: u64,
        after: u64,
    },
    ReadFails {
        node: u64,
        lasts: Duration,
    },
    DiskFull {
        node: u64,
        lasts: Duration,
    },
    ReadOnly {
        node: u64,
        lasts: Duration,
    },
    BitRot {
        node: u64,
        copy: u64,
    },
    LoseDisk {
        node: u64,
    },
    LoseMachine {
        node: u64,
    },
    /// Forward, or back.
    ClockJump {
        node: u64,
        days: i64,
    },
}

impl Fault {
    /// Whom it strikes.
    fn victim(&mut self) -> Option<&mut u64> {
        match self {
            Self::Crash { node, .. }
            | Self::PowerCut { node, .. }
            | Self::Freeze { node, .. }
            | Self::Deaf { from: node, .. }
            | Self::SlowNode { node, .. }
            | Self::SlowDisk { node, .. }
            | Self::ApplyStall { node, .. }
            | Self::SyncFails { node, .. }
            | Self::WriteFails { node, .. }
            | Self::ReadFails { node, .. }
            | Self::DiskFull { node, .. }
            | Self::ReadOnly { node, .. }
            | Self::BitRot { node, .. }
            | Self::LoseDisk { node }
            | Self::LoseMachine { node }
            | Self::ClockJump { node, .. } => Some(node),
            Self::Partition { .. } | Self::Weather { .. } | Self::LogStall { .. } | Self::LeaderFalls => None,
        }
    }

    /// The same, of this victim.
    #[must_use]
    pub fn aimed_at(mut self, number: u64) -> Self {
        if let Some(victim) = self.victim() {
            *victim = number;
        }
        self
    }
}

/// What goes on in a cluster, of which the middle is the worst time for something to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    UploadTaken,
    OriginalStored,
    PartPut,
    Committed,
    VersionBegun,
    Placed,
    LayoutSet,
}

const MOMENTS: &[Moment] = &[
    Moment::UploadTaken,
    Moment::OriginalStored,
    Moment::PartPut,
    Moment::Committed,
    Moment::VersionBegun,
    Moment::Placed,
    Moment::LayoutSet,
];

/// When something goes wrong: at a time, or from then on when this happens next, and just after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strike {
    pub at: Duration,
    pub on: Option<Moment>,
    pub fault: Fault,
}

/// What people do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Upload { film: u64, node: u64, redundancy: u64 },
    Read { video: u64, node: u64 },
    Play { video: u64, node: u64 },
    Trash { video: u64 },
    Restore { video: u64 },
    Purge { video: u64 },
    SetRedundancy { video: u64, redundancy: u64 },
    Views { video: u64, count: u64 },
    AddMachine { zone: u64 },
    Drain { node: u64 },
    Undrain { node: u64 },
    Remove { node: u64 },
    SetWeight { node: u64, milli: u64 },
    Set { setting: u64, value: u64 },
    Job { job: u64, action: u64 },
    StopMoves,
    StartMoves,
    Scrub { node: u64 },
    Compact { node: u64 },
}

#[derive(Clone, Debug)]
pub struct Case {
    pub seed: u64,
    pub shape: Shape,
    pub faults: Vec<Strike>,
    pub acts: Vec<(Duration, Act)>,
    /// The mistake that is made in it, on purpose.
    pub mutant: Option<Mutant>,
}

/// Most machines that a case begins with, and most that there ever are.
pub const MACHINES_MAX: usize = 12;
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

impl Case {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut shape = Shape::drawn(&mut Stream::of(seed, "shape"));
        let mut dice = Stream::of(seed, "matinee");
        let is_matinee = dice.permille(MATINEE_PERMILLE);
        if is_matinee {
            shape.machines = shape.machines.max(3);
            shape.weather = Weather { lost_permille: 0, late_permille: 0, ..shape.weather };
        }
        let (mut of_faults, mut of_acts) = (Stream::of(seed, "faults"), Stream::of(seed, "acts"));
        let (faults, acts) = if is_matinee {
            let is_parted = dice.permille(PARTED_PERMILLE);
            let (kinds, count) = if is_parted { (PARTED, 1) } else { (AWAY, dice.between(1, 3)) };
            (struck(&mut of_faults, kinds, count, &shape), matinee(&mut of_acts, &shape))
        } else {
            (faults(&mut of_faults, &shape), acts(&mut of_acts, &shape))
        };
        Self { seed, shape, faults, acts, mutant: None }
    }
}

impl Shape {
    fn drawn(dice: &mut Stream) -> Self {
        let few = dice.permille(750);
        let machines = dice.between(1, if few { 6 } else { MACHINES_MAX as u64 });
        let small_disks = dice.permille(150);
        let length = dice.duration(Duration::from_secs(30), Duration::from_secs(180));
        let seconds = |dice: &mut Stream, min: u64, max: u64| dice.between(min, max) * 1_000;
        let settings = vec![
            (SettingName::RepairGrace, seconds(dice, 5, 60)),
            (SettingName::DropDelay, if dice.permille(500) { seconds(dice, 1, 3) } else { seconds(dice, 4, 30) }),
            (SettingName::UploadLease, seconds(dice, 2, 10)),
            // longer than a message may be on its way
            (SettingName::ClientExpiry, seconds(dice, 95, 200)),
            (SettingName::UploadExpiry, 300_000),
            (SettingName::TrashKeep, seconds(dice, 20, 300)),
            (SettingName::PolicyMinAge, seconds(dice, 0, 120)),
            (SettingName::PolicyHotViews, dice.between(10, 1_000)),
            (SettingName::PolicyColdViews, dice.between(0, 10)),
            (SettingName::RepairConcurrency, dice.between(1, 6)),
            (SettingName::RepairRate, if dice.permille(300) { 64 * KIB } else { 64 * MIB }),
        ];
        let rough = dice.permille(400);
        let weather = Weather {
            delay_min: Duration::from_micros(dice.between(100, 1_000)),
            delay_max: Duration::from_millis(dice.between(1, if rough { 200 } else { 20 })),
            lost_permille: if rough { dice.between(0, 30) } else { 0 },
            doubled_permille: if rough { dice.between(0, 50) } else { 0 },
            late_permille: if rough { dice.between(0, 10) } else { 0 },
            late_max: Duration::from_secs(dice.between(1, 90)),
        };
        let is_lagging = dice.permille(200);
        Self {
            machines: usize::try_from(machines).unwrap_or(1),
            zones: usize::try_from(dice.between(1, 3)).unwrap_or(1),
            drives: if dice.permille(250) { 2 } else { 1 },
            disk_bytes: if small_disks { dice.between(MIB, 4 * MIB) } else { 64 * MIB },
            superblock_bytes: if dice.permille(500) { 96 * KIB } else { dice.between(2, 16) * 64 * KIB },
            reserve_bytes: 64 * KIB,
            weather,
            apply_pace: Duration::from_millis(dice.between(1, if is_lagging { 1_500 } else { 50 })),
            step_records: if dice.permille(500) { 200 } else { u32::try_from(dice.between(1, 20)).unwrap_or(1) },
            settings,
            length,
        }
    }
}

/// How often people keep doing the same in a case, and how many events are many.
const THEME_PERMILLE: u64 = 300;
const MANY_EVENTS: u64 = 40;

/// How often a case is nothing but people who look at films, while nodes go away and come back.
const MATINEE_PERMILLE: u64 = 80;
/// How many of these have machines that are parted, once and for long.
const PARTED_PERMILLE: u64 = 400;

/// A kind of thing that may happen: how it is drawn.
type Draw<T> = fn(&mut Stream) -> T;

fn lasting(dice: &mut Stream) -> Duration {
    let long = dice.permille(300);
    dice.duration(Duration::from_millis(200), Duration::from_secs(if long { 90 } else { 12 }))
}

/// Nothing but nodes that are away, for longer than players fetch ahead.
const AWAY: &[Draw<Fault>] = &[
    |d| Fault::Crash { node: d.roll(), down: away(d) },
    |d| Fault::PowerCut { node: d.roll(), down: away(d) },
    |d| Fault::Freeze { node: d.roll(), frozen: away(d) },
];

fn away(dice: &mut Stream) -> Duration {
    dice.duration(Duration::from_secs(5), Duration::from_secs(60))
}

/// Nothing but machines that are parted for long enough that all of them must have noticed.
const PARTED: &[Draw<Fault>] = &[|d| {
    let lasts = d.duration(Duration::from_secs(30), Duration::from_secs(90));
    Fault::Partition { sides: d.roll(), lasts }
}];

const FAULTS: &[Draw<Fault>] = &[
    |d| Fault::Crash { node: d.roll(), down: lasting(d) },
    |d| Fault::PowerCut { node: d.roll(), down: lasting(d) },
    |d| Fault::Freeze { node: d.roll(), frozen: lasting(d) },
    |d| Fault::Partition { sides: d.roll(), lasts: lasting(d) },
    |d| Fault::Deaf { from: d.roll(), to: d.roll(), lasts: lasting(d) },
    |d| Fault::SlowNode { node: d.roll(), by_ms: d.between(10, 3_000), lasts: lasting(d) },
    |d| Fault::SlowDisk { node: d.roll(), by_ms: d.between(10, 8_000), lasts: lasting(d) },
    |d| Fault::Weather {
        lost_permille: d.between(0, 200),
        doubled_permille: d.between(0, 200),
        late_permille: d.between(0, 100),
        lasts: lasting(d),
    },
    |d| Fault::LogStall { lasts: lasting(d) },
    |d| Fault::ApplyStall { node: d.roll(), by_ms: d.between(100, 20_000), lasts: lasting(d) },
    |_| Fault::LeaderFalls,
    |d| Fault::SyncFails { node: d.roll(), after: d.between(0, 10) },
    |d| Fault::WriteFails { node: d.roll(), after: d.between(0, 10) },
    |d| Fault::ReadFails { node: d.roll(), lasts: lasting(d) },
    |d| Fault::DiskFull { node: d.roll(), lasts: lasting(d) },
    |d| Fault::ReadOnly { node: d.roll(), lasts: lasting(d) },
    |d| Fault::BitRot { node: d.roll(), copy: d.roll() },
    |d| Fault::LoseDisk { node: d.roll() },
    |d| Fault::LoseMachine { node: d.roll() },
    |d| {
        let days = i64::try_from(d.between(1, 30)).unwrap_or(8);
        Fault::ClockJump { node: d.roll(), days: if d.permille(300) { -days } else { days } }
    },
];

const SET_REDUNDANCY: Draw<Act> = |d| Act::SetRedundancy { video: d.roll(), redundancy: d.roll() };
const PLAY: Draw<Act> = |d| Act::Play { video: d.roll(), node: d.roll() };
const PURGE: Draw<Act> = |d| Act::Purge { video: d.roll() };
const ADD_MACHINE: Draw<Act> = |d| Act::AddMachine { zone: d.roll() };
const DRAIN: Draw<Act> = |d| Act::Drain { node: d.roll() };
const UNDRAIN: Draw<Act> = |d| Act::Undrain { node: d.roll() };
const REMOVE: Draw<Act> = |d| Act::Remove { node: d.roll() };
const SET_WEIGHT: Draw<Act> = |d| Act::SetWeight { node: d.roll(), milli: d.between(100, 3_000) };
const SET: Draw<Act> = |d| Act::Set { setting: d.roll(), value: d.roll() };
const JOB: Draw<Act> = |d| Act::Job { job: d.roll(), action: d.roll() };
const COMPACT: Draw<Act> = |d| Act::Compact { node: d.roll() };

const ACTS: &[Draw<Act>] = &[
    |d| Act::Read { video: d.roll(), node: d.roll() },
    PLAY,
    |d| Act::Trash { video: d.roll() },
    |d| Act::Restore { video: d.roll() },
    PURGE,
    SET_REDUNDANCY,
    |d| Act::Views { video: d.roll(), count: d.between(1, 2_000) },
    ADD_MACHINE,
    DRAIN,
    UNDRAIN,
    REMOVE,
    SET_WEIGHT,
    SET,
    JOB,
    |_| Act::StopMoves,
    |_| Act::StartMoves,
    |d| Act::Scrub { node: d.roll() },
    COMPACT,
];

/// What together brings about something that is rare in a mix of everything: copies that are wanted, not wanted, and wanted
/// again while somebody lags.
const THEMES: &[&[Draw<Act>]] = &[
    &[SET_REDUNDANCY],
    &[SET_REDUNDANCY, COMPACT],
    &[DRAIN, UNDRAIN],
    &[SET_WEIGHT, COMPACT],
    &[REMOVE, ADD_MACHINE],
    &[PURGE, COMPACT, SET_REDUNDANCY],
    &[JOB, SET_REDUNDANCY, DRAIN, SET],
];

/// Some of the kinds, as many events of them as the case has, in the order of time.
fn mixed<T: Copy>(dice: &mut Stream, kinds: &[Draw<T>], count: u64, shape: &Shape) -> Vec<(Duration, T)> {
    let share = dice.between(100, 900);
    let mut chosen: Vec<_> = kinds.iter().copied().filter(|_| dice.permille(share)).collect();
    chosen.extend(kinds.get(dice.below(kinds.len())));
    drawn(dice, &chosen, count, shape)
}

fn drawn<T: Copy>(dice: &mut Stream, kinds: &[Draw<T>], count: u64, shape: &Shape) -> Vec<(Duration, T)> {
    let mut drawn: Vec<_> = (0..count)
        .map(|_| {
            let kind = kinds[dice.below(kinds.len())];
            (dice.duration(Duration::from_secs(2), shape.length), kind(dice))
        })
        .collect();
    drawn.sort_by_key(|(at, _)| *at);
    drawn
}

fn faults(dice: &mut Stream, shape: &Shape) -> Vec<Strike> {
    let count = match dice.between(0, 9) {
        0 => 0,
        1 => dice.between(MANY_EVENTS / 2, MANY_EVENTS),
        _ => dice.between(1, 14),
    };
    let drawn = mixed(dice, FAULTS, count, shape).into_iter();
    let strike = |(at, fault)| {
        let on = if dice.permille(500) { dice.pick(MOMENTS).copied() } else { None };
        Strike { at, on, fault }
    };
    drawn.map(strike).collect()
}

/// What strikes by the clock alone.
fn struck(dice: &mut Stream, kinds: &[Draw<Fault>], count: u64, shape: &Shape) -> Vec<Strike> {
    let strikes = drawn(dice, kinds, count, shape).into_iter();
    strikes.map(|(at, fault)| Strike { at, on: None, fault }).collect()
}

/// Films that are there early, and many who look at them.
fn matinee(dice: &mut Stream, shape: &Shape) -> Vec<(Duration, Act)> {
    let mut acts: Vec<_> = (1..=dice.between(1, 4))
        .map(|film| {
            let at = dice.duration(Duration::from_secs(1), Duration::from_secs(3));
            (at, Act::Upload { film, node: dice.roll(), redundancy: dice.roll() })
        })
        .collect();
    let count = dice.between(8, 24);
    acts.extend(drawn(dice, &[PLAY], count, shape));
    acts.sort_by_key(|(at, _)| *at);
    acts
}

fn acts(dice: &mut Stream, shape: &Shape) -> Vec<(Duration, Act)> {
    let theme = if dice.permille(THEME_PERMILLE) { dice.pick(THEMES).copied() } else { None };
    let films = dice.between(1, if theme.is_some() { 2 } else { 6 });
    let uploads = (0..dice.between(1, 8)).map(|_| {
        let film = dice.between(1, films);
        let early = dice.permille(500);
        let latest = if early { Duration::from_secs(10) } else { shape.length };
        let at = dice.duration(Duration::from_secs(1), latest);
        (at, Act::Upload { film, node: dice.roll(), redundancy: dice.roll() })
    });
    let mut acts: Vec<_> = uploads.collect();
    acts.extend(match theme {
        Some(theme) => {
            let count = dice.between(MANY_EVENTS / 2, MANY_EVENTS);
            drawn(dice, theme, count, shape)
        }
        None => {
            let count = dice.between(0, 12);
            mixed(dice, ACTS, count, shape)
        }
    });
    acts.sort_by_key(|(at, _)| *at);
    acts
}
