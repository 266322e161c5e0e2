//! The operator: pauses and stops work, changes settings, and in the end lets everything go on that was held up.

use std::sync::Arc;

use vs_core::limit::PAGE_ITEMS_MAX;
use vsd_core::{
    background::State,
    meta::{Command, JobAction, JobRecord, JobState, SettingName},
};

use crate::{client::Client, kernel::WORLD, run::JUDGES, world::World};

/// The operator that puts everything right is the client of this number.
const LAST: usize = JUDGES / 8;

/// What is changed while things go on, and what it may be changed to.
const SETTINGS: &[(SettingName, u64, u64)] = &[
    (SettingName::DropDelay, 1_000, 30_000),
    (SettingName::RepairGrace, 5_000, 60_000),
    (SettingName::RepairRate, 64 << 10, 1 << 20),
    (SettingName::RepairConcurrency, 1, 6),
    (SettingName::PolicyHotViews, 0, 1_000),
    (SettingName::PolicyColdViews, 0, 10),
    (SettingName::PolicyMinAge, 0, 120_000),
    (SettingName::TrashKeep, 5_000, 300_000),
    (SettingName::UploadLease, 2_000, 10_000),
];

const ACTIONS: [JobAction; 4] = [JobAction::Pause, JobAction::Resume, JobAction::Cancel, JobAction::Retry];

impl Client {
    pub(crate) async fn set(&self, setting: u64, value: u64) {
        let at = usize::try_from(setting % SETTINGS.len() as u64).unwrap_or(0);
        let (name, min, max) = SETTINGS[at];
        self.order(Command::SettingSet { name, value: min + value % (max - min + 1) }).await;
    }

    /// Wants something of one of the jobs: of those that go on, or began last.
    pub(crate) async fn control_job(&self, number: u64, action: u64) {
        let (open, over): (Vec<_>, Vec<_>) = self.world.jobs().into_iter().partition(|job| !job.state.is_over());
        let action = ACTIONS[usize::try_from(action % ACTIONS.len() as u64).unwrap_or(0)];
        let jobs = if action == JobAction::Retry { over } else { open };
        let at = usize::try_from(number % jobs.len().max(1) as u64).unwrap_or(0);
        if let Some(job) = jobs.get(at) {
            self.order(Command::JobControl { job: job.id, action }).await;
        }
    }

    pub(crate) async fn stop_moves(&self) {
        let epoch = self.world.log.truth().snapshot().view().epoch().ok().flatten();
        if let Some(epoch) = epoch {
            self.order(Command::MovesStop { epoch }).await;
        }
    }

    pub(crate) async fn start_moves(&self) {
        self.order(Command::MovesStart).await;
    }
}

impl World {
    fn jobs(&self) -> Vec<JobRecord> {
        self.log.truth().snapshot().view().jobs(None, PAGE_ITEMS_MAX).unwrap_or_default()
    }
}

/// Whatever was held up goes on.
pub(crate) fn resume(world: &Arc<World>) {
    let world = Arc::clone(world);
    let kernel = world.kernel.clone();
    kernel.spawn(WORLD, async move {
        let client = Client::new(&world, LAST);
        client.start_moves().await;
        for job in world.jobs().into_iter().filter(|job| job.state == JobState::Paused) {
            client.order(Command::JobControl { job: job.id, action: JobAction::Resume }).await;
        }
    });
}
