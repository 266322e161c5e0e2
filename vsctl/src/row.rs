//! Messages as the JSON objects of the contract (CLI §3), and the tables made of them.

mod care;
mod chunk;
mod cluster;
mod job;
mod layout;
mod node;
mod plan;
mod redundancy;
mod setting;

use serde_json::{Value, json};
use vs_core::id::NodeId;
use vs_wire::v1::{self, VideoStatus};

use crate::out::{
    Column, Kind, Style,
    human::{self, number, text},
};

pub(crate) use care::{COMPACT_PLANS, COMPACTIONS, SCRUBS, compact, compact_plan, scrub, show_rate};
pub(crate) use chunk::{CHUNKS, VIDEO_CHUNKS, chunk, hash, video_chunk};
pub(crate) use cluster::{
    CLUSTER, MEMBERS, REPLICAS, SEATS, SNAPSHOTS, TRANSFERS, cluster, member, replica, seat, snapshot, transfer,
};
pub(crate) use job::{
    JOB_LINES, JOBS, REBALANCE, REPAIR, job, job_line, rebalance, repair, running_lines, show_progress,
};
pub(crate) use layout::{
    BALANCE, BALANCED, LAYOUT, LAYOUT_NODES, LOCATED, Located, balance, balanced, layout, layout_nodes, located, share,
};
pub(crate) use node::{
    MOVED_NODE, NODE, NODES, PINGS, moved_node, node, ping, show_disk, show_latency, show_roles, whole,
};
pub(crate) use plan::{Moved, PLAN, PLANNED, plan, planned};
pub(crate) use redundancy::{EFFICIENCIES, REDUNDANCIES, efficiency, redundancy};
pub(crate) use setting::{BYTES_PER_SECOND, MILLISECONDS, SETTINGS, quantity, setting};

/// Characters of an id in a table: what people copy.
const SHORT_ID_CHARS: usize = 8;

pub(crate) fn rfc3339(at_ms: u64) -> Value {
    if at_ms == 0 { Value::Null } else { human::rfc3339(at_ms).into() }
}

pub(crate) fn status_name(status: VideoStatus) -> &'static str {
    match status {
        VideoStatus::Unspecified => "unknown",
        VideoStatus::Uploading => "uploading",
        VideoStatus::Processing => "processing",
        VideoStatus::Ready => "ready",
        VideoStatus::Failed => "failed",
        VideoStatus::Trashed => "trashed",
    }
}

/// Every status a video can have.
pub(crate) const STATUSES: [VideoStatus; 5] =
    [VideoStatus::Uploading, VideoStatus::Processing, VideoStatus::Ready, VideoStatus::Failed, VideoStatus::Trashed];

/// An item of `ls`.
pub(crate) fn video(video: &v1::Video) -> Value {
    json!({
        "id": video.id,
        "title": video.title,
        "status": status_name(video.status()),
        "duration_ms": video.duration_ms,
        "views": video.views,
        "scheme": vs_wire::scheme_from_wire(video.scheme).ok().map(|scheme| scheme.to_string()),
        "logical_bytes": video.logical_bytes,
        "physical_bytes": video.physical_bytes,
        "created_at": rfc3339(video.created_at_ms),
        "tracks": video.tracks,
    })
}

pub(crate) static VIDEOS: Kind = Kind {
    id: "id",
    keys: &[
        "id",
        "title",
        "status",
        "duration_ms",
        "views",
        "scheme",
        "logical_bytes",
        "physical_bytes",
        "created_at",
        "tracks",
    ],
    columns: &[
        Column { key: "id", heading: "ID", wide: false, right: false, show: short_or_whole_id },
        Column { key: "title", heading: "TITLE", wide: false, right: false, show: |v, _| text(v, "title") },
        Column { key: "status", heading: "STATUS", wide: false, right: false, show: |v, _| text(v, "status") },
        Column { key: "duration_ms", heading: "LENGTH", wide: false, right: true, show: show_length },
        Column { key: "views", heading: "VIEWS", wide: false, right: true, show: |v, _| text(v, "views") },
        Column { key: "scheme", heading: "SCHEME", wide: true, right: false, show: |v, _| text(v, "scheme") },
        Column {
            key: "logical_bytes",
            heading: "SIZE",
            wide: false,
            right: true,
            show: |v, style| human::bytes(style, number(v, "logical_bytes")),
        },
        Column {
            key: "physical_bytes",
            heading: "STORED",
            wide: true,
            right: true,
            show: |v, style| human::bytes(style, number(v, "physical_bytes")),
        },
        Column { key: "tracks", heading: "TRACKS", wide: true, right: true, show: |v, _| text(v, "tracks") },
        Column {
            key: "created_at",
            heading: "CREATED",
            wide: false,
            right: false,
            show: |v, style| human::when_of(v, "created_at", style),
        },
    ],
};

