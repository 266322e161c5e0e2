//! The end of repair and moves: what an asset's copies are is said in the log.

use std::collections::HashSet;

use vs_core::{
    hash::ChunkHash,
    id::{AssetId, Epoch, NodeId},
};
use vsd_core::{
    meta::Command,
    plan::repair::{Held, Placing},
};

use super::{
    repair::Repairer,
    survey::{Subject, part_names, part_of},
    world::World,
};
use crate::{holdings::Said, meta::MetaError};

impl Repairer {
    /// Verifies what has to be, and commits that the asset is placed by this epoch, which the survey found settled but for
    /// what was `verified` since. False when something is not as it should be, or not as it was then.
    pub(super) async fn place(
        &self,
        verified: HashSet<(NodeId, ChunkHash)>,
        world: &World,
        id: AssetId,
        epoch: Epoch,
    ) -> Result<bool, MetaError> {
        // as it is now: an epoch may have come since the survey
        let Some((now, state)) = self.look().await? else { return Ok(false) };
        let Some(asset) = state.view().asset(id)? else { return Ok(false) };
        let Some(subject) = Subject::new(&now, &state.view(), &asset)? else { return Ok(false) };
        // parts never change, and to ask about all of them takes long
        drop(state);
        let layouts = subject.epochs.layouts();
        let target = &layouts[subject.target(&now)];
        if target.epoch != epoch {
            return Ok(false);
        }
        for name in part_names(&asset) {
            let Some(part) = part_of(&self.meta.stale().state, &asset, name)? else { return Ok(false) };
            let (mut all, mut pairs) = (HashSet::new(), HashSet::new());
            for group in part.groups(id, asset.scheme) {
                let displaced = subject.astray.among(&group);
                let placing = Placing { group: &group, since: &layouts[0], target, displaced: &displaced };
                pairs.extend(placing.to_verify());
                all.extend(group.placed(target).map(|(node, chunk)| (node, chunk.hash)));
            }
            pairs.retain(|pair| !verified.contains(pair));
            all.retain(|pair| !pairs.contains(pair));
            // what was written or verified before is still there, and the others are what they should be
            let there = now.ask(&self.nodes, id, all.iter().copied(), false).await;
            let read = now.ask(&self.nodes, id, pairs.iter().copied(), true).await;
            let is_stored = |said: &Said, (node, chunk): &(NodeId, ChunkHash)| said.of(*node, chunk) == Held::Stored;
            if !all.iter().all(|pair| is_stored(&there, pair)) || !pairs.iter().all(|pair| is_stored(&read, pair)) {
                return Ok(false);
            }
        }
        let placed = Command::Placed { asset: id, version: asset.version, epoch: target.epoch, term: world.term };
        match self.meta.propose(placed).await?.accepted() {
            Ok(_) => {
                tracing::info!(asset = %id, epoch = %target.epoch, "every copy is in its place");
                Ok(true)
            }
            Err(refused) => {
                tracing::debug!(asset = %id, %refused, "not placed");
                Ok(false)
            }
        }
    }

    pub(super) async fn say_damaged(&self, world: &World, id: AssetId, damaged: bool) -> Result<(), MetaError> {
        let asset = self.meta.stale().state.view().asset(id)?;
        let Some(asset) = asset.filter(|asset| asset.damaged != damaged) else { return Ok(()) };
        let command = Command::AssetDamaged { asset: id, version: asset.version, damaged, term: world.term };
        match self.meta.propose(command).await?.accepted() {
            Ok(_) if damaged => tracing::error!(asset = %id, "chunks of it cannot be had from anybody"),
            Ok(_) => tracing::info!(asset = %id, "all of it can be read again"),
            Err(refused) => tracing::debug!(asset = %id, %refused, "its damage is not recorded"),
        }
        Ok(())
    }
}
