//! What the black-box tests share: the three programs as a person runs them, with real processes, real files and a real ffmpeg.
//!
//! Nothing here knows the inside of a program. A test starts a [`Node`] or a [`Cluster`] of them, talks to it with [`Tools`] and
//! looks at what a person would look at: output, exit codes, files, `/proc`. Only [`history`] makes calls of its own, because it
//! repeats them as no person does, and only [`raft_trace`] reads what nodes tell of their insides.
//!
//! Invariants:
//! - Nothing outside a temporary folder is touched, and every process that a test starts ends with the test.
//! - A hang ends as a failure that says which command hung ([`program::PATIENCE`]). Beyond that a test looks at a clock only where
//!   time is what is promised and, in histories, to know what came before what.
//! - Tests pass on a machine that has nothing but ffmpeg: they make their own clips ([`clip`]). A collection of real media is used
//!   where there is one ([`media`]), and a test says so when there is none.

pub mod adversary;
pub mod chunks;
pub mod clip;
mod cluster;
pub mod crash;
pub mod crowd;
mod dev;
pub mod ffmpeg;
pub mod history;
pub mod http;
pub mod linear;
mod link;
pub mod meanwhile;
pub mod media;
pub mod memory;
mod mount;
pub mod moving;
pub mod mutate;
mod node;
pub mod process;
pub mod program;
mod proxy;
pub mod raft_trace;
pub mod redundancy;
pub mod repo;
pub mod storm;
pub mod strike;
mod tools;
mod wire;

pub use cluster::Cluster;
pub use dev::Dev;
pub use link::{Cut, Link};
pub use mount::Mount;
pub use node::{Begin, Node};
pub use program::Said;
pub use proxy::Proxy;
pub use tools::{Tools, Video};

use std::{
    io::Read,
    path::Path,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

/// How often something that is awaited is looked for.
const POLL: Duration = Duration::from_millis(20);

/// The SHA-256 of a file, in hexadecimal.
#[must_use]
pub fn sha256(path: &Path) -> String {
    let mut file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).expect("a readable file") {
            0 => return hex(&hasher.finalize()),
            read => hasher.update(&buffer[..read]),
        }
    }
}

/// The SHA-256 of some bytes, in hexadecimal.
#[must_use]
pub fn sha256_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Waits until `ready` gives something; fails with `what` when patience is over.
pub fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(started.elapsed() < program::PATIENCE, "waited in vain: {what}");
        std::thread::sleep(POLL);
    }
}

/// Waits until there is none of them; fails with those that stay.
pub fn wait_for_none<T: std::fmt::Debug>(mut left: impl FnMut() -> Vec<T>) {
    let started = Instant::now();
    loop {
        let left = left();
        if left.is_empty() {
            return;
        }
        assert!(started.elapsed() < program::PATIENCE, "they stay: {left:#?}");
        std::thread::sleep(POLL);
    }
}

/// Whether a text holds nothing that a terminal would obey: no control characters but line feeds, no changes of direction.
#[must_use]
pub fn is_harmless(text: &str) -> bool {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().all(|c| c == '\n' || !(c.is_control() || turns(c)))
}
