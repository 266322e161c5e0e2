//! Client sessions (CON-3): the last command of each client and what it was answered, so that a retry gets the same
//! answer.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::clock::ClusterTime;
use crate::meta::{
    family::{Family, KeyPart},
    response::Response,
};

/// Most open sessions.
pub const CLIENTS_MAX: u64 = 10_000;
/// Most closed ones that are remembered: beyond that they are forgotten as they are closed.
pub const CLOSED_MAX: u64 = 100_000;

/// A client that retries under one name. Drawn at random by the client.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientId(pub Uuid);

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl KeyPart for ClientId {
    fn ser_key(&self, out: &mut Vec<u8>) {
        self.0.ser_key(out);
    }

    fn deser_key(bytes: &mut &[u8]) -> Option<Self> {
        KeyPart::deser_key(bytes).map(Self)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientRecord {
    /// Number of the last command applied; 0 before the first, the greatest there is once it is closed.
    pub seq: u64,
    /// What it was answered.
    pub response: Option<Response>,
    /// When the client was last heard of.
    pub touched: ClusterTime,
}

impl ClientRecord {
    /// No command follows this one.
    pub(in crate::meta) const CLOSED: u64 = u64::MAX;

    pub(in crate::meta) fn closed(now: ClusterTime) -> Self {
        Self { seq: Self::CLOSED, response: None, touched: now }
    }

    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.seq == Self::CLOSED
    }
}

pub(in crate::meta) struct Clients;

impl Family for Clients {
    const TAG: u8 = 0x51;
    type Id = ClientId;
    type Value = ClientRecord;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use vs_core::error::Code;

    use super::*;
    use crate::meta::{family::test::round_trip, response::Refused};

    fn client(id: u128, seq: u64, what: String) -> (ClientId, ClientRecord) {
        let refused = Refused::new(Code::Conflict, what);
        let record = ClientRecord { seq, response: Some(Response::Refused(refused)), touched: ClusterTime(seq) };
        (ClientId(Uuid::from_u128(id)), record)
    }

    proptest! {
        #[test]
        fn clients_round_trip(a: (u128, u64, String), b: (u128, u64, String)) {
            round_trip::<Clients>(client(a.0, a.1, a.2), client(b.0, b.1, b.2));
        }
    }
}
