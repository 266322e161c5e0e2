//! A disk in memory that loses whatever it is allowed to lose.
//!
//! What was written is kept apart from what is durable:
//! - A power cut keeps any of the 512-byte sectors written or punched since the last sync, in any order, any of the
//!   names made or removed since the last sync of the directory, and any of the blocks set aside since.
//! - A sync of a file that fails keeps any part of what it should have made durable, and the next one knows nothing of
//!   the rest, as Linux does it; until the cache is dropped all of it can still be read. Of a directory nothing is kept
//!   or dropped: its changes are in the journal.
//! - A write that fails has written a part.
//! - Space is counted in blocks of 4 KiB: written and allocated ones count, holes do not, and a removed file gives its
//!   blocks back at once. What was allocated before can always be written.
//!
//! It also watches the writer: writing other bytes over synced ones is a panic, except where they are zeros or were given
//! up by a punch that failed.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    ops::Range,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use vs_core::{hash::Hash, id::AssetId};

use super::{Disk, Engine, Op, Outcome, Put, Space, VerifiedChunk, WriteError};

const SECTOR_BYTES: usize = 512;
const BLOCK_BYTES: usize = 4096;
/// What Linux says of a sector that cannot be read.
const EIO: i32 = 5;

/// A put of `bytes`, which must be a chunk's, for the asset of this number.
///
/// # Panics
/// When there are no bytes or more than a chunk may have.
#[must_use]
pub fn put(asset: u64, bytes: Bytes) -> Put {
    let hash = Hash::of(&bytes);
    Put { asset: AssetId(asset), chunk: VerifiedChunk::verify(bytes, hash).expect("named by its hash") }
}

/// Puts as one group.
pub fn write<D: Disk>(engine: &mut Engine<D>, puts: &[Put]) -> Vec<Result<Outcome, WriteError>> {
    engine.write_group(&puts.iter().cloned().map(Op::from).collect::<Vec<_>>())
}

