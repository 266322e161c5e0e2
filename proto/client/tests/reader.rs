//! A film that is recoded and moved while it is read.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};
use vs_client::{Reach, chunk::ChunkClient, film::Film, reader::Reader};
use vs_core::{
    error::{Code, Failure},
    hash::Hash,
    id::{Epoch, NodeId},
    layout::{Layout, LayoutNode, NodeWish, Scheme},
    manifest::{ChunkRef, Displaced, Part, Segment},
};
use vs_wire::{
    scheme_to_wire, status_from_failure,
    v1::{
        self,
        meta_server::{Meta, MetaServer},
    },
};

const LIMIT: Duration = Duration::from_secs(60);
const VIDEO: &str = "8f3c2a1e-5b7d-4c9a-9e21-0d4f6b8a7c35";
/// The one chunk of each part.
const CHUNKS: [&[u8]; 2] = [b"first", b"second"];

/// What metadata says, as a test sets it.
#[derive(Clone, Debug, Default)]
struct Told {
    version: u64,
    parts: Vec<Part>,
    /// Parts that were forgotten.
    gone: Vec<u32>,
    /// Nodes and where they are; the layout has them all.
    nodes: Vec<(u64, String)>,
    /// How often the manifest was asked for.
    loads: usize,
}

#[derive(Clone, Debug, Default)]
struct Metadata(Arc<Mutex<Told>>);

impl Metadata {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn loads(&self) -> usize {
        std::mem::take(&mut self.told().loads)
    }

    /// Another version counts from now on, and nothing is left of the one before.
    fn recode(&self) {
        let mut told = self.told();
        told.version += 1;
        let version = told.version;
        for part in &mut told.parts {
            // as a new version is written, so that its parts have other names
            let chunk = part.segments[0].chunks[0].hash;
            part.displaced = vec![Displaced { chunk, place: NodeId(90 + version), stand_in: None }];
        }
    }

    async fn serve(&self) -> Reach {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("bound").to_string();
        let server = Server::builder().add_service(MetaServer::new(self.clone()));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        Reach::new(vec![addr])
    }
}

fn part(no: u32) -> Part {
    let bytes = CHUNKS[usize::try_from(no).expect("small")];
    let chunk = ChunkRef { hash: Hash::of(bytes), bytes: u32::try_from(bytes.len()).expect("short") };
    Part {
        track: "v0".to_owned(),
        no,
        first_segment: no,
        segments: vec![Segment { start_us: 0, duration_us: 1, chunks: vec![chunk] }],
        parity: vec![],
        displaced: vec![],
    }
}

/// A node that has these chunks.
async fn node(chunks: &[&[u8]]) -> String {
    type Chunks = Arc<HashMap<String, Vec<u8>>>;
    async fn chunk(State(chunks): State<Chunks>, Path((_, hash)): Path<(u64, String)>) -> Result<Vec<u8>, StatusCode> {
        chunks.get(&hash).cloned().ok_or(StatusCode::NOT_FOUND)
    }
    let chunks: Chunks = Arc::new(chunks.iter().map(|bytes| (Hash::of(bytes).to_string(), bytes.to_vec())).collect());
    let app = Router::new().route("/chunk/{asset}/{hash}", get(chunk)).with_state(chunks);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("bound").to_string();
    tokio::spawn(async move { axum::serve(listener, app).await });
    addr
}

/// A film whose chunks are on node 1, and who reads it.
async fn film() -> (Metadata, Reader) {
    let metadata = Metadata::default();
    *metadata.told() =
        Told { version: 1, parts: vec![part(0), part(1)], nodes: vec![(1, node(&CHUNKS).await)], ..Told::default() };
    let film = Film::load_from(&metadata.serve().await, VIDEO, false, LIMIT).await.expect("a film");
    (metadata, Reader::new(film, false))
}

fn code<T: std::fmt::Debug>(read: Result<T, Failure>) -> Code {
    read.expect_err("it is gone").code
}

#[tokio::test]
async fn parts_of_a_version_that_is_gone_are_read_from_the_next() {
    let (metadata, reader) = film().await;
    let first = reader.part("v0", 0).await.expect("there");
    metadata.recode();
    let second = reader.part("v0", 1).await.expect("of the next version");
    assert_eq!((second.segments, second.displaced.len()), (part(1).segments, 1));
    assert_eq!(metadata.loads(), 2, "one to begin with, and one for what was gone");
    let bytes = reader.chunk(&ChunkClient::new(), &first, &first.segments[0].chunks[0]).await;
    assert_eq!(bytes.expect("by a part of the version before"), CHUNKS[0]);
    metadata.told().gone = vec![1];
    assert_eq!(code(reader.part("v0", 1).await), Code::NotFound);
    metadata.recode();
    assert_eq!(code(reader.part("v0", 1).await), Code::NotFound, "of every version");
    assert_eq!(metadata.loads(), 2, "one for each failure");
}

