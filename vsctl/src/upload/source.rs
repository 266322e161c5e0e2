//! Where the bytes come from: a file, which can be read again from any offset, or standard input, which cannot.
//!
//! Both hand out pieces in order on a bounded channel, hash what passes for the first time, and can begin again from the server's
//! offset: a file by reading, standard input from what the server had not yet called durable.
//!
//! A file below [`HASH_FIRST_BYTES_MAX`] is hashed before it is offered, because that takes milliseconds and may save sending it. A
//! longer one is hashed while it is sent: reading it twice would cost more than the odd duplicate saves. Only where there is no
//! room for it is it hashed first all the same, since what is stored already needs none.

use std::{
    collections::VecDeque,
    fs::{File, Metadata},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};
use vs_core::{
    error::{Code, Failure},
    hash::{Hash, Hasher},
    limit::APPEND_BYTES_MAX,
};

use crate::out::human::quoted_path;

/// Files below this are hashed before they are sent.
pub(super) const HASH_FIRST_BYTES_MAX: u64 = 64 << 20;
/// Pieces that are read ahead of the network.
const AHEAD: usize = 4;
/// What standard input keeps until the server has it durable, in bytes. The server must acknowledge at least this often.
const REPLAY_BYTES_MAX: usize = 64 << 20;

/// Some bytes and where they belong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) offset: u64,
    pub(super) data: Bytes,
}

impl Piece {
    fn end(&self) -> u64 {
        self.offset + self.data.len() as u64
    }
}

pub(super) type Pieces = mpsc::Receiver<Result<Piece, Failure>>;

/// What identifies a version of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    pub(crate) modified_ns: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let nanos = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
        Self { size: metadata.len(), modified_ns: u64::try_from(nanos).unwrap_or(0) }
    }
}

/// A file that can be uploaded.
#[derive(Clone, Debug)]
pub(crate) struct FileSource {
    pub(crate) path: PathBuf,
    pub(crate) stamp: Stamp,
    passed: Arc<Mutex<Passed>>,
}

/// The hash over what was read so far, whatever the order of attempts.
#[derive(Debug, Default)]
struct Passed {
    hasher: Hasher,
    bytes: u64,
    /// Nothing comes after.
    complete: bool,
}

impl Passed {
    /// Hashes the part of these bytes that was not seen before. Bytes beyond a gap are left out, and so is the whole's hash then.
    fn see(&mut self, offset: u64, data: &[u8]) {
        let seen = self.bytes.checked_sub(offset).and_then(|seen| usize::try_from(seen).ok());
        if let Some(fresh) = seen.and_then(|seen| data.get(seen..)) {
            self.hasher.update(fresh);
            self.bytes += fresh.len() as u64;
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FileSource {
    /// Looks at the file, and refuses what cannot be a film.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Failure::new(Code::NotFound, format!("no such file: {shown}")),
            _ => unreadable(path, &error),
        })?;
        if metadata.is_dir() {
            return Err(Failure::new(Code::Invalid, format!("{shown} is a directory"))
                .hint(format!("upload the files in it: `vsctl upload -r {}`", quoted_path(path))));
        }
        if !metadata.is_file() {
            return Err(Failure::new(Code::Invalid, format!("{shown} is not a regular file"))
                .hint(format!("upload what it gives: `vsctl upload - < {}`", quoted_path(path))));
        }
        if metadata.len() == 0 {
            return Err(Failure::new(Code::MediaRejected, format!("{shown} is empty")));
        }
        File::open(path).map_err(|error| unreadable(path, &error))?;
        Ok(Self { path: path.to_owned(), stamp: Stamp::of(&metadata), passed: Arc::default() })
    }

    /// Hashes the whole file beforehand when it is short.
    pub(super) async fn hash_if_short(&self) -> Result<Option<Hash>, Failure> {
        if self.stamp.size >= HASH_FIRST_BYTES_MAX {
            return Ok(None);
        }
        self.hash_up_to(self.stamp.size).await?;
        Ok(self.hash())
    }

    /// Hashes the whole file beforehand, and tells how far that is.
    pub(super) async fn hash_whole(&self, tell: impl Fn(u64)) -> Result<Option<Hash>, Failure> {
        let mut done = 0;
        while done < self.stamp.size {
            done = self.stamp.size.min(done + HASH_FIRST_BYTES_MAX);
            self.hash_up_to(done).await?;
            tell(done);
        }
        self.check_unchanged()?;
        Ok(self.hash())
    }

    /// The hash of the whole, once all of it has passed.
    pub(super) fn hash(&self) -> Option<Hash> {
        let passed = locked(&self.passed);
        (passed.bytes == self.stamp.size).then(|| passed.hasher.clone().finish())
    }

