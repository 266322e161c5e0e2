//! Programs and libraries of the distribution that ours are compared with: installed where that is allowed.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use super::Outcome;

/// Finds a program, installing its package if need be.
pub(crate) fn program(name: &str, package: &str) -> Outcome<PathBuf> {
    found(package, || find(name))
}

/// What `find` finds of a package, which is installed if need be.
pub(crate) fn found<T>(package: &str, find: impl Fn() -> Option<T>) -> Outcome<T> {
    let missing = || format!("it is not installed; type: sudo apt-get install {package}").into();
    find().or_else(|| install(package).and_then(|()| find())).ok_or_else(missing)
}

fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let sbin = [PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")];
    std::env::split_paths(&path).chain(sbin).map(|folder| folder.join(name)).find(|program| program.is_file())
}

fn install(package: &str) -> Option<()> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    let mut command = Command::new("apt-get");
    command.args(["install", "-y", "-qq", "--no-install-recommends", package]);
    // installing it must not start it
    command.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().ok().filter(std::process::ExitStatus::success).map(drop)
}
