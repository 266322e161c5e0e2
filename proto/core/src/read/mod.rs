//! In what order a chunk's holders are asked, and what is asked when they fail (DESIGN §6): one read plan for players,
//! downloads and repair.
//!
//! Invariants of a [`GroupRead`]:
//! - A node is asked for a chunk at most once, so every read ends.
//! - It ends without success only when every known node was asked for every member that could have helped.
//! - Nodes that should not hold a chunk are asked for it only when those that should cannot give enough of the group.
//! - Never more members are got and asked for than give all the others.

pub mod gather;

use crate::{
    group::Group,
    id::NodeId,
    layout::Layout,
    manifest::{ChunkRef, Displaced},
    mutant::{Mutant, planted},
};

/// The cluster as a reader knows it.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The asset's epochs, from the one it is placed by to the current one.
    pub layouts: &'a [Layout],
    /// Every node.
    pub nodes: &'a [NodeId],
    /// Those that are not thought to be up: they are asked after all others.
    pub away: &'a [NodeId],
    /// The stand-ins of the asset, or of the part that names the group.
    pub displaced: &'a [Displaced],
}

/// The nodes to ask for one member of a group, best first, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadPlan {
    pub nodes: Vec<NodeId>,
    /// How many of the first should have the member and be up.
    pub likely: usize,
}

impl ReadPlan {
    /// The places by `since`, stand-ins, places by newer epochs up to the current one, then every other node.
    #[must_use]
    pub fn new(group: &Group, member: usize, known: &Known<'_>) -> Self {
        let hash = group.members[member].hash;
        // members of one name are one chunk, wherever they stand
        let same = |other: &usize| group.members[*other].hash == hash;
        let places: Vec<_> = (0..group.members.len()).filter(same).flat_map(|member| group.places_of(member)).collect();
        let placed = |layout: &Layout| {
            let slot = layout.place(&group.key, group.width);
            places.iter().filter_map(|place| slot.get(*place).copied()).collect::<Vec<_>>()
        };
        let stand_ins = known.displaced.iter().filter(|displaced| displaced.chunk == hash);
        let oldest = if planted(Mutant::OldEpochNotRead) { known.layouts.last() } else { known.layouts.first() };
        let mut should = oldest.map(placed).unwrap_or_default();
        should.extend(stand_ins.filter_map(|displaced| displaced.stand_in));
        should.extend(known.layouts.iter().skip(1).flat_map(placed).filter(|_| !planted(Mutant::OldEpochNotRead)));
        let mut nodes = Vec::new();
        let mut push = |ids: &[NodeId], up: bool| {
            for id in ids {
                if known.away.contains(id) != up && !nodes.contains(id) {
                    nodes.push(*id);
                }
            }
            nodes.len()
        };
        let likely = push(&should, true);
        if !planted(Mutant::OldEpochNotRead) {
            push(known.nodes, true);
            push(&should, false);
            push(known.nodes, false);
        }
        Self { nodes, likely }
    }
}

/// A question: has this node this member?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    pub member: usize,
    pub node: NodeId,
}

/// How a node answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With bytes that hash to the member's name.
    Got,
    Absent,
    /// It holds, or sent, other bytes than the name says.
    Corrupt,
    /// It did not, or not in time.
    Failed,
}

/// How a read goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask these as well, all at once, and wait for an answer to any ask.
    Ask(Vec<Ask>),
    /// Every wanted member was got.
    Read,
    /// What was got gives the wanted members that were not.
    Rebuild,
    /// Nobody has enough of the group.
    Lost,
}

/// What is known of one member.
#[derive(Clone, Debug)]
struct Member {
    plan: ReadPlan,
    /// How many nodes of the plan were asked.
    asked: usize,
    /// The node asked that has not answered.
    asking: Option<NodeId>,
    got: bool,
}

/// Reading some members of a group: a state machine that says whom to ask and hears the answers.
#[derive(Clone, Debug)]
pub struct GroupRead {
    data: usize,
    /// For each member the first of its name: copies of a chunk within a stripe are read once.
    first: Vec<usize>,
    want: Vec<usize>,
    members: Vec<Member>,
    /// Nodes that should not have the members are asked too.
    is_last_resort: bool,
    /// Members got do not give the others.
    is_unsound: bool,
    blamed: Vec<Ask>,
}

impl GroupRead {
    #[must_use]
    pub fn new(group: &Group, want: &[usize], known: &Known<'_>) -> Self {
        let first = |chunk: &ChunkRef| group.members.iter().position(|other| other.hash == chunk.hash).unwrap_or(0);
        let first: Vec<_> = group.members.iter().map(first).collect();
        let plan = |member| ReadPlan::new(group, member, known);
        let member = |member| Member { plan: plan(member), asked: 0, asking: None, got: false };
        let mut read = Self {
            data: group.data,
            members: (0..group.members.len()).map(member).collect(),
            first,
            want: Vec::new(),
            is_last_resort: false,
            is_unsound: false,
            blamed: Vec::new(),
        };
        want.iter().for_each(|member| read.want(*member));
        read
    }

