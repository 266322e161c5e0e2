//! A made-up cluster in the test's own process: metadata over gRPC on one port, chunks over HTTP on another for each
//! node, with faults on demand. What it serves follows the contract; what it does not need answers `unimplemented`.

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    process::{Command, Output},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Body,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, head},
};
use tokio_stream::{StreamExt, wrappers::TcpListenerStream};
use tonic::{Request, Status, transport::Server};
use vs_core::{
    error::{Code, Failure},
    hash::{Hash, Hasher},
    id::{AssetId, Ballot, Epoch, NodeId},
    layout::{Layout, LayoutNode, NodeWish, Scheme},
    manifest::{ChunkRef, Part, PartRef, Segment, StripeParity, Track, TrackKind, cut},
    stripe,
};
use vs_wire::v1::{
    self,
    cluster_server::{Cluster, ClusterServer},
    meta_server::{Meta, MetaServer},
};

pub(crate) const VIDEO_ID: &str = "8f3c2a1e-5b7d-4c9a-9e21-0d4f6b8a7c35";
const ASSET: u64 = 7;
const STRIPED: Scheme = Scheme::Erasure { data: 3, parity: 2 };

/// How a chunk node behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// The bytes do not hash to the name.
    Corrupt,
    /// Nothing but errors.
    Failing,
    Absent,
    /// The first byte takes very long.
    Silent,
}

/// One track to serve: its init segment and the bytes of each segment.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) name: &'static str,
    pub(crate) kind: TrackKind,
    pub(crate) init: Vec<u8>,
    pub(crate) segments: Vec<Vec<u8>>,
    pub(crate) segment_ms: u64,
}

impl Source {
    /// Bytes that are no media, different for every segment.
    pub(crate) fn noise(name: &'static str, kind: TrackKind, segments: u64, segment_ms: u64, bytes: usize) -> Self {
        let mut state = u64::try_from(name.len()).expect("short");
        let mut byte = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        };
        let segments = (0..segments).map(|_| (0..bytes).map(|_| byte()).collect()).collect();
        Self { name, kind, init: b"init".repeat(20), segments, segment_ms }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        [self.init.clone(), self.segments.concat()].concat()
    }
}

pub(crate) struct Node {
    pub(crate) addr: SocketAddr,
    pub(crate) fault: Mutex<Fault>,
    /// Bytes a second over all answers; 0 for no limit.
    pub(crate) rate: AtomicU64,
    pub(crate) served: AtomicU64,
    /// When the next byte may go out, in nanoseconds of the rate's clock.
    free_at: tokio::sync::Mutex<tokio::time::Instant>,
    chunks: HashMap<String, Vec<u8>>,
}

pub(crate) struct Fake {
    pub(crate) meta_addr: SocketAddr,
    pub(crate) nodes: Vec<Arc<Node>>,
    pub(crate) metadata_up: Arc<AtomicBool>,
    /// Views counted of the one video.
    pub(crate) views: Arc<AtomicU64>,
    sources: Vec<Source>,
    runtime: tokio::runtime::Runtime,
}

impl Fake {
    /// A cluster of `nodes` that has one video.
    pub(crate) fn start(sources: Vec<Source>, nodes: usize) -> Self {
        Self::keeping(sources, nodes, Scheme::Replicate(3))
    }

    /// The same in stripes: each node has what belongs there and nothing else.
    pub(crate) fn striped(sources: Vec<Source>, nodes: usize) -> Self {
        Self::keeping(sources, nodes, STRIPED)
    }

