//! A directory of the machine's file system as the storage engine sees it.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use nix::{
    fcntl::{FallocateFlags, fallocate},
    sys::statvfs::statvfs,
};
use vsd_core::superblock::{Disk, Space};

#[derive(Debug)]
pub(crate) struct RealDisk {
    path: PathBuf,
}

impl RealDisk {
    /// Takes the directory, making it if need be. Its own name is durable before anything in it is.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        if let Some(parent) = path.canonicalize()?.parent() {
            File::open(parent)?.sync_all()?;
        }
        Ok(Self { path: path.to_owned() })
    }
}

impl Disk for RealDisk {
    type File = File;

    fn list(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.path)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect()
    }

    fn create(&self, name: &str) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).open(self.path.join(name))
    }

    fn open(&self, name: &str) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(self.path.join(name))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync_dir(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    fn size(&self, file: &File) -> io::Result<u64> {
        Ok(file.metadata()?.len())
    }

    fn read_at(&self, file: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
        file.read_exact_at(into, offset)
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    fn punch(&self, file: &File, offset: u64, bytes: u64) -> io::Result<()> {
        let signed = |value: u64| i64::try_from(value).map_err(io::Error::other);
        let flags = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
        Ok(fallocate(file, flags, signed(offset)?, signed(bytes)?)?)
    }

    /// fdatasync: the data, and what is needed to find it again, like the length.
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    /// As `df` counts: what is kept back for root belongs to nobody.
    fn space(&self) -> io::Result<Space> {
        let stat = statvfs(&self.path)?;
        let used = stat.blocks().saturating_sub(stat.blocks_free());
        let bytes = |blocks: u64| blocks * stat.fragment_size();
        Ok(Space { total: bytes(used + stat.blocks_available()), free: bytes(stat.blocks_available()) })
    }
}
