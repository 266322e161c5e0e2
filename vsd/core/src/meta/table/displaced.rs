//! Where chunks of an asset are not where its epoch places them: the stand-ins and owed members that its parts named,
//! united.

use vs_core::{
    hash::Hash,
    id::{AssetId, NodeId},
};

use crate::meta::family::Family;

pub(in crate::meta) struct Displacements;

impl Family for Displacements {
    const TAG: u8 = 0x22;
    /// Asset, chunk, the place that misses it.
    type Id = (AssetId, Hash, NodeId);
    /// Who holds it instead; none when it is owed.
    type Value = Option<NodeId>;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meta::family::test::round_trip;

    type Raw = (u64, [u8; 32], u64, Option<u64>);

    fn displaced(raw: Raw) -> ((AssetId, Hash, NodeId), Option<NodeId>) {
        ((AssetId(raw.0), Hash(raw.1), NodeId(raw.2)), raw.3.map(NodeId))
    }

    proptest! {
        #[test]
        fn displacements_round_trip(a: Raw, b: Raw) {
            round_trip::<Displacements>(displaced(a), displaced(b));
        }
    }
}
