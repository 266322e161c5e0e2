//! Which cluster this is, and what its earlier incarnations may have given out that this log does not know.

use serde::{Deserialize, Serialize};
use vs_core::id::{ClusterId, Epoch};

use super::counters::INCARNATION_BIT;
use crate::meta::family::Family;

/// Drawn at bootstrap. A node of another cluster is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterRecord {
    pub id: ClusterId,
    /// 0 until the cluster is recovered from fewer nodes than its log needs, or loaded from a snapshot.
    pub incarnation: u16,
    /// Wall time of the bootstrap, for display.
    pub created_ms: u64,
    /// Nothing moves towards this epoch or an older one, other than to repair: an operator stopped that.
    #[serde(default)]
    pub moves_stopped: Epoch,
}

impl ClusterRecord {
    /// Whether copies may go to where this epoch places them when nothing lacks where they are.
    #[must_use]
    pub fn may_move_to(&self, epoch: Epoch) -> bool {
        epoch > self.moves_stopped
    }
}

pub(in crate::meta) struct Cluster;

impl Family for Cluster {
    const TAG: u8 = 0x02;
    type Id = ();
    type Value = ClusterRecord;
}

/// For each incarnation that ended: the first asset id it gave out, if any, in entries that were lost with its end.
pub(in crate::meta) struct Ended;

impl Family for Ended {
    const TAG: u8 = 0x04;
    /// The incarnation.
    type Id = u16;
    type Value = u64;
}

/// The incarnation that gave out a number.
pub(in crate::meta) fn incarnation_of(number: u64) -> u16 {
    u16::try_from(number >> INCARNATION_BIT).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meta::family::test::round_trip;

    proptest! {
        #[test]
        fn the_cluster_round_trips(id: [u8; 16], incarnation: u16, created_ms: u64, epoch: u64) {
            let moves_stopped = Epoch(epoch);
            let record = ClusterRecord { id: ClusterId::from_random(id), incarnation, created_ms, moves_stopped };
            round_trip::<Cluster>(((), record), ((), record));
        }

        #[test]
        fn ended_incarnations_round_trip(a: (u16, u64), b: (u16, u64)) {
            round_trip::<Ended>(a, b);
        }
    }
}
