//! Nodes: how they come, what they are, and how they go.

use uuid::Uuid;
use vs_core::{
    error::Code,
    id::{Epoch, JobId, NodeId},
    layout::Layout,
    limit::WEIGHT_MILLI_MAX,
    mutant::{Mutant, planted},
};

use super::{Answer, Step, Stop, check_text, dirs::check_dirs, refuse};
use crate::meta::{
    response::Response,
    table::{
        counters::{self, Counter},
        dirs::DirSpec,
        events::EventKind,
        jobs::{JobKind, JobState},
        layouts,
        nodes::{self, NODE_TEXT_CHARS_MAX, NODES_MAX, NodeRecord, NodeSpec, Nodes, Role},
    },
};

impl Step<'_, '_> {
    pub(super) fn node_join(&mut self, key: Uuid, spec: &NodeSpec) -> Answer {
        check_node(spec)?;
        let nodes = nodes::all(self.txn)?;
        let node = match nodes.iter().find(|node| node.key == Some(key)) {
            Some(known) => self.registered(known.id)?,
            None if nodes.iter().filter(|node| !node.removed).count() >= NODES_MAX => {
                return refuse(Code::Conflict, format!("{NODES_MAX} nodes are registered"));
            }
            None => self.register(spec, Some(key))?,
        };
        Ok(Response::Node { node: node.id, dirs: vec![] })
    }

    pub(super) fn register(&mut self, spec: &NodeSpec, key: Option<Uuid>) -> Result<NodeRecord, Stop> {
        let reused = match planted(Mutant::NodeIdReused) {
            true => nodes::all(self.txn)?.into_iter().find(|node| node.removed),
            false => None,
        };
        let id = match reused {
            Some(removed) => removed.id,
            None => NodeId(counters::take(self.txn, Counter::Node)?),
        };
        let incarnation = self.incarnation()?;
        let node = NodeRecord { incarnation, ..NodeRecord::new(id, spec.clone(), self.wall_ms, key) };
        self.txn.put::<Nodes>(&id, &node);
        self.event(EventKind::NodeJoined { node: id })?;
        Ok(node)
    }

    pub(super) fn node_update(&mut self, id: NodeId, spec: &NodeSpec, dirs: &[DirSpec]) -> Answer {
        check_node(spec)?;
        check_dirs(dirs)?;
        let node = self.registered(id)?;
        self.put_node(&NodeRecord { spec: spec.clone(), ..node })?;
        let dirs = self.update_dirs(id, dirs)?;
        Ok(Response::Node { node: id, dirs })
    }

    pub(super) fn node_readmit(&mut self, id: NodeId, addr: &str, key: Option<Uuid>) -> Answer {
        let incarnation = self.incarnation()?;
        if self.view().node(id)?.is_none() {
            return refuse(Code::NotFound, format!("incarnation {incarnation} of the cluster does not know {id}"));
        }
        let mut node = self.registered(id)?;
        if let Some(key) = key {
            // what it voted may not be forgotten twice
            if node.incarnation == incarnation && node.returned != Some(key) {
                return refuse(Code::Conflict, format!("{id} is in incarnation {incarnation} of the cluster already"));
            }
            (node.incarnation, node.returned) = (incarnation, Some(key));
        }
        if !addr.is_empty() {
            node.spec.addr = addr.to_owned();
        }
        check_node(&node.spec)?;
        self.put_node(&node)?;
        Ok(Response::Node { node: id, dirs: vec![] })
    }

    fn incarnation(&self) -> Result<u64, Stop> {
        Ok(self.view().cluster()?.map_or(0, |cluster| cluster.incarnation.into()))
    }

