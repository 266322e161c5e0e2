//! What moves when nodes come and go, beside the part of the nodes that came or went: by the tables alone, and of real films
//! when a fourth node joins three. Meanwhile others read, at the rate that moves have by default.
//!
//! What was moved is what the leader counts. When it was over is seen from outside, every tenth of a second.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use vs_core::{id::Epoch, layout::Scheme, placement};
use vsd_core::plan::shift::{Shift, ideal_bytes};

use crate::{
    Lab,
    balance::{CHUNKS, equal, groups, node_bytes},
    common::{
        Outcome,
        table::{Rounds, Row, Target},
    },
    given_back,
    nodes::{Nodes, await_true},
    reader::{Reader, p99_ms},
    tools,
    upload::LARGE_MBIT_S,
};

/// Nodes before and after, and the schemes that both have room for.
const CHANGES: [(u64, u64, &[Scheme]); 4] = [
    (3, 4, &[Scheme::REPLICATED]),
    (5, 6, &[Scheme::REPLICATED, Scheme::CODED]),
    (10, 11, &[Scheme::REPLICATED, Scheme::CODED]),
    (10, 9, &[Scheme::REPLICATED, Scheme::CODED]),
];
const TARGET: Target = Target::AtMost(1.15);
const PLANNED_TARGET: Target = Target::AtMost(1.1);
const QUIET_TARGET: Target = Target::AtMost(2.0);
const NODES: usize = 3;
const LOOK: Duration = Duration::from_millis(100);
/// How long it may take until everything is moved.
const PATIENCE: Duration = Duration::from_secs(600);

#[derive(Default)]
struct Figures {
    moved_mb: Rounds,
    planned_mb: Rounds,
    ideal_mb: Rounds,
    took_s: Rounds,
    quiet_p99_ms: Rounds,
    moving_p99_ms: Rounds,
}

pub(crate) fn measure(lab: &mut Lab<'_>) -> Outcome<()> {
    for (before, after, schemes) in CHANGES {
        schemes.iter().for_each(|scheme| by_the_tables(lab, before, after, *scheme));
    }
    let mut figures = Figures::default();
    for _ in 0..lab.effort.repairs {
        grow(lab, &mut figures)?;
    }
    let Figures { moved_mb, planned_mb, ideal_mb, took_s, quiet_p99_ms, moving_p99_ms } = &figures;
    let mut row = |what, unit, ours, peer, target| lab.table.row(&Row { what, unit, ours, peer, target });
    row("a real fourth node, replicate(3)", "MB", moved_mb, Some(("a fourth", ideal_mb)), Some(TARGET));
    row("  … beside its plan", "MB", moved_mb, Some(("layout plan", planned_mb)), Some(PLANNED_TARGET));
    row("  … from its start to the last byte", "s", took_s, None, None);
    row("  … chunk GET p99", "ms", moving_p99_ms, Some(("before", quiet_p99_ms)), Some(QUIET_TARGET));
    given_back::measure(lab)
}

/// Each round has other chunks.
fn by_the_tables(lab: &mut Lab<'_>, before: u64, after: u64, scheme: Scheme) {
    let old = placement::propose(Epoch(1), None, (1..=before).map(equal).collect());
    let new = placement::propose(Epoch(2), Some(&old), (1..=after).map(equal).collect());
    let (mut ours, mut ideal) = (Rounds::default(), Rounds::default());
    for round in 1..=lab.effort.rounds as u64 {
        let groups = groups(round, scheme);
        let mut shift = Shift::default();
        shift.add(&old, &new, &groups);
        let stored = node_bytes(&old, &groups).iter().sum::<f64>();
        ours.push(shift.total().bytes as f64 / 1e6);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some gigabytes")]
        ideal.push(ideal_bytes(stored as u64, before, after) as f64 / 1e6);
    }
    let what = format!("{before} -> {after} nodes, {CHUNKS} chunks, {scheme}");
    lab.table.row(&Row {
        what: &what,
        unit: "MB moved",
        ours: &ours,
        peer: Some(("ideal", &ideal)),
        target: Some(TARGET),
    });
}

/// A node joins three that hold films, while somebody reads.
fn grow(lab: &Lab<'_>, figures: &mut Figures) -> Outcome<()> {
    let film = tools::film(lab.root, LARGE_MBIT_S, lab.effort.large_film_s)?;
    let mut nodes = Nodes::start(lab, "moves", NODES)?;
    let mut ids = Vec::new();
    for _ in 0..lab.effort.library_films {
        let id = nodes.tools.upload(&film, "replicate:3")?;
        ids.push(nodes.await_whole(&id)?.0.id);
    }
    let stored = nodes.held()?.bytes;
    let planned = nodes.tools.vsctl(&["layout", "plan", "--add", "default"])?;
    let epoch = status(&nodes)?["epoch"].as_u64();

    let began = Instant::now();
    let reader = Reader::start(lab.runtime, nodes.addrs(), &ids)?;
    thread::sleep(Duration::from_secs(lab.effort.calm_s.into()));
    let joined = Instant::now();
    let moved = nodes.add().and_then(|addr| await_moved(&nodes, &addr, epoch));
    let reads = reader.stop(lab.runtime)?;
    let (first, last) = moved?;

    figures.moved_mb.push(nodes.moved_bytes() / 1e6);
    figures.planned_mb.push(planned["bytes"].as_f64().ok_or_else(|| format!("no bytes: {planned}"))? / 1e6);
    figures.ideal_mb.push(stored / (NODES as f64 + 1.0) / 1e6);
    figures.took_s.push((last - joined).as_secs_f64());
    figures.quiet_p99_ms.push(p99_ms(&reads, began, joined));
    figures.moving_p99_ms.push(p99_ms(&reads, first, last));
    Ok(())
}

/// When the first byte was moved, and when the node of this address had its share of everything by a later epoch.
fn await_moved(nodes: &Nodes, addr: &str, epoch: Option<u64>) -> Outcome<(Instant, Instant)> {
    // it is one of them before it is asked about
    nodes.tools.vsctl(&["node", "add", addr, "--no-wait"])?;
    let began = Instant::now();
    let (mut first, mut last) = (None, (began, 0.0));
    loop {
        let moved = nodes.moved_bytes();
        if moved > last.1 {
            last = (Instant::now(), moved);
            first.get_or_insert(last.0);
        }
        let now = status(nodes)?;
        let is_placed = now["epoch"].as_u64() > epoch && now["oldest_epoch"] == now["epoch"];
        if let Some(first) = first.filter(|_| is_placed && now["assets_behind"] == 0) {
            return Ok((first, last.0));
        }
        if began.elapsed() > PATIENCE {
            return Err(format!("not everything was moved: {now}").into());
        }
        thread::sleep(LOOK);
    }
}

fn status(nodes: &Nodes) -> Outcome<Value> {
    let mut status = Value::Null;
    await_true("the state of the moves", || {
        status = nodes.tools.vsctl(&["rebalance", "status"])?;
        Ok(true)
    })?;
    Ok(status)
}
