//! What this node answers to the others (`peer.proto`), on the threads of the consensus.

use std::{sync::Arc, time::Duration};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use openraft::raft::{AppendEntriesRequest, InstallSnapshotRequest, VoteRequest, VoteResponse};
use serde::Serialize;
use tokio::{net::TcpStream, runtime::Handle};
use tonic::{Request, Response, Status};
use uuid::Uuid;
use vs_core::{
    codec,
    error::{Code, Failure},
    id::NodeId,
};
use vs_wire::{
    MESSAGE_BYTES_MAX, status_from_failure,
    v1::{self, peer_server},
};
use vsd_core::meta::{Command, LeaderTerm, NodeSpec, Refused};

use super::{
    Inner, MetaError,
    network::Piece,
    peers::PREFACE,
    propose::{Answer, Forwarded, Proposer},
    roll_call::state_name,
    standing::Leads,
    types::{RaftId, TypeConfig},
};

/// Calls under way on one connection: every proposal of a node is one.
const STREAMS_MAX: u32 = 2_048;
const WINDOW_BYTES: u32 = 4 << 20;
/// A connection at whose other end nobody answers for so long is closed.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// Takes connections of other nodes to the threads of the consensus.
#[derive(Clone)]
pub(crate) struct PeerAcceptor {
    inner: Arc<Inner>,
    threads: Handle,
}

impl std::fmt::Debug for PeerAcceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PeerAcceptor").finish_non_exhaustive()
    }
}

impl PeerAcceptor {
    pub(super) fn new(inner: Arc<Inner>, threads: Handle) -> Self {
        Self { inner, threads }
    }

    /// Serves a connection whose next bytes are the preface, until it ends.
    pub(crate) fn serve(&self, stream: TcpStream, slot: impl Send + 'static) {
        let service = peer_server::PeerServer::new(Service(self.inner.clone()))
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        let stop = self.inner.stop.clone();
        let Ok(stream) = stream.into_std() else { return };
        self.threads.spawn(stop.run_until_cancelled_owned(async move {
            let Ok(mut stream) = TcpStream::from_std(stream) else { return };
            let _slot = slot;
            let mut preface = [0; PREFACE.len()];
            if tokio::io::AsyncReadExt::read_exact(&mut stream, &mut preface).await.is_err() {
                return;
            }
            let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            builder
                .timer(TokioTimer::new())
                .keep_alive_interval(KEEPALIVE)
                .keep_alive_timeout(KEEPALIVE)
                .initial_stream_window_size(WINDOW_BYTES)
                .initial_connection_window_size(WINDOW_BYTES)
                .max_concurrent_streams(STREAMS_MAX)
                // among nodes, calls that are broken off before they were begun are no attack
                .max_pending_accept_reset_streams(Some(STREAMS_MAX as usize));
            let served = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)).await;
            if let Err(error) = served {
                tracing::debug!(%error, "a connection of another node ended");
            }
        }));
    }
}

struct Service(Arc<Inner>);

/// Answers what the consensus answered; when it does not run, nobody is there.
fn kept<T: Serialize, E: Serialize>(answer: &Result<T, E>) -> Response<v1::Kept> {
    Response::new(v1::Kept { kept: codec::encode(answer).into(), ..v1::Kept::default() })
}

fn decoded<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Status> {
    codec::decode(bytes).map_err(|error| {
        let failure = Failure::new(Code::Invalid, "a message of another node cannot be read").because(error);
        status_from_failure(&failure)
    })
}

impl Service {
    /// The message, if it is meant for this node, and who sent it.
    fn check<T>(&self, request: Request<T>) -> Result<(T, NodeId), Status> {
        let from = self.0.peers.check(request.metadata())?;
        Ok((request.into_inner(), from))
    }
}

fn status(error: MetaError) -> Status {
    status_from_failure(&error.into())
}

#[tonic::async_trait]
impl peer_server::Peer for Service {
    async fn vote(&self, request: Request<v1::Kept>) -> Result<Response<v1::Kept>, Status> {
        let (message, _) = self.check(request)?;
        let vote: VoteRequest<RaftId> = decoded(&message.kept)?;
        let answer = self.0.raft.vote(vote).await;
        if matches!(&answer, Ok(VoteResponse { vote_granted: true, .. })) {
            self.0.standing.gave_vote();
        }
        Ok(kept(&answer))
    }

