//! Tests of the state machine as a whole.

mod golden;
pub(crate) mod invariant;
mod jobs;
mod keeping;
mod nodes;
mod placing;
mod random;
mod rules;
mod versions;
pub(crate) mod wishes;

use std::collections::BTreeMap;

use uuid::Uuid;
use vs_core::{
    error::Code,
    hash::Hash,
    id::{AssetId, Ballot, ClusterId, Epoch, NodeId, UploadId, Version, VideoId},
    layout::{Layout, LayoutNode, NodeWish, Scheme},
    limit::{SLOT_NODES_MAX, SLOTS, STRIPE_DATA},
    manifest::{ChunkRef, Displaced, ORIGINAL, Part, PartRef, Segment, StripeParity, Track, TrackKind},
};

use super::*;

/// A state machine in memory.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) tables: MemTables,
    index: u64,
}

impl World {
    /// One that is bootstrapped.
    pub(crate) fn new() -> Self {
        let mut world = Self::default();
        let node = Response::Node { node: NodeId(1), dirs: vec![vs_core::id::DirId(1)] };
        assert_eq!(world.run(bootstrap()), node);
        world
    }

    pub(crate) fn run(&mut self, command: Command) -> Response {
        self.enter(Entry { wall_ms: 1_000 * self.index, client: None, command })
    }

    pub(crate) fn enter(&mut self, entry: Entry) -> Response {
        self.index += 1;
        let mut txn = Txn::over(&self.tables);
        let response = apply(&mut txn, self.index, &entry).expect("memory can be read");
        let writes = txn.into_writes();
        self.tables.write(writes);
        response
    }

    pub(crate) fn view(&self) -> View<'_> {
        View::new(&self.tables)
    }

    /// Lets cluster time pass, tick by tick.
    pub(crate) fn pass_ms(&mut self, ms: u64) {
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
    pub(crate) fn housekeep(&mut self, limit: u32) {
        while housekeeping_due(&self.tables).expect("readable") {
            let answer = self.run(Command::Housekeep { limit });
            assert!(matches!(answer, Response::Housekept { records: 1.., .. }), "{answer:?}");
        }
    }
}

pub(crate) fn code(response: &Response) -> Option<Code> {
    match response {
        Response::Refused(refused) | Response::UploadFailed(refused) => Some(refused.code),
        _ => None,
    }
}

pub(crate) fn spec() -> NodeSpec {
    NodeSpec {
        addr: "127.0.0.1:7400".to_owned(),
        zone: "default".to_owned(),
        roles: Role::ALL.into(),
        version: "0.1.0".to_owned(),
    }
}

pub(crate) fn join(key: u8) -> Command {
    Command::NodeJoin { key: Uuid::from_u128(key.into()), spec: spec() }
}

/// A node that nothing depends on goes.
pub(crate) fn removal(node: u64) -> Command {
    Command::NodeRemove { node: NodeId(node), layout: None, lost: false, job: None }
}

/// A layout of these nodes, all of them in each of its slots.
pub(crate) fn layout(epoch: Epoch, ids: &[NodeId], slots: usize) -> Layout {
    let node = |&id| LayoutNode { id, zone: "default".to_owned(), weight_milli: 1_000, wish: NodeWish::In };
    let all = (0..).zip(ids).map(|(at, _)| at).take(SLOT_NODES_MAX).collect();
    Layout::new(epoch, ids.iter().map(node).collect(), vec![all; slots]).expect("valid")
}

/// The same of nodes as their operators want them: those that are not `In` have no slots, unless none is.
pub(crate) fn wished_layout(view: View<'_>, epoch: Epoch, ids: &[NodeId]) -> Layout {
    let wish = |id| view.node(id).expect("readable").map_or(NodeWish::In, |node| node.wish);
    let node = |node: LayoutNode| LayoutNode { wish: wish(node.id), ..node };
    let nodes: Vec<_> = layout(epoch, ids, 1).nodes.into_iter().map(node).collect();
    let stays = |at: &u16| nodes[usize::from(*at)].wish == NodeWish::In;
    let all = (0..).zip(&nodes).map(|(at, _)| at);
    let mut list: Vec<u16> = all.clone().filter(stays).take(SLOT_NODES_MAX).collect();
    if list.is_empty() {
        list = all.take(SLOT_NODES_MAX).collect();
    }
    Layout::new(epoch, nodes.clone(), vec![list; SLOTS]).expect("valid")
}

