//! Uploads while nodes are dead, frozen or full: what is acknowledged is there whatever else is lost, and goes by itself to where
//! it belongs once that is possible (DUR-1).

use std::{fs, io::Write};

use vs_tests::{
    Cluster, Mount, Node, Tools,
    clip::{Clip, numbered, repeated_numbered},
    program::{self, start},
    redundancy::{Film, await_answers, await_chunks, await_healthy, chunks_on, set, sum, wait_long_for},
};

const FILM_BYTES: u64 = 8 << 20;
/// A file system on which a node can begin, and how much of it is left when somebody else fills it.
const DISK_BYTES: u64 = 1 << 30;
const LEFT_BYTES: u64 = 30 << 20;

fn state_of(cluster: &Cluster, at: usize, asked: usize) -> Option<String> {
    let listed = cluster.listed(asked)?;
    let node = listed.iter().find(|node| node["addr"] == cluster.advertised(at))?;
    Some(node["state"].as_str()?.to_owned())
}

fn await_state(cluster: &Cluster, at: usize, asked: usize, state: &str) {
    wait_long_for("a node to be seen as it is", || (state_of(cluster, at, asked)? == state).then_some(()));
}

/// Two nodes that do not lead, and the others, the leader first.
fn two_and_three(cluster: &Cluster) -> ([usize; 2], [usize; 3]) {
    let leader = cluster.await_leader();
    let [one, other, third, fourth] = cluster.others(leader)[..] else { panic!("a cluster of five") };
    ([one, other], [leader, third, fourth])
}

fn store(tools: &Tools, cluster: &Cluster, number: u64, scheme: &str) -> Film {
    let film = repeated_numbered(Clip::Film, FILM_BYTES, number, &cluster.work());
    Film::store(tools, &film, &["--redundancy", scheme])
}

#[test]
fn uploads_go_on_while_nodes_are_dead_or_frozen_and_survive_as_much_as_others() {
    let mut cluster = Cluster::start(5, &[]);
    let ([dead, frozen], alive) = two_and_three(&cluster);
    let tools = cluster.tools(alive[0]).clone();
    cluster.kill(dead);
    let copied = store(&tools, &cluster, 1, "replicate:3");
    assert!(copied.counted(&tools, "stand_ins") > 0, "one of five was dead: {:?}", tools.show(&copied.id));
    assert_eq!(copied.counted(&tools, "owed"), 0, "there are enough others");
    let coded = store(&tools, &cluster, 2, "erasure");
    assert_eq!(coded.scheme(&tools), "erasure(3+2)");
    assert!(coded.counted(&tools, "owed") > 0, "five nodes are needed: {:?}", tools.show(&coded.id));
    assert_eq!(coded.counted(&tools, "stand_ins"), 0, "nobody may hold two members");
    cluster.freeze(frozen);
    let hurried = store(&tools, &cluster, 3, "replicate:3");
    assert!(hurried.counted(&tools, "stand_ins") > 0, "two of five: {:?}", tools.show(&hurried.id));
    let films = [&copied, &coded, &hurried];
    films.iter().for_each(|film| film.assert_reads(&tools));
    cluster.thaw(frozen);

    // with the dead one, two are lost
    for lost in cluster.others(dead) {
        cluster.kill(lost);
        let anywhere = cluster.tools_anywhere();
        await_answers(&anywhere);
        films.iter().for_each(|film| film.assert_reads(&anywhere));
        cluster.restart(lost);
    }
    cluster.restart(dead);
    let anywhere = cluster.tools_anywhere();
    await_healthy(&anywhere, &films);
    // now all that was elsewhere is where it belongs, so that any two may be lost again
    for lost in [alive[0], frozen] {
        cluster.kill(lost);
    }
    await_answers(&anywhere);
    films.iter().for_each(|film| film.assert_reads(&anywhere));
    cluster.assert_raft_safety();
}

/// Four members make a stripe stored. With three nodes an upload waits, says for whom, and leaves nothing when it is cancelled.
#[test]
fn without_a_quorum_of_nodes_an_upload_says_whom_it_lacks_and_goes_on_when_they_come() {
    let mut cluster = Cluster::start(5, &[]);
    let ([dead, frozen], alive) = two_and_three(&cluster);
    let tools = cluster.tools(alive[0]).clone();
    set(&tools, &[("drop.delay", "1s")]);
    let lacked = [dead, frozen].map(|at| cluster.id(at, alive[0]).expect("a node"));
    cluster.kill(dead);
    cluster.freeze(frozen);
    [dead, frozen].iter().for_each(|at| await_state(&cluster, *at, alive[0], "down"));

    let film = repeated_numbered(Clip::Film, FILM_BYTES, 1, &cluster.work());
    let upload = || {
        let mut command = tools.command("vsctl");
        start(command.args(["upload", "-o", "jsonl", "--redundancy", "erasure"]).arg(&film), None)
    };
    let await_lacking = || {
        wait_long_for("it to be said who lacks", || {
            // three of five may be without a leader for a moment
            let listed = tools.vsctl(&["session", "ls", "-o", "json"]);
            let session = (listed.code == 0).then(|| listed.json())?["items"].as_array()?.last()?.clone();
            let said = session["error"].as_str()?;
            let names_all = lacked.iter().all(|node| said.contains(&format!("{node}: ")));
            (said.contains("need 4") && names_all).then(|| session["id"].as_str().map(str::to_owned)).flatten()
        })
    };
    let cancelled = upload();
    let session = await_lacking();
    assert!(chunks_on(&cluster, &alive) > 0, "some of it is written");
    let _ = tools.vsctl(&["session", "cancel", &session]).ok();
    cancelled.wait().fails(6, "VS-E0601");
    await_chunks(&cluster, &alive, 0);

    let waiting = upload();
    let _ = await_lacking();
    cluster.thaw(frozen);
    let stored = waiting.wait().ok();
    assert_eq!(stored.json_lines()[0]["status"], "ready", "{stored}");
    let stored = Film::store(&tools, &film, &[]);
    assert_eq!(stored.scheme(&tools), "erasure(3+2)");
    stored.assert_reads(&tools);
    cluster.assert_raft_safety();
}

