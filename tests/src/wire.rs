//! A TCP proxy, whatever it is for: who may pass, and when, is its [`Rule`]'s to say.

use std::{
    fmt::Debug,
    io::{ErrorKind, Read, Write},
    net::{IpAddr, Shutdown, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

/// How often what is quiet or held up looks whether that has changed.
const LOOK: Duration = Duration::from_millis(20);
/// Bytes passed on at a time; small, so that a rule is obeyed at once.
const PIECE_BYTES: usize = 16 << 10;

/// What becomes of a connection now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    Open,
    /// Nothing passes, and nobody is told.
    Frozen,
    /// It ends.
    Closed,
}

/// What a proxy is for.
pub(crate) trait Rule: Debug + Send + Sync + 'static {
    /// Where it leads.
    fn target(&self) -> String;
    /// What becomes of a connection from this address.
    fn gate(&self, sender: IpAddr, is_new: bool) -> Gate;
    /// Whether the proxy is not needed any more.
    fn is_over(&self) -> bool;
    /// A piece is about to be passed on. The first piece of a connection from the sender says what it speaks.
    fn passes(&self, _piece: &[u8], _first: &[u8], _is_request: bool) {}
}

/// Opens a proxy of this rule, and gives its address.
pub(crate) fn open(rule: Arc<impl Rule>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let addr = listener.local_addr().expect("a bound port").to_string();
    listener.set_nonblocking(true).expect("a socket option");
    thread::spawn(move || {
        while !rule.is_over() {
            match listener.accept() {
                Ok((client, sender)) => {
                    let rule = rule.clone();
                    thread::spawn(move || carry(client, sender.ip(), &rule));
                }
                Err(_) => thread::sleep(LOOK),
            }
        }
    });
    addr
}

/// One connection from its beginning to its end.
fn carry(client: TcpStream, sender: IpAddr, rule: &Arc<impl Rule>) {
    if wait(rule.as_ref(), sender, true) == Gate::Closed {
        return;
    }
    let Ok(node) = TcpStream::connect(rule.target()) else { return };
    let _ = client.set_nonblocking(false).and(client.set_nodelay(true)).and(node.set_nodelay(true));
    let (client, node) = (Arc::new(client), Arc::new(node));
    let answers = (node.clone(), client.clone(), rule.clone());
    thread::spawn(move || {
        let (node, client, rule) = answers;
        pass(&node, &client, sender, false, rule.as_ref());
    });
    pass(&client, &node, sender, true, rule.as_ref());
}

/// Passes bytes one way.
fn pass(mut from: &TcpStream, mut to: &TcpStream, sender: IpAddr, is_request: bool, rule: &impl Rule) {
    let _ = from.set_read_timeout(Some(LOOK));
    let mut buffer = vec![0; PIECE_BYTES];
    let mut first = Vec::new();
    loop {
        if wait(rule, sender, false) == Gate::Closed {
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
            return;
        }
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
            Err(_) => break,
        };
        let piece = &buffer[..read];
        if first.is_empty() {
            first = piece.to_vec();
        }
        // what was read when the gate fell is held back too
        if wait(rule, sender, false) == Gate::Closed {
            continue;
        }
        rule.passes(piece, &first, is_request);
        if to.write_all(piece).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Waits until the gate is open, or the connection has to end.
fn wait(rule: &impl Rule, sender: IpAddr, mut is_new: bool) -> Gate {
    loop {
        match rule.gate(sender, is_new) {
            _ if rule.is_over() => return Gate::Closed,
            Gate::Frozen => {
                thread::sleep(LOOK);
                is_new = false;
            }
            gate => return gate,
        }
    }
}
