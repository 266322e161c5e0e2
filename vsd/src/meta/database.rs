//! How the two RocksDB databases are opened, and the few things both need.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use rocksdb::{DB, DBRecoveryMode, LogLevel, Options};

/// Memory for writes that are not in a file yet, for each of up to two buffers of a database.
const WRITE_BUFFER_BYTES: usize = 8 << 20;
/// Files a database keeps open.
const OPEN_FILES_MAX: i32 = 256;

/// Why the metadata of a node cannot be opened. Nothing is repaired silently.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("the metadata in {path} is damaged: {why}")]
    Damaged { path: PathBuf, why: String },
    /// What this node acknowledged is not all there. It may only come back as a new node.
    #[error("the metadata in {path} has lost what it acknowledged: {why}")]
    Lost { path: PathBuf, why: String },
    #[error("there is no cluster in {path} yet")]
    NotBootstrapped { path: PathBuf },
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("the first command of the cluster failed: {0}")]
    Bootstrap(String),
}

impl OpenError {
    pub(super) fn damaged(path: &Path, why: impl ToString) -> Self {
        Self::Damaged { path: path.to_owned(), why: why.to_string() }
    }

    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |source| Self::Io { path: path.to_owned(), source }
    }
}

/// Options of a database in which a flaw is an error and not a reason to forget.
pub(super) fn options() -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_write_buffer_size(WRITE_BUFFER_BYTES);
    options.set_max_write_buffer_number(2);
    options.set_max_open_files(OPEN_FILES_MAX);
    options.set_keep_log_file_num(2);
    options.set_log_level(LogLevel::Warn);
    // a record torn by a crash ends the log; a flaw with more behind it, or a file that is missing, refuses to open
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    options.set_track_and_verify_wals_in_manifest(true);
    options.set_paranoid_checks(true);
    options
}

/// Opens a database. What it had written without syncing is durable afterwards.
pub(super) fn open(path: &Path) -> Result<DB, OpenError> {
    DB::open(&options(), path).map_err(|error| not_opened(path, error))
}

/// Opens a database to look at; no byte on the disk changes.
pub(super) fn open_read_only(path: &Path) -> Result<DB, OpenError> {
    let mut options = options();
    options.create_if_missing(false);
    DB::open_for_read_only(&options, path, false).map_err(|error| not_opened(path, error))
}

fn not_opened(path: &Path, error: rocksdb::Error) -> OpenError {
    match error.kind() {
        rocksdb::ErrorKind::IOError => OpenError::io(path)(io::Error::other(error)),
        _ => OpenError::damaged(path, error),
    }
}

/// Makes names in a folder durable.
pub(super) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
