//! A directory of superblocks that is looked at and never written to, also while a daemon writes to it.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use nix::libc;
use vsd_core::superblock::{Disk, Space};

use super::RealDisk;

/// Refuses whatever would change anything.
#[derive(Debug)]
pub(crate) struct ReadOnlyDisk {
    path: PathBuf,
    real: RealDisk,
}

impl ReadOnlyDisk {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), real: RealDisk::new(path, None) }
    }
}

fn refused<T>() -> io::Result<T> {
    Err(io::ErrorKind::ReadOnlyFilesystem.into())
}

impl Disk for ReadOnlyDisk {
    type File = File;

    fn list(&self) -> io::Result<Vec<String>> {
        self.real.list()
    }

    fn create(&self, _: &str) -> io::Result<File> {
        refused()
    }

    /// Anything may have a superblock's name: a pipe must not be waited for.
    fn open(&self, name: &str) -> io::Result<File> {
        let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(self.path.join(name))?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a file")) }
    }

    fn remove(&self, _: &str) -> io::Result<()> {
        refused()
    }

    fn sync_dir(&self) -> io::Result<()> {
        refused()
    }

    fn size(&self, file: &File) -> io::Result<u64> {
        self.real.size(file)
    }

    fn read_at(&self, file: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
        self.real.read_at(file, into, offset)
    }

    fn write_at(&self, _: &File, _: &[&[u8]], _: u64) -> io::Result<()> {
        refused()
    }

    fn punch(&self, _: &File, _: u64, _: u64) -> io::Result<()> {
        refused()
    }

    fn allocate(&self, _: &File, _: u64, _: u64) -> io::Result<()> {
        refused()
    }

    fn truncate(&self, _: &File, _: u64) -> io::Result<()> {
        refused()
    }

    fn allocated(&self, file: &File) -> io::Result<u64> {
        self.real.allocated(file)
    }

    fn forget(&self, file: &File, offset: u64, bytes: u64) -> io::Result<()> {
        self.real.forget(file, offset, bytes)
    }

    fn sync(&self, _: &File) -> io::Result<()> {
        refused()
    }

    fn space(&self) -> io::Result<Space> {
        self.real.space()
    }
}
