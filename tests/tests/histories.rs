//! Histories of clients that change videos while the cluster is disturbed, checked for linearizability (CON-1, CON-3). A short one
//! here; `make long` does the long ones, `make nightly` one after the other for as long as asked. `VS_HISTORY_OPS` and
//! `VS_HISTORY_CHANGES` say how long the short one is.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use vs_tests::{
    Cluster,
    adversary::disturb,
    crash::Dice,
    history::{History, Recording},
};

const CLIENTS: usize = 5;
const VIDEOS: u64 = 10;
/// Least share of the operations on a video that overlap another one.
const OVERLAP_MIN: f64 = 0.05;
/// Operations between two disturbances, at least.
const BETWEEN: usize = 20;
/// Few entries to a snapshot, so that those who were away get one.
const SNAPSHOT_ENTRIES: &str = "metadata.snapshot_entries=200";
/// What a history has at least.
const SHORT: (usize, usize) = (1_500, 3);
const LONG: (usize, usize) = (5_000, 10);
/// Operations of the history into which violations are planted.
const PLANTED: usize = 400;

fn from_environment(name: &str, default: usize) -> usize {
    let given = std::env::var(name).ok();
    given.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Disturbs so many nodes until there were so many completed operations and changes of the leader.
fn disturbed(nodes: usize, (operations, changes): (usize, usize)) {
    let mut dice = Dice::new();
    let mut cluster = Cluster::start(nodes, &[SNAPSHOT_ENTRIES]);
    let recording = Recording::start(&cluster, CLIENTS, VIDEOS, &mut dice);
    let mut round = 0;
    while !recording.has_failed() && (recording.completed() < operations || cluster.leader_changes() < changes) {
        disturb(&mut cluster, round, &mut dice);
        recording.await_more(BETWEEN);
        round += 1;
    }
    cluster.await_whole();
    let history = recording.finish();
    eprintln!("{nodes} nodes, {round} disturbances, {} leader changes", cluster.leader_changes());
    eprintln!("{}", history.summary());
    assert!(history.completed() >= operations);
    assert!(history.overlaps().iter().all(|share| *share >= OVERLAP_MIN), "clients did not meet");
    history.assert_linearizable();
    cluster.assert_raft_safety();
    cluster.assert_replicas_agree();
}

#[test]
fn a_disturbed_cluster_of_three_is_linearizable() {
    disturbed(3, (from_environment("VS_HISTORY_OPS", SHORT.0), from_environment("VS_HISTORY_CHANGES", SHORT.1)));
}

#[test]
#[ignore = "minutes of disturbances; run by `make long`"]
fn a_long_history_of_three_nodes_is_linearizable() {
    disturbed(3, LONG);
}

#[test]
#[ignore = "minutes of disturbances; run by `make long`"]
fn a_long_history_of_five_nodes_is_linearizable() {
    disturbed(5, LONG);
}

/// A history of a real cluster that nobody disturbs.
#[test]
#[ignore = "as long as VS_HISTORY_MINUTES says; run by `make nightly`"]
fn one_history_after_the_other_is_linearizable() {
    let minutes = std::env::var("VS_HISTORY_MINUTES").expect("VS_HISTORY_MINUTES says how long");
    let enough = Duration::from_secs_f64(60.0 * minutes.parse::<f64>().expect("VS_HISTORY_MINUTES is a number"));
    let began = Instant::now();
    for nodes in [3, 5].into_iter().cycle() {
        disturbed(nodes, SHORT);
        if began.elapsed() >= enough {
            break;
        }
    }
}

fn recorded() -> History {
    static RECORDED: OnceLock<History> = OnceLock::new();
    let record = || {
        let mut cluster = Cluster::start(3, &[]);
        let recording = Recording::start(&cluster, CLIENTS, VIDEOS, &mut Dice::new());
        recording.await_more(PLANTED);
        let history = recording.finish();
        cluster.assert_raft_safety();
        history.assert_linearizable();
        history
    };
    RECORDED.get_or_init(record).clone()
}

/// Requires that the checker blames this video.
#[track_caller]
fn assert_caught(history: &History, video: Option<usize>) {
    let video = &history.films[video.expect("a place for it")].id;
    let why = history.violation().expect("it is caught");
    eprintln!("{why}");
    assert!(why.contains(video), "{video}: {why}");
}

#[test]
fn a_planted_stale_read_is_caught() {
    let mut history = recorded();
    let video = history.plant_stale_read();
    assert_caught(&history, video);
}

#[test]
fn a_planted_double_apply_is_caught() {
    let mut history = recorded();
    let video = history.plant_double_apply();
    assert_caught(&history, video);
}
