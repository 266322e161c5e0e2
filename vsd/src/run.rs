//! One node from start to stop, as one story: what a role needs is started before it, and stopped after it.

use std::{
    io::IsTerminal,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use nix::sys::{
    resource::{Resource, getrlimit, setrlimit},
    signal::Signal,
};
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use vs_client::chunk::ChunkClient;
use vs_core::{
    error::{Code, Exit, Failure},
    id::ClusterId,
};
use vs_wire::v1;
use vsd_core::{
    care::{CompactTerms, ScrubTerms},
    meta::{Command, NodeSpec, Role},
};

use crate::{
    admin,
    admission::{Seeds, admit, leaves_from},
    background::{self, Sweeper},
    cli::role_names,
    config::{self, Config, LogFormat},
    fault::{Afflicted, FaultService},
    join::{Membership, join},
    listen::{self, Routers},
    meta::{self, Meta, MetaOptions, Own},
    node::{DataDir, NewNode, Stage},
    notify::notify,
    puts::Puts,
    reserve::Reserve,
    shell::Daemon,
    storage::{self, Caretaker, DiskFaults, Probes, Store, Terms},
    upload::{self, Uploader},
};

/// How often a node that joins looks whether it has got the log's beginning.
const BEGUN_SAY: Duration = Duration::from_secs(10);
const BEGUN_POLL: Duration = Duration::from_millis(10);
/// How long the disks may take to seal what was being written.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the cluster may take to hear of what failed at the very end.
const FAULT_TIMEOUT: Duration = Duration::from_secs(2);
/// How often the chunk store is asked whether an fsync failed.
const FAULT_POLL: Duration = Duration::from_secs(1);
/// How long uploads may take to be put aside; with what follows, stopping stays below 30 s.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);
/// How often the consensus is asked whether it still runs.
const FATAL_POLL: Duration = Duration::from_secs(1);

/// How a node begins that has nothing yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// It is the first of a cluster.
    Bootstrap,
    /// It joins the cluster of which one of these nodes is a member.
    Join(Vec<String>),
    /// It does not: it must have something.
    GoOn,
}

/// Runs a node until a signal ends it. A lab can do things to it when a `vsd dev` that answers at `supervisor` started it.
pub(crate) fn main(config: &Config, begin: &Begin, supervisor: Option<SocketAddr>) -> Result<Exit, Failure> {
    log_to_stderr(config)?;
    let afflicted = supervisor.map(|supervisor| afflicted(config, supervisor)).transpose()?;
    raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Code::Internal, "no threads").because(error))?;
    let ended = runtime.block_on(node(config, begin, afflicted.as_ref()));
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

/// A descriptor stays open for each superblock: the usual 1,024 would end at a terabyte.
fn raise_open_files() {
    let raised =
        getrlimit(Resource::RLIMIT_NOFILE).and_then(|(_, most)| setrlimit(Resource::RLIMIT_NOFILE, most, most));
    if let Err(error) = raised {
        tracing::warn!(%error, "the number of open files could not be raised");
    }
}

/// What labs do to this node, which nobody off this machine may reach.
fn afflicted(config: &Config, supervisor: SocketAddr) -> Result<Arc<Afflicted>, Failure> {
    if !config.node.listen.ip().is_loopback() || !supervisor.ip().is_loopback() {
        return Err(Failure::new(Code::Config, "faults off loopback")
            .because("a node that takes them listens on loopback alone")
            .hint("start a cluster for labs with `vsd dev --nodes 3`"));
    }
    // a node of a `vsd dev` that is no more is nobody's; one that is frozen by then would hear nothing milder
    let followed = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    if followed.is_err() || !is_of_dev() {
        return Err(Failure::new(Code::Config, "faults outside `vsd dev`")
            .because("`--dev-faults` is what `vsd dev` says to the nodes that it starts")
            .hint("start a cluster for labs with `vsd dev --nodes 3`"));
    }
    let afflicted = Arc::new(Afflicted::new(supervisor));
    vs_client::line::troubled_by(afflicted.clone());
    Ok(afflicted)
}

