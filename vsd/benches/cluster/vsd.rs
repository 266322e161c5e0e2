//! Three real `vsd serve`, their films, and clients of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use tonic::transport::Channel;
use vs_client::{Client, Reach, Session, channel::call};
use vs_core::id::{ClusterId, NodeId, VideoId};
use vs_wire::v1::{self, meta_client::MetaClient};
use vsd_core::meta::Command;

use crate::{
    Lab,
    common::{Outcome, server::Server},
    death::{Mortal, Writer},
    film::{self, Library},
    load::{Caller, connect, value},
};

const NODES: usize = 3;
/// Films that there are from the beginning: one for each client.
const FILMS: u64 = 64;
/// How long the cluster may take to be whole.
const WHOLE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);
/// How long a node may take to answer.
const ANSWER: Duration = Duration::from_secs(2);
/// A voter that answered the leader this lately is there.
const HEARTBEAT_MS_MAX: u64 = 1_000;
/// How long a write may be tried for.
const WRITE: Duration = Duration::from_secs(60);

pub(crate) struct Vsd {
    servers: Vec<Server>,
    cluster: ClusterId,
    films: Vec<VideoId>,
}

impl Vsd {
    pub(crate) fn start(lab: &Lab<'_>) -> Outcome<Self> {
        let dir = |nth: usize| lab.root.join(format!("vsd{nth}"));
        let mut first = Server::vsd(&dir(1), &["--bootstrap"])?;
        first.start()?;
        first.await_ready()?;
        let seed = first.addr.to_string();
        let mut servers = vec![first];
        for nth in 2..=NODES {
            let mut server = Server::vsd(&dir(nth), &["--join", &seed])?;
            server.start()?;
            servers.push(server);
        }
        servers.iter_mut().try_for_each(Server::await_ready)?;
        lab.runtime.block_on(async {
            let cluster = cluster_id(&servers[0]).await?;
            let mut vsd = Self { servers, cluster, films: Vec::new() };
            let leader = vsd.await_whole().await?;
            let library = vsd.library(leader).await?;
            vsd.films = film::make_all(&library, FILMS).await?;
            Ok(vsd)
        })
    }

    pub(crate) fn pids(&self) -> Vec<u32> {
        self.servers.iter().map(Server::pid).collect()
    }

    pub(crate) fn leader(&self, lab: &Lab<'_>) -> Outcome<usize> {
        lab.runtime.block_on(self.whole())
    }

    pub(crate) async fn library(&self, leader: usize) -> Outcome<Library> {
        Ok(Library::new(self.cluster, self.node_id(leader).await?, self.servers[leader].addr))
    }

    /// Clients of a node that edit a film each.
    pub(crate) async fn editors(&self, node: usize, count: usize) -> Outcome<Vec<Editor>> {
        let mut editors = Vec::new();
        for film in self.films.iter().cycle().take(count) {
            editors.push(Editor { meta: self.meta(node).await?, video: film.to_string() });
        }
        Ok(editors)
    }

    /// Clients of the leader that put the same edits into its log.
    pub(crate) async fn committers(&self, leader: usize, count: usize) -> Outcome<Vec<Committer>> {
        let mut committers = Vec::new();
        for film in self.films.iter().cycle().take(count) {
            committers.push(Committer { library: self.library(leader).await?, video: *film });
        }
        Ok(committers)
    }

    /// Clients of a node that read a film each.
    pub(crate) async fn readers(&self, node: usize, count: usize) -> Outcome<Vec<Reader>> {
        let editors = self.editors(node, count).await?;
        Ok(editors.into_iter().map(|Editor { meta, video }| Reader { meta, video }).collect())
    }

    async fn meta(&self, node: usize) -> Outcome<MetaClient<Channel>> {
        Ok(MetaClient::new(connect(self.servers[node].addr).await?))
    }

    async fn node_id(&self, node: usize) -> Outcome<NodeId> {
        let addr = self.servers[node].addr.to_string();
        let state = picture(&self.servers[node]).await?;
        let member = state.members.iter().find(|member| member.addr == addr);
        Ok(NodeId(member.ok_or_else(|| format!("{addr} is no member"))?.id))
    }

    /// Waits until every node is there and as far as the leader; who that is.
    async fn whole(&self) -> Outcome<usize> {
        let began = Instant::now();
        loop {
            match self.look().await {
                Ok(leader) => return Ok(leader),
                Err(why) if began.elapsed() > WHOLE => {
                    return Err(self.servers[0].failed(&format!("vsd: the cluster does not become whole: {why}")));
                }
                Err(_) => tokio::time::sleep(LOOK).await,
            }
        }
    }

