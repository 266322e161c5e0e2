//! Faults, as they strike and as they end. Hardware takes no more than the schemes bear ([`harm`]).

use std::{sync::Arc, time::Duration};

use vsd_core::{
    background::State,
    superblock::{Config, Key, mend},
};

use crate::{
    case::{Fault, Moment, Strike},
    harm,
    invariant::avl1,
    machine::{Drive, Machine, Rot, RotKind},
    net::{End, Weather},
    random::Stream,
    world::World,
};

/// The kernel's error of a disk that does not read.
const EIO: i32 = 5;
/// How soon after a moment that it waited for something goes wrong.
const SOON_MAX: Duration = Duration::from_millis(60);
/// How large every disk is in the end.
const ROOM_BYTES: u64 = 64 << 20;
/// Least time between two things that hardware takes for good.
const HARM_REST: Duration = Duration::from_secs(3);
/// How often it is a machine in the middle of a write that ends, if there is one within so long, and how often that is looked.
const TORN_PERMILLE: u64 = 800;
const TORN_WAIT: Duration = Duration::from_secs(3);
const TORN_LOOK: Duration = Duration::from_millis(2);
/// Calls on the disk until a write is torn, at most: as many as a change of a few chunks takes, or one that begins a
/// superblock.
const TORN_CALLS: [usize; 3] = [3, 5, 12];

impl World {
    /// Everything that goes wrong does so at its time.
    pub(crate) fn unleash(self: &Arc<Self>) {
        for (nth, Strike { at, on, fault }) in self.case().faults.clone().into_iter().enumerate() {
            let world = Arc::clone(self);
            self.kernel.after(at, move || match on {
                None => world.strike(fault, &mut Stream::of(world.seed(), &format!("fault {nth}"))),
                Some(moment) => world.wait_for(moment, nth, fault),
            });
        }
    }

