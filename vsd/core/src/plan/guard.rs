//! What a node was sent of the assets that its sweep decides about (DESIGN §10).
//!
//! A sender that stores or checks a copy names the index of the log up to which it knows the state. A decision to drop a
//! copy, made by the state at some index, is void when a sender knew more: that copy may be wanted again, and the sender
//! may count on it.
//!
//! Whoever drops takes the drop in hand here, which is the check, then deletes, then ends it here. Whoever is asked for a
//! copy is heard here, waits for what is in hand, and then looks. So of the two one always knows of the other:
//! - heard before the check: the drop is void;
//! - heard after it: the drop is in hand or has ended, and the look afterwards does not find the copy.
//!
//! An asset nobody watches is not remembered, and nothing of it is dropped. What was heard before the watch began cannot
//! be above a decision that is made by a linearizable read after that.

use std::collections::{BTreeMap, BTreeSet};

use vs_core::{
    id::AssetId,
    mutant::{Mutant, planted},
};

/// A copy that was found to be unwanted, by the state at this index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    pub asset: AssetId,
    pub index: u64,
}

/// The number of drops that are made together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Batch(u64);

/// What was heard, and what is in hand. As large as what is watched.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// The highest index heard of each asset that is watched.
    heard: BTreeMap<AssetId, u64>,
    in_hand: BTreeMap<Batch, BTreeSet<AssetId>>,
    batches: u64,
}

impl Guard {
    /// From now on what is heard of these counts.
    pub fn watch(&mut self, assets: impl IntoIterator<Item = AssetId>) {
        for asset in assets {
            self.heard.entry(asset).or_insert(0);
        }
    }

    /// Every decision about these is void.
    pub fn unwatch(&mut self, assets: impl IntoIterator<Item = AssetId>) {
        for asset in assets {
            self.heard.remove(&asset);
        }
    }

    /// A sender that knows the state at `index` stores or checks chunks of the asset.
    pub fn hear(&mut self, asset: AssetId, index: u64) {
        if let Some(highest) = self.heard.get_mut(&asset) {
            *highest = index.max(*highest);
        }
    }

    /// Takes in hand what is not void; which of the decisions that is, in their order.
    pub fn begin(&mut self, decisions: &[Decision]) -> (Batch, Vec<bool>) {
        let is_void = |heard: &u64, decision: &Decision| *heard > decision.index && !planted(Mutant::SweepIgnoresIndex);
        let holds =
            |decision: &Decision| self.heard.get(&decision.asset).is_some_and(|heard| !is_void(heard, decision));
        let hold: Vec<_> = decisions.iter().map(holds).collect();
        let assets = decisions.iter().zip(&hold).filter(|(_, holds)| **holds).map(|(decision, _)| decision.asset);
        let batch = Batch(self.batches);
        self.batches += 1;
        self.in_hand.insert(batch, assets.collect());
        (batch, hold)
    }

    /// These were made, or failed.
    pub fn end(&mut self, batch: Batch) {
        self.in_hand.remove(&batch);
    }

    /// Drops of the asset that are being made.
    #[must_use]
    pub fn in_hand(&self, asset: AssetId) -> BTreeSet<Batch> {
        self.in_hand.iter().filter(|(_, assets)| assets.contains(&asset)).map(|(batch, _)| *batch).collect()
    }

    /// Whether all of these have ended.
    #[must_use]
    pub fn have_ended(&self, batches: &BTreeSet<Batch>) -> bool {
        batches.iter().all(|batch| !self.in_hand.contains_key(batch))
    }
}
