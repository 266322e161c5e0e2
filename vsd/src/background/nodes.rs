//! Asking storage nodes what they have.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::timeout;
use vs_client::Client;
use vs_core::{hash::ChunkHash, id::AssetId};
use vs_wire::v1;
use vsd_core::plan::repair::Held;

/// How long a node may take to accept a connection, and to look into its index.
const CONNECT_DEADLINE: Duration = Duration::from_secs(2);
const LOOK_DEADLINE: Duration = Duration::from_secs(5);
/// How long it may take to read and hash one chunk, on a disk that others use too.
const READ_DEADLINE: Duration = Duration::from_secs(2);
/// Chunks looked up, and chunks read, in one call.
const LOOKED_UP_MAX: usize = 4_096;
const READ_MAX: usize = 32;

/// Connections to nodes, kept open; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Nodes {
    clients: Arc<Mutex<HashMap<String, Client>>>,
}

/// A question to one node about chunks of one asset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) addr: &'a str,
    pub(super) asset: AssetId,
    /// Up to where the asker knows the log: the node's sweep heeds it.
    pub(super) index: u64,
    /// The bytes are to be read and checked, too.
    pub(super) deep: bool,
}

impl Nodes {
    /// What the node has of these. [`Held::Unknown`] for all that it did not tell.
    pub(super) async fn held(&self, question: Question<'_>, hashes: &[ChunkHash]) -> Vec<Held> {
        let at_a_time = if question.deep { READ_MAX } else { LOOKED_UP_MAX };
        let mut held = Vec::with_capacity(hashes.len());
        for some in hashes.chunks(at_a_time) {
            match self.ask(question, some).await {
                Ok(states) if states.len() == some.len() => held.extend(states.iter().map(|state| held_of(*state))),
                Ok(_) => held.extend(some.iter().map(|_| Held::Unknown)),
                Err(why) => {
                    tracing::debug!(addr = question.addr, why, "a node does not say what it has");
                    self.forget(question.addr);
                    held.resize(hashes.len(), Held::Unknown);
                    break;
                }
            }
        }
        held
    }

    async fn ask(&self, question: Question<'_>, hashes: &[ChunkHash]) -> Result<Vec<u8>, String> {
        let Question { addr, asset, index, deep } = question;
        let client = self.client(addr).await?;
        let many = u32::try_from(hashes.len()).unwrap_or(u32::MAX);
        let hashes = hashes.iter().flat_map(|hash| hash.0).collect();
        let deadline = if deep { LOOK_DEADLINE + READ_DEADLINE * many } else { LOOK_DEADLINE };
        let request = v1::CheckChunksRequest { asset: asset.0, hashes, index, deep };
        match timeout(deadline, client.admin().check_chunks(request)).await {
            Ok(Ok(answer)) => Ok(answer.into_inner().states),
            Ok(Err(status)) => Err(status.message().to_owned()),
            Err(_) => Err("no answer in time".to_owned()),
        }
    }

    async fn client(&self, addr: &str) -> Result<Client, String> {
        if let Some(client) = self.clients().get(addr) {
            return Ok(client.clone());
        }
        let client =
            Client::connect(&[addr.to_owned()], CONNECT_DEADLINE).await.map_err(|failure| failure.to_string())?;
        self.clients().insert(addr.to_owned(), client.clone());
        Ok(client)
    }

    fn forget(&self, addr: &str) {
        self.clients().remove(addr);
    }

    fn clients(&self) -> std::sync::MutexGuard<'_, HashMap<String, Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As `CheckChunksResponse` has it.
fn held_of(state: u8) -> Held {
    match state {
        0 => Held::Missing,
        1 => Held::Stored,
        2 | 3 => Held::Damaged,
        _ => Held::Unknown,
    }
}
