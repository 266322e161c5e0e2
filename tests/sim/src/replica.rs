//! The metadata as one node has it: tables, how far the log is applied, and a digest of everything that was ever written
//! to them, by which replicas are compared (CON-2).

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use vsd_core::{
    background::State,
    meta::{Entry, MemTables, Response, TableError, Txn, View, apply},
};

#[derive(Clone, Debug, Default)]
pub struct Replica {
    tables: Arc<MemTables>,
    applied: u64,
    digest: u64,
}

impl Replica {
    /// What the log begins with.
    #[must_use]
    pub fn new(tables: MemTables) -> Self {
        Self { tables: Arc::new(tables), applied: 0, digest: 0 }
    }

    #[must_use]
    pub fn applied(&self) -> u64 {
        self.applied
    }

    #[must_use]
    pub fn digest(&self) -> u64 {
        self.digest
    }

    #[must_use]
    pub fn tables(&self) -> &Arc<MemTables> {
        &self.tables
    }

    /// Applies the entry that follows.
    ///
    /// # Panics
    /// When the tables cannot be read, which those in memory always can.
    pub fn apply(&mut self, entry: &Entry) -> Response {
        let index = self.applied + 1;
        let mut txn = Txn::over(&*self.tables);
        let response = apply(&mut txn, index, entry).expect("tables in memory can be read");
        let writes = txn.into_writes();
        let mut digest = DefaultHasher::new();
        (self.digest, index, &writes).hash(&mut digest);
        Arc::make_mut(&mut self.tables).write(writes);
        (self.applied, self.digest) = (index, digest.finish());
        response
    }

    /// As it is now, for as long as somebody keeps it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { tables: Arc::clone(&self.tables), applied: self.applied }
    }
}

/// The state at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    tables: Arc<MemTables>,
    applied: u64,
}

impl State for Snapshot {
    fn view(&self) -> View<'_> {
        View::new(&*self.tables)
    }

    fn applied(&self) -> Result<u64, TableError> {
        Ok(self.applied)
    }
}
