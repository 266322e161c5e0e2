//! The daemon by itself: who may start it where, how it is configured, what its port answers, how it stops.

use std::{fs, process::Command};

use nix::sys::signal::Signal;
use vs_tests::{
    Node,
    clip::Clip,
    http::{self, Answer},
    program::{bare, path, run, start},
    sha256, sha256_of, wait_for,
};

const CHUNK_BYTES_MAX: usize = 2 << 20;

fn vsd(args: &[&str]) -> Command {
    let mut command = bare(path("vsd"));
    command.args(args);
    command
}

#[test]
fn a_directory_in_use_is_refused_and_its_holder_named() {
    let mut node = Node::start(&[]);
    let said = run(&mut node.command());
    said.fails(6, "VS-E0601");
    assert!(said.err.contains(&node.pid().to_string()) && said.err.contains(node.addr()), "who holds it: {said}");
    node.assert_alive();
    let dir = tempfile::tempdir().expect("a folder");
    let (data, listen) = (dir.path().join("new"), node.addr().to_owned());
    let said = run(vsd(&["serve", "--bootstrap", "--listen", &listen, "--data-dir"]).arg(&data));
    said.fails(6, "VS-E0601");
    assert!(said.err.contains(&listen), "which port is taken: {said}");
}

#[test]
fn directories_that_are_not_ours_are_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let missing = dir.path().join("missing");
    let serve = |data: &std::path::Path, flags: &[&str]| {
        run(vsd(&["serve", "--listen", "127.0.0.1:1", "--data-dir"]).arg(data).args(flags))
    };
    let said = serve(&missing, &[]);
    said.fails(3, "VS-E0302");
    assert!(said.err.contains("--bootstrap") && !missing.exists(), "never guesses: {said}");
    let foreign = dir.path().join("foreign");
    fs::create_dir(&foreign).expect("a folder");
    fs::write(foreign.join("holiday.jpg"), "x").expect("written");
    serve(&foreign, &["--bootstrap"]).fails(3, "VS-E0302");
    assert_eq!(fs::read_dir(&foreign).expect("a folder").count(), 1, "nothing was added");

    let mut node = Node::start(&[]);
    let _ = node.stop(Signal::SIGTERM);
    let identity = node.data_dir().join("node.toml");
    let text = fs::read_to_string(&identity).expect("an identity");
    let newer = text.replace("format = 2\n", "format = 3\n");
    assert_ne!(newer, text, "{text}");
    fs::write(&identity, &newer).expect("written");
    let said = run(&mut node.command());
    said.fails(3, "VS-E0302");
    assert!(said.err.contains("newer"), "{said}");
    assert_eq!(fs::read_to_string(&identity).expect("an identity"), newer);
    fs::write(&identity, text).expect("written");
    node.restart();
}

#[test]
fn off_loopback_it_listens_only_when_told_that_this_is_insecure() {
    let dir = tempfile::tempdir().expect("a folder");
    let said = run(vsd(&["serve", "--bootstrap", "--listen", "0.0.0.0:7400", "--data-dir"]).arg(dir.path().join("n")));
    said.fails(3, "VS-E0301");
    assert!(said.err.contains("--insecure") && !dir.path().join("n").exists(), "{said}");
}

#[test]
fn wrong_configuration_is_told_with_its_place() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("vsd.toml");
    let check = |text: &str| {
        fs::write(&file, text).expect("written");
        run(vsd(&["check-config"]).arg(&file))
    };
    for (text, place) in [
        ("[upload]\n\nconcurency = 2\n", "3"),
        ("[upload]\nconcurrency = 0\n", "2"),
        ("[media]\n# much\nmemory_max = \"much\"\n", "3"),
        ("[node]\nlisten = \"nowhere\"\n", "2"),
        ("[log]\nlevel = \"info\"\nlevel = \"debug\"\n", "3"),
        ("[node\n", "1"),
        ("[storage]\nfull_percent = 50\n[upload]\nspool_full_percent = 60\n", "4"),
    ] {
        let said = check(text);
        said.fails(3, "VS-E0301");
        let line =
            |sep: &str| said.err.contains(&format!("line{sep}{place}")) || said.err.contains(&format!(":{place}:"));
        assert!(line(" "), "line {place}: {said}");
    }
    run(vsd(&["check-config"]).arg(dir.path().join("missing.toml"))).fails(3, "VS-E0301");
    let _ = check("[upload]\nconcurrency = 2\n").ok();
    run(vsd(&["check-config"]).env("VSD_UPLOAD_CONCURRENCY", "many")).fails(3, "VS-E0301");
    run(vsd(&["serve", "--set", "upload.nonsense=1"]).current_dir(&dir)).fails(3, "VS-E0301");
    run(vsd(&["serve", "--set", "nonsense"]).current_dir(&dir)).fails(2, "VS-E0201");

    let effective = run(vsd(&["check-config", "--print-effective"]).arg(&file).env("VSD_UPLOAD_CONCURRENCY", "3")).ok();
    assert!(effective.out().contains("concurrency = 3"), "the environment is above the file: {effective}");
    let again = check(&effective.out()).ok();
    assert!(again.err.is_empty(), "{again}");
    let printed = run(vsd(&["check-config", "--print-effective"]).arg(&file)).ok();
    assert_eq!(printed.out(), effective.out(), "what is printed is a configuration");
}

