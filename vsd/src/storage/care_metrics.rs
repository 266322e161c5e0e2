//! Figures of background care in Prometheus' text format.

use vsd_core::{
    care::{Scrubbed, State},
    superblock::Disk,
};

use super::{
    caretaker::{Caretaker, Counts, ScrubStatus},
    metrics::Text,
};

/// A counter's name, its help, and where it is read from.
type Counted = (&'static str, &'static str, fn(&Counts) -> u64);

const COUNTERS: &[Counted] = &[
    ("scrubbed_chunks_total", "Chunks that a scrub checked.", |counts| counts.scrubbed_chunks),
    ("scrubbed_bytes_total", "Bytes of those chunks.", |counts| counts.scrubbed_bytes),
    ("scrub_damaged_total", "Times that a scrub found a chunk damaged.", |counts| counts.scrub_damaged),
    ("scrub_unreadable_total", "Times that a scrub could not read a chunk.", |counts| counts.scrub_unreadable),
    ("scrub_passes_total", "Times that every chunk was checked.", |counts| counts.scrub_passes),
];

/// All figures, a metric with its help and type after the other.
pub(crate) fn care_metrics<D: Disk + 'static>(care: &[Caretaker<D>]) -> String {
    let mut text = Text::default();
    let counts: Vec<_> = care.iter().map(|caretaker| (caretaker.dir().id(), caretaker.counts())).collect();
    for (name, help, of) in COUNTERS {
        let values = || counts.iter().map(|(dir, counts)| (*dir, of(counts)));
        text.total(name, "counter", help, values().map(|(_, value)| value).sum());
        text.of_dirs(name, "counter", help, values());
    }
    let running = |state| u64::from(state == State::Running);
    let scrubs: Vec<_> = care.iter().map(|caretaker| (caretaker.dir().id(), caretaker.scrub_status())).collect();
    let states = scrubs.iter().map(|(dir, status)| (*dir, running(status.state)));
    text.of_dirs("scrubbing", "gauge", "1 while chunks are being checked.", states);
    let ended = |last: &Scrubbed| last.ended_at_ms / 1_000;
    let whole =
        |(dir, status): &(_, ScrubStatus)| Some((*dir, status.last.as_ref().filter(|last| last.whole).map(ended)?));
    let help = "When every chunk had been checked last, in seconds since 1970.";
    text.of_dirs("scrub_ended_timestamp_seconds", "gauge", help, scrubs.iter().filter_map(whole));
    let compacting = care.iter().map(|of| (of.dir().id(), running(of.compact_status().state)));
    text.of_dirs("compacting", "gauge", "1 while superblocks are being compacted.", compacting);
    text.0
}
