//! Jobs, by example.

use vs_core::id::JobId;

use super::{keeping::job, *};

fn put(world: &mut World, job: JobRecord) -> Response {
    world.run(Command::JobPut { job, term: LeaderTerm::new(0, NodeId(0)) })
}

fn control(world: &mut World, id: u64, action: JobAction) -> Response {
    world.run(Command::JobControl { job: JobId(id), action })
}

fn now(id: u64, state: JobState) -> Response {
    Response::Job { id: JobId(id), state }
}

#[test]
fn a_job_is_paused_and_resumed_by_operators_only_and_over_once() {
    let mut world = World::new();
    assert_eq!(put(&mut world, job(0, JobState::Running)), now(1, JobState::Running));
    assert_eq!(control(&mut world, 1, JobAction::Pause), now(1, JobState::Paused));
    assert_eq!(put(&mut world, job(1, JobState::Running)), now(1, JobState::Paused), "the executor is told");
    let record = world.view().job(JobId(1)).expect("readable").expect("known");
    assert_eq!((record.chunks_done, record.state, record.ended_ms), (1, JobState::Paused, None));
    assert!(record.began_ms > 0 && record.began_ms < record.updated_ms, "stamped by the log");
    assert_eq!(control(&mut world, 1, JobAction::Resume), now(1, JobState::Running));
    assert_eq!(put(&mut world, job(1, JobState::Paused)), now(1, JobState::Running), "what it heard before");
    assert_eq!(put(&mut world, job(1, JobState::Done)), now(1, JobState::Done));
    assert_eq!(put(&mut world, job(1, JobState::Done)), now(1, JobState::Done), "a retry");
    assert!(world.view().job(JobId(1)).expect("readable").expect("known").ended_ms.is_some());
    for over in [JobState::Running, JobState::Failed] {
        assert_eq!(code(&put(&mut world, job(1, over))), Some(Code::Conflict));
    }
    assert_eq!(code(&control(&mut world, 1, JobAction::Pause)), Some(Code::Conflict));
    assert_eq!(code(&control(&mut world, 2, JobAction::Pause)), Some(Code::NotFound));
    assert_eq!(code(&put(&mut world, job(2, JobState::Running))), Some(Code::NotFound));
    let long = JobRecord { what: "x".repeat(501), ..job(0, JobState::Running) };
    assert_eq!(code(&put(&mut world, long)), Some(Code::Invalid));
}

#[test]
fn of_those_that_are_over_the_newest_are_kept_and_of_those_that_are_not_all() {
    let mut world = World::new();
    put(&mut world, job(0, JobState::Running));
    for _ in 0..JOBS_ENDED_MAX + 5 {
        put(&mut world, job(0, JobState::Failed));
    }
    let ids: Vec<_> = world.view().jobs(None, 1_000).expect("readable").iter().map(|job| job.id.0).collect();
    assert_eq!((ids.len(), ids[0], ids[1]), (JOBS_ENDED_MAX + 1, 1, 7));
    assert_eq!(world.view().jobs(Some(JobId(1)), 1).map(|jobs| jobs[0].id), Ok(JobId(7)));
    for _ in 1..JOBS_OPEN_MAX {
        put(&mut world, job(0, JobState::Running));
    }
    assert_eq!(code(&put(&mut world, job(0, JobState::Running))), Some(Code::Busy));
}

#[test]
fn a_leader_that_was_replaced_does_nothing_any_more() {
    let mut world = World::of(5);
    let asset = world.upload(1, 1);
    put(&mut world, job(0, JobState::Running));
    world.set_layout(&[2, 3, 4, 5, 1]);
    let epoch = Epoch(3);
    world.run(Command::Tick { term: LeaderTerm::new(7, NodeId(2)), elapsed_ms: 1 });
    let before = world.tables.clone();
    let (version, next) = (Version(1), Version(2));
    let commands = |term| {
        let term = LeaderTerm::new(7, NodeId(term));
        [
            Command::JobPut { job: job(1, JobState::Done), term },
            Command::AssetDamaged { asset, version, damaged: true, term },
            Command::Placed { asset, version, epoch, term },
            Command::VersionBegin { asset, scheme: Scheme::CODED, epoch, term },
            Command::VersionCommit { asset, version: next, tracks: vec![], term },
            Command::VersionAbort { asset, version: next, term },
        ]
    };
    for command in commands(1).into_iter().chain(commands(3)) {
        assert_eq!(code(&world.run(command.clone())), Some(Code::Fenced), "{command:?}");
    }
    assert_eq!(world.tables, before);
    for command in commands(2) {
        assert_ne!(code(&world.run(command.clone())), Some(Code::Fenced), "{command:?}");
    }
}
