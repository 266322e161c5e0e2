//! People and their programs: they upload, read, play, remove and rearrange, by way of whichever node they choose, and note
//! what they were told.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use uuid::Uuid;
use vs_core::{
    hash::{ChunkHash, Hasher},
    id::{AssetId, NodeId, UploadId, VideoId},
    layout::NodeWish,
    manifest::{Part, Track},
    read::{Known, gather::gather},
};
use vsd_core::{
    background::{Get, GetError, State},
    meta::{
        ClientId, Command, End as UploadEnd, OnDuplicate, Redundancy, Response, TrackOptions, UploadBegin, UploadPhase,
    },
};

use crate::{
    case::{Act, MACHINES_MAX},
    film::Film,
    invariant::{con1, int1},
    kernel::WORLD,
    message::{FilmInfo, Reply, Request},
    net::End,
    node::{care::Care, shell::got},
    oracle::Level,
    random::Stream,
    world::World,
};

/// How long a client waits for an answer, between two attempts, and how often it tries.
const ANSWER_MAX: Duration = Duration::from_secs(12);
const PAUSE: Duration = Duration::from_secs(1);
const ATTEMPTS_MAX: usize = 40;
const GET_TIMEOUT: Duration = Duration::from_secs(4);

/// Somebody who acts.
#[derive(Clone)]
pub struct Client {
    pub(crate) world: Arc<World>,
    pub(crate) end: End,
    number: usize,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("number", &self.number).finish_non_exhaustive()
    }
}

impl World {
    /// Everybody does what they do at its time.
    pub(crate) fn populate(self: &Arc<Self>) {
        for (number, (at, act)) in self.case().acts.clone().into_iter().enumerate() {
            let world = Arc::clone(self);
            self.kernel.after(at, move || {
                let client = Client { world: Arc::clone(&world), end: End::Client(number), number };
                world.trace.say(|| format!("c{number} {act:?}"));
                world.kernel.spawn(WORLD, async move { client.act(act).await });
            });
        }
    }
}

impl Client {
    pub(crate) fn new(world: &Arc<World>, number: usize) -> Self {
        Self { world: Arc::clone(world), end: End::Client(number), number }
    }

    fn say(&self, line: impl FnOnce() -> String) {
        self.world.trace.say(|| format!("c{} {}", self.number, line()));
    }

    /// The machine that a number names.
    fn choose(&self, number: u64) -> usize {
        let machines = self.world.machines();
        let there: Vec<_> = machines.iter().filter(|machine| !machine.is_retired()).map(|machine| machine.at).collect();
        there.get(usize::try_from(number % there.len().max(1) as u64).unwrap_or(0)).copied().unwrap_or(0)
    }

    async fn ask(&self, machine: usize, request: Request) -> Option<Reply> {
        self.world.call(self.end, machine, request, ANSWER_MAX).await.ok()
    }

    async fn act(self, act: Act) {
        match act {
            Act::Upload { film, node, redundancy } => self.upload(film, node, redundancy).await,
            Act::Read { video, node } => {
                if let Some(video) = self.some_video(video) {
                    self.read(video, self.choose(node)).await;
                }
            }
            Act::Play { video, node } => {
                if let Some(video) = self.some_video(video) {
                    self.play(video, self.choose(node), false).await;
                }
            }
            Act::Trash { video } => self.of_video(video, |video| Command::VideoTrash { video }).await,
            Act::Restore { video } => self.restore(video).await,
            Act::Purge { video } => self.of_video(video, |video| Command::VideoPurge { video }).await,
            Act::SetRedundancy { video, redundancy } => {
                let Some(video) = self.some_video(video) else { return };
                let redundancy = redundancy_of(redundancy);
                self.order(Command::RedundancySet { video, redundancy }).await;
            }
            Act::Views { video, count } => {
                let Some(video) = self.some_video(video) else { return };
                self.order(Command::Views { counts: BTreeMap::from([(video, count)]) }).await;
            }
            Act::AddMachine { zone } => {
                if self.world.machines().len() < MACHINES_MAX {
                    let machine = self.world.add_machine(zone);
                    self.world.start_node(machine.at);
                }
            }
            Act::Drain { node } => self.wish(node, NodeWish::Draining).await,
            Act::Undrain { node } => self.wish(node, NodeWish::In).await,
            Act::Remove { node } => self.wish(node, NodeWish::Out).await,
            Act::SetWeight { node, milli } => {
                let Some(node) = self.some_node(node) else { return };
                let weight_milli = u32::try_from(milli).ok();
                self.order(Command::NodeSet { node, zone: None, weight_milli }).await;
            }
            Act::Scrub { node } => self.care(node, Care::Scrub),
            Act::Compact { node } => self.care(node, Care::Compact),
        }
    }

    /// Tells a node to look after its disks now.
    fn care(&self, number: u64, order: Care) {
        let node = self.world.machine(self.choose(number)).and_then(|machine| machine.node());
        if let Some(store) = node.as_ref().and_then(|node| node.store()) {
            store.order(order);
        }
    }