/// Whether this process was started by a `vsd dev`.
fn is_of_dev() -> bool {
    let parent = format!("/proc/{}", std::os::unix::process::parent_id());
    let program = |process: &str| std::fs::read_link(format!("{process}/exe")).ok();
    let arguments = std::fs::read(format!("{parent}/cmdline")).unwrap_or_default();
    program(&parent).is_some_and(|own| Some(own) == program("/proc/self"))
        && arguments.split(|byte| *byte == 0).any(|argument| argument == b"dev")
}

async fn node(config: &Config, begin: &Begin, afflicted: Option<&Arc<Afflicted>>) -> Result<Exit, Failure> {
    let stop = stop_signal();
    tokio::pin!(stop);
    let (new, members) = match begin {
        Begin::Bootstrap => (NewNode::Bootstrap(ClusterId::from_random(rand::random())), &[][..]),
        Begin::Join(members) => (NewNode::Join(Uuid::from_bytes(rand::random())), members.as_slice()),
        Begin::GoOn => (NewNode::Refuse, &[][..]),
    };
    let mut data = DataDir::open(&config.node.data_dir, new, &config.node.listen.to_string())?;
    if data.identity.stage == Stage::Bootstrapping && !config.node.roles.contains(&Role::Metadata) {
        return Err(Failure::new(Code::Config, "the first node of a cluster needs the role `metadata`"));
    }
    let listener = bind(config).await?;
    let seeds = tokio::select! {
        seeds = admit(&mut data, config, members) => seeds?,
        signal = &mut stop => return Ok(exit_of(signal)),
    };

    let reserve = Arc::new(Reserve::open(&data.meta()));
    let meta = Meta::open(meta_options(config, &data, seeds)).await?;
    data.now_of_incarnation(meta.incarnation())?;
    let (closing, closed) = watch::channel(false);
    let routers = Arc::new(OnceLock::new());
    let server = tokio::spawn(listen::serve(listener, meta.acceptor(), routers.clone(), until(closed.clone())));
    let started = tokio::select! {
        started = Running::start(config, &mut data, &meta, &reserve, closed, afflicted) => Some(started),
        signal = &mut stop => {
            tracing::info!(%signal, "stopping before the node was ready");
            None
        }
    };
    let running = match started {
        Some(Ok((running, serves))) => {
            let _ = routers.set(serves);
            running
        }
        ended => {
            let _ = closing.send(true);
            meta.shutdown().await;
            return ended.map_or(Ok(Exit::Terminated), |failed| failed.map(|_| Exit::Ok));
        }
    };
    let keeper = tokio::spawn(async move { reserve.keep().await });
    notify("READY=1");
    tracing::info!(
        node = %data.identity.node,
        cluster = %data.identity.cluster,
        listen = %config.node.listen,
        roles = role_names(&config.node.roles),
        "ready"
    );

    let signal = tokio::select! {
        signal = stop => signal,
        failure = fatal(&meta, &running.stale) => {
            notify("STOPPING=1");
            return Err(failure);
        }
    };
    tracing::info!(%signal, "stopping");
    notify("STOPPING=1");
    keeper.abort();
    running.stop(&meta, server, &closing).await;
    tracing::info!("stopped");
    Ok(exit_of(signal))
}

/// Resolves once the daemon is closing.
async fn until(mut closed: watch::Receiver<bool>) {
    let _ = closed.wait_for(|closed| *closed).await;
}

fn exit_of(signal: Signal) -> Exit {
    if signal == Signal::SIGTERM { Exit::Terminated } else { Exit::Interrupted }
}

