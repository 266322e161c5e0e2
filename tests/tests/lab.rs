//! Labs as a person runs them: on a cluster of `vsd dev`, with real processes, and refused everywhere else.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use vs_tests::{Dev, Node, Said, program, wait_for};

/// What is still no stall where tests share the machine with others.
const PAUSE_MAX: &str = "60s";

fn promises(report: &Value) -> Vec<(&str, &Value)> {
    let promises = report["promises"].as_array().expect("promises").iter();
    promises.map(|promise| (promise["id"].as_str().expect("an id"), &promise["held"])).collect()
}

fn kinds(report: &Value) -> Vec<&str> {
    report["faults"].as_array().expect("faults").iter().filter_map(|fault| fault["fault"].as_str()).collect()
}

/// What every lab says in which everything held: which faults there were, each of them mended.
fn check_held<'a>(said: &Said, report: &'a Value, victims_max: usize) -> Vec<&'a str> {
    assert_eq!(report["outcome"], "held", "{said}");
    assert_eq!(report["nodes_ended"], Value::Array(Vec::new()));
    assert!(report["films_acknowledged"].as_u64() >= Some(3), "{said}");
    assert_eq!(report["films_acknowledged"], report["films_intact"]);
    let tried = kinds(report);
    let has = |of: &[&str]| tried.iter().any(|kind| of.contains(kind));
    let is_tested = |id| promises(report).contains(&(id, &Value::Bool(true)));
    assert!(is_tested("DUR-1") && is_tested("INT-1") && is_tested("CON-1"), "{said}");
    assert_eq!(is_tested("AVL-1"), has(&["partition"]), "{said}");
    assert_eq!(is_tested("AVL-2"), has(&["crash", "freeze"]), "{said}");
    assert_eq!(is_tested("DSK-1"), has(&["slow-disk", "full-disk", "read-error", "corrupt"]), "{said}");
    for fault in report["faults"].as_array().expect("faults") {
        let hit = fault["nodes"].as_array().map_or(0, Vec::len);
        assert!((1..=victims_max).contains(&hit), "the others are a majority: {fault}");
        assert!(fault["mended_ms"].is_u64(), "{fault}");
    }
    tried
}

#[test]
fn things_go_wrong_and_what_was_promised_holds() {
    let dev = Dev::start(3);
    let lab = |more: &[&str]| {
        let always = ["lab", "chaos", "--seconds", "12", "--seed", "4", "-o", "json", "--mend-max", PAUSE_MAX];
        dev.tools().vsctl(&[&always, &["--pause-max", PAUSE_MAX][..], more].concat())
    };
    let planned = lab(&["--dry-run"]).ok().json();
    assert_eq!(planned["items"].as_array().map(Vec::len), Some(12), "{planned:#}");
    assert!(dev.tools().ls(&[]).is_empty(), "a plan is no more than that");

    // a node that is cut off, and one that dies; a disk that cannot be read for a while, and one that rots
    for faults in ["crash,partition", "read-error,corrupt"] {
        let said = lab(&["--faults", faults]).ok();
        let report = said.json();
        let tried = check_held(&said, &report, 1);
        assert!(!tried.is_empty() && tried.iter().all(|kind| faults.contains(kind)), "{tried:?}");
    }
    let left = dev.tools().ls(&[]);
    assert!(left.is_empty(), "a lab in which everything held leaves nothing: {left:?}");
}

#[test]
#[ignore = "takes minutes; run by `make long`"]
fn everything_goes_wrong_for_minutes_with_two_nodes_at_a_time() {
    let dev = Dev::start(5);
    let args = ["lab", "chaos", "--minutes", "4", "-o", "json", "--pause-max", PAUSE_MAX];
    let said = dev.tools().vsctl(&args).ok();
    let report = said.json();
    let tried = check_held(&said, &report, 2);
    eprintln!("{} faults, seed {}", tried.len(), report["seed"]);
    assert!(dev.tools().ls(&[]).is_empty());
    let failovers = dev.tools().vsctl(&["lab", "failover", "--times", "20", "--pause-max", PAUSE_MAX]).ok();
    eprintln!("{failovers}");
}

