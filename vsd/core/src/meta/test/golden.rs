//! Commands as the first release kept them. If this test fails, no log written by an earlier release can be applied any
//! more: change the code, not the file.
//!
//! `golden/commands-v1.bin` holds entries, each preceded by its length as four little-endian bytes;
//! `golden/commands-v2.bin` those with fields that were added since, `golden/commands-v3.bin` what came with
//! clusters of several nodes, `golden/commands-v4.bin` what came with repair, schemes and jobs, and
//! `golden/commands-v5.bin` what came with wishes for nodes, jobs and moves.

use std::collections::{BTreeMap, BTreeSet};

use vs_core::{codec, id::JobId};

use super::*;

/// One entry of every kind of command, in the order of the golden file.
fn entries() -> Vec<Entry> {
    let (upload, ballot, video) = (upload_id(1), Ballot(1), video_id(1));
    let Command::Bootstrap { node: spec, dirs, .. } = bootstrap() else { unreachable!() };
    let source = SourceInfo {
        container: "mov".to_owned(),
        duration_us: 1,
        streams: vec![SourceStream { kind: "video".to_owned(), note: Some("kept".to_owned()), ..Default::default() }],
    };
    let client = ClientId(Uuid::from_u128(9));
    let title = || Some("Bunny".to_owned());
    let commands = vec![
        bootstrap(),
        Command::NodeUpdate { node: NodeId(1), spec, dirs },
        Command::Tick { term: LeaderTerm::new(1, NodeId(0)), elapsed_ms: 1_000 },
        Command::ClientOpen { client },
        Command::UploadBegin(Box::new(UploadBegin {
            tags: BTreeMap::from([("year".to_owned(), "2008".to_owned())]),
            size: Some(20),
            options: TrackOptions { renditions: vec!["720p".to_owned()], keep_original: true },
            redundancy: Redundancy::Replicate(2),
            on_duplicate: OnDuplicate::New,
            offered_sha256: Some(content_hash(1)),
            ..begin(1)
        })),
        Command::UploadReceived { upload, ballot, sha256: content_hash(1), bytes: ORIGINAL_BYTES },
        put(AssetId(1), ballot, &part(ORIGINAL, 0, 1)),
        put(AssetId(1), ballot, &part(ORIGINAL, 1, 1)),
        Command::OriginalStored { upload, ballot, source, track: Box::new(track(ORIGINAL, ballot, 2, 1)) },
        Command::LeaseRenew { upload, ballot },
        Command::UploadTake { upload, node: NodeId(1) },
        put(AssetId(1), Ballot(2), &part("v0", 0, 1)),
        commit(1, vec![track("v0", Ballot(2), 1, 1)], Ballot(2)),
        Command::UploadBegin(Box::new(begin(2))),
        Command::UploadFail { upload: upload_id(2), ballot, code: "VS-E0102".to_owned(), reason: "no".to_owned() },
        Command::UploadBegin(Box::new(UploadBegin { redundancy: Redundancy::Erasure, ..begin(3) })),
        Command::UploadAbort { upload: upload_id(3) },
        Command::VideoEdit {
            video,
            expected: Some(1),
            title: title(),
            description: title(),
            tags_set: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
            tags_unset: BTreeSet::from(["year".to_owned()]),
        },
        Command::VideoTrash { video },
        Command::VideoRestore { video },
        Command::SettingSet { name: SettingName::TrashKeep, value: 60_000 },
        Command::SettingReset { name: SettingName::TrashKeep },
        Command::VideoPurge { video },
        Command::Housekeep { limit: 100 },
        Command::ClientClose { client },
    ];
    let sent_in_session = |seq: u64| (seq == 3).then_some((client, 1));
    (1..).zip(commands).map(|(at, command)| Entry { wall_ms: at, client: sent_in_session(at), command }).collect()
}

/// Entries with what the first release did not have.
fn later_entries() -> Vec<Entry> {
    let Command::Bootstrap { node: spec, dirs, .. } = bootstrap() else { unreachable!() };
    let dirs = dirs.into_iter().map(|dir| DirSpec { mended: true, ..dir }).collect();
    vec![Entry { wall_ms: 1, client: None, command: Command::NodeUpdate { node: NodeId(1), spec, dirs } }]
}

/// Entries of the commands that came with clusters of several nodes.
fn cluster_entries() -> Vec<Entry> {
    let node = NodeId(2);
    let commands = vec![
        join(2),
        Command::NodeSet { node, zone: Some("attic".to_owned()), weight_milli: Some(2_500) },
        Command::NodeSet { node, zone: None, weight_milli: None },
        Command::LayoutSet { layout: layout(Epoch(2), &[NodeId(1), node], 4) },
        Command::NodeRemove { node, layout: Some(layout(Epoch(3), &[NodeId(1)], 4)), lost: false, job: None },
        removal(2),
        Command::Mark,
        Command::NodeReadmit { node, addr: "10.0.0.2:7400".to_owned(), key: Some(Uuid::from_u128(2)) },
    ];
    commands.into_iter().map(|command| Entry { wall_ms: 1, client: None, command }).collect()
}

