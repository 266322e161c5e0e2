//! One port for two protocols: gRPC for control, plain HTTP/1.1 for chunk bytes, told apart by what a request says it carries.

use std::{convert::Infallible, time::Duration};

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::{Request, Response, body::Incoming, header::CONTENT_TYPE};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tower::{Service, ServiceExt, service_fn};

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

/// Serves both routers until `shutdown` resolves, then lets calls under way end.
pub(crate) async fn serve(
    listener: TcpListener,
    grpc: axum::Router,
    http: axum::Router,
    shutdown: impl Future<Output = ()>,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let is_grpc =
            request.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
        let mut router = if is_grpc { grpc.clone() } else { http.clone() };
        async move {
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
    let slots = std::sync::Arc::new(Semaphore::new(CONNECTIONS_MAX));
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
        tokio::spawn(async move {
            let _slot = slot;
            // Which protocol it is shows with the first bytes; whoever sends none takes a slot from others.
            if !matches!(tokio::time::timeout(HEADER_TIMEOUT, stream.readable()).await, Ok(Ok(()))) {
                return;
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
