//! Writes groups of chunks to where the layout places them. A group is stored when its write quorum has said so.
//!
//! How that is done is decided in [`vsd_core::upload::store`]; here is how much is on its way at a time, and who is told.

use std::sync::Arc;

use tokio::sync::Semaphore;
use vs_core::{
    error::Failure,
    id::{AssetId, UploadId},
    layout::{Layout, Scheme},
    limit::STRIPE_DATA,
};
use vsd_core::{
    background::Get,
    upload::{
        once::Once,
        store::{not_computed, patiently, store},
        track::{Gathered, Written},
    },
};

use super::sessions::Uploader;

/// Chunks of one upload on their way at the same time, parity aside: two stripes, so that one is coded while the other
/// is written.
const IN_FLIGHT_MAX: usize = 2 * STRIPE_DATA;

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
        let Inner { uploader, asset, layout, scheme, .. } = &*self.inner;
        let (daemon, asset, scheme) = (uploader.daemon(), *asset, *scheme);
        let encoded = daemon.compute(move || gathered.encode(asset, &track, scheme)).await;
        let (mut group, members) = encoded.ok_or_else(not_computed)?;
        let displaced = once.write(part, group.key, async || {
            patiently(daemon, || async {
                let ended = store(daemon, asset, &group, &members, layout).await;
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
}
