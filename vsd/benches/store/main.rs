//! How fast the chunk store is, beside peers and limits measured in the same run: `make bench`.
//!
//! Machines differ and are noisy, so no time stands alone: every figure is taken in rounds in which ours and its peer take turns,
//! and what counts is the median of their ratios, shown with the least and the greatest. `--quick`, or `BENCH_QUICK=1`,
//! looks whether everything runs, in half a minute; its figures mean nothing. `--json FILE` keeps the figures, and
//! named parts are measured alone.

#[path = "../common/mod.rs"]
mod common;

mod care;
mod disk;
mod get;
mod http;
mod nginx;
mod open;
mod put;

use std::{path::Path, process::ExitCode};

use common::{
    Options, Outcome,
    table::{self, Table},
};

/// Bytes of the chunks that are measured, but for the small ones.
const CHUNK_BYTES: usize = 2 << 20;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
struct Effort {
    rounds: usize,
    /// Chunks of 2 MiB written or read in a round.
    chunks: usize,
    /// How long a round of requests takes.
    seconds: f64,
    /// Chunks of the sparse stores that are opened: the first is timed.
    sparse: &'static [u64],
}

const FULL: Effort = Effort {
    rounds: 7,
    chunks: 96,
    seconds: 1.5,
    sparse: &[1_000_000, 900_000, 1_200_000, 1_400_000, 1_600_000, 1_800_000],
};
const QUICK: Effort = Effort { rounds: 2, chunks: 16, seconds: 0.2, sparse: &[20_000] };

type Part = fn(&mut Table, &Path, Effort) -> Outcome<()>;

const PARTS: [(&str, Part); 6] = [
    ("disk", disk::measure),
    ("put", put::measure),
    ("get", get::measure),
    ("http", http::measure),
    ("open", open::measure),
    ("care", care::measure),
];

fn main() -> ExitCode {
    let args = common::args();
    let done = match &args[..] {
        [child, dir] if child == open::CHILD => open::child(Path::new(dir)),
        _ => Options::parse(&args, &PARTS.map(|(name, _)| name)).and_then(|options| measure(&options)),
    };
    common::exit(done)
}

fn measure(options: &Options) -> Outcome<()> {
    let effort = if options.is_quick { QUICK } else { FULL };
    let root = common::scratch()?;
    let mut table = Table::new(options.is_quick);
    for (_, measure) in PARTS.iter().filter(|(name, _)| options.wants(name)) {
        measure(&mut table, root.path(), effort)?;
    }
    table.close(options.json.as_deref())
}
