//! Several `vsd serve` that make one cluster, and everything that can be done to them: killed, frozen, cut off from one another,
//! joined by more.
//!
//! Node `i` has the address 127.0.0.(10 + i), and is known to others by the address of a [`Link`] before it. Clients come from
//! another address and go straight to a node, so that a node that is cut off from the others can still be asked.

use std::{net::Ipv4Addr, path::PathBuf};

use nix::sys::signal::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    Begin, Cut, Link, Node, Tools,
    raft_trace::{self, Event, Trace},
    wait_for,
};

/// How long a node is waited for that is asked how the cluster stands: frozen ones do not answer.
const STATUS_TIMEOUT: &str = "2s";
/// How many nodes of a cluster may vote.
const VOTERS: [usize; 3] = [1, 3, 5];
/// What makes a node tell of its Raft log, as [`raft_trace`] reads it.
const TRACED: [&str; 2] = ["log.format=json", "log.level=warn,vsd::raft_trace=trace"];

/// A cluster, which ends with the value.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Node>,
    links: Vec<Link>,
    sets: Vec<String>,
    root: TempDir,
}

fn ip(at: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, 10 + u8::try_from(at).expect("a few nodes"))
}

impl Cluster {
    /// Begins a cluster of so many nodes with these `key=value` settings, and waits until all are ready, vote, and are given data.
    #[must_use]
    pub fn start(nodes: usize, sets: &[&str]) -> Self {
        Self::start_prepared(nodes, sets, |_, _| ())
    }

    /// The same; something is done to each node before it is started.
    #[must_use]
    pub fn start_prepared(nodes: usize, sets: &[&str], prepare: impl Fn(usize, &mut Node)) -> Self {
        let root = TempDir::with_prefix("vs-test-").expect("a temporary folder");
        let sets = sets.iter().chain(&TRACED).map(|set| (*set).to_owned()).collect();
        let mut cluster = Self { nodes: Vec::new(), links: Vec::new(), sets, root };
        (0..nodes).for_each(|_| cluster.begin_node(&prepare));
        cluster.await_whole();
        cluster.await_given(&(0..nodes).collect::<Vec<_>>());
        cluster
    }

    /// Starts one more node, which joins, and waits until it is given data.
    pub fn add(&mut self) -> usize {
        self.add_prepared(|_, _| ())
    }

    /// The same; something is done to it before it is started.
    pub fn add_prepared(&mut self, prepare: impl Fn(usize, &mut Node)) -> usize {
        self.begin_node(&prepare);
        let at = self.size() - 1;
        self.await_given(&[at]);
        at
    }

    fn begin_node(&mut self, prepare: &impl Fn(usize, &mut Node)) {
        let (at, link) = (self.size(), Link::new());
        let begin = if at == 0 { Begin::Bootstrap } else { Begin::Join(self.links[0].addr().to_owned()) };
        let advertise = format!("node.advertise={}", link.addr());
        let sets: Vec<_> = self.sets.iter().chain([&advertise]).map(String::as_str).collect();
        let mut node = Node::new(self.root.path().join(format!("n{}", at + 1)), begin, &sets);
        prepare(at, &mut node);
        node.start_at(ip(at), |addr| link.aim(addr));
        self.nodes.push(node);
        self.links.push(link);
    }

    /// Waits until these nodes are in the layout.
    fn await_given(&self, nodes: &[usize]) {
        wait_for("the nodes to be given data", || {
            let listed = self.listed(self.first_started())?;
            let is_given = |at: &&usize| {
                let is_meant = |node: &&Value| node["addr"] == self.advertised(**at);
                listed.iter().filter(is_meant).any(|node| node["weight"].as_f64().is_some_and(|weight| weight > 0.0))
            };
            (nodes.iter().filter(is_given).count() == nodes.len()).then_some(())
        });
    }

    fn first_started(&self) -> usize {
        self.nodes.iter().position(Node::is_started).expect("a node runs")
    }

    #[must_use]
    pub fn node(&self, at: usize) -> &Node {
        &self.nodes[at]
    }

