//! What the engine needs of a disk: one flat directory of files. The daemon gives it a real one, tests a simulated one
//! with faults.

use std::{fmt::Debug, io};

/// How full the file system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes that ordinary processes may use in all.
    pub total: u64,
    pub free: u64,
}

impl Space {
    /// What chunks may still take until the file system is so full.
    #[must_use]
    pub fn room_bytes(self, full_percent: u8) -> u64 {
        let limit = (u128::from(self.total) * u128::from(full_percent)).div_ceil(100);
        let used = u128::from(self.total.saturating_sub(self.free));
        u64::try_from(limit.saturating_sub(used)).unwrap_or(u64::MAX)
    }
}

/// One directory on one disk.
///
/// Nothing but [`sync`](Self::sync) and [`sync_dir`](Self::sync_dir) makes anything durable, and a power cut may keep
/// any part of what came after the last of them, in any order.
pub trait Disk: Debug + Send + Sync {
    /// An open file, readable and writable. It stays usable after [`remove`](Self::remove).
    type File: Debug + Send + Sync;

    /// Names of the files in the directory, in any order.
    fn list(&self) -> io::Result<Vec<String>>;
    /// A new empty file; [`io::ErrorKind::AlreadyExists`] when the name is taken.
    fn create(&self, name: &str) -> io::Result<Self::File>;
    fn open(&self, name: &str) -> io::Result<Self::File>;
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes creations and removals durable.
    fn sync_dir(&self) -> io::Result<()>;
    /// Length of the file in bytes.
    fn size(&self, file: &Self::File) -> io::Result<u64>;
    /// Fills all of `into`; [`io::ErrorKind::UnexpectedEof`] when the file ends before.
    fn read_at(&self, file: &Self::File, into: &mut [u8], offset: u64) -> io::Result<()>;
    /// Writes all `parts`, one behind the other; after an error any part of them may be there.
    fn write_at(&self, file: &Self::File, parts: &[&[u8]], offset: u64) -> io::Result<()>;
    /// Turns a range into zeros and gives its blocks back; the length of the file stays.
    fn punch(&self, file: &Self::File, offset: u64, bytes: u64) -> io::Result<()>;
    /// Takes blocks for a range that will be written, so that writing it cannot find the disk full; the length of the
    /// file stays. [`io::ErrorKind::Unsupported`] where the file system has no such thing.
    fn allocate(&self, file: &Self::File, offset: u64, bytes: u64) -> io::Result<()>;
    /// Makes the file end at `length` and gives back all blocks behind that, allocated ones too.
    fn truncate(&self, file: &Self::File, length: u64) -> io::Result<()>;
    /// Bytes of disk that the file takes: without its holes, with what was allocated.
    fn allocated(&self, file: &Self::File) -> io::Result<u64>;
    /// Drops what is cached of a range and synced, so that the next read comes from the device.
    fn forget(&self, file: &Self::File, offset: u64, bytes: u64) -> io::Result<()>;
    /// Makes everything written to the file durable, and its length.
    fn sync(&self, file: &Self::File) -> io::Result<()>;
    fn space(&self) -> io::Result<Space>;
}
