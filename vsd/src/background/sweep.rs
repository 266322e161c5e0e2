//! The sweep of this node (DESIGN §10): drops its own copies that the cluster does not want. Decided in
//! [`vsd_core::plan::sweep`]; here metadata is asked, chunks are listed and drops are handed to the store.
//!
//! Invariants:
//! - DUR-2: metadata is asked by linearizable reads alone. Without a quorum nothing is dropped.
//! - Drops go in small groups, with as long a pause after each as it took, so that a PUT waits for little more than its
//!   own fsync.
//! - It may end at any moment: what a writer has in hand is done or not, everything else is forgotten.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;
use vs_core::id::NodeId;
use vsd_core::{
    meta::{SettingName, TableError},
    plan::{
        sweep::{SLICE_KEYS_MAX, Step, Sweep},
        wanted::Keeper,
    },
    superblock::Key,
};

use crate::{
    meta::Meta,
    storage::{Store, Sweeping, Watch},
};

/// How often it looks whether there is something to do: the delay may have been changed.
const POLL: Duration = Duration::from_secs(1);
/// Names that are read from the indexes at a time, which hold up writers meanwhile.
const LIST_KEYS: usize = 1_000;

/// The sweep at work, until it is dropped.
#[derive(Debug)]
pub(crate) struct Sweeper {
    figures: Arc<Figures>,
    stop: CancellationToken,
}

/// Counted since the start.
#[derive(Debug, Default)]
struct Figures {
    dropped: AtomicU64,
    dropped_bytes: AtomicU64,
    void: AtomicU64,
    kept: AtomicU64,
    passes: AtomicU64,
    pass_ms: AtomicU64,
}

impl Sweeper {
    pub(crate) fn start(meta: Meta, store: Arc<Store>, node: NodeId) -> Self {
        let (figures, stop) = (Arc::<Figures>::default(), CancellationToken::new());
        let at_work = AtWork {
            watch: store.watch(),
            sweep: Sweep::new(Duration::ZERO),
            meta,
            store,
            node,
            began: Instant::now(),
            figures: Arc::clone(&figures),
            sum: Sweeping::default(),
            stop: stop.clone(),
        };
        tokio::spawn(stop.clone().run_until_cancelled_owned(at_work.run()));
        Self { figures, stop }
    }

    /// Figures in Prometheus' text format.
    pub(crate) fn metrics(&self) -> String {
        let Figures { dropped, dropped_bytes, void, kept, passes, pass_ms } = &*self.figures;
        let of = |figure: &AtomicU64| figure.load(Relaxed).to_string();
        let ms = pass_ms.load(Relaxed);
        let seconds = format!("{}.{:03}", ms / 1_000, ms % 1_000);
        let figures = [
            ("dropped_total", "counter", "Copies dropped because they were not wanted.", of(dropped)),
            ("dropped_bytes_total", "counter", "Bytes of those copies.", of(dropped_bytes)),
            ("kept_void_total", "counter", "Drops not made because a sender knew more.", of(void)),
            ("kept_failed_total", "counter", "Drops that a data directory did not make.", of(kept)),
            ("passes_total", "counter", "Times that every chunk was asked about.", of(passes)),
            ("pass_seconds", "gauge", "How long the last pass worked, without its waits.", seconds),
        ];
        let text = |(name, kind, help, value)| {
            format!("# HELP vsd_sweep_{name} {help}\n# TYPE vsd_sweep_{name} {kind}\nvsd_sweep_{name} {value}\n")
        };
        figures.map(text).concat()
    }

    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Why a pass ended early.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error(transparent)]
    Tables(#[from] TableError),
    #[error("the sweep was stopped")]
    Stopped,
}

struct AtWork {
    meta: Meta,
    store: Arc<Store>,
    node: NodeId,
    began: Instant,
    sweep: Sweep,
    watch: Watch,
    figures: Arc<Figures>,
    /// Of this pass.
    sum: Sweeping,
    stop: CancellationToken,
}

