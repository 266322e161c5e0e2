//! Content that is to be kept by another scheme is written anew beside the current version, and put in its place in one
//! step (DESIGN §6, versions).
//!
//! Invariants:
//! - First the pending version is committed, then its members are written and verified, all of them on their computed
//!   places, then it replaces the current one. Old copies go by the sweep, after `drop.delay`.
//! - A version that somebody else began is given up, and begun anew as soon as all are there that it is to be written to:
//!   what of it was written is found again by its name, before a sweep takes it. While it could not be begun anew it is left
//!   as it is, but not for longer than `drop.delay` nor while something waits for it: what has a pending version cannot be
//!   placed anew.
//! - A change has one job, whoever leads: the next leader goes on with it under the same id.
//! - Nothing is begun that could not be ended, because a node is away that it would be written to.
//! - Nothing of this is urgent: it stands still while anything is to be repaired.

use std::{collections::BTreeMap, fmt, sync::atomic::Ordering::Relaxed, time::Duration};

use bytes::Bytes;
use futures::{FutureExt, StreamExt, future::join_all, stream::FuturesUnordered};
use vs_core::{
    error::{Code, Failure},
    group::Group,
    hash::ChunkHash,
    id::{AssetId, Ballot, JobId, NodeId, Version},
    layout::Layout,
    limit::PAGE_ITEMS_MAX,
    manifest::{ChunkRef, Part, Track},
    mutant::{Mutant, planted},
    read::{Known, gather::gather},
};

use super::{
    note::{Note, Purpose},
    repair::{LOOK, Repairer},
    shell::{PutError, Question, Shell, State, Unavailable},
    survey::{part_names, part_of},
    term::new_job,
    world::{Epochs, World, disks_of, down},
};
use crate::{
    meta::{
        AssetRecord, ClusterTime, Command, JobKind, JobRecord, JobState, Pending, Response, SettingName, TableError,
        View,
    },
    plan::{
        policy::{Policy, Wanted, views_of, wanted_scheme},
        repair::{Held, Presence},
        verify::{Standing, Step, Verifying, standing},
    },
    upload::{
        store::not_computed,
        track::{Gathered, Sealed, TrackBuilder, Written},
        write::PUT_TIMEOUT,
    },
};

/// The shortest time between two looks at what every asset is to be kept by, and how many times as long as the last look
/// it is at least.
const REST_MIN: Duration = Duration::from_secs(5);
const REST_TIMES: u32 = 20;
/// How long a film is left alone that could not be changed; and it is not tried again before all others had their turn.
const AGAIN: Duration = Duration::from_secs(60);
/// How long a node may fail to take a chunk: one that is restarted does not cost the work of hours.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the log is told how far a job is.
const TELL: Duration = Duration::from_secs(2);
/// To read again what is there already costs less than to write it by so much: who begins anew catches up with who went
/// before, even where leaders come and go faster than a film is written.
const FOUND_TIMES: u64 = 4;

/// What a look at all assets came to.
enum Next {
    /// All are kept as they should be, or cannot be changed now.
    Nothing,
    /// Something was given up: what is to be changed is not what it was.
    Again,
    /// With the job that waits for it, or that a leader before began.
    Change(Box<AssetRecord>, Wanted, Option<Box<JobRecord>>),
}

/// What is remembered from one look to the next.
#[derive(Debug, Default)]
struct Memory {
    /// Films that could not be changed, and when.
    failed: BTreeMap<AssetId, Duration>,
    /// Versions that somebody else began and that were left as they are, and since when.
    left: BTreeMap<(AssetId, Version), ClusterTime>,
}

/// What is looked at, and what decides.
struct Looked<'a> {
    world: &'a World,
    view: View<'a>,
    policy: Policy,
    now: ClusterTime,
    drop_delay_ms: u64,
    /// Jobs that are not over.
    open: Vec<JobRecord>,
    /// Nothing is begun now.
    held_up: bool,
}

impl Looked<'_> {
    /// By which scheme an asset is to be kept, when that is another one.
    fn wanted(&self, asset: &AssetRecord) -> Result<Option<Wanted>, TableError> {
        let (views, nodes) = (views_of(self.view, asset.id)?, self.world.current().map_or(0, Layout::room));
        let wanted = wanted_scheme(asset, views, self.now, &self.policy, nodes);
        Ok(Some(wanted).filter(|wanted| wanted.scheme != asset.scheme))
    }

    fn job_of(&self, asset: AssetId) -> Option<Box<JobRecord>> {
        self.open.iter().find(|job| job.asset == Some(asset)).cloned().map(Box::new)
    }
}

