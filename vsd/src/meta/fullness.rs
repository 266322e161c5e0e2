//! How full the disks are that the layout's weights go by, and whether that can be told by now.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;
use vs_core::{id::NodeId, layout::Layout, limit::PAGE_ITEMS_MAX};
use vs_wire::v1;
use vsd_core::{
    meta::{AssetState, SettingName, TableError, View},
    plan::weights::{Calm, Disks, Standstill, Usage},
};

/// For how long it is taken to be the same how content is kept.
const WIDTH_KNOWN: Duration = Duration::from_secs(60);

/// What the disks of these nodes hold, of those that have told.
pub(crate) fn usage(nodes: &[v1::NodeInfo]) -> BTreeMap<NodeId, Usage> {
    let known = nodes.iter().filter(|node| node.disk_total_bytes > 0);
    let usage = |node: &v1::NodeInfo| Usage { used_bytes: node.disk_used_bytes, total_bytes: node.disk_total_bytes };
    known.map(|node| (NodeId(node.id), usage(node))).collect()
}

/// What the leader remembers of its looks: nothing that the next one would miss.
#[derive(Debug)]
pub(super) struct Fullness {
    began: Instant,
    calm: Calm,
    width: Option<(usize, Instant)>,
}

impl Default for Fullness {
    fn default() -> Self {
        Self { began: Instant::now(), calm: Calm::default(), width: None }
    }
}

/// One look.
#[derive(Debug)]
pub(super) struct Look {
    usage: BTreeMap<NodeId, Usage>,
    settled: bool,
    width: usize,
}

impl Look {
    pub(super) fn disks(&self) -> Disks<'_> {
        Disks { usage: &self.usage, settled: self.settled, width: self.width }
    }
}

impl Fullness {
    pub(super) fn look(
        &mut self,
        view: &View<'_>,
        current: &Layout,
        picture: &v1::ClusterState,
        found: &Standstill,
    ) -> Result<Look, TableError> {
        let drop_delay = Duration::from_millis(view.setting(SettingName::DropDelay)?);
        let settled = self.calm.look(current.epoch, &view.epochs()?, found, drop_delay, self.began.elapsed());
        let width = if settled { self.width(view)? } else { 0 };
        let mut usage = usage(&picture.nodes);
        for (node, placed_bytes) in &found.lacks {
            usage.entry(*node).and_modify(|usage| *usage = usage.of_full(*placed_bytes));
        }
        Ok(Look { usage, settled, width })
    }

    /// How many nodes the widest scheme takes that anything is kept by.
    fn width(&mut self, view: &View<'_>) -> Result<usize, TableError> {
        if let Some((width, _)) = self.width.filter(|(_, at)| at.elapsed() < WIDTH_KNOWN) {
            return Ok(width);
        }
        let (mut width, mut after) = (0, None);
        loop {
            let page = view.assets(after, PAGE_ITEMS_MAX)?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            let kept = page.iter().filter(|asset| asset.state != AssetState::Dead);
            width = kept.map(|asset| asset.scheme.width()).max().unwrap_or(0).max(width);
        }
        self.width = Some((width, Instant::now()));
        Ok(width)
    }
}
