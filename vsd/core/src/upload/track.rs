//! Gathers a track's segments into manifest parts while the upload runs, and describes the finished track.
//!
//! Chunks come in play order and leave as groups to be written: each by itself, or three at a time as a stripe's data.
//! The groups may be written in any order; what they became comes back, and parts are given out from the front.
//!
//! Invariants:
//! - A part is given out once every member of its groups is settled: its groups are on quorum, and what it says of
//!   stand-ins and owed members is all there is to say. So what is committed is readable.
//! - A part ends with a segment and with a stripe, a short one if need be. Stripes are numbered over the whole track.
//! - Every part stays below [`vs_core::limit::PART_BYTES_MAX`], and far below it while nodes are well.
//! - At most two chunks wait for their stripe.

use std::collections::VecDeque;

use bytes::Bytes;
use vs_core::{
    group::Group,
    hash::{Hash, Hasher},
    id::{AssetId, Ballot},
    layout::Scheme,
    limit::STRIPE_DATA,
    manifest::{ChunkRef, Displaced, Part, PartRef, Segment, StripeParity, Track},
    stripe,
};

/// A part ends with the segment that brings it to so many chunks. Each takes some 75 bytes with its segment, and as
/// much again for every copy that is displaced.
const PART_CHUNKS_MAX: usize = 512;

/// A part ready to be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The kept form.
    pub bytes: Vec<u8>,
    pub hash: Hash,
}

/// The data of a group that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathered {
    /// Counted over the track: of a stripe, its number.
    pub no: u64,
    /// The part that will name it.
    pub part: u32,
    pub data: Vec<Bytes>,
}

impl Gathered {
    /// The group that it becomes by this scheme, with the bytes of its members. To code and to hash takes long.
    ///
    /// # Panics
    /// When there is no data, or a chunk is longer than there can be.
    #[must_use]
    pub fn encode(self, asset: AssetId, track: &str, scheme: Scheme) -> (Group, Vec<Bytes>) {
        let Self { no, data: mut members, .. } = self;
        let data = members.len();
        if scheme.is_coded() {
            members.extend(stripe::encode(&members).into_iter().map(Bytes::from));
        }
        let name = |bytes: &Bytes| ChunkRef {
            hash: Hash::of(bytes),
            bytes: u32::try_from(bytes.len()).expect("a chunk is at most 2 MiB"),
        };
        let mut named: Vec<_> = members.iter().map(name).collect();
        let group = match scheme {
            Scheme::Replicate(copies) => Group::replicated(named.remove(0), copies),
            Scheme::Erasure { .. } => Group::stripe(asset, track, no, named, data),
        };
        (group, members)
    }
}

/// What a group became: its members are on quorum.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    pub data: Vec<ChunkRef>,
    /// None of a replicated chunk.
    pub parity: Vec<ChunkRef>,
    pub displaced: Vec<Displaced>,
}

/// A segment of which not every chunk is on quorum.
#[derive(Debug)]
struct Pending {
    start_us: u64,
    duration_us: u64,
    chunks: usize,
    ends_part: bool,
}

/// Gathers one track.
#[derive(Debug)]
pub struct TrackBuilder {
    track: Track,
    hasher: Hasher,
    /// Data chunks of a whole group.
    deal: usize,
    /// Chunks that wait for their stripe.
    dealing: Vec<Bytes>,
    /// Chunks of the part that segments are now added to.
    part_chunks: usize,
    /// Its number.
    part_no: u32,
    segments: VecDeque<Pending>,
    /// Groups from the first that is not written.
    groups: VecDeque<Option<Written>>,
    first_group: u64,
    /// Chunks on quorum whose segment is not.
    stored: VecDeque<ChunkRef>,
    /// The part that is filled from the front.
    part: Part,
}

impl TrackBuilder {
    /// `track` names and describes it; its counts, hash and parts are filled in here.
    #[must_use]
    pub fn new(track: Track, ballot: Ballot, scheme: Scheme) -> Self {
        let mut hasher = Hasher::default();
        hasher.update(&track.init);
        let bytes = track.init.len() as u64;
        let part = empty_part(&track, 0, 0);
        let counts = Track { segments: 0, chunks: 0, duration_us: 0, parity_bytes: 0, parts: Vec::new(), ..track };
        let deal = if scheme.is_coded() { STRIPE_DATA } else { 1 };
        Self {
            track: Track { bytes, ballot, ..counts },
            hasher,
            deal,
            dealing: Vec::new(),
            part_chunks: 0,
            part_no: 0,
            segments: VecDeque::new(),
            groups: VecDeque::new(),
            first_group: 0,
            stored: VecDeque::new(),
            part,
        }
    }

