//! Whose data directory this is: `dir.toml`, and what is taken into use by it.
//!
//! | file | content |
//! |---|---|
//! | `dir.toml` | format, cluster, node, key, and the id that the cluster gave the directory |
//! | `dir.new` | made by the operator: this empty directory is a new disk, although a member was here before |
//! | `fsck.toml` | left by `vsd fsck --deep --fix`: format, key, and when the directory was found sound |
//! | `scrub.toml` | where background care stands; nothing is lost with it |
//! | `*.vsb` | superblocks |
//!
//! A directory joins in this order, each step durable before the next: `dir.toml` with a key drawn at random; the
//! cluster gives that key an id ([`Command::NodeUpdate`](vsd_core::meta::Command)); `dir.toml` with the id; the first
//! superblock, whose header carries the id. A crash in between is answered by going on with the same key, which has
//! the same id for ever.
//!
//! Invariants:
//! - Nothing is written into a directory that is not this node's. Empty is not enough: where a member was last seen,
//!   an empty directory is a disk that is not mounted, until the operator says otherwise with `dir.new`.
//! - Two processes, or two lines of the configuration, never use one directory: it is locked (flock) itself, which
//!   works on a read-only mount too.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use nix::{
    errno::Errno,
    fcntl::{Flock, FlockArg},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;
use vs_core::id::{ClusterId, DirId, NodeId};
use vsd_core::meta::DirRecord;

const FORMAT: u32 = 1;
const IDENTITY: &str = "dir.toml";
const IS_NEW: &str = "dir.new";
const CHECKED: &str = "fsck.toml";
/// What an empty directory may hold.
const NOTHING: &[&str] = &["lost+found", "dir.toml.new", IS_NEW];

/// What `dir.toml` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    format: u32,
    pub(crate) cluster: ClusterId,
    pub(crate) node: NodeId,
    /// Drawn when the directory was new: what tells one disk from another.
    pub(crate) key: Uuid,
    /// `None` until the cluster gave it one: there is no superblock yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dir: Option<DirId>,
}

/// What `fsck.toml` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checked {
    pub(crate) format: u32,
    /// Of the directory that was checked.
    pub(crate) key: Uuid,
    pub(crate) checked_at_ms: u64,
}

/// Why a directory is not taken into use. Others are.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("it was {dir} and is {}; mount its disk, or, if this is a new disk, `touch {}`",
        if *.there { "empty" } else { "not there" }, .path.join(IS_NEW).display())]
    Missing { dir: DirId, there: bool, path: PathBuf },
    #[error("it is not there; make it with `mkdir {}`", .0.display())]
    Absent(PathBuf),
    #[error("it belongs to {node} of cluster {cluster}; nothing was changed")]
    OfAnother { node: NodeId, cluster: ClusterId },
    #[error("it has files in it and no {IDENTITY} that says whose they are; nothing was changed")]
    Foreign,
    #[error("its {IDENTITY} was written by a newer vsd (format {0}, this one reads {FORMAT}); nothing was changed")]
    Newer(u32),
    #[error("its {file} is damaged: {why}")]
    Damaged { file: &'static str, why: String },
    #[error("it is in use, by another process or by another line of storage.dirs")]
    InUse,
    #[error("it is a copy of {}, or the other way round: both have the same key", .0.display())]
    Copy(PathBuf),
    #[error("its files are of {found}, and the cluster calls it {expected}")]
    OtherId { found: DirId, expected: DirId },
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A directory that this process uses.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) path: PathBuf,
    pub(crate) identity: Identity,
    /// Checked and sealed since its last fault.
    pub(crate) mended: bool,
    pub(super) lock: Flock<File>,
}

/// Whose directories are looked for, and what is known of them.
#[derive(Debug)]
pub(crate) struct Owner<'a> {
    pub(crate) cluster: ClusterId,
    pub(crate) node: NodeId,
    /// The node's directories as the cluster knows them.
    pub(crate) known: &'a [DirRecord],
}

