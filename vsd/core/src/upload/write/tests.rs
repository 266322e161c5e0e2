use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, prelude::*};
use vs_core::{
    id::{AssetId, Epoch},
    layout::LayoutNode,
    limit::STRIPE_PARITY,
    manifest::ChunkRef,
    placement,
};

use super::*;

fn layout(wishes: &[NodeWish]) -> Layout {
    let node = |(id, wish): (u64, &NodeWish)| LayoutNode {
        id: NodeId(id),
        zone: "default".to_owned(),
        weight_milli: 1000,
        wish: *wish,
    };
    let nodes: Vec<_> = (1..).zip(wishes).map(node).collect();
    let slot = (0..u16::try_from(nodes.len().min(5)).expect("few")).collect();
    Layout::new(Epoch(1), nodes, vec![slot]).expect("sound")
}

fn chunk(n: usize) -> ChunkRef {
    ChunkRef { hash: Hash::of(&n.to_le_bytes()), bytes: 7 }
}

fn stripe(data: usize) -> Group {
    Group::stripe(AssetId(1), "v0", 4, (0..data + STRIPE_PARITY).map(chunk).collect(), data)
}

/// What a node does with a PUT, and after what time.
#[derive(Clone, Debug)]
struct Node {
    takes: Duration,
    answer: Option<Answer>,
    /// What is known of it, and from some time on.
    known: Known,
    later: (Duration, Known),
}

impl Node {
    fn known(&self, now: Duration) -> Known {
        if now >= self.later.0 { self.later.1 } else { self.known }
    }

    fn would_answer(&self) -> bool {
        let is_silent = self.known.is_silent() || self.later.1.is_silent();
        let timeout = if is_silent { SILENT_TIMEOUT } else { PUT_TIMEOUT };
        self.answer == Some(Answer::Durable) && self.takes < timeout
    }
}

/// A group, its nodes, and what has become of its PUTs.
struct World {
    layout: Layout,
    nodes: Vec<Node>,
    writing: Writing,
    now: Duration,
    puts: Vec<Put>,
    /// Unanswered PUTs and when the answer comes.
    open: BTreeMap<NodeId, (Duration, usize)>,
    /// The truth: which members each node has said to hold.
    held: BTreeMap<NodeId, BTreeSet<usize>>,
    stored: Option<Duration>,
}

impl World {
    fn new(group: Group, nodes: Vec<Node>, wishes: &[NodeWish]) -> Self {
        let layout = layout(wishes);
        let writing = Writing::new(group, &layout, &layout);
        let (open, held) = (BTreeMap::new(), BTreeMap::new());
        Self { layout, nodes, writing, now: Duration::ZERO, puts: Vec::new(), open, held, stored: None }
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[usize::try_from(id.0).expect("small") - 1]
    }

    /// Until the group has ended.
    fn run(&mut self) -> Result<Step, TestCaseError> {
        for _ in 0..1000 {
            let (nodes, now) = (&self.nodes, self.now);
            let known = |id: NodeId| nodes[usize::try_from(id.0).expect("small") - 1].known(now);
            let Step::Wait { puts, until } = self.writing.next(now, known) else {
                return Ok(self.writing.next(now, known));
            };
            prop_assert!(until > now);
            for put in puts {
                self.begin(put)?;
            }
            let answers = self.open.values().map(|(at, _)| *at);
            let changes = self.nodes.iter().map(|node| node.later.0).filter(|at| *at > now);
            self.now = answers.chain(changes).chain([until]).min().expect("one at least");
            self.answer();
        }
        Err(TestCaseError::fail("it does not end"))
    }

