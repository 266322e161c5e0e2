//! What is kept with redundancy outlives the loss of any two nodes, of a zone, and of copies that rot (DUR-1, INT-1).

use std::fs;

use nix::sys::signal::Signal;
use tempfile::TempDir;
use vs_tests::{
    Cluster,
    clip::{Clip, numbered, repeated_numbered},
    redundancy::{
        Film, await_answers, await_chunks, await_healthy, await_repair_idle, flip, held, pairs, wait_long_for,
    },
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
        chunks.iter().for_each(|chunk| flip(cluster.node(*at), chunk).expect("flipped"));
        cluster.restart(*at);
    }
    await_answers(&cluster.tools_anywhere());
    assert_reads(&cluster, &films);
    for (at, chunks) in rotten.iter().zip(&chunks) {
        let node = cluster.node(*at);
        // it may have been found and mended by then
        let _ = node.tools().vsctl(&["scrub", "start", "--wait"]);
        wait_long_for("what rotted to be mended", || {
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

/// Of two data directories of a node one is lost with all that was in it: the others write it again, into the one that is left.
#[test]
fn what_was_in_a_lost_directory_is_written_again_into_another_one() {
    let home = TempDir::new().expect("a temporary folder");
    let dirs = ["a", "b"].map(|name| home.path().join(name));
    dirs.iter().for_each(|dir| fs::create_dir(dir).expect("a folder"));
    let several = 1;
    let mut cluster = Cluster::start_prepared(3, &[], |at, node| {
        if at == several {
            node.with(&format!("storage.dirs={},{}", dirs[0].display(), dirs[1].display()));
        }
    });
    let tools = cluster.tools_anywhere();
    let film = Film::store(&tools, &repeated_numbered(Clip::Film, FILM_BYTES, 1, &cluster.work()), &[]);
    await_healthy(&tools, &[&film]);
    let figures = cluster.node(several).figures();
    let of_dirs: Vec<_> = figures.iter().filter(|(name, _)| name.starts_with("vsd_dir_chunks{")).collect();
    assert!(of_dirs.len() == 2 && of_dirs.iter().all(|(_, chunks)| **chunks > 0.0), "both are used: {of_dirs:?}");
    assert_eq!(cluster.terminate(several), 128 + Signal::SIGTERM as i32);
    fs::remove_dir_all(&dirs[1]).and_then(|()| fs::create_dir(&dirs[1])).expect("an empty mount point");
    cluster.restart(several);
    await_healthy(&tools, &[&film]);
    await_chunks(&cluster, &[0, 1, 2], film.chunks);
    for lost in cluster.others(several) {
        cluster.kill(lost);
    }
    film.assert_downloads(cluster.tools(several), &["--stale"]);
}

/// No copy of a chunk is left: that is said, nobody is given anything wrong, and the same bytes mend the film that there is.
#[test]
fn what_cannot_be_rebuilt_is_said_and_mended_by_the_same_bytes() {
    let mut cluster = Cluster::start(3, &[]);
    let tools = cluster.tools_anywhere();
    let film = Film::store(&tools, &numbered(Clip::Film, 1, &cluster.work()), &["--title", "Rotten"]);
    let other = Film::store(&tools, &numbered(Clip::Film, 2, &cluster.work()), &[]);
    await_healthy(&tools, &[&film, &other]);
    let asset = tools.show(&film.id)["asset"].clone();
    let of_film = |at: usize| held(cluster.node(at)).into_iter().find(|chunk| chunk["asset"] == asset);
    let chosen = of_film(0).expect("a chunk of the film")["hash"].clone();
    for at in 0..3 {
        let chunk = held(cluster.node(at)).into_iter().find(|chunk| chunk["hash"] == chosen).expect("three copies");
        assert_eq!(cluster.terminate(at), 128 + Signal::SIGTERM as i32);
        flip(cluster.node(at), &chunk).expect("flipped");
        cluster.restart(at);
    }
    await_answers(&tools);
    (0..3).for_each(|at| drop(cluster.tools(at).vsctl(&["scrub", "start", "--wait"])));
    wait_long_for("it to be said", || {
        let said = tools.vsctl(&["status", "-o", "json"]);
        (said.code == 0 && said.json()["notes"].to_string().contains("upload them again")).then_some(())
    });
    assert_eq!(tools.show(&film.id)["redundancy"]["missing"], 1);
    other.assert_reads(&tools);
    let back = film.path.with_extension("back");
    let back = back.to_str().expect("a path of ours");
    let original = tools.vsctl(&["download", "--force", &film.id, back]);
    let played = tools.vsplay(&[&film.id, "--headless", "--no-clock"]);
    assert!([original.code, played.code].contains(&8), "one of them needs that chunk: {original} {played}");

    let again = Film::store(&tools, &film.path, &[]);
    assert_eq!((&again.id, &tools.show(&film.id)["title"]), (&film.id, &"Rotten".into()));
    assert_ne!(tools.show(&film.id)["asset"], asset, "it is stored anew");
    await_healthy(&tools, &[&again, &other]);
    again.assert_reads(&tools);
    wait_long_for("it to be forgotten", || {
        let said = tools.vsctl(&["status", "-o", "json"]);
        (said.code == 0 && !said.json()["notes"].to_string().contains("upload them again")).then_some(())
    });
    cluster.assert_raft_safety();
}
