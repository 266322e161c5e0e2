//! Mistakes that would cost somebody their data, planted on request: the model is worth something because it finds each of
//! them. [`planted`] is constantly false in what is shipped.

#[cfg(any(test, feature = "sim"))]
use vs_core::mutant::{self, Mutant};

/// What is done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bug {
    /// Changes are answered without any fsync.
    AckBeforeSync,
    /// Readers see a group, and a failed fsync does not withdraw it.
    PublishBeforeSync,
    /// The second of two equal PUTs in a group does not wait for the fsync of the first.
    DuplicateBeforeSync,
    /// The fsync is tried again, and then seems to succeed.
    FsyncRetried,
    /// The directory is not synced after a superblock was made.
    NameNotSynced,
    /// The directory is not synced after a superblock was removed.
    RemovalNotSynced,
    /// Blocks are given back before the tombstone is synced.
    PunchBeforeSync,
    /// Compaction takes no tombstone along.
    TombstoneDropped,
    /// A tombstone gets a new sequence when it is moved.
    TombstoneResequenced,
    /// A chunk gets a new sequence when it is moved.
    ChunkResequenced,
    /// Moves are not synced before the superblock goes that they were moved out of.
    OldRemovedBeforeSync,
    /// A chunk is moved though it was deleted or written anew since it was read.
    OutdatedMoved,
    /// A superblock goes though chunks in it are live.
    LiveNotCounted,
    /// The entries of a footer are believed without their CRC.
    FooterWithoutCrc,
    /// A scan ends at the first block that is no record.
    ScanStopsAtBad,
    /// Of two copies of a record that in the older superblock is taken.
    OlderCopyWins,
    /// Recovery puts the footer where the last sound record ends.
    TailWrittenOver,
    /// Recovery serves what may only be in the page cache.
    TailNotSynced,
    /// A copy answers a PUT although a tombstone of a failed delete may hide it later.
    DoubtForgotten,
    /// Bytes are served without a look at their CRC.
    ReadWithoutCrc,
    /// The reserve for deletes is never allocated.
    ReserveIgnored,
}

#[cfg(not(any(test, feature = "sim")))]
pub(super) const fn planted(_: Bug) -> bool {
    false
}

#[cfg(any(test, feature = "sim"))]
thread_local! {
    static PLANTED: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// Whether engines on this thread have the bug.
#[cfg(any(test, feature = "sim"))]
pub(super) fn planted(bug: Bug) -> bool {
    let mutant = match bug {
        Bug::DuplicateBeforeSync => Some(Mutant::DuplicateAckedEarly),
        Bug::ReadWithoutCrc => Some(Mutant::BadChecksumTrusted),
        Bug::TombstoneResequenced => Some(Mutant::TombstoneResequenced),
        _ => None,
    };
    PLANTED.get() == Some(bug) || mutant.is_some_and(mutant::planted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::superblock::model;

    /// Cases within which each must be found.
    const CASES_MAX: u64 = 2_000;
    const ALL: &[Bug] = &[
        Bug::AckBeforeSync,
        Bug::PublishBeforeSync,
        Bug::DuplicateBeforeSync,
        Bug::FsyncRetried,
        Bug::NameNotSynced,
        Bug::RemovalNotSynced,
        Bug::PunchBeforeSync,
        Bug::TombstoneDropped,
        Bug::TombstoneResequenced,
        Bug::ChunkResequenced,
        Bug::OldRemovedBeforeSync,
        Bug::OutdatedMoved,
        Bug::LiveNotCounted,
        Bug::FooterWithoutCrc,
        Bug::ScanStopsAtBad,
        Bug::OlderCopyWins,
        Bug::TailWrittenOver,
        Bug::TailNotSynced,
        Bug::DoubtForgotten,
        Bug::ReadWithoutCrc,
        Bug::ReserveIgnored,
    ];

    /// The number of the first case that finds the bug, from 1, and what it says.
    fn found(bug: Bug) -> Option<(u64, String)> {
        PLANTED.set(Some(bug));
        let found = (0..CASES_MAX).find_map(|seed| Some((seed + 1, model::run(seed, false).err()?.why)));
        PLANTED.set(None);
        found
    }

    /// With `--nocapture` it says how many cases each takes.
    #[test]
    fn the_model_finds_every_planted_bug() {
        let mut missed = Vec::new();
        for &bug in ALL {
            match found(bug) {
                Some((cases, why)) => eprintln!("{cases:>5}  {:<22} {why}", format!("{bug:?}")),
                None => missed.push(bug),
            }
        }
        assert!(missed.is_empty(), "not found within {CASES_MAX} cases: {missed:?}");
    }
}
