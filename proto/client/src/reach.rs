//! A cluster by all its endpoints: a call goes on at another node when the one that was asked cannot answer.
//!
//! Any node answers any call, so whom to ask is a matter of who is there; [`retry`](crate::retry) decides it, here it is done.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::time::{sleep, timeout};
use tonic::{Response, Status};
use tracing::debug;
use vs_core::{
    error::{Code, Failure},
    unit::human_duration,
};
use vs_wire::{Stamp, answered, failure_from_status, leader_from_status};

use crate::{
    Client,
    retry::{Next, Retry, Trouble},
};

/// A node that says nothing to a call for this long is taken for frozen, where another could be asked.
pub const SILENCE_MAX: Duration = Duration::from_secs(5);
/// How long the nodes that are asked next may take to accept a connection.
const RECONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The way to a cluster; cheap to clone, and all clones share the connection.
#[derive(Clone, Debug)]
pub struct Reach {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    endpoints: Vec<String>,
    /// Of the last node that answered.
    client: Option<Client>,
}

/// An answer, and the connection it came by.
#[derive(Debug)]
pub struct Answer<T> {
    pub value: T,
    pub client: Client,
}

/// What a call is, besides what is asked.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Whom to ask first.
    pub(crate) first: Option<Client>,
    pub(crate) stamp: Option<Stamp>,
    pub(crate) deadline: Instant,
    pub(crate) silence_max: Duration,
}

impl Call {
    pub(crate) fn within(limit: Duration) -> Self {
        // Limits come from people: one that is longer than the clock is none.
        let now = Instant::now();
        let deadline = now.checked_add(limit).unwrap_or(now + Duration::from_secs(86_400));
        Self { first: None, stamp: None, deadline, silence_max: SILENCE_MAX }
    }

