//! The world of one case: time, network, machines, the log, what clients were promised, and what was found to be wrong.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use uuid::Uuid;
use vs_core::{
    codec,
    id::{ClusterId, Epoch, NodeId},
    layout::{Layout, LayoutNode, NodeWish},
    limit::WEIGHT_MILLI,
    placement,
};
use vsd_core::meta::{Command, Entry, MemTables, Txn, apply};

use crate::{
    case::{Case, Fault, Moment, Shape},
    invariant::Violation,
    kernel::{Kernel, lock},
    log::Log,
    machine::{Drive, Machine},
    net::Net,
    node::boot::{dir_specs, spec},
    oracle::Oracle,
    random::Stream,
    replica::Replica,
    trace::{Trace, Tracing},
};

/// Slots of the layouts: enough to be unequal, few enough to be proposed in no time. As many as at the bootstrap for ever.
const SLOTS: usize = 64;
/// What the wall clocks say at the beginning.
const WALL_BEGAN_MS: u64 = 1_700_000_000_000;
/// How far the clock of each machine is ahead of the one before it.
const SKEW_MS: u64 = 40_000;
/// The family of layouts, by which their first table is put where the bootstrap put one of more slots.
const LAYOUTS: u8 = 0x40;

pub struct World {
    pub kernel: Kernel,
    pub trace: Trace,
    pub net: Net,
    pub log: Log,
    pub oracle: Oracle,
    case: Case,
    machines: Mutex<Vec<Arc<Machine>>>,
    hardware: Mutex<Hardware>,
    violations: Mutex<Vec<Violation>>,
    /// Faults that wait for a moment, by their places in the case.
    waiting: Mutex<Vec<(Moment, usize, Fault)>>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("seed", &self.case.seed).finish_non_exhaustive()
    }
}

/// Wall clocks, and how long machines take to apply what they need not.
#[derive(Debug)]
struct Hardware {
    dice: Stream,
    clocks_ms: Vec<(usize, i64)>,
    apply_stalls: Vec<(usize, Duration)>,
}

impl World {
    /// A cluster that has its nodes, its settings and its layout, and no content.
    pub(crate) fn new(case: Case, tracing: Tracing) -> Arc<Self> {
        let kernel = Kernel::default();
        let seed = case.seed;
        let mut dice = Stream::of(seed, "machines");
        let machines: Vec<_> =
            (0..case.shape.machines).map(|at| new_machine(&case.shape, &mut dice, at, at % case.shape.zones)).collect();
        let base = bootstrapped(&machines[0], &mut dice);
        let mut truth = Replica::new(base);
        let (mut entries, mut digests) = (Vec::new(), Vec::new());
        for command in founding(&case.shape, &machines) {
            let entry = Entry { wall_ms: WALL_BEGAN_MS, client: None, command };
            let response = truth.apply(&entry);
            assert!(response.clone().accepted().is_ok(), "{entry:?}: {response:?}");
            entries.push(Arc::new(entry));
            digests.push(truth.digest());
        }
        let layout = first_layout(&truth, &machines);
        let entry = Entry { wall_ms: WALL_BEGAN_MS, client: None, command: Command::LayoutSet { layout } };
        assert!(truth.apply(&entry).accepted().is_ok(), "the first layout of all nodes");
        entries.push(Arc::new(entry));
        digests.push(truth.digest());
        for (id, machine) in (1..).zip(&machines) {
            let mut kept = machine.kept();
            kept.id = Some(NodeId(id));
            (kept.replica, kept.flushed) = (truth.clone(), truth.clone());
        }
        let log = Log::new(truth, entries, digests, Stream::of(seed, "log"));
        log.set_voters(first_voters(machines.len()));
        let oracle = Oracle::new(kernel.clone());
        for machine in &machines {
            let kept = machine.kept();
            kept.id.into_iter().for_each(|id| {
                oracle.named(id, kept.key);
            });
        }
        let hardware = Hardware { dice, clocks_ms: Vec::new(), apply_stalls: Vec::new() };
        Arc::new(Self {
            trace: Trace::new(kernel.clone(), tracing),
            net: Net::new(case.shape.weather, Stream::of(seed, "net")),
            log,
            oracle,
            machines: Mutex::new(machines),
            hardware: Mutex::new(hardware),
            violations: Mutex::default(),
            waiting: Mutex::default(),
            kernel,
            case,
        })
    }

