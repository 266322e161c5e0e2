//! From received bytes to a playable video: probe, store the original, cut the tracks, commit.
//!
//! Every step can be repeated from its start under a higher ballot, so whatever goes wrong on the way (a full disk, no quorum, a
//! crash) is answered by doing it again later, and only the file itself can end an upload badly.

use std::{
    collections::VecDeque,
    os::unix::fs::FileExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;
use vs_core::{
    error::{Code, Failure},
    hash::{Hash, Hasher},
    id::{AssetId, Ballot, UploadId, Version},
    limit::CHUNK_BYTES_MAX,
    manifest::{ORIGINAL, Part, Track, TrackKind},
};
use vs_wire::v1::SessionState;
use vsd_core::{
    meta::{Command, End, Response, SourceInfo, UploadPhase, UploadRecord},
    upload::{
        plan::{Plan, TrackPlan},
        store::patiently,
        track::Sealed,
    },
};

use super::{
    chunks::ChunkWriter,
    cutting::{self, NoTrack, Workshop},
    probe::probe,
    sessions::{Progress, Uploader, view_now},
    tenure::{self, Role},
    track::{PartSink, TrackWriter},
};

/// Tracks of one upload that are made at the same time.
const TRACKS_AT_ONCE: usize = 2;
/// Wait before an upload that could not be finished is tried again, doubling up to the longest.
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(60);
/// Longest reason that is recorded, in characters.
const REASON_CHARS_MAX: usize = 1_000;
/// How the reason begins of a film whose original is all that there was room for.
pub(super) const NO_ROOM: &str = "no room for its tracks";

/// How an attempt ended that did not finish the upload.
#[derive(Debug)]
enum Broken {
    /// The upload is over, or somebody else's.
    Over,
    /// The file cannot be taken in.
    Rejected(Failure),
    /// Something else is in the way: try again.
    Later(Failure),
    /// This node is not the one to finish it: others may.
    Elsewhere(Failure),
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        match failure.code {
            Code::Fenced | Code::NotFound | Code::Conflict => Self::Over,
            _ => Self::Later(failure),
        }
    }
}

/// Finishes an upload whose bytes are all in the spool or stored, however often it takes, and keeps its lease meanwhile.
pub(crate) async fn run(uploader: Uploader, upload: UploadId, stop: CancellationToken) {
    tokio::select! {
        () = tenure::keep(&uploader, upload, &stop) => {}
        () = attempts(&uploader, upload, &stop) => {}
    }
}

async fn attempts(uploader: &Uploader, upload: UploadId, stop: &CancellationToken) {
    let mut wait = RETRY_MIN;
    let mut is_guest = false;
    loop {
        let Some(turn) = stop.run_until_cancelled(uploader.turn()).await else { return };
        let mut broken = attempt(uploader, upload, stop, &mut is_guest).await;
        drop(turn);
        if stop.is_cancelled() {
            return;
        }
        // A refusal is no proof that the upload is over: the record is.
        if matches!(broken, Err(Broken::Over)) && !is_over(uploader, upload).await {
            broken = Err(Broken::Later(internal("the log refused a step of the upload")));
        }
        // it is another node's after all
        if matches!(&broken, Err(Broken::Later(failure)) if failure.code == Code::Busy)
            && is_over(uploader, upload).await
        {
            break;
        }
        match broken {
            Ok(()) | Err(Broken::Over) => break,
            Err(Broken::Elsewhere(failure)) => {
                tracing::warn!(%upload, %failure, "an upload is left to other nodes");
                uploader.report(upload, |progress| progress.waiting = Some(failure));
                return uploader.let_go(upload);
            }
            Err(Broken::Rejected(failure) | Broken::Later(failure)) => {
                tracing::warn!(%upload, %failure, "an upload has to wait");
                uploader.report(upload, |progress| progress.waiting = Some(failure.clone()));
            }
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return,
        }
        wait = (wait * 2).min(RETRY_MAX);
    }
    uploader.forget(upload);
}

