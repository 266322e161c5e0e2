//! Faults, as they strike and as they end. Hardware takes no more than the schemes bear: a disk dies only while every group
//! that is acknowledged keeps a member more than it needs without it. What is lost then is lost by us.

use std::{sync::Arc, time::Duration};

use vsd_core::{
    background::State,
    superblock::{Config, Key, mend},
};

use crate::{
    case::Fault,
    invariant::{Copies, avl1, spare},
    machine::{Drive, Machine},
    net::{End, Weather},
    random::Stream,
    world::World,
};

/// The kernel's error of a disk that does not read.
const EIO: i32 = 5;
/// How large every disk is in the end.
const ROOM_BYTES: u64 = 64 << 20;
/// Least time between two things that hardware takes for good.
const HARM_REST: Duration = Duration::from_secs(20);

impl World {
    /// Everything that goes wrong does so at its time.
    pub(crate) fn unleash(self: &Arc<Self>) {
        for (nth, (at, fault)) in self.case().faults.clone().into_iter().enumerate() {
            let world = Arc::clone(self);
            self.kernel.after(at, move || {
                let mut dice = Stream::of(world.seed(), &format!("fault {nth}"));
                world.strike(fault, &mut dice);
            });
        }
    }

    fn victim(&self, number: u64) -> Option<Arc<Machine>> {
        let machines: Vec<_> = self.machines().into_iter().filter(|machine| !machine.is_retired()).collect();
        let at = usize::try_from(number % machines.len().max(1) as u64).unwrap_or(0);
        machines.get(at).cloned()
    }