/// A chunk in three copies costs three PUTs and three answers. With one of three nodes an upload goes on, with two it does not.
#[test]
fn three_nodes_are_enough_for_six_messages_a_chunk_two_for_an_upload_and_one_for_none() {
    let mut cluster = Cluster::start(3, &[]);
    let all = [0, 1, 2];
    let tools = cluster.tools_anywhere();
    let messages = || ["vsd_upload_puts_total", "vsd_upload_acks_total"].map(|figure| sum(&cluster, &all, figure));
    let before = messages();
    let whole = Film::store(&tools, &numbered(Clip::Film, 1, &cluster.work()), &["--redundancy", "replicate:3"]);
    let after = messages();
    let thrice = f64::from(u32::try_from(whole.chunks).expect("a few")) * 3.0;
    assert_eq!([after[0] - before[0], after[1] - before[1]], [thrice; 2], "{} chunks", whole.chunks);
    await_healthy(&tools, &[&whole]);

    let leader = cluster.await_leader();
    let followers = cluster.others(leader);
    cluster.kill(followers[0]);
    let tools = cluster.tools(leader).clone();
    await_answers(&tools);
    let owing = Film::store(&tools, &numbered(Clip::Film, 2, &cluster.work()), &[]);
    let [owed, stand_ins] = ["owed", "stand_ins"].map(|what| owing.counted(&tools, what));
    assert_eq!((owed, stand_ins), (owing.chunks, 0), "one copy of each");
    owing.assert_reads(&tools);

    cluster.kill(followers[1]);
    let refused = tools.try_upload(&numbered(Clip::Film, 3, &cluster.work()), &[]);
    assert_eq!(refused.code, 7, "{refused}");
    for at in &followers {
        assert!(refused.err.contains(cluster.advertised(*at)), "whom it lacks: {refused}");
    }
    // one copy that was acknowledged is enough to read
    owing.assert_downloads(&tools, &["--stale"]);

    followers.iter().for_each(|at| cluster.node_mut(*at).launch());
    followers.iter().for_each(|at| cluster.node_mut(*at).await_ready());
    let tools = cluster.tools_anywhere();
    await_healthy(&tools, &[&whole, &owing]);
    await_chunks(&cluster, &all, whole.chunks + owing.chunks);
    cluster.assert_raft_safety();
}

/// Another program has filled the disk of one node.
#[test]
fn a_full_node_is_stood_in_for() {
    let home = tempfile::TempDir::new().expect("a temporary folder");
    let disk = home.path().join("disk");
    fs::create_dir(&disk).expect("a folder");
    let Some(mount) = Mount::new(&disk, &DISK_BYTES.to_string()) else { return };
    let full = 1;
    let on_disk = |at: usize, node: &mut Node| {
        if at == full {
            node.with(&format!("storage.dirs={}", disk.display()));
        }
    };
    let mut cluster = Cluster::start_prepared(5, &[], on_disk);
    let free = || {
        let mut command = program::bare("df");
        let said = program::run(command.args(["--output=avail", "--block-size=1"]).arg(&disk)).ok();
        said.out().lines().last().and_then(|line| line.trim().parse::<u64>().ok()).expect("a number")
    };
    let mut foreign = fs::File::create(disk.join("foreign")).expect("a file");
    let block = vec![1; 1 << 20];
    while free() > LEFT_BYTES {
        foreign.write_all(&block).expect("written");
    }
    drop(foreign);
    let from = cluster.others(full)[0];
    let tools = cluster.tools(from).clone();
    let film = store(&tools, &cluster, 1, "replicate:3");
    assert!(film.counted(&tools, "stand_ins") > 0, "{:?}", tools.show(&film.id));
    assert_eq!((film.counted(&tools, "owed"), chunks_on(&cluster, &[full])), (0, 0));
    cluster.kill(full);
    film.assert_reads(&tools);
    cluster.restart(full);
    fs::remove_file(disk.join("foreign")).expect("removed");
    await_healthy(&tools, &[&film]);
    assert!(chunks_on(&cluster, &[full]) > 0, "it has room again");
    cluster.assert_raft_safety();
    drop(cluster);
    drop(mount);
}
