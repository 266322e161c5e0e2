//! The jobs of nodes that are to go, step by step: what is due is told by the log alone, so any leader goes on with them.

use std::time::Duration;

use vs_core::{
    error::{Code, Failure},
    id::NodeId,
    layout::Layout,
    limit::PAGE_ITEMS_MAX,
};

use super::{
    note::Note,
    repair::Repairer,
    shell::{Shell, State, Unavailable},
};
use crate::{
    meta::{Command, JobRecord, JobState},
    plan::jobs::{self, Step},
};

/// How often it is looked whether a step is due.
const LOOK: Duration = Duration::from_secs(1);

impl<S: Shell> Repairer<S> {
    /// Goes on with the jobs of nodes, while this node leads.
    pub(super) async fn look_after_nodes(&self) {
        loop {
            self.shell.sleep(LOOK).await;
            if !self.leads() {
                continue;
            }
            let open = |job: &JobRecord| job.is_of_node() && !job.state.is_over();
            let jobs = self.shell.stale().view().jobs(None, PAGE_ITEMS_MAX).unwrap_or_default();
            if jobs.iter().any(open)
                && let Err(error) = self.take_steps().await
            {
                self.shell.note(Note::StepsFailed(&error));
            }
        }
    }

    async fn take_steps(&self) -> Result<(), Unavailable> {
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
                    let layout = self.layout_without(node).await?;
                    Command::NodeRemove { node, layout, lost: false, job: Some(job) }
                }
            };
            if let Err(refused) = self.shell.propose(command).await?.accepted() {
                self.shell.note(Note::StepRefused { job: id, refused: &refused });
                // said once: the next look comes in a second
                if job.log.last().is_none_or(|(_, line)| *line != refused.what) {
                    let log = vec![(self.shell.wall_ms(), refused.what)];
                    self.shell.propose(put(JobRecord { log, ..job })).await?;
                }
            }
        }
        Ok(())
    }
    /// The next layout, without a node; none when the current one does not have it.
    async fn layout_without(&self, node: NodeId) -> Result<Option<Layout>, Unavailable> {
        let Some(current) = self.shell.read().await?.view().current_layout()? else { return Ok(None) };
        let without = self.shell.compute(move || jobs::layout_without(&current, node)).await;
        without.ok_or_else(|| Unavailable(Failure::new(Code::Internal, "no layout was made")))
    }
}
