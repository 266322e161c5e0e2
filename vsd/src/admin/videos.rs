//! The `Meta` service: videos and their manifests.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use tonic::{Request, Response, Status};
use vs_core::{
    error::{Code, Failure},
    id::{AssetId, Ballot, Version, VideoId},
    limit::PAGE_ITEMS_MAX,
    manifest::TrackKind,
};
use vs_wire::{
    scheme_to_wire, track_info,
    v1::{self, VideoStatus, meta_server::Meta as MetaService},
};
use vsd_core::meta::{
    AssetRecord, AssetStatus, ClientId, Command, Resolved, SettingName, SourceInfo, VideoRecord, View,
};

use super::{Services, answered, check_limit, duration_ms, internal, proposer, redundancy::Terms, status};
use crate::{
    meta::{Proposer, StateRead},
    upload::wall_of,
};

/// Longest page, in bytes: descriptions may be long, and a message may not.
const PAGE_BYTES_MAX: usize = 4 << 20;

impl Services {
    async fn list(&self, request: v1::ListVideosRequest) -> Result<v1::ListVideosResponse, Failure> {
        let limit = check_limit(request.limit)?;
        let wanted: BTreeSet<_> = request.statuses().collect();
        let (state, age_ms) = self.state(request.consistency()).await?;
        let view = state.view();
        let mut after = match request.page_token.as_str() {
            "" => None,
            token => {
                Some(token.parse::<VideoId>().map_err(|_| Failure::new(Code::Invalid, "not a page token of ours"))?)
            }
        };
        let terms = self.terms(&view)?;
        let mut answer = v1::ListVideosResponse { age_ms, ..v1::ListVideosResponse::default() };
        let mut bytes = 0;
        loop {
            let page = view.videos(after, PAGE_ITEMS_MAX).map_err(internal)?;
            let Some(last) = page.last() else { return Ok(answer) };
            after = Some(last.id);
            for record in &page {
                let (video, _) = self.describe(&view, record, &terms)?;
                let status = video.status();
                if if wanted.is_empty() { status == VideoStatus::Trashed } else { !wanted.contains(&status) } {
                    continue;
                }
                bytes += video.encoded_len();
                if answer.items.len() == limit || (bytes > PAGE_BYTES_MAX && !answer.items.is_empty()) {
                    answer.next_page_token = answer.items.last().map(|video| video.id.clone()).unwrap_or_default();
                    return Ok(answer);
                }
                answer.items.push(video);
            }
        }
    }

    async fn detail(&self, request: v1::GetVideoRequest) -> Result<v1::VideoDetail, Failure> {
        let (state, age_ms) = self.state(request.consistency()).await?;
        let view = state.view();
        let record = find(&view, &request.video)?;
        let (video, asset) = self.describe(&view, &record, &self.terms(&view)?)?;
        let mut detail = v1::VideoDetail {
            source: asset.source.as_ref().map(|source| source_to_wire(source, asset.bytes)),
            tracks: asset.tracks.iter().map(track_info).collect(),
            redundancy: None,
            sha256: asset.sha256.map(|hash| hash.0.to_vec()).unwrap_or_default(),
            video: Some(video),
            age_ms,
        };
        if request.measure {
            detail.redundancy = Some(self.measured(state, asset).await?);
        }
        Ok(detail)
    }

    /// A video as lists show it, and its asset.
    pub(super) fn describe(
        &self,
        view: &View<'_>,
        record: &VideoRecord,
        terms: &Terms,
    ) -> Result<(v1::Video, AssetRecord), Failure> {
        let asset = asset_of(view, record)?;
        let (mut status, note) = match &asset.status {
            AssetStatus::Uploading => (VideoStatus::Uploading, String::new()),
            AssetStatus::Processing => (VideoStatus::Processing, String::new()),
            AssetStatus::Ready => (VideoStatus::Ready, Self::deferred(view, &asset, terms)?),
            AssetStatus::Failed { reason } => (VideoStatus::Failed, reason.clone()),
        };
        let mut purge_at_ms = 0;
        if let Some(trashed) = &record.trashed {
            status = VideoStatus::Trashed;
            let keep = view.setting(SettingName::TrashKeep).map_err(internal)?;
            purge_at_ms = wall_of(view, trashed.at.plus_ms(keep))?;
        }
        let room = self.meta.layouts().room(view, asset.since).map_err(internal)?;
        let tracks = asset.tracks.iter().filter(|track| track.kind != TrackKind::Original).count();
        let video = v1::Video {
            id: record.id.to_string(),
            title: record.title.clone(),
            status: status.into(),
            duration_ms: duration_ms(&asset),
            views: record.views,
            scheme: Some(scheme_to_wire(asset.scheme)),
            logical_bytes: asset.track_bytes(),
            physical_bytes: asset.physical_bytes(room),
            created_at_ms: record.created_ms,
            tracks: u32::try_from(tracks).unwrap_or(u32::MAX),
            asset: asset.id.0,
            purge_at_ms,
            note,
            description: record.description.clone(),
            tags: record.tags.iter().map(|(key, value)| v1::Tag { key: key.clone(), value: value.clone() }).collect(),
            file_name: record.file_name.clone(),
            revision: record.revision,
        };
        Ok((video, asset))
    }

