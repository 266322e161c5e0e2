//! `vsctl session …`: uploads in flight.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use clap_complete::{ArgValueCompleter, PathCompleter};
use vs_client::cli::OutputFormat;
use vs_core::{
    error::{Code, Exit, Failure},
    id::UploadId,
    limit::{ID_PREFIX_MIN, PAGE_ITEMS_MAX},
    text::shown,
};
use vs_wire::v1;

use crate::{
    complete,
    desk::Desk,
    out,
    row::{self, SESSIONS, short_id},
    verb::upload,
};

const AFTER_HELP: &str = "\
Examples:
  vsctl session ls
  vsctl session resume 5d1f07c2 film.mp4";
const LS_AFTER_HELP: &str = "\
Examples:
  vsctl session ls
  vsctl session ls --all -o json";
const RESUME_AFTER_HELP: &str = "\
Examples:
  vsctl session resume 5d1f07c2 film.mp4
  vsctl session resume 5d1f07c2 film.mp4 --bwlimit 2MiB/s";
const CANCEL_AFTER_HELP: &str = "\
Examples:
  vsctl session cancel 5d1f07c2
  vsctl session cancel 5d1f07c2 --dry-run";

/// List, resume and cancel uploads in flight
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum SessionVerb {
    #[command(alias = "list")]
    Ls(LsArgs),
    Resume(ResumeArgs),
    Cancel(CancelArgs),
}

/// List uploads in flight
#[derive(Args, Debug)]
#[command(after_help = LS_AFTER_HELP)]
pub(crate) struct LsArgs {
    /// With those that have ended
    #[arg(short, long)]
    all: bool,
}

/// Go on with an upload that was begun anywhere, from where its bytes end
#[derive(Args, Debug)]
#[command(after_help = RESUME_AFTER_HELP)]
pub(crate) struct ResumeArgs {
    /// The session's id or a unique prefix
    #[arg(value_name = "ID", add = ArgValueCompleter::new(complete::sessions))]
    id: String,
    /// The file that was being uploaded
    #[arg(value_name = "PATH", add = ArgValueCompleter::new(PathCompleter::file()))]
    path: PathBuf,
    #[command(flatten)]
    transfer: upload::TransferArgs,
}

/// Give an upload up and drop its bytes
#[derive(Args, Debug)]
#[command(after_help = CANCEL_AFTER_HELP)]
pub(crate) struct CancelArgs {
    /// The session's id or a unique prefix
    #[arg(value_name = "ID", add = ArgValueCompleter::new(complete::sessions))]
    id: String,
}

pub(crate) async fn run(verb: SessionVerb, desk: &Desk) -> anyhow::Result<Exit> {
    match verb {
        SessionVerb::Ls(args) => ls(args, desk).await,
        SessionVerb::Resume(args) => resume(args, desk).await,
        SessionVerb::Cancel(args) => cancel(args, desk).await,
    }
}

async fn ls(args: LsArgs, desk: &Desk) -> anyhow::Result<Exit> {
    SESSIONS.check(&desk.style)?;
    let items: Vec<_> = all(args.all, desk).await?.iter().map(row::session).collect();
    out::list(&desk.style, &SESSIONS, &items, None)?;
    if items.is_empty() && desk.style.format == OutputFormat::Table {
        desk.say("no uploads in flight");
    }
    Ok(Exit::Ok)
}

async fn all(with_ended: bool, desk: &Desk) -> Result<Vec<v1::Session>, Failure> {
    let (mut items, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = v1::ListSessionsRequest { limit: PAGE_ITEMS_MAX, page_token, all: with_ended };
        let page = desk
            .ask("ListSessions", request, |client, request| async move { client.upload().list_sessions(request).await })
            .await?;
        items.extend(page.items);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(items);
        }
    }
}

async fn resume(args: ResumeArgs, desk: &Desk) -> anyhow::Result<Exit> {
    let session = find(&args.id, desk).await?;
    let id: UploadId =
        session.upload.parse().map_err(|_| Failure::new(Code::Internal, "the server named a session without an id"))?;
    upload::resume(id, &session, args.path, args.transfer, desk).await
}

/// The one session in flight that a prefix means.
async fn find(prefix: &str, desk: &Desk) -> Result<v1::Session, Failure> {
    let invalid = || Failure::new(Code::Invalid, format!("`{prefix}` is no session id"));
    if prefix.len() < ID_PREFIX_MIN || !prefix.chars().all(|c| c.is_ascii_hexdigit() || c == '-') {
        let why = format!("it takes at least {ID_PREFIX_MIN} hexadecimal digits");
        return Err(invalid().because(why).hint("list them: `vsctl session ls`"));
    }
    let prefix = prefix.to_ascii_lowercase();
    let mut found: Vec<_> = all(false, desk).await?;
    found.retain(|session| session.upload.starts_with(&prefix));
    match found.len() {
        0 => Err(Failure::new(Code::NotFound, format!("no upload `{prefix}` in flight"))
            .hint("list them: `vsctl session ls --all`")),
        1 => Ok(found.remove(0)),
        _ => {
            let mut failure = Failure::new(Code::Ambiguous, format!("`{prefix}` begins several sessions"));
            failure.why.extend(found.iter().map(|session| format!("{}  {}", session.upload, session.file_name)));
            Err(failure.hint("type more of the id"))
        }
    }
}

async fn cancel(args: CancelArgs, desk: &Desk) -> anyhow::Result<Exit> {
    SESSIONS.check(&desk.style)?;
    let request = v1::SessionRef { upload: args.id, dry_run: desk.dry_run };
    let session =
        desk.change("Abort", request, |client, request| async move { client.upload().abort(request).await }).await?;
    let said = if desk.dry_run { "plan: cancel" } else { "✓ cancelled" };
    let told = format!("{said} the upload of {}  {}", shown(&session.file_name), short_id(&session.upload));
    if desk.style.format == OutputFormat::Table {
        let tell = if desk.dry_run { Desk::plan } else { Desk::say };
        tell(desk, &told);
    } else {
        out::one(&desk.style, &SESSIONS, &row::session(&session), |_| String::new())?;
    }
    Ok(Exit::Ok)
}
