//! A film's life from end to end: in, listed, shown, back byte for byte, played, put in the trash and gone.

use std::{fs, path::Path};

use serde_json::Value;
use vs_tests::{
    Node,
    clip::{Clip, numbered},
    ffmpeg::{decode, streams, subtitle},
    program::{self, keys},
    sha256, wait_for,
};

const UPLOAD_KEYS: &[&str] = &["path", "status", "video_id", "bytes", "sha256", "deduplicated", "code", "error"];
const LS_KEYS: &[&str] = &[
    "id",
    "title",
    "status",
    "duration_ms",
    "views",
    "scheme",
    "logical_bytes",
    "physical_bytes",
    "created_at",
    "tracks",
];
const NODE_KEYS: &[&str] = &[
    "id",
    "addr",
    "roles",
    "zone",
    "state",
    "leader",
    "disk_used_bytes",
    "disk_total_bytes",
    "chunks",
    "latency_ms",
    "version",
    "weight",
    "voter",
];
const CLUSTER_KEYS: &[&str] = &["leader", "term", "quorum", "voters", "members"];
const REPORT_KEYS: &[&str] = &[
    "startup_ms",
    "rebuffer_count",
    "rebuffer_ms",
    "avg_buffer_ms",
    "played_ms",
    "bytes_fetched",
    "bytes_wasted",
    "throughput_mbps",
    "chunks_verified",
    "failovers",
    "hedges",
    "switches",
    "scheduler",
    "nodes",
    "tracks",
];
const REPORT_NODE_KEYS: &[&str] = &["id", "score", "latency_ms", "bandwidth_mbps", "reliability", "chunks", "share"];
/// Samples of one frame of AAC, the priming of which a decoder may or may not leave out.
const AAC_FRAME: u64 = 1024;

/// The track of a name in `show` or in a report.
#[track_caller]
fn track<'a>(of: &'a Value, name: &str) -> &'a Value {
    let tracks = of["tracks"].as_array().expect("tracks");
    tracks.iter().find(|track| track["name"] == name).unwrap_or_else(|| panic!("no track {name}: {of}"))
}

#[test]
fn a_film_goes_in_is_listed_comes_back_and_plays() {
    let node = Node::start(&[]);
    let (tools, film) = (node.tools(), Clip::Film.path());
    let flags = ["--title", "Test Card", "--description", "colours", "--tag", "genre=short", "--tag", "new"];
    let video = tools.upload(&film, &flags);
    assert_eq!(keys(&video.said), UPLOAD_KEYS);
    assert_eq!((&video.said["status"], &video.said["deduplicated"]), (&"ready".into(), &false.into()));
    assert_eq!(video.said["sha256"], sha256(&film).as_str());
    assert_eq!(video.said["bytes"], Clip::Film.bytes());

    let listed = tools.ls(&[]);
    assert_eq!(listed.len(), 1);
    assert_eq!(keys(&listed[0]), LS_KEYS);
    let told = ["title", "status", "scheme"].map(|key| listed[0][key].as_str().expect("a text"));
    assert_eq!(told, ["Test Card", "ready", "replicate(3)"]);
    assert!(listed[0]["duration_ms"].as_u64().is_some_and(|ms| (11_900..12_200).contains(&ms)), "{listed:?}");

    let shown = tools.show(&video.id);
    assert!(LS_KEYS.iter().all(|key| shown.get(key).is_some()), "{shown}");
    assert_eq!(shown["tags"], serde_json::json!({ "genre": "short", "new": "" }));
    assert_eq!((&shown["description"], &shown["sha256"]), (&"colours".into(), &video.said["sha256"]));
    let sum: u64 = shown["tracks"].as_array().expect("tracks").iter().filter_map(|track| track["bytes"].as_u64()).sum();
    assert_eq!(shown["logical_bytes"], sum, "all tracks with the original");
    let [healthy, degraded, missing] = ["healthy", "degraded", "missing"].map(|key| shown["redundancy"][key].as_u64());
    let chunks = shown["tracks"].as_array().expect("tracks").iter().filter_map(|track| track["chunks"].as_u64()).sum();
    assert_eq!(healthy.zip(degraded).map(|(a, b)| a + b), Some(chunks), "{shown}");
    assert_eq!(missing, Some(0), "{shown}");

    for name in [&video.id, &video.id[..4], "@last", "Test Card"] {
        assert_eq!(tools.show(name)["id"], video.id.as_str(), "{name}");
    }
    assert_eq!(tools.download(&video.id, &node.work().join("back.mp4")), sha256(&film));
    let folder = node.work().join("downloads");
    fs::create_dir(&folder).expect("a folder");
    let _ = program::run(tools.command("vsctl").args(["download", "@last"]).current_dir(&folder)).ok();
    assert_eq!(sha256(&folder.join(film.file_name().expect("a name"))), sha256(&film), "under the name it had");
    check_playback(&node, &video.id, &shown, &film);
}

