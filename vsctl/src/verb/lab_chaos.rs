//! `vsctl lab chaos`: one thing after the other goes wrong while clients upload and read, and what was promised is looked at.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use clap_complete::{ArgValueCompleter, PathCompleter};
use futures::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;
use vs_client::cli::OutputFormat;
use vs_core::{
    error::{Code, Exit, Failure},
    unit::{human_duration, parse_duration},
};

use crate::{
    desk::{Desk, millis},
    lab::{
        clip::Clips,
        cluster::{Cluster, Rotten},
        load::{Load, TAG},
        oracle::Op,
        probe,
        report::{self, CHAOS, PLANNED, Told},
        schedule::{FaultKind, Round, Schedule, victims_max},
        verdict::{Facts, Lived, Verdict, held, verdicts},
    },
    out::{self, human},
};

const AFTER_HELP: &str = "\
Examples:
  vsctl lab chaos --seconds 30
  vsctl lab chaos --faults crash,freeze,corrupt --seed 7 -o json

Clients upload films, bring them back and compare them, read chunks, and
change and read metadata all the while. Never more goes wrong at a time than
the cluster promises to survive. Exits 8 when a promise did not hold.";

/// What is still no stall, and how long repair may take, unless the person says.
const PAUSE_MAX: &str = "10s";
const MEND_MAX: &str = "2min";
/// Films that are there before anything goes wrong.
const FILMS_FIRST: usize = 3;
/// How long nothing is wrong between two faults.
const CALM: Duration = Duration::from_secs(1);
/// When in a partition those are asked who are cut off: they have noticed by then.
const NOTICED: Duration = Duration::from_millis(3_500);
/// How long it may take at the end until another film comes back.
const RETURN_TIMEOUT: Duration = Duration::from_secs(60);
const RETURN_PAUSE: Duration = Duration::from_millis(500);
/// Faults that a dry run shows.
const SHOWN: usize = 12;

/// Let things go wrong under load, and report what held
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct ChaosArgs {
    /// How long things go wrong
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// The same in minutes
    #[arg(long, value_name = "N", conflicts_with = "seconds", value_parser = clap::value_parser!(u64).range(1..=1_440))]
    minutes: Option<u64>,
    /// What follows from chance [default: another one each time]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',', hide_possible_values = true)]
    #[arg(help = "What may go wrong [default: all of crash, freeze, partition, latency, loss, slow-disk, \
                  full-disk, read-error, memory, corrupt]")]
    faults: Vec<FaultKind>,
    /// The MP4 file to upload copies of [default: one made with ffmpeg]
    #[arg(long, value_name = "FILE", add = ArgValueCompleter::new(PathCompleter::file()))]
    film: Option<PathBuf>,
    /// Longest pause of reads and writes that is still no stall
    #[arg(long, value_name = "TIME", default_value = PAUSE_MAX, value_parser = duration)]
    pause_max: Duration,
    /// How long repair may take after a fault
    #[arg(long, value_name = "TIME", default_value = MEND_MAX, value_parser = duration)]
    mend_max: Duration,
    /// Put a cluster under load that no `vsd dev` runs; its nodes are spared
    #[arg(long)]
    i_know: bool,
    /// Leave the films there
    #[arg(long)]
    keep: bool,
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

impl ChaosArgs {
    fn lasts(&self) -> Duration {
        Duration::from_secs(self.minutes.map_or(self.seconds, |minutes| minutes * 60))
    }

    fn kinds(&self) -> &[FaultKind] {
        if self.faults.is_empty() { FaultKind::value_variants() } else { &self.faults }
    }

