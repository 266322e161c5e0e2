//! What is shown of a playback: plain values, made on demand.

use std::time::Duration;

use serde::Serialize;
use vs_core::id::NodeId;

use crate::{buffer::Slot, clock::Phase, player::Player, timeline::Cursor};

/// Most chunks on the map: before the position, and from it on.
const MAP_BEHIND_MAX: usize = 16;
const MAP_AHEAD_MAX: usize = 240;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Starting,
    Playing,
    Paused,
    Rebuffering,
    Ended,
}

impl State {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Playing => "playing",
            Self::Paused => "paused",
            Self::Rebuffering => "rebuffering",
            Self::Ended => "ended",
        }
    }
}

/// One chunk of the first track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapCell {
    Played,
    Held(NodeId),
    Fetching(NodeId),
    /// Failed, to be fetched again.
    Wanted,
    Ahead,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NodeView {
    pub id: NodeId,
    pub score: f64,
    pub latency_ms: f64,
    pub bandwidth_mbps: f64,
    pub reliability: f64,
    pub in_flight: u32,
    pub chunks: u64,
    /// Of all verified chunks, 0..=1.
    pub share: f64,
    pub bad_copies: u64,
    pub excluded: bool,
}

/// A fetch in flight, or one that ended lately.
#[derive(Clone, Debug, PartialEq)]
pub struct Download {
    pub track: String,
    pub segment: u32,
    pub chunk: u32,
    pub node: NodeId,
    pub received_bytes: u64,
    pub total_bytes: u64,
    pub elapsed: Duration,
    pub done: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    pub state: State,
    pub position: Duration,
    pub end: Duration,
    pub ahead: Duration,
    pub target_buffer: Duration,
    pub low_water: Duration,
    pub held_bytes: u64,
    pub memory_bytes_max: u64,
    pub map: Vec<MapCell>,
    /// Best first.
    pub nodes: Vec<NodeView>,
    pub in_flight: usize,
    pub concurrency: usize,
    /// In flight in the order they began, then the latest that ended.
    pub downloads: Vec<Download>,
    /// Over the last seconds in which something was awaited; 0 before.
    pub throughput_mbps: f64,
    pub failovers: u64,
    pub rebuffer_count: u64,
    pub rebuffer: Duration,
    pub bytes_fetched: u64,
    pub bytes_wasted: u64,
}

impl Player {
    #[must_use]
    pub fn state(&self) -> State {
        match self.phase() {
            Phase::Ended => State::Ended,
            _ if self.is_paused() => State::Paused,
            Phase::Starting => State::Starting,
            Phase::Playing => State::Playing,
            Phase::Rebuffering => State::Rebuffering,
        }
    }

    #[must_use]
    pub fn snapshot(&self, now: Duration) -> Snapshot {
        let account = self.clock.account();
        Snapshot {
            state: self.state(),
            position: self.position(),
            end: self.end(),
            ahead: self.ahead(),
            target_buffer: self.settings.target_buffer,
            low_water: self.settings.low_water,
            held_bytes: self.reserved_bytes,
            memory_bytes_max: self.settings.memory_bytes_max,
            map: self.map(),
            nodes: self.node_views(now),
            in_flight: self.fetches.len(),
            concurrency: self.settings.concurrency,
            downloads: self.downloads(now),
            throughput_mbps: self.throughput.recent_bps().unwrap_or(0.0) / 1e6,
            failovers: self.counters.failovers,
            rebuffer_count: account.rebuffer_count,
            rebuffer: account.rebuffer,
            bytes_fetched: self.counters.bytes_fetched,
            bytes_wasted: self.counters.bytes_wasted,
        }
    }

    /// All nodes, best first.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a share is shown with two digits")]
    pub fn node_views(&self, now: Duration) -> Vec<NodeView> {
        let all = self.counters.chunks_verified.max(1) as f64;
        let view = |(id, node): (NodeId, &crate::node::Node)| NodeView {
            id,
            score: node.score.score(),
            latency_ms: node.score.latency_ms,
            bandwidth_mbps: node.score.bandwidth_mbps,
            reliability: node.score.reliability,
            in_flight: node.in_flight,
            chunks: node.chunks,
            share: node.chunks as f64 / all,
            bad_copies: node.bad_copies,
            excluded: node.is_excluded(now),
        };
        let mut views: Vec<_> = self.nodes.iter().map(view).collect();
        views.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        views
    }

    fn map(&self) -> Vec<MapCell> {
        let Some(lane) = self.lanes.first().filter(|lane| lane.is_located()) else { return Vec::new() };
        let position = self.position();
        let now_at = match lane.line.locate(position) {
            crate::timeline::Located::Segment(no) => no,
            _ => lane.feed_cursor().segment,
        };
        let mut at = Cursor { segment: now_at.saturating_sub(4), chunk: 0 };
        let (mut behind, mut ahead) = (Vec::new(), Vec::new());
        while ahead.len() < MAP_AHEAD_MAX && !lane.line.is_past(at) && lane.line.chunk(at).is_some() {
            let next = lane.line.next(at);
            let ends = lane.line.time_of(next).unwrap_or_else(|| lane.line.segment_end(at.segment));
            if ends <= position {
                behind.push(MapCell::Played);
            } else {
                ahead.push(self.cell(lane, at));
            }
            at = next;
        }
        behind.drain(..behind.len().saturating_sub(MAP_BEHIND_MAX));
        behind.extend(ahead);
        behind
    }

    fn cell(&self, lane: &crate::buffer::Lane, at: Cursor) -> MapCell {
        match lane.slots.get(&at) {
            Some(Slot::Held(node)) => MapCell::Held(*node),
            Some(Slot::Fetching(fetch, _)) => {
                self.fetches.get(fetch).map_or(MapCell::Wanted, |fetch| MapCell::Fetching(fetch.node))
            }
            Some(Slot::Wanted(_) | Slot::Rebuilding(_)) => MapCell::Wanted,
            None if at < lane.feed_cursor() => MapCell::Played,
            None => MapCell::Ahead,
        }
    }

    fn downloads(&self, now: Duration) -> Vec<Download> {
        let name = |track: usize| self.lanes[track].line.track().name.clone();
        let flying = self.fetches.values().map(|fetch| Download {
            track: name(fetch.at.track),
            segment: fetch.at.segment,
            chunk: fetch.at.chunk,
            node: fetch.node,
            received_bytes: fetch.received_bytes,
            total_bytes: fetch.total_bytes,
            elapsed: now.saturating_sub(fetch.began),
            done: false,
        });
        let ended = self.recent.iter().rev().map(|fetch| Download {
            track: name(fetch.at.track),
            segment: fetch.at.segment,
            chunk: fetch.at.chunk,
            node: fetch.node,
            received_bytes: fetch.bytes,
            total_bytes: fetch.bytes,
            elapsed: fetch.took,
            done: true,
        });
        flying.chain(ended).collect()
    }
}
