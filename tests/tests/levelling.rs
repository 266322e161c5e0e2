//! Machines come, go and count otherwise, one after the other and many at once: no more is written than the layouts require, and
//! twenty people who upload, download and play notice nothing.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use vs_core::{group::Group, layout::Layout};
use vs_tests::{
    Cluster, Tools,
    clip::{Clip, repeated_numbered},
    crowd::Shelf,
    meanwhile::Over,
    moving::{await_layout_after, await_level, groups, layout, moved, planned, required},
    program,
    redundancy::{Film, await_healthy, await_repair_idle, chunks_on, held, set, wait_long_for},
};

/// Written bytes for each that has to be.
const EXCESS_PERCENT_MAX: u64 = 110;
/// A newcomer's share of the bytes differs from that of its equals by less.
const SHARE_ERROR_MAX: f64 = 0.15;
/// Six hundred chunks of 30 to 40 KiB. In copies each is moved with a chance of a half when a sixth node joins, so that the
/// share has a standard deviation of 4 %; two hundred stripes have less, and three quarters when the fourth joins, too.
const TINY_BYTES: u64 = 22 << 20;
const FILM_BYTES: u64 = 8 << 20;
/// It takes 48 s to be played.
const LONG_FILM_BYTES: u64 = 12 << 20;
/// The layouts of a hurried operator.
const HURRY: Duration = Duration::from_secs(60);

fn store(cluster: &Cluster, number: u64, bytes: u64, scheme: &str) -> Film {
    let film = repeated_numbered(Clip::Film, bytes, number, &cluster.work());
    Film::store(&cluster.tools_anywhere(), &film, &["--redundancy", scheme])
}

fn all(cluster: &Cluster) -> Vec<usize> {
    (0..cluster.size()).collect()
}

/// A node joins equal ones: what it takes of each of these films, and of all together, is its share.
fn joins(cluster: &mut Cluster, films: &[&Film]) {
    let tools = cluster.tools_anywhere();
    await_healthy(&tools, films);
    await_repair_idle(&tools);
    let (before, had) = (layout(&tools), moved(cluster));
    let plan = planned(&tools, &["--add", "default"]);
    let new = cluster.add();
    let after = await_layout_after(&tools, before.epoch.0);
    await_level(&tools, after.epoch.0);
    let bytes = moved(cluster) - had;

    let of_films: Vec<_> = films.iter().map(|film| groups(&tools, &film.id)).collect();
    let wanted: u64 = of_films.iter().map(|groups| required(groups, &before, &after)).sum();
    assert_eq!(plan["bytes"], wanted, "the plan is what the two layouts require: {plan}");
    assert_eq!(bytes, wanted, "and so is what was written");
    let nodes = u32::try_from(cluster.size()).expect("a few");
    let assert_is_share = |what: &str, taken: u64, of: u64| {
        let share = as_f64(taken) / as_f64(of);
        let error = share * f64::from(nodes) - 1.0;
        eprintln!("node {nodes} took {:.2} % of {what}: {:+.1} % of its share", share * 100.0, error * 100.0);
        assert!(error.abs() <= SHARE_ERROR_MAX, "{what}: {taken} of {of} bytes for one of {nodes} nodes");
    };
    let bytes_of = |groups: &Vec<Group>| {
        let all = groups.iter().flat_map(|group| group.placed(&after)).map(|(_, chunk)| u64::from(chunk.bytes));
        all.sum::<u64>()
    };
    let placed: Vec<_> = of_films.iter().map(bytes_of).collect();
    assert_is_share("all bytes", bytes, placed.iter().sum());
    let on_new = held(cluster.node(new));
    for (film, of_film) in films.iter().zip(&placed) {
        let asset = tools.show(&film.id)["asset"].clone();
        let taken = on_new.iter().filter(|chunk| chunk["asset"] == asset).filter_map(|chunk| chunk["bytes"].as_u64());
        assert_is_share(&film.scheme(&tools), taken.sum(), *of_film);
        film.assert_plays(&tools, &[]);
    }
}

#[allow(clippy::cast_precision_loss, reason = "less than 2^52 bytes")]
fn as_f64(bytes: u64) -> f64 {
    bytes as f64
}

