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

use vs_core::{
    id::{AssetId, NodeId},
    read::{Answer, Ask},
};

use crate::{
    buffer::{Lane, Slot},
    clock::{Bounds, Phase, PlayClock},
    event::{ChunkAt, Effect, Ending, Event, FetchFailure, FetchId, Film, Generation, Note, Piece, StripeAt},
    node::Nodes,
    parts::PartQueue,
    placement::Placement,
    settings::Settings,
    stripe::StripeRead,
    throughput::Throughput,
    timeline::{Cursor, TrackLine},
};

/// Fetches that ended lately, kept to be shown.
const RECENT_MAX: usize = 8;

/// A fetch in flight.
#[derive(Clone, Debug)]
pub(crate) struct Fetch {
    /// The chunk that is to be played.
    pub(crate) at: ChunkAt,
    pub(crate) piece: Piece,
    /// What the stripe asked for by it.
    pub(crate) ask: Option<(StripeAt, Ask)>,
    pub(crate) node: NodeId,
    pub(crate) total_bytes: u64,
    pub(crate) received_bytes: u64,
    pub(crate) began: Duration,
    pub(crate) heard: Duration,
    /// What the node had sent in all when this began.
    pub(crate) node_bytes_before: u64,
}

/// A fetch that brought its chunk.
#[derive(Clone, Debug)]
pub(crate) struct Finished {
    pub(crate) at: ChunkAt,
    pub(crate) node: NodeId,
    pub(crate) bytes: u64,
    pub(crate) took: Duration,
}

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
            Event::Placement(placement) => {
                self.nodes.know(&placement.nodes, self.connect);
                self.placement = placement;
            }
            Event::Pause => self.clock.pause(true),
            Event::Resume => {
                self.clock.pause(false);
                self.progressed = now;
            }
            Event::Seek(to) => self.seek(now, to, effects),
            Event::Quit => self.finish(Ending::Quit, effects),
        }
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

    // Fetches.

    fn progress(&mut self, now: Duration, id: FetchId, bytes: u64) {
        let Some(fetch) = self.fetches.get_mut(&id) else { return };
        let more = bytes.saturating_sub(fetch.received_bytes);
        if fetch.received_bytes == 0 && more > 0 {
            self.nodes.first_byte(fetch.node, now.saturating_sub(fetch.began));
        }
        fetch.received_bytes += more;
        fetch.heard = now;
        self.nodes.received(fetch.node, more);
        self.throughput.received(more);
        self.counters.bytes_fetched += more;
        let (at, ask, received) = (fetch.at, fetch.ask, fetch.received_bytes);
        let received = ask.map_or(received, |(stripe, _)| self.stripe_bytes(stripe));
        if let Some(Slot::Fetching(_, tries) | Slot::Rebuilding(tries)) = self.slot_mut(at) {
            let further = received > tries.best_bytes;
            tries.best_bytes = tries.best_bytes.max(received);
            if further {
                self.progressed = now;
            }
        }
    }

    fn done(&mut self, now: Duration, id: FetchId) {
        let Some(total) = self.fetches.get(&id).map(|fetch| fetch.total_bytes) else { return };
        self.progress(now, id, total);
        let Some(fetch) = self.fetches.remove(&id) else { return };
        let took = now.saturating_sub(fetch.began);
        let sent = self.nodes.get(fetch.node).map_or(0, |node| node.received_bytes - fetch.node_bytes_before);
        self.nodes.done(fetch.node, sent, took);
        self.counters.chunks_verified += 1;
        if self.recent.len() == RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(Finished { at: fetch.at, node: fetch.node, bytes: total, took });
        match fetch.piece {
            Piece::Media(at) => {
                self.progressed = now;
                self.hold(now, at, fetch.node);
            }
            Piece::Spare(spare) => self.hold_spare(spare, fetch.node),
        }
        if let Some((stripe, ask)) = fetch.ask {
            self.stripe_heard(stripe, ask, Answer::Got);
        }
    }

    pub(crate) fn hold(&mut self, now: Duration, at: ChunkAt, node: NodeId) {
        self.counters.first_chunk.get_or_insert(now);
        if let Some(slot) = self.slot_mut(at) {
            *slot = Slot::Held(node);
        }
    }

    fn fetch_failed(&mut self, now: Duration, id: FetchId, why: FetchFailure, effects: &mut Vec<Effect>) {
        let Some(fetch) = self.fetches.remove(&id) else { return };
        self.counters.bytes_wasted += fetch.received_bytes;
        if self.nodes.failed(fetch.node, now, why == FetchFailure::Corrupt) {
            effects.push(Effect::Note(Note::Excluded { node: fetch.node }));
        }
        if let Some((stripe, ask)) = fetch.ask {
            let answer = match why {
                FetchFailure::Absent => Answer::Absent,
                FetchFailure::Corrupt => Answer::Corrupt,
                FetchFailure::Node | FetchFailure::Silent => Answer::Failed,
            };
            return self.stripe_heard(stripe, ask, answer);
        }
        let plan = self.plan(fetch.at).map(|plan| plan.nodes).unwrap_or_default();
        if let Some(slot) = self.slot_mut(fetch.at)
            && let Slot::Fetching(_, tries) = slot
        {
            let first = tries.rounds == 0;
            tries.failed(now, fetch.node, why, &plan);
            *slot = Slot::Wanted(std::mem::take(tries));
            if first {
                self.tell_failover(&fetch, why, effects);
            }
        }
    }

    /// Later rounds are not told: they would fill the log with one line.
    fn tell_failover(&self, fetch: &Fetch, why: FetchFailure, effects: &mut Vec<Effect>) {
        let ChunkAt { track, segment, chunk } = fetch.at;
        let track = self.lanes[track].line.track().name.clone();
        effects.push(Effect::Note(Note::Failover { track, segment, chunk, node: fetch.node, why }));
    }

    fn give_up_silent(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        let low = self.ahead() < self.settings.low_water;
        let silent: Vec<_> =
            self.fetches.iter().filter(|(_, fetch)| self.is_silent(now, fetch, low)).map(|(id, _)| *id).collect();
        for fetch in silent {
            effects.push(Effect::CancelFetch { fetch });
            self.fetch_failed(now, fetch, FetchFailure::Silent, effects);
        }
    }

    // Outputs.

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

    fn cancel(&mut self, id: FetchId, effects: &mut Vec<Effect>) {
        effects.push(Effect::CancelFetch { fetch: id });
        if let Some(fetch) = self.fetches.remove(&id) {
            self.nodes.cancelled(fetch.node);
            self.counters.bytes_wasted += fetch.received_bytes;
            if let Some((stripe, ask)) = fetch.ask {
                self.stripe_heard(stripe, ask, Answer::Failed);
            }
        }
    }

    pub(crate) fn cancel_all(&mut self, which: impl Fn(&Fetch) -> bool, effects: &mut Vec<Effect>) {
        let ids: Vec<_> = self.fetches.iter().filter(|(_, fetch)| which(fetch)).map(|(id, _)| *id).collect();
        ids.into_iter().for_each(|id| self.cancel(id, effects));
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
