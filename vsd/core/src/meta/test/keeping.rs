//! Random histories of what the leader does to keep content: repair, versions, jobs.

use std::collections::BTreeMap;

use proptest::prelude::*;
use vs_core::id::JobId;

use super::{super::table::assets::Assets, invariant::all, random::UPLOADS, *};
use crate::plan::jobs::next_steps;

/// What is done next. Assets are those that exist, by number; epochs count back from the current one, and terms from
/// the one that leads.
#[derive(Clone, Debug)]
pub(super) enum Keep {
    Placed {
        nth: usize,
        back: u64,
        late: u64,
    },
    Damaged {
        nth: usize,
        damaged: bool,
    },
    Version {
        nth: usize,
        scheme: Scheme,
        back: u64,
        late: u64,
    },
    Rewrite {
        nth: usize,
        forged: bool,
        late: u64,
    },
    GiveUp {
        nth: usize,
        other: bool,
        late: u64,
    },
    Redundancy {
        n: u8,
        redundancy: Redundancy,
    },
    Views {
        n: u8,
        count: u64,
    },
    Job {
        id: u64,
        kind: JobKind,
        state: JobState,
        late: u64,
    },
    Control {
        id: u64,
        action: JobAction,
    },
    Moves {
        back: Option<u64>,
    },
    /// The leader takes the steps it finds.
    Lead,
}

pub(super) fn keep() -> impl Strategy<Value = Keep> {
    let (nth, id) = (|| 0usize..4, || 0u64..5);
    let late = || prop_oneof![9 => Just(0u64), 1 => Just(1)];
    let back = || prop_oneof![4 => Just(0u64), 2 => Just(1), 1 => Just(2)];
    let scheme =
        prop_oneof![2 => Just(Scheme::CODED), 1 => Just(Scheme::Replicate(3)), 1 => Just(Scheme::Replicate(1))];
    let redundancy = prop_oneof![Just(Redundancy::Auto), Just(Redundancy::Erasure), Just(Redundancy::Replicate(9))];
    let states = [JobState::Waiting, JobState::Running, JobState::Paused, JobState::Done, JobState::Failed];
    let state = prop::sample::select(states.to_vec());
    let kinds = [JobKind::Repair, JobKind::Move, JobKind::Migrate, JobKind::Drain];
    let actions = [JobAction::Pause, JobAction::Resume, JobAction::Cancel, JobAction::Retry];
    prop_oneof![
        3 => (nth(), back(), late()).prop_map(|(nth, back, late)| Keep::Placed { nth, back, late }),
        1 => (nth(), any::<bool>()).prop_map(|(nth, damaged)| Keep::Damaged { nth, damaged }),
        6 => (nth(), scheme, back(), late())
            .prop_map(|(nth, scheme, back, late)| Keep::Version { nth, scheme, back, late }),
        4 => (nth(), prop::bool::weighted(0.2), late())
            .prop_map(|(nth, forged, late)| Keep::Rewrite { nth, forged, late }),
        2 => (nth(), prop::bool::weighted(0.2), late())
            .prop_map(|(nth, other, late)| Keep::GiveUp { nth, other, late }),
        1 => (1..=UPLOADS, redundancy).prop_map(|(n, redundancy)| Keep::Redundancy { n, redundancy }),
        1 => (1..=UPLOADS, prop_oneof![Just(1u64), Just(u64::MAX)]).prop_map(|(n, count)| Keep::Views { n, count }),
        2 => (id(), prop::sample::select(kinds.to_vec()), state, late())
            .prop_map(|(id, kind, state, late)| Keep::Job { id, kind, state, late }),
        2 => (id(), prop::sample::select(actions.to_vec())).prop_map(|(id, action)| Keep::Control { id, action }),
        1 => proptest::option::of(back()).prop_map(|back| Keep::Moves { back }),
        4 => Just(Keep::Lead),
    ]
}

