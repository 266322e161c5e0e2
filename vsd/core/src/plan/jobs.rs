//! Which jobs of nodes begin and end, and which node goes (DESIGN §10).
//!
//! The jobs are opened with an operator's wish and closed with the removal, or with another wish; what is left for the
//! leader is to see that one is done and the next may begin.
//!
//! Invariants:
//! - Nothing is remembered: whoever leads takes the same steps, and a step that was taken already is not found again.
//! - A node is drained before its removal begins. It goes only while that runs, when no epoch that is needed places
//!   anything on it and it writes no upload; the log checks the first three again.
//! - What is paused stays as it is.

use vs_core::{
    id::{Epoch, JobId, NodeId},
    layout::Layout,
    limit::PAGE_ITEMS_MAX,
    placement,
};

use crate::meta::{JobKind, JobRecord, JobState, TableError, View};

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The job runs from now on: what it waited for is over.
    Begin(JobId),
    /// The job is done.
    End(JobId),
    /// The node is removed, which ends the job.
    Remove { node: NodeId, job: JobId },
}

/// The steps that can be taken by the state as it is.
///
/// # Errors
/// When the tables cannot be read.
pub fn next_steps(view: View<'_>) -> Result<Vec<Step>, TableError> {
    let open = open_jobs(view)?;
    let steps = open.iter().map(|job| step(view, job, &open));
    steps.filter_map(Result::transpose).collect()
}

/// The step of one of the open jobs, if there is any.
fn step(view: View<'_>, job: &JobRecord, open: &[JobRecord]) -> Result<Option<Step>, TableError> {
    let Some(node) = job.node.filter(|_| job.is_of_node()) else { return Ok(None) };
    let waits = open.iter().any(|other| Some(other.id) == job.after);
    let is_empty = || view.held_by(node).map(|epoch| epoch.is_none());
    Ok(match (job.kind, job.state) {
        (_, JobState::Waiting) if !waits => Some(Step::Begin(job.id)),
        (JobKind::Drain, JobState::Running) if is_empty()? => Some(Step::End(job.id)),
        (JobKind::Remove, JobState::Running) if is_empty()? && !writes_upload(view, node)? => {
            Some(Step::Remove { node, job: job.id })
        }
        _ => None,
    })
}

/// The next layout, without a node; none when this one does not have it.
#[must_use]
pub fn layout_without(current: &Layout, node: NodeId) -> Option<Layout> {
    let left = current.nodes.iter().filter(|listed| listed.id != node).cloned().collect();
    let next = || placement::propose(Epoch(current.epoch.0 + 1), Some(current), left);
    current.lists(node).then(next)
}

/// Whether the node writes an upload that is not over: its spool is nowhere else.
///
/// # Errors
/// When the tables cannot be read.
pub fn writes_upload(view: View<'_>, node: NodeId) -> Result<bool, TableError> {
    let mut after = None;
    loop {
        let page = view.uploads(after, PAGE_ITEMS_MAX)?;
        let Some(last) = page.last() else { return Ok(false) };
        after = Some(last.id);
        if page.iter().any(|upload| upload.node == node && !upload.is_over()) {
            return Ok(true);
        }
    }
}

fn open_jobs(view: View<'_>) -> Result<Vec<JobRecord>, TableError> {
    let mut jobs = view.jobs(None, PAGE_ITEMS_MAX)?;
    jobs.retain(|job| !job.state.is_over());
    Ok(jobs)
}

#[cfg(test)]
mod tests;
