//! SHOW-1: what a video shows is alive, also in the trash: content goes with the last of its videos and not before.

use std::sync::Arc;

use vs_core::limit::PAGE_ITEMS_MAX;
use vsd_core::meta::AssetFate;

use super::copies::with_view;
use crate::{replica::Replica, world::World};

pub(crate) fn check(world: &Arc<World>, truth: &Replica) {
    with_view(truth, |view| {
        for video in view.videos(None, PAGE_ITEMS_MAX).unwrap_or_default() {
            if view.fate(video.asset) == Ok(AssetFate::Dead) {
                world.violated("SHOW-1", format!("video {} shows {}, which is dead", video.id.short(), video.asset));
            }
        }
    });
}
