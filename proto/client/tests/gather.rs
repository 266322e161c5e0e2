//! Chunks of a stripe from real listeners of which some are gone, empty or hold bad copies.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use tokio::{net::TcpListener, sync::Notify, time::timeout};
use vs_client::{
    chunk::ChunkClient,
    gather::{Gathered, gather},
};
use vs_core::{
    error::Code,
    group::Group,
    hash::Hash,
    id::{AssetId, Epoch, NodeId},
    layout::{Layout, LayoutNode, NodeWish},
    manifest::ChunkRef,
    read::Known,
    stripe,
};

const ASSET: AssetId = AssetId(7);
/// Nothing here ends because this is over.
const LIMIT: Duration = Duration::from_secs(60);

/// What one node has, by the names of chunks; and whether it was told to check a copy.
#[derive(Debug, Default)]
struct Node {
    chunks: Mutex<HashMap<String, Vec<u8>>>,
    asked: Mutex<Vec<String>>,
    checks: Notify,
}

async fn chunk(State(node): State<Arc<Node>>, Path((_, hash)): Path<(u64, String)>) -> Result<Vec<u8>, StatusCode> {
    node.asked.lock().expect("not poisoned").push(hash.clone());
    node.chunks.lock().expect("not poisoned").get(&hash).cloned().ok_or(StatusCode::NOT_FOUND)
}

async fn verify(State(node): State<Arc<Node>>) -> StatusCode {
    node.checks.notify_one();
    StatusCode::NOT_IMPLEMENTED
}

async fn start() -> (Arc<Node>, SocketAddr) {
    let node = Arc::new(Node::default());
    let app = Router::new()
        .route("/chunk/{asset}/{hash}", get(chunk))
        .route("/vs.v1.Admin/VerifyChunks", post(verify))
        .with_state(node.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, app).await });
    (node, addr)
}

/// A stripe of which node `i + 1` holds member `i`, and a sixth node that holds none.
struct Cluster {
    nodes: Vec<(Arc<Node>, SocketAddr)>,
    members: Vec<Vec<u8>>,
    group: Group,
    layout: Layout,
}

impl Cluster {
    async fn start() -> Self {
        let mut members: Vec<Vec<u8>> =
            [3_000, 2_000, 500].iter().map(|bytes| vec![u8::try_from(bytes % 251).expect("small"); *bytes]).collect();
        members.extend(stripe::encode(&members));
        let named =
            |bytes: &Vec<u8>| ChunkRef { hash: Hash::of(bytes), bytes: u32::try_from(bytes.len()).expect("short") };
        let mut nodes = Vec::new();
        for at in 0..6 {
            let (node, addr) = start().await;
            if let Some(member) = members.get(at) {
                node.chunks.lock().expect("not poisoned").insert(Hash::of(member).to_string(), member.clone());
            }
            nodes.push((node, addr));
        }
        let in_layout = |id| LayoutNode { id: NodeId(id), zone: String::new(), weight_milli: 1000, wish: NodeWish::In };
        Self {
            group: Group::stripe(ASSET, "v0", 0, members.iter().map(named).collect(), 3),
            layout: Layout::new(Epoch(1), (1..=5).map(in_layout).collect(), vec![(0..5).collect()]).expect("valid"),
            members,
            nodes,
        }
    }

    /// Gives node `at` other bytes under the name of the chunk it holds, or none.
    fn damage(&self, at: usize, holds: Option<&[u8]>) {
        let mut chunks = self.nodes[at].0.chunks.lock().expect("not poisoned");
        match holds {
            Some(bytes) => chunks.values_mut().for_each(|chunk| *chunk = bytes.to_vec()),
            None => chunks.clear(),
        }
    }

    async fn gather(&self, want: &[usize], dead: &[u64]) -> Gathered {
        let nodes: Vec<_> = (1..=6).map(NodeId).collect();
        let layouts = std::slice::from_ref(&self.layout);
        let known = Known { layouts, nodes: &nodes, away: &[], displaced: &[] };
        let addr_of = |id: NodeId| match dead.contains(&id.0) {
            // nobody listens there
            true => Some("127.0.0.1:1".to_owned()),
            false => usize::try_from(id.0).ok().map(|id| self.nodes[id - 1].1.to_string()),
        };
        let chunks = ChunkClient::new();
        let gathered = gather(&chunks, ASSET, &self.group, want, &known, addr_of);
        timeout(LIMIT, gathered).await.expect("ends")
    }

