//! What the executor remembers of the term it leads: nothing that the next leader would miss. `now` is everywhere the
//! shell's.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use vs_core::{
    error::Failure,
    hash::{ChunkHash, Hash},
    id::{AssetId, NodeId},
    layout::Layout,
};

use super::{
    place::Answers,
    progress::Rate,
    status::{Progress, Status, WorkState},
    survey::{Amount, Survey},
    task::{Task, Work},
    world::World,
};
use crate::{
    meta::{JobKind, JobRecord, JobState, LeaderTerm},
    plan::{
        repair::Presence,
        urgency::{Class, Failures},
        weights::Standstill,
    },
};

/// For how long a node is not asked to take anything after it had no room.
const FULL_FOR: Duration = Duration::from_secs(60);
/// Nodes that are named as waited for.
const LINES_MAX: usize = 20;

pub(super) struct Term {
    pub(super) number: LeaderTerm,
    pub(super) verified: Answers,
    repair_rate: Rate,
    move_rate: Rate,
    /// Those that are open and count what is written here.
    jobs: Vec<JobRecord>,
    /// As they were told to the log.
    jobs_told: Vec<JobRecord>,
    told_at: Option<Duration>,
    failed: Failures<(AssetId, Hash)>,
    /// Why tasks could not be done.
    failures: BTreeSet<String>,
    /// Nodes that had no room, and when.
    full: BTreeMap<NodeId, Duration>,
    /// Nodes that refused something for want of room, have taken nothing since, and are waited for.
    refused: BTreeSet<NodeId>,
    /// By all that was done here.
    written_bytes: u64,
}

/// A job that begins.
pub(super) fn new_job(kind: JobKind) -> JobRecord {
    let what = match kind {
        JobKind::Repair => "missing and damaged copies are written again",
        JobKind::Move => "copies go to where the layout places them",
        JobKind::Migrate => "videos change how they are kept",
        JobKind::Drain => "a node is emptied",
        JobKind::Remove => "a node is removed",
    };
    JobRecord::new(kind, JobState::Running, what)
}

impl Term {
    pub(super) fn new(world: &World) -> Self {
        Self {
            number: world.term,
            verified: Answers::default(),
            repair_rate: Rate::default(),
            move_rate: Rate::default(),
            jobs: Vec::new(),
            jobs_told: Vec::new(),
            told_at: None,
            failed: Failures::default(),
            failures: BTreeSet::new(),
            full: BTreeMap::new(),
            refused: BTreeSet::new(),
            written_bytes: 0,
        }
    }

    /// A pass begins: what is open in the log, and what was found to be left.
    pub(super) fn begin(&mut self, known: Vec<JobRecord>, world: &World, survey: &Survey) {
        self.jobs = known.into_iter().filter(|job| !job.state.is_over() && Work::of(job).is_some()).collect();
        self.jobs_told = self.jobs.clone();
        let mut left: BTreeMap<Work, Amount> = BTreeMap::new();
        for (work, amount) in &survey.left {
            left.entry(self.counted_as(*work)).or_default().join(*amount);
        }
        for (work, kind) in [(Work::Repair, JobKind::Repair), (Work::Move, JobKind::Move)] {
            if left.contains_key(&work) && self.job(work).is_none() {
                self.jobs.push(new_job(kind));
            }
        }
        let held_up = waiting(world, survey).into_iter().next();
        for job in &mut self.jobs {
            let left = Work::of(job).and_then(|work| left.get(&work)).copied().unwrap_or_default();
            job.chunks_total = job.chunks_done + left.chunks;
            job.bytes_total = job.bytes_done + left.bytes;
            // a node is empty only when no epoch places anything there any more
            if left.is_nothing() && job.state == JobState::Running && job.kind != JobKind::Drain {
                job.state = JobState::Done;
            }
            if let Some(line) = held_up.as_ref().filter(|_| !left.is_nothing())
                && job.log.last().is_none_or(|(_, last)| last != line)
            {
                job.log.push((survey.made_at_ms, line.clone()));
            }
        }
        let targets = survey.tasks.iter().flat_map(|task| &task.writes).map(|(node, _)| *node);
        let awaited: BTreeSet<_> = targets.chain(survey.full.keys().copied()).collect();
        self.refused.retain(|node| awaited.contains(node));
        let at_work: HashSet<_> = survey.tasks.iter().map(|task| task.asset).collect();
        let to_place: HashSet<_> = survey.to_place.iter().map(|(asset, _)| *asset).collect();
        self.verified.lock().retain(|asset| at_work.contains(&asset) || to_place.contains(&asset));
    }

