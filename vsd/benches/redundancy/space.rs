//! Bytes that five nodes hold for each byte of film, beside what the cluster says of it.

use crate::{
    Lab,
    balance::deviation_percent,
    common::{
        Outcome,
        table::{Rounds, Row, Target, say},
    },
    nodes::{Held, Nodes},
    tools,
};

const NODES: usize = 5;

/// A film, and what it may cost.
struct Sample {
    mbit_s: u32,
    seconds: u32,
    redundancy: &'static str,
    target: Option<Target>,
}

const COPIES: Option<Target> = Some(Target::OursAtMost(3.0));
const CODED: Option<Target> = Some(Target::OursAtMost(1.75));
/// The last two are shorter or thinner than coding is meant for: chunks in a stripe count as long as its longest.
const SAMPLES: [Sample; 6] = [
    Sample { mbit_s: 3, seconds: 100, redundancy: "replicate:3", target: COPIES },
    Sample { mbit_s: 3, seconds: 100, redundancy: "erasure", target: CODED },
    Sample { mbit_s: 6, seconds: 60, redundancy: "erasure", target: CODED },
    Sample { mbit_s: 12, seconds: 40, redundancy: "erasure", target: CODED },
    Sample { mbit_s: 1, seconds: 180, redundancy: "erasure", target: None },
    Sample { mbit_s: 3, seconds: 9, redundancy: "erasure", target: None },
];

pub(crate) fn measure(lab: &mut Lab<'_>) -> Outcome<()> {
    let nodes = Nodes::start(lab, "space", NODES)?;
    let begin = nodes.held()?;
    let mut before = begin;
    let mut chunks = 0;
    for sample in SAMPLES {
        let seconds = (sample.seconds / lab.effort.film_divisor).max(4);
        let film = tools::film(lab.root, sample.mbit_s, seconds)?;
        let id = nodes.tools.upload(&film, sample.redundancy)?;
        let (video, held) = nodes.await_whole(&id)?;
        let of_film = |bytes: f64| Rounds::from_iter([bytes / video.logical_bytes]);
        let what = format!("{}, {} Mbit/s, {} chunks", sample.redundancy, sample.mbit_s, video.chunks);
        lab.table.row(&Row {
            what: &what,
            unit: "x the film",
            ours: &of_film(held.bytes - before.bytes),
            peer: Some(("physical/logical, as it is said", &of_film(video.physical_bytes))),
            target: sample.target,
        });
        chunks += video.chunks;
        before = held;
    }
    let Held { bytes, file_bytes, .. } = before;
    let around = ((file_bytes - begin.file_bytes) / (bytes - begin.bytes) - 1.0) * 100.0;
    say(&format!("  what superblocks have around their chunks: {around:.2} %"));
    let spread = Rounds::from_iter([deviation_percent(&nodes.chunk_bytes()?)]);
    let what = format!("{chunks} real chunks on {NODES} nodes, both schemes");
    lab.table.row(&Row { what: &what, unit: "% deviation of mean", ours: &spread, peer: None, target: None });
    Ok(())
}
