//! From a chunk to the nodes to ask, by the read plan of DESIGN §6.

use vs_core::{
    group::Group,
    id::{AssetId, NodeId, Version},
    layout::{Layout, Scheme},
    limit::STRIPE_DATA,
    manifest::{ChunkRef, Part},
    read::{GroupRead, Known, ReadPlan},
};

/// Where an asset's chunks are.
#[derive(Clone, Debug)]
pub struct Placement {
    pub asset: AssetId,
    /// Of the asset: parts of another one may know nothing of the stripes of this.
    pub version: Version,
    pub scheme: Scheme,
    /// From the epoch the asset is placed by to the current one.
    pub layouts: Vec<Layout>,
    pub nodes: Vec<NodeId>,
    /// Those that the cluster does not think to be up.
    pub away: Vec<NodeId>,
}

impl Placement {
    /// What the chunk is placed with, and which member of it the chunk is. `nth` counts the part's chunks.
    #[must_use]
    pub fn group(&self, part: &Part, nth: usize, chunk: &ChunkRef) -> (Group, usize) {
        match self.scheme {
            Scheme::Replicate(copies) => (Group::replicated(*chunk, copies), 0),
            Scheme::Erasure { .. } => match part.stripe_at(self.asset, nth / STRIPE_DATA) {
                Some(group) => (group, nth % STRIPE_DATA),
                None => (Group::replicated(*chunk, 1), 0),
            },
        }
    }

    #[must_use]
    pub fn plan(&self, group: &Group, member: usize, part: &Part) -> ReadPlan {
        let Self { layouts, nodes, away, .. } = self;
        ReadPlan::new(group, member, &Known { layouts, nodes, away, displaced: &part.displaced })
    }

    /// A read of the group that asks `away` last, and whoever is known to be away.
    #[must_use]
    pub fn read(&self, group: &Group, part: &Part, away: &[NodeId]) -> GroupRead {
        let away = [self.away.as_slice(), away].concat();
        let Self { layouts, nodes, .. } = self;
        GroupRead::new(group, &[], &Known { layouts, nodes, away: &away, displaced: &part.displaced })
    }
}
