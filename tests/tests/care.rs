//! What a node does for its chunks while nobody asks, and what an operator sees and orders of it: scrub, compact, chunk.

use nix::sys::signal::Signal;
use serde_json::Value;
use vs_tests::{
    Node,
    clip::Clip,
    http,
    program::{keys, start},
    redundancy::flip,
    wait_for,
};

/// The items of a list.
#[track_caller]
fn items(node: &Node, args: &[&str]) -> Vec<Value> {
    let said = node.tools().vsctl(&[args, &["-o", "json"]].concat()).ok().json();
    assert_eq!(keys(&said), ["items", "next"]);
    said["items"].as_array().expect("a list").clone()
}

/// The one data directory's scrub.
#[track_caller]
fn scrub(node: &Node) -> Value {
    let mut all = items(node, &["scrub", "status"]);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn metric(node: &Node, name: &str) -> f64 {
    *node.figures().get(name).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn a_flipped_bit_is_found_shown_and_healed_by_writing_the_chunk_again() {
    let node = Node::start(&["storage.scrub_rate=1GiB/s"]);
    let tools = node.tools();
    let video = tools.upload(&Clip::Film.path(), &[]);
    let of_video = items(&node, &["chunk", "ls", &video.id, "--limit", "10000"]);
    assert!(of_video.len() > 3 && of_video.iter().all(|chunk| chunk["state"] == "stored"), "{of_video:?}");
    assert_eq!(of_video[0]["segment"], 0, "in play order");
    let held = items(&node, &["chunk", "ls", "--limit", "10000"]);
    assert!(held.iter().map(|chunk| chunk["hash"].as_str()).is_sorted(), "in the order of hashes");
    let _ = tools.vsctl(&["chunk", "verify", &video.id]).ok();
    let checked = tools.vsctl(&["scrub", "start", "--wait"]).ok();
    assert!(checked.out().contains("all intact"), "{checked}");

    let chunk = &of_video[1];
    let (hash, asset) = (chunk["hash"].as_str().expect("a hash"), chunk["asset"].as_u64().expect("an asset"));
    let shown = tools.vsctl(&["chunk", "show", &hash[..8], "-o", "json"]).ok().json();
    assert_eq!((shown["hash"].as_str(), &shown["offset"]), (Some(hash), &chunk["offset"]));
    let path = format!("/chunk/{asset}/{hash}");
    let bytes = http::get(node.addr(), &path).expect("an answer").body;
    flip(&node, chunk).expect("flipped");

    let found = tools.vsctl(&["scrub", "start", "--wait"]);
    found.fails(8, "VS-E0801");
    assert!(found.out().contains("1 damaged"), "{found}");
    let damaged = items(&node, &["chunk", "ls", "--damaged"]);
    assert_eq!(damaged.iter().map(|chunk| chunk["hash"].as_str()).collect::<Vec<_>>(), [Some(hash)]);
    assert_eq!(items(&node, &["chunk", "ls", &video.id, "--damaged"]).len(), 1);
    let status = scrub(&node);
    assert_eq!(
        (&status["damaged"], &status["last"]["damaged"], &status["last"]["whole"]),
        (&1.into(), &1.into(), &true.into())
    );
    assert_eq!(status["last"]["chunks"].as_u64(), Some(held.len() as u64));
    assert_eq!((metric(&node, "vsd_damaged_chunks"), metric(&node, "vsd_scrub_damaged_total")), (1.0, 1.0));
    for what in [&hash[..12], &video.id, "--all"] {
        let verified = tools.vsctl(&["chunk", "verify", what, "-o", "json"]);
        verified.fails(8, "VS-E0801");
        let verified = verified.json();
        let verified = verified["items"].as_array().expect("a list");
        assert_eq!(verified.iter().filter(|chunk| chunk["state"] == "damaged").count(), 1, "{what}");
        assert!(verified.iter().all(|chunk| chunk["state"] == "damaged" || chunk["state"] == "intact"), "{what}");
    }

    let put = http::ask(node.addr(), "PUT", &path, &[("VS-Index", "0")], &bytes).expect("an answer");
    assert_eq!(put.status, 201, "a bad copy does not count as there");
    assert!(items(&node, &["chunk", "ls", "--damaged"]).is_empty());
    let _ = tools.vsctl(&["chunk", "verify", "--all"]).ok();
    let _ = tools.vsctl(&["scrub", "start", "--wait"]).ok();
    assert_eq!(metric(&node, "vsd_damaged_chunks"), 0.0);
}

#[test]
fn lists_of_chunks_come_in_pages_and_names_that_mean_nothing_are_told() {
    let node = Node::start(&[]);
    let video = node.tools().upload(&Clip::Film.path(), &[]);
    for list in [&["chunk", "ls"][..], &["chunk", "ls", &video.id]] {
        let all = items(&node, &[list, &["--limit", "10000"]].concat());
        let (mut paged, mut token) = (Vec::new(), None::<String>);
        loop {
            let mut args = [list, &["--limit", "2", "-o", "json"]].concat();
            args.extend(token.iter().flat_map(|token| ["--page-token", token.as_str()]));
            let page = node.tools().vsctl(&args).ok().json();
            paged.extend(page["items"].as_array().expect("a list").clone());
            match page["next"].as_str() {
                Some(next) => token = Some(next.to_owned()),
                None => break,
            }
        }
        assert_eq!(paged, all, "{list:?}");
    }
    let asset = items(&node, &["chunk", "ls"])[0]["asset"].to_string();
    assert!(items(&node, &["chunk", "ls", "--asset", "4711"]).is_empty());
    assert!(!items(&node, &["chunk", "ls", "--asset", &asset, "--node", "n1"]).is_empty());
    let tools = node.tools();
    tools.vsctl(&["chunk", "ls", "--node", "n7"]).fails(5, "VS-E0501");
    tools.vsctl(&["chunk", "ls", "--page-token", "x"]).fails(2, "VS-E0201");
    tools.vsctl(&["chunk", "show", "0000000000000000"]).fails(5, "VS-E0501");
    tools.vsctl(&["chunk", "show", "xyz"]).fails(2, "VS-E0201");
    tools.vsctl(&["chunk", "verify", "000000000000"]).fails(5, "VS-E0501");
    tools.vsctl(&["chunk", "verify"]).fails(2, "VS-E0201");
    assert_eq!(tools.vsctl(&["chunk", "verify", &video.id[..8]]).code, 0, "eight digits of a video's id");
}

#[test]
fn a_scrub_is_watched_paused_resumed_and_stopped_as_ordered() {
    // A chunk of 2 MiB takes half a minute.
    let mut node = Node::start(&["storage.scrub_rate=64KiB/s"]);
    wait_for("the pass over nothing that is due at first", || (!scrub(&node)["last"].is_null()).then_some(()));
    let _ = node.tools().upload(&Clip::Heavy.path(), &[]);
    let vsctl = |node: &Node, verb: &str| {
        let said = node.tools().vsctl(&["scrub", verb]).ok();
        said.err
    };
    let plan = node.tools().vsctl(&["scrub", "start", "--dry-run"]).ok();
    assert!(plan.out().starts_with("plan: check ") && scrub(&node)["state"] == "idle", "{plan}");
    assert!(vsctl(&node, "start").contains("vsctl scrub status --node n1"));
    assert!(vsctl(&node, "start").contains("runs already"));
    let (checked, total) = wait_for("some of it to be checked", || {
        let status = scrub(&node);
        let count = |key: &str| status[key].as_u64();
        count("done_chunks").filter(|done| *done > 0).zip(count("total_chunks"))
    });
    let held = items(&node, &["chunk", "ls", "--limit", "10000"]).len() as u64;
    assert!(checked < total && total == held, "{checked} of {total}, {held} held");
    let status = scrub(&node);
    assert_eq!(
        (&status["state"], &status["next_at"], &status["damaged"]),
        (&"running".into(), &Value::Null, &0.into())
    );
    assert_eq!(status["rate_max_bytes_per_s"], 64 << 10);

    assert!(vsctl(&node, "stop").contains("is stopped"));
    let mut command = node.tools().command("vsctl");
    let waiting = start(command.args(["scrub", "start", "--wait", "--progress", "none"]), None);
    wait_for("it to start", || (scrub(&node)["state"] == "running").then_some(()));
    assert!(vsctl(&node, "pause").contains("vsctl scrub resume"));
    waiting.wait().fails(6, "VS-E0601");
    assert_eq!(scrub(&node)["state"], "paused");
    let (stood, began) = (scrub(&node)["done_chunks"].as_u64(), scrub(&node)["began_at"].clone());
    let _ = node.stop(Signal::SIGTERM);
    node.restart();
    let status = scrub(&node);
    assert_eq!((&status["state"], &status["began_at"], &status["eta_ms"]), (&"paused".into(), &began, &Value::Null));
    assert!(status["done_chunks"].as_u64() >= stood, "nothing was lost: {status}");
    assert!(vsctl(&node, "resume").contains("goes on"));
    assert_eq!((&scrub(&node)["state"], &scrub(&node)["began_at"]), (&"running".into(), &began));
    node.kill();
    node.restart();
    assert_eq!(scrub(&node)["state"], "running", "after a power cut too");
    assert!(vsctl(&node, "stop").contains("vsctl scrub pause"));
    let status = scrub(&node);
    assert_eq!((&status["state"], &status["last"]["whole"]), (&"stopped".into(), &false.into()));
    assert!(!status["next_at"].is_null(), "the next is told: {status}");
    assert!(vsctl(&node, "stop").contains("no scrub"));
}

#[test]
fn compaction_is_ordered_and_asked_alike() {
    let mut node = Node::start(&[]);
    let state = |node: &Node| items(node, &["compact", "status"])[0]["state"].clone();
    assert_eq!(state(&node), "idle");
    let plan = node.tools().vsctl(&["compact", "start", "--dry-run"]).ok();
    assert!(plan.out().starts_with("plan: no superblock"), "{plan}");
    assert!(items(&node, &["compact", "start", "--dry-run"]).is_empty());
    let _ = node.tools().vsctl(&["compact", "pause"]).ok();
    let _ = node.stop(Signal::SIGTERM);
    node.restart();
    assert_eq!(state(&node), "paused");
    let _ = node.tools().vsctl(&["compact", "stop"]).ok();
    assert_eq!(state(&node), "stopped");
    let _ = node.tools().vsctl(&["compact", "start", "--garbage-percent", "5"]).ok();
    wait_for("a run over nothing", || (state(&node) == "idle").then_some(()));
    node.tools().vsctl(&["compact", "start", "--garbage-percent", "0"]).fails(2, "VS-E0201");
}
