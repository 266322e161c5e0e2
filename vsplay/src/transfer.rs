//! The tasks behind the core's effects: each does one piece of network work and posts what came of it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{sync::mpsc, task::AbortHandle};
use vs_client::{
    Reach,
    channel::call,
    chunk::{ChunkClient, ChunkError},
    film::Film,
    reader::Reader,
};
use vs_core::{
    error::{Code, Failure},
    group::Group,
    hash::ChunkHash,
    id::{AssetId, NodeId},
    manifest::Track,
};
use vs_wire::v1;
use vsplay_core::{
    event::{ChunkAt, Event, FetchFailure, FetchId, Generation},
    settings::SILENCE_MAX_ALONE,
};

use crate::outputs::WriteError;

/// What the tasks post to the engine.
#[derive(Debug)]
pub(crate) enum Happening {
    Event(Event),
    /// A chunk came and was verified.
    Chunk {
        fetch: FetchId,
        bytes: Bytes,
    },
    ChunkFailed {
        fetch: FetchId,
        error: ChunkError,
    },
    /// A chunk was computed; none when what came out is not the chunk.
    Rebuilt {
        fetch: FetchId,
        bytes: Option<Bytes>,
    },
    PartFailed {
        track: usize,
        no: u32,
        failure: Failure,
    },
    /// A file took a chunk.
    Written {
        at: ChunkAt,
        generation: Generation,
    },
    /// A file cannot be written any more.
    OutputFailed(WriteError),
    /// The film as it is by now.
    Refreshed(Arc<Film>),
    /// The same after it was asked for; none when there is nothing newer.
    Renewed(Option<Arc<Film>>),
}

pub(crate) type Post = mpsc::Sender<Happening>;

/// The core gives a silent node up by itself; this only bounds a transfer nobody remembers.
const STALL: Duration = SILENCE_MAX_ALONE.saturating_mul(2);
const PING_TIMEOUT: Duration = Duration::from_secs(2);
/// Progress within one transfer is posted at most this often.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(20);
/// How often the cluster's map and addresses are asked for again while a film plays.
const REFRESH_INTERVAL: Duration = Duration::from_secs(30);

pub(crate) struct ChunkWork {
    pub(crate) fetch: FetchId,
    pub(crate) addr: String,
    pub(crate) asset: AssetId,
    pub(crate) hash: ChunkHash,
}

pub(crate) fn fetch_chunk(chunks: ChunkClient, work: ChunkWork, post: Post) -> AbortHandle {
    let task = async move {
        let ChunkWork { fetch, addr, asset, hash } = work;
        let mut posted: Option<Instant> = None;
        let progress = |bytes: usize, _| {
            if posted.is_none_or(|at| at.elapsed() >= PROGRESS_INTERVAL) {
                posted = Some(Instant::now());
                let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
                // When the engine is behind it will see the next one.
                let _ = post.try_send(Happening::Event(Event::ChunkProgress { fetch, bytes }));
            }
        };
        let happening = match chunks.get(&addr, asset, hash, STALL, progress).await {
            Ok(bytes) => Happening::Chunk { fetch, bytes },
            Err(error) => Happening::ChunkFailed { fetch, error },
        };
        let _ = post.send(happening).await;
    };
    tokio::spawn(task).abort_handle()
}

/// Computes a member of a stripe from others. It and its check take milliseconds, which pictures would miss.
pub(crate) fn rebuild(fetch: FetchId, group: Box<Group>, members: Vec<Option<Bytes>>, member: usize, post: Post) {
    tokio::spawn(async move {
        let computed = tokio::task::spawn_blocking(move || group.rebuild(&members, &[member]));
        let bytes = computed.await.ok().and_then(Result::ok).and_then(|members| members.into_iter().next());
        let _ = post.send(Happening::Rebuilt { fetch, bytes: bytes.map(Bytes::from) }).await;
    });
}

/// What a transfer's error means to the core.
pub(crate) fn meaning(error: &ChunkError) -> FetchFailure {
    match error {
        ChunkError::Absent { .. } => FetchFailure::Absent,
        ChunkError::Corrupt { .. } => FetchFailure::Corrupt,
        ChunkError::Full { .. } | ChunkError::Node { .. } => FetchFailure::Node,
    }
}

pub(crate) fn fetch_part(reader: Arc<Reader>, tracks: Arc<[Track]>, track: usize, no: u32, post: Post) {
    tokio::spawn(async move {
        let before = reader.film();
        let read = reader.part(&tracks[track].name, no).await;
        let film = reader.film();
        if !Arc::ptr_eq(&before, &film) {
            // what follows has to be asked for by the version that the part is of
            let _ = post.send(Happening::Refreshed(film)).await;
        }
        let happening = match read {
            Ok(part) => Happening::Event(Event::PartLoaded { track, part: Box::new(part) }),
            Err(failure) => Happening::PartFailed { track, no, failure },
        };
        let _ = post.send(happening).await;
    });
}

/// Whether asking metadata again cannot help.
pub(crate) fn is_lasting(failure: &Failure) -> bool {
    matches!(failure.code, Code::Integrity | Code::NotFound | Code::Invalid | Code::Denied | Code::NotSupported)
}

pub(crate) fn ping(chunks: ChunkClient, node: NodeId, addr: String, post: Post) {
    tokio::spawn(async move {
        let event = match chunks.ping(&addr, PING_TIMEOUT).await {
            Ok(latency) => Event::Pong { node, latency },
            Err(_) => Event::PingFailed { node },
        };
        let _ = post.send(Happening::Event(event)).await;
    });
}

/// Has the view counted, or not: nothing depends on it. Asked once, because a repeat could count twice.
pub(crate) fn count_view(reach: Reach, video: String, deadline: Duration) {
    tokio::spawn(async move {
        let Ok(client) = reach.client(deadline).await else { return };
        let counted = call(deadline, client.meta().count_view(v1::CountViewRequest { video })).await;
        tracing::debug!(?counted, "view");
    });
}

/// Keeps the cluster's map and addresses fresh. Nothing depends on it: when metadata is away, what is known stays in
/// use.
pub(crate) fn refresh(reader: Arc<Reader>, reach: Reach, deadline: Duration, post: Post) -> AbortHandle {
    let task = async move {
        loop {
            tokio::time::sleep(REFRESH_INTERVAL).await;
            let Some(film) = reader.refresh(deadline).await else { continue };
            reach.learn(film.nodes.values().map(|node| node.addr.clone()));
            if post.send(Happening::Refreshed(film)).await.is_err() {
                return;
            }
        }
    };
    tokio::spawn(task).abort_handle()
}

/// Looks once whether there is anything newer to go on by.
pub(crate) fn renew(reader: Arc<Reader>, post: Post) {
    tokio::spawn(async move {
        let renewed = reader.renew().await;
        let _ = post.send(Happening::Renewed(renewed)).await;
    });
}
