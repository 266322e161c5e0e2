//! The snapshots of a node: at most one that counts, and files on their way to become one.
//!
//! A snapshot gets its name once all of it is durable, so whatever has such a name is whole. Older ones go when a newer
//! one has its name.

use std::{
    fs::{self, File},
    io::{self, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use super::{
    archive::{self, Header},
    database::{OpenError, sync_dir},
    types::{LogId, SnapshotMeta},
};

const ENDING: &str = "snapshot";
/// Where a leader's snapshot arrives.
const RECEIVING: &str = "receiving";
/// Where a snapshot is written before it gets its name: one that is made here, and one that was received.
const NEW: &str = "new";
const RECEIVED: &str = "received";

#[derive(Debug, thiserror::Error)]
pub(super) enum SnapshotError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("the snapshot is gone")]
    Gone,
}

/// The folder of snapshots.
pub(super) struct Snapshots {
    folder: PathBuf,
    current: Mutex<Option<Current>>,
}

#[derive(Clone)]
struct Current {
    meta: SnapshotMeta,
    path: PathBuf,
}

/// A snapshot that was received, in a file of ours.
pub(super) struct Kept(PathBuf);

impl Kept {
    pub(super) fn unpack(&self, folder: &Path) -> Result<(), SnapshotError> {
        let unpacked = File::open(&self.0).and_then(|file| archive::unpack(&file, folder));
        unpacked.map(|_| ()).map_err(at(&self.0))
    }
}

impl Snapshots {
    /// Finds the newest snapshot that is neither ahead of the state nor behind what it was installed from, and removes
    /// everything else: no entries lead from a snapshot behind that to the state.
    pub(super) fn open(folder: &Path, installed: Option<LogId>, applied: Option<LogId>) -> Result<Self, OpenError> {
        fs::create_dir_all(folder).map_err(OpenError::io(folder))?;
        let mut newest: Option<Current> = None;
        for entry in fs::read_dir(folder).map_err(OpenError::io(folder))? {
            let path = entry.map_err(OpenError::io(folder))?.path();
            if path.extension().is_none_or(|ending| ending != ENDING) {
                continue;
            }
            match read_meta(&path) {
                Ok(meta) if meta.last_log_id > applied || meta.last_log_id < installed => {}
                Ok(meta) => {
                    if newest.as_ref().is_none_or(|newest| newest.meta.last_log_id < meta.last_log_id) {
                        newest = Some(Current { meta, path });
                    }
                }
                // the state has all that was in it, and another one is made from that
                Err(error) => tracing::warn!(path = %path.display(), %error, "a snapshot is damaged and dropped"),
            }
        }
        let snapshots = Self { folder: folder.to_owned(), current: Mutex::new(None) };
        snapshots.remove_others(newest.as_ref(), None).map_err(OpenError::io(folder))?;
        *snapshots.current.lock().unwrap_or_else(PoisonError::into_inner) = newest;
        Ok(snapshots)
    }

    /// The snapshot that counts.
    pub(super) fn current(&self) -> Result<Option<(SnapshotMeta, File)>, SnapshotError> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        current.map(|Current { meta, path }| Ok((meta, File::open(&path).map_err(at(&path))?))).transpose()
    }

    /// Packs a checkpoint and makes it the snapshot that counts.
    pub(super) fn store(&self, meta: &SnapshotMeta, checkpoint: &Path) -> Result<(), SnapshotError> {
        let new = self.folder.join(NEW);
        let packed = File::create(&new).and_then(|file| {
            archive::pack(&Header { meta: meta.clone(), saved: None }, checkpoint, &file)?;
            file.sync_all()
        });
        packed.map_err(at(&new))?;
        self.adopt(Kept(new), meta)
    }

    /// An empty file for a snapshot to arrive in.
    pub(super) fn receive(&self) -> Result<File, SnapshotError> {
        let path = self.folder.join(RECEIVING);
        File::options().read(true).write(true).create(true).truncate(true).open(&path).map_err(at(&path))
    }

    /// Copies what was received, and makes it durable.
    pub(super) fn keep(&self, received: &mut File) -> Result<Kept, SnapshotError> {
        let path = self.folder.join(RECEIVED);
        let kept = File::create(&path).and_then(|mut file| {
            received.seek(SeekFrom::Start(0))?;
            io::copy(received, &mut file)?;
            file.sync_all()
        });
        kept.map_err(at(&path))?;
        Ok(Kept(path))
    }

    /// Gives a durable snapshot its name, and removes older ones. If a newer one has its name, this one goes.
    pub(super) fn adopt(&self, kept: Kept, meta: &SnapshotMeta) -> Result<(), SnapshotError> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|current| current.meta.last_log_id > meta.last_log_id) {
            return fs::remove_file(&kept.0).map_err(at(&kept.0));
        }
        let index = meta.last_log_id.map_or(0, |id| id.index);
        let path = self.folder.join(format!("{index:020}.{ENDING}"));
        fs::rename(&kept.0, &path).and_then(|()| sync_dir(&self.folder)).map_err(at(&path))?;
        *current = Some(Current { meta: meta.clone(), path });
        self.remove_others(current.as_ref(), Some(ENDING)).map_err(at(&self.folder))
    }

    /// Removes everything that does not count; with an ending, of what has it.
    fn remove_others(&self, current: Option<&Current>, ending: Option<&str>) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let is_meant = ending.is_none_or(|ending| path.extension().is_some_and(|has| has == ending));
            if is_meant && current.is_none_or(|current| current.path != path) {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }
}

fn read_meta(path: &Path) -> io::Result<SnapshotMeta> {
    let mut file = io::BufReader::new(File::open(path)?);
    Ok(archive::header(&mut file)?.meta)
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> SnapshotError {
    |source| SnapshotError::Io { path: path.to_owned(), source }
}
