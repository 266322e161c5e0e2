//! The repository itself, for tests that look at its files.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The folder that the workspace's `Cargo.toml` is in.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is a folder of the workspace").to_owned()
}

/// Every file that is committed or would be, from the root; in the order of their names.
#[must_use]
pub fn files() -> Vec<String> {
    let listed = Command::new("git")
        .args(["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output();
    let listed = listed.expect("git is installed");
    assert!(listed.status.success(), "git: {}", String::from_utf8_lossy(&listed.stderr));
    let names = listed.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let mut names: Vec<_> = names.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    // What was deleted but not yet committed is still listed.
    names.retain(|name| root().join(name).exists());
    names.sort();
    names.dedup();
    names
}

/// The text of a file; none when it is not text.
#[must_use]
pub fn text(name: &str) -> Option<String> {
    String::from_utf8(std::fs::read(root().join(name)).ok()?).ok()
}
