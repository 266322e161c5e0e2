//! Which copies there are, by what is on the disks: of machines that are switched off too.

use std::sync::Arc;

use vs_core::{
    group::Group,
    hash::ChunkHash,
    id::{AssetId, NodeId},
};
use vsd_core::{
    background::State,
    meta::{AssetFate, AssetRecord, AssetState, View},
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
        Self { world, machines: world.machines() }
    }

    fn machine(&self, node: NodeId) -> Option<&Arc<Machine>> {
        self.machines.iter().find(|machine| machine.id() == Some(node))
    }

    /// Whether a node has a good copy on its disks.
    #[must_use]
    pub fn has(&self, node: NodeId, asset: AssetId, chunk: ChunkHash) -> bool {
        let key = Key { hash: chunk, asset };
        self.machine(node).is_some_and(|machine| self.is_good(machine, &key))
    }

    fn is_good(&self, machine: &Machine, key: &Key) -> bool {
        machine.lists(key) && !self.world.oracle.is_rotten(machine.at, *key)
    }

    /// Whether hardware, or an operator who gave the node up, is why a node does not have a copy.
    #[must_use]
    pub fn is_excused(&self, view: &View<'_>, node: NodeId, asset: AssetId, chunk: ChunkHash) -> bool {
        let key = Key { hash: chunk, asset };
        let oracle = &self.world.oracle;
        let harmed = |machine: &Arc<Machine>| {
            oracle.is_taken(machine.at, key) || oracle.is_rotten(machine.at, key) || machine.hides(&key)
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
            let is_hidden = |machine: &Machine| machine.hides(&key) && !self.world.oracle.is_rotten(machine.at, key);
            self.machines.iter().any(|machine| self.is_good(machine, &key) || is_hidden(machine))
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
pub(super) fn groups(view: &View<'_>, asset: &AssetRecord) -> Vec<Group> {
    let parts = view.parts_of(asset).filter_map(Result::ok);
    parts.flat_map(|part| part.groups(asset.id, asset.scheme).collect::<Vec<_>>()).collect()
}

/// What of an asset is elsewhere than computed, or owed.
pub(super) fn astray(view: &View<'_>, asset: AssetId) -> Vec<vs_core::manifest::Displaced> {
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

/// Whether everything can do without these copies of a node, and with one member less than then: of what is finished. What
/// is being written or moved has no copy to spare.
pub(crate) fn spare(view: &View<'_>, copies: &Copies<'_>, node: NodeId, keys: &[Key]) -> bool {
    let assets: std::collections::BTreeSet<AssetId> = keys.iter().map(|key| key.asset).collect();
    assets.into_iter().all(|id| {
        let Ok(Some(asset)) = view.asset(id) else { return view.fate(id) == Ok(AssetFate::Dead) };
        match asset.state {
            AssetState::Dead => true,
            AssetState::Open => false,
            AssetState::Live if !asset.is_finished() || asset.pending.is_some() => false,
            AssetState::Live => {
                let Ok(Some(layout)) = view.layout(asset.since) else { return false };
                let astray = astray(view, id);
                let lost = |at: NodeId, hash: ChunkHash| at == node && keys.contains(&Key { hash, asset: id });
                let has = |at: NodeId, hash: ChunkHash| !lost(at, hash) && copies.has(at, id, hash);
                groups(view, &asset).iter().all(|group| {
                    let placed = group.placed(&layout).filter(|(at, chunk)| has(*at, chunk.hash)).count();
                    let of_group = |chunk| group.members.iter().any(|member| member.hash == chunk);
                    let stand_ins = astray.iter().filter(|row| of_group(row.chunk));
                    let stand_ins = stand_ins.filter(|row| row.stand_in.is_some_and(|at| has(at, row.chunk))).count();
                    placed + stand_ins > group.data
                })
            }
        }
    })
}
