//! Upload sessions: begin, lease, and every end but the good one.

use std::collections::BTreeMap;

use vs_core::{
    error::Code,
    hash::Hash,
    id::{AssetId, Ballot, NodeId, UploadId, Version},
    limit::{DESCRIPTION_CHARS_MAX, SLOT_NODES_MAX, TAG_CHARS_MAX, TAGS_MAX, TITLE_CHARS_MAX},
};

use super::{
    Answer, Step, Stop, check_text, refuse,
    same::{conflict, ended},
};
use crate::meta::{
    command::UploadBegin,
    response::Response,
    table::{
        aging::{self, Aging},
        assets::{AssetRecord, AssetState, AssetStatus, Assets},
        clock::ClusterTime,
        counters::{self, Counter},
        events::EventKind,
        layouts,
        settings::SettingName,
        uploads::{
            End, FILE_NAME_CHARS_MAX, OnDuplicate, REASON_CHARS_MAX, RENDITION_CHARS_MAX, RENDITIONS_MAX, Redundancy,
            TrackOptions, UploadPhase, UploadRecord, Uploads,
        },
    },
};

/// The first version of every asset, and the first ballot of every upload.
const FIRST_VERSION: Version = Version(1);
const FIRST_BALLOT: Ballot = Ballot(1);

impl Step<'_, '_> {
    pub(super) fn upload_begin(&mut self, begin: &UploadBegin) -> Answer {
        if let Some(known) = self.view().upload(begin.upload)? {
            return match &known.phase {
                UploadPhase::Ended(end) => Ok(ended(&known, end)),
                _ => self.opened(&known),
            };
        }
        check_begin(begin)?;
        let mut upload = self.new_upload(begin)?;
        if let Some(offered) = &begin.offered_sha256
            && let Some(twin) = self.twin(offered, &upload.options)?
        {
            if upload.on_duplicate == OnDuplicate::Error {
                return Err(Stop::Refused(conflict(twin.video)));
            }
            return self.end_as_duplicate(upload, twin);
        }
        if self.view().video(begin.video)?.is_some() {
            return refuse(Code::Conflict, format!("video {} exists", begin.video));
        }
        upload.asset = AssetId(counters::take(self.txn, Counter::Asset)?);
        self.open_asset(&upload)?;
        self.txn.put::<Uploads>(&upload.id, &upload);
        aging::enter(self.txn, Aging::Upload, self.now, upload.id.0);
        self.event(EventKind::UploadBegun { upload: upload.id, asset: upload.asset })?;
        self.opened(&upload)
    }

    /// The record of a new upload, which has no asset yet.
    fn new_upload(&self, begin: &UploadBegin) -> Result<UploadRecord, Stop> {
        let Some(since) = self.view().epoch()? else { return refuse(Code::Conflict, "there is no layout") };
        self.registered(begin.node)?;
        let mut options = begin.options.clone();
        options.renditions.sort();
        options.renditions.dedup();
        Ok(UploadRecord {
            id: begin.upload,
            video: begin.video,
            asset: AssetId::default(),
            version: FIRST_VERSION,
            since,
            node: begin.node,
            ballot: FIRST_BALLOT,
            lease_until: self.now.plus_ms(self.view().setting(SettingName::UploadLease)?),
            touched: self.now,
            begun_ms: self.wall_ms,
            file_name: begin.file_name.clone(),
            title: begin.title.clone(),
            description: begin.description.clone(),
            tags: begin.tags.clone(),
            size: begin.size,
            options,
            redundancy: begin.redundancy,
            on_duplicate: begin.on_duplicate,
            phase: UploadPhase::Receiving,
        })
    }

    fn open_asset(&mut self, upload: &UploadRecord) -> Result<(), Stop> {
        let room = self.view().layout(upload.since)?.map_or(0, |layout| layout.room());
        let asset = AssetRecord {
            id: upload.asset,
            state: AssetState::Open,
            status: AssetStatus::Uploading,
            damaged: false,
            version: upload.version,
            version_last: upload.version,
            pending: None,
            since: upload.since,
            scheme: upload.redundancy.first_scheme(room),
            redundancy: upload.redundancy,
            options: upload.options.clone(),
            upload: upload.id,
            ballot: upload.ballot,
            begun_at: self.now,
            sha256: None,
            bytes: 0,
            source: None,
            tracks: Vec::new(),
            stand_ins: 0,
            owed: 0,
            owed_bytes: 0,
            left_alone_until: ClusterTime::default(),
        };
        layouts::count_use(self.txn, upload.since)?;
        self.txn.put::<Assets>(&asset.id, &asset);
        Ok(())
    }

