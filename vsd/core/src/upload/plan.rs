//! From what ffprobe says of a file to what is done with each of its streams (DESIGN §7, media rules).
//!
//! Codecs that CMAF can carry are copied, others transcoded to H.264 and AAC; text subtitles become WebVTT; bitmap subtitles,
//! pictures and data stay in the original, and the source's description says so.

use serde::Deserialize;
use vs_core::{
    hash::Hash,
    id::Ballot,
    limit::TRACKS_MAX,
    manifest::{Track, TrackKind},
};

use crate::meta::{SourceInfo, SourceStream};

/// Longest side of a picture that is taken in, in pixels.
pub const PICTURE_SIDE_MAX: u32 = 16_384;
/// Most streams of a source that are looked at and remembered.
const STREAMS_MAX: usize = 200;
/// Most sound channels of a track.
const CHANNELS_MAX: u32 = 32;
/// Longest duration that is believed, in seconds: a week.
const DURATION_S_MAX: f64 = 7.0 * 86_400.0;

const VIDEO_COPIED: &[&str] = &["h264", "hevc", "av1", "vp9"];
const AUDIO_COPIED: &[&str] = &["aac", "opus", "mp3", "ac3", "eac3", "flac"];
const SUBTITLES_TEXT: &[&str] = &["subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text"];

/// How a stream becomes a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    Copy,
    /// Copied without the frames that an edit list hides: for sound, where every frame stands alone.
    CopyShown,
    Transcode,
}

/// One stream to be made a track.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackPlan {
    /// Number of the stream in the file.
    pub stream: usize,
    pub means: Means,
    /// Name and description; counts, hash and parts come with the bytes.
    pub track: Track,
    /// The source's codec.
    pub codec: String,
}

/// What is done with a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub source: SourceInfo,
    pub tracks: Vec<TrackPlan>,
}

/// A file that is not taken in, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    #[error("the probe's answer cannot be read: {0}")]
    Unreadable(String),
    #[error("it holds neither picture nor sound that can be played")]
    Nothing(Vec<String>),
}

impl TrackPlan {
    fn transcoded(mut self) -> Self {
        self.means = Means::Transcode;
        self.track.transcoded_from = Some(self.codec.clone());
        self.track.codec = if self.track.kind == TrackKind::Video { "h264" } else { "aac" }.to_owned();
        self
    }

    /// What to try when these means do not work: copying what is shown where that is enough, then transcoding.
    #[must_use]
    pub fn fallback(self, hidden: bool) -> Option<Self> {
        match (self.means, self.track.kind) {
            (Means::Transcode, _) | (_, TrackKind::Subtitle | TrackKind::Original) => None,
            (Means::Copy, TrackKind::Audio) if hidden => Some(Self { means: Means::CopyShown, ..self }),
            _ => Some(self.transcoded()),
        }
    }

    /// ffmpeg's arguments from the input's `-i` on, the track going to standard output.
    #[must_use]
    pub fn output_args(&self) -> Vec<String> {
        let mut args = vec!["-map".to_owned(), format!("0:{}", self.stream)];
        let mut add = |more: &[&str]| args.extend(more.iter().map(|&arg| arg.to_owned()));
        add(&["-map_metadata", "-1", "-map_chapters", "-1", "-dn"]);
        match (self.track.kind, self.means) {
            (TrackKind::Subtitle, _) => {
                add(&["-c:s", "webvtt", "-f", "webvtt", "pipe:1"]);
                return args;
            }
            (_, Means::Copy) => add(&["-c", "copy"]),
            (_, Means::CopyShown) => add(&["-c", "copy", "-copypriorss", "0"]),
            (TrackKind::Video, Means::Transcode) => add(VIDEO_ENCODER),
            (_, Means::Transcode) => {
                add(&["-c:a", "aac", "-b:a", &format!("{}k", 96.max(64 * self.track.channels.min(8)))]);
                if self.track.sample_rate > 96_000 {
                    add(&["-ar", "48000"]);
                }
            }
        }
        if self.track.codec == "hevc" {
            add(&["-tag:v", "hvc1"]);
        }
        add(MUXER);
        args
    }
}

/// A keyframe at least every 2 s and exactly where segments may be cut; every frame of the source, at its own time.
const VIDEO_ENCODER: &[&str] = &[
    "-c:v",
    "libx264",
    "-preset",
    "veryfast",
    "-crf",
    "20",
    "-pix_fmt",
    "yuv420p",
    "-sc_threshold",
    "0",
    "-force_key_frames",
    "expr:gte(t,n_forced*2)",
    "-fps_mode",
    "passthrough",
    "-vf",
    "pad=ceil(iw/2)*2:ceil(ih/2)*2",
    "-threads",
    "2",
];

