//! `vsctl rm`: to the trash, from where a video can be had back until it expires.

use clap::Args;
use clap_complete::ArgValueCompleter;
use vs_core::{
    error::{Code, Exit, Failure},
    text::shown,
};
use vs_wire::v1;

use crate::{
    complete,
    desk::Desk,
    out::{self, human},
    row::{self, VIDEOS, short_id},
};

const AFTER_HELP: &str = "\
Examples:
  vsctl rm 8f3c2a1e 77aa01bc
  vsctl rm \"Big Buck Bunny\" --dry-run";

/// Move videos to the trash; `video restore` undoes it
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct RmArgs {
    /// Ids, unique prefixes, exact titles or @last
    #[arg(value_name = "ID", required = true, add = ArgValueCompleter::new(complete::videos))]
    ids: Vec<String>,
}

pub(crate) async fn run(args: RmArgs, desk: &Desk) -> anyhow::Result<Exit> {
    each(&args.ids, desk, async |video| {
        let request = v1::VideoRef { video, dry_run: desk.dry_run };
        let video = desk
            .change("TrashVideo", request, |client, request| async move { client.meta().trash_video(request).await })
            .await?;
        let (title, id) = (shown(&video.title), short_id(&video.id));
        if desk.dry_run {
            desk.plan(&format!("plan: {title} ({id}) goes to the trash"));
        } else {
            let gone = if video.purge_at_ms == 0 {
                String::new()
            } else {
                format!(", gone for good {}", human::when(&desk.style, video.purge_at_ms))
            };
            desk.say(&format!("✓ {title} is in the trash{gone}\n  undo: vsctl video restore {id}"));
        }
        Ok(video)
    })
    .await
}

/// Does one thing to several videos. A failure is told at once and the others go on; at the end the videos are written as data, in
/// every format but the one for people, who were told already.
pub(crate) async fn each(
    typed: &[String],
    desk: &Desk,
    act: impl AsyncFn(String) -> Result<v1::Video, Failure>,
) -> anyhow::Result<Exit> {
    VIDEOS.check(&desk.style)?;
    // Names are settled before anything changes: after a removal, `@last` would be another video.
    let mut names = Vec::new();
    for typed in typed {
        names.push(desk.video_name(typed).await);
    }
    let (mut done, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        let ended = match name {
            Ok(name) => act(name).await,
            Err(failure) => Err(failure),
        };
        match ended {
            Ok(video) => done.push(row::video(&video)),
            Err(failure) => failures.push(failure),
        }
    }
    let is_told = desk.style.format == vs_client::cli::OutputFormat::Table && desk.style.columns.is_empty();
    if !is_told {
        out::list(&desk.style, &VIDEOS, &done, None)?;
    }
    conclude(failures, done.len(), desk)
}

/// All done, none done, or partly done, which is a failure of its own.
pub(crate) fn conclude(mut failures: Vec<Failure>, done: usize, desk: &Desk) -> anyhow::Result<Exit> {
    let total = failures.len() + done;
    if failures.is_empty() {
        return Ok(Exit::Ok);
    }
    if total == 1 {
        return Err(failures.remove(0).into());
    }
    for failure in &failures {
        vs_client::cli::print_failure(failure, desk.connection.color.value);
    }
    if done == 0 {
        return Ok(failures[0].code.exit());
    }
    Err(Failure::new(Code::Partial, format!("{} of {total} failed, {done} done", failures.len())).into())
}
