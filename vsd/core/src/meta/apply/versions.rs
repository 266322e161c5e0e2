//! Versions: the same content written anew beside the current version, and put in its place in one step (DESIGN §6).

use vs_core::{
    error::Code,
    id::{AssetId, Epoch, Version},
    layout::Scheme,
    limit::SLOT_NODES_MAX,
    manifest::Track,
};

use super::{Answer, Step, Stop, refuse};
use crate::meta::{
    response::Response,
    table::{
        assets::{AssetRecord, Assets, Pending},
        cleanup::{Cleanup, Cursor},
        clock::LeaderTerm,
        events::EventKind,
        layouts,
    },
};

impl Step<'_, '_> {
    pub(super) fn version_begin(&mut self, id: AssetId, scheme: Scheme, epoch: Epoch, term: LeaderTerm) -> Answer {
        self.check_term(term)?;
        check_scheme(scheme)?;
        let mut asset = self.live(id)?;
        self.check_unwritten(&asset)?;
        if self.now < asset.left_alone_until {
            return refuse(Code::Conflict, format!("asset {id} is left alone: its last migration was cancelled"));
        }
        let room = self.target(&asset, scheme, epoch)?.room();
        if scheme.is_coded() && room < scheme.width() {
            return refuse(Code::Conflict, format!("{scheme} needs {} nodes, and {epoch} has {room}", scheme.width()));
        }
        let version = asset.version_last.next();
        asset.version_last = version;
        asset.pending = Some(Pending { version, scheme, epoch });
        layouts::count_use(self.txn, epoch)?;
        self.txn.put::<Assets>(&id, &asset);
        Ok(Response::Pending { asset: id, version, ballot: asset.ballot, scheme, epoch })
    }

    pub(super) fn version_commit(
        &mut self,
        id: AssetId,
        version: Version,
        tracks: &[Track],
        term: LeaderTerm,
    ) -> Answer {
        self.check_term(term)?;
        let mut asset = self.live(id)?;
        if asset.version == version && asset.tracks == tracks {
            return Ok(Response::Done);
        }
        let Some(pending) = asset.pending.filter(|pending| pending.version == version) else {
            return refuse(Code::Conflict, format!("{version} of asset {id} is not pending"));
        };
        self.check_rewritten(&asset, pending, tracks)?;
        // the use that the pending version was counted for is the asset's from now on
        layouts::drop_use(self.txn, asset.since)?;
        let (changed, was_damaged) = (asset.scheme != pending.scheme, asset.damaged);
        asset.pending = None;
        (asset.version, asset.scheme, asset.since) = (version, pending.scheme, pending.epoch);
        asset.tracks = tracks.to_vec();
        asset.damaged = false;
        asset.all_in_place();
        self.txn.put::<Assets>(&id, &asset);
        self.txn.put::<Cleanup>(&id, &Cursor::default());
        if changed {
            self.event(EventKind::SchemeChanged { asset: id, scheme: asset.scheme })?;
        }
        if was_damaged {
            self.event(EventKind::AssetDamaged { asset: id, damaged: false })?;
        }
        layouts::forget_unused(self.txn)?;
        Ok(Response::Done)
    }

    pub(super) fn version_abort(&mut self, id: AssetId, version: Version, term: LeaderTerm) -> Answer {
        self.check_term(term)?;
        let asset = self.live(id)?;
        if version > asset.version_last || version == asset.version {
            return refuse(Code::Conflict, format!("{version} of asset {id} is not pending"));
        }
        if asset.pending.is_some_and(|pending| pending.version == version) {
            self.drop_pending(asset)?;
        }
        Ok(Response::Done)
    }

    /// Stores an asset without the version that is pending, if one is.
    pub(super) fn drop_pending(&mut self, mut asset: AssetRecord) -> Result<(), Stop> {
        let dropped = asset.pending.take();
        self.txn.put::<Assets>(&asset.id, &asset);
        if let Some(pending) = dropped {
            layouts::drop_use(self.txn, pending.epoch)?;
            self.txn.put::<Cleanup>(&asset.id, &Cursor::default());
            layouts::forget_unused(self.txn)?;
        }
        Ok(())
    }

    /// Refuses tracks that are not the current ones in other parts.
    fn check_rewritten(&self, asset: &AssetRecord, pending: Pending, tracks: &[Track]) -> Result<(), Stop> {
        if tracks.len() != asset.tracks.len() {
            return refuse(Code::Conflict, format!("asset {} has {} tracks", asset.id, asset.tracks.len()));
        }
        for (old, new) in asset.tracks.iter().zip(tracks) {
            let kept =
                Track { ballot: old.ballot, parts: old.parts.clone(), parity_bytes: old.parity_bytes, ..new.clone() };
            let plays = self.check_track(asset, pending.version, pending.scheme, new)?;
            if kept != *old || plays != self.plays(asset, old)? {
                return refuse(Code::Conflict, format!("track {} is another one", new.name));
            }
        }
        Ok(())
    }
}

fn check_scheme(scheme: Scheme) -> Result<(), Stop> {
    match scheme {
        Scheme::Replicate(1..) if scheme.width() <= SLOT_NODES_MAX => Ok(()),
        Scheme::CODED => Ok(()),
        _ => refuse(Code::Invalid, format!("content cannot be kept by {scheme}")),
    }
}
