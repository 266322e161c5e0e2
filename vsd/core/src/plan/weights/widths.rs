//! On how many nodes what the library keeps lies at once.

use std::collections::BTreeMap;

use vs_core::limit::PAGE_ITEMS_MAX;

use crate::meta::{AssetState, TableError, View};

/// How many bytes all disks hold by schemes of each width, where a layout can place a key on `room` nodes.
///
/// # Errors
/// When the tables cannot be read.
pub fn widths(view: &View<'_>, room: usize) -> Result<BTreeMap<usize, u64>, TableError> {
    let (mut widths, mut after) = (BTreeMap::new(), None);
    loop {
        let page = view.assets(after, PAGE_ITEMS_MAX)?;
        let Some(last) = page.last() else { return Ok(widths) };
        after = Some(last.id);
        for asset in page.iter().filter(|asset| asset.state != AssetState::Dead) {
            let bytes: &mut u64 = widths.entry(asset.scheme.width()).or_default();
            *bytes = bytes.saturating_add(asset.physical_bytes(room));
        }
    }
}
