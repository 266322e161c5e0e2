//! How full the disks are that the layout's weights go by, and whether that can be told by now.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;
use vs_core::{
    id::{Epoch, NodeId},
    layout::Layout,
    limit::PAGE_ITEMS_MAX,
};
use vs_wire::v1;
use vsd_core::{
    meta::{AssetState, SettingName, TableError, View},
    plan::weights::{Disks, Usage},
};

/// How long sweeps may take, beside their delays, to drop what moved away.
const SWEPT_AFTER: Duration = Duration::from_secs(30);
/// For how long it is taken to be the same how content is kept.
const WIDTH_KNOWN: Duration = Duration::from_secs(60);

/// What the disks of these nodes hold, of those that have told.
pub(crate) fn usage(nodes: &[v1::NodeInfo]) -> BTreeMap<NodeId, Usage> {
    let known = nodes.iter().filter(|node| node.disk_total_bytes > 0);
    let usage = |node: &v1::NodeInfo| Usage { used_bytes: node.disk_used_bytes, total_bytes: node.disk_total_bytes };
    known.map(|node| (NodeId(node.id), usage(node))).collect()
}

/// What the leader remembers of its looks: nothing that the next one would miss.
#[derive(Debug, Default)]
pub(super) struct Fullness {
    /// Since when every asset is placed by this epoch.
    settled: Option<(Epoch, Instant)>,
    width: Option<(usize, Instant)>,
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
    ) -> Result<Look, TableError> {
        let settled = self.is_settled(view, current.epoch)?;
        let width = if settled { self.width(view)? } else { 0 };
        Ok(Look { usage: usage(&picture.nodes), settled, width })
    }

    /// Whether all was placed by the epoch so long ago that every node has dropped what it need not keep: a sweep asks
    /// twice, with the delay between.
    fn is_settled(&mut self, view: &View<'_>, epoch: Epoch) -> Result<bool, TableError> {
        if view.epochs()?.iter().any(|(used, _)| *used != epoch) {
            self.settled = None;
            return Ok(false);
        }
        let settled = self.settled.filter(|(since, _)| *since == epoch).unwrap_or_else(|| (epoch, Instant::now()));
        let (_, from) = *self.settled.insert(settled);
        let delay = Duration::from_millis(view.setting(SettingName::DropDelay)?);
        Ok(from.elapsed() >= delay * 2 + SWEPT_AFTER)
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
