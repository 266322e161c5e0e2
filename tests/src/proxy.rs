//! A wire between clients and a node that counts what passes and can be cut.
//!
//! A node that advertises the proxy's address is reached through it by everybody, so that a test can tell what was sent again and
//! can take the node away in the middle of a transfer.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::wait_for;

/// How often a quiet connection looks whether it was cut.
const LOOK: Duration = Duration::from_millis(20);
/// Bytes passed on at a time; small, so that cutting is exact.
const PIECE_BYTES: usize = 16 << 10;
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

impl Proxy {
    /// A proxy that leads nowhere yet.
    #[must_use]
    pub fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let addr = listener.local_addr().expect("a bound port").to_string();
        listener.set_nonblocking(true).expect("a socket option");
        let wire = Arc::new(Wire {
            target: Mutex::default(),
            calls_sent: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            cut_after: AtomicU64::new(u64::MAX),
            is_cut: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        });
        let accepting = wire.clone();
        std::thread::spawn(move || accept(&listener, &accepting));
        Self { addr, wire }
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

impl Wire {
    fn is_down(&self) -> bool {
        self.is_over.load(Ordering::SeqCst) || self.is_cut.load(Ordering::SeqCst)
    }

    fn answer(&self, bytes: usize) {
        let answered = self.answered.fetch_add(bytes as u64, Ordering::SeqCst) + bytes as u64;
        if answered >= self.cut_after.load(Ordering::SeqCst) {
            self.is_cut.store(true, Ordering::SeqCst);
        }
    }
}

fn accept(listener: &TcpListener, wire: &Arc<Wire>) {
    while !wire.is_over.load(Ordering::SeqCst) {
        match listener.accept() {
            Ok((client, _)) if !wire.is_down() => {
                let target = wire.target.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if let Ok(node) = TcpStream::connect(&target) {
                    connect(&client, &node, wire);
                }
            }
            Ok(_) => {}
            Err(_) => std::thread::sleep(LOOK),
        }
    }
}

/// Passes bytes both ways, a thread each.
fn connect(client: &TcpStream, node: &TcpStream, wire: &Arc<Wire>) {
    let Ok(pairs) = [(client, node), (node, client)]
        .map(|(a, b)| Ok((a.try_clone()?, b.try_clone()?)))
        .into_iter()
        .collect::<std::io::Result<Vec<_>>>()
    else {
        return;
    };
    for ((from, to), is_request) in pairs.into_iter().zip([true, false]) {
        let wire = wire.clone();
        std::thread::spawn(move || {
            pass(&from, &to, is_request, &wire);
            let _ = to.shutdown(Shutdown::Write);
            if wire.is_down() {
                let _ = from.shutdown(Shutdown::Both);
                let _ = to.shutdown(Shutdown::Both);
            }
        });
    }
}

fn pass(mut from: &TcpStream, mut to: &TcpStream, is_request: bool, wire: &Wire) {
    let _ = from.set_nonblocking(false);
    let _ = from.set_read_timeout(Some(LOOK));
    let mut buffer = vec![0; PIECE_BYTES];
    let mut is_call = None;
    while !wire.is_down() {
        let read = match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => read,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
            Err(_) => return,
        };
        let piece = &buffer[..read];
        if is_request {
            if *is_call.get_or_insert_with(|| piece.starts_with(HTTP2_PREFACE)) {
                wire.calls_sent.fetch_add(read as u64, Ordering::SeqCst);
            }
        } else {
            wire.answer(read);
        }
        if to.write_all(piece).is_err() {
            return;
        }
    }
}
