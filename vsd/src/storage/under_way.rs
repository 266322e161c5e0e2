//! Which calls a disk has not answered yet, and whether one of them takes too long.
//!
//! A disk that stalls blocks whoever calls it, so nothing here calls it: slowness is read off the clock.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Calls under way on one disk.
#[derive(Debug)]
pub(super) struct UnderWay {
    slow_after: Duration,
    calls: Mutex<Calls>,
}

#[derive(Debug, Default)]
struct Calls {
    next: u64,
    /// When each began, the oldest first.
    began: BTreeMap<u64, Instant>,
    /// Some time after a call that took too long the disk still counts as slow: the next one may take as long.
    slow_until: Option<Instant>,
}

/// A call under way, until it is dropped.
#[derive(Debug)]
pub(super) struct Call {
    of: Arc<UnderWay>,
    number: u64,
}

impl UnderWay {
    pub(super) fn new(slow_after: Duration) -> Arc<Self> {
        Arc::new(Self { slow_after, calls: Mutex::default() })
    }

    pub(super) fn begin(self: &Arc<Self>) -> Call {
        let mut calls = self.calls();
        let number = calls.next;
        calls.next += 1;
        calls.began.insert(number, Instant::now());
        Call { of: Arc::clone(self), number }
    }

    /// Whether a call takes longer than it may, or one did a moment ago.
    pub(super) fn is_slow(&self) -> bool {
        let calls = self.calls();
        let oldest = calls.began.first_key_value();
        oldest.is_some_and(|(_, began)| began.elapsed() > self.slow_after)
            || calls.slow_until.is_some_and(|until| until > Instant::now())
    }

    /// Whether a call is under way that began so long ago.
    pub(super) fn has_waited(&self, long: Duration) -> bool {
        self.calls().began.first_key_value().is_some_and(|(_, began)| began.elapsed() > long)
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let slow_after = self.of.slow_after;
        let mut calls = self.of.calls();
        let began = calls.began.remove(&self.number);
        if began.is_some_and(|began| began.elapsed() > slow_after) {
            calls.slow_until = Some(Instant::now() + slow_after);
        }
    }
}