/// The commands of an act, given the state it meets.
pub(super) fn commands(view: View<'_>, keep: &Keep) -> Vec<Command> {
    let clock = view.clock().expect("readable");
    let term = |late: u64| LeaderTerm { term: clock.term.term.wrapping_sub(late), ..clock.term };
    let known = view.assets(None, 100).expect("readable");
    let current = view.epoch().expect("readable").expect("bootstrapped");
    let epoch = |back: u64| Epoch(current.0.saturating_sub(back));
    let finished = |nth| pick(&known, nth, AssetRecord::is_finished);
    let pending = |nth| pick(&known, nth, |asset| asset.pending.is_some());
    let one = match *keep {
        Keep::Placed { nth, back, late } => finished(nth).map(|asset| Command::Placed {
            asset: asset.id,
            version: asset.version,
            epoch: epoch(back),
            term: term(late),
        }),
        Keep::Damaged { nth, damaged } => finished(nth).map(|asset| Command::AssetDamaged {
            asset: asset.id,
            version: asset.version,
            damaged,
            term: clock.term,
        }),
        Keep::Version { nth, scheme, back, late } => {
            let begin = |asset| Command::VersionBegin { asset, scheme, epoch: epoch(back), term: term(late) };
            finished(nth).map(|asset| begin(asset.id))
        }
        Keep::GiveUp { nth, other, late } => pending(nth).map(|asset| {
            let pending = asset.pending.map_or(asset.version, |pending| pending.version);
            let version = Version(pending.0 + u64::from(other));
            Command::VersionAbort { asset: asset.id, version, term: term(late) }
        }),
        Keep::Rewrite { nth, forged, late } => {
            return pending(nth).map_or(vec![], |asset| rewrite(view, asset, forged, term(late)));
        }
        Keep::Redundancy { n, redundancy } => Some(Command::RedundancySet { video: video_id(n), redundancy }),
        Keep::Views { n, count } => {
            Some(Command::Views { counts: [(video_id(n), count), (video_id(n + 1), 1)].into() })
        }
        Keep::Job { id, kind, state, late } => {
            let job = JobRecord { kind, asset: known.first().map(|asset| asset.id), ..job(id, state) };
            Some(Command::JobPut { job, term: term(late) })
        }
        Keep::Moves { back } => {
            Some(back.map_or(Command::MovesStart, |back| Command::MovesStop { epoch: epoch(back) }))
        }
        Keep::Lead => {
            let steps = next_steps(view).expect("readable");
            return steps.into_iter().map(|step| wishes::command_of(view, step)).collect();
        }
        Keep::Control { id, action } => Some(Command::JobControl { job: JobId(id), action }),
    };
    one.into_iter().collect()
}

/// One of those that fit, or when there are none of all.
fn pick(known: &[AssetRecord], nth: usize, fits: impl Fn(&AssetRecord) -> bool) -> Option<&AssetRecord> {
    let fitting: Vec<_> = known.iter().filter(|asset| fits(asset)).collect();
    let nth_of = |count: usize| nth % count.max(1);
    fitting.get(nth_of(fitting.len())).copied().or_else(|| known.get(nth_of(known.len())))
}

pub(super) fn job(id: u64, state: JobState) -> JobRecord {
    JobRecord {
        id: JobId(id),
        chunks_total: 10,
        chunks_done: id,
        bytes_total: 100,
        ..JobRecord::new(JobKind::Repair, state, "n2 is gone")
    }
}

/// The parts of a pending version and its commit, with other content when it is forged.
fn rewrite(view: View<'_>, asset: &AssetRecord, forged: bool, term: LeaderTerm) -> Vec<Command> {
    let Some(pending) = asset.pending else { return vec![] };
    let (mut parts, mut tracks) = rewritten(view, asset, pending.scheme);
    if forged {
        let other = ChunkRef { hash: content_hash(9), bytes: 10 };
        parts.iter_mut().for_each(|part| part.segments[0].chunks = vec![other]);
        for track in &mut tracks {
            let of_track: Vec<_> = parts.iter().filter(|part| part.track == track.name).cloned().collect();
            track.parts = track_of(&track.name, asset.ballot, &of_track, 0).parts;
        }
    }
    let (asset, version, ballot) = (asset.id, pending.version, asset.ballot);
    let put = |part: &Part| Command::PartPut { asset, version, ballot, part: part.encode().0 };
    let commit = Command::VersionCommit { asset, version, tracks, term };
    parts.iter().map(put).chain([commit]).collect()
}

/// What must go on of each live asset, whatever is done to it.
pub(super) struct Kept(BTreeMap<AssetId, Going>);

struct Going {
    since: Epoch,
    version: Version,
    /// Once it is finished: its tracks, and their segments.
    plays: Option<Vec<(String, Hash, Vec<Segment>)>>,
}

pub(super) fn kept(tables: &MemTables) -> Kept {
    let live = all::<Assets>(tables).into_iter().filter(|(_, asset)| asset.state == AssetState::Live);
    let going = |asset: &AssetRecord| Going {
        since: asset.since,
        version: asset.version,
        plays: asset.is_finished().then(|| plays(View::new(tables), asset)),
    };
    Kept(live.map(|(id, asset)| (id, going(&asset))).collect())
}

fn plays(view: View<'_>, asset: &AssetRecord) -> Vec<(String, Hash, Vec<Segment>)> {
    let parts: Vec<_> = view.parts_of(asset).map(|part| part.expect("there")).collect();
    let segments = |track: &Track| {
        let of_track = parts.iter().filter(|part| part.track == track.name);
        of_track.flat_map(|part| part.segments.clone()).collect()
    };
    asset.tracks.iter().map(|track| (track.name.clone(), track.sha256, segments(track))).collect()
}

impl Kept {
    /// Panics unless what was there goes on, but for assets that died.
    pub(super) fn assert_goes_on(&self, after: &Self, command: &Command) {
        for (id, was) in &self.0 {
            let Some(is) = after.0.get(id) else { continue };
            assert!(was.since <= is.since, "{id} is placed by an older epoch after {command:?}");
            assert!(was.version <= is.version, "{id} is of an older version after {command:?}");
            assert!(was.plays.is_none() || was.plays == is.plays, "{id} plays something else after {command:?}");
        }
    }
}
