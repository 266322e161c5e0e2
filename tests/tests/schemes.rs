//! How films are kept as the cluster grows, as the policy wants it and as a person chooses, while they are being read.

use std::{
    sync::atomic::{AtomicBool, AtomicU64},
    thread,
};

use serde_json::Value;
use vs_client::Client;
use vs_tests::{
    Cluster, Tools,
    clip::{Clip, repeated_numbered},
    meanwhile::{Over, await_more, keep},
    program::PATIENCE,
    redundancy::{Film, await_chunks, await_healthy, chunks_on, set, sum, wait_long_for},
};
use vs_wire::v1;

const FILM_BYTES: u64 = 12 << 20;
const CODED: &str = "erasure(3+2)";
const COPIED: &str = "replicate(3)";
const DEFERRED: &str = "erasure deferred: 5 nodes needed, 3 up";
/// Disk bytes for each of a film's, in stripes and in copies; the parity of stripes that are not full is the difference to 5/3.
const CODED_MAX: f64 = 1.8;
const COPIES: f64 = 3.0;

fn store(cluster: &Cluster, number: u64, flags: &[&str]) -> Film {
    let film = repeated_numbered(Clip::Film, FILM_BYTES, number, &cluster.work());
    Film::store(&cluster.tools_anywhere(), &film, flags)
}

fn of_redundancy(tools: &Tools, film: &Film) -> Value {
    tools.vsctl(&["redundancy", "show", &film.id, "-o", "json"]).ok().json()["items"][0].clone()
}

fn await_scheme(tools: &Tools, film: &Film, scheme: &str) {
    wait_long_for("a film to be kept as it should be", || (film.scheme(tools) == scheme).then_some(()));
}

