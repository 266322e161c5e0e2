//! Writing one group to its nodes: who is sent what, when a stand-in steps in, and when the group counts as stored
//! (DESIGN §6, §7, DUR-1).
//!
//! Invariants:
//! - No node is on record for two members of the group, nor may one that is asked for a member still be written with
//!   another: a node takes part anew only when all it was sent is durable there and another node is on record for it.
//! - When all goes well every place is sent one PUT, and nobody anything else.
//! - A group fails only when those of its places and possible stand-ins that would answer are too few for its quorum.
//!
//! A stand-in is a node of the layout, or of the current one, that is up, not full and no place of the group: a place that
//! is down now may be written by repair at any time.

use std::{cmp::Reverse, time::Duration};

use vs_core::{
    error::{Code, Failure},
    group::Group,
    hash::Hash,
    id::NodeId,
    layout::{Layout, NodeWish},
    manifest::Displaced,
    mutant::{Mutant, planted},
};

/// How long one PUT may take: longer than a disk that stalls for seconds.
pub const PUT_TIMEOUT: Duration = Duration::from_secs(30);
/// How much later than the quorum a node that is up may answer before a stand-in is begun for it.
pub const PATIENCE: Duration = Duration::from_secs(1);
/// The same of a node that has fallen silent, and how long one may take without a quorum: whoever writes hears soon
/// which nodes are lacking, and can try again.
pub const SILENT_PATIENCE: Duration = Duration::from_millis(300);
pub const SILENT_TIMEOUT: Duration = Duration::from_secs(5);
/// How much longer than its quorum a group may take.
pub const STRAGGLER_MAX: Duration = Duration::from_secs(10);

/// Most nodes that a failure names to a person.
const LINES_MAX: usize = 16;

/// What is known of a node, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Known {
    Up,
    Suspect,
    Down,
    Full,
}

impl Known {
    fn is_silent(self) -> bool {
        matches!(self, Self::Suspect | Self::Down)
    }
}

/// A member that is to be sent to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Put {
    pub node: NodeId,
    pub member: usize,
}

/// How a PUT ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Durable,
    Full,
    /// Refused or not answered, with the reason for a person. The node may hold the member all the same.
    Failed(String),
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Begin these PUTs, and come back when one is answered, when something is known anew, and at `until`.
    Wait {
        puts: Vec<Put>,
        until: Duration,
    },
    /// A quorum is durable; these members are elsewhere or owed.
    Stored {
        displaced: Vec<Displaced>,
    },
    Failed(Shortfall),
}

/// Why a group is not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall {
    stripe: bool,
    pub had: usize,
    pub need: usize,
    pub places: usize,
    /// Nodes that hold nothing of the group, its places first.
    pub lacked: Vec<(NodeId, Lack)>,
}

/// Why a node holds nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lack {
    #[error("suspect")]
    Suspect,
    #[error("down")]
    Down,
    #[error("full")]
    Full,
    #[error("no answer within {} s", PUT_TIMEOUT.as_secs())]
    Silent,
    #[error("{0}")]
    Failed(String),
}

impl Shortfall {
    /// Whether there would be no quorum even if every node that is not full answered.
    #[must_use]
    pub fn is_of_room(&self) -> bool {
        self.had + self.lacked.iter().filter(|(_, lack)| *lack != Lack::Full).count() < self.need
    }
}

impl From<Shortfall> for Failure {
    fn from(shortfall: Shortfall) -> Self {
        let code = if shortfall.is_of_room() { Code::NoSpace } else { Code::NoQuorum };
        let Shortfall { stripe, had, need, places, lacked } = shortfall;
        let what = if stripe { "stripe" } else { "chunk" };
        let mut failure = Self::new(code, format!("a {what} is on {had} of {places} nodes (need {need})"));
        failure.why = shortened(&lacked, |(node, lack)| format!("{node}: {lack}"));
        failure
    }
}

/// A line for each, or for the first of many.
pub(super) fn shortened<T>(items: &[T], line: impl Fn(&T) -> String) -> Vec<String> {
    let more = items.len().checked_sub(LINES_MAX).filter(|more| *more > 0);
    items.iter().take(LINES_MAX).map(line).chain(more.map(|more| format!("and {more} more"))).collect()
}

/// A member that was sent to a node, for one of the group's places.
#[derive(Clone, Debug)]
struct Try {
    node: NodeId,
    place: usize,
    begun: Duration,
    answer: Option<Answer>,
}

