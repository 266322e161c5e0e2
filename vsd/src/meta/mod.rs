//! The metadata of the cluster, agreed on: openraft on RocksDB (DESIGN §5). The only place that knows either.
//!
//! What is agreed on is decided in [`vsd_core::meta`]; here it is proposed, kept, applied and read.
//!
//! Invariants:
//! - DUR-1: a proposal is answered once its entry is synced on a quorum and applied.
//! - CON-1: [`Meta::read`] shows every write acknowledged before the call; [`Meta::stale`] says how old it may be.
//! - The consensus has threads of its own, so that bulk data never delays a heartbeat. Every method may be called from
//!   any runtime.
//! - What an entry says of time was written by the proposer. Nothing here that varies reaches the state by another way.
//!
//! | in the metadata folder | |
//! |---|---|
//! | `raft/` | [`log`]: entries, vote, purge mark; synced before anything is acknowledged |
//! | `state/` | [`state`]: what the entries lead to, and snapshots |
//!
//! When too many machines are gone for good, [`incarnation`] begins anew with what one of them has.

mod archive;
pub(crate) mod bench;
mod database;
mod elections;
mod fullness;
mod incarnation;
mod log;
mod metrics;
mod network;
mod offline;
mod peers;
mod picture;
mod propose;
mod reads;
mod roll_call;
mod service;
mod snapshots;
mod standing;
mod state;
mod steward;
#[cfg(test)]
pub(crate) mod tests;
mod types;
mod upkeep;
mod verify;

