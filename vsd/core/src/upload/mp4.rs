//! Reads a fragmented MP4 stream (ISO/IEC 14496-12, as ffmpeg writes it to a pipe) as it comes: first the init segment, then
//! fragments with the time they cover and whether they start on a keyframe.
//!
//! Invariants:
//! - The bytes of the pieces, in order, are the bytes of the stream, except `mfra`, `sidx` and `free` boxes, which are left out.
//! - No more is held than one fragment, and no fragment may be longer than [`FRAGMENT_BYTES_MAX`].

use bytes::{Buf, Bytes, BytesMut};
use vs_core::limit::INIT_BYTES_MAX;

/// Longest fragment accepted: 2 s at 256 Mbit/s.
pub const FRAGMENT_BYTES_MAX: usize = 64 << 20;

/// A stream that is not what a muxer of ours writes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mp4Error {
    #[error("{0} box too long: {1} bytes")]
    TooLong(String, u64),
    #[error("broken {0} box")]
    Broken(&'static str),
    #[error("the stream ends inside a box")]
    Truncated,
}

/// What the splitter hands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// `ftyp` and `moov`.
    Init(Bytes),
    Fragment(Fragment),
}

/// One `moof` with its `mdat`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    pub bytes: Bytes,
    pub start_us: u64,
    pub duration_us: u64,
    /// Decoding can start here.
    pub keyframe: bool,
    /// How much of the fragment's start an edit list hides. Decoders of fragmented files show it all the same.
    pub hidden_us: u64,
    /// How long its first frame is.
    pub frame_us: u64,
}

/// Cuts a stream into its pieces.
#[derive(Debug, Default)]
pub struct Splitter {
    pending: BytesMut,
    /// Boxes of the piece that is being gathered.
    piece: BytesMut,
    header: Option<Header>,
    moof: Option<Moof>,
}

impl Splitter {
    /// Takes more of the stream; gives the pieces it completes.
    ///
    /// # Errors
    /// When the stream is not a fragmented MP4 of one track.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Piece>, Mp4Error> {
        self.pending.extend_from_slice(bytes);
        let mut pieces = Vec::new();
        while let Some(whole) = self.next_box()? {
            if let Some(piece) = self.take(&whole)? {
                pieces.push(piece);
            }
        }
        Ok(pieces)
    }

    /// The stream has ended.
    ///
    /// # Errors
    /// When it ended inside a box or between a `moof` and its `mdat`.
    pub fn finish(self) -> Result<(), Mp4Error> {
        if self.pending.is_empty() && self.moof.is_none() { Ok(()) } else { Err(Mp4Error::Truncated) }
    }

    /// The next box once all of it is here.
    fn next_box(&mut self) -> Result<Option<Whole>, Mp4Error> {
        let Some(&[a, b, c, d, ref name @ ..]) = self.pending.get(..8) else { return Ok(None) };
        let kind = fourcc(name);
        let (header_bytes, length) = match u32::from_be_bytes([a, b, c, d]) {
            1 => match self.pending.get(8..16) {
                Some(large) => (16, be_u64(large)),
                None => return Ok(None),
            },
            length => (8, length.into()),
        };
        let length_max = if &kind == b"moov" { INIT_BYTES_MAX } else { FRAGMENT_BYTES_MAX };
        let fits = usize::try_from(length).ok().filter(|length| (header_bytes..=length_max).contains(length));
        let Some(length) = fits else {
            return Err(Mp4Error::TooLong(String::from_utf8_lossy(&kind).into_owned(), length));
        };
        if self.pending.len() < length {
            return Ok(None);
        }
        Ok(Some(Whole { kind, header_bytes, bytes: self.pending.split_to(length).freeze() }))
    }

    fn take(&mut self, whole: &Whole) -> Result<Option<Piece>, Mp4Error> {
        let body = &whole.bytes[whole.header_bytes..];
        match &whole.kind {
            b"ftyp" => self.piece.extend_from_slice(&whole.bytes),
            b"moov" => {
                self.header = Some(Header::read(body)?);
                self.piece.extend_from_slice(&whole.bytes);
                return Ok(Some(Piece::Init(self.piece.split().freeze())));
            }
            b"moof" => {
                let header = self.header.as_ref().ok_or(Mp4Error::Broken("moof before moov"))?;
                self.moof = Some(Moof::read(body, header)?);
                self.piece.extend_from_slice(&whole.bytes);
            }
            b"mdat" => {
                let moof = self.moof.take().ok_or(Mp4Error::Broken("mdat without moof"))?;
                self.piece.extend_from_slice(&whole.bytes);
                let bytes = self.piece.split().freeze();
                let Moof { start_us, duration_us, keyframe, hidden_us, frame_us } = moof;
                let fragment = Fragment { bytes, start_us, duration_us, keyframe, hidden_us, frame_us };
                return Ok(Some(Piece::Fragment(fragment)));
            }
            _ => {}
        }
        Ok(None)
    }
}

