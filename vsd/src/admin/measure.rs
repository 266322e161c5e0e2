//! How the chunks of one video are, as the nodes that should have them say when asked: for people, so nothing is
//! decided by it.
//!
//! A node that is known to be down is not asked, and one that does not answer in time counts as not having anything.

use std::{collections::HashSet, time::Duration};

use vs_core::{
    error::{Code, Failure},
    group::Group,
    hash::ChunkHash,
    id::NodeId,
    layout::Layout,
    manifest::Displaced,
};
use vs_wire::v1;
use vsd_core::{
    background::{Astray, Question, Said},
    meta::{AssetRecord, View},
    plan::repair::{Health, Held, Placing, Presence},
};

use super::{Services, internal};
use crate::{holdings::Nodes, meta::StateRead};

/// How long a node may take to answer: somebody waits for it.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// A group, and what of it is not on its place.
struct Placed {
    group: Group,
    displaced: Vec<Displaced>,
}

impl Placed {
    fn placing<'a>(&'a self, layout: &'a Layout) -> Placing<'a> {
        Placing { group: &self.group, since: layout, target: layout, beside: None, displaced: &self.displaced }
    }

    /// Whether it can be read out of these chunks.
    fn reads(&self, chunks: &HashSet<ChunkHash>) -> bool {
        self.group.members.iter().filter(|member| chunks.contains(&member.hash)).count() >= self.group.data
    }
}

impl Services {
    /// How the chunks of an asset are now.
    pub(super) async fn measured(&self, state: StateRead, asset: AssetRecord) -> Result<v1::Redundancy, Failure> {
        let layout = self.meta.layouts().of(&state.view(), asset.since).map_err(internal)?;
        let layout = layout.ok_or_else(|| Failure::new(Code::Internal, format!("{} is not there", asset.since)))?;
        let infos = self.nodes(&state.view())?;
        let (id, room) = (asset.id, layout.room());
        let (width, owed) = (asset.scheme.width(), asset.owed);
        let mut answer = v1::Redundancy { stand_ins: asset.stand_ins, owed, ..v1::Redundancy::default() };
        // a long film has a hundred parts to decode
        let listed = tokio::task::spawn_blocking(move || groups(&state.view(), &asset)).await;
        let groups = listed.map_err(|ended| Failure::new(Code::Internal, ended.to_string()))??;

        let nodes = Nodes::answering_within(ANSWERS_WITHIN);
        let addr_of = |id: NodeId| infos.iter().find(|info| info.id == id.0).filter(|info| may_answer(info));
        let held = |node, chunks: Vec<ChunkHash>| {
            let (question, addr) = (Question { node, asset: id, index: 0, deep: false }, addr_of(node));
            let nodes = &nodes;
            async move {
                match addr {
                    Some(info) => nodes.held(question, &info.addr, &chunks).await,
                    None => vec![Held::Unknown; chunks.len()],
                }
            }
        };
        let ask = async |wanted: Vec<(NodeId, ChunkHash)>| Said::ask(wanted, held).await;
        let said = ask(groups.iter().flat_map(|placed| placed.placing(&layout).asked()).collect()).await;
        let presence = |id| if addr_of(id).is_some() { Presence::Up } else { Presence::Silent };
        let health = |placed: &Placed| {
            let found = placed.placing(&layout).look(presence, |node, chunk| said.of(node, chunk)).health;
            // a layout of fewer nodes has fewer places than the scheme
            if found == Health::Healthy && room < placed.group.width { Health::Degraded } else { found }
        };
        let found: Vec<_> = groups.iter().map(|placed| (placed, health(placed))).collect();

        // what cannot be read from where it belongs is asked for everywhere: that is what a reader does at last
        let astray = found.iter().filter(|(_, health)| *health == Health::Missing);
        let astray: HashSet<_> =
            astray.flat_map(|(placed, _)| &placed.group.members).map(|member| member.hash).collect();
        let everywhere = infos.iter().flat_map(|info| astray.iter().map(|chunk| (NodeId(info.id), *chunk))).collect();
        let elsewhere: HashSet<_> = ask(everywhere).await.stored().collect();
        for (placed, health) in found {
            let data = u64::try_from(placed.group.data).unwrap_or(0);
            match health {
                Health::Healthy => answer.healthy += data,
                Health::Degraded => answer.degraded += data,
                Health::Missing if placed.reads(&elsewhere) => answer.degraded += data,
                Health::Missing => answer.missing += data,
            }
        }
        answer.note = note(room, width, owed, &said.silent());
        Ok(answer)
    }
}

fn may_answer(info: &v1::NodeInfo) -> bool {
    !matches!(info.state.as_str(), "down" | "out")
}

/// Every group of an asset.
fn groups(view: &View<'_>, asset: &AssetRecord) -> Result<Vec<Placed>, Failure> {
    let astray = Astray::of(view, asset.id).map_err(internal)?;
    let mut all = Vec::new();
    for part in view.parts_of(asset) {
        for group in part.map_err(internal)?.groups(asset.id, asset.scheme) {
            all.push(Placed { displaced: astray.among(&group), group });
        }
    }
    Ok(all)
}

fn note(room: usize, width: usize, owed: u64, silent: &[NodeId]) -> String {
    let mut notes = Vec::new();
    if room < width {
        notes.push(format!("{room} of {width} copies: the cluster has no more nodes"));
    }
    if owed > 0 {
        notes.push(format!("{owed} copies are still to be written"));
    }
    if !silent.is_empty() {
        let names: Vec<_> = silent.iter().map(NodeId::to_string).collect();
        notes.push(format!("{} did not say what it has", names.join(" ")));
    }
    notes.join("; ")
}