#[test]
fn two_labs_are_not_at_the_same_cluster() {
    let dev = Dev::start(3);
    let mut lab = dev.tools().command("vsctl");
    let first = program::start(lab.args(["lab", "chaos", "--faults", "latency", "--seconds", "600"]), None);
    wait_for("the first one to be at it", || (!dev.tools().ls(&[]).is_empty()).then_some(()));
    for second in [&["lab", "failover"][..], &["lab", "chaos", "--seconds", "1"]] {
        let refused = dev.tools().vsctl(second);
        refused.fails(6, "VS-E0601");
        assert!(refused.err.contains("another lab"), "{refused}");
    }
    let pid = Pid::from_raw(i32::try_from(first.pid()).expect("a process id"));
    kill(pid, Signal::SIGINT).expect("it runs");
    let ended = first.wait();
    assert_eq!(ended.code, 130, "{ended}");
    assert!(ended.err.contains("vsctl ls --filter tag=lab="), "it says what it leaves: {ended}");
    let after = dev.tools().vsctl(&["lab", "failover", "--times", "1", "--pause-max", PAUSE_MAX, "-o", "json"]).ok();
    assert_eq!(after.json()["outcome"], "held", "{after}");
}

#[test]
fn leaders_die_and_it_is_measured_when_others_answer() {
    let dev = Dev::start(3);
    let args = ["lab", "failover", "--times", "3", "--pause-max", PAUSE_MAX, "-o", "json"];
    let report = dev.tools().vsctl(&args).ok().json();
    let failovers = report["failovers"].as_array().expect("failovers");
    assert_eq!((failovers.len(), &report["outcome"]), (3, &Value::from("held")));
    assert!(failovers.iter().all(|one| one["leader"].is_string() && one["write_ms"].is_u64()), "{report:#}");
    let longest = failovers.iter().filter_map(|one| one["write_ms"].as_u64()).max();
    assert_eq!(report["write_ms_max"].as_u64(), longest);
    assert_eq!(dev.log().matches("is killed by a lab").count(), 3, "{}", dev.log());
}

#[test]
fn a_promise_that_is_broken_is_reported() {
    let dev = Dev::start(3);
    let lab = |more: &[&str]| dev.tools().vsctl(&[&["lab", "chaos", "-o", "json"], more].concat());
    // no cluster is as fast as that
    let said = lab(&["--seconds", "4", "--faults", "crash", "--seed", "1", "--pause-max", "1ms", "--keep"]);
    said.fails(8, "VS-E0801");
    let report = said.json();
    assert_eq!(report["outcome"], "broken");
    assert!(promises(&report).contains(&("AVL-2", &Value::Bool(false))), "{report:#}");
    assert!(promises(&report).contains(&("DUR-1", &Value::Bool(true))), "{report:#}");
    assert!(said.err.contains("hint: vsctl lab chaos --seed 1 "), "it says how to see it again: {said}");
    let left = dev.tools().ls(&[]);
    assert!(left.len() >= 3, "--keep: {left:?}");
}

#[test]
fn a_cluster_that_is_no_labs_is_left_alone() {
    let node = Node::start(&[]);
    for lab in [&["lab", "failover"][..], &["lab", "chaos", "--seconds", "1"]] {
        let refused = node.tools().vsctl(lab);
        refused.fails(4, "VS-E0401");
        assert!(refused.err.contains("vsd dev --nodes 3"), "{refused}");
    }
    let known = node.tools().vsctl(&["lab", "chaos", "--seconds", "2", "--i-know", "-o", "json"]).ok().json();
    assert_eq!((&known["outcome"], &known["faults"]), (&Value::from("held"), &Value::Array(Vec::new())));
    assert!(node.tools().ls(&[]).is_empty());

    // nor do nodes take faults that others could reach
    let dir = node.work().join("other");
    let mut command = program::bare(program::path("vsd"));
    command.args(["serve", "--bootstrap", "--insecure", "--listen", "0.0.0.0:0", "--dev-faults", "127.0.0.1:1"]);
    program::run(command.arg("--data-dir").arg(&dir)).fails(3, "VS-E0301");
    assert!(!dir.exists(), "nothing was begun");

    let one = Dev::start(1);
    one.tools().vsctl(&["lab", "chaos"]).fails(6, "VS-E0601");
    wait_for("the node to be there still", || one.tools().vsctl(&["status"]).code.eq(&0).then_some(()));
}
