//! Uploads that are finished here, by the steps of the daemon's pipeline: take it over, store the original, cut the tracks,
//! commit. A film is made of its own first bytes, so that whoever has the original can cut the same tracks out of it.

use std::{pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{FutureExt, StreamExt, future::select, stream::FuturesUnordered};
use vs_core::{
    error::{Code, Failure},
    id::{AssetId, Ballot, NodeId, UploadId, Version},
    layout::{Layout, Scheme},
    limit::PAGE_ITEMS_MAX,
    manifest::{ORIGINAL, Part, Track},
    read::{Known, gather::gather},
};
use vsd_core::{
    background::{Shell, State, Unavailable},
    meta::{Command, Response, SettingName, UploadPhase, UploadRecord},
    upload::{
        once::Once,
        store::{self, patiently},
        tenure::{RENEWALS, Renewal, Role, renewal, role},
        track::{Gathered, Sealed, TrackBuilder, Written},
    },
};

use super::{Node, serve::unreadable};
use crate::{
    film::{self, Film},
    kernel::lock,
};

/// How often uploads are looked for that are this node's to finish.
const LOOK: Duration = Duration::from_secs(1);
/// Wait before an upload is tried again, doubling up to the longest.
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(60);
/// Between two looks while the state cannot be read.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Groups on their way at a time.
const GROUPS_MAX: usize = 3;

/// How an attempt ended that did not finish the upload.
#[derive(Debug)]
enum Broken {
    Over,
    Later(Failure),
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        match failure.code {
            Code::Fenced | Code::NotFound | Code::Conflict => Self::Over,
            _ => Self::Later(failure),
        }
    }
}

impl From<Unavailable> for Broken {
    fn from(Unavailable(failure): Unavailable) -> Self {
        Self::Later(failure)
    }
}

impl Node {
    pub(super) async fn keep_finishing_uploads(self: Arc<Self>) {
        loop {
            self.kernel().sleep(LOOK).await;
            self.sweep_spool();
            for record in self.due_uploads() {
                if lock(&self.finishing).insert(record.id) {
                    let node = Arc::clone(&self);
                    self.world.begin(self.process, async move { node.finish(record.id).await });
                }
            }
        }
    }

    /// Bytes of uploads that are over, as far as the node knows, are dropped.
    fn sweep_spool(&self) {
        let state = self.snapshot();
        let is_over =
            |upload: &UploadId| state.view().upload(*upload).is_ok_and(|record| record.is_some_and(|r| r.is_over()));
        self.machine.kept().spool.retain(|upload, _| !is_over(upload));
    }

    /// Uploads that are this node's to finish, as far as its own state says.
    fn due_uploads(&self) -> Vec<UploadRecord> {
        let state = self.snapshot();
        let view = state.view();
        let (Ok(uploads), Ok(now), Ok(lease_ms)) =
            (view.uploads(None, PAGE_ITEMS_MAX), view.cluster_time(), view.setting(SettingName::UploadLease))
        else {
            return Vec::new();
        };
        uploads.into_iter().filter(|record| role(record, self.id, now, lease_ms) != Role::Nobody).collect()
    }

    async fn finish(self: Arc<Self>, upload: UploadId) {
        let keeping = self.keep_lease(upload).fuse();
        let attempts = self.attempts(upload).fuse();
        // whichever ends first: the lease is lost, or the upload is over
        select(pin!(keeping), pin!(attempts)).await;
        lock(&self.finishing).remove(&upload);
    }

    /// Ends when the upload is another node's.
    async fn keep_lease(&self, upload: UploadId) {
        let mut was_held = false;
        loop {
            let mut pause = LOOK_AGAIN;
            if let Ok(state) = self.read().await {
                let record = state.view().upload(upload).ok().flatten();
                let lease_ms = state.view().setting(SettingName::UploadLease).unwrap_or(1_000);
                pause = Duration::from_millis(lease_ms) / RENEWALS;
                match renewal(record.as_ref(), self.id, was_held) {
                    Renewal::Renew(ballot) => {
                        was_held = true;
                        drop(self.propose(Command::LeaseRenew { upload, ballot }).await);
                    }
                    Renewal::Wait => {}
                    Renewal::LetGo => return,
                }
            }
            self.kernel().sleep(pause).await;
        }
    }

