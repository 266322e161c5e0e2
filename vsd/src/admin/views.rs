//! Views: counted by players one at a time, committed for all of them together.
//!
//! Invariant: a view that is acknowledged is committed. It is at least once: when it is not known whether a commit took
//! effect it is repeated, and so are calls whose answer was lost.

use std::{collections::BTreeMap, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use vs_core::{
    error::{Code, Failure},
    id::VideoId,
    limit::PAGE_ITEMS_MAX,
};
use vs_wire::v1;
use vsd_core::meta::Command;

use super::Services;
use crate::meta::Meta;

/// How long views are gathered for one commit.
const GATHER: Duration = Duration::from_secs(1);
/// Views that wait to be gathered; who comes later is told to come again.
const WAITING_MAX: usize = 10_000;

type Counted = oneshot::Sender<Result<(), Failure>>;

/// Where views are handed in; clones share it. Counting ends when the last one goes.
#[derive(Clone, Debug)]
pub(crate) struct ViewCounter(mpsc::Sender<(VideoId, Counted)>);

impl ViewCounter {
    pub(crate) fn start(meta: Meta) -> Self {
        let (hand_in, views) = mpsc::channel(WAITING_MAX);
        tokio::spawn(count(meta, views));
        Self(hand_in)
    }

    /// Returns once the view is committed.
    async fn count(&self, video: VideoId) -> Result<(), Failure> {
        let (counted, was_counted) = oneshot::channel();
        let busy = |_| Failure::new(Code::Busy, "too many views are being counted");
        self.0.try_send((video, counted)).map_err(busy)?;
        was_counted.await.unwrap_or_else(|_| Err(Failure::new(Code::Busy, "this node stops")))
    }
}

async fn count(meta: Meta, mut views: mpsc::Receiver<(VideoId, Counted)>) {
    while let Some(first) = views.recv().await {
        let (counts, waiting) = gather(first, &mut views).await;
        let committed = match meta.propose(Command::Views { counts }).await {
            Ok(response) => response.accepted().map(drop).map_err(Failure::from),
            Err(error) => Err(error.into()),
        };
        for counted in waiting {
            // who has gone does not ask
            let _ = counted.send(committed.clone());
        }
    }
}

/// What comes in the next moment, as far as one commit takes it.
async fn gather(
    (video, counted): (VideoId, Counted),
    views: &mut mpsc::Receiver<(VideoId, Counted)>,
) -> (BTreeMap<VideoId, u64>, Vec<Counted>) {
    let (mut counts, mut waiting) = (BTreeMap::from([(video, 1)]), vec![counted]);
    let until = Instant::now() + GATHER;
    let videos_max = usize::try_from(PAGE_ITEMS_MAX).unwrap_or(usize::MAX);
    while counts.len() < videos_max && waiting.len() < WAITING_MAX {
        let Ok(Some((video, counted))) = tokio::time::timeout_at(until, views.recv()).await else { break };
        *counts.entry(video).or_default() += 1;
        waiting.push(counted);
    }
    (counts, waiting)
}

impl Services {
    pub(super) async fn count_one_view(&self, request: v1::CountViewRequest) -> Result<v1::CountViewResponse, Failure> {
        let unknown = |_| Failure::new(Code::Invalid, format!("`{}` is not a video's id", request.video));
        self.views.count(request.video.parse().map_err(unknown)?).await?;
        Ok(v1::CountViewResponse {})
    }
}
