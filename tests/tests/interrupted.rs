//! Leaders and targets that die or freeze in the middle of moves and scheme changes: all of it is completed, everything can be
//! read all the time with two nodes away, and nothing that was acknowledged is lost.

use vs_tests::{
    Cluster, Tools,
    clip::{Clip, repeated_numbered},
    moving::{await_layout_after, await_level, jobs, layout, planned, rebalance},
    redundancy::{Film, await_healthy, set, wait_long_for},
    strike::{ALL, Blow, EACH, Kept, Victim},
};

const FILM_BYTES: u64 = 12 << 20;
/// Slow enough for moments to be chosen, and so slow that hardly anything is written while something else happens.
const SLOW: (&str, &str) = ("repair.rate", "2MiB/s");
const CRAWL: (&str, &str) = ("repair.rate", "64KiB/s");
const FAST: (&str, &str) = ("repair.rate", "1GiB/s");
/// How often something is begun, should it be over before all was done to it.
const ROUNDS_MAX: usize = 6;

/// How a film is kept: as it is asked for, and as it is shown.
#[derive(Clone, Copy)]
struct Scheme {
    wish: &'static str,
    shown: &'static str,
}

const COPIES: Scheme = Scheme { wish: "replicate:3", shown: "replicate(3)" };
const STRIPES: Scheme = Scheme { wish: "erasure", shown: "erasure(3+2)" };

/// A cluster in which copies are written slowly, with a film under each of these schemes.
fn prepare(nodes: usize, schemes: &[&str]) -> (Cluster, Tools, Kept) {
    let cluster = Cluster::start(nodes, &[]);
    let tools = cluster.tools_anywhere();
    // one group after the other, so that it is told often how far it is
    set(&tools, &[FAST, ("repair.concurrency", "1"), ("drop.delay", "1s")]);
    let store = |(number, scheme): (u64, &&str)| {
        let film = repeated_numbered(Clip::Film, FILM_BYTES, number, &cluster.work());
        Film::store(&tools, &film, &["--redundancy", scheme])
    };
    let films: Vec<_> = (1..).zip(schemes).map(store).collect();
    await_healthy(&tools, &films.iter().collect::<Vec<_>>());
    (cluster, tools, Kept::new(films))
}

/// How far something is, in percent; none while nobody can tell.
type Progress<'a> = &'a dyn Fn(&Tools) -> Option<u64>;

/// Strikes at moments that are spread over what is under way, until it is over; what is left to be done to it.
fn strike_all_along<'a>(
    cluster: &mut Cluster,
    kept: &mut Kept,
    target: usize,
    blows: &'a [(Victim, Blow)],
    progress: Progress<'_>,
) -> &'a [(Victim, Blow)] {
    for (step, (victim, blow)) in blows.iter().enumerate() {
        let tools = cluster.tools_anywhere();
        set(&tools, &[SLOW]);
        let due = u64::try_from((100 * step + 50) / blows.len()).expect("percent");
        let at = wait_long_for("it to be so far", || progress(&tools).filter(|percent| *percent >= due));
        if at == 100 {
            eprintln!("it is over too soon for {:?}", &blows[step..]);
            return &blows[step..];
        }
        eprintln!("at {at} %:");
        set(&tools, &[CRAWL]);
        kept.strike(cluster, target, *victim, *blow);
    }
    &[]
}

/// How much of `total` bytes is where it should be.
fn of_move(tools: &Tools, total: u64) -> Option<u64> {
    let status = rebalance(tools)?;
    if status["assets_behind"] == 0 {
        return Some(100);
    }
    let left = status["bytes_total"].as_u64()?.checked_sub(status["bytes_done"].as_u64()?)?;
    (left > 0).then(|| 100 - (left * 100).div_ceil(total).min(100))
}

fn of_migration(tools: &Tools) -> Option<u64> {
    let latest = jobs(tools, "migrate")?.into_iter().next().filter(|job| job["state"] == "running")?;
    Some((latest["bytes_done"].as_u64()? * 100).checked_div(latest["bytes_total"].as_u64()?)?.min(99))
}