use std::{
    collections::BTreeMap,
    io::ErrorKind,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use openraft::{BasicNode, Config, ServerState, SnapshotPolicy};
use tokio::{
    runtime::{Handle, Runtime},
    sync::watch,
};
use tokio_util::sync::CancellationToken;
use vs_core::{
    error::{Code, Failure},
    id::{ClusterId, NodeId},
    layout::{Layout, LayoutNode},
    placement::Relief,
};
use vs_wire::v1;
use vsd_core::{
    background,
    meta::{Command, Entry, LayoutCache, LeaderTerm, Response, TableError, Txn, apply, index_in},
    plan::{jobs, weights::Standstill},
};

pub(crate) use self::{
    archive::Saved,
    database::OpenError,
    fullness::usage,
    incarnation::{Loaded, Outlook, incarnation_of, inspect, load, outlook, recover, save},
    offline::Offline,
    peers::{Me, Newer, PREFACE, PeerError, ask_at},
    picture::{Own, node_info},
    propose::Proposer,
    roll_call::{Called, RollCall, call},
    service::PeerAcceptor,
    state::StateRead,
};
use self::{
    elections::Elections,
    log::RaftLog,
    peers::Peers,
    picture::Picture,
    propose::Proposals,
    reads::{Reader, Rounds},
    standing::Standing,
    state::StateStore,
    steward::Steward,
    types::{LogId, Raft},
    upkeep::Upkeep,
};

/// Threads of the consensus.
const THREADS: usize = 2;
/// How long a cluster of one may take to elect itself.
const LEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long another node may take to take entries in: openraft calls this its heartbeat interval, and beats by it unless
/// it is kept from it ([`elections`] beats instead).
const APPEND_TIMEOUT_MS: u64 = 10_000;
/// How long a vote may take to become durable, and for how long after hearing of a leader nobody votes for another:
/// openraft's election timeouts. What starts elections is in [`elections`].
const VOTE_TIMEOUT_MS: u64 = 250;
/// Piece of a snapshot sent at once, and how long one may take: 9 kB/s will do.
const SNAPSHOT_PIECE_BYTES: u64 = 256 << 10;
const SNAPSHOT_PIECE_MS: u64 = 30_000;

/// How to open the metadata of a node.
#[derive(Clone, Debug)]
pub(crate) struct MetaOptions {
    /// The folder; made when it is not there.
    pub(crate) dir: PathBuf,
    pub(crate) cluster: ClusterId,
    /// What the cluster said when it took the node. What the state says counts once there is a state.
    pub(crate) incarnation: u64,
    pub(crate) node: NodeId,
    /// Where others reach this node.
    pub(crate) addr: String,
    /// The address from which this node talks to others, where there is one alone.
    pub(crate) from: Option<IpAddr>,
    pub(crate) begin: Begin,
    /// Where other nodes were when this one last heard.
    pub(crate) seeds: Vec<(NodeId, String)>,
    /// Entries after which a snapshot is made. A quarter as many are kept in the log behind it.
    pub(crate) snapshot_entries: u64,
}

/// What is expected in the folder.
#[derive(Clone, Debug)]
pub(crate) enum Begin {
    /// A new cluster is to begin with this [`Command::Bootstrap`]. One that has begun is left as it is.
    Bootstrap(Box<Command>),
    /// Nothing yet, or what the leader has sent so far.
    Join,
    /// A log.
    GoOn,
}

/// Why a proposal or a read has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum MetaError {
    #[error("this node does not lead the cluster")]
    NotLeader { leader: Option<NodeId> },
    #[error("{0}")]
    NoQuorum(RollCall),
    /// There is nobody to hand over to.
    #[error("no voter that answers can take over{}", .wanted.map(|node| format!(" as {node}")).unwrap_or_default())]
    NoHeir { wanted: Option<NodeId> },
    /// The command may have been applied, or may be later.
    #[error("no answer within {0:?}: whether the command was applied is not known")]
    Unknown(Duration),
    #[error("too many commands are under way")]
    Busy,
    #[error("a command of {0} bytes is too long")]
    TooLong(usize),
    /// This process has to be started again.
    #[error("the metadata of this node has stopped: {0}")]
    Stopped(String),
    #[error(transparent)]
    Tables(#[from] TableError),
}

impl MetaError {
    fn stopped(why: impl ToString) -> Self {
        Self::Stopped(why.to_string())
    }
}

impl From<MetaError> for Failure {
    fn from(error: MetaError) -> Self {
        let code = match &error {
            MetaError::NotLeader { .. } => Code::NotLeader,
            MetaError::NoQuorum(_) => Code::NoQuorum,
            MetaError::Unknown(_) => Code::Timeout,
            MetaError::Busy => Code::Busy,
            MetaError::NoHeir { .. } => Code::Conflict,
            MetaError::TooLong(_) => Code::Invalid,
            MetaError::Stopped(_) | MetaError::Tables(_) => Code::Internal,
        };
        let failure = Self::new(code, error.to_string());
        match error {
            MetaError::NotLeader { leader: Some(leader) } => failure.because(format!("{leader} leads")),
            MetaError::NoQuorum(call) => {
                let failure = call.lines.into_iter().fold(failure, Failure::because);
                let lost = "whether the change was made before that is not known";
                let failure = if call.lost { failure.because(lost) } else { failure };
                failure.hint("reads still work with --stale; see `vsctl help consistency`")
            }
            _ => failure,
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let is_full = matches!(&error, OpenError::Io { source, .. } if source.kind() == ErrorKind::StorageFull);
        let code = if is_full { Code::NoSpace } else { Code::DataDir };
        let failure = Self::new(code, error.to_string());
        match error {
            OpenError::NotBootstrapped { .. } => failure.hint("begin a new cluster with `vsd serve --bootstrap`"),
            OpenError::Lost { .. } => failure.hint("start with an empty data directory: it comes back as a new node"),
            _ => failure,
        }
    }
}

/// A read that did not ask the cluster.
#[derive(Debug)]
pub(crate) struct Stale {
    pub(crate) state: StateRead,
    /// How old it may be.
    pub(crate) age_ms: u64,
}

/// The metadata of this node. Clones share it.
#[derive(Clone)]
pub(crate) struct Meta {
    inner: Arc<Inner>,
    threads: Arc<Threads>,
}

/// What serves the calls of this node and of others.
struct Inner {
    node: NodeId,
    raft: Raft,
    log: RaftLog,
    state: StateStore,
    peers: Peers,
    standing: Standing,
    elections: Elections,
    rounds: Rounds,
    proposals: Proposals,
    picture: Picture,
    layouts: LayoutCache,
    standstill: watch::Sender<Standstill>,
    stop: CancellationToken,
}

/// The threads of the consensus; they end when the last clone goes.
struct Threads {
    runtime: Mutex<Option<Runtime>>,
    handle: Handle,
    stop: CancellationToken,
}

impl std::fmt::Debug for Meta {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meta").field("node", &self.inner.node).finish_non_exhaustive()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.stop.cancel();
        let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(runtime) = runtime {
            // a runtime must not be waited for on a thread that serves tasks
            runtime.shutdown_background();
        }
    }
}

impl Meta {
    /// Opens the metadata, and begins a cluster in an empty folder where that is wanted.
    ///
    /// # Errors
    /// When the folder is not sound, or does not hold what it should.
    pub(crate) async fn open(options: MetaOptions) -> Result<Self, OpenError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("raft")
            .enable_all()
            .build()
            .map_err(OpenError::io(&options.dir))?;
        let handle = runtime.handle().clone();
        let opened = runtime.spawn(start(options)).await;
        match opened.unwrap_or_else(|error| Err(OpenError::Bootstrap(error.to_string()))) {
            Ok(inner) => {
                let threads = Threads { runtime: Mutex::new(Some(runtime)), handle, stop: inner.stop.clone() };
                Ok(Self { inner, threads: Arc::new(threads) })
            }
            Err(error) => {
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    /// Who serves connections that begin with [`PREFACE`].
    pub(crate) fn acceptor(&self) -> PeerAcceptor {
        PeerAcceptor::new(self.inner.clone(), self.threads.handle.clone())
    }

    /// Applies a command of this node, or answers why not. Commands that the rules forbid are answered with a refusal.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) async fn propose(&self, command: Command) -> Result<Response, MetaError> {
        self.propose_for(Proposer::Node, command).await
    }

    /// Applies a command of somebody else's.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) async fn propose_for(&self, proposer: Proposer, command: Command) -> Result<Response, MetaError> {
        // boxed, so that whoever awaits it need not be shown to be `Send` through all of it
        let proposed: BoxFuture<'_, _> = Box::pin(self.inner.proposals.propose(proposer, command));
        proposed.await
    }

    /// The state, with everything that was acknowledged before this call.
    ///
    /// # Errors
    /// When no quorum confirms that there is nothing newer.
    pub(crate) async fn read(&self) -> Result<StateRead, MetaError> {
        Ok(self.read_at().await?.0)
    }

    /// The same, with an index among those of all incarnations: the state holds everything up to it, and it is not below
    /// that of anything that was applied anywhere before this call.
    ///
    /// # Errors
    /// When no quorum confirms that there is nothing newer.
    pub(crate) async fn read_at(&self) -> Result<(StateRead, u64), MetaError> {
        let joined: BoxFuture<'_, _> = Box::pin(self.inner.rounds.join());
        let index = index_in(self.incarnation(), joined.await?);
        Ok((self.inner.state.read(), index))
    }

    /// The state as this node has it.
    pub(crate) fn stale(&self) -> Stale {
        let applied = *self.inner.state.watch_applied().borrow();
        let age = self.inner.standing.age(applied).unwrap_or_else(|| self.inner.state.applied_ago());
        let age_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        Stale { state: self.inner.state.read(), age_ms }
    }

    /// The index of the last entry applied, now and whenever it changes.
    pub(crate) fn watch_applied(&self) -> watch::Receiver<u64> {
        self.inner.state.watch_applied()
    }

    pub(crate) fn node(&self) -> NodeId {
        self.inner.node
    }

    /// The incarnation of the cluster that this node is in.
    pub(crate) fn incarnation(&self) -> u64 {
        self.inner.peers.me().incarnation
    }

    /// Layouts that were decoded.
    pub(crate) fn layouts(&self) -> &LayoutCache {
        &self.inner.layouts
    }

    /// The term in which this node leads, if it does.
    pub(crate) fn reign(&self) -> Option<LeaderTerm> {
        self.inner.standing.reign()
    }

    /// How the cluster is, as far as this node knows.
    pub(crate) fn cluster(&self) -> v1::ClusterState {
        self.inner.picture.current()
    }

    /// The same, now and whenever it was drawn anew.
    pub(crate) fn watch_cluster(&self) -> watch::Receiver<Arc<v1::ClusterState>> {
        self.inner.picture.watch()
    }

    /// What cannot go on for want of room: the layout's weights follow.
    pub(crate) fn stands_still(&self, found: Standstill) {
        self.inner.standstill.send_if_modified(|known| {
            let is_new = *known != found;
            *known = found;
            is_new
        });
    }

    /// What decisions need of it.
    pub(crate) fn picture(&self) -> background::Picture {
        picture::plain(&self.inner.picture.watch().borrow())
    }

    /// From now on the others hear of this node's disks.
    pub(crate) fn tell_of(&self, own: Own) {
        self.inner.picture.tell_of(own);
    }

    /// Another voter leads from now on: the one named, or the one whose log is furthest. Answers from whom to whom.
    ///
    /// # Errors
    /// When there is nobody to take over.
    pub(crate) async fn hand_over(&self, to: Option<NodeId>) -> Result<(NodeId, NodeId), MetaError> {
        self.inner.hand_over(to).await
    }

    /// What a command would be answered now. Changes nothing.
    ///
    /// # Errors
    /// When the state cannot be had.
    pub(crate) async fn try_out(&self, command: Command) -> Result<Response, MetaError> {
        let state = self.read().await?;
        let entry = Entry { wall_ms: 0, client: None, command };
        Ok(apply(&mut Txn::over(state.tables()), 0, &entry)?)
    }

    /// The next layout, without a node; none when the current one does not have it.
    ///
    /// # Errors
    /// When the state cannot be had.
    pub(crate) async fn layout_without(&self, node: NodeId) -> Result<Option<Layout>, MetaError> {
        let current = self.read().await?.view().current_layout()?;
        let Some(current) = current else { return Ok(None) };
        tokio::task::spawn_blocking(move || jobs::layout_without(&current, node)).await.map_err(MetaError::stopped)
    }

    /// The layout after the current one with these nodes, as it would be proposed.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub(crate) async fn layout_with(&self, current: &Layout, nodes: Vec<LayoutNode>) -> Result<Layout, MetaError> {
        let state = self.stale().state;
        let earlier = vsd_core::plan::steward::earlier(&self.inner.layouts, &state.view(), current, &nodes)?;
        drop(state);
        match earlier {
            Some(earlier) => Ok(earlier),
            None => steward::next_layout(current.clone(), nodes, Relief::default()).await,
        }
    }

    /// Why the consensus stopped, when it did.
    pub(crate) fn fatal(&self) -> Option<String> {
        self.inner.standing.metrics().running_state.err().map(|fatal| fatal.to_string())
    }

    /// Whether the log of this node has begun: from then on a missing log is an error.
    pub(crate) fn has_begun(&self) -> bool {
        self.inner.state.read().view().cluster().is_ok_and(|cluster| cluster.is_some())
    }

    /// Lets somebody else lead, if this node does and there is somebody, so that nobody waits for an election.
    pub(crate) async fn step_down(&self) {
        if self.inner.standing.leads() != standing::Leads::Me {
            return;
        }
        match self.hand_over(None).await {
            Ok((_, to)) => {
                // for good: a node that is stopping is to lead no more
                std::mem::forget(self.inner.standing.resign());
                tracing::info!(%to, "handed over");
            }
            Err(error) => tracing::debug!(%error, "nobody to hand over to"),
        }
    }

    /// Stops taking part. What was acknowledged is durable with or without this.
    pub(crate) async fn shutdown(&self) {
        self.inner.stop.cancel();
        if let Err(error) = self.inner.raft.shutdown().await {
            tracing::warn!(%error, "the consensus did not stop cleanly");
        }
        let state = self.inner.state.clone();
        match tokio::task::spawn_blocking(move || state.flush()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the metadata state was not flushed"),
            Err(error) => tracing::warn!(%error, "the metadata state was not flushed"),
        }
        tracing::debug!(log = %self.inner.log.path().display(), "the metadata is closed");
    }
}