#[tokio::test]
async fn chunks_are_found_on_nodes_that_came_later() {
    let (metadata, reader) = film().await;
    let (chunks, part) = (ChunkClient::new(), reader.part("v0", 0).await.expect("there"));
    let chunk = part.segments[0].chunks[0];
    let (emptied, newcomer) = (node(&[]).await, node(&CHUNKS).await);
    metadata.told().nodes = vec![(1, emptied.clone())];
    reader.refresh(LIMIT).await.expect("an answer");
    assert_eq!(metadata.loads(), 2);
    assert_eq!(code(reader.chunk(&chunks, &part, &chunk).await), Code::Integrity, "nobody has it");
    assert_eq!(metadata.loads(), 1);
    metadata.told().nodes = vec![(1, emptied), (2, newcomer)];
    assert_eq!(reader.chunk(&chunks, &part, &chunk).await.expect("moved"), CHUNKS[0]);
    assert_eq!(reader.chunk(&chunks, &part, &chunk).await.expect("moved"), CHUNKS[0]);
    assert_eq!(metadata.loads(), 1, "what was learned is kept");
    // what answers late must not take back what is known
    metadata.told().version = 0;
    assert!(reader.refresh(LIMIT).await.is_none());
    assert_eq!(reader.film().nodes.len(), 2);
}

type Answer<T> = Result<Response<T>, Status>;

fn unused<T>() -> Answer<T> {
    Err(Status::unimplemented("not part of the test"))
}

#[tonic::async_trait]
impl Meta for Metadata {
    async fn get_manifest(&self, _: Request<v1::GetManifestRequest>) -> Answer<v1::Manifest> {
        let mut told = self.told();
        told.loads += 1;
        let named = |part: &Part| v1::PartRef {
            hash: part.encode().1.0.to_vec(),
            bytes: 1,
            first_segment: part.first_segment,
            segments: 1,
        };
        let info = v1::TrackInfo {
            name: "v0".to_owned(),
            kind: "video".to_owned(),
            sha256: vec![0; 32],
            ..v1::TrackInfo::default()
        };
        let parts = told.parts.iter().map(named).collect();
        let member =
            |id: u64| LayoutNode { id: NodeId(id), zone: String::new(), weight_milli: 1_000, wish: NodeWish::In };
        let layout = Layout::new(Epoch(1), vec![member(1)], vec![vec![0]]).expect("valid");
        let nodes =
            told.nodes.iter().map(|(id, addr)| v1::NodeInfo { id: *id, addr: addr.clone(), ..v1::NodeInfo::default() });
        Ok(Response::new(v1::Manifest {
            video: Some(v1::Video { id: VIDEO.to_owned(), ..v1::Video::default() }),
            asset: 7,
            version: told.version,
            scheme: Some(scheme_to_wire(Scheme::Replicate(3))),
            tracks: vec![v1::ManifestTrack { info: Some(info), parts, ..v1::ManifestTrack::default() }],
            layouts: vec![v1::Layout::from(&layout)],
            nodes: nodes.collect(),
            ..v1::Manifest::default()
        }))
    }

    async fn get_part(&self, request: Request<v1::GetPartRequest>) -> Answer<v1::GetPartResponse> {
        let (told, request) = (self.told(), request.into_inner());
        let is_there = request.version == told.version && !told.gone.contains(&request.no);
        let found = told.parts.iter().find(|part| is_there && part.no == request.no);
        let gone = || status_from_failure(&Failure::new(Code::NotFound, "no such part"));
        Ok(Response::new(v1::GetPartResponse { part: found.ok_or_else(gone)?.encode().0 }))
    }

    async fn list_videos(&self, _: Request<v1::ListVideosRequest>) -> Answer<v1::ListVideosResponse> {
        unused()
    }

    async fn get_video(&self, _: Request<v1::GetVideoRequest>) -> Answer<v1::VideoDetail> {
        unused()
    }

    async fn edit_video(&self, _: Request<v1::EditVideoRequest>) -> Answer<v1::Video> {
        unused()
    }

    async fn trash_video(&self, _: Request<v1::VideoRef>) -> Answer<v1::Video> {
        unused()
    }

    async fn restore_video(&self, _: Request<v1::VideoRef>) -> Answer<v1::Video> {
        unused()
    }

    async fn purge_video(&self, _: Request<v1::VideoRef>) -> Answer<v1::Video> {
        unused()
    }

    async fn open_client(&self, _: Request<v1::OpenClientRequest>) -> Answer<v1::OpenClientResponse> {
        unused()
    }

    async fn close_client(&self, _: Request<v1::CloseClientRequest>) -> Answer<v1::CloseClientResponse> {
        unused()
    }

    async fn count_view(&self, _: Request<v1::CountViewRequest>) -> Answer<v1::CountViewResponse> {
        unused()
    }

    async fn set_redundancy(&self, _: Request<v1::SetRedundancyRequest>) -> Answer<v1::RedundancyInfo> {
        unused()
    }

    async fn list_redundancy(&self, _: Request<v1::ListRedundancyRequest>) -> Answer<v1::ListRedundancyResponse> {
        unused()
    }
}
