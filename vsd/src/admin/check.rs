//! Which chunks of an asset this node has: what those ask who place, repair and move chunks.
//!
//! Invariant (DESIGN §10): an answer to a question with an index is in order with the node's own deletes. The index is
//! heard first, then what is being dropped is waited for, then it is looked; whatever is found then is dropped only by
//! decisions at that index or above, and those know what the asker knew.

use futures::{StreamExt, stream};
use vs_core::{
    error::{Code, Failure},
    hash::Hash,
    id::AssetId,
};
use vs_wire::{Checked, v1};
use vsd_core::superblock::Key;

use super::Services;
use crate::storage::Verified;

/// Chunks that one call asks for.
const HASHES_MAX: usize = 4_096;
const HASH_BYTES: usize = 32;
/// Chunks of one call that wait for their turn to be read.
const TURNS: usize = 2;

impl Services {
    pub(super) async fn check(&self, request: v1::CheckChunksRequest) -> Result<v1::CheckChunksResponse, Failure> {
        let keys = keys(&request)?;
        let asset = AssetId(request.asset);
        self.store.hear(asset, request.index);
        let is_settled = self.store.settle(asset).await;
        let state = |key: Key| async move {
            match self.store.state(&key) {
                Verified::Missing => Verified::Missing,
                _ if !is_settled => Verified::Unreadable,
                _ if request.deep => self.store.verify(&key).await,
                known => known,
            }
        };
        let mut closed = self.closed.clone();
        let states = stream::iter(keys).map(state).buffered(TURNS).map(code).collect::<Vec<_>>();
        tokio::select! {
            states = states => Ok(v1::CheckChunksResponse { states, node: self.node.0 }),
            _ = closed.wait_for(|closed| *closed) => Err(Failure::new(Code::Busy, "this node stops")),
        }
    }
}

fn keys(request: &v1::CheckChunksRequest) -> Result<Vec<Key>, Failure> {
    let (hashes, rest) = request.hashes.as_chunks::<HASH_BYTES>();
    if !rest.is_empty() || hashes.len() > HASHES_MAX {
        let bytes = request.hashes.len();
        return Err(Failure::new(
            Code::Invalid,
            format!("{bytes} bytes of hashes: they have {HASH_BYTES} each, and at most {HASHES_MAX} are looked at"),
        ));
    }
    Ok(hashes.iter().map(|hash| Key { hash: Hash(*hash), asset: AssetId(request.asset) }).collect())
}

fn code(state: Verified) -> u8 {
    let checked = match state {
        Verified::Missing => Checked::Missing,
        Verified::Stored => Checked::Stored,
        Verified::Damaged => Checked::Damaged,
        Verified::Unreadable => Checked::Unreadable,
    };
    checked.into()
}
