//! A video as a reader sees it: its manifest, its parts on demand, and where its chunks are.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use vs_core::{
    error::{Code, Failure},
    hash::Hash,
    id::{AssetId, NodeId, Version, VideoId},
    layout::{Layout, Scheme},
    manifest::{ChunkRef, Part, PartRef, Track},
    read::{Known, ReadPlan},
};
use vs_wire::v1;

use crate::{Client, Reach, chunk::ChunkClient, gather::gather};

/// How long a node that did not answer is asked after all others.
const SILENT_FOR: Duration = Duration::from_secs(30);

/// The manifest of one video, and the means to read its parts.
#[derive(Clone, Debug)]
pub struct Film {
    pub video: v1::Video,
    pub id: VideoId,
    pub asset: AssetId,
    pub version: Version,
    pub scheme: Scheme,
    pub tracks: Vec<Track>,
    /// From the epoch the asset is placed by to the current one.
    pub layouts: Vec<Layout>,
    pub nodes: HashMap<NodeId, v1::NodeInfo>,
    /// Of a stale read: how long ago the answering node last knew itself up to date.
    pub age: Option<Duration>,
    reach: Reach,
    deadline: Duration,
    /// Nodes that did not answer for a chunk, and when.
    silent: Arc<Mutex<HashMap<NodeId, Instant>>>,
}

/// A chunk where it stands in its video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkAt {
    pub track: String,
    /// Counted over the whole track; none for parity.
    pub segment: Option<u32>,
    pub chunk: ChunkRef,
}

impl Film {
    /// The manifest of the video that `name` means: an id, a unique prefix of one, or a title. From this node alone.
    ///
    /// # Errors
    /// As for [`load_from`](Self::load_from).
    pub async fn load(client: &Client, name: &str, stale: bool, deadline: Duration) -> Result<Self, Failure> {
        Self::load_from(&Reach::through(client.clone()), name, stale, deadline).await
    }

    /// The same, from whichever node of the cluster answers; so are the parts later.
    ///
    /// # Errors
    /// The server's, or `Integrity` when its answer breaks the contract.
    pub async fn load_from(reach: &Reach, name: &str, stale: bool, deadline: Duration) -> Result<Self, Failure> {
        let consistency = if stale { v1::Consistency::Stale } else { v1::Consistency::Linearizable };
        let request = v1::GetManifestRequest { video: name.to_owned(), consistency: consistency.into() };
        let ask = |client: Client, request| async move { client.meta().get_manifest(request).await };
        let manifest = reach.ask(deadline, request, ask).await?.value;
        let answer = |error: vs_wire::InvalidMessage| unsound(&error.to_string());
        let video = manifest.video.ok_or_else(|| unsound("a manifest without its video"))?;
        let tracks = manifest.tracks.into_iter().map(Track::try_from).collect::<Result<_, _>>().map_err(answer)?;
        let layouts = manifest.layouts.into_iter().map(Layout::try_from).collect::<Result<_, _>>().map_err(answer)?;
        Ok(Self {
            id: video.id.parse().map_err(|_| unsound("a video without an id"))?,
            video,
            asset: AssetId(manifest.asset),
            version: Version(manifest.version),
            scheme: vs_wire::scheme_from_wire(manifest.scheme).map_err(answer)?,
            tracks,
            layouts,
            nodes: manifest.nodes.into_iter().map(|node| (NodeId(node.id), node)).collect(),
            age: manifest.age_ms.map(Duration::from_millis),
            reach: reach.clone(),
            deadline,
            silent: Arc::default(),
        })
    }

    /// The same film as it is by now; who did not answer lately is remembered.
    pub(crate) async fn load_again(&self, stale: bool, deadline: Duration) -> Result<Self, Failure> {
        let film = Self::load_from(&self.reach, &self.id.to_string(), stale, deadline).await?;
        Ok(Self { deadline: self.deadline, silent: self.silent.clone(), ..film })
    }

    /// The track of that name.
    #[must_use]
    pub fn track(&self, name: &str) -> Option<&Track> {
        self.tracks.iter().find(|track| track.name == name)
    }

