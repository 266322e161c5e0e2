//! The store's figures in Prometheus' text format.

use std::{
    fmt::Write,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use super::store::Store;

impl Store {
    /// All figures of the data directory, a metric with its help and type after the other.
    pub(crate) fn metrics(&self) -> String {
        let stats = self.stats();
        let count = |counter: &AtomicU64| counter.load(Relaxed);
        let of = &self.counters;
        let mut out = String::new();
        let mut metric = |name: &str, kind: &str, help: &str, values: &[(&str, u64)]| {
            let _ = writeln!(out, "# HELP vsd_{name} {help}\n# TYPE vsd_{name} {kind}");
            for (labels, value) in values {
                let _ = writeln!(out, "vsd_{name}{labels} {value}");
            }
        };
        metric("chunks", "gauge", "Chunks stored.", &[("", stats.chunks)]);
        metric("chunk_bytes", "gauge", "Bytes of the chunks stored.", &[("", stats.chunk_bytes)]);
        metric("superblocks", "gauge", "Superblock files.", &[("", stats.superblocks)]);
        metric("superblock_bytes", "gauge", "Length of all superblock files.", &[("", stats.file_bytes)]);
        metric("quarantined_bytes", "gauge", "Stored bytes found damaged.", &[("", stats.quarantined_bytes)]);
        metric(
            "writable",
            "gauge",
            "1 while the data directory takes writes.",
            &[("", u64::from(stats.refusal.is_none()))],
        );
        if let Some(space) = stats.space {
            metric("disk_bytes", "gauge", "Size of the file system.", &[("", space.total)]);
            metric("disk_free_bytes", "gauge", "Free bytes of the file system.", &[("", space.free)]);
        }
        metric(
            "puts_total",
            "counter",
            "PUTs of chunks by outcome.",
            &[
                (r#"{outcome="created"}"#, count(&of.puts_created)),
                (r#"{outcome="already_durable"}"#, count(&of.puts_known)),
                (r#"{outcome="failed"}"#, count(&of.puts_failed)),
            ],
        );
        metric(
            "gets_total",
            "counter",
            "Reads of chunks by outcome.",
            &[
                (r#"{outcome="found"}"#, count(&of.gets)),
                (r#"{outcome="absent"}"#, count(&of.gets_absent)),
                (r#"{outcome="failed"}"#, count(&of.gets_failed)),
            ],
        );
        metric("get_bytes_total", "counter", "Bytes of chunks read.", &[("", count(&of.get_bytes))]);
        metric("corrupt_reads_total", "counter", "Reads that found a bad copy.", &[("", stats.corrupt_reads)]);
        metric("fsyncs_total", "counter", "Syncs of superblocks and their directory.", &[("", stats.fsyncs)]);
        metric("written_bytes_total", "counter", "Bytes written to superblocks.", &[("", stats.written_bytes)]);
        out
    }
}