/// Fragments that start on keyframes and stay below 2 s. The delayed `moov` is what AC-3 needs and keeps edit lists true.
const MUXER: &[&str] = &[
    "-strict",
    "experimental",
    "-movflags",
    "+delay_moov+default_base_moof+frag_keyframe+skip_trailer",
    "-frag_duration",
    "1900000",
    "-max_muxing_queue_size",
    "4096",
    "-f",
    "mp4",
    "pipe:1",
];

#[derive(Debug, Deserialize)]
struct Probe {
    #[serde(default)]
    format: Format,
    #[serde(default)]
    streams: Vec<Stream>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Format {
    format_name: String,
    duration: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Stream {
    index: usize,
    codec_type: String,
    codec_name: String,
    width: u32,
    height: u32,
    pix_fmt: Option<String>,
    avg_frame_rate: String,
    sample_rate: Option<String>,
    channels: u32,
    tags: Tags,
    disposition: Disposition,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tags {
    language: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Disposition {
    attached_pic: u8,
}

/// What ffprobe's JSON (`-show_format -show_streams`) means for the file.
///
/// # Errors
/// When there is nothing to play in it.
pub fn plan(probe_json: &[u8]) -> Result<Plan, Rejected> {
    let probe: Probe = serde_json::from_slice(probe_json).map_err(|error| Rejected::Unreadable(error.to_string()))?;
    let mut source = SourceInfo {
        container: probe.format.format_name.chars().take(100).collect(),
        duration_us: duration_us(probe.format.duration.as_deref()),
        streams: Vec::new(),
    };
    let mut tracks: Vec<TrackPlan> = Vec::new();
    let mut remarks = Vec::new();
    for stream in probe.streams.iter().take(STREAMS_MAX) {
        let mut seen = stream.describe();
        match stream.fate() {
            Ok((kind, means)) if tracks.len() < TRACKS_MAX => {
                let number = tracks.iter().filter(|track| track.track.kind == kind).count();
                let plan = stream.track_plan(kind, means, number);
                if means == Means::Transcode {
                    seen.note = Some(format!("transcoded to {}", plan.track.codec));
                }
                tracks.push(plan);
            }
            Ok(_) => seen.note = Some(format!("kept in the original only: more than {TRACKS_MAX} tracks")),
            Err(why) => {
                remarks.push(format!("stream {}: {} {}: {why}", stream.index, seen.kind, seen.codec));
                seen.note = Some(format!("kept in the original only: {why}"));
            }
        }
        source.streams.push(seen);
    }
    if !tracks.iter().any(|track| matches!(track.track.kind, TrackKind::Video | TrackKind::Audio)) {
        return Err(Rejected::Nothing(remarks));
    }
    Ok(Plan { source, tracks })
}

impl Stream {
    fn sample_rate(&self) -> u32 {
        self.sample_rate.as_deref().and_then(|rate| rate.parse().ok()).unwrap_or(0)
    }

    /// What it becomes, or why it becomes nothing.
    fn fate(&self) -> Result<(TrackKind, Means), &'static str> {
        let codec = self.codec_name.as_str();
        let means = |copied: &[&str]| if copied.contains(&codec) { Means::Copy } else { Means::Transcode };
        match self.codec_type.as_str() {
            "video" if self.disposition.attached_pic != 0 => Err("a picture, not a film"),
            "video" if self.width == 0 || self.height == 0 || self.pix_fmt.is_none() => Err("no frame can be read"),
            "video" if self.width.max(self.height) > PICTURE_SIDE_MAX => Err("the picture is too large"),
            "video" => Ok((TrackKind::Video, means(VIDEO_COPIED))),
            "audio" if codec.is_empty() || self.channels == 0 || self.sample_rate() == 0 => Err("no sound can be read"),
            "audio" if self.channels > CHANNELS_MAX => Err("too many channels"),
            "audio" => Ok((TrackKind::Audio, means(AUDIO_COPIED))),
            "subtitle" if SUBTITLES_TEXT.contains(&codec) => Ok((TrackKind::Subtitle, Means::Transcode)),
            "subtitle" => Err("subtitles made of pictures"),
            _ => Err("neither picture, sound nor text"),
        }
    }

    fn language(&self) -> Option<String> {
        let language = self.tags.language.as_deref().filter(|code| *code != "und")?;
        let sound =
            (2..=16).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        sound.then(|| language.to_ascii_lowercase())
    }

    fn describe(&self) -> SourceStream {
        SourceStream {
            kind: self.codec_type.chars().take(20).collect(),
            codec: self.codec_name.chars().take(40).collect(),
            language: self.language(),
            width: self.width,
            height: self.height,
            fps_milli: fps_milli(&self.avg_frame_rate),
            channels: self.channels,
            sample_rate: self.sample_rate(),
            note: None,
        }
    }

    fn track_plan(&self, kind: TrackKind, means: Means, number: usize) -> TrackPlan {
        let letter = match kind {
            TrackKind::Video => 'v',
            TrackKind::Audio => 'a',
            _ => 's',
        };
        let track = Track {
            name: format!("{letter}{number}"),
            kind,
            codec: self.codec_name.clone(),
            language: self.language(),
            transcoded_from: None,
            width: self.width,
            height: self.height,
            fps_milli: if kind == TrackKind::Video { fps_milli(&self.avg_frame_rate) } else { 0 },
            sample_rate: self.sample_rate(),
            channels: self.channels,
            duration_us: 0,
            bytes: 0,
            segments: 0,
            chunks: 0,
            parity_bytes: 0,
            init: Vec::new(),
            sha256: Hash([0; 32]),
            ballot: Ballot(0),
            parts: Vec::new(),
        };
        let plan = TrackPlan { stream: self.index, means, track, codec: self.codec_name.clone() };
        match (kind, means) {
            (TrackKind::Subtitle, _) => {
                let mut plan = plan;
                plan.track.transcoded_from = Some(self.codec_name.clone()).filter(|codec| codec != "webvtt");
                "webvtt".clone_into(&mut plan.track.codec);
                plan
            }
            (_, Means::Transcode) => plan.transcoded(),
            (_, Means::Copy | Means::CopyShown) => plan,
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just before")]
fn duration_us(seconds: Option<&str>) -> u64 {
    let seconds = seconds.and_then(|text| text.parse::<f64>().ok()).filter(|s| (0.0..=DURATION_S_MAX).contains(s));
    (seconds.unwrap_or(0.0) * 1e6) as u64
}

/// `30000/1001` in thousandths of a frame a second.
fn fps_milli(rate: &str) -> u32 {
    let parts = rate.split_once('/').and_then(|(n, d)| Some((n.parse::<u64>().ok()?, d.parse::<u64>().ok()?)));
    let milli = parts.and_then(|(n, d)| n.checked_mul(1000)?.checked_div(d)).unwrap_or(0);
    u32::try_from(milli).ok().filter(|milli| *milli <= 1_000_000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILM: &str = r#"{"format":{"format_name":"matroska,webm","duration":"12.5"},"streams":[
        {"index":0,"codec_type":"video","codec_name":"h264","width":640,"height":360,"pix_fmt":"yuv420p",
         "avg_frame_rate":"30000/1001"},
        {"index":1,"codec_type":"audio","codec_name":"vorbis","sample_rate":"48000","channels":2,"tags":{"language":"eng"}},
        {"index":2,"codec_type":"audio","codec_name":"opus","sample_rate":"48000","channels":6,"tags":{"language":"../x"}},
        {"index":3,"codec_type":"subtitle","codec_name":"subrip","tags":{"language":"deu"}},
        {"index":4,"codec_type":"subtitle","codec_name":"hdmv_pgs_subtitle"},
        {"index":5,"codec_type":"video","codec_name":"mjpeg",
         "width":9,"height":9,"pix_fmt":"x","disposition":{"attached_pic":1}},
        {"index":6,"codec_type":"video","codec_name":"h264","width":0,"height":0}]}"#;

    #[test]
    fn each_stream_becomes_what_the_rules_say() {
        let plan = plan(FILM.as_bytes()).expect("playable");
        let tracks: Vec<_> =
            plan.tracks.iter().map(|t| (t.track.name.as_str(), t.stream, t.means, t.track.codec.as_str())).collect();
        assert_eq!(
            tracks,
            [
                ("v0", 0, Means::Copy, "h264"),
                ("a0", 1, Means::Transcode, "aac"),
                ("a1", 2, Means::Copy, "opus"),
                ("s0", 3, Means::Transcode, "webvtt")
            ]
        );
        assert_eq!((plan.source.duration_us, plan.source.streams[0].fps_milli), (12_500_000, 29_970));
        assert_eq!(plan.source.streams[2].language, None, "a hostile language is dropped");
        let noted = plan.source.streams.iter().filter(|stream| stream.note.is_some()).count();
        assert_eq!(noted, 5);
    }

    #[test]
    fn a_file_with_nothing_to_play_is_rejected_with_the_reasons() {
        for bad in ["{}", "", r#"{"streams":[{"index":0,"codec_type":"data","codec_name":"bin_data"}]}"#] {
            assert!(plan(bad.as_bytes()).is_err(), "{bad}");
        }
        let huge = r#"{"streams":[{"index":0,"codec_type":"video","codec_name":"h264",
            "width":65535,"height":65535,"pix_fmt":"a"}]}"#;
        let Err(Rejected::Nothing(why)) = plan(huge.as_bytes()) else { panic!("taken in") };
        assert_eq!(why, ["stream 0: video h264: the picture is too large"]);
    }

    #[test]
    fn a_claimed_duration_is_not_believed_beyond_reason() {
        assert_eq!(duration_us(Some("4294967.29")), 0);
        assert_eq!(duration_us(Some("NaN")), 0);
        assert_eq!(fps_milli("1/0"), 0);
    }
}