    fn keeping(sources: Vec<Source>, nodes: usize, scheme: Scheme) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
        let (tracks, chunks) = build(&sources, scheme);
        let layout = layout(nodes);
        let metadata_up = Arc::new(AtomicBool::new(true));
        let views = Arc::new(AtomicU64::new(0));
        let (meta_addr, nodes) = runtime.block_on(async {
            let mut started = Vec::new();
            for id in 1..=nodes {
                let mut chunks = chunks.clone();
                if scheme == STRIPED {
                    let groups = tracks.iter().flat_map(|(_, parts)| parts);
                    let groups: Vec<_> = groups.flat_map(|part| part.groups(AssetId(ASSET), scheme)).collect();
                    let placed = groups.iter().flat_map(|group| group.placed(&layout));
                    let here = placed.filter(|(node, _)| usize::try_from(node.0) == Ok(id));
                    let here: HashSet<_> = here.map(|(_, chunk)| chunk.hash.to_string()).collect();
                    chunks.retain(|hash, _| here.contains(hash));
                }
                started.push(start_node(chunks).await);
            }
            let manifest = manifest(&tracks, &started, &layout, scheme);
            let parts = tracks.into_iter().map(|(track, parts)| (track.name, parts)).collect();
            let service = Metadata { manifest, parts: Arc::new(parts), up: metadata_up.clone(), views: views.clone() };
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let addr = listener.local_addr().expect("bound");
            let server = Server::builder()
                .add_service(MetaServer::new(service.clone()))
                .add_service(ClusterServer::new(service))
                .serve_with_incoming(TcpListenerStream::new(listener));
            tokio::spawn(server);
            (addr, started)
        });
        Self { meta_addr, nodes, metadata_up, views, sources, runtime }
    }

    pub(crate) fn set_fault(&self, node: usize, fault: Fault) {
        *self.nodes[node].fault.lock().expect("not poisoned") = fault;
    }

    /// The bytes of a track in play order.
    pub(crate) fn track(&self, name: &str) -> Vec<u8> {
        self.sources.iter().find(|source| source.name == name).expect("a track of that name").bytes()
    }

    /// `vsplay` with these arguments, connected to this cluster.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vsplay"));
        command.args(["-e", &self.meta_addr.to_string()]).args(args);
        command.env("VSPLAY_CONFIG", "/nonexistent/config.toml").env_remove("VSPLAY_ENDPOINT");
        command
    }

    /// Runs it to its end.
    pub(crate) fn play(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("vsplay runs")
    }

    /// Stops serving for good.
    pub(crate) fn stop(self) {
        self.runtime.shutdown_background();
    }
}

/// A track as the manifest has it, and its parts.
type Built = (Track, Vec<Part>);

/// Tracks with their parts, and all chunks by name.
fn build(sources: &[Source], scheme: Scheme) -> (Vec<Built>, HashMap<String, Vec<u8>>) {
    let mut chunks = HashMap::new();
    let tracks = sources.iter().map(|source| build_track(source, scheme, &mut chunks)).collect();
    (tracks, chunks)
}

fn parity(first: u64, segments: &[Segment], chunks: &mut HashMap<String, Vec<u8>>) -> Vec<StripeParity> {
    let data: Vec<_> = segments.iter().flat_map(|segment| &segment.chunks).collect();
    let of = |(stripe, data): (u64, &[&ChunkRef])| {
        let data: Vec<_> = data.iter().map(|chunk| chunks[&chunk.hash.to_string()].clone()).collect();
        let named = |bytes: Vec<u8>| {
            let chunk = ChunkRef { hash: Hash::of(&bytes), bytes: u32::try_from(bytes.len()).expect("small") };
            chunks.insert(chunk.hash.to_string(), bytes);
            chunk
        };
        StripeParity { stripe, chunks: stripe::encode(&data).into_iter().map(named).collect() }
    };
    (first..).zip(data.chunks(3)).map(of).collect()
}