/// What runs while a node is ready.
struct Running {
    store: Arc<Store>,
    care: Arc<[Caretaker]>,
    sweeper: Arc<Sweeper>,
    repairer: JoinHandle<()>,
    repairing: CancellationToken,
    uploader: Uploader,
    faults: JoinHandle<()>,
    ending: watch::Sender<bool>,
    /// Told when the directories were opened by what turned out not to be the newest knowledge of them.
    stale: Arc<Notify>,
}

impl Running {
    /// Starts the roles, once the cluster knows this node's directories.
    async fn start(
        config: &Config,
        data: &mut DataDir,
        meta: &Meta,
        reserve: &Arc<Reserve>,
        closed: watch::Receiver<bool>,
        afflicted: Option<&Arc<Afflicted>>,
    ) -> Result<(Self, Routers), Failure> {
        until_begun(meta).await?;
        data.now_member()?;
        let disks = afflicted.cloned().map(|afflicted| afflicted as Arc<dyn DiskFaults>);
        let (store, membership) = join(config, data, meta, spec(config), disks.as_ref()).await?;
        let store = Arc::new(store);
        meta.tell_of(own(&store));
        let uploader = Uploader::start(
            upload::Options {
                addr: config.node.advertised(),
                from: leaves_from(config),
                node: data.identity.node,
                spool: data.spool(),
                concurrency: config.upload.concurrency,
                spool_full_percent: config.upload.spool_full_percent,
                chunks_full_percent: store.shares_disk(&data.spool()).then_some(config.storage.full_percent),
                media: config.media.clone(),
            },
            meta.clone(),
        )
        .await?;
        let care = start_care(config, &store)?;
        let repairing = CancellationToken::new();
        let chunks = ChunkClient::bound_to(leaves_from(config));
        let puts = Puts::new(chunks.clone(), meta.clone());
        let daemon = Daemon::new(meta.clone(), chunks, puts.clone());
        let (repair, repairer) = background::start(daemon, repairing.clone());
        let sweeper = Arc::new(Sweeper::start(meta.clone(), store.clone(), data.identity.node));
        let admin = admin::Services {
            meta: meta.clone(),
            store: store.clone(),
            care: care.clone(),
            repair,
            views: admin::ViewCounter::start(meta.clone()),
            node: data.identity.node,
            started_ms: wall_ms(),
            closed,
        };
        let faults = FaultService::new(data.identity.node, store.clone(), afflicted.cloned());
        let grpc = admin::router(admin, uploader.clone(), faults)?;
        let http = storage::router(
            store.clone(),
            data.identity.node,
            probes(&store, &care, &sweeper, reserve, meta, &uploader, puts),
        );
        let (ending, ended) = watch::channel(false);
        let stale = Arc::new(Notify::new());
        let faults = tokio::spawn(report_faults(meta.clone(), store.clone(), membership, ended, stale.clone()));
        let running = Self { store, care, sweeper, repairer, repairing, uploader, faults, ending, stale };
        Ok((running, Routers { grpc, http }))
    }

    async fn stop(self, meta: &Meta, server: JoinHandle<()>, closing: &watch::Sender<bool>) {
        self.sweeper.stop();
        self.repairing.cancel();
        let _ = self.repairer.await;
        // somebody else leads from here on, so nobody waits for an election
        meta.step_down().await;
        // Uploads end first, while they can still write chunks; their streams end with them.
        if tokio::time::timeout(STOP_TIMEOUT, self.uploader.stop()).await.is_err() {
            tracing::warn!("not every upload could be put aside in time; they go on at the next start");
        }
        let _ = closing.send(true);
        let _ = server.await;
        let (care, store) = (self.care, self.store);
        let shutdown = tokio::task::spawn_blocking(move || close_store(&care, &store));
        if tokio::time::timeout(CLOSE_TIMEOUT, shutdown).await.is_err() {
            tracing::warn!(
                "a disk does not answer; what was acknowledged on it is safe, and the next start takes longer"
            );
        }
        // the cluster hears of what failed while this node stopped
        let _ = self.ending.send(true);
        let _ = tokio::time::timeout(FAULT_TIMEOUT, self.faults).await;
        if tokio::time::timeout(CLOSE_TIMEOUT, meta.shutdown()).await.is_err() {
            tracing::warn!("the metadata does not close in time; what was acknowledged is safe");
        }
    }
}

