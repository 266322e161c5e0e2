//! Runs the core: one loop that gives it what happens and does what it wants.
//!
//! Invariants:
//! - The core is stepped from one place only, and every effect is carried out before the next event.
//! - Bytes are kept exactly as long as the core holds their chunk; bytes of a fetch it forgot are dropped on arrival.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{
    sync::mpsc,
    task::AbortHandle,
    time::{Interval, MissedTickBehavior, interval},
};
use vs_client::{
    Reach,
    chunk::{ChunkClient, ChunkError},
    film::Film,
    gather::blame,
    reader::Reader,
};
use vs_core::{
    error::{Code, Failure},
    id::NodeId,
    manifest::Track,
};
use vsplay_core::{
    event::{self, ChunkAt, Effect, Ending, Event, FetchId, Generation, Note, Piece},
    placement::Placement,
    player::Player,
    report::Report,
};

use crate::{
    args::Options,
    outputs::{Outputs, WriteError},
    transfer::{self, ChunkWork, Happening, Post},
};

/// Happenings that may wait to be handled.
const INBOX_MAX: usize = 1024;
/// How often the core sees time pass when nothing else happens.
const TICK: Duration = Duration::from_millis(20);
/// Lines of the log, and errors of transfers, that are remembered.
const LOG_MAX: usize = 200;
const ERRORS_MAX: usize = 64;

/// A line of the log: when, since the process began, and what.
pub(crate) type LogLine = (Duration, String);

pub(crate) struct Engine {
    pub(crate) player: Player,
    pub(crate) film: Arc<Film>,
    pub(crate) tracks: Arc<[Track]>,
    pub(crate) reach: Reach,
    pub(crate) outputs: Outputs,
    pub(crate) log: VecDeque<LogLine>,
    reader: Arc<Reader>,
    nodes: HashMap<NodeId, vs_wire::v1::NodeInfo>,
    chunks: ChunkClient,
    began: Instant,
    inbox: mpsc::Receiver<Happening>,
    post: Post,
    store: HashMap<Piece, Bytes>,
    transfers: HashMap<FetchId, (ChunkAt, AbortHandle)>,
    errors: VecDeque<(ChunkAt, ChunkError)>,
    part_failure: Option<Failure>,
    write_error: Option<WriteError>,
    ticks: Interval,
    refreshing: AbortHandle,
    generation: Generation,
    ending: Option<Ending>,
    timeout: Duration,
}

impl Engine {
    /// `connect` is how long connecting took, `began` when the process did.
    pub(crate) async fn new(
        reach: Reach,
        reader: Reader,
        tracks: Vec<Track>,
        options: &Options,
        connect: Duration,
        began: Instant,
    ) -> Result<Self, Failure> {
        let (post, inbox) = mpsc::channel(INBOX_MAX);
        let outputs = Outputs::open(&tracks, options.output.as_deref(), &post).await?;
        let reader = Arc::new(reader);
        let film = reader.film();
        let placement = placement(&film);
        let player = Player::new(
            options.settings.clone(),
            event::Film { asset: film.asset, tracks: tracks.clone(), placement, connect },
        );
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let timeout = options.settings.patience;
        let refreshing = transfer::refresh(reader.clone(), reach.clone(), timeout, post.clone());
        Ok(Self {
            player,
            nodes: film.nodes.clone(),
            film,
            reader,
            tracks: tracks.into(),
            reach,
            outputs,
            log: VecDeque::new(),
            chunks: ChunkClient::new(),
            began,
            inbox,
            post,
            store: HashMap::new(),
            transfers: HashMap::new(),
            errors: VecDeque::new(),
            part_failure: None,
            write_error: None,
            ticks,
            refreshing,
            generation: 0,
            ending: None,
            timeout,
        })
    }

