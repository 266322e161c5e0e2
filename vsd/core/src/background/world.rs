//! The cluster as one pass sees it.

use std::{collections::BTreeMap, sync::Arc};

use vs_core::{
    hash::ChunkHash,
    id::{AssetId, Epoch, JobId, NodeId},
    layout::{Layout, LayoutNode, NodeWish},
    limit::PAGE_ITEMS_MAX,
};

use super::{
    holdings::Said,
    picture::{NodePicture, Picture, Shown},
    shell::{Question, Shell, State},
};
use crate::{
    meta::{JobRecord, JobState, LeaderTerm, SettingName, TableError, index_in},
    plan::repair::{Held, Presence},
    upload::write::Known,
};

/// Everything but the assets.
#[derive(Clone, Debug)]
pub(super) struct World {
    /// Up to where the log is known, as nodes are told it.
    pub(super) index: u64,
    /// The term that this node leads.
    pub(super) term: LeaderTerm,
    /// Every epoch that an asset is placed by, and the newest, oldest first.
    layouts: Arc<[Layout]>,
    pub(super) nodes: BTreeMap<NodeId, Node>,
    /// Nothing moves towards this epoch or an older one.
    moves_stopped: Epoch,
    pub(super) grace_ms: u64,
    pub(super) bytes_per_s: u64,
    pub(super) concurrency: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) presence: Presence,
    /// For how long it has been silent, when it is.
    pub(super) silent_ms: u64,
    /// Of its disks, in percent.
    pub(super) used_percent: u64,
    /// It takes no more chunks.
    pub(super) is_full: bool,
    /// Its operator wants it to be empty.
    pub(super) leaves: bool,
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

/// What of the cluster's picture makes another pass worth while when it changes.
pub(super) type Signature = (Epoch, Vec<Disks>, Wishes);

/// Epoch up to which moves are stopped, and jobs that an operator may have changed.
type Wishes = (Epoch, Vec<(JobId, JobState)>);

pub(super) fn signature(shell: &impl Shell) -> Signature {
    let picture = shell.picture();
    (picture.epoch, picture.nodes.iter().map(disks).collect(), wishes(shell).unwrap_or_default())
}

/// What a node says of its disks, and whether it can be asked.
type Disks = (NodeId, Shown, u64, u64);

fn disks(node: &NodePicture) -> Disks {
    (node.id, node.state, node.damaged, node.dirs_changed)
}

/// The same of the nodes of a layout.
pub(super) fn disks_of(shell: &impl Shell, layout: &Layout) -> Vec<Disks> {
    shell.picture().nodes.iter().filter(|node| layout.lists(node.id)).map(disks).collect()
}

/// The first of these nodes that is down: not one that is silent for a moment.
pub(super) fn down(shell: &impl Shell, mut nodes: impl Iterator<Item = NodeId>) -> Option<NodeId> {
    let picture = shell.picture();
    nodes.find(|id| picture.node(*id).is_some_and(|node| node.state == Shown::Down))
}

fn wishes(shell: &impl Shell) -> Result<Wishes, TableError> {
    let state = shell.stale();
    let jobs = state.view().jobs(None, PAGE_ITEMS_MAX)?;
    let held_up = |job: &JobRecord| matches!(job.state, JobState::Paused | JobState::Cancelled);
    let held_up = jobs.iter().filter(|job| held_up(job)).map(|job| (job.id, job.state)).collect();
    Ok((state.view().cluster()?.map_or(Epoch::default(), |cluster| cluster.moves_stopped), held_up))
}

