//! Disks that fill up: a nearly full cluster levels out when machines join it, says beforehand whether it can do without one,
//! gives a small disk less, and refuses what there is no room for. Each node has a disk of its own, in memory.

use std::{
    collections::BTreeSet,
    fs,
    sync::atomic::{AtomicBool, AtomicU64},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use vs_tests::{
    Cluster, Mount, Node, Tools,
    clip::{Clip, numbered, repeated_numbered},
    meanwhile::{Over, await_more, keep},
    moving::{await_level, layout, rebalance},
    redundancy::{Film, await_chunks, await_repair_idle, set, sum, wait_long_for},
};

const MIB: u64 = 1 << 20;
/// Nothing is larger than a small disk; and what is left is not worth another film.
const FILM_BYTES_MAX: u64 = 24 * MIB;
const FILM_BYTES_MIN: u64 = 3 * MIB;
/// More than a full cluster could hold even with what is not counted exactly.
const FAR_TOO_LARGE: u64 = 72 * MIB;
/// A node whose disk is fuller takes no chunks, and one whose disk is fuller than others' is to take less.
const FULL_PERCENT: f64 = 95.0;
const WARN_PERCENT: f64 = 85.0;
/// Longer than a leader waits, with the `drop.delay` used here, until it looks again at what a change of weights did.
const LOOKED_AGAIN: Duration = Duration::from_secs(40);
const PAUSE: Duration = Duration::from_millis(500);

/// A disk for each node.
struct Disks {
    mounts: Vec<Mount>,
    _home: TempDir,
}

impl Disks {
    /// None where the machine does not let us mount.
    fn new(sizes_mib: &[u64]) -> Option<Self> {
        let home = TempDir::with_prefix("vs-test-disks-").expect("a temporary folder");
        let mount = |(at, mib): (usize, &u64)| {
            let path = home.path().join(format!("disk{at}"));
            fs::create_dir(&path).expect("a folder");
            Mount::new(&path, &format!("{mib}m"))
        };
        let mounts = sizes_mib.iter().enumerate().map(mount).collect::<Option<_>>()?;
        Some(Self { mounts, _home: home })
    }

    /// Begins a cluster on the first of them.
    fn begin(&self, nodes: usize) -> (Cluster, Tools) {
        let cluster = Cluster::start_prepared(nodes, &[], |at, node| self.give(at, node));
        let tools = cluster.tools_anywhere();
        set(&tools, &[("drop.delay", "1s"), ("repair.rate", "1GiB/s")]);
        (cluster, tools)
    }

    fn give(&self, at: usize, node: &mut Node) {
        node.with(&format!("storage.dirs={}", self.mounts[at].path().display()));
    }

    /// Bytes used and in all on the disks of the first so many nodes.
    fn space(&self, nodes: usize) -> (u64, u64) {
        let add = |(used, total), (more_used, more_total)| (used + more_used, total + more_total);
        self.mounts[..nodes].iter().map(Mount::space).fold((0, 0), add)
    }

    /// How full that is, in percent.
    fn fill(&self, nodes: usize) -> f64 {
        percent(self.space(nodes))
    }

    fn fill_of(&self, at: usize) -> f64 {
        percent(self.mounts[at].space())
    }

    /// Waits until the cluster knows of its disks what is true.
    fn await_known(&self, cluster: &Cluster) {
        wait_long_for("the nodes to tell how full they are", || {
            let listed = cluster.listed(0)?;
            let told = |at: usize| {
                let node = listed.iter().find(|node| node["addr"] == cluster.advertised(at))?;
                Some(percent((node["disk_used_bytes"].as_u64()?, node["disk_total_bytes"].as_u64()?)))
            };
            let is_known = |at: usize| told(at).is_some_and(|told| (told - self.fill_of(at)).abs() < 0.5);
            (0..cluster.size()).all(is_known).then_some(())
        });
    }
}

#[allow(clippy::cast_precision_loss, reason = "small disks")]
fn percent((used, total): (u64, u64)) -> f64 {
    used as f64 / total as f64 * 100.0
}

/// How films are kept, and how many bytes disks hold for each byte of a file, whose tracks are stored beside it.
const COPIED: (&str, u64) = ("replicate:3", 6);
const CODED: (&str, u64) = ("erasure", 4);

/// Films in a cluster, of which none equals another.
struct Shelf<'a> {
    disks: &'a Disks,
    tools: Tools,
    /// One film after the other is kept by these.
    schemes: &'static [(&'static str, u64)],
    films: Vec<Film>,
    stored: u64,
}

