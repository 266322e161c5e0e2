//! Uploads against a fake daemon: what arrives, what is said of it, and how it goes on after an interruption.

use std::{path::PathBuf, process::Stdio, time::Duration};

use crate::fake::{Fake, ran};
use tokio::io::AsyncWriteExt;
use vs_core::{error::Code, hash::Hash};

const MIB: usize = 1 << 20;

/// Bytes that differ everywhere, so that none can be lost or doubled unseen.
fn film(bytes: usize) -> Vec<u8> {
    (0..bytes.div_ceil(8) as u64)
        .flat_map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes())
        .take(bytes)
        .collect()
}

fn file(fake: &Fake, name: &str, bytes: &[u8]) -> PathBuf {
    let path = fake.home.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[tokio::test]
async fn a_film_arrives_whole_and_is_told_of() {
    let fake = Fake::start().await;
    let bytes = film(5 * MIB + 17);
    let path = file(&fake, "na me $x 名前.mp4", &bytes);
    let path = path.to_str().unwrap();
    let told = fake.run(&["upload", path, "--title", "Big Buck\nBunny", "--tag", "genre=short"]).await;
    assert_eq!(told.exit, Some(0), "{told:?}");
    let id = format!("{}-0000-4000-8000-000000000000", &Hash::of(&bytes).to_string()[..8]);
    assert_eq!(told.stdout, format!("✓ Big Buck\\nBunny  {id}  9m56s  5.0 MiB (15.0 MiB stored)\n"));
    assert_eq!(told.stderr, format!("  play: vsplay {}\n", &id[..8]));
    let object = fake.run(&["upload", path, "-o", "jsonl"]).await.json();
    let keys: Vec<_> = object.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys.join(" "), "path status video_id bytes sha256 deduplicated code error");
    assert_eq!(object["sha256"], Hash::of(&bytes).to_string());
    assert_eq!((&object["status"], &object["path"]), (&"ready".into(), &path.into()));
    let state = fake.state();
    assert!(state.spools.values().all(|spool| spool.bytes == bytes));
    let first = state.spools.values().find(|spool| spool.begun_with.title == "Big Buck\nBunny").unwrap();
    assert_eq!(first.begun_with.file_name, "na me $x 名前.mp4");
    // Short files are offered by their hash.
    assert_eq!(first.begun_with.sha256, Hash::of(&bytes).0.to_vec());
    assert!(!fake.home.path().join("state/v-stack/uploads").read_dir().unwrap().any(|entry| entry.is_ok()));
}

#[tokio::test]
async fn a_daemon_that_goes_away_is_waited_for() {
    let fake = Fake::start().await;
    let bytes = film(6 * MIB);
    let path = file(&fake, "film.mp4", &bytes);
    fake.state().breaks = vec![MIB, 2 * MIB];
    let told = fake.run(&["upload", "-q", path.to_str().unwrap()]).await;
    assert_eq!((told.exit, told.stderr.as_str()), (Some(0), ""), "{told:?}");
    let state = fake.state();
    let spool = state.spools.values().next().unwrap();
    assert_eq!((state.spools.len(), spool.bytes == bytes), (1, true));
    assert_eq!(spool.began_at, [0, 2 * MIB as u64, 3 * MIB as u64]);
}

#[tokio::test]
async fn bytes_go_to_the_node_that_has_the_spool_whoever_is_asked() {
    let (asked, holder) = {
        let asked = Fake::start().await;
        let holder = asked.beside().await;
        (asked, holder)
    };
    let bytes = film(6 * MIB);
    let path = file(&asked, "film.mp4", &bytes);
    asked.state().spool_at = Some((2, holder.addr.clone()));
    asked.state().breaks = vec![2 * MIB];
    let told = asked.run(&["upload", "-q", path.to_str().unwrap()]).await;
    assert_eq!((told.exit, told.stderr.as_str()), (Some(0), ""), "{told:?}");
    let state = asked.state();
    assert!(state.spools.values().all(|spool| spool.bytes == bytes));
    assert_eq!(state.appended_at, [holder.addr.clone(), holder.addr]);
    // Beginning it again is a change of its own; the session is given back.
    assert_eq!((state.numbers.as_slice(), state.open_clients.len()), ([1, 2].as_slice(), 0));
}

