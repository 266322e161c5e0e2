//! How full the disks are that the layout's weights go by, and whether that can be told by now.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;
use vs_core::{id::NodeId, layout::Layout};
use vs_wire::v1;
use vsd_core::{
    meta::{SettingName, TableError, View},
    plan::weights::{Calm, Disks, Lack, Usage, widths},
};

/// For how long it is taken to be the same how content is kept.
const WIDTHS_KNOWN: Duration = Duration::from_secs(60);

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
    widths: Option<(BTreeMap<usize, u64>, Instant)>,
}

impl Default for Fullness {
    fn default() -> Self {
        Self { began: Instant::now(), calm: Calm::default(), widths: None }
    }
}

/// One look.
#[derive(Debug)]
pub(super) struct Look {
    usage: BTreeMap<NodeId, Usage>,
    settled: bool,
    widths: BTreeMap<usize, u64>,
}

impl Look {
    pub(super) fn disks(&self) -> Disks<'_> {
        Disks { usage: &self.usage, settled: self.settled, widths: &self.widths }
    }
}

impl Fullness {
    pub(super) fn look(
        &mut self,
        view: &View<'_>,
        current: &Layout,
        picture: &v1::ClusterState,
        lacks: &BTreeMap<NodeId, Lack>,
    ) -> Result<Look, TableError> {
        let drop_delay = Duration::from_millis(view.setting(SettingName::DropDelay)?);
        let settled = self.calm.look(current.epoch, &view.epochs()?, lacks, drop_delay, self.began.elapsed());
        let widths = if settled { self.widths(view, current.room())? } else { BTreeMap::new() };
        let mut usage = usage(&picture.nodes);
        for (node, lack) in lacks {
            usage.entry(*node).and_modify(|usage| usage.used_bytes += lack.waiting_bytes);
        }
        Ok(Look { usage, settled, widths })
    }

    /// How much is kept on how many nodes at once.
    fn widths(&mut self, view: &View<'_>, room: usize) -> Result<BTreeMap<usize, u64>, TableError> {
        if let Some((widths, _)) = self.widths.as_ref().filter(|(_, at)| at.elapsed() < WIDTHS_KNOWN) {
            return Ok(widths.clone());
        }
        let widths = widths(view, room)?;
        self.widths = Some((widths.clone(), Instant::now()));
        Ok(widths)
    }
}
