//! What people do with videos: edit, trash, restore, purge.

use std::collections::{BTreeMap, BTreeSet};

use vs_core::{
    error::Code,
    id::VideoId,
    limit::{DESCRIPTION_CHARS_MAX, PAGE_ITEMS_MAX},
    mutant::{Mutant, planted},
};

use super::{
    Answer, Step, Stop, check_text, refuse,
    uploads::{check_redundancy, check_tags, check_title},
};
use crate::meta::{
    response::Response,
    table::{
        aging::{self, Aging},
        assets::{AssetRecord, Assets},
        clock::ClusterTime,
        events::EventKind,
        uploads::Redundancy,
        videos::{self, Trashed, VideoRecord, Videos},
    },
};

/// What an edit changes.
pub(super) struct Edit<'a> {
    pub(super) title: &'a Option<String>,
    pub(super) description: &'a Option<String>,
    pub(super) tags_set: &'a BTreeMap<String, String>,
    pub(super) tags_unset: &'a BTreeSet<String>,
}

impl Step<'_, '_> {
    pub(super) fn video_edit(&mut self, id: VideoId, expected: Option<u64>, edit: &Edit<'_>) -> Answer {
        let before = self.known_video(id)?;
        if let Some(expected) = expected.filter(|expected| *expected != before.revision) {
            let what =
                format!("the video is at revision {}, not {expected}: it was changed meanwhile", before.revision);
            return refuse(Code::Conflict, what);
        }
        if before.trashed.is_some() {
            return refuse(Code::Conflict, "the video is in the trash");
        }
        let mut video = before.clone();
        video.title.clone_from(edit.title.as_ref().unwrap_or(&before.title));
        video.description.clone_from(edit.description.as_ref().unwrap_or(&before.description));
        video.tags.retain(|key, _| !edit.tags_unset.contains(key));
        video.tags.extend(edit.tags_set.clone());
        check_title(&video.title)?;
        check_text("description", &video.description, DESCRIPTION_CHARS_MAX)?;
        check_tags(&video.tags)?;
        if video == before {
            return Ok(unchanged(&before));
        }
        self.change(video, EventKind::VideoEdited { video: id })
    }

    pub(super) fn video_trash(&mut self, id: VideoId) -> Answer {
        let mut video = self.known_video(id)?;
        if video.trashed.is_some() {
            return Ok(unchanged(&video));
        }
        video.trashed = Some(Trashed { at: self.now, wall_ms: self.wall_ms });
        aging::enter(self.txn, Aging::Trash, self.now, id.0);
        self.change(video, EventKind::VideoTrashed { video: id })
    }

    pub(super) fn video_restore(&mut self, id: VideoId) -> Answer {
        let changed = self.restore(id)?;
        let video = self.known_video(id)?;
        Ok(Response::Video { video: id, revision: video.revision, changed })
    }

    /// Takes a video out of the trash. Answers whether it was there.
    pub(super) fn restore(&mut self, id: VideoId) -> Result<bool, Stop> {
        let mut video = self.known_video(id)?;
        let Some(trashed) = video.trashed.take() else { return Ok(false) };
        aging::leave(self.txn, Aging::Trash, trashed.at, id.0);
        self.change(video, EventKind::VideoRestored { video: id })?;
        Ok(true)
    }

    pub(super) fn video_purge(&mut self, id: VideoId) -> Answer {
        let video = self.known_video(id)?;
        if let Some(trashed) = video.trashed {
            aging::leave(self.txn, Aging::Trash, trashed.at, id.0);
        }
        self.purge(video)?;
        Ok(Response::Done)
    }

    /// Removes a video for good, and its asset with the last of its videos.
    pub(super) fn purge(&mut self, video: VideoRecord) -> Result<(), Stop> {
        videos::remove(self.txn, video.id)?;
        self.event(EventKind::VideoPurged { video: video.id, title: video.title })?;
        let is_last = self.view().videos_of(video.asset, 1)?.is_empty();
        if (is_last || planted(Mutant::SharedAssetPurged))
            && let Some(asset) = self.view().asset(video.asset)?
        {
            self.kill(asset, "its video was removed")?;
        }
        Ok(())
    }

    /// The content's, not only this video's: whatever shows it is kept alike.
    pub(super) fn redundancy_set(&mut self, id: VideoId, redundancy: Redundancy) -> Answer {
        check_redundancy(redundancy)?;
        let video = self.known_video(id)?;
        if video.trashed.is_some() {
            return refuse(Code::Conflict, "the video is in the trash");
        }
        if let Some(asset) = self.view().asset(video.asset)? {
            let (before, left_alone_until) = (asset.redundancy, ClusterTime::default());
            self.txn.put::<Assets>(&video.asset, &AssetRecord { redundancy, left_alone_until, ..asset });
            if before != redundancy {
                self.event(EventKind::RedundancyChanged { video: id, redundancy })?;
            }
        }
        Ok(Response::Done)
    }

    pub(super) fn views(&mut self, counts: &BTreeMap<VideoId, u64>) -> Answer {
        let many = usize::try_from(PAGE_ITEMS_MAX).unwrap_or(usize::MAX);
        if counts.len() > many {
            return refuse(Code::Invalid, format!("views of more than {many} videos"));
        }
        for (id, count) in counts {
            if let Some(mut video) = self.view().video(*id)? {
                video.views = video.views.saturating_add(*count);
                self.txn.put::<Videos>(id, &video);
            }
        }
        Ok(Response::Done)
    }

    fn known_video(&self, id: VideoId) -> Result<VideoRecord, Stop> {
        match self.view().video(id)? {
            Some(video) => Ok(video),
            None => refuse(Code::NotFound, format!("no video {id}")),
        }
    }

    fn change(&mut self, mut video: VideoRecord, kind: EventKind) -> Answer {
        video.revision += 1;
        videos::put(self.txn, &video)?;
        self.event(kind)?;
        Ok(Response::Video { video: video.id, revision: video.revision, changed: true })
    }
}

fn unchanged(video: &VideoRecord) -> Response {
    Response::Video { video: video.id, revision: video.revision, changed: false }
}
