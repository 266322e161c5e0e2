//! `make demo` as a newcomer without a terminal sees it.

use std::fs;

use vs_tests::{
    clip::Clip,
    program::{bare, build_dir, run},
    repo,
};

fn demo(file: &str) -> vs_tests::Said {
    let scratch = tempfile::tempdir().expect("a folder");
    let mut command = bare(repo::root().join(".dev/demo.sh"));
    let target = build_dir().parent().expect("cargo's folder").to_owned();
    command.env("CARGO_TARGET_DIR", target).env("TMPDIR", scratch.path()).env("HOME", scratch.path());
    let said = run(command.arg(file)).ok();
    let left: Vec<_> = fs::read_dir(scratch.path()).expect("a folder").flatten().map(|entry| entry.path()).collect();
    assert!(left.is_empty(), "it cleans up: {left:?}");
    said
}

#[test]
fn the_demo_shows_each_command_and_its_result() {
    let said = demo("");
    let shown: Vec<_> = said.out().lines().filter_map(|line| line.strip_prefix("$ ").map(str::to_owned)).collect();
    for start in ["vsd dev", "vsctl upload", "vsctl ls", "vsplay @last"] {
        assert!(shown.iter().any(|line| line.starts_with(start)), "{start}: {said}");
    }
    for result in ["ready", "\"chunks_verified\"", "✓"] {
        assert!(said.out().contains(result), "{result}: {said}");
    }
    let own = demo(Clip::Bilingual.path().to_str().expect("a path of ours"));
    assert!(own.out().contains("bilingual"), "{own}");
}
