//! How fast the chunk store is, beside peers and limits measured in the same run: `make bench`.
//!
//! Machines differ and are noisy, so no time stands alone: every figure is taken in rounds in which ours and its peer take turns,
//! and what counts is the median of their ratios, shown with the least and the greatest. `BENCH_QUICK=1` looks whether everything
//! runs, in half a minute; its figures mean nothing. `--json FILE` keeps the figures.

mod care;
mod disk;
mod get;
mod http;
mod nginx;
mod open;
mod put;
mod table;

use std::{path::Path, process::ExitCode};

use table::Table;

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

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        [open::CHILD, dir] => open::child(Path::new(dir)),
        [] => measure(None),
        ["--json", file] => measure(Some(Path::new(file))),
        _ => Err("usage: store [--json FILE]".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            table::say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn measure(json: Option<&Path>) -> Outcome<()> {
    let is_quick = std::env::var_os("BENCH_QUICK").is_some_and(|value| !value.is_empty() && value != "0");
    let effort = if is_quick { QUICK } else { FULL };
    // beside the build: temporary files may lie in memory
    let root = tempfile::Builder::new().prefix("bench-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut table = Table::new(is_quick);
    disk::measure(&mut table, root.path(), effort)?;
    put::measure(&mut table, root.path(), effort)?;
    get::measure(&mut table, root.path(), effort)?;
    http::measure(&mut table, root.path(), effort)?;
    open::measure(&mut table, root.path(), effort)?;
    care::measure(&mut table, root.path(), effort)?;
    table.close(json)
}
