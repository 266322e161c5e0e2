//! The cluster itself: its begin, and its time.

use vs_core::{
    error::Code,
    id::{ClusterId, Epoch, NodeId},
    layout::{Layout, LayoutNode, NodeWish},
    mutant::{Mutant, planted},
};

use super::{Answer, Step, dirs::check_dirs, nodes::check_node, refuse};
use crate::meta::{
    response::Response,
    table::{
        clock::{Clocks, LeaderTerm},
        cluster::{Cluster, ClusterRecord},
        dirs::DirSpec,
        events::EventKind,
        layouts,
        nodes::NodeSpec,
    },
};

impl Step<'_, '_> {
    pub(super) fn bootstrap(&mut self, cluster: ClusterId, spec: &NodeSpec, dirs: &[DirSpec]) -> Answer {
        check_node(spec)?;
        check_dirs(dirs)?;
        if let Some(there) = self.view().cluster()? {
            if there.id != cluster {
                return refuse(Code::Conflict, format!("this is cluster {} already", there.id));
            }
            return self.node_update(NodeId(1), spec, dirs);
        }
        let created_ms = self.wall_ms;
        let record = ClusterRecord { id: cluster, incarnation: 0, created_ms, moves_stopped: Epoch::default() };
        self.txn.put::<Cluster>(&(), &record);
        self.event(EventKind::ClusterCreated)?;

        let node = self.register(spec, None)?;
        let (id, zone, weight_milli) = (node.id, node.zone().to_owned(), node.weight_milli());
        layouts::commit(self.txn, &Layout::single(LayoutNode { id, zone, weight_milli, wish: NodeWish::In }))?;
        let dirs = self.update_dirs(id, dirs)?;
        Ok(Response::Node { node: id, dirs })
    }

    pub(super) fn tick(&mut self, term: LeaderTerm, elapsed_ms: u64) -> Answer {
        let mut clock = self.view().clock()?.ticked(term, elapsed_ms);
        if planted(Mutant::WallClockBelieved)
            && let Some(created) = self.view().cluster()?
        {
            clock.now.0 = clock.now.0.max(self.wall_ms.saturating_sub(created.created_ms));
        }
        self.txn.put::<Clocks>(&(), &clock);
        Ok(Response::Ticked { now_ms: clock.now.0 })
    }
}
