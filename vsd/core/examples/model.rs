//! Runs the model of the chunk store for as long as asked: `cargo model -- --minutes 10 [--seed N]`. A case that fails
//! is shrunk, and repeated by `cargo model -- --seed N`.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    io::{self, Write},
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use vsd_core::superblock::model::{Coverage, Failure, run};

const USAGE: &str = "usage: cargo model -- [--minutes M] [--seed N]\n\
    --minutes M   run one case after the other until the time is over\n\
    --seed N      begin with this case; without --minutes, run only this one";
/// Lengths of time between two lines that say how far it is.
const PROGRESS: Duration = Duration::from_secs(60);

struct Asked {
    minutes: Option<f64>,
    seed: Option<u64>,
}

fn asked() -> Option<Asked> {
    let mut asked = Asked { minutes: None, seed: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--" => {}
            "--minutes" => asked.minutes = Some(arguments.next()?.parse().ok().filter(|minutes| *minutes > 0.0)?),
            "--seed" => asked.seed = Some(arguments.next()?.parse().ok()?),
            _ => return None,
        }
    }
    (asked.minutes.is_some() || asked.seed.is_some()).then_some(asked)
}

/// Runs cases from `first` on until `until`, on every core; at least one.
fn run_until(first: u64, until: Instant) -> (u64, Coverage, Option<(u64, Box<Failure>)>) {
    let (next, stop) = (AtomicU64::new(first), AtomicBool::new(false));
    let done = AtomicU64::new(0);
    let found: Mutex<(Coverage, Option<Found>)> = Mutex::default();
    let began = Instant::now();
    let work = |tells: bool| {
        let (mut seen, mut told) = (Coverage::default(), began);
        loop {
            let seed = next.fetch_add(1, Relaxed);
            let ran = run(seed, true);
            let count = done.fetch_add(1, Relaxed) + 1;
            match ran {
                Ok(more) => seen.add(&more),
                Err(failure) => {
                    stop.store(true, Relaxed);
                    found.lock().unwrap_or_else(PoisonError::into_inner).1.get_or_insert((seed, failure));
                }
            }
            if stop.load(Relaxed) || Instant::now() >= until {
                break;
            }
            if tells && told.elapsed() >= PROGRESS {
                told = Instant::now();
                say(&format!("{} min: {count} cases", began.elapsed().as_secs() / 60));
            }
        }
        found.lock().unwrap_or_else(PoisonError::into_inner).0.add(&seen);
    };
    let cores = if Instant::now() >= until { 1 } else { thread::available_parallelism().map_or(1, usize::from) };
    thread::scope(|scope| {
        for core in 0..cores {
            let work = &work;
            scope.spawn(move || work(core == 0));
        }
    });
    let (seen, failed) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    (done.into_inner(), seen, failed)
}

/// Says it, if anybody still listens.
fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// The seed of a case that failed, and how.
type Found = (u64, Box<Failure>);

fn main() -> ExitCode {
    let Some(Asked { minutes, seed }) = asked() else {
        say(USAGE);
        return ExitCode::from(2);
    };
    let first = seed.unwrap_or_else(|| RandomState::new().build_hasher().finish() >> 16);
    let began = Instant::now();
    let time = minutes.map_or(Duration::ZERO, |minutes| Duration::from_secs_f64(minutes * 60.0));
    let (cases, seen, failed) = run_until(first, began + time);
    let seconds = began.elapsed().as_secs_f64();
    if let Some((seed, failure)) = failed {
        say(&format!("{}\n{}\nrepeat it with: cargo model -- --seed {seed}", failure.why, failure.steps));
        return ExitCode::FAILURE;
    }
    for (what, count) in &seen.0 {
        say(&format!("{count:>12}  {what}"));
    }
    let rate = u32::try_from(cases).map_or(f64::INFINITY, f64::from) / seconds;
    say(&format!("{cases} cases from seed {first} in {seconds:.1} s ({rate:.0}/s): every promise was kept"));
    ExitCode::SUCCESS
}
