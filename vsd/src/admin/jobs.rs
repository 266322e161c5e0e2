//! Jobs: as the log has them, with the rate of the running one as the leader measures it.

use vs_core::{
    error::{Code, Failure},
    id::JobId,
};
use vs_wire::v1;
use vsd_core::meta::{Command, JobAction, JobKind, JobRecord, JobState, View};

use super::{Services, answered, check_limit, internal};
use crate::meta::Proposer;

impl Services {
    pub(super) async fn jobs(&self, request: v1::ListJobsRequest) -> Result<v1::ListJobsResponse, Failure> {
        let limit = check_limit(request.limit)?;
        let after = match request.page_token.as_str() {
            "" => None,
            token => Some(token.parse().map_err(|_| Failure::new(Code::Invalid, "not a page token of ours"))?),
        };
        let (records, age_ms) = {
            let (state, age_ms) = self.state(request.consistency()).await?;
            let asked = u32::try_from(limit).unwrap_or(u32::MAX);
            (state.view().jobs(after, asked).map_err(internal)?, age_ms)
        };
        let last = records.last().filter(|_| records.len() == limit);
        let next_page_token = last.map(|job| job.id.to_string()).unwrap_or_default();
        let rate = self.rate_of(&records).await;
        let items = records.iter().map(|job| job_to_wire(job, rate.as_ref())).collect();
        Ok(v1::ListJobsResponse { items, next_page_token, age_ms })
    }

    pub(super) async fn job(&self, request: v1::GetJobRequest) -> Result<v1::Job, Failure> {
        let record = find(&self.state(request.consistency()).await?.0.view(), JobId(request.job))?;
        let rate = self.rate_of(std::slice::from_ref(&record)).await;
        Ok(job_to_wire(&record, rate.as_ref()))
    }

    pub(super) async fn job_control(
        &self,
        proposer: Proposer,
        request: v1::ControlJobRequest,
    ) -> Result<v1::Job, Failure> {
        let job = JobId(request.job);
        let action = match request.action() {
            v1::JobAction::Unspecified => return Err(Failure::new(Code::Invalid, "no action named")),
            v1::JobAction::Pause => JobAction::Pause,
            v1::JobAction::Resume => JobAction::Resume,
        };
        let before = answered(&self.meta.read().await?.view(), proposer)?;
        let control = Command::JobControl { job, action };
        let answer = match before {
            Some(response) => response,
            None if request.dry_run => self.meta.try_out(control).await?,
            None => self.meta.propose_for(proposer, control).await?,
        };
        answer.accepted().map_err(|refused| way_out(refused.into(), job))?;
        Ok(job_to_wire(&find(&self.meta.read().await?.view(), job)?, None))
    }

    /// How fast the running one of these goes, if the leader can be asked: without it they are told as well.
    async fn rate_of(&self, jobs: &[JobRecord]) -> Option<v1::RepairStatusResponse> {
        let any_runs = jobs.iter().any(|job| job.state == JobState::Running);
        if !any_runs {
            return None;
        }
        self.repair_stands(v1::RepairStatusRequest { forwarded: false }).await.ok()
    }
}

fn find(view: &View<'_>, job: JobId) -> Result<JobRecord, Failure> {
    let found = view.job(job).map_err(internal)?;
    found.ok_or_else(|| way_out(Failure::new(Code::NotFound, format!("no job {job}")), job))
}

/// A refusal, with what helps who named this job.
fn way_out(failure: Failure, job: JobId) -> Failure {
    match failure.code {
        Code::NotFound => failure.hint("list them: `vsctl job ls --all`"),
        Code::Conflict => failure.hint(format!("see how it ended: `vsctl job show {job}`")),
        _ => failure,
    }
}

fn job_to_wire(job: &JobRecord, rate: Option<&v1::RepairStatusResponse>) -> v1::Job {
    let rate = rate.filter(|rate| rate.job == Some(job.id.0));
    let (kind, state) = (kind_name(job.kind), state_name(job.state));
    v1::Job {
        id: job.id.0,
        kind: kind.to_owned(),
        state: state.to_owned(),
        began_at_ms: job.began_ms,
        updated_at_ms: job.updated_ms,
        ended_at_ms: job.ended_ms,
        chunks_total: job.chunks_total,
        chunks_done: job.chunks_done,
        bytes_total: job.bytes_total,
        bytes_done: job.bytes_done,
        bytes_per_s: rate.and_then(|rate| rate.bytes_per_s),
        eta_ms: rate.and_then(|rate| rate.eta_ms),
        what: job.what.clone(),
    }
}

fn kind_name(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Repair => "repair",
        JobKind::Move => "move",
        JobKind::Migrate => "migrate",
    }
}

fn state_name(state: JobState) -> &'static str {
    match state {
        JobState::Running => "running",
        JobState::Paused => "paused",
        JobState::Done => "done",
        JobState::Failed => "failed",
    }
}
