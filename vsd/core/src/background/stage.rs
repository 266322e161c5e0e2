//! A stage for tests of what the leader does: the state machine in memory, nodes that hold what they are given, and time
//! that passes when somebody sleeps. Nothing else is made up: what is asked for and refused is up to the state machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures::{executor::LocalPool, task::LocalSpawnExt};
use vs_core::{
    hash::{ChunkHash, Hash},
    id::{AssetId, Ballot, NodeId},
    manifest::{ChunkRef, ORIGINAL},
};

use super::{
    Get, GetError, Note, Picture, PutError, Question, Repairer, Shell, State, Unavailable,
    picture::{NodePicture, Shown},
};
use crate::{
    meta::{
        AssetRecord, Command, JobRecord, LayoutCache, LeaderTerm, MemTables, Redundancy, Response, SourceInfo, View,
        test::{World, begin, code, commit, part_of, put, track_of, upload_id, video_id},
    },
    plan::{repair::Held, weights::Standstill},
};

/// One cluster, as its leader has it. Cheap to clone.
#[derive(Clone)]
pub(super) struct Stage {
    scene: Arc<Mutex<Scene>>,
    layouts: LayoutCache,
}

/// The command with which it ends, and whether that is applied nevertheless.
type Death = (fn(&Command) -> bool, bool);

struct Scene {
    world: World,
    picture: Picture,
    held: BTreeMap<ChunkHash, (Bytes, BTreeSet<NodeId>)>,
    now: Duration,
    /// Nobody wakes up after this.
    until: Duration,
    /// The leader dies before it proposes such a command, or, when it is to be applied, right after.
    dies: Option<Death>,
    proposed: Vec<Command>,
}

impl Stage {
    /// A cluster of so many nodes, led by the first one.
    pub(super) fn of(nodes: u8) -> Self {
        let world = World::of(nodes);
        let node = |id| NodePicture { state: Shown::Up, ..NodePicture::of(NodeId(id)) };
        let epoch = world.view().epoch().expect("readable").expect("bootstrapped");
        let picture = Picture { leader: Some(NodeId(1)), epoch, nodes: (1..=nodes.into()).map(node).collect() };
        let zero = Duration::ZERO;
        let scene =
            Scene { world, picture, held: BTreeMap::new(), now: zero, until: zero, dies: None, proposed: vec![] };
        Self { scene: Arc::new(Mutex::new(scene)), layouts: LayoutCache::default() }
    }

    fn scene(&self) -> MutexGuard<'_, Scene> {
        self.scene.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies what comes from elsewhere.
    pub(super) fn run(&self, command: Command) {
        let response = self.scene().world.run(command);
        assert!(code(&response).is_none(), "{response:?}");
    }

    /// A finished film of two tracks, one chunk each, that every node of the layout has.
    pub(super) fn film(&self, n: u8) -> AssetId {
        let mut scene = self.scene();
        let (asset, ballot) = (scene.world.open(begin(n)), Ballot(1));
        let nodes = scene.world.view().current_layout().expect("readable").expect("bootstrapped").nodes;
        let nodes: BTreeSet<_> = nodes.iter().map(|node| node.id).collect();
        let mut part = |name, byte: u8| {
            let hash = Hash::of(&[byte]);
            scene.held.insert(hash, (Bytes::from(vec![byte]), nodes.clone()));
            part_of(name, 0, vec![ChunkRef { hash, bytes: 1 }])
        };
        let (original, video) = (part(ORIGINAL, n), part("v0", 100 + n));
        let track = Box::new(track_of(ORIGINAL, ballot, std::slice::from_ref(&original), n));
        let (upload, source) = (upload_id(n), SourceInfo::default());
        for command in [
            Command::UploadReceived { upload, ballot, sha256: Hash::of(&[n]), bytes: 1 },
            put(asset, ballot, &original),
            Command::OriginalStored { upload, ballot, source, track },
            put(asset, ballot, &video),
            commit(n, vec![track_of("v0", ballot, &[video], 100 + n)], ballot),
        ] {
            let response = scene.world.run(command);
            assert!(code(&response).is_none(), "{response:?}");
        }
        asset
    }

    /// Film `n` is to be kept as so many copies.
    pub(super) fn keep(&self, n: u8, copies: u8) {
        let redundancy = Redundancy::Replicate(copies);
        self.run(Command::RedundancySet { video: video_id(n), redundancy });
    }

    pub(super) fn set_layout(&self, ids: &[u64]) {
        let mut scene = self.scene();
        scene.world.set_layout(ids);
        scene.picture.epoch = scene.picture.epoch.next();
    }

    pub(super) fn show(&self, node: u64, state: Shown) {
        let mut scene = self.scene();
        let node = scene.picture.nodes.iter_mut().find(|known| known.id == NodeId(node)).expect("it is known");
        node.state = state;
    }

