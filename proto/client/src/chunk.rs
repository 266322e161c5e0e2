//! Chunk transfers over plain HTTP/1.1, with connections kept open.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Either, Empty, Full};
use hyper::{Method, Request, Response, StatusCode, body::Incoming};
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use tokio::time::timeout;
use vs_core::{
    hash::{ChunkHash, Hash},
    id::{AssetId, NodeId},
    limit::CHUNK_BYTES_MAX,
};

use crate::line::Connector;

/// How long a node may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a whole chunk may take to come: four of [`CHUNK_BYTES_MAX`] at a time take 67 s over a link of 1 Mbit/s. A node
/// that always gives a little before it would count as silent is given up then.
const BODY_TIMEOUT: Duration = Duration::from_secs(90);
/// Idle connections kept for each node.
const IDLE_CONNECTIONS_MAX: usize = 16;
/// The sender's log index, which a node's sweep weighs (DESIGN §10).
pub const INDEX_HEADER: &str = "vs-index";
/// The node that a chunk is meant for: another one may have its address by now.
pub const NODE_HEADER: &str = "vs-node";

type Body = Either<Full<Bytes>, Empty<Bytes>>;

/// Why a chunk did not come or go, split by what the caller does next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// The node has no such chunk: ask the next.
    #[error("{addr} does not have chunk {hash}")]
    Absent { addr: String, hash: ChunkHash },
    /// The node's copy is bad: report it and ask the next.
    #[error("{addr} holds a bad copy of chunk {hash}")]
    Corrupt { addr: String, hash: ChunkHash },
    /// The node is full: choose a stand-in.
    #[error("{addr} is full")]
    Full { addr: String },
    /// The node cannot be reached, is slow, or answers nonsense: ask the next.
    #[error("{addr}: {why}")]
    Node { addr: String, why: String },
}

/// What the receiver of a chunk is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// The node that it is meant for. Whoever else has its address by now refuses.
    pub node: NodeId,
    /// The sender's log index.
    pub index: u64,
}

/// How a PUT ended. Both mean that the chunk is durable there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    Created,
    AlreadyDurable,
}

/// Gets and puts chunks; cheap to clone, connections are shared.
#[derive(Clone, Debug)]
pub struct ChunkClient {
    http: HttpClient<Connector, Body>,
}

impl Default for ChunkClient {
    fn default() -> Self {
        Self::new()
    }
}

impl ChunkClient {
    #[must_use]
    pub fn new() -> Self {
        Self::bound_to(None)
    }

    /// Connections leave from this address of the machine, where one is named.
    #[must_use]
    pub fn bound_to(ip: Option<IpAddr>) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_local_address(ip);
        let http = HttpClient::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .build(Connector::new(connector, CONNECT_TIMEOUT));
        Self { http }
    }

    /// The verified bytes of a chunk. `stall` bounds the wait for the first byte and for each piece after it, 90 s the whole;
    /// `progress` hears how many bytes have come and how long the first took.
    ///
    /// # Errors
    /// When this node cannot give the chunk intact.
    pub async fn get(
        &self,
        addr: &str,
        asset: AssetId,
        hash: ChunkHash,
        stall: Duration,
        mut progress: impl FnMut(usize, Duration),
    ) -> Result<Bytes, ChunkError> {
        let started = Instant::now();
        let response = self.send(addr, Method::GET, &chunk_path(asset, hash), None, no_body(), stall).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(ChunkError::Absent { addr: addr.to_owned(), hash }),
            StatusCode::INTERNAL_SERVER_ERROR => return Err(ChunkError::Corrupt { addr: addr.to_owned(), hash }),
            status => return Err(failed(addr, format!("answered {status}"))),
        }
        let first_byte = started.elapsed();
        let came = |bytes| progress(bytes, first_byte);
        let bytes = read(response.into_body(), stall, BODY_TIMEOUT, came).await.map_err(|why| match why {
            Unread::TooLong => ChunkError::Corrupt { addr: addr.to_owned(), hash },
            why => failed(addr, why.to_string()),
        })?;
        if Hash::of(&bytes) == hash { Ok(bytes) } else { Err(ChunkError::Corrupt { addr: addr.to_owned(), hash }) }
    }

    /// Writes a chunk; it is durable on the node when this returns.
    ///
    /// # Errors
    /// When the node did not acknowledge it within `deadline`. It may hold the chunk all the same.
    pub async fn put(
        &self,
        addr: &str,
        told: Told,
        asset: AssetId,
        hash: ChunkHash,
        bytes: Bytes,
        deadline: Duration,
    ) -> Result<Put, ChunkError> {
        let body = Either::Left(Full::new(bytes));
        let response = self.send(addr, Method::PUT, &chunk_path(asset, hash), Some(told), body, deadline).await?;
        let status = response.status();
        // Read to its end, or the connection is not used again.
        let _ = timeout(deadline, response.into_body().collect()).await;
        match status {
            StatusCode::CREATED => Ok(Put::Created),
            StatusCode::OK => Ok(Put::AlreadyDurable),
            StatusCode::INSUFFICIENT_STORAGE => Err(ChunkError::Full { addr: addr.to_owned() }),
            status => Err(failed(addr, format!("answered {status}"))),
        }
    }

    /// The time a node takes to answer.
    ///
    /// # Errors
    /// When it does not within `deadline`.
    pub async fn ping(&self, addr: &str, deadline: Duration) -> Result<Duration, ChunkError> {
        let started = Instant::now();
        let response = self.send(addr, Method::HEAD, "/ping", None, no_body(), deadline).await?;
        match response.status() {
            StatusCode::OK | StatusCode::NO_CONTENT => Ok(started.elapsed()),
            status => Err(failed(addr, format!("answered {status}"))),
        }
    }

    async fn send(
        &self,
        addr: &str,
        method: Method,
        path: &str,
        told: Option<Told>,
        body: Body,
        deadline: Duration,
    ) -> Result<Response<Incoming>, ChunkError> {
        let mut request = Request::builder().method(method).uri(format!("http://{addr}{path}"));
        if let Some(Told { node, index }) = told {
            request = request.header(NODE_HEADER, node.0).header(INDEX_HEADER, index);
        }
        let request = request.body(body).map_err(|error| failed(addr, error.to_string()))?;
        match timeout(deadline, self.http.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(failed(addr, crate::channel::root_cause(&error))),
            Err(_) => Err(failed(addr, format!("no answer within {}", vs_core::unit::human_duration(deadline)))),
        }
    }
}

