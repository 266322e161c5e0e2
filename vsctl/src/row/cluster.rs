//! The metadata group: its members as they stand, who may vote, and what they answered to snapshots and comparisons.

use serde_json::{Value, json};
use vs_client::cli::OutputFormat;
use vs_core::id::NodeId;
use vs_wire::v1;

use crate::out::{
    Column, Kind, Style,
    human::{self, text},
};

/// Characters of a digest in a table: enough to see that two differ.
const SHORT_DIGEST_CHARS: usize = 12;

/// What `cluster status` prints (CLI §3).
pub(crate) fn cluster(state: &v1::ClusterState) -> Value {
    json!({
        "leader": state.leader.map(|leader| NodeId(leader).to_string()),
        "term": state.term,
        "quorum": state.quorum,
        "voters": state.voters,
        "members": state.members.iter().map(|one| member(one, state.leader)).collect::<Vec<_>>(),
    })
}

/// A leader matches itself and hears from itself: it has neither.
pub(crate) fn member(member: &v1::Member, leader: Option<u64>) -> Value {
    let leads = leader == Some(member.id);
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
}

const NODE: Column = Column { key: "node", heading: "NODE", wide: false, right: false, show: |n, _| text(n, "node") };
const ADDR: Column = Column { key: "addr", heading: "ADDR", wide: false, right: false, show: |m, _| text(m, "addr") };

pub(crate) static CLUSTER: Kind =
    Kind { id: "leader", keys: &["leader", "term", "quorum", "voters", "members"], columns: &[] };

pub(crate) static MEMBERS: Kind = Kind {
    id: "id",
    keys: &["id", "addr", "state", "term", "last", "commit", "applied", "match", "lag", "heartbeat_ms"],
    columns: &[
        Column { key: "id", heading: "NODE", wide: false, right: false, show: |m, _| text(m, "id") },
        Column { wide: true, ..ADDR },
        Column {
            key: "state",
            heading: "STATE",
            wide: false,
            right: false,
            show: |m, _| text(m, "state").to_uppercase(),
        },
        Column { key: "term", heading: "TERM", wide: false, right: false, show: |m, _| text(m, "term") },
        Column { key: "last", heading: "LAST", wide: false, right: false, show: |m, _| text(m, "last") },
        Column { key: "commit", heading: "COMMIT", wide: false, right: false, show: |m, _| text(m, "commit") },
        Column { key: "applied", heading: "APPLIED", wide: false, right: false, show: |m, _| text(m, "applied") },
        Column { key: "match", heading: "MATCH", wide: false, right: false, show: |m, _| text(m, "match") },
        Column { key: "lag", heading: "LAG", wide: false, right: false, show: |m, _| text(m, "lag") },
        Column { key: "heartbeat_ms", heading: "HEARTBEAT", wide: false, right: false, show: show_heartbeat },
    ],
};

fn show_heartbeat(member: &Value, _: &Style) -> String {
    member["heartbeat_ms"].as_u64().map_or_else(|| human::NOTHING.to_owned(), |ms| format!("{ms} ms"))
}

/// A member with what the cluster knows of it as a node.
pub(crate) fn seat(member: &v1::Member, node: Option<&v1::NodeInfo>) -> Value {
    json!({
        "id": NodeId(member.id).to_string(),
        "addr": member.addr,
        "voter": member.voter,
        "state": member.state,
        "roles": node.map(|node| &node.roles),
        "zone": node.map(|node| &node.zone),
    })
}

pub(crate) static SEATS: Kind = Kind {
    id: "id",
    keys: &["id", "addr", "voter", "state", "roles", "zone"],
    columns: &[
        Column { key: "id", heading: "NODE", wide: false, right: false, show: |m, _| text(m, "id") },
        ADDR,
        Column { key: "voter", heading: "MEMBER", wide: false, right: false, show: show_seat },
        Column { key: "state", heading: "STATE", wide: false, right: false, show: |m, _| text(m, "state") },
        Column { key: "roles", heading: "ROLES", wide: false, right: false, show: super::node::show_roles },
        Column { key: "zone", heading: "ZONE", wide: false, right: false, show: |m, _| text(m, "zone") },
    ],
};

fn show_seat(member: &Value, _: &Style) -> String {
    if member["voter"] == true { "voter" } else { "learner" }.to_owned()
}

pub(crate) fn snapshot(taken: &v1::TakenSnapshot) -> Value {
    let failed = !taken.why.is_empty();
    json!({
        "node": NodeId(taken.node).to_string(),
        "index": Some(taken.index).filter(|_| !failed),
        "bytes": Some(taken.bytes).filter(|_| !failed),
        "why": Some(&taken.why).filter(|_| failed),
    })
}

pub(crate) static SNAPSHOTS: Kind = Kind {
    id: "node",
    keys: &["node", "index", "bytes", "why"],
    columns: &[
        NODE,
        Column { key: "index", heading: "INDEX", wide: false, right: true, show: |s, _| text(s, "index") },
        Column {
            key: "bytes",
            heading: "SIZE",
            wide: false,
            right: true,
            show: |s, style| {
                s["bytes"].as_u64().map_or_else(|| human::NOTHING.to_owned(), |bytes| human::bytes(style, bytes))
            },
        },
        WHY,
    ],
};

const WHY: Column = Column { key: "why", heading: "WHY NOT", wide: false, right: false, show: |n, _| text(n, "why") };

pub(crate) fn replica(replica: &v1::Replica) -> Value {
    let heard = replica.same.is_some();
    json!({
        "node": NodeId(replica.node).to_string(),
        "same": replica.same,
        "records": Some(replica.records).filter(|_| heard),
        "chain": digest(&replica.chain),
        "state": digest(&replica.state),
        "why": Some(&replica.why).filter(|why| !why.is_empty()),
    })
}

fn digest(bytes: &[u8]) -> Option<String> {
    (!bytes.is_empty()).then(|| bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

pub(crate) static REPLICAS: Kind = Kind {
    id: "node",
    keys: &["node", "same", "records", "chain", "state", "why"],
    columns: &[
        NODE,
        Column { key: "same", heading: "SAME", wide: false, right: false, show: show_same },
        Column { key: "records", heading: "RECORDS", wide: false, right: true, show: |r, _| text(r, "records") },
        Column {
            key: "chain",
            heading: "CHAIN",
            wide: false,
            right: false,
            show: |r, style| show_digest(r, "chain", style),
        },
        Column {
            key: "state",
            heading: "STATE",
            wide: false,
            right: false,
            show: |r, style| show_digest(r, "state", style),
        },
        WHY,
    ],
};

fn show_same(replica: &Value, _: &Style) -> String {
    replica["same"].as_bool().map_or(human::NOTHING, |same| if same { "yes" } else { "NO" }).to_owned()
}

fn show_digest(replica: &Value, key: &str, style: &Style) -> String {
    let whole = text(replica, key);
    if style.format == OutputFormat::Wide { whole } else { whole.chars().take(SHORT_DIGEST_CHARS).collect() }
}

pub(crate) fn transfer(answer: &v1::TransferLeadershipResponse) -> Value {
    json!({
        // None when nobody led.
        "from": (answer.from > 0).then(|| NodeId(answer.from).to_string()),
        "to": NodeId(answer.to).to_string(),
        "term": answer.term,
        "took_ms": answer.took_ms,
    })
}

pub(crate) static TRANSFERS: Kind = Kind { id: "to", keys: &["from", "to", "term", "took_ms"], columns: &[] };
