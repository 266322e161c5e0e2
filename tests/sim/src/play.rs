//! A player that plays a film in simulated time: the real core, with simulated fetches.

use std::{collections::BTreeMap, pin::pin, time::Duration};

use bytes::Bytes;
use futures::{
    StreamExt,
    channel::mpsc,
    future::{Either, select},
};
use vs_core::{
    hash::ChunkHash,
    id::{NodeId, VideoId},
    manifest::TrackKind,
};
use vsd_core::background::{Get, GetError};
use vsplay_core::{
    event::{Effect, Ending, Event, FetchFailure, FetchId, Film as Playing, Piece},
    placement::Placement,
    player::Player,
    settings::Settings,
};

use crate::{
    client::Client,
    invariant::play1,
    kernel::WORLD,
    message::{FilmInfo, Reply, Request},
};

/// How often a player's clock ticks.
const TICK: Duration = Duration::from_millis(100);
const PING_TIMEOUT: Duration = Duration::from_secs(1);
/// Longer than any film with all its stalls.
const PLAY_MAX: Duration = Duration::from_secs(400);

/// What the player hears, and the bytes that came with it.
type Told = (Event, Option<Bytes>);

/// What a playback holds beside its core.
struct Playback {
    client: Client,
    player: Player,
    info: FilmInfo,
    machine: usize,
    tell: mpsc::UnboundedSender<Told>,
    /// What came, before the player heard of it.
    brought: BTreeMap<FetchId, Bytes>,
    held: BTreeMap<Piece, Bytes>,
}

impl Client {
    /// Plays a video to its end, or as far as that goes. `must` is whether it has to.
    pub(crate) async fn play(&self, video: VideoId, machine: usize, must: bool) -> bool {
        let Some(Some(info)) = self.film(video, machine).await else { return false };
        let tracks: Vec<_> =
            info.head.tracks.iter().filter(|track| track.kind != TrackKind::Original).cloned().collect();
        if tracks.is_empty() {
            return true;
        }
        self.world.oracle.count(|counts| counts.plays += 1);
        let placement = placement(&info);
        let film = Playing { asset: info.head.asset, tracks, placement, connect: Duration::from_millis(5) };
        let (tell, mut told) = mpsc::unbounded();
        let mut playback = Playback {
            client: self.clone(),
            player: Player::new(Settings::default(), film),
            info: *info,
            machine,
            tell,
            brought: BTreeMap::new(),
            held: BTreeMap::new(),
        };
        let began = self.world.kernel.now();
        let mut ending = playback.step(began, (Event::Tick, None));
        while ending.is_none() && self.world.kernel.now() < began + PLAY_MAX {
            let tick = self.world.kernel.sleep(TICK);
            let heard = match select(pin!(told.next()), pin!(tick)).await {
                Either::Left((Some(heard), _)) => heard,
                _ => (Event::Tick, None),
            };
            ending = playback.step(began, heard);
        }
        let ending = ending.unwrap_or(Ending::Quit);
        self.world.trace.say(|| format!("{} played {}: {ending:?}", self.end, video.short()));
        if must {
            play1::ended(&self.world, video, &ending);
        }
        ending == Ending::Played
    }
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
            Effect::Feed { at, generation } => self.tell(Event::Taken { at, generation }),
            Effect::Release { piece } => drop(self.held.remove(&piece)),
            Effect::Ping { node } => self.ping(node),
            Effect::Renew => self.renew(),
            Effect::Restart { .. } | Effect::CountView | Effect::Note(_) | Effect::Finish(_) => {}
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

    fn fetch_part(&self, track: usize, no: u32) {
        let tracks = self.info.head.tracks.iter().filter(|track| track.kind != TrackKind::Original);
        let Some(of) = tracks.clone().nth(track).cloned() else { return };
        let (client, info, machine) = (self.client.clone(), self.info.clone(), self.machine);
        self.spawn(async move {
            match client.part(&info, &of, no, machine).await {
                Some(part) => Event::PartLoaded { track, part: Box::new(part) },
                None => Event::PartFailed { track, no, lasting: false },
            }
        });
    }

    fn fetch_chunk(&self, fetch: FetchId, hash: ChunkHash, node: NodeId) {
        let (client, asset, tell) = (self.client.clone(), self.info.head.asset, self.tell.clone());
        self.client.world.kernel.spawn(WORLD, async move {
            let told = match client.get(node, asset, hash).await {
                Ok(bytes) => (Event::ChunkDone { fetch }, Some(bytes)),
                Err(error) => {
                    let why = match error {
                        GetError::Absent(_) => FetchFailure::Absent,
                        GetError::Corrupt(_) => FetchFailure::Corrupt,
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
        let (client, video, machine) = (self.client.clone(), self.info.video, self.machine);
        self.spawn(async move {
            match client.film(video, machine).await {
                Some(Some(info)) => Event::Renewed(Some(Box::new(placement(&info)))),
                _ => Event::Renewed(None),
            }
        });
    }
}
