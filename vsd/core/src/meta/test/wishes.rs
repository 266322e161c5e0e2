//! What operators want of nodes, jobs and moves: by example, and what must hold of every step.

use std::collections::{BTreeMap, BTreeSet};

use vs_core::id::JobId;

use super::{
    super::table::{
        jobs::{JOB_LOG_LINES_MAX, Jobs},
        layouts::{in_force, may_hold},
        nodes::Nodes,
    },
    invariant::all,
    *,
};
use crate::plan::jobs::{Step, next_steps};

const TWO: NodeId = NodeId(2);

/// What a step must not do to nodes and jobs, whatever it is asked.
pub(crate) struct Wished {
    jobs: BTreeMap<JobId, JobRecord>,
    nodes: BTreeMap<NodeId, NodeRecord>,
    /// What can be said of a removal: the nodes that may hold what assets depend on.
    holding: BTreeSet<NodeId>,
    cluster: ClusterRecord,
    epoch: Epoch,
}

pub(crate) fn wished(tables: &MemTables, command: &Command) -> Wished {
    let view = View::new(tables);
    let holds = |node: NodeId| in_force(tables).expect("readable").iter().any(|layout| may_hold(layout, node));
    let removed = if let Command::NodeRemove { node, .. } = command { Some(*node) } else { None };
    Wished {
        jobs: all::<Jobs>(tables).into_iter().collect(),
        nodes: all::<Nodes>(tables).into_iter().collect(),
        holding: removed.into_iter().filter(|node| holds(*node)).collect(),
        cluster: view.cluster().expect("readable").expect("bootstrapped"),
        epoch: view.epoch().expect("readable").expect("bootstrapped"),
    }
}

impl Wished {
    /// Panics unless this command may lead from here to there.
    pub(crate) fn assert_leads_to(&self, after: &Self, command: &Command) {
        for (id, job) in self.jobs.iter().filter(|(_, job)| job.state.is_over()) {
            assert!(after.jobs.get(id).is_none_or(|now| now == job), "job {id} was over before {command:?}");
        }
        for (id, node) in &after.nodes {
            let Some(before) = self.nodes.get(id) else { continue };
            if node.removed && !before.removed {
                self.assert_may_go(before, node, command);
            }
            let takes = |node: &NodeRecord| node.wish == NodeWish::In && node.serves(Role::Storage);
            if takes(before) && node.wish != NodeWish::In {
                assert!(after.nodes.values().any(takes), "no node takes chunks after {command:?}");
            }
            let stays = |node: &NodeRecord| node.wish != NodeWish::Out && node.serves(Role::Metadata);
            if stays(before) && node.wish == NodeWish::Out {
                assert!(after.nodes.values().any(stays), "no node keeps the metadata after {command:?}");
            }
        }
        for (id, job) in
            after.jobs.iter().filter(|(id, job)| self.jobs.get(id).is_none_or(|was| was.state != job.state))
        {
            if let (JobKind::Remove, JobState::Done, Some(node)) = (job.kind, job.state, job.node) {
                assert!(after.nodes[&node].removed && !self.nodes[&node].removed, "job {id} ends with its node");
            }
        }
        if let Command::JobControl { job, action: JobAction::Cancel } = command
            && let Some(job) = self.jobs.get(job).filter(|job| !job.state.is_over())
        {
            self.assert_cancelled(job, after);
        }
        if let Command::MovesStop { .. } | Command::MovesStart | Command::JobControl { .. } = command {
            return;
        }
        assert_eq!(self.cluster.moves_stopped, after.cluster.moves_stopped, "moves are an operator's: {command:?}");
    }

    fn assert_may_go(&self, before: &NodeRecord, node: &NodeRecord, command: &Command) {
        let Command::NodeRemove { lost, job, .. } = command else { panic!("{command:?} removes {}", node.id) };
        let held = self.holding.contains(&node.id);
        assert_eq!(held, node.lost, "what assets depend on is lost");
        assert!(!held || *lost, "{} may hold chunks, and nobody gave them up", node.id);
        if let Some(job) = job {
            assert_eq!((before.wish, self.jobs[job].state), (NodeWish::Out, JobState::Running), "{command:?}");
        }
    }

    fn assert_cancelled(&self, job: &JobRecord, after: &Self) {
        let now = &after.jobs[&job.id];
        assert_eq!(now.state == JobState::Cancelled, job.kind != JobKind::Repair, "{job:?} is not cancelled: {now:?}");
        match (job.kind, job.node) {
            (JobKind::Drain | JobKind::Remove, Some(node)) => assert_eq!(after.nodes[&node].wish, NodeWish::In),
            (JobKind::Move, _) => assert_eq!(after.cluster.moves_stopped, self.epoch),
            _ => {}
        }
    }
}

