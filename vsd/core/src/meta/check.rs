//! Reading the whole state, for `vsd fsck`: every record of every family, and every part that a live asset names.

use vs_core::{
    codec::{self, DecodeError},
    hash::Hash,
    id::AssetId,
    manifest::{ChunkRef, Part, Track},
};

use super::{
    family::{Family, check, damaged},
    table::{
        aging::Ages,
        assets::{AssetRecord, AssetState, Assets},
        cleanup::Cleanup,
        clients::Clients,
        clock::Clocks,
        cluster::{Cluster, Ended},
        counters::Counters,
        dedup::Dedup,
        dirs::Dirs,
        displaced::Displacements,
        events::Events,
        jobs::Jobs,
        layouts::{EpochUses, Layouts},
        nodes::Nodes,
        parts::{PartBytes, Parts},
        settings::Settings,
        uploads::Uploads,
        videos::{ByAsset, ByTitle, Videos},
    },
    tables::{Pair, TableError, Tables},
    view::View,
};

/// Records read at a time; some are as long as a part of a manifest.
const PAGE_RECORDS: usize = 64;

/// Something wrong in the state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetaFlaw {
    #[error(transparent)]
    Record(#[from] TableError),
    #[error("part {no} of track {track} of {asset} is missing")]
    PartMissing { asset: AssetId, track: String, no: u32 },
    #[error("part {no} of track {track} of {asset} is not the one that the track names")]
    PartOther { asset: AssetId, track: String, no: u32 },
}

type CheckRecord = fn(&Pair) -> Result<(), TableError>;

const fn of<F: Family>() -> (u8, CheckRecord) {
    (F::TAG, check::<F>)
}

const FAMILIES: [(u8, CheckRecord); 22] = [
    of::<Counters>(),
    of::<Cluster>(),
    of::<Clocks>(),
    of::<Ended>(),
    of::<Videos>(),
    of::<ByTitle>(),
    of::<ByAsset>(),
    of::<Assets>(),
    (Parts::TAG, check_part),
    of::<Displacements>(),
    of::<Dedup>(),
    of::<Cleanup>(),
    of::<Uploads>(),
    of::<Layouts>(),
    of::<EpochUses>(),
    of::<Nodes>(),
    of::<Dirs>(),
    of::<Jobs>(),
    of::<Settings>(),
    of::<Clients>(),
    of::<Ages>(),
    of::<Events>(),
];

/// Reads every record, tells `flaw` what is wrong, and `chunk` what chunks the tracks of live assets name. Returns how
/// many records there are. Keys below `01` belong to whoever stores the tables.
///
/// # Errors
/// When the tables cannot be read any further.
pub fn check_tables(
    tables: &dyn Tables,
    flaw: &mut dyn FnMut(MetaFlaw),
    chunk: &mut dyn FnMut(AssetId, &ChunkRef),
) -> Result<u64, TableError> {
    let mut from = vec![1];
    let mut records = 0;
    loop {
        let page = tables.scan(&from, &[u8::MAX], PAGE_RECORDS)?;
        let Some((last, _)) = page.last() else { return Ok(records) };
        from = [last.as_slice(), &[0]].concat();
        for pair in &page {
            records += 1;
            match check_pair(pair) {
                Err(error) => flaw(error.into()),
                Ok(()) if pair.0.first() == Some(&Assets::TAG) => {
                    check_asset(tables, &pair.1, flaw, chunk)?;
                }
                Ok(()) => {}
            }
        }
    }
}

fn check_pair(pair: &Pair) -> Result<(), TableError> {
    let tag = pair.0.first();
    let Some((_, check)) = FAMILIES.iter().find(|(known, _)| Some(known) == tag) else {
        return Err(damaged(&pair.0, DecodeError::Damaged("of no family that this release knows".to_owned())));
    };
    check(pair)
}

fn check_part(pair: &Pair) -> Result<(), TableError> {
    check::<Parts>(pair)?;
    let part = codec::decode::<PartBytes>(&pair.1).and_then(|part| Part::decode(&part.0));
    part.map(drop).map_err(|why| damaged(&pair.0, why))
}

/// Reads the parts of a live asset.
fn check_asset(
    tables: &dyn Tables,
    bytes: &[u8],
    flaw: &mut dyn FnMut(MetaFlaw),
    chunk: &mut dyn FnMut(AssetId, &ChunkRef),
) -> Result<(), TableError> {
    let Ok(asset) = codec::decode::<AssetRecord>(bytes) else { return Ok(()) };
    if asset.state != AssetState::Live {
        return Ok(());
    }
    for track in &asset.tracks {
        for no in (0u32..).take(track.parts.len()) {
            match named_part(tables, &asset, track, no) {
                Ok(Ok(part)) => {
                    let parity = part.parity.iter().flat_map(|stripe| &stripe.chunks);
                    let chunks = part.segments.iter().flat_map(|segment| &segment.chunks).chain(parity);
                    chunks.for_each(|named| chunk(asset.id, named));
                }
                Ok(Err(why)) => flaw(why),
                // told of as a record, or the end of all reading
                Err(TableError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// The part of this number, if it is the one that the track names.
fn named_part(
    tables: &dyn Tables,
    asset: &AssetRecord,
    track: &Track,
    no: u32,
) -> Result<Result<Part, MetaFlaw>, TableError> {
    let (id, name) = (asset.id, || track.name.clone());
    let stored = View::new(tables).part(id, asset.version, track.ballot, &track.name, no)?;
    let Some(bytes) = stored else { return Ok(Err(MetaFlaw::PartMissing { asset: id, track: name(), no })) };
    let is_named = track.parts.get(no as usize).is_some_and(|named| named.hash == Hash::of(&bytes));
    let part = Part::decode(&bytes).ok().filter(|_| is_named);
    Ok(part.ok_or_else(|| MetaFlaw::PartOther { asset: id, track: name(), no }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::MemTables;

    #[test]
    fn each_family_is_checked_by_its_own_byte() {
        for (at, (tag, _)) in FAMILIES.iter().enumerate() {
            assert!(*tag > 0 && FAMILIES[..at].iter().all(|(other, _)| other < tag), "{tag:#x}");
        }
    }

    #[test]
    fn bytes_that_are_no_record_are_each_told() {
        let mut tables = MemTables::default();
        let bad = [vec![0x01, 1], vec![0x21, 1], vec![0x43], vec![0x99, 1, 2]];
        tables.write(bad.iter().map(|key| (key.clone(), Some(vec![0xc1]))));
        // the shell's own mark is not ours to read
        tables.write([(vec![0x00, 0x01], Some(vec![0xc1]))]);
        let mut told = Vec::new();
        let records = check_tables(&tables, &mut |flaw| told.push(flaw.to_string()), &mut |_, _| {});
        assert_eq!((records, told.len()), (Ok(4), 4), "{told:?}");
        assert!(told[3].contains("990102") && told[3].contains("no family"), "{told:?}");
    }
}
