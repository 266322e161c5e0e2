//! `vsctl scrub …`: every chunk of a node is read and checked, again and again, while nobody asks; this is the switch.

use clap::{Args, Subcommand};
use vs_client::cli::OutputFormat;
use vs_core::{
    error::{Code, Exit, Failure},
    unit::human_duration,
};
use vs_wire::v1::CareAction;

use super::{
    care::{self, Job},
    node::{At, NodeArgs},
};
use crate::{
    desk::Desk,
    out::{
        self,
        human::{self, number, text},
    },
};

const AFTER_HELP: &str = "\
Examples:
  vsctl scrub status
  vsctl scrub start --node n2 --wait

Every chunk is read and checked at least every 30 days without being asked.";
const START_AFTER_HELP: &str = "\
Examples:
  vsctl scrub start --wait
  vsctl scrub start --node n2 --dry-run

A paused scrub goes on. With --wait it exits 8 when a chunk is damaged.";

/// Check every chunk of a node, or see how far that is
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum ScrubVerb {
    Start(StartArgs),
    /// Show how far each node is, when it was last done, and what was found
    #[command(after_help = "\
Examples:
  vsctl scrub status
  vsctl scrub status --node n2 -o json")]
    Status(NodeArgs),
    /// Stand still until resumed or started, over restarts too
    #[command(after_help = "\
Examples:
  vsctl scrub pause
  vsctl scrub pause --node n2")]
    Pause(NodeArgs),
    /// Go on where it was paused
    #[command(after_help = "\
Examples:
  vsctl scrub resume
  vsctl scrub resume --node n2")]
    Resume(NodeArgs),
    /// End the pass under way; the next begins when it is due
    #[command(after_help = "\
Examples:
  vsctl scrub stop
  vsctl scrub stop --node n2")]
    Stop(NodeArgs),
}

/// Begin to check every chunk now
#[derive(Args, Debug)]
#[command(after_help = START_AFTER_HELP)]
pub(crate) struct StartArgs {
    #[command(flatten)]
    node: NodeArgs,
    /// Wait until every chunk was checked
    #[arg(long)]
    wait: bool,
}

impl ScrubVerb {
    /// Whether it takes as long as the scrub does.
    pub(crate) fn waits(&self) -> bool {
        matches!(self, Self::Start(args) if args.wait)
    }
}

pub(crate) async fn run(verb: ScrubVerb, desk: &Desk) -> anyhow::Result<Exit> {
    match verb {
        ScrubVerb::Status(node) => care::status(Job::Scrub, &node, desk).await,
        ScrubVerb::Start(args) if args.wait && !desk.dry_run => start_and_wait(&args.node, desk).await,
        ScrubVerb::Start(args) => care::run(Job::Scrub, CareAction::Start, None, &args.node, desk).await,
        ScrubVerb::Pause(node) => care::run(Job::Scrub, CareAction::Pause, None, &node, desk).await,
        ScrubVerb::Resume(node) => care::run(Job::Scrub, CareAction::Resume, None, &node, desk).await,
        ScrubVerb::Stop(node) => care::run(Job::Scrub, CareAction::Stop, None, &node, desk).await,
    }
}

async fn start_and_wait(node: &NodeArgs, desk: &Desk) -> anyhow::Result<Exit> {
    Job::Scrub.kind().check(&desk.style)?;
    let at = At::reach(node, desk).await?;
    let begun = care::order(Job::Scrub, CareAction::Start, None, &at, desk).await?;
    let rows = care::wait(Job::Scrub, &at, &begun, desk).await?;
    if matches!(desk.style.format, OutputFormat::Table | OutputFormat::Wide) {
        for row in &rows {
            let last = &row["last"];
            let (chunks, size) = (number(last, "chunks"), human::bytes(&desk.style, number(last, "bytes")));
            let took = human::time_ms(last, "ended_at").zip(human::time_ms(last, "began_at"));
            let took = took.map_or(0, |(ended, began)| ended.saturating_sub(began));
            let took = human_duration(std::time::Duration::from_millis(took));
            let (node, dir) = (text(row, "node"), text(row, "dir"));
            let (mark, damaged) = match number(last, "damaged") {
                0 => ("✓", "all intact".to_owned()),
                damaged => ("✗", format!("{damaged} damaged")),
            };
            out::write(&format!("{mark} {node} {dir}: {chunks} chunks checked, {damaged}  {size}  {took}\n"))?;
        }
    } else {
        out::list(&desk.style, Job::Scrub.kind(), &rows, None)?;
    }
    match rows.iter().map(|row| number(&row["last"], "damaged")).sum::<u64>() {
        0 => Ok(Exit::Ok),
        damaged => Err(Failure::new(Code::Integrity, format!("{damaged} damaged chunks on {}", at.node))
            .hint(format!("list them: `vsctl chunk ls --damaged --node {}`", at.node))
            .into()),
    }
}
