//! What a node does by itself: the leader moves cluster time and proposes housekeeping, and every node makes snapshots
//! of a log that has grown long.

use std::time::{Duration, Instant};

use vsd_core::meta::{Command, LeaderTerm, Response, housekeeping_due, time_matters};

use super::{
    MetaError,
    log::RaftLog,
    propose::{Proposals, Proposer},
    reads::Rounds,
    standing::Standing,
    state::StateStore,
    types::Raft,
};

/// How often cluster time moves while something waits for it, and otherwise. A tick counts for two seconds at most.
const TICK: Duration = Duration::from_secs(1);
const TICK_IDLE: Duration = Duration::from_millis(1_900);
/// Records of one step of housekeeping, and steps between two ticks.
const STEP_RECORDS: u32 = 200;
const STEPS_MAX: u32 = 20;
/// Bytes of log after which a snapshot is made, however few entries they are: parts are large.
const SNAPSHOT_LOG_BYTES: u64 = 64 << 20;

pub(super) struct Upkeep {
    pub(super) raft: Raft,
    pub(super) standing: Standing,
    pub(super) log: RaftLog,
    pub(super) state: StateStore,
    pub(super) rounds: Rounds,
    pub(super) proposals: Proposals,
}

/// A term that this node leads.
struct Lead {
    term: LeaderTerm,
    since: Instant,
    /// What the log had counted of the term when this process began to lead it: a restarted leader may go on in its old
    /// term.
    counted_ms: u64,
}

impl Upkeep {
    pub(super) async fn run(self) {
        let mut lead = None;
        let mut snapshot_at_bytes = self.log.written_bytes();
        loop {
            tokio::time::sleep(self.pause()).await;
            self.snapshot_when_long(&mut snapshot_at_bytes).await;
            if let Err(error) = self.lead(&mut lead).await {
                tracing::debug!(%error, "cluster time does not move");
                lead = None;
            }
        }
    }

    fn pause(&self) -> Duration {
        match time_matters(self.state.read().tables()) {
            Ok(false) => TICK_IDLE,
            _ => TICK,
        }
    }

    async fn snapshot_when_long(&self, at_bytes: &mut u64) {
        let written = self.log.written_bytes();
        if written.saturating_sub(*at_bytes) >= SNAPSHOT_LOG_BYTES {
            *at_bytes = written;
            if let Err(error) = self.raft.trigger().snapshot().await {
                tracing::debug!(%error, "no snapshot");
            }
        }
    }

    /// One tick and the housekeeping it makes due, if this node leads.
    async fn lead(&self, lead: &mut Option<Lead>) -> Result<(), MetaError> {
        let Some(term) = self.standing.reign() else {
            *lead = None;
            return Ok(());
        };
        if lead.as_ref().is_none_or(|lead| lead.term != term) {
            *lead = Some(self.begin(term).await?);
        }
        let Some(lead) = lead else { return Ok(()) };
        let elapsed_ms = u64::try_from(lead.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        let tick = Command::Tick { term, elapsed_ms: lead.counted_ms.saturating_add(elapsed_ms) };
        self.proposals.propose(Proposer::Node, tick).await?;
        self.housekeep().await
    }

    async fn begin(&self, term: LeaderTerm) -> Result<Lead, MetaError> {
        self.rounds.join().await?;
        let clock = self.state.read().view().clock()?;
        let counted_ms = if clock.term == term { clock.elapsed_ms } else { 0 };
        Ok(Lead { term, since: Instant::now(), counted_ms })
    }

    async fn housekeep(&self) -> Result<(), MetaError> {
        for _ in 0..STEPS_MAX {
            if !housekeeping_due(self.state.read().tables())? {
                break;
            }
            let step = self.proposals.propose(Proposer::Node, Command::Housekeep { limit: STEP_RECORDS }).await?;
            if !matches!(step, Response::Housekept { more: true, .. }) {
                break;
            }
        }
        Ok(())
    }
}
