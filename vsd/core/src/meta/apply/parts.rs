//! Manifest parts: taking them in, and holding a track against those that were taken in.

use vs_core::{
    error::Code,
    hash::Hash,
    id::{AssetId, Ballot, Version},
    limit::INIT_BYTES_MAX,
    manifest::{Part, PartRef, Track},
};

use super::{Answer, Step, Stop, check_text, refuse, uploads::check_ballot};
use crate::meta::{
    response::Response,
    table::{
        assets::{AssetRecord, AssetState, AssetStatus},
        displaced::Displacements,
        parts::{PartBytes, Parts, is_track_name},
    },
};

/// Most parts of a track: at 256 KiB each they name some ten million chunks.
const TRACK_PARTS_MAX: usize = 1_000;
/// Longest codec or language name, in characters.
const TRACK_TEXT_CHARS_MAX: usize = 64;

/// What a track's parts add up to.
#[derive(Default)]
struct Sum {
    bytes: u64,
    segments: u32,
    chunks: u64,
}

impl Step<'_, '_> {
    pub(super) fn part_put(&mut self, asset: AssetId, version: Version, ballot: Ballot, bytes: &[u8]) -> Answer {
        let Some(record) = self.view().asset(asset)?.filter(|asset| asset.state != AssetState::Dead) else {
            return refuse(Code::Conflict, format!("asset {asset} is dead"));
        };
        check_ballot(&record, ballot)?;
        if version != record.version {
            return refuse(Code::Conflict, format!("{version} of the asset is not being written"));
        }
        let part = match Part::decode(bytes) {
            Ok(part) => part,
            Err(why) => return refuse(Code::Invalid, format!("not a manifest part: {why}")),
        };
        if !is_track_name(&part.track) || part.segments.is_empty() {
            return refuse(Code::Invalid, "a manifest part without a proper track name or without segments");
        }
        let id = (asset, version, ballot, part.track.clone(), part.no);
        let hash = Hash::of(bytes);
        match self.txn.load::<Parts>(&id)? {
            Some(stored) if stored.0 == bytes => return Ok(Response::Part { hash }),
            Some(_) => return refuse(Code::Conflict, format!("part {} of {} is stored", part.no, part.track)),
            None => {}
        }
        if !matches!(record.status, AssetStatus::Uploading | AssetStatus::Processing) {
            return refuse(Code::Conflict, "the asset is complete");
        }
        self.txn.put::<Parts>(&id, &PartBytes(bytes.to_vec()));
        for displaced in &part.displaced {
            self.txn.put::<Displacements>(&(asset, displaced.chunk, displaced.place), &displaced.stand_in);
        }
        Ok(Response::Part { hash })
    }

    /// Refuses a track that is not exactly what its committed parts say.
    pub(super) fn check_track(&self, asset: &AssetRecord, track: &Track) -> Result<(), Stop> {
        check_track_form(track)?;
        if track.ballot > asset.ballot {
            return refuse(Code::Invalid, format!("{} was never granted", track.ballot));
        }
        let mut sum = Sum { bytes: u64::try_from(track.init.len()).unwrap_or(u64::MAX), ..Sum::default() };
        for (no, named) in (0..).zip(&track.parts) {
            let bytes = self.view().part(asset.id, asset.version, track.ballot, &track.name, no)?;
            let Some(part) = bytes.and_then(|bytes| matching(named, &bytes)) else {
                return refuse(Code::Conflict, format!("part {no} of {} is not the one committed", track.name));
            };
            if part.first_segment != sum.segments || named.first_segment != sum.segments {
                return refuse(Code::Conflict, format!("part {no} of {} leaves a gap", track.name));
            }
            sum.segments = sum.segments.saturating_add(named.segments);
            for segment in &part.segments {
                sum.bytes = sum.bytes.saturating_add(segment.bytes());
                sum.chunks = sum.chunks.saturating_add(u64::try_from(segment.chunks.len()).unwrap_or(u64::MAX));
            }
        }
        if (sum.bytes, sum.segments, sum.chunks) != (track.bytes, track.segments, track.chunks) {
            let what = format!("{} parts add up to {} bytes, not {}", track.name, sum.bytes, track.bytes);
            return refuse(Code::Conflict, what);
        }
        Ok(())
    }
}

/// The part, when the bytes are what the head names.
fn matching(named: &PartRef, bytes: &[u8]) -> Option<Part> {
    let same = u32::try_from(bytes.len()) == Ok(named.bytes) && Hash::of(bytes) == named.hash;
    let part = Part::decode(bytes).ok().filter(|_| same)?;
    (u32::try_from(part.segments.len()) == Ok(named.segments)).then_some(part)
}

fn check_track_form(track: &Track) -> Result<(), Stop> {
    if !is_track_name(&track.name) {
        return refuse(Code::Invalid, "a track without a proper name");
    }
    for text in [Some(&track.codec), track.language.as_ref(), track.transcoded_from.as_ref()].into_iter().flatten() {
        check_text("codec or language of a track", text, TRACK_TEXT_CHARS_MAX)?;
    }
    if track.init.len() > INIT_BYTES_MAX || track.parts.len() > TRACK_PARTS_MAX {
        return refuse(Code::Invalid, format!("track {} is larger than a track can be", track.name));
    }
    Ok(())
}
