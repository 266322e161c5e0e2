//! A disk in memory that loses whatever it is allowed to lose.
//!
//! Between syncs it keeps what was written apart from what is durable. A power cut keeps any of the 512-byte sectors
//! written since, and any of the names made or removed since. A sync that fails drops what it should have made durable
//! and the next one knows nothing of it, as Linux does it; until the power cut the lost bytes can still be read.
//!
//! It also watches the writer: writing other bytes over synced ones is a panic.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use vs_core::{hash::Hash, id::AssetId};

use super::{Disk, Engine, Op, Outcome, Put, Space, VerifiedChunk, WriteError};

const SECTOR_BYTES: usize = 512;

/// A put of `bytes` for the asset of this number.
pub(super) fn put(asset: u64, bytes: Bytes) -> Put {
    let hash = Hash::of(&bytes);
    Put { asset: AssetId(asset), chunk: VerifiedChunk::verify(bytes, hash).expect("named by its hash") }
}

/// Puts as one group.
pub(super) fn write<D: Disk>(engine: &mut Engine<D>, puts: &[Put]) -> Vec<Result<Outcome, WriteError>> {
    engine.write_group(&puts.iter().cloned().map(Op::from).collect::<Vec<_>>())
}

/// A source of choices: SplitMix64, so that a test is repeated by its seed.
#[derive(Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.roll() % limit as u64).expect("below a usize")
    }
}

#[derive(Debug, Default)]
struct Inode {
    cached: Vec<u8>,
    durable: Vec<u8>,
    /// Writes since the last sync: offset and bytes.
    pending: Vec<(usize, Vec<u8>)>,
    /// How far the file was synced when it last was.
    synced_to: usize,
    /// Where bits were flipped, which makes something of what may have been nothing.
    flipped: BTreeSet<usize>,
}

/// Faults that strike once, and then are gone.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// The write that crosses so many more bytes fails with ENOSPC, having written a part.
    pub(super) enospc_after: Option<usize>,
    /// So many syncs succeed before one fails.
    pub(super) sync_fails_after: Option<u32>,
    /// As long as it lasts: no write fits that crosses so many more bytes.
    pub(super) enospc_for_good_after: Option<usize>,
    /// So many reads succeed before one fails.
    pub(super) read_fails_after: Option<u32>,
    /// After so many more calls none has any effect: the process was killed.
    pub(super) killed_after: Option<usize>,
}

#[derive(Debug, Default)]
struct World {
    inodes: BTreeMap<u64, Inode>,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    next_inode: u64,
    faults: Faults,
    total_bytes: u64,
}

/// Clones share the disk, so that it outlives the engine on it.
#[derive(Clone, Debug)]
pub(super) struct SimDisk(Arc<Mutex<World>>);

impl SimDisk {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(World { total_bytes: 1 << 40, ..World::default() })))
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What every call of the engine begins with.
    fn call(&self) -> io::Result<MutexGuard<'_, World>> {
        let mut world = self.world();
        match &mut world.faults.killed_after {
            Some(0) => return Err(io::Error::other("killed")),
            Some(more) => *more -= 1,
            None => {}
        }
        Ok(world)
    }

    pub(super) fn set_total_bytes(&self, bytes: u64) {
        self.world().total_bytes = bytes;
    }

    pub(super) fn inject(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.world().faults);
    }

    /// Cuts the power and turns it on again.
    pub(super) fn reboot(&self, dice: &mut Dice) {
        let mut world = self.world();
        let World { inodes, names, durable_names, .. } = &mut *world;
        let mood = dice.below(4);
        let mut survives = || match mood {
            0 => false,
            1 => true,
            _ => dice.below(2) == 0,
        };
        for inode in inodes.values_mut() {
            for (offset, bytes) in std::mem::take(&mut inode.pending) {
                for (nth, sector) in bytes.chunks(SECTOR_BYTES).enumerate() {
                    if survives() {
                        patch(&mut inode.durable, offset + nth * SECTOR_BYTES, sector);
                    }
                }
            }
            inode.cached.clone_from(&inode.durable);
        }
        let changed = |(name, _): &(&String, &u64)| !(names.contains_key(*name) && durable_names.contains_key(*name));
        let doubtful: Vec<(String, u64)> = names
            .iter()
            .chain(durable_names.iter())
            .filter(changed)
            .map(|(name, inode)| (name.clone(), *inode))
            .collect();
        for (name, inode) in doubtful {
            if survives() {
                durable_names.insert(name, inode);
            } else {
                durable_names.remove(&name);
            }
        }
        names.clone_from(durable_names);
        world.faults = Faults::default();
    }

    /// Flips a bit of the file, on the platter and in the cache.
    pub(super) fn flip(&self, name: &str, offset: usize, bit: u8) {
        let mut world = self.world();
        let inode = world.names[name];
        let inode = world.inodes.get_mut(&inode).expect("a name has an inode");
        inode.flipped.insert(offset);
        for bytes in [&mut inode.cached, &mut inode.durable] {
            if let Some(byte) = bytes.get_mut(offset) {
                *byte ^= 1 << (bit % 8);
            }
        }
    }

    pub(super) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let world = self.world();
        world.names.iter().map(|(name, inode)| (name.clone(), world.inodes[inode].cached.clone())).collect()
    }

    /// Puts a file there, durable, as if it had been copied in.
    pub(super) fn plant(&self, name: &str, bytes: &[u8]) {
        let mut world = self.world();
        let inode =
            Inode { cached: bytes.to_vec(), durable: bytes.to_vec(), synced_to: bytes.len(), ..Inode::default() };
        let number = world.next_inode;
        world.next_inode += 1;
        world.inodes.insert(number, inode);
        world.names.insert(name.to_owned(), number);
        world.durable_names.insert(name.to_owned(), number);
    }
}

