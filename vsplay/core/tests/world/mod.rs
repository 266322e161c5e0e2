//! A film and a few nodes in fake time. Every step checks the promises of the player that hold at all times.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use vs_core::{
    hash::{ChunkHash, Hash},
    id::{AssetId, Ballot, Epoch, NodeId},
    layout::{Layout, LayoutNode, NodeWish, Scheme},
    manifest::{ChunkRef, Part, PartRef, Segment, Track, TrackKind, cut},
};
use vsplay_core::{
    event::{ChunkAt, Effect, Ending, Event, FetchFailure, FetchId, Film, Generation, Note},
    placement::Placement,
    player::Player,
    report::Report,
    settings::Settings,
};

pub(crate) const TICK: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Up,
    /// Refuses connections.
    Dead,
    /// Accepts and never answers.
    Frozen,
    /// Sends bytes that do not hash to the name.
    Corrupting,
    Empty,
}

#[derive(Clone, Debug)]
pub(crate) struct SimNode {
    pub(crate) mode: Mode,
    pub(crate) rate_bps: u64,
    pub(crate) latency: Duration,
}

impl SimNode {
    pub(crate) fn new(rate_bps: u64, latency_ms: u64) -> Self {
        Self { mode: Mode::Up, rate_bps, latency: Duration::from_millis(latency_ms) }
    }
}

struct Transfer {
    node: NodeId,
    total_bytes: u64,
    sent_bits: u64,
    starts: Duration,
}

/// What to make a track of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrackShape {
    pub(crate) kind: TrackKind,
    pub(crate) segments: u32,
    pub(crate) segment_s: u64,
    pub(crate) segment_bytes: usize,
    /// Segments in one part of the manifest.
    pub(crate) per_part: usize,
}

pub(crate) const VIDEO: TrackShape =
    TrackShape { kind: TrackKind::Video, segments: 12, segment_s: 10, segment_bytes: 5_000_000, per_part: 5 };
pub(crate) const AUDIO: TrackShape =
    TrackShape { kind: TrackKind::Audio, segments: 12, segment_s: 10, segment_bytes: 160_000, per_part: 12 };

fn segment(shape: TrackShape, no: u32) -> Segment {
    let chunk = |(i, bytes): (usize, usize)| ChunkRef {
        hash: Hash::of(format!("{:?} {no} {i}", shape.kind).as_bytes()),
        bytes: u32::try_from(bytes).expect("a chunk is small"),
    };
    Segment {
        start_us: u64::from(no) * shape.segment_s * 1_000_000,
        duration_us: shape.segment_s * 1_000_000,
        chunks: cut(shape.segment_bytes).into_iter().enumerate().map(chunk).collect(),
    }
}

fn track(shape: TrackShape, name: &str) -> (Track, Vec<Part>) {
    let segments: Vec<_> = (0..shape.segments).map(|no| segment(shape, no)).collect();
    let mut parts = Vec::new();
    let mut first_segment = 0;
    for (no, group) in (0..).zip(segments.chunks(shape.per_part)) {
        let segments = group.to_vec();
        parts.push(Part { track: name.to_owned(), no, first_segment, segments, parity: vec![], displaced: vec![] });
        first_segment += u32::try_from(group.len()).expect("few");
    }
    let name_part = |part: &Part| PartRef {
        hash: Hash::of(b"unused"),
        bytes: 1,
        first_segment: part.first_segment,
        segments: u32::try_from(part.segments.len()).expect("few"),
    };
    let track = Track {
        name: name.to_owned(),
        kind: shape.kind,
        codec: "h264".to_owned(),
        language: None,
        transcoded_from: None,
        width: 0,
        height: 0,
        fps_milli: 0,
        sample_rate: 0,
        channels: 0,
        duration_us: u64::from(shape.segments) * shape.segment_s * 1_000_000,
        bytes: segments.iter().map(Segment::bytes).sum(),
        segments: shape.segments,
        chunks: 0,
        parity_bytes: 0,
        init: vec![],
        sha256: Hash::of(b"unused"),
        ballot: Ballot(1),
        parts: parts.iter().map(name_part).collect(),
    };
    (track, parts)
}

