//! The cluster itself: its begin, its nodes and directories, and its time.

use vs_core::{
    error::Code,
    id::{ClusterId, DirId, Epoch, NodeId},
    layout::{Layout, LayoutNode, NodeWish},
};

use super::{Answer, Step, Stop, check_text, refuse};
use crate::meta::{
    response::Response,
    table::{
        clock::Clocks,
        cluster::{Cluster, ClusterRecord},
        counters::{self, Counter},
        dirs::{DIRS_MAX, DirRecord, DirSpec, DirState, Dirs},
        events::EventKind,
        layouts::Layouts,
        nodes::{NODE_TEXT_CHARS_MAX, NodeRecord, NodeSpec, Nodes},
        uploads::REASON_CHARS_MAX,
    },
};

/// An ordinary node's share of the data, in thousandths.
const WEIGHT_MILLI: u32 = 1_000;
/// Longest path of a data directory, in characters.
const PATH_CHARS_MAX: usize = 4_096;

impl Step<'_, '_> {
    pub(super) fn bootstrap(&mut self, cluster: ClusterId, spec: &NodeSpec, dirs: &[DirSpec]) -> Answer {
        check_node(spec, dirs)?;
        if let Some(there) = self.view().cluster()? {
            if there.id != cluster {
                return refuse(Code::Conflict, format!("this is cluster {} already", there.id));
            }
            return self.node_update(NodeId(1), spec, dirs);
        }
        let record = ClusterRecord { id: cluster, incarnation: 0, created_ms: self.wall_ms };
        self.txn.put::<Cluster>(&(), &record);
        self.event(EventKind::ClusterCreated)?;

        let id = NodeId(counters::take(self.txn, Counter::Node)?);
        self.txn.put::<Nodes>(&id, &NodeRecord { id, spec: spec.clone(), joined_ms: self.wall_ms });
        self.event(EventKind::NodeJoined { node: id })?;

        let epoch = Epoch(counters::take(self.txn, Counter::Epoch)?);
        let zone = spec.zone.clone();
        let layout = Layout::single(LayoutNode { id, zone, weight_milli: WEIGHT_MILLI, wish: NodeWish::In });
        self.txn.put::<Layouts>(&epoch, &layout);

        let dirs = self.update_dirs(id, dirs)?;
        Ok(Response::Node { node: id, dirs })
    }

    pub(super) fn node_update(&mut self, id: NodeId, spec: &NodeSpec, dirs: &[DirSpec]) -> Answer {
        check_node(spec, dirs)?;
        let Some(mut node) = self.view().node(id)? else {
            return refuse(Code::NotFound, format!("no node {id}"));
        };
        if node.spec != *spec {
            node.spec = spec.clone();
            self.txn.put::<Nodes>(&id, &node);
            self.event(EventKind::NodeUpdated { node: id })?;
        }
        let dirs = self.update_dirs(id, dirs)?;
        Ok(Response::Node { node: id, dirs })
    }

    /// Makes the node's directories those named: new ones get an id, absent ones are missing.
    fn update_dirs(&mut self, node: NodeId, specs: &[DirSpec]) -> Result<Vec<DirId>, Stop> {
        let known = self.view().dirs_of(node)?;
        for gone in known.iter().filter(|dir| specs.iter().all(|spec| spec.key != dir.key)) {
            if gone.state != DirState::Missing {
                let fault = gone.unmended().map(str::to_owned);
                self.txn.put::<Dirs>(&gone.id, &DirRecord { state: DirState::Missing, fault, ..gone.clone() });
                self.event(EventKind::DirMissing { dir: gone.id, node })?;
            }
        }
        let mut ids = Vec::with_capacity(specs.len());
        for spec in specs {
            ids.push(self.update_dir(node, spec, known.iter().find(|dir| dir.key == spec.key))?);
        }
        Ok(ids)
    }

    fn update_dir(&mut self, node: NodeId, spec: &DirSpec, known: Option<&DirRecord>) -> Result<DirId, Stop> {
        let id = match known {
            Some(dir) => dir.id,
            None => {
                let id = DirId(counters::take(self.txn, Counter::Dir)?);
                self.event(EventKind::DirAdded { dir: id, node })?;
                id
            }
        };
        // a failed sync is remembered although the directory looks well after a restart
        let remembered = known.and_then(DirRecord::unmended).filter(|_| !spec.mended);
        let fault = remembered.or(spec.fault.as_deref()).map(str::to_owned);
        let state = fault.clone().map_or(DirState::Ok, |reason| DirState::ReadOnly { reason });
        let record = DirRecord { id, node, key: spec.key, path: spec.path.clone(), state, fault };
        if known == Some(&record) {
            return Ok(id);
        }
        if let Some(known) = known
            && known.unmended().is_some()
            && record.state == DirState::Ok
        {
            self.event(EventKind::DirMended { dir: id, node })?;
        }
        if let DirState::ReadOnly { reason } = &record.state
            && known.is_none_or(|dir| dir.state != record.state)
        {
            self.event(EventKind::DirReadOnly { dir: id, node, reason: reason.clone() })?;
        }
        self.txn.put::<Dirs>(&id, &record);
        Ok(id)
    }

    pub(super) fn tick(&mut self, term: u64, elapsed_ms: u64) -> Answer {
        let clock = self.view().clock()?.ticked(term, elapsed_ms);
        self.txn.put::<Clocks>(&(), &clock);
        Ok(Response::Ticked { now_ms: clock.now.0 })
    }
}

fn check_node(spec: &NodeSpec, dirs: &[DirSpec]) -> Result<(), Stop> {
    for (what, text) in [("address", &spec.addr), ("zone", &spec.zone), ("version", &spec.version)] {
        check_text(what, text, NODE_TEXT_CHARS_MAX)?;
    }
    if dirs.len() > DIRS_MAX {
        return refuse(Code::Invalid, format!("more than {DIRS_MAX} data directories"));
    }
    for (i, dir) in dirs.iter().enumerate() {
        check_text("path", &dir.path, PATH_CHARS_MAX)?;
        check_text("fault", dir.fault.as_deref().unwrap_or_default(), REASON_CHARS_MAX)?;
        if dirs[..i].iter().any(|other| other.key == dir.key) {
            return refuse(Code::Invalid, format!("{} is named twice, or is a copy of another directory", dir.path));
        }
    }
    Ok(())
}
