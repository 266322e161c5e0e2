//! What operators want of nodes and of moves. The jobs of a node are opened and ended in one step with the wish.

use vs_core::{
    error::Code,
    id::{Epoch, NodeId},
    layout::NodeWish,
};

use super::{Answer, Step, Stop, jobs::now, refuse};
use crate::meta::{
    response::{Refused, Response},
    table::{
        cluster::{Cluster, ClusterRecord},
        jobs::{JobKind, JobRecord, JobState},
        nodes::{self, NodeRecord, Role},
    },
};

impl Step<'_, '_> {
    pub(super) fn node_wish(&mut self, id: NodeId, wish: NodeWish) -> Answer {
        let node = self.registered(id)?;
        let was = node.wish;
        if wish != NodeWish::In {
            self.check_not_last(&node)?;
        }
        if wish == NodeWish::Out {
            self.check_not_last_with_metadata(&node)?;
        }
        self.put_node(&NodeRecord { wish, ..node })?;
        let open = self.open_jobs_of(id)?;
        let of = |kind| open.iter().find(|job| job.kind == kind);
        if let Some(remove) = of(JobKind::Remove).filter(|_| wish != NodeWish::Out) {
            self.change_job(remove.clone(), JobState::Cancelled, "cancelled")?;
        }
        match (wish, of(JobKind::Drain)) {
            (NodeWish::In, Some(drain)) => {
                self.change_job(drain.clone(), JobState::Cancelled, "cancelled").map(drop)?
            }
            (NodeWish::In, None) => {}
            (NodeWish::Draining, Some(drain)) => return Ok(now(drain)),
            (NodeWish::Draining, None) if was == NodeWish::In => return self.open_drain(id).map(|job| now(&job)),
            // it has been drained
            (NodeWish::Draining, None) => {}
            (NodeWish::Out, drain) => return self.open_remove(id, drain, of(JobKind::Remove)),
        }
        Ok(Response::Done)
    }

    fn open_drain(&mut self, node: NodeId) -> Result<JobRecord, Stop> {
        let what = format!("{node} is emptied");
        self.open_job(JobRecord { node: Some(node), ..JobRecord::new(JobKind::Drain, JobState::Running, what) })
    }

    fn open_remove(&mut self, node: NodeId, drain: Option<&JobRecord>, remove: Option<&JobRecord>) -> Answer {
        if let Some(remove) = remove {
            return Ok(now(remove));
        }
        let after = match drain {
            Some(drain) => drain.id,
            None => self.open_drain(node)?.id,
        };
        let remove = JobRecord::new(JobKind::Remove, JobState::Waiting, format!("{node} is removed"));
        self.open_job(JobRecord { node: Some(node), after: Some(after), ..remove }).map(|job| now(&job))
    }

    /// Refuses a change after which no node would take chunks.
    pub(super) fn check_not_last(&self, node: &NodeRecord) -> Result<(), Stop> {
        let takes = |node: &NodeRecord| node.wish == NodeWish::In && node.serves(Role::Storage);
        self.check_other(node, Role::Storage, takes, ["that takes chunks", "is to be emptied", "stores"])
    }

    /// Refuses the wish for a removal that could never end: somebody has to keep the metadata.
    fn check_not_last_with_metadata(&self, node: &NodeRecord) -> Result<(), Stop> {
        let stays = |node: &NodeRecord| node.wish != NodeWish::Out && node.serves(Role::Metadata);
        self.check_other(node, Role::Metadata, stays, ["with the metadata role", "is to be removed", "has it"])
    }

    /// Refuses a change after which no node would be left for what this one is: said of this one, of another one that has
    /// the role and is not to be counted on either, and of all others when none has the role.
    fn check_other(
        &self,
        node: &NodeRecord,
        role: Role,
        counts: fn(&NodeRecord) -> bool,
        [what, wished, does]: [&str; 3],
    ) -> Result<(), Stop> {
        let others: Vec<_> = nodes::all(self.txn)?.into_iter().filter(|other| other.id != node.id).collect();
        if !counts(node) || others.iter().any(counts) {
            return Ok(());
        }
        let refused = Refused::new(Code::Conflict, format!("{} is the last node {what}", node.id));
        Err(Stop::Refused(match others.iter().find(|other| other.serves(role)) {
            Some(other) => {
                refused.because(format!("{} {wished}", other.id)).hint(format!("vsctl node undrain {}", other.id))
            }
            None => refused.because(format!("no other node {does}")).hint("vsctl node add HOST:PORT"),
        }))
    }

    /// The jobs of a node that was just removed are over: what it was to be is so, unless what it held was given up.
    pub(super) fn end_jobs_of_removed(&mut self, node: NodeId, lost: bool) -> Result<(), Stop> {
        for job in self.open_jobs_of(node)? {
            let given_up = lost && job.kind == JobKind::Drain;
            let state = if given_up { JobState::Cancelled } else { JobState::Done };
            let line = if lost { format!("{node} was given up") } else { format!("{node} was removed") };
            self.change_job(job, state, line)?;
        }
        Ok(())
    }

    pub(super) fn moves_stop(&mut self, epoch: Epoch) -> Answer {
        let current = self.view().epoch()?.unwrap_or_default();
        if epoch > current {
            return refuse(Code::Conflict, format!("{epoch} is not there yet, {current} is current"));
        }
        let Some(cluster) = self.view().cluster()? else { return Ok(Response::Done) };
        let moves_stopped = cluster.moves_stopped.max(epoch);
        self.txn.put::<Cluster>(&(), &ClusterRecord { moves_stopped, ..cluster });
        for job in self.open_jobs()?.into_iter().filter(|job| job.kind == JobKind::Move && epoch == current) {
            self.change_job(job, JobState::Cancelled, "cancelled")?;
        }
        Ok(Response::Done)
    }

    pub(super) fn moves_start(&mut self) -> Answer {
        if let Some(cluster) = self.view().cluster()? {
            self.txn.put::<Cluster>(&(), &ClusterRecord { moves_stopped: Epoch::default(), ..cluster });
        }
        Ok(Response::Done)
    }
}
