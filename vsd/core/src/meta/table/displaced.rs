//! Where chunks of an asset are not where its epoch places them: the stand-ins and owed members that its parts named,
//! united.
//!
//! Rows count while the asset's record counts them. Afterwards they are leftovers, which housekeeping removes.

use vs_core::{
    hash::Hash,
    id::{AssetId, NodeId},
    manifest::Displaced,
};

use crate::meta::family::Family;

pub(in crate::meta) struct Displacements;

impl Family for Displacements {
    const TAG: u8 = 0x22;
    /// Asset, chunk, the place that misses it, who holds it instead. A chunk of several stripes may have several
    /// stand-ins for one place.
    type Id = (AssetId, Hash, NodeId, NodeId);
    type Value = ();
}

/// In the place of a stand-in when there is none: no node has this id.
const OWED: NodeId = NodeId(0);

pub(in crate::meta) fn row(asset: AssetId, displaced: &Displaced) -> <Displacements as Family>::Id {
    (asset, displaced.chunk, displaced.place, displaced.stand_in.unwrap_or(OWED))
}

pub(in crate::meta) fn displaced((_, chunk, place, holder): <Displacements as Family>::Id) -> Displaced {
    Displaced { chunk, place, stand_in: (holder != OWED).then_some(holder) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meta::family::test::round_trip;

    type Raw = (u64, [u8; 32], u64, Option<u64>);

    fn of(raw: Raw) -> (<Displacements as Family>::Id, ()) {
        let stand_in = raw.3.filter(|id| *id > 0).map(NodeId);
        let named = Displaced { chunk: Hash(raw.1), place: NodeId(raw.2), stand_in };
        assert_eq!(displaced(row(AssetId(raw.0), &named)), named);
        (row(AssetId(raw.0), &named), ())
    }

    proptest! {
        #[test]
        fn displacements_round_trip(a: Raw, b: Raw) {
            round_trip::<Displacements>(of(a), of(b));
        }
    }
}
