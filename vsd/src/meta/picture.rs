//! How the cluster is: who leads, how far everybody is, and which nodes are up.
//!
//! Every node tells the leader once a second how it is and is answered with how the cluster is, so each can show all of
//! it out of its own memory, to any number of watchers, and without a quorum shows what it saw last and how old that is.
//! Nothing here is agreed on, and nothing that must be right depends on it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, Instant},
};

use tokio::sync::watch;
use vs_core::{
    id::{Epoch, NodeId},
    layout::NodeWish,
    limit::PAGE_ITEMS_MAX,
};
use vs_wire::v1;
use vsd_core::{
    background,
    health::{Health, NodeState},
    meta::{NodeRecord, TableError, View},
};

use super::{
    peers::{Peers, lock},
    roll_call::state_name,
    standing::{Leads, Metrics, SILENCE_MAX, Standing},
    state::StateStore,
};
use crate::run::wall_ms;

/// How often a node tells the leader how it is.
const REPORT: Duration = Duration::from_secs(1);
/// How long the leader may take to answer that.
const REPORT_TIMEOUT: Duration = Duration::from_secs(1);
/// How often the picture is drawn: watchers hear of a change within this.
const DRAW: Duration = Duration::from_millis(200);
/// A picture older than this says nothing about other nodes any more.
const FRESH: Duration = Duration::from_secs(3);

/// What a node says of its disks; the rest of a [`v1::NodeInfo`] is known to the cluster.
pub(crate) type Own = Box<dyn Fn() -> v1::NodeInfo + Send + Sync>;

/// Clones share it.
#[derive(Clone)]
pub(super) struct Picture(Arc<Inner>);

