//! Clusters of real processes: what they do when machines die, freeze, are cut off, come back, or are not what they seem.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use serde_json::Value;
use vs_tests::{
    Begin, Cluster, Cut, Node, Said, Tools,
    clip::{Clip, numbered},
    meanwhile::{Over, await_more, keep},
    program, sha256, wait_for,
};

/// How long a refusal may take: two seconds are promised, and a busy machine takes some more to start a program.
const REFUSAL_MAX: Duration = Duration::from_secs(5);
/// How far a clock is off that says 2030.
const CLOCK_AHEAD: &str = "+1500d";

fn rename(tools: &Tools, id: &str, title: &str) -> Said {
    tools.vsctl(&["video", "edit", id, "--title", title])
}

fn title(tools: &Tools, id: &str) -> Option<String> {
    let said = tools.vsctl(&["show", "-o", "json", id]);
    (said.code == 0).then(|| said.json()["title"].as_str().expect("a title").to_owned())
}

#[track_caller]
fn assert_downloads(tools: &Tools, id: &str, flags: &[&str], to: &Path, hash: &str) {
    let mut command = tools.command("vsctl");
    let _ = program::run(command.args(["download", "--force"]).args(flags).arg(id).arg(to)).ok();
    assert_eq!(sha256(to), hash);
}

/// A node that can reach no other says what it knows, how old that is, and changes nothing.
#[track_caller]
fn assert_read_only(tools: &Tools, id: &str, title: &str) {
    let listed = tools.vsctl(&["ls", "--stale", "-o", "json"]).ok();
    assert!(listed.out().contains(id), "{listed}");
    assert!(listed.err.contains("stale") && listed.err.contains("ago"), "with its age: {listed}");
    let asked: [&[&str]; 3] =
        [&["video", "edit", id, "--title", title], &["video", "edit", id, "--tag", "x"], &["show", id]];
    for args in asked {
        let began = Instant::now();
        let said = tools.vsctl(args);
        let took = began.elapsed();
        said.fails(7, "VS-E0701");
        assert!(said.err.contains("no quorum: 1 of 3 voters reachable (need 2)"), "{said}");
        assert!(took < REFUSAL_MAX, "refused after {took:?}: {said}");
    }
    let status = tools.vsctl(&["status", "--stale"]).ok();
    assert!(status.out().contains("no quorum") || status.out().contains("read-only"), "and it says so: {status}");
}

/// AVL-1, with the leader on the wrong side and with a follower there.
#[test]
fn a_minority_reads_and_refuses_until_it_is_healed() {
    let mut cluster = Cluster::start(3, &[]);
    let film = numbered(Clip::Film, 1, &cluster.work());
    let id = cluster.tools(0).upload(&film, &["--title", "Before"]).id;
    let leader = cluster.await_leader();
    for (round, (away, how)) in [(leader, Cut::Silent), (leader, Cut::Refused)].into_iter().enumerate() {
        // the second time it follows
        let others = cluster.others(away);
        cluster.isolate(away, how);
        let majority = cluster.tools(cluster.await_leader_among(&others));
        let fresh = format!("By the majority, round {round}");
        // on a busy machine it may elect once more
        wait_for("the majority to decide", || (rename(majority, &id, &fresh).code == 0).then_some(()));
        assert_read_only(cluster.tools(away), &id, "By the minority");
        let back = cluster.work().join("back.mp4");
        assert_downloads(cluster.tools(away), &id, &["--stale"], &back, &sha256(&film));
        assert_eq!(title(majority, &id).as_deref(), Some(fresh.as_str()));

        cluster.heal();
        let first = wait_for("the minority to answer again", || title(cluster.tools(away), &id));
        assert_eq!(first, fresh, "what it answers is up to date at once");
        let _ = rename(cluster.tools(away), &id, "By whom it was cut off").ok();
        assert_eq!(title(cluster.tools(others[0]), &id).as_deref(), Some("By whom it was cut off"));
    }
    cluster.await_whole();
    cluster.assert_replicas_agree();
    cluster.assert_raft_safety();
}