/// The whole id in a wide table, its beginning otherwise.
pub(crate) fn short_or_whole_id(item: &Value, style: &Style) -> String {
    let id = text(item, "id");
    if style.format == vs_client::cli::OutputFormat::Wide { id } else { short_id(&id) }
}

pub(crate) fn short_id(id: &str) -> String {
    id.chars().take(SHORT_ID_CHARS).collect()
}

fn show_length(item: &Value, _: &Style) -> String {
    human::length(number(item, "duration_ms"))
}

pub(crate) fn session_state_name(state: v1::SessionState) -> &'static str {
    match state {
        v1::SessionState::Unspecified => "unknown",
        v1::SessionState::Receiving => "receiving",
        v1::SessionState::Probing => "probing",
        v1::SessionState::Storing => "storing",
        v1::SessionState::Processing => "processing",
        v1::SessionState::Ready => "ready",
        v1::SessionState::Rejected => "rejected",
        v1::SessionState::Failed => "failed",
        v1::SessionState::Aborted => "aborted",
    }
}

/// An upload in flight, or one that ended.
pub(crate) fn session(session: &v1::Session) -> Value {
    let failure = session.failure.as_ref();
    json!({
        "id": session.upload,
        "state": session_state_name(session.state()),
        "file_name": session.file_name,
        "title": session.title,
        "size_bytes": Some(session.size).filter(|size| *size > 0),
        "durable_bytes": session.durable_offset,
        "video_id": Some(&session.video).filter(|id| !id.is_empty()),
        "node": NodeId(session.node).to_string(),
        "created_at": rfc3339(session.created_at_ms),
        "expires_at": rfc3339(session.expires_at_ms),
        "code": failure.map(|failure| &failure.code),
        "error": failure.map(|failure| std::iter::once(&failure.what).chain(&failure.why).cloned().collect::<Vec<_>>().join(": ")),
    })
}

pub(crate) static SESSIONS: Kind = Kind {
    id: "id",
    keys: &[
        "id",
        "state",
        "file_name",
        "title",
        "size_bytes",
        "durable_bytes",
        "video_id",
        "node",
        "created_at",
        "expires_at",
        "code",
        "error",
    ],
    columns: &[
        Column { key: "id", heading: "ID", wide: false, right: false, show: short_or_whole_id },
        Column { key: "state", heading: "STATE", wide: false, right: false, show: |s, _| text(s, "state") },
        Column { key: "file_name", heading: "FILE", wide: false, right: false, show: |s, _| text(s, "file_name") },
        Column { key: "durable_bytes", heading: "RECEIVED", wide: false, right: true, show: show_received },
        Column { key: "video_id", heading: "VIDEO", wide: true, right: false, show: |s, _| text(s, "video_id") },
        Column { key: "node", heading: "NODE", wide: true, right: false, show: |s, _| text(s, "node") },
        Column {
            key: "created_at",
            heading: "CREATED",
            wide: false,
            right: false,
            show: |s, style| human::when_of(s, "created_at", style),
        },
        Column {
            key: "expires_at",
            heading: "EXPIRES",
            wide: false,
            right: false,
            show: |s, style| human::when_of(s, "expires_at", style),
        },
        Column { key: "error", heading: "ERROR", wide: true, right: false, show: |s, _| text(s, "error") },
    ],
};

fn show_received(session: &Value, style: &Style) -> String {
    let received = human::bytes(style, number(session, "durable_bytes"));
    match number(session, "size_bytes") {
        0 => received,
        size => format!("{received} / {}", human::bytes(style, size)),
    }
}

/// The keys of both, in order.
pub(crate) fn extended(mut item: Value, more: Value) -> Value {
    if let (Value::Object(item), Value::Object(more)) = (&mut item, more) {
        item.extend(more);
    }
    item
}

#[cfg(test)]
mod tests {
    use vs_client::cli::OutputFormat;

    use super::*;
    use crate::out::{self, tests::style};

