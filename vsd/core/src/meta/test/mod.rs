//! Tests of the state machine as a whole.

mod golden;
mod invariant;
mod nodes;
mod random;
mod rules;

use std::collections::BTreeMap;

use uuid::Uuid;
use vs_core::{
    error::Code,
    hash::Hash,
    id::{AssetId, Ballot, ClusterId, Epoch, NodeId, UploadId, Version, VideoId},
    layout::{Layout, LayoutNode, NodeWish},
    manifest::{ChunkRef, Displaced, ORIGINAL, Part, PartRef, Segment, Track, TrackKind},
};

use super::*;

/// A state machine in memory.
#[derive(Default)]
pub(super) struct World {
    pub(super) tables: MemTables,
    index: u64,
}

impl World {
    /// One that is bootstrapped.
    pub(super) fn new() -> Self {
        let mut world = Self::default();
        let node = Response::Node { node: NodeId(1), dirs: vec![vs_core::id::DirId(1)] };
        assert_eq!(world.run(bootstrap()), node);
        world
    }

    pub(super) fn run(&mut self, command: Command) -> Response {
        self.enter(Entry { wall_ms: 1_000 * self.index, client: None, command })
    }

    pub(super) fn enter(&mut self, entry: Entry) -> Response {
        self.index += 1;
        let mut txn = Txn::over(&self.tables);
        let response = apply(&mut txn, self.index, &entry).expect("memory can be read");
        let writes = txn.into_writes();
        self.tables.write(writes);
        response
    }

    pub(super) fn view(&self) -> View<'_> {
        View::new(&self.tables)
    }

    /// Lets cluster time pass, tick by tick.
    pub(super) fn pass_ms(&mut self, ms: u64) {
        let target = self.view().cluster_time().expect("readable").0 + ms;
        loop {
            let clock = self.view().clock().expect("readable");
            if clock.now.0 >= target {
                return;
            }
            let elapsed_ms = clock.elapsed_ms + (target - clock.now.0).min(TICK_MS_MAX);
            self.run(Command::Tick { term: clock.term, elapsed_ms });
        }
    }

    /// Does all housekeeping that is due, in steps of `limit`.
    pub(super) fn housekeep(&mut self, limit: u32) {
        while housekeeping_due(&self.tables).expect("readable") {
            let answer = self.run(Command::Housekeep { limit });
            assert!(matches!(answer, Response::Housekept { records: 1.., .. }), "{answer:?}");
        }
    }
}

pub(super) fn code(response: &Response) -> Option<Code> {
    match response {
        Response::Refused(refused) | Response::UploadFailed(refused) => Some(refused.code),
        _ => None,
    }
}

pub(super) fn spec() -> NodeSpec {
    NodeSpec {
        addr: "127.0.0.1:7400".to_owned(),
        zone: "default".to_owned(),
        roles: Role::ALL.into(),
        version: "0.1.0".to_owned(),
    }
}

pub(super) fn join(key: u8) -> Command {
    Command::NodeJoin { key: Uuid::from_u128(key.into()), spec: spec() }
}

/// A layout of these nodes, all of them in each of its slots.
pub(super) fn layout(epoch: Epoch, ids: &[NodeId], slots: usize) -> Layout {
    let node = |&id| LayoutNode { id, zone: "default".to_owned(), weight_milli: 1_000, wish: NodeWish::In };
    let all = (0..).zip(ids).map(|(at, _)| at).collect();
    Layout::new(epoch, ids.iter().map(node).collect(), vec![all; slots]).expect("valid")
}

pub(super) fn bootstrap() -> Command {
    let dir = DirSpec { key: Uuid::from_u128(1), path: "/data".to_owned(), fault: None, mended: false };
    Command::Bootstrap { cluster: ClusterId::from_random([7; 16]), node: spec(), dirs: vec![dir] }
}

pub(super) fn upload_id(n: u8) -> UploadId {
    UploadId::from_random([n; 16])
}

pub(super) fn video_id(n: u8) -> VideoId {
    VideoId::from_random([n; 16])
}

