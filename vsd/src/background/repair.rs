//! The executor of repair and moves: it surveys, does the most urgent tasks at the configured rate, and commits what is
//! verified. It works in the process of the leader and nowhere else.
//!
//! Invariants:
//! - Level-triggered: nothing it has in memory matters beyond one pass. A new leader finds what is left by looking.
//! - An asset is said to be placed by an epoch only after every place of that epoch that differs from before, was owed or
//!   had a stand-in was verified: by the answer to a PUT of this leader's, or by reading it (DUR-2).
//! - What it commits names its term, so that an executor that wakes up late changes nothing.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use futures::{
    FutureExt, StreamExt,
    stream::{self, FuturesUnordered},
};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use vs_client::chunk::ChunkClient;
use vs_core::{
    id::{AssetId, Epoch},
    limit::PAGE_ITEMS_MAX,
};
use vsd_core::meta::{Command, JobRecord, Response, SettingName};

use super::{
    progress::Turns,
    status::{Reporter, Status},
    survey::Survey,
    task::{Done, Task, Work},
    term::Term,
    world::{Signature, World, signature},
};
use crate::{
    holdings::Nodes,
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
/// How long it goes by one list before it turns to what has changed.
const STEP_MIN: Duration = Duration::from_secs(1);
/// How often the log is told how far a job is.
const TELL: Duration = Duration::from_secs(2);
/// How long after something was found lost it must still be, before its asset is said to be damaged.
const LOST_AGAIN: Duration = Duration::from_secs(2);
/// Assets that are said to be damaged in one pass.
const LOST_MAX: usize = 1_000;

/// Looks after the redundancy of everything, while this node leads.
pub(crate) struct Repairer {
    pub(super) meta: Meta,
    pub(super) chunks: ChunkClient,
    pub(super) puts: Puts,
    pub(super) nodes: Nodes,
    pub(super) status: watch::Sender<Status>,
    /// It is to look now rather than when it is its turn.
    pub(super) look: Notify,
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
    pub(crate) async fn run(meta: Meta, chunks: ChunkClient, puts: Puts, reporter: Reporter, stop: CancellationToken) {
        let Reporter { status, orders } = reporter;
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
        let work = async {
            tokio::join!(repairer.work(), repairer.hear(orders), repairer.migrate(), repairer.look_after_nodes())
        };
        stop.run_until_cancelled(work).await;
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
                    self.meta.tell_lacks(BTreeMap::new());
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
        let Some((mut world, state)) = self.look().await? else { return Ok(None) };
        if term.as_ref().is_none_or(|term| term.number != world.term) {
            *term = Some(Term::new(&world));
        }
        let Some(term) = term else { return Ok(None) };
        world.refuse(term.full());
        let began = Instant::now();
        let survey = Survey::make(&self.nodes, &world, &state, term.look()).boxed().await?;
        let looking = began.elapsed();
        term.begin(state.view().jobs(None, PAGE_ITEMS_MAX)?, &world, &survey);
        // what it held of the past is let go: what follows may take hours
        drop(state);
        self.tell(term, &world, &survey).await?;
        let is_stuck = !survey.waiting.is_empty() || !survey.full.is_empty();
        let mut pass = if is_stuck { Pass::Stuck } else { Pass::Nothing };
        self.is_urgent.send_replace(survey.is_urgent() && term.may_do(Work::Repair));
        self.say_lost(&survey.lost).boxed().await?;
        if !survey.tasks.is_empty() {
            pass = self.execute(term, &world, &survey, looking).boxed().await?;
        }
        for asset in &survey.mended {
            self.say_damaged(&world, *asset, false).await?;
        }
        let seen = signature(&self.meta);
        for (asset, epoch) in &survey.to_place {
            let placed = self.place(term.verified.clone(), &world, *asset, *epoch).boxed().await?;
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

    /// What is found lost a second time: soon, and whatever else is to be done. Who uploads it again is not to be told that
    /// the library has it.
    async fn say_lost(&self, assets: &[AssetId]) -> Result<(), MetaError> {
        if assets.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(LOST_AGAIN).await;
        let Some((world, state)) = self.look().await? else { return Ok(()) };
        let some = &assets[..assets.len().min(LOST_MAX)];
        for asset in Survey::still_lost(&self.nodes, &world, &state, some).await? {
            self.say_damaged(&world, asset, true).await?;
        }
        Ok(())
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

    /// Does the tasks of what is not paused. An asset whose last task is done is placed at once, so that its old copies
    /// can go and there is room for what comes next.
    async fn execute(
        &self,
        term: &mut Term,
        world: &World,
        survey: &Survey,
        looking: Duration,
    ) -> Result<Pass, MetaError> {
        let began = Instant::now();
        let mut ahead = Ahead::of(survey);
        let mut moved = false;
        term.forget_failures();
        // a list, not an iterator: what is awaited has to be `Send` whatever the lifetimes
        let allowed = survey.tasks.iter().filter(|task| term.may_do(task.work));
        let turns: Vec<_> = allowed.map(|task| self.take_turn(task, world).boxed()).collect();
        let mut running = stream::iter(turns).buffer_unordered(world.concurrency);
        let mut placing = FuturesUnordered::new();
        loop {
            let (task, done) = tokio::select! {
                Some(placed) = placing.next() => {
                    moved |= placed?;
                    continue;
                }
                Some(ended) = running.next() => ended,
                else => break,
            };
            for (node, chunk, bytes) in &done.written {
                moved = true;
                self.puts.moved(task.work.name(), u64::from(*bytes));
                term.written(task.work, task.asset, *node, *chunk, u64::from(*bytes));
            }
            term.reads_failed(task.work, done.reads_failed);
            let is_done = done.failed.is_none();
            match done.failed {
                Some(failure) => {
                    tracing::debug!(asset = %task.asset, %failure, "a repair has to wait");
                    term.failed(task, &failure, &done.full);
                }
                None => term.done(task),
            }
            if let Some(epoch) = ahead.ended(task.asset, is_done) {
                placing.push(self.place(term.verified.clone(), world, task.asset, epoch).boxed());
            }
            if term.told_ago() >= TELL {
                self.tell(term, world, survey).await?;
            }
            if !term.may_do(task.work) || term.waits_for_repair(task, looking) {
                break;
            }
            // what changed in the cluster matters more than the end of this list
            if began.elapsed() > STEP_MIN.max(looking) && !world.is_as_seen(&self.meta.watch_cluster().borrow()) {
                break;
            }
        }
        drop((running, placing));
        Ok(if moved { Pass::More } else { Pass::Stuck })
    }

    async fn take_turn<'a>(&self, task: &'a Task, world: &World) -> (&'a Task, Done) {
        self.take_leave(task.bytes(), world).await;
        (task, task.run(&self.chunks, &self.puts, world).await)
    }

    /// Waits until so much may be written at the rate that is set now: a pass, or a film, may take hours.
    pub(super) async fn take_leave(&self, bytes: u64, world: &World) {
        let rate = || self.meta.stale().state.view().setting(SettingName::RepairRate).unwrap_or(world.bytes_per_s);
        self.turns.take(bytes, rate).await;
    }

    /// Tells people, and the log, how it stands: people first, whether or not the log takes it in.
    async fn tell(&self, term: &mut Term, world: &World, survey: &Survey) -> Result<(), MetaError> {
        self.say(term.status(world, survey));
        for job in term.untold() {
            let put = self.meta.propose(Command::JobPut { job: job.clone(), term: world.term }).await?;
            match put.accepted() {
                Ok(Response::Job { id, state }) => term.told(JobRecord { id, state, ..job }),
                Ok(_) => {}
                Err(refused) => {
                    // it was ended by somebody else: what it is about is looked at anew
                    tracing::debug!(%refused, "a job is not recorded");
                    term.forget(&job);
                }
            }
        }
        self.say(term.status(world, survey));
        Ok(())
    }

    fn say(&self, status: Status) {
        self.meta.tell_lacks(status.lacks.clone());
        self.status.send_replace(status);
    }
}

/// Assets that are where they should be once their tasks are done.
struct Ahead<'a> {
    finishing: &'a HashMap<AssetId, Epoch>,
    left: HashMap<AssetId, usize>,
}

impl<'a> Ahead<'a> {
    fn of(survey: &'a Survey) -> Self {
        let mut left = HashMap::new();
        survey.tasks.iter().for_each(|task| *left.entry(task.asset).or_insert(0) += 1);
        Self { finishing: &survey.finishing, left }
    }

    /// A task of an asset has ended; by which epoch the asset may be placed, if it was the last one and all were done.
    fn ended(&mut self, asset: AssetId, is_done: bool) -> Option<Epoch> {
        let left = self.left.get_mut(&asset).filter(|_| is_done)?;
        *left = left.checked_sub(1)?;
        (*left == 0).then(|| self.finishing.get(&asset).copied()).flatten()
    }
}
