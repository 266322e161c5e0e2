//! What hardware may take: never more than the schemes bear, so that what is lost is lost by us.
//!
//! - What is settled (finished, placed by the current epoch, nothing of it astray or pending) keeps what gives it back, and
//!   no more than that: any 2 nodes of `replicate(3)` and `erasure(3+2)` may go, any n-1 of `replicate(n)` (DUR-1).
//! - What is live otherwise keeps one member more: it is being moved or mended, from what is left.
//! - Of what is being written one node may go, once a write quorum bears that. What the log names of it stays readable.

use std::collections::BTreeSet;

use vs_core::{
    group::Group,
    hash::ChunkHash,
    id::{AssetId, Ballot, NodeId, Version},
    layout::{Layout, Scheme},
    manifest::{Displaced, ORIGINAL, Part},
};
use vsd_core::{
    background::State,
    meta::{AssetFate, AssetRecord, AssetState, Pending, UploadPhase, View},
    superblock::Key,
};

use crate::{
    film,
    invariant::{Copies, astray, groups},
    machine::Machine,
    world::World,
};

/// What is being written, and loses a node.
pub(crate) type Weakened = BTreeSet<(AssetId, Version)>;

/// Copies that a node is about to lose.
struct Loss<'a> {
    world: &'a World,
    view: View<'a>,
    copies: Copies<'a>,
    node: NodeId,
    keys: BTreeSet<Key>,
}

/// Whether everything can do without these copies of a node: what loses one of the nodes that it is being written to.
pub(crate) fn borne(world: &World, node: NodeId, keys: &[Key]) -> Option<Weakened> {
    let state = world.log.truth().snapshot();
    let loss =
        Loss { world, view: state.view(), copies: Copies::of(world), node, keys: keys.iter().copied().collect() };
    let assets: BTreeSet<AssetId> = keys.iter().map(|key| key.asset).collect();
    let mut weakened = Weakened::new();
    assets.into_iter().all(|asset| loss.is_borne(asset, &mut weakened)).then_some(weakened)
}

/// Whether the spool of a machine holds the only bytes of an upload.
pub(crate) fn spools(world: &World, machine: &Machine) -> bool {
    let state = world.log.truth().snapshot();
    let view = state.view();
    let is_stored = |phase: &UploadPhase| matches!(phase, UploadPhase::Stored { .. } | UploadPhase::Ended(_));
    let uploads: Vec<_> = machine.kept().spool.keys().copied().collect();
    uploads.into_iter().any(|id| !view.upload(id).ok().flatten().is_some_and(|upload| is_stored(&upload.phase)))
}

impl Loss<'_> {
    fn is_borne(&self, id: AssetId, weakened: &mut Weakened) -> bool {
        let Ok(Some(asset)) = self.view.asset(id) else { return self.view.fate(id) == Ok(AssetFate::Dead) };
        let written = Pending { version: asset.version, scheme: asset.scheme, epoch: asset.since };
        match asset.state {
            AssetState::Dead => true,
            AssetState::Open => self.may_weaken(&asset, written, weakened),
            AssetState::Live if !asset.is_finished() => {
                self.keeps(&asset, 0) && self.may_weaken(&asset, written, weakened)
            }
            AssetState::Live => match asset.pending {
                Some(pending) => self.keeps(&asset, 1) && self.may_weaken(&asset, pending, weakened),
                None => self.keeps(&asset, usize::from(!self.is_settled(&asset))),
            },
        }
    }

    fn is_settled(&self, asset: &AssetRecord) -> bool {
        self.view.epoch().ok().flatten() == Some(asset.since) && !asset.is_displaced()
    }

    /// Whether the current version keeps so many members more than it needs.
    fn keeps(&self, asset: &AssetRecord, more: usize) -> bool {
        let astray = astray(&self.view, asset.id);
        let keeps = |layout: Layout| {
            groups(&self.view, asset)
                .iter()
                .all(|group| self.left(asset.id, group, &layout, &astray) >= group.data + more)
        };
        self.view.layout(asset.since).ok().flatten().is_some_and(keeps)
    }

    /// Whether what is being written bears that a node goes, and no other one went since it was begun.
    fn may_weaken(&self, asset: &AssetRecord, written: Pending, weakened: &mut Weakened) -> bool {
        let of = (asset.id, written.version);
        let Ok(Some(layout)) = self.view.layout(written.epoch) else { return false };
        let is_named_kept = self.named(asset, written).into_iter().all(|part| {
            let mut groups = part.groups(asset.id, written.scheme);
            groups.all(|group| self.left(asset.id, &group, &layout, &part.displaced) >= group.data)
        });
        let bears = has_spare(written.scheme, layout.room()) && self.world.oracle.may_weaken(of, self.node);
        weakened.insert(of);
        is_named_kept && bears
    }

    /// The parts that the log names so far of what is being written.
    fn named(&self, asset: &AssetRecord, written: Pending) -> Vec<Part> {
        let names = [ORIGINAL].into_iter().chain(film::TRACKS);
        let ballots = asset.tracks.iter().map(|track| track.ballot).chain([asset.ballot]);
        let ballots: BTreeSet<_> = ballots.collect();
        let of = |(name, ballot): (&str, Ballot)| {
            let part = |no| self.view.part(asset.id, written.version, ballot, name, no).ok().flatten();
            (0..).map_while(part).filter_map(|part| Part::decode(&part).ok()).collect::<Vec<_>>()
        };
        names.flat_map(|name| ballots.iter().map(move |ballot| (name, *ballot))).flat_map(of).collect()
    }

    /// Members of a group that are left where the log knows of them.
    fn left(&self, asset: AssetId, group: &Group, layout: &Layout, astray: &[Displaced]) -> usize {
        let lost = |node: NodeId, hash: ChunkHash| node == self.node && self.keys.contains(&Key { hash, asset });
        let has = |node: NodeId, hash: ChunkHash| !lost(node, hash) && self.copies.is_sure(node, asset, hash);
        let is_left = |(place, hash): (NodeId, ChunkHash)| {
            let rows = astray.iter().filter(|row| (row.place, row.chunk) == (place, hash));
            has(place, hash) || rows.filter_map(|row| row.stand_in).any(|node| has(node, hash))
        };
        group.placed(layout).filter(|(place, chunk)| is_left((*place, chunk.hash))).count()
    }
}

/// Whether a write quorum is more than is needed to read.
fn has_spare(scheme: Scheme, nodes: usize) -> bool {
    match scheme {
        Scheme::Replicate(copies) => usize::from(copies).min(nodes) > 1,
        Scheme::Erasure { .. } => true,
    }
}
