//! `vsd snapshot`: the metadata of a stopped node as one file, and a new cluster out of such a file.
//!
//! Invariants:
//! - A file has its name only when it is whole and durable; none is ever replaced.
//! - A file is read to its end and found sound before anything is made of it.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use nix::{
    errno::Errno,
    fcntl::{AT_FDCWD, RenameFlags, renameat2},
};
use serde_json::json;
use vs_core::{
    error::{Code, Failure},
    unit::human_bytes,
};
use vsd_core::meta::Role;

use crate::{
    cli::{WhereArgs, print},
    config::Config,
    meta::{self, Loaded, Saved},
    node,
    run::{rfc3339, spec, wall_ms},
};

#[derive(Debug, Subcommand)]
pub(crate) enum SnapshotCommand {
    /// Write the metadata of a stopped node into a new file.
    #[command(after_help = "Examples:\n  vsd snapshot save /backup/v.snapshot --data-dir /srv/v\n  \
                            vsd snapshot save /backup/v.snapshot --config /etc/vsd.toml --json")]
    Save(SaveArgs),
    /// Begin a cluster of one, with what is in a file, in an empty data directory.
    #[command(after_help = "The old nodes come back, with their chunks, with `vsd serve --join ADDR`.\n\n\
                            Examples:\n  vsd snapshot load /backup/v.snapshot --data-dir /srv/new\n  \
                            vsd snapshot load /backup/v.snapshot --data-dir /srv/new --dry-run")]
    Load(LoadArgs),
    /// Read a whole file, check it, and say what is in it.
    #[command(after_help = "Examples:\n  vsd snapshot info /backup/v.snapshot\n  \
                            vsd snapshot info /backup/v.snapshot --json | jq .videos")]
    Info(InfoArgs),
}

#[derive(Debug, Args)]
pub(crate) struct SaveArgs {
    /// Where to; nothing may be there
    file: PathBuf,
    #[command(flatten)]
    place: WhereArgs,
    /// Write one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LoadArgs {
    /// What `vsd snapshot save` wrote
    file: PathBuf,
    #[command(flatten)]
    place: WhereArgs,
    /// Say what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InfoArgs {
    /// What `vsd snapshot save` wrote
    file: PathBuf,
    /// Write one JSON document
    #[arg(long)]
    json: bool,
}

pub(crate) fn main(command: &SnapshotCommand) -> Result<(), Failure> {
    match command {
        SnapshotCommand::Save(args) => save(args),
        SnapshotCommand::Load(args) => load(args),
        SnapshotCommand::Info(args) => info(args),
    }
}

fn save(args: &SaveArgs) -> Result<(), Failure> {
    let file = &args.file;
    if file.symlink_metadata().is_ok() {
        return Err(is_there(file));
    }
    let config = args.place.config()?;
    let data = node::stopped(&config.node.data_dir, &format!("vsd snapshot, process {}", std::process::id()))?;
    let partial = [file.as_os_str().to_owned(), OsString::from(".partial")].into_iter().collect::<OsString>();
    let partial = PathBuf::from(partial);
    let saved = meta::save(&data.meta(), data.identity.node, &partial, wall_ms()).map_err(Failure::from);
    let named = saved.and_then(|saved| name(&partial, file).map(|()| saved));
    let saved = named.inspect_err(|_| {
        // what was written of it is of no use
        let _ = fs::remove_file(&partial);
    })?;
    tell(file, saved.index, Some(&saved), args.json)
}

/// Gives a durable file its name, if nothing has it.
fn name(partial: &Path, file: &Path) -> Result<(), Failure> {
    let renamed = match renameat2(AT_FDCWD, partial, AT_FDCWD, file, RenameFlags::RENAME_NOREPLACE) {
        // a file system that cannot do both at once
        Err(Errno::EINVAL | Errno::ENOSYS) if file.symlink_metadata().is_err() => fs::rename(partial, file),
        Err(Errno::EEXIST | Errno::EINVAL | Errno::ENOSYS) => return Err(is_there(file)),
        renamed => renamed.map_err(io::Error::from),
    };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let named = renamed.and_then(|()| File::open(folder)?.sync_all());
    named.map_err(|error| not_usable(file, &error))
}

fn is_there(file: &Path) -> Failure {
    Failure::new(Code::Conflict, format!("{} is there already", file.display()))
        .because("a snapshot replaces no file")
        .hint("name another file, or remove that one first")
}

