//! Uploads that go on in a cluster whose nodes are killed, frozen and cut off at random, two of five at a time, while repair and
//! the sweep are as hasty as they can be set (DUR-1, DUR-2).
//!
//! An upload that fails has promised nothing. One that went well is there in the end, byte for byte and whole, whatever happened
//! after it, and nothing that comes back meanwhile is wrong.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use crate::{
    Cluster, Cut, Tools,
    clip::{Clip, numbered},
    crash::Dice,
    meanwhile::{Over, keep},
    program,
    redundancy::{Film, await_answers, await_healthy, set},
    sha256,
};

const NODES: usize = 5;
/// Nodes that are away at the same time: others are a quorum of both metadata and stripes now and then.
const AWAY_MAX: usize = 2;
/// Longest time between two events.
const CALM_MS_MAX: u64 = 6_000;
const HASTY: [(&str, &str); 2] = [("repair.grace", "5s"), ("drop.delay", "1s")];
const SCHEMES: [&str; 3] = ["replicate:3", "erasure", "auto"];
/// Bounds a command whose nodes are away.
const COMMAND_TIMEOUT: &str = "20s";

/// How a node is away.
#[derive(Clone, Copy, Debug)]
enum Away {
    Killed,
    Frozen,
    CutOff,
}

#[derive(Debug)]
struct Acknowledged {
    id: String,
    path: PathBuf,
}

/// So many events, and what is left after them.
///
/// # Panics
/// When something acknowledged is lost, or anything is answered wrongly.
pub fn survive_storm(events: u32) {
    let mut dice = Dice::new();
    let mut cluster = Cluster::start(NODES, &[]);
    let tools = cluster.tools_anywhere();
    set(&tools, &HASTY);
    let acknowledged = Mutex::new(Vec::new());
    let (is_over, [uploads, downloads]) = (AtomicBool::new(false), &[const { AtomicU64::new(0) }; 2]);
    let people = ["uploader", "viewer"].map(|name| tools.someone_else(name));
    let work = cluster.work();
    thread::scope(|scope| {
        let over = Over(&is_over);
        let upload = |number: u64| upload(&people[0], number, &work, &acknowledged);
        let download = |number: u64| download(&people[1], number, &acknowledged);
        let working = [scope.spawn(keep(&is_over, uploads, upload)), scope.spawn(keep(&is_over, downloads, download))];
        rage(&mut cluster, &mut dice, events);
        drop(over);
        working.into_iter().for_each(|thread| thread.join().expect("nothing was answered wrongly"));
    });
    await_answers(&tools);
    let acknowledged = acknowledged.into_inner().expect("nobody failed");
    eprintln!("{} films were acknowledged, {} downloads tried", acknowledged.len(), downloads.load(Ordering::SeqCst));
    assert!(!acknowledged.is_empty(), "a storm that lets nothing through tells nothing");
    let films: Vec<_> = acknowledged.into_iter().map(|film| Film::known(&tools, film.id, &film.path)).collect();
    await_healthy(&tools, &films.iter().collect::<Vec<_>>());
    films.iter().for_each(|film| film.assert_reads(&tools));
    cluster.await_whole();
    cluster.assert_replicas_agree();
    cluster.assert_raft_safety();
}

/// Nodes go away and come back, until all are there again.
fn rage(cluster: &mut Cluster, dice: &mut Dice, events: u32) {
    let mut away: Vec<(usize, Away)> = Vec::new();
    for _ in 0..events {
        thread::sleep(Duration::from_millis(dice.below(CALM_MS_MAX)));
        let choice = usize::try_from(dice.below(NODES as u64)).expect("a few nodes");
        match away.iter().position(|(at, _)| *at == choice) {
            Some(known) => {
                let (at, how) = away.swap_remove(known);
                come_back(cluster, at, how, &away);
            }
            None if away.len() < AWAY_MAX => {
                let how = match dice.below(3) {
                    0 => Away::Killed,
                    1 => Away::Frozen,
                    _ => Away::CutOff,
                };
                eprintln!("node {choice}: {how:?}");
                match how {
                    Away::Killed => cluster.kill(choice),
                    Away::Frozen => cluster.freeze(choice),
                    Away::CutOff => cluster.isolate(choice, Cut::Silent),
                }
                away.push((choice, how));
            }
            None => {}
        }
    }
    while let Some((at, how)) = away.pop() {
        come_back(cluster, at, how, &away);
    }
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

fn upload(tools: &Tools, number: u64, work: &std::path::Path, acknowledged: &Mutex<Vec<Acknowledged>>) {
    let path = numbered(Clip::Film, number, work);
    let scheme = SCHEMES[usize::try_from(number % 3).expect("a few")];
    let said = tools.try_upload(&path, &["--redundancy", scheme, "--timeout", COMMAND_TIMEOUT]);
    let ready = said.json_lines().into_iter().find(|line| line["status"] == "ready" && said.code == 0);
    match ready.as_ref().and_then(|line| line["video_id"].as_str()) {
        Some(id) => acknowledged.lock().expect("nobody failed").push(Acknowledged { id: id.to_owned(), path }),
        None => assert!(matches!(said.code, 1 | 7 | 9 | 10), "an upload may have to wait, not to fail: {said}"),
    }
}

/// Whatever comes back is right; that nothing does has its reasons.
fn download(tools: &Tools, number: u64, acknowledged: &Mutex<Vec<Acknowledged>>) {
    let chosen = {
        let acknowledged = acknowledged.lock().expect("nobody failed");
        let at = usize::try_from(number).expect("a few").checked_rem(acknowledged.len());
        at.map(|at| (acknowledged[at].id.clone(), acknowledged[at].path.clone()))
    };
    let Some((id, path)) = chosen else { return thread::sleep(Duration::from_millis(CALM_MS_MAX / 10)) };
    let back = path.with_extension("came-back");
    let mut command = tools.command("vsctl");
    let said = program::run(command.args(["download", "--force", "--timeout", COMMAND_TIMEOUT, &id]).arg(&back));
    if said.code == 0 {
        assert_eq!(sha256(&back), sha256(&path), "{said}");
        fs::remove_file(back).expect("removed");
    } else {
        assert!(matches!(said.code, 7 | 8 | 10), "{said}");
    }
}