pub(crate) struct World {
    pub(crate) now: Duration,
    pub(crate) player: Player,
    pub(crate) nodes: BTreeMap<NodeId, SimNode>,
    /// Whether metadata answers.
    pub(crate) metadata: bool,
    /// Whether the outputs take what they are given.
    pub(crate) outputs: bool,
    pub(crate) ended: Option<Ending>,
    pub(crate) notes: Vec<Note>,
    /// Everything fed since the outputs last began, by track.
    pub(crate) fed: Vec<Vec<ChunkAt>>,
    pub(crate) restarts: Vec<Duration>,
    pub(crate) cancelled: u64,
    pub(crate) asked: Vec<(NodeId, ChunkAt)>,
    settings: Settings,
    parts: Vec<Vec<Part>>,
    sizes: BTreeMap<ChunkHash, u64>,
    transfers: BTreeMap<FetchId, Transfer>,
    verified: BTreeSet<ChunkAt>,
    generation: Generation,
    untaken: Vec<(ChunkAt, Generation)>,
    events: Vec<Event>,
}

impl World {
    pub(crate) fn new(settings: Settings, shapes: &[TrackShape], nodes: Vec<SimNode>) -> Self {
        let named = shapes.iter().enumerate().map(|(i, shape)| track(*shape, &format!("t{i}")));
        let (tracks, parts): (Vec<_>, Vec<_>) = named.unzip();
        let ids: Vec<_> = (1..=u64::try_from(nodes.len()).expect("few")).map(NodeId).collect();
        let in_layout =
            |id: &NodeId| LayoutNode { id: *id, zone: String::new(), weight_milli: 1000, wish: NodeWish::In };
        let places = u16::try_from(ids.len()).expect("few");
        let slots = (0..8).map(|slot| (0..places.min(5)).map(|i| (slot + i) % places).collect()).collect();
        let layout = Layout::new(Epoch(1), ids.iter().map(in_layout).collect(), slots).expect("valid");
        let chunks = parts.iter().flatten().flat_map(|part: &Part| &part.segments).flat_map(|segment| &segment.chunks);
        let sizes = chunks.map(|chunk| (chunk.hash, u64::from(chunk.bytes))).collect();
        let film = Film {
            asset: AssetId(1),
            tracks,
            placement: Placement {
                asset: AssetId(1),
                scheme: Scheme::Replicate(3),
                layouts: vec![layout],
                nodes: ids.clone(),
            },
            connect: Duration::from_millis(1),
        };
        Self {
            now: Duration::ZERO,
            player: Player::new(settings.clone(), film),
            nodes: ids.into_iter().zip(nodes).collect(),
            metadata: true,
            outputs: true,
            ended: None,
            notes: vec![],
            fed: vec![vec![]; shapes.len()],
            restarts: vec![],
            cancelled: 0,
            asked: vec![],
            settings,
            parts,
            sizes,
            transfers: BTreeMap::new(),
            verified: BTreeSet::new(),
            generation: 0,
            untaken: vec![],
            events: vec![],
        }
    }

    /// Lets `span` pass, or less when the playback ends.
    pub(crate) fn run(&mut self, span: Duration) {
        let until = self.now + span;
        while self.now < until && self.ended.is_none() {
            self.now += TICK;
            self.transfer();
            if self.outputs {
                let taken = std::mem::take(&mut self.untaken);
                self.events.extend(taken.into_iter().map(|(at, generation)| Event::Taken { at, generation }));
            }
            let mut events = std::mem::take(&mut self.events);
            events.push(Event::Tick);
            events.into_iter().for_each(|event| self.send(event));
        }
    }

    pub(crate) fn send(&mut self, event: Event) {
        if let Event::ChunkDone { fetch } = &event {
            self.verified.extend(self.player.fetching(*fetch));
        }
        let mut effects = Vec::new();
        self.player.step(self.now, event, &mut effects);
        effects.into_iter().for_each(|effect| self.act(effect));
        assert!(self.transfers.len() <= self.settings.concurrency, "too many in flight");
        assert!(self.player.reserved_bytes() <= self.settings.memory_bytes_max, "over the memory cap");
    }