/// The same, with another node first in each slot.
pub(crate) fn turned_layout(epoch: Epoch, ids: &[NodeId]) -> Layout {
    let whole = layout(epoch, ids, 1);
    let slot = |slot: usize| (0..ids.len()).map(move |at| u16::try_from((slot + at) % ids.len()).expect("few"));
    let slots = (0..SLOTS).map(|at| slot(at).take(SLOT_NODES_MAX).collect());
    Layout::new(epoch, whole.nodes, slots.collect()).expect("valid")
}

pub(crate) fn bootstrap() -> Command {
    let dir = DirSpec { key: Uuid::from_u128(1), path: "/data".to_owned(), fault: None, mended: false };
    Command::Bootstrap { cluster: ClusterId::from_random([7; 16]), node: spec(), dirs: vec![dir] }
}

pub(crate) fn upload_id(n: u8) -> UploadId {
    UploadId::from_random([n; 16])
}

pub(crate) fn video_id(n: u8) -> VideoId {
    VideoId::from_random([n; 16])
}

/// The beginning of upload `n`, which would become video `n`.
pub(crate) fn begin(n: u8) -> UploadBegin {
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

/// The part numbered `no` of a track whose bytes are all `content`, one segment of one chunk, which owes one member.
pub(crate) fn part(track: &str, no: u32, content: u8) -> Part {
    let chunk = Hash::of(&[content; 10]);
    Part {
        displaced: vec![Displaced { chunk, place: NodeId(1), stand_in: None }],
        ..part_of(track, no, vec![ChunkRef { hash: chunk, bytes: 10 }])
    }
}

/// The part numbered `no` of a track, one segment of these chunks.
pub(crate) fn part_of(track: &str, no: u32, chunks: Vec<ChunkRef>) -> Part {
    Part {
        track: track.to_owned(),
        no,
        first_segment: no,
        segments: vec![Segment { start_us: 0, duration_us: 1, chunks }],
        parity: vec![],
        displaced: vec![],
    }
}

/// The part with what a scheme wants it to have.
pub(crate) fn coded(mut part: Part, scheme: Scheme, first_stripe: u64) -> Part {
    let chunks: Vec<_> = part.segments.iter().flat_map(|segment| &segment.chunks).collect();
    let parity = |(stripe, data): (u64, &[&ChunkRef])| {
        let bytes = data.iter().map(|chunk| chunk.bytes).max().expect("not empty");
        let chunk = |no: u8| ChunkRef { hash: Hash::of(format!("{} {stripe} {no}", part.track).as_bytes()), bytes };
        StripeParity { stripe, chunks: vec![chunk(0), chunk(1)] }
    };
    let parity: Vec<_> = (first_stripe..).zip(chunks.chunks(STRIPE_DATA)).map(parity).collect();
    part.parity = if scheme.is_coded() { parity } else { vec![] };
    part
}

pub(crate) fn put(asset: AssetId, ballot: Ballot, part: &Part) -> Command {
    Command::PartPut { asset, version: Version(1), ballot, part: part.encode().0 }
}

pub(crate) fn content_hash(content: u8) -> Hash {
    Hash::of(&[content])
}

/// A track of that many parts.
pub(crate) fn track(name: &str, ballot: Ballot, parts: u32, content: u8) -> Track {
    let parts: Vec<_> = (0..parts).map(|no| part(name, no, content)).collect();
    track_of(name, ballot, &parts, content)
}

/// A track of these parts.
pub(crate) fn track_of(name: &str, ballot: Ballot, parts: &[Part], content: u8) -> Track {
    let count = |items: usize| u32::try_from(items).expect("small");
    let named = |part: &Part| {
        let (bytes, hash) = part.encode();
        let (bytes, segments) = (count(bytes.len()), count(part.segments.len()));
        PartRef { hash, bytes, first_segment: part.first_segment, segments }
    };
    let segments = || parts.iter().flat_map(|part| &part.segments);
    let parity = parts.iter().flat_map(|part| &part.parity).flat_map(|stripe| &stripe.chunks);
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
        bytes: segments().map(Segment::bytes).sum(),
        segments: count(segments().count()),
        chunks: segments().map(|segment| segment.chunks.len() as u64).sum(),
        parity_bytes: parity.map(|chunk| u64::from(chunk.bytes)).sum(),
        init: vec![],
        sha256: content_hash(content),
        ballot,
        parts: parts.iter().map(named).collect(),
    }
}

