//! Which node holds which chunks, as the nodes say when asked.

use std::collections::BTreeMap;

use futures::{FutureExt, future::join_all};
use vs_core::{
    group::Group,
    hash::ChunkHash,
    id::{AssetId, NodeId},
    limit::PAGE_ITEMS_MAX,
    manifest::Displaced,
};

use crate::{
    meta::{TableError, View},
    plan::repair::Held,
};

/// Stand-ins and owed members of an asset.
#[derive(Debug, Default)]
pub struct Astray(BTreeMap<ChunkHash, Vec<Displaced>>);

impl Astray {
    /// # Errors
    /// When the tables cannot be read.
    pub fn of(view: &View<'_>, asset: AssetId) -> Result<Self, TableError> {
        let (mut rows, mut after): (BTreeMap<_, Vec<_>>, Option<Displaced>) = Default::default();
        loop {
            let page = view.displaced(asset, after.as_ref(), PAGE_ITEMS_MAX)?;
            let Some(last) = page.last() else { return Ok(Self(rows)) };
            after = Some(*last);
            page.into_iter().for_each(|row| rows.entry(row.chunk).or_default().push(row));
        }
    }

    /// Those of one group.
    #[must_use]
    pub fn among(&self, group: &Group) -> Vec<Displaced> {
        let of = group.members.iter().filter_map(|member| self.0.get(&member.hash));
        let mut rows: Vec<_> = of.flatten().copied().collect();
        rows.sort_unstable_by_key(|row| (row.chunk, row.place));
        rows.dedup();
        rows
    }
}

/// What nodes said they have.
#[derive(Debug, Default)]
pub struct Said(BTreeMap<(NodeId, ChunkHash), Held>);

impl Said {
    #[must_use]
    pub fn of(&self, node: NodeId, chunk: &ChunkHash) -> Held {
        self.0.get(&(node, *chunk)).copied().unwrap_or(Held::Unknown)
    }

    /// Chunks that somebody has.
    pub fn stored(&self) -> impl Iterator<Item = ChunkHash> + '_ {
        self.0.iter().filter(|(_, held)| **held == Held::Stored).map(|((_, chunk), _)| *chunk)
    }

    /// Who said of nothing whether it has it.
    #[must_use]
    pub fn silent(&self) -> Vec<NodeId> {
        let mut spoke: BTreeMap<NodeId, bool> = BTreeMap::new();
        for ((node, _), held) in &self.0 {
            *spoke.entry(*node).or_default() |= *held != Held::Unknown;
        }
        spoke.into_iter().filter(|(_, spoke)| !spoke).map(|(node, _)| node).collect()
    }

    /// Asks every node about what is on its list, all at once.
    pub async fn ask<F: Future<Output = Vec<Held>> + Send>(
        wanted: impl IntoIterator<Item = (NodeId, ChunkHash)>,
        held: impl Fn(NodeId, Vec<ChunkHash>) -> F,
    ) -> Self {
        let mut lists: BTreeMap<NodeId, Vec<ChunkHash>> = BTreeMap::new();
        wanted.into_iter().for_each(|(node, chunk)| lists.entry(node).or_default().push(chunk));
        let ask = |(node, mut list): (NodeId, Vec<ChunkHash>)| {
            list.sort_unstable();
            list.dedup();
            let held = held(node, list.clone());
            async move { list.into_iter().map(|chunk| (node, chunk)).zip(held.await).collect::<Vec<_>>() }.boxed()
        };
        Self(join_all(lists.into_iter().map(ask)).await.into_iter().flatten().collect())
    }
}
