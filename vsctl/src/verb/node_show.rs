//! `vsctl node show` and `vsctl node ping`: one machine in full, and how fast machines answer from here.

use std::time::Duration;

use clap::Args;
use clap_complete::ArgValueCompleter;
use futures::future::join_all;
use serde_json::Value;
use vs_client::chunk::ChunkClient;
use vs_core::{
    error::{Code, Exit, Failure},
    id::NodeId,
    unit::human_duration,
};
use vs_wire::v1;

use super::{
    node::{PING_TIMEOUT, find, listed, measured},
    status,
};
use crate::{
    complete,
    desk::Desk,
    out::{
        self, Style,
        human::{self, text},
    },
    row::{self, NODE, PINGS},
};

const SHOW_AFTER_HELP: &str = "\
Examples:
  vsctl node show n2
  vsctl node show n2 --stale -o json";
const PING_AFTER_HELP: &str = "\
Examples:
  vsctl node ping
  vsctl node ping n2 n3 -o json

Over the path that chunks take. Exits 9 when some answer did not come, 7 when
none did.";

/// Round trips that are measured for each node.
const PINGS_EACH: usize = 5;

/// Show all that is known about one node
#[derive(Args, Debug)]
#[command(after_help = SHOW_AFTER_HELP)]
pub(crate) struct ShowArgs {
    /// Which node
    #[arg(value_name = "NODE", add = ArgValueCompleter::new(complete::nodes))]
    node: NodeId,
}

/// Measure how fast nodes answer from here
#[derive(Args, Debug)]
#[command(after_help = PING_AFTER_HELP)]
pub(crate) struct PingArgs {
    /// Which nodes [default: all that have not left]
    #[arg(value_name = "NODE", add = ArgValueCompleter::new(complete::nodes))]
    nodes: Vec<NodeId>,
}

pub(super) async fn show(args: &ShowArgs, desk: &Desk) -> anyhow::Result<Exit> {
    NODE.check(&desk.style)?;
    let answer = status::read(desk).await?;
    desk.say_age(answer.age_ms);
    let info = find(&answer.nodes, args.node)?;
    let cluster = answer.cluster.unwrap_or_default();
    let member = cluster.members.iter().find(|member| member.id == info.id);
    let member = member.map(|member| row::member(member, cluster.leader));
    let latency_ms = measured(std::slice::from_ref(info), desk).await[0]["latency_ms"].as_u64();
    let item = row::whole(info, latency_ms, member);
    out::one(&desk.style, &NODE, &item, |style| tell(&item, style))?;
    Ok(Exit::Ok)
}

fn tell(item: &Value, style: &Style) -> String {
    let heard = item["heard_ms"].as_u64().map(Duration::from_millis);
    let heard = heard.map_or_else(|| "never".to_owned(), |ago| format!("{} ago", human_duration(ago)));
    let mut lines = vec![
        format!("{}  {}  {}", text(item, "id"), text(item, "addr"), text(item, "state")),
        format!("  roles     {}", row::show_roles(item, style)),
        format!("  zone      {}", text(item, "zone")),
        format!("  weight    {}", text(item, "weight")),
        format!("  disk      {}", row::show_disk(item, style)),
        format!("  chunks    {}", text(item, "chunks")),
        format!("  latency   {}", row::show_latency(item, style)),
        format!("  version   {}", text(item, "version")),
        format!("  joined    {}", human::when_of(item, "joined_at", style)),
        format!("  heard     {heard}"),
    ];
    let member = &item["member"];
    if !member.is_null() {
        let seat = if item["voter"] == true { "voter" } else { "learner" };
        let (state, term) = (text(member, "state"), text(member, "term"));
        let (last, applied) = (text(member, "last"), text(member, "applied"));
        let lag = text(member, "lag");
        lines.push(format!("  metadata  {seat}, {state}, term {term}, last {last}, applied {applied}, lag {lag}"));
    }
    lines.join("\n") + "\n"
}

pub(super) async fn ping(args: &PingArgs, desk: &Desk) -> anyhow::Result<Exit> {
    PINGS.check(&desk.style)?;
    let nodes = listed(desk).await?;
    let asked: Vec<&v1::NodeInfo> = match args.nodes.as_slice() {
        [] => nodes.iter().filter(|info| info.state != "out").collect(),
        ids => ids.iter().map(|id| find(&nodes, *id)).collect::<Result<_, _>>()?,
    };
    let chunks = ChunkClient::new();
    let limit = PING_TIMEOUT.min(desk.left() / 2);
    let rows = join_all(asked.iter().map(|info| trips(info, &chunks, limit))).await;
    out::list(&desk.style, &PINGS, &rows, None)?;
    let answered = |row: &&Value| row["answered"].as_u64() == row["sent"].as_u64();
    let missing: Vec<_> = rows.iter().filter(|row| !answered(row)).collect();
    if missing.is_empty() {
        return Ok(Exit::Ok);
    }
    let none = rows.iter().all(|row| row["answered"] == 0);
    let code = if none { Code::Unreachable } else { Code::Partial };
    let what = format!("{} of {} nodes left pings unanswered", missing.len(), rows.len());
    let mut failure = Failure::new(code, what);
    failure.why.extend(missing.iter().map(|row| format!("{}  {}", text(row, "id"), text(row, "why"))));
    Err(failure.into())
}

/// Round trips to one node. One that does not answer at first is not asked again.
async fn trips(info: &v1::NodeInfo, chunks: &ChunkClient, limit: Duration) -> Value {
    // Opens the connection: a round trip over one that is open is what a player has.
    if let Err(error) = chunks.ping(&info.addr, limit).await {
        return row::ping(info, PINGS_EACH, &[], Some(&error.to_string()));
    }
    let (mut trips, mut why) = (Vec::new(), None);
    for _ in 0..PINGS_EACH {
        match chunks.ping(&info.addr, limit).await {
            Ok(trip) => trips.push(trip),
            Err(error) => why = Some(error.to_string()),
        }
    }
    row::ping(info, PINGS_EACH, &trips, why.as_deref())
}
