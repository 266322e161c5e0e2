//! `vsctl rebalance …`: how far everything is on its way to where the current layout has it, and the switch of that.

use clap::{Args, Subcommand};
use serde_json::Value;
use vs_client::{Client, cli::OutputFormat};
use vs_core::{
    error::{Exit, Failure},
    text::shown,
};
use vs_wire::v1::{self, RebalanceAction};

use super::plan::Plan;
use crate::{
    desk::Desk,
    out::{
        self, Style,
        human::{count, number, text},
    },
    row::{self, PLAN, REBALANCE},
};

const AFTER_HELP: &str = "\
Examples:
  vsctl rebalance status
  vsctl rebalance pause

Data moves to where the layout has it without being asked.";
const STATUS_AFTER_HELP: &str = "\
Examples:
  vsctl rebalance status
  vsctl rebalance status -o json";
const START_AFTER_HELP: &str = "\
Examples:
  vsctl rebalance start --dry-run
  vsctl rebalance start

A move that was paused or stopped goes on.";
const PAUSE_AFTER_HELP: &str = "\
Examples:
  vsctl rebalance pause
  vsctl rebalance pause --dry-run

Whoever leads later keeps to it, whatever the layout becomes.";
const RESUME_AFTER_HELP: &str = "\
Examples:
  vsctl rebalance resume
  vsctl rebalance resume --dry-run";
const STOP_AFTER_HELP: &str = "\
Examples:
  vsctl rebalance stop --dry-run
  vsctl rebalance stop

What was moved stays where it is. The next change of the layout begins anew.";

/// Move data to where the layout has it, or see how far that is
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum RebalanceVerb {
    Start(StartArgs),
    Status(StatusArgs),
    Pause(PauseArgs),
    Resume(ResumeArgs),
    Stop(StopArgs),
}

/// Look for what is to be moved now
#[derive(Args, Debug)]
#[command(after_help = START_AFTER_HELP)]
pub(crate) struct StartArgs {}

/// Show how far it is, and what it waits for
#[derive(Args, Debug)]
#[command(after_help = STATUS_AFTER_HELP)]
pub(crate) struct StatusArgs {}

/// Move nothing until resumed or started
#[derive(Args, Debug)]
#[command(after_help = PAUSE_AFTER_HELP)]
pub(crate) struct PauseArgs {}

/// Go on where it was paused
#[derive(Args, Debug)]
#[command(after_help = RESUME_AFTER_HELP)]
pub(crate) struct ResumeArgs {}

/// Leave everything where it is until started, or the layout changes
#[derive(Args, Debug)]
#[command(after_help = STOP_AFTER_HELP)]
pub(crate) struct StopArgs {}

pub(crate) async fn run(verb: RebalanceVerb, desk: &Desk) -> anyhow::Result<Exit> {
    match verb {
        RebalanceVerb::Status(StatusArgs {}) => status(desk).await,
        RebalanceVerb::Start(StartArgs {}) => order(RebalanceAction::Start, desk).await,
        RebalanceVerb::Pause(PauseArgs {}) => order(RebalanceAction::Pause, desk).await,
        RebalanceVerb::Resume(ResumeArgs {}) => order(RebalanceAction::Resume, desk).await,
        RebalanceVerb::Stop(StopArgs {}) => order(RebalanceAction::Stop, desk).await,
    }
}

/// How it stands.
pub(super) async fn ask(desk: &Desk) -> Result<v1::RebalanceStatusResponse, Failure> {
    let ask = |client: Client, request| async move { client.admin().rebalance_status(request).await };
    desk.ask("RebalanceStatus", v1::RebalanceStatusRequest { forwarded: false }, ask).await
}

async fn status(desk: &Desk) -> anyhow::Result<Exit> {
    REBALANCE.check(&desk.style)?;
    let item = row::rebalance(&ask(desk).await?);
    out::one(&desk.style, &REBALANCE, &item, |style| tell(&item, style))?;
    Ok(Exit::Ok)
}

fn tell(item: &Value, style: &Style) -> String {
    let behind = match number(item, "assets_behind") {
        0 => "everything is where it should be".to_owned(),
        behind => format!("{} assets behind, by e{} at the oldest", count(behind), number(item, "oldest_epoch")),
    };
    let mut lines = vec![
        format!("rebalance  {} on {}", text(item, "state"), text(item, "leader")),
        format!("layout     epoch {} · {behind}", number(item, "epoch")),
    ];
    lines.extend(row::running_lines(item, 10, style));
    lines.join("\n") + "\n"
}

async fn order(action: RebalanceAction, desk: &Desk) -> anyhow::Result<Exit> {
    let kind = if desk.dry_run { &PLAN } else { &REBALANCE };
    kind.check(&desk.style)?;
    let request = v1::OrderRebalanceRequest { action: action.into(), dry_run: desk.dry_run, forwarded: false };
    let ask = |client: Client, request| async move { client.admin().order_rebalance(request).await };
    let answer = desk.change("OrderRebalance", request, ask).await?;
    if desk.dry_run {
        let plan = Plan::ask(Vec::new(), desk).await?;
        let state = shown(&answer.state);
        plan.write_rest(desk, |rest| match action {
            RebalanceAction::Pause => format!("plan: pause the move, which is {state} now; it leaves {rest}"),
            RebalanceAction::Stop => format!("plan: stop the move, which is {state} now; it leaves {rest}"),
            _ => format!("plan: go on with the move, which is {state} now; it moves {rest}"),
        })?;
        return Ok(Exit::Ok);
    }
    desk.say(match action {
        RebalanceAction::Pause => "✓ the move is paused, whoever leads\n  go on with: vsctl rebalance resume",
        RebalanceAction::Resume => "✓ the move goes on\n  watch it: vsctl rebalance status",
        RebalanceAction::Stop => "✓ the move is stopped until the next layout\n  go on with: vsctl rebalance start",
        _ => "✓ what is not where it should be is moved\n  watch it: vsctl rebalance status",
    });
    if !matches!(desk.style.format, OutputFormat::Table | OutputFormat::Wide) {
        out::one(&desk.style, &REBALANCE, &row::rebalance(&answer), |_| String::new())?;
    }
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::out::tests::style;

    #[test]
    fn how_far_and_why_not_further_is_told() {
        let status = v1::RebalanceStatusResponse {
            state: "running".to_owned(),
            leader: 1,
            epoch: 8,
            oldest_epoch: 6,
            assets_behind: 1_012,
            chunks_total: 100,
            chunks_done: 25,
            bytes_total: 200 << 20,
            bytes_done: 50 << 20,
            bytes_per_s: Some(10 << 20),
            bytes_per_s_max: 64 << 20,
            eta_ms: Some(15_000),
            waiting: vec!["n3 is 96 % full: 1,024 chunks wait".to_owned()],
            job: Some(7),
        };
        let expected = "\
rebalance  running on n1
layout     epoch 8 · 1 012 assets behind, by e6 at the oldest
j7         25% of 200.0 MiB · 25/100 chunks · 10.0 MiB/s of at most 64.0 MiB/s · 15s left
waiting    n3 is 96 % full: 1,024 chunks wait
";
        assert_eq!(tell(&row::rebalance(&status), &style(OutputFormat::Table)), expected);
        let idle = v1::RebalanceStatusResponse { state: "idle".to_owned(), leader: 1, epoch: 8, ..Default::default() };
        let expected = "rebalance  idle on n1\nlayout     epoch 8 · everything is where it should be\n";
        assert_eq!(tell(&row::rebalance(&idle), &style(OutputFormat::Table)), expected);
    }
}
