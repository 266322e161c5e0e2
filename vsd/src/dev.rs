//! `vsd dev`: a library for trying things out. Runs the real `vsd serve` as children, so that what is tried is what is used.
//!
//! The first node begins the cluster and the others join it; `ready` is said once all of them serve and as many vote as
//! should, so that what comes next already survives the death of a node where there are three.
//!
//! Its nodes, and no others, take faults from labs (`vsctl lab`). What needs the processes themselves is asked of the
//! [`supervisor`].

mod node;
mod supervisor;

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Args;
use nix::sys::signal::Signal;
use vs_core::error::{Code, Exit, Failure};
use vs_wire::v1;

use self::{node::Node, supervisor::supervise};

/// Nodes that one machine is asked to run.
const NODES_MAX: i64 = 16;
/// How long the library may take to have its voters.
const VOTERS_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a node may take to become ready.
const READY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a node may take to stop before it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    /// Nodes to run, on ports that follow one another
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=NODES_MAX))]
    nodes: u16,
    /// Where to keep the library; a folder for temporary files otherwise
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Leave the library there when this ends
    #[arg(long)]
    keep: bool,
    /// Port of the first node
    #[arg(long, default_value_t = vs_core::limit::PORT, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
}

#[allow(clippy::print_stderr, reason = "what to do next")]
pub(crate) fn main(args: &DevArgs) -> Result<Exit, Failure> {
    let failed = |what: &str, error: std::io::Error| Failure::new(Code::LocalFile, what).because(error);
    let signals = signals().map_err(|error| failed("signals cannot be awaited", error))?;
    let addrs = addrs(args)?;
    addrs.iter().try_for_each(|addr| check_free(addr))?;
    let dir = args.dir.clone().unwrap_or_else(|| std::env::temp_dir().join(format!("vsd-dev-{}", std::process::id())));
    let existed = dir.exists();
    let dirs: Vec<_> = (1..=args.nodes).map(|nth| dir.join(format!("n{nth}"))).collect();
    // What was there before is somebody's library, and not this one's to remove.
    let ours = !dirs.iter().any(|dir| dir.exists());
    for dir in &dirs {
        std::fs::create_dir_all(dir).map_err(|error| failed("the library's folder cannot be made", error))?;
    }

    let is_new = !dirs[0].join("node.toml").exists();
    let (supervisor, asks) = supervisor::serve()?;
    let node = |(nth, (addr, dir)): (usize, (&String, &PathBuf))| {
        let join = (nth > 0).then(|| addrs[0].clone());
        Node::new(addr.clone(), dir.clone(), join, supervisor)
    };
    let mut nodes: Vec<_> = addrs.iter().zip(&dirs).enumerate().map(node).collect();
    let ended = match start(&mut nodes, is_new, &signals) {
        Ok(Some(signal)) => stop_all(nodes).map(|()| exit_of(signal)),
        Ok(None) => {
            // Whether anybody reads it does not matter to the library.
            let _ = crate::cli::print(&format!("ready {}\n", addrs[0]));
            let endpoint = if args.port == vs_core::limit::PORT { String::new() } else { format!(" -e {}", addrs[0]) };
            let kept = if args.keep || !ours { "" } else { ", removed when this ends" };
            eprintln!("library in {}{kept}", dir.display());
            eprintln!("next: vsctl{endpoint} upload FILM.mp4     then: vsplay{endpoint} @last     Ctrl-C ends it");
            if nodes.len() > 1 {
                let first = nodes[0].pid().unwrap_or_default();
                eprintln!("also: vsctl{endpoint} cluster status     or: kill -9 {first}");
            }
            if nodes.len() > 2 {
                eprintln!("      vsctl{endpoint} lab chaos");
            }
            supervise(nodes, &signals, &asks)
        }
        Err(failure) => stop_all(nodes).and(Err(failure)),
    };
    // what is left after something went wrong is worth a look
    if ended.is_err() {
        eprintln!("the library is left in {}", dir.display());
    } else if ours && !args.keep {
        let owned = if existed { dirs } else { vec![dir] };
        for own in owned {
            std::fs::remove_dir_all(own).map_err(|error| failed("the library cannot be removed", error))?;
        }
    }
    ended
}

fn addrs(args: &DevArgs) -> Result<Vec<String>, Failure> {
    let ports = (0..args.nodes).map(|nth| args.port.checked_add(nth));
    let ports: Option<Vec<_>> = ports.collect();
    let ports = ports.ok_or_else(|| Failure::new(Code::Invalid, "there are not so many ports"))?;
    Ok(ports.into_iter().map(|port| format!("127.0.0.1:{port}")).collect())
}

