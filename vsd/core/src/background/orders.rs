//! What operators tell the executor. An order is a job's state or the log's, so that the next leader heeds it, too.

use std::sync::atomic::Ordering::Relaxed;

use vs_core::{
    error::{Code, Failure},
    limit::PAGE_ITEMS_MAX,
};

use super::{
    repair::Repairer,
    shell::{Shell, State, Unavailable},
    status::{About, Order, WorkState},
    term::new_job,
};
use crate::meta::{Command, JobAction, JobKind, JobRecord, JobState};

impl<S: Shell> Repairer<S> {
    /// Does what an operator wants. When this returns, the log has it and the status shows it.
    ///
    /// # Errors
    /// When it cannot be written to the log, or a rule forbids it.
    pub async fn obey(&self, order: Order) -> Result<(), Failure> {
        let state = self.shell.read().await?;
        let jobs = state.view().jobs(None, PAGE_ITEMS_MAX).map_err(Unavailable::from)?;
        let current = state.view().epoch().map_err(Unavailable::from)?.unwrap_or_default();
        drop(state);
        let open = |about| jobs.iter().find(|job| job.kind == kind(about) && !job.state.is_over());
        let control = |job: &JobRecord, action| Command::JobControl { job: job.id, action };
        let commands: Vec<_> = match order {
            Order::Pause(about) => match open(about) {
                Some(job) => vec![control(job, JobAction::Pause)],
                None => {
                    let term = self.shell.reign().ok_or_else(not_leader)?;
                    vec![Command::JobPut { job: JobRecord { state: JobState::Paused, ..new_job(kind(about)) }, term }]
                }
            },
            Order::Start(about) | Order::Resume(about) => {
                let resume = open(about).map(|job| control(job, JobAction::Resume));
                let starts = order == Order::Start(About::Moves);
                resume.into_iter().chain(starts.then_some(Command::MovesStart)).collect()
            }
            Order::StopMoves => vec![Command::MovesStop { epoch: current }],
        };
        for command in commands {
            self.shell.propose(command).await?.accepted()?;
        }
        let mut status = self.status_now();
        match order {
            Order::Pause(About::Repair) => status.repair.state = WorkState::Paused,
            Order::Pause(About::Moves) => status.moves.state = WorkState::Paused,
            Order::Start(About::Repair) | Order::Resume(About::Repair) => status.repair.state = WorkState::Running,
            Order::Start(About::Moves) | Order::Resume(About::Moves) => status.moves.state = WorkState::Running,
            Order::StopMoves => status.moves.state = WorkState::Idle,
        }
        self.look.store(true, Relaxed);
        Ok(())
    }
}

fn not_leader() -> Failure {
    Failure::new(Code::NotLeader, "this node does not lead the cluster")
}

fn kind(about: About) -> JobKind {
    match about {
        About::Repair => JobKind::Repair,
        About::Moves => JobKind::Move,
    }
}