#[tokio::test]
async fn a_killed_upload_goes_on_from_the_server_s_offset() {
    let fake = Fake::start().await;
    let bytes = film(70 * MIB);
    let path = file(&fake, "film.mp4", &bytes);
    let path = path.to_str().unwrap();
    let mut slow = fake.vsctl(&["upload", path, "--bwlimit", "8MiB/s", "--progress", "none"]);
    let mut child = slow.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while fake.state().spools.values().next().is_none_or(|spool| spool.bytes.len() < 4 * MIB) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    child.kill().await.unwrap();
    let told = fake.run(&["upload", "-o", "jsonl", path]).await;
    assert_eq!(told.exit, Some(0), "{told:?}");
    assert_eq!(told.json()["sha256"], Hash::of(&bytes).to_string());
    let state = fake.state();
    let spool = state.spools.values().next().unwrap();
    assert_eq!((state.spools.len(), spool.bytes == bytes), (1, true));
    assert!(spool.began_at[1] >= 4 * MIB as u64, "{:?}", spool.began_at);
}

#[tokio::test]
async fn an_interrupted_upload_says_how_to_go_on() {
    let fake = Fake::start().await;
    let path = file(&fake, "film.mp4", &film(4 * MIB));
    let path = path.to_str().unwrap();
    let mut slow = fake.vsctl(&["upload", path, "--bwlimit", "256KiB/s", "--progress", "none"]);
    let child = slow.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while fake.state().spools.values().next().is_none_or(|spool| spool.bytes.is_empty()) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let pid = child.id().unwrap().to_string();
    tokio::process::Command::new("kill").args(["-INT", &pid]).status().await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(10), child.wait_with_output()).await.unwrap().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains(&format!("vsctl upload {path}")), "{said}");
    // By its id too, from anywhere.
    let id = fake.state().spools.keys().next().unwrap()[..8].to_owned();
    let sessions = fake.run(&["session", "ls", "--json"]).await.json();
    assert_eq!(sessions["items"][0]["state"], "receiving");
    let resumed = fake.run(&["session", "resume", &id, path]).await;
    assert_eq!(resumed.exit, Some(0), "{resumed:?}");
    assert_eq!(fake.state().spools.len(), 1);
}

#[tokio::test]
async fn refused_films_are_failures_with_the_server_s_code() {
    let fake = Fake::start().await;
    fake.state().refuse = Some((b"bad".to_vec(), Code::MediaRejected));
    let bad = file(&fake, "bad.mp4", b"bad film");
    let good = file(&fake, "good.mp4", &film(100));
    let (bad, good) = (bad.to_str().unwrap(), good.to_str().unwrap());
    let alone = fake.run(&["upload", bad, "-o", "jsonl"]).await;
    assert_eq!(alone.exit, Some(1), "{alone:?}");
    assert!(alone.stderr.starts_with("error: not a media file") && alone.stderr.contains("[VS-E0102]"), "{alone:?}");
    let object = alone.json();
    assert_eq!((&object["status"], &object["code"]), (&"rejected".into(), &"VS-E0102".into()));
    let stopped = fake.run(&["upload", bad, good]).await;
    assert_eq!((stopped.exit, stopped.stdout.as_str()), (Some(1), ""), "{stopped:?}");
    let partly = fake.run(&["upload", bad, good, "--continue-on-error", "-j", "2", "--json"]).await;
    assert_eq!(partly.exit, Some(9), "{partly:?}");
    assert_eq!(partly.json()["items"].as_array().unwrap().len(), 2);
    assert!(partly.stderr.contains("1 of 2 files were uploaded"), "{partly:?}");
}

