//! Several data directories, and disks that fill up, go missing, or are not what they are taken for. Tests that need to mount say
//! so when they may not.

use std::{fs, io::Write, path::PathBuf};

use nix::sys::signal::Signal;
use tempfile::TempDir;
use vs_tests::{
    Mount, Node,
    clip::{Clip, numbered},
    http::{self, Answer},
    program, sha256, sha256_of, wait_for,
};

const CHUNKS: u32 = 30;

/// Stores a chunk of its own for every number.
fn put(node: &Node, number: u32) -> Answer {
    let body = bytes(number);
    let path = path(number);
    http::ask(node.addr(), "PUT", &path, &[], &body).expect("an answer")
}

fn get(node: &Node, number: u32) -> Answer {
    http::get(node.addr(), &path(number)).expect("an answer")
}

fn bytes(number: u32) -> Vec<u8> {
    number.to_be_bytes().repeat(50_000)
}

fn path(number: u32) -> String {
    format!("/chunk/900000/{}", sha256_of(&bytes(number)))
}

/// Which of the numbers are readable, each exactly as it was stored.
fn readable(node: &Node, numbers: std::ops::Range<u32>) -> Vec<u32> {
    let is_there = |number: &u32| match get(node, *number) {
        answer if answer.status == 404 => false,
        answer => {
            assert!(answer.status == 200 && answer.body == bytes(*number), "chunk {number}: {}", answer.status);
            true
        }
    };
    numbers.filter(is_there).collect()
}

fn notes(node: &Node) -> String {
    node.tools().vsctl(&["status", "-o", "json"]).ok().json()["notes"].to_string()
}

/// Two empty directories and the setting that names them.
fn two_dirs(home: &TempDir) -> ([PathBuf; 2], String) {
    let dirs = ["a", "b"].map(|name| home.path().join(name));
    dirs.iter().for_each(|dir| fs::create_dir(dir).expect("a new folder"));
    let setting = format!("storage.dirs={},{}", dirs[0].display(), dirs[1].display());
    (dirs, setting)
}

/// A directory that is not mounted is not taken for an empty one, the other goes on, and nothing is lost when it is back.
#[test]
fn a_directory_that_is_gone_takes_nothing_with_it_and_comes_back_whole() {
    let home = TempDir::new().expect("a temporary folder");
    let ([a, b], setting) = two_dirs(&home);
    let mut node = Node::start(&[&setting]);
    for number in 0..CHUNKS {
        assert_eq!(put(&node, number).status, 201, "chunk {number}");
    }
    let before = node.figures();
    assert!((1..=2).all(|dir| before[&format!("vsd_dir_chunks{{dir=\"{dir}\"}}")] > 3.0), "{before:?}");
    assert_eq!(before["vsd_chunks"], f64::from(CHUNKS));
    node.stop(Signal::SIGTERM);

    let away = home.path().join("away");
    fs::rename(&b, &away).expect("renamed");
    fs::create_dir(&b).expect("an empty mount point");
    node.restart();
    let left = readable(&node, 0..CHUNKS);
    assert!(!left.is_empty() && left.len() < CHUNKS as usize, "{left:?}");
    for number in CHUNKS..2 * CHUNKS {
        assert_eq!(put(&node, number).status, 201, "chunk {number}");
    }
    assert_eq!(fs::read_dir(&b).expect("a folder").count(), 0, "nothing is written under a mount point");
    let notes_then = notes(&node);
    assert!(notes_then.contains("d2") && notes_then.contains("missing"), "{notes_then}");
    node.kill();

    fs::remove_dir(&b).expect("still empty");
    fs::rename(&away, &b).expect("mounted again");
    node.restart();
    assert_eq!(readable(&node, 0..2 * CHUNKS).len(), 2 * CHUNKS as usize);
    assert!(!notes(&node).contains("missing"), "{}", notes(&node));
    node.stop(Signal::SIGTERM);

    // swapped cables change nothing: a directory is known by its key
    fs::rename(&a, &away).and_then(|()| fs::rename(&b, &a)).and_then(|()| fs::rename(&away, &b)).expect("swapped");
    node.restart();
    assert_eq!(readable(&node, 0..2 * CHUNKS).len(), 2 * CHUNKS as usize);
    node.stop(Signal::SIGTERM);

    let stranger = Node::start(&[]);
    let mut command = program::bare(program::path("vsd"));
    command.args(["serve", "--bootstrap", "--listen", "127.0.0.1:0", "--data-dir"]).arg(home.path().join("other"));
    let said = program::run(command.args(["--set", &format!("storage.dirs={}", a.display())]));
    said.fails(3, "VS-E0302");
    assert!(said.err.contains("belongs to n1 of cluster"), "{said}");
    drop(stranger);
}

