//! Changes through nodes that fail at the worst moment: applied, and the answer lost.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};
use vs_client::{Client, Reach, Session};
use vs_core::error::{Code, Failure};
use vs_wire::{
    Stamp, status_from_failure,
    v1::{
        self,
        meta_server::{Meta, MetaServer},
    },
};

/// Nothing here ends because this is over.
const LIMIT: Duration = Duration::from_secs(3_600);

/// What the nodes agree on: the log.
#[derive(Debug, Default)]
struct Log {
    open: HashSet<String>,
    /// Every try, with the title it asked for.
    tried: Vec<(u64, String)>,
    applied: Vec<String>,
    last: u64,
}

/// How a node answers changes and reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Good,
    /// Applies one change and drops the connection before it answers, then is good again.
    ApplyAndDrop,
    /// The same, and stays away.
    ApplyAndDie,
    Dead,
    Refuse(Code),
    Frozen,
}

#[derive(Clone, Debug)]
struct Node {
    log: Arc<Mutex<Log>>,
    mood: Arc<Mutex<Mood>>,
    /// Cuts every connection to this node.
    cut: Arc<Notify>,
    addr: String,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Node {
    /// A node behind a wire that can be cut.
    async fn start(log: &Arc<Mutex<Log>>, mood: Mood) -> Self {
        let wire = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let behind = listener.local_addr().expect("bound");
        let addr = wire.local_addr().expect("bound").to_string();
        let node = Self { log: Arc::clone(log), mood: Arc::new(Mutex::new(mood)), cut: Arc::default(), addr };
        let server = Server::builder().add_service(MetaServer::new(node.clone()));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        let (cut, mood) = (Arc::clone(&node.cut), Arc::clone(&node.mood));
        tokio::spawn(async move {
            while let Ok((mut near, _)) = wire.accept().await {
                if *lock(&mood) == Mood::Dead {
                    continue;
                }
                let cut = Arc::clone(&cut);
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(behind).await.expect("the node");
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        () = cut.notified() => {}
                    }
                });
            }
        });
        node
    }

    fn mood(&self) -> Mood {
        *lock(&self.mood)
    }

    async fn change(&self, request: Request<v1::EditVideoRequest>) -> Result<Response<v1::Video>, Status> {
        let stamp = Stamp::read(request.metadata()).expect("a stamp").expect("of a session");
        let title = request.into_inner().title.unwrap_or_default();
        match self.mood() {
            Mood::Refuse(code) => return Err(status_from_failure(&Failure::new(code, "refused"))),
            Mood::Frozen => std::future::pending().await,
            _ => {}
        }
        {
            let mut log = lock(&self.log);
            assert!(log.open.contains(&stamp.client.to_string()), "opened before its first change");
            log.tried.push((stamp.seq, title.clone()));
            if stamp.seq > log.last {
                log.last = stamp.seq;
                log.applied.push(title.clone());
            }
        }
        let then = match self.mood() {
            Mood::ApplyAndDrop => Some(Mood::Good),
            Mood::ApplyAndDie => Some(Mood::Dead),
            _ => None,
        };
        if let Some(then) = then {
            *lock(&self.mood) = then;
            self.cut.notify_waiters();
            std::future::pending::<()>().await;
        }
        Ok(Response::new(v1::Video { title, ..v1::Video::default() }))
    }
}

fn unused<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("not part of the test"))
}

#[tonic::async_trait]
impl Meta for Node {
    async fn count_view(&self, _: Request<v1::CountViewRequest>) -> Result<Response<v1::CountViewResponse>, Status> {
        unused()
    }

    async fn set_redundancy(
        &self,
        _: Request<v1::SetRedundancyRequest>,
    ) -> Result<Response<v1::RedundancyInfo>, Status> {
        unused()
    }

    async fn list_redundancy(
        &self,
        _: Request<v1::ListRedundancyRequest>,
    ) -> Result<Response<v1::ListRedundancyResponse>, Status> {
        unused()
    }

    async fn list_videos(
        &self,
        request: Request<v1::ListVideosRequest>,
    ) -> Result<Response<v1::ListVideosResponse>, Status> {
        assert_eq!(Stamp::read(request.metadata()), Ok(None), "a read needs no session");
        match self.mood() {
            Mood::Refuse(code) => Err(status_from_failure(&Failure::new(code, "refused"))),
            Mood::Frozen => std::future::pending().await,
            _ => Ok(Response::new(v1::ListVideosResponse::default())),
        }
    }

    async fn edit_video(&self, request: Request<v1::EditVideoRequest>) -> Result<Response<v1::Video>, Status> {
        self.change(request).await
    }

    async fn open_client(
        &self,
        request: Request<v1::OpenClientRequest>,
    ) -> Result<Response<v1::OpenClientResponse>, Status> {
        if let Mood::Refuse(code) = self.mood() {
            return Err(status_from_failure(&Failure::new(code, "refused")));
        }
        lock(&self.log).open.insert(request.into_inner().client);
        Ok(Response::new(v1::OpenClientResponse { seq: 0 }))
    }

    async fn close_client(
        &self,
        request: Request<v1::CloseClientRequest>,
    ) -> Result<Response<v1::CloseClientResponse>, Status> {
        lock(&self.log).open.remove(&request.into_inner().client);
        Ok(Response::new(v1::CloseClientResponse {}))
    }

