//! Who leads, as this node knows it; the leader's beats, by which the others hear of entries and of each other; and how the
//! cluster looks from here.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::future::{Either, select};
use std::pin::pin;
use vs_core::{id::NodeId, layout::NodeWish, limit::PAGE_ITEMS_MAX};
use vsd_core::{
    background::{NodePicture, Picture, Shown, State},
    health::{Health, NodeState},
    meta::{LeaderTerm, NodeRecord},
};

use super::{Leads, Node, SILENCE_MAX, millis};
use crate::{
    kernel::lock,
    message::{Reply, Request},
    net::End,
};

/// How often the leader gives a sign of life, and how long one may go unanswered.
const BEAT: Duration = Duration::from_millis(450);
const BEAT_TIMEOUT: Duration = Duration::from_secs(1);
/// Entries that are applied at a time.
const APPLIED_MAX: u64 = 64;

impl Node {
    #[must_use]
    pub fn leads(&self) -> Leads {
        let now = self.kernel().now();
        let standing = self.standing();
        if standing.term.node != self.id {
            let is_heard = standing.heard.is_some_and(|at| now.saturating_sub(at) <= SILENCE_MAX);
            return if is_heard { Leads::Other(standing.term.node) } else { Leads::Nobody };
        }
        let voters = self.world.log.voters();
        let answers = |voter: &&NodeId| {
            **voter == self.id || standing.answered.get(voter).is_some_and(|at| now.saturating_sub(*at) <= SILENCE_MAX)
        };
        if voters.iter().filter(answers).count() > voters.len() / 2 { Leads::Me(standing.term) } else { Leads::Nobody }
    }

    /// The majority has elected it.
    pub(crate) fn elected(self: &Arc<Self>, term: LeaderTerm) {
        let now = self.kernel().now();
        let voters = self.world.log.voters();
        {
            let mut standing = self.standing();
            standing.term = term;
            // they have just voted for it
            standing.answered = voters.into_iter().map(|voter| (voter, now)).collect();
        }
        *lock(&self.health) = Health::lead(millis(now));
        let told = lock(&self.picture).clone();
        *lock(&self.reports) = told.nodes.iter().map(|node| (node.id, (0, *node))).collect();
        self.committed.change(|committed| *committed = self.world.log.committed().max(*committed));
        let node = Arc::clone(self);
        self.world.begin(self.process, async move { node.keep_leading(term).await });
        let node = Arc::clone(self);
        self.world.begin(self.process, async move { node.keep_time(term).await });
        let node = Arc::clone(self);
        self.world.begin(self.process, async move { node.look_after_cluster(term).await });
    }

    /// Entries up to this one are committed, and applied by the leader at once.
    pub(crate) fn catch_up(&self, committed: u64) {
        self.committed.change(|known| *known = committed.max(*known));
        self.apply_to(committed);
    }

    pub(crate) fn beat_now(&self) {
        self.beat.change(|beats| *beats += 1);
    }

    /// Whether this node is the leader of this term as far as it has heard.
    pub(super) fn reigns(&self, term: LeaderTerm) -> bool {
        self.standing().term == term
    }

    async fn keep_leading(self: Arc<Self>, term: LeaderTerm) {
        while self.reigns(term) {
            self.look_at_itself();
            self.draw_as_leader();
            let beats = self.beat.get();
            let committed = self.world.log.committed();
            // what a majority has it knows, as long as it leads
            if self.world.confirms(self.id, term.term) {
                self.committed.change(|known| *known = committed.max(*known));
            }
            let others: Vec<_> = self.others();
            for (other, machine) in others {
                let node = Arc::clone(&self);
                self.world.begin(self.process, async move { node.beat(term, other, machine).await });
            }
            let until = self.kernel().sleep(BEAT);
            let hurry = self.beat.wait_for(move |now| *now != beats);
            if let Either::Left(_) = select(pin!(hurry), pin!(until)).await {
                // several entries that come together are told of together
                self.kernel().sleep(Duration::from_millis(2)).await;
            }
        }
    }

    /// Whoever takes part: voters as long as they are, removed or not.
    fn others(&self) -> Vec<(NodeId, usize)> {
        let (state, voters) = (self.snapshot(), self.world.log.voters());
        let nodes = state.view().nodes(None, PAGE_ITEMS_MAX).unwrap_or_default();
        let takes_part = |node: &NodeRecord| !node.removed || voters.contains(&node.id);
        let others = nodes.into_iter().filter(|node| node.id != self.id && takes_part(node));
        others.filter_map(|node| Some((node.id, crate::machine::machine_at(&node.spec.addr)?))).collect()
    }

    async fn beat(self: Arc<Self>, term: LeaderTerm, other: NodeId, machine: usize) {
        let picture = lock(&self.picture).clone();
        let beat = Request::Beat { term, commit: self.committed.get(), picture };
        let answer = self.world.call(End::Machine(self.machine.at), machine, beat, BEAT_TIMEOUT).await;
        let Ok(Reply::Beat { term: theirs, applied, own }) = answer else { return };
        if own.id != other {
            return;
        }
        let now = self.kernel().now();
        let mut standing = self.standing();
        if theirs > standing.term {
            standing.term = theirs;
            standing.heard = None;
            drop(standing);
            self.say(|| format!("is deposed by {theirs}"));
        } else if standing.term == term {
            standing.answered.insert(other, now);
            drop(standing);
            lock(&self.health).heard(other, millis(now));
            lock(&self.reports).insert(other, (applied, own));
        }
    }

