//! Where members are: stand-ins, owed ones, and the epoch an asset is placed by, by example.

use super::{
    super::table::{assets::Assets, displaced::Displacements},
    *,
};
use crate::meta::family::page;

const FIRST: Version = Version(1);

fn placed(asset: AssetId, version: u64, epoch: u64) -> Command {
    Command::Placed { asset, version: Version(version), epoch: Epoch(epoch), term: LeaderTerm::new(0, NodeId(0)) }
}

fn owed_at(place: u64) -> (u64, Option<u64>) {
    (place, None)
}

fn stands_in(place: u64, stand_in: u64) -> (u64, Option<u64>) {
    (place, Some(stand_in))
}

/// The first part of a track, whose one chunk is missed on these places.
fn missed(content: u8, places: &[(u64, Option<u64>)]) -> Part {
    let mut part = part("v0", 0, content);
    let chunk = part.displaced.remove(0).chunk;
    let displaced = |&(place, stand_in): &(u64, Option<u64>)| Displaced {
        chunk,
        place: NodeId(place),
        stand_in: stand_in.map(NodeId),
    };
    part.displaced = places.iter().map(displaced).collect();
    part
}

fn counted(world: &World, asset: AssetId) -> (u64, u64, u64) {
    let record = world.asset(asset);
    (record.stand_ins, record.owed, record.owed_bytes)
}

fn rows(world: &World) -> usize {
    page::<Displacements>(&world.tables, &[0x22], None, 1_000).expect("readable").len()
}

#[test]
fn what_a_part_says_of_its_places_is_checked_united_and_counted() {
    let mut world = World::of(6);
    let asset = world.open(begin(1));
    // by this layout the copies are on n1, n2 and n3
    for bad in [
        missed(1, &[owed_at(4)]),
        missed(1, &[owed_at(9)]),
        missed(1, &[stands_in(1, 2)]),
        missed(1, &[stands_in(1, 1)]),
        missed(1, &[stands_in(1, 9)]),
        missed(1, &[stands_in(1, 4), stands_in(2, 4)]),
        Part { displaced: missed(2, &[owed_at(1)]).displaced, ..missed(1, &[]) },
    ] {
        assert_eq!(code(&world.run(put(asset, Ballot(1), &bad))), Some(Code::Invalid), "{:?}", bad.displaced);
    }
    assert_eq!((rows(&world), counted(&world, asset)), (0, (0, 0, 0)));

    // a node that came after the upload began, and is gone again
    let mut later = World::of(3);
    let early = later.open(begin(1));
    let id = |response| if let Response::Node { node, .. } = response { node.0 } else { panic!("{response:?}") };
    let (fourth, fifth) = (id(later.run(join(4))), id(later.run(join(5))));
    let stood_in = put(early, Ballot(1), &missed(1, &[stands_in(1, fourth)]));
    assert_eq!(code(&later.run(stood_in.clone())), Some(Code::Invalid), "in no layout yet");
    later.set_layout(&[fourth, fifth]);
    later.set_layout(&[fifth]);
    assert!(matches!(later.run(stood_in), Response::Part { .. }));
    assert_eq!(code(&later.run(removal(fourth))), Some(Code::Conflict), "it holds what an upload needs");

    let good = missed(1, &[stands_in(1, 4), stands_in(2, 5), owed_at(3)]);
    for _ in 0..2 {
        assert!(matches!(world.run(put(asset, Ballot(1), &good)), Response::Part { .. }));
        assert_eq!(counted(&world, asset), (2, 1, 10));
    }
    world.store_original(1, asset, Ballot(1), 7);
    world.run(Command::UploadTake { upload: upload_id(1), node: NodeId(1) });
    let before = counted(&world, asset);
    world.run(put(asset, Ballot(2), &missed(1, &[stands_in(1, 4), stands_in(2, 6)])));
    assert_eq!(counted(&world, asset), (before.0 + 1, before.1, before.2), "what was said before counts once");
    let view = world.view();
    let all = view.displaced(asset, None, 9).expect("readable");
    assert_eq!(all.len() as u64, before.0 + before.1 + 1);
    assert_eq!(view.displaced(asset, all.get(1), 2).as_deref(), Ok(&all[2..4]), "paged");
}

