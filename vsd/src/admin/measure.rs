//! How the chunks of one video are, as the nodes that should have them say when asked: for people, so nothing is
//! decided by it.
//!
//! A node that is known to be down is not asked, and one that does not answer in time counts as not having anything.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use futures::future::join_all;
use tokio::time::Instant;
use vs_client::{Client, channel::call};
use vs_core::{
    error::{Code, Failure},
    hash::Hash,
    id::{AssetId, NodeId},
    limit::PAGE_ITEMS_MAX,
};
use vs_wire::v1;
use vsd_core::meta::{AssetRecord, View};

use super::{Services, internal};
use crate::meta::StateRead;

/// How long a node may take to answer for all chunks of a video.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// Hashes that a node is asked about with one call.
const HASHES: usize = 1_000;

/// A group, as far as it matters where its members are.
struct Placed {
    /// How many data chunks it counts for, which is also how many distinct members give all the others.
    data: usize,
    width: usize,
    /// Each place that the layout has room for: the member that belongs there, and who may hold it: the node of the
    /// place and its stand-ins.
    places: Vec<(Hash, Vec<NodeId>)>,
}

/// What each node that answered has, sound.
type Held = HashMap<NodeId, HashSet<Hash>>;

impl Placed {
    /// Whether every place has its member; none when too few are left to read it.
    fn is_whole(&self, held: &Held) -> Option<bool> {
        let has = |hash: &Hash, node: &NodeId| held.get(node).is_some_and(|hashes| hashes.contains(hash));
        let filled = self.places.iter().filter(|(hash, nodes)| nodes.iter().any(|node| has(hash, node)));
        let filled: Vec<_> = filled.map(|(hash, _)| *hash).collect();
        self.reads(&filled.iter().copied().collect()).then_some(filled.len() >= self.width)
    }

    /// Whether it can be read out of these chunks. One chunk may be several members.
    fn reads(&self, chunks: &HashSet<Hash>) -> bool {
        self.places.iter().filter(|(hash, _)| chunks.contains(hash)).count() >= self.data
    }
}

impl Services {
    /// How the chunks of an asset are now.
    pub(super) async fn measured(&self, state: StateRead, asset: AssetRecord) -> Result<v1::Redundancy, Failure> {
        let layout = self.meta.layouts().of(&state.view(), asset.since).map_err(internal)?;
        let layout = layout.ok_or_else(|| Failure::new(Code::Internal, format!("{} is not there", asset.since)))?;
        let nodes = self.nodes(&state.view())?;
        let (id, room) = (asset.id, layout.room());
        let (width, owed) = (asset.scheme.width(), asset.owed);
        let mut answer = v1::Redundancy { stand_ins: asset.stand_ins, owed, ..v1::Redundancy::default() };
        // a long film has a hundred parts to decode
        let listed = tokio::task::spawn_blocking(move || groups(&state.view(), &asset, &layout)).await;
        let groups = listed.map_err(|ended| Failure::new(Code::Internal, ended.to_string()))??;

        let (held, silent) = self.ask_for(id, wanted(&groups), &nodes).await;
        let unread = groups.iter().filter(|group| group.is_whole(&held).is_none());
        let astray: HashSet<Hash> = unread.flat_map(|group| &group.places).map(|(hash, _)| *hash).collect();
        let anywhere = self.anywhere(id, astray, &nodes).await;
        for group in &groups {
            let data = u64::try_from(group.data).unwrap_or(0);
            match group.is_whole(&held) {
                Some(true) => answer.healthy += data,
                Some(false) => answer.degraded += data,
                None if group.reads(&anywhere) => answer.degraded += data,
                None => answer.missing += data,
            }
        }
        answer.note = note(room, width, owed, &silent);
        Ok(answer)
    }

    /// What nodes have of the chunks that they are to be asked for, and who did not answer.
    async fn ask_for(
        &self,
        asset: AssetId,
        wanted: BTreeMap<NodeId, Vec<Hash>>,
        nodes: &[v1::NodeInfo],
    ) -> (Held, Vec<NodeId>) {
        let ask = async |(node, hashes): (NodeId, Vec<Hash>)| {
            let info = nodes.iter().find(|info| info.id == node.0);
            let held = match info.filter(|info| !matches!(info.state.as_str(), "down" | "out")) {
                Some(info) => self.held_by(asset, &hashes, info).await.ok(),
                None => None,
            };
            (node, held)
        };
        let (mut all, mut silent) = (Held::new(), Vec::new());
        for (node, held) in join_all(wanted.into_iter().map(ask)).await {
            match held {
                Some(held) => drop(all.insert(node, held)),
                None => silent.push(node),
            }
        }
        (all, silent)
    }

    /// Which of these chunks a node has.
    async fn held_by(&self, asset: AssetId, hashes: &[Hash], node: &v1::NodeInfo) -> Result<HashSet<Hash>, Failure> {
        let until = Instant::now() + ANSWERS_WITHIN;
        let client = match node.id == self.node.0 {
            true => None,
            false => Some(Client::connect(std::slice::from_ref(&node.addr), ANSWERS_WITHIN).await?),
        };
        let mut held = HashSet::new();
        for some in hashes.chunks(HASHES) {
            let packed = some.iter().flat_map(|hash| hash.0).collect();
            let request = v1::CheckChunksRequest { asset: asset.0, hashes: packed, index: 0, deep: false };
            let states = match &client {
                None => self.check(request).await?,
                Some(client) => {
                    let left = until.saturating_duration_since(Instant::now());
                    call(left, client.admin().check_chunks(request)).await?
                }
            };
            let stored = some.iter().zip(states.states).filter(|(_, state)| *state == super::check::STORED);
            held.extend(stored.map(|(hash, _)| *hash));
        }
        Ok(held)
    }

