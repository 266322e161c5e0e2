//! Random histories: the invariants hold after every command, and the same log gives the same bytes (CON-2).

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, prelude::*};
use vs_core::id::DirId;

use super::{invariant, keeping, *};

/// What is done next. Small ranges, so that uploads meet; most of what it names exists, some does not.
#[derive(Clone, Debug)]
enum Act {
    Begin { n: u8, on_duplicate: OnDuplicate, keep_original: bool, offered: Option<u8>, redundancy: Redundancy },
    Received { n: u8, content: u8, behind: u64 },
    Part { n: u8, name: &'static str, no: u32, content: u8, behind: u64 },
    Stored { n: u8, content: u8, behind: u64 },
    Commit { n: u8, content: u8, parts: u32, behind: u64, failure: bool },
    Take { n: u8 },
    Renew { n: u8, behind: u64 },
    Fail { n: u8, behind: u64 },
    Abort { n: u8 },
    Trash { n: u8 },
    Restore { n: u8 },
    Purge { n: u8 },
    Edit { n: u8, title: u8, expected: Option<u64> },
    Tick { term: u64, elapsed_ms: u64 },
    Housekeep { limit: u32 },
    Client { n: u8, open: bool },
    Short { name: SettingName },
    Directories { keys: Vec<u8> },
    Whole { n: u8, content: u8 },
    Join { key: u8 },
    Choose { node: u64, zone: Option<u8>, weight_milli: Option<u32> },
    Layout { nodes: Vec<u64>, behind: u64 },
    Remove { node: u64, layout: Option<Vec<u64>>, lost: bool },
    Wish { node: u64, wish: NodeWish },
    Roles { node: u64, roles: BTreeSet<Role> },
    Keep(keeping::Keep),
}

pub(super) const UPLOADS: u8 = 5;
/// Enough for stripes, with one to spare.
const NODES: u64 = 6;

fn act() -> impl Strategy<Value = Act> {
    let n = || 1..=UPLOADS;
    let content = || 1u8..=2;
    let behind = || prop_oneof![8 => Just(0u64), 2 => Just(1), 1 => Just(u64::MAX)];
    let on_duplicate = prop_oneof![Just(OnDuplicate::Skip), Just(OnDuplicate::New), Just(OnDuplicate::Error)];
    let name = prop_oneof![Just(ORIGINAL), Just("v0")];
    let redundancy = || prop_oneof![Just(Redundancy::Auto), Just(Redundancy::Replicate(2)), Just(Redundancy::Erasure)];
    let node = || 1..=NODES;
    let nodes = || {
        prop_oneof![
            2 => prop::sample::subsequence((1..=NODES).collect::<Vec<_>>(), 1..=6),
            1 => prop::sample::subsequence((1..=NODES).collect::<Vec<_>>(), 5..=6),
        ]
    };
    prop_oneof![
        6 => (n(), on_duplicate, prop::bool::weighted(0.8), proptest::option::weighted(0.2, content()), redundancy())
            .prop_map(|(n, on_duplicate, keep_original, offered, redundancy)|
                Act::Begin { n, on_duplicate, keep_original, offered, redundancy }),
        4 => (n(), content(), behind()).prop_map(|(n, content, behind)| Act::Received { n, content, behind }),
        6 => (n(), name, 0u32..2, content(), behind())
            .prop_map(|(n, name, no, content, behind)| Act::Part { n, name, no, content, behind }),
        4 => (n(), content(), behind()).prop_map(|(n, content, behind)| Act::Stored { n, content, behind }),
        4 => (n(), content(), 1u32..3, behind(), prop::bool::weighted(0.2)).prop_map(
            |(n, content, parts, behind, failure)| Act::Commit { n, content, parts, behind, failure }),
        2 => n().prop_map(|n| Act::Take { n }),
        1 => (n(), behind()).prop_map(|(n, behind)| Act::Renew { n, behind }),
        1 => (n(), behind()).prop_map(|(n, behind)| Act::Fail { n, behind }),
        1 => n().prop_map(|n| Act::Abort { n }),
        2 => n().prop_map(|n| Act::Trash { n }),
        1 => n().prop_map(|n| Act::Restore { n }),
        1 => n().prop_map(|n| Act::Purge { n }),
        1 => (n(), 0u8..3, proptest::option::of(0u64..4))
            .prop_map(|(n, title, expected)| Act::Edit { n, title, expected }),
        4 => (0u64..3, 0u64..9_000).prop_map(|(term, elapsed_ms)| Act::Tick { term, elapsed_ms }),
        3 => (0u32..5).prop_map(|limit| Act::Housekeep { limit }),
        1 => (0u8..2, any::<bool>()).prop_map(|(n, open)| Act::Client { n, open }),
        1 => prop::sample::select(SettingName::ALL).prop_map(|name| Act::Short { name }),
        1 => vec(0u8..3, 0..3).prop_map(|keys| Act::Directories { keys }),
        5 => (n(), content()).prop_map(|(n, content)| Act::Whole { n, content }),
        4 => (0u8..7).prop_map(|key| Act::Join { key }),
        1 => (node(), proptest::option::of(0u8..2), proptest::option::of(0u32..100))
            .prop_map(|(node, zone, weight_milli)| Act::Choose { node, zone, weight_milli }),
        3 => (nodes(), prop_oneof![9 => Just(0u64), 1 => Just(1)])
            .prop_map(|(nodes, behind)| Act::Layout { nodes, behind }),
        3 => (node(), proptest::option::of(nodes()), prop::bool::weighted(0.3))
            .prop_map(|(node, layout, lost)| Act::Remove { node, layout, lost }),
        4 => (node(), prop::sample::select(vec![NodeWish::In, NodeWish::Draining, NodeWish::Out]))
            .prop_map(|(node, wish)| Act::Wish { node, wish }),
        1 => (2u64..=4, prop::sample::subsequence(Role::ALL.to_vec(), 0..=3))
            .prop_map(|(node, roles)| Act::Roles { node, roles: roles.into_iter().collect() }),
        12 => keeping::keep().prop_map(Act::Keep),
    ]
}

/// The commands of an act, given the state it meets, and the ballot they are written under.
fn commands(view: View<'_>, act: &Act) -> Vec<Command> {
    let upload = |n: u8| view.upload(upload_id(n)).expect("readable");
    let ballot = |n: u8, behind: u64| Ballot(upload(n).map_or(1, |upload| upload.ballot.0).wrapping_sub(behind));
    let asset = |n: u8| upload(n).map_or(AssetId(1), |upload| upload.asset);
    let one = match act.clone() {
        Act::Begin { n, on_duplicate, keep_original, offered, redundancy } => {
            Command::UploadBegin(Box::new(UploadBegin {
                on_duplicate,
                redundancy,
                options: TrackOptions { renditions: vec![], keep_original },
                offered_sha256: offered.map(content_hash),
                ..begin(n)
            }))
        }
        Act::Received { n, content, behind } => {
            let (ballot, sha256) = (ballot(n, behind), content_hash(content));
            Command::UploadReceived { upload: upload_id(n), ballot, sha256, bytes: ORIGINAL_BYTES }
        }
        Act::Part { n, name, no, content, behind } => {
            put(asset(n), ballot(n, behind), &written(view, asset(n), name, no, content))
        }
        Act::Stored { n, content, behind } => stored(view, n, asset(n), ballot(n, behind), content),
        Act::Commit { n, content, parts, behind, failure } => {
            let ballot = ballot(n, behind);
            let track = || track_written(view, asset(n), "v0", ballot, parts, content);
            let tracks = if failure { vec![] } else { vec![track()] };
            let (source, failure) = (Some(SourceInfo::default()), failure.then(|| "no".to_owned()));
            Command::Commit { upload: upload_id(n), ballot, tracks, source, failure }
        }
        Act::Take { n } => Command::UploadTake { upload: upload_id(n), node: NodeId(1) },
        Act::Renew { n, behind } => Command::LeaseRenew { upload: upload_id(n), ballot: ballot(n, behind) },
        Act::Fail { n, behind } => {
            let (code, reason) = ("VS-E0102".to_owned(), "no film".to_owned());
            Command::UploadFail { upload: upload_id(n), ballot: ballot(n, behind), code, reason }
        }
        Act::Abort { n } => Command::UploadAbort { upload: upload_id(n) },
        Act::Trash { n } => Command::VideoTrash { video: video_id(n) },
        Act::Restore { n } => Command::VideoRestore { video: video_id(n) },
        Act::Purge { n } => Command::VideoPurge { video: video_id(n) },
        Act::Edit { n, title, expected } => Command::VideoEdit {
            video: video_id(n),
            expected,
            title: Some(title.to_string()),
            description: None,
            tags_set: BTreeMap::new(),
            tags_unset: BTreeSet::new(),
        },
        Act::Tick { term, elapsed_ms } => Command::Tick { term: LeaderTerm::new(term, NodeId(1)), elapsed_ms },
        Act::Housekeep { limit } => Command::Housekeep { limit },
        Act::Client { n, open: true } => Command::ClientOpen { client: ClientId(Uuid::from_u128(n.into())) },
        Act::Client { n, open: false } => Command::ClientClose { client: ClientId(Uuid::from_u128(n.into())) },
        Act::Short { name } => Command::SettingSet { name, value: name.range().0 },
        Act::Directories { keys } => {
            let dir = |key| DirSpec {
                key: Uuid::from_u128(u128::from(key)),
                path: String::new(),
                fault: None,
                mended: false,
            };
            let spec = view.node(NodeId(1)).expect("readable").expect("known").spec;
            Command::NodeUpdate { node: NodeId(1), spec, dirs: keys.into_iter().map(dir).collect() }
        }
        Act::Join { key } => join(key),
        Act::Choose { node, zone, weight_milli } => {
            Command::NodeSet { node: NodeId(node), zone: zone.map(|zone| zone.to_string()), weight_milli }
        }
        Act::Layout { nodes, behind } => Command::LayoutSet { layout: layout_of(view, &nodes, behind) },
        Act::Remove { node, layout, lost } => {
            let layout = layout.map(|nodes| layout_of(view, &nodes, 0));
            Command::NodeRemove { node: NodeId(node), layout, lost, job: None }
        }
        Act::Wish { node, wish } => Command::NodeWish { node: NodeId(node), wish },
        Act::Roles { node, roles } => {
            Command::NodeUpdate { node: NodeId(node), spec: NodeSpec { roles, ..spec() }, dirs: vec![] }
        }
        Act::Whole { n, content } => return whole_upload(view, n, content, asset(n), ballot(n, 0)),
        Act::Keep(keep) => return keeping::commands(view, &keep),
    };
    vec![one]
}

/// A part as the asset's scheme and layout want it: of content 1 its first place misses it, and of content 2 the last
/// one when a node is free to stand in.
fn written(view: View<'_>, asset: AssetId, name: &str, no: u32, content: u8) -> Part {
    let mut part = Part { displaced: vec![], ..part(name, no, content) };
    let Some(asset) = view.asset(asset).expect("readable") else { return part };
    part = coded(part, asset.scheme, no.into());
    let Some(layout) = view.layout(asset.since).expect("readable") else { return part };
    let group = part.groups(asset.id, asset.scheme).next().expect("one chunk");
    let places: Vec<_> = group.placed(&layout).map(|(node, chunk)| (node, chunk.hash)).collect();
    let mut nodes = layout.nodes.iter().map(|node| node.id);
    let free = nodes.find(|id| places.iter().all(|(node, _)| node != id));
    let displaced = |(place, chunk), stand_in| Displaced { chunk, place, stand_in };
    part.displaced = match free {
        _ if content == 1 => vec![displaced(places[0], None)],
        Some(free) => vec![displaced(places[places.len() - 1], Some(free))],
        None => vec![],
    };
    part
}

fn track_written(view: View<'_>, asset: AssetId, name: &str, ballot: Ballot, parts: u32, content: u8) -> Track {
    let parts: Vec<_> = (0..parts).map(|no| written(view, asset, name, no, content)).collect();
    track_of(name, ballot, &parts, content)
}

fn stored(view: View<'_>, n: u8, asset: AssetId, ballot: Ballot, content: u8) -> Command {
    let track = Box::new(track_written(view, asset, ORIGINAL, ballot, 2, content));
    Command::OriginalStored { upload: upload_id(n), ballot, source: SourceInfo::default(), track }
}

fn layout_of(view: View<'_>, nodes: &[u64], behind: u64) -> Layout {
    let next = view.epoch().expect("readable").expect("bootstrapped").next();
    let nodes: Vec<_> = nodes.iter().copied().map(NodeId).collect();
    wished_layout(view, Epoch(next.0 - behind), &nodes)
}

/// What takes an upload from wherever it is to its end, unless something is in the way.
fn whole_upload(view: View<'_>, n: u8, content: u8, asset: AssetId, ballot: Ballot) -> Vec<Command> {
    let sha256 = content_hash(content);
    vec![
        Command::UploadReceived { upload: upload_id(n), ballot, sha256, bytes: ORIGINAL_BYTES },
        put(asset, ballot, &written(view, asset, ORIGINAL, 0, content)),
        put(asset, ballot, &written(view, asset, ORIGINAL, 1, content)),
        stored(view, n, asset, ballot, content),
        put(asset, ballot, &written(view, asset, "v0", 0, content)),
        commit(n, vec![track_written(view, asset, "v0", ballot, 1, content)], ballot),
    ]
}

/// The ballot a command is written under and the one its asset has granted.
fn ballots(view: View<'_>, command: &Command) -> Option<(Ballot, Ballot)> {
    let of_upload = |upload: &UploadId| view.upload(*upload).expect("readable").map(|upload| upload.ballot);
    match command {
        Command::UploadReceived { upload, ballot, .. }
        | Command::LeaseRenew { upload, ballot }
        | Command::OriginalStored { upload, ballot, .. }
        | Command::Commit { upload, ballot, .. }
        | Command::UploadFail { upload, ballot, .. } => Some((*ballot, of_upload(upload)?)),
        Command::PartPut { asset, ballot, .. } => {
            Some((*ballot, view.asset(*asset).expect("readable").map(|asset| asset.ballot)?))
        }
        _ => None,
    }
}

/// Runs one command and checks what must hold of the step itself.
fn step(world: &mut World, command: &Command, given_out: &mut BTreeSet<DirId>) {
    let before = world.tables.clone();
    let ballots = ballots(world.view(), command);
    let now = world.view().cluster_time().expect("readable");
    let fates = invariant::fates(&world.tables, 100);
    let (kept, wished) = (keeping::kept(&world.tables), wishes::wished(&world.tables, command));
    let response = world.run(command.clone());
    if matches!(response, Response::Refused(_)) {
        assert_eq!(world.tables, before, "a refusal changes nothing: {command:?}");
    } else {
        wished.assert_leads_to(&wishes::wished(&world.tables, command), command);
    }
    if ballots.is_some_and(|(written, granted)| written < granted) {
        assert_eq!(world.tables, before, "an older ballot never writes: {command:?}");
    }
    assert!(world.view().cluster_time().expect("readable") >= now, "time never runs back");
    let after = invariant::fates(&world.tables, 100);
    assert!(fates.iter().zip(&after).all(|(was, is)| was <= is), "assets only go forward: {command:?}");
    kept.assert_goes_on(&keeping::kept(&world.tables), command);
    let dirs = world.view().dirs(None, 1_000).expect("readable");
    given_out.extend(dirs.iter().map(|dir| dir.id));
    assert_eq!(given_out.len(), dirs.len(), "directories are not forgotten");
    if let Command::Tick { .. } = command {
        let once = world.tables.clone();
        world.run(command.clone());
        assert_eq!(world.tables, once, "a repeated tick counts once");
    }
    invariant::check(&world.tables);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn invariants_hold_after_every_command_and_the_same_log_gives_the_same_state(acts in vec(act(), 1..60)) {
        let mut world = World::new();
        let mut log = vec![bootstrap()];
        let mut given_out = BTreeSet::new();
        for act in &acts {
            for command in commands(world.view(), act) {
                step(&mut world, &command, &mut given_out);
                if matches!(command, Command::Tick { .. }) {
                    log.push(command.clone());
                }
                log.push(command);
            }
        }
        // the whole log as one batch, and every entry through its kept form
        let empty = MemTables::default();
        let mut txn = Txn::over(&empty);
        for (index, command) in (1..).zip(log) {
            let entry = Entry { wall_ms: 1_000 * (index - 1), client: None, command };
            let kept: Entry = vs_core::codec::decode(&vs_core::codec::encode(&entry)).expect("reads back");
            apply(&mut txn, index, &kept).expect("memory can be read");
        }
        let mut replica = MemTables::default();
        replica.write(txn.into_writes());
        prop_assert_eq!(replica, world.tables);
    }

    #[test]
    fn when_time_has_passed_nothing_is_left_of_what_nobody_needs(acts in vec(act(), 1..60)) {
        let mut world = World::new();
        for act in &acts {
            for command in commands(world.view(), act) {
                world.run(command);
            }
        }
        for &name in SettingName::ALL {
            world.run(Command::SettingSet { name, value: name.range().0 });
        }
        for _ in 0..2 {
            world.pass_ms(20_000);
            world.housekeep(7);
        }
        invariant::check(&world.tables);
        invariant::nothing_is_left(&world.tables);
    }
}
