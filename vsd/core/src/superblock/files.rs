//! The open superblock files and what each of them holds.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    disk::Disk,
    format::{Salt, record_bytes},
    index::{Entry, Place},
};

/// An open superblock file.
#[derive(Debug)]
pub(super) struct Superblock<F> {
    pub(super) number: u32,
    pub(super) file: F,
    pub(super) salt: Salt,
}

/// What a superblock holds, kept with every change of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tally {
    /// It has a sound footer that lists its records; nothing is written to it any more.
    pub(super) sealed: bool,
    /// No record is written to it any more: an earlier process did, or the disk had no room for its footer.
    pub(super) is_left: bool,
    /// Some of it was not read when the directory was opened, and may be when it is next.
    pub(super) unread: bool,
    /// Chunks that the index points to.
    pub(super) live_chunks: u64,
    /// Bytes of their records, header and padding included.
    pub(super) live_bytes: u64,
    pub(super) tombstones: u64,
    /// Lowest sequence of any of its records, dead ones included.
    pub(super) sequence_min: u64,
    pub(super) file_bytes: u64,
    pub(super) quarantined_bytes: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            sealed: false,
            is_left: false,
            unread: false,
            live_chunks: 0,
            live_bytes: 0,
            tombstones: 0,
            sequence_min: u64::MAX,
            file_bytes: 0,
            quarantined_bytes: 0,
        }
    }
}

impl Tally {
    /// Counts a record that lies in the file.
    pub(super) fn add(&mut self, entry: &Entry) {
        self.sequence_min = self.sequence_min.min(entry.sequence);
        self.tombstones += u64::from(entry.is_tombstone());
    }

    /// The record at `place` is what the index points to.
    pub(super) fn add_live(&mut self, place: Place) {
        self.live_chunks += 1;
        self.live_bytes += record_bytes(place.payload_bytes());
    }

    /// The index points elsewhere now.
    pub(super) fn remove_live(&mut self, place: Place) {
        self.live_chunks -= 1;
        self.live_bytes -= record_bytes(place.payload_bytes());
    }
}

#[derive(Debug)]
pub(super) struct Held<F> {
    pub(super) superblock: Arc<Superblock<F>>,
    pub(super) tally: Tally,
    /// When the files had changed so often and so much of it was live, less than so many percent of it turned out to be garbage.
    pub(super) needed_at: Option<((u64, u64), u8)>,
}

impl<F> Clone for Held<F> {
    fn clone(&self) -> Self {
        Self { superblock: Arc::clone(&self.superblock), ..*self }
    }
}

/// What a person or a planner wants to know of a superblock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuperblockInfo {
    pub number: u32,
    /// Has its footer; nothing is written to it any more.
    pub sealed: bool,
    /// Length of the file, holes included.
    pub file_bytes: u64,
    /// Disk that it takes; its length when the disk does not say.
    pub allocated_bytes: u64,
    pub live_chunks: u64,
    /// Bytes of the live chunks' records.
    pub live_bytes: u64,
    pub tombstones: u64,
    pub quarantined_bytes: u64,
}

impl<F> Held<F> {
    /// Asks the disk, so not to be called under the lock.
    pub(super) fn info<D: Disk<File = F>>(&self, disk: &D) -> SuperblockInfo {
        let tally = &self.tally;
        SuperblockInfo {
            number: self.superblock.number,
            sealed: tally.sealed,
            file_bytes: tally.file_bytes,
            allocated_bytes: disk.allocated(&self.superblock.file).unwrap_or(tally.file_bytes),
            live_chunks: tally.live_chunks,
            live_bytes: tally.live_bytes,
            tombstones: tally.tombstones,
            quarantined_bytes: tally.quarantined_bytes,
        }
    }
}

#[derive(Debug)]
pub(super) struct Files<F> {
    held: BTreeMap<u32, Held<F>>,
    /// Files without a sound header: they may hold anything.
    pub(super) lost: BTreeSet<u32>,
    /// How often a file was sealed or removed.
    pub(super) changes: u64,
}

impl<F> Default for Files<F> {
    fn default() -> Self {
        Self { held: BTreeMap::new(), lost: BTreeSet::new(), changes: 0 }
    }
}

impl<F> Files<F> {
    pub(super) fn add(&mut self, superblock: Arc<Superblock<F>>, tally: Tally) {
        self.held.insert(superblock.number, Held { superblock, tally, needed_at: None });
    }

    pub(super) fn remove(&mut self, number: u32) {
        self.held.remove(&number);
    }

    /// A file was sealed or removed, which may make tombstones superfluous.
    pub(super) fn changed(&mut self) {
        self.changes += 1;
    }

    /// Not worth a compaction until something changes.
    pub(super) fn is_needed(&mut self, number: u32, percent: u8) {
        let changes = self.changes;
        if let Some(held) = self.held.get_mut(&number) {
            held.needed_at = Some(((changes, held.tally.live_bytes), percent));
        }
    }

    pub(super) fn get(&self, number: u32) -> Option<&Arc<Superblock<F>>> {
        self.held.get(&number).map(|held| &held.superblock)
    }

    pub(super) fn held(&self, number: u32) -> Option<&Held<F>> {
        self.held.get(&number)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Held<F>> {
        self.held.values()
    }

    /// The tally of the file in which `place` lies.
    pub(super) fn tally(&mut self, place: Place) -> &mut Tally {
        self.tally_of(place.number())
    }

    pub(super) fn tally_of(&mut self, number: u32) -> &mut Tally {
        &mut self.held.get_mut(&number).expect("what is indexed lies in an open file").tally
    }

    /// The sum of one figure of all files. Quarantined bytes come from the disk, so it may be any number.
    pub(super) fn sum(&self, figure: impl Fn(&Tally) -> u64) -> u64 {
        self.iter().fold(0, |sum, held| sum.saturating_add(figure(&held.tally)))
    }

    /// Whether there are records that were not read when the directory was opened, and may be when it is next.
    pub(super) fn hide_records(&self) -> bool {
        !self.lost.is_empty() || self.iter().any(|held| held.tally.unread)
    }

    /// Whether there are records that no footer lists, beside those of the superblock being written.
    pub(super) fn are_unlisted(&self) -> bool {
        self.hide_records() || self.iter().any(|held| held.tally.is_left && !held.tally.sealed)
    }

    /// The lowest number of a file other than `except` in which damaged bytes may have been records.
    pub(super) fn lowest_quarantined(&self, except: u32) -> Option<u32> {
        let is_quarantined = |held: &&Held<F>| held.tally.quarantined_bytes > 0 && held.superblock.number != except;
        self.iter().find(is_quarantined).map(|held| held.superblock.number)
    }
}
