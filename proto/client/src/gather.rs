//! Members of a group from whoever has them: [`vs_core::read::gather`] over the network.

use std::time::Duration;

use bytes::Bytes;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};
use tracing::debug;
pub use vs_core::read::gather::Gathered;
use vs_core::{
    group::Group,
    hash::ChunkHash,
    id::{AssetId, NodeId},
    read::{
        Known,
        gather::{self, Get, GetError},
    },
};
use vs_wire::v1;

use crate::{
    Client,
    chunk::{ChunkClient, ChunkError},
};

/// How long a node may keep a reader waiting before the next is asked.
pub const STALL: Duration = Duration::from_secs(5);
/// Nodes told at a time to look at their copies. More bad copies than that are found by scrubbing, or the next reader.
const BLAMES_MAX: usize = 4;
/// How long telling one may take.
const BLAME_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads the members `want` of a group of an asset, as [`read::gather`](gather::gather) does. `addr_of` knows where nodes
/// are.
pub async fn gather(
    chunks: &ChunkClient,
    asset: AssetId,
    group: &Group,
    want: &[usize],
    known: &Known<'_>,
    addr_of: impl Fn(NodeId) -> Option<String> + Send + Sync,
) -> Gathered {
    gather::gather(&Network { chunks, addr_of }, asset, group, want, known).await
}

struct Network<'a, A> {
    chunks: &'a ChunkClient,
    addr_of: A,
}

impl<A: Fn(NodeId) -> Option<String> + Send + Sync> Get for Network<'_, A> {
    async fn get(&self, node: NodeId, asset: AssetId, chunk: ChunkHash) -> Result<Bytes, GetError> {
        let Some(addr) = (self.addr_of)(node) else {
            return Err(GetError::Silent(format!("{node}: not in the cluster any more")));
        };
        get(self.chunks, &addr, asset, chunk).await
    }

    fn blame(&self, node: NodeId, asset: AssetId, chunk: ChunkHash) {
        if let Some(addr) = (self.addr_of)(node) {
            blame(addr, asset, chunk);
        }
    }

    async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        spawn_blocking(work).await.ok()
    }
}

/// A chunk from who is at `addr`.
///
/// # Errors
/// When it does not give it.
pub async fn get(chunks: &ChunkClient, addr: &str, asset: AssetId, chunk: ChunkHash) -> Result<Bytes, GetError> {
    let got = chunks.get(addr, asset, chunk, STALL, |_, _| {}).await;
    got.map_err(|error| {
        debug!(%error, "asking elsewhere");
        let line = error.to_string();
        match error {
            ChunkError::Absent { .. } => GetError::Absent(line),
            ChunkError::Corrupt { .. } => GetError::Corrupt(line),
            ChunkError::Full { .. } | ChunkError::Node { .. } => GetError::Silent(line),
        }
    })
}

/// Makes a node check its copy of a chunk, and so list it as damaged. Nobody waits for it, and it may fail.
pub fn blame(addr: String, asset: AssetId, hash: ChunkHash) {
    static TELLING: Semaphore = Semaphore::const_new(BLAMES_MAX);
    let Ok(permit) = TELLING.try_acquire() else { return };
    tokio::spawn(async move {
        let _permit = permit;
        let tell = async {
            let client = Client::connect(std::slice::from_ref(&addr), BLAME_TIMEOUT).await.ok()?;
            let chunk = v1::ChunkName { asset: asset.0, hash: hash.0.to_vec() };
            let request = v1::VerifyChunksRequest { chunks: vec![chunk] };
            let mut checked = client.admin().verify_chunks(request).await.ok()?.into_inner();
            checked.message().await.ok()?
        };
        let checked = timeout(BLAME_TIMEOUT, tell).await.ok().flatten();
        debug!(addr, %hash, state = ?checked.map(|chunk| chunk.state()), "a bad copy");
    });
}