    async fn get_video(&self, _: Request<v1::GetVideoRequest>) -> Result<Response<v1::VideoDetail>, Status> {
        unused()
    }

    async fn trash_video(&self, _: Request<v1::VideoRef>) -> Result<Response<v1::Video>, Status> {
        unused()
    }

    async fn restore_video(&self, _: Request<v1::VideoRef>) -> Result<Response<v1::Video>, Status> {
        unused()
    }

    async fn purge_video(&self, _: Request<v1::VideoRef>) -> Result<Response<v1::Video>, Status> {
        unused()
    }

    async fn get_manifest(&self, _: Request<v1::GetManifestRequest>) -> Result<Response<v1::Manifest>, Status> {
        unused()
    }

    async fn get_part(&self, _: Request<v1::GetPartRequest>) -> Result<Response<v1::GetPartResponse>, Status> {
        unused()
    }
}

async fn rename(session: &Session, title: &str) -> Result<String, Failure> {
    let request = v1::EditVideoRequest { title: Some(title.to_owned()), ..v1::EditVideoRequest::default() };
    let ask = |client: Client, request| async move { client.meta().edit_video(request).await };
    Ok(session.change(LIMIT, request, ask).await?.value.title)
}

async fn read(reach: &Reach) -> Result<String, Failure> {
    let ask = |client: Client, request| async move { client.meta().list_videos(request).await };
    Ok(reach.ask(LIMIT, v1::ListVideosRequest::default(), ask).await?.client.addr().to_owned())
}

#[tokio::test]
async fn a_change_whose_answer_is_lost_is_sent_again_and_applied_once() {
    let log = Arc::default();
    let node = Node::start(&log, Mood::Good).await;
    let session = Session::new(Reach::new(vec![node.addr.clone()]));
    assert_eq!(rename(&session, "A").await, Ok("A".to_owned()));
    *lock(&node.mood) = Mood::ApplyAndDrop;
    assert_eq!(rename(&session, "B").await, Ok("B".to_owned()));
    assert_eq!(rename(&session, "C").await, Ok("C".to_owned()));
    {
        let log = lock(&log);
        assert_eq!(log.applied, ["A", "B", "C"]);
        let tried: Vec<_> = log.tried.iter().map(|(seq, title)| (*seq, title.as_str())).collect();
        assert_eq!(tried, [(1, "A"), (2, "B"), (2, "B"), (3, "C")]);
        assert_eq!(log.open.len(), 1);
    }
    session.close().await;
    assert!(lock(&log).open.is_empty());
}

#[tokio::test]
async fn another_node_finishes_what_a_dead_one_began() {
    let log = Arc::default();
    let (first, second) = (Node::start(&log, Mood::Good).await, Node::start(&log, Mood::Good).await);
    let session = Session::new(Reach::new(vec![first.addr.clone(), second.addr.clone()]));
    assert_eq!(rename(&session, "A").await, Ok("A".to_owned()));
    *lock(&first.mood) = Mood::ApplyAndDie;
    assert_eq!(rename(&session, "B").await, Ok("B".to_owned()));
    assert_eq!(lock(&log).applied, ["A", "B"]);
    assert!(lock(&log).tried.iter().filter(|(seq, _)| *seq == 2).count() >= 2);
}

#[tokio::test]
async fn a_minority_ends_it_at_once_and_a_majority_elsewhere_is_found() {
    let log = Arc::default();
    let cut_off = Node::start(&log, Mood::Refuse(Code::NoQuorum)).await;
    let good = Node::start(&log, Mood::Good).await;
    // The second endpoint is nobody's.
    let alone = Reach::new(vec![cut_off.addr.clone(), "127.0.0.1:1".to_owned()]);
    assert_eq!(read(&alone).await.map_err(|failure| failure.code), Err(Code::NoQuorum));
    let refused = rename(&Session::new(alone), "A").await.expect_err("no quorum");
    assert_eq!((refused.code, refused.why.as_slice()), (Code::NoQuorum, [].as_slice()), "nothing was sent: no doubt");
    let both = Reach::new(vec![cut_off.addr.clone(), good.addr.clone()]);
    assert_eq!(read(&both).await, Ok(good.addr.clone()));
    *lock(&cut_off.mood) = Mood::Frozen;
    assert_eq!(read(&Reach::new(vec![cut_off.addr.clone(), good.addr.clone()])).await, Ok(good.addr));
}

#[tokio::test]
async fn a_change_that_is_given_up_says_that_it_may_have_been_made() {
    let log = Arc::default();
    let node = Node::start(&log, Mood::Good).await;
    let session = Session::new(Reach::new(vec![node.addr.clone()]));
    assert_eq!(rename(&session, "A").await, Ok("A".to_owned()));
    *lock(&node.mood) = Mood::Refuse(Code::Conflict);
    let refused = rename(&session, "B").await.expect_err("refused");
    assert_eq!((refused.code, refused.why.len()), (Code::Conflict, 0));
    *lock(&node.mood) = Mood::ApplyAndDie;
    let request = v1::EditVideoRequest { title: Some("C".to_owned()), ..v1::EditVideoRequest::default() };
    let ask = |client: Client, request| async move { client.meta().edit_video(request).await };
    let failure = session.change(Duration::from_secs(1), request, ask).await.expect_err("nobody is there any more");
    assert!(failure.why.iter().any(|why| why.contains("unknown")), "{failure:?}");
    assert_eq!(lock(&log).applied, ["A", "C"]);
}
