//! Who should vote (DESIGN §5): one, three or five of the nodes that keep the metadata; the others learn.
//!
//! Invariants:
//! - One change at a time, and none without a quorum of running voters both before and after it.
//! - Nodes that are merely down are replaced when others are ready, but never make the voters fewer. Removed ones do,
//!   when nobody is ready to replace them.
//! - A voter is replaced by adding first: between the two changes there is one voter more, never one fewer.

use std::{cmp::Reverse, collections::BTreeSet};

use vs_core::id::NodeId;

/// How many voters there may be.
const VOTERS: [usize; 3] = [5, 3, 1];

/// A node as the leader knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub node: NodeId,
    pub voter: bool,
    pub learner: bool,
    /// Registered for the metadata role and not removed.
    pub wanted: bool,
    pub up: bool,
    /// For how long it has been down.
    pub down_ms: u64,
    /// Its log is not far behind the leader's.
    pub caught_up: bool,
}

impl Member {
    fn is_ready(&self) -> bool {
        self.wanted && self.learner && !self.voter && self.up && self.caught_up
    }

    fn is_removed(&self) -> bool {
        self.voter && !self.wanted
    }

    fn is_lost(&self, grace_ms: u64) -> bool {
        self.voter && !self.up && self.down_ms > grace_ms
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    AddLearner(NodeId),
    SetVoters(BTreeSet<NodeId>),
    RemoveLearner(NodeId),
}

/// The next change, if one is due.
#[must_use]
pub fn next_change(members: &[Member], grace_ms: u64) -> Option<Change> {
    let voters = next_voters(members, grace_ms).filter(|next| has_quorum(members, next));
    let lowest = |due: fn(&Member) -> bool| members.iter().filter(|member| due(member)).map(|member| member.node).min();
    let learner = || lowest(|member| member.wanted && member.up && !member.voter && !member.learner);
    let leftover = || lowest(|member| !member.wanted && member.learner && !member.voter);
    let add = || learner().map(Change::AddLearner);
    let remove = || leftover().map(Change::RemoveLearner);
    voters.map(Change::SetVoters).or_else(add).or_else(remove)
}

/// The voters to have next; none when they are to stay.
fn next_voters(members: &[Member], grace_ms: u64) -> Option<BTreeSet<NodeId>> {
    let voters: BTreeSet<_> = ids(members.iter().filter(|member| member.voter));
    let ready: BTreeSet<_> = ids(members.iter().filter(|member| member.is_ready()));
    let kept = members.iter().filter(|member| member.voter && member.wanted);
    let kept_count = kept.clone().count();
    let target = VOTERS.into_iter().find(|&count| count <= kept_count + ready.len())?;
    let grown = |by: usize| voters.iter().chain(ready.iter().take(by)).copied().collect();

    let is_between = !VOTERS.contains(&voters.len());
    let any_removed = members.iter().any(Member::is_removed);
    let any_lost = members.iter().any(|member| member.is_lost(grace_ms));
    if is_between && (any_removed || any_lost || target < voters.len()) {
        return Some(without_worst(members, voters, grace_ms));
    }
    if any_removed && ready.is_empty() {
        let mut best: Vec<_> = kept.collect();
        best.sort_by_key(|member| (!member.up, member.node));
        return Some(ids(best.into_iter().take(target)));
    }
    if any_removed {
        return Some(grown(1));
    }
    if voters.len() < target {
        return Some(grown(target - voters.len()));
    }
    (any_lost && !ready.is_empty()).then(|| grown(1))
}

/// The voters without the one that is missed least: removed, lost, down, or else the youngest.
fn without_worst(members: &[Member], mut voters: BTreeSet<NodeId>, grace_ms: u64) -> BTreeSet<NodeId> {
    let rank = |member: &&Member| {
        (Reverse(member.is_removed()), Reverse(member.is_lost(grace_ms)), member.up, Reverse(member.node))
    };
    if let Some(worst) = members.iter().filter(|member| member.voter).min_by_key(rank) {
        voters.remove(&worst.node);
    }
    voters
}

fn ids<'a>(members: impl Iterator<Item = &'a Member>) -> BTreeSet<NodeId> {
    members.map(|member| member.node).collect()
}

