//! What to fetch next, and from whom.
//!
//! The chunk due first is fetched first, over all tracks, so that they stay in step; a chunk that failed is still due
//! when it was. The node is the best likely holder by effective score that was not asked in this round. When all were
//! asked, the round is over: after a wait all are asked again, because a node may be back and a bad copy repaired.

use std::time::Duration;

use vs_core::{id::NodeId, read::ReadPlan};

use crate::{
    buffer::{Slot, Tries},
    event::{ChunkAt, Effect, FetchFailure},
    player::{Fetch, Player, chunk_bytes},
    settings::{ROUND_WAIT, ROUND_WAIT_MAX, SILENCE_MAX, SILENCE_MAX_ALONE, SILENCE_MAX_WHEN_LOW},
    timeline::Cursor,
};

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
            self.lost = plan.iter().all(|node| self.refused.contains(node));
            self.asked.clear();
            self.not_before = now + ROUND_WAIT.saturating_mul(1 << self.rounds.min(8)).min(ROUND_WAIT_MAX);
            self.rounds += 1;
        }
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
            let Some((at, bytes, fresh)) = self.most_urgent(now) else { return };
            if fresh && self.reserved_bytes + bytes > self.settings.memory_bytes_max {
                self.pressed = true;
                return;
            }
            if !self.begin_fetch(now, at, bytes, fresh, effects) {
                return;
            }
        }
    }

    /// The chunk due first, its length, and whether nobody was asked for it yet.
    fn most_urgent(&mut self, now: Duration) -> Option<(ChunkAt, u64, bool)> {
        let horizon = self.horizon();
        let mut best: Option<(Duration, usize, Cursor, bool)> = None;
        for (track, lane) in self.lanes.iter_mut().enumerate() {
            let again = lane.next_wanted(now).map(|(due, at)| (due, track, at, false));
            let fresh = lane.next_unasked(horizon).map(|(due, at)| (due, track, at, true));
            best = [best, again, fresh].into_iter().flatten().min_by_key(|(due, track, _, _)| (*due, *track));
        }
        let (_, track, at, fresh) = best?;
        let bytes = chunk_bytes(&self.lanes[track], at);
        Some((ChunkAt { track, segment: at.segment, chunk: at.chunk }, bytes, fresh))
    }

    /// False when there is nobody to ask.
    fn begin_fetch(&mut self, now: Duration, at: ChunkAt, bytes: u64, fresh: bool, effects: &mut Vec<Effect>) -> bool {
        let cursor = Cursor { segment: at.segment, chunk: at.chunk };
        let tries = match self.lanes[at.track].slots.get(&cursor) {
            Some(Slot::Wanted(tries)) => tries.clone(),
            _ => Tries::default(),
        };
        let Some(plan) = self.plan(at) else { return false };
        let Some(node) = self.nodes.choose(now, &plan, |id| tries.asked.contains(&id)) else { return false };
        let Some(hash) = self.lanes[at.track].line.chunk(cursor).map(|(chunk, _)| chunk.hash) else { return false };
        if tries.last.is_some_and(|last| last != node) {
            self.counters.failovers += 1;
        }
        let fetch = self.new_fetch();
        let node_bytes_before = self.nodes.get(node).map_or(0, |node| node.received_bytes);
        let begun =
            Fetch { at, node, total_bytes: bytes, received_bytes: 0, began: now, heard: now, node_bytes_before };
        self.fetches.insert(fetch, begun);
        self.nodes.begin(node);
        self.lanes[at.track].slots.insert(cursor, Slot::Fetching(fetch, tries));
        if fresh {
            self.reserved_bytes += bytes;
        }
        effects.push(Effect::FetchChunk { fetch, at, hash, node });
        true
    }

    /// Whether a fetch has kept silent for too long: sooner when somebody else can be asked, and sooner still when the
    /// buffer is low.
    pub(crate) fn is_silent(&self, now: Duration, fetch: &Fetch, low: bool) -> bool {
        let cursor = Cursor { segment: fetch.at.segment, chunk: fetch.at.chunk };
        let asked = match self.lanes[fetch.at.track].slots.get(&cursor) {
            Some(Slot::Fetching(_, tries)) => tries.asked.as_slice(),
            _ => &[],
        };
        let other = |id: &NodeId| {
            *id != fetch.node && !asked.contains(id) && self.nodes.get(*id).is_some_and(|node| !node.is_excluded(now))
        };
        let alone = !self.plan(fetch.at).is_some_and(|plan| plan.nodes.iter().any(other));
        let patience = match (alone, low) {
            (true, _) => SILENCE_MAX_ALONE,
            (false, true) => SILENCE_MAX_WHEN_LOW,
            (false, false) => SILENCE_MAX,
        };
        now.saturating_sub(fetch.heard) >= patience
    }

    pub(crate) fn plan(&self, at: ChunkAt) -> Option<ReadPlan> {
        let (chunk, part) = self.lanes.get(at.track)?.line.chunk(Cursor { segment: at.segment, chunk: at.chunk })?;
        Some(self.placement.plan(part, chunk))
    }
}
