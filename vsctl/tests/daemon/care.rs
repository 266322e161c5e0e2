//! What operators see and order of layouts, redundancy, repair, jobs and settings.

use serde_json::{Value, json};
use vs_core::{hash::Hash, layout::Scheme};
use vs_wire::{scheme_to_wire, v1};

use crate::fake::{Fake, care};

const FILM: &str = "8f3c2a1e-5b7d-4c9a-9e21-0d4f6b8a7c35";

/// Three nodes, a film with one chunk on a stand-in and one owed, and a newer layout.
async fn cluster() -> Fake {
    let fake = Fake::start().await;
    fake.add_video(FILM, "Big Buck Bunny", 12);
    let mut state = fake.state();
    for node in &mut state.nodes {
        node.addr.clone_from(&fake.addr);
        node.chunk_bytes = 100 << 20;
    }
    state.kept.layouts = vec![care::layout(1, [1, 2, 3]), care::layout(2, [1, 4, 3])];
    state.kept.part = Some(care::part());
    state.kept.redundancies = vec![v1::RedundancyInfo {
        video: FILM.to_owned(),
        title: "Big Buck Bunny".to_owned(),
        scheme: Some(scheme_to_wire(Scheme::Replicate(3))),
        wanted: Some(scheme_to_wire(Scheme::Replicate(3))),
        chosen: "auto".to_owned(),
        why: "new".to_owned(),
        logical_bytes: 100 << 20,
        physical_bytes: 300 << 20,
        wanted_bytes: 300 << 20,
        stand_ins: 1,
        owed: 1,
        ..v1::RedundancyInfo::default()
    }];
    drop(state);
    fake
}

#[tokio::test]
async fn a_layout_is_shown_with_its_shares_and_whole_in_json() {
    let fake = cluster().await;
    let told = fake.run(&["layout", "show", "--epoch", "1"]).await;
    let expected = "\
NODE  ZONE  WEIGHT  SLOTS   SHARE
n1    eu       1.0      4  33.3 %
n2    eu       1.0      4  33.3 %
n3    eu       1.0      4  33.3 %
epoch 1 · the current one is 2 · 4 slots of 3 nodes · assets placed: 9 by e1
";
    assert_eq!((told.exit, told.stdout.as_str()), (Some(0), expected), "{told:?}");
    let whole = fake.run(&["layout", "show", "--json"]).await.json();
    assert_eq!((&whole["epoch"], &whole["slots"][3]), (&json!(2), &json!(["n1", "n4", "n3"])));
    let unknown = fake.run(&["layout", "show", "--epoch", "9"]).await;
    assert_eq!((unknown.exit, unknown.stdout.as_str()), (Some(5), ""), "{unknown:?}");
}

#[tokio::test]
async fn what_nodes_hold_is_compared_with_their_weight() {
    let fake = cluster().await;
    fake.state().kept.layouts.truncate(1);
    fake.state().nodes[2].chunk_bytes = 200 << 20;
    let told = fake.run(&["layout", "balance"]).await;
    let expected = "\
NODE  SLOTS   IDEAL  ACTUAL  DEVIATION     STORED       DISK
n1        4  33.3 %  25.0 %    -25.0 %  100.0 MiB  0 B / 0 B
n2        4  33.3 %  25.0 %    -25.0 %  100.0 MiB  0 B / 0 B
n3        4  33.3 %  50.0 %    +50.0 %  200.0 MiB  0 B / 0 B
epoch 1 · standard deviation over mean: 35.4 %
";
    assert_eq!((told.exit, told.stdout.as_str()), (Some(0), expected), "{told:?}");
}

