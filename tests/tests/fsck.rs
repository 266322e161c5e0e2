//! `vsd fsck` and `vsd inspect` on directories that a real node made: what they find, what they mend, and that looking
//! changes nothing.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
};

use nix::sys::{signal::Signal, stat::Mode};
use serde_json::Value;
use vs_tests::{
    Node, Said,
    clip::{Clip, numbered},
    program::{self, bare, keys, run},
    sha256,
};

const RECORD_HEADER: u64 = 128;
/// Where the first of a superblock's records begins.
const FIRST_RECORD: u64 = 8192;

fn vsd(args: &[&str], data_dir: &Path) -> Said {
    run(bare(program::path("vsd")).args(args).arg("--data-dir").arg(data_dir))
}

/// `vsd fsck` with further flags.
fn fsck(node: &Node, flags: &[&str]) -> Said {
    vsd(&[&["fsck"], flags].concat(), &node.data_dir())
}

/// Everything in a folder: names, contents, and times of the last change.
fn picture(folder: &Path) -> BTreeMap<PathBuf, (Option<String>, i64, i64)> {
    let mut seen = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        let about = path.symlink_metadata().expect("it is there");
        if about.is_dir() {
            open.extend(fs::read_dir(&path).expect("readable").map(|entry| entry.expect("readable").path()));
        }
        let content = about.is_file().then(|| sha256(&path));
        seen.insert(path, (content, about.mtime(), about.mtime_nsec()));
    }
    seen
}

fn superblock(node: &Node, number: u32) -> PathBuf {
    node.data_dir().join("chunks").join(format!("{number:08}.vsb"))
}

/// Flips a bit of a file.
fn flip(path: &Path, offset: u64) {
    let file = OpenOptions::new().read(true).write(true).open(path).expect("a file");
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).expect("within the file");
    file.write_all_at(&[byte[0] ^ 4], offset).expect("written");
}

/// The records of a superblock, as `vsd inspect` lists them.
fn records(node: &Node, number: u32) -> Vec<Value> {
    let said = vsd(&["inspect", "superblock", &number.to_string(), "--json"], &node.data_dir()).ok().json();
    said["records"].as_array().expect("a list").clone()
}

fn findings(said: &Said, severity: &str) -> Vec<Value> {
    let all = said.json()["findings"].as_array().expect("a list").clone();
    all.into_iter().filter(|finding| finding["severity"] == severity).collect()
}

fn kinds(said: &Said, severity: &str) -> Vec<String> {
    findings(said, severity).iter().map(|finding| finding["kind"].as_str().expect("a kind").to_owned()).collect()
}

/// A node with one film, stopped as it should be.
fn stopped() -> (Node, String) {
    let mut node = Node::start(&[]);
    let video = node.tools().upload(&numbered(Clip::Film, 1, &node.work()), &["--title", "Only\u{1b}[31m Copy"]);
    assert_eq!(node.stop(Signal::SIGTERM), 143);
    (node, video.id)
}

#[test]
fn a_store_that_was_stopped_is_clean_and_looking_changes_nothing() {
    let (mut node, video) = stopped();
    let before = picture(&node.data_dir());
    let said = fsck(&node, &[]).ok();
    assert!(said.out().contains("clean") && said.out().contains("d1"), "{said}");
    let deep = fsck(&node, &["--deep", "--json"]).ok();
    let report = deep.json();
    assert_eq!(keys(&report), ["data_dir", "deep", "fix", "clean", "dirs", "metadata", "findings"]);
    assert!(report["clean"] == true && report["findings"].as_array().is_some_and(Vec::is_empty), "{deep}");
    let (dir, metadata) = (&report["dirs"][0], &report["metadata"]);
    assert_eq!(dir["chunks"], metadata["chunks_named"], "{deep}");
    assert!(dir["sealed"] == 1 && metadata["records"].as_u64() > Some(0), "{deep}");
    let listed = records(&node, 1);
    assert_eq!(dir["chunks"].as_u64(), Some(listed.len() as u64));
    let hash = listed[0]["hash"].as_str().expect("a hash");
    let _ = vsd(&["inspect", "chunk", &hash[..8]], &node.data_dir()).ok();
    assert_eq!(picture(&node.data_dir()), before, "not a byte, not a time");

    let fixed = fsck(&node, &["--deep", "--fix", "--json"]).ok();
    assert_eq!(kinds(&fixed, "mended"), Vec::<String>::new(), "there is nothing to mend");

    node.restart();
    let busy = fsck(&node, &["--fix"]);
    busy.fails(6, "VS-E0601");
    let pid = node.pid().to_string();
    assert!(busy.err.contains(&format!("process {pid}")) && busy.err.contains(&format!("kill {pid}")), "{busy}");
    fsck(&node, &[]).fails(6, "VS-E0601");
    assert_eq!(records(&node, 1).len(), listed.len(), "inspecting needs nobody to stop");
    assert_eq!(node.tools().show(&video)["id"], video.as_str());
}

