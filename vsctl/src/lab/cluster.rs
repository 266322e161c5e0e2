//! The cluster that a lab does things to: its nodes, whoever started them, and the calls that strike and heal them.

use std::{
    collections::BTreeSet,
    io,
    os::{linux::net::SocketAddrExt, unix::net},
    time::Duration,
};

use futures::future::{join_all, try_join_all};
use vs_client::{Client, Reach, channel::call};
use vs_core::{
    error::{Code, Failure},
    id::NodeId,
    unit::human_duration,
};
use vs_wire::v1::{self, Blow};

use super::schedule::{FaultKind, Round, Strength};
use crate::{
    desk::{Desk, millis},
    verb::node::listed,
};

/// How long a call may take that concerns one node.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// How much longer than asked for faults last, should the lab not end them.
const LEASE: Duration = Duration::from_secs(3);
/// How long a node may take to look through all that it holds.
const SCRUB_TIMEOUT: Duration = Duration::from_secs(900);
/// How often the cluster is looked at while it recovers, and how often it is told to.
const LOOK: Duration = Duration::from_millis(200);
const URGE_EVERY: u32 = 15;

/// A node, as a lab sees it.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: NodeId,
    pub(crate) addr: String,
    /// Where its `vsd dev` answers; none when it takes no faults.
    supervisor: Option<String>,
}

/// A chunk of which a bit was flipped on one node.
#[derive(Clone, Debug)]
pub(crate) struct Rotten {
    at: usize,
    pub(crate) chunk: v1::ChunkName,
}

#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub(crate) members: Vec<Member>,
    reach: Reach,
}

impl Cluster {
    /// All nodes that the cluster at these endpoints has.
    ///
    /// # Errors
    /// When they are not all of a `vsd dev`, unless the person knows.
    pub(crate) async fn find(desk: &Desk, i_know: bool) -> Result<Self, Failure> {
        let nodes = listed(desk).await?;
        let there = nodes.iter().filter(|node| node.state != "out");
        let members = try_join_all(there.map(member)).await?;
        let strangers: Vec<_> = members.iter().filter(|member| member.supervisor.is_none()).collect();
        if !strangers.is_empty() && !i_know {
            let mut failure = Failure::new(Code::Denied, "not every node of this cluster takes faults");
            failure.why.extend(strangers.iter().map(|node| format!("{}  {} refuses them", node.id, node.addr)));
            return Err(failure.hint("start a cluster for labs with `vsd dev --nodes 3`"));
        }
        let reach = Reach::new(members.iter().map(|member| member.addr.clone()).collect());
        Ok(Self { members, reach })
    }

    pub(crate) fn endpoints(&self) -> Vec<String> {
        self.members.iter().map(|member| member.addr.clone()).collect()
    }

    /// Nodes that take faults, by their positions.
    pub(crate) fn targets(&self) -> Vec<usize> {
        (0..self.members.len()).filter(|at| self.members[*at].supervisor.is_some()).collect()
    }