struct Inner {
    standing: Standing,
    peers: Peers,
    state: StateStore,
    own: OnceLock<Own>,
    /// On the leader: what the others told.
    reports: Mutex<HashMap<NodeId, v1::HeartbeatRequest>>,
    health: Mutex<Health>,
    /// On the others: what the leader told, and when.
    told: Mutex<Option<(Instant, v1::ClusterState)>>,
    drawn: watch::Sender<Arc<v1::ClusterState>>,
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Picture {
    pub(super) fn new(standing: Standing, peers: Peers, state: StateStore) -> Self {
        Self(Arc::new(Inner {
            standing,
            peers,
            state,
            own: OnceLock::new(),
            reports: Mutex::default(),
            health: Mutex::new(Health::lead(0)),
            told: Mutex::default(),
            drawn: watch::Sender::default(),
        }))
    }

    /// From now on the others hear of this node's disks.
    pub(super) fn tell_of(&self, own: Own) {
        let _ = self.0.own.set(own);
    }

    /// The picture as it is now.
    pub(super) fn current(&self) -> v1::ClusterState {
        self.draw().unwrap_or_default()
    }

    pub(super) fn watch(&self) -> watch::Receiver<Arc<v1::ClusterState>> {
        self.0.drawn.subscribe()
    }

    /// A node told the leader how it is.
    pub(super) fn report(&self, from: NodeId, report: v1::HeartbeatRequest) {
        lock(&self.0.health).heard(from, self.0.standing.now_ms());
        lock(&self.0.reports).insert(from, report);
    }

    /// Whether this leader hears the node: one that has just begun, or stood still, takes every node for up.
    pub(super) fn hears(&self, node: NodeId) -> bool {
        node == self.0.standing.node() || lock(&self.0.health).hears(node)
    }

    /// Whether a node is up, and for how long it has been down.
    pub(super) fn liveness(&self, node: NodeId) -> (NodeState, u64) {
        let now_ms = self.0.standing.now_ms();
        if node == self.0.standing.node() {
            return (NodeState::Up, 0);
        }
        let health = lock(&self.0.health);
        (health.state(node, now_ms), health.down_ms(node, now_ms))
    }

    /// Draws and tells, for ever.
    pub(super) async fn run(self) {
        tokio::join!(self.keep_drawing(), self.keep_telling());
    }

    async fn keep_drawing(&self) {
        let mut metrics = self.0.standing.watch();
        let mut led = None;
        loop {
            let leads = self.0.standing.leads() == Leads::Me;
            let term = leads.then(|| self.0.standing.metrics().current_term);
            let now_ms = self.0.standing.now_ms();
            if term.is_some() && term != led {
                *lock(&self.0.health) = Health::lead(now_ms);
                *lock(&self.0.reports) = self.inherited();
            }
            led = term;
            lock(&self.0.health).stalled(now_ms);
            match self.draw() {
                Ok(drawn) => {
                    let before = self.0.drawn.send_replace(Arc::new(drawn));
                    if leads {
                        say_changes(&before, &self.0.drawn.borrow());
                    }
                }
                Err(error) => tracing::error!(%error, "the picture of the cluster cannot be drawn"),
            }
            tokio::time::sleep(DRAW).await;
            metrics.mark_unchanged();
        }
    }

    /// What the leader before told: what a new one knows of the others before they report to it.
    fn inherited(&self) -> HashMap<NodeId, v1::HeartbeatRequest> {
        let told = lock(&self.0.told).take().map(|(_, state)| state).unwrap_or_default();
        let member = |id| told.members.iter().find(|member| member.id == id).cloned();
        let report = |node: &v1::NodeInfo| {
            (NodeId(node.id), v1::HeartbeatRequest { member: member(node.id), node: Some(node.clone()) })
        };
        told.nodes.iter().map(report).collect()
    }

    async fn keep_telling(&self) {
        loop {
            if let Leads::Other(leader) = self.0.standing.leads() {
                let report = self.own_report();
                let asked = self
                    .0
                    .peers
                    .ask(leader, REPORT_TIMEOUT, report, |mut to, request| async move { to.heartbeat(request).await });
                match asked.await {
                    Ok(v1::HeartbeatResponse { state: Some(state) }) => {
                        *lock(&self.0.told) = Some((Instant::now(), state));
                    }
                    Ok(_) => {}
                    Err(error) => tracing::debug!(%leader, %error, "the leader did not hear how this node is"),
                }
            }
            let leads = self.0.standing.leads();
            tokio::select! {
                () = tokio::time::sleep(REPORT) => {}
                () = self.0.standing.until_deposed(leads) => {}
            }
        }
    }

    fn own_report(&self) -> v1::HeartbeatRequest {
        let metrics = self.0.standing.metrics();
        v1::HeartbeatRequest { member: Some(self.own_member(&metrics)), node: Some(self.own_node()) }
    }

    fn own_node(&self) -> v1::NodeInfo {
        self.0.own.get().map(|own| own()).unwrap_or_default()
    }

    fn own_member(&self, metrics: &Metrics) -> v1::Member {
        let node = self.0.standing.node();
        v1::Member {
            id: node.0,
            addr: self.0.peers.addr(node).unwrap_or_default(),
            state: state_name(metrics.state).to_owned(),
            term: metrics.current_term,
            last: metrics.last_log_index.unwrap_or(0),
            commit: self.0.standing.committed(),
            applied: metrics.last_applied.map_or(0, |id| id.index),
            heartbeat_ms: None,
            voter: metrics.membership_config.membership().voter_ids().any(|voter| voter == node.0),
            ..v1::Member::default()
        }
    }

    fn draw(&self) -> Result<v1::ClusterState, TableError> {
        let metrics = self.0.standing.metrics();
        let leads = self.0.standing.leads();
        let mut state = match leads {
            Leads::Me => self.as_leader(&metrics)?,
            Leads::Other(_) | Leads::Nobody => self.as_told(&metrics)?,
        };
        let membership = metrics.membership_config.membership();
        let elected = self.0.standing.elected();
        state.leader = match leads {
            Leads::Me => Some(self.0.standing.node().0),
            Leads::Other(leader) => Some(leader.0),
            Leads::Nobody => None,
        };
        state.term = metrics.current_term;
        state.voters = u32::try_from(membership.voter_ids().count()).unwrap_or(u32::MAX);
        state.quorum = state.voters / 2 + 1;
        state.at_ms = wall_ms();
        state.elections = elected.count;
        if let (Leads::Me, Some(last)) | (Leads::Other(_), Some(last)) = (leads, elected.last) {
            state.last_election_ms = state.last_election_ms.or(Some(millis(last.elapsed())));
        }
        for node in &mut state.nodes {
            node.leader = state.leader == Some(node.id);
            node.voter = membership.voter_ids().any(|voter| voter == node.id);
        }
        Ok(state)
    }

    fn as_leader(&self, metrics: &Metrics) -> Result<v1::ClusterState, TableError> {
        let read = self.0.state.read();
        let view = read.view();
        let own = self.own_member(metrics);
        let replication = metrics.replication.clone().unwrap_or_default();
        let membership = metrics.membership_config.membership();
        let reports = lock(&self.0.reports).clone();
        let mut members = Vec::new();
        for (id, _) in membership.nodes() {
            let node = NodeId(*id);
            if node == self.0.standing.node() {
                members.push(v1::Member { heartbeat_ms: Some(0), r#match: own.last, ..own.clone() });
                continue;
            }
            let mut member = reports.get(&node).and_then(|report| report.member.clone()).unwrap_or_default();
            member.id = *id;
            member.addr = self.0.peers.addr(node).unwrap_or_default();
            member.voter = membership.voter_ids().any(|voter| voter == *id);
            member.r#match = replication.get(id).copied().flatten().map_or(0, |id| id.index);
            member.lag = own.last.saturating_sub(member.r#match);
            member.heartbeat_ms = self.0.peers.answered(node).map(|at| millis(at.elapsed()));
            // one that is known to be silent is not shown as taking part
            let is_down = self.liveness(node).0 == NodeState::Down || self.0.peers.silence(node) > SILENCE_MAX;
            member.state = match (is_down, member.voter) {
                (true, _) => "down",
                (false, true) if member.state == "candidate" => "candidate",
                (false, true) => "follower",
                (false, false) => "learner",
            }
            .to_owned();
            members.push(member);
        }
        let nodes = nodes(&view, |node| {
            let live = reports.get(&node).and_then(|report| report.node.clone());
            if node == self.0.standing.node() {
                return (self.own_node(), Some(NodeState::Up), Some(0));
            }
            let now_ms = self.0.standing.now_ms();
            let health = lock(&self.0.health);
            let heard_ms = health.heard_ms(node, now_ms);
            // a leader that has just begun judges nobody; of those it never heard it knows nothing
            let state = health.state(node, now_ms);
            let state = Some(state).filter(|state| heard_ms.is_some() || *state != NodeState::Up);
            (live.unwrap_or_default(), state, heard_ms)
        })?;
        let epoch = view.epoch()?.map_or(0, |epoch| epoch.0);
        Ok(v1::ClusterState { members, nodes, epoch, ..v1::ClusterState::default() })
    }

    /// What the leader told last, and of this node what it knows itself.
    fn as_told(&self, metrics: &Metrics) -> Result<v1::ClusterState, TableError> {
        let told = lock(&self.0.told).clone();
        let (age, mut state) = match told {
            Some((at, state)) => (at.elapsed(), state),
            None => (Duration::MAX, self.as_remembered(metrics)?),
        };
        state.age_ms = Some(millis(age)).filter(|_| age < Duration::MAX);
        state.last_election_ms = None;
        if age > FRESH {
            state.members.iter_mut().for_each(|member| {
                "unknown".clone_into(&mut member.state);
                member.heartbeat_ms = None;
            });
            let others = state.nodes.iter_mut().filter(|node| node.state != "out");
            others.for_each(|node| "unknown".clone_into(&mut node.state));
        }
        let me = self.0.standing.node().0;
        if let Some(member) = state.members.iter_mut().find(|member| member.id == me) {
            let own = self.own_member(metrics);
            *member = v1::Member {
                r#match: member.r#match,
                lag: member.lag,
                heartbeat_ms: member.heartbeat_ms,
                voter: member.voter,
                ..own
            };
        }
        if let Some(node) = state.nodes.iter_mut().find(|node| node.id == me) {
            let own = self.own_node();
            if node.state != DRAINING {
                "up".clone_into(&mut node.state);
            }
            (node.chunks, node.chunk_bytes) = (own.chunks, own.chunk_bytes);
            (node.disk_used_bytes, node.disk_total_bytes) = (own.disk_used_bytes, own.disk_total_bytes);
            node.disk_room_bytes = own.disk_room_bytes;
            (node.damaged, node.dirs_changed) = (own.damaged, own.dirs_changed);
        }
        Ok(state)
    }

    /// Before any leader told anything: what the log says of the members.
    fn as_remembered(&self, metrics: &Metrics) -> Result<v1::ClusterState, TableError> {
        let read = self.0.state.read();
        let view = read.view();
        let membership = metrics.membership_config.membership();
        let member = |(id, node): (&u64, &openraft::BasicNode)| v1::Member {
            id: *id,
            addr: self.0.peers.addr(NodeId(*id)).unwrap_or_else(|| node.addr.clone()),
            voter: membership.voter_ids().any(|voter| voter == *id),
            ..v1::Member::default()
        };
        let nodes = nodes(&view, |_| (v1::NodeInfo::default(), None, None))?;
        let epoch = view.epoch()?.map_or(0, |epoch| epoch.0);
        let members = membership.nodes().map(member).collect();
        Ok(v1::ClusterState { members, nodes, epoch, ..v1::ClusterState::default() })
    }
}

/// Tells the log which nodes come and go.
fn say_changes(before: &v1::ClusterState, now: &v1::ClusterState) {
    for node in &now.nodes {
        let was = before.nodes.iter().find(|other| other.id == node.id).map_or("up", |other| other.state.as_str());
        let (id, now) = (NodeId(node.id), node.state.as_str());
        match now {
            _ if was == now || was == "unknown" => {}
            "down" | "suspect" => tracing::warn!(node = %id, "the node is {now}"),
            _ => tracing::info!(node = %id, "the node is {now}"),
        }
    }
}

/// What decisions need of a picture.
pub(super) fn plain(drawn: &v1::ClusterState) -> background::Picture {
    let node = |info: &v1::NodeInfo| background::NodePicture {
        id: NodeId(info.id),
        state: background::Shown::named(&info.state),
        disk_used_bytes: info.disk_used_bytes,
        disk_total_bytes: info.disk_total_bytes,
        disk_room_bytes: info.disk_room_bytes,
        damaged: info.damaged,
        dirs_changed: info.dirs_changed,
        heard_ms: info.heard_ms,
    };
    background::Picture {
        leader: drawn.leader.map(NodeId),
        epoch: Epoch(drawn.epoch),
        nodes: drawn.nodes.iter().map(node).collect(),
    }
}

/// Up, and to be emptied.
const DRAINING: &str = "draining";

fn name(state: NodeState) -> &'static str {
    match state {
        NodeState::Up => "up",
        NodeState::Suspect => "suspect",
        NodeState::Down => "down",
    }
}

/// Every node that is registered, with what is known of how it is.
fn nodes(
    view: &View<'_>,
    live: impl Fn(NodeId) -> (v1::NodeInfo, Option<NodeState>, Option<u64>),
) -> Result<Vec<v1::NodeInfo>, TableError> {
    let layout = view.current_layout()?;
    let records = view.nodes(None, PAGE_ITEMS_MAX)?;
    let node = |record: NodeRecord| {
        let (live, liveness, heard_ms) = live(record.id);
        let placed = layout.as_ref().and_then(|layout| layout.nodes.iter().find(|node| node.id == record.id));
        let weight_milli = placed.map_or(0, |node| node.weight_milli);
        let state = liveness.map(name).unwrap_or_default().to_owned();
        node_info(&record, v1::NodeInfo { state, leader: false, weight_milli, heard_ms, voter: false, ..live })
    };
    Ok(records.into_iter().map(node).collect())
}

/// A node as it is registered; the rest as `live` has it.
pub(crate) fn node_info(record: &NodeRecord, live: v1::NodeInfo) -> v1::NodeInfo {
    let state = match record.removed {
        true => "out",
        false if live.state.is_empty() => "unknown",
        false if live.state == "up" && record.wish != NodeWish::In => DRAINING,
        false => &live.state,
    };
    v1::NodeInfo {
        id: record.id.0,
        addr: record.spec.addr.clone(),
        roles: record.spec.roles.iter().map(|role| role.as_str().to_owned()).collect(),
        zone: record.zone().to_owned(),
        state: state.to_owned(),
        version: record.spec.version.clone(),
        joined_at_ms: record.joined_ms,
        ..live
    }
}