/// Opens both stores, holds them against each other and starts the consensus. Runs on the consensus' own threads.
async fn start(options: MetaOptions) -> Result<Arc<Inner>, OpenError> {
    let state = StateStore::open(&options.dir.join("state"))?;
    let log = RaftLog::open(&options.dir.join("raft"), state.clone())?;
    check(&options.dir, &log, &state)?;

    let node = options.node;
    let begun = state.read().view().cluster().map_err(|error| OpenError::damaged(&options.dir, error))?;
    let incarnation = begun.map_or(options.incarnation, |cluster| cluster.incarnation.into());
    let me = Me { cluster: options.cluster, incarnation, node };
    let peers = Peers::new(me, options.from, options.dir.parent(), Handle::current());
    options.seeds.iter().for_each(|(node, addr)| peers.learn(*node, addr));
    peers.learn(node, &options.addr);
    let config = Arc::new(config(options.snapshot_entries));
    let raft = Raft::new(node.0, config, peers.clone(), log.clone(), state.clone());
    let raft = raft.await.map_err(|error| OpenError::damaged(&options.dir, error))?;

    let stop = CancellationToken::new();
    let standing = Standing::new(node, peers.clone(), raft.metrics());
    let elections =
        Elections { raft: raft.clone(), standing: standing.clone(), peers: peers.clone(), log: log.clone() };
    let reader =
        Reader { raft: raft.clone(), standing: standing.clone(), peers: peers.clone(), applied: state.watch_applied() };
    let rounds = Rounds::start(reader, stop.clone());
    let proposals = Proposals::new(raft.clone(), standing.clone(), peers.clone(), Handle::current());
    let picture = Picture::new(standing.clone(), peers.clone(), state.clone());
    let layouts = LayoutCache::default();
    let inner = Arc::new(Inner {
        node,
        raft,
        log,
        state,
        peers,
        standing,
        elections,
        rounds,
        proposals,
        picture,
        layouts,
        standstill: watch::channel(Standstill::default()).0,
        stop,
    });
    inner.learn_addresses();
    let run = |task| drop(tokio::spawn(inner.stop.clone().run_until_cancelled_owned(task)));
    run(Box::pin(inner.elections.clone().run()) as Task);
    inner.begin(&options).await?;
    inner.learn_addresses();
    run(Box::pin(inner.upkeep().run()));
    run(Box::pin(inner.steward().run()));
    run(Box::pin(inner.picture.clone().run()));
    Ok(inner)
}

