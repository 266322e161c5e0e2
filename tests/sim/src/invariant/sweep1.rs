//! SWEEP-1: once all is quiet, nodes hold nothing but what the current layout places there.

use std::collections::BTreeSet;

use super::copies::{groups, live, with_view};
use crate::{replica::Replica, world::World};

/// Copies that belong nowhere, or elsewhere.
pub(crate) fn unwanted(world: &World, truth: &Replica) -> Vec<String> {
    let mut placed = BTreeSet::new();
    with_view(truth, |view| {
        let current = view.epoch().ok().flatten().unwrap_or_default();
        let Ok(Some(layout)) = view.layout(current) else { return };
        for asset in live(&view) {
            for group in groups(&view, &asset) {
                placed.extend(group.placed(&layout).map(|(node, chunk)| (node, asset.id, chunk.hash)));
            }
        }
    });
    let mut found = Vec::new();
    for machine in world.machines().into_iter().filter(|machine| !machine.is_retired()) {
        let Some(node) = machine.id() else { continue };
        for drive in machine.drives().iter() {
            let listed = drive.reader.iter().flat_map(|reader| reader.list(&(0..=u64::MAX), None, usize::MAX));
            let unwanted = listed.filter(|key| !placed.contains(&(node, key.asset, key.hash)));
            found.extend(
                unwanted.map(|key| format!("{node} holds {} of {}, which nobody wants", key.hash.short(), key.asset)),
            );
        }
    }
    found
}
