//! `vsctl cluster …`: the metadata group: who leads, who follows how far behind, and what an operator may ask of it.

use std::{
    io::{self, IsTerminal},
    ops::ControlFlow,
    time::Duration,
};

use clap::{Args, Subcommand};
use clap_complete::ArgValueCompleter;
use serde_json::{Value, json};
use vs_client::{cli::OutputFormat, follow::follow};
use vs_core::{
    error::{Code, Exit, Failure},
    id::NodeId,
    unit::{clock, human_duration},
};
use vs_wire::v1;

use super::{ls::CLEAR, status};
use crate::{
    complete,
    desk::Desk,
    out::{self, Kind, Style, human::text},
    row::{self, CLUSTER, MEMBERS, REPLICAS, SEATS, SNAPSHOTS, TRANSFERS},
};

const AFTER_HELP: &str = "\
Examples:
  vsctl cluster status
  vsctl cluster watch -o jsonl";
const STATUS_AFTER_HELP: &str = "\
Examples:
  vsctl cluster status
  vsctl cluster status --stale -o json

Without a quorum only --stale answers: what the node that is asked last knew.";
const WATCH_AFTER_HELP: &str = "\
Examples:
  vsctl cluster watch
  vsctl cluster watch -o jsonl | jq .leader

Goes on at another endpoint when the one that tells is gone.";
const MEMBERS_AFTER_HELP: &str = "\
Examples:
  vsctl cluster members
  vsctl cluster members -o json";
const TRANSFER_AFTER_HELP: &str = "\
Examples:
  vsctl cluster transfer n2
  vsctl cluster transfer --dry-run";
const SNAPSHOT_AFTER_HELP: &str = "\
Examples:
  vsctl cluster snapshot
  vsctl cluster snapshot n2 -o json

Exits 9 when some node made none.";
const VERIFY_AFTER_HELP: &str = "\
Examples:
  vsctl cluster verify
  vsctl cluster verify -o wide

Exits 8 when a node differs from the leader, 9 when some did not answer.";

/// A picture of the cluster older than this says so: nodes hear from the leader once a second.
const FRESH_MS: u64 = 2_500;

/// Show the metadata group and hand its lead over
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum ClusterVerb {
    #[command(aliases = ["show", "get", "describe"])]
    Status(StatusArgs),
    Watch(WatchArgs),
    #[command(aliases = ["ls", "list"])]
    Members(MembersArgs),
    Transfer(TransferArgs),
    Snapshot(SnapshotArgs),
    Verify(VerifyArgs),
}

/// Show who leads, and how far every member is
#[derive(Args, Debug)]
#[command(after_help = STATUS_AFTER_HELP)]
pub(crate) struct StatusArgs {}

/// Follow the members until interrupted
#[derive(Args, Debug)]
#[command(after_help = WATCH_AFTER_HELP)]
pub(crate) struct WatchArgs {}

/// List the members: who votes, who learns
#[derive(Args, Debug)]
#[command(after_help = MEMBERS_AFTER_HELP)]
pub(crate) struct MembersArgs {}

/// Hand the lead over to another voter
#[derive(Args, Debug)]
#[command(after_help = TRANSFER_AFTER_HELP)]
pub(crate) struct TransferArgs {
    /// Which voter [default: the one that is furthest]
    #[arg(value_name = "NODE", add = ArgValueCompleter::new(complete::nodes))]
    node: Option<NodeId>,
}

/// Make a snapshot of the metadata on every member, or on one
#[derive(Args, Debug)]
#[command(after_help = SNAPSHOT_AFTER_HELP)]
pub(crate) struct SnapshotArgs {
    /// Which member [default: all that answer]
    #[arg(value_name = "NODE", add = ArgValueCompleter::new(complete::nodes))]
    node: Option<NodeId>,
}

/// Compare the metadata of all members after the same entry
#[derive(Args, Debug)]
#[command(after_help = VERIFY_AFTER_HELP)]
pub(crate) struct VerifyArgs {}

pub(crate) async fn run(verb: ClusterVerb, desk: &Desk) -> anyhow::Result<Exit> {
    match verb {
        ClusterVerb::Status(StatusArgs {}) => show(desk).await,
        ClusterVerb::Watch(WatchArgs {}) => watch(desk).await,
        ClusterVerb::Members(MembersArgs {}) => members(desk).await,
        ClusterVerb::Transfer(args) => transfer(args, desk).await,
        ClusterVerb::Snapshot(args) => snapshot(args, desk).await,
        ClusterVerb::Verify(VerifyArgs {}) => verify(desk).await,
    }
}

async fn show(desk: &Desk) -> anyhow::Result<Exit> {
    CLUSTER.check(&desk.style)?;
    let answer = status::read(desk).await?;
    desk.say_age(answer.age_ms);
    let state = answer.cluster.unwrap_or_default();
    out::one(&desk.style, &CLUSTER, &row::cluster(&state), |style| tell(&state, style))?;
    Ok(Exit::Ok)
}

