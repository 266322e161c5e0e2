//! The metadata of a node that does not run, read as a whole and never changed: what `vsd fsck` looks at, and what
//! [a new incarnation](super::incarnation) is begun from.

use std::path::Path;

use vs_core::id::AssetId;
use vs_core::manifest::ChunkRef;
use vsd_core::meta::{MetaFlaw, TableError, View, check_tables};

use super::{database::OpenError, hold_together, log::StillLog, state::StillState};

/// Log and state, both sound as far as opening them tells.
pub(crate) struct Offline {
    pub(super) log: StillLog,
    pub(super) state: StillState,
}

impl std::fmt::Debug for Offline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Offline").field("log", &self.log).finish_non_exhaustive()
    }
}

impl Offline {
    /// Opens the metadata in `dir`, reads every entry of the log, and holds log and state against each other.
    ///
    /// # Errors
    /// For what would keep a daemon from opening it, too.
    pub(crate) fn open(dir: &Path) -> Result<Self, OpenError> {
        let not_begun = || OpenError::NotBootstrapped { path: dir.to_owned() };
        let state = StillState::open(&dir.join("state"))?.ok_or_else(not_begun)?;
        let log = StillLog::read(&dir.join("raft"))?;
        hold_together(dir, (log.purged, log.last), (state.applied, state.installed))?;
        Ok(Self { log, state })
    }

    /// The last entry there is, in the log or in the state.
    pub(super) fn last(&self) -> Option<super::LogId> {
        self.log.last.max(self.state.applied)
    }

    /// Entries in the log.
    pub(crate) fn entries(&self) -> u64 {
        self.log.entries
    }

    /// Index of the last entry of the log, and of the last one that the state has.
    pub(crate) fn indexes(&self) -> (u64, u64) {
        let index = |id: Option<super::LogId>| id.map_or(0, |id| id.index);
        (index(self.log.last), index(self.state.applied))
    }

    /// Reads every record; see [`check_tables`].
    ///
    /// # Errors
    /// When the state cannot be read any further.
    pub(crate) fn check(
        &self,
        flaw: &mut dyn FnMut(MetaFlaw),
        chunk: &mut dyn FnMut(AssetId, &ChunkRef),
    ) -> Result<u64, TableError> {
        check_tables(&self.state.tables(), flaw, chunk)
    }

    /// Looks at the state.
    pub(crate) fn with<T>(&self, read: impl FnOnce(View<'_>) -> T) -> T {
        read(View::new(&self.state.tables()))
    }
}
