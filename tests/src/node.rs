//! One `vsd serve` in a temporary folder, from the first start over any number of crashes to its end.

use std::{
    fs::{self, OpenOptions},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    time::Instant,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

use crate::{
    POLL, Tools, http,
    process::{Process, descendants, memory_peak_bytes},
    program::{self, PATIENCE, code_of},
    wait_for, wait_for_none,
};

/// Ports that are handed out. They lie below those the kernel gives to outgoing connections, which would otherwise take the port of
/// a node that is down for a moment.
const PORTS: std::ops::Range<u16> = 12_000..32_000;
/// Starts of a node on another port, should somebody else be faster to take one.
const ATTEMPTS: usize = 5;
/// Lines of a node's log that are shown when a test fails.
const LOG_LINES_SHOWN: usize = 40;

/// A running node and everything that belongs to it: its data directory, its log, and a home for those who talk to it.
#[derive(Debug)]
pub struct Node {
    root: TempDir,
    tools: Tools,
    sets: Vec<String>,
    child: Option<Child>,
}

impl Node {
    /// Begins a cluster of one with these `key=value` settings, and waits until it is ready.
    #[must_use]
    pub fn start(sets: &[&str]) -> Self {
        let root = TempDir::with_prefix("vs-test-").expect("a temporary folder");
        for part in ["home", "tmp", "work"] {
            fs::create_dir(root.path().join(part)).expect("a new folder");
        }
        let sets = sets.iter().map(|set| (*set).to_owned()).collect();
        let tools = Tools::new(&root.path().join("home"), String::new());
        let mut node = Self { root, tools, sets, child: None };
        for _ in 0..ATTEMPTS {
            let addr = format!("127.0.0.1:{}", free_port());
            node.tools = node.tools.at(&addr);
            node.launch();
            if node.becomes_ready() {
                return node;
            }
            node.child = None;
            assert!(node.log().contains("cannot listen"), "the node does not start");
        }
        panic!("no port is free");
    }

    /// The programs, set up to talk to this node.
    #[must_use]
    pub fn tools(&self) -> &Tools {
        &self.tools
    }

    #[must_use]
    pub fn addr(&self) -> &str {
        self.tools.endpoint()
    }

    /// The data directory.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.root.path().join("library")
    }

    /// A folder for the files of the test.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// `vsd serve` as this node is started.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = program::bare(program::path("vsd"));
        command.args(["serve", "--bootstrap", "--listen", self.addr(), "--data-dir"]).arg(self.data_dir());
        command.args(self.sets.iter().flat_map(|set| ["--set", set]));
        command.env("HOME", self.root.path().join("home")).env("TMPDIR", self.root.path().join("tmp"));
        command
    }

    /// Starts the process, and does not wait for it to be ready.
    pub fn launch(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let log = OpenOptions::new().create(true).append(true).open(self.log_path()).expect("a log");
        let child = self.command().stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        self.child = Some(child.expect("vsd starts"));
    }

    fn becomes_ready(&mut self) -> bool {
        let addr = self.addr().to_owned();
        let child = self.child.as_mut().expect("it was started");
        wait_for("the node to be ready", || match child.try_wait() {
            Ok(Some(_)) => Some(false),
            _ => http::get(&addr, "/readyz").is_some_and(|answer| answer.status == 200).then_some(true),
        })
    }

    /// Waits until it serves.
    pub fn await_ready(&mut self) {
        assert!(self.becomes_ready(), "the node ended instead of becoming ready");
    }

    /// Starts it again after it was killed or stopped.
    pub fn restart(&mut self) {
        self.launch();
        self.await_ready();
    }

    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the node runs").id()
    }

    /// Ends it as a power cut would, with everything that it started.
    pub fn kill(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let started = descendants(child.id());
        let _ = child.kill();
        let _ = child.wait();
        for process in started {
            let _ = kill(pid(process.pid), Signal::SIGKILL);
        }
    }

    /// Asks it to stop, and gives the exit status with which it did.
    pub fn stop(&mut self, signal: Signal) -> i32 {
        let mut child = self.child.take().expect("the node runs");
        kill(pid(child.id()), signal).expect("it can be asked");
        let started = Instant::now();
        loop {
            if let Ok(Some(status)) = child.try_wait() {
                return code_of(status);
            }
            if started.elapsed() > PATIENCE {
                let _ = child.kill();
                let _ = child.wait();
                panic!("the node does not stop");
            }
            std::thread::sleep(POLL);
        }
    }

    /// Requires that it has not ended since it was started.
    #[track_caller]
    pub fn assert_alive(&mut self) {
        let child = self.child.as_mut().expect("the node was started");
        assert!(matches!(child.try_wait(), Ok(None)), "the node has ended by itself");
    }

    /// What it started and has not reaped.
    #[must_use]
    pub fn children(&self) -> Vec<Process> {
        descendants(self.pid())
    }

    /// The most memory that it ever held, its children apart.
    #[must_use]
    pub fn memory_peak_bytes(&self) -> u64 {
        memory_peak_bytes(self.pid())
    }

    /// Everything it wrote to its log, over all starts.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn log_path(&self) -> PathBuf {
        self.root.path().join("vsd.log")
    }

    /// Bytes of uploads that wait to be stored.
    #[must_use]
    pub fn spool_bytes(&self) -> u64 {
        let files = files_below(&self.data_dir().join("spool"));
        files.iter().filter_map(|path| Some(fs::metadata(path).ok()?.len())).sum()
    }

    /// Waits until no upload leaves anything behind: no file in the spool, no scratch, no child.
    pub fn await_tidy(&self) {
        wait_for_none(|| {
            let mut left = files_below(&self.data_dir().join("spool"));
            left.extend(files_below(&self.root.path().join("tmp")));
            left
        });
        wait_for_none(|| self.children());
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
            eprintln!("--- the end of the log of the node at {}\n{}", self.addr(), tail.join("\n"));
        }
    }
}

fn pid(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).expect("a process id"))
}

/// Every file below a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    files
}

/// A port that nobody listens on now.
#[must_use]
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let width = u32::from(PORTS.end - PORTS.start);
    // Test programs that run side by side begin in different places.
    let own = std::process::id().wrapping_mul(97) % width;
    let port = |at: u16| {
        let offset = (own + u32::from(at)) % width;
        PORTS.start + u16::try_from(offset).expect("within the range")
    };
    let mut candidates = std::iter::repeat_with(|| port(NEXT.fetch_add(1, Ordering::Relaxed)));
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    candidates.by_ref().take(usize::from(PORTS.end - PORTS.start)).find(is_free).expect("a free port")
}
