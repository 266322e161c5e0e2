//! `vsctl lab …`: what the cluster promises, tried out on one that may suffer.

use clap::Subcommand;
use vs_core::error::Exit;

use super::{lab_chaos, lab_failover};
use crate::desk::Desk;

const AFTER_HELP: &str = "\
Examples:
  vsctl lab failover
  vsctl lab chaos --seconds 30 --faults crash,partition

Labs do things to the nodes of `vsd dev --nodes N`, and to no others.";

/// Try out what is promised: a cluster under load while things go wrong
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum LabVerb {
    Failover(lab_failover::FailoverArgs),
    Chaos(lab_chaos::ChaosArgs),
}

pub(crate) async fn run(verb: LabVerb, desk: &Desk) -> anyhow::Result<Exit> {
    match verb {
        LabVerb::Failover(args) => lab_failover::run(args, desk).await,
        LabVerb::Chaos(args) => Box::pin(lab_chaos::run(args, desk)).await,
    }
}
