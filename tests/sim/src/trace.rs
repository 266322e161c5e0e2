//! What happened, line by line, in simulated time: the same for the same seed, byte by byte.

use std::{io::Write, sync::Mutex};

use crate::kernel::{Kernel, lock};

/// Where lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracing {
    Off,
    /// Kept, to be compared.
    Kept,
    /// To standard output at once, and nothing else goes there.
    Shown,
}

#[derive(Debug)]
pub struct Trace {
    kernel: Kernel,
    tracing: Tracing,
    kept: Mutex<Vec<String>>,
}

impl Trace {
    pub(crate) fn new(kernel: Kernel, tracing: Tracing) -> Self {
        Self { kernel, tracing, kept: Mutex::default() }
    }

    pub(crate) fn say(&self, line: impl FnOnce() -> String) {
        if self.tracing == Tracing::Off {
            return;
        }
        let now = self.kernel.now();
        let line = format!("{:>6}.{:06} {}", now.as_secs(), now.subsec_micros(), line());
        match self.tracing {
            Tracing::Off => {}
            Tracing::Kept => lock(&self.kept).push(line),
            // whoever reads it may have had enough
            Tracing::Shown => drop(writeln!(std::io::stdout(), "{line}")),
        }
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.kept))
    }
}
