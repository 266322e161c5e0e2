//! Epochs of the cluster map.

use vs_core::{error::Code, layout::Layout, limit::SLOTS};

use super::{Answer, Step, Stop, refuse};
use crate::meta::{
    response::Response,
    table::{events::EventKind, layouts, nodes::Role},
};

impl Step<'_, '_> {
    pub(super) fn layout_set(&mut self, layout: &Layout) -> Answer {
        if self.view().current_layout()?.as_ref() != Some(layout) {
            self.commit_layout(layout)?;
        }
        Ok(Response::Done)
    }

    /// Makes a layout the current one, and forgets epochs that nobody needs.
    pub(super) fn commit_layout(&mut self, layout: &Layout) -> Result<(), Stop> {
        self.check_layout(layout)?;
        layouts::commit(self.txn, layout)?;
        self.event(EventKind::LayoutSet { epoch: layout.epoch })?;
        Ok(layouts::forget_unused(self.txn)?)
    }

    fn check_layout(&self, layout: &Layout) -> Result<(), Stop> {
        let next = layouts::next(self.txn)?;
        if layout.epoch != next {
            return refuse(Code::Conflict, format!("{} is not the next epoch, {next} is", layout.epoch));
        }
        if let Err(why) = layout.check() {
            return refuse(Code::Invalid, format!("not a layout: {why}"));
        }
        let slots = self.view().current_layout()?.map_or(SLOTS, |current| current.slots().len());
        if layout.slots().len() != slots || layout.nodes.is_empty() {
            return refuse(
                Code::Invalid,
                format!("a layout of this cluster has {slots} slots, and nodes in all of them"),
            );
        }
        for (at, listed) in layout.nodes.iter().enumerate() {
            let node = self.registered(listed.id)?;
            if !node.serves(Role::Storage) {
                return refuse(Code::Conflict, format!("{} has no storage role", node.id));
            }
            if layout.nodes[..at].iter().any(|other| other.id == node.id) {
                return refuse(Code::Invalid, format!("the layout lists {} twice", node.id));
            }
        }
        Ok(())
    }
}
