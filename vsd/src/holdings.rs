//! The way to ask nodes what they hold.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::time::timeout;
use vs_client::Client;
use vs_core::{hash::ChunkHash, id::NodeId};
use vs_wire::{Checked, v1};
use vsd_core::{background::Question, plan::repair::Held};

/// How long a node may take to accept a connection, and to look into its index when nobody waits for it.
const CONNECT_DEADLINE: Duration = Duration::from_secs(2);
const LOOK_DEADLINE: Duration = Duration::from_secs(5);
/// How long it may take to read and hash one chunk, on a disk that others use too.
const READ_DEADLINE: Duration = Duration::from_secs(2);
/// For how long a node is left alone that did not answer.
const AWAY: Duration = Duration::from_secs(3);
/// Chunks looked up, and chunks read, in one call.
const LOOKED_UP_MAX: usize = 4_096;
const READ_MAX: usize = 32;

/// Connections to nodes, kept open; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Nodes {
    known: Arc<Mutex<HashMap<String, Known>>>,
    look_deadline: Duration,
}

impl Default for Nodes {
    fn default() -> Self {
        Self::answering_within(LOOK_DEADLINE)
    }
}

#[derive(Clone, Debug)]
enum Known {
    Connected(Client),
    /// It did not answer, and is not asked again for a while: a pass asks it once a part.
    Away(Instant),
}

impl Nodes {
    /// Nodes that are to look into their index as fast as that.
    pub(crate) fn answering_within(look_deadline: Duration) -> Self {
        Self { known: Arc::default(), look_deadline }
    }

    /// What the node at `addr` has of these. [`Held::Unknown`] for all that it did not tell.
    pub(crate) async fn held(&self, question: Question, addr: &str, hashes: &[ChunkHash]) -> Vec<Held> {
        let at_a_time = if question.deep { READ_MAX } else { LOOKED_UP_MAX };
        let mut held = Vec::with_capacity(hashes.len());
        for some in hashes.chunks(at_a_time) {
            match self.ask(question, addr, some).await {
                Ok(states) if states.len() == some.len() => {
                    held.extend(states.iter().map(|state| held_of((*state).into())))
                }
                Ok(_) => held.extend(some.iter().map(|_| Held::Unknown)),
                Err(why) => {
                    tracing::debug!(addr, why, "a node does not say what it has");
                    self.gives_no_answer(addr);
                    held.resize(hashes.len(), Held::Unknown);
                    break;
                }
            }
        }
        held
    }

    async fn ask(&self, question: Question, addr: &str, hashes: &[ChunkHash]) -> Result<Vec<u8>, String> {
        let Question { node, asset, index, deep } = question;
        let client = self.client(addr).await?;
        let many = u32::try_from(hashes.len()).unwrap_or(u32::MAX);
        let hashes = hashes.iter().flat_map(|hash| hash.0).collect();
        let deadline = if deep { self.look_deadline + READ_DEADLINE * many } else { self.look_deadline };
        let request = v1::CheckChunksRequest { asset: asset.0, hashes, index, deep };
        match timeout(deadline, client.admin().check_chunks(request)).await {
            Ok(Ok(answer)) => match answer.into_inner() {
                // another one may have its address by now
                v1::CheckChunksResponse { node: who, .. } if who != node.0 => {
                    Err(format!("{} is there now", NodeId(who)))
                }
                v1::CheckChunksResponse { states, .. } => Ok(states),
            },
            Ok(Err(status)) => Err(status.message().to_owned()),
            Err(_) => Err("no answer in time".to_owned()),
        }
    }

    async fn client(&self, addr: &str) -> Result<Client, String> {
        match self.known().get(addr) {
            Some(Known::Connected(client)) => return Ok(client.clone()),
            Some(Known::Away(since)) if since.elapsed() < AWAY => return Err("no answer a moment ago".to_owned()),
            _ => {}
        }
        let client = Client::connect(&[addr.to_owned()], CONNECT_DEADLINE).await;
        let client = client.map_err(|failure| failure.to_string())?;
        self.known().insert(addr.to_owned(), Known::Connected(client.clone()));
        Ok(client)
    }

    fn gives_no_answer(&self, addr: &str) {
        let mut known = self.known();
        if !matches!(known.get(addr), Some(Known::Away(since)) if since.elapsed() < AWAY) {
            known.insert(addr.to_owned(), Known::Away(Instant::now()));
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn held_of(checked: Checked) -> Held {
    match checked {
        Checked::Missing => Held::Missing,
        Checked::Stored => Held::Stored,
        Checked::Damaged => Held::Damaged,
        // also of a disk that is busy, and of drops under way: whoever asks again will know
        Checked::Unreadable => Held::Unknown,
    }
}