/// One attempt. A guest is a node that has not the film that was uploaded, but what it fetched of the stored original.
async fn attempt(
    uploader: &Uploader,
    upload: UploadId,
    stop: &CancellationToken,
    is_guest: &mut bool,
) -> Result<(), Broken> {
    let record = {
        let state = uploader.meta().read().await.map_err(Failure::from)?;
        let record = state.view().upload(upload).map_err(unreadable)?.ok_or(Broken::Over)?;
        if uploader.role(&state.view(), &record)? == Role::Nobody {
            return Err(Broken::Over);
        }
        record
    };
    let missing_bytes = tenure::missing_bytes(uploader, &record);
    if missing_bytes > 0 && matches!(record.phase, UploadPhase::Stored { .. }) {
        // before it is taken: whoever has the film in its spool drops it then
        tenure::check_room(uploader, missing_bytes).map_err(Broken::Elsewhere)?;
        *is_guest = true;
    }
    Attempt::begin(uploader, upload, stop.clone()).await?.finish(*is_guest).await
}

/// Whether the upload has ended or is another node's; unknown counts as no.
async fn is_over(uploader: &Uploader, upload: UploadId) -> bool {
    let record = view_now(uploader, upload).await;
    record.is_ok_and(|record| record.is_none_or(|record| record.is_over() || record.node != uploader.node()))
}

/// One attempt, under a ballot of its own.
struct Attempt {
    uploader: Uploader,
    record: UploadRecord,
    ballot: Ballot,
    writer: ChunkWriter,
    sha256: Hash,
    bytes: u64,
    stop: CancellationToken,
}

impl Attempt {
    /// Takes the upload over, which fences every earlier attempt.
    async fn begin(uploader: &Uploader, upload: UploadId, stop: CancellationToken) -> Result<Self, Broken> {
        let take = Command::UploadTake { upload, node: uploader.node() };
        let opened = uploader.meta().propose(take).await.map_err(Failure::from)?.accepted().map_err(Failure::from)?;
        let Response::Opened { ballot, asset, scheme, since, .. } = opened else { return Err(Broken::Over) };
        let state = uploader.meta().read().await.map_err(Failure::from)?;
        let view = state.view();
        let record = view.upload(upload).map_err(unreadable)?.ok_or(Broken::Over)?;
        let (sha256, bytes) = match record.phase {
            UploadPhase::Received { sha256, bytes } | UploadPhase::Stored { sha256, bytes } => (sha256, bytes),
            UploadPhase::Receiving | UploadPhase::Ended(_) => return Err(Broken::Over),
        };
        let layout = view.layout(since).map_err(unreadable)?.ok_or_else(|| internal("the upload's layout is gone"))?;
        let writer = ChunkWriter::new(uploader.clone(), upload, asset, layout, scheme);
        Ok(Self { uploader: uploader.clone(), record, ballot, writer, sha256, bytes, stop })
    }

    /// Does what is left to do.
    async fn finish(self, is_guest: bool) -> Result<(), Broken> {
        match self.steps().await {
            Err(Broken::Rejected(failure)) => self.reject(failure).await,
            // Where there is more room it may be finished yet.
            Err(Broken::Later(failure)) if failure.code == Code::NoSpace && is_guest => Err(Broken::Elsewhere(failure)),
            // Waiting for room would keep the bytes in the spool, which takes the room.
            Err(Broken::Later(failure)) if failure.code == Code::NoSpace => self.give_up(failure).await,
            ended => ended,
        }
    }

