//! `vsctl upload`: films into the cluster, one or many, resumed where they were interrupted.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use clap::{ArgAction, Args};
use clap_complete::{ArgValueCompleter, PathCompleter};
use futures::{StreamExt, stream};
use serde_json::Value;
use vs_client::cli::{OutputFormat, print_failure};
use vs_core::{
    error::{Code, Exit, Failure},
    id::UploadId,
    text::shown,
    unit::{human_bytes, parse_rate},
};
use vs_wire::v1;

use crate::{
    desk::Desk,
    out,
    progress::Board,
    row::short_id,
    upload::{
        Pace,
        collect::{Found, Input, Rules, collect},
        options::{OnDuplicate, Options, Redundancy, Wait},
        run::{OUTCOMES, Outcome, Plan, one},
    },
};

const AFTER_HELP: &str = "\
Examples:
  vsctl upload bunny.mp4 --title \"Big Buck Bunny\" --tag genre=short
  vsctl upload -r films/ --include '*.mkv' -j 4 --continue-on-error -o jsonl
  ffmpeg -i in.avi -f matroska - | vsctl upload - --title Holiday

The same command run again goes on where an interrupted one ended. Exits 9
when some files of several were uploaded and some were not.";

/// Most uploads of one command at a time.
const JOBS_MAX: u16 = 64;

/// Upload films
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct UploadArgs {
    /// Files, - for standard input, folders with -r
    #[arg(value_name = "PATH", required_unless_present = "files_from")]
    #[arg(add = ArgValueCompleter::new(PathCompleter::any().stdio()))]
    paths: Vec<PathBuf>,
    /// The video's title [default: the file's name]
    #[arg(long)]
    title: Option<String>,
    /// What the video is about
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    description: String,
    /// A tag; may be repeated
    #[arg(long, value_name = "K[=V]")]
    tag: Vec<String>,
    /// Write the video's id to this file, one line a video
    #[arg(long, value_name = "FILE", add = ArgValueCompleter::new(PathCompleter::file()))]
    id_file: Option<PathBuf>,
    /// Further renditions to make; this release makes none
    #[arg(long, value_name = "none", default_value = "none")]
    renditions: String,
    /// Keep the uploaded file beside its tracks
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set)]
    keep_original: bool,
    /// auto, replicate[:N] or erasure[:K+M]
    #[arg(long, value_name = "SCHEME", default_value = "auto")]
    redundancy: Redundancy,
    /// Upload the files in folders
    #[arg(short, long)]
    recursive: bool,
    /// From folders, only files that match; may be repeated
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,
    /// From folders, no file that matches; may be repeated
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Upload what this file names, a path a line; - for stdin
    #[arg(long, value_name = "FILE", add = ArgValueCompleter::new(PathCompleter::file().stdio()))]
    files_from: Option<PathBuf>,
    /// Files at a time
    #[arg(short, long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=i64::from(JOBS_MAX)))]
    jobs: u16,
    /// Begin anew, whatever was sent before
    #[arg(long)]
    no_resume: bool,
    /// When the same bytes are there already
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = OnDuplicate::Skip)]
    on_duplicate: OnDuplicate,
    /// Go on with other files when one fails
    #[arg(long)]
    continue_on_error: bool,
    #[command(flatten)]
    transfer: TransferArgs,
}

/// How to send and how long to wait: the same for a new upload and a resumed one.
#[derive(Args, Debug)]
pub(crate) struct TransferArgs {
    /// Send at most this fast, as in 5MiB/s
    #[arg(long, value_name = "RATE", value_parser = rate)]
    bwlimit: Option<u64>,
    /// Wait until the video is so far
    #[arg(long, value_name = "UNTIL", value_enum, default_value_t = Wait::Ready)]
    wait: Wait,
}

fn rate(text: &str) -> Result<u64, String> {
    match parse_rate(text) {
        Ok(0) => Err("nothing would ever be sent".to_owned()),
        Ok(rate) => Ok(rate),
        Err(error) => Err(error.to_string()),
    }
}

