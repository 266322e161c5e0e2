//! When playing starts, when it starts again, and when it is over.
//!
//! What is there is always played before anything missing ends the playback: a chunk lost for good stops it only where
//! it is needed, because until then it may be repaired.

use std::time::Duration;

use vs_core::hash::Hash;

use crate::{
    buffer::{Lane, Slot, Tries},
    clock::Phase,
    estimate::{Upcoming, keeps_going},
    event::{ChunkAt, Effect, Ending, Note},
    placement::Placement,
    player::{Player, chunk_bytes},
    timeline::{Cursor, Located},
};

/// Whether what is known of the cluster was compared with what there is to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Renewal {
    #[default]
    Due,
    Asked,
    /// There was nothing newer at that time. It has to be asked again once anything useful has come since.
    InVain(Duration),
}

impl Player {
    pub(crate) fn start_or_end(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        if self.is_over() {
            return self.finish(Ending::Played, effects);
        }
        let waiting = matches!(self.phase(), Phase::Starting | Phase::Rebuffering);
        if !waiting {
            // Without real time nothing rebuffers: only what is lost for good can stop the outputs.
            if let Some(ending) = self.lost().filter(|_| !self.settings.clocked) {
                self.end_lost(ending, effects);
            } else if !self.settings.clocked {
                self.give_up(now, effects);
            }
            return;
        }
        if self.may_start() {
            let first = !self.clock.has_started();
            let stalled = self.clock.go();
            let note = if first { Note::Started { after: now } } else { Note::Resumed { stalled } };
            effects.push(Effect::Note(note));
        } else if let Some(ending) = self.lost() {
            self.end_lost(ending, effects);
        } else {
            self.give_up(now, effects);
        }
    }

    /// Ends a wait in which nothing useful has come for too long.
    fn give_up(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        if self.waits_for_outputs() {
            self.progressed = now;
        }
        if self.is_paused() || now.saturating_sub(self.progressed) < self.settings.patience {
            return;
        }
        match self.awaited().filter(|_| self.clock.has_started()) {
            Some(ending) => self.end_lost(ending, effects),
            None => self.finish(Ending::StartTimedOut, effects),
        }
    }

    /// Ends the playback, once it is sure that nothing newer is known of where its chunks and parts are.
    fn end_lost(&mut self, ending: Ending, effects: &mut Vec<Effect>) {
        match self.renewal {
            Renewal::Asked => {}
            Renewal::InVain(at) if self.progressed <= at => self.finish(ending, effects),
            Renewal::Due | Renewal::InVain(_) => {
                self.renewal = Renewal::Asked;
                effects.push(Effect::Renew);
            }
        }
    }

    /// By what is newer everything that was lost is asked for again.
    pub(crate) fn renewed(&mut self, now: Duration, newer: Option<Placement>) {
        let Some(placement) = newer else {
            self.renewal = Renewal::InVain(now);
            return;
        };
        self.place(placement);
        self.renewal = Renewal::Due;
        self.progressed = now;
        self.parts.ask_again();
        for slot in self.lanes.iter_mut().flat_map(|lane| lane.slots.values_mut()) {
            if let Slot::Wanted(tries) | Slot::Rebuilding(tries) = slot {
                tries.forget();
            }
        }
    }

    /// Whether nothing comes because the outputs are slow: that is theirs to end.
    fn waits_for_outputs(&self) -> bool {
        let held_back = self.pressed || !self.settings.clocked;
        held_back && !self.lanes.iter().all(Lane::is_taken)
    }

    fn is_over(&self) -> bool {
        let located = self.lanes.iter().all(Lane::is_located);
        if self.settings.clocked {
            let fed = self.buffered_to() == Duration::MAX;
            located && fed && self.position() >= self.end()
        } else {
            self.lanes.iter().all(Lane::is_done)
        }
    }

    fn may_start(&self) -> bool {
        if !self.lanes.iter().all(Lane::is_located) {
            return false;
        }
        let ahead = self.ahead();
        let whole = self.buffered_to() == Duration::MAX;
        let full = self.pressed && self.fetches.is_empty();
        // Nothing more can come before what is there was played.
        let last = ahead > Duration::ZERO && (full || self.lost().is_some());
        let any = !self.settings.clocked && self.counters.first_chunk.is_some();
        any || whole || last || ahead >= self.settings.start_buffer || self.keeps_going()
    }

    fn keeps_going(&self) -> bool {
        let Some(rate_bps) = self.throughput.recent_bps() else { return false };
        let (position, horizon) = (self.position(), self.horizon());
        if self.lanes.iter().any(|lane| lane.line.locate(horizon) == Located::Unknown) {
            return false;
        }
        let mut upcoming = Vec::new();
        for lane in &self.lanes {
            upcoming.extend(lane.to_come(horizon).map(|(time, at)| Upcoming {
                due: time.saturating_sub(position),
                bytes: chunk_bytes(lane, at).saturating_sub(self.received(lane, at)),
            }));
        }
        upcoming.sort_by_key(|chunk| chunk.due);
        keeps_going(&upcoming, rate_bps, self.settings.concurrency)
    }

    fn received(&self, lane: &Lane, at: Cursor) -> u64 {
        match lane.slots.get(&at) {
            Some(Slot::Fetching(fetch, _)) => self.fetches.get(fetch).map_or(0, |fetch| fetch.received_bytes),
            _ => 0,
        }
    }

    /// What stands in the way for good: a chunk that every node has refused, or a part that cannot be.
    fn lost(&self) -> Option<Ending> {
        let refused = |(track, lane): (usize, &Lane)| match lane.slots.get(&lane.feed_cursor()) {
            Some(
                Slot::Wanted(Tries { lost: true, .. })
                | Slot::Fetching(_, Tries { lost: true, .. })
                | Slot::Rebuilding(Tries { lost: true, .. }),
            ) => self.chunk_lost(track, lane.feed_cursor()),
            _ => None,
        };
        let part = |(track, no)| Ending::PartLost { track, no };
        self.lanes
            .iter()
            .enumerate()
            .find_map(refused)
            .or_else(|| self.parts.lasting.filter(|key| self.blocks(*key)).map(part))
    }

    /// Whether the part is what a track waits for.
    fn blocks(&self, (track, no): (usize, u32)) -> bool {
        let Some(lane) = self.lanes.get(track) else { return false };
        let unknown = !lane.is_located() || lane.line.segment(lane.feed_cursor().segment).is_none();
        unknown && !lane.line.is_past(lane.feed_cursor()) && lane.line.missing_parts().next() == Some(no)
    }

    /// What the emptiest track waits for.
    fn awaited(&self) -> Option<Ending> {
        let (track, lane) = self.lanes.iter().enumerate().min_by_key(|(_, lane)| lane.buffered_to())?;
        let part = || lane.line.missing_parts().next().map(|no| Ending::PartLost { track, no });
        self.chunk_lost(track, lane.feed_cursor()).or_else(part)
    }

    fn chunk_lost(&self, track: usize, at: Cursor) -> Option<Ending> {
        let hash: Hash = self.lanes[track].line.chunk(at)?.0.hash;
        Some(Ending::ChunkLost { at: ChunkAt { track, segment: at.segment, chunk: at.chunk }, hash })
    }
}
