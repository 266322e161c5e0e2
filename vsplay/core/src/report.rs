//! The report of a playback: the JSON contract of CLI §4.

use std::time::Duration;

use serde::Serialize;

use crate::{player::Player, snapshot::NodeView};

/// How nodes are chosen in this release.
pub const SCHEDULER: &str = "score";

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Process start to first verified media chunk; null when none came.
    pub startup_ms: Option<u64>,
    pub rebuffer_count: u64,
    pub rebuffer_ms: u64,
    pub avg_buffer_ms: u64,
    pub played_ms: u64,
    /// All chunk bytes that came, with the wasted.
    pub bytes_fetched: u64,
    pub bytes_wasted: u64,
    pub throughput_mbps: f64,
    pub chunks_verified: u64,
    pub failovers: u64,
    pub hedges: u64,
    pub switches: u64,
    pub scheduler: &'static str,
    pub nodes: Vec<NodeReport>,
    pub tracks: Vec<TrackReport>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NodeReport {
    pub id: String,
    pub score: f64,
    pub latency_ms: f64,
    pub bandwidth_mbps: f64,
    pub reliability: f64,
    pub chunks: u64,
    pub share: f64,
}

/// What the outputs were given of a track. The shell fills it in: bytes do not pass through here.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrackReport {
    pub name: String,
    /// Over the track's bytes in play order.
    pub sha256: String,
    pub bytes: u64,
}

/// Whole milliseconds.
#[must_use]
pub fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// To three places: enough for a person and a test, and stable in text.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

impl From<NodeView> for NodeReport {
    fn from(node: NodeView) -> Self {
        Self {
            id: node.id.to_string(),
            score: rounded(node.score),
            latency_ms: rounded(node.latency_ms),
            bandwidth_mbps: rounded(node.bandwidth_mbps),
            reliability: rounded(node.reliability),
            chunks: node.chunks,
            share: rounded(node.share),
        }
    }
}

impl Player {
    #[must_use]
    pub fn report(&self, now: Duration, tracks: Vec<TrackReport>) -> Report {
        let account = self.clock.account();
        Report {
            startup_ms: self.counters.first_chunk.map(ms),
            rebuffer_count: account.rebuffer_count,
            rebuffer_ms: ms(account.rebuffer),
            avg_buffer_ms: ms(account.avg_buffer()),
            played_ms: ms(account.played),
            bytes_fetched: self.counters.bytes_fetched,
            bytes_wasted: self.counters.bytes_wasted,
            throughput_mbps: rounded(self.throughput.mean_mbps()),
            chunks_verified: self.counters.chunks_verified,
            failovers: self.counters.failovers,
            hedges: 0,
            switches: 0,
            scheduler: SCHEDULER,
            nodes: self.node_views(now).into_iter().map(NodeReport::from).collect(),
            tracks,
        }
    }
}
