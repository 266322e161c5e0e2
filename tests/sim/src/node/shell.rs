//! The world of one node, as the background of the daemon sees it too.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use vs_core::{
    error::{Code, Failure},
    hash::{ChunkHash, Hash},
    id::{AssetId, NodeId},
};
use vsd_core::{
    background::{Get, GetError, Note, Picture, PutError, Question, Shell, State, Unavailable},
    meta::{ClientId, Command, LayoutCache, LeaderTerm, Response},
    plan::{repair::Held, weights::Standstill},
};

use super::{Leads, Node};
use crate::{
    kernel::{Kernel, lock},
    message::{NotProposed, Refused, Reply, Request},
    net::End,
    replica::Snapshot,
};

/// How long a proposal and a read may take, and how long nobody may lead meanwhile.
const PROPOSE_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_secs(5);
const LEADERLESS_MAX: Duration = Duration::from_millis(1_500);
const PAUSE: Duration = Duration::from_millis(20);
const LOOK: Duration = Duration::from_millis(100);
/// How long a node may take to give a chunk, or to say what it has.
const GET_TIMEOUT: Duration = Duration::from_secs(5);
const LOOK_TIMEOUT: Duration = Duration::from_secs(5);
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
/// Chunks that are asked about in one call.
const READ_MAX: usize = 32;

fn no_quorum() -> Unavailable {
    Unavailable(Failure::new(Code::NoQuorum, "nobody leads"))
}

impl Node {
    async fn await_leader(&self, until: Duration) -> Leads {
        loop {
            match self.leads() {
                Leads::Nobody if self.kernel().now() < until => self.kernel().sleep(LOOK).await,
                leads => return leads,
            }
        }
    }

    /// Puts a command into the log, in the session of a client or without one. A command without one is repeated when its
    /// outcome is not known: all of the node's own may be.
    pub(super) async fn propose_for(
        &self,
        client: Option<(ClientId, u64)>,
        command: Command,
    ) -> Result<Response, Unavailable> {
        let now = self.kernel().now();
        let (until, leaderless_until) = (now + PROPOSE_TIMEOUT, now + LEADERLESS_MAX);
        loop {
            let attempt = match self.await_leader(leaderless_until).await {
                Leads::Me(_) => self.propose_here(client, command.clone()).await,
                Leads::Other(leader) => self.forward(leader, client, command.clone(), until).await,
                Leads::Nobody => return Err(no_quorum()),
            };
            match attempt {
                Ok(response) => return Ok(response),
                Err(_) if self.kernel().now() < until => self.kernel().sleep(PAUSE).await,
                Err(_) => return Err(Unavailable(Failure::new(Code::Timeout, "whether it was applied is not known"))),
            }
        }
    }

    async fn forward(
        &self,
        leader: NodeId,
        client: Option<(ClientId, u64)>,
        command: Command,
        until: Duration,
    ) -> Result<Response, NotProposed> {
        let Some(machine) = self.machine_of(leader) else { return Err(NotProposed::NotLeader) };
        let within = until.saturating_sub(self.kernel().now());
        let asked = self.world.call(self.end(), machine, Request::Propose { client, command }, within);
        let deposed = async {
            while self.leads() == Leads::Other(leader) {
                self.kernel().sleep(LOOK * 5).await;
            }
        };
        let (asked, deposed) = (std::pin::pin!(asked), std::pin::pin!(deposed));
        match futures::future::select(asked, deposed).await {
            futures::future::Either::Left((Ok(Reply::Proposed(answer)), _)) => answer,
            _ => Err(NotProposed::Unknown),
        }
    }

    pub(super) fn end(&self) -> End {
        End::Machine(self.machine.at)
    }

    /// The state at an index that everything acknowledged before the call is below, and that index.
    pub(super) async fn read_at(&self) -> Result<(Snapshot, u64), Unavailable> {
        let now = self.kernel().now();
        let (until, leaderless_until) = (now + READ_TIMEOUT, now + LEADERLESS_MAX);
        loop {
            let index = match self.await_leader(leaderless_until).await {
                Leads::Me(_) => self.own_index(),
                Leads::Other(leader) => self.ask_index(leader, until).await,
                Leads::Nobody => return Err(no_quorum()),
            };
            let now = self.kernel().now();
            if let Some(index) = index {
                let applied = self.applied.wait_for(|applied| *applied >= index);
                let applied = self.kernel().timeout(until.saturating_sub(now), applied).await;
                let slow = || Unavailable(Failure::new(Code::Timeout, "the state is far behind"));
                applied.ok_or_else(slow)?;
                let state = self.snapshot();
                let index = state.applied()?;
                return Ok((state, index));
            }
            if now >= until {
                return Err(no_quorum());
            }
            self.kernel().sleep(PAUSE).await;
        }
    }

