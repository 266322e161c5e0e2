//! Chunks of one node.

use serde_json::{Value, json};
use vs_client::{cli::OutputFormat, film::ChunkAt};
use vs_core::id::{DirId, NodeId};
use vs_wire::v1::{self, ChunkState};

use super::extended;
use crate::out::{
    Column, Kind, Style,
    human::{self, text},
};

pub(crate) fn hash(bytes: &[u8]) -> String {
    vs_wire::hash(bytes).map_or_else(|_| String::new(), |hash| hash.to_string())
}

fn chunk_state_name(state: ChunkState) -> &'static str {
    match state {
        ChunkState::Unspecified => "unknown",
        ChunkState::Stored => "stored",
        ChunkState::Damaged => "damaged",
        ChunkState::Missing => "missing",
        ChunkState::Intact => "intact",
        ChunkState::Unreadable => "unreadable",
    }
}

/// A chunk of one node; of a missing one only its name is known.
pub(crate) fn chunk(chunk: &v1::ChunkInfo, node: NodeId) -> Value {
    let is_here = chunk.state() != ChunkState::Missing;
    json!({
        "hash": hash(&chunk.hash),
        "asset": chunk.asset,
        "bytes": Some(chunk.bytes).filter(|_| is_here),
        "state": chunk_state_name(chunk.state()),
        "node": node.to_string(),
        "dir": Some(DirId(chunk.dir).to_string()).filter(|_| is_here),
        "superblock": Some(chunk.superblock).filter(|_| is_here),
        "offset": Some(chunk.offset).filter(|_| is_here),
        "sequence": Some(chunk.sequence).filter(|_| is_here),
        "why": Some(&chunk.why).filter(|why| !why.is_empty()),
    })
}

/// A chunk where it stands in its video, and what one node has of it.
pub(crate) fn video_chunk(at: &ChunkAt, info: &v1::ChunkInfo, node: NodeId) -> Value {
    let mut item = extended(json!({ "track": at.track, "segment": at.segment }), chunk(info, node));
    item["bytes"] = at.chunk.bytes.into();
    item
}

const HASH: Column = Column { key: "hash", heading: "HASH", wide: false, right: false, show: show_hash };
const ASSET: Column =
    Column { key: "asset", heading: "ASSET", wide: false, right: true, show: |c, _| text(c, "asset") };
pub(super) const STATE: Column =
    Column { key: "state", heading: "STATE", wide: false, right: false, show: |c, _| text(c, "state") };
pub(super) const NODE: Column =
    Column { key: "node", heading: "NODE", wide: false, right: false, show: |c, _| text(c, "node") };
pub(super) const DIR: Column =
    Column { key: "dir", heading: "DIR", wide: false, right: false, show: |c, _| text(c, "dir") };
const BYTES: Column = Column {
    key: "bytes",
    heading: "SIZE",
    wide: false,
    right: true,
    show: |c, style| c["bytes"].as_u64().map_or_else(|| human::NOTHING.to_owned(), |bytes| human::bytes(style, bytes)),
};
const SUPERBLOCK: Column =
    Column { key: "superblock", heading: "SUPERBLOCK", wide: true, right: true, show: |c, _| text(c, "superblock") };
const OFFSET: Column =
    Column { key: "offset", heading: "OFFSET", wide: true, right: true, show: |c, _| text(c, "offset") };
const SEQUENCE: Column =
    Column { key: "sequence", heading: "SEQUENCE", wide: true, right: true, show: |c, _| text(c, "sequence") };
const WHY: Column = Column { key: "why", heading: "WHY", wide: true, right: false, show: |c, _| text(c, "why") };

pub(crate) static CHUNKS: Kind = Kind {
    id: "hash",
    keys: &["hash", "asset", "bytes", "state", "node", "dir", "superblock", "offset", "sequence", "why"],
    columns: &[HASH, ASSET, BYTES, STATE, NODE, DIR, SUPERBLOCK, OFFSET, SEQUENCE, WHY],
};

pub(crate) static VIDEO_CHUNKS: Kind = Kind {
    id: "hash",
    keys: &[
        "track",
        "segment",
        "hash",
        "asset",
        "bytes",
        "state",
        "node",
        "dir",
        "superblock",
        "offset",
        "sequence",
        "why",
    ],
    columns: &[
        Column { key: "track", heading: "TRACK", wide: false, right: false, show: |c, _| text(c, "track") },
        Column { key: "segment", heading: "SEGMENT", wide: false, right: true, show: |c, _| text(c, "segment") },
        HASH,
        BYTES,
        STATE,
        NODE,
        DIR,
        ASSET,
        SUPERBLOCK,
        OFFSET,
        SEQUENCE,
        WHY,
    ],
};

/// Characters of a hash in a table: enough to name its chunk.
pub(super) const SHORT_HASH_CHARS: usize = 12;

pub(super) fn show_hash(item: &Value, style: &Style) -> String {
    let hash = text(item, "hash");
    let is_whole = style.format == OutputFormat::Wide;
    if is_whole { hash } else { hash.chars().take(SHORT_HASH_CHARS).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::out::{self, tests::style};
    use vs_core::{hash::Hash, manifest::ChunkRef};

    #[test]
    fn rows_have_the_keys_of_their_kind_and_a_missing_chunk_has_no_place() {
        let hash = Hash::of(b"x");
        let mut info = v1::ChunkInfo { asset: 7, hash: hash.0.to_vec(), bytes: 1 << 20, dir: 1, ..Default::default() };
        info.set_state(ChunkState::Stored);
        let at = ChunkAt { track: "v0".to_owned(), segment: Some(3), chunk: ChunkRef { hash, bytes: 1 << 20 } };
        let keys = |item: &Value| item.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&chunk(&info, NodeId(2))), CHUNKS.keys);
        assert_eq!(keys(&video_chunk(&at, &info, NodeId(2))), VIDEO_CHUNKS.keys);
        info.set_state(ChunkState::Missing);
        let item = video_chunk(&at, &info, NodeId(2));
        assert_eq!((&item["superblock"], &item["bytes"]), (&Value::Null, &json!(1 << 20)));
        let short = &hash.to_string()[..SHORT_HASH_CHARS];
        let expected = format!(
            "TRACK  SEGMENT  HASH             SIZE  STATE    NODE  DIR  ASSET\n\
             v0           3  {short}  1.0 MiB  missing  n2    –        7\n"
        );
        assert_eq!(out::render_list(&style(OutputFormat::Table), &VIDEO_CHUNKS, &[item]), expected);
    }
}
