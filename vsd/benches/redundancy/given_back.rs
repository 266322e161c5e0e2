//! Disk that nodes give back once a film is kept as stripes instead of copies, and once it is purged, beside what its chunks
//! took; and how long it takes from the order to the last byte.
//!
//! `drop.delay` is as short as it can be: what is left is what the nodes need, however long they are told to wait.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    Lab,
    common::{
        Outcome,
        table::{Rounds, Row, Target},
    },
    nodes::Nodes,
    tools,
    upload::LARGE_MBIT_S,
};

const NODES: usize = 5;
const DROP_DELAY: (&str, &str) = ("drop.delay", "1s");
/// How old a film must be to be coded: it is now, or not yet.
const MIN_AGE: &str = "policy.min_age";
const COLD: &str = "0s";
const HOT: &str = "24h";
const CODED: &str = "erasure(3+2)";
/// Each record leaves the page with its header until its superblock is compacted.
const TARGET: Target = Target::AtLeast(0.95);
const LOOK: Duration = Duration::from_millis(100);
/// As much of the chunks is gone when the last node has dropped its own.
const NEARLY: f64 = 0.99;
/// Nothing more is given back for so long: that was all.
const QUIET: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(300);

/// What an order gave back.
#[derive(Default)]
struct Figures {
    freed_mb: Rounds,
    /// What chunks took that are gone.
    chunks_mb: Rounds,
    took_s: Rounds,
}

pub(crate) fn measure(lab: &mut Lab<'_>) -> Outcome<()> {
    let film = tools::film(lab.root, LARGE_MBIT_S, lab.effort.large_film_s)?;
    let nodes = Nodes::start(lab, "given-back", NODES)?;
    let set = |name, value| nodes.tools.vsctl(&["settings", "set", name, value]).map(drop);
    set(DROP_DELAY.0, DROP_DELAY.1)?;
    let (mut demoted, mut purged) = (Figures::default(), Figures::default());
    for _ in 0..lab.effort.repairs {
        set(MIN_AGE, HOT)?;
        let id = nodes.tools.upload(&film, "auto")?;
        let (copied, _) = nodes.await_whole(&id)?;
        let coded_bytes = || {
            let is_coded = nodes.tools.vsctl(&["show", &id])?["scheme"] == CODED;
            Ok(Some(nodes.tools.video(&id)?.physical_bytes).filter(|_| is_coded))
        };
        follow(&nodes, &mut demoted, copied.physical_bytes, || set(MIN_AGE, COLD), coded_bytes)?;
        let coded = nodes.tools.video(&id)?.physical_bytes;
        let purge = || nodes.tools.vsctl(&["video", "purge", &id, "--yes"]).map(drop);
        follow(&nodes, &mut purged, coded, purge, || Ok(Some(0.0)))?;
    }
    for (what, figures) in [("given back by a film that went cold", &demoted), ("given back by a purge", &purged)] {
        let Figures { freed_mb, chunks_mb, took_s } = figures;
        let peer = Some(("its chunks", chunks_mb));
        lab.table.row(&Row { what, unit: "MB", ours: freed_mb, peer, target: Some(TARGET) });
        let what = format!("  … drop.delay {}, to the last byte", DROP_DELAY.1);
        lab.table.row(&Row { what: &what, unit: "s", ours: took_s, peer: None, target: None });
    }
    Ok(())
}

/// Gives an order, and waits until all has come of it. The film takes `before` bytes, and those of `after` once it is so.
fn follow(
    nodes: &Nodes,
    figures: &mut Figures,
    before: f64,
    order: impl FnOnce() -> Outcome<()>,
    after: impl Fn() -> Outcome<Option<f64>>,
) -> Outcome<()> {
    let full = nodes.held()?;
    let began = Instant::now();
    order()?;
    let mut last = (began, full.disk_bytes);
    let gone = loop {
        let held = nodes.held()?;
        #[allow(clippy::float_cmp, reason = "whole bytes")]
        if held.disk_bytes != last.1 {
            last = (Instant::now(), held.disk_bytes);
        }
        if held.bytes < full.bytes
            && last.0.elapsed() > QUIET
            && let Some(gone) = after()?.map(|after| before - after)
            && full.bytes - held.bytes > gone * NEARLY
        {
            break gone;
        }
        if began.elapsed() > PATIENCE {
            return Err(format!("of {full:?} too little was given back: {held:?}").into());
        }
        thread::sleep(LOOK);
    };
    figures.freed_mb.push((full.disk_bytes - last.1) / 1e6);
    figures.chunks_mb.push(gone / 1e6);
    figures.took_s.push((last.0 - began).as_secs_f64());
    Ok(())
}
