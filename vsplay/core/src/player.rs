//! The player: one owner of all state, one step for every event.
//!
//! A step first lets time pass, then applies its event, then restores order in a fixed sequence: find the place on
//! tracks that lost it, feed what is next, release what was played, give up silent fetches, begin new ones, start or
//! end the playback. The upkeep runs on every event because it is cheap (a few tracks, a few fetches) and leaves no
//! case to be forgotten.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use vs_core::id::AssetId;

use crate::{
    buffer::{Lane, Slot},
    clock::{Bounds, Phase, PlayClock},
    event::{ChunkAt, Effect, Ending, Event, FetchId, Film, Generation, Note, Piece, StripeAt},
    fetch::{Fetch, Finished},
    node::Nodes,
    parts::PartQueue,
    placement::Placement,
    settings::Settings,
    stripe::StripeRead,
    throughput::Throughput,
    timeline::{Cursor, TrackLine},
    verdict::Renewal,
};

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counters {
    pub(crate) bytes_fetched: u64,
    pub(crate) bytes_wasted: u64,
    pub(crate) chunks_verified: u64,
    pub(crate) failovers: u64,
    pub(crate) first_chunk: Option<Duration>,
}

/// A film being played.
#[derive(Debug)]
pub struct Player {
    pub(crate) settings: Settings,
    pub(crate) placement: Placement,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) nodes: Nodes,
    pub(crate) fetches: BTreeMap<FetchId, Fetch>,
    /// Those that are read to compute chunks that nobody gives.
    pub(crate) stripes: BTreeMap<StripeAt, StripeRead>,
    pub(crate) recent: VecDeque<Finished>,
    pub(crate) clock: PlayClock,
    pub(crate) throughput: Throughput,
    pub(crate) counters: Counters,
    pub(crate) reserved_bytes: u64,
    /// The next chunk does not fit into the memory allowed.
    pub(crate) pressed: bool,
    asset: AssetId,
    connect: Duration,
    next_fetch: u64,
    generation: Generation,
    pub(crate) parts: PartQueue,
    /// When something useful last happened; what waiting is measured from.
    pub(crate) progressed: Duration,
    pub(crate) renewal: Renewal,
    begun: bool,
    counted: bool,
}

impl Player {
    #[must_use]
    pub fn new(settings: Settings, film: Film) -> Self {
        let lane = |track| Lane::new(TrackLine::new(track, settings.end));
        let mut nodes = Nodes::default();
        nodes.know(&film.placement.nodes, film.connect);
        Self {
            clock: PlayClock::new(settings.start),
            lanes: film.tracks.into_iter().map(lane).collect(),
            placement: film.placement,
            nodes,
            fetches: BTreeMap::new(),
            stripes: BTreeMap::new(),
            recent: VecDeque::new(),
            throughput: Throughput::default(),
            counters: Counters::default(),
            reserved_bytes: 0,
            pressed: false,
            asset: film.asset,
            connect: film.connect,
            next_fetch: 0,
            generation: 0,
            parts: PartQueue::default(),
            progressed: Duration::ZERO,
            renewal: Renewal::default(),
            begun: false,
            counted: false,
            settings,
        }
    }

    #[must_use]
    pub fn asset(&self) -> AssetId {
        self.asset
    }

    #[must_use]
    pub fn position(&self) -> Duration {
        self.clock.position()
    }

