//! Versions beside the current one, by example.

use super::{super::table::parts::Parts, *};
use crate::meta::family::page;

fn begin_version(asset: AssetId, scheme: Scheme, epoch: u64) -> Command {
    Command::VersionBegin { asset, scheme, epoch: Epoch(epoch), term: LeaderTerm::new(0, NodeId(0)) }
}

fn commit_version(asset: AssetId, version: u64, tracks: Vec<Track>) -> Command {
    Command::VersionCommit { asset, version: Version(version), tracks, term: LeaderTerm::new(0, NodeId(0)) }
}

fn abort_version(asset: AssetId, version: u64) -> Command {
    Command::VersionAbort { asset, version: Version(version), term: LeaderTerm::new(0, NodeId(0)) }
}

/// Begins a version and stores its parts; answers the tracks to commit it with.
fn write_version(world: &mut World, asset: AssetId, scheme: Scheme, epoch: u64) -> (Version, Vec<Track>) {
    let begun = world.run(begin_version(asset, scheme, epoch));
    let Response::Pending { version, ballot, .. } = begun else { panic!("{begun:?}") };
    let (parts, tracks) = rewritten(world.view(), &world.asset(asset), scheme);
    for part in parts {
        let part = part.encode().0;
        let answer = world.run(Command::PartPut { asset, version, ballot, part });
        assert!(matches!(answer, Response::Part { .. }), "{answer:?}");
    }
    (version, tracks)
}

fn parts(world: &World, asset: AssetId) -> Vec<Version> {
    let all = page::<Parts>(&world.tables, &[0x21], None, 1_000).expect("readable");
    all.into_iter().filter(|(id, _)| id.0 == asset).map(|(id, _)| id.1).collect()
}

#[test]
fn a_version_replaces_the_current_one_in_one_step() {
    let mut world = World::of(5);
    let asset = world.upload(1, 1);
    world.set_layout(&[5, 4, 3, 2, 1]);
    let old = world.asset(asset);
    assert!(old.is_displaced());
    let (version, tracks) = write_version(&mut world, asset, Scheme::CODED, 3);
    assert_eq!(version, Version(2));
    assert_eq!(world.asset(asset).tracks, old.tracks, "the current one is read until then");
    assert_eq!(world.view().epochs(), Ok(vec![(Epoch(2), 1), (Epoch(3), 1)]));
    world.housekeep(1);
    assert_eq!(parts(&world, asset).len(), 6, "housekeeping leaves both");

    assert_eq!(world.run(commit_version(asset, 2, tracks.clone())), Response::Done);
    let new = world.asset(asset);
    assert_eq!((new.version, new.scheme, new.since, new.pending), (Version(2), Scheme::CODED, Epoch(3), None));
    assert!(!new.is_displaced() && new.tracks == tracks);
    assert!(new.tracks.iter().all(|track| track.parity_bytes > 0));
    assert_eq!(world.view().epochs(), Ok(vec![(Epoch(3), 1)]));
    assert_eq!(world.view().layout(Epoch(2)), Ok(None));
    let before = world.tables.clone();
    assert_eq!(world.run(commit_version(asset, 2, tracks)), Response::Done, "a retry");
    assert_eq!(world.tables, before);
    world.housekeep(1);
    assert_eq!(parts(&world, asset), [Version(2); 3]);
    let events = world.view().events(0, 100).expect("readable");
    assert!(events.iter().any(|event| event.kind == EventKind::SchemeChanged { asset, scheme: Scheme::CODED }));
}

#[test]
fn a_version_begins_only_beside_one_that_is_finished() {
    let mut world = World::of(5);
    world.set_layout(&[1, 2, 3, 4]);
    world.set_layout(&[1, 2]);
    world.set_layout(&[1, 2, 3, 4, 5]);
    let asset = world.open(begin(1));
    assert_eq!(code(&world.run(begin_version(asset, Scheme::CODED, 5))), Some(Code::Conflict), "open");
    world.store_original(1, asset, Ballot(1), 1);
    assert_eq!(code(&world.run(begin_version(asset, Scheme::CODED, 5))), Some(Code::Conflict), "processing");
    world.commit(1, asset, Ballot(1), 1);
    world.set_layout(&[1, 2, 3, 4]);
    world.set_layout(&[1, 2]);
    for (scheme, epoch, expected) in [
        (Scheme::CODED, 4, Code::Conflict),
        (Scheme::CODED, 6, Code::Conflict),
        (Scheme::CODED, 9, Code::Conflict),
        (Scheme::Replicate(3), 7, Code::Conflict),
        (Scheme::Replicate(0), 5, Code::Invalid),
        (Scheme::Replicate(6), 5, Code::Invalid),
        (Scheme::Erasure { data: 4, parity: 1 }, 5, Code::Invalid),
    ] {
        let answer = world.run(begin_version(asset, scheme, epoch));
        assert_eq!(code(&answer), Some(expected), "{scheme} {epoch}");
    }
    let begun = Response::Pending {
        asset,
        version: Version(2),
        ballot: Ballot(1),
        scheme: Scheme::Replicate(2),
        epoch: Epoch(7),
    };
    assert_eq!(world.run(begin_version(asset, Scheme::Replicate(2), 7)), begun);
    assert_eq!(code(&world.run(begin_version(asset, Scheme::Replicate(2), 7))), Some(Code::Conflict), "pending");
    let placed = Command::Placed { asset, version: Version(1), epoch: Epoch(5), term: LeaderTerm::new(0, NodeId(0)) };
    assert_eq!(code(&world.run(placed)), Some(Code::Conflict), "pending");
    let remove = removal(1);
    assert_eq!(code(&world.run(remove)), Some(Code::Conflict));
}

