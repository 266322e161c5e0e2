//! Data directories of nodes. A wiped disk is a new directory; one of which a sync failed takes no writes until it was
//! checked and mended, however often it goes and comes back before (DSK-1).

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vs_core::id::{DirId, NodeId};

use crate::meta::{
    family::{Family, page},
    tables::{TableError, Tables},
};

/// Most data directories of a node.
pub const DIRS_MAX: usize = 64;

/// A data directory as its node finds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirSpec {
    /// Drawn when the directory was formatted, and kept in it: what tells a new disk from an old one.
    pub key: Uuid,
    pub path: String,
    /// The failed sync because of which it takes no writes.
    #[serde(default)]
    pub fault: Option<String>,
    /// It was read past the page cache and sealed since its last fault: it may take writes again.
    #[serde(default)]
    pub mended: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirState {
    Ok,
    /// A sync failed: it serves what is durable and takes no writes, also after a restart.
    ReadOnly {
        reason: String,
    },
    /// Its node came without it: its disk is not mounted, is of somebody else, or cannot be opened.
    Missing,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirRecord {
    pub id: DirId,
    pub node: NodeId,
    pub key: Uuid,
    pub path: String,
    pub state: DirState,
    /// The failed sync that was not mended, also while the directory is missing.
    #[serde(default)]
    pub fault: Option<String>,
}

impl DirRecord {
    /// The fault that the directory comes back with, in whatever state it is now.
    #[must_use]
    pub fn unmended(&self) -> Option<&str> {
        match &self.state {
            DirState::ReadOnly { reason } => Some(reason),
            DirState::Ok | DirState::Missing => self.fault.as_deref(),
        }
    }
}

pub(in crate::meta) struct Dirs;

impl Family for Dirs {
    const TAG: u8 = 0x43;
    type Id = DirId;
    type Value = DirRecord;
}

/// All directories of a node, missing ones too. They are few, and so are all nodes together.
pub(in crate::meta) fn of_node(tables: &dyn Tables, node: NodeId) -> Result<Vec<DirRecord>, TableError> {
    let all = page::<Dirs>(tables, &[Dirs::TAG], None, usize::MAX)?;
    Ok(all.into_iter().map(|(_, dir)| dir).filter(|dir| dir.node == node).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meta::family::test::round_trip;

    fn dir(id: u64, text: &str) -> (DirId, DirRecord) {
        let states = [DirState::Ok, DirState::ReadOnly { reason: text.to_owned() }, DirState::Missing];
        let state = states[usize::from(id.to_le_bytes()[0]) % states.len()].clone();
        let key = Uuid::from_u128(id.into());
        (
            DirId(id),
            DirRecord {
                id: DirId(id),
                node: NodeId(id),
                key,
                path: text.to_owned(),
                state,
                fault: Some(text.to_owned()),
            },
        )
    }

    proptest! {
        #[test]
        fn dirs_round_trip(a: (u64, String), b: (u64, String)) {
            round_trip::<Dirs>(dir(a.0, &a.1), dir(b.0, &b.1));
        }
    }
}
