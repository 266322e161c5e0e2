//! The engine against a simple model, on a disk that fails.
//!
//! The model knows which chunks were acknowledged and which of those a flipped bit may have cost. Invariants:
//! - DUR-1: what was acknowledged, or only read once, is readable from then on, after any restart or power cut, unless
//!   a bit of it flipped.
//! - INT-1: no read ever gives wrong bytes.
//! - DSK-1: after a failed fsync nothing is acknowledged any more.
//! - Synced bytes are never written over (held by the simulated disk).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use bytes::Bytes;
use proptest::prelude::*;
use vs_core::id::DirId;

use super::{
    Config, Engine, GetError, Key, Outcome, Put, WriteError,
    format::{FILE_HEADER_BYTES, RECORD_HEADER_BYTES, file_name},
    sim::{Dice, Faults, SimDisk, write},
};

/// Different chunks in the model: few enough to meet again, too many to be all there soon.
const NAMES: u8 = 80;
/// Small, so that files roll over all the time.
const SUPERBLOCK_BYTES: u64 = 96 << 10;

#[derive(Clone, Debug)]
enum Op {
    Put(Vec<u8>),
    Get(u8),
    /// The process stops and starts again; what it wrote stays in the page cache.
    Restart {
        clean: bool,
    },
    /// The power goes.
    Reboot(u64),
    /// A bit flips: in the record of a chunk if one is named, else where it must not matter.
    Flip {
        name: Option<u8>,
        seed: u64,
    },
    Enospc(usize),
    FailSync(u32),
    FailRead,
    /// The process is killed amid a group of puts; then the power goes as well, or it starts again, perhaps on a full
    /// disk.
    Kill {
        names: Vec<u8>,
        after: usize,
        power: Option<u64>,
        full: bool,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let name = || 0..NAMES;
    let names = || prop::collection::vec(0..NAMES, 1..6);
    prop_oneof![
        8 => names().prop_map(Op::Put),
        3 => name().prop_map(Op::Get),
        1 => any::<bool>().prop_map(|clean| Op::Restart { clean }),
        3 => any::<u64>().prop_map(Op::Reboot),
        1 => (prop::option::of(name()), any::<u64>()).prop_map(|(name, seed)| Op::Flip { name, seed }),
        1 => (0usize..40_000).prop_map(Op::Enospc),
        1 => (0u32..4).prop_map(Op::FailSync),
        1 => Just(Op::FailRead),
        2 => (names(), 0usize..24, prop::option::of(any::<u64>()), any::<bool>())
            .prop_map(|(names, after, power, full)| Op::Kill { names, after, power, full }),
    ]
}

/// The chunk of a name: always the same, of a length from one byte to several blocks. Some contain what looks like a
/// record.
fn chunk(name: u8) -> Bytes {
    let length = [1, 100, 3_967, 3_968, 3_969, 9_000, 20_000][usize::from(name) % 7];
    let byte = |i: usize| if i % 512 < 4 && length > 1 { b"VSRC"[i % 512] } else { name };
    (0..length).map(byte).collect()
}

fn put(name: u8) -> &'static Put {
    static PUTS: LazyLock<Vec<Put>> =
        LazyLock::new(|| (0..NAMES).map(|name| super::sim::put(name.into(), chunk(name))).collect());
    &PUTS[usize::from(name)]
}

fn key(name: u8) -> Key {
    put(name).key()
}

fn config() -> Config {
    Config { superblock_bytes_max: SUPERBLOCK_BYTES, ..Config::new(DirId(1), [3; 32]) }
}

struct Model {
    disk: SimDisk,
    engine: Option<Engine<SimDisk>>,
    /// Acknowledged, or served once.
    promised: BTreeSet<u8>,
    /// Names whose newest record had a bit flipped.
    flipped: BTreeSet<u8>,
    /// Whether any bit was ever flipped.
    flips: bool,
    /// An fsync failed since the power was last cut.
    failed_fsync: bool,
    /// Opened knowing that: what is not certainly durable is withheld.
    withholding: bool,
}

