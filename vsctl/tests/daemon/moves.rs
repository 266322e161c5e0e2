//! Nodes that come, are emptied and go, what a layout would move, and the switch of moves: plans before anything
//! happens, the waiting, and what is said at its end.

use serde_json::json;
use vs_wire::v1::{self, NodeWish};

use crate::fake::{Fake, care};

fn planned(node: u64, chunks_in: u64, chunks_out: u64) -> v1::PlannedNode {
    let bytes = |chunks: u64| chunks << 21;
    v1::PlannedNode {
        node,
        zone: "eu".to_owned(),
        weight_milli: 1_000,
        chunks_in,
        bytes_in: bytes(chunks_in),
        chunks_out,
        bytes_out: bytes(chunks_out),
        ..v1::PlannedNode::default()
    }
}

/// A cluster in which anything would move five chunks from n3 to the others.
async fn cluster() -> Fake {
    let fake = Fake::start().await;
    let mut state = fake.state();
    state.nodes[2].chunks = 5;
    state.kept.layouts = vec![care::layout(1, [1, 2, 3])];
    state.kept.plan = v1::PlanLayoutResponse {
        epoch: 2,
        changed: true,
        nodes: vec![planned(1, 3, 0), planned(2, 2, 0), planned(3, 0, 5)],
        chunks: 5,
        bytes: 10 << 20,
        eta_ms: Some(2_000),
        fits: true,
        why: vec![],
    };
    drop(state);
    fake
}

const ETA: &str = "  about 2.0s at the rate that moves may have\n";

#[tokio::test]
async fn a_node_is_emptied_and_takes_data_again() {
    let fake = cluster().await;
    let line = "plan: drain n3 → 5 chunks, 10.0 MiB move; n1 3 n2 2\n";
    let dry = fake.run(&["node", "drain", "n3", "--dry-run"]).await;
    assert_eq!((dry.exit, dry.stdout.as_str(), dry.stderr.as_str()), (Some(0), line, ETA));
    assert_eq!(fake.state().kept.planned[0].wish(), NodeWish::Draining);
    assert_eq!(fake.state().nodes[2].state, "up");
    let plan = fake.run(&["node", "drain", "n3", "--dry-run", "--json"]).await.json();
    assert_eq!((&plan["bytes"], &plan["nodes"][2]["chunks_out"]), (&json!(10 << 20), &json!(5)));

    fake.state().kept.jobs.clear();
    let drained = fake.run(&["node", "drain", "n3"]).await;
    let told = "✓ drained n3: 3 102 chunks (6.1 GiB) moved, 0 failed reads, 1m12s\n";
    assert_eq!((drained.exit, drained.stdout.as_str(), drained.stderr), (Some(0), told, format!("{line}{ETA}")));
    let again = fake.run(&["node", "drain", "n3"]).await;
    assert_eq!((again.exit, again.stdout.as_str()), (Some(0), "✓ n3 is drained already\n"), "{again:?}");
    let back = fake.run(&["node", "undrain", "n3", "-q"]).await;
    assert_eq!((back.stdout.as_str(), back.stderr.as_str()), ("n3\n", ""), "{back:?}");
    assert_eq!(fake.state().nodes[2].state, "up");

    let left = fake.run(&["node", "drain", "n3", "--no-wait", "--json"]).await.json();
    assert_eq!((&left["state"], &left["job"]), (&json!("draining"), &json!("j2")));
    assert_eq!(fake.state().kept.jobs[1].state, "running", "nobody waited");
}

#[tokio::test]
async fn a_node_is_removed_once_it_is_empty_or_lost() {
    let fake = cluster().await;
    let unasked = fake.run(&["node", "rm", "n3"]).await;
    assert_eq!(unasked.exit, Some(12), "{unasked:?}");
    assert!(unasked.stderr.contains("plan: -n3 → 5 chunks, 10.0 MiB move; n1 3 n2 2\n"), "{unasked:?}");
    fake.state().kept.jobs.clear();
    let removed = fake.run(&["node", "rm", "n3", "--yes"]).await;
    let told = "✓ removed n3: 3 102 chunks (6.1 GiB) moved, 0 failed reads, 1m12s\n";
    assert_eq!((removed.exit, removed.stdout.as_str()), (Some(0), told), "{removed:?}");

    "down".clone_into(&mut fake.state().nodes[1].state);
    assert_eq!(fake.run(&["node", "rm", "n2", "--yes"]).await.exit, Some(6));
    let lost = fake.run(&["node", "rm", "n2", "--yes", "--lost", "--json"]).await;
    assert_eq!((&lost.json()["state"], lost.json().get("reads_failed")), (&json!("out"), None), "nothing was counted");
    let again = fake.run(&["node", "rm", "n2", "--yes"]).await;
    assert_eq!((again.exit, again.stdout.as_str()), (Some(0), "n2 was removed before\n"), "{again:?}");
}

