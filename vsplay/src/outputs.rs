//! Where verified bytes go: every track is hashed, some are written to files, the video track may be decoded.
//!
//! A track's bytes are its init segment once, then its chunks in the order they are fed; after a seek that order goes
//! on from the new place. A file slower than the film holds the fetching back, because a chunk counts as taken only
//! when it is written.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    fs::File,
    io::{AsyncWrite, AsyncWriteExt},
    sync::mpsc,
    task::JoinHandle,
};
use vs_core::{
    error::{Code, Failure},
    hash::{Hash, Hasher},
    manifest::{Track, TrackKind},
};
use vsplay_core::{
    event::{ChunkAt, Generation},
    report::TrackReport,
};

use crate::{
    args::is_stdout,
    decode::Decoder,
    transfer::{Happening, Post},
};

/// A chunk on its way to a file.
type Write = (ChunkAt, Generation, Bytes);

#[derive(Debug)]
struct TrackOutput {
    name: String,
    hasher: Hasher,
    bytes: u64,
    file: Option<Writer>,
}

#[derive(Debug)]
struct Writer {
    chunks: mpsc::UnboundedSender<Write>,
    done: JoinHandle<Result<(), WriteError>>,
}

#[derive(Debug)]
pub(crate) struct Outputs {
    tracks: Vec<TrackOutput>,
    /// Draws the first track, when there is somebody to look.
    pub(crate) picture: Option<Decoder>,
}

impl Outputs {
    /// Opens the files asked for, and writes the init segments.
    pub(crate) async fn open(tracks: &[Track], output: Option<&Path>, post: &Post) -> Result<Self, Failure> {
        let mut outputs = Vec::new();
        for (no, track) in tracks.iter().enumerate() {
            let path = output.and_then(|path| path_for(path, track, no == 0));
            let file = match path {
                Some(path) => Some(open_writer(&path, track, post.clone()).await?),
                None => None,
            };
            let mut hasher = Hasher::default();
            hasher.update(&track.init);
            let bytes = u64::try_from(track.init.len()).unwrap_or(u64::MAX);
            outputs.push(TrackOutput { name: track.name.clone(), hasher, bytes, file });
        }
        Ok(Self { tracks: outputs, picture: None })
    }

    /// Takes the next chunk of a track. True when it is taken already; otherwise a file posts it.
    pub(crate) fn feed(&mut self, at: ChunkAt, generation: Generation, starts: Duration, bytes: &Bytes) -> bool {
        if at.track == 0
            && let Some(picture) = &mut self.picture
        {
            picture.feed(at.segment, starts, bytes.clone());
        }
        let Some(track) = self.tracks.get_mut(at.track) else { return true };
        track.hasher.update(bytes);
        track.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        track.file.as_ref().is_none_or(|file| file.chunks.send((at, generation, bytes.clone())).is_err())
    }

    /// Waits until everything is written and the decoder is gone.
    pub(crate) async fn close(&mut self) -> Result<(), WriteError> {
        let mut ended = Ok(());
        for track in &mut self.tracks {
            if let Some(Writer { chunks, done }) = track.file.take() {
                drop(chunks);
                ended = ended.and(done.await.unwrap_or(Ok(())));
            }
        }
        if let Some(picture) = self.picture.take() {
            picture.close().await;
        }
        ended
    }

    /// What was given out of each track so far.
    pub(crate) fn reports(&self) -> Vec<TrackReport> {
        let report = |track: &TrackOutput| TrackReport {
            name: track.name.clone(),
            sha256: track.hasher.clone().finish().to_string(),
            bytes: track.bytes,
        };
        self.tracks.iter().map(report).collect()
    }

    /// Checks that what was given out is each track as its manifest has it.
    pub(crate) fn check_whole(&self, tracks: &[Track]) -> Result<(), Failure> {
        for (output, track) in self.tracks.iter().zip(tracks) {
            let played: Hash = output.hasher.clone().finish();
            if played != track.sha256 {
                let what = format!("the bytes of track {} are not those its manifest names", track.name);
                return Err(Failure::new(Code::Integrity, what)
                    .because(format!("played   {played}, {} bytes", output.bytes))
                    .because(format!("manifest {}, {} bytes", track.sha256, track.bytes)));
            }
        }
        Ok(())
    }
}

/// Where a track is written: a file of its own in a directory; otherwise only the first track is.
fn path_for(output: &Path, track: &Track, is_first: bool) -> Option<PathBuf> {
    if output.is_dir() {
        // A name from the network must not lead out of the directory.
        let safe = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '_' };
        let name: String = track.name.chars().map(safe).collect();
        return Some(output.join(format!("{name}.{}", extension(track.kind))));
    }
    is_first.then(|| output.to_owned())
}

fn extension(kind: TrackKind) -> &'static str {
    match kind {
        TrackKind::Video => "mp4",
        TrackKind::Audio => "m4a",
        TrackKind::Subtitle => "vtt",
        TrackKind::Original => "bin",
    }
}

async fn open_writer(path: &Path, track: &Track, post: Post) -> Result<Writer, Failure> {
    let mut target: Box<dyn AsyncWrite + Send + Unpin> = match is_stdout(path) {
        true => Box::new(tokio::io::stdout()),
        false => Box::new(File::create(path).await.map_err(|error| write_failure(path, &error))?),
    };
    target.write_all(&track.init).await.map_err(|error| write_failure(path, &error))?;
    let (chunks, queue) = mpsc::unbounded_channel();
    let done = tokio::spawn(write_all(target, queue, post, path.to_owned()));
    Ok(Writer { chunks, done })
}

/// Writes chunk after chunk and posts each; what is queued is bounded by what the core holds.
async fn write_all(
    mut target: Box<dyn AsyncWrite + Send + Unpin>,
    mut queue: mpsc::UnboundedReceiver<Write>,
    post: Post,
    path: PathBuf,
) -> Result<(), WriteError> {
    let work = async {
        while let Some((at, generation, bytes)) = queue.recv().await {
            target.write_all(&bytes).await?;
            target.flush().await?;
            // Nobody listens any more once the playback has ended.
            let _ = post.send(Happening::Written { at, generation }).await;
        }
        target.flush().await
    };
    let Err(error) = work.await else { return Ok(()) };
    let error = match error.kind() {
        io::ErrorKind::BrokenPipe => WriteError::Closed,
        _ => WriteError::Failed(write_failure(&path, &error)),
    };
    let _ = post.send(Happening::OutputFailed(error.clone())).await;
    Err(error)
}

/// Why a file takes no more.
#[derive(Clone, Debug)]
pub(crate) enum WriteError {
    /// Whoever read from it has gone, which is their right.
    Closed,
    Failed(Failure),
}

pub(crate) fn write_failure(path: &Path, error: &io::Error) -> Failure {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Code::NoSpace,
        _ => Code::LocalFile,
    };
    let name = if is_stdout(path) { "standard output".to_owned() } else { path.display().to_string() };
    Failure::new(code, format!("cannot write {name}")).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_trouble() {
        let path = Path::new("x");
        assert_eq!(write_failure(path, &io::ErrorKind::StorageFull.into()).code, Code::NoSpace);
        assert_eq!(write_failure(path, &io::ErrorKind::PermissionDenied.into()).code, Code::LocalFile);
    }
}
