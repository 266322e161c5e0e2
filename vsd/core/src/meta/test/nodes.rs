//! How a cluster grows, shrinks and begins anew, by example.

use std::collections::BTreeSet;

use vs_core::id::DirId;

use super::*;

const ONE: NodeId = NodeId(1);
const TWO: NodeId = NodeId(2);
const THREE: NodeId = NodeId(3);

fn joined(world: &mut World, key: u8) -> NodeId {
    match world.run(join(key)) {
        Response::Node { node, .. } => node,
        other => panic!("not joined: {other:?}"),
    }
}

/// The layout of these nodes that would come next.
fn next(world: &World, ids: &[NodeId]) -> Layout {
    layout(world.view().epoch().expect("readable").expect("bootstrapped").next(), ids, SLOTS)
}

fn set(world: &mut World, ids: &[NodeId]) -> Response {
    let layout = next(world, ids);
    world.run(Command::LayoutSet { layout })
}

fn remove(world: &mut World, node: NodeId, ids: &[NodeId]) -> Response {
    let layout = (!ids.is_empty()).then(|| next(world, ids));
    world.run(Command::NodeRemove { node, layout, lost: false, job: None })
}

fn kept(world: &World) -> Vec<Epoch> {
    world.view().layouts_since(Epoch(1), 99).expect("readable").iter().map(|layout| layout.epoch).collect()
}

fn record(world: &World, id: NodeId) -> NodeRecord {
    world.view().node(id).expect("readable").expect("known")
}

#[test]
fn a_node_joins_once_under_its_key_and_an_operators_choices_outlive_what_it_says() {
    let mut world = World::new();
    assert_eq!([joined(&mut world, 7), joined(&mut world, 8), joined(&mut world, 7)], [TWO, THREE, TWO]);
    let choose =
        |zone: Option<&str>, weight_milli| Command::NodeSet { node: TWO, zone: zone.map(str::to_owned), weight_milli };
    assert_eq!((record(&world, TWO).zone(), record(&world, TWO).weight_milli()), ("default", 1_000));
    assert_eq!(world.run(choose(Some("attic"), None)), Response::Done);
    assert_eq!(world.run(choose(None, Some(2_500))), Response::Done);
    let spec = NodeSpec { zone: "cellar".to_owned(), ..spec() };
    world.run(Command::NodeUpdate { node: TWO, spec, dirs: vec![] });
    assert_eq!((record(&world, TWO).zone(), record(&world, TWO).weight_milli()), ("attic", 2_500));
    for (zone, weight_milli) in [(Some(""), None), (None, Some(0)), (None, Some(100_001))] {
        assert_eq!(code(&world.run(choose(zone, weight_milli))), Some(Code::Invalid));
    }
}

#[test]
fn a_layout_is_refused_unless_it_is_the_next_one_and_all_its_nodes_store() {
    let mut world = World::new();
    joined(&mut world, 2);
    joined(&mut world, 3);
    let before = world.tables.clone();
    let good = next(&world, &[ONE, TWO]);
    let mut torn = good.clone();
    torn.nodes.truncate(1);
    for bad in [
        layout(Epoch(1), &[ONE, TWO], SLOTS),
        layout(Epoch(3), &[ONE, TWO], SLOTS),
        torn,
        layout(Epoch(2), &[ONE, TWO], SLOTS / 2),
        layout(Epoch(2), &[], SLOTS),
        layout(Epoch(2), &[ONE, ONE], SLOTS),
        layout(Epoch(2), &[ONE, NodeId(9)], SLOTS),
    ] {
        assert!(code(&world.run(Command::LayoutSet { layout: bad })).is_some());
    }
    assert_eq!(world.tables, before);
    let spec = NodeSpec { roles: BTreeSet::from([Role::Metadata]), ..spec() };
    world.run(Command::NodeUpdate { node: THREE, spec, dirs: vec![] });
    assert_eq!(code(&set(&mut world, &[ONE, THREE])), Some(Code::Conflict), "it does not store");

    assert_eq!(world.run(Command::LayoutSet { layout: good.clone() }), Response::Done);
    assert_eq!(world.view().current_layout(), Ok(Some(good.clone())));
    let set = world.tables.clone();
    assert_eq!(world.run(Command::LayoutSet { layout: good }), Response::Done, "a repeat");
    assert_eq!(world.tables, set);
}

#[test]
fn epochs_are_kept_from_the_oldest_that_an_asset_is_placed_by() {
    let mut world = World::new();
    joined(&mut world, 2);
    world.upload(1, 1);
    set(&mut world, &[ONE, TWO]);
    world.upload(2, 2);
    set(&mut world, &[TWO, ONE]);
    assert_eq!(kept(&world), [1, 2, 3].map(Epoch));
    world.run(Command::VideoPurge { video: video_id(2) });
    set(&mut world, &[ONE, TWO]);
    assert_eq!(kept(&world), [1, 2, 3, 4].map(Epoch), "the first asset may be read by any of them");
    world.run(Command::VideoPurge { video: video_id(1) });
    set(&mut world, &[TWO, ONE]);
    assert_eq!(kept(&world), [5].map(Epoch));
    for _ in 0..100 {
        set(&mut world, &[ONE, TWO]);
    }
    assert_eq!(kept(&world), [105].map(Epoch));
}

