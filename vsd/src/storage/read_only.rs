//! A directory of superblocks that is looked at and never written to, also while a daemon writes to it.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use nix::{
    fcntl::{PosixFadviseAdvice, posix_fadvise},
    libc,
};
use vsd_core::superblock::{Disk, Space};

/// Refuses every write; everything else is as on [`RealDisk`](super::RealDisk).
#[derive(Debug)]
pub(crate) struct ReadOnlyDisk {
    path: PathBuf,
}

impl ReadOnlyDisk {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }
}

fn refused<T>() -> io::Result<T> {
    Err(io::ErrorKind::ReadOnlyFilesystem.into())
}

impl Disk for ReadOnlyDisk {
    type File = File;

    fn list(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.path)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect()
    }

    fn create(&self, _: &str) -> io::Result<File> {
        refused()
    }

    /// Whatever has a superblock's name may be there: a pipe must not be waited for.
    fn open(&self, name: &str) -> io::Result<File> {
        let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(self.path.join(name))?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        Ok(file)
    }

    fn remove(&self, _: &str) -> io::Result<()> {
        refused()
    }

    fn sync_dir(&self) -> io::Result<()> {
        refused()
    }

    fn size(&self, file: &File) -> io::Result<u64> {
        Ok(file.metadata()?.len())
    }

    fn read_at(&self, file: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
        file.read_exact_at(into, offset)
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

    fn allocated(&self, file: &File) -> io::Result<u64> {
        use std::os::unix::fs::MetadataExt;
        Ok(file.metadata()?.blocks() * 512)
    }

    fn forget(&self, file: &File, offset: u64, bytes: u64) -> io::Result<()> {
        let signed = |value: u64| i64::try_from(value).map_err(io::Error::other);
        Ok(posix_fadvise(file, signed(offset)?, signed(bytes)?, PosixFadviseAdvice::POSIX_FADV_DONTNEED)?)
    }

    fn sync(&self, _: &File) -> io::Result<()> {
        refused()
    }

    fn space(&self) -> io::Result<Space> {
        refused()
    }
}
