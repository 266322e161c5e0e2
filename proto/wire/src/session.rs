//! How a call says to which client session it belongs (CON-3), so that its repeat is applied once.

use tonic::metadata::{MetadataMap, MetadataValue};
use uuid::Uuid;

use crate::InvalidMessage;

/// Metadata of a changing call: the client session, a UUID.
pub const CLIENT_KEY: &str = "vs-client";
/// Metadata of a changing call: its number in the session, from 1.
pub const SEQ_KEY: &str = "vs-seq";

/// Which call of which client session a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    pub client: Uuid,
    pub seq: u64,
}

impl Stamp {
    pub fn write(self, metadata: &mut MetadataMap) {
        if let Ok(client) = MetadataValue::try_from(self.client.to_string()) {
            metadata.insert(CLIENT_KEY, client);
            metadata.insert(SEQ_KEY, self.seq.into());
        }
    }

    /// The stamp of a request; none when it carries neither half of one.
    ///
    /// # Errors
    /// When it carries half a stamp, or one that is not a UUID and a number from 1.
    pub fn read(metadata: &MetadataMap) -> Result<Option<Self>, InvalidMessage> {
        let text = |key| metadata.get(key).map(|value| value.to_str().unwrap_or_default());
        let (client, seq) = match (text(CLIENT_KEY), text(SEQ_KEY)) {
            (None, None) => return Ok(None),
            (client, seq) => (client.unwrap_or_default().parse().ok(), seq.unwrap_or_default().parse().ok()),
        };
        match client.zip(seq.filter(|seq| *seq > 0 && *seq < u64::MAX)) {
            Some((client, seq)) => Ok(Some(Self { client, seq })),
            None => Err(InvalidMessage(format!("{CLIENT_KEY} is no UUID, or {SEQ_KEY} no number from 1"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_read_back_and_half_a_one_is_refused() {
        let stamp = Stamp { client: Uuid::from_u128(7), seq: 3 };
        let mut metadata = MetadataMap::new();
        assert_eq!(Stamp::read(&metadata), Ok(None));
        stamp.write(&mut metadata);
        assert_eq!(Stamp::read(&metadata), Ok(Some(stamp)));
        metadata.insert(SEQ_KEY, 0.into());
        assert!(Stamp::read(&metadata).is_err(), "numbers begin at 1");
        metadata.insert(SEQ_KEY, u64::MAX.into());
        assert!(Stamp::read(&metadata).is_err(), "no command has the greatest number there is");
        metadata.remove(SEQ_KEY);
        assert!(Stamp::read(&metadata).is_err(), "a repeat without its number would be applied twice");
    }
}
