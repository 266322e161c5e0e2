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
    let machines: Vec<_> = world.machines().iter().filter(|machine| !machine.is_retired()).map(|m| m.at).collect();
    let (Some((video, _)), Some(machine)) =
        (ready.get(number % ready.len().max(1)), machines.get(number % machines.len().max(1)))
    else {
        return;
    };
    let (of, video, machine) = (Arc::clone(world), *video, *machine);
    world.kernel.spawn(WORLD, async move { of.must_read(video, machine, number).await });
}

impl World {
    async fn must_read(self: Arc<Self>, video: VideoId, machine: usize, number: usize) {
        let client = Client::new(&self, crate::run::JUDGES + number);
        let began = self.kernel.now();
        for _ in 0..ATTEMPTS {
            if !self.all_serve() || client.read(video, machine).await {
                return;
            }
            self.kernel.sleep(PAUSE).await;
        }
        if self.all_serve() && self.oracle.is_shown(video, began) {
            self.violated("READ-1", format!("video {} cannot be read, and all nodes are up", video.short()));
        }
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
