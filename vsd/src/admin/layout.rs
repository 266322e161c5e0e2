//! The layout, and what is remembered of layouts because each is long and asked for by every film.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use vs_core::{
    error::{Code, Failure},
    id::Epoch,
    layout::Layout,
};
use vs_wire::v1;
use vsd_core::meta::View;

use super::{Services, internal};

/// Most layouts that are remembered. As a rule a handful is in use; 4,096 slots take half a megabyte.
const LAYOUTS_MAX: usize = 32;

/// Layouts that were decoded. That of an epoch never changes, so one that is here is right; the oldest go first.
#[derive(Clone, Debug, Default)]
pub(crate) struct LayoutCache(Arc<Mutex<BTreeMap<Epoch, Arc<Layout>>>>);

impl LayoutCache {
    /// The layout of an epoch that the state has.
    pub(crate) fn of(&self, view: &View<'_>, epoch: Epoch) -> Result<Option<Arc<Layout>>, Failure> {
        if let Some(known) = self.known().get(&epoch) {
            return Ok(Some(known.clone()));
        }
        let Some(layout) = view.layout(epoch).map_err(internal)?.map(Arc::new) else { return Ok(None) };
        let mut known = self.known();
        known.insert(epoch, layout.clone());
        if known.len() > LAYOUTS_MAX {
            known.pop_first();
        }
        Ok(Some(layout))
    }

    /// None before the bootstrap.
    pub(crate) fn current(&self, view: &View<'_>) -> Result<Option<Arc<Layout>>, Failure> {
        view.epoch().map_err(internal)?.map_or(Ok(None), |epoch| self.of(view, epoch))
    }

    /// On how many nodes a layout can place one key; 0 when it is not there.
    pub(crate) fn room(&self, view: &View<'_>, epoch: Epoch) -> Result<usize, Failure> {
        Ok(self.of(view, epoch)?.map_or(0, |layout| layout.room()))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<Epoch, Arc<Layout>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Services {
    pub(super) async fn layout(&self, request: v1::GetLayoutRequest) -> Result<v1::GetLayoutResponse, Failure> {
        let (state, age_ms) = self.state(request.consistency()).await?;
        let view = state.view();
        let current = view.epoch().map_err(internal)?.unwrap_or_default();
        let asked = request.epoch.map_or(current, Epoch);
        let epochs = view.epochs().map_err(internal)?;
        let layout = self.layouts.of(&view, asked)?.ok_or_else(|| {
            let kept: Vec<_> = epochs.iter().map(|(epoch, _)| epoch.0.to_string()).collect();
            let kept = format!("the current one is {}; assets are placed by {}", current.0, kept.join(", "));
            Failure::new(Code::NotFound, format!("no layout of epoch {}", asked.0))
                .because(kept)
                .hint("see the current one: `vsctl layout show`")
        })?;
        let used = |(epoch, assets): (Epoch, u64)| v1::EpochUse { epoch: epoch.0, assets };
        Ok(v1::GetLayoutResponse {
            layout: Some(v1::Layout::from(&*layout)),
            current: current.0,
            epochs: epochs.into_iter().map(used).collect(),
            age_ms,
        })
    }
}
