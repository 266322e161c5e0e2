//! The role as a client sees it: on a real directory, without a network.

use std::{os::unix::fs::FileExt, path::Path, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use bytes::Bytes;
use http_body_util::BodyExt;
use tower::ServiceExt;
use vs_core::{
    hash::Hash,
    id::{AssetId, DirId},
    limit::CHUNK_BYTES_MAX,
};
use vsd_core::superblock::{Config, Outcome, Refusal, VerifiedChunk};

use super::{Directory, Limits, Probes, Store, disk::RealDisk, router};

mod dirs;
mod identities;
mod sweep;

fn config() -> Config {
    Config::new(DirId(1), [1; 32])
}

fn open(path: &Path, config: Config) -> (Arc<Store>, Router) {
    let dir = Directory::open(RealDisk::new(path, None), path, config, Limits::new(85)).expect("opens");
    let store = Arc::new(Store::new(vec![dir], vec![]).expect("a thread"));
    let figures = Arc::clone(&store);
    let ready = Arc::new(|| Err(vec!["still joining".to_owned()]));
    let probes = Probes { ready, metrics: Arc::new(move || figures.metrics()) };
    (Arc::clone(&store), router(store, vs_core::id::NodeId(1), probes))
}

struct Answer {
    status: StatusCode,
    headers: header::HeaderMap,
    body: Bytes,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }
}

async fn send(router: &Router, method: Method, uri: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body.into()).expect("a request");
    let (head, body) = router.clone().oneshot(request).await.expect("an answer").into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    Answer { status: head.status, headers: head.headers, body }
}

async fn put(router: &Router, uri: &str, body: impl Into<Body>) -> StatusCode {
    send(router, Method::PUT, uri, &[("vs-index", "17")], body).await.status
}

async fn get(router: &Router, uri: &str, headers: &[(&str, &str)]) -> Answer {
    send(router, Method::GET, uri, headers, Body::empty()).await
}

fn uri(bytes: &[u8]) -> String {
    format!("/chunk/7/{}", Hash::of(bytes))
}

#[tokio::test]
async fn a_put_is_durable_and_read_back_after_a_crash() {
    let dir = tempfile::tempdir().expect("a scratch directory");
    let bytes = vec![5; CHUNK_BYTES_MAX];
    let (_store, router) = open(dir.path(), config());
    assert_eq!(put(&router, &uri(&bytes), bytes.clone()).await, StatusCode::CREATED);
    assert_eq!(put(&router, &uri(&bytes), bytes.clone()).await, StatusCode::OK);

    let after = tempfile::tempdir().expect("a scratch directory");
    for file in std::fs::read_dir(dir.path()).expect("a directory") {
        let file = file.expect("a file");
        std::fs::copy(file.path(), after.path().join(file.file_name())).expect("copied as it is now");
    }
    let (store, router) = open(after.path(), config());
    let answer = get(&router, &uri(&bytes), &[]).await;
    assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, &bytes[..]));
    assert_eq!(answer.header("etag"), format!("\"{}\"", Hash::of(&bytes)));
    assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(put(&router, &uri(&bytes), bytes.clone()).await, StatusCode::OK);
    assert_eq!(store.stats()[0].1.chunks, 1);
}

#[tokio::test]
async fn puts_together_are_all_answered_and_share_fsyncs() {
    let dir = tempfile::tempdir().expect("a scratch directory");
    let (store, _) = open(dir.path(), config());
    let put = |name: u8| {
        let (store, bytes) = (Arc::clone(&store), Bytes::from(vec![name; 100_000]));
        let chunk = VerifiedChunk::verify(bytes.clone(), Hash::of(&bytes)).expect("named by its hash");
        tokio::spawn(async move { store.put(AssetId(1), chunk).await })
    };
    let tasks: Vec<_> = (0..64).map(|name| put(name % 32)).collect();
    let mut created = 0;
    for task in tasks {
        let outcome = task.await.expect("no panic").expect("stored");
        created += usize::from(outcome == Outcome::Created);
    }
    assert!(created >= 32, "each name was new once, {created}");
    assert_eq!(store.stats()[0].1.chunks, 32);
    store.shutdown();
    assert_eq!(store.stats()[0].1.refusal, Some(Refusal::Stopped));
    drop(store);
    let superblocks = open(dir.path(), config()).0.dirs()[0].reader().superblocks();
    assert!(superblocks.iter().all(|superblock| superblock.sealed), "{superblocks:?}");
}