    #[must_use]
    pub fn phase(&self) -> Phase {
        self.clock.phase()
    }

    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.clock.is_paused()
    }

    /// Where the film, or what is played of it, ends.
    #[must_use]
    pub fn end(&self) -> Duration {
        self.lanes.iter().map(|lane| lane.line.ends_at()).max().unwrap_or_default()
    }

    /// What a fetch still in flight, or a computation under way, is to bring; its bytes are to be kept when they come.
    #[must_use]
    pub fn fetching(&self, fetch: FetchId) -> Option<Piece> {
        let rebuilding = || self.rebuilding(fetch).map(Piece::Media);
        self.fetches.get(&fetch).map(|fetch| fetch.piece).or_else(rebuilding)
    }

    /// When the segment of a chunk begins.
    #[must_use]
    pub fn segment_start(&self, at: ChunkAt) -> Duration {
        let start = Cursor { segment: at.segment, chunk: 0 };
        self.lanes.get(at.track).and_then(|lane| lane.line.time_of(start)).unwrap_or_default()
    }

    /// Whether the outputs of a track were given everything up to its end.
    #[must_use]
    pub fn is_fed_to_end(&self, track: usize) -> bool {
        self.lanes.get(track).is_some_and(|lane| lane.buffered_to() == Duration::MAX)
    }

    /// Whether nothing of the film is left out at its beginning or its end.
    #[must_use]
    pub fn plays_whole_film(&self) -> bool {
        self.settings.start.is_zero() && self.settings.end.is_none()
    }

    /// Bytes held and asked for.
    #[must_use]
    pub fn reserved_bytes(&self) -> u64 {
        self.reserved_bytes
    }

    /// Takes one event at `now` (since the process began) and pushes what is to be done.
    pub fn step(&mut self, now: Duration, event: Event, effects: &mut Vec<Effect>) {
        if self.phase() == Phase::Ended {
            return;
        }
        self.throughput.advance(now, !self.fetches.is_empty());
        if self.settings.clocked && self.clock.advance(now, self.bounds()) {
            self.progressed = now;
            effects.push(Effect::Note(Note::Rebuffering { at: self.position() }));
        }
        if !self.begun {
            self.begun = true;
            self.restart(effects);
        }
        self.apply(now, event, effects);
        if self.phase() != Phase::Ended {
            self.keep_up(now, effects);
        }
    }

    fn apply(&mut self, now: Duration, event: Event, effects: &mut Vec<Effect>) {
        match event {
            Event::Tick => {}
            Event::PartLoaded { track, part } => self.part_loaded(now, track, *part),
            Event::PartFailed { track, no, lasting } => self.part_failed(now, track, no, lasting, effects),
            Event::ChunkProgress { fetch, bytes } => self.progress(now, fetch, bytes),
            Event::ChunkDone { fetch } => self.done(now, fetch),
            Event::ChunkFailed { fetch, why } => self.fetch_failed(now, fetch, why, effects),
            Event::Rebuilt { fetch } => self.rebuilt(now, fetch),
            Event::RebuildFailed { fetch } => self.rebuild_failed(fetch),
            Event::Taken { at, generation } => self.taken(at, generation),
            Event::Pong { node, latency } => self.nodes.pong(node, latency),
            Event::PingFailed { node } => {
                if self.nodes.ping_failed(node, now) {
                    effects.push(Effect::Note(Note::Excluded { node }));
                }
            }
            Event::Placement(placement) => self.place(placement),
            Event::Renewed(placement) => self.renewed(now, placement.map(|placement| *placement)),
            Event::Pause => self.clock.pause(true),
            Event::Resume => {
                self.clock.pause(false);
                self.progressed = now;
            }
            Event::Seek(to) => self.seek(now, to, effects),
            Event::Quit => self.finish(Ending::Quit, effects),
        }
    }

    /// Takes in where chunks are by now. Parts of another version are fetched again; those that are here serve until then.
    pub(crate) fn place(&mut self, placement: Placement) {
        self.nodes.know(&placement.nodes, self.connect);
        if placement.version != self.placement.version {
            self.lanes.iter_mut().for_each(|lane| lane.line.outdate());
        }
        self.placement = placement;
    }

    fn keep_up(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        self.fetch_parts(now, effects);
        self.locate(effects);
        self.feed(effects);
        self.release(effects);
        self.give_up_silent(now, effects);
        self.read_stripes(now, effects);
        self.schedule(now, effects);
        if self.pressed {
            self.release(effects);
            self.schedule(now, effects);
        }
        for node in self.nodes.due_pings(now, self.settings.ping_interval) {
            effects.push(Effect::Ping { node });
        }
        if self.counters.first_chunk.is_some() && !std::mem::replace(&mut self.counted, true) {
            effects.push(Effect::CountView);
        }
        self.start_or_end(now, effects);
    }

    /// The bounds of the position: what every track has, and where the last one ends.
    fn bounds(&self) -> Bounds {
        Bounds { buffered_to: self.buffered_to(), end: self.end() }
    }

    pub(crate) fn buffered_to(&self) -> Duration {
        self.lanes.iter().map(Lane::buffered_to).min().unwrap_or(Duration::MAX)
    }

    /// Seconds ahead of the position without a gap on every track.
    pub(crate) fn ahead(&self) -> Duration {
        self.buffered_to().min(self.end()).saturating_sub(self.position())
    }

    pub(crate) fn horizon(&self) -> Duration {
        self.position() + self.settings.target_buffer
    }

    fn restart(&mut self, effects: &mut Vec<Effect>) {
        self.generation += 1;
        self.lanes.iter_mut().for_each(Lane::leave);
        effects.push(Effect::Restart { generation: self.generation, position: self.position() });
    }

    fn seek(&mut self, now: Duration, to: Duration, effects: &mut Vec<Effect>) {
        let to = to.clamp(self.settings.start, self.end().max(self.settings.start));
        self.clock.seek(to);
        self.progressed = now;
        effects.push(Effect::Note(Note::Sought { to }));
        self.restart(effects);
    }

    /// Gives each track its place; what it holds or fetches elsewhere is let go of.
    fn locate(&mut self, effects: &mut Vec<Effect>) {
        let (position, horizon) = (self.position(), self.horizon());
        for track in 0..self.lanes.len() {
            let lane = &mut self.lanes[track];
            if lane.is_located() {
                continue;
            }
            lane.locate(position);
            if !lane.is_located() {
                continue;
            }
            let start = lane.feed_cursor();
            let elsewhere = |at: &Cursor| *at < start || lane.line.time_of(*at).is_none_or(|time| time >= horizon);
            let stale: Vec<_> = lane.slots.keys().copied().filter(elsewhere).collect();
            stale.into_iter().for_each(|at| self.drop_chunk(track, at, effects));
        }
    }

    fn drop_chunk(&mut self, track: usize, at: Cursor, effects: &mut Vec<Effect>) {
        let lane = &mut self.lanes[track];
        let bytes = chunk_bytes(lane, at);
        let place = ChunkAt { track, segment: at.segment, chunk: at.chunk };
        match lane.slots.remove(&at) {
            Some(Slot::Held(_)) => effects.push(Effect::Release { piece: Piece::Media(place) }),
            Some(Slot::Fetching(fetch, _)) => self.cancel(fetch, effects),
            Some(Slot::Rebuilding(_)) => self.cancel_all(|fetch| fetch.piece == Piece::Media(place), effects),
            Some(Slot::Wanted(_)) => {}
            None => return,
        }
        self.reserved_bytes -= bytes;
    }

    fn feed(&mut self, effects: &mut Vec<Effect>) {
        for (track, lane) in self.lanes.iter_mut().enumerate() {
            while let Some(at) = lane.next_feed() {
                let at = ChunkAt { track, segment: at.segment, chunk: at.chunk };
                effects.push(Effect::Feed { at, generation: self.generation });
            }
        }
    }

    fn taken(&mut self, at: ChunkAt, generation: Generation) {
        if generation != self.generation {
            return;
        }
        if let Some(lane) = self.lanes.get_mut(at.track) {
            lane.take(Cursor { segment: at.segment, chunk: at.chunk });
        }
        if !self.settings.clocked {
            let taken_to = self.lanes.iter().map(Lane::taken_to).min().unwrap_or_default();
            self.clock.follow(taken_to.min(self.end()));
        }
    }

    fn release(&mut self, effects: &mut Vec<Effect>) {
        let (position, pressed) = (self.position(), self.pressed);
        for (track, lane) in self.lanes.iter_mut().enumerate() {
            let mut gone = Vec::new();
            lane.release(position, pressed, |at| gone.push(at));
            for at in gone {
                self.reserved_bytes -= chunk_bytes(lane, at);
                let at = ChunkAt { track, segment: at.segment, chunk: at.chunk };
                effects.push(Effect::Release { piece: Piece::Media(at) });
            }
        }
    }

    pub(crate) fn finish(&mut self, ending: Ending, effects: &mut Vec<Effect>) {
        for (id, fetch) in std::mem::take(&mut self.fetches) {
            self.counters.bytes_wasted += fetch.received_bytes;
            effects.push(Effect::CancelFetch { fetch: id });
        }
        self.clock.end();
        effects.push(Effect::Finish(ending));
    }

    // For the scheduler.

    pub(crate) fn slot_mut(&mut self, at: ChunkAt) -> Option<&mut Slot> {
        self.lanes.get_mut(at.track)?.slots.get_mut(&Cursor { segment: at.segment, chunk: at.chunk })
    }

    pub(crate) fn new_fetch(&mut self) -> FetchId {
        self.next_fetch += 1;
        FetchId(self.next_fetch)
    }
}

pub(crate) fn chunk_bytes(lane: &Lane, at: Cursor) -> u64 {
    lane.line.chunk(at).map_or(0, |(chunk, _)| chunk.bytes.into())
}
