//! DSK-1: what a disk had taken durably it has after every restart, unless hardware took it, its node dropped it, or a
//! failed fsync makes it doubtful until the disk is checked.

use std::collections::BTreeSet;

use vsd_core::superblock::{Key, Reader, sim::SimDisk};

use crate::{
    machine::{Drive, Machine},
    world::World,
};

/// A node is about to say that a copy is durable.
pub(crate) fn taken(world: &World, machine: &Machine, key: &Key) {
    if !machine.lists(key) {
        let (hash, asset) = (key.hash.short(), key.asset);
        world.violated("DSK-1", format!("m{} says that it has {hash} of {asset}, and does not list it", machine.at));
    }
}

/// A disk was opened that may have been in use before. `is_blind` is whether it cannot tell what it has.
pub(crate) fn opened(
    world: &World,
    machine: usize,
    drive: &mut Drive,
    former: Option<&Reader<SimDisk>>,
    is_blind: bool,
) {
    let list = |reader: &Reader<SimDisk>| reader.list(&(0..=u64::MAX), None, usize::MAX);
    let before: BTreeSet<Key> = former.map(list).unwrap_or_default().into_iter().collect();
    let is_gone = |key: &&Key| !drive.lists(key);
    let hidden: BTreeSet<Key> = drive.hidden.keys().copied().collect();
    let gone: BTreeSet<Key> = before.union(&hidden).filter(is_gone).copied().collect();
    // what a failed delete may have deleted
    let doubted = gone.iter().filter(|key| former.is_some_and(|former| former.is_doubted(key)));
    drive.dropping.extend(doubted.copied());
    if is_blind {
        let now = world.kernel.now();
        // what was written again meanwhile is hidden anew
        let since = |key: &Key| drive.hidden.get(key).copied().filter(|_| !before.contains(key)).unwrap_or(now);
        drive.hidden = gone.iter().map(|key| (*key, since(key))).collect();
        return;
    }
    drive.hidden.clear();
    let dropping = std::mem::take(&mut drive.dropping);
    for key in gone {
        let is_excused = drive.rotted_at(&key).is_some() || dropping.contains(&key) || drive.dropped.contains(&key);
        if !is_excused {
            world.violated("DSK-1", format!("m{machine} {:?} lost {} of {}", drive.dir, key.hash.short(), key.asset));
        }
    }
}
