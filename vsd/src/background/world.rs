//! The cluster as one pass sees it.

use std::{collections::BTreeMap, sync::Arc};

use vs_core::{
    id::{Epoch, NodeId},
    layout::Layout,
    limit::PAGE_ITEMS_MAX,
};
use vsd_core::{
    meta::{LeaderTerm, SettingName, TableError, View, index_in},
    plan::repair::Presence,
};

use crate::meta::Meta;

/// Everything but the assets.
#[derive(Clone, Debug)]
pub(super) struct World {
    /// Up to where the log is known, as nodes are told it.
    pub(super) index: u64,
    /// The term that this node leads.
    pub(super) term: LeaderTerm,
    /// Every epoch that is kept, oldest first.
    layouts: Arc<[Layout]>,
    pub(super) nodes: BTreeMap<NodeId, Node>,
    pub(super) grace_ms: u64,
    pub(super) bytes_per_s: u64,
    pub(super) concurrency: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) addr: String,
    pub(super) presence: Presence,
    /// For how long it has been silent, when it is.
    pub(super) silent_ms: u64,
}

/// The epochs of an asset, oldest first.
#[derive(Clone, Debug)]
pub(super) struct Epochs {
    all: Arc<[Layout]>,
    from: usize,
}

impl Epochs {
    pub(super) fn layouts(&self) -> &[Layout] {
        &self.all[self.from..]
    }
}

/// The term of this node as its leader.
pub(super) fn own_term(cluster: &vs_wire::v1::ClusterState, me: NodeId) -> LeaderTerm {
    LeaderTerm::new(cluster.term, me)
}

/// What of the cluster's picture makes another pass worth while when it changes.
pub(super) type Signature = (u64, Vec<(u64, String, u64, u64)>);

pub(super) fn signature(meta: &Meta) -> Signature {
    let cluster = meta.watch_cluster();
    let cluster = cluster.borrow();
    let node = |node: &vs_wire::v1::NodeInfo| (node.id, node.state.clone(), node.damaged, node.dirs_changed);
    (cluster.epoch, cluster.nodes.iter().map(node).collect())
}

impl World {
    /// None while this node does not lead, or its term has not reached the log: what it would commit would be refused.
    pub(super) fn see(meta: &Meta, view: &View<'_>, applied: u64) -> Result<Option<Self>, TableError> {
        let cluster = meta.watch_cluster().borrow().clone();
        let leads = cluster.nodes.iter().any(|node| node.leader && NodeId(node.id) == meta.node());
        let term = own_term(&cluster, meta.node());
        if !leads || view.clock()?.term != term {
            return Ok(None);
        }
        let mut nodes = BTreeMap::new();
        for record in view.nodes(None, PAGE_ITEMS_MAX)? {
            let told = cluster.nodes.iter().find(|node| node.id == record.id.0);
            let presence = match told.map(|node| node.state.as_str()) {
                _ if record.removed => Presence::Gone,
                Some("up") => Presence::Up,
                _ => Presence::Silent,
            };
            let silent_ms = told.and_then(|node| node.heard_ms).unwrap_or(0);
            nodes.insert(record.id, Node { addr: record.spec.addr, presence, silent_ms });
        }
        let setting = |name| view.setting(name);
        Ok(Some(Self {
            index: index_in(meta.incarnation(), applied),
            term,
            layouts: view.layouts_since(Epoch(0), PAGE_ITEMS_MAX)?.into(),
            nodes,
            grace_ms: setting(SettingName::RepairGrace)?,
            bytes_per_s: setting(SettingName::RepairRate)?,
            concurrency: usize::try_from(setting(SettingName::RepairConcurrency)?).unwrap_or(1).max(1),
        }))
    }

    /// The epochs from `since` on; none when that one is not kept.
    pub(super) fn epochs(&self, since: Epoch) -> Option<Epochs> {
        let from = self.layouts.iter().position(|layout| layout.epoch == since)?;
        Some(Epochs { all: self.layouts.clone(), from })
    }

    pub(super) fn current(&self) -> Option<&Layout> {
        self.layouts.last()
    }

    pub(super) fn presence(&self, node: NodeId) -> Presence {
        self.nodes.get(&node).map_or(Presence::Gone, |node| node.presence)
    }

    pub(super) fn addr(&self, node: NodeId) -> Option<&str> {
        self.nodes.get(&node).map(|node| node.addr.as_str())
    }

    /// Nodes that may still have something, and those of them that are silent.
    pub(super) fn known_and_away(&self) -> (Vec<NodeId>, Vec<NodeId>) {
        let with = |presence: Presence| self.nodes.iter().filter(move |(_, node)| node.presence == presence);
        let ids = |presence| with(presence).map(|(id, _)| *id).collect::<Vec<_>>();
        let away = ids(Presence::Silent);
        (ids(Presence::Up).into_iter().chain(away.iter().copied()).collect(), away)
    }
}
