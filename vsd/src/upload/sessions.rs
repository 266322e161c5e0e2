//! The sessions of this node: what is live in memory of each, and how the record and the live part make what a client sees.

use std::{
    collections::{HashMap, hash_map::Entry},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use vs_client::chunk::ChunkClient;
use vs_core::{
    error::{Code, Failure},
    id::{NodeId, UploadId, VideoId},
};
use vs_wire::v1::{self, SessionState};
use vsd_core::meta::{AssetStatus, ClusterTime, End, SettingName, UploadPhase, UploadRecord, View};

use super::{
    cutting::BUDGET_UNITS,
    pipeline,
    spool::{Spool, SpoolFile},
    tenure::{self, Role},
};
use crate::{config::Media, meta::Meta, puts::Puts, run::wall_ms, shell::Daemon};

/// How often the spool is looked through for files of uploads that are over.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) node: NodeId,
    pub(crate) addr: String,
    /// The address that connections to other nodes leave from.
    pub(crate) from: Option<std::net::IpAddr>,
    pub(crate) spool: PathBuf,
    pub(crate) concurrency: usize,
    pub(crate) spool_full_percent: u8,
    /// How full chunks may make the spool's disk, if they are on it too, in percent.
    pub(crate) chunks_full_percent: Option<u8>,
    pub(crate) media: Media,
}

/// What is being done for an upload right now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    pub(crate) state: SessionState,
    pub(crate) done: u64,
    pub(crate) total: u64,
    /// What `done` and `total` count.
    pub(crate) unit: &'static str,
    pub(crate) tracks_done: u32,
    pub(crate) tracks_total: u32,
    pub(crate) video: Option<VideoId>,
    pub(crate) replicas: usize,
    pub(crate) quorum: usize,
    /// Why it waits to be tried again.
    pub(crate) waiting: Option<Failure>,
}

/// The live part of a session.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    /// The spool's file while bytes arrive. Whoever holds the lock is the one appender.
    pub(crate) file: Arc<tokio::sync::Mutex<Option<SpoolFile>>>,
    /// Ends the appender, so that a new connection of the same client can take over.
    appender: Arc<Mutex<CancellationToken>>,
    pub(crate) offset: Arc<watch::Sender<u64>>,
    progress: Arc<watch::Sender<Progress>>,
}

impl Live {
    fn new(offset: u64) -> Self {
        Self {
            file: Arc::default(),
            appender: Arc::default(),
            offset: Arc::new(watch::Sender::new(offset)),
            progress: Arc::new(watch::Sender::new(Progress::default())),
        }
    }

    /// Ends whoever appends now, and gives the token that will end the caller.
    pub(crate) fn take_over(&self) -> CancellationToken {
        let fresh = CancellationToken::new();
        let mut current = self.appender.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, fresh.clone()).cancel();
        fresh
    }
}

