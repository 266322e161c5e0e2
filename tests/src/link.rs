//! The one way to a node of a cluster, which can be barred to some of the other nodes.
//!
//! A node's connections to others leave from the address it listens on, so that its link can tell who comes. Only whole directions
//! are cut, from one node to another one; a partition cuts several.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::wire::{self, Gate, Rule};

/// What a sender that is cut off finds when it tries again. What was connected before stands still in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nothing answers, as when packets are lost.
    Silent,
    /// It is refused, as by a firewall that says so.
    Refused,
}

/// A proxy before a node; ends when dropped.
#[derive(Debug)]
pub struct Link {
    addr: String,
    wire: Arc<Wire>,
}

#[derive(Debug, Default)]
struct Wire {
    target: Mutex<String>,
    cut: Mutex<HashMap<IpAddr, Cut>>,
    is_over: AtomicBool,
}

impl Rule for Wire {
    fn target(&self) -> String {
        self.target.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn gate(&self, sender: IpAddr, is_new: bool) -> Gate {
        match self.cut.lock().unwrap_or_else(PoisonError::into_inner).get(&sender) {
            None => Gate::Open,
            Some(Cut::Refused) if is_new => Gate::Closed,
            Some(_) => Gate::Frozen,
        }
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }
}

impl Link {
    /// A link that leads nowhere yet.
    #[must_use]
    pub fn new() -> Self {
        let wire = Arc::new(Wire::default());
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

    /// Lets nothing of this sender through, nor any answer to it.
    pub fn cut(&self, sender: IpAddr, how: Cut) {
        self.wire.cut.lock().unwrap_or_else(PoisonError::into_inner).insert(sender, how);
    }

    /// Lets everybody through again. What was held back arrives late.
    pub fn mend(&self) {
        self.wire.cut.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.wire.is_over.store(true, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{Read, Write},
        net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
        thread,
        time::Duration,
    };

    /// Longer than anything takes that is not held up.
    const HELD_UP: Duration = Duration::from_millis(300);

    /// Answers every byte with the same one.
    fn echo() -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let addr = listener.local_addr().expect("a bound port").to_string();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                thread::spawn(move || {
                    let mut byte = [0];
                    while matches!(stream.read(&mut byte), Ok(1)) && stream.write_all(&byte).is_ok() {}
                });
            }
        });
        addr
    }

    /// A connection from an address of its own.
    fn connect(from: [u8; 4], to: &str) -> TcpStream {
        let to = to.parse().expect("an address");
        let connecting = async {
            let socket = tokio::net::TcpSocket::new_v4()?;
            socket.bind(SocketAddr::new(from.into(), 0))?;
            socket.connect(to).await?.into_std()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let stream = runtime.block_on(connecting).expect("connected");
        stream.set_nonblocking(false).expect("a socket option");
        stream.set_read_timeout(Some(HELD_UP)).expect("a socket option");
        stream
    }

    /// Whether a byte comes back; none when the connection has ended.
    fn answers(stream: &mut TcpStream, byte: u8) -> Option<bool> {
        stream.write_all(&[byte]).ok()?;
        let mut answer = [0];
        match stream.read(&mut answer) {
            Ok(0) => None,
            Ok(_) => Some(answer == [byte]),
            Err(error) => matches!(error.kind(), std::io::ErrorKind::WouldBlock).then_some(false),
        }
    }

    #[test]
    fn whom_it_cuts_off_finds_silence_and_nothing_is_lost() {
        const ONE: [u8; 4] = [127, 0, 0, 10];
        const OTHER: [u8; 4] = [127, 0, 0, 11];
        let link = Link::new();
        link.aim(&echo());
        let (mut one, mut other) = (connect(ONE, link.addr()), connect(OTHER, link.addr()));
        assert_eq!((answers(&mut one, 1), answers(&mut other, 1)), (Some(true), Some(true)));
        link.cut(IpAddr::V4(Ipv4Addr::from(ONE)), Cut::Silent);
        let mut late = connect(ONE, link.addr());
        assert_eq!((answers(&mut one, 2), answers(&mut late, 2)), (Some(false), Some(false)), "nobody is told");
        assert_eq!(answers(&mut other, 2), Some(true), "others pass");
        link.cut(IpAddr::V4(Ipv4Addr::from(ONE)), Cut::Refused);
        let mut refused = connect(ONE, link.addr());
        assert_eq!((answers(&mut one, 3), answers(&mut refused, 3)), (Some(false), None));
        link.mend();
        for (stream, sent) in [(&mut one, &[2, 3][..]), (&mut late, &[2])] {
            stream.set_read_timeout(None).expect("a socket option");
            let mut held = vec![0; sent.len()];
            stream.read_exact(&mut held).expect("what was held back");
            assert_eq!(held, sent);
        }
    }
}
