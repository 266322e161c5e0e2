//! Chunks that nobody gives who should: others of their stripe are fetched, and the chunk is computed (DESIGN §6).
//!
//! Whom to ask for what is the read plan's to say ([`GroupRead`]); here it meets the buffer. Neighbours that are held are
//! used, neighbours in flight are waited for, those that are due anyway are fetched into their own places, and only parity
//! and what lies behind is fetched for this alone. Chunks of one stripe that are lost together are computed together.
//!
//! Invariants:
//! - The room for what a stripe's read may fetch is reserved before it begins, so that none waits for another's.
//! - A read ends when the film lacks none of the chunks it was begun for, or when nobody is left to be asked. Nothing of
//!   it is in flight or held afterwards.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use vs_core::{
    group::Group,
    id::NodeId,
    limit::STRIPE_DATA,
    read::{Answer, Ask, GroupRead, Step},
};

use crate::{
    buffer::{Lane, Slot, Tries},
    event::{ChunkAt, Effect, FetchId, Piece, SpareAt, StripeAt},
    fetch::Fetch,
    player::Player,
    scheduler::Request,
    settings::ROUND_WAIT,
    timeline::Cursor,
};

/// A stripe that is being read.
#[derive(Debug)]
pub(crate) struct StripeRead {
    group: Group,
    /// Where its data chunks stand on the track.
    places: Vec<Cursor>,
    read: GroupRead,
    /// The chunks it is read for, as members.
    want: Vec<usize>,
    /// What is to be asked as soon as a fetch may begin.
    asks: VecDeque<Ask>,
    /// Asks for neighbours that are in flight for themselves.
    awaited: Vec<Ask>,
    /// Members held for this alone, and who gave them.
    spares: BTreeMap<usize, NodeId>,
    /// Computations under way: of which member, and who gave the first one it takes.
    rebuilding: BTreeMap<FetchId, (usize, NodeId)>,
    reserved_bytes: u64,
    /// Somebody who did not answer might have what is missing.
    unanswered: bool,
}

impl StripeRead {
    fn place(&self, at: StripeAt, member: usize) -> Option<ChunkAt> {
        let Cursor { segment, chunk } = *self.places.get(member)?;
        Some(ChunkAt { track: at.track, segment, chunk })
    }
}

impl Player {
    /// Reads the stripe of a chunk that none of those who should have it gives.
    pub(crate) fn begin_stripe(
        &mut self,
        now: Duration,
        at: ChunkAt,
        (stripe, group, member): (StripeAt, Group, usize),
        fresh: bool,
        effects: &mut Vec<Effect>,
    ) {
        let lane = &mut self.lanes[at.track];
        let mut tries = match lane.slots.remove(&at.cursor()) {
            Some(Slot::Wanted(tries)) => tries,
            _ => Tries::default(),
        };
        if fresh {
            self.reserved_bytes += u64::from(group.members[member].bytes);
        }
        if !self.stripes.contains_key(&stripe) && !self.open_stripe(now, stripe, group) {
            tries.not_before = now + ROUND_WAIT;
            self.lanes[at.track].slots.insert(at.cursor(), Slot::Wanted(tries));
            return;
        }
        self.counters.failovers += 1;
        if let Some(open) = self.stripes.get_mut(&stripe) {
            open.want.push(member);
            open.read.want(member);
            for node in &tries.asked {
                open.read.has_failed(Ask { member, node: *node });
                open.unanswered |= !tries.refused.contains(node);
            }
        }
        self.lanes[at.track].slots.insert(at.cursor(), Slot::Rebuilding(tries));
        self.read_stripe(now, stripe, effects);
    }

    /// False when there is no room for it now.
    fn open_stripe(&mut self, now: Duration, at: StripeAt, group: Group) -> bool {
        let longest = group.members.iter().map(|member| u64::from(member.bytes)).max().unwrap_or(0);
        let bytes = longest * u64::try_from(group.data).unwrap_or(u64::MAX);
        let places = self.lanes[at.track].line.places_in_part(at.part, at.stripe * STRIPE_DATA, group.data);
        let part = places.first().and_then(|place| self.lanes[at.track].line.segment(place.segment));
        let Some((_, part)) = part.filter(|_| self.reserved_bytes + bytes <= self.settings.memory_bytes_max) else {
            return false;
        };
        let excluded: Vec<_> = self.nodes.excluded(now).collect();
        let read = self.placement.read(&group, part, &excluded);
        self.reserved_bytes += bytes;
        let open = StripeRead {
            group,
            places,
            read,
            want: vec![],
            asks: VecDeque::new(),
            awaited: vec![],
            spares: BTreeMap::new(),
            rebuilding: BTreeMap::new(),
            reserved_bytes: bytes,
            unanswered: false,
        };
        self.stripes.insert(at, open);
        true
    }

    pub(crate) fn read_stripes(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        let open: Vec<_> = self.stripes.keys().copied().collect();
        open.into_iter().for_each(|stripe| self.read_stripe(now, stripe, effects));
    }