    fn begin(&mut self, put: Put) -> Result<(), TestCaseError> {
        self.puts.push(put);
        let group = self.writing.group();
        let places = self.layout.place(&group.key, group.width);
        if let Some(place) = places.iter().position(|place| *place == put.node) {
            prop_assert_eq!(group.member_at(place), put.member);
            prop_assert_eq!(self.puts.iter().filter(|other| other.node == put.node).count(), 1);
        } else {
            let wish = self.layout.nodes.iter().find(|node| node.id == put.node).map(|node| node.wish);
            prop_assert_eq!((self.node(put.node).known(self.now), wish), (Known::Up, Some(NodeWish::In)));
        }
        prop_assert!(!self.open.contains_key(&put.node), "another member may still be written there");
        let takes = if self.node(put.node).answer.is_some() { self.node(put.node).takes } else { PUT_TIMEOUT * 100 };
        self.open.insert(put.node, (self.now + takes, put.member));
        Ok(())
    }

    fn answer(&mut self) {
        let due: Vec<_> = self.open.iter().filter(|(_, (at, _))| *at <= self.now).map(|(node, _)| *node).collect();
        for node in due {
            let (_, member) = self.open.remove(&node).expect("listed");
            let answer = self.node(node).answer.clone().expect("it answers");
            if answer == Answer::Durable {
                self.held.entry(node).or_default().insert(member);
            }
            self.writing.answered(node, answer, self.now);
            if self.stored.is_none() && self.writing.stored.is_some() {
                self.stored = Some(self.now);
            }
        }
    }

    fn holds(&self, node: NodeId, member: usize) -> bool {
        self.held.get(&node).is_some_and(|held| held.contains(&member))
    }

    /// The record says what is true, and counts a quorum of distinct nodes.
    fn check_stored(&self, displaced: &[Displaced]) -> Result<(), TestCaseError> {
        let group = self.writing.group();
        let places = self.layout.place(&group.key, group.width);
        let (mut holders, mut owed) = (Vec::new(), false);
        for (at, place) in places.iter().enumerate() {
            let member = group.member_at(at);
            let entries: Vec<_> = displaced.iter().filter(|entry| entry.place == *place).collect();
            prop_assert_eq!(entries.len(), usize::from(!self.holds(*place, member)), "exactly what the place lacks");
            let holder = entries.first().map_or(Some(*place), |entry| entry.stand_in);
            prop_assert!(entries.iter().all(|entry| entry.chunk == group.members[member].hash));
            prop_assert!(holder.is_none_or(|holder| self.holds(holder, member)));
            owed |= holder.is_none();
            let somewhere = self.held.keys().any(|node| self.holds(*node, member));
            prop_assert!(holder.is_some() || !somewhere || !group.is_stripe(), "owed but durable");
            holders.extend(holder);
        }
        prop_assert!(displaced.iter().all(|entry| places.contains(&entry.place)));
        let distinct: BTreeSet<_> = holders.iter().collect();
        prop_assert_eq!(distinct.len(), holders.len(), "two members on one node");
        prop_assert!(holders.len() >= group.quorum(self.layout.room()));
        let waited = self.now - self.stored.expect("it is stored");
        prop_assert!(waited <= STRAGGLER_MAX);
        for node in self.others().filter(|_| owed && waited < STRAGGLER_MAX) {
            let asked = self.puts.iter().any(|put| put.node == node);
            prop_assert!(asked || self.node(node).known(self.now) != Known::Up, "{node} could have stood in");
        }
        Ok(())
    }

    /// Nobody who could have made the quorum was left out, and whoever holds nothing is named.
    fn check_failed(&self, shortfall: &Shortfall) -> Result<(), TestCaseError> {
        let group = self.writing.group();
        let places = self.layout.place(&group.key, group.width);
        let up = |node: &NodeId| self.node(*node).known(self.now) == Known::Up;
        let able =
            places.iter().copied().chain(self.others().filter(up)).filter(|node| self.node(*node).would_answer());
        prop_assert!(able.count() < shortfall.need);
        prop_assert_eq!(shortfall.need, group.quorum(self.layout.room()));
        prop_assert!(shortfall.had < shortfall.need);
        let lacked: Vec<_> = shortfall.lacked.iter().map(|(node, _)| *node).collect();
        prop_assert!(places.iter().all(|place| self.held.contains_key(place) != lacked.contains(place)));
        Ok(())
    }