impl World {
    fn inode(&mut self, file: u64) -> &mut Inode {
        self.inodes.get_mut(&file).expect("an open file has an inode")
    }

    /// How many of `bytes` still fit on the disk.
    fn fitting(&mut self, bytes: usize) -> usize {
        let Faults { enospc_after, enospc_for_good_after, .. } = &mut self.faults;
        let fits = bytes.min(enospc_after.unwrap_or(bytes)).min(enospc_for_good_after.unwrap_or(bytes));
        if let Some(left) = enospc_for_good_after {
            *left -= fits;
        }
        *enospc_after = enospc_after.filter(|_| fits == bytes).map(|left| left - fits);
        fits
    }
}

/// Counts down to a fault that strikes once.
fn strikes(after: &mut Option<u32>) -> bool {
    let now = *after == Some(0);
    *after = after.and_then(|more| more.checked_sub(1));
    now
}

impl Inode {
    fn write(&mut self, offset: usize, bytes: &[u8]) {
        patch(&mut self.cached, offset, bytes);
        self.pending.push((offset, bytes.to_vec()));
    }

    /// Bytes that were synced, and are not just the zeros of a hole, are for ever.
    fn assert_no_overwrite(&self, offset: usize, bytes: &[u8]) {
        let end = (offset + bytes.len()).min(self.synced_to);
        for at in offset..end {
            let old = self.cached[at];
            let free = old == 0 || self.flipped.contains(&at);
            assert!(free || old == bytes[at - offset], "synced byte {at} is written over");
        }
    }
}

fn patch(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if file.len() < offset + bytes.len() {
        file.resize(offset + bytes.len(), 0);
    }
    file[offset..offset + bytes.len()].copy_from_slice(bytes);
}

fn at(offset: u64) -> usize {
    usize::try_from(offset).expect("simulated files are small")
}

impl Disk for SimDisk {
    type File = u64;

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.call()?.names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<u64> {
        let mut world = self.call()?;
        if world.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = world.next_inode;
        world.next_inode += 1;
        world.inodes.insert(inode, Inode::default());
        world.names.insert(name.to_owned(), inode);
        Ok(inode)
    }

    fn open(&self, name: &str) -> io::Result<u64> {
        self.call()?.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.call()?.names.remove(name).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut world = self.call()?;
        if strikes(&mut world.faults.sync_fails_after) {
            return Err(io::Error::other("injected"));
        }
        world.durable_names = world.names.clone();
        Ok(())
    }

    fn size(&self, file: &u64) -> io::Result<u64> {
        Ok(self.call()?.inode(*file).cached.len() as u64)
    }

    fn read_at(&self, file: &u64, into: &mut [u8], offset: u64) -> io::Result<()> {
        let mut world = self.call()?;
        if strikes(&mut world.faults.read_fails_after) {
            return Err(io::Error::other("injected"));
        }
        let bytes = &world.inode(*file).cached;
        let wanted = bytes.get(at(offset)..at(offset) + into.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        into.copy_from_slice(wanted);
        Ok(())
    }

    fn write_at(&self, file: &u64, parts: &[&[u8]], offset: u64) -> io::Result<()> {
        let bytes = &parts.concat()[..];
        let mut world = self.call()?;
        let written = world.fitting(bytes.len());
        let inode = world.inode(*file);
        inode.assert_no_overwrite(at(offset), bytes);
        inode.write(at(offset), &bytes[..written]);
        if written < bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn punch(&self, file: &u64, offset: u64, bytes: u64) -> io::Result<()> {
        let mut world = self.call()?;
        let inode = world.inode(*file);
        let end = at(offset + bytes).min(inode.cached.len());
        if at(offset) < end {
            inode.write(at(offset), &vec![0; end - at(offset)]);
        }
        Ok(())
    }

    fn allocate(&self, _: &u64, _: u64, _: u64) -> io::Result<()> {
        self.call().map(drop)
    }

    fn trim(&self, _: &u64) -> io::Result<()> {
        self.call().map(drop)
    }

    fn allocated(&self, file: &u64) -> io::Result<u64> {
        self.size(file)
    }

    fn forget(&self, _: &u64, _: u64, _: u64) -> io::Result<()> {
        self.call().map(drop)
    }

    fn sync(&self, file: &u64) -> io::Result<()> {
        let mut world = self.call()?;
        let failed = strikes(&mut world.faults.sync_fails_after);
        let inode = world.inode(*file);
        let pending = std::mem::take(&mut inode.pending);
        if failed {
            return Err(io::Error::other("injected"));
        }
        for (offset, bytes) in pending {
            patch(&mut inode.durable, offset, &bytes);
        }
        inode.synced_to = inode.cached.len();
        Ok(())
    }

    fn space(&self) -> io::Result<Space> {
        let world = self.call()?;
        let used: usize = world.inodes.values().map(|inode| inode.cached.len()).sum();
        Ok(Space { total: world.total_bytes, free: world.total_bytes.saturating_sub(used as u64) })
    }
}
