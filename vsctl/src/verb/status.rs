//! `vsctl status`: one screen of truth.

use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};
use vs_core::{
    error::{Exit, Failure},
    id::NodeId,
    text::shown,
    unit::human_duration,
};
use vs_wire::v1;

use super::{cluster::can_lose, node::measured};
use crate::{
    desk::Desk,
    out::{
        self, Kind, Style,
        human::{self, number, text},
    },
    row::{self, NODES, rfc3339, short_id},
};

const AFTER_HELP: &str = "\
Examples:
  vsctl status
  vsctl status --stale -o json";

/// Show the cluster, its nodes and its library on one screen
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct StatusArgs {}

/// What a node's state is called when nothing is heard of it.
const DOWN: &str = "down";

static STATUS: Kind = Kind {
    id: "cluster_id",
    keys: &[
        "cluster_id",
        "version",
        "started_at",
        "endpoint",
        "cluster",
        "elections",
        "last_election_ms",
        "nodes",
        "nodes_down",
        "videos",
        "logical_bytes",
        "physical_bytes",
        "open_sessions",
        "notes",
        "age_ms",
    ],
    columns: &[],
};

pub(crate) async fn run(_: StatusArgs, desk: &Desk) -> anyhow::Result<Exit> {
    STATUS.check(&desk.style)?;
    let answer = read(desk).await?;
    desk.say_age(answer.age_ms);
    let cluster = answer.cluster.clone().unwrap_or_default();
    let item = item(&answer, &desk.reach().addr(), measured(&answer.nodes, desk).await);
    out::one(&desk.style, &STATUS, &item, |style| tell(&item, &cluster, style))?;
    Ok(Exit::Ok)
}

/// All that a node knows of the cluster.
pub(crate) async fn read(desk: &Desk) -> Result<v1::StatusResponse, Failure> {
    let request = v1::StatusRequest { consistency: desk.consistency() };
    desk.ask("Status", request, |client, request| async move { client.admin().status(request).await }).await
}

fn item(answer: &v1::StatusResponse, endpoint: &str, nodes: Vec<Value>) -> Value {
    let videos: Map<_, _> = row::STATUSES
        .iter()
        .map(|status| row::status_name(*status))
        .map(|name| (name.to_owned(), answer.videos_by_status.get(name).copied().unwrap_or(0).into()))
        .collect();
    json!({
        "cluster_id": answer.cluster_id,
        "version": answer.version,
        "started_at": rfc3339(answer.started_at_ms),
        "endpoint": endpoint,
        "cluster": answer.cluster.as_ref().map(row::cluster),
        "elections": answer.cluster.as_ref().map(|cluster| cluster.elections),
        "last_election_ms": answer.cluster.as_ref().and_then(|cluster| cluster.last_election_ms),
        "nodes": nodes,
        "nodes_down": answer.nodes.iter().filter(|node| node.state == DOWN).count(),
        "videos": videos,
        "logical_bytes": answer.logical_bytes,
        "physical_bytes": answer.physical_bytes,
        "open_sessions": answer.open_sessions,
        "notes": answer.notes,
        "age_ms": answer.age_ms,
    })
}

