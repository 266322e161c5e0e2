//! Compaction: what of a superblock is still needed is written again elsewhere, and the file removed.
//!
//! Invariants:
//! - Records keep their sequences, so that a move changes nothing but where a record lies. Whoever finds both copies
//!   takes the one in the later superblock.
//! - A chunk is only moved while it is what the index points to; blocks of the old copy are given back once the new one
//!   is durable, so that compaction needs room for one batch and the headers, not for a superblock.
//! - A tombstone stays while any other superblock may hold a record of its chunk with a lower sequence, unless a later
//!   record of the chunk is live and hides that too. The superblock being written needs no look: a chunk is moved
//!   while it is live, hence before its tombstone was written.
//! - The old file goes last ([`Engine::retire`](super::Engine::retire)). A crash at any point leaves copies, never gaps.

use std::{collections::BTreeSet, io, sync::Arc};

use super::{
    bug::{Bug, planted},
    chunk::Key,
    disk::Disk,
    files::{Held, Superblock},
    format::{BLOCK_BYTES, FooterEntry, Kind, record_bytes},
    index::Entry,
    op::{Move, Op},
    reader::Reader,
    scan::{Footer, footer},
};

/// Room that has to be free beside what a compaction's headers take: a batch on its way.
const ROOM_BYTES_MIN: u64 = 8 << 20;
/// Lookups under one lock.
const LOOKUPS_MAX: usize = 1024;

/// One superblock being emptied. Holds no lock and no promise: it may be dropped at any time, and planned again.
#[derive(Debug)]
pub struct Compaction<D: Disk> {
    superblock: Arc<Superblock<D::File>>,
    /// Chunks that were live when this was planned, by offset, then the tombstones that are needed.
    records: Vec<Entry>,
    next: usize,
    bytes_total: u64,
    bytes_left: u64,
}

/// What is to be written next.
#[derive(Debug, Default)]
pub struct Batch {
    /// For [`Engine::write_group`](super::Engine::write_group).
    pub moves: Vec<Op>,
    pub read_bytes: u64,
    /// Live chunks that cannot be moved because they cannot be read: the superblock stays until they are repaired.
    pub unreadable: Vec<Key>,
}

impl<D: Disk> Compaction<D> {
    /// Picks the superblock of which most is worthless, if that is at least `garbage_percent_min` of the disk it takes;
    /// none of those in `skip`. Reads footers, so this may take a while.
    ///
    /// # Errors
    /// When the disk does not say how much a file takes.
    pub fn plan(reader: &Reader<D>, garbage_percent_min: u8, skip: &BTreeSet<u32>) -> io::Result<Option<Self>> {
        if reader.0.refusal().is_some() {
            return Ok(None);
        }
        let is_garbage = |garbage: u64, of: u64| garbage * 100 >= of * u64::from(garbage_percent_min) && garbage > 0;
        let state = reader.0.state();
        let was_needed = |held: &Held<D::File>| {
            let now = (state.files.changes, held.tally.live_bytes);
            held.needed_at.is_some_and(|(at, percent)| at == now && percent <= garbage_percent_min)
        };
        let is_open = |held: &&Held<D::File>| held.tally.sealed && !was_needed(held);
        let sealed: Vec<Held<D::File>> = state.files.iter().filter(is_open).cloned().collect();
        drop(state);
        let mut candidates = Vec::new();
        for held in sealed.into_iter().filter(|held| !skip.contains(&held.superblock.number)) {
            let allocated = reader.0.disk.allocated(&held.superblock.file)?;
            let garbage = allocated.saturating_sub(held.tally.live_bytes);
            if is_garbage(garbage, allocated) {
                candidates.push((garbage * 1000 / allocated.max(1), allocated, held));
            }
        }
        candidates.sort_by_key(|(permille, ..)| std::cmp::Reverse(*permille));
        for (_, allocated, held) in candidates {
            let Some(plan) = Self::of(reader, &held) else { continue };
            if !is_garbage(allocated.saturating_sub(plan.bytes_total), allocated) {
                reader.0.state_mut().files.is_needed(plan.superblock.number, garbage_percent_min);
            } else if plan.fits(reader) {
                return Ok(Some(plan));
            }
        }
        Ok(None)
    }