    /// Reads and hashes what comes before an offset: the bytes a former run sent are checked with the rest.
    pub(super) async fn hash_up_to(&self, offset: u64) -> Result<(), Failure> {
        let source = self.clone();
        let read = move || {
            let from = locked(&source.passed).bytes;
            source.read(from, offset, APPEND_BYTES_MAX, |piece| {
                locked(&source.passed).see(piece.offset, &piece.data);
                true
            })
        };
        tokio::task::spawn_blocking(read).await.map_err(broken)?
    }

    /// The pieces from an offset to the end, in pieces of at most so many bytes.
    pub(super) fn pieces(&self, from: u64, piece_bytes: usize) -> Pieces {
        let (give, pieces) = mpsc::channel(AHEAD);
        let source = self.clone();
        tokio::task::spawn_blocking(move || {
            let hand_out = |piece: Piece| {
                locked(&source.passed).see(piece.offset, &piece.data);
                give.blocking_send(Ok(piece)).is_ok()
            };
            let read = source.read(from, source.stamp.size, piece_bytes, hand_out);
            if let Err(failure) = read.and_then(|()| source.check_unchanged()) {
                let _ = give.blocking_send(Err(failure));
            }
        });
        pieces
    }

    fn read(&self, from: u64, to: u64, piece_bytes: usize, mut take: impl FnMut(Piece) -> bool) -> Result<(), Failure> {
        let fail = |error: io::Error| unreadable(&self.path, &error);
        let mut file = File::open(&self.path).map_err(fail)?;
        file.seek(SeekFrom::Start(from)).map_err(fail)?;
        let mut offset = from;
        while offset < to {
            let wanted = usize::try_from(to - offset).unwrap_or(usize::MAX).min(piece_bytes);
            let mut buffer = vec![0; wanted];
            let read = read_some(&mut file, &mut buffer).map_err(fail)?;
            if read == 0 {
                return Err(self.changed());
            }
            buffer.truncate(read);
            if !take(Piece { offset, data: buffer.into() }) {
                return Ok(());
            }
            offset += read as u64;
        }
        Ok(())
    }

    /// Refuses a file that is no longer the one that was looked at.
    pub(super) fn check_unchanged(&self) -> Result<(), Failure> {
        let metadata = std::fs::metadata(&self.path).map_err(|error| unreadable(&self.path, &error))?;
        if Stamp::of(&metadata) == self.stamp { Ok(()) } else { Err(self.changed()) }
    }

    fn changed(&self) -> Failure {
        let shown = self.path.display();
        Failure::new(Code::LocalFile, format!("{shown} changed while it was read"))
            .because("what was sent of it is dropped")
            .hint(format!("when it is complete: `vsctl upload {}`", quoted_path(&self.path)))
    }
}

/// As much as there is, up to the length of the buffer.
fn read_some(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Code::LocalFile, format!("cannot read {}", path.display())).because(error)
}

fn broken(error: tokio::task::JoinError) -> Failure {
    Failure::new(Code::Internal, "the reader broke down").because(error)
}

/// Standard input, or anything else that comes once.
#[derive(Clone, Debug)]
pub(super) struct StreamSource {
    live: Arc<tokio::sync::Mutex<Pieces>>,
    replay: Arc<Mutex<VecDeque<Piece>>>,
    room: Arc<Notify>,
    passed: Arc<Mutex<Passed>>,
}

impl StreamSource {
    /// Begins to read on a thread of its own.
    pub(super) fn new(mut from: impl Read + Send + 'static, piece_bytes: usize) -> Self {
        let (give, live) = mpsc::channel(AHEAD);
        let passed = Arc::new(Mutex::new(Passed::default()));
        let seen = Arc::clone(&passed);
        tokio::task::spawn_blocking(move || {
            let mut offset = 0;
            loop {
                let mut buffer = vec![0; piece_bytes];
                let piece = match read_some(&mut from, &mut buffer) {
                    Ok(0) => {
                        locked(&seen).complete = true;
                        return;
                    }
                    Ok(read) => {
                        buffer.truncate(read);
                        locked(&seen).see(offset, &buffer);
                        offset += read as u64;
                        Ok(Piece { offset: offset - read as u64, data: buffer.into() })
                    }
                    Err(error) => Err(Failure::new(Code::LocalFile, "cannot read standard input").because(error)),
                };
                let is_over = piece.is_err();
                if give.blocking_send(piece).is_err() || is_over {
                    return;
                }
            }
        });
        Self { live: Arc::new(tokio::sync::Mutex::new(live)), replay: Arc::default(), room: Arc::default(), passed }
    }

    /// The server has everything below; it need not be kept.
    pub(super) fn acknowledged(&self, durable: u64) {
        locked(&self.replay).retain(|piece| piece.end() > durable);
        self.room.notify_one();
    }

    /// Whether its end has been read.
    pub(super) fn is_complete(&self) -> bool {
        locked(&self.passed).complete
    }

    /// How long it is so far, and the hash of that.
    pub(super) fn whole(&self) -> (u64, Hash) {
        let passed = locked(&self.passed);
        (passed.bytes, passed.hasher.clone().finish())
    }

