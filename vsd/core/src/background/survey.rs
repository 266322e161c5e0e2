//! One pass over all assets: what their copies need (DESIGN §10).
//!
//! Asset by asset and part by part, each node that should hold something is asked what it has; the planner says what that
//! comes to. Memory is bounded by the tasks kept, the work by the library: the nodes answer out of their indexes.

use std::collections::{BTreeMap, HashSet};

use vs_core::{
    hash::{ChunkHash, Hash},
    id::{AssetId, Epoch, NodeId},
    limit::PAGE_ITEMS_MAX,
    manifest::Part,
    mutant::{Mutant, planted},
};

use super::{
    holdings::Astray,
    shell::{Shell, State},
    task::{Task, Work},
    world::{Epochs, World},
};
use crate::{
    meta::{AssetRecord, AssetState, TableError, View},
    plan::{
        repair::{self, Finding, Health, Placing, Readable},
        urgency::{Class, Rank, keep_most_urgent},
    },
};

/// Tasks kept of one pass; the next one finds the others.
const TASKS_MAX: usize = 4_096;
/// Disks whose use differs by less are equally full.
const FULLNESS_STEP: u64 = 5;

/// How much there is of something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) chunks: u64,
    pub(super) bytes: u64,
}

impl Amount {
    pub(super) fn is_nothing(self) -> bool {
        self.chunks == 0
    }

    pub(super) fn join(&mut self, other: Self) {
        self.chunks += other.chunks;
        self.bytes += other.bytes;
    }

    fn add(&mut self, bytes: u64) {
        self.chunks += 1;
        self.bytes += bytes;
    }
}

/// What is found of one asset.
struct Seen {
    settled: bool,
    readable: bool,
    is_lost: bool,
    /// Nothing but its tasks keeps it from being where it should be.
    can_finish: bool,
    tasks: Vec<Task>,
}

/// What one pass found.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Data chunks by how well their group is kept.
    pub(super) healthy: u64,
    pub(super) degraded: u64,
    pub(super) missing: u64,
    /// The most urgent tasks, in order.
    pub(super) tasks: Vec<Task>,
    /// All that is to be written, by what it is for.
    pub(super) left: BTreeMap<Work, Amount>,
    /// Members that wait for a node.
    pub(super) waiting: BTreeMap<NodeId, u64>,
    /// Members that wait for room on a node.
    pub(super) full: BTreeMap<NodeId, Amount>,
    /// Bytes that the newest layout places on each node.
    pub(super) placed: BTreeMap<NodeId, u64>,
    /// Assets that may be said to be placed by an epoch once their tasks are done.
    pub(super) finishing: BTreeMap<AssetId, Epoch>,
    /// Members that are not moved because an operator stopped it.
    pub(super) stopped: u64,
    /// Assets that may be said to be placed once that is verified.
    pub(super) to_place: Vec<(AssetId, Epoch)>,
    /// Assets that were said to be damaged and can be read.
    pub(super) mended: Vec<AssetId>,
    /// Assets that were not said to be damaged, and of which something cannot be had from anybody.
    pub(super) lost: Vec<AssetId>,
    /// Wall time of its end.
    pub(super) made_at_ms: u64,
    /// Tasks that could not be done lately.
    failed: HashSet<(AssetId, Hash)>,
    /// Assets that stay with an old epoch because the current one has too few nodes.
    pub(super) crowded: u64,
}

/// An asset and the epochs it is looked at by.
pub(super) struct Subject<'a> {
    pub(super) asset: &'a AssetRecord,
    pub(super) epochs: Epochs,
    pub(super) astray: Astray,
}

impl<'a> Subject<'a> {
    /// None when there is nothing to look at.
    pub(super) fn new(world: &World, view: &View<'_>, asset: &'a AssetRecord) -> Result<Option<Self>, TableError> {
        if asset.state != AssetState::Live {
            return Ok(None);
        }
        let Some(epochs) = world.epochs(asset.since) else { return Ok(None) };
        let astray = Astray::of(view, asset.id)?;
        Ok(Some(Self { asset, epochs, astray }))
    }

