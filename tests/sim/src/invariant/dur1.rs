//! DUR-1: what the log names was durable on a write quorum of distinct nodes when it was named, and what is live can be had
//! from the disks as long as hardware takes no more than the scheme bears.
//!
//! Hardware takes no more than that here, so that nothing live may ever be lost.

use std::sync::Arc;

use vs_core::{
    group::Group,
    id::{AssetId, NodeId, Version},
    manifest::Part,
};

use super::copies::{Copies, groups, live, with_view};
use crate::{replica::Replica, world::World};

/// A part is in the log: its groups are on quorum, as far as hardware left them there.
pub(crate) fn part_named(world: &Arc<World>, after: &Replica, asset: AssetId, version: Version, part: &[u8]) {
    let copies = Copies::of(world);
    with_view(after, |view| {
        let (Ok(Some(record)), Ok(part)) = (view.asset(asset), Part::decode(part)) else { return };
        // a pending version is written whole before it is committed
        if record.version != version {
            return;
        }
        let Ok(Some(layout)) = view.layout(record.since) else { return };
        for group in part.groups(asset, record.scheme) {
            let mut nodes: Vec<NodeId> = Vec::new();
            let stand_ins = part.displaced.iter().filter_map(|row| Some((row.stand_in?, row.chunk)));
            let placed = group.placed(&layout).map(|(node, chunk)| (node, chunk.hash));
            let of_group = |chunk| group.members.iter().any(|member| member.hash == chunk);
            for (node, chunk) in placed.chain(stand_ins.filter(|(_, chunk)| of_group(*chunk))) {
                let counts = copies.has(node, asset, chunk) || copies.is_excused(&view, node, asset, chunk);
                if counts && !nodes.contains(&node) {
                    nodes.push(node);
                }
            }
            let quorum = quorum(&group, layout.room());
            if nodes.len() < quorum {
                let chunk = group.members[0].hash.short();
                let what = format!("{chunk} of {asset} is on {nodes:?}, and {quorum} are a quorum");
                world.violated("DUR-1", what);
            }
        }
    });
}

pub(crate) fn check(world: &Arc<World>, truth: &Replica, copies: &Copies<'_>) {
    with_view(truth, |view| {
        for asset in live(&view) {
            for group in groups(&view, &asset) {
                let members = copies.members(asset.id, &group);
                if members < group.data {
                    let chunk = group.members[0].hash.short();
                    let what = format!("{members} members are left of {chunk} of {}, {} needed", asset.id, group.data);
                    world.violated("DUR-1", what);
                }
            }
        }
    });
}

/// As the promise has it: a majority of the copies that there can be, or a member more than a stripe needs.
fn quorum(group: &Group, nodes: usize) -> usize {
    if group.is_stripe() { group.data + 1 } else { group.width.min(nodes) / 2 + 1 }
}