    fn others(&self) -> impl Iterator<Item = NodeId> + '_ {
        let group = self.writing.group();
        let places = self.layout.place(&group.key, group.width);
        let nodes = self.layout.nodes.iter().filter(|node| node.wish == NodeWish::In).map(|node| node.id);
        nodes.filter(move |node| !places.contains(node))
    }
}

fn known() -> impl Strategy<Value = Known> {
    prop_oneof![5 => Just(Known::Up), 1 => Just(Known::Suspect), 1 => Just(Known::Down), 1 => Just(Known::Full)]
}

fn answer() -> impl Strategy<Value = Option<Answer>> {
    let failed = || Answer::Failed("refused".to_owned());
    prop_oneof![
        4 => Just(Some(Answer::Durable)),
        1 => Just(Some(Answer::Full)),
        1 => Just(Some(failed())),
        1 => Just(None),
    ]
}

fn ms(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

fn node() -> impl Strategy<Value = Node> {
    let takes = prop_oneof![3 => ms(1..200), 2 => ms(200..3_000), 1 => ms(3_000..40_000)];
    (takes, answer(), known(), ms(1..40_000), known(), any::<bool>()).prop_map(
        |(takes, answer, known, at, later, changes)| {
            let later = (at, if changes { later } else { known });
            Node { takes, answer, known, later }
        },
    )
}

fn group() -> impl Strategy<Value = Group> {
    prop_oneof![(1u8..=5).prop_map(|copies| Group::replicated(chunk(0), copies)), (1usize..=3).prop_map(stripe)]
}

fn wish() -> impl Strategy<Value = NodeWish> {
    prop_oneof![6 => Just(NodeWish::In), 1 => Just(NodeWish::Draining)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn what_is_on_record_is_true_and_a_quorum_is_found_where_there_is_one(
        group in group(), nodes in vec((node(), wish()), 1..9),
    ) {
        let (nodes, wishes): (Vec<_>, Vec<_>) = nodes.into_iter().unzip();
        let mut world = World::new(group, nodes, &wishes);
        match world.run()? {
            Step::Stored { displaced } => world.check_stored(&displaced)?,
            Step::Failed(shortfall) => world.check_failed(&shortfall)?,
            Step::Wait { .. } => prop_assert!(false, "it had ended"),
        }
    }

    #[test]
    fn when_all_goes_well_every_place_is_sent_one_put(group in group(), takes in vec(ms(1..900), 5..9)) {
        let known = Known::Up;
        let good = |takes: Duration| Node { takes, answer: Some(Answer::Durable), known, later: (takes, known) };
        let wishes = vec![NodeWish::In; takes.len()];
        let mut world = World::new(group, takes.into_iter().map(good).collect(), &wishes);
        prop_assert_eq!(world.run()?, Step::Stored { displaced: vec![] });
        prop_assert_eq!(world.puts.len(), world.writing.group().width);
    }
}

fn up(_: NodeId) -> Known {
    Known::Up
}

#[test]
fn what_a_node_leaves_undone_is_shared_by_all_others() {
    let layout = layout(&[NodeWish::In; 12]);
    let mut stood_in = BTreeMap::<_, u32>::new();
    for n in 0..700 {
        let mut writing = Writing::new(Group::replicated(chunk(n), 3), &layout, &layout);
        let known = |node| if node == NodeId(1) { Known::Down } else { Known::Up };
        let Step::Wait { puts, .. } = writing.next(Duration::ZERO, known) else { panic!("nothing is sent") };
        *stood_in.entry(puts[0].node).or_default() += 1;
    }
    assert_eq!(stood_in.len(), 9, "{stood_in:?}");
    assert!(stood_in.values().all(|times| (50..110).contains(times)), "{stood_in:?}");
}

#[test]
fn a_place_that_answers_late_counts_again() {
    let layout = layout(&[NodeWish::In; 7]);
    let mut writing = Writing::new(stripe(3), &layout, &layout);
    let at = Duration::from_millis;
    let Step::Wait { puts, .. } = writing.next(at(0), up) else { panic!("nothing is sent") };
    assert_eq!(puts.len(), 5);
    for node in 1..=3 {
        writing.answered(NodeId(node), Answer::Durable, at(10));
    }
    writing.answered(NodeId(4), Answer::Full, at(20));
    let Step::Wait { puts, .. } = writing.next(at(20), up) else { panic!("no stand-in") };
    let [Put { node: stand_in, member: 3 }] = puts[..] else { panic!("{puts:?}") };
    writing.answered(stand_in, Answer::Durable, at(30));
    let Step::Wait { puts, until } = writing.next(at(30), up) else { panic!("nobody waits") };
    assert_eq!((puts.len(), until), (0, at(30) + PATIENCE));
    let Step::Wait { puts, .. } = writing.next(until, up) else { panic!("no stand-in") };
    assert_eq!((puts.len(), puts[0].member), (1, 4));
    writing.answered(NodeId(5), Answer::Durable, until);
    let displaced = vec![Displaced { chunk: chunk(3).hash, place: NodeId(4), stand_in: Some(stand_in) }];
    assert_eq!(writing.next(until, up), Step::Stored { displaced });
}

#[test]
fn a_failure_names_the_nodes_it_lacks() {
    let layout = layout(&[NodeWish::In; 4]);
    let mut writing = Writing::new(Group::replicated(chunk(0), 3), &layout, &layout);
    let known = |node| if node == NodeId(4) { Known::Down } else { Known::Up };
    writing.next(Duration::ZERO, known);
    writing.answered(NodeId(2), Answer::Durable, Duration::ZERO);
    writing.answered(NodeId(1), Answer::Failed("n1.lan:7400: connection refused".to_owned()), Duration::ZERO);
    let Step::Wait { until, .. } = writing.next(Duration::ZERO, known) else { panic!("n3 may answer") };
    let Step::Failed(shortfall) = writing.next(until, known) else { panic!("not failed") };
    let failure = Failure::from(shortfall.clone());
    assert_eq!((failure.code, failure.what.as_str()), (Code::NoQuorum, "a chunk is on 1 of 3 nodes (need 2)"));
    assert_eq!(failure.why, ["n1: n1.lan:7400: connection refused", "n3: no answer within 30 s", "n4: down"]);
    let full = Shortfall { lacked: vec![(NodeId(1), Lack::Full), (NodeId(3), Lack::Full)], ..shortfall };
    assert_eq!(Failure::from(full).code, Code::NoSpace);
}

/// Of the three nodes that an upload began with two were replaced meanwhile.
#[test]
fn nodes_that_came_later_stand_in_for_those_that_went() {
    let nodes = |ids: &[u64]| {
        let all = layout(&[NodeWish::In; 6]);
        let nodes = all.nodes.into_iter().filter(|node| ids.contains(&node.id.0)).collect();
        placement::propose(Epoch(1), None, nodes)
    };
    let mut writing = Writing::new(Group::replicated(chunk(0), 3), &nodes(&[1, 2, 3]), &nodes(&[1, 4, 5]));
    let known = |node: NodeId| if [2, 3].contains(&node.0) { Known::Down } else { Known::Up };
    let mut asked = Vec::new();
    loop {
        match writing.next(Duration::ZERO, known) {
            Step::Wait { puts, .. } => {
                let nodes: Vec<_> = puts.iter().map(|put| put.node).collect();
                assert!(!nodes.is_empty(), "nothing is waited for that was answered");
                nodes.iter().for_each(|node| writing.answered(*node, Answer::Durable, Duration::ZERO));
                asked.extend(nodes);
            }
            Step::Stored { displaced } => {
                let stand_ins: BTreeSet<_> = displaced.iter().filter_map(|row| row.stand_in).collect();
                assert_eq!(stand_ins, [NodeId(4), NodeId(5)].into());
                break;
            }
            Step::Failed(shortfall) => panic!("{shortfall:?}"),
        }
    }
    asked.sort_unstable();
    assert_eq!(asked, [1, 4, 5].map(NodeId));
}
