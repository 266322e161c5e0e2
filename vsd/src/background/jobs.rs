//! The jobs of nodes that are to go, step by step: what is due is told by the log alone, so any leader goes on with them.

use std::time::Duration;

use vs_core::{
    id::{Epoch, JobId, NodeId},
    limit::PAGE_ITEMS_MAX,
};
use vsd_core::meta::{Command, JobKind, JobRecord, JobState, TableError};

use super::repair::Repairer;
use crate::{meta::MetaError, run::wall_ms};

/// How often it is looked whether a step is due.
const LOOK: Duration = Duration::from_secs(1);

/// The next step of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Due {
    /// Nothing is placed on its node any more.
    Drained(JobId),
    /// What it waited for is over.
    Begins(JobId),
    Removes(JobId, NodeId),
}

/// What is due of these jobs; `held` says by which epoch a node may still hold something.
fn due(jobs: &[JobRecord], held: impl Fn(NodeId) -> Result<Option<Epoch>, TableError>) -> Result<Vec<Due>, TableError> {
    let is_over = |id: JobId| jobs.iter().all(|job| job.id != id || job.state.is_over());
    let mut steps = Vec::new();
    for job in jobs {
        let Some(node) = job.node else { continue };
        steps.extend(match (job.kind, job.state) {
            (JobKind::Drain, JobState::Running) if held(node)?.is_none() => Some(Due::Drained(job.id)),
            (JobKind::Remove, JobState::Waiting) if job.after.is_none_or(is_over) => Some(Due::Begins(job.id)),
            (JobKind::Remove, JobState::Running) if held(node)?.is_none() => Some(Due::Removes(job.id, node)),
            _ => None,
        });
    }
    Ok(steps)
}

impl Repairer {
    /// Goes on with the jobs of nodes, while this node leads.
    pub(super) async fn look_after_nodes(&self) {
        loop {
            tokio::time::sleep(LOOK).await;
            let open = |job: &JobRecord| job.is_of_node() && !job.state.is_over();
            let jobs = self.meta.stale().state.view().jobs(None, PAGE_ITEMS_MAX).unwrap_or_default();
            if jobs.iter().any(open)
                && let Err(error) = self.take_steps().await
            {
                tracing::debug!(%error, "the jobs of nodes do not go on now");
            }
        }
    }

    async fn take_steps(&self) -> Result<(), MetaError> {
        let Some((world, state)) = self.look().await? else { return Ok(()) };
        let jobs = state.view().jobs(None, PAGE_ITEMS_MAX)?;
        let steps = due(&jobs, |node| state.view().held_by(node))?;
        drop(state);
        let put = |job: JobRecord| Command::JobPut { job, term: world.term };
        for step in steps {
            let of = |id: JobId| jobs.iter().find(|job| job.id == id).cloned();
            let (job, command) = match step {
                Due::Drained(id) => (of(id), of(id).map(|job| put(JobRecord { state: JobState::Done, ..job }))),
                Due::Begins(id) => (of(id), of(id).map(|job| put(JobRecord { state: JobState::Running, ..job }))),
                Due::Removes(id, node) => {
                    let layout = self.meta.layout_without(node).await?;
                    (of(id), Some(Command::NodeRemove { node, layout, lost: false, job: Some(id) }))
                }
            };
            let (Some(job), Some(command)) = (job, command) else { continue };
            if let Err(refused) = self.meta.propose(command).await?.accepted() {
                tracing::debug!(job = %job.id, %refused, "a step of a job is not taken");
                // said once: the next look comes in a second
                if job.log.last().is_none_or(|(_, line)| *line != refused.what) {
                    let log = vec![(wall_ms(), refused.what)];
                    self.meta.propose(put(JobRecord { log, ..job })).await?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_removed_only_once_it_was_emptied_and_its_job_was_begun() {
        let job = |id, kind, state, after: Option<u64>| JobRecord {
            id: JobId(id),
            node: Some(NodeId(5)),
            after: after.map(JobId),
            ..JobRecord::new(kind, state, "")
        };
        let of = |drain, remove, held: Option<u64>| {
            let jobs = [job(1, JobKind::Drain, drain, None), job(2, JobKind::Remove, remove, Some(1))];
            due(&jobs, |_| Ok(held.map(Epoch))).expect("readable")
        };
        let (runs, waits, done) = (JobState::Running, JobState::Waiting, JobState::Done);
        assert_eq!(of(runs, waits, Some(3)), []);
        assert_eq!(of(JobState::Paused, waits, None), []);
        assert_eq!(of(runs, waits, None), [Due::Drained(JobId(1))]);
        assert_eq!(of(done, waits, None), [Due::Begins(JobId(2))]);
        assert_eq!(of(done, runs, None), [Due::Removes(JobId(2), NodeId(5))]);
        // something was placed there again meanwhile
        assert_eq!(of(done, runs, Some(4)), []);
        assert_eq!(of(done, JobState::Paused, None), []);
    }
}
