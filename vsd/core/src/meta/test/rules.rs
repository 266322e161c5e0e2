//! Each rule of the design that a command can break or follow, by example.

use std::collections::{BTreeMap, BTreeSet};

use vs_core::{error::Code, id::DirId};

use super::{super::table::assets::Assets, *};

fn status(world: &World, asset: AssetId) -> AssetStatus {
    world.view().asset(asset).expect("readable").expect("known").status
}

fn fate(world: &World, asset: AssetId) -> AssetFate {
    world.view().fate(asset).expect("readable")
}

fn video(world: &World, n: u8) -> Option<VideoRecord> {
    world.view().video(video_id(n)).expect("readable")
}

fn phase(world: &World, n: u8) -> UploadPhase {
    world.view().upload(upload_id(n)).expect("readable").expect("known").phase
}

#[test]
fn nothing_happens_before_the_bootstrap_and_a_second_one_is_the_first_or_refused() {
    let mut world = World::default();
    assert_eq!(
        code(&world.run(Command::Tick { term: LeaderTerm::new(1, NodeId(0)), elapsed_ms: 1 })),
        Some(Code::Conflict)
    );
    assert_eq!(world.tables, MemTables::default());
    let first = world.run(bootstrap());
    assert_eq!(world.run(bootstrap()), first);
    let Command::Bootstrap { node, dirs, .. } = bootstrap() else { unreachable!() };
    let other = Command::Bootstrap { cluster: ClusterId::from_random([8; 16]), node, dirs };
    assert_eq!(code(&world.run(other)), Some(Code::Conflict));
    let view = world.view();
    assert_eq!(view.epoch(), Ok(Some(Epoch(1))));
    let layouts = view.layouts_since(Epoch(1), 9).expect("readable");
    assert_eq!(layouts.first().map(|layout| layout.place(&Hash::of(b"x"), 3)), Some(vec![NodeId(1)]));
    assert_eq!(layouts.len(), 1);
}

#[test]
fn an_upload_is_listed_with_its_original_and_ready_with_its_tracks() {
    let mut world = World::new();
    let asset = world.open(begin(1));
    assert_eq!(world.open(begin(1)), asset, "the same upload begun again is the same upload");
    assert_eq!(fate(&world, asset), AssetFate::Open);
    assert_eq!(video(&world, 1), None);
    world.store_original(1, asset, Ballot(1), 1);
    assert_eq!((fate(&world, asset), status(&world, asset)), (AssetFate::Live, AssetStatus::Processing));
    let listed = world.commit(1, asset, Ballot(1), 1);
    assert_eq!(listed, Response::Listed { video: video_id(1), asset });
    assert_eq!(status(&world, asset), AssetStatus::Ready);
    assert_eq!(
        world.run(commit(1, vec![track("v0", Ballot(1), 1, 1)], Ballot(1))),
        listed,
        "a retry is answered alike"
    );
    let head = world.view().head(asset).expect("readable").expect("live");
    assert_eq!((head.scheme, head.since), (Scheme::Replicate(3), Epoch(1)));
    assert_eq!(head.tracks.iter().map(|track| track.name.as_str()).collect::<Vec<_>>(), [ORIGINAL, "v0"]);
    assert_eq!(phase(&world, 1), UploadPhase::Ended(End::Ready));
}

#[test]
fn tracks_that_are_not_what_was_committed_are_refused() {
    let mut world = World::new();
    let asset = world.open(begin(1));
    world.store_original(1, asset, Ballot(1), 1);
    world.run(put(asset, Ballot(1), &part("v0", 0, 1)));
    let good = track("v0", Ballot(1), 1, 1);
    let missing_part = track("v0", Ballot(1), 2, 1);
    let other_part = track("v0", Ballot(1), 1, 2);
    let wrong_bytes = Track { bytes: 11, ..good.clone() };
    let wrong_chunks = Track { chunks: 2, ..good.clone() };
    let own_ballot = Track { ballot: Ballot(2), ..good.clone() };
    let bad_name = Track { name: "v 0".to_owned(), ..good.clone() };
    for bad in [missing_part, other_part, wrong_bytes, wrong_chunks, own_ballot, bad_name] {
        assert!(code(&world.run(commit(1, vec![bad.clone()], Ballot(1)))).is_some(), "{bad:?}");
    }
    assert!(code(&world.run(commit(1, vec![], Ballot(1)))).is_some(), "neither tracks nor a failure");
    assert!(code(&world.run(commit(1, vec![good.clone(), good.clone()], Ballot(1)))).is_some(), "one name twice");
    assert_eq!(status(&world, asset), AssetStatus::Processing);
    assert_eq!(code(&world.run(commit(1, vec![good], Ballot(1)))), None);
}