/// Length of the original that [`upload_to_original`] stores.
pub(crate) const ORIGINAL_BYTES: u64 = 20;

impl World {
    /// Begins an upload and answers its asset.
    pub(crate) fn open(&mut self, begin: UploadBegin) -> AssetId {
        match self.run(Command::UploadBegin(Box::new(begin))) {
            Response::Opened { asset, .. } => asset,
            other => panic!("not opened: {other:?}"),
        }
    }

    /// Receives and stores the original; answers what the last command was told.
    pub(crate) fn store_original(&mut self, n: u8, asset: AssetId, ballot: Ballot, content: u8) -> Response {
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

    pub(crate) fn commit(&mut self, n: u8, asset: AssetId, ballot: Ballot, content: u8) -> Response {
        self.run(put(asset, ballot, &part("v0", 0, content)));
        self.run(commit(n, vec![track("v0", ballot, 1, content)], ballot))
    }

    /// A whole upload of new bytes, until it is ready.
    pub(crate) fn upload(&mut self, n: u8, content: u8) -> AssetId {
        let asset = self.open(begin(n));
        let listed = Response::Listed { video: video_id(n), asset };
        assert_eq!(self.store_original(n, asset, Ballot(1), content), listed);
        assert_eq!(self.commit(n, asset, Ballot(1), content), listed);
        asset
    }
}

impl World {
    /// One of this many nodes, with a layout of all of them.
    pub(crate) fn of(nodes: u8) -> Self {
        let mut world = Self::new();
        for key in 2..=nodes {
            world.run(join(key));
        }
        if nodes > 1 {
            world.set_layout(&(1..=u64::from(nodes)).collect::<Vec<_>>());
        }
        world
    }

    /// Makes a layout of these nodes the next one.
    pub(crate) fn set_layout(&mut self, ids: &[u64]) {
        let ids: Vec<_> = ids.iter().copied().map(NodeId).collect();
        let epoch = self.view().epoch().expect("readable").expect("bootstrapped").next();
        assert_eq!(self.run(Command::LayoutSet { layout: layout(epoch, &ids, SLOTS) }), Response::Done);
    }

    pub(crate) fn asset(&self, id: AssetId) -> AssetRecord {
        self.view().asset(id).expect("readable").expect("known")
    }
}

/// What an executor would write to keep an asset by another scheme: the parts, and the tracks that name them.
pub(crate) fn rewritten(view: View<'_>, asset: &AssetRecord, scheme: Scheme) -> (Vec<Part>, Vec<Track>) {
    let mut parts: Vec<Part> = Vec::new();
    for part in view.parts_of(asset) {
        let part = Part { displaced: vec![], ..part.expect("a live asset has its parts") };
        let of_track = parts.iter().filter(|other| other.track == part.track);
        let stripes = of_track.map(|other| other.parity.len() as u64).sum();
        parts.push(coded(part, scheme, stripes));
    }
    let track = |old: &Track| {
        let of_track: Vec<_> = parts.iter().filter(|part| part.track == old.name).cloned().collect();
        let new = track_of(&old.name, asset.ballot, &of_track, 0);
        Track { ballot: asset.ballot, parts: new.parts, parity_bytes: new.parity_bytes, ..old.clone() }
    };
    let tracks = asset.tracks.iter().map(track).collect();
    (parts, tracks)
}

pub(crate) fn original_stored(n: u8, ballot: Ballot, content: u8) -> Command {
    let track = Box::new(track(ORIGINAL, ballot, 2, content));
    Command::OriginalStored { upload: upload_id(n), ballot, source: SourceInfo::default(), track }
}

pub(crate) fn commit(n: u8, tracks: Vec<Track>, ballot: Ballot) -> Command {
    Command::Commit { upload: upload_id(n), ballot, tracks, source: None, failure: None }
}
