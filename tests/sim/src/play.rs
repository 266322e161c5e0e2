//! A player that plays a film in simulated time: the real core, with simulated fetches.

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures::{
    StreamExt,
    channel::mpsc,
    future::{Either, select},
};
use vs_core::{
    hash::{ChunkHash, Hasher},
    id::{Epoch, NodeId, VideoId},
    manifest::{Part, Track, TrackKind},
};
use vsd_core::background::{Get, GetError};
use vsplay_core::{
    event::{ChunkAt, Effect, Ending, Event, FetchFailure, FetchId, Film as Playing, Note, Piece},
    placement::Placement,
    player::Player,
    settings::Settings,
};

use crate::{
    client::Client,
    film::Film,
    invariant::{avl2::Scene, play1},
    kernel::{WORLD, lock},
    message::{FilmInfo, Reply, Request},
    random::Stream,
    reader::Consistency,
};

/// How often a player's clock ticks.
const TICK: Duration = Duration::from_millis(100);
/// How far ahead a player fetches, at least.
const TARGET_BUFFER_MIN: Duration = Duration::from_secs(10);
const PING_TIMEOUT: Duration = Duration::from_secs(2);
/// How often what is known of the cluster is asked for again while a film plays.
const REFRESH_INTERVAL: Duration = Duration::from_secs(30);
/// Longer than any film with all its stalls.
const PLAY_MAX: Duration = Duration::from_secs(400);

/// What the player hears, and the bytes that came with it.
type Told = (Event, Option<Bytes>);

/// What counts of the film that is played: never older than what counted before.
type Known = Arc<Mutex<Box<FilmInfo>>>;

/// What a playback holds beside its core.
struct Playback {
    client: Client,
    player: Player,
    film: Film,
    video: VideoId,
    tracks: Vec<Track>,
    known: Known,
    machine: usize,
    tell: mpsc::UnboundedSender<Told>,
    /// What came, before the player heard of it.
    brought: BTreeMap<FetchId, Bytes>,
    held: BTreeMap<Piece, Bytes>,
    /// What was given out of each track.
    given: Vec<Hasher>,
    scene: Scene,
}

impl Client {
    /// Plays a video to its end, or as far as that goes. `must` is whether it has to.
    pub(crate) async fn play(&self, video: VideoId, machine: usize, must: bool) -> bool {
        let Some(promise) = self.world.oracle.promise(video) else { return false };
        let scene = Scene::new(&self.world, video);
        let Some(Some(info)) = self.film(video, machine, Consistency::Linearizable).await else { return false };
        let tracks: Vec<_> = played(&info).cloned().collect();
        if tracks.is_empty() {
            return true;
        }
        self.world.oracle.count(|counts| counts.plays += 1);
        let placement = placement(&info);
        let playing =
            Playing { asset: info.head.asset, tracks: tracks.clone(), placement, connect: Duration::from_millis(5) };
        let (tell, mut told) = mpsc::unbounded();
        let mut playback = Playback {
            client: self.clone(),
            player: Player::new(self.settings(), playing),
            film: promise.film,
            video,
            tracks,
            known: Arc::new(Mutex::new(info)),
            machine,
            tell,
            brought: BTreeMap::new(),
            held: BTreeMap::new(),
            given: Vec::new(),
            scene,
        };
        let began = self.world.kernel.now();
        let mut refreshed = began;
        let mut ending = playback.step(began, (Event::Tick, None));
        while ending.is_none() && self.world.kernel.now() < began + PLAY_MAX {
            let tick = self.world.kernel.sleep(TICK);
            let heard = match select(pin!(told.next()), pin!(tick)).await {
                Either::Left((Some(heard), _)) => heard,
                _ => (Event::Tick, None),
            };
            ending = playback.step(began, heard);
            if self.world.kernel.now() >= refreshed + REFRESH_INTERVAL {
                refreshed = self.world.kernel.now();
                playback.refresh();
            }
        }
        let ending = ending.unwrap_or(Ending::Quit);
        self.world.trace.say(|| format!("{} played {}: {ending:?}", self.end, video.short()));
        if ending == Ending::Played {
            playback.check_whole();
        }
        if must {
            play1::ended(&self.world, video, &ending);
        }
        ending == Ending::Played
    }