    /// Whether its version is complete, so that it can be placed by a newer epoch.
    fn is_placeable(&self) -> bool {
        let is_pending = self.asset.pending.is_some() && !planted(Mutant::PlacedWhilePending);
        self.asset.is_finished() && !is_pending
    }

    /// By which of its epochs it is to be placed, as an index.
    pub(super) fn target(&self, world: &World) -> usize {
        let layouts = self.epochs.layouts();
        let target = repair::target(self.asset.scheme, layouts, |node| world.presence(node));
        let at = target.and_then(|target| layouts.iter().position(|layout| layout.epoch == target.epoch));
        at.filter(|_| self.is_placeable()).unwrap_or(0)
    }
}

/// Parts of an asset by track and number, to be read one at a time.
pub(super) fn part_names(asset: &AssetRecord) -> impl Iterator<Item = (usize, u32)> + use<> {
    let counts: Vec<_> = asset.tracks.iter().map(|track| track.parts.len()).collect();
    counts.into_iter().enumerate().flat_map(|(track, parts)| (0..).take(parts).map(move |no| (track, no)))
}

/// A part of the current version; none when the asset has changed meanwhile.
pub(super) fn part_of(
    state: &impl State,
    asset: &AssetRecord,
    (track, no): (usize, u32),
) -> Result<Option<Part>, TableError> {
    let Some(track) = asset.tracks.get(track) else { return Ok(None) };
    let bytes = state.view().part(asset.id, asset.version, track.ballot, &track.name, no)?;
    Ok(bytes.and_then(|bytes| Part::decode(&bytes).ok()))
}