/// One asset on its way to another scheme.
struct Migration<'a, S> {
    repairer: &'a Repairer<S>,
    world: World,
    asset: AssetRecord,
    /// Of the current version, for reading.
    epochs: Epochs,
    pending: Pending,
    ballot: Ballot,
    layout: Layout,
    /// What was written and verified, and where.
    placed: Placed,
    job: JobRecord,
    told: Duration,
}

/// Nodes and what they have now.
type Placed = Vec<(NodeId, ChunkHash)>;

/// Why a migration ended early.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("{0}")]
    Failed(Failure),
    #[error(transparent)]
    Meta(#[from] Unavailable),
    /// Its job was ended by an operator, or is the next leader's.
    #[error("its job is over")]
    Over,
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<TableError> for Broken {
    fn from(error: TableError) -> Self {
        Self::Meta(error.into())
    }
}

impl<S: Shell> Repairer<S> {
    /// Looks for content that is to be kept by another scheme, and changes one asset after the other.
    pub(super) async fn migrate(&self) {
        let mut memory = Memory::default();
        loop {
            let rest = match self.migrate_one(&mut memory).boxed().await {
                Ok(rest) => rest,
                Err(Broken::Failed(failure)) => {
                    self.shell.note(Note::MigrationFailed(&failure));
                    REST_MIN
                }
                Err(Broken::Over) => Duration::ZERO,
                Err(Broken::Meta(error)) => {
                    self.shell.note(Note::MigrationUnavailable(&error));
                    REST_MIN
                }
            };
            self.shell.sleep(rest).await;
        }
    }

    /// After how long it is worth while to look again.
    async fn migrate_one(&self, memory: &mut Memory) -> Result<Duration, Broken> {
        let Some((world, state)) = self.look().await? else {
            *memory = Memory::default();
            return Ok(REST_MIN);
        };
        let began = self.shell.now();
        let (asset, wanted, job) = match self.next_to_migrate(&world, &state, memory).await? {
            Next::Nothing => {
                memory.failed.retain(|_, at| self.since(*at) < AGAIN);
                let pending = |asset| state.view().asset(asset).ok().flatten()?.pending;
                memory.left.retain(|(asset, version), _| pending(*asset).is_some_and(|is| is.version == *version));
                return Ok(REST_MIN.max(self.since(began) * REST_TIMES));
            }
            Next::Again => return Ok(Duration::ZERO),
            Next::Change(asset, wanted, job) => (*asset, wanted, job),
        };
        let (Some(epochs), Some(layout)) = (world.epochs(asset.since), world.current().cloned()) else {
            return Ok(REST_MIN);
        };
        let begin =
            Command::VersionBegin { asset: asset.id, scheme: wanted.scheme, epoch: layout.epoch, term: world.term };
        let begun = match self.shell.propose(begin).await?.accepted() {
            Ok(begun) => begun,
            Err(refused) => {
                memory.failed.insert(asset.id, self.shell.now());
                if let Some(job) = job {
                    let job = JobRecord { state: JobState::Failed, what: because(&job.what, &refused.what), ..*job };
                    self.shell.propose(Command::JobPut { job, term: world.term }).await?;
                }
                return Err(Failure::from(refused).into());
            }
        };
        let Response::Pending { version, ballot, scheme, epoch, .. } = begun else { return Ok(REST_MIN) };
        // What nodes are told from here on must not be older than the wish: a drop that was decided before would not be
        // void, and could take what is counted on.
        let Some((world, state)) = self.look().await? else { return Ok(REST_MIN) };
        let pending = Pending { version, scheme, epoch };
        let title = state.view().videos_of(asset.id, 1)?.pop().map(|video| video.title).unwrap_or_default();
        let what: String = format!("{} -> {scheme}: {title}", asset.scheme).chars().take(200).collect();
        let bytes_total = asset.tracks.iter().map(|track| track.bytes - track.init.len() as u64).sum();
        let chunks_total = asset.tracks.iter().map(|track| track.chunks).sum();
        // what a leader before did is counted anew: it is looked at anew
        let (id, asset_id) = (job.map(|job| job.id).unwrap_or_default(), Some(asset.id));
        let job = JobRecord { id, what, bytes_total, chunks_total, asset: asset_id, ..new_job(JobKind::Migrate) };
        let mut migration = Migration {
            repairer: self,
            world,
            asset,
            epochs,
            pending,
            ballot,
            layout,
            placed: Vec::new(),
            job,
            told: self.shell.now(),
        };
        let ended = migration.run().boxed().await;
        // what somebody ended may be begun anew at once
        if ended.as_ref().is_err_and(|broken| !matches!(broken, Broken::Over)) {
            memory.failed.insert(migration.asset.id, self.shell.now());
        }
        ended.map(|()| Duration::ZERO)
    }

    /// The first asset that is kept otherwise than it should be, one with an open job before all others: what was written
    /// for it is not there for ever. A version that nobody finishes is given up on the way, and so is a job that is about
    /// nothing any more.
    async fn next_to_migrate(&self, world: &World, state: &S::State, memory: &mut Memory) -> Result<Next, Broken> {
        let view = state.view();
        let is_open = |job: &JobRecord| job.kind == JobKind::Migrate && !job.state.is_over();
        let open: Vec<_> = view.jobs(None, PAGE_ITEMS_MAX)?.into_iter().filter(is_open).collect();
        let is_away = world.current().is_some_and(|layout| world.any_away_of(layout));
        if is_away {
            // what failed may have failed for that: it is tried as soon as nobody is away
            memory.failed.clear();
        }
        let is_paused = open.iter().any(|job| job.state == JobState::Paused);
        let held_up = is_paused || world.any_full() || is_away || self.is_urgent.load(Relaxed);
        let (policy, now, drop_delay_ms) =
            (Policy::of(view)?, view.cluster_time()?, view.setting(SettingName::DropDelay)?);
        let looked = Looked { world, view, policy, now, drop_delay_ms, open, held_up };
        for id in looked.open.iter().filter_map(|job| job.asset) {
            let is_due = memory.failed.get(&id).is_none_or(|at| self.since(*at) >= AGAIN);
            if let Some(asset) = view.asset(id)?
                && let Some(next) = self.consider(&looked, asset, is_due, &mut memory.left).await?
            {
                return Ok(next);
            }
        }
        let mut after = None;
        loop {
            let page = view.assets(after, PAGE_ITEMS_MAX)?;
            let Some(last) = page.last() else {
                if !held_up {
                    self.end_idle(&looked, &memory.failed).await?;
                }
                return Ok(Next::Nothing);
            };
            after = Some(last.id);
            for asset in page {
                let is_due = !memory.failed.contains_key(&asset.id);
                if let Some(next) = self.consider(&looked, asset, is_due, &mut memory.left).await? {
                    return Ok(next);
                }
            }
        }
    }

    /// What is to be done about an asset, if anything is.
    async fn consider(
        &self,
        looked: &Looked<'_>,
        asset: AssetRecord,
        is_due: bool,
        left: &mut BTreeMap<(AssetId, Version), ClusterTime>,
    ) -> Result<Option<Next>, Broken> {
        if let Some(pending) = asset.pending {
            let version = pending.version;
            let since = *left.entry((asset.id, version)).or_insert(looked.now);
            if looked.now < since.plus_ms(looked.drop_delay_ms) && self.may_be_left(looked, &asset, pending)? {
                return Ok(None);
            }
            let abort = Command::VersionAbort { asset: asset.id, version, term: looked.world.term };
            let aborted = self.shell.propose(abort).await?.accepted();
            return Ok(aborted.is_ok().then_some(Next::Again));
        }
        let is_sound = asset.is_finished() && !asset.damaged && !asset.is_displaced();
        if !is_sound || !is_due || looked.held_up {
            return Ok(None);
        }
        let (wanted, job) = (looked.wanted(&asset)?, looked.job_of(asset.id));
        Ok(wanted.map(|wanted| Next::Change(Box::new(asset), wanted, job)))
    }

    /// Whether a pending version is what would be begun, only not now, and nothing waits for its end: neither a newer layout
    /// nor copies that are to be written elsewhere because a node is down.
    fn may_be_left(&self, looked: &Looked<'_>, asset: &AssetRecord, pending: Pending) -> Result<bool, TableError> {
        let is_wanted = looked.wanted(asset)?.is_some_and(|wanted| wanted.scheme == pending.scheme);
        let is_current = looked.world.current().is_some_and(|layout| layout.epoch == pending.epoch);
        let epochs = looked.world.epochs(asset.since);
        let placing = epochs.iter().flat_map(Epochs::layouts).flat_map(|layout| &layout.nodes);
        let is_urgent = self.is_urgent.load(Relaxed) && down(&self.shell, placing.map(|node| node.id)).is_some();
        Ok(looked.held_up && is_wanted && is_current && !is_urgent)
    }

    /// Ends jobs of assets that are not to be changed: nobody has chosen one of them.
    async fn end_idle(&self, looked: &Looked<'_>, failed: &BTreeMap<AssetId, Duration>) -> Result<(), Broken> {
        let is_idle = |job: &&JobRecord| job.asset.is_none_or(|asset| !failed.contains_key(&asset));
        for job in looked.open.iter().filter(is_idle) {
            let asset = job.asset.map_or(Ok(None), |asset| looked.view.asset(asset))?;
            let (state, line) = if asset.is_some_and(|asset| asset.damaged) {
                (JobState::Failed, "what is damaged is not changed")
            } else {
                (JobState::Done, "nothing is to be changed now")
            };
            let job = JobRecord { state, log: vec![(self.shell.wall_ms(), line.to_owned())], ..job.clone() };
            self.shell.propose(Command::JobPut { job, term: looked.world.term }).await?;
        }
        Ok(())
    }
}

impl<S: Shell> Migration<'_, S> {
    async fn run(&mut self) -> Result<(), Broken> {
        let ended = match self.write().await {
            // the version went with the job
            Err(Broken::Over) => return Err(Broken::Over),
            ended => ended,
        };
        let (id, version, term) = (self.asset.id, self.pending.version, self.world.term);
        let committed = match ended {
            Ok(tracks) => {
                let commit = Command::VersionCommit { asset: id, version, tracks, term };
                self.repairer.shell.propose(commit).await?.accepted().map(drop).map_err(|why| Failure::from(why).into())
            }
            Err(broken) => Err(broken),
        };
        self.job.state = if committed.is_ok() { JobState::Done } else { JobState::Failed };
        match &committed {
            Ok(()) => self.repairer.shell.note(Note::Migrated { asset: id, scheme: self.pending.scheme }),
            Err(why) => {
                self.job.what = because(&self.job.what, why);
                let abort = Command::VersionAbort { asset: id, version, term };
                self.repairer.shell.propose(abort).await?;
            }
        }
        match self.tell().await {
            Ok(()) | Err(Broken::Over) => committed,
            Err(error) => Err(error),
        }
    }

    /// Writes every track anew; their descriptions, in the order of the current ones.
    async fn write(&mut self) -> Result<Vec<Track>, Broken> {
        self.tell().await?;
        let mut tracks = Vec::new();
        for at in 0..self.asset.tracks.len() {
            tracks.push(self.write_track(at).await?);
        }
        self.check().await?;
        Ok(tracks)
    }

    /// What was verified some time ago is still there. A node that does not say is waited for, as long as it is counted on.
    async fn check(&mut self) -> Result<(), Broken> {
        let gone = || Failure::new(Code::Unreachable, "what was written is not all there any more");
        if planted(Mutant::VersionCommittedAtQuorum) {
            return Ok(());
        }
        let mut verifying = Verifying::new(0, 1);
        let mut began = self.repairer.shell.now();
        loop {
            let step = verifying.next(disks_of(&self.repairer.shell, &self.layout));
            if step == Step::Count {
                return Ok(());
            }
            let Some((world, _)) = self.repairer.look().await? else { return Err(gone().into()) };
            let said = world.ask(&self.repairer.shell, self.asset.id, self.placed.iter().copied(), false).await;
            let standing = |(node, chunk): &(NodeId, ChunkHash)| {
                standing(world.presence(*node), said.of(*node, chunk), world.counts_on(*node))
            };
            let worst = self.placed.iter().map(standing).max().unwrap_or(Standing::There);
            let is_late = self.repairer.since(began) > Duration::from_millis(world.grace_ms) + AGAIN;
            if worst == Standing::Gone {
                return Err(gone().into());
            }
            if is_late && (worst == Standing::Waiting || step == Step::Leave) {
                return Err(Failure::new(Code::Unreachable, "not all nodes said in time what they have").into());
            }
            if worst == Standing::Waiting || step == Step::Leave {
                verifying.wait();
                self.repairer.shell.sleep(TELL).await;
                self.tell().await?;
                let before = self.repairer.shell.now();
                self.until_resumed().await?;
                // a pause is nobody's delay
                began += self.repairer.since(before);
            }
        }
    }

    async fn write_track(&mut self, at: usize) -> Result<Track, Broken> {
        let old = self.asset.tracks[at].clone();
        let mut builder = TrackBuilder::new(old.clone(), self.ballot, self.pending.scheme);
        for name in part_names(&self.asset).filter(|(track, _)| *track == at) {
            let state = self.repairer.shell.stale();
            let part = part_of(&state, &self.asset, name)?.ok_or_else(|| lost("a part of the film is not there"))?;
            drop(state);
            self.write_part(&mut builder, &old, &part).await?;
        }
        if let Some(last) = builder.end() {
            self.write_groups(&mut builder, &old, vec![last]).await?;
        }
        let (track, last) = builder.finish();
        if let Some(part) = last {
            self.put_part(part).await?;
        }
        if track.sha256 != old.sha256 {
            return Err(Failure::new(Code::Integrity, format!("track {} reads as something else", old.name)).into());
        }
        Ok(track)
    }

    /// Reads the groups of a part, a few ahead, and writes what its segments become.
    async fn write_part(&mut self, builder: &mut TrackBuilder, track: &Track, part: &Part) -> Result<(), Broken> {
        let groups: Vec<_> = part.groups(self.asset.id, self.asset.scheme).collect();
        let mut read = Vec::new().into_iter();
        let mut groups = groups.into_iter();
        for segment in &part.segments {
            let mut chunks = Vec::new();
            while chunks.len() < segment.chunks.len() {
                let chunk = match read.next() {
                    Some(chunk) => chunk,
                    None => {
                        let some: Vec<_> = groups.by_ref().take(self.world.concurrency).collect();
                        if some.is_empty() {
                            return Err(lost("a segment has chunks that no group holds").into());
                        }
                        read = self.read(&some).await?.into_iter();
                        continue;
                    }
                };
                chunks.push(chunk);
            }
            let filled = builder.segment(segment.start_us, segment.duration_us, chunks);
            self.write_groups(builder, track, filled).await?;
        }
        Ok(())
    }

    /// The data of groups of the current version, in order.
    async fn read(&self, groups: &[Group]) -> Result<Vec<Bytes>, Failure> {
        let (nodes, away) = self.world.known_and_away();
        let known = Known { layouts: self.epochs.layouts(), nodes: &nodes, away: &away, displaced: &[] };
        let read = |group: &Group| {
            let (want, group) = ((0..group.data).collect::<Vec<_>>(), group.clone());
            async move { gather(&self.repairer.shell, self.asset.id, &group, &want, &known).await.members }.boxed()
        };
        let read = join_all(groups.iter().map(read)).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(read.into_iter().flatten().collect())
    }

    async fn write_groups(
        &mut self,
        builder: &mut TrackBuilder,
        track: &Track,
        groups: Vec<Gathered>,
    ) -> Result<(), Broken> {
        for some in groups.chunks(self.world.concurrency) {
            self.until_calm().await?;
            let mut writing: FuturesUnordered<_> =
                some.iter().map(|group| self.write_group(track, group).boxed()).collect();
            let mut written = Vec::new();
            while let Some(group) = writing.next().await {
                written.push(group?);
            }
            drop(writing);
            for (no, group, placed) in written {
                self.placed.extend(placed);
                self.job.chunks_done += u64::try_from(group.data.len()).unwrap_or(0);
                self.job.bytes_done += group.data.iter().map(|chunk| u64::from(chunk.bytes)).sum::<u64>();
                for part in builder.written(no, group) {
                    self.put_part(part).await?;
                }
            }
            if self.repairer.since(self.told) >= TELL {
                self.tell().await?;
                self.until_resumed().await?;
            }
        }
        Ok(())
    }

    /// Writes every member of a group to its place, where it is not there already and sound.
    async fn write_group(&self, track: &Track, group: &Gathered) -> Result<(u64, Written, Placed), Failure> {
        let (asset, scheme, name, no) = (self.asset.id, self.pending.scheme, track.name.clone(), group.no);
        let gathered = group.clone();
        let encoded = self.repairer.shell.compute(move || gathered.encode(asset, &name, scheme)).await;
        let (placed, members) = encoded.ok_or_else(not_computed)?;
        let places = self.layout.place(&placed.key, placed.width);
        let write = |(place, node): (usize, NodeId)| {
            let member = placed.member_at(place);
            self.write_member(node, placed.members[member], members[member].clone()).boxed()
        };
        let written = join_all(places.into_iter().enumerate().map(write)).await;
        let is_quorum = written.iter().filter(|member| member.is_ok()).count() > written.len() / 2;
        if !(planted(Mutant::VersionCommittedAtQuorum) && is_quorum) {
            written.into_iter().collect::<Result<(), _>>()?;
        }
        let there = placed.placed(&self.layout).map(|(node, chunk)| (node, chunk.hash)).collect();
        let mut data = placed.members;
        let parity = data.split_off(placed.data);
        Ok((no, Written { data, parity, displaced: Vec::new() }, there))
    }

    /// The member is durable and verified on the node. One that is restarted meanwhile is tried again.
    async fn write_member(&self, node: NodeId, chunk: ChunkRef, bytes: Bytes) -> Result<(), Failure> {
        let (shell, asset) = (&self.repairer.shell, self.asset.id);
        if self.world.presence(node) != Presence::Up {
            return Err(Failure::new(Code::Unreachable, format!("{node} is not up")));
        }
        let question = Question { node, asset, index: self.world.index, deep: true };
        let patience = PATIENCE.min(Duration::from_millis(self.world.grace_ms));
        let began = shell.now();
        loop {
            if shell.held(question, &[chunk.hash]).await == [Held::Stored] {
                self.repairer.take_leave(u64::from(chunk.bytes) / FOUND_TIMES, &self.world).await;
                return Ok(());
            }
            self.repairer.take_leave(chunk.bytes.into(), &self.world).await;
            match shell.put(node, asset, chunk.hash, bytes.clone(), self.world.index, PUT_TIMEOUT).await {
                Ok(()) => break,
                Err(PutError::Node(_)) if self.repairer.since(began) < patience => shell.sleep(TELL).await,
                Err(error) => {
                    let refused = Failure::new(Code::Unreachable, format!("{node} did not take a chunk"));
                    return Err(refused.because(error));
                }
            }
        }
        shell.note(Note::Copied { purpose: Purpose::Migrate, asset, node, chunk: chunk.hash, bytes: chunk.bytes });
        Ok(())
    }

    /// Stands still while something is repaired. What is pending is not: with a node of its places down it is given up
    /// rather than left as it is for as long as that takes, and so is what cannot be placed anew while it is pending.
    async fn until_calm(&self) -> Result<(), Failure> {
        while self.repairer.is_urgent.load(Relaxed) {
            let placing = self.epochs.layouts().first().into_iter().chain([&self.layout]);
            let nodes = placing.flat_map(|layout| &layout.nodes).map(|node| node.id);
            if let Some(down) = down(&self.repairer.shell, nodes) {
                return Err(Failure::new(Code::Unreachable, format!("{down} is down, and other copies come first")));
            }
            self.repairer.shell.sleep(LOOK).await;
        }
        Ok(())
    }

    async fn put_part(&self, part: Sealed) -> Result<(), Broken> {
        let put = Command::PartPut {
            asset: self.asset.id,
            version: self.pending.version,
            ballot: self.ballot,
            part: part.bytes,
        };
        self.repairer.shell.propose(put).await?.accepted().map_err(Failure::from)?;
        Ok(())
    }

    /// Tells the log how far it is, and hears whether it is to pause.
    async fn tell(&mut self) -> Result<(), Broken> {
        self.told = self.repairer.shell.now();
        let put = Command::JobPut { job: self.job.clone(), term: self.world.term };
        match self.repairer.shell.propose(put).await?.accepted() {
            Ok(Response::Job { id, state }) => (self.job.id, self.job.state) = (id, state),
            Err(_) if self.job.id != JobId::default() => return Err(Broken::Over),
            Ok(_) | Err(_) => {}
        }
        Ok(())
    }

    async fn until_resumed(&mut self) -> Result<(), Broken> {
        while self.job.state == JobState::Paused {
            self.repairer.shell.sleep(TELL).await;
            let job = self.repairer.shell.read().await?.view().job(self.job.id)?;
            self.job.state = job.map_or(JobState::Failed, |job| job.state);
        }
        if self.job.state.is_over() { Err(Broken::Over) } else { Ok(()) }
    }
}

/// What a job was about that failed, and why.
fn because(what: &str, why: impl fmt::Display) -> String {
    format!("{what}: {why}").chars().take(400).collect()
}

fn lost(why: &str) -> Failure {
    Failure::new(Code::Integrity, why)
}

#[cfg(test)]
mod tests;