#[test]
fn one_more_of_equal_nodes_takes_one_equal_share() {
    let mut cluster = Cluster::start(3, &[]);
    let tools = cluster.tools_anywhere();
    set(&tools, &[("drop.delay", "1s"), ("repair.rate", "1GiB/s")]);
    let store = |cluster: &Cluster, number, scheme| {
        let film = repeated_numbered(Clip::Tiny, TINY_BYTES, number, &cluster.work());
        Film::store(&tools, &film, &["--redundancy", scheme, "--keep-original=false"])
    };
    let copied = store(&cluster, 1, "replicate:3");
    joins(&mut cluster, &[&copied]);
    joins(&mut cluster, &[&copied]);
    let coded = store(&cluster, 2, "erasure");
    joins(&mut cluster, &[&copied, &coded]);
    wait_long_for("old copies to go", || {
        let wanted: usize = [&copied, &coded].iter().flat_map(|film| groups(&tools, &film.id)).map(|g| g.width).sum();
        (chunks_on(&cluster, &all(&cluster)) == u64::try_from(wanted).expect("a count")).then_some(())
    });
    cluster.assert_raft_safety();
}

fn state(cluster: &Cluster, id: &str) -> Option<String> {
    let node = cluster.listed(0)?.into_iter().find(|node| node["id"] == id)?;
    Some(node["state"].as_str()?.to_owned())
}

/// A node is added, one weighed, one drained, one put elsewhere and one removed, without waiting for anything but each layout.
fn change_five_times(cluster: &mut Cluster, tools: &Tools, shelf: &Shelf, ids: &[String]) -> Vec<Layout> {
    let [weighed, drained, rezoned, removed] = ids else { panic!("four nodes to change") };
    let began = Instant::now();
    let mut layouts = vec![layout(tools)];
    let node = |args: &[&str]| drop(tools.vsctl(&[&["node"], args].concat()).ok());
    let mut changed = || {
        let next = await_layout_after(tools, layouts.last().map_or(0, |layout| layout.epoch.0));
        layouts.push(next);
        shelf.changes.fetch_add(1, Ordering::SeqCst);
    };
    let _ = cluster.add();
    changed();
    node(&["set", weighed, "--weight", "0.5"]);
    changed();
    node(&["drain", drained, "--no-wait"]);
    changed();
    node(&["set", rezoned, "--zone", "elsewhere"]);
    changed();
    node(&["rm", removed, "--yes", "--no-wait"]);
    changed();
    assert!(began.elapsed() < HURRY, "five changes took {:?}", began.elapsed());
    layouts
}

/// What each change made necessary, of whatever was there by then.
fn required_by_all(tools: &Tools, shelf: &Shelf, layouts: &[Layout]) -> u64 {
    let of_film = |stored: vs_tests::crowd::Stored| {
        let groups = groups(tools, &stored.film.id);
        let steps = layouts.windows(2).skip(stored.since);
        steps.map(|step| required(&groups, &step[0], &step[1])).sum::<u64>()
    };
    shelf.all().into_iter().map(of_film).sum()
}

#[test]
fn five_changes_within_a_minute_are_noticed_by_none_of_twenty_clients() {
    let mut cluster = Cluster::start(6, &[]);
    // a removed node is asked no more
    let tools = cluster.tools(0).at(&cluster.endpoints()[..5].join(","));
    set(&tools, &[("drop.delay", "1s"), ("repair.rate", "4MiB/s")]);
    let films = [(1, "replicate:3"), (2, "erasure"), (3, "replicate:3")];
    let films = films.map(|(number, scheme)| store(&cluster, number, FILM_BYTES, scheme));
    await_healthy(&tools, &films.iter().collect::<Vec<_>>());
    let shelf = Shelf::with(&films);
    let is_over = AtomicBool::new(false);
    let work = cluster.work();
    let ids: Vec<_> = [1, 2, 3, 5].map(|at| cluster.id(at, 0).expect("a node")).into();
    let had = moved(&cluster);
    let layouts = thread::scope(|scope| {
        let over = Over(&is_over);
        let clients = shelf.open(scope, &tools, &work, &is_over);
        let layouts = change_five_times(&mut cluster, &tools, &shelf, &ids);
        set(&tools, &[("repair.rate", "1GiB/s")]);
        await_level(&tools, layouts.last().expect("a layout").epoch.0);
        wait_long_for("the removed node to be gone", || (state(&cluster, &ids[3])? == "out").then_some(()));
        wait_long_for("what was drained to be empty", || (chunks_on(&cluster, &[2]) == 0).then_some(()));
        drop(over);
        clients.into_iter().for_each(|client| client.join().expect("no read and no upload has failed"));
        layouts
    });
    let (reads, uploads) = (shelf.reads.load(Ordering::SeqCst), shelf.uploads.load(Ordering::SeqCst));
    assert!(reads >= 40 && uploads >= 8, "{reads} reads and {uploads} uploads");
    let (bytes, wanted) = (moved(&cluster) - had, required_by_all(&tools, &shelf, &layouts));
    eprintln!("{reads} reads, {uploads} uploads; {bytes} bytes written, {wanted} required");
    assert!(bytes * 100 <= wanted * EXCESS_PERCENT_MAX, "{bytes} bytes written, {wanted} required");
    assert_eq!(state(&cluster, &ids[1]).as_deref(), Some("draining"));
    let stored: Vec<_> = shelf.all().into_iter().map(|stored| stored.film).collect();
    await_healthy(&tools, &stored.iter().collect::<Vec<_>>());
    stored.iter().for_each(|film| film.assert_downloads(&tools, &[]));
    cluster.assert_raft_safety();
}

