//! Makes one track: ffmpeg's output, cut into segments as it comes, each stored before the next but one is gathered.

use std::{io::ErrorKind, os::unix::process::ExitStatusExt, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use vs_core::{
    error::{Code, Failure},
    id::Ballot,
    manifest::{Track, TrackKind, cut},
};
use vsd_core::upload::{
    mp4::{Fragment, Piece, Splitter},
    plan::{Means, TrackPlan},
    segment::{Cut, SEGMENT_BYTES_MAX, Segmenter},
};

use super::{
    child::{Deadline, FORMATS, Stopped, Watched, reason},
    chunks::ChunkWriter,
    track::{PartSink, TrackWriter},
};
use crate::config::Media;

/// Read from ffmpeg at a time.
const READ_BYTES: usize = 256 << 10;
/// A track may be this much longer than the file it comes from, and this many times as long.
const GROWTH_BYTES: u64 = 256 << 20;
const GROWTH_TIMES: u64 = 4;
/// Longest text track that is kept.
const TEXT_BYTES_MAX: usize = 32 << 20;
/// Memory for segments on their way to the nodes, over all uploads, and its granularity.
const BUDGET_BYTES: usize = 64 << 20;
const BUDGET_UNIT: usize = 64 << 10;
/// The budget as permits. The longest segment must fit, or its upload would wait for ever.
pub(crate) const BUDGET_UNITS: usize = BUDGET_BYTES / BUDGET_UNIT;
const _: () = assert!(SEGMENT_BYTES_MAX <= BUDGET_BYTES);
/// What ffmpeg exits with when a signal asked it to end.
const FFMPEG_INTERRUPTED: i32 = 255;
/// How often an ffmpeg that is killed is started again, and after what pause.
const DEATHS_MAX: u32 = 2;
const DEATH_PAUSE: Duration = Duration::from_secs(1);

/// Why there is no track.
#[derive(Debug)]
pub(crate) enum NoTrack {
    /// The stream is at fault: the reason, for a person.
    Stream(String),
    /// The stream cannot be copied as it is; another way may work.
    Copy(String),
    /// The same, because an edit list hides its start.
    Hidden,
    /// ffmpeg was killed: by the file if it happens again and again, by somebody otherwise.
    Died(String),
    /// Storing failed, or the daemon stops: the stream may be fine.
    Store(Failure),
}

/// What a track needs beside its plan.
#[derive(Clone, Debug)]
pub(crate) struct Workshop {
    pub(crate) media: Media,
    pub(crate) source: Arc<Path>,
    pub(crate) source_bytes: u64,
    pub(crate) writer: ChunkWriter,
    pub(crate) ballot: Ballot,
    /// Memory for segments of all uploads, in units of [`BUDGET_UNIT`].
    pub(crate) budget: Arc<Semaphore>,
    pub(crate) stop: CancellationToken,
}

/// Makes the track by the first means that work.
pub(crate) async fn make(shop: &Workshop, mut plan: TrackPlan, sink: &impl PartSink) -> Result<Track, NoTrack> {
    let mut deaths = 0;
    loop {
        let (why, hidden) = match once(shop, &plan, sink).await {
            Err(NoTrack::Died(why)) if deaths < DEATHS_MAX => {
                deaths += 1;
                tracing::warn!(track = plan.track.name, why, "ffmpeg was killed, trying again");
                tokio::time::sleep(DEATH_PAUSE).await;
                continue;
            }
            Err(NoTrack::Copy(why) | NoTrack::Died(why)) => (why, false),
            Err(NoTrack::Hidden) => ("an edit list hides its start".to_owned(), true),
            made => return made,
        };
        let name = plan.track.name.clone();
        plan = plan.fallback(hidden).ok_or_else(|| NoTrack::Stream(why.clone()))?;
        tracing::info!(track = name, why, means = ?plan.means, "copying does not work");
    }
}

async fn once(shop: &Workshop, plan: &TrackPlan, sink: &impl PartSink) -> Result<Track, NoTrack> {
    let mut child = start(shop, plan).map_err(|error| NoTrack::Store(unstartable(&shop.media, &error)))?;
    let made = tokio::select! {
        made = gather(shop, plan, &mut child, sink) => made,
        () = shop.stop.cancelled() => Err(stopping()),
    };
    let gathered = match made {
        Ok(gathered) => gathered,
        Err(why) => {
            child.stop().await;
            return Err(why);
        }
    };
    let (status, said) = child.finish().await.map_err(|error| NoTrack::Store(unstartable(&shop.media, &error)))?;
    if matches!(status.code(), Some(126 | 127)) {
        return Err(NoTrack::Store(unstartable(&shop.media, &ErrorKind::NotFound.into())));
    }
    if status.signal().is_some() || status.code() == Some(FFMPEG_INTERRUPTED) {
        return Err(if shop.stop.is_cancelled() {
            stopping()
        } else {
            NoTrack::Died(format!("ffmpeg ended with {status}"))
        });
    }
    if !status.success() || gathered.is_empty() {
        return Err(NoTrack::Copy(reason(&said, &shop.source)));
    }
    tokio::select! {
        made = gathered.finish(sink) => made,
        () = shop.stop.cancelled() => Err(stopping()),
    }
}

fn stopping() -> NoTrack {
    NoTrack::Store(Failure::new(Code::Unreachable, "the work was stopped"))
}

fn start(shop: &Workshop, plan: &TrackPlan) -> std::io::Result<Watched> {
    let input = format!("file:{}", shop.source.display());
    let head = ["-nostdin", "-hide_banner", "-v", "error", "-protocol_whitelist", "file,pipe"];
    let head = head.into_iter().chain(["-format_whitelist", FORMATS, "-fflags", "+genpts", "-i", &input]);
    let args = head.map(str::to_owned).chain(plan.output_args()).collect::<Vec<_>>();
    Watched::start(&shop.media, &shop.media.ffmpeg, &args)
}

fn unstartable(media: &Media, error: &std::io::Error) -> Failure {
    Failure::new(Code::Internal, format!("{} cannot be run on the server", media.ffmpeg.display()))
        .because(error)
        .hint("install it on the server: apt-get install ffmpeg")
}

/// Reads the child's output to its end.
async fn gather<'a>(
    shop: &'a Workshop,
    plan: &TrackPlan,
    child: &mut Watched,
    sink: &impl PartSink,
) -> Result<Gathered<'a>, NoTrack> {
    let deadline = Deadline::new(&shop.media);
    let bytes_max = shop.source_bytes.saturating_mul(GROWTH_TIMES).saturating_add(GROWTH_BYTES);
    let mut gathered = Gathered::new(shop, plan);
    let (mut buffer, mut total) = (vec![0; READ_BYTES], 0);
    loop {
        let read = deadline.read(&mut child.stdout, &mut buffer).await.map_err(|stopped| stuck(plan, &stopped))?;
        total += read as u64;
        if total > bytes_max {
            return Err(NoTrack::Stream("it grows beyond all proportion to the file".to_owned()));
        }
        if read == 0 {
            return Ok(gathered);
        }
        gathered.take(&buffer[..read], sink).await?;
    }
}

