//! The cluster's verbs against a fake one of three: what is printed, what changes, and what a minority still answers.

use std::process::Stdio;

use crate::fake::{Fake, ran, vsctl};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

fn keys(object: &Value) -> String {
    object.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn the_status_has_the_table_and_the_keys_of_the_contract() {
    let fake = Fake::start().await;
    let told = fake.run(&["cluster", "status"]).await;
    let expected = "\
NODE  STATE     TERM  LAST  COMMIT  APPLIED  MATCH  LAG  HEARTBEAT
n1    LEADER    2     40    40      40       –      0    –
n2    FOLLOWER  2     40    40      40       40     0    12 ms
n3    FOLLOWER  2     40    40      40       40     0    12 ms
voters 3 · quorum 2 · can lose 1 · last election 02:14:09 ago
";
    assert_eq!((told.exit, told.stdout.as_str()), (Some(0), expected), "{told:?}");
    let object = fake.run(&["cluster", "status", "--json"]).await.json();
    assert_eq!(keys(&object), "leader term quorum voters members");
    assert_eq!(keys(&object["members"][0]), "id addr state term last commit applied match lag heartbeat_ms");
    assert_eq!((&object["leader"], &object["members"][0]["match"]), (&json!("n1"), &Value::Null));
    fake.state().cluster.leader = None;
    assert_eq!(fake.run(&["cluster", "show", "--json"]).await.json()["leader"], Value::Null);
    let members = fake.run(&["cluster", "members"]).await;
    let expected = "\
NODE  ADDR         MEMBER  STATE     ROLES             ZONE
n1    127.0.0.1:1  voter   leader    metadata,storage  eu-1
n2    127.0.0.1:2  voter   follower  metadata,storage  eu-2
n3    127.0.0.1:3  voter   follower  metadata,storage  eu-3
";
    assert_eq!(members.stdout, expected);
}

#[tokio::test]
async fn a_minority_reads_stale_with_its_age_and_refuses_the_rest_with_what_to_do() {
    let fake = Fake::start().await;
    fake.add_video("8f3c2a1e-5b7d-4c9a-9e21-0d4f6b8a7c35", "Big Buck Bunny", 12);
    fake.state().no_quorum = true;
    for args in [&["cluster", "status"][..], &["ls"], &["rm", "8f3c"], &["node", "set", "n2", "--weight", "2"]] {
        let refused = fake.run(args).await;
        assert_eq!((refused.exit, refused.stdout.as_str()), (Some(7), ""), "{args:?}: {refused:?}");
        let expected = "error: no quorum: 1 of 3 voters reachable (need 2)                     [VS-E0701]\n  \
                        n2 10.0.0.12:7400  connection refused\n\
                        hint: reads still work with --stale; see `vsctl help consistency`\n";
        assert_eq!(refused.stderr, expected, "{args:?}");
    }
    for args in [&["--stale", "cluster", "status"][..], &["ls", "--stale"], &["node", "show", "n2", "--stale"]] {
        let told = fake.run(args).await;
        assert_eq!(told.exit, Some(0), "{args:?}: {told:?}");
        assert!(told.stderr.contains("stale: ") && told.stderr.contains("120ms ago"), "{args:?}: {told:?}");
    }
    assert!(fake.state().numbers.is_empty());
    // With an endpoint on the other side it is found.
    let majority = Fake::start().await;
    let both = format!("{},{}", fake.addr, majority.addr);
    assert_eq!(fake.run(&["cluster", "status", "-e", &both]).await.exit, Some(0));
}

#[tokio::test]
async fn topics_are_found_by_help() {
    let home = tempfile::tempdir().unwrap();
    for args in [&["help", "consistency"][..], &["consistency"]] {
        let told = ran(vsctl(home.path(), args)).await;
        assert_eq!(told.exit, Some(0), "{told:?}");
        assert!(told.stdout.contains("--stale") && told.stdout.contains("VS-E0701"), "{told:?}");
        assert!(told.stdout.lines().all(|line| line.chars().count() <= 80), "{told:?}");
    }
    assert!(ran(vsctl(home.path(), &["--help"])).await.stdout.contains("vsctl help consistency"));
}

#[tokio::test]
async fn changes_are_numbered_and_the_session_is_given_back() {
    let fake = Fake::start().await;
    for n in 0..3 {
        fake.add_video(&format!("0000000{n}-0000-4000-8000-000000000000"), &format!("film {n}"), n);
    }
    assert_eq!(fake.run(&["rm", "film 0", "film 1", "film 2"]).await.exit, Some(0));
    assert_eq!(fake.state().numbers, [1, 2, 3]);
    assert!(fake.state().open_clients.is_empty());
}

#[tokio::test]
async fn the_lead_is_handed_over() {
    let fake = Fake::start().await;
    let planned = fake.run(&["cluster", "transfer", "n3", "--dry-run"]).await;
    assert_eq!(planned.stdout, "plan: n1 hands over to n3\n", "{planned:?}");
    assert_eq!(fake.state().cluster.leader, Some(1));
    let done = fake.run(&["cluster", "transfer"]).await;
    assert_eq!(done.stdout, "✓ n2 leads, term 3, nobody led for 210 ms\n", "{done:?}");
    let object = fake.run(&["cluster", "transfer", "3", "--json"]).await.json();
    assert_eq!(object, json!({ "from": "n2", "to": "n3", "term": 3, "took_ms": 210 }));
    let again = fake.run(&["cluster", "transfer", "n3"]).await;
    assert_eq!(again.stdout, "n3 leads already, term 2\n", "{again:?}");
}

#[tokio::test]
async fn snapshots_and_comparisons_have_a_row_a_node_and_their_own_exits() {
    let fake = Fake::start().await;
    let taken = fake.run(&["cluster", "snapshot", "n2"]).await;
    let expected = "NODE  INDEX     SIZE  WHY NOT\nn2       40  4.0 KiB  –\n";
    assert_eq!((taken.exit, taken.stdout.as_str()), (Some(0), expected), "{taken:?}");
    let planned = fake.run(&["cluster", "snapshot", "--dry-run"]).await;
    assert_eq!(planned.stdout, "plan: make a snapshot on n1 n2 n3\n");
    fake.state().snapshots[2].why = "no answer within 2s".to_owned();
    let partly = fake.run(&["cluster", "snapshot"]).await;
    assert_eq!(partly.exit, Some(9), "{partly:?}");
    assert!(partly.stdout.contains("n3        –        –  no answer within 2s"), "{partly:?}");
    assert!(partly.stderr.contains("1 of 3 made no snapshot") && partly.stderr.contains("  n3\n"), "{partly:?}");

    let alike = fake.run(&["cluster", "verify"]).await;
    let expected = "\
NODE  SAME  RECORDS  CHAIN         STATE         WHY NOT
n1    yes         9  cdcdcdcdcdcd  abababababab  –
n2    yes         9  cdcdcdcdcdcd  abababababab  –
n3    yes         9  cdcdcdcdcdcd  abababababab  –
";
    assert_eq!((alike.exit, alike.stdout.as_str()), (Some(0), expected), "{alike:?}");
    assert_eq!(alike.stderr, "✓ n1 n2 n3 alike after entry 41\n");
    fake.state().replicas[1].same = None;
    let silent = fake.run(&["cluster", "verify"]).await;
    assert_eq!(silent.exit, Some(9), "{silent:?}");
    assert!(silent.stderr.contains("n2 did not answer") && silent.stderr.contains("entry 41"), "{silent:?}");
    fake.state().replicas[2].same = Some(false);
    let other = fake.run(&["cluster", "verify", "--json"]).await;
    assert_eq!(other.exit, Some(8), "{other:?}");
    assert!(other.stderr.contains("n3 differ") && other.stderr.contains("[VS-E0801]"), "{other:?}");
    assert_eq!(other.json()["items"][2]["same"], false);
    assert_eq!(other.json()["items"][0]["chain"], "cd".repeat(32));
}

#[tokio::test]
async fn a_watch_goes_on_at_another_node_until_it_is_interrupted() {
    let first = Fake::start().await;
    let second = first.beside().await;
    let both = format!("{},{}", first.addr, second.addr);
    let mut command = first.vsctl(&["cluster", "watch", "-o", "jsonl", "-e", &both]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told_by = Vec::new();
    while told_by.len() < 4 {
        let line = lines.next_line().await.unwrap().expect("it goes on");
        let object: Value = serde_json::from_str(&line).unwrap();
        assert!(keys(&object).starts_with("leader term quorum voters members at "), "{line}");
        told_by.push(object["members"][0]["addr"].as_str().unwrap().to_owned());
    }
    assert_eq!(told_by, [&first.addr, &first.addr, &second.addr, &second.addr].map(String::as_str));
    let pid = child.id().unwrap().to_string();
    tokio::process::Command::new("kill").args(["-INT", &pid]).status().await.unwrap();
    assert_eq!(child.wait().await.unwrap().code(), Some(130));
    let nobody = first.run(&["cluster", "watch", "-e", "127.0.0.1:1"]).await;
    assert_eq!(nobody.exit, Some(7), "{nobody:?}");
}

#[tokio::test]
async fn nodes_are_shown_set_and_removed() {
    let fake = Fake::start().await;
    let listed = fake.run(&["node", "ls"]).await;
    let expected = "\
NODE         ADDR         ROLES             ZONE  STATE       DISK  CHUNKS  LATENCY  VERSION
n1 (leader)  127.0.0.1:1  metadata,storage  eu-1  up     0 B / 0 B       0        –  –
n2 (voter)   127.0.0.1:2  metadata,storage  eu-2  up     0 B / 0 B       0        –  –
n3 (voter)   127.0.0.1:3  metadata,storage  eu-3  up     0 B / 0 B       0        –  –
";
    assert_eq!(listed.stdout, expected);
    let shown = fake.run(&["node", "show", "n2"]).await;
    for line in ["n2  127.0.0.1:2  up\n", "  weight    1.0\n", "  heard     12ms ago\n", "voter, follower, term 2"] {
        assert!(shown.stdout.contains(line), "{line}: {shown:?}");
    }
    assert_eq!(fake.run(&["node", "get", "n2", "--json"]).await.json()["member"]["id"], "n2");
    assert_eq!(fake.run(&["node", "show", "n9"]).await.exit, Some(5));

    let done = fake.run(&["node", "set", "n2", "--zone", "us-1", "--weight", "0.5"]).await;
    assert_eq!(done.stdout, "✓ n2: zone us-1, weight 0.5\n", "{done:?}");
    assert_eq!(fake.run(&["node", "set", "n2"]).await.exit, Some(2));

    let unasked = fake.run(&["node", "rm", "n3"]).await;
    assert_eq!(unasked.exit, Some(12), "{unasked:?}");
    assert_eq!(fake.run(&["node", "rm", "n3", "--dry-run"]).await.stdout, "plan: -n3 → nothing moves\n");
    assert_eq!(fake.state().nodes[2].state, "up");
    let removed = fake.run(&["node", "delete", "n3", "-y"]).await;
    assert_eq!((removed.exit, removed.stdout.as_str()), (Some(0), "✓ removed n3 (127.0.0.1:3)\n"), "{removed:?}");
    assert_eq!(fake.state().nodes[2].state, "out");
    let status = fake.run(&["status"]).await;
    assert!(status.stdout.contains("nodes     2 up · 1 out (n3)\n"), "{status:?}");
}

#[tokio::test]
async fn pings_are_counted() {
    let fake = Fake::start().await;
    let none = fake.run(&["node", "ping", "--json"]).await;
    assert_eq!(none.exit, Some(7), "{none:?}");
    assert_eq!(keys(&none.json()["items"][0]), "id addr sent answered min_us avg_us max_us why");
    // What answers a ping, on one connection after another.
    let chunks = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    fake.state().nodes[1].addr = chunks.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut wire, _)) = chunks.accept().await {
            tokio::spawn(async move {
                let (read, mut write) = wire.split();
                let mut lines = BufReader::new(read).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    if line.is_empty() {
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                        tokio::io::AsyncWriteExt::write_all(&mut write, answer).await.unwrap();
                    }
                }
            });
        }
    });
    let some = fake.run(&["node", "ping", "--json"]).await;
    assert_eq!(some.exit, Some(9), "{some:?}");
    let items = some.json()["items"].clone();
    assert_eq!((&items[1]["answered"], &items[0]["answered"]), (&json!(5), &json!(0)));
    assert!(items[1]["min_us"].as_u64() <= items[1]["max_us"].as_u64());
    assert_eq!(fake.run(&["node", "ping", "n2"]).await.exit, Some(0));
}