/// Asks everybody about what nobody has who should, unless somebody may return who does. What is found can be read and is
/// not missing; true when something is lost.
async fn ask_all(
    shell: &impl Shell,
    world: &World,
    asset: AssetId,
    placings: &[Placing<'_>],
    findings: &mut [Finding],
) -> bool {
    let missing = placings.iter().zip(findings).filter(|(_, finding)| finding.health == Health::Missing);
    let missing: Vec<_> = missing.collect();
    if missing.is_empty() || world.may_return() {
        return false;
    }
    let up = world.up();
    let mut wanted = Vec::new();
    for (placing, _) in &missing {
        for member in &placing.group.members {
            wanted.extend(up.iter().map(|node| (*node, member.hash)));
        }
    }
    let said = world.ask(shell, asset, wanted, false).await;
    let mut is_lost = false;
    for (placing, finding) in missing {
        let held = |node, chunk: &ChunkHash| said.of(node, chunk);
        match placing.of_all(&up, held) {
            Readable::Yes => finding.health = Health::Degraded,
            Readable::Unknown => {}
            Readable::Lost => is_lost = true,
        }
    }
    is_lost
}

impl Survey {
    /// What of these assets is still lost.
    pub(super) async fn still_lost<S: Shell>(
        shell: &S,
        world: &World,
        state: &S::State,
        assets: &[AssetId],
    ) -> Result<Vec<AssetId>, TableError> {
        let mut survey = Self::default();
        for asset in assets {
            let Some(asset) = state.view().asset(*asset)? else { continue };
            if let Some(subject) = Subject::new(world, &state.view(), &asset)? {
                survey.look_at(shell, world, state, &subject).await?;
            }
        }
        Ok(survey.lost)
    }

    /// Looks at every asset. What has failed lately makes way for what has not.
    pub(super) async fn make<S: Shell>(
        shell: &S,
        world: &World,
        state: &S::State,
        failed: HashSet<(AssetId, Hash)>,
    ) -> Result<Self, TableError> {
        let mut survey = Self { failed, ..Self::default() };
        let mut after = None;
        loop {
            let page = state.view().assets(after, PAGE_ITEMS_MAX)?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for asset in &page {
                if let Some(subject) = Subject::new(world, &state.view(), asset)? {
                    survey.look_at(shell, world, state, &subject).await?;
                }
            }
        }
        survey.keep_most_urgent();
        survey.made_at_ms = shell.wall_ms();
        Ok(survey)
    }

    async fn look_at<S: Shell>(
        &mut self,
        shell: &S,
        world: &World,
        state: &S::State,
        subject: &Subject<'_>,
    ) -> Result<(), TableError> {
        let asset = subject.asset;
        let layouts = subject.epochs.layouts();
        let to = subject.target(world);
        let mut seen = Seen { settled: true, readable: true, is_lost: false, can_finish: true, tasks: Vec::new() };
        // a newer layout that has no room for all of them, or is not theirs yet, is still better than a place that is gone
        let beside = layouts.last().filter(|_| to + 1 < layouts.len());
        for name in part_names(asset) {
            let Some(part) = part_of(state, asset, name)? else { return Ok(()) };
            let groups: Vec<_> = part.groups(asset.id, asset.scheme).collect();
            let displaced: Vec<_> = groups.iter().map(|group| subject.astray.among(group)).collect();
            let placings = groups.iter().zip(&displaced).map(|(group, displaced)| Placing {
                group,
                since: &layouts[0],
                target: &layouts[to],
                beside,
                displaced,
            });
            let placings: Vec<_> = placings.collect();
            let asked = placings.iter().flat_map(Placing::asked);
            let said = world.ask(shell, asset.id, asked, false).await;
            let look =
                |placing: &Placing<'_>| placing.look(|node| world.presence(node), |node, chunk| said.of(node, chunk));
            let mut findings: Vec<_> = placings.iter().map(look).collect();
            seen.is_lost |= ask_all(shell, world, asset.id, &placings, &mut findings).await;
            let newest = layouts.last().into_iter();
            for (node, chunk) in newest.flat_map(|newest| groups.iter().flat_map(|group| group.placed(newest))) {
                *self.placed.entry(node).or_default() += u64::from(chunk.bytes);
            }
            for (placing, finding) in placings.into_iter().zip(findings) {
                self.take_in(world, subject, placing, finding, &mut seen);
            }
        }
        let Seen { settled, readable, is_lost, can_finish, tasks } = seen;
        let is_to_place = subject.is_placeable() && (to > 0 || asset.is_displaced());
        let is_believed = is_to_place && planted(Mutant::OldDroppedBeforeNewVerified);
        let (settled, tasks) = if is_believed { (true, Vec::new()) } else { (settled, tasks) };
        if settled && is_to_place {
            self.to_place.push((asset.id, layouts[to].epoch));
        } else if can_finish && is_to_place {
            self.finishing.insert(asset.id, layouts[to].epoch);
        }
        if to + 1 < layouts.len() && subject.is_placeable() {
            self.crowded += 1;
        }
        if readable && asset.damaged {
            self.mended.push(asset.id);
        }
        if is_lost && !asset.damaged {
            self.lost.push(asset.id);
        }
        let targets = tasks.iter().flat_map(|task| &task.writes);
        let fullness = targets.map(|(node, _)| world.used_percent(*node)).max().unwrap_or(0);
        tasks.into_iter().for_each(|task| self.enter(Task { fullness, ..task }));
        Ok(())
    }

    /// Counts what was found of one group, and makes a task of what can be written now.
    fn take_in(
        &mut self,
        world: &World,
        subject: &Subject<'_>,
        placing: Placing<'_>,
        mut finding: Finding,
        seen: &mut Seen,
    ) {
        let group = placing.group;
        let counted = match finding.health {
            Health::Healthy => &mut self.healthy,
            Health::Degraded => &mut self.degraded,
            Health::Missing => &mut self.missing,
        };
        *counted += u64::try_from(group.data).unwrap_or(0);
        seen.settled &= finding.is_settled();
        seen.readable &= finding.health != Health::Missing;
        seen.can_finish &= finding.waits_for.is_empty();
        finding.waits_for.iter().for_each(|node| *self.waiting.entry(*node).or_default() += 1);
        if finding.writes.is_empty() {
            return;
        }
        let leaving = group.placed(placing.since).map(|(node, _)| node).find(|node| world.leaves(*node));
        let work = match finding.health {
            Health::Healthy => leaving.map_or(Work::Move, Work::Drain),
            Health::Degraded | Health::Missing => Work::Repair,
        };
        if work != Work::Repair && !world.may_move_to(placing.target.epoch) {
            self.stopped += u64::try_from(finding.writes.len()).unwrap_or(0);
            seen.can_finish = false;
            return;
        }
        let left = self.left.entry(work).or_default();
        finding.writes.iter().for_each(|(_, member)| left.add(group.members[*member].bytes.into()));
        let (full, writes): (Vec<_>, Vec<_>) = finding.writes.drain(..).partition(|(node, _)| world.is_full(*node));
        for (node, member) in &full {
            self.full.entry(*node).or_default().add(group.members[*member].bytes.into());
        }
        // of a long asset only so many are kept: then it is not finished by them
        let fits = seen.tasks.len() < TASKS_MAX;
        seen.can_finish &= full.is_empty() && fits;
        if !writes.is_empty() && fits {
            seen.tasks.push(Task {
                asset: subject.asset.id,
                work,
                health: finding.health,
                spare: finding.spare,
                group: group.clone(),
                epochs: subject.epochs.clone(),
                displaced: placing.displaced.to_vec(),
                writes,
                fullness: 0,
            });
        }
    }

    /// Whether something is to be repaired that could be.
    pub(super) fn is_urgent(&self) -> bool {
        self.tasks.iter().any(|task| task.class() == Class::Repair && !self.failed.contains(&task.name()))
    }

    fn enter(&mut self, task: Task) {
        self.tasks.push(task);
        if self.tasks.len() >= 2 * TASKS_MAX {
            self.keep_most_urgent();
        }
    }

    /// Repair before moves, and first what can lose least; of moves first those to the emptiest disks, so that there is
    /// room on the fuller ones when it is their turn.
    fn keep_most_urgent(&mut self) {
        let failed = &self.failed;
        let rank = |task: &Task| {
            let class = task.class();
            let weight = match class {
                Class::Repair | Class::Lost => u64::try_from(task.spare).unwrap_or(u64::MAX),
                Class::Move => task.fullness / FULLNESS_STEP,
            };
            Rank { class, has_failed: failed.contains(&task.name()), weight, asset: task.asset }
        };
        for task in keep_most_urgent(&mut self.tasks, TASKS_MAX, rank) {
            self.finishing.remove(&task.asset);
        }
    }
}

#[cfg(test)]
mod tests {
    use vs_core::{group::Group, manifest::ChunkRef};

    use super::*;

    fn task(asset: u64, work: Work, spare: usize, fullness: u64) -> Task {
        let health = if work == Work::Repair { Health::Degraded } else { Health::Healthy };
        let chunk = ChunkRef { hash: Hash::of(&asset.to_be_bytes()), bytes: 1 };
        Task {
            asset: AssetId(asset),
            work,
            health,
            spare,
            group: Group::replicated(chunk, 3),
            epochs: Epochs::none(),
            displaced: Vec::new(),
            writes: vec![(NodeId(1), 0)],
            fullness,
        }
    }

    #[test]
    fn what_lacks_comes_first_then_assets_one_by_one_and_emptier_disks_before_fuller_ones() {
        let (moves, drain) = (Work::Move, Work::Drain(NodeId(5)));
        let vain = task(9, Work::Repair, 0, 0);
        let mut survey = Survey { failed: [vain.name()].into(), ..Survey::default() };
        let tasks = [
            task(1, moves, 2, 94),
            task(2, drain, 2, 41),
            task(3, moves, 1, 43),
            vain,
            task(2, moves, 2, 41),
            task(3, moves, 2, 43),
            task(4, Work::Repair, 1, 99),
            task(5, Work::Repair, 0, 99),
        ];
        tasks.into_iter().for_each(|task| survey.enter(task));
        survey.keep_most_urgent();
        let order: Vec<_> = survey.tasks.iter().map(|task| task.asset.0).collect();
        assert_eq!(order, [5, 4, 9, 2, 2, 3, 3, 1]);
    }

    #[test]
    fn an_asset_is_not_finished_by_a_list_that_was_cut() {
        let finishing = (0..3).map(|asset| (AssetId(asset), Epoch(2))).collect();
        let mut survey = Survey { finishing, ..Survey::default() };
        for _ in 0..TASKS_MAX {
            survey.enter(task(1, Work::Move, 2, 0));
        }
        survey.enter(task(0, Work::Move, 2, 50));
        survey.enter(task(2, Work::Repair, 2, 0));
        survey.keep_most_urgent();
        assert_eq!(survey.finishing, [(AssetId(2), Epoch(2))].into());
    }
}
