//! The way to the other nodes: connections that carry nothing but what nodes say to one another (`peer.proto`).
//!
//! Invariants:
//! - A connection begins with [`PREFACE`], so that the one port can hand it to the threads of the consensus before any of
//!   it is read as a request: bulk data never delays a heartbeat.
//! - What is long (snapshots) has a connection of its own, so that it does not delay heartbeats either.
//! - Every call says which node of which cluster it is meant for. A node that was wiped and came back under another id,
//!   or that belongs to another cluster, refuses it.

use std::{
    collections::{BTreeSet, HashMap},
    io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use hyper_util::rt::TokioIo;
use tokio::{io::AsyncWriteExt, net::TcpSocket, runtime::Handle};
use tonic::{
    Request, Response, Status,
    metadata::{MetadataMap, MetadataValue},
    transport::{Channel, Endpoint, Uri},
};
use vs_client::line::{self, Line};
use vs_core::{
    error::{Code, Failure},
    id::{ClusterId, NodeId},
    limit::PAGE_ITEMS_MAX,
};
use vs_wire::{MESSAGE_BYTES_MAX, failure_from_status, status_from_failure, v1::peer_client::PeerClient};
use vsd_core::meta::{TableError, View};

/// What a connection between nodes begins with.
pub(crate) const PREFACE: &[u8; 8] = b"VSPEER1\n";

const CLUSTER: &str = "vs-cluster";
const INCARNATION: &str = "vs-incarnation";
const FROM: &str = "vs-from";
const TO: &str = "vs-to";
const ADDR: &str = "vs-addr";

/// How long a node may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// A connection on which nothing comes back for so long is given up.
const KEEPALIVE: Duration = Duration::from_secs(1);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(2);
const WINDOW_BYTES: u32 = 4 << 20;
/// How often it is said again that this node was left behind.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Me {
    pub(crate) cluster: ClusterId,
    pub(crate) incarnation: u64,
    pub(crate) node: NodeId,
}

/// Why a peer did not answer.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum PeerError {
    #[error("its address is not known")]
    NoAddress,
    /// No connection: the call was not sent.
    #[error("{0}")]
    NotSent(String),
    /// Whether the call took effect is not known.
    #[error("{0}")]
    Broken(String),
    #[error("timed out after {} ms", .0.as_millis())]
    Timeout(Duration),
    #[error("{0}")]
    Refused(Failure),
}

#[derive(Clone)]
struct Link {
    addr: String,
    control: Channel,
    bulk: Channel,
}

/// Connections to the other nodes, made when they are first needed; clones share them.
#[derive(Clone)]
pub(crate) struct Peers(Arc<Inner>);

struct Inner {
    me: Me,
    from: Option<IpAddr>,
    threads: Handle,
    addrs: Mutex<HashMap<NodeId, String>>,
    /// What the state says of that. A node that has moved says so itself before the state can.
    listed: Mutex<HashMap<NodeId, String>>,
    /// Of a leader: who votes, and whether it has committed an entry of its term.
    led: Mutex<(Vec<BTreeSet<u64>>, bool)>,
    links: Mutex<HashMap<NodeId, Link>>,
    /// When each node last answered the leader's entries or heartbeats.
    answered: Mutex<HashMap<NodeId, Instant>>,
    /// This node's data directory, for the command that a person is told to type.
    data_dir: PathBuf,
    newer: Mutex<Option<Newer>>,
}

/// A later incarnation of the cluster, which refuses this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Newer {
    pub(crate) incarnation: u64,
    /// Where a node is that is of it.
    pub(crate) addr: String,
    told: Instant,
}

