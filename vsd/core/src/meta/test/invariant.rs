//! What holds of every state that commands can lead to, as predicates over tables.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        family::page,
        table::{
            assets::Assets,
            cleanup::Cleanup,
            clients::Clients,
            counters::{self, Counter},
            dedup::{Dedup, dedup_key},
            displaced::Displacements,
            jobs::Jobs,
            layouts::{EpochUses, Layouts, may_hold},
            nodes::Nodes,
            parts::Parts,
            uploads::Uploads,
            videos::{ByAsset, ByTitle, Videos},
        },
    },
    *,
};
use crate::meta::family::Family;

pub(super) fn all<F: Family>(tables: &MemTables) -> Vec<(F::Id, F::Value)> {
    page::<F>(tables, &[F::TAG], None, usize::MAX).expect("memory can be read")
}

/// Panics with the name of the first invariant that does not hold.
pub(crate) fn check(tables: &MemTables) {
    let assets: BTreeMap<_, _> = all::<Assets>(tables).into_iter().collect();
    let videos = all::<Videos>(tables);
    every_record_and_part_can_be_read(tables);
    a_listed_video_shows_a_live_asset(&assets, &videos);
    a_live_asset_is_shown_and_has_every_part(tables, &assets, &videos);
    the_bytes_index_names_live_assets(tables, &assets);
    uses_of_epochs_are_counted(tables, &assets);
    every_epoch_that_an_asset_needs_is_kept(tables, &assets);
    indexes_of_videos_are_exact(tables, &videos);
    a_pending_version_comes_after_a_finished_one(&assets);
    displaced_members_are_counted(tables, &assets);
    leftovers_will_be_cleaned(tables, &assets);
    jobs_of_nodes_go_with_their_wishes(tables);
    assert_eq!(
        counters::next(tables, Counter::Clients),
        Ok(all::<Clients>(tables).iter().filter(|(_, session)| !session.is_closed()).count() as u64 + 1),
        "client sessions are counted"
    );
    assert_eq!(
        counters::next(tables, Counter::ClosedClients),
        Ok(all::<Clients>(tables).iter().filter(|(_, session)| session.is_closed()).count() as u64 + 1),
        "closed ones too"
    );
}

fn every_record_and_part_can_be_read(tables: &MemTables) {
    let records = check_tables(tables, &mut |flaw| panic!("{flaw}"), &mut |_, _| {});
    assert_eq!(records, Ok(tables.iter().count() as u64), "the check of the state sees all of it and likes it");
}

fn a_listed_video_shows_a_live_asset(assets: &BTreeMap<AssetId, AssetRecord>, videos: &[(VideoId, VideoRecord)]) {
    for (id, video) in videos {
        let state = assets.get(&video.asset).map(|asset| asset.state);
        assert_eq!(state, Some(AssetState::Live), "video {id} shows {}", video.asset);
    }
}

fn a_live_asset_is_shown_and_has_every_part(
    tables: &MemTables,
    assets: &BTreeMap<AssetId, AssetRecord>,
    videos: &[(VideoId, VideoRecord)],
) {
    for asset in assets.values().filter(|asset| asset.state == AssetState::Live) {
        assert!(videos.iter().any(|(_, video)| video.asset == asset.id), "{} is live and shown by none", asset.id);
        for track in &asset.tracks {
            for (no, named) in (0..).zip(&track.parts) {
                let part = View::new(tables).part(asset.id, asset.version, track.ballot, &track.name, no);
                let part = part.expect("readable").expect("there");
                assert_eq!(Hash::of(&part), named.hash, "part {no} of {} of {}", track.name, asset.id);
                let part = Part::decode(&part).expect("a part");
                let data: usize = part.groups(asset.id, asset.scheme).map(|group| group.data).sum();
                let chunks: usize = part.segments.iter().map(|segment| segment.chunks.len()).sum();
                assert_eq!(data, chunks, "every chunk has places");
            }
        }
    }
}

