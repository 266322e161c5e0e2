//! The leader's picture of which nodes are up (DESIGN §10).
//!
//! Invariants:
//! - A leader judges nobody for as long as it takes to be found down after it began to lead, or was itself not running:
//!   it would take its own silence for that of others.
//! - A node is never down before it was suspect.

use std::collections::BTreeMap;

use vs_core::id::NodeId;

/// Silence after which a node is suspect, and after which it is down.
pub const SUSPECT_MS: u64 = 3_000;
pub const DOWN_MS: u64 = 10_000;
/// A leader that does not come to [`Health::stalled`] for longer was not running.
pub const STALL_MS: u64 = 2_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeState {
    Up,
    Suspect,
    Down,
}

#[derive(Clone, Debug)]
pub struct Health {
    /// Since when this leader has been listening without a break.
    listening_ms: u64,
    /// When it last looked at itself.
    looked_ms: u64,
    heard_ms: BTreeMap<NodeId, u64>,
}

impl Health {
    /// The picture of a leader that begins.
    #[must_use]
    pub fn lead(now_ms: u64) -> Self {
        Self { listening_ms: now_ms, looked_ms: now_ms, heard_ms: BTreeMap::new() }
    }

    /// Something came from the node.
    pub fn heard(&mut self, node: NodeId, now_ms: u64) {
        let heard_ms = self.heard_ms.entry(node).or_insert(now_ms);
        *heard_ms = now_ms.max(*heard_ms);
    }

    /// To be called several times in [`STALL_MS`]: whether the leader itself was not running since the last call. Then
    /// it begins to listen anew.
    pub fn stalled(&mut self, now_ms: u64) -> bool {
        let stalled = self.is_stalled(now_ms);
        if stalled {
            self.listening_ms = now_ms;
        }
        self.looked_ms = now_ms.max(self.looked_ms);
        stalled
    }

    fn is_stalled(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.looked_ms) > STALL_MS
    }

    #[must_use]
    pub fn state(&self, node: NodeId, now_ms: u64) -> NodeState {
        if self.is_stalled(now_ms) || now_ms.saturating_sub(self.listening_ms) < DOWN_MS {
            return NodeState::Up;
        }
        match self.silent_ms(node, now_ms) {
            DOWN_MS.. => NodeState::Down,
            SUSPECT_MS.. => NodeState::Suspect,
            _ => NodeState::Up,
        }
    }

    /// How long ago the node was heard; none if never by this leader.
    #[must_use]
    pub fn heard_ms(&self, node: NodeId, now_ms: u64) -> Option<u64> {
        self.heard_ms.get(&node).map(|heard_ms| now_ms.saturating_sub(*heard_ms))
    }

    /// Whether the node was heard since this leader has been listening: before, one that is silent is taken for up, too.
    #[must_use]
    pub fn hears(&self, node: NodeId) -> bool {
        self.heard_ms.get(&node).is_some_and(|heard_ms| *heard_ms >= self.listening_ms)
    }

    /// For how long a node that is down has been silent; 0 for one that is not down.
    #[must_use]
    pub fn down_ms(&self, node: NodeId, now_ms: u64) -> u64 {
        if self.state(node, now_ms) == NodeState::Down { self.silent_ms(node, now_ms) } else { 0 }
    }

    /// How long the node has been silent while this leader was listening.
    fn silent_ms(&self, node: NodeId, now_ms: u64) -> u64 {
        let heard_ms = self.heard_ms.get(&node).copied().unwrap_or_default();
        now_ms.saturating_sub(heard_ms.max(self.listening_ms))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const NODE: NodeId = NodeId(2);

    #[derive(Clone, Debug)]
    enum Act {
        /// The leader runs, looking at itself in time, and may hear the node at every look.
        Run {
            looks: u64,
            hears: bool,
        },
        Freeze {
            ms: u64,
        },
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            4 => (1u64..40, any::<bool>()).prop_map(|(looks, hears)| Act::Run { looks, hears }),
            1 => (STALL_MS + 1..100_000).prop_map(|ms| Act::Freeze { ms }),
        ]
    }

    proptest! {
        #[test]
        fn a_node_is_judged_by_its_silence_towards_a_leader_that_listens(acts in vec(act(), 1..20)) {
            const LOOK_MS: u64 = 500;
            let mut now_ms = 1_000_000;
            let mut health = Health::lead(now_ms);
            let (mut listening_ms, mut silent_ms) = (0, 0);
            let mut before = NodeState::Up;
            for act in acts {
                if let Act::Freeze { ms } = act {
                    now_ms += ms;
                    prop_assert_eq!(health.state(NODE, now_ms), NodeState::Up, "before it has looked at itself");
                    prop_assert!(health.stalled(now_ms));
                    prop_assert!(!health.hears(NODE));
                    (listening_ms, silent_ms, before) = (0, 0, NodeState::Up);
                    continue;
                }
                let Act::Run { looks, hears } = act else { continue };
                for _ in 0..looks {
                    now_ms += LOOK_MS;
                    listening_ms += LOOK_MS;
                    silent_ms += LOOK_MS;
                    if hears {
                        health.heard(NODE, now_ms);
                        silent_ms = 0;
                        prop_assert_eq!(health.heard_ms(NODE, now_ms + 7), Some(7));
                    }
                    prop_assert!(!health.stalled(now_ms));
                    prop_assert_eq!(health.hears(NODE), silent_ms < listening_ms);
                    let state = health.state(NODE, now_ms);
                    let judged = match silent_ms {
                        _ if listening_ms < 10_000 => NodeState::Up,
                        10_000.. => NodeState::Down,
                        3_000.. => NodeState::Suspect,
                        _ => NodeState::Up,
                    };
                    prop_assert_eq!(state, judged);
                    let down_ms = if judged == NodeState::Down { silent_ms } else { 0 };
                    prop_assert_eq!(health.down_ms(NODE, now_ms), down_ms);
                    let skipped = before == NodeState::Up && state == NodeState::Down && listening_ms > 10_000;
                    prop_assert!(!skipped, "it was suspect first");
                    before = state;
                }
            }
        }
    }
}
