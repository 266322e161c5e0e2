//! Where every chunk of the directory lies.
//!
//! The superblock being written is indexed by a tree, everything sealed by a few sorted arrays ("runs"). A run is
//! merged into the one before it once it is half as long, so there are only ever a logarithmic number of them and no
//! array keeps spare room. An entry takes 56 bytes; with a run and the tree that is at most 64 bytes a chunk.
//!
//! Newer hides older: the tree hides the runs, a later run hides an earlier one. A deleted chunk is an entry without
//! payload, which hides what is older until it is merged into the oldest run.

use std::{
    collections::BTreeMap,
    iter::Peekable,
    ops::{Bound, RangeInclusive},
    sync::Arc,
};

use vs_core::{hash::Hash, id::AssetId};

use super::{
    bug::{Bug, planted},
    chunk::Key,
    format::{BLOCK_BYTES, FooterEntry},
};

/// Superblock number, block and payload length in one word: 24, 18 and 22 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u64);

impl Place {
    pub(super) fn new(number: u32, offset: u64, payload_bytes: u32) -> Self {
        Self(u64::from(number) << 40 | (offset / BLOCK_BYTES) << 22 | u64::from(payload_bytes))
    }

    pub(super) fn number(self) -> u32 {
        u32::try_from(self.0 >> 40).expect("24 bits remain")
    }

    /// Offset of the record in its file.
    pub(super) fn offset(self) -> u64 {
        ((self.0 >> 22) & ((1 << 18) - 1)) * BLOCK_BYTES
    }

    pub(super) fn payload_bytes(self) -> u32 {
        u32::try_from(self.0 & ((1 << 22) - 1)).expect("22 bits remain")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) sequence: u64,
    pub(super) place: Place,
}

const _: () = assert!(size_of::<Entry>() == 56);

impl Entry {
    /// Whether it only says that the chunk was deleted.
    pub(super) fn is_tombstone(&self) -> bool {
        self.place.payload_bytes() == 0
    }

    /// Of two records of a chunk the higher counts. Of a record that compaction moved that is the later copy: the blocks
    /// of the other may have been given back.
    pub(super) fn rank(&self) -> (u64, u32) {
        let number = self.place.number();
        (self.sequence, if planted(Bug::OlderCopyWins) { u32::MAX - number } else { number })
    }

    pub(super) fn new(number: u32, entry: &FooterEntry) -> Self {
        let place = Place::new(number, entry.offset, entry.payload_bytes);
        Self { key: entry.key, sequence: entry.sequence, place }
    }
}

type Run = Arc<Vec<Entry>>;

#[derive(Debug, Default)]
pub(super) struct Index {
    tail: BTreeMap<Key, Entry>,
    runs: Vec<Run>,
    chunks: u64,
    payload_bytes: u64,
}

impl Index {
    /// An index of what was found on disk: sorted by key, one entry each.
    pub(super) fn new(mut entries: Vec<Entry>) -> Self {
        debug_assert!(entries.is_sorted_by(|a, b| a.key < b.key));
        entries.shrink_to_fit();
        let payload_bytes = entries.iter().map(|entry| u64::from(entry.place.payload_bytes())).sum();
        Self { chunks: entries.len() as u64, payload_bytes, tail: BTreeMap::new(), runs: vec![Arc::new(entries)] }
    }

    /// Where the chunk lies, if it is stored.
    pub(super) fn get(&self, key: &Key) -> Option<&Entry> {
        let in_run = |run: &'_ Run| run.binary_search_by_key(key, |entry| entry.key).ok();
        let newest =
            self.tail.get(key).or_else(|| self.runs.iter().rev().find_map(|run| in_run(run).map(|at| &run[at])));
        newest.filter(|entry| !entry.is_tombstone())
    }

    /// Adds a record of the superblock being written, chunk or tombstone; returns what it replaces.
    pub(super) fn insert(&mut self, entry: Entry) -> Option<Entry> {
        let replaced = self.get(&entry.key).copied();
        if let Some(old) = replaced {
            self.chunks -= 1;
            self.payload_bytes -= u64::from(old.place.payload_bytes());
        }
        if !entry.is_tombstone() {
            self.chunks += 1;
            self.payload_bytes += u64::from(entry.place.payload_bytes());
        }
        self.tail.insert(entry.key, entry);
        replaced
    }

    /// The runs as they are to be once the superblock being written is sealed. Slow for large indexes, hence apart from
    /// [`seal`](Self::seal): readers go on meanwhile.
    pub(super) fn sealed_runs(&self) -> Vec<Run> {
        let mut runs = self.runs.clone();
        runs.push(Arc::new(self.tail.values().copied().collect()));
        while let [.., older, newer] = &runs[..]
            && newer.len() * 2 > older.len()
        {
            let merged = Arc::new(merge(older, newer));
            runs.truncate(runs.len() - 2);
            runs.push(merged);
        }
        if let [oldest] = &mut runs[..]
            && oldest.iter().any(Entry::is_tombstone)
        {
            // nothing older is left to be hidden
            *oldest = Arc::new(oldest.iter().filter(|entry| !entry.is_tombstone()).copied().collect());
        }
        runs
    }

