//! What happened, in order: for people who ask, and the outbox that sinks read.
//!
//! The log keeps the last [`EVENTS_KEPT`]; a new one pushes the oldest out, so it never needs cleaning.

use serde::{Deserialize, Serialize};
use vs_core::{
    id::{AssetId, DirId, Epoch, JobId, NodeId, UploadId, VideoId},
    layout::Scheme,
};

use super::{
    clock::ClusterTime,
    counters::{self, Counter},
    jobs::JobState,
    settings::SettingName,
    uploads::{End, Redundancy},
};
use crate::meta::{
    family::Family,
    tables::{TableError, Txn},
};

pub const EVENTS_KEPT: u64 = 10_000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub seq: u64,
    /// Log index of the command that caused it; 0 when none did.
    pub index: u64,
    pub at: ClusterTime,
    /// Wall time by the leader's clock, for display.
    pub wall_ms: u64,
    pub kind: EventKind,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    ClusterCreated,
    NodeJoined {
        node: NodeId,
    },
    NodeUpdated {
        node: NodeId,
    },
    DirAdded {
        dir: DirId,
        node: NodeId,
    },
    DirReadOnly {
        dir: DirId,
        node: NodeId,
        reason: String,
    },
    DirMissing {
        dir: DirId,
        node: NodeId,
    },
    DirMended {
        dir: DirId,
        node: NodeId,
    },
    UploadBegun {
        upload: UploadId,
        asset: AssetId,
    },
    UploadTaken {
        upload: UploadId,
        node: NodeId,
    },
    UploadEnded {
        upload: UploadId,
        video: VideoId,
        end: End,
    },
    VideoListed {
        video: VideoId,
        asset: AssetId,
    },
    VideoReady {
        video: VideoId,
    },
    VideoFailed {
        video: VideoId,
        reason: String,
    },
    VideoEdited {
        video: VideoId,
    },
    VideoTrashed {
        video: VideoId,
    },
    VideoRestored {
        video: VideoId,
    },
    VideoPurged {
        video: VideoId,
        title: String,
    },
    VideoMoved {
        video: VideoId,
        from: AssetId,
        to: AssetId,
    },
    AssetDead {
        asset: AssetId,
    },
    SettingChanged {
        name: SettingName,
        value: u64,
    },
    NodeRemoved {
        node: NodeId,
    },
    LayoutSet {
        epoch: Epoch,
    },
    IncarnationBegun {
        incarnation: u16,
    },
    /// No member of it is on a stand-in or owed any more.
    AssetMended {
        asset: AssetId,
    },
    AssetDamaged {
        asset: AssetId,
        damaged: bool,
    },
    SchemeChanged {
        asset: AssetId,
        scheme: Scheme,
    },
    RedundancyChanged {
        video: VideoId,
        redundancy: Redundancy,
    },
    JobChanged {
        job: JobId,
        state: JobState,
    },
}

pub(in crate::meta) struct Events;

impl Family for Events {
    const TAG: u8 = 0x53;
    type Id = u64;
    type Value = Event;
}

pub(in crate::meta) fn push(
    txn: &mut Txn<'_>,
    index: u64,
    at: ClusterTime,
    wall_ms: u64,
    kind: EventKind,
) -> Result<(), TableError> {
    let seq = counters::take(txn, Counter::Event)?;
    txn.put::<Events>(&seq, &Event { seq, index, at, wall_ms, kind });
    if let Some(oldest) = seq.checked_sub(EVENTS_KEPT) {
        txn.delete::<Events>(&oldest);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meta::family::test::round_trip;

    fn event(seq: u64, number: u64, text: String) -> (u64, Event) {
        let kinds = [
            EventKind::ClusterCreated,
            EventKind::DirMended { dir: DirId(1), node: NodeId(number) },
            EventKind::DirReadOnly { dir: DirId(1), node: NodeId(number), reason: text.clone() },
            EventKind::UploadEnded {
                upload: UploadId::from_random([1; 16]),
                video: VideoId::from_random([2; 16]),
                end: End::Failed { code: text.clone(), reason: text },
            },
            EventKind::SettingChanged { name: SettingName::TrashKeep, value: number },
            EventKind::SchemeChanged { asset: AssetId(number), scheme: Scheme::CODED },
            EventKind::JobChanged { job: JobId(number), state: JobState::Paused },
        ];
        let kind = kinds[usize::from(number.to_le_bytes()[0]) % kinds.len()].clone();
        (seq, Event { seq, index: number, at: ClusterTime(number), wall_ms: number, kind })
    }

    proptest! {
        #[test]
        fn events_round_trip(a: (u64, u64, String), b: (u64, u64, String)) {
            round_trip::<Events>(event(a.0, a.1, a.2), event(b.0, b.1, b.2));
        }
    }
}