/// What is played is what the manifest names, and decodes to as many frames and samples as the film has.
fn check_playback(node: &Node, id: &str, shown: &Value, film: &Path) {
    let tools = node.tools();
    let folder = node.work().join("played");
    fs::create_dir(&folder).expect("a folder");
    let report_path = node.work().join("report.json");
    let paths = [&folder, &report_path].map(|path| path.to_str().expect("a path of ours"));
    let said = tools.vsplay(&[id, "--headless", "--no-clock", "-O", paths[0], "--report", paths[1]]).ok();
    assert!(said.stdout.is_empty(), "{said}");
    let report: Value = serde_json::from_slice(&fs::read(&report_path).expect("a report")).expect("JSON");
    assert_eq!(keys(&report), REPORT_KEYS);
    assert_eq!(keys(&report["nodes"][0]), REPORT_NODE_KEYS);
    assert_eq!(report["nodes"][0]["id"], "n1");
    assert!(report["startup_ms"].is_u64(), "{report}");
    assert_eq!(
        (&report["rebuffer_count"], &report["rebuffer_ms"]),
        (&0.into(), &0.into()),
        "without a clock nothing stalls"
    );
    for (name, file, stream, kind) in [("v0", "v0.mp4", 0, "video"), ("a0", "a0.m4a", 1, "audio")] {
        let file = folder.join(file);
        let (played, kept) = (track(&report, name), track(shown, name));
        assert_eq!(keys(played), ["name", "sha256", "bytes"]);
        assert_eq!((&played["sha256"], &played["bytes"]), (&kept["sha256"], &kept["bytes"]), "{name}");
        assert_eq!(kept["sha256"], sha256(&file).as_str(), "{name}");
        let (ours, theirs) = (decode(&file, 0, kind), decode(film, stream, kind));
        assert_eq!((ours.code, &ours.said), (0, &theirs.said), "{name}");
        let priming = if kind == "audio" { AAC_FRAME } else { 0 };
        assert!(ours.count.abs_diff(theirs.count) <= priming, "{name}: {} of {}", ours.count, theirs.count);
    }
}

#[test]
fn the_same_bytes_are_the_same_video() {
    let node = Node::start(&[]);
    let (tools, film) = (node.tools(), Clip::Short.path());
    let first = tools.upload(&film, &["--title", "one"]);
    let again = tools.upload(&film, &["--title", "two"]);
    assert_eq!((&again.id, &again.said["deduplicated"]), (&first.id, &true.into()));
    let quiet = tools.vsctl(&["upload", "-q", film.to_str().expect("a path of ours")]).ok();
    assert_eq!((quiet.out(), quiet.err.as_str()), (format!("{}\n", first.id), ""), "only the id, for pipes");
    let mut command = tools.command("vsctl");
    let bytes = fs::read(&film).expect("a clip");
    let piped = program::run_with(command.args(["upload", "-q", "-"]), &bytes).ok();
    assert_eq!(piped.out(), quiet.out(), "standard input is hashed by the server");
    let moved = node.work().join("another name.mp4");
    fs::copy(&film, &moved).expect("copied");
    assert_eq!(tools.upload(&moved, &[]).id, first.id);
    assert_eq!(tools.ls(&[]).len(), 1);

    tools.try_upload(&film, &["--on-duplicate", "error"]).fails(6, "VS-E0601");
    let new = tools.upload(&film, &["--on-duplicate", "new", "--title", "twin"]);
    assert_ne!(new.id, first.id);
    let other = tools.upload(&film, &["--keep-original=false"]);
    assert!(other.id != first.id && other.id != new.id, "asked for something else");
    assert_eq!(tools.ls(&[]).len(), 3);
    // Each lives on when another one dies.
    let _ = tools.vsctl(&["video", "purge", "--yes", &first.id]).ok();
    assert_eq!(tools.download(&new.id, &node.work().join("back.mp4")), sha256(&film));
    let fresh = tools.upload(&film, &[]);
    assert_ne!(fresh.id, first.id, "what was purged is gone for good");
    node.await_tidy();
}

