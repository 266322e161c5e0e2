//! Films on several nodes as a person finds them: how well they are kept, that they read back byte for byte and play, and what
//! happens to single copies behind the nodes' backs.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;

use crate::{
    Cluster, Node, Said, Tools,
    program::{self, keys},
    sha256, wait_for, wait_for_none,
};

/// Between two looks at something that takes a while: commands cost more than what they look at.
const PAUSE: Duration = Duration::from_millis(300);
/// Bytes before a chunk's payload where it lies on disk.
const RECORD_HEADER: u64 = 128;

/// The exit code of a command that found no quorum.
const UNAVAILABLE: i32 = 7;
/// What `vsctl show` counts of chunks that are not where they belong.
const LACKS: [&str; 4] = ["degraded", "missing", "stand_ins", "owed"];

/// A film that was acknowledged: from then on it has to be had again as it was.
#[derive(Clone, Debug)]
pub struct Film {
    pub id: String,
    /// Data chunks of all its tracks.
    pub chunks: u64,
    pub logical_bytes: u64,
    pub path: PathBuf,
    sha256: String,
    /// As they were shown when it was stored.
    tracks: Vec<Value>,
}

impl Film {
    /// Uploads a file, which must go well.
    #[must_use]
    #[track_caller]
    pub fn store(tools: &Tools, path: &Path, flags: &[&str]) -> Self {
        Self::known(tools, tools.upload(path, flags).id, path)
    }

    /// Uploads a file as soon as there is a quorum, which must go well then.
    #[must_use]
    #[track_caller]
    pub fn store_in_the_end(tools: &Tools, path: &Path) -> Self {
        let said = once_available(|| tools.try_upload(path, &[])).ok().json_lines().pop().expect("an object a file");
        Self::known(tools, said["video_id"].as_str().expect("a video").to_owned(), path)
    }

    /// The film that a file became when it was uploaded.
    #[must_use]
    #[track_caller]
    pub fn known(tools: &Tools, id: String, path: &Path) -> Self {
        let shown = shown(tools, &id);
        let tracks = shown["tracks"].as_array().expect("tracks").clone();
        let chunks = chunks_of(&shown);
        let logical_bytes = shown["logical_bytes"].as_u64().expect("a size");
        Self { id, chunks, logical_bytes, path: path.to_owned(), sha256: sha256(path), tracks }
    }

    /// Requires that it comes back byte for byte.
    #[track_caller]
    pub fn assert_downloads(&self, tools: &Tools, flags: &[&str]) {
        self.assert_came_back(once_available(|| self.download(tools, flags)));
    }

    /// Requires that it comes back at the first attempt, whatever is going on.
    #[track_caller]
    pub fn assert_downloads_at_once(&self, tools: &Tools) {
        self.assert_came_back(self.download(tools, &[]));
    }

    fn download(&self, tools: &Tools, flags: &[&str]) -> Said {
        let mut command = tools.command("vsctl");
        program::run(command.args(["download", "--force", &self.id]).args(flags).arg(self.path.with_extension("back")))
    }

    #[track_caller]
    fn assert_came_back(&self, said: Said) {
        let (said, back) = (said.ok(), self.path.with_extension("back"));
        assert_eq!(sha256(&back), self.sha256, "{said}");
        fs::remove_file(back).expect("removed");
    }

    /// Requires that what is played are the tracks that were stored.
    #[track_caller]
    pub fn assert_plays(&self, tools: &Tools, flags: &[&str]) {
        let _ = once_available(|| self.play(tools, flags)).ok();
        self.assert_played(&self.path.with_extension("report"));
    }

    /// Requires that they are played at the first attempt, whatever is going on.
    #[track_caller]
    pub fn assert_plays_at_once(&self, tools: &Tools) {
        let _ = self.play(tools, &[]).ok();
        self.assert_played(&self.path.with_extension("report"));
    }

