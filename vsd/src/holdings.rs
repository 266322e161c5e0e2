//! Which node holds which chunks, as the nodes say when asked.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures::{FutureExt, future::join_all};
use tokio::time::timeout;
use vs_client::Client;
use vs_core::{
    group::Group,
    hash::ChunkHash,
    id::{AssetId, NodeId},
    limit::PAGE_ITEMS_MAX,
    manifest::Displaced,
};
use vs_wire::{Checked, v1};
use vsd_core::{
    meta::{TableError, View},
    plan::repair::Held,
};

/// How long a node may take to accept a connection, and to look into its index when nobody waits for it.
const CONNECT_DEADLINE: Duration = Duration::from_secs(2);
const LOOK_DEADLINE: Duration = Duration::from_secs(5);
/// How long it may take to read and hash one chunk, on a disk that others use too.
const READ_DEADLINE: Duration = Duration::from_secs(2);
/// For how long a node is left alone that did not answer.
const AWAY: Duration = Duration::from_secs(3);
/// Chunks looked up, and chunks read, in one call.
const LOOKED_UP_MAX: usize = 4_096;
const READ_MAX: usize = 32;

/// Connections to nodes, kept open; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Nodes {
    known: Arc<Mutex<HashMap<String, Known>>>,
    look_deadline: Duration,
}

impl Default for Nodes {
    fn default() -> Self {
        Self::answering_within(LOOK_DEADLINE)
    }
}

#[derive(Clone, Debug)]
enum Known {
    Connected(Client),
    /// It did not answer, and is not asked again for a while: a pass asks it once a part.
    Away(Instant),
}

/// A question to one node about chunks of one asset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    /// Another node may have its address by now.
    pub(crate) node: NodeId,
    pub(crate) addr: &'a str,
    pub(crate) asset: AssetId,
    /// Up to where the asker knows the log: the node's sweep heeds it. With 0 the answer counts toward nothing.
    pub(crate) index: u64,
    /// The bytes are to be read and checked, too.
    pub(crate) deep: bool,
}

impl Nodes {
    /// Nodes that are to look into their index as fast as that.
    pub(crate) fn answering_within(look_deadline: Duration) -> Self {
        Self { known: Arc::default(), look_deadline }
    }

    /// What the node has of these. [`Held::Unknown`] for all that it did not tell.
    pub(crate) async fn held(&self, question: Question<'_>, hashes: &[ChunkHash]) -> Vec<Held> {
        let at_a_time = if question.deep { READ_MAX } else { LOOKED_UP_MAX };
        let mut held = Vec::with_capacity(hashes.len());
        for some in hashes.chunks(at_a_time) {
            match self.ask(question, some).await {
                Ok(states) if states.len() == some.len() => {
                    held.extend(states.iter().map(|state| held_of((*state).into())))
                }
                Ok(_) => held.extend(some.iter().map(|_| Held::Unknown)),
                Err(why) => {
                    tracing::debug!(addr = question.addr, why, "a node does not say what it has");
                    self.gives_no_answer(question.addr);
                    held.resize(hashes.len(), Held::Unknown);
                    break;
                }
            }
        }
        held
    }

    async fn ask(&self, question: Question<'_>, hashes: &[ChunkHash]) -> Result<Vec<u8>, String> {
        let Question { node, addr, asset, index, deep } = question;
        let client = self.client(addr).await?;
        let many = u32::try_from(hashes.len()).unwrap_or(u32::MAX);
        let hashes = hashes.iter().flat_map(|hash| hash.0).collect();
        let deadline = if deep { self.look_deadline + READ_DEADLINE * many } else { self.look_deadline };
        let request = v1::CheckChunksRequest { asset: asset.0, hashes, index, deep };
        match timeout(deadline, client.admin().check_chunks(request)).await {
            Ok(Ok(answer)) => match answer.into_inner() {
                v1::CheckChunksResponse { node: who, .. } if who != node.0 => {
                    Err(format!("{} is there now", NodeId(who)))
                }
                v1::CheckChunksResponse { states, .. } => Ok(states),
            },
            Ok(Err(status)) => Err(status.message().to_owned()),
            Err(_) => Err("no answer in time".to_owned()),
        }
    }