    #[must_use]
    pub fn seed(&self) -> u64 {
        self.case.seed
    }

    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.case.shape
    }

    #[must_use]
    pub fn case(&self) -> &Case {
        &self.case
    }

    #[must_use]
    pub fn machines(&self) -> Vec<Arc<Machine>> {
        lock(&self.machines).clone()
    }

    #[must_use]
    pub fn machine(&self, at: usize) -> Option<Arc<Machine>> {
        lock(&self.machines).get(at).cloned()
    }

    /// Where a node is.
    #[must_use]
    pub fn machine_of(&self, node: NodeId) -> Option<usize> {
        lock(&self.machines).iter().find(|machine| machine.id() == Some(node)).map(|machine| machine.at)
    }

    /// Another machine, with empty disks.
    pub(crate) fn add_machine(&self, zone: u64) -> Arc<Machine> {
        let mut machines = lock(&self.machines);
        let mut hardware = lock(&self.hardware);
        let at = machines.len();
        let zone = usize::try_from(zone % self.case.shape.zones as u64).unwrap_or(0);
        let machine = new_machine(&self.case.shape, &mut hardware.dice, at, zone);
        machines.push(Arc::clone(&machine));
        machine
    }

    /// A disk that was never used.
    pub(crate) fn new_drive(&self) -> Drive {
        let mut hardware = lock(&self.hardware);
        Drive::new(Uuid::from_bytes(hardware.dice.bytes()), self.case.shape.disk_bytes)
    }

    pub(crate) fn new_key(&self) -> Uuid {
        Uuid::from_bytes(lock(&self.hardware).dice.bytes())
    }

    /// What a machine's wall clock says: nothing but what is shown depends on it.
    pub(crate) fn wall_ms(&self, machine: usize) -> u64 {
        let jumped: i64 =
            lock(&self.hardware).clocks_ms.iter().filter(|(at, _)| *at == machine).map(|(_, ms)| ms).sum();
        // clocks that nobody set differ anyway
        let skew_ms = machine as u64 * SKEW_MS;
        (WALL_BEGAN_MS + skew_ms + crate::node::millis(self.kernel.now())).saturating_add_signed(jumped)
    }

    pub(crate) fn jump_clock(&self, machine: usize, by_ms: i64) {
        lock(&self.hardware).clocks_ms.push((machine, by_ms));
    }

    pub(crate) fn apply_stall(&self, machine: usize) -> Duration {
        lock(&self.hardware).apply_stalls.iter().filter(|(at, _)| *at == machine).map(|(_, by)| *by).sum()
    }

    pub(crate) fn stall_apply(&self, machine: usize, by: Option<Duration>) {
        let mut hardware = lock(&self.hardware);
        hardware.apply_stalls.retain(|(at, _)| *at != machine);
        hardware.apply_stalls.extend(by.map(|by| (machine, by)));
    }

    /// From now on this fault waits for its moment.
    pub(crate) fn wait_for(&self, moment: Moment, nth: usize, fault: Fault) {
        lock(&self.waiting).push((moment, nth, fault));
    }

    /// The next fault whose moment this is.
    pub(crate) fn waits_for(&self, moment: Moment) -> Option<(usize, Fault)> {
        let mut waiting = lock(&self.waiting);
        let at = waiting.iter().position(|(awaited, ..)| *awaited == moment)?;
        let (_, nth, fault) = waiting.remove(at);
        Some((nth, fault))
    }

    pub(crate) fn forget_strikes(&self) {
        lock(&self.waiting).clear();
    }

    /// Something is not as it was promised.
    pub(crate) fn violated(&self, id: &'static str, what: String) {
        self.trace.say(|| format!("VIOLATION {id}: {what}"));
        lock(&self.violations).push(Violation { id, what, at: self.kernel.now() });
    }

    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        lock(&self.violations).clone()
    }

    /// Lets everything go: tasks hold the world that holds them.
    pub(crate) fn dismantle(&self) {
        self.kernel.end();
        for machine in std::mem::take(&mut *lock(&self.machines)) {
            machine.set_node(None);
        }
    }
}