/// A node that has no directory the cluster knows can serve nothing, and waits for who can take one.
#[test]
fn a_node_with_a_new_disk_waits_for_the_others() {
    let mut cluster = Cluster::start(3, &[]);
    let _ = cluster.await_leader();
    (0..3).for_each(|at| cluster.kill(at));
    let disk = cluster.work().join("disk");
    std::fs::create_dir(&disk).expect("a new folder");
    cluster.node_mut(2).with(&format!("storage.dirs={}", disk.display()));
    cluster.node_mut(2).launch();
    wait_for("it to say that it waits", || cluster.node(2).log().contains("waiting until the cluster").then_some(()));
    cluster.node_mut(0).launch();
    cluster.node_mut(2).await_ready();
    cluster.restart(1);
    cluster.await_whole();
}

#[test]
fn one_of_three_is_read_only_until_another_one_returns() {
    let mut cluster = Cluster::start(3, &[]);
    let id = cluster.tools(0).upload(&Clip::Short.path(), &["--title", "Before"]).id;
    let left = cluster.await_leader();
    let dead = cluster.others(left);
    dead.iter().for_each(|at| cluster.kill(*at));
    wait_for("it to know that it is alone", || {
        (rename(cluster.tools(left), &id, "Nobody agrees").code_told()? == "VS-E0701").then_some(())
    });
    assert_read_only(cluster.tools(left), &id, "Nobody agrees");
    // nor does it need the others to start
    cluster.kill(left);
    cluster.restart(left);
    assert_read_only(cluster.tools(left), &id, "Still nobody agrees");
    let back = cluster.work().join("back.mp4");
    assert_downloads(cluster.tools(left), &id, &["--stale"], &back, &sha256(&Clip::Short.path()));
    cluster.restart(dead[0]);
    let _ = cluster.await_leader();
    wait_for("changes", || (rename(cluster.tools(left), &id, "Two agree").code == 0).then_some(()));
    assert_eq!(title(cluster.tools(dead[0]), &id).as_deref(), Some("Two agree"));
    cluster.restart(dead[1]);
    cluster.await_whole();
    assert_eq!(title(cluster.tools(dead[1]), &id).as_deref(), Some("Two agree"));
    cluster.assert_replicas_agree();
    cluster.assert_raft_safety();
}

#[test]
fn a_leader_that_is_asked_to_stop_costs_no_edit() {
    let mut cluster = Cluster::start(3, &[]);
    let id = cluster.tools(0).upload(&Clip::Short.path(), &[]).id;
    let editor = cluster.tools_anywhere().someone_else("editor");
    let (is_over, edits) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        let over = Over(&is_over);
        let edit = |no| drop(rename(&editor, &id, &format!("edit {no}")).ok());
        let editing = [scope.spawn(keep(&is_over, &edits, edit))];
        for _ in 0..2 {
            await_more(&[&edits], &editing);
            let leader = cluster.await_leader();
            assert_eq!(cluster.terminate(leader), 128 + Signal::SIGTERM as i32);
            let _ = cluster.await_leader();
            await_more(&[&edits], &editing);
            cluster.restart(leader);
            cluster.await_whole();
        }
        drop(over);
        for thread in editing {
            thread.join().expect("no edit failed");
        }
    });
    let last = format!("edit {}", edits.load(Ordering::SeqCst) - 1);
    assert_eq!(title(&cluster.tools_anywhere(), &id), Some(last));
    cluster.assert_replicas_agree();
    cluster.assert_raft_safety();
}

