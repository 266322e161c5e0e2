//! DSK-1: what a disk had taken durably it has after every restart, unless hardware took it, its node dropped it, or a
//! failed fsync makes it doubtful until the disk is checked.

use vsd_core::superblock::{Key, Reader, sim::SimDisk};

use crate::world::World;

/// A disk was opened that had been in use before.
pub(crate) fn opened(
    world: &World,
    machine: usize,
    drive: usize,
    former: Option<&Reader<SimDisk>>,
    now: &Reader<SimDisk>,
    failed_fsync: bool,
) {
    let list = |reader: &Reader<SimDisk>| reader.list(&(0..=u64::MAX), None, usize::MAX);
    let gone = |key: &Key| now.chunk_bytes(key).is_none();
    for key in former.map(list).unwrap_or_default().into_iter().filter(gone) {
        let oracle = &world.oracle;
        if failed_fsync {
            oracle.took(machine, [key]);
        } else if !oracle.is_rotten(machine, key) && !oracle.is_dropping(machine, key) {
            world.violated("DSK-1", format!("m{machine}/d{drive} lost {} of {}", key.hash.short(), key.asset));
        }
    }
}