    fn opened(&self, upload: &UploadRecord) -> Answer {
        let (_, asset) = self.open_upload(upload.id)?;
        Ok(Response::Opened {
            upload: upload.id,
            video: upload.video,
            asset: upload.asset,
            version: upload.version,
            since: upload.since,
            scheme: asset.scheme,
            node: upload.node,
            ballot: upload.ballot,
            lease_ms: self.view().setting(SettingName::UploadLease)?,
        })
    }

    pub(super) fn upload_received(&mut self, id: UploadId, ballot: Ballot, sha256: Hash, bytes: u64) -> Answer {
        if let Some(answer) = self.answered_before(id, ballot)? {
            return Ok(answer);
        }
        let (mut upload, _) = self.writable(id, ballot)?;
        if upload.phase == (UploadPhase::Received { sha256, bytes }) {
            return Ok(Response::Done);
        }
        if upload.phase != UploadPhase::Receiving {
            return refuse(Code::Conflict, "the upload's bytes were received before, and were others");
        }
        if let Some(size) = upload.size.filter(|size| *size != bytes) {
            return refuse(Code::Invalid, format!("{size} bytes were announced and {bytes} received"));
        }
        if let Some(twin) = self.twin(&sha256, &upload.options)? {
            return self.end_as_duplicate(upload, twin);
        }
        upload.phase = UploadPhase::Received { sha256, bytes };
        upload.touched = self.now;
        self.txn.put::<Uploads>(&id, &upload);
        Ok(Response::Done)
    }

    pub(super) fn upload_take(&mut self, id: UploadId, node: NodeId) -> Answer {
        let (mut upload, mut asset) = self.open_upload(id)?;
        self.registered(node)?;
        if node != upload.node {
            if !matches!(upload.phase, UploadPhase::Stored { .. }) {
                return refuse(Code::Conflict, format!("the upload's bytes are on {}", upload.node));
            }
            if upload.lease_until > self.now {
                return refuse(Code::Busy, format!("{} is at work on the upload", upload.node));
            }
        }
        asset.ballot = asset.ballot.next();
        upload.ballot = asset.ballot;
        upload.node = node;
        upload.lease_until = self.now.plus_ms(self.view().setting(SettingName::UploadLease)?);
        upload.touched = self.now;
        self.txn.put::<Assets>(&asset.id, &asset);
        self.txn.put::<Uploads>(&id, &upload);
        self.event(EventKind::UploadTaken { upload: id, node })?;
        self.opened(&upload)
    }

    pub(super) fn lease_renew(&mut self, id: UploadId, ballot: Ballot) -> Answer {
        let (mut upload, _) = self.writable(id, ballot)?;
        upload.lease_until = self.now.plus_ms(self.view().setting(SettingName::UploadLease)?);
        upload.touched = self.now;
        self.txn.put::<Uploads>(&id, &upload);
        Ok(Response::Done)
    }

    pub(super) fn upload_fail(&mut self, id: UploadId, ballot: Ballot, code: &str, reason: &str) -> Answer {
        if code.parse::<Code>().is_err() {
            return refuse(Code::Invalid, "the failure has no code of ours");
        }
        check_text("reason", reason, REASON_CHARS_MAX)?;
        let end = End::Failed { code: code.to_owned(), reason: reason.to_owned() };
        if self.view().upload(id)?.is_some_and(|upload| upload.phase == UploadPhase::Ended(end.clone())) {
            return Ok(Response::Done);
        }
        let (upload, asset) = self.writable(id, ballot)?;
        self.drop_upload(upload, asset, end)
    }

    pub(super) fn upload_abort(&mut self, id: UploadId) -> Answer {
        if self.view().upload(id)?.is_some_and(|upload| upload.phase == UploadPhase::Ended(End::Aborted)) {
            return Ok(Response::Done);
        }
        let (upload, asset) = self.open_upload(id)?;
        self.drop_upload(upload, asset, End::Aborted)
    }

