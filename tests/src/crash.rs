//! Uploads and chunks that go on while the node is killed again and again, and what must be true afterwards (DUR-1).
//!
//! Some clients upload one film after another, each as often as it takes until `vsctl` says that it is done; others put chunks
//! ([`chunks`](crate::chunks)). Meanwhile the node is killed at random moments, also while it starts. After each start every chunk
//! that was acknowledged is there, byte for byte, and the node has found no loss. In the end every film that a client was told
//! about is there too, exactly once; nothing else is listed; and no upload is left over.

use std::{
    collections::HashMap,
    fs,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::{
    Node, Tools,
    chunks::{self, Ledger},
    clip::{Clip, numbered},
    http, sha256, wait_for_none,
};

/// Clients that upload at the same time.
const CLIENTS: u64 = 2;
/// Longest time that the node lives before it is killed.
const LIFE_MS_MAX: u64 = 2_000;
/// Longest time that a node which is killed while it starts is given.
const START_MS_MAX: u64 = 200;
/// Attempts at one upload: far more than kills can explain.
const ATTEMPTS: u32 = 50;
/// Exit codes of an upload whose node went away: unavailable, timed out.
const NODE_AWAY: [i32; 2] = [7, 10];
/// So few that snapshots and a shortened log are part of what is killed.
const SNAPSHOT_ENTRIES: &str = "metadata.snapshot_entries=100";

/// Numbers that look random and come again with the same seed.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// Seeded with `VS_SEED`, or differently every time; says with what.
    #[must_use]
    pub fn new() -> Self {
        let given = std::env::var("VS_SEED").ok().and_then(|seed| seed.parse().ok());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs());
        let seed = given.unwrap_or(now);
        eprintln!("run again with VS_SEED={seed}");
        Self::seeded(seed)
    }

    /// The numbers of this seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// Dice for somebody else, whose numbers have nothing to do with these.
    #[must_use]
    pub fn another(&mut self) -> Self {
        Self::seeded(self.roll())
    }

    /// Any number.
    pub fn roll(&mut self) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below this one.
    pub fn below(&mut self, end: u64) -> u64 {
        (self.roll() >> 33) % end
    }

    fn pause(&mut self, ms_max: u64) {
        thread::sleep(Duration::from_millis(self.below(ms_max)));
    }
}

impl Default for Dice {
    fn default() -> Self {
        Self::new()
    }
}

/// What clients were told: the video's id and its file's SHA-256.
type Told = Mutex<Vec<(String, String)>>;

/// Kills a node so many times under load, and checks what is left.
pub fn survive_kills(kills: u32) {
    let mut dice = Dice::new();
    let mut node = Node::start(&[SNAPSHOT_ENTRIES]);
    let (told, next, is_over) = (Told::default(), AtomicU64::new(0), AtomicBool::new(false));
    let (ledger, addr) = (Ledger::default(), node.addr().to_owned());
    let work = node.work();
    let homes: Vec<_> = (0..CLIENTS).map(|no| node.tools().someone_else(&format!("client-{no}"))).collect();
    thread::scope(|scope| {
        let stop = StopOnDrop(&is_over);
        for tools in &homes {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    let clip = if number.is_multiple_of(3) { Clip::Short } else { Clip::Film };
                    let film = numbered(clip, number, &work);
                    let id = upload_stubbornly(tools, &film);
                    told.lock().expect("no client failed").push((id, sha256(&film)));
                    fs::remove_file(&film).expect("removed");
                }
            });
        }
        for _ in 0..chunks::CLIENTS {
            let mut dice = dice.another();
            let (ledger, addr, is_over) = (&ledger, &addr, &is_over);
            scope.spawn(move || ledger.put_until(addr, is_over, &mut dice));
        }
        for _ in 0..kills {
            dice.pause(LIFE_MS_MAX);
            node.kill();
            if dice.below(2) == 0 {
                node.launch();
                dice.pause(START_MS_MAX);
                node.kill();
            }
            node.restart();
            ledger.check(&addr);
            assert_no_loss(&node);
        }
        drop(stop);
    });
    node.assert_alive();
    ledger.check(&addr);
    assert_no_loss(&node);
    let told = told.into_inner().expect("no client failed");
    eprintln!("{kills} kills, {} films uploaded and {} chunks put meanwhile", told.len(), ledger.len());
    assert!(!told.is_empty() && !ledger.is_empty(), "nothing was stored between the kills");
    check_library(&node, told);
}

/// Lets the clients end even when the test fails, so that it can be told why.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// What recovery found at any start, and every read since: nothing that was once stored and is not there any more. A torn tail is
/// none: nobody was told that it is stored.
fn assert_no_loss(node: &Node) {
    let log = node.log();
    let is_loss = |line: &&str| line.contains("superblock") && (line.contains("WARN") || line.contains("ERROR"));
    let losses: Vec<_> = log.lines().filter(is_loss).collect();
    assert!(losses.is_empty(), "{losses:#?}");
    let metrics = http::get(node.addr(), "/metrics").expect("figures").body;
    let metrics = String::from_utf8(metrics).expect("text");
    for figure in ["vsd_quarantined_bytes", "vsd_corrupt_reads_total"] {
        let values = metrics.lines().filter(|line| line.starts_with(figure)).map(|line| line.rsplit(' ').next());
        assert!(values.clone().count() > 0 && values.clone().all(|value| value == Some("0")), "{figure}: {metrics}");
    }
}

/// Runs the same command until it goes well, as a person or a script would.
fn upload_stubbornly(tools: &Tools, film: &std::path::Path) -> String {
    for _ in 0..ATTEMPTS {
        let said = tools.try_upload(film, &[]);
        if said.code == 0 {
            let told = said.json_lines().pop().expect("an object a file");
            assert_eq!(told["status"], "ready", "{said}");
            return told["video_id"].as_str().expect("an id").to_owned();
        }
        assert!(NODE_AWAY.contains(&said.code), "{said}");
    }
    panic!("{} cannot be uploaded", film.display());
}

/// The library holds what clients were told, once and whole, and nothing else.
fn check_library(node: &Node, told: Vec<(String, String)>) {
    let tools = node.tools();
    // A session whose beginning was lost on its way to the client was never told of; it is empty and expires by rule.
    wait_for_none(|| {
        let mut sessions = tools.sessions(&[]);
        sessions.retain(|session| session["state"] != "receiving" || session["durable_bytes"] != 0);
        sessions
    });
    let mut expected: HashMap<_, _> = told.into_iter().collect();
    for video in tools.ls(&["--limit", "100000"]) {
        let id = video["id"].as_str().expect("an id");
        assert_eq!(video["status"], "ready", "{video}");
        let sha256 = expected.remove(id).unwrap_or_else(|| panic!("listed, but nobody was told of it: {video}"));
        let copy = node.work().join("copy.mp4");
        assert_eq!(tools.download(id, &copy), sha256, "{video}");
        let played = tools.vsplay(&[id, "--headless", "--no-clock", "--report", "-"]).ok().json();
        assert_eq!(played["tracks"].as_array().map(Vec::len), Some(2), "{played}");
    }
    assert!(expected.is_empty(), "acknowledged and lost: {expected:?}");
    node.await_tidy();
}
