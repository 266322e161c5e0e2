//! What `cargo sim` is asked, and what it prints: standard output carries only the trace, when one is asked for.

use std::{
    io::Write,
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use vs_core::mutant::{CAN_PLANT, Mutant};

use crate::{
    case::Case,
    kernel::lock,
    run::{Outcome, caught_by, run},
    shrink::{Keep, shrink},
    trace::Tracing,
};

/// Seeds that are run when nothing is said.
const SEEDS: u64 = 200;

/// Mistakes that it takes hundreds of seeds to run into.
const RARE: &[Mutant] = &[Mutant::TombstoneResequenced, Mutant::SessionReopened, Mutant::LeftPlacesUnread];

/// Run V-Stack's cores under simulated faults.
#[derive(Clone, Debug, Parser)]
#[command(name = "cargo sim", about)]
pub struct Args {
    /// Run this seed alone.
    #[arg(long)]
    seed: Option<u64>,
    /// Run these seeds, the last one not included.
    #[arg(long, value_name = "A..B", value_parser = range, conflicts_with = "seed")]
    seeds: Option<(u64, u64)>,
    /// Run seeds until so many minutes have passed.
    #[arg(long, value_name = "M", value_parser = minutes, conflicts_with_all = ["seed", "seeds"])]
    minutes: Option<Duration>,
    /// With `--minutes`, the first of the seeds: another night, other seeds.
    #[arg(long, value_name = "A", default_value_t = 0, conflicts_with_all = ["seed", "seeds"])]
    from: u64,
    /// Cases that are run at the same time, each on a thread of its own.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Make a failing case smaller before it is told.
    #[arg(long)]
    shrink: bool,
    /// Print what happens, line by line.
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Of the seed's faults only these, by their places.
    #[arg(long, value_delimiter = ',', requires = "seed")]
    faults: Option<Vec<usize>>,
    /// Of what people do in it only these, by their places.
    #[arg(long, value_delimiter = ',', requires = "seed")]
    acts: Option<Vec<usize>>,
    /// Make this mistake on purpose, and end with the first seed that catches it; `all` tells of each, `common` of those
    /// that few seeds bring about.
    #[arg(long, value_name = "NAME")]
    mutant: Option<String>,
}

fn minutes(text: &str) -> Result<Duration, String> {
    let minutes = text.parse::<f64>().map_err(|error| error.to_string())?;
    Duration::try_from_secs_f64(minutes * 60.0).map_err(|error| error.to_string())
}

fn range(text: &str) -> Result<(u64, u64), String> {
    let (from, to) = text.split_once("..").ok_or("it is A..B")?;
    let number = |text: &str| text.parse::<u64>().map_err(|error| error.to_string());
    Ok((number(from)?, number(to)?))
}

/// Writes for people, who may have gone.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Runs what was asked for.
#[must_use]
pub fn main() -> ExitCode {
    let args = Args::parse();
    let mutants = match args.mutant.as_deref().map(mutants) {
        Some(Err(why)) => {
            say(&why);
            return ExitCode::from(2);
        }
        Some(Ok(mutants)) => mutants,
        None => Vec::new(),
    };
    let failed = match (mutants.as_slice(), args.seed) {
        ([] | [_], Some(seed)) => one(&args, seed, mutants.first().copied()),
        (_, Some(_)) => {
            say("name one mutant beside `--seed`");
            return ExitCode::from(2);
        }
        ([], None) => many(&args),
        (mutants, None) => catch(&args, mutants),
    };
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The mistakes of a name.
fn mutants(name: &str) -> Result<Vec<Mutant>, String> {
    if !CAN_PLANT {
        return Err("no mistakes can be planted here: use `cargo sim`".to_owned());
    }
    let named = |mutant: &Mutant| match name {
        "all" => true,
        "common" => !RARE.contains(mutant),
        name => format!("{mutant:?}") == name,
    };
    let named: Vec<_> = Mutant::ALL.iter().copied().filter(named).collect();
    if named.is_empty() {
        Err(format!("no mutant `{name}`: all, common, or one of {:?}", Mutant::ALL))
    } else {
        Ok(named)
    }
}

fn one(args: &Args, seed: u64, mutant: Option<Mutant>) -> bool {
    let case = Case { mutant, ..Case::new(seed) };
    let mut keep = Keep::all(&case);
    keep.faults = args.faults.clone().unwrap_or(keep.faults);
    keep.acts = args.acts.clone().unwrap_or(keep.acts);
    let tracing = if args.trace { Tracing::Shown } else { Tracing::Off };
    let outcome = run(keep.of(&case), tracing);
    let (steps, took) = (outcome.steps, outcome.took.as_secs());
    say(&format!("seed {seed}: {steps} steps in {took} s of its time, {:?}", outcome.counts));
    let failed = !outcome.violations.is_empty();
    if failed {
        tell(&case, keep, outcome, args.shrink);
    }
    failed
}

/// How many seeds each mistake takes to be caught; true when one is not.
fn catch(args: &Args, mutants: &[Mutant]) -> bool {
    let (from, to) = args.seeds.unwrap_or((0, SEEDS));
    let mut is_missed = false;
    for mutant in mutants {
        let caught = caught_by(*mutant, from..to, args.jobs.max(1));
        is_missed |= caught.is_none();
        say(&match caught {
            Some((seeds, id)) => format!("{mutant:?}: {id} after {seeds} seeds"),
            None => format!("{mutant:?}: NOT CAUGHT within {} seeds", to - from),
        });
    }
    is_missed
}

fn many(args: &Args) -> bool {
    let began = Instant::now();
    let until = args.minutes.map(|minutes| began + minutes);
    let (from, to) = match (args.seeds, args.minutes) {
        (Some(seeds), _) => seeds,
        (None, Some(_)) => (args.from, u64::MAX),
        (None, None) => (0, SEEDS),
    };
    let (next, done, failed) = (AtomicU64::new(from), AtomicU64::new(0), AtomicBool::new(false));
    let told = Mutex::new(());
    thread::scope(|scope| {
        for _ in 0..args.jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Relaxed);
                    if seed >= to || until.is_some_and(|until| Instant::now() >= until) {
                        return;
                    }
                    let case = Case::new(seed);
                    let outcome = run(case.clone(), Tracing::Off);
                    done.fetch_add(1, Relaxed);
                    if !outcome.violations.is_empty() {
                        failed.store(true, Relaxed);
                        let _one_at_a_time = lock(&told);
                        tell(&case, Keep::all(&case), outcome, args.shrink);
                    }
                }
            });
        }
    });
    let (count, seconds) = (done.load(Relaxed), began.elapsed().as_secs_f64());
    say(&format!("{count} seeds in {seconds:.1} s, {:.0} a minute", count as f64 / seconds.max(0.001) * 60.0));
    failed.load(Relaxed)
}

/// Tells what a case violated, and how to see it again.
fn tell(case: &Case, keep: Keep, outcome: Outcome, is_to_shrink: bool) {
    let (keep, outcome) = if is_to_shrink { shrink(case, keep, outcome) } else { (keep, outcome) };
    say(&format!("seed {} fails:", case.seed));
    for violation in outcome.violations.iter().take(5) {
        say(&format!("  {} at {:.3} s: {}", violation.id, violation.at.as_secs_f64(), violation.what));
    }
    let list = |kept: &[usize]| kept.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    let mut command = format!("cargo sim --seed {} --trace", case.seed);
    if let Some(mutant) = case.mutant {
        command += &format!(" --mutant {mutant:?}");
    }
    if keep != Keep::all(case) {
        command += &format!(" --faults={} --acts={}", list(&keep.faults), list(&keep.acts));
    }
    say(&format!("  {command}"));
}