/// The table of members and the line below it.
fn tell(state: &v1::ClusterState, style: &Style) -> String {
    let rows: Vec<_> = state.members.iter().map(|member| row::member(member, state.leader)).collect();
    out::table(style, &MEMBERS, &rows) + &footer(state) + "\n"
}

fn footer(state: &v1::ClusterState) -> String {
    let mut words = vec![format!("voters {}", state.voters), format!("quorum {}", state.quorum), can_lose(state)];
    if state.leader.is_none() {
        words.insert(0, "no leader".to_owned());
    }
    if let Some(ago_ms) = state.last_election_ms {
        words.push(format!("last election {} ago", clock(Duration::from_millis(ago_ms))));
    }
    if let Some(age_ms) = state.age_ms.filter(|age_ms| *age_ms > FRESH_MS) {
        words.push(format!("as of {} ago", human_duration(Duration::from_millis(age_ms))));
    }
    words.join(" · ")
}

/// How many more voters may fail, counting those that did.
pub(super) fn can_lose(state: &v1::ClusterState) -> String {
    if state.leader.is_none() {
        return "read-only until there is one".to_owned();
    }
    let down = state.members.iter().filter(|member| member.voter && member.state == "down").count();
    let up = state.voters.saturating_sub(u32::try_from(down).unwrap_or(u32::MAX));
    match up.checked_sub(state.quorum) {
        Some(spare) => format!("can lose {spare}"),
        None => format!("no quorum: {up} up"),
    }
}

async fn watch(desk: &Desk) -> anyhow::Result<Exit> {
    WATCHED.check(&desk.style)?;
    let is_table =
        matches!(desk.style.format, OutputFormat::Table | OutputFormat::Wide) && desk.style.columns.is_empty();
    let redraw = is_table && io::stdout().is_terminal();
    let (mut heard, mut ended) = (false, Ok(()));
    let mut chances = desk.reach().endpoints().len();
    follow(desk.reach(), |told| {
        let written = match told {
            Err(failure) => {
                chances = chances.saturating_sub(1);
                if !heard && chances == 0 {
                    // Nobody ever told anything: most likely nobody is there.
                    Err(failure.into())
                } else {
                    desk.say(&format!("{failure}; asking on"));
                    Ok(())
                }
            }
            Ok(state) if is_table => {
                let clear = if redraw { CLEAR } else { "" };
                let gap = if heard && !redraw { "\n" } else { "" };
                heard = true;
                out::write(&format!("{clear}{gap}{}", tell(&state, &desk.style)))
            }
            Ok(state) => {
                let item = watched(&state);
                let headers = desk.style.headers && !heard;
                heard = true;
                out::one(&Style { headers, ..desk.style.clone() }, &WATCHED, &item, |_| String::new())
            }
        };
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                ended = Err(error);
                ControlFlow::Break(())
            }
        }
    })
    .await;
    ended.map(|()| Exit::Ok)
}

/// One picture of the stream: the status, and what only a stream tells.
fn watched(state: &v1::ClusterState) -> Value {
    let node = |node: &v1::NodeInfo| json!({ "id": NodeId(node.id).to_string(), "state": node.state });
    let more = json!({
        "at": row::rfc3339(state.at_ms),
        "age_ms": state.age_ms,
        "elections": state.elections,
        "last_election_ms": state.last_election_ms,
        "epoch": state.epoch,
        "nodes": state.nodes.iter().map(node).collect::<Vec<_>>(),
    });
    row::extended(row::cluster(state), more)
}

static WATCHED: Kind = Kind {
    id: "leader",
    keys: &[
        "leader",
        "term",
        "quorum",
        "voters",
        "members",
        "at",
        "age_ms",
        "elections",
        "last_election_ms",
        "epoch",
        "nodes",
    ],
    columns: &[],
};

async fn members(desk: &Desk) -> anyhow::Result<Exit> {
    SEATS.check(&desk.style)?;
    let answer = status::read(desk).await?;
    desk.say_age(answer.age_ms);
    let node = |id| answer.nodes.iter().find(|node| node.id == id);
    let members = answer.cluster.iter().flat_map(|cluster| &cluster.members);
    let rows: Vec<_> = members.map(|member| row::seat(member, node(member.id))).collect();
    out::list(&desk.style, &SEATS, &rows, None)?;
    Ok(Exit::Ok)
}

async fn transfer(args: TransferArgs, desk: &Desk) -> anyhow::Result<Exit> {
    TRANSFERS.check(&desk.style)?;
    let request = v1::TransferLeadershipRequest { to: args.node.map(|node| node.0), dry_run: desk.dry_run };
    let answer = desk
        .change_patiently("TransferLeadership", request, |client, request| async move {
            client.admin().transfer_leadership(request).await
        })
        .await?;
    let item = row::transfer(&answer);
    let (from, to) = (text(&item, "from"), text(&item, "to"));
    out::one(&desk.style, &TRANSFERS, &item, |_| match (desk.dry_run, answer.from == answer.to) {
        (_, true) => format!("{to} leads already, term {}\n", answer.term),
        (true, false) if answer.from == 0 => format!("plan: {to} is to lead; nobody leads now\n"),
        (true, false) => format!("plan: {from} hands over to {to}\n"),
        (false, false) => format!("✓ {to} leads, term {}, nobody led for {} ms\n", answer.term, answer.took_ms),
    })?;
    Ok(Exit::Ok)
}