impl Owner<'_> {
    /// Takes a directory into use; a new one gets its key here. `is_default` names the one below the node's own data
    /// directory, which is made when it was never there.
    pub(crate) fn hold(&self, path: &Path, is_default: bool) -> Result<Held, Unusable> {
        let path = &std::path::absolute(path)?;
        let was_here = self.known.iter().filter(|dir| Path::new(&dir.path) == path).map(|dir| dir.id).max();
        if !path.is_dir() {
            match was_here {
                Some(dir) => return Err(Unusable::Missing { dir, there: false, path: path.clone() }),
                None if is_default => make_dir(path)?,
                None => return Err(Unusable::Absent(path.clone())),
            }
        }
        let lock = lock(path)?;
        let identity = match Identity::read(path)? {
            Some(identity) if (identity.cluster, identity.node) != (self.cluster, self.node) => {
                return Err(Unusable::OfAnother { node: identity.node, cluster: identity.cluster });
            }
            Some(identity) => identity,
            None => self.begin(path, was_here)?,
        };
        // another release's word on it is not taken
        let checked = read::<Checked>(path, CHECKED)?.filter(|checked| checked.format == FORMAT);
        let mended = checked.is_some_and(|checked| checked.key == identity.key);
        Ok(Held { path: path.clone(), identity, mended, lock })
    }

    /// Begins to join with an empty directory.
    fn begin(&self, path: &Path, was_here: Option<DirId>) -> Result<Identity, Unusable> {
        let names: Vec<_> = fs::read_dir(path)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
        if names.iter().any(|name| !NOTHING.iter().any(|allowed| name == allowed)) {
            return Err(Unusable::Foreign);
        }
        if let Some(dir) = was_here
            && !names.iter().any(|name| name == IS_NEW)
        {
            return Err(Unusable::Missing { dir, there: true, path: path.to_owned() });
        }
        let key = uuid::Builder::from_random_bytes(rand::random()).into_uuid();
        let identity = Identity { format: FORMAT, cluster: self.cluster, node: self.node, key, dir: None };
        identity.write(path)?;
        remove_if_there(path, IS_NEW)?;
        Ok(identity)
    }
}

impl Identity {
    /// Whose directory it is; `None` when it does not say.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, Unusable> {
        #[derive(Deserialize)]
        struct Versioned {
            format: u32,
        }
        match read::<Versioned>(path, IDENTITY)? {
            Some(Versioned { format }) if format > FORMAT => Err(Unusable::Newer(format)),
            _ => read(path, IDENTITY),
        }
    }

    /// Gives files without a `dir.toml` one: those of a release that kept id and key in `node.toml`.
    pub(crate) fn adopt(path: &Path, cluster: ClusterId, node: NodeId, key: Uuid, dir: DirId) -> Result<(), Unusable> {
        match Self::read(path)? {
            Some(_) => Ok(()),
            None => Ok(Self { format: FORMAT, cluster, node, key, dir: Some(dir) }.write(path)?),
        }
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        replace(path, IDENTITY, &toml::to_string(self).map_err(io::Error::other)?)
    }
}

impl Checked {
    pub(crate) fn new(key: Uuid, checked_at_ms: u64) -> Self {
        Self { format: FORMAT, key, checked_at_ms }
    }

    /// Leaves this in the directory.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        replace(path, CHECKED, &toml::to_string(self).map_err(io::Error::other)?)
    }
}

impl Held {
    /// The cluster calls the directory so: from now on it may have superblocks.
    pub(crate) fn settle(&mut self, id: DirId) -> Result<(), Unusable> {
        match self.identity.dir {
            Some(found) if found != id => Err(Unusable::OtherId { found, expected: id }),
            Some(_) => Ok(()),
            None => {
                self.identity.dir = Some(id);
                Ok(self.identity.write(&self.path)?)
            }
        }
    }

    /// The cluster knows that the directory was mended. A later fault must not be taken for mended too, so this comes
    /// before the first write.
    pub(crate) fn forget_check(&self) -> io::Result<()> {
        remove_if_there(&self.path, CHECKED)
    }
}

/// Locks a directory itself.
pub(crate) fn lock(path: &Path) -> Result<Flock<File>, Unusable> {
    Flock::lock(File::open(path)?, FlockArg::LockExclusiveNonblock).map_err(|(_, error)| match error {
        Errno::EWOULDBLOCK => Unusable::InUse,
        error => io::Error::from(error).into(),
    })
}

fn read<T: DeserializeOwned>(path: &Path, file: &'static str) -> Result<Option<T>, Unusable> {
    match fs::read_to_string(path.join(file)) {
        Ok(text) => {
            let parsed = toml::from_str(&text);
            parsed.map(Some).map_err(|error| Unusable::Damaged { file, why: error.message().to_owned() })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Replaces a file whole: written beside it, synced, renamed, and the directory synced.
pub(crate) fn replace(dir: &Path, file: &str, text: &str) -> io::Result<()> {
    let fresh = dir.join(format!("{file}.new"));
    let mut written = File::create(&fresh)?;
    written.write_all(text.as_bytes())?;
    written.sync_all()?;
    fs::rename(&fresh, dir.join(file))?;
    File::open(dir)?.sync_all()
}

/// Makes a directory that a power cut does not take.
pub(crate) fn make_dir(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

fn remove_if_there(dir: &Path, file: &str) -> io::Result<()> {
    match fs::remove_file(dir.join(file)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => File::open(dir)?.sync_all(),
    }
}
