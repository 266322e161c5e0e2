//! Members that are not on their computed places: what a part says of its own chunks, checked, united and counted on
//! the asset.

use std::collections::{BTreeMap, BTreeSet};

use vs_core::{
    error::Code,
    group::Group,
    hash::ChunkHash,
    id::NodeId,
    layout::{Layout, LayoutNode, NodeWish},
    manifest::{Displaced, Part},
    mutant::{Mutant, planted},
};

use super::{Step, Stop, refuse};
use crate::meta::table::{
    assets::{AssetRecord, Assets},
    displaced::{self, Displacements},
    layouts,
};

impl Step<'_, '_> {
    /// Takes in what a part of the version being written says of its members.
    pub(super) fn displace(&mut self, mut asset: AssetRecord, part: &Part) -> Result<(), Stop> {
        if part.displaced.is_empty() {
            return Ok(());
        }
        let Some(layout) = self.view().layout(asset.since)? else {
            return refuse(Code::Internal, format!("the layout of {} is missing", asset.since));
        };
        let groups: Vec<_> = part.groups(asset.id, asset.scheme).collect();
        let places = Places::of(&groups, &layout, &part.displaced);
        // those of a newer layout, too: an upload outlives changes, and its own nodes may mostly be gone
        let layouts = layouts::from(self.txn, asset.since)?;
        for named in &part.displaced {
            let bytes = places.check(named, &layout, &layouts)?;
            let row = displaced::row(asset.id, named);
            if self.txn.load::<Displacements>(&row)?.is_some() {
                if planted(Mutant::OwedPaidTwice) {
                    let counted = if named.stand_in.is_some() { &mut asset.stand_ins } else { &mut asset.owed };
                    *counted = counted.saturating_sub(1);
                }
                continue;
            }
            self.txn.put::<Displacements>(&row, &());
            if named.stand_in.is_some() {
                asset.stand_ins = asset.stand_ins.saturating_add(1);
            } else {
                asset.owed = asset.owed.saturating_add(1);
                asset.owed_bytes = asset.owed_bytes.saturating_add(bytes.into());
            }
        }
        self.txn.put::<Assets>(&asset.id, &asset);
        Ok(())
    }
}

/// A chunk and a node that is to hold it.
type Place = (ChunkHash, NodeId);

/// Where the groups of a part belong, and which of those places are said to miss their member.
struct Places {
    /// The groups that place a chunk on a node, as numbers in `members`, and the chunk's length.
    groups: BTreeMap<Place, (u32, Vec<usize>)>,
    /// What each group's places are to hold.
    members: Vec<Vec<Place>>,
    /// Who stands in for those that miss it: somebody, or nobody.
    stand_ins: BTreeMap<Place, BTreeSet<Option<NodeId>>>,
}

impl Places {
    fn of(groups: &[Group], layout: &Layout, displaced: &[Displaced]) -> Self {
        let mut places = Self { groups: BTreeMap::new(), members: Vec::new(), stand_ins: BTreeMap::new() };
        for named in displaced {
            places.stand_ins.entry((named.chunk, named.place)).or_default().insert(named.stand_in);
        }
        let mut seen = BTreeSet::new();
        for group in groups.iter().filter(|group| seen.insert(group.key)) {
            let number = places.members.len();
            places.members.push(group.placed(layout).map(|(node, chunk)| (chunk.hash, node)).collect());
            for (node, chunk) in group.placed(layout) {
                places.groups.entry((chunk.hash, node)).or_insert((chunk.bytes, Vec::new())).1.push(number);
            }
        }
        places
    }

    /// The length of the chunk that is not on its place. Refuses one that does not belong there, and a stand-in that
    /// does not make the group one node wider.
    fn check(&self, named: &Displaced, layout: &Layout, layouts: &[Layout]) -> Result<u32, Stop> {
        let Some((bytes, groups)) = self.groups.get(&(named.chunk, named.place)) else {
            let what = format!("{} places no chunk {} of the part on {}", layout.epoch, named.chunk, named.place);
            return refuse(Code::Invalid, what);
        };
        let Some(stand_in) = named.stand_in else { return Ok(*bytes) };
        let may_stand_in = |listed: &LayoutNode| listed.id == stand_in && listed.wish == NodeWish::In;
        if !layouts.iter().flat_map(|layout| &layout.nodes).any(may_stand_in) {
            let what = format!("{stand_in} stands in and is not of {} or a newer layout", layout.epoch);
            return refuse(Code::Invalid, what);
        }
        let is_alone = match groups.as_slice() {
            [group] => self.is_alone(stand_in, named, *group),
            groups => groups.iter().any(|group| self.is_outside(stand_in, *group)),
        };
        if !is_alone && !planted(Mutant::TwoMembersOnOneStandIn) {
            let what = format!("{stand_in} stands in for {} and holds another member", named.place);
            return refuse(Code::Invalid, what);
        }
        Ok(*bytes)
    }

    /// Whether the stand-in has no place in the group.
    fn is_outside(&self, stand_in: NodeId, group: usize) -> bool {
        self.members[group].iter().all(|(_, node)| *node != stand_in)
    }

    /// Whether it also stands in for no other member of the group. For chunks that the part has in several stripes it
    /// cannot be told whose member is missed: they count for none.
    fn is_alone(&self, stand_in: NodeId, named: &Displaced, group: usize) -> bool {
        let mut others = self.members[group].iter().filter(|(_, node)| *node != named.place);
        let stands_in = |place: &Place| self.stand_ins.get(place).is_some_and(|who| who.contains(&Some(stand_in)));
        let is_of_one = |place: &Place| self.groups.get(place).is_some_and(|(_, groups)| groups.len() == 1);
        self.is_outside(stand_in, group) && !others.any(|place| stands_in(place) && is_of_one(place))
    }
}