    async fn steps(&self) -> Result<(), Broken> {
        let stored = matches!(self.record.phase, UploadPhase::Stored { .. });
        self.show(SessionState::Probing, 0, "");
        let path: Arc<Path> = self.uploader.spool().path(self.record.id).into();
        let restored: futures::future::BoxFuture<'_, _> = Box::pin(self.restore_spool(&path, stored));
        restored.await?;
        let probed = self.stop.run_until_cancelled(probe(&self.uploader.options().media, &path)).await;
        let plan = match probed.unwrap_or_else(|| Err(internal("the work was stopped"))) {
            Ok(plan) => plan,
            Err(failure) if failure.code == Code::MediaRejected && !stored => return Err(Broken::Rejected(failure)),
            Err(failure) if failure.code == Code::MediaRejected => {
                return self.commit(Vec::new(), None, Some(text_of(&failure))).await;
            }
            Err(failure) => return Err(Broken::Later(failure)),
        };
        if !stored && self.record.options.keep_original {
            self.show(SessionState::Storing, self.bytes, "bytes");
            let track = self.store_original(&path, &plan.source.container).await?;
            let listed = Command::OriginalStored {
                upload: self.record.id,
                ballot: self.ballot,
                source: plan.source.clone(),
                track: Box::new(track),
            };
            match self.propose(listed).await? {
                Response::Listed { video, .. } => {
                    self.uploader.report(self.record.id, |progress| progress.video = Some(video))
                }
                _ => return Err(Broken::Over),
            }
        }
        self.cut(plan, path).await
    }

    /// The spool is gone but the original is stored: it is written back, verified, from its chunks.
    async fn restore_spool(&self, path: &Path, stored: bool) -> Result<(), Broken> {
        // Longer means that bytes came after the end was told; they belong to nothing.
        let here = match std::fs::metadata(path) {
            Ok(meta) if meta.len() > self.bytes => {
                let file = std::fs::OpenOptions::new().write(true).open(path).map_err(local)?;
                file.set_len(self.bytes).map_err(local)?;
                true
            }
            Ok(meta) => meta.len() == self.bytes,
            Err(_) => false,
        };
        if here || !stored {
            return if here {
                Ok(())
            } else {
                Err(Broken::Rejected(Failure::new(Code::Integrity, "its bytes are gone from the spool")))
            };
        }
        let addr = self.uploader.addr().to_owned();
        let client = vs_client::Client::connect(&[addr], Duration::from_secs(5)).await?;
        let film = vs_client::film::Film::load(&client, &self.record.video.to_string(), false, Duration::from_secs(10))
            .await?;
        let original = film.track(ORIGINAL).ok_or_else(|| internal("the stored original is not in its manifest"))?;
        let spool = self.uploader.spool().clone();
        let upload = self.record.id;
        spool.remove(upload);
        let mut file = blocking(move || spool.open(upload)).await?;
        for no in 0..u32::try_from(original.parts.len()).unwrap_or(u32::MAX) {
            if self.stop.is_cancelled() {
                return Err(Broken::Later(internal("the work was stopped")));
            }
            tenure::check_room(&self.uploader, self.bytes.saturating_sub(file.written))?;
            let part: Part = film.part(original, no).await?;
            for chunk in part.segments.iter().flat_map(|segment| &segment.chunks) {
                let bytes = film.chunk(self.uploader.chunks(), &part, chunk).await?;
                file = blocking(move || file.append(&bytes).map(|()| file)).await?;
            }
        }
        blocking(move || file.sync()).await?;
        Ok(())
    }

    /// Writes the original's chunks and its parts.
    async fn store_original(&self, path: &Path, container: &str) -> Result<Track, Broken> {
        let file = Arc::new(std::fs::File::open(path).map_err(local)?);
        let mut track = TrackWriter::new(self.writer.clone(), original_track(container), self.ballot);
        let sink = self.sink(0, 0);
        for offset in (0..self.bytes).step_by(CHUNK_BYTES_MAX) {
            if self.stop.is_cancelled() {
                return Err(Broken::Later(internal("the work was stopped")));
            }
            let left = usize::try_from(self.bytes - offset).unwrap_or(CHUNK_BYTES_MAX);
            let (file, mut chunk) = (file.clone(), vec![0; left.min(CHUNK_BYTES_MAX)]);
            let chunk = blocking(move || file.read_exact_at(&mut chunk, offset).map(|()| Bytes::from(chunk))).await?;
            track.segment(0, 0, vec![chunk], None, &sink).await?;
            let done = track.stored().1;
            self.uploader.report(self.record.id, |progress| progress.done = done);
        }
        let track = track.finish(&sink).await?;
        if track.sha256 != self.sha256 {
            return Err(Broken::Rejected(Failure::new(Code::Integrity, "the spool does not hold what was received")));
        }
        self.uploader.report(self.record.id, |progress| progress.done = track.bytes);
        Ok(track)
    }

