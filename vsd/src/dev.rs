//! `vsd dev`: a library for trying things out. Runs the real `vsd serve` as a child, so that what is tried is what is used.

use std::{
    io::{Read, Write},
    net::TcpStream,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use clap::Args;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use vs_core::error::{Code, Exit, Failure};

/// How long a node may take to become ready.
const READY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a node may take to stop before it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    /// Nodes to run; this release runs one
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1))]
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
    let addr = format!("127.0.0.1:{}", args.port);
    check_free(&addr)?;
    let dir = args.dir.clone().unwrap_or_else(|| std::env::temp_dir().join(format!("vsd-dev-{}", std::process::id())));
    let existed = dir.exists();
    let node_dir = dir.join("n1");
    // What was there before is somebody's library, and not this one's to remove.
    let ours = !node_dir.exists();
    std::fs::create_dir_all(&node_dir).map_err(|error| failed("the library's folder cannot be made", error))?;
    debug_assert_eq!(args.nodes, 1, "bounded by the parser");

    let mut node = spawn(&node_dir, &addr)?;
    let ready = wait_ready(&mut node, &addr, &signals);
    let ended = match ready {
        Ok(Some(signal)) => stop(&mut node).map(|()| exit_of(signal)),
        Ok(None) => {
            // Whether anybody reads it does not matter to the library.
            let _ = crate::cli::print(&format!("ready {addr}\n"));
            let endpoint = if args.port == vs_core::limit::PORT { String::new() } else { format!(" -e {addr}") };
            eprintln!(
                "library in {}{}",
                dir.display(),
                if args.keep || !ours { "" } else { ", removed when this ends" }
            );
            eprintln!("next: vsctl{endpoint} upload FILM.mp4     then: vsplay{endpoint} @last     Ctrl-C ends it");
            supervise(&mut node, &signals)
        }
        Err(failure) => stop(&mut node).and(Err(failure)),
    };
    if ours && !args.keep {
        let own = if existed { &node_dir } else { &dir };
        std::fs::remove_dir_all(own).map_err(|error| failed("the library cannot be removed", error))?;
    }
    ended
}

/// Signals that end the library, as they come.
fn signals() -> std::io::Result<std::sync::mpsc::Receiver<Signal>> {
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

fn spawn(dir: &std::path::Path, addr: &str) -> Result<Child, Failure> {
    let failed = |error: std::io::Error| Failure::new(Code::Internal, "vsd cannot be started").because(error);
    let program = std::env::current_exe().map_err(failed)?;
    let mut command = Command::new(program);
    command.args(["serve", "--bootstrap", "--listen", addr, "--data-dir"]).arg(dir).stdin(Stdio::null());
    // Its own group: a Ctrl-C of the terminal reaches this process, which then stops the node in order.
    command.process_group(0);
    if std::env::var_os("VSD_LOG_LEVEL").is_none() {
        command.env("VSD_LOG_LEVEL", "warn");
    }
    command.spawn().map_err(failed)
}

/// Waits until the node answers; a signal that came meanwhile ends the wait.
fn wait_ready(
    node: &mut Child,
    addr: &str,
    signals: &std::sync::mpsc::Receiver<Signal>,
) -> Result<Option<Signal>, Failure> {
    let started = Instant::now();
    while started.elapsed() < READY_TIMEOUT {
        if let Ok(signal) = signals.recv_timeout(Duration::from_millis(20)) {
            return Ok(Some(signal));
        }
        if let Ok(Some(status)) = node.try_wait() {
            return Err(Failure::new(Code::Internal, "the node ended before it was ready").because(status));
        }
        if is_ready(addr) {
            return Ok(None);
        }
    }
    Err(Failure::new(Code::Timeout, format!("the node was not ready within {} s", READY_TIMEOUT.as_secs())))
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

fn supervise(node: &mut Child, signals: &std::sync::mpsc::Receiver<Signal>) -> Result<Exit, Failure> {
    loop {
        if let Ok(signal) = signals.recv_timeout(Duration::from_millis(200)) {
            stop(node)?;
            return Ok(exit_of(signal));
        }
        if let Ok(Some(status)) = node.try_wait() {
            return Err(Failure::new(Code::Internal, "the node ended by itself").because(status));
        }
    }
}

fn stop(node: &mut Child) -> Result<(), Failure> {
    let pid = Pid::from_raw(i32::try_from(node.id()).unwrap_or(i32::MAX));
    let started = Instant::now();
    let _ = kill(pid, Signal::SIGTERM);
    while started.elapsed() < STOP_TIMEOUT {
        if matches!(node.try_wait(), Ok(Some(_))) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = node.kill();
    let _ = node.wait();
    Err(Failure::new(Code::Timeout, "the node did not stop in time and was killed"))
}

fn exit_of(signal: Signal) -> Exit {
    if signal == Signal::SIGTERM { Exit::Terminated } else { Exit::Interrupted }
}