#[test]
fn a_stopped_node_keeps_everything() {
    let mut node = Node::start(&[]);
    let film = Clip::Film.path();
    let video = node.tools().upload(&film, &["--title", "Kept"]);
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        assert_eq!(node.stop(signal), 128 + signal as i32, "{signal}");
        assert!(http::get(node.addr(), "/livez").is_none(), "the port is closed");
        node.restart();
        assert_eq!(node.tools().show("Kept")["id"], video.id.as_str());
    }
    assert_eq!(node.tools().download(&video.id, &node.work().join("back.mp4")), sha256(&film));
    // In the middle of an upload too; the client goes on by itself once the node is back.
    let heavy = Clip::Heavy.path();
    let mut command = node.tools().command("vsctl");
    let upload = start(command.args(["upload", "-o", "jsonl", "--bwlimit", "12MiB/s"]).arg(&heavy), None);
    wait_for("the upload to be under way", || (node.spool_bytes() > 4 << 20).then_some(()));
    let _ = node.stop(Signal::SIGTERM);
    node.restart();
    let told = upload.wait().ok().json_lines();
    assert_eq!(told[0]["status"], "ready");
    let id = told[0]["video_id"].as_str().expect("an id");
    assert_eq!(node.tools().download(id, &node.work().join("back.mp4")), sha256(&heavy));
    node.await_tidy();
}

#[test]
fn a_library_for_trying_things_out_comes_and_goes() {
    let dir = tempfile::tempdir().expect("a folder");
    let library = dir.path().join("library");
    let run_dev = |keep: &[&str], signal: Signal| {
        let node = Node::start(&[]);
        let port = node.addr().rsplit_once(':').expect("a port").1.to_owned();
        drop(node);
        let mut command = vsd(&["dev", "--port", &port, "--dir"]);
        let dev = start(command.arg(&library).args(keep).env("HOME", dir.path()), None);
        let addr = format!("127.0.0.1:{port}");
        wait_for("the library", || http::get(&addr, "/readyz").filter(|answer| answer.status == 200));
        let id = i32::try_from(dev.pid()).expect("a process id");
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), signal).expect("it can be asked");
        let said = dev.wait();
        assert_eq!(said.code, 128 + signal as i32, "{said}");
        // The line may be cut off when the signal came first, which is no harm.
        assert!(said.out().is_empty() || said.out() == format!("ready {addr}\n"), "{said}");
        assert!(http::get(&addr, "/livez").is_none(), "the node ends with it");
    };
    run_dev(&[], Signal::SIGINT);
    assert!(!library.join("n1").exists(), "removed");
    run_dev(&["--keep"], Signal::SIGTERM);
    assert!(library.join("n1/node.toml").exists(), "kept as asked");
    run_dev(&[], Signal::SIGINT);
    assert!(library.join("n1/node.toml").exists(), "what was there before is not its to remove");
}

/// The first chunk of a film's original, by way of the public interface alone: its bytes are the film's first 2 MiB.
fn put_chunk(node: &Node, asset: u64, bytes: &[u8]) -> (String, Answer) {
    let path = format!("/chunk/{asset}/{}", sha256_of(bytes));
    let answer = http::ask(node.addr(), "PUT", &path, &[("VS-Index", "0")], bytes).expect("an answer");
    (path, answer)
}

