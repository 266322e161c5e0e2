//! Leaders that come and go, with commands that were decided long before they are applied, against operators who change
//! their minds.

use std::collections::BTreeMap;

use proptest::prelude::*;
use vs_core::{
    id::{Epoch, Version},
    layout::NodeWish,
};

use super::*;
use crate::meta::{
    AssetRecord, Command, EventKind, JobAction, LeaderTerm, Response, UploadBegin,
    test::{
        World, begin, code, invariant, upload_id, wished_layout,
        wishes::{command_of, wished},
    },
};

#[derive(Clone, Debug)]
enum Act {
    Wish {
        node: u64,
        wish: NodeWish,
    },
    /// Of the newest jobs.
    Control {
        nth: usize,
        action: JobAction,
    },
    /// The layout follows the wishes.
    Layout,
    /// What moves is where the current layout places it.
    Placed,
    /// Both, and the leader does all it can.
    Go,
    /// The leader decides, proposes so many steps, and dies; the others may still arrive.
    Lead {
        steps: usize,
    },
    /// What the leader sends is overtaken by an operator's word.
    Overtake {
        nth: usize,
        action: JobAction,
    },
    /// The latest first.
    Late {
        nth: usize,
    },
    Elect,
    Upload {
        n: u8,
        node: u64,
    },
    Abort {
        n: u8,
    },
}

const NODES: u8 = 4;

fn act() -> impl Strategy<Value = Act> {
    let wish = prop::sample::select(vec![NodeWish::In, NodeWish::Draining, NodeWish::Out, NodeWish::Out]);
    let actions = [JobAction::Cancel, JobAction::Cancel, JobAction::Retry, JobAction::Pause, JobAction::Resume];
    let node = || 1..=u64::from(NODES);
    prop_oneof![
        3 => (node(), wish).prop_map(|(node, wish)| Act::Wish { node, wish }),
        3 => (0usize..3, prop::sample::select(actions.to_vec())).prop_map(|(nth, action)| Act::Control { nth, action }),
        2 => Just(Act::Layout),
        2 => Just(Act::Placed),
        6 => Just(Act::Go),
        6 => (0usize..3).prop_map(|steps| Act::Lead { steps }),
        4 => (0usize..3, prop::sample::select(actions.to_vec())).prop_map(|(nth, action)| Act::Overtake { nth, action }),
        4 => (0usize..4).prop_map(|nth| Act::Late { nth }),
        1 => Just(Act::Elect),
        1 => (3u8..6, node()).prop_map(|(n, node)| Act::Upload { n, node }),
        1 => (3u8..6).prop_map(|n| Act::Abort { n }),
    ]
}

struct Cluster {
    world: World,
    /// Commands that were decided and not proposed.
    late: Vec<Command>,
}

impl Cluster {
    fn run(&mut self, command: Command) -> Response {
        let before = wished(&self.world.tables, &command);
        let response = self.world.run(command.clone());
        if !matches!(response, Response::Refused(_)) {
            before.assert_leads_to(&wished(&self.world.tables, &command), &command);
        }
        invariant::jobs_of_nodes_go_with_their_wishes(&self.world.tables);
        response
    }

    fn act(&mut self, act: &Act) {
        let view = self.world.view();
        let commands = match *act {
            Act::Wish { node, wish } => vec![Command::NodeWish { node: NodeId(node), wish }],
            Act::Control { nth, action } => {
                let jobs = view.jobs(None, 1_000).expect("readable");
                let newest = jobs.iter().rev().nth(nth).map(|job| job.id);
                newest.into_iter().map(|job| Command::JobControl { job, action }).collect()
            }
            Act::Overtake { nth, action } => {
                let acts = [Act::Lead { steps: 0 }, Act::Control { nth, action }, Act::Late { nth: 0 }];
                acts.iter().for_each(|act| self.act(act));
                return;
            }
            Act::Go => {
                [Act::Layout, Act::Placed, Act::Lead { steps: 9 }].iter().for_each(|act| self.act(act));
                return;
            }
            Act::Layout => layout(view).into_iter().collect(),
            Act::Placed => placed(view),
            Act::Elect => {
                let term = LeaderTerm::new(view.clock().expect("readable").term.term + 1, NodeId(1));
                vec![Command::Tick { term, elapsed_ms: 1 }]
            }
            Act::Upload { n, node } => {
                vec![Command::UploadBegin(Box::new(UploadBegin { node: NodeId(node), ..begin(n) }))]
            }
            Act::Abort { n } => vec![Command::UploadAbort { upload: upload_id(n) }],
            Act::Late { nth } => {
                let at = self.late.len().checked_sub(1 + nth);
                at.map(|at| self.late.remove(at)).into_iter().collect()
            }
            Act::Lead { steps } => {
                let found = next_steps(view).expect("readable");
                let mut commands: Vec<_> = found.into_iter().map(|step| command_of(view, step)).collect();
                let late = commands.split_off(steps.min(commands.len()));
                // what was sent may be sent again
                self.late.extend(late.into_iter().chain(commands.clone()));
                commands
            }
        };
        for command in commands {
            self.run(command);
        }
    }