    /// Makes every track, two at a time, and commits them.
    async fn cut(&self, plan: Plan, source: Arc<Path>) -> Result<(), Broken> {
        let total_ms = plan.source.duration_us / 1000;
        self.show(SessionState::Processing, total_ms, "ms");
        let count = plan.tracks.len();
        self.uploader
            .report(self.record.id, |progress| progress.tracks_total = u32::try_from(count).unwrap_or(u32::MAX));
        let shop = Workshop {
            media: self.uploader.options().media.clone(),
            source,
            source_bytes: self.bytes,
            writer: self.writer.clone(),
            ballot: self.ballot,
            budget: self.uploader.budget(),
            stop: self.stop.clone(),
        };
        let reached: Vec<_> = (0..count).map(|_| AtomicU64::new(0)).collect();
        let reached = Arc::new(reached);
        let mut notes = VecDeque::new();
        let mut tracks = Vec::new();
        let make = |(at, track): (usize, TrackPlan)| {
            let (shop, sink) = (shop.clone(), self.sink_of(&reached, at));
            async move {
                let made = cutting::make(&shop, track.clone(), &sink).await;
                (track, made)
            }
        };
        let mut making = stream::iter(plan.tracks.clone().into_iter().enumerate()).map(make).buffered(TRACKS_AT_ONCE);
        while let Some((planned, made)) = making.next().await {
            match made {
                Ok(track) => tracks.push(track),
                Err(NoTrack::Store(failure)) => return Err(failure.into()),
                Err(NoTrack::Stream(why) | NoTrack::Copy(why) | NoTrack::Died(why)) => notes.push_back((planned, why)),
                Err(NoTrack::Hidden) => notes.push_back((planned, "an edit list hides its start".to_owned())),
            }
            self.uploader.report(self.record.id, |progress| progress.tracks_done += 1);
        }
        self.judge(plan, tracks, &notes).await
    }

    /// A film without its picture, or a sound file without its sound, has failed; less than that is noted.
    async fn judge(&self, plan: Plan, tracks: Vec<Track>, lost: &VecDeque<(TrackPlan, String)>) -> Result<(), Broken> {
        let kinds = || plan.tracks.iter().map(|track| track.track.kind);
        let main = if kinds().any(|kind| kind == TrackKind::Video) { TrackKind::Video } else { TrackKind::Audio };
        let mut source = plan.source.clone();
        for (track, why) in lost {
            tracing::info!(upload = %self.record.id, track = track.track.name, why, "a stream became no track");
            if let Some(stream) = source.streams.get_mut(track.stream) {
                stream.note =
                    Some(format!("kept in the original only: {why}").chars().take(REASON_CHARS_MAX / 2).collect());
            }
        }
        if tracks.iter().any(|track| track.kind == main) {
            return self.commit(tracks, Some(source), None).await;
        }
        let why: Vec<_> =
            lost.iter().map(|(track, why)| format!("{} {}: {why}", track.track.kind.as_str(), track.codec)).collect();
        let why = why.join("; ");
        if self.record.options.keep_original {
            self.commit(Vec::new(), Some(source), Some(why)).await
        } else {
            Err(Broken::Rejected(super::probe::rejected(why)))
        }
    }

    async fn commit(
        &self,
        tracks: Vec<Track>,
        source: Option<SourceInfo>,
        failure: Option<String>,
    ) -> Result<(), Broken> {
        let failure = failure.map(|why| why.chars().take(REASON_CHARS_MAX).collect());
        let commit = Command::Commit { upload: self.record.id, ballot: self.ballot, tracks, source, failure };
        self.propose(commit).await?;
        Ok(())
    }

    async fn reject(&self, failure: Failure) -> Result<(), Broken> {
        let reason = text_of(&failure).chars().take(REASON_CHARS_MAX).collect();
        let code = failure.code.name().to_owned();
        self.propose(Command::UploadFail { upload: self.record.id, ballot: self.ballot, code, reason }).await?;
        Ok(())
    }

