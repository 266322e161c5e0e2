//! A small cluster in steps of a millisecond, in which nodes do nothing but elect.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

const TIMING: Timing = Timing { min_ms: 500, max_ms: 1_000 };
const HEARTBEAT_MS: u64 = 100;
const DELAY_MS_MAX: u64 = 30;
/// Attempts of a cluster until it has a leader, and the time that takes, in the worst of all runs.
const ATTEMPTS_MAX: usize = 10;
const ELECTED_WITHIN_MS: u64 = 4 * TIMING.max_ms;

/// Term and index.
type LastEntry = (u64, u64);

#[derive(Clone, Debug)]
enum Message {
    Poll(LastEntry),
    WouldVote,
    Vote(u64, LastEntry),
    Voted(u64),
    Heartbeat(u64),
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Follower,
    Polls(BTreeSet<usize>),
    Candidate(BTreeSet<usize>),
    Leader,
}

struct Node {
    part: Part,
    term: u64,
    voted: bool,
    log: LastEntry,
    election: Election,
    is_cut_off: bool,
}

struct Cluster {
    nodes: Vec<Node>,
    now_ms: u64,
    random: u64,
    /// By the time of arrival.
    messages: BTreeMap<(u64, u64), (usize, usize, Message)>,
    sent: u64,
    polls: usize,
    leaders: BTreeMap<u64, usize>,
}

impl Cluster {
    fn new(count: usize, seed: u64) -> Self {
        let mut cluster = Self {
            nodes: vec![],
            now_ms: 0,
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            messages: BTreeMap::new(),
            sent: 0,
            polls: 0,
            leaders: BTreeMap::new(),
        };
        for _ in 0..count {
            let election = Election::new(TIMING, 0, cluster.draw());
            let node = Node { part: Part::Follower, term: 0, voted: false, log: (0, 0), election, is_cut_off: false };
            cluster.nodes.push(node);
        }
        cluster
    }

    fn draw(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random >> 8
    }

    fn send(&mut self, from: usize, to: usize, message: Message) {
        self.sent += 1;
        let arrives_ms = self.now_ms + 1 + self.draw() % DELAY_MS_MAX;
        self.messages.insert((arrives_ms, self.sent), (from, to, message));
    }

    fn send_all(&mut self, from: usize, message: &Message) {
        (0..self.nodes.len()).filter(|&to| to != from).for_each(|to| self.send(from, to, message.clone()));
    }

    fn is_majority(&self, votes: usize) -> bool {
        2 * votes > self.nodes.len()
    }

    fn step(&mut self) {
        self.now_ms += 1;
        while let Some(arrived) = self.messages.first_entry().filter(|first| first.key().0 <= self.now_ms) {
            let (from, to, message) = arrived.remove();
            if !self.nodes[from].is_cut_off && !self.nodes[to].is_cut_off {
                self.receive(from, to, message);
            }
        }
        for at in 0..self.nodes.len() {
            let (random, node) = (self.draw(), &mut self.nodes[at]);
            if node.part == Part::Leader {
                if self.now_ms.is_multiple_of(HEARTBEAT_MS) {
                    let message = Message::Heartbeat(node.term);
                    self.send_all(at, &message);
                }
            } else if node.election.is_due(self.now_ms) {
                node.election.tried(self.now_ms, random);
                node.part = Part::Polls(BTreeSet::from([at]));
                let message = Message::Poll(node.log);
                self.polls += usize::from(!node.is_cut_off);
                self.send_all(at, &message);
            }
        }
    }

    fn receive(&mut self, from: usize, to: usize, message: Message) {
        let (now_ms, random) = (self.now_ms, self.draw());
        let node = &mut self.nodes[to];
        match message {
            Message::Poll(log) => {
                if node.part != Part::Leader && node.election.would_vote(now_ms, node.log, log) {
                    self.send(to, from, Message::WouldVote);
                }
            }
            Message::WouldVote => {
                let Part::Polls(votes) = &mut node.part else { return };
                votes.insert(from);
                let votes = votes.len();
                if self.is_majority(votes) {
                    self.stand(to);
                }
            }
            Message::Vote(term, log) => {
                if term > node.term {
                    (node.term, node.voted, node.part) = (term, false, Part::Follower);
                }
                if term == node.term && !node.voted && log >= node.log {
                    node.voted = true;
                    node.election.heard(now_ms, random);
                    self.send(to, from, Message::Voted(term));
                }
            }
            Message::Voted(term) => {
                let Part::Candidate(votes) = &mut node.part else { return };
                if term == node.term {
                    votes.insert(from);
                }
                let votes = votes.len();
                if self.is_majority(votes) {
                    self.lead(to);
                }
            }
            Message::Heartbeat(term) => {
                if term >= node.term {
                    node.voted &= term == node.term;
                    (node.term, node.part) = (term, Part::Follower);
                    node.election.heard(now_ms, random);
                }
            }
        }
    }

