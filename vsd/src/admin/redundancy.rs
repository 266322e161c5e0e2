//! How videos are kept, how they are to be kept, and what that takes on disks.

use vs_core::{
    error::{Code, Failure},
    id::VideoId,
    layout::Scheme,
    limit::{PAGE_ITEMS_MAX, STRIPE_DATA, STRIPE_PARITY},
};
use vs_wire::{scheme_to_wire, v1};
use vsd_core::{
    meta::{AssetRecord, Command, Redundancy, VideoRecord, View},
    plan::policy::{self, Policy, Wanted},
};

use super::{Services, answered, check_limit, internal, videos};
use crate::{meta::Proposer, upload};

/// What disks would hold for it under another scheme: parity is as long as an ordinary chunk of its track.
fn estimated_bytes(asset: &AssetRecord, scheme: Scheme, room: usize) -> u64 {
    if !scheme.is_coded() {
        return asset.copied_bytes(scheme, room);
    }
    let (data, parity) = (STRIPE_DATA as u64, STRIPE_PARITY as u64);
    let parity_of = |track: &vs_core::manifest::Track| {
        let chunk = track.bytes.checked_div(track.chunks).unwrap_or(0);
        track.chunks.div_ceil(data).saturating_mul(parity).saturating_mul(chunk)
    };
    asset.track_bytes() + asset.tracks.iter().map(parity_of).sum::<u64>()
}

fn chosen(redundancy: Redundancy) -> String {
    match redundancy {
        Redundancy::Auto => "auto".to_owned(),
        Redundancy::Replicate(copies) => format!("replicate:{copies}"),
        Redundancy::Erasure => "erasure".to_owned(),
    }
}

/// What is the same for every asset of one state.
pub(super) struct Terms {
    policy: Policy,
    now: vsd_core::meta::ClusterTime,
    /// On how many nodes the current layout places a key.
    room: usize,
    /// How many nodes of it are not known to be down.
    up: usize,
}

impl Services {
    pub(super) fn terms(&self, view: &View<'_>) -> Result<Terms, Failure> {
        let layout = self.meta.layouts().current(view).map_err(internal)?;
        let picture = self.meta.watch_cluster().borrow().clone();
        let is_up = |id: u64| picture.nodes.iter().all(|node| node.id != id || node.state != "down");
        let up = layout.iter().flat_map(|layout| &layout.nodes).filter(|node| is_up(node.id.0)).count();
        Ok(Terms {
            policy: Policy::of(*view).map_err(internal)?,
            now: view.cluster_time().map_err(internal)?,
            room: layout.map_or(0, |layout| layout.room()),
            up,
        })
    }

    /// How an asset is to be kept, and its views.
    fn wish(view: &View<'_>, asset: &AssetRecord, terms: &Terms) -> Result<(Wanted, u64), Failure> {
        let views = policy::views_of(*view, asset.id).map_err(internal)?;
        Ok((policy::wanted_scheme(asset, views, terms.now, &terms.policy, terms.room), views))
    }

    /// Why an asset is not kept as it should be; nothing when it is.
    pub(super) fn deferred(view: &View<'_>, asset: &AssetRecord, terms: &Terms) -> Result<String, Failure> {
        if terms.up >= Scheme::CODED.width() {
            return Ok(String::new());
        }
        let wanted = Self::wish(view, asset, terms)?.0;
        Ok(held_up(&wanted, asset, terms))
    }

    fn redundancy_of(
        &self,
        view: &View<'_>,
        video: &VideoRecord,
        asset: &AssetRecord,
        terms: &Terms,
    ) -> Result<v1::RedundancyInfo, Failure> {
        let (wanted, views) = Self::wish(view, asset, terms)?;
        let room = self.meta.layouts().room(view, asset.since).map_err(internal)?;
        let physical = asset.physical_bytes(room);
        let is_as_wanted = wanted.scheme == asset.scheme;
        let wanted_bytes = if is_as_wanted { physical } else { estimated_bytes(asset, wanted.scheme, terms.room) };
        Ok(v1::RedundancyInfo {
            video: video.id.to_string(),
            title: video.title.clone(),
            scheme: Some(scheme_to_wire(asset.scheme)),
            wanted: Some(scheme_to_wire(wanted.scheme)),
            chosen: chosen(asset.redundancy),
            why: wanted.why.to_string(),
            note: held_up(&wanted, asset, terms),
            views,
            age_ms: terms.now.0.saturating_sub(asset.begun_at.0),
            logical_bytes: asset.track_bytes(),
            physical_bytes: physical,
            wanted_bytes,
            stand_ins: asset.stand_ins,
            owed: asset.owed,
            pending: asset.pending.map(|pending| scheme_to_wire(pending.scheme)),
            asset: asset.id.0,
        })
    }

