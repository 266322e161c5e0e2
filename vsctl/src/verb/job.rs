//! `vsctl job …`: what takes the cluster long, goes on whoever leads, and can be paused, ended and begun anew.

use clap::{Args, Subcommand};
use clap_complete::ArgValueCompleter;
use serde_json::Value;
use vs_client::{Client, cli::OutputFormat};
use vs_core::{
    error::{Exit, Failure},
    id::JobId,
    limit::PAGE_ITEMS_MAX,
    text::shown,
};
use vs_wire::v1::{self, JobAction};

use super::job_watch::{ended, follow, get, is_over};
use crate::{
    complete,
    desk::Desk,
    out::{
        self, Style,
        human::{self, number, text},
    },
    row::{self, JOB_LINES, JOBS, show_progress, show_rate},
};

const AFTER_HELP: &str = "\
Examples:
  vsctl job ls
  vsctl job watch j7";
const LS_AFTER_HELP: &str = "\
Examples:
  vsctl job ls
  vsctl job ls --all -o json";
const SHOW_AFTER_HELP: &str = "\
Examples:
  vsctl job show j7
  vsctl job show j7 -o json";
const WATCH_AFTER_HELP: &str = "\
Examples:
  vsctl job watch j7
  vsctl job watch j7 --progress json

The job goes on when this is interrupted. Exits 1 when the job failed, 6 when
it was paused or cancelled.";
const LOGS_AFTER_HELP: &str = "\
Examples:
  vsctl job logs j7
  vsctl job logs j7 --utc -o jsonl

The last twenty things that happened to it, oldest first.";
const PAUSE_AFTER_HELP: &str = "\
Examples:
  vsctl job pause j7
  vsctl job pause j7 --dry-run";
const RESUME_AFTER_HELP: &str = "\
Examples:
  vsctl job resume j7
  vsctl job resume j7 --dry-run";
const CANCEL_AFTER_HELP: &str = "\
Examples:
  vsctl job cancel j7 --dry-run
  vsctl job cancel j7

What it did so far stays. A node that is drained or removed takes data again; a
move stops until `vsctl rebalance start` or the next layout. A repair can only
be paused: what is degraded is found again.";
const RETRY_AFTER_HELP: &str = "\
Examples:
  vsctl job retry j7
  vsctl job retry j7 --dry-run

It is begun anew under an id of its own, which is printed.";

/// What goes on in the cluster: repairs, moves, rewritings
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum JobVerb {
    #[command(alias = "list")]
    Ls(LsArgs),
    #[command(aliases = ["get", "describe"])]
    Show(ShowArgs),
    Logs(LogsArgs),
    Watch(WatchArgs),
    Retry(RetryArgs),
    Cancel(CancelArgs),
    Pause(PauseArgs),
    Resume(ResumeArgs),
}

/// List jobs that are not over
#[derive(Args, Debug)]
#[command(after_help = LS_AFTER_HELP)]
pub(crate) struct LsArgs {
    /// With those that have ended
    #[arg(short, long)]
    all: bool,
}

/// Show how far a job is
#[derive(Args, Debug)]
#[command(after_help = SHOW_AFTER_HELP)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    job: JobArg,
}

/// Show what happened to a job
#[derive(Args, Debug)]
#[command(after_help = LOGS_AFTER_HELP)]
pub(crate) struct LogsArgs {
    #[command(flatten)]
    job: JobArg,
}

/// Begin a failed or cancelled job anew
#[derive(Args, Debug)]
#[command(after_help = RETRY_AFTER_HELP)]
pub(crate) struct RetryArgs {
    #[command(flatten)]
    job: JobArg,
}

/// End a job where it is
#[derive(Args, Debug)]
#[command(after_help = CANCEL_AFTER_HELP)]
pub(crate) struct CancelArgs {
    #[command(flatten)]
    job: JobArg,
}

/// Follow a job to its end
#[derive(Args, Debug)]
#[command(after_help = WATCH_AFTER_HELP)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    job: JobArg,
}

/// Let a job stand still until it is resumed
#[derive(Args, Debug)]
#[command(after_help = PAUSE_AFTER_HELP)]
pub(crate) struct PauseArgs {
    #[command(flatten)]
    job: JobArg,
}

/// Let a paused job go on
#[derive(Args, Debug)]
#[command(after_help = RESUME_AFTER_HELP)]
pub(crate) struct ResumeArgs {
    #[command(flatten)]
    job: JobArg,
}

#[derive(Args, Debug)]
struct JobArg {
    /// As `job ls` names it
    #[arg(value_name = "JOB", add = ArgValueCompleter::new(complete::jobs))]
    job: JobId,
}

