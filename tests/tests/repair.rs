//! What is lost is written again with nobody asking, whoever leads and whatever becomes of the leader (DUR-1, DUR-2).

use vs_tests::{
    Cluster, Tools,
    clip::{Clip, repeated_numbered},
    program::Said,
    redundancy::{
        Film, await_answers, await_healthy, await_repair_idle, await_repair_running, chunks_on, held, repair, set,
        wait_long_for,
    },
};

const FILM_BYTES: u64 = 12 << 20;
/// So slow that something can be done to a repair while it is under way.
const SLOW: (&str, &str) = ("repair.rate", "1MiB/s");
const FAST: (&str, &str) = ("repair.rate", "1GiB/s");
/// A node that is down is soon given up, and what nobody wants is soon gone.
const HASTY: [(&str, &str); 2] = [("repair.grace", "5s"), ("drop.delay", "1s")];
const LEADERS_KILLED: usize = 3;

/// One film in copies, one in stripes.
fn films(cluster: &Cluster) -> [Film; 2] {
    let tools = cluster.tools_anywhere();
    [(1, "replicate:3"), (2, "erasure")].map(|(number, scheme)| {
        let film = repeated_numbered(Clip::Film, FILM_BYTES, number, &cluster.work());
        Film::store(&tools, &film, &["--redundancy", scheme])
    })
}

/// A node that does not lead, nor is the one that others join by.
fn some_follower(cluster: &Cluster) -> usize {
    let leader = cluster.await_leader();
    cluster.others(leader).into_iter().rfind(|at| *at != 0).expect("a follower")
}

fn remove(tools: &Tools, id: &str) -> Said {
    tools.vsctl(&["node", "rm", id, "--yes"])
}

fn state(cluster: &Cluster, asked: usize, id: &str) -> Option<String> {
    let listed = cluster.listed(asked)?;
    let node = listed.into_iter().find(|node| node["id"] == id)?;
    Some(node["state"].as_str()?.to_owned())
}

fn kill_all(cluster: &mut Cluster, nodes: &[usize]) {
    nodes.iter().for_each(|at| cluster.kill(*at));
}

fn launch_all(cluster: &mut Cluster, nodes: &[usize]) {
    nodes.iter().for_each(|at| cluster.node_mut(*at).launch());
    nodes.iter().for_each(|at| cluster.node_mut(*at).await_ready());
}

/// With four nodes left copies are whole again, and stripes wait for a fifth, which takes what the dead one had.
#[test]
fn a_node_that_stays_away_is_replaced_by_a_new_one() {
    let mut cluster = Cluster::start(5, &[]);
    let tools = cluster.tools_anywhere();
    set(&tools, &HASTY);
    let [copied, coded] = films(&cluster);
    let dead = some_follower(&cluster);
    let dead_id = cluster.id(dead, 0).expect("a node");
    cluster.kill(dead);
    await_healthy(&tools, &[&copied]);
    wait_long_for("it to be said what stripes wait for", || {
        let waiting = repair(&tools)?["waiting"].to_string();
        (waiting.contains(&dead_id) || waiting.contains("more nodes")).then_some(())
    });
    coded.assert_reads(&tools);
    let refused = remove(&tools, &dead_id);
    assert_eq!(refused.code, 6, "stripes are placed on it: {refused}");

    let alive = cluster.others(dead);
    kill_all(&mut cluster, &alive[..2]);
    copied.assert_downloads(&cluster.tools_anywhere(), &["--stale"]);
    launch_all(&mut cluster, &alive[..2]);

    let new = cluster.add();
    await_healthy(&tools, &[&copied, &coded]);
    assert!(!held(cluster.node(new)).is_empty(), "it took something");
    let _ = remove(&tools, &dead_id).ok();
    assert_eq!(state(&cluster, 0, &dead_id).as_deref(), Some("out"));
    await_repair_idle(&tools);
    // while the new one takes the dead one's place among the voters, a majority of both is needed
    wait_long_for("five others to vote", || {
        let status = tools.vsctl(&["cluster", "status", "-o", "json"]);
        let status = (status.code == 0).then(|| status.json())?;
        let members = status["members"].as_array()?;
        let is_gone = members.iter().all(|member| member["id"] != dead_id.as_str());
        (is_gone && status["voters"] == 5 && members.len() == 5).then_some(())
    });
    kill_all(&mut cluster, &[alive[1], alive[2]]);
    let tools = cluster.tools_anywhere();
    await_answers(&tools);
    [&copied, &coded].iter().for_each(|film| film.assert_reads(&tools));
    launch_all(&mut cluster, &[alive[1], alive[2]]);
    assert_eq!(state(&cluster, 0, &dead_id).as_deref(), Some("out"));
}

