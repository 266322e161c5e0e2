//! `vsctl status`: one screen of truth.

use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};
use vs_core::{error::Exit, id::NodeId, text::shown, unit::human_duration};
use vs_wire::v1;

use super::node::measured;
use crate::{
    desk::Desk,
    out::{
        self, Kind, Style,
        human::{self, number, text},
    },
    row::{NODES, rfc3339, short_id},
};

const AFTER_HELP: &str = "\
Examples:
  vsctl status
  vsctl status --stale -o json";

/// Show the cluster, its nodes and its library on one screen
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct StatusArgs {}

static STATUS: Kind = Kind {
    id: "cluster_id",
    keys: &[
        "cluster_id",
        "version",
        "started_at",
        "endpoint",
        "cluster",
        "nodes",
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
    let client = desk.client().await?;
    let request = v1::StatusRequest { consistency: desk.consistency() };
    let answer = desk.call("Status", client.admin().status(request)).await?;
    desk.say_age(answer.age_ms);
    let item = item(&answer, client.addr(), measured(&answer.nodes, desk).await);
    out::one(&desk.style, &STATUS, &item, |style| tell(&item, style))?;
    Ok(Exit::Ok)
}

fn item(answer: &v1::StatusResponse, endpoint: &str, nodes: Vec<Value>) -> Value {
    let videos: Map<_, _> = crate::row::STATUSES
        .iter()
        .map(|status| crate::row::status_name(*status))
        .map(|name| (name.to_owned(), answer.videos_by_status.get(name).copied().unwrap_or(0).into()))
        .collect();
    json!({
        "cluster_id": answer.cluster_id,
        "version": answer.version,
        "started_at": rfc3339(answer.started_at_ms),
        "endpoint": endpoint,
        "cluster": answer.cluster.as_ref().map(cluster),
        "nodes": nodes,
        "videos": videos,
        "logical_bytes": answer.logical_bytes,
        "physical_bytes": answer.physical_bytes,
        "open_sessions": answer.open_sessions,
        "notes": answer.notes,
        "age_ms": answer.age_ms,
    })
}

fn cluster(state: &v1::ClusterState) -> Value {
    let member = |member: &v1::Member| {
        let leads = state.leader == Some(member.id);
        json!({
            "id": NodeId(member.id).to_string(),
            "addr": member.addr,
            "state": member.state,
            "term": member.term,
            "last": member.last,
            "commit": member.commit,
            "applied": member.applied,
            "match": Some(member.r#match).filter(|_| !leads),
            "lag": member.lag,
            "heartbeat_ms": member.heartbeat_ms.filter(|_| !leads),
        })
    };
    json!({
        "leader": state.leader.map(|leader| NodeId(leader).to_string()),
        "term": state.term,
        "quorum": state.quorum,
        "voters": state.voters,
        "members": state.members.iter().map(member).collect::<Vec<_>>(),
    })
}

fn tell(item: &Value, style: &Style) -> String {
    let up = human::time_ms(item, "started_at").map(|at| style.now_ms.saturating_sub(at));
    let up = up.map_or_else(String::new, |ms| format!("  up {}", human_duration(Duration::from_millis(ms))));
    let id = short_id(&text(item, "cluster_id"));
    let mut lines = vec![format!("cluster   {id}  vsd {}{up}  at {}", text(item, "version"), text(item, "endpoint"))];
    lines.push(tell_quorum(&item["cluster"]));
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
    let nodes = item["nodes"].as_array().cloned().unwrap_or_default();
    let mut text = lines.join("\n") + "\n\n" + &out::table(style, &NODES, &nodes);
    let notes = item["notes"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let notes: String = notes.map(|note| format!("! {}\n", shown(note))).collect();
    if !notes.is_empty() {
        text.push_str(&format!("\n{notes}"));
    }
    text
}

fn tell_quorum(cluster: &Value) -> String {
    let (voters, quorum) = (number(cluster, "voters"), number(cluster, "quorum"));
    let leader = match cluster["leader"].as_str() {
        Some(leader) => format!("{leader} leads term {}", number(cluster, "term")),
        None => format!("no leader in term {}", number(cluster, "term")),
    };
    format!("quorum    {leader} · voters {voters} · quorum {quorum} · can lose {}", voters.saturating_sub(quorum))
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
            cluster: Some(v1::ClusterState { leader: Some(1), term: 2, quorum: 1, voters: 1, ..Default::default() }),
            videos_by_status: [("ready".to_owned(), 3), ("trashed".to_owned(), 1)].into(),
            logical_bytes: 3 << 30,
            physical_bytes: 9 << 30,
            notes: vec!["replicas: 3 wanted, 1 node".to_owned()],
            ..Default::default()
        };
        let item = item(&answer, "127.0.0.1:7400", Vec::new());
        assert_eq!(item["cluster"]["leader"], "n1");
        assert_eq!(item["videos"]["failed"], 0);
        let expected = "\
cluster   5b7d8f3c  vsd 0.1.0  up 3m10s  at 127.0.0.1:7400
quorum    n1 leads term 2 · voters 1 · quorum 1 · can lose 0
videos    3 ready · 1 trashed
stored    3.0 GiB as 9.0 GiB on disks (3.0x)
uploads   0 in flight

NODE  ADDR  ROLES  ZONE  STATE  DISK  CHUNKS  LATENCY  VERSION

! replicas: 3 wanted, 1 node
";
        assert_eq!(tell(&item, &out::tests::style(OutputFormat::Table)), expected);
    }
}
