//! What is told of long tasks, and what operators want of them.

use vs_core::{
    error::Code,
    id::{AssetId, JobId, NodeId},
    layout::NodeWish,
};

use super::{Answer, Step, Stop, check_text, refuse};
use crate::meta::{
    command::JobAction,
    family::{Family, page},
    response::{Refused, Response},
    table::{
        assets::{AssetRecord, AssetState, Assets},
        clock::{ClusterTime, LeaderTerm},
        counters::{self, Counter},
        events::EventKind,
        jobs::{
            JOB_LOG_LINES_MAX, JOB_TEXT_CHARS_MAX, JOBS_ENDED_MAX, JOBS_OPEN_MAX, JobKind, JobRecord, JobState, Jobs,
        },
    },
};

/// For how long an asset keeps its scheme once a migration of it was cancelled.
pub const LEFT_ALONE_MS: u64 = 24 * 3_600_000;

impl Step<'_, '_> {
    pub(super) fn job_put(&mut self, told: &JobRecord, term: LeaderTerm) -> Answer {
        self.check_term(term)?;
        check_text("description of the job", &told.what, JOB_TEXT_CHARS_MAX)?;
        for (_, line) in &told.log {
            check_text("line of the job's log", line, JOB_TEXT_CHARS_MAX)?;
        }
        if told.id == JobId(0) && told.is_of_node() {
            return refuse(Code::Invalid, "a job that empties or removes a node begins with the wish for it");
        }
        if told.id == JobId(0) {
            return self.open_job(told.clone()).map(|job| now(&job));
        }
        let known = self.known_job(told.id)?;
        let state = match told.state {
            state if known.state.is_over() && known.state == state => return Ok(now(&known)),
            _ if known.state.is_over() => return refuse(Code::Conflict, format!("job {} is over", told.id)),
            state if state.is_over() => self.checked_end(&known, state)?,
            JobState::Running if known.state == JobState::Waiting => self.running(&known)?,
            _ => known.state,
        };
        let JobRecord { id, kind, began_ms, node, asset, after, .. } = known;
        let log = known.log.into_iter().chain(told.log.clone()).collect();
        let job = JobRecord { id, kind, state, began_ms, node, asset, after, log, ..told.clone() };
        self.put_job(job).map(|job| now(&job))
    }

    pub(super) fn job_control(&mut self, id: JobId, action: JobAction) -> Answer {
        let job = self.known_job(id)?;
        let (state, line) = match action {
            JobAction::Cancel if job.state == JobState::Cancelled => return Ok(now(&job)),
            JobAction::Retry => return self.job_retry(&job),
            _ if job.state.is_over() => return refuse(Code::Conflict, format!("job {id} is over")),
            JobAction::Cancel => return self.job_cancel(job),
            JobAction::Pause => (JobState::Paused, "paused"),
            JobAction::Resume => (self.running(&job)?, "resumed"),
        };
        if job.state == state { Ok(now(&job)) } else { self.change_job(job, state, line) }
    }

    fn job_cancel(&mut self, job: JobRecord) -> Answer {
        let id = job.id;
        match (job.kind, job.node) {
            (JobKind::Repair, _) => {
                let refused = Refused::new(Code::Conflict, format!("job {id} repairs what is stored"))
                    .because("it would be found to be missing again at once: pause it instead")
                    .hint(format!("vsctl job pause {}", id.0));
                return Err(Stop::Refused(refused));
            }
            (JobKind::Move, _) => {
                let current = self.view().epoch()?.unwrap_or_default();
                self.moves_stop(current)?;
            }
            (JobKind::Migrate, _) => {
                if let Some(asset) = self.live_asset(job.asset)? {
                    let left_alone_until = self.now.plus_ms(LEFT_ALONE_MS);
                    self.drop_pending(AssetRecord { left_alone_until, ..asset })?;
                }
                self.change_job(job, JobState::Cancelled, "cancelled")?;
            }
            (JobKind::Drain | JobKind::Remove, Some(node)) => {
                self.node_wish(node, NodeWish::In)?;
            }
            (JobKind::Drain | JobKind::Remove, None) => {
                self.change_job(job, JobState::Cancelled, "cancelled")?;
            }
        }
        Ok(now(&self.known_job(id)?))
    }

    fn job_retry(&mut self, job: &JobRecord) -> Answer {
        let id = job.id;
        if !matches!(job.state, JobState::Failed | JobState::Cancelled) {
            return refuse(Code::Conflict, format!("job {id} has neither failed nor was it cancelled"));
        }
        let state = match (job.kind, job.node) {
            (JobKind::Drain, Some(node)) => return self.node_wish(node, NodeWish::Draining),
            (JobKind::Remove, Some(node)) => return self.node_wish(node, NodeWish::Out),
            (JobKind::Migrate, _) => {
                let Some(asset) = self.live_asset(job.asset)? else {
                    return refuse(Code::Conflict, format!("what job {id} was about is gone"));
                };
                self.txn.put::<Assets>(&asset.id, &AssetRecord { left_alone_until: ClusterTime::default(), ..asset });
                JobState::Waiting
            }
            (JobKind::Move, _) => {
                self.moves_start()?;
                JobState::Running
            }
            (JobKind::Repair | JobKind::Drain | JobKind::Remove, _) => JobState::Running,
        };
        let again = |other: &JobRecord| (other.kind, other.asset) == (job.kind, job.asset);
        if let Some(open) = self.open_jobs()?.into_iter().find(again) {
            return Ok(now(&open));
        }
        let line = (self.wall_ms, format!("job {id} again"));
        let asset = job.asset;
        let again = JobRecord { asset, log: vec![line], ..JobRecord::new(job.kind, state, job.what.clone()) };
        self.open_job(again).map(|job| now(&job))
    }

