//! Settings of the whole cluster: a closed list, each with a default and a range. Only what differs from the default is
//! stored.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::meta::{
    family::{Family, load},
    tables::{TableError, Tables},
};

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;
const DAY: u64 = 24 * HOUR;
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const TIB: u64 = 1 << 40;
/// More views than anything has.
const VIEWS_MAX: u64 = 1_000_000_000_000;

/// How the number is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingUnit {
    Milliseconds,
    Count,
    BytesPerSecond,
}

macro_rules! settings {
    ($($name:ident = $text:literal, $unit:ident, default $default:expr, $min:expr => $max:expr, $about:literal;)*) => {
        /// A setting that exists.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum SettingName { $(#[serde(rename = $text)] $name,)* }

        impl SettingName {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            #[must_use]
            pub fn unit(self) -> SettingUnit {
                match self { $(Self::$name => SettingUnit::$unit,)* }
            }

            #[must_use]
            pub fn default_value(self) -> u64 {
                match self { $(Self::$name => $default,)* }
            }

            /// Smallest and largest value allowed.
            #[must_use]
            pub fn range(self) -> (u64, u64) {
                match self { $(Self::$name => ($min, $max),)* }
            }

            /// One line for people.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $(Self::$name => $about,)* }
            }
        }
    };
}

settings! {
    TrashKeep = "trash.keep", Milliseconds, default 7 * DAY, SECOND => 3_650 * DAY,
        "how long a removed video can be restored";
    UploadLease = "upload.lease", Milliseconds, default 30 * SECOND, SECOND => HOUR,
        "how long an uploader may be silent before another one takes over";
    UploadExpiry = "upload.expiry", Milliseconds, default DAY, SECOND => 365 * DAY,
        "how long an unfinished upload can be resumed after its last sign of life";
    UploadRemember = "upload.remember", Milliseconds, default DAY, SECOND => 365 * DAY,
        "how long the end of an upload can be asked for";
    ClientExpiry = "client.expiry", Milliseconds, default HOUR, 10 * SECOND => 30 * DAY,
        "how long a client may be silent before its retries are refused";
    RepairGrace = "repair.grace", Milliseconds, default 300 * SECOND, SECOND => 30 * DAY,
        "how long a node may be down before another one takes over what it does for the cluster";
    RepairRate = "repair.rate", BytesPerSecond, default 64 * MIB, 64 * KIB => TIB,
        "how much the cluster writes a second, at most, to repair, move and recode what it keeps";
    RepairConcurrency = "repair.concurrency", Count, default 4, 1 => 64,
        "how many stripes or chunks are repaired, moved or recoded at a time";
    PolicyHotViews = "policy.hot_views", Count, default 1_000, 0 => VIEWS_MAX,
        "content with more views than this is kept as whole copies";
    PolicyColdViews = "policy.cold_views", Count, default 800, 0 => VIEWS_MAX,
        "content kept as whole copies is coded once it is old and has no more views than this";
    PolicyMinAge = "policy.min_age", Milliseconds, default DAY, 0 => 3_650 * DAY,
        "how long new content is kept as whole copies, however few views it has";
    DropDelay = "drop.delay", Milliseconds, default 600 * SECOND, SECOND => 30 * DAY,
        "how long a node waits before it asks again and deletes a copy that nobody wants";
}

impl fmt::Display for SettingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SettingName {
    type Err = ();

    fn from_str(s: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|name| name.as_str() == s).ok_or(())
    }
}

pub(in crate::meta) struct Settings;

impl Family for Settings {
    const TAG: u8 = 0x50;
    type Id = String;
    type Value = u64;
}

pub(in crate::meta) fn value(tables: &dyn Tables, name: SettingName) -> Result<u64, TableError> {
    Ok(load::<Settings>(tables, &name.as_str().to_owned())?.unwrap_or(name.default_value()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use vs_core::codec;

    use super::*;
    use crate::meta::family::test::round_trip;

    proptest! {
        #[test]
        fn settings_round_trip(a in ("[a-z.]{0,9}", any::<u64>()), b in ("[a-z.]{0,9}", any::<u64>())) {
            round_trip::<Settings>(a, b);
        }
    }

    #[test]
    fn names_read_back_and_defaults_are_in_range() {
        for &name in SettingName::ALL {
            let (min, max) = name.range();
            assert!((min..=max).contains(&name.default_value()), "{name}");
            assert_eq!(name.as_str().parse(), Ok(name));
            assert_eq!(codec::decode(&codec::encode(&name)), Ok(name));
            assert!(codec::encode(&name).ends_with(name.as_str().as_bytes()));
        }
    }
}