#[test]
fn a_rolling_restart_loses_nothing_and_fails_no_read() {
    let mut cluster = Cluster::start(3, &[]);
    let film = numbered(Clip::Film, 1, &cluster.work());
    let id = cluster.tools(0).upload(&film, &[]).id;
    let hash = sha256(&film);
    let people = ["editor", "reader", "viewer"].map(|name| cluster.tools_anywhere().someone_else(name));
    let [editor, reader, viewer] = &people;
    let back = cluster.work().join("back.mp4");
    let is_over = AtomicBool::new(false);
    let [edits, reads, downloads] = &[const { AtomicU64::new(0) }; 3];
    let counts = [edits, reads, downloads];
    thread::scope(|scope| {
        let over = Over(&is_over);
        let edit = |no| drop(rename(editor, &id, &format!("edit {no}")).ok());
        let read = |_| assert!(reader.show(&id)["title"].is_string());
        let download = |_| assert_eq!(viewer.download(&id, &back), hash);
        let working = [
            scope.spawn(keep(&is_over, edits, edit)),
            scope.spawn(keep(&is_over, reads, read)),
            scope.spawn(keep(&is_over, downloads, download)),
        ];
        for at in 0..3 {
            await_more(&counts, &working);
            assert_eq!(cluster.terminate(at), 128 + Signal::SIGTERM as i32, "node {at}");
            cluster.restart(at);
            cluster.await_whole();
        }
        await_more(&counts, &working);
        drop(over);
        for thread in working {
            thread.join().expect("nothing failed");
        }
    });
    let last = format!("edit {}", edits.load(Ordering::SeqCst) - 1);
    assert_eq!(title(&cluster.tools_anywhere(), &id), Some(last));
    cluster.assert_replicas_agree();
    cluster.assert_raft_safety();
}

/// A node that lost its disk has voted for what it does not know of any more: it must not come back as the same one.
#[test]
fn a_wiped_node_comes_back_as_another_one() {
    let mut cluster = Cluster::start(3, &[]);
    let id = cluster.tools(0).upload(&Clip::Short.path(), &["--title", "Kept"]).id;
    let leader = cluster.await_leader();
    let wiped = cluster.others(leader)[0];
    let at_address = |cluster: &Cluster, state: Option<&str>| {
        let is_meant = |node: &&Value| {
            node["addr"] == cluster.advertised(wiped) && state.is_none_or(|state| node["state"] == state)
        };
        let listed = cluster.listed(leader).unwrap_or_default();
        listed.iter().filter(is_meant).map(|node| node["id"].clone()).collect::<Vec<_>>()
    };
    let before = at_address(&cluster, Some("up"));
    assert_eq!(before.len(), 1, "{before:?}");
    cluster.replace(wiped);
    let after = wait_for("the new node to be up", || {
        let up = at_address(&cluster, Some("up"));
        (up.len() == 1 && up != before).then_some(up)
    });
    assert!(!before.contains(&after[0]), "ids are never used again: {before:?} {after:?}");
    wait_for("it to know the library", || {
        let said = cluster.tools(wiped).vsctl(&["show", "--stale", "-o", "json", &id]);
        (said.code == 0).then(|| said.json()).filter(|shown| shown["title"] == "Kept")
    });
    let _ = rename(cluster.tools(wiped), &id, "By the new node").ok();
    assert_eq!(title(cluster.tools(leader), &id).as_deref(), Some("By the new node"));
    cluster.assert_raft_safety();
}

#[test]
fn a_node_of_another_cluster_is_refused() {
    let mut cluster = Cluster::start(1, &[]);
    let mut stranger = Node::start(&[]);
    let id = stranger.tools().upload(&Clip::Short.path(), &[]).id;
    stranger.stop(Signal::SIGTERM);
    stranger.begins(Begin::Join(cluster.advertised(0).to_owned()));
    let said = program::run(&mut stranger.command());
    assert!(matches!(said.code, 3 | 6), "{said}");
    assert!(said.err.contains("belongs to") && said.err.contains("cluster"), "whose it is: {said}");
    assert_eq!(cluster.listed(0).map(|nodes| nodes.len()), Some(1));
    stranger.begins(Begin::Bootstrap);
    stranger.restart();
    assert_eq!(stranger.tools().show(&id)["id"], id.as_str(), "nothing of it was touched");
    cluster.assert_raft_safety();
}

/// The library that lies about the time to whoever it is loaded by.
fn fake_time() -> Option<String> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path());
    let paths = folders.map(|folder| folder.join("faketime/libfaketime.so.1"));
    let found = paths.into_iter().find(|path| path.exists())?;
    Some(found.to_str()?.to_owned())
}

