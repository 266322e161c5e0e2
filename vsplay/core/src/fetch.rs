//! Fetches in flight: what comes of them, and how they end.
//!
//! A fetch is for a chunk that is to be played, or for a stripe that such a chunk is computed from; the one tells its
//! slot, the other its stripe.

use std::time::Duration;

use vs_core::{
    id::NodeId,
    read::{Answer, Ask},
};

use crate::{
    buffer::Slot,
    event::{ChunkAt, Effect, FetchFailure, FetchId, Note, Piece, StripeAt},
    player::Player,
};

/// Fetches that ended lately, kept to be shown.
const RECENT_MAX: usize = 8;

/// A fetch in flight.
#[derive(Clone, Debug)]
pub(crate) struct Fetch {
    /// The chunk that is to be played.
    pub(crate) at: ChunkAt,
    pub(crate) piece: Piece,
    /// What the stripe asked for by it.
    pub(crate) ask: Option<(StripeAt, Ask)>,
    pub(crate) node: NodeId,
    pub(crate) total_bytes: u64,
    pub(crate) received_bytes: u64,
    pub(crate) began: Duration,
    pub(crate) heard: Duration,
    /// What the node had sent in all when this began.
    pub(crate) node_bytes_before: u64,
}

/// A fetch that brought its chunk.
#[derive(Clone, Debug)]
pub(crate) struct Finished {
    pub(crate) at: ChunkAt,
    pub(crate) node: NodeId,
    pub(crate) bytes: u64,
    pub(crate) took: Duration,
}

impl Player {
    pub(crate) fn progress(&mut self, now: Duration, id: FetchId, bytes: u64) {
        let Some(fetch) = self.fetches.get_mut(&id) else { return };
        let more = bytes.saturating_sub(fetch.received_bytes);
        if fetch.received_bytes == 0 && more > 0 {
            self.nodes.first_byte(fetch.node, now.saturating_sub(fetch.began));
        }
        fetch.received_bytes += more;
        fetch.heard = now;
        self.nodes.received(fetch.node, more);
        self.throughput.received(more);
        self.counters.bytes_fetched += more;
        let (at, ask, received) = (fetch.at, fetch.ask, fetch.received_bytes);
        let received = ask.map_or(received, |(stripe, _)| self.stripe_bytes(stripe));
        if let Some(Slot::Fetching(_, tries) | Slot::Rebuilding(tries)) = self.slot_mut(at) {
            let further = received > tries.best_bytes;
            tries.best_bytes = tries.best_bytes.max(received);
            if further {
                self.progressed = now;
            }
        }
    }

    pub(crate) fn done(&mut self, now: Duration, id: FetchId) {
        let Some(total) = self.fetches.get(&id).map(|fetch| fetch.total_bytes) else { return };
        self.progress(now, id, total);
        let Some(fetch) = self.fetches.remove(&id) else { return };
        let took = now.saturating_sub(fetch.began);
        let sent = self.nodes.get(fetch.node).map_or(0, |node| node.received_bytes - fetch.node_bytes_before);
        self.nodes.done(fetch.node, sent, took);
        self.counters.chunks_verified += 1;
        if self.recent.len() == RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(Finished { at: fetch.at, node: fetch.node, bytes: total, took });
        match fetch.piece {
            Piece::Media(at) => {
                self.progressed = now;
                self.hold(now, at, fetch.node);
            }
            Piece::Spare(spare) => self.hold_spare(spare, fetch.node),
        }
        if let Some((stripe, ask)) = fetch.ask {
            self.stripe_heard(stripe, ask, Answer::Got);
        }
    }

    pub(crate) fn hold(&mut self, now: Duration, at: ChunkAt, node: NodeId) {
        self.counters.first_chunk.get_or_insert(now);
        if let Some(slot) = self.slot_mut(at) {
            *slot = Slot::Held(node);
        }
    }

    pub(crate) fn fetch_failed(&mut self, now: Duration, id: FetchId, why: FetchFailure, effects: &mut Vec<Effect>) {
        let Some(fetch) = self.fetches.remove(&id) else { return };
        self.counters.bytes_wasted += fetch.received_bytes;
        if self.nodes.failed(fetch.node, now, why == FetchFailure::Corrupt) {
            effects.push(Effect::Note(Note::Excluded { node: fetch.node }));
        }
        if let Some((stripe, ask)) = fetch.ask {
            let answer = match why {
                FetchFailure::Absent => Answer::Absent,
                FetchFailure::Corrupt => Answer::Corrupt,
                FetchFailure::Node | FetchFailure::Silent => Answer::Failed,
            };
            return self.stripe_heard(stripe, ask, answer);
        }
        let plan = self.plan(fetch.at).map(|plan| plan.nodes).unwrap_or_default();
        if let Some(slot) = self.slot_mut(fetch.at)
            && let Slot::Fetching(_, tries) = slot
        {
            let first = tries.rounds == 0;
            tries.failed(now, fetch.node, why, &plan);
            *slot = Slot::Wanted(std::mem::take(tries));
            if first {
                self.tell_failover(&fetch, why, effects);
            }
        }
    }

    /// Later rounds are not told: they would fill the log with one line.
    fn tell_failover(&self, fetch: &Fetch, why: FetchFailure, effects: &mut Vec<Effect>) {
        let ChunkAt { track, segment, chunk } = fetch.at;
        let track = self.lanes[track].line.track().name.clone();
        effects.push(Effect::Note(Note::Failover { track, segment, chunk, node: fetch.node, why }));
    }

    pub(crate) fn give_up_silent(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        let low = self.ahead() < self.settings.low_water;
        let silent: Vec<_> =
            self.fetches.iter().filter(|(_, fetch)| self.is_silent(now, fetch, low)).map(|(id, _)| *id).collect();
        for fetch in silent {
            effects.push(Effect::CancelFetch { fetch });
            self.fetch_failed(now, fetch, FetchFailure::Silent, effects);
        }
    }

    pub(crate) fn cancel(&mut self, id: FetchId, effects: &mut Vec<Effect>) {
        effects.push(Effect::CancelFetch { fetch: id });
        if let Some(fetch) = self.fetches.remove(&id) {
            self.nodes.cancelled(fetch.node);
            self.counters.bytes_wasted += fetch.received_bytes;
            if let Some((stripe, ask)) = fetch.ask {
                self.stripe_heard(stripe, ask, Answer::Failed);
            }
        }
    }

    pub(crate) fn cancel_all(&mut self, which: impl Fn(&Fetch) -> bool, effects: &mut Vec<Effect>) {
        let ids: Vec<_> = self.fetches.iter().filter(|(_, fetch)| which(fetch)).map(|(id, _)| *id).collect();
        ids.into_iter().for_each(|id| self.cancel(id, effects));
    }
}