type Task = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

impl Inner {
    fn upkeep(&self) -> Upkeep {
        Upkeep {
            raft: self.raft.clone(),
            standing: self.standing.clone(),
            log: self.log.clone(),
            state: self.state.clone(),
            rounds: self.rounds.clone(),
            proposals: self.proposals.clone(),
        }
    }

    fn steward(&self) -> Steward {
        Steward {
            raft: self.raft.clone(),
            standing: self.standing.clone(),
            peers: self.peers.clone(),
            state: self.state.clone(),
            picture: self.picture.clone(),
            proposals: self.proposals.clone(),
            layouts: self.layouts.clone(),
            standstill: self.standstill.subscribe(),
        }
    }

    /// Makes sure that there is a cluster, and, when it is a cluster of one, that it answers.
    async fn begin(&self, options: &MetaOptions) -> Result<(), OpenError> {
        let failed = |error: &dyn std::fmt::Display| OpenError::Bootstrap(error.to_string());
        let begun = self.raft.is_initialized().await.map_err(|error| failed(&error))?;
        match &options.begin {
            Begin::GoOn if !begun => return Err(OpenError::NotBootstrapped { path: options.dir.clone() }),
            Begin::Bootstrap(command) if !begun => {
                let Command::Bootstrap { node, .. } = &**command else {
                    return Err(failed(&"it is not a bootstrap"));
                };
                let members = BTreeMap::from([(options.node.0, BasicNode::new(&node.addr))]);
                self.raft.initialize(members).await.map_err(|error| failed(&error))?;
            }
            _ => {}
        }
        // its membership comes with what it is sent, which waits for the port
        if matches!(options.begin, Begin::Join) {
            return Ok(());
        }
        let has_voters =
            |metrics: &standing::Metrics| metrics.membership_config.membership().voter_ids().next().is_some();
        let known = self.raft.wait(Some(LEADER_TIMEOUT)).metrics(has_voters, "the voters are known").await;
        let voters: Vec<_> =
            known.map_err(|error| failed(&error))?.membership_config.membership().voter_ids().collect();
        if voters != [options.node.0] {
            return Ok(());
        }
        let leads =
            self.raft.wait(Some(LEADER_TIMEOUT)).state(ServerState::Leader, "a cluster of one leads itself").await;
        leads.map_err(|error| failed(&error))?;
        self.rounds.join().await.map_err(|error| failed(&error))?;
        if let Begin::Bootstrap(first) = &options.begin
            && self.state.read().view().cluster().map_err(|error| failed(&error))?.is_none()
        {
            let answer = self.proposals.propose(Proposer::Node, (**first).clone()).await;
            answer.map_err(|error| failed(&error))?.accepted().map_err(|error| failed(&error))?;
        }
        Ok(())
    }

