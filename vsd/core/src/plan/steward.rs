//! Which layout comes next (DESIGN §6): it has every node that stores and none that is gone for longer than
//! `repair.grace`, with weights by how full the disks are.
//!
//! Invariants:
//! - A change waits until nothing else has changed for a moment: several nodes that come together make one epoch.
//! - Nothing is remembered that the next leader would miss: it waits anew, and decides the same.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use vs_core::{
    id::{Epoch, NodeId},
    layout::{Layout, LayoutNode},
    limit::PAGE_ITEMS_MAX,
    placement::Relief,
};

use super::weights::{self, Calm, Disks, Standstill, Usage};
use crate::{
    health::NodeState,
    meta::{DirState, LayoutCache, NodeRecord, Role, SettingName, TableError, View},
};

/// A change of the layout waits until nothing else has changed for so long.
const SETTLED: Duration = Duration::from_secs(1);
/// For how long it is taken to be the same how content is kept.
const WIDTHS_KNOWN: Duration = Duration::from_secs(60);

/// A node as the leader sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub liveness: NodeState,
    /// For how long it has been down.
    pub down_ms: u64,
    /// Whether this leader has heard it at all.
    pub is_heard: bool,
    /// What its disks hold, when it has told.
    pub usage: Option<Usage>,
}

/// The layout that comes next.
#[derive(Clone, Debug)]
pub enum Next {
    /// An earlier one's table, under the next epoch.
    Again(Layout),
    /// One for these nodes is to be [proposed](vs_core::placement::propose_relieved).
    Of(Vec<LayoutNode>, Relief),
}

/// What a leader remembers of its looks.
#[derive(Debug, Default)]
pub struct Steward {
    /// Nodes that the next layout is to have, and since when.
    wish: Option<(Vec<LayoutNode>, Duration)>,
    /// Since when a node has no directory that takes writes.
    unusable: HashMap<NodeId, Duration>,
    calm: Calm,
    widths: Option<(BTreeMap<usize, u64>, Duration)>,
}

impl Steward {
    /// The layout that is due, if one is. `found` is what cannot go on for want of room.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn look(
        &mut self,
        view: &View<'_>,
        layouts: &LayoutCache,
        seen: impl Fn(NodeId) -> Seen,
        found: &Standstill,
        now: Duration,
    ) -> Result<Option<Next>, TableError> {
        let Some(current) = layouts.current(view)? else { return Ok(None) };
        let records = view.nodes(None, PAGE_ITEMS_MAX)?;
        let wanted = self.wanted(view, &current, &records, &seen, now)?;
        let drop_delay = Duration::from_millis(view.setting(SettingName::DropDelay)?);
        let settled = self.calm.look(current.epoch, &view.epochs()?, found, drop_delay, now);
        let widths = if settled { self.widths(view, current.room(), now)? } else { BTreeMap::new() };
        let usage = records.iter().filter_map(|node| Some((node.id, seen(node.id).usage?)));
        let mut usage: BTreeMap<_, _> = usage.collect();
        for (node, placed_bytes) in &found.lacks {
            usage.entry(*node).and_modify(|usage| *usage = usage.of_full(*placed_bytes));
        }
        let wanted = weights::by_fullness(&current, &wanted, &Disks { usage: &usage, settled, widths: &widths });
        if wanted == current.nodes || wanted.is_empty() {
            self.wish = None;
            return Ok(None);
        }
        let since = self.wish.as_ref().filter(|(wished, _)| *wished == wanted).map(|(_, since)| *since);
        let Some(since) = since else {
            self.wish = Some((wanted, now));
            return Ok(None);
        };
        if now.saturating_sub(since) < SETTLED {
            return Ok(None);
        }
        self.wish = None;
        let again = earlier(layouts, view, &current, &wanted)?;
        Ok(Some(match again {
            Some(earlier) => Next::Again(earlier),
            None => Next::Of(wanted, relief(view, layouts, found)?),
        }))
    }

    /// The nodes that the layout is to have: those that store and are ready, and of those it has now also the ones that
    /// are not, until `repair.grace` has passed.
    fn wanted(
        &mut self,
        view: &View<'_>,
        current: &Layout,
        records: &[NodeRecord],
        seen: &impl Fn(NodeId) -> Seen,
        now: Duration,
    ) -> Result<Vec<LayoutNode>, TableError> {
        let grace = Duration::from_millis(view.setting(SettingName::RepairGrace)?);
        let mut wanted = Vec::new();
        for record in records.iter().filter(|record| record.serves(Role::Storage)) {
            let Seen { liveness, down_ms, is_heard, .. } = seen(record.id);
            let is_ready = view.dirs_of(record.id)?.iter().any(|dir| dir.state == DirState::Ok);
            let gone_for = match (is_ready, liveness) {
                (false, _) => now.saturating_sub(*self.unusable.entry(record.id).or_insert(now)),
                (true, NodeState::Down) => Duration::from_millis(down_ms),
                (true, _) => Duration::ZERO,
            };
            if is_ready {
                self.unusable.remove(&record.id);
            }
            let stays = current.lists(record.id) && gone_for < grace;
            if stays || (is_ready && liveness == NodeState::Up && is_heard) {
                wanted.push(layout_node(record));
            }
        }
        Ok(wanted)
    }

    /// How much is kept on how many nodes at once.
    fn widths(&mut self, view: &View<'_>, room: usize, now: Duration) -> Result<BTreeMap<usize, u64>, TableError> {
        if let Some((widths, _)) = self.widths.as_ref().filter(|(_, at)| now.saturating_sub(*at) < WIDTHS_KNOWN) {
            return Ok(widths.clone());
        }
        let widths = weights::widths(view, room)?;
        self.widths = Some((widths.clone(), now));
        Ok(widths)
    }
}

/// Nodes that have no room for what they do not hold by every epoch in use.
fn relief(view: &View<'_>, layouts: &LayoutCache, found: &Standstill) -> Result<Relief, TableError> {
    if found.lacks.is_empty() {
        return Ok(Relief::default());
    }
    let used: BTreeSet<_> = view.epochs()?.into_iter().map(|(epoch, _)| epoch).collect();
    let kept = layouts.in_use(view)?;
    let used = kept.iter().filter(|layout| used.contains(&layout.epoch)).cloned().collect();
    Ok(Relief { lacking: found.lacks.keys().copied().collect(), used })
}

/// The next epoch with the table of an earlier one that had exactly these nodes: what a node brings back that was gone
/// for a while is then where it should be, and nothing moves. A wish that is taken back moves nothing back either.
///
/// # Errors
/// When the tables cannot be read.
pub fn earlier(
    layouts: &LayoutCache,
    view: &View<'_>,
    current: &Layout,
    wanted: &[LayoutNode],
) -> Result<Option<Layout>, TableError> {
    let kept = layouts.in_use(view)?;
    let has_these =
        |layout: &&Layout| layout.nodes.len() == wanted.len() && wanted.iter().all(|node| layout.nodes.contains(node));
    let mut same = kept.iter().rev().find(has_these).cloned();
    if let Some(layout) = &mut same {
        layout.epoch = Epoch(current.epoch.0 + 1);
    }
    Ok(same)
}

/// A node as it would be listed.
#[must_use]
pub fn layout_node(record: &NodeRecord) -> LayoutNode {
    LayoutNode { id: record.id, zone: record.zone().to_owned(), weight_milli: record.weight_milli(), wish: record.wish }
}
