//! `vsctl node …`: the machines, as the cluster sees them and as they answer from here; and the way to one of them.

use std::time::Duration;

use clap::{Args, Subcommand};
use clap_complete::ArgValueCompleter;
use futures::future::join_all;
use serde_json::Value;
use vs_client::{Client, chunk::ChunkClient};
use vs_core::{
    error::{Code, Exit, Failure},
    id::NodeId,
};
use vs_wire::v1;

use super::{node_add, node_change, node_drain, node_show};
use crate::{
    complete,
    desk::{Desk, millis},
    out,
    row::{self, NODES},
};

const AFTER_HELP: &str = "\
Examples:
  vsctl node ls
  vsctl node drain n5 --dry-run";
const LS_AFTER_HELP: &str = "\
Examples:
  vsctl node ls -o wide
  vsctl node ls --columns id,state,latency";

/// How long a node may take to answer a ping before it counts as silent.
pub(super) const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// The machines of the cluster
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum NodeVerb {
    #[command(alias = "list")]
    Ls(LsArgs),
    #[command(aliases = ["get", "describe"])]
    Show(node_show::ShowArgs),
    Ping(node_show::PingArgs),
    #[command(alias = "create")]
    Add(node_add::AddArgs),
    #[command(aliases = ["delete", "remove"])]
    Rm(node_drain::RmArgs),
    Drain(node_drain::DrainArgs),
    Undrain(node_drain::UndrainArgs),
    Set(node_change::SetArgs),
}

impl NodeVerb {
    /// Whether it takes as long as the move does.
    pub(crate) fn waits(&self) -> bool {
        match self {
            Self::Add(args) => args.wait.waits(),
            Self::Rm(args) => args.wait.waits(),
            Self::Drain(args) => args.wait.waits(),
            _ => false,
        }
    }
}

/// List nodes: state, disks, and how fast they answer from here
#[derive(Args, Debug)]
#[command(after_help = LS_AFTER_HELP)]
pub(crate) struct LsArgs {}

pub(crate) async fn run(verb: NodeVerb, desk: &Desk) -> anyhow::Result<Exit> {
    match verb {
        NodeVerb::Ls(LsArgs {}) => ls(desk).await,
        NodeVerb::Show(args) => node_show::show(&args, desk).await,
        NodeVerb::Ping(args) => node_show::ping(&args, desk).await,
        NodeVerb::Set(args) => node_change::set(args, desk).await,
        NodeVerb::Add(args) => node_add::run(&args, desk).await,
        NodeVerb::Rm(args) => node_drain::rm(&args, desk).await,
        NodeVerb::Drain(args) => node_drain::drain(&args, desk).await,
        NodeVerb::Undrain(args) => node_drain::undrain(&args, desk).await,
    }
}

async fn ls(desk: &Desk) -> anyhow::Result<Exit> {
    NODES.check(&desk.style)?;
    let request = v1::ListNodesRequest { consistency: desk.consistency() };
    let list = |client: Client, request| async move { client.admin().list_nodes(request).await };
    let answer = desk.ask("ListNodes", request, list).await?;
    desk.say_age(answer.age_ms);
    out::list(&desk.style, &NODES, &measured(&answer.items, desk).await, None)?;
    Ok(Exit::Ok)
}

/// The rows of nodes, each pinged from here.
pub(crate) async fn measured(nodes: &[v1::NodeInfo], desk: &Desk) -> Vec<Value> {
    let chunks = ChunkClient::new();
    let limit = PING_TIMEOUT.min(desk.left() / 2);
    let ping = async |node: &v1::NodeInfo| match node.state.as_str() {
        // It has left, and something else may answer there by now.
        "out" => None,
        _ => chunks.ping(&node.addr, limit).await.ok().map(millis),
    };
    let latencies = join_all(nodes.iter().map(ping)).await;
    nodes.iter().zip(latencies).map(|(node, latency_ms)| row::node(node, latency_ms)).collect()
}

/// Which node a verb is about that asks one alone.
#[derive(Args, Clone, Debug)]
pub(crate) struct NodeArgs {
    /// Ask this node [default: the one that answers]
    #[arg(long, value_name = "N", add = ArgValueCompleter::new(complete::nodes))]
    pub(crate) node: Option<NodeId>,
}

/// A node, and the way to it.
#[derive(Clone, Debug)]
pub(crate) struct At {
    pub(crate) node: NodeId,
    pub(crate) client: Client,
}

impl At {
    /// The node that is meant: the one named, or the one that answers at the endpoint.
    pub(crate) async fn reach(args: &NodeArgs, desk: &Desk) -> Result<Self, Failure> {
        let client = desk.client().await?;
        let Some(node) = args.node else {
            let answer = desk.call("GetChunks", client.admin().get_chunks(v1::GetChunksRequest::default())).await?;
            return Ok(Self { node: NodeId(answer.node), client });
        };
        Self::at(find(&listed(desk).await?, node)?, desk).await
    }

    async fn at(info: &v1::NodeInfo, desk: &Desk) -> Result<Self, Failure> {
        let client = desk.connect_to(std::slice::from_ref(&info.addr)).await?;
        Ok(Self { node: NodeId(info.id), client })
    }

    /// Every node of the cluster, or why it cannot be reached.
    pub(crate) async fn reach_all(desk: &Desk) -> Result<Vec<Result<Self, Failure>>, Failure> {
        let nodes = listed(desk).await?;
        Ok(join_all(nodes.iter().map(|info| Self::at(info, desk))).await)
    }

    /// How many chunks it holds.
    pub(crate) async fn chunks(&self, desk: &Desk) -> Result<u64, Failure> {
        let request = v1::ListNodesRequest { consistency: v1::Consistency::Stale.into() };
        let answer = desk.call("ListNodes", self.client.admin().list_nodes(request)).await?;
        Ok(answer.items.iter().find(|info| info.id == self.node.0).map_or(0, |info| info.chunks))
    }
}

/// The nodes as the answering one knows them: where they are changes rarely, and is to be known without a quorum too.
pub(super) async fn listed(desk: &Desk) -> Result<Vec<v1::NodeInfo>, Failure> {
    let request = v1::ListNodesRequest { consistency: v1::Consistency::Stale.into() };
    let list = |client: Client, request| async move { client.admin().list_nodes(request).await };
    Ok(desk.ask("ListNodes", request, list).await?.items)
}

/// The node of that id, or who there is instead.
pub(super) fn find(nodes: &[v1::NodeInfo], node: NodeId) -> Result<&v1::NodeInfo, Failure> {
    nodes.iter().find(|info| info.id == node.0).ok_or_else(|| {
        let mut failure = Failure::new(Code::NotFound, format!("no node {node}"));
        failure.why.extend(nodes.iter().map(|info| format!("{}  {}", NodeId(info.id), info.addr)));
        failure.hint("vsctl node ls")
    })
}
