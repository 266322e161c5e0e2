//! The library's verbs against a fake daemon: what is printed, where, and with what exit code.

use crate::fake::{Fake, ran, vsctl};
use serde_json::{Value, json};

const BUNNY: &str = "8f3c2a1e-5b7d-4c9a-9e21-0d4f6b8a7c35";
const OTHER: &str = "8f3caaaa-5b7d-4c9a-9e21-0d4f6b8a7c35";

async fn library() -> Fake {
    let fake = Fake::start().await;
    fake.add_video(BUNNY, "Big Buck Bunny", 12);
    fake.add_video(OTHER, "名前 \x1b[31m\"q\"", 2_000);
    for n in 0..3 {
        fake.add_video(&format!("0000000{n}-0000-4000-8000-000000000000"), &format!("film {n}"), n);
    }
    fake
}

fn ids(document: &Value) -> Vec<String> {
    let items = document["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap()[..8].to_owned()).collect()
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    let fake = library().await;
    let all = fake.run(&["ls", "--json"]).await;
    assert_eq!(all.exit, Some(0), "{all:?}");
    assert_eq!(ids(&all.json()).len(), 5);
    assert_eq!(all.json()["next"], Value::Null);
    let keys: Vec<_> = all.json()["items"][0].as_object().unwrap().keys().cloned().collect();
    let contract = "id title status duration_ms views scheme logical_bytes physical_bytes created_at tracks";
    assert_eq!(keys.join(" "), contract);
    let sorted = fake.run(&["-o", "json", "ls", "--filter", "views>=2", "--sort", "-views", "--limit", "2"]).await;
    assert_eq!(ids(&sorted.json()), ["8f3caaaa", "8f3c2a1e"]);
    let next = sorted.json()["next"].as_str().unwrap().to_owned();
    let more = ["ls", "--json", "--filter", "views>=2", "--sort", "-views", "--limit", "2", "--page-token", &next];
    assert_eq!(ids(&fake.run(&more).await.json()), ["00000002"]);
    // In the server's order too, page after page, nothing twice and nothing left out.
    let (mut seen, mut token) = (Vec::new(), "0.".to_owned());
    loop {
        let page = fake.run(&["ls", "--json", "--limit", "1", "--page-token", &token]).await.json();
        seen.extend(ids(&page));
        match page["next"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, ids(&all.json()));
}

#[tokio::test]
async fn what_people_typed_is_shown_escaped() {
    let fake = library().await;
    for format in ["table", "wide", "json", "jsonl", "yaml", "csv", "name"] {
        let shown = fake.run(&["ls", "-o", format]).await;
        assert_eq!(shown.exit, Some(0), "{shown:?}");
        assert!(!shown.stdout.contains('\x1b'), "{format}: {}", shown.stdout);
        assert_eq!(shown.stdout.contains("名前"), format != "name", "{format}");
    }
    let quiet = fake.run(&["ls", "-q", "--limit", "1"]).await;
    assert_eq!((quiet.stdout, quiet.stderr), (format!("{BUNNY}\n"), String::new()));
}

#[tokio::test]
async fn one_video_is_shown_by_prefix_title_and_last() {
    let fake = library().await;
    for name in ["8f3c2a1e", "Big Buck Bunny"] {
        let shown = fake.run(&["show", name, "--json"]).await.json();
        assert_eq!((&shown["id"], &shown["redundancy"]["healthy"]), (&json!(BUNNY), &json!(4)));
        assert_eq!(shown["tracks"], json!([]));
    }
    let last = fake.run(&["describe", "@last", "-o", "name"]).await;
    assert_eq!(last.stdout, "00000002-0000-4000-8000-000000000000\n");
    let ambiguous = fake.run(&["show", "8f3c"]).await;
    assert_eq!(ambiguous.exit, Some(2));
    assert!(ambiguous.stderr.contains("[VS-E0502]") && ambiguous.stderr.contains("  8f3caaaa"), "{ambiguous:?}");
    let unknown = fake.run(&["show", "ffff"]).await;
    assert_eq!((unknown.exit, unknown.stdout.as_str()), (Some(5), ""));
    assert!(unknown.stderr.starts_with("error: no video `ffff`") && unknown.stderr.contains("[VS-E0501]"));
}

#[tokio::test]
async fn removing_can_be_undone_and_purging_asks() {
    let fake = library().await;
    let planned = fake.run(&["rm", BUNNY, "--dry-run"]).await;
    assert!(planned.stdout.starts_with("plan: Big Buck Bunny"), "{planned:?}");
    assert_eq!(ids(&fake.run(&["ls", "--json"]).await.json()).len(), 5);
    let partly = fake.run(&["rm", BUNNY, "ffff"]).await;
    assert_eq!(partly.exit, Some(9), "{partly:?}");
    assert!(partly.stderr.contains("undo: vsctl video restore 8f3c2a1e"), "{partly:?}");
    assert!(partly.stderr.contains("[VS-E0501]") && partly.stderr.contains("[VS-E0901]"), "{partly:?}");
    assert_eq!(ids(&fake.run(&["ls", "--json", "--filter", "status=trashed"]).await.json()), ["8f3c2a1e"]);
    assert_eq!(fake.run(&["video", "restore", BUNNY]).await.exit, Some(0));
    let refused = fake.run(&["video", "purge", BUNNY]).await;
    assert_eq!(refused.exit, Some(12));
    assert!(refused.stderr.contains("[VS-E1201]") && refused.stderr.contains("nothing was changed"), "{refused:?}");
    assert_eq!(ids(&fake.run(&["ls", "--json"]).await.json()).len(), 5);
    let purged = fake.run(&["video", "purge", BUNNY, "-y", "-q"]).await;
    assert_eq!((purged.exit, purged.stdout, purged.stderr), (Some(0), format!("{BUNNY}\n"), String::new()));
    assert_eq!(fake.run(&["show", BUNNY]).await.exit, Some(5));
}

#[tokio::test]
async fn titles_are_edited() {
    let fake = library().await;
    let edited = fake.run(&["video", "edit", BUNNY, "--title", "New", "--json"]).await;
    assert_eq!(edited.json()["items"][0]["title"], "New");
    let nothing = fake.run(&["video", "edit", BUNNY]).await;
    assert_eq!(nothing.exit, Some(2));
}

#[tokio::test]
async fn nodes_and_status_are_told() {
    let fake = library().await;
    let nodes = fake.run(&["node", "ls", "--json"]).await.json();
    let keys: Vec<_> = nodes["items"][0].as_object().unwrap().keys().cloned().collect();
    let contract = "id addr roles zone state leader disk_used_bytes disk_total_bytes chunks latency_ms version";
    assert_eq!(keys.join(" "), format!("{contract} weight voter"));
    assert_eq!((&nodes["items"][0]["id"], &nodes["items"][0]["latency_ms"]), (&json!("n1"), &Value::Null));
    let status = fake.run(&["status"]).await;
    assert!(status.stdout.contains("n1 leads term 2"), "{status:?}");
    let stale = fake.run(&["--stale", "ls"]).await;
    assert!(stale.stderr.contains("stale: ") && stale.stderr.contains("120ms ago"), "{stale:?}");
}

#[tokio::test]
async fn usage_and_reach_have_their_codes() {
    let home = tempfile::tempdir().unwrap();
    for (args, exit, code) in [
        (&["ls", "--nosuch"][..], 2, "VS-E0201"),
        (&["ls", "--filter", "colour=red"], 2, "VS-E0201"),
        (&["ls", "--columns", "colour"], 2, "VS-E0201"),
        (&["ls", "-e", "nowhere"], 2, "VS-E0201"),
        (&["ls", "--json", "-o", "csv"], 2, "VS-E0201"),
        (&["ls", "-e", "127.0.0.1:1"], 7, "VS-E0702"),
        (&["ls", "-C", "nosuch"], 5, "VS-E0501"),
        (&["upload", "x.mp4", "--renditions", "auto"], 13, "VS-E1301"),
        (&["upload", "nosuch.mp4", "-e", "127.0.0.1:1"], 5, "VS-E0501"),
        (&["upload", "/dev/null"], 2, "VS-E0201"),
        (&["upload", "/"], 2, "VS-E0201"),
        (&["config", "set", "timeout", "soon"], 2, "VS-E0201"),
        (&["context", "use", "nosuch"], 5, "VS-E0501"),
    ] {
        let ended = ran(vsctl(home.path(), args)).await;
        assert_eq!(ended.exit, Some(exit), "{args:?}: {ended:?}");
        assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains(code), "{args:?}: {ended:?}");
        assert_eq!(ended.stdout, "", "{args:?}");
    }
    let version = ran(vsctl(home.path(), &["--version"])).await;
    assert!(version.stdout.starts_with("vsctl 0.") && version.stdout.contains('('), "{version:?}");
}

#[tokio::test]
async fn contexts_are_kept_and_their_origin_is_known() {
    let fake = library().await;
    let run = async |args: &[&str]| ran(vsctl(fake.home.path(), args)).await;
    assert_eq!(run(&["context", "add", "home", &fake.addr]).await.exit, Some(0));
    assert_eq!(run(&["context", "add", "away", "127.0.0.1:1", "--dry-run"]).await.exit, Some(0));
    assert_eq!(run(&["ls"]).await.exit, Some(0));
    let contexts = run(&["context", "ls", "--json"]).await.json();
    assert_eq!(contexts["items"], json!([{ "name": "home", "current": true, "endpoints": [fake.addr] }]));
    let mut viewed = vsctl(fake.home.path(), &["config", "view", "--origin", "--json", "--timeout", "9s"]);
    viewed.env("VSCTL_STALE", "1");
    let items = ran(viewed).await.json()["items"].clone();
    let origin = |key: &str| {
        let item = items.as_array().unwrap().iter().find(|item| item["key"] == key).unwrap();
        item["origin"].as_str().unwrap().to_owned()
    };
    assert_eq!(origin("endpoints"), "context home");
    assert_eq!(origin("timeout"), "flag --timeout");
    assert_eq!(origin("stale"), "environment VSCTL_STALE");
    assert_eq!(origin("color"), "default");
    std::fs::write(fake.home.path().join("config/v-stack/config.toml"), "[defaults]\n\ntimeuot = 1\n").unwrap();
    let wrong = run(&["ls"]).await;
    assert_eq!(wrong.exit, Some(3));
    assert!(
        wrong.stderr.contains("line 3: unknown field `timeuot`") && wrong.stderr.contains("[VS-E0301]"),
        "{wrong:?}"
    );
    assert_eq!(run(&["config", "path"]).await.exit, Some(0));
}

#[tokio::test]
async fn a_pipe_that_is_closed_early_is_no_error() {
    let fake = library().await;
    let script = format!("{} ls --json; echo $? >&2", env!("CARGO_BIN_EXE_vsctl"));
    let mut shell = tokio::process::Command::new("bash");
    shell.args(["-c", &format!("{{ sleep 0.3; {script}; }} | true")]);
    shell.env("VSCTL_ENDPOINT", &fake.addr).env("HOME", fake.home.path());
    let ended = ran(shell).await;
    assert_eq!(ended.stderr, "0\n");
}

#[tokio::test]
async fn completion_knows_ids_and_is_silent_without_a_daemon() {
    let fake = library().await;
    let complete = async |endpoint: &str, words: &[&str]| {
        let mut command = vsctl(fake.home.path(), &["--"]);
        command.args(words).env("COMPLETE", "fish").env("VSCTL_ENDPOINT", endpoint);
        let started = std::time::Instant::now();
        (ran(command).await, started.elapsed())
    };
    let (found, _) = complete(&fake.addr, &["vsctl", "show", "8f3c"]).await;
    assert!(found.stdout.contains(&format!("{BUNNY}\tBig Buck Bunny")), "{found:?}");
    assert!(!found.stdout.contains('\x1b'), "{found:?}");
    let (nothing, took) = complete("192.0.2.1:1", &["vsctl", "show", "8f3c"]).await;
    assert_eq!((nothing.stdout.trim(), nothing.stderr.as_str()), ("", ""));
    assert!(took < std::time::Duration::from_secs(2), "{took:?}");
}