    /// Some fetch a film as it is played, and some all of it at once.
    fn settings(&self) -> Settings {
        let mut dice = Stream::of(self.world.seed(), &format!("player {} {:?}", self.number, self.world.kernel.now()));
        let target_buffer = dice.duration(TARGET_BUFFER_MIN, Settings::default().target_buffer);
        Settings { target_buffer, ..Settings::default() }
    }

    /// What is known by now, asked for once more; none when nobody says or it is older.
    async fn learn(
        &self,
        video: VideoId,
        machine: usize,
        known: &Known,
        consistency: Consistency,
    ) -> Option<Placement> {
        let Some(Some(loaded)) = self.film(video, machine, consistency).await else { return None };
        let mut known = lock(known);
        let is_older = loaded.head.version < known.head.version || newest(&loaded) < newest(&known);
        if is_older || loaded.head.asset != known.head.asset {
            return None;
        }
        *known = loaded;
        Some(placement(&known))
    }

    /// The same for whom something failed: none as well when it would ask the same nodes for the same again.
    async fn newer(&self, video: VideoId, machine: usize, known: &Known) -> Option<Placement> {
        let asked_by = |known: &Known| {
            let known = lock(known);
            (known.head.version, known.layouts.clone(), known.nodes.clone())
        };
        let before = asked_by(known);
        let learned = match self.learn(video, machine, known, Consistency::Linearizable).await {
            None => self.learn(video, machine, known, Consistency::Stale).await,
            learned => learned,
        };
        learned.filter(|_| asked_by(known) != before)
    }

    async fn known_part(&self, known: &Known, track: &str, no: u32, machine: usize) -> Option<Part> {
        let info = lock(known).clone();
        let of = info.head.tracks.iter().find(|of| of.name == track)?;
        self.part(&info, of, no, machine).await
    }
}

fn newest(info: &FilmInfo) -> Option<Epoch> {
    info.layouts.last().map(|layout| layout.epoch)
}

fn played(info: &FilmInfo) -> impl Iterator<Item = &Track> {
    info.head.tracks.iter().filter(|track| track.kind != TrackKind::Original)
}

fn placement(info: &FilmInfo) -> Placement {
    Placement {
        asset: info.head.asset,
        version: info.head.version,
        scheme: info.head.scheme,
        layouts: info.layouts.clone(),
        nodes: info.nodes.clone(),
        away: info.away.clone(),
    }
}

impl Playback {
    fn step(&mut self, began: Duration, (event, bytes): Told) -> Option<Ending> {
        if let (Event::ChunkDone { fetch }, Some(bytes)) = (&event, bytes) {
            self.brought.insert(*fetch, bytes);
        }
        if let Event::ChunkDone { fetch } | Event::Rebuilt { fetch } = &event
            && let (Some(piece), Some(bytes)) = (self.player.fetching(*fetch), self.brought.remove(fetch))
        {
            self.held.insert(piece, bytes);
        }
        let now = self.client.world.kernel.now() - began;
        let mut effects = Vec::new();
        self.player.step(now, event, &mut effects);
        let mut ending = None;
        for effect in effects {
            match effect {
                Effect::Finish(how) => ending = Some(how),
                effect => self.act(effect),
            }
        }
        ending
    }

    fn act(&mut self, effect: Effect) {
        match effect {
            Effect::FetchPart { track, no } => self.fetch_part(track, no),
            Effect::FetchChunk { fetch, hash, node, .. } => self.fetch_chunk(fetch, hash, node),
            Effect::Rebuild { fetch, group, member, from, .. } => {
                let mut members = vec![None; group.members.len()];
                for (at, piece) in from {
                    members[at] = self.held.get(&piece).cloned();
                }
                match group.rebuild(&members, &[member]) {
                    Ok(mut rebuilt) => {
                        self.brought.extend(rebuilt.pop().map(|bytes| (fetch, Bytes::from(bytes))));
                        self.tell(Event::Rebuilt { fetch });
                    }
                    Err(_) => self.tell(Event::RebuildFailed { fetch }),
                }
            }
            Effect::CancelFetch { fetch } => drop(self.brought.remove(&fetch)),
            Effect::Restart { .. } => self.given = self.tracks.iter().map(begun).collect(),
            Effect::Feed { at, generation } => {
                self.give(at);
                self.tell(Event::Taken { at, generation });
            }
            Effect::Release { piece } => drop(self.held.remove(&piece)),
            Effect::Ping { node } => self.ping(node),
            Effect::Renew => self.renew(),
            Effect::Note(note) => self.note(&note),
            Effect::CountView | Effect::Finish(_) => {}
        }
    }

