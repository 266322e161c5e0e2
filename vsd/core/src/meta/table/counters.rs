//! The numbers the log gives out next. They only grow, which is why no id is ever given out twice.
//!
//! A later incarnation of the cluster sets their high bits, so that ids which a lost log gave out stay unused.

use crate::meta::{
    family::{Family, load},
    tables::{TableError, Tables, Txn},
};

/// Which number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::meta) enum Counter {
    Asset = 1,
    Node = 2,
    Dir = 3,
    Epoch = 4,
    Event = 5,
    Job = 7,
    /// One more than the open client sessions: not an id, but counted the same way.
    Clients = 6,
    /// One more than the closed ones that are remembered.
    ClosedClients = 8,
}

/// What is given out first.
const FIRST: u64 = 1;
/// Where in a number its incarnation begins.
pub(in crate::meta) const INCARNATION_BIT: u32 = 48;

pub(in crate::meta) struct Counters;

impl Family for Counters {
    const TAG: u8 = 0x01;
    type Id = u8;
    type Value = u64;
}

/// The number that [`take`] will give out.
pub(in crate::meta) fn next(tables: &dyn Tables, counter: Counter) -> Result<u64, TableError> {
    Ok(load::<Counters>(tables, &(counter as u8))?.unwrap_or(FIRST))
}

pub(in crate::meta) fn take(txn: &mut Txn<'_>, counter: Counter) -> Result<u64, TableError> {
    let number = next(txn, counter)?;
    txn.put::<Counters>(&(counter as u8), &number.saturating_add(1));
    Ok(number)
}

/// Goes on from the first number of an incarnation.
pub(in crate::meta) fn raise(txn: &mut Txn<'_>, counter: Counter, incarnation: u16) -> Result<(), TableError> {
    let number = next(txn, counter)?.max(u64::from(incarnation) << INCARNATION_BIT);
    txn.put::<Counters>(&(counter as u8), &number);
    Ok(())
}

/// Counts one down that was counted up by [`take`].
pub(in crate::meta) fn give_back(txn: &mut Txn<'_>, counter: Counter) -> Result<(), TableError> {
    let number = next(txn, counter)?;
    txn.put::<Counters>(&(counter as u8), &number.saturating_sub(1).max(FIRST));
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meta::{MemTables, family::test::round_trip};

    proptest! {
        #[test]
        fn counters_round_trip(a: (u8, u64), b: (u8, u64)) {
            round_trip::<Counters>(a, b);
        }
    }

    #[test]
    fn numbers_start_at_one_and_differ() {
        let tables = MemTables::default();
        let mut txn = Txn::over(&tables);
        assert_eq!([take(&mut txn, Counter::Asset), take(&mut txn, Counter::Asset)], [Ok(1), Ok(2)]);
        assert_eq!(take(&mut txn, Counter::Node), Ok(1));
    }
}
