//! Which copies there are, by what is on the disks: of machines that are switched off too, but not of those that are so for
//! good.

use std::{sync::Arc, time::Duration};

use vs_core::{
    group::Group,
    hash::ChunkHash,
    id::{AssetId, NodeId},
};
use vsd_core::{
    background::State,
    meta::{AssetRecord, AssetState, View},
    superblock::Key,
};

use crate::{machine::Machine, world::World};

/// A look at all disks.
pub struct Copies<'a> {
    world: &'a World,
    machines: Vec<Arc<Machine>>,
}

impl std::fmt::Debug for Copies<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Copies").field("machines", &self.machines.len()).finish_non_exhaustive()
    }
}

impl<'a> Copies<'a> {
    #[must_use]
    pub fn of(world: &'a World) -> Self {
        Self { world, machines: world.machines().into_iter().filter(|machine| !machine.is_retired()).collect() }
    }

    fn machine(&self, node: NodeId) -> Option<&Arc<Machine>> {
        self.machines.iter().find(|machine| machine.id() == Some(node))
    }

    /// Whether a node has a good copy on any of its disks.
    #[must_use]
    pub fn has(&self, node: NodeId, asset: AssetId, chunk: ChunkHash) -> bool {
        self.machine(node).is_some_and(|machine| machine.has(&Key { hash: chunk, asset }))
    }

    /// Whether a node has a good copy for good: it is not about to drop it, and did not fail to.
    #[must_use]
    pub fn is_sure(&self, node: NodeId, asset: AssetId, chunk: ChunkHash) -> bool {
        let key = Key { hash: chunk, asset };
        self.machine(node).is_some_and(|machine| machine.drives().iter().any(|drive| drive.is_sure(&key)))
    }

    /// Whether hardware, or an operator who gave the node up, is why a node does not have a copy: since the node last
    /// found that it has it.
    #[must_use]
    pub fn is_excused(&self, view: &View<'_>, node: NodeId, asset: AssetId, chunk: ChunkHash) -> bool {
        let key = Key { hash: chunk, asset };
        let said = self.world.oracle.said(node, key);
        let is_since = |harmed: Option<Duration>, said| harmed.is_some_and(|harmed| harmed >= said);
        let harmed = |machine: &Arc<Machine>| {
            is_since(self.world.oracle.taken(node, key), said.listed)
                || is_since(machine.hidden_at(&key), said.listed)
                || is_since(machine.rotted_at(&key), said.verified)
        };
        // one that no machine is any more was lost with everything
        let by_hardware = self.machine(node).is_none_or(harmed);
        by_hardware || view.node(node).ok().flatten().is_none_or(|node| node.removed)
    }

    /// Distinct members of a group of which there is a good copy anywhere.
    #[must_use]
    pub fn members(&self, asset: AssetId, group: &Group) -> usize {
        let any = |hash: ChunkHash| {
            let key = Key { hash, asset };
            self.machines.iter().any(|machine| machine.has(&key) || machine.hides(&key))
        };
        group.members.iter().filter(|member| any(member.hash)).count()
    }
}

/// Live assets of a state.
pub(super) fn live(view: &View<'_>) -> Vec<AssetRecord> {
    let assets = view.assets(None, vs_core::limit::PAGE_ITEMS_MAX).unwrap_or_default();
    assets.into_iter().filter(|asset| asset.state == AssetState::Live).collect()
}

/// The groups of an asset's current version.
pub(crate) fn groups(view: &View<'_>, asset: &AssetRecord) -> Vec<Group> {
    let parts = view.parts_of(asset).filter_map(Result::ok);
    parts.flat_map(|part| part.groups(asset.id, asset.scheme).collect::<Vec<_>>()).collect()
}

/// What of an asset is elsewhere than computed, or owed.
pub(crate) fn astray(view: &View<'_>, asset: AssetId) -> Vec<vs_core::manifest::Displaced> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = view.displaced(asset, after.as_ref(), vs_core::limit::PAGE_ITEMS_MAX).unwrap_or_default();
        let Some(last) = page.last() else { return all };
        after = Some(*last);
        all.extend(page);
    }
}

/// The state as a view for the time of a check.
pub(super) fn with_view<T>(of: &crate::replica::Replica, look: impl FnOnce(View<'_>) -> T) -> T {
    look(of.snapshot().view())
}