impl World {
    /// None while this node does not lead, or its term has not reached the log: what it would commit would be refused.
    pub(super) fn see<S: Shell>(shell: &S, state: &S::State) -> Result<Option<Self>, TableError> {
        let (picture, view) = (shell.picture(), state.view());
        let Some(term) = shell.reign() else { return Ok(None) };
        if view.clock()?.term != term {
            return Ok(None);
        }
        let mut nodes = BTreeMap::new();
        for record in view.nodes(None, PAGE_ITEMS_MAX)? {
            let told = picture.node(record.id);
            let presence = match told {
                _ if record.removed => Presence::Gone,
                Some(node) if node.state.is_up() => Presence::Up,
                _ => Presence::Silent,
            };
            let silent_ms = told.and_then(|node| node.heard_ms).unwrap_or(0);
            let node = Node {
                presence,
                silent_ms,
                used_percent: told.map_or(0, NodePicture::used_percent),
                is_full: picture.known(record.id) == Known::Full,
                leaves: record.wish != NodeWish::In,
            };
            nodes.insert(record.id, node);
        }
        let setting = |name| view.setting(name);
        Ok(Some(Self {
            // of this very state: nodes must not be told of less than was known
            index: index_in(shell.incarnation(), state.applied()?),
            term,
            layouts: shell.layouts().in_use(&view)?,
            nodes,
            moves_stopped: view.cluster()?.map_or(Epoch::default(), |cluster| cluster.moves_stopped),
            grace_ms: setting(SettingName::RepairGrace)?,
            bytes_per_s: setting(SettingName::RepairRate)?,
            concurrency: usize::try_from(setting(SettingName::RepairConcurrency)?).unwrap_or(1).max(1),
        }))
    }

    /// The epochs from `since` on; none when that one is not kept.
    pub(super) fn epochs(&self, since: Epoch) -> Option<Epochs> {
        let from = self.layouts.binary_search_by_key(&since, |layout| layout.epoch).ok()?;
        Some(Epochs { all: self.layouts.clone(), from })
    }

    pub(super) fn current(&self) -> Option<&Layout> {
        self.layouts.last()
    }

    pub(super) fn presence(&self, node: NodeId) -> Presence {
        self.nodes.get(&node).map_or(Presence::Gone, |node| node.presence)
    }

    /// Whether copies may go to where this epoch places them when nothing lacks where they are.
    pub(super) fn may_move_to(&self, epoch: Epoch) -> bool {
        epoch > self.moves_stopped
    }

    pub(super) fn is_full(&self, node: NodeId) -> bool {
        self.nodes.get(&node).is_some_and(|node| node.is_full)
    }

    /// Whether a node has no room that is to take its share.
    pub(super) fn any_full(&self) -> bool {
        self.nodes.values().any(|node| node.is_full && !node.leaves && node.presence != Presence::Gone)
    }

    /// Whether a node that this layout places anything on cannot be written to now.
    pub(super) fn any_away_of(&self, layout: &Layout) -> bool {
        let is_away = |node: &LayoutNode| self.presence(node.id) != Presence::Up;
        let away: Vec<_> = layout.nodes.iter().map(is_away).collect();
        away.contains(&true) && layout.slots().iter().flatten().any(|at| away[usize::from(*at)])
    }

    /// These have said that they have no room, whatever is known of their disks.
    pub(super) fn refuse(&mut self, full: impl IntoIterator<Item = NodeId>) {
        for id in full {
            if let Some(node) = self.nodes.get_mut(&id) {
                node.is_full = true;
            }
        }
    }

    pub(super) fn leaves(&self, node: NodeId) -> bool {
        self.nodes.get(&node).is_some_and(|node| node.leaves && node.presence != Presence::Gone)
    }

    pub(super) fn used_percent(&self, node: NodeId) -> u64 {
        self.nodes.get(&node).map_or(0, |node| node.used_percent)
    }

    /// What nodes that are up have of these.
    pub(super) async fn ask(
        &self,
        shell: &impl Shell,
        asset: AssetId,
        wanted: impl IntoIterator<Item = (NodeId, ChunkHash)>,
        deep: bool,
    ) -> Said {
        let held = |node, chunks: Vec<ChunkHash>| async move {
            match self.presence(node) {
                Presence::Up => shell.held(Question { node, asset, index: self.index, deep }, &chunks).await,
                Presence::Silent | Presence::Gone => vec![Held::Unknown; chunks.len()],
            }
        };
        Said::ask(wanted, held).await
    }

