//! From time to segments and back, over parts that arrive while the film plays.
//!
//! Invariants:
//! - A cursor walks a track's chunks in play order; its end is (number of segments, 0).
//! - A chunk's time is interpolated by bytes within its segment: its fragments are short, its bitrate nearly even.

use std::{collections::BTreeSet, time::Duration};

use vs_core::manifest::{ChunkRef, Part, Segment, Track};

/// A place between two chunks of a track, named by the chunk after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Cursor {
    pub segment: u32,
    pub chunk: u32,
}

/// Where a time lies on a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Located {
    /// The first segment that ends after it.
    Segment(u32),
    /// In a part that has not arrived yet.
    Unknown,
    /// After the last segment.
    Past,
}

/// One track with the parts of its manifest as far as they have arrived.
#[derive(Clone, Debug)]
pub struct TrackLine {
    track: Track,
    parts: Vec<Option<Part>>,
    /// Those here that are of another version than is read now.
    outdated: BTreeSet<u32>,
    /// No segment that starts here or later is played.
    end: Option<Duration>,
}

impl TrackLine {
    #[must_use]
    pub fn new(track: Track, end: Option<Duration>) -> Self {
        let parts = vec![None; track.parts.len()];
        Self { track, parts, outdated: BTreeSet::new(), end }
    }

    #[must_use]
    pub fn track(&self) -> &Track {
        &self.track
    }

    /// Takes a part in; refuses one that is not what the track names in that place.
    pub fn accept(&mut self, part: Part) -> bool {
        let Some(no) = usize::try_from(part.no).ok().filter(|no| *no < self.parts.len()) else { return false };
        let named = self.track.parts[no];
        let fits =
            part.first_segment == named.first_segment && u32::try_from(part.segments.len()) == Ok(named.segments);
        self.outdated.remove(&part.no);
        // what is held and in flight is named by where it stands
        let fits = fits && self.parts[no].as_ref().is_none_or(|known| known.segments == part.segments);
        if fits {
            self.parts[no] = Some(part);
        }
        fits
    }

    /// Another version is read from now on.
    pub fn outdate(&mut self) {
        self.outdated = self.parts.iter().flatten().map(|part| part.no).collect();
    }

    /// Numbers of the parts to be fetched.
    pub fn wanted_parts(&self) -> impl Iterator<Item = u32> {
        self.missing_parts().chain(self.outdated.iter().copied())
    }

    /// Numbers of the parts not here yet, in play order.
    pub fn missing_parts(&self) -> impl Iterator<Item = u32> {
        (0..).zip(&self.parts).filter(|(_, part)| part.is_none()).map(|(no, _)| no)
    }

    /// A segment and the part it stands in; none when past the end or not known yet.
    #[must_use]
    pub fn segment(&self, no: u32) -> Option<(&Segment, &Part)> {
        let after = self.track.parts.partition_point(|part| part.first_segment <= no);
        let part = self.parts.get(after.checked_sub(1)?)?.as_ref()?;
        let segment = part.segments.get(usize::try_from(no - part.first_segment).ok()?)?;
        Some((segment, part))
    }

    #[must_use]
    pub fn chunk(&self, at: Cursor) -> Option<(&ChunkRef, &Part)> {
        let (segment, part) = self.segment(at.segment)?;
        segment.chunks.get(usize::try_from(at.chunk).ok()?).map(|chunk| (chunk, part))
    }

    /// How many chunks of its part come before the one at `at`.
    #[must_use]
    pub fn nth_in_part(&self, at: Cursor) -> Option<usize> {
        let (_, part) = self.segment(at.segment)?;
        let before = part.segments.iter().take(usize::try_from(at.segment - part.first_segment).ok()?);
        Some(before.map(|segment| segment.chunks.len()).sum::<usize>() + usize::try_from(at.chunk).ok()?)
    }

