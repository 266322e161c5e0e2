//! Manifest parts: taking them in, and holding a track against those that were taken in.

use vs_core::{
    codec,
    error::Code,
    hash::{Hash, Hasher},
    id::{AssetId, Ballot, Version},
    layout::Scheme,
    limit::{INIT_BYTES_MAX, STRIPE_DATA, STRIPE_PARITY},
    manifest::{ChunkRef, Part, PartRef, StripeParity, Track},
};

use super::{Answer, Step, Stop, check_text, refuse, uploads::check_ballot};
use crate::meta::{
    response::Response,
    table::{
        assets::{AssetRecord, AssetState, AssetStatus},
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
    stripes: u64,
    parity_bytes: u64,
    /// Over its segments: when each is shown, and of which chunks it is.
    plays: Hasher,
}

impl Step<'_, '_> {
    pub(super) fn part_put(&mut self, asset: AssetId, version: Version, ballot: Ballot, bytes: &[u8]) -> Answer {
        let Some(record) = self.view().asset(asset)?.filter(|asset| asset.state != AssetState::Dead) else {
            return refuse(Code::Conflict, format!("asset {asset} is dead"));
        };
        check_ballot(&record, ballot)?;
        let is_pending = record.pending.is_some_and(|pending| pending.version == version);
        if version != record.version && !is_pending {
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
        if is_pending && !part.displaced.is_empty() {
            return refuse(Code::Invalid, "a version that replaces another has every member on its place");
        }
        if !is_pending && !matches!(record.status, AssetStatus::Uploading | AssetStatus::Processing) {
            return refuse(Code::Conflict, "the asset is complete");
        }
        self.txn.put::<Parts>(&id, &PartBytes(bytes.to_vec()));
        self.displace(record, &part)?;
        Ok(Response::Part { hash })
    }

    /// Refuses a track that is not exactly what its committed parts of a version say. Answers with what it plays.
    pub(super) fn check_track(
        &self,
        asset: &AssetRecord,
        version: Version,
        scheme: Scheme,
        track: &Track,
    ) -> Result<Hash, Stop> {
        check_track_form(track)?;
        if track.ballot > asset.ballot {
            return refuse(Code::Invalid, format!("{} was never granted", track.ballot));
        }
        let sum = self.add_up(asset.id, version, scheme, track)?;
        if (sum.bytes, sum.segments, sum.chunks) != (track.bytes, track.segments, track.chunks) {
            let what = format!("{} parts add up to {} bytes, not {}", track.name, sum.bytes, track.bytes);
            return refuse(Code::Conflict, what);
        }
        if sum.parity_bytes != track.parity_bytes {
            let what = format!("{} has {} bytes of parity, not {}", track.name, sum.parity_bytes, track.parity_bytes);
            return refuse(Code::Conflict, what);
        }
        Ok(sum.plays.finish())
    }

    /// What a track plays, by its parts of a version.
    pub(super) fn plays(&self, asset: &AssetRecord, track: &Track) -> Result<Hash, Stop> {
        Ok(self.add_up(asset.id, asset.version, asset.scheme, track)?.plays.finish())
    }

    fn add_up(&self, asset: AssetId, version: Version, scheme: Scheme, track: &Track) -> Result<Sum, Stop> {
        let mut sum = Sum { bytes: count(track.init.len()), ..Sum::default() };
        for (no, named) in (0..).zip(&track.parts) {
            let bytes = self.view().part(asset, version, track.ballot, &track.name, no)?;
            let Some(part) = bytes.and_then(|bytes| matching(named, &bytes)) else {
                return refuse(Code::Conflict, format!("part {no} of {} is not the one committed", track.name));
            };
            if part.first_segment != sum.segments || named.first_segment != sum.segments {
                return refuse(Code::Conflict, format!("part {no} of {} leaves a gap", track.name));
            }
            if !has_its_parity(&part, scheme, sum.stripes) {
                return refuse(Code::Conflict, format!("part {no} of {} has not the parity of its chunks", track.name));
            }
            sum.add(&part);
        }
        Ok(sum)
    }
}

impl Sum {
    fn add(&mut self, part: &Part) {
        self.segments = self.segments.saturating_add(u32::try_from(part.segments.len()).unwrap_or(u32::MAX));
        self.stripes = self.stripes.saturating_add(count(part.parity.len()));
        for parity in part.parity.iter().flat_map(|stripe| &stripe.chunks) {
            self.parity_bytes = self.parity_bytes.saturating_add(parity.bytes.into());
        }
        for segment in &part.segments {
            self.bytes = self.bytes.saturating_add(segment.bytes());
            self.chunks = self.chunks.saturating_add(count(segment.chunks.len()));
            self.plays.update(&codec::encode(segment));
        }
    }
}

/// Whether the parity that a part names is that of its chunks: in order, counted on from `first_stripe`, and as long as
/// coding makes it.
fn has_its_parity(part: &Part, scheme: Scheme, first_stripe: u64) -> bool {
    if !scheme.is_coded() {
        return part.parity.is_empty();
    }
    let chunks: Vec<_> = part.segments.iter().flat_map(|segment| &segment.chunks).collect();
    let stripes = chunks.chunks(STRIPE_DATA);
    let fits = |((data, parity), stripe): ((&[&ChunkRef], &StripeParity), u64)| {
        let longest = data.iter().map(|chunk| chunk.bytes).max();
        let as_long = parity.chunks.iter().all(|chunk| Some(chunk.bytes) == longest);
        parity.stripe == stripe && parity.chunks.len() == STRIPE_PARITY && as_long
    };
    part.parity.len() == stripes.len() && stripes.zip(&part.parity).zip(first_stripe..).all(fits)
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
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
