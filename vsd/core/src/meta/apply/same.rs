//! The same bytes again (DESIGN §7): whether an upload becomes a video of its own is decided here, and only here.

use vs_core::{
    error::Code,
    hash::Hash,
    id::{AssetId, VideoId},
};

use super::{Answer, Step, Stop, refuse};
use crate::meta::{
    response::{Refused, Response},
    table::{
        assets::{AssetRecord, AssetState},
        events::EventKind,
        uploads::{End, OnDuplicate, TrackOptions, UploadRecord},
        videos::{self, VideoRecord},
    },
};

/// Most videos that share an asset: moving them to another one is one step.
const VIDEOS_PER_ASSET_MAX: u32 = 100;

/// A sound asset that holds the bytes, and the video to answer with.
pub(super) struct Twin {
    asset: AssetId,
    pub(super) video: VideoId,
}

impl Step<'_, '_> {
    /// The sound asset that holds these bytes, if there is one.
    pub(super) fn twin(&self, content: &Hash, options: &TrackOptions) -> Result<Option<Twin>, Stop> {
        let Some(asset) = self.view().holder(content, options)?.filter(AssetRecord::is_sound) else {
            return Ok(None);
        };
        Ok(self.shown(asset.id)?.map(|video| Twin { asset: asset.id, video: video.id }))
    }

    /// The video by which an asset is known: one that is not in the trash, when there is one.
    fn shown(&self, asset: AssetId) -> Result<Option<VideoRecord>, Stop> {
        let mut videos = self.view().videos_of(asset, VIDEOS_PER_ASSET_MAX)?;
        let at = videos.iter().position(|video| video.trashed.is_none()).unwrap_or(0);
        Ok((at < videos.len()).then(|| videos.swap_remove(at)))
    }

    /// Answers an upload whose bytes the library has, and ends it. Its own asset, when it has one, dies.
    pub(super) fn end_as_duplicate(&mut self, mut upload: UploadRecord, twin: Twin) -> Answer {
        let own = self.view().asset(upload.asset)?.filter(|own| own.upload == upload.id);
        let end = match upload.on_duplicate {
            OnDuplicate::Error => {
                End::Failed { code: Code::Conflict.name().to_owned(), reason: conflict(twin.video).what }
            }
            OnDuplicate::New => {
                self.list_video(&upload, twin.asset)?;
                End::Duplicate { restored: false }
            }
            OnDuplicate::Skip => {
                upload.video = twin.video;
                End::Duplicate { restored: self.restore(twin.video)? }
            }
        };
        upload.asset = twin.asset;
        let answer = ended(&upload, &end);
        self.end_upload(upload, end)?;
        if let Some(own) = own {
            self.kill(own, "the library has these bytes")?;
        }
        Ok(answer)
    }

    /// Shows a new live asset: under the videos of the unsound asset it replaces, or as a new video. Answers which one.
    pub(super) fn show(&mut self, upload: &UploadRecord, asset: &AssetRecord, content: &Hash) -> Result<VideoId, Stop> {
        let replaced = self.view().holder(content, &asset.options)?;
        let Some(replaced) = replaced.filter(|old| old.state == AssetState::Live && old.id != asset.id) else {
            return self.list_video(upload, asset.id);
        };
        let known = self.shown(replaced.id)?;
        self.move_videos(replaced.id, asset.id)?;
        self.kill(replaced, "the same bytes were uploaded again and replace it")?;
        match known {
            Some(video) if upload.on_duplicate != OnDuplicate::New => {
                self.restore(video.id)?;
                Ok(video.id)
            }
            _ => self.list_video(upload, asset.id),
        }
    }

    fn move_videos(&mut self, from: AssetId, to: AssetId) -> Result<(), Stop> {
        for mut video in self.view().videos_of(from, VIDEOS_PER_ASSET_MAX)? {
            video.asset = to;
            video.revision += 1;
            videos::put(self.txn, &video)?;
            self.event(EventKind::VideoMoved { video: video.id, from, to })?;
        }
        Ok(())
    }

    fn list_video(&mut self, upload: &UploadRecord, asset: AssetId) -> Result<VideoId, Stop> {
        if self.view().video(upload.video)?.is_some() {
            return refuse(Code::Conflict, format!("video {} exists", upload.video));
        }
        let many = usize::try_from(VIDEOS_PER_ASSET_MAX).unwrap_or(usize::MAX);
        if self.view().videos_of(asset, VIDEOS_PER_ASSET_MAX)?.len() >= many {
            return refuse(Code::Conflict, format!("{VIDEOS_PER_ASSET_MAX} videos show these bytes already"));
        }
        let video = VideoRecord {
            id: upload.video,
            asset,
            title: upload.title.clone(),
            description: upload.description.clone(),
            tags: upload.tags.clone(),
            file_name: upload.file_name.clone(),
            created_ms: self.wall_ms,
            revision: 1,
            trashed: None,
            views: 0,
        };
        videos::put(self.txn, &video)?;
        self.event(EventKind::VideoListed { video: video.id, asset })?;
        Ok(video.id)
    }
}

/// The refusal of `--on-duplicate error`.
pub(super) fn conflict(video: VideoId) -> Refused {
    Refused::new(Code::Conflict, format!("the library has these bytes as video {video}"))
}

/// What a writer is told of an upload that is over.
pub(super) fn ended(upload: &UploadRecord, end: &End) -> Response {
    let failed = |code, what: &str| Response::UploadFailed(Refused::new(code, what));
    match end {
        End::Ready | End::Unplayable { .. } => Response::Listed { video: upload.video, asset: upload.asset },
        End::Duplicate { restored } => {
            Response::Duplicate { video: upload.video, asset: upload.asset, restored: *restored }
        }
        End::Failed { code, reason } => failed(code.parse().unwrap_or(Code::Internal), reason),
        End::Aborted => failed(Code::Conflict, "the upload was cancelled"),
        End::Expired => failed(Code::Conflict, "the upload expired"),
    }
}
