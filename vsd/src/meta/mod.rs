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

mod archive;
mod database;
mod log;
mod network;
mod offline;
mod reads;
mod snapshots;
mod state;
#[cfg(test)]
mod tests;
mod types;
mod upkeep;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use openraft::{
    BasicNode, Config, ServerState, SnapshotPolicy,
    error::{ClientWriteError, RaftError},
};
use tokio::{
    runtime::{Handle, Runtime},
    sync::{Semaphore, watch},
};
use tokio_util::sync::CancellationToken;
use vs_core::{
    codec,
    error::{Code, Failure},
    id::NodeId,
};
use vsd_core::meta::{Command, Entry, Response, TableError};

pub(crate) use self::{database::OpenError, offline::Offline, state::StateRead};
use self::{
    log::RaftLog,
    network::Alone,
    reads::Rounds,
    state::StateStore,
    types::{LogId, Raft},
    upkeep::Upkeep,
};

/// Threads of the consensus.
const THREADS: usize = 2;
/// How long a proposal or a read may take before the caller is told that nobody knows.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a cluster of one may take to elect itself.
const LEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// Proposals under way at once.
const PROPOSALS_MAX: usize = 1_024;
/// Longest entry, in bytes. A part is the longest that is common; a commit with many init segments the longest there
/// is.
const ENTRY_BYTES_MAX: usize = 8 << 20;
/// Timers for machines that sync to disk and have noisy neighbours.
const HEARTBEAT_MS: u64 = 250;
const ELECTION_MS: (u64, u64) = (1_000, 2_000);
/// Piece of a snapshot sent at once, and how long one may take.
const SNAPSHOT_PIECE_BYTES: u64 = 1 << 20;
const SNAPSHOT_PIECE_MS: u64 = 30_000;

/// How to open the metadata of a node.
#[derive(Clone, Debug)]
pub(crate) struct MetaOptions {
    /// The folder; made when it is not there.
    pub(crate) dir: PathBuf,
    pub(crate) node: NodeId,
    /// [`Command::Bootstrap`] of the cluster that is to begin here. One that has begun is left as it is.
    pub(crate) bootstrap: Option<Command>,
    /// Entries after which a snapshot is made. A quarter as many are kept in the log behind it.
    pub(crate) snapshot_entries: u64,
}

/// Why a proposal or a read has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum MetaError {
    #[error("this node does not lead the cluster")]
    NotLeader { leader: Option<NodeId> },
    #[error("no quorum of the metadata nodes answers")]
    NoQuorum,
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
            MetaError::NoQuorum => Code::NoQuorum,
            MetaError::Unknown(_) => Code::Timeout,
            MetaError::Busy => Code::Busy,
            MetaError::TooLong(_) => Code::Invalid,
            MetaError::Stopped(_) | MetaError::Tables(_) => Code::Internal,
        };
        let failure = Self::new(code, error.to_string());
        match error {
            MetaError::NotLeader { leader: Some(leader) } => failure.because(format!("{leader} leads")),
            _ => failure,
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let failure = Self::new(Code::DataDir, error.to_string());
        match error {
            OpenError::NotBootstrapped { .. } => failure.hint("begin a new cluster with `vsd serve --bootstrap`"),
            OpenError::Lost { .. } => failure.hint("start with an empty data directory: it comes back as a new node"),
            _ => failure,
        }
    }
}

/// What a node knows of the consensus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MetaStatus {
    pub(crate) node: NodeId,
    pub(crate) state: MetaState,
    pub(crate) term: u64,
    pub(crate) leader: Option<NodeId>,
    /// Indexes of the log: the last entry, the last one agreed on, and the last one applied.
    pub(crate) last: u64,
    pub(crate) committed: u64,
    pub(crate) applied: u64,
    pub(crate) snapshot: Option<u64>,
    pub(crate) purged: Option<u64>,
    pub(crate) voters: Vec<NodeId>,
    pub(crate) learners: Vec<NodeId>,
    /// On the leader: since when no quorum has confirmed it.
    pub(crate) quorum_ack_ms: Option<u64>,
    /// Why it stopped, when it did.
    pub(crate) fatal: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetaState {
    Leader,
    Follower,
    Candidate,
    Learner,
    Stopped,
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
pub(crate) struct Meta(Arc<Inner>);

struct Inner {
    node: NodeId,
    raft: Raft,
    log: RaftLog,
    state: StateStore,
    rounds: Rounds,
    proposer: Proposer,
    stop: CancellationToken,
    /// Taken when the last clone goes.
    runtime: Mutex<Option<Runtime>>,
}

impl std::fmt::Debug for Meta {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meta").field("node", &self.0.node).finish_non_exhaustive()
    }
}