impl Try {
    fn is_durable(&self) -> bool {
        self.answer == Some(Answer::Durable)
    }
}

/// A group that is being written.
#[derive(Clone, Debug)]
pub struct Writing {
    group: Group,
    places: Vec<NodeId>,
    /// Who may stand in.
    others: Vec<NodeId>,
    need: usize,
    tries: Vec<Try>,
    /// When the quorum was reached.
    stored: Option<Duration>,
}

impl Writing {
    /// `layout` is the one of the epoch that the group's asset is placed by, `current` the newest that is known: of its
    /// nodes some may not have been there when the upload began.
    #[must_use]
    pub fn new(group: Group, layout: &Layout, current: &Layout) -> Self {
        let places = layout.place(&group.key, group.width);
        let listed = layout.nodes.iter().chain(&current.nodes);
        let may_stand_in = listed.filter(|node| node.wish == NodeWish::In).map(|node| node.id);
        let mut others: Vec<_> = may_stand_in.filter(|node| !places.contains(node)).collect();
        others.sort_unstable();
        others.dedup();
        let need = group.quorum(layout.room());
        Self { group, places, others, need, tries: Vec::new(), stored: None }
    }

    #[must_use]
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// The node has answered what it was sent last.
    pub fn answered(&mut self, node: NodeId, answer: Answer, now: Duration) {
        let Some(open) = self.tries.iter_mut().find(|open| open.node == node && open.answer.is_none()) else { return };
        open.answer = Some(answer);
        if self.stored.is_none() && self.had() >= self.need {
            self.stored = Some(now);
        }
    }

    /// What is to be done, by what is known of the nodes now.
    pub fn next(&mut self, now: Duration, known: impl Fn(NodeId) -> Known) -> Step {
        let puts =
            if self.stored.is_some_and(|at| now >= at + STRAGGLER_MAX) { Vec::new() } else { self.begin(now, &known) };
        let waits = self.tries.iter().filter(|open| self.is_awaited(open));
        let limits = waits.flat_map(|open| [self.patient_until(open, &known), self.awaited_until(open, &known)]);
        match limits.filter(|until| *until > now).min() {
            Some(until) => Step::Wait { puts, until },
            None if self.stored.is_some() => Step::Stored { displaced: self.displaced() },
            None => Step::Failed(self.shortfall(&known)),
        }
    }

    /// Every place that nothing can be hoped for is sent its member, or its stand-in is.
    fn begin(&mut self, now: Duration, known: &impl Fn(NodeId) -> Known) -> Vec<Put> {
        let mut puts = Vec::new();
        for place in 0..self.places.len() {
            if !self.is_hopeful(place, now, known)
                && let Some(node) = self.next_node(place, known)
            {
                puts.push(self.send(place, node, now));
            }
        }
        let hopeful = (0..self.places.len()).filter(|place| self.is_hopeful(*place, now, known)).count();
        if hopeful < self.need {
            // The last resort: what is known may be wrong, and a place that answers sets its stand-in free.
            for place in 0..self.places.len() {
                if !self.was_sent(self.places[place]) {
                    puts.push(self.send(place, self.places[place], now));
                }
            }
        }
        puts
    }

    fn send(&mut self, place: usize, node: NodeId, now: Duration) -> Put {
        self.tries.push(Try { node, place, begun: now, answer: None });
        Put { node, member: self.group.member_at(place) }
    }

    /// The place itself while it is up, else a stand-in; a suspect before nobody.
    fn next_node(&self, place: usize, known: &impl Fn(NodeId) -> Known) -> Option<NodeId> {
        let own = self.places[place];
        let own_if = |state| (!self.was_sent(own) && known(own) == state).then_some(own);
        own_if(Known::Up).or_else(|| self.stand_in(known)).or_else(|| own_if(Known::Suspect))
    }

    /// The next stand-in: another one for each key, so that all share what a node leaves undone.
    fn stand_in(&self, known: &impl Fn(NodeId) -> Known) -> Option<NodeId> {
        let free = |node: &&NodeId| known(**node) == Known::Up && self.is_free(**node);
        let drawn = |node: NodeId| {
            let mut seed = [0; 40];
            seed[..32].copy_from_slice(&self.group.key.0);
            seed[32..].copy_from_slice(&node.0.to_be_bytes());
            (Hash::of(&seed), Reverse(node))
        };
        self.others.iter().filter(free).copied().max_by_key(|node| drawn(*node))
    }

