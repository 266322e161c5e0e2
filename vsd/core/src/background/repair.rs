//! The executor of repair and moves: it surveys, does the most urgent tasks at the configured rate, and commits what is
//! verified. It works in the process of the leader and nowhere else.
//!
//! Invariants:
//! - Level-triggered: nothing it has in memory matters beyond one pass. A new leader finds what is left by looking.
//! - An asset is said to be placed by an epoch only after every place of that epoch that differs from before, was owed or
//!   had a stand-in was verified: by the answer to a PUT of this leader's, or by reading it (DUR-2).
//! - What it commits names its term, so that an executor that wakes up late changes nothing.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use futures::{FutureExt, StreamExt, future::join3, stream::FuturesUnordered};
use vs_core::{
    id::{AssetId, Epoch},
    limit::PAGE_ITEMS_MAX,
};

use super::{
    note::Note,
    progress::Turns,
    shell::{Shell, State, Unavailable},
    status::Status,
    survey::Survey,
    task::{Done, Task, Work},
    term::Term,
    world::{Signature, World, signature},
};
use crate::meta::{Command, JobRecord, Response, SettingName};

/// How often the cluster's picture is looked at.
pub(super) const LOOK: Duration = Duration::from_millis(250);
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
pub struct Repairer<S> {
    pub(super) shell: S,
    status: Mutex<Status>,
    /// It is to look now rather than when it is its turn.
    pub(super) look: AtomicBool,
    pub(super) turns: Turns,
    /// Whether something lacks that could be written: everything else waits for that.
    pub(super) is_urgent: AtomicBool,
}

impl<S> std::fmt::Debug for Repairer<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repairer").field("status", &self.status).finish_non_exhaustive()
    }
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

impl<S: Shell> Repairer<S> {
    pub fn new(shell: S) -> Self {
        Self {
            shell,
            status: Mutex::default(),
            look: AtomicBool::new(false),
            turns: Turns::default(),
            is_urgent: AtomicBool::new(false),
        }
    }

    /// How its work stands. That of a node which does not lead says nothing.
    pub fn status(&self) -> Status {
        self.status_now().clone()
    }

    /// Works until it is dropped.
    pub async fn run(&self) {
        join3(self.work().boxed(), self.migrate().boxed(), self.look_after_nodes().boxed()).await;
    }

