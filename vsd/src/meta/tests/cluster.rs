//! Several nodes in one process, over real connections.

use tokio::{net::TcpListener, task::JoinHandle};
use vs_wire::v1::JoinRequest;

use super::*;

/// A node that can be stopped and started again.
pub(super) struct Member {
    pub(super) dir: tempfile::TempDir,
    pub(super) node: NodeId,
    pub(super) addr: String,
    /// What the cluster said when it took the node.
    pub(super) incarnation: u64,
    seeds: Vec<(NodeId, String)>,
    running: Option<(Meta, JoinHandle<()>)>,
}

impl Member {
    pub(super) fn meta(&self) -> &Meta {
        &self.running.as_ref().expect("it runs").0
    }

    /// The first of a cluster.
    pub(super) async fn first() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("bound").to_string();
        let dir = tempfile::tempdir().expect("a folder");
        let mut options = options(dir.path());
        let Begin::Bootstrap(first) = &mut options.begin else { unreachable!() };
        let Command::Bootstrap { node: spec, .. } = &mut **first else { unreachable!() };
        spec.addr.clone_from(&addr);
        options.addr.clone_from(&addr);
        let meta = Meta::open(options).await.expect("sound");
        let served = serve(listener, &meta);
        Self { dir, node: NodeId(1), addr, incarnation: 0, seeds: Vec::new(), running: Some((meta, served)) }
    }

    /// One more.
    pub(super) async fn join(first: &Self) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("bound").to_string();
        let request = JoinRequest {
            key: Uuid::from_bytes(rand::random()).to_string(),
            addr: addr.clone(),
            zone: "default".to_owned(),
            roles: vec!["metadata".to_owned(), "storage".to_owned()],
            version: "0.1.0".to_owned(),
            ..JoinRequest::default()
        };
        let asked = ask_at(&first.addr, None, Duration::from_secs(10), request, |mut to, request| async move {
            to.join(request).await
        });
        let answer = asked.await.expect("admitted");
        let seeds = answer.members.iter().map(|member| (NodeId(member.id), member.addr.clone())).collect();
        let dir = tempfile::tempdir().expect("a folder");
        let mut member = Self { dir, node: NodeId(answer.node), addr, incarnation: 0, seeds, running: None };
        member.run(listener).await;
        member
    }

    async fn run(&mut self, listener: TcpListener) {
        let options = MetaOptions {
            node: self.node,
            addr: self.addr.clone(),
            incarnation: self.incarnation,
            begin: Begin::Join,
            seeds: self.seeds.clone(),
            ..options(self.dir.path())
        };
        let meta = reopen(options).await.expect("sound");
        let served = serve(listener, &meta);
        self.running = Some((meta, served));
    }

    pub(super) async fn stop(&mut self) {
        let (meta, served) = self.running.take().expect("it runs");
        served.abort();
        close(meta).await;
    }

    pub(super) async fn start(&mut self) {
        let listener = TcpListener::bind(&self.addr).await.expect("the same port");
        self.run(listener).await;
    }
}

fn serve(listener: TcpListener, meta: &Meta) -> JoinHandle<()> {
    let acceptor = meta.acceptor();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            acceptor.serve(stream, ());
        }
    })
}

/// A cluster of three that all vote.
pub(super) async fn three() -> Vec<Member> {
    let first = Member::first().await;
    let mut members = vec![first];
    for _ in 0..2 {
        members.push(Member::join(&members[0]).await);
    }
    until("three nodes vote", || {
        members.iter().all(|member| metrics(member.meta()).membership_config.membership().voter_ids().count() == 3)
    })
    .await;
    members
}

pub(super) async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("not within 30 s: {what}"));
}

/// Proposes at a node until it is answered, as a client would.
pub(super) async fn persist(meta: &Meta, command: Command) -> Response {
    let started = tokio::time::Instant::now();
    loop {
        match meta.propose(command.clone()).await {
            Ok(response) => return response.accepted().expect("accepted"),
            Err(error) => assert!(started.elapsed() < Duration::from_secs(30), "{error:?} {:?}", metrics(meta)),
        }
    }
}

