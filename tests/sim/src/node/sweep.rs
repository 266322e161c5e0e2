//! The sweep of a node: the real decisions, by linearizable reads alone.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use vs_core::id::AssetId;
use vsd_core::{
    background::State,
    meta::SettingName,
    plan::{
        sweep::{SLICE_KEYS_MAX, Step, Sweep},
        wanted::Keeper,
    },
    superblock::Key,
};

use super::Node;

/// How often it looks whether there is something to do.
const POLL: Duration = Duration::from_secs(1);

impl Node {
    pub(super) async fn keep_sweeping(self: Arc<Self>) {
        let mut sweep = Sweep::new(self.kernel().now());
        let mut watched: BTreeSet<AssetId> = BTreeSet::new();
        loop {
            let delay = self.snapshot().view().setting(SettingName::DropDelay);
            let delay = Duration::from_millis(delay.unwrap_or(SettingName::DropDelay.default_value()));
            match sweep.next(self.kernel().now(), delay) {
                Step::Wait(wait) => {
                    self.keep_watching(&mut watched, &sweep);
                    self.kernel().sleep(wait.min(POLL)).await;
                }
                Step::List { after } => {
                    self.keep_watching(&mut watched, &sweep);
                    let keys = self.names(after);
                    sweep.listed(&keys, self.kernel().now());
                }
                Step::Ask { assets } => {
                    if let Some(store) = self.store() {
                        store.guard(|guard| guard.watch(assets.iter().copied()));
                    }
                    watched.extend(assets);
                    self.ask(&mut sweep).await;
                }
                Step::Drop { keys, decided_at } => {
                    let Some(store) = self.store() else { continue };
                    store.hesitate().await;
                    for (key, swept) in store.drop_unwanted(&keys, decided_at).await {
                        self.say(|| format!("sweeps {} {} by {decided_at}: {swept:?}", key.asset, key.hash.short()));
                    }
                }
            }
        }
    }

    fn keep_watching(&self, watched: &mut BTreeSet<AssetId>, sweep: &Sweep) {
        let keep = sweep.watched();
        if let Some(store) = self.store() {
            store.guard(|guard| guard.unwatch(watched.difference(&keep).copied()));
        }
        watched.retain(|asset| keep.contains(asset));
    }

    fn names(&self, after: Option<Key>) -> Vec<Key> {
        let all = self.store().map(|store| store.list()).unwrap_or_default();
        all.into_iter().filter(|key| Some(*key) > after).take(SLICE_KEYS_MAX).collect()
    }

    async fn ask(&self, sweep: &mut Sweep) {
        let Ok((state, index)) = self.read_at().await else { return sweep.give_up(self.kernel().now()) };
        let now = self.kernel().now();
        let answered = Keeper::new(state.view(), self.id)
            .and_then(|keeper| sweep.answered(index, |asset| keeper.wants(asset), now));
        if answered.is_err() {
            sweep.give_up(now);
        }
    }
}