    fn live_asset(&self, id: Option<AssetId>) -> Result<Option<AssetRecord>, Stop> {
        let asset = id.map_or(Ok(None), |id| self.view().asset(id))?;
        Ok(asset.filter(|asset| asset.state == AssetState::Live))
    }

    /// How an open job goes on when it is not paused.
    fn running(&self, job: &JobRecord) -> Result<JobState, Stop> {
        let after = job.after.map_or(Ok(None), |after| self.view().job(after))?;
        Ok(if after.is_some_and(|after| !after.state.is_over()) { JobState::Waiting } else { JobState::Running })
    }

    /// The state in which an executor says a job is over. Those of a node are over when that is so.
    fn checked_end(&self, job: &JobRecord, state: JobState) -> Result<JobState, Stop> {
        let held = job.node.map_or(Ok(None), |node| self.view().held_by(node))?;
        match (job.kind, held) {
            (JobKind::Drain, Some(epoch)) if state == JobState::Done => {
                refuse(Code::Conflict, format!("job {} is not done: {epoch} places chunks on its node", job.id))
            }
            (JobKind::Drain, _) if state != JobState::Done => refuse(
                Code::Conflict,
                format!("job {} goes on until its node is empty, or an operator ends it", job.id),
            ),
            (JobKind::Remove, _) => refuse(
                Code::Conflict,
                format!("job {} goes on until its node is removed, or an operator ends it", job.id),
            ),
            _ => Ok(state),
        }
    }

    fn known_job(&self, id: JobId) -> Result<JobRecord, Stop> {
        match self.view().job(id)? {
            Some(job) => Ok(job),
            None => refuse(Code::NotFound, format!("no job {id}")),
        }
    }

    /// A job begins.
    pub(super) fn open_job(&mut self, job: JobRecord) -> Result<JobRecord, Stop> {
        if self.open_jobs()?.len() >= JOBS_OPEN_MAX {
            return refuse(Code::Busy, format!("{JOBS_OPEN_MAX} jobs are open"));
        }
        let id = JobId(counters::take(self.txn, Counter::Job)?);
        self.put_job(JobRecord { id, began_ms: self.wall_ms, ..job })
    }

    /// A job gets another state, for a reason that its log tells.
    pub(super) fn change_job(&mut self, mut job: JobRecord, state: JobState, line: impl Into<String>) -> Answer {
        job.log.push((self.wall_ms, line.into()));
        self.put_job(JobRecord { state, ..job }).map(|job| now(&job))
    }

    fn put_job(&mut self, job: JobRecord) -> Result<JobRecord, Stop> {
        let is_over = job.state.is_over();
        let ended_ms = is_over.then_some(self.wall_ms);
        let job = JobRecord { updated_ms: self.wall_ms, ended_ms, log: newest_lines(job.log), ..job };
        if self.view().job(job.id)?.is_none_or(|known| known.state != job.state) {
            self.event(EventKind::JobChanged { job: job.id, state: job.state })?;
        }
        self.txn.put::<Jobs>(&job.id, &job);
        if is_over {
            self.forget_jobs()?;
        }
        Ok(job)
    }

    /// Keeps the newest of those that are over.
    fn forget_jobs(&mut self) -> Result<(), Stop> {
        let over: Vec<_> = self.all_jobs()?.into_iter().filter(|job| job.state.is_over()).collect();
        for job in over.iter().rev().skip(JOBS_ENDED_MAX) {
            self.txn.delete::<Jobs>(&job.id);
        }
        Ok(())
    }

    pub(super) fn open_jobs(&self) -> Result<Vec<JobRecord>, Stop> {
        Ok(self.all_jobs()?.into_iter().filter(|job| !job.state.is_over()).collect())
    }

    /// Those that empty or remove the node.
    pub(super) fn open_jobs_of(&self, node: NodeId) -> Result<Vec<JobRecord>, Stop> {
        let is_of = |job: &JobRecord| job.is_of_node() && job.node == Some(node);
        Ok(self.open_jobs()?.into_iter().filter(is_of).collect())
    }

    fn all_jobs(&self) -> Result<Vec<JobRecord>, Stop> {
        let jobs = page::<Jobs>(self.txn, &[Jobs::TAG], None, JOBS_OPEN_MAX + JOBS_ENDED_MAX + 1)?;
        Ok(jobs.into_iter().map(|(_, job)| job).collect())
    }
}

/// Each line once, oldest first. The log and the executor both add lines, so what is told is united with what is known.
fn newest_lines(mut log: Vec<(u64, String)>) -> Vec<(u64, String)> {
    log.sort();
    log.dedup();
    log.split_off(log.len().saturating_sub(JOB_LOG_LINES_MAX))
}

pub(super) fn now(job: &JobRecord) -> Response {
    Response::Job { id: job.id, state: job.state }
}