    /// The command that does the same again.
    fn repeat(&self, seed: u64) -> String {
        let mut words = vec![format!("vsctl lab chaos --seed {seed}")];
        words.push(match self.minutes {
            Some(minutes) => format!("--minutes {minutes}"),
            None => format!("--seconds {}", self.seconds),
        });
        if !self.faults.is_empty() {
            let kinds: Vec<_> = self.faults.iter().map(ToString::to_string).collect();
            words.push(format!("--faults {}", kinds.join(",")));
        }
        for (option, limit, default) in
            [("pause-max", self.pause_max, PAUSE_MAX), ("mend-max", self.mend_max, MEND_MAX)]
        {
            if parse_duration(default) != Ok(limit) {
                let exact = if limit.subsec_millis() == 0 {
                    format!("{}s", limit.as_secs())
                } else {
                    format!("{}ms", millis(limit))
                };
                words.push(format!("--{option} {exact}"));
            }
        }
        words.extend(self.i_know.then(|| "--i-know".to_owned()));
        words.extend(self.film.as_ref().map(|film| format!("--film {}", human::quoted_path(film))));
        words.join(" ")
    }
}

pub(crate) async fn run(args: ChaosArgs, desk: &Desk) -> anyhow::Result<Exit> {
    CHAOS.check(&desk.style)?;
    let seed = args.seed.unwrap_or_else(|| u64::from(Uuid::new_v4().as_fields().0));
    let cluster = Cluster::find(desk, args.i_know).await.map_err(|failure| match failure.code {
        Code::Denied => failure.because("`--i-know` puts it under load all the same, and spares these nodes"),
        _ => failure,
    })?;
    let targets = cluster.targets();
    if !targets.is_empty() {
        cluster.check_size()?;
    }
    let schedule = Schedule::new(seed, args.kinds(), cluster.members.len());
    if desk.dry_run {
        return plan(schedule, &cluster, desk);
    }
    let _claim = cluster.claim()?;
    cluster.become_whole(args.mend_max).await?;
    let load = Load::new(Clips::of(args.film.as_deref())?, &cluster.endpoints(), desk);
    let left = format!("the films of this lab are still there: vsctl ls --filter tag={TAG}={}", load.name);
    desk.at_interrupt(Some(format!("interrupted; what is wrong with the nodes ends by itself within seconds; {left}")));
    desk.say(&format!("lab with seed {seed}: {FILMS_FIRST} films to begin with"));
    let spared = cluster.members.iter().enumerate().filter(|(at, _)| !targets.contains(at));
    let spared: Vec<_> = spared.map(|(_, member)| member.id.to_string()).collect();
    if !spared.is_empty() {
        desk.say(&format!("spared, since they take no faults: {}", spared.join(" ")));
    }
    for _ in 0..FILMS_FIRST {
        load.upload().await?;
    }
    let lab = Lab { args: &args, cluster: &cluster, load: &load, desk };
    let told = Box::pin(lab.under_load(schedule)).await;
    desk.say("every film is brought back now");
    let lost = lab.bring_back().await;
    let ended = ended(&cluster).await.unwrap_or_else(|failure| vec![failure.to_string()]);
    let rounds: Vec<_> = told.iter().map(|told| told.lived.clone()).collect();
    let verdicts = {
        let oracle = load.oracle.borrow();
        let facts = Facts { oracle: &oracle, rounds: &rounds, lost: &lost, ended: &ended, pause_max: args.pause_max };
        verdicts(&facts)
    };
    let report = lab.report(seed, &told, &lost, &ended, &verdicts);
    if held(&verdicts) && !args.keep {
        load.clean_up().await?;
    } else {
        desk.say(&left);
    }
    desk.at_interrupt(None);
    out::one(&desk.style, &CHAOS, &report, |style| report::tell_chaos(&report, style))?;
    conclude(&verdicts, &args.repeat(seed))
}

/// Zero only when everything held.
pub(super) fn conclude(verdicts: &[Verdict], repeat: &str) -> anyhow::Result<Exit> {
    if held(verdicts) {
        return Ok(Exit::Ok);
    }
    let broken: Vec<_> = verdicts.iter().filter(|verdict| verdict.held == Some(false)).collect();
    let names: Vec<_> = broken.iter().map(|verdict| verdict.id).collect();
    let what =
        if names.is_empty() { "nothing was tried".to_owned() } else { format!("{} did not hold", names.join(", ")) };
    let mut failure = Failure::new(Code::Integrity, what);
    failure.why.extend(broken.iter().flat_map(|verdict| verdict.why.clone()));
    Err(failure.hint(repeat).into())
}

