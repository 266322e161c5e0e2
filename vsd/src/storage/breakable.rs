//! A disk that a lab can break, before the real one: slow, full, unreadable. Only nodes of `vsd dev` have it.
//!
//! Full means that no block is free any more, as the file system counts: what is written must fit into blocks that a file has,
//! or that were given back since. So a full disk still deletes, out of what was allocated for that, as a real one does.

use std::{
    collections::HashMap,
    fs::File,
    io,
    os::unix::fs::MetadataExt,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use nix::errno::Errno;
use vsd_core::superblock::{Disk, Space};

use super::disk::Folder;

/// What is wrong with a disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DiskTrouble {
    /// Every call takes so much longer.
    pub(crate) delay: Duration,
    /// No block is free.
    pub(crate) is_full: bool,
    /// Nothing can be read.
    pub(crate) is_unreadable: bool,
}

/// What is wrong now, asked before each call.
pub(crate) trait DiskFaults: std::fmt::Debug + Send + Sync {
    fn trouble(&self) -> DiskTrouble;
}

/// Blocks, in bytes, as this disk counts them.
#[derive(Debug, Default)]
struct Blocks {
    /// Up to where each file, by its inode, has them.
    ends: HashMap<u64, u64>,
    /// Given back since the disk is full.
    free: u64,
}

#[derive(Debug)]
pub(super) struct BreakableDisk<D = Folder> {
    real: D,
    faults: Arc<dyn DiskFaults>,
    blocks: Mutex<Blocks>,
}

impl<D: Disk<File = File>> BreakableDisk<D> {
    pub(super) fn new(real: D, faults: Arc<dyn DiskFaults>) -> Self {
        Self { real, faults, blocks: Mutex::default() }
    }

    /// Suffers what every call does.
    fn suffer(&self) -> DiskTrouble {
        let trouble = self.faults.trouble();
        if !trouble.delay.is_zero() {
            thread::sleep(trouble.delay);
        }
        trouble
    }

    /// The file needs blocks up to `end`.
    fn grow(&self, trouble: DiskTrouble, file: &File, end: u64) -> io::Result<()> {
        let metadata = file.metadata()?;
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let has = blocks.ends.get(&metadata.ino()).copied().unwrap_or_default().max(metadata.len());
        let needed = end.saturating_sub(has);
        if trouble.is_full {
            blocks.free = blocks.free.checked_sub(needed).ok_or_else(|| io::Error::from(Errno::ENOSPC))?;
        }
        blocks.ends.insert(metadata.ino(), has.max(end));
        Ok(())
    }

    /// A call that may give blocks back.
    fn give_back(&self, trouble: DiskTrouble, file: &File, call: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let before = self.real.allocated(file)?;
        call()?;
        let given = before.saturating_sub(self.real.allocated(file)?);
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        blocks.free = if trouble.is_full { blocks.free + given } else { 0 };
        Ok(())
    }
}

impl<D: Disk<File = File>> Disk for BreakableDisk<D> {
    type File = File;

    fn list(&self) -> io::Result<Vec<String>> {
        self.suffer();
        self.real.list()
    }

    fn create(&self, name: &str) -> io::Result<File> {
        if self.suffer().is_full {
            return Err(Errno::ENOSPC.into());
        }
        self.real.create(name)
    }

    fn open(&self, name: &str) -> io::Result<File> {
        self.suffer();
        self.real.open(name)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.suffer();
        self.real.remove(name)
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.suffer();
        self.real.sync_dir()
    }

    fn size(&self, file: &File) -> io::Result<u64> {
        self.real.size(file)
    }

    fn read_at(&self, file: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
        if self.suffer().is_unreadable {
            return Err(Errno::EIO.into());
        }
        self.real.read_at(file, into, offset)
    }

    fn write_at(&self, file: &File, parts: &[&[u8]], offset: u64) -> io::Result<()> {
        let trouble = self.suffer();
        let bytes: u64 = parts.iter().map(|part| part.len() as u64).sum();
        self.grow(trouble, file, offset + bytes)?;
        self.real.write_at(file, parts, offset)
    }