    /// Whether the node has no part in the group, or none any more.
    fn is_free(&self, node: NodeId) -> bool {
        if planted(Mutant::TwoMembersOnOneStandIn) {
            return true;
        }
        let mut sent = self.tries.iter().filter(|sent| sent.node == node);
        sent.all(|sent| sent.is_durable() && self.holder(sent.place) != Some(node))
    }

    fn was_sent(&self, node: NodeId) -> bool {
        self.tries.iter().any(|sent| sent.node == node)
    }

    /// Who is on record for a place: itself, or the stand-in that was begun first.
    fn holder(&self, place: usize) -> Option<NodeId> {
        let mut durable = self.tries.iter().filter(|sent| sent.place == place && sent.is_durable());
        let own = durable.clone().find(|sent| sent.node == self.places[place]);
        own.or_else(|| durable.next()).map(|sent| sent.node)
    }

    fn had(&self) -> usize {
        (0..self.places.len()).filter(|place| self.holder(*place).is_some()).count()
    }

    fn is_hopeful(&self, place: usize, now: Duration, known: &impl Fn(NodeId) -> Known) -> bool {
        let patient = |open: &Try| open.answer.is_none() && now < self.patient_until(open, known);
        self.holder(place).is_some() || self.tries.iter().any(|open| open.place == place && patient(open))
    }

    /// Until when nobody else is asked for what this node was sent.
    fn patient_until(&self, open: &Try, known: &impl Fn(NodeId) -> Known) -> Duration {
        if known(open.node).is_silent() {
            return open.begun + SILENT_PATIENCE;
        }
        self.until(open, PUT_TIMEOUT, PATIENCE)
    }

    /// Until when an answer is waited for.
    fn awaited_until(&self, open: &Try, known: &impl Fn(NodeId) -> Known) -> Duration {
        if known(open.node).is_silent() {
            return self.until(open, SILENT_TIMEOUT, SILENT_PATIENCE);
        }
        self.until(open, PUT_TIMEOUT, STRAGGLER_MAX)
    }

    /// The end of a PUT that may take so long in all, and so much longer than the quorum.
    fn until(&self, open: &Try, timeout: Duration, longer: Duration) -> Duration {
        let timeout = open.begun + timeout;
        self.stored.map_or(timeout, |at| timeout.min(open.begun.max(at) + longer).min(at + STRAGGLER_MAX))
    }

    /// Whether its answer could still matter.
    fn is_awaited(&self, open: &Try) -> bool {
        open.answer.is_none() && (self.stored.is_none() || self.holder(open.place).is_none())
    }

    fn displaced(&self) -> Vec<Displaced> {
        let places = self.places.iter().enumerate();
        let elsewhere = places.filter_map(|(at, place)| {
            let chunk = self.group.members[self.group.member_at(at)].hash;
            let stand_in = self.holder(at);
            (stand_in != Some(*place)).then_some(Displaced { chunk, place: *place, stand_in })
        });
        elsewhere.filter(|_| !planted(Mutant::StandInNotRecorded)).collect()
    }

    fn shortfall(&self, known: &impl Fn(NodeId) -> Known) -> Shortfall {
        let holders: Vec<_> = (0..self.places.len()).filter_map(|place| self.holder(place)).collect();
        let nodes = self.places.iter().chain(&self.others).filter(|node| !holders.contains(node));
        let lacked = nodes.map(|node| (*node, self.lack(*node, known(*node)))).collect();
        let (stripe, places) = (self.group.is_stripe(), self.places.len());
        Shortfall { stripe, had: holders.len(), need: self.need, places, lacked }
    }

    fn lack(&self, node: NodeId, known: Known) -> Lack {
        let last = self.tries.iter().rfind(|sent| sent.node == node);
        match (last.and_then(|sent| sent.answer.as_ref()), known) {
            (Some(Answer::Full), _) => Lack::Full,
            (Some(Answer::Failed(why)), _) => Lack::Failed(why.clone()),
            (_, Known::Suspect) => Lack::Suspect,
            (_, Known::Down) => Lack::Down,
            (None, Known::Full) if last.is_none() => Lack::Full,
            _ => Lack::Silent,
        }
    }
}

#[cfg(test)]
mod tests;