    /// Adds the next segment: the groups that it fills are to be written.
    pub fn segment(&mut self, start_us: u64, duration_us: u64, chunks: Vec<Bytes>) -> Vec<Gathered> {
        let count = chunks.len();
        let mut filled = Vec::new();
        for chunk in chunks {
            self.hasher.update(&chunk);
            self.dealing.push(chunk);
            if self.dealing.len() == self.deal {
                filled.extend(self.close_group());
            }
        }
        self.part_chunks += count;
        let ends_part = self.part_chunks >= PART_CHUNKS_MAX;
        if ends_part {
            filled.extend(self.close_group());
            self.part_chunks = 0;
            self.part_no += 1;
        }
        if count > 1 {
            // A slice would keep the memory of its whole segment.
            self.dealing.iter_mut().for_each(|chunk| *chunk = Bytes::copy_from_slice(chunk));
        }
        self.segments.push_back(Pending { start_us, duration_us, chunks: count, ends_part });
        filled
    }

    /// The track has ended: its last group, if that waits for more.
    pub fn end(&mut self) -> Option<Gathered> {
        self.close_group()
    }

    /// A group is written: the parts that are complete now.
    pub fn written(&mut self, no: u64, written: Written) -> Vec<Sealed> {
        let at = no.checked_sub(self.first_group).and_then(|at| usize::try_from(at).ok());
        if let Some(group) = at.and_then(|at| self.groups.get_mut(at)) {
            *group = Some(written);
        }
        let mut sealed = Vec::new();
        while let Some(Some(_)) = self.groups.front() {
            let Written { data, parity, displaced } = self.groups.pop_front().flatten().unwrap_or_default();
            self.stored.extend(data);
            self.part.displaced.extend(displaced);
            if !parity.is_empty() {
                self.track.parity_bytes += parity.iter().map(|chunk| u64::from(chunk.bytes)).sum::<u64>();
                self.part.parity.push(StripeParity { stripe: self.first_group, chunks: parity });
            }
            self.first_group += 1;
            while let Some(whole) = self.segments.pop_front_if(|segment| segment.chunks <= self.stored.len()) {
                sealed.extend(self.enter(&whole));
            }
        }
        sealed
    }

    /// Until when the track plays, and how many bytes it has beside its init segment, as far as all of it is on quorum.
    #[must_use]
    pub fn stored(&self) -> (u64, u64) {
        (self.track.duration_us, self.track.bytes - self.track.init.len() as u64)
    }

    /// The finished track and its last part, once every group is written.
    #[must_use]
    pub fn finish(mut self) -> (Track, Option<Sealed>) {
        debug_assert!(self.groups.is_empty() && self.dealing.is_empty() && self.segments.is_empty());
        let last = self.seal();
        self.track.sha256 = self.hasher.finish();
        (self.track, last)
    }

    fn close_group(&mut self) -> Option<Gathered> {
        if self.dealing.is_empty() {
            return None;
        }
        let no = self.first_group + self.groups.len() as u64;
        self.groups.push_back(None);
        Some(Gathered { no, part: self.part_no, data: std::mem::take(&mut self.dealing) })
    }

    /// Enters a segment that is on quorum; gives the part that it ends, if it does.
    fn enter(&mut self, pending: &Pending) -> Option<Sealed> {
        let chunks: Vec<_> = self.stored.drain(..pending.chunks).collect();
        let segment = Segment { start_us: pending.start_us, duration_us: pending.duration_us, chunks };
        self.track.segments += 1;
        self.track.chunks += segment.chunks.len() as u64;
        self.track.bytes += segment.bytes();
        let end_us = segment.start_us.saturating_add(segment.duration_us);
        self.track.duration_us = self.track.duration_us.max(end_us);
        self.part.segments.push(segment);
        if pending.ends_part { self.seal() } else { None }
    }

    fn seal(&mut self) -> Option<Sealed> {
        if self.part.segments.is_empty() {
            return None;
        }
        let next = empty_part(&self.track, self.part.no + 1, self.track.segments);
        let part = std::mem::replace(&mut self.part, next);
        let (bytes, hash) = part.encode();
        let length = u32::try_from(bytes.len()).expect("a part is short");
        let segments = self.track.segments - part.first_segment;
        self.track.parts.push(PartRef { hash, bytes: length, first_segment: part.first_segment, segments });
        Some(Sealed { bytes, hash })
    }
}

