//! A new incarnation of the cluster, begun on one machine while nothing runs: `vsd recover` and `vsd snapshot load`.
//! And the copy that it can be begun from, `vsd snapshot save`.
//!
//! # What is taken
//!
//! The state, and every entry of the log behind it. Nothing on one machine tells which of those entries were committed:
//! a node learns of that only while it runs, and a power cut takes what the state was not yet flushed with. To leave them
//! out could lose what was acknowledged; to take them in can only bring to light what somebody was told is unknown.
//! They are counted ([`Outlook::unconfirmed`]) and whoever asks is told.
//!
//! # How it begins
//!
//! As an entry would, behind the last one and in a higher term, although it is in no log: the state after it has this
//! node as its only member. Seen by a node that starts, this is a snapshot that was installed, and is finished in the
//! same way: the log ends below the state and is purged up to it, and snapshots from before it are dropped. So nothing
//! of the old incarnation is ever sent to anybody, and whoever comes gets a snapshot of the new one first.
//!
//! `vsd recover` works in three steps, of which the last is the one that counts:
//!
//! | step | stopped after it |
//! |---|---|
//! | [`raise_vote`]: the vote goes to a higher term | the old state; to the others it stood for election once |
//! | [`prepare`]: a new generation of the state is durable | the old state; what is not named goes at the next start |
//! | [`flip`]: the pointer names it | the new state |
//!
//! # Why nodes of the old incarnation may come back with their ids
//!
//! A Raft node that forgot its vote or its log must not come back under its id, because others may have counted them.
//! In the new incarnation nobody has: its first membership is one node, every call between nodes says of which
//! incarnation it is and is refused by any other, and nothing that a node of the old one said or wrote afterwards
//! reaches this log. So to the new incarnation's Raft a node that sets its log aside is one that has never been there,
//! while to the state it is the node that holds these chunks. It holds once: a node that is among the members already has
//! been counted, and a directory that would bring it back from an older incarnation is an old copy, and refused
//! (`admit`). So is an id that this state does not know: entries that were lost gave it out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::{Path, PathBuf},
};

use openraft::{BasicNode, CommittedLeaderId, EntryPayload};
use uuid::Uuid;
use vs_core::{
    id::{ClusterId, NodeId},
    limit::PAGE_ITEMS_MAX,
};
use vsd_core::meta::{
    AssetState, ClusterRecord, Command, Entry, NodeSpec, Response, TableError, Txn, View, apply, begin_incarnation,
};

use super::{
    archive::{self, Header, Saved},
    database::{OpenError, sync_dir},
    log::{StillLog, raise_vote},
    offline::Offline,
    state::{self, BATCH_ENTRIES, CHECKPOINT, Generation, Pointer, StateError, StillState},
    types::{LogEntry, LogId, Membership, RaftId, Vote},
};

/// What the metadata of a node that does not run amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outlook {
    pub(crate) cluster: ClusterRecord,
    /// The last entry that the state has.
    pub(crate) applied: u64,
    /// The last entry there is, and its term.
    pub(crate) last: u64,
    pub(crate) last_term: u64,
    /// When the last entry was written, by the clock of the leader then.
    pub(crate) last_ms: Option<u64>,
    /// How many of the last entries are not known to have been committed.
    pub(crate) unconfirmed: u64,
    /// Who votes by the last membership there is: a majority of each set decides. They are two while voters change.
    pub(crate) voters: Vec<BTreeSet<NodeId>>,
    /// The same by the membership before it, if the last one may not have been committed: it holds for those who do not
    /// have the last one, as this node does. An earlier one holds nowhere, or there would not be two behind it.
    pub(crate) voters_before: Vec<BTreeSet<NodeId>>,
    /// Where the nodes were when this one last heard.
    pub(crate) addrs: BTreeMap<NodeId, String>,
}