    /// Has a command applied, however often it has to be asked for: once, by the session it is in (CON-3).
    pub(crate) async fn order(&self, command: Command) -> Option<Response> {
        let mut dice = Stream::of(self.world.seed(), &format!("session {} {:?}", self.number, self.world.kernel.now()));
        let session = ClientId(Uuid::from_bytes(dice.bytes()));
        self.repeat(None, Command::ClientOpen { client: session }).await?;
        let answer = self.repeat(Some((session, 1)), command).await;
        self.repeat(None, Command::ClientClose { client: session }).await;
        answer
    }

    async fn repeat(&self, client: Option<(ClientId, u64)>, command: Command) -> Option<Response> {
        for attempt in 0..ATTEMPTS_MAX {
            let machine = self.choose((self.number + attempt) as u64);
            let order = Request::Order { client, command: command.clone() };
            if let Some(Reply::Ordered(Ok(response))) = self.ask(machine, order).await {
                self.say(|| format!("is answered {response:?}"));
                return Some(response);
            }
            self.world.kernel.sleep(PAUSE).await;
        }
        None
    }

    fn some_video(&self, number: u64) -> Option<VideoId> {
        let promises = self.world.oracle.promises();
        let at = usize::try_from(number % promises.len().max(1) as u64).ok()?;
        promises.into_keys().nth(at)
    }

    fn some_node(&self, number: u64) -> Option<NodeId> {
        self.world.machine(self.choose(number))?.id()
    }

    async fn of_video(&self, number: u64, command: impl FnOnce(VideoId) -> Command) {
        let Some(video) = self.some_video(number) else { return };
        self.world.oracle.doubt(video);
        // the same content may be shown by it when it is uploaded again meanwhile
        self.order(command(video)).await;
    }

    async fn restore(&self, number: u64) {
        let Some(video) = self.some_video(number) else { return };
        self.order(Command::VideoRestore { video }).await;
    }

    /// At least one node stays.
    async fn wish(&self, number: u64, wish: NodeWish) {
        let Some(node) = self.some_node(number) else { return };
        let staying = {
            let state = self.world.log.truth().snapshot();
            let nodes = state.view().nodes(None, vs_core::limit::PAGE_ITEMS_MAX).unwrap_or_default();
            nodes.iter().filter(|record| !record.removed && record.wish == NodeWish::In && record.id != node).count()
        };
        if wish == NodeWish::In || staying > 0 {
            self.order(Command::NodeWish { node, wish }).await;
        }
    }

    async fn upload(&self, film: u64, node: u64, redundancy: u64) {
        let film = Film::new(self.world.seed(), film);
        let mut dice = Stream::of(self.world.seed(), &format!("upload {}", self.number));
        let upload = UploadId::from_random(dice.bytes());
        let machine = self.choose(node);
        let Some(holder) = self.world.machine(machine).and_then(|machine| machine.id()) else { return };
        let chunks = film.original();
        let begin = UploadBegin {
            upload,
            video: VideoId::from_random(dice.bytes()),
            node: holder,
            file_name: "film".to_owned(),
            title: format!("film {}", self.number),
            description: String::new(),
            tags: BTreeMap::new(),
            size: Some(chunks.iter().map(|chunk| chunk.len() as u64).sum()),
            options: TrackOptions { renditions: Vec::new(), keep_original: true },
            redundancy: redundancy_of(redundancy),
            on_duplicate: if dice.permille(200) { OnDuplicate::New } else { OnDuplicate::Skip },
            offered_sha256: None,
        };
        let mut sent = false;
        for _ in 0..ATTEMPTS_MAX {
            match self.ask(machine, Request::Begin(Box::new(begin.clone()))).await {
                Some(Reply::Ordered(Ok(Response::Opened { .. }))) => {}
                Some(Reply::Ordered(Ok(_))) => break,
                _ => {
                    self.world.kernel.sleep(PAUSE).await;
                    continue;
                }
            }
            if !sent {
                // resumed by offset in the daemon: here it is all sent at once, and kept when it arrives
                sent = self.send(machine, upload, &chunks).await;
            }
            if sent
                && let Some(Reply::Ordered(Ok(response))) = self.ask(machine, Request::Finish { upload }).await
                && !matches!(response, Response::Refused(_))
            {
                break;
            }
            self.world.kernel.sleep(PAUSE).await;
        }
        self.watch(upload, film).await;
    }

    async fn send(&self, machine: usize, upload: UploadId, chunks: &[bytes::Bytes]) -> bool {
        let append = Request::Append { upload, chunks: chunks.to_vec() };
        matches!(self.ask(machine, append).await, Some(Reply::Appended(Ok(()))))
    }