    /// Part `no` of a track, checked against its name in the manifest.
    ///
    /// # Errors
    /// The server's; `Integrity` when the answer is not that part.
    pub async fn part(&self, track: &Track, no: u32) -> Result<Part, Failure> {
        let named = usize::try_from(no).ok().and_then(|no| track.parts.get(no));
        let PartRef { hash, .. } = *named.ok_or_else(|| unsound("a part beyond the track's end"))?;
        let request = v1::GetPartRequest {
            asset: self.asset.0,
            version: self.version.0,
            ballot: track.ballot.0,
            track: track.name.clone(),
            no,
        };
        let ask = |client: Client, request| async move { client.meta().get_part(request).await };
        let bytes = self.reach.ask(self.deadline, request, ask).await?.value.part;
        if Hash::of(&bytes) != hash {
            return Err(unsound(&format!("part {no} of track {} is not what the manifest names", track.name)));
        }
        let part = Part::decode(&bytes).map_err(|error| unsound(&error.to_string()))?;
        if part.track != track.name || part.no != no {
            return Err(unsound(&format!("part {no} of track {} says it is another", track.name)));
        }
        Ok(part)
    }

    /// Every chunk, track by track in play order, parity behind its part.
    ///
    /// # Errors
    /// As for [`part`](Self::part).
    pub async fn chunks(&self) -> Result<Vec<ChunkAt>, Failure> {
        let mut all = Vec::new();
        for track in &self.tracks {
            for no in 0..u32::try_from(track.parts.len()).unwrap_or(u32::MAX) {
                let part = self.part(track, no).await?;
                let numbered = (part.first_segment..).zip(&part.segments);
                let media =
                    numbered.flat_map(|(no, segment)| segment.chunks.iter().map(move |chunk| (Some(no), *chunk)));
                let parity = part.parity.iter().flat_map(|stripe| &stripe.chunks).map(|chunk| (None, *chunk));
                let at = |(segment, chunk)| ChunkAt { track: track.name.clone(), segment, chunk };
                all.extend(media.chain(parity).map(at));
            }
        }
        Ok(all)
    }

    /// Who to ask for a chunk, best first.
    #[must_use]
    pub fn holders(&self, part: &Part, chunk: &ChunkRef) -> Vec<NodeId> {
        let (group, member) = part.group_of(self.asset, self.scheme, chunk);
        let nodes = self.node_ids();
        let known = Known { layouts: &self.layouts, nodes: &nodes, away: &[], displaced: &part.displaced };
        ReadPlan::new(&group, member, &known).nodes
    }

    fn node_ids(&self) -> Vec<NodeId> {
        let mut ids: Vec<_> = self.nodes.keys().copied().collect();
        ids.sort_unstable();
        ids
    }

    /// A chunk, from whoever has it or computed from its stripe: for downloads, where every node is as good as another.
    ///
    /// # Errors
    /// As for [`gather`].
    pub async fn chunk(&self, chunks: &ChunkClient, part: &Part, chunk: &ChunkRef) -> Result<Bytes, Failure> {
        let (group, member) = part.group_of(self.asset, self.scheme, chunk);
        let (nodes, away) = (self.node_ids(), self.away());
        let known = Known { layouts: &self.layouts, nodes: &nodes, away: &away, displaced: &part.displaced };
        let addr_of = |id| self.nodes.get(&id).map(|node| node.addr.clone());
        let gathered = gather(chunks, self.asset, &group, &[member], &known, addr_of).await;
        self.note_silent(&gathered.silent);
        gathered.members.map(|members| members.into_iter().next().unwrap_or_default())
    }

    /// Nodes that are thought not to answer: by the cluster, or because they did not answer here lately.
    #[must_use]
    pub fn away(&self) -> Vec<NodeId> {
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        let is_silent = |id: &NodeId| silent.get(id).is_some_and(|since| since.elapsed() < SILENT_FOR);
        let is_up = |node: &v1::NodeInfo| !matches!(node.state.as_str(), "suspect" | "down");
        self.nodes.iter().filter(|(id, node)| !is_up(node) || is_silent(id)).map(|(id, _)| *id).collect()
    }

    fn note_silent(&self, nodes: &[NodeId]) {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        silent.extend(nodes.iter().map(|id| (*id, Instant::now())));
    }
}

fn unsound(why: &str) -> Failure {
    Failure::new(Code::Integrity, "the manifest does not hold together").because(why)
}
