//! What is left when machines are gone for good: one node goes on alone, others come back to it, and a saved snapshot stands in for
//! metadata that nobody has any more.

use std::{fs, path::Path};

use nix::sys::signal::Signal;
use serde_json::Value;
use vs_tests::{
    Begin, Cluster, Node, Said,
    clip::{Clip, numbered},
    program, sha256, wait_for,
};

fn vsd(args: &[&str], data_dir: &Path) -> Said {
    program::run(program::bare(program::path("vsd")).args(args).arg("--data-dir").arg(data_dir))
}

fn recover(node: &Node, flags: &[&str]) -> Said {
    vsd(&[&["recover", "--force-new-cluster"], flags].concat(), &node.data_dir())
}

/// How many chunks each node says it has that is no part of another incarnation.
fn chunks_held(cluster: &Cluster, at: usize) -> Vec<u64> {
    let said = cluster.tools(at).vsctl(&["node", "ls", "-o", "json"]).ok().json();
    let nodes = said["items"].as_array().expect("a list");
    nodes.iter().filter(|node| node["state"] == "up").filter_map(|node| node["chunks"].as_u64()).collect()
}

fn chunks_of(shown: &Value) -> u64 {
    let tracks = shown["tracks"].as_array().expect("tracks").iter();
    tracks.filter_map(|track| track["chunks"].as_u64()).sum()
}

/// Starts a node that is to come back by way of another one.
fn come_back(cluster: &mut Cluster, at: usize, by: usize) {
    let join = Begin::Join(cluster.advertised(by).to_owned());
    cluster.node_mut(at).begins(join);
    cluster.restart(at);
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).expect("there").map(|entry| entry.expect("readable").file_name());
    let mut names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn one_node_of_three_goes_on_alone_and_the_others_bring_their_chunks_back() {
    let mut cluster = Cluster::start(3, &[]);
    let film = numbered(Clip::Film, 1, &cluster.work());
    let (hash, back) = (sha256(&film), cluster.work().join("back.mp4"));
    let id = cluster.tools(0).upload(&film, &["--title", "Before"]).id;
    let chunks = chunks_of(&cluster.tools(0).show(&id));
    wait_for("three copies", || (chunks_held(&cluster, 0) == [chunks; 3]).then_some(()));

    // while a quorum can be had there is nothing to recover
    let in_use = recover(cluster.node(2), &["--yes"]);
    in_use.fails(6, "VS-E0601");
    assert!(in_use.err.contains("in use"), "{in_use}");
    let _ = cluster.terminate(2);
    for (reached, gone) in [("3 of 3 voters (need 2)", 0), ("2 of 3 voters (need 2)", 1)] {
        for flags in [["--yes"], ["--dry-run"]] {
            let refused = recover(cluster.node(2), &flags);
            refused.fails(6, "VS-E0601");
            assert!(refused.err.contains(reached) && refused.err.contains("n1 "), "{refused}");
        }
        cluster.kill(gone);
    }

    // nobody says yes: nothing changes
    let said = vsd(&["recover"], &cluster.node(2).data_dir());
    said.fails(2, "VS-E0201");
    let plan = recover(cluster.node(2), &["--dry-run"]).ok();
    let told = ["incarnation 1", "1 answer", "2 are needed", "last entry", "lost:", "--join"];
    assert!(told.iter().all(|told| plan.out().contains(told)), "{plan}");
    recover(cluster.node(2), &[]).fails(12, "VS-E1201");
    assert_eq!(recover(cluster.node(2), &["--dry-run"]).ok().out().lines().next(), plan.out().lines().next());

    let recovered = recover(cluster.node(2), &["--yes"]).ok();
    assert!(recovered.out().contains("incarnation 1") && recovered.err.contains("--join"), "{recovered}");
    cluster.restart(2);
    assert_eq!(cluster.tools(2).download(&id, &back), hash);
    let _ = cluster.tools(2).vsctl(&["video", "edit", &id, "--title", "After"]).ok();
    // it decides alone now: there is nothing to recover
    assert_eq!(cluster.terminate(2), 143);
    recover(cluster.node(2), &["--yes"]).fails(6, "VS-E0601");
    cluster.restart(2);

    // one that is merely started is refused, and its log says what to type
    cluster.node_mut(0).launch();
    let typed =
        format!("vsd serve --join {} --data-dir {}", cluster.advertised(2), cluster.node(0).data_dir().display());
    wait_for("its log to say so", || cluster.node(0).log().contains(&typed).then_some(()));
    cluster.kill(0);
    assert!(!names(&cluster.node(0).data_dir()).iter().any(|name| name.starts_with("meta.")), "nothing was set aside");

    for at in [0, 1] {
        come_back(&mut cluster, at, 2);
        assert!(names(&cluster.node(at).data_dir()).contains(&"meta.incarnation-0".to_owned()));
    }
    cluster.await_whole();
    wait_for("three copies again", || (chunks_held(&cluster, 0) == [chunks; 3]).then_some(()));
    assert_eq!(cluster.tools(1).show(&id)["title"], "After");
    cluster.kill(2);
    let _ = cluster.await_leader_among(&[0, 1]);
    assert_eq!(cluster.tools(0).download(&id, &back), hash, "without the one that went on alone");
    cluster.restart(2);
    cluster.await_whole();
    let second = numbered(Clip::Film, 2, &cluster.work());
    let id = cluster.tools(1).upload(&second, &[]).id;
    assert_eq!(cluster.tools(0).download(&id, &back), sha256(&second));
    cluster.assert_replicas_agree();
}

