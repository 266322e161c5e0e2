//! The manifest: what an asset consists of, down to the names of its chunks.
//!
//! A manifest is a head (the tracks, with their init segments) and, for each track, parts of at most
//! [`PART_BYTES_MAX`](crate::limit::PART_BYTES_MAX) that are committed while the upload runs. A part is immutable and named by the
//! SHA-256 of its kept form ([`crate::codec`]), so that it can be cached and checked anywhere.
//!
//! Invariants:
//! - Parts of a track are numbered from 0 without a gap, and so are its segments across parts.
//! - The bytes of a track are its init segment followed by its segments' chunks in order.
//! - No chunk is longer than [`CHUNK_BYTES_MAX`].

use serde::{Deserialize, Serialize};

use crate::{
    codec::{self, DecodeError},
    hash::{ChunkHash, Hash},
    id::{AssetId, Ballot, Epoch, NodeId, Version},
    layout::Scheme,
    limit::{CHUNK_BYTES_MAX, PART_BYTES_MAX},
};

/// Name of the track that is the uploaded file itself.
pub const ORIGINAL: &str = "original";

/// What a track carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackKind {
    Original,
    Video,
    Audio,
    Subtitle,
}

impl TrackKind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Original => ORIGINAL,
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Subtitle => "subtitle",
        }
    }
}

/// A chunk as its segment names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkRef {
    #[serde(rename = "h")]
    pub hash: ChunkHash,
    #[serde(rename = "n")]
    pub bytes: u32,
}

/// The playable unit of a track; of the original, a run of its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// When it is shown, on the presentation's clock; 0 for the original.
    #[serde(rename = "s")]
    pub start_us: u64,
    #[serde(rename = "d")]
    pub duration_us: u64,
    #[serde(rename = "c")]
    pub chunks: Vec<ChunkRef>,
}

impl Segment {
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.chunks.iter().map(|chunk| u64::from(chunk.bytes)).sum()
    }
}

/// Parity of one stripe of the track, counted in stripes from the track's first chunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StripeParity {
    pub stripe: u64,
    pub chunks: Vec<ChunkRef>,
}

/// A member that lies elsewhere than computed, or is still to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Displaced {
    pub chunk: ChunkHash,
    /// The place that misses it.
    pub place: NodeId,
    /// Who holds it instead; none when it is owed.
    pub stand_in: Option<NodeId>,
}

/// A run of segments of one track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub track: String,
    pub no: u32,
    /// Number of the first segment, counted over the whole track.
    pub first_segment: u32,
    pub segments: Vec<Segment>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parity: Vec<StripeParity>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub displaced: Vec<Displaced>,
}

impl Part {
    /// The kept form and its name.
    #[must_use]
    pub fn encode(&self) -> (Vec<u8>, Hash) {
        let bytes = codec::encode(self);
        let hash = Hash::of(&bytes);
        (bytes, hash)
    }

    /// Reads a part back and checks its bounds. Whether it is the part that was asked for, the caller checks by its name.
    ///
    /// # Errors
    /// When the bytes are not a part or break a bound.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > PART_BYTES_MAX {
            return Err(DecodeError::Damaged(format!("{} bytes is too long for a part", bytes.len())));
        }
        let part: Self = codec::decode(bytes)?;
        let chunks = part.segments.iter().flat_map(|s| &s.chunks).chain(part.parity.iter().flat_map(|p| &p.chunks));
        let sound = |c: &ChunkRef| c.bytes > 0 && usize::try_from(c.bytes).is_ok_and(|n| n <= CHUNK_BYTES_MAX);
        if !chunks.into_iter().all(sound) {
            return Err(DecodeError::Damaged("a chunk of impossible length".to_owned()));
        }
        if part.segments.iter().any(|s| s.chunks.is_empty() || s.start_us.checked_add(s.duration_us).is_none()) {
            return Err(DecodeError::Damaged("an impossible segment".to_owned()));
        }
        Ok(part)
    }
}

/// How the head names a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRef {
    pub hash: Hash,
    /// Length of the kept form in bytes.
    pub bytes: u32,
    pub first_segment: u32,
    pub segments: u32,
}

