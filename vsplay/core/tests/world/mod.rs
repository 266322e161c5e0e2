//! A film and a few nodes in fake time. Every step checks the promises of the player that hold at all times.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use vs_core::{
    group::Group,
    hash::{ChunkHash, Hash},
    id::{AssetId, Ballot, Epoch, NodeId, Version},
    layout::{Layout, LayoutNode, NodeWish, Scheme},
    manifest::{ChunkRef, Part, PartRef, Segment, StripeParity, Track, TrackKind, cut},
};
use vsplay_core::{
    event::{ChunkAt, Effect, Ending, Event, FetchFailure, FetchId, Film, Generation, Note, Piece},
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

/// How the film is kept: on every node, or in stripes of which a node has what belongs there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    Everywhere,
    Striped,
}

const STRIPED: Scheme = Scheme::Erasure { data: 3, parity: 2 };

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
    hash: ChunkHash,
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

/// The parity of a part of which `stripes` came before; a lone chunk is its own parity.
fn parity(name: &str, stripes: u64, segments: &[Segment]) -> Vec<StripeParity> {
    let chunks: Vec<_> = segments.iter().flat_map(|segment| &segment.chunks).copied().collect();
    let longest = |data: &[ChunkRef]| data.iter().map(|chunk| chunk.bytes).max().expect("a chunk");
    let of = |(stripe, data): (u64, &[ChunkRef])| {
        let computed = |i| ChunkRef { hash: Hash::of(format!("{name} {stripe} {i}").as_bytes()), bytes: longest(data) };
        let chunks = (0..2).map(|i| if data.len() == 1 { data[0] } else { computed(i) }).collect();
        StripeParity { stripe, chunks }
    };
    (stripes..).zip(chunks.chunks(3)).map(of).collect()
}

