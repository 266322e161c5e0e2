//! What time and dead assets leave to do, in bounded steps that the leader proposes while any is due.
//!
//! Each step is decided by cluster time and the state alone, so proposing one too many does no harm.

use uuid::Uuid;
use vs_core::id::{AssetId, UploadId, VideoId};

use super::{Answer, Step, Stop};
use crate::meta::{
    family::{Family, key, page, range},
    response::Response,
    table::{
        aging::{self, Aging},
        assets::{AssetRecord, AssetState, Assets},
        cleanup::{Cleanup, Cursor},
        clients::{ClientId, Clients},
        clock::ClusterTime,
        counters::{self, Counter},
        displaced::Displacements,
        parts::{PartId, Parts},
        uploads::{End, UploadPhase, Uploads},
    },
    tables::{TableError, Tables},
    view::View,
};

/// Most records of one step, whatever was asked for.
const STEP_RECORDS_MAX: u32 = 1_000;

/// Whether proposing [`Command::Housekeep`](crate::meta::Command::Housekeep) now would do anything.
///
/// # Errors
/// When the tables cannot be read.
pub fn housekeeping_due(tables: &dyn Tables) -> Result<bool, TableError> {
    let now = View::new(tables).cluster_time()?;
    for kind in Aging::ALL {
        if aging::first_due(tables, kind, now)?.is_some() {
            return Ok(true);
        }
    }
    Ok(first_cleanup(tables)?.is_some())
}

/// Whether anything waits for cluster time to pass.
///
/// # Errors
/// When the tables cannot be read.
pub fn time_matters(tables: &dyn Tables) -> Result<bool, TableError> {
    aging::anything(tables)
}

fn first_cleanup(tables: &dyn Tables) -> Result<Option<(AssetId, Cursor)>, TableError> {
    let first = page::<Cleanup>(tables, &[Cleanup::TAG], None, 1)?;
    Ok(first.into_iter().next())
}

impl Step<'_, '_> {
    pub(super) fn housekeep(&mut self, limit: u32) -> Answer {
        let limit = limit.clamp(1, STEP_RECORDS_MAX);
        let mut records = 0;
        while records < limit && (self.age_one()? || self.clean_one()?) {
            records += 1;
        }
        Ok(Response::Housekept { records, more: housekeeping_due(self.txn)? })
    }

    /// Deals with the oldest thing that has come of age, if there is one.
    fn age_one(&mut self) -> Result<bool, Stop> {
        for kind in Aging::ALL {
            if let Some((since, what)) = aging::first_due(self.txn, kind, self.now)? {
                aging::leave(self.txn, kind, since, what);
                match kind {
                    Aging::Trash => self.age_trash(VideoId(what), since)?,
                    Aging::Upload => self.age_upload(UploadId(what), since)?,
                    Aging::EndedUpload => self.age_ended(UploadId(what), since)?,
                    Aging::Client => self.age_client(ClientId(what), since)?,
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn age_trash(&mut self, id: VideoId, since: ClusterTime) -> Result<(), Stop> {
        match self.view().video(id)? {
            Some(video) if video.trashed.is_some_and(|trashed| trashed.at == since) => self.purge(video),
            _ => Ok(()),
        }
    }

    fn age_upload(&mut self, id: UploadId, since: ClusterTime) -> Result<(), Stop> {
        let Some(upload) = self.view().upload(id)? else { return Ok(()) };
        match upload.phase {
            UploadPhase::Ended(_) => {}
            // it cannot expire, but its lease still needs time to pass
            UploadPhase::Stored { .. } => self.age_again(Aging::Upload, self.now, id.0),
            _ if upload.touched > since => self.age_again(Aging::Upload, upload.touched, id.0),
            _ => {
                if let Some(asset) = self.view().asset(upload.asset)? {
                    self.drop_upload(upload, asset, End::Expired)?;
                }
            }
        }
        Ok(())
    }

    fn age_ended(&mut self, id: UploadId, since: ClusterTime) -> Result<(), Stop> {
        if self.view().upload(id)?.is_some_and(|upload| upload.is_over() && upload.touched == since) {
            self.txn.delete::<Uploads>(&id);
        }
        Ok(())
    }

    fn age_client(&mut self, id: ClientId, since: ClusterTime) -> Result<(), Stop> {
        match self.txn.load::<Clients>(&id)? {
            Some(session) if session.touched > since => self.age_again(Aging::Client, session.touched, id.0),
            Some(session) => {
                self.txn.delete::<Clients>(&id);
                let counter = if session.is_closed() { Counter::ClosedClients } else { Counter::Clients };
                counters::give_back(self.txn, counter)?;
            }
            None => {}
        }
        Ok(())
    }

    fn age_again(&mut self, kind: Aging, since: ClusterTime, what: Uuid) {
        aging::enter(self.txn, kind, since, what);
    }

    /// Looks at the next part of the first asset that has leftovers, and ends its cleanup after the last one.
    fn clean_one(&mut self) -> Result<bool, Stop> {
        let Some((id, cursor)) = first_cleanup(self.txn)? else { return Ok(false) };
        let asset = self.view().asset(id)?;
        let whole = key::<Parts>(&id);
        let from = if cursor.0.is_empty() { whole.clone() } else { [cursor.0.as_slice(), &[0]].concat() };
        let to = key::<Parts>(&id.next());
        if let Some((part, _)) = range::<Parts>(self.txn, &from, &to, 1)?.into_iter().next() {
            if !asset.as_ref().is_some_and(|asset| needs(asset, &part)) {
                self.txn.delete::<Parts>(&part);
            }
            self.txn.put::<Cleanup>(&id, &Cursor(key::<Parts>(&part)));
            return Ok(true);
        }
        let displaced = asset.as_ref().is_some_and(AssetRecord::is_displaced);
        if !displaced && self.clean_displaced(id)? {
            return Ok(true);
        }
        let dead = asset.is_none_or(|asset| asset.state == AssetState::Dead);
        self.txn.delete::<Cleanup>(&id);
        if dead {
            self.txn.delete::<Assets>(&id);
        }
        Ok(true)
    }

    fn clean_displaced(&mut self, id: AssetId) -> Result<bool, Stop> {
        let (from, to) = (key::<Displacements>(&id), key::<Displacements>(&id.next()));
        let first = range::<Displacements>(self.txn, &from, &to, 1)?.into_iter().next();
        if let Some((displaced, _)) = &first {
            self.txn.delete::<Displacements>(displaced);
        }
        Ok(first.is_some())
    }
}

/// Whether a part belongs to a track of the asset, or to its pending version.
fn needs(asset: &AssetRecord, (_, version, ballot, name, no): &PartId) -> bool {
    if *version != asset.version {
        return asset.pending.is_some_and(|pending| pending.version == *version);
    }
    let holds = |parts: usize| usize::try_from(*no).is_ok_and(|no| no < parts);
    let mut tracks = asset.tracks.iter();
    tracks.any(|track| track.ballot == *ballot && track.name == *name && holds(track.parts.len()))
}
