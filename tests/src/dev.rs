//! A library that `vsd dev` runs, as a person does who tries things out.

use std::{
    io::{BufRead, BufReader},
    net::Ipv4Addr,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

use crate::{Tools, node::free_port, program};

/// Starts on other ports, should somebody else be faster to take one.
const ATTEMPTS: usize = 10;
/// How long it may take to stop its nodes.
const STOP_PATIENCE: Duration = Duration::from_secs(60);

/// A `vsd dev` that runs; ends with the value, and its nodes with it.
#[derive(Debug)]
pub struct Dev {
    child: Child,
    tools: Tools,
    root: TempDir,
}

impl Dev {
    /// Starts it with so many nodes, and waits until it says that it is ready.
    #[must_use]
    pub fn start(nodes: u16) -> Self {
        let root = TempDir::with_prefix("vs-test-").expect("a temporary folder");
        let home = root.path().join("home");
        std::fs::create_dir(&home).expect("a new folder");
        for _ in 0..ATTEMPTS {
            let mut command = program::bare(program::path("vsd"));
            let port = free_port(Ipv4Addr::LOCALHOST).to_string();
            command.args(["dev", "--nodes", &nodes.to_string(), "--port", &port]);
            command.arg("--dir").arg(root.path().join("library"));
            let log = std::fs::File::create(root.path().join("log")).expect("a log");
            command.env("HOME", &home).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
            let mut child = command.spawn().expect("vsd starts");
            let mut line = String::new();
            let _ = BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line);
            if let Some(addr) = line.strip_prefix("ready ") {
                let tools = Tools::new(&home, addr.trim().to_owned());
                return Self { child, tools, root };
            }
            let _ = child.wait();
        }
        panic!("vsd dev does not start: {}", std::fs::read_to_string(root.path().join("log")).unwrap_or_default());
    }

    /// The programs, set up to talk to its first node.
    #[must_use]
    pub fn tools(&self) -> &Tools {
        &self.tools
    }

    /// What it and its nodes said.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.root.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a process id"));
        let _ = kill(pid, Signal::SIGTERM);
        let began = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && began.elapsed() < STOP_PATIENCE {
            std::thread::sleep(crate::POLL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- what vsd dev said\n{}", self.log());
        }
    }
}