    fn play(&self, tools: &Tools, flags: &[&str]) -> Said {
        let report = self.path.with_extension("report");
        let path = report.to_str().expect("a path of ours");
        tools.vsplay(&[&[&self.id, "--headless", "--no-clock", "--report", path], flags].concat())
    }

    /// Requires that a player's report tells of the tracks that were stored, to their ends.
    #[track_caller]
    pub fn assert_played(&self, report: &Path) {
        let told: Value = serde_json::from_slice(&fs::read(report).expect("a report")).expect("JSON");
        let played = told["tracks"].as_array().expect("tracks");
        assert!(!played.is_empty(), "{told}");
        for track in played {
            let kept = self.tracks.iter().find(|kept| kept["name"] == track["name"]).expect("a track of the film");
            assert_eq!((&track["sha256"], &track["bytes"]), (&kept["sha256"], &kept["bytes"]), "{told}");
        }
    }

    /// Requires that it comes back and plays.
    #[track_caller]
    pub fn assert_reads(&self, tools: &Tools) {
        self.assert_downloads(tools, &[]);
        self.assert_plays(tools, &[]);
    }

    /// How many of its chunks stand in elsewhere, or are owed: `stand_ins` or `owed`.
    #[must_use]
    #[track_caller]
    pub fn counted(&self, tools: &Tools, what: &str) -> u64 {
        let shown = shown(tools, &self.id);
        shown["redundancy"][what].as_u64().unwrap_or_else(|| panic!("no {what}: {shown}"))
    }

    #[must_use]
    #[track_caller]
    pub fn scheme(&self, tools: &Tools) -> String {
        shown(tools, &self.id)["scheme"].as_str().expect("a scheme").to_owned()
    }
}

/// What keeps a film from being whole, as `vsctl show` counts it; nothing when every chunk is where it belongs, as often as it
/// should be.
fn lack(tools: &Tools, id: &str) -> Option<String> {
    let said = tools.vsctl(&["show", "-o", "json", id]);
    if said.code != 0 {
        return Some(said.err);
    }
    let (shown, chunks) = (said.json(), chunks_of(&said.json()));
    let redundancy = &shown["redundancy"];
    let is_whole = redundancy["healthy"] == chunks && LACKS.iter().all(|lack| redundancy[lack] == 0);
    (!is_whole).then(|| format!("{id} of {chunks} chunks: {redundancy}"))
}

/// Data chunks of all tracks of a film that is shown.
fn chunks_of(shown: &Value) -> u64 {
    shown["tracks"].as_array().expect("tracks").iter().filter_map(|track| track["chunks"].as_u64()).sum()
}

/// What is told once the cluster has a leader: on a busy machine as many nodes as are just enough may be without one for a while.
fn once_available(run: impl Fn() -> Said) -> Said {
    wait_for("the cluster to be available", || Some(run()).filter(|said| said.code != UNAVAILABLE))
}

#[track_caller]
fn shown(tools: &Tools, id: &str) -> Value {
    once_available(|| tools.vsctl(&["show", "-o", "json", id])).ok().json()
}

/// Waits until these films are whole.
pub fn await_healthy(tools: &Tools, films: &[&Film]) {
    let ids: Vec<_> = films.iter().map(|film| film.id.clone()).collect();
    await_whole(tools, &ids, |_| true);
}

/// Waits until each of these films is whole, or not wanted any more.
pub fn await_whole(tools: &Tools, ids: &[String], is_wanted: impl Fn(&str) -> bool) {
    wait_for_none(|| {
        std::thread::sleep(PAUSE);
        ids.iter().filter(|id| is_wanted(id)).filter_map(|id| lack(tools, id)).collect()
    });
}

/// Waits for something that takes a while, and costs something to look at.
pub fn wait_long_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    wait_for(what, || {
        std::thread::sleep(PAUSE);
        ready()
    })
}

