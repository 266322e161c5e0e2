//! Parity of stripes, and two lost members of them, beside ISA-L: 2 MiB chunks, one thread.
//!
//! One stripe again and again stays in a processor's large cache, as chunks do that have just come; several in turn come
//! from memory. What counts is the thread's processor time: nobody waits for anything, and a busy machine changes nothing.

use std::time::Duration;

use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike,
};
use vs_core::{
    limit::{STRIPE_DATA, STRIPE_PARITY},
    stripe,
};

use crate::{
    CHUNK_BYTES, Lab,
    common::{
        Outcome,
        disk::noise,
        table::{Rounds, Row, Target, in_turns, mb_per_s, say},
    },
    isal::Isal,
};

/// Stripes that are coded in turn: 10 MiB each, with all members.
const PLACES: [(usize, &str); 2] = [(1, "in cache"), (12, "in memory")];
const TARGET: Target = Target::AtLeast(0.6);
/// The members that are lost: data, which costs more than parity.
const LOST: [usize; STRIPE_PARITY] = [0, 1];

pub(crate) fn measure(lab: &mut Lab<'_>) -> Outcome<()> {
    let isal = match Isal::open(STRIPE_DATA, STRIPE_PARITY) {
        Ok(isal) => Some(isal),
        Err(why) => {
            say(&format!("ISA-L is not here to compare with: {why}"));
            None
        }
    };
    for (count, place) in PLACES {
        let stripes = (0..count as u64).map(|nth| Stripe::new(nth, isal.as_ref())).collect::<Outcome<Vec<_>>>()?;
        encode(lab, stripes.clone(), isal.as_ref(), place)?;
        rebuild(lab, stripes, isal.as_ref(), place)?;
    }
    Ok(())
}

/// Data, and parity as either side computes it.
#[derive(Clone)]
struct Stripe {
    data: Vec<Vec<u8>>,
    parity: Vec<Vec<u8>>,
    peer_parity: Vec<Vec<u8>>,
}

impl Stripe {
    fn new(nth: u64, isal: Option<&Isal>) -> Outcome<Self> {
        let seed = nth * STRIPE_DATA as u64;
        let data: Vec<_> = (seed..seed + STRIPE_DATA as u64).map(|seed| noise(seed, CHUNK_BYTES)).collect();
        let mut peer_parity = vec![vec![0; CHUNK_BYTES]; STRIPE_PARITY];
        isal.map_or(Ok(()), |isal| isal.encode(&data, &mut peer_parity))?;
        Ok(Self { parity: stripe::encode(&data), peer_parity, data })
    }

    /// All members, without those that are lost.
    fn left<'a>(&'a self, parity: &'a [Vec<u8>]) -> Vec<Option<&'a Vec<u8>>> {
        let all = self.data.iter().chain(parity).enumerate();
        all.map(|(at, member)| (!LOST.contains(&at)).then_some(member)).collect()
    }

    fn check(&self, results: &[Vec<u8>]) -> Outcome<()> {
        match LOST.iter().zip(results).all(|(at, result)| *result == self.data[*at]) {
            true => Ok(()),
            false => Err("what was rebuilt is not what was lost".into()),
        }
    }
}

fn encode(lab: &mut Lab<'_>, mut stripes: Vec<Stripe>, isal: Option<&Isal>, place: &str) -> Outcome<()> {
    let mut peer_stripes = stripes.clone();
    let ours = |nth: usize| {
        let at = nth % stripes.len();
        let Stripe { data, parity, .. } = &mut stripes[at];
        Ok(stripe::encode_into(data, parity)?)
    };
    let peer = isal.map(|isal| {
        |nth: usize| {
            let at = nth % peer_stripes.len();
            let Stripe { data, peer_parity, .. } = &mut peer_stripes[at];
            isal.encode(data, peer_parity)
        }
    });
    compare(lab, &format!("encode RS(3+2) of 2 MiB, {place}"), ours, peer)
}

fn rebuild(lab: &mut Lab<'_>, stripes: Vec<Stripe>, isal: Option<&Isal>, place: &str) -> Outcome<()> {
    let lengths = [u32::try_from(CHUNK_BYTES)?; STRIPE_DATA + STRIPE_PARITY];
    let mut results = vec![vec![vec![0; CHUNK_BYTES]; LOST.len()]; stripes.len()];
    let mut peer_results = results.clone();
    let ours = |nth: usize| {
        let at = nth % stripes.len();
        let left = stripes[at].left(&stripes[at].parity);
        Ok(stripe::rebuild_into(&left, &lengths, STRIPE_DATA, &LOST, &mut results[at])?)
    };
    let peer = isal.map(|isal| {
        |nth: usize| {
            let at = nth % stripes.len();
            let left = stripes[at].left(&stripes[at].peer_parity);
            let left: Vec<_> = left.iter().enumerate().filter_map(|(at, member)| Some((at, (*member)?))).collect();
            isal.rebuild(&left, &LOST, &mut peer_results[at])
        }
    });
    compare(lab, &format!("rebuild two of RS(3+2) of 2 MiB, {place}"), ours, peer)?;
    stripes[0].check(&results[0])?;
    isal.map_or(Ok(()), |_| stripes[0].check(&peer_results[0]))
}

fn compare(
    lab: &mut Lab<'_>,
    what: &str,
    mut ours: impl FnMut(usize) -> Outcome<()>,
    peer: Option<impl FnMut(usize) -> Outcome<()>>,
) -> Outcome<()> {
    let (rounds, seconds) = (lab.effort.rounds, lab.effort.coding_s);
    let mut ours = |_| rate(seconds, &mut ours);
    let (ours, peer) = match peer {
        Some(mut peer) => {
            let (ours, peer) = in_turns(rounds, ours, |_| rate(seconds, &mut peer))?;
            (ours, Some(peer))
        }
        None => ((0..rounds).map(&mut ours).collect::<Outcome<Rounds>>()?, None),
    };
    let peer = peer.as_ref().map(|peer| ("ISA-L", peer));
    lab.table.row(&Row { what, unit: "MB/s of data", ours: &ours, peer, target: peer.map(|_| TARGET) });
    Ok(())
}

/// Codes one stripe after the other for so long: MB of their data a second.
fn rate(seconds: f64, code: &mut impl FnMut(usize) -> Outcome<()>) -> Outcome<f64> {
    let began = spent()?;
    let mut stripes = 0;
    while spent()? - began < Duration::from_secs_f64(seconds) {
        code(stripes)?;
        stripes += 1;
    }
    Ok(mb_per_s(stripes * STRIPE_DATA * CHUNK_BYTES, spent()? - began))
}

/// Processor time of this thread.
fn spent() -> Outcome<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_THREAD)?;
    let us = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(u64::try_from(us)?))
}