#[test]
fn a_node_goes_for_good_unless_it_may_hold_chunks() {
    let mut world = World::new();
    let (two, three) = (joined(&mut world, 2), joined(&mut world, 3));
    set(&mut world, &[ONE, two]);
    let asset = world.upload(1, 1);
    set(&mut world, &[ONE, three]);
    set(&mut world, &[ONE]);
    for node in [ONE, two] {
        assert_eq!(code(&remove(&mut world, node, &[])), Some(Code::Conflict), "{node} may hold chunks of {asset}");
    }
    let passing = joined(&mut world, 9);
    set(&mut world, &[ONE, passing]);
    set(&mut world, &[ONE]);
    assert_eq!(code(&remove(&mut world, passing, &[])), Some(Code::Conflict), "it may stand in for an older one");
    let fourth = joined(&mut world, 4);
    assert_eq!(remove(&mut world, fourth, &[]), Response::Done, "it was in no layout");
    world.run(Command::VideoPurge { video: video_id(1) });
    for node in [two, passing] {
        assert_eq!(remove(&mut world, node, &[]), Response::Done, "nobody needs what it may hold");
    }

    assert_eq!(code(&remove(&mut world, ONE, &[])), Some(Code::Conflict), "the current layout lists it");
    assert_eq!(code(&remove(&mut world, ONE, &[ONE, three])), Some(Code::Conflict), "the next one lists it too");
    assert_eq!(code(&remove(&mut world, ONE, &[two])), Some(Code::Conflict), "the next one lists a removed node");
    assert_eq!(remove(&mut world, ONE, &[three]), Response::Done);
    assert_eq!(remove(&mut world, ONE, &[]), Response::Done, "a repeat");
    assert_eq!(code(&remove(&mut world, three, &[])), Some(Code::Conflict), "the last one that keeps the metadata");
    assert_eq!(code(&remove(&mut world, NodeId(99), &[])), Some(Code::NotFound));

    let removed: Vec<_> = world.view().nodes(None, 9).expect("readable").iter().map(|node| node.removed).collect();
    assert_eq!(removed, [true, true, false, true, true], "all stay listed");
    for command in [
        join(2),
        Command::NodeUpdate { node: two, spec: spec(), dirs: vec![] },
        Command::NodeSet { node: two, zone: None, weight_milli: None },
        Command::UploadBegin(Box::new(UploadBegin { node: two, ..begin(2) })),
        bootstrap(),
    ] {
        assert_eq!(code(&world.run(command.clone())), Some(Code::Conflict), "{command:?}");
    }
    assert_eq!(joined(&mut world, 5), NodeId(6), "ids are not used again");
}

#[test]
fn a_mark_changes_nothing() {
    let mut world = World::new();
    let before = world.tables.clone();
    assert!(matches!(world.run(Command::Mark), Response::Marked { .. }));
    assert_eq!(world.tables, before);
}

fn begin_anew(world: &mut World) -> u64 {
    let mut txn = Txn::over(&world.tables);
    let incarnation = begin_incarnation(&mut txn, 1).expect("bootstrapped");
    let writes = txn.into_writes();
    world.tables.write(writes);
    invariant::check(&world.tables);
    incarnation
}

#[test]
fn a_new_incarnation_gives_out_new_ids_and_declares_nothing_dead_that_it_cannot_know() {
    let mut world = World::new();
    let (live, dead) = (world.upload(1, 1), world.upload(2, 2));
    world.run(Command::VideoPurge { video: video_id(2) });
    world.housekeep(9);
    let fate = |world: &World, id: u64| world.view().fate(AssetId(id)).expect("readable");
    for incarnation in 1..=2 {
        let base = incarnation << 48;
        assert_eq!(begin_anew(&mut world), incarnation);
        assert_eq!(world.view().epoch(), Ok(Some(Epoch(base))), "the layout has an epoch of its own");
        assert_eq!(set(&mut world, &[ONE]), Response::Done);
        assert_eq!(joined(&mut world, u8::try_from(incarnation).expect("small")), NodeId(base));
        let dirs = (1..=2).map(|key| DirSpec { key: Uuid::from_u128(key), ..dir(incarnation) }).collect();
        let update = world.run(Command::NodeUpdate { node: NodeId(base), spec: spec(), dirs });
        assert_eq!(update, Response::Node { node: NodeId(base), dirs: vec![DirId(base), DirId(base + 1)] });
        let n = 10 + u8::try_from(incarnation).expect("small");
        let asset = world.upload(n, n);
        assert_eq!(asset.0 >> 48, incarnation);
        assert_eq!([fate(&world, base), fate(&world, base + 1)], [AssetFate::Live, AssetFate::Never]);
    }
    assert_eq!([fate(&world, live.0), fate(&world, dead.0)], [AssetFate::Live, AssetFate::Dead], "it is known of both");
    let lost = [dead.0 + 1, (1 << 48) - 1, (1 << 48) + 1, (2 << 48) - 1];
    assert_eq!(lost.map(|id| fate(&world, id)), [AssetFate::Unknown; 4], "others may have been given out");
    assert_eq!(fate(&world, 3 << 48), AssetFate::Never);
    let video = world.view().resolve("Film 1").expect("readable");
    assert!(matches!(video, Resolved::One(_)), "nothing that is known is lost");
    assert!(begin_incarnation(&mut Txn::over(&MemTables::default()), 1).is_err(), "there is nothing to go on with");
}

fn dir(n: u64) -> DirSpec {
    DirSpec { key: Uuid::nil(), path: format!("/data{n}"), fault: None, mended: false }
}
