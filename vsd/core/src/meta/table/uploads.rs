//! Upload sessions: who writes which asset, under which ballot, and how it ended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vs_core::{
    hash::Hash,
    id::{AssetId, Ballot, Epoch, NodeId, UploadId, Version, VideoId},
    layout::Scheme,
};

use super::clock::ClusterTime;
use crate::meta::family::Family;

/// Longest file name, in characters.
pub const FILE_NAME_CHARS_MAX: usize = 1_000;
/// Most renditions of an upload, and the longest name of one in characters.
pub const RENDITIONS_MAX: usize = 16;
pub const RENDITION_CHARS_MAX: usize = 32;
/// Longest reason for a failure that is kept, in characters.
pub const REASON_CHARS_MAX: usize = 2_000;

/// The options that shape tracks: the same bytes with other options are another asset.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TrackOptions {
    /// Sorted and distinct.
    pub renditions: Vec<String>,
    pub keep_original: bool,
}

/// How the content is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Redundancy {
    /// By age and views.
    #[default]
    Auto,
    Replicate(u8),
    Erasure,
}

impl Redundancy {
    /// By which scheme new content is kept at first, on a layout that places on so many nodes.
    #[must_use]
    pub fn first_scheme(self, layout_nodes: usize) -> Scheme {
        match self {
            Self::Replicate(n) => Scheme::Replicate(n),
            Self::Erasure if layout_nodes >= Scheme::CODED.width() => Scheme::CODED,
            Self::Auto | Self::Erasure => Scheme::REPLICATED,
        }
    }
}

/// What to do when the library has the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDuplicate {
    /// Answer with the video that is there.
    #[default]
    Skip,
    /// List a second video of the same asset.
    New,
    /// Refuse.
    Error,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UploadPhase {
    /// Bytes arrive in the spool of the upload's node.
    Receiving,
    /// All bytes are in the spool.
    Received {
        sha256: Hash,
        bytes: u64,
    },
    /// The original is on quorum, and the video listed. Neither expiry nor abort ends the upload any more.
    Stored {
        sha256: Hash,
        bytes: u64,
    },
    Ended(End),
}

/// How an upload ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    Ready,
    /// The original is kept; there are no tracks.
    Unplayable {
        reason: String,
    },
    /// The library had the bytes.
    Duplicate {
        /// The video was in the trash.
        restored: bool,
    },
    /// Nothing is kept.
    Failed {
        /// As in [`vs_core::error::Code::name`].
        code: String,
        reason: String,
    },
    Aborted,
    Expired,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadRecord {
    pub id: UploadId,
    /// The video it becomes, or became.
    pub video: VideoId,
    /// The asset it writes, or, of a duplicate, the one the library had.
    pub asset: AssetId,
    pub version: Version,
    /// The epoch by which its chunks are placed.
    pub since: Epoch,
    /// The node that holds the spool and writes.
    pub node: NodeId,
    pub ballot: Ballot,
    /// Until then no other node takes it over.
    pub lease_until: ClusterTime,
    /// The last sign of life: begin, lease or end.
    pub touched: ClusterTime,
    /// Wall time of the begin, for display.
    pub begun_ms: u64,
    pub file_name: String,
    pub title: String,
    pub description: String,
    pub tags: BTreeMap<String, String>,
    /// What the client announced, when it knew.
    pub size: Option<u64>,
    pub options: TrackOptions,
    pub redundancy: Redundancy,
    pub on_duplicate: OnDuplicate,
    pub phase: UploadPhase,
}

impl UploadRecord {
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.phase, UploadPhase::Ended(_))
    }
}

pub(in crate::meta) struct Uploads;

impl Family for Uploads {
    const TAG: u8 = 0x30;
    type Id = UploadId;
    type Value = UploadRecord;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meta::family::test::round_trip;

    fn upload(id: [u8; 16], text: &str, number: u64) -> UploadRecord {
        let hash = Hash::of(text.as_bytes());
        let end = End::Failed { code: text.to_owned(), reason: text.to_owned() };
        let phase = [
            UploadPhase::Receiving,
            UploadPhase::Received { sha256: hash, bytes: number },
            UploadPhase::Stored { sha256: hash, bytes: number },
            UploadPhase::Ended(end),
            UploadPhase::Ended(End::Duplicate { restored: true }),
        ];
        UploadRecord {
            id: UploadId::from_random(id),
            video: VideoId::from_random(id),
            asset: AssetId(number),
            version: Version(1),
            since: Epoch(number),
            node: NodeId(number),
            ballot: Ballot(number),
            lease_until: ClusterTime(number),
            touched: ClusterTime(number),
            begun_ms: number,
            file_name: text.to_owned(),
            title: text.to_owned(),
            description: text.to_owned(),
            tags: BTreeMap::from([(text.to_owned(), String::new())]),
            size: Some(number),
            options: TrackOptions { renditions: vec![text.to_owned()], keep_original: true },
            redundancy: Redundancy::Replicate(2),
            on_duplicate: OnDuplicate::New,
            phase: phase[usize::from(id[0]) % phase.len()].clone(),
        }
    }

    proptest! {
        #[test]
        fn uploads_round_trip(a: ([u8; 16], String, u64), b: ([u8; 16], String, u64)) {
            let (a, b) = (upload(a.0, &a.1, a.2), upload(b.0, &b.1, b.2));
            round_trip::<Uploads>((a.id, a), (b.id, b));
        }
    }
}