    async fn attempts(self: &Arc<Self>, upload: UploadId) {
        let mut wait = RETRY_MIN;
        loop {
            let ended = Box::pin(self.attempt(upload)).await;
            match &ended {
                Ok(()) => return,
                Err(Broken::Over) if self.is_over(upload).await => return,
                Err(broken) => self.say(|| format!("upload {} waits: {broken:?}", upload.short())),
            }
            self.kernel().sleep(wait).await;
            wait = (wait * 2).min(RETRY_MAX);
        }
    }

    /// Whether it has ended or is another node's; unknown counts as no.
    async fn is_over(&self, upload: UploadId) -> bool {
        let Ok(state) = self.read().await else { return false };
        let record = state.view().upload(upload);
        record.is_ok_and(|record| record.is_none_or(|record| record.is_over() || record.node != self.id))
    }

    async fn attempt(self: &Arc<Self>, upload: UploadId) -> Result<(), Broken> {
        {
            let state = self.read().await?;
            let view = state.view();
            let record = view.upload(upload).map_err(unreadable)?.ok_or(Broken::Over)?;
            let (now, lease_ms) = (view.cluster_time(), view.setting(SettingName::UploadLease));
            let role = role(&record, self.id, now.map_err(unreadable)?, lease_ms.map_err(unreadable)?);
            if role == Role::Nobody {
                return Err(Broken::Over);
            }
        }
        let take = Command::UploadTake { upload, node: self.id };
        let opened = self.propose(take).await?.accepted().map_err(Failure::from)?;
        let Response::Opened { ballot, asset, version, scheme, since, .. } = opened else { return Err(Broken::Over) };
        let state = self.read().await?;
        let view = state.view();
        let record = view.upload(upload).map_err(unreadable)?.ok_or(Broken::Over)?;
        let layout = view.layout(since).map_err(unreadable)?.ok_or(Broken::Over)?;
        drop(state);
        let attempt = Attempt { node: Arc::clone(self), record, ballot, asset, version, scheme, layout };
        match attempt.steps().await {
            Err(Broken::Later(failure)) if failure.code == Code::NoSpace => attempt.give_up(failure).await,
            ended => ended,
        }
    }
}

/// One attempt, under a ballot of its own.
struct Attempt {
    node: Arc<Node>,
    record: UploadRecord,
    ballot: Ballot,
    asset: AssetId,
    version: Version,
    scheme: Scheme,
    layout: Layout,
}

impl Attempt {
    async fn steps(&self) -> Result<(), Broken> {
        let is_stored = matches!(self.record.phase, UploadPhase::Stored { .. });
        let bytes = match self.node.spooled(self.record.id, &self.record.phase) {
            Some(bytes) => bytes,
            None if is_stored => self.fetch_original().await?,
            None => {
                let reason = "its bytes are gone from the spool".to_owned();
                let (upload, ballot) = (self.record.id, self.ballot);
                let code = Code::Integrity.name().to_owned();
                self.propose(Command::UploadFail { upload, ballot, code, reason }).await?;
                return Ok(());
            }
        };
        let Some(film) = Film::of(&bytes) else {
            return Err(Broken::Later(Failure::new(Code::Internal, "the spool holds no film")));
        };
        if !is_stored && self.record.options.keep_original {
            let segments = vec![film::Segment { start_us: 0, duration_us: 0, chunks: bytes }];
            let track = self.store(film::original_track(), segments, Duration::ZERO).await?;
            let (upload, ballot) = (self.record.id, self.ballot);
            let stored = Command::OriginalStored { upload, ballot, source: film.source(), track: Box::new(track) };
            match self.propose(stored).await? {
                Response::Listed { .. } => {}
                _ => return Err(Broken::Over),
            }
        }
        let mut tracks = Vec::new();
        for (track, segments) in film.tracks() {
            tracks.push(self.store(track, segments, film.cutting()).await?);
        }
        let commit = Command::Commit {
            upload: self.record.id,
            ballot: self.ballot,
            tracks,
            source: Some(film.source()),
            failure: None,
        };
        self.propose(commit).await?;
        Ok(())
    }

    /// There is no room: nothing is kept of an upload that was not stored yet, and the original of one that was.
    async fn give_up(&self, failure: Failure) -> Result<(), Broken> {
        let (upload, ballot, reason) = (self.record.id, self.ballot, failure.what);
        let code = failure.code.name().to_owned();
        match self.propose(Command::UploadFail { upload, ballot, code, reason: reason.clone() }).await {
            Err(Broken::Over) => {
                let commit =
                    Command::Commit { upload, ballot, tracks: Vec::new(), source: None, failure: Some(reason) };
                self.propose(commit).await.map(drop)
            }
            ended => ended.map(drop),
        }
    }

