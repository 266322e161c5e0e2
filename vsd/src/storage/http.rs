//! Chunks over HTTP/1.1: `PUT`, `GET` and `HEAD` of `/chunk/{asset}/{sha256}`. There is no `DELETE` (SEC-1).
//!
//! | answer | to a PUT | to a GET |
//! |---|---|---|
//! | 200, 201 | already durable; new and durable | the chunk |
//! | 206, 304, 416 | | a range of it; the caller has it; no byte of it in the range |
//! | 400 | not a chunk's path or not a number in `VS-Index` or `VS-Node` | not a chunk's path |
//! | 404 | | not stored here |
//! | 408, 413 | the body took too long; over 2 MiB | |
//! | 421 | `VS-Node` names another node | |
//! | 422 | the body does not hash to its name | |
//! | 500 | the disk failed to write | the copy is damaged |
//! | 503 | no more writes here; too much under way | the disk failed to read; too much under way |
//! | 507 | the disk is full | |

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout, timeout_at},
};
use vs_client::chunk::{INDEX_HEADER, NODE_HEADER};
use vs_core::{
    hash::ChunkHash,
    id::{AssetId, NodeId},
    limit::CHUNK_BYTES_MAX,
};
use vsd_core::superblock::{GetError, InvalidChunk, Outcome, VerifiedChunk, WriteError};

use super::{
    range::{Wanted, wanted},
    store::Store,
};

/// Chunks being received and written, in bytes.
const PUT_BYTES_MAX: usize = 64 << 20;
/// Chunks being read and sent, in bytes: more, because players may be slow to take them.
const GET_BYTES_MAX: usize = 256 << 20;
/// How long a request waits for its share of memory before it is sent elsewhere.
const MEMORY_WAIT: Duration = Duration::from_secs(5);
/// How long a client may take to send a chunk. Slower than 35 kB/s is as good as gone.
const BODY_DEADLINE: Duration = Duration::from_secs(60);
/// A chunk never changes, so caches may keep it for ever; a year is HTTP's word for that.
const CACHE_FOR_EVER: &str = "public, max-age=31536000, immutable";

/// What the handlers share.
#[derive(Clone, Debug)]
struct Api {
    node: NodeId,
    store: Arc<Store>,
    put_memory: Arc<Semaphore>,
    get_memory: Arc<Semaphore>,
}

pub(super) fn router(store: Arc<Store>, node: NodeId) -> Router {
    let put_memory = Arc::new(Semaphore::new(PUT_BYTES_MAX));
    let get_memory = Arc::new(Semaphore::new(GET_BYTES_MAX));
    Router::new().route("/chunk/{asset}/{hash}", get(get_chunk).head(head_chunk).put(put_chunk)).with_state(Api {
        node,
        store,
        put_memory,
        get_memory,
    })
}

/// Why a request is not done: the status, and a line for people.
struct Refusal(StatusCode, String);

impl Refusal {
    fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self(status, why.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, [(header::CACHE_CONTROL, "no-store")], format!("{}\n", self.1)).into_response()
    }
}

type Name = Path<(String, String)>;

async fn put_chunk(
    State(api): State<Api>,
    Path(name): Name,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let (asset, hash) = parse_name(&name)?;
    let index = parse_number(&headers, INDEX_HEADER)?;
    check_node(&headers, api.node)?;
    let _share = share(&api.put_memory, expected_bytes(&body)?).await?;
    let bytes = receive(body).await?;
    let verified = tokio::task::spawn_blocking(move || VerifiedChunk::verify(bytes, hash)).await;
    let chunk = verified.map_err(|ended| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, ended.to_string()))?.map_err(
        |error| match error {
            InvalidChunk::TooLong => too_long(),
            InvalidChunk::Empty | InvalidChunk::Mismatch { .. } => {
                Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
            }
        },
    )?;
    if let Some(index) = index {
        api.store.hear(asset, index);
    }
    match api.store.put(asset, chunk).await {
        Ok(Outcome::Created) => Ok(StatusCode::CREATED.into_response()),
        Ok(_) => Ok(StatusCode::OK.into_response()),
        Err(error) => {
            let status = match error {
                WriteError::Full => StatusCode::INSUFFICIENT_STORAGE,
                WriteError::NoWrites(_) => StatusCode::SERVICE_UNAVAILABLE,
                WriteError::Io(_) => StatusCode::INTERNAL_SERVER_ERROR,
            };
            tracing::debug!(%asset, %hash, %error, "chunk refused");
            Err(Refusal::new(status, error.to_string()))
        }
    }
}

async fn get_chunk(State(api): State<Api>, Path(name): Name, headers: HeaderMap) -> Result<Response, Refusal> {
    let (asset, hash) = parse_name(&name)?;
    if is_known(&headers, hash) && api.store.chunk_bytes(asset, hash).is_some() {
        return Ok(describe(StatusCode::NOT_MODIFIED, hash, Body::empty()));
    }
    let unreadable = |error| match error {
        GetError::NotFound => absent(),
        GetError::Corrupt { .. } => {
            tracing::warn!(%asset, %hash, "{error}");
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
        }
        GetError::Io(_) => {
            tracing::warn!(%asset, %hash, "{error}");
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
        }
    };
    // the disk's turn first: those that wait for a disk that stalls take no memory from others
    let reading = api.store.begin_read(asset, hash).await.map_err(unreadable)?;
    let share = share(&api.get_memory, reading.bytes() as usize).await?;
    let bytes = reading.read().await.map_err(unreadable)?;
    let length = bytes.len();
    let body = |range: std::ops::Range<usize>| {
        Body::from(Bytes::from_owner(Sending { bytes: bytes.slice(range), _share: share }))
    };
    Ok(match requested(&headers, hash, length) {
        Wanted::All => describe(StatusCode::OK, hash, body(0..length)),
        Wanted::Part(range) => {
            let content_range = format!("bytes {}-{}/{length}", range.start, range.end - 1);
            let response = describe(StatusCode::PARTIAL_CONTENT, hash, body(range));
            ([(header::CONTENT_RANGE, content_range)], response).into_response()
        }
        Wanted::Nothing => {
            let refusal = Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, "no byte of the chunk is in the range");
            ([(header::CONTENT_RANGE, format!("bytes */{length}"))], refusal).into_response()
        }
    })
}

