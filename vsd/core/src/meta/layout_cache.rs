//! Layouts that were decoded: each is long, and asked for again and again. That of an epoch never changes, so one that is
//! here is right.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use vs_core::{id::Epoch, layout::Layout};

use super::{tables::TableError, view::View};

/// Most layouts that are remembered one by one. As a rule a handful is in use; 4,096 slots take a fifth of a megabyte.
const LAYOUTS_MAX: usize = 32;
/// How many of the newest epochs are looked at whether or not an asset is placed by them. Those between an asset's own
/// epoch and these matter to nobody: nothing is placed by them, and what was moved by one is found by asking every node.
const NEWEST_MAX: u64 = 16;

/// Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct LayoutCache(Arc<Mutex<Cached>>);

#[derive(Debug)]
struct Cached {
    one_by_one: BTreeMap<Epoch, Arc<Layout>>,
    /// What was asked for last, and what there was of it.
    in_use: (BTreeSet<Epoch>, Arc<[Layout]>),
}

impl Default for Cached {
    fn default() -> Self {
        Self { one_by_one: BTreeMap::new(), in_use: (BTreeSet::new(), Arc::new([])) }
    }
}

#[allow(clippy::missing_errors_doc, reason = "every read fails when the tables cannot be read, and only then")]
impl LayoutCache {
    /// The layout of an epoch that the state has.
    pub fn of(&self, view: &View<'_>, epoch: Epoch) -> Result<Option<Arc<Layout>>, TableError> {
        if let Some(known) = self.cached().one_by_one.get(&epoch) {
            return Ok(Some(known.clone()));
        }
        let Some(layout) = view.layout(epoch)?.map(Arc::new) else { return Ok(None) };
        let known = &mut self.cached().one_by_one;
        known.insert(epoch, layout.clone());
        if known.len() > LAYOUTS_MAX {
            known.pop_first();
        }
        Ok(Some(layout))
    }

    /// None before the bootstrap.
    pub fn current(&self, view: &View<'_>) -> Result<Option<Arc<Layout>>, TableError> {
        view.epoch()?.map_or(Ok(None), |epoch| self.of(view, epoch))
    }

    /// On how many nodes a layout can place one key; 0 when it is not there.
    pub fn room(&self, view: &View<'_>, epoch: Epoch) -> Result<usize, TableError> {
        Ok(self.of(view, epoch)?.map_or(0, |layout| layout.room()))
    }

    /// Every epoch that an asset is placed by or written by, and the newest ones up to the current one: oldest first.
    pub fn in_use(&self, view: &View<'_>) -> Result<Arc<[Layout]>, TableError> {
        let mut epochs: BTreeSet<_> = view.epochs()?.into_iter().map(|(epoch, _)| epoch).collect();
        // Older ones are forgotten, sooner or later: what is remembered would go on naming them.
        let oldest = epochs.first().copied().or(view.epoch()?);
        epochs.extend(newest(view)?.filter(|epoch| Some(*epoch) >= oldest));
        let (asked, known) = self.cached().in_use.clone();
        if asked == epochs {
            return Ok(known);
        }
        let decode = |epoch: Epoch| match known.binary_search_by_key(&epoch, |layout| layout.epoch) {
            Ok(at) => Ok(Some(known[at].clone())),
            Err(_) => view.layout(epoch),
        };
        let layouts: Arc<[Layout]> =
            epochs.iter().filter_map(|epoch| decode(*epoch).transpose()).collect::<Result<_, _>>()?;
        self.cached().in_use = (epochs, layouts.clone());
        Ok(layouts)
    }

    /// What a reader of an asset is told: the epoch it is placed by and the newest ones after that, oldest first.
    pub fn from(&self, view: &View<'_>, since: Epoch) -> Result<Vec<Arc<Layout>>, TableError> {
        let newer = newest(view)?.filter(|epoch| *epoch > since);
        let layouts = std::iter::once(since).chain(newer).map(|epoch| self.of(view, epoch));
        Ok(layouts.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    fn cached(&self) -> MutexGuard<'_, Cached> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The newest epochs up to the current one, oldest first, whether or not their layouts are kept.
fn newest(view: &View<'_>) -> Result<impl Iterator<Item = Epoch> + use<>, TableError> {
    let current = view.epoch()?.map_or(0, |epoch| epoch.0);
    let first = (current + 1).saturating_sub(NEWEST_MAX).max(1);
    Ok((first..=current).map(Epoch))
}
