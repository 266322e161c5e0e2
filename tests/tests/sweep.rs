//! What nobody wants any more gives its space back, and nothing else does (DUR-2).

use vs_tests::{
    Cluster, Tools,
    clip::{Clip, numbered},
    redundancy::{Film, await_chunks, await_healthy, set, sum, wait_long_for},
    wait_for,
};

const NODES: [usize; 3] = [0, 1, 2];

/// Every node holds every chunk, and gives back at once what nobody wants.
fn cluster() -> (Cluster, Tools) {
    let cluster = Cluster::start(3, &[]);
    let tools = cluster.tools_anywhere();
    set(&tools, &[("drop.delay", "1s")]);
    (cluster, tools)
}

fn store(cluster: &Cluster, number: u64) -> Film {
    Film::store(&cluster.tools_anywhere(), &numbered(Clip::Film, number, &cluster.work()), &[])
}

fn purge(tools: &Tools, film: &Film) {
    let _ = tools.vsctl(&["video", "purge", &film.id, "--yes"]).ok();
}

/// Waits until every node has gone through all it holds twice from begin to end.
fn await_sweeps(cluster: &Cluster) {
    let passes = || NODES.map(|at| sum(cluster, &[at], "vsd_sweep_passes_total"));
    let before = passes();
    wait_long_for("every node to sweep", || {
        passes().iter().zip(before).all(|(now, before)| *now > before + 2.0).then_some(())
    });
}

#[test]
fn a_purged_film_gives_its_space_back_on_every_node() {
    let (mut cluster, tools) = cluster();
    let (gone, kept) = (store(&cluster, 1), store(&cluster, 2));
    await_healthy(&tools, &[&gone, &kept]);
    await_chunks(&cluster, &NODES, gone.chunks + kept.chunks);
    let used = || NODES.map(|at| sum(&cluster, &[at], "vsd_chunk_bytes"));
    let before = used();
    purge(&tools, &gone);
    await_chunks(&cluster, &NODES, kept.chunks);
    for (at, (now, before)) in NODES.iter().zip(used().iter().zip(before)) {
        assert!(*now < before * 0.6, "half of it has gone: {before} {now}");
        // but for the page with each chunk's header
        wait_long_for("the disk to have it back", || {
            (sum(&cluster, &[*at], "vsd_punched_bytes_total") > 0.9 * (before - now)).then_some(())
        });
    }
    wait_long_for("it to be told", || {
        let listed = cluster.listed(0)?;
        listed.iter().all(|node| node["chunks"] == kept.chunks).then_some(())
    });
    kept.assert_reads(&tools);
    purge(&tools, &kept);
    await_chunks(&cluster, &NODES, 0);
    cluster.assert_raft_safety();
}

#[test]
fn of_two_videos_that_share_their_content_one_may_be_purged() {
    let (mut cluster, tools) = cluster();
    let film = store(&cluster, 1);
    let other = Film::store(&tools, &film.path, &["--on-duplicate", "new"]);
    assert_ne!(film.id, other.id);
    assert_eq!(tools.show(&film.id)["asset"], tools.show(&other.id)["asset"]);
    await_chunks(&cluster, &NODES, film.chunks);
    await_sweeps(&cluster);
    let dropped = || sum(&cluster, &NODES, "vsd_sweep_dropped_total");
    let before = dropped();
    purge(&tools, &film);
    await_sweeps(&cluster);
    assert_eq!(dropped(), before, "somebody wants all of it");
    await_chunks(&cluster, &NODES, film.chunks);
    other.assert_reads(&tools);
    purge(&tools, &other);
    await_chunks(&cluster, &NODES, 0);
    cluster.assert_raft_safety();
}

/// In the trash it is brought back; once it is purged it is a new film, however far the old one has gone.
#[test]
fn the_same_bytes_may_come_again_at_any_time() {
    let (mut cluster, tools) = cluster();
    let mut film = store(&cluster, 1);
    let _ = tools.vsctl(&["rm", &film.id]).ok();
    await_sweeps(&cluster);
    let again = Film::store(&tools, &film.path, &[]);
    assert_eq!(again.id, film.id, "it was in the trash");
    await_chunks(&cluster, &NODES, film.chunks);
    again.assert_reads(&tools);

    let dropped = || sum(&cluster, &NODES, "vsd_sweep_dropped_total");
    for waits in [false, true, false] {
        let before = dropped();
        purge(&tools, &film);
        if waits {
            wait_for("the sweep to have begun", || (dropped() > before).then_some(()));
        }
        let fresh = Film::store(&tools, &film.path, &[]);
        assert_ne!(fresh.id, film.id, "what was purged is gone for good");
        await_sweeps(&cluster);
        await_chunks(&cluster, &NODES, fresh.chunks);
        fresh.assert_reads(&tools);
        film = fresh;
    }
    cluster.assert_raft_safety();
}

/// Two people upload the same file at the same time by way of different nodes: one film, kept once.
#[test]
fn the_same_file_uploaded_twice_at_once_is_one_film() {
    let (mut cluster, tools) = cluster();
    let path = numbered(Clip::Heavy, 1, &cluster.work());
    let people = [0, 1, 2].map(|at| cluster.tools(at).someone_else(&format!("person {at}")));
    let ids: Vec<_> = std::thread::scope(|scope| {
        let uploading = people.each_ref().map(|person| scope.spawn(|| person.upload(&path, &[]).id));
        uploading.into_iter().map(|upload| upload.join().expect("it went well")).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(tools.ls(&[]).len(), 1);
    let film = Film::store(&tools, &path, &[]);
    await_healthy(&tools, &[&film]);
    await_chunks(&cluster, &NODES, film.chunks);
    await_sweeps(&cluster);
    await_chunks(&cluster, &NODES, film.chunks);
    film.assert_reads(&tools);
    cluster.assert_raft_safety();
}