#[test]
fn chunks_are_put_and_got_and_never_deleted_over_http() {
    let node = Node::start(&[]);
    let video = node.tools().upload(&Clip::Film.path(), &[]);
    let asset = node.tools().show(&video.id)["asset"].as_u64().expect("an asset");
    let film = fs::read(Clip::Film.path()).expect("a clip");
    let ask = |method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]| {
        http::ask(node.addr(), method, path, headers, body).expect("an answer")
    };

    // The original is cut into near-equal chunks, which anybody can name who has the film.
    let count = film.len().div_ceil(CHUNK_BYTES_MAX);
    let sizes = [film.len().div_ceil(count), CHUNK_BYTES_MAX];
    let found = sizes.into_iter().map(|size| &film[..size.min(film.len())]).find_map(|chunk| {
        let path = format!("/chunk/{asset}/{}", sha256_of(chunk));
        (ask("GET", &path, &[], &[]).status == 200).then_some((path, chunk))
    });
    let (path, chunk) = found.expect("the first chunk of the original is there under its hash");
    let whole = ask("GET", &path, &[], &[]);
    assert_eq!(whole.body, chunk);
    let tag = whole.header("etag").expect("a tag").to_owned();
    assert!(whole.header("cache-control").is_some_and(|value| value.contains("immutable")), "{whole:?}");
    assert_eq!(ask("GET", &path, &[("If-None-Match", &tag)], &[]).status, 304);
    let part = ask("GET", &path, &[("Range", "bytes=100-199")], &[]);
    assert_eq!((part.status, part.body.as_slice()), (206, &chunk[100..200]));
    assert_eq!(part.header("content-range"), Some(format!("bytes 100-199/{}", chunk.len()).as_str()));
    assert_eq!(ask("GET", &path, &[("Range", "bytes=-10")], &[]).body, chunk[chunk.len() - 10..]);
    assert_eq!(ask("GET", &path, &[("Range", "bytes=99999999-")], &[]).status, 416);
    let head = ask("HEAD", &path, &[], &[]);
    assert_eq!((head.status, head.header("content-length")), (200, Some(chunk.len().to_string().as_str())));

    for method in ["DELETE", "POST", "PATCH"] {
        assert!(matches!(ask(method, &path, &[], &[]).status, 404 | 405), "{method}");
    }
    assert_eq!(ask("GET", &path, &[], &[]).body, chunk, "still there");
    assert_eq!(put_chunk(&node, asset, chunk).1.status, 200, "there already");
    let (fresh, created) = put_chunk(&node, asset, b"a new chunk");
    assert_eq!((created.status, ask("GET", &fresh, &[], &[]).body.as_slice()), (201, &b"a new chunk"[..]));
    assert_eq!(ask("PUT", &path, &[("VS-Index", "0")], b"something else").status, 422);
    assert_eq!(ask("GET", &path, &[], &[]).body, chunk, "unchanged");
    let long = vec![7; CHUNK_BYTES_MAX + 1];
    assert_eq!(put_chunk(&node, asset, &long).1.status, 413);
    assert_eq!(put_chunk(&node, asset, &long[1..]).1.status, 201, "2 MiB are a chunk");
    for path in ["/chunk/x/y".to_owned(), format!("/chunk/{asset}/00"), format!("/chunk/-1/{}", sha256_of(b""))] {
        assert_eq!(ask("GET", &path, &[], &[]).status, 400, "{path}");
    }
    assert_eq!(ask("GET", &format!("/chunk/{asset}/{}", sha256_of(b"nowhere")), &[], &[]).status, 404);
    for (path, status) in
        [("/livez", 200), ("/readyz", 200), ("/metrics", 200), ("/ping", 200), ("/", 404), ("/../etc/passwd", 404)]
    {
        assert_eq!(ask(if path == "/ping" { "HEAD" } else { "GET" }, path, &[], &[]).status, status, "{path}");
    }
}

#[tokio::test]
async fn health_and_reflection_are_served() {
    use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
    use tonic_reflection::pb::v1::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
    };
    let node = Node::start(&[]);
    let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{}", node.addr())).expect("an address");
    let channel = endpoint.connect().await.expect("a connection");
    for service in ["", "vs.v1.Meta", "vs.v1.Upload", "vs.v1.Admin", "vs.v1.Cluster"] {
        let request = HealthCheckRequest { service: service.to_owned() };
        let answer = HealthClient::new(channel.clone()).check(request).await;
        assert_eq!(answer.map(|answer| answer.into_inner().status()).ok(), Some(ServingStatus::Serving), "{service}");
    }
    let list = MessageRequest::ListServices(String::new());
    let ask = ServerReflectionRequest { host: String::new(), message_request: Some(list) };
    let stream = ServerReflectionClient::new(channel).server_reflection_info(tokio_stream::once(ask)).await;
    let mut stream = stream.expect("reflection").into_inner();
    let answer = stream.message().await.expect("an answer").expect("one message").message_response;
    let Some(MessageResponse::ListServicesResponse(list)) = answer else { panic!("{answer:?}") };
    let names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    for service in ["vs.v1.Meta", "vs.v1.Upload", "vs.v1.Admin", "vs.v1.Cluster", "grpc.health.v1.Health"] {
        assert!(names.iter().any(|name| name == service), "{service} is not among {names:?}");
    }
}

/// A hostile or confused client hurts nobody else.
#[test]
fn noise_on_the_port_does_no_harm() {
    use std::io::{Read, Write};
    let mut node = Node::start(&[]);
    let noises: &[&[u8]] = &[
        b"\0\0\0\0\0\0\0\0",
        b"GET / HTTP/1.1\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff",
        b"PUT /chunk/1/aa HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ];
    for noise in noises {
        let mut stream = std::net::TcpStream::connect(node.addr()).expect("a connection");
        stream.write_all(noise).expect("sent");
        stream.shutdown(std::net::Shutdown::Write).expect("half closed");
        let _ = stream.read_to_end(&mut Vec::new());
    }
    let held: Vec<_> = (0..50).map(|_| std::net::TcpStream::connect(node.addr()).expect("a connection")).collect();
    let _ = node.tools().upload(&Clip::Short.path(), &[]);
    drop(held);
    node.assert_alive();
    assert!(!node.log().contains("panicked"), "{}", node.log());
}