#[test]
fn without_its_original_a_film_still_plays() {
    let node = Node::start(&[]);
    let tools = node.tools();
    let video = tools.upload(&Clip::Film.path(), &["--keep-original=false"]);
    let shown = tools.show(&video.id);
    let names: Vec<_> = shown["tracks"].as_array().expect("tracks").iter().map(|track| &track["name"]).collect();
    assert_eq!(names, ["v0", "a0"]);
    let dest = node.work().join("x.mp4");
    let dest_text = dest.to_str().expect("a path of ours");
    let said = tools.vsctl(&["download", &video.id, dest_text]);
    said.fails(5, "VS-E0501");
    assert!(said.err.contains("--track v0") && !dest.exists(), "{said}");
    let _ = tools.vsctl(&["download", &video.id, dest_text, "--track", "v0"]).ok();
    assert_eq!(track(&shown, "v0")["sha256"], sha256(&dest).as_str());
    assert_eq!(decode(&dest, 0, "video").count, decode(&Clip::Film.path(), 0, "video").count);
    let _ = tools.vsplay(&["@last", "--headless", "--no-clock"]).ok();
}

#[test]
fn what_is_removed_can_be_had_back_until_it_is_purged() {
    let node = Node::start(&[]);
    let tools = node.tools();
    let (one, two) = (numbered(Clip::Short, 1, &node.work()), numbered(Clip::Short, 2, &node.work()));
    let (one, two) = (tools.upload(&one, &["--title", "one"]), tools.upload(&two, &["--title", "two"]));
    let planned = tools.vsctl(&["rm", &one.id, "--dry-run"]).ok();
    assert!(planned.out().contains("plan:") && tools.ls(&[]).len() == 2, "{planned}");

    let removed = tools.vsctl(&["rm", "one", &two.id]).ok();
    assert!(removed.err.contains("vsctl video restore"), "it says how to undo it: {removed}");
    assert!(tools.ls(&[]).is_empty());
    let trashed = tools.ls(&["--filter", "status=trashed"]);
    assert_eq!(trashed.len(), 2, "{trashed:?}");
    assert!(tools.show(&one.id)["purge_at"].is_string());
    let restored = tools.vsctl(&["video", "restore", &one.id, "-o", "json"]).ok().json();
    assert_eq!(restored["items"][0]["status"], "ready", "{restored}");
    assert_eq!(tools.download(&one.id, &node.work().join("back.mp4")), sha256(&node.work().join("short-1.mp4")));
    // The same bytes bring the other one back.
    assert_eq!(tools.upload(&node.work().join("short-2.mp4"), &[]).id, two.id);

    // Nobody can be asked, and nobody said yes.
    let refused = tools.vsctl(&["video", "purge", &one.id]);
    refused.fails(12, "VS-E1201");
    assert!(refused.err.contains("--yes"), "{refused}");
    tools.vsctl(&["video", "purge", &one.id, "--no-input"]).fails(12, "VS-E1201");
    let planned = tools.vsctl(&["video", "purge", &one.id, "--dry-run"]).ok();
    assert!(planned.out().contains("plan:"), "{planned}");
    assert_eq!(tools.ls(&[]).len(), 2);
    let _ = tools.vsctl(&["video", "purge", &one.id, "--yes"]).ok();
    tools.vsctl(&["show", &one.id]).fails(5, "VS-E0501");
    tools.vsctl(&["video", "restore", &one.id]).fails(5, "VS-E0501");
    assert_eq!(tools.ls(&[]).len(), 1);
}

