//! The world that decisions are carried out in, as it is: this node's metadata, the other nodes, and tokio.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use vs_client::{
    chunk::{ChunkClient, ChunkError},
    gather,
};
use vs_core::{
    error::Failure,
    hash::ChunkHash,
    id::{AssetId, NodeId},
};
use vsd_core::{
    background::{Get, GetError, Note, Picture, PutError, Question, Shell, State, Unavailable},
    meta::{Command, LayoutCache, LeaderTerm, Response, TableError, View},
    plan::{repair::Held, weights::Lack},
};

use crate::{
    holdings::Nodes,
    meta::{Meta, MetaError, StateRead},
    puts::Puts,
    run::wall_ms,
};

/// For one kind of work that is counted together: whatever is put is counted by these [`Puts`].
#[derive(Debug)]
pub(crate) struct Daemon {
    meta: Meta,
    chunks: ChunkClient,
    puts: Puts,
    nodes: Nodes,
    began: Instant,
}

impl Daemon {
    pub(crate) fn new(meta: Meta, chunks: ChunkClient, puts: Puts) -> Self {
        Self { meta, chunks, puts, nodes: Nodes::default(), began: Instant::now() }
    }
}

impl State for StateRead {
    fn view(&self) -> View<'_> {
        Self::view(self)
    }

    fn applied(&self) -> Result<u64, TableError> {
        Self::applied(self)
    }
}

impl From<MetaError> for Unavailable {
    fn from(error: MetaError) -> Self {
        Self(Failure::from(error))
    }
}

impl Get for Daemon {
    async fn get(&self, node: NodeId, asset: AssetId, chunk: ChunkHash) -> Result<Bytes, GetError> {
        match self.puts.addr(node) {
            Some(addr) => gather::get(&self.chunks, &addr, asset, chunk).await,
            None => Err(GetError::Silent(format!("{node}: not in the cluster any more"))),
        }
    }

    fn blame(&self, node: NodeId, asset: AssetId, chunk: ChunkHash) {
        if let Some(addr) = self.puts.addr(node) {
            gather::blame(addr, asset, chunk);
        }
    }

    async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        tokio::task::spawn_blocking(work).await.ok()
    }
}

impl Shell for Daemon {
    type State = StateRead;

    fn node(&self) -> NodeId {
        self.meta.node()
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn wall_ms(&self) -> u64 {
        wall_ms()
    }

    async fn sleep(&self, wait: Duration) {
        tokio::time::sleep(wait).await;
    }

    fn picture(&self) -> Arc<Picture> {
        Arc::new(self.meta.picture())
    }

    fn reign(&self) -> Option<LeaderTerm> {
        self.meta.reign()
    }

    fn incarnation(&self) -> u64 {
        self.meta.incarnation()
    }

    fn layouts(&self) -> &LayoutCache {
        self.meta.layouts()
    }

    async fn read(&self) -> Result<StateRead, Unavailable> {
        Ok(self.meta.read().await?)
    }

    fn stale(&self) -> StateRead {
        self.meta.stale().state
    }

    async fn propose(&self, command: Command) -> Result<Response, Unavailable> {
        Ok(self.meta.propose(command).await?)
    }

    async fn held(&self, question: Question, chunks: &[ChunkHash]) -> Vec<Held> {
        match self.puts.addr(question.node) {
            Some(addr) => self.nodes.held(question, &addr, chunks).await,
            None => vec![Held::Unknown; chunks.len()],
        }
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
        let put = self.puts.put(node, asset, chunk, bytes, index, within).await;
        put.map_err(|error| match error {
            ChunkError::Full { .. } => PutError::Full(error.to_string()),
            ChunkError::Absent { .. } | ChunkError::Corrupt { .. } | ChunkError::Node { .. } => {
                PutError::Node(error.to_string())
            }
        })
    }

    fn lacks(&self, lacks: BTreeMap<NodeId, Lack>) {
        self.meta.tell_lacks(lacks);
    }

    fn note(&self, note: Note<'_>) {
        match note {
            Note::Copied { purpose, bytes, .. } => self.puts.moved(purpose.as_str(), bytes.into()),
            Note::TaskFailed { asset, failure } => tracing::debug!(%asset, %failure, "a repair has to wait"),
            Note::PassFailed(error) => tracing::debug!(%error, "the copies were not looked through"),
            Note::Placed { asset, epoch } => tracing::info!(%asset, %epoch, "every copy is in its place"),
            Note::NotPlaced { asset, refused } => tracing::debug!(%asset, %refused, "not placed"),
            Note::Damaged(asset) => tracing::error!(%asset, "chunks of it cannot be had from anybody"),
            Note::Mended(asset) => tracing::info!(%asset, "all of it can be read again"),
            Note::DamageRefused { asset, refused } => {
                tracing::debug!(%asset, %refused, "its damage is not recorded");
            }
            Note::JobRefused(refused) => tracing::debug!(%refused, "a job is not recorded"),
            Note::Migrated { asset, scheme } => tracing::info!(%asset, %scheme, "kept by another scheme"),
            Note::MigrationFailed(failure) => tracing::warn!(%failure, "a film keeps its scheme for now"),
            Note::MigrationUnavailable(error) => tracing::debug!(%error, "schemes were not looked at"),
            Note::StepRefused { job, refused } => tracing::debug!(%job, %refused, "a step of a job is not taken"),
            Note::StepsFailed(error) => tracing::debug!(%error, "the jobs of nodes do not go on now"),
            Note::UploadStepFailed(failure) => tracing::debug!(%failure, "a step of an upload is repeated"),
        }
    }
}
