//! Which of a node's directories takes a new chunk: rendezvous hashing, weighted by capacity.
//!
//! Directories fill at the same rate, and one more of them takes its share without anything having to move. Where a
//! chunk is, is never computed: reads ask the indexes, so directories may come, go and change their size.

use vs_core::{hash::Hash, id::DirId};

use crate::superblock::Key;

/// How good a place a directory is for a chunk that it does not hold, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It has the chunk: its engine verifies it, and repairs it when it is bad.
    Holds,
    Well,
    Full,
    /// Takes no writes at all.
    Refuses,
    /// Does not answer, so whoever asks it waits: only when no other directory is left.
    Slow,
}

/// A directory to choose from.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    pub dir: DirId,
    pub standing: Standing,
    /// Size of its disk.
    pub capacity_bytes: u64,
}

/// The candidates by their places in `candidates`, in the order in which they are to be tried.
#[must_use]
pub fn order(key: &Key, candidates: &[Candidate]) -> Vec<usize> {
    let mut order: Vec<_> = (0..candidates.len()).collect();
    if candidates.len() > 1 {
        let scores: Vec<_> = candidates.iter().map(|candidate| score(key, candidate)).collect();
        order.sort_by(|&a, &b| {
            let by_standing = candidates[a].standing.cmp(&candidates[b].standing);
            by_standing.then_with(|| scores[b].total_cmp(&scores[a]))
        });
    }
    order
}

/// Highest for the directory with probability proportional to its capacity, whatever the others are.
fn score(key: &Key, candidate: &Candidate) -> f64 {
    let mut input = key.hash.0.to_vec();
    input.extend(key.asset.0.to_be_bytes());
    input.extend(candidate.dir.0.to_be_bytes());
    let drawn = Hash::of(&input).leading_u64() >> 11;
    // between 0 and 1, never either of them
    let drawn = (drawn as f64 + 0.5) / (1_u64 << 53) as f64;
    candidate.capacity_bytes.max(1) as f64 / -drawn.ln()
}

#[cfg(test)]
mod tests {
    use vs_core::id::AssetId;

    use super::*;

    fn candidate(dir: u64, standing: Standing, capacity_bytes: u64) -> Candidate {
        Candidate { dir: DirId(dir), standing, capacity_bytes }
    }

    fn key(nth: u64) -> Key {
        Key { hash: Hash::of(&nth.to_le_bytes()), asset: AssetId(1) }
    }

    #[test]
    fn chunks_spread_by_capacity_and_a_new_directory_takes_only_its_share() {
        let well = |dir, capacity| candidate(dir, Standing::Well, capacity);
        let (two, three) = ([well(1, 100), well(2, 300)], [well(1, 100), well(2, 300), well(7, 400)]);
        let first = |candidates: &[Candidate], nth| candidates[order(&key(nth), candidates)[0]].dir;
        let chunks = 4_000;
        let (mut counts, mut moved) = ([0_u32; 8], 0);
        for nth in 0..chunks {
            let (before, after) = (first(&two, nth), first(&three, nth));
            counts[usize::try_from(before.0).expect("small")] += 1;
            assert!(after == before || after == DirId(7), "chunk {nth} went from {before} to {after}");
            moved += u32::from(after != before);
        }
        assert!((900..1_100).contains(&counts[1]), "a quarter: {counts:?}");
        assert!((1_850..2_150).contains(&moved), "half: {moved}");
    }

    #[test]
    fn what_cannot_take_the_chunk_comes_last_and_what_would_hang_at_the_very_end() {
        use Standing::{Full, Holds, Refuses, Slow, Well};
        let all: Vec<_> = [Slow, Refuses, Full, Well, Holds].into_iter().zip(1..).collect();
        let all: Vec<_> = all.into_iter().map(|(standing, dir)| candidate(dir, standing, 1 << dir)).collect();
        for nth in 0..50 {
            assert_eq!(order(&key(nth), &all), [4, 3, 2, 1, 0]);
        }
    }
}