fn plan(schedule: Schedule, cluster: &Cluster, desk: &Desk) -> anyhow::Result<Exit> {
    let most = if victims_max(cluster.members.len()) == 1 { "one node" } else { "two nodes" };
    desk.plan(&match cluster.targets().is_empty() {
        true => "plan: nothing goes wrong, since no node takes faults; clients upload and read".to_owned(),
        false => format!("plan: one after the other, at most {most} at a time, in this order"),
    });
    let shown = if cluster.targets().is_empty() { 0 } else { SHOWN };
    if shown == 0 && matches!(desk.style.format, OutputFormat::Table | OutputFormat::Wide) {
        return Ok(Exit::Ok);
    }
    let item = |round: Round| {
        let nodes: Vec<_> = round.victims.iter().map(|at| cluster.members[*at].id.to_string()).collect();
        report::planned(&round, &nodes)
    };
    let items: Vec<_> = schedule.take(shown).map(item).collect();
    out::list(&desk.style, &PLANNED, &items, None)?;
    Ok(Exit::Ok)
}

/// Nodes that ended by themselves.
async fn ended(cluster: &Cluster) -> Result<Vec<String>, Failure> {
    let ended = cluster.processes().await?.into_iter().filter(|process| !process.ended.is_empty());
    Ok(ended.map(|process| format!("{}  {}", process.addr, process.ended)).collect())
}

struct Lab<'a> {
    args: &'a ChaosArgs,
    cluster: &'a Cluster,
    load: &'a Load,
    desk: &'a Desk,
}

