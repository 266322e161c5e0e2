//! Parity of a stripe, and two lost members of it, beside ISA-L: one thread, one stripe of 2 MiB chunks again and again, so
//! that as little as can be is memory's fault.

use std::time::{Duration, Instant};

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
    let data: Vec<_> = (0..STRIPE_DATA).map(|nth| noise(nth as u64, CHUNK_BYTES)).collect();
    encode(lab, &data, isal.as_ref())?;
    rebuild(lab, &data, isal.as_ref())
}

fn encode(lab: &mut Lab<'_>, data: &[Vec<u8>], isal: Option<&Isal>) -> Outcome<()> {
    let mut parity = vec![vec![0; CHUNK_BYTES]; STRIPE_PARITY];
    let mut peer_parity = parity.clone();
    let ours = || Ok(stripe::encode_into(data, &mut parity)?);
    let peer = isal.map(|isal| || isal.encode(data, &mut peer_parity));
    compare(lab, "encode RS(3+2), chunks of 2 MiB", ours, peer)
}

fn rebuild(lab: &mut Lab<'_>, data: &[Vec<u8>], isal: Option<&Isal>) -> Outcome<()> {
    let parity = stripe::encode(data);
    let all = data.iter().chain(&parity).enumerate();
    let members: Vec<_> = all.map(|(at, member)| (!LOST.contains(&at)).then_some(member)).collect();
    let lengths = [u32::try_from(CHUNK_BYTES)?; STRIPE_DATA + STRIPE_PARITY];
    let mut results = vec![vec![0; CHUNK_BYTES]; LOST.len()];
    let ours = || Ok(stripe::rebuild_into(&members, &lengths, STRIPE_DATA, &LOST, &mut results)?);

    let mut peer_parity = vec![vec![0; CHUNK_BYTES]; STRIPE_PARITY];
    let mut peer_results = peer_parity.clone();
    if let Some(isal) = isal {
        isal.encode(data, &mut peer_parity)?;
    }
    let all = data.iter().chain(&peer_parity).enumerate();
    let left: Vec<_> = all.filter(|(at, _)| !LOST.contains(at)).collect();
    let peer = isal.map(|isal| || isal.rebuild(&left, &LOST, &mut peer_results));
    compare(lab, "rebuild two of RS(3+2), chunks of 2 MiB", ours, peer)?;
    let came_back = |results: &[Vec<u8>]| LOST.iter().zip(results).all(|(at, result)| *result == data[*at]);
    match came_back(&results) && (isal.is_none() || came_back(&peer_results)) {
        true => Ok(()),
        false => Err("what was rebuilt is not what was lost".into()),
    }
}

fn compare(
    lab: &mut Lab<'_>,
    what: &str,
    mut ours: impl FnMut() -> Outcome<()>,
    peer: Option<impl FnMut() -> Outcome<()>>,
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

/// Codes stripes for so long: MB of their data a second.
fn rate(seconds: f64, code: &mut impl FnMut() -> Outcome<()>) -> Outcome<f64> {
    let began = Instant::now();
    let mut stripes = 0;
    while began.elapsed() < Duration::from_secs_f64(seconds) {
        code()?;
        stripes += 1;
    }
    Ok(mb_per_s(stripes * STRIPE_DATA * CHUNK_BYTES, began.elapsed()))
}