#[derive(Debug)]
struct Whole {
    kind: [u8; 4],
    header_bytes: usize,
    bytes: Bytes,
}

/// What of `moov` is needed to place a fragment in time.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    timescale: u32,
    default_duration: u32,
    default_flags: u32,
    /// What the edit list adds to every decode time, in ticks of the track.
    shift: i64,
    /// The media time at which showing begins, in ticks of the track.
    shown_from: i64,
}

impl Header {
    fn read(moov: &[u8]) -> Result<Self, Mp4Error> {
        let broken = Mp4Error::Broken("moov");
        let trak = find(moov, b"trak").ok_or(broken.clone())?;
        let mdia = find(trak, b"mdia").ok_or(broken.clone())?;
        let timescale = find(mdia, b"mdhd").and_then(timescale_of).filter(|ticks| *ticks > 0).ok_or(broken)?;
        let movie_timescale = find(moov, b"mvhd").and_then(timescale_of).unwrap_or(1000).max(1);
        let edits = find(trak, b"edts").and_then(|edts| find(edts, b"elst"));
        let trex = find(moov, b"mvex").and_then(|mvex| find(mvex, b"trex"));
        let trex = |at: usize| trex.and_then(|trex| u32_at(trex, at)).unwrap_or(0);
        let (shift, shown_from) = edits.map_or((0, 0), |elst| edits_of(elst, timescale, movie_timescale));
        Ok(Self { timescale, default_duration: trex(12), default_flags: trex(20), shift, shown_from })
    }
}

/// The ticks a second of an `mdhd` or `mvhd`.
fn timescale_of(full_box: &[u8]) -> Option<u32> {
    u32_at(full_box, if full_box.first() == Some(&1) { 20 } else { 12 })
}

/// What an edit list adds to decode times, and the media time it begins to show at: an empty edit delays the track, the media time
/// of the first real edit skips its start.
fn edits_of(elst: &[u8], timescale: u32, movie_timescale: u32) -> (i64, i64) {
    let wide = elst.first() == Some(&1);
    let entry_bytes = if wide { 20 } else { 12 };
    let entries = elst.get(8..).unwrap_or_default().chunks_exact(entry_bytes);
    let mut shift = 0i64;
    for entry in entries.take(4) {
        let (duration, media_time) = if wide {
            (be_u64(&entry[..8]), be_u64(&entry[8..16]).cast_signed())
        } else {
            (be_u32(&entry[..4]).into(), i64::from(be_u32(&entry[4..8]).cast_signed()))
        };
        if media_time != -1 {
            return (shift.saturating_sub(media_time), media_time);
        }
        let delay = u128::from(duration) * u128::from(timescale) / u128::from(movie_timescale);
        shift = shift.saturating_add(i64::try_from(delay).unwrap_or(0));
    }
    (shift, 0)
}

#[derive(Debug)]
struct Moof {
    start_us: u64,
    duration_us: u64,
    keyframe: bool,
    hidden_us: u64,
    frame_us: u64,
}

