//! Three etcd of the distribution as a peer, spoken to over their gRPC: `etcdserverpb.KV` and `Maintenance`.

use std::{
    net::SocketAddr,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use futures::{StreamExt, stream::FuturesUnordered};
use prost::Message;
use tonic::{Request, Status, client::Grpc, codegen::http::uri::PathAndQuery, transport::Channel};
use tonic_prost::ProstCodec;

use crate::{
    Lab,
    common::{
        Outcome, package,
        server::{Server, free_addr},
    },
    death::{Mortal, Writer},
    load::{Caller, connect, value},
};

const NODES: usize = 3;
/// How long the cluster may take to be whole.
const WHOLE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);
/// How long a member may take to answer that it is there.
const ANSWER: Duration = Duration::from_secs(2);
/// How long a member may say nothing before the writer asks the next one too, and its wait after one that failed.
const TRY: Duration = Duration::from_millis(250);
const PAUSE: Duration = Duration::from_millis(10);
/// How long a write may be tried for.
const WRITE: Duration = Duration::from_secs(60);

const PUT: &str = "/etcdserverpb.KV/Put";
const RANGE: &str = "/etcdserverpb.KV/Range";
const STATUS: &str = "/etcdserverpb.Maintenance/Status";

#[derive(Clone, PartialEq, Message)]
struct PutRequest {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct PutResponse {
    #[prost(message, optional, tag = "1")]
    header: Option<ResponseHeader>,
}

/// Linearizable, because it does not say `serializable`.
#[derive(Clone, PartialEq, Message)]
struct RangeRequest {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct RangeResponse {
    #[prost(message, optional, tag = "1")]
    header: Option<ResponseHeader>,
    #[prost(message, repeated, tag = "2")]
    kvs: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "5")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct StatusRequest {}

#[derive(Clone, PartialEq, Message)]
struct StatusResponse {
    #[prost(message, optional, tag = "1")]
    header: Option<ResponseHeader>,
    #[prost(uint64, tag = "4")]
    leader: u64,
    /// Of the last entry committed, as far as the member knows.
    #[prost(uint64, tag = "5")]
    raft_index: u64,
}

#[derive(Clone, PartialEq, Message)]
struct ResponseHeader {
    #[prost(uint64, tag = "2")]
    member_id: u64,
}

async fn ask<Q, A>(to: &mut Grpc<Channel>, path: &'static str, request: Q) -> Result<A, Status>
where
    Q: Message + 'static,
    A: Message + Default + 'static,
{
    to.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let codec = ProstCodec::<Q, A>::default();
    Ok(to.unary(Request::new(request), PathAndQuery::from_static(path), codec).await?.into_inner())
}

pub(crate) struct Etcd {
    servers: Vec<Server>,
}

impl Etcd {
    /// Everything as the package has it, but for where it listens and what it logs.
    pub(crate) fn start(lab: &Lab<'_>) -> Outcome<Self> {
        let program = package::program("etcd", "etcd-server")?;
        let addrs = (0..NODES).map(|_| Ok((free_addr()?, free_addr()?))).collect::<Outcome<Vec<_>>>()?;
        let member = |(nth, (_, peer)): (usize, &(SocketAddr, SocketAddr))| format!("n{nth}=http://{peer}");
        let all = addrs.iter().enumerate().map(member).collect::<Vec<_>>().join(",");
        let mut servers = Vec::new();
        for (nth, (addr, peer)) in addrs.iter().enumerate() {
            let dir = lab.root.join(format!("etcd{nth}"));
            let command = command(&program, &dir, nth, (addr, peer), &all);
            let mut server = Server::new(*addr, command, &dir.with_extension("log"))?;
            server.start()?;
            servers.push(server);
        }
        servers.iter_mut().try_for_each(Server::await_listening)?;
        let etcd = Self { servers };
        lab.runtime.block_on(etcd.await_whole())?;
        Ok(etcd)
    }

    pub(crate) fn pids(&self) -> Vec<u32> {
        self.servers.iter().map(Server::pid).collect()
    }

    pub(crate) fn leader(&self, lab: &Lab<'_>) -> Outcome<usize> {
        lab.runtime.block_on(self.await_whole())
    }

    /// Clients of a member that put a key each.
    pub(crate) async fn putters(&self, member: usize, count: usize) -> Outcome<Vec<Putter>> {
        let mut putters = Vec::new();
        for nth in 0..count {
            putters.push(Putter { to: self.grpc(member).await?, key: format!("film-{nth}").into_bytes() });
        }
        Ok(putters)
    }

    /// Clients of a member that read a key each.
    pub(crate) async fn rangers(&self, member: usize, count: usize) -> Outcome<Vec<Ranger>> {
        let mut rangers = Vec::new();
        for mut putter in self.putters(member, count).await? {
            // so that there is something to read
            putter.call().await?;
            rangers.push(Ranger { to: putter.to, key: putter.key });
        }
        Ok(rangers)
    }

    async fn grpc(&self, member: usize) -> Outcome<Grpc<Channel>> {
        Ok(Grpc::new(connect(self.servers[member].addr).await?))
    }

    async fn look(&self) -> Outcome<usize> {
        let mut told = Vec::new();
        for member in 0..NODES {
            let mut to = self.grpc(member).await?;
            let status = tokio::time::timeout(ANSWER, ask(&mut to, STATUS, StatusRequest {})).await;
            let status: StatusResponse = status??;
            told.push((status.header.unwrap_or_default().member_id, status.leader, status.raft_index));
        }
        let (_, leader, index) = told[0];
        if !told.iter().all(|status| (status.1, status.2) == (leader, index)) {
            return Err(format!("the members differ: {told:?}").into());
        }
        Ok(told.iter().position(|status| status.0 == leader).ok_or("nobody leads")?)
    }
}

fn command(program: &Path, dir: &Path, nth: usize, (addr, peer): (&SocketAddr, &SocketAddr), all: &str) -> Command {
    let (addr, peer) = (format!("http://{addr}"), format!("http://{peer}"));
    let mut command = Command::new(program);
    command.arg("--name").arg(format!("n{nth}")).arg("--data-dir").arg(dir);
    command.args(["--listen-client-urls", &addr, "--advertise-client-urls", &addr]);
    command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
    command.args(["--initial-cluster", all, "--initial-cluster-state", "new", "--initial-cluster-token", "bench"]);
    command.args(["--logger", "zap", "--log-level", "error"]);
    command
}

impl Mortal for Etcd {
    type Writer = Tries;

    fn server(&mut self, nth: usize) -> &mut Server {
        &mut self.servers[nth]
    }

    async fn await_whole(&self) -> Outcome<usize> {
        let began = Instant::now();
        loop {
            match self.look().await {
                Ok(leader) => return Ok(leader),
                Err(why) if began.elapsed() > WHOLE => {
                    return Err(self.servers[0].failed(&format!("etcd: the cluster does not become whole: {why}")));
                }
                Err(_) => tokio::time::sleep(LOOK).await,
            }
        }
    }

    async fn writer(&self, first: usize) -> Outcome<Tries> {
        let addrs = self.servers.iter().map(|server| server.addr).collect();
        Ok(Tries { addrs, at: first, to: Some(self.grpc(first).await?) })
    }
}

/// A writer that asks one member after the other, until any of them answers.
pub(crate) struct Tries {
    addrs: Vec<SocketAddr>,
    at: usize,
    /// The connection to the member that answered last.
    to: Option<Grpc<Channel>>,
}

impl Writer for Tries {
    async fn write(&mut self) -> Outcome<()> {
        let end = Instant::now() + WRITE;
        let mut tries = FuturesUnordered::new();
        tries.push(attempt(self.addrs[self.at], self.at, self.to.take()));
        let mut next = self.at;
        while Instant::now() < end {
            match tokio::time::timeout(TRY, tries.next()).await {
                Ok(Some(Ok((at, to)))) => {
                    (self.at, self.to) = (at, Some(to));
                    return Ok(());
                }
                Ok(_) => tokio::time::sleep(PAUSE).await,
                Err(_) => {}
            }
            next = (next + 1) % self.addrs.len();
            tries.push(attempt(self.addrs[next], next, None));
        }
        Err("etcd: no put was acknowledged".into())
    }
}

/// Puts a value, over a connection that is there or a new one; that connection.
async fn attempt(addr: SocketAddr, at: usize, to: Option<Grpc<Channel>>) -> Outcome<(usize, Grpc<Channel>)> {
    let mut to = match to {
        Some(to) => to,
        None => Grpc::new(connect(addr).await?),
    };
    put(&mut to, b"film".to_vec(), value().into_bytes()).await?;
    Ok((at, to))
}

pub(crate) async fn put(to: &mut Grpc<Channel>, key: Vec<u8>, value: Vec<u8>) -> Outcome<()> {
    let _: PutResponse = ask(to, PUT, PutRequest { key, value }).await?;
    Ok(())
}

/// Puts a value under its key.
pub(crate) struct Putter {
    pub(crate) to: Grpc<Channel>,
    key: Vec<u8>,
}

impl Caller for Putter {
    async fn call(&mut self) -> Outcome<()> {
        put(&mut self.to, self.key.clone(), value().into_bytes()).await
    }
}

/// Reads the value of its key, with every put that was acknowledged before.
pub(crate) struct Ranger {
    to: Grpc<Channel>,
    key: Vec<u8>,
}

impl Caller for Ranger {
    async fn call(&mut self) -> Outcome<()> {
        let range: RangeResponse = ask(&mut self.to, RANGE, RangeRequest { key: self.key.clone() }).await?;
        if range.kvs.is_empty() { Err("the key is gone".into()) } else { Ok(()) }
    }
}
