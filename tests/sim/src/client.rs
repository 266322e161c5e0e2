//! People and their programs: they upload, read, play, remove and rearrange, by way of whichever node they choose, and note
//! what they were told.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use vs_core::{
    id::{NodeId, UploadId, VideoId},
    layout::NodeWish,
    manifest::ORIGINAL,
};
use vsd_core::{
    background::State,
    meta::{Command, End as UploadEnd, OnDuplicate, Redundancy, Response, TrackOptions, UploadBegin, UploadPhase},
};

use crate::{
    case::{Act, MACHINES_MAX},
    film::Film,
    invariant::con3,
    kernel::WORLD,
    message::{Reply, Request},
    net::End,
    node::care::Care,
    oracle::Level,
    promise::{Change, OrderId},
    random::Stream,
    session::{ATTEMPTS_MAX, Outcome, PAUSE},
    world::World,
};

/// How long a client waits for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(12);
/// Uploads of which the original is not kept, of which it is said beforehand what they hash to, and which are given up.
const DROPPED_PERMILLE: u64 = 150;
const OFFERED_PERMILLE: u64 = 300;
const ABORTED_PERMILLE: u64 = 60;

/// How far an upload is when its client gives it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Begun,
    Sent,
    Finished,
}

/// Most commands of a session in which views are counted.
const COMMANDS_MAX: u64 = 4;

/// Somebody who acts.
#[derive(Clone)]
pub struct Client {
    pub(crate) world: Arc<World>,
    pub(crate) end: End,
    pub(crate) number: usize,
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

    pub(crate) fn say(&self, line: impl FnOnce() -> String) {
        self.world.trace.say(|| format!("c{} {}", self.number, line()));
    }

    /// The machine that a number names.
    pub(crate) fn choose(&self, number: u64) -> usize {
        let machines = self.world.machines();
        let there: Vec<_> = machines.iter().filter(|machine| !machine.is_retired()).map(|machine| machine.at).collect();
        there.get(usize::try_from(number % there.len().max(1) as u64).unwrap_or(0)).copied().unwrap_or(0)
    }