    /// What has to be moved out of a superblock; `None` when its footer cannot be read.
    fn of(reader: &Reader<D>, held: &Held<D::File>) -> Option<Self> {
        let entries = footer_of(reader, held)?;
        let number = held.superblock.number;
        let (chunks, tombstones): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.kind == Kind::Chunk);
        let mut records = live(reader, number, &chunks);
        records.sort_unstable_by_key(|entry| entry.place.offset());
        records.extend(needed(reader, number, &tombstones).iter().map(|entry| Entry::new(number, entry)));
        let bytes_total = records.iter().map(|entry| record_bytes(entry.place.payload_bytes())).sum();
        let superblock = Arc::clone(&held.superblock);
        Some(Self { superblock, records, next: 0, bytes_total, bytes_left: bytes_total })
    }

    /// The headers of moved records keep their blocks until the file goes.
    fn fits(&self, reader: &Reader<D>) -> bool {
        let headers = self.records.len() as u64 * BLOCK_BYTES;
        let batch = ROOM_BYTES_MIN.min(self.bytes_total);
        reader.0.disk.space().map_or(true, |space| self.records.is_empty() || space.free >= headers + batch)
    }

    #[must_use]
    pub fn superblock(&self) -> u32 {
        self.superblock.number
    }

    /// Bytes of records that are to be moved in all.
    #[must_use]
    pub fn bytes_total(&self) -> u64 {
        self.bytes_total
    }

    /// Bytes of records that were not handed out yet.
    #[must_use]
    pub fn bytes_left(&self) -> u64 {
        self.bytes_left
    }

    /// The next records to write again, about `bytes_max` of them but at least one; nothing when all were handed out.
    pub fn next(&mut self, reader: &Reader<D>, bytes_max: u64) -> Batch {
        let mut batch = Batch::default();
        while let Some(entry) = self.records.get(self.next).copied()
            && batch.read_bytes < bytes_max.max(1)
        {
            self.next += 1;
            let bytes = record_bytes(entry.place.payload_bytes());
            self.bytes_left -= bytes;
            if entry.is_tombstone() {
                batch.read_bytes += bytes;
                batch.moves.push(Op::Move(Move { entry, payload: bytes::Bytes::new(), payload_crc: 0 }));
                continue;
            }
            // deleted or written anew since
            let is_live = || reader.0.state().index.get(&entry.key) == Some(&entry);
            if !is_live() {
                continue;
            }
            batch.read_bytes += bytes;
            match reader.0.read(&entry.key, entry.place, &self.superblock) {
                Ok((payload, payload_crc)) => {
                    batch.moves.push(Op::Move(Move { entry, payload, payload_crc }));
                }
                Err(error) if is_live() => {
                    if error.is_of_the_copy() {
                        reader.0.note_damaged(entry.key);
                    }
                    batch.unreadable.push(entry.key);
                }
                Err(_) => {}
            }
        }
        batch
    }

    /// The tombstones that must be elsewhere before the superblock goes.
    pub(super) fn tombstones(&self) -> impl Iterator<Item = (Key, u64)> {
        self.records.iter().filter(|entry| entry.is_tombstone()).map(|entry| (entry.key, entry.sequence))
    }
}

fn footer_of<D: Disk>(reader: &Reader<D>, held: &Held<D::File>) -> Option<Vec<FooterEntry>> {
    let Superblock { file, salt, .. } = &*held.superblock;
    match footer(&reader.0.disk, file, *salt, held.tally.file_bytes) {
        Footer::Sound { entries, .. } => Some(entries),
        _ => None,
    }
}

/// Those of a superblock's `chunks` that the index points to.
fn live<D: Disk>(reader: &Reader<D>, number: u32, chunks: &[FooterEntry]) -> Vec<Entry> {
    let mut live = Vec::new();
    // a few at a time: the writer waits for the lock, and readers for the writer
    for some in chunks.chunks(LOOKUPS_MAX) {
        let state = reader.0.state();
        let is_live = |entry: &Entry| state.index.get(&entry.key) == Some(entry);
        live.extend(some.iter().map(|entry| Entry::new(number, entry)).filter(is_live));
    }
    live
}

/// Those of a superblock's `tombstones`, sorted by key, that may still hide something in another one.
fn needed<D: Disk>(reader: &Reader<D>, number: u32, tombstones: &[FooterEntry]) -> Vec<FooterEntry> {
    if planted(Bug::TombstoneDropped) {
        return Vec::new();
    }
    let mut open = last_of_each(reader, tombstones);
    let Some(sequence_max) = open.iter().map(|entry| entry.sequence).max() else { return Vec::new() };
    let state = reader.0.state();
    let unlisted = state.files.are_unlisted();
    let quarantined = state.files.lowest_quarantined(number);
    let others = state.files.iter().filter(|held| held.superblock.number != number && held.tally.sealed);
    let others: Vec<_> = others.filter(|held| held.tally.sequence_min < sequence_max).cloned().collect();
    drop(state);
    if unlisted {
        return open;
    }
    let written_to = |entry: &FooterEntry| u32::try_from(entry.sequence >> 32).expect("the high half");
    let may_be_quarantined = |entry: &mut FooterEntry| quarantined.is_some_and(|lowest| lowest <= written_to(entry));
    let mut needed: Vec<_> = open.extract_if(.., may_be_quarantined).collect();
    for held in others {
        let Some(entries) = footer_of(reader, &held) else {
            // it may hold anything
            needed.append(&mut open);
            break;
        };
        let hides = |tombstone: &mut FooterEntry| {
            let first = entries.partition_point(|entry| entry.key < tombstone.key);
            let mut of_key = entries[first..].iter().take_while(|entry| entry.key == tombstone.key);
            of_key.any(|entry| entry.kind == Kind::Chunk && entry.sequence < tombstone.sequence)
        };
        needed.extend(open.extract_if(.., hides));
    }
    needed
}

/// The newest tombstone of each chunk that was not stored again since.
fn last_of_each<D: Disk>(reader: &Reader<D>, tombstones: &[FooterEntry]) -> Vec<FooterEntry> {
    let mut last: Vec<FooterEntry> = Vec::new();
    for some in tombstones.chunks(LOOKUPS_MAX) {
        let state = reader.0.state();
        let is_last =
            |entry: &&FooterEntry| state.index.get(&entry.key).is_none_or(|live| live.sequence < entry.sequence);
        for tombstone in some.iter().filter(is_last) {
            last.pop_if(|before| before.key == tombstone.key);
            last.push(*tombstone);
        }
    }
    last
}
