//! READ-1: once every node is up, whatever is promised can be read, also while it is moved, mended and kept otherwise.

use std::{sync::Arc, time::Duration};

use vs_core::id::VideoId;

use crate::{client::Client, kernel::WORLD, oracle::Level, world::World};

/// How often a reader begins anew with what it is told then, and how long it waits before that.
const ATTEMPTS: usize = 3;
const PAUSE: Duration = Duration::from_secs(3);

/// Somebody reads one of the videos.
pub(crate) fn look(world: &Arc<World>, number: usize) {
    let ready = world.oracle.promises().into_iter();
    let ready: Vec<_> = ready.filter(|(_, promise)| promise.level == Level::Ready && !promise.is_doubtful).collect();
    let Some((video, _)) = ready.get(number % ready.len().max(1)).copied() else { return };
    let of = Arc::clone(world);
    world.kernel.spawn(WORLD, async move {
        let began = of.kernel.now();
        if of.all_serve() && !of.reads(video, number).await && of.all_serve() && of.oracle.is_shown(video, began) {
            of.violated("READ-1", format!("video {} cannot be read, and all nodes are up", video.short()));
        }
    });
}

impl World {
    /// Whether a video can be had, from one node or the next.
    pub(crate) async fn reads(self: &Arc<Self>, video: VideoId, number: usize) -> bool {
        let client = Client::new(self, crate::run::JUDGES + number);
        for attempt in number..number + ATTEMPTS {
            let machines = self.machines();
            let there: Vec<_> = machines.iter().filter(|machine| !machine.is_retired()).collect();
            let Some(machine) = there.get(attempt % there.len().max(1)) else { return false };
            if client.read(video, machine.at).await {
                return true;
            }
            self.kernel.sleep(PAUSE).await;
        }
        false
    }

    /// Whether everybody is there with all their disks, and somebody leads.
    fn all_serve(&self) -> bool {
        let machines = self.machines();
        let mut there = machines.iter().filter(|machine| !machine.is_retired());
        let leads = self.log.leader().is_some_and(|(leader, term)| self.confirms(leader, term));
        leads
            && there.all(|machine| {
                let serves = machine.node().is_some_and(|node| node.store().is_some());
                serves && machine.drives().iter().all(|drive| drive.hidden.is_empty() && drive.reader.is_some())
            })
    }
}
