//! A wire between clients and a node that counts what passes and can be cut.
//!
//! A node that advertises the proxy's address is reached through it by everybody, so that a test can tell what was sent again and
//! can take the node away in the middle of a transfer.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crate::{
    wait_for,
    wire::{self, Gate, Rule},
};

/// How every HTTP/2 connection, and so every gRPC one, begins.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0";

/// A counting TCP proxy; ends when dropped.
#[derive(Debug)]
pub struct Proxy {
    addr: String,
    wire: Arc<Wire>,
}

#[derive(Debug)]
struct Wire {
    target: Mutex<String>,
    /// Bytes that clients sent on gRPC connections.
    calls_sent: AtomicU64,
    /// Bytes that the node answered, on any connection.
    answered: AtomicU64,
    /// Once this much was answered the wire is cut.
    cut_after: AtomicU64,
    is_cut: AtomicBool,
    is_over: AtomicBool,
}

impl Rule for Wire {
    fn target(&self) -> String {
        self.target.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn gate(&self, _: IpAddr, _: bool) -> Gate {
        if self.is_cut.load(Ordering::SeqCst) { Gate::Closed } else { Gate::Open }
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    fn passes(&self, piece: &[u8], first: &[u8], is_request: bool) {
        let bytes = piece.len() as u64;
        if !is_request {
            let answered = self.answered.fetch_add(bytes, Ordering::SeqCst) + bytes;
            if answered >= self.cut_after.load(Ordering::SeqCst) {
                self.is_cut.store(true, Ordering::SeqCst);
            }
        } else if first.starts_with(HTTP2_PREFACE) {
            self.calls_sent.fetch_add(bytes, Ordering::SeqCst);
        }
    }
}

impl Proxy {
    /// A proxy that leads nowhere yet.
    #[must_use]
    pub fn new() -> Self {
        let wire = Arc::new(Wire {
            target: Mutex::default(),
            calls_sent: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            cut_after: AtomicU64::new(u64::MAX),
            is_cut: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        });
        Self { addr: wire::open(wire.clone()), wire }
    }

    #[must_use]
    pub fn addr(&self) -> &str {
        &self.addr
    }

    /// Leads to this address from now on.
    pub fn aim(&self, target: &str) {
        target.clone_into(&mut self.wire.target.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Bytes that clients sent on gRPC connections so far.
    #[must_use]
    pub fn calls_sent(&self) -> u64 {
        self.wire.calls_sent.load(Ordering::SeqCst)
    }

    /// Waits until clients have sent so many bytes in calls.
    pub fn await_calls_sent(&self, bytes: u64) {
        wait_for("bytes to pass", || (self.calls_sent() >= bytes).then_some(()));
    }

    /// Cuts every connection, and refuses new ones, once the node has answered so many bytes more.
    pub fn cut_after(&self, more: u64) {
        self.wire.cut_after.store(self.wire.answered.load(Ordering::SeqCst) + more, Ordering::SeqCst);
    }

    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.wire.is_cut.load(Ordering::SeqCst)
    }

    /// Lets everybody through again.
    pub fn mend(&self) {
        self.wire.cut_after.store(u64::MAX, Ordering::SeqCst);
        self.wire.is_cut.store(false, Ordering::SeqCst);
    }
}

impl Default for Proxy {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.wire.is_over.store(true, Ordering::SeqCst);
    }
}
