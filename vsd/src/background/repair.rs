//! The executor of repair and moves: it surveys, does the most urgent tasks at the configured rate, and commits what is
//! verified. It works in the process of the leader and nowhere else.
//!
//! Invariants:
//! - Level-triggered: nothing it has in memory matters beyond one pass. A new leader finds what is left by looking.
//! - An asset is said to be placed by an epoch only after every place of that epoch that differs from before, was owed or
//!   had a stand-in was verified: by the answer to a PUT of this leader's, or by reading it (DUR-2).
//! - What it commits names its term, so that an executor that wakes up late changes nothing.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use futures::{FutureExt, StreamExt, stream};
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use vs_client::chunk::ChunkClient;
use vs_core::{
    error::Failure,
    hash::ChunkHash,
    id::{AssetId, Epoch, NodeId},
    limit::PAGE_ITEMS_MAX,
};
use vsd_core::{
    meta::{Command, JobAction, JobKind, JobRecord, JobState, Response},
    plan::repair::{Held, Placing},
};

use super::{
    nodes::Nodes,
    progress::Turns,
    status::{Ordered, RepairOrder, RepairReporter, RepairState, RepairStatus},
    survey::{Said, Subject, Survey, part_names, part_of},
    task::{Done, Task},
    term::{Term, new_job},
    world::{Signature, World, own_term, signature},
};
use crate::{
    meta::{Meta, MetaError, StateRead},
    puts::Puts,
};

/// How often the cluster's picture is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// The shortest time between two passes that find nothing, and how many times as long as the last pass it is at least.
const REST_MIN: Duration = Duration::from_secs(10);
const REST_TIMES: u32 = 20;
/// How soon it is looked again after something could not be done.
const AGAIN: Duration = Duration::from_secs(2);
const STUCK_TIMES: u32 = 4;
/// How often the log is told how far a job is.
const TELL: Duration = Duration::from_secs(2);
/// Passes that must find a group lost before its asset is said to be damaged.
const LOST_PASSES: u32 = 2;

/// Looks after the redundancy of everything, while this node leads.
pub(crate) struct Repairer {
    pub(super) meta: Meta,
    pub(super) chunks: ChunkClient,
    pub(super) puts: Puts,
    pub(super) nodes: Nodes,
    status: watch::Sender<RepairStatus>,
    /// It is to look now rather than when it is its turn.
    look: Notify,
    pub(super) turns: Turns,
    /// Whether something lacks that could be written: everything else waits for that.
    pub(super) is_urgent: watch::Sender<bool>,
}

/// How a pass ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pass {
    Nothing,
    /// Something could not be done now.
    Stuck,
    /// There is more to do, or something was done that lets more be done.
    More,
}

impl Repairer {
    /// Works until it is stopped.
    pub(crate) async fn run(
        meta: Meta,
        chunks: ChunkClient,
        puts: Puts,
        reporter: RepairReporter,
        stop: CancellationToken,
    ) {
        let RepairReporter { status, orders } = reporter;
        let repairer = Self {
            meta,
            chunks,
            puts,
            nodes: Nodes::default(),
            status,
            look: Notify::new(),
            turns: Turns::default(),
            is_urgent: watch::channel(false).0,
        };
        let work = async { tokio::join!(repairer.work(), repairer.hear(orders), repairer.migrate()) };
        stop.run_until_cancelled(work).await;
    }

    async fn hear(&self, mut orders: mpsc::Receiver<Ordered>) {
        while let Some(Ordered { order, heard }) = orders.recv().await {
            // whoever has gone does not want to know
            let _ = heard.send(self.obey(order).await);
        }
    }

    /// A pause is a job's, so that the next leader heeds it, too.
    async fn obey(&self, order: RepairOrder) -> Result<(), Failure> {
        let state = self.meta.read().await?;
        let jobs = state.view().jobs(None, PAGE_ITEMS_MAX).map_err(MetaError::from)?;
        let open = jobs.into_iter().find(|job| job.kind == JobKind::Repair && !job.state.is_over());
        let term = own_term(&self.meta.cluster(), self.meta.node());
        let command = match (order, open) {
            (RepairOrder::Pause, Some(job)) => Some(Command::JobControl { job: job.id, action: JobAction::Pause }),
            (RepairOrder::Pause, None) => {
                let job = JobRecord { state: JobState::Paused, ..new_job(JobKind::Repair) };
                Some(Command::JobPut { job, term })
            }
            (RepairOrder::Start | RepairOrder::Resume, Some(job)) => {
                Some(Command::JobControl { job: job.id, action: JobAction::Resume })
            }
            (RepairOrder::Start | RepairOrder::Resume, None) => None,
        };
        if let Some(command) = command {
            self.meta.propose(command).await?.accepted()?;
        }
        let state = if order == RepairOrder::Pause { RepairState::Paused } else { RepairState::Running };
        self.status.send_modify(|status| status.state = state);
        self.look.notify_one();
        Ok(())
    }

