//! What the executor remembers of the term it leads: nothing that the next leader would miss.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    time::{Duration, Instant},
};

use vs_core::{
    error::Failure,
    hash::{ChunkHash, Hash},
    id::{AssetId, JobId, NodeId},
};
use vsd_core::{
    meta::{JobKind, JobRecord, JobState, LeaderTerm},
    plan::repair::Presence,
};

use super::{
    progress::Rate,
    status::{RepairState, RepairStatus},
    survey::Survey,
    world::World,
};

/// Chunks of an asset remembered as verified. What is beyond is read again before the asset is placed.
const VERIFIED_MAX: usize = 200_000;
/// Tasks remembered that were tried in vain; beyond that all are as if they were new.
const TRIED_MAX: usize = 100_000;
/// Nodes that are named as waited for.
const LINES_MAX: usize = 20;

pub(super) struct Term {
    pub(super) number: LeaderTerm,
    /// Whom this leader has had a chunk written to, and was answered that it is durable.
    pub(super) verified: HashMap<AssetId, HashSet<(NodeId, ChunkHash)>>,
    /// In how many passes running a group of the asset was found lost.
    pub(super) lost: HashMap<AssetId, u32>,
    rate: Rate,
    jobs: Vec<JobRecord>,
    /// As they were told to the log.
    jobs_told: Vec<JobRecord>,
    told_at: Option<Instant>,
    /// Tasks that could not be done when they were last tried, and why.
    tried: HashSet<(AssetId, Hash)>,
    failures: BTreeSet<String>,
}

/// A job that begins.
pub(super) fn new_job(kind: JobKind) -> JobRecord {
    let what = match kind {
        JobKind::Repair => "missing and damaged copies are written again",
        JobKind::Move => "copies go to where the layout places them",
        JobKind::Migrate => "videos change how they are kept",
    };
    JobRecord {
        id: JobId::default(),
        kind,
        state: JobState::Running,
        began_ms: 0,
        updated_ms: 0,
        ended_ms: None,
        chunks_total: 0,
        chunks_done: 0,
        bytes_total: 0,
        bytes_done: 0,
        what: what.to_owned(),
    }
}

impl Term {
    pub(super) fn new(world: &World) -> Self {
        Self {
            number: world.term,
            verified: HashMap::new(),
            lost: HashMap::new(),
            rate: Rate::default(),
            jobs: Vec::new(),
            jobs_told: Vec::new(),
            told_at: None,
            tried: HashSet::new(),
            failures: BTreeSet::new(),
        }
    }

    /// A pass begins: what is open in the log, and what was found to be left.
    pub(super) fn begin(&mut self, known: Vec<JobRecord>, survey: &Survey) {
        let open = |job: &JobRecord| !job.state.is_over() && job.kind != JobKind::Migrate;
        self.jobs = known.into_iter().filter(open).collect();
        self.jobs_told = self.jobs.clone();
        for (kind, left) in [(JobKind::Repair, survey.repair), (JobKind::Move, survey.moves)] {
            if !left.is_nothing() && self.job(kind).is_none() {
                self.jobs.push(new_job(kind));
            }
            if let Some(job) = self.job(kind) {
                job.chunks_total = job.chunks_done + left.chunks;
                job.bytes_total = job.bytes_done + left.bytes;
                if left.is_nothing() && job.state == JobState::Running {
                    job.state = JobState::Done;
                }
            }
        }
    }

    pub(super) fn tried(&self) -> HashSet<(AssetId, Hash)> {
        self.tried.clone()
    }

    /// A pass has found nothing to do.
    pub(super) fn rest(&mut self) {
        self.tried.clear();
        self.forget_failures();
    }

    pub(super) fn is_paused(&self, kind: JobKind) -> bool {
        self.jobs.iter().any(|job| job.kind == kind && job.state == JobState::Paused)
    }