fn the_bytes_index_names_live_assets(tables: &MemTables, assets: &BTreeMap<AssetId, AssetRecord>) {
    let named: BTreeMap<_, _> = all::<Dedup>(tables).into_iter().collect();
    let live: BTreeMap<_, _> = assets
        .values()
        .filter(|asset| asset.state == AssetState::Live)
        .filter_map(|asset| Some((dedup_key(&asset.sha256?, &asset.options), asset.id)))
        .collect();
    assert_eq!(named, live, "the same bytes are live once, and found");
}

fn uses_of_epochs_are_counted(tables: &MemTables, assets: &BTreeMap<AssetId, AssetRecord>) {
    let mut uses: BTreeMap<Epoch, u64> = BTreeMap::new();
    for asset in assets.values().filter(|asset| asset.state != AssetState::Dead) {
        for epoch in epochs_of(asset) {
            *uses.entry(epoch).or_default() += 1;
        }
    }
    let counted = all::<EpochUses>(tables).into_iter().filter(|(_, count)| *count > 0).collect();
    assert_eq!(uses, counted, "uses of epochs are counted");
}

/// The epochs by which an asset is placed, or is to be.
fn epochs_of(asset: &AssetRecord) -> impl Iterator<Item = Epoch> + use<> {
    [asset.since].into_iter().chain(asset.pending.map(|pending| pending.epoch))
}

fn every_epoch_that_an_asset_needs_is_kept(tables: &MemTables, assets: &BTreeMap<AssetId, AssetRecord>) {
    let layouts: BTreeMap<_, _> = all::<Layouts>(tables).into_iter().collect();
    let nodes: BTreeMap<_, _> = all::<Nodes>(tables).into_iter().collect();
    let current = View::new(tables).epoch().expect("readable").expect("bootstrapped");
    let placed = assets.values().filter(|asset| asset.state != AssetState::Dead);
    let used: BTreeSet<_> = placed.flat_map(epochs_of).collect();
    let oldest = used.first().copied().unwrap_or(current);
    let mut expected = oldest;
    for (&epoch, layout) in layouts.range(oldest..) {
        let begins_incarnation = epoch != oldest && epoch.0.is_multiple_of(1 << counters::INCARNATION_BIT);
        assert!(epoch == expected || begins_incarnation, "{expected} is needed and forgotten");
        expected = epoch.next();
        assert_eq!((layout.epoch, layout.check(), layout.slots().len()), (epoch, Ok(()), SLOTS));
        for node in layout.nodes.iter().filter(|_| used.contains(&epoch)) {
            let record = &nodes[&node.id];
            let is_gone = record.removed && !record.lost;
            assert!(!is_gone || !may_hold(layout, node.id), "{} is gone and may hold chunks by {epoch}", node.id);
        }
    }
    assert_eq!(expected, current.next(), "the current layout is kept");
}

pub(crate) fn jobs_of_nodes_go_with_their_wishes(tables: &MemTables) {
    let jobs = all::<Jobs>(tables);
    for (id, node) in all::<Nodes>(tables) {
        let open = |kind| {
            let of_kind = jobs.iter().filter(move |(_, job)| (job.kind, job.node) == (kind, Some(id)));
            of_kind.map(|(_, job)| job).filter(|job| !job.state.is_over()).collect::<Vec<_>>()
        };
        let (drains, removals) = (open(JobKind::Drain), open(JobKind::Remove));
        assert!(drains.len() <= 1 && removals.len() <= 1, "{id} has a job twice");
        assert!(drains.is_empty() || (!node.removed && node.wish != NodeWish::In), "nobody wants {id} drained");
        assert_eq!(!removals.is_empty(), !node.removed && node.wish == NodeWish::Out, "{id} is to be removed, or not");
        let begun = removals.iter().any(|job| job.state == JobState::Running);
        assert!(!begun || drains.is_empty(), "{id} is removed before it is drained");
    }
}

fn indexes_of_videos_are_exact(tables: &MemTables, videos: &[(VideoId, VideoRecord)]) {
    let by_title: BTreeSet<_> = all::<ByTitle>(tables).into_iter().map(|(id, ())| id).collect();
    let by_asset: BTreeSet<_> = all::<ByAsset>(tables).into_iter().map(|(id, ())| id).collect();
    let titles = videos.iter().map(|(id, video)| (Hash::of(video.title.as_bytes()), *id)).collect();
    let shown = videos.iter().map(|(id, video)| (video.asset, *id)).collect();
    assert_eq!((by_title, by_asset), (titles, shown), "indexes of videos are exact");
}