impl<'a> Shelf<'a> {
    fn new(disks: &'a Disks, tools: &Tools, schemes: &'static [(&'static str, u64)]) -> Self {
        Self { disks, tools: tools.clone(), schemes, films: Vec::new(), stored: 0 }
    }

    /// Stores films until the disks are about so full together.
    fn fill(&mut self, cluster: &Cluster, to_percent: u64) {
        for (scheme, stored_of_film) in self.schemes.iter().cycle() {
            let (used, total) = self.disks.space(cluster.size());
            let film_bytes = (total * to_percent / 100).saturating_sub(used) / stored_of_film;
            if film_bytes < FILM_BYTES_MIN {
                return;
            }
            let film_bytes = film_bytes.min(FILM_BYTES_MAX);
            self.stored += 1;
            let path = repeated_numbered(Clip::Film, film_bytes, self.stored, &cluster.work());
            self.films.push(Film::store(&self.tools, &path, &["--redundancy", scheme]));
        }
    }

    /// Purges films until the disks are no fuller than that.
    fn purge(&mut self, cluster: &Cluster, to_percent: f64) {
        while self.disks.fill(cluster.size()) > to_percent {
            let film = self.films.pop().expect("there are more");
            let _ = self.tools.vsctl(&["video", "purge", &film.id, "--yes"]).ok();
            self.await_swept(cluster);
        }
    }

    /// Waits until nothing is stored but what belongs to the films.
    fn await_swept(&self, cluster: &Cluster) {
        let bytes = |film: &Value| film["physical_bytes"].as_f64().expect("a size");
        let wanted = || self.tools.ls(&["--limit", "1000"]).iter().map(bytes).sum::<f64>();
        let held = || sum(cluster, &all(cluster), "vsd_chunk_bytes");
        wait_long_for("what nobody wants to be gone", || (held() <= wanted()).then_some(()));
    }

    fn assert_all_read(&self) {
        self.films.iter().for_each(|film| film.assert_downloads(&self.tools, &[]));
    }
}

fn all(cluster: &Cluster) -> Vec<usize> {
    (0..cluster.size()).collect()
}

fn listed(cluster: &Cluster, at: usize) -> Option<Value> {
    cluster.listed(0)?.into_iter().find(|node| node["addr"] == cluster.advertised(at))
}

fn state(cluster: &Cluster, at: usize) -> String {
    wait_long_for("the nodes", || Some(listed(cluster, at)?["state"].as_str()?.to_owned()))
}

/// A dry run, and then the act: whether the node was drained. Both say the same, and a refusal changes nothing.
fn drain(cluster: &Cluster, tools: &Tools, at: usize) -> bool {
    let id = cluster.id(at, 0).expect("a node");
    let expected = tools.vsctl(&["node", "drain", &id, "--dry-run", "-o", "json"]);
    let plan = expected.json();
    let why: Vec<_> = plan["why"].as_array().expect("reasons").iter().filter_map(Value::as_str).collect();
    assert_eq!(
        (expected.code, why.is_empty()),
        if plan["fits"] == true { (0, true) } else { (11, false) },
        "{expected}"
    );
    let said = tools.vsctl(&["node", "drain", &id, "-o", "json"]);
    assert_eq!(said.code, expected.code, "not as it was said before: {said}\n{expected}");
    if said.code == 0 {
        assert_eq!(said.json()["state"], "draining", "{said}");
        return true;
    }
    said.fails(11, "VS-E1101");
    expected.fails(11, "VS-E1101");
    let others: BTreeSet<_> = cluster.others(at).into_iter().filter_map(|other| cluster.id(other, 0)).collect();
    for line in why {
        let named = line.split(' ').next().unwrap_or_default();
        assert!(others.contains(named) && line.contains("(limit 95 %)"), "who has no room: {line}");
        assert!(said.err.contains(&format!("{named} would be")), "{said}");
    }
    assert_eq!(state(cluster, at), "up");
    let jobs = tools.vsctl(&["job", "ls", "-o", "json"]).ok().json();
    let is_drain = |job: &&Value| job["kind"] == "drain";
    assert_eq!(jobs["items"].as_array().expect("a list").iter().find(is_drain), None);
    false
}

#[test]
fn a_nearly_full_cluster_levels_out_and_says_whether_a_node_can_be_spared() {
    let Some(disks) = Disks::new(&[128; 7]) else { return };
    let (mut cluster, tools) = disks.begin(5);
    let mut shelf = Shelf::new(&disks, &tools, &[CODED, COPIED, CODED]);
    shelf.fill(&cluster, 90);
    let full = disks.fill(5);
    assert!(full > 87.0, "{full} % is not nearly full");
    let before = layout(&tools).epoch.0;
    for _ in 0..2 {
        let _ = cluster.add_prepared(|at, node| disks.give(at, node));
    }
    await_level(&tools, before + 1);
    await_repair_idle(&tools);
    shelf.await_swept(&cluster);
    let is_level = |at: usize| (0.65..1.35).contains(&(disks.fill_of(at) / disks.fill(7)));
    wait_long_for("the disks to have their space back", || (0..7).all(is_level).then_some(()));
    assert!(disks.fill(7) < full * 0.8, "five of seven: {full} {}", disks.fill(7));
    shelf.assert_all_read();

    shelf.fill(&cluster, 85);
    let leaves = cluster.others(cluster.await_leader())[3];
    disks.await_known(&cluster);
    assert!(!drain(&cluster, &tools, leaves), "six of seven cannot hold it: {} %", disks.fill(7));
    // now it may fit or not, and then it does
    let is_drained = [77.0, 60.0].into_iter().any(|percent| {
        shelf.purge(&cluster, percent);
        disks.await_known(&cluster);
        drain(&cluster, &tools, leaves)
    });
    assert!(is_drained, "there is a lot of room: {} %", disks.fill(7));
    await_chunks(&cluster, &[leaves], 0);
    await_repair_idle(&tools);
    shelf.await_swept(&cluster);
    cluster.kill(leaves);
    shelf.tools = cluster.tools(cluster.await_leader_among(&cluster.others(leaves))).clone();
    shelf.assert_all_read();
    cluster.assert_raft_safety();
    drop(cluster);
}

/// Weights of the small disk's node, as they were one after the other.
fn note(cluster: &Cluster, at: usize, weights: &mut Vec<f64>) {
    let weight = listed(cluster, at).and_then(|node| node["weight"].as_f64());
    if let Some(weight) = weight.filter(|weight| weights.last() != Some(weight)) {
        weights.push(weight);
    }
}

#[test]
fn a_small_disk_among_large_ones_takes_less_by_itself() {
    let small = 4;
    let Some(disks) = Disks::new(&[512, 512, 512, 512, 64]) else { return };
    let (mut cluster, tools) = disks.begin(5);
    // stripes have a member on each of five nodes, whatever that weighs
    let mut shelf = Shelf::new(&disks, &tools, &[COPIED]);
    let (before, mut weights) = (layout(&tools).epoch.0, Vec::new());
    note(&cluster, small, &mut weights);
    for percent in 10.. {
        if disks.fill_of(small) > WARN_PERCENT {
            break;
        }
        shelf.fill(&cluster, percent);
    }
    let (is_over, uploads) = (AtomicBool::new(false), AtomicU64::new(0));
    let (uploader, work) = (tools.someone_else("uploader"), cluster.work());
    let more = thread::scope(|scope| {
        let over = Over(&is_over);
        let more = scope.spawn(|| {
            let mut films = Vec::new();
            keep(&is_over, &uploads, |count| {
                let path = numbered(Clip::Short, count, &work);
                films.push(Film::store(&uploader, &path, &["--redundancy", COPIED.0]));
                thread::sleep(PAUSE);
            })();
            films
        });
        wait_long_for("the small disk to get less", || {
            note(&cluster, small, &mut weights);
            assert!(!more.is_finished(), "an upload failed");
            (weights.len() > 1).then_some(())
        });
        await_more(&[&uploads], &[]);
        drop(over);
        more.join().expect("no upload failed")
    });
    shelf.films.extend(more);
    // what it has no room for goes elsewhere, and what was placed there and has left is dropped
    wait_long_for("everything to be in its place", || {
        note(&cluster, small, &mut weights);
        let status = rebalance(&tools)?;
        (status["state"] == "idle" && status["assets_behind"] == 0 && status["waiting"] == json!([])).then_some(())
    });
    let began = Instant::now();
    while began.elapsed() < LOOKED_AGAIN {
        note(&cluster, small, &mut weights);
        thread::sleep(PAUSE);
    }
    await_level(&tools, before + 1);
    assert!(weights.is_sorted_by(|one, next| one > next), "it goes down and stays there: {weights:?}");
    let epochs = layout(&tools).epoch.0 - before;
    assert!((1..=4).contains(&epochs), "{epochs} epochs: {weights:?}");
    await_repair_idle(&tools);
    shelf.await_swept(&cluster);
    assert!(disks.fill_of(small) < FULL_PERCENT, "{} %", disks.fill_of(small));
    shelf.assert_all_read();
    cluster.assert_raft_safety();
    drop(cluster);
}

/// A film for which there is no room anywhere is refused before any of it is sent, with a reason for each node.
fn assert_refused_at_once(cluster: &Cluster, tools: &Tools) {
    let sessions = || tools.vsctl(&["session", "ls", "--all", "-o", "json"]).ok().json()["items"].clone();
    let before = sessions();
    let said = tools.try_upload(&repeated_numbered(Clip::Film, FAR_TOO_LARGE, 1, &cluster.work()), &[]);
    said.fails(11, "VS-E1101");
    let is_named = |at| said.err.contains(&format!("{} takes", cluster.id(at, 0).expect("a node")));
    assert!((0..cluster.size()).all(is_named), "{said}");
    assert_eq!(sessions(), before, "no upload was begun");
}

#[test]
fn a_full_cluster_refuses_uploads_until_something_is_purged() {
    let Some(disks) = Disks::new(&[48; 3]) else { return };
    let (mut cluster, tools) = disks.begin(3);
    let mut shelf = Shelf::new(&disks, &tools, &[COPIED]);
    let path = |number: u64| numbered(Clip::Film, number, &cluster.work());
    let try_store = |number: u64| {
        let said = tools.try_upload(&path(number), &[]);
        if said.code != 0 {
            said.fails(11, "VS-E1101");
        }
        said.code == 0
    };
    let mut number = 1;
    while try_store(number) {
        shelf.films.push(Film::store(&tools, &path(number), &[]));
        number += 1;
    }
    assert!(disks.fill(3) > WARN_PERCENT, "refused at {} %", disks.fill(3));
    assert!(!try_store(number), "refused again");
    disks.await_known(&cluster);
    assert_refused_at_once(&cluster, &tools);
    assert_eq!(tools.ls(&["--filter", "status=ready"]).len(), shelf.films.len());
    shelf.assert_all_read();

    for _ in 0..2 {
        let film = shelf.films.pop().expect("a film");
        let _ = tools.vsctl(&["video", "purge", &film.id, "--yes"]).ok();
    }
    wait_long_for("room for another film", || try_store(number).then_some(()));
    shelf.films.push(Film::store(&tools, &path(number), &[]));
    shelf.await_swept(&cluster);
    shelf.assert_all_read();
    cluster.assert_raft_safety();
    drop(cluster);
}