#[tokio::test]
async fn a_long_film_that_a_full_cluster_has_already_is_not_refused() {
    let fake = Fake::start().await;
    let bytes = film(70 * MIB);
    let (known, new) = (file(&fake, "film.mp4", &bytes), file(&fake, "new.mp4", &bytes[8..]));
    let (known, new) = (known.to_str().unwrap(), new.to_str().unwrap());
    assert_eq!(fake.run(&["upload", "-q", known]).await.exit, Some(0));
    assert!(fake.state().spools.values().all(|spool| spool.begun_with.sha256.is_empty()), "long files are not offered");
    fake.state().is_full = true;
    let told = fake.run(&["upload", known, "--progress", "json", "-o", "jsonl"]).await;
    assert_eq!(told.exit, Some(0), "{told:?}");
    let object = told.json();
    assert_eq!((&object["status"], &object["deduplicated"]), (&"ready".into(), &true.into()));
    assert_eq!(object["sha256"], Hash::of(&bytes).to_string());
    assert!(told.stderr.contains(r#""stage":"hashing""#) && !told.stderr.contains("sending"), "{told:?}");
    let refused = fake.run(&["upload", new]).await;
    assert!(refused.exit == Some(11) && refused.stderr.contains("[VS-E1101]"), "{refused:?}");
    // What comes through a pipe is asked about once: it cannot be hashed before it is sent.
    let mut piped = fake.vsctl(&["upload", "-"]);
    piped.stdin(std::fs::File::open(known).unwrap());
    assert_eq!(ran(piped).await.exit, Some(11));
    let state = fake.state();
    assert_eq!((state.numbers.as_slice(), state.spools.len()), ([1, 1, 2, 1, 2, 1].as_slice(), 1));
}

#[tokio::test]
async fn standard_input_has_no_length_beforehand() {
    let fake = Fake::start().await;
    let bytes = film(3 * MIB + 5);
    fake.state().breaks = vec![MIB];
    let mut piped = fake.vsctl(&["upload", "-", "--title", "piped", "-q"]);
    let mut child = piped.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&bytes).await.unwrap();
    drop(stdin);
    let ended = child.wait_with_output().await.unwrap();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let state = fake.state();
    let spool = state.spools.values().next().unwrap();
    assert_eq!((spool.begun_with.size, spool.bytes == bytes), (0, true));
}

#[tokio::test]
async fn a_stream_that_the_server_ends_is_not_taken_for_the_film_s_end() {
    let fake = Fake::start().await;
    let bytes = film(3 * MIB);
    fake.state().ends = vec![MIB];
    let mut piped = fake.vsctl(&["upload", "-", "-q"]);
    let mut child = piped.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&bytes[..MIB]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    stdin.write_all(&bytes[MIB..]).await.unwrap();
    drop(stdin);
    let ended = child.wait_with_output().await.unwrap();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(fake.state().spools.values().all(|spool| spool.bytes == bytes));
}

#[tokio::test]
async fn empty_standard_input_is_refused() {
    let fake = Fake::start().await;
    let ended = fake.run(&["upload", "-"]).await;
    assert_eq!(ended.exit, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("standard input is empty"), "{ended:?}");
}

#[tokio::test]
async fn a_file_that_grows_while_it_is_sent_is_dropped() {
    let fake = Fake::start().await;
    let path = file(&fake, "film.mp4", &film(2 * MIB));
    let mut slow = fake.vsctl(&["upload", path.to_str().unwrap(), "--bwlimit", "1MiB/s", "--progress", "none"]);
    let child = slow.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while fake.state().spools.values().next().is_none_or(|spool| spool.bytes.is_empty()) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    std::fs::write(&path, film(2 * MIB + 1)).unwrap();
    let ended = child.wait_with_output().await.unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("changed while it was read") && said.contains("[VS-E0103]"), "{said}");
    let state = fake.state();
    assert_eq!(state.spools.values().next().unwrap().session.state(), vs_wire::v1::SessionState::Aborted);
}

#[tokio::test]
async fn a_dry_run_sends_nothing_and_a_fifo_is_not_opened() {
    let fake = Fake::start().await;
    let path = file(&fake, "film.mp4", &film(2 * MIB));
    let planned = fake.run(&["upload", "--dry-run", path.to_str().unwrap()]).await;
    assert_eq!(planned.exit, Some(0));
    assert!(planned.stdout.contains("plan: upload") && planned.stdout.contains("2.0 MiB"), "{planned:?}");
    assert!(fake.state().spools.is_empty());
    let fifo = fake.home.path().join("fifo");
    tokio::process::Command::new("mkfifo").arg(&fifo).status().await.unwrap();
    let refused = fake.run(&["upload", fifo.to_str().unwrap()]).await;
    assert_eq!(refused.exit, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("not a regular file"), "{refused:?}");
}

#[tokio::test]
async fn progress_is_objects_where_asked() {
    let fake = Fake::start().await;
    let path = file(&fake, "film.mp4", &film(2 * MIB));
    let told = ran(fake.vsctl(&["upload", path.to_str().unwrap(), "--progress", "json", "-o", "name"])).await;
    let objects = told.stderr.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let stages: Vec<_> = objects.map(|object| object["stage"].as_str().unwrap().to_owned()).collect();
    assert!(stages.contains(&"sending".to_owned()) && stages.contains(&"storing".to_owned()), "{told:?}");
}
