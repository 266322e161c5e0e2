use proptest::prelude::*;
use vs_core::{
    hash::Hash,
    id::{Ballot, Version},
    layout::{Scheme, stripe_key},
    manifest::{ChunkRef, Displaced, ORIGINAL, Part},
};

use super::*;
use crate::meta::{
    Command, LeaderTerm, Redundancy, Response, SourceInfo, Txn, UploadBegin, begin_incarnation,
    test::{
        World, begin, coded, content_hash, join, part_of, put, rewritten, track_of, turned_layout, upload_id, video_id,
    },
};

const NODES: u64 = 7;

/// What happens to an asset that was uploaded after `layouts_before` of the layouts.
#[derive(Clone, Debug)]
struct History {
    layouts: Vec<Vec<u64>>,
    layouts_before: usize,
    coded: bool,
    /// Chunks of the original, by content, in parts.
    parts: Vec<Vec<u8>>,
    stand_ins: bool,
    /// How many epochs before the current one it is placed by in the end, if by another one than at first.
    placed: Option<usize>,
    recoded: Option<usize>,
}

fn history() -> impl Strategy<Value = History> {
    let nodes = prop::sample::subsequence((1..=NODES).collect::<Vec<_>>(), 4..=6).prop_shuffle();
    let parts = prop::collection::vec(prop::collection::vec(0u8..9, 1..8), 1..3);
    let back = || proptest::option::of(0usize..3);
    let layouts = prop::collection::vec(nodes, 2..5);
    (layouts, 1usize..3, any::<bool>(), parts, any::<bool>(), back(), back()).prop_map(
        |(layouts, before, coded, parts, stand_ins, placed, recoded)| History {
            layouts_before: before.min(layouts.len()),
            layouts,
            coded,
            parts,
            stand_ins,
            placed,
            recoded,
        },
    )
}

fn set_layout(world: &mut World, ids: &[u64]) {
    let ids: Vec<_> = ids.iter().copied().map(NodeId).collect();
    let epoch = world.view().epoch().expect("readable").expect("bootstrapped").next();
    assert_eq!(world.run(Command::LayoutSet { layout: turned_layout(epoch, &ids) }), Response::Done);
}

/// Says that the first member of each group lies on the first node that the group leaves free, if there is one.
fn with_stand_ins(mut part: Part, asset: &AssetRecord, layout: &Layout) -> Part {
    let mut displaced = Vec::new();
    for group in part.groups(asset.id, asset.scheme) {
        let places: Vec<_> = group.placed(layout).collect();
        let mut nodes = layout.nodes.iter().map(|node| node.id);
        let stand_in = nodes.find(|id| places.iter().all(|(node, _)| node != id));
        displaced.push(Displaced { chunk: places[0].1.hash, place: places[0].0, stand_in });
    }
    part.displaced = displaced;
    part
}

/// Runs a history; answers the asset.
fn live(world: &mut World, history: &History) -> AssetId {
    for key in 2..=NODES {
        world.run(join(u8::try_from(key).expect("small")));
    }
    let (before, after) = history.layouts.split_at(history.layouts_before);
    before.iter().for_each(|nodes| set_layout(world, nodes));
    let redundancy = if history.coded { Redundancy::Erasure } else { Redundancy::Replicate(3) };
    let id = world.open(UploadBegin { redundancy, ..begin(1) });
    let asset = world.asset(id);
    let layout = world.view().layout(asset.since).expect("readable").expect("kept");
    let mut stripes = 0;
    let mut parts = Vec::new();
    for (no, contents) in (0..).zip(&history.parts) {
        let chunks = contents.iter().map(|n| ChunkRef { hash: Hash::of(&[*n]), bytes: 1 }).collect();
        let part = coded(part_of(ORIGINAL, no, chunks), asset.scheme, stripes);
        stripes += part.parity.len() as u64;
        parts.push(if history.stand_ins { with_stand_ins(part, &asset, &layout) } else { part });
    }
    let track = track_of(ORIGINAL, Ballot(1), &parts, 1);
    let (upload, ballot, sha256) = (upload_id(1), Ballot(1), content_hash(1));
    world.run(Command::UploadReceived { upload, ballot, sha256, bytes: track.bytes });
    for part in &parts {
        let answer = world.run(put(id, ballot, part));
        assert!(matches!(answer, Response::Part { .. }), "{answer:?}");
    }
    let source = SourceInfo::default();
    let stored = Command::OriginalStored { upload, ballot, source: source.clone(), track: Box::new(track) };
    assert!(matches!(world.run(stored), Response::Listed { .. }));
    let failure = Some("no tracks".to_owned());
    world.run(Command::Commit { upload, ballot, tracks: vec![], source: Some(source), failure });
    after.iter().for_each(|nodes| set_layout(world, nodes));
    let epoch = |world: &World, back: usize| {
        let current = world.view().epoch().expect("readable").expect("bootstrapped");
        Epoch(current.0.saturating_sub(back as u64))
    };
    if let Some(back) = history.placed {
        let epoch = epoch(world, back);
        world.run(Command::Placed { asset: id, version: Version(1), epoch, term: LeaderTerm::new(0, NodeId(0)) });
    }
    if let Some(back) = history.recoded {
        let scheme = if history.coded { Scheme::Replicate(2) } else { Scheme::CODED };
        let epoch = epoch(world, back);
        if let Response::Pending { version, .. } =
            world.run(Command::VersionBegin { asset: id, scheme, epoch, term: LeaderTerm::new(0, NodeId(0)) })
        {
            let (parts, tracks) = rewritten(world.view(), &world.asset(id), scheme);
            for part in parts {
                world.run(Command::PartPut { asset: id, version, ballot, part: part.encode().0 });
            }
            let keeper = Keeper::new(world.view(), NodeId(1)).expect("readable");
            assert_eq!(keeper.wants(id), Ok(Wants::Everything), "nothing goes while it is written");
            let commit = Command::VersionCommit { asset: id, version, tracks, term: LeaderTerm::new(0, NodeId(0)) };
            assert_eq!(world.run(commit), Response::Done);
        }
    }
    id
}