/// Waits until a leader has sent the beginning of the log.
async fn until_begun(meta: &Meta) -> Result<(), Failure> {
    let mut waited = tokio::time::interval(BEGUN_SAY);
    waited.tick().await;
    loop {
        if let Some(why) = meta.fatal() {
            return Err(Failure::new(Code::Internal, "the metadata of this node has stopped").because(why));
        }
        if meta.has_begun() {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(BEGUN_POLL) => {}
            _ = waited.tick() => tracing::warn!("no leader has sent anything yet: can it reach this node's address?"),
        }
    }
}

/// What this node tells the others of its disks.
fn own(store: &Arc<Store>) -> Own {
    let store = store.clone();
    Box::new(move || {
        let (total, free) = store.space();
        let stats = store.stats();
        v1::NodeInfo {
            chunks: stats.iter().map(|(_, stats)| stats.chunks).sum(),
            chunk_bytes: stats.iter().map(|(_, stats)| stats.chunk_bytes).sum(),
            damaged: stats.iter().map(|(_, stats)| stats.damaged).sum(),
            dirs_changed: store.dirs_mark(),
            disk_total_bytes: total,
            disk_used_bytes: total.saturating_sub(free),
            disk_room_bytes: store.room_bytes(),
            ..v1::NodeInfo::default()
        }
    })
}

/// Ends care and seals what is being written, each directory by itself, so that none waits for another's disk.
fn close_store(care: &[Caretaker], store: &Store) {
    care.iter().for_each(Caretaker::ask_to_stop);
    std::thread::scope(|scope| {
        for caretaker in care {
            scope.spawn(|| caretaker.shutdown());
        }
        store.shutdown();
    });
}

/// The port is open only while the node can serve, so what is left to tell is that no directory takes writes.
fn probes(
    store: &Arc<Store>,
    care: &Arc<[Caretaker]>,
    sweeper: &Arc<Sweeper>,
    reserve: &Arc<Reserve>,
    meta: &Meta,
    uploader: &Uploader,
    repaired: Puts,
) -> Probes {
    let (readable, counted, reserve, care) = (store.clone(), store.clone(), reserve.clone(), care.clone());
    let (meta, uploader, sweeper) = (meta.clone(), uploader.clone(), sweeper.clone());
    Probes {
        ready: Arc::new(move || readable.ready()),
        metrics: Arc::new(move || {
            let own = counted.metrics() + &meta.metrics() + &reserve.metrics();
            own + &storage::care_metrics(&care) + &uploader.metrics() + &sweeper.metrics() + &repaired.metrics("repair")
        }),
    }
}

/// From now on the chunks are looked after.
fn start_care(config: &Config, store: &Store) -> Result<Arc<[Caretaker]>, Failure> {
    let care = Caretaker::start_all(store.dirs_shared(), care_terms(&config.storage));
    care.map(Into::into).map_err(|error| Failure::new(Code::Internal, "no threads").because(error))
}

/// How the chunks are to be looked after.
pub(crate) fn care_terms(storage: &config::Storage) -> Terms {
    let interval_ms = u64::try_from(storage.scrub_interval.0.as_millis()).unwrap_or(u64::MAX);
    Terms {
        scrub: ScrubTerms { interval_ms, bytes_per_s: storage.scrub_rate.0 },
        compact: CompactTerms { garbage_percent: storage.compact_garbage_percent },
        compact_bytes_per_s: storage.compact_rate.0,
    }
}

async fn bind(config: &Config) -> Result<TcpListener, Failure> {
    TcpListener::bind(config.node.listen).await.map_err(|error| {
        Failure::new(Code::Conflict, format!("cannot listen on {}", config.node.listen))
            .because(error)
            .hint("name another port with `--listen 127.0.0.1:7410`")
    })
}

