//! A node: the shell that the simulator puts around the cores, as `vsd` puts its own. It carries messages, clocks and disk
//! calls to them and decides nothing that they decide.

pub(crate) mod boot;
pub(crate) mod care;
mod hand;
mod lead;
mod serve;
pub(crate) mod shell;
mod store;
mod sweep;
mod tend;
mod upload;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, OnceLock},
    time::Duration,
};

use vs_core::id::{NodeId, UploadId};
use vsd_core::{
    background::{NodePicture, Picture},
    health::Health,
    meta::{LayoutCache, LeaderTerm},
    plan::weights::Standstill,
};

pub use store::Store;

use crate::{
    kernel::{Kernel, ProcessId, Watched, lock},
    machine::{Machine, machine_at},
    random::Stream,
    replica::{Replica, Snapshot},
    world::World,
};

/// How long a leader may have gone unheard by a majority, or unheard here, before it counts as none.
const SILENCE_MAX: Duration = Duration::from_millis(1_300);

/// Who leads, as far as this node knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leads {
    Me(LeaderTerm),
    Other(NodeId),
    Nobody,
}

/// What the node has heard of leaders.
#[derive(Debug, Default)]
struct Standing {
    /// The highest term heard of, and who leads in it.
    term: LeaderTerm,
    /// When its leader was heard last.
    heard: Option<Duration>,
    /// Of a leader: when each of the others answered last.
    answered: BTreeMap<NodeId, Duration>,
}

/// The running node. Ends with its process.
pub struct Node {
    world: Arc<World>,
    machine: Arc<Machine>,
    process: ProcessId,
    id: NodeId,
    /// How far the log is known to be committed, and how far it is applied here.
    committed: Watched<u64>,
    applied: Watched<u64>,
    standing: Mutex<Standing>,
    picture: Mutex<Arc<Picture>>,
    /// Of a leader.
    health: Mutex<Health>,
    reports: Mutex<BTreeMap<NodeId, (u64, NodePicture)>>,
    beat: Watched<u64>,
    /// What waits for room, as the executor said.
    standstill: Mutex<Standstill>,
    layouts: LayoutCache,
    store: OnceLock<Arc<Store>>,
    /// Uploads that are being finished here.
    finishing: Mutex<BTreeSet<UploadId>>,
    dice: Mutex<Stream>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("id", &self.id).field("machine", &self.machine.at).finish_non_exhaustive()
    }
}

impl Node {
    fn new(world: Arc<World>, machine: Arc<Machine>, process: ProcessId, id: NodeId) -> Self {
        let now_ms = millis(world.kernel.now());
        let dice = Stream::of(world.seed(), &format!("node {} {now_ms}", machine.at));
        let applied = machine.kept().replica.applied();
        Self {
            world,
            machine,
            process,
            id,
            committed: Watched::new(applied),
            applied: Watched::new(applied),
            standing: Mutex::default(),
            picture: Mutex::default(),
            health: Mutex::new(Health::lead(now_ms)),
            reports: Mutex::default(),
            beat: Watched::new(0),
            standstill: Mutex::default(),
            layouts: LayoutCache::default(),
            store: OnceLock::new(),
            finishing: Mutex::default(),
            dice: Mutex::new(dice),
        }
    }

    #[must_use]
    pub fn id(&self) -> NodeId {
        self.id
    }

    #[must_use]
    pub fn process(&self) -> ProcessId {
        self.process
    }

    /// Whether others reach it at all.
    #[must_use]
    pub fn listens(&self) -> bool {
        self.kernel().is_alive(self.process)
    }

    #[must_use]
    pub fn store(&self) -> Option<&Arc<Store>> {
        self.store.get()
    }

    #[must_use]
    pub fn applied(&self) -> u64 {
        self.applied.get()
    }

    fn kernel(&self) -> &Kernel {
        &self.world.kernel
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        lock(&self.standing)
    }

    /// The state as this node has it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.machine.kept().replica.snapshot()
    }

    fn replica(&self) -> Replica {
        self.machine.kept().replica.clone()
    }

    /// Where the state says that a node is.
    fn machine_of(&self, node: NodeId) -> Option<usize> {
        use vsd_core::background::State;
        let record = self.snapshot().view().node(node).ok()??;
        machine_at(&record.spec.addr)
    }

    fn say(&self, line: impl FnOnce() -> String) {
        self.world.trace.say(|| format!("{} {}", self.id, line()));
    }
}

pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