#[test]
fn a_part_is_written_once() {
    let mut world = World::new();
    let asset = world.open(begin(1));
    let first = world.run(put(asset, Ballot(1), &part("v0", 0, 1)));
    assert!(matches!(first, Response::Part { .. }));
    assert_eq!(world.run(put(asset, Ballot(1), &part("v0", 0, 1))), first);
    assert_eq!(code(&world.run(put(asset, Ballot(1), &part("v0", 0, 2)))), Some(Code::Conflict));
    let garbage = Command::PartPut { asset, version: Version(1), ballot: Ballot(1), part: vec![1, 2, 3] };
    assert_eq!(code(&world.run(garbage)), Some(Code::Invalid));
    assert_eq!(world.view().displaced(asset, None, 9).map(|displaced| displaced.len()), Ok(1));
    world.run(Command::UploadAbort { upload: upload_id(1) });
    assert_eq!(code(&world.run(put(asset, Ballot(1), &part("v0", 1, 1)))), Some(Code::Conflict));
}

#[test]
fn a_writer_that_was_taken_over_is_fenced_off() {
    let mut world = World::new();
    let asset = world.open(begin(1));
    world.store_original(1, asset, Ballot(1), 1);
    world.run(put(asset, Ballot(1), &part("v0", 0, 1)));
    let taken = world.run(Command::UploadTake { upload: upload_id(1), node: NodeId(1) });
    assert!(matches!(taken, Response::Opened { ballot: Ballot(2), .. }), "{taken:?}");
    let before = world.tables.clone();
    let old = Ballot(1);
    for command in [
        put(asset, old, &part("v0", 1, 1)),
        commit(1, vec![track("v0", old, 1, 1)], old),
        Command::LeaseRenew { upload: upload_id(1), ballot: old },
        Command::UploadFail { upload: upload_id(1), ballot: old, code: "VS-E0102".to_owned(), reason: String::new() },
    ] {
        assert_eq!(code(&world.run(command.clone())), Some(Code::Fenced), "{command:?}");
    }
    assert_eq!(code(&world.run(put(asset, Ballot(3), &part("v0", 1, 1)))), Some(Code::Invalid), "never granted");
    assert_eq!(world.tables, before);
    let earlier_parts = commit(1, vec![track("v0", old, 1, 1)], Ballot(2));
    assert_eq!(code(&world.run(earlier_parts)), None, "the new writer may name parts of an earlier one");
}

#[test]
fn an_upload_is_taken_over_by_another_node_only_when_its_original_is_stored_and_its_lease_is_over() {
    let mut world = World::new();
    let mut two = NodeRecord { id: NodeId(2), ..node(&world) };
    two.spec.addr = "127.0.0.1:7401".to_owned();
    let mut txn = Txn::over(&world.tables);
    txn.put::<table::nodes::Nodes>(&NodeId(2), &two);
    let writes = txn.into_writes();
    world.tables.write(writes);
    let asset = world.open(begin(1));
    let take = Command::UploadTake { upload: upload_id(1), node: NodeId(2) };
    assert_eq!(code(&world.run(take.clone())), Some(Code::Conflict));
    world.store_original(1, asset, Ballot(1), 1);
    assert_eq!(code(&world.run(take.clone())), Some(Code::Busy));
    world.pass_ms(SettingName::UploadLease.default_value());
    assert!(matches!(world.run(take), Response::Opened { node: NodeId(2), ballot: Ballot(2), .. }));
}