    /// Ends an upload of which nothing is to be kept.
    pub(super) fn drop_upload(&mut self, upload: UploadRecord, asset: AssetRecord, end: End) -> Answer {
        if asset.state != AssetState::Open {
            let hint = format!("its original is stored as video {}", upload.video);
            return refuse(Code::Conflict, format!("the upload cannot be undone: {hint}"));
        }
        self.end_upload(upload, end)?;
        self.kill(asset, "its upload ended")?;
        Ok(Response::Done)
    }

    /// An upload that is not over, and its asset.
    pub(super) fn open_upload(&self, id: UploadId) -> Result<(UploadRecord, AssetRecord), Stop> {
        let Some(upload) = self.view().upload(id)? else {
            return refuse(Code::NotFound, format!("no upload {id}"));
        };
        if let UploadPhase::Ended(_) = upload.phase {
            return refuse(Code::Conflict, "the upload is over");
        }
        match self.view().asset(upload.asset)? {
            Some(asset) if asset.state != AssetState::Dead => Ok((upload, asset)),
            _ => refuse(Code::Conflict, "the upload's asset is dead"),
        }
    }

    /// The same for its writer: whoever holds the highest ballot, and nobody else.
    pub(super) fn writable(&self, id: UploadId, ballot: Ballot) -> Result<(UploadRecord, AssetRecord), Stop> {
        let (upload, asset) = self.open_upload(id)?;
        check_ballot(&asset, ballot)?;
        Ok((upload, asset))
    }

    /// What the writer that ended the upload was told, if that is who asks again.
    pub(super) fn answered_before(&self, id: UploadId, ballot: Ballot) -> Result<Option<Response>, Stop> {
        let upload = self.view().upload(id)?.filter(|upload| upload.ballot == ballot);
        Ok(upload.and_then(|upload| match &upload.phase {
            UploadPhase::Ended(end) => Some(ended(&upload, end)),
            _ => None,
        }))
    }
}

pub(super) fn check_ballot(asset: &AssetRecord, ballot: Ballot) -> Result<(), Stop> {
    match ballot.cmp(&asset.ballot) {
        std::cmp::Ordering::Less => refuse(Code::Fenced, format!("another writer took over with {}", asset.ballot)),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => refuse(Code::Invalid, format!("{ballot} was never granted")),
    }
}

fn check_begin(begin: &UploadBegin) -> Result<(), Stop> {
    check_text("file name", &begin.file_name, FILE_NAME_CHARS_MAX)?;
    check_title(&begin.title)?;
    check_text("description", &begin.description, DESCRIPTION_CHARS_MAX)?;
    check_tags(&begin.tags)?;
    check_options(&begin.options)?;
    check_redundancy(begin.redundancy)
}

pub(super) fn check_redundancy(redundancy: Redundancy) -> Result<(), Stop> {
    match redundancy {
        Redundancy::Replicate(n) if n == 0 || usize::from(n) > SLOT_NODES_MAX => {
            refuse(Code::Invalid, format!("replicate({n}): 1 to {SLOT_NODES_MAX} copies can be kept"))
        }
        _ => Ok(()),
    }
}

fn check_options(options: &TrackOptions) -> Result<(), Stop> {
    if options.renditions.len() > RENDITIONS_MAX {
        return refuse(Code::Invalid, format!("more than {RENDITIONS_MAX} renditions"));
    }
    options.renditions.iter().try_for_each(|name| check_text("name of a rendition", name, RENDITION_CHARS_MAX))
}

pub(super) fn check_title(title: &str) -> Result<(), Stop> {
    if title.trim().is_empty() {
        return refuse(Code::Invalid, "the title is empty");
    }
    check_text("title", title, TITLE_CHARS_MAX)
}

pub(super) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), Stop> {
    if tags.len() > TAGS_MAX {
        return refuse(Code::Invalid, format!("more than {TAGS_MAX} tags"));
    }
    for (key, value) in tags {
        if key.is_empty() {
            return refuse(Code::Invalid, "a tag without a name");
        }
        check_text("name of a tag", key, TAG_CHARS_MAX)?;
        check_text("value of a tag", value, TAG_CHARS_MAX)?;
    }
    Ok(())
}
