//! A node's data directory: who may use it, and whose it is.
//!
//! | path | content |
//! |---|---|
//! | `LOCK` | held (flock) by the running daemon; says who that is |
//! | `node.toml` | format, cluster and node; then only moved from `bootstrapping` or `joining` over `admitted` to `member` |
//! | `meta/` | log and state |
//! | `meta.incarnation-N/` | what this node had of an incarnation that ended; nothing reads it |
//! | `meta.loading/` | a snapshot that is being loaded: it counts from when there is a `node.toml` |
//! | `chunks/` | superblocks, unless the configuration names other directories; those say whose they are (`storage::identity`) |
//! | `spool/` | uploads that are being received |
//!
//! Invariants:
//! - Never two daemons on one directory.
//! - A directory that has been a member is never bootstrapped again: a lost log must be noticed, not replaced by an empty one.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vs_core::{
    error::{Code, Failure},
    id::{ClusterId, DirId, NodeId},
};

use crate::{
    meta::Loaded,
    storage::{self, make_dir, replace},
};

/// Format of the data directory as a whole. Up to 1 the one directory of chunks had its id and key in `node.toml`.
const FORMAT: u32 = 2;
/// Where a snapshot is made into metadata.
const LOADING: &str = "meta.loading";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// The cluster's first command is not known to be committed.
    Bootstrapping,
    /// No cluster has this node yet. Its id and the cluster's are not known.
    Joining,
    /// A cluster has this node, and has sent it nothing of its log yet.
    Admitted,
    Member,
}

/// Whose directory this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    format: u32,
    pub(crate) stage: Stage,
    pub(crate) cluster: ClusterId,
    /// Raised by every `vsd recover`.
    #[serde(default)]
    pub(crate) incarnation: u64,
    pub(crate) node: NodeId,
    /// What this node asks to join with: the cluster gives one id for one key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) join_key: Option<Uuid>,
    /// Of the directory of chunks, in format 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dir: Option<DirId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dir_key: Option<Uuid>,
}

/// A data directory in use by this process.
#[derive(Debug)]
pub(crate) struct DataDir {
    root: PathBuf,
    pub(crate) identity: Identity,
    _lock: Flock<File>,
}

/// What becomes of a directory that no node has used yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewNode {
    /// Nothing: it is an error.
    Refuse,
    /// The first node of a cluster with this id.
    Bootstrap(ClusterId),
    /// A node that asks a cluster to take it, under this key.
    Join(Uuid),
}

impl NewNode {
    fn identity(self) -> Option<Identity> {
        let (stage, cluster, node, join_key) = match self {
            Self::Refuse => return None,
            Self::Bootstrap(cluster) => (Stage::Bootstrapping, cluster, NodeId(1), None),
            Self::Join(key) => (Stage::Joining, ClusterId::from_random([0; 16]), NodeId(0), Some(key)),
        };
        Some(Identity { format: FORMAT, stage, cluster, incarnation: 0, node, join_key, dir: None, dir_key: None })
    }
}

impl DataDir {
    /// Takes the directory into use.
    pub(crate) fn open(root: &Path, new: NewNode, listen: &str) -> Result<Self, Failure> {
        Self::open_as(root, new, &format!("vsd, process {}, listening on {listen}", std::process::id()))
    }

