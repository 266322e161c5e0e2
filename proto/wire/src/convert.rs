//! Messages to types, checked; types to messages.

use vs_core::{
    hash::Hash,
    id::{Ballot, Epoch, NodeId},
    layout::{Layout, LayoutNode, NodeWish, Scheme},
    manifest::{PartRef, Track, TrackKind},
};

use crate::v1;

/// A message that breaks the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidMessage(pub String);

fn invalid(what: impl Into<String>) -> InvalidMessage {
    InvalidMessage(what.into())
}

/// What `CheckChunksResponse` says of a chunk, in a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Checked {
    Missing = 0,
    Stored = 1,
    /// It is to be put again.
    Damaged = 2,
    /// It cannot be told now.
    Unreadable = 3,
}

impl From<Checked> for u8 {
    fn from(checked: Checked) -> Self {
        checked as Self
    }
}

impl From<u8> for Checked {
    /// What a later release may say is not known.
    fn from(code: u8) -> Self {
        let all = [Self::Missing, Self::Stored, Self::Damaged];
        all.into_iter().find(|checked| u8::from(*checked) == code).unwrap_or(Self::Unreadable)
    }
}

/// A hash of exactly 32 bytes.
///
/// # Errors
/// When it has another length.
pub fn hash(bytes: &[u8]) -> Result<Hash, InvalidMessage> {
    bytes.try_into().map(Hash).map_err(|_| invalid(format!("a hash of {} bytes instead of 32", bytes.len())))
}

#[must_use]
pub fn scheme_to_wire(scheme: Scheme) -> v1::Scheme {
    let kind = match scheme {
        Scheme::Replicate(n) => v1::scheme::Kind::Replicate(n.into()),
        Scheme::Erasure { data, parity } => {
            v1::scheme::Kind::Erasure(v1::Erasure { data: data.into(), parity: parity.into() })
        }
    };
    v1::Scheme { kind: Some(kind) }
}

/// # Errors
/// When the scheme is absent or its numbers are impossible.
pub fn scheme_from_wire(scheme: Option<v1::Scheme>) -> Result<Scheme, InvalidMessage> {
    let small = |n: u32| u8::try_from(n).ok().filter(|n| *n > 0).ok_or_else(|| invalid("an impossible scheme"));
    match scheme.and_then(|scheme| scheme.kind) {
        Some(v1::scheme::Kind::Replicate(n)) => Ok(Scheme::Replicate(small(n)?)),
        Some(v1::scheme::Kind::Erasure(e)) => Ok(Scheme::Erasure { data: small(e.data)?, parity: small(e.parity)? }),
        None => Err(invalid("no scheme")),
    }
}

impl From<&Layout> for v1::Layout {
    fn from(layout: &Layout) -> Self {
        let nodes = layout.nodes.iter().map(|node| v1::LayoutNode {
            id: node.id.0,
            zone: node.zone.clone(),
            weight_milli: node.weight_milli,
            wish: wish_name(node.wish).to_owned(),
        });
        let slots = layout.slots();
        Self {
            epoch: layout.epoch.0,
            nodes: nodes.collect(),
            width: slots.first().map_or(0, |slot| u32::try_from(slot.len()).unwrap_or(0)),
            slots: slots.iter().flatten().map(|&at| at.into()).collect(),
        }
    }
}

impl TryFrom<v1::Layout> for Layout {
    type Error = InvalidMessage;

    fn try_from(layout: v1::Layout) -> Result<Self, InvalidMessage> {
        let node = |node: v1::LayoutNode| {
            Ok(LayoutNode {
                id: NodeId(node.id),
                zone: node.zone,
                weight_milli: node.weight_milli,
                wish: wish_from_name(&node.wish)?,
            })
        };
        let nodes = layout.nodes.into_iter().map(node).collect::<Result<_, InvalidMessage>>()?;
        let position = |at: u32| u16::try_from(at).map_err(|_| invalid("a slot names an impossible node"));
        let flat = layout.slots.into_iter().map(position).collect::<Result<Vec<_>, _>>()?;
        let width = usize::try_from(layout.width).unwrap_or(0).max(1);
        let slots = flat.chunks(width).map(<[u16]>::to_vec).collect();
        Self::new(Epoch(layout.epoch), nodes, slots).map_err(|error| invalid(format!("layout: {error}")))
    }
}

fn wish_name(wish: NodeWish) -> &'static str {
    match wish {
        NodeWish::In => "in",
        NodeWish::Draining => "draining",
        NodeWish::Out => "out",
    }
}

