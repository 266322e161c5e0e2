//! Machines come, go and count otherwise while films are read: what moves is what the layouts require, and nobody notices.

use std::{
    sync::atomic::{AtomicBool, AtomicU64},
    thread,
};

use vs_tests::{
    Cluster, Tools,
    clip::{Clip, repeated_numbered},
    meanwhile::{Over, await_more, keep},
    moving::{await_level, layout, moved, planned},
    redundancy::{Film, await_healthy, chunks_on, set, wait_long_for},
};

const FILM_BYTES: u64 = 24 << 20;
/// Moved bytes for each that had to.
const EXCESS_PERCENT_MAX: u64 = 110;

fn store(cluster: &Cluster, number: u64, scheme: &str) -> Film {
    let film = repeated_numbered(Clip::Film, FILM_BYTES, number, &cluster.work());
    Film::store(&cluster.tools_anywhere(), &film, &["--redundancy", scheme])
}

/// Changes the layout, which must move what was planned.
fn change(cluster: &mut Cluster, plan: &[&str], act: impl FnOnce(&mut Cluster, &Tools)) {
    let tools = cluster.tools_anywhere();
    let wanted = planned(&tools, plan)["bytes"].as_u64().expect("bytes");
    let (before, had) = (layout(&tools).epoch.0, moved(cluster));
    act(cluster, &tools);
    await_level(&tools, before + 1);
    let bytes = moved(cluster) - had;
    assert!(bytes * 100 <= wanted * EXCESS_PERCENT_MAX, "{plan:?} moved {bytes} bytes, and {wanted} were planned");
    assert!(wanted == 0 || bytes > 0, "{plan:?} moved nothing, and {wanted} bytes were planned");
}

fn state(cluster: &Cluster, id: &str) -> Option<String> {
    let node = cluster.listed(0)?.into_iter().find(|node| node["id"] == id)?;
    Some(node["state"].as_str()?.to_owned())
}

#[test]
fn a_cluster_grows_and_shrinks_while_films_are_read() {
    let mut cluster = Cluster::start(3, &[]);
    let tools = cluster.tools_anywhere();
    set(&tools, &[("drop.delay", "1s"), ("repair.rate", "1GiB/s")]);
    let copied = store(&cluster, 1, "replicate:3");
    let viewer = tools.someone_else("viewer");
    let (is_over, downloads) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        let over = Over(&is_over);
        let downloading = [scope.spawn(keep(&is_over, &downloads, |_| copied.assert_downloads(&viewer, &[])))];
        for _ in 4..=6 {
            change(&mut cluster, &["--add", "default"], |cluster, _| _ = cluster.add());
            await_more(&[&downloads], &downloading);
        }
        let coded = store(&cluster, 2, "erasure");
        let id = |at: usize| cluster.id(at, 0).expect("a node");
        let [weighed, drained, removed] = [3, 4, 5].map(id);
        let half = format!("{weighed}=0.5");
        change(&mut cluster, &["--weight", &half], |_, tools| {
            let _ = tools.vsctl(&["node", "set", &weighed, "--weight", "0.5"]).ok();
        });
        change(&mut cluster, &["--drain", &drained], |_, tools| {
            let _ = tools.vsctl(&["node", "drain", &drained]).ok();
        });
        assert_eq!(state(&cluster, &drained).as_deref(), Some("draining"));
        wait_long_for("its chunks to go", || (chunks_on(&cluster, &[4]) == 0).then_some(()));
        let refused = tools.vsctl(&["node", "drain", &removed]);
        assert_eq!(refused.code, 11, "stripes need five nodes: {refused}");
        change(&mut cluster, &["--undrain", &drained], |_, tools| {
            let _ = tools.vsctl(&["node", "undrain", &drained]).ok();
        });
        change(&mut cluster, &["--rm", &removed], |_, tools| {
            let _ = tools.vsctl(&["node", "rm", &removed, "--yes"]).ok();
        });
        assert_eq!(state(&cluster, &removed).as_deref(), Some("out"));
        await_healthy(&tools, &[&copied, &coded]);
        coded.assert_reads(&tools);
        await_more(&[&downloads], &downloading);
        drop(over);
        downloading.into_iter().for_each(|thread| thread.join().expect("every download was right"));
    });
    copied.assert_plays(&tools, &[]);
    cluster.assert_raft_safety();
}