fn zone_name(zone: usize) -> String {
    format!("z{zone}")
}

fn new_machine(shape: &Shape, dice: &mut Stream, at: usize, zone: usize) -> Arc<Machine> {
    let key = Uuid::from_bytes(dice.bytes());
    let drives = (0..shape.drives).map(|_| Drive::new(Uuid::from_bytes(dice.bytes()), shape.disk_bytes)).collect();
    Arc::new(Machine::new(at, zone_name(zone), key, drives, Replica::default()))
}

/// The tables of a cluster of one node, with a table of few slots.
fn bootstrapped(first: &Machine, dice: &mut Stream) -> MemTables {
    let cluster = ClusterId::from_random(dice.bytes());
    let command = Command::Bootstrap { cluster, node: spec(first), dirs: dir_specs(first) };
    let mut tables = MemTables::default();
    let mut txn = Txn::over(&tables);
    let entry = Entry { wall_ms: WALL_BEGAN_MS, client: None, command };
    let answer = apply(&mut txn, 0, &entry);
    assert!(answer.is_ok_and(|answer| answer.accepted().is_ok()), "the bootstrap");
    let node = LayoutNode { id: NodeId(1), zone: first.zone.clone(), weight_milli: WEIGHT_MILLI, wish: NodeWish::In };
    let layout = Layout::new(Epoch(1), vec![node], vec![vec![0]; SLOTS]).expect("one node in every slot");
    let key = [vec![LAYOUTS], 1_u64.to_be_bytes().to_vec()].concat();
    txn.put_raw(key, codec::encode(&layout));
    let writes = txn.into_writes();
    tables.write(writes);
    tables
}

/// What makes the cluster of the first machine one of all of them.
fn founding(shape: &Shape, machines: &[Arc<Machine>]) -> Vec<Command> {
    let mut commands = Vec::new();
    for (id, machine) in (2..).zip(&machines[1..]) {
        commands.push(Command::NodeJoin { key: machine.kept().key, spec: spec(machine) });
        commands.push(Command::NodeUpdate { node: NodeId(id), spec: spec(machine), dirs: dir_specs(machine) });
    }
    commands.extend(shape.settings.iter().map(|(name, value)| {
        let (min, max) = name.range();
        Command::SettingSet { name: *name, value: (*value).clamp(min, max) }
    }));
    commands
}

fn first_layout(truth: &Replica, machines: &[Arc<Machine>]) -> Layout {
    use vsd_core::background::State;
    let state = truth.snapshot();
    let current = state.view().current_layout().ok().flatten();
    let node = |(id, machine): (u64, &Arc<Machine>)| LayoutNode {
        id: NodeId(id),
        zone: machine.zone.clone(),
        weight_milli: WEIGHT_MILLI,
        wish: NodeWish::In,
    };
    placement::propose(Epoch(2), current.as_ref(), (1..).zip(machines).map(node).collect())
}

/// One, three or five.
fn first_voters(machines: usize) -> BTreeSet<NodeId> {
    let count = [5, 3, 1].into_iter().find(|count| *count <= machines).unwrap_or(1);
    (1..=count).map(|id| NodeId(id as u64)).collect()
}
