//! A directory of the machine's file system as the storage engine sees it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, IoSlice},
    os::{
        fd::AsRawFd,
        unix::fs::{FileExt, MetadataExt},
    },
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use nix::{
    errno::Errno,
    fcntl::{FallocateFlags, Flock, PosixFadviseAdvice, fallocate, posix_fadvise},
    sys::{statvfs::fstatvfs, uio::pwritev},
};
use vsd_core::superblock::{Disk, Space};

use super::breakable::{BreakableDisk, DiskFaults};

/// What `st_blocks` counts in, whatever the file system's own blocks are.
pub(crate) const STAT_BLOCK_BYTES: u64 = 512;

/// The disk that a data directory is served from: the directory itself, or that with something before it.
#[derive(Debug)]
pub(crate) struct RealDisk(Box<dyn Disk<File = File>>);

impl RealDisk {
    /// A directory that is there, and locked by whoever asks for it or by `lock`.
    pub(crate) fn new(path: &Path, lock: Option<Flock<File>>) -> Self {
        Self(Box::new(Folder::new(path, lock)))
    }

    /// The same, with a disk before it that a lab can break.
    pub(crate) fn breakable(path: &Path, lock: Option<Flock<File>>, faults: Arc<dyn DiskFaults>) -> Self {
        Self(Box::new(BreakableDisk::new(Folder::new(path, lock), faults)))
    }
}

impl Disk for RealDisk {
    type File = File;

    fn list(&self) -> io::Result<Vec<String>> {
        self.0.list()
    }

    fn create(&self, name: &str) -> io::Result<File> {
        self.0.create(name)
    }

    fn open(&self, name: &str) -> io::Result<File> {
        self.0.open(name)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.remove(name)
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.0.sync_dir()
    }

    fn size(&self, file: &File) -> io::Result<u64> {
        self.0.size(file)
    }

    fn read_at(&self, file: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_at(file, into, offset)
    }

    fn write_at(&self, file: &File, parts: &[&[u8]], offset: u64) -> io::Result<()> {
        self.0.write_at(file, parts, offset)
    }

    fn punch(&self, file: &File, offset: u64, bytes: u64) -> io::Result<()> {
        self.0.punch(file, offset, bytes)
    }

    fn allocate(&self, file: &File, offset: u64, bytes: u64) -> io::Result<()> {
        self.0.allocate(file, offset, bytes)
    }

    fn truncate(&self, file: &File, length: u64) -> io::Result<()> {
        self.0.truncate(file, length)
    }

    fn allocated(&self, file: &File) -> io::Result<u64> {
        self.0.allocated(file)
    }

    fn forget(&self, file: &File, offset: u64, bytes: u64) -> io::Result<()> {
        self.0.forget(file, offset, bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.0.sync(file)
    }

    fn space(&self) -> io::Result<Space> {
        self.0.space()
    }
}

#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Held for as long as anybody reads or writes here.
    lock: Option<Flock<File>>,
    /// The directory itself, where it is not locked.
    directory: OnceLock<File>,
}

impl Folder {
    /// A directory that is there, and locked by whoever asks for it or by `lock`.
    pub(super) fn new(path: &Path, lock: Option<Flock<File>>) -> Self {
        Self { path: path.to_owned(), lock, directory: OnceLock::new() }
    }

    /// The directory, open from the first use on. Whatever is mounted over its path later, its files stay those of this
    /// disk; and a sync cannot fail for want of a descriptor.
    fn directory(&self) -> io::Result<&File> {
        if let Some(lock) = &self.lock {
            return Ok(lock);
        }
        if self.directory.get().is_none() {
            let _ = self.directory.set(File::open(&self.path)?);
        }
        Ok(self.directory.get().expect("set just now"))
    }
}

impl Folder {
    /// Where a file of the directory is found, whatever its path means by now.
    fn at(&self, name: &str) -> io::Result<PathBuf> {
        Ok(PathBuf::from(format!("/proc/self/fd/{}", self.directory()?.as_raw_fd())).join(name))
    }
}

/// Offsets and lengths as the kernel takes them.
fn signed(value: u64) -> io::Result<i64> {
    i64::try_from(value).map_err(io::Error::other)
}

impl Disk for Folder {
    type File = File;

    fn list(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(self.at("")?)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect()
    }

    fn create(&self, name: &str) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).open(self.at(name)?)
    }

    /// For reading only where the file system is read-only: what is there can still be served.
    fn open(&self, name: &str) -> io::Result<File> {
        let path = self.at(name)?;
        match OpenOptions::new().read(true).write(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => File::open(&path),
            opened => opened,
        }
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.at(name)?)
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.directory()?.sync_all()
    }

    fn size(&self, file: &File) -> io::Result<u64> {
        Ok(file.metadata()?.len())
    }

    fn read_at(&self, file: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
        file.read_exact_at(into, offset)
    }

    fn write_at(&self, file: &File, parts: &[&[u8]], offset: u64) -> io::Result<()> {
        let slices: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let mut written = loop {
            match pwritev(file, &slices, signed(offset)?) {
                Err(Errno::EINTR) => {}
                written => break written?,
            }
        };
        // a write may be cut short, by a signal or a disk that is about to be full: the rest is written part by part
        let mut at = offset;
        for part in parts {
            let done = written.min(part.len());
            file.write_all_at(&part[done..], at + done as u64)?;
            written -= done;
            at += part.len() as u64;
        }
        Ok(())
    }

    fn punch(&self, file: &File, offset: u64, bytes: u64) -> io::Result<()> {
        let flags = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
        Ok(fallocate(file, flags, signed(offset)?, signed(bytes)?)?)
    }

    fn allocate(&self, file: &File, offset: u64, bytes: u64) -> io::Result<()> {
        Ok(fallocate(file, FallocateFlags::FALLOC_FL_KEEP_SIZE, signed(offset)?, signed(bytes)?)?)
    }

    /// Drops allocated blocks behind the end too, which punching there does not do on ext4.
    fn truncate(&self, file: &File, length: u64) -> io::Result<()> {
        file.set_len(length)
    }

    fn allocated(&self, file: &File) -> io::Result<u64> {
        Ok(file.metadata()?.blocks() * STAT_BLOCK_BYTES)
    }

    fn forget(&self, file: &File, offset: u64, bytes: u64) -> io::Result<()> {
        Ok(posix_fadvise(file, signed(offset)?, signed(bytes)?, PosixFadviseAdvice::POSIX_FADV_DONTNEED)?)
    }

    /// fdatasync: the data, and what is needed to find it again, like the length.
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    /// As `df` counts: what is kept back for root belongs to nobody.
    fn space(&self) -> io::Result<Space> {
        let stat = fstatvfs(self.directory()?)?;
        let used = stat.blocks().saturating_sub(stat.blocks_free());
        let bytes = |blocks: u64| blocks * stat.fragment_size();
        Ok(Space { total: bytes(used + stat.blocks_available()), free: bytes(stat.blocks_available()) })
    }
}