    /// Every change is one assignment, so a panic elsewhere leaves it sound.
    pub(super) fn status_now(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn work(&self) {
        let mut term: Option<Term> = None;
        let mut rest_until = Duration::ZERO;
        let mut seen = Signature::default();
        loop {
            self.shell.sleep(LOOK).await;
            if !self.leads() {
                self.retire(&mut term);
                rest_until = Duration::ZERO;
                continue;
            }
            let now_seen = signature(&self.shell);
            let is_to_look = self.look.swap(false, Relaxed) | (now_seen != seen);
            seen = now_seen;
            let began = self.shell.now();
            if rest_until > began && !is_to_look {
                continue;
            }
            let ended = self.pass(&mut term).boxed().await;
            let took = self.since(began);
            let rest = match ended {
                Ok(Some(Pass::More)) => Duration::ZERO,
                Ok(Some(Pass::Stuck)) => AGAIN.max(took * STUCK_TIMES),
                Ok(Some(Pass::Nothing)) => REST_MIN.max(took * REST_TIMES),
                Ok(None) => {
                    self.retire(&mut term);
                    Duration::ZERO
                }
                Err(error) => {
                    self.shell.note(Note::PassFailed(&error));
                    AGAIN
                }
            };
            rest_until = self.shell.now() + rest;
        }
    }

    /// It does not lead: what it found is not so any more.
    fn retire(&self, term: &mut Option<Term>) {
        if term.take().is_some() {
            self.shell.lacks(BTreeMap::new());
        }
        self.is_urgent.store(false, Relaxed);
    }

    /// How long ago that was.
    pub(super) fn since(&self, then: Duration) -> Duration {
        self.shell.now().saturating_sub(then)
    }

    /// None while this node does not lead.
    async fn pass(&self, term: &mut Option<Term>) -> Result<Option<Pass>, Unavailable> {
        let Some((mut world, state)) = self.look().await? else { return Ok(None) };
        if term.as_ref().is_none_or(|term| term.number != world.term) {
            *term = Some(Term::new(&world));
        }
        let Some(term) = term else { return Ok(None) };
        let began = self.shell.now();
        world.refuse(term.full(began));
        let survey = Survey::make(&self.shell, &world, &state, term.look(began)).boxed().await?;
        let looking = self.since(began);
        term.begin(state.view().jobs(None, PAGE_ITEMS_MAX)?, &world, &survey);
        // what it held of the past is let go: what follows may take hours
        drop(state);
        self.tell(term, &world, &survey).await?;
        let is_stuck = !survey.waiting.is_empty() || !survey.full.is_empty();
        let mut pass = if is_stuck { Pass::Stuck } else { Pass::Nothing };
        self.is_urgent.store(survey.is_urgent() && term.may_do(Work::Repair), Relaxed);
        self.say_lost(&survey.lost).boxed().await?;
        if !survey.tasks.is_empty() {
            pass = self.execute(term, &world, &survey, looking).boxed().await?;
        }
        for asset in &survey.mended {
            self.say_damaged(&world, *asset, false).await?;
        }
        let seen = signature(&self.shell);
        for (asset, epoch) in &survey.to_place {
            let placed = self.place(term.verified.clone(), &world, *asset, *epoch).boxed().await?;
            pass = if placed { Pass::More } else { pass.max(Pass::Stuck) };
            // there may be something more urgent now
            if signature(&self.shell) != seen {
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
    async fn say_lost(&self, assets: &[AssetId]) -> Result<(), Unavailable> {
        if assets.is_empty() {
            return Ok(());
        }
        self.shell.sleep(LOST_AGAIN).await;
        let Some((world, state)) = self.look().await? else { return Ok(()) };
        let some = &assets[..assets.len().min(LOST_MAX)];
        for asset in Survey::still_lost(&self.shell, &world, &state, some).await? {
            self.say_damaged(&world, asset, true).await?;
        }
        Ok(())
    }

    pub(super) fn leads(&self) -> bool {
        self.shell.picture().leader == Some(self.shell.node())
    }

    /// The world as it is now; none while this node does not lead.
    pub(super) async fn look(&self) -> Result<Option<(World, S::State)>, Unavailable> {
        if !self.leads() {
            return Ok(None);
        }
        let state = self.shell.read().await?;
        let world = World::see(&self.shell, &state)?;
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
    ) -> Result<Pass, Unavailable> {
        let began = self.shell.now();
        let mut ahead = Ahead::of(survey);
        let mut moved = false;
        term.forget_failures();
        let allowed: Vec<_> = survey.tasks.iter().filter(|task| term.may_do(task.work)).collect();
        let mut allowed = allowed.into_iter();
        let (mut open, mut running) = (FuturesUnordered::new(), 0);
        loop {
            let begun = allowed.by_ref().take(world.concurrency - running);
            let begun: Vec<_> = begun.map(|task| self.take_turn(task, world).boxed()).collect();
            running += begun.len();
            open.extend(begun);
            let (task, done) = match open.next().await {
                None => break,
                Some(Ended::Placed(placed)) => {
                    moved |= placed?;
                    continue;
                }
                Some(Ended::Task(task, done)) => (task, done),
            };
            term.reads_failed(task.work, done.reads_failed);
            running -= 1;
            moved |= !done.written.is_empty();
            let is_done = done.failed.is_none();
            self.take_in(term, task, done);
            if let Some(epoch) = ahead.ended(task.asset, is_done) {
                let placing = self.place(term.verified.clone(), world, task.asset, epoch);
                open.push(placing.map(Ended::Placed).boxed());
            }
            let now = self.shell.now();
            if term.told_ago(now) >= TELL {
                self.tell(term, world, survey).await?;
            }
            if !term.may_do(task.work) || term.waits_for_repair(task, looking, now) {
                break;
            }
            // what changed in the cluster matters more than the end of this list
            if self.since(began) > STEP_MIN.max(looking) && !world.is_as_seen(&self.shell.picture()) {
                break;
            }
        }
        drop(open);
        Ok(if moved { Pass::More } else { Pass::Stuck })
    }

    /// What came of a task is counted, and remembered.
    fn take_in(&self, term: &mut Term, task: &Task, done: Done) {
        let (now, asset) = (self.shell.now(), task.asset);
        for (node, chunk, bytes) in done.written {
            self.shell.note(Note::Copied { purpose: task.work.purpose(), asset, node, chunk, bytes });
            term.written((task.work, asset), node, chunk, bytes.into(), now);
        }
        match &done.failed {
            Some(failure) => {
                self.shell.note(Note::TaskFailed { asset, failure });
                term.failed(task, failure, &done.full, now);
            }
            None => term.done(task),
        }
    }

    async fn take_turn<'a>(&self, task: &'a Task, world: &World) -> Ended<'a> {
        self.take_leave(task.bytes(), world).await;
        Ended::Task(task, task.run(&self.shell, world).await)
    }

    /// Waits until so much may be written at the rate that is set now: a pass, or a film, may take hours.
    pub(super) async fn take_leave(&self, bytes: u64, world: &World) {
        let rate = || self.shell.stale().view().setting(SettingName::RepairRate).unwrap_or(world.bytes_per_s);
        self.turns.take(&self.shell, bytes, rate).await;
    }

    /// Tells people, and the log, how it stands: people first, whether or not the log takes it in.
    async fn tell(&self, term: &mut Term, world: &World, survey: &Survey) -> Result<(), Unavailable> {
        self.show(term, world, survey);
        for job in term.untold(self.shell.now()) {
            let put = self.shell.propose(Command::JobPut { job: job.clone(), term: world.term }).await?;
            match put.accepted() {
                Ok(Response::Job { id, state }) => term.told(JobRecord { id, state, ..job }),
                Ok(_) => {}
                Err(refused) => {
                    // it was ended by somebody else: what it is about is looked at anew
                    self.shell.note(Note::JobRefused(&refused));
                    term.forget(&job);
                }
            }
        }
        self.show(term, world, survey);
        Ok(())
    }

    fn show(&self, term: &mut Term, world: &World, survey: &Survey) {
        let status = term.status(world, survey, self.shell.now());
        self.shell.lacks(status.lacks.clone());
        *self.status_now() = status;
    }
}

/// What has ended of all that is under way.
enum Ended<'a> {
    Task(&'a Task, Done),
    /// An asset was placed, or not.
    Placed(Result<bool, Unavailable>),
}

/// Assets that are where they should be once their tasks are done.
struct Ahead<'a> {
    finishing: &'a BTreeMap<AssetId, Epoch>,
    left: BTreeMap<AssetId, usize>,
}

impl<'a> Ahead<'a> {
    fn of(survey: &'a Survey) -> Self {
        let mut left = BTreeMap::new();
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