    fn asked(&self) -> usize {
        self.nodes.iter().map(|(node, _)| std::mem::take(&mut *node.asked.lock().expect("not poisoned")).len()).sum()
    }
}

#[tokio::test]
async fn any_three_members_give_the_others() {
    let cluster = Cluster::start().await;
    let intact = cluster.gather(&[1], &[]).await;
    assert_eq!(intact.members.expect("there"), [cluster.members[1].clone()]);
    assert_eq!(cluster.asked(), 1, "an intact chunk is one request");
    for lost in [[1, 2], [1, 5], [2, 4], [4, 5]] {
        let want: Vec<_> = lost.iter().map(|id| usize::try_from(id - 1).expect("small")).collect();
        let gathered = cluster.gather(&want, &lost).await;
        let members: Vec<_> = want.iter().map(|member| cluster.members[*member].clone()).collect();
        assert_eq!(gathered.members.expect("rebuilt"), members, "{lost:?}");
        assert_eq!((gathered.silent.len(), cluster.asked()), (2, 3), "{lost:?}");
    }
}

#[test]
fn members_are_computed_on_no_thread_that_others_wait_for() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build();
    runtime.expect("a runtime").block_on(async {
        let (release, held) = std::sync::mpsc::channel::<()>();
        let holding = tokio::task::spawn_blocking(move || held.recv());
        let cluster = Cluster::start().await;
        let gathering = cluster.gather(&[0], &[1]);
        let all_answered = async {
            while cluster.nodes.iter().map(|(node, _)| node.asked.lock().expect("not poisoned").len()).sum::<usize>()
                < 3
            {
                tokio::task::yield_now().await;
            }
            // whoever computes on this thread has the time to
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        let mut gathering = std::pin::pin!(gathering);
        tokio::select! {
            _ = &mut gathering => panic!("the members were computed on the thread that answers everybody"),
            () = all_answered => {}
        }
        drop(release);
        assert_eq!(gathering.await.members.expect("rebuilt"), [cluster.members[0].clone()]);
        assert!(holding.await.expect("no panic").is_err());
    });
}

#[tokio::test]
async fn bad_copies_are_not_used_and_their_nodes_told() {
    let cluster = Cluster::start().await;
    cluster.damage(0, Some(b"other bytes"));
    cluster.damage(3, Some(&[0; 3_000]));
    let gathered = cluster.gather(&[0], &[]).await;
    assert_eq!(gathered.members.expect("rebuilt"), [cluster.members[0].clone()]);
    let blamed: Vec<_> = gathered.blamed.iter().map(|ask| (ask.member, ask.node.0)).collect();
    assert_eq!(blamed, [(0, 1), (3, 4)]);
    for at in [0, 3] {
        timeout(LIMIT, cluster.nodes[at].0.checks.notified()).await.expect("told to check its copy");
    }
}

#[tokio::test]
async fn with_too_few_left_everybody_is_asked_before_it_fails() {
    let cluster = Cluster::start().await;
    (0..3).for_each(|at| cluster.damage(at, None));
    let lost = cluster.gather(&[0], &[]).await.members.expect_err("two of five are left");
    assert_eq!((lost.code, lost.why.len()), (Code::Integrity, 18), "{lost:?}");
    let unreachable = cluster.gather(&[0], &[5]).await.members.expect_err("one is left");
    assert_eq!(unreachable.code, Code::Unreachable, "the dead node may have it");
    let third = (Hash::of(&cluster.members[2]).to_string(), cluster.members[2].clone());
    cluster.nodes[5].0.chunks.lock().expect("not poisoned").extend([third]);
    let gathered = cluster.gather(&[0, 1], &[]).await;
    assert_eq!(gathered.members.expect("rebuilt"), [cluster.members[0].clone(), cluster.members[1].clone()]);
}
