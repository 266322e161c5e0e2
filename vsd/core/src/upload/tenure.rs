//! Whose an upload is to finish, and for how long.
//!
//! An upload that changes hands costs its whole original over the network and the former node's spool: so another node
//! takes it only after a silence longer than any restart.

use vs_core::id::{Ballot, NodeId};

use crate::meta::{ClusterTime, UploadPhase, UploadRecord};

/// An upload is another node's to take when nobody has renewed its lease for so many leases.
const SILENT_LEASES: u64 = 10;
/// A lease is renewed so many times while it lasts.
pub const RENEWALS: u32 = 3;

/// What a node is to an upload whose bytes have all arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The upload is this node's.
    Holder,
    /// Nobody has been heard of that finishes it.
    Heir,
    /// It is over, or another's.
    Nobody,
}

#[must_use]
pub fn role(record: &UploadRecord, node: NodeId, now: ClusterTime, lease_ms: u64) -> Role {
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
pub enum Renewal {
    Renew(Ballot),
    /// It is not this node's yet.
    Wait,
    /// It was this node's, and is no more.
    LetGo,
}

#[must_use]
pub fn renewal(record: Option<&UploadRecord>, node: NodeId, was_held: bool) -> Renewal {
    match record {
        Some(record) if record.node == node && !record.is_over() => Renewal::Renew(record.ballot),
        _ if was_held => Renewal::LetGo,
        _ => Renewal::Wait,
    }
}

#[cfg(test)]
mod tests {
    use vs_core::{
        hash::Hash,
        id::{AssetId, Epoch, UploadId, Version, VideoId},
    };

    use super::*;
    use crate::meta::{End, OnDuplicate, Redundancy, TrackOptions};

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
