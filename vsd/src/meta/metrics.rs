//! The consensus' figures in Prometheus' text format.

use std::fmt::Write;

use super::{Meta, standing::Leads};

impl Meta {
    /// How this node takes part.
    pub(crate) fn metrics(&self) -> String {
        let standing = &self.inner.standing;
        let metrics = standing.metrics();
        let applied = *self.inner.state.watch_applied().borrow();
        let figures = [
            ("raft_leader", "gauge", "1 while this node leads.", u64::from(standing.leads() == Leads::Me)),
            (
                "raft_has_leader",
                "gauge",
                "1 while this node hears a leader.",
                u64::from(standing.leads() != Leads::Nobody),
            ),
            ("raft_term", "gauge", "Current term.", metrics.current_term),
            ("raft_elections_total", "counter", "Leaders that this node saw elected.", standing.elected().count),
            ("raft_last_index", "gauge", "Index of the last entry of the log.", metrics.last_log_index.unwrap_or(0)),
            ("raft_committed_index", "gauge", "Up to where the log is known to be committed.", standing.committed()),
            ("raft_applied_index", "gauge", "Up to where the log is applied.", applied),
            ("raft_log_bytes_total", "counter", "Bytes of entries written.", self.inner.log.written_bytes()),
        ];
        let mut text = String::new();
        for (name, kind, help, value) in figures {
            // writing to memory does not fail
            let _ = writeln!(text, "# HELP vsd_{name} {help}\n# TYPE vsd_{name} {kind}\nvsd_{name} {value}");
        }
        text
    }
}
