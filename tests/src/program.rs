//! Running a program to its end, and what it said.

use std::{
    io::{Read, Write},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use serde_json::Value;

/// Longer than any command of a test takes on a machine that is busy with others: what takes longer hangs.
pub const PATIENCE: Duration = Duration::from_secs(180);
/// How often the end of a process is looked for.
const POLL: Duration = Duration::from_millis(3);

/// Where one of the workspace's programs is: beside the test that runs.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn path(name: &str) -> PathBuf {
    let path = build_dir().join(name);
    assert!(path.is_file(), "{} is not there; build it first: `make build`", path.display());
    path
}

/// The folder that cargo builds into: tests are in its `deps`.
#[must_use]
pub fn build_dir() -> PathBuf {
    let own = std::env::current_exe().expect("a test has a path");
    own.parent().and_then(Path::parent).expect("tests are two folders deep").to_owned()
}

/// A command with nothing in its environment but the path to other programs.
#[must_use]
pub fn bare(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LC_ALL", "C.UTF-8");
    command
}

/// What a program said and how it ended.
#[derive(Clone, Debug)]
pub struct Said {
    /// The exit status; 128 and the signal's number when one ended it.
    pub code: i32,
    pub stdout: Vec<u8>,
    pub err: String,
    command: String,
}

/// A program that runs, its output being gathered.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    command: String,
}

/// Runs a command to its end. Standard input is empty unless the command says otherwise.
pub fn run(command: &mut Command) -> Said {
    start(command, None).wait()
}

/// Runs a command that is given something to read.
pub fn run_with(command: &mut Command, input: &[u8]) -> Said {
    start(command, Some(input.to_vec())).wait()
}

/// Starts a command; it is killed when the value is dropped.
pub fn start(command: &mut Command, input: Option<Vec<u8>>) -> Running {
    let shown = format!("{command:?}");
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{shown}: {error}"));
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        // A program may end without reading everything, which is its right.
        std::thread::spawn(move || stdin.write_all(&input));
    }
    let stdout = child.stdout.take().map(gather);
    let stderr = child.stderr.take().map(gather);
    Running { child, stdout, stderr, command: shown }
}

fn gather(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        bytes
    })
}

impl Running {
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended yet.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills it as a power cut would.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Said {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child can be awaited") {
                break status;
            }
            if started.elapsed() > PATIENCE {
                let _ = self.child.kill();
                panic!("it hangs: {}", self.command);
            }
            std::thread::sleep(POLL);
        };
        let take =
            |thread: Option<JoinHandle<Vec<u8>>>| thread.and_then(|thread| thread.join().ok()).unwrap_or_default();
        let err = String::from_utf8_lossy(&take(self.stderr.take())).into_owned();
        Said { code: code_of(status), stdout: take(self.stdout.take()), err, command: self.command.clone() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The status as a shell counts it.
#[must_use]
pub fn code_of(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

impl Said {
    /// Standard output as text.
    #[must_use]
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Requires that it went well.
    #[must_use]
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self}");
        self
    }

    /// Requires that it failed with this exit status and told this code in the form of an error block: one line what, indented
    /// lines why, at most one hint.
    #[track_caller]
    pub fn fails(&self, exit: i32, code: &str) -> &Self {
        let lines: Vec<_> = self.err.lines().collect();
        let at =
            lines.iter().rposition(|line| line.starts_with("error: ")).unwrap_or_else(|| panic!("no error: {self}"));
        assert!(lines[at].ends_with(&format!("[{code}]")), "not {code}: {self}");
        assert_eq!(self.code, exit, "{self}");
        let (why, rest): (Vec<&str>, Vec<&str>) =
            lines[at + 1..].iter().copied().partition(|line| line.starts_with("  "));
        assert!(
            rest.len() <= 1 && rest.iter().all(|line| line.starts_with("hint: ")),
            "not the form of an error: {self}"
        );
        assert!(why.iter().all(|line| is_line(line)) && is_line(lines[at]), "{self}");
        self
    }

    /// The code in the last error that it told.
    #[must_use]
    pub fn code_told(&self) -> Option<String> {
        let line = self.err.lines().rfind(|line| line.starts_with("error: "))?;
        Some(line.rsplit_once('[')?.1.trim_end_matches(']').to_owned())
    }

    /// Standard output as one JSON document.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("not JSON ({error}): {self}"))
    }

    /// Standard output as a JSON object a line.
    #[must_use]
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        let parse =
            |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("not JSON ({error}): {self}"));
        self.out().lines().map(parse).collect()
    }
}

fn is_line(text: &str) -> bool {
    crate::is_harmless(text)
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let out = self.out();
        let head: String = out.chars().take(4_000).collect();
        write!(f, "exit {} of {}\n--- stdout\n{head}\n--- stderr\n{}", self.code, self.command, self.err)
    }
}

/// The keys of a JSON object, in their order.
#[must_use]
#[track_caller]
pub fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap_or_else(|| panic!("not an object: {value}")).keys().map(String::as_str).collect()
}