    /// There is no room: nothing is kept of an upload that was not stored yet, and the original of one that was.
    async fn give_up(&self, failure: Failure) -> Result<(), Broken> {
        let reason = text_of(&failure);
        match self.reject(failure).await {
            Err(Broken::Over) => self.commit(Vec::new(), None, Some(format!("{NO_ROOM}: {reason}"))).await,
            ended => ended,
        }
    }

    async fn propose(&self, command: Command) -> Result<Response, Broken> {
        let response = self.uploader.meta().propose(command).await.map_err(Failure::from)?;
        let refused = |refused| {
            let failure = Failure::from(refused);
            // A rule of the log refused what was built: that is a fault of ours, and doing the same again would not help.
            if failure.code == Code::Invalid {
                tracing::error!(upload = %self.record.id, %failure, "the log refused an upload's result");
            }
            Broken::from(failure)
        };
        response.accepted().map_err(refused)
    }

    fn show(&self, state: SessionState, total: u64, unit: &'static str) {
        let (replicas, quorum) = self.writer.copies_and_quorum();
        self.uploader.report(self.record.id, |progress| {
            *progress = Progress { state, total, unit, replicas, quorum, video: progress.video, ..Progress::default() };
        });
    }

    fn sink(&self, at: usize, tracks: usize) -> Sink {
        self.sink_of(&Arc::new((0..=tracks).map(|_| AtomicU64::new(0)).collect()), at)
    }

    fn sink_of(&self, reached: &Arc<Vec<AtomicU64>>, at: usize) -> Sink {
        Sink {
            uploader: self.uploader.clone(),
            upload: self.record.id,
            asset: self.record.asset,
            version: self.record.version,
            ballot: self.ballot,
            reached: reached.clone(),
            at,
        }
    }
}

/// Commits parts as they are filled, and tells how far the tracks are on average.
struct Sink {
    uploader: Uploader,
    upload: UploadId,
    asset: AssetId,
    version: Version,
    ballot: Ballot,
    reached: Arc<Vec<AtomicU64>>,
    at: usize,
}

impl PartSink for Sink {
    async fn part(&self, part: Sealed) -> Result<(), Failure> {
        let put = Command::PartPut { asset: self.asset, version: self.version, ballot: self.ballot, part: part.bytes };
        patiently(self.uploader.daemon(), || async {
            self.uploader.meta().propose(put.clone()).await?.accepted()?;
            Ok(())
        })
        .await
    }

    fn reached(&self, us: u64) {
        self.reached[self.at].fetch_max(us, Ordering::Relaxed);
        let sum: u64 = self.reached.iter().map(|reached| reached.load(Ordering::Relaxed) / 1000).sum();
        let mean_ms = sum.checked_div(self.reached.len() as u64).unwrap_or(0);
        self.uploader.report(self.upload, |progress| progress.done = mean_ms.min(progress.total));
    }
}

fn original_track(container: &str) -> Track {
    Track {
        name: ORIGINAL.to_owned(),
        kind: TrackKind::Original,
        codec: container.to_owned(),
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

/// Whether an upload that ended kept something that a video shows.
pub(crate) fn is_kept(end: &End) -> bool {
    matches!(end, End::Ready | End::Unplayable { .. } | End::Duplicate { .. })
}

fn text_of(failure: &Failure) -> String {
    if failure.why.is_empty() { failure.what.clone() } else { failure.why.join("; ") }
}

fn internal(what: &str) -> Failure {
    Failure::new(Code::Internal, what)
}

fn unreadable(error: vsd_core::meta::TableError) -> Broken {
    Broken::Later(Failure::new(Code::Internal, error.to_string()))
}

fn local(error: std::io::Error) -> Broken {
    Broken::Later(local_failure(&error))
}

fn local_failure(error: &std::io::Error) -> Failure {
    let code = if error.kind() == std::io::ErrorKind::StorageFull { Code::NoSpace } else { Code::Internal };
    Failure::new(code, "the spool cannot be used").because(error)
}

/// Runs file work off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| local_failure(&error)),
        Err(error) => Err(Failure::new(Code::Internal, error.to_string())),
    }
}
