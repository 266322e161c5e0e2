//! A follower that is sent a snapshot, and dies at every step of taking it in.

use super::{
    cluster::{Member, assert_same, persist, three, until},
    *,
};

/// Lets the cluster go on without a node for so long that the log it lacks is purged everywhere.
async fn leave_behind(members: &mut [Member], late: usize, from: u64) {
    members[late].stop().await;
    let other = (late + 1) % members.len();
    for n in from..from + 120 {
        persist(members[other].meta(), begin(n)).await;
    }
    for (at, member) in members.iter().enumerate() {
        if at != late {
            snapshot(member.meta()).await;
        }
    }
    let leader = metrics(members[other].meta()).current_leader.expect("somebody leads");
    let leader = members.iter().find(|member| member.node.0 == leader).expect("a member");
    let end = applied(leader.meta());
    until("the log is purged", || purged(leader.meta()) > Some(end - 60)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_died_at_any_step_of_an_install_comes_back_whole() {
    let mut members = three().await;
    let late = 2;
    let mut before = None;
    for step in 0..=6 {
        let from = u64::from(step) * 1_000;
        leave_behind(&mut members, late, from).await;
        members[late].start().await;
        members[late].meta().inner.state.die_at(step);
        if step < 6 {
            until("it dies while it installs", || members[late].meta().fatal().is_some()).await;
            members[late].stop().await;
            members[late].start().await;
        }
        let has_all = |member: &Member| {
            let state = member.meta().stale().state;
            (from..from + 120).all(|n| state.view().upload(upload_id(n)).expect("readable").is_some())
        };
        until("it has caught up", || has_all(&members[late])).await;
        let installed = members[late].meta().inner.state.installed().map(|id| id.index);
        assert!(installed > before, "step {step}: it came by a snapshot: {installed:?}");
        before = installed;
        assert_same(&members).await;
    }
}
