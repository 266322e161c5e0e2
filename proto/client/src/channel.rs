//! gRPC channels to a cluster: of several endpoints the first to answer is used.

use std::time::Duration;

use futures::{StreamExt, stream::FuturesUnordered};
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::time::{sleep, timeout};
use tonic::{
    Request, Response, Status,
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};
use vs_core::error::{Code, Failure};
use vs_wire::{
    MESSAGE_BYTES_MAX, Stamp, failure_from_status,
    v1::{
        admin_client::AdminClient, cluster_client::ClusterClient, fault_client::FaultClient, meta_client::MetaClient,
        supervisor_client::SupervisorClient, upload_client::UploadClient,
    },
};

use crate::{chunk::ChunkClient, line::Connector};

/// Head start of each endpoint over the next one named.
const STAGGER: Duration = Duration::from_millis(250);
/// How long one endpoint may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// hyper's default windows cap a transfer near 1 MB a round trip.
const STREAM_WINDOW_BYTES: u32 = 8 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 64 << 20;

/// A connection to one node of a cluster, cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    channel: Channel,
    addr: String,
    stamping: Stamping,
}

/// A channel whose calls say which call of a client session they are, where they are one.
pub type Wire = InterceptedService<Channel, Stamping>;

/// Puts the stamp of a client session on every call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stamping(Option<Stamp>);

impl Interceptor for Stamping {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(stamp) = self.0 {
            stamp.write(request.metadata_mut());
        }
        Ok(request)
    }
}

impl Client {
    /// Connects to whichever of `endpoints` (`HOST:PORT`) answers first, within `deadline`.
    ///
    /// # Errors
    /// `Unreachable`, with a line for each endpoint, when none does.
    pub async fn connect(endpoints: &[String], deadline: Duration) -> Result<Self, Failure> {
        // a frozen node accepts connections; where there is a choice, the first to answer counts
        let pings = (endpoints.len() > 1).then(ChunkClient::new);
        let attempt = |(at, addr): (u32, String)| {
            let pings = pings.clone();
            async move {
                sleep(STAGGER * at).await;
                if let Some(pings) = pings {
                    // whatever it answers
                    let _ = pings.ping(&addr, CONNECT_TIMEOUT).await;
                }
                let connected = Self::connect_one(&addr).await;
                (addr, connected)
            }
        };
        let mut attempts: FuturesUnordered<_> = (0..).zip(endpoints.iter().cloned()).map(attempt).collect();
        let mut refused = Vec::new();
        let first = async {
            while let Some((addr, connected)) = attempts.next().await {
                match connected {
                    Ok(client) => return Some(client),
                    Err(why) => refused.push(format!("{addr}  {why}")),
                }
            }
            None
        };
        let answered = timeout(deadline, first).await;
        if let Ok(Some(client)) = answered {
            return Ok(client);
        }
        let mut failure = Failure::new(Code::Unreachable, format!("cannot reach vsd at {}", endpoints.join(", ")));
        failure.why = refused;
        if answered.is_err() {
            failure.why.push(format!("no answer within {}", vs_core::unit::human_duration(deadline)));
        }
        Err(failure.hint("start one with `vsd dev`, or name another with `--endpoint HOST:PORT`"))
    }

    async fn connect_one(addr: &str) -> Result<Self, String> {
        let endpoint = Endpoint::from_shared(format!("http://{addr}"))
            .map_err(|_| "not a HOST:PORT".to_owned())?
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .http2_keep_alive_interval(Duration::from_secs(10))
            .keep_alive_timeout(Duration::from_secs(10));
        let connector = Connector::new(HttpConnector::new(), CONNECT_TIMEOUT);
        let channel = endpoint.connect_with_connector(connector).await.map_err(|error| root_cause(&error))?;
        Ok(Self { channel, addr: addr.to_owned(), stamping: Stamping::default() })
    }

    /// The same connection, for one call of a client session.
    #[must_use]
    pub(crate) fn stamped(&self, stamp: Option<Stamp>) -> Self {
        Self { stamping: Stamping(stamp), ..self.clone() }
    }

    /// The endpoint that answered.
    #[must_use]
    pub fn addr(&self) -> &str {
        &self.addr
    }

    #[must_use]
    pub fn meta(&self) -> MetaClient<Wire> {
        MetaClient::with_interceptor(self.channel.clone(), self.stamping).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    #[must_use]
    pub fn upload(&self) -> UploadClient<Wire> {
        UploadClient::with_interceptor(self.channel.clone(), self.stamping).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    #[must_use]
    pub fn admin(&self) -> AdminClient<Wire> {
        AdminClient::with_interceptor(self.channel.clone(), self.stamping).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    /// What a lab asks of a node of `vsd dev`.
    #[must_use]
    pub fn fault(&self) -> FaultClient<Wire> {
        FaultClient::with_interceptor(self.channel.clone(), self.stamping).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    /// What it asks of `vsd dev` itself.
    #[must_use]
    pub fn supervisor(&self) -> SupervisorClient<Wire> {
        SupervisorClient::with_interceptor(self.channel.clone(), self.stamping)
    }

    #[must_use]
    pub fn cluster(&self) -> ClusterClient<Wire> {
        ClusterClient::with_interceptor(self.channel.clone(), self.stamping)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
    }
}

/// Runs one unary call under a deadline and gives its answer or what its failure means.
///
/// # Errors
/// The server's failure, or `Timeout` when the deadline passes first.
pub async fn call<T>(
    deadline: Duration,
    answer: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, Failure> {
    match timeout(deadline, answer).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) => Err(failure_from_status(&status)),
        Err(_) => {
            let waited = vs_core::unit::human_duration(deadline);
            Err(Failure::new(Code::Timeout, format!("no answer within {waited}"))
                .because("whether the request took effect is unknown")
                .hint("allow more time with `--timeout 2min`"))
        }
    }
}

/// The innermost cause: what a person can act on is at the bottom of transport errors.
pub(crate) fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = innermost.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}