    /// For what may take a node long.
    pub(crate) fn patient(limit: Duration) -> Self {
        Self { silence_max: Duration::MAX, ..Self::within(limit) }
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

impl Reach {
    #[must_use]
    pub fn new(endpoints: Vec<String>) -> Self {
        Self { inner: Arc::new(Mutex::new(Inner { endpoints, client: None })) }
    }

    /// One node alone.
    #[must_use]
    pub fn through(client: Client) -> Self {
        let endpoints = vec![client.addr().to_owned()];
        Self { inner: Arc::new(Mutex::new(Inner { endpoints, client: Some(client) })) }
    }

    /// Where the cluster's nodes are, as far as is known: those given first.
    #[must_use]
    pub fn endpoints(&self) -> Vec<String> {
        self.lock(|inner| inner.endpoints.clone())
    }

    /// The endpoint that answered last, or the first that was given.
    #[must_use]
    pub fn addr(&self) -> String {
        self.lock(|inner| match &inner.client {
            Some(client) => client.addr().to_owned(),
            None => inner.endpoints.first().cloned().unwrap_or_default(),
        })
    }

    /// More nodes of the same cluster, to be asked when none of those given answers.
    pub fn learn(&self, addrs: impl IntoIterator<Item = String>) {
        self.lock(|inner| {
            for addr in addrs {
                if !addr.is_empty() && !inner.endpoints.contains(&addr) {
                    inner.endpoints.push(addr);
                }
            }
        });
    }

    /// The connection in use, made when it is first needed.
    ///
    /// # Errors
    /// `Unreachable` when no endpoint accepts one in time.
    pub async fn client(&self, limit: Duration) -> Result<Client, Failure> {
        if let Some(client) = self.lock(|inner| inner.client.clone()) {
            return Ok(client);
        }
        let client = Client::connect(&self.endpoints(), limit).await?;
        debug!(addr = client.addr(), "connected");
        self.keep(&client);
        Ok(client)
    }

    /// Asks for something that changes nothing, of another node when one cannot answer.
    ///
    /// # Errors
    /// The server's; `NoQuorum` at once when every node that can be reached says so; otherwise the last when time is up.
    pub async fn ask<Q: Clone, T, F: Future<Output = Result<Response<T>, Status>>>(
        &self,
        limit: Duration,
        request: Q,
        ask: impl Fn(Client, Q) -> F,
    ) -> Result<Answer<T>, Failure> {
        self.persist(Call::within(limit), request, ask).await
    }

    /// The same, for what may take a node long: its silence is no sign of anything.
    ///
    /// # Errors
    /// As for [`ask`](Self::ask).
    pub async fn ask_patiently<Q: Clone, T, F: Future<Output = Result<Response<T>, Status>>>(
        &self,
        limit: Duration,
        request: Q,
        ask: impl Fn(Client, Q) -> F,
    ) -> Result<Answer<T>, Failure> {
        self.persist(Call::patient(limit), request, ask).await
    }

    pub(crate) async fn persist<Q: Clone, T, F: Future<Output = Result<Response<T>, Status>>>(
        &self,
        call: Call,
        request: Q,
        ask: impl Fn(Client, Q) -> F,
    ) -> Result<Answer<T>, Failure> {
        let mut client = match &call.first {
            Some(client) => client.clone(),
            None => self.client(call.left()).await?,
        };
        let mut retry = Retry::new(&self.endpoints());
        let mut told = Told { is_change: call.stamp.is_some(), ..Told::default() };
        loop {
            let others = retry.has_others(client.addr());
            let patience = if others { call.left().min(call.silence_max) } else { call.left() };
            let (trouble, leader) = match timeout(patience, ask(client.stamped(call.stamp), request.clone())).await {
                Ok(Ok(response)) => {
                    self.keep(&client);
                    return Ok(Answer { value: response.into_inner(), client });
                }
                Ok(Err(status)) => (told.refused(&status), leader_from_status(&status)),
                Err(_) => (told.silent(patience), None),
            };
            debug!(addr = client.addr(), ?trouble, "no answer to use");
            let mut next = retry.failed(client.addr(), trouble, leader.as_deref(), rand::random());
            client = loop {
                let (addrs, wait) = match next {
                    Next::Stop => return Err(told.last()),
                    Next::NoQuorum => return Err(told.no_quorum()),
                    Next::Same { wait } => (None, wait),
                    Next::Any { addrs, wait } => (Some(addrs), wait),
                };
                if wait >= call.left() {
                    return Err(told.last());
                }
                sleep(wait).await;
                let Some(addrs) = addrs else { break client };
                match Client::connect(&addrs, call.left().min(RECONNECT_TIMEOUT)).await {
                    Ok(other) => break other,
                    Err(failure) => {
                        told.unreached(failure);
                        next = retry.unreached(&addrs, rand::random());
                    }
                }
            };
        }
    }

    fn keep(&self, client: &Client) {
        self.lock(|inner| {
            if inner.client.as_ref().is_none_or(|kept| kept.addr() != client.addr()) {
                inner.client = Some(client.clone());
            }
        });
    }

    fn lock<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The failures of one call so far, and what to make of them when it is given up.
#[derive(Debug, Default)]
struct Told {
    is_change: bool,
    last: Option<Failure>,
    no_quorum: Option<Failure>,
    /// Some try may have been applied.
    unclear: bool,
}

impl Told {
    fn refused(&mut self, status: &Status) -> Trouble {
        let failure = failure_from_status(status);
        let trouble = match failure.code {
            code if answered(status) => Trouble::Answered(code),
            Code::Unreachable => Trouble::Lost,
            code => Trouble::Answered(code),
        };
        if trouble == Trouble::Answered(Code::NoQuorum) {
            self.no_quorum = Some(failure.clone());
        }
        self.unclear |= trouble.is_unclear();
        self.last = Some(failure);
        trouble
    }

    fn silent(&mut self, waited: Duration) -> Trouble {
        let failure = Failure::new(Code::Timeout, format!("no answer within {}", human_duration(waited)));
        self.last = Some(failure.hint("allow more time with `--timeout 2min`"));
        self.unclear = true;
        Trouble::Silent
    }

    fn unreached(&mut self, failure: Failure) {
        // That nobody else can be reached says less than what somebody answered.
        if self.last.as_ref().is_none_or(|last| last.code == Code::Unreachable) {
            self.last = Some(failure);
        }
    }

    fn last(self) -> Failure {
        let failure = self.last.unwrap_or_else(|| Failure::new(Code::Timeout, "no time was left"));
        // A definite answer to a repeat tells what became of all tries: they are one.
        let is_open = self.is_change && self.unclear && failure.code.retryable();
        with_doubt(failure, is_open)
    }

    fn no_quorum(self) -> Failure {
        let is_open = self.is_change && self.unclear;
        match self.no_quorum {
            Some(failure) => with_doubt(failure, is_open),
            None => Failure::new(Code::NoQuorum, "no quorum"),
        }
    }
}

fn with_doubt(failure: Failure, is_open: bool) -> Failure {
    if is_open { failure.because("whether the request took effect is unknown") } else { failure }
}