/// Entries of the commands by which the cluster looks after what it keeps.
fn keeping_entries() -> Vec<Entry> {
    let (asset, version, epoch, term) = (AssetId(1), Version(2), Epoch(3), LeaderTerm::new(4, NodeId(0)));
    let coded_part = coded(part_of("v0", 0, vec![ChunkRef { hash: content_hash(1), bytes: 10 }]), Scheme::CODED, 7);
    let job = JobRecord {
        id: JobId(9),
        began_ms: 1,
        updated_ms: 2,
        ended_ms: Some(3),
        chunks_total: 4,
        chunks_done: 5,
        bytes_total: 6,
        bytes_done: 7,
        ..JobRecord::new(JobKind::Migrate, JobState::Failed, "n2 is gone")
    };
    let running = JobRecord { kind: JobKind::Repair, state: JobState::Running, ended_ms: None, ..job.clone() };
    let paused = JobRecord { kind: JobKind::Move, state: JobState::Paused, ..running.clone() };
    let done = JobRecord { state: JobState::Done, ..job.clone() };
    let mut commands = vec![
        Command::Placed { asset, version, epoch, term },
        Command::AssetDamaged { asset, version, damaged: true, term },
        Command::VersionBegin { asset, scheme: Scheme::CODED, epoch, term },
        Command::PartPut { asset, version, ballot: Ballot(1), part: coded_part.encode().0 },
        Command::VersionCommit { asset, version, tracks: vec![track_of("v0", Ballot(1), &[coded_part], 1)], term },
        Command::VersionAbort { asset, version, term },
        Command::RedundancySet { video: video_id(1), redundancy: Redundancy::Erasure },
        Command::Views { counts: BTreeMap::from([(video_id(1), 2), (video_id(2), 3)]) },
        Command::JobControl { job: JobId(9), action: JobAction::Pause },
        Command::JobControl { job: JobId(9), action: JobAction::Resume },
    ];
    commands.extend([job, running, paused, done].map(|job| Command::JobPut { job, term }));
    let names = [
        SettingName::RepairRate,
        SettingName::RepairConcurrency,
        SettingName::PolicyHotViews,
        SettingName::PolicyColdViews,
        SettingName::PolicyMinAge,
        SettingName::DropDelay,
    ];
    commands.extend(names.map(|name| Command::SettingSet { name, value: name.default_value() }));
    commands.into_iter().map(|command| Entry { wall_ms: 1, client: None, command }).collect()
}

/// Entries of what operators want of nodes, jobs and moves.
fn wishing_entries() -> Vec<Entry> {
    let (node, job) = (NodeId(2), JobId(9));
    let lasting = JobRecord {
        id: job,
        node: Some(node),
        asset: Some(AssetId(3)),
        after: Some(JobId(8)),
        log: vec![(1, "paused".to_owned()), (2, "resumed".to_owned())],
        ..JobRecord::new(JobKind::Drain, JobState::Waiting, "n2 is emptied")
    };
    let over = JobRecord { ended_ms: Some(3), ..JobRecord::new(JobKind::Remove, JobState::Cancelled, "") };
    let mut commands = vec![
        Command::NodeRemove { node, layout: None, lost: true, job: Some(job) },
        Command::MovesStop { epoch: Epoch(4) },
        Command::MovesStart,
    ];
    let wishes = [NodeWish::In, NodeWish::Draining, NodeWish::Out];
    commands.extend(wishes.map(|wish| Command::NodeWish { node, wish }));
    commands.extend([JobAction::Cancel, JobAction::Retry].map(|action| Command::JobControl { job, action }));
    commands.extend([lasting, over].map(|job| Command::JobPut { job, term: LeaderTerm::new(5, NodeId(0)) }));
    commands.into_iter().map(|command| Entry { wall_ms: 1, client: None, command }).collect()
}

fn unframed(mut bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let (entry, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
        entries.push(codec::decode(entry).expect("an entry of the first release reads back"));
        bytes = rest;
    }
    entries
}

#[test]
fn commands_of_every_release_are_read_for_ever() {
    let kept = unframed(include_bytes!("../golden/commands-v1.bin"));
    assert_eq!(kept, entries());
    assert_eq!(unframed(include_bytes!("../golden/commands-v2.bin")), later_entries());
    assert_eq!(unframed(include_bytes!("../golden/commands-v3.bin")), cluster_entries());
    assert_eq!(unframed(include_bytes!("../golden/commands-v4.bin")), keeping_entries());
    assert_eq!(unframed(include_bytes!("../golden/commands-v5.bin")), wishing_entries());
}

#[test]
fn commands_of_the_first_release_are_accepted_for_ever() {
    let mut world = World::default();
    for entry in unframed(include_bytes!("../golden/commands-v1.bin")) {
        let response = world.enter(entry.clone());
        assert!(!matches!(response, Response::Refused(_)), "{entry:?}: {response:?}");
    }
    let view = world.view();
    assert_eq!(view.videos(None, 9), Ok(vec![]), "the last of them purges what was listed");
    assert_eq!(
        [1, 3, 4].map(|id| view.fate(AssetId(id))),
        [Ok(AssetFate::Dead), Ok(AssetFate::Dead), Ok(AssetFate::Never)]
    );
}
