//! Nodes that registered. Whether one is up is not here: liveness is watched, not agreed on.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use vs_core::id::NodeId;

use crate::meta::family::Family;

/// Longest address, zone or version of a node, in characters.
pub const NODE_TEXT_CHARS_MAX: usize = 255;

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Metadata,
    Storage,
    Uploader,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Metadata, Self::Storage, Self::Uploader];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Storage => "storage",
            Self::Uploader => "uploader",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(s: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|role| role.as_str() == s).ok_or(())
    }
}

/// What a node says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSpec {
    /// Where others reach it.
    pub addr: String,
    /// Failure domain.
    pub zone: String,
    pub roles: BTreeSet<Role>,
    /// Release it runs.
    pub version: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRecord {
    pub id: NodeId,
    pub spec: NodeSpec,
    /// Wall time of the registration, for display.
    pub joined_ms: u64,
}

pub(in crate::meta) struct Nodes;

impl Family for Nodes {
    const TAG: u8 = 0x42;
    type Id = NodeId;
    type Value = NodeRecord;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meta::family::test::round_trip;

    fn node(id: u64, text: &str) -> (NodeId, NodeRecord) {
        let text = || text.to_owned();
        let spec = NodeSpec { addr: text(), zone: text(), roles: Role::ALL.into(), version: text() };
        (NodeId(id), NodeRecord { id: NodeId(id), spec, joined_ms: id })
    }

    proptest! {
        #[test]
        fn nodes_round_trip(a: (u64, String), b: (u64, String)) {
            round_trip::<Nodes>(node(a.0, &a.1), node(b.0, &b.1));
        }
    }

    #[test]
    fn roles_read_back() {
        assert!(Role::ALL.into_iter().all(|role| role.as_str().parse() == Ok(role)));
    }
}
