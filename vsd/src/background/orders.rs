//! What operators tell the executor. An order is a job's state or the log's, so that the next leader heeds it, too.

use tokio::sync::mpsc;
use vs_core::{error::Failure, limit::PAGE_ITEMS_MAX};
use vsd_core::meta::{Command, JobAction, JobKind, JobRecord, JobState};

use super::{
    repair::Repairer,
    status::{About, Order, Ordered, WorkState},
    term::new_job,
};
use crate::meta::MetaError;

impl Repairer {
    pub(super) async fn hear(&self, mut orders: mpsc::Receiver<Ordered>) {
        while let Some(Ordered { order, heard }) = orders.recv().await {
            // whoever has gone does not want to know
            let _ = heard.send(self.obey(order).await);
        }
    }

    async fn obey(&self, order: Order) -> Result<(), Failure> {
        let state = self.meta.read().await?;
        let jobs = state.view().jobs(None, PAGE_ITEMS_MAX).map_err(MetaError::from)?;
        let current = state.view().epoch().map_err(MetaError::from)?.unwrap_or_default();
        drop(state);
        let open = |about| jobs.iter().find(|job| job.kind == kind(about) && !job.state.is_over());
        let control = |job: &JobRecord, action| Command::JobControl { job: job.id, action };
        let commands: Vec<_> = match order {
            Order::Pause(about) => match open(about) {
                Some(job) => vec![control(job, JobAction::Pause)],
                None => {
                    let term = self.meta.reign().ok_or(MetaError::NotLeader { leader: None })?;
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
            self.meta.propose(command).await?.accepted()?;
        }
        self.status.send_modify(|status| match order {
            Order::Pause(About::Repair) => status.repair.state = WorkState::Paused,
            Order::Pause(About::Moves) => status.moves.state = WorkState::Paused,
            Order::Start(About::Repair) | Order::Resume(About::Repair) => status.repair.state = WorkState::Running,
            Order::Start(About::Moves) | Order::Resume(About::Moves) => status.moves.state = WorkState::Running,
            Order::StopMoves => status.moves.state = WorkState::Idle,
        });
        self.look.notify_one();
        Ok(())
    }
}

fn kind(about: About) -> JobKind {
    match about {
        About::Repair => JobKind::Repair,
        About::Moves => JobKind::Move,
    }
}
