//! What a node is asked by others, and what it answers.

use std::{sync::Arc, time::Duration};

use vs_core::{
    error::{Code, Failure},
    hash::{ChunkHash, Hasher},
    id::{AssetId, Ballot, NodeId, UploadId, Version, VideoId},
    limit::PAGE_ITEMS_MAX,
};
use vsd_core::{
    background::{Shell, State, Unavailable},
    meta::{ClientId, Command, Entry, Response, TableError, UploadBegin, UploadPhase},
    plan::repair::Held,
    superblock::Key,
};

use super::{Leads, Node};
use crate::{
    invariant::{dsk1, int1},
    message::{FilmInfo, NotProposed, Refused, Reply, Request},
    reader::Consistency,
    replica::Snapshot,
};

/// How long a leader waits for its own log.
const LOG_TIMEOUT: Duration = Duration::from_secs(10);

impl Node {
    pub(crate) async fn serve(self: &Arc<Self>, request: Request) -> Reply {
        match request {
            Request::Beat { term, commit, picture } => self.hear_leader(term, commit, picture),
            Request::Propose { client, command } => Reply::Proposed(self.propose_here(client, command).await),
            Request::ReadIndex => Reply::Index(self.own_index()),
            Request::Put { to, .. } | Request::Get { to, .. } | Request::Check { to, .. } if to != self.id => {
                Reply::Misdirected
            }
            Request::Put { asset, chunk, bytes, index, .. } => {
                let Some(store) = self.store() else { return Reply::Put(Err(Refused::Failed)) };
                store.hear(asset, index);
                let stored = store.put(asset, chunk, bytes).await;
                self.say(|| format!("takes {asset} {} known to {index}: {stored:?}", chunk.short()));
                if stored.is_ok() {
                    let key = Key { hash: chunk, asset };
                    self.world.oracle.counted_on(self.id, key, index);
                    dsk1::taken(&self.world, &self.machine, &key);
                }
                Reply::Put(stored.map(drop))
            }
            Request::Get { asset, chunk, .. } => match self.store() {
                Some(store) => {
                    let got = store.get(asset, chunk).await;
                    got.iter().for_each(|bytes| int1::served(&self.world, self.machine.at, chunk, bytes));
                    Reply::Got(got)
                }
                None => Reply::Got(Err(Refused::Failed)),
            },
            Request::Check { asset, chunks, index, deep, .. } => self.check(asset, &chunks, index, deep).await,
            Request::Ping => Reply::Pong,
            Request::Begin(begin) => self.begin_upload(*begin).await,
            Request::Append { upload, chunks } => {
                self.machine.kept().spool.insert(upload, chunks);
                Reply::Appended(Ok(()))
            }
            Request::Finish { upload } => self.finish_upload(upload).await,
            Request::Upload { upload } => Reply::Upload(self.upload(upload).await),
            Request::Order { client, command } => Reply::Ordered(self.order(client, command).await),
            Request::Film { video, consistency } => Reply::Film(self.film(video, consistency).await),
            Request::Part { asset, version, ballot, track, no } => {
                Reply::Part(self.part(asset, version, ballot, &track, no).await)
            }
        }
    }

    async fn check(&self, asset: AssetId, chunks: &[ChunkHash], index: u64, deep: bool) -> Reply {
        let Some(store) = self.store() else { return Reply::Held(Vec::new()) };
        let held = store.check(asset, chunks, index, deep).await;
        let said = chunks.iter().copied().zip(held.iter().copied());
        for (hash, _) in said.filter(|(_, held)| *held == Held::Stored) {
            self.world.oracle.counted_on(self.id, Key { hash, asset }, index);
        }
        Reply::Held(held)
    }

    /// Proposes as the leader, for this node or for another one.
    pub(super) async fn propose_here(
        &self,
        client: Option<(ClientId, u64)>,
        command: Command,
    ) -> Result<Response, NotProposed> {
        let Leads::Me(term) = self.leads() else { return Err(NotProposed::NotLeader) };
        let entry = Entry { wall_ms: self.wall_ms(), client, command };
        let written = self.world.submit(self.id, term.term, entry);
        match self.kernel().timeout(LOG_TIMEOUT, written).await {
            Some(Ok(answer)) => answer,
            Some(Err(_)) | None => Err(NotProposed::Unknown),
        }
    }