    async fn append(&self, request: Request<v1::Kept>) -> Result<Response<v1::Kept>, Status> {
        let (message, _) = self.check(request)?;
        let append: AppendEntriesRequest<TypeConfig> = decoded(&message.kept)?;
        // entries may take long to become durable; that their leader is there shows already
        if append.vote.committed && append.vote >= self.0.standing.metrics().vote {
            let committed = append.leader_commit.filter(|_| message.settled);
            self.0.standing.heard_leader(message.quorum_ms, committed, self.0.applied());
        }
        Ok(kept(&self.0.raft.append_entries(append).await))
    }

    async fn install_snapshot(&self, request: Request<v1::Kept>) -> Result<Response<v1::Kept>, Status> {
        let (message, _) = self.check(request)?;
        let Piece { vote, meta, offset, data, done } = decoded(&message.kept)?;
        let request = InstallSnapshotRequest { vote, meta, offset, data, done };
        let answer = self.0.raft.install_snapshot(request).await;
        if answer.is_ok() {
            self.0.standing.heard_leader(message.quorum_ms, None, 0);
        }
        Ok(kept(&answer))
    }

    async fn poll(&self, request: Request<v1::PollRequest>) -> Result<Response<v1::PollResponse>, Status> {
        let (poll, _) = self.check(request)?;
        let last = LeaderTerm::new(poll.last_term, NodeId(poll.last_leader));
        let granted = self.0.elections.would_vote((last, poll.last_index));
        let metrics = self.0.standing.metrics();
        let state = state_name(metrics.state).to_owned();
        Ok(Response::new(v1::PollResponse { granted, state, term: metrics.current_term }))
    }

    async fn elect(&self, request: Request<v1::ElectRequest>) -> Result<Response<v1::ElectResponse>, Status> {
        self.check(request)?;
        if !self.0.elections.take_over().await.map_err(status)? {
            return Err(status(MetaError::NotLeader { leader: None }));
        }
        Ok(Response::new(v1::ElectResponse {}))
    }

    async fn hand_over(&self, request: Request<v1::HandOverRequest>) -> Result<Response<v1::HandOverResponse>, Status> {
        let (order, _) = self.check(request)?;
        let to = self.0.elections.hand_over(order.to.map(NodeId), &self.0.proposals).await.map_err(status)?;
        Ok(Response::new(v1::HandOverResponse { to: to.0 }))
    }

    async fn propose(&self, request: Request<v1::ProposeRequest>) -> Result<Response<v1::ProposeResponse>, Status> {
        let (message, _) = self.check(request)?;
        let forwarded: Forwarded = decoded(&message.kept)?;
        let answer = Answer::from(self.0.proposals.propose_here(&forwarded).await);
        Ok(Response::new(v1::ProposeResponse { kept: codec::encode(&answer) }))
    }

    async fn read_index(
        &self,
        request: Request<v1::ReadIndexRequest>,
    ) -> Result<Response<v1::ReadIndexResponse>, Status> {
        self.check(request)?;
        // only as the leader: two nodes that name each other would ask in circles
        if self.0.standing.leads() != Leads::Me {
            return Err(status(MetaError::NotLeader { leader: None }));
        }
        let index = self.0.rounds.join().await.map_err(status)?;
        Ok(Response::new(v1::ReadIndexResponse { index }))
    }

    async fn heartbeat(
        &self,
        request: Request<v1::HeartbeatRequest>,
    ) -> Result<Response<v1::HeartbeatResponse>, Status> {
        let (report, from) = self.check(request)?;
        if self.0.standing.metrics().membership_config.membership().get_node(&from.0).is_some() {
            self.0.picture.report(from, report);
        }
        Ok(Response::new(v1::HeartbeatResponse { state: Some(self.0.picture.current()) }))
    }

    async fn digest(&self, request: Request<v1::DigestRequest>) -> Result<Response<v1::DigestResponse>, Status> {
        let (asked, _) = self.check(request)?;
        self.0.digest(asked.index).await.map(Response::new).map_err(status)
    }

