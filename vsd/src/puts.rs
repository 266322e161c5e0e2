//! PUTs of chunks to nodes: where each is reached, and how many there were.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use vs_client::chunk::{ChunkClient, ChunkError, Told};
use vs_core::{
    hash::ChunkHash,
    id::{AssetId, NodeId},
};

use crate::meta::Meta;

/// Sends chunks to nodes, for one kind of work that is counted together; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Puts {
    client: ChunkClient,
    meta: Meta,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    puts: AtomicU64,
    acks: AtomicU64,
    /// Copies and bytes that were written where they were not, by what that was for.
    moved: Mutex<BTreeMap<&'static str, (u64, u64)>>,
}

impl Puts {
    pub(crate) fn new(client: ChunkClient, meta: Meta) -> Self {
        Self { client, meta, counts: Arc::default() }
    }

    /// Writes a chunk to a node, on which it is durable when this returns.
    pub(crate) async fn put(
        &self,
        node: NodeId,
        asset: AssetId,
        hash: ChunkHash,
        bytes: Bytes,
        index: u64,
        deadline: Duration,
    ) -> Result<(), ChunkError> {
        let Some(addr) = self.addr(node) else {
            return Err(ChunkError::Node { addr: node.to_string(), why: "has no known address".to_owned() });
        };
        self.counts.puts.fetch_add(1, Relaxed);
        self.client.put(&addr, Told { node, index }, asset, hash, bytes, deadline).await?;
        self.counts.acks.fetch_add(1, Relaxed);
        Ok(())
    }

    /// A copy of so many bytes is where it was not, for this kind of work.
    pub(crate) fn moved(&self, kind: &'static str, bytes: u64) {
        let mut moved = self.counts.moved.lock().unwrap_or_else(PoisonError::into_inner);
        let (copies, sum) = moved.entry(kind).or_default();
        *copies += 1;
        *sum += bytes;
    }

    /// Where a node is reached.
    pub(crate) fn addr(&self, node: NodeId) -> Option<String> {
        let record = self.meta.stale().state.view().node(node).ok()??;
        Some(record.spec.addr)
    }

    /// The counts in Prometheus' text format, as those of `work`.
    pub(crate) fn metrics(&self, work: &str) -> String {
        let mut text = String::new();
        for (name, help, count) in [
            ("puts", "PUTs of chunks sent to nodes.", &self.counts.puts),
            ("acks", "Those that were answered as durable.", &self.counts.acks),
        ] {
            let (name, count) = (format!("vsd_{work}_{name}_total"), count.load(Relaxed));
            // writing to memory does not fail
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {count}");
        }
        let moved = self.counts.moved.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (name, help, of) in [
            ("copies", "Copies written where they were not.", (|moved: &(u64, u64)| moved.0) as fn(&(u64, u64)) -> u64),
            ("bytes", "Bytes of those copies.", |moved| moved.1),
        ] {
            if !moved.is_empty() {
                let _ = writeln!(text, "# HELP vsd_moved_{name}_total {help}\n# TYPE vsd_moved_{name}_total counter");
            }
            for (kind, sums) in &moved {
                let _ = writeln!(text, "vsd_moved_{name}_total{{kind=\"{kind}\"}} {}", of(sums));
            }
        }
        text
    }
}