    pub(crate) async fn ask(&self, machine: usize, request: Request) -> Option<Reply> {
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
            Act::Trash { video } => self.change(video, Change::Hides).await,
            Act::Restore { video } => self.change(video, Change::Shows).await,
            Act::Purge { video } => self.change(video, Change::Purges).await,
            Act::SetRedundancy { video, redundancy } => {
                let Some(video) = self.some_video(video) else { return };
                let redundancy = redundancy_of(redundancy);
                self.order(Command::RedundancySet { video, redundancy }).await;
            }
            Act::Views { video, count } => {
                if let Some(video) = self.some_video(video) {
                    self.views(video, count).await;
                }
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
            Act::Set { setting, value } => self.set(setting, value).await,
            Act::Job { job, action } => self.control_job(job, action).await,
            Act::StopMoves => self.stop_moves().await,
            Act::StartMoves => self.start_moves().await,
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

    fn some_video(&self, number: u64) -> Option<VideoId> {
        let promises = self.world.oracle.promises();
        let at = usize::try_from(number % promises.len().max(1) as u64).ok()?;
        promises.into_keys().nth(at)
    }

    fn some_node(&self, number: u64) -> Option<NodeId> {
        self.world.machine(self.choose(number))?.id()
    }

    /// Shows, hides or purges one of the videos.
    async fn change(&self, number: u64, change: Change) {
        let Some(video) = self.some_video(number) else { return };
        let Some(order) = self.world.oracle.ordered(video, change) else { return };
        let command = match change {
            Change::Shows => Command::VideoRestore { video },
            Change::Hides => Command::VideoTrash { video },
            Change::Purges => Command::VideoPurge { video },
        };
        match self.order(command).await {
            Outcome::Done(_) => self.world.oracle.answered(video, order, true),
            Outcome::Refused(_) | Outcome::Unsent => self.world.oracle.answered(video, order, false),
            Outcome::Unknown => {}
        }
    }

    /// Counts so many views, one command after the other.
    async fn views(&self, video: VideoId, count: u64) {
        let Some(mut session) = self.session().await else { return };
        let commands = 1 + count % COMMANDS_MAX;
        for nth in 0..commands {
            // numbers that tell from their sum which of them were added
            let count = count + nth;
            con3::ordered(&self.world, video, count);
            match session.order(Command::Views { counts: BTreeMap::from([(video, count)]) }).await {
                Outcome::Done(_) => con3::settled(&self.world, video, count, true),
                Outcome::Refused(_) | Outcome::Unsent => con3::settled(&self.world, video, count, false),
                Outcome::Unknown => break,
            }
        }
        session.close().await;
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
        let keep_original = !dice.permille(DROPPED_PERMILLE);
        let offered_sha256 = if dice.permille(OFFERED_PERMILLE) { film.digest(ORIGINAL) } else { None };
        let given_up =
            if dice.permille(ABORTED_PERMILLE) { dice.pick(&[Step::Begun, Step::Sent, Step::Finished]) } else { None };
        let begin = UploadBegin {
            upload,
            video: VideoId::from_random(dice.bytes()),
            node: holder,
            file_name: "film".to_owned(),
            title: format!("film {}", self.number),
            description: String::new(),
            tags: BTreeMap::new(),
            size: Some(chunks.iter().map(|chunk| chunk.len() as u64).sum()),
            options: TrackOptions { renditions: Vec::new(), keep_original },
            redundancy: redundancy_of(redundancy),
            on_duplicate: if dice.permille(200) { OnDuplicate::New } else { OnDuplicate::Skip },
            offered_sha256,
        };
        let order = self.world.oracle.uploading(film);
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
            if given_up == Some(&Step::Begun) {
                break;
            }
            if !sent {
                // resumed by offset in the daemon: here it is all sent at once, and kept when it arrives
                sent = self.send(machine, upload, &chunks).await;
            }
            if sent && given_up == Some(&Step::Sent) {
                break;
            }
            if sent
                && let Some(Reply::Ordered(Ok(response))) = self.ask(machine, Request::Finish { upload }).await
                && !matches!(response, Response::Refused(_))
            {
                break;
            }
            self.world.kernel.sleep(PAUSE).await;
        }
        if given_up.is_some() {
            self.order(Command::UploadAbort { upload }).await;
        }
        self.watch(upload, (film, order), keep_original).await;
    }

    async fn send(&self, machine: usize, upload: UploadId, chunks: &[bytes::Bytes]) -> bool {
        let append = Request::Append { upload, chunks: chunks.to_vec() };
        matches!(self.ask(machine, append).await, Some(Reply::Appended(Ok(()))))
    }

    /// Watches what becomes of an upload, and holds the cluster to what it says.
    async fn watch(&self, upload: UploadId, of: (Film, OrderId), keeps_original: bool) {
        let oracle = &self.world.oracle;
        for attempt in 0..ATTEMPTS_MAX * 4 {
            self.world.kernel.sleep(PAUSE).await;
            let machine = self.choose((self.number + attempt) as u64);
            let Some(Reply::Upload(Ok(Some(record)))) = self.ask(machine, Request::Upload { upload }).await else {
                continue;
            };
            let end = match &record.phase {
                UploadPhase::Stored { .. } => {
                    oracle.promised(record.video, of, keeps_original, Level::Stored);
                    continue;
                }
                UploadPhase::Ended(end) => end,
                _ => continue,
            };
            match end {
                UploadEnd::Ready => oracle.promised(record.video, of, keeps_original, Level::Ready),
                UploadEnd::Duplicate { .. } => oracle.promised(record.video, of, keeps_original, Level::Stored),
                _ => {}
            }
            oracle.uploaded(of.0, of.1);
            return self.say(|| format!("upload of {} ended: {end:?}", record.video.short()));
        }
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
