//! What is told of long tasks, and what operators want of them.

use vs_core::{error::Code, id::JobId};

use super::{Answer, Step, Stop, check_text, refuse};
use crate::meta::{
    command::JobAction,
    family::{Family, page},
    response::Response,
    table::{
        clock::LeaderTerm,
        counters::{self, Counter},
        events::EventKind,
        jobs::{JOB_TEXT_CHARS_MAX, JOBS_ENDED_MAX, JOBS_OPEN_MAX, JobRecord, JobState, Jobs},
    },
};

impl Step<'_, '_> {
    pub(super) fn job_put(&mut self, told: &JobRecord, term: LeaderTerm) -> Answer {
        self.check_term(term)?;
        check_text("description of the job", &told.what, JOB_TEXT_CHARS_MAX)?;
        let known = if told.id == JobId(0) { None } else { Some(self.known_job(told.id)?) };
        let state = match &known {
            Some(known) if known.state.is_over() && known.state == told.state => return Ok(now(known)),
            Some(known) if known.state.is_over() => return refuse(Code::Conflict, format!("job {} is over", told.id)),
            Some(known) if !told.state.is_over() => known.state,
            Some(_) | None => told.state,
        };
        let id = if known.is_some() { told.id } else { self.new_job()? };
        self.put_job(&JobRecord {
            id,
            state,
            kind: known.as_ref().map_or(told.kind, |known| known.kind),
            began_ms: known.as_ref().map_or(self.wall_ms, |known| known.began_ms),
            ..told.clone()
        })
    }

    pub(super) fn job_control(&mut self, id: JobId, action: JobAction) -> Answer {
        let job = self.known_job(id)?;
        if job.state.is_over() {
            return refuse(Code::Conflict, format!("job {id} is over"));
        }
        let state = match action {
            JobAction::Pause => JobState::Paused,
            JobAction::Resume => JobState::Running,
        };
        if job.state == state { Ok(now(&job)) } else { self.put_job(&JobRecord { state, ..job }) }
    }

    fn known_job(&self, id: JobId) -> Result<JobRecord, Stop> {
        match self.view().job(id)? {
            Some(job) => Ok(job),
            None => refuse(Code::NotFound, format!("no job {id}")),
        }
    }

    fn new_job(&mut self) -> Result<JobId, Stop> {
        let open = self.all_jobs()?.into_iter().filter(|job| !job.state.is_over()).count();
        if open >= JOBS_OPEN_MAX {
            return refuse(Code::Busy, format!("{JOBS_OPEN_MAX} jobs are open"));
        }
        Ok(JobId(counters::take(self.txn, Counter::Job)?))
    }

    fn put_job(&mut self, job: &JobRecord) -> Answer {
        let is_over = job.state.is_over();
        let job = JobRecord { updated_ms: self.wall_ms, ended_ms: is_over.then_some(self.wall_ms), ..job.clone() };
        if self.view().job(job.id)?.is_none_or(|known| known.state != job.state) {
            self.event(EventKind::JobChanged { job: job.id, state: job.state })?;
        }
        self.txn.put::<Jobs>(&job.id, &job);
        if is_over {
            self.forget_jobs()?;
        }
        Ok(now(&job))
    }

    /// Keeps the newest of those that are over.
    fn forget_jobs(&mut self) -> Result<(), Stop> {
        let over: Vec<_> = self.all_jobs()?.into_iter().filter(|job| job.state.is_over()).collect();
        for job in over.iter().rev().skip(JOBS_ENDED_MAX) {
            self.txn.delete::<Jobs>(&job.id);
        }
        Ok(())
    }

    fn all_jobs(&self) -> Result<Vec<JobRecord>, Stop> {
        let jobs = page::<Jobs>(self.txn, &[Jobs::TAG], None, JOBS_OPEN_MAX + JOBS_ENDED_MAX + 1)?;
        Ok(jobs.into_iter().map(|(_, job)| job).collect())
    }
}

fn now(job: &JobRecord) -> Response {
    Response::Job { id: job.id, state: job.state }
}