/// What is in a metadata folder, as seen by a node. Nothing changes.
///
/// # Errors
/// When it is not sound, or no cluster was begun in it.
pub(crate) fn outlook(dir: &Path, node: NodeId) -> Result<Outlook, OpenError> {
    let offline = Offline::open(dir)?;
    let (log, state) = (&offline.log, &offline.state);
    let damaged = |why: &dyn std::fmt::Display| OpenError::damaged(dir, why);
    let applied = state.applied.map_or(0, |id| id.index);
    let (mut members, mut before) = (state.members.membership().clone(), None);
    let mut behind = 0;
    for entry in log.after(state.applied) {
        behind += 1;
        if let EntryPayload::Membership(changed) = entry.map_err(|error| damaged(&error))?.payload {
            before = Some(std::mem::replace(&mut members, changed));
        }
    }
    let mut addrs = addresses(&members);
    let tables = state.tables();
    let view = View::new(&tables);
    let not_begun = || OpenError::NotBootstrapped { path: dir.to_owned() };
    let cluster = view.cluster().map_err(|error| damaged(&error))?.ok_or_else(not_begun)?;
    for node in view.nodes(None, PAGE_ITEMS_MAX).map_err(|error| damaged(&error))? {
        if node.removed {
            addrs.remove(&node.id);
        } else {
            addrs.insert(node.id, node.spec.addr);
        }
    }
    let written = |entry: LogEntry| match entry.payload {
        EntryPayload::Normal(entry) => Some(entry.wall_ms),
        _ => None,
    };
    let (last, voters) = (offline.last(), sets(&members));
    Ok(Outlook {
        cluster,
        applied,
        last: last.map_or(0, |id| id.index),
        last_term: last.map_or(0, |id| id.leader_id.term),
        last_ms: log.backwards().map_while(Result::ok).find_map(written),
        // where nobody else votes, an entry that is durable here is committed
        unconfirmed: if voters.iter().all(|voters| *voters == BTreeSet::from([node])) { 0 } else { behind },
        voters,
        voters_before: before.map(|before| sets(&before)).unwrap_or_default(),
        addrs,
    })
}

fn sets(members: &openraft::Membership<RaftId, BasicNode>) -> Vec<BTreeSet<NodeId>> {
    let sets = members.get_joint_config().iter();
    sets.map(|voters| voters.iter().copied().map(NodeId).collect()).collect()
}

fn addresses(members: &openraft::Membership<RaftId, BasicNode>) -> BTreeMap<NodeId, String> {
    members.nodes().map(|(id, node)| (NodeId(*id), node.addr.clone())).collect()
}

/// The incarnation of the state in a metadata folder; none when there is no state that can be read.
pub(crate) fn incarnation_of(dir: &Path) -> Option<u64> {
    let state = StillState::open(&dir.join("state")).ok()??;
    let cluster = View::new(&state.tables()).cluster().ok()??;
    Some(cluster.incarnation.into())
}

/// Copies the state to a folder on the same file system, with all entries of the log behind it.
fn caught_up(dir: &Path, copy: &Path) -> Result<Generation, OpenError> {
    let root = dir.join("state");
    let wrong = |error: StateError| failed(&root, error);
    let pointer = state::read_pointer(&root)?.ok_or_else(|| OpenError::NotBootstrapped { path: dir.to_owned() })?;
    state::open_generation(&root, pointer.generation)?.copy_to(copy).map_err(wrong)?;
    let copied = Generation::open(copy.to_owned())?;
    let log = StillLog::read(&dir.join("raft"))?;
    let mut batch = Vec::new();
    for entry in log.after(copied.applied().map_err(wrong)?) {
        batch.push(entry.map_err(|error| OpenError::damaged(dir, error))?);
        if batch.len() == BATCH_ENTRIES {
            copied.apply(&batch).map_err(wrong)?;
            batch.clear();
        }
    }
    copied.apply(&batch).map_err(wrong)?;
    Ok(copied)
}

fn failed(path: &Path, error: StateError) -> OpenError {
    match error {
        StateError::Io(error) => OpenError::io(path)(error),
        error => OpenError::damaged(path, error),
    }
}

