//! What happens to the player, and what it wants done.

use std::{fmt, time::Duration};

use vs_core::{
    group::Group,
    hash::ChunkHash,
    id::{AssetId, NodeId},
    manifest::{Part, Track},
};

use crate::{placement::Placement, timeline::Cursor};

/// What must be known to play: the tracks chosen and where their chunks are.
#[derive(Clone, Debug)]
pub struct Film {
    pub asset: AssetId,
    pub tracks: Vec<Track>,
    pub placement: Placement,
    /// Time to connect to the cluster: the first guess of every node's latency.
    pub connect: Duration,
}

/// A chunk by its place in the film. Within a track the order is play order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkAt {
    /// Position among the tracks played.
    pub track: usize,
    pub segment: u32,
    pub chunk: u32,
}

impl ChunkAt {
    #[must_use]
    pub fn cursor(self) -> Cursor {
        Cursor { segment: self.segment, chunk: self.chunk }
    }
}

/// A chunk that is not played but helps to compute one that is: parity, or a neighbour that lies behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpareAt {
    pub stripe: StripeAt,
    pub member: usize,
}

/// A stripe by its place: counted within its part of the track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StripeAt {
    pub track: usize,
    pub part: u32,
    pub stripe: usize,
}

/// What the shell keeps the bytes of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Piece {
    Media(ChunkAt),
    Spare(SpareAt),
}

/// One attempt to get a chunk from a node, or to compute it; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FetchId(pub u64);

/// Counts the starts of the outputs: one at the beginning, one for every seek.
pub type Generation = u32;

/// Why a fetch ended without a verified chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchFailure {
    /// The node does not have the chunk.
    Absent,
    /// What it has does not hash to the name.
    Corrupt,
    /// It cannot be reached, broke off or answered nonsense.
    Node,
    /// It kept silent for too long.
    Silent,
}

impl fmt::Display for FetchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "does not have it",
            Self::Corrupt => "bad checksum",
            Self::Node => "failed",
            Self::Silent => "silent",
        })
    }
}

#[derive(Clone, Debug)]
pub enum Event {
    /// Time has passed. The first one begins the playback.
    Tick,
    PartLoaded {
        track: usize,
        part: Box<Part>,
    },
    PartFailed {
        track: usize,
        no: u32,
        /// Asking again cannot help.
        lasting: bool,
    },
    /// So many bytes of the chunk have come.
    ChunkProgress {
        fetch: FetchId,
        bytes: u64,
    },
    /// All have come and hash to the chunk's name.
    ChunkDone {
        fetch: FetchId,
    },
    ChunkFailed {
        fetch: FetchId,
        why: FetchFailure,
    },
    /// The chunk was computed and hashes to its name.
    Rebuilt {
        fetch: FetchId,
    },
    /// What was computed is not the chunk.
    RebuildFailed {
        fetch: FetchId,
    },
    /// All outputs of the track are done with the chunk.
    Taken {
        at: ChunkAt,
        generation: Generation,
    },
    Pong {
        node: NodeId,
        latency: Duration,
    },
    PingFailed {
        node: NodeId,
    },
    /// The cluster's map and nodes, refreshed.
    Placement(Placement),
    /// The answer to [`Effect::Renew`]; none when there is nothing newer than what is known.
    Renewed(Option<Box<Placement>>),
    Pause,
    Resume,
    Seek(Duration),
    Quit,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    FetchPart {
        track: usize,
        no: u32,
    },
    FetchChunk {
        fetch: FetchId,
        /// The chunk that is to be played.
        at: ChunkAt,
        /// What is fetched: that chunk, or another of its stripe.
        piece: Piece,
        hash: ChunkHash,
        node: NodeId,
    },
    /// Compute a member of a stripe from others, which the shell keeps, and check it against its name.
    Rebuild {
        fetch: FetchId,
        at: ChunkAt,
        group: Box<Group>,
        member: usize,
        from: Vec<(usize, Piece)>,
    },
    /// Forget the fetch: whatever it still brings is not wanted.
    CancelFetch {
        fetch: FetchId,
    },
    /// The outputs begin anew, each track with its init segment. They show nothing before `position`.
    Restart {
        generation: Generation,
        position: Duration,
    },
    /// The track's next chunk in play order, verified and kept by the shell.
    Feed {
        at: ChunkAt,
        generation: Generation,
    },
    /// The bytes are not needed any more.
    Release {
        piece: Piece,
    },
    Ping {
        node: NodeId,
    },
    /// Something cannot be had by what is known of the cluster: find out whether that still holds.
    Renew,
    /// Somebody sees the film: once a playback, when its first chunk has come.
    CountView,
    Note(Note),
    Finish(Ending),
}

/// How a playback ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    Played,
    Quit,
    /// Nobody has this chunk intact, or nobody gave it in time.
    ChunkLost {
        at: ChunkAt,
        hash: ChunkHash,
    },
    /// A part of the manifest cannot be had.
    PartLost {
        track: usize,
        no: u32,
    },
    /// Nothing could be played within the time allowed.
    StartTimedOut,
}

/// What a person may want to read afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    Started { after: Duration },
    Rebuffering { at: Duration },
    Resumed { stalled: Duration },
    Sought { to: Duration },
    Failover { track: String, segment: u32, chunk: u32, node: NodeId, why: FetchFailure },
    Excluded { node: NodeId },
    PartLate { track: String, no: u32 },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = vs_core::unit::clock;
        let long = vs_core::unit::human_duration;
        match self {
            Self::Started { after } => write!(f, "playing after {}", long(*after)),
            Self::Rebuffering { at } => write!(f, "buffer empty at {}", clock(*at)),
            Self::Resumed { stalled } => write!(f, "playing again after {}", long(*stalled)),
            Self::Sought { to } => write!(f, "seek to {}", clock(*to)),
            Self::Failover { track, segment, chunk, node, why } => {
                write!(f, "{track} segment {segment} chunk {chunk}: {node} {why}, asking again")
            }
            Self::Excluded { node } => write!(f, "{node} failed repeatedly, it is asked last for a while"),
            Self::PartLate { track, no } => write!(f, "part {no} of {track} is late, asking again"),
        }
    }
}