async fn snapshot(args: SnapshotArgs, desk: &Desk) -> anyhow::Result<Exit> {
    SNAPSHOTS.check(&desk.style)?;
    let request = v1::TakeSnapshotRequest { node: args.node.map(|node| node.0), dry_run: desk.dry_run };
    let ask = |client: vs_client::Client, request| async move { client.admin().take_snapshot(request).await };
    let items = desk.ask_patiently("TakeSnapshot", request, ask).await?.items;
    let names = |failed: bool| {
        let nodes = items.iter().filter(move |taken| taken.why.is_empty() != failed);
        nodes.map(|taken| NodeId(taken.node).to_string()).collect::<Vec<_>>()
    };
    if desk.dry_run {
        desk.plan(&format!("plan: make a snapshot on {}", names(false).join(" ")));
        return Ok(Exit::Ok);
    }
    let rows: Vec<_> = items.iter().map(row::snapshot).collect();
    out::list(&desk.style, &SNAPSHOTS, &rows, None)?;
    match names(true).as_slice() {
        [] => Ok(Exit::Ok),
        failed => Err(Failure::new(Code::Partial, format!("{} of {} made no snapshot", failed.len(), items.len()))
            .because(failed.join(" "))
            .into()),
    }
}

async fn verify(desk: &Desk) -> anyhow::Result<Exit> {
    REPLICAS.check(&desk.style)?;
    let ask = |client: vs_client::Client, request| async move { client.admin().verify_replicas(request).await };
    let answer = desk.ask_patiently("VerifyReplicas", v1::VerifyReplicasRequest {}, ask).await?;
    let rows: Vec<_> = answer.items.iter().map(row::replica).collect();
    out::list(&desk.style, &REPLICAS, &rows, None)?;
    let names = |same: Option<bool>| {
        let nodes = answer.items.iter().filter(move |replica| replica.same == same);
        nodes.map(|replica| NodeId(replica.node).to_string()).collect::<Vec<_>>()
    };
    let (alike, other, silent) = (names(Some(true)), names(Some(false)), names(None));
    let index = answer.index;
    if !other.is_empty() {
        let failure = Failure::new(Code::Integrity, format!("{} differ from the leader", other.join(" ")));
        return Err(failure
            .because(format!("compared after entry {index}"))
            .hint("begin it anew with an empty data directory, and keep the old one: `vsd serve --join HOST:PORT`")
            .into());
    }
    if !silent.is_empty() {
        let failure = Failure::new(Code::Partial, format!("{} did not answer", silent.join(" ")));
        return Err(failure.because(format!("{} alike after entry {index}", alike.join(" "))).into());
    }
    desk.say(&format!("✓ {} alike after entry {index}", alike.join(" ")));
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::out::tests::style;

    fn member(id: u64, state: &str) -> v1::Member {
        let (match_, heartbeat_ms) = if state == "leader" { (0, Some(0)) } else { (18_432, Some(12)) };
        v1::Member {
            id,
            addr: format!("10.0.0.1{id}:7400"),
            state: state.to_owned(),
            term: 7,
            last: 18_432,
            commit: 18_432,
            applied: 18_432,
            r#match: match_,
            heartbeat_ms,
            voter: true,
            ..v1::Member::default()
        }
    }

    #[test]
    fn the_status_is_that_of_the_contract() {
        let mut state = v1::ClusterState {
            leader: Some(1),
            term: 7,
            quorum: 2,
            voters: 3,
            members: vec![member(1, "leader"), member(2, "follower"), member(3, "follower")],
            last_election_ms: Some(8_049_000),
            ..v1::ClusterState::default()
        };
        let expected = "\
NODE  STATE     TERM  LAST   COMMIT  APPLIED  MATCH  LAG  HEARTBEAT
n1    LEADER    7     18432  18432   18432    –      0    –
n2    FOLLOWER  7     18432  18432   18432    18432  0    12 ms
n3    FOLLOWER  7     18432  18432   18432    18432  0    12 ms
voters 3 · quorum 2 · can lose 1 · last election 02:14:09 ago
";
        assert_eq!(tell(&state, &style(OutputFormat::Table)), expected);
        state.members[2].state = "down".to_owned();
        assert_eq!(can_lose(&state), "can lose 0");
        state.members[0].state = "down".to_owned();
        (state.leader, state.last_election_ms, state.age_ms) = (None, None, Some(75_000));
        assert_eq!(footer(&state), "no leader · voters 3 · quorum 2 · read-only until there is one · as of 1m15s ago");
        let keys: Vec<_> = watched(&state).as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, WATCHED.keys);
    }
}