    fn punch(&self, file: &File, offset: u64, bytes: u64) -> io::Result<()> {
        let trouble = self.suffer();
        self.give_back(trouble, file, || self.real.punch(file, offset, bytes))
    }

    fn allocate(&self, file: &File, offset: u64, bytes: u64) -> io::Result<()> {
        let trouble = self.suffer();
        self.grow(trouble, file, offset + bytes)?;
        self.real.allocate(file, offset, bytes)
    }

    fn truncate(&self, file: &File, length: u64) -> io::Result<()> {
        let trouble = self.suffer();
        self.give_back(trouble, file, || self.real.truncate(file, length))?;
        let ino = file.metadata()?.ino();
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner).ends.insert(ino, length);
        Ok(())
    }

    fn allocated(&self, file: &File) -> io::Result<u64> {
        self.real.allocated(file)
    }

    fn forget(&self, file: &File, offset: u64, bytes: u64) -> io::Result<()> {
        self.real.forget(file, offset, bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.suffer();
        self.real.sync(file)
    }

    fn space(&self) -> io::Result<Space> {
        let space = self.real.space()?;
        Ok(if self.suffer().is_full { Space { free: 0, ..space } } else { space })
    }
}

#[cfg(test)]
mod tests {
    use vs_core::id::{AssetId, DirId};
    use vsd_core::superblock::{Config, Engine, Key, Op, Outcome, Put, VerifiedChunk, WriteError};

    use super::*;

    #[derive(Debug, Default)]
    struct Told(Mutex<DiskTrouble>);

    impl DiskFaults for Told {
        fn trouble(&self) -> DiskTrouble {
            *self.0.lock().expect("no panic before")
        }
    }

    fn chunk(nth: u8) -> (Key, Op) {
        let bytes = bytes::Bytes::from(vec![nth; 100 << 10]);
        let hash = vs_core::hash::Hash::of(&bytes);
        let key = Key { hash, asset: AssetId(1) };
        let chunk = VerifiedChunk::verify(bytes, hash).expect("named by its hash");
        (key, Op::Put(Put { asset: AssetId(1), chunk }))
    }

    #[test]
    fn a_full_disk_takes_no_chunk_but_deletes_and_an_unreadable_one_comes_back() {
        let scratch = tempfile::tempdir().expect("a folder");
        let told = Arc::new(Told::default());
        let disk = BreakableDisk::new(Folder::new(scratch.path(), None), told.clone());
        let (mut engine, _) = Engine::open(disk, Config::new(DirId(1), [1; 32])).expect("opens");
        let write = |engine: &mut Engine<_>, op| engine.write_group(&[op]).remove(0);
        let (first, put) = chunk(1);
        assert_eq!(write(&mut engine, put).ok(), Some(Outcome::Created));

        *told.0.lock().expect("no panic before") = DiskTrouble { is_full: true, ..DiskTrouble::default() };
        let refused = write(&mut engine, chunk(2).1);
        assert!(matches!(refused, Err(WriteError::Full)), "{refused:?}");
        assert!(engine.reader().get(&first).is_ok(), "what is there is read");
        assert_eq!(write(&mut engine, Op::Delete(first)).ok(), Some(Outcome::Deleted));
        assert!(engine.refuses_writes().is_none(), "a full disk ends nothing");

        *told.0.lock().expect("no panic before") = DiskTrouble::default();
        let (second, put) = chunk(2);
        assert_eq!(write(&mut engine, put).ok(), Some(Outcome::Created));
        *told.0.lock().expect("no panic before") = DiskTrouble { is_unreadable: true, ..DiskTrouble::default() };
        assert!(engine.reader().get(&second).is_err());
        *told.0.lock().expect("no panic before") = DiskTrouble::default();
        assert!(engine.reader().get(&second).is_ok());
    }
}