fn wish(world: &mut World, node: NodeId, wish: NodeWish) -> Response {
    world.run(Command::NodeWish { node, wish })
}

fn control(world: &mut World, job: u64, action: JobAction) -> Response {
    world.run(Command::JobControl { job: JobId(job), action })
}

fn now(id: u64, state: JobState) -> Response {
    Response::Job { id: JobId(id), state }
}

fn record(world: &World, id: NodeId) -> NodeRecord {
    world.view().node(id).expect("readable").expect("known")
}

fn job(world: &World, id: u64) -> JobRecord {
    world.view().job(JobId(id)).expect("readable").expect("known")
}

/// The layout that the wishes ask for becomes the next one.
fn follow(world: &mut World) -> Epoch {
    let ids: Vec<_> =
        world.view().nodes(None, 99).expect("readable").into_iter().filter(|node| !node.removed).collect();
    let epoch = world.view().epoch().expect("readable").expect("bootstrapped").next();
    let layout = wished_layout(world.view(), epoch, &ids.iter().map(|node| node.id).collect::<Vec<_>>());
    assert_eq!(world.run(Command::LayoutSet { layout }), Response::Done);
    epoch
}

/// The command of a step, as the leader would propose it.
pub(crate) fn command_of(view: View<'_>, step: Step) -> Command {
    let job = |id, state| JobRecord { state, ..view.job(id).expect("readable").expect("known") };
    let put = |job| Command::JobPut { job, term: view.clock().expect("readable").term };
    match step {
        Step::Begin(id) => put(job(id, JobState::Running)),
        Step::End(id) => put(job(id, JobState::Done)),
        Step::Remove { node, job } => {
            let current = view.current_layout().expect("readable").expect("bootstrapped");
            let left = current.nodes.iter().map(|node| node.id).filter(|id| *id != node).collect::<Vec<_>>();
            let layout = current.lists(node).then(|| wished_layout(view, current.epoch.next(), &left));
            Command::NodeRemove { node, layout, lost: false, job: Some(job) }
        }
    }
}

fn lead(world: &mut World) -> Vec<Step> {
    let steps = next_steps(world.view()).expect("readable");
    for step in &steps {
        let command = command_of(world.view(), *step);
        let response = world.run(command);
        assert!(code(&response).is_none(), "{step:?}: {response:?}");
    }
    steps
}

#[test]
fn a_node_is_drained_and_then_removed_and_each_step_is_taken_once() {
    let mut world = World::of(4);
    let asset = world.upload(1, 1);
    assert_eq!(wish(&mut world, TWO, NodeWish::Out), now(2, JobState::Waiting));
    assert_eq!((job(&world, 1).kind, job(&world, 1).state), (JobKind::Drain, JobState::Running));
    assert_eq!((job(&world, 2).node, job(&world, 2).after), (Some(TWO), Some(JobId(1))));
    assert_eq!(wish(&mut world, TWO, NodeWish::Out), now(2, JobState::Waiting), "a repeat");
    assert_eq!(lead(&mut world), [], "it holds chunks");
    let remove = |job| Command::NodeRemove { node: TWO, layout: None, lost: false, job };
    assert_eq!(code(&world.run(remove(Some(JobId(2))))), Some(Code::Conflict), "it does not run");
    let ended = |id, state| JobRecord { id: JobId(id), ..JobRecord::new(JobKind::Drain, state, "n2") };
    for (id, state) in [(1, JobState::Done), (1, JobState::Failed), (2, JobState::Done), (0, JobState::Running)] {
        let put = Command::JobPut { job: ended(id, state), term: LeaderTerm::new(0, NodeId(0)) };
        assert!(code(&world.run(put)).is_some(), "{id} {state:?} is not for the executor to say");
    }
    let epoch = follow(&mut world);
    assert_eq!(lead(&mut world), [], "the asset is placed by the epoch before");
    let placed = Command::Placed { asset, version: Version(1), epoch, term: LeaderTerm::new(0, NodeId(0)) };
    assert_eq!(world.run(placed), Response::Done);
    let upload = world.open(UploadBegin { node: TWO, ..begin(2) });
    assert_eq!(lead(&mut world), [Step::End(JobId(1))]);
    assert_eq!(lead(&mut world), [Step::Begin(JobId(2))]);
    assert_eq!(lead(&mut world), [], "{upload} comes in by this node");
    world.run(Command::UploadAbort { upload: upload_id(2) });
    assert_eq!(lead(&mut world), [Step::Remove { node: TWO, job: JobId(2) }]);
    assert_eq!(lead(&mut world), []);
    let gone = record(&world, TWO);
    assert_eq!((gone.removed, gone.lost, job(&world, 2).state), (true, false, JobState::Done));
    assert_eq!(code(&control(&mut world, 2, JobAction::Cancel)), Some(Code::Conflict), "it is done");
    assert_eq!(code(&wish(&mut world, TWO, NodeWish::In)), Some(Code::Conflict), "it is gone");
}

