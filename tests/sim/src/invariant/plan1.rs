//! PLAN-1: an executor that was followed by another changes nothing any more: of what is accepted the terms never go back.
//! PLAN-2: while a version is pending, the asset stays where it is.

use vs_core::id::AssetId;
use vsd_core::meta::{Command, LeaderTerm};

use super::copies::with_view;
use crate::{replica::Replica, world::World};

/// The term that a leader works in who proposes this.
fn term_of(command: &Command) -> Option<LeaderTerm> {
    match command {
        Command::Tick { term, .. }
        | Command::Placed { term, .. }
        | Command::AssetDamaged { term, .. }
        | Command::VersionBegin { term, .. }
        | Command::VersionCommit { term, .. }
        | Command::VersionAbort { term, .. }
        | Command::JobPut { term, .. } => Some(*term),
        _ => None,
    }
}

pub(crate) fn accepted(world: &World, command: &Command) {
    let Some(term) = term_of(command) else { return };
    let highest = world.oracle.worked_in(term);
    // a late tick is answered, and moves nothing
    if highest > term && !matches!(command, Command::Tick { .. }) {
        world.violated("PLAN-1", format!("{command:?} was accepted, and {highest} has begun"));
    }
}

pub(crate) fn placed(world: &World, after: &Replica, asset: AssetId) {
    let pending = with_view(after, |view| view.asset(asset).ok().flatten().and_then(|asset| asset.pending));
    if let Some(pending) = pending {
        world.violated("PLAN-2", format!("{asset} was placed while {} of it is pending", pending.version));
    }
}
