//! Films without their bytes: every command of an upload, as the upload's node gives it, and no chunk.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures::{StreamExt, TryStreamExt, stream};
use tokio::runtime::Handle;
use uuid::Uuid;
use vs_core::{
    hash::Hash,
    id::{AssetId, Ballot, ClusterId, NodeId, UploadId, Version, VideoId},
    layout::Scheme,
    limit::{CHUNK_BYTES_MAX, SEGMENT_SECONDS},
    manifest::{ChunkRef, ORIGINAL, Track, TrackKind},
};
use vsd::bench::Direct;
use vsd_core::{
    meta::{Command, NodeSpec, OnDuplicate, Redundancy, Response, Role, SourceInfo, TrackOptions, UploadBegin},
    upload::track::{Gathered, Sealed, TrackBuilder, Written},
};

use crate::common::Outcome;

/// Films made at the same time.
const AT_ONCE: usize = 512;
/// How long a command of an upload is repeated for, and the wait before it is.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);
/// A film of two minutes: 40 MB, a picture of 2 Mbit/s and its sound.
const ORIGINAL_CHUNKS: u64 = 20;
const SEGMENTS: u64 = 12;
const PICTURE_CHUNKS: usize = 2;
const SOUND_CHUNK_BYTES: u32 = 160_000;

/// The way to the log of a cluster.
#[derive(Debug)]
pub(crate) struct Library {
    direct: Direct,
    leader: NodeId,
    /// Whose the uploads are.
    uploader: NodeId,
}

impl Library {
    pub(crate) fn new(cluster: ClusterId, leader: NodeId, addr: SocketAddr) -> Self {
        let direct = Direct::new(cluster, [(leader, &*addr.to_string())], Handle::current());
        Self { direct, leader, uploader: leader }
    }

    /// Makes so many films in the name of a node that is never there: twice a minute a node goes on with what uploads of its
    /// own it finds, and more films than are made in between would get in its way.
    pub(crate) async fn fill(&mut self, films: u64) -> Outcome<Vec<VideoId>> {
        let spec = NodeSpec {
            addr: String::new(),
            zone: "default".to_owned(),
            roles: [Role::Uploader].into(),
            version: String::new(),
        };
        let Response::Node { node, .. } = self.propose(Command::NodeJoin { key: Uuid::new_v4(), spec }).await? else {
            return Err("the uploader was not registered".into());
        };
        self.uploader = node;
        let made = make_all(self, films).await?;
        self.propose(Command::NodeRemove { node, layout: None, lost: false, job: None }).await?;
        self.uploader = self.leader;
        Ok(made)
    }

    pub(crate) async fn propose(&self, command: Command) -> Outcome<Response> {
        Ok(self.direct.propose(self.leader, command).await?)
    }

    /// A command of an upload. It can be repeated, and is while there is no answer: a node may be busy with a snapshot.
    async fn insist(&self, command: Command) -> Outcome<Response> {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.direct.propose(self.leader, command.clone()).await {
                Err(failure) if failure.code.retryable() && Instant::now() < end => tokio::time::sleep(PAUSE).await,
                answer => return Ok(answer?),
            }
        }
    }
}

/// Makes so many films.
pub(crate) async fn make_all(library: &Library, count: u64) -> Outcome<Vec<VideoId>> {
    stream::iter(0..count).map(|nth| make(library, nth)).buffer_unordered(AT_ONCE).try_collect().await
}

async fn make(library: &Library, nth: u64) -> Outcome<VideoId> {
    let upload = Upload::begin(library, nth).await?;
    let (original, parts) = upload.gather(original(), ORIGINAL_CHUNKS, 1, chunk_bytes_max());
    for part in parts {
        upload.put(part).await?;
    }
    upload.finish(original).await
}

/// An upload under way.
pub(crate) struct Upload<'a> {
    library: &'a Library,
    id: UploadId,
    asset: AssetId,
    version: Version,
    ballot: Ballot,
}