/// What the node tells of itself.
pub(crate) fn spec(config: &Config) -> NodeSpec {
    NodeSpec {
        addr: config.node.advertised(),
        zone: config.node.zone.clone(),
        roles: config.node.roles.iter().copied().collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn meta_options(config: &Config, data: &DataDir, seeds: Seeds) -> MetaOptions {
    let identity = &data.identity;
    let first = Command::Bootstrap { cluster: identity.cluster, node: spec(config), dirs: Vec::new() };
    MetaOptions {
        dir: data.meta(),
        cluster: identity.cluster,
        incarnation: identity.incarnation,
        node: identity.node,
        addr: config.node.advertised(),
        from: leaves_from(config),
        begin: match identity.stage {
            Stage::Bootstrapping => meta::Begin::Bootstrap(Box::new(first)),
            Stage::Joining | Stage::Admitted => meta::Begin::Join,
            Stage::Member => meta::Begin::GoOn,
        },
        seeds,
        snapshot_entries: config.metadata.snapshot_entries,
    }
}

/// Tells the cluster when an fsync has failed: it remembers, so that a restart does not make the directory look well.
async fn report_faults(
    meta: Meta,
    store: Arc<Store>,
    mut membership: Membership,
    mut ending: watch::Receiver<bool>,
    stale: Arc<Notify>,
) {
    let mut is_last = false;
    while !is_last {
        is_last = tokio::time::timeout(FAULT_POLL, ending.wait_for(|ending| *ending)).await.is_ok();
        match membership.tell_news(&meta, store.failed_fsyncs()).await {
            Ok(true) => {}
            Ok(false) => stale.notify_one(),
            Err(failure) if failure.code.retryable() => tracing::debug!(%failure, "the cluster does not hear of it"),
            Err(failure) => tracing::warn!(%failure, "the cluster could not be told of this node's directories"),
        }
    }
}

/// Why the process has to be started again, once it has.
async fn fatal(meta: &Meta, stale: &Notify) -> Failure {
    let stopped = async {
        loop {
            if let Some(why) = meta.fatal() {
                return Failure::new(Code::Internal, "the metadata of this node has stopped")
                    .because(why)
                    .hint("what was acknowledged is safe; mend the cause and start vsd again");
            }
            tokio::time::sleep(FATAL_POLL).await;
        }
    };
    tokio::select! {
        failure = stopped => failure,
        () = stale.notified() => Failure::new(Code::DataDir, "the cluster knows of a fault of a data directory")
            .because("this node did not when it was started without a quorum")
            .hint("start vsd again"),
    }
}

/// The first of SIGINT and SIGTERM. From the first poll on neither ends the process by itself.
pub(crate) async fn stop_signal() -> Signal {
    use tokio::signal::unix::{SignalKind, signal};
    let awaited = |kind| async move {
        match signal(kind) {
            Ok(mut signals) => signals.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = awaited(SignalKind::interrupt()) => Signal::SIGINT,
        _ = awaited(SignalKind::terminate()) => Signal::SIGTERM,
    }
}

/// A moment of the wall clock as JSON has it.
pub(crate) fn rfc3339(at_ms: u64) -> String {
    let at = i64::try_from(at_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.unwrap_or_default().to_string()
}

/// The wall clock, for display.
pub(crate) fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn log_to_stderr(config: &Config) -> Result<(), Failure> {
    // openraft cries out at every message that a dead node does not take; whoever wants that names it. What of it an
    // operator has to know is said by `meta`.
    let filter = tracing_subscriber::EnvFilter::try_new(format!("openraft=off,{}", config.log.level))
        .map_err(|error| Failure::new(Code::Config, "log.level is wrong").because(error))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log.format {
        LogFormat::Json => builder.json().flatten_event(true).init(),
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).init(),
    }
    Ok(())
}
