//! What goes wrong with a cluster while others use it: leaders die, freeze and are cut off.

use std::{thread, time::Duration};

use crate::{Cluster, Cut, crash::Dice};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    KillLeader,
    FreezeLeader,
    IsolateLeader,
    IsolateFollower,
}

/// In this order, again and again, so that none is left out.
const FAULTS: [Fault; 6] = [
    Fault::KillLeader,
    Fault::IsolateLeader,
    Fault::FreezeLeader,
    Fault::KillLeader,
    Fault::IsolateFollower,
    Fault::IsolateLeader,
];
/// How long a fault lasts, and how long all is well before the next.
const FAULT_MS: std::ops::Range<u64> = 1_000..3_000;
const DOWN_MS: std::ops::Range<u64> = 300..2_000;
const HEALTHY_MS: std::ops::Range<u64> = 300..1_200;

/// Disturbs the cluster once, and lets it mend by itself. Rounds are counted from 0.
pub fn disturb(cluster: &mut Cluster, round: usize, dice: &mut Dice) {
    let leader = cluster.await_leader();
    let fault = FAULTS[round % FAULTS.len()];
    let how = if dice.below(2) == 0 { Cut::Silent } else { Cut::Refused };
    eprintln!("round {round}: {fault:?}, node {leader} leads");
    match fault {
        Fault::KillLeader => {
            cluster.kill(leader);
            pause(DOWN_MS, dice);
            cluster.restart(leader);
        }
        Fault::FreezeLeader => {
            cluster.freeze(leader);
            pause(FAULT_MS, dice);
            cluster.thaw(leader);
        }
        Fault::IsolateLeader => {
            cluster.isolate(leader, how);
            pause(FAULT_MS, dice);
            cluster.heal();
        }
        Fault::IsolateFollower => {
            let followers = cluster.others(leader);
            let follower = followers[usize::try_from(dice.below(followers.len() as u64)).expect("an index")];
            cluster.isolate(follower, how);
            pause(FAULT_MS, dice);
            cluster.heal();
        }
    }
    let _ = cluster.await_leader();
    pause(HEALTHY_MS, dice);
}

fn pause(ms: std::ops::Range<u64>, dice: &mut Dice) {
    thread::sleep(Duration::from_millis(ms.start + dice.below(ms.end - ms.start)));
}
