//! What a lab does to this node: lines, disks and memory that are bad for a while, and chunks that rot (`fault.proto`).
//!
//! Only a node that `vsd dev` started has an [`Afflicted`]; every other one refuses the calls, and its lines and disks have
//! nothing before them that could be bad.
//!
//! Invariants:
//! - What is wrong ends by itself when its time is over, whatever became of the lab.
//! - A bit is flipped behind the back of the store: nothing but reading finds it.

mod corrupt;
mod service;

pub(crate) use service::FaultService;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use vs_client::line::{Trouble, Troubles};
use vs_core::{
    error::{Code, Failure},
    unit::human_bytes,
};
use vs_wire::v1;

use crate::storage::{DiskFaults, DiskTrouble};

/// Longest that anything may be wrong.
const FOR_MAX: Duration = Duration::from_secs(600);
/// Most memory that is taken, in bytes: a machine that swaps is not what is tried out here.
const MEMORY_MAX: u64 = 2 << 30;
const PAGE_BYTES: usize = 4096;
const PERMILLE: u32 = 1_000;

/// What is wrong with this node, shared by all who suffer from it.
#[derive(Debug)]
pub(crate) struct Afflicted {
    /// Where the `vsd dev` answers that started this node.
    supervisor: SocketAddr,
    now: Mutex<Now>,
}

#[derive(Debug, Default)]
struct Now {
    faults: v1::Faults,
    until: Option<Instant>,
    lines: HashMap<SocketAddr, Trouble>,
    disk: DiskTrouble,
    ballast: Vec<u8>,
}

impl Now {
    /// Nothing is wrong any more once its time is over.
    fn settle(&mut self) -> &mut Self {
        if self.until.is_some_and(|until| until <= Instant::now()) {
            *self = Self::default();
        }
        self
    }
}

impl Afflicted {
    pub(crate) fn new(supervisor: SocketAddr) -> Self {
        Self { supervisor, now: Mutex::default() }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.settle();
        now
    }

    /// What is wrong from now on, and for how long. Takes the memory it asks for before it returns.
    fn set(self: &Arc<Self>, faults: v1::Faults, lasts: Duration) -> Result<(), Failure> {
        let invalid = |what: String| Failure::new(Code::Invalid, what);
        if lasts > FOR_MAX {
            return Err(invalid(format!("faults last {} s at most", FOR_MAX.as_secs())));
        }
        if faults.memory_bytes > MEMORY_MAX {
            return Err(invalid(format!("at most {} of memory are taken", human_bytes(MEMORY_MAX))));
        }
        let lines = faults.lines.iter().map(line).collect::<Result<_, _>>()?;
        let disk = faults.disk.unwrap_or_default();
        let disk = DiskTrouble { delay: millis(disk.delay_ms), is_full: disk.full, is_unreadable: disk.unreadable };
        let ballast = ballast(faults.memory_bytes);
        let until = Instant::now() + lasts;
        *self.now() = Now { faults, until: Some(until), lines, disk, ballast };
        // memory is given back when it is time, although nobody asks
        let afflicted = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep_until(until.into()).await;
            drop(afflicted.now());
        });
        Ok(())
    }

    fn describe(&self) -> (v1::Faults, Duration) {
        let now = self.now();
        let left = now.until.map(|until| until.saturating_duration_since(Instant::now()));
        let faults = v1::Faults { memory_bytes: now.ballast.len() as u64, ..now.faults.clone() };
        (faults, left.unwrap_or_default())
    }
}

fn millis(ms: u32) -> Duration {
    Duration::from_millis(ms.into())
}

fn line(line: &v1::BadLine) -> Result<(SocketAddr, Trouble), Failure> {
    let addr = line.addr.parse().map_err(|_| Failure::new(Code::Invalid, format!("`{}` is no IP:PORT", line.addr)))?;
    let trouble = Trouble {
        delay: millis(line.delay_ms),
        loss_permille: line.loss_permille.min(PERMILLE),
        cut_out: line.cut_out,
        cut_in: line.cut_in,
    };
    Ok((addr, trouble))
}

/// So many bytes that are really there: a page that nothing was written to takes no memory.
fn ballast(bytes: u64) -> Vec<u8> {
    let mut ballast = vec![0; usize::try_from(bytes).unwrap_or(0)];
    ballast.iter_mut().step_by(PAGE_BYTES).for_each(|byte| *byte = 1);
    ballast
}

impl Troubles for Afflicted {
    fn on_line_to(&self, peer: SocketAddr) -> Trouble {
        self.now().lines.get(&peer).copied().unwrap_or_default()
    }
}

impl DiskFaults for Afflicted {
    fn trouble(&self) -> DiskTrouble {
        self.now().disk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn afflicted() -> Arc<Afflicted> {
        Arc::new(Afflicted::new(([127, 0, 0, 1], 7399).into()))
    }

    #[tokio::test]
    async fn what_is_wrong_is_so_until_its_time_is_over() {
        let node = afflicted();
        let peer = ([127, 0, 0, 1], 7401).into();
        let faults = v1::Faults {
            lines: vec![v1::BadLine { addr: "127.0.0.1:7401".to_owned(), cut_in: true, ..v1::BadLine::default() }],
            disk: Some(v1::BadDisk { full: true, ..v1::BadDisk::default() }),
            memory_bytes: 1 << 20,
        };
        node.set(faults.clone(), FOR_MAX).expect("taken");
        assert_eq!(node.on_line_to(peer), Trouble { cut_in: true, ..Trouble::default() });
        assert_eq!(
            node.on_line_to(([127, 0, 0, 1], 7402).into()),
            Trouble::default(),
            "of other lines nothing is said"
        );
        assert_eq!(node.trouble(), DiskTrouble { is_full: true, ..DiskTrouble::default() });
        assert_eq!((node.describe().0, node.now().ballast.len()), (faults.clone(), 1 << 20));
        node.set(faults, Duration::ZERO).expect("taken");
        assert_eq!(node.on_line_to(peer), Trouble::default());
        assert_eq!(node.trouble(), DiskTrouble::default());
        assert_eq!((node.describe(), node.now().ballast.len()), ((v1::Faults::default(), Duration::ZERO), 0));
    }

    #[tokio::test]
    async fn more_than_a_machine_can_bear_is_refused() {
        let node = afflicted();
        let memory = v1::Faults { memory_bytes: MEMORY_MAX + 1, ..v1::Faults::default() };
        let named = v1::BadLine { addr: "localhost".to_owned(), ..v1::BadLine::default() };
        let named = v1::Faults { lines: vec![named], ..v1::Faults::default() };
        for (faults, lasts) in [(memory, FOR_MAX), (named, FOR_MAX), (v1::Faults::default(), FOR_MAX * 2)] {
            assert_eq!(node.set(faults, lasts).expect_err("refused").code, Code::Invalid);
        }
    }
}
