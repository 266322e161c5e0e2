//! How the fake keeps its one film: layouts, chunks, redundancy, repair and jobs, all of them as a test sets them.

use tonic::{Response, Status};
use vs_core::{
    error::{Code, Failure},
    hash::Hash,
    id::{Epoch, NodeId},
    layout::{Layout, LayoutNode, NodeWish},
    manifest::{ChunkRef, Displaced, Part, Segment},
};
use vs_wire::{scheme_to_wire, status_from_failure, v1};

use super::{Answer, Fake};

/// What it answers of all that.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The oldest first.
    pub(crate) layouts: Vec<Layout>,
    pub(crate) part: Option<Part>,
    /// Chunks that each node says it has.
    pub(crate) held: Vec<Hash>,
    pub(crate) redundancies: Vec<v1::RedundancyInfo>,
    pub(crate) repair: v1::RepairStatusResponse,
    pub(crate) rebalance: v1::RebalanceStatusResponse,
    /// What any change would move, and the changes that were last asked about.
    pub(crate) plan: v1::PlanLayoutResponse,
    pub(crate) planned: Vec<v1::NodeChange>,
    /// Why nothing can be drained or removed.
    pub(crate) no_room: bool,
    pub(crate) jobs: Vec<v1::Job>,
    pub(crate) settings: Vec<v1::Setting>,
}

/// A layout whose slots all list these nodes.
pub(crate) fn layout(epoch: u64, nodes: [u64; 3]) -> Layout {
    let node = |id| LayoutNode { id: NodeId(id), zone: "eu".to_owned(), weight_milli: 1_000, wish: NodeWish::In };
    Layout::new(Epoch(epoch), nodes.map(node).to_vec(), vec![vec![0, 1, 2]; 4]).unwrap()
}

/// Two chunks in a segment each; the first has a stand-in and the second is owed to n2.
pub(crate) fn part() -> Part {
    let chunk = |n: u8| ChunkRef { hash: Hash::of(&[n]), bytes: 1 << 20 };
    let segment = |n: u8| Segment { start_us: 0, duration_us: 1, chunks: vec![chunk(n)] };
    let displaced = |n: u8, stand_in| Displaced { chunk: chunk(n).hash, place: NodeId(2), stand_in };
    Part {
        track: "v0".to_owned(),
        no: 0,
        first_segment: 0,
        segments: vec![segment(1), segment(2)],
        parity: vec![],
        displaced: vec![displaced(1, Some(NodeId(4))), displaced(2, None)],
    }
}

fn not_found(what: String) -> Status {
    status_from_failure(&Failure::new(Code::NotFound, what))
}

impl Fake {
    pub(super) fn manifest(&self) -> Answer<v1::Manifest> {
        let state = self.state();
        let part = state.kept.part.as_ref().ok_or_else(|| not_found("no film".to_owned()))?;
        let (kept, hash) = part.encode();
        let part = v1::PartRef {
            hash: hash.0.to_vec(),
            bytes: u32::try_from(kept.len()).unwrap(),
            first_segment: 0,
            segments: 2,
        };
        let info = v1::TrackInfo {
            name: "v0".to_owned(),
            kind: "video".to_owned(),
            sha256: vec![0; 32],
            ..v1::TrackInfo::default()
        };
        let track = v1::ManifestTrack { info: Some(info), parts: vec![part], ..v1::ManifestTrack::default() };
        Ok(Response::new(v1::Manifest {
            video: state.videos.first().cloned(),
            asset: 7,
            version: 1,
            scheme: Some(scheme_to_wire(vs_core::layout::Scheme::Replicate(3))),
            tracks: vec![track],
            layouts: state.kept.layouts.iter().map(v1::Layout::from).collect(),
            nodes: state.nodes.clone(),
            ..v1::Manifest::default()
        }))
    }

    pub(super) fn part(&self, _: &v1::GetPartRequest) -> Answer<v1::GetPartResponse> {
        let part = self.state().kept.part.as_ref().map(|part| part.encode().0).unwrap_or_default();
        Ok(Response::new(v1::GetPartResponse { part }))
    }

    pub(super) fn layout(&self, request: &v1::GetLayoutRequest, age_ms: Option<u64>) -> Answer<v1::GetLayoutResponse> {
        let state = self.state();
        let current = state.kept.layouts.last().map_or(0, |layout| layout.epoch.0);
        let epoch = request.epoch.unwrap_or(current);
        let found = state.kept.layouts.iter().find(|layout| layout.epoch.0 == epoch);
        let layout = found.ok_or_else(|| not_found(format!("no layout of epoch {epoch}")))?;
        Ok(Response::new(v1::GetLayoutResponse {
            layout: Some(v1::Layout::from(layout)),
            current,
            epochs: vec![v1::EpochUse { epoch: 1, assets: 9 }],
            age_ms,
        }))
    }