fn empty_part(track: &Track, no: u32, first_segment: u32) -> Part {
    Part {
        track: track.name.clone(),
        no,
        first_segment,
        segments: Vec::new(),
        parity: Vec::new(),
        displaced: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};
    use vs_core::{
        id::NodeId,
        limit::{PART_BYTES_MAX, SLOT_NODES_MAX, STRIPE_PARITY},
        manifest::TrackKind,
    };

    use super::*;

    fn track() -> Track {
        Track {
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
        }
    }

    fn named(bytes: &[u8]) -> ChunkRef {
        ChunkRef { hash: Hash::of(bytes), bytes: u32::try_from(bytes.len()).expect("short") }
    }

    fn parity_of(group: &Gathered) -> Vec<ChunkRef> {
        (0..STRIPE_PARITY).map(|nth| named(format!("parity {nth} of {}", group.no).as_bytes())).collect()
    }

    /// Written as badly as can be: no member on its place, whichever node that is.
    fn written(group: &Gathered, scheme: Scheme) -> Written {
        let data: Vec<_> = group.data.iter().map(|chunk| named(chunk)).collect();
        let parity = if scheme.is_coded() { parity_of(group) } else { Vec::new() };
        let copies = if scheme.is_coded() { 1 } else { SLOT_NODES_MAX };
        let displaced = |chunk: &ChunkRef| Displaced {
            chunk: chunk.hash,
            place: NodeId(u64::MAX),
            stand_in: Some(NodeId(u64::MAX)),
        };
        let displaced = data.iter().chain(&parity).flat_map(|chunk| vec![displaced(chunk); copies]).collect();
        Written { data, parity, displaced }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn parts_say_what_was_written_once_all_of_it_is(
            coded in any::<bool>(),
            segments in vec(prop_oneof![4 => 1usize..4, 1 => 4usize..17], 1..900),
            picks in vec(any::<prop::sample::Index>(), 4..20),
        ) {
            let scheme = if coded { Scheme::Erasure { data: 3, parity: 2 } } else { Scheme::Replicate(5) };
            let mut builder = TrackBuilder::new(track(), Ballot(7), scheme);
            let (mut open, mut done, mut sealed) = (Vec::new(), Vec::new(), Vec::new());
            let (mut all, mut wanted) = (vec![1, 2, 3], Vec::new());
            let mut pick = picks.iter().cycle();
            let mut settle = |open: &mut Vec<Gathered>, builder: &mut TrackBuilder, keep: usize| {
                let mut sealed = Vec::new();
                while open.len() > keep {
                    let group = open.swap_remove(pick.next().expect("endless").index(open.len()));
                    sealed.extend(builder.written(group.no, written(&group, scheme)));
                    done.push(group);
                }
                sealed
            };
            for (no, count) in (0u64..).zip(&segments) {
                let chunk = |nth| Bytes::from(format!("chunk {nth} of segment {no}"));
                let chunks: Vec<_> = (0..*count).map(chunk).collect();
                chunks.iter().for_each(|chunk| all.extend_from_slice(chunk));
                let chunks_named = chunks.iter().map(|chunk| named(chunk)).collect();
                wanted.push(Segment { start_us: no * 10, duration_us: 10, chunks: chunks_named });
                open.extend(builder.segment(no * 10, 10, chunks));
                sealed.extend(settle(&mut open, &mut builder, 7));
                prop_assert!(builder.dealing.len() < builder.deal);
                let (until_us, bytes) = builder.stored();
                let whole = wanted.iter().take_while(|segment| segment.start_us < until_us);
                prop_assert_eq!(bytes, whole.map(Segment::bytes).sum::<u64>());
            }
            open.extend(builder.end());
            sealed.extend(settle(&mut open, &mut builder, 0));
            let (track, last) = builder.finish();
            sealed.extend(last);

            prop_assert_eq!((track.sha256, track.bytes), (Hash::of(&all), all.len() as u64));
            prop_assert_eq!((track.ballot, track.duration_us), (Ballot(7), segments.len() as u64 * 10));
            prop_assert_eq!(track.parts.len(), sealed.len());
            let (mut got, mut stripes, mut parity_bytes) = (Vec::new(), 0, 0);
            done.sort_by_key(|group| group.no);
            for ((no, named), sealed) in (0..).zip(&track.parts).zip(&sealed) {
                prop_assert!(sealed.bytes.len() < PART_BYTES_MAX / 20 * 19, "{} bytes", sealed.bytes.len());
                prop_assert_eq!((named.hash, named.bytes as usize), (sealed.hash, sealed.bytes.len()));
                let part = Part::decode(&sealed.bytes).expect("sound");
                prop_assert_eq!((part.no, part.first_segment as usize), (no, got.len()));
                prop_assert_eq!(named.first_segment, part.first_segment);
                prop_assert_eq!(named.segments as usize, part.segments.len());
                let mut displaced = Vec::new();
                for group in part.groups(AssetId(1), scheme) {
                    let from = &done[stripes];
                    prop_assert_eq!(from.part, part.no, "a group is named by the part it was given out for");
                    let as_written = written(from, scheme);
                    let (data, parity) = group.members.split_at(group.data);
                    prop_assert_eq!((data, parity), (&as_written.data[..], &as_written.parity[..]));
                    prop_assert_eq!(from.no, stripes as u64);
                    parity_bytes += parity.iter().map(|chunk| u64::from(chunk.bytes)).sum::<u64>();
                    displaced.extend(as_written.displaced);
                    stripes += 1;
                }
                let numbers = stripes - part.parity.len()..;
                prop_assert!(part.parity.iter().zip(numbers).all(|(parity, no)| parity.stripe == no as u64));
                prop_assert_eq!(&part.displaced, &displaced);
                got.extend(part.segments);
            }
            prop_assert_eq!((stripes, track.parity_bytes), (done.len(), parity_bytes));
            prop_assert_eq!(track.segments as usize, segments.len());
            prop_assert_eq!(track.chunks, segments.iter().sum::<usize>() as u64);
            prop_assert_eq!(got, wanted);
        }
    }
}
