//! `vsd recover`: a stopped node goes on alone with what it has, when most of those that decide are gone for good.
//!
//! Invariants:
//! - Refused while the nodes that answer, with this one, could decide: then it only has to be started.
//! - Refused when the cluster went on from another node already.
//! - What may be lost is said before anything changes; and it changes at one moment ([`meta::recover`]).

use std::{
    collections::BTreeSet,
    io::{self, BufRead, IsTerminal, Write},
    path::Path,
    time::Duration,
};

use clap::Args;
use vs_core::{
    error::{Code, Failure},
    id::NodeId,
    unit::human_ago,
};

use crate::{
    cli::{WhereArgs, print},
    config::Config,
    meta::{self, Called, Me, Newer, Outlook},
    node::{self, DataDir, Identity},
    run::wall_ms,
};

/// Characters of the cluster's id that a person types.
const TYPED_CHARS: usize = 8;

#[derive(Debug, Args)]
pub(crate) struct RecoverArgs {
    #[command(flatten)]
    place: WhereArgs,
    /// Make this node a cluster of one with what it has
    #[arg(long)]
    force_new_cluster: bool,
    /// Say what would be done and what may be lost, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do it without being asked
    #[arg(short, long)]
    yes: bool,
}

pub(crate) fn main(args: &RecoverArgs) -> Result<(), Failure> {
    if !args.force_new_cluster {
        return Err(Failure::new(Code::Invalid, "what is to be done is not said")
            .because("a node goes on alone only when it is told to")
            .hint("vsd recover --force-new-cluster --dry-run --data-dir DIR"));
    }
    let config = args.place.config()?;
    let root = &config.node.data_dir;
    if args.dry_run {
        let identity = node::member(root)?;
        let _lock = node::lock_unchanged(root)?;
        return print(&Plan::make(&config, &identity)?.to_string());
    }
    let mut data = node::stopped(root, &format!("vsd recover, process {}", std::process::id()))?;
    if let Some(incarnation) = meta::incarnation_of(&data.meta()).filter(|begun| *begun > data.identity.incarnation) {
        // it was interrupted right before its end
        return done(&mut data, incarnation);
    }
    let plan = Plan::make(&config, &data.identity)?;
    let _ = write!(io::stderr(), "{plan}");
    confirm(args.yes, &data.identity)?;
    let incarnation = meta::recover(&data.meta(), data.identity.node, wall_ms())?;
    done(&mut data, incarnation)
}

#[allow(clippy::print_stderr, reason = "what to do next")]
fn done(data: &mut DataDir, incarnation: u64) -> Result<(), Failure> {
    data.now_of_incarnation(incarnation)?;
    let Identity { node, cluster, .. } = &data.identity;
    let addrs = meta::outlook(&data.meta(), *node)?.addrs;
    let addr = addrs.get(node).map_or("HOST:PORT", String::as_str);
    eprintln!("hint: start it as before: `vsd serve --data-dir {}`", data.root().display());
    eprintln!("hint: start the others, which bring their chunks, with `vsd serve --join {addr} --data-dir DIR`");
    print(&format!("{node} leads cluster {cluster}, alone, as incarnation {incarnation}\n"))
}

/// Lets the act pass by `--yes`, or by the beginning of the cluster's id typed on a terminal.
fn confirm(yes: bool, identity: &Identity) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let refused = |what: &str| Failure::new(Code::NotConfirmed, what).because("nothing was changed");
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(refused("not confirmed, and nobody to ask").hint("add `--yes` to do it without being asked"));
    }
    let wanted: String = identity.cluster.to_string().chars().take(TYPED_CHARS).collect();
    let _ = write!(io::stderr(), "type the first {TYPED_CHARS} characters of the cluster's id to go on: ");
    let _ = io::stderr().flush();
    let mut typed = String::new();
    let _ = io::stdin().lock().read_line(&mut typed);
    if typed.trim() == wanted { Ok(()) } else { Err(refused("not confirmed")) }
}

/// What would become of what.
struct Plan {
    identity: Identity,
    outlook: Outlook,
    /// What became of the calls of the others.
    called: Vec<Called>,
    now_ms: u64,
}

