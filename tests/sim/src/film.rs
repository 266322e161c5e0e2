//! Films: what is uploaded, as few bytes as tell one film from another. A film begins with its number, out of which all
//! else of it is made: so its tracks are cut out of it by whoever has it, and everybody knows what it should play.

use std::time::Duration;

use bytes::Bytes;
use vs_core::{
    hash::{Hash, Hasher},
    id::Ballot,
    manifest::{ORIGINAL, Track, TrackKind},
};
use vsd_core::meta::SourceInfo;

use crate::random::Stream;

const VIDEO: &str = "v0";
const SOUND: &str = "a0";
/// The names of all tracks that are cut of films.
pub const TRACKS: [&str; 2] = [VIDEO, SOUND];
/// Chunks are this long at most: a block of a disk and more.
const CHUNK_BYTES_MAX: u64 = 5_000;
/// Of a long film, of which there are few: more of them than one part of a track names.
const LONG_PERMILLE: u64 = 15;
const LONG_SEGMENTS: u64 = 200;
const LONG_CHUNK_BYTES_MAX: u64 = 100;
/// The slowest encoder takes so long for a segment.
const CUT_MAX: Duration = Duration::from_secs(5);
/// How long a segment plays.
const SEGMENT_US: u64 = 4_000_000;

/// What a track is cut into.
#[derive(Clone, Debug)]
pub struct Segment {
    pub start_us: u64,
    pub duration_us: u64,
    pub chunks: Vec<Bytes>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Film {
    /// Of the case, which makes films of different cases different.
    seed: u64,
    number: u64,
}

impl Film {
    #[must_use]
    pub fn new(seed: u64, number: u64) -> Self {
        Self { seed, number }
    }

    /// The film that these bytes begin.
    #[must_use]
    pub fn of(bytes: &[Bytes]) -> Option<Self> {
        let (seed, rest) = bytes.first()?.split_first_chunk()?;
        let (number, _) = rest.split_first_chunk()?;
        Some(Self { seed: u64::from_le_bytes(*seed), number: u64::from_le_bytes(*number) })
    }

    fn stream(self, of: &str) -> Stream {
        Stream::of(self.seed ^ self.number.wrapping_mul(0x9e37_79b9_7f4a_7c15), of)
    }

    /// The file as it is uploaded, in the pieces that its chunks are.
    #[must_use]
    pub fn original(self) -> Vec<Bytes> {
        let mut dice = self.stream("original");
        let count = dice.between(1, 8);
        let mut chunks: Vec<Vec<u8>> = (0..count).map(|_| chunk(&mut dice)).collect();
        chunks[0].splice(0..0, self.seed.to_le_bytes().into_iter().chain(self.number.to_le_bytes()));
        chunks.into_iter().map(Bytes::from).collect()
    }

    /// Its tracks, without what is counted of them: each is one of [`TRACKS`].
    #[must_use]
    pub fn tracks(self) -> Vec<(Track, Vec<Segment>)> {
        let mut dice = self.stream("tracks");
        let segments = if self.is_long() { LONG_SEGMENTS } else { dice.between(1, 8) };
        let has_sound = dice.permille(300);
        let mut tracks = vec![self.track(VIDEO, TrackKind::Video, segments)];
        if has_sound {
            tracks.push(self.track(SOUND, TrackKind::Audio, segments));
        }
        tracks
    }

    fn is_long(self) -> bool {
        self.stream("length").permille(LONG_PERMILLE)
    }

    /// How long it takes to cut a segment out of it: some films are only copied, others encoded anew.
    #[must_use]
    pub fn cutting(self) -> Duration {
        let mut dice = self.stream("cutting");
        let most = if dice.permille(500) { CUT_MAX } else { CUT_MAX / 100 };
        dice.duration(Duration::ZERO, most) / if self.is_long() { 100 } else { 1 }
    }

    fn track(self, name: &str, kind: TrackKind, segments: u64) -> (Track, Vec<Segment>) {
        let mut dice = self.stream(name);
        let mut init = vec![0; 24];
        dice.fill(&mut init);
        let is_long = self.is_long();
        let duration_us = if is_long { SEGMENT_US / 10 } else { SEGMENT_US };
        let segment = |no: u64| {
            let count = dice.between(1, if kind == TrackKind::Video { 4 } else { 1 });
            let chunk = |dice: &mut Stream| if is_long { filled(dice, LONG_CHUNK_BYTES_MAX) } else { chunk(dice) };
            let mut chunks: Vec<Bytes> = (0..count).map(|_| Bytes::from(chunk(&mut dice))).collect();
            // black pictures: the same chunk again
            if dice.permille(100) {
                chunks.push(Bytes::from(vec![7; 1_000]));
            }
            Segment { start_us: no * duration_us, duration_us, chunks }
        };
        let segments = (0..segments).map(segment).collect();
        (Track { init, ..described(name, kind) }, segments)
    }

    #[must_use]
    pub fn source(self) -> SourceInfo {
        SourceInfo { container: "sim".to_owned(), ..SourceInfo::default() }
    }

    /// What a reader of a track must end up with.
    #[must_use]
    pub fn digest(self, track: &str) -> Option<Hash> {
        let mut hasher = Hasher::default();
        if track == ORIGINAL {
            self.original().iter().for_each(|chunk| hasher.update(chunk));
            return Some(hasher.finish());
        }
        let (track, segments) = self.tracks().into_iter().find(|(known, _)| known.name == track)?;
        hasher.update(&track.init);
        segments.iter().flat_map(|segment| &segment.chunks).for_each(|chunk| hasher.update(chunk));
        Some(hasher.finish())
    }
}

fn chunk(dice: &mut Stream) -> Vec<u8> {
    let most = if dice.permille(800) { 3_500 } else { CHUNK_BYTES_MAX };
    filled(dice, most)
}

fn filled(dice: &mut Stream, most: u64) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(dice.between(16, most)).unwrap_or(16)];
    dice.fill(&mut bytes);
    bytes
}

#[must_use]
pub fn original_track() -> Track {
    described(ORIGINAL, TrackKind::Original)
}

fn described(name: &str, kind: TrackKind) -> Track {
    Track {
        name: name.to_owned(),
        kind,
        codec: "sim".to_owned(),
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
        init: Vec::new(),
        sha256: Hasher::default().finish(),
        ballot: Ballot::default(),
        parts: Vec::new(),
    }
}