fn node(world: &World) -> NodeRecord {
    world.view().node(NodeId(1)).expect("readable").expect("known")
}

#[test]
fn a_stored_original_survives_abort_and_expiry_and_can_be_committed_without_tracks() {
    let mut world = World::new();
    let asset = world.open(begin(1));
    world.store_original(1, asset, Ballot(1), 1);
    assert_eq!(code(&world.run(Command::UploadAbort { upload: upload_id(1) })), Some(Code::Conflict));
    world.pass_ms(2 * SettingName::UploadExpiry.default_value());
    world.housekeep(3);
    assert_eq!(fate(&world, asset), AssetFate::Live);
    let failure = Command::Commit {
        upload: upload_id(1),
        ballot: Ballot(1),
        tracks: vec![],
        source: None,
        failure: Some("no keyframe".to_owned()),
    };
    assert_eq!(world.run(failure), Response::Listed { video: video_id(1), asset });
    assert_eq!(status(&world, asset), AssetStatus::Failed { reason: "no keyframe".to_owned() });
    assert_eq!(world.view().head(asset).expect("readable").expect("live").tracks.len(), 1);
}

#[test]
fn an_upload_that_fails_or_stops_early_leaves_nothing_but_its_reason_for_a_while() {
    let mut world = World::new();
    let failed = world.open(begin(1));
    world.run(put(failed, Ballot(1), &part(ORIGINAL, 0, 1)));
    let fail = Command::UploadFail {
        upload: upload_id(1),
        ballot: Ballot(1),
        code: Code::MediaRejected.name().to_owned(),
        reason: "not a film".to_owned(),
    };
    assert_eq!([world.run(fail.clone()), world.run(fail)], [Response::Done, Response::Done]);
    assert_eq!(fate(&world, failed), AssetFate::Dead);
    let again = world.run(Command::UploadBegin(Box::new(begin(1))));
    assert_eq!(again, Response::UploadFailed(Refused::new(Code::MediaRejected, "not a film")));

    let silent = world.open(begin(2));
    world.housekeep(100);
    assert_eq!(world.view().part(failed, Version(1), Ballot(1), ORIGINAL, 0), Ok(None));
    assert_eq!((world.view().asset(failed), fate(&world, failed)), (Ok(None), AssetFate::Dead));
    world.pass_ms(SettingName::UploadExpiry.default_value() / 2);
    world.run(Command::LeaseRenew { upload: upload_id(2), ballot: Ballot(1) });
    world.pass_ms(SettingName::UploadExpiry.default_value() - 1);
    world.housekeep(100);
    assert_eq!(fate(&world, silent), AssetFate::Open, "a lease is a sign of life");
    assert_eq!(world.view().upload(upload_id(1)), Ok(None), "forgotten");
    world.pass_ms(1);
    world.housekeep(100);
    assert_eq!(phase(&world, 2), UploadPhase::Ended(End::Expired));
    assert_eq!(fate(&world, silent), AssetFate::Dead);
    assert_eq!(fate(&world, AssetId(99)), AssetFate::Never);
}

#[test]
fn the_same_bytes_again_are_the_same_video() {
    let mut world = World::new();
    let first = world.upload(1, 1);
    let same = Response::Duplicate { video: video_id(1), asset: first, restored: false };
    let second = world.open(begin(2));
    assert_eq!(world.store_original(2, second, Ballot(1), 1), same);
    assert_eq!(
        (fate(&world, second), phase(&world, 2)),
        (AssetFate::Dead, UploadPhase::Ended(End::Duplicate { restored: false }))
    );
    let offered = UploadBegin { offered_sha256: Some(content_hash(1)), ..begin(3) };
    assert_eq!(world.run(Command::UploadBegin(Box::new(offered.clone()))), same, "told at once");
    assert_eq!(world.run(Command::UploadBegin(Box::new(offered))), same, "and again");
    let mut shaped = begin(4);
    shaped.options.renditions = vec!["720p".to_owned()];
    let other = world.open(shaped);
    assert_eq!(
        world.store_original(4, other, Ballot(1), 1),
        Response::Listed { video: video_id(4), asset: other },
        "other options, other asset"
    );
    let wrong = UploadBegin { offered_sha256: Some(content_hash(9)), ..begin(5) };
    assert!(matches!(world.run(Command::UploadBegin(Box::new(wrong))), Response::Opened { .. }));
}

