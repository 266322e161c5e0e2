//! What the player knows about each node: its score, its load, and whether it is to be asked at all.
//!
//! The bandwidth sample of a transfer counts all bytes the node sent while it ran: a transfer that shared the node with
//! others says what the node can do, and the division by what is in flight happens once, in the effective score.

use std::{collections::BTreeMap, time::Duration};

use vs_core::{id::NodeId, read::ReadPlan, score::NodeScore};

use crate::settings::{EXCLUDED_FOR, FAILURES_MAX};

/// One node as seen from here.
#[derive(Clone, Debug)]
pub struct Node {
    pub score: NodeScore,
    pub in_flight: u32,
    /// Verified chunks it gave.
    pub chunks: u64,
    /// All chunk bytes it sent.
    pub received_bytes: u64,
    pub bad_copies: u64,
    failures_in_row: u32,
    excluded_until: Option<Duration>,
    next_ping: Duration,
    ping_open: bool,
}

impl Node {
    #[must_use]
    pub fn is_excluded(&self, now: Duration) -> bool {
        self.excluded_until.is_some_and(|until| now < until)
    }
}

/// All nodes of the cluster.
#[derive(Clone, Debug, Default)]
pub struct Nodes(BTreeMap<NodeId, Node>);

impl Nodes {
    /// Makes `ids` the nodes there are; what is known about those that stay is kept.
    pub fn know(&mut self, ids: &[NodeId], connect: Duration) {
        self.0.retain(|id, node| ids.contains(id) || node.in_flight > 0);
        for id in ids {
            self.0.entry(*id).or_insert_with(|| Node {
                score: NodeScore::unmeasured(connect.as_secs_f64() * 1e3),
                in_flight: 0,
                chunks: 0,
                received_bytes: 0,
                bad_copies: 0,
                failures_in_row: 0,
                excluded_until: None,
                next_ping: Duration::ZERO,
                ping_open: false,
            });
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.0.iter().map(|(id, node)| (*id, node))
    }

    #[must_use]
    pub fn get(&self, id: NodeId) -> Option<&Node> {
        self.0.get(&id)
    }

    /// The best node to ask: of the likely holders the one with the best effective score, then the others in the plan's
    /// order. Excluded nodes come last. `skip` are those that were asked already.
    #[must_use]
    pub fn choose(&self, now: Duration, plan: &ReadPlan, skip: impl Fn(NodeId) -> bool) -> Option<NodeId> {
        let open = |id: &&NodeId| !skip(**id) && self.0.contains_key(id);
        let next = || plan.nodes[plan.likely..].iter().filter(open).find(|id| self.is_usable(now, **id));
        let best = self.choose_likely(now, plan, &skip);
        best.or_else(|| next().or_else(|| plan.nodes.iter().find(open)).copied())
    }

    /// Of the likely holders that are not excluded the one with the best effective score.
    #[must_use]
    pub fn choose_likely(&self, now: Duration, plan: &ReadPlan, skip: impl Fn(NodeId) -> bool) -> Option<NodeId> {
        let open = |id: &&NodeId| !skip(**id) && self.is_usable(now, **id);
        let effective = |id: &NodeId| self.0.get(id).map_or(0.0, |node| node.score.effective(node.in_flight));
        let likely = plan.nodes[..plan.likely].iter();
        // `max_by` keeps the last of equals; the plan's first must win.
        likely.rev().filter(open).max_by(|a, b| effective(a).total_cmp(&effective(b))).copied()
    }

    fn is_usable(&self, now: Duration, id: NodeId) -> bool {
        self.0.get(&id).is_some_and(|node| !node.is_excluded(now))
    }

    /// Nodes that are asked last for now.
    pub fn excluded(&self, now: Duration) -> impl Iterator<Item = NodeId> {
        self.0.iter().filter(move |(_, node)| node.is_excluded(now)).map(|(id, _)| *id)
    }

    pub fn begin(&mut self, id: NodeId) {
        self.update(id, |node| node.in_flight += 1);
    }

    pub fn received(&mut self, id: NodeId, bytes: u64) {
        self.update(id, |node| node.received_bytes += bytes);
    }

    pub fn first_byte(&mut self, id: NodeId, latency: Duration) {
        self.update(id, |node| node.score.answered(latency.as_secs_f64() * 1e3));
    }

    /// A fetch ended well; `sent_bytes` is what the node sent to anyone here during it.
    pub fn done(&mut self, id: NodeId, sent_bytes: u64, elapsed: Duration) {
        self.update(id, |node| {
            node.in_flight = node.in_flight.saturating_sub(1);
            node.chunks += 1;
            node.failures_in_row = 0;
            node.excluded_until = None;
            node.score.transferred(sent_bytes, elapsed.as_secs_f64() * 1e3);
        });
    }

    /// A fetch was given up although the node is not to blame.
    pub fn cancelled(&mut self, id: NodeId) {
        self.update(id, |node| node.in_flight = node.in_flight.saturating_sub(1));
    }

    /// A fetch failed. True when the node is excluded from now on.
    pub fn failed(&mut self, id: NodeId, now: Duration, bad_copy: bool) -> bool {
        self.update(id, |node| {
            node.in_flight = node.in_flight.saturating_sub(1);
            node.bad_copies += u64::from(bad_copy);
        });
        self.blame(id, now)
    }

    fn blame(&mut self, id: NodeId, now: Duration) -> bool {
        let Some(node) = self.0.get_mut(&id) else { return false };
        let was = node.is_excluded(now);
        node.score.failed();
        node.failures_in_row += 1;
        if node.failures_in_row >= FAILURES_MAX {
            node.excluded_until = Some(now + EXCLUDED_FOR);
        }
        node.is_excluded(now) && !was
    }

    /// The nodes whose turn it is to be pinged.
    pub fn due_pings(&mut self, now: Duration, interval: Duration) -> Vec<NodeId> {
        let due = |node: &Node| !node.ping_open && now >= node.next_ping;
        let ids: Vec<_> = self.0.iter().filter(|(_, node)| due(node)).map(|(id, _)| *id).collect();
        for id in &ids {
            self.update(*id, |node| {
                node.ping_open = true;
                node.next_ping = now + interval;
            });
        }
        ids
    }

    pub fn pong(&mut self, id: NodeId, latency: Duration) {
        self.update(id, |node| {
            node.ping_open = false;
            node.score.answered(latency.as_secs_f64() * 1e3);
        });
    }

    /// True when the node is excluded from now on.
    pub fn ping_failed(&mut self, id: NodeId, now: Duration) -> bool {
        self.update(id, |node| node.ping_open = false);
        self.blame(id, now)
    }

    fn update(&mut self, id: NodeId, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.0.get_mut(&id) {
            change(node);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1);

    fn nodes() -> (Nodes, ReadPlan) {
        let ids: Vec<_> = (1..=3).map(NodeId).collect();
        let mut nodes = Nodes::default();
        nodes.know(&ids, Duration::from_millis(1));
        (nodes, ReadPlan { nodes: ids, likely: 2 })
    }

    #[test]
    fn load_spreads_and_the_plan_breaks_ties() {
        let (mut nodes, plan) = nodes();
        assert_eq!(nodes.choose(NOW, &plan, |_| false), Some(NodeId(1)));
        nodes.begin(NodeId(1));
        assert_eq!(nodes.choose(NOW, &plan, |_| false), Some(NodeId(2)));
        nodes.begin(NodeId(2));
        assert_eq!(nodes.choose(NOW, &plan, |_| false), Some(NodeId(1)), "the third is not a likely holder");
    }

    #[test]
    fn a_node_that_keeps_failing_is_asked_last_and_comes_back() {
        let (mut nodes, plan) = nodes();
        let excluded: Vec<_> = (0..4).map(|_| nodes.failed(NodeId(1), NOW, false)).collect();
        assert_eq!(excluded, [false, false, true, false]);
        assert_eq!(nodes.choose(NOW, &plan, |_| false), Some(NodeId(2)));
        assert_eq!(nodes.choose(NOW, &plan, |id| id == NodeId(2)), Some(NodeId(3)));
        assert_eq!(nodes.choose(NOW, &plan, |id| id != NodeId(1)), Some(NodeId(1)));
        assert!(!nodes.get(NodeId(1)).expect("known").is_excluded(NOW + EXCLUDED_FOR));
    }

    #[test]
    fn a_ping_is_sent_once_an_interval_and_never_twice_at_a_time() {
        let (mut nodes, _) = nodes();
        assert_eq!(nodes.due_pings(NOW, NOW).len(), 3);
        assert_eq!(nodes.due_pings(NOW * 3, NOW).len(), 0);
        nodes.pong(NodeId(2), Duration::from_millis(5));
        assert_eq!(nodes.due_pings(NOW * 3, NOW), [NodeId(2)]);
    }
}