    fn read_stripe(&mut self, now: Duration, at: StripeAt, effects: &mut Vec<Effect>) {
        let Some(mut open) = self.stripes.remove(&at) else { return };
        let lane = &self.lanes[at.track];
        let is_lacking = |member: &usize| {
            matches!(open.places.get(*member).and_then(|place| lane.slots.get(place)), Some(Slot::Rebuilding(_)))
        };
        open.want.retain(is_lacking);
        if open.want.is_empty() {
            return self.close_stripe(at, open, effects);
        }
        hear_neighbours(&mut open, lane);
        while open.rebuilding.is_empty() {
            match open.read.step() {
                Step::Ask(asks) if asks.is_empty() => break,
                Step::Ask(asks) => asks.into_iter().for_each(|ask| take_ask(&mut open, lane, ask)),
                Step::Rebuild if self.begin_rebuild(at, &mut open, effects) => break,
                // What was there was played or left meanwhile: it begins anew.
                Step::Rebuild | Step::Read => return self.give_up_stripe(now, at, open, None, effects),
                Step::Lost => {
                    let lost = !open.unanswered;
                    return self.give_up_stripe(now, at, open, Some(lost), effects);
                }
            }
        }
        self.stripes.insert(at, open);
    }

    /// Computes what is wanted from what is held. False when that is not enough any more.
    fn begin_rebuild(&mut self, at: StripeAt, open: &mut StripeRead, effects: &mut Vec<Effect>) -> bool {
        let lane = &self.lanes[at.track];
        let piece = |member: usize| {
            let place = open.place(at, member);
            if let Some((place, Slot::Held(node))) =
                place.and_then(|place| Some((place, lane.slots.get(&place.cursor())?)))
            {
                return Some((Piece::Media(place), *node));
            }
            open.spares.get(&member).map(|node| (Piece::Spare(SpareAt { stripe: at, member }), *node))
        };
        // members of one name are one chunk
        let held = |member: usize| open.read.same(member).find_map(piece).map(|(piece, node)| (member, piece, node));
        let held: Vec<_> = (0..open.group.members.len()).filter_map(held).take(open.group.data).collect();
        let Some((_, _, node)) = held.first().copied().filter(|_| held.len() == open.group.data) else { return false };
        let from: Vec<_> = held.into_iter().map(|(member, piece, _)| (member, piece)).collect();
        for member in open.want.clone() {
            let Some(place) = open.place(at, member) else { continue };
            let fetch = self.new_fetch();
            open.rebuilding.insert(fetch, (member, node));
            let group = Box::new(open.group.clone());
            effects.push(Effect::Rebuild { fetch, at: place, group, member, from: from.clone() });
        }
        true
    }

    /// The chunk that is being computed, if the film still lacks it.
    pub(crate) fn rebuilding(&self, fetch: FetchId) -> Option<ChunkAt> {
        let found = |(at, open): (&StripeAt, &StripeRead)| open.place(*at, open.rebuilding.get(&fetch)?.0);
        let place = self.stripes.iter().find_map(found)?;
        let slot = self.lanes[place.track].slots.get(&place.cursor());
        matches!(slot, Some(Slot::Rebuilding(_))).then_some(place)
    }

    pub(crate) fn rebuilt(&mut self, now: Duration, fetch: FetchId) {
        let place = self.rebuilding(fetch);
        let node = self.stripes.values_mut().find_map(|open| open.rebuilding.remove(&fetch)).map(|(_, node)| node);
        if let Some((place, node)) = place.zip(node) {
            self.progressed = now;
            self.hold(now, place, node);
        }
    }

    pub(crate) fn rebuild_failed(&mut self, fetch: FetchId) {
        for open in self.stripes.values_mut().filter(|open| open.rebuilding.contains_key(&fetch)) {
            open.rebuilding.remove(&fetch);
            open.read.distrust();
        }
    }

    /// What a fetch for the stripe came to.
    pub(crate) fn stripe_heard(&mut self, at: StripeAt, ask: Ask, answer: Answer) {
        let Some(open) = self.stripes.get_mut(&at) else { return };
        open.unanswered |= answer == Answer::Failed;
        open.read.answer(ask, answer);
    }

    pub(crate) fn hold_spare(&mut self, spare: SpareAt, node: NodeId) {
        if let Some(open) = self.stripes.get_mut(&spare.stripe) {
            open.spares.insert(spare.member, node);
        }
    }

    /// The stripe with something to ask for the chunk due first, and when that is due.
    pub(crate) fn most_urgent_ask(&self) -> Option<(Duration, StripeAt)> {
        let due = |(at, open): (&StripeAt, &StripeRead)| {
            let places = open.want.iter().filter_map(|member| open.places.get(*member));
            let due = places.filter_map(|place| self.lanes[at.track].line.time_of(*place)).min();
            (!open.asks.is_empty()).then_some((due.unwrap_or_default(), *at))
        };
        self.stripes.iter().filter_map(due).min()
    }