    /// Something happened in the cluster, by this machine's doing: what waits for it strikes, mostly the machine itself.
    pub(crate) fn happened(self: &Arc<Self>, moment: Moment, machine: Option<usize>) {
        let Some((nth, fault)) = self.waits_for(moment) else { return };
        let mut dice = Stream::of(self.seed(), &format!("fault {nth}"));
        let machines = self.machines();
        let there = machines.iter().filter(|machine| !machine.is_retired());
        let own = there.map(|machine| machine.at).position(|at| Some(at) == machine);
        let own = own.filter(|_| dice.permille(700));
        let aimed = own.map_or(fault, |number| fault.aimed_at(number as u64));
        self.later(dice.duration(Duration::ZERO, SOON_MAX), move |world| world.strike(aimed, &mut dice));
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
        // one that waits for a writer strikes when it has found one
        if !matches!(fault, Fault::Crash { .. } | Fault::PowerCut { .. }) {
            self.oracle.struck(fault);
        }
        self.trace.say(|| format!("fault {fault:?}"));
        match fault {
            Fault::Crash { node, down } => self.crash_some(node, down, false, dice),
            Fault::PowerCut { node, down } => self.crash_some(node, down, true, dice),
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
                let is_punch = dice.permille(400);
                disk.inject(|faults| {
                    let fails = if is_punch { &mut faults.punch_fails_after } else { &mut faults.write_fails_after };
                    *fails = u32::try_from(after).ok();
                });
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
                match dice.below(3) {
                    0 => disk.fill_up_to(0),
                    // in the middle of a write, and for a moment or for good
                    1 => disk.inject(|faults| faults.enospc_after = Some(dice.below(FULL_WITHIN_BYTES))),
                    _ => disk.inject(|faults| faults.enospc_for_good_after = Some(dice.below(FULL_WITHIN_BYTES))),
                }
                self.later(lasts, move |_| {
                    disk.fill_up_to(u64::MAX);
                    disk.inject(|faults| faults.enospc_for_good_after = None);
                });
            }
            Fault::ReadOnly { lasts, .. } => {
                disk.set_read_only(true);
                // its writer has ended all writing: it begins anew once somebody starts it again
                self.later(lasts, move |world| {
                    disk.set_read_only(false);
                    if machine.node().and_then(|node| node.store().cloned()).is_some_and(|store| store.refuses()) {
                        world.trace.say(|| format!("m{}/d{at} can be written again", machine.at));
                        world.restart(&machine);
                    }
                });
            }
            _ => {}
        }
    }

    /// A process ends, or all power: mostly of a machine that is in the middle of a write.
    fn crash_some(self: &Arc<Self>, node: u64, down: Duration, power: bool, dice: &mut Stream) {
        let until = if dice.permille(TORN_PERMILLE) { self.kernel.now() + TORN_WAIT } else { Duration::ZERO };
        let dice = Stream::of(dice.roll(), "crash");
        self.crash_once_torn(node, until, down, power, dice);
    }

    fn crash_once_torn(self: &Arc<Self>, node: u64, until: Duration, down: Duration, power: bool, mut dice: Stream) {
        let writing: Vec<_> = self.machines().into_iter().filter(|machine| machine.writes()).collect();
        let at = usize::try_from(node % writing.len().max(1) as u64).unwrap_or(0);
        let machine = match writing.get(at).filter(|_| self.kernel.now() <= until) {
            Some(machine) => Some(Arc::clone(machine)),
            None if self.kernel.now() < until => {
                let again = move |world: &Arc<Self>| world.crash_once_torn(node, until, down, power, dice);
                return self.later(TORN_LOOK, again);
            }
            None => self.victim(node),
        };
        let Some(machine) = machine else { return };
        self.oracle.struck(if power { Fault::PowerCut { node, down } } else { Fault::Crash { node, down } });
        self.trace.say(|| format!("m{} {}", machine.at, if power { "loses power" } else { "crashes" }));
        self.crash(&machine, power, &mut dice);
        self.later(down, move |world| world.start_node(machine.at));
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
                let calls = TORN_CALLS[dice.below(TORN_CALLS.len())];
                if dir.tear(&disk, dice.below(calls)) {
                    self.oracle.count(|counts| counts.torn += 1);
                    self.trace.say(|| format!("m{} ends in the middle of a write to {}", machine.at, dir.id));
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

    /// Whether hardware may take these copies of a machine's node now; it is borne in mind that it does.
    fn takes(&self, machine: &Machine, keys: &[Key]) -> bool {
        let has_rested = self.oracle.harmed().is_none_or(|at| self.kernel.now() >= at + HARM_REST);
        let (true, Some(node)) = (has_rested, machine.id()) else { return false };
        let weakened = harm::borne(self, node, keys);
        weakened.map(|weakened| self.oracle.harms(node, weakened)).is_some()
    }

    /// A copy goes bad: a bit of it flips, below the cache or in it too, or the disk does not read it any more.
    fn rot(self: &Arc<Self>, node: u64, copy: u64, dice: &mut Stream) {
        let Some(machine) = self.victim(node) else { return };
        let drives = machine.drives();
        let at = dice.below(drives.len());
        let Some(reader) = &drives[at].reader else { return };
        let keys = reader.list(&(0..=u64::MAX), None, usize::MAX);
        let Some(key) = keys.get(usize::try_from(copy % keys.len().max(1) as u64).unwrap_or(0)).copied() else {
            return;
        };
        let Some(location) = reader.locate(&key).filter(|_| drives[at].rot(&key).is_none()) else { return };
        let disk = drives[at].disk.clone();
        drop(drives);
        if !self.takes(&machine, &[key]) {
            return self.trace.say(|| "is borne by nobody: nothing rots".to_owned());
        }
        let name = format!("{:08}.vsb", location.superblock);
        let payload = usize::try_from(location.offset).unwrap_or(0) + HEADER_BYTES;
        let byte = payload + dice.below(location.payload_bytes.max(1) as usize);
        let bit = u8::try_from(dice.below(8)).unwrap_or(0);
        let kind = [RotKind::Flipped, RotKind::FlippedBelowCache, RotKind::Unreadable][dice.below(3)];
        match kind {
            RotKind::Flipped => disk.flip(&name, byte, bit),
            RotKind::FlippedBelowCache => disk.flip_on_platter(&name, byte, bit),
            RotKind::Unreadable => disk.set_unreadable(&name, byte..byte + 1),
        }
        self.trace.say(|| format!("m{}/d{at} {kind:?}: {} of {}", machine.at, key.hash.short(), key.asset));
        machine.drives()[at].rots(&location, Rot { key, at: self.kernel.now(), kind });
    }

    /// A disk dies, and is replaced by an empty one.
    fn lose_disk(self: &Arc<Self>, node: u64, dice: &mut Stream) {
        let Some(machine) = self.victim(node) else { return };
        let at = dice.below(machine.drives().len());
        let keys = listed(&machine, Some(at));
        if !self.takes(&machine, &keys) {
            return self.trace.say(|| "is borne by nobody: no disk dies".to_owned());
        }
        self.trace.say(|| format!("m{}/d{at} dies with {} copies", machine.at, keys.len()));
        self.crash(&machine, true, dice);
        self.took(&machine, &keys);
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
        if !survives || harm::spools(self, &machine) || !self.takes(&machine, &keys) {
            return self.trace.say(|| "is borne by nobody: no machine dies".to_owned());
        }
        self.trace.say(|| format!("m{} dies with {} copies", machine.at, keys.len()));
        self.crash(&machine, true, dice);
        self.took(&machine, &keys);
        let drives = machine.drives().len();
        *machine.drives() = (0..drives).map(|_| self.new_drive()).collect();
        let key = self.new_key();
        {
            let mut kept = machine.kept();
            (kept.key, kept.id) = (key, None);
            kept.spool.clear();
        }
        self.later(Duration::from_secs(dice.between(5, 60)), move |world| world.start_node(machine.at));
    }

    fn took(&self, machine: &Machine, keys: &[Key]) {
        machine.id().into_iter().for_each(|node| self.oracle.took(node, keys.iter().copied()));
    }

    /// The faults are over: everything that can come back does, and what is broken is mended by its operator.
    pub(crate) fn heal(self: &Arc<Self>) {
        self.trace.say(|| "the faults are over".to_owned());
        self.forget_strikes();
        self.net.heal();
        self.log.stall_until(Duration::ZERO);
        for machine in self.machines().into_iter().filter(|machine| !machine.is_retired()) {
            self.stall_apply(machine.at, None);
            set_slow(&machine, Duration::ZERO);
            let mut is_faulty = false;
            for drive in machine.drives().iter_mut() {
                drive.disk.heal();
                drive.reads_again();
                // nothing can be well where there is no room
                drive.disk.set_total_bytes(ROOM_BYTES);
                is_faulty |= self.is_faulty(drive);
            }
            if let Some(node) = machine.node() {
                self.kernel.thaw(node.process());
                is_faulty |= node.store().is_some_and(|store| store.refuses());
            }
            if is_faulty {
                self.mend(&machine);
            }
            if machine.node().is_none() {
                self.start_node(machine.at);
            }
        }
    }

    /// The power goes everywhere at once, and comes back: what is there now was durable before.
    pub(crate) fn lights_out(self: &Arc<Self>) {
        self.trace.say(|| "the power goes everywhere".to_owned());
        let there: Vec<_> = self.machines().into_iter().filter(|machine| !machine.is_retired()).collect();
        for machine in &there {
            let mut dice = Stream::of(self.seed(), &format!("lights out {}", machine.at));
            self.crash(machine, true, &mut dice);
        }
        there.iter().for_each(|machine| self.start_node(machine.at));
    }

    /// What is found to be broken only after the faults are over is mended then.
    pub(crate) fn heal_late(self: &Arc<Self>) {
        self.retire_removed();
        for machine in self.machines().into_iter().filter(|machine| !machine.is_retired()) {
            // of those that came since, too: nothing can be well where there is no room
            machine.drives().iter().for_each(|drive| drive.disk.set_total_bytes(ROOM_BYTES));
            let refuses = machine.node().is_some_and(|node| node.store().is_some_and(|store| store.refuses()));
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

/// Bytes within which a disk turns out to be full.
const FULL_WITHIN_BYTES: usize = 64 << 10;
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
        listed.unwrap_or_default().into_iter().chain(drive.hidden.keys().copied()).collect::<Vec<_>>()
    };
    of.flat_map(|(_, drive)| listed(drive)).collect()
}
