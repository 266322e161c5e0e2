//! For how long nobody can write when the leader dies, and when it is asked to stop.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::{
    Lab,
    common::{
        Outcome,
        server::Server,
        table::{Rounds, Row, Target, say},
    },
    etcd::Etcd,
    vsd::Vsd,
};

/// What the issue wants after a kill -9: the median, and the slowest of a hundred.
const MEDIAN_MS_MAX: f64 = 1_000.0;
const P99_MS_MAX: f64 = 3_000.0;
/// Writes before the leader goes, so that the writer has its connection.
const WRITES_BEFORE: usize = 3;

/// A cluster whose leader can be taken away.
pub(crate) trait Mortal {
    type Writer: Writer;

    fn server(&mut self, nth: usize) -> &mut Server;

    /// Waits until every member is there and has everything; who leads.
    async fn await_whole(&self) -> Outcome<usize>;

    /// Somebody who writes, and asks `first` before the others.
    async fn writer(&self, first: usize) -> Outcome<Self::Writer>;
}

pub(crate) trait Writer {
    /// Writes a value and tries until that is acknowledged.
    async fn write(&mut self) -> Outcome<()>;
}

pub(crate) fn measure(lab: &mut Lab<'_>, vsd: &mut Vsd, mut etcd: Option<&mut Etcd>) -> Outcome<()> {
    let (kills, stops) = (lab.effort.kills, (lab.effort.stops, lab.effort.stops));
    let (ours, peer) = take_away(lab, vsd, etcd.as_deref_mut(), kills, Signal::SIGKILL)?;
    let what = format!("no write after kill -9, {} times", kills.0);
    let targets = [Some(MEDIAN_MS_MAX), None, Some(P99_MS_MAX)];
    show(lab, &what, &ours, peer.as_ref(), targets);
    let (ours, peer) = take_away(lab, vsd, etcd, stops, Signal::SIGTERM)?;
    let what = format!("no write after SIGTERM, {} times", stops.0);
    show(lab, &what, &ours, peer.as_ref(), [None; 3]);
    Ok(())
}

/// So many times ours and the peer's, spread evenly.
fn take_away(
    lab: &Lab<'_>,
    vsd: &mut Vsd,
    mut etcd: Option<&mut Etcd>,
    (own_times, peer_times): (usize, usize),
    signal: Signal,
) -> Outcome<(Rounds, Option<Rounds>)> {
    let (mut ours, mut peer) = (Rounds::default(), Rounds::default());
    for nth in 0..own_times {
        ours.push(lab.runtime.block_on(silence_ms(vsd, signal))?);
        let is_due = (nth + 1) * peer_times / own_times > nth * peer_times / own_times;
        if let Some(etcd) = etcd.as_deref_mut().filter(|_| is_due) {
            peer.push(lab.runtime.block_on(silence_ms(etcd, signal))?);
        }
    }
    lab.runtime.block_on(vsd.await_whole())?;
    Ok((ours, etcd.map(|_| peer)))
}

/// Takes the leader away under a writer; the longest time without an acknowledgement. After a kill that is the time to the first
/// write that was begun after it. A leader that is asked to stop may go on for a while, so there it is the longest time from the
/// signal until after the process has ended.
async fn silence_ms(cluster: &mut impl Mortal, signal: Signal) -> Outcome<f64> {
    let leader = cluster.await_whole().await?;
    let mut writer = cluster.writer(leader).await?;
    for _ in 0..WRITES_BEFORE {
        writer.write().await?;
    }
    let server = cluster.server(leader);
    let (mut last, mut longest) = (Instant::now(), Duration::ZERO);
    server.signal(signal)?;
    loop {
        let is_gone = signal == Signal::SIGKILL || server.has_ended()?;
        writer.write().await?;
        longest = longest.max(last.elapsed());
        last = Instant::now();
        if is_gone {
            break;
        }
    }
    server.start()?;
    Ok(longest.as_secs_f64() * 1e3)
}

fn show(lab: &mut Lab<'_>, what: &str, ours: &Rounds, peer: Option<&Rounds>, targets: [Option<f64>; 3]) {
    for (whose, all) in [("ours", Some(ours)), ("etcd's", peer)] {
        if let Some(all) = all {
            say(&format!("{what}, {whose} in ms: {}", all.list()));
        }
    }
    for ((percent, name), target) in [(50, "median"), (90, "p90"), (99, "p99")].into_iter().zip(targets) {
        let figure = |all: &Rounds| if percent == 50 { all.median() } else { all.percentile(percent) };
        let of = |all: &Rounds| Rounds::from_iter([figure(all)]);
        let (own, theirs) = (of(ours), peer.map(of));
        let what = if percent == 50 { format!("{what}: {name}") } else { format!("  … {name}") };
        lab.table.row(&Row {
            what: &what,
            unit: "ms",
            ours: &own,
            peer: theirs.as_ref().map(|figures| ("etcd", figures)),
            target: target.map(Target::OursAtMost),
        });
    }
}