    async fn work(&self) {
        let mut term: Option<Term> = None;
        let mut rest_until = Instant::now();
        let mut seen = Signature::default();
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = self.look.notified() => rest_until = Instant::now(),
            }
            let now_seen = signature(&self.meta);
            if now_seen != seen {
                (seen, rest_until) = (now_seen, Instant::now());
            }
            if rest_until > Instant::now() {
                continue;
            }
            let began = Instant::now();
            let rest = match self.pass(&mut term).boxed().await {
                Ok(Some(Pass::More)) => Duration::ZERO,
                Ok(Some(Pass::Stuck)) => AGAIN.max(began.elapsed() * STUCK_TIMES),
                Ok(Some(Pass::Nothing)) => REST_MIN.max(began.elapsed() * REST_TIMES),
                Ok(None) => {
                    term = None;
                    self.is_urgent.send_replace(false);
                    Duration::ZERO
                }
                Err(error) => {
                    tracing::debug!(%error, "the copies were not looked through");
                    AGAIN
                }
            };
            rest_until = Instant::now() + rest;
        }
    }

    /// None while this node does not lead.
    async fn pass(&self, term: &mut Option<Term>) -> Result<Option<Pass>, MetaError> {
        let Some((world, state)) = self.look().await? else { return Ok(None) };
        if term.as_ref().is_none_or(|term| term.number != world.term) {
            *term = Some(Term::new(&world));
        }
        let Some(term) = term else { return Ok(None) };
        let survey = Survey::make(&self.nodes, &world, &state, term.tried()).boxed().await?;
        term.begin(state.view().jobs(None, PAGE_ITEMS_MAX)?, &survey);
        self.tell(term, &world, &survey).await?;
        let mut pass = if survey.waiting.is_empty() { Pass::Nothing } else { Pass::Stuck };
        let untried = survey.tasks.iter().any(|task| task.kind == JobKind::Repair && !survey.was_tried(task));
        self.is_urgent.send_replace(untried && !term.is_paused(JobKind::Repair));
        if !survey.tasks.is_empty() {
            pass = self.execute(term, &world, &state, &survey).boxed().await?;
        }
        for asset in &survey.mended {
            self.say_damaged(&world, &state, *asset, false).await?;
        }
        let seen = signature(&self.meta);
        for (asset, epoch) in &survey.to_place {
            let placed = self.place(term, &world, *asset, *epoch).boxed().await?;
            pass = if placed { Pass::More } else { pass.max(Pass::Stuck) };
            // there may be something more urgent now
            if signature(&self.meta) != seen {
                return Ok(Some(Pass::More));
            }
        }
        if pass == Pass::Nothing {
            term.rest();
        }
        self.tell(term, &world, &survey).await?;
        Ok(Some(pass))
    }

    fn leads(&self) -> bool {
        self.meta.watch_cluster().borrow().leader == Some(self.meta.node().0)
    }

    /// The world as it is now; none while this node does not lead.
    pub(super) async fn look(&self) -> Result<Option<(World, StateRead)>, MetaError> {
        if !self.leads() {
            return Ok(None);
        }
        let state = self.meta.read().await?;
        // of this very state: nodes must not be told of less than was known
        let world = World::see(&self.meta, &state.view(), state.applied()?)?;
        Ok(world.map(|world| (world, state)))
    }

    /// Does the tasks of kinds that are not paused.
    async fn execute(
        &self,
        term: &mut Term,
        world: &World,
        state: &StateRead,
        survey: &Survey,
    ) -> Result<Pass, MetaError> {
        let began = Instant::now();
        let allowed: Vec<_> = survey.tasks.iter().filter(|task| !term.is_paused(task.kind)).collect();
        let mut lost = HashSet::new();
        let mut wrote = false;
        term.forget_failures();
        // a list, not an iterator: what is awaited has to be `Send` whatever the lifetimes
        let turns: Vec<_> = allowed.into_iter().map(|task| self.take_turn(task, world).boxed()).collect();
        let mut running = stream::iter(turns).buffer_unordered(world.concurrency);
        while let Some((task, done)) = running.next().await {
            for (node, chunk, bytes) in &done.written {
                wrote = true;
                term.written(task.kind, task.asset, *node, *chunk, u64::from(*bytes));
            }
            if done.is_lost {
                lost.insert(task.asset);
            }
            if let Some(failure) = done.failed {
                tracing::debug!(asset = %task.asset, %failure, "a repair has to wait");
                term.failed(task.name(), &failure);
            }
            if term.told_ago() >= TELL {
                self.tell(term, world, survey).await?;
            }
            if term.is_paused(task.kind) {
                break;
            }
            // what changed in the cluster matters more than the end of this list
            if began.elapsed() > REST_MIN
                && signature(&self.meta).0 != world.current().map_or(0, |layout| layout.epoch.0)
            {
                break;
            }
        }
        drop(running);
        term.lost.retain(|asset, _| lost.contains(asset));
        for asset in lost {
            let passes = term.lost.entry(asset).or_insert(0);
            *passes += 1;
            if *passes >= LOST_PASSES {
                self.say_damaged(world, state, asset, true).await?;
            }
        }
        Ok(if wrote { Pass::More } else { Pass::Stuck })
    }

    async fn take_turn<'a>(&self, task: &'a Task, world: &World) -> (&'a Task, Done) {
        self.turns.take(task.bytes(), world.bytes_per_s).await;
        (task, task.run(&self.chunks, &self.puts, world).await)
    }

    /// Verifies what has to be, and commits that the asset is placed by this epoch, which the survey found settled. False
    /// when something is not as it should be, or not as it was then.
    async fn place(&self, term: &mut Term, world: &World, id: AssetId, epoch: Epoch) -> Result<bool, MetaError> {
        // as it is now: an epoch may have come since the survey
        let Some((now, state)) = self.look().await? else { return Ok(false) };
        let Some(asset) = state.view().asset(id)? else { return Ok(false) };
        let Some(subject) = Subject::new(&now, &state.view(), &asset)? else { return Ok(false) };
        let layouts = subject.epochs.layouts();
        let target = &layouts[subject.target(&now)];
        if target.epoch != epoch {
            return Ok(false);
        }
        let verified = term.verified.entry(id).or_default();
        for name in part_names(&asset) {
            let Some(part) = part_of(&state, &asset, name)? else { return Ok(false) };
            let (mut all, mut pairs) = (HashSet::new(), HashSet::new());
            for group in part.groups(id, asset.scheme) {
                let displaced = subject.displaced_of(&group);
                let placing = Placing { group: &group, since: &layouts[0], target, displaced: &displaced };
                pairs.extend(placing.to_verify());
                all.extend(group.placed(target).map(|(node, chunk)| (node, chunk.hash)));
            }
            pairs.retain(|pair| !verified.contains(pair));
            all.retain(|pair| !pairs.contains(pair));
            // what was written or verified before is still there, and the others are what they should be
            let there = Said::ask(&self.nodes, &now, id, all.iter().copied(), false).await;
            let read = Said::ask(&self.nodes, &now, id, pairs.iter().copied(), true).await;
            let is_stored = |said: &Said, (node, chunk): &(NodeId, ChunkHash)| said.of(*node, chunk) == Held::Stored;
            if !all.iter().all(|pair| is_stored(&there, pair)) || !pairs.iter().all(|pair| is_stored(&read, pair)) {
                return Ok(false);
            }
        }
        let placed = Command::Placed { asset: id, version: asset.version, epoch: target.epoch, term: world.term };
        let answer = self.meta.propose(placed).await?;
        term.verified.remove(&id);
        match answer.accepted() {
            Ok(_) => {
                tracing::info!(asset = %id, epoch = %target.epoch, "every copy is in its place");
                Ok(true)
            }
            Err(refused) => {
                tracing::debug!(asset = %id, %refused, "not placed");
                Ok(false)
            }
        }
    }

    async fn say_damaged(&self, world: &World, state: &StateRead, id: AssetId, damaged: bool) -> Result<(), MetaError> {
        let Some(asset) = state.view().asset(id)?.filter(|asset| asset.damaged != damaged) else { return Ok(()) };
        let command = Command::AssetDamaged { asset: id, version: asset.version, damaged, term: world.term };
        match self.meta.propose(command).await?.accepted() {
            Ok(_) if damaged => tracing::error!(asset = %id, "chunks of it cannot be had from anybody"),
            Ok(_) => tracing::info!(asset = %id, "all of it can be read again"),
            Err(refused) => tracing::debug!(asset = %id, %refused, "its damage is not recorded"),
        }
        Ok(())
    }

    /// Tells people, and the log, how it stands.
    async fn tell(&self, term: &mut Term, world: &World, survey: &Survey) -> Result<(), MetaError> {
        for job in term.untold() {
            let put = self.meta.propose(Command::JobPut { job: job.clone(), term: world.term }).await?;
            match put.accepted() {
                Ok(Response::Job { id, state }) => term.told(JobRecord { id, state, ..job }),
                Ok(_) => {}
                Err(refused) => tracing::debug!(%refused, "a job is not recorded"),
            }
        }
        self.status.send_replace(term.status(world, survey));
        Ok(())
    }
}
