//! People who upload, download, recode and purge films in a cluster that is torn apart meanwhile (DUR-1, DUR-2).
//!
//! It comes in gusts. In each, nodes are killed, frozen and cut off at random, two of five at a time, and one node loses its data
//! directory or bits of its chunks, while repair and the sweep are as hasty as they can be set. After each gust all nodes are
//! there again, and every film that there was becomes whole with nobody asking. So much is lost in no gust that anything that was
//! acknowledged may be.
//!
//! An upload that fails has promised nothing. One that went well is there in the end, byte for byte, whatever happened after it,
//! and nothing that comes back meanwhile is wrong.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    Cluster, Cut, Said, Tools,
    clip::{Clip, numbered},
    crash::Dice,
    meanwhile::{Over, keep},
    program,
    redundancy::{Film, await_answers, await_healthy, await_repair_idle, await_whole, flip, held, set, wait_long_for},
    sha256,
};

const NODES: usize = 5;
/// Nodes that are away at the same time: others are a quorum of both metadata and stripes now and then.
const AWAY_MAX: usize = 2;
const EVENTS_OF_A_GUST: u64 = 10;
/// Longest time between two events.
const CALM_MS_MAX: u64 = 5_000;
const HASTY: [(&str, &str); 2] = [("repair.grace", "5s"), ("drop.delay", "1s")];
const SCHEMES: [&str; 3] = ["replicate:3", "erasure", "auto"];
/// Films kept at a time: the oldest are purged.
const FILMS_MAX: usize = 10;
/// Bounds a command whose nodes are away.
const COMMAND_TIMEOUT: &str = "20s";
/// Exit codes of commands that came to nothing because nodes are away: unavailable, partly done, timed out.
const AWAY_CODES: [i32; 3] = [7, 9, 10];
const NOT_FOUND: i32 = 5;
const INTEGRITY: i32 = 8;

/// How a node is away.
#[derive(Clone, Copy, Debug)]
enum Away {
    Killed,
    Frozen,
    CutOff,
}

/// A film that somebody was told is stored.
#[derive(Clone, Debug)]
struct Acknowledged {
    id: String,
    path: PathBuf,
}

/// What people have been promised.
#[derive(Debug, Default)]
struct Library {
    /// The oldest first.
    films: Mutex<Vec<Acknowledged>>,
    /// How many there ever were.
    acknowledged: AtomicU64,
}

impl Library {
    fn films(&self) -> MutexGuard<'_, Vec<Acknowledged>> {
        self.films.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, film: Acknowledged) {
        self.films().push(film);
        self.acknowledged.fetch_add(1, Ordering::SeqCst);
    }

    fn ids(&self) -> Vec<String> {
        self.films().iter().map(|film| film.id.clone()).collect()
    }

    fn has(&self, id: &str) -> bool {
        self.films().iter().any(|film| film.id == id)
    }

    fn some(&self, number: u64) -> Option<Acknowledged> {
        let films = self.films();
        let at = usize::try_from(number).expect("a few").checked_rem(films.len())?;
        Some(films[at].clone())
    }
}

