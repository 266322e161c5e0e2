//! What goes wrong, where and for how long: all of it follows from a seed.

use std::{fmt, time::Duration};

use clap::ValueEnum;

/// Nodes that may be in trouble at a time, however many there are: what three copies and stripes of 3+2 survive.
const VICTIMS_MAX: usize = 2;
/// Memory that is taken from the machine at a time, in all.
const MEMORY_BYTES: u64 = 512 << 20;

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FaultKind {
    /// Nodes die on the spot, and come back
    Crash,
    /// Nodes stand still, and go on
    Freeze,
    /// Nodes are cut off from the others
    Partition,
    /// What nodes say to one another comes late
    Latency,
    /// Packets between nodes are lost
    Loss,
    /// Disks take their time
    SlowDisk,
    /// No block is free
    FullDisk,
    /// Nothing can be read from the disk
    ReadError,
    /// Memory runs short
    Memory,
    /// Bits of stored chunks flip
    Corrupt,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().as_ref().map_or("", clap::builder::PossibleValue::get_name))
    }
}

/// How bad it is, beside its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    Plain,
    /// Only what the victims send is lost.
    OneWay,
    DelayMs(u32),
    LossPermille(u32),
    MemoryBytes(u64),
    /// A bit is flipped in each of so many chunks.
    Chunks {
        count: u32,
        seed: u64,
    },
}

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Round {
    pub(crate) kind: FaultKind,
    /// Positions in the list of nodes.
    pub(crate) victims: Vec<usize>,
    /// Whoever leads by then takes the place of the first of them.
    pub(crate) aims_at_leader: bool,
    pub(crate) lasts: Duration,
    pub(crate) strength: Strength,
}

impl Round {
    /// What is done to whom, for people.
    pub(crate) fn what(&self) -> String {
        match self.strength {
            Strength::Plain => String::new(),
            Strength::OneWay => "one way".to_owned(),
            Strength::DelayMs(ms) => format!("{ms} ms"),
            Strength::LossPermille(permille) => format!("{}.{} %", permille / 10, permille % 10),
            Strength::MemoryBytes(bytes) => format!("{} MiB", bytes >> 20),
            Strength::Chunks { count: 1, .. } => "1 bit".to_owned(),
            Strength::Chunks { count, .. } => format!("{count} bits"),
        }
    }
}

/// How many of so many nodes may be in trouble at a time: fewer than half, so that a quorum is left.
pub(crate) fn victims_max(nodes: usize) -> usize {
    (nodes.saturating_sub(1) / 2).min(VICTIMS_MAX)
}

/// Everything that goes wrong, without end. Each kind comes once before any comes again.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    random: Random,
    kinds: Vec<FaultKind>,
    /// Of this turn, the next one last.
    left: Vec<FaultKind>,
    nodes: usize,
}

impl Schedule {
    /// For a cluster of three nodes or more.
    pub(crate) fn new(seed: u64, kinds: &[FaultKind], nodes: usize) -> Self {
        Self { random: Random(seed), kinds: kinds.to_vec(), left: Vec::new(), nodes }
    }
}

impl Iterator for Schedule {
    type Item = Round;

    fn next(&mut self) -> Option<Round> {
        if self.left.is_empty() {
            self.left = self.kinds.clone();
            self.random.shuffle(&mut self.left);
        }
        let (kind, random) = (self.left.pop()?, &mut self.random);
        let mut victims: Vec<_> = (0..self.nodes).collect();
        random.shuffle(&mut victims);
        let most = if kind == FaultKind::Corrupt { 1 } else { victims_max(self.nodes) };
        let count = random.among(1, most as u64);
        victims.truncate(usize::try_from(count).unwrap_or(1));
        let (aims_at_leader, lasts) = (random.among(0, 1) == 1, random.among(4_000, 7_000));
        let mut small = |from, to| u32::try_from(random.among(from, to)).unwrap_or(u32::MAX);
        let strength = match kind {
            FaultKind::Partition if small(0, 2) == 0 => Strength::OneWay,
            FaultKind::Latency => Strength::DelayMs(small(10, 150)),
            FaultKind::Loss => Strength::LossPermille(small(20, 200)),
            FaultKind::SlowDisk => Strength::DelayMs(small(20, 300)),
            FaultKind::Memory => Strength::MemoryBytes(MEMORY_BYTES / count.max(1)),
            FaultKind::Corrupt => Strength::Chunks { count: small(1, 5), seed: random.next() },
            _ => Strength::Plain,
        };
        Some(Round { kind, victims, aims_at_leader, lasts: Duration::from_millis(lasts), strength })
    }
}

/// `SplitMix64`: the same numbers for the same seed in every release.
#[derive(Clone, Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn among(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % (to.saturating_sub(from) + 1)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            let other = usize::try_from(self.among(0, at as u64)).unwrap_or(at);
            items.swap(at, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn never_more_is_wrong_than_is_survived_and_every_kind_has_its_turn() {
        let kinds = FaultKind::value_variants();
        for nodes in 3..=9 {
            let rounds: Vec<_> = Schedule::new(7, kinds, nodes).take(500).collect();
            for round in &rounds {
                let victims: BTreeSet<_> = round.victims.iter().collect();
                assert_eq!(victims.len(), round.victims.len(), "{round:?}");
                assert!(!victims.is_empty() && victims.len() <= 2 && 2 * victims.len() < nodes, "{round:?}");
                assert!(victims.iter().all(|victim| **victim < nodes), "{round:?}");
                assert!(round.kind != FaultKind::Corrupt || victims.len() == 1, "other copies stay good");
            }
            for turn in rounds.chunks(kinds.len()) {
                let came: BTreeSet<_> = turn.iter().map(|round| round.kind.to_string()).collect();
                assert_eq!(came.len(), kinds.len());
            }
            assert!(nodes < 5 || rounds.iter().any(|round| round.victims.len() == 2), "as many as may be");
            assert!(
                rounds.iter().any(|round| round.aims_at_leader) && rounds.iter().any(|round| !round.aims_at_leader)
            );
        }
        assert_eq!([1, 2, 3, 4, 5, 16].map(victims_max), [0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn a_seed_is_a_schedule() {
        let rounds = |seed| Schedule::new(seed, FaultKind::value_variants(), 5).take(50).collect::<Vec<_>>();
        assert_eq!(rounds(1), rounds(1));
        assert_ne!(rounds(1), rounds(2));
    }
}