#[test]
fn a_stripes_members_stand_in_on_nodes_that_hold_no_other() {
    let mut world = World::of(7);
    let asset = world.open(UploadBegin { redundancy: Redundancy::Erasure, ..begin(1) });
    let chunk = |n: u8| ChunkRef { hash: Hash::of(&[n]), bytes: n.into() };
    let coded_part =
        |no, chunks: &[u8]| coded(part_of("v0", no, chunks.iter().map(|n| chunk(*n)).collect()), Scheme::CODED, 0);
    let with = |mut part: Part, displaced: &[(u8, u64, Option<u64>)]| {
        let row = |&(n, place, stand_in): &(u8, u64, Option<u64>)| Displaced {
            chunk: chunk(n).hash,
            place: NodeId(place),
            stand_in: stand_in.map(NodeId),
        };
        part.displaced = displaced.iter().map(row).collect();
        part
    };
    // stripe 0 has chunks 1, 2, 3 on n1, n2, n3 and stripe 1 chunks 1, 4, 5 on the same; parity is on n4 and n5
    let part = coded_part(0, &[1, 2, 3, 1, 4, 5]);
    for bad in [[(2, 1, None), (1, 1, None)], [(1, 1, Some(5)), (1, 1, None)], [(2, 2, Some(6)), (3, 3, Some(6))]] {
        let answer = world.run(put(asset, Ballot(1), &with(part.clone(), &bad)));
        assert_eq!(code(&answer), Some(Code::Invalid), "{bad:?}");
    }
    let two = [(1, 1, Some(6)), (1, 1, Some(7)), (2, 2, Some(7)), (4, 2, Some(6)), (5, 3, None)];
    assert_eq!(code(&world.run(put(asset, Ballot(1), &with(part, &two)))), None, "each stripe has its own");
    assert_eq!(counted(&world, asset), (4, 1, 5));
    let shared = [(1, 1, Some(6)), (2, 2, Some(6))];
    let part = coded_part(1, &[1, 2, 3, 4, 2, 5]);
    assert_eq!(code(&world.run(put(asset, Ballot(1), &with(part, &shared)))), None, "n6 stands in once in each stripe");
}

#[test]
fn an_upload_that_asks_for_stripes_is_coded_when_there_are_nodes_enough() {
    for (nodes, scheme) in [(4, Scheme::Replicate(3)), (5, Scheme::Erasure { data: 3, parity: 2 })] {
        let mut world = World::of(nodes);
        let asset = world.open(UploadBegin { redundancy: Redundancy::Erasure, ..begin(1) });
        assert_eq!(world.asset(asset).scheme, scheme);
        let auto = world.open(begin(2));
        assert_eq!(world.asset(auto).scheme, Scheme::Replicate(3), "new content is hot");
    }
}

#[test]
fn a_coded_track_has_the_parity_of_its_chunks_or_is_refused() {
    let chunk = |n: u8| ChunkRef { hash: Hash::of(&[n]), bytes: n.into() };
    let plain = |no| part_of(ORIGINAL, no, vec![chunk(1), chunk(2), chunk(4), chunk(3)]);
    let good = [coded(plain(0), Scheme::CODED, 0), coded(plain(1), Scheme::CODED, 2)];
    let accepted = |redundancy, parts: &[Part], parity_bytes: Option<u64>| {
        let mut world = World::of(5);
        let asset = world.open(UploadBegin { redundancy, ..begin(1) });
        let sha256 = content_hash(1);
        world.run(Command::UploadReceived { upload: upload_id(1), ballot: Ballot(1), sha256, bytes: 20 });
        for part in parts {
            assert_eq!(code(&world.run(put(asset, Ballot(1), part))), None);
        }
        let track = track_of(ORIGINAL, Ballot(1), parts, 1);
        let track = Track { parity_bytes: parity_bytes.unwrap_or(track.parity_bytes), ..track };
        let source = SourceInfo::default();
        let stored =
            Command::OriginalStored { upload: upload_id(1), ballot: Ballot(1), source, track: Box::new(track) };
        code(&world.run(stored)).is_none()
    };
    assert!(accepted(Redundancy::Erasure, &good, None));
    assert!(!accepted(Redundancy::Erasure, &good, Some(0)), "parity is counted: 2 of 4 bytes and 2 of 3, twice");
    assert!(accepted(Redundancy::Erasure, &good, Some(28)));
    assert!(!accepted(Redundancy::Replicate(3), &good, None), "copies have no parity");
    assert!(accepted(Redundancy::Replicate(3), &[plain(0), plain(1)], None));
    let broken = |break_it: &dyn Fn(&mut Part)| {
        let mut parts = good.clone();
        break_it(&mut parts[1]);
        accepted(Redundancy::Erasure, &parts, None)
    };
    assert!(broken(&|_| ()));
    assert!(!broken(&|part| part.parity.clear()));
    assert!(!broken(&|part| drop(part.parity.pop())));
    assert!(!broken(&|part| part.parity.push(part.parity[1].clone())));
    assert!(!broken(&|part| part.parity.swap(0, 1)));
    assert!(!broken(&|part| part.parity.iter_mut().for_each(|stripe| stripe.stripe += 1)), "a gap");
    assert!(!broken(&|part| part.parity.iter_mut().for_each(|stripe| stripe.stripe -= 2)), "counted anew");
    assert!(!broken(&|part| part.parity[0].chunks.truncate(1)));
    assert!(!broken(&|part| part.parity[0].chunks[1].bytes = 3), "shorter than the longest");
}