/// Of six nodes one is enough to spare: everything is whole again without it, and its machine comes back as a new node.
#[test]
fn five_of_six_nodes_make_everything_whole_again() {
    let mut cluster = Cluster::start(6, &[]);
    let tools = cluster.tools_anywhere();
    set(&tools, &HASTY);
    let films = films(&cluster);
    let films: Vec<_> = films.iter().collect();
    let dead = some_follower(&cluster);
    let dead_id = cluster.id(dead, 0).expect("a node");
    cluster.kill(dead);
    await_healthy(&tools, &films);
    await_repair_idle(&tools);
    let lost: Vec<_> = cluster.others(dead).into_iter().rev().take(2).collect();
    kill_all(&mut cluster, &lost);
    let anywhere = cluster.tools_anywhere();
    await_answers(&anywhere);
    films.iter().for_each(|film| film.assert_reads(&anywhere));
    launch_all(&mut cluster, &lost);
    await_healthy(&tools, &films);

    wait_long_for("nothing to be placed on it", || (remove(&tools, &dead_id).code == 0).then_some(()));
    cluster.replace(dead);
    let new_id = wait_long_for("the new node", || cluster.id(dead, 0).filter(|id| *id != dead_id));
    wait_long_for("it to be given data", || {
        (chunks_on(&cluster, &[dead]) > 0).then(|| state(&cluster, 0, &new_id)).flatten()
    });
    await_healthy(&tools, &films);
    assert_eq!(state(&cluster, 0, &dead_id).as_deref(), Some("out"), "ids are never used again");
    films.iter().for_each(|film| film.assert_reads(&tools));
}

/// A cluster of six, one of them dead for good, whose repair is under way.
fn under_repair() -> (Cluster, Tools, [Film; 2], usize) {
    let mut cluster = Cluster::start(6, &[]);
    let tools = cluster.tools_anywhere();
    set(&tools, &HASTY);
    set(&tools, &[SLOW]);
    let films = films(&cluster);
    let dead = some_follower(&cluster);
    cluster.kill(dead);
    await_repair_running(&tools);
    (cluster, tools, films, dead)
}

/// Everything becomes whole, and then outlives two more.
fn assert_mended(cluster: &mut Cluster, films: &[Film; 2], dead: usize) {
    let tools = cluster.tools_anywhere();
    set(&tools, &[FAST]);
    await_healthy(&tools, &films.iter().collect::<Vec<_>>());
    await_repair_idle(&tools);
    let lost: Vec<_> = cluster.others(dead).into_iter().take(2).collect();
    kill_all(cluster, &lost);
    let tools = cluster.tools_anywhere();
    await_answers(&tools);
    films.iter().for_each(|film| film.assert_reads(&tools));
}

#[test]
fn a_repair_survives_the_death_of_its_leaders() {
    let (mut cluster, tools, films, dead) = under_repair();
    for _ in 0..LEADERS_KILLED {
        await_repair_running(&tools);
        let leader = cluster.await_leader();
        cluster.kill(leader);
        let others: Vec<_> = cluster.others(leader).into_iter().filter(|at| *at != dead).collect();
        let _ = cluster.await_leader_among(&others);
        cluster.restart(leader);
        films.iter().for_each(|film| film.assert_downloads(&tools, &[]));
    }
    // that it is paused is known to whoever leads next
    let order = |what: &str| drop(tools.vsctl(&["repair", what]).ok());
    order("pause");
    let leader = cluster.await_leader();
    cluster.kill(leader);
    cluster.restart(leader);
    wait_long_for("the next leader to say so", || (repair(&tools)?["state"] == "paused").then_some(()));
    set(&tools, &[FAST]);
    let done = repair(&tools).map(|status| status["bytes_done"].clone());
    films.iter().for_each(|film| film.assert_downloads(&tools, &[]));
    assert_eq!(repair(&tools).map(|status| status["bytes_done"].clone()), done, "nothing is done meanwhile");
    order("resume");
    assert_mended(&mut cluster, &films, dead);
}

/// Whoever led wakes up late, in the middle of what it was about to do, and changes nothing by it.
#[test]
fn an_executor_that_wakes_up_late_harms_nothing() {
    let (mut cluster, _, films, dead) = under_repair();
    let frozen = cluster.await_leader();
    cluster.freeze(frozen);
    let others: Vec<_> = cluster.others(frozen).into_iter().filter(|at| *at != dead).collect();
    let leader = cluster.await_leader_among(&others);
    let tools = cluster.tools(leader).clone();
    await_answers(&tools);
    await_repair_running(&tools);
    wait_long_for("it to be given up", || {
        let shown = tools.vsctl(&["layout", "show", "-o", "json"]);
        let id = cluster.id(frozen, leader)?;
        (shown.code == 0 && !shown.json()["nodes"].to_string().contains(&format!("\"{id}\""))).then_some(())
    });
    films.iter().for_each(|film| film.assert_downloads(&tools, &[]));
    cluster.thaw(frozen);
    assert_mended(&mut cluster, &films, dead);
}
