//! How fast the metadata cluster is, beside etcd in the same run: `make bench BENCH=cluster`.
//!
//! Three `vsd serve` and three `etcd`, all as they come, run at the same time on loopback and on one disk, and take turns under
//! the same load: clients of one generator, each with a connection of its own and one call under way. As in `benches/store`
//! what counts is the median of the rounds' ratios. `--quick` looks whether everything runs, in a minute or two; its figures
//! mean nothing. `--json FILE` keeps the figures, and named parts (`calls`, `parts`, `death`, `library`) are measured alone.
//!
//! # What a put of etcd is compared with
//!
//! A put is one call that makes one entry of 256 bytes durable on a quorum and answers next to nothing. Two of ours are held
//! against it:
//! - `edit`: `Meta.EditVideo` of a description of 256 bytes, each client its own film. It is the smallest public change that
//!   carries a value, so this is what people get and what the targets are for. It does more than a put: it finds the film with
//!   a linearizable read before, and answers with the film as it is after, by another one.
//! - `commit`: the same command handed to the leader as another node would hand it over, which is one entry and no read: the
//!   exact peer. Where `edit` misses its target and `commit` does not, the reads are what it costs.
//!
//! A linearizable read is `GetVideo` beside a range of one key of 256 bytes; a `GetVideo` answers about four times as much.
//! Neither side carries client sessions: a put is not applied once either.
//!
//! # Deaths
//!
//! The time without a leader is what one writer sees that writes on and on, with a new connection to the leader just before it
//! dies. Ours is `vs_client::Session`, as in every tool. etcd's asks the next member too when one has said nothing for a
//! quarter of a second, and takes the first answer: a put that a follower forwarded to the dead leader is only given up after
//! seven seconds.

#[path = "../common/mod.rs"]
mod common;

mod calls;
mod death;
mod etcd;
mod film;
mod library;
mod load;
mod parts;
mod vsd;

use std::{path::Path, process::ExitCode};

use tokio::runtime::Runtime;

use crate::{
    common::{
        Options, Outcome,
        table::{Table, say},
    },
    etcd::Etcd,
    vsd::Vsd,
};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
struct Effort {
    rounds: usize,
    /// How long a round of calls takes.
    seconds: f64,
    /// Times that a leader is killed: ours, etcd's.
    kills: (usize, usize),
    /// Times that a leader is asked to stop, on either side.
    stops: usize,
    /// Films in the large library.
    films: u64,
}

const FULL: Effort = Effort { rounds: 7, seconds: 3.0, kills: (50, 10), stops: 10, films: 100_000 };
const QUICK: Effort = Effort { rounds: 1, seconds: 0.3, kills: (2, 1), stops: 1, films: 4_000 };

/// What every part of the bench works with.
struct Lab<'a> {
    table: Table,
    runtime: &'a Runtime,
    root: &'a Path,
    effort: Effort,
}

const PARTS: [&str; 4] = ["calls", "parts", "death", "library"];

fn main() -> ExitCode {
    common::exit(Options::parse(&common::args(), &PARTS).and_then(|options| measure(&options)))
}

fn measure(options: &Options) -> Outcome<()> {
    let root = common::scratch()?;
    let runtime = Runtime::new()?;
    let effort = if options.is_quick { QUICK } else { FULL };
    let mut lab = Lab { table: Table::new(options.is_quick), runtime: &runtime, root: root.path(), effort };
    if PARTS[..3].iter().any(|part| options.wants(part)) {
        beside_etcd(&mut lab, options)?;
    }
    if options.wants("library") {
        library::measure(&mut lab)?;
    }
    lab.table.close(options.json.as_deref())
}

/// What both clusters are for: they are there while either is measured.
fn beside_etcd(lab: &mut Lab<'_>, options: &Options) -> Outcome<()> {
    let mut vsd = Vsd::start(lab)?;
    let mut etcd = match Etcd::start(lab) {
        Ok(etcd) => Some(etcd),
        Err(why) => {
            say(&format!("etcd is not here to compare with: {why}"));
            None
        }
    };
    if options.wants("calls") {
        calls::measure(lab, &vsd, etcd.as_ref())?;
    }
    if options.wants("parts") {
        parts::measure(lab, &vsd, etcd.as_ref())?;
    }
    if options.wants("death") {
        death::measure(lab, &mut vsd, etcd.as_mut())?;
    }
    Ok(())
}