/// Cluster time is what leaders count, not what their clocks say: a leader in 2030 empties no trash.
#[test]
fn a_clock_that_says_2030_harms_nothing() {
    let Some(library) = fake_time() else {
        eprintln!("not tested: there is no faketime on this machine");
        return;
    };
    let preload = format!("LD_PRELOAD={library}");
    let offset = format!("FAKETIME={CLOCK_AHEAD}");
    let ahead = |at, node: &mut Node| {
        if at == 0 {
            node.runs_under(&["env", &preload, &offset, "FAKETIME_DONT_FAKE_MONOTONIC=1"]);
        }
    };
    let mut cluster = Cluster::start_prepared(3, &[], ahead);
    assert_eq!(cluster.await_leader(), 0, "the first node leads, and lives in 2030");
    let [kept, trashed] = [1, 2].map(|number| {
        let film = numbered(Clip::Short, number, &cluster.work());
        cluster.tools(1).upload(&film, &["--title", &format!("Film {number}")]).id
    });
    let _ = cluster.tools(1).vsctl(&["rm", &trashed]).ok();
    let is_as_it_was = |tools: &Tools| {
        assert_eq!(tools.show(&kept)["status"], "ready");
        assert_eq!(tools.show(&trashed)["status"], "trashed");
    };
    is_as_it_was(&cluster.tools_anywhere());
    cluster.kill(0);
    let _ = cluster.await_leader_among(&[1, 2]);
    is_as_it_was(cluster.tools(1));
    cluster.restart(0);
    cluster.await_whole();
    cluster.kill(1);
    let _ = cluster.await_leader_among(&[0, 2]);
    is_as_it_was(cluster.tools(0));
    let _ = cluster.tools(0).vsctl(&["video", "restore", &trashed]).ok();
    cluster.restart(1);
    cluster.await_whole();
    assert_eq!(cluster.tools(1).ls(&[]).len(), 2);
    cluster.assert_replicas_agree();
    cluster.assert_raft_safety();
}

#[test]
fn three_nodes_hold_three_copies_and_any_one_of_them_is_enough() {
    let mut cluster = Cluster::start(3, &[]);
    let film = numbered(Clip::Film, 1, &cluster.work());
    let id = cluster.tools(0).upload(&film, &[]).id;
    let (hash, back) = (sha256(&film), cluster.work().join("back.mp4"));
    let tools = cluster.tools_anywhere();
    let shown = tools.show(&id);
    assert_eq!(shown["scheme"], "replicate(3)", "{shown}");
    let tracks = shown["tracks"].as_array().expect("tracks").iter();
    let chunks: u64 = tracks.filter_map(|track| track["chunks"].as_u64()).sum();
    let nodes = wait_for("three copies", || {
        let nodes = cluster.listed(cluster.leader()?)?;
        let held: Vec<_> = nodes.iter().filter_map(|node| node["chunks"].as_u64()).collect();
        (held == [chunks; 3]).then_some(nodes)
    });
    let verified = tools.vsctl(&["cluster", "verify"]).ok();
    for node in nodes {
        let name = node["id"].as_str().expect("a name");
        assert!(verified.out().contains(name), "{name} is compared: {verified}");
    }
    for dead in 0..3 {
        cluster.kill(dead);
        let _ = cluster.await_leader();
        assert_downloads(&tools, &id, &[], &back, &hash);
        cluster.restart(dead);
        cluster.await_whole();
    }
    for left in 0..3 {
        let dead = cluster.others(left);
        dead.iter().for_each(|at| cluster.kill(*at));
        assert_downloads(&tools, &id, &["--stale"], &back, &hash);
        dead.iter().for_each(|at| cluster.node_mut(*at).launch());
        dead.iter().for_each(|at| cluster.node_mut(*at).await_ready());
        cluster.await_whole();
    }
    cluster.assert_replicas_agree();
    cluster.assert_raft_safety();
}
