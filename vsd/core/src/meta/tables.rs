//! The ordered key-value store that the state machine runs on, as it sees it.

use std::collections::BTreeMap;

use vs_core::codec::DecodeError;

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// Tables that cannot be read. No command causes this: whoever applies the log stops.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    #[error("the metadata state could not be read: {0}")]
    Read(String),
    #[error("the metadata state is damaged at key {key}: {why}")]
    Damaged { key: String, why: DecodeError },
}

/// Ordered pairs of bytes.
pub trait Tables: Send + Sync {
    /// # Errors
    /// When the store fails.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, TableError>;

    /// The first `limit` pairs with `from <= key < to`, in the order of their keys.
    ///
    /// # Errors
    /// When the store fails.
    fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, TableError>;
}

/// Tables in memory: for tests and the simulator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemTables(BTreeMap<Vec<u8>, Vec<u8>>);

impl MemTables {
    /// Does what a transaction collected.
    pub fn write(&mut self, writes: impl IntoIterator<Item = (Vec<u8>, Option<Vec<u8>>)>) {
        for (key, value) in writes {
            match value {
                Some(value) => self.0.insert(key, value),
                None => self.0.remove(&key),
            };
        }
    }

    /// All pairs in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(key, value)| (key.as_slice(), value.as_slice()))
    }
}

impl Tables for MemTables {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, TableError> {
        Ok(self.0.get(key).cloned())
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, TableError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let range = self.0.range(from.to_vec()..to.to_vec());
        Ok(range.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}

/// Tables with changes on top that are not made yet. They become one batch, or nothing.
pub struct Txn<'a> {
    base: &'a dyn Tables,
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl<'a> Txn<'a> {
    #[must_use]
    pub fn over(base: &'a dyn Tables) -> Self {
        Self { base, writes: BTreeMap::new() }
    }

    pub fn put_raw(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.writes.insert(key, Some(value));
    }

    pub fn delete_raw(&mut self, key: Vec<u8>) {
        self.writes.insert(key, None);
    }

    /// Adds the changes of a transaction that ran over this one.
    pub fn absorb(&mut self, writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>) {
        self.writes.extend(writes);
    }

    /// The changes, in the order of their keys; no value deletes.
    #[must_use]
    pub fn into_writes(self) -> BTreeMap<Vec<u8>, Option<Vec<u8>>> {
        self.writes
    }
}

impl std::fmt::Debug for Txn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Txn").field("writes", &self.writes.len()).finish_non_exhaustive()
    }
}

impl Tables for Txn<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, TableError> {
        match self.writes.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.base.get(key),
        }
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, TableError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let over: Vec<_> = self.writes.range(from.to_vec()..to.to_vec()).collect();
        // each change hides at most one pair of the base
        let base = self.base.scan(from, to, limit.saturating_add(over.len()))?;
        let mut merged: BTreeMap<_, _> = base.into_iter().map(|(key, value)| (key, Some(value))).collect();
        merged.extend(over.into_iter().map(|(key, value)| (key.clone(), value.clone())));
        Ok(merged.into_iter().filter_map(|(key, value)| Some((key, value?))).take(limit).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Writes = Vec<(u8, Option<u8>)>;

    fn run(tables: &mut MemTables, writes: &Writes) {
        tables.write(writes.iter().map(|&(key, value)| (vec![key], value.map(|v| vec![v]))));
    }

    proptest! {
        #[test]
        fn a_transaction_reads_as_if_its_writes_were_made(
            first: Writes, second: Writes, from: u8, to: u8, limit in 0usize..40,
        ) {
            let mut base = MemTables::default();
            run(&mut base, &first);
            let mut made = base.clone();
            run(&mut made, &second);
            let mut txn = Txn::over(&base);
            for &(key, value) in &second {
                match value {
                    Some(value) => txn.put_raw(vec![key], vec![value]),
                    None => txn.delete_raw(vec![key]),
                }
            }
            prop_assert_eq!(txn.scan(&[from], &[to], limit), made.scan(&[from], &[to], limit));
            for key in 0..=255u8 {
                prop_assert_eq!(txn.get(&[key]), made.get(&[key]));
            }
            let writes = txn.into_writes();
            base.write(writes);
            prop_assert_eq!(base, made);
        }
    }
}