/// A storm that lasts at least so long, and what is left after it.
///
/// # Panics
/// When something acknowledged is lost, or anything is answered wrongly.
pub fn survive_storm(lasts: Duration) {
    let mut dice = Dice::new();
    let mut cluster = Cluster::start(NODES, &["storage.scrub_rate=1GiB/s"]);
    let tools = cluster.tools_anywhere();
    set(&tools, &HASTY);
    let (library, work, is_over) = (Library::default(), cluster.work(), AtomicBool::new(false));
    let counts = [const { AtomicU64::new(0) }; 3];
    let [viewer, uploader, librarian] = ["viewer", "uploader", "librarian"].map(|name| tools.someone_else(name));
    thread::scope(|scope| {
        let over = Over(&is_over);
        let [downloads, uploads, changes] = &counts;
        let working = [
            scope.spawn(keep(&is_over, downloads, |number| download(&viewer, number, &library))),
            scope.spawn(keep(&is_over, uploads, |number| upload(&uploader, number, &work, &library))),
            scope.spawn(keep(&is_over, changes, |number| change(&librarian, number, &library))),
        ];
        let until = Instant::now() + lasts;
        while Instant::now() < until && !working.iter().any(thread::ScopedJoinHandle::is_finished) {
            blow(&mut cluster, &mut dice, &library);
        }
        drop(over);
        working.into_iter().for_each(|thread| thread.join().expect("nothing was answered wrongly"));
    });
    await_answers(&tools);
    let (left, acknowledged) = (library.films().clone(), library.acknowledged.load(Ordering::SeqCst));
    let [downloads, _, changes] = counts.map(AtomicU64::into_inner);
    eprintln!("{acknowledged} films acknowledged, {} left; {downloads} downloads, {changes} changes", left.len());
    assert!(!left.is_empty(), "a storm that lets nothing through tells nothing");
    let films: Vec<_> = left.into_iter().map(|film| Film::known(&tools, film.id, &film.path)).collect();
    await_healthy(&tools, &films.iter().collect::<Vec<_>>());
    await_repair_idle(&tools);
    films.iter().for_each(|film| film.assert_reads(&tools));
    cluster.await_whole();
    cluster.assert_replicas_agree();
    cluster.assert_raft_safety();
}

/// Nodes go away and come back until all are there again, one of them poorer; then all is mended.
fn blow(cluster: &mut Cluster, dice: &mut Dice, library: &Library) {
    let mut away: Vec<(usize, Away)> = Vec::new();
    let hurts_at = dice.below(EVENTS_OF_A_GUST);
    let mut hurt = None;
    for event in 0..EVENTS_OF_A_GUST {
        thread::sleep(Duration::from_millis(dice.below(CALM_MS_MAX)));
        let choice = some_node(dice);
        let known = away.iter().position(|(at, _)| *at == choice);
        match known {
            Some(known) => {
                let (at, how) = away.swap_remove(known);
                come_back(cluster, at, how, &away);
            }
            None if away.len() < AWAY_MAX => away.push((choice, go_away(cluster, dice, choice))),
            None => {}
        }
        if event >= hurts_at && hurt.is_none() {
            let poor = some_node(dice);
            if away.iter().all(|(at, _)| *at != poor) {
                lose(cluster, dice, poor);
                hurt = Some(poor);
            }
        }
    }
    while let Some((at, how)) = away.pop() {
        come_back(cluster, at, how, &away);
    }
    (0..NODES).for_each(|at| cluster.node_mut(at).await_ready());
    eprintln!("all nodes are there again");
    if let Some(poor) = hurt {
        // what nobody reads is found by nobody else
        let scrub = ["scrub", "start", "--wait", "--timeout", COMMAND_TIMEOUT];
        wait_long_for("what rotted to be found", || {
            let said = cluster.tools(poor).vsctl(&scrub);
            matches!(said.code, 0 | 1 | INTEGRITY).then_some(())
        });
    }
    await_answers(&cluster.tools_anywhere());
    await_whole(&cluster.tools_anywhere(), &library.ids(), |id| library.has(id));
    eprintln!("all is mended");
}

fn some_node(dice: &mut Dice) -> usize {
    usize::try_from(dice.below(NODES as u64)).expect("a few nodes")
}

fn go_away(cluster: &mut Cluster, dice: &mut Dice, at: usize) -> Away {
    let how = match dice.below(3) {
        0 => Away::Killed,
        1 => Away::Frozen,
        _ => Away::CutOff,
    };
    eprintln!("node {at}: {how:?}");
    match how {
        Away::Killed => cluster.kill(at),
        Away::Frozen => cluster.freeze(at),
        Away::CutOff => cluster.isolate(at, Cut::Silent),
    }
    how
}

fn come_back(cluster: &mut Cluster, at: usize, how: Away, away: &[(usize, Away)]) {
    eprintln!("node {at} comes back");
    match how {
        Away::Killed => cluster.node_mut(at).launch(),
        Away::Frozen => cluster.thaw(at),
        Away::CutOff => {
            cluster.heal();
            let others = away.iter().filter(|(_, how)| matches!(how, Away::CutOff));
            others.for_each(|(at, _)| cluster.isolate(*at, Cut::Silent));
        }
    }
}

