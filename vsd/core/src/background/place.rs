//! The end of repair and moves: what an asset's copies are is said in the log.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use vs_core::{
    hash::ChunkHash,
    id::{AssetId, Epoch, NodeId},
    manifest::Part,
    mutant::{Mutant, planted},
};

use super::{
    holdings::Said,
    note::Note,
    repair::Repairer,
    shell::{Shell, State, Unavailable},
    survey::{Subject, part_names, part_of},
    world::{World, disks_of, signature},
};
use crate::{
    meta::{AssetRecord, Command},
    plan::{
        repair::{Held, Placing},
        verify::{Step, Verified, Verifying},
    },
};

/// Chunks remembered as verified.
const VERIFIED_MAX: usize = 500_000;

/// What is verified in this term: by whoever writes, and by whoever reads before an asset is placed.
#[derive(Clone, Debug)]
pub(super) struct Answers(Arc<Mutex<Verified>>);

impl Default for Answers {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Verified::new(VERIFIED_MAX))))
    }
}

impl Answers {
    pub(super) fn lock(&self) -> MutexGuard<'_, Verified> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Pairs = BTreeSet<(NodeId, ChunkHash)>;

/// What a part has on computed places.
struct Places {
    all: Pairs,
    /// What has to be read, unless it was.
    to_verify: Pairs,
}

impl Places {
    fn of(subject: &Subject<'_>, asset: &AssetRecord, part: &Part, to: usize) -> Self {
        let layouts = subject.epochs.layouts();
        let (mut all, mut to_verify) = (Pairs::new(), Pairs::new());
        for group in part.groups(asset.id, asset.scheme) {
            let (displaced, beside) = (subject.astray.among(&group), None);
            let (since, target) = (&layouts[0], &layouts[to]);
            let placing = Placing { group: &group, since, target, beside, displaced: &displaced };
            to_verify.extend(placing.to_verify());
            all.extend(group.placed(target).map(|(node, chunk)| (node, chunk.hash)));
        }
        if planted(Mutant::OldDroppedBeforeNewVerified) {
            (all, to_verify) = Default::default();
        }
        Self { all, to_verify }
    }
}

fn is_stored(said: &Said, (node, chunk): &(NodeId, ChunkHash)) -> bool {
    said.of(*node, chunk) == Held::Stored
}

impl<S: Shell> Repairer<S> {
    /// Verifies what has to be, and commits that the asset is placed by this epoch, which the survey found settled but for
    /// what was verified since. False when something is not as it should be, or not as it was then, or when there may be
    /// something more urgent: what was read until then is not read again.
    pub(super) async fn place(
        &self,
        verified: Answers,
        world: &World,
        id: AssetId,
        epoch: Epoch,
    ) -> Result<bool, Unavailable> {
        // as it is now: an epoch may have come since the survey
        let Some((now, state)) = self.look().await? else { return Ok(false) };
        let Some(asset) = state.view().asset(id)? else { return Ok(false) };
        let Some(subject) = Subject::new(&now, &state.view(), &asset)? else { return Ok(false) };
        // parts never change, and to ask about all of them takes long
        drop(state);
        let to = subject.target(&now);
        let target = &subject.epochs.layouts()[to];
        if target.epoch != epoch {
            return Ok(false);
        }
        let seen = signature(&self.shell);
        let names: Vec<_> = part_names(&asset).collect();
        let mut verifying = Verifying::new(names.len(), names.len());
        loop {
            let step = verifying.next(disks_of(&self.shell, target));
            let (Step::Read(at) | Step::Look(at)) = step else {
                if step == Step::Count {
                    break;
                }
                return Ok(false);
            };
            let Some(part) = part_of(&self.shell.stale(), &asset, names[at])? else { return Ok(false) };
            let Places { all, mut to_verify } = Places::of(&subject, &asset, &part, to);
            if step == Step::Look(at) {
                let said = now.ask(&self.shell, id, all.iter().copied(), false).await;
                if !all.iter().all(|pair| is_stored(&said, pair)) {
                    return Ok(false);
                }
                continue;
            }
            {
                let verified = verified.lock();
                to_verify.retain(|pair| !verified.contains(id, pair));
            }
            if to_verify.is_empty() {
                continue;
            }
            let said = now.ask(&self.shell, id, to_verify.iter().copied(), true).await;
            let (read, left): (Vec<_>, Vec<_>) = to_verify.into_iter().partition(|pair| is_stored(&said, pair));
            read.into_iter().for_each(|(node, chunk)| verified.lock().insert(id, node, chunk));
            if !left.is_empty() || signature(&self.shell) != seen {
                return Ok(false);
            }
        }
        let placed = Command::Placed { asset: id, version: asset.version, epoch: target.epoch, term: world.term };
        match self.shell.propose(placed).await?.accepted() {
            Ok(_) => {
                verified.lock().forget(id);
                self.shell.note(Note::Placed { asset: id, epoch: target.epoch });
                Ok(true)
            }
            Err(refused) => {
                self.shell.note(Note::NotPlaced { asset: id, refused: &refused });
                Ok(false)
            }
        }
    }

    pub(super) async fn say_damaged(&self, world: &World, id: AssetId, damaged: bool) -> Result<(), Unavailable> {
        let asset = self.shell.stale().view().asset(id)?;
        let Some(asset) = asset.filter(|asset| asset.damaged != damaged) else { return Ok(()) };
        let command = Command::AssetDamaged { asset: id, version: asset.version, damaged, term: world.term };
        match self.shell.propose(command).await?.accepted() {
            Ok(_) if damaged => self.shell.note(Note::Damaged(id)),
            Ok(_) => self.shell.note(Note::Mended(id)),
            Err(refused) => self.shell.note(Note::DamageRefused { asset: id, refused: &refused }),
        }
        Ok(())
    }
}
