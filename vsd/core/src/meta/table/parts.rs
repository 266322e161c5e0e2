//! Manifest parts, in their kept form, under the writer's ballot: a writer that was fenced off has its parts beside,
//! never in place of, those of its successor.

use serde::{Deserialize, Serialize};
use vs_core::id::{AssetId, Ballot, Version};

use crate::meta::family::Family;

/// Longest name of a track, in bytes.
pub const TRACK_NAME_BYTES_MAX: usize = 64;

/// A part as [`vs_core::manifest::Part::encode`] made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::meta) struct PartBytes(#[serde(with = "serde_bytes")] pub(in crate::meta) Vec<u8>);

/// Asset, version, ballot, track, number.
pub(in crate::meta) type PartId = (AssetId, Version, Ballot, String, u32);

pub(in crate::meta) struct Parts;

impl Family for Parts {
    const TAG: u8 = 0x21;
    type Id = PartId;
    type Value = PartBytes;
}

/// Whether a name can be a track's: short, and letters, digits, `-`, `_` and `.` only.
pub(in crate::meta) fn is_track_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=TRACK_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meta::family::test::round_trip;

    type Raw = (u64, u64, u64, u32, Vec<u8>);

    fn part(raw: Raw, track: String) -> (PartId, PartBytes) {
        ((AssetId(raw.0), Version(raw.1), Ballot(raw.2), track, raw.3), PartBytes(raw.4))
    }

    proptest! {
        #[test]
        fn parts_round_trip(a: Raw, b: Raw, s in "[a-zA-Z0-9._-]{1,9}", t in "[a-zA-Z0-9._-]{1,9}") {
            prop_assert!(is_track_name(&s));
            round_trip::<Parts>(part(a, s), part(b, t));
        }

        #[test]
        fn numbers_of_one_track_sort(a: u32, b: u32) {
            let id = |no| part((1, 1, 1, no, vec![]), "v0".to_owned());
            round_trip::<Parts>(id(a), id(b));
        }
    }

    #[test]
    fn names_that_would_break_a_key_are_no_names() {
        for bad in ["", "a\0b", "a b", "é", &"x".repeat(TRACK_NAME_BYTES_MAX + 1)] {
            assert!(!is_track_name(bad), "{bad:?}");
        }
    }
}