    pub(super) fn checked(&self, request: &v1::CheckChunksRequest) -> Answer<v1::CheckChunksResponse> {
        let state = self.state();
        let held = |hash: &[u8]| u8::from(state.kept.held.iter().any(|held| held.0 == hash));
        let states = request.hashes.chunks(32).map(held).collect();
        Ok(Response::new(v1::CheckChunksResponse { states, node: 1 }))
    }

    pub(super) fn redundancies(
        &self,
        request: &v1::ListRedundancyRequest,
        age_ms: Option<u64>,
    ) -> Answer<v1::ListRedundancyResponse> {
        let state = self.state();
        let named = |info: &&v1::RedundancyInfo| info.video.starts_with(&request.video) || info.title == request.video;
        let items: Vec<_> = state.kept.redundancies.iter().filter(named).cloned().collect();
        if items.is_empty() && !request.video.is_empty() {
            return Err(not_found(format!("no video `{}`", request.video)));
        }
        Ok(Response::new(v1::ListRedundancyResponse { items, age_ms, ..v1::ListRedundancyResponse::default() }))
    }

    /// A choice of erasure coding waits for nodes.
    pub(super) fn keep_otherwise(&self, request: v1::SetRedundancyRequest) -> Answer<v1::RedundancyInfo> {
        let mut state = self.state();
        let found = state.kept.redundancies.iter_mut().find(|info| info.video.starts_with(&request.video));
        let kept = found.ok_or_else(|| not_found(format!("no video `{}`", request.video)))?;
        let mut info = kept.clone();
        info.note =
            if request.redundancy.starts_with("erasure") { "erasure deferred: 5 nodes needed, 3 up" } else { "" }
                .to_owned();
        info.chosen = request.redundancy;
        if !request.dry_run {
            kept.clone_from(&info);
        }
        Ok(Response::new(info))
    }

    /// The next layout, with this node as it is now.
    pub(super) fn lay_out_again(&self, node: &v1::NodeInfo) {
        let mut state = self.state();
        let Some(mut next) = state.kept.layouts.last().cloned() else { return };
        next.epoch = Epoch(next.epoch.0 + 1);
        for listed in next.nodes.iter_mut().filter(|listed| listed.id.0 == node.id) {
            (listed.zone, listed.weight_milli) = (node.zone.clone(), node.weight_milli);
        }
        state.kept.rebalance.epoch = next.epoch.0;
        state.kept.layouts.push(next);
    }

    /// A job that empties or removes a node, which was not begun before.
    pub(super) fn job_of(&self, kind: &str, node: u64) -> Result<u64, Status> {
        let mut state = self.state();
        if state.kept.no_room {
            let failure = Failure::new(Code::NoSpace, "there is no room").because("n3 would be 97 % full");
            return Err(status_from_failure(&failure));
        }
        let id = state.kept.jobs.last().map_or(1, |job| job.id + 1);
        let (kind, running) = (kind.to_owned(), "running".to_owned());
        state.kept.jobs.push(v1::Job { id, kind, state: running, node: Some(node), ..v1::Job::default() });
        Ok(id)
    }

    /// How a job stands; one that empties or removes a node is done when somebody looks again.
    pub(super) fn job_now(&self, id: u64) -> Answer<v1::Job> {
        let before = self.one_job(id, |_| ())?;
        let ends = before.get_ref().state == "running" && before.get_ref().node.is_some();
        self.one_job(id, |job| {
            if ends {
                "done".clone_into(&mut job.state);
                (job.chunks_done, job.bytes_done, job.reads_failed) = (3_102, 6_549_900_000, Some(0));
                (job.began_at_ms, job.ended_at_ms) = (1_700_000_000_000, Some(1_700_000_072_000));
            }
        })?;
        Ok(before)
    }

    pub(super) fn one_job(&self, id: u64, change: impl Fn(&mut v1::Job)) -> Answer<v1::Job> {
        let mut state = self.state();
        let found = state.kept.jobs.iter_mut().find(|job| job.id == id);
        let job = found.ok_or_else(|| not_found(format!("no job j{id}")))?;
        change(job);
        Ok(Response::new(job.clone()))
    }
}