    /// Puts the next question of a stripe into flight, if it is still one.
    pub(crate) fn begin_ask(&mut self, now: Duration, at: StripeAt, effects: &mut Vec<Effect>) {
        let Some(open) = self.stripes.get_mut(&at) else { return };
        let Some(ask) = open.asks.pop_front() else { return };
        let (chunk, place) = (open.group.members[ask.member], open.place(at, ask.member));
        let Some(lacking) = open.want.first().and_then(|member| open.place(at, *member)) else { return };
        let slot = place.and_then(|place| Some((place, self.lanes[at.track].slots.get(&place.cursor())?)));
        let fresh = slot.is_none();
        let own = match slot {
            Some((_, Slot::Held(_))) => return open.read.answer(ask, Answer::Got),
            Some((_, Slot::Fetching(..))) => return open.awaited.push(ask),
            Some((place, Slot::Wanted(_))) => Some(place),
            Some((_, Slot::Rebuilding(_))) => None,
            None => place.filter(|place| self.is_to_come(*place) && self.has_room(chunk.bytes.into())),
        };
        if let Some(place) = own {
            self.stripes.entry(at).and_modify(|open| open.awaited.push(ask));
            return self.begin_fetch(now, place, ask.node, fresh, effects);
        }
        let (lacking, piece) = match place.filter(|_| !fresh) {
            Some(place) => (place, Piece::Media(place)),
            None => (lacking, Piece::Spare(SpareAt { stripe: at, member: ask.member })),
        };
        self.launch(now, Request { at: lacking, piece, chunk, node: ask.node, ask: Some((at, ask)) }, effects);
    }

    fn is_to_come(&self, place: ChunkAt) -> bool {
        let lane = &self.lanes[place.track];
        lane.is_located() && place.cursor() >= lane.feed_cursor() && !lane.line.is_past(place.cursor())
    }

    /// Bytes that have come for a stripe.
    pub(crate) fn stripe_bytes(&self, at: StripeAt) -> u64 {
        let Some(open) = self.stripes.get(&at) else { return 0 };
        let held: u64 = open.spares.keys().map(|member| u64::from(open.group.members[*member].bytes)).sum();
        let in_flight = self.fetches.values().filter(|fetch| fetch.is_for(at));
        held + in_flight.map(|fetch| fetch.received_bytes).sum::<u64>()
    }

    /// Ends a read without success: everything is tried again, after a wait when everything was tried.
    fn give_up_stripe(
        &mut self,
        now: Duration,
        at: StripeAt,
        open: StripeRead,
        lost: Option<bool>,
        effects: &mut Vec<Effect>,
    ) {
        for place in open.want.iter().filter_map(|member| open.places.get(*member)) {
            let Some(slot) = self.lanes[at.track].slots.get_mut(place) else { continue };
            let Slot::Rebuilding(tries) = slot else { continue };
            match lost {
                Some(lost) => tries.end_round(now, lost),
                None => tries.asked.clear(),
            }
            *slot = Slot::Wanted(std::mem::take(tries));
        }
        self.close_stripe(at, open, effects);
    }

    fn close_stripe(&mut self, at: StripeAt, open: StripeRead, effects: &mut Vec<Effect>) {
        self.cancel_all(|fetch| fetch.is_for(at), effects);
        for member in open.spares.into_keys() {
            effects.push(Effect::Release { piece: Piece::Spare(SpareAt { stripe: at, member }) });
        }
        self.reserved_bytes -= open.reserved_bytes;
    }
}

impl Fetch {
    fn is_for(&self, stripe: StripeAt) -> bool {
        self.ask.is_some_and(|(of, _)| of == stripe)
    }
}

/// Answers an ask from the buffer, or lines it up.
fn take_ask(open: &mut StripeRead, lane: &Lane, ask: Ask) {
    match open.places.get(ask.member).and_then(|place| lane.slots.get(place)) {
        Some(Slot::Held(_)) => open.read.answer(ask, Answer::Got),
        Some(Slot::Fetching(..)) => open.awaited.push(ask),
        _ => open.asks.push_back(ask),
    }
}

/// Answers asks for neighbours that were in flight for themselves.
fn hear_neighbours(open: &mut StripeRead, lane: &Lane) {
    for ask in std::mem::take(&mut open.awaited) {
        match open.places.get(ask.member).and_then(|place| lane.slots.get(place)) {
            Some(Slot::Fetching(..)) => open.awaited.push(ask),
            Some(Slot::Held(_)) => open.read.answer(ask, Answer::Got),
            Some(Slot::Wanted(tries) | Slot::Rebuilding(tries)) if tries.refused.contains(&ask.node) => {
                open.read.answer(ask, Answer::Absent);
            }
            _ => {
                open.unanswered = true;
                open.read.answer(ask, Answer::Failed);
            }
        }
    }
}
