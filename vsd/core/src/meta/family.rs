//! How ids become keys and values become bytes: one [`Family`] for each kind of record.
//!
//! Keys sort as their ids do: numbers are big-endian, text ends in a zero byte and contains none.

use serde::{Serialize, de::DeserializeOwned};
use vs_core::{
    codec,
    hash::Hash,
    id::{AssetId, Ballot, DirId, Epoch, JobId, NodeId, UploadId, Version, VideoId},
};

use super::tables::{Pair, TableError, Tables, Txn};

/// A part of a key.
pub(super) trait KeyPart: Sized {
    fn ser_key(&self, out: &mut Vec<u8>);
    /// Takes itself off the front of `bytes`.
    fn deser_key(bytes: &mut &[u8]) -> Option<Self>;
}

/// One kind of record.
pub(super) trait Family {
    const TAG: u8;
    type Id: KeyPart;
    type Value: Serialize + DeserializeOwned;
}

/// A record under its id.
pub(super) type Record<F> = (<F as Family>::Id, <F as Family>::Value);

/// The key of a record, or, of fewer parts than a whole id, what all keys below it begin with.
pub(super) fn key<F: Family>(id: &impl KeyPart) -> Vec<u8> {
    let mut out = vec![F::TAG];
    id.ser_key(&mut out);
    out
}

/// The first key after all that begin with `prefix`. Family bytes are below 0xff, so there is one.
fn end_of(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while end.pop_if(|last| *last == u8::MAX).is_some() {}
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    end
}

pub(super) fn load<F: Family>(tables: &dyn Tables, id: &F::Id) -> Result<Option<F::Value>, TableError> {
    let key = key::<F>(id);
    tables.get(&key)?.map(|bytes| value_of::<F>(&key, &bytes)).transpose()
}

/// Up to `limit` records whose keys begin with `prefix`, from the first one after `after`.
pub(super) fn page<F: Family>(
    tables: &dyn Tables,
    prefix: &[u8],
    after: Option<&F::Id>,
    limit: usize,
) -> Result<Vec<Record<F>>, TableError> {
    let from = after.map_or_else(|| prefix.to_vec(), |id| [key::<F>(id), vec![0]].concat());
    range::<F>(tables, &from, &end_of(prefix), limit)
}

/// Up to `limit` records with `from <= key < to`.
pub(super) fn range<F: Family>(
    tables: &dyn Tables,
    from: &[u8],
    to: &[u8],
    limit: usize,
) -> Result<Vec<Record<F>>, TableError> {
    let record = |(key, bytes): Pair| Ok((id_of::<F>(&key)?, value_of::<F>(&key, &bytes)?));
    tables.scan(from, to, limit)?.into_iter().map(record).collect()
}

/// Whether a pair of this family can be read.
pub(super) fn check<F: Family>((key, bytes): &Pair) -> Result<(), TableError> {
    id_of::<F>(key)?;
    value_of::<F>(key, bytes).map(drop)
}

fn id_of<F: Family>(key: &[u8]) -> Result<F::Id, TableError> {
    let damaged = || damaged(key, codec::DecodeError::Damaged("not a key of its family".to_owned()));
    let mut rest = key.strip_prefix(&[F::TAG]).ok_or_else(damaged)?;
    let id = F::Id::deser_key(&mut rest).ok_or_else(damaged)?;
    if rest.is_empty() { Ok(id) } else { Err(damaged()) }
}

fn value_of<F: Family>(key: &[u8], bytes: &[u8]) -> Result<F::Value, TableError> {
    codec::decode(bytes).map_err(|why| damaged(key, why))
}

pub(super) fn damaged(key: &[u8], why: codec::DecodeError) -> TableError {
    let key = key.iter().map(|byte| format!("{byte:02x}")).collect();
    TableError::Damaged { key, why }
}

impl Txn<'_> {
    pub(super) fn load<F: Family>(&self, id: &F::Id) -> Result<Option<F::Value>, TableError> {
        load::<F>(self, id)
    }

    pub(super) fn put<F: Family>(&mut self, id: &F::Id, value: &F::Value) {
        self.put_raw(key::<F>(id), codec::encode(value));
    }

    pub(super) fn delete<F: Family>(&mut self, id: &F::Id) {
        self.delete_raw(key::<F>(id));
    }
}