    pub(super) fn node_set(&mut self, id: NodeId, zone: Option<&str>, weight_milli: Option<u32>) -> Answer {
        let mut node = self.registered(id)?;
        if let Some(zone) = zone {
            check_text("zone", zone, NODE_TEXT_CHARS_MAX)?;
            if zone.is_empty() {
                return refuse(Code::Invalid, "the zone is empty");
            }
            node.zone_chosen = Some(zone.to_owned());
        }
        if let Some(weight_milli) = weight_milli {
            if !(1..=WEIGHT_MILLI_MAX).contains(&weight_milli) {
                return refuse(
                    Code::Invalid,
                    format!("the weight must lie between 1 and {WEIGHT_MILLI_MAX} thousandths"),
                );
            }
            node.weight_milli_chosen = Some(weight_milli);
        }
        self.put_node(&node)?;
        Ok(Response::Done)
    }

    /// Stores what a node is now, if that is anything new.
    pub(super) fn put_node(&mut self, node: &NodeRecord) -> Result<(), Stop> {
        if self.view().node(node.id)?.as_ref() != Some(node) {
            self.txn.put::<Nodes>(&node.id, node);
            self.event(EventKind::NodeUpdated { node: node.id })?;
        }
        Ok(())
    }

    pub(super) fn node_remove(
        &mut self,
        id: NodeId,
        layout: Option<&Layout>,
        lost: bool,
        job: Option<JobId>,
    ) -> Answer {
        let Some(node) = self.view().node(id)? else { return refuse(Code::NotFound, format!("no node {id}")) };
        if node.removed {
            return Ok(Response::Done);
        }
        if let Some(job) = job {
            self.check_removes(job, id)?;
        }
        if nodes::all(self.txn)?.iter().all(|other| other.id == id || !other.serves(Role::Metadata)) {
            return refuse(Code::Conflict, format!("{id} is the last node with the metadata role"));
        }
        let held = self.may_hold_chunks(id)?;
        if let Some(epoch) = held.filter(|_| !lost) {
            return refuse(Code::Conflict, format!("{id} may hold chunks: {epoch} lists it and assets depend on that"));
        }
        if !lost {
            self.check_not_last(&node)?;
        }
        let lost = held.is_some();
        self.txn.put::<Nodes>(&id, &NodeRecord { removed: true, lost, ..node });
        self.event(EventKind::NodeRemoved { node: id })?;
        // after the removal, so that a layout that still lists the node is refused
        match layout {
            Some(layout) => self.commit_layout(layout)?,
            None if self.view().current_layout()?.is_some_and(|layout| layout.lists(id)) => {
                return refuse(Code::Conflict, format!("the layout lists {id}, and no other one was given"));
            }
            None => {}
        }
        self.end_jobs_of_removed(id, lost)?;
        Ok(Response::Done)
    }

    /// Refuses an end that is not that of a job which removes the node, and runs.
    fn check_removes(&self, job: JobId, id: NodeId) -> Result<(), Stop> {
        let runs = self
            .open_jobs_of(id)?
            .into_iter()
            .any(|open| open.id == job && open.kind == JobKind::Remove && open.state == JobState::Running);
        if runs { Ok(()) } else { refuse(Code::Conflict, format!("job {job} does not remove {id} any more")) }
    }

    /// The first epoch, from the oldest that places an asset on, by which chunks or stand-ins for them may be on the node.
    fn may_hold_chunks(&self, id: NodeId) -> Result<Option<Epoch>, Stop> {
        let layouts = layouts::in_force(self.txn)?;
        Ok(layouts.into_iter().find(|layout| layouts::may_hold(layout, id)).map(|layout| layout.epoch))
    }

    /// A node that is there and was not removed.
    pub(super) fn registered(&self, id: NodeId) -> Result<NodeRecord, Stop> {
        match self.view().node(id)? {
            Some(node) if node.removed => refuse(Code::Conflict, format!("{id} was removed")),
            Some(node) => Ok(node),
            None => refuse(Code::NotFound, format!("no node {id}")),
        }
    }
}

pub(super) fn check_node(spec: &NodeSpec) -> Result<(), Stop> {
    for (what, text) in [("address", &spec.addr), ("zone", &spec.zone), ("version", &spec.version)] {
        check_text(what, text, NODE_TEXT_CHARS_MAX)?;
    }
    Ok(())
}