#[test]
fn a_version_that_is_not_the_same_content_whole_and_in_place_is_refused() {
    let mut world = World::of(5);
    let asset = world.upload(1, 1);
    let (_, tracks) = write_version(&mut world, asset, Scheme::CODED, 2);
    let changed = |change: &dyn Fn(&mut Vec<Track>)| {
        let mut tracks = tracks.clone();
        change(&mut tracks);
        tracks
    };
    let before = world.tables.clone();
    for (why, tracks) in [
        ("a track less", changed(&|tracks| drop(tracks.pop()))),
        ("another order", changed(&|tracks| tracks.reverse())),
        ("other bytes", changed(&|tracks| tracks[0].sha256 = content_hash(9))),
        ("another init", changed(&|tracks| tracks[1].init = vec![1])),
        ("another codec", changed(&|tracks| tracks[1].codec = "vp9".to_owned())),
        ("parity not counted", changed(&|tracks| tracks[1].parity_bytes = 0)),
        ("never granted", changed(&|tracks| tracks[1].ballot = Ballot(2))),
        ("a part less", changed(&|tracks| tracks[0].parts.truncate(1))),
        ("the parts of the other version", world.asset(asset).tracks),
    ] {
        assert!(code(&world.run(commit_version(asset, 2, tracks))).is_some(), "{why}");
    }
    assert_eq!(code(&world.run(commit_version(asset, 3, tracks.clone()))), Some(Code::Conflict), "not pending");
    assert_eq!(world.tables, before);

    // other chunks that add up alike, under the number that a new part would have
    let other = coded(Part { displaced: vec![], ..part("v0", 0, 2) }, Scheme::CODED, 0);
    world.run(abort_version(asset, 2));
    world.run(begin_version(asset, Scheme::CODED, 2));
    let write = |part: &Part| Command::PartPut { asset, version: Version(3), ballot: Ballot(1), part: part.encode().0 };
    let owing = Part { displaced: part("v0", 0, 2).displaced, ..other.clone() };
    assert_eq!(code(&world.run(write(&owing))), Some(Code::Invalid), "every member is on its place");
    let old = Command::PartPut { asset, version: Version(2), ballot: Ballot(1), part: other.encode().0 };
    assert_eq!(code(&world.run(old)), Some(Code::Conflict), "given up");
    let (parts, _) = rewritten(world.view(), &world.asset(asset), Scheme::CODED);
    for part in parts.iter().filter(|part| part.track == ORIGINAL).chain([&other]) {
        assert!(matches!(world.run(write(part)), Response::Part { .. }));
    }
    let forged = changed(&|tracks| tracks[1].parts = track_of("v0", Ballot(1), std::slice::from_ref(&other), 1).parts);
    assert_eq!(code(&world.run(commit_version(asset, 3, forged))), Some(Code::Conflict), "it plays something else");
}

#[test]
fn a_version_given_up_leaves_nothing_and_its_number_is_not_used_again() {
    let mut world = World::of(5);
    let asset = world.upload(1, 1);
    world.set_layout(&[5, 4, 3, 2, 1]);
    let old = world.asset(asset);
    write_version(&mut world, asset, Scheme::CODED, 3);
    for wrong in [1, 3] {
        assert_eq!(code(&world.run(abort_version(asset, wrong))), Some(Code::Conflict));
    }
    assert_eq!(world.run(abort_version(asset, 2)), Response::Done);
    assert_eq!(world.run(abort_version(asset, 2)), Response::Done, "a retry");
    world.housekeep(1);
    assert_eq!(parts(&world, asset), [Version(1); 3]);
    assert_eq!(world.asset(asset), AssetRecord { version_last: Version(2), ..old });
    assert_eq!(world.view().epochs(), Ok(vec![(Epoch(2), 1)]));
    let (version, _) = write_version(&mut world, asset, Scheme::CODED, 3);
    assert_eq!(version, Version(3));

    world.run(Command::VideoPurge { video: video_id(1) });
    assert_eq!(world.view().epochs(), Ok(vec![]), "a dead asset needs no epoch, nor does what was to replace it");
    assert_eq!(code(&world.run(abort_version(asset, 3))), Some(Code::Conflict));
    world.housekeep(1);
    assert_eq!(parts(&world, asset), []);
}
