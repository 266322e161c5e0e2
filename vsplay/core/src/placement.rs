//! From a chunk to the nodes to ask: the read plan of DESIGN §6, split into those that should have it and the rest.

use vs_core::{
    id::NodeId,
    layout::{Layout, Scheme},
    manifest::{ChunkRef, Part},
    read::read_plan,
};

/// Where an asset's chunks are.
#[derive(Clone, Debug)]
pub struct Placement {
    pub scheme: Scheme,
    /// From the epoch the asset is placed by to the current one.
    pub layouts: Vec<Layout>,
    pub nodes: Vec<NodeId>,
}

/// The holders of one chunk in the order of the read plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holders {
    pub plan: Vec<NodeId>,
    /// How many of the first should have the chunk; the others are asked when none of them gives it.
    pub likely: usize,
}

impl Placement {
    #[must_use]
    pub fn holders(&self, part: &Part, chunk: &ChunkRef) -> Holders {
        let width = match self.scheme {
            Scheme::Replicate(n) => usize::from(n),
            Scheme::Erasure { .. } => 1,
        };
        let displaced = part.displaced.iter().filter(|displaced| displaced.chunk == chunk.hash);
        let stand_ins: Vec<_> = displaced.filter_map(|displaced| displaced.stand_in).collect();
        let plan = read_plan(&self.layouts, &chunk.hash, width, &stand_ins, &self.nodes);
        let likely = read_plan(&self.layouts, &chunk.hash, width, &stand_ins, &[]).len();
        Holders { plan, likely }
    }
}
