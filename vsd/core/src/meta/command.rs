//! Everything that can be asked of the state machine, as it is kept in the log.
//!
//! Whatever varies comes inside: the proposer draws ids, and the leader stamps the wall time (for display only) and
//! names how much time has passed. Commands of every earlier release are applied for ever, so a field is only added,
//! with a default that keeps the old meaning (`golden/`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vs_core::{
    hash::Hash,
    id::{AssetId, Ballot, ClusterId, Epoch, JobId, NodeId, UploadId, Version, VideoId},
    layout::{Layout, NodeWish, Scheme},
    manifest::Track,
};

use super::table::{
    assets::SourceInfo,
    clients::ClientId,
    clock::LeaderTerm,
    dirs::DirSpec,
    jobs::JobRecord,
    nodes::NodeSpec,
    settings::SettingName,
    uploads::{OnDuplicate, Redundancy, TrackOptions},
};

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The proposing leader's wall clock, in milliseconds since 1970. Only shown, never compared.
    pub wall_ms: u64,
    /// The session it was sent in and its number there, from 1 (CON-3).
    #[serde(default)]
    pub client: Option<(ClientId, u64)>,
    pub command: Command,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// The first command of a cluster: its first node, `n1`, and the layout of one node.
    Bootstrap {
        cluster: ClusterId,
        node: NodeSpec,
        dirs: Vec<DirSpec>,
    },
    /// A node tells what it is now and which data directories it found. Unknown directories get an id, absent ones are
    /// missing.
    NodeUpdate {
        node: NodeId,
        spec: NodeSpec,
        dirs: Vec<DirSpec>,
    },
    /// The leader of `term` has led for `elapsed_ms`.
    Tick {
        term: LeaderTerm,
        elapsed_ms: u64,
    },

    /// Registers a node under a new id, or answers as the first time when the key is known.
    NodeJoin {
        /// Drawn by the node, so that a retry is the same node.
        key: Uuid,
        spec: NodeSpec,
    },
    /// An operator's choices for a node. They outlive what the node says about itself.
    NodeSet {
        node: NodeId,
        #[serde(default)]
        zone: Option<String>,
        #[serde(default)]
        weight_milli: Option<u32>,
    },
    /// What an operator wants of a node. `Draining` begins a job that empties it, `Out` one more that removes it then,
    /// and `In` cancels both. Answered with the job, where one is open.
    NodeWish {
        node: NodeId,
        wish: NodeWish,
    },
    /// For good: the id is never used again. Refused while the node may hold chunks.
    NodeRemove {
        node: NodeId,
        /// The next epoch, without the node. Needed when the current one lists it.
        #[serde(default)]
        layout: Option<Layout>,
        /// What it may hold is given up: of a node that is down and does not come back.
        #[serde(default)]
        lost: bool,
        /// The job whose end this is: refused unless it runs, so that a cancelled removal does not happen.
        #[serde(default)]
        job: Option<JobId>,
    },
    /// The next epoch.
    LayoutSet {
        layout: Layout,
    },
    /// A node comes back with its data, at this address or where it was. With a key it is of an earlier incarnation and
    /// has nothing of its log: that is once in an incarnation, and repeated with the same key it is answered the same.
    NodeReadmit {
        node: NodeId,
        addr: String,
        #[serde(default)]
        key: Option<Uuid>,
    },
    /// Changes nothing: a point of the log at which replicas are compared.
    Mark,

    /// Opens a client session. Opening an open one changes nothing.
    ClientOpen {
        client: ClientId,
    },
    ClientClose {
        client: ClientId,
    },

    /// Opens an upload, or answers as the first time when the upload is known.
    UploadBegin(Box<UploadBegin>),
    /// All bytes are in the spool. `sha256` is the server's own.
    UploadReceived {
        upload: UploadId,
        ballot: Ballot,
        sha256: Hash,
        bytes: u64,
    },
    /// A node becomes the writer, under a higher ballot.
    UploadTake {
        upload: UploadId,
        node: NodeId,
    },
    /// The writer is alive. Also a sign of life of the upload while bytes arrive.
    LeaseRenew {
        upload: UploadId,
        ballot: Ballot,
    },
    /// A manifest part whose chunks are on quorum.
    PartPut {
        asset: AssetId,
        version: Version,
        ballot: Ballot,
        /// As [`vs_core::manifest::Part::encode`] made it.
        #[serde(with = "serde_bytes")]
        part: Vec<u8>,
    },
    /// The original's parts are all there: the video is listed, unless the library has these bytes.
    OriginalStored {
        upload: UploadId,
        ballot: Ballot,
        source: SourceInfo,
        track: Box<Track>,
    },
    /// The tracks are all there, or will never be. `tracks` is without the original. `source` is needed when no
    /// original is kept.
    Commit {
        upload: UploadId,
        ballot: Ballot,
        tracks: Vec<Track>,
        #[serde(default)]
        source: Option<SourceInfo>,
        #[serde(default)]
        failure: Option<String>,
    },
    /// The upload cannot be taken in. Only before its original is stored.
    UploadFail {
        upload: UploadId,
        ballot: Ballot,
        code: String,
        reason: String,
    },
    /// The client gives up. Only before the original is stored.
    UploadAbort {
        upload: UploadId,
    },

    VideoEdit {
        video: VideoId,
        /// Refused unless the video is at this revision.
        #[serde(default)]
        expected: Option<u64>,
        #[serde(default)]
        title: Option<String>,
        #[serde(default)]
        description: Option<String>,
        #[serde(default)]
        tags_set: BTreeMap<String, String>,
        #[serde(default)]
        tags_unset: BTreeSet<String>,
    },
    VideoTrash {
        video: VideoId,
    },
    VideoRestore {
        video: VideoId,
    },
    /// For good, from the trash or not.
    VideoPurge {
        video: VideoId,
    },

    /// Every place that this epoch gives the asset is durable and verified: from now on it is placed by that epoch, and
    /// no stand-in and no owed member is left.
    ///
    /// This and what follows is done by the leader of `term`, or refused: a leader that was replaced is fenced off by
    /// the first tick of its successor.
    Placed {
        asset: AssetId,
        version: Version,
        epoch: Epoch,
        term: LeaderTerm,
    },
    /// A chunk of the asset cannot be rebuilt, or could in the end.
    AssetDamaged {
        asset: AssetId,
        version: Version,
        damaged: bool,
        term: LeaderTerm,
    },
    /// The same content is to be written anew, by this scheme and this epoch alone.
    VersionBegin {
        asset: AssetId,
        scheme: Scheme,
        epoch: Epoch,
        term: LeaderTerm,
    },
    /// Every member of the pending version is durable and verified on its computed place: it replaces the current one.
    /// `tracks` are the current ones with other parts.
    VersionCommit {
        asset: AssetId,
        version: Version,
        tracks: Vec<Track>,
        term: LeaderTerm,
    },
    /// The pending version is given up. Its number is not used again.
    VersionAbort {
        asset: AssetId,
        version: Version,
        term: LeaderTerm,
    },
    /// How the content of a video is to be kept from now on, by whatever videos it is shown.
    RedundancySet {
        video: VideoId,
        redundancy: Redundancy,
    },
    /// Views counted since the last time, of at most [`PAGE_ITEMS_MAX`](vs_core::limit::PAGE_ITEMS_MAX) videos. Those
    /// that are gone are ignored.
    Views {
        counts: BTreeMap<VideoId, u64>,
    },
    /// A job begins, when its id is 0, or this is how far it is. The log stamps its times. Whether it is paused is not
    /// the executor's to say.
    JobPut {
        job: JobRecord,
        term: LeaderTerm,
    },
    /// An operator's wish for a job.
    JobControl {
        job: JobId,
        action: JobAction,
    },
    /// Nothing moves towards this epoch or an older one any more, other than to repair. Ends the job that moves.
    MovesStop {
        epoch: Epoch,
    },
    /// Moves go on that were stopped.
    MovesStart,

    SettingSet {
        name: SettingName,
        value: u64,
    },
    SettingReset {
        name: SettingName,
    },

    /// One step of what time and dead assets leave to do, of at most `limit` records.
    Housekeep {
        limit: u32,
    },
}

/// What an operator can want of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobAction {
    Pause,
    Resume,
    /// For good. A node that was to be drained or removed is `In` again; moves to the current epoch stop; an asset that
    /// was being migrated is left alone for a while.
    Cancel,
    /// A job that failed or was cancelled begins anew, under an id of its own.
    Retry,
}

/// What begins an upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadBegin {
    /// Drawn by the client, so that a retry is the same upload.
    pub upload: UploadId,
    /// Drawn by the proposer: what the video will be called if these bytes are new.
    pub video: VideoId,
    /// Whose spool takes the bytes.
    pub node: NodeId,
    pub file_name: String,
    pub title: String,
    pub description: String,
    pub tags: BTreeMap<String, String>,
    /// Length of the file, when the client knows it.
    pub size: Option<u64>,
    pub options: TrackOptions,
    pub redundancy: Redundancy,
    pub on_duplicate: OnDuplicate,
    /// What the client says the bytes hash to: it is told at once when they are there.
    pub offered_sha256: Option<Hash>,
}
