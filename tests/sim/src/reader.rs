//! How people find films and read them: as the clients' `Reach`, `Film` and `Reader` do, without their connections.

use std::time::Duration;

use vs_core::{
    hash::{ChunkHash, Hash, Hasher},
    id::{AssetId, NodeId, VideoId},
    manifest::{Part, Track},
    read::{Known, gather::gather},
};
use vsd_core::background::{Get, GetError};

use crate::{
    client::Client,
    invariant::{con1, int1},
    kernel::WORLD,
    message::{FilmInfo, Reply, Request},
    node::shell::got,
    oracle::Level,
};

/// How long one node may be silent before another one is asked.
const SILENCE_MAX: Duration = Duration::from_secs(5);
const GET_TIMEOUT: Duration = Duration::from_secs(4);

/// How fresh an answer must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consistency {
    Linearizable,
    /// As the node that is asked has it.
    Stale,
}

impl Client {
    /// Asks for something that changes nothing: the node at this machine, then others, until one answers.
    async fn ask_around<T>(&self, machine: usize, request: Request, answer: impl Fn(Reply) -> Option<T>) -> Option<T> {
        let others = self.world.machines();
        let others = others.iter().filter(|other| !other.is_retired()).map(|other| other.at);
        let others: Vec<_> = others.filter(|other| *other != machine).collect();
        for at in [machine].into_iter().chain(others) {
            let reply = self.world.call(self.end, at, request.clone(), SILENCE_MAX).await;
            if let Some(answer) = reply.ok().and_then(&answer) {
                return Some(answer);
            }
        }
        None
    }

    /// What a reader is told of a video: None when there is no answer.
    pub(crate) async fn film(
        &self,
        video: VideoId,
        machine: usize,
        consistency: Consistency,
    ) -> Option<Option<Box<FilmInfo>>> {
        let began = self.world.kernel.now();
        let request = Request::Film { video, consistency };
        let told = |reply| if let Reply::Film(Ok(info)) = reply { Some(info) } else { None };
        let info = self.ask_around(machine, request, told).await?;
        if consistency == Consistency::Linearizable {
            match info {
                Some(_) => con1::shown(&self.world, video, began),
                None => con1::not_shown(&self.world, video, began),
            }
        }
        Some(info)
    }

    /// A part of a track, from whoever has it as the manifest names it.
    pub(crate) async fn part(&self, info: &FilmInfo, track: &Track, no: u32, machine: usize) -> Option<Part> {
        let named = track.parts.get(usize::try_from(no).ok()?)?.hash;
        let (asset, version) = (info.head.asset, info.head.version);
        let request = Request::Part { asset, version, ballot: track.ballot, track: track.name.clone(), no };
        let told = |reply| match reply {
            Reply::Part(Some(bytes)) if Hash::of(&bytes) == named => Part::decode(&bytes).ok(),
            _ => None,
        };
        self.ask_around(machine, request, told).await
    }

    /// Reads every track of a video; whether all of it was had.
    pub(crate) async fn read(&self, video: VideoId, machine: usize) -> bool {
        self.world.oracle.count(|counts| counts.reads += 1);
        let Some(promise) = self.world.oracle.promise(video) else { return false };
        let Some(told) = self.film(video, machine, Consistency::Linearizable).await else {
            return self.failed(video, "nobody answers");
        };
        let Some(info) = told else { return self.failed(video, "it is not there") };
        if promise.level == Level::Ready {
            int1::tracks(&self.world, video, &promise, &info.head.tracks);
        }
        for track in &info.head.tracks {
            let mut hasher = Hasher::default();
            hasher.update(&track.init);
            for (no, _) in (0..).zip(&track.parts) {
                let Some(part) = self.part(&info, track, no, machine).await else {
                    return self.failed(video, "a part does not come");
                };
                let known =
                    Known { layouts: &info.layouts, nodes: &info.nodes, away: &info.away, displaced: &part.displaced };
                for chunk in part.segments.iter().flat_map(|segment| &segment.chunks) {
                    let (group, member) = part.group_of(info.head.asset, info.head.scheme, chunk);
                    let read = gather(self, info.head.asset, &group, &[member], &known).await;
                    match read.members {
                        Ok(members) => members.iter().for_each(|bytes| hasher.update(bytes)),
                        Err(failure) => return self.failed(video, &failure.to_string()),
                    }
                }
            }
            int1::read(&self.world, video, promise.film, &track.name, hasher.finish());
        }
        true
    }

    fn failed(&self, video: VideoId, why: &str) -> bool {
        self.say(|| format!("cannot read {}: {why}", video.short()));
        self.world.oracle.count(|counts| counts.reads_failed += 1);
        false
    }

    pub(crate) fn machine_of(&self, node: NodeId) -> Option<usize> {
        self.world.machine_of(node)
    }
}

/// Clients read as nodes do: over the network, from whoever has it.
impl Get for Client {
    async fn get(&self, node: NodeId, asset: AssetId, chunk: ChunkHash) -> Result<bytes::Bytes, GetError> {
        let Some(machine) = self.machine_of(node) else { return Err(GetError::Silent(format!("{node} is gone"))) };
        let request = Request::Get { to: node, asset, chunk };
        let answer = self.world.call(self.end, machine, request, GET_TIMEOUT).await;
        got(node, chunk, answer.ok())
    }

    fn blame(&self, node: NodeId, asset: AssetId, chunk: ChunkHash) {
        let Some(machine) = self.machine_of(node) else { return };
        let (world, end) = (std::sync::Arc::clone(&self.world), self.end);
        self.world.kernel.spawn(WORLD, async move {
            let check = Request::Check { to: node, asset, chunks: vec![chunk], index: 0, deep: true };
            // it looks or it does not
            drop(world.call(end, machine, check, GET_TIMEOUT).await);
        });
    }

    async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        Some(work())
    }
}
