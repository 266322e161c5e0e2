//! Jobs: as the log has them, with the rate of the running one as the leader measures it.

use std::collections::BTreeMap;

use vs_core::{
    error::{Code, Failure},
    id::JobId,
};
use vs_wire::v1;
use vsd_core::meta::{Command, JobAction, JobKind, JobRecord, JobState, Response, View};

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
            let records = state.view().jobs(after, asked).map_err(internal)?;
            (records.into_iter().map(|job| counted(&state.view(), job)).collect::<Result<Vec<_>, _>>()?, age_ms)
        };
        let last = records.last().filter(|_| records.len() == limit);
        let next_page_token = last.map(|job| job.id.to_string()).unwrap_or_default();
        let rates = self.rates_of(&records).await;
        let items = records.iter().map(|job| v1::Job { log: Vec::new(), ..job_to_wire(job, &rates) }).collect();
        Ok(v1::ListJobsResponse { items, next_page_token, age_ms })
    }

    pub(super) async fn job(&self, request: v1::GetJobRequest) -> Result<v1::Job, Failure> {
        let record = {
            let (state, _) = self.state(request.consistency()).await?;
            counted(&state.view(), find(&state.view(), JobId(request.job))?)?
        };
        let rates = self.rates_of(std::slice::from_ref(&record)).await;
        Ok(job_to_wire(&record, &rates))
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
            v1::JobAction::Cancel => JobAction::Cancel,
            v1::JobAction::Retry => JobAction::Retry,
        };
        let before = answered(&self.meta.read().await?.view(), proposer)?;
        let control = Command::JobControl { job, action };
        let answer = match before {
            Some(response) => response,
            None if request.dry_run => match self.meta.try_out(control).await? {
                // one that would begin has no number yet
                Response::Job { .. } => Response::Done,
                answer => answer,
            },
            None => self.meta.propose_for(proposer, control).await?,
        };
        let answer = answer.accepted().map_err(|refused| way_out(refused.into(), job))?;
        let now = if let Response::Job { id, .. } = answer { id } else { job };
        let state = self.meta.read().await?;
        let record = counted(&state.view(), find(&state.view(), now)?)?;
        Ok(job_to_wire(&record, &Rates::default()))
    }

    /// How fast the running ones of these go, if the leader can be asked: without it they are told as well.
    async fn rates_of(&self, jobs: &[JobRecord]) -> Rates {
        let any_runs = jobs.iter().any(|job| matches!(job.state, JobState::Running | JobState::Waiting));
        if !any_runs {
            return Rates::default();
        }
        let repair = self.repair_stands(v1::RepairStatusRequest { forwarded: false });
        let moves = self.rebalance_stands(v1::RebalanceStatusRequest { forwarded: false });
        let (repair, moves) = tokio::join!(repair, moves);
        let repair = repair.ok().and_then(|now| Some((now.job?, (now.bytes_per_s?, now.eta_ms))));
        let moves = moves.ok().and_then(|now| Some((now.job?, (now.bytes_per_s?, now.eta_ms))));
        repair.into_iter().chain(moves).collect()
    }
}

/// Of jobs: bytes a second, and how many milliseconds are left.
type Rates = BTreeMap<u64, (u64, Option<u64>)>;

/// A job that only waits for another one is as far as that.
fn counted(view: &View<'_>, job: JobRecord) -> Result<JobRecord, Failure> {
    let after = job.after.filter(|_| job.kind == JobKind::Remove);
    let Some(drain) = after.map_or(Ok(None), |after| view.job(after)).map_err(internal)? else { return Ok(job) };
    let JobRecord { chunks_total, chunks_done, bytes_total, bytes_done, reads_failed, .. } = drain;
    Ok(JobRecord { chunks_total, chunks_done, bytes_total, bytes_done, reads_failed, ..job })
}

fn find(view: &View<'_>, job: JobId) -> Result<JobRecord, Failure> {
    let found = view.job(job).map_err(internal)?;
    found.ok_or_else(|| way_out(Failure::new(Code::NotFound, format!("no job {job}")), job))
}

/// A refusal, with what helps who named this job.
fn way_out(failure: Failure, job: JobId) -> Failure {
    match failure.code {
        _ if failure.hint.is_some() => failure,
        Code::NotFound => failure.hint("list them: `vsctl job ls --all`"),
        Code::Conflict => failure.hint(format!("see how it ended: `vsctl job show {job}`")),
        _ => failure,
    }
}

fn job_to_wire(job: &JobRecord, rates: &Rates) -> v1::Job {
    let (kind, state) = (kind_name(job.kind), state_name(job.state));
    let at_work = job.after.filter(|_| job.kind == JobKind::Remove).unwrap_or(job.id);
    let rate = rates.get(&at_work.0).copied().or_else(|| mean_rate(job));
    let line = |(at_ms, text): &(u64, String)| v1::JobLine { at_ms: *at_ms, text: text.clone() };
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
        bytes_per_s: rate.map(|(bytes_per_s, _)| bytes_per_s),
        eta_ms: rate.and_then(|(_, eta_ms)| eta_ms),
        what: job.what.clone(),
        node: job.node.map(|node| node.0),
        after: job.after.map(|after| after.0),
        log: job.log.iter().map(line).collect(),
        reads_failed: Some(job.reads_failed),
    }
}

/// Of one whose rate nobody measures: over all the time that it has run.
fn mean_rate(job: &JobRecord) -> Option<(u64, Option<u64>)> {
    let ran_ms = job.updated_ms.saturating_sub(job.began_ms);
    let bytes_per_s = job.bytes_done.saturating_mul(1_000).checked_div(ran_ms).filter(|rate| *rate > 0);
    let left = job.bytes_total.saturating_sub(job.bytes_done);
    let rate = bytes_per_s.filter(|_| job.kind == JobKind::Migrate && job.state == JobState::Running)?;
    Some((rate, left.saturating_mul(1_000).checked_div(rate)))
}

fn kind_name(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Repair => "repair",
        JobKind::Move => "move",
        JobKind::Migrate => "migrate",
        JobKind::Drain => "drain",
        JobKind::Remove => "remove",
    }
}

fn state_name(state: JobState) -> &'static str {
    match state {
        JobState::Waiting => "waiting",
        JobState::Running => "running",
        JobState::Paused => "paused",
        JobState::Done => "done",
        JobState::Failed => "failed",
        JobState::Cancelled => "cancelled",
    }
}
