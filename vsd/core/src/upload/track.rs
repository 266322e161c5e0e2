//! Gathers a track's segments into manifest parts while the upload runs, and describes the finished track.
//!
//! Invariants:
//! - A part is given out once its last segment's chunks are on quorum, so what is committed is readable.
//! - Every part stays far below [`vs_core::limit::PART_BYTES_MAX`].

use vs_core::{
    hash::{Hash, Hasher},
    id::Ballot,
    manifest::{ChunkRef, Part, PartRef, Segment, Track},
};

/// Chunks of one part; with about 45 bytes each a part stays below 128 KiB.
const PART_CHUNKS_MAX: usize = 1024;
/// Segments of one part, about 40 bytes each beside their chunks.
const PART_SEGMENTS_MAX: usize = 1024;

/// A part ready to be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The kept form.
    pub bytes: Vec<u8>,
    pub hash: Hash,
}

/// Gathers one track.
#[derive(Debug)]
pub struct TrackBuilder {
    track: Track,
    hasher: Hasher,
    open: Vec<Segment>,
    open_chunks: usize,
}

impl TrackBuilder {
    /// `track` names and describes it; its counts, hash and parts are filled in here.
    #[must_use]
    pub fn new(track: Track, ballot: Ballot) -> Self {
        let mut hasher = Hasher::default();
        hasher.update(&track.init);
        let bytes = track.init.len() as u64;
        let track = Track { bytes, segments: 0, chunks: 0, duration_us: 0, ballot, parts: Vec::new(), ..track };
        Self { track, hasher, open: Vec::new(), open_chunks: 0 }
    }

    /// The bytes of the track in order, apart from the init segment: they are hashed here.
    pub fn hash(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    /// Adds a segment whose chunks are on quorum; gives the part that it fills, if it does.
    pub fn push(&mut self, start_us: u64, duration_us: u64, chunks: Vec<ChunkRef>) -> Option<Sealed> {
        self.track.segments += 1;
        self.track.chunks += chunks.len() as u64;
        self.track.duration_us = self.track.duration_us.max(start_us.saturating_add(duration_us));
        self.open_chunks += chunks.len();
        let segment = Segment { start_us, duration_us, chunks };
        self.track.bytes += segment.bytes();
        self.open.push(segment);
        let full = self.open_chunks >= PART_CHUNKS_MAX || self.open.len() >= PART_SEGMENTS_MAX;
        if full { self.seal() } else { None }
    }

    /// The finished track and its last part.
    #[must_use]
    pub fn finish(mut self) -> (Track, Option<Sealed>) {
        let last = self.seal();
        self.track.sha256 = self.hasher.finish();
        (self.track, last)
    }

    fn seal(&mut self) -> Option<Sealed> {
        if self.open.is_empty() {
            return None;
        }
        let segments = std::mem::take(&mut self.open);
        self.open_chunks = 0;
        let count = u32::try_from(segments.len()).expect("a part has few segments");
        let first_segment = self.track.segments - count;
        let no = u32::try_from(self.track.parts.len()).expect("a track has few parts");
        let track = self.track.name.clone();
        let (bytes, hash) =
            Part { track, no, first_segment, segments, parity: Vec::new(), displaced: Vec::new() }.encode();
        let length = u32::try_from(bytes.len()).expect("a part is short");
        self.track.parts.push(PartRef { hash, bytes: length, first_segment, segments: count });
        Some(Sealed { bytes, hash })
    }
}

#[cfg(test)]
mod tests {
    use vs_core::{limit::PART_BYTES_MAX, manifest::TrackKind};

    use super::*;

    #[test]
    fn parts_cover_the_track_without_a_gap_and_stay_small() {
        let track = Track {
            name: "v0".to_owned(),
            kind: TrackKind::Video,
            codec: "h264".to_owned(),
            language: None,
            transcoded_from: None,
            width: 0,
            height: 0,
            fps_milli: 0,
            sample_rate: 0,
            channels: 0,
            duration_us: 0,
            bytes: 0,
            segments: 0,
            chunks: 0,
            parity_bytes: 0,
            init: vec![1, 2, 3],
            sha256: Hash([0; 32]),
            ballot: Ballot(0),
            parts: vec![],
        };
        let mut builder = TrackBuilder::new(track, Ballot(7));
        let mut sealed = Vec::new();
        for i in 0..3000u64 {
            builder.hash(&i.to_le_bytes());
            let chunk = ChunkRef { hash: Hash::of(&i.to_le_bytes()), bytes: 8 };
            sealed.extend(builder.push(i * u64::from(u32::MAX), 10, vec![chunk; usize::from(i % 7 == 0) * 40 + 1]));
        }
        let (track, last) = builder.finish();
        sealed.extend(last);
        assert_eq!(track.parts.len(), sealed.len());
        let mut next = 0;
        for (named, part) in track.parts.iter().zip(&sealed) {
            assert!(part.bytes.len() <= PART_BYTES_MAX / 2 && named.hash == part.hash);
            let part = Part::decode(&part.bytes).expect("sound");
            assert_eq!((part.first_segment, named.first_segment), (next, next));
            next += named.segments;
        }
        assert_eq!((next, track.segments, track.ballot), (3000, 3000, Ballot(7)));
        let bytes: Vec<u8> = [1, 2, 3].into_iter().chain((0..3000u64).flat_map(u64::to_le_bytes)).collect();
        assert_eq!(track.sha256, Hash::of(&bytes));
    }
}