impl std::fmt::Debug for Peers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peers").field("me", &self.0.me).finish_non_exhaustive()
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Peers {
    /// Connections leave from `from`, where one address is this node's, and live on `threads`.
    pub(super) fn new(me: Me, from: Option<IpAddr>, data_dir: Option<&Path>, threads: Handle) -> Self {
        let (addrs, listed, led, links, answered, newer) = Default::default();
        let data_dir = data_dir.unwrap_or(Path::new(".")).to_owned();
        Self(Arc::new(Inner { me, from, threads, addrs, listed, led, links, answered, data_dir, newer }))
    }

    pub(super) fn me(&self) -> Me {
        self.0.me
    }

    /// Where a node can be reached from now on.
    pub(super) fn learn(&self, node: NodeId, addr: &str) {
        if !addr.is_empty() {
            lock(&self.0.addrs).insert(node, addr.to_owned());
        }
    }

    pub(super) fn addr(&self, node: NodeId) -> Option<String> {
        lock(&self.0.addrs).get(&node).cloned()
    }

    /// Where the state says that the other nodes can be reached: heeded when that is new.
    pub(super) fn learn_listed(&self, view: &View<'_>) -> Result<(), TableError> {
        for node in view.nodes(None, PAGE_ITEMS_MAX)?.into_iter().filter(|node| node.id != self.0.me.node) {
            let addr = node.spec.addr;
            let before = lock(&self.0.listed).insert(node.id, addr.clone());
            if before.is_none_or(|before| before != addr) {
                self.learn(node.id, &addr);
            }
        }
        Ok(())
    }

    /// Whom this node leads, if it does.
    pub(super) fn lead(&self, voters: Vec<BTreeSet<u64>>, settled: bool) {
        *lock(&self.0.led) = (voters, settled);
    }

    /// What a leader says of itself with its entries: for how long no quorum has answered it, and whether it has
    /// committed an entry of its term.
    pub(super) fn claim(&self) -> (u64, bool) {
        let (voters, settled) = lock(&self.0.led).clone();
        let silence = if voters.is_empty() { Duration::MAX } else { self.quorum_silence(&voters) };
        (u64::try_from(silence.as_millis()).unwrap_or(u64::MAX), settled)
    }

    /// For how long no majority of each of these has answered this node as its leader.
    pub(super) fn quorum_silence(&self, configs: &[BTreeSet<u64>]) -> Duration {
        let silence = |voters: &BTreeSet<u64>| {
            let mut silences: Vec<_> = voters.iter().map(|voter| self.silence(NodeId(*voter))).collect();
            silences.sort_unstable();
            silences.get(voters.len() / 2).copied().unwrap_or_default()
        };
        configs.iter().map(silence).max().unwrap_or_default()
    }

    /// For how long a node has not answered this one as its follower.
    pub(super) fn silence(&self, node: NodeId) -> Duration {
        if node == self.0.me.node {
            return Duration::ZERO;
        }
        self.answered(node).map_or(Duration::MAX, |at| at.elapsed())
    }

    /// When a node last answered as a follower.
    pub(super) fn answered(&self, node: NodeId) -> Option<Instant> {
        lock(&self.0.answered).get(&node).copied()
    }

    pub(super) fn note_answer(&self, node: NodeId) {
        lock(&self.0.answered).insert(node, Instant::now());
    }

    /// The later incarnation of the cluster that refused this node, if one did.
    pub(super) fn newer(&self) -> Option<Newer> {
        lock(&self.0.newer).clone()
    }

    /// A node at this address is of an incarnation. If it is a later one than ours, that is said now and then: this node
    /// takes part in nothing until somebody starts it anew.
    pub(super) fn note_incarnation(&self, incarnation: u64, addr: &str) {
        let Inner { me, data_dir, newer, .. } = &*self.0;
        let mut newer = lock(newer);
        let is_said = newer.as_ref().is_some_and(|newer| newer.told.elapsed() < SAY_EVERY);
        if incarnation <= me.incarnation || is_said {
            return;
        }
        *newer = Some(Newer { incarnation, addr: addr.to_owned(), told: Instant::now() });
        tracing::error!(
            "the cluster went on as incarnation {incarnation} after a `vsd recover` or a loaded snapshot; this node is of \
             incarnation {} and refused. Stop it, and type `vsd serve --join {addr} --data-dir {}`: its chunks come back",
            me.incarnation,
            data_dir.display(),
        );
    }

    fn link(&self, node: NodeId) -> Result<Link, PeerError> {
        let addr = self.addr(node).ok_or(PeerError::NoAddress)?;
        let mut links = lock(&self.0.links);
        if let Some(link) = links.get(&node)
            && link.addr == addr
        {
            return Ok(link.clone());
        }
        let control = channel(&addr, self.0.from, &self.0.threads)?;
        let bulk = channel(&addr, self.0.from, &self.0.threads)?;
        let link = Link { addr, control, bulk };
        links.insert(node, link.clone());
        Ok(link)
    }

    /// Asks a node, over the connection for what is short.
    pub(super) async fn ask<Q, A, F>(
        &self,
        node: NodeId,
        within: Duration,
        message: Q,
        ask: impl FnOnce(PeerClient<Channel>, Request<Q>) -> F,
    ) -> Result<A, PeerError>
    where
        A: Send + 'static,
        F: Future<Output = Result<Response<A>, Status>> + Send + 'static,
    {
        let channel = self.link(node)?.control;
        self.ask_over(channel, node, within, message, ask).await
    }

    /// The same over the connection for what is long.
    pub(super) async fn ask_bulk<Q, A, F>(
        &self,
        node: NodeId,
        within: Duration,
        message: Q,
        ask: impl FnOnce(PeerClient<Channel>, Request<Q>) -> F,
    ) -> Result<A, PeerError>
    where
        A: Send + 'static,
        F: Future<Output = Result<Response<A>, Status>> + Send + 'static,
    {
        let channel = self.link(node)?.bulk;
        self.ask_over(channel, node, within, message, ask).await
    }

    /// The call goes on when the caller stops waiting: a peer takes many calls that are broken off for an attack, and
    /// closes the connection.
    async fn ask_over<Q, A, F>(
        &self,
        channel: Channel,
        node: NodeId,
        within: Duration,
        message: Q,
        ask: impl FnOnce(PeerClient<Channel>, Request<Q>) -> F,
    ) -> Result<A, PeerError>
    where
        A: Send + 'static,
        F: Future<Output = Result<Response<A>, Status>> + Send + 'static,
    {
        let mut request = Request::new(message);
        stamp(request.metadata_mut(), self.0.me, node);
        if let Some(Ok(addr)) = self.addr(self.0.me.node).map(|addr| addr.parse()) {
            request.metadata_mut().insert(ADDR, addr);
        }
        let called = self.0.threads.spawn(tokio::time::timeout(within, ask(client(channel), request)));
        match called.await {
            Ok(Ok(Ok(response))) => Ok(response.into_inner()),
            Ok(Ok(Err(status))) => {
                if let (Some(theirs), Some(addr)) = (number(status.metadata(), INCARNATION), self.addr(node)) {
                    self.note_incarnation(theirs, &addr);
                }
                Err(refusal(&status))
            }
            Ok(Err(_)) => Err(PeerError::Timeout(within)),
            Err(stopped) => Err(PeerError::Broken(stopped.to_string())),
        }
    }

    /// Refuses a call that is not meant for this node, and tells who sent one that is.
    pub(super) fn check(&self, metadata: &MetadataMap) -> Result<NodeId, Status> {
        let me = self.0.me;
        let from = check(metadata, me).map_err(|failure| {
            let mut status = status_from_failure(&failure);
            // who is of an older one learns of it
            status.metadata_mut().insert(INCARNATION, MetadataValue::from(me.incarnation));
            status
        })?;
        // it may have moved, and the state hears of that only once it is found
        self.learn(from, text(metadata, ADDR));
        Ok(from)
    }
}

