//! Child processes that read hostile files: fenced in, watched, and always reaped.
//!
//! Each is the leader of a process group of its own, niced, without standard input, may take only so much memory and processor
//! time, and may not write a regular file at all (its output is a pipe). It is stopped with SIGTERM, then SIGKILL.

use std::{
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, ChildStderr, ChildStdout, Command},
    task::JoinHandle,
    time::timeout,
};

use crate::config::Media;

/// Containers that are opened, by ffmpeg's names. Playlists and anything else that names other files are not among them.
pub(crate) const FORMATS: &str =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,mpegts,mpeg,ogg,mp3,aac,flac,wav,ac3,eac3,asf,mxf";
/// What is kept of what a child says.
const STDERR_BYTES_MAX: usize = 8 << 10;
/// How long a child may take to end after SIGTERM.
const TERM_GRACE: Duration = Duration::from_secs(2);
/// How long a child may take to end by itself once it has closed its output.
const END_GRACE: Duration = Duration::from_secs(30);
/// A child that sleeps never uses it up; one that spins is stopped by the kernel even when nobody watches it any more.
const CPU_SECONDS_MAX: u64 = 24 * 3600;

/// A running child.
#[derive(Debug)]
pub(crate) struct Watched {
    child: Child,
    pub(crate) stdout: ChildStdout,
    said: JoinHandle<String>,
}

impl Watched {
    /// Starts `program` with `args`.
    pub(crate) fn start(media: &Media, program: &Path, args: &[String]) -> std::io::Result<Self> {
        let mut command = Command::new("setpriv");
        command
            // Dies with the daemon, however that dies.
            .args(["--pdeathsig", "KILL", "nice", "-n", "10", "prlimit", "--fsize=0", "--core=0"])
            .arg(format!("--as={}", media.memory_max.0))
            .arg(format!("--cpu={}", CPU_SECONDS_MAX.min(media.timeout.0.as_secs().saturating_mul(4))))
            .arg("--")
            .arg(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AV_LOG_FORCE_NOCOLOR", "1");
        let mut child = command.spawn()?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(std::io::Error::other("the child has no pipes"));
        };
        Ok(Self { child, stdout, said: tokio::spawn(keep_head(stderr)) })
    }

    /// The child has said all it will on standard output: waits for its end, and stops it when it does not end by itself.
    pub(crate) async fn finish(mut self) -> std::io::Result<(ExitStatus, String)> {
        let status = match timeout(END_GRACE, self.child.wait()).await {
            Ok(status) => status?,
            Err(_) => self.end().await?,
        };
        Ok((status, (&mut self.said).await.unwrap_or_default()))
    }

    /// Stops the child and everything it started.
    pub(crate) async fn stop(mut self) {
        if let Err(error) = self.end().await {
            tracing::warn!(%error, "a child could not be reaped");
        }
    }

    async fn end(&mut self) -> std::io::Result<ExitStatus> {
        self.signal(Signal::SIGTERM);
        if let Ok(status) = timeout(TERM_GRACE, self.child.wait()).await {
            return status;
        }
        self.signal(Signal::SIGKILL);
        self.child.wait().await
    }

    fn signal(&self, signal: Signal) {
        let Some(pid) = self.child.id().and_then(|id| i32::try_from(id).ok()) else { return };
        let _ = killpg(Pid::from_raw(pid), signal);
    }
}

impl Drop for Watched {
    /// Only reached with a living child when its task was cut off at shutdown; the runtime reaps it.
    fn drop(&mut self) {
        if self.child.id().is_some() {
            self.signal(Signal::SIGKILL);
        }
    }
}

/// Drains a child's messages, or it would block; the first are kept, since they name the cause.
async fn keep_head(mut stderr: ChildStderr) -> String {
    let mut kept = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
        let room = STDERR_BYTES_MAX - kept.len();
        kept.extend_from_slice(&buffer[..read.min(room)]);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// Whether there is such a program: a child is started through others, which would be found.
pub(crate) fn exists(program: &Path) -> bool {
    if program.components().count() > 1 {
        return program.is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// Why a child gave no more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stopped {
    #[error("nothing came for {} s", .0.as_secs())]
    Stalled(Duration),
    #[error("it took longer than {} s", .0.as_secs())]
    TooLong(Duration),
    #[error("the pipe broke: {0}")]
    Pipe(String),
}

/// Reads with both limits: of silence, and of the whole.
#[derive(Debug)]
pub(crate) struct Deadline {
    stall: Duration,
    total: Duration,
    end: tokio::time::Instant,
}

impl Deadline {
    pub(crate) fn new(media: &Media) -> Self {
        let total = media.timeout.0;
        Self { stall: media.stall_timeout.0, total, end: tokio::time::Instant::now() + total }
    }

    /// The next bytes; 0 at the end.
    pub(crate) async fn read(&self, from: &mut (impl AsyncRead + Unpin), buffer: &mut [u8]) -> Result<usize, Stopped> {
        let stall = tokio::time::Instant::now() + self.stall;
        match tokio::time::timeout_at(stall.min(self.end), from.read(buffer)).await {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(error)) => Err(Stopped::Pipe(error.to_string())),
            Err(_) if stall < self.end => Err(Stopped::Stalled(self.stall)),
            Err(_) => Err(Stopped::TooLong(self.total)),
        }
    }
}

/// What ffmpeg or ffprobe said, as one line for a person: without addresses, paths and repetitions.
pub(crate) fn reason(said: &str, spool: &Path) -> String {
    let path = spool.to_string_lossy();
    let mut lines: Vec<String> = Vec::new();
    for line in said.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let line = line.replace(&format!("file:{path}"), "the file").replace(path.as_ref(), "the file");
        let line = match line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            Some((source, text)) => format!("{}: {text}", source.split(" @ ").next().unwrap_or(source)),
            None => line,
        };
        if !line.starts_with("Last message repeated") && !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.truncate(3);
    if lines.is_empty() { "no reason was given".to_owned() } else { lines.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_free_of_addresses_and_paths() {
        let said = "[mov,mp4 @ 0x56194acae880] moov atom not found\nfile:/s/x: Invalid data\n    Last message repeated 1 times\n\
                    [mov,mp4 @ 0x56194acae999] moov atom not found\n";
        assert_eq!(reason(said, Path::new("/s/x")), "mov,mp4: moov atom not found; the file: Invalid data");
    }

    #[tokio::test]
    async fn a_child_that_hangs_is_stopped_and_reaped() {
        let media = Media { stall_timeout: crate::config::Span(Duration::from_millis(200)), ..Media::default() };
        let mut child = Watched::start(&media, Path::new("sleep"), &["60".to_owned()]).expect("started");
        let pid = child.child.id().expect("running");
        let deadline = Deadline::new(&media);
        let read = deadline.read(&mut child.stdout, &mut [0; 8]).await;
        assert_eq!(read, Err(Stopped::Stalled(Duration::from_millis(200))));
        child.stop().await;
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "no zombie is left");
    }

    #[tokio::test]
    async fn a_child_cannot_write_a_file() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let target = scratch.path().join("x");
        let args = ["-c".to_owned(), format!("echo secret > {}", target.display())];
        let child = Watched::start(&Media::default(), Path::new("bash"), &args).expect("started");
        let (status, _) = child.finish().await.expect("reaped");
        assert!(!status.success());
        assert_eq!(std::fs::metadata(&target).map_or(0, |meta| meta.len()), 0);
    }
}