#[test]
fn the_last_node_that_takes_chunks_stays_and_the_refusal_says_what_helps() {
    let mut world = World::of(2);
    assert_eq!(wish(&mut world, NodeId(1), NodeWish::Draining), now(1, JobState::Running));
    for wanted in [NodeWish::Draining, NodeWish::Out] {
        let Response::Refused(refused) = wish(&mut world, TWO, wanted) else { panic!("not refused") };
        assert_eq!((refused.code, refused.what.as_str()), (Code::Conflict, "n2 is the last node that takes chunks"));
        assert_eq!(
            (refused.why, refused.hint.as_deref()),
            (vec!["n1 is to be emptied".to_owned()], Some("vsctl node undrain n1"))
        );
    }
    assert_eq!(wish(&mut world, NodeId(1), NodeWish::Draining), now(1, JobState::Running), "a repeat");
    assert_eq!(wish(&mut world, NodeId(1), NodeWish::In), Response::Done);
    assert_eq!(job(&world, 1).state, JobState::Cancelled);
    assert_eq!(wish(&mut world, TWO, NodeWish::Draining), now(2, JobState::Running));
}

#[test]
fn the_last_node_that_keeps_the_metadata_stays_before_anything_is_drained_for_nothing() {
    let mut world = World::of(3);
    let storage = NodeSpec { roles: [Role::Storage].into(), ..spec() };
    world.run(Command::NodeUpdate { node: TWO, spec: storage.clone(), dirs: vec![] });
    assert_eq!(wish(&mut world, NodeId(3), NodeWish::Out), now(2, JobState::Waiting));
    let refused = |world: &mut World| {
        let Response::Refused(refused) = wish(world, NodeId(1), NodeWish::Out) else { panic!("not refused") };
        assert_eq!(
            (refused.code, refused.what.as_str()),
            (Code::Conflict, "n1 is the last node with the metadata role")
        );
        (refused.why.join(""), refused.hint.expect("it says what helps"))
    };
    let undrain = ("n3 is to be removed".to_owned(), "vsctl node undrain n3".to_owned());
    assert_eq!(refused(&mut world), undrain, "that n3 is there still does not help");
    assert_eq!(wish(&mut world, NodeId(1), NodeWish::Draining), now(3, JobState::Running), "it may be emptied");
    assert_eq!(refused(&mut world), undrain);
    world.run(Command::NodeUpdate { node: NodeId(3), spec: storage, dirs: vec![] });
    assert_eq!(refused(&mut world), ("no other node has it".to_owned(), "vsctl node add HOST:PORT".to_owned()));
    world.run(Command::NodeUpdate { node: TWO, spec: spec(), dirs: vec![] });
    assert_eq!(wish(&mut world, NodeId(1), NodeWish::Out), now(4, JobState::Waiting));
}

#[test]
fn what_a_lost_node_held_is_given_up_only_by_name() {
    let mut world = World::of(4);
    let asset = world.upload(1, 1);
    assert_eq!(wish(&mut world, TWO, NodeWish::Out), now(2, JobState::Waiting));
    let remove = |world: &World, lost| {
        let epoch = world.view().epoch().expect("readable").expect("bootstrapped").next();
        let layout = Some(layout(epoch, &[1, 3, 4].map(NodeId), SLOTS));
        Command::NodeRemove { node: TWO, layout, lost, job: None }
    };
    assert_eq!(code(&world.run(remove(&world, false))), Some(Code::Conflict));
    assert_eq!(world.run(remove(&world, true)), Response::Done);
    assert_eq!((record(&world, TWO).removed, record(&world, TWO).lost), (true, true));
    assert_eq!([1, 2].map(|id| job(&world, id).state), [JobState::Cancelled, JobState::Done]);
    let placed = Command::Placed { asset, version: Version(1), epoch: Epoch(3), term: LeaderTerm::new(0, NodeId(0)) };
    assert_eq!(world.run(placed), Response::Done, "what is left of it is placed anew");
    invariant::check(&world.tables);
}

