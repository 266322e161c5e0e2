//! One task: the members of a group that lack are read or rebuilt, written to their places, and so verified.

use std::collections::BTreeMap;

use futures::future::join_all;
use vs_core::{
    error::{Code, Failure},
    group::Group,
    hash::{ChunkHash, Hash},
    id::{AssetId, NodeId},
    manifest::Displaced,
    read::{Known, gather::gather},
};

use super::{
    note::Purpose,
    shell::{PutError, Shell},
    world::{Epochs, World},
};
use crate::{
    meta::{JobKind, JobRecord},
    plan::{repair::Health, urgency::Class},
    upload::write::PUT_TIMEOUT,
};

/// What work is done for, the most urgent first: each has a job that counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Work {
    Repair,
    /// This node is to be empty.
    Drain(NodeId),
    Move,
}

impl Work {
    /// The work that a job counts; none of those that are done otherwise.
    pub(super) fn of(job: &JobRecord) -> Option<Self> {
        match (job.kind, job.node) {
            (JobKind::Repair, _) => Some(Self::Repair),
            (JobKind::Drain, Some(node)) => Some(Self::Drain(node)),
            (JobKind::Move, _) => Some(Self::Move),
            (JobKind::Drain | JobKind::Remove | JobKind::Migrate, _) => None,
        }
    }

    pub(super) fn purpose(self) -> Purpose {
        match self {
            Self::Repair => Purpose::Repair,
            Self::Drain(_) => Purpose::Drain,
            Self::Move => Purpose::Move,
        }
    }
}

/// Members of one group to be written.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) asset: AssetId,
    pub(super) work: Work,
    pub(super) health: Health,
    /// Members that may still be lost.
    pub(super) spare: usize,
    pub(super) group: Group,
    pub(super) epochs: Epochs,
    pub(super) displaced: Vec<Displaced>,
    /// Nodes and members.
    pub(super) writes: Vec<(NodeId, usize)>,
    /// How full the fullest disks are that the asset's moves go to: the emptier, the earlier.
    pub(super) fullness: u64,
}

/// How a task ended.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// What is durable now, where it was not.
    pub(super) written: Vec<(NodeId, ChunkHash, u32)>,
    pub(super) failed: Option<Failure>,
    /// Nodes that were asked and gave nothing that was intact.
    pub(super) reads_failed: u64,
    /// Who had no room.
    pub(super) full: Vec<NodeId>,
}

impl Task {
    pub(super) fn name(&self) -> (AssetId, Hash) {
        (self.asset, self.group.key)
    }

    pub(super) fn class(&self) -> Class {
        match (self.work, self.health) {
            (Work::Repair, Health::Missing) => Class::Lost,
            (Work::Repair, _) => Class::Repair,
            (Work::Drain(_) | Work::Move, _) => Class::Move,
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.writes.iter().map(|(_, member)| u64::from(self.group.members[*member].bytes)).sum()
    }

    /// Reads what it needs and writes what lacks.
    pub(super) async fn run(&self, shell: &impl Shell, world: &World) -> Done {
        let (nodes, away) = world.known_and_away();
        let known = Known { layouts: self.epochs.layouts(), nodes: &nodes, away: &away, displaced: &self.displaced };
        let mut want: Vec<_> = self.writes.iter().map(|(_, member)| *member).collect();
        want.sort_unstable();
        want.dedup();
        let gathered = gather(shell, self.asset, &self.group, &want, &known).await;
        let reads_failed = (gathered.blamed.len() + gathered.silent.len()) as u64;
        let members = match gathered.members {
            Ok(members) => want.into_iter().zip(members).collect::<BTreeMap<_, _>>(),
            Err(failure) => return Done { failed: Some(failure), reads_failed, ..Done::default() },
        };
        let put = |(node, member): (NodeId, usize)| {
            let (bytes, chunk) = (members[&member].clone(), self.group.members[member]);
            async move {
                let put = shell.put(node, self.asset, chunk.hash, bytes, world.index, PUT_TIMEOUT).await;
                put.map(|()| (node, chunk.hash, chunk.bytes)).map_err(|error| (node, error))
            }
        };
        let mut done = Done { reads_failed, ..Done::default() };
        for put in join_all(self.writes.iter().copied().map(put)).await {
            match put {
                Ok(written) => done.written.push(written),
                Err((node, error)) => {
                    done.full.extend(matches!(error, PutError::Full(_)).then_some(node));
                    let failure = Failure::new(Code::Unreachable, format!("{node} did not take a chunk"));
                    done.failed = Some(failure.because(error));
                }
            }
        }
        done
    }
}