#[test]
fn a_bad_payload_is_found_by_reading_it_and_named_with_whom_it_costs() {
    let (node, video) = stopped();
    let bad = records(&node, 1)[2].clone();
    let (hash, offset) = (bad["hash"].as_str().expect("a hash"), bad["offset"].as_u64().expect("an offset"));
    flip(&superblock(&node, 1), offset + RECORD_HEADER + 1000);
    let _ = fsck(&node, &[]).ok();

    let said = fsck(&node, &["--deep"]);
    assert_eq!(said.code, 1, "{said}");
    for part in [hash, "superblock 1:", &format!(" at {offset},"), &video[..8], "1 finding needs attention"] {
        assert!(said.out().contains(part), "{part}: {said}");
    }
    assert!(vs_tests::is_harmless(&said.out()), "{said}");
    assert!(said.err.starts_with("hint: ") && said.err.contains("vsctl upload"), "{said}");
    let fixed = fsck(&node, &["--deep", "--fix", "--json"]);
    assert_eq!((fixed.code, kinds(&fixed, "attention")), (1, vec!["quarantined".to_owned()]), "{fixed}");
    let finding = &findings(&fixed, "attention")[0];
    assert_eq!(
        (&finding["hash"], &finding["superblock"], &finding["offset"]),
        (&bad["hash"], &1.into(), &offset.into())
    );

    assert_eq!(records(&node, 1)[2]["state"], "bad_payload");
    let chunk = vsd(&["inspect", "chunk", hash, "--asset", "1", "--json"], &node.data_dir()).ok().json();
    let item = &chunk["items"][0];
    assert_eq!((&item["live"], &item["crc32c"], &item["offset"]), (&true.into(), &"bad".into(), &offset.into()));
    let text = vsd(&["inspect", "chunk", &hash[..10]], &node.data_dir()).ok();
    assert!(text.out().contains("live") && text.out().contains("bad"), "{text}");

    // a header, which nobody needs the payload to see
    flip(&superblock(&node, 1), FIRST_RECORD + 20);
    let plain = fsck(&node, &["--json"]);
    assert_eq!((plain.code, kinds(&plain, "attention")), (1, vec!["quarantined".to_owned()]), "{plain}");
}

#[test]
fn what_a_crash_leaves_is_normal_and_what_can_be_mended_is() {
    let mut node = Node::start(&[]);
    let film = numbered(Clip::Film, 1, &node.work());
    let video = node.tools().upload(&film, &[]).id;
    node.kill();
    let path = superblock(&node, 1);
    OpenOptions::new().append(true).open(&path).and_then(|mut file| file.write_all(&[7; 6000])).expect("appended");
    let before = picture(&node.data_dir());
    for flags in [&["--json"][..], &["--json", "--deep"]] {
        let said = fsck(&node, flags).ok();
        assert_eq!(kinds(&said, "note"), ["unsealed", "torn_tail"], "{said}");
    }
    assert_eq!(picture(&node.data_dir()), before);
    let fixed = fsck(&node, &["--fix"]).ok();
    assert!(fixed.out().contains("mended") && fixed.out().contains("sealed"), "{fixed}");
    let clean = fsck(&node, &["--deep", "--json"]).ok();
    assert_eq!(clean.json()["findings"], Value::Array(vec![]), "{clean}");

    // the footer, at its end and among its entries
    for before_end in [10, 4000] {
        // mending makes the file longer
        let bytes = fs::metadata(&path).expect("a file").len();
        flip(&path, bytes - before_end);
        let said = fsck(&node, &["--json"]);
        assert_eq!((said.code, kinds(&said, "attention")), (1, vec!["footer_damaged".to_owned()]), "{said}");
        assert!(fsck(&node, &[]).err.contains("vsd fsck --fix"));
        let fixed = fsck(&node, &["--fix", "--json"]).ok();
        assert_eq!(kinds(&fixed, "mended"), ["footer_damaged"], "{fixed}");
        assert_eq!(fsck(&node, &["--deep", "--json"]).ok().json()["findings"], Value::Array(vec![]));
    }
    flip(&path, 30);
    let fixed = fsck(&node, &["--fix", "--json"]).ok();
    assert_eq!(kinds(&fixed, "mended"), ["header_copy"], "{fixed}");
    let _ = fsck(&node, &["--deep"]).ok();

    node.restart();
    assert_eq!(node.tools().download(&video, &node.work().join("back.mp4")), sha256(&film));
}