    /// Where the others were when this node last heard.
    fn learn_addresses(&self) {
        // what cannot be read now is read again by the steward, which says so
        let _ = self.peers.learn_listed(&self.state.read().view());
    }

    fn applied(&self) -> u64 {
        *self.state.watch_applied().borrow()
    }

    /// Hands over, or asks the leader to.
    async fn hand_over(&self, to: Option<NodeId>) -> Result<(NodeId, NodeId), MetaError> {
        use standing::Leads;
        match self.standing.await_leader(propose::LEADERLESS_MAX).await {
            Leads::Me => self.elections.hand_over(to, &self.proposals).await.map(|to| (self.node, to)),
            Leads::Nobody => Err(roll_call::no_quorum(&self.standing, &self.peers, false).await),
            Leads::Other(leader) if to == Some(leader) => Ok((leader, leader)),
            Leads::Other(leader) => {
                let order = v1::HandOverRequest { to: to.map(|to| to.0) };
                let asked = self.peers.ask(leader, propose::TIMEOUT, order, |mut peer, request| async move {
                    peer.hand_over(request).await
                });
                match asked.await {
                    Ok(answer) => Ok((leader, NodeId(answer.to))),
                    Err(PeerError::Refused(failure)) if failure.code == Code::Conflict => {
                        Err(MetaError::NoHeir { wanted: to })
                    }
                    Err(_) => Err(MetaError::Unknown(propose::TIMEOUT)),
                }
            }
        }
    }
}