fn a_pending_version_comes_after_a_finished_one(assets: &BTreeMap<AssetId, AssetRecord>) {
    for asset in assets.values() {
        assert!(asset.version <= asset.version_last);
        let Some(pending) = asset.pending else { continue };
        assert!(asset.is_finished(), "{} is finished", asset.id);
        assert!(asset.version < pending.version && asset.since <= pending.epoch);
        assert_eq!(pending.version, asset.version_last, "the number is the last one given out");
    }
}

fn displaced_members_are_counted(tables: &MemTables, assets: &BTreeMap<AssetId, AssetRecord>) {
    let mut counted: BTreeMap<AssetId, (u64, u64)> = BTreeMap::new();
    for ((asset, _, _, holder), ()) in all::<Displacements>(tables) {
        let (stand_ins, owed) = counted.entry(asset).or_default();
        *if holder == NodeId(0) { owed } else { stand_ins } += 1;
    }
    for asset in assets.values() {
        let rows = counted.remove(&asset.id).unwrap_or_default();
        let left = all::<Cleanup>(tables).iter().any(|(id, _)| *id == asset.id);
        let record = (asset.stand_ins, asset.owed);
        assert!(rows == record || (left && record == (0, 0)), "{}: {rows:?} and {record:?}", asset.id);
        assert_eq!(asset.owed_bytes, 10 * asset.owed);
    }
    assert_eq!(counted, BTreeMap::new(), "rows of forgotten assets");
}

fn leftovers_will_be_cleaned(tables: &MemTables, assets: &BTreeMap<AssetId, AssetRecord>) {
    let cleanups: BTreeSet<_> = all::<Cleanup>(tables).into_iter().map(|(id, _)| id).collect();
    for (id, asset) in assets.iter().filter(|(id, _)| !cleanups.contains(id)) {
        assert_ne!(asset.state, AssetState::Dead, "{id} is dead for ever");
    }
    for ((asset, version, ballot, name, no), _) in all::<Parts>(tables) {
        let record = &assets[&asset];
        let is_needed = !record.is_finished() || needs(record, version, ballot, &name, no);
        assert!(is_needed || cleanups.contains(&asset), "part {no} of {name} of {version} of {asset} is left");
    }
}

/// Whether a part is named by a track, or may be by one of the pending version.
fn needs(asset: &AssetRecord, version: Version, ballot: Ballot, name: &str, no: u32) -> bool {
    let named = |track: &Track| {
        track.name == name && track.ballot == ballot && usize::try_from(no).is_ok_and(|no| no < track.parts.len())
    };
    (version == asset.version && asset.tracks.iter().any(named))
        || asset.pending.is_some_and(|pending| pending.version == version)
}

/// How far assets came: forward only.
pub(super) fn fates(tables: &MemTables, upto: u64) -> Vec<u8> {
    let rank = |fate| match fate {
        AssetFate::Never => 0,
        AssetFate::Open => 1,
        AssetFate::Live => 2,
        AssetFate::Dead => 3,
        AssetFate::Unknown => panic!("no log was lost"),
    };
    (1..=upto).map(|id| rank(View::new(tables).fate(AssetId(id)).expect("readable"))).collect()
}

/// Once everything that ages has aged: no record of a dead asset, no part that no track names, no session, no upload
/// but those that wait for their tracks.
pub(super) fn nothing_is_left(tables: &MemTables) {
    let assets: BTreeMap<_, _> = all::<Assets>(tables).into_iter().collect();
    assert!(assets.values().all(|asset| asset.state == AssetState::Live), "only live assets are left");
    assert!(all::<Cleanup>(tables).is_empty(), "nothing is left to clean");
    assert!(all::<Clients>(tables).is_empty(), "silent sessions are closed");
    for (id, upload) in all::<Uploads>(tables) {
        assert!(matches!(upload.phase, UploadPhase::Stored { .. }), "upload {id} is over and forgotten");
    }
}
