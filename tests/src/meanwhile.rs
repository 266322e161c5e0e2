//! What clients do again and again while other things happen.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread::ScopedJoinHandle,
};

use crate::wait_for;

/// What a client does at least between two events.
const MORE: u64 = 5;

/// Does something again and again until it is over, and counts.
pub fn keep<'a>(
    is_over: &'a AtomicBool,
    count: &'a AtomicU64,
    mut act: impl FnMut(u64) + Send + 'a,
) -> impl FnOnce() + Send + 'a {
    move || {
        while !is_over.load(Ordering::SeqCst) {
            act(count.load(Ordering::SeqCst));
            count.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Ends those who keep on, also when the test fails, so that it can be told why.
#[derive(Debug)]
pub struct Over<'a>(pub &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Waits until each of them has done something more, or one has failed.
pub fn await_more(counts: &[&AtomicU64], working: &[ScopedJoinHandle<'_, ()>]) {
    for count in counts {
        let enough = count.load(Ordering::SeqCst) + MORE;
        let has_failed = || working.iter().any(ScopedJoinHandle::is_finished);
        wait_for("them to go on", || (count.load(Ordering::SeqCst) >= enough || has_failed()).then_some(()));
    }
}
