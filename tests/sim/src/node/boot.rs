//! How a node starts: it becomes a member if it is none, takes its disks into use, tells the cluster of them, and begins
//! what it does for ever.

use std::{sync::Arc, time::Duration};

use vs_core::id::{DirId, NodeId};
use vsd_core::{
    background::{Shell, State},
    meta::{Command, DirSpec, NodeSpec, Response, Role},
    superblock::{Config, Engine},
};

use super::{Node, Store, store::Dir};
use crate::{
    invariant::dsk1,
    kernel::ProcessId,
    machine::Machine,
    message::{Reply, Request},
    net::End,
    random::Stream,
    world::World,
};

const PAUSE: Duration = Duration::from_millis(500);
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How often faults of the disks are looked for.
const FAULT_POLL: Duration = Duration::from_secs(1);

impl World {
    /// Starts a node on a machine that runs none.
    pub(crate) fn start_node(self: &Arc<Self>, at: usize) {
        let Some(machine) = self.machine(at).filter(|machine| machine.node().is_none() && !machine.is_retired()) else {
            return;
        };
        machine.set_power(true);
        let process = self.kernel.new_process();
        if let Some(before) = machine.set_process(Some(process)) {
            self.kernel.kill(before);
        }
        match machine.id() {
            Some(id) => self.run_node(machine, process, id),
            None => {
                let world = Arc::clone(self);
                self.kernel.spawn(process, async move { world.join(machine, process).await });
            }
        }
    }

    /// Becomes a member: the same one however often it is asked for.
    async fn join(self: Arc<Self>, machine: Arc<Machine>, process: ProcessId) {
        let from = End::Machine(machine.at);
        let mut asked = 0;
        loop {
            let command = Command::NodeJoin { key: machine.kept().key, spec: spec(&machine) };
            let members: Vec<_> = self.machines().iter().filter(|other| other.at != machine.at).cloned().collect();
            let Some(other) = members.get(asked % members.len().max(1)) else { return };
            asked += 1;
            let order = Request::Order { client: None, command };
            if let Ok(Reply::Ordered(Ok(Response::Node { node, .. }))) =
                self.call(from, other.at, order, CALL_TIMEOUT).await
            {
                self.trace.say(|| format!("m{} joins as {node}", machine.at));
                // a copy of the tables, as the leader sends one
                let copied = other.kept().replica.clone();
                {
                    let mut kept = machine.kept();
                    kept.id = Some(node);
                    (kept.replica, kept.flushed) = (copied.clone(), copied);
                }
                return self.run_node(machine, process, node);
            }
            self.kernel.sleep(PAUSE).await;
        }
    }

    fn run_node(self: &Arc<Self>, machine: Arc<Machine>, process: ProcessId, id: NodeId) {
        let node = Arc::new(Node::new(Arc::clone(self), Arc::clone(&machine), process, id));
        machine.set_node(Some(Arc::clone(&node)));
        self.begin(process, Arc::clone(&node).keep_applying());
        self.begin(process, node.start());
    }
}

/// What a node says about itself.
pub(crate) fn spec(machine: &Machine) -> NodeSpec {
    NodeSpec { addr: machine.addr(), zone: machine.zone.clone(), roles: Role::ALL.into(), version: String::new() }
}

/// How the cluster is told of a machine's disks.
pub(crate) fn dir_specs(machine: &Machine) -> Vec<DirSpec> {
    let spec = |(at, drive): (usize, &crate::machine::Drive)| DirSpec {
        key: drive.key,
        path: format!("/d{at}"),
        fault: None,
        mended: drive.mended,
    };
    machine.drives().iter().enumerate().map(spec).collect()
}