    fn job(&mut self, kind: JobKind) -> Option<&mut JobRecord> {
        self.jobs.iter_mut().find(|job| job.kind == kind)
    }

    /// Tasks are tried again.
    pub(super) fn forget_failures(&mut self) {
        self.failures.clear();
    }

    /// A task could not be done.
    pub(super) fn failed(&mut self, name: (AssetId, Hash), failure: &Failure) {
        if self.tried.len() >= TRIED_MAX {
            self.tried.clear();
        }
        self.tried.insert(name);
        if self.failures.len() < LINES_MAX {
            let why = failure.why.last().map(|why| format!(": {why}")).unwrap_or_default();
            self.failures.insert(format!("{}{why}", failure.what));
        }
    }

    /// The node has answered that the chunk is durable.
    pub(super) fn written(&mut self, kind: JobKind, asset: AssetId, node: NodeId, chunk: ChunkHash, bytes: u64) {
        self.rate.add(Instant::now(), bytes);
        let verified = self.verified.entry(asset).or_default();
        if verified.len() < VERIFIED_MAX {
            verified.insert((node, chunk));
        }
        if let Some(job) = self.job(kind) {
            job.chunks_done += 1;
            job.bytes_done += bytes;
        }
    }

    /// Jobs of which the log knows less.
    pub(super) fn untold(&mut self) -> Vec<JobRecord> {
        self.told_at = Some(Instant::now());
        self.jobs.iter().filter(|job| !self.jobs_told.contains(job)).cloned().collect()
    }

    /// The log knows of a job, and says whether it is paused.
    pub(super) fn told(&mut self, job: JobRecord) {
        self.jobs.retain(|known| known.kind != job.kind);
        self.jobs_told.retain(|known| known.kind != job.kind);
        if !job.state.is_over() {
            self.jobs.push(job.clone());
            self.jobs_told.push(job);
        }
    }

    pub(super) fn told_ago(&self) -> Duration {
        self.told_at.map_or(Duration::MAX, |at| at.elapsed())
    }

    pub(super) fn status(&mut self, world: &World, survey: &Survey) -> RepairStatus {
        let rate = self.rate.bytes_per_s(Instant::now());
        let job = self.jobs.iter().find(|job| job.kind == JobKind::Repair).or(self.jobs.first());
        let state = match job {
            Some(job) if job.state == JobState::Paused => RepairState::Paused,
            Some(_) if !survey.tasks.is_empty() => RepairState::Running,
            _ if !survey.waiting.is_empty() => RepairState::Waiting,
            _ => RepairState::Idle,
        };
        let running = self.jobs.iter().filter(|job| job.state == JobState::Running);
        let left: u64 = running.map(|job| job.bytes_total.saturating_sub(job.bytes_done)).sum();
        let runs = state == RepairState::Running;
        let eta_ms = rate.filter(|rate| *rate > 0 && runs).map(|rate| left.saturating_mul(1_000) / rate);
        let of_job = |of: fn(&JobRecord) -> u64| job.map_or(0, of);
        RepairStatus {
            state,
            chunks_healthy: survey.healthy,
            chunks_degraded: survey.degraded,
            chunks_missing: survey.missing,
            last_pass_at_ms: Some(survey.made_at_ms),
            chunks_total: of_job(|job| job.chunks_total),
            chunks_done: of_job(|job| job.chunks_done),
            bytes_total: of_job(|job| job.bytes_total),
            bytes_done: of_job(|job| job.bytes_done),
            bytes_per_s: rate,
            eta: eta_ms.map(Duration::from_millis),
            waiting: waiting(world, survey).into_iter().chain(self.failures.iter().cloned()).collect(),
            job: job.map(|job| job.id),
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
    if survey.crowded > 0 {
        let nodes = world.current().map_or(0, |layout| layout.nodes.len());
        lines.push(format!("{} assets need more nodes than the {nodes} there are", survey.crowded));
    }
    lines
}