    /// Looks on every node for what cannot be read from where it belongs: that is what a reader does at last.
    async fn anywhere(&self, asset: AssetId, astray: HashSet<Hash>, nodes: &[v1::NodeInfo]) -> HashSet<Hash> {
        if astray.is_empty() {
            return astray;
        }
        let hashes: Vec<_> = astray.into_iter().collect();
        let wanted = nodes.iter().map(|node| (NodeId(node.id), hashes.clone())).collect();
        self.ask_for(asset, wanted, nodes).await.0.into_values().flatten().collect()
    }
}

/// Every group of an asset, with who may hold its members.
fn groups(view: &View<'_>, asset: &AssetRecord, layout: &vs_core::layout::Layout) -> Result<Vec<Placed>, Failure> {
    let stand_ins = stand_ins(view, asset.id)?;
    let mut all = Vec::new();
    for part in view.parts_of(asset) {
        for group in part.map_err(internal)?.groups(asset.id, asset.scheme) {
            let place = |(node, member): (NodeId, &vs_core::manifest::ChunkRef)| {
                let others = stand_ins.get(&(member.hash, node)).into_iter().flatten().copied();
                (member.hash, std::iter::once(node).chain(others).collect())
            };
            let places = group.placed(layout).map(place).collect();
            all.push(Placed { data: group.data, width: group.width, places });
        }
    }
    Ok(all)
}

/// Who holds a chunk for a place that misses it.
fn stand_ins(view: &View<'_>, asset: AssetId) -> Result<HashMap<(Hash, NodeId), Vec<NodeId>>, Failure> {
    let (mut all, mut after) = (HashMap::<_, Vec<_>>::new(), None);
    loop {
        let page = view.displaced(asset, after.as_ref(), PAGE_ITEMS_MAX).map_err(internal)?;
        for displaced in &page {
            all.entry((displaced.chunk, displaced.place)).or_default().extend(displaced.stand_in);
        }
        after = page.into_iter().next_back();
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// What each node is to be asked for, every chunk once.
fn wanted(groups: &[Placed]) -> BTreeMap<NodeId, Vec<Hash>> {
    let mut wanted = BTreeMap::<_, Vec<_>>::new();
    let places = groups.iter().flat_map(|group| &group.places);
    for (hash, node) in places.flat_map(|(hash, nodes)| nodes.iter().map(move |node| (hash, node))) {
        wanted.entry(*node).or_default().push(*hash);
    }
    for hashes in wanted.values_mut() {
        hashes.sort_unstable();
        hashes.dedup();
    }
    wanted
}

fn note(room: usize, width: usize, owed: u64, silent: &[NodeId]) -> String {
    let mut notes = Vec::new();
    if room < width {
        notes.push(format!("{room} of {width} copies: the cluster has no more nodes"));
    }
    if owed > 0 {
        notes.push(format!("{owed} copies are still to be written"));
    }
    if !silent.is_empty() {
        let names: Vec<_> = silent.iter().map(NodeId::to_string).collect();
        notes.push(format!("{} did not say what it has", names.join(" ")));
    }
    notes.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(by: &[(u64, &[u8])]) -> Held {
        by.iter().map(|(node, hashes)| (NodeId(*node), hashes.iter().map(|n| Hash([*n; 32])).collect())).collect()
    }

    fn placed(data: usize, places: &[(u8, &[u64])]) -> Placed {
        let place = |(hash, nodes): &(u8, &[u64])| (Hash([*hash; 32]), nodes.iter().map(|id| NodeId(*id)).collect());
        Placed { data, width: places.len(), places: places.iter().map(place).collect() }
    }

    #[test]
    fn copies_may_be_on_stand_ins_and_one_is_enough_to_read() {
        let copies = placed(1, &[(7, &[1]), (7, &[2, 4]), (7, &[3])]);
        assert_eq!(copies.is_whole(&held(&[(1, &[7]), (4, &[7]), (3, &[7])])), Some(true));
        assert_eq!(copies.is_whole(&held(&[(3, &[7])])), Some(false));
        assert_eq!(copies.is_whole(&held(&[(1, &[8]), (5, &[7])])), None);
        assert!(copies.reads(&[Hash([7; 32])].into()));
    }

    #[test]
    fn any_three_members_of_a_stripe_read_it() {
        let stripe = placed(3, &[(1, &[1]), (2, &[2]), (3, &[3]), (4, &[4]), (5, &[5])]);
        let all = held(&[(1, &[1]), (2, &[2]), (3, &[3]), (4, &[4]), (5, &[5])]);
        assert_eq!(stripe.is_whole(&all), Some(true));
        assert_eq!(stripe.is_whole(&held(&[(1, &[1]), (4, &[4]), (5, &[5])])), Some(false));
        assert_eq!(stripe.is_whole(&held(&[(1, &[1]), (4, &[4]), (2, &[5])])), None);
        let twice_the_same = placed(3, &[(1, &[1]), (1, &[2]), (1, &[3]), (4, &[4]), (5, &[5])]);
        assert_eq!(twice_the_same.is_whole(&held(&[(2, &[1])])), Some(false));
    }
}
