//! One case from its beginning to its end: the faults, then their end, then the time within which all must be well again.

use std::{
    any::Any,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use vs_core::{
    id::{NodeId, VideoId},
    layout::NodeWish,
    limit::{PAGE_ITEMS_MAX, SLOT_NODES_MAX},
    manifest::TrackKind,
    mutant::{Mutant, plant},
};
use vsd_core::{
    background::State,
    meta::{AssetStatus, Command, UploadPhase},
};

use crate::{
    case::Case,
    client::Client,
    film::Film,
    invariant::{self, Violation, end, read1},
    kernel::{WORLD, lock},
    operator,
    oracle::Counts,
    oracle::Level,
    trace::Tracing,
    world::World,
};

/// How long after the faults everything must be well again.
const RECOVERY_MAX: Duration = Duration::from_secs(1_800);
/// How often it is looked whether it is.
const LOOK: Duration = Duration::from_secs(5);
/// After how many looks the operator sees again whether there are nodes enough.
const MAKE_ROOM_EVERY: usize = 12;
/// Clients that look after all is over are numbered from here.
pub(crate) const JUDGES: usize = 1_000_000;
/// How long reading and playing everything may take.
const JUDGING_MAX: Duration = Duration::from_secs(3_600);

/// How a case went.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub seed: u64,
    pub violations: Vec<Violation>,
    pub counts: Counts,
    /// Of simulated time, and of events.
    pub took: Duration,
    pub steps: u64,
    pub trace: Vec<String>,
}

/// Runs a case.
#[must_use]
pub fn run(case: Case, tracing: Tracing) -> Outcome {
    let seed = case.seed;
    let length = case.shape.length;
    plant(case.mutant);
    let world = World::new(case, tracing);
    // whatever it is that breaks down, its seed is told
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| play_out(&world, length))) {
        world.violated("PANIC", said(&*panic).unwrap_or("something broke down").to_owned());
    }
    let outcome = Outcome {
        seed,
        violations: world.violations(),
        counts: world.oracle.counts(),
        took: world.kernel.now(),
        steps: world.kernel.steps(),
        trace: world.trace.take(),
    };
    world.dismantle();
    plant(None);
    outcome
}

/// What a panic says.
fn said(panic: &(dyn Any + Send)) -> Option<&str> {
    panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied())
}

/// Faults, their end, and what must come of it.
fn play_out(world: &Arc<World>, length: Duration) {
    world.log.set_patience_over();
    world.keep_electing();
    for machine in world.machines() {
        world.start_node(machine.at);
    }
    invariant::keep_checking(world);
    world.unleash();
    world.populate();
    run_until(world, length);
    if world.violations().is_empty() {
        world.heal();
        recover(world);
    }
    if world.violations().is_empty() {
        world.lights_out();
        recover(world);
    }
    if world.violations().is_empty() {
        judge(world);
    }
}

/// How many of these seeds it takes to catch a mistake, and what catches it; so many threads look.
#[must_use]
pub fn caught_by(mutant: Mutant, seeds: Range<u64>, jobs: usize) -> Option<(u64, &'static str)> {
    let (next, caught) = (AtomicU64::new(seeds.start), Mutex::new(None::<(u64, &'static str)>));
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Relaxed);
                    // seeds below one that caught it are run to their end: the first is the same with any number of threads
                    if seed >= seeds.end || lock(&caught).is_some_and(|(first, _)| first < seed) {
                        return;
                    }
                    let violations = run(Case { mutant: Some(mutant), ..Case::new(seed) }, Tracing::Off).violations;
                    if let Some(violation) = violations.first() {
                        let mut caught = lock(&caught);
                        *caught = caught.into_iter().chain([(seed, violation.id)]).min();
                    }
                }
            });
        }
    });
    lock(&caught).map(|(seed, id)| (seed - seeds.start + 1, id))
}

fn run_until(world: &Arc<World>, until: Duration) {
    let of = Arc::clone(world);
    world.kernel.run(|| of.kernel.now() >= until || !of.violations().is_empty());
}