    /// A pass begins to look; tasks that could not be done lately.
    pub(super) fn look(&mut self, now: Duration) -> HashSet<(AssetId, Hash)> {
        self.failed.begin_pass(now)
    }

    /// A pass has found nothing to do.
    pub(super) fn rest(&mut self) {
        self.failed.clear();
        self.forget_failures();
    }

    /// Work for a node whose own job is over counts as any other move.
    fn counted_as(&self, work: Work) -> Work {
        match work {
            Work::Drain(_) if self.jobs.iter().all(|job| Work::of(job) != Some(work)) => Work::Move,
            work => work,
        }
    }

    /// Whether the work is to be done now. A pause of moves is one of whatever moves.
    pub(super) fn may_do(&self, work: Work) -> bool {
        let state_of = |work| self.jobs.iter().find(|job| Work::of(job) == Some(work)).map(|job| job.state);
        let work = self.counted_as(work);
        let held_up = matches!(work, Work::Drain(_)) && state_of(Work::Move) == Some(JobState::Paused);
        state_of(work) == Some(JobState::Running) && !held_up
    }

    fn job(&mut self, work: Work) -> Option<&mut JobRecord> {
        self.jobs.iter_mut().find(|job| Work::of(job) == Some(work))
    }

    /// Tasks are tried again.
    pub(super) fn forget_failures(&mut self) {
        self.failures.clear();
    }

    /// A task could not be done.
    pub(super) fn failed(&mut self, task: &Task, failure: &Failure, full: &[NodeId], now: Duration) {
        self.full.extend(full.iter().map(|node| (*node, now)));
        self.refused.extend(full);
        self.failed.failed(task.name(), task.class(), now);
        if self.failures.len() < LINES_MAX {
            let why = failure.why.last().map(|why| format!(": {why}")).unwrap_or_default();
            self.failures.insert(format!("{}{why}", failure.what));
        }
    }

    /// A task was done.
    pub(super) fn done(&mut self, task: &Task) {
        self.failed.done(&task.name());
    }

    /// Whether a repair that failed in this pass is to be tried again before this task; it took so long to look.
    pub(super) fn waits_for_repair(&self, task: &Task, looking: Duration, now: Duration) -> bool {
        task.class() == Class::Move && self.failed.is_repair_due(now, looking)
    }

    /// Nodes that had no room a moment ago.
    pub(super) fn full(&mut self, now: Duration) -> Vec<NodeId> {
        self.full.retain(|_, at| now.saturating_sub(*at) < FULL_FOR);
        self.full.keys().copied().collect()
    }

    /// The node has answered that the chunk is durable.
    pub(super) fn written(&mut self, of: (Work, AssetId), node: NodeId, chunk: ChunkHash, bytes: u64, now: Duration) {
        let (work, asset) = of;
        let rate = if work == Work::Repair { &mut self.repair_rate } else { &mut self.move_rate };
        rate.add(now, bytes);
        self.written_bytes += bytes;
        self.refused.remove(&node);
        self.verified.lock().insert(asset, node, chunk);
        let work = self.counted_as(work);
        if let Some(job) = self.job(work) {
            job.chunks_done += 1;
            job.bytes_done += bytes;
            job.chunks_total = job.chunks_total.max(job.chunks_done);
            job.bytes_total = job.bytes_total.max(job.bytes_done);
        }
    }

    pub(super) fn reads_failed(&mut self, work: Work, count: u64) {
        let work = self.counted_as(work);
        if let Some(job) = self.job(work) {
            job.reads_failed += count;
        }
    }

    /// Jobs of which the log knows less.
    pub(super) fn untold(&mut self, now: Duration) -> Vec<JobRecord> {
        self.told_at = Some(now);
        self.jobs.iter().filter(|job| !self.jobs_told.contains(job)).cloned().collect()
    }

    /// The log knows of a job, and says how it is.
    pub(super) fn told(&mut self, job: JobRecord) {
        self.forget(&job);
        if !job.state.is_over() {
            self.jobs.push(job.clone());
            self.jobs_told.push(job);
        }
    }