#[test]
fn what_is_cancelled_stays_cancelled_until_it_is_retried() {
    let mut world = World::of(5);
    let asset = world.upload(1, 1);
    let of = |kind| JobRecord { asset: Some(asset), ..JobRecord::new(kind, JobState::Running, "Film 1") };
    let open = |world: &mut World, job| world.run(Command::JobPut { job, term: LeaderTerm::new(0, NodeId(0)) });
    assert_eq!(open(&mut world, of(JobKind::Repair)), now(1, JobState::Running));
    let Response::Refused(refused) = control(&mut world, 1, JobAction::Cancel) else { panic!("not refused") };
    assert_eq!((refused.code, refused.hint.as_deref()), (Code::Conflict, Some("vsctl job pause 1")));

    open(&mut world, JobRecord::new(JobKind::Move, JobState::Paused, "moves"));
    let may_move = |world: &World, epoch| {
        world.view().cluster().expect("readable").expect("bootstrapped").may_move_to(Epoch(epoch))
    };
    assert_eq!(control(&mut world, 2, JobAction::Cancel), now(2, JobState::Cancelled));
    assert_eq!(control(&mut world, 2, JobAction::Cancel), now(2, JobState::Cancelled), "a repeat");
    assert_eq!([2, 3].map(|epoch| may_move(&world, epoch)), [false, true], "a newer epoch begins anew");
    assert_eq!(control(&mut world, 2, JobAction::Retry), now(3, JobState::Running));
    assert!(may_move(&world, 2));
    assert_eq!(control(&mut world, 2, JobAction::Retry), now(3, JobState::Running), "one is enough");
    assert_eq!(code(&world.run(Command::MovesStop { epoch: Epoch(3) })), Some(Code::Conflict), "no such epoch yet");
    world.run(Command::MovesStop { epoch: Epoch(1) });
    assert_eq!((job(&world, 3).state, may_move(&world, 2)), (JobState::Running, true), "it moves to a newer one");
    world.run(Command::MovesStop { epoch: Epoch(2) });
    assert_eq!((job(&world, 3).state, may_move(&world, 2)), (JobState::Cancelled, false));
    assert_eq!((world.run(Command::MovesStart), may_move(&world, 1)), (Response::Done, true));

    let version =
        |epoch| Command::VersionBegin { asset, scheme: Scheme::CODED, epoch, term: LeaderTerm::new(0, NodeId(0)) };
    world.run(Command::Placed { asset, version: Version(1), epoch: Epoch(2), term: LeaderTerm::new(0, NodeId(0)) });
    assert!(matches!(world.run(version(Epoch(2))), Response::Pending { .. }));
    open(&mut world, of(JobKind::Migrate));
    assert_eq!(control(&mut world, 4, JobAction::Cancel), now(4, JobState::Cancelled));
    assert_eq!(world.asset(asset).pending, None, "what was begun is given up");
    assert_eq!(code(&world.run(version(Epoch(2)))), Some(Code::Conflict), "it is left alone");
    world.pass_ms(LEFT_ALONE_MS);
    assert!(matches!(world.run(version(Epoch(2))), Response::Pending { .. }));
    open(&mut world, of(JobKind::Migrate));
    control(&mut world, 5, JobAction::Cancel);
    assert_eq!(control(&mut world, 5, JobAction::Retry), now(6, JobState::Waiting), "until somebody begins it");
    assert!(matches!(world.run(version(Epoch(2))), Response::Pending { .. }));
    assert_eq!(code(&control(&mut world, 6, JobAction::Retry)), Some(Code::Conflict), "it is open");
    invariant::check(&world.tables);
}

#[test]
fn the_log_of_a_job_keeps_the_newest_lines_of_whoever_tells_them() {
    let mut world = World::of(2);
    wish(&mut world, TWO, NodeWish::Draining);
    let mut told = job(&world, 1);
    control(&mut world, 1, JobAction::Pause);
    told.log = (0..3).map(|at| (at, format!("line {at}"))).collect();
    let put = Command::JobPut { job: JobRecord { bytes_done: 7, ..told.clone() }, term: LeaderTerm::new(0, NodeId(0)) };
    for _ in 0..2 {
        assert_eq!(world.run(put.clone()), now(1, JobState::Paused));
        let lines: Vec<_> = job(&world, 1).log.into_iter().map(|(_, line)| line).collect();
        assert_eq!(lines, ["line 0", "line 1", "line 2", "paused"], "nothing is lost, nothing twice");
    }
    let record = job(&world, 1);
    assert_eq!((record.kind, record.node, record.bytes_done), (JobKind::Drain, Some(TWO), 7));
    told.log = (0..30).map(|at| (1_000_000 + at, "late".to_owned())).collect();
    world.run(Command::JobPut { job: told.clone(), term: LeaderTerm::new(0, NodeId(0)) });
    assert_eq!((job(&world, 1).log.len(), job(&world, 1).log[0].0), (JOB_LOG_LINES_MAX, 1_000_010));
    told.log = vec![(1, "x".repeat(501))];
    assert_eq!(
        code(&world.run(Command::JobPut { job: told, term: LeaderTerm::new(0, NodeId(0)) })),
        Some(Code::Invalid)
    );
}