impl Lab<'_> {
    /// All that went wrong while clients were at work, which end what they are at.
    async fn under_load(&self, schedule: Schedule) -> Vec<Told> {
        let suffering = async {
            let told = self.suffer(schedule).await;
            self.load.end();
            told
        };
        tokio::join!(suffering, Box::pin(self.load.run())).0
    }

    /// Lets one thing after the other go wrong until time is over.
    async fn suffer(&self, schedule: Schedule) -> Vec<Told> {
        let until = self.load.now() + self.args.lasts();
        let mut told = Vec::new();
        if self.cluster.targets().is_empty() {
            tokio::time::sleep(until.saturating_sub(self.load.now())).await;
            return told;
        }
        for round in schedule {
            tokio::time::sleep(CALM).await;
            if self.load.now() >= until {
                break;
            }
            let (victims, leader) = self.victims(&round).await;
            if victims.is_empty() {
                continue;
            }
            told.push(self.round(&round, &victims, leader).await);
            let is_mended = told.last().is_some_and(|told| told.lived.mended.is_some());
            // more than one thing at a time is not what is promised
            if !is_mended {
                break;
            }
        }
        told
    }

    /// Who is hit of those who take faults, and who leads.
    async fn victims(&self, round: &Round) -> (Vec<usize>, Option<usize>) {
        let leader = self.cluster.leader().await;
        let targets = self.cluster.targets();
        let mut victims = round.victims.clone();
        if let Some(leader) = leader.filter(|leader| round.aims_at_leader && !victims.contains(leader)) {
            victims[0] = leader;
        }
        victims.retain(|victim| targets.contains(victim));
        (victims, leader)
    }

    async fn is_mended(&self, victims: &[usize], rotten: &[Rotten], since_ms: u64) -> Result<bool, Failure> {
        let is_found = rotten.is_empty() || self.cluster.has_scrubbed(victims, since_ms).await;
        Ok(is_found
            && self.cluster.is_mended(wall_ms(), self.args.mend_max).await?
            && self.cluster.is_mended_of(rotten).await)
    }

    async fn round(&self, round: &Round, victims: &[usize], leader: Option<usize>) -> Told {
        let name = |at: usize| self.cluster.members[at].id.to_string();
        let mut told = Told {
            nodes: victims.iter().map(|at| name(*at)).collect(),
            leader: leader.filter(|leader| victims.contains(leader)).map(name),
            what: round.what(),
            notes: Vec::new(),
            lived: Lived {
                kind: round.kind,
                began: self.load.now(),
                ended: Duration::ZERO,
                mended: None,
                minority: Vec::new(),
            },
        };
        let begins = [&round.kind.to_string(), &told.nodes.join(" "), &told.what].map(String::as_str).join(" ");
        self.desk.say(&format!("{:>6}  {}", human_duration(told.lived.began), begins.trim_end()));
        let since_ms = wall_ms();
        let afflicted = self.cluster.afflict(round, victims).await;
        if afflicted.is_ok() {
            self.endure(round, victims, &mut told.lived).await;
        }
        self.cluster.heal(round).await;
        told.lived.ended = self.load.now();
        let is_mended = match afflicted {
            Ok(rotten) => {
                told.notes = rotten.iter().map(note).collect();
                self.is_mended(victims, &rotten, since_ms).await
            }
            Err(failure) => Err(failure),
        };
        // a lab that cannot go on tells what it has seen until then
        let is_mended = is_mended.unwrap_or_else(|failure| {
            told.notes.push(format!("the lab ended here: {failure}"));
            false
        });
        told.lived.mended = is_mended.then(|| self.load.now().saturating_sub(told.lived.ended));
        let said = match told.lived.mended {
            Some(after) => format!("mended after {}", human_duration(after)),
            None => "not mended".to_owned(),
        };
        self.desk.say(&format!("{:>6}  {said}", human_duration(self.load.now())));
        told
    }

    /// Waits until the fault ends; asks those who are cut off meanwhile.
    async fn endure(&self, round: &Round, victims: &[usize], lived: &mut Lived) {
        if round.kind == FaultKind::Corrupt {
            return;
        }
        let until = lived.began + round.lasts;
        if round.kind == FaultKind::Partition {
            tokio::time::sleep((lived.began + NOTICED).saturating_sub(self.load.now())).await;
            let film = self.load.oracle.borrow().films.first().map(|film| film.video.clone()).unwrap_or_default();
            let asked = victims.iter().map(|at| probe::minority(&self.cluster.members[*at], &film));
            lived.minority = join_all(asked).await;
        }
        tokio::time::sleep(until.saturating_sub(self.load.now())).await;
    }

    /// Brings every film back that was acknowledged. Those that do not come, and why.
    async fn bring_back(&self) -> Vec<String> {
        let films = self.load.oracle.borrow().films.clone();
        let mut lost = Vec::new();
        let mut until = self.load.now() + RETURN_TIMEOUT;
        for film in films {
            loop {
                match self.load.download(&film).await {
                    Ok(true) => {
                        until = self.load.now() + RETURN_TIMEOUT;
                        break;
                    }
                    Ok(false) => {
                        lost.push(format!("video {} came back with other bytes", film.video));
                        break;
                    }
                    Err(failure) if self.load.now() >= until => {
                        lost.push(format!("video {}: {failure}", film.video));
                        break;
                    }
                    Err(_) => tokio::time::sleep(RETURN_PAUSE).await,
                }
            }
        }
        lost
    }

    fn report(&self, seed: u64, told: &[Told], lost: &[String], ended: &[String], verdicts: &[Verdict]) -> Value {
        let (oracle, until) = (self.load.oracle.borrow(), self.load.now());
        json!({
            "outcome": report::outcome(verdicts),
            "seed": seed,
            "nodes": self.cluster.members.len(),
            "lasted_ms": millis(until),
            "faults": told.iter().map(|told| report::round(told, &oracle)).collect::<Vec<_>>(),
            "operations": Op::ALL.iter().map(|op| report::operation(*op, &oracle, until)).collect::<Vec<_>>(),
            "films_acknowledged": oracle.films.len(),
            "films_intact": oracle.films.len().saturating_sub(lost.len()),
            "nodes_ended": ended,
            "promises": verdicts.iter().map(report::promise).collect::<Vec<_>>(),
            "repeat": self.args.repeat(seed),
        })
    }
}

/// Which chunk rots.
fn note(rotten: &Rotten) -> String {
    let hash = vs_wire::hash(&rotten.chunk.hash).map(|hash| hash.to_string()).unwrap_or_default();
    format!("chunk {hash} of asset {}", rotten.chunk.asset)
}

fn wall_ms() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0)
}
