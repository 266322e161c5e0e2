//! Assets: the stored content of uploads.
//!
//! An asset goes from open to live to dead, or from open to dead, and never back. Its record is removed once nothing is
//! left of a dead asset; its id, having been given out, still says that it is dead ([`AssetFate`]).

use serde::{Deserialize, Serialize};
use vs_core::{
    hash::Hash,
    id::{AssetId, Ballot, Epoch, UploadId, Version},
    layout::Scheme,
    manifest::Track,
};

use super::{
    clock::ClusterTime,
    uploads::{Redundancy, TrackOptions},
};
use crate::meta::family::Family;

/// Most streams of a source that are remembered.
pub const SOURCE_STREAMS_MAX: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssetState {
    /// Being written; no video shows it.
    Open,
    /// Shown by at least one video.
    Live,
    /// Wants no chunk any more. For ever.
    Dead,
}

/// What may be done with chunks that name an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssetFate {
    Open,
    Live,
    Dead,
    /// An earlier incarnation may have given this id out in entries that were lost: nobody can tell what became of it,
    /// so its chunks are kept.
    Unknown,
    /// The log has not given this id out.
    Never,
}

/// How far the content is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssetStatus {
    Uploading,
    /// The original is stored, tracks are being made.
    Processing,
    Ready,
    /// The original is stored and there will be no tracks.
    Failed {
        reason: String,
    },
}

/// A version that is being written beside the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub version: Version,
    pub scheme: Scheme,
    /// The one epoch it is written by.
    pub epoch: Epoch,
}

/// What the probe found in the uploaded file.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SourceInfo {
    pub container: String,
    pub duration_us: u64,
    pub streams: Vec<SourceStream>,
}

#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SourceStream {
    /// `video`, `audio`, `subtitle`, `data` or `attachment`.
    pub kind: String,
    pub codec: String,
    #[serde(default)]
    pub language: Option<String>,
    #[serde(default)]
    pub width: u32,
    #[serde(default)]
    pub height: u32,
    #[serde(default)]
    pub fps_milli: u32,
    #[serde(default)]
    pub channels: u32,
    #[serde(default)]
    pub sample_rate: u32,
    /// Why it became no track, or what was done to it.
    #[serde(default)]
    pub note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssetRecord {
    pub id: AssetId,
    pub state: AssetState,
    pub status: AssetStatus,
    /// A chunk cannot be rebuilt. The same bytes uploaded again replace the asset.
    #[serde(default)]
    pub damaged: bool,
    /// The current version, or while open the one that will be.
    pub version: Version,
    /// The highest version ever pending.
    pub version_last: Version,
    #[serde(default)]
    pub pending: Option<Pending>,
    /// The epoch it is placed by.
    pub since: Epoch,
    pub scheme: Scheme,
    /// What was asked for. `erasure` on a replicated asset is deferred: it needs more nodes.
    pub redundancy: Redundancy,
    pub options: TrackOptions,
    /// The upload that writes it.
    pub upload: UploadId,
    /// The highest ballot granted to a writer.
    pub ballot: Ballot,
    /// Cluster time of the upload's begin: how old it is.
    pub begun_at: ClusterTime,
    /// SHA-256 and length of the uploaded file, by the server's own count.
    #[serde(default)]
    pub sha256: Option<Hash>,
    #[serde(default)]
    pub bytes: u64,
    #[serde(default)]
    pub source: Option<SourceInfo>,
    #[serde(default)]
    pub tracks: Vec<Track>,
    /// How many members lie on stand-ins, how many are still to be written, and how many bytes those are.
    #[serde(default)]
    pub stand_ins: u64,
    #[serde(default)]
    pub owed: u64,
    #[serde(default)]
    pub owed_bytes: u64,
    /// Until then it keeps its scheme: an operator cancelled a migration of it.
    #[serde(default)]
    pub left_alone_until: ClusterTime,
}

impl AssetRecord {
    /// Whether any member is elsewhere than computed, or owed.
    #[must_use]
    pub fn is_displaced(&self) -> bool {
        self.stand_ins > 0 || self.owed > 0
    }

