//! The load: clients that make one call after another, whatever they call.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

use tokio::{runtime::Runtime, task::JoinSet};
use tonic::transport::{Channel, Endpoint};

use crate::common::{Outcome, server::spent_ms, table::Rounds};

/// Bytes of a value.
pub(crate) const VALUE_BYTES: usize = 256;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// A client with a connection of its own.
pub(crate) trait Caller: Send + 'static {
    fn call(&mut self) -> impl Future<Output = Outcome<()>> + Send;
}

/// What a round of calls came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) per_s: f64,
    pub(crate) p99_ms: f64,
    /// Processor time that all servers together spent on a call.
    pub(crate) core_us: f64,
}

/// Has all clients call for so long.
pub(crate) fn run<C: Caller>(runtime: &Runtime, clients: &mut Vec<C>, seconds: f64, servers: &[u32]) -> Outcome<Load> {
    let spent_before = spent_ms(servers)?;
    let began = Instant::now();
    let end = began + Duration::from_secs_f64(seconds);
    let all_took_ms: Rounds = runtime.block_on(async {
        let mut calling: JoinSet<_> = clients.drain(..).map(|client| call_until(client, end)).collect();
        let mut all = Vec::new();
        while let Some(called) = calling.join_next().await {
            let (client, took_ms) = called??;
            clients.push(client);
            all.extend(took_ms);
        }
        Outcome::Ok(all.into_iter().collect())
    })?;
    let calls = all_took_ms.count() as f64;
    Ok(Load {
        per_s: calls / began.elapsed().as_secs_f64(),
        p99_ms: all_took_ms.percentile(99),
        core_us: (spent_ms(servers)? - spent_before) * 1e3 / calls,
    })
}

/// The client again, and how long each of its calls took.
async fn call_until<C: Caller>(mut client: C, end: Instant) -> Outcome<(C, Vec<f64>)> {
    let mut took_ms = Vec::new();
    loop {
        let begun = Instant::now();
        if begun >= end {
            return Ok((client, took_ms));
        }
        client.call().await?;
        took_ms.push(begun.elapsed().as_secs_f64() * 1e3);
    }
}

/// A connection, the same to either side.
pub(crate) async fn connect(addr: SocketAddr) -> Outcome<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{addr}"))?;
    Ok(endpoint.tcp_nodelay(true).connect_timeout(CONNECT_TIMEOUT).connect().await?)
}

/// A value that was not written before.
pub(crate) fn value() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{:0>VALUE_BYTES$}", NEXT.fetch_add(1, Relaxed))
}