#[test]
fn placed_raises_the_epoch_and_forgets_what_was_elsewhere_in_one_step() {
    let mut world = World::of(5);
    let asset = world.open(begin(1));
    assert_eq!(code(&world.run(placed(asset, 1, 2))), Some(Code::Conflict), "it is open");
    world.store_original(1, asset, Ballot(1), 1);
    world.run(put(asset, Ballot(1), &missed(1, &[stands_in(2, 5)])));
    assert_eq!(code(&world.run(placed(asset, 1, 2))), Some(Code::Conflict), "it is still written");
    let tracks = vec![track_of("v0", Ballot(1), &[missed(1, &[stands_in(2, 5)])], 1)];
    assert_eq!(code(&world.run(commit(1, tracks, Ballot(1)))), None);
    world.housekeep(10);
    assert_eq!((rows(&world), counted(&world, asset)), (2, (1, 1, 10)), "housekeeping leaves them");

    world.set_layout(&[2, 3, 4]);
    world.set_layout(&[4, 5]);
    world.set_layout(&[3, 4, 5]);
    let before = world.tables.clone();
    for (version, epoch, why) in
        [(2, 3, "of no current version"), (1, 1, "older"), (1, 6, "no layout"), (1, 4, "less room")]
    {
        assert_eq!(code(&world.run(placed(asset, version, epoch))), Some(Code::Conflict), "{why}");
    }
    assert_eq!(world.tables, before);
    assert_eq!(world.view().epochs(), Ok(vec![(Epoch(2), 1)]));

    assert_eq!(world.run(placed(asset, 1, 3)), Response::Done);
    assert_eq!((world.asset(asset).since, counted(&world, asset)), (Epoch(3), (0, 0, 0)));
    assert_eq!(world.view().displaced(asset, None, 9), Ok(vec![]), "none counts any more");
    assert_eq!(world.view().epochs(), Ok(vec![(Epoch(3), 1)]));
    assert_eq!(world.view().layout(Epoch(2)), Ok(None), "nobody needs it");
    world.housekeep(1);
    assert_eq!(rows(&world), 0);
    let before = world.tables.clone();
    assert_eq!(world.run(placed(asset, 1, 3)), Response::Done, "a repeat");
    assert_eq!(world.tables, before);
    let kinds: Vec<_> = world.view().events(0, 100).expect("readable").into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == EventKind::AssetMended { asset }).count(), 1);

    let other = world.open(begin(2));
    assert_eq!(world.run(placed(asset, 1, 5)), Response::Done);
    world.set_layout(&[2, 3, 5]);
    assert_eq!(world.run(placed(asset, 1, 6)), Response::Done);
    assert_eq!(code(&world.run(placed(asset, 1, 5))), Some(Code::Conflict), "older, though {other} needs it");
    world.run(Command::VideoPurge { video: video_id(1) });
    assert_eq!(code(&world.run(placed(asset, 1, 6))), Some(Code::Conflict), "it is dead");
}

#[test]
fn an_asset_is_placed_by_fewer_nodes_only_when_an_operator_took_the_others_away() {
    let mut world = World::of(3);
    let asset = world.upload(1, 1);
    world.set_layout(&[1, 2]);
    assert_eq!(code(&world.run(placed(asset, 1, 3))), Some(Code::Conflict), "n3 may come back");
    let leaving = |ids: &[u64], wish| {
        let mut next = layout(Epoch(4), &[NodeId(1), NodeId(2)], SLOTS);
        let node = |&id: &u64| LayoutNode { id: NodeId(id), wish, ..next.nodes[0].clone() };
        let more: Vec<_> = ids.iter().map(node).collect();
        next.nodes.extend(more);
        next
    };
    let mut unnamed = World { tables: world.tables.clone(), index: world.index };
    unnamed.run(Command::LayoutSet { layout: leaving(&[3], NodeWish::In) });
    assert_eq!(code(&unnamed.run(placed(asset, 1, 4))), Some(Code::Conflict), "it has no slot, and nobody said why");
    world.run(Command::LayoutSet { layout: leaving(&[3], NodeWish::Out) });
    assert_eq!(world.run(placed(asset, 1, 4)), Response::Done);
    world.set_layout(&[1, 2]);
    assert_eq!(world.run(placed(asset, 1, 5)), Response::Done, "as many as before");
    assert_eq!(world.run(removal(3)), Response::Done);
}