    fn transfer(&mut self) {
        for (id, node) in &self.nodes {
            let open = |(_, t): &(&FetchId, &mut Transfer)| t.node == *id && t.starts <= self.now;
            let mut active: Vec<_> = self.transfers.iter_mut().filter(open).collect();
            let share = node.rate_bps / 100 / u64::try_from(active.len().max(1)).expect("few");
            for (fetch, transfer) in &mut active {
                let fetch = **fetch;
                match node.mode {
                    Mode::Dead => self.events.push(Event::ChunkFailed { fetch, why: FetchFailure::Node }),
                    Mode::Empty => self.events.push(Event::ChunkFailed { fetch, why: FetchFailure::Absent }),
                    Mode::Frozen => {}
                    Mode::Up | Mode::Corrupting => {
                        transfer.sent_bits += share;
                        let bytes = transfer.sent_bits / 8;
                        if bytes < transfer.total_bytes {
                            self.events.push(Event::ChunkProgress { fetch, bytes });
                        } else if node.mode == Mode::Up {
                            self.events.push(Event::ChunkDone { fetch });
                        } else {
                            self.events.push(Event::ChunkFailed { fetch, why: FetchFailure::Corrupt });
                        }
                    }
                }
            }
        }
        for event in &self.events {
            if let Event::ChunkDone { fetch } | Event::ChunkFailed { fetch, .. } = event {
                self.transfers.remove(fetch);
            }
        }
    }

    fn act(&mut self, effect: Effect) {
        match effect {
            Effect::FetchPart { track, no } => self.events.push(self.part(track, no)),
            Effect::FetchChunk { fetch, at, hash, node } => {
                self.asked.push((node, at));
                let starts = self.now + self.nodes[&node].latency;
                let total_bytes = self.sizes[&hash];
                self.transfers.insert(fetch, Transfer { node, total_bytes, sent_bits: 0, starts });
            }
            Effect::CancelFetch { fetch } => {
                self.cancelled += u64::from(self.transfers.remove(&fetch).is_some());
            }
            Effect::Restart { generation, position } => {
                self.generation = generation;
                self.restarts.push(position);
                self.fed.iter_mut().for_each(Vec::clear);
            }
            Effect::Feed { at, generation } => self.feed(at, generation),
            Effect::Release { at } => assert!(self.verified.remove(&at), "released what was not held: {at:?}"),
            Effect::Ping { node } => self.events.push(match self.nodes[&node].mode {
                Mode::Dead | Mode::Frozen => Event::PingFailed { node },
                _ => Event::Pong { node, latency: self.nodes[&node].latency },
            }),
            Effect::Note(note) => self.notes.push(note),
            Effect::Finish(ending) => self.ended = Some(ending),
        }
    }

    fn part(&self, track: usize, no: u32) -> Event {
        let at = usize::try_from(no).expect("small");
        match self.metadata {
            true => Event::PartLoaded { track, part: Box::new(self.parts[track][at].clone()) },
            false => Event::PartFailed { track, no, lasting: false },
        }
    }

    fn feed(&mut self, at: ChunkAt, generation: Generation) {
        assert_eq!(generation, self.generation, "bytes of an old place");
        assert!(self.verified.contains(&at), "fed without being verified and held: {at:?}");
        let fed = &mut self.fed[at.track];
        if let Some(last) = fed.last() {
            let next = (last.segment, last.chunk + 1) == (at.segment, at.chunk);
            let next_segment = (last.segment + 1, 0) == (at.segment, at.chunk);
            assert!(next || next_segment, "{at:?} after {last:?}");
        } else {
            assert_eq!(at.chunk, 0, "an output begins with a whole segment");
        }
        fed.push(at);
        self.untaken.push((at, generation));
    }

    pub(crate) fn report(&self) -> Report {
        self.player.report(self.now, vec![])
    }

    /// Whether every chunk of every track was fed.
    pub(crate) fn fed_all(&self) -> bool {
        let chunks = |parts: &Vec<Part>| parts.iter().flat_map(|p| &p.segments).map(|s| s.chunks.len()).sum::<usize>();
        self.parts.iter().zip(&self.fed).all(|(parts, fed)| chunks(parts) == fed.len())
    }
}
