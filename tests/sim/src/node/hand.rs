//! The node as the background has it: shared with everything else that runs in its process.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use vs_core::{
    hash::ChunkHash,
    id::{AssetId, NodeId},
};
use vsd_core::{
    background::{Get, GetError, Note, Picture, PutError, Question, Shell, Unavailable},
    meta::{Command, LayoutCache, LeaderTerm, Response},
    plan::{repair::Held, weights::Standstill},
};

use super::Node;
use crate::replica::Snapshot;

#[derive(Clone, Debug)]
pub(super) struct Hand(pub(super) Arc<Node>);

impl Get for Hand {
    async fn get(&self, node: NodeId, asset: AssetId, chunk: ChunkHash) -> Result<Bytes, GetError> {
        self.0.get(node, asset, chunk).await
    }

    fn blame(&self, node: NodeId, asset: AssetId, chunk: ChunkHash) {
        self.0.blame(node, asset, chunk);
    }

    async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        self.0.compute(work).await
    }
}

impl Shell for Hand {
    type State = Snapshot;

    fn node(&self) -> NodeId {
        self.0.node()
    }

    fn now(&self) -> Duration {
        self.0.now()
    }

    fn wall_ms(&self) -> u64 {
        self.0.wall_ms()
    }

    async fn sleep(&self, wait: Duration) {
        self.0.sleep(wait).await;
    }

    fn picture(&self) -> Arc<Picture> {
        self.0.picture()
    }

    fn reign(&self) -> Option<LeaderTerm> {
        self.0.reign()
    }

    fn incarnation(&self) -> u64 {
        self.0.incarnation()
    }

    fn layouts(&self) -> &LayoutCache {
        self.0.layouts()
    }

    async fn read(&self) -> Result<Snapshot, Unavailable> {
        self.0.read().await
    }

    fn stale(&self) -> Snapshot {
        self.0.stale()
    }

    async fn propose(&self, command: Command) -> Result<Response, Unavailable> {
        self.0.propose(command).await
    }

    async fn held(&self, question: Question, chunks: &[ChunkHash]) -> Vec<Held> {
        self.0.held(question, chunks).await
    }

    async fn put(
        &self,
        node: NodeId,
        asset: AssetId,
        chunk: ChunkHash,
        bytes: Bytes,
        index: u64,
        within: Duration,
    ) -> Result<(), PutError> {
        self.0.put(node, asset, chunk, bytes, index, within).await
    }

    fn stands_still(&self, found: Standstill) {
        self.0.stands_still(found);
    }

    fn note(&self, note: Note<'_>) {
        self.0.note(note);
    }
}
