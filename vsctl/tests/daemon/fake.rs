//! A daemon in this process that keeps videos and uploads in memory, and misbehaves when told to; or several that agree.

mod admin;
pub(crate) mod care;

use std::{
    collections::{HashMap, HashSet},
    pin::Pin,
    process::Output,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{Stream, StreamExt};
use tokio::{net::TcpListener, process::Command};
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::{Request, Response, Status, Streaming};
use vs_core::{
    error::{Code, Failure},
    hash::Hash,
};
use vs_wire::{
    Stamp, failure_to_wire, status_from_failure,
    v1::{self, SessionState, VideoStatus, admin_server, cluster_server, meta_server, upload_server},
};

type Answer<T> = Result<Response<T>, Status>;
type Flow<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// One upload, with its bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spool {
    pub(crate) session: v1::Session,
    pub(crate) bytes: Vec<u8>,
    pub(crate) begun_with: v1::BeginRequest,
    /// Offsets at which appending began.
    pub(crate) began_at: Vec<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) videos: Vec<v1::Video>,
    pub(crate) spools: HashMap<String, Spool>,
    /// Break this many streams, each after so many bytes.
    pub(crate) breaks: Vec<usize>,
    /// End this many streams in good order before the client does, each after so many bytes.
    pub(crate) ends: Vec<usize>,
    /// Refuse files that begin with this.
    pub(crate) refuse: Option<(Vec<u8>, Code)>,
    /// Refuse new uploads but of what is among the videos.
    pub(crate) is_full: bool,
    /// The node that has the spools of sessions: its number and address. Others refuse bytes.
    pub(crate) spool_at: Option<(u64, String)>,
    /// Where bytes came in, stream by stream.
    pub(crate) appended_at: Vec<String>,
    pub(crate) open_clients: HashSet<String>,
    /// Numbers of the changes that came, in order.
    pub(crate) numbers: Vec<u64>,
    /// Without a quorum only stale reads are answered.
    pub(crate) no_quorum: bool,
    pub(crate) cluster: v1::ClusterState,
    pub(crate) nodes: Vec<v1::NodeInfo>,
    pub(crate) snapshots: Vec<v1::TakenSnapshot>,
    pub(crate) replicas: Vec<v1::Replica>,
    /// End a stream of the cluster's state after this many pictures.
    pub(crate) pictures: usize,
    pub(crate) kept: care::Kept,
}

impl State {
    /// How an upload ends whose hash is offered and whose bytes are here already.
    fn twin(&self, request: &v1::BeginRequest) -> Option<v1::Session> {
        let hash = vs_wire::hash(&request.sha256).ok()?.to_string();
        let video = self.videos.iter().find(|video| video.id.starts_with(&hash[..8]))?;
        Some(v1::Session {
            upload: request.upload.clone(),
            state: SessionState::Ready.into(),
            video: video.id.clone(),
            title: video.title.clone(),
            size: request.size,
            sha256: request.sha256.clone(),
            deduplicated: true,
            ..v1::Session::default()
        })
    }
}

/// What a minority answers.
fn no_quorum() -> Status {
    let failure = Failure::new(Code::NoQuorum, "no quorum: 1 of 3 voters reachable (need 2)");
    status_from_failure(&failure.because("n2 10.0.0.12:7400  connection refused"))
}