    fn tell(&self, event: Event) {
        // it may have ended
        let _ = self.tell.unbounded_send((event, None));
    }

    fn spawn(&self, job: impl Future<Output = Event> + Send + 'static) {
        let tell = self.tell.clone();
        self.client.world.kernel.spawn(WORLD, async move { drop(tell.unbounded_send((job.await, None))) });
    }

    /// The track's next bytes go to whoever looks and listens.
    fn give(&mut self, at: ChunkAt) {
        match (self.held.get(&Piece::Media(at)), self.given.get_mut(at.track)) {
            (Some(bytes), Some(given)) => given.update(bytes),
            _ => play1::feeds_nothing(&self.client.world, self.video, at),
        }
    }

    /// A film that was played has given out every byte of every track, once and in order.
    fn check_whole(&self) {
        for (track, given) in self.tracks.iter().zip(&self.given) {
            play1::played(&self.client.world, self.video, self.film, &track.name, given.clone().finish());
        }
    }

    fn note(&self, note: &Note) {
        self.client.say(|| format!("{}: {note}", self.video.short()));
        if matches!(note, Note::Rebuffering { .. }) {
            self.scene.stalls(&self.client.world);
        }
    }

    fn fetch_part(&self, track: usize, no: u32) {
        let Some(name) = self.tracks.get(track).map(|track| track.name.clone()) else { return };
        let (client, known, video, machine) = (self.client.clone(), self.known.clone(), self.video, self.machine);
        let tell = self.tell.clone();
        self.client.world.kernel.spawn(WORLD, async move {
            let mut part = client.known_part(&known, &name, no, machine).await;
            if part.is_none()
                && let Some(placement) = client.newer(video, machine, &known).await
            {
                // what follows has to be asked for by the version that the part is of
                let _ = tell.unbounded_send((Event::Placement(placement), None));
                part = client.known_part(&known, &name, no, machine).await;
            }
            let told = match part {
                Some(part) => Event::PartLoaded { track, part: Box::new(part) },
                None => Event::PartFailed { track, no, lasting: false },
            };
            // it may have ended
            let _ = tell.unbounded_send((told, None));
        });
    }

    /// Takes in what is newer, whenever that comes.
    fn refresh(&self) {
        let (client, known, video, machine) = (self.client.clone(), self.known.clone(), self.video, self.machine);
        let tell = self.tell.clone();
        self.client.world.kernel.spawn(WORLD, async move {
            if let Some(placement) = client.learn(video, machine, &known, Consistency::Stale).await {
                // it may have ended
                let _ = tell.unbounded_send((Event::Placement(placement), None));
            }
        });
    }

    fn fetch_chunk(&self, fetch: FetchId, hash: ChunkHash, node: NodeId) {
        let (client, asset, tell) = (self.client.clone(), self.player.asset(), self.tell.clone());
        self.client.world.kernel.spawn(WORLD, async move {
            let told = match client.get(node, asset, hash).await {
                Ok(bytes) => (Event::ChunkDone { fetch }, Some(bytes)),
                Err(error) => {
                    let why = match error {
                        GetError::Absent(_) => FetchFailure::Absent,
                        GetError::Corrupt(_) => {
                            client.blame(node, asset, hash);
                            FetchFailure::Corrupt
                        }
                        GetError::Silent(_) => FetchFailure::Node,
                    };
                    (Event::ChunkFailed { fetch, why }, None)
                }
            };
            // it may have ended
            let _ = tell.unbounded_send(told);
        });
    }

    fn ping(&self, node: NodeId) {
        let client = self.client.clone();
        self.spawn(async move {
            let began = client.world.kernel.now();
            let Some(machine) = client.machine_of(node) else { return Event::PingFailed { node } };
            match client.world.call(client.end, machine, Request::Ping, PING_TIMEOUT).await {
                Ok(Reply::Pong) => Event::Pong { node, latency: client.world.kernel.now() - began },
                _ => Event::PingFailed { node },
            }
        });
    }

    fn renew(&self) {
        let (client, known, video, machine) = (self.client.clone(), self.known.clone(), self.video, self.machine);
        self.spawn(async move {
            let newer = client.newer(video, machine, &known).await;
            Event::Renewed(newer.map(Box::new))
        });
    }
}

/// What is given out of a track before anything of it is played.
fn begun(track: &Track) -> Hasher {
    let mut hasher = Hasher::default();
    hasher.update(&track.init);
    hasher
}