#[tokio::test]
async fn what_has_no_room_is_told_with_its_plan_and_refused() {
    let fake = cluster().await;
    fake.state().kept.no_room = true;
    (fake.state().kept.plan.fits, fake.state().kept.plan.why) = (false, vec!["n3 would be 97 % full".to_owned()]);
    for args in [&["node", "drain", "n3"][..], &["node", "rm", "n3", "--yes"], &["layout", "plan", "--drain", "n3"]] {
        let dry = fake.run(&[args, &["--dry-run"]].concat()).await;
        assert_eq!(dry.exit, Some(11), "{args:?}: {dry:?}");
        assert!(dry.stdout.contains(" → 5 chunks, 10.0 MiB move; n1 3 n2 2\n"), "{args:?}: {dry:?}");
        assert!(dry.stderr.contains("n3 would be 97 % full"), "{args:?}: {dry:?}");
    }
    assert_eq!(fake.run(&["node", "drain", "n3"]).await.exit, Some(11));
    assert_eq!(fake.run(&["node", "rm", "n3", "--yes"]).await.exit, Some(11));
    assert!(fake.state().kept.jobs.is_empty());
    // What is added or weighed otherwise only waits.
    let set = fake.run(&["node", "set", "n3", "--weight", "2", "--dry-run"]).await;
    assert_eq!(set.exit, Some(0), "{set:?}");
    assert!(set.stdout.starts_with("plan: n3: weight 1.0 (150 virtual nodes) → 5 chunks"), "{set:?}");
    assert!(set.stderr.contains("warning: n3 would be 97 % full"), "{set:?}");
}

#[tokio::test]
async fn a_node_is_waited_for_set_and_filled() {
    let fake = cluster().await;
    let newcomer = v1::PlannedNode { newcomer: true, ..planned(4, 8_035, 0) };
    fake.state().kept.plan.nodes = vec![planned(1, 0, 8_035), newcomer];
    (fake.state().kept.plan.chunks, fake.state().kept.plan.bytes) = (8_035, 16_858_000_000);
    let dry = fake.run(&["node", "add", "10.0.0.16:7400", "--zone", "eu-2", "--dry-run"]).await;
    let line = "plan: +n4 (150 virtual nodes, weight 1.0) → 8 035 chunks, 15.7 GiB move; n1 8 035\n";
    assert_eq!(dry.stdout, line, "{dry:?}");
    assert_eq!(fake.state().kept.planned[0].zone.as_deref(), Some("eu-2"));
    let nobody = fake.run(&["node", "add", "10.0.0.16:7400", "--timeout", "1s"]).await;
    assert_eq!(nobody.exit, Some(10), "{nobody:?}");
    assert!(nobody.stderr.contains("hint: start it there: `vsd serve --join "), "{nobody:?}");

    fake.state().kept.plan.nodes = vec![planned(1, 0, 5), planned(2, 5, 0)];
    let job = v1::Job {
        id: 7,
        kind: "move".to_owned(),
        state: "running".to_owned(),
        chunks_done: 3,
        chunks_total: 5,
        bytes_done: 6 << 20,
        bytes_total: 10 << 20,
        ..v1::Job::default()
    };
    fake.state().kept.jobs = vec![job];
    fake.state().kept.rebalance = v1::RebalanceStatusResponse {
        state: "running".to_owned(),
        oldest_epoch: 1,
        job: Some(7),
        ..v1::RebalanceStatusResponse::default()
    };
    let added = fake.run(&["node", "add", "127.0.0.1:2", "--zone", "us-1", "--weight", "2"]).await;
    assert_eq!(added.exit, Some(0), "{added:?}");
    assert!(added.stdout.starts_with("✓ added n2: 2 chunks (4.0 MiB) moved, "), "{added:?}");
    assert!(!added.stdout.contains("failed reads"), "nobody counted them: {added:?}");
    assert!(added.stderr.contains("plan: +n2 (150 virtual nodes, weight 1.0) → "), "{added:?}");
    let set = fake.state().nodes[1].clone();
    assert_eq!((set.zone.as_str(), set.weight_milli), ("us-1", 2_000));

    // Somebody who stands in the way of the move is named rather than waited for.
    fake.state().kept.rebalance.oldest_epoch = 1;
    "paused".clone_into(&mut fake.state().kept.rebalance.state);
    let paused = fake.run(&["node", "add", "127.0.0.1:2", "--weight", "3"]).await;
    assert_eq!(paused.exit, Some(6), "{paused:?}");
    let left = fake.run(&["node", "add", "127.0.0.1:2", "--weight", "4", "--no-wait", "-q"]).await;
    assert_eq!((left.exit, left.stdout.as_str()), (Some(0), "n2\n"), "{left:?}");
}