    fn stand(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        (node.term, node.voted, node.part) = (node.term + 1, true, Part::Candidate(BTreeSet::from([at])));
        let message = Message::Vote(node.term, node.log);
        self.send_all(at, &message);
    }

    fn lead(&mut self, at: usize) {
        let term = self.nodes[at].term;
        self.nodes[at].part = Part::Leader;
        assert_eq!(self.leaders.insert(term, at), None, "term {term} has one leader");
        self.send_all(at, &Message::Heartbeat(term));
    }

    fn leader(&self) -> Option<(u64, usize)> {
        let (&term, &at) = self.leaders.last_key_value()?;
        (self.nodes[at].part == Part::Leader && !self.nodes[at].is_cut_off).then_some((term, at))
    }

    fn run_ms(&mut self, ms: u64) {
        (0..ms).for_each(|_| self.step());
    }

    /// Runs until there is a leader; answers who, and after how many attempts.
    fn elect(&mut self) -> (u64, usize, usize) {
        let (from_ms, polls) = (self.now_ms, self.polls);
        loop {
            if let Some((term, at)) = self.leader() {
                assert!(self.polls - polls <= ATTEMPTS_MAX, "{} attempts", self.polls - polls);
                return (term, at, self.polls - polls);
            }
            assert!(self.now_ms - from_ms < ELECTED_WITHIN_MS, "nobody leads");
            self.step();
        }
    }
}

fn runs() -> impl Iterator<Item = Cluster> {
    [3, 5].into_iter().flat_map(|count| (0..300).map(move |seed| Cluster::new(count, seed)))
}

#[test]
fn a_dead_leader_is_soon_replaced_and_split_votes_do_not_repeat() {
    let (mut elections, mut attempts) = (0, 0);
    for mut cluster in runs() {
        cluster.elect();
        for _ in 0..4 {
            cluster.run_ms(TIMING.max_ms);
            let (term, old) = cluster.leader().expect("nothing has happened to it");
            cluster.nodes[old].is_cut_off = true;
            let (new_term, new, tried) = cluster.elect();
            assert!(new_term > term && new != old);
            (elections, attempts) = (elections + 1, attempts + tried);
            cluster.run_ms(TIMING.max_ms);
            cluster.nodes[old].is_cut_off = false;
        }
    }
    assert!(attempts < 2 * elections, "{attempts} attempts for {elections} elections");
}

#[test]
fn a_node_that_was_cut_off_or_restarts_deposes_nobody() {
    for mut cluster in runs() {
        let (term, leader, _) = cluster.elect();
        let other = (leader + 1) % cluster.nodes.len();
        cluster.run_ms(TIMING.max_ms);
        cluster.nodes[other].is_cut_off = true;
        cluster.run_ms(10 * TIMING.max_ms);
        cluster.nodes[other].is_cut_off = false;
        cluster.run_ms(2 * TIMING.max_ms);
        let random = cluster.draw();
        cluster.nodes[other].election = Election::new(TIMING, cluster.now_ms, random);
        cluster.run_ms(2 * TIMING.max_ms);
        assert_eq!(cluster.leader(), Some((term, leader)));
        assert_eq!(cluster.nodes[other].term, term, "it did not raise the term");
    }
}

#[test]
fn a_node_whose_log_is_behind_never_leads() {
    for mut cluster in runs() {
        (1..cluster.nodes.len()).for_each(|at| cluster.nodes[at].log = (0, 7));
        for _ in 0..3 {
            let (_, old, _) = cluster.elect();
            cluster.run_ms(TIMING.max_ms);
            cluster.nodes[old].is_cut_off = true;
            let (_, new, _) = cluster.elect();
            assert!(![old, new].contains(&0));
            cluster.run_ms(TIMING.max_ms);
            cluster.nodes[old].is_cut_off = false;
        }
    }
}
