//! What people, counters and traces hear of the work.

use vs_core::{
    error::Failure,
    hash::ChunkHash,
    id::{AssetId, Epoch, JobId, NodeId},
    layout::Scheme,
};

use super::shell::Unavailable;
use crate::meta::Refused;

/// What work a copy was written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    Repair,
    Drain,
    Move,
    Migrate,
}

impl Purpose {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Repair => "repair",
            Self::Drain => "drain",
            Self::Move => "move",
            Self::Migrate => "migrate",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note<'a> {
    /// A copy of so many bytes is durable on a node that did not have it.
    Copied {
        purpose: Purpose,
        asset: AssetId,
        node: NodeId,
        chunk: ChunkHash,
        bytes: u32,
    },
    /// A task could not be done.
    TaskFailed {
        asset: AssetId,
        failure: &'a Failure,
    },
    /// All copies were not looked through; they will be.
    PassFailed(&'a Unavailable),
    /// Every copy of the asset is in its place, and the log says so.
    Placed {
        asset: AssetId,
        epoch: Epoch,
    },
    NotPlaced {
        asset: AssetId,
        refused: &'a Refused,
    },
    /// Chunks of the asset cannot be had from anybody, and the log says so.
    Damaged(AssetId),
    /// All of it can be read again.
    Mended(AssetId),
    /// Whether the asset is damaged is not recorded.
    DamageRefused {
        asset: AssetId,
        refused: &'a Refused,
    },
    JobRefused(&'a Refused),
    /// The asset is kept by another scheme.
    Migrated {
        asset: AssetId,
        scheme: Scheme,
    },
    MigrationFailed(&'a Failure),
    /// What is to be kept by another scheme was not looked for; it will be.
    MigrationUnavailable(&'a Unavailable),
    /// A step of a job of a node was not taken.
    StepRefused {
        job: JobId,
        refused: &'a Refused,
    },
    /// The jobs of nodes do not go on now; they will.
    StepsFailed(&'a Unavailable),
    /// A step of an upload is repeated.
    UploadStepFailed(&'a Failure),
}
