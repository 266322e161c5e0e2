//! A new incarnation: begun on one machine, killed at every step of it, joined by nodes of the one before; and out of a
//! saved snapshot.

use std::fs;

use vs_wire::v1::{JoinRequest, JoinResponse};

use super::{
    super::incarnation::{flip, prepare, vote},
    cluster::{Member, assert_same, persist, three, until},
    *,
};

const FIRST_ID: u64 = 1 << 48;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("there") {
        let path = entry.expect("readable").path();
        let copy = to.join(path.file_name().expect("named"));
        match path.is_dir() {
            true => self::copy(&path, &copy),
            false => drop(fs::copy(&path, &copy).expect("copied")),
        }
    }
}

fn has(meta: &Meta, uploads: std::ops::Range<u64>) -> bool {
    let state = meta.stale().state;
    uploads.into_iter().all(|n| state.view().upload(upload_id(n)).expect("readable").is_some())
}

/// Opens the metadata of a node that was a member.
async fn go_on(dir: &Path, node: NodeId) -> Meta {
    reopen(MetaOptions { node, begin: Begin::GoOn, ..options(dir) }).await.expect("sound")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recovery_killed_at_any_step_leaves_the_old_state_or_the_new_and_can_be_done_again() {
    let mut members = three().await;
    for n in 0..120 {
        persist(members[0].meta(), begin(n)).await;
    }
    until("all have all", || members.iter().all(|member| has(member.meta(), 0..120))).await;
    for member in &mut members {
        member.stop().await;
    }
    let (survivor, node) = (members[2].dir.path(), members[2].node);
    let before = outlook(survivor, node).expect("sound");
    assert_eq!((before.cluster.incarnation, before.voters[0].len()), (0, 3));
    for steps in 0..=3 {
        let scratch = tempfile::tempdir().expect("a folder");
        let dir = scratch.path().join("meta");
        copy(survivor, &dir);
        if steps >= 1 {
            let term = vote(&dir, node).expect("voted");
            assert!(term > before.last_term);
            if steps >= 2 {
                let prepared = prepare(&dir, node, term, 1).expect("prepared");
                if steps >= 3 {
                    flip(&dir, &prepared).expect("flipped");
                }
            }
        }
        // whoever starts it now finds the old state, which does not decide alone, or the new one
        let found = incarnation_of(&dir).expect("there is a state");
        assert_eq!(found, u64::from(steps == 3), "after {steps} steps");
        if found == 0 {
            let old = go_on(&dir, node).await;
            assert!(old.incarnation() == 0 && old.propose(begin(1_000)).await.is_err());
            close(old).await;
            assert_eq!(outlook(&dir, node).expect("sound").voters, before.voters);
            assert_eq!(recover(&dir, node, 1).expect("done again"), 1);
        }
        let new = go_on(&dir, node).await;
        assert_eq!(new.incarnation(), 1);
        assert!(has(&new, 0..120), "after {steps} steps");
        done(&new, begin(200)).await;
        let state = new.read().await.expect("it leads");
        let given = state.view().upload(upload_id(200)).expect("readable").expect("there");
        assert!(given.asset.0 >= FIRST_ID, "{:?}", given.asset);
        assert!(purged(&new) > Some(before.last), "no entry of the old incarnation is left");
        assert!(metrics(&new).snapshot.map(|id| id.index) > Some(before.last), "and no snapshot of it");
        drop(state);
        close(new).await;
        let after = outlook(&dir, node).expect("sound");
        assert_eq!((after.voters, after.unconfirmed), (vec![[node].into()], 0));
    }
}

async fn ask_to_come_back(to: &Member, node: NodeId, key: u128) -> Result<JoinResponse, PeerError> {
    let cluster_id = to.meta().inner.peers.me().cluster.to_string();
    let key = Uuid::from_u128(key).to_string();
    let request = JoinRequest { cluster_id, node: node.0, incarnation: 0, key, ..JoinRequest::default() };
    ask_at(&to.addr, None, Duration::from_secs(10), request, |mut to, request| async move { to.join(request).await })
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_of_the_incarnation_before_come_back_once_and_are_refused_otherwise() {
    let mut members = three().await;
    for n in 0..60 {
        persist(members[0].meta(), begin(n)).await;
    }
    until("all have all", || members.iter().all(|member| has(member.meta(), 0..60))).await;
    for member in &mut members {
        member.stop().await;
    }
    let [first, second, survivor] = &mut members[..] else { unreachable!() };
    assert_eq!(recover(survivor.dir.path(), survivor.node, 1).expect("recovered"), 1);
    survivor.start().await;
    persist(survivor.meta(), begin(100)).await;

    // one that nobody told is refused, and knows why
    second.start().await;
    let left_behind = |second: &Member| second.meta().inner.peers.newer().map(|newer| newer.incarnation) == Some(1);
    until("the old node learns of it", || left_behind(second)).await;
    assert!(second.meta().propose(begin(1_000)).await.is_err());
    second.stop().await;

    // one that sets its log aside comes back under its id
    let mut answer = ask_to_come_back(survivor, first.node, 1).await.expect("taken back");
    assert_eq!((answer.node, answer.incarnation), (first.node.0, 1));
    answer = ask_to_come_back(survivor, first.node, 1).await.expect("the answer was lost");
    first.dir = tempfile::tempdir().expect("an empty folder");
    first.incarnation = answer.incarnation;
    first.start().await;
    until("it has all", || has(first.meta(), 0..60) && has(first.meta(), 100..101)).await;
    assert_eq!(first.meta().incarnation(), 1);

    // and then an old copy of it does not, nor one of the survivor, nor one of whom nothing is known
    for (node, why) in [(first.node, "already"), (survivor.node, "already"), (NodeId(99), "does not know")] {
        let refused = ask_to_come_back(survivor, node, 2).await;
        assert!(matches!(&refused, Err(PeerError::Refused(failure)) if failure.what.contains(why)), "{refused:?}");
    }
    second.dir = tempfile::tempdir().expect("an empty folder");
    second.incarnation = ask_to_come_back(survivor, second.node, 3).await.expect("taken back").incarnation;
    second.start().await;
    until("three nodes vote again", || {
        metrics(survivor.meta()).membership_config.membership().voter_ids().count() == 3
    })
    .await;
    assert_same(&members).await;
}

fn spec() -> NodeSpec {
    NodeSpec {
        addr: "127.0.0.1:7499".to_owned(),
        zone: "default".to_owned(),
        roles: Role::ALL.into(),
        version: "0.1.0".to_owned(),
    }
}

#[tokio::test]
async fn a_saved_snapshot_has_what_only_the_log_has_and_begins_a_new_incarnation() {
    let dir = tempfile::tempdir().expect("a folder");
    let earlier = tempfile::tempdir().expect("a folder");
    for uploads in [0..10, 10..30] {
        let meta = reopen(MetaOptions { snapshot_entries: 10_000, ..options(dir.path()) }).await.expect("sound");
        for n in uploads.clone() {
            done(&meta, begin(n)).await;
        }
        close(meta).await;
        if uploads.start == 0 {
            copy(&dir.path().join("state"), &earlier.path().join("state"));
        }
    }
    // a power cut took what the state was not flushed with
    fs::remove_dir_all(dir.path().join("state")).expect("removed");
    copy(&earlier.path().join("state"), &dir.path().join("state"));
    let before = outlook(dir.path(), NodeId(1)).expect("sound");
    assert!(before.last >= before.applied + 20 && before.unconfirmed == 0, "{before:?}");

    let file = earlier.path().join("saved");
    let saved = save(dir.path(), NodeId(1), &file, 5).expect("saved");
    assert_eq!(outlook(dir.path(), NodeId(1)).expect("sound"), before, "nothing changed");
    let (index, header) = inspect(&fs::File::open(&file).expect("there")).expect("sound");
    assert_eq!((index, header), (before.last, Some(saved.clone())));
    assert_eq!((saved.assets, saved.nodes, saved.index, saved.saved_ms), (30, 1, before.last, 5));

    let target = earlier.path().join("loaded");
    let loaded = load(&fs::File::open(&file).expect("there"), &target, &spec(), 6).expect("loaded");
    assert_eq!(loaded, Loaded { cluster: saved.cluster, incarnation: 1, node: NodeId(FIRST_ID) });
    for _ in 0..2 {
        let meta = go_on(&target, loaded.node).await;
        assert_eq!(meta.incarnation(), 1);
        assert!(has(&meta, 0..30));
        let state = meta.read().await.expect("it leads alone");
        let old = state.view().node(NodeId(1)).expect("readable").expect("the old node is still listed");
        assert!(!old.removed);
        assert_eq!(state.view().node(loaded.node).expect("readable").map(|node| node.spec), Some(spec()));
        drop(state);
        done(&meta, begin(40)).await;
        close(meta).await;
    }
}

#[tokio::test]
async fn a_damaged_snapshot_is_not_loaded() {
    let dir = tempfile::tempdir().expect("a folder");
    let meta = open(dir.path()).await;
    done(&meta, begin(1)).await;
    close(meta).await;
    let file = dir.path().join("saved");
    save(dir.path(), NodeId(1), &file, 5).expect("saved");
    let good = fs::read(&file).expect("readable");
    type Damage<'a> = &'a dyn Fn(&mut Vec<u8>);
    let damages: [Damage<'_>; 4] = [
        &|bytes| bytes.truncate(bytes.len() - 1),
        &|bytes| bytes[10] ^= 1,
        &|bytes| bytes[good.len() / 2] ^= 1,
        &|bytes| bytes.clear(),
    ];
    for (number, damage) in damages.iter().enumerate() {
        let mut bad = good.clone();
        damage(&mut bad);
        fs::write(&file, bad).expect("written");
        let opened = || fs::File::open(&file).expect("there");
        assert!(inspect(&opened()).is_err(), "{number}");
        let target = dir.path().join(format!("loaded-{number}"));
        assert!(load(&opened(), &target, &spec(), 6).is_err(), "{number}");
        assert_eq!(incarnation_of(&target), None, "there is nothing that could be started");
    }
}
