//! Background care of one data directory's chunks, as decisions: when to scrub and to compact, how fast, and how far it
//! is (DESIGN §9, §10).
//!
//! Invariants:
//! - Time comes from a clock that only goes forward. The wall clock is for display, and for how long the process was
//!   away: a jump of it brings one pass forward at worst, or delays one by the time away.
//! - What is paused stays so until it is resumed or started, over restarts too. What is stopped begins anew by itself
//!   when it is next due.
//! - Progress is what was done, never what should have been.

mod compact;
mod doubt;
mod job;
mod pace;
mod scrub;

use serde::{Deserialize, Serialize};

pub use compact::{COMPACT_REST_MS, Compact, CompactTerms, Compacted};
pub use doubt::Doubts;
pub use job::{Meter, Order, State};
pub use pace::Pace;
pub use scrub::{CHECKED_WITHIN_MS, Position, Scrub, ScrubTerms, Scrubbed, check_cost};

/// Format of what is kept over restarts.
const FORMAT: u32 = 1;

/// What outlives the process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    format: u32,
    /// By the wall clock.
    saved_at_ms: u64,
    scrub: scrub::Kept,
    compact: compact::Kept,
}

impl Kept {
    #[must_use]
    pub fn of(scrub: &Scrub, compact: &Compact, wall_ms: u64) -> Self {
        Self { format: FORMAT, saved_at_ms: wall_ms, scrub: scrub.kept().clone(), compact: compact.kept().clone() }
    }

    /// Goes on where the process before ended; what a newer release kept is not understood, and care starts anew.
    #[must_use]
    pub fn restore(
        kept: Option<Self>,
        wall_ms: u64,
        scrub_terms: ScrubTerms,
        compact_terms: CompactTerms,
    ) -> (Scrub, Compact) {
        let kept = kept.filter(|kept| kept.format == FORMAT);
        let away_ms = kept.as_ref().map_or(0, |kept| wall_ms.saturating_sub(kept.saved_at_ms));
        let (scrub, compact) = kept.map(|kept| (kept.scrub, kept.compact)).unwrap_or_default();
        (Scrub::new(scrub_terms, scrub, away_ms), Compact::new(compact_terms, compact, away_ms))
    }
}