#[tokio::test]
async fn a_layout_is_planned_for_machines_that_are_not_here() {
    let fake = cluster().await;
    let told = fake.run(&["layout", "plan", "--add", "eu", "--drain", "n3", "--weight", "n2=0.5"]).await;
    let expected = "\
NODE  ZONE  WEIGHT  IN  BYTES IN  OUT  BYTES OUT  DISK AFTER
n1    eu       1.0   3   6.0 MiB    –          –           –
n2    eu       1.0   2   4.0 MiB    –          –           –
n3    eu       1.0   –         –    5   10.0 MiB           –
plan: n2: weight 1.0 (150 virtual nodes), drain n3 → 5 chunks, 10.0 MiB move; n1 3
";
    assert_eq!((told.exit, told.stdout.as_str()), (Some(0), expected), "{told:?}");
    let asked: Vec<_> = fake.state().kept.planned.iter().map(|change| (change.node, change.weight_milli)).collect();
    assert_eq!(asked, [(0, None), (2, Some(500)), (3, None)]);
    assert_eq!(fake.run(&["layout", "plan", "--drain", "n3", "--rm", "n3"]).await.exit, Some(2));
}

#[tokio::test]
async fn moves_are_watched_and_switched() {
    let fake = cluster().await;
    fake.state().kept.rebalance =
        v1::RebalanceStatusResponse { state: "waiting".to_owned(), leader: 1, epoch: 2, ..Default::default() };
    let told = fake.run(&["rebalance", "status"]).await;
    let expected = "rebalance  waiting on n1\nlayout     epoch 2 · everything is where it should be\n";
    assert_eq!(told.stdout, expected, "{told:?}");
    let dry = fake.run(&["rebalance", "stop", "--dry-run"]).await;
    let expected = "plan: stop the move, which is waiting now; it leaves 5 chunks, 10.0 MiB; n1 +3 n2 +2 n3 -5\n";
    assert_eq!(dry.stdout, expected, "{dry:?}");
    for (verb, state) in [("stop", "stopped"), ("start", "running"), ("pause", "paused"), ("resume", "running")] {
        let ordered = fake.run(&["rebalance", verb, "--json"]).await;
        assert_eq!((ordered.exit, &ordered.json()["state"]), (Some(0), &json!(state)), "{ordered:?}");
    }
}

#[tokio::test]
async fn jobs_tell_what_happened_and_are_ended_and_begun_anew() {
    let fake = cluster().await;
    let log =
        ["n3 drains", "n1 is 96 % full"].map(|text| v1::JobLine { at_ms: 1_700_000_000_000, text: text.to_owned() });
    fake.state().kept.jobs = vec![v1::Job {
        id: 7,
        kind: "drain".to_owned(),
        state: "running".to_owned(),
        node: Some(3),
        log: log.to_vec(),
        ..v1::Job::default()
    }];
    let logs = fake.run(&["job", "logs", "j7", "--utc"]).await;
    let expected = "\
WHEN                  WHAT
2023-11-14T22:13:20Z  n3 drains
2023-11-14T22:13:20Z  n1 is 96 % full
";
    assert_eq!(logs.stdout, expected, "{logs:?}");
    "running".clone_into(&mut fake.state().kept.jobs[0].state);
    let planned = fake.run(&["job", "cancel", "j7", "--dry-run"]).await;
    assert_eq!(planned.stdout, "plan: cancel j7, which is running now\n", "{planned:?}");
    assert_eq!(fake.run(&["job", "cancel", "j7"]).await.exit, Some(0));
    let watched = fake.run(&["job", "watch", "j7"]).await;
    assert_eq!(watched.exit, Some(6), "{watched:?}");
    assert_eq!(fake.run(&["job", "ls", "-q"]).await.stdout, "", "it is over");
    assert_eq!(fake.run(&["job", "retry", "j7", "-q"]).await.stdout, "j8\n");
    assert_eq!(fake.run(&["job", "watch", "j8"]).await.exit, Some(0));
}
