//! GETs over HTTP/1.1 from a real `vsd`, beside nginx that sends the same bytes as files. One client asks both: threads with a
//! connection each that reads into one buffer.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use vs_core::hash::Hash;

use crate::{
    CHUNK_BYTES, Effort, Outcome,
    common::{
        disk::noise,
        server::{Server, spent_ms},
    },
    nginx,
    table::{Rounds, Row, Table, Target, in_turns, mb_per_s, say},
};

const IN_FLIGHT: [usize; 3] = [1, 16, 64];
/// The load whose target is the issue's.
const IN_FLIGHT_MAIN: usize = 16;
/// An asset that no upload has.
const ASSET: u64 = 1 << 40;
/// Longest head of an answer.
const HEAD_BYTES: usize = 4096;

pub(crate) fn measure(table: &mut Table, root: &Path, effort: Effort) -> Outcome<()> {
    let files = root.join("files");
    fs::create_dir(&files)?;
    let mut vsd = Server::vsd(&root.join("vsd"), &["--bootstrap"])?;
    vsd.start()?;
    vsd.await_ready()?;
    let (mut paths, mut names) = (Vec::new(), Vec::new());
    for nth in 0..effort.chunks {
        let bytes = noise(nth as u64, CHUNK_BYTES);
        let name = Hash::of(&bytes).to_string();
        let path = format!("/chunk/{ASSET}/{name}");
        put(vsd.addr, &path, &bytes)?;
        fs::write(files.join(&name), &bytes)?;
        paths.push(path);
        names.push(format!("/{name}"));
    }
    let nginx = match nginx::start(root, &files) {
        Ok(nginx) => Some(nginx),
        Err(why) => {
            say(&format!("nginx is not here to compare with: {why}"));
            None
        }
    };
    for in_flight in IN_FLIGHT {
        compare(table, effort, in_flight, (&vsd, &paths), nginx.as_ref().map(|nginx| (nginx, &names[..])))?;
    }
    Ok(())
}

fn compare(
    table: &mut Table,
    effort: Effort,
    in_flight: usize,
    (vsd, paths): (&Server, &[String]),
    nginx: Option<(&Server, &[String])>,
) -> Outcome<()> {
    let (mut own_cores, mut peer_cores) = (Rounds::default(), Rounds::default());
    let mut ours = |_| load(vsd.addr, vsd.pid(), paths, in_flight, effort.seconds, &mut own_cores);
    let what = format!("GET 2 MiB over HTTP/1.1, {in_flight} in flight");
    let cores = format!("  … processor time of the server, {in_flight}");
    let (row, cost) = if let Some((nginx, names)) = nginx {
        let peer = |_| load(nginx.addr, nginx.pid(), names, in_flight, effort.seconds, &mut peer_cores);
        let (ours, peer) = in_turns(effort.rounds, ours, peer)?;
        ((ours, Some(peer)), Some(("nginx", &peer_cores)))
    } else {
        let ours = (0..effort.rounds).map(&mut ours).collect::<Outcome<Rounds>>()?;
        ((ours, None), None)
    };
    table.row(&Row {
        what: &what,
        unit: "MB/s",
        ours: &row.0,
        peer: row.1.as_ref().map(|peer| ("nginx, sendfile", peer)),
        target: Some(Target::AtLeast(1.0)).filter(|_| in_flight == IN_FLIGHT_MAIN && row.1.is_some()),
    });
    table.row(&Row { what: &cores, unit: "core-ms a chunk", ours: &own_cores, peer: cost, target: None });
    Ok(())
}

/// Asks for chunks in turn for so long: MB/s. What the server's processes spent on a chunk goes to `cores`.
fn load(
    addr: SocketAddr,
    server: u32,
    paths: &[String],
    in_flight: usize,
    seconds: f64,
    cores: &mut Rounds,
) -> Outcome<f64> {
    let spent_before = spent_ms(&[server])?;
    let began = Instant::now();
    let end = began + Duration::from_secs_f64(seconds);
    let client = |nth: usize| {
        move || -> Outcome<usize> {
            let mut connection = Connection::open(addr)?;
            let mut got = 0;
            // each begins elsewhere
            for path in paths.iter().cycle().skip(nth * paths.len() / in_flight) {
                if Instant::now() >= end {
                    break;
                }
                connection.get(path)?;
                got += 1;
            }
            Ok(got)
        }
    };
    let got = thread::scope(|scope| {
        let clients: Vec<_> = (0..in_flight).map(|nth| scope.spawn(client(nth))).collect();
        let join =
            |client: thread::ScopedJoinHandle<'_, Outcome<usize>>| client.join().unwrap_or(Err("panicked".into()));
        clients.into_iter().map(join).sum::<Outcome<usize>>()
    })?;
    let took = began.elapsed();
    cores.push((spent_ms(&[server])? - spent_before) / got.max(1) as f64);
    Ok(mb_per_s(got * CHUNK_BYTES, took))
}

/// A connection that is kept, and the buffer that everything is read into.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    fn open(addr: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; HEAD_BYTES + CHUNK_BYTES] })
    }

    fn get(&mut self, path: &str) -> Outcome<()> {
        self.stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n").as_bytes())?;
        let (mut filled, mut wanted) = (0, None);
        while wanted.is_none_or(|wanted| filled < wanted) {
            match self.stream.read(&mut self.buffer[filled..])? {
                0 => return Err(format!("{path}: the server closed the connection").into()),
                read => filled += read,
            }
            if wanted.is_none() {
                wanted = answer_bytes(&self.buffer[..filled], path)?;
            }
        }
        Ok(())
    }
}

/// Bytes of an answer, head and body, once its head is there.
fn answer_bytes(begin: &[u8], path: &str) -> Outcome<Option<usize>> {
    let Some(end) = begin.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = String::from_utf8_lossy(&begin[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).map(|value| value.trim().parse());
    match length {
        Some(Ok(CHUNK_BYTES)) if head.starts_with("http/1.1 200") => Ok(Some(end + 4 + CHUNK_BYTES)),
        _ => Err(format!("{path}: {head}").into()),
    }
}

fn put(addr: SocketAddr, path: &str, body: &[u8]) -> Outcome<()> {
    let mut stream = TcpStream::connect(addr)?;
    let length = body.len();
    let head = format!("PUT {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 201") { Ok(()) } else { Err(format!("{path}: {answer}").into()) }
}
