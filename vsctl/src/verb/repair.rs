//! `vsctl repair …`: what the leader does about chunks that are not where they should be, and its switch.

use clap::{Args, Subcommand};
use serde_json::Value;
use vs_client::{Client, cli::OutputFormat};
use vs_core::error::Exit;
use vs_wire::v1::{self, RepairAction};

use crate::{
    desk::Desk,
    out::{
        self, Style,
        human::{self, number, text},
    },
    row::{self, REPAIR},
};

const AFTER_HELP: &str = "\
Examples:
  vsctl repair status
  vsctl repair pause

Chunks are looked for and mended without being asked.";
const STATUS_AFTER_HELP: &str = "\
Examples:
  vsctl repair status
  vsctl repair status -o json

Exits 8 when chunks are missing: too few of their copies are left to read them.";
const START_AFTER_HELP: &str = "\
Examples:
  vsctl repair start
  vsctl repair start --dry-run

A paused repair goes on.";
const PAUSE_AFTER_HELP: &str = "\
Examples:
  vsctl repair pause
  vsctl repair pause --dry-run

Whoever leads later keeps to it.";
const RESUME_AFTER_HELP: &str = "\
Examples:
  vsctl repair resume
  vsctl repair resume --dry-run";

/// Mend what nodes and disks lost, or see how far that is
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum RepairVerb {
    Status(StatusArgs),
    Start(StartArgs),
    Pause(PauseArgs),
    Resume(ResumeArgs),
}

/// Show what is degraded, how far repair is, and what it waits for
#[derive(Args, Debug)]
#[command(after_help = STATUS_AFTER_HELP)]
pub(crate) struct StatusArgs {}

/// Look through everything now
#[derive(Args, Debug)]
#[command(after_help = START_AFTER_HELP)]
pub(crate) struct StartArgs {}

/// Mend nothing until resumed or started
#[derive(Args, Debug)]
#[command(after_help = PAUSE_AFTER_HELP)]
pub(crate) struct PauseArgs {}

/// Go on where it was paused
#[derive(Args, Debug)]
#[command(after_help = RESUME_AFTER_HELP)]
pub(crate) struct ResumeArgs {}

pub(crate) async fn run(verb: RepairVerb, desk: &Desk) -> anyhow::Result<Exit> {
    REPAIR.check(&desk.style)?;
    match verb {
        RepairVerb::Status(StatusArgs {}) => status(desk).await,
        RepairVerb::Start(StartArgs {}) => order(RepairAction::Start, desk).await,
        RepairVerb::Pause(PauseArgs {}) => order(RepairAction::Pause, desk).await,
        RepairVerb::Resume(ResumeArgs {}) => order(RepairAction::Resume, desk).await,
    }
}

async fn status(desk: &Desk) -> anyhow::Result<Exit> {
    let ask = |client: Client, request| async move { client.admin().repair_status(request).await };
    let answer = desk.ask("RepairStatus", v1::RepairStatusRequest { forwarded: false }, ask).await?;
    let item = row::repair(&answer);
    out::one(&desk.style, &REPAIR, &item, |style| tell(&item, style))?;
    Ok(if answer.chunks_missing > 0 { Exit::Integrity } else { Exit::Ok })
}

fn tell(item: &Value, style: &Style) -> String {
    let seen = match human::time_ms(item, "last_pass_at") {
        None => "not looked through yet".to_owned(),
        Some(_) => {
            let [healthy, degraded, missing] =
                ["chunks_healthy", "chunks_degraded", "chunks_missing"].map(|key| number(item, key));
            let at = human::when_of(item, "last_pass_at", style);
            format!("{healthy} healthy · {degraded} degraded · {missing} missing  ({at})")
        }
    };
    let mut lines =
        vec![format!("repair    {} on {}", text(item, "state"), text(item, "leader")), format!("chunks    {seen}")];
    lines.extend(row::running_lines(item, 9, style));
    lines.join("\n") + "\n"
}

async fn order(action: RepairAction, desk: &Desk) -> anyhow::Result<Exit> {
    let request = v1::OrderRepairRequest { action: action.into(), dry_run: desk.dry_run, forwarded: false };
    let ask = |client: Client, request| async move { client.admin().order_repair(request).await };
    let answer = desk.change("OrderRepair", request, ask).await?;
    let (act, told) = match action {
        RepairAction::Pause => ("pause repair", "repair is paused, whoever leads\n  go on with: vsctl repair resume"),
        RepairAction::Resume => ("go on with repair", "repair goes on\n  watch it: vsctl repair status"),
        _ => ("look through everything now", "everything is looked through\n  watch it: vsctl repair status"),
    };
    if desk.dry_run {
        desk.plan(&format!("plan: {act}; it is {} now", text(&row::repair(&answer), "state")));
    } else {
        desk.say(&format!("✓ {told}"));
    }
    if !matches!(desk.style.format, OutputFormat::Table | OutputFormat::Wide) {
        out::one(&desk.style, &REPAIR, &row::repair(&answer), |_| String::new())?;
    }
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::out::tests::style;

    #[test]
    fn what_is_done_and_what_waits_is_told() {
        let status = v1::RepairStatusResponse {
            state: "running".to_owned(),
            leader: 1,
            chunks_healthy: 900,
            chunks_degraded: 100,
            last_pass_at_ms: Some(1_700_000_000_000),
            chunks_total: 100,
            chunks_done: 25,
            bytes_total: 200 << 20,
            bytes_done: 50 << 20,
            bytes_per_s: Some(10 << 20),
            bytes_per_s_max: 64 << 20,
            eta_ms: Some(15_000),
            waiting: vec!["n3 is down: 1,024 chunks wait".to_owned()],
            job: Some(7),
            ..v1::RepairStatusResponse::default()
        };
        let expected = "\
repair    running on n1
chunks    900 healthy · 100 degraded · 0 missing  (3m ago)
j7        25% of 200.0 MiB · 25/100 chunks · 10.0 MiB/s of at most 64.0 MiB/s · 15s left
waiting   n3 is down: 1,024 chunks wait
";
        assert_eq!(tell(&row::repair(&status), &style(OutputFormat::Table)), expected);
        let idle = v1::RepairStatusResponse { state: "idle".to_owned(), leader: 1, ..Default::default() };
        let expected = "repair    idle on n1\nchunks    not looked through yet\n";
        assert_eq!(tell(&row::repair(&idle), &style(OutputFormat::Table)), expected);
    }
}
