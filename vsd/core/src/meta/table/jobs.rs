//! Long tasks of the cluster, for people: what runs, how far it is, and what ran lately.
//!
//! A job is what is told of work, not the work: planners compare and go on whether or not it was told of. Only that it
//! is paused is heeded. The jobs of a node that is to be emptied or removed are different: they are opened with the wish
//! for the node and are over when it is fulfilled or taken back, all in one step, so that the one is never without the
//! other.

use serde::{Deserialize, Serialize};
use vs_core::id::{AssetId, JobId, NodeId};

use crate::meta::family::Family;

/// Most jobs that are not over.
pub const JOBS_OPEN_MAX: usize = 100;
/// Most jobs that are over and remembered.
pub const JOBS_ENDED_MAX: usize = 100;
/// Longest description of a job, in characters.
pub const JOB_TEXT_CHARS_MAX: usize = 500;
/// Most lines that are remembered of what happened to a job; they are no longer than its description.
pub const JOB_LOG_LINES_MAX: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Members that are missing or damaged are written again.
    Repair,
    /// Members go where a newer layout places them.
    Move,
    /// An asset is kept by another scheme.
    Migrate,
    /// Everything a node holds goes elsewhere.
    Drain,
    /// A node goes for good, once it is drained.
    Remove,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// For another job to be done, or for somebody to begin it.
    Waiting,
    Running,
    Paused,
    Done,
    Failed,
    /// By an operator.
    Cancelled,
}

impl JobState {
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRecord {
    /// 0 until the log has given it one.
    pub id: JobId,
    pub kind: JobKind,
    pub state: JobState,
    /// Wall times, for display, stamped by the log.
    pub began_ms: u64,
    pub updated_ms: u64,
    #[serde(default)]
    pub ended_ms: Option<u64>,
    pub chunks_total: u64,
    pub chunks_done: u64,
    pub bytes_total: u64,
    pub bytes_done: u64,
    /// Nodes that were asked for a chunk and gave none that was intact, each time that happened.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reads_failed: u64,
    /// One line for people.
    pub what: String,
    /// The node that is drained or removed.
    #[serde(default)]
    pub node: Option<NodeId>,
    /// The asset that is migrated.
    #[serde(default)]
    pub asset: Option<AssetId>,
    /// The job that it waits for.
    #[serde(default)]
    pub after: Option<JobId>,
    /// What happened and when, by the wall clock, oldest first.
    #[serde(default)]
    pub log: Vec<(u64, String)>,
}

impl JobRecord {
    /// One that begins: the log gives it its id and its times.
    #[must_use]
    pub fn new(kind: JobKind, state: JobState, what: impl Into<String>) -> Self {
        Self {
            id: JobId::default(),
            kind,
            state,
            began_ms: 0,
            updated_ms: 0,
            ended_ms: None,
            chunks_total: 0,
            chunks_done: 0,
            bytes_total: 0,
            bytes_done: 0,
            reads_failed: 0,
            what: what.into(),
            node: None,
            asset: None,
            after: None,
            log: Vec::new(),
        }
    }

    /// Whether it belongs to the wish for a node.
    #[must_use]
    pub fn is_of_node(&self) -> bool {
        matches!(self.kind, JobKind::Drain | JobKind::Remove)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

pub(in crate::meta) struct Jobs;

impl Family for Jobs {
    const TAG: u8 = 0x44;
    type Id = JobId;
    type Value = JobRecord;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meta::family::test::round_trip;

    fn job(id: u64, number: u64, what: String) -> (JobId, JobRecord) {
        let record = JobRecord {
            id: JobId(id),
            kind: [JobKind::Drain, JobKind::Remove, JobKind::Migrate][usize::from(number.to_le_bytes()[0]) % 3],
            state: JobState::Cancelled,
            began_ms: number,
            updated_ms: number,
            ended_ms: Some(number),
            chunks_total: number,
            chunks_done: number,
            bytes_total: number,
            bytes_done: number,
            reads_failed: number,
            node: Some(NodeId(number)),
            asset: Some(AssetId(number)),
            after: Some(JobId(number)),
            log: vec![(number, what.clone())],
            what,
        };
        (JobId(id), record)
    }

    proptest! {
        #[test]
        fn jobs_round_trip(a: (u64, u64, String), b: (u64, u64, String)) {
            round_trip::<Jobs>(job(a.0, a.1, a.2), job(b.0, b.1, b.2));
        }
    }
}