/// A source of choices: SplitMix64, so that a test is repeated by its seed.
#[derive(Debug)]
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`, which is not zero.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.roll() % limit as u64).expect("below a usize")
    }

    /// How things fall that may fall either way: all lost, all kept, or each by itself.
    fn mood(&mut self) -> impl FnMut() -> bool {
        let mood = self.below(4);
        move || match mood {
            0 => false,
            1 => true,
            _ => self.below(2) == 0,
        }
    }
}

/// Kinds of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    List,
    Create,
    Open,
    Remove,
    SyncDir,
    Size,
    Allocated,
    Read,
    Write,
    Punch,
    Allocate,
    Truncate,
    Forget,
    Sync,
    Space,
}

/// Faults that strike once, and then are gone, unless they say otherwise. A power cut ends them all.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// The write or allocation that takes so many more bytes of new blocks fails with ENOSPC, done in part.
    pub enospc_after: Option<usize>,
    /// As long as it lasts: nothing fits that takes so many more bytes of new blocks.
    pub enospc_for_good_after: Option<usize>,
    /// So many syncs, of files or the directory, succeed before one fails.
    pub sync_fails_after: Option<u32>,
    /// So many reads succeed before one fails.
    pub read_fails_after: Option<u32>,
    /// As long as it lasts: every read fails with this error of the kernel.
    pub read_errno: Option<i32>,
    /// So many writes succeed before one fails with EIO, having written a part.
    pub write_fails_after: Option<u32>,
    /// So many punches succeed before one fails.
    pub punch_fails_after: Option<u32>,
    /// After so many more calls, the last of them perhaps done in part, none has any effect: the process was killed.
    /// For good.
    pub killed_after: Option<usize>,
}

#[derive(Debug, Default)]
struct Inode {
    cached: Vec<u8>,
    durable: Vec<u8>,
    /// Writes and punches since the last sync: offset and bytes.
    pending: Vec<(usize, Vec<u8>)>,
    /// Numbers of the blocks that the file takes, and of those it took when it was last synced.
    blocks: BTreeSet<usize>,
    durable_blocks: BTreeSet<usize>,
    /// How far the file was synced when it last was.
    synced_to: usize,
    /// Where bits were flipped, which makes something of what may have been nothing.
    flipped: BTreeSet<usize>,
    /// What should have been punched, and could not.
    given_up: Vec<Range<usize>>,
    /// What the disk does not read any more.
    unreadable: Vec<Range<usize>>,
}

#[derive(Debug)]
struct World {
    inodes: BTreeMap<u64, Inode>,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    /// Names made or removed since the directory was last synced.
    dirty_names: BTreeSet<String>,
    next_inode: u64,
    faults: Faults,
    /// Decides what a failing call has done.
    dice: Dice,
    total_bytes: u64,
    /// Bytes that others than the engine take.
    foreign_bytes: u64,
    read_only: bool,
    cannot_allocate: bool,
    stalled: BTreeSet<Call>,
    /// Calls that wait for a stall to end.
    waiting: usize,
    calls: usize,
}

/// Clones share the disk, so that it outlives the engine on it.
#[derive(Clone, Debug)]
pub struct SimDisk(Arc<(Mutex<World>, Condvar)>);

impl Default for SimDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl SimDisk {
    /// An empty directory on a disk of 1 TiB without faults.
    #[must_use]
    pub fn new() -> Self {
        let world = World {
            inodes: BTreeMap::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            dirty_names: BTreeSet::new(),
            next_inode: 0,
            faults: Faults::default(),
            dice: Dice(0),
            total_bytes: 1 << 40,
            foreign_bytes: 0,
            read_only: false,
            cannot_allocate: false,
            stalled: BTreeSet::new(),
            waiting: 0,
            calls: 0,
        };
        Self(Arc::new((Mutex::new(world), Condvar::new())))
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, world: MutexGuard<'a, World>) -> MutexGuard<'a, World> {
        self.0.1.wait(world).unwrap_or_else(PoisonError::into_inner)
    }

    /// What every call of the engine begins with.
    fn call(&self, call: Call) -> io::Result<MutexGuard<'_, World>> {
        let mut world = self.world();
        while world.stalled.contains(&call) {
            world.waiting += 1;
            self.0.1.notify_all();
            world = self.wait(world);
            world.waiting -= 1;
        }
        world.calls += 1;
        match &mut world.faults.killed_after {
            Some(0) => return Err(io::Error::other("killed")),
            Some(more) => *more -= 1,
            None => {}
        }
        let changes =
            matches!(call, Call::Create | Call::Remove | Call::Write | Call::Punch | Call::Allocate | Call::Truncate);
        if changes && world.read_only {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        Ok(world)
    }

    /// How large the disk is from now on.
    pub fn set_total_bytes(&self, bytes: u64) {
        self.world().total_bytes = bytes;
    }

    /// Something else fills the disk up, and leaves this much.
    pub fn fill_up_to(&self, free_bytes: u64) {
        let mut world = self.world();
        world.foreign_bytes = 0;
        world.foreign_bytes = world.free_bytes().saturating_sub(free_bytes);
    }

    /// Bytes of blocks that the files of the directory take.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.world().used_bytes()
    }

    /// Mounts the file system read-only, or writable again.
    pub fn set_read_only(&self, read_only: bool) {
        self.world().read_only = read_only;
    }

    /// Makes it a file system without preallocation.
    pub fn set_cannot_allocate(&self) {
        self.world().cannot_allocate = true;
    }

    /// From now on no byte of this range of the file can be read.
    pub fn set_unreadable(&self, name: &str, range: Range<usize>) {
        self.world().named(name).unreadable.push(range);
    }

    pub fn inject(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.world().faults);
    }

    /// Ends every fault: the disk reads, writes and syncs, and others leave it to the engine alone.
    pub fn heal(&self) {
        let mut world = self.world();
        world.faults = Faults::default();
        (world.read_only, world.foreign_bytes) = (false, 0);
        world.inodes.values_mut().for_each(|inode| inode.unreadable.clear());
        drop(world);
        self.release();
    }

    /// From now on calls of this kind do not return, until [`release`](Self::release).
    pub fn stall(&self, call: Call) {
        self.world().stalled.insert(call);
    }

    /// Lets every call go on.
    pub fn release(&self) {
        self.world().stalled.clear();
        self.0.1.notify_all();
    }

    /// Waits until a call is stalled.
    pub fn wait_for_stalled(&self) {
        let mut world = self.world();
        while world.waiting == 0 {
            world = self.wait(world);
        }
    }

    /// Calls so far, whatever became of them.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.world().calls
    }

    /// Cuts the power and turns it on again.
    pub fn reboot(&self, dice: &mut Dice) {
        let mut world = self.world();
        let freed: Vec<(u64, BTreeSet<usize>)> =
            world.inodes.iter().map(|(number, inode)| (*number, &inode.durable_blocks - &inode.blocks)).collect();
        let removed: Vec<String> =
            world.durable_names.keys().filter(|name| !world.names.contains_key(*name)).cloned().collect();
        let mut survives = dice.mood();
        world.inodes.values_mut().for_each(|inode| inode.reboot(&mut survives));
        world.reboot_names(&mut survives);
        if world.used_bytes() > world.total_bytes {
            // what was freed was written to by others, so that it was freed is known
            world.durable_names.retain(|name, _| !removed.contains(name));
            for (number, blocks) in freed {
                blocks.into_iter().for_each(|block| world.inode(number).free(block));
            }
        }
        let World { inodes, names, durable_names, dirty_names, faults, .. } = &mut *world;
        names.clone_from(durable_names);
        let named: BTreeSet<u64> = names.values().copied().collect();
        inodes.retain(|number, _| named.contains(number));
        dirty_names.clear();
        *faults = Faults::default();
    }

    /// Flips a bit of the file, on the platter and in the cache.
    pub fn flip(&self, name: &str, offset: usize, bit: u8) {
        let mut world = self.world();
        let inode = world.named(name);
        inode.flipped.insert(offset);
        for bytes in [&mut inode.cached, &mut inode.durable] {
            if let Some(byte) = bytes.get_mut(offset) {
                *byte ^= 1 << (bit % 8);
            }
        }
    }

    /// Flips a bit of the file on the platter, if it has come there: seen once the cache is dropped.
    pub fn flip_on_platter(&self, name: &str, offset: usize, bit: u8) {
        let mut world = self.world();
        let inode = world.named(name);
        if let Some(byte) = inode.durable.get_mut(offset) {
            *byte ^= 1 << (bit % 8);
            inode.flipped.insert(offset);
        }
    }

    /// What the files hold when read through the cache.
    #[must_use]
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let world = self.world();
        world.names.iter().map(|(name, inode)| (name.clone(), world.inodes[inode].cached.clone())).collect()
    }

    /// Puts a file there, durable, as if it had been copied in.
    pub fn plant(&self, name: &str, bytes: &[u8]) {
        let blocks: BTreeSet<usize> = blocks_of(0, bytes.len()).collect();
        let inode = Inode {
            cached: bytes.to_vec(),
            durable: bytes.to_vec(),
            blocks: blocks.clone(),
            durable_blocks: blocks,
            synced_to: bytes.len(),
            ..Inode::default()
        };
        let mut world = self.world();
        let number = world.add(inode);
        world.names.insert(name.to_owned(), number);
        world.durable_names.insert(name.to_owned(), number);
    }
}

impl World {
    fn add(&mut self, inode: Inode) -> u64 {
        let number = self.next_inode;
        self.next_inode += 1;
        self.inodes.insert(number, inode);
        number
    }

    fn inode(&mut self, file: u64) -> &mut Inode {
        self.inodes.get_mut(&file).expect("files are not kept open over a power cut")
    }

    fn named(&mut self, name: &str) -> &mut Inode {
        self.inode(*self.names.get(name).expect("a file has this name"))
    }

    fn used_bytes(&self) -> u64 {
        let blocks: usize = self.names.values().map(|inode| self.inodes[inode].blocks.len()).sum();
        (blocks * BLOCK_BYTES) as u64
    }

    fn free_bytes(&self) -> u64 {
        self.total_bytes.saturating_sub(self.used_bytes()).saturating_sub(self.foreign_bytes)
    }

    /// Decides of the names that were made or removed since the directory was last synced.
    fn reboot_names(&mut self, survives: &mut impl FnMut() -> bool) {
        let Self { names, durable_names, .. } = self;
        let known: BTreeSet<String> = names.keys().chain(durable_names.keys()).cloned().collect();
        for name in known {
            if names.get(&name) != durable_names.get(&name) && survives() {
                match names.get(&name) {
                    Some(inode) => durable_names.insert(name, *inode),
                    None => durable_names.remove(&name),
                };
            }
        }
        names.clone_from(durable_names);
    }

    /// Takes the blocks that bytes of a file lie in; how many of those bytes they are enough for.
    fn take_blocks(&mut self, file: u64, offset: usize, bytes: usize) -> usize {
        let mut free_blocks = self.free_bytes() / BLOCK_BYTES as u64;
        let Faults { enospc_after, enospc_for_good_after, .. } = &mut self.faults;
        let inode = self.inodes.get_mut(&file).expect("files are not kept open over a power cut");
        let end = offset + bytes;
        let mut taken = offset;
        for block in blocks_of(offset, end) {
            let piece = end.min((block + 1) * BLOCK_BYTES) - taken;
            if !inode.blocks.contains(&block) {
                let allowed = enospc_after.unwrap_or(piece).min(enospc_for_good_after.unwrap_or(piece));
                let fits = if free_blocks == 0 { 0 } else { piece.min(allowed) };
                if let Some(left) = enospc_for_good_after {
                    *left -= fits;
                }
                *enospc_after = enospc_after.filter(|_| allowed >= piece).map(|left| left - fits);
                if fits > 0 {
                    inode.blocks.insert(block);
                    free_blocks -= 1;
                }
                if fits < piece {
                    return taken + fits - offset;
                }
            }
            taken += piece;
        }
        bytes
    }

    /// How much of a write is done before it fails, when it does.
    fn torn(&mut self, bytes: usize) -> Option<usize> {
        let killed = self.faults.killed_after == Some(0) && self.dice.below(2) == 0;
        (strikes(&mut self.faults.write_fails_after) || killed).then(|| self.dice.below(bytes.max(1)))
    }
}

/// Counts down to a fault that strikes once.
fn strikes(after: &mut Option<u32>) -> bool {
    let now = *after == Some(0);
    *after = after.and_then(|more| more.checked_sub(1));
    now
}

fn injected() -> io::Error {
    io::Error::other("injected")
}

impl Inode {
    fn write(&mut self, offset: usize, bytes: Vec<u8>) {
        patch(&mut self.cached, offset, &bytes);
        self.pending.push((offset, bytes));
    }

    /// Makes those sectors of a write durable that survive.
    fn keep(&mut self, offset: usize, bytes: &[u8], survives: &mut impl FnMut() -> bool) {
        let mut at = 0;
        while at < bytes.len() {
            let end = bytes.len().min((offset + at) / SECTOR_BYTES * SECTOR_BYTES + SECTOR_BYTES - offset);
            if survives() {
                patch(&mut self.durable, offset + at, &bytes[at..end]);
            }
            at = end;
        }
    }

    /// Decides of everything that was not synced.
    fn reboot(&mut self, survives: &mut impl FnMut() -> bool) {
        for (offset, bytes) in std::mem::take(&mut self.pending) {
            self.keep(offset, &bytes, survives);
        }
        for block in &self.blocks ^ &self.durable_blocks {
            if self.has_data(block) || survives() {
                self.durable_blocks.insert(block);
            } else {
                self.durable_blocks.remove(&block);
            }
        }
        self.blocks.clone_from(&self.durable_blocks);
        self.cached.clone_from(&self.durable);
    }

    fn free(&mut self, block: usize) {
        for bytes in [&mut self.cached, &mut self.durable] {
            let end = bytes.len().min((block + 1) * BLOCK_BYTES);
            if let Some(bytes) = bytes.get_mut(block * BLOCK_BYTES..end) {
                bytes.fill(0);
            }
        }
        self.blocks.remove(&block);
        self.durable_blocks.remove(&block);
    }

    fn has_data(&self, block: usize) -> bool {
        let end = self.durable.len().min((block + 1) * BLOCK_BYTES);
        self.durable.get(block * BLOCK_BYTES..end).is_some_and(|bytes| bytes.iter().any(|byte| *byte != 0))
    }

    /// Bytes that were synced, and are not just the zeros of a hole or given up, are for ever.
    fn assert_no_overwrite(&self, offset: usize, bytes: &[u8]) {
        let end = (offset + bytes.len()).min(self.synced_to);
        for at in offset..end {
            let old = self.cached[at];
            let free = old == 0 || self.flipped.contains(&at) || self.given_up.iter().any(|range| range.contains(&at));
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

/// The blocks that bytes from `start` up to `end` lie in.
fn blocks_of(start: usize, end: usize) -> Range<usize> {
    if start < end { start / BLOCK_BYTES..end.div_ceil(BLOCK_BYTES) } else { 0..0 }
}

/// The blocks that lie between `start` and `end` as a whole.
fn blocks_within(start: usize, end: usize) -> Range<usize> {
    start.div_ceil(BLOCK_BYTES)..end / BLOCK_BYTES
}

fn at(offset: u64) -> usize {
    usize::try_from(offset).expect("simulated files are small")
}

impl Disk for SimDisk {
    type File = u64;

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.call(Call::List)?.names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<u64> {
        let mut world = self.call(Call::Create)?;
        if world.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = world.add(Inode::default());
        world.names.insert(name.to_owned(), inode);
        world.dirty_names.insert(name.to_owned());
        Ok(inode)
    }

    fn open(&self, name: &str) -> io::Result<u64> {
        self.call(Call::Open)?.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut world = self.call(Call::Remove)?;
        world.names.remove(name).ok_or(io::ErrorKind::NotFound)?;
        world.dirty_names.insert(name.to_owned());
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut world = self.call(Call::SyncDir)?;
        let failed = strikes(&mut world.faults.sync_fails_after);
        let World { names, durable_names, dirty_names, read_only, .. } = &mut *world;
        if failed || (*read_only && !dirty_names.is_empty()) {
            return Err(injected());
        }
        let changed = std::mem::take(dirty_names);
        for name in changed {
            match names.get(&name) {
                Some(inode) => durable_names.insert(name, *inode),
                None => durable_names.remove(&name),
            };
        }
        Ok(())
    }

    fn size(&self, file: &u64) -> io::Result<u64> {
        Ok(self.call(Call::Size)?.inode(*file).cached.len() as u64)
    }

    fn allocated(&self, file: &u64) -> io::Result<u64> {
        Ok((self.call(Call::Allocated)?.inode(*file).blocks.len() * BLOCK_BYTES) as u64)
    }

    fn read_at(&self, file: &u64, into: &mut [u8], offset: u64) -> io::Result<()> {
        let mut world = self.call(Call::Read)?;
        if let Some(errno) = world.faults.read_errno {
            return Err(io::Error::from_raw_os_error(errno));
        }
        let failed = strikes(&mut world.faults.read_fails_after);
        let inode = world.inode(*file);
        let range = at(offset)..at(offset) + into.len();
        if inode.unreadable.iter().any(|bad| bad.start < range.end && range.start < bad.end) {
            return Err(io::Error::from_raw_os_error(EIO));
        }
        if failed {
            return Err(injected());
        }
        into.copy_from_slice(inode.cached.get(range).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, file: &u64, parts: &[&[u8]], offset: u64) -> io::Result<()> {
        let mut world = self.call(Call::Write)?;
        let (mut bytes, offset) = (parts.concat(), at(offset));
        world.inode(*file).assert_no_overwrite(offset, &bytes);
        let torn = world.torn(bytes.len());
        bytes.truncate(torn.unwrap_or(bytes.len()));
        let fits = world.take_blocks(*file, offset, bytes.len());
        let full = fits < bytes.len();
        bytes.truncate(fits);
        if !bytes.is_empty() {
            world.inode(*file).write(offset, bytes);
        }
        match torn {
            _ if full => Err(io::ErrorKind::StorageFull.into()),
            Some(_) => Err(injected()),
            None => Ok(()),
        }
    }

    fn punch(&self, file: &u64, offset: u64, bytes: u64) -> io::Result<()> {
        let mut world = self.call(Call::Punch)?;
        let failed = strikes(&mut world.faults.punch_fails_after);
        let inode = world.inode(*file);
        let (start, end) = (at(offset), at(offset + bytes));
        if failed {
            inode.given_up.push(start..end);
            return Err(injected());
        }
        let end_of_data = end.min(inode.cached.len());
        if start < end_of_data {
            inode.write(start, vec![0; end_of_data - start]);
        }
        for block in blocks_within(start, end) {
            inode.blocks.remove(&block);
        }
        Ok(())
    }

    fn allocate(&self, file: &u64, offset: u64, bytes: u64) -> io::Result<()> {
        let mut world = self.call(Call::Allocate)?;
        if world.cannot_allocate {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let bytes = at(bytes);
        if world.take_blocks(*file, at(offset), bytes) < bytes {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    /// What was written behind the new end may come back at a power cut, until the next sync.
    fn truncate(&self, file: &u64, length: u64) -> io::Result<()> {
        let mut world = self.call(Call::Truncate)?;
        let Inode { cached, blocks, synced_to, .. } = world.inode(*file);
        assert!(at(length) >= *synced_to, "synced bytes are cut off");
        cached.resize(at(length), 0);
        let end = cached.len().div_ceil(BLOCK_BYTES);
        blocks.retain(|block| *block < end);
        Ok(())
    }

    /// Drops the pages that are wholly in the range and not waiting to be written.
    fn forget(&self, file: &u64, offset: u64, bytes: u64) -> io::Result<()> {
        let mut world = self.call(Call::Forget)?;
        let Inode { cached, durable, pending, .. } = world.inode(*file);
        for block in blocks_within(at(offset), at(offset + bytes).min(cached.len()).next_multiple_of(BLOCK_BYTES)) {
            let page = block * BLOCK_BYTES..cached.len().min((block + 1) * BLOCK_BYTES);
            let waits = |(offset, bytes): &(usize, Vec<u8>)| *offset < page.end && page.start < offset + bytes.len();
            if page.is_empty() || pending.iter().any(waits) {
                continue;
            }
            cached[page.clone()].fill(0);
            if let Some(known) = durable.get(page.start..durable.len().min(page.end)) {
                cached[page.start..page.start + known.len()].copy_from_slice(known);
            }
        }
        Ok(())
    }

    fn sync(&self, file: &u64) -> io::Result<()> {
        let mut world = self.call(Call::Sync)?;
        let failed = strikes(&mut world.faults.sync_fails_after);
        let World { inodes, dice, read_only, .. } = &mut *world;
        let inode = inodes.get_mut(file).expect("files are not kept open over a power cut");
        let pending = std::mem::take(&mut inode.pending);
        if failed || (*read_only && !pending.is_empty()) {
            let mut survives = dice.mood();
            for (offset, bytes) in pending {
                inode.keep(offset, &bytes, &mut survives);
            }
            return Err(injected());
        }
        for (offset, bytes) in pending {
            patch(&mut inode.durable, offset, &bytes);
        }
        inode.durable.resize(inode.cached.len(), 0);
        inode.durable_blocks.clone_from(&inode.blocks);
        inode.synced_to = inode.cached.len();
        Ok(())
    }

    fn space(&self) -> io::Result<Space> {
        let world = self.call(Call::Space)?;
        Ok(Space { total: world.total_bytes, free: world.free_bytes() })
    }
}
