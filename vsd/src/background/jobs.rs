//! The jobs of nodes that are to go, step by step: what is due is told by the log alone, so any leader goes on with them.

use std::time::Duration;

use vs_core::limit::PAGE_ITEMS_MAX;
use vsd_core::{
    meta::{Command, JobRecord, JobState},
    plan::jobs::{self, Step},
};

use super::repair::Repairer;
use crate::{meta::MetaError, run::wall_ms};

/// How often it is looked whether a step is due.
const LOOK: Duration = Duration::from_secs(1);

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
        let steps = jobs::next_steps(state.view())?;
        for step in steps {
            let (Step::Begin(id) | Step::End(id) | Step::Remove { job: id, .. }) = step;
            let Some(job) = state.view().job(id)? else { continue };
            let put = |job| Command::JobPut { job, term: world.term };
            let command = match step {
                Step::Begin(_) => put(JobRecord { state: JobState::Running, ..job.clone() }),
                Step::End(_) => put(JobRecord { state: JobState::Done, ..job.clone() }),
                Step::Remove { node, job } => {
                    let layout = self.meta.layout_without(node).await?;
                    Command::NodeRemove { node, layout, lost: false, job: Some(job) }
                }
            };
            if let Err(refused) = self.meta.propose(command).await?.accepted() {
                tracing::debug!(job = %id, %refused, "a step of a job is not taken");
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
