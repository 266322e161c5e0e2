//! What a change of the layout moves, before it is made (DESIGN §6): chunks and bytes that each node takes and lets go
//! of, and whether it has room for them.
//!
//! Invariants:
//! - Counted is what the two layouts require and nothing else: a member goes where the new one places it, unless the old
//!   one has that node hold the same chunk anyway.
//! - Nothing is asked of the nodes: every member is taken to lie where the old layout places it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use vs_core::{group::Group, hash::ChunkHash, id::NodeId, layout::Layout, unit::human_bytes};

use super::weights::Usage;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Amount {
    pub chunks: u64,
    pub bytes: u64,
}

impl Amount {
    fn add(&mut self, bytes: u64) {
        self.chunks += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// What one node takes and lets go of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct NodeShift {
    pub incoming: Amount,
    pub outgoing: Amount,
}

/// What a change moves, added up group by group.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Shift {
    pub nodes: BTreeMap<NodeId, NodeShift>,
}

impl Shift {
    /// Adds groups of one asset that is placed by `from` and is to be by `to`. A chunk that is in several of them is
    /// stored once on a node: a part, or all of an asset, is to be added in one go.
    pub fn add<'a>(&mut self, from: &Layout, to: &Layout, groups: impl IntoIterator<Item = &'a Group>) {
        let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
        for group in groups {
            place(&mut before, group, from);
            place(&mut after, group, to);
        }
        for ((node, _), bytes) in after.iter().filter(|(copy, _)| !before.contains_key(*copy)) {
            self.nodes.entry(*node).or_default().incoming.add(*bytes);
        }
        for ((node, _), bytes) in before.iter().filter(|(copy, _)| !after.contains_key(*copy)) {
            self.nodes.entry(*node).or_default().outgoing.add(*bytes);
        }
    }

    /// What moves in all: each chunk counts for every node that takes it.
    #[must_use]
    pub fn total(&self) -> Amount {
        let mut total = Amount::default();
        for incoming in self.nodes.values().map(|node| node.incoming) {
            total.chunks += incoming.chunks;
            total.bytes = total.bytes.saturating_add(incoming.bytes);
        }
        total
    }

    /// How each node that takes or lets go of anything comes out of it.
    #[must_use]
    pub fn outlook(&self, usage: &BTreeMap<NodeId, Usage>) -> Vec<Outlook> {
        let known: BTreeSet<_> = self.nodes.keys().copied().collect();
        let outlook = |node: NodeId| Outlook { node, shift: self.nodes[&node], usage: usage.get(&node).copied() };
        known.into_iter().map(outlook).collect()
    }
}

/// Which chunks lie on which nodes, and how long they are.
fn place(copies: &mut BTreeMap<(NodeId, ChunkHash), u64>, group: &Group, layout: &Layout) {
    copies.extend(group.placed(layout).map(|(node, chunk)| ((node, chunk.hash), chunk.bytes.into())));
}

/// Whether a node has room for what comes to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// For all of it beside what it holds now.
    Now,
    /// Once what leaves it was dropped there: until then it takes what fits, and the rest waits.
    Later,
    /// Nobody has said how large its disks are.
    Unknown,
    /// It would be fuller than a node may be.
    Never,
}

/// A node before and after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    pub node: NodeId,
    pub shift: NodeShift,
    pub usage: Option<Usage>,
}

impl Outlook {
    #[must_use]
    pub fn room(&self) -> Room {
        let Some(usage) = self.usage else {
            return if self.shift.incoming.bytes == 0 { Room::Now } else { Room::Unknown };
        };
        let peak_bytes = usage.used_bytes.saturating_add(self.shift.incoming.bytes);
        let fits = |bytes: u64| bytes <= usage.limit_bytes();
        match () {
            () if self.shift.incoming.bytes == 0 || fits(peak_bytes) => Room::Now,
            () if fits(self.bytes_after()) => Room::Later,
            () => Room::Never,
        }
    }

    /// What it holds when all is done.
    #[must_use]
    pub fn bytes_after(&self) -> u64 {
        let used_bytes = self.usage.unwrap_or_default().used_bytes;
        used_bytes.saturating_add(self.shift.incoming.bytes).saturating_sub(self.shift.outgoing.bytes)
    }
}

/// A line for people.
impl fmt::Display for Outlook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (node, NodeShift { incoming, outgoing }) = (self.node, self.shift);
        let usage = self.usage.unwrap_or_default();
        let percent = |bytes: u64| (u128::from(bytes) * 100).checked_div(usage.total_bytes.into()).unwrap_or_default();
        match self.room() {
            Room::Now => write!(f, "{node} has room for {}", human_bytes(incoming.bytes)),
            Room::Later => {
                let (comes, goes) = (human_bytes(incoming.bytes), human_bytes(outgoing.bytes));
                write!(f, "{node} has room for {comes} only as the {goes} that leave it are dropped there")
            }
            Room::Unknown => write!(f, "{node} has not said whether it has room for {}", human_bytes(incoming.bytes)),
            Room::Never => {
                let (after, total) = (self.bytes_after(), human_bytes(usage.total_bytes));
                write!(f, "{node} would be {} % full: {} of {total}", percent(after), human_bytes(after))?;
                write!(f, " (limit {} %)", usage.limit_percent())
            }
        }
    }
}

/// What has to move at least, of so many stored bytes, when a cluster of equal nodes grows or shrinks: the part of the
/// nodes that come or go. Of a cluster with fewer nodes than copies, `stored_bytes` is what is stored afterwards.
#[must_use]
pub fn ideal_bytes(stored_bytes: u64, nodes_before: u64, nodes_after: u64) -> u64 {
    let changed = u128::from(stored_bytes) * u128::from(nodes_before.abs_diff(nodes_after));
    let ideal = changed.checked_div(nodes_before.max(nodes_after).into()).unwrap_or_default();
    u64::try_from(ideal).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