/// Answered from the index, without reading the disk.
async fn head_chunk(State(api): State<Api>, Path(name): Name, headers: HeaderMap) -> Result<Response, Refusal> {
    let (asset, hash) = parse_name(&name)?;
    let length = api.store.chunk_bytes(asset, hash).ok_or_else(absent)?;
    if is_known(&headers, hash) {
        return Ok(describe(StatusCode::NOT_MODIFIED, hash, Body::empty()));
    }
    let response = describe(StatusCode::OK, hash, Body::empty());
    Ok(([(header::CONTENT_LENGTH, length)], response).into_response())
}

/// Bytes on their way out, with the share of memory they take.
struct Sending {
    bytes: Bytes,
    _share: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Sending {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn describe(status: StatusCode, hash: ChunkHash, body: Body) -> Response {
    let headers = [
        (header::ETAG, format!("\"{hash}\"")),
        (header::CACHE_CONTROL, CACHE_FOR_EVER.to_owned()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
    ];
    (status, headers, body).into_response()
}

fn parse_name((asset, hash): &(String, String)) -> Result<(AssetId, ChunkHash), Refusal> {
    let digits = asset.bytes().all(|byte| byte.is_ascii_digit());
    let asset = asset.parse().ok().filter(|_| digits).map(AssetId);
    let name = asset.zip(hash.parse().ok());
    name.ok_or_else(|| {
        Refusal::new(StatusCode::BAD_REQUEST, "a chunk is /chunk/{asset number}/{sha256 in hexadecimal}")
    })
}

/// Whoever counts copies by node must not be answered by another one that has its address now.
fn check_node(headers: &HeaderMap, own: NodeId) -> Result<(), Refusal> {
    match parse_number(headers, NODE_HEADER)? {
        Some(other) if other != own.0 => {
            Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, format!("this is {own}, not {}", NodeId(other))))
        }
        _ => Ok(()),
    }
}

fn parse_number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, Refusal> {
    let Some(number) = headers.get(name) else { return Ok(None) };
    let parsed = number.to_str().ok().and_then(|text| text.parse().ok());
    parsed.map(Some).ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, format!("{name} is not a number")))
}

/// How much memory the body may take: as much as it says, or as much as a chunk can.
fn expected_bytes(body: &Body) -> Result<usize, Refusal> {
    match body.size_hint().exact() {
        Some(bytes) => usize::try_from(bytes).ok().filter(|&bytes| bytes <= CHUNK_BYTES_MAX).ok_or_else(too_long),
        None => Ok(CHUNK_BYTES_MAX),
    }
}

/// Waits for a share of a bounded memory; it is given back when dropped.
async fn share(memory: &Arc<Semaphore>, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
    let permits = u32::try_from(bytes).map_err(|_| too_long())?;
    let acquired = timeout(MEMORY_WAIT, Arc::clone(memory).acquire_many_owned(permits)).await;
    let busy = || Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "too many chunks under way");
    acquired.ok().and_then(Result::ok).ok_or_else(busy)
}

/// Reads a body that is no longer than a chunk.
async fn receive(mut body: Body) -> Result<Bytes, Refusal> {
    let deadline = Instant::now() + BODY_DEADLINE;
    let mut bytes = BytesMut::with_capacity(expected_bytes(&body)?);
    loop {
        let frame = timeout_at(deadline, body.frame()).await;
        let frame = frame.map_err(|_| Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body took too long"))?;
        let Some(frame) = frame else { return Ok(bytes.freeze()) };
        let frame = frame.map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > CHUNK_BYTES_MAX {
            return Err(too_long());
        }
        bytes.extend_from_slice(&data);
    }
}

/// Whether the caller says it has the chunk. Its ETag is its name, so any version it has is this one.
fn is_known(headers: &HeaderMap, hash: ChunkHash) -> bool {
    let Some(tags) = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()) else { return false };
    tags.split(',').any(|tag| tag.trim() == "*" || is_tag(tag, hash))
}

fn is_tag(tag: &str, hash: ChunkHash) -> bool {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag) == format!("\"{hash}\"")
}

fn requested(headers: &HeaderMap, hash: ChunkHash, length: usize) -> Wanted {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match (text(header::RANGE), text(header::IF_RANGE)) {
        (Some(range), None) => wanted(range, length),
        (Some(range), Some(tag)) if is_tag(tag, hash) => wanted(range, length),
        _ => Wanted::All,
    }
}

fn absent() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "not stored here")
}

fn too_long() -> Refusal {
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("a chunk has at most {CHUNK_BYTES_MAX} bytes"))
}