impl Moof {
    fn read(moof: &[u8], header: &Header) -> Result<Self, Mp4Error> {
        let traf = find(moof, b"traf").ok_or(Mp4Error::Broken("moof"))?;
        let defaults = Defaults::read(find(traf, b"tfhd").ok_or(Mp4Error::Broken("tfhd"))?, header);
        let tfdt = find(traf, b"tfdt").ok_or(Mp4Error::Broken("tfdt"))?;
        let start = if tfdt.first() == Some(&1) { tfdt.get(4..12).map(be_u64) } else { u32_at(tfdt, 4).map(u64::from) };
        let start = start.ok_or(Mp4Error::Broken("tfdt"))?;

        let mut duration = 0u64;
        let mut first: Option<First> = None;
        for (_, trun) in boxes(traf).filter(|(kind, _)| kind == b"trun") {
            let run = Run::read(trun, &defaults).ok_or(Mp4Error::Broken("trun"))?;
            duration = duration.saturating_add(run.duration);
            first = first.or(run.first);
        }
        let earliest = first.as_ref().map_or(0, |first| first.earliest).saturating_add_unsigned(start);
        let hidden = u64::try_from(header.shown_from.saturating_sub(earliest)).unwrap_or(0);
        let us = |ticks: u64| u64::try_from(u128::from(ticks) * 1_000_000 / u128::from(header.timescale)).ok();
        Ok(Self {
            start_us: us(start.saturating_add_signed(header.shift)).ok_or(Mp4Error::Broken("tfdt"))?,
            duration_us: us(duration).ok_or(Mp4Error::Broken("trun"))?,
            keyframe: first.as_ref().is_some_and(|first| first.flags & SAMPLE_IS_NON_SYNC == 0),
            hidden_us: us(hidden).unwrap_or(u64::MAX),
            frame_us: first.and_then(|first| us(first.duration.into())).unwrap_or(0),
        })
    }
}

const SAMPLE_IS_NON_SYNC: u32 = 0x1_0000;

/// What samples have that their run does not describe.
#[derive(Debug)]
struct Defaults {
    duration: u32,
    flags: u32,
}

impl Defaults {
    fn read(tfhd: &[u8], header: &Header) -> Self {
        let present = u32_at(tfhd, 0).unwrap_or(0);
        let mut at = 8;
        let mut optional = |bit: u32, bytes: usize| {
            let value = (present & bit != 0).then(|| u32_at(tfhd, at)).flatten();
            at += if present & bit != 0 { bytes } else { 0 };
            value
        };
        optional(0x1, 8);
        optional(0x2, 4);
        let duration = optional(0x8, 4).unwrap_or(header.default_duration);
        optional(0x10, 4);
        let flags = optional(0x20, 4).unwrap_or(header.default_flags);
        Self { duration, flags }
    }
}

#[derive(Debug)]
struct Run {
    duration: u64,
    /// None when the run has no samples.
    first: Option<First>,
}

/// The run's first sample in decoding order, and when the first in showing order is shown, counted from the run's start.
#[derive(Debug)]
struct First {
    flags: u32,
    duration: u32,
    earliest: i64,
}

impl Run {
    fn read(trun: &[u8], defaults: &Defaults) -> Option<Self> {
        let present = u32_at(trun, 0)?;
        let samples = u32_at(trun, 4)?;
        let mut at = 8 + if present & 0x1 != 0 { 4 } else { 0 };
        let explicit_first = (present & 0x4 != 0).then(|| u32_at(trun, at)).flatten();
        at += if present & 0x4 != 0 { 4 } else { 0 };
        let fields = [0x100, 0x200, 0x400, 0x800].map(|bit| present & bit != 0);
        let place = |field: usize| 4 * fields[..field].iter().filter(|field| **field).count();
        let stride = place(4);
        if stride == 0 {
            let flags = explicit_first.unwrap_or(defaults.flags);
            let first = (samples > 0).then_some(First { flags, duration: defaults.duration, earliest: 0 });
            return Some(Self { duration: u64::from(samples) * u64::from(defaults.duration), first });
        }
        let samples = usize::try_from(samples).ok()?;
        let entries = trun.get(at..)?.chunks_exact(stride).take(samples);
        if entries.len() != samples {
            return None;
        }
        let mut run = Self { duration: 0, first: None };
        for entry in entries {
            let field = |field: usize| fields[field].then(|| u32_at(entry, place(field))).flatten();
            let duration = field(0).unwrap_or(defaults.duration);
            // Signed since version 1 of the box; version 0 never comes near the difference.
            let offset = i64::from(field(3).unwrap_or(0).cast_signed());
            let shown = i64::try_from(run.duration).ok()?.saturating_add(offset);
            let flags = explicit_first.or(field(2)).unwrap_or(defaults.flags);
            let first = run.first.get_or_insert(First { flags, duration, earliest: shown });
            first.earliest = first.earliest.min(shown);
            run.duration += u64::from(duration);
        }
        Some(run)
    }
}

