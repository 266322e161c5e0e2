//! Whether the replicas are the same: each makes a digest of its whole state right after one entry of the log.
//!
//! The entry is a [`Command::Mark`], after which every replica keeps a picture of its
//! state. Beside the digest stands the chain over what every entry changed ([`super::state`]), which tells replicas that
//! once differed even if they agree now.

use std::time::Duration;

use vs_core::{hash::Hasher, id::NodeId};
use vs_wire::v1;
use vsd_core::meta::{Command, Response};

use super::{Inner, Meta, MetaError, peers::PeerError, state::StateRead};

/// How long a replica may take to get to the marked entry.
const CATCH_UP: Duration = Duration::from_secs(5);
/// How long a replica may take to read all of its state.
const DIGEST_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a snapshot may take.
const SNAPSHOT_TIMEOUT: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);
const LOOKS_BEFORE_AGAIN: u32 = 50;
/// Records read at a time.
const PAGE_RECORDS: usize = 256;

impl Meta {
    /// Marks a point of the log at which replicas can be compared, and answers its index.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) async fn mark(&self) -> Result<u64, MetaError> {
        match self.propose(Command::Mark).await? {
            Response::Marked { index } => Ok(index),
            other => Err(MetaError::Stopped(format!("an unexpected answer: {other:?}"))),
        }
    }

    /// The digest of a node's state right after the mark at `index`.
    ///
    /// # Errors
    /// When the node does not tell.
    pub(crate) async fn digest_of(&self, node: NodeId, index: u64) -> Result<v1::DigestResponse, PeerError> {
        if node == self.inner.node {
            return self.inner.digest(index).await.map_err(|error| PeerError::Refused(error.into()));
        }
        let request = v1::DigestRequest { index };
        let asked = self
            .inner
            .peers
            .ask(node, DIGEST_TIMEOUT, request, |mut to, request| async move { to.digest(request).await });
        asked.await
    }

    /// Has a node make a snapshot of its state.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) async fn snapshot_on(&self, node: NodeId) -> Result<v1::SnapshotResponse, PeerError> {
        if node == self.inner.node {
            return self.inner.snapshot().await.map_err(|error| PeerError::Refused(error.into()));
        }
        let request = v1::SnapshotRequest {};
        let asked = self
            .inner
            .peers
            .ask(node, SNAPSHOT_TIMEOUT, request, |mut to, request| async move { to.snapshot(request).await });
        asked.await
    }
}

impl Inner {
    /// The digest of the state right after the marked entry at `index`.
    pub(super) async fn digest(&self, index: u64) -> Result<v1::DigestResponse, MetaError> {
        let mut applied = self.state.watch_applied();
        let reached = tokio::time::timeout(CATCH_UP, applied.wait_for(|applied| *applied >= index)).await.is_ok();
        if !reached {
            return Err(MetaError::Unknown(CATCH_UP));
        }
        let marked = self.state.marked(index);
        let marked = marked.ok_or_else(|| MetaError::stopped("a snapshot took the place of the marked entry"))?;
        let digest = tokio::task::spawn_blocking(move || digest(index, &marked)).await;
        digest.map_err(MetaError::stopped)?
    }

    /// Makes a snapshot of the state as it is now.
    pub(super) async fn snapshot(&self) -> Result<v1::SnapshotResponse, MetaError> {
        let wanted = *self.state.watch_applied().borrow();
        let made = async {
            for look in 0_u32.. {
                // one that is under way when it is asked for may be older than what is wanted
                if look.is_multiple_of(LOOKS_BEFORE_AGAIN) {
                    self.raft.trigger().snapshot().await.map_err(MetaError::stopped)?;
                }
                match self.standing.metrics().snapshot {
                    Some(id) if id.index >= wanted => return Ok(id.index),
                    _ => tokio::time::sleep(LOOK).await,
                }
            }
            unreachable!("it looks for ever")
        };
        let made = tokio::time::timeout(SNAPSHOT_TIMEOUT, made).await;
        let index = made.unwrap_or(Err(MetaError::Unknown(SNAPSHOT_TIMEOUT)))?;
        Ok(v1::SnapshotResponse { index, bytes: self.state.snapshot_bytes() })
    }
}

fn digest(index: u64, state: &StateRead) -> Result<v1::DigestResponse, MetaError> {
    let mut hasher = Hasher::default();
    let mut from = Vec::new();
    let mut records = 0;
    loop {
        let page = state.tables().scan(&from, &[u8::MAX], PAGE_RECORDS)?;
        let Some((last, _)) = page.last() else { break };
        // the first key after it
        from = [last.as_slice(), &[0]].concat();
        for (key, value) in &page {
            records += 1;
            for part in [key, value] {
                hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
                hasher.update(part);
            }
        }
    }
    let (state, chain) = (hasher.finish().0.to_vec(), state.chain()?.to_vec());
    Ok(v1::DigestResponse { index, state, chain, records })
}
