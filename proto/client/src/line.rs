//! Connections to nodes, and what may be wrong with the lines they go over.
//!
//! In every process but a node of `vsd dev` a [`Line`] is a TCP connection and nothing else. Such a node names what is wrong with
//! its lines once ([`troubled_by`]), and from then on whatever it sends and receives over connections of its own is delayed, lost
//! and held back as that says: chunks, calls and what nodes say to one another.
//!
//! A lost packet of a TCP connection is one that comes late, and everything behind it waits; a line that is cut is silent, and
//! nobody is told.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use hyper_util::{
    client::legacy::connect::{Connected, Connection, HttpConnector},
    rt::TokioIo,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex},
    net::TcpStream,
    time::{Instant, sleep, sleep_until},
};
use tonic::{codegen::Service, transport::Uri};

/// How often a line that is cut is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// After how long a packet is sent again that was lost.
const RESEND: Duration = Duration::from_millis(200);
/// Bytes that travel as one packet, and on the way in all.
const PACKET_BYTES: usize = 16 << 10;
const UNDER_WAY_BYTES_MAX: usize = 4 << 20;

/// What is wrong with the line to a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// How much later everything arrives.
    pub delay: Duration,
    /// How many of a thousand packets are lost.
    pub loss_permille: u32,
    /// Whether nothing that is sent arrives, or nothing of what the other side sends.
    pub cut_out: bool,
    pub cut_in: bool,
}

/// Which lines of this process are bad, asked over and over.
pub trait Troubles: std::fmt::Debug + Send + Sync {
    fn on_line_to(&self, peer: SocketAddr) -> Trouble;
}

static TROUBLES: OnceLock<Arc<dyn Troubles>> = OnceLock::new();

/// From now on the lines of this process are as bad as that says. There is no way back, and no second one.
pub fn troubled_by(troubles: Arc<dyn Troubles>) {
    let _ = TROUBLES.set(troubles);
}

/// A connection to a node.
#[derive(Debug)]
pub enum Line {
    Direct(TcpStream),
    /// Carried by tasks of its own, which know what is wrong.
    Carried(DuplexStream),
}

impl Line {
    /// A connection that was just made, before anything is sent over it.
    ///
    /// # Errors
    /// When it has broken already.
    pub fn over(stream: TcpStream) -> io::Result<Self> {
        match TROUBLES.get() {
            None => Ok(Self::Direct(stream)),
            Some(troubles) => Ok(carried(stream.peer_addr()?, stream, troubles)),
        }
    }
}

/// Waits until a connection to this node can be made at all: over a line that is cut, none can.
pub async fn passable(peer: SocketAddr) {
    if let Some(troubles) = TROUBLES.get() {
        open(troubles.as_ref(), peer, |trouble| trouble.cut_in || trouble.cut_out).await;
    }
}

async fn open(troubles: &dyn Troubles, peer: SocketAddr, is_cut: impl Fn(&Trouble) -> bool) {
    while is_cut(&troubles.on_line_to(peer)) {
        sleep(LOOK).await;
    }
}

fn carried(peer: SocketAddr, stream: TcpStream, troubles: &Arc<dyn Troubles>) -> Line {
    let (near, far) = duplex(PACKET_BYTES);
    let (from_peer, to_peer) = stream.into_split();
    let (from_near, to_near) = tokio::io::split(far);
    tokio::spawn(carry(from_near, to_peer, peer, Arc::clone(troubles), |trouble| trouble.cut_out));
    tokio::spawn(carry(from_peer, to_near, peer, Arc::clone(troubles), |trouble| trouble.cut_in));
    Line::Carried(near)
}

/// Carries one direction to its end.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    peer: SocketAddr,
    troubles: Arc<dyn Troubles>,
    is_cut: fn(&Trouble) -> bool,
) {
    let mut under_way: VecDeque<(Instant, Bytes)> = VecDeque::new();
    let (mut bytes, mut has_ended, mut arrives) = (0, false, Instant::now());
    let mut buffer = BytesMut::new();
    while !(has_ended && under_way.is_empty()) {
        buffer.reserve(PACKET_BYTES);
        let first = under_way.front().map(|(due, _)| *due);
        tokio::select! {
            read = from.read_buf(&mut buffer), if !has_ended && bytes < UNDER_WAY_BYTES_MAX => match read {
                Ok(0) | Err(_) => has_ended = true,
                Ok(read) => {
                    bytes += read;
                    // what was sent later does not arrive before
                    arrives = arrives.max(Instant::now() + late(&troubles.on_line_to(peer)));
                    under_way.push_back((arrives, buffer.split().freeze()));
                }
            },
            () = sleep_until(first.unwrap_or(arrives)), if first.is_some() => {
                let Some((_, piece)) = under_way.pop_front() else { continue };
                open(troubles.as_ref(), peer, is_cut).await;
                bytes -= piece.len();
                if to.write_all(&piece).await.is_err() {
                    return;
                }
            }
        }
    }
    open(troubles.as_ref(), peer, is_cut).await;
    let _ = to.shutdown().await;
}

