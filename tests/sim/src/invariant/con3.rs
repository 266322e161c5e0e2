//! CON-3: a command that is sent again is applied once, and in a session that is over not at all. Views are counted, so
//! that they tell how often they were applied.

use std::sync::Arc;

use vs_core::id::VideoId;
use vsd_core::meta::Response;

use super::copies::with_view;
use crate::{replica::Replica, world::World};

/// A command that was answered was sent again, and answered again.
pub(crate) fn answered_again(world: &World, before: &Response, again: &Response) {
    if again != before && *again != Response::SessionExpired {
        world.violated("CON-3", format!("was answered {before:?}, and then {again:?}"));
    }
}

/// A command was sent again after its session was closed.
pub(crate) fn answered_when_closed(world: &World, again: &Response) {
    if *again != Response::SessionExpired {
        world.violated("CON-3", format!("in a session that was closed is answered {again:?}"));
    }
}

/// Views of a video that a client orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub answered: u64,
    /// Sent, and not answered so far.
    pub unknown: u64,
}

/// Every video that is there has the views that were answered, and no more than those that may be.
pub(crate) fn check(world: &Arc<World>, truth: &Replica) {
    with_view(truth, |view| {
        for (id, Counted { answered, unknown }) in world.oracle.views() {
            let Ok(Some(video)) = view.video(id) else { continue };
            if !(answered..=answered + unknown).contains(&video.views) {
                let what = format!("{} views of {}: {answered} counted, {unknown} unknown", video.views, id.short());
                world.violated("CON-3", what);
            }
        }
    });
}

/// A client has so many views counted, and knows whether they were.
pub(crate) fn ordered(world: &World, video: VideoId, count: u64) {
    world.oracle.count_views(video, |views| views.unknown += count);
}

pub(crate) fn settled(world: &World, video: VideoId, count: u64, is_done: bool) {
    world.oracle.count_views(video, |views| {
        views.unknown -= count;
        views.answered += if is_done { count } else { 0 };
    });
}