    pub fn node_mut(&mut self, at: usize) -> &mut Node {
        &mut self.nodes[at]
    }

    /// How many nodes there are, whatever became of them.
    #[must_use]
    pub fn size(&self) -> usize {
        self.nodes.len()
    }

    /// All nodes but this one.
    #[must_use]
    pub fn others(&self, but: usize) -> Vec<usize> {
        (0..self.size()).filter(|at| *at != but).collect()
    }

    /// The programs, set up to talk to this node alone.
    #[must_use]
    pub fn tools(&self, at: usize) -> &Tools {
        self.nodes[at].tools()
    }

    /// The programs, set up to talk to whichever node answers.
    #[must_use]
    pub fn tools_anywhere(&self) -> Tools {
        self.tools(0).at(&self.endpoints().join(","))
    }

    /// Where each node listens.
    #[must_use]
    pub fn endpoints(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.addr().to_owned()).collect()
    }

    /// Where other nodes, and all who read the cluster's list of nodes, reach this one.
    #[must_use]
    pub fn advertised(&self, at: usize) -> &str {
        self.links[at].addr()
    }

    /// The name that the cluster gave this node, when it is known to the node `asked`.
    #[must_use]
    pub fn id(&self, at: usize, asked: usize) -> Option<String> {
        let listed = self.listed(asked)?;
        let is_meant = |node: &&Value| node["addr"] == self.advertised(at) && node["state"] != "out";
        Some(listed.iter().rfind(is_meant)?["id"].as_str()?.to_owned())
    }

    /// A folder for the files of the test.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.nodes[0].work()
    }

    /// How the cluster stands for all that this node knows.
    #[must_use]
    pub fn status(&self, at: usize) -> Option<Value> {
        let said = self.tools(at).vsctl(&["cluster", "status", "--stale", "--timeout", STATUS_TIMEOUT, "-o", "json"]);
        (said.code == 0).then(|| said.json())
    }

    /// The nodes of the cluster for all that this one knows, as `vsctl node ls` lists them.
    #[must_use]
    pub fn listed(&self, at: usize) -> Option<Vec<Value>> {
        let said = self.tools(at).vsctl(&["node", "ls", "--stale", "-o", "json"]);
        (said.code == 0).then(|| said.json()["items"].as_array().expect("a list").clone())
    }

    /// The node that leads the highest term of which any node knows the leader.
    #[must_use]
    pub fn leader(&self) -> Option<usize> {
        let asked: Vec<_> = (0..self.size()).filter(|at| self.nodes[*at].is_started()).collect();
        let told: Vec<_> = std::thread::scope(|scope| {
            let asking: Vec<_> = asked.iter().map(|at| scope.spawn(|| self.status(*at))).collect();
            asking.into_iter().filter_map(|status| status.join().expect("no panic")).collect()
        });
        let leads = |status: &Value| Some((status["term"].as_u64()?, self.leader_of(status)?));
        let (_, leader) = told.iter().filter_map(leads).max()?;
        self.nodes[leader].is_started().then_some(leader)
    }

    fn leader_of(&self, status: &Value) -> Option<usize> {
        let leader = status["leader"].as_str()?;
        let member = status["members"].as_array()?.iter().find(|member| member["id"] == leader)?;
        self.links.iter().position(|link| member["addr"] == link.addr())
    }

    /// Waits until a node that runs leads.
    #[must_use]
    pub fn await_leader(&self) -> usize {
        wait_for("a leader", || self.leader())
    }

    /// Waits until one of these nodes leads.
    #[must_use]
    pub fn await_leader_among(&self, nodes: &[usize]) -> usize {
        wait_for("a leader among these", || self.leader().filter(|leader| nodes.contains(leader)))
    }

    /// Waits until as many nodes vote as may, and every one that does leads or follows, for all that each of them knows.
    pub fn await_whole(&self) {
        let may_vote = self.nodes.iter().filter(|node| node.keeps_metadata()).count();
        let voters = VOTERS.into_iter().rfind(|voters| *voters <= may_vote).unwrap_or(0);
        for at in 0..self.size() {
            wait_for("the cluster to be whole", || {
                let status = self.status(at)?;
                let takes_part = |member: &&Value| matches!(member["state"].as_str(), Some("leader" | "follower"));
                let part = status["members"].as_array()?.iter().filter(takes_part).count();
                (status["voters"] == voters && part == voters && !status["leader"].is_null()).then_some(())
            });
        }
    }

    /// Ends a node as a power cut would.
    pub fn kill(&mut self, at: usize) {
        self.nodes[at].kill();
    }

    /// Asks a node to stop, and gives the exit status with which it did.
    pub fn terminate(&mut self, at: usize) -> i32 {
        self.nodes[at].stop(Signal::SIGTERM)
    }

    /// Starts a node again that was killed or stopped, and waits until it is ready.
    pub fn restart(&mut self, at: usize) {
        self.nodes[at].restart();
    }

    /// Takes a node's whole directory away and starts it again: it joins by way of another one.
    pub fn replace(&mut self, at: usize) {
        let other = self.others(at)[0];
        let join = Begin::Join(self.advertised(other).to_owned());
        self.nodes[at].wipe();
        self.nodes[at].begins(join);
        self.nodes[at].restart();
    }

    /// Stops a node without ending it: it holds what it holds, and answers nobody.
    pub fn freeze(&self, at: usize) {
        self.nodes[at].signal(Signal::SIGSTOP);
    }

    pub fn thaw(&self, at: usize) {
        self.nodes[at].signal(Signal::SIGCONT);
    }

    /// Cuts a node off from all others.
    pub fn isolate(&self, at: usize, how: Cut) {
        self.partition(&[at], &self.others(at), how);
    }

    /// Cuts these nodes off from those, both ways.
    pub fn partition(&self, these: &[usize], those: &[usize], how: Cut) {
        for (this, that) in these.iter().flat_map(|this| those.iter().map(move |that| (*this, *that))) {
            self.links[this].cut(ip(that).into(), how);
            self.links[that].cut(ip(this).into(), how);
        }
    }

    /// Lets everybody through again.
    pub fn heal(&self) {
        self.links.iter().for_each(Link::mend);
    }

    /// What all nodes told of their Raft logs so far.
    ///
    /// # Panics
    /// When they told what nobody understands.
    #[must_use]
    pub fn traces(&self) -> Vec<Trace> {
        let read = |(at, node): (usize, &Node)| {
            raft_trace::read(&format!("node {at}"), &node.log()).unwrap_or_else(|why| panic!("{why}"))
        };
        self.nodes.iter().enumerate().flat_map(read).collect()
    }

    /// How often another node than before became the leader.
    #[must_use]
    pub fn leader_changes(&self) -> usize {
        raft_trace::leader_changes(&self.traces())
    }

    /// Requires that no node died by itself, and that Raft's five safety properties held all the time.
    #[track_caller]
    pub fn assert_raft_safety(&mut self) {
        self.nodes.iter_mut().filter(|node| node.is_started()).for_each(Node::assert_alive);
        let traces = self.traces();
        let count =
            |is: fn(&Event) -> bool| traces.iter().flat_map(|trace| &trace.events).filter(|event| is(event)).count();
        let told = [
            count(|event| matches!(event, Event::Lead { .. })),
            count(|event| matches!(event, Event::Append { .. })),
            count(|event| matches!(event, Event::Apply { .. })),
        ];
        assert!(
            told.iter().all(|count| *count > 0),
            "the nodes told of {told:?} elections, entries written and applied"
        );
        let violations = raft_trace::violations(&traces);
        assert!(violations.is_empty(), "{violations:#?}");
    }

    /// Requires that all members have the same state, as `vsctl` finds it.
    #[track_caller]
    pub fn assert_replicas_agree(&self) {
        let _ = self.tools_anywhere().vsctl(&["cluster", "verify"]).ok();
    }
}
