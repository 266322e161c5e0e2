//! `vsctl video restore`: out of the trash.

use clap::Args;
use clap_complete::ArgValueCompleter;
use vs_core::{error::Exit, text::shown};
use vs_wire::v1;

use super::rm::each;
use crate::{complete, desk::Desk, row::short_id};

const AFTER_HELP: &str = "\
Examples:
  vsctl video restore 8f3c2a1e
  vsctl ls -q --filter status=trashed | xargs vsctl video restore";

/// Take videos out of the trash
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct RestoreArgs {
    /// Ids, unique prefixes or exact titles
    #[arg(value_name = "ID", required = true, add = ArgValueCompleter::new(complete::trash))]
    ids: Vec<String>,
}

pub(crate) async fn run(args: RestoreArgs, desk: &Desk) -> anyhow::Result<Exit> {
    each(&args.ids, desk, async |video| {
        let request = v1::VideoRef { video, dry_run: desk.dry_run };
        let video =
            desk.change("RestoreVideo", request, |client, request| async move {
                client.meta().restore_video(request).await
            })
            .await?;
        let (title, id) = (shown(&video.title), short_id(&video.id));
        let said = if desk.dry_run { "plan: restore" } else { "✓ restored" };
        let tell = if desk.dry_run { Desk::plan } else { Desk::say };
        tell(desk, &format!("{said} {title}  {id}"));
        Ok(video)
    })
    .await
}
