//! What must hold, one file each. Those of one entry of the log are checked when it is committed, against the state that is
//! true then; the others at intervals, and all of them at the end.

use std::{sync::Arc, time::Duration};

use vsd_core::meta::{Command, Entry, Response};

use crate::{replica::Replica, world::World};

pub mod avl1;
pub mod avl2;
pub mod con1;
pub mod con2;
pub mod con3;
mod copies;
pub mod dsk1;
pub mod dur1;
pub mod dur2;
pub mod end;
pub mod id1;
pub mod int1;
pub mod mig1;
pub mod mig2;
pub mod place1;
pub mod plan1;
pub mod play1;
pub mod read1;
pub mod show1;
pub mod sweep1;
pub mod sweep2;
pub mod time1;

pub use copies::Copies;
pub(crate) use copies::{astray, groups};

/// How often what is not checked at events is.
const INTERVAL: Duration = Duration::from_secs(5);

/// Something that is not as it was promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub id: &'static str,
    pub what: String,
    pub at: Duration,
}

/// Whether an entry is one that something is checked of, with the state before it.
pub(crate) fn matters(command: &Command) -> bool {
    !matches!(command, Command::ClientOpen { .. } | Command::ClientClose { .. } | Command::Housekeep { .. })
}

/// An entry was committed.
pub(crate) fn committed(world: &Arc<World>, after: &Replica, entry: &Entry, response: &Response) {
    if response.clone().accepted().is_err() {
        return;
    }
    plan1::accepted(world, &entry.command);
    match &entry.command {
        Command::PartPut { asset, version, ballot: _, part } => {
            dur1::part_named(world, after, *asset, *version, part);
            place1::part_named(world, after, *asset, *version, part);
        }
        Command::Placed { asset, .. } => {
            dur2::placed(world, after, *asset);
            plan1::placed(world, after, *asset);
        }
        Command::VideoPurge { .. } => show1::check(world, after),
        Command::NodeJoin { key, .. } => {
            if let Response::Node { node, .. } = response {
                id1::joined(world, *key, *node);
            }
        }
        Command::VersionCommit { asset, .. } => mig1::version_committed(world, after, *asset),
        _ => {}
    }
}

/// Looks at what can be wrong at any time, for ever.
pub(crate) fn keep_checking(world: &Arc<World>) {
    let again = Arc::clone(world);
    world.kernel.after(INTERVAL, move || {
        check_now(&again);
        again.retire_removed();
        keep_checking(&again);
    });
}

pub(crate) fn check_now(world: &Arc<World>) {
    let truth = world.log.truth();
    let copies = Copies::of(world);
    dur1::check(world, &truth, &copies);
    show1::check(world, &truth);
    place1::check(world, &truth, &copies);
    con1::check(world, &truth);
    con3::check(world, &truth);
}