    fn with(&self, presence: Presence) -> impl Iterator<Item = NodeId> + '_ {
        self.nodes.iter().filter(move |(_, node)| node.presence == presence).map(|(id, _)| *id)
    }

    /// Nodes that can be asked.
    pub(super) fn up(&self) -> Vec<NodeId> {
        self.with(Presence::Up).collect()
    }

    /// Nodes that may still have something, and those of them that are silent.
    pub(super) fn known_and_away(&self) -> (Vec<NodeId>, Vec<NodeId>) {
        let away: Vec<_> = self.with(Presence::Silent).collect();
        (self.with(Presence::Up).chain(away.iter().copied()).collect(), away)
    }

    /// Whether somebody is silent who is waited for: those who are past the grace are out of the layout.
    pub(super) fn may_return(&self) -> bool {
        self.with(Presence::Silent).any(|node| self.counts_on(node))
    }

    /// Whether the newest epoch lists the node.
    pub(super) fn counts_on(&self, node: NodeId) -> bool {
        self.current().is_some_and(|layout| layout.lists(node))
    }

    /// Whether it is still so that the same nodes can be asked, and that the newest epoch is the newest.
    pub(super) fn is_as_seen(&self, picture: &Picture) -> bool {
        let is_up = |id: NodeId| picture.node(id).is_some_and(|node| node.state.is_up());
        let is_same = |(id, node): (&NodeId, &Node)| {
            node.presence == Presence::Gone || is_up(*id) == (node.presence == Presence::Up)
        };
        self.current().is_some_and(|layout| layout.epoch == picture.epoch) && self.nodes.iter().all(is_same)
    }
}

#[cfg(test)]
impl World {
    /// One without nodes and layouts.
    pub(super) fn empty() -> Self {
        Self {
            index: 0,
            term: LeaderTerm::default(),
            layouts: Arc::new([]),
            nodes: BTreeMap::new(),
            moves_stopped: Epoch(0),
            grace_ms: 0,
            bytes_per_s: 1,
            concurrency: 1,
        }
    }
}

#[cfg(test)]
impl Epochs {
    pub(super) fn none() -> Self {
        Self { all: Arc::new([]), from: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of these nodes; as many of them as are said have slots.
    fn layout(epoch: u64, nodes: &[u64], with_slots: u16) -> Layout {
        let listed =
            |id: &u64| LayoutNode { id: NodeId(*id), zone: String::new(), weight_milli: 1_000, wish: NodeWish::In };
        let slots = vec![(0..with_slots).collect()];
        Layout::new(Epoch(epoch), nodes.iter().map(listed).collect(), slots).expect("valid")
    }

    fn node(presence: Presence) -> Node {
        Node { presence, silent_ms: 0, used_percent: 0, is_full: false, leaves: false }
    }

    #[test]
    fn a_world_is_out_of_date_when_a_node_falls_silent_or_comes_back_or_an_epoch_is_newer() {
        let layout = layout(4, &[1, 2], 2);
        let presences = [(1, Presence::Up), (2, Presence::Up), (3, Presence::Silent), (4, Presence::Gone)];
        let nodes = presences.into_iter().map(|(id, presence)| (NodeId(id), node(presence))).collect();
        let mut world = World { layouts: Arc::new([layout]), nodes, ..World::empty() };
        let picture = |epoch, states: [Shown; 3]| {
            let node = |(id, state)| NodePicture { state, ..NodePicture::of(NodeId(id)) };
            Picture { epoch: Epoch(epoch), nodes: (1..).zip(states).map(node).collect(), leader: None }
        };
        assert!(world.is_as_seen(&picture(4, [Shown::Up, Shown::Draining, Shown::Down])));
        assert!(!world.is_as_seen(&picture(5, [Shown::Up, Shown::Up, Shown::Down])));
        assert!(
            !world.is_as_seen(&picture(4, [Shown::Up, Shown::Suspect, Shown::Down])),
            "whoever reads from it waits"
        );
        assert!(!world.is_as_seen(&picture(4, [Shown::Up; 3])), "it has what others lack");

        assert!(!world.may_return(), "it is past the grace");
        world.nodes.insert(NodeId(2), node(Presence::Silent));
        assert!(world.may_return());
    }

    #[test]
    fn who_is_away_matters_to_a_layout_that_places_something_there() {
        let is_away = |presences: [Presence; 2], with_slots| {
            let nodes = (1..).zip(presences).map(|(id, presence)| (NodeId(id), node(presence))).collect();
            World { nodes, ..World::empty() }.any_away_of(&layout(1, &[1, 2], with_slots))
        };
        assert!(!is_away([Presence::Up, Presence::Up], 2));
        assert!(is_away([Presence::Up, Presence::Silent], 2));
        assert!(!is_away([Presence::Up, Presence::Silent], 1), "it is only listed");
    }
}