fn build_track(source: &Source, scheme: Scheme, chunks: &mut HashMap<String, Vec<u8>>) -> Built {
    const SEGMENTS_A_PART: usize = 2;
    let mut segments = Vec::new();
    for (no, bytes) in (0u64..).zip(&source.segments) {
        let mut rest = bytes.as_slice();
        let mut refs = Vec::new();
        for length in cut(bytes.len()) {
            let (chunk, after) = rest.split_at(length);
            rest = after;
            let hash = Hash::of(chunk);
            chunks.insert(hash.to_string(), chunk.to_vec());
            refs.push(ChunkRef { hash, bytes: u32::try_from(length).expect("small") });
        }
        let us = source.segment_ms * 1000;
        segments.push(Segment { start_us: no * us, duration_us: us, chunks: refs });
    }
    let mut parts = Vec::new();
    for (no, group) in (0..).zip(segments.chunks(SEGMENTS_A_PART)) {
        let first_segment = no * u32::try_from(SEGMENTS_A_PART).expect("small");
        let segments = group.to_vec();
        let track = source.name.to_owned();
        let parity = if scheme == STRIPED { parity(u64::from(no) * 100, &segments, chunks) } else { vec![] };
        parts.push(Part { track, no, first_segment, segments, parity, displaced: vec![] });
    }
    let name = |part: &Part| {
        let (bytes, hash) = part.encode();
        PartRef {
            hash,
            bytes: u32::try_from(bytes.len()).expect("small"),
            first_segment: part.first_segment,
            segments: u32::try_from(part.segments.len()).expect("small"),
        }
    };
    let mut sha256 = Hasher::default();
    sha256.update(&source.bytes());
    let track = Track {
        name: source.name.to_owned(),
        kind: source.kind,
        codec: "h264".to_owned(),
        language: (source.kind == TrackKind::Audio).then(|| "eng".to_owned()),
        transcoded_from: None,
        width: 640,
        height: 360,
        fps_milli: 25_000,
        sample_rate: 0,
        channels: 0,
        duration_us: source.segment_ms * 1000 * u64::try_from(source.segments.len()).expect("small"),
        bytes: u64::try_from(source.bytes().len()).expect("small"),
        segments: u32::try_from(source.segments.len()).expect("small"),
        chunks: 0,
        parity_bytes: 0,
        init: source.init.clone(),
        sha256: sha256.finish(),
        ballot: Ballot(1),
        parts: parts.iter().map(name).collect(),
    };
    (track, parts)
}

fn layout(nodes: usize) -> Layout {
    let in_layout = (1..=u64::try_from(nodes).expect("few")).map(|id| LayoutNode {
        id: NodeId(id),
        zone: "eu-1".to_owned(),
        weight_milli: 1000,
        wish: NodeWish::In,
    });
    let count = u16::try_from(nodes).expect("few");
    let slots = (0..8).map(|slot| (0..count.min(5)).map(|i| (slot + i) % count).collect()).collect();
    Layout::new(Epoch(1), in_layout.collect(), slots).expect("valid")
}

fn manifest(tracks: &[Built], nodes: &[Arc<Node>], layout: &Layout, scheme: Scheme) -> v1::Manifest {
    let ids = 1..=u64::try_from(nodes.len()).expect("few");
    let info = |(id, node): (u64, &Arc<Node>)| v1::NodeInfo {
        id,
        addr: node.addr.to_string(),
        zone: "eu-1".to_owned(),
        state: "up".to_owned(),
        ..v1::NodeInfo::default()
    };
    v1::Manifest {
        video: Some(v1::Video {
            id: VIDEO_ID.to_owned(),
            title: "Big \u{1b}[31mBuck\u{202e} Bunny 名前".to_owned(),
            status: v1::VideoStatus::Ready.into(),
            asset: ASSET,
            ..v1::Video::default()
        }),
        asset: ASSET,
        version: 1,
        scheme: Some(vs_wire::scheme_to_wire(scheme)),
        since: 1,
        tracks: tracks.iter().map(|(track, _)| v1::ManifestTrack::from(track)).collect(),
        layouts: vec![v1::Layout::from(layout)],
        nodes: ids.zip(nodes).map(info).collect(),
        age_ms: None,
    }
}

// Chunks.