    async fn edit(&self, proposer: Proposer, request: v1::EditVideoRequest) -> Result<v1::Video, Failure> {
        let edit = |video| Command::VideoEdit {
            video,
            expected: Some(request.if_revision).filter(|revision| *revision > 0),
            title: request.title,
            description: request.description,
            tags_set: request.set_tags.into_iter().map(|tag| (tag.key, tag.value)).collect::<BTreeMap<_, _>>(),
            tags_unset: request.unset_tags.into_iter().collect(),
        };
        self.change(proposer, &request.video, edit, request.dry_run).await
    }

    /// Proposes a change of one video and answers with the video after it, or before it when it is gone.
    async fn change(
        &self,
        proposer: Proposer,
        text: &str,
        command: impl FnOnce(VideoId) -> Command,
        dry_run: bool,
    ) -> Result<v1::Video, Failure> {
        let (state, _) = self.state(v1::Consistency::Linearizable).await?;
        let (response, before) = match answered(&state.view(), proposer)? {
            Some(response) => (response, None),
            None => {
                let record = find(&state.view(), text)?;
                let before = self.describe(&state.view(), &record, &self.terms(&state.view())?)?.0;
                if dry_run {
                    return Ok(before);
                }
                (self.meta.propose_for(proposer, command(record.id)).await?, Some(before))
            }
        };
        let (video, revision) = match (response.accepted()?, before) {
            (vsd_core::meta::Response::Video { video, revision, .. }, _) => (video, revision),
            // it is gone
            (_, before) => return Ok(before.unwrap_or_default()),
        };
        let (state, _) = self.state(v1::Consistency::Linearizable).await?;
        let view = state.view();
        match view.video(video).map_err(internal)? {
            // others may have changed it since
            Some(record) => Ok(v1::Video { revision, ..self.describe(&view, &record, &self.terms(&view)?)?.0 }),
            None => Ok(v1::Video { id: video.to_string(), revision, ..v1::Video::default() }),
        }
    }

    async fn change_by_ref(
        &self,
        request: Request<v1::VideoRef>,
        command: impl FnOnce(VideoId) -> Command,
    ) -> Result<Response<v1::Video>, Status> {
        let proposer = proposer(&request)?;
        let request = request.into_inner();
        let changed = self.change(proposer, &request.video, command, request.dry_run);
        changed.await.map(Response::new).map_err(status)
    }

    async fn manifest(&self, request: v1::GetManifestRequest) -> Result<v1::Manifest, Failure> {
        let (state, age_ms) = self.state(request.consistency()).await?;
        let view = state.view();
        let record = find(&view, &request.video)?;
        let (video, asset) = self.describe(&view, &record, &self.terms(&view)?)?;
        let layouts = self.meta.layouts().from(&view, asset.since).map_err(internal)?;
        Ok(v1::Manifest {
            asset: asset.id.0,
            version: asset.version.0,
            scheme: Some(scheme_to_wire(asset.scheme)),
            since: asset.since.0,
            tracks: asset.tracks.iter().map(v1::ManifestTrack::from).collect(),
            layouts: layouts.iter().map(|layout| v1::Layout::from(&**layout)).collect(),
            nodes: self.nodes(&view)?,
            video: Some(video),
            age_ms,
        })
    }

    async fn part(&self, request: &v1::GetPartRequest) -> Result<Vec<u8>, Failure> {
        // Parts are immutable and the caller checks their hash, so any state that has one will do.
        let part = Self::part_in(&self.meta.stale().state, request)?;
        let part = match part {
            Some(part) => Some(part),
            None => Self::part_in(&self.meta.read().await?, request)?,
        };
        part.ok_or_else(|| Failure::new(Code::NotFound, format!("no part {} of track {}", request.no, request.track)))
    }

    fn part_in(state: &StateRead, request: &v1::GetPartRequest) -> Result<Option<Vec<u8>>, Failure> {
        let (asset, version, ballot) = (AssetId(request.asset), Version(request.version), Ballot(request.ballot));
        state.view().part(asset, version, ballot, &request.track, request.no).map_err(internal)
    }

    async fn open_session(&self, request: v1::OpenClientRequest) -> Result<v1::OpenClientResponse, Failure> {
        let client = client_id(&request.client)?;
        match self.meta.propose(Command::ClientOpen { client }).await?.accepted()? {
            vsd_core::meta::Response::Client { seq } => Ok(v1::OpenClientResponse { seq }),
            other => Err(Failure::new(Code::Internal, format!("an unexpected answer: {other:?}"))),
        }
    }