#[tokio::test]
async fn bad_puts_are_refused_each_with_its_status() {
    let dir = tempfile::tempdir().expect("a scratch directory");
    let (store, router) = open(dir.path(), config());
    let good = uri(b"good");
    let too_long = vec![0; CHUNK_BYTES_MAX + 1];
    assert_eq!(put(&router, &good, "bad").await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(put(&router, &uri(b""), "").await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(put(&router, &uri(&too_long), too_long.clone()).await, StatusCode::PAYLOAD_TOO_LARGE);
    let pieces = too_long.chunks(1 << 20).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect::<Vec<_>>();
    let unannounced = Body::from_stream(tokio_stream::iter(pieces));
    assert_eq!(put(&router, &uri(&too_long), unannounced).await, StatusCode::PAYLOAD_TOO_LARGE);
    for index in ["", "x", "-1", "18446744073709551616"] {
        let answer = send(&router, Method::PUT, &good, &[("vs-index", index)], "good").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{index}");
    }
    for uri in ["/chunk/a7/00", "/chunk/7/00", &good.replace("/7/", "/+7/"), &good.replace("/7/", "/x/")] {
        assert_eq!(put(&router, uri, "good").await, StatusCode::BAD_REQUEST, "{uri}");
    }
    assert_eq!(send(&router, Method::DELETE, &good, &[], "").await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(store.stats()[0].1.chunks, 0);
    let answer = send(&router, Method::PUT, &good, &[], "good").await;
    assert_eq!(answer.status, StatusCode::CREATED, "an index is not required");
}

#[tokio::test]
async fn a_full_disk_and_a_stopped_writer_are_told_apart() {
    let dir = tempfile::tempdir().expect("a scratch directory");
    let (store, router) = open(dir.path(), config());
    assert_eq!(put(&router, &uri(b"here"), "here").await, StatusCode::CREATED);
    store.shutdown();
    assert_eq!(put(&router, &uri(b"new"), "new").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&router, &uri(b"here"), &[]).await.body, "here");
    let (_store, router) = open(dir.path(), Config { full_percent: 0, ..config() });
    assert_eq!(put(&router, &uri(b"new"), "new").await, StatusCode::INSUFFICIENT_STORAGE);
    assert_eq!(put(&router, &uri(b"here"), "here").await, StatusCode::OK);
}

#[tokio::test]
async fn ranges_conditions_and_heads() {
    let dir = tempfile::tempdir().expect("a scratch directory");
    let (_store, router) = open(dir.path(), config());
    let uri = uri(b"0123456789");
    let tag = format!("\"{}\"", Hash::of(b"0123456789"));
    assert_eq!(get(&router, &uri, &[]).await.status, StatusCode::NOT_FOUND);
    put(&router, &uri, "0123456789").await;

    let part = get(&router, &uri, &[("range", "bytes=2-4")]).await;
    assert_eq!((part.status, &part.body[..]), (StatusCode::PARTIAL_CONTENT, &b"234"[..]));
    assert_eq!(part.header("content-range"), "bytes 2-4/10");
    let behind = get(&router, &uri, &[("range", "bytes=10-")]).await;
    assert_eq!((behind.status, behind.header("content-range")), (StatusCode::RANGE_NOT_SATISFIABLE, "bytes */10"));
    let resumed = get(&router, &uri, &[("range", "bytes=7-"), ("if-range", &tag)]).await;
    assert_eq!(resumed.body, "789");
    let other = get(&router, &uri, &[("range", "bytes=7-"), ("if-range", "\"other\"")]).await;
    assert_eq!((other.status, other.body.len()), (StatusCode::OK, 10));

    for known in [tag.as_str(), &format!("\"x\", W/{tag}"), "*"] {
        let answer = get(&router, &uri, &[("if-none-match", known)]).await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::NOT_MODIFIED, 0), "{known}");
    }
    let head = send(&router, Method::HEAD, &uri, &[], "").await;
    assert_eq!((head.status, head.header("content-length"), head.header("etag")), (StatusCode::OK, "10", &*tag));
    let of_another_asset = uri.replace("/7/", "/8/");
    assert_eq!(send(&router, Method::HEAD, &of_another_asset, &[], "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_damaged_copy_is_never_served_and_a_put_repairs_it() {
    let dir = tempfile::tempdir().expect("a scratch directory");
    let (store, router) = open(dir.path(), config());
    let uri = uri(b"precious");
    put(&router, &uri, "precious").await;
    let file = std::fs::OpenOptions::new().write(true).open(dir.path().join("00000001.vsb")).expect("a superblock");
    file.write_all_at(b"P", 8192 + 128).expect("written");
    assert_eq!(get(&router, &uri, &[]).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(store.stats()[0].1.corrupt_reads, 1);
    assert_eq!(put(&router, &uri, "precious").await, StatusCode::CREATED);
    assert_eq!(get(&router, &uri, &[]).await.body, "precious");
}

#[tokio::test]
async fn probes_answer_and_figures_are_prometheus_text() {
    let dir = tempfile::tempdir().expect("a scratch directory");
    let (_store, router) = open(dir.path(), config());
    put(&router, &uri(b"x"), "x").await;
    for (uri, status) in
        [("/ping", StatusCode::OK), ("/livez", StatusCode::OK), ("/readyz", StatusCode::SERVICE_UNAVAILABLE)]
    {
        assert_eq!(get(&router, uri, &[]).await.status, status, "{uri}");
        assert_eq!(send(&router, Method::HEAD, uri, &[], "").await.status, status, "{uri}");
    }
    let figures = get(&router, "/metrics", &[]).await;
    let text = String::from_utf8(figures.body.to_vec()).expect("text");
    for line in [
        "vsd_chunks 1",
        "vsd_chunk_bytes 1",
        r#"vsd_puts_total{outcome="created"} 1"#,
        "vsd_writable 1",
        r#"vsd_dir_chunks{dir="1"} 1"#,
        r#"vsd_dir_slow{dir="1"} 0"#,
        r#"vsd_dir_put_seconds_count{dir="1"} 1"#,
    ] {
        assert!(text.lines().any(|given| given == line), "{line} is missing from\n{text}");
    }
}
