//! The node's [`plan::guard`](vsd_core::plan::guard), shared by the writers of its directories and by those who answer
//! requests. The lock is held for a lookup only, never while a disk works.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;
use vs_core::id::AssetId;
use vsd_core::plan::guard::{self, Batch, Decision};

#[derive(Debug, Default)]
pub(super) struct Guard {
    books: Mutex<guard::Guard>,
    ended: Notify,
}

/// Drops that a writer is making, until it is dropped.
#[derive(Debug)]
pub(super) struct InHand<'a> {
    of: &'a Guard,
    batch: Batch,
}

/// Assets that are watched, until it is dropped: then every decision about them is void. There is one at a time.
#[derive(Debug)]
pub(crate) struct Watch {
    of: Arc<Guard>,
    assets: BTreeSet<AssetId>,
}

impl Guard {
    pub(super) fn watch(self: &Arc<Self>) -> Watch {
        Watch { of: Arc::clone(self), assets: BTreeSet::new() }
    }

    pub(super) fn hear(&self, asset: AssetId, index: u64) {
        self.books().hear(asset, index);
    }

    /// Takes in hand what is not void, and says which of the decisions that is.
    pub(super) fn begin(&self, decisions: &[Decision]) -> (InHand<'_>, Vec<bool>) {
        let (batch, hold) = self.books().begin(decisions);
        (InHand { of: self, batch }, hold)
    }

    /// Returns once every drop of the asset has ended that is in hand now.
    pub(super) async fn settle(&self, asset: AssetId) {
        let in_hand = self.books().in_hand(asset);
        loop {
            let mut ended = std::pin::pin!(self.ended.notified());
            ended.as_mut().enable();
            if self.books().have_ended(&in_hand) {
                return;
            }
            ended.await;
        }
    }

    /// Every change is one insertion or removal, so a panic elsewhere leaves it sound.
    fn books(&self) -> MutexGuard<'_, guard::Guard> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Also when the writer panics: nobody waits for it then.
impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.of.books().end(self.batch);
        self.of.ended.notify_waiters();
    }
}

impl Watch {
    /// Watches these too.
    pub(crate) fn add(&mut self, assets: &BTreeSet<AssetId>) {
        self.of.books().watch(assets.iter().copied());
        self.assets.extend(assets);
    }

    /// Watches only these any more.
    pub(crate) fn keep(&mut self, assets: &BTreeSet<AssetId>) {
        self.of.books().unwatch(self.assets.difference(assets).copied());
        self.assets.retain(|asset| assets.contains(asset));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.keep(&BTreeSet::new());
    }
}
