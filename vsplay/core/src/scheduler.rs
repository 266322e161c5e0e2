//! What to fetch next, and from whom.
//!
//! The chunk due first is fetched first, over all tracks, so that they stay in step; a chunk that failed is still due
//! when it was. The node is the best likely holder by effective score that was not asked in this round. When all were
//! asked, the round is over: after a wait all are asked again, because a node may be back and a bad copy repaired.

use std::time::Duration;

use vs_core::{
    group::Group,
    id::NodeId,
    layout::Scheme,
    limit::STRIPE_DATA,
    manifest::ChunkRef,
    read::{Ask, ReadPlan},
};

use crate::{
    buffer::{Slot, Tries},
    event::{ChunkAt, Effect, FetchFailure, FetchId, Piece, StripeAt},
    fetch::Fetch,
    player::{Player, chunk_bytes},
    settings::{ROUND_WAIT, ROUND_WAIT_MAX, SILENCE_MAX, SILENCE_MAX_ALONE, SILENCE_MAX_WHEN_LOW, STRIPE_BYTES_MAX},
    timeline::Cursor,
};

/// A chunk that is due.
struct Due {
    due: Duration,
    at: ChunkAt,
    bytes: u64,
    /// Nobody was asked for it yet.
    fresh: bool,
}

/// What a fetch is to bring, and from whom.
pub(crate) struct Request {
    pub(crate) at: ChunkAt,
    pub(crate) piece: Piece,
    pub(crate) chunk: ChunkRef,
    pub(crate) node: NodeId,
    pub(crate) ask: Option<(StripeAt, Ask)>,
}

/// A chunk within what it is placed with.
struct Located {
    group: Group,
    member: usize,
    stripe: Option<StripeAt>,
}

impl Tries {
    /// Notes who failed. When nobody is left the round ends; a round in which every node refused makes the chunk lost.
    pub(crate) fn failed(&mut self, now: Duration, node: NodeId, why: FetchFailure, plan: &[NodeId]) {
        self.asked.push(node);
        self.last = Some(node);
        self.refused.retain(|refused| *refused != node);
        if matches!(why, FetchFailure::Absent | FetchFailure::Corrupt) {
            self.refused.push(node);
        }
        if plan.iter().all(|node| self.asked.contains(node)) {
            let lost = plan.iter().all(|node| self.refused.contains(node));
            self.end_round(now, lost);
        }
    }

    /// Others may be asked by now, so all count as never asked.
    pub(crate) fn forget(&mut self) {
        let best_bytes = self.best_bytes;
        *self = Self { best_bytes, ..Self::default() };
    }

    /// Everything was tried: all of it again after a wait.
    pub(crate) fn end_round(&mut self, now: Duration, lost: bool) {
        self.lost = lost;
        self.asked.clear();
        self.not_before = now + ROUND_WAIT.saturating_mul(1 << self.rounds.min(8)).min(ROUND_WAIT_MAX);
        self.rounds += 1;
    }
}