impl Model {
    fn new() -> Self {
        let disk = SimDisk::new();
        let (engine, _) = Engine::open(disk.clone(), config()).expect("an empty directory opens");
        Self {
            disk,
            engine: Some(engine),
            promised: BTreeSet::new(),
            flipped: BTreeSet::new(),
            flips: false,
            failed_fsync: false,
            withholding: false,
        }
    }

    fn engine(&mut self) -> &mut Engine<SimDisk> {
        self.engine.as_mut().expect("open between operations")
    }

    fn poisoned(&mut self) -> bool {
        self.engine().reader().stats().refusal.is_some()
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Put(names) => self.put(names),
            Op::Get(name) => self.check(*name),
            Op::Restart { clean } => {
                let engine = self.engine.take().expect("open between operations");
                self.failed_fsync |= engine.reader().stats().refusal.is_some();
                if *clean {
                    engine.close()
                } else {
                    drop(engine)
                }
                self.open();
            }
            Op::Reboot(seed) => {
                self.engine = None;
                self.disk.reboot(&mut Dice(*seed));
                // what the failed fsync lost is gone from the cache too, so a check would find all that is served
                self.failed_fsync = false;
                self.open();
            }
            // a record that is withheld could be hit without the model knowing which
            Op::Flip { .. } if self.withholding => {}
            Op::Flip { name: Some(name), seed } => self.flip_record(*name, &mut Dice(*seed)),
            Op::Flip { name: None, seed } => self.flip_outside_records(&mut Dice(*seed)),
            Op::Enospc(bytes) => self.disk.inject(|faults| faults.enospc_after = Some(*bytes)),
            Op::FailSync(after) => self.disk.inject(|faults| faults.sync_fails_after = Some(*after)),
            Op::FailRead => self.disk.inject(|faults| faults.read_fails_after = Some(0)),
            Op::Kill { names, after, power, full } => self.kill(names, *after, *power, *full),
        }
    }

    fn kill(&mut self, names: &[u8], after: usize, power: Option<u64>, full: bool) {
        let puts: Vec<_> = names.iter().map(|&name| put(name).clone()).collect();
        let was_poisoned = self.poisoned();
        self.failed_fsync |= was_poisoned;
        self.disk.inject(|faults| *faults = Faults { killed_after: Some(after), ..Faults::default() });
        // answers that were given before the end count, whoever heard them
        let answers = write(self.engine(), &puts);
        let answered = names.iter().zip(answers).filter(|(_, answer)| answer.is_ok());
        for (&name, _) in answered {
            self.flipped.remove(&name);
            self.promised.insert(name);
        }
        self.engine = None;
        let enospc_after = full.then_some(0);
        self.disk.inject(|faults| *faults = Faults { enospc_after, ..Faults::default() });
        match power {
            Some(seed) => self.apply(&Op::Reboot(seed)),
            None => self.open(),
        }
    }

    fn open(&mut self) {
        // a read that fails during recovery hides chunks until the next: tested apart
        self.disk.inject(|faults| faults.read_fails_after = None);
        let config = Config { failed_fsync: self.failed_fsync, ..config() };
        let (engine, recovery) = Engine::open(self.disk.clone(), config).expect("damage is no reason not to open");
        self.engine = Some(engine);
        self.withholding = self.poisoned();
        let loss = recovery.findings.iter().find(|finding| finding.is_loss());
        assert!(
            loss.is_none() || self.withholding || self.flips,
            "reported as damage although none was done: {loss:?}"
        );
        self.check_all();
    }

    fn put(&mut self, names: &[u8]) {
        let puts: Vec<_> = names.iter().map(|&name| put(name).clone()).collect();
        let poisoned = self.poisoned();
        let good: BTreeSet<u8> = self.promised.difference(&self.flipped).copied().collect();
        // a copy that cannot be read is written again
        let mut read_fails = false;
        self.disk.inject(|faults| read_fails = faults.read_fails_after.is_some());
        let answers = write(self.engine(), &puts);
        assert_eq!(answers.len(), names.len());
        for (&name, answer) in names.iter().zip(answers) {
            match answer {
                Ok(Outcome::Created) => {
                    assert!(!poisoned, "acknowledged after a failed fsync");
                    assert!(
                        self.withholding || read_fails || !good.contains(&name),
                        "written although a good copy was there"
                    );
                    self.flipped.remove(&name);
                    self.promised.insert(name);
                }
                Ok(Outcome::AlreadyDurable) => {
                    self.flipped.remove(&name);
                    self.promised.insert(name);
                }
                Err(WriteError::NoWrites(_)) => assert!(self.poisoned()),
                Err(WriteError::Full) => {}
                Ok(other) => panic!("{other:?} is no answer to a put"),
                Err(WriteError::Io(error)) => panic!("nothing failed but what was injected: {error}"),
            }
        }
        self.check_all();
    }

    fn check_all(&mut self) {
        (0..NAMES).for_each(|name| self.check(name));
    }

    fn check(&mut self, name: u8) {
        let may_be_missing = !self.promised.contains(&name) || self.flipped.contains(&name) || self.withholding;
        let reader = self.engine().reader();
        let read = match reader.get(&key(name)) {
            Err(GetError::Io(_)) => reader.get(&key(name)),
            read => read,
        };
        match read {
            Ok(bytes) => {
                assert_eq!(bytes, put(name).chunk.bytes(), "wrong bytes served");
                self.promised.insert(name);
            }
            Err(error) => assert!(may_be_missing, "chunk {name} is lost: {error}"),
        }
    }

    fn flip_record(&mut self, name: u8, dice: &mut Dice) {
        let Some(place) = self.engine().reader().locate(&key(name)) else { return };
        let length = RECORD_HEADER_BYTES + place.payload_bytes as usize;
        let offset = usize::try_from(place.offset).expect("small files") + dice.below(length);
        self.disk.flip(&file_name(place.superblock), offset, dice.below(8).try_into().expect("a bit"));
        self.flipped.insert(name);
        self.flips = true;
    }

    /// Nothing outside the newest records may matter: padding, torn tails, footers, one of two file headers.
    fn flip_outside_records(&mut self, dice: &mut Dice) {
        let mut used: BTreeMap<String, Vec<std::ops::Range<usize>>> = BTreeMap::new();
        for name in 0..NAMES {
            if let Some(place) = self.engine().reader().locate(&key(name)) {
                let start = usize::try_from(place.offset).expect("small files");
                let range = start..start + RECORD_HEADER_BYTES + place.payload_bytes as usize;
                used.entry(file_name(place.superblock)).or_default().push(range);
            }
        }
        let files: Vec<_> = self.disk.files().into_iter().collect();
        if files.is_empty() {
            return;
        }
        let (name, bytes) = &files[dice.below(files.len())];
        let offset = dice.below(bytes.len().max(1));
        // of the two file headers one always stays: which, depends on the file
        let spared = FILE_HEADER_BYTES * (usize::from(name.as_bytes()[7]) % 2);
        if (spared..spared + FILE_HEADER_BYTES).contains(&offset) {
            return;
        }
        self.flips = true;
        if !used.get(name).is_some_and(|used| used.iter().any(|range| range.contains(&offset))) {
            self.disk.flip(name, offset, dice.below(8).try_into().expect("a bit"));
        }
    }
}

/// A thousand in CI; `PROPTEST_CASES` asks for more.
fn cases() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(1_000), ..config }
}

proptest! {
    #![proptest_config(cases())]
    #[test]
    fn nothing_acknowledged_is_lost_and_nothing_wrong_is_served(ops in prop::collection::vec(op(), 1..60)) {
        let mut model = Model::new();
        for op in &ops {
            model.apply(op);
        }
        model.apply(&Op::Reboot(1));
    }
}