/// The boxes directly inside `parent`, with their bodies; ends at the first that does not fit.
fn boxes(parent: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = parent;
    std::iter::from_fn(move || {
        let length = usize::try_from(u32_at(rest, 0)?).ok()?;
        let kind = fourcc(rest.get(4..8)?);
        let body = rest.get(8..length)?;
        rest.advance(length);
        Some((kind, body))
    })
}

fn find<'a>(parent: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(parent).find(|(name, _)| name == kind).map(|(_, body)| body)
}

fn fourcc(name: &[u8]) -> [u8; 4] {
    let mut kind = [0; 4];
    kind.copy_from_slice(&name[..4]);
    kind
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).map(be_u32)
}

fn be_u32(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |value, byte| value << 8 | u32::from(*byte))
}

fn be_u64(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |value, byte| value << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 8).expect("short");
        [&length.to_be_bytes()[..], kind, body].concat()
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// 1,000 ticks a second, delayed by half a second, 40 ticks skipped.
    fn init() -> Vec<u8> {
        let mdhd = boxed(b"mdhd", &words(&[0, 0, 0, 1000, 0, 0]));
        let elst = boxed(b"elst", &words(&[0, 2, 50, u32::MAX, 0x1_0000, 900, 40, 0x1_0000]));
        let trak = boxed(b"trak", &[boxed(b"edts", &elst), boxed(b"mdia", &mdhd)].concat());
        let mvex = boxed(b"mvex", &boxed(b"trex", &words(&[0, 1, 1, 0, 0, 0])));
        let moov = boxed(b"moov", &[boxed(b"mvhd", &words(&[0, 0, 0, 100])), trak, mvex].concat());
        [boxed(b"ftyp", b"iso5"), moov].concat()
    }

    fn fragment(start: u32, keyframe: bool) -> Vec<u8> {
        let flags = if keyframe { 0 } else { SAMPLE_IS_NON_SYNC };
        let tfhd = boxed(b"tfhd", &words(&[0x2_0008, 1, 20]));
        let tfdt = boxed(b"tfdt", &words(&[0, start]));
        let trun = boxed(b"trun", &words(&[0x205, 2, 0, flags, 7, 7]));
        let moof = boxed(b"moof", &boxed(b"traf", &[tfhd, tfdt, trun].concat()));
        [moof, boxed(b"mdat", &[9; 14])].concat()
    }

    #[test]
    fn pieces_come_with_their_times_however_the_stream_is_torn() {
        let stream =
            [init(), fragment(0, true), boxed(b"sidx", b""), fragment(40, false), boxed(b"mfra", b"xx")].concat();
        for step in [1, 7, 4096] {
            let mut splitter = Splitter::default();
            let pieces: Vec<_> = stream.chunks(step).flat_map(|bytes| splitter.push(bytes).expect("sound")).collect();
            let want = |start_us, keyframe, start| {
                let bytes = fragment(start, keyframe).into();
                let hidden_us = if start == 0 { 40_000 } else { 0 };
                Piece::Fragment(Fragment {
                    bytes,
                    start_us,
                    duration_us: 40_000,
                    keyframe,
                    hidden_us,
                    frame_us: 20_000,
                })
            };
            assert_eq!(pieces, [Piece::Init(init().into()), want(460_000, true, 0), want(500_000, false, 40)]);
            assert_eq!(splitter.finish(), Ok(()));
        }
    }

    #[test]
    fn an_unfinished_or_oversized_box_is_an_error() {
        let mut splitter = Splitter::default();
        splitter.push(&init()[..20]).expect("no box is complete yet");
        assert_eq!(splitter.finish(), Err(Mp4Error::Truncated));
        let huge = [&[0, 0, 0, 1][..], b"mdat", &u64::MAX.to_be_bytes()].concat();
        assert!(matches!(Splitter::default().push(&huge), Err(Mp4Error::TooLong(..))));
        assert!(matches!(Splitter::default().push(&[0, 0, 0, 3, b'm', b'd', b'a', b't']), Err(Mp4Error::TooLong(..))));
    }

    proptest! {
        #[test]
        fn foreign_bytes_never_panic(at in 0usize..400, noise in proptest::collection::vec(any::<u8>(), 1..64)) {
            let mut stream = [init(), fragment(0, true), fragment(40, false)].concat();
            let at = at.min(stream.len() - 1);
            let end = (at + noise.len()).min(stream.len());
            stream[at..end].copy_from_slice(&noise[..end - at]);
            let _ = Splitter::default().push(&stream);
        }
    }
}
