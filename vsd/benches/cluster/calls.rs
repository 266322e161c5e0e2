//! Calls a second, how long the slowest of a hundred takes, and what they cost the servers.

use crate::{
    Lab,
    common::{
        Outcome,
        table::{Rounds, Row, Target, all_in_turns},
    },
    etcd::Etcd,
    load::{self, Load},
    vsd::Vsd,
};

const CLIENTS: [usize; 3] = [1, 16, 64];
const READERS: usize = 64;
const READS_TIMES: f64 = 2.0;

/// What the issue wants of commits, as a multiple of etcd's.
fn commits_target(clients: usize) -> Option<Target> {
    match clients {
        1 => Some(Target::AtLeast(1.0)),
        64 => Some(Target::AtLeast(2.0)),
        _ => None,
    }
}

pub(crate) fn measure(lab: &mut Lab<'_>, vsd: &Vsd, etcd: Option<&Etcd>) -> Outcome<()> {
    for clients in CLIENTS {
        commits(lab, vsd, etcd, clients)?;
    }
    reads(lab, vsd, etcd)
}

fn commits(lab: &mut Lab<'_>, vsd: &Vsd, etcd: Option<&Etcd>, clients: usize) -> Outcome<()> {
    let (runtime, seconds) = (lab.runtime, lab.effort.seconds);
    let leader = vsd.leader(lab)?;
    let mut editors = runtime.block_on(vsd.editors(leader, clients))?;
    let mut committers = runtime.block_on(vsd.committers(leader, clients))?;
    let (own, others) = (vsd.pids(), etcd.map(Etcd::pids).unwrap_or_default());
    let mut edit = |_| load::run(runtime, &mut editors, seconds, &own);
    let mut commit = |_| load::run(runtime, &mut committers, seconds, &own);
    let mut runs: Vec<&mut dyn FnMut(usize) -> Outcome<Load>> = vec![&mut edit, &mut commit];
    let mut putters = Vec::new();
    if let Some(etcd) = etcd {
        let leader = etcd.leader(lab)?;
        putters = runtime.block_on(etcd.putters(leader, clients))?;
    }
    let mut put = |_| load::run(runtime, &mut putters, seconds, &others);
    if etcd.is_some() {
        runs.push(&mut put);
    }
    let figures = all_in_turns(lab.effort.rounds, &mut runs)?;
    let peer = figures.get(2).map(|figures| ("etcd put", &figures[..]));
    show(lab, &format!("edit, 256 bytes, {clients} clients"), &figures[0], peer, commits_target(clients));
    show(lab, &format!("commit, 256 bytes, {clients} clients"), &figures[1], peer, None);
    Ok(())
}

fn reads(lab: &mut Lab<'_>, vsd: &Vsd, etcd: Option<&Etcd>) -> Outcome<()> {
    let (runtime, seconds) = (lab.runtime, lab.effort.seconds);
    let (own, others) = (vsd.pids(), etcd.map(Etcd::pids).unwrap_or_default());
    for (whom, steps) in [("leader", 0), ("follower", 1)] {
        let asked = |leader: usize| (leader + steps) % own.len();
        let mut readers = runtime.block_on(vsd.readers(asked(vsd.leader(lab)?), READERS))?;
        let mut read = |_| load::run(runtime, &mut readers, seconds, &own);
        let mut runs: Vec<&mut dyn FnMut(usize) -> Outcome<Load>> = vec![&mut read];
        let mut rangers = Vec::new();
        if let Some(etcd) = etcd {
            rangers = runtime.block_on(etcd.rangers(asked(etcd.leader(lab)?), READERS))?;
        }
        let mut range = |_| load::run(runtime, &mut rangers, seconds, &others);
        if etcd.is_some() {
            runs.push(&mut range);
        }
        let figures = all_in_turns(lab.effort.rounds, &mut runs)?;
        let peer = figures.get(1).map(|figures| ("etcd range", &figures[..]));
        let what = format!("linearizable reads of a {whom}, {READERS} clients");
        show(lab, &what, &figures[0], peer, Some(Target::AtLeast(READS_TIMES)));
    }
    Ok(())
}

/// A target is for the calls a second beside the peer's; without the peer there is none.
fn show(lab: &mut Lab<'_>, what: &str, ours: &[Load], peer: Option<(&str, &[Load])>, target: Option<Target>) {
    type Of = fn(&Load) -> f64;
    let figures: [(&str, &str, Of); 3] = [
        (what, "/s", |load| load.per_s),
        ("  … p99", "ms", |load| load.p99_ms),
        ("  … processor time of all servers", "core-µs a call", |load| load.core_us),
    ];
    for (nth, (what, unit, of)) in figures.into_iter().enumerate() {
        let ours: Rounds = ours.iter().map(of).collect();
        let theirs: Option<(&str, Rounds)> = peer.map(|(name, loads)| (name, loads.iter().map(of).collect()));
        lab.table.row(&Row {
            what,
            unit,
            ours: &ours,
            peer: theirs.as_ref().map(|(name, figures)| (*name, figures)),
            target: target.filter(|_| nth == 0 && peer.is_some()),
        });
    }
}