    async fn ask_index(&self, leader: NodeId, until: Duration) -> Option<u64> {
        let machine = self.machine_of(leader)?;
        let within = until.saturating_sub(self.kernel().now());
        match self.world.call(self.end(), machine, Request::ReadIndex, within).await {
            Ok(Reply::Index(index)) => index,
            _ => None,
        }
    }
}

impl Get for Node {
    async fn get(&self, node: NodeId, asset: AssetId, chunk: ChunkHash) -> Result<Bytes, GetError> {
        let silent = |why: &str| GetError::Silent(format!("{node} {why}"));
        let Some(machine) = self.machine_of(node) else { return Err(silent("has no address")) };
        let request = Request::Get { to: node, asset, chunk };
        let answer = self.world.call(self.end(), machine, request, GET_TIMEOUT).await;
        got(node, chunk, answer.ok())
    }

    fn blame(&self, node: NodeId, asset: AssetId, chunk: ChunkHash) {
        let Some(machine) = self.machine_of(node) else { return };
        let (world, end) = (Arc::clone(&self.world), self.end());
        self.world.begin(self.process, async move {
            let check = Request::Check { to: node, asset, chunks: vec![chunk], index: 0, deep: true };
            // it looks or it does not
            drop(world.call(end, machine, check, CHECK_TIMEOUT).await);
        });
    }

    async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        Some(work())
    }
}

/// What a node gave, as whoever asked may use it: bytes that do not hash to the name are no chunk (INT-1).
pub(crate) fn got(node: NodeId, chunk: ChunkHash, answer: Option<Reply>) -> Result<Bytes, GetError> {
    match answer {
        Some(Reply::Got(Ok(bytes))) if Hash::of(&bytes) == chunk => Ok(bytes),
        Some(Reply::Got(Ok(_) | Err(Refused::Corrupt))) => Err(GetError::Corrupt(format!("{node} has a bad copy"))),
        Some(Reply::Got(Err(Refused::Absent))) => Err(GetError::Absent(format!("{node} does not have it"))),
        _ => Err(GetError::Silent(format!("{node} does not answer"))),
    }
}

impl Shell for Node {
    type State = Snapshot;

    fn node(&self) -> NodeId {
        self.id
    }

    fn now(&self) -> Duration {
        self.kernel().now()
    }

    fn wall_ms(&self) -> u64 {
        self.world.wall_ms(self.machine.at)
    }

    async fn sleep(&self, wait: Duration) {
        // a day is longer than any case
        let kernel: &Kernel = self.kernel();
        kernel.sleep(wait.min(Duration::from_secs(86_400))).await;
    }

    fn picture(&self) -> Arc<Picture> {
        self.current_picture()
    }

    fn reign(&self) -> Option<LeaderTerm> {
        if let Leads::Me(term) = self.leads() { Some(term) } else { None }
    }

    fn incarnation(&self) -> u64 {
        0
    }

    fn layouts(&self) -> &LayoutCache {
        &self.layouts
    }

    async fn read(&self) -> Result<Snapshot, Unavailable> {
        self.read_at().await.map(|(state, _)| state)
    }

    fn stale(&self) -> Snapshot {
        self.snapshot()
    }

    async fn propose(&self, command: Command) -> Result<Response, Unavailable> {
        self.propose_for(None, command).await
    }

    async fn held(&self, question: Question, chunks: &[ChunkHash]) -> Vec<Held> {
        let Question { node, asset, index, deep } = question;
        let mut held = Vec::with_capacity(chunks.len());
        let Some(machine) = self.machine_of(node) else { return vec![Held::Unknown; chunks.len()] };
        for some in chunks.chunks(if deep { READ_MAX } else { usize::MAX }) {
            let check = Request::Check { to: node, asset, chunks: some.to_vec(), index, deep };
            let answer = self.world.call(self.end(), machine, check, LOOK_TIMEOUT).await;
            match answer {
                Ok(Reply::Held(states)) if states.len() == some.len() => held.extend(states),
                _ => {
                    held.resize(chunks.len(), Held::Unknown);
                    break;
                }
            }
        }
        held
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
        let silent = |why: &str| PutError::Node(format!("{node} {why}"));
        let Some(machine) = self.machine_of(node) else { return Err(silent("has no address")) };
        let request = Request::Put { to: node, asset, chunk, bytes, index };
        match self.world.call(self.end(), machine, request, within).await {
            Ok(Reply::Put(Ok(()))) => Ok(()),
            Ok(Reply::Put(Err(Refused::Full))) => Err(PutError::Full(format!("{node} is full"))),
            Ok(_) => Err(silent("refused it")),
            Err(_) => Err(silent("does not answer")),
        }
    }

    fn stands_still(&self, found: Standstill) {
        *lock(&self.standstill) = found;
    }

    fn note(&self, note: Note<'_>) {
        self.say(|| format!("notes {note:?}"));
    }
}
