//! One port for three protocols: gRPC for control and plain HTTP/1.1 for chunk bytes, told apart by what a request says it
//! carries, and what nodes say to one another, told apart by its first bytes and served on the threads of the consensus.
//!
//! Nodes are answered from the beginning, because none of them is ready before a quorum is. Everybody else is turned away
//! until this node can serve chunks.

use std::{
    convert::Infallible,
    io,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::{Request, Response, body::Incoming, header::CONTENT_TYPE};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tower::{Service, ServiceExt, service_fn};

use crate::meta::{PREFACE, PeerAcceptor};

/// Connections served at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 4096;
/// Calls under way on one HTTP/2 connection.
const STREAMS_MAX: u32 = 256;
/// hyper's default windows cap an upload near 1 MB a round trip.
const STREAM_WINDOW_BYTES: u32 = 8 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 64 << 20;
const FRAME_BYTES: u32 = 256 << 10;
const KEEPALIVE: Duration = Duration::from_secs(10);
/// How long a client may take to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long calls under way may take to end once the daemon stops.
const DRAIN: Duration = Duration::from_secs(5);

/// What is served once the node can.
#[derive(Debug)]
pub(crate) struct Routers {
    pub(crate) grpc: axum::Router,
    pub(crate) http: axum::Router,
}

/// Serves other nodes at once, and everybody from when there are `routers`, until `shutdown` resolves; then lets calls
/// under way end.
pub(crate) async fn serve(
    listener: TcpListener,
    peers: PeerAcceptor,
    routers: Arc<OnceLock<Routers>>,
    shutdown: impl Future<Output = ()>,
) {
    let ready = routers.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let is_grpc =
            request.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
        let router = routers.get().map(|routers| if is_grpc { routers.grpc.clone() } else { routers.http.clone() });
        async move {
            let mut router = router.unwrap_or_default();
            let request = request.map(|body| Body::new(body.map_err(axum::Error::new)));
            let answer: Result<Response<Body>, Infallible> = router.as_service().ready().await?.call(request).await;
            answer
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(FRAME_BYTES)
        .max_concurrent_streams(STREAMS_MAX)
        .keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE);

    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    tokio::pin!(shutdown);
    loop {
        let accepted = async {
            let slot = slots.clone().acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, connection) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut shutdown => break,
        };
        let stream = match connection {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, mostly: let some close.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(service.clone());
        let (builder, watcher) = (builder.clone(), graceful.watcher());
        let (peers, ready) = (peers.clone(), ready.clone());
        tokio::spawn(async move {
            // Which protocol it is shows with the first bytes; whoever sends none takes a slot from others.
            match tokio::time::timeout(HEADER_TIMEOUT, is_peer(&stream)).await {
                Ok(Ok(true)) => return peers.serve(stream, slot),
                Ok(Ok(false)) if ready.get().is_some() => {}
                _ => return,
            }
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
            let connection = watcher.watch(connection);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection ended");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::info!("connections that did not end in time are closed");
    }
}

/// Whether another node is at the other end. Takes no byte off the connection.
async fn is_peer(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0; PREFACE.len()];
    loop {
        let seen = stream.peek(&mut first).await?;
        if seen == 0 || first[..seen] != PREFACE[..seen] {
            return Ok(false);
        }
        if seen == PREFACE.len() {
            return Ok(true);
        }
        // the rest of the preface is on its way
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