    /// The index up to which everything is committed that was acknowledged before, if this node still leads.
    pub(super) fn own_index(&self) -> Option<u64> {
        let Leads::Me(term) = self.leads() else { return None };
        self.world.confirms(self.id, term.term).then(|| self.world.log.committed())
    }

    async fn begin_upload(&self, begin: UploadBegin) -> Reply {
        Reply::Ordered(self.propose(Command::UploadBegin(Box::new(begin))).await)
    }

    /// All bytes have come: from here on the cluster knows what they are.
    async fn finish_upload(&self, upload: UploadId) -> Reply {
        let (sha256, bytes) = {
            let kept = self.machine.kept();
            let Some(spool) = kept.spool.get(&upload) else {
                return Reply::Ordered(Err(Unavailable(Failure::new(Code::NotFound, "nothing of it is here"))));
            };
            let mut hasher = Hasher::default();
            spool.iter().for_each(|chunk| hasher.update(chunk));
            (hasher.finish(), spool.iter().map(|chunk| chunk.len() as u64).sum())
        };
        let state = match self.read().await {
            Ok(state) => state,
            Err(error) => return Reply::Ordered(Err(error)),
        };
        let Ok(Some(record)) = state.view().upload(upload) else {
            return Reply::Ordered(Err(Unavailable(Failure::new(Code::NotFound, "no such upload"))));
        };
        drop(state);
        let received = Command::UploadReceived { upload, ballot: record.ballot, sha256, bytes };
        Reply::Ordered(self.propose(received).await)
    }

    async fn upload(&self, upload: UploadId) -> Result<Option<Box<vsd_core::meta::UploadRecord>>, Unavailable> {
        let state = self.read().await?;
        Ok(state.view().upload(upload)?.map(Box::new))
    }

    async fn order(&self, client: Option<(ClientId, u64)>, command: Command) -> Result<Response, Unavailable> {
        self.propose_for(client, command).await
    }

    async fn film(&self, video: VideoId, consistency: Consistency) -> Result<Option<Box<FilmInfo>>, Unavailable> {
        let state = match consistency {
            Consistency::Linearizable => self.read().await?,
            Consistency::Stale => self.stale(),
        };
        let view = state.view();
        let Some(record) = view.video(video)?.filter(|video| video.trashed.is_none()) else { return Ok(None) };
        let Some(head) = view.head(record.asset)? else { return Ok(None) };
        let layouts = self.layouts().from(&view, head.since)?;
        let layouts = layouts.iter().map(|layout| (**layout).clone()).collect();
        let picture = self.picture();
        let mut nodes: Vec<NodeId> =
            view.nodes(None, PAGE_ITEMS_MAX)?.into_iter().filter(|node| !node.removed).map(|node| node.id).collect();
        nodes.sort_unstable();
        let is_away = |node: &NodeId| picture.node(*node).is_some_and(|node| !node.state.is_up());
        let away = nodes.iter().copied().filter(is_away).collect();
        Ok(Some(Box::new(FilmInfo { video, head, layouts, nodes, away })))
    }

    /// Parts never change: any state that has one will do.
    async fn part(&self, asset: AssetId, version: Version, ballot: Ballot, track: &str, no: u32) -> Option<Vec<u8>> {
        let part = |state: &Snapshot| state.view().part(asset, version, ballot, track, no).ok().flatten();
        match part(&self.stale()) {
            Some(part) => Some(part),
            None => part(&self.read().await.ok()?),
        }
    }

    /// Bytes of an upload that are here, when all are.
    pub(super) fn spooled(&self, upload: UploadId, phase: &UploadPhase) -> Option<Vec<bytes::Bytes>> {
        let (UploadPhase::Received { bytes, .. } | UploadPhase::Stored { bytes, .. }) = phase else { return None };
        let kept = self.machine.kept();
        let spool = kept.spool.get(&upload)?;
        let here: u64 = spool.iter().map(|chunk| chunk.len() as u64).sum();
        (here == *bytes).then(|| spool.clone())
    }
}

pub(super) fn unreadable(error: TableError) -> Failure {
    Failure::new(Code::Internal, error.to_string())
}