/// The beginning of upload `n`, which would become video `n`.
pub(super) fn begin(n: u8) -> UploadBegin {
    UploadBegin {
        upload: upload_id(n),
        video: video_id(n),
        node: NodeId(1),
        file_name: format!("film-{n}.mp4"),
        title: format!("Film {n}"),
        description: String::new(),
        tags: BTreeMap::new(),
        size: None,
        options: TrackOptions { renditions: vec![], keep_original: true },
        redundancy: Redundancy::Auto,
        on_duplicate: OnDuplicate::Skip,
        offered_sha256: None,
    }
}

/// The part numbered `no` of a track whose bytes are all `content`, one segment of one chunk.
pub(super) fn part(track: &str, no: u32, content: u8) -> Part {
    let chunk = Hash::of(&[content; 10]);
    Part {
        track: track.to_owned(),
        no,
        first_segment: no,
        segments: vec![Segment { start_us: 0, duration_us: 1, chunks: vec![ChunkRef { hash: chunk, bytes: 10 }] }],
        parity: vec![],
        displaced: vec![Displaced { chunk, place: NodeId(1), stand_in: None }],
    }
}

pub(super) fn put(asset: AssetId, ballot: Ballot, part: &Part) -> Command {
    Command::PartPut { asset, version: Version(1), ballot, part: part.encode().0 }
}

pub(super) fn content_hash(content: u8) -> Hash {
    Hash::of(&[content])
}

/// A track of that many parts.
pub(super) fn track(name: &str, ballot: Ballot, parts: u32, content: u8) -> Track {
    let named = |no| {
        let (bytes, hash) = part(name, no, content).encode();
        PartRef { hash, bytes: u32::try_from(bytes.len()).expect("small"), first_segment: no, segments: 1 }
    };
    Track {
        name: name.to_owned(),
        kind: if name == ORIGINAL { TrackKind::Original } else { TrackKind::Video },
        codec: "h264".to_owned(),
        language: None,
        transcoded_from: None,
        width: 640,
        height: 360,
        fps_milli: 25_000,
        sample_rate: 0,
        channels: 0,
        duration_us: 1,
        bytes: 10 * u64::from(parts),
        segments: parts,
        chunks: parts.into(),
        parity_bytes: 0,
        init: vec![],
        sha256: content_hash(content),
        ballot,
        parts: (0..parts).map(named).collect(),
    }
}

/// Length of the original that [`upload_to_original`] stores.
pub(super) const ORIGINAL_BYTES: u64 = 20;

impl World {
    /// Begins an upload and answers its asset.
    pub(super) fn open(&mut self, begin: UploadBegin) -> AssetId {
        match self.run(Command::UploadBegin(Box::new(begin))) {
            Response::Opened { asset, .. } => asset,
            other => panic!("not opened: {other:?}"),
        }
    }

    /// Receives and stores the original; answers what the last command was told.
    pub(super) fn store_original(&mut self, n: u8, asset: AssetId, ballot: Ballot, content: u8) -> Response {
        let sha256 = content_hash(content);
        let received = Command::UploadReceived { upload: upload_id(n), ballot, sha256, bytes: ORIGINAL_BYTES };
        let answer = self.run(received);
        if answer != Response::Done {
            return answer;
        }
        for no in 0..2 {
            self.run(put(asset, ballot, &part(ORIGINAL, no, content)));
        }
        self.run(original_stored(n, ballot, content))
    }

    pub(super) fn commit(&mut self, n: u8, asset: AssetId, ballot: Ballot, content: u8) -> Response {
        self.run(put(asset, ballot, &part("v0", 0, content)));
        self.run(commit(n, vec![track("v0", ballot, 1, content)], ballot))
    }

    /// A whole upload of new bytes, until it is ready.
    pub(super) fn upload(&mut self, n: u8, content: u8) -> AssetId {
        let asset = self.open(begin(n));
        let listed = Response::Listed { video: video_id(n), asset };
        assert_eq!(self.store_original(n, asset, Ballot(1), content), listed);
        assert_eq!(self.commit(n, asset, Ballot(1), content), listed);
        asset
    }
}

pub(super) fn original_stored(n: u8, ballot: Ballot, content: u8) -> Command {
    let track = Box::new(track(ORIGINAL, ballot, 2, content));
    Command::OriginalStored { upload: upload_id(n), ballot, source: SourceInfo::default(), track }
}

pub(super) fn commit(n: u8, tracks: Vec<Track>, ballot: Ballot) -> Command {
    Command::Commit { upload: upload_id(n), ballot, tracks, source: None, failure: None }
}
