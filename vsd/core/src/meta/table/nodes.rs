//! Nodes that registered. Whether one is up is not here: liveness is watched, not agreed on.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vs_core::{id::NodeId, layout::NodeWish, limit::WEIGHT_MILLI};

use crate::meta::{
    family::{Family, page},
    tables::{TableError, Tables},
};

/// Most nodes registered at a time.
pub const NODES_MAX: usize = 1_000;

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
    /// What the node drew before it joined; none for the first node of a cluster.
    #[serde(default)]
    pub key: Option<Uuid>,
    /// The operator's choices, where there are any.
    #[serde(default)]
    pub zone_chosen: Option<String>,
    #[serde(default)]
    pub weight_milli_chosen: Option<u32>,
    /// The incarnation of the cluster that it joined, or came back to.
    #[serde(default)]
    pub incarnation: u64,
    /// What it drew to come back to it.
    #[serde(default)]
    pub returned: Option<Uuid>,
    /// What its operator wants of it: `Draining` is to be empty, `Out` is to be removed once it is.
    #[serde(default = "wish_default")]
    pub wish: NodeWish,
    /// Gone for good. The record stays, so that nobody takes the node for one that never was.
    #[serde(default)]
    pub removed: bool,
    /// Removed although assets depended on what it may hold.
    #[serde(default)]
    pub lost: bool,
}

fn wish_default() -> NodeWish {
    NodeWish::In
}

impl NodeRecord {
    #[must_use]
    pub fn new(id: NodeId, spec: NodeSpec, joined_ms: u64, key: Option<Uuid>) -> Self {
        Self {
            id,
            spec,
            joined_ms,
            key,
            zone_chosen: None,
            weight_milli_chosen: None,
            incarnation: 0,
            returned: None,
            wish: NodeWish::In,
            removed: false,
            lost: false,
        }
    }

    /// The failure domain it counts as.
    #[must_use]
    pub fn zone(&self) -> &str {
        self.zone_chosen.as_deref().unwrap_or(&self.spec.zone)
    }

    /// Its share of the data, in thousandths.
    #[must_use]
    pub fn weight_milli(&self) -> u32 {
        self.weight_milli_chosen.unwrap_or(WEIGHT_MILLI)
    }

    /// Whether it is registered, not removed, and does this.
    #[must_use]
    pub fn serves(&self, role: Role) -> bool {
        !self.removed && self.spec.roles.contains(&role)
    }
}

pub(in crate::meta) struct Nodes;

impl Family for Nodes {
    const TAG: u8 = 0x42;
    type Id = NodeId;
    type Value = NodeRecord;
}

/// Every node there ever was. They are few.
pub(in crate::meta) fn all(tables: &dyn Tables) -> Result<Vec<NodeRecord>, TableError> {
    let all = page::<Nodes>(tables, &[Nodes::TAG], None, usize::MAX)?;
    Ok(all.into_iter().map(|(_, node)| node).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meta::family::test::round_trip;

    fn node(id: u64, text: &str) -> (NodeId, NodeRecord) {
        let text = || text.to_owned();
        let spec = NodeSpec { addr: text(), zone: text(), roles: Role::ALL.into(), version: text() };
        let chosen = NodeRecord {
            zone_chosen: Some(text()),
            weight_milli_chosen: u32::try_from(id).ok(),
            wish: if id.is_multiple_of(3) { NodeWish::Draining } else { NodeWish::Out },
            removed: id.is_multiple_of(2),
            lost: id.is_multiple_of(4),
            ..NodeRecord::new(NodeId(id), spec, id, Some(Uuid::from_u128(id.into())))
        };
        (NodeId(id), chosen)
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