/// A node loses what it holds, all of it or a bit of some chunks.
fn lose(cluster: &mut Cluster, dice: &mut Dice, at: usize) {
    if dice.below(2) == 0 {
        eprintln!("node {at} loses its data directory");
        let node = cluster.node_mut(at);
        node.kill();
        node.lose_chunks();
        return node.launch();
    }
    let of = dice.below(4) + 1;
    let chunks = held(cluster.node(at));
    let rotten: Vec<_> = chunks.iter().filter(|_| dice.below(of) == 0).collect();
    eprintln!("node {at}: {} of {} chunks rot", rotten.len(), chunks.len());
    // what was compacted or swept meanwhile is spared
    rotten.into_iter().for_each(|chunk| drop(flip(cluster.node(at), chunk)));
}

fn upload(tools: &Tools, number: u64, work: &Path, library: &Library) {
    if library.films().len() >= FILMS_MAX {
        return thread::sleep(Duration::from_millis(100));
    }
    let path = numbered(Clip::Film, number, work);
    let scheme = SCHEMES[usize::try_from(number % 3).expect("a few")];
    let said = tools.try_upload(&path, &["--redundancy", scheme, "--timeout", COMMAND_TIMEOUT]);
    let ready = said.json_lines().into_iter().find(|line| line["status"] == "ready" && said.code == 0);
    match ready.as_ref().and_then(|line| line["video_id"].as_str()) {
        Some(id) => library.enter(Acknowledged { id: id.to_owned(), path }),
        None => {
            assert!(is_away(&said) || said.code == 1, "an upload may have to wait, not to fail: {said}");
            fs::remove_file(path).expect("removed");
        }
    }
}

/// The oldest film is purged when there are many, or else some film is to be kept otherwise.
fn change(tools: &Tools, number: u64, library: &Library) {
    thread::sleep(Duration::from_millis(CALM_MS_MAX / 4));
    let oldest = {
        let mut films = library.films();
        // from here on nobody asks for it any more
        (films.len() > FILMS_MAX / 2).then(|| films.remove(0))
    };
    let timeout = ["--timeout", COMMAND_TIMEOUT];
    let said = match (oldest, library.some(number)) {
        (Some(film), _) => {
            let said = tools.vsctl(&[&["video", "purge", &film.id, "--yes"], &timeout[..]].concat());
            fs::remove_file(film.path).expect("removed");
            said
        }
        (None, Some(film)) => {
            let scheme = SCHEMES[usize::try_from(number % 2).expect("a few")];
            tools.vsctl(&[&["redundancy", "set", &film.id, scheme], &timeout[..]].concat())
        }
        (None, None) => return,
    };
    assert!(said.code == 0 || is_away(&said), "{said}");
}

/// Whatever comes back is right; that nothing does has its reasons.
fn download(tools: &Tools, number: u64, library: &Library) {
    let Some(Acknowledged { id, path }) = library.some(number) else {
        return thread::sleep(Duration::from_millis(100));
    };
    let wanted = library.has(&id).then(|| fs::read(&path).ok()).flatten();
    let back = path.with_extension("came-back");
    let mut command = tools.command("vsctl");
    let said = program::run(command.args(["download", "--force", "--timeout", COMMAND_TIMEOUT, &id]).arg(&back));
    match said.code {
        0 => {
            let wanted = wanted.map(|bytes| crate::sha256_of(&bytes));
            assert!(wanted.is_none_or(|wanted| sha256(&back) == wanted), "{said}");
            fs::remove_file(back).expect("removed");
        }
        // who has it is away
        INTEGRITY => {}
        NOT_FOUND => assert!(!library.has(&id), "it is gone: {said}"),
        _ => assert!(is_away(&said), "{said}"),
    }
}

fn is_away(said: &Said) -> bool {
    AWAY_CODES.contains(&said.code)
}