    fn open_as(root: &Path, new: NewNode, who: &str) -> Result<Self, Failure> {
        let state = look(root)?;
        if state == State::Foreign {
            return Err(Failure::new(Code::DataDir, format!("{} is not a data directory of vsd", root.display()))
                .because("it is not empty and has no node.toml; nothing was changed")
                .hint("name an empty or new directory with `--data-dir DIR`"));
        }
        if state == State::Empty && new == NewNode::Refuse {
            return Err(Failure::new(Code::DataDir, format!("{} holds no node yet", root.display()))
                .because("a new node begins a cluster, or joins one, only when it is told to")
                .hint(format!("vsd serve --bootstrap --data-dir {}", root.display())));
        }
        make_dir(root).map_err(|error| unusable(root, &error))?;
        let lock = lock(root, who)?;
        let identity = match (look(root)?, new.identity()) {
            (State::Empty, Some(identity)) => {
                write_identity(root, &identity)?;
                identity
            }
            (_, new) => match (read_identity(root)?, new) {
                // no cluster has it: it may still begin one
                (Identity { stage: Stage::Joining, .. }, Some(first)) if first.stage == Stage::Bootstrapping => {
                    write_identity(root, &first)?;
                    first
                }
                (identity, _) => identity,
            },
        };
        adopt_loaded(root).map_err(|error| unusable(root, &error))?;
        for part in ["meta", "spool"] {
            make_dir(&root.join(part)).map_err(|error| unusable(root, &error))?;
        }
        let mut data = Self { root: root.to_owned(), identity, _lock: lock };
        data.upgrade()?;
        Ok(data)
    }

    /// Moves what format 1 said of the chunks to where they are.
    fn upgrade(&mut self) -> Result<(), Failure> {
        let Identity { format, cluster, node, dir, dir_key, .. } = &self.identity;
        if *format == FORMAT {
            return Ok(());
        }
        if let (Some(dir), Some(key)) = (dir, dir_key) {
            make_dir(&self.chunks()).map_err(|error| unusable(&self.chunks(), &error))?;
            storage::Identity::adopt(&self.chunks(), *cluster, *node, *key, *dir).map_err(|why| {
                Failure::new(Code::DataDir, format!("cannot use {}", self.chunks().display())).because(why)
            })?;
        }
        self.identity = Identity { format: FORMAT, dir: None, dir_key: None, ..self.identity.clone() };
        write_identity(&self.root, &self.identity)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn meta(&self) -> PathBuf {
        self.root.join("meta")
    }

    pub(crate) fn chunks(&self) -> PathBuf {
        self.root.join("chunks")
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.root.join("spool")
    }

    /// Keeps what this node asks to be taken, or taken back, with.
    pub(crate) fn draw_join_key(&mut self) -> Result<(), Failure> {
        if self.identity.join_key.is_none() {
            self.identity.join_key = Some(Uuid::from_bytes(rand::random()));
            write_identity(&self.root, &self.identity)?;
        }
        Ok(())
    }

    /// A cluster has taken this node.
    pub(crate) fn now_admitted(&mut self, cluster: ClusterId, incarnation: u64, node: NodeId) -> Result<(), Failure> {
        let stage = Stage::Admitted;
        self.identity = Identity { stage, cluster, incarnation, node, join_key: None, ..self.identity.clone() };
        write_identity(&self.root, &self.identity)
    }

    /// The cluster went on as a later incarnation and takes this node back. What it has of the old one's log is set
    /// aside; its chunks stay.
    pub(crate) fn now_readmitted(&mut self, incarnation: u64) -> Result<(), Failure> {
        let ended = self.identity.incarnation;
        let set_aside = set_aside(&self.root, &format!("meta.incarnation-{ended}"));
        if let Some(path) = set_aside.map_err(|error| unusable(&self.root, &error))? {
            tracing::warn!(path = %path.display(), ended, incarnation, "the old metadata is set aside");
        }
        let stage = Stage::Admitted;
        self.identity = Identity { stage, incarnation, ..self.identity.clone() };
        write_identity(&self.root, &self.identity)
    }

    /// What the state says counts, should a `vsd recover` have been interrupted right before its end.
    pub(crate) fn now_of_incarnation(&mut self, incarnation: u64) -> Result<(), Failure> {
        if self.identity.incarnation != incarnation {
            self.identity.incarnation = incarnation;
            write_identity(&self.root, &self.identity)?;
        }
        Ok(())
    }

    /// The node has a log: from now on a missing one is an error.
    pub(crate) fn now_member(&mut self) -> Result<(), Failure> {
        if self.identity.stage != Stage::Member {
            self.identity.stage = Stage::Member;
            write_identity(&self.root, &self.identity)?;
        }
        Ok(())
    }
}

/// Puts the metadata folder aside under a name that nothing has, and makes an empty one. None when it is empty already,
/// as after this was interrupted.
fn set_aside(root: &Path, name: &str) -> io::Result<Option<PathBuf>> {
    let meta = root.join("meta");
    if fs::read_dir(&meta)?.next().is_none() {
        return Ok(None);
    }
    let mut aside = root.join(name);
    for number in 2.. {
        if !aside.exists() {
            break;
        }
        aside = root.join(format!("{name}.{number}"));
    }
    fs::rename(&meta, &aside)?;
    make_dir(&meta)?;
    Ok(Some(aside))
}

/// Gives the metadata of a loaded snapshot its place.
fn adopt_loaded(root: &Path) -> io::Result<()> {
    match fs::rename(root.join(LOADING), root.join("meta")) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => File::open(root)?.sync_all(),
    }
}

