//! File systems of a test's own, where the machine lets us mount.

use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;

use crate::program;

/// A file system in memory, for as long as the value lives.
#[derive(Debug)]
pub struct Mount(PathBuf);

impl Mount {
    /// None where the machine does not let us.
    #[must_use]
    pub fn new(at: &Path, size: &str) -> Option<Self> {
        let mut command = program::bare("mount");
        let said = program::run(command.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(at));
        if said.code != 0 {
            eprintln!("not tested: this machine does not let us mount ({})", said.err.trim());
            return None;
        }
        Some(Self(at.to_owned()))
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Bytes that are used, and how many there are.
    #[must_use]
    pub fn space(&self) -> (u64, u64) {
        let disk = statvfs(&self.0).expect("a file system");
        let bytes = |blocks: u64| blocks * disk.fragment_size();
        (bytes(disk.blocks() - disk.blocks_free()), bytes(disk.blocks()))
    }

    pub fn remount(&self, how: &str) {
        let mut command = program::bare("mount");
        let _ = program::run(command.args(["-o", &format!("remount,{how}")]).arg(&self.0)).ok();
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = program::run(program::bare("umount").arg("-l").arg(&self.0));
    }
}
