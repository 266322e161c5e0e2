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
const SLOW: (&str, &str) = ("repair.rate", "512KiB/s");
const CRAWL: (&str, &str) = ("repair.rate", "64KiB/s");
const FAST: (&str, &str) = ("repair.rate", "1GiB/s");

/// A cluster in which copies are written slowly, with a film under each of these schemes.
fn prepare(nodes: usize, schemes: &[&str]) -> (Cluster, Tools, Kept) {
    let cluster = Cluster::start(nodes, &[]);
    let tools = cluster.tools_anywhere();
    set(&tools, &[SLOW, ("drop.delay", "1s")]);
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

/// Strikes at moments that are spread over what is under way.
fn strike_all_along(
    cluster: &mut Cluster,
    kept: &mut Kept,
    target: usize,
    blows: &[(Victim, Blow)],
    progress: Progress<'_>,
) {
    let steps = u64::try_from(blows.len()).expect("a few");
    for (step, (victim, blow)) in (0..).zip(blows) {
        let tools = cluster.tools_anywhere();
        let due = (100 * step + 50) / steps;
        let at = wait_long_for("it to be so far", || progress(&tools).filter(|percent| *percent >= due));
        assert!(at < 100, "it was over before all was done to it");
        eprintln!("at {at} %:");
        set(&tools, &[CRAWL]);
        kept.strike(cluster, target, *victim, *blow);
        set(&tools, &[SLOW]);
    }
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
    let latest = jobs(tools, "migrate")?.into_iter().next()?;
    match latest["state"].as_str()? {
        "done" => Some(100),
        "running" => Some((latest["bytes_done"].as_u64()? * 100).checked_div(latest["bytes_total"].as_u64()?)?.min(99)),
        _ => None,
    }
}

/// A node joins, and is then emptied again, while this happens to the leader and to who is written to.
fn assert_moves_complete(blows: &[(Victim, Blow)]) {
    let (mut cluster, tools, mut kept) = prepare(5, &["replicate:3", "erasure"]);
    let newcomer = cluster.size();
    let total = planned(&tools, &["--add", "default"])["bytes"].as_u64().expect("bytes");
    let epoch = cluster_changes(&mut cluster, &tools, |cluster| {
        let _ = cluster.add();
    });
    strike_all_along(&mut cluster, &mut kept, newcomer, blows, &|tools| of_move(tools, total));
    assert_completes(&mut cluster, &kept, epoch, newcomer);

    set(&tools, &[SLOW]);
    let id = cluster.id(newcomer, 0).expect("a node");
    let total = planned(&tools, &["--drain", &id])["bytes"].as_u64().expect("bytes");
    let epoch = cluster_changes(&mut cluster, &tools, |_| {
        let _ = tools.vsctl(&["node", "drain", &id, "--no-wait"]).ok();
    });
    let leader = cluster.await_leader();
    let target = (0..newcomer).rfind(|at| *at != leader).expect("a target");
    strike_all_along(&mut cluster, &mut kept, target, blows, &|tools| of_move(tools, total));
    assert_completes(&mut cluster, &kept, epoch, target);
    cluster.kill(newcomer);
    kept.assert_reads_without(&cluster, &[newcomer]);
    cluster.restart(newcomer);
    cluster.assert_raft_safety();
}

fn cluster_changes(cluster: &mut Cluster, tools: &Tools, change: impl FnOnce(&mut Cluster)) -> u64 {
    let before = layout(tools).epoch.0;
    change(cluster);
    await_layout_after(tools, before).epoch.0
}

fn assert_completes(cluster: &mut Cluster, kept: &Kept, epoch: u64, target: usize) {
    let tools = cluster.tools_anywhere();
    set(&tools, &[FAST]);
    await_level(&tools, epoch);
    await_healthy(&tools, &kept.films.iter().collect::<Vec<_>>());
    let leader = cluster.await_leader();
    let other = if leader == target { cluster.others(leader)[0] } else { leader };
    kept.assert_survives(cluster, &[other, target]);
}

/// A film changes how it is kept, while this happens to the leader and to who is written to.
fn assert_change_completes(from: &str, to: &str, then: &str, blows: &[(Victim, Blow)]) {
    let (mut cluster, tools, mut kept) = prepare(5, &[from]);
    let changing = kept.films[0].clone();
    let _ = tools.vsctl(&["redundancy", "set", &changing.id, to]).ok();
    let leader = cluster.await_leader();
    let target = cluster.others(leader).pop().expect("a target");
    strike_all_along(&mut cluster, &mut kept, target, blows, &of_migration);
    set(&tools, &[FAST]);
    wait_long_for("the film to be kept otherwise", || (changing.scheme(&tools) == then).then_some(()));
    await_healthy(&tools, &kept.films.iter().collect::<Vec<_>>());
    let leader = cluster.await_leader();
    let other = if leader == target { cluster.others(leader)[0] } else { leader };
    kept.assert_survives(&mut cluster, &[other, target]);
    cluster.assert_raft_safety();
}

#[test]
#[ignore = "minutes of blows, one after the other; run by `make long`"]
fn moves_to_and_from_a_node_outlive_their_leaders_and_targets() {
    assert_moves_complete(&EACH[..3]);
}

#[test]
#[ignore = "minutes of blows, one after the other; run by `make long`"]
fn a_change_to_stripes_outlives_its_leaders_and_targets() {
    assert_change_completes("replicate:3", "erasure", "erasure(3+2)", &EACH);
}

#[test]
#[ignore = "minutes of blows, one after the other; run by `make long`"]
fn a_change_to_copies_outlives_its_leaders_and_targets() {
    assert_change_completes("erasure", "replicate:3", "replicate(3)", &EACH);
}

#[test]
#[ignore = "minutes of blows at every step; run by `make long`"]
fn moves_outlive_whatever_happens_at_every_step() {
    assert_moves_complete(&[ALL, ALL].concat());
}

#[test]
#[ignore = "minutes of blows at every step; run by `make long`"]
fn changes_of_scheme_outlive_whatever_happens_at_every_step() {
    assert_change_completes("replicate:3", "erasure", "erasure(3+2)", &[ALL, ALL].concat());
    assert_change_completes("erasure", "replicate:3", "replicate(3)", &[ALL, ALL].concat());
}