impl AtWork {
    async fn run(mut self) {
        loop {
            let step = self.sweep.next(self.began.elapsed(), self.delay());
            self.tell_ended();
            match step {
                Step::Wait(wait) => {
                    self.watch.keep(&self.sweep.watched());
                    tokio::time::sleep(wait.min(POLL)).await;
                }
                Step::List { after } => {
                    self.watch.keep(&self.sweep.watched());
                    self.list(after).await;
                }
                Step::Ask { assets } => {
                    self.watch.add(&assets);
                    self.ask().await;
                }
                Step::Drop { keys, decided_at } => self.drop_unwanted(&keys, decided_at).await,
            }
        }
    }

    fn delay(&self) -> Duration {
        let delay = self.meta.stale().state.view().setting(SettingName::DropDelay);
        Duration::from_millis(delay.unwrap_or(SettingName::DropDelay.default_value()))
    }

    async fn list(&mut self, mut after: Option<Key>) {
        let mut keys = Vec::new();
        while keys.len() < SLICE_KEYS_MAX {
            let page = self.store.list(&(0..=u64::MAX), after, LIST_KEYS);
            after = page.last().copied();
            let is_last = page.len() < LIST_KEYS;
            keys.extend(page);
            if is_last {
                break;
            }
            tokio::task::yield_now().await;
        }
        self.sweep.listed(&keys, self.began.elapsed());
    }

    /// Asks metadata what the sweep asks, by one state.
    async fn ask(&mut self) {
        let (state, index) = match self.meta.read_at().await {
            Ok(read) => read,
            Err(error) => {
                tracing::debug!(%error, "nothing is swept");
                return self.sweep.give_up(self.began.elapsed());
            }
        };
        let (node, stop, now) = (self.node, self.stop.clone(), self.began.elapsed());
        // lost with its task, which has lost nothing by that
        let mut sweep = std::mem::replace(&mut self.sweep, Sweep::new(now));
        let answered = tokio::task::spawn_blocking(move || {
            let answered = Keeper::new(state.view(), node).map_err(Unanswered::from).and_then(|keeper| {
                let wants =
                    |asset| if stop.is_cancelled() { Err(Unanswered::Stopped) } else { Ok(keeper.wants(asset)?) };
                sweep.answered(index, wants, now)
            });
            (sweep, answered)
        });
        match answered.await {
            Ok((sweep, answered)) => {
                self.sweep = sweep;
                if let Err(error) = answered {
                    tracing::warn!(%error, "nothing is swept");
                    self.sweep.give_up(self.began.elapsed());
                }
            }
            Err(ended) => tracing::error!(%ended, "the sweep begins anew"),
        }
    }

    async fn drop_unwanted(&mut self, keys: &[Key], decided_at: u64) {
        let began = Instant::now();
        let Sweeping { dropped, dropped_bytes, void, kept } = self.store.drop_unwanted(keys, decided_at).await;
        self.sum.dropped += dropped;
        self.sum.dropped_bytes += dropped_bytes;
        self.sum.void += void;
        self.sum.kept += kept;
        let of = &self.figures;
        let counts = [(&of.dropped, dropped), (&of.dropped_bytes, dropped_bytes), (&of.void, void), (&of.kept, kept)];
        for (figure, more) in counts {
            figure.fetch_add(more, Relaxed);
        }
        tokio::time::sleep(began.elapsed()).await;
    }

    /// When a pass has ended: counts it, and says what it dropped.
    fn tell_ended(&mut self) {
        let passes = self.sweep.passes();
        if self.figures.passes.swap(passes, Relaxed) == passes {
            return;
        }
        let ms = u64::try_from(self.sweep.worked().as_millis()).unwrap_or(u64::MAX);
        self.figures.pass_ms.store(ms, Relaxed);
        let Sweeping { dropped, dropped_bytes, void, kept } = std::mem::take(&mut self.sum);
        if dropped > 0 {
            tracing::info!(copies = dropped, bytes = dropped_bytes, void, "copies that were not wanted are gone");
        }
        if kept > 0 {
            tracing::warn!(copies = kept, "copies that are not wanted stay in directories that do not let them go");
        }
    }
}

#[cfg(test)]
mod tests;