/// Whether a majority is running both of those who vote now and of those who are to.
fn has_quorum(members: &[Member], next: &BTreeSet<NodeId>) -> bool {
    let running = |votes: &dyn Fn(&Member) -> bool| members.iter().filter(|member| member.up && votes(member)).count();
    let now = members.iter().filter(|member| member.voter).count();
    2 * running(&|member| member.voter) > now && 2 * running(&|member| next.contains(&member.node)) > next.len()
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const GRACE_MS: u64 = 1_000;

    fn member() -> impl Strategy<Value = Member> {
        let part = prop_oneof![3 => Just((true, false)), 2 => Just((false, true)), 1 => Just((false, false))];
        let down = prop_oneof![4 => Just(None), 1 => Just(Some(GRACE_MS)), 1 => Just(Some(GRACE_MS + 1))];
        (part, prop::bool::weighted(0.8), down, prop::bool::weighted(0.7)).prop_map(
            |((voter, learner), wanted, down, caught_up)| Member {
                node: NodeId(0),
                voter,
                learner,
                wanted,
                up: down.is_none(),
                down_ms: down.unwrap_or(0),
                caught_up,
            },
        )
    }

    fn cluster() -> impl Strategy<Value = Vec<Member>> {
        let number = |(member, id): (Member, u64)| Member { node: NodeId(id), ..member };
        let numbered = vec(member(), 1..9).prop_map(move |members| members.into_iter().zip(1..).map(number).collect());
        // one more than five while one of them is replaced
        numbered.prop_filter("more voters than there can be", |members: &Vec<_>| voters(members).len() <= 6)
    }

    fn voters(members: &[Member]) -> BTreeSet<NodeId> {
        ids(members.iter().filter(|member| member.voter))
    }

    fn running(members: &[Member], of: &BTreeSet<NodeId>) -> usize {
        members.iter().filter(|member| member.up && of.contains(&member.node)).count()
    }

    /// What the cluster is after a change; who no longer votes is forgotten or learns.
    fn apply(members: &mut [Member], change: &Change, forgets: bool) {
        for member in members {
            match change {
                Change::AddLearner(node) if *node == member.node => member.learner = true,
                Change::RemoveLearner(node) if *node == member.node => member.learner = false,
                Change::SetVoters(voters) => {
                    let votes = voters.contains(&member.node);
                    member.learner = if member.voter && !votes { !forgets } else { member.learner && !votes };
                    member.voter = votes;
                }
                _ => {}
            }
        }
    }

    fn check_step(members: &[Member], next: &BTreeSet<NodeId>) {
        let now = voters(members);
        assert!(running(members, &now) > now.len() / 2, "the change can be agreed on");
        assert!(running(members, next) > next.len() / 2, "the next one can be agreed on too");
        let find = |node: &NodeId| members.iter().find(|member| member.node == *node).expect("a member");
        let come: Vec<_> = next.difference(&now).map(find).collect();
        let go: Vec<_> = now.difference(next).map(find).collect();
        assert!(come.is_empty() || go.is_empty(), "add first");
        assert!(come.iter().all(|member| member.wanted && member.up && member.learner && member.caught_up));
        let removed = now.iter().map(find).any(|member| !member.wanted);
        if VOTERS.contains(&now.len()) && !removed {
            assert!(next.len() > now.len(), "nobody is dropped for being down: {members:?}");
        }
        if next.len() > now.len() && !VOTERS.contains(&next.len()) {
            let lost = |member: &Member| !member.up && member.down_ms > GRACE_MS;
            assert!(now.iter().map(find).any(|member| !member.wanted || lost(member)), "somebody is replaced");
            assert_eq!(come.len(), 1);
        }
    }

    fn check_end(members: &[Member]) {
        let now = voters(members);
        assert!(members.iter().all(|member| member.voter || member.learner || !member.up || !member.wanted));
        assert!(members.iter().all(|member| member.wanted || !member.learner || member.voter));
        if running(members, &now) <= now.len() / 2 {
            return;
        }
        let ready = members.iter().filter(|member| member.is_ready()).count();
        let kept = members.iter().filter(|member| member.voter && member.wanted).count();
        if kept == 0 && ready == 0 {
            return;
        }
        if members.iter().any(Member::is_removed) {
            // they vote until enough of the others run: without them there would be no quorum
            let running = members.iter().filter(|member| member.voter && member.wanted && member.up).count();
            let fewer = VOTERS.into_iter().find(|count| *count <= kept).unwrap_or_default();
            assert!(ready == 0 && running <= fewer / 2, "a removed node votes: {members:?}");
            return;
        }
        assert!(VOTERS.contains(&now.len()), "{now:?}");
        assert!(now.len() == 5 || now.len() + 1 >= kept + ready, "more could vote");
        assert!(ready == 0 || members.iter().all(|member| !member.is_lost(GRACE_MS)), "a lost voter is replaced");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5_000, ..ProptestConfig::default() })]

        #[test]
        fn changes_lead_to_the_voters_that_are_wanted_and_never_below_quorum(mut members in cluster(), forgets: bool) {
            for _ in 0..40 {
                let Some(change) = next_change(&members, GRACE_MS) else {
                    check_end(&members);
                    return Ok(());
                };
                if let Change::SetVoters(next) = &change {
                    check_step(&members, next);
                }
                apply(&mut members, &change, forgets);
            }
            prop_assert!(false, "no end: {members:?}");
        }
    }

    #[test]
    fn three_nodes_become_voters_together_and_a_lost_one_is_replaced_in_two_steps() {
        let new = |id| Member {
            node: NodeId(id),
            voter: id == 1,
            learner: false,
            wanted: true,
            up: true,
            down_ms: 0,
            caught_up: true,
        };
        let mut members: Vec<_> = (1..=3).map(new).collect();
        let run = |members: &mut Vec<Member>| {
            let mut changes = vec![];
            while let Some(change) = next_change(members, GRACE_MS) {
                apply(members, &change, true);
                changes.push(change);
            }
            changes
        };
        let set = |ids: &[u64]| Change::SetVoters(ids.iter().copied().map(NodeId).collect());
        let learn = |id| Change::AddLearner(NodeId(id));
        assert_eq!(run(&mut members), [learn(2), learn(3), set(&[1, 2, 3])]);
        (members[1].up, members[1].down_ms) = (false, GRACE_MS + 1);
        assert_eq!(run(&mut members), [], "nobody could replace it");
        members.push(new(4));
        assert_eq!(run(&mut members), [learn(4), set(&[1, 2, 3, 4]), set(&[1, 3, 4])]);
        members[1].up = true;
        assert_eq!(run(&mut members), [learn(2)], "it is one too many now");
        members[3].wanted = false;
        assert_eq!(run(&mut members), [set(&[1, 2, 3, 4]), set(&[1, 2, 3])]);
    }
}