fn notes(tools: &Tools) -> Vec<String> {
    let notes = tools.vsctl(&["status", "-o", "json"]).ok().json()["notes"].clone();
    notes.as_array().expect("a list").iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A home server that grows: copies come with nodes, stripes with the fifth.
#[test]
fn a_cluster_of_one_grows_to_five() {
    let mut cluster = Cluster::start(1, &[]);
    set(cluster.tools(0), &[("drop.delay", "1s")]);
    let film = store(&cluster, 1, &[]);
    let tools = cluster.tools(0).clone();
    await_chunks(&cluster, &[0], film.chunks);
    film.assert_reads(&tools);
    for nodes in 2..=3 {
        let _ = cluster.add();
        await_chunks(&cluster, &(0..nodes).collect::<Vec<_>>(), film.chunks);
        let copies = u64::try_from(nodes).expect("a few");
        wait_long_for("it to be told", || {
            (tools.show(&film.id)["physical_bytes"] == film.logical_bytes * copies).then_some(())
        });
    }
    await_healthy(&tools, &[&film]);

    let deferred = store(&cluster, 2, &["--redundancy", "erasure"]);
    assert_eq!(deferred.scheme(&tools), COPIED);
    assert_eq!(of_redundancy(&tools, &deferred)["note"], DEFERRED);
    let said: Vec<_> = notes(&tools).into_iter().filter(|note| note.contains(DEFERRED)).collect();
    assert_eq!(said.len(), 1, "it is said once: {said:?}");
    deferred.assert_reads(&tools);

    let _ = cluster.add();
    let copies = 3 * (film.chunks + deferred.chunks);
    wait_long_for("the fourth to take its share", || (chunks_on(&cluster, &[3]) > 0).then_some(()));
    wait_long_for("copies to be where they belong", || (chunks_on(&cluster, &[0, 1, 2, 3]) == copies).then_some(()));
    await_healthy(&tools, &[&film, &deferred]);

    let _ = cluster.add();
    await_scheme(&tools, &deferred, CODED);
    await_healthy(&tools, &[&film, &deferred]);
    assert!(!notes(&tools).iter().any(|note| note.contains("deferred")), "{:?}", notes(&tools));
    assert_eq!(film.scheme(&tools), COPIED, "nobody asked for anything else");
    [&film, &deferred].iter().for_each(|film| film.assert_reads(&tools));
    cluster.assert_raft_safety();
}

/// Disk bytes on all nodes for each byte of the film, which is the only one.
fn ratio(cluster: &Cluster, film: &Film) -> f64 {
    sum(cluster, &[0, 1, 2, 3, 4], "vsd_chunk_bytes") / film.logical_bytes as f64
}

/// Waits until the film, which is the only one, is whole by this scheme, and nothing is left of the last one.
fn await_kept(cluster: &Cluster, film: &Film, scheme: &str) {
    let tools = cluster.tools_anywhere();
    await_scheme(&tools, film, scheme);
    await_healthy(&tools, &[film]);
    wait_long_for("old copies to go", || {
        let ratio = ratio(cluster, film);
        (if scheme == CODED { ratio < CODED_MAX } else { (ratio - COPIES).abs() < 0.01 }).then_some(())
    });
}

#[test]
fn a_film_changes_how_it_is_kept_while_it_is_read() {
    let mut cluster = Cluster::start(5, &[]);
    let tools = cluster.tools_anywhere();
    set(&tools, &[("drop.delay", "1s")]);
    let film = store(&cluster, 1, &["--redundancy", "replicate:3"]);
    let (is_over, downloads) = (AtomicBool::new(false), AtomicU64::new(0));
    let viewer = tools.someone_else("viewer");
    let redundancy = |args: &[&str]| drop(tools.vsctl(&[&["redundancy"], args].concat()).ok());
    thread::scope(|scope| {
        let over = Over(&is_over);
        let downloading = [scope.spawn(keep(&is_over, &downloads, |_| film.assert_downloads(&viewer, &[])))];
        let becomes = |scheme: &str| {
            await_kept(&cluster, &film, scheme);
            await_more(&[&downloads], &downloading);
        };
        redundancy(&["set", &film.id, "erasure"]);
        becomes(CODED);
        redundancy(&["set", &film.id, "replicate:3"]);
        becomes(COPIED);
        // the policy decides, and finds it old enough
        set(&tools, &[("policy.min_age", "0s")]);
        redundancy(&["clear", &film.id]);
        becomes(CODED);
        drop(over);
        downloading.into_iter().for_each(|thread| thread.join().expect("every download was right"));
    });
    film.assert_plays(&tools, &[]);
    cluster.assert_raft_safety();
}

/// Has a view counted, as a player does; or not, when who leads changes just then.
async fn watch(cluster: &Cluster, film: &Film) {
    let client = Client::connect(&cluster.endpoints(), PATIENCE).await.expect("a node that answers");
    let _ = client.meta().count_view(v1::CountViewRequest { video: film.id.clone() }).await;
}

/// Nobody asks for a scheme: a film goes cold with age, hot with views, and cold again only when it has far fewer than that.
#[test]
fn a_film_that_is_watched_is_kept_in_copies_until_it_is_cold_again() {
    let mut cluster = Cluster::start(5, &[]);
    let tools = cluster.tools_anywhere();
    let limits = |hot: &str, cold: &str| set(&tools, &[("policy.hot_views", hot), ("policy.cold_views", cold)]);
    set(&tools, &[("drop.delay", "1s")]);
    limits("2", "1");
    let film = store(&cluster, 1, &[]);
    await_kept(&cluster, &film, COPIED);
    set(&tools, &[("policy.min_age", "0s")]);
    await_kept(&cluster, &film, CODED);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    wait_long_for("views to make it hot", || {
        runtime.block_on(watch(&cluster, &film));
        of_redundancy(&tools, &film)["views"].as_u64().filter(|views| *views > 2)
    });
    await_kept(&cluster, &film, COPIED);
    film.assert_reads(&tools);

    let views = of_redundancy(&tools, &film)["views"].as_u64().expect("views");
    limits(&(views + 100).to_string(), &(views - 1).to_string());
    assert_eq!(of_redundancy(&tools, &film)["wanted"], COPIED, "it is between the limits");
    limits(&(views + 100).to_string(), &(views + 50).to_string());
    await_kept(&cluster, &film, CODED);
    film.assert_reads(&tools);
    cluster.assert_raft_safety();
}
