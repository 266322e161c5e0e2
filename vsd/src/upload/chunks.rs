//! Writes chunks to where the layout places them. A chunk is stored when its write quorum has said so.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{StreamExt, stream::FuturesUnordered};
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, timeout_at},
};
use vs_client::chunk::{ChunkClient, ChunkError};
use vs_core::{
    error::{Code, Failure},
    hash::Hash,
    id::{AssetId, NodeId},
    layout::{Layout, Scheme},
    manifest::ChunkRef,
};
use vs_wire::v1;
use vsd_core::meta::index_in;

use crate::meta::Meta;

/// Chunks of one upload on their way at the same time.
const IN_FLIGHT_MAX: usize = 4;
/// How long one PUT may take: longer than a disk that stalls for seconds.
const PUT_TIMEOUT: Duration = Duration::from_secs(30);
/// How much longer than its quorum a copy may take, on a node that is up and on one that has not been heard of.
const STRAGGLER_MAX: Duration = Duration::from_secs(10);
const SILENT_MAX: Duration = Duration::from_millis(500);
/// For how long a step is repeated that fails for a moment, and with what pauses.
const PATIENCE: Duration = Duration::from_secs(60);
const RETRY_MIN: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Repeats a step that may fail for a moment: starting a film anew because of one reset connection would be dear.
pub(crate) async fn patiently<T, F: Future<Output = Result<T, Failure>>>(step: impl Fn() -> F) -> Result<T, Failure> {
    let started = Instant::now();
    let mut wait = RETRY_MIN;
    loop {
        match step().await {
            Err(failure) if failure.code.retryable() && started.elapsed() < PATIENCE => {
                tracing::debug!(%failure, "a step of an upload is repeated");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(RETRY_MAX);
            }
            ended => return ended,
        }
    }
}

/// Writes the chunks of one asset; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct ChunkWriter {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: ChunkClient,
    asset: AssetId,
    layout: Layout,
    copies: usize,
    addrs: HashMap<NodeId, String>,
    in_flight: Semaphore,
    /// How far this node has applied the log of its incarnation: what the receiver's sweep must not decide below.
    applied: watch::Receiver<u64>,
    /// Which nodes are up.
    cluster: watch::Receiver<Arc<v1::ClusterState>>,
    incarnation: u64,
}

impl ChunkWriter {
    pub(crate) fn new(
        client: ChunkClient,
        asset: AssetId,
        layout: Layout,
        scheme: Scheme,
        addrs: HashMap<NodeId, String>,
        meta: &Meta,
    ) -> Self {
        let copies = match scheme {
            Scheme::Replicate(n) => n.into(),
            Scheme::Erasure { .. } => 1,
        };
        let in_flight = Semaphore::new(IN_FLIGHT_MAX);
        let (applied, incarnation, cluster) = (meta.watch_applied(), meta.incarnation(), meta.watch_cluster());
        let inner = Inner { client, asset, layout, copies, addrs, in_flight, applied, incarnation, cluster };
        Self { inner: Arc::new(inner) }
    }

    /// Copies that the layout has room for, and how many of them make a chunk stored.
    pub(crate) fn copies_and_quorum(&self) -> (usize, usize) {
        let copies = self.inner.copies.min(self.inner.layout.nodes.len());
        (copies, copies / 2 + 1)
    }

    /// Stores one chunk; returns once a quorum holds it durably.
    pub(crate) async fn put(&self, bytes: Bytes) -> Result<ChunkRef, Failure> {
        let _slot = self.inner.in_flight.acquire().await;
        let hash = Hash::of(&bytes);
        patiently(|| self.put_once(hash, &bytes)).await
    }

    async fn put_once(&self, hash: Hash, bytes: &Bytes) -> Result<ChunkRef, Failure> {
        let inner = &self.inner;
        let chunk = ChunkRef { hash, bytes: u32::try_from(bytes.len()).expect("a chunk is at most 2 MiB") };
        let index = index_in(inner.incarnation, *inner.applied.borrow());
        let (_, quorum) = self.copies_and_quorum();
        let places = inner.layout.place(&hash, inner.copies);
        let put = |node: NodeId| async move { (node, self.put_on(node, chunk, bytes, index).await) };
        let mut puts: FuturesUnordered<_> = places.iter().copied().map(put).collect();
        let (mut stored, mut refused, mut full) = (0, Vec::new(), false);
        let mut waited_for = places.clone();
        // Every place is awaited: one that failed must not go unnoticed, and none is left writing behind our back. Once
        // the chunk is stored, those that have fallen silent are not.
        let mut until = Instant::now() + PUT_TIMEOUT;
        while let Ok(Some((node, put))) = timeout_at(until, puts.next()).await {
            waited_for.retain(|other| *other != node);
            match put {
                Ok(()) => stored += 1,
                Err(error) => {
                    full |= matches!(error, ChunkError::Full { .. });
                    refused.push(error.to_string());
                }
            }
            if stored >= quorum {
                let patience = if self.are_up(&waited_for) { STRAGGLER_MAX } else { SILENT_MAX };
                until = until.min(Instant::now() + patience);
            }
        }
        if stored >= quorum {
            return Ok(chunk);
        }
        let code = if full { Code::NoSpace } else { Code::NoQuorum };
        let mut failure =
            Failure::new(code, format!("a chunk is on {stored} of {} nodes (need {quorum})", places.len()));
        failure.why = refused;
        Err(failure)
    }

    /// Whether none of these nodes is known to have fallen silent.
    fn are_up(&self, nodes: &[NodeId]) -> bool {
        let cluster = self.inner.cluster.borrow();
        let silent = |node: &NodeId| {
            cluster.nodes.iter().any(|info| info.id == node.0 && matches!(info.state.as_str(), "suspect" | "down"))
        };
        !nodes.iter().any(silent)
    }

    async fn put_on(&self, node: NodeId, chunk: ChunkRef, bytes: &Bytes, index: u64) -> Result<(), ChunkError> {
        let inner = &self.inner;
        let Some(addr) = inner.addrs.get(&node) else {
            return Err(ChunkError::Node { addr: node.to_string(), why: "has no known address".to_owned() });
        };
        inner.client.put(addr, inner.asset, chunk.hash, bytes.clone(), index, PUT_TIMEOUT).await.map(drop)
    }
}
