//! Which live asset holds which bytes: by SHA-256 over the content's SHA-256 and the options that shape tracks.

use vs_core::{hash::Hash, id::AssetId};

use super::uploads::TrackOptions;
use crate::meta::family::Family;

pub(in crate::meta) struct Dedup;

impl Family for Dedup {
    const TAG: u8 = 0x23;
    type Id = Hash;
    type Value = AssetId;
}

/// What the same bytes with the same options are found by. Redundancy is not in it: it does not change what is played.
#[must_use]
pub fn dedup_key(content: &Hash, options: &TrackOptions) -> Hash {
    let mut bytes = content.0.to_vec();
    bytes.push(u8::from(options.keep_original));
    for rendition in &options.renditions {
        bytes.extend_from_slice(rendition.as_bytes());
        bytes.push(0);
    }
    Hash::of(&bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meta::family::test::round_trip;

    proptest! {
        #[test]
        fn dedup_round_trips(a: ([u8; 32], u64), b: ([u8; 32], u64)) {
            round_trip::<Dedup>((Hash(a.0), AssetId(a.1)), (Hash(b.0), AssetId(b.1)));
        }
    }

    #[test]
    fn options_that_shape_tracks_tell_uploads_apart() {
        let options = |renditions: &[&str], keep_original| TrackOptions {
            renditions: renditions.iter().map(|&name| name.to_owned()).collect(),
            keep_original,
        };
        let content = Hash::of(b"film");
        let keys = [options(&[], true), options(&[], false), options(&["720p"], true), options(&["72", "0p"], true)]
            .map(|options| dedup_key(&content, &options));
        for (i, key) in keys.iter().enumerate() {
            assert!(!keys[..i].contains(key));
        }
    }
}
