//! The types that openraft works with here.

use openraft::{AnyError, BasicNode, ErrorSubject, ErrorVerb, StorageIOError};
use vs_core::id::NodeId;
use vsd_core::meta::{Entry, LeaderTerm, Response};

/// A node's number within the consensus: that of its [`NodeId`](vs_core::id::NodeId).
pub(super) type RaftId = u64;

openraft::declare_raft_types!(
    /// Commands in, responses out, snapshots as files.
    pub(super) TypeConfig:
        D = Entry,
        R = Response,
        NodeId = RaftId,
        Node = BasicNode,
        SnapshotData = tokio::fs::File,
);

pub(super) type LogEntry = openraft::Entry<TypeConfig>;
pub(super) type LogId = openraft::LogId<RaftId>;
pub(super) type Membership = openraft::StoredMembership<RaftId, BasicNode>;
pub(super) type SnapshotMeta = openraft::SnapshotMeta<RaftId, BasicNode>;
pub(super) type Snapshot = openraft::Snapshot<TypeConfig>;
pub(super) type StorageError = openraft::StorageError<RaftId>;
pub(super) type Raft = openraft::Raft<TypeConfig>;
pub(super) type Vote = openraft::Vote<RaftId>;

/// Whose entry it is.
pub(super) fn leader_term(id: &LogId) -> LeaderTerm {
    LeaderTerm::new(id.leader_id.term, NodeId(id.leader_id.node_id))
}

/// Stops the consensus of this node: what it keeps can no longer be relied on.
pub(super) fn broken(
    subject: ErrorSubject<RaftId>,
    verb: ErrorVerb,
    why: impl std::error::Error + 'static,
) -> StorageError {
    StorageIOError::new(subject, verb, AnyError::new(&why)).into()
}