    async fn client(&self, addr: &str) -> Result<Client, String> {
        match self.known().get(addr) {
            Some(Known::Connected(client)) => return Ok(client.clone()),
            Some(Known::Away(since)) if since.elapsed() < AWAY => return Err("no answer a moment ago".to_owned()),
            _ => {}
        }
        let client = Client::connect(&[addr.to_owned()], CONNECT_DEADLINE).await;
        let client = client.map_err(|failure| failure.to_string())?;
        self.known().insert(addr.to_owned(), Known::Connected(client.clone()));
        Ok(client)
    }

    fn gives_no_answer(&self, addr: &str) {
        let mut known = self.known();
        if !matches!(known.get(addr), Some(Known::Away(since)) if since.elapsed() < AWAY) {
            known.insert(addr.to_owned(), Known::Away(Instant::now()));
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn held_of(checked: Checked) -> Held {
    match checked {
        Checked::Missing => Held::Missing,
        Checked::Stored => Held::Stored,
        Checked::Damaged => Held::Damaged,
        // also of a disk that is busy, and of drops under way: whoever asks again will know
        Checked::Unreadable => Held::Unknown,
    }
}

/// Stand-ins and owed members of an asset.
#[derive(Debug, Default)]
pub(crate) struct Astray(HashMap<ChunkHash, Vec<Displaced>>);

impl Astray {
    pub(crate) fn of(view: &View<'_>, asset: AssetId) -> Result<Self, TableError> {
        let (mut rows, mut after): (HashMap<_, Vec<_>>, Option<Displaced>) = Default::default();
        loop {
            let page = view.displaced(asset, after.as_ref(), PAGE_ITEMS_MAX)?;
            let Some(last) = page.last() else { return Ok(Self(rows)) };
            after = Some(*last);
            page.into_iter().for_each(|row| rows.entry(row.chunk).or_default().push(row));
        }
    }

    /// Those of one group.
    pub(crate) fn among(&self, group: &Group) -> Vec<Displaced> {
        let of = group.members.iter().filter_map(|member| self.0.get(&member.hash));
        let mut rows: Vec<_> = of.flatten().copied().collect();
        rows.sort_unstable_by_key(|row| (row.chunk, row.place));
        rows.dedup();
        rows
    }
}

/// What nodes said they have.
#[derive(Debug, Default)]
pub(crate) struct Said(HashMap<(NodeId, ChunkHash), Held>);

impl Said {
    pub(crate) fn of(&self, node: NodeId, chunk: &ChunkHash) -> Held {
        self.0.get(&(node, *chunk)).copied().unwrap_or(Held::Unknown)
    }

    /// Chunks that somebody has.
    pub(crate) fn stored(&self) -> impl Iterator<Item = ChunkHash> + '_ {
        self.0.iter().filter(|(_, held)| **held == Held::Stored).map(|((_, chunk), _)| *chunk)
    }

    /// Who said of nothing whether it has it.
    pub(crate) fn silent(&self) -> Vec<NodeId> {
        let mut spoke: BTreeMap<NodeId, bool> = BTreeMap::new();
        for ((node, _), held) in &self.0 {
            *spoke.entry(*node).or_default() |= *held != Held::Unknown;
        }
        spoke.into_iter().filter(|(_, spoke)| !spoke).map(|(node, _)| node).collect()
    }

    /// Asks every node that has an address about what is on its list, all at once.
    pub(crate) async fn ask<'a>(
        nodes: &Nodes,
        asset: AssetId,
        wanted: impl IntoIterator<Item = (NodeId, ChunkHash)>,
        addr_of: impl Fn(NodeId) -> Option<&'a str>,
        index: u64,
        deep: bool,
    ) -> Self {
        let mut lists: BTreeMap<NodeId, Vec<ChunkHash>> = BTreeMap::new();
        wanted.into_iter().for_each(|(node, chunk)| lists.entry(node).or_default().push(chunk));
        let ask = |(node, mut list): (NodeId, Vec<ChunkHash>)| {
            list.sort_unstable();
            list.dedup();
            let addr = addr_of(node);
            async move {
                let held = match addr {
                    Some(addr) => nodes.held(Question { node, addr, asset, index, deep }, &list).await,
                    None => vec![Held::Unknown; list.len()],
                };
                list.into_iter().map(|chunk| (node, chunk)).zip(held).collect::<Vec<_>>()
            }
            .boxed()
        };
        Self(join_all(lists.into_iter().map(ask)).await.into_iter().flatten().collect())
    }
}