    /// No member is elsewhere than computed, or owed, any more.
    pub(in crate::meta) fn all_in_place(&mut self) {
        (self.stand_ins, self.owed, self.owed_bytes) = (0, 0, 0);
    }

    /// What disks hold now when its epoch can place a key on `room` nodes. Of a pending version nothing is counted before
    /// it is the current one.
    #[must_use]
    pub fn physical_bytes(&self, room: usize) -> u64 {
        let all = match self.scheme {
            Scheme::Replicate(_) => self.copied_bytes(self.scheme, room),
            Scheme::Erasure { .. } => {
                self.track_bytes() + self.tracks.iter().map(|track| track.parity_bytes).sum::<u64>()
            }
        };
        all.saturating_sub(self.owed_bytes)
    }

    /// What as many copies take as there are nodes for.
    #[must_use]
    pub fn copied_bytes(&self, scheme: Scheme, room: usize) -> u64 {
        self.track_bytes().saturating_mul(u64::try_from(scheme.width().min(room)).unwrap_or(0))
    }

    /// What its tracks take, each kept once.
    #[must_use]
    pub fn track_bytes(&self) -> u64 {
        self.tracks.iter().map(|track| track.bytes).sum()
    }

    /// Whether nobody writes its current version any more.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.state == AssetState::Live && matches!(self.status, AssetStatus::Ready | AssetStatus::Failed { .. })
    }

    /// Whether the same bytes, uploaded again, are already served by this asset.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let served = matches!(self.status, AssetStatus::Processing | AssetStatus::Ready);
        self.state == AssetState::Live && !self.damaged && served
    }
}

pub(in crate::meta) struct Assets;

impl Family for Assets {
    const TAG: u8 = 0x20;
    type Id = AssetId;
    type Value = AssetRecord;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use vs_core::manifest::TrackKind;

    use super::*;
    use crate::meta::family::test::round_trip;

    fn asset(id: u64, text: &str, number: u64, init: Vec<u8>) -> AssetRecord {
        let track = Track {
            name: text.to_owned(),
            kind: TrackKind::Video,
            codec: text.to_owned(),
            language: Some(text.to_owned()),
            transcoded_from: None,
            width: 1,
            height: 2,
            fps_milli: 3,
            sample_rate: 4,
            channels: 5,
            duration_us: number,
            bytes: number,
            segments: 6,
            chunks: number,
            parity_bytes: number,
            init,
            sha256: Hash::of(text.as_bytes()),
            ballot: Ballot(number),
            parts: vec![],
        };
        AssetRecord {
            id: AssetId(id),
            state: AssetState::Live,
            status: AssetStatus::Failed { reason: text.to_owned() },
            damaged: number.is_multiple_of(2),
            version: Version(1),
            version_last: Version(number),
            pending: Some(Pending {
                version: Version(number),
                scheme: Scheme::Erasure { data: 3, parity: 2 },
                epoch: Epoch(number),
            }),
            since: Epoch(number),
            scheme: Scheme::Replicate(3),
            redundancy: Redundancy::Erasure,
            options: TrackOptions { renditions: vec![text.to_owned()], keep_original: true },
            upload: UploadId::from_random([7; 16]),
            ballot: Ballot(number),
            begun_at: ClusterTime(number),
            sha256: Some(Hash::of(b"")),
            bytes: number,
            source: Some(SourceInfo {
                container: text.to_owned(),
                duration_us: number,
                streams: vec![SourceStream { note: Some(text.to_owned()), ..SourceStream::default() }],
            }),
            tracks: vec![track],
            stand_ins: number,
            owed: number,
            owed_bytes: number,
            left_alone_until: ClusterTime(number),
        }
    }

    proptest! {
        #[test]
        fn assets_round_trip(a: (u64, String, u64, Vec<u8>), b: (u64, String, u64, Vec<u8>)) {
            let (a, b) = (asset(a.0, &a.1, a.2, a.3), asset(b.0, &b.1, b.2, b.3));
            round_trip::<Assets>((a.id, a), (b.id, b));
        }
    }
}