/// The uploader role of this node; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Uploader {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: Options,
    meta: Meta,
    spool: Spool,
    chunks: ChunkClient,
    puts: Puts,
    daemon: Daemon,
    live: Mutex<HashMap<UploadId, Live>>,
    /// Uploads that are being finished, each with what stops it.
    running: Mutex<HashMap<UploadId, CancellationToken>>,
    /// Uploads that this node took and had no room for, and since when.
    let_go: Mutex<HashMap<UploadId, Instant>>,
    turns: Arc<Semaphore>,
    budget: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Uploader {
    /// Starts the role: goes on with what an earlier run left.
    pub(crate) async fn start(options: Options, meta: Meta) -> Result<Self, Failure> {
        let chunks = ChunkClient::bound_to(options.from);
        let puts = Puts::new(chunks.clone(), meta.clone());
        let inner = Inner {
            spool: Spool::new(options.spool.clone()),
            turns: Arc::new(Semaphore::new(options.concurrency)),
            budget: Arc::new(Semaphore::new(BUDGET_UNITS)),
            daemon: Daemon::new(meta.clone(), chunks.clone(), puts.clone()),
            puts,
            chunks,
            live: Mutex::default(),
            running: Mutex::default(),
            let_go: Mutex::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            options,
            meta,
        };
        let uploader = Self { inner: Arc::new(inner) };
        match uploader.sweep_spool().await {
            // its chunks are served all the same (AVL-1)
            Err(failure) if failure.code.retryable() => not_swept(&failure),
            swept => swept?,
        }
        let sweeper = uploader.clone();
        uploader.inner.tasks.spawn(async move {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(SWEEP_INTERVAL) => {}
                    () = sweeper.stopping() => return,
                }
                if let Err(failure) = sweeper.sweep_spool().await {
                    not_swept(&failure);
                }
            }
        });
        Ok(uploader)
    }

    /// Lets the steps under way end; what is not done goes on at the next start.
    pub(crate) async fn stop(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// Continues every upload of this node that is received but not finished, and of other nodes those whose original is
    /// stored and whose writer has long been silent; drops files that belong to none.
    pub(crate) async fn sweep_spool(&self) -> Result<(), Failure> {
        let state = self.meta().read().await?;
        let view = state.view();
        let mut after = None;
        let mut open = std::collections::HashSet::new();
        loop {
            let page = view.uploads(after, 500).map_err(internal)?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for record in &page {
                if record.node == self.node() && !record.is_over() {
                    open.insert(record.id);
                }
                if self.role(&view, record)? != Role::Nobody && !self.has_let_go(record.id) {
                    self.process(record.id);
                }
            }
        }
        let spool = self.inner.spool.clone();
        let files = pipeline::blocking(move || spool.uploads()).await?;
        for upload in files.into_iter().filter(|upload| !open.contains(upload)) {
            // Begun after the list was read, or over: the record decides.
            if view_now(self, upload).await?.is_none_or(|record| record.is_over()) && !self.is_running(upload) {
                self.drop_live(upload);
                self.inner.spool.remove(upload);
            }
        }
        Ok(())
    }

    /// Begins to finish a received upload, unless that is under way.
    pub(crate) fn process(&self, upload: UploadId) {
        let stop = self.inner.stop.child_token();
        match lock(&self.inner.running).entry(upload) {
            Entry::Vacant(entry) if !self.is_stopping() => drop(entry.insert(stop.clone())),
            _ => return,
        }
        let uploader = self.clone();
        self.inner.tasks.spawn(async move {
            // A task of its own: whatever becomes of it, the upload can be taken up again.
            let ended = tokio::spawn(pipeline::run(uploader.clone(), upload, stop)).await;
            lock(&uploader.inner.running).remove(&upload);
            if let Err(error) = ended {
                tracing::error!(%upload, %error, "finishing an upload broke down");
            }
        });
    }

    /// What this node is to an upload by this state.
    pub(super) fn role(&self, view: &View<'_>, record: &UploadRecord) -> Result<Role, Failure> {
        let lease_ms = view.setting(SettingName::UploadLease).map_err(internal)?;
        Ok(tenure::role(record, self.node(), view.cluster_time().map_err(internal)?, lease_ms))
    }

    /// There is no room for an upload that was fetched from its chunks: nothing of it stays here, and others may try.
    pub(super) fn let_go(&self, upload: UploadId) {
        lock(&self.inner.let_go).insert(upload, Instant::now());
        self.inner.spool.remove(upload);
    }

    fn has_let_go(&self, upload: UploadId) -> bool {
        let mut let_go = lock(&self.inner.let_go);
        let_go.retain(|_, since| since.elapsed() < tenure::LEFT_TO_OTHERS);
        let_go.contains_key(&upload)
    }

    fn is_running(&self, upload: UploadId) -> bool {
        lock(&self.inner.running).contains_key(&upload)
    }

    /// The upload is over: nothing of it stays here, and nothing works on it.
    pub(crate) fn forget(&self, upload: UploadId) {
        if let Some(stop) = lock(&self.inner.running).get(&upload) {
            stop.cancel();
        }
        self.drop_live(upload);
        self.inner.spool.remove(upload);
    }

    fn drop_live(&self, upload: UploadId) {
        if let Some(live) = lock(&self.inner.live).remove(&upload) {
            live.take_over().cancel();
        }
    }

    pub(crate) fn live(&self, upload: UploadId) -> Live {
        let fresh = || Live::new(self.inner.spool.offset(upload));
        lock(&self.inner.live).entry(upload).or_insert_with(fresh).clone()
    }

    pub(crate) fn report(&self, upload: UploadId, change: impl FnOnce(&mut Progress)) {
        self.live(upload).progress.send_modify(change);
    }

    /// Hears of every step of an upload's progress.
    pub(crate) fn progress(&self, upload: UploadId) -> watch::Receiver<Progress> {
        self.live(upload).progress.subscribe()
    }

    /// What a client sees of a session.
    pub(crate) fn session(&self, view: &View<'_>, record: &UploadRecord) -> Result<v1::Session, Failure> {
        let live = lock(&self.inner.live).get(&record.id).cloned();
        let progress = live.as_ref().map(|live| live.progress.borrow().clone()).unwrap_or_default();
        let addr = view.node(record.node).map_err(internal)?.map(|node| node.spec.addr).unwrap_or_default();
        let mut session = v1::Session {
            upload: record.id.to_string(),
            state: progress.state.into(),
            node: record.node.0,
            node_addr: addr,
            file_name: record.file_name.clone(),
            title: record.title.clone(),
            size: record.size.unwrap_or(0),
            durable_offset: live.map_or_else(|| self.inner.spool.offset(record.id), |live| *live.offset.borrow()),
            done: progress.done,
            total: progress.total,
            unit: progress.unit.to_owned(),
            tracks_done: progress.tracks_done,
            tracks_total: progress.tracks_total,
            created_at_ms: record.begun_ms,
            quorum: u32::try_from(progress.quorum).unwrap_or(0),
            replicas: u32::try_from(progress.replicas).unwrap_or(0),
            failure: progress.waiting.as_ref().map(vs_wire::failure_to_wire),
            ..v1::Session::default()
        };
        match &record.phase {
            UploadPhase::Receiving => {
                session.state = SessionState::Receiving.into();
                let expiry = record.touched.plus_ms(view.setting(SettingName::UploadExpiry).map_err(internal)?);
                session.expires_at_ms = wall_of(view, expiry)?;
            }
            UploadPhase::Received { sha256, bytes } | UploadPhase::Stored { sha256, bytes } => {
                session.sha256 = sha256.0.to_vec();
                session.size = *bytes;
                session.durable_offset = *bytes;
                let stored = matches!(record.phase, UploadPhase::Stored { .. });
                let least = if stored { SessionState::Processing } else { SessionState::Probing };
                session.state = session.state.max(least.into());
                // what was committed for this node may be ahead of what it has applied
                if stored || progress.video.is_some() {
                    session.video = record.video.to_string();
                }
            }
            UploadPhase::Ended(end) => ended(&mut session, record, end, view)?,
        }
        Ok(session)
    }

    pub(crate) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        self.inner.turns.clone().acquire_owned().await.ok()
    }

    pub(crate) fn meta(&self) -> &Meta {
        &self.inner.meta
    }

    pub(crate) fn options(&self) -> &Options {
        &self.inner.options
    }

    pub(crate) fn node(&self) -> NodeId {
        self.inner.options.node
    }

    pub(crate) fn addr(&self) -> &str {
        &self.inner.options.addr
    }

    pub(crate) fn spool(&self) -> &Spool {
        &self.inner.spool
    }

    pub(crate) fn chunks(&self) -> &ChunkClient {
        &self.inner.chunks
    }

    pub(crate) fn daemon(&self) -> &Daemon {
        &self.inner.daemon
    }

    /// What the role counts, in Prometheus' text format.
    pub(crate) fn metrics(&self) -> String {
        self.inner.puts.metrics("upload")
    }

    pub(crate) fn budget(&self) -> Arc<Semaphore> {
        self.inner.budget.clone()
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.inner.stop.is_cancelled()
    }

    pub(crate) async fn stopping(&self) {
        self.inner.stop.cancelled().await;
    }
}

