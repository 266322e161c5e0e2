//! Gathers fragments into segments: each starts on a keyframe and is about [`SEGMENT_SECONDS`] long.
//!
//! A segment is held in memory until it is complete, because its chunks are near-equal parts of the whole. It therefore also ends
//! at the first keyframe past [`SEGMENT_BYTES_SOFT`], and a stream that gives no keyframe for too long or too many bytes cannot be
//! cut at all: it must be transcoded.

use bytes::{Bytes, BytesMut};
use vs_core::{
    limit::{KEYFRAME_GAP_SECONDS_MAX, SEGMENT_SECONDS},
    manifest::cut,
};

use super::mp4::Fragment;

/// From here on the next keyframe ends a segment, however short it is.
pub const SEGMENT_BYTES_SOFT: usize = 16 << 20;
/// A stream whose keyframes lie further apart than this cannot be cut.
pub const SEGMENT_BYTES_MAX: usize = 32 << 20;

/// A stream that gives nowhere to cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Uncuttable {
    #[error("no keyframe for {} s", .0 / 1_000_000)]
    NoKeyframe(u64),
    #[error("the first frame is not a keyframe")]
    StartsInside,
    #[error("{0} bytes without a keyframe")]
    TooLong(usize),
}

/// A complete segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    pub start_us: u64,
    pub duration_us: u64,
    pub bytes: Bytes,
}

impl Cut {
    /// The segment's bytes as its chunks.
    #[must_use]
    pub fn chunks(&self) -> Vec<Bytes> {
        let mut rest = self.bytes.clone();
        cut(rest.len()).into_iter().map(|length| rest.split_to(length)).collect()
    }
}

/// Gathers the fragments of one track.
#[derive(Debug, Default)]
pub struct Segmenter {
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    start_us: u64,
    end_us: u64,
    bytes: BytesMut,
}

impl Open {
    fn close(self) -> Cut {
        Cut {
            start_us: self.start_us,
            duration_us: self.end_us.saturating_sub(self.start_us),
            bytes: self.bytes.freeze(),
        }
    }

    fn wants_to_end(&self, at_us: u64) -> bool {
        // Half a fragment early is nearer to the aim than a whole one late.
        let long_enough = at_us.saturating_sub(self.start_us) + 500_000 >= SEGMENT_SECONDS * 1_000_000;
        long_enough || self.bytes.len() >= SEGMENT_BYTES_SOFT
    }
}

impl Segmenter {
    /// Takes the next fragment; gives the segment that it ends, if it does.
    ///
    /// # Errors
    /// When the stream cannot be cut.
    pub fn push(&mut self, fragment: &Fragment) -> Result<Option<Cut>, Uncuttable> {
        let ends = fragment.keyframe && self.open.as_ref().is_some_and(|open| open.wants_to_end(fragment.start_us));
        let done = if ends { self.finish() } else { None };
        if self.open.is_none() && !fragment.keyframe {
            return Err(Uncuttable::StartsInside);
        }
        let fresh = || Open { start_us: fragment.start_us, end_us: fragment.start_us, bytes: BytesMut::new() };
        let open = self.open.get_or_insert_with(fresh);
        open.bytes.extend_from_slice(&fragment.bytes);
        open.end_us = open.end_us.max(fragment.start_us.saturating_add(fragment.duration_us));
        let length_us = open.end_us.saturating_sub(open.start_us);
        if length_us > (SEGMENT_SECONDS + KEYFRAME_GAP_SECONDS_MAX) * 1_000_000 {
            return Err(Uncuttable::NoKeyframe(length_us));
        }
        if open.bytes.len() > SEGMENT_BYTES_MAX {
            return Err(Uncuttable::TooLong(open.bytes.len()));
        }
        Ok(done)
    }

    /// The stream has ended: its last segment.
    pub fn finish(&mut self) -> Option<Cut> {
        self.open.take().map(Open::close)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fragment(start_s: u64, seconds: u64, keyframe: bool, bytes: usize) -> Fragment {
        Fragment {
            bytes: vec![u8::try_from(start_s % 251).expect("small"); bytes].into(),
            start_us: start_s * 1_000_000,
            duration_us: seconds * 1_000_000,
            keyframe,
            hidden_us: 0,
            frame_us: 40_000,
        }
    }

    #[test]
    fn a_keyframe_past_ten_seconds_or_many_bytes_ends_a_segment() {
        let mut segmenter = Segmenter::default();
        for s in [0, 2, 4, 6, 8] {
            assert_eq!(segmenter.push(&fragment(s, 2, true, 10)), Ok(None));
        }
        let cut = segmenter.push(&fragment(10, 2, true, 10)).expect("cuttable").expect("ten seconds");
        assert_eq!((cut.start_us, cut.duration_us, cut.bytes.len()), (0, 10_000_000, 50));
        assert_eq!(segmenter.push(&fragment(12, 2, false, SEGMENT_BYTES_SOFT)), Ok(None));
        assert!(segmenter.push(&fragment(14, 2, true, 1)).expect("cuttable").is_some());
        assert_eq!(segmenter.finish().map(|cut| cut.start_us), Some(14_000_000));
    }

    #[test]
    fn a_stream_without_keyframes_cannot_be_cut() {
        assert_eq!(Segmenter::default().push(&fragment(0, 2, false, 1)), Err(Uncuttable::StartsInside));
        let mut segmenter = Segmenter::default();
        let all = (0..30).try_for_each(|i| segmenter.push(&fragment(2 * i, 2, i == 0, 1)).map(drop));
        assert!(matches!(all, Err(Uncuttable::NoKeyframe(_))));
        let mut segmenter = Segmenter::default();
        let all = (0..5).try_for_each(|i| segmenter.push(&fragment(2 * i, 2, i == 0, SEGMENT_BYTES_SOFT)).map(drop));
        assert!(matches!(all, Err(Uncuttable::TooLong(_))));
    }

    proptest! {
        #[test]
        fn no_byte_is_lost_and_every_segment_starts_on_a_keyframe(
            keyframes in proptest::collection::vec(any::<bool>(), 1..200),
        ) {
            let mut segmenter = Segmenter::default();
            let (mut given, mut taken, mut starts) = (0, 0, Vec::new());
            for (i, keyframe) in (0u64..).zip(keyframes) {
                let keyframe = keyframe || i % 10 == 0;
                given += 5;
                if let Some(cut) = segmenter.push(&fragment(2 * i, 2, keyframe, 5)).expect("cuttable") {
                    taken += cut.bytes.len();
                    starts.push(cut.start_us);
                    prop_assert!(cut.duration_us >= 10_000_000 && cut.duration_us <= 40_000_000);
                    prop_assert_eq!(cut.chunks().concat(), cut.bytes);
                }
            }
            taken += segmenter.finish().map_or(0, |cut| cut.bytes.len());
            prop_assert_eq!(given, taken);
            prop_assert!(starts.is_sorted());
        }
    }
}