#[tokio::test]
async fn chunks_are_located_by_the_layouts_and_by_who_has_them() {
    let fake = cluster().await;
    let [first, second] = [1, 2].map(|n| Hash::of(&[n]));
    let short = |hash: Hash| hash.to_string()[..12].to_owned();
    let told = fake.run(&["layout", "locate", "8f3c"]).await;
    let expected = format!(
        "\
TRACK  SEGMENT  CHUNK            SIZE  PLACES    STAND-INS  NEWER         HELD BY
v0           0  {}  1.0 MiB  n1 n2 n3  n4 for n2  e2: n1 n4 n3  –
v0           1  {}  1.0 MiB  n1 n2 n3  n2 owed    e2: n1 n4 n3  –
",
        short(first),
        short(second)
    );
    assert_eq!((told.exit, told.stdout.as_str()), (Some(0), expected.as_str()), "{told:?}");

    fake.state().kept.held = vec![second];
    let one = fake.run(&["layout", "locate", "8f3c", "--track", "v0", "--segment", "1", "--check", "--json"]).await;
    let item = one.json()["items"][0].clone();
    assert_eq!(item["hash"], second.to_string());
    let all = ["n1", "n2", "n3"].map(|node| json!({ "node": node, "state": "stored" }));
    assert_eq!(item["holders"], Value::from(all.to_vec()), "{one:?}");
    let checked = fake.run(&["layout", "locate", "8f3c", "--check"]).await;
    assert!(checked.stderr.contains("1 of 2 chunks are where they belong"), "{checked:?}");

    // Once repaired, what the parts said of stand-ins holds no more.
    (fake.state().kept.redundancies[0].stand_ins, fake.state().kept.redundancies[0].owed) = (0, 0);
    let mended = fake.run(&["layout", "locate", "8f3c", "--json"]).await.json();
    assert_eq!(mended["items"][0]["displaced"], json!([]));

    fake.state().nodes[1].addr = "127.0.0.1:1".to_owned();
    let partly = fake.run(&["layout", "locate", "8f3c", "--check"]).await;
    assert_eq!(partly.exit, Some(9), "{partly:?}");
    let unknown = fake.run(&["layout", "locate", "8f3c", "--track", "v9"]).await;
    assert_eq!(unknown.exit, Some(5), "{unknown:?}");
}

#[tokio::test]
async fn how_films_are_kept_is_shown_chosen_and_left_to_the_policy_again() {
    let fake = cluster().await;
    let told = fake.run(&["redundancy", "show"]).await;
    let expected = "\
ID        TITLE           SCHEME        WANTED       SIZE     STORED  WHY
8f3c2a1e  Big Buck Bunny  replicate(3)  –       100.0 MiB  300.0 MiB  new
";
    assert_eq!((told.exit, told.stdout.as_str()), (Some(0), expected), "{told:?}");

    let planned = fake.run(&["redundancy", "set", "8f3c", "erasure", "--dry-run"]).await;
    let told = "Big Buck Bunny (8f3c2a1e): erasure:3+2, is replicate(3) already; \
                erasure deferred: 5 nodes needed, 3 up\n";
    assert_eq!(planned.stdout, format!("plan: {told}"), "{planned:?}");
    assert_eq!(fake.state().kept.redundancies[0].chosen, "auto");
    let set = fake.run(&["redundancy", "set", "8f3c", "erasure"]).await;
    assert_eq!((set.exit, set.stdout.as_str(), set.stderr), (Some(0), "", format!("✓ {told}")));
    let shown = fake.run(&["redundancy", "show", "8f3c", "-o", "jsonl"]).await.json();
    assert_eq!((&shown["chosen"], &shown["owed"]), (&json!("erasure:3+2"), &json!(1)));
    assert_eq!(fake.run(&["redundancy", "clear", "-q", "8f3c"]).await.stdout, format!("{FILM}\n"));
    assert_eq!(fake.state().kept.redundancies[0].chosen, "auto");

    let partly = fake.run(&["redundancy", "set", "8f3c", "0000ffff", "replicate:2"]).await;
    assert_eq!(partly.exit, Some(9), "{partly:?}");
    assert_eq!(fake.run(&["redundancy", "set", "8f3c", "raid"]).await.exit, Some(2));
}

#[tokio::test]
async fn what_is_recommended_says_what_it_saves() {
    let fake = cluster().await;
    let none = fake.run(&["redundancy", "recommend"]).await;
    assert_eq!((none.exit, none.stderr.as_str()), (Some(0), "every video is kept as it should be\n"), "{none:?}");
    let coded = Scheme::Erasure { data: 3, parity: 2 };
    fake.state().kept.redundancies[0].wanted = Some(scheme_to_wire(coded));
    fake.state().kept.redundancies[0].wanted_bytes = 170 << 20;
    let some = fake.run(&["redundancy", "recommend"]).await;
    assert!(some.stdout.contains("erasure(3+2)"), "{some:?}");
    assert_eq!(some.stderr, "about 130.0 MiB less on disks\n");
    let costs = fake.run(&["redundancy", "efficiency", "--json"]).await.json();
    let modes: Vec<_> = costs["items"].as_array().unwrap().iter().map(|item| item["mode"].clone()).collect();
    assert_eq!(modes, ["replicate(3)", "erasure(3+2)"]);
    assert_eq!((&costs["items"][0]["ratio"], &costs["items"][1]["ratio"]), (&json!(3.0), &Value::Null));
}

