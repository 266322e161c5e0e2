//! Videos: what people see. Indexed by exact title and by asset.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vs_core::{
    hash::Hash,
    id::{AssetId, VideoId},
};

use super::clock::ClusterTime;
use crate::meta::{
    family::{Family, key, load, page},
    tables::{TableError, Tables, Txn},
};

/// When a video was put into the trash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trashed {
    pub at: ClusterTime,
    /// Wall time, for display.
    pub wall_ms: u64,
}

/// A listed video. Its asset is live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoRecord {
    pub id: VideoId,
    pub asset: AssetId,
    pub title: String,
    pub description: String,
    pub tags: BTreeMap<String, String>,
    /// Name of the uploaded file, without its folder.
    pub file_name: String,
    /// Wall time of the listing, for display.
    pub created_ms: u64,
    /// Counts the changes of this record, so that an edit can be refused when somebody else was faster.
    pub revision: u64,
    #[serde(default)]
    pub trashed: Option<Trashed>,
    /// How often it was watched. Counting does not change the revision.
    #[serde(default)]
    pub views: u64,
}

pub(in crate::meta) struct Videos;

impl Family for Videos {
    const TAG: u8 = 0x10;
    type Id = VideoId;
    type Value = VideoRecord;
}

/// Titles vary in length and may hold any character, so the index goes by their hash.
pub(in crate::meta) struct ByTitle;

impl Family for ByTitle {
    const TAG: u8 = 0x11;
    type Id = (Hash, VideoId);
    type Value = ();
}

pub(in crate::meta) struct ByAsset;

impl Family for ByAsset {
    const TAG: u8 = 0x12;
    type Id = (AssetId, VideoId);
    type Value = ();
}

fn title_hash(title: &str) -> Hash {
    Hash::of(title.as_bytes())
}

/// Stores a video in place of what was stored under its id.
pub(in crate::meta) fn put(txn: &mut Txn<'_>, video: &VideoRecord) -> Result<(), TableError> {
    remove(txn, video.id)?;
    txn.put::<Videos>(&video.id, video);
    txn.put::<ByTitle>(&(title_hash(&video.title), video.id), &());
    txn.put::<ByAsset>(&(video.asset, video.id), &());
    Ok(())
}

pub(in crate::meta) fn remove(txn: &mut Txn<'_>, id: VideoId) -> Result<(), TableError> {
    if let Some(old) = txn.load::<Videos>(&id)? {
        txn.delete::<Videos>(&id);
        txn.delete::<ByTitle>(&(title_hash(&old.title), id));
        txn.delete::<ByAsset>(&(old.asset, id));
    }
    Ok(())
}

pub(in crate::meta) fn with_title(
    tables: &dyn Tables,
    title: &str,
    limit: usize,
) -> Result<Vec<VideoRecord>, TableError> {
    let found = page::<ByTitle>(tables, &key::<ByTitle>(&title_hash(title)), None, limit)?;
    records(tables, found.into_iter().map(|((_, video), ())| video))
}

pub(in crate::meta) fn of_asset(
    tables: &dyn Tables,
    asset: AssetId,
    limit: usize,
) -> Result<Vec<VideoRecord>, TableError> {
    let found = page::<ByAsset>(tables, &key::<ByAsset>(&asset), None, limit)?;
    records(tables, found.into_iter().map(|((_, video), ())| video))
}

fn records(tables: &dyn Tables, ids: impl Iterator<Item = VideoId>) -> Result<Vec<VideoRecord>, TableError> {
    ids.filter_map(|id| load::<Videos>(tables, &id).transpose()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meta::{MemTables, family::test::round_trip};

    fn video(id: [u8; 16], asset: u64, title: String, trashed: Option<u64>) -> VideoRecord {
        VideoRecord {
            id: VideoId::from_random(id),
            asset: AssetId(asset),
            tags: BTreeMap::from([("key".to_owned(), title.clone())]),
            description: title.repeat(2),
            file_name: title.clone(),
            title,
            created_ms: 7,
            revision: 1,
            views: asset,
            trashed: trashed.map(|at| Trashed { at: ClusterTime(at), wall_ms: at }),
        }
    }

    proptest! {
        #[test]
        fn videos_round_trip(a: ([u8; 16], u64, String, Option<u64>), b: ([u8; 16], u64, String, Option<u64>)) {
            let (a, b) = (video(a.0, a.1, a.2, a.3), video(b.0, b.1, b.2, b.3));
            round_trip::<Videos>((a.id, a.clone()), (b.id, b.clone()));
            round_trip::<ByTitle>(((title_hash(&a.title), a.id), ()), ((title_hash(&b.title), b.id), ()));
            round_trip::<ByAsset>(((a.asset, a.id), ()), ((b.asset, b.id), ()));
        }

        #[test]
        fn the_indexes_follow_the_record(first: String, second: String) {
            let tables = MemTables::default();
            let mut txn = Txn::over(&tables);
            let before = video([1; 16], 1, first.clone(), None);
            let after = video([1; 16], 2, second.clone(), None);
            put(&mut txn, &before).expect("memory");
            put(&mut txn, &after).expect("memory");
            prop_assert_eq!(with_title(&txn, &second, 9), Ok(vec![after.clone()]));
            prop_assert_eq!(with_title(&txn, &first, 9).map(|found| found.len()), Ok(usize::from(first == second)));
            prop_assert_eq!(of_asset(&txn, AssetId(1), 9), Ok(vec![]));
            prop_assert_eq!(of_asset(&txn, AssetId(2), 9), Ok(vec![after]));
            remove(&mut txn, before.id).expect("memory");
            prop_assert!(txn.into_writes().values().all(Option::is_none));
        }
    }
}