/// Writes all that the metadata folder of a node holds into a file, durably, and answers what it is.
///
/// # Errors
/// When the folder is not sound, or the file cannot be written.
pub(crate) fn save(dir: &Path, node: NodeId, into: &Path, saved_ms: u64) -> Result<Saved, OpenError> {
    let outlook = outlook(dir, node)?;
    let copy = dir.join("state").join(CHECKPOINT);
    let wrong = |error: StateError| failed(&copy, error);
    let generation = caught_up(dir, &copy)?;
    let tables = generation.tables();
    let counts = counts(&View::new(&tables)).map_err(|error| wrong(error.into()))?;
    let cluster = View::new(&tables).cluster().map_err(|error| wrong(error.into()))?.unwrap_or(outlook.cluster);
    let saved = Saved {
        cluster: cluster.id,
        incarnation: cluster.incarnation.into(),
        node,
        saved_ms,
        index: outlook.last,
        unconfirmed: outlook.unconfirmed,
        videos: counts.videos,
        assets: counts.assets,
        nodes: counts.nodes,
    };
    generation.flush().map_err(|error| wrong(error.into()))?;
    drop(tables);
    drop(generation);
    let meta = state::meta_of(&copy).map_err(wrong)?;
    let header = Header { meta, saved: Some(saved.clone()) };
    let packed = File::create(into).and_then(|file| {
        archive::pack(&header, &copy, &file)?;
        file.sync_all()
    });
    fs::remove_dir_all(&copy).map_err(OpenError::io(&copy))?;
    packed.map_err(OpenError::io(into))?;
    Ok(saved)
}

struct Counts {
    videos: u64,
    assets: u64,
    nodes: u64,
}

/// Videos, those in the trash too; assets that are not dead; nodes that were not removed.
fn counts(view: &View<'_>) -> Result<Counts, TableError> {
    let mut counts = Counts { videos: 0, assets: 0, nodes: 0 };
    let mut after = None;
    loop {
        let page = view.videos(after, PAGE_ITEMS_MAX)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        counts.videos += page.len() as u64;
    }
    let mut after = None;
    loop {
        let page = view.assets(after, PAGE_ITEMS_MAX)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        counts.assets += page.iter().filter(|asset| asset.state != AssetState::Dead).count() as u64;
    }
    let nodes = view.nodes(None, PAGE_ITEMS_MAX)?;
    counts.nodes = nodes.iter().filter(|node| !node.removed).count() as u64;
    Ok(counts)
}

/// Reads a whole snapshot, and answers the last entry in it and what `vsd snapshot save` wrote of it.
///
/// # Errors
/// When it is damaged.
pub(crate) fn inspect(from: &File) -> std::io::Result<(u64, Option<Saved>)> {
    let header = archive::verify(from)?;
    Ok((header.meta.last_log_id.map_or(0, |id| id.index), header.saved))
}

/// Who is the only member of an incarnation that begins.
enum Founder<'a> {
    /// A node that the state knows.
    Known(NodeId),
    /// A new one.
    New(&'a NodeSpec),
}

/// Begins the next incarnation in a state. Answers its first entry, its number, and its only member.
fn begin(
    generation: &Generation,
    term: u64,
    founder: &Founder<'_>,
    wall_ms: u64,
) -> Result<(LogId, u64, NodeId), StateError> {
    let index = generation.applied()?.map_or(0, |id| id.index) + 1;
    generation.change(|txn| {
        let incarnation = begin_incarnation(txn, wall_ms)?;
        let (node, addr) = match founder {
            Founder::Known(node) => {
                let known = View::new(txn).node(*node)?.filter(|known| !known.removed);
                let known = known.ok_or_else(|| TableError::Read(format!("{node} is none of its nodes")))?;
                (*node, known.spec.addr)
            }
            Founder::New(spec) => (register(txn, index, spec, wall_ms)?, spec.addr.clone()),
        };
        let at = LogId::new(CommittedLeaderId::new(term, node.0), index);
        let nodes = BTreeMap::from([(node.0, BasicNode::new(addr))]);
        let alone = openraft::Membership::new(vec![BTreeSet::from([node.0])], nodes);
        Ok((at, Membership::new(Some(at), alone), (at, incarnation, node)))
    })
}

fn register(txn: &mut Txn<'_>, index: u64, spec: &NodeSpec, wall_ms: u64) -> Result<NodeId, TableError> {
    let command = Command::NodeJoin { key: Uuid::from_bytes(rand::random()), spec: spec.clone() };
    match apply(txn, index, &Entry { wall_ms, client: None, command })? {
        Response::Node { node, .. } => Ok(node),
        other => Err(TableError::Read(format!("the new node is not taken: {other:?}"))),
    }
}