    /// The caller has this member's bytes: they need not be fetched.
    pub fn hold(&mut self, member: usize) {
        self.members[self.first[member]].got = true;
    }

    /// The caller asked this before, in vain: it is not asked again.
    pub fn has_failed(&mut self, ask: Ask) {
        let Member { plan, asked, .. } = &mut self.members[self.first[ask.member]];
        if let Some(at) = (*asked..plan.nodes.len()).find(|at| plan.nodes[*at] == ask.node) {
            plan.nodes.remove(at);
            plan.likely -= usize::from(at < plan.likely);
        }
    }

    /// Another member is wanted as well.
    pub fn want(&mut self, member: usize) {
        let member = self.first[member];
        if !self.want.contains(&member) {
            self.want.push(member);
        }
    }

    /// What is to be done now. To be called at the beginning and after every answer.
    pub fn step(&mut self) -> Step {
        let mut asks = Vec::new();
        loop {
            if self.want.iter().all(|member| self.members[*member].got) {
                return Step::Read;
            }
            if !self.is_unsound && self.count(|member| member.got) >= self.data {
                return Step::Rebuild;
            }
            self.ask_more(&mut asks);
            if self.can_succeed() {
                return Step::Ask(asks);
            }
            if self.is_last_resort {
                return Step::Lost;
            }
            self.is_last_resort = true;
        }
    }

    /// Hears what a node answered.
    pub fn answer(&mut self, ask: Ask, answer: Answer) {
        let member = &mut self.members[ask.member];
        if member.asking == Some(ask.node) {
            member.asking = None;
            member.got |= answer == Answer::Got;
        }
        if answer == Answer::Corrupt {
            self.blamed.push(ask);
        }
    }

    /// What was rebuilt does not hash to its name, so the group was written wrongly: from now on only the wanted members
    /// themselves help.
    pub fn distrust(&mut self) {
        self.is_unsound = true;
    }

    /// The members that are the same chunk as this one, itself included: whoever has one has them all.
    pub fn same(&self, member: usize) -> impl Iterator<Item = usize> + use<> {
        let first = self.first[member];
        self.first.clone().into_iter().enumerate().filter(move |(_, of)| *of == first).map(|(at, _)| at)
    }

    /// Who gave a bad copy of what.
    #[must_use]
    pub fn blamed(&self) -> &[Ask] {
        &self.blamed
    }

    fn count(&self, is: impl Fn(&Member) -> bool) -> usize {
        self.first.iter().filter(|first| is(&self.members[**first])).count()
    }

    /// Whether what is got and asked for is enough, if it comes.
    fn can_succeed(&self) -> bool {
        let is_coming = |member: &Member| member.got || member.asking.is_some();
        self.want.iter().all(|member| is_coming(&self.members[*member]))
            || !self.is_unsound && self.count(is_coming) >= self.data
    }

    /// Asks for wanted members, and for others when the wanted have nobody left to be asked, until that can be enough.
    fn ask_more(&mut self, asks: &mut Vec<Ask>) {
        while !self.can_succeed() {
            let wanted = self.want.iter().find(|member| self.next(**member).is_some()).copied();
            let other = || self.best_other().filter(|_| !self.is_unsound);
            let Some(ask) = wanted.or_else(other).and_then(|member| self.ask(member)) else { break };
            asks.push(ask);
        }
    }

    /// A member that can be asked for; at best at a node that is not asked for another one just now.
    fn best_other(&self) -> Option<usize> {
        let open = |member: &usize| self.first[*member] == *member;
        let next = |member: usize| self.next(member).map(|node| (member, node));
        let is_busy = |node| self.members.iter().any(|member| member.asking == Some(node));
        let others = (0..self.members.len()).filter(open).filter_map(next);
        others.min_by_key(|(_, node)| is_busy(*node)).map(|(member, _)| member)
    }

    fn next(&self, member: usize) -> Option<NodeId> {
        let Member { plan, asked, asking, got } = &self.members[member];
        let open = if self.is_last_resort { plan.nodes.len() } else { plan.likely };
        plan.nodes[..open].get(*asked).filter(|_| asking.is_none() && !got).copied()
    }

    fn ask(&mut self, member: usize) -> Option<Ask> {
        let node = self.next(member)?;
        let asked = &mut self.members[member];
        asked.asked += 1;
        asked.asking = Some(node);
        Some(Ask { member, node })
    }
}

#[cfg(test)]
mod tests;
