//! Data on its way from one layout to another, as an operator follows it; and how much of it two layouts make move, counted here
//! a second time from what is public: the layouts and the manifests.

use std::{collections::HashSet, time::Duration};

use serde_json::Value;
use vs_client::{Client, film::Film};
use vs_core::{group::Group, id::NodeId, layout::Layout};
use vs_wire::v1;

use crate::{Cluster, Tools, redundancy::wait_long_for, wait_for};

const DEADLINE: Duration = Duration::from_secs(30);
/// What is written because the layout wants it elsewhere, by the names that the metrics have for it.
const MOVES: [&str; 2] = ["\"move\"", "\"drain\""];

/// How the moves stand; none while nobody can tell.
#[must_use]
pub fn rebalance(tools: &Tools) -> Option<Value> {
    let said = tools.vsctl(&["rebalance", "status", "-o", "json"]);
    (said.code == 0).then(|| said.json())
}

/// The jobs of a kind, the latest first; none while nobody can tell.
#[must_use]
pub fn jobs(tools: &Tools, kind: &str) -> Option<Vec<Value>> {
    let said = tools.vsctl(&["job", "ls", "--all", "-o", "json"]);
    let mut jobs = (said.code == 0).then(|| said.json())?["items"].as_array()?.clone();
    jobs.retain(|job| job["kind"] == kind);
    jobs.sort_by_key(|job| std::cmp::Reverse(job["id"].as_str().and_then(|id| id[1..].parse::<u64>().ok())));
    Some(jobs)
}

/// What these flags of `layout plan` would come to, which has to fit.
#[must_use]
#[track_caller]
pub fn planned(tools: &Tools, flags: &[&str]) -> Value {
    let plan = tools.vsctl(&[&["layout", "plan", "-o", "json"], flags].concat()).ok().json();
    assert_eq!(plan["fits"], true, "{plan}");
    plan
}

/// Bytes that the nodes which run now have written to elsewhere because a layout wanted it.
#[must_use]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
pub fn moved(cluster: &Cluster) -> u64 {
    let running = (0..cluster.size()).filter(|at| cluster.node(*at).is_started());
    let figures = running.flat_map(|at| cluster.node(at).figures());
    let is_move = |name: &str| name.starts_with("vsd_moved_bytes_total{") && MOVES.iter().any(|of| name.contains(of));
    figures.filter(|(name, _)| is_move(name)).map(|(_, bytes)| bytes as u64).sum()
}

/// Waits until everything is placed by an epoch that is not older than this one.
pub fn await_level(tools: &Tools, epoch: u64) {
    wait_long_for("everything to be where the layout has it", || {
        let status = rebalance(tools)?;
        let is_there = status["epoch"].as_u64() >= Some(epoch) && status["oldest_epoch"] == status["epoch"];
        (is_there && status["assets_behind"] == 0).then_some(())
    });
}

/// The layout as it is now.
#[must_use]
pub fn layout(tools: &Tools) -> Layout {
    ask(tools, async |client| {
        let consistency = v1::Consistency::Linearizable.into();
        let request = v1::GetLayoutRequest { consistency, epoch: None };
        let answer = client.admin().get_layout(request).await.ok()?.into_inner();
        Layout::try_from(answer.layout?).ok()
    })
}

/// Waits for a later layout than that of this epoch.
#[must_use]
pub fn await_layout_after(tools: &Tools, epoch: u64) -> Layout {
    wait_for("a new layout", || Some(layout(tools)).filter(|layout| layout.epoch.0 > epoch))
}

/// Everything of a video that is placed together.
#[must_use]
pub fn groups(tools: &Tools, video: &str) -> Vec<Group> {
    ask(tools, async |client| {
        let film = Film::load(&client, video, false, DEADLINE).await.ok()?;
        let mut groups = Vec::new();
        for track in &film.tracks {
            for no in 0..u32::try_from(track.parts.len()).ok()? {
                groups.extend(film.part(track, no).await.ok()?.groups(film.asset, film.scheme));
            }
        }
        Some(groups)
    })
}

/// Bytes that have to be written when these are placed by one layout and are to be placed by the other.
#[must_use]
pub fn required(groups: &[Group], from: &Layout, to: &Layout) -> u64 {
    let of_group = |group: &Group| {
        let had: HashSet<(NodeId, _)> = group.placed(from).map(|(node, chunk)| (node, chunk.hash)).collect();
        let new = group.placed(to).filter(|(node, chunk)| !had.contains(&(*node, chunk.hash)));
        new.map(|(_, chunk)| u64::from(chunk.bytes)).sum::<u64>()
    };
    groups.iter().map(of_group).sum()
}

/// Asks until there is an answer.
fn ask<T>(tools: &Tools, mut question: impl AsyncFnMut(Client) -> Option<T>) -> T {
    let endpoints: Vec<_> = tools.endpoint().split(',').map(str::to_owned).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    wait_for("an answer", || {
        runtime.block_on(async { question(Client::connect(&endpoints, DEADLINE).await.ok()?).await })
    })
}
