//! What the background, and whoever stores chunks, needs of the world: the one trait between their decisions and whatever
//! carries them out.
//!
//! `vsd` implements it over the metadata, the network and tokio; the simulator over its own log, network and clock. Whoever
//! implements it decides nothing: no retries, no order, no choice of node, no memory of what was asked before.
//!
//! Invariants that an implementation keeps:
//! - A state is one consistent picture and does not change; that of [`read`](Shell::read) holds everything that was
//!   acknowledged before the call.
//! - An answer tells how it was: [`Held::Stored`] of a deep question was read and hashed after the question came, `Ok` of
//!   [`put`](Shell::put) is durable. What is not known is [`Held::Unknown`], or an error, never a guess.
//! - Every call but [`sleep`](Shell::sleep) ends by itself, within a time of the implementation's.
//! - Any future may be dropped at any time. What it asked for may then have happened or not, or happen later.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
pub use vs_core::read::gather::{Get, GetError};
use vs_core::{
    error::{Code, Failure},
    hash::ChunkHash,
    id::{AssetId, NodeId},
};

use super::{note::Note, picture::Picture};
use crate::{
    meta::{Command, LayoutCache, LeaderTerm, Response, TableError, View},
    plan::{repair::Held, weights::Lack},
};

/// The metadata at one moment. It may be kept for a while; what it shows does not change.
pub trait State: Send + Sync {
    fn view(&self) -> View<'_>;

    /// The index of the last entry in it.
    ///
    /// # Errors
    /// When the tables cannot be read.
    fn applied(&self) -> Result<u64, TableError>;
}

/// Why a proposal or a read has no answer. A proposal may have been applied all the same, or may be later.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub Failure);

impl From<TableError> for Unavailable {
    fn from(error: TableError) -> Self {
        Self(Failure::new(Code::Internal, error.to_string()))
    }
}

impl From<Unavailable> for Failure {
    fn from(Unavailable(failure): Unavailable) -> Self {
        failure
    }
}

/// A question to one node about chunks of one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    pub node: NodeId,
    pub asset: AssetId,
    /// Up to where the asker knows the log: the node's sweep heeds it. With 0 the answer counts toward nothing.
    pub index: u64,
    /// The bytes are to be read and checked, too.
    pub deep: bool,
}

/// Why a chunk is not known to be durable on a node, split by what the sender does next, with a line for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PutError {
    /// The node is full: it is not sent anything for a while.
    #[error("{0}")]
    Full(String),
    /// It cannot be reached, is slow, or refused. It may have the chunk all the same.
    #[error("{0}")]
    Node(String),
}

/// The world of one node.
pub trait Shell: Get {
    type State: State;

    /// Who this is.
    fn node(&self) -> NodeId;

    /// Time that goes on by itself and never back, from wherever.
    fn now(&self) -> Duration;

    /// The time of day in milliseconds since 1970, for display alone.
    fn wall_ms(&self) -> u64;

    fn sleep(&self, wait: Duration) -> impl Future<Output = ()> + Send;

    /// How the cluster is, as far as this node knows now.
    fn picture(&self) -> Arc<Picture>;

    /// The term in which this node leads, if it does.
    fn reign(&self) -> Option<LeaderTerm>;

    /// The incarnation of the cluster that this node is in.
    fn incarnation(&self) -> u64;

    /// Layouts of this cluster that were decoded.
    fn layouts(&self) -> &LayoutCache;

    /// The state, with everything that was acknowledged before this call.
    fn read(&self) -> impl Future<Output = Result<Self::State, Unavailable>> + Send;

    /// The state as this node has it.
    fn stale(&self) -> Self::State;

    /// Applies a command, or answers why not ([`Response::accepted`]).
    fn propose(&self, command: Command) -> impl Future<Output = Result<Response, Unavailable>> + Send;

    /// What the node has of these chunks: an answer for each, [`Held::Unknown`] for what it did not tell.
    fn held(&self, question: Question, chunks: &[ChunkHash]) -> impl Future<Output = Vec<Held>> + Send;

    /// Writes a chunk to a node, on which it is durable when this returns `Ok`. `index` is up to where the log is known
    /// that made it wanted there: the node's sweep heeds it.
    fn put(
        &self,
        node: NodeId,
        asset: AssetId,
        chunk: ChunkHash,
        bytes: Bytes,
        index: u64,
        within: Duration,
    ) -> impl Future<Output = Result<(), PutError>> + Send;

    /// What is placed on nodes that have no room for it, as it is now: the layout's weights follow
    /// ([`by_fullness`](crate::plan::weights::by_fullness)).
    fn lacks(&self, lacks: BTreeMap<NodeId, Lack>);

    /// Something happened that people, counters or a trace hear of. Nothing depends on it.
    fn note(&self, note: Note<'_>);
}