/// With somebody at the terminal the question is asked, and only yes is yes.
#[test]
fn purging_asks_who_sits_at_the_terminal() {
    let node = Node::start(&[]);
    let tools = node.tools();
    let video = tools.upload(&Clip::Short.path(), &["--title", "Precious"]);
    let ask = |answer: &str| {
        let purge = format!("{} video purge {}", program::path("vsctl").display(), video.id);
        program::run_with(&mut tools.terminal(&purge), answer.as_bytes())
    };
    let refused = ask("n\n");
    assert_eq!(refused.code, 12, "{refused}");
    assert!(refused.out().contains("Precious") && refused.out().contains("[y/N]"), "{refused}");
    assert_eq!(ask("\n").code, 12);
    assert_eq!(tools.ls(&[]).len(), 1);
    assert_eq!(ask("y\n").code, 0);
    assert!(tools.ls(&["--filter", "status=trashed"]).is_empty() && tools.ls(&[]).is_empty());
}

#[test]
fn trash_expires() {
    let node = Node::start(&[]);
    let tools = node.tools();
    let kept = tools.upload(&numbered(Clip::Short, 1, &node.work()), &[]);
    let gone = tools.upload(&numbered(Clip::Short, 2, &node.work()), &[]);
    let _ = tools.vsctl(&["settings", "set", "trash.keep", "2s"]).ok();
    let settings = tools.vsctl(&["settings", "ls", "-o", "json"]).ok().json();
    let setting = settings["items"].as_array().expect("a list").iter().find(|item| item["name"] == "trash.keep");
    assert_eq!(setting.map(|setting| &setting["value_ms"]), Some(&2_000.into()), "{settings}");
    let _ = tools.vsctl(&["rm", &gone.id]).ok();
    wait_for("the trash to be emptied", || tools.ls(&["--filter", "status=trashed"]).is_empty().then_some(()));
    tools.vsctl(&["show", &gone.id]).fails(5, "VS-E0501");
    tools.vsctl(&["video", "restore", &gone.id]).fails(5, "VS-E0501");
    assert_eq!(tools.download(&kept.id, &node.work().join("back.mp4")), sha256(&node.work().join("short-1.mp4")));
    let _ = tools.vsctl(&["settings", "reset", "trash.keep"]).ok();
    tools.vsctl(&["settings", "set", "trash.keep", "soon"]).fails(2, "VS-E0201");
    tools.vsctl(&["settings", "set", "trash.keep", "1ms"]).fails(2, "VS-E0201");
}

