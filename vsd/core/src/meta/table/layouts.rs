//! Layouts: every epoch that some asset may still be read by, and how many assets each epoch places.

use vs_core::{
    id::{Epoch, NodeId},
    layout::{Layout, NodeWish},
    mutant::{Mutant, planted},
};

use super::counters::{self, Counter};
use crate::meta::{
    family::{Family, page},
    tables::{TableError, Tables, Txn},
};

/// Most epochs forgotten in one step.
const FORGOTTEN_MAX: usize = 64;

pub(in crate::meta) struct Layouts;

impl Family for Layouts {
    const TAG: u8 = 0x40;
    type Id = Epoch;
    type Value = Layout;
}

/// How many open and live assets have an epoch as their `since`, or a pending version that is written by it: an epoch
/// may be forgotten when no asset needs it or an older one.
pub(in crate::meta) struct EpochUses;

impl Family for EpochUses {
    const TAG: u8 = 0x41;
    type Id = Epoch;
    type Value = u64;
}

pub(in crate::meta) fn count_use(txn: &mut Txn<'_>, epoch: Epoch) -> Result<(), TableError> {
    let uses = txn.load::<EpochUses>(&epoch)?.unwrap_or(0);
    txn.put::<EpochUses>(&epoch, &uses.saturating_add(1));
    Ok(())
}

pub(in crate::meta) fn drop_use(txn: &mut Txn<'_>, epoch: Epoch) -> Result<(), TableError> {
    let uses = txn.load::<EpochUses>(&epoch)?.unwrap_or(0);
    txn.put::<EpochUses>(&epoch, &uses.saturating_sub(1));
    Ok(())
}

/// The epoch after the current one.
pub(in crate::meta) fn next(tables: &dyn Tables) -> Result<Epoch, TableError> {
    counters::next(tables, Counter::Epoch).map(Epoch)
}

/// Makes a layout the current one: its epoch is the next one.
pub(in crate::meta) fn commit(txn: &mut Txn<'_>, layout: &Layout) -> Result<(), TableError> {
    counters::take(txn, Counter::Epoch)?;
    txn.put::<Layouts>(&layout.epoch, layout);
    Ok(())
}

/// The epochs that assets are placed by and pending versions are written by, oldest first, and how many each. Later
/// epochs than the oldest may hold chunks too.
pub(in crate::meta) fn uses(tables: &dyn Tables) -> Result<Vec<(Epoch, u64)>, TableError> {
    let uses = page::<EpochUses>(tables, &[EpochUses::TAG], None, usize::MAX)?;
    Ok(uses.into_iter().filter(|(_, uses)| *uses > 0).collect())
}

/// The layouts by which chunks that are needed may be somewhere: from the oldest of those epochs on, since nodes of a newer
/// one may stand in for those of an older one.
pub(in crate::meta) fn in_force(tables: &dyn Tables) -> Result<Vec<Layout>, TableError> {
    let oldest = uses(tables)?.first().map(|(epoch, _)| *epoch);
    oldest.map_or(Ok(Vec::new()), |oldest| from(tables, oldest))
}

/// The layouts of an epoch and of all newer ones.
pub(in crate::meta) fn from(tables: &dyn Tables, epoch: Epoch) -> Result<Vec<Layout>, TableError> {
    let before = Epoch(epoch.0.saturating_sub(1));
    let kept = page::<Layouts>(tables, &[Layouts::TAG], Some(&before), usize::MAX)?;
    Ok(kept.into_iter().map(|(_, layout)| layout).collect())
}

/// Whether chunks may come to a node by this layout: it has slots, or may stand in for those that have.
pub(in crate::meta) fn may_hold(layout: &Layout, node: NodeId) -> bool {
    let Some(at) = layout.nodes.iter().position(|listed| listed.id == node) else { return false };
    let takes = |slots: &Vec<u16>| slots.iter().any(|&taker| usize::from(taker) == at);
    layout.nodes[at].wish == NodeWish::In || layout.slots().iter().any(takes)
}

/// Forgets up to [`FORGOTTEN_MAX`] of the epochs, oldest first, that are neither current nor needed by an asset.
pub(in crate::meta) fn forget_unused(txn: &mut Txn<'_>) -> Result<(), TableError> {
    let oldest = uses(txn)?.first().map(|(epoch, _)| *epoch).filter(|_| !planted(Mutant::EpochForgottenTooEarly));
    let needed = oldest.or(current(txn)?).unwrap_or_default();
    for (epoch, _) in page::<Layouts>(txn, &[Layouts::TAG], None, FORGOTTEN_MAX)? {
        if epoch >= needed {
            break;
        }
        txn.delete::<Layouts>(&epoch);
        txn.delete::<EpochUses>(&epoch);
    }
    Ok(())
}

/// The newest epoch; none before the bootstrap.
pub(in crate::meta) fn current(tables: &dyn Tables) -> Result<Option<Epoch>, TableError> {
    let newest = Epoch(next(tables)?.0.saturating_sub(1));
    Ok((newest > Epoch(0)).then_some(newest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use vs_core::layout::LayoutNode;

    use super::*;
    use crate::meta::family::test::round_trip;

    fn layout(epoch: u64, zone: String, weight_milli: u32) -> (Epoch, Layout) {
        let node = LayoutNode { id: NodeId(1), zone, weight_milli, wish: NodeWish::In };
        (Epoch(epoch), Layout::new(Epoch(epoch), vec![node], vec![vec![0]; 4]).expect("valid"))
    }

    proptest! {
        #[test]
        fn layouts_round_trip(a: (u64, String, u32), b: (u64, String, u32)) {
            round_trip::<Layouts>(layout(a.0, a.1, a.2), layout(b.0, b.1, b.2));
        }

        #[test]
        fn uses_round_trip(a: (u64, u64), b: (u64, u64)) {
            round_trip::<EpochUses>((Epoch(a.0), a.1), (Epoch(b.0), b.1));
        }
    }
}