fn tell(item: &Value, cluster: &v1::ClusterState, style: &Style) -> String {
    let up = human::time_ms(item, "started_at").map(|at| style.now_ms.saturating_sub(at));
    let up = up.map_or_else(String::new, |ms| format!("  up {}", human_duration(Duration::from_millis(ms))));
    let id = short_id(&text(item, "cluster_id"));
    let mut lines = vec![format!("cluster   {id}  vsd {}{up}  at {}", text(item, "version"), text(item, "endpoint"))];
    lines.push(tell_quorum(cluster));
    let nodes = item["nodes"].as_array().cloned().unwrap_or_default();
    lines.push(format!("nodes     {}", count_nodes(&nodes)));
    let videos = item["videos"].as_object().into_iter().flatten();
    let counted = videos.filter(|(_, n)| n.as_u64() != Some(0)).map(|(name, n)| format!("{n} {name}"));
    let counted: Vec<_> = counted.collect();
    lines.push(format!("videos    {}", if counted.is_empty() { "none".to_owned() } else { counted.join(" · ") }));
    let (logical, physical) = (number(item, "logical_bytes"), number(item, "physical_bytes"));
    let ratio = (physical * 10 + logical / 2).checked_div(logical);
    let ratio = ratio.map_or_else(String::new, |tenths| format!(" ({}.{}x)", tenths / 10, tenths % 10));
    lines.push(format!(
        "stored    {} as {} on disks{ratio}",
        human::bytes(style, logical),
        human::bytes(style, physical)
    ));
    lines.push(format!("uploads   {} in flight", number(item, "open_sessions")));
    let mut text = lines.join("\n") + "\n\n" + &out::table(style, &NODES, &nodes);
    let notes = item["notes"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let notes: String = notes.map(|note| format!("! {}\n", shown(note))).collect();
    if !notes.is_empty() {
        text.push_str(&format!("\n{notes}"));
    }
    text
}

fn tell_quorum(cluster: &v1::ClusterState) -> String {
    let (voters, quorum, term) = (cluster.voters, cluster.quorum, cluster.term);
    let leader = match cluster.leader {
        Some(leader) => format!("{} leads term {term}", NodeId(leader)),
        None => format!("no leader in term {term}"),
    };
    let ago = |ms| format!(", the last {} ago", human_duration(Duration::from_millis(ms)));
    let last = cluster.last_election_ms.map_or_else(String::new, ago);
    let elections = format!("{} elections seen{last}", cluster.elections);
    format!("quorum    {leader} · voters {voters} · quorum {quorum} · {} · {elections}", can_lose(cluster))
}

/// `2 up · 1 down (n3)`: those that are not up by name.
fn count_nodes(nodes: &[Value]) -> String {
    let mut states: Vec<(String, Vec<String>)> = Vec::new();
    for node in nodes {
        let (state, id) = (text(node, "state"), text(node, "id"));
        match states.iter_mut().find(|(known, _)| *known == state) {
            Some((_, ids)) => ids.push(id),
            None => states.push((state, vec![id])),
        }
    }
    let told = |(state, ids): &(String, Vec<String>)| match state.as_str() {
        "up" => format!("{} up", ids.len()),
        _ => format!("{} {state} ({})", ids.len(), ids.join(" ")),
    };
    if states.is_empty() { "none".to_owned() } else { states.iter().map(told).collect::<Vec<_>>().join(" · ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vs_client::cli::OutputFormat;

    #[test]
    fn one_screen_tells_all() {
        let answer = v1::StatusResponse {
            cluster_id: "5b7d8f3c-0000-4000-8000-000000000000".to_owned(),
            version: "0.1.0".to_owned(),
            started_at_ms: 1_700_000_000_000,
            cluster: Some(v1::ClusterState {
                leader: Some(1),
                term: 2,
                quorum: 2,
                voters: 3,
                members: [("leader", 1), ("follower", 2), ("down", 3)]
                    .map(|(state, id)| v1::Member { id, state: state.to_owned(), voter: true, ..Default::default() })
                    .to_vec(),
                last_election_ms: Some(61_000),
                elections: 4,
                ..Default::default()
            }),
            videos_by_status: [("ready".to_owned(), 3), ("trashed".to_owned(), 1)].into(),
            logical_bytes: 3 << 30,
            physical_bytes: 9 << 30,
            notes: vec!["replicas: 3 wanted, 1 node".to_owned()],
            ..Default::default()
        };
        let node = |(id, state): (u64, &str)| {
            row::node(&v1::NodeInfo { id, state: state.to_owned(), ..Default::default() }, None)
        };
        let item = item(&answer, "127.0.0.1:7400", [(1, "up"), (2, "up"), (3, "down")].map(node).to_vec());
        assert_eq!(item["cluster"]["leader"], "n1");
        assert_eq!(item["videos"]["failed"], 0);
        let expected = "\
cluster   5b7d8f3c  vsd 0.1.0  up 3m10s  at 127.0.0.1:7400
quorum    n1 leads term 2 · voters 3 · quorum 2 · can lose 0 · 4 elections seen, the last 1m01s ago
nodes     2 up · 1 down (n3)
videos    3 ready · 1 trashed
stored    3.0 GiB as 9.0 GiB on disks (3.0x)
uploads   0 in flight

NODE  ADDR  ROLES  ZONE  STATE       DISK  CHUNKS  LATENCY  VERSION
n1    –            –     up     0 B / 0 B       0        –  –
n2    –            –     up     0 B / 0 B       0        –  –
n3    –            –     down   0 B / 0 B       0        –  –

! replicas: 3 wanted, 1 node
";
        assert_eq!(tell(&item, &answer.cluster.clone().unwrap(), &out::tests::style(OutputFormat::Table)), expected);
    }
}
