//! How values are kept: in the log, in the state and in manifest parts.
//!
//! | bytes | content |
//! |---|---|
//! | 0 | format, 1 |
//! | 1.. | one MessagePack value, structs as maps with named fields |
//!
//! Named fields cost a few bytes and buy what a store needs most: a later release adds a field with a default and still reads
//! everything that was ever written. A field is never renamed and never changes its meaning. Unknown formats are refused.

use serde::{Serialize, de::DeserializeOwned};

const FORMAT: u8 = 1;

/// Why bytes could not be read back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("written by a newer release (format {0}, this one reads {FORMAT})")]
    Newer(u8),
    #[error("damaged: {0}")]
    Damaged(String),
}

/// The kept form of `value`.
///
/// # Panics
/// Never for types whose maps have string keys and that fit in memory, which is all this project keeps.
#[must_use]
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut out = vec![FORMAT];
    value
        .serialize(&mut rmp_serde::Serializer::new(&mut out).with_struct_map())
        .expect("writing to memory does not fail");
    out
}

/// The value kept as `bytes`; every byte must be accounted for.
///
/// # Errors
/// When a newer release wrote them or they are damaged.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let (&format, mut rest) = bytes.split_first().ok_or_else(|| DecodeError::Damaged("empty".to_owned()))?;
    if format != FORMAT {
        return Err(DecodeError::Newer(format));
    }
    let mut deserializer = rmp_serde::Deserializer::new(&mut rest);
    deserializer.set_max_depth(64);
    let value = T::deserialize(&mut deserializer).map_err(|error| DecodeError::Damaged(error.to_string()))?;
    drop(deserializer);
    if !rest.is_empty() {
        return Err(DecodeError::Damaged(format!("{} bytes left over", rest.len())));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Old {
        a: u32,
    }

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct New {
        a: u32,
        #[serde(default)]
        b: Option<String>,
    }

    #[test]
    fn an_added_field_takes_its_default_and_is_ignored_by_the_older_reader() {
        assert_eq!(decode::<New>(&encode(&Old { a: 7 })), Ok(New { a: 7, b: None }));
        assert_eq!(decode::<Old>(&encode(&New { a: 7, b: Some("x".to_owned()) })), Ok(Old { a: 7 }));
    }

    #[test]
    fn foreign_bytes_are_refused() {
        let good = encode(&Old { a: 7 });
        assert!(matches!(decode::<Old>(&[]), Err(DecodeError::Damaged(_))));
        assert_eq!(decode::<Old>(&[9]), Err(DecodeError::Newer(9)));
        assert!(matches!(decode::<Old>(&good[..good.len() - 1]), Err(DecodeError::Damaged(_))));
        assert!(matches!(decode::<Old>(&[good, vec![0]].concat()), Err(DecodeError::Damaged(_))));
    }
}