/// A node joins, and is then emptied again, while all this happens each time to the leader and to who is written to: over and
/// over, as long as it is over before all has happened.
fn assert_moves_complete(blows: &[(Victim, Blow)]) {
    let (mut cluster, tools, mut kept) = prepare(5, &["replicate:3", "erasure"]);
    let newcomer = cluster.size();
    let (mut while_filled, mut while_emptied) = (blows, blows);
    let mut id: Option<String> = None;
    for _ in 0..ROUNDS_MAX {
        let plan = id.as_deref().map_or(["--add", "default"], |id| ["--undrain", id]);
        let (total, before) = (bytes_to_move(&tools, &plan), layout(&tools).epoch.0);
        match &id {
            None => _ = cluster.add(),
            Some(id) => _ = tools.vsctl(&["node", "undrain", id]).ok(),
        }
        let epoch = await_layout_after(&tools, before).epoch.0;
        let progress = |tools: &Tools| of_move(tools, total);
        while_filled = strike_all_along(&mut cluster, &mut kept, newcomer, while_filled, &progress);
        assert_completes(&mut cluster, &kept, epoch, newcomer);

        let id = id.get_or_insert_with(|| cluster.id(newcomer, 0).expect("a node"));
        let (total, before) = (bytes_to_move(&tools, &["--drain", id]), layout(&tools).epoch.0);
        let _ = tools.vsctl(&["node", "drain", id, "--no-wait"]).ok();
        let epoch = await_layout_after(&tools, before).epoch.0;
        let leader = cluster.await_leader();
        let target = (0..newcomer).rfind(|at| *at != leader).expect("a target");
        let progress = |tools: &Tools| of_move(tools, total);
        while_emptied = strike_all_along(&mut cluster, &mut kept, target, while_emptied, &progress);
        assert_completes(&mut cluster, &kept, epoch, target);
        if while_filled.is_empty() && while_emptied.is_empty() {
            cluster.kill(newcomer);
            kept.assert_reads_without(&cluster, &[newcomer]);
            cluster.restart(newcomer);
            return cluster.assert_raft_safety();
        }
    }
    panic!("moves are over too soon for {while_filled:?} and {while_emptied:?}");
}

/// What a change of the layout comes to; it is slow from then on.
fn bytes_to_move(tools: &Tools, plan: &[&str]) -> u64 {
    set(tools, &[SLOW]);
    planned(tools, plan)["bytes"].as_u64().expect("bytes")
}

fn assert_completes(cluster: &mut Cluster, kept: &Kept, epoch: u64, target: usize) {
    let tools = cluster.tools_anywhere();
    set(&tools, &[FAST]);
    await_level(&tools, epoch);
    assert_survives(cluster, kept, target);
}

fn assert_survives(cluster: &mut Cluster, kept: &Kept, target: usize) {
    await_healthy(&cluster.tools_anywhere(), &kept.films.iter().collect::<Vec<_>>());
    let leader = cluster.await_leader();
    let other = if leader == target { cluster.others(leader)[0] } else { leader };
    kept.assert_survives(cluster, &[other, target]);
}

/// A film changes how it is kept, while all this happens to the leader and to who is written to: over and over, as long as it
/// is over before all has happened.
fn assert_change_completes(from: Scheme, to: Scheme, mut blows: &[(Victim, Blow)]) {
    let (mut cluster, tools, mut kept) = prepare(5, &[from.wish]);
    let film = kept.films[0].clone();
    let change = |to: Scheme| drop(tools.vsctl(&["redundancy", "set", &film.id, to.wish]).ok());
    let await_kept = |by: Scheme| {
        set(&tools, &[FAST]);
        wait_long_for("the film to be kept otherwise", || (film.scheme(&tools) == by.shown).then_some(()));
    };
    let progress = |tools: &Tools| if film.scheme(tools) == to.shown { Some(100) } else { of_migration(tools) };
    for _ in 0..ROUNDS_MAX {
        set(&tools, &[SLOW]);
        change(to);
        let leader = cluster.await_leader();
        let target = cluster.others(leader).pop().expect("a target");
        blows = strike_all_along(&mut cluster, &mut kept, target, blows, &progress);
        await_kept(to);
        assert_survives(&mut cluster, &kept, target);
        if blows.is_empty() {
            return cluster.assert_raft_safety();
        }
        change(from);
        await_kept(from);
    }
    panic!("changes are over too soon for {blows:?}");
}

#[test]
fn moves_to_and_from_a_node_outlive_a_leader_and_a_target() {
    assert_moves_complete(&EACH[..2]);
}

#[test]
fn a_change_to_stripes_outlives_a_leader_and_a_target() {
    assert_change_completes(COPIES, STRIPES, &EACH[..2]);
}

#[test]
fn a_change_to_copies_outlives_a_leader_and_a_target() {
    assert_change_completes(STRIPES, COPIES, &EACH[2..]);
}

#[test]
#[ignore = "minutes of blows at every step; run by `make long`"]
fn moves_outlive_whatever_happens_at_every_step() {
    assert_moves_complete(&ALL);
}

#[test]
#[ignore = "minutes of blows at every step; run by `make long`"]
fn a_change_to_stripes_outlives_whatever_happens_at_every_step() {
    assert_change_completes(COPIES, STRIPES, &ALL);
}

#[test]
#[ignore = "minutes of blows at every step; run by `make long`"]
fn a_change_to_copies_outlives_whatever_happens_at_every_step() {
    assert_change_completes(STRIPES, COPIES, &ALL);
}