macro_rules! number_part {
    ($($number:ty),*) => {$(
        impl KeyPart for $number {
            fn ser_key(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }

            fn deser_key(bytes: &mut &[u8]) -> Option<Self> {
                take(bytes).map(Self::from_be_bytes)
            }
        }
    )*};
}

number_part!(u8, u16, u32, u64);

macro_rules! wrapped_part {
    ($($id:ident),*) => {$(
        impl KeyPart for $id {
            fn ser_key(&self, out: &mut Vec<u8>) {
                self.0.ser_key(out);
            }

            fn deser_key(bytes: &mut &[u8]) -> Option<Self> {
                KeyPart::deser_key(bytes).map(Self)
            }
        }
    )*};
}

wrapped_part!(AssetId, Ballot, DirId, Epoch, Hash, JobId, NodeId, UploadId, Version, VideoId);

impl KeyPart for [u8; 32] {
    fn ser_key(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn deser_key(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes)
    }
}

impl KeyPart for uuid::Uuid {
    fn ser_key(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn deser_key(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes).map(Self::from_bytes)
    }
}

/// Ends in a zero byte; what follows one inside the text would be lost, so names are checked before they become keys.
impl KeyPart for String {
    fn ser_key(&self, out: &mut Vec<u8>) {
        out.extend(self.bytes().take_while(|byte| *byte != 0));
        out.push(0);
    }

    fn deser_key(bytes: &mut &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|byte| *byte == 0)?;
        let text = Self::from_utf8(bytes[..end].to_vec()).ok()?;
        *bytes = &bytes[end + 1..];
        Some(text)
    }
}

macro_rules! tuple_part {
    ($($name:ident . $at:tt),*) => {
        impl<$($name: KeyPart),*> KeyPart for ($($name,)*) {
            fn ser_key(&self, out: &mut Vec<u8>) {
                $(self.$at.ser_key(out);)*
            }

            fn deser_key(bytes: &mut &[u8]) -> Option<Self> {
                Some(($($name::deser_key(bytes)?,)*))
            }
        }
    };
}

tuple_part!(A.0, B.1);
tuple_part!(A.0, B.1, C.2);
tuple_part!(A.0, B.1, C.2, D.3);
tuple_part!(A.0, B.1, C.2, D.3, E.4);

impl KeyPart for () {
    fn ser_key(&self, _: &mut Vec<u8>) {}

    fn deser_key(_: &mut &[u8]) -> Option<Self> {
        Some(())
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*head)
}

#[cfg(test)]
pub(super) mod test {
    use std::fmt::Debug;

    use super::*;
    use crate::meta::MemTables;

    /// Records come back as they were stored, and keys sort as ids do.
    pub(in crate::meta) fn round_trip<F: Family>(a: (F::Id, F::Value), b: (F::Id, F::Value))
    where
        F::Id: Debug + Ord + Clone,
        F::Value: Debug + PartialEq + Clone,
    {
        assert_eq!(key::<F>(&a.0).cmp(&key::<F>(&b.0)), a.0.cmp(&b.0), "{:?} {:?}", a.0, b.0);
        let mut tables = MemTables::default();
        let mut txn = Txn::over(&tables);
        txn.put::<F>(&a.0, &a.1);
        txn.put::<F>(&b.0, &b.1);
        let writes = txn.into_writes();
        tables.write(writes);
        assert_eq!(load::<F>(&tables, &b.0), Ok(Some(b.1.clone())));
        let mut stored = if a.0 == b.0 { vec![b] } else { vec![a, b] };
        stored.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(page::<F>(&tables, &[F::TAG], None, 9), Ok(stored.clone()));
        assert_eq!(page::<F>(&tables, &[F::TAG], Some(&stored[0].0), 9), Ok(stored[1..].to_vec()));
    }

    #[test]
    fn the_end_of_a_prefix_is_behind_all_it_begins() {
        assert_eq!(end_of(&[1, 2]), [1, 3]);
        assert_eq!(end_of(&[1, 255, 255]), [2]);
    }
}
