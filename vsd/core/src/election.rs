//! When a node that hears no leader asks to become one.
//!
//! A timeout that is drawn once makes two nodes that split the votes split them again. This timer draws afresh whenever
//! a leader is heard, a vote is given, or an attempt came to nothing. And before it raises the term, a node *polls*:
//! would you vote for me? Whoever hears a leader would not, so a node that was cut off and comes back deposes nobody.
//!
//! Invariants:
//! - A node is due no sooner than `min_ms` after it heard a leader, gave its vote or tried.
//! - It would vote for nobody whose log is behind its own, nor while it hears a leader.

/// Between what the time is drawn after which a node stops waiting for a leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    pub min_ms: u64,
    /// Not included.
    pub max_ms: u64,
}

/// Part of `min_ms`, in percent, for which a leader that was heard counts as heard. It must be more than the time
/// between two heartbeats, and so much less than all that a node whose time is up finds others who miss the leader too.
const HEARD_PERCENT: u64 = 50;

#[derive(Clone, Copy, Debug)]
pub struct Election {
    timing: Timing,
    heard_ms: u64,
    due_ms: u64,
}

impl Election {
    /// The timer of a node that starts. It cannot know that there is no leader, so it counts as having heard one.
    #[must_use]
    pub fn new(timing: Timing, now_ms: u64, random: u64) -> Self {
        let mut election = Self { timing, heard_ms: now_ms, due_ms: now_ms };
        election.draw(now_ms, random);
        election
    }

    /// A leader was heard, or a vote was given.
    pub fn heard(&mut self, now_ms: u64, random: u64) {
        self.heard_ms = now_ms;
        self.draw(now_ms, random);
    }

    /// A poll or an election begins or came to nothing: when to try next.
    pub fn tried(&mut self, now_ms: u64, random: u64) {
        self.draw(now_ms, random);
    }

    fn draw(&mut self, now_ms: u64, random: u64) {
        let range_ms = self.timing.max_ms.saturating_sub(self.timing.min_ms).max(1);
        self.due_ms = now_ms.saturating_add(self.timing.min_ms).saturating_add(random % range_ms);
    }

    #[must_use]
    pub fn due_ms(&self) -> u64 {
        self.due_ms
    }

    #[must_use]
    pub fn is_due(&self, now_ms: u64) -> bool {
        now_ms >= self.due_ms
    }

    /// Whether this node, whose log ends in `mine`, would vote for one whose log ends in `theirs`. These are in the order
    /// that votes go by: first whose the last entry is, then its index.
    #[must_use]
    pub fn would_vote<L: Ord>(&self, now_ms: u64, mine: L, theirs: L) -> bool {
        let hears_leader = now_ms.saturating_sub(self.heard_ms) < self.timing.min_ms * HEARD_PERCENT / 100;
        theirs >= mine && !hears_leader
    }
}

#[cfg(test)]
mod tests;