#[test]
fn chunks_and_metadata_that_are_gone_are_missed() {
    let (node, video) = stopped();
    let count = records(&node, 1).len();
    fs::rename(superblock(&node, 1), node.work().join("aside")).expect("moved");
    let said = fsck(&node, &["--json"]);
    assert_eq!((said.code, kinds(&said, "attention").len()), (1, count), "{said}");
    let missing = &findings(&said, "attention")[0];
    assert!(
        missing["kind"] == "chunk_missing"
            && missing["needed_by"][0].as_str().is_some_and(|by| by.contains(&video[..8])),
        "{said}"
    );
    fs::rename(node.work().join("aside"), superblock(&node, 1)).expect("moved");
    let _ = fsck(&node, &[]).ok();

    let state = node.data_dir().join("meta/state/g1");
    let tables = fs::read_dir(&state).expect("a database").map(|entry| entry.expect("readable").path());
    let table = tables.filter(|path| path.extension().is_some_and(|ending| ending == "sst")).max().expect("a table");
    flip(&table, 300);
    let said = fsck(&node, &["--json"]);
    assert!(said.code == 1 && kinds(&said, "attention").contains(&"metadata".to_owned()), "{said}");
    fs::remove_dir_all(node.data_dir().join("meta/raft")).expect("removed");
    let said = fsck(&node, &["--json"]);
    assert!(said.code == 1 && kinds(&said, "attention").contains(&"metadata".to_owned()), "{said}");
    assert!(!node.data_dir().join("meta/raft").exists(), "nothing is made in its place");
}

#[test]
fn hostile_files_get_a_clear_answer() {
    let (node, _) = stopped();
    let good = superblock(&node, 1);
    let folder = node.work();
    let make = |name: &str, bytes: &[u8]| {
        fs::write(folder.join(name), bytes).expect("written");
        folder.join(name)
    };
    let header = fs::read(&good).expect("readable")[..8192].to_vec();
    let noise: Vec<u8> = (0..100_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let sparse = make("00000001.vsb", &header);
    OpenOptions::new().write(true).open(&sparse).and_then(|file| file.set_len(1 << 40)).expect("made long");
    let empty_pipe = folder.join("00000009.vsb");
    nix::unistd::mkfifo(&empty_pipe, Mode::S_IRUSR).expect("a pipe");
    let as_dir = folder.join("00000008.vsb");
    fs::create_dir(&as_dir).expect("a folder");
    let cases = [
        (make("empty.vsb", b""), 8, "VS-E0801"),
        (make("zeros.vsb", &[0; 100_000]), 8, "VS-E0801"),
        (make("noise.vsb", &noise), 8, "VS-E0801"),
        (make("short.vsb", b"VSSUPERB"), 8, "VS-E0801"),
        (as_dir, 1, "VS-E0103"),
        (empty_pipe, 1, "VS-E0103"),
        (folder.join("none.vsb"), 5, "VS-E0501"),
    ];
    for (path, exit, code) in &cases {
        let said = run(bare(program::path("vsd")).args(["inspect", "superblock"]).arg(path));
        said.fails(*exit, code);
        assert!(said.out().is_empty(), "{said}");
    }
    let long = run(bare(program::path("vsd")).args(["inspect", "superblock"]).arg(&sparse)).ok();
    assert!(long.out().contains("1.0 TiB") && long.out().contains("0 records"), "{long}");
    let cut = make("cut.vsb", &fs::read(&good).expect("readable")[..200_000]);
    let said = run(bare(program::path("vsd")).args(["inspect", "superblock", "--json"]).arg(&cut)).ok().json();
    assert_eq!(said["footer"]["state"], "missing");

    let dir = node.data_dir();
    vsd(&["inspect", "superblock", "4711"], &dir).fails(5, "VS-E0501");
    vsd(&["inspect", "chunk", "00000000"], &dir).fails(5, "VS-E0501");
    for bad in ["1234567", "xyzxyzxyz", &"0".repeat(65)] {
        vsd(&["inspect", "chunk", bad], &dir).fails(2, "VS-E0201");
    }
    vsd(&["fsck"], &folder.join("nobody")).fails(3, "VS-E0302");
    vsd(&["fsck"], &folder).fails(3, "VS-E0302");

    // the same among a node's files: each is told, none of them stops the rest, and none is removed
    fs::create_dir(superblock(&node, 8)).expect("a folder");
    fs::copy(folder.join("noise.vsb"), superblock(&node, 9)).expect("copied");
    fs::copy(&good, superblock(&node, 10)).expect("copied");
    let said = fsck(&node, &["--json", "--deep"]);
    assert_eq!(said.code, 1, "{said}");
    assert_eq!(kinds(&said, "attention"), ["cut_off", "unreadable", "header_lost", "other_number"], "{said}");
    let fixed = fsck(&node, &["--json", "--fix"]);
    assert_eq!(fixed.code, 1, "{fixed}");
    assert!([8, 9, 10].iter().all(|number| superblock(&node, *number).exists()));
}

#[test]
fn a_pipe_that_is_closed_early_is_no_error() {
    let (node, _) = stopped();
    let line = format!(
        "{{ '{}' inspect superblock '{}'; echo ended with $? >&2; }} | head -n 1",
        program::path("vsd").display(),
        superblock(&node, 1).display()
    );
    let said = run(bare("sh").args(["-c", &line])).ok();
    assert!(said.out().starts_with("superblock") && said.out().lines().count() == 1, "{said}");
    assert_eq!(said.err, "ended with 0\n", "{said}");
}