    /// Watches what becomes of an upload, and holds the cluster to what it says.
    async fn watch(&self, upload: UploadId, film: Film) {
        for attempt in 0..ATTEMPTS_MAX * 4 {
            self.world.kernel.sleep(PAUSE).await;
            let machine = self.choose((self.number + attempt) as u64);
            let Some(Reply::Upload(Ok(Some(record)))) = self.ask(machine, Request::Upload { upload }).await else {
                continue;
            };
            match &record.phase {
                UploadPhase::Stored { .. } => self.world.oracle.promised(record.video, film, Level::Stored),
                UploadPhase::Ended(UploadEnd::Ready) => {
                    self.say(|| format!("has video {} ready", record.video.short()));
                    return self.world.oracle.promised(record.video, film, Level::Ready);
                }
                UploadPhase::Ended(UploadEnd::Duplicate { .. }) => {
                    self.say(|| format!("has video {} already", record.video.short()));
                    return self.world.oracle.promised(record.video, film, Level::Stored);
                }
                UploadPhase::Ended(end) => return self.say(|| format!("upload ended: {end:?}")),
                _ => {}
            }
        }
    }

    /// What a reader is told of a video: None when there is no answer.
    pub(crate) async fn film(&self, video: VideoId, machine: usize) -> Option<Option<Box<FilmInfo>>> {
        let began = self.world.kernel.now();
        match self.ask(machine, Request::Film { video }).await {
            Some(Reply::Film(Ok(info))) => {
                if info.is_none() {
                    con1::not_shown(&self.world, video, began);
                }
                Some(info)
            }
            _ => None,
        }
    }

    /// A part of a track, from the node at a machine.
    pub(crate) async fn part(&self, info: &FilmInfo, track: &Track, no: u32, machine: usize) -> Option<Part> {
        let (asset, version) = (info.head.asset, info.head.version);
        let request = Request::Part { asset, version, ballot: track.ballot, track: track.name.clone(), no };
        match self.ask(machine, request).await {
            Some(Reply::Part(Some(bytes))) => Part::decode(&bytes).ok(),
            _ => None,
        }
    }

    /// Reads every track of a video; whether all of it was had.
    pub(crate) async fn read(&self, video: VideoId, machine: usize) -> bool {
        self.world.oracle.count(|counts| counts.reads += 1);
        let Some(promise) = self.world.oracle.promise(video) else { return false };
        let Some(Some(info)) = self.film(video, machine).await else { return false };
        for track in &info.head.tracks {
            let mut hasher = Hasher::default();
            hasher.update(&track.init);
            for (no, _) in (0..).zip(&track.parts) {
                let Some(part) = self.part(&info, track, no, machine).await else {
                    return self.failed(video, "a part does not come");
                };
                let known =
                    Known { layouts: &info.layouts, nodes: &info.nodes, away: &info.away, displaced: &part.displaced };
                for chunk in part.segments.iter().flat_map(|segment| &segment.chunks) {
                    let (group, member) = part.group_of(info.head.asset, info.head.scheme, chunk);
                    let read = gather(self, info.head.asset, &group, &[member], &known).await;
                    match read.members {
                        Ok(members) => members.iter().for_each(|bytes| hasher.update(bytes)),
                        Err(failure) => return self.failed(video, &failure.to_string()),
                    }
                }
            }
            int1::read(&self.world, video, promise.film, &track.name, hasher.finish());
        }
        true
    }

    fn failed(&self, video: VideoId, why: &str) -> bool {
        self.say(|| format!("cannot read {}: {why}", video.short()));
        self.world.oracle.count(|counts| counts.reads_failed += 1);
        false
    }

    pub(crate) fn machine_of(&self, node: NodeId) -> Option<usize> {
        self.world.machine_of(node)
    }
}

/// Clients read as nodes do: over the network, from whoever has it.
impl Get for Client {
    async fn get(&self, node: NodeId, asset: AssetId, chunk: ChunkHash) -> Result<bytes::Bytes, GetError> {
        let Some(machine) = self.machine_of(node) else { return Err(GetError::Silent(format!("{node} is gone"))) };
        let request = Request::Get { to: node, asset, chunk };
        let answer = self.world.call(self.end, machine, request, GET_TIMEOUT).await;
        got(node, chunk, answer.ok())
    }

    fn blame(&self, node: NodeId, asset: AssetId, chunk: ChunkHash) {
        let Some(machine) = self.machine_of(node) else { return };
        let (world, end) = (Arc::clone(&self.world), self.end);
        self.world.kernel.spawn(WORLD, async move {
            let check = Request::Check { to: node, asset, chunks: vec![chunk], index: 0, deep: true };
            drop(world.call(end, machine, check, GET_TIMEOUT).await);
        });
    }

    async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        Some(work())
    }
}

fn redundancy_of(number: u64) -> Redundancy {
    match number % 6 {
        0 => Redundancy::Erasure,
        1 => Redundancy::Replicate(1),
        2 => Redundancy::Replicate(2),
        3 => Redundancy::Replicate(3),
        _ => Redundancy::Auto,
    }
}