    async fn propose(&self, command: Command) -> Result<Response, Broken> {
        let response = self.node.propose(command).await?;
        response.accepted().map_err(|refused| Broken::from(Failure::from(refused)))
    }

    /// Writes a track as it is made: groups to the nodes, a few at a time, parts to the log.
    async fn store(&self, track: Track, segments: Vec<film::Segment>, cutting: Duration) -> Result<Track, Broken> {
        let name = track.name.clone();
        let mut builder = TrackBuilder::new(track, self.ballot, self.scheme);
        let once = &Once::default();
        let mut sealed = 0;
        let mut flying = FuturesUnordered::new();
        let mut segments = segments.into_iter();
        let mut ended = false;
        loop {
            while !ended && flying.len() <= GROUPS_MAX {
                let gathered: Vec<Gathered> = match segments.next() {
                    Some(segment) => {
                        self.node.kernel().sleep(cutting).await;
                        builder.segment(segment.start_us, segment.duration_us, segment.chunks)
                    }
                    None => {
                        ended = true;
                        builder.end().into_iter().collect()
                    }
                };
                for of in gathered {
                    let (no, part) = (of.no, of.part);
                    let (group, members) = of.encode(self.asset, &name, self.scheme);
                    flying.push(async move {
                        let write = async || {
                            let write = || store::store(&*self.node, self.asset, &group, &members, &self.layout);
                            patiently(&*self.node, write).await
                        };
                        let displaced = once.write(part, group.key, write).await?;
                        let mut data = group.members;
                        let parity = data.split_off(group.data);
                        Ok::<_, Failure>((no, Written { data, parity, displaced }))
                    });
                }
            }
            match flying.next().await {
                Some(written) => {
                    let (no, written) = written?;
                    for part in builder.written(no, written) {
                        self.put_part(part).await?;
                        sealed += 1;
                        once.close_before(sealed);
                    }
                }
                None if ended => break,
                None => {}
            }
        }
        drop(flying);
        let (track, last) = builder.finish();
        if let Some(part) = last {
            self.put_part(part).await?;
        }
        Ok(track)
    }

    async fn put_part(&self, part: Sealed) -> Result<(), Broken> {
        let put = Command::PartPut { asset: self.asset, version: self.version, ballot: self.ballot, part: part.bytes };
        let step = || async {
            let answer = self.node.propose(put.clone()).await.map_err(Failure::from)?;
            answer.accepted().map(drop).map_err(Failure::from)
        };
        Ok(patiently(&*self.node, step).await?)
    }

    /// The film out of its stored original.
    async fn fetch_original(&self) -> Result<Vec<Bytes>, Broken> {
        let state = self.node.read().await?;
        let view = state.view();
        let Some(head) = view.head(self.asset).map_err(unreadable)? else { return Err(Broken::Over) };
        let layouts = self.node.layouts.from(&view, head.since).map_err(unreadable)?;
        let layouts: Vec<Layout> = layouts.iter().map(|layout| (**layout).clone()).collect();
        let nodes: Vec<NodeId> =
            view.nodes(None, PAGE_ITEMS_MAX).map_err(unreadable)?.iter().map(|node| node.id).collect();
        let Some(original) = head.tracks.iter().find(|track| track.name == ORIGINAL) else { return Err(Broken::Over) };
        let mut bytes = Vec::new();
        for (no, _) in (0..).zip(&original.parts) {
            let part = view.part(self.asset, head.version, original.ballot, ORIGINAL, no).map_err(unreadable)?;
            let Some(part) = part.and_then(|part| Part::decode(&part).ok()) else { return Err(Broken::Over) };
            let known = Known { layouts: &layouts, nodes: &nodes, away: &[], displaced: &part.displaced };
            for chunk in part.segments.iter().flat_map(|segment| &segment.chunks) {
                let (group, member) = part.group_of(self.asset, head.scheme, chunk);
                let got = gather(&*self.node, self.asset, &group, &[member], &known).await;
                bytes.extend(got.members?);
            }
        }
        Ok(bytes)
    }
}