    /// Everything goes well for as long as it takes.
    fn settle(&mut self) {
        for n in 3..6 {
            self.act(&Act::Abort { n });
        }
        let paused =
            |view: View<'_>| open_jobs(view).expect("readable").into_iter().find(|job| job.state == JobState::Paused);
        while let Some(job) = paused(self.world.view()) {
            self.run(Command::JobControl { job: job.id, action: JobAction::Resume });
        }
        for _ in 0..20 {
            self.act(&Act::Go);
        }
        assert_eq!(next_steps(self.world.view()), Ok(vec![]));
    }
}

fn layout(view: View<'_>) -> Option<Command> {
    let current = view.current_layout().expect("readable").expect("bootstrapped");
    let nodes = view.nodes(None, 99).expect("readable").into_iter().filter(|node| !node.removed);
    let ids: Vec<_> = nodes.map(|node| node.id).collect();
    let layout = wished_layout(view, current.epoch.next(), &ids);
    (layout.nodes != current.nodes).then_some(Command::LayoutSet { layout })
}

fn placed(view: View<'_>) -> Vec<Command> {
    let (epoch, term) = (view.epoch().expect("readable").unwrap_or(Epoch(1)), view.clock().expect("readable").term);
    let finished = view.assets(None, 99).expect("readable").into_iter().filter(AssetRecord::is_finished);
    finished.map(|asset| Command::Placed { asset: asset.id, version: Version(1), epoch, term }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 500, ..ProptestConfig::default() })]

    #[test]
    fn wishes_come_true_once_whoever_leads(acts in prop::collection::vec(act(), 1..50)) {
        let mut cluster = Cluster { world: World::of(NODES), late: Vec::new() };
        cluster.world.upload(1, 1);
        cluster.world.upload(2, 2);
        for act in &acts {
            cluster.act(act);
        }
        cluster.settle();
        invariant::check(&cluster.world.tables);
        let view = cluster.world.view();
        prop_assert_eq!(open_jobs(view), Ok(vec![]), "every job is over");
        for node in view.nodes(None, 99).expect("readable") {
            let is_empty = view.held_by(node.id).expect("readable").is_none();
            prop_assert_eq!(node.removed, node.wish == NodeWish::Out, "{} goes exactly when it is to", node.id);
            prop_assert_eq!(is_empty, node.wish != NodeWish::In, "{} is empty exactly when it is to be", node.id);
        }
        let mut ends: BTreeMap<JobId, u32> = BTreeMap::new();
        for event in view.events(0, 1_000).expect("readable") {
            if let EventKind::JobChanged { job, state } = event.kind {
                *ends.entry(job).or_default() += u32::from(state.is_over());
            }
        }
        prop_assert!(ends.values().all(|ends| *ends == 1), "{ends:?}");
    }
}

#[test]
fn what_a_leader_decided_before_an_operator_changed_their_mind_does_not_happen() {
    let mut cluster = Cluster { world: World::of(2), late: Vec::new() };
    let node = NodeId(2);
    cluster.run(Command::NodeWish { node, wish: NodeWish::Out });
    [Act::Layout, Act::Lead { steps: 9 }, Act::Lead { steps: 9 }].iter().for_each(|act| cluster.act(act));
    let steps = next_steps(cluster.world.view()).expect("readable");
    assert_eq!(steps, [Step::Remove { node, job: JobId(2) }]);
    let removal = command_of(cluster.world.view(), steps[0]);
    cluster.run(Command::JobControl { job: JobId(2), action: JobAction::Cancel });
    assert!(code(&cluster.run(removal.clone())).is_some());
    cluster.run(Command::NodeWish { node, wish: NodeWish::Out });
    assert!(code(&cluster.run(removal)).is_some(), "it is another job now");
}