async fn start_node(chunks: HashMap<String, Vec<u8>>) -> Arc<Node> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let node = Arc::new(Node {
        addr: listener.local_addr().expect("bound"),
        fault: Mutex::new(Fault::None),
        rate: AtomicU64::new(0),
        served: AtomicU64::new(0),
        free_at: tokio::sync::Mutex::new(tokio::time::Instant::now()),
        chunks,
    });
    let app = axum::Router::new()
        .route("/chunk/{asset}/{hash}", get(chunk))
        .route("/ping", head(|| async {}))
        .with_state(node.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });
    node
}

async fn chunk(State(node): State<Arc<Node>>, Path((asset, hash)): Path<(u64, String)>) -> Response {
    let fault = *node.fault.lock().expect("not poisoned");
    let Some(bytes) = node.chunks.get(&hash).filter(|_| asset == ASSET && fault != Fault::Absent) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut bytes = bytes.clone();
    match fault {
        Fault::Failing => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Fault::Silent => tokio::time::sleep(Duration::from_secs(3600)).await,
        Fault::Corrupt => bytes[0] ^= 1,
        Fault::None | Fault::Absent => {}
    }
    node.served.fetch_add(1, Ordering::Relaxed);
    let rate = node.rate.load(Ordering::Relaxed);
    if rate == 0 {
        return bytes.into_response();
    }
    let pieces: Vec<_> = bytes.chunks(8 << 10).map(<[u8]>::to_vec).collect();
    let paced = tokio_stream::iter(pieces).then(move |piece| {
        let node = node.clone();
        async move {
            let mut free_at = node.free_at.lock().await;
            let takes = Duration::from_secs_f64(f64::from(u32::try_from(piece.len()).expect("small")) / rate as f64);
            *free_at = (*free_at).max(tokio::time::Instant::now()) + takes;
            tokio::time::sleep_until(*free_at).await;
            Ok::<_, std::convert::Infallible>(piece)
        }
    });
    Body::from_stream(paced).into_response()
}

// Metadata.

#[derive(Clone)]
struct Metadata {
    manifest: v1::Manifest,
    parts: Arc<HashMap<String, Vec<Part>>>,
    up: Arc<AtomicBool>,
    views: Arc<AtomicU64>,
}

impl Metadata {
    fn check(&self) -> Result<(), Status> {
        if self.up.load(Ordering::Relaxed) { Ok(()) } else { Err(Status::unavailable("metadata is away")) }
    }
}

fn unneeded<T>() -> Result<T, Status> {
    Err(Status::unimplemented("not in this fake"))
}

type Answer<T> = Result<tonic::Response<T>, Status>;

#[tonic::async_trait]
impl Meta for Metadata {
    async fn list_videos(&self, _: Request<v1::ListVideosRequest>) -> Answer<v1::ListVideosResponse> {
        let older = v1::Video { id: "older".to_owned(), created_at_ms: 1, ..v1::Video::default() };
        let newest = v1::Video { created_at_ms: 2, ..self.manifest.video.clone().unwrap_or_default() };
        let items = vec![newest, older];
        Ok(v1::ListVideosResponse { items, ..v1::ListVideosResponse::default() }.into())
    }

    async fn get_manifest(&self, request: Request<v1::GetManifestRequest>) -> Answer<v1::Manifest> {
        self.check()?;
        let name = request.into_inner().video;
        if name.len() < 4 || !VIDEO_ID.starts_with(&name) {
            let failure = Failure::new(Code::NotFound, format!("no video `{name}`"));
            return Err(vs_wire::status_from_failure(&failure));
        }
        Ok(self.manifest.clone().into())
    }

    async fn get_part(&self, request: Request<v1::GetPartRequest>) -> Answer<v1::GetPartResponse> {
        self.check()?;
        let request = request.into_inner();
        let at = usize::try_from(request.no).expect("small");
        let part = self.parts.get(&request.track).and_then(|parts| parts.get(at));
        let part = part.ok_or_else(|| Status::not_found("no such part"))?;
        Ok(v1::GetPartResponse { part: part.encode().0 }.into())
    }

    async fn open_client(&self, _: Request<v1::OpenClientRequest>) -> Answer<v1::OpenClientResponse> {
        unneeded()
    }