/// The record as it is now, by a read of its own.
pub(crate) async fn view_now(uploader: &Uploader, upload: UploadId) -> Result<Option<UploadRecord>, Failure> {
    let state = uploader.meta().read().await?;
    state.view().upload(upload).map_err(internal)
}

/// Fills in how an upload ended.
fn ended(session: &mut v1::Session, record: &UploadRecord, end: &End, view: &View<'_>) -> Result<(), Failure> {
    let (state, failure) = match end {
        End::Ready | End::Duplicate { .. } => (SessionState::Ready, None),
        End::Unplayable { reason } => {
            let code = if reason.starts_with(pipeline::NO_ROOM) { Code::NoSpace } else { Code::MediaRejected };
            (SessionState::Failed, Some((code, reason.clone())))
        }
        End::Failed { code, reason } => {
            (SessionState::Rejected, Some((code.parse().unwrap_or(Code::Internal), reason.clone())))
        }
        End::Aborted => (SessionState::Aborted, None),
        End::Expired => {
            (SessionState::Aborted, Some((Code::NotFound, "it was left unfinished for too long".to_owned())))
        }
    };
    session.state = state.into();
    session.done = session.total;
    session.failure = failure.map(|(code, reason)| {
        let what = match code {
            _ if state == SessionState::Failed => "the film has no playable tracks; its original is stored",
            Code::Conflict => "the library has these bytes",
            Code::NotFound => "the upload has expired",
            Code::NoSpace => "no room for the upload",
            _ => "the file cannot be taken in",
        };
        vs_wire::failure_to_wire(&Failure::new(code, what).because(reason))
    });
    session.deduplicated = matches!(end, End::Duplicate { .. });
    if !pipeline::is_kept(end) {
        return Ok(());
    }
    session.video = record.video.to_string();
    if let Some(video) = view.video(record.video).map_err(internal)? {
        session.title = video.title;
    }
    if let Some(asset) = view.asset(record.asset).map_err(internal)? {
        let room = view.layout(asset.since).map_err(internal)?.map_or(0, |layout| layout.room());
        session.logical_bytes = asset.track_bytes();
        session.physical_bytes = asset.physical_bytes(room);
        session.duration_ms = crate::admin::duration_ms(&asset);
        session.sha256 = asset.sha256.map(|hash| hash.0.to_vec()).unwrap_or_default();
        session.size = asset.bytes;
        if asset.status == AssetStatus::Processing {
            session.state = SessionState::Processing.into();
        }
    }
    session.durable_offset = session.size;
    Ok(())
}

/// When, by the wall clock, cluster time reaches `at`, if it goes on as now.
pub(crate) fn wall_of(view: &View<'_>, at: ClusterTime) -> Result<u64, Failure> {
    let now = view.cluster_time().map_err(internal)?;
    Ok(wall_ms().saturating_add(at.0.saturating_sub(now.0)))
}

fn not_swept(failure: &Failure) {
    tracing::warn!(%failure, "the spool could not be looked through");
}

fn internal(error: vsd_core::meta::TableError) -> Failure {
    Failure::new(Code::Internal, error.to_string())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
