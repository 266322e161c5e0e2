//! A film of 100 MB into three nodes, three durable copies, beside the disk that they share writing and syncing as many bytes
//! as they hold of it afterwards.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
    thread,
    time::Instant,
};

use crate::{
    CHUNK_BYTES, Lab,
    common::{
        Outcome,
        disk::{noise, write_plainly},
        table::{Rounds, Row, Target, in_turns, mb_per_s},
    },
    nodes::Nodes,
    tools,
};

const NODES: usize = 3;
pub(crate) const LARGE_MBIT_S: u32 = 20;
/// How many bytes the nodes give to one sync at most (DESIGN §9).
const SYNC_BYTES: usize = 16 << 20;
const TARGET: Target = Target::AtLeast(0.6);

/// What the uploads came to, beside their speed.
#[derive(Default)]
struct Figures {
    film_mb_s: Rounds,
    written_of_film: Rounds,
    written_of_held: Rounds,
    /// Of the last one.
    held_bytes: f64,
}

pub(crate) fn measure(lab: &mut Lab<'_>) -> Outcome<()> {
    let film = tools::film(lab.root, LARGE_MBIT_S, lab.effort.large_film_s)?;
    let nodes = Nodes::start(lab, "upload", NODES)?;
    let figures = RefCell::new(Figures::default());
    // as many bytes as the last upload left; the first is not counted, but tells how many that is
    upload(&nodes, &film, &mut figures.borrow_mut())?;
    let held_bytes = figures.take().held_bytes;
    let (ours, peer) = in_turns(
        lab.effort.uploads,
        |_| upload(&nodes, &film, &mut figures.borrow_mut()),
        |_| plain(lab.root, held_bytes),
    )?;
    let figures = figures.into_inner();
    let mb = std::fs::metadata(&film)?.len() as f64 / 1e6;
    let what = format!("upload of {mb:.0} MB, 3 copies: bytes held");
    let peer = Some(("3 plain writers, sync every 16 MiB", &peer));
    lab.table.row(&Row { what: &what, unit: "MB/s", ours: &ours, peer, target: Some(TARGET) });
    let mut alone = |what, unit, ours| lab.table.row(&Row { what, unit, ours, peer: None, target: None });
    alone("  … bytes of the film", "MB/s", &figures.film_mb_s);
    alone("  … given to the disk, a byte of the film", "bytes", &figures.written_of_film);
    alone("  … given to the disk, a byte held", "bytes", &figures.written_of_held);
    Ok(())
}

/// MB a second of what the nodes hold of it afterwards.
fn upload(nodes: &Nodes, film: &Path, figures: &mut Figures) -> Outcome<f64> {
    let film_bytes = std::fs::metadata(film)?.len() as f64;
    let (before, written_before) = (nodes.held()?, nodes.written_bytes()?);
    let began = Instant::now();
    let id = nodes.tools.upload(film, "replicate:3")?;
    let took_s = began.elapsed().as_secs_f64();
    let (_, after) = nodes.await_whole(&id)?;
    let (held, written) = (after.bytes - before.bytes, nodes.written_bytes()? - written_before);
    figures.film_mb_s.push(film_bytes / 1e6 / took_s);
    figures.written_of_film.push(written / film_bytes);
    figures.written_of_held.push(written / held);
    figures.held_bytes = held;
    Ok(held / 1e6 / took_s)
}

/// As many files at the same time as there are nodes, each with its share of the bytes.
fn plain(root: &Path, bytes: f64) -> Outcome<f64> {
    let piece = noise(1, CHUNK_BYTES);
    let pieces = (bytes / (NODES * CHUNK_BYTES) as f64).ceil();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred")]
    let pieces = vec![&piece; pieces as usize];
    let paths: Vec<PathBuf> = (1..=NODES).map(|nth| root.join(format!("plain{nth}"))).collect();
    let began = Instant::now();
    thread::scope(|scope| {
        let write = |path: &PathBuf| {
            let pieces = &pieces;
            let path = path.clone();
            scope.spawn(move || write_plainly(&path, pieces, SYNC_BYTES))
        };
        let writers: Vec<_> = paths.iter().map(write).collect();
        writers.into_iter().try_for_each(|writer| writer.join().unwrap_or(Err("panicked".into())).map(drop))
    })?;
    Ok(mb_per_s(NODES * pieces.len() * CHUNK_BYTES, began.elapsed()))
}
