//! Writes groups of chunks to where the layout places them. A group is stored when its write quorum has said so.
//!
//! Who is sent what, and when that is enough, [`Writing`] decides; here are its clock and its sockets.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{StreamExt, stream::FuturesUnordered};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep_until},
};
use vs_client::chunk::ChunkError;
use vs_core::{
    error::Failure,
    group::Group,
    hash::Hash,
    id::{AssetId, NodeId, UploadId},
    layout::{Layout, Scheme},
    limit::STRIPE_DATA,
    manifest::Displaced,
};
use vsd_core::upload::{
    track::{Gathered, Written},
    write::{Answer, PUT_TIMEOUT, Put, Step, Writing},
};

use super::{once::Once, pipeline::blocking, sessions::Uploader};

/// Chunks of one upload on their way at the same time, parity aside: two stripes, so that one is coded while the other
/// is written.
const IN_FLIGHT_MAX: usize = 2 * STRIPE_DATA;
/// For how long a step is repeated that fails for a moment, and with what pauses.
const PATIENCE: Duration = Duration::from_secs(60);
const RETRY_MIN: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Repeats a step that may fail for a moment: starting a film anew because of one reset connection would be dear.
pub(crate) async fn patiently<T, F: Future<Output = Result<T, Failure>>>(step: impl Fn() -> F) -> Result<T, Failure> {
    let started = Instant::now();
    let mut wait = RETRY_MIN;
    loop {
        match step().await {
            Err(failure) if failure.code.retryable() && started.elapsed() < PATIENCE => {
                tracing::debug!(%failure, "a step of an upload is repeated");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(RETRY_MAX);
            }
            ended => return ended,
        }
    }
}

/// Writes the chunks of one asset; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct ChunkWriter {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    uploader: Uploader,
    upload: UploadId,
    asset: AssetId,
    /// Of the epoch that the asset is placed by.
    layout: Layout,
    scheme: Scheme,
    in_flight: Semaphore,
}

impl ChunkWriter {
    pub(crate) fn new(uploader: Uploader, upload: UploadId, asset: AssetId, layout: Layout, scheme: Scheme) -> Self {
        let in_flight = Semaphore::new(IN_FLIGHT_MAX);
        Self { inner: Arc::new(Inner { uploader, upload, asset, layout, scheme, in_flight }) }
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.inner.scheme
    }

    /// Members of a group that the layout has room for, and how many of them make it stored.
    pub(crate) fn copies_and_quorum(&self) -> (usize, usize) {
        let copies = self.inner.scheme.width().min(self.inner.layout.room());
        (copies, if self.inner.scheme.is_coded() { STRIPE_DATA + 1 } else { copies / 2 + 1 })
    }

    /// Stores one group of a track; returns once a quorum holds it durably and every other member is accounted for.
    pub(super) async fn write(&self, track: Arc<str>, gathered: Gathered, once: &Once) -> Result<Written, Failure> {
        let part = gathered.part;
        let chunks = u32::try_from(gathered.data.len()).unwrap_or(u32::MAX);
        let _turn = self.inner.in_flight.acquire_many(chunks).await;
        let (mut group, members) = self.group_of(track, gathered).await?;
        let displaced = once.write(part, group.key, async || {
            patiently(|| async {
                let ended = self.write_once(&group, &members).await;
                self.tell(ended.as_ref().err());
                ended
            })
            .await
        });
        let displaced = displaced.await?;
        let parity = group.members.split_off(group.data);
        Ok(Written { data: group.members, parity, displaced })
    }

    /// Whoever watches the upload sees what it waits for, and that it goes on.
    fn tell(&self, waits: Option<&Failure>) {
        let Inner { uploader, upload, .. } = &*self.inner;
        if waits.is_some() || uploader.progress(*upload).borrow().waiting.is_some() {
            uploader.report(*upload, |progress| progress.waiting = waits.cloned());
        }
    }

    /// The group and the bytes of its members: those of parity and all names are computed off the async threads.
    async fn group_of(&self, track: Arc<str>, gathered: Gathered) -> Result<(Group, Vec<Bytes>), Failure> {
        let (asset, scheme) = (self.inner.asset, self.inner.scheme);
        blocking(move || Ok(gathered.encode(asset, &track, scheme))).await
    }

    async fn write_once(&self, group: &Group, members: &[Bytes]) -> Result<Vec<Displaced>, Failure> {
        let started = Instant::now();
        let current = self.inner.uploader.puts().current_layout();
        let current = current.as_deref().unwrap_or(&self.inner.layout);
        let mut writing = Writing::new(group.clone(), &self.inner.layout, current);
        let mut picture = self.inner.uploader.puts().watch();
        let mut open = FuturesUnordered::new();
        loop {
            picture.mark_unchanged();
            let now = self.inner.uploader.puts().picture();
            let until = match writing.next(started.elapsed(), |node| now.known(node)) {
                Step::Wait { puts, until } => {
                    let put =
                        |put: Put| self.put_on(put.node, group.members[put.member].hash, members[put.member].clone());
                    open.extend(puts.into_iter().map(put));
                    until
                }
                // Whoever has not answered by now is left alone: nothing goes on behind our back.
                Step::Stored { displaced } => return Ok(displaced),
                Step::Failed(shortfall) => return Err(shortfall.into()),
            };
            tokio::select! {
                Some((node, answer)) = open.next() => writing.answered(node, answer, started.elapsed()),
                Ok(()) = picture.changed() => {}
                () = sleep_until(started + until) => {}
            }
        }
    }

    async fn put_on(&self, node: NodeId, hash: Hash, bytes: Bytes) -> (NodeId, Answer) {
        let puts = self.inner.uploader.puts();
        let answer = match puts.put(node, self.inner.asset, hash, bytes, puts.index(), PUT_TIMEOUT).await {
            Ok(()) => Answer::Durable,
            Err(ChunkError::Full { .. }) => Answer::Full,
            Err(error) => Answer::Failed(error.to_string()),
        };
        (node, answer)
    }
}