impl Player {
    /// Begins fetches until enough are in flight, nothing is wanted, or the next chunk does not fit into memory.
    pub(crate) fn schedule(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        self.pressed = false;
        // Tracks whose part is still on its way keep a fetch each: their first chunk is due as soon as the others'.
        let waiting = self.lanes.iter().filter(|lane| !lane.is_located()).count();
        let slots = self.settings.concurrency.saturating_sub(waiting).max(1);
        while self.fetches.len() < slots {
            let asked = self.most_urgent_ask();
            let chunk = self.most_urgent(now);
            let goes_on = match (asked, chunk) {
                (Some((due, stripe)), chunk) if chunk.as_ref().is_none_or(|chunk| due <= chunk.due) => {
                    self.begin_ask(now, stripe, effects);
                    true
                }
                (_, Some(Due { fresh: true, bytes, .. })) if !self.has_room(bytes) => {
                    self.pressed = true;
                    false
                }
                (_, Some(Due { at, fresh, .. })) => self.begin_best(now, at, fresh, effects),
                (_, None) => false,
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Whether so many bytes more may be held. Some room is kept for the stripes of chunks that nobody gives: without
    /// it those that wait behind such a chunk would keep it from ever being computed.
    pub(crate) fn has_room(&self, bytes: u64) -> bool {
        let kept = if matches!(self.placement.scheme, Scheme::Erasure { .. }) { STRIPE_BYTES_MAX } else { 0 };
        self.reserved_bytes + bytes + kept <= self.settings.memory_bytes_max
    }

    /// The chunk due first.
    fn most_urgent(&mut self, now: Duration) -> Option<Due> {
        let horizon = self.horizon();
        let mut best: Option<(Duration, usize, Cursor, bool)> = None;
        for (track, lane) in self.lanes.iter_mut().enumerate() {
            let again = lane.next_wanted(now).map(|(due, at)| (due, track, at, false));
            let fresh = lane.next_unasked(horizon).map(|(due, at)| (due, track, at, true));
            best = [best, again, fresh].into_iter().flatten().min_by_key(|(due, track, _, _)| (*due, *track));
        }
        let (due, track, at, fresh) = best?;
        let bytes = chunk_bytes(&self.lanes[track], at);
        Some(Due { due, at: ChunkAt { track, segment: at.segment, chunk: at.chunk }, bytes, fresh })
    }

    /// Asks the best node for a chunk, or reads its stripe. False when there is nobody to ask.
    fn begin_best(&mut self, now: Duration, at: ChunkAt, fresh: bool, effects: &mut Vec<Effect>) -> bool {
        let Some(Located { group, member, stripe }) = self.group(at) else { return false };
        let Some(plan) = self.plan(at) else { return false };
        let tries = self.tries(at);
        let skip = |id| tries.asked.contains(&id);
        let node = match stripe {
            None => self.nodes.choose(now, &plan, skip),
            Some(_) => self.nodes.choose_likely(now, &plan, skip),
        };
        match (node, stripe) {
            (Some(node), _) => self.begin_fetch(now, at, node, fresh, effects),
            (None, Some(stripe)) => self.begin_stripe(now, at, (stripe, group, member), fresh, effects),
            (None, None) => return false,
        }
        true
    }

    /// Asks a node for a chunk of the film.
    pub(crate) fn begin_fetch(
        &mut self,
        now: Duration,
        at: ChunkAt,
        node: NodeId,
        fresh: bool,
        effects: &mut Vec<Effect>,
    ) {
        let cursor = at.cursor();
        let tries = self.tries(at);
        let Some(chunk) = self.lanes[at.track].line.chunk(cursor).map(|(chunk, _)| *chunk) else { return };
        if tries.last.is_some_and(|last| last != node) {
            self.counters.failovers += 1;
        }
        let fetch = self.launch(now, Request { at, piece: Piece::Media(at), chunk, node, ask: None }, effects);
        self.lanes[at.track].slots.insert(cursor, Slot::Fetching(fetch, tries));
        if fresh {
            self.reserved_bytes += u64::from(chunk.bytes);
        }
    }

    /// Puts a fetch in flight.
    pub(crate) fn launch(&mut self, now: Duration, request: Request, effects: &mut Vec<Effect>) -> FetchId {
        let Request { at, piece, chunk, node, ask } = request;
        let fetch = self.new_fetch();
        let begun = Fetch {
            at,
            piece,
            ask,
            node,
            total_bytes: chunk.bytes.into(),
            received_bytes: 0,
            began: now,
            heard: now,
            node_bytes_before: self.nodes.get(node).map_or(0, |node| node.received_bytes),
        };
        self.fetches.insert(fetch, begun);
        self.nodes.begin(node);
        effects.push(Effect::FetchChunk { fetch, at, piece, hash: chunk.hash, node });
        fetch
    }

    fn tries(&self, at: ChunkAt) -> Tries {
        match self.lanes[at.track].slots.get(&at.cursor()) {
            Some(Slot::Wanted(tries) | Slot::Rebuilding(tries)) => tries.clone(),
            _ => Tries::default(),
        }
    }

    /// Whether a fetch has kept silent for too long: sooner when somebody else can be asked, and sooner still when the
    /// buffer is low.
    pub(crate) fn is_silent(&self, now: Duration, fetch: &Fetch, low: bool) -> bool {
        let asked = match self.lanes[fetch.at.track].slots.get(&fetch.at.cursor()) {
            Some(Slot::Fetching(_, tries)) => tries.asked.as_slice(),
            _ => &[],
        };
        let other = |id: &NodeId| {
            *id != fetch.node && !asked.contains(id) && self.nodes.get(*id).is_some_and(|node| !node.is_excluded(now))
        };
        let alone = fetch.ask.is_none() && !self.plan(fetch.at).is_some_and(|plan| plan.nodes.iter().any(other));
        let patience = match (alone, low) {
            (true, _) => SILENCE_MAX_ALONE,
            (false, true) => SILENCE_MAX_WHEN_LOW,
            (false, false) => SILENCE_MAX,
        };
        now.saturating_sub(fetch.heard) >= patience
    }

    pub(crate) fn plan(&self, at: ChunkAt) -> Option<ReadPlan> {
        let Located { group, member, .. } = self.group(at)?;
        let (_, part) = self.lanes.get(at.track)?.line.chunk(at.cursor())?;
        Some(self.placement.plan(&group, member, part))
    }

    fn group(&self, at: ChunkAt) -> Option<Located> {
        let line = &self.lanes.get(at.track)?.line;
        let (chunk, part) = line.chunk(at.cursor())?;
        let nth = line.nth_in_part(at.cursor())?;
        let (group, member) = self.placement.group(part, nth, chunk);
        let stripe = StripeAt { track: at.track, part: part.no, stripe: nth / STRIPE_DATA };
        Some(Located { stripe: group.is_stripe().then_some(stripe), group, member })
    }
}
