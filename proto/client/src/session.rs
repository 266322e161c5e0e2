//! A client session: changing calls with numbers, so that one whose outcome is unknown can be sent again and is applied once
//! (CON-3).
//!
//! Invariants:
//! - One call at a time, each with a number of its own; a repeat has the number of the first try, whichever node it goes to.
//! - The session is opened before its first change and not at all when there is none.

use std::time::Duration;

use tokio::sync::Mutex;
use tonic::{Response, Status};
use tracing::debug;
use uuid::Uuid;
use vs_core::error::Failure;
use vs_wire::{Stamp, v1};

use crate::{
    Client, Reach,
    reach::{Answer, Call},
};

/// Closing is good manners, no more: the cluster forgets sessions by itself.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// Changes to one cluster, each applied once.
#[derive(Debug)]
pub struct Session {
    reach: Reach,
    client: Uuid,
    /// Number of the last call; none before the session is open.
    seq: Mutex<Option<u64>>,
}

impl Session {
    #[must_use]
    pub fn new(reach: Reach) -> Self {
        Self { reach, client: Uuid::new_v4(), seq: Mutex::new(None) }
    }

    /// Changes something, and sends it again with the same number until it is known what became of it or time is up.
    ///
    /// # Errors
    /// As for [`Reach::ask`]. What may have taken effect says so.
    pub async fn change<Q: Clone, T, F: Future<Output = Result<Response<T>, Status>>>(
        &self,
        limit: Duration,
        request: Q,
        ask: impl Fn(Client, Q) -> F,
    ) -> Result<Answer<T>, Failure> {
        self.persist(Call::within(limit), request, ask).await
    }

    /// The same, beginning with one node.
    ///
    /// # Errors
    /// As for [`change`](Self::change).
    pub async fn change_at<Q: Clone, T, F: Future<Output = Result<Response<T>, Status>>>(
        &self,
        first: &Client,
        limit: Duration,
        request: Q,
        ask: impl Fn(Client, Q) -> F,
    ) -> Result<Answer<T>, Failure> {
        self.persist(Call { first: Some(first.clone()), ..Call::within(limit) }, request, ask).await
    }

    /// The same, for what may take a node long.
    ///
    /// # Errors
    /// As for [`change`](Self::change).
    pub async fn change_patiently<Q: Clone, T, F: Future<Output = Result<Response<T>, Status>>>(
        &self,
        limit: Duration,
        request: Q,
        ask: impl Fn(Client, Q) -> F,
    ) -> Result<Answer<T>, Failure> {
        self.persist(Call::patient(limit), request, ask).await
    }

    async fn persist<Q: Clone, T, F: Future<Output = Result<Response<T>, Status>>>(
        &self,
        call: Call,
        request: Q,
        ask: impl Fn(Client, Q) -> F,
    ) -> Result<Answer<T>, Failure> {
        // Held until the answer: the cluster remembers the answer to the last number only.
        let mut last = self.seq.lock().await;
        let seq = match *last {
            Some(seq) => seq,
            None => self.open(call.clone()).await?,
        } + 1;
        *last = Some(seq);
        let stamp = Some(Stamp { client: self.client, seq });
        self.reach.persist(Call { stamp, ..call }, request, ask).await
    }

    async fn open(&self, call: Call) -> Result<u64, Failure> {
        let request = v1::OpenClientRequest { client: self.client.to_string() };
        let open = |client: Client, request| async move { client.meta().open_client(request).await };
        let seq = self.reach.persist(call, request, open).await?.value.seq;
        debug!(client = %self.client, "session open");
        Ok(seq)
    }

    /// Gives the session back, as well as that goes. Nothing is changed in it any more: the cluster remembers that it was
    /// closed.
    pub async fn close(&self) {
        if self.seq.lock().await.take().is_none() {
            return;
        }
        let request = v1::CloseClientRequest { client: self.client.to_string() };
        let close = |client: Client, request| async move { client.meta().close_client(request).await };
        if let Err(failure) = self.reach.ask(CLOSE_TIMEOUT, request, close).await {
            debug!(what = failure.what, "the session is left to expire");
        }
    }
}
