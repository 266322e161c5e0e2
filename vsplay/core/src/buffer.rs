//! What is asked for and what is held, track by track.
//!
//! Three cursors walk every track: `asked` (the next chunk nobody was asked for), `feed` (the next to give to the
//! outputs; what lies before it is buffered without a gap) and `taken` (the next the outputs are not done with). Chunks
//! are fed as soon as they are next, so the buffered time ends where `feed` stands.
//!
//! Invariants:
//! - taken ≤ feed, and every chunk between them is held.
//! - A chunk is held or reserved from the moment somebody is asked for it until it is released: its bytes count that
//!   long.

use std::{collections::BTreeMap, time::Duration};

use vs_core::id::NodeId;

use crate::{
    event::FetchId,
    timeline::{Cursor, Located, TrackLine},
};

/// What was tried to get a chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    /// Asked in this round without success.
    pub asked: Vec<NodeId>,
    /// Said that they lack the chunk, or hold a bad copy.
    pub refused: Vec<NodeId>,
    pub rounds: u32,
    pub not_before: Duration,
    /// Who failed last.
    pub last: Option<NodeId>,
    /// Every node refused in the last whole round.
    pub lost: bool,
    /// Most bytes any attempt has brought.
    pub best_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// To be fetched from somebody else, or later.
    Wanted(Tries),
    Fetching(FetchId, Tries),
    /// Nobody who should have it gives it: others of its stripe are fetched to compute it.
    Rebuilding(Tries),
    /// Who gave it, or most lately something to compute it from.
    Held(NodeId),
}

/// One track being played.
#[derive(Clone, Debug)]
pub struct Lane {
    pub line: TrackLine,
    pub slots: BTreeMap<Cursor, Slot>,
    asked: Cursor,
    feed: Cursor,
    taken: Cursor,
    located: bool,
}

impl Lane {
    #[must_use]
    pub fn new(line: TrackLine) -> Self {
        let start = Cursor::default();
        Self { line, slots: BTreeMap::new(), asked: start, feed: start, taken: start, located: false }
    }

    /// Finds where to begin for `position`, once the manifest parts up to there are known.
    pub fn locate(&mut self, position: Duration) {
        if self.located {
            return;
        }
        let segment = match self.line.locate(position) {
            Located::Unknown => return,
            Located::Segment(no) => no,
            Located::Past => self.line.track().segments,
        };
        let start = Cursor { segment, chunk: 0 };
        (self.asked, self.feed, self.taken, self.located) = (start, start, start, true);
    }

    /// Forgets the place; [`Lane::locate`] finds the new one.
    pub fn leave(&mut self) {
        self.located = false;
    }

    #[must_use]
    pub fn is_located(&self) -> bool {
        self.located
    }

    #[must_use]
    pub fn feed_cursor(&self) -> Cursor {
        self.feed
    }

    /// The end of what is buffered without a gap; the far future when that is all.
    #[must_use]
    pub fn buffered_to(&self) -> Duration {
        self.time_of(self.feed)
    }

    /// The end of what the outputs have taken.
    #[must_use]
    pub fn taken_to(&self) -> Duration {
        self.time_of(self.taken)
    }

    fn time_of(&self, at: Cursor) -> Duration {
        match () {
            () if !self.located => Duration::ZERO,
            () if self.line.is_past(at) => Duration::MAX,
            // In a part that has not arrived: all before it is there.
            () => self.line.time_of(at).unwrap_or_else(|| self.line.lasts_to(at.segment.saturating_sub(1))),
        }
    }

    /// The next chunk nobody was asked for, if it begins before `horizon`.
    pub fn next_unasked(&mut self, horizon: Duration) -> Option<(Duration, Cursor)> {
        if !self.located {
            return None;
        }
        while self.slots.contains_key(&self.asked) {
            self.asked = self.line.next(self.asked);
        }
        let time = self.line.time_of(self.asked).filter(|_| !self.line.is_past(self.asked))?;
        (time < horizon).then_some((time, self.asked))
    }

    /// The first chunk in want of another attempt that may begin now.
    #[must_use]
    pub fn next_wanted(&self, now: Duration) -> Option<(Duration, Cursor)> {
        let due = |slot: &Slot| matches!(slot, Slot::Wanted(tries) if tries.not_before <= now);
        let at = *self.slots.iter().find(|(_, slot)| due(slot))?.0;
        Some((self.line.time_of(at)?, at))
    }

    /// The next chunk for the outputs, if it is there.
    pub fn next_feed(&mut self) -> Option<Cursor> {
        let at = self.feed;
        if !self.located || self.line.is_past(at) || !matches!(self.slots.get(&at), Some(Slot::Held(_))) {
            return None;
        }
        self.feed = self.line.next(at);
        Some(at)
    }

    /// The outputs are done with a chunk. They take them in order.
    pub fn take(&mut self, at: Cursor) {
        if at == self.taken && at < self.feed {
            self.taken = self.line.next(at);
        }
    }

    /// Whether the outputs are done with everything fed.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.taken == self.feed
    }

    /// Whether all was fed and taken.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.located && self.is_taken() && self.line.is_past(self.feed)
    }

    /// Lets go of what lies behind `position` and was taken: whole segments, because an output that begins anew needs
    /// its segment's first chunk; single chunks too when `pressed` for memory.
    pub fn release(&mut self, position: Duration, pressed: bool, mut released: impl FnMut(Cursor)) {
        while let Some((&at, _)) = self.slots.first_key_value().filter(|(at, _)| self.located && **at < self.taken) {
            let next = self.line.next(at);
            let end = if pressed { self.time_of(next) } else { self.line.segment_end(at.segment) };
            if end.min(self.line.segment_end(at.segment)) > position {
                break;
            }
            self.slots.remove(&at);
            released(at);
        }
    }

    /// Chunks still to come in play order that begin before `horizon`, with what was tried for them.
    pub fn to_come(&self, horizon: Duration) -> impl Iterator<Item = (Duration, Cursor)> {
        let mut at = self.feed;
        std::iter::from_fn(move || {
            loop {
                let time = self.line.time_of(at).filter(|time| *time < horizon && !self.line.is_past(at))?;
                let here = at;
                at = self.line.next(at);
                if !matches!(self.slots.get(&here), Some(Slot::Held(_))) {
                    return Some((time, here));
                }
            }
        })
    }
}
