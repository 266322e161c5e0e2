//! Following a job of the cluster to its end: `vsctl job watch`, and the verbs that begin one and wait.

use std::time::Duration;

use vs_client::Client;
use vs_core::{
    error::{Code, Exit, Failure},
    id::JobId,
    text::shown,
    unit::{human_bytes, human_duration},
};
use vs_wire::v1;

use crate::{
    desk::Desk,
    progress::{Board, Task},
    row::Moved,
};

/// How often somebody who watches looks how far it is.
pub(super) const POLL: Duration = Duration::from_millis(500);

pub(super) async fn get(job: JobId, desk: &Desk) -> Result<v1::Job, Failure> {
    let request = v1::GetJobRequest { job: job.0, consistency: desk.consistency() };
    desk.ask("GetJob", request, |client: Client, request| async move { client.admin().get_job(request).await }).await
}

pub(super) fn is_over(job: &v1::Job) -> bool {
    matches!(job.state.as_str(), "done" | "failed" | "cancelled")
}

/// The job once it is over, or stands still until somebody lets it go on.
pub(super) async fn follow(id: JobId, desk: &Desk) -> Result<v1::Job, Failure> {
    desk.at_interrupt(Some(format!("interrupted; the job goes on: vsctl job watch {id}")));
    let board = Board::new(desk);
    let task = board.task(&id.to_string());
    let job = loop {
        let job = get(id, desk).await?;
        task.stage("running", &format!("{id} {}", job.kind), job.bytes_done, job.bytes_total, "bytes");
        let last = job.log.last().map(|line| &line.text);
        tell(&task, (job.bytes_done, job.bytes_total), job.bytes_per_s, job.eta_ms, last);
        if is_over(&job) || job.state == "paused" {
            break job;
        }
        tokio::time::sleep(POLL).await;
    };
    desk.at_interrupt(None);
    Ok(job)
}

/// Shows how far something is, as fast and until when as the cluster says; or what it says of why it stands still.
pub(super) fn tell(
    task: &Task,
    (done, total): (u64, u64),
    bytes_per_s: Option<u64>,
    eta_ms: Option<u64>,
    why: Option<&String>,
) {
    task.set(done, total);
    if let (None, Some(why)) = (bytes_per_s, why) {
        return task.note(why);
    }
    let rate = bytes_per_s.map(|rate| format!("{}/s", human_bytes(rate)));
    let left = eta_ms.map(|ms| format!("{} left", human_duration(Duration::from_millis(ms))));
    task.note(&rate.into_iter().chain(left).collect::<Vec<_>>().join(", "));
}

/// What a job that was followed exits with.
pub(super) fn ended(job: &v1::Job, desk: &Desk) -> Result<Exit, Failure> {
    let id = JobId(job.id);
    let conflict =
        |hint: &str| Failure::new(Code::Conflict, format!("{id} is {}", job.state)).hint(format!("{hint} {id}"));
    match job.state.as_str() {
        "done" => Ok(Exit::Ok),
        "paused" => Err(conflict("vsctl job resume")),
        "cancelled" => Err(conflict("vsctl job retry")),
        _ => {
            desk.say(&format!("{id} failed: {}\n  what happened: vsctl job logs {id}", shown(&job.what)));
            Ok(Exit::Failed)
        }
    }
}

/// What a job that is over has moved.
pub(super) fn moved(job: &v1::Job) -> Moved {
    Moved {
        chunks: job.chunks_done,
        bytes: job.bytes_done,
        took_ms: job.ended_at_ms.unwrap_or(job.updated_at_ms).saturating_sub(job.began_at_ms),
        reads_failed: job.reads_failed,
    }
}