/// A running fake.
#[derive(Clone, Debug)]
pub(crate) struct Fake {
    state: Arc<Mutex<State>>,
    pub(crate) addr: String,
    pub(crate) home: Arc<tempfile::TempDir>,
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let fake = Self::sharing(Arc::default()).await;
        *fake.state() = admin::three_nodes();
        fake
    }

    /// Another node of the same cluster.
    pub(crate) async fn beside(&self) -> Self {
        Self::sharing(Arc::clone(&self.state)).await
    }

    async fn sharing(state: Arc<Mutex<State>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        let home = Arc::new(tempfile::tempdir().unwrap());
        let fake = Self { state, addr, home };
        let server = tonic::transport::Server::builder()
            .add_service(meta_server::MetaServer::new(fake.clone()))
            .add_service(upload_server::UploadServer::new(fake.clone()))
            .add_service(admin_server::AdminServer::new(fake.clone()))
            .add_service(cluster_server::ClusterServer::new(fake.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        fake
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A film of the library.
    pub(crate) fn add_video(&self, id: &str, title: &str, views: u64) {
        let mut state = self.state();
        let created_at_ms = 1_700_000_000_000 + state.videos.len() as u64;
        state.videos.push(v1::Video {
            id: id.to_owned(),
            title: title.to_owned(),
            status: VideoStatus::Ready.into(),
            scheme: Some(v1::Scheme { kind: Some(v1::scheme::Kind::Replicate(1)) }),
            views,
            created_at_ms,
            ..v1::Video::default()
        });
    }

    /// vsctl, talking to this fake and remembering things in its home.
    pub(crate) fn vsctl(&self, args: &[&str]) -> Command {
        let mut command = vsctl(self.home.path(), args);
        command.env("VSCTL_ENDPOINT", &self.addr);
        command
    }

    pub(crate) async fn run(&self, args: &[&str]) -> Ran {
        ran(self.vsctl(args)).await
    }

    /// Checks that a changing call is a numbered one of an open session. Dry runs change nothing and need none.
    fn admit<T>(&self, request: &Request<T>, dry_run: bool) -> Result<(), Status> {
        let mut state = self.state();
        if state.no_quorum {
            return Err(no_quorum());
        }
        let stamp = Stamp::read(request.metadata()).map_err(|error| Status::invalid_argument(error.to_string()))?;
        match stamp {
            None if dry_run => Ok(()),
            Some(stamp) if !dry_run && state.open_clients.contains(&stamp.client.to_string()) => {
                state.numbers.push(stamp.seq);
                Ok(())
            }
            stamp => Err(Status::internal(format!("{stamp:?} of a call with dry_run {dry_run}"))),
        }
    }

    /// Answers stale reads always, others with a quorum.
    fn admit_read(&self, consistency: v1::Consistency) -> Result<Option<u64>, Status> {
        match consistency {
            v1::Consistency::Stale => Ok(Some(120)),
            v1::Consistency::Linearizable if self.state().no_quorum => Err(no_quorum()),
            v1::Consistency::Linearizable => Ok(None),
        }
    }

    fn find(&self, name: &str) -> Result<v1::Video, Failure> {
        let state = self.state();
        let matches = |v: &&v1::Video| v.id.starts_with(name) || v.title == name;
        let found: Vec<_> = state.videos.iter().filter(matches).cloned().collect();
        match found.as_slice() {
            [] => Err(Failure::new(Code::NotFound, format!("no video `{name}`"))),
            [video] => Ok(video.clone()),
            several => {
                let mut failure = Failure::new(Code::Ambiguous, format!("`{name}` means several videos"));
                failure.why.extend(several.iter().map(|video| format!("{}  {}", video.id, video.title)));
                Err(failure)
            }
        }
    }

    fn change(&self, name: &str, dry_run: bool, change: impl Fn(&mut v1::Video)) -> Answer<v1::Video> {
        let mut found = self.find(name).map_err(|failure| status_from_failure(&failure))?;
        change(&mut found);
        if !dry_run {
            let mut state = self.state();
            state.videos.retain(|video| video.id != found.id);
            state.videos.push(found.clone());
        }
        Ok(Response::new(found))
    }

    /// What the daemon would make of the bytes.
    fn finish_spool(&self, upload: &str) -> Result<v1::Session, Failure> {
        let mut state = self.state();
        let refuse = state.refuse.clone();
        let spool = state.spools.get_mut(upload).ok_or_else(|| Failure::new(Code::NotFound, "no such session"))?;
        let session = &mut spool.session;
        session.sha256 = Hash::of(&spool.bytes).0.to_vec();
        session.size = spool.bytes.len() as u64;
        if let Some((_, code)) = refuse.filter(|(start, _)| spool.bytes.starts_with(start)) {
            let failure = Failure::new(code, "not a media file").because("no stream found");
            session.failure = Some(failure_to_wire(&failure));
            session.set_state(SessionState::Rejected);
            return Ok(session.clone());
        }
        session.video = format!("{}-0000-4000-8000-000000000000", &Hash::of(&spool.bytes).to_string()[..8]);
        session.duration_ms = 596_000;
        session.logical_bytes = session.size;
        session.physical_bytes = session.size * 3;
        session.set_state(SessionState::Processing);
        let session = session.clone();
        let video = v1::Video {
            id: session.video.clone(),
            title: session.title.clone(),
            status: VideoStatus::Ready.into(),
            ..v1::Video::default()
        };
        state.videos.push(video);
        Ok(session)
    }
}

/// vsctl with nothing of the machine's own configuration.
pub(crate) fn vsctl(home: &std::path::Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vsctl"));
    command.args(args).env_clear().kill_on_drop(true).stdin(std::process::Stdio::null());
    command.env("HOME", home).env("XDG_STATE_HOME", home.join("state")).env("XDG_CONFIG_HOME", home.join("config"));
    command
}

/// How a run of vsctl ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

pub(crate) async fn ran(mut command: Command) -> Ran {
    let output = tokio::time::timeout(Duration::from_secs(60), command.output()).await.expect("it hangs").unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let Output { status, stdout, stderr } = output;
    Ran { exit: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

fn unused<T>() -> Answer<T> {
    Err(Status::unimplemented("not part of the fake"))
}

#[tonic::async_trait]
impl meta_server::Meta for Fake {
    async fn list_videos(&self, request: Request<v1::ListVideosRequest>) -> Answer<v1::ListVideosResponse> {
        let request = request.into_inner();
        let age_ms = self.admit_read(request.consistency())?;
        // Pages of two, whatever was asked for: the client must not depend on it.
        let from: usize = request.page_token.parse().unwrap_or(0);
        let state = self.state();
        let wanted = |video: &&v1::Video| match request.statuses.as_slice() {
            [] => video.status() != VideoStatus::Trashed,
            statuses => statuses.contains(&video.status),
        };
        let all: Vec<_> = state.videos.iter().filter(wanted).cloned().collect();
        let next = from + 2;
        let next_page_token = if next < all.len() { next.to_string() } else { String::new() };
        let items = all.into_iter().skip(from).take(2).collect();
        Ok(Response::new(v1::ListVideosResponse { items, next_page_token, age_ms }))
    }

    async fn get_video(&self, request: Request<v1::GetVideoRequest>) -> Answer<v1::VideoDetail> {
        let video = self.find(&request.get_ref().video).map_err(|failure| status_from_failure(&failure))?;
        let redundancy = Some(v1::Redundancy { healthy: 4, ..v1::Redundancy::default() });
        Ok(Response::new(v1::VideoDetail { video: Some(video), redundancy, ..v1::VideoDetail::default() }))
    }

    async fn edit_video(&self, request: Request<v1::EditVideoRequest>) -> Answer<v1::Video> {
        self.admit(&request, request.get_ref().dry_run)?;
        let request = request.into_inner();
        self.change(&request.video, request.dry_run, |video| {
            video.title = request.title.clone().unwrap_or_else(|| video.title.clone());
        })
    }

    async fn trash_video(&self, request: Request<v1::VideoRef>) -> Answer<v1::Video> {
        self.admit(&request, request.get_ref().dry_run)?;
        let request = request.into_inner();
        self.change(&request.video, request.dry_run, |video| video.set_status(VideoStatus::Trashed))
    }

    async fn restore_video(&self, request: Request<v1::VideoRef>) -> Answer<v1::Video> {
        self.admit(&request, request.get_ref().dry_run)?;
        let request = request.into_inner();
        self.change(&request.video, request.dry_run, |video| video.set_status(VideoStatus::Ready))
    }

    async fn purge_video(&self, request: Request<v1::VideoRef>) -> Answer<v1::Video> {
        self.admit(&request, request.get_ref().dry_run)?;
        let request = request.into_inner();
        let video = self.find(&request.video).map_err(|failure| status_from_failure(&failure))?;
        if !request.dry_run {
            self.state().videos.retain(|other| other.id != video.id);
        }
        Ok(Response::new(video))
    }

    async fn open_client(&self, request: Request<v1::OpenClientRequest>) -> Answer<v1::OpenClientResponse> {
        let mut state = self.state();
        if state.no_quorum {
            return Err(no_quorum());
        }
        state.open_clients.insert(request.into_inner().client);
        Ok(Response::new(v1::OpenClientResponse { seq: 0 }))
    }

    async fn close_client(&self, request: Request<v1::CloseClientRequest>) -> Answer<v1::CloseClientResponse> {
        self.state().open_clients.remove(&request.into_inner().client);
        Ok(Response::new(v1::CloseClientResponse {}))
    }

    async fn get_manifest(&self, request: Request<v1::GetManifestRequest>) -> Answer<v1::Manifest> {
        self.admit_read(request.get_ref().consistency())?;
        self.manifest()
    }

    async fn get_part(&self, request: Request<v1::GetPartRequest>) -> Answer<v1::GetPartResponse> {
        self.part(request.get_ref())
    }

    async fn count_view(&self, _: Request<v1::CountViewRequest>) -> Answer<v1::CountViewResponse> {
        unused()
    }

    async fn set_redundancy(&self, request: Request<v1::SetRedundancyRequest>) -> Answer<v1::RedundancyInfo> {
        self.admit(&request, request.get_ref().dry_run)?;
        self.keep_otherwise(request.into_inner())
    }

    async fn list_redundancy(&self, request: Request<v1::ListRedundancyRequest>) -> Answer<v1::ListRedundancyResponse> {
        let age_ms = self.admit_read(request.get_ref().consistency())?;
        self.redundancies(request.get_ref(), age_ms)
    }
}

#[tonic::async_trait]
impl upload_server::Upload for Fake {
    type AppendStream = Flow<v1::AppendResponse>;
    type WatchStream = Flow<v1::Session>;

    async fn begin(&self, request: Request<v1::BeginRequest>) -> Answer<v1::BeginResponse> {
        self.admit(&request, false)?;
        let request = request.into_inner();
        let mut state = self.state();
        if state.is_full && !state.spools.contains_key(&request.upload) {
            let session = state
                .twin(&request)
                .ok_or_else(|| status_from_failure(&Failure::new(Code::NoSpace, "the cluster has no room for it")))?;
            return Ok(Response::new(v1::BeginResponse { session: Some(session) }));
        }
        let (node, node_addr) = state.spool_at.clone().unwrap_or_default();
        let fresh = || Spool {
            session: v1::Session {
                upload: request.upload.clone(),
                state: SessionState::Receiving.into(),
                file_name: request.file_name.clone(),
                title: request.title.clone(),
                size: request.size,
                node,
                node_addr,
                ..v1::Session::default()
            },
            begun_with: request.clone(),
            ..Spool::default()
        };
        let spool = state.spools.entry(request.upload.clone()).or_insert_with(fresh);
        spool.session.durable_offset = spool.bytes.len() as u64;
        Ok(Response::new(v1::BeginResponse { session: Some(spool.session.clone()) }))
    }

    async fn append(&self, request: Request<Streaming<v1::AppendRequest>>) -> Answer<Self::AppendStream> {
        let mut pieces = request.into_inner();
        let fake = self.clone();
        {
            let mut state = self.state();
            if let Some((node, addr)) = state.spool_at.as_ref().filter(|(_, addr)| *addr != self.addr) {
                let failure = Failure::new(Code::Conflict, format!("the upload's spool is on n{node} at {addr}"));
                return Err(status_from_failure(&failure));
            }
            state.appended_at.push(self.addr.clone());
        }
        let (give, acks) = tokio::sync::mpsc::channel(16);
        tokio::spawn(async move {
            let (budget, limit) = {
                let mut state = fake.state();
                (state.breaks.pop(), state.ends.pop())
            };
            let (mut upload, mut taken) = (String::new(), 0);
            while let Some(Ok(piece)) = pieces.next().await {
                let is_first = upload.is_empty();
                if is_first {
                    upload.clone_from(&piece.upload);
                }
                taken += piece.data.len();
                let broken = budget.is_some_and(|budget| taken > budget);
                let durable = {
                    let mut state = fake.state();
                    let Some(spool) = state.spools.get_mut(&upload) else { return };
                    if is_first {
                        spool.began_at.push(piece.offset);
                    }
                    if spool.bytes.len() as u64 == piece.offset && !broken {
                        spool.bytes.extend_from_slice(&piece.data);
                    }
                    spool.bytes.len() as u64
                };
                let ack = if broken { Err(Status::unavailable("restarting")) } else { Ok(durable) };
                let ack = ack.map(|durable_offset| v1::AppendResponse { durable_offset });
                let ended = limit.is_some_and(|limit| taken >= limit);
                if give.send(ack).await.is_err() || broken || ended {
                    return;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(acks))))
    }

    async fn finish(&self, request: Request<v1::FinishRequest>) -> Answer<v1::Session> {
        let request = request.into_inner();
        let stored = self.state().spools.get(&request.upload).map(|spool| spool.bytes.clone()).unwrap_or_default();
        if stored.len() as u64 != request.size || Hash::of(&stored).0 != request.sha256.as_slice() {
            return Err(status_from_failure(&Failure::new(Code::Integrity, "other bytes than were sent")));
        }
        self.finish_spool(&request.upload).map(Response::new).map_err(|failure| status_from_failure(&failure))
    }

    async fn watch(&self, request: Request<v1::WatchRequest>) -> Answer<Self::WatchStream> {
        let mut state = self.state();
        let Some(spool) = state.spools.get_mut(&request.get_ref().upload) else {
            return Err(status_from_failure(&Failure::new(Code::NotFound, "no such session")));
        };
        let before = spool.session.clone();
        if before.state() == SessionState::Processing {
            spool.session.set_state(SessionState::Ready);
        }
        let states = [Ok(before), Ok(spool.session.clone())];
        Ok(Response::new(Box::pin(futures::stream::iter(states))))
    }

    async fn abort(&self, request: Request<v1::SessionRef>) -> Answer<v1::Session> {
        self.admit(&request, request.get_ref().dry_run)?;
        let mut state = self.state();
        let found = state.spools.iter_mut().find(|(id, _)| id.starts_with(&request.get_ref().upload));
        let Some((_, spool)) = found else {
            return Err(status_from_failure(&Failure::new(Code::NotFound, "no such session")));
        };
        if !request.get_ref().dry_run {
            spool.session.set_state(SessionState::Aborted);
        }
        Ok(Response::new(spool.session.clone()))
    }

    async fn list_sessions(&self, _: Request<v1::ListSessionsRequest>) -> Answer<v1::ListSessionsResponse> {
        let items = self.state().spools.values().map(|spool| spool.session.clone()).collect();
        Ok(Response::new(v1::ListSessionsResponse { items, next_page_token: String::new() }))
    }
}