    /// A job is over, and what it counts is not done until it is found again.
    pub(super) fn forget(&mut self, job: &JobRecord) {
        self.jobs.retain(|known| Work::of(known) != Work::of(job));
        self.jobs_told.retain(|known| Work::of(known) != Work::of(job));
    }

    pub(super) fn told_ago(&self, now: Duration) -> Duration {
        self.told_at.map_or(Duration::MAX, |at| now.saturating_sub(at))
    }

    /// Nodes that what could be done waits for, for want of room. One that refuses is tried again and again.
    fn standstill(&self, world: &World, survey: &Survey) -> Standstill {
        let is_held_up = self.jobs.iter().any(|job| job.state == JobState::Paused) || survey.stopped > 0;
        if is_held_up || world.current().is_none_or(|layout| !world.may_move_to(layout.epoch)) {
            return Standstill::default();
        }
        let lacking = survey.full.keys().chain(&self.refused);
        let placed = |node: &NodeId| survey.placed.get(node).copied().unwrap_or_default();
        Standstill { lacks: lacking.map(|node| (*node, placed(node))).collect(), written_bytes: self.written_bytes }
    }

    pub(super) fn status(&mut self, world: &World, survey: &Survey, now: Duration) -> Status {
        let lines: Vec<_> = waiting(world, survey).into_iter().chain(self.failures.iter().cloned()).collect();
        let rates = (self.repair_rate.bytes_per_s(now), self.move_rate.bytes_per_s(now));
        let mut moving: Vec<_> = self.jobs.iter().filter(|job| job.kind != JobKind::Repair).collect();
        moving.sort_by_key(|job| (job.state != JobState::Running, job.id));
        let mending = self.jobs.iter().find(|job| job.kind == JobKind::Repair);
        let any = |is: fn(Work) -> bool| survey.tasks.iter().any(|task| is(task.work));
        let progress = |job: Option<&JobRecord>, rate: Option<u64>, has_tasks: bool| {
            let state = match job {
                Some(job) if job.state == JobState::Paused => WorkState::Paused,
                Some(_) if has_tasks => WorkState::Running,
                _ if !survey.waiting.is_empty() || !survey.full.is_empty() => WorkState::Waiting,
                _ => WorkState::Idle,
            };
            let of_job = |of: fn(&JobRecord) -> u64| job.map_or(0, of);
            let left = of_job(|job| job.bytes_total.saturating_sub(job.bytes_done));
            let runs = state == WorkState::Running;
            let eta_ms = rate.filter(|rate| *rate > 0 && runs).map(|rate| left.saturating_mul(1_000) / rate);
            Progress {
                state,
                chunks_total: of_job(|job| job.chunks_total),
                chunks_done: of_job(|job| job.chunks_done),
                bytes_total: of_job(|job| job.bytes_total),
                bytes_done: of_job(|job| job.bytes_done),
                bytes_per_s: rate,
                eta: eta_ms.map(Duration::from_millis),
                waiting: lines.clone(),
                job: job.map(|job| job.id),
            }
        };
        let moves = progress(moving.first().copied(), rates.1, any(|work| work != Work::Repair));
        let repair = match mending {
            Some(job) => progress(Some(job), rates.0, any(|work| work == Work::Repair)),
            // what else is written is also a reason why not all is as it should be
            None => moves.clone(),
        };
        Status {
            repair,
            moves,
            chunks_healthy: survey.healthy,
            chunks_degraded: survey.degraded,
            chunks_missing: survey.missing,
            standstill: self.standstill(world, survey),
            last_pass_at_ms: Some(survey.made_at_ms),
        }
    }
}

