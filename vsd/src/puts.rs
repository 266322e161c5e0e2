//! PUTs of chunks to nodes: where each is reached, how it is, and which log index its sweep has to weigh (DESIGN §10).

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
use tokio::sync::watch;
use vs_client::chunk::{ChunkClient, ChunkError, Told};
use vs_core::{
    hash::ChunkHash,
    id::{AssetId, NodeId},
    layout::Layout,
};
use vs_wire::v1;
use vsd_core::{meta::index_in, plan::shift::FULL_PERCENT, upload::write::Known};

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

    /// How far this node has applied the log: below that the receiver's sweep decides nothing about what it is sent.
    pub(crate) fn index(&self) -> u64 {
        index_in(self.meta.incarnation(), *self.meta.watch_applied().borrow())
    }

    /// The newest layout that this node knows.
    pub(crate) fn current_layout(&self) -> Option<Arc<Layout>> {
        self.meta.layouts().current(&self.meta.stale().state.view()).ok()?
    }

    /// How the nodes are, now and whenever that is known anew.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<v1::ClusterState>> {
        self.meta.watch_cluster()
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

    fn addr(&self, node: NodeId) -> Option<String> {
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

/// How full disks are; 0 where that is not known.
pub(crate) fn used_percent(used_bytes: u64, total_bytes: u64) -> u64 {
    let percent = (u128::from(used_bytes) * 100).checked_div(total_bytes.into()).unwrap_or(0);
    u64::try_from(percent).unwrap_or(u64::MAX)
}

/// What the picture of the cluster says of a node: well, as long as nothing else is known.
pub(crate) fn known(picture: &v1::ClusterState, node: NodeId) -> Known {
    let Some(info) = picture.nodes.iter().find(|info| info.id == node.0) else { return Known::Up };
    match info.state.as_str() {
        "down" | "out" => Known::Down,
        // of those a new leader has not heard yet it is not known either
        "suspect" | "unknown" => Known::Suspect,
        _ if used_percent(info.disk_used_bytes, info.disk_total_bytes) >= FULL_PERCENT => Known::Full,
        _ => Known::Up,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_silent_or_has_no_room_is_known_as_that() {
        let node = |id, state: &str, disk_used_bytes| v1::NodeInfo {
            id,
            state: state.to_owned(),
            disk_used_bytes,
            disk_total_bytes: 1000,
            ..v1::NodeInfo::default()
        };
        let nodes = vec![
            node(1, "up", 949),
            node(2, "up", 950),
            node(3, "suspect", 990),
            node(4, "down", 0),
            node(5, "out", 0),
            v1::NodeInfo { disk_total_bytes: 0, ..node(6, "up", 0) },
            node(7, "unknown", 0),
        ];
        let picture = v1::ClusterState { nodes, ..v1::ClusterState::default() };
        let expected =
            [Known::Up, Known::Full, Known::Suspect, Known::Down, Known::Down, Known::Up, Known::Suspect, Known::Up];
        assert_eq!((1..=8).map(|id| known(&picture, NodeId(id))).collect::<Vec<_>>(), expected);
    }
}
