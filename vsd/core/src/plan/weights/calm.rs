//! Whether disks tell by now what the layout comes to.

use std::{collections::BTreeMap, time::Duration};

use vs_core::id::{Epoch, NodeId};

/// How long sweeps may take, beside their delays, to drop what moved away.
const SWEPT_AFTER: Duration = Duration::from_secs(30);

/// What a node has no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Lack {
    /// The layout places it there, and it waits.
    pub waiting_bytes: u64,
    /// What went there nevertheless, ever since somebody has counted.
    pub written_bytes: u64,
}

/// What stays the same while nothing moves that could.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    epoch: Epoch,
    /// Older epochs, and how many assets each still places.
    behind: Vec<(Epoch, u64)>,
    /// Nodes without room, and how much was written there.
    lacks: Vec<(NodeId, u64)>,
}

/// Remembers since when nothing has moved: nothing that the next leader would not find.
#[derive(Clone, Debug, Default)]
pub struct Calm(Option<(Seen, Duration)>);

impl Calm {
    /// Whether every asset is placed by the current epoch, or waits for room on a node that gets none, and has been for so
    /// long that every node has dropped what it need not keep: a sweep asks twice, with the delay between. `now` counts
    /// from wherever the caller likes; `epochs` are those in use, and how many assets each places.
    pub fn look(
        &mut self,
        epoch: Epoch,
        epochs: &[(Epoch, u64)],
        lacks: &BTreeMap<NodeId, Lack>,
        drop_delay: Duration,
        now: Duration,
    ) -> bool {
        let behind: Vec<_> = epochs.iter().copied().filter(|(used, _)| *used != epoch).collect();
        if !behind.is_empty() && lacks.is_empty() {
            self.0 = None;
            return false;
        }
        let lacks = lacks.iter().map(|(node, lack)| (*node, lack.written_bytes)).collect();
        let seen = Seen { epoch, behind, lacks };
        let since = self.0.take().filter(|(before, _)| *before == seen).map_or(now, |(_, since)| since);
        self.0 = Some((seen, since));
        now.saturating_sub(since) >= drop_delay * 2 + SWEPT_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_tell_once_nothing_has_moved_for_a_while_or_once_nothing_can_for_want_of_room() {
        let (delay, second) = (Duration::from_secs(10), Duration::from_secs(1));
        let until = delay * 2 + SWEPT_AFTER;
        let lack = |waiting_bytes, written_bytes| BTreeMap::from([(NodeId(4), Lack { waiting_bytes, written_bytes })]);
        let (none, level, behind) = (BTreeMap::new(), [(Epoch(3), 9)], [(Epoch(2), 4), (Epoch(3), 5)]);
        let mut calm = Calm::default();
        let mut looks =
            |epochs: &[(Epoch, u64)], lacks: &BTreeMap<_, _>, at| calm.look(Epoch(3), epochs, lacks, delay, at);
        assert!(!looks(&level, &none, second) && !looks(&level, &none, until));
        assert!(looks(&level, &none, until + second));
        assert!(
            !looks(&behind, &none, until + second * 2) && !looks(&behind, &none, until * 3),
            "they are on their way"
        );

        let from = until * 3 + second;
        assert!(!looks(&behind, &lack(70, 5), from) && !looks(&behind, &lack(90, 5), from + until - second));
        assert!(looks(&behind, &lack(80, 5), from + until), "more may wait, as long as nothing gets there");
        assert!(!looks(&behind, &lack(60, 6), from + until + second), "there was room");
        assert!(!looks(&[(Epoch(2), 3), (Epoch(3), 6)], &lack(60, 6), from + until * 2), "one asset has moved");
    }
}
