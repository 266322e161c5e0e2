use std::collections::BTreeSet;

use proptest::prelude::*;
use vs_core::hash::Hash;

use super::*;

const PARTS: usize = 4;

proptest! {
    /// Nodes lose copies at any time, between any two questions, and say that their disks changed. Whoever was read to
    /// the end and asked all along never counts on what is gone.
    #[test]
    fn what_is_counted_on_is_there(losses in prop::collection::vec((0usize..30, 0..PARTS), 0..6)) {
        let (mut held, mut disks): (BTreeSet<_>, _) = ((0..PARTS).collect(), 0u32);
        let mut verifying = Verifying::new(PARTS, PARTS);
        for at in 0.. {
            for (_, lost) in losses.iter().filter(|(when, _)| *when == at) {
                held.remove(lost);
                disks += 1;
            }
            match verifying.next(disks) {
                Step::Read(part) | Step::Look(part) if held.contains(&part) => {}
                Step::Read(_) | Step::Look(_) => return Ok(()),
                Step::Count => {
                    prop_assert_eq!(held.len(), PARTS);
                    return Ok(());
                }
                Step::Leave => {
                    prop_assert!(!losses.is_empty());
                    return Ok(());
                }
            }
        }
    }
}

#[test]
fn disks_that_change_elsewhere_in_time_only_cost_another_look() {
    let mut verifying = Verifying::new(1, 1);
    assert_eq!(verifying.next(0), Step::Read(0));
    assert_eq!((verifying.next(1), verifying.next(2), verifying.next(2)), (Step::Look(0), Step::Look(0), Step::Count));
    let mut flapping = Verifying::new(0, 1);
    let steps: Vec<_> = (0..4).map(|disks| flapping.next(disks)).collect();
    assert_eq!(steps, [Step::Look(0), Step::Look(0), Step::Look(0), Step::Leave]);
}

#[test]
fn a_node_that_is_silent_is_waited_for_until_it_is_replaced() {
    use Presence::{Gone, Silent, Up};
    assert_eq!(standing(Up, Held::Stored, true), Standing::There);
    assert_eq!(standing(Up, Held::Missing, true), Standing::Gone);
    assert_eq!(standing(Up, Held::Unknown, true), Standing::Waiting);
    assert_eq!(standing(Silent, Held::Unknown, true), Standing::Waiting);
    assert_eq!(standing(Silent, Held::Unknown, false), Standing::Gone);
    assert_eq!(standing(Gone, Held::Unknown, true), Standing::Gone);
    let mut verifying = Verifying::new(0, 1);
    for _ in 0..100 {
        assert_eq!(verifying.next(0), Step::Look(0));
        verifying.wait();
    }
    assert_eq!((verifying.next(0), verifying.next(0)), (Step::Look(0), Step::Count));
}

#[test]
fn what_is_remembered_of_all_assets_together_is_bounded() {
    let chunk = |no: u8| Hash::of(&[no]);
    let mut verified = Verified::new(10);
    let fill = |verified: &mut Verified, asset| {
        (0..6).for_each(|no| verified.insert(AssetId(asset), NodeId(1), chunk(no)));
        (0..6).filter(|no| verified.contains(AssetId(asset), &(NodeId(1), chunk(*no)))).count()
    };
    assert_eq!((fill(&mut verified, 1), fill(&mut verified, 2), fill(&mut verified, 3)), (6, 4, 0));
    assert_eq!(fill(&mut verified, 1), 6, "nothing is counted twice");
    verified.forget(AssetId(1));
    assert_eq!((fill(&mut verified, 3), fill(&mut verified, 1)), (6, 0));
    verified.retain(|asset| asset == AssetId(3));
    assert_eq!((fill(&mut verified, 2), fill(&mut verified, 3)), (4, 6));
}
