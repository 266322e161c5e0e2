//! A [`GroupRead`] carried out: members of a group from whoever has them, over whatever carries the questions.
//!
//! Invariants:
//! - Every member given back hashes to its name, whether it was fetched or computed (INT-1).
//! - Computing members holds up none of those who share the thread.
//! - A node that gave a bad copy is told to look at it, without anybody waiting for that.

use bytes::Bytes;
use futures::{StreamExt, stream::FuturesUnordered};

use super::{Answer, Ask, GroupRead, Known, Step};
use crate::{
    error::{Code, Failure},
    group::Group,
    hash::ChunkHash,
    id::{AssetId, NodeId},
};

/// Why a node did not give a chunk, split by what the reader does next, with a line for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GetError {
    /// It has no such chunk: ask the next.
    #[error("{0}")]
    Absent(String),
    /// Its copy is bad: have it look at that, and ask the next.
    #[error("{0}")]
    Corrupt(String),
    /// It cannot be reached, is slow, or answers nonsense: ask the next, and this one later than others.
    #[error("{0}")]
    Silent(String),
}

/// What reading needs of the world.
pub trait Get: Send + Sync {
    /// A chunk of an asset from a node. Bytes that do not hash to its name are [`GetError::Corrupt`].
    fn get(
        &self,
        node: NodeId,
        asset: AssetId,
        chunk: ChunkHash,
    ) -> impl Future<Output = Result<Bytes, GetError>> + Send;

    /// Makes the node check its copy of a chunk, and so list it as damaged. Nobody waits for it, and it may fail.
    fn blame(&self, node: NodeId, asset: AssetId, chunk: ChunkHash);

    /// Does what takes long (hashing, coding) where it holds up nobody; none when it did not end.
    fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Option<T>> + Send;
}

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

/// Reads the members `want` of a group of an asset.
///
/// The failure is `Integrity` when somebody held a bad copy, or nobody any; `Unreachable` when somebody who did not
/// answer might have one. It has a line for each node asked.
pub async fn gather(from: &impl Get, asset: AssetId, group: &Group, want: &[usize], known: &Known<'_>) -> Gathered {
    let mut read = GroupRead::new(group, want, known);
    let mut members: Vec<Option<Bytes>> = vec![None; group.members.len()];
    let mut silent = Vec::new();
    let mut refused = Vec::new();
    let mut flying = FuturesUnordered::new();
    let fetch = |ask: Ask| {
        let hash = group.members[ask.member].hash;
        async move { (ask, from.get(ask.node, asset, hash).await) }
    };
    let is_complete = loop {
        match read.step() {
            Step::Ask(asks) => flying.extend(asks.into_iter().map(fetch)),
            Step::Read => break true,
            Step::Rebuild => match fill(from, group, want, &members).await {
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
                match &error {
                    GetError::Corrupt(_) => from.blame(ask.node, asset, group.members[ask.member].hash),
                    GetError::Absent(_) => {}
                    GetError::Silent(_) => silent.push(ask.node),
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

fn answer(outcome: &Result<Bytes, GetError>) -> Answer {
    match outcome {
        Ok(_) => Answer::Got,
        Err(GetError::Absent(_)) => Answer::Absent,
        Err(GetError::Corrupt(_)) => Answer::Corrupt,
        Err(GetError::Silent(_)) => Answer::Failed,
    }
}

/// The members with those that are wanted and missing; none when the group does not give them. Megabytes are multiplied
/// and hashed for that: not on a thread that others wait for.
async fn fill(from: &impl Get, group: &Group, want: &[usize], members: &[Option<Bytes>]) -> Option<Vec<Option<Bytes>>> {
    let missing: Vec<_> = want.iter().copied().filter(|member| members[*member].is_none()).collect();
    let (group, mut members) = (group.clone(), members.to_vec());
    let compute = move || {
        let rebuilt = group.rebuild(&members, &missing).ok()?;
        missing.into_iter().zip(rebuilt).for_each(|(member, bytes)| members[member] = Some(bytes.into()));
        Some(members)
    };
    from.compute(compute).await.flatten()
}