#[test]
fn two_uploads_of_the_same_bytes_at_once_become_one_video() {
    let mut world = World::new();
    let (a, b) = (world.open(begin(1)), world.open(begin(2)));
    for n in 1..=2 {
        let received =
            Command::UploadReceived { upload: upload_id(n), ballot: Ballot(1), sha256: content_hash(1), bytes: 20 };
        assert_eq!(world.run(received), Response::Done);
    }
    for asset in [a, b] {
        for no in 0..2 {
            world.run(put(asset, Ballot(1), &part(ORIGINAL, no, 1)));
        }
    }
    assert_eq!(world.run(original_stored(1, Ballot(1), 1)), Response::Listed { video: video_id(1), asset: a });
    let lost = Response::Duplicate { video: video_id(1), asset: a, restored: false };
    assert_eq!(
        [world.run(original_stored(2, Ballot(1), 1)), world.run(original_stored(2, Ballot(1), 1))],
        [lost.clone(), lost]
    );
    assert_eq!((fate(&world, b), video(&world, 2)), (AssetFate::Dead, None));
}

#[test]
fn the_same_bytes_in_the_trash_are_restored_and_after_the_purge_are_new() {
    let mut world = World::new();
    let first = world.upload(1, 1);
    world.run(Command::VideoTrash { video: video_id(1) });
    let second = world.open(begin(2));
    let restored = Response::Duplicate { video: video_id(1), asset: first, restored: true };
    assert_eq!(world.store_original(2, second, Ballot(1), 1), restored);
    assert!(video(&world, 1).is_some_and(|video| video.trashed.is_none()));
    world.run(Command::VideoPurge { video: video_id(1) });
    assert_eq!(fate(&world, first), AssetFate::Dead);
    assert!(world.upload(3, 1) > second);
}

#[test]
fn a_duplicate_can_be_wanted_or_forbidden() {
    let mut world = World::new();
    let first = world.upload(1, 1);
    let second = world.open(UploadBegin { on_duplicate: OnDuplicate::New, ..begin(2) });
    let answer = world.store_original(2, second, Ballot(1), 1);
    assert_eq!(answer, Response::Duplicate { video: video_id(2), asset: first, restored: false });
    assert_eq!((fate(&world, second), video(&world, 2).map(|video| video.asset)), (AssetFate::Dead, Some(first)));

    let third = world.open(UploadBegin { on_duplicate: OnDuplicate::Error, ..begin(3) });
    let answer = world.store_original(3, third, Ballot(1), 1);
    assert_eq!((code(&answer), fate(&world, third)), (Some(Code::Conflict), AssetFate::Dead));
    assert!(matches!(phase(&world, 3), UploadPhase::Ended(End::Failed { .. })));

    world.run(Command::VideoPurge { video: video_id(1) });
    assert_eq!(fate(&world, first), AssetFate::Live, "another video shows it");
    world.run(Command::VideoPurge { video: video_id(2) });
    assert_eq!(fate(&world, first), AssetFate::Dead);
}

#[test]
fn the_same_bytes_replace_an_asset_that_is_damaged() {
    let mut world = World::new();
    let first = world.upload(1, 1);
    let mut record = world.view().asset(first).expect("readable").expect("known");
    record.damaged = true;
    let mut txn = Txn::over(&world.tables);
    txn.put::<Assets>(&first, &record);
    let writes = txn.into_writes();
    world.tables.write(writes);
    world.run(Command::VideoTrash { video: video_id(1) });

    let second = world.open(begin(2));
    let answer = world.store_original(2, second, Ballot(1), 1);
    assert_eq!(answer, Response::Listed { video: video_id(1), asset: second });
    assert_eq!((fate(&world, first), fate(&world, second)), (AssetFate::Dead, AssetFate::Live));
    let video = video(&world, 1).expect("kept");
    assert_eq!((video.asset, video.trashed), (second, None));
    assert_eq!(world.commit(2, second, Ballot(1), 1), answer);
    world.housekeep(2);
    assert_eq!(status(&world, second), AssetStatus::Ready);
}

