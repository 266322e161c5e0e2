//! One `vsd serve` in a temporary folder, from the first start over any number of crashes to its end.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::Write,
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
    raft_trace, wait_for, wait_for_none,
};

/// Ports that are handed out. They lie below those the kernel gives to outgoing connections, which would otherwise take the port of
/// a node that is down for a moment.
const PORTS: std::ops::Range<u16> = 12_000..32_000;
/// Starts of a node on another port, should somebody else be faster to take one.
const ATTEMPTS: usize = 5;
/// Lines of a node's log that are shown when a test fails.
const LOG_LINES_SHOWN: usize = 40;

/// What stands in a node's log where its process was started; a line that a kill cut short ends before it.
pub(crate) const STARTS: &str = "--- vsd starts";
/// What follows that when the process finds no data directory: it becomes another node.
pub(crate) const IS_NEW: &str = " as a new node";

/// What a node does that has no data directory yet.
#[derive(Clone, Debug)]
pub enum Begin {
    /// Begins a cluster.
    Bootstrap,
    /// Joins the cluster that a node at this address is of.
    Join(String),
}

/// A running node and everything that belongs to it: its data directory, its log, and a home for those who talk to it.
#[derive(Debug)]
pub struct Node {
    folder: PathBuf,
    begin: Begin,
    tools: Tools,
    sets: Vec<String>,
    /// A command that runs it, should it not run by itself.
    under: Vec<String>,
    child: Option<Child>,
    /// Removed at the end, when it is this node's alone.
    _root: Option<TempDir>,
}

impl Node {
    /// Begins a cluster of one with these `key=value` settings, and waits until it is ready.
    #[must_use]
    pub fn start(sets: &[&str]) -> Self {
        let root = TempDir::with_prefix("vs-test-").expect("a temporary folder");
        let mut node = Self::within(root.path().to_owned(), Some(root), Begin::Bootstrap, sets);
        node.start_at(Ipv4Addr::LOCALHOST, |_| ());
        node
    }

    /// A node that lives in this folder and was never started.
    pub(crate) fn new(folder: PathBuf, begin: Begin, sets: &[&str]) -> Self {
        Self::within(folder, None, begin, sets)
    }

    fn within(folder: PathBuf, root: Option<TempDir>, begin: Begin, sets: &[&str]) -> Self {
        for part in ["home", "tmp", "work"] {
            fs::create_dir_all(folder.join(part)).expect("a new folder");
        }
        let sets = sets.iter().map(|set| (*set).to_owned()).collect();
        let tools = Tools::new(&folder.join("home"), String::new());
        Self { folder, begin, tools, sets, under: Vec::new(), child: None, _root: root }
    }

    /// Starts it for the first time, at any free port of this address, which is told before it is ready.
    pub(crate) fn start_at(&mut self, ip: Ipv4Addr, mut told: impl FnMut(&str)) {
        for _ in 0..ATTEMPTS {
            let addr = format!("{ip}:{}", free_port(ip));
            told(&addr);
            self.tools = self.tools.at(&addr);
            self.launch();
            if self.becomes_ready() {
                return;
            }
            self.child = None;
            assert!(self.log().contains("cannot listen"), "the node does not start");
        }
        panic!("no port is free");
    }

    /// What it does when it finds no data directory from now on.
    pub fn begins(&mut self, begin: Begin) {
        self.begin = begin;
    }

    /// Ends it as a power cut would, and takes its data directory away: when it is started again, it is a new node.
    pub fn wipe(&mut self) {
        self.kill();
        fs::remove_dir_all(self.data_dir()).expect("removed");
    }

    /// Takes away every chunk of a node that does not run: a new disk is in the place of a lost one.
    pub fn lose_chunks(&self) {
        let folder = self.data_dir().join("chunks");
        fs::remove_dir_all(&folder).and_then(|()| fs::create_dir(&folder)).expect("an empty folder");
        fs::write(folder.join("dir.new"), "").expect("it is said to be new");
    }

    /// Is started with this `key=value` setting, too, from now on.
    pub fn with(&mut self, set: &str) {
        self.sets.push(set.to_owned());
    }

    /// Every figure of `/metrics`, by name and labels.
    #[must_use]
    pub fn figures(&self) -> BTreeMap<String, f64> {
        let text = http::get(self.addr(), "/metrics").expect("an answer").body;
        let text = String::from_utf8(text).expect("text");
        let figure = |line: &str| {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            (name.to_owned(), value.parse().expect("a number"))
        };
        text.lines().filter(|line| !line.starts_with('#')).map(figure).collect()
    }

    /// Is run by this command from now on.
    pub fn runs_under(&mut self, command: &[&str]) {
        self.under = command.iter().map(|part| (*part).to_owned()).collect();
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
        self.folder.join("library")
    }

    /// A folder for the files of the test.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    /// `vsd serve` as this node is started.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut line = self.under.iter().map(PathBuf::from).chain([program::path("vsd")]);
        let mut command = program::bare(line.next().expect("it has a program"));
        command.args(line).args(["serve", "--listen", self.addr(), "--data-dir"]).arg(self.data_dir());
        match &self.begin {
            Begin::Bootstrap => command.arg("--bootstrap"),
            Begin::Join(addr) => command.args(["--join", addr]),
        };
        command.args(self.sets.iter().flat_map(|set| ["--set", set]));
        command.env("HOME", self.folder.join("home")).env("TMPDIR", self.folder.join("tmp"));
        command
    }

    /// Starts the process, and does not wait for it to be ready.
    pub fn launch(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let mut log = OpenOptions::new().create(true).append(true).open(self.log_path()).expect("a log");
        let is_new = if self.data_dir().exists() { "" } else { IS_NEW };
        log.write_all(format!("\n{STARTS}{is_new}\n").as_bytes()).expect("written");
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

    /// Sends it a signal that does not end it.
    pub fn signal(&self, signal: Signal) {
        kill(pid(self.pid()), signal).expect("it runs");
    }

    /// Whether it was started, and not killed nor stopped since.
    #[must_use]
    pub fn is_started(&self) -> bool {
        self.child.is_some()
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
        self.folder.join("vsd.log")
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
            left.extend(files_below(&self.folder.join("tmp")));
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
            let lines: Vec<_> = log.lines().filter(|line| !line.contains(raft_trace::TARGET)).collect();
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

/// A port of this address that nobody listens on now.
#[must_use]
pub(crate) fn free_port(ip: Ipv4Addr) -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let width = u32::from(PORTS.end - PORTS.start);
    // Test programs that run side by side begin in different places.
    let own = std::process::id().wrapping_mul(97) % width;
    let port = |at: u16| {
        let offset = (own + u32::from(at)) % width;
        PORTS.start + u16::try_from(offset).expect("within the range")
    };
    let mut candidates = std::iter::repeat_with(|| port(NEXT.fetch_add(1, Ordering::Relaxed)));
    let is_free = |port: &u16| TcpListener::bind((ip, *port)).is_ok();
    candidates.by_ref().take(usize::from(PORTS.end - PORTS.start)).find(is_free).expect("a free port")
}
