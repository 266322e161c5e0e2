//! What is remembered between runs, so that the same command goes on where it was killed: which session a file belongs to.
//!
//! A file is the same when its path, length and time of change are, and the command the same when it asks the same of the same
//! cluster. The entry lives in the XDG state directory, is locked while its upload runs, and goes when the upload has ended.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use tracing::warn;
use vs_core::{hash::Hash, id::UploadId};

/// Entries nobody came back for are dropped after this long; the server's sessions expire sooner.
const KEPT_FOR: Duration = Duration::from_secs(30 * 86_400);
/// Longest entry that is read, in bytes.
const ENTRY_BYTES_MAX: u64 = 64 << 10;

/// What makes a file and a command the same ones.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Key<'a> {
    pub(crate) path: &'a Path,
    pub(crate) size: u64,
    pub(crate) modified_ns: u64,
    pub(crate) cluster: &'a str,
    /// All options that shape the video.
    pub(crate) options: String,
}

/// The session of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) upload: UploadId,
    /// For whoever looks into the folder.
    pub(crate) path: PathBuf,
    /// The node that holds the bytes; empty until it is known.
    #[serde(default)]
    pub(crate) node_addr: String,
}

/// An entry, locked for as long as this lives.
#[derive(Debug)]
pub(crate) struct Entry {
    file: File,
    path: PathBuf,
}

impl Entry {
    /// The entry of a key; none when another process is at this very upload, or when there is no place to remember anything.
    pub(crate) fn open(state_dir: &Path, key: &Key<'_>) -> Option<Self> {
        let folder = state_dir.join("uploads");
        let name = Hash::of(serde_json::to_string(key).ok()?.as_bytes()).to_string();
        let path = folder.join(format!("{name}.json"));
        let open = || {
            fs::create_dir_all(&folder)?;
            drop_old(&folder);
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)
        };
        let file = open().inspect_err(|error| warn!(%error, "uploads of this run cannot be resumed")).ok()?;
        file.try_lock().ok()?;
        Some(Self { file, path })
    }

    /// What was remembered. An entry that cannot be read is as good as none.
    pub(crate) fn read(&mut self) -> Option<Kept> {
        let mut text = String::new();
        self.file.rewind().ok()?;
        (&self.file).take(ENTRY_BYTES_MAX).read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Remembers, as well as it can: an upload never fails for want of a note about it.
    pub(crate) fn write(&mut self, kept: &Kept) {
        let written = serde_json::to_vec(kept).map_err(std::io::Error::other).and_then(|bytes| {
            self.file.set_len(0)?;
            self.file.rewind()?;
            self.file.write_all(&bytes)?;
            self.file.sync_data()
        });
        if let Err(error) = written {
            warn!(%error, "this upload cannot be resumed");
        }
    }

    /// The upload has ended.
    pub(crate) fn forget(self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn drop_old(folder: &Path) {
    let is_old = |path: &Path| {
        let modified = fs::metadata(path).and_then(|there| there.modified()).ok();
        let age = modified.and_then(|at| SystemTime::now().duration_since(at).ok());
        age.is_some_and(|age| age > KEPT_FOR)
    };
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    for path in entries.map(|entry| entry.path()).filter(|path| is_old(path)) {
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key<'a>(path: &'a Path, size: u64) -> Key<'a> {
        Key { path, size, modified_ns: 1, cluster: "c", options: "o".to_owned() }
    }

    #[test]
    fn the_same_command_finds_its_session_again() {
        let dir = tempfile::tempdir().unwrap();
        let film = Path::new("/films/a.mp4");
        let kept = Kept { upload: UploadId::from_random([7; 16]), path: film.into(), node_addr: "h:1".to_owned() };
        let mut entry = Entry::open(dir.path(), &key(film, 9)).unwrap();
        assert_eq!(entry.read(), None);
        entry.write(&kept);
        assert!(Entry::open(dir.path(), &key(film, 9)).is_none(), "locked");
        drop(entry);
        let mut entry = Entry::open(dir.path(), &key(film, 9)).unwrap();
        assert_eq!(entry.read(), Some(kept));
        assert_eq!(Entry::open(dir.path(), &key(film, 10)).unwrap().read(), None);
        entry.forget();
        assert_eq!(Entry::open(dir.path(), &key(film, 9)).unwrap().read(), None);
    }
}