/// One CMAF stream of an asset, or the uploaded file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Track {
    /// Unique within the asset: `original`, `v0`, `a0-eng`, `s0-deu` …
    pub name: String,
    pub kind: TrackKind,
    /// Codec by ffmpeg's name (`h264`, `opus`, `webvtt`); the container's for the original.
    pub codec: String,
    /// ISO 639-2 code where the source names one.
    #[serde(default)]
    pub language: Option<String>,
    /// What the source's stream was transcoded from, when it was.
    #[serde(default)]
    pub transcoded_from: Option<String>,
    #[serde(default)]
    pub width: u32,
    #[serde(default)]
    pub height: u32,
    /// Frames a second, in thousandths; 0 when unknown or not a picture.
    #[serde(default)]
    pub fps_milli: u32,
    #[serde(default)]
    pub sample_rate: u32,
    #[serde(default)]
    pub channels: u32,
    #[serde(default)]
    pub duration_us: u64,
    /// All bytes of the track, init segment included.
    pub bytes: u64,
    pub segments: u32,
    pub chunks: u64,
    /// Bytes of its parity chunks, which are counted neither in `bytes` nor in `chunks`; 0 when it is replicated.
    #[serde(default)]
    pub parity_bytes: u64,
    /// The init segment (CMAF header); empty for the original and for text.
    #[serde(with = "serde_bytes", default)]
    pub init: Vec<u8>,
    /// SHA-256 over the track's bytes in play order.
    pub sha256: Hash,
    /// Which writer's parts belong to the track.
    pub ballot: Ballot,
    #[serde(default)]
    pub parts: Vec<PartRef>,
}

impl Track {
    /// Mean bitrate in bit/s; 0 when the track has no duration.
    #[must_use]
    pub fn bitrate_bps(&self) -> u64 {
        let bits = u128::from(self.bytes) * 8_000_000;
        bits.checked_div(u128::from(self.duration_us)).and_then(|rate| u64::try_from(rate).ok()).unwrap_or(0)
    }
}

/// What a reader needs before it asks for parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    pub asset: AssetId,
    pub version: Version,
    pub scheme: Scheme,
    /// The epoch the asset is placed by.
    pub since: Epoch,
    pub tracks: Vec<Track>,
}

/// Lengths of the near-equal chunks of `bytes` bytes: as few as fit, none longer than a chunk may be.
#[must_use]
pub fn cut(bytes: usize) -> Vec<usize> {
    let count = bytes.div_ceil(CHUNK_BYTES_MAX);
    (0..count).map(|i| bytes / count + usize::from(i < bytes % count)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn part(chunk_bytes: u32) -> Part {
        let chunks = vec![ChunkRef { hash: Hash::of(b"x"), bytes: chunk_bytes }];
        Part {
            track: "v0".to_owned(),
            no: 0,
            first_segment: 0,
            segments: vec![Segment { start_us: 0, duration_us: 1, chunks }],
            parity: vec![],
            displaced: vec![],
        }
    }

    #[test]
    fn parts_read_back_and_hostile_ones_are_refused() {
        let good = part(7);
        let (bytes, hash) = good.encode();
        assert_eq!(hash, Hash::of(&bytes));
        assert_eq!(Part::decode(&bytes), Ok(good));
        for bad in [0, 3 << 20] {
            assert!(Part::decode(&part(bad).encode().0).is_err());
        }
        assert!(Part::decode(&vec![1; PART_BYTES_MAX + 1]).is_err());
    }

    /// A part written by the first release. If this fails, the library of every user has become unreadable.
    #[test]
    fn the_first_form_is_read_for_ever() {
        let kept = include_bytes!("../golden/part-v1.bin");
        assert_eq!(Part::decode(kept), Ok(part(7)));
    }

    proptest! {
        #[test]
        fn cuts_cover_everything_nearly_equally(bytes in 0usize..40_000_000) {
            let cuts = cut(bytes);
            prop_assert_eq!(cuts.iter().sum::<usize>(), bytes);
            prop_assert_eq!(cuts.len(), bytes.div_ceil(CHUNK_BYTES_MAX));
            let (min, max) = (cuts.iter().min(), cuts.iter().max());
            prop_assert!(max.zip(min).is_none_or(|(max, min)| max - min <= 1 && *max <= CHUNK_BYTES_MAX));
        }

        #[test]
        fn foreign_bytes_never_panic(bytes: Vec<u8>) {
            let _ = Part::decode(&bytes);
        }
    }
}