#[test]
fn without_its_original_an_upload_is_listed_when_its_tracks_are_stored() {
    let mut world = World::new();
    let options = TrackOptions { renditions: vec![], keep_original: false };
    let asset = world.open(UploadBegin { options, ..begin(1) });
    let received =
        Command::UploadReceived { upload: upload_id(1), ballot: Ballot(1), sha256: content_hash(1), bytes: 20 };
    assert_eq!([world.run(received.clone()), world.run(received)], [Response::Done, Response::Done]);
    assert_eq!(code(&world.run(original_stored(1, Ballot(1), 1))), Some(Code::Conflict));
    world.run(put(asset, Ballot(1), &part("v0", 0, 1)));
    assert_eq!(code(&world.run(commit(1, vec![track("v0", Ballot(1), 1, 1)], Ballot(1)))), Some(Code::Conflict));
    let nothing = Command::Commit {
        upload: upload_id(1),
        ballot: Ballot(1),
        tracks: vec![],
        source: Some(SourceInfo::default()),
        failure: Some("no".to_owned()),
    };
    assert_eq!(code(&world.run(nothing)), Some(Code::Conflict), "nothing would be kept");
    let whole = Command::Commit {
        upload: upload_id(1),
        ballot: Ballot(1),
        tracks: vec![track("v0", Ballot(1), 1, 1)],
        source: Some(SourceInfo::default()),
        failure: None,
    };
    assert_eq!(world.run(whole), Response::Listed { video: video_id(1), asset });
    assert_eq!((fate(&world, asset), status(&world, asset)), (AssetFate::Live, AssetStatus::Ready));
}

#[test]
fn parts_of_a_losing_ballot_go_and_those_of_the_winner_stay() {
    let mut world = World::new();
    let asset = world.open(begin(1));
    world.store_original(1, asset, Ballot(1), 1);
    world.run(put(asset, Ballot(1), &part("v0", 0, 9)));
    world.run(Command::UploadTake { upload: upload_id(1), node: NodeId(1) });
    world.commit(1, asset, Ballot(2), 1);
    world.housekeep(1);
    let has =
        |ballot, name, no| world.view().part(asset, Version(1), Ballot(ballot), name, no).expect("readable").is_some();
    assert!(has(1, ORIGINAL, 0) && has(1, ORIGINAL, 1) && has(2, "v0", 0));
    assert!(!has(1, "v0", 0));
}

#[test]
fn trash_is_kept_for_its_time_and_no_longer() {
    let mut world = World::new();
    let asset = world.upload(1, 1);
    world.upload(2, 2);
    let trash = Command::VideoTrash { video: video_id(1) };
    assert_eq!(world.run(trash.clone()), Response::Video { video: video_id(1), revision: 2, changed: true });
    assert_eq!(world.run(trash.clone()), Response::Video { video: video_id(1), revision: 2, changed: false });
    world.run(Command::VideoRestore { video: video_id(1) });
    world.run(Command::SettingSet { name: SettingName::TrashKeep, value: 60_000 });
    world.pass_ms(70_000);
    world.housekeep(10);
    assert!(video(&world, 1).is_some(), "restored in time");
    world.run(trash);
    world.pass_ms(59_999);
    world.housekeep(10);
    assert!(video(&world, 1).is_some());
    world.pass_ms(1);
    world.housekeep(10);
    assert_eq!((video(&world, 1), fate(&world, asset)), (None, AssetFate::Dead));
    assert!(video(&world, 2).is_some());
    assert_eq!(code(&world.run(Command::VideoRestore { video: video_id(1) })), Some(Code::NotFound));
}