/// Waits until all is well; what is not in time is a violation.
fn recover(world: &Arc<World>) {
    let deadline = world.kernel.now() + RECOVERY_MAX;
    abandon(world);
    for look in 0_usize.. {
        // what people asked for while nobody led may come late
        if look % MAKE_ROOM_EVERY == 0 {
            make_room(world);
            operator::resume(world);
        }
        run_until(world, world.kernel.now() + LOOK);
        if !world.violations().is_empty() {
            return;
        }
        read1::look(world, look);
        // damaged by hardware before the faults were over: found and mended now
        world.heal_late();
        let left = end::unfinished(world, &world.log.truth());
        if left.is_empty() {
            return world.trace.say(|| "all is well again".to_owned());
        }
        if world.kernel.now() >= deadline {
            let count = left.len();
            let some: Vec<_> = left.into_iter().take(5).collect();
            return world.violated("END", format!("{count} things are not as they should be: {}", some.join("; ")));
        }
    }
}

/// Clients that never sent their bytes give up.
fn abandon(world: &Arc<World>) {
    let world = Arc::clone(world);
    let kernel = world.kernel.clone();
    kernel.spawn(WORLD, async move {
        let state = world.log.truth().snapshot();
        let uploads = state.view().uploads(None, PAGE_ITEMS_MAX).unwrap_or_default();
        drop(state);
        let open = uploads.into_iter().filter(|upload| upload.phase == UploadPhase::Receiving);
        for (at, upload) in open.enumerate() {
            let client = Client::new(&world, JUDGES / 2 + at);
            client.order(Command::UploadAbort { upload: upload.id }).await;
        }
    });
}

/// The operator has as many nodes as the widest scheme takes, beside those that are to leave; in every other case he wants
/// those too.
fn make_room(world: &Arc<World>) {
    let world = Arc::clone(world);
    let kernel = world.kernel.clone();
    kernel.spawn(WORLD, async move {
        let client = Client::new(&world, JUDGES / 4);
        let leaving: Vec<NodeId> = {
            let state = world.log.truth().snapshot();
            let nodes = state.view().nodes(None, PAGE_ITEMS_MAX).unwrap_or_default();
            let leaving = nodes.iter().filter(|node| !node.removed && node.wish != NodeWish::In);
            leaving.map(|node| node.id).filter(|node| world.machine_of(*node).is_some()).collect()
        };
        let mut there = world.machines().iter().filter(|machine| !machine.is_retired()).count();
        if world.seed().is_multiple_of(2) {
            for node in leaving {
                client.order(Command::NodeWish { node, wish: NodeWish::In }).await;
            }
        } else {
            there = there.saturating_sub(leaving.len());
        }
        for zone in there..SLOT_NODES_MAX {
            let machine = world.add_machine(zone as u64);
            world.start_node(machine.at);
        }
    });
}

/// Everything that was promised is read and played.
fn judge(world: &Arc<World>) {
    let done = Arc::new(Mutex::new(false));
    let (of, tell) = (Arc::clone(world), Arc::clone(&done));
    world.kernel.spawn(WORLD, async move {
        for (at, (video, promise)) in of.oracle.promises().into_iter().enumerate() {
            if promise.is_doubtful {
                continue;
            }
            if !of.reads(video, at).await {
                of.violated("DUR-1", format!("video {} cannot be read when all is well", video.short()));
            }
            if promise.level == Level::Ready {
                has_all(&of, video, promise.film);
            }
            let machines: Vec<_> = of.machines().iter().filter(|machine| !machine.is_retired()).map(|m| m.at).collect();
            Client::new(&of, JUDGES + at).play(video, machines[at % machines.len()], true).await;
        }
        *lock(&tell) = true;
    });
    let until = world.kernel.now() + JUDGING_MAX;
    let of = Arc::clone(world);
    world.kernel.run(|| *lock(&done) || of.kernel.now() >= until);
    if !*lock(&done) {
        world.violated("END", "reading and playing everything does not end".to_owned());
    }
    invariant::check_now(world);
}

/// A video that was ready still is, with every track of its film.
fn has_all(world: &Arc<World>, video: VideoId, film: Film) {
    let state = world.log.truth().snapshot();
    let shown = state.view().video(video).ok().flatten();
    let asset = shown.and_then(|video| state.view().asset(video.asset).ok().flatten());
    let status = asset.as_ref().map(|asset| asset.status.clone());
    let tracks = asset.iter().flat_map(|asset| &asset.tracks).filter(|track| track.kind != TrackKind::Original);
    let has: Vec<_> = tracks.map(|track| track.name.clone()).collect();
    let wanted: Vec<_> = film.tracks().into_iter().map(|(track, _)| track.name).collect();
    if status != Some(AssetStatus::Ready) || has != wanted {
        let what = format!("video {} was ready and is {status:?} with {has:?} of {wanted:?}", video.short());
        world.violated("DUR-1", what);
    }
}