impl Drop for Inner {
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
    /// Opens the metadata, and with `bootstrap` begins a cluster in an empty folder.
    ///
    /// # Errors
    /// When the folder is not sound, or holds no cluster and none is to begin.
    pub(crate) async fn open(options: MetaOptions) -> Result<Self, OpenError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("raft")
            .enable_all()
            .build()
            .map_err(OpenError::io(&options.dir))?;
        let opened = runtime.spawn(start(options)).await;
        match opened.unwrap_or_else(|error| Err(OpenError::Bootstrap(error.to_string()))) {
            Ok(meta) => {
                *meta.0.runtime.lock().unwrap_or_else(PoisonError::into_inner) = Some(runtime);
                Ok(meta)
            }
            Err(error) => {
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    /// Applies a command, or answers why not. Commands that the rules forbid are answered with a refusal.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) async fn propose(&self, command: Command) -> Result<Response, MetaError> {
        self.0.proposer.propose(command).await
    }

    /// The state, with everything that was acknowledged before this call.
    ///
    /// # Errors
    /// When this node does not lead, or no quorum confirms that it does.
    pub(crate) async fn read(&self) -> Result<StateRead, MetaError> {
        self.0.rounds.join().await?;
        Ok(self.0.state.read())
    }

    /// The state as this node has it.
    pub(crate) fn stale(&self) -> Stale {
        let state = self.0.state.read();
        let confirmed_ms = self.0.raft.metrics().borrow().millis_since_quorum_ack;
        let applied_ms = u64::try_from(self.0.state.applied_at().elapsed().as_millis()).unwrap_or(u64::MAX);
        Stale { state, age_ms: confirmed_ms.unwrap_or(applied_ms) }
    }

    /// The index of the last entry applied, now and whenever it changes.
    pub(crate) fn watch_applied(&self) -> watch::Receiver<u64> {
        self.0.state.watch_applied()
    }

    pub(crate) async fn status(&self) -> MetaStatus {
        let index = |id: Option<LogId>| id.map(|id| id.index);
        let committed = self.0.raft.with_raft_state(|state| state.committed).await;
        let metrics = self.0.raft.metrics().borrow().clone();
        let applied = index(metrics.last_applied).unwrap_or(0);
        let membership = metrics.membership_config.membership();
        MetaStatus {
            node: self.0.node,
            state: match metrics.state {
                ServerState::Leader => MetaState::Leader,
                ServerState::Follower => MetaState::Follower,
                ServerState::Candidate => MetaState::Candidate,
                ServerState::Learner => MetaState::Learner,
                ServerState::Shutdown => MetaState::Stopped,
            },
            term: metrics.current_term,
            leader: metrics.current_leader.map(NodeId),
            last: metrics.last_log_index.unwrap_or(0),
            committed: committed.map_or(applied, |committed| index(committed).unwrap_or(0)),
            applied,
            snapshot: index(metrics.snapshot),
            purged: index(metrics.purged),
            voters: membership.voter_ids().map(NodeId).collect(),
            learners: membership.learner_ids().map(NodeId).collect(),
            quorum_ack_ms: metrics.millis_since_quorum_ack,
            fatal: metrics.running_state.err().map(|fatal| fatal.to_string()),
        }
    }

    /// Stops taking part. What was acknowledged is durable with or without this.
    pub(crate) async fn shutdown(&self) {
        self.0.stop.cancel();
        if let Err(error) = self.0.raft.shutdown().await {
            tracing::warn!(%error, "the consensus did not stop cleanly");
        }
        let state = self.0.state.clone();
        match tokio::task::spawn_blocking(move || state.flush()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the metadata state was not flushed"),
            Err(error) => tracing::warn!(%error, "the metadata state was not flushed"),
        }
        tracing::debug!(log = %self.0.log.path().display(), "the metadata is closed");
    }
}

/// Opens both stores, holds them against each other and starts the consensus. Runs on the consensus' own threads.
async fn start(options: MetaOptions) -> Result<Meta, OpenError> {
    let state = StateStore::open(&options.dir.join("state"))?;
    let log = RaftLog::open(&options.dir.join("raft"), state.clone())?;
    check(&options.dir, &log, &state)?;

    let config = Arc::new(config(options.snapshot_entries));
    let raft = Raft::new(options.node.0, config, Alone, log.clone(), state.clone());
    let raft = raft.await.map_err(|error| OpenError::damaged(&options.dir, error))?;

    let stop = CancellationToken::new();
    let rounds = Rounds::start(raft.clone(), TIMEOUT, stop.clone());
    let under_way = Arc::new(Semaphore::new(PROPOSALS_MAX));
    let proposer = Proposer { raft: raft.clone(), under_way, threads: Handle::current() };
    let upkeep = Upkeep {
        node: options.node,
        raft: raft.clone(),
        log: log.clone(),
        state: state.clone(),
        rounds: rounds.clone(),
        proposer: proposer.clone(),
    };
    let runtime = Mutex::new(None);
    let meta = Meta(Arc::new(Inner { node: options.node, raft, log, state, rounds, proposer, stop, runtime }));
    meta.begin(&options).await?;
    tokio::spawn(upkeep.run(meta.0.stop.clone()));
    Ok(meta)
}

impl Meta {
    /// Makes sure that there is a cluster, and, when it is a cluster of one, that it answers.
    async fn begin(&self, options: &MetaOptions) -> Result<(), OpenError> {
        let failed = |error: &dyn std::fmt::Display| OpenError::Bootstrap(error.to_string());
        let raft = &self.0.raft;
        let begun = raft.is_initialized().await.map_err(|error| failed(&error))?;
        match &options.bootstrap {
            None if !begun => return Err(OpenError::NotBootstrapped { path: options.dir.clone() }),
            Some(Command::Bootstrap { node, .. }) if !begun => {
                let members = BTreeMap::from([(options.node.0, BasicNode::new(&node.addr))]);
                raft.initialize(members).await.map_err(|error| failed(&error))?;
            }
            _ => {}
        }
        if self.status().await.voters != [options.node] {
            return Ok(());
        }
        let leads = raft.wait(Some(LEADER_TIMEOUT)).state(ServerState::Leader, "a cluster of one leads itself").await;
        leads.map_err(|error| failed(&error))?;
        let state = self.read().await.map_err(|error| failed(&error))?;
        if let Some(first) = &options.bootstrap
            && state.view().cluster().map_err(|error| failed(&error))?.is_none()
        {
            let answer = self.propose(first.clone()).await.map_err(|error| failed(&error))?;
            answer.accepted().map_err(|error| failed(&error))?;
        }
        Ok(())
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
        heartbeat_interval: HEARTBEAT_MS,
        election_timeout_min: ELECTION_MS.0,
        election_timeout_max: ELECTION_MS.1,
        install_snapshot_timeout: SNAPSHOT_PIECE_MS,
        snapshot_max_chunk_size: SNAPSHOT_PIECE_BYTES,
        snapshot_policy: SnapshotPolicy::LogsSinceLast(snapshot_entries),
        max_in_snapshot_log_to_keep: snapshot_entries / 4,
        replication_lag_threshold: snapshot_entries.saturating_mul(2),
        ..Config::default()
    }
}

/// Puts commands into the log.
#[derive(Clone)]
struct Proposer {
    raft: Raft,
    under_way: Arc<Semaphore>,
    threads: Handle,
}

impl Proposer {
    async fn propose(&self, command: Command) -> Result<Response, MetaError> {
        let permit = self.under_way.clone().try_acquire_owned().map_err(|_| MetaError::Busy)?;
        let entry = Entry { wall_ms: wall_ms(), client: None, command };
        let bytes = codec::encode(&entry).len();
        if bytes > ENTRY_BYTES_MAX {
            return Err(MetaError::TooLong(bytes));
        }
        let raft = self.raft.clone();
        // goes on when the caller stops waiting, so that what is under way is counted until it ends
        let written = self.threads.spawn(async move {
            let written = raft.client_write(entry).await;
            drop(permit);
            written
        });
        match tokio::time::timeout(TIMEOUT, written).await {
            Err(_) => Err(MetaError::Unknown(TIMEOUT)),
            Ok(Err(error)) => Err(MetaError::stopped(error)),
            Ok(Ok(Ok(written))) => Ok(written.data),
            Ok(Ok(Err(RaftError::APIError(ClientWriteError::ForwardToLeader(to))))) => {
                Err(MetaError::NotLeader { leader: to.leader_id.map(NodeId) })
            }
            Ok(Ok(Err(error))) => Err(MetaError::stopped(error)),
        }
    }
}

/// The wall clock, in milliseconds since 1970; for display.
fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
