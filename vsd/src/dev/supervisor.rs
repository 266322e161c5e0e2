//! What labs ask of `vsd dev` itself: its processes, and to kill and freeze them (`fault.proto`).

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::mpsc,
    time::Duration,
};

use tokio::sync::oneshot;
use tonic::{Request, Response, Status, transport::server::TcpIncoming};
use vs_core::error::{Code, Exit, Failure};
use vs_wire::{
    status_from_failure,
    v1::{
        self,
        supervisor_server::{Supervisor, SupervisorServer},
    },
};

use super::{Signals, exit_of, node::Node, stop_all};

/// How often it is looked how the nodes are.
const LOOK: Duration = Duration::from_millis(20);
/// Longest that a node is killed or frozen.
const FOR_MAX: Duration = Duration::from_secs(600);

type Answer<T> = oneshot::Sender<Result<T, Failure>>;

/// What a lab asks, to be answered by the one thread that owns the processes.
pub(super) enum Ask {
    List(Answer<v1::ListProcessesResponse>),
    Strike(v1::StrikeRequest, Answer<v1::StrikeResponse>),
}

pub(super) type Asks = mpsc::Receiver<Ask>;

/// Answers labs from now on, at an address that is chosen; what they ask comes out of the channel.
pub(super) fn serve() -> Result<(SocketAddr, Asks), Failure> {
    let failed = |error: std::io::Error| Failure::new(Code::Internal, "labs cannot be answered").because(error);
    let (asker, asks) = mpsc::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).map_err(failed)?;
    let addr = listener.local_addr().map_err(failed)?;
    let service = SupervisorServer::new(Service { asker });
    let serving = async move {
        let _ = tonic::transport::Server::builder()
            .add_service(service)
            .serve_with_incoming(TcpIncoming::from(listener))
            .await;
    };
    std::thread::Builder::new().name("labs".to_owned()).spawn(move || runtime.block_on(serving)).map_err(failed)?;
    Ok((addr, asks))
}

/// Runs until a signal comes, or the last node has ended.
#[allow(clippy::print_stderr, reason = "what has happened")]
pub(super) fn supervise(mut nodes: Vec<Node>, signals: &Signals, asks: &Asks) -> Result<Exit, Failure> {
    loop {
        if let Ok(signal) = signals.try_recv() {
            stop_all(nodes)?;
            return Ok(exit_of(signal));
        }
        match asks.recv_timeout(LOOK) {
            Ok(ask) => answer(ask, &mut nodes),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            // without labs too it is looked now and then only
            Err(mpsc::RecvTimeoutError::Disconnected) => std::thread::sleep(LOOK),
        }
        let (mut last, mut failed) = (None, None);
        for node in &mut nodes {
            if let Some(status) = node.reap() {
                eprintln!("{} has ended: {status}", node.addr);
                last = Some(status);
            }
            failed = failed.or(node.recover_in_time().err());
        }
        if let Some(failure) = failed {
            stop_all(nodes)?;
            return Err(failure);
        }
        if let (false, Some(status)) = (nodes.iter().any(Node::is_there), last) {
            return Err(Failure::new(Code::Internal, "the last node ended by itself").because(status));
        }
    }
}

/// A lab that does not wait for the answer does not want it.
fn answer(ask: Ask, nodes: &mut [Node]) {
    match ask {
        Ask::List(answer) => {
            let items = nodes.iter().map(Node::describe).collect();
            let _ = answer.send(Ok(v1::ListProcessesResponse { items }));
        }
        Ask::Strike(request, answer) => {
            let _ = answer.send(strike(&request, nodes).map(|()| v1::StrikeResponse {}));
        }
    }
}

#[allow(clippy::print_stderr, reason = "what happens")]
fn strike(request: &v1::StrikeRequest, nodes: &mut [Node]) -> Result<(), Failure> {
    let lasts = Duration::from_millis(request.for_ms);
    if lasts > FOR_MAX {
        return Err(Failure::new(Code::Invalid, format!("for {} s at most", FOR_MAX.as_secs())));
    }
    let node = nodes.iter_mut().find(|node| node.addr == request.addr);
    let node = node.ok_or_else(|| Failure::new(Code::NotFound, format!("no node at {}", request.addr)))?;
    node.strike(request.blow(), lasts)?;
    let what = match request.blow() {
        v1::Blow::Kill if !lasts.is_zero() => "is killed by a lab, and comes back",
        v1::Blow::Freeze if !lasts.is_zero() => "is frozen by a lab, and goes on",
        _ => "is let go by a lab",
    };
    eprintln!("{} {what}", node.addr);
    Ok(())
}

struct Service {
    asker: mpsc::Sender<Ask>,
}

impl Service {
    async fn ask<T>(&self, ask: impl FnOnce(Answer<T>) -> Ask) -> Result<Response<T>, Status> {
        let (answer, answered) = oneshot::channel();
        let stops = || Failure::new(Code::Unreachable, "this `vsd dev` stops");
        let asked = self.asker.send(ask(answer)).map_err(|_| stops());
        let answer = match asked {
            Ok(()) => answered.await.unwrap_or_else(|_| Err(stops())),
            Err(failure) => Err(failure),
        };
        answer.map(Response::new).map_err(|failure| status_from_failure(&failure))
    }
}

#[tonic::async_trait]
impl Supervisor for Service {
    async fn list_processes(
        &self,
        _: Request<v1::ListProcessesRequest>,
    ) -> Result<Response<v1::ListProcessesResponse>, Status> {
        self.ask(Ask::List).await
    }

    async fn strike(&self, request: Request<v1::StrikeRequest>) -> Result<Response<v1::StrikeResponse>, Status> {
        let request = request.into_inner();
        self.ask(|answer| Ask::Strike(request, answer)).await
    }
}
