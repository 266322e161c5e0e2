//! SWEEP-1: once all is quiet, nodes hold nothing that nobody wants.

use vsd_core::{
    meta::AssetFate,
    plan::wanted::{Keeper, Wants},
};

use super::copies::with_view;
use crate::{replica::Replica, world::World};

/// Copies that are not wanted where they are.
pub(crate) fn unwanted(world: &World, truth: &Replica) -> Vec<String> {
    let mut found = Vec::new();
    with_view(truth, |view| {
        for machine in world.machines().into_iter().filter(|machine| !machine.is_retired()) {
            let Some(node) = machine.id() else { continue };
            let Ok(keeper) = Keeper::new(view, node) else { continue };
            for drive in machine.drives().iter() {
                let Some(reader) = &drive.reader else { continue };
                for key in reader.list(&(0..=u64::MAX), None, usize::MAX) {
                    let is_wanted = match keeper.wants(key.asset) {
                        _ if view.fate(key.asset) == Ok(AssetFate::Dead) => false,
                        Ok(Wants::Named(chunks)) => chunks.contains(&key.hash),
                        _ => true,
                    };
                    if !is_wanted {
                        found.push(format!("{node} holds {} of {}, which nobody wants", key.hash.short(), key.asset));
                    }
                }
            }
        }
    });
    found
}
