//! Histories: what several clients asked of a cluster and were answered, and whether that can have happened one operation after
//! another (CON-1, CON-3).
//!
//! The keys are a few videos, so that clients meet. They create, rename, compare and set, delete, read and list; every call that
//! changes something is one of a client session, and is repeated with its number, at whichever node, until its outcome is known or
//! patience is over.
//!
//! A change is answered with its revision and, for the rest, with the video as it was read afterwards. That is a look of its own
//! between the call and its answer, and is checked as one. So is each item of a list.

mod client;
mod recording;

use std::collections::BTreeMap;

use crate::linear::{
    check,
    videos::{Output, Video, VideoOperation, VideoState, forget_unseen_titles},
};
pub use client::Kind;
pub use recording::Recording;

/// A video that all clients use, and the film by whose bytes it is created.
#[derive(Clone, Debug)]
pub struct Film {
    pub id: String,
    sha256: Vec<u8>,
    bytes: u64,
    file_name: String,
    /// What it was when the history began.
    begin: VideoState,
}

/// One operation of a client.
#[derive(Clone, Debug)]
pub struct Record {
    pub kind: Kind,
    /// Which video it was about; a list is about all.
    film: Option<usize>,
    client: usize,
    called: u64,
    returned: u64,
    is_known: bool,
    /// What is to be checked of it, by video.
    operations: Vec<(usize, VideoOperation)>,
}

/// What happened, in microseconds since it began.
#[derive(Clone, Debug)]
pub struct History {
    pub films: Vec<Film>,
    records: Vec<Record>,
    /// What is to be checked of each video.
    pub by_film: Vec<Vec<VideoOperation>>,
}

impl History {
    fn new(films: Vec<Film>, records: Vec<Record>) -> Self {
        let mut by_film = vec![Vec::new(); films.len()];
        for (film, operation) in records.iter().flat_map(|record| &record.operations) {
            by_film[*film].push(operation.clone());
        }
        by_film.iter_mut().for_each(|operations| operations.sort_by_key(|operation| operation.called));
        Self { films, records, by_film }
    }

    /// Operations whose outcome is known.
    #[must_use]
    pub fn completed(&self) -> usize {
        self.records.iter().filter(|record| record.is_known).count()
    }

    /// For each video the share of the operations about it that overlapped another one in time. Lists are about none, and what was
    /// given up counts until then.
    #[must_use]
    pub fn overlaps(&self) -> Vec<f64> {
        (0..self.films.len()).map(|film| self.overlap(film)).collect()
    }

    fn overlap(&self, film: usize) -> f64 {
        let about: Vec<_> = self.records.iter().filter(|record| record.film == Some(film)).collect();
        let overlaps = |one: &&&Record| {
            let meets = |other: &&Record| one.called <= other.returned && other.called <= one.returned;
            about.iter().any(|other| other.client != one.client && meets(other))
        };
        let overlapping = about.iter().filter(overlaps).count();
        f64::from(u32::try_from(overlapping).unwrap_or(u32::MAX))
            / f64::from(u32::try_from(about.len().max(1)).unwrap_or(u32::MAX))
    }

    /// What a person wants to know of it, in a few lines.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut kinds: BTreeMap<Kind, (usize, usize)> = BTreeMap::new();
        for record in &self.records {
            let (known, unknown) = kinds.entry(record.kind).or_default();
            *(if record.is_known { known } else { unknown }) += 1;
        }
        let kinds: Vec<_> =
            kinds.iter().map(|(kind, (known, unknown))| format!("{kind:?} {known}+{unknown}")).collect();
        let overlaps: Vec<_> = self.overlaps().iter().map(|share| format!("{:.0} %", share * 100.0)).collect();
        let (completed, all) = (self.completed(), self.records.len());
        format!(
            "{completed} operations of known outcome and {} of unknown, over {} videos\nkinds (known+unknown): {}\n\
             overlapping another one, video by video: {}",
            all - completed,
            self.films.len(),
            kinds.join(", "),
            overlaps.join(", ")
        )
    }

    /// Why it is not linearizable, if it is not.
    #[must_use]
    pub fn violation(&self) -> Option<String> {
        let of_film = |(film, operations): (&Film, &Vec<VideoOperation>)| {
            let mut operations = operations.clone();
            forget_unseen_titles(&mut operations);
            let violation = check::<Video>(&film.begin, &operations).err()?;
            Some(format!("video {}: {violation}", film.id))
        };
        self.films.iter().zip(&self.by_film).find_map(of_film)
    }

    #[track_caller]
    pub fn assert_linearizable(&self) {
        if let Some(why) = self.violation() {
            panic!("not linearizable: {why}");
        }
    }

    /// Has one read answered what was true once, and was known to be over when it was asked. Answers which video's.
    pub fn plant_stale_read(&mut self) -> Option<usize> {
        let (film, (victim, older)) = (0..).zip(&self.by_film).find_map(|(film, all)| Some((film, stale(all)?)))?;
        self.by_film[film][victim].output = Some(Output::Seen(older));
        Some(film)
    }

    /// Has one change raised the revision twice, as everybody sees it from then on. Answers which video's.
    pub fn plant_double_apply(&mut self) -> Option<usize> {
        self.by_film.iter_mut().position(|operations| {
            // what nobody knows the outcome of would explain it
            if operations.iter().any(|operation| operation.output.is_none()) {
                return false;
            }
            let mut seen: Vec<_> = operations.iter().filter_map(revision_seen).collect();
            seen.sort_unstable();
            seen.dedup();
            let Some(from) = seen.get(seen.len() / 2).copied().filter(|_| seen.len() > 2) else { return false };
            for operation in operations {
                if let Some(Output::Seen(VideoState { revision, .. }) | Output::Done(Some(revision))) =
                    &mut operation.output
                    && *revision >= from
                {
                    *revision += 1;
                }
            }
            true
        })
    }
}

fn revision_seen(operation: &VideoOperation) -> Option<u64> {
    match &operation.output {
        Some(Output::Seen(state)) => Some(state.revision),
        _ => None,
    }
}

/// A read, and something older than what was seen, and answered, before it was asked.
fn stale(operations: &[VideoOperation]) -> Option<(usize, VideoState)> {
    let states = operations.iter().filter_map(|operation| match &operation.output {
        Some(Output::Seen(state)) => Some(state.clone()),
        _ => None,
    });
    let oldest = states.min_by_key(|state| state.revision)?;
    let victim = operations.iter().rposition(|operation| revision_seen(operation).is_some())?;
    let before = operations.iter().filter(|operation| operation.returned < operations[victim].called);
    let known = before.filter_map(revision_seen).max()?;
    (oldest.revision < known).then_some((victim, oldest))
}
