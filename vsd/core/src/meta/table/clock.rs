//! Cluster time: time that is state (DESIGN §1).
//!
//! Leases, trash and expiry are measured in it. It advances by ticks of the leader and by nothing else, so that every
//! replica agrees on what has expired, a machine whose clock is wrong harms nothing, and time stands still while nobody
//! leads.

use std::fmt;

use serde::{Deserialize, Serialize};

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

/// Cluster time and the tick that last moved it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Clock {
    pub now: ClusterTime,
    pub term: u64,
    /// How much of that term its leader has named.
    pub elapsed_ms: u64,
}

impl Clock {
    /// The clock after a tick. One that was counted, or is of an older term, changes nothing.
    #[must_use]
    pub fn ticked(self, term: u64, elapsed_ms: u64) -> Self {
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
        fn clocks_round_trip(now: u64, term: u64, elapsed_ms: u64) {
            let clock = Clock { now: ClusterTime(now), term, elapsed_ms };
            round_trip::<Clocks>(((), clock), ((), clock));
        }

        #[test]
        fn time_never_runs_back_and_a_repeated_tick_counts_once(ticks: Vec<(u8, u16)>) {
            let mut clock = Clock::default();
            for (term, elapsed_ms) in ticks {
                let after = clock.ticked(term.into(), elapsed_ms.into());
                prop_assert!(after.now >= clock.now && after.now.0 - clock.now.0 <= TICK_MS_MAX);
                prop_assert_eq!(after.ticked(term.into(), elapsed_ms.into()), after);
                clock = after;
            }
        }
    }

    #[test]
    fn a_new_term_counts_from_its_own_beginning() {
        let clock = Clock::default().ticked(1, 900).ticked(1, 1_000);
        assert_eq!(clock.now, ClusterTime(1_000));
        assert_eq!(clock.ticked(2, 300).now, ClusterTime(1_300));
        assert_eq!(clock.ticked(2, 300).ticked(1, 9_000).now, ClusterTime(1_300));
        assert_eq!(clock.ticked(1, 60_000).now, ClusterTime(3_000));
    }
}