    /// Replaces the tree by `runs`, made from it by [`sealed_runs`](Self::sealed_runs); gives back what is to be freed.
    pub(super) fn seal(&mut self, runs: Vec<Run>) -> impl Sized + use<> {
        (std::mem::take(&mut self.tail), std::mem::replace(&mut self.runs, runs))
    }

    /// Up to `max` keys after `after` whose hash begins with a number in `leading`, in order.
    pub(super) fn list(&self, leading: &RangeInclusive<u64>, after: Option<Key>, max: usize) -> Vec<Key> {
        let mut first = Hash([0; 32]);
        first.0[..8].copy_from_slice(&leading.start().to_be_bytes());
        let first = Key { hash: first, asset: AssetId(0) };
        let start = match after {
            Some(after) if after >= first => Bound::Excluded(after),
            _ => Bound::Included(first),
        };
        // newest first: the first source that has a key says what became of it
        let tail = self.tail.range((start, Bound::Unbounded)).map(|(_, entry)| entry);
        let mut sources: Vec<Peekable<Box<dyn Iterator<Item = &Entry> + '_>>> = Vec::new();
        sources.push((Box::new(tail) as Box<dyn Iterator<Item = &Entry>>).peekable());
        for run in self.runs.iter().rev() {
            let from = run.partition_point(|entry| match start {
                Bound::Excluded(after) => entry.key <= after,
                _ => entry.key < first,
            });
            sources.push((Box::new(run[from..].iter()) as Box<dyn Iterator<Item = &Entry>>).peekable());
        }
        let mut keys = Vec::new();
        while keys.len() < max
            && let Some(key) = sources.iter_mut().filter_map(|source| source.peek().map(|entry| entry.key)).min()
            && key.hash.leading_u64() <= *leading.end()
        {
            let mut having = sources.iter_mut().filter_map(|source| source.next_if(|entry| entry.key == key));
            let newest = having.next();
            keys.extend(newest.filter(|entry| !entry.is_tombstone()).map(|entry| entry.key));
            having.for_each(drop);
        }
        keys
    }

    pub(super) fn chunks(&self) -> u64 {
        self.chunks
    }

    pub(super) fn payload_bytes(&self) -> u64 {
        self.payload_bytes
    }
}

/// Both runs as one; where both have a key, `newer` has it.
fn merge(older: &[Entry], newer: &[Entry]) -> Vec<Entry> {
    let mut out = Vec::with_capacity(older.len() + newer.len());
    let mut older = older.iter().peekable();
    for entry in newer {
        while let Some(before) = older.next_if(|old| old.key < entry.key) {
            out.push(*before);
        }
        older.next_if(|old| old.key == entry.key);
        out.push(*entry);
    }
    out.extend(older);
    out.shrink_to_fit();
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_place_reads_back_at_its_limits() {
        for (number, block, bytes) in [(0, 0, 0), ((1 << 24) - 1, (1 << 18) - 1, 2 << 20)] {
            let place = Place::new(number, block * BLOCK_BYTES, bytes);
            assert_eq!((place.number(), place.offset(), place.payload_bytes()), (number, block * BLOCK_BYTES, bytes));
        }
    }

    fn key(name: u8) -> Key {
        Key { hash: Hash::of(&[name]), asset: AssetId(u64::from(name % 3)) }
    }

    proptest! {
        #[test]
        fn behaves_like_one_map(
            changes in prop::collection::vec((0u8..40, prop::bool::weighted(0.3), prop::bool::weighted(0.1)), 1..200),
        ) {
            let mut index = Index::new(vec![]);
            let mut model = BTreeMap::new();
            for (sequence, (name, delete, seal)) in changes.into_iter().enumerate() {
                let sequence = sequence as u64;
                let payload_bytes = if delete { 0 } else { 10 };
                let replaced =
                    index.insert(Entry { key: key(name), sequence, place: Place::new(1, 0, payload_bytes) });
                let expected =
                    if delete { model.remove(&key(name)) } else { model.insert(key(name), sequence) };
                prop_assert_eq!(replaced.map(|entry| entry.sequence), expected);
                if seal {
                    let runs = index.sealed_runs();
                    index.seal(runs);
                }
            }
            prop_assert_eq!(index.chunks(), model.len() as u64);
            prop_assert_eq!(index.payload_bytes(), model.len() as u64 * 10);
            for name in 0..40 {
                prop_assert_eq!(index.get(&key(name)).map(|e| e.sequence), model.get(&key(name)).copied());
            }
            let (mut listed, half) = (vec![], 0..=u64::MAX / 2);
            loop {
                let page = index.list(&half, listed.last().copied(), 3);
                if page.is_empty() { break }
                listed.extend(page);
            }
            let expected: Vec<_> = model.into_keys().filter(|key| half.contains(&key.hash.leading_u64())).collect();
            prop_assert_eq!(listed, expected);
        }
    }
}
