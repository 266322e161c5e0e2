//! What it costs that nothing is lost: coding beside ISA-L, bytes on disks for each byte of film, uploads beside the disk,
//! how even nodes fill, the repair of a dead node while somebody watches, what moves when nodes come and go, and when disks
//! have their space back.
//!
//! As in `benches/store`, no time stands alone: ours and its peer take turns, and what counts is the median of their ratios.
//! Nodes are real `vsd serve`, films are real and go in by `vsctl`, and the one who watches is `vsplay`.

#[path = "../common/mod.rs"]
mod common;

mod balance;
mod coding;
mod given_back;
mod isal;
mod moves;
mod nodes;
mod reader;
mod repair;
mod space;
mod tools;
mod upload;

use std::{path::Path, process::ExitCode};

use tokio::runtime::Runtime;

use common::{Options, Outcome, table::Table};

/// Bytes of an ordinary chunk.
const CHUNK_BYTES: usize = vs_core::limit::CHUNK_BYTES_MAX;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
struct Effort {
    /// Of what takes no cluster.
    rounds: usize,
    /// How long a round of coding takes.
    coding_s: f64,
    /// Of uploads.
    uploads: usize,
    /// Length of a large film, at 20 Mbit/s.
    large_film_s: u32,
    /// How much shorter than they should be the films are whose space is measured.
    film_divisor: u32,
    /// Of repairs, and of nodes that are added, each in a cluster of its own; and of films that are demoted and purged.
    repairs: usize,
    /// Large films that are repaired or moved.
    library_films: usize,
    /// For how long chunks are read before a node dies or comes.
    calm_s: u32,
    /// Length of the film that is watched.
    watched_s: u32,
}

const FULL: Effort = Effort {
    rounds: 7,
    coding_s: 0.4,
    uploads: 5,
    large_film_s: 40,
    film_divisor: 1,
    repairs: 3,
    library_films: 3,
    calm_s: 20,
    watched_s: 80,
};
const QUICK: Effort = Effort {
    rounds: 2,
    coding_s: 0.05,
    uploads: 1,
    large_film_s: 4,
    film_divisor: 10,
    repairs: 1,
    library_films: 3,
    calm_s: 3,
    watched_s: 30,
};

/// What every part of the bench works with.
struct Lab<'a> {
    table: Table,
    runtime: &'a Runtime,
    root: &'a Path,
    effort: Effort,
}

type Part = fn(&mut Lab<'_>) -> Outcome<()>;

const PARTS: [(&str, Part); 6] = [
    ("coding", coding::measure),
    ("balance", balance::measure),
    ("space", space::measure),
    ("upload", upload::measure),
    ("repair", repair::measure),
    ("moves", moves::measure),
];

fn main() -> ExitCode {
    let names = PARTS.map(|(name, _)| name);
    common::exit(Options::parse(&common::args(), &names).and_then(|options| measure(&options)))
}

fn measure(options: &Options) -> Outcome<()> {
    let root = common::scratch()?;
    let runtime = Runtime::new()?;
    let effort = if options.is_quick { QUICK } else { FULL };
    let mut lab = Lab { table: Table::new(options.is_quick), runtime: &runtime, root: root.path(), effort };
    for (_, measure) in PARTS.iter().filter(|(name, _)| options.wants(name)) {
        measure(&mut lab)?;
    }
    lab.table.close(options.json.as_deref())
}