/// Refuses a log and a state that do not belong together.
fn check(dir: &Path, log: &RaftLog, state: &StateStore) -> Result<(), OpenError> {
    let damaged = |why: &dyn std::fmt::Display| OpenError::damaged(dir, why);
    let applied = state.applied().map_err(|error| damaged(&error))?;
    let purged = log.purged().map_err(|error| damaged(&error))?;
    let last = log.last().map_err(|error| damaged(&error))?;
    hold_together(dir, (purged, last), (applied, state.installed()))
}

/// Refuses a log (what was purged, the last entry) and a state (the last entry applied, that of the snapshot it was
/// installed from) of which one has lost what it acknowledged.
fn hold_together(
    dir: &Path,
    (purged, last): (Option<LogId>, Option<LogId>),
    (applied, installed): (Option<LogId>, Option<LogId>),
) -> Result<(), OpenError> {
    let shown = |id: Option<LogId>| id.map_or("nothing".to_owned(), |id| id.to_string());
    let lost = |why| Err(OpenError::Lost { path: dir.to_owned(), why });
    if applied < purged {
        return lost(format!("the state ends at {}, the log begins after {}", shown(applied), shown(purged)));
    }
    // an install that was interrupted ends here: the consensus purges a log that ends below it
    let just_installed = applied == installed && applied.is_some();
    if last < applied && !just_installed {
        return lost(format!("the log ends at {}, the state at {}", shown(last), shown(applied)));
    }
    Ok(())
}

fn config(snapshot_entries: u64) -> Config {
    Config {
        cluster_name: "v-stack".to_owned(),
        heartbeat_interval: APPEND_TIMEOUT_MS,
        enable_heartbeat: false,
        election_timeout_min: VOTE_TIMEOUT_MS,
        election_timeout_max: VOTE_TIMEOUT_MS + 1,
        enable_elect: false,
        install_snapshot_timeout: SNAPSHOT_PIECE_MS,
        snapshot_max_chunk_size: SNAPSHOT_PIECE_BYTES,
        snapshot_policy: SnapshotPolicy::LogsSinceLast(snapshot_entries),
        max_in_snapshot_log_to_keep: snapshot_entries / 4,
        replication_lag_threshold: snapshot_entries.saturating_mul(2),
        ..Config::default()
    }
}