fn wish_from_name(name: &str) -> Result<NodeWish, InvalidMessage> {
    [NodeWish::In, NodeWish::Draining, NodeWish::Out]
        .into_iter()
        .find(|wish| wish_name(*wish) == name)
        .ok_or_else(|| invalid(format!("unknown node state `{name}`")))
}

/// A track as lists show it.
#[must_use]
pub fn track_info(track: &Track) -> v1::TrackInfo {
    v1::TrackInfo {
        name: track.name.clone(),
        kind: track.kind.as_str().to_owned(),
        codec: track.codec.clone(),
        language: track.language.clone().unwrap_or_default(),
        transcoded_from: track.transcoded_from.clone().unwrap_or_default(),
        width: track.width,
        height: track.height,
        fps_milli: track.fps_milli,
        sample_rate: track.sample_rate,
        channels: track.channels,
        duration_ms: track.duration_us / 1000,
        bytes: track.bytes,
        bitrate_bps: track.bitrate_bps(),
        segments: track.segments,
        chunks: track.chunks,
        sha256: track.sha256.0.to_vec(),
    }
}

impl From<&Track> for v1::ManifestTrack {
    fn from(track: &Track) -> Self {
        let part = |part: &PartRef| v1::PartRef {
            hash: part.hash.0.to_vec(),
            bytes: part.bytes,
            first_segment: part.first_segment,
            segments: part.segments,
        };
        Self {
            info: Some(track_info(track)),
            init: track.init.clone(),
            ballot: track.ballot.0,
            parts: track.parts.iter().map(part).collect(),
        }
    }
}

impl TryFrom<v1::ManifestTrack> for Track {
    type Error = InvalidMessage;

    fn try_from(track: v1::ManifestTrack) -> Result<Self, InvalidMessage> {
        let info = track.info.ok_or_else(|| invalid("a track without its description"))?;
        let kind = [TrackKind::Original, TrackKind::Video, TrackKind::Audio, TrackKind::Subtitle]
            .into_iter()
            .find(|kind| kind.as_str() == info.kind)
            .ok_or_else(|| invalid(format!("unknown kind of track `{}`", info.kind)))?;
        let part = |part: v1::PartRef| {
            Ok(PartRef {
                hash: hash(&part.hash)?,
                bytes: part.bytes,
                first_segment: part.first_segment,
                segments: part.segments,
            })
        };
        let text = |text: String| Some(text).filter(|text| !text.is_empty());
        Ok(Self {
            name: info.name,
            kind,
            codec: info.codec,
            language: text(info.language),
            transcoded_from: text(info.transcoded_from),
            width: info.width,
            height: info.height,
            fps_milli: info.fps_milli,
            sample_rate: info.sample_rate,
            channels: info.channels,
            duration_us: info.duration_ms.saturating_mul(1000),
            bytes: info.bytes,
            segments: info.segments,
            chunks: info.chunks,
            // not told: nothing is read by it
            parity_bytes: 0,
            init: track.init,
            sha256: hash(&info.sha256)?,
            ballot: Ballot(track.ballot),
            parts: track.parts.into_iter().map(part).collect::<Result<_, InvalidMessage>>()?,
        })
    }
}

/// `K` or `K=V`.
#[must_use]
pub fn tag(text: &str) -> v1::Tag {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    v1::Tag { key: key.to_owned(), value: value.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        let node = |id| LayoutNode { id: NodeId(id), zone: "z".to_owned(), weight_milli: 1, wish: NodeWish::Draining };
        Layout::new(Epoch(3), vec![node(1), node(2)], vec![vec![1, 0], vec![0, 1]]).expect("valid")
    }

    #[test]
    fn layouts_and_schemes_survive_the_wire() {
        assert_eq!(Layout::try_from(v1::Layout::from(&layout())), Ok(layout()));
        for scheme in [Scheme::Replicate(3), Scheme::Erasure { data: 3, parity: 2 }] {
            assert_eq!(scheme_from_wire(Some(scheme_to_wire(scheme))), Ok(scheme));
        }
    }

    #[test]
    fn hostile_messages_are_refused() {
        assert!(hash(&[0; 31]).is_err());
        assert!(scheme_from_wire(Some(v1::Scheme { kind: Some(v1::scheme::Kind::Replicate(0)) })).is_err());
        let mut bad = v1::Layout::from(&layout());
        bad.slots[0] = 70_000;
        assert!(Layout::try_from(bad.clone()).is_err());
        bad.slots[0] = 2;
        assert!(Layout::try_from(bad).is_err());
    }
}