impl Plan {
    /// Calls the others, and refuses when they can decide.
    fn make(config: &Config, identity: &Identity) -> Result<Self, Failure> {
        let meta = config.node.data_dir.join("meta");
        let outlook = meta::outlook(&meta, identity.node)?;
        let me = Me { cluster: identity.cluster, incarnation: identity.incarnation, node: identity.node };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::new(Code::Internal, "no threads").because(error))?;
        let (called, newer) = runtime.block_on(meta::call(me, &outlook.addrs));
        if let Some(newer) = newer {
            return Err(went_on(&newer, identity, &config.node.data_dir));
        }
        let plan = Self { identity: identity.clone(), outlook, called, now_ms: wall_ms() };
        let Outlook { voters, voters_before, .. } = &plan.outlook;
        // those who do not have the last membership can only be others
        match plan.decide(voters, true) || plan.decide(voters_before, false) {
            true => Err(plan.needless(&config.node.data_dir)),
            false => Ok(plan),
        }
    }

    /// Whether a majority of each of these sets answers, or is this node.
    fn decide(&self, sets: &[BTreeSet<NodeId>], with_me: bool) -> bool {
        let decides = |voters: &BTreeSet<NodeId>| {
            let mine = voters.contains(&self.identity.node) && !with_me;
            self.answering(voters) - usize::from(mine) > voters.len() / 2
        };
        !sets.is_empty() && sets.iter().all(decides)
    }

    /// How many of these answer, or are this node.
    fn answering(&self, voters: &BTreeSet<NodeId>) -> usize {
        let answers = |voter: &&NodeId| {
            **voter == self.identity.node || self.called.iter().any(|called| called.node == **voter && called.answered)
        };
        voters.iter().filter(answers).count()
    }

    /// One line for each voter.
    fn lines(&self, voters: &BTreeSet<NodeId>) -> Vec<String> {
        let line = |voter: &NodeId| {
            let addr = self.outlook.addrs.get(voter).map(String::as_str).unwrap_or_default();
            let called = self.called.iter().find(|called| called.node == *voter);
            match called {
                _ if *voter == self.identity.node => format!("{voter} {addr}  this node, stopped"),
                Some(called) => called.line.clone(),
                None => format!("{voter} {addr}  its address is not known"),
            }
        };
        voters.iter().map(line).collect()
    }

    fn needless(&self, data_dir: &Path) -> Failure {
        let voters: BTreeSet<_> = self.outlook.voters.iter().flatten().copied().collect();
        let (reached, all) = (self.answering(&voters), voters.len());
        let what = format!("a quorum can be had: {reached} of {all} voters (need {})", all / 2 + 1);
        let failure = Failure::new(Code::Conflict, what);
        let failure = self.lines(&voters).into_iter().fold(failure, Failure::because);
        let start = format!("vsd serve --data-dir {}", data_dir.display());
        failure.because("nothing was changed").hint(format!("start this node, and nothing is lost: `{start}`"))
    }
}

/// The cluster lives on elsewhere.
fn went_on(newer: &Newer, identity: &Identity, data_dir: &Path) -> Failure {
    let Newer { incarnation, addr, .. } = newer;
    Failure::new(Code::Conflict, format!("the cluster went on already, as incarnation {incarnation}"))
        .because(format!("{addr} is of it; {} has incarnation {}", identity.node, identity.incarnation))
        .because("nothing was changed")
        .hint(format!("vsd serve --join {addr} --data-dir {}", data_dir.display()))
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { identity: Identity { node, cluster, incarnation, .. }, outlook, now_ms, .. } = self;
        let Outlook { applied, last, last_term, unconfirmed, .. } = outlook;
        writeln!(f, "plan: {node} goes on alone as cluster {cluster}, incarnation {}", incarnation + 1)?;
        for voters in &outlook.voters {
            writeln!(
                f,
                "voters, as {node} knows them ({} answer, {} are needed):",
                self.answering(voters),
                voters.len() / 2 + 1
            )?;
            self.lines(voters).iter().try_for_each(|line| writeln!(f, "  {line}"))?;
        }
        write!(f, "its last entry is {last} of term {last_term}")?;
        if let Some(at_ms) = outlook.last_ms {
            let ago = human_ago(Duration::from_millis(now_ms.saturating_sub(at_ms)));
            write!(f, ", written {ago}; a leader writes one every 2 s or oftener")?;
        }
        writeln!(
            f,
            "\nlost: whatever the others acknowledged behind entry {last}; nothing here tells how much that is"
        )?;
        if *unconfirmed > 0 {
            writeln!(f, "may appear: entries {} to {last}, which may never have been acknowledged", applied + 1)?;
        }
        writeln!(
            f,
            "recover one node only: the one that has the last entry of the highest term, and then the highest"
        )?;
        writeln!(f, "no other node may be started again but with `vsd serve --join`; with it, its chunks come back")
    }
}