/// Makes a node out of an empty directory, with the metadata that `load` makes in a folder. What it was interrupted with
/// is of no use to anybody and made anew.
pub(crate) fn found(
    root: &Path,
    who: &str,
    load: impl FnOnce(&Path) -> Result<Loaded, Failure>,
) -> Result<Loaded, Failure> {
    must_be_empty(root)?;
    make_dir(root).map_err(|error| unusable(root, &error))?;
    let _lock = lock(root, who)?;
    let folder = root.join(LOADING);
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(unusable(root, &error)),
        _ => {}
    }
    let loaded = load(&folder)?;
    File::open(root).and_then(|dir| dir.sync_all()).map_err(|error| unusable(root, &error))?;
    let Loaded { cluster, incarnation, node } = loaded;
    let stage = Stage::Member;
    let identity =
        Identity { format: FORMAT, stage, cluster, incarnation, node, join_key: None, dir: None, dir_key: None };
    write_identity(root, &identity)?;
    adopt_loaded(root).map_err(|error| unusable(root, &error))?;
    Ok(loaded)
}

/// Refuses a directory in which something is.
pub(crate) fn must_be_empty(root: &Path) -> Result<(), Failure> {
    if look_past(root, &[LOADING])? == State::Empty {
        return Ok(());
    }
    Err(Failure::new(Code::DataDir, format!("{} is not empty", root.display()))
        .because("a snapshot makes a new node; what is there was not changed")
        .hint("name an empty or new directory with `--data-dir DIR`"))
}

/// The identity of a node that has been a member.
pub(crate) fn member(root: &Path) -> Result<Identity, Failure> {
    let identity = identity(root)?;
    match identity.stage {
        Stage::Member => Ok(identity),
        _ => Err(Failure::new(Code::DataDir, format!("the node in {} has no metadata yet", root.display()))
            .because("it never was a member of a cluster")),
    }
}

/// Keeps everybody else off the directory of a node that has been a member.
pub(crate) fn stopped(root: &Path, who: &str) -> Result<DataDir, Failure> {
    member(root)?;
    DataDir::open_as(root, NewNode::Refuse, who)
}

#[derive(PartialEq, Eq)]
enum State {
    Empty,
    Ours,
    Foreign,
}

fn look(root: &Path) -> Result<State, Failure> {
    look_past(root, &[])
}

/// The same, as if what has one of these names were not there.
fn look_past(root: &Path, names: &[&str]) -> Result<State, Failure> {
    if root.join("node.toml").exists() {
        return Ok(State::Ours);
    }
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(State::Empty),
        Err(error) => return Err(unusable(root, &error)),
    };
    let foreign = |entry: Result<fs::DirEntry, _>| {
        let ours = ["LOCK", "lost+found", "node.toml.new"];
        entry.is_ok_and(|e| !ours.iter().chain(names).any(|name| *e.file_name() == **name))
    };
    Ok(if entries.into_iter().any(foreign) { State::Foreign } else { State::Empty })
}