#[test]
fn lists_are_written_in_every_format_sorted_filtered_and_paged() {
    let node = Node::start(&[]);
    let tools = node.tools();
    for (number, title) in [(1, "b, \"quoted\""), (2, "a"), (3, "c")] {
        let _ = tools.upload(&numbered(Clip::Short, number, &node.work()), &["--title", title]);
    }
    let said = |flags: &[&str]| tools.vsctl(&[&["ls", "--sort", "title"], flags].concat()).ok();
    let ids: Vec<_> =
        tools.ls(&["--sort", "title"]).iter().map(|v| v["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(said(&["-o", "name"]).out(), ids.join("\n") + "\n");
    assert_eq!(said(&["-q"]).out(), ids.join("\n") + "\n");
    let document = said(&["--json"]).json();
    assert_eq!(keys(&document), ["items", "next"]);
    assert_eq!(document["next"], Value::Null);
    let lines = said(&["-o", "jsonl"]).json_lines();
    assert_eq!(Value::from(lines), document["items"]);
    let csv = said(&["-o", "csv"]).out();
    assert_eq!(csv.lines().next(), Some(LS_KEYS.join(",").as_str()));
    assert!(csv.contains(",\"b, \"\"quoted\"\"\","), "{csv}");
    assert!(said(&["-o", "yaml"]).out().starts_with("items:\n- id: "), "{}", said(&["-o", "yaml"]));
    let table = said(&[]).out();
    assert_eq!((table.lines().count(), table.contains('\x1b')), (4, false), "{table}");
    assert!(table.starts_with("ID ") && said(&["--color", "always"]).out().contains("\x1b["), "{table}");
    assert_eq!(said(&["--no-headers"]).out().lines().count(), 3);
    assert!(said(&["-o", "wide"]).out().contains(&ids[0]), "whole ids where there is room");
    assert_eq!(said(&["--columns", "title", "-o", "csv"]).out(), "title\na\n\"b, \"\"quoted\"\"\"\nc\n");

    let titles = |flags: &[&str]| -> Vec<String> {
        tools.ls(flags).iter().map(|video| video["title"].as_str().expect("a title").to_owned()).collect()
    };
    assert_eq!(titles(&["--sort", "-title"]), ["c", "b, \"quoted\"", "a"]);
    assert_eq!(titles(&["--filter", "title=c,status=ready"]), ["c"]);
    assert!(titles(&["--filter", "views>1000"]).is_empty());
    for sort in [&[][..], &["--sort", "title"]] {
        let (mut seen, mut token) = (Vec::new(), None::<String>);
        loop {
            let more: Vec<_> = token.iter().flat_map(|token| ["--page-token", token.as_str()]).collect();
            let page = tools.vsctl(&[&["ls", "-o", "json", "--limit", "2"], sort, &more].concat()).ok().json();
            seen.extend(
                page["items"].as_array().expect("a list").iter().map(|v| v["id"].as_str().expect("an id").to_owned()),
            );
            match page["next"].as_str() {
                Some(next) => token = Some(next.to_owned()),
                None => break,
            }
        }
        seen.sort();
        let mut all = ids.clone();
        all.sort();
        assert_eq!(seen, all, "every video once: {sort:?}");
    }
    for (flags, code) in [(["--filter", "colour=red"], 2), (["--sort", "colour"], 2), (["--page-token", "x"], 2)] {
        tools.vsctl(&[&["ls"], &flags[..]].concat()).fails(code, "VS-E0201");
    }
}

#[test]
fn the_cluster_tells_about_itself() {
    let node = Node::start(&["node.zone=cellar"]);
    let tools = node.tools();
    let nodes = tools.vsctl(&["node", "ls", "-o", "json"]).ok().json();
    let item = &nodes["items"][0];
    assert_eq!(keys(item), NODE_KEYS);
    assert_eq!(item["roles"], serde_json::json!(["metadata", "storage", "uploader"]));
    let told = ["id", "addr", "zone", "state"].map(|key| item[key].as_str().expect("a text"));
    assert_eq!(told, ["n1", node.addr(), "cellar", "up"]);
    assert_eq!((&item["leader"], nodes["items"].as_array().map(Vec::len)), (&true.into(), Some(1)));
    assert!(
        item["latency_ms"].is_u64() && item["disk_total_bytes"].as_u64() > item["disk_used_bytes"].as_u64(),
        "{item}"
    );

    let status = tools.vsctl(&["status", "--json"]).ok().json();
    assert_eq!(keys(&status["cluster"]), CLUSTER_KEYS);
    assert_eq!((&status["cluster"]["leader"], &status["cluster"]["voters"]), (&"n1".into(), &1.into()));
    assert_eq!(status["cluster"]["members"][0]["addr"], node.addr());
    let screen = tools.vsctl(&["status"]).ok().out();
    assert!(screen.contains(node.addr()) && screen.contains("n1 (leader)"), "{screen}");
    let stale = tools.vsctl(&["ls", "--stale"]).ok();
    assert!(stale.out().is_empty() || stale.out().starts_with("ID"), "{stale}");
    for program in ["vsd", "vsctl", "vsplay"] {
        let version = program::run(tools.command(program).arg("--version")).ok().out();
        assert!(version.starts_with(&format!("{program} {} (", env!("CARGO_PKG_VERSION"))), "{version}");
    }
}

#[test]
fn standard_input_is_uploaded_without_knowing_its_length() {
    let node = Node::start(&[]);
    let tools = node.tools();
    let bytes = fs::read(Clip::Heavy.path()).expect("a clip");
    let mut command = tools.command("vsctl");
    let said =
        program::run_with(command.args(["upload", "-", "--title", "From a pipe", "-o", "json"]), &bytes).ok().json();
    let id = said["items"][0]["video_id"].as_str().expect("an id").to_owned();
    assert_eq!(tools.show(&id)["title"], "From a pipe");
    let mut command = tools.command("vsctl");
    let back = program::run(command.args(["download", &id, "-"])).ok();
    assert_eq!(vs_tests::sha256_of(&back.stdout), vs_tests::sha256_of(&bytes));
    let mut command = tools.command("vsctl");
    program::run_with(command.args(["upload", "-"]), b"").fails(1, "VS-E0102");
    node.await_tidy();
}

#[test]
fn many_files_are_uploaded_by_one_command() {
    let node = Node::start(&[]);
    let tools = node.tools();
    let folder = node.work().join("films");
    fs::create_dir_all(folder.join("series")).expect("folders");
    for (number, name) in
        [(1, "one.mp4"), (2, "series/two.mp4"), (3, "series/three.mp4"), (4, "series/not this one.mp4")]
    {
        fs::rename(numbered(Clip::Short, number, &node.work()), folder.join(name)).expect("moved");
    }
    fs::write(folder.join("notes.txt"), "no film").expect("written");
    fs::write(folder.join("broken.mp4"), "no film either").expect("written");
    let (path, ids) = (folder.to_str().expect("a path of ours"), node.work().join("ids"));
    let all = ["upload", "-r", path, "--include", "*.mp4", "--exclude", "series/not*", "-j", "2", "-o", "jsonl"];
    let said = tools.vsctl(&[&all[..], &["--continue-on-error", "--id-file", ids.to_str().expect("UTF-8")]].concat());
    assert_eq!(said.code, 9, "{said}");
    said.fails(9, "VS-E0901");
    let lines = said.json_lines();
    assert_eq!(lines.len(), 4, "an object a file: {said}");
    assert!(lines.iter().all(|line| keys(line) == UPLOAD_KEYS), "{said}");
    let rejected: Vec<_> = lines.iter().filter(|line| line["status"] == "rejected").collect();
    assert_eq!(rejected.len(), 1, "{said}");
    assert_eq!((&rejected[0]["code"], &rejected[0]["video_id"]), (&"VS-E0102".into(), &Value::Null));
    assert!(rejected[0]["path"].as_str().is_some_and(|path| path.ends_with("broken.mp4")), "{said}");
    let mut written: Vec<_> = fs::read_to_string(&ids).expect("an id file").lines().map(str::to_owned).collect();
    let mut listed: Vec<_> =
        tools.ls(&[]).iter().map(|video| video["id"].as_str().expect("an id").to_owned()).collect();
    written.sort();
    listed.sort();
    assert_eq!((written.len(), &written), (3, &listed));
    let lone = tools.vsctl(&["upload", folder.join("broken.mp4").to_str().expect("UTF-8")]);
    lone.fails(1, "VS-E0102");
    node.await_tidy();
}

#[test]
fn every_language_can_be_heard_and_read() {
    let node = Node::start(&[]);
    let (tools, film) = (node.tools(), Clip::Bilingual.path());
    let video = tools.upload(&film, &[]);
    let shown = tools.show(&video.id);
    let described: Vec<_> = shown["tracks"].as_array().expect("tracks").iter().map(describe).collect();
    let expected =
        ["original ", "video h264", "audio aac eng", "audio aac deu", "subtitle webvtt eng", "subtitle webvtt deu"];
    assert!(described.iter().zip(expected).all(|(track, start)| track.starts_with(start)), "{described:?}");
    let play = |flags: &[&str], out: &Path| {
        let common = [&video.id, "--headless", "--no-clock", "--report", "-", "-O", out.to_str().expect("UTF-8")];
        let report = tools.vsplay(&[&common[..], flags].concat()).ok().json();
        let names =
            report["tracks"].as_array().expect("tracks").iter().map(|t| t["name"].as_str().expect("a name").to_owned());
        names.collect::<Vec<_>>()
    };
    let out = node.work().join("out");
    assert_eq!(play(&["--video", "off", "--audio", "deu"], &out), ["a1"]);
    assert_eq!(decode(&out, 0, "audio").count / 44_100, 4, "the German track has its own rate");
    assert_eq!(streams(&out)[0]["sample_rate"], "44100");
    assert_eq!(play(&["--audio", "off", "-Q", "v0"], &out), ["v0"]);
    for (language, stream) in [("eng", 3), ("deu", 4)] {
        let _ = play(&["--video", "off", "--audio", "off", "--subs", language], &out);
        let text = fs::read_to_string(&out).expect("text");
        assert_eq!(text, subtitle(&film, stream), "WebVTT of {language}");
    }
    let folder = node.work().join("all");
    fs::create_dir(&folder).expect("a folder");
    assert_eq!(play(&["--subs", "deu"], &folder), ["v0", "a0", "s1"]);
    let mut names: Vec<_> = fs::read_dir(&folder).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    assert_eq!(names, ["a0.m4a", "s1.vtt", "v0.mp4"]);
    tools.vsplay(&[&video.id, "--headless", "--audio", "fra"]).fails(5, "VS-E0501");
    assert_eq!(tools.download(&video.id, &out), sha256(&film));
}

fn describe(track: &Value) -> String {
    ["kind", "codec", "language"].map(|key| track[key].as_str().unwrap_or_default()).join(" ")
}

#[test]
fn an_old_codec_is_transcoded_frame_by_frame() {
    let node = Node::start(&[]);
    let (tools, film) = (node.tools(), Clip::Old.path());
    let video = tools.upload(&film, &[]);
    let shown = tools.show(&video.id);
    let (picture, sound) = (track(&shown, "v0"), track(&shown, "a0"));
    assert_eq!((&picture["codec"], &picture["transcoded_from"]), (&"h264".into(), &"mpeg4".into()));
    assert_eq!((&sound["codec"], &sound["transcoded_from"]), (&"mp3".into(), &Value::Null), "CMAF carries it as it is");
    let out = node.work().join("v0.mp4");
    let _ = tools.vsctl(&["download", &video.id, out.to_str().expect("UTF-8"), "--track", "v0"]).ok();
    let (ours, theirs) = (decode(&out, 0, "video"), decode(&film, 0, "video"));
    assert_eq!((ours.code, ours.count, &ours.said), (0, theirs.count, &theirs.said));
    assert_eq!(streams(&out)[0]["pix_fmt"], "yuv420p");
    assert_eq!(tools.download(&video.id, &node.work().join("back.avi")), sha256(&film));
    let song = tools.upload(&Clip::Song.path(), &[]);
    let played = tools.vsplay(&[&song.id, "--headless", "--no-clock", "--report", "-"]).ok().json();
    assert_eq!(played["tracks"].as_array().map(Vec::len), Some(1), "sound alone plays: {played}");
}

/// Whatever becomes of the tracks, the film is not lost, and it says why it does not play.
#[test]
fn when_cutting_fails_the_original_is_there_and_says_why() {
    let broken = Node::start(&["media.ffmpeg=false"]);
    let tools = broken.tools();
    let film = Clip::Short.path();
    let said = tools.try_upload(&film, &["--title", "Unlucky"]);
    said.fails(1, "VS-E0102");
    let told = &said.json_lines()[0];
    assert_eq!(told["status"], "failed", "{said}");
    let id = told["video_id"].as_str().expect("the video is there").to_owned();
    let shown = tools.show(&id);
    assert_eq!(shown["status"], "failed", "{shown}");
    assert!(shown["note"].as_str().is_some_and(|note| !note.is_empty()), "it says why: {shown}");
    assert_eq!(tools.download(&id, &broken.work().join("back.mp4")), sha256(&film));
    let played = tools.vsplay(&[&id, "--headless", "--no-clock"]);
    assert!(played.code != 0 && played.code_told().is_some(), "{played}");
    broken.await_tidy();

    let missing = Node::start(&["media.ffprobe=no-such-program"]);
    let said = missing.tools().try_upload(&film, &["--timeout", "8s"]);
    assert!(said.code != 0 && said.code_told().is_some(), "{said}");
    assert!(said.err.contains("no-such-program"), "it names what is missing on the server: {said}");
}

#[test]
fn a_part_of_a_film_is_played() {
    let node = Node::start(&[]);
    let tools = node.tools();
    let video = tools.upload(&Clip::Film.path(), &[]);
    let report = |flags: &[&str]| {
        let said = tools.vsplay(&[&[&video.id, "--headless", "--no-clock", "--report", "-"], flags].concat());
        said.ok().json()
    };
    let (whole, part) = (report(&[]), report(&["--start", "0:11"]));
    assert!(part["bytes_fetched"].as_u64() < whole["bytes_fetched"].as_u64(), "{part} {whole}");
    assert!(part["played_ms"].as_u64().is_some_and(|ms| ms < 2_000), "{part}");
    assert!(report(&["--end", "1s"])["bytes_fetched"].as_u64() < whole["bytes_fetched"].as_u64());
    let mut command = tools.command("vsplay");
    let said = program::run(command.args([&video.id, "--headless", "--no-clock", "--status-json", "-"])).ok();
    let states = said.json_lines();
    assert_eq!(states.last().map(|state| &state["state"]), Some(&"ended".into()), "{said}");
}

/// INT-1: bytes that are not what their name says reach nobody.
#[test]
fn damaged_bytes_are_noticed_and_given_to_nobody() {
    let mut node = Node::start(&[]);
    let video = node.tools().upload(&Clip::Film.path(), &[]);
    let _ = node.stop(nix::sys::signal::Signal::SIGTERM);
    let chunks = node.data_dir().join("chunks");
    for file in fs::read_dir(&chunks)
        .expect("a folder")
        .flatten()
        .filter(|file| file.path().extension().is_some_and(|e| e == "vsb"))
    {
        damage(&file.path());
    }
    node.restart();
    let tools = node.tools();
    let dest = node.work().join("back.mp4");
    tools.vsctl(&["download", &video.id, dest.to_str().expect("UTF-8")]).fails(8, "VS-E0801");
    assert!(!dest.exists(), "what is not whole has no name");
    let out = node.work().join("out.mp4");
    tools.vsplay(&[&video.id, "--headless", "--no-clock", "-O", out.to_str().expect("UTF-8")]).fails(8, "VS-E0801");
    node.assert_alive();
}

/// Flips one bit in every 64 KiB of the latter part of a file.
fn damage(path: &Path) {
    let mut bytes = fs::read(path).expect("a superblock");
    let start = bytes.len().min(64 << 10);
    for byte in bytes[start..].iter_mut().skip(32 << 10).step_by(64 << 10) {
        *byte ^= 1;
    }
    fs::write(path, bytes).expect("written");
}

/// What a person does first: the picture appears, keys work, the terminal is given back.
#[test]
fn the_dashboard_plays_in_a_terminal_and_quits() {
    let node = Node::start(&[]);
    let tools = node.tools();
    let _ = tools.upload(&Clip::Film.path(), &["--title", "Test Card"]);
    let session = node.work().join("session");
    let play = format!("stty rows 30 cols 100; exec {} @last", program::path("vsplay").display());
    let mut command = tools.terminal(&play);
    // Keys are pressed once the picture was seen; until then the pipe stays open.
    let mut child = command
        .stdin(std::process::Stdio::piped())
        .stdout(fs::File::create(&session).expect("a file"))
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("script is installed");
    let screen = || String::from_utf8_lossy(&fs::read(&session).unwrap_or_default()).into_owned();
    wait_for("the picture", || (screen().contains('▀') && screen().contains("Test Card")).then_some(()));
    let mut keys = child.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut keys, b" q").expect("keys");
    let code = wait_for("the player to quit", || child.try_wait().expect("a child").map(program::code_of));
    assert_eq!(code, 0);
    assert!(screen().contains("\x1b[?1049l") && screen().contains("\x1b[?25h"), "the terminal is given back");
}

/// `vsctl ls | head -1` is no error, in any program.
#[test]
fn a_pipe_that_is_closed_early_is_no_error() {
    let node = Node::start(&[]);
    let tools = node.tools();
    let video = tools.upload(&Clip::Film.path(), &[]);
    let id = video.id.as_str();
    let cases: &[(&str, &[&str])] = &[
        ("vsctl", &["ls"]),
        ("vsctl", &["show", id, "-o", "json"]),
        ("vsctl", &["download", id, "-"]),
        ("vsctl", &["status"]),
        ("vsctl", &["completions", "bash"]),
        ("vsctl", &["--help"]),
        ("vsplay", &[id, "--headless", "--no-clock", "-O", "-"]),
        ("vsplay", &[id, "--headless", "--no-clock", "--report", "-"]),
        ("vsplay", &[id, "--headless", "--no-clock", "--status-json", "-"]),
        ("vsd", &["check-config", "--print-effective"]),
        ("vsd", &["check-config"]),
        ("vsd", &["--help"]),
    ];
    for (program, args) in cases {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = tools.command(program);
        let ended = command.args(*args).stdin(std::process::Stdio::null()).stdout(writer).output().expect("it starts");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(0), "{program} {args:?}: {said}");
        assert!(!said.contains("error:") && !said.contains("panicked"), "{program} {args:?}: {said}");
    }
}