    async fn close_client(&self, _: Request<v1::CloseClientRequest>) -> Answer<v1::CloseClientResponse> {
        unneeded()
    }

    async fn get_video(&self, _: Request<v1::GetVideoRequest>) -> Answer<v1::VideoDetail> {
        unneeded()
    }

    async fn edit_video(&self, _: Request<v1::EditVideoRequest>) -> Answer<v1::Video> {
        unneeded()
    }

    async fn trash_video(&self, _: Request<v1::VideoRef>) -> Answer<v1::Video> {
        unneeded()
    }

    async fn restore_video(&self, _: Request<v1::VideoRef>) -> Answer<v1::Video> {
        unneeded()
    }

    async fn purge_video(&self, _: Request<v1::VideoRef>) -> Answer<v1::Video> {
        unneeded()
    }

    async fn count_view(&self, request: Request<v1::CountViewRequest>) -> Answer<v1::CountViewResponse> {
        self.check()?;
        self.views.fetch_add(u64::from(request.into_inner().video == VIDEO_ID), Ordering::Relaxed);
        Ok(v1::CountViewResponse {}.into())
    }

    async fn set_redundancy(&self, _: Request<v1::SetRedundancyRequest>) -> Answer<v1::RedundancyInfo> {
        unneeded()
    }

    async fn list_redundancy(&self, _: Request<v1::ListRedundancyRequest>) -> Answer<v1::ListRedundancyResponse> {
        unneeded()
    }
}

#[tonic::async_trait]
impl Cluster for Metadata {
    type WatchStream = std::pin::Pin<Box<dyn futures::Stream<Item = Result<v1::ClusterState, Status>> + Send>>;

    async fn watch(&self, _: Request<v1::ClusterWatchRequest>) -> Answer<Self::WatchStream> {
        self.check()?;
        let member = |id: u64, state: &str| v1::Member {
            id,
            state: state.to_owned(),
            commit: 18_432,
            r#match: 18_430,
            ..v1::Member::default()
        };
        let state = v1::ClusterState {
            leader: Some(1),
            term: 7,
            quorum: 2,
            voters: 3,
            members: vec![member(1, "leader"), member(2, "follower"), member(3, "follower")],
            ..v1::ClusterState::default()
        };
        let up = self.up.clone();
        let every_second = futures::stream::unfold(0u64, move |count| {
            let (state, up) = (state.clone(), up.clone());
            async move {
                tokio::time::sleep(Duration::from_millis(if count == 0 { 0 } else { 1000 })).await;
                up.load(Ordering::Relaxed).then_some((Ok(state), count + 1))
            }
        });
        Ok(tonic::Response::new(Box::pin(every_second)))
    }
}

/// A test picture that ffmpeg made, cut at its fragments; none where ffmpeg is missing.
pub(crate) fn clip(seconds: u64) -> Option<Source> {
    const SEGMENT_S: u64 = 2;
    let input = format!("testsrc2=size=320x180:rate=25:duration={seconds}");
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", &input])
        .args(["-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "50", "-sc_threshold", "0"])
        .args(["-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-f", "mp4", "pipe:1"])
        .output()
        .ok()?;
    let (mut init, mut segments) = (Vec::new(), Vec::<Vec<u8>>::new());
    let mut rest = made.stdout.as_slice();
    while rest.len() >= 8 {
        let length = u32::from_be_bytes(rest[..4].try_into().ok()?);
        let (whole, after) = rest.split_at(usize::try_from(length).ok()?);
        match &whole[4..8] {
            b"ftyp" | b"moov" => init.extend_from_slice(whole),
            b"moof" => segments.push(whole.to_vec()),
            b"mdat" => segments.last_mut()?.extend_from_slice(whole),
            _ => {}
        }
        rest = after;
    }
    Some(Source { name: "v0", kind: TrackKind::Video, init, segments, segment_ms: SEGMENT_S * 1000 })
}