/// Asks whoever is at an address; for a node that is no member yet.
pub(crate) async fn ask_at<Q, A, F>(
    addr: &str,
    from: Option<IpAddr>,
    within: Duration,
    message: Q,
    ask: impl FnOnce(PeerClient<Channel>, Request<Q>) -> F,
) -> Result<A, PeerError>
where
    F: Future<Output = Result<Response<A>, Status>>,
{
    let channel = channel(addr, from, &Handle::current())?;
    match tokio::time::timeout(within, ask(client(channel), Request::new(message))).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) => Err(refusal(&status)),
        Err(_) => Err(PeerError::Timeout(within)),
    }
}

fn client(channel: Channel) -> PeerClient<Channel> {
    PeerClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX).max_encoding_message_size(MESSAGE_BYTES_MAX)
}

/// What a failed call means: a failure of ours is the peer's answer, everything else is the way to it.
fn refusal(status: &Status) -> PeerError {
    if status.metadata().contains_key(vs_wire::FAILURE_TRAILER) {
        return PeerError::Refused(failure_from_status(status));
    }
    let mut innermost: &dyn std::error::Error = status;
    let mut sent = true;
    while let Some(source) = innermost.source() {
        innermost = source;
        sent &= !innermost.is::<NoConnection>();
    }
    let text = innermost.to_string();
    let why = text.split(" (os error").next().unwrap_or(&text).to_lowercase();
    if sent { PeerError::Broken(why) } else { PeerError::NotSent(why) }
}

