//! Which chunks of an asset a node is to keep (DESIGN §10): what its sweep asks metadata.

use std::collections::BTreeSet;

use vs_core::{
    hash::ChunkHash,
    id::{AssetId, NodeId},
    limit::PAGE_ITEMS_MAX,
};

use crate::meta::{AssetFate, AssetRecord, AssetStatus, TableError, View};

/// What metadata wants of an asset on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wants {
    Everything,
    Nothing,
    /// Its id was not given out yet.
    NeverAllocated,
    /// These chunks.
    Named(BTreeSet<ChunkHash>),
}

/// What the state wants of an asset on a node. Everything while somebody may be writing chunks of it that no part names
/// yet.
///
/// # Errors
/// When the state cannot be read.
pub fn wanted(view: &View<'_>, node: NodeId, asset: AssetId) -> Result<Wants, TableError> {
    Ok(match view.fate(asset)? {
        AssetFate::Open | AssetFate::Unknown => Wants::Everything,
        AssetFate::Dead => Wants::Nothing,
        AssetFate::Never => Wants::NeverAllocated,
        AssetFate::Live => match view.asset(asset)? {
            None => Wants::Nothing,
            Some(record) if is_written(&record) => Wants::Everything,
            Some(record) => Wants::Named(named(view, node, &record)?),
        },
    })
}

fn is_written(asset: &AssetRecord) -> bool {
    asset.pending.is_some() || matches!(asset.status, AssetStatus::Uploading | AssetStatus::Processing)
}

/// Chunks with a place on the node by any epoch from the asset's own on, or that stand in there.
fn named(view: &View<'_>, node: NodeId, asset: &AssetRecord) -> Result<BTreeSet<ChunkHash>, TableError> {
    let layouts = view.layouts_since(asset.since, PAGE_ITEMS_MAX)?;
    let mut named = BTreeSet::new();
    for part in view.parts_of(asset) {
        for group in part?.groups(asset.id, asset.scheme) {
            let places = layouts.iter().flat_map(|layout| group.placed(layout));
            named.extend(places.filter(|(place, _)| *place == node).map(|(_, chunk)| chunk.hash));
        }
    }
    let mut last = None;
    loop {
        let page = view.displaced(asset.id, last.as_ref(), PAGE_ITEMS_MAX)?;
        named.extend(page.iter().filter(|displaced| displaced.stand_in == Some(node)).map(|displaced| displaced.chunk));
        last = page.last().copied();
        if last.is_none() {
            return Ok(named);
        }
    }
}
