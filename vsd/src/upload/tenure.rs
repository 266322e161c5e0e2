//! Whose an upload is to finish, and for how long.
//!
//! Whoever finishes an upload keeps its lease from its first look at it until it is done, also while it waits for its
//! turn or to try again. An upload that changes hands costs its whole original over the network and the former node's
//! spool: so another node takes it only after a silence longer than any restart, and only when it has room for it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vs_core::{
    error::{Code, Failure},
    id::{Ballot, NodeId, UploadId},
};
use vsd_core::meta::{ClusterTime, Command, Response, SettingName, UploadPhase, UploadRecord};

use super::sessions::Uploader;

/// An upload is another node's to take when nobody has renewed its lease for so many leases.
const SILENT_LEASES: u64 = 10;
/// A lease is renewed so many times while it lasts.
const RENEWALS: u32 = 3;
/// Between two looks while the state cannot be read.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// How long a node leaves an upload to others that it had no room for, once it has fetched the film for nothing.
pub(super) const LEFT_TO_OTHERS: Duration = Duration::from_secs(600);

/// What a node is to an upload whose bytes have all arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The upload is this node's.
    Holder,
    /// Nobody has been heard of that finishes it.
    Heir,
    /// It is over, or another's.
    Nobody,
}

pub(super) fn role(record: &UploadRecord, node: NodeId, now: ClusterTime, lease_ms: u64) -> Role {
    let silent_from = record.lease_until.plus_ms(lease_ms.saturating_mul(SILENT_LEASES - 1));
    match record.phase {
        UploadPhase::Receiving | UploadPhase::Ended(_) => Role::Nobody,
        _ if record.node == node => Role::Holder,
        UploadPhase::Stored { .. } if silent_from < now => Role::Heir,
        UploadPhase::Received { .. } | UploadPhase::Stored { .. } => Role::Nobody,
    }
}

/// What whoever keeps a lease does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Renewal {
    Renew(Ballot),
    /// It is not this node's yet.
    Wait,
    /// It was this node's, and is no more.
    LetGo,
}

fn renewal(record: Option<&UploadRecord>, node: NodeId, was_held: bool) -> Renewal {
    match record {
        Some(record) if record.node == node && !record.is_over() => Renewal::Renew(record.ballot),
        _ if was_held => Renewal::LetGo,
        _ => Renewal::Wait,
    }
}

/// Tells the log that this node goes on with the upload, from when it is its own; stops the work when it is another's.
/// Does not end.
pub(super) async fn keep(uploader: &Uploader, upload: UploadId, stop: &CancellationToken) {
    let mut was_held = false;
    loop {
        let (renewal, pause) = match look(uploader, upload, was_held).await {
            Ok(looked) => looked,
            Err(failure) => {
                tracing::debug!(%upload, %failure, "the lease could not be renewed");
                (Renewal::Wait, LOOK_AGAIN)
            }
        };
        match renewal {
            Renewal::Renew(ballot) => {
                was_held = true;
                match uploader.meta().propose(Command::LeaseRenew { upload, ballot }).await {
                    // taken anew by this node meanwhile, or by another: the next look tells
                    Ok(Response::Refused(refused)) => tracing::debug!(%upload, %refused, "the lease was not renewed"),
                    Ok(_) => {}
                    Err(error) => tracing::debug!(%upload, %error, "the lease could not be renewed"),
                }
            }
            Renewal::Wait => {}
            Renewal::LetGo => {
                tracing::info!(%upload, "the upload is no longer this node's to finish");
                stop.cancel();
                return std::future::pending().await;
            }
        }
        tokio::time::sleep(pause).await;
    }
}

async fn look(uploader: &Uploader, upload: UploadId, was_held: bool) -> Result<(Renewal, Duration), Failure> {
    let state = uploader.meta().read().await?;
    let unreadable = |error: vsd_core::meta::TableError| Failure::new(Code::Internal, error.to_string());
    let lease_ms = state.view().setting(SettingName::UploadLease).map_err(unreadable)?;
    let record = state.view().upload(upload).map_err(unreadable)?;
    Ok((renewal(record.as_ref(), uploader.node(), was_held), Duration::from_millis(lease_ms) / RENEWALS))
}