/// All replicas are the same, as far as the digests of their whole states tell.
pub(super) async fn assert_same(members: &[Member]) {
    let index = members[0].meta().mark().await.expect("marked");
    let mut digests = Vec::new();
    for member in members {
        digests.push(members[0].meta().digest_of(member.node, index).await.expect("told"));
    }
    assert!(digests.windows(2).all(|pair| pair[0] == pair[1]), "{digests:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_node_writes_and_reads_for_all_whoever_leads() {
    let mut members = three().await;
    for (n, member) in (0..).zip(&members) {
        done(member.meta(), begin(n)).await;
        for reader in &members {
            let state = reader.meta().read().await.expect("readable");
            assert!(state.view().upload(upload_id(n)).expect("readable").is_some(), "{} at {}", n, reader.node);
        }
    }
    // the leader dies, twice
    for round in 0..2 {
        let leader = metrics(members[2].meta()).current_leader.expect("known");
        let at = members.iter().position(|member| member.node.0 == leader).expect("a member");
        members[at].stop().await;
        let other = (at + 1) % 3;
        for n in 0..20 {
            persist(members[other].meta(), begin(100 * (round + 1) + n)).await;
        }
        members[at].start().await;
    }
    for member in &members {
        let state = member.meta().read().await.expect("readable");
        let has = |n| state.view().upload(upload_id(n)).expect("readable").is_some();
        assert!((100..120).chain(200..220).all(has), "{}", member.node);
    }
    assert_same(&members).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_hands_over_and_nobody_waits_for_an_election() {
    let members = three().await;
    for to in [2, 3, 1] {
        let (_, heir) = members[0].meta().hand_over(Some(NodeId(to))).await.expect("handed over");
        assert_eq!(heir, NodeId(to));
        done(members[0].meta(), begin(to)).await;
        assert_eq!(metrics(members[0].meta()).current_leader, Some(to));
    }
    let nobody = members[1].meta().hand_over(Some(NodeId(9))).await;
    assert!(matches!(nobody, Err(MetaError::NoHeir { .. })), "{nobody:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_quorum_writes_and_reads_are_refused_and_come_back_by_themselves() {
    let mut members = three().await;
    done(members[0].meta(), begin(1)).await;
    members[1].stop().await;
    members[2].stop().await;
    for _ in 0..2 {
        let refused = members[0].meta().propose(begin(2)).await;
        let Err(MetaError::NoQuorum(call)) = refused else { panic!("{refused:?}") };
        assert_eq!((call.reachable, call.voters, call.lines.len()), (1, 3, 3), "{call:?}");
        assert_eq!(call.to_string(), "no quorum: 1 of 3 voters reachable (need 2)");
        assert!(matches!(members[0].meta().read().await, Err(MetaError::NoQuorum(_))));
    }
    let stale = members[0].meta().stale();
    assert!(stale.state.view().upload(upload_id(1)).expect("readable").is_some() && stale.age_ms > 1_000);
    members[1].start().await;
    persist(members[0].meta(), begin(3)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_not_taken_for_the_one_that_was_at_its_address() {
    let mut members = three().await;
    let (addr, old) = (members[2].addr.clone(), members[2].node);
    members[2].stop().await;
    // wiped, it joins again at the same address
    let gone = members.remove(2);
    let listener = TcpListener::bind(&addr).await.expect("the same port");
    let dir = tempfile::tempdir().expect("a folder");
    let mut new = Member { dir, node: NodeId(9), addr, seeds: gone.seeds.clone(), incarnation: 0, running: None };
    new.run(listener).await;
    let refused = members[0].meta().digest_of(old, 1).await;
    assert!(matches!(&refused, Err(PeerError::Refused(why)) if why.what.contains("n9 is not")), "{refused:?}");
    done(members[0].meta(), begin(1)).await;
    assert_eq!(applied(new.meta()), 0, "nothing was sent to it");
}