fn track(shape: TrackShape, name: &str, kept: Kept) -> (Track, Vec<Part>) {
    let segments: Vec<_> = (0..shape.segments).map(|no| segment(shape, no)).collect();
    let mut parts = Vec::new();
    let (mut first_segment, mut stripes) = (0, 0);
    for (no, group) in (0..).zip(segments.chunks(shape.per_part)) {
        let segments = group.to_vec();
        let parity = if kept == Kept::Striped { parity(name, stripes, group) } else { vec![] };
        stripes += u64::try_from(parity.len()).expect("few");
        parts.push(Part { track: name.to_owned(), no, first_segment, segments, parity, displaced: vec![] });
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
    pub(crate) views: u64,
    /// Where the chunks are.
    pub(crate) placement: Placement,
    /// What the cluster knows that the player does not.
    pub(crate) newer: Option<Placement>,
    /// Chunks that were computed.
    pub(crate) rebuilt: u64,
    pub(crate) asked: Vec<(NodeId, ChunkAt)>,
    settings: Settings,
    pub(crate) parts: Vec<Vec<Part>>,
    sizes: BTreeMap<ChunkHash, u64>,
    /// What each node has, where it does not have everything.
    places: Option<BTreeSet<(NodeId, ChunkHash)>>,
    transfers: BTreeMap<FetchId, Transfer>,
    /// What the shell keeps, and what it is.
    verified: BTreeMap<Piece, ChunkHash>,
    bringing: BTreeMap<FetchId, ChunkHash>,
    generation: Generation,
    untaken: Vec<(ChunkAt, Generation)>,
    events: Vec<Event>,
}

impl World {
    pub(crate) fn new(settings: Settings, shapes: &[TrackShape], nodes: Vec<SimNode>) -> Self {
        Self::with(settings, shapes, nodes, Kept::Everywhere)
    }

    pub(crate) fn with(settings: Settings, shapes: &[TrackShape], nodes: Vec<SimNode>, kept: Kept) -> Self {
        let named = shapes.iter().enumerate().map(|(i, shape)| track(*shape, &format!("t{i}"), kept));
        let (tracks, parts): (Vec<_>, Vec<_>) = named.unzip();
        let ids: Vec<_> = (1..=u64::try_from(nodes.len()).expect("few")).map(NodeId).collect();
        let in_layout =
            |id: &NodeId| LayoutNode { id: *id, zone: String::new(), weight_milli: 1000, wish: NodeWish::In };
        let places = u16::try_from(ids.len()).expect("few");
        let slots = (0..8).map(|slot| (0..places.min(5)).map(|i| (slot + i) % places).collect()).collect();
        let layout = Layout::new(Epoch(1), ids.iter().map(in_layout).collect(), slots).expect("valid");
        let media = parts.iter().flatten().flat_map(|part: &Part| &part.segments).flat_map(|segment| &segment.chunks);
        let parity = parts.iter().flatten().flat_map(|part| &part.parity).flat_map(|stripe| &stripe.chunks);
        let sizes = media.chain(parity).map(|chunk| (chunk.hash, u64::from(chunk.bytes))).collect();
        let groups = parts.iter().flatten().flat_map(|part| part.groups(AssetId(1), STRIPED));
        let placed = |group: Group| group.placed(&layout).map(|(node, chunk)| (node, chunk.hash)).collect::<Vec<_>>();
        let places = (kept == Kept::Striped).then(|| groups.flat_map(placed).collect());
        let film = Film {
            asset: AssetId(1),
            tracks,
            placement: Placement {
                asset: AssetId(1),
                version: Version(1),
                scheme: if kept == Kept::Striped { STRIPED } else { Scheme::Replicate(3) },
                layouts: vec![layout],
                nodes: ids.clone(),
                away: vec![],
            },
            connect: Duration::from_millis(1),
        };
        Self {
            now: Duration::ZERO,
            placement: film.placement.clone(),
            player: Player::new(settings.clone(), film),
            nodes: ids.into_iter().zip(nodes).collect(),
            metadata: true,
            outputs: true,
            ended: None,
            notes: vec![],
            fed: vec![vec![]; shapes.len()],
            restarts: vec![],
            cancelled: 0,
            views: 0,
            newer: None,
            rebuilt: 0,
            asked: vec![],
            settings,
            parts,
            sizes,
            places,
            transfers: BTreeMap::new(),
            verified: BTreeMap::new(),
            bringing: BTreeMap::new(),
            generation: 0,
            untaken: vec![],
            events: vec![],
        }
    }

    /// Serves the parts of a film that is not coded; gives those that were served before.
    pub(crate) fn forget_parity(&mut self) -> Vec<Vec<Part>> {
        let coded = self.parts.clone();
        self.parts.iter_mut().flatten().for_each(|part| part.parity.clear());
        coded
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
        if let Event::ChunkDone { fetch } | Event::Rebuilt { fetch } = &event {
            let hash = self.bringing.remove(fetch).expect("what somebody asked for");
            self.verified.extend(self.player.fetching(*fetch).map(|piece| (piece, hash)));
        }
        let mut effects = Vec::new();
        self.player.step(self.now, event, &mut effects);
        effects.into_iter().for_each(|effect| self.act(effect));
        let held: u64 = self.verified.values().map(|hash| self.sizes[hash]).sum();
        assert!(held <= self.player.reserved_bytes(), "{held} bytes held");
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
                if self.places.as_ref().is_some_and(|places| !places.contains(&(*id, transfer.hash)))
                    && node.mode == Mode::Up
                {
                    self.events.push(Event::ChunkFailed { fetch, why: FetchFailure::Absent });
                    continue;
                }
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
            Effect::FetchChunk { fetch, at, piece, hash, node } => {
                assert!(!self.verified.contains_key(&piece), "fetched what is held: {piece:?}");
                self.asked.push((node, at));
                let starts = self.now + self.nodes[&node].latency;
                let total_bytes = self.sizes[&hash];
                self.bringing.insert(fetch, hash);
                self.transfers.insert(fetch, Transfer { node, hash, total_bytes, sent_bits: 0, starts });
            }
            Effect::Rebuild { fetch, at, group, member, from } => {
                let members: BTreeSet<_> = from.iter().map(|(member, _)| *member).collect();
                assert_eq!((from.len(), members.len()), (group.data, group.data), "enough, and distinct");
                let is_held =
                    |(member, piece): &(usize, Piece)| self.verified.get(piece) == Some(&group.members[*member].hash);
                assert!(from.iter().all(is_held), "computed from what is not held: {from:?}");
                let part = self.parts[at.track].iter().rev().find(|part| part.first_segment <= at.segment);
                let segments =
                    part.map(|part| &part.segments[usize::try_from(at.segment - part.first_segment).expect("few")]);
                let chunk = segments.expect("there").chunks[usize::try_from(at.chunk).expect("few")];
                assert_eq!(group.members[member], chunk, "another chunk is computed");
                self.rebuilt += 1;
                self.bringing.insert(fetch, chunk.hash);
                self.events.push(Event::Rebuilt { fetch });
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
            Effect::Release { piece } => {
                assert!(self.verified.remove(&piece).is_some(), "released what was not held: {piece:?}");
            }
            Effect::Ping { node } => self.events.push(match self.nodes[&node].mode {
                Mode::Dead | Mode::Frozen => Event::PingFailed { node },
                _ => Event::Pong { node, latency: self.nodes[&node].latency },
            }),
            Effect::Renew => self.events.push(Event::Renewed(self.newer.take().map(Box::new))),
            Effect::CountView => self.views += 1,
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
        assert!(self.verified.contains_key(&Piece::Media(at)), "fed without being verified and held: {at:?}");
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
