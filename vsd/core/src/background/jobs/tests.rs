use vs_core::layout::NodeWish;

use super::{super::stage::Stage, *};
use crate::meta::{
    NodeSpec, Role,
    test::{spec, wished_layout},
};

#[test]
fn a_step_that_is_refused_is_proposed_seldom_told_once_and_taken_when_nothing_stands_against_it() {
    let stage = Stage::of(2);
    stage.run(Command::NodeWish { node: NodeId(1), wish: NodeWish::Out });
    let state = stage.state();
    let epoch = state.view().epoch().expect("readable").expect("bootstrapped").next();
    stage.run(Command::LayoutSet { layout: wished_layout(state.view(), epoch, &[1, 2].map(NodeId)) });
    // the other one came back as something else after the wish was granted
    let roles = |roles| Command::NodeUpdate { node: NodeId(2), spec: NodeSpec { roles, ..spec() }, dirs: vec![] };
    stage.run(roles([Role::Storage].into()));
    let removals = |secs| {
        let proposed = stage.lead(|leader| async move { leader.look_after_nodes().await }, secs);
        proposed.iter().filter(|command| matches!(command, Command::NodeRemove { .. })).count()
    };
    assert_eq!(removals(95), 4, "each comes with a whole layout");
    let removal = stage.jobs().pop().expect("it is open");
    let told = removal.log.iter().filter(|(_, line)| line == "n1 is the last node with the metadata role");
    assert_eq!((told.count(), removal.state), (1, JobState::Running));
    stage.run(roles(Role::ALL.into()));
    removals(35);
    assert_eq!(stage.jobs().pop().map(|job| job.state), Some(JobState::Done));
}
