//! From a chunk to the nodes to ask: the read plan of DESIGN §6, split into those that should have it and the rest.

use vs_core::{
    id::{AssetId, NodeId},
    layout::{Layout, Scheme},
    manifest::{ChunkRef, Part},
    read::{Known, ReadPlan},
};

/// Where an asset's chunks are.
#[derive(Clone, Debug)]
pub struct Placement {
    pub asset: AssetId,
    pub scheme: Scheme,
    /// From the epoch the asset is placed by to the current one.
    pub layouts: Vec<Layout>,
    pub nodes: Vec<NodeId>,
}

impl Placement {
    #[must_use]
    pub fn plan(&self, part: &Part, chunk: &ChunkRef) -> ReadPlan {
        let (group, member) = part.group_of(self.asset, self.scheme, chunk);
        let Self { layouts, nodes, .. } = self;
        ReadPlan::new(&group, member, &Known { layouts, nodes, away: &[], displaced: &part.displaced })
    }
}
