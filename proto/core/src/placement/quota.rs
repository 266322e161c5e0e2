//! How many slots each node is to hold at each index.

use super::Taker;

/// For each prefix length from 1 to `width`, how many slots each taker is to hold within it: its share by weight, but
/// never more than there are slots, rounded up or down. `held` says the same of what they hold now: who already holds a
/// slot more keeps it.
pub(super) fn quotas(takers: &[Taker], slots: u64, held: &[Vec<u64>]) -> Vec<Vec<u64>> {
    let mut before = vec![0; takers.len()];
    let prefixes = (1..).zip(held).map(|(length, held)| {
        before = prefix_quotas(takers, slots, length, held, &before);
        before.clone()
    });
    prefixes.collect()
}

fn prefix_quotas(takers: &[Taker], slots: u64, length: u64, held: &[u64], before: &[u64]) -> Vec<u64> {
    let shares = shares(takers, slots, length);
    // a longer prefix holds at least what a shorter one does, also once both are rounded
    let mut quotas: Vec<u64> = shares.iter().zip(before).map(|(share, &before)| share.whole.max(before)).collect();
    let mut order: Vec<usize> = (0..takers.len()).collect();
    let keeps = |at: usize| held[at] > shares[at].whole;
    order.sort_by_key(|&at| (!keeps(at), std::cmp::Reverse(shares[at].rest), at));
    let wanted = slots * length;
    let mut sum: u64 = quotas.iter().sum();
    // one more each is enough, and one less is not needed, unless what shorter prefixes hold gets in the way
    let mut slack = 0;
    while sum < wanted {
        for &at in &order {
            if sum < wanted && quotas[at] < slots && quotas[at] <= shares[at].whole + slack {
                (quotas[at], sum) = (quotas[at] + 1, sum + 1);
            }
        }
        slack += 1;
    }
    while sum > wanted {
        for &at in order.iter().rev() {
            if sum > wanted && quotas[at] > before[at] && quotas[at] + slack > shares[at].whole {
                (quotas[at], sum) = (quotas[at] - 1, sum - 1);
            }
        }
        slack += 1;
    }
    quotas
}

/// A share of the slots: so many, and a rest in parts of a whole that all with a rest have in common.
struct Share {
    whole: u64,
    rest: u64,
}

/// By weight; who would get more than there are slots gets all, and the others share what is left.
fn shares(takers: &[Taker], slots: u64, length: u64) -> Vec<Share> {
    let mut capped = vec![false; takers.len()];
    loop {
        let capped_count = capped.iter().filter(|capped| **capped).count() as u64;
        let left = slots * (length - capped_count.min(length));
        let free = || takers.iter().zip(&capped).filter(|(_, capped)| !**capped);
        let weights: u64 = free().map(|(taker, _)| u64::from(taker.weight_milli)).sum::<u64>().max(1);
        let is_over = |taker: &Taker| left * u64::from(taker.weight_milli) > slots * weights;
        let over: Vec<bool> = takers.iter().zip(&capped).map(|(taker, capped)| !capped && is_over(taker)).collect();
        if !over.contains(&true) {
            let share = |(taker, capped): (&Taker, &bool)| match capped {
                true => Share { whole: slots, rest: 0 },
                false => {
                    let product = left * u64::from(taker.weight_milli);
                    Share { whole: product / weights, rest: product % weights }
                }
            };
            return takers.iter().zip(&capped).map(share).collect();
        }
        capped.iter_mut().zip(over).for_each(|(capped, over)| *capped |= over);
    }
}