/// Bytes of an upload's film that are not in this node's spool.
pub(super) fn missing_bytes(uploader: &Uploader, record: &UploadRecord) -> u64 {
    let (UploadPhase::Received { bytes, .. } | UploadPhase::Stored { bytes, .. }) = record.phase else { return 0 };
    let here = std::fs::metadata(uploader.spool().path(record.id)).map_or(0, |file| file.len());
    if here < bytes { bytes } else { 0 }
}

/// Refuses to fetch so many bytes into a spool that has no room for them.
pub(super) fn check_room(uploader: &Uploader, more: u64) -> Result<(), Failure> {
    let percent = uploader.options().spool_full_percent;
    let looked = uploader.spool().is_full(percent, more);
    match looked.map_err(|error| Failure::new(Code::Internal, "the spool cannot be looked at").because(error))? {
        true => Err(Failure::new(Code::NoSpace, "no room to finish the upload here")
            .because(format!("its original would fill the disk of {}'s spool above {percent} %", uploader.node()))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use vs_core::{
        hash::Hash,
        id::{AssetId, Epoch, Version, VideoId},
    };
    use vsd_core::meta::{End, OnDuplicate, Redundancy, TrackOptions};

    use super::*;

    const LEASE_MS: u64 = 30_000;
    const RENEWED: ClusterTime = ClusterTime(1_000_000);

    fn upload(phase: UploadPhase) -> UploadRecord {
        UploadRecord {
            id: UploadId::from_random([1; 16]),
            video: VideoId::from_random([2; 16]),
            asset: AssetId(3),
            version: Version(1),
            since: Epoch(1),
            node: NodeId(1),
            ballot: Ballot(4),
            lease_until: RENEWED.plus_ms(LEASE_MS),
            touched: RENEWED,
            begun_ms: 0,
            file_name: String::new(),
            title: String::new(),
            description: String::new(),
            tags: std::collections::BTreeMap::new(),
            size: None,
            options: TrackOptions::default(),
            redundancy: Redundancy::Auto,
            on_duplicate: OnDuplicate::Skip,
            phase,
        }
    }

    #[test]
    fn an_upload_stays_with_its_node_through_a_restart_and_is_inherited_after_a_long_silence() {
        let film = (Hash::of(b"film"), 4);
        let stored = upload(UploadPhase::Stored { sha256: film.0, bytes: film.1 });
        let received = upload(UploadPhase::Received { sha256: film.0, bytes: film.1 });
        let role_of = |record: &UploadRecord, node: u64, leases: u64| {
            role(record, NodeId(node), RENEWED.plus_ms(leases * LEASE_MS + 1), LEASE_MS)
        };
        for leases in 0..30 {
            assert_eq!(role_of(&stored, 1, leases), Role::Holder);
            let of_others = if leases < SILENT_LEASES { Role::Nobody } else { Role::Heir };
            assert_eq!(role_of(&stored, 2, leases), of_others, "after {leases} leases");
            assert_eq!(role_of(&received, 2, leases), Role::Nobody, "its bytes are with its node alone");
            assert_eq!(role_of(&upload(UploadPhase::Ended(End::Ready)), 1, leases), Role::Nobody);
        }
    }

    #[test]
    fn a_lease_is_kept_whatever_its_holder_waits_for_and_only_by_its_holder() {
        let stored = upload(UploadPhase::Stored { sha256: Hash::of(b"film"), bytes: 4 });
        let over = upload(UploadPhase::Ended(End::Aborted));
        for was_held in [false, true] {
            let without = if was_held { Renewal::LetGo } else { Renewal::Wait };
            assert_eq!(renewal(Some(&stored), NodeId(1), was_held), Renewal::Renew(Ballot(4)));
            assert_eq!(renewal(Some(&stored), NodeId(2), was_held), without);
            assert_eq!(renewal(Some(&over), NodeId(1), was_held), without);
            assert_eq!(renewal(None, NodeId(1), was_held), without);
        }
    }
}