    /// Keeps other labs from these nodes for as long as the value lives: two at a time would do more than is survived. A `vsd dev`
    /// is on the machine of its labs, so a name of that machine that its processes let go when they end is enough.
    ///
    /// # Errors
    /// `Conflict` when another lab is at it.
    pub(crate) fn claim(&self) -> Result<Vec<net::UnixListener>, Failure> {
        let supervisors: BTreeSet<_> = self.members.iter().filter_map(|member| member.supervisor.as_ref()).collect();
        let claim = |supervisor: &String| {
            let name = net::SocketAddr::from_abstract_name(format!("vsctl-lab-{supervisor}"))?;
            net::UnixListener::bind_addr(&name)
        };
        let claimed: io::Result<_> = supervisors.into_iter().map(claim).collect();
        claimed.map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => Failure::new(Code::Conflict, "another lab is at work on this cluster")
                .because("two at a time would do more to it than it promises to survive")
                .hint("wait for it, or start another cluster: `vsd dev --nodes 3 --port 7410`"),
            _ => Failure::new(Code::Internal, "the cluster cannot be claimed for this lab").because(error),
        })
    }

    /// Refuses a cluster that survives nothing.
    pub(crate) fn check_size(&self) -> Result<(), Failure> {
        match self.members.len() {
            nodes @ 0..3 => Err(Failure::new(Code::Conflict, format!("a cluster of {nodes} survives no fault"))
                .hint("start a larger one with `vsd dev --nodes 3`")),
            _ => Ok(()),
        }
    }

    /// Who leads, for all that anybody knows.
    pub(crate) async fn leader(&self) -> Option<usize> {
        let request = v1::ListNodesRequest { consistency: v1::Consistency::Linearizable.into() };
        let list = |client: Client, request| async move { client.admin().list_nodes(request).await };
        let nodes = self.reach.ask(CALL_TIMEOUT, request, list).await.ok()?.value.items;
        let leader = nodes.iter().find(|node| node.leader)?.id;
        self.members.iter().position(|member| member.id.0 == leader)
    }

    /// Kills or freezes a node for so long.
    pub(crate) async fn strike(&self, at: usize, blow: Blow, lasts: Duration) -> Result<(), Failure> {
        let member = &self.members[at];
        let Some(supervisor) = &member.supervisor else { return Ok(()) };
        let client = Client::connect(std::slice::from_ref(supervisor), CALL_TIMEOUT).await?;
        let request = v1::StrikeRequest { addr: member.addr.clone(), blow: blow.into(), for_ms: millis(lasts) };
        call(CALL_TIMEOUT, client.supervisor().strike(request)).await.map(drop)
    }

    /// Does what a round is about to these nodes; the chunks that rot by it.
    pub(crate) async fn afflict(&self, round: &Round, victims: &[usize]) -> Result<Vec<Rotten>, Failure> {
        match round.kind {
            FaultKind::Crash => self.strike_all(victims, Blow::Kill, round.lasts).await,
            FaultKind::Freeze => self.strike_all(victims, Blow::Freeze, round.lasts).await,
            FaultKind::Corrupt => self.corrupt(round, victims).await,
            _ => {
                let addrs = self.endpoints();
                let set = |at: usize| self.set_faults(at, faults(round, victims, &addrs, at), round.lasts + LEASE);
                try_join_all(self.targets().into_iter().map(set)).await.map(|_| Vec::new())
            }
        }
    }

    async fn strike_all(&self, victims: &[usize], blow: Blow, lasts: Duration) -> Result<Vec<Rotten>, Failure> {
        try_join_all(victims.iter().map(|at| self.strike(*at, blow, lasts))).await.map(|_| Vec::new())
    }

    /// Takes what is wrong away, where that does not end by itself with the round. On a node that does not answer it ends soon
    /// after.
    pub(crate) async fn heal(&self, round: &Round) {
        if !matches!(round.kind, FaultKind::Crash | FaultKind::Freeze | FaultKind::Corrupt) {
            let targets = self.targets();
            let sound = targets.iter().map(|at| self.set_faults(*at, v1::Faults::default(), Duration::ZERO));
            join_all(sound).await;
        }
    }

    async fn set_faults(&self, at: usize, faults: v1::Faults, lasts: Duration) -> Result<(), Failure> {
        let client = self.client(at).await?;
        let request = v1::SetFaultsRequest { faults: Some(faults), for_ms: millis(lasts) };
        call(CALL_TIMEOUT, client.fault().set_faults(request)).await.map(drop)
    }

    /// A connection to one node.
    pub(crate) async fn client(&self, at: usize) -> Result<Client, Failure> {
        Client::connect(std::slice::from_ref(&self.members[at].addr), CALL_TIMEOUT).await
    }

    /// Lets chunks rot, and has the node look through all that it holds.
    async fn corrupt(&self, round: &Round, victims: &[usize]) -> Result<Vec<Rotten>, Failure> {
        let Strength::Chunks { count, seed } = round.strength else { return Ok(Vec::new()) };
        let mut rotten = Vec::new();
        for at in victims {
            let client = self.client(*at).await?;
            let request = v1::CorruptChunksRequest { chunks: count, seed };
            let items = call(CALL_TIMEOUT, client.fault().corrupt_chunks(request)).await?.items;
            let (job, action) = (v1::CareJob::Scrub.into(), v1::CareAction::Start.into());
            let order = v1::OrderCareRequest { job, action, ..v1::OrderCareRequest::default() };
            call(CALL_TIMEOUT, client.admin().order_care(order)).await?;
            rotten.extend(
                items
                    .into_iter()
                    .map(|chunk| Rotten { at: *at, chunk: v1::ChunkName { asset: chunk.asset, hash: chunk.hash } }),
            );
        }
        Ok(rotten)
    }

    /// Whether none of these is rotten any more that belongs to a video: others nobody mends, since nobody wants them.
    pub(crate) async fn is_mended_of(&self, rotten: &[Rotten]) -> bool {
        for Rotten { at, chunk } in rotten {
            let Ok(client) = self.client(*at).await else { return false };
            let request = v1::VerifyChunksRequest { chunks: vec![chunk.clone()] };
            let Ok(mut verified) = call(CALL_TIMEOUT, client.admin().verify_chunks(request)).await else {
                return false;
            };
            let state = match verified.message().await {
                Ok(Some(verified)) => verified.state(),
                _ => return false,
            };
            let is_sound = matches!(state, v1::ChunkState::Intact | v1::ChunkState::Missing);
            if !is_sound && self.is_wanted(chunk.asset).await {
                return false;
            }
        }
        true
    }

    /// Whether any video has this asset, or nobody says.
    async fn is_wanted(&self, asset: u64) -> bool {
        let mut request = v1::ListVideosRequest::default();
        loop {
            let list = |client: Client, request| async move { client.meta().list_videos(request).await };
            let Ok(page) = self.reach.ask(CALL_TIMEOUT, request, list).await else { return true };
            if page.value.items.iter().any(|video| video.asset == asset) {
                return true;
            }
            if page.value.next_page_token.is_empty() {
                return false;
            }
            request = v1::ListVideosRequest { page_token: page.value.next_page_token, ..Default::default() };
        }
    }

    /// What became of the processes, where that is known.
    pub(crate) async fn processes(&self) -> Result<Vec<v1::NodeProcess>, Failure> {
        let supervisors: BTreeSet<_> = self.members.iter().filter_map(|member| member.supervisor.clone()).collect();
        let list = async |addr: String| {
            let client = Client::connect(&[addr], CALL_TIMEOUT).await?;
            call(CALL_TIMEOUT, client.supervisor().list_processes(v1::ListProcessesRequest {})).await
        };
        let listed = try_join_all(supervisors.into_iter().map(list)).await?;
        Ok(listed.into_iter().flat_map(|list| list.items).collect())
    }

    /// Waits until the cluster is whole again after `since`, in wall time: every node up, every voter in step, and
    /// every chunk where it should be. False when that takes longer than `limit`, or cannot be any more.
    ///
    /// # Errors
    /// When there is no `vsd dev` any more that runs the nodes.
    pub(crate) async fn is_mended(&self, since_ms: u64, limit: Duration) -> Result<bool, Failure> {
        let mended = async {
            let mut looks = 0;
            loop {
                if looks % URGE_EVERY == 0 {
                    self.urge().await;
                }
                looks += 1;
                if self.is_whole().await && self.is_repaired(since_ms).await {
                    return Ok(true);
                }
                match self.check_processes().await {
                    Err(failure) if failure.code == Code::Conflict => return Ok(false),
                    checked => checked?,
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(limit, mended).await.unwrap_or(Ok(false))
    }

    /// Refuses to wait for what does not come back: `Conflict` when a node has ended by itself, `Unreachable` when the
    /// `vsd dev` of all has.
    async fn check_processes(&self) -> Result<(), Failure> {
        let another = "start another cluster: `vsd dev --nodes 3`";
        match self.processes().await {
            Err(failure) if failure.code == Code::Unreachable => {
                let what = "the `vsd dev` of this cluster has ended, and its nodes with it";
                Err(Failure::new(Code::Unreachable, what).hint(another))
            }
            // one that is busy says so later
            Err(_) => Ok(()),
            Ok(processes) => processes.into_iter().find(|process| process.state == "ended").map_or(Ok(()), |process| {
                let what = format!("the node at {} has ended by itself, and does not come back", process.addr);
                Err(Failure::new(Code::Conflict, what).because(process.ended).hint(another))
            }),
        }
    }

    /// Waits until every node is up and every voter in step: before that nothing more may go wrong.
    ///
    /// # Errors
    /// `Timeout` when that takes longer than `limit`, and others when it cannot be any more.
    pub(crate) async fn become_whole(&self, limit: Duration) -> Result<(), Failure> {
        let whole = async {
            while !self.is_whole().await {
                self.check_processes().await?;
                tokio::time::sleep(LOOK).await;
            }
            Ok(())
        };
        tokio::time::timeout(limit, whole).await.unwrap_or_else(|_| {
            let waited = human_duration(limit);
            Err(Failure::new(Code::Timeout, format!("the cluster was not whole within {waited}"))
                .hint("see who lacks: `vsctl cluster status`"))
        })
    }

    /// Has the leader look through everything now.
    async fn urge(&self) {
        let request = v1::OrderRepairRequest { action: v1::RepairAction::Start.into(), ..Default::default() };
        let order = |client: Client, request| async move { client.admin().order_repair(request).await };
        let _ = self.reach.ask(CALL_TIMEOUT, request, order).await;
    }

    async fn is_whole(&self) -> bool {
        let runs = |process: &v1::NodeProcess| process.state == "running";
        let request = v1::StatusRequest { consistency: v1::Consistency::Linearizable.into() };
        let ask = |client: Client, request| async move { client.admin().status(request).await };
        let (processes, status) = tokio::join!(self.processes(), self.reach.ask(CALL_TIMEOUT, request, ask));
        let (Ok(processes), Ok(status)) = (processes, status) else { return false };
        let (cluster, nodes) = (status.value.cluster.unwrap_or_default(), status.value.nodes);
        let is_up = |node: &v1::NodeInfo| matches!(node.state.as_str(), "up" | "draining" | "out");
        let in_step = |member: &v1::Member| matches!(member.state.as_str(), "leader" | "follower" | "learner");
        processes.iter().all(runs)
            && nodes.iter().all(is_up)
            && cluster.leader.is_some()
            && cluster.members.iter().all(in_step)
            && join_all(self.endpoints().iter().map(|addr| answers(addr))).await.into_iter().all(|answers| answers)
    }

    async fn is_repaired(&self, since_ms: u64) -> bool {
        let ask = |client: Client, request| async move { client.admin().repair_status(request).await };
        let asked = self.reach.ask(CALL_TIMEOUT, v1::RepairStatusRequest { forwarded: false }, ask).await;
        asked.is_ok_and(|status| {
            let status = status.value;
            let has_looked = status.last_pass_at_ms.is_some_and(|at_ms| at_ms > since_ms);
            has_looked && status.chunks_degraded == 0 && status.chunks_missing == 0
        })
    }

    /// Waits until these nodes have looked through all that they hold: at the rate that is configured, and garbage too, so that
    /// it takes as long as it takes.
    pub(crate) async fn has_scrubbed(&self, victims: &[usize], since_ms: u64) -> bool {
        let scrubbed = async {
            for at in victims {
                while !self.scrub_is_over(*at, since_ms).await {
                    tokio::time::sleep(LOOK).await;
                }
            }
        };
        tokio::time::timeout(SCRUB_TIMEOUT, scrubbed).await.is_ok()
    }

    async fn scrub_is_over(&self, at: usize, since_ms: u64) -> bool {
        let Ok(client) = self.client(at).await else { return false };
        let request = v1::GetCareRequest { job: v1::CareJob::Scrub.into() };
        let is_over = |dir: &v1::CareStatus| {
            let ended_at_ms = dir.last.as_ref().and_then(|last| last.ended_at_ms);
            dir.run.is_none() && ended_at_ms.is_some_and(|at_ms| at_ms >= since_ms)
        };
        let asked = call(CALL_TIMEOUT, client.admin().get_care(request)).await;
        asked.is_ok_and(|care| care.items.iter().all(is_over))
    }
}

async fn answers(addr: &str) -> bool {
    vs_client::chunk::ChunkClient::new().ping(addr, CALL_TIMEOUT).await.is_ok()
}

async fn member(node: &v1::NodeInfo) -> Result<Member, Failure> {
    let client = Client::connect(std::slice::from_ref(&node.addr), CALL_TIMEOUT).await?;
    let described = call(CALL_TIMEOUT, client.fault().describe_faults(v1::DescribeFaultsRequest {})).await;
    let supervisor = match described {
        Ok(described) => Some(described.supervisor),
        Err(failure) if matches!(failure.code, Code::Denied | Code::NotSupported) => None,
        Err(failure) => return Err(failure),
    };
    Ok(Member { id: NodeId(node.id), addr: node.addr.clone(), supervisor })
}

/// What is wrong with the node at this position when these are the victims.
fn faults(round: &Round, victims: &[usize], addrs: &[String], at: usize) -> v1::Faults {
    let is_victim = |at: &usize| victims.contains(at);
    let disk = |disk: v1::BadDisk| v1::Faults { disk: Some(disk), ..v1::Faults::default() };
    let others = || addrs.iter().enumerate().filter(move |(other, _)| *other != at);
    match (round.kind, &round.strength) {
        (FaultKind::Partition, strength) => {
            let one_way = *strength == Strength::OneWay;
            let across = others().filter(|(other, _)| is_victim(other) != is_victim(&at));
            let cut = |(_, addr): (usize, &String)| v1::BadLine {
                addr: addr.clone(),
                cut_out: !one_way || is_victim(&at),
                cut_in: !one_way || !is_victim(&at),
                ..v1::BadLine::default()
            };
            v1::Faults { lines: across.map(cut).collect(), ..v1::Faults::default() }
        }
        (FaultKind::Latency | FaultKind::Loss, strength) => {
            let bad = others().filter(|(other, _)| is_victim(other) || is_victim(&at));
            let line = |(_, addr): (usize, &String)| {
                let line = v1::BadLine { addr: addr.clone(), ..v1::BadLine::default() };
                match strength {
                    Strength::DelayMs(delay_ms) => v1::BadLine { delay_ms: *delay_ms, ..line },
                    Strength::LossPermille(loss_permille) => v1::BadLine { loss_permille: *loss_permille, ..line },
                    _ => line,
                }
            };
            v1::Faults { lines: bad.map(line).collect(), ..v1::Faults::default() }
        }
        _ if !is_victim(&at) => v1::Faults::default(),
        (FaultKind::SlowDisk, Strength::DelayMs(ms)) => disk(v1::BadDisk { delay_ms: *ms, ..v1::BadDisk::default() }),
        (FaultKind::FullDisk, _) => disk(v1::BadDisk { full: true, ..v1::BadDisk::default() }),
        (FaultKind::ReadError, _) => disk(v1::BadDisk { unreadable: true, ..v1::BadDisk::default() }),
        (FaultKind::Memory, Strength::MemoryBytes(bytes)) => {
            v1::Faults { memory_bytes: *bytes, ..v1::Faults::default() }
        }
        _ => v1::Faults::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cuts(strength: Strength) -> Vec<Vec<(String, bool, bool)>> {
        let victims = vec![0, 3];
        let lasts = Duration::from_secs(5);
        let round =
            Round { kind: FaultKind::Partition, victims: victims.clone(), aims_at_leader: false, lasts, strength };
        let addrs: Vec<_> = (0..5).map(|at| at.to_string()).collect();
        let lines = |at| faults(&round, &victims, &addrs, at).lines.into_iter();
        (0..5).map(|at| lines(at).map(|line| (line.addr, line.cut_out, line.cut_in)).collect()).collect()
    }

    #[test]
    fn a_partition_runs_between_victims_and_others_and_nowhere_else() {
        let line = |addr: usize, out, into| (addr.to_string(), out, into);
        let minority: Vec<_> = [1, 2, 4].map(|addr| line(addr, true, true)).into();
        let majority: Vec<_> = [0, 3].map(|addr| line(addr, true, true)).into();
        let expected = [&minority, &majority, &majority, &minority, &majority].map(Clone::clone);
        assert_eq!(cuts(Strength::Plain), expected);
        let minority: Vec<_> = [1, 2, 4].map(|addr| line(addr, true, false)).into();
        let majority: Vec<_> = [0, 3].map(|addr| line(addr, false, true)).into();
        let expected = [&minority, &majority, &majority, &minority, &majority].map(Clone::clone);
        assert_eq!(cuts(Strength::OneWay), expected, "what victims send is lost, whoever made the connection");
    }
}
