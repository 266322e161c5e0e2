//! What is kept with redundancy outlives the loss of any two nodes, of a zone, and of copies that rot (DUR-1, INT-1).

use nix::sys::signal::Signal;
use vs_tests::{
    Cluster,
    clip::{Clip, numbered, repeated_numbered},
    redundancy::{Film, await_answers, await_healthy, await_repair_idle, flip, held, pairs},
    wait_for,
};

/// Enough for several stripes of each track.
const FILM_BYTES: u64 = 14 << 20;
const SCHEMES: [&str; 2] = ["replicate:3", "erasure"];

/// A long and a short film under each scheme.
fn library(cluster: &Cluster) -> Vec<Film> {
    let tools = cluster.tools_anywhere();
    let mut films = Vec::new();
    for (number, scheme) in (1..).zip(SCHEMES) {
        let short = numbered(Clip::Film, number, &cluster.work());
        let long = repeated_numbered(Clip::Film, FILM_BYTES, number, &cluster.work());
        films.extend([short, long].map(|film| Film::store(&tools, &film, &["--redundancy", scheme])));
    }
    films
}

fn assert_reads(cluster: &Cluster, films: &[Film]) {
    let tools = cluster.tools_anywhere();
    films.iter().for_each(|film| film.assert_reads(&tools));
}

#[test]
fn any_two_of_five_nodes_may_be_lost() {
    let mut cluster = Cluster::start(5, &[]);
    let films = library(&cluster);
    let tools = cluster.tools_anywhere();
    for lost in pairs(5) {
        lost.iter().for_each(|at| cluster.kill(*at));
        await_answers(&cluster.tools_anywhere());
        assert_reads(&cluster, &films);
        lost.iter().for_each(|at| cluster.node_mut(*at).launch());
        lost.iter().for_each(|at| cluster.node_mut(*at).await_ready());
    }
    cluster.await_whole();
    await_healthy(&tools, &films.iter().collect::<Vec<_>>());
    await_repair_idle(&tools);
    cluster.assert_replicas_agree();
    cluster.assert_raft_safety();
}

#[test]
fn a_whole_zone_may_be_lost() {
    let zone = |at: usize, node: &mut vs_tests::Node| node.with(&format!("node.zone=z{}", at / 2));
    let mut cluster = Cluster::start_prepared(6, &[], zone);
    let films = library(&cluster);
    for zone in 0..3 {
        let lost = [2 * zone, 2 * zone + 1];
        lost.iter().for_each(|at| cluster.kill(*at));
        await_answers(&cluster.tools_anywhere());
        assert_reads(&cluster, &films);
        lost.iter().for_each(|at| cluster.node_mut(*at).launch());
        lost.iter().for_each(|at| cluster.node_mut(*at).await_ready());
    }
    cluster.assert_raft_safety();
}

/// Every copy on two nodes has rotted: nobody is given any of it, and it is found, counted and written again by itself.
#[test]
fn chunks_that_rot_are_noticed_counted_and_written_again() {
    let mut cluster = Cluster::start(5, &["storage.scrub_rate=1GiB/s"]);
    let films = library(&cluster);
    await_healthy(&cluster.tools_anywhere(), &films.iter().collect::<Vec<_>>());
    let rotten = [1, 3];
    let chunks = rotten.map(|at| held(cluster.node(at)));
    for (at, chunks) in rotten.iter().zip(&chunks) {
        assert!(chunks.len() > 10, "{chunks:?}");
        assert_eq!(cluster.terminate(*at), 128 + Signal::SIGTERM as i32);
        chunks.iter().for_each(|chunk| flip(cluster.node(*at), chunk));
        cluster.restart(*at);
    }
    await_answers(&cluster.tools_anywhere());
    assert_reads(&cluster, &films);
    for (at, chunks) in rotten.iter().zip(&chunks) {
        let node = cluster.node(*at);
        // it may have been found and mended by then
        let _ = node.tools().vsctl(&["scrub", "start", "--wait"]);
        wait_for("what rotted to be mended", || {
            std::thread::sleep(std::time::Duration::from_millis(300));
            let damaged = node.tools().vsctl(&["chunk", "ls", "--damaged", "-o", "json"]).ok().json();
            let figures = node.figures();
            let none = damaged["items"].as_array().is_some_and(Vec::is_empty);
            (none && figures["vsd_damaged_chunks"] == 0.0).then_some(())
        });
        let figures = node.figures();
        let found = figures["vsd_scrub_damaged_total"] + figures["vsd_corrupt_reads_total"];
        assert!(found >= f64::from(u32::try_from(chunks.len()).expect("a few")), "{found} of {}", chunks.len());
        let _ = node.tools().vsctl(&["chunk", "verify", "--all"]).ok();
        assert_eq!(held(node).len(), chunks.len());
    }
    await_healthy(&cluster.tools_anywhere(), &films.iter().collect::<Vec<_>>());
    assert_reads(&cluster, &films);
    cluster.assert_raft_safety();
}
