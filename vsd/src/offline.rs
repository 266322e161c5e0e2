//! What `vsd fsck` and `vsd inspect` share: which directories a node keeps its chunks in, and how results are shown.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use nix::fcntl::Flock;
use uuid::Uuid;
use vs_core::{
    error::{Code, Failure},
    id::DirId,
};
use vsd_core::superblock::NotSuperblock;

use crate::{
    config::Config,
    node,
    run::wall_ms,
    storage::{Checked, Identity, Unusable, lock},
};

/// A directory of superblocks that is this node's.
#[derive(Clone, Debug)]
pub(crate) struct ChunkDir {
    pub(crate) id: DirId,
    /// What tells it from another disk in its place.
    pub(crate) key: Uuid,
    pub(crate) path: PathBuf,
}

/// The directories of a node.
#[derive(Debug, Default)]
pub(crate) struct ChunkDirs {
    pub(crate) dirs: Vec<ChunkDir>,
    /// Those that are not there or not the node's, and why.
    pub(crate) unusable: Vec<(PathBuf, String)>,
}

/// The directories of the node with this configuration.
pub(crate) fn chunk_dirs(config: &Config) -> Result<ChunkDirs, Failure> {
    let root = &config.node.data_dir;
    let owner = node::identity(root)?;
    let mut found = ChunkDirs::default();
    let paths = match config.storage.dirs.is_empty() {
        true => vec![root.join("chunks")],
        false => config.storage.dirs.clone(),
    };
    for path in paths {
        match identify(&owner, &path) {
            // a directory that has no id yet has no superblock either
            Ok(None) => {}
            Ok(Some((id, key))) => found.dirs.push(ChunkDir { id, key, path }),
            Err(why) => found.unusable.push((path, why)),
        }
    }
    Ok(found)
}

/// Id and key of a directory, or why it is not to be looked into.
fn identify(owner: &node::Identity, path: &Path) -> Result<Option<(DirId, Uuid)>, String> {
    match Identity::read(path).map_err(|why| why.to_string())? {
        Some(identity) if (identity.cluster, identity.node) != (owner.cluster, owner.node) => {
            Err(format!("it belongs to {} of cluster {}", identity.node, identity.cluster))
        }
        Some(identity) => Ok(identity.dir.map(|dir| (dir, identity.key))),
        None if !path.is_dir() => Err("it is not there".to_owned()),
        // as an earlier release kept it, until the next start
        None => owner.dir.zip(owner.dir_key).map(Some).ok_or_else(|| "it has no dir.toml".to_owned()),
    }
}

/// Keeps everybody else off a directory, and changes nothing in it.
pub(crate) fn lock_dir(dir: &ChunkDir) -> Result<Flock<File>, Failure> {
    lock(&dir.path).map_err(|why| {
        let code = if matches!(why, Unusable::InUse) { Code::Conflict } else { Code::DataDir };
        Failure::new(code, format!("cannot use {}", dir.path.display()))
            .because(why)
            .hint(format!("`fuser -v {}` shows who uses it", dir.path.display()))
    })
}

/// Says in a directory that it was read from the disk and sealed.
pub(crate) fn leave_checked(dir: &ChunkDir) -> io::Result<()> {
    Checked::new(dir.key, wall_ms()).write(&dir.path)
}

/// A file that is to be looked into and cannot be.
pub(crate) fn not_superblock(path: &Path, why: &NotSuperblock) -> Failure {
    let code = match why {
        NotSuperblock::Empty | NotSuperblock::Damaged => Code::Integrity,
        NotSuperblock::Newer(_) => Code::NotSupported,
        NotSuperblock::Io(error) if error.kind() == io::ErrorKind::NotFound => Code::NotFound,
        NotSuperblock::Io(_) => Code::LocalFile,
    };
    let failure = Failure::new(code, format!("{} cannot be inspected", path.display())).because(why);
    match why {
        NotSuperblock::Newer(_) => failure.hint("run the newer release, `vsd --version` tells which this is"),
        NotSuperblock::Damaged => failure.hint("stop the node and run `vsd fsck`: it says what is lost with the file"),
        NotSuperblock::Empty | NotSuperblock::Io(_) => failure,
    }
}

/// Rows under headings, each with whether its cells are numbers.
pub(crate) fn table(headings: &[(&str, bool)], rows: &[Vec<String>]) -> String {
    let chars = |text: &str| text.chars().count();
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| chars(cell));
        cells.chain([chars(headings[at].0)]).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..headings.len()).map(width).collect();
    let heading: Vec<_> = headings.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&heading).chain(rows) {
        let mut line = String::new();
        for ((cell, width), (_, right)) in row.iter().zip(&widths).zip(headings) {
            let gap = " ".repeat(width - chars(cell));
            let (before, after) = if *right { (&*gap, "") } else { ("", &*gap) };
            line.push_str(&format!("{before}{cell}{after}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A sequence as people read it: the superblock it was first written to, and the count in there.
pub(crate) fn sequence(sequence: u64) -> String {
    format!("{}.{}", sequence >> 32, sequence & u64::from(u32::MAX))
}