/// Why a body did not come whole.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Unread {
    #[error("stalled")]
    Stalled,
    #[error("a chunk took longer than {} s", BODY_TIMEOUT.as_secs())]
    TooSlow,
    #[error("longer than any chunk")]
    TooLong,
    #[error("{0}")]
    Broken(String),
}

/// All of a body, of which `came` hears how much there is so far. `stall` bounds the wait for each piece, `limit` all of it.
async fn read<B>(mut body: B, stall: Duration, limit: Duration, mut came: impl FnMut(usize)) -> Result<Bytes, Unread>
where
    B: hyper::body::Body<Data = Bytes, Error: std::fmt::Display> + Unpin,
{
    let whole = async {
        let mut bytes = BytesMut::with_capacity(CHUNK_BYTES_MAX);
        while let Some(frame) = timeout(stall, body.frame()).await.map_err(|_| Unread::Stalled)? {
            let Ok(data) = frame.map_err(|error| Unread::Broken(error.to_string()))?.into_data() else { continue };
            if bytes.len() + data.len() > CHUNK_BYTES_MAX {
                return Err(Unread::TooLong);
            }
            bytes.extend_from_slice(&data);
            came(bytes.len());
        }
        Ok(bytes.freeze())
    };
    timeout(limit, whole).await.unwrap_or(Err(Unread::TooSlow))
}

fn no_body() -> Body {
    Either::Right(Empty::new())
}

fn chunk_path(asset: AssetId, hash: ChunkHash) -> String {
    format!("/chunk/{}/{hash}", asset.0)
}

fn failed(addr: &str, why: impl Into<String>) -> ChunkError {
    ChunkError::Node { addr: addr.to_owned(), why: why.into() }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::stream;
    use http_body_util::StreamBody;
    use hyper::body::Frame;

    use super::*;

    const NEVER: Duration = Duration::from_secs(3_600);

    /// One byte at a time, never long after the one before.
    fn trickle(bytes: usize) -> impl hyper::body::Body<Data = Bytes, Error = Infallible> + Unpin {
        StreamBody::new(Box::pin(stream::unfold(bytes, |left| async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let frame = Frame::data(Bytes::from_static(b"x"));
            left.checked_sub(1).map(|left| (Ok(frame), left))
        })))
    }

    #[tokio::test]
    async fn a_node_that_gives_a_little_at_a_time_holds_nobody_for_ever() {
        let mut had = Vec::new();
        let whole = read(trickle(3), NEVER, NEVER, |bytes| had.push(bytes)).await;
        assert_eq!((whole, had), (Ok(Bytes::from_static(b"xxx")), vec![1, 2, 3]));
        let endless = read(trickle(CHUNK_BYTES_MAX), NEVER, Duration::from_millis(50), |_| {}).await;
        assert_eq!(endless, Err(Unread::TooSlow));
        let of_a_slow_link = BODY_TIMEOUT.as_secs() * 1_000_000 / 8;
        assert!(of_a_slow_link > 4 * CHUNK_BYTES_MAX as u64, "four chunks come over 1 Mbit/s");
    }
}