/// How much later than it would this packet arrives.
fn late(trouble: &Trouble) -> Duration {
    let mut late = trouble.delay;
    // at most all of them but one: what is always lost is a line that is cut
    while rand::random_range(0..1_000) < trouble.loss_permille.min(999) {
        late += RESEND;
    }
    late
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Direct(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Carried(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Direct(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Carried(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Direct(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Carried(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Direct(stream) => stream.is_write_vectored(),
            Self::Carried(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Direct(stream) => Pin::new(stream).poll_flush(cx),
            Self::Carried(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Direct(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Carried(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

impl Connection for Line {
    fn connected(&self) -> Connected {
        match self {
            Self::Direct(stream) => stream.connected(),
            Self::Carried(_) => Connected::new(),
        }
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Connecting = Pin<Box<dyn Future<Output = Result<TokioIo<Line>, BoxError>> + Send>>;

/// Makes connections for HTTP.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    http: HttpConnector,
    timeout: Duration,
}

impl Connector {
    pub(crate) fn new(mut http: HttpConnector, timeout: Duration) -> Self {
        http.set_nodelay(true);
        http.set_connect_timeout(Some(timeout));
        Self { http, timeout }
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Line>;
    type Error = BoxError;
    type Future = Connecting;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.http.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Connecting {
        let peer = uri.authority().and_then(|authority| authority.as_str().parse().ok());
        let (connecting, limit) = (self.http.call(uri), self.timeout);
        Box::pin(async move {
            if let Some(peer) = peer {
                let waited = tokio::time::timeout(limit, passable(peer)).await;
                waited.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
            }
            Ok(TokioIo::new(Line::over(connecting.await?.into_inner())?))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::{net::TcpListener, time::timeout};

    use super::*;

    /// Longer than anything takes that is not held up.
    const HELD_UP: Duration = Duration::from_millis(300);

    #[derive(Debug, Default)]
    struct Told(Mutex<Trouble>);

    impl Troubles for Told {
        fn on_line_to(&self, _: SocketAddr) -> Trouble {
            *self.0.lock().expect("no panic before")
        }
    }

    impl Told {
        fn is(&self, trouble: Trouble) {
            *self.0.lock().expect("no panic before") = trouble;
        }
    }

    /// A line to somebody who answers every byte with the next number.
    async fn line(told: &Arc<Told>) -> Line {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a loopback line");
        let addr = listener.local_addr().expect("a loopback line");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a loopback line");
            while let Ok(byte) = stream.read_u8().await {
                stream.write_u8(byte + 1).await.expect("a loopback line");
            }
        });
        let troubles: Arc<dyn Troubles> = told.clone();
        carried(addr, TcpStream::connect(addr).await.expect("a loopback line"), &troubles)
    }

    #[tokio::test]
    async fn what_a_cut_holds_back_arrives_late_and_in_order() {
        let told = Arc::new(Told::default());
        let mut line = line(&told).await;
        line.write_u8(1).await.expect("a loopback line");
        assert_eq!(line.read_u8().await.expect("a loopback line"), 2);
        for cut in [Trouble { cut_out: true, ..Trouble::default() }, Trouble { cut_in: true, ..Trouble::default() }] {
            told.is(cut);
            line.write_all(&[10, 20, 30]).await.expect("a loopback line");
            assert!(timeout(HELD_UP, line.read_u8()).await.is_err(), "{cut:?}");
            told.is(Trouble::default());
            let mut answers = [0; 3];
            line.read_exact(&mut answers).await.expect("a loopback line");
            assert_eq!(answers, [11, 21, 31]);
        }
    }

    #[tokio::test]
    async fn delay_and_loss_are_paid_each_way() {
        let told = Arc::new(Told::default());
        let mut line = line(&told).await;
        told.is(Trouble { delay: Duration::from_millis(40), ..Trouble::default() });
        let began = Instant::now();
        line.write_u8(1).await.expect("a loopback line");
        line.read_u8().await.expect("a loopback line");
        assert!(began.elapsed() >= Duration::from_millis(80));
        told.is(Trouble { loss_permille: 1_000, ..Trouble::default() });
        assert!(
            late(&told.on_line_to(([127, 0, 0, 1], 1).into())) < Duration::from_secs(3_600),
            "it arrives in the end"
        );
    }
}