/// DESIGN §10, word for word.
fn is_wanted(view: View<'_>, asset: &AssetRecord, node: NodeId, chunk: &ChunkHash) -> bool {
    let current = view.epoch().expect("readable").expect("bootstrapped");
    let layouts = (asset.since.0..=current.0).map(|epoch| view.layout(Epoch(epoch)).expect("readable").expect("kept"));
    let layouts: Vec<_> = layouts.collect();
    let mut wanted = view
        .displaced(asset.id, None, 1_000)
        .expect("readable")
        .iter()
        .any(|row| row.chunk == *chunk && row.stand_in == Some(node));
    for part in view.parts_of(asset) {
        let part = part.expect("a live asset has its parts");
        let data: Vec<_> = part.segments.iter().flat_map(|segment| &segment.chunks).map(|chunk| chunk.hash).collect();
        for layout in &layouts {
            wanted |= match asset.scheme {
                Scheme::Replicate(copies) => data.contains(chunk) && layout.place(chunk, copies.into()).contains(&node),
                Scheme::Erasure { .. } => data.chunks(3).zip(&part.parity).any(|(data, parity)| {
                    let members: Vec<_> =
                        data.iter().copied().chain(parity.chunks.iter().map(|chunk| chunk.hash)).collect();
                    let nodes = layout.place(&stripe_key(asset.id, &part.track, parity.stripe), members.len());
                    nodes.iter().zip(&members).any(|(place, member)| *place == node && member == chunk)
                }),
            };
        }
    }
    wanted
}

fn all_chunks(view: View<'_>, asset: &AssetRecord) -> BTreeSet<ChunkHash> {
    let parts: Vec<_> = view.parts_of(asset).map(|part| part.expect("there")).collect();
    let data = parts.iter().flat_map(|part| &part.segments).flat_map(|segment| &segment.chunks);
    let parity = parts.iter().flat_map(|part| &part.parity).flat_map(|stripe| &stripe.chunks);
    data.chain(parity).map(|chunk| chunk.hash).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn what_a_node_is_to_keep_is_what_the_rule_says(history in history()) {
        let mut world = World::new();
        let id = live(&mut world, &history);
        let (view, asset) = (world.view(), world.asset(id));
        let chunks = all_chunks(view, &asset);
        for node in (1..=NODES).map(NodeId) {
            let named = chunks.iter().copied().filter(|chunk| is_wanted(view, &asset, node, chunk)).collect();
            prop_assert_eq!(Keeper::new(view, node).expect("readable").wants(id), Ok(Wants::Named(named)));
        }
    }
}

#[test]
fn what_is_written_is_kept_and_what_is_dead_is_not() {
    let mut world = World::new();
    let wants = |world: &World, asset| Keeper::new(world.view(), NodeId(1)).expect("readable").wants(asset);
    let asset = world.open(begin(1));
    assert_eq!(wants(&world, asset), Ok(Wants::Everything), "open");
    world.store_original(1, asset, Ballot(1), 1);
    assert_eq!(wants(&world, asset), Ok(Wants::Everything), "processing");
    world.commit(1, asset, Ballot(1), 1);
    assert_eq!(wants(&world, asset), Ok(Wants::Named([Hash::of(&[1; 10])].into())));
    let elsewhere = Keeper::new(world.view(), NodeId(2)).expect("readable");
    assert_eq!(elsewhere.wants(asset), Ok(Wants::Named(BTreeSet::new())));
    assert_eq!(wants(&world, asset.next()), Ok(Wants::NeverAllocated));
    world.run(Command::VideoPurge { video: video_id(1) });
    assert_eq!(wants(&world, asset), Ok(Wants::Nothing));
    world.housekeep(9);
    assert_eq!(wants(&world, asset), Ok(Wants::Nothing), "for ever");
}

#[test]
fn nothing_goes_after_a_loss_of_entries_until_it_is_placed_anew() {
    let mut world = World::new();
    let asset = world.upload(1, 1);
    let mut txn = Txn::over(&world.tables);
    begin_incarnation(&mut txn, 1).expect("bootstrapped");
    let writes = txn.into_writes();
    world.tables.write(writes);
    let wants = |world: &World| Keeper::new(world.view(), NodeId(1)).expect("readable").wants(asset);
    assert_eq!(wants(&world), Ok(Wants::Everything));
    let epoch = world.view().epoch().expect("readable").expect("bootstrapped");
    assert_eq!(
        world.run(Command::Placed { asset, version: Version(1), epoch, term: LeaderTerm::new(0, NodeId(0)) }),
        Response::Done
    );
    assert_eq!(wants(&world), Ok(Wants::Named([Hash::of(&[1; 10])].into())));
}

#[test]
fn a_live_asset_without_a_part_answers_nothing() {
    let mut world = World::new();
    let asset = world.upload(1, 1);
    let (key, _) = world.tables.iter().find(|(key, _)| key[0] == 0x21).expect("there is one");
    let key = key.to_vec();
    world.tables.write([(key, None)]);
    assert!(Keeper::new(world.view(), NodeId(1)).expect("readable").wants(asset).is_err());
}