/// Waits until the cluster answers reads that are up to date.
pub fn await_answers(tools: &Tools) {
    wait_for("the cluster to answer", || (tools.vsctl(&["ls", "--limit", "1"]).code == 0).then_some(()));
}

#[track_caller]
pub fn set(tools: &Tools, settings: &[(&str, &str)]) {
    for (name, value) in settings {
        let _ = once_available(|| tools.vsctl(&["settings", "set", name, value])).ok();
    }
}

/// How repair stands; none while nobody can tell.
#[must_use]
pub fn repair(tools: &Tools) -> Option<Value> {
    let said = tools.vsctl(&["repair", "status", "-o", "json"]);
    matches!(said.code, 0 | 8).then(|| said.json())
}

/// Waits until repair has something under way: some of it is done, and some is not.
pub fn await_repair_running(tools: &Tools) {
    wait_long_for("a repair to be under way", || {
        let status = repair(tools)?;
        let [done, total] = ["bytes_done", "bytes_total"].map(|key| status[key].as_u64());
        (status["state"] == "running" && done > Some(0) && done < total).then_some(())
    });
}

/// Waits until repair has looked through everything and has nothing left to do.
pub fn await_repair_idle(tools: &Tools) {
    wait_long_for("repair to have nothing left to do", || {
        let status = repair(tools)?;
        let nothing = ["chunks_degraded", "chunks_missing"].iter().all(|lack| status[lack] == 0);
        let looked = status["chunks_healthy"].as_u64() > Some(0);
        (status["state"] == "idle" && nothing && looked && status["waiting"] == serde_json::json!([])).then_some(())
    });
}

/// Every two of so many nodes.
pub fn pairs(nodes: usize) -> impl Iterator<Item = [usize; 2]> {
    (0..nodes).flat_map(move |one| (one + 1..nodes).map(move |other| [one, other]))
}

/// A figure of these nodes, added up.
#[must_use]
pub fn sum(cluster: &Cluster, nodes: &[usize], figure: &str) -> f64 {
    let of = |at: &usize| *cluster.node(*at).figures().get(figure).unwrap_or_else(|| panic!("no {figure}"));
    nodes.iter().map(of).sum()
}

/// Waits until each of these nodes has so many chunks.
pub fn await_chunks(cluster: &Cluster, nodes: &[usize], chunks: u64) {
    wait_for_none(|| {
        std::thread::sleep(PAUSE);
        let held = nodes.iter().map(|at| (*at, chunks_on(cluster, &[*at])));
        held.filter(|(_, held)| *held != chunks).collect()
    });
}

/// How many chunks these nodes have together.
#[must_use]
#[allow(clippy::cast_possible_truncation, reason = "a count")]
pub fn chunks_on(cluster: &Cluster, nodes: &[usize]) -> u64 {
    sum(cluster, nodes, "vsd_chunks") as u64
}

/// What a node holds, with where each chunk lies.
#[must_use]
#[track_caller]
pub fn held(node: &Node) -> Vec<Value> {
    let said = node.tools().vsctl(&["chunk", "ls", "--limit", "10000", "-o", "json"]).ok().json();
    assert_eq!(keys(&said), ["items", "next"]);
    said["items"].as_array().expect("a list").clone()
}

/// Flips one bit in the middle of a chunk where it lies on the disk.
///
/// # Errors
/// When it does not lie there any more.
pub fn flip(node: &Node, chunk: &Value) -> io::Result<()> {
    let number = |key: &str| chunk[key].as_u64().unwrap_or_else(|| panic!("no {key}: {chunk}"));
    let name = format!("chunks/{:08}.vsb", number("superblock"));
    let file = OpenOptions::new().read(true).write(true).open(node.data_dir().join(name))?;
    let (mut byte, at) = ([0], number("offset") + RECORD_HEADER + number("bytes") / 2);
    file.read_exact_at(&mut byte, at)?;
    file.write_all_at(&[byte[0] ^ 1], at)
}
