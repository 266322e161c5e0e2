//! The cluster as the leader sees it: who leads, and how the nodes are. Nothing of it is agreed on, and nothing that must
//! be right depends on it.

use vs_core::id::{Epoch, NodeId};

use crate::{plan::weights::FULL_PERCENT, upload::write::Known};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    pub leader: Option<NodeId>,
    /// The newest layout.
    pub epoch: Epoch,
    /// Every node that was registered, removed ones too.
    pub nodes: Vec<NodePicture>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodePicture {
    pub id: NodeId,
    pub state: Shown,
    pub disk_used_bytes: u64,
    pub disk_total_bytes: u64,
    /// More that it takes before its disks are too full; none when it does not tell.
    pub disk_room_bytes: Option<u64>,
    /// Copies that it found damaged and has not got rid of.
    pub damaged: u64,
    /// Changes whenever its data directories do, in a way that may cost copies.
    pub dirs_changed: u64,
    /// How long ago it was heard; none when it never was.
    pub heard_ms: Option<u64>,
}

/// How a node is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown {
    Up,
    /// Up, and to be emptied.
    Draining,
    /// Silent for a moment.
    Suspect,
    Down,
    /// Removed by its operator.
    Out,
    /// This node was not told.
    #[default]
    Unknown,
}

impl Shown {
    /// The one that has this name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "up" => Self::Up,
            "draining" => Self::Draining,
            "suspect" => Self::Suspect,
            "down" => Self::Down,
            "out" => Self::Out,
            _ => Self::Unknown,
        }
    }

    /// Whether the node can be asked.
    #[must_use]
    pub fn is_up(self) -> bool {
        matches!(self, Self::Up | Self::Draining)
    }
}

impl Picture {
    #[must_use]
    pub fn node(&self, node: NodeId) -> Option<&NodePicture> {
        self.nodes.iter().find(|known| known.id == node)
    }

    /// How a node is for who writes to it: well, as long as nothing else is known.
    #[must_use]
    pub fn known(&self, node: NodeId) -> Known {
        let Some(node) = self.node(node) else { return Known::Up };
        match node.state {
            Shown::Down | Shown::Out => Known::Down,
            // of those a new leader has not heard yet it is not known either
            Shown::Suspect | Shown::Unknown => Known::Suspect,
            Shown::Up | Shown::Draining if node.is_full() => Known::Full,
            Shown::Up | Shown::Draining => Known::Up,
        }
    }
}

impl NodePicture {
    /// A node of which nothing is known.
    #[must_use]
    pub fn of(id: NodeId) -> Self {
        let state = Shown::Unknown;
        Self {
            id,
            state,
            disk_used_bytes: 0,
            disk_total_bytes: 0,
            disk_room_bytes: None,
            damaged: 0,
            dirs_changed: 0,
            heard_ms: None,
        }
    }

    /// Whether it takes no more chunks. How full one may be is its own affair, and each of its disks counts by itself.
    fn is_full(&self) -> bool {
        self.disk_room_bytes.map_or_else(|| self.used_percent() >= FULL_PERCENT, |room| room == 0)
    }

    /// How full its disks are; 0 where that is not known.
    #[must_use]
    pub fn used_percent(&self) -> u64 {
        let percent = (u128::from(self.disk_used_bytes) * 100).checked_div(self.disk_total_bytes.into()).unwrap_or(0);
        u64::try_from(percent).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_silent_or_has_no_room_is_known_as_that() {
        let node = |id, state: &str, disk_used_bytes| NodePicture {
            state: Shown::named(state),
            disk_used_bytes,
            disk_total_bytes: 1000,
            ..NodePicture::of(NodeId(id))
        };
        let nodes = vec![
            node(1, "up", 949),
            node(2, "up", 950),
            node(3, "suspect", 990),
            node(4, "down", 0),
            node(5, "out", 0),
            NodePicture { disk_total_bytes: 0, ..node(6, "up", 0) },
            node(7, "unknown", 0),
            node(8, "draining", 950),
            NodePicture { disk_room_bytes: Some(1), ..node(9, "up", 960) },
            NodePicture { disk_room_bytes: Some(0), ..node(10, "up", 670) },
        ];
        let picture = Picture { nodes, ..Picture::default() };
        let expected = [
            Known::Up,
            Known::Full,
            Known::Suspect,
            Known::Down,
            Known::Down,
            Known::Up,
            Known::Suspect,
            Known::Full,
            Known::Up,
            Known::Full,
            Known::Up,
        ];
        assert_eq!((1..=11).map(|id| picture.known(NodeId(id))).collect::<Vec<_>>(), expected);
    }
}
