//! Which chunks a node is to keep (DESIGN §10): the rule by which copies are dropped, repaired and counted.
//!
//! A copy is wanted if its asset is being written, if any epoch from `since` to the current one places it there, or if
//! the node stands in for it. What cannot be told is wanted: so is everything of an asset whose epoch is of an earlier
//! incarnation, because entries may be lost by which its chunks were moved, and with them the only copies to where this
//! log places none. Once it is placed by an epoch of this one, every place was verified.

use std::collections::BTreeSet;

use vs_core::{
    hash::ChunkHash,
    id::{AssetId, Epoch, NodeId},
    layout::Layout,
    limit::PAGE_ITEMS_MAX,
    mutant::{Mutant, planted},
};

use crate::meta::{AssetFate, AssetRecord, AssetStatus, TableError, View, index_in};

/// What is wanted of one asset on one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wants {
    Everything,
    Nothing,
    /// Its id was not given out yet.
    NeverAllocated,
    /// These chunks.
    Named(BTreeSet<ChunkHash>),
}

/// One node, and the layouts that may place chunks on it. Reads one consistent picture of the state.
#[derive(Debug)]
pub struct Keeper<'a> {
    view: View<'a>,
    node: NodeId,
    /// All that are kept, oldest first.
    layouts: Vec<Layout>,
    /// No epoch of this incarnation is lower.
    epoch_min: Epoch,
}

impl<'a> Keeper<'a> {
    /// # Errors
    /// When the tables cannot be read.
    pub fn new(view: View<'a>, node: NodeId) -> Result<Self, TableError> {
        let incarnation = view.cluster()?.map_or(0, |cluster| cluster.incarnation);
        let epoch_min = Epoch(index_in(incarnation.into(), 0));
        let mut layouts: Vec<Layout> = Vec::new();
        loop {
            let from = layouts.last().map_or(Epoch(0), |layout| layout.epoch.next());
            let page = view.layouts_since(from, PAGE_ITEMS_MAX)?;
            if page.is_empty() {
                return Ok(Self { view, node, layouts, epoch_min });
            }
            layouts.extend(page);
        }
    }

    /// # Errors
    /// When the tables cannot be read, or do not hold what a live asset needs: then nothing may be dropped.
    pub fn wants(&self, asset: AssetId) -> Result<Wants, TableError> {
        match self.view.fate(asset)? {
            AssetFate::Open | AssetFate::Unknown => Ok(Wants::Everything),
            AssetFate::Dead if planted(Mutant::DeadAssetKept) => Ok(Wants::Everything),
            AssetFate::Dead => Ok(Wants::Nothing),
            AssetFate::Never => Ok(Wants::NeverAllocated),
            AssetFate::Live => match self.view.asset(asset)? {
                Some(asset) if self.is_settled(&asset) => self.named(&asset).map(Wants::Named),
                _ => Ok(Wants::Everything),
            },
        }
    }

    /// Whether everything that is wanted of a live asset can be told by name.
    fn is_settled(&self, asset: &AssetRecord) -> bool {
        let is_pending = asset.pending.is_some() && !planted(Mutant::SweepIgnoresPending);
        let is_written = is_pending || asset.status == AssetStatus::Processing;
        !is_written && asset.since >= self.epoch_min
    }

    fn named(&self, asset: &AssetRecord) -> Result<BTreeSet<ChunkHash>, TableError> {
        let placing = self.layouts.iter().skip_while(|layout| layout.epoch < asset.since);
        let placing: Vec<_> = placing.filter(|layout| layout.lists(self.node)).collect();
        let mut wanted = BTreeSet::new();
        for part in self.view.parts_of(asset) {
            for group in part?.groups(asset.id, asset.scheme) {
                let places = placing.iter().flat_map(|layout| group.placed(layout));
                wanted.extend(places.filter(|(node, _)| *node == self.node).map(|(_, chunk)| chunk.hash));
            }
        }
        self.add_stand_ins(asset.id, &mut wanted)?;
        Ok(wanted)
    }

    fn add_stand_ins(&self, asset: AssetId, wanted: &mut BTreeSet<ChunkHash>) -> Result<(), TableError> {
        let mut after = None;
        loop {
            let page = self.view.displaced(asset, after.as_ref(), PAGE_ITEMS_MAX)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(*last);
            wanted.extend(page.iter().filter(|row| row.stand_in == Some(self.node)).map(|row| row.chunk));
        }
    }
}

#[cfg(test)]
mod tests;
