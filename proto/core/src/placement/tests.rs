use super::*;
use crate::id::NodeId;

fn node(id: u64) -> LayoutNode {
    LayoutNode { id: NodeId(id), zone: String::new(), weight_milli: 1_000, wish: NodeWish::In }
}

#[test]
fn equal_nodes_hold_equal_numbers_of_slots_in_every_prefix_while_a_cluster_grows() {
    let mut layout: Option<Layout> = None;
    for n in 1..=9 {
        let next = propose(Epoch(n), layout.as_ref(), (1..=n).map(node).collect());
        assert_eq!(next.check(), Ok(()));
        for length in 1..=next.slots[0].len() {
            let held = |at: u16| next.slots.iter().filter(|list| list[..length].contains(&at)).count();
            let loads: Vec<_> = (0..).zip(&next.nodes).map(|(at, _)| held(at)).collect();
            assert!(loads.iter().max() <= loads.iter().min().map(|least| least + 1).as_ref(), "{loads:?}");
        }
        layout = Some(next);
    }
}