#[tokio::test]
async fn repair_is_watched_and_switched() {
    let fake = cluster().await;
    fake.state().kept.repair = v1::RepairStatusResponse {
        state: "running".to_owned(),
        leader: 1,
        chunks_degraded: 3,
        last_pass_at_ms: Some(1_700_000_000_000),
        waiting: vec!["n3 is down: 3 chunks wait".to_owned()],
        ..v1::RepairStatusResponse::default()
    };
    let told = fake.run(&["repair", "status"]).await;
    assert_eq!(told.exit, Some(0), "{told:?}");
    assert!(
        told.stdout.starts_with("repair    running on n1\nchunks    0 healthy · 3 degraded · 0 missing"),
        "{told:?}"
    );
    assert!(told.stdout.ends_with("waiting   n3 is down: 3 chunks wait\n"), "{told:?}");
    let planned = fake.run(&["repair", "pause", "--dry-run"]).await;
    assert_eq!(planned.stdout, "plan: pause repair; it is running now\n", "{planned:?}");
    let paused = fake.run(&["repair", "pause", "--json"]).await;
    assert_eq!((paused.exit, &paused.json()["state"]), (Some(0), &json!("paused")));
    assert_eq!(fake.run(&["repair", "resume"]).await.exit, Some(0));
    assert_eq!(fake.state().kept.repair.state, "running");
    assert_eq!(fake.run(&["repair", "status", "-q"]).await.stdout, "", "nothing that has an id goes on");
    fake.state().kept.repair.job = Some(7);
    assert_eq!(fake.run(&["repair", "status", "-q"]).await.stdout, "j7\n");
    fake.state().kept.repair.chunks_missing = 1;
    assert_eq!(fake.run(&["repair", "status"]).await.exit, Some(8));
}

#[tokio::test]
async fn jobs_are_listed_followed_and_paused() {
    let fake = cluster().await;
    let job = |id, state: &str| v1::Job {
        id,
        kind: "repair".to_owned(),
        state: state.to_owned(),
        began_at_ms: 1_700_000_000_000,
        bytes_total: 4 << 20,
        bytes_done: 1 << 20,
        what: "n3 is down".to_owned(),
        ..v1::Job::default()
    };
    fake.state().kept.jobs = vec![job(7, "running"), job(8, "done"), job(9, "failed")];
    assert_eq!(fake.run(&["job", "ls", "-q"]).await.stdout, "j7\n");
    assert_eq!(fake.run(&["job", "ls", "--all", "-q"]).await.stdout, "j7\nj8\nj9\n");
    let shown = fake.run(&["job", "show", "7"]).await;
    assert!(shown.stdout.starts_with("j7  repair  running  n3 is down\n  progress  25% of 4.0 MiB"), "{shown:?}");
    let planned = fake.run(&["job", "pause", "j7", "--dry-run"]).await;
    assert_eq!(planned.stdout, "plan: pause j7, which is running now\n", "{planned:?}");
    assert_eq!(fake.run(&["job", "pause", "j7"]).await.exit, Some(0));
    let ends = [("j7", 6), ("j8", 0), ("j9", 1), ("j5", 5)];
    for (id, exit) in ends {
        let watched = fake.run(&["job", "watch", id]).await;
        assert_eq!(watched.exit, Some(exit), "{watched:?}");
    }
}

#[tokio::test]
async fn settings_are_read_and_set_in_their_units() {
    let fake = cluster().await;
    let setting = |name: &str, unit: &str, value| v1::Setting {
        name: name.to_owned(),
        unit: unit.to_owned(),
        value,
        default: value,
        max: value * 2,
        ..v1::Setting::default()
    };
    let settings = [
        setting("repair.grace", "ms", 300_000),
        setting("repair.rate", "bytes_per_s", 64 << 20),
        setting("policy.hot_views", "count", 1_000),
    ];
    fake.state().kept.settings = settings.to_vec();
    let listed = fake.run(&["settings", "ls", "--columns", "name,value"]).await;
    let expected = "SETTING                VALUE\nrepair.grace            5min\nrepair.rate       64.0 MiB/s\n\
                    policy.hot_views        1000\n";
    assert_eq!(listed.stdout, expected, "{listed:?}");
    for (name, value, key, expected) in [
        ("repair.grace", "5s", "value_ms", 5_000_u64),
        ("repair.rate", "50MiB/s", "value", 50 << 20),
        ("policy.hot_views", "7", "value", 7),
    ] {
        let set = fake.run(&["settings", "set", name, value, "--json"]).await;
        assert_eq!(set.json()[key], expected, "{set:?}");
    }
    for (name, value) in [("repair.rate", "5s"), ("policy.hot_views", "5s"), ("repair.grace", "7")] {
        let refused = fake.run(&["settings", "set", name, value]).await;
        assert_eq!(refused.exit, Some(2), "{refused:?}");
    }
    assert_eq!(fake.run(&["settings", "set", "no.such", "7"]).await.exit, Some(5));
}
