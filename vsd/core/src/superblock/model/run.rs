//! A case from its seed, run to its end, and shrunk when it fails.

use std::{
    cell::{Cell, RefCell},
    fmt::Write as _,
    panic,
    sync::Once,
};

use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestError, TestRng, TestRunner},
};

use super::{
    Coverage, Model,
    case::{Case, case},
};

/// Most cases tried on the way to a smaller one that fails.
const SHRINK_STEPS: u32 = 5_000;

/// A case that failed, shrunk.
#[derive(Debug)]
pub struct Failure {
    pub why: String,
    pub steps: String,
}

thread_local! {
    /// Panics of this thread are caught and told of elsewhere.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f`, of which the panics are expected.
fn quietly<T>(f: impl FnOnce() -> T) -> T {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    QUIET.set(true);
    let done = f();
    QUIET.set(false);
    done
}

/// Runs the case of a seed to its end.
///
/// # Errors
/// When an invariant does not hold.
pub fn run(seed: u64, shrink: bool) -> Result<Coverage, Box<Failure>> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: if shrink { SHRINK_STEPS } else { 0 },
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let tree = case().new_tree(&mut runner).expect("every case can be made");
    let seen = RefCell::new(Coverage::default());
    let at = RefCell::new(String::new());
    let ran = quietly(|| {
        runner.run_one(tree, |case| {
            let steps = case.steps.clone();
            let mut model = Model::new(case);
            for (nth, step) in steps.iter().enumerate() {
                at.replace(format!("in step {nth}"));
                model.apply(step);
            }
            model.finish(&at);
            *seen.borrow_mut() = model.seen;
            Ok(())
        })
    });
    match ran {
        Ok(_) => Ok(seen.into_inner()),
        Err(TestError::Fail(why, case)) => {
            Err(Box::new(Failure { why: format!("{why}, {}", at.borrow()), steps: describe(&case) }))
        }
        Err(TestError::Abort(why)) => Err(Box::new(Failure { why: why.to_string(), steps: String::new() })),
    }
}

fn describe(case: &Case) -> String {
    let Case { total_bytes, full_percent, reserve_blocks, can_allocate, steps } = case;
    let mut text = format!(
        "total_bytes: {total_bytes:?}, full_percent: {full_percent}, reserve_blocks: {reserve_blocks}, \
         can_allocate: {can_allocate}\n"
    );
    for step in steps {
        writeln!(text, "  {step:?}").expect("writing to a string");
    }
    text
}