pub(crate) async fn run(verb: JobVerb, desk: &Desk) -> anyhow::Result<Exit> {
    let kind = if matches!(verb, JobVerb::Logs(_)) { &JOB_LINES } else { &JOBS };
    kind.check(&desk.style)?;
    match verb {
        JobVerb::Logs(args) => logs(args.job.job, desk).await,
        JobVerb::Retry(args) => control(args.job.job, JobAction::Retry, desk).await,
        JobVerb::Cancel(args) => control(args.job.job, JobAction::Cancel, desk).await,
        JobVerb::Ls(args) => ls(&args, desk).await,
        JobVerb::Show(args) => show(args.job.job, desk).await,
        JobVerb::Watch(args) => watch(args.job.job, desk).await,
        JobVerb::Pause(args) => control(args.job.job, JobAction::Pause, desk).await,
        JobVerb::Resume(args) => control(args.job.job, JobAction::Resume, desk).await,
    }
}

/// All of them, those that have ended as well.
pub(super) async fn all(desk: &Desk) -> Result<Vec<v1::Job>, Failure> {
    let (mut jobs, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = v1::ListJobsRequest { consistency: desk.consistency(), limit: PAGE_ITEMS_MAX, page_token };
        let list = |client: Client, request| async move { client.admin().list_jobs(request).await };
        let page = desk.ask("ListJobs", request, list).await?;
        desk.say_age(page.age_ms.filter(|_| jobs.is_empty()));
        jobs.extend(page.items);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(jobs);
        }
    }
}

async fn ls(args: &LsArgs, desk: &Desk) -> anyhow::Result<Exit> {
    let jobs = all(desk).await?;
    let rows: Vec<_> = jobs.iter().filter(|job| args.all || !is_over(job)).map(row::job).collect();
    out::list(&desk.style, &JOBS, &rows, None)?;
    if rows.is_empty() && desk.style.format == OutputFormat::Table {
        desk.say("nothing goes on");
    }
    Ok(Exit::Ok)
}

async fn show(job: JobId, desk: &Desk) -> anyhow::Result<Exit> {
    let item = row::job(&get(job, desk).await?);
    out::one(&desk.style, &JOBS, &item, |style| tell(&item, style))?;
    Ok(Exit::Ok)
}

fn tell(item: &Value, style: &Style) -> String {
    let (done, total) = (number(item, "chunks_done"), number(item, "chunks_total"));
    let mut lines = vec![
        format!("{}  {}  {}  {}", text(item, "id"), text(item, "kind"), text(item, "state"), text(item, "what")),
        format!("  progress  {}, {done}/{total} chunks", show_progress(item, style)),
        format!("  began     {}", human::when_of(item, "began_at", style)),
    ];
    if item["rate_bytes_per_s"].is_u64() {
        let left = human::length(number(item, "eta_ms"));
        lines.push(format!("  rate      {}, {left} left", show_rate(item, style)));
    }
    if item["after"].is_string() {
        lines.push(format!("  after     {}", text(item, "after")));
    }
    let (key, label) = if item["ended_at"].is_string() { ("ended_at", "ended") } else { ("updated_at", "as of") };
    lines.push(format!("  {label:<9} {}", human::when_of(item, key, style)));
    lines.join("\n") + "\n"
}

async fn logs(job: JobId, desk: &Desk) -> anyhow::Result<Exit> {
    let lines: Vec<_> = get(job, desk).await?.log.iter().map(row::job_line).collect();
    out::list(&desk.style, &JOB_LINES, &lines, None)?;
    Ok(Exit::Ok)
}

async fn watch(id: JobId, desk: &Desk) -> anyhow::Result<Exit> {
    let job = follow(id, desk).await?;
    let item = row::job(&job);
    out::one(&desk.style, &JOBS, &item, |style| tell(&item, style))?;
    Ok(ended(&job, desk)?)
}

async fn control(id: JobId, action: JobAction, desk: &Desk) -> anyhow::Result<Exit> {
    let request = v1::ControlJobRequest { job: id.0, action: action.into(), dry_run: desk.dry_run };
    let ask = |client: Client, request| async move { client.admin().control_job(request).await };
    let job = desk.change("ControlJob", request, ask).await?;
    let (act, told) = match action {
        JobAction::Pause => ("pause", format!("{id} is paused\n  go on with: vsctl job resume {id}")),
        JobAction::Cancel => ("cancel", format!("{id} is cancelled\n  begin it anew: vsctl job retry {id}")),
        JobAction::Retry => {
            let new = JobId(job.id);
            ("begin anew", format!("{id} is begun anew as {new}\n  watch it: vsctl job watch {new}"))
        }
        _ => ("resume", format!("{id} goes on\n  watch it: vsctl job watch {id}")),
    };
    if desk.dry_run {
        desk.plan(&format!("plan: {act} {id}, which is {} now", shown(&job.state)));
    } else {
        desk.say(&format!("✓ {told}"));
    }
    if !matches!(desk.style.format, OutputFormat::Table | OutputFormat::Wide) {
        out::one(&desk.style, &JOBS, &row::job(&job), |_| String::new())?;
    }
    Ok(Exit::Ok)
}
