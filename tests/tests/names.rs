//! Names that people and files bring along are shown, never obeyed.

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt};

use vs_tests::{Node, Said, clip::Clip, is_harmless, program, sha256};

/// Quotes, blanks, a variable, letters of three scripts, a colour, a line's end, a change of direction, a bell.
const HOSTILE: &str = "na\u{ef}ve \"double\" 'single' $HOME `id` & \
    \u{540d}\u{524d} \u{43a}\u{438}\u{43d}\u{43e} \u{1b}[31m\n\u{202e}\u{7}\u{9b}2J%s .mp4";

#[track_caller]
fn harmless(said: &Said) {
    assert!(is_harmless(&said.out()) && is_harmless(&said.err), "{:?} {:?}", said.out(), said.err);
}

#[test]
fn hostile_names_are_safe_wherever_they_are_shown() {
    let node = Node::start(&[]);
    let tools = node.tools();
    let film = node.work().join(HOSTILE);
    fs::copy(Clip::Short.path(), &film).expect("any name is a name");
    let upload =
        tools.vsctl(&[OsStr::new("upload"), film.as_os_str(), OsStr::new("--progress"), OsStr::new("plain")]).ok();
    harmless(&upload);
    let again = tools
        .try_upload(&film, &["--title", HOSTILE, "--description", HOSTILE, "--tag", &format!("{HOSTILE}=x"), "-v"])
        .ok();
    harmless(&again);
    let id = again.json_lines()[0]["video_id"].as_str().expect("an id").to_owned();

    let title = HOSTILE.trim_end_matches(".mp4");
    let shown = tools.show(&id);
    assert_eq!(shown["title"].as_str().map(str::trim), Some(title.trim()), "JSON carries every character");
    assert_eq!(shown["file_name"], HOSTILE);
    let edited = tools
        .vsctl(&["video", "edit", &id, "--title", HOSTILE, "--description", HOSTILE, "--tag", &format!("k={HOSTILE}")])
        .ok();
    harmless(&edited);
    assert_eq!(tools.show(HOSTILE)["id"], id.as_str(), "found by its exact title");
    for format in ["table", "wide", "json", "jsonl", "yaml", "csv", "name"] {
        harmless(&tools.vsctl(&["ls", "-o", format]).ok());
        harmless(&tools.vsctl(&["show", HOSTILE, "-o", format]).ok());
        harmless(&tools.vsctl(&["session", "ls", "--all", "-o", format]).ok());
    }
    harmless(&tools.vsctl(&["ls", "--columns", "title"]).ok());
    let played = tools.vsplay(&[HOSTILE, "--headless", "--no-clock", "--report", "-", "-vv"]).ok();
    harmless(&played);

    let folder = node.work().join("downloads");
    fs::create_dir(&folder).expect("a folder");
    harmless(&program::run(tools.command("vsctl").args(["download", &id]).current_dir(&folder)).ok());
    let names: Vec<_> = fs::read_dir(&folder).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(is_harmless(&names[0].to_string_lossy()) && !names[0].as_bytes().contains(&b'\n'), "{names:?}");
    assert_eq!(sha256(&folder.join(&names[0])), sha256(&film));

    for args in [&["rm", "--dry-run", HOSTILE][..], &["rm", HOSTILE], &["video", "restore", HOSTILE]] {
        harmless(&tools.vsctl(args).ok());
    }
    harmless(&tools.vsctl(&["video", "purge", HOSTILE]));
    harmless(&tools.vsctl(&["video", "purge", HOSTILE, "--yes"]).ok());
    for args in [
        &["show", HOSTILE][..],
        &["ls", "--filter", HOSTILE],
        &["upload", HOSTILE],
        &["context", "add", HOSTILE, "a:1"],
        &[HOSTILE],
    ] {
        let said = tools.vsctl(args);
        assert_ne!(said.code, 0, "{said}");
        harmless(&said);
    }
    harmless(&tools.vsplay(&[HOSTILE]));
    let log = node.log();
    assert!(!log.contains('\x1b') && !log.contains('\u{202e}'), "the log is read in a terminal too: {log}");
}

/// A film must not choose where it is written, nor be taken for a flag.
#[test]
fn names_that_are_paths_or_flags_are_only_names() {
    let node = Node::start(&[]);
    let tools = node.tools();
    let folder = node.work().join("here");
    fs::create_dir(&folder).expect("a folder");
    for name in ["--yes.mp4", "-rf", "..", "...mp4", "con:aux.mp4"] {
        let film = node.work().join(format!("x{name}"));
        fs::copy(Clip::Short.path(), &film).expect("copied");
        let path = if name == ".." { film.clone() } else { node.work().join(name) };
        if path != film {
            fs::rename(&film, &path).expect("renamed");
        }
        let video = tools.upload(&path, &["--on-duplicate", "new"]);
        let _ = program::run(tools.command("vsctl").args(["download", &video.id]).current_dir(&folder)).ok();
    }
    let inside: Vec<_> = fs::read_dir(&folder).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(inside.len(), 5, "{inside:?}");
    assert!(
        inside.iter().all(|name| !name.as_bytes().starts_with(b"-") && !name.as_bytes().starts_with(b".")),
        "{inside:?}"
    );
    // A name that is not UTF-8 is still a file's name.
    let odd = node.work().join(OsStr::from_bytes(b"odd-\xff\xfe.mp4"));
    fs::copy(Clip::Short.path(), &odd).expect("copied");
    let video = tools.upload(&odd, &["--on-duplicate", "new"]);
    assert_eq!(tools.download(&video.id, &node.work().join("back.mp4")), sha256(&odd));
}

/// Tab completion offers titles, safely, and is silent when nobody answers.
#[test]
fn completion_knows_the_library_and_keeps_quiet_without_one() {
    let node = Node::start(&[]);
    let video = node.tools().upload(&Clip::Short.path(), &["--title", "Big\u{1b}[2J Buck"]);
    let complete = |tools: &vs_tests::Tools| {
        let mut command = tools.command("vsctl");
        program::run(command.env("COMPLETE", "fish").args(["--", "vsctl", "show", &video.id[..2]])).ok()
    };
    let offered = complete(node.tools());
    assert!(offered.out().contains(&video.id[..8]) && offered.out().contains("Buck"), "{offered}");
    assert!(is_harmless(&offered.out().replace('\t', " ")), "{offered}");
    let nobody = complete(&node.tools().at("127.0.0.1:9"));
    assert!(nobody.err.is_empty() && !nobody.out().contains(&video.id[..8]), "{nobody}");
}