    /// The leader is to die at such a command: before it is applied, or after.
    pub(super) fn kill_at(&self, dies: fn(&Command) -> bool, applied: bool) {
        self.scene().dies = Some((dies, applied));
    }

    /// The same node leads again, in another term.
    pub(super) fn elect(&self) {
        self.scene().dies = None;
        let term = self.state().view().clock().expect("readable").term.term + 1;
        self.run(Command::Tick { term: LeaderTerm::new(term, NodeId(1)), elapsed_ms: 1 });
    }

    /// A leader that remembers nothing does this for so long, and is gone then. What it proposed.
    pub(super) fn lead<F: Future<Output = ()>>(
        &self,
        work: impl FnOnce(Arc<Repairer<Self>>) -> F + 'static,
        secs: u64,
    ) -> Vec<Command> {
        let until = self.scene().now + Duration::from_secs(secs);
        self.scene().until = until;
        self.scene().proposed.clear();
        let (mut pool, repairer) = (LocalPool::new(), Arc::new(Repairer::new(self.clone())));
        let working = async move { work(repairer).await };
        pool.spawner().spawn_local(working).expect("the pool is there");
        pool.run_until_stalled();
        std::mem::take(&mut self.scene().proposed)
    }

    pub(super) fn state(&self) -> Frozen {
        Frozen(self.scene().world.tables.clone())
    }

    pub(super) fn asset(&self, id: AssetId) -> AssetRecord {
        self.scene().world.asset(id)
    }

    pub(super) fn jobs(&self) -> Vec<JobRecord> {
        self.state().view().jobs(None, 100).expect("readable")
    }
}

pub(super) struct Frozen(MemTables);

impl State for Frozen {
    fn view(&self) -> View<'_> {
        View::new(&self.0)
    }

    fn applied(&self) -> Result<u64, crate::meta::TableError> {
        Ok(0)
    }
}

impl Get for Stage {
    async fn get(&self, node: NodeId, _: AssetId, chunk: ChunkHash) -> Result<Bytes, GetError> {
        let scene = self.scene();
        let held = scene.held.get(&chunk).filter(|(_, nodes)| nodes.contains(&node));
        held.map(|(bytes, _)| bytes.clone()).ok_or_else(|| GetError::Absent(format!("{node} has no {chunk}")))
    }

    fn blame(&self, _: NodeId, _: AssetId, _: ChunkHash) {}

    async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        Some(work())
    }
}

impl Shell for Stage {
    type State = Frozen;

    fn node(&self) -> NodeId {
        NodeId(1)
    }

    fn now(&self) -> Duration {
        self.scene().now
    }

    fn wall_ms(&self) -> u64 {
        u64::try_from(self.now().as_millis()).expect("not that long")
    }

    /// The cluster's time passes as well.
    async fn sleep(&self, wait: Duration) {
        let is_over = {
            let mut scene = self.scene();
            scene.now += wait;
            scene.world.pass_ms(u64::try_from(wait.as_millis()).expect("not that long"));
            scene.now > scene.until
        };
        if is_over {
            pending::<()>().await;
        }
    }

    fn picture(&self) -> Arc<Picture> {
        Arc::new(self.scene().picture.clone())
    }

    fn reign(&self) -> Option<LeaderTerm> {
        self.scene().world.view().clock().ok().map(|clock| clock.term)
    }

    fn incarnation(&self) -> u64 {
        0
    }

    fn layouts(&self) -> &LayoutCache {
        &self.layouts
    }

    async fn read(&self) -> Result<Frozen, Unavailable> {
        Ok(self.state())
    }

    fn stale(&self) -> Frozen {
        self.state()
    }

    async fn propose(&self, command: Command) -> Result<Response, Unavailable> {
        let (response, dies) = {
            let mut scene = self.scene();
            let dies = scene.dies.filter(|(dies, _)| dies(&command));
            scene.proposed.push(command.clone());
            let is_applied = dies.is_none_or(|(_, applied)| applied);
            (is_applied.then(|| scene.world.run(command)), dies.is_some())
        };
        match response.filter(|_| !dies) {
            Some(response) => Ok(response),
            None => pending().await,
        }
    }

    async fn held(&self, question: Question, chunks: &[ChunkHash]) -> Vec<Held> {
        let scene = self.scene();
        let has = |chunk| scene.held.get(chunk).is_some_and(|(_, nodes)| nodes.contains(&question.node));
        chunks.iter().map(|chunk| if has(chunk) { Held::Stored } else { Held::Missing }).collect()
    }

    async fn put(
        &self,
        node: NodeId,
        _: AssetId,
        chunk: ChunkHash,
        bytes: Bytes,
        _: u64,
        _: Duration,
    ) -> Result<(), PutError> {
        self.scene().held.entry(chunk).or_insert_with(|| (bytes, BTreeSet::new())).1.insert(node);
        Ok(())
    }

    fn stands_still(&self, _: Standstill) {}

    fn note(&self, _: Note<'_>) {}
}
