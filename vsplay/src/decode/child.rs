//! The ffmpeg child: bytes in on stdin, frames out on stdout, nothing else.
//!
//! The media is hostile, so the child may read only its pipe and only as MP4, allocates at most so much at a time, runs
//! niced and in a process group of its own that is killed as a whole, and is always waited for.

use std::{env, path::PathBuf, process::Stdio, sync::Arc};

use bytes::Bytes;
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{ChildStdin, ChildStdout, Command},
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};
use vs_core::text::shown;

use super::picture::{Palette, Picture, Size};

/// Frames asked of the child. More is more than a terminal shows.
pub(super) const FRAMES_PER_SECOND: u32 = 15;
/// Frames decoded ahead of the position.
const FRAMES_AHEAD_MAX: usize = 8;
/// Largest single allocation, and largest picture, that the child may make.
const ALLOCATION_BYTES_MAX: &str = "536870912";
const PIXELS_MAX: &str = "71000000";
/// What the child may read before it must know the stream.
const PROBE_BYTES: &str = "1000000";
/// The names by which ffmpeg knows the reader of CMAF.
const FORMATS: &str = "mov,mp4,m4a,3gp,3g2,mj2";
const NICENESS: &str = "10";
/// Of what the child says, this much is kept.
const STDERR_BYTES_MAX: usize = 4096;

/// Where ffmpeg is, if it is installed.
pub(crate) fn find() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join("ffmpeg")).find(|file| file.is_file())
}

#[derive(Debug)]
pub(super) struct Child {
    chunks: Option<mpsc::UnboundedSender<Bytes>>,
    pictures: mpsc::Receiver<Arc<Picture>>,
    trouble: watch::Receiver<Option<String>>,
    stop: oneshot::Sender<()>,
    reaped: JoinHandle<()>,
}

impl Child {
    /// Starts decoding; the first `skip` frames are passed over.
    pub(super) fn spawn(size: Size, palette: Palette, skip: u32) -> Result<Self, String> {
        let ffmpeg = find().ok_or("ffmpeg is not installed")?;
        let mut child = command(ffmpeg, size).spawn().map_err(|error| format!("ffmpeg does not start: {error}"))?;
        let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err("ffmpeg has no pipes".to_owned());
        };
        let (chunks, queue) = mpsc::unbounded_channel();
        let (frames, pictures) = mpsc::channel(FRAMES_AHEAD_MAX);
        let (tell, trouble) = watch::channel(None);
        let (stop, stopped) = oneshot::channel::<()>();
        let reaped = tokio::spawn(async move {
            let feeding = tokio::spawn(feed(stdin, queue));
            let reading = read(stdout, size, palette, skip, frames);
            tokio::select! {
                (count, said) = async { tokio::join!(reading, listen(stderr)) } => {
                    if count == 0 && !said.is_empty() {
                        let _ = tell.send(Some(format!("ffmpeg cannot decode this track: {}", shown(&said))));
                    }
                }
                _ = stopped => {}
            }
            feeding.abort();
            kill_group(child.id());
            let _ = child.wait().await;
        });
        Ok(Self { chunks: Some(chunks), pictures, trouble, stop, reaped })
    }

    pub(super) fn feed(&self, bytes: Bytes) {
        if let Some(chunks) = &self.chunks {
            // A child that has gone takes no more, and says why by itself.
            let _ = chunks.send(bytes);
        }
    }

    /// Nothing more will be fed: the last frames come out.
    pub(super) fn end(&mut self) {
        self.chunks = None;
    }

    pub(super) fn next_picture(&mut self) -> Option<Arc<Picture>> {
        self.pictures.try_recv().ok()
    }

    /// Why it ended without a single frame.
    pub(super) fn trouble(&mut self) -> Option<String> {
        self.trouble.borrow_and_update().clone()
    }

    /// Kills it; the task that comes back ends when it is reaped.
    pub(super) fn stop(self) -> JoinHandle<()> {
        let _ = self.stop.send(());
        self.reaped
    }
}

/// The id is known as long as the child was not waited for, so it cannot be somebody else's.
fn kill_group(id: Option<u32>) {
    if let Some(id) = id.and_then(|id| i32::try_from(id).ok()) {
        let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
    }
}

fn command(ffmpeg: PathBuf, size: Size) -> Command {
    let mut command = Command::new("nice");
    command.args(["-n", NICENESS]).arg(ffmpeg);
    command.args(["-nostdin", "-hide_banner", "-loglevel", "error", "-max_alloc", ALLOCATION_BYTES_MAX]);
    command.args(["-protocol_whitelist", "pipe", "-format_whitelist", FORMATS, "-probesize", PROBE_BYTES]);
    command.args(["-max_pixels", PIXELS_MAX, "-f", "mp4", "-i", "pipe:0"]);
    command.args(["-map", "0:v:0", "-an", "-sn", "-dn", "-vf", &filter(size), "-pix_fmt", "rgb24"]);
    command.args(["-f", "rawvideo", "pipe:1"]);
    command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Scales into the pane, keeping the shape that the stream says it is shown in, with bars around.
fn filter(size: Size) -> String {
    let (w, h) = size.pixels();
    format!(
        "fps={FRAMES_PER_SECOND},scale=w='max(1,trunc(min({w},{h}*dar)))':h='max(1,trunc(min({h},{w}/dar)))':\
         flags=area,setsar=1,pad={w}:{h}:(ow-iw)/2:(oh-ih)/2"
    )
}

async fn feed(mut stdin: ChildStdin, mut queue: mpsc::UnboundedReceiver<Bytes>) {
    while let Some(bytes) = queue.recv().await {
        if stdin.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// Reads and encodes frames, as many ahead as fit; gives how many came.
async fn read(
    mut stdout: ChildStdout,
    size: Size,
    palette: Palette,
    skip: u32,
    frames: mpsc::Sender<Arc<Picture>>,
) -> u32 {
    let mut rgb = vec![0; size.frame_bytes()];
    let mut count = 0u32;
    while stdout.read_exact(&mut rgb).await.is_ok() {
        count = count.saturating_add(1);
        if count > skip && frames.send(Arc::new(Picture::encode(size, &rgb, palette))).await.is_err() {
            break;
        }
    }
    count
}

/// The first line of what the child says; the rest is read and dropped, or the child would wait.
async fn listen(mut stderr: impl AsyncRead + Unpin) -> String {
    let mut said = Vec::new();
    let mut piece = [0; 1024];
    while let Ok(count @ 1..) = stderr.read(&mut piece).await {
        let room = STDERR_BYTES_MAX.saturating_sub(said.len());
        said.extend_from_slice(&piece[..count.min(room)]);
    }
    let said = String::from_utf8_lossy(&said);
    let line = said.lines().next().unwrap_or_default();
    // `[mov @ 0x55d0c0ffee] what is wrong`
    line.split_once("] ").map_or(line, |(_, what)| what).to_owned()
}
