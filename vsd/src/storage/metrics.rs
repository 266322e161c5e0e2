//! The store's figures in Prometheus' text format: sums under `vsd_…`, and of each directory under `vsd_dir_…{dir="1"}`.

use std::{
    fmt::{Display, Write},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use vs_core::id::DirId;
use vsd_core::superblock::{Disk, Stats};

use super::{
    directory::{Counters, Directory, LATENCY_BOUNDS_MS},
    store::Store,
};

/// A figure that every directory has, and the node as their sum.
struct Figure {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    of: fn(&Stats) -> u64,
}

const fn gauge(name: &'static str, help: &'static str, of: fn(&Stats) -> u64) -> Figure {
    Figure { name, kind: "gauge", help, of }
}

const fn counter(name: &'static str, help: &'static str, of: fn(&Stats) -> u64) -> Figure {
    Figure { name, kind: "counter", help, of }
}

const FIGURES: &[Figure] = &[
    gauge("chunks", "Chunks stored.", |stats| stats.chunks),
    gauge("chunk_bytes", "Bytes of the chunks stored.", |stats| stats.chunk_bytes),
    gauge("superblocks", "Superblock files.", |stats| stats.superblocks),
    gauge("superblock_bytes", "Length of all superblock files, holes included.", |stats| stats.file_bytes),
    gauge("quarantined_bytes", "Stored bytes found damaged.", |stats| stats.quarantined_bytes),
    gauge("damaged_chunks", "Chunks found damaged and not repaired since.", |stats| stats.damaged),
    gauge("tombstones", "Records of deleted chunks that are still needed.", |stats| stats.tombstones),
    gauge("reserve_bytes", "Disk kept for deletes when it is full.", |stats| stats.reserve_bytes),
    counter("corrupt_reads_total", "Reads that found a bad copy.", |stats| stats.corrupt_reads),
    counter("fsyncs_total", "Syncs of superblocks and their directory.", |stats| stats.fsyncs),
    counter("written_bytes_total", "Bytes written to superblocks.", |stats| stats.written_bytes),
    counter("deletes_total", "Chunks deleted.", |stats| stats.deletes),
    counter("punched_bytes_total", "Bytes given back after deletes and moves.", |stats| stats.punched_bytes),
    counter("moved_bytes_total", "Bytes carried by compaction.", |stats| stats.moved_bytes),
    counter("retired_superblocks_total", "Superblocks removed by compaction.", |stats| stats.retired_superblocks),
];

/// What a counter is read from, and the label that tells it from others of its name.
type Counted = (&'static str, fn(&Counters) -> &AtomicU64);

const PUTS: &[Counted] = &[
    (r#"outcome="created""#, |counters| &counters.puts_created),
    (r#"outcome="already_durable""#, |counters| &counters.puts_known),
    (r#"outcome="failed""#, |counters| &counters.puts_failed),
];
const GETS: &[Counted] =
    &[(r#"outcome="found""#, |counters| &counters.gets), (r#"outcome="failed""#, |counters| &counters.gets_failed)];
/// Name, help, and where the count is.
type OfDir = (&'static str, &'static str, fn(&Counters) -> &AtomicU64);
/// What is told of directories only.
const OF_DIRS: &[OfDir] = &[
    ("puts_given_up_total", "PUTs that went elsewhere because the disk stalled.", |counters| &counters.puts_given_up),
    ("stalls_total", "Times that the disk did not answer in time.", |counters| &counters.stalls),
    ("groups_total", "Groups of changes that shared an fsync.", |counters| &counters.groups),
    ("grouped_total", "Changes in those groups.", |counters| &counters.grouped),
];

impl<D: Disk + 'static> Store<D> {
    /// All figures, a metric with its help and type after the other.
    pub(crate) fn metrics(&self) -> String {
        let stats = self.stats();
        let mut text = Text(String::new());
        for figure in FIGURES {
            let values = || stats.iter().map(|(dir, stats)| (*dir, (figure.of)(stats)));
            text.total(figure.name, figure.kind, figure.help, values().map(|(_, value)| value).sum());
            text.of_dirs(figure.name, figure.kind, figure.help, values());
        }
        self.tell_disks(&mut text, &stats);
        self.tell_calls(&mut text);
        self.tell_latency(&mut text);
        text.0
    }

    fn tell_disks(&self, text: &mut Text, stats: &[(DirId, Stats)]) {
        let writable = || stats.iter().map(|(dir, stats)| (*dir, u64::from(stats.refusal.is_none())));
        let help = "1 while chunks can be stored.";
        text.total("writable", "gauge", help, writable().map(|(_, one)| one).max().unwrap_or(0));
        text.of_dirs("writable", "gauge", "1 while the data directory takes writes.", writable());
        let slow = self.dirs().iter().map(|dir| (dir.id(), u64::from(dir.is_slow())));
        text.of_dirs("slow", "gauge", "1 while its disk does not answer in time.", slow);
        let queued = self.dirs().iter().map(|dir| (dir.id(), dir.queued() as u64));
        text.of_dirs("queued", "gauge", "Changes that wait for the writer.", queued);
        text.total("dirs_lost", "gauge", "Data directories that are not in use.", self.lost().len() as u64);
        let spaces = || stats.iter().filter_map(|(dir, stats)| Some((*dir, stats.space?)));
        let (total, free) = self.space();
        text.total("disk_bytes", "gauge", "Size of the file systems.", total);
        text.of_dirs(
            "disk_bytes",
            "gauge",
            "Size of the file system.",
            spaces().map(|(dir, space)| (dir, space.total)),
        );
        text.total("disk_free_bytes", "gauge", "Free bytes of the file systems.", free);
        text.of_dirs(
            "disk_free_bytes",
            "gauge",
            "Free bytes of the file system.",
            spaces().map(|(dir, space)| (dir, space.free)),
        );
    }

    fn tell_calls(&self, text: &mut Text) {
        let count = |dir: &Directory<D>, of: fn(&Counters) -> &AtomicU64| of(&dir.counters).load(Relaxed);
        let absent = (r#"{outcome="absent"}"#.to_owned(), self.gets_absent.load(Relaxed));
        for (name, help, kinds, more) in [
            ("puts_total", "PUTs of chunks by outcome.", PUTS, None),
            ("gets_total", "Reads of chunks by outcome.", GETS, Some(absent)),
        ] {
            let sum = |of| self.dirs().iter().map(|dir| count(dir, of)).sum();
            let sums = kinds.iter().map(|(label, of)| (format!("{{{label}}}"), sum(*of))).chain(more);
            text.metric(name, "counter", help, sums);
            let each = self.dirs().iter().flat_map(|dir| {
                kinds.iter().map(move |(label, of)| (format!(r#"{{dir="{}",{label}}}"#, dir.id().0), count(dir, *of)))
            });
            text.metric(&format!("dir_{name}"), "counter", help, each);
        }
        let read = || self.dirs().iter().map(|dir| (dir.id(), dir.counters.get_bytes.load(Relaxed)));
        let help = "Bytes of chunks read.";
        text.total("get_bytes_total", "counter", help, read().map(|(_, bytes)| bytes).sum());
        text.of_dirs("get_bytes_total", "counter", help, read());
        for (name, help, of) in OF_DIRS {
            text.of_dirs(name, "counter", help, self.dirs().iter().map(|dir| (dir.id(), count(dir, *of))));
        }
    }

    fn tell_latency(&self, text: &mut Text) {
        let mut lines = Vec::new();
        for dir in self.dirs() {
            let (id, histogram) = (dir.id().0, &dir.counters.put_latency);
            let mut sum = 0;
            let bounds = LATENCY_BOUNDS_MS.iter().map(|&bound| seconds(bound * 1_000)).chain(["+Inf".to_owned()]);
            for (bound, bucket) in bounds.zip(&histogram.buckets) {
                sum += bucket.load(Relaxed);
                lines.push((format!(r#"_bucket{{dir="{id}",le="{bound}"}}"#), sum.to_string()));
            }
            lines.push((format!(r#"_sum{{dir="{id}"}}"#), seconds(histogram.total_us.load(Relaxed))));
            lines.push((format!(r#"_count{{dir="{id}"}}"#), sum.to_string()));
        }
        text.metric("dir_put_seconds", "histogram", "From a PUT being queued to its answer.", lines);
    }
}

/// Microseconds as seconds, exactly.
fn seconds(us: u64) -> String {
    let text = format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[derive(Default)]
pub(super) struct Text(pub(super) String);

impl Text {
    /// A metric with its values, each behind what follows the name.
    fn metric(&mut self, name: &str, kind: &str, help: &str, values: impl IntoIterator<Item = (String, impl Display)>) {
        let _ = writeln!(self.0, "# HELP vsd_{name} {help}\n# TYPE vsd_{name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(self.0, "vsd_{name}{labels} {value}");
        }
    }

    pub(super) fn total(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.metric(name, kind, help, [(String::new(), value)]);
    }

    pub(super) fn of_dirs(&mut self, name: &str, kind: &str, help: &str, values: impl Iterator<Item = (DirId, u64)>) {
        let labelled = values.map(|(dir, value)| (format!(r#"{{dir="{}"}}"#, dir.0), value));
        self.metric(&format!("dir_{name}"), kind, help, labelled);
    }
}