    /// Time since the process began.
    pub(crate) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ending.is_some()
    }

    /// What metadata says about the nodes.
    pub(crate) fn node_infos(&self) -> &HashMap<NodeId, vs_wire::v1::NodeInfo> {
        &self.nodes
    }

    pub(crate) fn report(&self) -> Report {
        self.player.report(self.now(), self.outputs.reports())
    }

    /// Waits for the next happening, or a tick, and handles it. May be dropped at any await.
    pub(crate) async fn next(&mut self) {
        let happening = tokio::select! {
            biased;
            Some(happening) = self.inbox.recv() => happening,
            _ = self.ticks.tick() => Happening::Event(Event::Tick),
        };
        self.handle(happening);
    }

    fn handle(&mut self, happening: Happening) {
        match happening {
            Happening::Event(event) => self.send(event),
            Happening::Chunk { fetch, bytes } => {
                self.transfers.remove(&fetch);
                self.keep(fetch, bytes);
                self.send(Event::ChunkDone { fetch });
            }
            Happening::Rebuilt { fetch, bytes: Some(bytes) } => {
                self.keep(fetch, bytes);
                self.send(Event::Rebuilt { fetch });
            }
            Happening::Rebuilt { fetch, bytes: None } => self.send(Event::RebuildFailed { fetch }),
            Happening::ChunkFailed { fetch, error } => {
                let why = transfer::meaning(&error);
                tracing::debug!(%error, "transfer failed");
                if let ChunkError::Corrupt { addr, hash } = &error {
                    blame(addr.clone(), self.player.asset(), *hash);
                }
                if let Some((at, _)) = self.transfers.remove(&fetch) {
                    self.remember(at, error);
                }
                self.send(Event::ChunkFailed { fetch, why });
            }
            Happening::PartFailed { track, no, failure } => {
                let lasting = transfer::is_lasting(&failure);
                self.part_failure = Some(failure);
                self.send(Event::PartFailed { track, no, lasting });
            }
            Happening::Written { at, generation } => self.send(Event::Taken { at, generation }),
            Happening::OutputFailed(error) => {
                self.write_error.get_or_insert(error);
                self.send(Event::Quit);
            }
            Happening::Refreshed(film) => {
                self.nodes.clone_from(&film.nodes);
                self.send(Event::Placement(placement(&film)));
            }
            Happening::Renewed(film) => {
                let placement = film.map(|film| {
                    self.nodes.clone_from(&film.nodes);
                    Box::new(placement(&film))
                });
                self.send(Event::Renewed(placement));
            }
        }
    }

    fn keep(&mut self, fetch: FetchId, bytes: Bytes) {
        if let Some(piece) = self.player.fetching(fetch) {
            self.store.insert(piece, bytes);
        }
    }

    fn remember(&mut self, at: ChunkAt, error: ChunkError) {
        if self.errors.len() == ERRORS_MAX {
            self.errors.pop_front();
        }
        self.errors.push_back((at, error));
    }

    /// Steps the core with an event and carries out what it wants, until it wants nothing more.
    pub(crate) fn send(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        let mut effects = Vec::new();
        while let Some(event) = events.pop_front() {
            self.player.step(self.began.elapsed(), event, &mut effects);
            for effect in effects.drain(..) {
                events.extend(self.act(effect));
            }
        }
    }

    /// Carries out one effect; gives the event that follows from it at once.
    fn act(&mut self, effect: Effect) -> Option<Event> {
        match effect {
            Effect::FetchPart { track, no } => {
                transfer::fetch_part(self.reader.clone(), self.tracks.clone(), track, no, self.post.clone());
            }
            Effect::FetchChunk { fetch, at, hash, node, .. } => return self.fetch_chunk(fetch, at, hash, node),
            Effect::Rebuild { fetch, at, group, member, from } => {
                tracing::debug!(track = at.track, segment = at.segment, chunk = at.chunk, "rebuild");
                let mut members = vec![None; group.members.len()];
                from.iter().for_each(|(member, piece)| members[*member] = self.store.get(piece).cloned());
                transfer::rebuild(fetch, group, members, member, self.post.clone());
            }
            Effect::CancelFetch { fetch } => {
                if let Some((_, transfer)) = self.transfers.remove(&fetch) {
                    transfer.abort();
                }
            }
            Effect::Restart { generation, position } => {
                self.generation = generation;
                if let Some(picture) = &mut self.outputs.picture {
                    picture.restart(position);
                }
            }
            Effect::Feed { at, generation } => return self.feed(at, generation),
            Effect::Release { piece } => drop(self.store.remove(&piece)),
            Effect::Ping { node } => {
                if let Some(info) = self.nodes.get(&node) {
                    transfer::ping(self.chunks.clone(), node, info.addr.clone(), self.post.clone());
                }
            }
            Effect::Renew => transfer::renew(self.reader.clone(), self.post.clone()),
            Effect::CountView => transfer::count_view(self.reach.clone(), self.film.id.to_string(), self.timeout),
            Effect::Note(note) => self.note(&note),
            Effect::Finish(ending) => self.ending = Some(ending),
        }
        None
    }

    fn fetch_chunk(
        &mut self,
        fetch: FetchId,
        at: ChunkAt,
        hash: vs_core::hash::ChunkHash,
        node: NodeId,
    ) -> Option<Event> {
        let Some(info) = self.nodes.get(&node) else {
            return Some(Event::ChunkFailed { fetch, why: event::FetchFailure::Node });
        };
        tracing::debug!(%node, track = at.track, segment = at.segment, chunk = at.chunk, "fetch");
        let work = ChunkWork { fetch, addr: info.addr.clone(), asset: self.player.asset(), hash };
        let transfer = transfer::fetch_chunk(self.chunks.clone(), work, self.post.clone());
        self.transfers.insert(fetch, (at, transfer));
        None
    }

    fn feed(&mut self, at: ChunkAt, generation: Generation) -> Option<Event> {
        let starts = self.player.segment_start(at);
        let bytes = self.store.get(&Piece::Media(at))?;
        let taken = self.outputs.feed(at, generation, starts, bytes);
        if let Some(picture) = &mut self.outputs.picture
            && at.track == 0
            && self.player.is_fed_to_end(0)
        {
            picture.end_of_track();
        }
        taken.then_some(Event::Taken { at, generation })
    }

    fn note(&mut self, note: &Note) {
        self.say(note.to_string());
    }

    /// Adds a line to the log.
    pub(crate) fn say(&mut self, text: String) {
        tracing::info!("{text}");
        if self.log.len() == LOG_MAX {
            self.log.pop_front();
        }
        self.log.push_back((self.now(), text));
    }

    /// Ends everything that runs, and says how the playback ended. The report is complete afterwards.
    pub(crate) async fn close(&mut self) -> Result<(), Failure> {
        self.refreshing.abort();
        for (_, (_, transfer)) in self.transfers.drain() {
            transfer.abort();
        }
        // Writers must not wait for somebody who does not listen.
        self.inbox.close();
        let written = self.outputs.close().await;
        let error = self.write_error.take().or(written.err());
        match error {
            Some(WriteError::Closed) => return Ok(()),
            Some(WriteError::Failed(failure)) => return Err(failure),
            None => {}
        }
        match self.ending.clone() {
            None | Some(Ending::Quit) => Ok(()),
            Some(Ending::Played) if self.is_whole() => self.outputs.check_whole(&self.tracks),
            Some(Ending::Played) => Ok(()),
            Some(Ending::ChunkLost { at, hash }) => Err(self.chunk_lost(at, hash)),
            Some(Ending::PartLost { track, no }) => Err(self.part_lost(track, no)),
            Some(Ending::StartTimedOut) => Err(self.start_timed_out()),
        }
    }

    /// Whether every byte of every track was given out once and in order.
    fn is_whole(&self) -> bool {
        self.generation == 1 && self.player.plays_whole_film()
    }

    fn chunk_lost(&self, at: ChunkAt, hash: vs_core::hash::ChunkHash) -> Failure {
        let track = &self.tracks[at.track].name;
        let place = format!("track {track}, segment {}, chunk {}", at.segment, at.chunk);
        let mut failure =
            Failure::new(Code::Integrity, format!("chunk {} cannot be had intact", hash.short())).because(place);
        failure.why.extend(self.errors_of(|of| of == at));
        let id = self.film.id.short();
        failure.hint(format!("`vsctl show {id}` tells how the video is kept"))
    }

    fn part_lost(&self, track: usize, no: u32) -> Failure {
        let what = format!("part {no} of track {} cannot be had", self.tracks[track].name);
        match &self.part_failure {
            Some(failure) => Failure { why: vec![failure.to_string()], what, ..failure.clone() },
            None => Failure::new(Code::Integrity, what),
        }
    }

    fn start_timed_out(&self) -> Failure {
        let mut failure =
            Failure::new(Code::Timeout, format!("nothing to play came within {}", crate::long(self.timeout)));
        failure.why.extend(self.errors_of(|_| true));
        failure.why.extend(self.part_failure.iter().map(ToString::to_string));
        failure.hint("allow more time with `--timeout 2min`")
    }

    /// The latest error of each kind, for a person.
    fn errors_of(&self, wanted: impl Fn(ChunkAt) -> bool) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for (_, error) in self.errors.iter().rev().filter(|(at, _)| wanted(*at)) {
            let line = error.to_string();
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines.truncate(8);
        lines
    }
}

fn placement(film: &Film) -> Placement {
    let mut nodes: Vec<_> = film.nodes.keys().copied().collect();
    nodes.sort_unstable();
    Placement {
        asset: film.asset,
        version: film.version,
        scheme: film.scheme,
        layouts: film.layouts.clone(),
        nodes,
        away: film.away(),
    }
}
