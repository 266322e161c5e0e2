//! What the leader sees to by itself: that cluster time goes on, that the right nodes vote, and that the layout has the
//! right nodes.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use vs_core::{id::NodeId, limit::PAGE_ITEMS_MAX, placement};
use vsd_core::{
    background::{Repairer, Shell, State},
    health::NodeState,
    meta::{Command, LeaderTerm, Response, Role, SettingName, TableError, housekeeping_due, time_matters},
    plan::{
        steward::{Next, Seen, Steward},
        voters::{self, Change, Member},
        weights::Usage,
    },
};

use super::{Node, hand::Hand, millis};
use crate::kernel::lock;

/// How often cluster time moves while something waits for it, and otherwise.
const TICK: Duration = Duration::from_secs(1);
const TICK_IDLE: Duration = Duration::from_millis(1_900);
/// Steps of housekeeping between two ticks.
const STEPS_MAX: u32 = 20;
/// How often the members and the layout are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// A learner that lacks no more than this many entries may vote.
const LAG_MAX: u64 = 200;

impl Node {
    pub(super) async fn keep_time(self: Arc<Self>, term: LeaderTerm) {
        let Ok(_) = self.read_at().await else { return self.keep_time_later(term) };
        let clock = self.snapshot().view().clock().unwrap_or_default();
        let counted_ms = if clock.term == term { clock.elapsed_ms } else { 0 };
        let since = self.kernel().now();
        while self.reigns(term) {
            let elapsed_ms = counted_ms + millis(self.kernel().now().saturating_sub(since));
            if self.propose(Command::Tick { term, elapsed_ms }).await.is_ok() {
                self.housekeep().await;
            }
            let pause = match time_matters(&**self.replica().tables()) {
                Ok(false) => TICK_IDLE,
                _ => TICK,
            };
            self.kernel().sleep(pause).await;
        }
    }

    fn keep_time_later(self: Arc<Self>, term: LeaderTerm) {
        let node = Arc::clone(&self);
        self.world.begin(self.process, async move {
            node.kernel().sleep(TICK).await;
            if node.reigns(term) {
                Box::pin(Arc::clone(&node).keep_time(term)).await;
            }
        });
    }

    async fn housekeep(&self) {
        for _ in 0..STEPS_MAX {
            if !housekeeping_due(&**self.replica().tables()).unwrap_or(false) {
                break;
            }
            match self.propose(Command::Housekeep { limit: self.world.shape().step_records }).await {
                Ok(Response::Housekept { more: true, .. }) => {}
                _ => break,
            }
        }
    }

    pub(super) async fn look_after_cluster(self: Arc<Self>, term: LeaderTerm) {
        let mut steward = Steward::default();
        while self.reigns(term) {
            self.kernel().sleep(LOOK).await;
            if self.reign() != Some(term) {
                steward = Steward::default();
                continue;
            }
            if let Ok(members) = self.members() {
                self.look_after_voters(&members);
            }
            self.look_after_layout(&mut steward).await;
        }
    }

    async fn look_after_layout(&self, steward: &mut Steward) {
        let state = self.snapshot();
        let picture = self.picture();
        let seen = |node: NodeId| {
            let (liveness, down_ms) = self.liveness(node);
            let told = picture.node(node).filter(|told| told.disk_total_bytes > 0);
            let usage = told.map(|told| Usage {
                used_bytes: told.disk_used_bytes,
                total_bytes: told.disk_total_bytes,
                room_bytes: told.disk_room_bytes,
            });
            Seen { liveness, down_ms, is_heard: self.hears(node), usage }
        };
        let found = lock(&self.standstill).clone();
        let Ok(Some(next)) = steward.look(&state.view(), self.layouts(), seen, &found, self.now()) else { return };
        let Ok(Some(current)) = self.layouts().current(&state.view()) else { return };
        let layout = match next {
            Next::Again(layout) => layout,
            Next::Of(nodes, relief) => {
                placement::propose_relieved(current.epoch.next(), Some(&current), nodes, &relief)
            }
        };
        drop(state);
        self.say(|| format!("proposes {} of {:?}", layout.epoch, layout.nodes));
        // another look finds out what came of it
        drop(self.propose(Command::LayoutSet { layout }).await);
    }

    fn look_after_voters(&self, members: &[Member]) {
        let grace_ms = self.snapshot().view().setting(SettingName::RepairGrace).unwrap_or(u64::MAX);
        let Some(Change::SetVoters(voters)) = voters::next_change(members, grace_ms) else { return };
        let Some(term) = self.reign() else { return };
        // both majorities have to know of it
        if self.world.confirms(self.id, term.term) && self.world.would_agree(self.id, &voters) {
            self.say(|| format!("voters are {voters:?}"));
            self.world.log.set_voters(voters);
        }
    }

    /// Every member learns as soon as it is known.
    fn members(&self) -> Result<Vec<Member>, TableError> {
        let state = self.snapshot();
        let voters = self.world.log.voters();
        let far = self.far();
        let committed = self.committed.get();
        let records = state.view().nodes(None, PAGE_ITEMS_MAX)?;
        let known: BTreeSet<NodeId> = records.iter().map(|node| node.id).chain(voters.iter().copied()).collect();
        let member = |node: NodeId| {
            let record = records.iter().find(|record| record.id == node);
            let wanted = record.is_some_and(|record| record.serves(Role::Metadata));
            let (liveness, down_ms) = self.liveness(node);
            let applied = far.get(&node).copied().unwrap_or(0);
            let voter = voters.contains(&node);
            Member {
                node,
                voter,
                learner: wanted && !voter,
                wanted,
                up: liveness == NodeState::Up && self.hears(node),
                down_ms,
                caught_up: node == self.id || applied + LAG_MAX >= committed,
            }
        };
        Ok(known.into_iter().map(member).filter(|member| member.wanted || member.voter).collect())
    }

    /// The executor of repair, moves and scheme changes, on every node: it works where it leads.
    pub(super) fn begin_background(self: &Arc<Self>) {
        let repairer = Repairer::new(Hand(Arc::clone(self)));
        self.world.begin(self.process, async move { repairer.run().await });
    }
}