/// What is on a file system that turned read-only is served, and new chunks go elsewhere.
#[test]
fn a_read_only_directory_is_read() {
    let home = TempDir::new().expect("a temporary folder");
    let ([a, b], setting) = two_dirs(&home);
    let Some(_other) = Mount::new(&a, "256m") else { return };
    let Some(mount) = Mount::new(&b, "256m") else { return };
    let mut node = Node::start(&[&setting]);
    let mut stored = 0;
    while node.figures()["vsd_dir_chunks{dir=\"2\"}"] < 3.0 {
        assert_eq!(put(&node, stored).status, 201, "chunk {stored}");
        stored += 1;
    }
    node.stop(Signal::SIGTERM);
    mount.remount("ro");
    node.restart();
    assert_eq!(readable(&node, 0..stored).len(), stored as usize);
    for number in stored..stored + CHUNKS {
        assert_eq!(put(&node, number).status, 201, "chunk {number}");
    }
    let ready = http::get(node.addr(), "/readyz").expect("an answer");
    let said = String::from_utf8(ready.body).expect("text");
    assert!(ready.status == 200 && said.contains("read-only"), "{said}");
    assert!(notes(&node).contains("read-only"), "{}", notes(&node));
    assert_eq!(node.figures()["vsd_dir_writable{dir=\"2\"}"], 0.0);
    node.stop(Signal::SIGTERM);
    mount.remount("rw");
    node.restart();
    assert_eq!(node.figures()["vsd_dir_writable{dir=\"2\"}"], 1.0, "nobody had to mend anything");
    drop(node);
}

/// Something else fills the disk to the last byte: chunks are refused, everything else goes on, and room is all it takes.
#[test]
fn a_disk_filled_by_others_can_still_be_read_and_emptied() {
    let mut node = Node::start(&[]);
    node.stop(Signal::SIGTERM);
    let kept = node.work().join("kept");
    fs::rename(node.data_dir(), &kept).and_then(|()| fs::create_dir(node.data_dir())).expect("moved away");
    let Some(mount) = Mount::new(&node.data_dir(), "1700m") else { return };
    let _ = program::run(program::bare("cp").arg("-a").arg(kept.join(".")).arg(node.data_dir())).ok();
    node.restart();
    wait_for("the reserve", || (node.figures()["vsd_meta_reserve_bytes"] > 0.0).then_some(()));
    let tools = node.tools().clone();
    let film = numbered(Clip::Short, 1, &node.work());
    let video = tools.upload(&film, &[]);
    assert_eq!(put(&node, 1).status, 201);

    let foreign = node.data_dir().join("foreign");
    let mut file = fs::File::create(&foreign).expect("a file");
    let block = vec![1; 1 << 20];
    while file.write_all(&block).is_ok() {}
    drop(file);
    wait_for("the reserve to be given", || (node.figures()["vsd_meta_reserve_bytes"] == 0.0).then_some(()));
    assert_eq!(put(&node, 2).status, 507);
    assert_eq!(get(&node, 1).body, bytes(1));
    assert_eq!(tools.download(&video.id, &node.work().join("back.mp4")), sha256(&film));
    for _ in 0..20 {
        let _ = tools.vsctl(&["rm", &video.id]).ok();
        let _ = tools.vsctl(&["video", "restore", &video.id]).ok();
    }
    tools.try_upload(&numbered(Clip::Short, 2, &node.work()), &[]).fails(11, "VS-E1101");
    node.kill();
    node.restart();
    assert_eq!(put(&node, 2).status, 507);
    assert_eq!(tools.download(&video.id, &node.work().join("back.mp4")), sha256(&film));

    fs::remove_file(foreign).expect("removed");
    wait_for("the reserve to be taken again", || (node.figures()["vsd_meta_reserve_bytes"] > 0.0).then_some(()));
    wait_for("chunks to be taken", || (put(&node, 2).status < 300).then_some(()));
    node.stop(Signal::SIGTERM);
    drop(mount);
}