pub(crate) async fn run(args: UploadArgs, desk: &Desk) -> anyhow::Result<Exit> {
    OUTCOMES.check(&desk.style)?;
    if args.renditions != "none" {
        return Err(Failure::new(Code::NotSupported, "this release makes no further renditions")
            .because("every track of the file is kept as it is")
            .hint("leave `--renditions` out")
            .into());
    }
    let options = Options {
        title: args.title,
        description: args.description,
        tags: args.tag.iter().map(|text| vs_wire::tag(text)).collect(),
        keep_original: args.keep_original,
        redundancy: args.redundancy,
        on_duplicate: args.on_duplicate,
    };
    options.check()?;
    let rules = Rules { recursive: args.recursive, include: args.include, exclude: args.exclude };
    let found = collect(&args.paths, args.files_from.as_deref(), &rules)?;
    let found: Vec<Found> = found.into_iter().map(checked).collect();
    if options.title.is_some() && found.len() > 1 {
        return Err(Failure::new(Code::Invalid, format!("one title for {} files", found.len()))
            .hint("leave `--title` out, and change titles later: `vsctl video edit ID --title TITLE`")
            .into());
    }
    if desk.dry_run {
        return plan_only(found, &options, desk);
    }
    let id_file = args.id_file.map(open_id_file).transpose()?;
    // What is refused here and now needs no cluster.
    let needs_cluster = found.iter().any(Result::is_ok);
    let cluster = if needs_cluster { cluster_name(desk).await? } else { String::new() };
    let plan = Plan {
        options,
        wait: args.transfer.wait,
        pace: Pace::new(args.transfer.bwlimit),
        resumable: !args.no_resume,
        cluster,
        session: None,
    };
    let batch = Batch { plan, jobs: args.jobs.into(), continue_on_error: args.continue_on_error, id_file };
    batch.run(found, desk).await
}

/// Goes on with a session that was named.
pub(crate) async fn resume(
    id: UploadId,
    session: &v1::Session,
    path: PathBuf,
    transfer: TransferArgs,
    desk: &Desk,
) -> anyhow::Result<Exit> {
    OUTCOMES.check(&desk.style)?;
    let options = Options {
        title: Some(session.title.clone()).filter(|title| !title.is_empty()),
        description: String::new(),
        tags: Vec::new(),
        keep_original: true,
        redundancy: Redundancy::Auto,
        on_duplicate: OnDuplicate::Skip,
    };
    let found = collect(&[path], None, &Rules::default())?;
    if desk.dry_run {
        let (done, id) = (human_bytes(session.durable_offset), short_id(&session.upload));
        desk.plan(&format!("plan: go on with {id} from {done}"));
        return plan_only(found, &options, desk);
    }
    let plan = Plan {
        options,
        wait: transfer.wait,
        pace: Pace::new(transfer.bwlimit),
        resumable: false,
        cluster: String::new(),
        session: Some(id),
    };
    Batch { plan, jobs: 1, continue_on_error: false, id_file: None }.run(found, desk).await
}

/// A file that is no film is refused before anybody is asked.
fn checked(found: Found) -> Found {
    if let Ok(Input::File(path)) = &found
        && let Err(failure) = crate::upload::check_file(path)
    {
        return Err((path.display().to_string(), failure));
    }
    found
}

/// What tells one cluster's sessions from another's.
async fn cluster_name(desk: &Desk) -> Result<String, Failure> {
    let request = v1::StatusRequest { consistency: v1::Consistency::Stale.into() };
    let status =
        desk.ask("Status", request, |client, request| async move { client.admin().status(request).await }).await;
    let endpoints = desk.connection.endpoints.value.join(",");
    Ok(status.map(|status| status.cluster_id).ok().filter(|id| !id.is_empty()).unwrap_or(endpoints))
}

/// Emptied now: a file that cannot be written is known before a film was sent, and old ids never stand for new ones.
fn open_id_file(path: PathBuf) -> Result<Mutex<File>, Failure> {
    let opened = OpenOptions::new().write(true).create(true).truncate(true).open(&path);
    opened
        .map(Mutex::new)
        .map_err(|error| Failure::new(Code::LocalFile, format!("cannot write {}", path.display())).because(error))
}

fn plan_only(found: Vec<Found>, options: &Options, desk: &Desk) -> anyhow::Result<Exit> {
    let (mut failures, mut planned) = (Vec::new(), 0);
    for found in found {
        let checked = found.map_err(|(_, failure)| failure).and_then(|input| match &input {
            Input::File(path) => {
                let size = human_bytes(crate::upload::check_file(path)?);
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                Ok(format!("{} ({size}) as {}", input.shown(), options.title_of(&name)))
            }
            Input::Stdin => Ok(format!("standard input as {}", options.title_of("stdin"))),
        });
        match checked {
            Ok(text) => {
                desk.plan(&format!("plan: upload {}, redundancy {}", shown(&text), options.redundancy));
                planned += 1;
            }
            Err(failure) => failures.push(failure),
        }
    }
    super::rm::conclude(failures, planned, desk)
}