    async fn close_session(&self, request: v1::CloseClientRequest) -> Result<v1::CloseClientResponse, Failure> {
        let client = client_id(&request.client)?;
        self.meta.propose(Command::ClientClose { client }).await?.accepted()?;
        Ok(v1::CloseClientResponse {})
    }
}

fn client_id(text: &str) -> Result<ClientId, Failure> {
    text.parse().map(ClientId).map_err(|_| Failure::new(Code::Invalid, format!("`{text}` is not a UUID")))
}

pub(super) fn asset_of(view: &View<'_>, record: &VideoRecord) -> Result<AssetRecord, Failure> {
    let asset = view.asset(record.asset).map_err(internal)?;
    asset.ok_or_else(|| Failure::new(Code::Internal, format!("video {} has no asset", record.id)))
}

/// The video that a person means.
pub(super) fn find(view: &View<'_>, text: &str) -> Result<VideoRecord, Failure> {
    match view.resolve(text).map_err(internal)? {
        Resolved::One(record) => Ok(*record),
        Resolved::None => Err(Failure::new(Code::NotFound, format!("no video `{text}`")).hint("vsctl ls")),
        Resolved::Ambiguous(candidates) => {
            let failure = Failure::new(Code::Ambiguous, format!("`{text}` names more than one video"))
                .hint("give more characters of the id");
            Err(candidates
                .iter()
                .fold(failure, |failure, video| failure.because(format!("{}  {}", video.id, video.title))))
        }
    }
}

fn source_to_wire(source: &SourceInfo, bytes: u64) -> v1::Source {
    let stream = |stream: &vsd_core::meta::SourceStream| v1::SourceStream {
        kind: stream.kind.clone(),
        codec: stream.codec.clone(),
        language: stream.language.clone().unwrap_or_default(),
        width: stream.width,
        height: stream.height,
        fps_milli: stream.fps_milli,
        sample_rate: stream.sample_rate,
        channels: stream.channels,
        note: stream.note.clone().unwrap_or_default(),
    };
    v1::Source {
        container: source.container.clone(),
        duration_ms: source.duration_us / 1000,
        bytes,
        streams: source.streams.iter().map(stream).collect(),
    }
}

#[tonic::async_trait]
impl MetaService for Services {
    async fn list_videos(
        &self,
        request: Request<v1::ListVideosRequest>,
    ) -> Result<Response<v1::ListVideosResponse>, Status> {
        self.list(request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn get_video(&self, request: Request<v1::GetVideoRequest>) -> Result<Response<v1::VideoDetail>, Status> {
        self.detail(request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn edit_video(&self, request: Request<v1::EditVideoRequest>) -> Result<Response<v1::Video>, Status> {
        let proposer = proposer(&request)?;
        self.edit(proposer, request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn trash_video(&self, request: Request<v1::VideoRef>) -> Result<Response<v1::Video>, Status> {
        self.change_by_ref(request, |video| Command::VideoTrash { video }).await
    }

    async fn restore_video(&self, request: Request<v1::VideoRef>) -> Result<Response<v1::Video>, Status> {
        self.change_by_ref(request, |video| Command::VideoRestore { video }).await
    }

    async fn purge_video(&self, request: Request<v1::VideoRef>) -> Result<Response<v1::Video>, Status> {
        self.change_by_ref(request, |video| Command::VideoPurge { video }).await
    }

    async fn get_manifest(&self, request: Request<v1::GetManifestRequest>) -> Result<Response<v1::Manifest>, Status> {
        self.manifest(request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn get_part(&self, request: Request<v1::GetPartRequest>) -> Result<Response<v1::GetPartResponse>, Status> {
        let part = self.part(&request.into_inner()).await.map_err(status)?;
        Ok(Response::new(v1::GetPartResponse { part }))
    }

    async fn open_client(
        &self,
        request: Request<v1::OpenClientRequest>,
    ) -> Result<Response<v1::OpenClientResponse>, Status> {
        self.open_session(request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn close_client(
        &self,
        request: Request<v1::CloseClientRequest>,
    ) -> Result<Response<v1::CloseClientResponse>, Status> {
        self.close_session(request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn count_view(
        &self,
        request: Request<v1::CountViewRequest>,
    ) -> Result<Response<v1::CountViewResponse>, Status> {
        self.count_one_view(request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn set_redundancy(
        &self,
        request: Request<v1::SetRedundancyRequest>,
    ) -> Result<Response<v1::RedundancyInfo>, Status> {
        let proposer = proposer(&request)?;
        self.set_redundancy_of(proposer, request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn list_redundancy(
        &self,
        request: Request<v1::ListRedundancyRequest>,
    ) -> Result<Response<v1::ListRedundancyResponse>, Status> {
        self.redundancies(request.into_inner()).await.map(Response::new).map_err(status)
    }
}
