//! What has to be known before copies are counted on for good: that an asset is placed by an epoch, or that a version may
//! replace another (DUR-2).
//!
//! Invariants:
//! - To read all of a long asset takes hours, in which a node may lose what was read first. So when everything has been
//!   read, everything is looked at once more, and that counts only if no node said meanwhile that its disks changed.
//! - What was verified is remembered, so that whoever is interrupted goes on instead of beginning anew. That memory is
//!   bounded over all assets: what is beyond is read again.

use std::collections::{HashMap, HashSet};

use vs_core::{
    hash::ChunkHash,
    id::{AssetId, NodeId},
};

use super::repair::{Held, Presence};

/// How often everything is looked at before it is left for later.
const LOOKS_MAX: u32 = 3;

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Read what is not verified of this part.
    Read(usize),
    /// Look whether everything of this part is there.
    Look(usize),
    /// All of it is there.
    Count,
    /// Disks change faster than can be looked.
    Leave,
}

/// The way through the parts of one asset. `M` is what the nodes concerned say of their disks.
#[derive(Clone, Debug)]
pub struct Verifying<M> {
    to_read: usize,
    to_look: usize,
    /// Parts read and, since then, looked at.
    read: usize,
    looked: usize,
    /// As the disks were when the last look began.
    disks: Option<M>,
    looks: u32,
}

impl<M: PartialEq> Verifying<M> {
    /// Of an asset of which so many parts are to be read, and so many looked at.
    #[must_use]
    pub fn new(to_read: usize, to_look: usize) -> Self {
        Self { to_read, to_look, read: 0, looked: 0, disks: None, looks: 0 }
    }

    /// The next step, when all those before have found what they should, and the disks are like this now.
    pub fn next(&mut self, disks: M) -> Step {
        if self.read < self.to_read {
            self.read += 1;
            return Step::Read(self.read - 1);
        }
        if self.disks.as_ref().is_some_and(|before| *before != disks) {
            self.look_again();
        }
        if self.disks.is_none() {
            if self.looks == LOOKS_MAX {
                return Step::Leave;
            }
            self.looks += 1;
            self.disks = Some(disks);
        }
        if self.looked < self.to_look {
            self.looked += 1;
            return Step::Look(self.looked - 1);
        }
        Step::Count
    }

    /// What was looked at does not count.
    fn look_again(&mut self) {
        (self.disks, self.looked) = (None, 0);
    }

    /// The last look found something that is not to be had just now: all is looked at once more.
    pub fn wait(&mut self) {
        self.look_again();
        self.looks = 0;
    }
}

/// How it stands with a copy that is to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    There,
    /// Its node does not say, and may do so later.
    Waiting,
    Gone,
}

/// `is_placed_on`: whether the newest epoch counts on the node. One that it does not is not waited for.
#[must_use]
pub fn standing(presence: Presence, held: Held, is_placed_on: bool) -> Standing {
    match (presence, held) {
        (Presence::Up, Held::Stored) => Standing::There,
        (Presence::Up, Held::Missing | Held::Damaged) | (Presence::Gone, _) => Standing::Gone,
        (Presence::Up, Held::Unknown) => Standing::Waiting,
        (Presence::Silent, _) if is_placed_on => Standing::Waiting,
        (Presence::Silent, _) => Standing::Gone,
    }
}

/// Which nodes have answered that they have which chunks, durable and read or written just then.
#[derive(Debug)]
pub struct Verified {
    pairs: HashMap<AssetId, HashSet<(NodeId, ChunkHash)>>,
    count: usize,
    count_max: usize,
}

impl Verified {
    /// Remembers so many, of all assets together.
    #[must_use]
    pub fn new(count_max: usize) -> Self {
        Self { pairs: HashMap::new(), count: 0, count_max }
    }

    pub fn insert(&mut self, asset: AssetId, node: NodeId, chunk: ChunkHash) {
        if self.count < self.count_max && self.pairs.entry(asset).or_default().insert((node, chunk)) {
            self.count += 1;
        }
    }

    #[must_use]
    pub fn contains(&self, asset: AssetId, pair: &(NodeId, ChunkHash)) -> bool {
        self.pairs.get(&asset).is_some_and(|pairs| pairs.contains(pair))
    }

    pub fn forget(&mut self, asset: AssetId) {
        self.count -= self.pairs.remove(&asset).map_or(0, |pairs| pairs.len());
    }

    /// Forgets all other assets.
    pub fn retain(&mut self, is_wanted: impl Fn(AssetId) -> bool) {
        self.pairs.retain(|asset, _| is_wanted(*asset));
        self.count = self.pairs.values().map(HashSet::len).sum();
    }
}

#[cfg(test)]
mod tests;