impl Node {
    async fn start(self: Arc<Self>) {
        let specs = dir_specs(&self.machine);
        // what is known without a quorum may be old: who is told of a fault later begins anew
        let state = match self.read().await {
            Ok(state) => state,
            Err(_) => self.stale(),
        };
        let known = state.view().dirs_of(self.id).unwrap_or_default();
        drop(state);
        let ids = loop {
            let update = Command::NodeUpdate { node: self.id, spec: spec(&self.machine), dirs: specs.clone() };
            match self.propose(update).await {
                Ok(Response::Node { dirs, .. }) => break dirs,
                Ok(refused) => {
                    self.say(|| format!("is not taken back: {refused:?}"));
                    return;
                }
                Err(_) => {
                    let id = |spec: &DirSpec| known.iter().find(|dir| dir.key == spec.key).map(|dir| dir.id);
                    if let Some(ids) = specs.iter().map(id).collect::<Option<Vec<_>>>() {
                        break ids;
                    }
                }
            }
            self.kernel().sleep(PAUSE).await;
        };
        let faulty = |key| {
            let dir = known.iter().find(|dir| dir.key == key);
            let is_mended = specs.iter().any(|spec| spec.key == key && spec.mended);
            dir.is_some_and(|dir| dir.unmended().is_some()) && !is_mended
        };
        let dirs: Vec<_> =
            ids.iter().enumerate().filter_map(|(at, id)| self.open(at, *id, faulty(specs[at].key))).collect();
        let dice = Stream::of(self.world.seed(), &format!("disks of {}", self.process_name()));
        let store = Arc::new(Store::new(Arc::clone(&self.world), Arc::clone(&self.machine), self.id, dirs, dice));
        if self.store.set(Arc::clone(&store)).is_err() {
            return;
        }
        self.say(|| "serves".to_owned());
        for dir in &store.dirs {
            self.world.begin(self.process, Arc::clone(&store).write(Arc::clone(dir)));
            self.world.begin(self.process, Arc::clone(&store).care(Arc::clone(dir)));
        }
        self.world.begin(self.process, Arc::clone(&self).keep_sweeping());
        self.world.begin(self.process, Arc::clone(&self).keep_finishing_uploads());
        self.world.begin(self.process, Arc::clone(&self).keep_telling_faults());
        self.begin_background();
    }

    fn process_name(&self) -> String {
        format!("m{} {:?}", self.machine.at, self.process)
    }

    /// Takes a disk into use, if it can be.
    fn open(&self, at: usize, id: DirId, failed_fsync: bool) -> Option<Dir> {
        let mut drives = self.machine.drives();
        let drive = &mut drives[at];
        (drive.dir, drive.mended) = (Some(id), false);
        drive.opened += 1;
        let mut dice = Stream::of(self.world.seed(), &format!("salt of {} {}", drive.key, drive.opened));
        let config = Config {
            failed_fsync,
            superblock_bytes_max: self.world.shape().superblock_bytes,
            reserve_bytes: self.world.shape().reserve_bytes,
            ..Config::new(id, dice.bytes())
        };
        let mut is_blind = failed_fsync || drive.is_unreadable();
        drive.disk.inject(|faults| is_blind |= faults.read_errno.is_some());
        let former = drive.reader.take();
        match Engine::open(drive.disk.clone(), config) {
            Ok((engine, recovery)) => {
                recovery.findings.iter().for_each(|finding| self.say(|| format!("{id}: {finding}")));
                // a sync that fails while it is opened leaves as much in doubt
                is_blind |= engine.refuses_writes().is_some();
                let dir = Dir::new(id, at, engine);
                drive.reader = Some(dir.reader.clone());
                dsk1::opened(&self.world, self.machine.at, drive, former.as_ref(), is_blind);
                Some(dir)
            }
            Err(error) => {
                drive.reader = former;
                drop(drives);
                self.say(|| format!("does not use {id}: {error}"));
                None
            }
        }
    }

    async fn keep_telling_faults(self: Arc<Self>) {
        let mut told = 0;
        loop {
            self.kernel().sleep(FAULT_POLL).await;
            let Some(store) = self.store() else { continue };
            let failed = store.failed_fsyncs();
            if failed.len() == told {
                continue;
            }
            let mut dirs = dir_specs(&self.machine);
            for (id, why) in &failed {
                let drives = self.machine.drives();
                let at = drives.iter().position(|drive| drive.dir == Some(*id));
                if let Some(at) = at {
                    dirs[at].fault = Some(why.clone());
                }
            }
            let update = Command::NodeUpdate { node: self.id, spec: spec(&self.machine), dirs };
            if self.propose(update).await.is_ok_and(|answer| answer.accepted().is_ok()) {
                told = failed.len();
            }
        }
    }
}