fn stuck(plan: &TrackPlan, stopped: &Stopped) -> NoTrack {
    NoTrack::Stream(format!("making it from {} was stopped: {stopped}", plan.codec))
}

/// A track that is being made.
struct Gathered<'a> {
    shop: &'a Workshop,
    plan: Track,
    means: Means,
    track: Option<TrackWriter>,
    splitter: Splitter,
    segmenter: Segmenter,
    text: Vec<u8>,
}

impl<'a> Gathered<'a> {
    fn new(shop: &'a Workshop, plan: &TrackPlan) -> Self {
        Self {
            shop,
            plan: plan.track.clone(),
            means: plan.means,
            track: None,
            splitter: Splitter::default(),
            segmenter: Segmenter::default(),
            text: Vec::new(),
        }
    }

    fn is_empty(&self) -> bool {
        self.track.is_none() && self.text.is_empty()
    }

    async fn take(&mut self, bytes: &[u8], sink: &impl PartSink) -> Result<(), NoTrack> {
        if self.plan.kind == TrackKind::Subtitle {
            if self.text.len() + bytes.len() > TEXT_BYTES_MAX {
                return Err(NoTrack::Stream("more text than any film has".to_owned()));
            }
            self.text.extend_from_slice(bytes);
            return Ok(());
        }
        for piece in self.splitter.push(bytes).map_err(|error| NoTrack::Copy(error.to_string()))? {
            match piece {
                Piece::Init(init) => {
                    let track = Track { init: init.to_vec(), ..self.plan.clone() };
                    self.track = Some(TrackWriter::new(self.shop.writer.clone(), track, self.shop.ballot));
                }
                Piece::Fragment(fragment) => {
                    self.check_shown(&fragment)?;
                    let cut = self.segmenter.push(&fragment).map_err(|why| NoTrack::Copy(why.to_string()))?;
                    if let Some(cut) = cut {
                        self.store(cut, sink).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Decoders of fragmented files ignore that an edit list hides frames. None may be there, the one frame of priming that
    /// every sound codec needs aside.
    fn check_shown(&self, fragment: &Fragment) -> Result<(), NoTrack> {
        let allowed_us = if self.plan.kind == TrackKind::Audio { fragment.frame_us } else { fragment.frame_us / 2 };
        let hides = fragment.hidden_us > allowed_us + 1;
        if hides && self.means != Means::Transcode { Err(NoTrack::Hidden) } else { Ok(()) }
    }

    /// Starts storing a segment, once memory allows and the one before is on its way.
    async fn store(&mut self, cut: Cut, sink: &impl PartSink) -> Result<(), NoTrack> {
        let Some(track) = &mut self.track else { return Ok(()) };
        let units = u32::try_from(cut.bytes.len().div_ceil(BUDGET_UNIT)).unwrap_or(u32::MAX);
        let memory = self.shop.budget.clone().acquire_many_owned(units).await.ok();
        let stored = track.segment(cut.start_us, cut.duration_us, cut.chunks(), memory, sink);
        stored.await.map_err(NoTrack::Store)?;
        sink.reached(track.stored().0);
        Ok(())
    }

    /// The child has ended well: the last segment, the last part, the finished track.
    async fn finish(mut self, sink: &impl PartSink) -> Result<Track, NoTrack> {
        if self.plan.kind == TrackKind::Subtitle {
            return self.finish_text(sink).await;
        }
        std::mem::take(&mut self.splitter).finish().map_err(|error| NoTrack::Copy(error.to_string()))?;
        if let Some(cut) = self.segmenter.finish() {
            self.store(cut, sink).await?;
        }
        let Some(track) = self.track else { return Err(NoTrack::Copy("it has no header".to_owned())) };
        let track = track.finish(sink).await.map_err(NoTrack::Store)?;
        sink.reached(track.duration_us);
        if track.segments == 0 { Err(NoTrack::Copy("it holds no frames".to_owned())) } else { Ok(track) }
    }

    /// Text is short: the whole of it is one segment.
    async fn finish_text(self, sink: &impl PartSink) -> Result<Track, NoTrack> {
        let mut track = TrackWriter::new(self.shop.writer.clone(), self.plan, self.shop.ballot);
        let mut rest = Bytes::from(self.text);
        let chunks = cut(rest.len()).into_iter().map(|length| rest.split_to(length)).collect();
        track.segment(0, 0, chunks, None, sink).await.map_err(NoTrack::Store)?;
        track.finish(sink).await.map_err(NoTrack::Store)
    }
}