    async fn snapshot(&self, request: Request<v1::SnapshotRequest>) -> Result<Response<v1::SnapshotResponse>, Status> {
        self.check(request)?;
        self.0.snapshot().await.map(Response::new).map_err(status)
    }

    async fn join(&self, request: Request<v1::JoinRequest>) -> Result<Response<v1::JoinResponse>, Status> {
        self.0.admit(request.into_inner()).await.map(Response::new).map_err(|failure| status_from_failure(&failure))
    }
}

impl Inner {
    /// Registers a new node, or tells an old one that it belongs here.
    async fn admit(&self, join: v1::JoinRequest) -> Result<v1::JoinResponse, Failure> {
        let invalid = |what: &str| Failure::new(Code::Invalid, what);
        let me = self.peers.me();
        let node = if join.cluster_id.is_empty() {
            let key: Uuid = join.key.parse().map_err(|_| invalid("the node's key is not a UUID"))?;
            let roles: Result<_, ()> = join.roles.iter().map(|role| role.parse()).collect();
            let roles = roles.map_err(|()| invalid("a role that this release does not know"))?;
            let spec = NodeSpec { addr: join.addr, zone: join.zone, roles, version: join.version };
            match self.proposals.propose(Proposer::Node, Command::NodeJoin { key, spec }).await?.accepted()? {
                vsd_core::meta::Response::Node { node, .. } => node,
                other => return Err(Failure::new(Code::Internal, format!("an unexpected answer: {other:?}"))),
            }
        } else {
            if join.cluster_id != me.cluster.to_string() {
                return Err(Failure::new(Code::Conflict, "the node belongs to another cluster")
                    .because(format!("its directory is of cluster {}, this is cluster {}", join.cluster_id, me.cluster))
                    .hint("to join this one, name an empty directory with `--data-dir DIR`"));
            }
            self.readmit(&join).await?
        };
        let state = self.state.read();
        let nodes = state.view().nodes(None, vs_core::limit::PAGE_ITEMS_MAX).map_err(MetaError::from)?;
        let member = |record: vsd_core::meta::NodeRecord| v1::Member {
            id: record.id.0,
            addr: record.spec.addr,
            ..v1::Member::default()
        };
        Ok(v1::JoinResponse {
            cluster_id: me.cluster.to_string(),
            incarnation: me.incarnation,
            node: node.0,
            members: nodes.into_iter().map(member).collect(),
        })
    }

    /// Whether a node may go on with what is in its data directory; [`super::incarnation`] says why one of an earlier
    /// incarnation may.
    async fn readmit(&self, join: &v1::JoinRequest) -> Result<NodeId, Failure> {
        let (me, node) = (self.peers.me(), NodeId(join.node));
        if join.incarnation > me.incarnation {
            self.peers.note_incarnation(join.incarnation, &join.addr);
            return Ok(node);
        }
        self.rounds.join().await?;
        let known = self.state.read().view().node(node).map_err(MetaError::from)?;
        let is_older = join.incarnation < me.incarnation;
        let membership = self.standing.metrics().membership_config;
        let taken = match known {
            // one that never left has its log; it may have moved
            Some(known) if !is_older && !known.removed && known.spec.addr == join.addr => return Ok(node),
            Some(_) if is_older && membership.membership().voter_ids().any(|voter| voter == node.0) => {
                Err(Refused::new(Code::Conflict, format!("{node} is in incarnation {} already", me.incarnation)))
            }
            _ => {
                let key = join.key.parse().map_err(|_| Failure::new(Code::Invalid, "the node's key is not a UUID"))?;
                let key = Some(key).filter(|_| is_older);
                let readmit = Command::NodeReadmit { node, addr: join.addr.clone(), key };
                self.proposals.propose(Proposer::Node, readmit).await?.accepted()
            }
        };
        let refused = match taken {
            Ok(_) => {
                self.peers.learn(node, &join.addr);
                return Ok(node);
            }
            Err(refused) => refused,
        };
        let why = match refused.code {
            Code::NotFound => "it had joined in changes that are lost; its chunks are left as they are, and unused",
            _ => "its directory is left as it is, and not taken back",
        };
        let hint = "keep the directory; the machine can join as a new node with an empty one: `--data-dir DIR`";
        Err(Failure::from(refused).because(why).hint(hint))
    }
}