    fn videos() -> Vec<Value> {
        let scheme = Some(v1::Scheme { kind: Some(v1::scheme::Kind::Replicate(3)) });
        let plain = v1::Video {
            id: "8f3c2a1e-5b7d-4c9a-9e21-0d4f6b8a7c35".to_owned(),
            title: "Big Buck Bunny".to_owned(),
            status: VideoStatus::Ready.into(),
            duration_ms: 596_000,
            views: 12,
            scheme,
            logical_bytes: 1_503_238_553,
            physical_bytes: 4_509_715_659,
            created_at_ms: 1_700_000_000_000,
            tracks: 3,
            ..v1::Video::default()
        };
        let hostile = v1::Video {
            id: "aaaaaaaa-5b7d-4c9a-9e21-0d4f6b8a7c35".to_owned(),
            title: "名前 \x1b[31m\n\"q\", $x \u{202e}".to_owned(),
            status: VideoStatus::Processing.into(),
            scheme: None,
            ..plain.clone()
        };
        vec![video(&plain), video(&hostile)]
    }

    #[test]
    fn a_table_of_videos() {
        let mut style = style(OutputFormat::Table);
        let shown = |style: &Style| out::render_list(style, &VIDEOS, &videos());
        let expected = "\
ID        TITLE                              STATUS      LENGTH  VIEWS     SIZE  CREATED
8f3c2a1e  Big Buck Bunny                     ready        9m56s     12  1.3 GiB  3m ago
aaaaaaaa  名前 \\u{1b}[31m\\n\"q\", $x \\u{202e}  processing   9m56s     12  1.3 GiB  3m ago
";
        assert_eq!(shown(&style), expected);
        style.headers = false;
        style.exact_bytes = true;
        style.columns = vec!["size".to_owned(), "id".to_owned()];
        assert_eq!(shown(&style), "1503238553  8f3c2a1e\n1503238553  aaaaaaaa\n");
    }

    #[test]
    fn videos_as_data() {
        let shown = |format| out::render_list(&style(format), &VIDEOS, &videos()[1..]);
        let id = "aaaaaaaa-5b7d-4c9a-9e21-0d4f6b8a7c35";
        let title = r#""名前 \u001b[31m\n\"q\", $x \u202e""#;
        assert_eq!(shown(OutputFormat::Name), format!("{id}\n"));
        let keys = "id,title,status,duration_ms,views,scheme,logical_bytes,physical_bytes,created_at,tracks\n";
        let csv = format!(
            "{keys}{id},\"名前 \\u{{1b}}[31m\\n\"\"q\"\", $x \\u{{202e}}\",processing,596000,12,,1503238553,4509715659,\
             2023-11-14T22:13:20Z,3\n"
        );
        assert_eq!(shown(OutputFormat::Csv), csv);
        let jsonl = format!(
            "{{\"id\":\"{id}\",\"title\":{title},\"status\":\"processing\",\"duration_ms\":596000,\"views\":12,\
             \"scheme\":null,\"logical_bytes\":1503238553,\"physical_bytes\":4509715659,\
             \"created_at\":\"2023-11-14T22:13:20Z\",\"tracks\":3}}\n"
        );
        assert_eq!(shown(OutputFormat::Jsonl), jsonl);
        let yaml = format!(
            "items:\n- id: {id}\n  title: {title}\n  status: processing\n  duration_ms: 596000\n  views: 12\n  \
             scheme: null\n  logical_bytes: 1503238553\n  physical_bytes: 4509715659\n  \
             created_at: \"2023-11-14T22:13:20Z\"\n  tracks: 3\nnext: null\n"
        );
        assert_eq!(shown(OutputFormat::Yaml), yaml);
        assert!(shown(OutputFormat::Json).starts_with("{\n  \"items\": [\n    {\n      \"id\""));
        assert!(shown(OutputFormat::Json).ends_with("],\n  \"next\": null\n}\n"));
    }

    #[test]
    fn columns_that_do_not_exist_are_refused() {
        let mut style = style(OutputFormat::Json);
        style.columns = vec!["id".to_owned(), "colour".to_owned()];
        assert_eq!(VIDEOS.check(&style).unwrap_err().code, vs_core::error::Code::Invalid);
        style.columns = vec!["views".to_owned()];
        assert!(out::render_list(&style, &VIDEOS, &videos()[..1]).contains("{\n      \"views\": 12\n    }"));
    }
}