    /// A leader gives a sign of life.
    pub(super) fn hear_leader(&self, term: LeaderTerm, commit: u64, picture: Arc<Picture>) -> Reply {
        let known = {
            let mut standing = self.standing();
            if term >= standing.term {
                standing.term = term;
                standing.heard = Some(self.kernel().now());
                self.committed.change(|known| *known = commit.max(*known));
                *lock(&self.picture) = picture;
            }
            standing.term
        };
        Reply::Beat { term: known, applied: self.applied(), own: self.own_picture() }
    }

    /// Applies what is committed, at its own pace, for ever.
    pub(super) async fn keep_applying(self: Arc<Self>) {
        loop {
            let applied = self.applied();
            self.committed.wait_for(|committed| *committed > applied).await;
            let pace = self.world.shape().apply_pace;
            let wait = lock(&self.dice).duration(Duration::ZERO, pace);
            let stall = self.world.apply_stall(self.machine.at);
            self.kernel().sleep(wait + stall).await;
            let committed = self.committed.get();
            self.apply_to(committed.min(self.applied() + APPLIED_MAX));
        }
    }

    fn apply_to(&self, index: u64) {
        let mut kept = self.machine.kept();
        while kept.replica.applied() < index {
            let next = kept.replica.applied() + 1;
            let Some(entry) = self.world.log.entry(next) else { break };
            kept.replica.apply(&entry);
            let digest = kept.replica.digest();
            crate::invariant::con2::applied(&self.world, self.id, next, digest);
            if next.is_multiple_of(APPLIED_MAX) {
                kept.flushed = kept.replica.clone();
            }
        }
        let applied = kept.replica.applied();
        drop(kept);
        self.applied.change(|known| *known = applied.max(*known));
    }

    fn look_at_itself(&self) {
        let now_ms = millis(self.kernel().now());
        lock(&self.health).stalled(now_ms);
    }

    /// Whether a node is up for this leader, and for how long it has been down.
    pub(super) fn liveness(&self, node: NodeId) -> (NodeState, u64) {
        if node == self.id {
            return (NodeState::Up, 0);
        }
        let now_ms = millis(self.kernel().now());
        let health = lock(&self.health);
        (health.state(node, now_ms), health.down_ms(node, now_ms))
    }

    pub(super) fn hears(&self, node: NodeId) -> bool {
        node == self.id || lock(&self.health).hears(node)
    }

    /// How far the others have applied the log, as they said.
    pub(super) fn far(&self) -> BTreeMap<NodeId, u64> {
        lock(&self.reports).iter().map(|(node, (applied, _))| (*node, *applied)).collect()
    }

    fn draw_as_leader(&self) {
        let now_ms = millis(self.kernel().now());
        let state = self.snapshot();
        let view = state.view();
        let reports = lock(&self.reports).clone();
        let health = lock(&self.health).clone();
        let records = view.nodes(None, PAGE_ITEMS_MAX).unwrap_or_default();
        let nodes = records.into_iter().map(|record| {
            let id = record.id;
            let (own, liveness, heard_ms) = if id == self.id {
                (self.own_picture(), Some(NodeState::Up), Some(0))
            } else {
                let heard_ms = health.heard_ms(id, now_ms);
                // a leader that has just begun judges nobody; of those it never heard it knows nothing
                let state = Some(health.state(id, now_ms));
                let state = state.filter(|state| heard_ms.is_some() || *state != NodeState::Up);
                (reports.get(&id).map_or(NodePicture::of(id), |(_, own)| *own), state, heard_ms)
            };
            let shown = match liveness {
                _ if record.removed => Shown::Out,
                None => Shown::Unknown,
                Some(NodeState::Up) if record.wish != NodeWish::In => Shown::Draining,
                Some(NodeState::Up) => Shown::Up,
                Some(NodeState::Suspect) => Shown::Suspect,
                Some(NodeState::Down) => Shown::Down,
            };
            NodePicture { id, state: shown, heard_ms, ..own }
        });
        let epoch = view.epoch().ok().flatten().unwrap_or_default();
        let picture = Picture { leader: Some(self.id), epoch, nodes: nodes.collect() };
        *lock(&self.picture) = Arc::new(picture);
    }

    /// How this node is, as it tells the others.
    pub(super) fn own_picture(&self) -> NodePicture {
        let store = self.store();
        let (used, total) = store.map_or((0, 0), |store| store.space());
        NodePicture {
            id: self.id,
            state: Shown::Up,
            disk_used_bytes: used,
            disk_total_bytes: total,
            disk_room_bytes: store.and_then(|store| store.room_bytes()),
            damaged: store.map_or(0, |store| store.damaged()),
            dirs_changed: store.map_or(0, |store| store.mark()),
            heard_ms: None,
        }
    }

    /// How the cluster is, as far as this node knows: what the leader told last, and of itself what it knows.
    pub(super) fn current_picture(&self) -> Arc<Picture> {
        let told = lock(&self.picture).clone();
        let (leader, is_told) = match self.leads() {
            Leads::Me(_) => return told,
            Leads::Other(leader) => (Some(leader), true),
            Leads::Nobody => (None, false),
        };
        let mut picture = Picture::clone(&told);
        picture.leader = leader;
        for node in &mut picture.nodes {
            if node.id == self.id {
                let state = if node.state == Shown::Draining { Shown::Draining } else { Shown::Up };
                *node = NodePicture { state, ..self.own_picture() };
            } else if !is_told && node.state != Shown::Out {
                node.state = Shown::Unknown;
            }
        }
        Arc::new(picture)
    }
}