#[test]
fn a_coded_asset_is_never_placed_by_fewer_nodes_than_it_is_read_from() {
    let mut world = World::of(5);
    let asset = world.upload(1, 1);
    let term = LeaderTerm::new(0, NodeId(0));
    let epoch = world.view().epoch().expect("readable").expect("there is one");
    let mut coded = world.asset(asset);
    coded.scheme = Scheme::CODED;
    let mut txn = Txn::over(&world.tables);
    txn.put::<Assets>(&asset, &coded);
    let writes = txn.into_writes();
    world.tables.write(writes);
    let mut next = layout(epoch.next(), &[NodeId(1), NodeId(2)], SLOTS);
    let node = |id| LayoutNode { id: NodeId(id), wish: NodeWish::Out, ..next.nodes[0].clone() };
    let leaving: Vec<_> = [3, 4, 5].map(node).into();
    next.nodes.extend(leaving);
    assert_eq!(world.run(Command::LayoutSet { layout: next }), Response::Done);
    let placed = Command::Placed { asset, version: FIRST, epoch: epoch.next(), term };
    assert_eq!(code(&world.run(placed)), Some(Code::Conflict), "whoever took the others away");
}

#[test]
fn an_epoch_that_lists_a_removed_node_places_nothing() {
    let mut world = World::of(4);
    world.set_layout(&[1, 2, 3]);
    let asset = world.upload(1, 1);
    world.set_layout(&[1, 2, 4]);
    world.set_layout(&[1, 2, 3]);
    // a node of a newer epoch may stand in for one of the asset's own
    assert_eq!(code(&world.run(removal(4))), Some(Code::Conflict));
    let lost = Command::NodeRemove { node: NodeId(4), layout: None, lost: true, job: None };
    assert_eq!(world.run(lost), Response::Done);
    assert_eq!(code(&world.run(placed(asset, 1, 4))), Some(Code::Conflict));
    let version = Command::VersionBegin {
        asset,
        scheme: Scheme::Replicate(2),
        epoch: Epoch(4),
        term: LeaderTerm::new(0, NodeId(0)),
    };
    assert_eq!(code(&world.run(version)), Some(Code::Conflict));
    assert_eq!(world.run(placed(asset, 1, 5)), Response::Done);
}

#[test]
fn damage_is_told_once_and_taken_back() {
    let mut world = World::new();
    let asset = world.upload(1, 1);
    let damaged =
        |version, damaged| Command::AssetDamaged { asset, version, damaged, term: LeaderTerm::new(0, NodeId(0)) };
    assert_eq!(code(&world.run(damaged(Version(2), true))), Some(Code::Conflict));
    for said in [true, true, false] {
        assert_eq!(world.run(damaged(FIRST, said)), Response::Done);
        assert_eq!(world.asset(asset).damaged, said);
    }
    let events = world.view().events(0, 100).expect("readable");
    let told = events.iter().filter(|event| matches!(event.kind, EventKind::AssetDamaged { .. })).count();
    assert_eq!(told, 2);
}

#[test]
fn how_content_is_kept_is_asked_for_by_any_of_its_videos_and_views_do_not_change_them() {
    let mut world = World::new();
    let asset = world.upload(1, 1);
    let ask = |redundancy| Command::RedundancySet { video: video_id(1), redundancy };
    assert_eq!(world.run(ask(Redundancy::Replicate(2))), Response::Done);
    assert_eq!(world.asset(asset).redundancy, Redundancy::Replicate(2));
    assert_eq!(world.asset(asset).scheme, Scheme::Replicate(3), "what is kept changes by a version");
    assert_eq!(code(&world.run(ask(Redundancy::Replicate(6)))), Some(Code::Invalid));
    let unknown = Command::RedundancySet { video: video_id(2), redundancy: Redundancy::Auto };
    assert_eq!(code(&world.run(unknown)), Some(Code::NotFound));

    let before = world.view().video(video_id(1)).expect("readable").expect("known");
    world.run(Command::Views { counts: [(video_id(1), 2), (video_id(2), 9)].into() });
    let after = world.view().video(video_id(1)).expect("readable").expect("known");
    assert_eq!(after, VideoRecord { views: 2, ..before });
    let many = (0..=1_000u32).map(|n| (VideoId(Uuid::from_u128(n.into())), 1)).collect();
    assert_eq!(code(&world.run(Command::Views { counts: many })), Some(Code::Invalid));
    world.run(Command::VideoTrash { video: video_id(1) });
    assert_eq!(code(&world.run(ask(Redundancy::Auto))), Some(Code::Conflict), "in the trash");
}