/// Marks, among the causes of a failed call, that there was no connection to send it over.
#[derive(Debug, thiserror::Error)]
#[error("no connection")]
struct NoConnection(#[source] io::Error);

/// A connection that is made when it is first used, and again whenever it broke.
fn channel(addr: &str, from: Option<IpAddr>, threads: &Handle) -> Result<Channel, PeerError> {
    let endpoint = Endpoint::from_shared(format!("http://{addr}"))
        .map_err(|_| PeerError::NotSent(format!("`{addr}` is not a HOST:PORT")))?
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true);
    let target = addr.to_owned();
    let connector = tower::service_fn(move |_: Uri| {
        let target = target.clone();
        async move {
            let connected = tokio::time::timeout(CONNECT_TIMEOUT, connect(&target, from)).await;
            let connected = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            connected.map(TokioIo::new).map_err(NoConnection)
        }
    });
    let _on = threads.enter();
    Ok(endpoint.connect_with_connector_lazy(connector))
}

async fn connect(target: &str, from: Option<IpAddr>) -> io::Result<Line> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for addr in tokio::net::lookup_host(target).await? {
        match connect_to(addr, from).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn connect_to(addr: SocketAddr, from: Option<IpAddr>) -> io::Result<Line> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(from) = from.filter(|from| from.is_ipv4() == addr.is_ipv4()) {
        socket.bind(SocketAddr::new(from, 0))?;
    }
    line::passable(addr).await;
    let stream = socket.connect(addr).await?;
    stream.set_nodelay(true)?;
    let mut line = Line::over(stream)?;
    line.write_all(PREFACE).await?;
    Ok(line)
}

fn stamp(metadata: &mut MetadataMap, me: Me, to: NodeId) {
    metadata.insert(INCARNATION, MetadataValue::from(me.incarnation));
    metadata.insert(FROM, MetadataValue::from(me.node.0));
    metadata.insert(TO, MetadataValue::from(to.0));
    if let Ok(cluster) = me.cluster.to_string().parse() {
        metadata.insert(CLUSTER, cluster);
    }
}

fn text<'a>(metadata: &'a MetadataMap, name: &str) -> &'a str {
    metadata.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn number(metadata: &MetadataMap, name: &str) -> Option<u64> {
    text(metadata, name).parse().ok()
}

fn check(metadata: &MetadataMap, me: Me) -> Result<NodeId, Failure> {
    let refused =
        |why: String| Failure::new(Code::Conflict, format!("{} is not the node that was meant", me.node)).because(why);
    if text(metadata, CLUSTER) != me.cluster.to_string() {
        return Err(refused(format!("it belongs to cluster {}, the caller to another", me.cluster)));
    }
    if number(metadata, INCARNATION) != Some(me.incarnation) {
        let theirs = text(metadata, INCARNATION);
        return Err(refused(format!("it is of incarnation {} of the cluster, the caller of {theirs}", me.incarnation)));
    }
    if number(metadata, TO) != Some(me.node.0) {
        return Err(refused("another node was at this address before".to_owned()));
    }
    number(metadata, FROM).map(NodeId).ok_or_else(|| refused("the caller does not say who it is".to_owned()))
}
