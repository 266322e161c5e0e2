//! Cluster time: time that is state (DESIGN §1).
//!
//! Leases, trash and expiry are measured in it. It advances by ticks of the leader and by nothing else, so that every
//! replica agrees on what has expired, a machine whose clock is wrong harms nothing, and time stands still while nobody
//! leads.

use std::fmt;

use serde::{Deserialize, Serialize};
use vs_core::id::NodeId;

use crate::meta::family::{Family, KeyPart};

/// The most that one tick adds: a leader that was frozen must not make everything expire at once when it wakes up.
pub const TICK_MS_MAX: u64 = 2_000;

/// A point in cluster time, in milliseconds since the bootstrap.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClusterTime(pub u64);

impl ClusterTime {
    #[must_use]
    pub fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

impl fmt::Debug for ClusterTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

impl KeyPart for ClusterTime {
    fn ser_key(&self, out: &mut Vec<u8>) {
        self.0.ser_key(out);
    }

    fn deser_key(bytes: &mut &[u8]) -> Option<Self> {
        u64::deser_key(bytes).map(Self)
    }
}

/// A node's reign in a term. Their order is that in which they came to lead, which is that of votes.
///
/// openraft lets a node take a term over from one with a lower id that leads it already, so a term alone names no leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(from = "KeptTerm", into = "KeptTerm")]
pub struct LeaderTerm {
    pub term: u64,
    /// 0 where only the term was kept: below every node.
    pub node: NodeId,
}

/// As it is kept: releases that knew no leaders in a term kept the term alone.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(untagged)]
enum KeptTerm {
    Term(u64),
    Leader(u64, NodeId),
}

impl From<KeptTerm> for LeaderTerm {
    fn from(kept: KeptTerm) -> Self {
        match kept {
            KeptTerm::Term(term) => Self::new(term, NodeId(0)),
            KeptTerm::Leader(term, node) => Self::new(term, node),
        }
    }
}

impl From<LeaderTerm> for KeptTerm {
    fn from(LeaderTerm { term, node }: LeaderTerm) -> Self {
        if node == NodeId(0) { Self::Term(term) } else { Self::Leader(term, node) }
    }
}

impl LeaderTerm {
    #[must_use]
    pub fn new(term: u64, node: NodeId) -> Self {
        Self { term, node }
    }
}

impl fmt::Display for LeaderTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "term {} of {}", self.term, self.node)
    }
}

/// Cluster time and the tick that last moved it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Clock {
    pub now: ClusterTime,
    pub term: LeaderTerm,
    /// How much of that term its leader has named.
    pub elapsed_ms: u64,
}

impl Clock {
    /// The clock after a tick. One that was counted, or is of an earlier leader, changes nothing.
    #[must_use]
    pub fn ticked(self, term: LeaderTerm, elapsed_ms: u64) -> Self {
        let counted_ms = match term.cmp(&self.term) {
            std::cmp::Ordering::Less => return self,
            std::cmp::Ordering::Equal => self.elapsed_ms,
            std::cmp::Ordering::Greater => 0,
        };
        let passed_ms = elapsed_ms.saturating_sub(counted_ms).min(TICK_MS_MAX);
        Self { now: self.now.plus_ms(passed_ms), term, elapsed_ms: elapsed_ms.max(counted_ms) }
    }
}

pub(in crate::meta) struct Clocks;

impl Family for Clocks {
    const TAG: u8 = 0x03;
    type Id = ();
    type Value = Clock;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meta::family::test::round_trip;

    proptest! {
        #[test]
        fn clocks_round_trip(now: u64, term: u64, node: u64, elapsed_ms: u64) {
            let clock = Clock { now: ClusterTime(now), term: LeaderTerm::new(term, NodeId(node)), elapsed_ms };
            round_trip::<Clocks>(((), clock), ((), clock));
        }

        #[test]
        fn time_never_runs_back_and_a_repeated_tick_counts_once(ticks: Vec<(u8, bool, u16)>) {
            let mut clock = Clock::default();
            for (term, second, elapsed_ms) in ticks {
                let term = LeaderTerm::new(term.into(), NodeId(1 + u64::from(second)));
                let after = clock.ticked(term, elapsed_ms.into());
                prop_assert!(after.now >= clock.now && after.now.0 - clock.now.0 <= TICK_MS_MAX);
                prop_assert_eq!(after.ticked(term, elapsed_ms.into()), after);
                clock = after;
            }
        }
    }

    #[test]
    fn a_new_term_counts_from_its_own_beginning() {
        let first = LeaderTerm::new(1, NodeId(1));
        let clock = Clock::default().ticked(first, 900).ticked(first, 1_000);
        assert_eq!(clock.now, ClusterTime(1_000));
        assert_eq!(clock.ticked(first, 60_000).now, ClusterTime(3_000));
        // the second took the same term over
        for next in [LeaderTerm::new(2, NodeId(1)), LeaderTerm::new(1, NodeId(2))] {
            assert_eq!(clock.ticked(next, 300).now, ClusterTime(1_300));
            assert_eq!(clock.ticked(next, 300).ticked(first, 9_000).now, ClusterTime(1_300));
        }
    }

    #[test]
    fn leaders_are_in_the_order_of_votes() {
        // ids of an incarnation begin at its number times 2^48
        let reigns = [(0, 5), (1, 1), (1, 2), (1, 1 << 48), (1, (1 << 48) + 1), (2, 1)];
        let reigns = reigns.map(|(term, node)| LeaderTerm::new(term, NodeId(node)));
        assert!(reigns.is_sorted_by(|a, b| a < b));
        assert_eq!(reigns[2].to_string(), "term 1 of n2");
        assert!(LeaderTerm::new(1, NodeId(0)) < reigns[1], "kept without a leader");
    }
}