    pub(super) async fn redundancies(
        &self,
        request: v1::ListRedundancyRequest,
    ) -> Result<v1::ListRedundancyResponse, Failure> {
        let limit = check_limit(request.limit)?;
        let (state, age_ms) = self.state(request.consistency()).await?;
        let view = state.view();
        let terms = self.terms(&view)?;
        let of = |video: &VideoRecord| {
            let asset = videos::asset_of(&view, video)?;
            self.redundancy_of(&view, video, &asset, &terms)
        };
        let mut answer = v1::ListRedundancyResponse { age_ms, ..v1::ListRedundancyResponse::default() };
        if !request.video.is_empty() {
            answer.items.push(of(&videos::find(&view, &request.video)?)?);
            return Ok(answer);
        }
        let not_ours = |_| Failure::new(Code::Invalid, "not a page token of ours");
        let token = Some(request.page_token).filter(|token| !token.is_empty());
        let mut after = token.map(|token| token.parse::<VideoId>().map_err(not_ours)).transpose()?;
        loop {
            let page = view.videos(after, PAGE_ITEMS_MAX).map_err(internal)?;
            let Some(last) = page.last() else { return Ok(answer) };
            after = Some(last.id);
            for video in page.iter().filter(|video| video.trashed.is_none()) {
                if answer.items.len() == limit {
                    answer.next_page_token = answer.items.last().map(|info| info.video.clone()).unwrap_or_default();
                    return Ok(answer);
                }
                answer.items.push(of(video)?);
            }
        }
    }

    pub(super) async fn set_redundancy_of(
        &self,
        proposer: Proposer,
        request: v1::SetRedundancyRequest,
    ) -> Result<v1::RedundancyInfo, Failure> {
        let redundancy = upload::redundancy(&request.redundancy)?;
        let state = self.meta.read().await?;
        let before = answered(&state.view(), proposer)?;
        let video = videos::find(&state.view(), &request.video)?;
        let set = Command::RedundancySet { video: video.id, redundancy };
        match before {
            Some(response) => drop(response.accepted()?),
            None if request.dry_run => {
                self.meta.try_out(set).await?.accepted()?;
                // as it would be
                let (view, terms) = (state.view(), self.terms(&state.view())?);
                let asset = AssetRecord { redundancy, ..videos::asset_of(&view, &video)? };
                return self.redundancy_of(&view, &video, &asset, &terms);
            }
            None => drop(self.meta.propose_for(proposer, set).await?.accepted()?),
        }
        let state = self.meta.read().await?;
        let (view, terms) = (state.view(), self.terms(&state.view())?);
        self.redundancy_of(&view, &video, &videos::asset_of(&view, &video)?, &terms)
    }
}

/// How much of the library is not kept as it should be.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kept {
    /// Assets that wait for nodes.
    pub(super) deferred: u64,
    /// Assets with members on stand-ins or owed.
    pub(super) displaced: u64,
    pub(super) damaged: u64,
}

impl Kept {
    pub(super) fn add(&mut self, asset: &AssetRecord, is_deferred: bool) {
        self.deferred += u64::from(is_deferred);
        self.displaced += u64::from(asset.is_displaced());
        self.damaged += u64::from(asset.damaged);
    }

    /// A line for each reason.
    pub(super) fn note(&self, terms: &Terms, notes: &mut Vec<String>) {
        let films = |count: u64| if count == 1 { "1 film".to_owned() } else { format!("{count} films") };
        if self.damaged > 0 {
            notes.push(format!("{} with chunks that cannot be rebuilt: upload them again", films(self.damaged)));
        }
        if self.displaced > 0 {
            notes.push(format!("{} not yet on all their places: see `vsctl repair status`", films(self.displaced)));
        }
        if self.deferred > 0 {
            notes.push(format!("{}: {}", films(self.deferred), too_few(terms.up)));
        }
    }
}

/// A layout with too few nodes for stripes, or too few of them up to write any.
fn held_up(wanted: &Wanted, asset: &AssetRecord, terms: &Terms) -> String {
    let becomes_coded = wanted.scheme.is_coded() && !asset.scheme.is_coded();
    match wanted.deferred {
        Some(_) => too_few(terms.up),
        None if becomes_coded && terms.up < wanted.scheme.width() => too_few(terms.up),
        None => String::new(),
    }
}

fn too_few(up: usize) -> String {
    format!("erasure deferred: {} nodes needed, {up} up", Scheme::CODED.width())
}
