//! Where an asset is: by which epoch it is placed, and whether all of it is there.

use std::collections::BTreeSet;

use vs_core::{
    error::Code,
    id::{AssetId, Epoch, NodeId, Version},
    layout::{Layout, NodeWish, Scheme},
    mutant::{Mutant, planted},
};

use super::{Answer, Step, Stop, refuse};
use crate::meta::{
    response::Response,
    table::{
        assets::{AssetRecord, AssetState, Assets},
        cleanup::{Cleanup, Cursor},
        clock::LeaderTerm,
        events::EventKind,
        layouts,
    },
};

impl Step<'_, '_> {
    pub(super) fn placed(&mut self, id: AssetId, version: Version, epoch: Epoch, term: LeaderTerm) -> Answer {
        self.check_term(term)?;
        let mut asset = self.current(id, version)?;
        self.check_unwritten(&asset)?;
        let was_displaced = asset.is_displaced();
        if asset.since == epoch && !was_displaced {
            return Ok(Response::Done);
        }
        self.target(&asset, asset.scheme, epoch)?;
        layouts::count_use(self.txn, epoch)?;
        layouts::drop_use(self.txn, asset.since)?;
        asset.since = epoch;
        asset.all_in_place();
        self.txn.put::<Assets>(&id, &asset);
        if was_displaced {
            self.txn.put::<Cleanup>(&id, &Cursor::default());
            self.event(EventKind::AssetMended { asset: id })?;
        }
        layouts::forget_unused(self.txn)?;
        Ok(Response::Done)
    }

    pub(super) fn asset_damaged(&mut self, id: AssetId, version: Version, damaged: bool, term: LeaderTerm) -> Answer {
        self.check_term(term)?;
        let mut asset = self.current(id, version)?;
        if asset.damaged != damaged {
            asset.damaged = damaged;
            self.txn.put::<Assets>(&id, &asset);
            self.event(EventKind::AssetDamaged { asset: id, damaged })?;
        }
        Ok(Response::Done)
    }

    /// A live asset.
    pub(super) fn live(&self, id: AssetId) -> Result<AssetRecord, Stop> {
        match self.view().asset(id)? {
            Some(asset) if asset.state == AssetState::Live => Ok(asset),
            _ => refuse(Code::Conflict, format!("asset {id} is not live")),
        }
    }

    /// The same, when this is the version that is read.
    fn current(&self, id: AssetId, version: Version) -> Result<AssetRecord, Stop> {
        let asset = self.live(id)?;
        if asset.version != version {
            return refuse(Code::Conflict, format!("{} of asset {id} is current, not {version}", asset.version));
        }
        Ok(asset)
    }

    /// Refuses an asset to which chunks are being added.
    pub(super) fn check_unwritten(&self, asset: &AssetRecord) -> Result<(), Stop> {
        if !asset.is_finished() {
            return refuse(Code::Conflict, format!("asset {} is still being written", asset.id));
        }
        match asset.pending {
            Some(_) if planted(Mutant::PlacedWhilePending) => Ok(()),
            Some(pending) => refuse(Code::Conflict, format!("{} of asset {} is pending", pending.version, asset.id)),
            None => Ok(()),
        }
    }

    /// The layout of an epoch by which the asset can be placed from now on: it is not older, its nodes are all there,
    /// and it has room for as many members, or, where an operator took nodes away, for as many as can be read.
    pub(super) fn target(&self, asset: &AssetRecord, scheme: Scheme, epoch: Epoch) -> Result<Layout, Stop> {
        let since = asset.since;
        if epoch < since {
            return refuse(Code::Conflict, format!("asset {} is placed by {since}, after {epoch}", asset.id));
        }
        let (Some(from), Some(to)) = (self.view().layout(since)?, self.view().layout(epoch)?) else {
            return refuse(Code::Conflict, format!("there is no layout of {epoch}"));
        };
        for listed in &to.nodes {
            self.registered(listed.id)?;
        }
        let members = |layout: &Layout| scheme.width().min(layout.room());
        if members(&to) < scheme.data() {
            let what = format!("{epoch} places {} members, and {} are needed to read any", members(&to), scheme.data());
            return refuse(Code::Conflict, what);
        }
        if members(&to) < members(&from)
            && let Some(node) = self.missed(&from, &to)?
        {
            let what = format!(
                "{epoch} places {} members, {since} {}: {node} is missing and was not removed",
                members(&to),
                members(&from)
            );
            return refuse(Code::Conflict, what);
        }
        Ok(to)
    }

    /// A node that holds members by one layout, holds none by the other, and was not taken away by name.
    fn missed(&self, from: &Layout, to: &Layout) -> Result<Option<NodeId>, Stop> {
        for node in takers(from).difference(&takers(to)) {
            let leaves = to.nodes.iter().any(|listed| listed.id == *node && listed.wish != NodeWish::In);
            let removed = self.view().node(*node)?.is_some_and(|node| node.removed);
            if !leaves && !removed {
                return Ok(Some(*node));
            }
        }
        Ok(None)
    }
}

/// The nodes that have slots.
fn takers(layout: &Layout) -> BTreeSet<NodeId> {
    layout.slots().iter().flatten().filter_map(|&at| layout.nodes.get(usize::from(at))).map(|node| node.id).collect()
}
