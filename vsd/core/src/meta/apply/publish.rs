//! Making an upload visible: the original, then the tracks.

use vs_core::{
    error::Code,
    hash::Hash,
    id::{Ballot, UploadId, VideoId},
    limit::TRACKS_MAX,
    manifest::{ORIGINAL, Track, TrackKind},
};

use super::{Answer, Step, Stop, check_text, refuse};
use crate::meta::{
    response::Response,
    table::{
        assets::{AssetRecord, AssetState, AssetStatus, Assets, SOURCE_STREAMS_MAX, SourceInfo},
        cleanup::{Cleanup, Cursor},
        dedup::{Dedup, dedup_key},
        events::EventKind,
        uploads::{End, REASON_CHARS_MAX, UploadPhase, UploadRecord, Uploads},
    },
};

/// Longest text in a description of the source, in characters.
const SOURCE_TEXT_CHARS_MAX: usize = 500;

impl Step<'_, '_> {
    pub(super) fn original_stored(
        &mut self,
        id: UploadId,
        ballot: Ballot,
        source: &SourceInfo,
        track: &Track,
    ) -> Answer {
        if let Some(answer) = self.answered_before(id, ballot)? {
            return Ok(answer);
        }
        let (mut upload, mut asset) = self.writable(id, ballot)?;
        let (sha256, bytes) = match upload.phase {
            UploadPhase::Received { sha256, bytes } if upload.options.keep_original => (sha256, bytes),
            UploadPhase::Stored { .. } => return Ok(Response::Listed { video: upload.video, asset: asset.id }),
            _ => return refuse(Code::Conflict, "no original of this upload is to be stored now"),
        };
        check_source(source)?;
        if track.kind != TrackKind::Original || track.name != ORIGINAL {
            return refuse(Code::Invalid, "the track is not the original");
        }
        if (track.sha256, track.bytes) != (sha256, bytes) {
            return refuse(Code::Conflict, "the original is not what was received");
        }
        self.check_track(&asset, asset.version, asset.scheme, track)?;
        if let Some(twin) = self.twin(&sha256, &asset.options)? {
            return self.end_as_duplicate(upload, twin);
        }
        asset.status = AssetStatus::Processing;
        asset.tracks = vec![track.clone()];
        upload.video = self.go_live(&upload, &mut asset, source.clone(), sha256, bytes)?;
        upload.phase = UploadPhase::Stored { sha256, bytes };
        upload.touched = self.now;
        self.txn.put::<Uploads>(&id, &upload);
        Ok(Response::Listed { video: upload.video, asset: asset.id })
    }

    pub(super) fn commit(
        &mut self,
        id: UploadId,
        ballot: Ballot,
        tracks: &[Track],
        source: Option<&SourceInfo>,
        failure: Option<&str>,
    ) -> Answer {
        if let Some(answer) = self.answered_before(id, ballot)? {
            return Ok(answer);
        }
        let (mut upload, mut asset) = self.writable(id, ballot)?;
        self.check_tracks(&asset, tracks, failure)?;
        asset.status = match failure {
            Some(reason) => AssetStatus::Failed { reason: reason.to_owned() },
            None => AssetStatus::Ready,
        };
        asset.tracks.extend_from_slice(tracks);
        match (&upload.phase, source) {
            (UploadPhase::Stored { .. }, None) => {}
            // The attempt to make tracks told more about the streams than the probe did.
            (UploadPhase::Stored { .. }, Some(source)) => {
                check_source(source)?;
                asset.source = Some(source.clone());
            }
            (UploadPhase::Received { sha256, bytes }, Some(source)) if !upload.options.keep_original => {
                let (sha256, bytes) = (*sha256, *bytes);
                check_source(source)?;
                if let Some(twin) = self.twin(&sha256, &asset.options)? {
                    return self.end_as_duplicate(upload, twin);
                }
                upload.video = self.go_live(&upload, &mut asset, source.clone(), sha256, bytes)?;
            }
            _ => return refuse(Code::Conflict, "the upload is not ready to be committed"),
        }
        self.finish(upload, &asset, failure)
    }

    /// Makes an asset live and a video show it.
    fn go_live(
        &mut self,
        upload: &UploadRecord,
        asset: &mut AssetRecord,
        source: SourceInfo,
        sha256: Hash,
        bytes: u64,
    ) -> Result<VideoId, Stop> {
        asset.state = AssetState::Live;
        asset.source = Some(source);
        asset.sha256 = Some(sha256);
        asset.bytes = bytes;
        self.txn.put::<Assets>(&asset.id, asset);
        let video = self.show(upload, asset, &sha256)?;
        self.txn.put::<Dedup>(&dedup_key(&sha256, &asset.options), &asset.id);
        Ok(video)
    }

    fn finish(&mut self, upload: UploadRecord, asset: &AssetRecord, failure: Option<&str>) -> Answer {
        self.txn.put::<Assets>(&asset.id, asset);
        self.txn.put::<Cleanup>(&asset.id, &Cursor::default());
        for shown in self.view().videos_of(asset.id, u32::MAX)? {
            self.event(match failure {
                Some(reason) => EventKind::VideoFailed { video: shown.id, reason: reason.to_owned() },
                None => EventKind::VideoReady { video: shown.id },
            })?;
        }
        let video = upload.video;
        let end = match failure {
            Some(reason) => End::Unplayable { reason: reason.to_owned() },
            None => End::Ready,
        };
        self.end_upload(upload, end)?;
        Ok(Response::Listed { video, asset: asset.id })
    }

    /// Refuses tracks that cannot be an asset's, and a failure that does not fit.
    fn check_tracks(&self, asset: &AssetRecord, tracks: &[Track], failure: Option<&str>) -> Result<(), Stop> {
        match failure {
            Some(_) if !tracks.is_empty() => return refuse(Code::Invalid, "a failure with tracks"),
            Some(_) if asset.tracks.is_empty() => {
                return refuse(Code::Conflict, "nothing of the upload is stored: it can only fail as a whole");
            }
            None if tracks.is_empty() => return refuse(Code::Invalid, "neither tracks nor a reason for their absence"),
            _ => check_text("reason", failure.unwrap_or_default(), REASON_CHARS_MAX)?,
        }
        if asset.tracks.len().saturating_add(tracks.len()) > TRACKS_MAX {
            return refuse(Code::Invalid, format!("more than {TRACKS_MAX} tracks"));
        }
        for (i, track) in tracks.iter().enumerate() {
            if track.kind == TrackKind::Original || track.name == ORIGINAL {
                return refuse(Code::Invalid, "the original is not committed with the tracks");
            }
            if tracks[..i].iter().any(|other| other.name == track.name) {
                return refuse(Code::Invalid, format!("two tracks named {}", track.name));
            }
            self.check_track(asset, asset.version, asset.scheme, track)?;
        }
        Ok(())
    }
}

fn check_source(source: &SourceInfo) -> Result<(), Stop> {
    if source.streams.len() > SOURCE_STREAMS_MAX {
        return refuse(Code::Invalid, format!("more than {SOURCE_STREAMS_MAX} streams"));
    }
    let texts = source.streams.iter().flat_map(|stream| {
        [Some(&stream.kind), Some(&stream.codec), stream.language.as_ref(), stream.note.as_ref()].into_iter().flatten()
    });
    std::iter::once(&source.container)
        .chain(texts)
        .try_for_each(|text| check_text("description of the source", text, SOURCE_TEXT_CHARS_MAX))
}