#[test]
fn a_purge_while_processing_ends_the_upload() {
    let mut world = World::new();
    let asset = world.open(begin(1));
    world.store_original(1, asset, Ballot(1), 1);
    world.run(Command::VideoPurge { video: video_id(1) });
    assert!(matches!(phase(&world, 1), UploadPhase::Ended(End::Failed { .. })));
    assert_eq!(code(&world.run(put(asset, Ballot(1), &part("v0", 0, 1)))), Some(Code::Conflict));
    assert_eq!(code(&world.commit(1, asset, Ballot(1), 1)), Some(Code::Conflict));
    assert_eq!(fate(&world, asset), AssetFate::Dead);
}

fn edit(n: u8, expected: Option<u64>, title: &str, unset: &[&str]) -> Command {
    Command::VideoEdit {
        video: video_id(n),
        expected,
        title: Some(title.to_owned()),
        description: None,
        tags_set: BTreeMap::from([("year".to_owned(), "2008".to_owned())]),
        tags_unset: unset.iter().map(|&key| key.to_owned()).collect::<BTreeSet<_>>(),
    }
}

#[test]
fn an_edit_is_checked_compared_and_found_by_its_new_title() {
    let mut world = World::new();
    world.upload(1, 1);
    let changed = |revision, changed| Response::Video { video: video_id(1), revision, changed };
    assert_eq!(world.run(edit(1, Some(1), "Bunny", &[])), changed(2, true));
    assert_eq!(world.run(edit(1, None, "Bunny", &[])), changed(2, false));
    assert_eq!(code(&world.run(edit(1, Some(1), "Hare", &[]))), Some(Code::Conflict));
    assert_eq!(code(&world.run(edit(1, None, " ", &[]))), Some(Code::Invalid));
    assert_eq!(code(&world.run(edit(1, None, &"x".repeat(501), &[]))), Some(Code::Invalid));
    assert_eq!(code(&world.run(edit(2, None, "x", &[]))), Some(Code::NotFound));
    let resolved = |text: &str| world.view().resolve(text).expect("readable");
    assert_eq!(resolved("Film 1"), Resolved::None);
    assert!(matches!(resolved("Bunny"), Resolved::One(video) if video.id == video_id(1)));
}

#[test]
fn videos_are_found_by_any_unique_prefix_of_four() {
    let mut world = World::new();
    for n in [0x11, 0x12] {
        world.upload(n, n);
    }
    let resolved = |text: &str| world.view().resolve(text).expect("readable");
    let whole = video_id(0x11).to_string();
    for text in [whole.as_str(), &whole.to_uppercase(), "1111", "11111", "11111111-1"] {
        assert!(matches!(resolved(text), Resolved::One(video) if video.id == video_id(0x11)), "{text}");
    }
    for text in ["111", "1113", "", "Film", &format!("{whole}0")] {
        assert_eq!(resolved(text), Resolved::None, "{text}");
    }
    world.run(edit(0x12, None, "1111", &[]));
    let resolved = world.view().resolve("1111").expect("readable");
    assert!(matches!(&resolved, Resolved::Ambiguous(both) if both.len() == 2), "a title and a prefix: {resolved:?}");
}

