//! What nodes and clients say to one another.

use std::sync::Arc;

use bytes::Bytes;
use vs_core::{
    error::Failure,
    hash::ChunkHash,
    id::{AssetId, Ballot, NodeId, UploadId, Version, VideoId},
    layout::Layout,
    manifest::Head,
};
use vsd_core::{
    background::{NodePicture, Picture, Unavailable},
    meta::{ClientId, Command, LeaderTerm, Response, UploadBegin, UploadRecord},
    plan::repair::Held,
};

use crate::reader::Consistency;

#[derive(Clone, Debug)]
pub enum Request {
    /// The leader's sign of life: how far the log is committed, and how the cluster is.
    Beat {
        term: LeaderTerm,
        commit: u64,
        picture: Arc<Picture>,
    },
    Propose {
        client: Option<(ClientId, u64)>,
        command: Command,
    },
    ReadIndex,

    /// Of a chunk. `to` is who is meant: another node may be there by now.
    Put {
        to: NodeId,
        asset: AssetId,
        chunk: ChunkHash,
        bytes: Bytes,
        index: u64,
    },
    Get {
        to: NodeId,
        asset: AssetId,
        chunk: ChunkHash,
    },
    Check {
        to: NodeId,
        asset: AssetId,
        chunks: Vec<ChunkHash>,
        index: u64,
        deep: bool,
    },
    Ping,

    /// Of clients.
    Begin(Box<UploadBegin>),
    Append {
        upload: UploadId,
        chunks: Vec<Bytes>,
    },
    Finish {
        upload: UploadId,
    },
    Upload {
        upload: UploadId,
    },
    Order {
        client: Option<(ClientId, u64)>,
        command: Command,
    },
    Film {
        video: VideoId,
        consistency: Consistency,
    },
    Part {
        asset: AssetId,
        version: Version,
        ballot: Ballot,
        track: String,
        no: u32,
    },
}

#[derive(Clone, Debug)]
pub enum Reply {
    /// The highest term that the node has heard of, and how it is.
    Beat {
        term: LeaderTerm,
        applied: u64,
        own: NodePicture,
    },
    Proposed(Result<Response, NotProposed>),
    Index(Option<u64>),
    Put(Result<(), Refused>),
    Got(Result<Bytes, Refused>),
    Held(Vec<Held>),
    /// It is not the node that was meant.
    Misdirected,
    Pong,

    Ordered(Result<Response, Unavailable>),
    Appended(Result<(), Failure>),
    Upload(Result<Option<Box<UploadRecord>>, Unavailable>),
    Film(Result<Option<Box<FilmInfo>>, Unavailable>),
    Part(Option<Vec<u8>>),
}

/// Why a leader did not put a command into the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotProposed {
    NotLeader,
    /// It may be in the log yet.
    Unknown,
}

/// Why a node does not take or give a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Full,
    Absent,
    Corrupt,
    Failed,
}

/// What a reader is told.
#[derive(Clone, Debug)]
pub struct FilmInfo {
    pub video: VideoId,
    pub head: Head,
    pub layouts: Vec<Layout>,
    pub nodes: Vec<NodeId>,
    pub away: Vec<NodeId>,
}
