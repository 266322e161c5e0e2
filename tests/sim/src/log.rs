//! The log: what Raft does for the daemon, without Raft. One order of entries that every node applies for itself; leaders
//! with terms, who are deposed without noticing; nothing is acknowledged, read or elected without a majority of voters
//! that hear each other.
//!
//! What was proposed to a leader that fell is in doubt: the next leader commits a part of it from the front, or nothing.
//!
//! The state that the log leads to is applied here too, at once: what is true, against which invariants are checked.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use futures::channel::oneshot;
use vs_core::id::NodeId;
use vsd_core::{
    background::State as _,
    meta::{Command, Entry, LeaderTerm, Response},
};

use crate::{
    case::Moment,
    invariant,
    kernel::{ProcessId, lock},
    message::NotProposed,
    random::Stream,
    replica::Replica,
    world::World,
};

/// How often it is looked whether somebody leads.
const LOOK: Duration = Duration::from_millis(250);
/// How long a leader may be out of reach of the majority before another one is elected, at least and at most.
const PATIENCE_MIN: Duration = Duration::from_millis(800);
const PATIENCE_MAX: Duration = Duration::from_millis(2_500);
/// How long a majority takes to write an entry, at least and at most.
const WRITE_MIN: Duration = Duration::from_micros(500);
const WRITE_MAX: Duration = Duration::from_millis(8);

type Told = oneshot::Sender<Result<Response, NotProposed>>;

/// Proposed to a leader, and not committed.
struct Pending {
    entry: Entry,
    ready: Duration,
    tell: Told,
}

struct State {
    entries: Vec<Arc<Entry>>,
    /// The digest of the state after each of them.
    digests: Vec<u64>,
    truth: Replica,
    voters: BTreeSet<NodeId>,
    term: u64,
    /// Who leads, and the process that was elected: one that begins anew does not.
    leader: Option<(NodeId, ProcessId)>,
    pending: VecDeque<Pending>,
    /// Since when nobody leads whom a majority hears, and for how long that is borne.
    leaderless: Option<(Duration, Duration)>,
    /// Nothing is committed before.
    stalled_until: Duration,
    dice: Stream,
}

pub struct Log(Mutex<State>);

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("committed", &self.committed()).finish_non_exhaustive()
    }
}

