//! The gate of the simulator, and its share of every run of the tests.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use vs_sim::{case::Case, run::run, trace::Tracing};

/// Seeds that every run of the tests goes through.
const SEEDS: u64 = 200;
/// Seeds of which it is looked whether they give the same trace again.
const GATE: u64 = 10;

/// Before any seed is believed: the same one gives the same trace, line by line.
#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in 0..GATE {
        let trace = || run(Case::new(seed), Tracing::Kept).trace;
        let (first, again) = (trace(), trace());
        let differs = first.iter().zip(&again).position(|(a, b)| a != b);
        if let Some(at) = differs {
            panic!("seed {seed} differs in line {at}:\n{}\n{}", first[at], again[at]);
        }
        assert_eq!(first.len(), again.len(), "seed {seed}");
        assert!(first.len() > 100, "seed {seed} does something");
    }
}

#[test]
fn nothing_that_was_promised_is_broken() {
    let (next, failed) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Relaxed);
                    if seed >= SEEDS {
                        return;
                    }
                    let violations = run(Case::new(seed), Tracing::Off).violations;
                    if let Some(first) = violations.first() {
                        let line = format!("cargo sim --seed {seed} --trace: {} {}", first.id, first.what);
                        failed.lock().expect("no panic before").push(line);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no panic");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
