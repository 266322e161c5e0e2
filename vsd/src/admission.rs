//! How a new node becomes a member: it asks any node of the cluster, until it is taken.
//!
//! Invariants:
//! - A node that is asked again with the same key is the same node, so a lost answer makes no second one.
//! - A directory that belongs to one cluster never joins another, and one that was wiped comes back as a new node.
//! - A node is taken into a later incarnation of its cluster only where it was told whom to join, and keeps its chunks.

use std::{net::IpAddr, time::Duration};

use vs_core::{
    error::{Code, Failure},
    id::{ClusterId, NodeId},
};
use vs_wire::v1;

use crate::{
    config::Config,
    meta::{PeerError, ask_at, incarnation_of},
    node::{DataDir, Stage},
};

/// How long a member may take to answer, and the wait before all are asked again.
const ANSWER: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_secs(1);
/// After how many rounds it is said again that nobody has taken the node.
const SAY_EVERY: u32 = 10;

/// Where the other nodes are.
pub(crate) type Seeds = Vec<(NodeId, String)>;

/// The address that connections to other nodes leave from, when this node has one of its own.
pub(crate) fn leaves_from(config: &Config) -> Option<IpAddr> {
    Some(config.node.listen.ip()).filter(|ip| !ip.is_unspecified())
}

/// Has the node taken by the cluster that answers at one of `members`, if none has it yet; and makes sure that it is the
/// cluster whose node this is otherwise.
///
/// # Errors
/// When the cluster refuses it for good.
pub(crate) async fn admit(data: &mut DataDir, config: &Config, members: &[String]) -> Result<Seeds, Failure> {
    // one list may serve all machines
    let here = config.node.advertised();
    let members: &[_] = &members.iter().filter(|member| **member != here).cloned().collect::<Vec<_>>();
    match data.identity.stage {
        Stage::Joining if members.is_empty() => {
            return Err(Failure::new(Code::DataDir, "no cluster has this node yet")
                .hint("name a node of the cluster with `vsd serve --join HOST:PORT`"));
        }
        Stage::Joining => {}
        Stage::Bootstrapping | Stage::Admitted | Stage::Member => return come_back(data, config, members).await,
    }
    for round in 0.. {
        if let Some((answer, seeds)) = ask_all(data, config, members).await? {
            let cluster: ClusterId = answer.cluster_id.parse().map_err(|_| {
                Failure::new(Code::Internal, "the cluster has an id that cannot be read").because(&answer.cluster_id)
            })?;
            let node = NodeId(answer.node);
            data.now_admitted(cluster, answer.incarnation, node)?;
            tracing::info!(%node, %cluster, "admitted");
            for (before, _) in seeds.iter().filter(|(other, addr)| *other != node && *addr == here) {
                tracing::warn!(
                    "{before} was at this address before. This is a new node, {node}: what {before} held is not here. \
                     If {before} is gone for good, say so with `vsctl node rm {before}`"
                );
            }
            return Ok(seeds);
        }
        if round % SAY_EVERY == 0 {
            tracing::warn!(members = members.join(","), "no node of the cluster takes this one yet; asking on");
        }
        tokio::time::sleep(PAUSE).await;
    }
    unreachable!("it is asked for ever")
}

/// Has a node that was taken before learn where the others are, and taken again if they went on as a later incarnation.
/// An answer is only of use if there is one.
async fn come_back(data: &mut DataDir, config: &Config, members: &[String]) -> Result<Seeds, Failure> {
    if !members.is_empty()
        && let Some(incarnation) = incarnation_of(&data.meta())
    {
        data.now_of_incarnation(incarnation)?;
    }
    let Some((answer, seeds)) = ask_all(data, config, members).await? else { return Ok(Seeds::new()) };
    if answer.incarnation > data.identity.incarnation {
        data.now_readmitted(answer.incarnation)?;
    }
    Ok(seeds)
}

/// The first answer of those asked; none when nobody can answer now.
async fn ask_all(
    data: &mut DataDir,
    config: &Config,
    members: &[String],
) -> Result<Option<(v1::JoinResponse, Seeds)>, Failure> {
    // an answer that is lost is asked for again with the same key
    if !members.is_empty() {
        data.draw_join_key()?;
    }
    let identity = &data.identity;
    let is_new = identity.stage == Stage::Joining;
    let request = v1::JoinRequest {
        key: identity.join_key.map(|key| key.to_string()).unwrap_or_default(),
        addr: config.node.advertised(),
        zone: config.node.zone.clone(),
        roles: config.node.roles.iter().map(|role| role.as_str().to_owned()).collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        cluster_id: if is_new { String::new() } else { identity.cluster.to_string() },
        node: identity.node.0,
        incarnation: identity.incarnation,
    };
    for member in members {
        let asked = ask_at(member, leaves_from(config), ANSWER, request.clone(), |mut to, request| async move {
            to.join(request).await
        });
        match asked.await {
            Ok(answer) if answer.incarnation < identity.incarnation => {
                tracing::warn!(
                    member,
                    "that node is of an earlier incarnation of the cluster; start it with `--join` first"
                );
            }
            Ok(answer) => {
                let seeds = answer.members.iter().map(|member| (NodeId(member.id), member.addr.clone())).collect();
                return Ok(Some((answer, seeds)));
            }
            Err(PeerError::Refused(failure)) if !failure.code.retryable() => return Err(failure),
            Err(why) => tracing::debug!(member, %why, "not admitted yet"),
        }
    }
    Ok(None)
}
