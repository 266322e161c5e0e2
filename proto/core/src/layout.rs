//! The layout: the versioned cluster map from which every client computes the same places (DESIGN §6).
//!
//! Invariants:
//! - The slot table is data. Whoever holds a layout computes the same places, whatever release it runs.
//! - Every slot lists distinct nodes of this layout, in a fixed order; member `i` of a stripe is on the slot's `i`-th node.
//! - A layout with nodes has a node in every slot.

use serde::{Deserialize, Serialize};

use crate::{
    hash::Hash,
    id::{AssetId, Epoch, NodeId},
    limit::{SLOT_NODES_MAX, SLOTS, STRIPE_DATA, STRIPE_PARITY},
};

/// What an operator wants of a node. Liveness is not here: it never changes a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeWish {
    In,
    Draining,
    Out,
}

/// A node as the layout knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayoutNode {
    pub id: NodeId,
    /// Failure domain: copies are spread over zones where possible.
    pub zone: String,
    /// Share of the data in thousandths; 1,000 for an ordinary node.
    pub weight_milli: u32,
    pub wish: NodeWish,
}

/// One epoch of the cluster map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layout {
    pub epoch: Epoch,
    pub nodes: Vec<LayoutNode>,
    /// For each slot its nodes in order, as positions in `nodes`. All slots list equally many.
    pub(crate) slots: Vec<Vec<u16>>,
}

/// A slot table that breaks the invariants above.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("slot {slot}: {why}")]
pub struct InvalidLayout {
    slot: usize,
    why: &'static str,
}

/// How an asset's chunks are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    Replicate(u8),
    Erasure { data: u8, parity: u8 },
}

impl Scheme {
    /// What is kept of content that is watched, and of anything that cannot be coded yet.
    pub const REPLICATED: Self = Self::Replicate(3);
    /// What is kept of content that is hardly watched.
    #[allow(clippy::cast_possible_truncation, reason = "both are small")]
    pub const CODED: Self = Self::Erasure { data: STRIPE_DATA as u8, parity: STRIPE_PARITY as u8 };

    #[must_use]
    pub fn is_coded(self) -> bool {
        matches!(self, Self::Erasure { .. })
    }

    /// How many members of a group give all the others: with fewer nothing can be read.
    #[must_use]
    pub fn data(self) -> usize {
        match self {
            Self::Replicate(_) => 1,
            Self::Erasure { data, .. } => data.into(),
        }
    }

    /// On how many distinct nodes it keeps a chunk, or a whole stripe.
    #[must_use]
    pub fn width(self) -> usize {
        match self {
            Self::Replicate(copies) => copies.into(),
            Self::Erasure { data, parity } => usize::from(data) + usize::from(parity),
        }
    }
}

impl std::fmt::Display for Scheme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Replicate(n) => write!(f, "replicate({n})"),
            Self::Erasure { data, parity } => write!(f, "erasure({data}+{parity})"),
        }
    }
}

impl Layout {
    /// The layout of a cluster of one: every slot on that node.
    #[must_use]
    pub fn single(node: LayoutNode) -> Self {
        Self { epoch: Epoch(1), nodes: vec![node], slots: vec![vec![0]; SLOTS] }
    }

    /// A layout from a proposed table.
    ///
    /// # Errors
    /// When the table breaks an invariant of this module.
    pub fn new(epoch: Epoch, nodes: Vec<LayoutNode>, slots: Vec<Vec<u16>>) -> Result<Self, InvalidLayout> {
        let layout = Self { epoch, nodes, slots };
        layout.check()?;
        Ok(layout)
    }

    /// For each slot its nodes in order, as positions in `nodes`.
    #[must_use]
    pub fn slots(&self) -> &[Vec<u16>] {
        &self.slots
    }

    /// On how many distinct nodes a key can be placed: equal for all slots.
    #[must_use]
    pub fn room(&self) -> usize {
        self.slots.first().map_or(0, Vec::len)
    }

    /// Whether the node is of this layout, with or without slots.
    #[must_use]
    pub fn lists(&self, node: NodeId) -> bool {
        self.nodes.iter().any(|listed| listed.id == node)
    }

    /// Checks a layout that came from elsewhere.
    ///
    /// # Errors
    /// When it breaks an invariant of this module.
    pub fn check(&self) -> Result<(), InvalidLayout> {
        if self.slots.is_empty() || !self.slots.len().is_power_of_two() {
            return Err(InvalidLayout { slot: 0, why: "the number of slots is not a power of two" });
        }
        for (slot, list) in self.slots.iter().enumerate() {
            let distinct = (1..list.len()).all(|i| !list[..i].contains(&list[i]));
            let why = match () {
                () if list.len() > SLOT_NODES_MAX => "too many nodes",
                () if list.len() != self.slots[0].len() => "another number of nodes than slot 0",
                () if list.is_empty() && !self.nodes.is_empty() => "no node",
                () if list.iter().any(|&at| usize::from(at) >= self.nodes.len()) => "a node the layout does not have",
                () if !distinct => "a node twice",
                () => continue,
            };
            return Err(InvalidLayout { slot, why });
        }
        Ok(())
    }

    /// The slot of a key: its leading bits.
    #[must_use]
    pub fn slot(&self, key: &Hash) -> usize {
        let bits = self.slots.len().trailing_zeros();
        usize::try_from(key.leading_u64() >> (64 - bits).min(63)).unwrap_or(0) % self.slots.len()
    }

    /// The first `n` nodes of the key's slot; fewer when the layout has fewer.
    #[must_use]
    pub fn place(&self, key: &Hash, n: usize) -> Vec<NodeId> {
        self.slots[self.slot(key)].iter().take(n).map(|&at| self.nodes[usize::from(at)].id).collect()
    }
}

/// What a stripe is placed by: its members share a slot and so lie on distinct nodes.
#[must_use]
pub fn stripe_key(asset: AssetId, track: &str, stripe: u64) -> Hash {
    let mut key = Vec::with_capacity(16 + track.len());
    key.extend_from_slice(&asset.0.to_be_bytes());
    key.extend_from_slice(&stripe.to_be_bytes());
    key.extend_from_slice(track.as_bytes());
    Hash::of(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: u64) -> LayoutNode {
        LayoutNode { id: NodeId(id), zone: "default".to_owned(), weight_milli: 1000, wish: NodeWish::In }
    }

    #[test]
    fn a_cluster_of_one_places_everything_on_its_node() {
        let layout = Layout::single(node(1));
        assert_eq!(layout.check(), Ok(()));
        for i in 0..100u32 {
            assert_eq!(layout.place(&Hash::of(&i.to_le_bytes()), 3), [NodeId(1)]);
        }
    }

    #[test]
    fn slots_are_the_leading_bits() {
        let layout = Layout::single(node(1));
        assert_eq!(layout.slot(&Hash([0xff; 32])), SLOTS - 1);
        assert_eq!(layout.slot(&Hash([0; 32])), 0);
        let mut key = [0; 32];
        key[1] = 0x10;
        assert_eq!(layout.slot(&Hash(key)), 1);
    }

    #[test]
    fn broken_tables_are_refused() {
        let nodes = || vec![node(1), node(2)];
        for slots in [vec![], vec![vec![0]; 3], vec![vec![0, 0]], vec![vec![2]], vec![vec![]], vec![vec![0; 6]]] {
            assert!(Layout::new(Epoch(2), nodes(), slots.clone()).is_err(), "{slots:?}");
        }
        assert!(Layout::new(Epoch(2), nodes(), vec![vec![1, 0]]).is_ok());
    }
}