    /// Where `count` chunks of a part stand, from the `nth` on.
    #[must_use]
    pub fn places_in_part(&self, part: u32, nth: usize, count: usize) -> Vec<Cursor> {
        let part = usize::try_from(part).ok().and_then(|no| self.parts.get(no)?.as_ref());
        let numbered = part.into_iter().flat_map(|part| (part.first_segment..).zip(&part.segments));
        let places = numbered
            .flat_map(|(no, segment)| (0..).zip(&segment.chunks).map(move |(chunk, _)| Cursor { segment: no, chunk }));
        places.skip(nth).take(count).collect()
    }

    /// The first segment that ends after `time`. Every part before it must have arrived.
    #[must_use]
    pub fn locate(&self, time: Duration) -> Located {
        for part in &self.parts {
            let Some(part) = part else { return Located::Unknown };
            for (no, segment) in (part.first_segment..).zip(&part.segments) {
                if segment_end(segment) > time {
                    return if self.cut_off(segment) { Located::Past } else { Located::Segment(no) };
                }
            }
        }
        Located::Past
    }

    /// Whether nothing of the track is played from `at` on.
    #[must_use]
    pub fn is_past(&self, at: Cursor) -> bool {
        at.segment >= self.track.segments || self.segment(at.segment).is_some_and(|(segment, _)| self.cut_off(segment))
    }

    fn cut_off(&self, segment: &Segment) -> bool {
        self.end.is_some_and(|end| Duration::from_micros(segment.start_us) >= end)
    }

    /// When the chunk after the cursor begins; none when that is not known or past the end.
    #[must_use]
    pub fn time_of(&self, at: Cursor) -> Option<Duration> {
        let (segment, _) = self.segment(at.segment)?;
        let before: u64 = segment.chunks.iter().zip(0..at.chunk).map(|(chunk, _)| u64::from(chunk.bytes)).sum();
        let into = u128::from(segment.duration_us) * u128::from(before) / u128::from(segment.bytes().max(1));
        Some(Duration::from_micros(segment.start_us.saturating_add(u64::try_from(into).unwrap_or(u64::MAX))))
    }

    /// The place after the chunk at `at`.
    #[must_use]
    pub fn next(&self, at: Cursor) -> Cursor {
        let chunks = self.segment(at.segment).map_or(0, |(segment, _)| segment.chunks.len());
        match at.chunk.checked_add(1) {
            Some(chunk) if usize::try_from(chunk).is_ok_and(|chunk| chunk < chunks) => Cursor { chunk, ..at },
            _ => Cursor { segment: at.segment.saturating_add(1), chunk: 0 },
        }
    }

    /// When the segment ends; zero when it is not known, and never for one without a duration.
    #[must_use]
    pub fn segment_end(&self, no: u32) -> Duration {
        self.segment(no).map_or(Duration::ZERO, |(segment, _)| segment_end(segment))
    }

    /// Up to when the segment surely lasts: an end that never comes promises nothing about what follows.
    #[must_use]
    pub fn lasts_to(&self, no: u32) -> Duration {
        let lasts = |segment: &Segment| segment.start_us.saturating_add(segment.duration_us);
        self.segment(no).map_or(Duration::ZERO, |(segment, _)| Duration::from_micros(lasts(segment)))
    }

    /// When the track ends: its last segment's end, or what the manifest says as long as that is not known.
    #[must_use]
    pub fn ends_at(&self) -> Duration {
        let last = self.track.segments.checked_sub(1).and_then(|last| self.segment(last));
        let known = last.map_or(self.track.duration_us, |(segment, _)| segment.start_us + segment.duration_us);
        Duration::from_micros(known).min(self.end.unwrap_or(Duration::MAX))
    }
}

/// A segment without a duration (the whole text of a subtitle track, a single picture) belongs to all times after its
/// start.
fn segment_end(segment: &Segment) -> Duration {
    if segment.duration_us == 0 {
        return Duration::MAX;
    }
    Duration::from_micros(segment.start_us.saturating_add(segment.duration_us))
}