#[test]
fn a_retried_command_of_a_session_is_applied_once() {
    let mut world = World::new();
    world.upload(1, 1);
    let client = ClientId(Uuid::from_u128(5));
    let entry = |seq, command| Entry { wall_ms: 0, client: Some((client, seq)), command };
    let rename = |title: &str| edit(1, None, title, &[]);
    assert_eq!(world.enter(entry(1, rename("A"))), Response::SessionExpired);
    assert_eq!(world.run(Command::ClientOpen { client }), Response::Client { seq: 0 });
    let first = world.enter(entry(1, rename("A")));
    assert_eq!(first, Response::Video { video: video_id(1), revision: 2, changed: true });
    world.run(rename("B"));
    assert_eq!(world.enter(entry(1, rename("A"))), first, "the retry changes nothing");
    assert_eq!(video(&world, 1).map(|video| video.title), Some("B".to_owned()));
    assert_eq!(world.run(Command::ClientOpen { client }), Response::Client { seq: 1 });
    world.enter(entry(3, rename("C")));
    assert_eq!(code(&world.enter(entry(2, rename("D")))), Some(Code::Conflict), "too old to be known");

    world.pass_ms(SettingName::ClientExpiry.default_value() - 1);
    world.enter(entry(4, rename("E")));
    world.pass_ms(SettingName::ClientExpiry.default_value() - 1);
    world.housekeep(10);
    assert_eq!(world.run(Command::ClientOpen { client }), Response::Client { seq: 4 }, "still open");
    world.pass_ms(1);
    world.housekeep(10);
    assert_eq!(world.enter(entry(4, rename("E"))), Response::SessionExpired);
    world.run(Command::ClientOpen { client });
    assert_eq!(world.enter(entry(1, Command::ClientClose { client })), Response::Done);
    assert_eq!(world.enter(entry(1, Command::ClientClose { client })), Response::SessionExpired);

    let greatest = world.enter(entry(u64::MAX, rename("F")));
    assert_eq!(code(&greatest), Some(Code::Invalid), "it would look closed");
    // what was sent in it may come again, and comes to nothing
    assert_eq!(code(&world.run(Command::ClientOpen { client })), Some(Code::Conflict));
    assert_eq!(world.enter(entry(1, rename("F"))), Response::SessionExpired);
    world.pass_ms(SettingName::ClientExpiry.default_value());
    world.housekeep(10);
    assert_eq!(world.run(Command::ClientOpen { client }), Response::Client { seq: 0 }, "forgotten in time");
}

#[test]
fn directories_are_known_by_their_key_and_a_failed_one_stays_read_only() {
    let mut world = World::new();
    let spec = node(&world).spec;
    let dir = |key, fault: Option<&str>| DirSpec {
        key: Uuid::from_u128(key),
        path: format!("/data{key}"),
        fault: fault.map(ToOwned::to_owned),
        mended: false,
    };
    let mut update = |dirs| match world.run(Command::NodeUpdate { node: NodeId(1), spec: spec.clone(), dirs }) {
        Response::Node { dirs, .. } => {
            let known = world.view().dirs_of(NodeId(1)).expect("readable");
            (dirs, known.into_iter().map(|dir| dir.state).collect::<Vec<_>>())
        }
        other => panic!("{other:?}"),
    };
    let broken = DirState::ReadOnly { reason: "fsync: I/O error".to_owned() };
    let one = update(vec![dir(2, None), dir(1, Some("fsync: I/O error"))]);
    assert_eq!(one, (vec![DirId(2), DirId(1)], vec![broken.clone(), DirState::Ok]));
    assert_eq!(update(vec![dir(1, None)]), (vec![DirId(1)], vec![broken.clone(), DirState::Missing]));
    assert_eq!(update(vec![dir(1, None), dir(2, None)]).1, [broken.clone(), DirState::Ok]);
    assert_eq!(update(vec![dir(3, None)]), (vec![DirId(3)], vec![DirState::Missing, DirState::Missing, DirState::Ok]));
    assert_eq!(update(vec![dir(1, None), dir(2, None)]).1[..2], [broken, DirState::Ok], "absence mends nothing");
    let mended = DirSpec { mended: true, ..dir(1, None) };
    assert_eq!(update(vec![mended.clone(), dir(2, None)]).1[..2], [DirState::Ok, DirState::Ok]);
    assert_eq!(update(vec![dir(1, None), dir(2, None)]).1[..2], [DirState::Ok, DirState::Ok]);
    let again = DirState::ReadOnly { reason: "again".to_owned() };
    assert_eq!(update(vec![DirSpec { fault: Some("again".to_owned()), ..mended }]).1[0], again, "a fault since then");
    let unknown = Command::NodeUpdate { node: NodeId(9), spec: spec.clone(), dirs: vec![] };
    assert_eq!(code(&world.run(unknown)), Some(Code::NotFound));
    let twice = Command::NodeUpdate { node: NodeId(1), spec, dirs: vec![dir(1, None), dir(1, None)] };
    assert_eq!(code(&world.run(twice)), Some(Code::Invalid));
}