#[test]
fn a_saved_snapshot_stands_in_for_metadata_that_nobody_has_any_more() {
    let mut cluster = Cluster::start(3, &[]);
    let film = numbered(Clip::Film, 1, &cluster.work());
    let (hash, back) = (sha256(&film), cluster.work().join("back.mp4"));
    let id = cluster.tools(0).upload(&film, &[]).id;
    let chunks = chunks_of(&cluster.tools(0).show(&id));
    wait_for("three copies", || (chunks_held(&cluster, 0) == [chunks; 3]).then_some(()));

    let file = cluster.work().join("saved");
    let path = file.to_str().expect("a path of ours");
    let save = |node: &Node| vsd(&["snapshot", "save", path, "--json"], &node.data_dir());
    save(cluster.node(2)).fails(6, "VS-E0601");
    let _ = cluster.terminate(2);
    let saved = save(cluster.node(2)).ok().json();
    assert_eq!(
        (&saved["videos"], &saved["nodes"], &saved["incarnation"]),
        (&1.into(), &3.into(), &0.into()),
        "{saved}"
    );
    save(cluster.node(2)).fails(6, "VS-E0601");
    let info =
        |path: &str| program::run(program::bare(program::path("vsd")).args(["snapshot", "info", path, "--json"]));
    assert_eq!(info(path).ok().json(), saved);
    assert!(names(&cluster.work()).iter().all(|name| !name.contains("partial")), "nothing half done is left");

    let bad = cluster.work().join("bad");
    let mut bytes = fs::read(&file).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&bad, bytes).expect("written");
    let bad = bad.to_str().expect("a path of ours");
    info(bad).fails(8, "VS-E0801");
    info("/dev/null").fails(8, "VS-E0801");
    let empty = cluster.work().join("empty");
    vsd(&["snapshot", "load", bad], &empty).fails(8, "VS-E0801");
    assert!(!empty.exists(), "a damaged file makes nothing");

    // the metadata of two is gone, and all of the third
    for at in [0, 1] {
        cluster.kill(at);
        fs::remove_dir_all(cluster.node(at).data_dir().join("meta")).expect("removed");
    }
    vsd(&["snapshot", "load", path], &cluster.node(2).data_dir()).fails(3, "VS-E0302");
    fs::remove_dir_all(cluster.node(2).data_dir()).expect("removed");
    let planned = vsd(&["snapshot", "load", path, "--dry-run"], &cluster.node(2).data_dir()).ok();
    assert!(planned.out().starts_with("plan: ") && !cluster.node(2).data_dir().exists(), "{planned}");
    let loaded = vsd(&["snapshot", "load", path], &cluster.node(2).data_dir()).ok();
    assert!(loaded.out().contains("incarnation 1") && !loaded.out().starts_with("n3 "), "a new node: {loaded}");
    cluster.restart(2);
    assert_eq!(cluster.tools(2).show(&id)["id"], id.as_str());
    for at in [0, 1] {
        come_back(&mut cluster, at, 2);
    }
    cluster.await_whole();
    // a leader that has just begun judges nobody for ten seconds
    wait_for("n3, still listed, to be down", || {
        let nodes = cluster.listed(2)?;
        nodes.iter().any(|node| node["id"] == "n3" && node["state"] == "down").then_some(())
    });
    assert_eq!(cluster.tools(2).download(&id, &back), hash, "out of the chunks that came back");
    assert_eq!(cluster.node_mut(2).stop(Signal::SIGTERM), 143);
}
