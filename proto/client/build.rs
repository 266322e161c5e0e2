//! Tells the programs which commit they are built from. Without git, as in a source archive, they say that they do not know.

use std::process::Command;

fn main() {
    // Only what moves when a commit is made: watching all of .git would build everything anew at every `git status`.
    println!("cargo::rerun-if-changed=../../.git/logs/HEAD");
    println!("cargo::rerun-if-changed=build.rs");
    let shown = Command::new("git").args(["log", "-1", "--format=%h %cs"]).output();
    let shown = shown.ok().filter(|output| output.status.success()).map(|output| output.stdout).unwrap_or_default();
    let shown = String::from_utf8_lossy(&shown);
    let (commit, date) = shown.trim().split_once(' ').unwrap_or_default();
    println!("cargo::rustc-env=VS_COMMIT={commit}");
    println!("cargo::rustc-env=VS_COMMIT_DATE={date}");
}
