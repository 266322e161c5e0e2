//! Assets of which something is left that nobody needs: all parts of a dead one; of a live one those of losing ballots,
//! of earlier versions and of versions that were given up; and what was displaced before all was in its place.
//!
//! An entry is worked off in bounded steps and then removed.

use serde::{Deserialize, Serialize};
use vs_core::id::AssetId;

use crate::meta::family::Family;

/// Where to go on in an asset's parts: the last one looked at.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::meta) struct Cursor(#[serde(with = "serde_bytes")] pub(in crate::meta) Vec<u8>);

pub(in crate::meta) struct Cleanup;

impl Family for Cleanup {
    const TAG: u8 = 0x24;
    type Id = AssetId;
    type Value = Cursor;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meta::family::test::round_trip;

    proptest! {
        #[test]
        fn cleanups_round_trip(a: (u64, Vec<u8>), b: (u64, Vec<u8>)) {
            round_trip::<Cleanup>((AssetId(a.0), Cursor(a.1)), (AssetId(b.0), Cursor(b.1)));
        }
    }
}