/// The identity of a directory that a node has used before.
pub(crate) fn identity(root: &Path) -> Result<Identity, Failure> {
    let named = |what| Failure::new(Code::DataDir, what).hint("name the node's directory with `--data-dir DIR`");
    match look(root)? {
        State::Ours => read_identity(root),
        State::Empty => Err(named(format!("{} holds no node", root.display()))),
        State::Foreign => {
            Err(named(format!("{} is not a data directory of vsd", root.display())).because("it has no node.toml"))
        }
    }
}

/// Keeps everybody else off the directory, and says in it who does.
pub(crate) fn lock(root: &Path, who: &str) -> Result<Flock<File>, Failure> {
    let path = root.join("LOCK");
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let mut lock = hold(root, file.map_err(|error| unusable(root, &error))?)?;
    let written = lock.set_len(0).and_then(|()| writeln!(lock, "{who}"));
    written.map_err(|error| unusable(root, &error))?;
    Ok(lock)
}

/// Keeps everybody else off the directory and changes nothing in it. None when no daemon has ever used it.
pub(crate) fn lock_unchanged(root: &Path) -> Result<Option<Flock<File>>, Failure> {
    match File::open(root.join("LOCK")) {
        Ok(file) => hold(root, file).map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(root, &error)),
    }
}

fn hold(root: &Path, file: File) -> Result<Flock<File>, Failure> {
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(mut file, _)| {
        let mut holder = String::new();
        let _ = file.read_to_string(&mut holder);
        Failure::new(Code::Conflict, format!("{} is in use", root.display()))
            .because(format!("held by {}", holder.trim()))
            .hint("stop that vsd first, or name another directory with `--data-dir DIR`")
    })
}

fn read_identity(root: &Path) -> Result<Identity, Failure> {
    #[derive(Deserialize)]
    struct Versioned {
        format: u32,
    }
    let path = root.join("node.toml");
    let text = fs::read_to_string(&path).map_err(|error| unusable(root, &error))?;
    let damaged = |error: toml::de::Error| {
        Failure::new(Code::DataDir, format!("{} is damaged", path.display())).because(error.message())
    };
    let Versioned { format } = toml::from_str(&text).map_err(damaged)?;
    if format > FORMAT {
        return Err(Failure::new(Code::DataDir, format!("{} was written by a newer vsd", root.display()))
            .because(format!("its format is {format}, this release reads up to {FORMAT}; nothing was changed"))
            .hint("run the newer release, `vsd --version` tells which this is"));
    }
    toml::from_str(&text).map_err(damaged)
}

fn write_identity(root: &Path, identity: &Identity) -> Result<(), Failure> {
    let text = toml::to_string(identity).map_err(|error| Failure::new(Code::Internal, error.to_string()))?;
    replace(root, "node.toml", &text).map_err(|error| unusable(root, &error))
}