#[test]
fn settings_have_ranges_and_return_to_their_default() {
    let mut world = World::new();
    let name = SettingName::TrashKeep;
    assert_eq!(world.run(Command::SettingSet { name, value: 5_000 }), Response::Setting { value: 5_000 });
    assert_eq!(code(&world.run(Command::SettingSet { name, value: 0 })), Some(Code::Invalid));
    assert_eq!(world.view().setting(name), Ok(5_000));
    assert!(world.view().settings().expect("readable").contains(&SettingValue { name, value: 5_000, is_set: true }));
    world.run(Command::SettingReset { name });
    assert_eq!(world.view().setting(name), Ok(name.default_value()));
}

#[test]
fn bad_uploads_are_refused() {
    let mut world = World::new();
    let long = |n: usize| "x".repeat(n);
    let renditions = TrackOptions { renditions: vec![String::new(); 17], keep_original: true };
    let before = world.tables.clone();
    for bad in [
        UploadBegin { title: String::new(), ..begin(1) },
        UploadBegin { title: long(501), ..begin(1) },
        UploadBegin { file_name: long(1_001), ..begin(1) },
        UploadBegin { description: long(10_001), ..begin(1) },
        UploadBegin { tags: BTreeMap::from([(String::new(), String::new())]), ..begin(1) },
        UploadBegin { redundancy: Redundancy::Replicate(6), ..begin(1) },
        UploadBegin { redundancy: Redundancy::Replicate(0), ..begin(1) },
        UploadBegin { node: NodeId(9), ..begin(1) },
        UploadBegin { options: renditions, ..begin(1) },
    ] {
        assert!(code(&world.run(Command::UploadBegin(Box::new(bad.clone())))).is_some(), "{bad:?}");
    }
    assert_eq!(world.tables, before);
    let asset = world.open(UploadBegin { redundancy: Redundancy::Erasure, size: Some(5), ..begin(1) });
    let record = world.view().asset(asset).expect("readable").expect("known");
    assert_eq!((record.scheme, record.redundancy), (Scheme::Replicate(3), Redundancy::Erasure), "deferred");
    assert_eq!(code(&world.store_original(1, asset, Ballot(1), 1)), Some(Code::Invalid), "not the announced size");
}

#[test]
fn events_tell_the_story_and_only_the_latest_are_kept() {
    let mut world = World::new();
    world.upload(1, 1);
    let kinds: Vec<_> = world.view().events(0, 100).expect("readable").into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds.first(), Some(&EventKind::ClusterCreated));
    assert!(kinds.contains(&EventKind::VideoReady { video: video_id(1) }));
    for title in (0..EVENTS_KEPT).map(|n| n.to_string()) {
        world.run(edit(1, None, &title, &[]));
    }
    let oldest = world.view().events(0, 1).expect("readable").remove(0);
    let newest = world.view().events(oldest.seq + EVENTS_KEPT - 2, 10).expect("readable");
    assert_eq!(newest.len(), 1);
    assert!(matches!(oldest.kind, EventKind::VideoEdited { .. }));
}

#[test]
fn a_command_that_is_refused_half_way_leaves_nothing() {
    let mut world = World::new();
    let (first, second) = (world.open(begin(1)), world.open(UploadBegin { video: video_id(1), ..begin(2) }));
    world.store_original(1, first, Ballot(1), 1);
    let received =
        Command::UploadReceived { upload: upload_id(2), ballot: Ballot(1), sha256: content_hash(2), bytes: 20 };
    world.run(received);
    for no in 0..2 {
        world.run(put(second, Ballot(1), &part(ORIGINAL, no, 2)));
    }
    let before = world.tables.clone();
    // found out last, when the asset is about to be shown: two proposers drew one video id
    assert_eq!(code(&world.run(original_stored(2, Ballot(1), 2))), Some(Code::Conflict));
    assert_eq!(world.tables, before);
}
