//! A failing case with less in it: fewer faults and acts, as long as it still fails in the same way.

use std::time::Duration;

use crate::{
    case::Case,
    run::{Outcome, run},
    trace::Tracing,
};

/// Which faults and acts of a case are kept, by their places in its lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    pub faults: Vec<usize>,
    pub acts: Vec<usize>,
}

impl Keep {
    #[must_use]
    pub fn all(case: &Case) -> Self {
        Self { faults: (0..case.faults.len()).collect(), acts: (0..case.acts.len()).collect() }
    }

    /// The case with nothing else. What is left out never happens; everything else happens as before.
    #[must_use]
    pub fn of(&self, case: &Case) -> Case {
        let far = Duration::from_secs(1_000_000);
        let mut kept = case.clone();
        for (at, strike) in kept.faults.iter_mut().enumerate() {
            if !self.faults.contains(&at) {
                strike.at = far;
            }
        }
        for (at, (when, _)) in kept.acts.iter_mut().enumerate() {
            if !self.acts.contains(&at) {
                *when = far;
            }
        }
        kept
    }
}

/// The smallest that still violates what the outcome violated, and how it went.
#[must_use]
pub fn shrink(case: &Case, keep: Keep, outcome: Outcome) -> (Keep, Outcome) {
    let id = outcome.violations.first().map(|violation| violation.id);
    let mut best = (keep, outcome);
    loop {
        let before = best.0.clone();
        for of_acts in [false, true] {
            let mut size = before.faults.len().max(before.acts.len());
            while size > 0 {
                let mut from = 0;
                loop {
                    let mut smaller = best.0.clone();
                    let list = if of_acts { &mut smaller.acts } else { &mut smaller.faults };
                    if from >= list.len() {
                        break;
                    }
                    list.drain(from..(from + size).min(list.len()));
                    let outcome = run(smaller.of(case), Tracing::Off);
                    if outcome.violations.first().map(|violation| violation.id) == id {
                        best = (smaller, outcome);
                    } else {
                        from += size;
                    }
                }
                size /= 2;
            }
        }
        if best.0 == before {
            return best;
        }
    }
}