    async fn look(&self) -> Outcome<usize> {
        let mut states = Vec::new();
        for server in &self.servers {
            states.push(picture(server).await?);
        }
        let leads = |state: &v1::ClusterState| {
            let leader = state.members.iter().find(|member| Some(member.id) == state.leader)?;
            self.servers.iter().position(|server| server.addr.to_string() == leader.addr)
        };
        let leader = leads(&states[0]).ok_or("nobody leads")?;
        if !states.iter().all(|state| leads(state) == Some(leader)) {
            return Err("the nodes do not agree on who leads".into());
        }
        if !is_whole(&states[leader]) {
            return Err(format!("{:?}", states[leader]).into());
        }
        Ok(leader)
    }
}

/// As the leader sees it.
fn is_whole(state: &v1::ClusterState) -> bool {
    let is_there = |member: &v1::Member| {
        let beats = member.heartbeat_ms.is_some_and(|ms| ms < HEARTBEAT_MS_MAX);
        member.voter && member.lag == 0 && beats
    };
    let storing = state.nodes.iter().filter(|node| node.weight_milli > 0).count();
    (state.members.len(), storing) == (NODES, NODES) && state.members.iter().all(is_there)
}

async fn client(server: &Server) -> Outcome<Client> {
    Ok(Client::connect(&[server.addr.to_string()], ANSWER).await?)
}

async fn picture(server: &Server) -> Outcome<v1::ClusterState> {
    let client = client(server).await?;
    let mut states = call(ANSWER, client.cluster().watch(v1::ClusterWatchRequest {})).await?;
    let state = tokio::time::timeout(ANSWER, states.message()).await??;
    state.ok_or_else(|| format!("{} tells nothing", server.addr).into())
}

pub(crate) async fn cluster_id(server: &Server) -> Outcome<ClusterId> {
    let client = client(server).await?;
    let status = call(ANSWER, client.admin().status(v1::StatusRequest::default())).await?;
    Ok(status.cluster_id.parse().map_err(|_| "the cluster has no id")?)
}

impl Mortal for Vsd {
    type Writer = Sessions;

    fn server(&mut self, nth: usize) -> &mut Server {
        &mut self.servers[nth]
    }

    async fn await_whole(&self) -> Outcome<usize> {
        self.whole().await
    }

    async fn writer(&self, first: usize) -> Outcome<Sessions> {
        let mut addrs: Vec<_> = self.servers.iter().map(|server| server.addr.to_string()).collect();
        addrs.rotate_left(first);
        Ok(Sessions { session: Session::new(Reach::new(addrs)), video: self.films[0].to_string() })
    }
}

/// A writer as every tool is one.
pub(crate) struct Sessions {
    session: Session,
    video: String,
}

impl Writer for Sessions {
    async fn write(&mut self) -> Outcome<()> {
        let began = Instant::now();
        loop {
            let request = edit(&self.video);
            let edit = |client: Client, request| async move { client.meta().edit_video(request).await };
            match self.session.change(WRITE, request, edit).await {
                Ok(_) => return Ok(()),
                // that there is no quorum yet is an answer: whoever wants to write goes on
                Err(failure) if failure.code.retryable() && began.elapsed() < WRITE => {}
                Err(failure) => return Err(failure.into()),
            }
        }
    }
}

fn edit(video: &str) -> v1::EditVideoRequest {
    v1::EditVideoRequest { video: video.to_owned(), description: Some(value()), ..v1::EditVideoRequest::default() }
}

/// Edits a film by the public call.
pub(crate) struct Editor {
    meta: MetaClient<Channel>,
    video: String,
}

impl Caller for Editor {
    async fn call(&mut self) -> Outcome<()> {
        self.meta.edit_video(edit(&self.video)).await?;
        Ok(())
    }
}

/// Puts the same edit into the log, and does no more.
pub(crate) struct Committer {
    library: Library,
    video: VideoId,
}

impl Caller for Committer {
    async fn call(&mut self) -> Outcome<()> {
        let edit = Command::VideoEdit {
            video: self.video,
            expected: None,
            title: None,
            description: Some(value()),
            tags_set: BTreeMap::new(),
            tags_unset: BTreeSet::new(),
        };
        self.library.propose(edit).await?;
        Ok(())
    }
}

/// Reads a film, with every edit that was acknowledged before.
pub(crate) struct Reader {
    meta: MetaClient<Channel>,
    video: String,
}

impl Caller for Reader {
    async fn call(&mut self) -> Outcome<()> {
        let request = v1::GetVideoRequest { video: self.video.clone(), ..v1::GetVideoRequest::default() };
        self.meta.get_video(request).await?;
        Ok(())
    }
}