/// The metadata that nobody has for a while: two of three that keep it, the leader among them.
fn end_metadata(cluster: &mut Cluster) -> [usize; 2] {
    let leader = cluster.await_leader();
    let lost = [leader, (0..3).find(|at| *at != leader).expect("three keep it")];
    lost.iter().for_each(|at| cluster.kill(*at));
    lost
}

#[test]
fn a_player_that_loses_the_metadata_while_its_film_changes_plays_to_the_end() {
    let no_metadata = |at: usize, node: &mut vs_tests::Node| {
        if at >= 3 {
            node.with("node.roles=storage,uploader");
        }
    };
    let mut cluster = Cluster::start_prepared(5, &[], no_metadata);
    let tools = cluster.tools_anywhere();
    set(&tools, &[("drop.delay", "1s"), ("repair.rate", "512KiB/s")]);
    let film = store(&cluster, 1, LONG_FILM_BYTES, "replicate:3");
    await_healthy(&tools, &[&film]);
    let _ = tools.vsctl(&["redundancy", "set", &film.id, "erasure"]).ok();
    let is_under_way = |done: fn(u64, u64) -> bool| {
        let job = vs_tests::moving::jobs(&tools, "migrate")?.into_iter().next()?;
        done(job["bytes_done"].as_u64()?, job["bytes_total"].as_u64()?).then_some(())
    };
    wait_long_for("its migration to be under way", || is_under_way(|done, total| done * 10 > total));

    let report = cluster.work().join("report.json");
    let status = cluster.work().join("status.jsonl");
    let mut player = tools.command("vsplay");
    player.args([&film.id, "--headless", "--target-buffer", "4", "--low-water", "2", "--start-buffer", "1"]);
    player.arg("--report").arg(&report).arg("--status-json").arg(&status);
    let mut playing = program::start(&mut player, None);
    let told = || -> Option<serde_json::Value> {
        let told = std::fs::read_to_string(&status).ok()?;
        serde_json::from_str(told.lines().last()?).ok()
    };
    wait_long_for("the player to have shown something", || (told()?["position_ms"].as_u64()? > 2_000).then_some(()));
    wait_long_for("its migration to be in the middle", || is_under_way(|done, total| done * 4 > total && done < total));
    let lost = end_metadata(&mut cluster);
    let fetched_before = told().expect("a status")["bytes_fetched"].as_u64();
    assert!(playing.is_alive(), "it is to play meanwhile");
    let _ = playing.wait().ok();
    film.assert_played(&report);
    let fetched = told().expect("a status")["bytes_fetched"].as_u64();
    assert!(fetched_before < fetched, "{fetched_before:?} of {fetched:?} bytes were fetched before, which is all");

    lost.iter().for_each(|at| cluster.node_mut(*at).launch());
    lost.iter().for_each(|at| cluster.node_mut(*at).await_ready());
    set(&tools, &[("repair.rate", "1GiB/s")]);
    wait_long_for("its migration to end", || (film.scheme(&tools) == "erasure(3+2)").then_some(()));
    await_healthy(&tools, &[&film]);
    film.assert_reads(&tools);
    cluster.assert_raft_safety();
}