    /// The pieces from an offset on. The pieces of an attempt before must have been dropped.
    pub(super) fn pieces(&self, from: u64) -> Pieces {
        let (give, pieces) = mpsc::channel(AHEAD);
        let source = self.clone();
        tokio::spawn(async move {
            if let Err(failure) = source.hand_out(from, &give).await {
                let _ = give.send(Err(failure)).await;
            }
        });
        pieces
    }

    async fn hand_out(&self, from: u64, give: &mpsc::Sender<Result<Piece, Failure>>) -> Result<(), Failure> {
        let mut live = tokio::select! {
            live = self.live.lock() => live,
            () = give.closed() => return Ok(()),
        };
        let kept: Vec<_> = locked(&self.replay).iter().filter(|piece| piece.end() > from).cloned().collect();
        let mut expected = from;
        for piece in kept {
            follows(&piece, expected)?;
            expected = piece.end();
            let seen = usize::try_from(from.saturating_sub(piece.offset)).unwrap_or(0);
            let fresh = Piece { offset: piece.offset + seen as u64, data: piece.data.slice(seen..) };
            if give.send(Ok(fresh)).await.is_err() {
                return Ok(());
            }
        }
        loop {
            while locked(&self.replay).iter().map(|piece| piece.data.len()).sum::<usize>() > REPLAY_BYTES_MAX {
                tokio::select! {
                    () = self.room.notified() => {}
                    () = give.closed() => return Ok(()),
                }
            }
            let piece = tokio::select! {
                piece = live.recv() => piece,
                () = give.closed() => return Ok(()),
            };
            let Some(piece) = piece.transpose()? else { return Ok(()) };
            follows(&piece, expected)?;
            expected = piece.end();
            locked(&self.replay).push_back(piece.clone());
            if give.send(Ok(piece)).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// Refuses to leave a gap: what was acknowledged is not kept, and cannot be read again.
fn follows(piece: &Piece, expected: u64) -> Result<(), Failure> {
    if piece.offset <= expected {
        return Ok(());
    }
    Err(Failure::new(Code::Conflict, "the server lost bytes that it had called durable")
        .because("standard input cannot be read again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(mut pieces: Pieces) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.recv().await {
            bytes.extend_from_slice(&piece?.data);
        }
        Ok(bytes)
    }

    fn film(dir: &tempfile::TempDir, bytes: &[u8]) -> FileSource {
        let path = dir.path().join("film");
        std::fs::write(&path, bytes).unwrap();
        FileSource::open(&path).unwrap()
    }

    #[tokio::test]
    async fn a_file_is_read_from_any_offset_and_hashed_once() {
        let dir = tempfile::tempdir().unwrap();
        let source = film(&dir, b"0123456789");
        assert_eq!(all(source.pieces(0, 3)).await.unwrap(), b"0123456789");
        assert_eq!(all(source.pieces(7, 3)).await.unwrap(), b"789");
        assert_eq!(source.hash(), Some(Hash::of(b"0123456789")));
        let resumed = film(&dir, b"0123456789");
        resumed.hash_up_to(4).await.unwrap();
        assert_eq!(all(resumed.pieces(4, 3)).await.unwrap(), b"456789");
        assert_eq!(resumed.hash(), Some(Hash::of(b"0123456789")));
    }

    #[tokio::test]
    async fn a_file_that_changes_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let source = film(&dir, b"0123456789");
        std::fs::write(&source.path, b"01234567").unwrap();
        assert_eq!(all(source.pieces(0, 3)).await.unwrap_err().code, Code::LocalFile);
        std::fs::write(&source.path, b"0123456789abc").unwrap();
        assert!(all(source.pieces(0, 3)).await.is_err());
    }

    #[test]
    fn what_is_no_film_is_refused_before_it_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        let code = |path: &Path| FileSource::open(path).unwrap_err().code;
        assert_eq!(code(&dir.path().join("none")), Code::NotFound);
        assert_eq!(code(dir.path()), Code::Invalid);
        assert_eq!(code(Path::new("/dev/null")), Code::Invalid);
        let empty = dir.path().join("empty");
        std::fs::write(&empty, "").unwrap();
        assert_eq!(code(&empty), Code::MediaRejected);
    }

    #[tokio::test]
    async fn a_stream_replays_what_was_not_durable() {
        let source = StreamSource::new(io::Cursor::new(b"0123456789".to_vec()), 3);
        let mut first = source.pieces(0);
        for _ in 0..3 {
            first.recv().await.unwrap().unwrap();
        }
        drop(first);
        source.acknowledged(4);
        assert_eq!(all(source.pieces(4)).await.unwrap(), b"456789");
        assert_eq!(source.whole(), (10, Hash::of(b"0123456789")));
        assert_eq!(all(source.pieces(0)).await.unwrap_err().code, Code::Conflict);
    }
}
