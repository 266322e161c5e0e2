//! Mistakes that would cost somebody their films, planted on request: the simulator is worth something because it catches
//! each of them. Without the feature `mutants`, which only the simulator's own command enables, [`planted`] is constantly
//! false and nothing can be planted.

/// What is done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// A group counts as stored before any of it is written.
    CommitBeforeWrite,
    /// One member fewer than a quorum is taken for one.
    QuorumMiscounted,
    /// An asset is said to be placed by an epoch before what is there was verified: old copies go.
    OldDroppedBeforeNewVerified,
    /// Layouts are forgotten although assets are placed by them.
    EpochForgottenTooEarly,
    /// The sweep drops what somebody asked for who knew more.
    SweepIgnoresIndex,
    /// The sweep drops what a pending version counts on.
    SweepIgnoresPending,
    /// An asset is placed by another epoch while a version of it is pending.
    PlacedWhilePending,
    /// A version becomes current when a quorum of its members is written.
    VersionCommittedAtQuorum,
    /// A node stands in for several members of a group.
    TwoMembersOnOneStandIn,
    /// Copies of a dead asset are kept, so that a delayed PUT stays for ever.
    DeadAssetKept,
    /// A leader that was replaced, and wakes up, goes on.
    OldExecutorResumed,
    /// Content goes with the first of the videos that show it.
    SharedAssetPurged,
    /// It is not written down where members are that are not in their places.
    StandInNotRecorded,
    /// Readers look where the newest layout says and nowhere else.
    OldEpochNotRead,
    /// The id of a node that was removed is given to the next.
    NodeIdReused,
    /// The second of two equal PUTs does not wait for the fsync of the first.
    DuplicateAckedEarly,
    /// Cluster time follows the leader's wall clock.
    WallClockBelieved,
    /// A member that is owed, and is named so again by the next attempt, counts as paid.
    OwedPaidTwice,
    /// A node serves bytes, and says they are good, without a look at their checksum.
    BadChecksumTrusted,
    /// A tombstone that is moved hides what was written after it.
    TombstoneResequenced,
    /// A session that its client closed is opened again by what was delayed.
    SessionReopened,
    /// Where fewer places are left than there were, nobody reads what they have.
    LeftPlacesUnread,
}

impl Mutant {
    pub const ALL: &[Self] = &[
        Self::CommitBeforeWrite,
        Self::QuorumMiscounted,
        Self::OldDroppedBeforeNewVerified,
        Self::EpochForgottenTooEarly,
        Self::SweepIgnoresIndex,
        Self::SweepIgnoresPending,
        Self::PlacedWhilePending,
        Self::VersionCommittedAtQuorum,
        Self::TwoMembersOnOneStandIn,
        Self::DeadAssetKept,
        Self::OldExecutorResumed,
        Self::SharedAssetPurged,
        Self::StandInNotRecorded,
        Self::OldEpochNotRead,
        Self::NodeIdReused,
        Self::DuplicateAckedEarly,
        Self::WallClockBelieved,
        Self::OwedPaidTwice,
        Self::BadChecksumTrusted,
        Self::TombstoneResequenced,
        Self::SessionReopened,
        Self::LeftPlacesUnread,
    ];
}

#[cfg(not(feature = "mutants"))]
#[must_use]
pub const fn planted(_: Mutant) -> bool {
    false
}

/// Whether mistakes can be planted in what was built.
pub const CAN_PLANT: bool = cfg!(feature = "mutants");

/// Nothing can be planted here.
#[cfg(not(feature = "mutants"))]
pub const fn plant(_: Option<Mutant>) {}

#[cfg(feature = "mutants")]
thread_local! {
    static PLANTED: std::cell::Cell<Option<Mutant>> = const { std::cell::Cell::new(None) };
}

/// Whether what runs on this thread does it wrong.
#[cfg(feature = "mutants")]
#[must_use]
pub fn planted(mutant: Mutant) -> bool {
    PLANTED.get() == Some(mutant)
}

/// From now on what runs on this thread does this wrong, and nothing else.
#[cfg(feature = "mutants")]
pub fn plant(mutant: Option<Mutant>) {
    PLANTED.set(mutant);
}
