//! AVL-1: the side of a partition that has no majority refuses writes and linearizable reads, and says why, and goes on
//! giving chunks and reads that may be old to the clients on its side.

use std::{sync::Arc, time::Duration};

use uuid::Uuid;
use vs_core::{
    error::Code,
    id::{NodeId, VideoId},
};
use vsd_core::{
    background::Unavailable,
    meta::{ClientId, Command},
    superblock::Key,
};

use super::Copies;
use crate::{
    client::Client,
    kernel::{ProcessId, WORLD},
    machine::{Drive, Machine},
    message::{Reply, Request},
    net::{End, SIDES},
    reader::Consistency,
    run::JUDGES,
    world::World,
};

/// After how long a node must have noticed.
const NOTICED: Duration = Duration::from_secs(6);
/// Within how long it answers: longer than any proposal takes.
const ANSWER_MAX: Duration = Duration::from_secs(12);
/// Clients that look are numbered from here.
const PROBES: usize = JUDGES * 2;

/// A node without a majority, as it was when the machines were parted.
struct Minority {
    machine: Arc<Machine>,
    node: NodeId,
    process: ProcessId,
    faults: u64,
}

/// The machines were just parted: somebody on each side looks what they do.
pub(crate) fn watch(world: &Arc<World>, sides: u64, lasts: Duration) {
    if lasts < NOTICED + ANSWER_MAX {
        return;
    }
    for side in 0..2 {
        let machines = world.machines();
        let mut there = machines.iter().filter(|machine| crate::net::side(sides, End::Machine(machine.at)) == side);
        let Some(minority) = there.find_map(|machine| Minority::of(world, machine)) else { continue };
        let probe = (PROBES..PROBES + SIDES).find(|probe| crate::net::side(sides, End::Client(*probe)) == side);
        let Some(probe) = probe else { continue };
        let of = Arc::clone(world);
        world.kernel.after(NOTICED, move || {
            let client = Client::new(&of, probe);
            of.kernel.clone().spawn(WORLD, async move { minority.ask(&of, client).await });
        });
    }
}

impl Minority {
    fn of(world: &Arc<World>, machine: &Arc<Machine>) -> Option<Self> {
        let running = machine.node().filter(|node| node.store().is_some())?;
        let (node, process) = (running.id(), running.process());
        let faults = world.oracle.counts().faults;
        Some(Self { machine: Arc::clone(machine), node, process, faults }).filter(|minority| minority.holds(world))
    }

    /// Whether nothing has happened since that would let it do otherwise.
    fn holds(&self, world: &Arc<World>) -> bool {
        let is_same = self.machine.node().is_some_and(|node| node.process() == self.process);
        is_same
            && !world.kernel.is_frozen(self.process)
            && world.oracle.counts().faults == self.faults
            && world.net.is_parted_only(self.machine.at)
            && !world.would_agree(self.node, &world.log.voters())
    }

    async fn ask(self, world: &Arc<World>, client: Client) {
        let promised = world.oracle.promises().into_keys().next();
        let video = promised.unwrap_or_else(|| VideoId::from_random([1; 16]));
        let ask = |request| world.call(client.end, self.machine.at, request, ANSWER_MAX);
        let unused = ClientId(Uuid::from_u128(world.oracle.next_session().into()));
        let write = Request::Order { client: None, command: Command::ClientOpen { client: unused } };
        let read = |consistency| Request::Film { video, consistency };
        let chunk = self.some_chunk(world);
        let chunk_read = chunk.map(|key| Request::Get { to: self.node, asset: key.asset, chunk: key.hash });
        for (what, request) in [
            ("a write", Some(write)),
            ("a read", Some(read(Consistency::Linearizable))),
            ("a read that may be old", Some(read(Consistency::Stale))),
            ("a chunk", chunk_read),
        ] {
            let Some(request) = request else { continue };
            if !self.holds(world) {
                return;
            }
            let wanted = !matches!(request, Request::Order { .. })
                && !matches!(request, Request::Film { consistency: Consistency::Linearizable, .. });
            let answer = ask(request).await;
            world.trace.say(|| format!("{} asks {} without a majority for {what}", client.end, self.node));
            let is_as_promised = match &answer {
                Ok(Reply::Ordered(Err(refused)) | Reply::Film(Err(refused))) => !wanted && is_no_quorum(refused),
                Ok(Reply::Film(Ok(_)) | Reply::Got(Ok(_))) => wanted,
                _ => false,
            };
            let is_gone = what == "a chunk" && chunk != self.some_chunk(world);
            if !is_as_promised && !is_gone && self.holds(world) {
                world.violated("AVL-1", format!("{} without a majority, {what}: {answer:?}", self.node));
            }
        }
    }

    /// A chunk on a disk of it that nothing is wrong with.
    fn some_chunk(&self, world: &World) -> Option<Key> {
        let drives = self.machine.drives();
        let list = |drive: &Drive| drive.reader.as_ref().map(|reader| reader.list(&(0..=u64::MAX), None, usize::MAX));
        let keys: Vec<_> = drives.iter().filter(|drive| drive.is_sound()).filter_map(list).flatten().collect();
        drop(drives);
        let copies = Copies::of(world);
        keys.into_iter().find(|key| copies.is_sure(self.node, key.asset, key.hash))
    }
}

/// What a node says that finds nobody to lead, or whose leader falls silent while it asks.
fn is_no_quorum(Unavailable(failure): &Unavailable) -> bool {
    matches!(failure.code, Code::NoQuorum | Code::Timeout)
}
