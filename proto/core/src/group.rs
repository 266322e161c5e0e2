//! Groups: what is placed together by one key. A replicated chunk is one, and so is a stripe (DESIGN §6).
//!
//! Whoever asks where chunks belong (writers, readers, repair, the sweep, whoever counts copies) asks a group, so that all
//! of them mean the same.
//!
//! Invariants:
//! - Place `i` of a group is the `i`-th node of its key's slot and holds member [`member_at`](Group::member_at)`(i)`.
//! - In a part of an erasure-coded track the chunks, in play order, are dealt to stripes three at a time: stripe `k` of
//!   the part has data chunks `3k..3k+3` (the last one may have fewer) and the parity of `part.parity[k]`. No stripe
//!   crosses a part.

use crate::{
    hash::Hash,
    id::{AssetId, NodeId},
    layout::{Layout, Scheme, stripe_key},
    limit::STRIPE_DATA,
    manifest::{ChunkRef, Part, StripeParity},
    mutant::{Mutant, planted},
};

/// A replicated chunk, or a stripe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What it is placed by.
    pub key: Hash,
    /// Data chunks in play order, then parity. A replicated chunk is its own only member.
    pub members: Vec<ChunkRef>,
    /// How many of the members are data; any so many members give all the others.
    pub data: usize,
    /// How many places it has.
    pub width: usize,
}

impl Group {
    /// A chunk that is kept `copies` times.
    #[must_use]
    pub fn replicated(chunk: ChunkRef, copies: u8) -> Self {
        Self { key: chunk.hash, members: vec![chunk], data: 1, width: copies.into() }
    }

    /// Stripe number `stripe` of a track: its data chunks and then its parity.
    #[must_use]
    pub fn stripe(asset: AssetId, track: &str, stripe: u64, members: Vec<ChunkRef>, data: usize) -> Self {
        Self { key: stripe_key(asset, track, stripe), width: members.len(), members, data }
    }

    /// Whether every place holds another member, so that losing one costs a rebuild and not just a copy.
    #[must_use]
    pub fn is_stripe(&self) -> bool {
        self.members.len() > 1
    }

    /// Which member lies on place `place`.
    #[must_use]
    pub fn member_at(&self, place: usize) -> usize {
        if self.is_stripe() { place } else { 0 }
    }

    /// The places of one member.
    pub fn places_of(&self, member: usize) -> impl Iterator<Item = usize> + use<> {
        if self.is_stripe() { member..member + 1 } else { 0..self.width }
    }

    /// Each place the layout has room for: its node, and the member that belongs there.
    pub fn placed<'a>(&'a self, layout: &Layout) -> impl Iterator<Item = (NodeId, &'a ChunkRef)> + use<'a> {
        let nodes = layout.place(&self.key, self.width);
        nodes.into_iter().enumerate().map(|(place, node)| (node, &self.members[self.member_at(place)]))
    }

    /// On how many distinct nodes members must be durable for the group to count as stored, of a layout with this many
    /// nodes (DUR-1).
    #[must_use]
    pub fn quorum(&self, layout_nodes: usize) -> usize {
        let quorum = if self.is_stripe() { self.data + 1 } else { self.width.min(layout_nodes) / 2 + 1 };
        if planted(Mutant::QuorumMiscounted) { quorum - 1 } else { quorum }
    }
}