/// Several files with one plan.
struct Batch {
    plan: Plan,
    jobs: usize,
    continue_on_error: bool,
    id_file: Option<Mutex<File>>,
}

/// What became of all of them.
#[derive(Default)]
struct Tally {
    items: Vec<Value>,
    done: usize,
    first_failure: Option<Failure>,
    failed: usize,
}

impl Batch {
    async fn run(&self, found: Vec<Found>, desk: &Desk) -> anyhow::Result<Exit> {
        let board = Board::new(desk);
        let total = found.len();
        let stop = AtomicBool::new(false);
        let upload = async |found: Found| {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let outcome = match found {
                Ok(input) => one(&input, &self.plan, &board, desk).await,
                Err((path, failure)) => Outcome { path, session: None, bytes: 0, sha256: None, failure: Some(failure) },
            };
            if outcome.failure.is_some() && !self.continue_on_error {
                stop.store(true, Ordering::Relaxed);
            }
            Some(outcome)
        };
        let mut ended = stream::iter(found).map(upload).buffer_unordered(self.jobs);
        let mut tally = Tally::default();
        while let Some(outcome) = ended.next().await {
            let Some(outcome) = outcome else { continue };
            board.aside(|| self.tell(&outcome, total, desk))?;
            tally.add(outcome);
        }
        drop(ended);
        drop(board);
        if is_written_at_the_end(desk) {
            out::list(&desk.style, &OUTCOMES, &tally.items, None)?;
        }
        self.conclude(tally, total)
    }

    /// Says at once what became of one file.
    fn tell(&self, outcome: &Outcome, total: usize, desk: &Desk) -> anyhow::Result<()> {
        let item = outcome.item();
        if let (Some(file), Some(id)) = (&self.id_file, item["video_id"].as_str()) {
            let mut file = file.lock().map_err(|_| Failure::new(Code::Internal, "the id file broke down"))?;
            writeln!(file, "{id}")
                .map_err(|error| Failure::new(Code::LocalFile, "cannot write the id file").because(error))?;
        }
        if let Some(failure) = &outcome.failure {
            let mut failure = failure.clone();
            if total > 1 && !failure.what.contains(&outcome.path) {
                failure.what = format!("{}: {}", outcome.path, failure.what);
            }
            print_failure(&failure, desk.connection.color.value);
        }
        match desk.style.format {
            OutputFormat::Jsonl => out::more(&desk.style, &OUTCOMES, &[item]),
            OutputFormat::Name if outcome.failure.is_none() => out::more(&desk.style, &OUTCOMES, &[item]),
            OutputFormat::Table if desk.style.columns.is_empty() && outcome.failure.is_none() => {
                out::write(&format!("{}\n", outcome.tell(&desk.style)))?;
                if let Some(id) = item["video_id"].as_str().filter(|_| item["status"] == "ready") {
                    desk.say(&format!("  play: vsplay {}", short_id(id)));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn conclude(&self, tally: Tally, total: usize) -> anyhow::Result<Exit> {
        let Some(first) = tally.first_failure else { return Ok(Exit::Ok) };
        if tally.done == 0 {
            // Told already, file by file.
            return Ok(first.code.exit());
        }
        let mut failure = Failure::new(Code::Partial, format!("{} of {total} files were uploaded", tally.done));
        let skipped = total - tally.done - tally.failed;
        if skipped > 0 {
            failure = failure.because(format!("{} failed, {skipped} were not tried", tally.failed));
        }
        if !self.continue_on_error {
            failure = failure.hint("to go on with other files when one fails, add `--continue-on-error`");
        }
        Err(failure.into())
    }
}

impl Tally {
    fn add(&mut self, outcome: Outcome) {
        self.items.push(outcome.item());
        match outcome.failure {
            Some(failure) => {
                self.failed += 1;
                self.first_failure.get_or_insert(failure);
            }
            None => self.done += 1,
        }
    }
}

/// Formats that are one document, or one aligned table.
fn is_written_at_the_end(desk: &Desk) -> bool {
    let is_table = desk.style.format == OutputFormat::Table && !desk.style.columns.is_empty();
    is_table
        || matches!(desk.style.format, OutputFormat::Wide | OutputFormat::Json | OutputFormat::Yaml | OutputFormat::Csv)
}