impl<'a> Upload<'a> {
    pub(crate) async fn begin(library: &'a Library, nth: u64) -> Outcome<Self> {
        let id = UploadId::from_random(rand::random());
        let begin = UploadBegin {
            upload: id,
            video: VideoId::from_random(rand::random()),
            node: library.uploader,
            file_name: format!("film-{nth:06}.mp4"),
            title: format!("Film {nth:06}"),
            description: String::new(),
            tags: BTreeMap::new(),
            size: None,
            options: TrackOptions { renditions: Vec::new(), keep_original: true },
            redundancy: Redundancy::Auto,
            on_duplicate: OnDuplicate::Skip,
            offered_sha256: None,
        };
        match library.insist(Command::UploadBegin(Box::new(begin))).await? {
            Response::Opened { asset, version, ballot, .. } => Ok(Self { library, id, asset, version, ballot }),
            other => Err(format!("not opened: {other:?}").into()),
        }
    }

    /// A track of so many segments of so many chunks each, and its parts.
    pub(crate) fn gather(&self, track: Track, segments: u64, chunks: usize, bytes: u32) -> (Track, Vec<Sealed>) {
        let segment_us = if track.kind == TrackKind::Original { 0 } else { SEGMENT_SECONDS * 1_000_000 };
        // nothing of one film is like anything of another
        let name = format!("{} {}", self.id, track.name);
        let mut builder = TrackBuilder::new(track, self.ballot, Scheme::REPLICATED);
        let mut parts = Vec::new();
        for segment in 0..segments {
            let chunks = (0..chunks).map(|nth| format!("{name} {segment} {nth}").into()).collect();
            for Gathered { no, data, .. } in builder.segment(segment * segment_us, segment_us, chunks) {
                // none of these bytes is ever stored, so they may be told to be more
                let data = data.iter().map(|chunk| ChunkRef { hash: Hash::of(chunk), bytes }).collect();
                parts.extend(builder.written(no, Written { data, ..Written::default() }));
            }
        }
        let (track, last) = builder.finish();
        parts.extend(last);
        (track, parts)
    }

    pub(crate) async fn put(&self, part: Sealed) -> Outcome<()> {
        let Self { asset, version, ballot, .. } = *self;
        self.library.insist(Command::PartPut { asset, version, ballot, part: part.bytes }).await?;
        Ok(())
    }

    /// Lists the film, whose original's parts are there, and makes its tracks.
    pub(crate) async fn finish(&self, original: Track) -> Outcome<VideoId> {
        let (upload, ballot) = (self.id, self.ballot);
        let (sha256, bytes) = (original.sha256, original.bytes);
        self.library.insist(Command::UploadReceived { upload, ballot, sha256, bytes }).await?;
        let source = SourceInfo { container: "mp4".to_owned(), ..SourceInfo::default() };
        let stored = Command::OriginalStored { upload, ballot, source, track: Box::new(original) };
        self.library.insist(stored).await?;
        let picture = Track { width: 1280, height: 720, fps_milli: 25_000, ..track("v0", TrackKind::Video, "h264") };
        let sound = Track { sample_rate: 48_000, channels: 2, ..track("a0", TrackKind::Audio, "aac") };
        let made = [
            self.gather(picture, SEGMENTS, PICTURE_CHUNKS, chunk_bytes_max()),
            self.gather(sound, SEGMENTS, 1, SOUND_CHUNK_BYTES),
        ];
        let mut tracks = Vec::new();
        for (track, parts) in made {
            for part in parts {
                self.put(part).await?;
            }
            tracks.push(track);
        }
        let commit = Command::Commit { upload, ballot, tracks, source: None, failure: None };
        match self.library.insist(commit).await? {
            Response::Listed { video, .. } => Ok(video),
            other => Err(format!("not listed: {other:?}").into()),
        }
    }
}

pub(crate) fn chunk_bytes_max() -> u32 {
    u32::try_from(CHUNK_BYTES_MAX).unwrap_or(u32::MAX)
}

pub(crate) fn original() -> Track {
    track(ORIGINAL, TrackKind::Original, "mp4")
}

fn track(name: &str, kind: TrackKind, codec: &str) -> Track {
    Track {
        name: name.to_owned(),
        kind,
        codec: codec.to_owned(),
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
        sha256: Hash([0; 32]),
        ballot: Ballot::default(),
        parts: Vec::new(),
    }
}
