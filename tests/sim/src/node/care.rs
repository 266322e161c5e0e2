//! The care of one data directory: scrubbing and compaction, when and as the real cores decide, through the directory's
//! writer. What is decided goes on after a restart where it stood.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures::future::join_all;
use vsd_core::{
    care::{Compact, CompactTerms, Kept, Order, Pace, Scrub, ScrubTerms, check_cost},
    superblock::{Compaction, GetError, WriteError, sim::SimDisk},
};

use super::{
    millis,
    store::{Dir, READ_MAX, Store},
};
use crate::kernel::lock;

/// The daemon checks everything within 30 days, a case within a part of its length.
const SCRUB: ScrubTerms = ScrubTerms { interval_ms: 120_000, bytes_per_s: 64 << 20 };
const COMPACT: CompactTerms = CompactTerms { garbage_percent: 30 };
/// How often it is looked what is due.
const LOOK: Duration = Duration::from_secs(1);
/// What an operator asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Care {
    Scrub,
    Compact,
}

/// Chunks that are checked at a time.
const KEYS: usize = 64;
/// Moves that are handed to the writer together, and how many a second: so few that much may happen in between.
const MOVE_BYTES: u64 = 8 << 10;
const MOVE_BYTES_PER_S: u64 = 32 << 10;

impl Store {
    /// Every directory is looked after now.
    pub(crate) fn order(&self, order: Care) {
        self.dirs.iter().for_each(|dir| lock(&dir.orders).push(order));
    }

    /// Looks after a directory, for ever.
    pub(super) async fn care(self: Arc<Self>, dir: Arc<Dir>) {
        let (kept, began) = (self.machine.drives()[dir.drive].care.take(), self.world.kernel.now());
        let (mut scrub, mut compact) = Kept::restore(kept, millis(began), SCRUB, COMPACT);
        loop {
            self.world.kernel.sleep(LOOK).await;
            let now = self.world.kernel.now().saturating_sub(began);
            let wall_ms = millis(self.world.kernel.now());
            scrub.tick(now);
            compact.tick(now);
            for order in lock(&dir.orders).drain(..) {
                match order {
                    Care::Scrub => scrub.order(Order::Start, wall_ms),
                    Care::Compact => compact.order(Order::Start, Some(1), wall_ms),
                };
            }
            let figures = dir.reader.figures(None);
            if scrub.due_in_ms(check_cost(figures.chunks, figures.chunk_bytes)) == Some(0) {
                scrub.begin(wall_ms);
            }
            if scrub.pass().is_some() {
                self.check_some(&dir, &mut scrub).await;
            }
            if compact.plan_in(now) == Some(Duration::ZERO) {
                self.compact(&dir, &mut compact, now).await;
            }
            self.machine.drives()[dir.drive].care = Some(Kept::of(&scrub, &compact, wall_ms));
        }
    }

    async fn check_some(&self, dir: &Dir, scrub: &mut Scrub) {
        let keys = dir.reader.list(&(0..=u64::MAX), scrub.position(), KEYS);
        if keys.is_empty() {
            return scrub.end(millis(self.world.kernel.now()));
        }
        for key in keys {
            self.take_half(dir.drive, READ_MAX).await;
            let bytes = dir.reader.chunk_bytes(&key);
            let checked = dir.reader.check(&key);
            self.take_half(dir.drive, READ_MAX).await;
            let bytes = bytes.filter(|_| !matches!(checked, Err(GetError::NotFound)));
            scrub.looked_at(key, bytes, matches!(checked, Err(GetError::Corrupt { .. })));
        }
    }

    /// Empties every superblock that is worth it, one after the other.
    async fn compact(&self, dir: &Dir, compact: &mut Compact, now: Duration) {
        let mut skip = BTreeSet::new();
        loop {
            self.take_half(dir.drive, READ_MAX).await;
            let wall_ms = millis(self.world.kernel.now());
            let Ok(found) = Compaction::plan(&dir.reader, compact.garbage_percent(), &skip) else {
                return compact.hold(now);
            };
            let Some(compaction) = found else { return compact.found_none(now, wall_ms) };
            compact.found(wall_ms);
            skip.insert(compaction.superblock());
            if self.empty(dir, compaction, compact).await.is_err() {
                return compact.hold(now);
            }
        }
    }

    /// Moves what is needed out of a superblock, and removes it. It stays when something in it cannot be read.
    async fn empty(
        &self,
        dir: &Dir,
        mut compaction: Compaction<SimDisk>,
        compact: &mut Compact,
    ) -> Result<(), WriteError> {
        let began = self.world.kernel.now();
        let (mut is_read, mut pace) = (true, Pace::new(MOVE_BYTES_PER_S, MOVE_BYTES));
        loop {
            self.world.kernel.sleep(pace.wait(self.world.kernel.now() - began)).await;
            self.take_half(dir.drive, READ_MAX).await;
            let batch = compaction.next(&dir.reader, MOVE_BYTES);
            is_read &= batch.unreadable.is_empty();
            if batch.moves.is_empty() && compaction.bytes_left() == 0 {
                break;
            }
            for moved in join_all(batch.moves.into_iter().map(|op| dir.change(op))).await {
                moved?;
            }
            pace.spend(self.world.kernel.now() - began, batch.read_bytes);
            compact.moved(batch.read_bytes);
        }
        if is_read && let Ok(freed_bytes) = dir.retire(compaction).await {
            compact.retired(freed_bytes);
        }
        Ok(())
    }
}