/// A new generation that nothing names yet.
#[derive(Debug)]
pub(crate) struct Prepared {
    pointer: Pointer,
    pub(crate) incarnation: u64,
}

/// The first step: a vote in a term of which nobody has heard. Answers the term.
pub(super) fn vote(dir: &Path, node: NodeId) -> Result<u64, OpenError> {
    let offline = Offline::open(dir)?;
    let term = offline.last().map_or(0, |id| id.leader_id.term).max(offline.log.vote.leader_id().term) + 1;
    drop(offline);
    raise_vote(&dir.join("raft"), Vote::new(term, node.0))?;
    Ok(term)
}

/// The second step: the next incarnation of all that is here, durable beside what counts now.
pub(super) fn prepare(dir: &Path, node: NodeId, term: u64, wall_ms: u64) -> Result<Prepared, OpenError> {
    let root = dir.join("state");
    let pointer = state::read_pointer(&root)?.ok_or_else(|| OpenError::NotBootstrapped { path: dir.to_owned() })?;
    let next = pointer.generation + 1;
    let generation = caught_up(dir, &state::generation_folder(&root, next))?;
    let begun = begin(&generation, term, &Founder::Known(node), wall_ms);
    let (at, incarnation, _) = begun.map_err(|error| failed(&root, error))?;
    sync_dir(&root).map_err(OpenError::io(&root))?;
    Ok(Prepared { pointer: Pointer { generation: next, snapshot: Some(at) }, incarnation })
}

/// The last step: from now on the new incarnation counts.
pub(super) fn flip(dir: &Path, prepared: &Prepared) -> Result<(), OpenError> {
    let root = dir.join("state");
    state::write_pointer(&root, &prepared.pointer).map_err(OpenError::io(&root))
}

/// Makes a node, with all that it has, the only member of a new incarnation, and answers that.
///
/// # Errors
/// When the folder is not sound, or cannot be written to. What counted before counts then.
pub(crate) fn recover(dir: &Path, node: NodeId, wall_ms: u64) -> Result<u64, OpenError> {
    let term = vote(dir, node)?;
    let prepared = prepare(dir, node, term, wall_ms)?;
    flip(dir, &prepared)?;
    Ok(prepared.incarnation)
}

/// What was made of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Loaded {
    pub(crate) cluster: ClusterId,
    pub(crate) incarnation: u64,
    pub(crate) node: NodeId,
}

/// Makes a metadata folder out of a snapshot, in which a new node is the only member of a new incarnation. The folder
/// does not exist yet, and is of no use when this fails.
///
/// # Errors
/// When the snapshot is damaged, or the folder cannot be written.
pub(crate) fn load(from: &File, dir: &Path, spec: &NodeSpec, wall_ms: u64) -> Result<Loaded, OpenError> {
    let root = dir.join("state");
    fs::create_dir_all(&root).map_err(OpenError::io(&root))?;
    let folder: PathBuf = state::generation_folder(&root, 1);
    let header = archive::unpack(from, &folder).map_err(OpenError::io(&folder))?;
    let generation = Generation::open(folder.clone())?;
    let wrong = |error: StateError| failed(&folder, error);
    let last = generation.applied().map_err(wrong)?;
    if last != header.meta.last_log_id {
        let (held, named) = (last, header.meta.last_log_id);
        return Err(wrong(StateError::OtherSnapshot { held, named }));
    }
    let term = last.map_or(0, |id| id.leader_id.term) + 1;
    let (at, incarnation, node) = begin(&generation, term, &Founder::New(spec), wall_ms).map_err(wrong)?;
    let cluster = View::new(&generation.tables()).cluster().map_err(|error| wrong(error.into()))?;
    let cluster = cluster.ok_or_else(|| OpenError::NotBootstrapped { path: dir.to_owned() })?.id;
    drop(generation);
    raise_vote(&dir.join("raft"), Vote::new(term, node.0))?;
    state::write_pointer(&root, &Pointer { generation: 1, snapshot: Some(at) }).map_err(OpenError::io(&root))?;
    sync_dir(dir).map_err(OpenError::io(dir))?;
    Ok(Loaded { cluster, incarnation, node })
}
