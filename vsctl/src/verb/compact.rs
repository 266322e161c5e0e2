//! `vsctl compact …`: superblocks that hold mostly garbage are emptied and removed, while nobody asks; this is the switch.

use clap::{Args, Subcommand};
use vs_core::error::Exit;
use vs_wire::v1::CareAction;

use super::{
    care::{self, Job},
    node::NodeArgs,
};
use crate::desk::Desk;

const AFTER_HELP: &str = "\
Examples:
  vsctl compact status
  vsctl compact start --dry-run

What is deleted gives its space back at once; compaction gets at the rest.";
const START_AFTER_HELP: &str = "\
Examples:
  vsctl compact start --node n2
  vsctl compact start --garbage-percent 5 --dry-run

A paused compaction goes on.";

/// Give back the space that deleted chunks still take, or see how far that is
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum CompactVerb {
    Start(StartArgs),
    /// Show how far each node is and what was given back
    #[command(after_help = "\
Examples:
  vsctl compact status
  vsctl compact status --node n2 -o json")]
    Status(NodeArgs),
    /// Stand still until resumed or started, over restarts too
    #[command(after_help = "\
Examples:
  vsctl compact pause
  vsctl compact pause --node n2")]
    Pause(NodeArgs),
    /// Go on where it was paused
    #[command(after_help = "\
Examples:
  vsctl compact resume
  vsctl compact resume --node n2")]
    Resume(NodeArgs),
    /// End the run under way; none begins by itself for an hour
    #[command(after_help = "\
Examples:
  vsctl compact stop
  vsctl compact stop --node n2")]
    Stop(NodeArgs),
}

/// Begin to compact now
#[derive(Args, Debug)]
#[command(after_help = START_AFTER_HELP)]
pub(crate) struct StartArgs {
    #[command(flatten)]
    node: NodeArgs,
    /// Take superblocks with this much garbage [default: as the node is set]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=99))]
    garbage_percent: Option<u32>,
}

pub(crate) async fn run(verb: CompactVerb, desk: &Desk) -> anyhow::Result<Exit> {
    match verb {
        CompactVerb::Status(node) => care::status(Job::Compact, &node, desk).await,
        CompactVerb::Start(StartArgs { node, garbage_percent }) => {
            care::run(Job::Compact, CareAction::Start, garbage_percent, &node, desk).await
        }
        CompactVerb::Pause(node) => care::run(Job::Compact, CareAction::Pause, None, &node, desk).await,
        CompactVerb::Resume(node) => care::run(Job::Compact, CareAction::Resume, None, &node, desk).await,
        CompactVerb::Stop(node) => care::run(Job::Compact, CareAction::Stop, None, &node, desk).await,
    }
}
