//! What ages: sorted by when it last showed life, so that the first of each kind is the first to expire.
//!
//! An entry may be older than the truth: a lease renewed every few seconds does not move it. Whoever finds an entry
//! that has come of age looks at the record, and re-enters it when it turns out younger. Ages, not due times, are
//! stored, so that a changed setting holds at once for what is already there.

use uuid::Uuid;

use super::{clock::ClusterTime, settings::SettingName};
use crate::meta::{
    family::{Family, key, page},
    tables::{TableError, Tables, Txn},
};

/// Why something ages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::meta) enum Aging {
    /// A video in the trash.
    Trash = 1,
    /// An upload that is not over, nor has its original stored.
    Upload = 2,
    /// An upload that is over.
    EndedUpload = 3,
    Client = 4,
}

impl Aging {
    pub(in crate::meta) const ALL: [Self; 4] = [Self::Trash, Self::Upload, Self::EndedUpload, Self::Client];

    fn limit(self) -> SettingName {
        match self {
            Self::Trash => SettingName::TrashKeep,
            Self::Upload => SettingName::UploadExpiry,
            Self::EndedUpload => SettingName::UploadRemember,
            Self::Client => SettingName::ClientExpiry,
        }
    }

    /// How long something of this kind is kept, in milliseconds.
    pub(in crate::meta) fn limit_ms(self, tables: &dyn Tables) -> Result<u64, TableError> {
        super::settings::value(tables, self.limit())
    }
}

pub(in crate::meta) struct Ages;

impl Family for Ages {
    const TAG: u8 = 0x52;
    /// Kind, since when, what.
    type Id = (u8, ClusterTime, Uuid);
    type Value = ();
}

pub(in crate::meta) fn enter(txn: &mut Txn<'_>, kind: Aging, since: ClusterTime, what: Uuid) {
    txn.put::<Ages>(&(kind as u8, since, what), &());
}

pub(in crate::meta) fn leave(txn: &mut Txn<'_>, kind: Aging, since: ClusterTime, what: Uuid) {
    txn.delete::<Ages>(&(kind as u8, since, what));
}

/// The oldest of a kind, when it has come of age.
pub(in crate::meta) fn first_due(
    tables: &dyn Tables,
    kind: Aging,
    now: ClusterTime,
) -> Result<Option<(ClusterTime, Uuid)>, TableError> {
    let first = page::<Ages>(tables, &key::<Ages>(&(kind as u8)), None, 1)?;
    let Some(((_, since, what), ())) = first.into_iter().next() else { return Ok(None) };
    Ok((since.plus_ms(kind.limit_ms(tables)?) <= now).then_some((since, what)))
}

/// Whether anything at all waits for time to pass.
pub(in crate::meta) fn anything(tables: &dyn Tables) -> Result<bool, TableError> {
    Ok(!page::<Ages>(tables, &[Ages::TAG], None, 1)?.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meta::{MemTables, family::test::round_trip};

    proptest! {
        #[test]
        fn ages_round_trip(a: (u8, u64, u128), b: (u8, u64, u128)) {
            let id = |(kind, since, what)| ((kind, ClusterTime(since), Uuid::from_u128(what)), ());
            round_trip::<Ages>(id(a), id(b));
        }
    }

    #[test]
    fn the_oldest_comes_of_age_first_and_kinds_do_not_mix() {
        let tables = MemTables::default();
        let mut txn = Txn::over(&tables);
        let day = SettingName::UploadExpiry.default_value();
        enter(&mut txn, Aging::Upload, ClusterTime(20), Uuid::from_u128(2));
        enter(&mut txn, Aging::Upload, ClusterTime(10), Uuid::from_u128(1));
        assert_eq!(first_due(&txn, Aging::Upload, ClusterTime(day + 9)), Ok(None));
        let first = Ok(Some((ClusterTime(10), Uuid::from_u128(1))));
        assert_eq!(first_due(&txn, Aging::Upload, ClusterTime(day + 10)), first);
        assert_eq!(first_due(&txn, Aging::Trash, ClusterTime(u64::MAX)), Ok(None));
        leave(&mut txn, Aging::Upload, ClusterTime(10), Uuid::from_u128(1));
        assert_eq!(first_due(&txn, Aging::Upload, ClusterTime(day + 10)), Ok(None));
        assert_eq!(anything(&txn), Ok(true));
    }
}