/// Starts the nodes, the first one first, and waits until the library is ready. A signal that came meanwhile ends that.
fn start(nodes: &mut [Node], is_new: bool, signals: &Signals) -> Result<Option<Signal>, Failure> {
    for nth in 0..nodes.len() {
        nodes[nth].start()?;
        // a new one is asked by the others, an old one needs them
        if is_new
            && nth == 0
            && let Some(signal) = wait_ready(&mut nodes[0], signals)?
        {
            return Ok(Some(signal));
        }
    }
    for node in nodes.iter_mut() {
        if let Some(signal) = wait_ready(node, signals)? {
            return Ok(Some(signal));
        }
    }
    wait_complete(nodes, signals)
}

/// Waits until as many nodes vote, and as many store, as are to.
fn wait_complete(nodes: &[Node], signals: &Signals) -> Result<Option<Signal>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Code::Internal, "no threads").because(error))?;
    let voters = match nodes.len() {
        0..=2 => 1,
        3..=4 => 3,
        _ => 5,
    };
    let started = Instant::now();
    while started.elapsed() < VOTERS_TIMEOUT {
        if let Ok(signal) = signals.recv_timeout(Duration::from_millis(50)) {
            return Ok(Some(signal));
        }
        let state = runtime.block_on(async {
            let client = vs_client::Client::connect(&[nodes[0].addr.clone()], READY_TIMEOUT).await?;
            let request = v1::StatusRequest::default();
            vs_client::channel::call(READY_TIMEOUT, client.admin().status(request)).await
        });
        let stores = |node: &&v1::NodeInfo| node.weight_milli > 0;
        if state.is_ok_and(|status| {
            status.cluster.is_some_and(|cluster| cluster.voters == voters)
                && status.nodes.iter().filter(stores).count() >= nodes.len()
        }) {
            return Ok(None);
        }
    }
    Err(Failure::new(
        Code::Timeout,
        format!("the nodes did not become one cluster of {voters} voters that all store in time"),
    ))
}

type Signals = std::sync::mpsc::Receiver<Signal>;

/// Signals that end the library, as they come.
fn signals() -> std::io::Result<Signals> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            let signal = crate::run::stop_signal().await;
            let _ = sender.send(signal);
            // A second one, from an impatient person, finds nobody waiting and changes nothing: the node is already stopping.
            std::future::pending::<()>().await;
        });
    })?;
    Ok(receiver)
}

/// Somebody else's library on the port would look like a node of ours that is ready.
fn check_free(addr: &str) -> Result<(), Failure> {
    std::net::TcpListener::bind(addr).map(drop).map_err(|error| {
        Failure::new(Code::Conflict, format!("cannot listen on {addr}"))
            .because(error)
            .hint("name another port with `vsd dev --port 7410`")
    })
}

/// Waits until the node answers; a signal that came meanwhile ends the wait.
fn wait_ready(node: &mut Node, signals: &Signals) -> Result<Option<Signal>, Failure> {
    let started = Instant::now();
    while started.elapsed() < READY_TIMEOUT {
        if let Ok(signal) = signals.recv_timeout(Duration::from_millis(20)) {
            return Ok(Some(signal));
        }
        if let Some(status) = node.reap() {
            return Err(Failure::new(Code::Internal, "a node ended before it was ready")
                .because(format!("{}  {status}", node.addr)));
        }
        if is_ready(&node.addr) {
            return Ok(None);
        }
    }
    Err(Failure::new(Code::Timeout, format!("{} was not ready within {} s", node.addr, READY_TIMEOUT.as_secs())))
}

fn is_ready(addr: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(addr)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: vsd\r\nconnection: close\r\n\r\n")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        Ok(answer.ends_with(b"200"))
    };
    ask().unwrap_or(false)
}

/// Stops all nodes at once; those that take too long are killed.
fn stop_all(mut nodes: Vec<Node>) -> Result<(), Failure> {
    let started = Instant::now();
    nodes.iter_mut().for_each(Node::terminate);
    while started.elapsed() < STOP_TIMEOUT {
        for node in &mut nodes {
            node.reap();
        }
        nodes.retain(Node::is_there);
        if nodes.is_empty() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    nodes.iter_mut().for_each(Node::kill);
    Err(Failure::new(Code::Timeout, format!("{} nodes did not stop in time and were killed", nodes.len())))
}

fn exit_of(signal: Signal) -> Exit {
    if signal == Signal::SIGTERM { Exit::Terminated } else { Exit::Interrupted }
}
