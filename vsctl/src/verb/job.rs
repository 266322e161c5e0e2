//! `vsctl job …`: what takes the cluster long, goes on whoever leads, and can be paused.

use std::time::Duration;

use clap::{Args, Subcommand};
use clap_complete::ArgValueCompleter;
use serde_json::Value;
use vs_client::{Client, cli::OutputFormat};
use vs_core::{
    error::{Code, Exit, Failure},
    id::JobId,
    limit::PAGE_ITEMS_MAX,
    text::shown,
};
use vs_wire::v1::{self, JobAction};

use crate::{
    complete,
    desk::Desk,
    out::{
        self, Style,
        human::{self, number, text},
    },
    progress::Board,
    row::{self, JOBS, show_progress, show_rate},
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
it was paused.";
const PAUSE_AFTER_HELP: &str = "\
Examples:
  vsctl job pause j7
  vsctl job pause j7 --dry-run";
const RESUME_AFTER_HELP: &str = "\
Examples:
  vsctl job resume j7
  vsctl job resume j7 --dry-run";

/// How often somebody who watches looks how far it is.
const POLL: Duration = Duration::from_millis(500);

/// What goes on in the cluster: repairs, moves, rewritings
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum JobVerb {
    #[command(alias = "list")]
    Ls(LsArgs),
    #[command(aliases = ["get", "describe"])]
    Show(ShowArgs),
    Watch(WatchArgs),
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
    JOBS.check(&desk.style)?;
    match verb {
        JobVerb::Ls(args) => ls(&args, desk).await,
        JobVerb::Show(args) => show(args.job.job, desk).await,
        JobVerb::Watch(args) => watch(args.job.job, desk).await,
        JobVerb::Pause(args) => control(args.job.job, JobAction::Pause, desk).await,
        JobVerb::Resume(args) => control(args.job.job, JobAction::Resume, desk).await,
    }
}

fn is_over(job: &v1::Job) -> bool {
    matches!(job.state.as_str(), "done" | "failed")
}

async fn ls(args: &LsArgs, desk: &Desk) -> anyhow::Result<Exit> {
    let (mut rows, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = v1::ListJobsRequest { consistency: desk.consistency(), limit: PAGE_ITEMS_MAX, page_token };
        let list = |client: Client, request| async move { client.admin().list_jobs(request).await };
        let page = desk.ask("ListJobs", request, list).await?;
        desk.say_age(page.age_ms.filter(|_| rows.is_empty()));
        rows.extend(page.items.iter().filter(|job| args.all || !is_over(job)).map(row::job));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    out::list(&desk.style, &JOBS, &rows, None)?;
    if rows.is_empty() && desk.style.format == OutputFormat::Table {
        desk.say("nothing goes on");
    }
    Ok(Exit::Ok)
}

async fn get(job: JobId, desk: &Desk) -> Result<v1::Job, Failure> {
    let request = v1::GetJobRequest { job: job.0, consistency: desk.consistency() };
    desk.ask("GetJob", request, |client, request| async move { client.admin().get_job(request).await }).await
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
    let (key, label) = if item["ended_at"].is_string() { ("ended_at", "ended") } else { ("updated_at", "as of") };
    lines.push(format!("  {label:<9} {}", human::when_of(item, key, style)));
    lines.join("\n") + "\n"
}

async fn watch(id: JobId, desk: &Desk) -> anyhow::Result<Exit> {
    desk.at_interrupt(Some(format!("interrupted; the job goes on: vsctl job watch {id}")));
    let board = Board::new(desk);
    let task = board.task(&id.to_string());
    let job = loop {
        let job = get(id, desk).await?;
        task.stage("running", &format!("{id} {}", job.kind), job.bytes_done, job.bytes_total, "bytes");
        task.set(job.bytes_done, job.bytes_total);
        if job.state != "running" {
            break job;
        }
        tokio::time::sleep(POLL).await;
    };
    drop((task, board));
    desk.at_interrupt(None);
    let item = row::job(&job);
    out::one(&desk.style, &JOBS, &item, |style| tell(&item, style))?;
    match job.state.as_str() {
        "done" => Ok(Exit::Ok),
        "paused" => {
            Err(Failure::new(Code::Conflict, format!("{id} is paused")).hint(format!("vsctl job resume {id}")).into())
        }
        _ => {
            desk.say(&format!("{id} failed: {}", shown(&job.what)));
            Ok(Exit::Failed)
        }
    }
}

async fn control(id: JobId, action: JobAction, desk: &Desk) -> anyhow::Result<Exit> {
    let request = v1::ControlJobRequest { job: id.0, action: action.into(), dry_run: desk.dry_run };
    let ask = |client: Client, request| async move { client.admin().control_job(request).await };
    let job = desk.change("ControlJob", request, ask).await?;
    let pauses = action == JobAction::Pause;
    if desk.dry_run {
        let act = if pauses { "pause" } else { "resume" };
        desk.plan(&format!("plan: {act} {id}, which is {} now", shown(&job.state)));
    } else if pauses {
        desk.say(&format!("✓ {id} is paused\n  go on with: vsctl job resume {id}"));
    } else {
        desk.say(&format!("✓ {id} goes on\n  watch it: vsctl job watch {id}"));
    }
    if !matches!(desk.style.format, OutputFormat::Table | OutputFormat::Wide) {
        out::one(&desk.style, &JOBS, &row::job(&job), |_| String::new())?;
    }
    Ok(Exit::Ok)
}
