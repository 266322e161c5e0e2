//! Ids as types of their own, so that an asset number can never be passed where a node number is meant.
//!
//! Numbers are allocated by the log and never reused. Uuids are made by whoever begins something and can be retried with.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// The next number.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(s: &str) -> Result<Self, InvalidId> {
                let digits = s.strip_prefix($prefix).unwrap_or(s);
                digits.parse().map(Self).map_err(|_| InvalidId)
            }
        }
    };
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// From 16 random bytes; version and variant bits are set here.
            #[must_use]
            pub fn from_random(bytes: [u8; 16]) -> Self {
                Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
            }

            /// The 16 bytes, in the order in which ids sort.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The first eight characters, for people.
            #[must_use]
            pub fn short(&self) -> String {
                self.0.simple().to_string()[..8].to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(s: &str) -> Result<Self, InvalidId> {
                Uuid::from_str(s).map(Self).map_err(|_| InvalidId)
            }
        }
    };
}

uuid_id!(
    /// What a person uploads and names.
    VideoId
);
uuid_id!(
    /// One upload session. Chosen by the client, so that a retried `Begin` is the same session.
    UploadId
);
uuid_id!(
    /// One cluster, drawn at bootstrap. A node of another cluster is refused.
    ClusterId
);
number_id!(
    /// The stored content of one upload.
    AssetId,
    "a"
);
number_id!(
    /// A node; allocated at registration, never reused.
    NodeId,
    "n"
);
number_id!(
    /// One data directory of a node; a wiped disk is a new one.
    DirId,
    "d"
);
number_id!(
    /// Work that takes long and outlives the leader that began it.
    JobId,
    "j"
);
number_id!(
    /// A version of the cluster map.
    Epoch,
    "e"
);
number_id!(
    /// A version of an asset's content; never reused within the asset.
    Version,
    "v"
);
number_id!(
    /// Which writer may extend an upload: only the highest one that the log has granted.
    Ballot,
    "b"
);

/// Not an id of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id")]
pub struct InvalidId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back_with_and_without_their_letter() {
        assert_eq!("n7".parse(), Ok(NodeId(7)));
        assert_eq!("7".parse(), Ok(NodeId(7)));
        assert_eq!(NodeId(7).to_string(), "n7");
        assert_eq!("a7".parse::<NodeId>(), Err(InvalidId));
    }

    #[test]
    fn random_ids_are_version_4() {
        assert_eq!(VideoId::from_random([0xff; 16]).0.get_version_num(), 4);
    }
}