    fn later(self: &Arc<Self>, after: Duration, then: impl FnOnce(&Arc<Self>) + Send + 'static) {
        let world = Arc::clone(self);
        self.kernel.after(after, move || then(&world));
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each kind of fault")]
    fn strike(self: &Arc<Self>, fault: Fault, dice: &mut Stream) {
        self.oracle.struck(fault);
        self.trace.say(|| format!("fault {fault:?}"));
        match fault {
            Fault::Crash { node, down } => {
                let Some(machine) = self.victim(node) else { return };
                self.crash(&machine, false, dice);
                self.later(down, move |world| world.start_node(machine.at));
            }
            Fault::PowerCut { node, down } => {
                let Some(machine) = self.victim(node) else { return };
                self.crash(&machine, true, dice);
                self.later(down, move |world| world.start_node(machine.at));
            }
            Fault::Freeze { node, frozen } => {
                let Some(node) = self.victim(node).and_then(|machine| machine.node()) else { return };
                self.kernel.freeze(node.process());
                self.later(frozen, move |world| world.kernel.thaw(node.process()));
            }
            Fault::Partition { sides, lasts } => {
                self.net.part(sides);
                avl1::watch(self, sides, lasts);
                self.later(lasts, move |world| world.net.unite(sides));
            }
            Fault::Deaf { from, to, lasts } => {
                let (Some(from), Some(to)) = (self.victim(from), self.victim(to)) else { return };
                let (from, to) = (End::Machine(from.at), End::Machine(to.at));
                if from != to {
                    self.net.cut(from, to);
                    self.later(lasts, move |world| world.net.mend(from, to));
                }
            }
            Fault::SlowNode { node, by_ms, lasts } => {
                let Some(machine) = self.victim(node) else { return };
                self.net.slow_down(machine.at, by_ms);
                self.later(lasts, move |world| world.net.speed_up(machine.at));
            }
            Fault::SlowDisk { node, by_ms, lasts } => {
                let Some(machine) = self.victim(node) else { return };
                set_slow(&machine, Duration::from_millis(by_ms));
                self.later(lasts, move |_| set_slow(&machine, Duration::ZERO));
            }
            Fault::Weather { lost_permille, doubled_permille, late_permille, lasts } => {
                let usual = self.shape().weather;
                self.net.set_weather(Weather { lost_permille, doubled_permille, late_permille, ..usual });
                self.later(lasts, move |world| world.net.set_weather(usual));
            }
            Fault::LogStall { lasts } => self.log.stall_until(self.kernel.now() + lasts),
            Fault::ApplyStall { node, by_ms, lasts } => {
                let Some(machine) = self.victim(node) else { return };
                self.stall_apply(machine.at, Some(Duration::from_millis(by_ms)));
                self.later(lasts, move |world| world.stall_apply(machine.at, None));
            }
            Fault::LeaderFalls => self.log.set_patience_over(),
            Fault::ClockJump { node, days } => {
                let Some(machine) = self.victim(node) else { return };
                self.jump_clock(machine.at, days * 86_400_000);
            }
            Fault::SyncFails { .. }
            | Fault::WriteFails { .. }
            | Fault::ReadFails { .. }
            | Fault::DiskFull { .. }
            | Fault::ReadOnly { .. } => self.strike_disk(fault, dice),
            Fault::BitRot { node, copy } => self.rot(node, copy, dice),
            Fault::LoseDisk { node } => self.lose_disk(node, dice),
            Fault::LoseMachine { node } => self.lose_machine(node, dice),
        }
    }

    fn strike_disk(self: &Arc<Self>, fault: Fault, dice: &mut Stream) {
        let (Fault::SyncFails { node, .. }
        | Fault::WriteFails { node, .. }
        | Fault::ReadFails { node, .. }
        | Fault::DiskFull { node, .. }
        | Fault::ReadOnly { node, .. }) = fault
        else {
            return;
        };
        let Some(machine) = self.victim(node) else { return };
        let (at, disk) = {
            let drives = machine.drives();
            let at = dice.below(drives.len());
            (at, drives[at].disk.clone())
        };
        match fault {
            Fault::SyncFails { after, .. } => {
                disk.inject(|faults| faults.sync_fails_after = u32::try_from(after).ok());
            }
            Fault::WriteFails { after, .. } => {
                disk.inject(|faults| faults.write_fails_after = u32::try_from(after).ok());
            }
            Fault::ReadFails { lasts, .. } => {
                disk.inject(|faults| faults.read_errno = Some(EIO));
                self.later(lasts, move |world| {
                    disk.inject(|faults| faults.read_errno = None);
                    // what it could not tell when it was opened it tells when it is opened again
                    if !machine.drives()[at].hidden.is_empty() {
                        world.restart(&machine);
                    }
                });
            }
            Fault::DiskFull { lasts, .. } => {
                disk.fill_up_to(0);
                self.later(lasts, move |_| disk.fill_up_to(u64::MAX));
            }
            Fault::ReadOnly { lasts, .. } => {
                disk.set_read_only(true);
                // its writer has ended all writing: it begins anew once somebody starts it again
                self.later(lasts, move |world| {
                    disk.set_read_only(false);
                    world.trace.say(|| format!("m{}/d{at} can be written again", machine.at));
                    world.restart(&machine);
                });
            }
            _ => {}
        }
    }

    pub(crate) fn restart(self: &Arc<Self>, machine: &Arc<Machine>) {
        let mut dice = Stream::of(self.seed(), &format!("restart {} {:?}", machine.at, self.kernel.now()));
        self.crash(machine, false, &mut dice);
        machine.set_power(true);
        self.start_node(machine.at);
    }

    /// The node's process ends; of a machine without power so does everything that was not synced.
    pub(crate) fn crash(self: &Arc<Self>, machine: &Arc<Machine>, power: bool, dice: &mut Stream) {
        let node = machine.node();
        if let Some(store) = node.as_ref().and_then(|node| node.store()) {
            for dir in &store.dirs {
                let drives = machine.drives();
                let Some(drive) = drives.iter().find(|drive| drive.dir == Some(dir.id)) else { continue };
                let disk = drive.disk.clone();
                drop(drives);
                if dice.permille(500) {
                    dir.tear(&disk, dice.below(12));
                }
            }
        }
        if let Some(process) = machine.set_process(None) {
            self.kernel.kill(process);
        }
        machine.set_node(None);
        drop(node);
        for drive in machine.drives().iter() {
            if power {
                drive.disk.reboot(&mut vsd_core::superblock::sim::Dice(dice.roll()));
            } else {
                drive.disk.inject(|faults| faults.killed_after = None);
            }
        }
        if power {
            machine.set_power(false);
            let mut kept = machine.kept();
            if dice.permille(300) {
                kept.replica = kept.flushed.clone();
            }
        }
    }

    /// Whether hardware may take something now.
    fn may_harm(&self) -> bool {
        self.oracle.harmed().is_none_or(|at| self.kernel.now() >= at + HARM_REST)
    }

    /// A bit of a copy flips.
    fn rot(self: &Arc<Self>, node: u64, copy: u64, dice: &mut Stream) {
        let Some(machine) = self.victim(node) else { return };
        let drives = machine.drives();
        let at = dice.below(drives.len());
        let Some(reader) = &drives[at].reader else { return };
        let keys = reader.list(&(0..=u64::MAX), None, usize::MAX);
        let Some(key) = keys.get(usize::try_from(copy % keys.len().max(1) as u64).unwrap_or(0)).copied() else {
            return;
        };
        let Some(location) = reader.locate(&key) else { return };
        let disk = drives[at].disk.clone();
        drop(drives);
        let is_spare = machine.id().is_some_and(|id| {
            let state = self.log.truth().snapshot();
            spare(&state.view(), &Copies::of(self), id, &[key])
        });
        if !is_spare || !self.may_harm() {
            return self.trace.say(|| "is borne by nobody: nothing rots".to_owned());
        }
        self.trace.say(|| format!("m{} has a rotten copy of {} of {}", machine.at, key.hash.short(), key.asset));
        let name = format!("{:08}.vsb", location.superblock);
        let payload = usize::try_from(location.offset).unwrap_or(0) + HEADER_BYTES;
        let within = dice.below(location.payload_bytes.max(1) as usize);
        let bit = u8::try_from(dice.below(8)).unwrap_or(0);
        disk.flip(&name, payload + within, bit);
        self.oracle.rotted(machine.at, key);
    }

    /// A disk dies, and is replaced by an empty one.
    fn lose_disk(self: &Arc<Self>, node: u64, dice: &mut Stream) {
        let Some(machine) = self.victim(node) else { return };
        let at = dice.below(machine.drives().len());
        let keys = listed(&machine, Some(at));
        if !self.bears(&machine, &keys) {
            return self.trace.say(|| "is borne by nobody: no disk dies".to_owned());
        }
        self.trace.say(|| format!("m{}/d{at} dies with {} copies", machine.at, keys.len()));
        self.crash(&machine, true, dice);
        self.oracle.took(machine.at, keys);
        let drive = self.new_drive();
        machine.drives()[at] = drive;
        self.later(Duration::from_secs(dice.between(1, 20)), move |world| world.start_node(machine.at));
    }

    /// A machine dies with all it has. In its place there may be another one later, which is a new node.
    fn lose_machine(self: &Arc<Self>, node: u64, dice: &mut Stream) {
        let Some(machine) = self.victim(node) else { return };
        let keys = listed(&machine, None);
        let id = machine.id();
        let voters = self.log.voters();
        let is_voter = id.is_some_and(|id| voters.contains(&id));
        let left = voters.iter().filter(|voter| Some(**voter) != id && self.machine_of(**voter).is_some()).count();
        let survives = !is_voter || left > voters.len() / 2;
        if !survives || !machine.kept().spool.is_empty() || !self.bears(&machine, &keys) {
            return self.trace.say(|| "is borne by nobody: no machine dies".to_owned());
        }
        self.trace.say(|| format!("m{} dies with {} copies", machine.at, keys.len()));
        self.crash(&machine, true, dice);
        self.oracle.took(machine.at, keys);
        let drives = machine.drives().len();
        *machine.drives() = (0..drives).map(|_| self.new_drive()).collect();
        let key = self.new_key();
        {
            let mut kept = machine.kept();
            kept.key = key;
            kept.id = None;
        }
        self.later(Duration::from_secs(dice.between(5, 60)), move |world| world.start_node(machine.at));
    }

    fn bears(&self, machine: &Machine, keys: &[Key]) -> bool {
        let Some(id) = machine.id() else { return false };
        let state = self.log.truth().snapshot();
        self.may_harm() && spare(&state.view(), &Copies::of(self), id, keys)
    }

    /// The faults are over: everything that can come back does, and what is broken is mended by its operator.
    pub(crate) fn heal(self: &Arc<Self>) {
        self.trace.say(|| "the faults are over".to_owned());
        self.net.heal();
        self.log.stall_until(Duration::ZERO);
        for machine in self.machines().into_iter().filter(|machine| !machine.is_retired()) {
            self.stall_apply(machine.at, None);
            set_slow(&machine, Duration::ZERO);
            let mut is_faulty = false;
            for drive in machine.drives().iter_mut() {
                drive.disk.heal();
                // nothing can be well where there is no room
                drive.disk.set_total_bytes(ROOM_BYTES);
                is_faulty |= self.is_faulty(drive);
            }
            if let Some(node) = machine.node() {
                self.kernel.thaw(node.process());
                is_faulty |= node.store().is_some_and(|store| store.dirs.iter().any(|dir| dir.refusal().is_some()));
            }
            if is_faulty {
                self.mend(&machine);
            }
            if machine.node().is_none() {
                self.start_node(machine.at);
            }
        }
    }

    /// What is found to be broken only after the faults are over is mended then.
    pub(crate) fn heal_late(self: &Arc<Self>) {
        for machine in self.machines().into_iter().filter(|machine| !machine.is_retired()) {
            let refuses = machine.node().is_some_and(|node| {
                node.store().is_some_and(|store| store.dirs.iter().any(|dir| dir.refusal().is_some()))
            });
            let is_blind = machine.drives().iter().any(|drive| !drive.hidden.is_empty());
            if refuses || is_blind || machine.drives().iter().any(|drive| self.is_faulty(drive)) {
                self.mend(&machine);
            }
        }
    }

    /// Who was removed is switched off, once it votes no more.
    pub(crate) fn retire_removed(self: &Arc<Self>) {
        let state = self.log.truth().snapshot();
        for machine in self.machines().into_iter().filter(|machine| !machine.is_retired()) {
            let record = machine.id().and_then(|id| state.view().node(id).ok().flatten());
            let votes = machine.id().is_some_and(|id| self.log.voters().contains(&id));
            if !votes && record.is_some_and(|record| record.removed) {
                let mut dice = Stream::of(self.seed(), "retired");
                self.crash(&machine, false, &mut dice);
                machine.retire();
            }
        }
    }

    /// Whether the cluster remembers a fault of this disk.
    fn is_faulty(&self, drive: &Drive) -> bool {
        let state = self.log.truth().snapshot();
        let dirs = state.view().dirs(None, vs_core::limit::PAGE_ITEMS_MAX).unwrap_or_default();
        dirs.iter().any(|dir| dir.key == drive.key && dir.unmended().is_some())
    }

    /// `vsd fsck --deep --fix`, with the node stopped.
    fn mend(self: &Arc<Self>, machine: &Arc<Machine>) {
        let mut dice = Stream::of(self.seed(), &format!("mend {}", machine.at));
        self.crash(machine, false, &mut dice);
        for drive in machine.drives().iter_mut() {
            let Some(dir) = drive.dir else { continue };
            let config = Config { failed_fsync: self.is_faulty(drive), ..Config::new(dir, dice.bytes()) };
            let mended = mend(drive.disk.clone(), &config);
            self.trace.say(|| format!("m{} {dir} is mended: {}", machine.at, mended.is_ok()));
            drive.mended = mended.is_ok();
        }
        self.start_node(machine.at);
    }
}

/// Length of a record's header.
const HEADER_BYTES: usize = 128;

fn set_slow(machine: &Machine, slow: Duration) {
    machine.drives().iter_mut().for_each(|drive| drive.slow = slow);
}

fn listed(machine: &Machine, at: Option<usize>) -> Vec<Key> {
    let drives = machine.drives();
    let of = drives.iter().enumerate().filter(|(drive, _)| at.is_none_or(|at| at == *drive));
    let listed = |drive: &Drive| {
        let listed = drive.reader.as_ref().map(|reader| reader.list(&(0..=u64::MAX), None, usize::MAX));
        listed.unwrap_or_default().into_iter().chain(drive.hidden.iter().copied()).collect::<Vec<_>>()
    };
    of.flat_map(|(_, drive)| listed(drive)).collect()
}