fn not_usable(file: &Path, error: &io::Error) -> Failure {
    let (code, what) = match error.kind() {
        ErrorKind::NotFound => (Code::NotFound, "is not there"),
        ErrorKind::StorageFull => (Code::NoSpace, "cannot be written"),
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof | ErrorKind::Other => {
            (Code::Integrity, "is not a whole snapshot")
        }
        _ => (Code::LocalFile, "cannot be used"),
    };
    Failure::new(code, format!("{} {what}", file.display())).because(error)
}

/// The last entry in a snapshot that is sound, and what its header says.
fn sound(file: &Path) -> Result<(u64, Option<Saved>), Failure> {
    File::open(file).and_then(|opened| meta::inspect(&opened)).map_err(|error| not_usable(file, &error))
}

fn info(args: &InfoArgs) -> Result<(), Failure> {
    let (index, saved) = sound(&args.file)?;
    tell(&args.file, index, saved.as_ref(), args.json)
}

fn tell(file: &Path, index: u64, saved: Option<&Saved>, as_json: bool) -> Result<(), Failure> {
    let bytes = fs::metadata(file).map_err(|error| not_usable(file, &error))?.len();
    print(&if as_json { json_of(file, bytes, index, saved) } else { text_of(file, bytes, index, saved) })
}

fn text_of(file: &Path, bytes: u64, index: u64, saved: Option<&Saved>) -> String {
    let mut text = format!("{}: {}, every checksum holds\n", file.display(), human_bytes(bytes));
    let Some(saved) = saved else {
        text.push_str(&format!("made by a node for itself; up to entry {index}\n"));
        return text;
    };
    let unconfirmed = match saved.unconfirmed {
        0 => String::new(),
        1 => ", of which the last may never have been acknowledged".to_owned(),
        some => format!(", of which the last {some} may never have been acknowledged"),
    };
    text.push_str(&format!(
        "cluster      {}, incarnation {}\nsaved        {} from {}\nup to entry  {index}{unconfirmed}\n\
         in it        {} videos, {} assets, {} nodes\n",
        saved.cluster,
        saved.incarnation,
        rfc3339(saved.saved_ms),
        saved.node,
        saved.videos,
        saved.assets,
        saved.nodes,
    ));
    text
}

fn json_of(file: &Path, bytes: u64, index: u64, saved: Option<&Saved>) -> String {
    let document = json!({
        "path": file.to_string_lossy(),
        "bytes": bytes,
        "index": index,
        "unconfirmed": saved.map(|saved| saved.unconfirmed),
        "cluster": saved.map(|saved| saved.cluster.to_string()),
        "incarnation": saved.map(|saved| saved.incarnation),
        "node": saved.map(|saved| saved.node.to_string()),
        "saved_at": saved.map(|saved| rfc3339(saved.saved_ms)),
        "videos": saved.map(|saved| saved.videos),
        "assets": saved.map(|saved| saved.assets),
        "nodes": saved.map(|saved| saved.nodes),
    });
    format!("{document:#}\n")
}

#[allow(clippy::print_stderr, reason = "what to do next")]
fn load(args: &LoadArgs) -> Result<(), Failure> {
    let config = args.place.config()?;
    if !config.node.roles.contains(&Role::Metadata) {
        return Err(Failure::new(Code::Config, "the first node of a cluster needs the role `metadata`"));
    }
    let root = &config.node.data_dir;
    let (index, saved) = sound(&args.file)?;
    if args.dry_run {
        let of = saved.map(|saved| format!(" of cluster {}", saved.cluster)).unwrap_or_default();
        node::must_be_empty(root)?;
        return print(&format!(
            "plan: a new node in {} leads what the cluster was after entry {index}{of}, alone, as a new incarnation\n",
            root.display()
        ));
    }
    let who = format!("vsd snapshot, process {}", std::process::id());
    let loaded = node::found(root, &who, |folder| make(&args.file, folder, &config))?;
    let addr = config.node.advertised();
    eprintln!("hint: start it with `vsd serve --data-dir {}`", root.display());
    eprintln!("hint: start the old nodes, which bring their chunks, with `vsd serve --join {addr} --data-dir DIR`");
    print(&format!(
        "{} leads cluster {} after entry {index}, alone, as incarnation {}\n",
        loaded.node, loaded.cluster, loaded.incarnation
    ))
}

fn make(file: &Path, folder: &Path, config: &Config) -> Result<Loaded, Failure> {
    let opened = File::open(file).map_err(|error| not_usable(file, &error))?;
    Ok(meta::load(&opened, folder, &spec(config), wall_ms())?)
}
