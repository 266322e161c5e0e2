//! Which cluster this is.

use serde::{Deserialize, Serialize};
use vs_core::id::ClusterId;

use crate::meta::family::Family;

/// Drawn at bootstrap. A node of another cluster is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterRecord {
    pub id: ClusterId,
    /// 0 until the cluster is recovered from fewer nodes than its log needs, or loaded from a snapshot.
    pub incarnation: u16,
    /// Wall time of the bootstrap, for display.
    pub created_ms: u64,
}

pub(in crate::meta) struct Cluster;

impl Family for Cluster {
    const TAG: u8 = 0x02;
    type Id = ();
    type Value = ClusterRecord;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meta::family::test::round_trip;

    proptest! {
        #[test]
        fn the_cluster_round_trips(id: [u8; 16], incarnation: u16, created_ms: u64) {
            let record = ClusterRecord { id: ClusterId::from_random(id), incarnation, created_ms };
            round_trip::<Cluster>(((), record), ((), record));
        }
    }
}