impl Part {
    /// The groups of this part of an asset kept by `scheme`, in play order. A stripe without its parity is left out:
    /// such a part is refused when it is committed.
    pub fn groups(&self, asset: AssetId, scheme: Scheme) -> impl Iterator<Item = Group> + '_ {
        let chunks = move || self.segments.iter().flat_map(|segment| &segment.chunks).copied();
        let (replicated, coded) = match scheme {
            Scheme::Replicate(copies) => (Some(chunks().map(move |chunk| Group::replicated(chunk, copies))), None),
            Scheme::Erasure { .. } => {
                let data: Vec<_> = chunks().collect();
                let stripe = move |(k, parity): (usize, &StripeParity)| {
                    let data = data.iter().skip(k * STRIPE_DATA).take(STRIPE_DATA);
                    self.stripe(asset, data.copied().collect(), parity)
                };
                (None, Some(self.parity.iter().enumerate().filter_map(stripe)))
            }
        };
        replicated.into_iter().flatten().chain(coded.into_iter().flatten())
    }

    /// The group of one chunk of this part, and which member of it the chunk is: what a reader asks for. A chunk without
    /// a stripe is on its own: somebody may have it all the same.
    #[must_use]
    pub fn group_of(&self, asset: AssetId, scheme: Scheme, chunk: &ChunkRef) -> (Group, usize) {
        match scheme {
            Scheme::Replicate(copies) => (Group::replicated(*chunk, copies), 0),
            Scheme::Erasure { .. } => self.stripe_of(asset, chunk).unwrap_or_else(|| (Group::replicated(*chunk, 1), 0)),
        }
    }

    fn stripe_of(&self, asset: AssetId, chunk: &ChunkRef) -> Option<(Group, usize)> {
        let is_parity = |stripe: &StripeParity| stripe.chunks.iter().any(|parity| parity.hash == chunk.hash);
        let mut data = self.segments.iter().flat_map(|segment| &segment.chunks);
        let of_data = data.position(|data| data.hash == chunk.hash).map(|at| at / STRIPE_DATA);
        let group = self.stripe_at(asset, of_data.or_else(|| self.parity.iter().position(is_parity))?)?;
        let member = group.members.iter().position(|member| member.hash == chunk.hash)?;
        Some((group, member))
    }

    /// Stripe `at` of this part, counted from 0; none where the part has no such stripe.
    #[must_use]
    pub fn stripe_at(&self, asset: AssetId, at: usize) -> Option<Group> {
        let data = self.segments.iter().flat_map(|segment| &segment.chunks);
        let data = data.skip(at.checked_mul(STRIPE_DATA)?).take(STRIPE_DATA).copied().collect();
        self.stripe(asset, data, self.parity.get(at)?)
    }

    fn stripe(&self, asset: AssetId, mut members: Vec<ChunkRef>, parity: &StripeParity) -> Option<Group> {
        let data = members.len();
        members.extend(&parity.chunks);
        (data > 0).then(|| Group::stripe(asset, &self.track, parity.stripe, members, data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Segment;

    fn chunk(n: u8) -> ChunkRef {
        ChunkRef { hash: Hash::of(&[n]), bytes: n.into() }
    }

    fn part(segments: &[&[u8]], parity: &[(u64, [u8; 2])]) -> Part {
        let segment = |chunks: &&[u8]| Segment {
            start_us: 0,
            duration_us: 1,
            chunks: chunks.iter().map(|n| chunk(*n)).collect(),
        };
        let parity =
            parity.iter().map(|(stripe, chunks)| StripeParity { stripe: *stripe, chunks: chunks.map(chunk).to_vec() });
        Part {
            track: "v0".to_owned(),
            no: 0,
            first_segment: 0,
            segments: segments.iter().map(segment).collect(),
            parity: parity.collect(),
            displaced: vec![],
        }
    }

    #[test]
    fn stripes_take_three_chunks_at_a_time_across_segments() {
        let part = part(&[&[1, 2], &[3, 4]], &[(7, [11, 12]), (8, [13, 14])]);
        let coded: Vec<_> = part.groups(AssetId(5), Scheme::Erasure { data: 3, parity: 2 }).collect();
        let members = |group: &Group| group.members.iter().map(|chunk| chunk.bytes).collect::<Vec<_>>();
        assert_eq!(coded.iter().map(members).collect::<Vec<_>>(), [vec![1, 2, 3, 11, 12], vec![4, 13, 14]]);
        assert_eq!((coded[0].data, coded[0].width, coded[0].quorum(9)), (3, 5, 4));
        assert_eq!((coded[1].data, coded[1].width, coded[1].quorum(9)), (1, 3, 2));
        assert_eq!(coded[1].key, stripe_key(AssetId(5), "v0", 8));
        for (group, member) in coded.iter().flat_map(|group| (0..group.width).map(move |member| (group, member))) {
            let found = part.group_of(AssetId(5), Scheme::Erasure { data: 3, parity: 2 }, &group.members[member]);
            assert_eq!(found, (group.clone(), member));
        }
    }

    #[test]
    fn copies_of_a_chunk_are_one_group_with_one_member() {
        let part = part(&[&[1, 2], &[3]], &[]);
        let copied: Vec<_> = part.groups(AssetId(5), Scheme::Replicate(3)).collect();
        assert_eq!(copied.iter().map(|group| group.key).collect::<Vec<_>>(), [1, 2, 3].map(|n| chunk(n).hash));
        let group = &copied[0];
        assert_eq!((group.member_at(2), group.places_of(0).count(), group.is_stripe()), (0, 3, false));
        assert_eq!([1, 2, 3, 5].map(|nodes| group.quorum(nodes)), [1, 2, 2, 2]);
    }
}