/// A line for each reason why something waits.
fn waiting(world: &World, survey: &Survey) -> Vec<String> {
    let line = |(node, chunks): (&NodeId, &u64)| {
        let silent_ms = world.nodes.get(node).map_or(0, |node| node.silent_ms);
        let chunks = format!("{chunks} chunks wait");
        let left = Duration::from_millis(world.grace_ms.saturating_sub(silent_ms));
        match world.presence(*node) {
            Presence::Up => format!("{node} did not say what it has: {chunks}"),
            Presence::Gone => format!("{node} was removed: {chunks}"),
            Presence::Silent if left.is_zero() => format!("{node} is down and no node can take its place: {chunks}"),
            Presence::Silent => {
                format!("{node} is down: {chunks}; it is replaced in {}", vs_core::unit::human_duration(left))
            }
        }
    };
    let mut lines: Vec<_> = survey.waiting.iter().take(LINES_MAX).map(line).collect();
    let full = |(node, waits): (&NodeId, &Amount)| {
        format!("{node} is {} % full: {} chunks wait", world.used_percent(*node), waits.chunks)
    };
    lines.extend(survey.full.iter().take(LINES_MAX).map(full));
    if survey.stopped > 0 {
        lines.push(format!("moves are stopped: {} chunks stay where they are", survey.stopped));
    }
    if survey.crowded > 0 {
        let nodes = world.current().map_or(0, Layout::room);
        lines.push(format!("{} assets need more nodes than the {nodes} there are", survey.crowded));
    }
    lines
}

#[cfg(test)]
mod tests {
    use vs_core::id::JobId;

    use super::*;

    const DRAIN: Work = Work::Drain(NodeId(5));
    /// A node that was to be emptied, and was.
    const DRAINED: Work = Work::Drain(NodeId(7));

    fn began(jobs: &[(JobKind, JobState)], left: &[(Work, u64)]) -> Term {
        let world = World::empty();
        let node = |kind| (kind == JobKind::Drain).then_some(NodeId(5));
        let jobs = (1..).zip(jobs).map(|(id, (kind, state))| JobRecord {
            id: JobId(id),
            node: node(*kind),
            chunks_done: 10,
            bytes_done: 10,
            ..JobRecord::new(*kind, *state, "")
        });
        let left = left.iter().map(|(work, chunks)| (*work, Amount { chunks: *chunks, bytes: *chunks })).collect();
        let (mut term, mut survey) = (Term::new(&world), Survey::default());
        survey.left = left;
        term.begin(jobs.collect(), &world, &survey);
        term
    }

    #[test]
    fn a_pause_of_moves_holds_up_whatever_moves_and_nothing_that_repairs() {
        let may = |jobs: &[(JobKind, JobState)]| {
            let term = began(jobs, &[(Work::Repair, 1), (DRAIN, 1), (DRAINED, 1), (Work::Move, 1)]);
            [Work::Repair, DRAIN, DRAINED, Work::Move].map(|work| term.may_do(work))
        };
        let (runs, paused) = (JobState::Running, JobState::Paused);
        assert_eq!(may(&[(JobKind::Drain, runs)]), [true; 4]);
        assert_eq!(may(&[(JobKind::Drain, runs), (JobKind::Move, paused)]), [true, false, false, false]);
        assert_eq!(may(&[(JobKind::Drain, paused), (JobKind::Move, runs)]), [true, false, true, true]);
        assert_eq!(may(&[(JobKind::Drain, runs), (JobKind::Repair, paused)]), [false, true, true, true]);
    }

    #[test]
    fn each_job_counts_its_own_and_what_has_none_is_a_move() {
        let jobs = [(JobKind::Drain, JobState::Running), (JobKind::Move, JobState::Running)];
        let mut term = began(&jobs, &[(DRAIN, 3), (DRAINED, 2), (Work::Move, 4)]);
        let counted = |term: &mut Term, work| {
            let job = term.job(work).expect("it is open");
            (job.chunks_done, job.chunks_total, job.state)
        };
        assert_eq!(counted(&mut term, DRAIN), (10, 13, JobState::Running));
        assert_eq!(counted(&mut term, Work::Move), (10, 16, JobState::Running));
        for work in [DRAIN, DRAINED] {
            term.written((work, AssetId(1)), NodeId(2), Hash::of(b"a"), 1, Duration::ZERO);
        }
        assert_eq!((counted(&mut term, DRAIN).0, counted(&mut term, Work::Move).0), (11, 11));
        assert!(term.verified.lock().contains(AssetId(1), &(NodeId(2), Hash::of(b"a"))));

        let mut term = began(&jobs, &[]);
        assert_eq!(counted(&mut term, Work::Move).2, JobState::Done);
        assert_eq!(counted(&mut term, DRAIN).2, JobState::Running, "only the log knows that a node is empty");
    }
}
