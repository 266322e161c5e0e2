//! One of five nodes dies for good, and the others make up for it while somebody watches a film and others read.
//!
//! What is repaired is what the others hold more than before, asked of themselves every tenth of a second; how fast goes from
//! the first byte to the last. The wait before, until the node is given up, is counted apart.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    Lab,
    common::{
        Outcome,
        table::{Rounds, Row, Target, say},
    },
    nodes::{Nodes, await_true},
    reader::{Reader, p99_ms},
    tools::{self, Video},
    upload::LARGE_MBIT_S,
};

const NODES: usize = 5;
/// What the cluster is told, before.
const SETTINGS: [(&str, &str); 2] = [("repair.rate", "32MiB/s"), ("repair.grace", "1s")];
const RATE_MB_S: f64 = (32 << 20) as f64 / 1e6;
const WATCHED_MBIT_S: u32 = 4;
const LOOK: Duration = Duration::from_millis(100);
/// Nothing more has come for so long: it is over, if it is said so too.
const QUIET: Duration = Duration::from_secs(3);
/// How long it may take in all.
const PATIENCE: Duration = Duration::from_secs(600);

#[derive(Default)]
struct Figures {
    rate_mb_s: Rounds,
    configured_mb_s: Rounds,
    whole_s: Rounds,
    calm_p99_ms: Rounds,
    dead_p99_ms: Rounds,
    repair_p99_ms: Rounds,
    stalls: Rounds,
}

/// How the repair of a node went.
struct Repair {
    killed: Instant,
    /// When there was something of it, and when all.
    first: Instant,
    last: Instant,
    /// Between these two.
    bytes: f64,
}

pub(crate) fn measure(lab: &mut Lab<'_>) -> Outcome<()> {
    let mut figures = Figures::default();
    for _ in 0..lab.effort.repairs {
        round(lab, &mut figures)?;
    }
    let Figures { rate_mb_s, configured_mb_s, whole_s, calm_p99_ms, dead_p99_ms, repair_p99_ms, stalls } = &figures;
    let mut row = |what, unit, ours, peer, target| lab.table.row(&Row { what, unit, ours, peer, target });
    let configured = Some(("repair.rate", configured_mb_s));
    row("repair of 1 of 5 nodes", "MB/s", rate_mb_s, configured, Some(Target::AtLeast(0.7)));
    row("  … kill -9 to the last byte", "s", whole_s, None, None);
    row("  … stalls of a player meanwhile", "", stalls, None, Some(Target::OursAtMost(0.0)));
    let calm = Some(("before", calm_p99_ms));
    row("  … chunk GET p99", "ms", repair_p99_ms, calm, Some(Target::AtMost(2.0)));
    row("  … chunk GET p99, dead and not yet repaired", "ms", dead_p99_ms, calm, None);
    Ok(())
}

fn round(lab: &Lab<'_>, figures: &mut Figures) -> Outcome<()> {
    let large = tools::film(lab.root, LARGE_MBIT_S, lab.effort.large_film_s)?;
    let watched = tools::film(lab.root, WATCHED_MBIT_S, lab.effort.watched_s)?;
    let mut nodes = Nodes::start(lab, "repair", NODES)?;
    for (name, value) in SETTINGS {
        nodes.tools.vsctl(&["settings", "set", name, value])?;
    }
    let mut library: Vec<Video> = Vec::new();
    for film in std::iter::repeat_n(&large, lab.effort.library_films).chain([&watched]) {
        let id = nodes.tools.upload(film, "replicate:3")?;
        library.push(nodes.await_whole(&id)?.0);
    }
    let (watched, library) = library.split_last().ok_or("nothing was uploaded")?;
    let ids: Vec<_> = library.iter().map(|video| video.id.clone()).collect();

    let began = Instant::now();
    let reader = Reader::start(lab.runtime, nodes.addrs(), &ids)?;
    let report = lab.root.join("report.json");
    let mut player = nodes.tools.play(&watched.id, &report)?;
    thread::sleep(Duration::from_secs(lab.effort.calm_s.into()));
    let repair = kill_and_await(&mut nodes);
    let is_played_out = player.try_wait()?.is_some();
    let reads = reader.stop(lab.runtime)?;
    player.wait()?;
    let Repair { killed, first, last, bytes } = repair?;
    if is_played_out {
        say("the film was over before the repair was: its stalls say too little");
    }

    figures.rate_mb_s.push(bytes / 1e6 / (last - first).as_secs_f64());
    figures.configured_mb_s.push(RATE_MB_S);
    figures.whole_s.push((last - killed).as_secs_f64());
    figures.calm_p99_ms.push(p99_ms(&reads, began, killed));
    figures.dead_p99_ms.push(p99_ms(&reads, killed, first));
    figures.repair_p99_ms.push(p99_ms(&reads, first, last));
    let report: Value = serde_json::from_slice(&fs::read(report)?)?;
    let stalls = report["rebuffer_count"].as_f64().ok_or_else(|| format!("no count of stalls: {report}"))?;
    figures.stalls.push(stalls);
    Ok(())
}

fn kill_and_await(nodes: &mut Nodes) -> Outcome<Repair> {
    nodes.kill_follower()?;
    let killed = Instant::now();
    let total = |nodes: &Nodes| Outcome::Ok(nodes.chunk_bytes()?.iter().sum::<f64>());
    let base = total(nodes)?;
    let (mut first, mut last) = (None, (killed, base));
    loop {
        let held = total(nodes)?;
        let now = Instant::now();
        if held > last.1 {
            last = (now, held);
            first.get_or_insert(last);
        }
        if let Some((first, first_bytes)) = first
            && last.0.elapsed() > QUIET
            && is_whole(nodes)?
        {
            return Ok(Repair { killed, first, last: last.0, bytes: last.1 - first_bytes });
        }
        if killed.elapsed() > PATIENCE {
            let status = nodes.tools.vsctl(&["repair", "status"])?;
            return Err(format!("the node was not repaired: {status}").into());
        }
        thread::sleep(LOOK);
    }
}

/// As the leader's last look at everything found it.
fn is_whole(nodes: &Nodes) -> Outcome<bool> {
    let mut status = Value::Null;
    await_true("the state of the repair", || {
        status = nodes.tools.vsctl(&["repair", "status"])?;
        Ok(true)
    })?;
    Ok(status["state"] == "idle" && status["chunks_degraded"] == 0 && status["chunks_missing"] == 0)
}