fn unusable(root: &Path, error: &io::Error) -> Failure {
    let code = if error.kind() == ErrorKind::StorageFull { Code::NoSpace } else { Code::DataDir };
    Failure::new(code, format!("cannot use {}", root.display())).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster() -> NewNode {
        NewNode::Bootstrap(ClusterId::from_random([7; 16]))
    }

    #[test]
    fn a_directory_is_taken_once_and_keeps_its_identity() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let root = scratch.path().join("n1");
        assert_eq!(DataDir::open(&root, NewNode::Refuse, "a:1").expect_err("never guesses").code, Code::DataDir);
        assert!(!root.exists(), "a refusal leaves nothing behind");
        let mut first = DataDir::open(&root, cluster(), "a:1").expect("bootstrapped");
        first.now_member().expect("written");
        let second = DataDir::open(&root, NewNode::Refuse, "a:2").expect_err("in use");
        assert!(second.code == Code::Conflict && second.why[0].contains("a:1"), "{second}");
        let identity = first.identity.clone();
        drop(first);
        let again = DataDir::open(&root, NewNode::Bootstrap(ClusterId::from_random([8; 16])), "a:1").expect("reopened");
        assert_eq!((&again.identity, again.identity.stage), (&identity, Stage::Member));
    }

    #[test]
    fn chunks_of_the_first_format_keep_their_id_and_key() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let cluster = ClusterId::from_random([7; 16]);
        let text = format!(
            "format = 1\nstage = \"member\"\ncluster = \"{cluster}\"\nnode = 1\ndir = 1\ndir_key = \"{}\"\n",
            cluster.0
        );
        fs::write(scratch.path().join("node.toml"), text).expect("written");
        fs::create_dir(scratch.path().join("chunks")).expect("made");
        for _ in 0..2 {
            let data = DataDir::open(scratch.path(), NewNode::Refuse, "a:1").expect("opened");
            assert_eq!((data.identity.format, data.identity.stage, data.identity.dir), (FORMAT, Stage::Member, None));
            let moved = storage::Identity::read(&data.chunks()).expect("readable").expect("it says whose it is");
            assert_eq!((moved.cluster, moved.node, moved.key), (cluster, NodeId(1), cluster.0));
            assert_eq!(moved.dir, Some(DirId(1)));
        }
    }

    #[test]
    fn metadata_of_an_earlier_incarnation_is_set_aside_whatever_is_there_already() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let mut data = DataDir::open(scratch.path(), cluster(), "a:1").expect("bootstrapped");
        data.now_member().expect("written");
        for aside in ["meta.incarnation-0", "meta.incarnation-0.2"] {
            fs::write(data.meta().join("old"), aside).expect("written");
            data.identity.incarnation = 0;
            // the second time stands for one that was interrupted
            for _ in 0..2 {
                data.now_readmitted(1).expect("set aside");
                assert_eq!((data.identity.stage, data.identity.incarnation), (Stage::Admitted, 1));
            }
            assert_eq!(fs::read_to_string(scratch.path().join(aside).join("old")).expect("kept"), aside);
            assert!(fs::read_dir(data.meta()).expect("there").next().is_none(), "a new log begins");
        }
        assert!(
            !scratch.path().join("meta.incarnation-0.3").exists()
                && !scratch.path().join("meta.incarnation-1").exists()
        );
    }

    #[test]
    fn a_loaded_snapshot_counts_once_it_is_whole() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let root = scratch.path();
        let make = |folder: &Path| {
            fs::create_dir(folder).expect("made");
            fs::write(folder.join("half"), b"").expect("written");
        };
        let died = found(root, "a test", |folder| {
            make(folder);
            Err(Failure::new(Code::Internal, "the process died here"))
        });
        assert_eq!(died.expect_err("it did").code, Code::Internal);
        assert_eq!(DataDir::open(root, cluster(), "a:1").expect_err("half a node").code, Code::DataDir);
        let loaded = Loaded { cluster: ClusterId::from_random([7; 16]), incarnation: 1, node: NodeId(5) };
        let again = found(root, "a test", |folder| {
            assert!(!folder.exists());
            make(folder);
            Ok(loaded)
        });
        assert_eq!(again.expect("loaded"), loaded);
        // killed right before its end
        fs::rename(root.join("meta"), root.join(LOADING)).expect("renamed");
        let data = DataDir::open(root, NewNode::Refuse, "a:1").expect("a member");
        assert!(
            (data.identity.node, data.identity.stage) == (NodeId(5), Stage::Member)
                && data.meta().join("half").exists()
        );
        assert_eq!(found(root, "a test", |_| Ok(loaded)).expect_err("there is a node").code, Code::DataDir);
    }

    #[test]
    fn foreign_and_newer_directories_are_left_alone() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        fs::write(scratch.path().join("holiday.jpg"), b"x").expect("written");
        assert_eq!(DataDir::open(scratch.path(), cluster(), "a:1").expect_err("foreign").code, Code::DataDir);
        fs::write(scratch.path().join("node.toml"), "format = 99\nmystery = true\n").expect("written");
        let newer = DataDir::open(scratch.path(), NewNode::Refuse, "a:1").expect_err("newer");
        assert!(newer.what.contains("newer"), "{newer}");
    }
}
