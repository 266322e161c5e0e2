//! `vsctl node ls`: the machines, as the cluster sees them and as they answer from here.

use std::time::Duration;

use clap::{Args, Subcommand};
use futures::future::join_all;
use serde_json::Value;
use vs_client::chunk::ChunkClient;
use vs_core::error::Exit;
use vs_wire::v1;

use crate::{
    desk::{Desk, millis},
    out,
    row::{self, NODES},
};

const AFTER_HELP: &str = "\
Examples:
  vsctl node ls
  vsctl node ls -o json";
const LS_AFTER_HELP: &str = "\
Examples:
  vsctl node ls -o wide
  vsctl node ls --columns id,state,latency";

/// How long a node may take to answer a ping before it counts as silent.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// The machines of the cluster
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum NodeVerb {
    #[command(alias = "list")]
    Ls(LsArgs),
}

/// List nodes: state, disks, and how fast they answer from here
#[derive(Args, Debug)]
#[command(after_help = LS_AFTER_HELP)]
pub(crate) struct LsArgs {}

pub(crate) async fn run(verb: NodeVerb, desk: &Desk) -> anyhow::Result<Exit> {
    let NodeVerb::Ls(LsArgs {}) = verb;
    NODES.check(&desk.style)?;
    let request = v1::ListNodesRequest { consistency: desk.consistency() };
    let answer = desk.call("ListNodes", desk.client().await?.admin().list_nodes(request)).await?;
    desk.say_age(answer.age_ms);
    out::list(&desk.style, &NODES, &measured(&answer.items, desk).await, None)?;
    Ok(Exit::Ok)
}

/// The rows of nodes, each pinged from here.
pub(crate) async fn measured(nodes: &[v1::NodeInfo], desk: &Desk) -> Vec<Value> {
    let chunks = ChunkClient::new();
    let limit = PING_TIMEOUT.min(desk.left() / 2);
    let ping = async |node: &v1::NodeInfo| chunks.ping(&node.addr, limit).await.ok().map(millis);
    let latencies = join_all(nodes.iter().map(ping)).await;
    nodes.iter().zip(latencies).map(|(node, latency_ms)| row::node(node, latency_ms)).collect()
}
