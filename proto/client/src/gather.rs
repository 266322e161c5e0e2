//! Members of a group from whoever has them: the read plan of [`vs_core::read`], carried out over the network.
//!
//! Invariants:
//! - Every member given back hashes to its name, whether it was fetched or computed (INT-1).
//! - Computing members holds up none of those who share the thread.
//! - A node that gave a bad copy is told to look at it, without anybody waiting for that.

use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream::FuturesUnordered};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};
use tracing::debug;
use vs_core::{
    error::{Code, Failure},
    group::Group,
    hash::ChunkHash,
    id::{AssetId, NodeId},
    read::{Answer, Ask, GroupRead, Known, Step},
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

/// What came of reading a group.
#[derive(Debug)]
pub struct Gathered {
    /// The wanted members, in the order they were wanted.
    pub members: Result<Vec<Bytes>, Failure>,
    /// Who gave a bad copy of what.
    pub blamed: Vec<Ask>,
    /// Who did not answer.
    pub silent: Vec<NodeId>,
}

/// Reads the members `want` of a group of an asset. `addr_of` knows where nodes are.
///
/// The failure is `Integrity` when somebody held a bad copy, or nobody any; `Unreachable` when somebody who did not
/// answer might have one. It has a line for each node asked.
pub async fn gather(
    chunks: &ChunkClient,
    asset: AssetId,
    group: &Group,
    want: &[usize],
    known: &Known<'_>,
    addr_of: impl Fn(NodeId) -> Option<String>,
) -> Gathered {
    let mut read = GroupRead::new(group, want, known);
    let mut members: Vec<Option<Bytes>> = vec![None; group.members.len()];
    let mut silent = Vec::new();
    let mut refused = Vec::new();
    let mut flying = FuturesUnordered::new();
    let fetch = |ask: Ask| {
        let (addr, hash) = (addr_of(ask.node), group.members[ask.member].hash);
        async move { (ask, fetch(chunks, addr, ask.node, asset, hash).await) }
    };
    let is_complete = loop {
        match read.step() {
            Step::Ask(asks) => flying.extend(asks.into_iter().map(fetch)),
            Step::Read => break true,
            Step::Rebuild => match fill(group, want, &members).await {
                Some(filled) => {
                    members = filled;
                    break true;
                }
                None => read.distrust(),
            },
            Step::Lost => break false,
        }
        let Some((ask, outcome)) = flying.next().await else { continue };
        read.answer(ask, answer(&outcome));
        match outcome {
            Ok(bytes) => read.same(ask.member).for_each(|member| members[member] = Some(bytes.clone())),
            Err(error) => {
                debug!(%error, "asking elsewhere");
                match &error {
                    ChunkError::Corrupt { addr, hash } => blame(addr.clone(), asset, *hash),
                    ChunkError::Absent { .. } => {}
                    ChunkError::Full { .. } | ChunkError::Node { .. } => silent.push(ask.node),
                }
                refused.push(error.to_string());
            }
        }
    };
    let given: Option<Vec<_>> = want.iter().map(|member| members[*member].clone()).collect();
    let blamed = read.blamed().to_vec();
    let members = given.filter(|_| is_complete).ok_or_else(|| {
        let code = if blamed.is_empty() && !silent.is_empty() { Code::Unreachable } else { Code::Integrity };
        let lost = want.iter().find(|member| members[**member].is_none()).map(|member| &group.members[*member]);
        let name = lost.map(|chunk| chunk.hash.short()).unwrap_or_default();
        Failure { why: refused, ..Failure::new(code, format!("chunk {name} cannot be had intact")) }
    });
    Gathered { members, blamed, silent }
}

async fn fetch(
    chunks: &ChunkClient,
    addr: Option<String>,
    node: NodeId,
    asset: AssetId,
    hash: ChunkHash,
) -> Result<Bytes, ChunkError> {
    let Some(addr) = addr else {
        return Err(ChunkError::Node { addr: node.to_string(), why: "not in the cluster any more".to_owned() });
    };
    chunks.get(&addr, asset, hash, STALL, |_, _| {}).await
}

fn answer(outcome: &Result<Bytes, ChunkError>) -> Answer {
    match outcome {
        Ok(_) => Answer::Got,
        Err(ChunkError::Absent { .. }) => Answer::Absent,
        Err(ChunkError::Corrupt { .. }) => Answer::Corrupt,
        Err(ChunkError::Full { .. } | ChunkError::Node { .. }) => Answer::Failed,
    }
}

/// The members with those that are wanted and missing; none when the group does not give them. Megabytes are multiplied
/// and hashed for that: not on a thread that others wait for.
async fn fill(group: &Group, want: &[usize], members: &[Option<Bytes>]) -> Option<Vec<Option<Bytes>>> {
    let missing: Vec<_> = want.iter().copied().filter(|member| members[*member].is_none()).collect();
    let (group, mut members) = (group.clone(), members.to_vec());
    let compute = move || {
        let rebuilt = group.rebuild(&members, &missing).ok()?;
        missing.into_iter().zip(rebuilt).for_each(|(member, bytes)| members[member] = Some(bytes.into()));
        Some(members)
    };
    spawn_blocking(compute).await.ok().flatten()
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