impl Log {
    /// A log that begins with what was agreed on before.
    pub(crate) fn new(truth: Replica, entries: Vec<Arc<Entry>>, digests: Vec<u64>, dice: Stream) -> Self {
        Self(Mutex::new(State {
            entries,
            digests,
            truth,
            voters: BTreeSet::new(),
            term: 0,
            leader: None,
            pending: VecDeque::new(),
            leaderless: None,
            stalled_until: Duration::ZERO,
            dice,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }

    /// The state after the last entry.
    #[must_use]
    pub fn truth(&self) -> Replica {
        self.state().truth.clone()
    }

    #[must_use]
    pub fn committed(&self) -> u64 {
        self.state().entries.len() as u64
    }

    /// The entry at an index that is committed.
    #[must_use]
    pub fn entry(&self, index: u64) -> Option<Arc<Entry>> {
        let at = usize::try_from(index.checked_sub(1)?).ok()?;
        self.state().entries.get(at).cloned()
    }

    /// What the digest of every replica is after this entry.
    #[must_use]
    pub fn digest(&self, index: u64) -> Option<u64> {
        let at = usize::try_from(index.checked_sub(1)?).ok()?;
        self.state().digests.get(at).copied()
    }

    #[must_use]
    pub fn voters(&self) -> BTreeSet<NodeId> {
        self.state().voters.clone()
    }

    pub(crate) fn set_voters(&self, voters: BTreeSet<NodeId>) {
        self.state().voters = voters;
    }

    /// Who leads in truth.
    #[must_use]
    pub fn leader(&self) -> Option<(NodeId, u64)> {
        let state = self.state();
        state.leader.map(|(leader, _)| (leader, state.term))
    }

    pub(crate) fn stall_until(&self, until: Duration) {
        self.state().stalled_until = until;
    }

    pub(crate) fn set_patience_over(&self) {
        let mut state = self.state();
        state.leaderless = Some((Duration::ZERO, Duration::ZERO));
    }
}

impl World {
    /// Whether a node runs and hears a majority of the voters that run.
    fn has_majority(&self, node: NodeId, voters: &BTreeSet<NodeId>) -> bool {
        let Some(machine) = self.machine_of(node).filter(|at| self.runs(*at, node)) else { return false };
        let hears = |voter: &&NodeId| {
            self.machine_of(**voter).is_some_and(|at| self.runs(at, **voter) && self.hear_each_other(machine, at))
        };
        voters.iter().filter(hears).count() > voters.len() / 2
    }

    /// Whether this node runs on the machine, and is not frozen.
    fn runs(&self, machine: usize, node: NodeId) -> bool {
        self.process_of(machine, node).is_some_and(|process| !self.kernel.is_frozen(process))
    }

    fn process_of(&self, machine: usize, node: NodeId) -> Option<ProcessId> {
        let running = self.machine(machine)?.node().filter(|running| running.id() == node)?;
        Some(running.process())
    }

    /// Whether it is still the process that was elected.
    fn is_as_elected(&self, leader: (NodeId, ProcessId)) -> bool {
        self.machine_of(leader.0).and_then(|at| self.process_of(at, leader.0)) == Some(leader.1)
    }

    /// Whether a majority confirms, now, that this node leads in this term.
    pub(crate) fn confirms(&self, node: NodeId, term: u64) -> bool {
        let state = self.log.state();
        let leader = state.leader.filter(|(leader, _)| *leader == node && state.term == term);
        let is_stalled = self.kernel.now() < state.stalled_until;
        let voters = state.voters.clone();
        drop(state);
        let leads = leader.is_some_and(|leader| self.is_as_elected(leader));
        leads && !is_stalled && self.has_majority(node, &voters)
    }

    /// Whether a majority of these hears this node now.
    pub(crate) fn would_agree(&self, node: NodeId, voters: &BTreeSet<NodeId>) -> bool {
        self.has_majority(node, voters)
    }

    /// A leader puts an entry into the log. What is not answered is in doubt.
    pub(crate) fn submit(
        self: &Arc<Self>,
        node: NodeId,
        term: u64,
        entry: Entry,
    ) -> oneshot::Receiver<Result<Response, NotProposed>> {
        let (tell, told) = oneshot::channel();
        let mut state = self.log.state();
        if state.leader.is_some_and(|(leader, _)| leader == node) && state.term == term {
            let took = state.dice.duration(WRITE_MIN, WRITE_MAX);
            let ready = self.kernel.now() + took;
            state.pending.push_back(Pending { entry, ready, tell });
            drop(state);
            let world = Arc::clone(self);
            self.kernel.after(took, move || world.commit_pending());
        } else {
            // no follower takes it; whoever proposed it does not know
            drop(state);
            drop(tell.send(Err(NotProposed::Unknown)));
        }
        told
    }

    /// Commits what a majority has written.
    fn commit_pending(self: &Arc<Self>) {
        loop {
            let (leader, term) = match self.log.leader() {
                Some(leads) => leads,
                None => return,
            };
            if !self.confirms(leader, term) {
                return;
            }
            let mut state = self.log.state();
            if state.pending.front().is_none_or(|pending| pending.ready > self.kernel.now()) {
                return;
            }
            let pending = state.pending.pop_front();
            drop(state);
            let Some(pending) = pending else { return };
            let response = self.commit(pending.entry);
            if let Some(node) = self.machine_of(leader).and_then(|at| self.machine(at)).and_then(|at| at.node()) {
                node.catch_up(self.log.committed());
            }
            // whoever proposed it may be gone
            let _ = pending.tell.send(Ok(response));
            self.hurry(leader);
        }
    }

    fn commit(self: &Arc<Self>, entry: Entry) -> Response {
        let mut state = self.log.state();
        let response = state.truth.apply(&entry);
        let entry = Arc::new(entry);
        state.entries.push(Arc::clone(&entry));
        let digest = state.truth.digest();
        state.digests.push(digest);
        let index = state.truth.applied();
        drop(state);
        self.trace.say(|| format!("log {} {} -> {}", index, brief(&entry), brief_answer(&response)));
        if response.clone().accepted().is_ok()
            && let Some(moment) = moment(&entry.command)
        {
            self.happened(moment, self.doer(&entry.command));
        }
        if let Response::Ticked { now_ms } = response {
            invariant::time1::ticked(self, now_ms);
        }
        if invariant::matters(&entry.command) {
            invariant::committed(self, &self.log.truth(), &entry, &response);
        }
        response
    }

    /// The machine that a command is the work of.
    fn doer(&self, command: &Command) -> Option<usize> {
        let node = match command {
            Command::UploadTake { node, .. } => *node,
            Command::OriginalStored { upload, .. } | Command::Commit { upload, .. } => {
                self.log.truth().snapshot().view().upload(*upload).ok().flatten()?.node
            }
            _ => self.log.leader()?.0,
        };
        self.machine_of(node)
    }

    /// The leader tells the others at once that more is committed.
    fn hurry(self: &Arc<Self>, leader: NodeId) {
        if let Some(node) = self.machine_of(leader).and_then(|at| self.machine(at)).and_then(|at| at.node()) {
            node.beat_now();
        }
    }

    /// Looks after who leads, for ever.
    pub(crate) fn keep_electing(self: &Arc<Self>) {
        let world = Arc::clone(self);
        self.kernel.after(LOOK, move || {
            world.look_who_leads();
            world.commit_pending();
            world.keep_electing();
        });
    }

    fn look_who_leads(self: &Arc<Self>) {
        let now = self.kernel.now();
        let voters = self.log.voters();
        let leader = self.log.state().leader;
        let leads = leader.filter(|leader| {
            voters.contains(&leader.0) && self.is_as_elected(*leader) && self.has_majority(leader.0, &voters)
        });
        let mut state = self.log.state();
        let is_forced = state.leaderless == Some((Duration::ZERO, Duration::ZERO));
        if leads.is_some() && !is_forced {
            state.leaderless = None;
            return;
        }
        let patience = state.dice.duration(PATIENCE_MIN, PATIENCE_MAX);
        let (since, patience) = *state.leaderless.get_or_insert((now, patience));
        drop(state);
        if now.saturating_sub(since) < patience {
            return;
        }
        let able: Vec<_> = voters.iter().copied().filter(|voter| self.has_majority(*voter, &voters)).collect();
        let mut state = self.log.state();
        let others: Vec<_> =
            able.iter().copied().filter(|voter| leader.is_none_or(|(leader, _)| leader != *voter)).collect();
        let candidates = if others.is_empty() { able } else { others };
        let Some(elected) = state.dice.pick(&candidates).copied() else { return };
        drop(state);
        let Some(process) = self.machine_of(elected).and_then(|at| self.process_of(at, elected)) else { return };
        let mut state = self.log.state();
        state.leaderless = None;
        state.term += 1;
        state.leader = Some((elected, process));
        let term = state.term;
        let doubtful = std::mem::take(&mut state.pending);
        let kept = if doubtful.is_empty() { 0 } else { state.dice.below(doubtful.len() + 1) };
        drop(state);
        self.trace.say(|| format!("log {elected} leads in term {term}"));
        for (at, Pending { entry, tell, .. }) in doubtful.into_iter().enumerate() {
            if at < kept {
                self.commit(entry);
            }
            let _ = tell.send(Err(NotProposed::Unknown));
        }
        if let Some(node) = self.machine_of(elected).and_then(|at| self.machine(at)).and_then(|at| at.node()) {
            node.elected(LeaderTerm::new(term, elected));
        }
    }
}

fn moment(command: &Command) -> Option<Moment> {
    match command {
        Command::UploadTake { .. } => Some(Moment::UploadTaken),
        Command::OriginalStored { .. } => Some(Moment::OriginalStored),
        Command::PartPut { .. } => Some(Moment::PartPut),
        Command::Commit { .. } => Some(Moment::Committed),
        Command::VersionBegin { .. } => Some(Moment::VersionBegun),
        Command::Placed { .. } => Some(Moment::Placed),
        Command::LayoutSet { .. } => Some(Moment::LayoutSet),
        _ => None,
    }
}

/// A command in a few words.
fn brief(entry: &Entry) -> String {
    let text = format!("{:?}", entry.command);
    text.chars().take(160).collect::<String>().replace('\n', " ")
}

fn brief_answer(response: &Response) -> String {
    format!("{response:?}").chars().take(120).collect()
}
