//! Parts of the manifest: all are asked for early, in play order and a few at a time, so that playing goes on when
//! metadata goes away.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use vs_core::manifest::Part;

use crate::{
    buffer::Lane,
    event::{Effect, Note},
    player::Player,
    settings::{PART_RETRY_WAIT, PARTS_IN_FLIGHT_MAX},
};

/// By track and number.
#[derive(Debug, Default)]
pub(crate) struct PartQueue {
    in_flight: BTreeSet<(usize, u32)>,
    not_before: BTreeMap<(usize, u32), Duration>,
    /// Cannot be had, however often it is asked for.
    pub(crate) lasting: Option<(usize, u32)>,
}

impl PartQueue {
    /// What could not be had may be by now.
    pub(crate) fn ask_again(&mut self) {
        self.lasting = None;
        self.not_before.clear();
    }
}

impl Player {
    pub(crate) fn fetch_parts(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        let queue = &self.parts;
        let may = |key: &(usize, u32)| {
            !queue.in_flight.contains(key) && queue.not_before.get(key).is_none_or(|time| *time <= now)
        };
        let missing =
            |(track, lane): (usize, &Lane)| lane.line.wanted_parts().map(move |no| (track, no)).collect::<Vec<_>>();
        let mut wanted: Vec<_> = self.lanes.iter().enumerate().flat_map(missing).filter(may).collect();
        wanted.sort_by_key(|(track, no)| (*no, *track));
        for (track, no) in wanted.into_iter().take(PARTS_IN_FLIGHT_MAX.saturating_sub(queue.in_flight.len())) {
            self.parts.in_flight.insert((track, no));
            effects.push(Effect::FetchPart { track, no });
        }
    }

    pub(crate) fn part_loaded(&mut self, now: Duration, track: usize, part: Part) {
        let key = (track, part.no);
        self.parts.in_flight.remove(&key);
        let accepted = self.lanes.get_mut(track).is_some_and(|lane| lane.line.accept(part));
        if accepted {
            self.progressed = now;
            self.parts.not_before.remove(&key);
        } else if self.is_missing(key) {
            self.parts.lasting = Some(key);
        }
    }

    /// Whether nothing is known of a part: one of another version serves as well as it can.
    fn is_missing(&self, (track, no): (usize, u32)) -> bool {
        self.lanes.get(track).is_some_and(|lane| lane.line.missing_parts().any(|missing| missing == no))
    }

    pub(crate) fn part_failed(
        &mut self,
        now: Duration,
        track: usize,
        no: u32,
        lasting: bool,
        effects: &mut Vec<Effect>,
    ) {
        self.parts.in_flight.remove(&(track, no));
        let first = self.parts.not_before.insert((track, no), now + PART_RETRY_WAIT).is_none();
        if lasting && self.is_missing((track, no)) {
            self.parts.lasting = Some((track, no));
        }
        if let Some(lane) = self.lanes.get(track).filter(|_| first) {
            effects.push(Effect::Note(Note::PartLate { track: lane.line.track().name.clone(), no }));
        }
    }
}
